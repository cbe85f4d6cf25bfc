/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of `kvmsim bench` share. */
#ifndef BENCH_H
#define BENCH_H

#include <kshim/machine.h>

/* The world of one case: a process, a VM, and what the case's setup made. */
struct bench_world {
	const struct kvmsim_machine_ops *m;
	uint64_t arg;		/* of the case */
	int pid, vm, vcpu;
	uint64_t ram, ram_bytes;	/* user address and size of slot 0's memory */
	uint64_t scratch;	/* user address of a page for ioctl arguments */
	uint64_t bitmap;	/* user address for dirty bitmaps */
};

struct bench_case {
	const char *name;
	const char *mmu;	/* personality */
	const char *unit;	/* what one operation is */
	uint64_t arg;
	void (*setup)(struct bench_world *w);
	uint64_t (*run)(struct bench_world *w);	/* returns the number of operations done */
};

/* Ends with a name of NULL. */
extern const struct bench_case bench_cases[];

/* `kvmsim bench`; argv[0] is "bench". Exit code: 0, 1 a case failed, 2 wrong usage. */
int bench_main(int argc, char **argv);

/* Boots the world so that reports end the process. Returns 0, or -1 after a message. */
int bench_boot(const struct kvmsim_machine_ops *m);
/* Ends the process with a message if v is negative. */
int64_t bench_check(int64_t v, const char *what);
double bench_now_ns(void);
void bench_callgrind_toggle(void);
/* Runs the case once under callgrind and prints instructions per operation. */
void bench_print_instructions(const char *name, uint64_t ops);

#endif
