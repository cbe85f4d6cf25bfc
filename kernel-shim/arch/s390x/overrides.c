// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bodies for kernel functions that consist of s390 instructions, or that look at single bytes of larger words and so
 * depend on the byte order. kcc puts each in place of the kernel's (kernel-shim/kcc/README.md). Those that only some
 * kernels have are in overrides.c of kernel-shim/compat/<form>/s390x.
 */
#include <kshim/insn.h>
#include <kshim/marks.h>
#include <kshim/form/s390_machine_flags.h>

OVERRIDES(copy_page, "arch/s390/include/asm/page.h");
static inline void copy_page(void *to, void *from)
{
	__builtin_memcpy(to, from, 4096);
}

OVERRIDES(page_set_storage_key, "arch/s390/include/asm/page.h");
static inline void page_set_storage_key(unsigned long addr, unsigned char skey, int mapped)
{
	kshim_sske(addr, skey);
}

OVERRIDES(page_get_storage_key, "arch/s390/include/asm/page.h");
static inline unsigned char page_get_storage_key(unsigned long addr)
{
	return kshim_iske(addr);
}

OVERRIDES(page_reset_referenced, "arch/s390/include/asm/page.h");
static inline int page_reset_referenced(unsigned long addr)
{
	return kshim_rrbe(addr);
}

OVERRIDES(__ptep_ipte, "arch/s390/include/asm/pgtable.h");
static __always_inline void __ptep_ipte(unsigned long address, pte_t *ptep, unsigned long opt, unsigned long asce,
					int local)
{
	kshim_ipte((unsigned long *)ptep, address, opt, asce, local);
}

OVERRIDES(__ptep_ipte_range, "arch/s390/include/asm/pgtable.h");
static __always_inline void __ptep_ipte_range(unsigned long address, int nr, pte_t *ptep, int local)
{
	for (; nr >= 0; nr--, address += 4096)
		kshim_ipte((unsigned long *)ptep++, address, 0, 0, local);
}

OVERRIDES(__pmdp_idte, "arch/s390/include/asm/pgtable.h");
static __always_inline void __pmdp_idte(unsigned long addr, pmd_t *pmdp, unsigned long opt, unsigned long asce,
					int local)
{
	kshim_idte_entry((unsigned long *)pmdp, addr, 20, opt, asce, local);
}

OVERRIDES(__pudp_idte, "arch/s390/include/asm/pgtable.h");
static __always_inline void __pudp_idte(unsigned long addr, pud_t *pudp, unsigned long opt, unsigned long asce,
					int local)
{
	kshim_idte_entry((unsigned long *)pudp, addr, 31, opt, asce, local);
}

OVERRIDES(__tlb_flush_local, "arch/s390/include/asm/tlbflush.h");
static inline void __tlb_flush_local(void)
{
	kshim_ptlb();
}

OVERRIDES(__tlb_flush_idte, "arch/s390/include/asm/tlbflush.h");
static inline void __tlb_flush_idte(unsigned long asce)
{
	kshim_idte_asce(asce, MACHINE_HAS_TLB_GUEST ? IDTE_GUEST_ASCE : 0);
}

/* As for a process that is not init, with the sysctl debug.exception-trace off. */
OVERRIDES(report_user_fault, "arch/s390/mm/fault.c");
void report_user_fault(struct pt_regs *regs, long signr, int is_mm_fault)
{
}

OVERRIDES(sske_frame, "arch/s390/mm/pageattr.c");
static inline unsigned long sske_frame(unsigned long addr, unsigned char skey)
{
	return kshim_sske_frame(addr, skey);
}

/* Facility numbers count the bits of a byte string; here each word is stored in host order. */
OVERRIDES(__set_facility, "arch/s390/include/asm/facility.h");
static inline void __set_facility(unsigned long nr, void *facilities)
{
	if (nr < 1024)
		((unsigned long *)facilities)[nr >> 6] |= 1UL << (63 - (nr & 63));
}

OVERRIDES(__clear_facility, "arch/s390/include/asm/facility.h");
static inline void __clear_facility(unsigned long nr, void *facilities)
{
	if (nr < 1024)
		((unsigned long *)facilities)[nr >> 6] &= ~(1UL << (63 - (nr & 63)));
}

OVERRIDES(set_kvm_facility, "arch/s390/kvm/kvm-s390.h");
static inline int set_kvm_facility(u64 *fac_list, unsigned long nr)
{
	if (nr >= MAX_FACILITY_BIT)
		return -EINVAL;
	fac_list[nr >> 6] |= 1UL << (63 - (nr & 63));
	return 0;
}

OVERRIDES(get_tod_clock_fast, "arch/s390/include/asm/timex.h");
static inline unsigned long get_tod_clock_fast(void)
{
	return kshim_stckf();
}

OVERRIDES(store_tod_clock_ext, "arch/s390/include/asm/timex.h");
static __always_inline void store_tod_clock_ext(union tod_clock *tod)
{
	tod->val = (__uint128_t)kshim_stckf() << 56;
}

OVERRIDES(__current_stack_pointer, "arch/s390/include/asm/processor.h");
static __always_inline unsigned long __current_stack_pointer(void)
{
	return (unsigned long)__builtin_frame_address(0);
}

OVERRIDES(get_cpu_id, "arch/s390/include/asm/processor.h");
static inline void get_cpu_id(struct cpuid *ptr)
{
	*ptr = (struct cpuid){ .version = 0xff, .ident = 0x17e, .machine = 0x3906 };
}

OVERRIDES(save_access_regs, "arch/s390/include/asm/access-regs.h");
static inline void save_access_regs(unsigned int *acrs)
{
	kshim_stam(acrs);
}

OVERRIDES(restore_access_regs, "arch/s390/include/asm/access-regs.h");
static inline void restore_access_regs(unsigned int *acrs)
{
	kshim_lam(acrs);
}

/* PERFORM LOCKED OPERATION has the functions that every machine has. */
OVERRIDES(plo_test_bit, "arch/s390/kvm/kvm-s390.c");
static inline int plo_test_bit(unsigned char nr)
{
	return nr < 24;
}
