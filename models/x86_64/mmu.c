// SPDX-License-Identifier: GPL-2.0-only
/*
 * The processor's address translation: the tables that it walks for the host and for the guest, its TLB, and the vendor
 * module's table root and TLB flushes. Each flush reaches as far as the instruction behind it:
 *
 *              EPT (vmx.c)                        NPT (svm.c)               shadow (svm.c)
 * all          INVEPT global                      flush by ASID             flush by ASID
 * current      INVEPT of the current EPTP         flush by ASID             flush by ASID
 * gva          INVVPID address                    INVLPGA                   INVLPGA
 * guest        INVVPID context                    flush by ASID             flush by ASID
 *
 * The first two, and every flush by ASID, also drop the entries of the paging-structure cache of KVM's own tables. So
 * does INVLPGA, whatever its address (APM vol. 2, 5.5.2). INVVPID does not, because those entries are guest-physical.
 * Entries of the guest's own tables are not cached.
 *
 * INVEPT drops guest-physical and combined entries. INVVPID drops only what was made with a linear address; as in
 * hardware, that excludes entries made under EPT while the guest had paging off. The TLB belongs to the vCPU (each has
 * its own ASID or VPID) and not to the CPU: a vCPU that moves requests a flush of all, like with both vendors.
 */
#include <linux/mm.h>
#include "mmu.h"
#include "mmu/mmu_internal.h"
#include "x86.h"
#include "model.h"
#include <asm/invpcid.h>
#include <kshim/memory_error.h>
#include <kshim/sched.h>

struct walk_tables x86_host_tables(struct x86_vcpu *v)
{
	struct walk_tables t = {
		.format = model_personality == MODEL_EPT ? WALK_EPT : v->root_level == 3 ? WALK_PAE : WALK_IA32E,
		.levels = v->root_level,
		.root = v->root,
		.maxphyaddr = model_maxphyaddr(),
		.ad = model_ept_ad,
		.nxe = true,
		.wp = true,	/* both vendors run shadow paging with CR0.WP set; nested tables have no CR0.WP */
	};

	if (model_personality == MODEL_SHADOW && is_paging(&v->vcpu)) {
		t.smep = kvm_is_cr4_bit_set(&v->vcpu, X86_CR4_SMEP);
		t.smap = kvm_is_cr4_bit_set(&v->vcpu, X86_CR4_SMAP) && !(v->rflags & X86_EFLAGS_AC);
	}
	return t;
}

struct walk_tables x86_guest_tables(struct x86_vcpu *v)
{
	struct kvm_vcpu *vcpu = &v->vcpu;
	bool long_mode = is_long_mode(vcpu);

	if (!long_mode && !kvm_is_cr4_bit_set(vcpu, X86_CR4_PAE))
		model_refuse("guest paging with 4-byte entries (CR4.PAE clear)");
	return (struct walk_tables){
		.format = long_mode ? WALK_IA32E : WALK_PAE,
		.levels = !long_mode ? 3 : kvm_is_cr4_bit_set(vcpu, X86_CR4_LA57) ? 5 : 4,
		.root = kvm_read_cr3(vcpu),
		.maxphyaddr = model_maxphyaddr(),
		.nxe = vcpu->arch.efer & EFER_NX,
		.wp = kvm_is_cr0_bit_set(vcpu, X86_CR0_WP),
		.smep = kvm_is_cr4_bit_set(vcpu, X86_CR4_SMEP),
		.smap = kvm_is_cr4_bit_set(vcpu, X86_CR4_SMAP) && !(v->rflags & X86_EFLAGS_AC),
	};
}

u64 x86_entry_gfn(u64 entry_pa)
{
	struct kvm_mmu_page *sp;
	unsigned int index = (entry_pa & ~PAGE_MASK) / 8;

	if (!pfn_valid(PHYS_PFN(entry_pa)))
		return 0;
	sp = (struct kvm_mmu_page *)page_private(pfn_to_page(PHYS_PFN(entry_pa)));
	if (!sp)
		return 0;
	if (sp->role.passthrough)
		return sp->gfn;
	if (!sp->role.direct)
		return sp->shadowed_translation[index] >> PAGE_SHIFT;
	return sp->gfn + ((u64)index << ((sp->role.level - 1) * 9));
}

enum x86_tlb_kind x86_current_kind(struct kvm_vcpu *vcpu)
{
	return model_personality == MODEL_EPT && !is_paging(vcpu) ? TLB_PHYSICAL : TLB_LINEAR;
}

/* Under EPT, entries belong to the root they came from. Under an ASID they are used whatever the root is now. */
u64 x86_current_tag(struct x86_vcpu *v)
{
	return model_personality == MODEL_EPT ? v->root : 0;
}

/* Entries of linear addresses belong to a PCID. With shadow paging the processor has the guest's. */
u64 x86_tlb_tag(struct x86_vcpu *v, enum x86_tlb_kind kind)
{
	return x86_current_tag(v) | (kind == TLB_LINEAR ? kvm_get_active_pcid(&v->vcpu) : 0);
}

