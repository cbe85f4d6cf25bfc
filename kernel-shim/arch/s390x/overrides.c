// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bodies for kernel functions that consist of s390 instructions, or that look at single bytes of larger words and so
 * depend on the byte order. kcc puts each in place of the kernel's (kernel-shim/kcc/README.md).
 */
#include <kshim/have/s390_cmma_flag.h>
#include <kshim/have/s390_cmpxchg_key.h>
#include <kshim/have/s390_cspg_result.h>
#include <kshim/have/s390_ctlreg.h>
#include <kshim/have/s390_facility_bool.h>
#include <kshim/have/s390_fpu.h>
#include <kshim/have/s390_pgste_lock.h>
#include <kshim/have/s390_rdp.h>
#include <kshim/insn.h>
#include <kshim/marks.h>

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

#ifdef KSHIM_HAVE_S390_RDP
OVERRIDES(__ptep_rdp, "arch/s390/include/asm/pgtable.h");
static __always_inline void __ptep_rdp(unsigned long addr, pte_t *ptep, int local)
{
	kshim_rdp((unsigned long *)ptep, addr, local);
}
#endif

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

OVERRIDES(csp, "arch/s390/include/asm/pgtable.h");
static inline void csp(unsigned int *ptr, unsigned int old, unsigned int new)
{
	kshim_csp(ptr, old, new);
}

OVERRIDES(cspg, "arch/s390/include/asm/pgtable.h");
#ifdef KSHIM_HAVE_S390_CSPG_RESULT
static inline bool cspg(unsigned long *ptr, unsigned long old, unsigned long new)
{
	return kshim_cspg(ptr, old, new) == old;
}
#else
static inline void cspg(unsigned long *ptr, unsigned long old, unsigned long new)
{
	kshim_cspg(ptr, old, new);
}
#endif

