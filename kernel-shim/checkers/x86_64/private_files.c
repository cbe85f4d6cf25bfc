// SPDX-License-Identifier: GPL-2.0-only
/*
 * The check of VMs with KVM_CAP_MEM_PRIVATE: a frame has the attribute "private" exactly if its page is in the file of
 * its slot. When the file is closed, what was private stays private until the slot is deleted.
 */
#include <linux/kvm_host.h>
#include <linux/pagemap.h>
#include <kshim/form/guest_memfd.h>
#include <kshim/form/x86_mem_private.h>
#include <kshim/host.h>
#include "checkers.h"

static int findings;

#define finding(fmt, ...) \
	do { \
		findings++; \
		host_check("private-files", fmt, ##__VA_ARGS__); \
	} while (0)

static bool in_file(struct file *file, pgoff_t index)
{
	struct folio *folio = filemap_get_folio(file_inode(file)->i_mapping, index);

	if (IS_ERR(folio))
		return false;
	folio_put(folio);
	return true;
}

static void check_slot(struct kvm *kvm, struct kvm_memory_slot *slot)
{
	gfn_t gfn = slot->base_gfn, end = gfn + slot->npages;
	int before = findings;
	struct file *file;
	pgoff_t index;

	file = kshim_gmem_file(slot, &index);
	if (!file)
		return;
	for (; gfn < end && findings == before; gfn++, index++) {
		bool private = kshim_gfn_is_gmem(kvm, slot, gfn);

		if (private != in_file(file, index))
			finding("gfn %llx of slot %d is %s, but the file %s page %lx", gfn, slot->id,
				private ? "private" : "shared", private ? "does not have" : "has", index);
	}
}

/* Whether a slot has gfn whose file is there, or was there. */
static bool has_slot(struct kvm *kvm, gfn_t gfn)
{
	struct kvm_memory_slot *slot;
	int bkt;

	kvm_for_each_memslot(slot, bkt, __kvm_memslots(kvm, 0))
		if (gfn >= slot->base_gfn && gfn < slot->base_gfn + slot->npages)
			return kshim_slot_had_file(slot);
	return false;
}

int kshim_check_private_files(struct kvm *kvm)
{
	struct kvm_memory_slot *slot;
	unsigned long gfn = 0;
	int bkt;

	findings = 0;
	if (!kshim_files_decide(kvm))
		return 0;
	kvm_for_each_memslot(slot, bkt, __kvm_memslots(kvm, 0))
		check_slot(kvm, slot);
	for (; !findings && kshim_next_attribute(kvm, &gfn); gfn++)
		if (!has_slot(kvm, gfn))
			finding("gfn %lx is private, but no slot has a file for it", gfn);
	return findings;
}
