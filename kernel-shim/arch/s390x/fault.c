// SPDX-License-Identifier: GPL-2.0-only
/*
 * Program interruptions of the host that arch/s390/mm/fault.c handles: what pgm_check_handler of entry.S and
 * __do_pgm_check() of traps.c pass to it, and where it continues an access that has failed.
 */
#include <linux/extable.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <asm/facility.h>
#include <asm/fault.h>
#include <asm/ptrace.h>
#include <kshim/arch.h>
#include <kshim/form/s390_fault_init.h>
#include <kshim/marks.h>
#include <kshim/process.h>
#include <s390x/model.h>
#include "internal.h"

/* arch/s390/kernel/entry.h and arch/s390/mm/fault.c */
void do_protection_exception(struct pt_regs *regs);
void do_dat_exception(struct pt_regs *regs);

/* Where the kernel accesses user space, as if one instruction did. */
#define USER_ACCESS ((unsigned long)kshim_user_fault)

/* fixup_exception() sets the PSW to this; kernel code never has such an address. */
#define FIXED_UP 2UL

int kshim_fault_boot(void)
{
	return kshim_fault_init(USER_ACCESS);
}

/* arch/s390/mm/extable.c. Kernel code that faults elsewhere faults on the host, and is an oops there. */
REDUCED(fixup_exception, "arch/s390/mm/extable.c",
	"no table is searched: what comes here, a user access or SIE, has an entry");
bool fixup_exception(struct pt_regs *regs)
{
	regs->psw.addr = FIXED_UP;
	return true;
}

bool kshim_handle_fault(struct pt_regs *regs, int code, u64 addr, bool write, unsigned int as)
{
	union teid teid = { .addr = addr >> PAGE_SHIFT, .as = as };

	if (test_facility(FACILITY_FSI))
		teid.fsi = write ? TEID_FSI_STORE : TEID_FSI_FETCH;
	regs->int_code = code;
	if (code == PGM_CODE_PROTECTION) {
		teid.b61 = 1; /* DAT protection, no low-address protection */
		regs->int_parm_long = teid.val;
		do_protection_exception(regs);
	} else {
		regs->int_parm_long = teid.val;
		do_dat_exception(regs);
	}
	return regs->psw.addr != FIXED_UP;
}

bool kshim_user_fault(int code, u64 addr, bool write, bool user)
{
	struct pt_regs regs = { .psw = { .mask = user ? PSW_USER_BITS : PSW_KERNEL_BITS, .addr = USER_ACCESS } };
	struct dat_result r;

	/* The kernel accesses user space through the secondary ASCE. */
	if (!kshim_handle_fault(&regs, code, addr, write, user ? PSW_BITS_AS_PRIMARY : PSW_BITS_AS_SECONDARY))
		return false;
	/* On the way to user mode signals are handled first: the fault's own, or one that ended it early. */
	if (!user || !signal_pending(current))
		return true;
	return !s390_walk_host(current->mm->context.asce, addr, write ? DAT_STORE : DAT_FETCH, &r);
}
