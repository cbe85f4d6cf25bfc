/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which source lines a scenario executes, without another build.
 *
 * A breakpoint stands where the code of each wanted line begins. The first thread that comes there takes it away in its
 * process and notes it. So a line costs one signal per scenario, and the flavour is the one that every run uses.
 */
#ifndef SIM_REACH_H
#define SIM_REACH_H

#include "sim.h"

/* The breakpoints of one flavour. */
struct reach_points {
	uintptr_t *addr;	/* sorted */
	unsigned char *code;	/* the byte that was there */
	size_t n;
	unsigned char *loading;	/* a byte for each: reached while the world boots and KVM is loaded; shared memory */
};

struct sim_reach {
	struct reach_points *v;	/* for each flavour */
	size_t n;
	size_t max;		/* of the points of any flavour */
};

/* Makes breakpoints for n addresses, which are sorted, each once. The code still runs without them. */
void reach_points_make(struct reach_points *p, const uintptr_t *addr, size_t n);
void reach_points_free(struct reach_points *p);
/* Sets the breakpoints of a flavour that are not there in this process. What is reached then is loading. */
void reach_set(const struct sim_reach *r, int flavour);
/* Takes all breakpoints of a flavour away in this process. */
void reach_clear(const struct sim_reach *r, int flavour);
/* Notes in hits, shared memory with a byte for each point, what this process reaches from now on. */
void reach_job(const struct sim_reach *r, int flavour, unsigned char *hits);

#endif
