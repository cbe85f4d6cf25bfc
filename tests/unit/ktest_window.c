// SPDX-License-Identifier: GPL-2.0-only
/* Kernel half of the tests of programs in this process: see test_window.c. */
#include <linux/mm.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <kshim/process.h>
#include "ktest_window.h"

unsigned long ktest_copy_from(int pid, void *to, const void *from, unsigned long n)
{
	unsigned long left;

	kshim_process_enter(pid);
	left = copy_from_user(to, (const void __user *)from, n);
	kshim_process_leave();
	return left;
}

unsigned long ktest_copy_to(int pid, void *to, const void *from, unsigned long n)
{
	unsigned long left;

	kshim_process_enter(pid);
	left = copy_to_user((void __user *)to, from, n);
	kshim_process_leave();
	return left;
}

unsigned long ktest_clear(int pid, void *to, unsigned long n)
{
	unsigned long left;

	kshim_process_enter(pid);
	left = clear_user((void __user *)to, n);
	kshim_process_leave();
	return left;
}

int ktest_swap(int pid, uint32_t *p, uint32_t *old, uint32_t value)
{
	u32 __user *at = (u32 __user *)p;
	int ret = -EFAULT;

	kshim_process_enter(pid);
	if (user_access_begin(at, sizeof(*at)))
		ret = unsafe_try_cmpxchg_user(at, old, value, fault);
fault:
	user_access_end();
	kshim_process_leave();
	return ret;
}

bool ktest_vmalloc_is_ram(unsigned long bytes)
{
	unsigned long i;
	bool same = true;
	u8 *area = vzalloc(bytes), *frame;

	for (i = 0; area && i < bytes; i += PAGE_SIZE) {
		same &= !area[i];
		area[i] = i >> PAGE_SHIFT;
		frame = page_address(vmalloc_to_page(area + i));
		same &= frame[0] == area[i];
		frame[1] = 0x55;
		same &= area[i + 1] == 0x55;
	}
	vfree(area);
	return area && same;
}
