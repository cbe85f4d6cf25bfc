/* SPDX-License-Identifier: GPL-2.0-only */
/* What kvmsim and the library share, in a file, to note which places of the flavour a program reaches. */
#ifndef KVMEXEC_REACH_H
#define KVMEXEC_REACH_H

#include <stdint.h>

/* The environment variable with the file's name. */
#define EXEC_REACH "KVMSIM_EXEC_REACH"

struct exec_points {
	uint64_t n;
	uint64_t at[];	/* distances from the flavour's beginning, sorted; after them n bytes: 1 once it is reached */
};

/* Returns the size of the file. */
static inline uint64_t exec_points_bytes(uint64_t n)
{
	return sizeof(struct exec_points) + n * (sizeof(uint64_t) + 1);
}

static inline unsigned char *exec_points_hits(struct exec_points *p)
{
	return (unsigned char *)&p->at[p->n];
}

#endif
