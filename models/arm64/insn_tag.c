// SPDX-License-Identifier: GPL-2.0-only
/* Instructions of the guest that load and store memory tags: LDG and STG without an offset (Arm ARM C6.2). */
#include <linux/kvm_host.h>
#include <kshim/hw.h>
#include "guest.h"
#include "tags.h"

#define RN(text) ((text) >> 5 & 0x1f)
#define RT(text) ((text) & 0x1f)
#define SP_OR_XZR 31
#define TAG_SHIFT 56

bool guest_tag_insn(struct guest *g, u32 text, bool store)
{
	struct arm64_access access = {
		.read = !store, .write = store, .user = (g->sys->spsr_el2 & PSR_MODE_MASK) == PSR_MODE_EL0t,
		.pan = g->sys->spsr_el2 & PSR_PAN_BIT, .tag = true, .bytes = store ? ARM64_TAG_BYTES : 1,
	};
	u64 addr, value, pa = 0, tag = 0;
	struct arm64_fault f = {};
	unsigned long flags;

	if (RN(text) == SP_OR_XZR || RT(text) == SP_OR_XZR)
		host_fatal(KVMSIM_REFUSED, NULL, 0, "LDG or STG with SP or XZR, which is not modelled");
	addr = g->regs->regs[RN(text)];
	value = g->regs->regs[RT(text)];
	flags = kshim_hw_access_begin();
	if (store && !IS_ALIGNED(addr, ARM64_TAG_BYTES)) {
		f = (struct arm64_fault){ .failed = true, .fsc = ARM64_FSC_ALIGNMENT, .write = true };
	} else if (arm64_translate_guest(addr, &access, &pa, &f) && arm64_tags_on(g->cpu, access.user)) {
		if (store)
			arm64_store_tag(pa, ARM64_TAG_OF(value));
		else
			tag = arm64_load_tag(pa);
	}
	kshim_hw_access_end(flags);
	if (f.failed)
		return guest_abort(g, &f, &access, addr);
	if (!store)
		g->regs->regs[RT(text)] = (value & ~(0xfULL << TAG_SHIFT)) | tag << TAG_SHIFT;
	g->sys->elr_el2 += GUEST_INSN_BYTES;
	return true;
}
