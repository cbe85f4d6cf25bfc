/* SPDX-License-Identifier: GPL-2.0-only */
/* One bit of a control register was read like a mask of bits. */
#define kvm_is_cr0_bit_set(vcpu, bit)	(!!kvm_read_cr0_bits(vcpu, bit))
#define kvm_is_cr4_bit_set(vcpu, bit)	(!!kvm_read_cr4_bits(vcpu, bit))
