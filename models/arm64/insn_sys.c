// SPDX-License-Identifier: GPL-2.0-only
/*
 * System instructions of the guest: MRS and MSR, TLBI, AT, and maintenance of caches, with what HCR_EL2 traps of them
 * (Arm ARM C5, D24.2.44 "HCR_EL2").
 */
#include <linux/kvm_host.h>
#include <asm/esr.h>
#include <asm/kvm_arm.h>
#include <asm/sysreg.h>
#include <kshim/hw.h>
#include "guest.h"

/* The instruction is SYS, MSR or MRS; op0 to op2 are where sys_reg() puts them, Rt is in the low bits. */
#define IS_SYSTEM(text) (((text) & 0xffc00000) == 0xd5000000 && sys_reg_Op0(text))
#define ENCODING(text) ((text) & 0x1fffe0)
#define RT(text) ((text) & 0x1f)
#define IS_READ(text) ((text) & BIT(21))
#define XZR 31

enum sys_kind { SYS_TLBI, SYS_DC_VA, SYS_DC_SW, SYS_IC_VA, SYS_IC_ALL, SYS_AT };

struct sys {
	u32 encoding;
	enum sys_kind kind;
	const char *name;
};

#define TLBI(crm, op2, name) { sys_insn(1, 0, 8, crm, op2), SYS_TLBI, name }
#define DC(op1, crm, op2, kind, name) { sys_insn(1, op1, 7, crm, op2), kind, name }

static const struct sys instructions[] = {
	TLBI(7, 0, "vmalle1"), TLBI(7, 1, "vae1"), TLBI(7, 2, "aside1"), TLBI(7, 3, "vaae1"), TLBI(7, 5, "vale1"),
	TLBI(7, 7, "vaale1"),
	TLBI(3, 0, "vmalle1is"), TLBI(3, 1, "vae1is"), TLBI(3, 2, "aside1is"), TLBI(3, 3, "vaae1is"),
	TLBI(3, 5, "vale1is"), TLBI(3, 7, "vaale1is"),
	TLBI(1, 0, "vmalle1os"), TLBI(1, 1, "vae1os"), TLBI(1, 2, "aside1os"), TLBI(1, 3, "vaae1os"),
	TLBI(1, 5, "vale1os"), TLBI(1, 7, "vaale1os"),
	TLBI(6, 1, "rvae1"), TLBI(6, 3, "rvaae1"), TLBI(6, 5, "rvale1"), TLBI(6, 7, "rvaale1"),
	TLBI(2, 1, "rvae1is"), TLBI(2, 3, "rvaae1is"), TLBI(2, 5, "rvale1is"), TLBI(2, 7, "rvaale1is"),
	TLBI(5, 1, "rvae1os"), TLBI(5, 3, "rvaae1os"), TLBI(5, 5, "rvale1os"), TLBI(5, 7, "rvaale1os"),
	DC(0, 6, 1, SYS_DC_VA, "ivac"), DC(3, 10, 1, SYS_DC_VA, "cvac"), DC(3, 11, 1, SYS_DC_VA, "cvau"),
	DC(3, 14, 1, SYS_DC_VA, "civac"),
	DC(0, 6, 2, SYS_DC_SW, "isw"), DC(0, 10, 2, SYS_DC_SW, "csw"), DC(0, 14, 2, SYS_DC_SW, "cisw"),
	DC(3, 5, 1, SYS_IC_VA, "ivau"), DC(0, 5, 0, SYS_IC_ALL, "iallu"), DC(0, 1, 0, SYS_IC_ALL, "ialluis"),
	DC(0, 8, 0, SYS_AT, "s1e1r"), DC(0, 8, 1, SYS_AT, "s1e1w"), DC(0, 8, 2, SYS_AT, "s1e0r"),
	DC(0, 8, 3, SYS_AT, "s1e0w"),
};

static const struct sys *find(u32 text)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(instructions); i++) {
		if (instructions[i].encoding == ENCODING(text))
			return &instructions[i];
	}
	return NULL;
}

/* TLBI and AT of EL2 */
static bool is_for_el2(u32 text)
{
	return sys_reg_Op1(text) == 4 && (sys_reg_CRn(text) == 8 || (sys_reg_CRn(text) == 7 && sys_reg_CRm(text) == 8));
}

bool guest_sys_valid(u32 text)
{
	return IS_SYSTEM(text) && (sys_reg_Op0(text) > 1 || (!IS_READ(text) && (find(text) || is_for_el2(text))));
}

static u64 operand(const struct guest *g, u32 text)
{
	return RT(text) == XZR ? 0 : g->regs->regs[RT(text)];
}

static bool trap(struct guest *g, u32 text)
{
	u64 iss = ESR_ELx_SYS64_ISS_SYS_VAL((u64)sys_reg_Op0(text), sys_reg_Op1(text), sys_reg_Op2(text),
					    sys_reg_CRn(text), sys_reg_CRm(text));

	g->cpu->esr_el2 = (u64)ESR_ELx_EC_SYS64 << ESR_ELx_EC_SHIFT | ESR_ELx_IL | iss |
			  (u64)RT(text) << ESR_ELx_SYS64_ISS_RT_SHIFT |
			  (IS_READ(text) ? ESR_ELx_SYS64_ISS_DIR_READ : ESR_ELx_SYS64_ISS_DIR_WRITE);
	return false;
}

/* --- maintenance --- */

