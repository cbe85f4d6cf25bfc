// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that believes to be in EL2 (FEAT_NV2; Arm ARM D8.11 "Nested virtualization"): it runs in EL1 with HCR_EL2.NV
 * and NV2. TLBI and AT of EL2 trap. Its registers of EL2 and its ERET are refused: the VMM changes them instead.
 */
#include <linux/kvm_host.h>
#include <asm/kvm_arm.h>
#include <asm/kvm_emulate.h>
#include <asm/sysreg.h>
#include <kshim/host.h>
#include "guest.h"

#define OP1_EL2 4
#define OP1_EL12 5

bool guest_in_el2(const struct guest *g)
{
	u64 hcr = g->cpu->s2.hcr;

	if (hcr & HCR_NV1)
		host_fatal(KVMSIM_REFUSED, NULL, 0, "a guest with HCR_EL2.NV1, which is not modelled");
	/* KVM adds the bit that a guest's hypervisor has set for a hypervisor among its own guests. */
	if (hcr & HCR_NV && !is_hyp_ctxt(g->vcpu))
		host_fatal(KVMSIM_REFUSED, NULL, 0, "HCR_EL2.NV for a guest of a guest, which is not modelled");
	return hcr & HCR_NV;
}

bool guest_traps_to_el2(const struct guest *g, u32 encoding)
{
	unsigned int op1 = sys_reg_Op1(encoding);

	if (op1 != OP1_EL2 && op1 != OP1_EL12)
		return false;
	if (!guest_in_el2(g))
		return false;
	if (sys_reg_Op0(encoding) == 1)
		return true;
	/* Some are in memory, some are EL1's, others trap. */
	host_fatal(KVMSIM_REFUSED, NULL, 0, "S%u_%u_C%u_C%u_%u of a guest in EL2, which is not modelled",
		   sys_reg_Op0(encoding), op1, sys_reg_CRn(encoding), sys_reg_CRm(encoding), sys_reg_Op2(encoding));
}
