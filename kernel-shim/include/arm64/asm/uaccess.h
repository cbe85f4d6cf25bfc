/* SPDX-License-Identifier: GPL-2.0-only */
/* What arm64's asm/uaccess.h adds to the common one: what other headers get through it. */
#ifndef KSHIM_ARM64_UACCESS_H
#define KSHIM_ARM64_UACCESS_H

#include <asm/alternative.h>
#include <asm/asm-extable.h>
#include <asm/kernel-pgtable.h>
#include <asm/sysreg.h>
#include_next <asm/uaccess.h>
#include <asm/cpufeature.h>
#include <asm/mmu.h>
#include <asm/mte.h>
#include <asm/ptrace.h>
#include <asm/memory.h>

/* Only functions reach user memory, so nothing is to be opened or closed for it: CONFIG_ARM64_SW_TTBR0_PAN is off. */
static inline bool uaccess_ttbr0_disable(void)
{
	return false;
}

static inline bool uaccess_ttbr0_enable(void)
{
	return false;
}

/* Tags are checked at the granularity of 16 bytes, protections at that of pages. */
static inline size_t probe_subpage_writeable(const char __user *uaddr, size_t size)
{
	return system_supports_mte() ? mte_probe_user_range(uaddr, size) : 0;
}

/* A load whose fault goes to a label; without access_ok(). */
#define __raw_get_user(x, ptr, label)	\
do {					\
	if (__get_user(x, ptr))		\
		goto label;		\
} while (0)

/* As does access to user memory from the kernel's own instructions (PAN). */
static inline void uaccess_enable_privileged(void)
{
}

static inline void uaccess_disable_privileged(void)
{
}

#endif
