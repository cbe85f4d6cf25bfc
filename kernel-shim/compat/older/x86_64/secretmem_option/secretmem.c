// SPDX-License-Identifier: GPL-2.0-only
/* memfd_secret() could not be left out of the kernel (mm/secretmem.c); here nobody can call it. */
#include <linux/mm.h>
#include <linux/secretmem.h>
#include <kshim/marks.h>

FAITHFUL(secretmem_aops, "mm/secretmem.c");
const struct address_space_operations secretmem_aops;

FAITHFUL(vma_is_secretmem, "mm/secretmem.c");
bool vma_is_secretmem(struct vm_area_struct *vma)
{
	return false;
}
