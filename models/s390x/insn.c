// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's instructions other than loads and stores, under SIE: which ones are interpreted, and which ones are
 * intercepted by which bit of the control block. Principles of Operation, chapter 10; interceptions are those that
 * arch/s390/kvm/{intercept,priv,diag}.c expect. An instruction that is not in the table is refused by name.
 */
#include <linux/kvm_host.h>
#include <asm/ptrace.h>
#include <asm/dis.h>
#include <kshim/form/s390_gmap.h>
#include "guest.h"
#include <kshim/host.h>
#include <kshim/mem.h>

static u64 base_displacement(const struct guest_cpu *c, unsigned int bd)
{
	unsigned int base = bd >> 12;

	return guest_effective(c, (base ? guest_reg(c, base) : 0) + (bd & 0xfff));
}

/*
 * TEST PROTECTION: interpreted if the host has mapped the page for writing. Else the host must say what the guest may
 * do (handle_tprot()).
 */
static enum guest_end tprot(struct guest_cpu *c, struct guest_insn *i)
{
	u64 addr = base_displacement(c, (i->text >> 16) & 0xffff), absolute, pa;
	unsigned int key = base_displacement(c, i->text & 0xffff) >> 4 & 15;
	enum guest_end end;
	bool protect;

	end = guest_translate(c, addr, DAT_FETCH, &absolute, &protect);
	if (end == GUEST_PROGRAM && c->code != PGM_CODE_ADDRESSING && c->code != PGM_CODE_TRANSLATION_SPECIFICATION) {
		i->cc = 3;
		return GUEST_OK;
	}
	if (end == GUEST_OK) {
		end = guest_storage(c, absolute, true, &pa);
		if (end == GUEST_HOST_FAULT)
			return guest_intercept(c, i);
	}
	if (end != GUEST_OK)
		return end;
	if (!protect && guest_key_allows(c, addr, key, pa, true))
		i->cc = 0;
	else
		i->cc = guest_key_allows(c, addr, key, pa, false) ? 1 : 2;
	return GUEST_OK;
}

static enum guest_end pfmf(struct guest_cpu *c, struct guest_insn *i)
{
	if (c->sie->ecb2 & ECB2_PFMFI)
		host_fatal(KVMSIM_REFUSED, NULL, 0, "SIE: PFMF interpreted (ECB2_PFMFI)");
	return guest_intercept(c, i);
}

/* --- clearing of the guest's TLB entries --- */

/* Sets a bit of the entry at this absolute address. What was formed from it is cleared at the instruction's end. */
static enum guest_end invalidate(struct guest_cpu *c, struct guest_insn *i, u64 at, u64 bit)
{
	u64 pa;
	enum guest_end end = guest_storage(c, at, true, &pa);

	if (end != GUEST_OK)
		return end;
	/* Other CPUs see it once insn_end() has held their lock. */
	__atomic_fetch_or((u64 *)__va(pa), bit, __ATOMIC_SEQ_CST);
	skey_mark(&s390_skeys, s390_block(pa), true);
	i->flush = INSN_FLUSHES_ENTRY;
	i->flushed = at;
	return GUEST_OK;
}

static enum guest_end ipte(struct guest_cpu *c, struct guest_insn *i)
{
	if (!guest_interlock(c))
		return guest_intercept(c, i);
	if (i->m3)
		host_fatal(KVMSIM_REFUSED, NULL, 0, "SIE: IPTE of a range");
	i->local = (i->text >> 24) & 1;
	return invalidate(c, i, (guest_reg(c, i->r1) & ~0x7ffULL) + 8 * (guest_reg(c, i->r2) >> 12 & 0xff), DAT_PTE_I);
}

#define IDTE_BY_ASCE 0x800

static enum guest_end idte(struct guest_cpu *c, struct guest_insn *i)
{
	u64 what = guest_reg(c, i->r2), table = guest_reg(c, i->r1);
	unsigned int shift = 20 + 11 * ((table & DAT_ASCE_DT) >> 2);

	if (!guest_interlock(c))
		return guest_intercept(c, i);
	i->local = (i->text >> 24) & 1;
	if (what & IDTE_BY_ASCE) {
		i->flush = INSN_FLUSHES_ASCE;
		i->flushed = guest_reg(c, i->m3);
		return GUEST_OK;
	}
	if (what & 0x7ff)
		host_fatal(KVMSIM_REFUSED, NULL, 0, "SIE: IDTE of a range");
	return invalidate(c, i, (table & DAT_ASCE_ORIGIN) + 8 * (what >> shift & 0x7ff), DAT_ENTRY_I);
}

static enum guest_end ptlb(struct guest_cpu *c, struct guest_insn *i)
{
	i->flush = INSN_FLUSHES_CPU;
	i->local = true;
	return GUEST_OK;
}

