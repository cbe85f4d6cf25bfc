// SPDX-License-Identifier: GPL-2.0-only
/* Builds a kernel's KVM selftests with their own Makefile, what has changed since the last time. */
#include "selftests.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRESS_SECONDS 2

/* Waits for a child. Returns whether it succeeded. */
static int succeeded(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return !status;
}

/* Returns the number that stands after name, or 0. */
static unsigned int makefile_number(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? (unsigned int)strtoul(at + strlen(name), NULL, 10) : 0;
}

char *selftest_release(void)
{
	char *path = xasprintf("%s/Makefile", KVMSIM_SOURCE), text[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (n < 0) {
		fprintf(stderr, "kvmsim: %s: %s\n", path, strerror(errno));
		free(path);
		return NULL;
	}
	free(path);
	text[n] = 0;
	return xasprintf("%u.%u.%u", makefile_number(text, "\nVERSION = "), makefile_number(text, "\nPATCHLEVEL = "),
			 makefile_number(text, "\nSUBLEVEL = "));
}

/* Makes the directory. Of a package all clones share one; the source's own name depends on all that is in it. */
static char *work_directory(void)
{
	const char *name = strrchr(KVMSIM_SOURCE, '-');
	char *dir, *build;

	if (*KVMSIM_TARBALL) {
		dir = xasprintf("%s/selftests%s", KVMSIM_CACHE, name ? name : "");
	} else {
		build = flavour_dir();
		dir = xasprintf("%s/selftests", build ? build : ".");
		free(build);
	}
	if (mkdir(dir, 0777) && errno != EEXIST) {
		fprintf(stderr, "kvmsim: %s: %s\n", dir, strerror(errno));
		free(dir);
		return NULL;
	}
	return dir;
}

static int take_lock(const char *dir)
{
	char *path = xasprintf("%s/lock", dir);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB)) {
		fprintf(stderr, "kvmsim: waiting for another build of the selftests\n");
		while (flock(fd, LOCK_EX) && errno == EINTR)
			;
	}
	if (fd < 0)
		fprintf(stderr, "kvmsim: %s: %s\n", path, strerror(errno));
	free(path);
	return fd;
}

int selftest_prepare(struct selftest_tree *to)
{
	char *dir = work_directory();
	pid_t pid;

	*to = (struct selftest_tree){ .lock = -1 };
	if (!dir)
		return -1;
	to->dir = xasprintf("%s%s/tools/testing/selftests/kvm", *KVMSIM_TARBALL ? dir : KVMSIM_SOURCE,
			    *KVMSIM_TARBALL ? "/tree" : "");
	to->objects = xasprintf("%s/objects", dir);
	to->headers = xasprintf("%s/kbuild/usr/include", dir);
	to->lock = take_lock(dir);
	if (to->lock < 0) {
		free(dir);
		return -1;
	}
	pid = fork();
	if (!pid) {
		execl(KVMSIM_SELFTESTS_DIR "/tree.sh", "tree.sh", KVMSIM_SOURCE, KVMSIM_TARBALL, dir,
		      KVMSIM_SHADOW_TREE, (char *)NULL);
		perror("kvmsim: " KVMSIM_SELFTESTS_DIR "/tree.sh");
		_exit(1);
	}
	free(dir);
	return pid > 0 && succeeded(pid) ? 0 : -1;
}

void selftest_tree_free(struct selftest_tree *t)
{
	free(t->dir);
	free(t->objects);
	free(t->headers);
	if (t->lock >= 0)
		close(t->lock);
}

/*
 * Starts make in the tests' directory, for n targets. Nothing in the caller's environment may change the result.
 * Returns what it prints, and its process.
 */
