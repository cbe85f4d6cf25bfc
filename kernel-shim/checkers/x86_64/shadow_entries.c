// SPDX-License-Identifier: GPL-2.0-only
/*
 * The check of shadow entries against the guest's own tables: an entry may lead only where the guest's does, and may
 * not allow what that forbids. Tables that KVM lets the guest write (unsync) are left out, and those of 4-byte entries.
 *
 * KVM does not learn of the VMM's writes to the guest's tables. So a table is left out from then on, until it has no
 * shadow page any more. The same holds if its frame changes.
 */
#include <linux/hash.h>
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <kshim/arch.h>
#include <kshim/host.h>
#include "mmu.h"
#include "mmu/mmu_internal.h"
#include "mmu/spte.h"
#include "model.h"
#include "checkers.h"

#define GUEST_FRAME GENMASK_ULL(51, 12)
#define GUEST_DIRTY BIT_ULL(6)
#define GUEST_LARGE BIT_ULL(7)
#define GUEST_NX BIT_ULL(63)
#define ACC_COMPARED (ACC_EXEC_MASK | ACC_WRITE_MASK | ACC_USER_MASK)	/* newer kernels have a right to read, too */
#define MAX_WROTE 1024
#define TABLES 4096	/* a power of two */

/* Frames that processes wrote to since the last check. More than fit: all of them. */
static unsigned long wrote[MAX_WROTE];
static unsigned int nr_wrote;

/* What is known of a table of a guest that has a shadow page. */
static struct known {
	const struct kvm *kvm;	/* NULL: the place is free */
	gfn_t gfn;
	unsigned long pfn;
	bool changed;		/* behind KVM's back */
	unsigned long round;	/* of the last check that saw it */
} tables[TABLES];
static unsigned long round;

void x86_host_wrote(const void *mem)
{
	unsigned long pfn = PHYS_PFN(__pa(mem));
	unsigned int n = READ_ONCE(nr_wrote);

	if (n < MAX_WROTE && (!n || wrote[n - 1] != pfn)) {
		wrote[n] = pfn;
		WRITE_ONCE(nr_wrote, n + 1);
	}
}

static bool was_written(unsigned long pfn)
{
	unsigned int i;

	for (i = 0; i < nr_wrote; i++) {
		if (wrote[i] == pfn)
			return true;
	}
	return nr_wrote == MAX_WROTE;
}

/* Returns the guest's table if it can be compared, or NULL. */
static const u64 *table_of(struct kvm *kvm, const struct kvm_memory_slot *slot, const struct kvm_mmu_page *sp)
{
	struct known *t = &tables[hash_64(sp->gfn + (unsigned long)kvm, ilog2(TABLES))];
	struct kshim_host_pte host;
	bool first;

	if (!slot || !kshim_arch_host_walk(kvm->mm, __gfn_to_hva_memslot(slot, sp->gfn), &host) || !host.present ||
	    !pfn_valid(host.pfn))
		return NULL;
	first = !t->kvm || (t->round < round - 1);
	if (first)
		*t = (struct known){ .kvm = kvm, .gfn = sp->gfn, .pfn = host.pfn };
	else if (t->kvm != kvm || t->gfn != sp->gfn)
		return NULL;	/* another table has this place */
	t->changed |= t->pfn != host.pfn || was_written(host.pfn);
	t->round = round;
	return t->changed ? NULL : __va(PFN_PHYS(host.pfn));
}

/* ACC_*_MASK that an entry of the guest allows. leaf: only if it is dirty. */
static unsigned int guest_access(const struct kvm_mmu_page *sp, u64 entry, bool leaf)
{
	unsigned int access = ACC_EXEC_MASK;

	if (sp->role.efer_nx && entry & GUEST_NX)
		access = 0;
	if (entry & PT_USER_MASK)
		access |= ACC_USER_MASK;
	if (entry & PT_WRITABLE_MASK && (!leaf || entry & GUEST_DIRTY))
		access |= ACC_WRITE_MASK;
	/* With CR0.WP clear KVM makes a page of the user a writable one of the kernel, and the other way round. */
	if (!sp->role.cr0_wp)
		access |= ACC_USER_MASK | ACC_WRITE_MASK;
	return access;
}

