// SPDX-License-Identifier: GPL-2.0-only
/* Reads the line tables of a flavour by elfutils' libdw; keeps what comes from the kernel's own files. */
#include "code.h"

#include <dlfcn.h>
#include <elfutils/libdw.h>
#include <errno.h>
#include <fcntl.h>
#include <kshim/symbolize.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const own[] = { "kernel-shim/", "models/", "sim/" };

/* Returns the name below the kernel tree; NULL for a file of kvmsim, of a library, or that was generated. */
static const char *kernel_name(const char *path)
{
	const char *name = host_short_path(path);

	if (*name == '/' || *name == '<')
		return NULL;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (!strncmp(name, own[i], strlen(own[i])))
			return NULL;
	return name;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct code_file *)a)->path, ((const struct code_file *)b)->path);
}

static int by_addr(const void *a, const void *b)
{
	const struct code_line *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	return (x->line > y->line) - (x->line < y->line);
}

typedef void (*unit_fn)(struct code *c, Dwarf_Lines *lines, size_t nlines, Dwarf_Files *files, size_t nfiles,
			uintptr_t bias);

static void each_unit(struct code *c, Dwarf *dwarf, uintptr_t bias, unit_fn fn)
{
	Dwarf_Off at = 0, next;
	size_t header;

	for (; !dwarf_nextcu(dwarf, at, &next, &header, NULL, NULL, NULL); at = next) {
		size_t nlines, nfiles;
		Dwarf_Lines *lines;
		Dwarf_Files *files;
		Dwarf_Die die;

		if (dwarf_offdie(dwarf, at + header, &die) && !dwarf_getsrclines(&die, &lines, &nlines) &&
		    !dwarf_getsrcfiles(&die, &files, &nfiles))
			fn(c, lines, nlines, files, nfiles, bias);
	}
}

static void add_files(struct code *c, Dwarf_Lines *lines, size_t nlines, Dwarf_Files *files, size_t nfiles,
		      uintptr_t bias)
{
	(void)lines;
	(void)nlines;
	(void)bias;
	for (size_t i = 0; i < nfiles; i++) {
		const char *path = dwarf_filesrc(files, i, NULL, NULL);

		if (!path)
			continue;
		c->files = xrealloc(c->files, (c->nfiles + 1) * sizeof(*c->files));
		c->files[c->nfiles++] = (struct code_file){ .path = xstrdup(path) };
	}
}

/* Leaves each file of the kernel once. */
static void sort_files(struct code *c)
{
	size_t n = 0;

	qsort(c->files, c->nfiles, sizeof(*c->files), by_path);
	for (size_t i = 0; i < c->nfiles; i++) {
		struct code_file *f = &c->files[i];

		if ((n && !strcmp(c->files[n - 1].path, f->path)) || !kernel_name(f->path)) {
			free(f->path);
			continue;
		}
		f->name = kernel_name(f->path);
		c->files[n++] = *f;
	}
	c->nfiles = n;
}

#define NOT_KERNEL ((unsigned int)-1)

static void add_lines(struct code *c, Dwarf_Lines *lines, size_t nlines, Dwarf_Files *files, size_t nfiles,
		      uintptr_t bias)
{
	unsigned int *ids = xmalloc((nfiles + 1) * sizeof(*ids));

	for (size_t i = 0; i < nfiles; i++) {
		struct code_file key = { .path = (char *)dwarf_filesrc(files, i, NULL, NULL) }, *found = NULL;

		if (key.path)
			found = bsearch(&key, c->files, c->nfiles, sizeof(key), by_path);
		ids[i] = found ? (unsigned int)(found - c->files) : NOT_KERNEL;
	}
	c->v = xrealloc(c->v, (c->n + nlines + 1) * sizeof(*c->v));
	for (size_t i = 0; i < nlines; i++) {
		Dwarf_Line *row = dwarf_onesrcline(lines, i);
		bool statement = false, end = false;
		Dwarf_Files *unit;
		Dwarf_Addr addr;
		size_t file;
		int line;

		if (dwarf_linebeginstatement(row, &statement) || dwarf_lineendsequence(row, &end) || !statement || end)
			continue;
		if (dwarf_lineaddr(row, &addr) || dwarf_lineno(row, &line) || line <= 0 || !addr ||
		    dwarf_line_file(row, &unit, &file) || file >= nfiles || ids[file] == NOT_KERNEL)
			continue;
		c->v[c->n++] = (struct code_line){ (uintptr_t)addr + bias, ids[file], (unsigned int)line };
	}
	free(ids);
}

static void sort_lines(struct code *c)
{
	size_t n = 0;

	qsort(c->v, c->n, sizeof(*c->v), by_addr);
	for (size_t i = 0; i < c->n; i++)
		if (!n || by_addr(&c->v[n - 1], &c->v[i]))
			c->v[n++] = c->v[i];
	c->n = n;
}

int code_read(const struct sim_flavour *f, struct code *out)
{
	int fd = open(f->path, O_RDONLY | O_CLOEXEC);
	Dwarf *dwarf = fd >= 0 ? dwarf_begin(fd, DWARF_C_READ) : NULL;
	Dl_info where;

	*out = (struct code){ 0 };
	if (!dwarf || !dladdr(f->ops, &where)) {
		fprintf(stderr, "kvmsim: %s: %s\n", f->path, fd < 0 ? strerror(errno) : "no debug information in it");
		if (fd >= 0)
			close(fd);
		return -1;
	}
	each_unit(out, dwarf, (uintptr_t)where.dli_fbase, add_files);
	sort_files(out);
	each_unit(out, dwarf, (uintptr_t)where.dli_fbase, add_lines);
	sort_lines(out);
	dwarf_end(dwarf);
	close(fd);
	return 0;
}

const struct c_function *code_function(struct code *c, unsigned int file, unsigned int line)
{
	struct code_file *f = &c->files[file];

	if (!f->has_functions) {
		functions_read(f->path, &f->functions);
		f->has_functions = 1;
	}
	return functions_at(&f->functions, line);
}

void code_points(const struct code *c, struct reach_points *p, bool (*wanted)(void *arg, size_t line), void *arg)
{
	uintptr_t *addr = xmalloc((c->n + 1) * sizeof(*addr));
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++)
		if ((!n || addr[n - 1] != c->v[i].addr) && wanted(arg, i))
			addr[n++] = c->v[i].addr;
	reach_points_make(p, addr, n);
	free(addr);
}

void code_free(struct code *c)
{
	for (size_t i = 0; i < c->nfiles; i++) {
		free(c->files[i].path);
		functions_free(&c->files[i].functions);
	}
	free(c->files);
	free(c->v);
	*c = (struct code){ 0 };
}
