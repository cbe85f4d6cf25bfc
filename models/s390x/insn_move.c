// SPDX-License-Identifier: GPL-2.0-only
/* MOVE PAGE under SIE. Principles of Operation, chapter 10; the interception suits handle_mvpg_pei(). */
#include <linux/kvm_host.h>
#include <linux/string.h>
#include "guest.h"
#include <kshim/host.h>

/* Options in general register 0: separate access keys, condition codes instead of exceptions. */
#define MVPG_OPTIONS 0xffff

/* The host must supply a page. It cannot complete the instruction, which is executed again (kvm_s390_retry_instr()). */
static enum guest_end partial_execution(struct guest_cpu *c, const struct guest_insn *i)
{
	guest_intercept(c, i);
	c->sie->icptcode = ICPT_PARTEXEC;
	return GUEST_INTERCEPTED;
}

/* One operand. Its translation tables are brought in as for any instruction; KVM must look for the page itself. */
static enum guest_end operand(struct guest_cpu *c, const struct guest_insn *i, u64 reg, enum dat_access access, u64 *pa)
{
	u64 addr = guest_effective(c, reg & PAGE_MASK), absolute;
	bool protect;
	enum guest_end end = guest_translate(c, addr, DAT_FETCH, &absolute, &protect);

	if (end == GUEST_HOST_FAULT)
		return end;
	end = guest_operand(c, addr, access, pa);
	return end == GUEST_HOST_FAULT ? partial_execution(c, i) : end;
}

enum guest_end insn_mvpg(struct guest_cpu *c, struct guest_insn *i)
{
	enum guest_end end;
	u64 to, from;

	if (!(c->sie->eca & ECA_MVPGI))
		return guest_intercept(c, i);
	if (guest_reg(c, 0) & MVPG_OPTIONS)
		host_fatal(KVMSIM_REFUSED, NULL, 0, "SIE: MVPG with options in general register 0");
	end = operand(c, i, guest_reg(c, i->r2), DAT_FETCH, &from);
	if (end == GUEST_OK)
		end = operand(c, i, guest_reg(c, i->r1), DAT_STORE, &to);
	if (end != GUEST_OK)
		return end;
	memmove(__va(to), __va(from), PAGE_SIZE);
	i->cc = 0;
	return GUEST_OK;
}
