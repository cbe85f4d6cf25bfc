// SPDX-License-Identifier: GPL-2.0-only
/*
 * A kernel TU for s390 that holds constants_memop.def, and the layouts that sim/lua/s390x_state.lua and s390x_memop.lua
 * pack, against the kernel's headers, at compile time.
 */
#include <linux/kvm_host.h>

#define CONSTANT(name, value) _Static_assert((unsigned long long)(name) == (value), #name);
#include "constants_memop.def"

#define LAYOUT(type, field, offset) _Static_assert(offsetof(type, field) == (offset), #type "." #field)
#define SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type)

SIZE(struct kvm_s390_mem_op, 64);
LAYOUT(struct kvm_s390_mem_op, size, 16);
LAYOUT(struct kvm_s390_mem_op, buf, 24);
LAYOUT(struct kvm_s390_mem_op, ar, 32);
LAYOUT(struct kvm_s390_mem_op, key, 33);
LAYOUT(struct kvm_s390_mem_op, old_addr, 40);
LAYOUT(struct kvm_s390_mem_op, sida_offset, 32);
SIZE(struct kvm_sregs, 192);
LAYOUT(struct kvm_sregs, crs, 64);
_Static_assert(KVM_GET_SREGS == 0x80c0ae83 && KVM_SET_SREGS == 0x40c0ae84, "s390's struct kvm_sregs");
LAYOUT(struct kvm_run, psw_mask, 32);
LAYOUT(struct kvm_run, psw_addr, 40);
