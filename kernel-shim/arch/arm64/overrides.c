// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bodies for kernel functions that consist of arm64 instructions. kcc puts each in place of the kernel's
 * (kernel-shim/kcc/README.md), and refuses by name all other instructions.
 */
#include <kshim/marks.h>

OVERRIDES(virt_to_phys, "arch/arm64/include/asm/memory.h");
static inline phys_addr_t virt_to_phys(const volatile void *x)
{
	return __virt_to_phys((unsigned long)(x));
}

OVERRIDES(phys_to_virt, "arch/arm64/include/asm/memory.h");
static inline void *phys_to_virt(phys_addr_t x)
{
	return (void *)(__phys_to_virt(x));
}

OVERRIDES(arch_timer_read_cntpct_el0, "arch/arm64/include/asm/arch_timer.h");
static inline notrace u64 arch_timer_read_cntpct_el0(void)
{
	return read_sysreg(cntpct_el0);
}

OVERRIDES(arch_timer_read_cntvct_el0, "arch/arm64/include/asm/arch_timer.h");
static inline notrace u64 arch_timer_read_cntvct_el0(void)
{
	return read_sysreg(cntvct_el0);
}

OVERRIDES(__arch_counter_get_cntpct, "arch/arm64/include/asm/arch_timer.h");
static __always_inline u64 __arch_counter_get_cntpct(void)
{
	return read_sysreg(cntpct_el0);
}

OVERRIDES(__arch_counter_get_cntvct, "arch/arm64/include/asm/arch_timer.h");
static __always_inline u64 __arch_counter_get_cntvct(void)
{
	return read_sysreg(cntvct_el0);
}

/* The kernel patches the value of CTR_EL0 into the code. */
OVERRIDES(__invalidate_icache_max_range, "arch/arm64/include/asm/kvm_mmu.h");
static inline size_t __invalidate_icache_max_range(void)
{
	u8 iminline = SYS_FIELD_GET(CTR_EL0, IminLine, read_sanitised_ftr_reg(SYS_CTR_EL0)) + 2;

	return MAX_DVM_OPS << iminline;
}
