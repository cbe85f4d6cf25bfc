// SPDX-License-Identifier: GPL-2.0-only
/*
 * The checks of stage 2 as KVM keeps it for itself: its tables' reference counts, and VMIDs.
 *
 * A page of tables has one reference for each descriptor that is not zero, and one of its own (get_page and put_page of
 * struct kvm_pgtable_mm_ops). Between two calls a descriptor that is not valid is zero: another value says that a
 * thread is changing it.
 */
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <kshim/checks.h>
#include <kshim/host.h>
#include "model.h"
#include "checkers.h"

#define DESC_VALID BIT_ULL(0)
#define DESC_TABLE BIT_ULL(1)	/* in the last level: of a page */
#define DESC_ADDRESS GENMASK_ULL(47, 12)
#define LAST_LEVEL (ARM64_LEVELS - 1)

static int findings;

#define finding(fmt, ...)								\
	do {										\
		findings++;								\
		host_check("guest-tables", "stage 2 of process %d: " fmt, ##__VA_ARGS__);	\
	} while (0)

struct tables_check {
	struct arm64_tables t;
	int pid;
};

static void check_table(const struct tables_check *c, u64 pa, unsigned int level, u64 ipa);

/* Checks one page of tables, whose first descriptor is for ipa, and what is below. */
static void check_page(const struct tables_check *c, u64 pa, unsigned int level, u64 ipa, unsigned long entries)
{
	unsigned int shift = arm64_level_shift(c->t.granule, level);
	int used = 0, count = page_count(pfn_to_page(PHYS_PFN(pa)));
	const u64 *table = __va(pa);
	unsigned long i;

	for (i = 0; i < entries; i++) {
		u64 desc = READ_ONCE(table[i]), at = ipa + ((u64)i << shift);

		used += !!desc;
		if (desc && !(desc & DESC_VALID))
			finding("the descriptor of %llx, level %u, is neither valid nor empty: %llx", c->pid, at, level,
				desc);
		else if (desc && level < LAST_LEVEL && desc & DESC_TABLE)
			check_table(c, desc & DESC_ADDRESS, level + 1, at);
		else if (desc & DESC_ADDRESS & ((1ULL << shift) - 1))
			finding("the block of %llx, level %u, is not aligned: %llx", c->pid, at, level, desc);
	}
	if (count == used + 1)
		return;
	kshim_about_frame(PHYS_PFN(pa));
	finding("the table of %llx, level %u, has %d references and %d entries", c->pid, ipa, level, count, used);
}

static void check_table(const struct tables_check *c, u64 pa, unsigned int level, u64 ipa)
{
	unsigned int shift = arm64_level_shift(c->t.granule, level), in_page = c->t.granule - 3U;
	unsigned int bits = level == c->t.start_level ? c->t.input_bits - shift : in_page;
	unsigned long i;

	/* The first table may be several pages, or a part of one. */
	for (i = 0; i < 1UL << bits; i += 1UL << in_page) {
		if (!pfn_valid(PHYS_PFN(pa))) {
			finding("the table of %llx, level %u, is outside of memory: %llx", c->pid, ipa, level, pa);
			return;
		}
		check_page(c, pa + i * sizeof(u64), level, ipa + ((u64)i << shift), min(1UL << bits, 1UL << in_page));
	}
}

int kshim_check_guest_tables(struct kvm *kvm)
{
	struct tables_check c = { .pid = kvm->userspace_pid };
	const struct kvm_s2_mmu *mmu;
	unsigned int i;

	findings = 0;
	for (i = 0; (mmu = arm64_s2_mmu(kvm, i)); i++) {
		if (!arm64_s2_mmu_tables(mmu, &c.t))
			continue;
		write_lock(&kvm->mmu_lock);
		check_table(&c, c.t.base, c.t.start_level, 0);
		write_unlock(&kvm->mmu_lock);
	}
	return findings;
}

/* VMIDs of one generation, 0 if there is none yet. */
static u64 vmid_of(const struct kvm_s2_mmu *mmu)
{
	return atomic64_read(&mmu->vmid.id);
}

/* Returns the VM that has this VMID for its stage 2 number `from`, or for one behind it, or NULL. */
static struct kvm *has_vmid(struct kvm *kvm, unsigned int from, u64 id)
{
	struct kvm_s2_mmu *mmu;
	unsigned int i;

	for (i = from; (mmu = arm64_s2_mmu(kvm, i)); i++) {
		if (vmid_of(mmu) == id)
			return kvm;
	}
	return NULL;
}

/* Returns a VM that has the VMID of stage 2 number i of kvm for another one: of the same VM, or of those behind it. */
static struct kvm *same_vmid(struct kvm *kvm, unsigned int i)
{
	u64 id = vmid_of(arm64_s2_mmu(kvm, i));
	struct kvm *other = kvm, *found;

	if (!id)
		return NULL;
	found = has_vmid(kvm, i + 1, id);
	if (found)
		return found;
	list_for_each_entry_continue(other, &vm_list, vm_list) {
		found = has_vmid(other, 0, id);
		if (found)
			return found;
	}
	return NULL;
}

int kshim_check_vmids(void)
{
	struct kvm *kvm, *other;
	struct kvm_s2_mmu *mmu;
	unsigned int i;
	int found = 0;

	mutex_lock(&kvm_lock);
	list_for_each_entry(kvm, &vm_list, vm_list) {
		for (i = 0; (mmu = arm64_s2_mmu(kvm, i)); i++) {
			other = same_vmid(kvm, i);
			if (!other)
				continue;
			found++;
			host_check("vmid", "two %s, of the processes %d and %d, have the VMID %llx",
				   other == kvm ? "guests of a VM" : "VMs", kvm->userspace_pid, other->userspace_pid,
				   vmid_of(mmu));
		}
	}
	mutex_unlock(&kvm_lock);
	return found;
}
