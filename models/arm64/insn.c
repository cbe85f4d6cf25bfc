// SPDX-License-Identifier: GPL-2.0-only
/* Instructions of the guest that are no accesses: exceptions on purpose, waiting, barriers (Arm ARM C4, C6.2). */
#include <linux/kvm_host.h>
#include <asm/esr.h>
#include <asm/kvm_arm.h>
#include "guest.h"

enum op { OP_HVC, OP_SMC, OP_SVC, OP_WFI, OP_WFE, OP_NOP, OP_ISB, OP_BARRIER, OP_STG, OP_LDG };

static const struct {
	u32 mask, text;
	enum op op;
} insns[] = {
	{ 0xffe0001f, 0xd4000001, OP_SVC }, { 0xffe0001f, 0xd4000002, OP_HVC }, { 0xffe0001f, 0xd4000003, OP_SMC },
	{ 0xffffffff, 0xd503207f, OP_WFI }, { 0xffffffff, 0xd503205f, OP_WFE }, { 0xffffffff, 0xd503201f, OP_NOP },
	{ 0xfffff0ff, 0xd50330df, OP_ISB },
	/* With the base register alone: no offset. */
	{ 0xfffffc00, 0xd9200800, OP_STG }, { 0xfffffc00, 0xd9600000, OP_LDG },
	{ 0xfffff0ff, 0xd503309f, OP_BARRIER }, { 0xfffff0ff, 0xd50330bf, OP_BARRIER },	/* DSB, DMB */
};

static bool decode(u32 text, enum op *op)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(insns); i++) {
		if ((text & insns[i].mask) == insns[i].text) {
			*op = insns[i].op;
			return true;
		}
	}
	return false;
}

bool guest_insn_valid(u32 text)
{
	enum op op;

	return decode(text, &op) || guest_sys_valid(text);
}

/* An instruction that the hypervisor asked for: PC stays at it. */
static bool trap(struct guest *g, unsigned int ec, u64 iss)
{
	g->cpu->esr_el2 = (u64)ec << ESR_ELx_EC_SHIFT | ESR_ELx_IL | iss;
	return false;
}

/* EC 0: an instruction that is UNDEFINED. */
bool guest_undefined(struct guest *g)
{
	guest_exception_to_el1(g, ESR_ELx_IL, 0);
	return true;
}

static bool wait(struct guest *g, bool trapped, u64 iss)
{
	/* The condition code "always" is valid. Without the trap the CPU may go on at any time. */
	if (trapped)
		return trap(g, ESR_ELx_EC_WFx, ESR_ELx_CV | 0xeUL << ESR_ELx_COND_SHIFT | iss);
	g->sys->elr_el2 += GUEST_INSN_BYTES;
	return true;
}

bool guest_insn(struct guest *g, u32 text)
{
	u64 hcr = g->cpu->s2.hcr, imm = text >> 5 & 0xffff;
	enum op op;

	if (!decode(text, &op))
		return guest_sys(g, text);
	switch (op) {
	case OP_HVC:
		if (hcr & HCR_HCD)
			return guest_undefined(g);
		/* The preferred return address is that of the next instruction. */
		g->sys->elr_el2 += GUEST_INSN_BYTES;
		return trap(g, ESR_ELx_EC_HVC64, imm);
	case OP_SMC:
		/* There is no EL3. */
		return hcr & HCR_TSC ? trap(g, ESR_ELx_EC_SMC64, imm) : guest_undefined(g);
	case OP_SVC:
		g->sys->elr_el2 += GUEST_INSN_BYTES;
		guest_exception_to_el1(g, (u64)ESR_ELx_EC_SVC64 << ESR_ELx_EC_SHIFT | ESR_ELx_IL | imm, 0);
		return true;
	case OP_WFI:
		return wait(g, hcr & HCR_TWI, ESR_ELx_WFx_ISS_WFI);
	case OP_WFE:
		return wait(g, hcr & HCR_TWE, ESR_ELx_WFx_ISS_WFE);
	case OP_STG:
	case OP_LDG:
		return arm64_have.mte ? guest_tag_insn(g, text, op == OP_STG) : guest_undefined(g);
	case OP_ISB:
		arm64_isb();
		fallthrough;
	case OP_BARRIER:	/* a guest's maintenance has taken effect already */
	case OP_NOP:
		g->sys->elr_el2 += GUEST_INSN_BYTES;
		return true;
	}
	return true;
}
