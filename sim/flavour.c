// SPDX-License-Identifier: GPL-2.0-only
/* Finds, loads and boots the flavours: shared objects that hold the kernel code of one architecture. */
#include "sim.h"

#include <dlfcn.h>
#include <errno.h>
#include <glob.h>
#include <libgen.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *flavour_dir(void)
{
	const char *env = getenv("KVMSIM_FLAVOUR_DIR");
	char exe[4096];
	ssize_t n;

	if (env && *env)
		return xstrdup(env);
	n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	if (n < 0)
		return NULL;
	exe[n] = 0;
	return xstrdup(dirname(exe));
}

struct build_id {
	const void *inside;	/* an address inside the object to find */
	char hex[65];
};

/* Notes are padded to 4 bytes; the owner of the build-id is "GNU". */
static void read_notes(struct build_id *b, const char *p, const char *end)
{
	while (p + sizeof(ElfW(Nhdr)) <= end) {
		const ElfW(Nhdr) *h = (const void *)p;
		const char *name = p + sizeof(*h);
		const unsigned char *desc = (const void *)(name + ((h->n_namesz + 3) & ~3u));

		if (h->n_type == NT_GNU_BUILD_ID && h->n_namesz == 4 && !memcmp(name, "GNU", 4) && h->n_descsz <= 32) {
			for (unsigned int i = 0; i < h->n_descsz; i++)
				sprintf(b->hex + 2 * i, "%02x", desc[i]);
			return;
		}
		p = (const char *)desc + ((h->n_descsz + 3) & ~3u);
	}
}

static int find_build_id(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct build_id *b = arg;
	int ours = 0;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const char *start = (const char *)info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;

		if (info->dlpi_phdr[i].p_type == PT_LOAD && (const char *)b->inside >= start &&
		    (const char *)b->inside < start + info->dlpi_phdr[i].p_memsz)
			ours = 1;
	}
	for (int i = 0; ours && i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_NOTE) {
			const char *start = (const char *)info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;

			read_notes(b, start, start + info->dlpi_phdr[i].p_memsz);
		}
	return ours;
}

/* Returns whether release is wanted or begins with it: "6.1" stands for 6.1 and 6.1.192, not for 6.12. */
static int release_matches(const char *release, const char *wanted)
{
	size_t n = strlen(wanted);

	return !strncmp(release, wanted, n) && !(release[n] >= '0' && release[n] <= '9');
}

static int load_one(struct sim_flavours *out, const char *path, const char *arch, const char *kernel)
{
	const struct kvmsim_machine_ops *ops;
	struct build_id id = { 0 };
	void *dl = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (!dl) {
		fprintf(stderr, "kvmsim: %s\n", dlerror());
		return -1;
	}
	ops = dlsym(dl, "kvmsim_machine");
	if (!ops) {
		fprintf(stderr, "kvmsim: %s: no kvmsim_machine in it\n", path);
		return -1;
	}
	if ((arch && strcmp(arch, ops->arch)) || (kernel && !release_matches(ops->kernel_release, kernel))) {
		dlclose(dl);
		return 0;
	}
	id.inside = ops;
	dl_iterate_phdr(find_build_id, &id);
	out->v = xrealloc(out->v, (out->n + 1) * sizeof(*out->v));
	out->v[out->n++] = (struct sim_flavour){
		.path = xstrdup(path), .ops = ops, .checksum = xstrdup(id.hex[0] ? id.hex : "none"),
	};
	return 0;
}

int flavours_load(struct sim_flavours *out, const char *arch, const char *kernel)
{
	char *dir = flavour_dir(), *pattern;
	glob_t g = { 0 };
	int rc = 0;

	*out = (struct sim_flavours){ 0 };
	if (!dir) {
		fprintf(stderr, "kvmsim: which directory is this program in? /proc/self/exe does not say: %s. "
			"Mount /proc, or set KVMSIM_FLAVOUR_DIR\n", strerror(errno));
		return -1;
	}
	pattern = xasprintf("%s/libkvm-%s.so", dir, arch ? arch : "*");
	glob(pattern, 0, NULL, &g);
	for (size_t i = 0; i < g.gl_pathc && !rc; i++)
		rc = load_one(out, g.gl_pathv[i], arch, kernel);
	if (!rc && !out->n) {
		fprintf(stderr, "kvmsim: no flavour%s%s%s%s in %s\n", arch ? " for " : "", arch ? arch : "",
			kernel ? " of kernel " : "", kernel ? kernel : "", dir);
		rc = -1;
	}
	globfree(&g);
	free(pattern);
	free(dir);
	return rc;
}

void flavours_free(struct sim_flavours *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->v[i].path);
		free(f->v[i].checksum);
	}
	free(f->v);
	*f = (struct sim_flavours){ 0 };
}

int flavour_boot(const struct sim_flavour *f)
{
	static const struct kvmsim_config config = { .nr_cpus = KVMSIM_MAX_CPUS };
	int rc = f->ops->boot(&config, &child_host_ops);

	if (rc)
		fprintf(stderr, "kvmsim: the world of %s does not boot: error %d\n", f->ops->arch, rc);
	return rc;
}