static FILE *start_make(const struct selftest_tree *t, char *const *targets, size_t n, pid_t *pid)
{
	const char *path = getenv("PATH"), *home = getenv("HOME");
	char *env[] = { xasprintf("PATH=%s", path ? path : "/usr/bin:/bin"), xasprintf("HOME=%s", home ? home : "/"),
			"LC_ALL=C", NULL };
	char *common[] = {
		"make", "-C", t->dir, "-k", "--no-print-directory", xasprintf("-j%ld", sysconf(_SC_NPROCESSORS_ONLN)),
		xasprintf("OUTPUT=%s", t->objects), "ARCH=x86", xasprintf("LINUX_HDR_PATH=%s", t->headers),
		xasprintf("KHDR_INCLUDES=-isystem %s", t->headers),
	};
	size_t ncommon = sizeof(common) / sizeof(common[0]);
	char **argv = xmalloc((ncommon + n + 1) * sizeof(*argv));
	int fds[2];

	memcpy(argv, common, sizeof(common));
	memcpy(argv + ncommon, targets, n * sizeof(*argv));
	if (mkdir(t->objects, 0777) && errno != EEXIST) {
		fprintf(stderr, "kvmsim: %s: %s\n", t->objects, strerror(errno));
		return NULL;
	}
	if (pipe2(fds, O_CLOEXEC)) {
		perror("kvmsim: pipe");
		return NULL;
	}
	*pid = fork();
	if (!*pid) {
		dup2(fds[1], 1);
		execvpe("make", argv, env);
		perror("kvmsim: make");
		_exit(1);
	}
	close(fds[1]);
	free(argv);
	return *pid > 0 ? fdopen(fds[0], "r") : NULL;
}

char *selftest_programs(const struct selftest_tree *t)
{
	/* The Makefile puts the directory of its results before most names. */
	char *targets[] = {
		"--eval=kvmsim-list:;@printf '%s\\n' $(patsubst $(OUTPUT)/%,%,$(TEST_GEN_PROGS) "
		"$(TEST_GEN_PROGS_EXTENDED) $(TEST_PROGS))",
		"kvmsim-list",
	};
	char *text = NULL, *line = NULL;
	size_t size = 0, bytes = 0;
	FILE *to = open_memstream(&text, &bytes), *from;
	pid_t pid;

	from = start_make(t, targets, 2, &pid);
	if (!to || !from)
		return NULL;
	while (getline(&line, &size, from) > 0)
		if (!strchr(line, ' '))
			fputs(line, to);
	free(line);
	fclose(from);
	fclose(to);
	if (succeeded(pid))
		return text;
	fprintf(stderr, "kvmsim: the Makefile of the selftests has an error; it is in %s\n", t->dir);
	free(text);
	return NULL;
}

/* A command has "-o FILE" in it: tells now and then what make is at. */
static void show_progress(FILE *from)
{
	double shown = wall_seconds();
	char *line = NULL;
	size_t size = 0, files = 0;

	while (getline(&line, &size, from) > 0) {
		char *out = strstr(line, " -o "), *name;

		files += out != NULL;
		if (!out || wall_seconds() - shown < PROGRESS_SECONDS)
			continue;
		shown = wall_seconds();
		out += strlen(" -o ");
		out[strcspn(out, " \n")] = 0;
		name = strrchr(out, '/');
		fprintf(stderr, "kvmsim: building the selftests: %zu files, now %s\n", files, name ? name + 1 : out);
	}
	free(line);
}

int selftest_build(struct selftest_tree *t, char *const *programs, size_t n)
{
	char **targets = xmalloc((n + 1) * sizeof(*targets));
	FILE *from;
	pid_t pid;
	int rc = -1;

	for (size_t i = 0; i < n; i++)
		targets[i] = xasprintf("%s/%s", t->objects, programs[i]);
	from = start_make(t, targets, n, &pid);
	if (from) {
		show_progress(from);
		fclose(from);
		rc = succeeded(pid) ? 0 : -1;
	}
	if (rc)
		fprintf(stderr, "kvmsim: the selftests cannot be built; the compiler's messages are above\n");
	close(t->lock);	/* others may build, while this one runs */
	t->lock = -1;
	for (size_t i = 0; i < n; i++)
		free(targets[i]);
	free(targets);
	return rc;
}
