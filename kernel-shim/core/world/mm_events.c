// SPDX-License-Identifier: GPL-2.0-only
/* What the host's mm does by itself (migration, reclaim, splitting, merging, ageing), forced at one address. */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/ksm.h>
#include <linux/kvm_host.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/mm_inline.h>
#include <linux/mman.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>
#include <linux/slab.h>
#include <linux/swap.h>
#include "internal.h"
#include <kshim/form/vma_flags.h>
#include <kshim/arch.h>
#include <kshim/driver.h>
#include <kshim/host.h>
#include <kshim/mem.h>
#include <kshim/memory_error.h>
#include <kshim/form/guest_memfd.h>
#include <kshim/form/isolate_lru_bool.h>
#include <kshim/form/migrate_reason.h>
#include <kshim/form/pageout_referenced.h>
#include <kshim/process.h>
#include "../../wrap/wrap.h"
#include "syscall_entry.h"

static struct host_lock pins_lock;	/* guards the pin lists of all processes */

struct kshim_pin {
	struct list_head node;
	struct page *page;
	unsigned long addr;
};

/*
 * Takes a reference on the page that a present entry maps at addr, without a fault. Returns NULL if there is no present
 * entry or no struct page.
 */
static struct page *get_mapped_page(struct mm_struct *mm, unsigned long addr)
{
	struct kshim_host_pte e;
	struct page *page = NULL;
	unsigned long pfn;

	mmap_read_lock(mm);
	if (kshim_arch_host_walk(mm, addr, &e) && e.present && pfn_valid(e.pfn)) {
		pfn = e.pfn;
		page = pfn_to_page(pfn);
		if (!folio_try_get(page_folio(page)))
			page = NULL;
		/* Like gup_fast_pte_range(): the entry may have changed before the reference was taken. */
		if (page && (PageReserved(page) || !kshim_arch_host_walk(mm, addr, &e) || !e.present || e.pfn != pfn)) {
			put_page(page);
			page = NULL;
		}
	}
	mmap_read_unlock(mm);
	return page;
}

/* Does what do_pages_move() of mm/migrate.c does for one page: isolate, then migrate_pages(). */
static long event_migrate(struct mm_struct *mm, unsigned long addr)
{
	struct migration_target_control mtc = KSHIM_MIGRATION_TARGET(MR_SYSCALL);
	struct page *page = get_mapped_page(mm, addr);
	struct folio *folio;
	bool isolated;
	LIST_HEAD(list);
	int left;

	if (!page)
		return -EFAULT;
	folio = page_folio(page);
	lru_add_drain();
	isolated = kshim_folio_isolate(folio);
	folio_put(folio);
	if (!isolated)
		return -EBUSY;
	list_add_tail(&folio->lru, &list);
	node_stat_mod_folio(folio, NR_ISOLATED_ANON + folio_is_file_lru(folio),
			    folio_nr_pages(folio));
	left = migrate_pages(&list, alloc_migration_target, NULL, (unsigned long)&mtc, MIGRATE_SYNC, MR_SYSCALL, NULL);
	if (left) {
		putback_movable_pages(&list);
		return left < 0 ? left : -EAGAIN;
	}
	return 0;
}

static long event_split_huge(struct mm_struct *mm, unsigned long addr)
{
	struct page *page = get_mapped_page(mm, addr);
	struct folio *folio;
	long ret;

	if (!page)
		return -EFAULT;
	folio = page_folio(page);
	if (!folio_test_large(folio) || folio_test_hugetlb(folio)) {
		folio_put(folio);
		return -EINVAL;
	}
	folio_lock(folio);
	ret = split_huge_page(page);
	/* After a split the lock and the reference belong to the page's own folio. */
	folio = page_folio(page);
	folio_unlock(folio);
	folio_put(folio);
	return ret;
}

static long event_ksm_merge(struct mm_struct *mm, unsigned long a, unsigned long b)
{
	long ret;

	a &= PAGE_MASK;
	b &= PAGE_MASK;
	if (a == b)
		return -EINVAL;
	ret = kshim_sys_madvise(a, PAGE_SIZE, MADV_MERGEABLE);
	if (!ret)
		ret = kshim_sys_madvise(b, PAGE_SIZE, MADV_MERGEABLE);
	if (ret)
		return ret;
	return kshim_ksm_merge(mm, a, b);
}

static long event_age(struct mm_struct *mm, unsigned long addr)
{
	struct page *page = get_mapped_page(mm, addr);
	struct folio *folio;
	kshim_vma_flags vm_flags;
	long ret;

	if (!page)
		return -EFAULT;
	folio = page_folio(page);
	folio_lock(folio);
	ret = folio_referenced(folio, 1, NULL, &vm_flags);
	folio_unlock(folio);
	folio_put(folio);
	return ret;
}

static long event_pin(struct kshim_process *p, unsigned long addr, bool write)
{
	struct kshim_pin *pin = kzalloc(sizeof(*pin), GFP_KERNEL);
	long ret;

	if (!pin)
		return -ENOMEM;
	pin->addr = addr & PAGE_MASK;
	ret = pin_user_pages_fast(pin->addr, 1, FOLL_LONGTERM | (write ? FOLL_WRITE : 0), &pin->page);
	if (ret != 1) {
		kfree(pin);
		return ret < 0 ? ret : -EFAULT;
	}
	host_lock(&pins_lock);
	list_add_tail(&pin->node, &p->pins);
	host_unlock(&pins_lock);
	return 0;
}

/* Takes the newest pin at addr (-1: at any address) off the process's list. Returns NULL if there is none. */
static struct kshim_pin *take_pin(struct kshim_process *p, unsigned long addr)
{
	struct kshim_pin *pin, *found = NULL;

