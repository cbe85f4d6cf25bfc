// SPDX-License-Identifier: GPL-2.0-only
/* The rest of the platform: data of boot code, PAT and MTRR queries, performance counters that do not exist. */
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/msi.h>
#include <linux/perf_event.h>
#include <linux/sched/mm.h>
#include <asm/e820/api.h>
#include <asm/debugreg.h>
#include <asm/hw_breakpoint.h>
#include <asm/memtype.h>
#include <asm/mtrr.h>
#include <asm/perf_event.h>
#include <asm/pgtable.h>
#include <asm/reboot.h>
#include <asm/set_memory.h>
#include <asm/smp.h>
#include <asm/spec-ctrl.h>
#include <asm/vmx.h>
#include <asm/x86_init.h>
#include <kshim/arch.h>
#include <kshim/marks.h>
#include <kshim/mem.h>
#include <kshim/sched.h>
#include <kshim/task.h>
#include "internal.h"

FAITHFUL(init_top_pgt, "arch/x86/kernel/head_64.S");
pgd_t init_top_pgt[PTRS_PER_PGD] __aligned(PAGE_SIZE);
FAITHFUL(pgd_lock, "arch/x86/mm/fault.c");
DEFINE_SPINLOCK(pgd_lock);
FAITHFUL(pgd_list, "arch/x86/mm/fault.c");
LIST_HEAD(pgd_list);
FAITHFUL(__supported_pte_mask, "arch/x86/mm/init_64.c");
pteval_t __supported_pte_mask = ~0ULL;
FAITHFUL(__default_kernel_pte_mask, "arch/x86/mm/init_64.c");
pteval_t __default_kernel_pte_mask = ~0ULL;
FAITHFUL(phys_base, "arch/x86/kernel/head_64.S");
unsigned long phys_base;
REDUCED(x86_platform, "arch/x86/kernel/x86_init.c", "no callback is set");
struct x86_platform_ops x86_platform;
FAITHFUL(cpu_dr7, "arch/x86/kernel/hw_breakpoint.c");
DEFINE_PER_CPU(unsigned long, cpu_dr7);
FAITHFUL(x86_ibpb_exit_to_user, "arch/x86/kernel/cpu/bugs.c");
DEFINE_PER_CPU(bool, x86_ibpb_exit_to_user);

/* Where the linear mapping begins: the only one of the three that code uses here (arch/x86/kernel/head64.c). */
FAITHFUL(page_offset_base, "arch/x86/kernel/head64.c");
unsigned long page_offset_base = KSHIM_RAM_BASE;
FAITHFUL(vmalloc_base, "arch/x86/kernel/head64.c");
unsigned long vmalloc_base = KSHIM_VMALLOC_BASE;
FAITHFUL(vmemmap_base, "arch/x86/kernel/head64.c");
unsigned long vmemmap_base = KSHIM_MEMMAP_BASE;
FAITHFUL(physmem_end, "arch/x86/mm/kaslr.c");
unsigned long physmem_end = KSHIM_RAM_MAX - 1;

/* The processor has none of these flaws. */
FAITHFUL(itlb_multihit_kvm_mitigation, "arch/x86/kernel/cpu/bugs.c");
bool itlb_multihit_kvm_mitigation;
FAITHFUL(l1tf_vmx_mitigation, "arch/x86/kernel/cpu/bugs.c");
enum vmx_l1d_flush_state l1tf_vmx_mitigation = VMENTER_L1D_FLUSH_NOT_REQUIRED;
FAITHFUL(l1tf_mitigation, "arch/x86/kernel/cpu/bugs.c");
enum l1tf_mitigations l1tf_mitigation = L1TF_MITIGATION_OFF;
FAITHFUL(gds_ucode_mitigated, "arch/x86/kernel/cpu/bugs.c");
bool gds_ucode_mitigated(void)
{
	return true;
}

static void send_reschedule(int cpu)
{
	kshim_send_reschedule(cpu);
}

REDUCED(smp_ops, "arch/x86/kernel/smp.c", "only smp_send_reschedule exists, and its interrupt only ends guest mode");
struct smp_ops smp_ops = {
	.smp_send_reschedule = send_reschedule,
};

FAITHFUL(cpu_smt_possible, "kernel/cpu.c");
bool cpu_smt_possible(void)
{
	return false;
}

INERT_VOID(hw_breakpoint_restore, "arch/x86/kernel/hw_breakpoint.c", "the host uses no hardware breakpoints");

/* No MTRR says anything about any frame. */
FAITHFUL(mtrr_type_lookup, "arch/x86/kernel/cpu/mtrr/generic.c");
u8 mtrr_type_lookup(u64 addr, u64 end, u8 *uniform)
{
	*uniform = 1;
	return MTRR_TYPE_WRBACK;
}

FAITHFUL(e820__mapped_raw_any, "arch/x86/kernel/e820.c arch/x86/kernel/e820.c:_e820__mapped_any");
bool e820__mapped_raw_any(u64 start, u64 end, enum e820_type type)
{
	return type == E820_TYPE_RAM && start < PFN_PHYS(max_mapnr);
}

FAITHFUL(perf_get_x86_pmu_capability, "arch/x86/events/core.c");
void perf_get_x86_pmu_capability(struct x86_pmu_capability *cap)
{
	memset(cap, 0, sizeof(*cap));
}

FAITHFUL(x86_msi_msg_get_destid, "arch/x86/kernel/apic/apic.c");
u32 x86_msi_msg_get_destid(struct msi_msg *msg, bool extid)
{
	return msg->arch_addr_lo.destid_0_7 | (extid ? msg->arch_addr_hi.destid_8_31 << 8 : 0);
}

INERT_VOID(perf_register_guest_info_callbacks, "kernel/events/core.c",
	   "nothing samples, so that nobody asks where the guest is");
INERT_VOID(perf_unregister_guest_info_callbacks, "kernel/events/core.c", "like perf_register_guest_info_callbacks");
INERT_ZERO(set_memory_encrypted, "arch/x86/mm/pat/set_memory.c", "memory is not encrypted");
INERT_ZERO(set_memory_decrypted, "arch/x86/mm/pat/set_memory.c", "memory is not encrypted");

/* Like setup_new_exec() and arch_pick_mmap_layout() for a 64-bit program without randomization. */
void kshim_arch_init_mm(struct mm_struct *mm, bool pgste)
{
	struct rlimit stack = { .rlim_cur = 8UL << 20, .rlim_max = RLIM_INFINITY };

	mm->task_size = kshim_access_limit;	/* ioctls look at it; mmap() stays below TASK_SIZE_MAX */
	arch_pick_mmap_layout(mm, &stack);
}
