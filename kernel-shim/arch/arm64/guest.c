// SPDX-License-Identifier: GPL-2.0-only
/* The way into a guest and back, in place of arch/arm64/kvm/hyp/{entry,hyp-entry}.S. */
#include <linux/arm-smccc.h>
#include <linux/kvm_host.h>
#include <asm/esr.h>
#include <asm/kvm_asm.h>
#include <asm/kvm_emulate.h>
#include <asm/kvm_hyp.h>
#include <kshim/marks.h>
#include <arm64/model.h>

/* el1_sync of hyp-entry.S: calls that the host answers at once, because it has applied these workarounds itself. */
static bool answered(struct kvm_vcpu *vcpu, u64 code)
{
	u64 ec = ESR_ELx_EC(arm64_this_cpu()->esr_el2);
	u32 function = vcpu_get_reg(vcpu, 0);

	if (code != ARM_EXCEPTION_TRAP || (ec != ESR_ELx_EC_HVC64 && ec != ESR_ELx_EC_HVC32))
		return false;
	if (function != ARM_SMCCC_ARCH_WORKAROUND_1 && function != ARM_SMCCC_ARCH_WORKAROUND_2 &&
	    function != ARM_SMCCC_ARCH_WORKAROUND_3)
		return false;
	vcpu_set_reg(vcpu, 0, 0);
	return true;
}

/* mte_switch_to_guest and _to_hyp of asm/kvm_mte.h; EL1 of the guest and of the host share these registers. */
static void switch_tags(struct kvm_cpu_context *from, struct kvm_cpu_context *to)
{
	if (!cpus_have_cap(ARM64_MTE) || !(read_sysreg(hcr_el2) & HCR_ATA))
		return;
	ctxt_sys_reg(from, RGSR_EL1) = read_sysreg_s(SYS_RGSR_EL1);
	ctxt_sys_reg(from, GCR_EL1) = read_sysreg_s(SYS_GCR_EL1);
	write_sysreg_s(ctxt_sys_reg(to, RGSR_EL1), SYS_RGSR_EL1);
	write_sysreg_s(ctxt_sys_reg(to, GCR_EL1), SYS_GCR_EL1);
}

REDUCED(__guest_enter, "arch/arm64/kvm/hyp/entry.S",
	"no SError is ever pending; keys of pointer authentication are not switched");
u64 __guest_enter(struct kvm_vcpu *vcpu)
{
	struct kvm_cpu_context *hyp = this_cpu_ptr(&kvm_hyp_ctxt);
	u64 code;

	hyp->__hyp_running_vcpu = vcpu;
	switch_tags(hyp, &vcpu->arch.ctxt);
	do {
		code = arm64_guest_run(vcpu, &vcpu->arch.ctxt.regs);
	} while (answered(vcpu, code));
	switch_tags(&vcpu->arch.ctxt, hyp);
	isb();
	hyp->__hyp_running_vcpu = NULL;
	return code;
}
