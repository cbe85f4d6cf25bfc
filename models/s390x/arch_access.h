/* SPDX-License-Identifier: GPL-2.0-only */
/* What an access of a z/Architecture CPU is beside what common/access.h has. */
#ifndef MODEL_S390X_ARCH_ACCESS_H
#define MODEL_S390X_ARCH_ACCESS_H

struct model_access_arch {
	bool nested;		/* the vCPU's instruction is SIE, and the access is one of the guest that it runs */
	enum model_access_state inner;	/* of a nested access; state is that of the SIE instruction */
	u64 delivered;		/* vcpu->stat.deliver_program when it began */
	u64 psw_mask, psw_addr;	/* of its instruction */
	u16 code;		/* of the program interruption */
	u64 teid;		/* of the program interruption, 0 if it has none */
	bool intercepted;	/* an instruction's interception has left the PSW behind the instruction */
};

#endif
