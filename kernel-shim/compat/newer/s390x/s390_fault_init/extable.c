// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's exception table, which lock_mm_and_find_vma() searches before it waits for a lock: its only entry is for
 * user accesses. Other code that faults is an oops on the host.
 */
#include <asm/extable.h>
#include <kshim/form/s390_fault_init.h>

static struct exception_table_entry user_access_entry __used __section("__ex_table");

int kshim_fault_init(unsigned long user_access)
{
	user_access_entry.insn = user_access - (unsigned long)&user_access_entry.insn;
	return 0;
}
