// SPDX-License-Identifier: GPL-2.0-only
/*
 * The CPUs' address translation in simulated memory: each CPU's TLB, the instructions that clear it, and the
 * instructions on storage keys (Principles of Operation, chapter 10).
 */
#include <linux/mm.h>
#include <linux/smp.h>
#include <asm/facility.h>
#include <asm/page.h>
#include <asm/pgtable.h>
#include <kshim/hw.h>
#include <kshim/insn.h>
#include <kshim/mem.h>
#include <kshim/sched.h>
#include <kshim/form/s390_machine_flags.h>
#include "model.h"

struct s390_cpu s390_cpus[KVMSIM_MAX_CPUS];
struct skeys s390_skeys;

/* One storage key per 4 KiB of the largest possible RAM; the host allocates the array's pages when they are used. */
void s390_dat_boot(s390_host_fault_fn host_fault)
{
	unsigned int cpu;

	for (cpu = 0; cpu < KVMSIM_MAX_CPUS; cpu++)
		s390_cpus[cpu].host_fault = host_fault;
	s390_skeys.blocks = KSHIM_RAM_MAX >> PAGE_SHIFT;
	s390_skeys.key = host_map(0, s390_skeys.blocks);
}

static struct s390_cpu *this_cpu(void)
{
	return &s390_cpus[raw_smp_processor_id()];
}

void s390_access_enter(void)
{
	kshim_sched_point(KSHIM_PT_ACCESS, this_cpu());
	host_lock(&this_cpu()->lock);
}

void s390_access_leave(void)
{
	host_unlock(&this_cpu()->lock);
}

/* The CPU knows the table's address from an entry that may have been stored plainly; see kshim/tsan_mm.h. */
static void table_found(void *entry)
{
#ifdef __SANITIZE_THREAD__
	extern void __tsan_acquire(void *addr);

	__tsan_acquire((void *)(((unsigned long)entry & ~(_CRST_TABLE_SIZE - 1)) + 1));
#endif
}

static int read_entry(void *ctx, uint64_t address, uint64_t *entry)
{
	if (!pfn_valid(PHYS_PFN(address)))
		return PGM_CODE_ADDRESSING;
	table_found(__va(address));
	*entry = READ_ONCE(*(u64 *)__va(address));
	return 0;
}

int s390_walk_host(u64 asce, u64 addr, enum dat_access access, struct dat_result *r)
{
	/* EDAT is on if installed. A guest's fetch is no fetch by the host, for instruction-execution protection. */
	struct dat_space space = { .asce = asce, .edat1 = test_facility(FACILITY_EDAT1),
				   .edat2 = test_facility(FACILITY_EDAT2), .read = read_entry };

	s390_walk(&space, addr, access, r);
	return r->code;
}

int s390_translate(u64 asce, u64 addr, bool write, u64 *pa)
{
	struct s390_tlb *tlb = &this_cpu()->tlb;
	struct s390_tlb_entry *e = s390_tlb_lookup(tlb, TLB_HOST, 0, 0, asce, addr);
	u64 evictions = tlb->assoc.evictions;
	struct dat_result r;

	if (e) {
		/* The TLB's own protection counts; the table may allow more by now. */
		if (write && e->protect)
			return PGM_CODE_PROTECTION;
		*pa = (e->frame << PAGE_SHIFT) + (addr - (e->page << PAGE_SHIFT));
		return 0;
	}
	if (s390_walk_host(asce, addr, DAT_FETCH, &r))
		return r.code;
	if (r.looked) {
		s390_tlb_fill(tlb, TLB_HOST, 0, 0, asce, addr, &r);
		model_count(tlb_evictions, tlb->assoc.evictions - evictions);
	}
	if (write && r.protect)
		return PGM_CODE_PROTECTION;
	*pa = r.address;
	return 0;
}

/* --- clearing --- */

