// SPDX-License-Identifier: GPL-2.0-only
/* What the machine has, as arm64_have and as fields of ID registers. Scenarios may change it before KVM is loaded. */
#include <linux/bitfield.h>
#include <linux/kernel.h>
#include <asm/sysreg.h>
#include "common/facilities.h"
#include "cpu.h"
#include "model.h"
#include "sysreg.h"

struct arm64_features arm64_have = {
	.pa_bits = 48, .asid16 = true, .vmid16 = true, .haf = true, .dbm = true, .xnx = true, .fwb = true, .ttl = true,
	.range = true, .dic = true, .idc = true,
};

/* What has a name. Scenarios cannot change the rest: the kernel has been configured for it. */
static const struct model_facility named[] = {
	{ "vmid16", &arm64_have.vmid16 }, { "haf", &arm64_have.haf }, { "dbm", &arm64_have.dbm },
	{ "xnx", &arm64_have.xnx }, { "fwb", &arm64_have.fwb }, { "ttl", &arm64_have.ttl },
	{ "range", &arm64_have.range }, { "bbml2", &arm64_have.bbml2 }, { "dic", &arm64_have.dic },
	{ "idc", &arm64_have.idc }, { "mte", &arm64_have.mte }, { "nv2", &arm64_have.nv2 },
};

const char *arm64_feature_name(unsigned int i)
{
	return i < ARRAY_SIZE(named) ? named[i].name : NULL;
}

static u64 parange(void)
{
	static const u8 bits[] = { 32, 36, 40, 42, 44, 48 };
	unsigned int i;

	for (i = 0; bits[i] != arm64_have.pa_bits; i++)
		;
	return i;
}

/* Sets a field of an ID register: its mask, and its value. */
#define SET_ID(reg, mask, value) ((reg) = ((reg) & ~(u64)(mask)) | FIELD_PREP(mask, value))

void arm64_set_ids(struct arm64_sysregs *r)
{
	const struct arm64_features *have = &arm64_have;

	SET_ID(r->ctr_el0, CTR_EL0_DIC_MASK, have->dic);
	SET_ID(r->ctr_el0, CTR_EL0_IDC_MASK, have->idc);
	SET_ID(r->id_aa64isar0_el1, ID_AA64ISAR0_EL1_TLB_MASK, have->range ? ID_AA64ISAR0_EL1_TLB_RANGE : 0);
	SET_ID(r->id_aa64pfr1_el1, ID_AA64PFR1_EL1_MTE_MASK, have->mte ? ID_AA64PFR1_EL1_MTE_MTE2 : 0);
	SET_ID(r->id_aa64mmfr0_el1, ID_AA64MMFR0_EL1_PARANGE_MASK, parange());
	SET_ID(r->id_aa64mmfr0_el1, ID_AA64MMFR0_EL1_ASIDBITS_MASK, have->asid16 ? ID_AA64MMFR0_EL1_ASIDBITS_16 : 0);
	SET_ID(r->id_aa64mmfr1_el1, ID_AA64MMFR1_EL1_HAFDBS_MASK,
	       have->dbm ? ID_AA64MMFR1_EL1_HAFDBS_DBM : have->haf ? ID_AA64MMFR1_EL1_HAFDBS_AF : 0);
	SET_ID(r->id_aa64mmfr1_el1, ID_AA64MMFR1_EL1_VMIDBits_MASK, have->vmid16 ? ID_AA64MMFR1_EL1_VMIDBits_16 : 0);
	SET_ID(r->id_aa64mmfr1_el1, ID_AA64MMFR1_EL1_XNX_MASK, have->xnx);
	SET_ID(r->id_aa64mmfr2_el1, ID_AA64MMFR2_EL1_ST_MASK, have->ttst);
	SET_ID(r->id_aa64mmfr2_el1, ID_AA64MMFR2_EL1_FWB_MASK, have->fwb);
	SET_ID(r->id_aa64mmfr2_el1, ID_AA64MMFR2_EL1_TTL_MASK, have->ttl);
	SET_ID(r->id_aa64mmfr2_el1, ID_AA64MMFR2_EL1_BBM_MASK, have->bbml2 ? 2 : 0);
	SET_ID(r->id_aa64mmfr2_el1, ID_AA64MMFR2_EL1_NV_MASK, have->nv2 ? ID_AA64MMFR2_EL1_NV_NV2 : 0);
	/* A guest's hypervisor has HCR_EL2.E2H set: there is no HCR_EL2.NV1. */
	SET_ID(r->id_aa64mmfr4_el1, ID_AA64MMFR4_EL1_E2H0_MASK, have->nv2 ? ID_AA64MMFR4_EL1_E2H0_NI_NV1 : 0);
}

static bool change(const char *name, bool on)
{
	return model_set_facility(named, ARRAY_SIZE(named), name, on);
}

int arm64_change_features(const char *changes)
{
	int ret = model_change_facilities(changes, change);

	if (ret)
		return ret;
	if (arm64_have.dbm && !arm64_have.haf)
		return model_refuse_machine("dbm needs haf");
	/* The kernel takes it for granted, too: __clean_dcache_guest_page(). */
	if (arm64_have.fwb && !arm64_have.idc)
		return model_refuse_machine("fwb needs idc");
	/* KVM walks a whole shadow stage 2, of as many bits, in steps of 1 GiB: whenever the host changes anything. */
	if (arm64_have.nv2)
		arm64_have.pa_bits = 40;
	return 0;
}