u64 x86_walk_tag(struct x86_vcpu *v)
{
	return model_nested_paging() ? x86_current_tag(v) : kvm_get_active_pcid(&v->vcpu);
}

static bool has_pcids(struct x86_vcpu *v)
{
	return kvm_is_cr4_bit_set(&v->vcpu, X86_CR4_PCIDE);
}

struct x86_tlb_entry *x86_tlb_find(struct x86_vcpu *v, u64 addr)
{
	enum x86_tlb_kind kind = x86_current_kind(&v->vcpu);
	struct x86_tlb_entry *e = x86_tlb_lookup(v->tlb, kind, x86_tlb_tag(v, kind), addr);

	if (e || kind != TLB_LINEAR || !has_pcids(v))
		return e;
	return x86_tlb_lookup(v->tlb, kind, x86_current_tag(v) | TLB_ANY_PCID, addr);
}

static void fill_tlb(struct x86_vcpu *v, const struct walk_result *r, u64 addr, enum x86_tlb_kind kind)
{
	u64 gfn = model_personality == MODEL_SHADOW ? x86_entry_gfn(r->entry_pa) : r->gpa >> PAGE_SHIFT;
	u64 pages = 1UL << (9 * (r->level - 1)), evictions = v->tlb->assoc.evictions;
	u64 tag = x86_tlb_tag(v, kind);
	unsigned int rights = r->rights;

	if (!kvm_is_cr4_bit_set(&v->vcpu, X86_CR4_PGE))
		rights &= ~TLB_GLOBAL;
	if ((rights & TLB_GLOBAL) && has_pcids(v))
		tag = x86_current_tag(v) | TLB_ANY_PCID;

	/* The host's tables are walked with write protection on, whatever the guest's CR0.WP. */
	if ((kind == TLB_PHYSICAL || model_personality == MODEL_SHADOW) && !(rights & TLB_W))
		rights &= ~TLB_W_SUP;
	x86_tlb_fill(v->tlb, &(struct x86_tlb_entry){
		.page = (addr >> PAGE_SHIFT) & ~(pages - 1),
		.gfn = gfn & ~(pages - 1),
		.pfn = (r->pa >> PAGE_SHIFT) & ~(pages - 1),
		.root = tag,
		.raw = r->entry,
		.level = r->level,
		.kind = kind,
		.rights = rights,
		.dirty = r->dirty && (rights & (TLB_W | TLB_W_SUP)),
		.as_id = kvm_arch_vcpu_memslots_id(&v->vcpu),
	});
	model_count(guest_tlb_evictions, v->tlb->assoc.evictions - evictions);
}

/* Walks the tables on a TLB miss. guest: the guest's own, or NULL if its addresses are those of the host's tables. */
static void walk(struct x86_vcpu *v, const struct walk_tables *guest, struct walk_tables *host, u64 addr,
		 unsigned int access, struct walk_result *r)
{
	host->cache = &v->walk_cache;
	host->tag = x86_walk_tag(v);
	host->log = x86_log(v);
	if (guest) {
		x86_walk_2d(guest, host, addr, access, r);
		return;
	}
	x86_walk(host, addr, access | (model_nested_paging() ? WALK_USER : 0), r);
	r->gpa = addr;
	if (r->status != WALK_OK && model_nested_paging()) {
		r->nested = true;
		r->fault_addr = addr;
	}
}

/* Whether the processor can access the frame that it has found. */
static bool use_frame(u64 pa, u64 addr, const char *how, struct walk_result *r)
{
	if (!x86_frame_is_live(pa >> PAGE_SHIFT, addr, how))
		return false;
	if (!kshim_frame_has_error(pa >> PAGE_SHIFT))
		return true;
	r->status = WALK_MACHINE_CHECK;
	r->pa = pa;
	return false;
}

bool x86_translate(struct x86_vcpu *v, u64 addr, unsigned int access, u64 *pa, struct walk_result *r)
{
	bool two = model_nested_paging() && is_paging(&v->vcpu);
	enum x86_tlb_kind kind = x86_current_kind(&v->vcpu);
	struct walk_tables host = x86_host_tables(v), guest;
	struct x86_tlb_entry *e;

	kshim_sched_point(KSHIM_PT_ACCESS, v);
	e = x86_tlb_find(v, addr);
	if (two)
		guest = x86_guest_tables(v);
	if (e && x86_walk_allowed(two ? &guest : &host, e->rights, access) && (!(access & WALK_WRITE) || e->dirty)) {
		*pa = (e->pfn << PAGE_SHIFT) + (addr - (e->page << PAGE_SHIFT));
		model_count(guest_tlb_hits, 1);
		r->status = WALK_OK;
		return use_frame(*pa, addr, "a TLB entry", r);
	}
	model_count(guest_tlb_misses, 1);
	/* A page fault also drops the entries of its address (SDM 4.10.4.1); a walk for a dirty bit replaces them. */
	if (e)
		x86_tlb_flush_addr(v->tlb, kind, addr);
	walk(v, two ? &guest : NULL, &host, addr, access, r);
	if (r->status != WALK_OK)
		return false;
	fill_tlb(v, r, addr, kind);
	*pa = r->pa;
	return use_frame(r->pa, addr, "the page tables", r);
}

