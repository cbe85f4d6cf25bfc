// SPDX-License-Identifier: GPL-2.0-only
/* Shortens source paths as the compiler recorded them to what a kernel developer would write. */
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "report.h"

/* First components of a path below a kernel tree or below this project. */
static const char *const tops[] = {
	"arch", "block", "bench", "crypto", "drivers", "fs", "include", "init", "io_uring", "ipc", "kernel",
	"kernel-shim", "lib", "mm", "models", "net", "security", "sim", "tests", "virt",
};

#define MAX_ROOTS 8

static pthread_mutex_t roots_lock = PTHREAD_MUTEX_INITIALIZER;
static char roots[MAX_ROOTS][PATH_MAX];
static size_t root_len[MAX_ROOTS];
static unsigned int nr_roots;

static bool is_top(const char *name)
{
	size_t i, len;

	for (i = 0; i < sizeof(tops) / sizeof(*tops); i++) {
		len = strlen(tops[i]);
		if (!strncmp(name, tops[i], len) && name[len] == '/')
			return true;
	}
	return false;
}

/* A kernel tree has a MAINTAINERS file, this project a directory kernel-shim. */
static bool is_root(const char *path, size_t len)
{
	char probe[PATH_MAX];

	if (snprintf(probe, sizeof(probe), "%.*s/MAINTAINERS", (int)len, path) < (int)sizeof(probe) &&
	    !access(probe, F_OK))
		return true;
	return snprintf(probe, sizeof(probe), "%.*s/kernel-shim", (int)len, path) < (int)sizeof(probe) &&
	       !access(probe, F_OK);
}

static const char *find_root(const char *path)
{
	const char *slash, *guess = NULL;
	unsigned int i;
	size_t len;

	for (i = 0; i < nr_roots; i++) {
		if (!strncmp(path, roots[i], root_len[i]) && path[root_len[i]] == '/')
			return path + root_len[i] + 1;
	}
	for (slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		if (!is_top(slash + 1))
			continue;
		if (!guess)
			guess = slash + 1;
		len = slash - path;
		if (!len || !is_root(path, len))
			continue;
		if (nr_roots < MAX_ROOTS && len < PATH_MAX) {
			memcpy(roots[nr_roots], path, len);
			root_len[nr_roots++] = len;
		}
		return slash + 1;
	}
	/* The tree is gone since it was compiled: cut at the first component that could be a top directory. */
	return access(path, F_OK) ? guess : NULL;
}

const char *host_short_path(const char *path)
{
	const char *s;

	while (!strncmp(path, "./", 2))
		path += 2;
	if (*path != '/')
		return path;
	pthread_mutex_lock(&roots_lock);
	s = find_root(path);
	pthread_mutex_unlock(&roots_lock);
	return s ? s : path;
}
