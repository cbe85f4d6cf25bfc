/* SPDX-License-Identifier: GPL-2.0-only */
/* What both halves of the tests of guest code share: tests/unit/test_guest_code.c. */
#ifndef KTEST_GUEST_CODE_H
#define KTEST_GUEST_CODE_H

#include <kshim/types.h>

/* The same linear addresses in the guest and in the test's own process. */
#define GC_BASE 0x10000000ul
#define GC_CODE (GC_BASE + 0x0ff8)	/* the code crosses a page */
#define GC_DATA (GC_BASE + 0x3000)
#define GC_STACK (GC_BASE + 0x5000)	/* its top */
#define GC_STATE (GC_BASE + 0x7000)	/* native run only: struct gc_state */
#define GC_BYTES 0x8000ul

#define GC_DATA_BYTES 0x400
#define GC_STACK_BYTES 0x100

/* Registers in the order of their numbers: RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8 to R15. */
struct gc_state {
	uint64_t gpr[16];
	uint64_t rflags;
	uint64_t rip;
	uint64_t host_rsp, unused;
	uint64_t xmm[16][2];
};

/* Makes a guest without paging whose RAM is at GC_BASE. 0 or -errno. */
int ktest_gc_setup(void);
/*
 * Runs code in it, from *s on, with this content of the data and of the stack; all are updated. Returns the exit's
 * reason, or -errno.
 */
int ktest_gc_run(const uint8_t *code, unsigned int bytes, struct gc_state *s, uint8_t *data, uint8_t *stack);
/* KVM_EXIT_HLT of the kernel's headers. */
int ktest_gc_hlt(void);

#endif
