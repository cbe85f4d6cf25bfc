// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's storage keys and page states, as SIE interprets them. A guest's key consists of the block's own key and the
 * guest's part of the PGSTE, which has all of it while the host has no page there. Reference and change are set if
 * either has them. The lock bit PCL protects both. A 1 MiB frame has no PGSTEs: the key is the block's own. The rules
 * are those of arch/s390/mm/pgtable.c where KVM emulates (set_guest_storage_key() and below), without what only
 * software keeps (PGSTE_UC_BIT).
 */
#include <linux/kvm_host.h>
#include <asm/facility.h>
#include <asm/page-states.h>
#include <asm/pgtable.h>
#include "guest.h"
#include <kshim/host.h>

struct guest_page {
	u64 *pgste; /* NULL in a 1 MiB frame; then all other fields except block are 0 */
	u64 value; /* of the PGSTE, without PCL */
	u64 pte;
	u64 block; /* of the host's page, by s390_block(); only if the entry is valid */
};

static bool resident(const struct guest_page *p)
{
	return !(p->pte & _PAGE_INVALID);
}

/* Finds the page-table entry and locks its PGSTE. The host must supply a missing table. */
static enum guest_end lock_page(struct guest_cpu *c, struct guest_insn *i, u64 absolute, struct guest_page *p)
{
	struct dat_result r;
	u64 *pte, was;

	if (absolute > c->sie->msl)
		return guest_program(c, PGM_CODE_ADDRESSING);
	s390_walk_host(c->gasce, absolute, DAT_FETCH, &r);
	if (r.via[DAT_PAGE] == DAT_NO_ENTRY && !r.code) {
		*p = (struct guest_page){ .block = s390_block(r.address) };
		return GUEST_OK;
	}
	if (r.via[DAT_PAGE] == DAT_NO_ENTRY) {
		c->code = r.code;
		c->addr = absolute;
		c->write = false;
		return GUEST_HOST_FAULT;
	}
	pte = __va(r.via[DAT_PAGE]);
	p->pgste = pte + PTRS_PER_PTE;
	/* Pairs with unlock_page(), and with pgste_set_unlock() of arch/s390/mm/pgtable.c. */
	was = __atomic_fetch_or(p->pgste, DAT_PGSTE_PCL, __ATOMIC_ACQUIRE);
	/* Its holder may wait until this CPU is between two accesses. */
	if (was & DAT_PGSTE_PCL)
		return GUEST_AGAIN;
	p->value = was;
	p->pte = READ_ONCE(*pte);
	p->block = s390_block(p->pte);
	return GUEST_OK;
}

static void unlock_page(struct guest_page *p)
{
	if (p->pgste)
		/* Pairs with lock_page(), and with pgste_get_lock() of arch/s390/mm/pgtable.c. */
		__atomic_store_n(p->pgste, p->value, __ATOMIC_RELEASE);
}

/* The operand of the key instructions: a real address. */
static enum guest_end lock_operand(struct guest_cpu *c, struct guest_insn *i, struct guest_page *p)
{
	u64 real = guest_effective(c, guest_reg(c, i->r2) & PAGE_MASK);

	return lock_page(c, i, guest_prefixed(c->sie, real), p);
}

static u8 key_of(const struct guest_page *p)
{
	u8 key = resident(p) ? skey_insert(&s390_skeys, p->block) : (p->value & (DAT_PGSTE_ACC | DAT_PGSTE_F)) >> 56;

	return key | (p->value & (DAT_PGSTE_GR | DAT_PGSTE_GC)) >> 48;
}

static void set_key(struct guest_page *p, u8 key)
{
	u8 old;

	if (!p->pgste) {
		skey_set(&s390_skeys, p->block, key, false, false, NULL);
		return;
	}
	p->value &= ~(DAT_PGSTE_ACC | DAT_PGSTE_F | DAT_PGSTE_GR | DAT_PGSTE_GC);
	p->value |= (u64)(key & (SKEY_ACC | SKEY_F)) << 56 | (u64)(key & (SKEY_R | SKEY_C)) << 48;
	if (!resident(p))
		return;
	/* What the host knows of references and changes stays with the host. */
	skey_set(&s390_skeys, p->block, key & (SKEY_ACC | SKEY_F), false, false, &old);
	p->value |= (u64)(old & (SKEY_R | SKEY_C)) << 52;
}

enum guest_end insn_iske(struct guest_cpu *c, struct guest_insn *i)
{
	struct guest_page p;
	enum guest_end end = lock_operand(c, i, &p);

	if (end != GUEST_OK)
		return end;
	guest_set_reg(c, i->r1, (guest_reg(c, i->r1) & ~0xffULL) | key_of(&p));
	unlock_page(&p);
	return GUEST_OK;
}

#define SSKE_MR 4
#define SSKE_MC 2
#define SSKE_MB 1

enum guest_end insn_sske(struct guest_cpu *c, struct guest_insn *i)
{
	bool mr = i->m3 & SSKE_MR, mc = i->m3 & SSKE_MC;
	u8 key = guest_reg(c, i->r1) & SKEY_BITS, old;
	u8 compared = SKEY_ACC | SKEY_F | (mr ? 0 : SKEY_R) | (mc ? 0 : SKEY_C);
	struct guest_page p;
	enum guest_end end;

