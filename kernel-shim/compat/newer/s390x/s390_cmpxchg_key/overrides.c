// SPDX-License-Identifier: GPL-2.0-only
/* Copies of KVM with a storage key (arch/s390/kvm/s390/gaccess.c). */
#include <kshim/insn.h>
#include <kshim/marks.h>

OVERRIDES(mvcos_key, "arch/s390/kvm/s390/gaccess.c");
static int mvcos_key(void *to, const void *from, unsigned long size, u8 dst_key, u8 src_key)
{
	return kshim_mvcos(to, from, size, dst_key, src_key) ? 0 : PGM_PROTECTION;
}
