/* SPDX-License-Identifier: GPL-2.0-only */
/* What an access of a z/Architecture CPU has in addition to common/access.h. */
#ifndef MODEL_S390X_ARCH_ACCESS_H
#define MODEL_S390X_ARCH_ACCESS_H

struct model_access_arch {
	bool nested;		/* the vCPU's instruction is SIE, and the guest that it runs makes the access */
	enum model_access_state inner;	/* of a nested access; state is the SIE instruction's */
	u64 delivered;		/* vcpu->stat.deliver_program at its begin */
	u64 psw_mask, psw_addr;	/* of its instruction */
	u16 code;		/* of the program interruption */
	u64 teid;		/* of the program interruption, or 0 */
	bool intercepted;	/* an instruction's interception left the PSW behind the instruction */
};

/* dat.c: take and release the lock of this CPU's TLB. Interrupts are off. */
void s390_access_enter(void);
void s390_access_leave(void);
#define model_access_enter s390_access_enter
#define model_access_leave s390_access_leave

#endif
