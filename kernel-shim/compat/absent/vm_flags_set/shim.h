/* SPDX-License-Identifier: GPL-2.0-only */
/* Drivers wrote to the flags of their VMA. */
#define vm_flags_set(vma, flags)	((vma)->vm_flags |= (flags))
