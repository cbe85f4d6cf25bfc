// SPDX-License-Identifier: GPL-2.0-only
/*
 * The IPTE interlock: a guest's IPTE or IDTE does not run while the host walks the guest's tables, and the host does
 * not begin a walk during one. The lock is in the guest's system-control area (union ipte_control).
 *
 * Without the shared IPTE-interlock facility it is the bit k, which either a CPU of the guest or the host has. With it
 * (ECA_SII), kg counts the CPUs that are in such an instruction, kh the host's walks, and k says that kh is not 0. How
 * the CPU uses it is what ipte_lock_simple() and ipte_lock_siif() of gaccess.c expect; no manual says so.
 */
#include <linux/kvm_host.h>
#include "guest.h"
#include <kshim/host.h>

static union ipte_control *control(const struct guest_cpu *c)
{
	return __va(c->sca);
}

static bool exchange(union ipte_control *at, union ipte_control *old, union ipte_control new)
{
	/* Pairs with the exchanges of ipte_lock() and ipte_unlock(). */
	return __atomic_compare_exchange_n(&at->val, &old->val, new.val, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

bool guest_interlock(struct guest_cpu *c)
{
	union ipte_control old, new;

	/* A nested guest may have no area. */
	if (!c->sca)
		return true;
	old.val = READ_ONCE(control(c)->val);
	do {
		if (old.k)
			return false;
		new = old;
		if (c->sie->eca & ECA_SII)
			new.kg++;
		else
			new.k = 1;
	} while (!exchange(control(c), &old, new));
	c->interlocked = true;
	return true;
}

void guest_interlock_release(struct guest_cpu *c)
{
	bool shared = c->sie->eca & ECA_SII, lost;
	union ipte_control old, new;

	if (!c->interlocked)
		return;
	c->interlocked = false;
	old.val = READ_ONCE(control(c)->val);
	do {
		new = old;
		if (shared)
			new.kg--;
		else
			new.k = 0;
	} while (!exchange(control(c), &old, new));
	lost = shared ? old.k || !old.kg : !old.k;
	/* The area of a nested guest is the memory of a guest, which may do what it likes with it. */
	if (lost && !c->nested)
		host_check("ipte-lock", "vCPU %d is in IPTE or IDTE and has the IPTE interlock, but meanwhile %s",
			   s390_running->vcpu->vcpu_id,
			   old.k ? "the host took it" : "somebody has released it");
}
