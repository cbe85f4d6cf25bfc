// SPDX-License-Identifier: GPL-2.0-only
/*
 * Aborts of the host that arch/arm64/mm/fault.c handles: what arch/arm64/kernel/entry-common.c passes to it, and the
 * entry of the exception table where it continues an access of the kernel's that has failed.
 */
#include <linux/extable.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <asm/asm-extable.h>
#include <asm/esr.h>
#include <asm/exception.h>
#include <asm/extable.h>
#include <asm/ptrace.h>
#include <asm/system_misc.h>
#include <kshim/arch.h>
#include <kshim/process.h>
#include "internal.h"

/* Where the kernel accesses user space, as if one instruction did, and where it goes on if that fails. */
static const char user_access[2];
#define USER_ACCESS ((unsigned long)&user_access[0])
#define FIXED_UP ((unsigned long)&user_access[1])

/* Kernel code that faults elsewhere faults on the host, and is an oops there. */
static struct exception_table_entry user_access_entry __used __section("__ex_table");

/* XZR as the registers that would get the error. */
#define NO_REGISTERS (31 << EX_DATA_REG_ERR_SHIFT | 31 << EX_DATA_REG_ZERO_SHIFT)

void kshim_fault_boot(void)
{
	user_access_entry = (struct exception_table_entry){
		.insn = USER_ACCESS - (unsigned long)&user_access_entry.insn,
		.fixup = FIXED_UP - (unsigned long)&user_access_entry.fixup,
		.type = EX_TYPE_UACCESS_ERR_ZERO, .data = NO_REGISTERS,
	};
}

bool kshim_user_fault(unsigned int iss, u64 addr, bool write, bool user)
{
	struct pt_regs regs = { .pc = USER_ACCESS, .pstate = user ? PSR_MODE_EL0t : PSR_MODE_EL2h };
	u64 ec = user ? ESR_ELx_EC_DABT_LOW : ESR_ELx_EC_DABT_CUR;
	struct kshim_host_pte pte;
	void *stack = current->stack;

	/* For task_pt_regs(), while the task is here. */
	if (user)
		current->stack = (void *)(&regs + 1) - THREAD_SIZE;
	do_mem_abort(addr, ec << ESR_ELx_EC_SHIFT | ESR_ELx_IL | iss, &regs);
	current->stack = stack;
	if (regs.pc == FIXED_UP)
		return false;
	/* On the way to user mode signals are handled first: the fault's own, or one that ended it early. */
	if (!user || !signal_pending(current))
		return true;
	return kshim_arch_host_walk(current->mm, addr, &pte) && pte.present && (!write || pte.writable);
}