	host_lock(&pins_lock);
	list_for_each_entry_reverse(pin, &p->pins, node) {
		if (addr == -1UL || pin->addr == addr) {
			found = pin;
			list_del(&pin->node);
			break;
		}
	}
	host_unlock(&pins_lock);
	return found;
}

static void drop_pin(struct kshim_pin *pin)
{
	unpin_user_page(pin->page);
	kfree(pin);
}

static long event_unpin(struct kshim_process *p, unsigned long addr)
{
	struct kshim_pin *pin = take_pin(p, addr & PAGE_MASK);

	if (!pin)
		return -ENOENT;
	drop_pin(pin);
	return 0;
}

void kshim_release_pins(struct kshim_process *p)
{
	struct kshim_pin *pin;

	while ((pin = take_pin(p, -1UL)))
		drop_pin(pin);
}

/* What MADV_PAGEOUT has written stays in the swap cache, because it does not wait for the end of the writing. */
static long event_swap_out(unsigned long addr, unsigned long length)
{
	unsigned int pass;
	long ret = 0;

	for (pass = 0; pass < KSHIM_PAGEOUT_PASSES; pass++)
		ret = kshim_sys_madvise(addr, length, MADV_PAGEOUT);
	lru_add_drain();
	kshim_swap_cache_reclaim();
	return ret;
}

static long event_file_memory_error(unsigned int fd, unsigned long offset)
{
	struct file *file = fget(fd);
	struct page *page;

	if (!file)
		return -EBADF;
	page = find_get_page(file->f_mapping, offset >> PAGE_SHIFT);
	fput(file);
	return kshim_memory_error(page);
}

/* Of a huge page the bitmap has the first frame only. */
static long event_idle(struct mm_struct *mm, unsigned long addr, long (*fn)(unsigned long pfn))
{
	struct page *page = get_mapped_page(mm, addr);
	struct folio *folio;
	unsigned long pfn;

	if (!page)
		return -EFAULT;
	folio = page_folio(page);
	pfn = folio_pfn(folio);
	lru_add_drain();
	folio_put(folio);
	return fn(pfn);
}

static long event_populate(const uint64_t a[6])
{
	struct kvm *kvm = kshim_fd_to_vm(a[0]);

	if (!kvm)
		return -EBADF;
	if (!PAGE_ALIGNED(a[1] | a[2] | a[3]))
		return -EINVAL;
	return kshim_gmem_populate(kvm, a[1] >> PAGE_SHIFT, a[3], (int64_t)a[2] >> PAGE_SHIFT);
}

static int64_t do_event(struct kshim_process *p, enum kvmsim_event ev, const uint64_t a[6])
{
	switch (ev) {
	case KVMSIM_EV_MIGRATE:
		return event_migrate(p->mm, a[0]);
	case KVMSIM_EV_SWAP_OUT:
		return event_swap_out(a[0], a[1]);
	case KVMSIM_EV_SPLIT_HUGE:
		return event_split_huge(p->mm, a[0]);
	case KVMSIM_EV_COLLAPSE_HUGE:
		return kshim_sys_madvise(a[0], a[1], MADV_COLLAPSE);
	case KVMSIM_EV_KHUGEPAGED:
		return kshim_khugepaged_scan();
	case KVMSIM_EV_KSM_MERGE:
		return event_ksm_merge(p->mm, a[0], a[1]);
	case KVMSIM_EV_PFNMAP:
		return kshim_map_device_memory(a[0], a[1], a[2]);
	case KVMSIM_EV_AGE:
		return event_age(p->mm, a[0]);
	case KVMSIM_EV_PIN:
		return event_pin(p, a[0], a[1]);
	case KVMSIM_EV_UNPIN:
		return event_unpin(p, a[0]);
	case KVMSIM_EV_MEMORY_ERROR:
		return kshim_memory_error(get_mapped_page(p->mm, a[0]));
	case KVMSIM_EV_FILE_MEMORY_ERROR:
		return event_file_memory_error(a[0], a[1]);
	case KVMSIM_EV_POPULATE:
		return event_populate(a);
	case KVMSIM_EV_GUEST_MAP:
	case KVMSIM_EV_GUEST_MAP_READ:
	case KVMSIM_EV_GUEST_MAP_WRITE:
	case KVMSIM_EV_GUEST_UNMAP:
		return kshim_guest_map_event(p, ev, a);
	case KVMSIM_EV_DROP_SLAB:
		drop_slab();
		return 0;
	case KVMSIM_EV_HUGETLB_COUNT:
		return kshim_hugetlb_count(a[0], a[1]);
	case KVMSIM_EV_HUGETLB_SET:
		return kshim_hugetlb_set(a[0], a[1], a[2]);
	case KVMSIM_EV_SET_IDLE:
		return event_idle(p->mm, a[0], kshim_page_set_idle);
	case KVMSIM_EV_IS_IDLE:
		return event_idle(p->mm, a[0], kshim_page_idle);
	case KVMSIM_EV_NUMA_SCAN:
		return kshim_numa_scan();
	case KVMSIM_EV_NUMA_COUNT:
		return kshim_numa_count(a[0]);
	case KVMSIM_NR_EVENTS:
		break;
	}
	return kshim_driver_event(ev, a);
}

int64_t kshim_event(int pid, enum kvmsim_event ev, const uint64_t a[6])
{
	struct kshim_process *p = kshim_process_enter(pid);
	int64_t ret;

	if (!p)
		return -ESRCH;
	ret = do_event(p, ev, a);
	kshim_process_leave();
	return ret;
}
