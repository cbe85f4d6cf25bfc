/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's CPU while SIE interprets it: its registers, its storage with prefixing, its own dynamic address
 * translation and protection, and the instructions that are modelled. SIE itself (sie.c) turns the end of a step into
 * an interception.
 *
 * All functions run between kshim_arch_access_begin() and end, unless said otherwise.
 */
#ifndef MODEL_S390X_GUEST_H
#define MODEL_S390X_GUEST_H

#include "model.h"

/* How a step of the guest ends. */
enum guest_end {
	GUEST_OK,
	GUEST_HOST_FAULT, /* the host's translation failed: code, addr and write of struct guest_cpu */
	GUEST_PROGRAM, /* a program interruption of the guest: code and teid */
	GUEST_INTERCEPTED, /* the control block has the interception */
	GUEST_AGAIN, /* somebody holds a lock that the CPU needs: the same step once more */
	GUEST_BROKEN, /* reported; the access is given up */
};

struct guest_cpu {
	struct kvm_s390_sie_block *sie;
	u64 *gprs; /* 0 to 13; 14 and 15 are in the control block */
	u64 gasce; /* of the space that holds the guest's absolute storage, from mso on */
	bool nested; /* the guest of a guest: KVM runs it for the guest's own SIE instruction (vsie.c) */
	/* what the last step ended in */
	u16 code;
	bool write;
	u64 addr; /* of a host fault, in the space of gasce */
	int reason; /* what sie64a() returns: 0, or -EFAULT of a host fault */
	u64 teid; /* translation-exception identification; 0 for codes that have none */
};

/* --- guest.c --- */
/* Prefixing: the first 8 KiB and those at the prefix change places, in both directions. */
u64 guest_prefixed(const struct kvm_s390_sie_block *sie, u64 addr);
u64 guest_reg(const struct guest_cpu *c, unsigned int n);
void guest_set_reg(struct guest_cpu *c, unsigned int n, u64 value);
/* An address from registers, as the PSW's addressing mode takes it. */
u64 guest_effective(const struct guest_cpu *c, u64 addr);
/* Ends the step in a program interruption. */
enum guest_end guest_program(struct guest_cpu *c, u16 code);
/* The address in the space of gasce. */
u64 guest_host_address(const struct guest_cpu *c, u64 absolute);
/* What of mso and msl counts: blocks of 1 MiB. */
#define MSL_MASK (~0xfffffULL)
/* Guest-absolute storage: *pa is where the host has it. No protection but the host's. */
enum guest_end guest_storage(struct guest_cpu *c, u64 absolute, bool write, u64 *pa);
/*
 * One operand, within a page, with the PSW's key: translation, low-address and key-controlled protection. With DAT off
 * addr is an absolute address, else a virtual one. *pa: where the host has it; its storage key has R and C already.
 */
enum guest_end guest_operand(struct guest_cpu *c, u64 addr, enum dat_access access, u64 *pa);
/*
 * An operand's guest-absolute address, without touching it: translation and low-address protection for access; virtual
 * with DAT on, else real. *protect: no stores (DAT or low-address protection).
 */
enum guest_end guest_translate(struct guest_cpu *c, u64 addr, enum dat_access access, u64 *absolute, bool *protect);
/* May the PSW or an instruction with this key fetch from, or store into, the block of addr, which the host has at pa?
 */
bool guest_key_allows(const struct guest_cpu *c, u64 addr, unsigned int key, u64 pa, bool store);
/* Does a program interruption with this code come with a translation-exception identification? */
bool guest_has_teid(u16 code);
/* Stores what a program interruption stores into the guest's lowcore; ilen: of the instruction that ended in it. */
void guest_store_program(struct guest_cpu *c, unsigned int ilen);
/* What of the TLBs' guest entries are this guest's. */
u64 guest_space(const struct guest_cpu *c);

/* --- insn.c --- */
struct guest_insn {
	u64 text; /* the first byte is the highest of six */
	unsigned int len;
	unsigned int r1, r2, m3; /* by the formats RRE and RRF */
	int cc; /* -1: the instruction leaves it alone */
	const char *name;
	/* What is cleared in the TLBs when the instruction has ended (insn_purge()). */
	enum { INSN_PURGES_NOTHING, INSN_PURGES_CPU, INSN_PURGES_ENTRY, INSN_PURGES_ASCE } purge;
	u64 purged; /* the entry's guest-absolute address, or the ASCE */
	bool local;
};

/* False: len does not go with the text, or nobody models it. */
bool insn_decode(u64 text, unsigned int len, struct guest_insn *i);
/* One instruction; INTERCEPTED with the PSW behind it, unless the interception nullifies. */
enum guest_end insn_execute(struct guest_cpu *c, struct guest_insn *i);
/* Clears what the instruction clears, on the CPUs that it names. Not during an access. */
void insn_purge(const struct guest_cpu *c, const struct guest_insn *i);

/* --- insn_keys.c: instructions on storage keys and page states, as SIE interprets them --- */
enum guest_end insn_sske(struct guest_cpu *c, struct guest_insn *i);
enum guest_end insn_iske(struct guest_cpu *c, struct guest_insn *i);
enum guest_end insn_rrbe(struct guest_cpu *c, struct guest_insn *i);
enum guest_end insn_essa(struct guest_cpu *c, struct guest_insn *i);
/* --- insn_move.c --- */
enum guest_end insn_mvpg(struct guest_cpu *c, struct guest_insn *i);
/* --- insn.c --- */
/* Ends in an instruction interception. */
enum guest_end insn_intercept(struct guest_cpu *c, const struct guest_insn *i);

#endif
