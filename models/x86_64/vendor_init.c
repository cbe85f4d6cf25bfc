// SPDX-License-Identifier: GPL-2.0-only
/* The vendor module's init, for one of three kinds of processor. */
#include <linux/kvm_host.h>
#include <linux/module.h>
#include <asm/vmx.h>
#include "cpuid.h"
#include "mmu.h"
#include "x86.h"
#include "model.h"
#include "nothing.h"
#include <kshim/form/x86_ept_masks.h>

/*
 * Like svm_hardware_setup() and hardware_setup() of vmx.c, for what the machine has: NX, 1 GiB pages, 4 or 5 levels,
 * EPT with execute-only entries, perhaps with accessed and dirty bits and a page-modification log. It has no TSC
 * scaling, nested virtualization or APIC virtualization.
 */
static int hardware_setup(void)
{
	int levels = model_la57 ? 5 : 4;

	/* Only used for a scaled TSC, which kvm_caps.has_tsc_control forbids; both vendors set them anyway. */
	kvm_caps.max_tsc_scaling_ratio = 1;
	kvm_caps.tsc_scaling_ratio_frac_bits = model_personality == MODEL_EPT ? 48 : 32;
	enable_apicv = false;

	switch (model_personality) {
	case MODEL_EPT:
		kshim_set_ept_masks(model_ept_ad);
		kvm_configure_mmu(true, 0, levels, PG_LEVEL_1G);
		break;
	case MODEL_NPT:
		kvm_configure_mmu(true, levels, levels, PG_LEVEL_1G);
		break;
	case MODEL_SHADOW:
		kvm_configure_mmu(false, 0, 0, PG_LEVEL_1G);
		break;
	}
	model_set_memory_type_quirks();
	model_set_cpu_caps();
	return 0;
}

static struct kvm_x86_init_ops model_init_ops = {
	.hardware_setup = hardware_setup,
	.runtime_ops = &model_x86_ops,
	.pmu_ops = &model_pmu_ops,
};

/* Like vmx_get_mt_mask(); other formats have no such bits. */
static u8 ept_get_mt_mask(struct kvm_vcpu *vcpu, gfn_t gfn, bool is_mmio)
{
	if (is_mmio)
		return MTRR_TYPE_UNCACHABLE << VMX_EPT_MT_EPTE_SHIFT;
	return model_ept_ram_type(vcpu, gfn);
}

int model_vendor_init(void)
{
	int ret;

	if (model_personality == MODEL_EPT)
		model_x86_ops.get_mt_mask = ept_get_mt_mask;
	model_fill_ops(&model_init_ops);
	model_nested_ops.leave_nested = model_no_nested_guest;
	model_fill_nested_ops(&model_init_ops);
	model_fill_changed_ops();
	model_pml_setup();
	model_refuse_rest();
	ret = kvm_x86_vendor_init(&model_init_ops);
	if (ret)
		return ret;
	return model_kvm_init(&model_init_ops);
}
