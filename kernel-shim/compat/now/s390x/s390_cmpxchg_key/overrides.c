// SPDX-License-Identifier: GPL-2.0-only
/* Compare-and-exchange of KVM_S390_MEM_OP (arch/s390/kvm/gaccess.c). */
#include <kshim/marks.h>

/* KVM_S390_MEM_OP has operands at the end of 16 bytes, where a big-endian number begins. */
OVERRIDES(cmpxchg_guest_abs_with_key, "arch/s390/kvm/gaccess.c");
int cmpxchg_guest_abs_with_key(struct kvm *kvm, gpa_t gpa, int len, __uint128_t *old_addr, __uint128_t new,
			       u8 access_key, bool *success)
{
	int shift = 8 * (sizeof(new) - len);
	__uint128_t old = *old_addr >> shift;
	int ret = kcc_kernel_cmpxchg_guest_abs_with_key(kvm, gpa, len, &old, new >> shift, access_key, success);

	*old_addr = old << shift;
	return ret;
}