static void flush(const struct guest_cpu *c, const struct guest_insn *i)
{
	unsigned int cpu, n = 0;
	unsigned long flags;

	if (i->flush == INSN_FLUSHES_NOTHING)
		return;
	local_irq_save(flags);
	for (cpu = 0; cpu < KVMSIM_MAX_CPUS; cpu++) {
		struct s390_tlb *tlb = &s390_cpus[cpu].tlb;

		if (i->local && cpu != raw_smp_processor_id())
			continue;
		host_lock(&s390_cpus[cpu].lock);
		if (i->flush == INSN_FLUSHES_CPU)
			n += s390_tlb_flush_guest(tlb, guest_space(c));
		else if (i->flush == INSN_FLUSHES_ENTRY)
			n += s390_tlb_flush_entry(tlb, TLB_GUEST, guest_space(c), i->flushed);
		else
			n += s390_tlb_flush_asce(tlb, TLB_GUEST, guest_space(c), i->flushed);
		host_unlock(&s390_cpus[cpu].lock);
	}
	local_irq_restore(flags);
	model_count(tlb_purged_entries, n);
}

void insn_end(struct guest_cpu *c, const struct guest_insn *i)
{
	flush(c, i);
	guest_interlock_release(c);
}

/* --- the table --- */

static const struct insn_kind {
	u16 opcode, mask;
	const char *name;
	bool key; /* a guest with the keyless subset must ask for it (CPUSTAT_KSS) */
	u32 ictl; /* the bit of ICTL that intercepts it */
	bool problem; /* not privileged */
	enum guest_end (*interpret)(struct guest_cpu *c, struct guest_insn *i); /* NULL: always intercepted */
} kinds[] = {
	{0x8300, 0xff00, "DIAGNOSE"},
	{0xb202, 0xffff, "STIDP"},
	{0xb20d, 0xffff, "PTLB", .interpret = ptlb},
	{0xb210, 0xffff, "SPX"},
	{0xb211, 0xffff, "STPX"},
	{0xb212, 0xffff, "STAP"},
	{0xb214, 0xffff, "SIE"},
	{0xb220, 0xffff, "SERVC"},
	{0xb221, 0xffff, "IPTE", .interpret = ipte},
	{0xb229, 0xffff, "ISKE", true, ICTL_ISKE, .interpret = insn_iske},
	{0xb22a, 0xffff, "RRBE", true, ICTL_RRBE, .interpret = insn_rrbe},
	{0xb22b, 0xffff, "SSKE", true, ICTL_SSKE, .interpret = insn_sske},
	{0xb22c, 0xffff, "TB"},
	{0xb254, 0xffff, "MVPG", .problem = true, .interpret = insn_mvpg},
	{0xb27d, 0xffff, "STSI"},
	{0xb2b1, 0xffff, "STFL"},
	{0xb98e, 0xffff, "IDTE", .interpret = idte},
	{0xb9ab, 0xffff, "ESSA", .interpret = insn_essa},
	{0xb9af, 0xffff, "PFMF", .interpret = pfmf},
	{0xe501, 0xffff, "TPROT", false, ICTL_TPROT, .interpret = tprot},
};

static const struct insn_kind *kind_of(u16 ipa)
{
	unsigned int k;

	for (k = 0; k < ARRAY_SIZE(kinds); k++) {
		if ((ipa & kinds[k].mask) == kinds[k].opcode)
			return &kinds[k];
	}
	return NULL;
}

bool insn_decode(u64 text, unsigned int len, struct guest_insn *i)
{
	const struct insn_kind *k;

	if (len != 2 && len != 4 && len != 6)
		return false;
	text &= GENMASK_ULL(8 * len - 1, 0);
	*i = (struct guest_insn){.text = text << (48 - 8 * len), .len = len, .cc = -1};
	k = kind_of(i->text >> 32);
	if (!k || insn_length(i->text >> 40) != len)
		return false;
	i->name = k->name;
	i->r1 = i->text >> 20 & 15;
	i->r2 = i->text >> 16 & 15;
	i->m3 = i->text >> 28 & 15;
	return true;
}

enum guest_end insn_execute(struct guest_cpu *c, struct guest_insn *i)
{
	const struct insn_kind *k = kind_of(i->text >> 32);
	enum guest_end end;

	if ((c->sie->gpsw.mask & PSW_MASK_PSTATE) && !k->problem)
		return guest_program(c, PGM_PRIVILEGED_OP);
	if (k->key && (atomic_read(&c->sie->cpuflags) & CPUSTAT_KSS)) {
		c->sie->icptcode = ICPT_KSS;
		return GUEST_INTERCEPTED;
	}
	if (!k->interpret || (c->sie->ictl & k->ictl))
		return guest_intercept(c, i);
	end = k->interpret(c, i);
	if (end != GUEST_OK)
		guest_interlock_release(c);
	else if (i->cc >= 0)
		c->sie->gpsw.mask = (c->sie->gpsw.mask & ~PSW_MASK_CC) | (u64)i->cc << 44;
	return end;
}
