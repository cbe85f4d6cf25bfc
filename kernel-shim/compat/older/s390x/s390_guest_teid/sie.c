// SPDX-License-Identifier: GPL-2.0-only
/* SIE as entry.S called it. The handler of the kernel's own faults resolved a host fault of the guest. */
#include <linux/kvm_host.h>
#include <asm/gmap.h>
#include <asm/lowcore.h>
#include <asm/ptrace.h>
#include <s390x/model.h>
#include <kshim/marks.h>
#include "../../../../arch/s390x/internal.h"

int kshim_guest_fault(int code, u64 addr, bool write)
{
	struct pt_regs regs = { .psw.mask = PSW_KERNEL_BITS, .flags = _PIF_GUEST_FAULT };

	return kshim_handle_fault(&regs, code, addr, write, PSW_BITS_AS_PRIMARY) ? 0 : -EFAULT;
}

FAITHFUL(sie64a, "arch/s390/kernel/entry.S");
int sie64a(struct kvm_s390_sie_block *sie, u64 *rsa)
{
	struct gmap *gmap = (struct gmap *)get_lowcore()->gmap;

	return s390_sie(sie, rsa, gmap ? gmap->asce : get_lowcore()->kernel_asce);
}
