// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's accesses to memory tags, in place of arch/arm64/lib/mte.S. They go to the machine's tags. */
#include <linux/mm.h>
#include <linux/uaccess.h>
#include <asm/mte.h>
#include <kshim/marks.h>
#include <arm64/tags.h>

FAITHFUL(mte_clear_page_tags, "arch/arm64/lib/mte.S");
void mte_clear_page_tags(void *addr)
{
	unsigned int i;

	for (i = 0; i < MTE_GRANULES_PER_PAGE; i++)
		arm64_store_tag(__pa(addr) + i * MTE_GRANULE_SIZE, 0);
}

FAITHFUL(mte_zero_clear_page_tags, "arch/arm64/lib/mte.S");
void mte_zero_clear_page_tags(void *addr)
{
	clear_page(addr);
	mte_clear_page_tags(addr);
}

FAITHFUL(mte_copy_page_tags, "arch/arm64/lib/mte.S");
void mte_copy_page_tags(void *to, const void *from)
{
	unsigned int i;

	for (i = 0; i < MTE_GRANULES_PER_PAGE; i++)
		arm64_store_tag(__pa(to) + i * MTE_GRANULE_SIZE, arm64_load_tag(__pa(from) + i * MTE_GRANULE_SIZE));
}

/* One byte of user memory for each tag, whose low four bits count. Both return how many they have copied. */
FAITHFUL(mte_copy_tags_from_user, "arch/arm64/lib/mte.S");
unsigned long mte_copy_tags_from_user(void *to, const void __user *from, unsigned long n)
{
	unsigned long i;
	u8 tag;

	for (i = 0; i < n; i++) {
		if (copy_from_user(&tag, from + i, 1))
			break;
		arm64_store_tag(__pa(to) + i * MTE_GRANULE_SIZE, tag);
	}
	return i;
}

FAITHFUL(mte_copy_tags_to_user, "arch/arm64/lib/mte.S");
unsigned long mte_copy_tags_to_user(void __user *to, void *from, unsigned long n)
{
	unsigned long i;
	u8 tag;

	for (i = 0; i < n; i++) {
		tag = arm64_load_tag(__pa(from) + i * MTE_GRANULE_SIZE);
		if (copy_to_user(to + i, &tag, 1))
			break;
	}
	return i;
}

/* Two tags in a byte, the first one in its low half. */
FAITHFUL(mte_save_page_tags, "arch/arm64/lib/mte.S");
void mte_save_page_tags(const void *page_addr, void *tag_storage)
{
	phys_addr_t pa = __pa(page_addr);
	u8 *out = tag_storage;
	unsigned int i;

	for (i = 0; i < MTE_GRANULES_PER_PAGE; i += 2)
		out[i / 2] = arm64_load_tag(pa + i * MTE_GRANULE_SIZE) |
			     arm64_load_tag(pa + (i + 1) * MTE_GRANULE_SIZE) << 4;
}

FAITHFUL(mte_restore_page_tags, "arch/arm64/lib/mte.S");
void mte_restore_page_tags(void *page_addr, const void *tag_storage)
{
	phys_addr_t pa = __pa(page_addr);
	const u8 *in = tag_storage;
	unsigned int i;

	for (i = 0; i < MTE_GRANULES_PER_PAGE; i++)
		arm64_store_tag(pa + i * MTE_GRANULE_SIZE, in[i / 2] >> (i % 2 * 4));
}
