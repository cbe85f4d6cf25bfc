/* SPDX-License-Identifier: GPL-2.0-only */
/* An initcall of arch/s390/mm/fault.c looks whether the machine tells fetch from store. */
#ifndef KSHIM_FORM_S390_FAULT_INIT_H
#define KSHIM_FORM_S390_FAULT_INIT_H

#include <linux/init.h>

extern initcall_t __kshim_initcall_fault_init;

/* 0 or -errno. */
static inline int kshim_fault_init(unsigned long user_access)
{
	return __kshim_initcall_fault_init();
}

#endif
