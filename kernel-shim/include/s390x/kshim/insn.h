/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The instructions of a z/Architecture CPU that kernel code executes, as functions of models/s390x and
 * arch/s390x/cpu.c. The bodies in arch/s390x/overrides.c call them.
 *
 * Entries are named by their kernel address, frames by their absolute address.
 */
#ifndef KSHIM_INSN_H
#define KSHIM_INSN_H

#include <linux/types.h>

/*
 * IPTE: sets the invalid bit of the entry for addr in the page table of *pte, and drops what was formed from it. local:
 * only from this CPU's TLB. opt: IPTE_NODAT, IPTE_GUEST_ASCE of asm/pgtable.h, with asce.
 */
void kshim_ipte(unsigned long *pte, unsigned long addr, unsigned long opt, unsigned long asce, int local);
/* RDP: clears the protection bit of that entry and drops what was formed from it. */
void kshim_rdp(unsigned long *pte, unsigned long addr, int local);
/*
 * IDTE, invalidation and clearing: like IPTE, for the entry for addr in the table that has *entry at addr's index.
 * shift is the index's lowest bit: 20 for a segment table, 31 for a region-third table. opt: IDTE_NODAT,
 * IDTE_GUEST_ASCE.
 */
void kshim_idte_entry(unsigned long *entry, unsigned long addr, unsigned int shift, unsigned long opt,
		      unsigned long asce, int local);
/* The same on all CPUs, for vaddr's entry in the table that table_asce (origin and type) names. */
void kshim_idte_table(unsigned long table_asce, unsigned long vaddr);
/* IDTE, clearing by ASCE: drops on all CPUs what was formed with the table at asce's origin as the topmost one. */
void kshim_idte_asce(unsigned long asce, unsigned long opt);
/* CSP and CSPG with the clearing bit: compare and swap. A swap empties all TLBs of all CPUs. Return the old value. */
unsigned int kshim_csp(unsigned int *ptr, unsigned int old, unsigned int new);
unsigned long kshim_cspg(unsigned long *ptr, unsigned long old, unsigned long new);
/*
 * CRDTE: compares the entry for addr in the table with old; if they are equal, replaces it and drops what was formed
 * from it, on all CPUs. type is that of the table: 0x10 a segment table, 0x14, 0x18, 0x1c region tables. Returns the
 * old value.
 */
unsigned long kshim_crdte(unsigned long *table, unsigned long type, unsigned long addr, unsigned long asce,
			  unsigned long old, unsigned long new);
/* PTLB: empties this CPU's TLB. */
void kshim_ptlb(void);

/* The kernel uses what lies PTRS_PER_PTE entries behind *pte as its PGSTE; the check "pgste" judges that. */
void kshim_pgste_used(const void *pte);

/* SSKE, ISKE, RRBE on the 4 KiB block at pa. kshim_rrbe() returns the condition code: 2 * referenced + changed. */
void kshim_sske(unsigned long pa, unsigned char key);
unsigned char kshim_iske(unsigned long pa);
int kshim_rrbe(unsigned long pa);
/* SSKE with the multiple-block control: from pa to the end of its 1 MiB block. Returns the address after the block. */
unsigned long kshim_sske_frame(unsigned long pa, unsigned char key);

/*
 * MVCOS between addresses of the kernel, of n bytes in one page: copies if the keys allow the fetch and the store; key
 * 0 is the kernel's own. Returns false, and has copied nothing, if they do not.
 */
bool kshim_mvcos(void *to, const void *from, unsigned long n, unsigned int to_key, unsigned int from_key);

/* STCKF: the TOD clock, virtual, never 0; 4096 units are a microsecond. */
unsigned long kshim_stckf(void);
/* LCTLG and STCTG of one control register of this CPU. */
void kshim_lctl(unsigned int cr, unsigned long val);
unsigned long kshim_stctl(unsigned int cr);

/* LAM and STAM of all sixteen access registers. */
void kshim_lam(const unsigned int *acrs);
void kshim_stam(unsigned int *acrs);

#endif