/* The kernel's swaps the lower half of the entry, which comes first here. */
OVERRIDES(__pmdp_csp, "arch/s390/include/asm/pgtable.h");
static inline void __pmdp_csp(pmd_t *pmdp)
{
	kshim_csp((unsigned int *)pmdp, pmd_val(*pmdp), pmd_val(*pmdp) | 0x20);
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

#ifndef KSHIM_HAVE_S390_PGSTE_LOCK
OVERRIDES(pgste_get_lock, "arch/s390/mm/pgtable.c");
static inline pgste_t pgste_get_lock(pte_t *ptep)
{
	unsigned long *pgste = (unsigned long *)(ptep + PTRS_PER_PTE), value;

	kshim_pgste_used(ptep);
	do {
		value = __atomic64_or_barrier(PGSTE_PCL_BIT, (long *)pgste);
	} while (value & PGSTE_PCL_BIT);
	return __pgste(value | PGSTE_PCL_BIT);
}

OVERRIDES(pgste_set_unlock, "arch/s390/mm/pgtable.c");
static inline void pgste_set_unlock(pte_t *ptep, pgste_t pgste)
{
	barrier();
	WRITE_ONCE(*(unsigned long *)(ptep + PTRS_PER_PTE), pgste_val(pgste) & ~PGSTE_PCL_BIT);
}

OVERRIDES(pgste_get, "arch/s390/mm/pgtable.c");
static inline pgste_t pgste_get(pte_t *ptep)
{
	kshim_pgste_used(ptep);
	return kcc_kernel_pgste_get(ptep);
}

OVERRIDES(pgste_set, "arch/s390/mm/pgtable.c");
static inline void pgste_set(pte_t *ptep, pgste_t pgste)
{
	kshim_pgste_used(ptep);
	kcc_kernel_pgste_set(ptep, pgste);
}
#endif

/* As for a process that is not init, with the sysctl debug.exception-trace off. */
OVERRIDES(report_user_fault, "arch/s390/mm/fault.c");
void report_user_fault(struct pt_regs *regs, long signr, int is_mm_fault)
{
}

OVERRIDES(gmap_idte_one, "arch/s390/mm/gmap.c");
static inline void gmap_idte_one(unsigned long asce, unsigned long vaddr)
{
	kshim_idte_table(asce, vaddr);
}

#ifndef KSHIM_HAVE_S390_CMMA_FLAG
/* In a logical partition, ESSA is an operation exception. */
OVERRIDES(cmma_test_essa, "arch/s390/mm/page-states.c");
static inline int cmma_test_essa(void)
{
	return -EOPNOTSUPP;
}
#endif

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

OVERRIDES(__test_facility, "arch/s390/include/asm/facility.h");
#ifdef KSHIM_HAVE_S390_FACILITY_BOOL
static __always_inline bool __test_facility(unsigned long nr, void *facilities)
#else
static inline int __test_facility(unsigned long nr, void *facilities)
#endif
{
	return nr < 1024 && (((unsigned long *)facilities)[nr >> 6] >> (63 - (nr & 63)) & 1);
}

OVERRIDES(set_kvm_facility, "arch/s390/kvm/kvm-s390.h");
static inline int set_kvm_facility(u64 *fac_list, unsigned long nr)
{
	if (nr >= MAX_FACILITY_BIT)
		return -EINVAL;
	fac_list[nr >> 6] |= 1UL << (63 - (nr & 63));
	return 0;
}

#ifdef KSHIM_HAVE_S390_FACILITY_BOOL
OVERRIDES(__test_facility_constant, "arch/s390/include/asm/facility.h");
static __always_inline bool __test_facility_constant(unsigned long nr)
{
	return __test_facility(nr, stfle_fac_list);
}
#endif

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

#ifdef KSHIM_HAVE_S390_CTLREG
OVERRIDES(local_ctl_load, "arch/s390/include/asm/ctlreg.h");
static __always_inline void local_ctl_load(unsigned int cr, struct ctlreg *reg)
{
	kshim_lctl(cr, reg->val);
}

OVERRIDES(local_ctl_store, "arch/s390/include/asm/ctlreg.h");
static __always_inline void local_ctl_store(unsigned int cr, struct ctlreg *reg)
{
	reg->val = kshim_stctl(cr);
}
#else
OVERRIDES(__ctl_set_bit, "arch/s390/include/asm/ctl_reg.h");
static __always_inline void __ctl_set_bit(unsigned int cr, unsigned int bit)
{
	kshim_lctl(cr, kshim_stctl(cr) | 1UL << bit);
}

OVERRIDES(__ctl_clear_bit, "arch/s390/include/asm/ctl_reg.h");
static __always_inline void __ctl_clear_bit(unsigned int cr, unsigned int bit)
{
	kshim_lctl(cr, kshim_stctl(cr) & ~(1UL << bit));
}
#endif

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

#ifdef KSHIM_HAVE_S390_FPU
/* The guest's floating-point registers stay in kvm_run, no simulated CPU changes them. */
OVERRIDES(kvm_s390_fpu_store, "arch/s390/kvm/kvm-s390.h");
static inline void kvm_s390_fpu_store(struct kvm_run *run)
{
}

OVERRIDES(kvm_s390_fpu_load, "arch/s390/kvm/kvm-s390.h");
static inline void kvm_s390_fpu_load(struct kvm_run *run)
{
}
#else
/* SFPC refuses values with a reserved bit. */
OVERRIDES(test_fp_ctl, "arch/s390/include/asm/fpu/api.h");
static inline int test_fp_ctl(u32 fpc)
{
	return fpc & 0x07070088 ? -EINVAL : 0;
}
#endif

/* PERFORM LOCKED OPERATION has the functions that every machine has. */
OVERRIDES(plo_test_bit, "arch/s390/kvm/kvm-s390.c");
static inline int plo_test_bit(unsigned char nr)
{
	return nr < 24;
}

#ifdef KSHIM_HAVE_S390_CMPXCHG_KEY
/* KVM_S390_MEM_OP has operands at the end of 16 bytes, where a big-endian number begins. */
OVERRIDES(cmpxchg_guest_abs_with_key, "arch/s390/kvm/gaccess.c");
int cmpxchg_guest_abs_with_key(struct kvm *kvm, gpa_t gpa, int len, __uint128_t *old_addr, __uint128_t new, u8 access_key,
			       bool *success)
{
	int shift = 8 * (sizeof(new) - len);
	__uint128_t old = *old_addr >> shift;
	int ret = kcc_kernel_cmpxchg_guest_abs_with_key(kvm, gpa, len, &old, new >> shift, access_key, success);

	*old_addr = old << shift;
	return ret;
}
#endif
