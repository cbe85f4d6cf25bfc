// SPDX-License-Identifier: GPL-2.0-only
/* Uncorrected errors of memory: what the handlers of machine checks tell the mm (arch/x86/kernel/cpu/mce/core.c). */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <kshim/host.h>
#include <kshim/memory_error.h>

#ifdef CONFIG_MEMORY_FAILURE
/* Drops the caller's reference first: the handler has only the address of the frame. */
long kshim_memory_error(struct page *page)
{
	unsigned long pfn;

	if (!page)
		return -ENOENT;
	pfn = page_to_pfn(page);
	put_page(page);
	return memory_failure(pfn, 0);
}

/* PG_hwpoison, which a huge page that cannot be split has for one of its pages. */
bool kshim_frame_has_error(unsigned long pfn)
{
	return pfn_valid(pfn) && PageHWPoison(pfn_to_page(pfn));
}

/* kill_me_maybe(): the signals that a task gets when its own access has met the error. */
bool kshim_machine_check(unsigned long pfn)
{
	int ret = memory_failure(pfn, MF_ACTION_REQUIRED);

	if (ret && ret != -EHWPOISON && ret != -EOPNOTSUPP)
		force_sig(SIGBUS);
	return signal_pending(current);
}
#else
long kshim_memory_error(struct page *page)
{
	if (page)
		put_page(page);
	return -ENOSYS;
}

bool kshim_frame_has_error(unsigned long pfn)
{
	return false;
}

bool kshim_machine_check(unsigned long pfn)
{
	return false;
}
#endif
