/* SPDX-License-Identifier: GPL-2.0-only */
/* Callers of a flush notified secondary TLBs themselves, with mmu_notifier_invalidate_range(). */
#define mmu_notifier_arch_invalidate_secondary_tlbs(mm, start, end)	do { } while (0)
