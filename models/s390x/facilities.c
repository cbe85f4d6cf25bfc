// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the machine has: facilities as STFLE stores them, and what SCLP reports. The default is about a z14 without
 * cryptography, vector registers, guarded storage and transactions.
 */
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/facility.h>
#include <asm/sclp.h>
#include <asm/setup.h>
#include <kshim/host.h>
#include <kshim/machine.h>
#include <kshim/marks.h>
#include "common/facilities.h"
#include "model.h"

FAITHFUL(stfle_fac_list, "arch/s390/kernel/setup.c");
u64 stfle_fac_list[16];
FAITHFUL(sclp, "drivers/s390/char/sclp_early.c");
struct sclp_info sclp;

/*
 * Facilities in addition to those that the kernel's own architecture level needs: DAT enhancement (3), enhanced DAT
 * (8), local TLB clearing (51), store/fetch indication in the TEID (75), enhanced DAT 2 (78, for guests),
 * instruction-execution protection (130).
 */
static const u8 facilities[] = { 0, 1, 2, 3, 7, 8, 10, 14, 16, 18, 19, 20, 21, 25, 27, 30, 32, 33, 34, 35, 37, 40, 41,
				 44, 45, 47, 49, 51, 52, 53, 54, 75, 78, 130, 131 };

/* What SCLP reports but struct sclp_info lacks; sclp_early_facilities_detect() makes machine flags of it. */
bool s390_esop = true, s390_tlb_guest;

static void set_esop(bool on)
{
	s390_esop = on;
}

static void set_tlb_guest(bool on)
{
	s390_tlb_guest = on;
}

static void set_cmma(bool on)
{
	sclp.has_cmma = on;
}

static void set_skey(bool on)
{
	sclp.has_skey = on;
}

static void set_kss(bool on)
{
	sclp.has_kss = on;
}

static void set_esca(bool on)
{
	sclp.has_esca = sclp.has_64bscao = on;
}

static void set_sigpif(bool on)
{
	sclp.has_sigpif = on;
}

static void set_siif(bool on)
{
	sclp.has_siif = on;
}

/* What has a name: a facility that STFLE stores, or what set changes. */
static const struct {
	const char *name;
	unsigned int nr;
	void (*set)(bool on);
} named[] = {
	{ "idte", 3 }, { "edat1", 8 }, { "tlb_lc", 51 }, { "fsi", 75 }, { "edat2", 78 }, { "nx", 130 }, { "rdp", 194 },
	{ "esop", 0, set_esop }, { "tlb_guest", 0, set_tlb_guest }, { "cmma", 0, set_cmma }, { "skey", 0, set_skey },
	{ "kss", 0, set_kss }, { "esca", 0, set_esca }, { "sigpif", 0, set_sigpif },
	{ "siif", 0, set_siif },
};

const char *s390_facility_name(unsigned int i)
{
	return i < ARRAY_SIZE(named) ? named[i].name : NULL;
}

void s390_facilities_boot(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(facilities); i++)
		__set_facility(facilities[i], stfle_fac_list);
	sclp.has_sief2 = sclp.has_64bscao = sclp.has_esca = 1;
	sclp.has_cmma = sclp.has_ib = sclp.has_cei = sclp.has_kss = 1;
	sclp.hamax = (1UL << 44) - 1;
}

static bool change_number(unsigned int nr, bool on)
{
	if (nr >= 64 * ARRAY_SIZE(stfle_fac_list))
		return false;
	if (on)
		__set_facility(nr, stfle_fac_list);
	else
		__clear_facility(nr, stfle_fac_list);
	return true;
}

static bool change(const char *name, bool on)
{
	unsigned int i, nr;

	if (!kstrtouint(name, 10, &nr))
		return change_number(nr, on);
	for (i = 0; i < ARRAY_SIZE(named); i++) {
		if (strcmp(named[i].name, name))
			continue;
		if (!named[i].set)
			return change_number(named[i].nr, on);
		named[i].set(on);
		return true;
	}
	return false;
}

/* Returns which facility lacks another one that it needs, or NULL if this machine can be built. */
static const char *contradiction(void)
{
	if (test_facility(78) && !test_facility(8))
		return "edat2 needs edat1";
	if (test_facility(51) && !test_facility(3))
		return "tlb_lc needs idte";
	if (s390_tlb_guest && !test_facility(3))
		return "tlb_guest needs idte";
	return NULL;
}

int s390_change_facilities(const char *changes)
{
	int ret = model_change_facilities(changes, change);

	if (ret)
		return ret;
	return contradiction() ? model_refuse_machine(contradiction()) : 0;
}