void model_load_mmu_pgd(struct kvm_vcpu *vcpu, hpa_t root, int level)
{
	struct x86_vcpu *v = x86_vcpu_of(vcpu);

	v->root = root;
	v->root_level = level;
}

static void flushed(unsigned int entries)
{
	model_count(guest_tlb_flushed_entries, entries);
}

static void flush_asid(struct kvm_vcpu *vcpu)
{
	flushed(x86_tlb_flush_all(x86_vcpu_of(vcpu)->tlb));
	x86_walk_cache_flush(&x86_vcpu_of(vcpu)->walk_cache);
}

void model_flush_tlb_all(struct kvm_vcpu *vcpu)
{
	model_count(guest_tlb_flush_all, 1);
	flush_asid(vcpu);
}

void model_flush_tlb_current(struct kvm_vcpu *vcpu)
{
	hpa_t root = vcpu->arch.mmu->root.hpa;

	model_count(guest_tlb_flush_current, 1);
	if (model_personality != MODEL_EPT) {
		flush_asid(vcpu);
	} else if (VALID_PAGE(root)) {
		flushed(x86_tlb_flush_root(x86_vcpu_of(vcpu)->tlb, root));
		x86_walk_cache_flush_tag(&x86_vcpu_of(vcpu)->walk_cache, root);
	}
}

void model_flush_tlb_gva(struct kvm_vcpu *vcpu, gva_t addr)
{
	model_count(guest_tlb_flush_gva, 1);
	flushed(x86_tlb_flush_addr(x86_vcpu_of(vcpu)->tlb, TLB_LINEAR, addr));
	if (model_personality != MODEL_EPT)
		x86_walk_cache_flush(&x86_vcpu_of(vcpu)->walk_cache);
}

void model_flush_tlb_guest(struct kvm_vcpu *vcpu)
{
	model_count(guest_tlb_flush_guest, 1);
	if (model_personality == MODEL_EPT)
		flushed(x86_tlb_flush_kind(x86_vcpu_of(vcpu)->tlb, TLB_LINEAR));
	else
		flush_asid(vcpu);
}

static void flush_pcid(struct x86_vcpu *v, const struct x86_tlb_pcid *which)
{
	flushed(x86_tlb_flush_pcid(v->tlb, which));
}

void x86_invlpg(struct x86_vcpu *v, u64 addr)
{
	flush_pcid(v, &(struct x86_tlb_pcid){
		.pcid = kvm_get_active_pcid(&v->vcpu), .globals = true, .one = true, .addr = addr });
}

bool x86_cr3_valid(struct x86_vcpu *v, u64 cr3)
{
	if (has_pcids(v))
		cr3 &= ~X86_CR3_PCID_NOFLUSH;
	return !is_long_mode(&v->vcpu) || !(cr3 >> model_maxphyaddr());
}

void x86_load_cr3(struct x86_vcpu *v, u64 cr3)
{
	bool keep = has_pcids(v) && (cr3 & X86_CR3_PCID_NOFLUSH);

	v->vcpu.arch.cr3 = keep ? cr3 & ~X86_CR3_PCID_NOFLUSH : cr3;
	if (!keep)
		flush_pcid(v, &(struct x86_tlb_pcid){ .pcid = kvm_get_active_pcid(&v->vcpu) });
}

bool x86_invpcid(struct x86_vcpu *v, u64 type, u64 pcid, u64 addr)
{
	struct x86_tlb_pcid which = { .pcid = pcid, .addr = addr };

	/* SDM vol. 2, INVPCID: the types, and what causes #GP(0). */
	if (type > INVPCID_TYPE_ALL_NON_GLOBAL || pcid & ~TLB_PCID_MASK)
		return false;
	if (type <= INVPCID_TYPE_SINGLE_CTXT && pcid && !has_pcids(v))
		return false;
	if (type == INVPCID_TYPE_INDIV_ADDR && !x86_canonical(v, addr))
		return false;
	which.one = type == INVPCID_TYPE_INDIV_ADDR;
	which.any = type >= INVPCID_TYPE_ALL_INCL_GLOBAL;
	which.globals = type == INVPCID_TYPE_ALL_INCL_GLOBAL;
	flush_pcid(v, &which);
	return true;
}

bool x86_flush_pending(struct kvm_vcpu *vcpu)
{
	return kvm_test_request(KVM_REQ_TLB_FLUSH, vcpu) || kvm_test_request(KVM_REQ_TLB_FLUSH_CURRENT, vcpu) ||
	       kvm_test_request(KVM_REQ_TLB_FLUSH_GUEST, vcpu) || kvm_test_request(KVM_REQ_MMU_SYNC, vcpu) ||
	       kvm_test_request(KVM_REQ_MMU_FREE_OBSOLETE_ROOTS, vcpu) || !VALID_PAGE(vcpu->arch.mmu->root.hpa);
}
