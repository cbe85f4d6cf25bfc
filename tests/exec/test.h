/* SPDX-License-Identifier: GPL-2.0-only */
/* What the test programs of kvmsim exec share. They know nothing of the simulator. */
#ifndef TESTS_EXEC_TEST_H
#define TESTS_EXEC_TEST_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(what)									\
	do {										\
		if (!(what)) {								\
			fprintf(stderr, "%s:%d: %s (errno %d)\n", __FILE__, __LINE__, #what, errno);	\
			exit(1);							\
		}									\
	} while (0)

/* call fails with this errno. */
#define FAILS(call, error)								\
	do {										\
		errno = 0;								\
		CHECK((long)(call) == -1 && errno == (error));				\
	} while (0)

#define PAGE 4096UL

#endif