static unsigned int shadow_access(u64 spte)
{
	return (spte & PT_WRITABLE_MASK ? ACC_WRITE_MASK : 0) | (spte & shadow_user_mask ? ACC_USER_MASK : 0) |
	       (spte & shadow_nx_mask ? 0 : ACC_EXEC_MASK);
}

/* rom: KVM sets no dirty bits in the table. Returns the number of findings. */
static int check_entry(const struct kvm_mmu_page *sp, unsigned int i, const u64 *guest, bool rom)
{
	const u64 *sptep = &sp->spt[i];
	u64 spte = *sptep, entry = READ_ONCE(guest[i]);
	bool leaf = sp->role.level == PG_LEVEL_4K || entry & GUEST_LARGE;
	gfn_t want = (entry & GUEST_FRAME) >> PAGE_SHIFT, gfn;
	unsigned int access;

	if (sp->role.level > PG_LEVEL_4K && entry & GUEST_LARGE)
		want &= ~((gfn_t)KVM_PAGES_PER_HPAGE(sp->role.level) - 1);
	if (is_last_spte(spte, sp->role.level)) {
		gfn = x86_entry_gfn(__pa(sptep));
		access = shadow_access(spte);
	} else {
		const struct kvm_mmu_page *child = spte_to_child_sp(spte);

		gfn = child->gfn;
		access = child->role.access & ACC_COMPARED;
	}
	if (entry & PT_PRESENT_MASK && gfn == want && !(access & ~guest_access(sp, entry, leaf && !rom)))
		return 0;
	host_about("the shadow entry", sptep);
	host_about("the guest's entry", &guest[i]);
	host_check("shadow-entries",
		   "the guest's table at gfn %llx, level %u, has %llx as entry %u, but the shadow entry is %llx and leads "
		   "to gfn %llx with the rights %x", sp->gfn, sp->role.level, entry, i, spte, gfn, access);
	return 1;
}

static int check_page(struct kvm *kvm, const struct kvm_mmu_page *sp)
{
	const struct kvm_memory_slot *slot = __gfn_to_memslot(__kvm_memslots(kvm, sp->role.smm), sp->gfn);
	const u64 *guest = table_of(kvm, slot, sp);
	unsigned int i;
	int findings = 0;

	for (i = 0; guest && i < SPTE_ENT_PER_PAGE && !findings; i++)
		if (is_shadow_present_pte(sp->spt[i]))
			findings += check_entry(sp, i, guest, slot->flags & KVM_MEM_READONLY);
	return findings;
}

static int check_vm(struct kvm *kvm)
{
	struct kvm_mmu_page *sp;
	int findings = 0;

	if (!atomic_read(&kvm->mm->mm_users))
		return 0;
	mutex_lock(&kvm->slots_lock);
	write_lock(&kvm->mmu_lock);
	list_for_each_entry(sp, &kvm->arch.active_mmu_pages, link) {
		if (!sp->role.invalid && !sp->role.direct && !sp->role.passthrough && !sp->unsync &&
		    !sp->role.has_4_byte_gpte)
			findings += check_page(kvm, sp);
	}
	write_unlock(&kvm->mmu_lock);
	mutex_unlock(&kvm->slots_lock);
	return findings;
}

int kshim_check_shadow_entries(void)
{
	struct kvm *kvm;
	int findings = 0;

	round++;
	mutex_lock(&kvm_lock);
	list_for_each_entry(kvm, &vm_list, vm_list)
		findings += check_vm(kvm);
	mutex_unlock(&kvm_lock);
	nr_wrote = 0;
	return findings;
}
