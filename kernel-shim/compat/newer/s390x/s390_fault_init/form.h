/* SPDX-License-Identifier: GPL-2.0-only */
/* arch/s390/mm/fault.c looks at the facilities when it needs them, and for who accesses user space before it waits. */
#ifndef KSHIM_FORM_S390_FAULT_INIT_H
#define KSHIM_FORM_S390_FAULT_INIT_H

/* 0 or -errno. user_access: the address of the instruction that accesses user space. */
int kshim_fault_init(unsigned long user_access);

#endif