	if (i->m3 & SSKE_MB)
		host_fatal(KVMSIM_REFUSED, NULL, 0, "SIE: SSKE of several blocks interpreted");
	end = lock_operand(c, i, &p);
	if (end != GUEST_OK)
		return end;
	old = key_of(&p);
	if (mr || mc) {
		i->cc = !!((old ^ key) & compared);
		guest_set_reg(c, i->r1, (guest_reg(c, i->r1) & ~0xff00ULL) | (u64)old << 8);
	}
	if (i->cc)
		set_key(&p, key);
	unlock_page(&p);
	return GUEST_OK;
}

enum guest_end insn_rrbe(struct guest_cpu *c, struct guest_insn *i)
{
	struct guest_page p;
	enum guest_end end = lock_operand(c, i, &p);

	if (end != GUEST_OK)
		return end;
	i->cc = (p.value & (DAT_PGSTE_GR | DAT_PGSTE_GC)) >> 49;
	p.value &= ~DAT_PGSTE_GR;
	if (resident(&p)) {
		int host = skey_reset_reference(&s390_skeys, p.block);

		i->cc |= host;
		if (host & 2)
			p.value |= DAT_PGSTE_HR;
	}
	unlock_page(&p);
	return GUEST_OK;
}

/* --- page states (ESSA) --- */

#define CBRL_ENTRIES 511 /* the last of the page's 512 belongs to the host */

/* Applies the operation to the PGSTE. Returns true if the page's contents may be dropped. */
static bool change_state(struct guest_page *p, unsigned int orc)
{
	u64 usage = p->value & DAT_PGSTE_USAGE;
	bool drop = false;

	switch (orc) {
	case ESSA_SET_STABLE:
		p->value &= ~DAT_PGSTE_NODAT;
		usage = DAT_PGSTE_USAGE_STABLE;
		break;
	case ESSA_SET_STABLE_NODAT:
		p->value |= DAT_PGSTE_NODAT;
		usage = DAT_PGSTE_USAGE_STABLE;
		break;
	case ESSA_SET_STABLE_RESIDENT:
		usage = DAT_PGSTE_USAGE_STABLE;
		break;
	case ESSA_SET_UNUSED:
		usage = DAT_PGSTE_USAGE_UNUSED;
		drop = !resident(p);
		break;
	case ESSA_SET_VOLATILE:
		usage = DAT_PGSTE_USAGE_VOLATILE;
		drop = !resident(p);
		break;
	case ESSA_SET_POT_VOLATILE:
		if (resident(p)) {
			usage = DAT_PGSTE_USAGE_POT_VOLATILE;
		} else if (p->value & DAT_PGSTE_ZERO) {
			usage = DAT_PGSTE_USAGE_VOLATILE;
		} else {
			drop = !(p->value & DAT_PGSTE_GC);
			usage = drop ? DAT_PGSTE_USAGE_VOLATILE : DAT_PGSTE_USAGE_STABLE;
		}
		break;
	case ESSA_SET_STABLE_IF_RESIDENT:
		if (resident(p))
			usage = DAT_PGSTE_USAGE_STABLE;
		break;
	}
	p->value = (p->value & ~DAT_PGSTE_USAGE) | usage | (drop ? DAT_PGSTE_ZERO : 0);
	return drop;
}

/* EXTRACT AND SET STORAGE ATTRIBUTES. Result and log of pages to drop are like those of __do_essa() in priv.c. */
enum guest_end insn_essa(struct guest_cpu *c, struct guest_insn *i)
{
	u64 absolute = guest_reg(c, i->r2) & PAGE_MASK, state, entries = (c->sie->cbrlo & ~PAGE_MASK) >> 3;
	struct guest_page p;
	enum guest_end end;

	if (!(c->sie->ecb2 & ECB2_CMMA) || entries == CBRL_ENTRIES)
		return guest_intercept(c, i);
	if (i->m3 > (test_facility(FACILITY_NODAT) ? ESSA_SET_STABLE_NODAT : ESSA_SET_STABLE_IF_RESIDENT))
		return guest_program(c, PGM_SPECIFICATION);
	end = lock_page(c, i, absolute, &p);
	if (end != GUEST_OK)
		return end;
	if (!p.pgste)
		host_fatal(KVMSIM_REFUSED, NULL, 0, "SIE: %s interpreted in a 1 MiB frame", i->name);
	state = (p.value & DAT_PGSTE_USAGE) >> 22;
	if (!resident(&p))
		state |= p.value & DAT_PGSTE_ZERO ? 3 : 2;
	if (p.value & DAT_PGSTE_NODAT)
		state |= 0x20;
	guest_set_reg(c, i->r1, state);
	if (change_state(&p, i->m3)) {
		((u64 *)__va(c->sie->cbrlo & PAGE_MASK))[entries] = absolute;
		c->sie->cbrlo += sizeof(u64);
	}
	unlock_page(&p);
	return GUEST_OK;
}
