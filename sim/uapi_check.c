// SPDX-License-Identifier: GPL-2.0-only
/*
 * A kernel TU that compares the layouts used by sim/lua with the kernel's headers, at compile time.
 * Only compiled against a supported kernel: another tree may lack some of the names.
 */
#include <linux/kvm.h>
#include <linux/userfaultfd.h>

#ifndef CONFIG_X86
#include <linux/kvm_host.h>
#endif

#define LAYOUT(type, field, offset) _Static_assert(offsetof(type, field) == (offset), #type "." #field)
#define SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type)

SIZE(struct kvm_userspace_memory_region, 32);
LAYOUT(struct kvm_userspace_memory_region, userspace_addr, 24);
SIZE(struct kvm_userspace_memory_region2, 160);
LAYOUT(struct kvm_userspace_memory_region2, guest_memfd_offset, 32);
LAYOUT(struct kvm_userspace_memory_region2, guest_memfd, 40);
SIZE(struct kvm_dirty_log, 16);
SIZE(struct kvm_clear_dirty_log, 24);
LAYOUT(struct kvm_clear_dirty_log, first_page, 8);
LAYOUT(struct kvm_clear_dirty_log, dirty_bitmap, 16);
SIZE(struct kvm_enable_cap, 104);
LAYOUT(struct kvm_enable_cap, args, 8);
SIZE(struct kvm_create_guest_memfd, 64);
SIZE(struct kvm_memory_attributes, 32);
LAYOUT(struct kvm_memory_attributes, flags, 24);
SIZE(struct kvm_pre_fault_memory, 64);
SIZE(struct kvm_coalesced_mmio_zone, 16);
SIZE(struct kvm_ioeventfd, 64);
LAYOUT(struct kvm_ioeventfd, flags, 24);
SIZE(struct kvm_translation, 24);
LAYOUT(struct kvm_run, exit_reason, 8);
SIZE(struct kvm_create_device, 12);
LAYOUT(struct kvm_create_device, fd, 4);
SIZE(struct kvm_device_attr, 24);
LAYOUT(struct kvm_device_attr, group, 4);
LAYOUT(struct kvm_device_attr, addr, 16);
SIZE(struct kvm_one_reg, 16);
SIZE(struct uffd_msg, 32);
LAYOUT(struct uffd_msg, arg.pagefault.address, 16);
LAYOUT(struct uffd_msg, arg.pagefault.feat.ptid, 24);
LAYOUT(struct uffd_msg, arg.remap.len, 24);
SIZE(struct uffdio_api, 24);
SIZE(struct uffdio_register, 32);
SIZE(struct uffdio_copy, 40);
LAYOUT(struct uffdio_copy, copy, 32);
LAYOUT(struct uffdio_zeropage, zeropage, 24);
SIZE(struct uffdio_writeprotect, 24);
LAYOUT(struct uffdio_continue, mapped, 24);
LAYOUT(struct uffdio_poison, updated, 24);
LAYOUT(struct uffdio_move, move, 32);
#ifdef CONFIG_X86
LAYOUT(struct kvm_run, mmio.phys_addr, 32);
LAYOUT(struct kvm_run, mmio.data, 40);
LAYOUT(struct kvm_run, mmio.len, 48);
LAYOUT(struct kvm_run, mmio.is_write, 52);
LAYOUT(struct kvm_run, memory_fault.gpa, 40);
LAYOUT(struct kvm_run, memory_fault.size, 48);
LAYOUT(struct kvm_run, internal.data, 40);
LAYOUT(struct kvm_run, io.data_offset, 40);
SIZE(struct kvm_regs, 144);
SIZE(struct kvm_sregs, 312);
SIZE(struct kvm_segment, 24);
LAYOUT(struct kvm_sregs, gdt, 192);
LAYOUT(struct kvm_sregs, cr0, 224);
LAYOUT(struct kvm_sregs, efer, 264);
SIZE(struct kvm_cpuid2, 8);
SIZE(struct kvm_cpuid_entry2, 40);
#else
SIZE(struct kvm_sregs, 192);
LAYOUT(struct kvm_sregs, crs, 64);
_Static_assert(KVM_GET_SREGS == 0x80c0ae83 && KVM_SET_SREGS == 0x40c0ae84, "s390's struct kvm_sregs");
SIZE(struct kvm_s390_vm_cpu_processor, 2064);
LAYOUT(struct kvm_s390_vm_cpu_processor, fac_list, 16);
SIZE(struct kvm_s390_vm_cpu_machine, 4112);
LAYOUT(struct kvm_s390_vm_cpu_machine, fac_mask, 16);
LAYOUT(struct kvm_run, psw_mask, 32);
LAYOUT(struct kvm_run, psw_addr, 40);
LAYOUT(struct kvm_run, s390_ucontrol.trans_exc_code, 48);
LAYOUT(struct kvm_run, s390_ucontrol.pgm_code, 56);
LAYOUT(struct kvm_run, s390_sieic.icptcode, 48);
LAYOUT(struct kvm_run, s390_sieic.ipa, 50);
LAYOUT(struct kvm_run, s390_sieic.ipb, 52);
LAYOUT(struct kvm_run, kvm_dirty_regs, 312);
SIZE(struct kvm_s390_mem_op, 64);
LAYOUT(struct kvm_s390_mem_op, size, 16);
LAYOUT(struct kvm_s390_mem_op, buf, 24);
LAYOUT(struct kvm_s390_mem_op, ar, 32);
LAYOUT(struct kvm_s390_mem_op, key, 33);
LAYOUT(struct kvm_s390_mem_op, old_addr, 40);
LAYOUT(struct kvm_s390_mem_op, sida_offset, 32);
SIZE(struct kvm_s390_ucas_mapping, 24);
LAYOUT(struct kvm_s390_ucas_mapping, vcpu_addr, 8);
SIZE(struct kvm_s390_interrupt, 16);
LAYOUT(struct kvm_s390_interrupt, parm64, 8);
SIZE(struct kvm_s390_skeys, 64);
LAYOUT(struct kvm_s390_skeys, skeydata_addr, 16);
LAYOUT(struct kvm_s390_skeys, flags, 24);
SIZE(struct kvm_s390_cmma_log, 32);
LAYOUT(struct kvm_s390_cmma_log, count, 8);
LAYOUT(struct kvm_s390_cmma_log, mask, 16);
LAYOUT(struct kvm_s390_cmma_log, values, 24);
#endif