/* DC or IC by address: translated like an access, whose fault it may take. */
static bool by_address(struct guest *g, const struct sys *op, u64 addr)
{
	struct arm64_access access = { .maintenance = true };
	struct arm64_fault f = {};
	unsigned long flags;
	u64 pa = 0;

	flags = kshim_hw_access_begin();
	if (arm64_translate_guest(addr, &access, &pa, &f)) {
		if (op->kind == SYS_IC_VA)
			arm64_icache_line(&arm64_caches, pa, arm64_have.idc);
		else if (!strcmp(op->name, "cvau"))
			arm64_cache_clean_pou(&arm64_caches, pa);
		else
			arm64_cache_clean_poc(&arm64_caches, pa);
	}
	kshim_hw_access_end(flags);
	return !f.failed || guest_abort(g, &f, &access, addr);
}

/* A fault of stage 2 on the walk is the hypervisor's, which lets the guest try again; all others are in PAR_EL1. */
static bool translate(struct guest *g, u32 encoding, u64 addr)
{
	const struct arm64_access access = { .read = true };
	struct arm64_fault f;

	/* The guest's ISB before it is not told from none. */
	arm64_isb();
	arm64_at(encoding, addr, &f);
	return !f.failed || !f.s1ptw || guest_abort(g, &f, &access, addr);
}

static bool maintenance(struct guest *g, const struct sys *op, u32 text)
{
	u64 hcr = g->cpu->s2.hcr;

	switch (op->kind) {
	case SYS_TLBI:
		if (hcr & HCR_TTLB)
			return trap(g, text);
		if (op->name[0] == 'r' && !arm64_have.range)
			return guest_undefined(g);
		arm64_guest_tlbi(op->name, operand(g, text));
		break;
	case SYS_DC_SW:
		/* It is for one CPU's caches, which a hypervisor cannot leave to a guest. */
		if (!(hcr & HCR_TSW))
			host_fatal(KVMSIM_REFUSED, NULL, 0, "DC %s of a guest, which is not modelled", op->name);
		return trap(g, text);
	case SYS_DC_VA:
	case SYS_IC_VA:
		if (hcr & (op->kind == SYS_IC_VA || !strcmp(op->name, "cvau") ? HCR_TPU : HCR_TPC))
			return trap(g, text);
		if (!by_address(g, op, operand(g, text)))
			return false;
		break;
	case SYS_IC_ALL:
		if (hcr & HCR_TPU)
			return trap(g, text);
		arm64_icache_all(&arm64_caches, hcr & HCR_FB || !strcmp(op->name, "ialluis") ? -1 :
				 (int)(g->cpu - arm64_cpus));
		break;
	case SYS_AT:
		if (hcr & HCR_AT)
			return trap(g, text);
		if (!translate(g, op->encoding, operand(g, text)))
			return false;
		break;
	}
	if (g->v->access.state == MODEL_PENDING)
		g->sys->elr_el2 += GUEST_INSN_BYTES;
	return true;
}

/* --- registers --- */

/* Registers of stage 1 and of its faults, whose writes HCR_EL2.TVM traps, and whose reads TRVM. */
static const u32 memory_registers[] = {
	SYS_SCTLR_EL1, SYS_TTBR0_EL1, SYS_TTBR1_EL1, SYS_TCR_EL1, SYS_ESR_EL1, SYS_FAR_EL1, SYS_AFSR0_EL1,
	SYS_AFSR1_EL1, SYS_MAIR_EL1, SYS_AMAIR_EL1, SYS_CONTEXTIDR_EL1,
};

static bool is_tag_register(u32 reg)
{
	return reg == SYS_GCR_EL1 || reg == SYS_RGSR_EL1 || reg == SYS_TFSR_EL1 || reg == SYS_TFSRE0_EL1 ||
	       reg == SYS_GMID_EL1;
}

static bool is_trapped(u64 hcr, u32 text)
{
	u32 reg = ENCODING(text);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(memory_registers); i++) {
		if (memory_registers[i] == reg)
			return hcr & (IS_READ(text) ? HCR_TRVM : HCR_TVM);
	}
	if (reg == SYS_ACTLR_EL1)
		return hcr & HCR_TACR;
	if (reg == SYS_CTR_EL0 || reg == SYS_CLIDR_EL1 || reg == SYS_CCSIDR_EL1 || reg == SYS_CSSELR_EL1)
		return hcr & HCR_TID2;
	if (is_tag_register(reg))
		return arm64_have.mte && (reg == SYS_GMID_EL1 ? hcr & HCR_TID5 : !(hcr & HCR_ATA));
	/* ID registers; their places are all allocated. */
	if (sys_reg_Op0(reg) == 3 && !sys_reg_Op1(reg) && !sys_reg_CRn(reg) && sys_reg_CRm(reg))
		return hcr & HCR_TID3;
	return false;
}

static bool access_register(struct guest *g, u32 text)
{
	u64 value = operand(g, text);

	if (IS_READ(text) && ENCODING(text) == SYS_MPIDR_EL1)
		value = g->sys->vmpidr_el2;
	else if (IS_READ(text) && ENCODING(text) == SYS_MIDR_EL1)
		value = g->sys->vpidr_el2;
	else if ((is_tag_register(ENCODING(text)) && !arm64_have.mte) ||
		 !arm64_guest_sysreg(ENCODING(text), !IS_READ(text), &value))
		return guest_undefined(g);
	if (IS_READ(text) && RT(text) != XZR)
		g->regs->regs[RT(text)] = value;
	g->sys->elr_el2 += GUEST_INSN_BYTES;
	return true;
}

bool guest_sys(struct guest *g, u32 text)
{
	if (guest_traps_to_el2(g, ENCODING(text)))
		return trap(g, text);
	if (sys_reg_Op0(text) == 1)
		return is_for_el2(text) ? guest_undefined(g) : maintenance(g, find(text), text);
	return is_trapped(g->cpu->s2.hcr, text) ? trap(g, text) : access_register(g, text);
}
