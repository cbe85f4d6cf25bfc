/* SPDX-License-Identifier: GPL-2.0-only */
/* arch/s390/mm/fault.c looks at the facilities when it needs them. */
#ifndef KSHIM_FORM_S390_FAULT_INIT_H
#define KSHIM_FORM_S390_FAULT_INIT_H

/* 0 or -errno. */
static inline int kshim_fault_init(void)
{
	return 0;
}

#endif
