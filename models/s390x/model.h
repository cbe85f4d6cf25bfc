/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The modelled z/Architecture CPUs, as the parts of models/s390x see each other: dynamic address translation with its
 * TLBs and clearing instructions, storage keys, and the SIE instruction with what runs under it.
 *
 * A vCPU executes accesses. sim sets one (struct model_access) and calls the vCPU file's KVM_RUN. The real
 * kvm_arch_vcpu_ioctl_run() calls __sie64a(), which performs the access like the CPU and leaves with the same
 * interception or host fault.
 */
#ifndef MODEL_S390X_MODEL_H
#define MODEL_S390X_MODEL_H

#include <linux/kvm_host.h>
#include <kshim/host.h>
#include <kshim/machine.h>
#include <kshim/mem.h>
#include "common/access.h"
#include "common/counters.h"
#include "skey.h"
#include "tlb.h"

/* Facility numbers. */
enum {
	FACILITY_IDTE = 3,	/* DAT enhancement 1; also CSPG */
	FACILITY_EDAT1 = 8,	/* also SSKE of several blocks */
	FACILITY_TLB_LC = 51,
	FACILITY_FSI = 75,
	FACILITY_EDAT2 = 78,	/* also CRDTE */
	FACILITY_NODAT = 147,	/* of ESSA */
	FACILITY_RDP = 194,
};

/* --- facilities.c --- */
/* What SCLP reports but struct sclp_info lacks; sclp_early_facilities_detect() makes machine flags of it. */
extern bool s390_esop, s390_tlb_guest;
/* Gives the machine its default facilities. Once, before the kernel looks at them. */
void s390_facilities_boot(void);
/*
 * Adds to the machine's facilities or removes from them: "name=1" or "name=0", separated by commas. A name is one of
 * that file's or a facility number. 0, or -EINVAL after a report.
 */
int s390_change_facilities(const char *changes);
/* Returns the name of facility i, counted from 0, or NULL past the last. */
const char *s390_facility_name(unsigned int i);

/* --- dat.c: what walk.c, tlb.c and skey.c are with this machine's memory and CPUs --- */
/*
 * The host's program interruption with this code (PGM_CODE_*) during SIE, for addr of the guest address space. Called
 * outside of an access. Returns what ends SIE: 0, or -EFAULT if the fault could not be resolved.
 */
typedef int (*s390_host_fault_fn)(int code, u64 addr, bool write);

struct s390_cpu {
	struct host_lock lock;	/* held during an access: a flush by another CPU waits for its end, as quiescing does */
	struct s390_tlb tlb;
	s390_host_fault_fn host_fault;
};
extern struct s390_cpu s390_cpus[KVMSIM_MAX_CPUS];
extern struct skeys s390_skeys;
/* Returns the number in s390_skeys of the block at absolute address pa. */
static inline u64 s390_block(u64 pa)
{
	return (pa & (KSHIM_RAM_MAX - 1)) >> PAGE_SHIFT;
}

/* Returns the first of n entries from i on that is not value in mask's bits, or n. Tables are nearly empty. */
static inline unsigned int model_skip_entries(const u64 *table, unsigned int n, unsigned int i, u64 mask, u64 value)
{
	for (; i + 4 <= n; i += 4) {
		const u64 *e = &table[i];

		if (((e[0] ^ value) | (e[1] ^ value) | (e[2] ^ value) | (e[3] ^ value)) & mask)
			break;
	}
	while (i < n && !((table[i] ^ value) & mask))
		i++;
	return i;
}

/* Loops over the entries of a table of n that do not have all bits of invalid. */
#define model_for_each_valid(table, n, i, invalid)                                \
	for ((i) = model_skip_entries(table, n, 0, invalid, invalid); (i) < (n); \
	     (i) = model_skip_entries(table, n, (i) + 1, invalid, invalid))

/* Walks the host's tables that asce designates; changes nothing. Returns r->code. */
int s390_walk_host(u64 asce, u64 addr, enum dat_access access, struct dat_result *r);
/*
 * One translation by this CPU, through its TLB. Call it between kshim_hw_access_begin() and end. Returns 0 with *pa
 * set, or the code of the program interruption.
 */
int s390_translate(u64 asce, u64 addr, bool write, u64 *pa);
/* Gives the machine its storage keys, and all CPUs their handler of faults. Once. */
void s390_dat_boot(s390_host_fault_fn host_fault);

/* --- sie.c, access.c --- */
/* The model's record of a vCPU. It is free if vcpu is NULL. */
struct s390_vcpu {
	struct kvm_vcpu *vcpu;
	u64 exits;		/* vcpu->stat.exit_userspace after its last run */
	struct model_access access;
};

/*
 * START INTERPRETIVE EXECUTION of a control block by the calling CPU. rsa: the guest's general registers 0 to 13.
 * gasce: the space of its storage. Returns 0, or what the CPU's host_fault returned.
 */
int s390_sie(struct kvm_s390_sie_block *sie, u64 *rsa, u64 gasce);

/* Returns the absolute address of the system-control area that the control block names, or 0. */
u64 s390_sie_sca(const struct kvm_s390_sie_block *sie);

/* The vCPU that the calling native thread runs, or NULL. */
extern __thread struct s390_vcpu *s390_running;

#endif
