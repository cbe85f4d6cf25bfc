/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's CPU while SIE interprets it: its registers, its storage with prefixing, its own dynamic address
 * translation and protection, and the modelled instructions. SIE itself (sie.c) turns the end of a step into an
 * interception.
 *
 * Call all functions between kshim_hw_access_begin() and end, unless said otherwise.
 */
#ifndef MODEL_S390X_GUEST_H
#define MODEL_S390X_GUEST_H

#include "model.h"

/* How a step of the guest ends. */
enum guest_end {
	GUEST_OK,
	GUEST_HOST_FAULT, /* the host's translation failed: see code, addr and write of struct guest_cpu */
	GUEST_PROGRAM, /* a program interruption of the guest: see code and teid */
	GUEST_INTERCEPTED, /* the control block has the interception */
	GUEST_AGAIN, /* somebody holds a lock that the CPU needs: repeat the step */
	GUEST_BROKEN, /* reported; the access is given up */
};

struct guest_cpu {
	struct kvm_s390_sie_block *sie;
	u64 *gprs; /* 0 to 13; 14 and 15 are in the control block */
	u64 gasce; /* of the space that holds the guest's absolute storage, from mso on */
	u64 sca; /* system-control area: the CPU keeps its address until it leaves the guest; 0: none, or it has left */
	bool nested; /* the guest of a guest: KVM runs it for the guest's own SIE instruction (vsie.c) */
	bool interlocked; /* it has the IPTE interlock (interlock.c) */
	/* what ended the last step */
	u16 code;
	bool write;
	u64 addr; /* of a host fault, in the space of gasce */
	int reason; /* what sie64a() returns: 0, or -EFAULT for a host fault */
	u64 teid; /* translation-exception identification; 0 for codes without one */
};

/* --- guest.c --- */
/* Prefixing: swaps the first 8 KiB with those at the prefix, in both directions. */
u64 guest_prefixed(const struct kvm_s390_sie_block *sie, u64 addr);
u64 guest_reg(const struct guest_cpu *c, unsigned int n);
void guest_set_reg(struct guest_cpu *c, unsigned int n, u64 value);
/* Cuts an address from registers to the PSW's addressing mode. */
u64 guest_effective(const struct guest_cpu *c, u64 addr);
/* Ends the step with a program interruption. */
enum guest_end guest_program(struct guest_cpu *c, u16 code);
/* Returns the address in the space of gasce. */
u64 guest_host_address(const struct guest_cpu *c, u64 absolute);
/* The significant bits of mso and msl: blocks of 1 MiB. */
#define MSL_MASK (~0xfffffULL)
/* Guest-absolute storage: *pa is its host absolute address. Only the host's protection applies. */
enum guest_end guest_storage(struct guest_cpu *c, u64 absolute, bool write, u64 *pa);
/*
 * One operand within a page, with the PSW's key: translation, low-address and key-controlled protection. addr is
 * absolute with DAT off, else virtual. *pa: its host absolute address; R and C of its storage key are set already.
 */
enum guest_end guest_operand(struct guest_cpu *c, u64 addr, enum dat_access access, u64 *pa);
/*
 * Finds an operand's guest-absolute address without touching the operand: translation and low-address protection for
 * access. addr is virtual with DAT on, else real. *protect: no stores allowed (DAT or low-address protection).
 */
enum guest_end guest_translate(struct guest_cpu *c, u64 addr, enum dat_access access, u64 *absolute, bool *protect);
/* Returns whether this key may fetch from, or store into, the block of addr, which the host has at pa. */
bool guest_key_allows(const struct guest_cpu *c, u64 addr, unsigned int key, u64 pa, bool store);
/* Returns whether a program interruption with this code has a translation-exception identification. */
bool guest_has_teid(u16 code);
/* Stores a program interruption into the guest's lowcore. ilen: length of the instruction that it ended. */
void guest_store_program(struct guest_cpu *c, unsigned int ilen);
/* The space that marks this guest's entries in the TLBs. */
u64 guest_space(const struct guest_cpu *c);

/* --- insn.c --- */
struct guest_insn {
	u64 text; /* the first byte is the highest of six */
	unsigned int len;
	unsigned int r1, r2, m3; /* by the formats RRE and RRF */
	int cc; /* -1: the instruction leaves it unchanged */
	const char *name;
	/* What to flush from the TLBs when the instruction has ended (insn_end()). */
	enum { INSN_FLUSHES_NOTHING, INSN_FLUSHES_CPU, INSN_FLUSHES_ENTRY, INSN_FLUSHES_ASCE } flush;
	u64 flushed; /* the entry's guest-absolute address, or the ASCE */
	bool local;
};

/* Returns false if len does not match the text, or the instruction is not modelled. */
bool insn_decode(u64 text, unsigned int len, struct guest_insn *i);
/* Executes one instruction. After INTERCEPTED the PSW is behind it, unless the interception nullifies. */
enum guest_end insn_execute(struct guest_cpu *c, struct guest_insn *i);
/*
 * After GUEST_OK: flushes what the instruction clears, on the CPUs that it names, and releases the IPTE interlock. Not
 * during an access.
 */
void insn_end(struct guest_cpu *c, const struct guest_insn *i);

/* --- interlock.c --- */
/* Takes the IPTE interlock for the instruction. Returns false if it must be intercepted, because the lock is taken. */
bool guest_interlock(struct guest_cpu *c);
/* Releases it if the CPU has it. Reports what should not have happened to it meanwhile. */
void guest_interlock_release(struct guest_cpu *c);

/* --- guest.c --- */
/* Ends the step with an instruction interception; the PSW is behind the instruction. */
enum guest_end guest_intercept(struct guest_cpu *c, const struct guest_insn *i);

/* Bits of a page-status-table entry (PGSTE) that the CPU uses. It has one behind each page table, for each page. */
#define DAT_PGSTE_ACC (0xfULL << 60)	/* the guest's storage key: access control, */
#define DAT_PGSTE_F (1ULL << 59)	/* fetch protection, */
#define DAT_PGSTE_GR (1ULL << 50)	/* reference, */
#define DAT_PGSTE_GC (1ULL << 49)	/* and change */
#define DAT_PGSTE_PCL (1ULL << 55)	/* page-control interlock: a lock */
#define DAT_PGSTE_HR (1ULL << 54)	/* what the host lost of reference and change */
#define DAT_PGSTE_HC (1ULL << 53)
#define DAT_PGSTE_ZERO (1ULL << 31)	/* page states: the contents may be dropped, no tables of the guest */
#define DAT_PGSTE_NODAT (1ULL << 30)
#define DAT_PGSTE_USAGE (3ULL << 24)
#define DAT_PGSTE_USAGE_STABLE (0ULL << 24)
#define DAT_PGSTE_USAGE_UNUSED (1ULL << 24)
#define DAT_PGSTE_USAGE_POT_VOLATILE (2ULL << 24)
#define DAT_PGSTE_USAGE_VOLATILE (3ULL << 24)

/* --- insn_keys.c: instructions on storage keys and page states, as SIE interprets them --- */
enum guest_end insn_sske(struct guest_cpu *c, struct guest_insn *i);
enum guest_end insn_iske(struct guest_cpu *c, struct guest_insn *i);
enum guest_end insn_rrbe(struct guest_cpu *c, struct guest_insn *i);
enum guest_end insn_essa(struct guest_cpu *c, struct guest_insn *i);
/* --- insn_move.c --- */
enum guest_end insn_mvpg(struct guest_cpu *c, struct guest_insn *i);

#endif