/* Runs fn on one CPU's TLB, or on all. When a CPU's turn is over, it has ended the access that it was at. */
static void flush_cpus(bool local, unsigned int (*fn)(struct s390_tlb *t, u64 arg), u64 arg)
{
	unsigned int cpu, n = 0;
	unsigned long flags;

	local_irq_save(flags);
	for (cpu = 0; cpu < KVMSIM_MAX_CPUS; cpu++) {
		if (local && cpu != raw_smp_processor_id())
			continue;
		host_lock(&s390_cpus[cpu].lock);
		n += fn(&s390_cpus[cpu].tlb, arg);
		host_unlock(&s390_cpus[cpu].lock);
	}
	local_irq_restore(flags);
	model_count(tlb_purged_entries, n);
}

static unsigned int flush_all(struct s390_tlb *t, u64 arg)
{
	return s390_tlb_flush_all(t);
}

static unsigned int flush_entry(struct s390_tlb *t, u64 arg)
{
	return s390_tlb_flush_entry(t, TLB_HOST, 0, arg);
}

static unsigned int flush_asce(struct s390_tlb *t, u64 arg)
{
	/* A guest's entries are formed through the host's tables. */
	return s390_tlb_flush_asce(t, TLB_HOST, 0, arg) + s390_tlb_flush_guest(t, arg & TLB_ASCE_MASK);
}

/* Reports an instruction that the machine does not have. */
static void need(unsigned int facility, const char *insn)
{
	if (!test_facility(facility))
		host_report(KVMSIM_OOPS, NULL, 0, "operation exception: %s on a machine without facility %u", insn,
			    facility);
}

/*
 * With a guest's ASCE the instruction lets a CPU keep entries of other guests; with no-DAT, entries formed from guest
 * tables in the page. The model drops those too.
 */
static void guest_options(bool guest_asce, bool nodat)
{
	if ((guest_asce || nodat) && !MACHINE_HAS_TLB_GUEST)
		host_report(KVMSIM_OOPS, NULL, 0, "operation exception: flush with a guest's ASCE");
	model_count(flush_guest_asce, guest_asce);
	model_count(flush_nodat, nodat);
}

static void invalidate(unsigned long *entry, unsigned long bit, bool local)
{
	kshim_sched_point(KSHIM_PT_ATOMIC, entry);
	/* Other CPUs see it once flush_cpus() has held their lock. */
	__atomic_fetch_or(entry, bit, __ATOMIC_SEQ_CST);
	/* The local-clearing control is ignored without the facility. */
	flush_cpus(local && test_facility(FACILITY_TLB_LC), flush_entry, __pa(entry));
}

/* The entry that addr selects in the page table of pte: only the table's origin and the page index count. */
static unsigned long *pte_for(unsigned long *pte, unsigned long addr)
{
	return (unsigned long *)((unsigned long)pte & ~0x7ffUL) + ((addr >> PAGE_SHIFT) & 0xff);
}

/* The same for a segment or region table; bits 52 to 63 of its address are ignored. */
static unsigned long *crste_for(unsigned long *entry, unsigned long addr, unsigned int shift)
{
	unsigned int index = (addr >> shift) & 0x7ff;

	return (unsigned long *)((unsigned long)(entry - index) & ~0xfffUL) + index;
}

void kshim_ipte(unsigned long *pte, unsigned long addr, unsigned long opt, unsigned long asce, int local)
{
	if (local)
		model_count(ipte_local, 1);
	else
		model_count(ipte_global, 1);
	guest_options(opt & IPTE_GUEST_ASCE, opt & IPTE_NODAT);
	invalidate(pte_for(pte, addr), _PAGE_INVALID, local);
}

void kshim_rdp(unsigned long *pte, unsigned long addr, int local)
{
	need(FACILITY_RDP, "RDP");
	if (local)
		model_count(rdp_local, 1);
	else
		model_count(rdp, 1);
	pte = pte_for(pte, addr);
	kshim_sched_point(KSHIM_PT_ATOMIC, pte);
	/* Other CPUs see it once flush_cpus() has held their lock. */
	__atomic_fetch_and(pte, ~_PAGE_PROTECT, __ATOMIC_SEQ_CST);
	flush_cpus(local, flush_entry, __pa(pte));
}

void kshim_idte_entry(unsigned long *entry, unsigned long addr, unsigned int shift, unsigned long opt,
		      unsigned long asce, int local)
{
	need(FACILITY_IDTE, "IDTE");
	if (local)
		model_count(idte_entry_local, 1);
	else
		model_count(idte_entry, 1);
	guest_options(opt & IDTE_GUEST_ASCE, opt & IDTE_NODAT);
	invalidate(crste_for(entry, addr, shift), _REGION_ENTRY_INVALID, local);
}

void kshim_idte_table(unsigned long table_asce, unsigned long vaddr)
{
	unsigned int shift = 20 + 11 * ((table_asce & DAT_ASCE_DT) >> 2);
	unsigned long *table = __va(table_asce & DAT_ASCE_ORIGIN);

	kshim_idte_entry(&table[(vaddr >> shift) & 0x7ff], vaddr, shift, 0, 0, false);
}

void kshim_idte_asce(unsigned long asce, unsigned long opt)
{
	need(FACILITY_IDTE, "IDTE");
	guest_options(opt & IDTE_GUEST_ASCE, false);
	model_count(idte_asce, 1);
	flush_cpus(false, flush_asce, asce);
}

unsigned int kshim_csp(unsigned int *ptr, unsigned int old, unsigned int new)
{
	unsigned int seen;

	kshim_sched_point(KSHIM_PT_ATOMIC, ptr);
	seen = __sync_val_compare_and_swap(ptr, old, new);
	model_count(csp, 1);
	if (seen == old)
		flush_cpus(false, flush_all, 0);
	return seen;
}

unsigned long kshim_cspg(unsigned long *ptr, unsigned long old, unsigned long new)
{
	unsigned long seen;

	need(FACILITY_IDTE, "CSPG");
	kshim_sched_point(KSHIM_PT_ATOMIC, ptr);
	seen = __sync_val_compare_and_swap(ptr, old, new);
	model_count(csp, 1);
	if (seen == old)
		flush_cpus(false, flush_all, 0);
	return seen;
}

unsigned long kshim_crdte(unsigned long *table, unsigned long type, unsigned long addr, unsigned long asce,
			  unsigned long old, unsigned long new)
{
	unsigned long *entry = &table[(addr >> (20 + 11 * ((type >> 2) & 3))) & 0x7ff];
	unsigned long seen;

	need(FACILITY_EDAT2, "CRDTE");
	model_count(crdte, 1);
	kshim_sched_point(KSHIM_PT_ATOMIC, entry);
	seen = __sync_val_compare_and_swap(entry, old, new);
	/* With a guest's ASCE a CPU may keep entries of other guests; the model drops those too. */
	if (seen == old)
		flush_cpus(false, flush_entry, __pa(entry));
	return seen;
}

void kshim_ptlb(void)
{
	model_count(ptlb, 1);
	flush_cpus(true, flush_all, 0);
}

/* --- storage keys --- */

void kshim_sske(unsigned long pa, unsigned char key)
{
	skey_set(&s390_skeys, s390_block(pa), key, false, false, NULL);
}

unsigned char kshim_iske(unsigned long pa)
{
	return skey_insert(&s390_skeys, s390_block(pa));
}

int kshim_rrbe(unsigned long pa)
{
	return skey_reset_reference(&s390_skeys, s390_block(pa));
}

unsigned long kshim_sske_frame(unsigned long pa, unsigned char key)
{
	need(FACILITY_EDAT1, "SSKE of several blocks");
	do {
		kshim_sske(pa, key);
		pa += PAGE_SIZE;
	} while (pa & ~HPAGE_MASK);
	return pa;
}
