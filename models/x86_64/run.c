// SPDX-License-Identifier: GPL-2.0-only
/* The modelled processor in guest mode: performs the pending access through TLB and tables, or says why it cannot. */
#include <linux/mm.h>
#include "mmu.h"
#include "mmu/mmu_internal.h"
#include "x86.h"
#include "trace.h"
#include "model.h"
#include <kshim/host.h>
#include <kshim/mem.h>
#include <kshim/sched.h>

void model_walk_count(void)
{
	model_count(guest_walk_entries, 1);
}

/* Also returns false, after a report, for a freed table: no cached or linked entry should lead there. */
bool model_phys_read64(uint64_t pa, uint64_t *value)
{
	if (!pfn_valid(PHYS_PFN(pa)))
		return false;
	if (!page_ref_count(compound_head(pfn_to_page(PHYS_PFN(pa))))) {
		host_check("guest-access", "page walk: the table at frame %lx is free: an entry of a table or of a "
			   "paging-structure cache still leads to it", PHYS_PFN(pa));
		return false;
	}
	*value = READ_ONCE(*(u64 *)__va(pa));
	return true;
}

bool model_phys_cmpxchg64(uint64_t pa, uint64_t *old, uint64_t new, bool *done)
{
	if (!pfn_valid(PHYS_PFN(pa)))
		return false;
	*done = try_cmpxchg64((u64 *)__va(pa), (u64 *)old, new);
	return true;
}

struct walk_tables model_host_tables(struct vcpu_sim *vs)
{
	struct walk_tables t = {
		.format = model_personality == MODEL_EPT ? WALK_EPT : vs->root_level == 3 ? WALK_PAE : WALK_IA32E,
		.levels = vs->root_level,
		.root = vs->root,
		.maxphyaddr = MODEL_MAXPHYADDR,
		.ad = true,
		.nxe = true,
		.wp = true,	/* both vendors run shadow paging with CR0.WP set; nested tables have no CR0.WP */
	};

	if (model_personality == MODEL_SHADOW && is_paging(&vs->vcpu)) {
		t.smep = kvm_is_cr4_bit_set(&vs->vcpu, X86_CR4_SMEP);
		t.smap = kvm_is_cr4_bit_set(&vs->vcpu, X86_CR4_SMAP) && !(vs->rflags & X86_EFLAGS_AC);
	}
	return t;
}

struct walk_tables model_guest_tables(struct vcpu_sim *vs)
{
	struct kvm_vcpu *vcpu = &vs->vcpu;
	bool long_mode = is_long_mode(vcpu);

	if (!long_mode && !kvm_is_cr4_bit_set(vcpu, X86_CR4_PAE))
		model_refuse("guest paging with 4-byte entries (CR4.PAE clear)");
	return (struct walk_tables){
		.format = long_mode ? WALK_IA32E : WALK_PAE,
		.levels = !long_mode ? 3 : kvm_is_cr4_bit_set(vcpu, X86_CR4_LA57) ? 5 : 4,
		.root = kvm_read_cr3(vcpu),
		.maxphyaddr = MODEL_MAXPHYADDR,
		.nxe = vcpu->arch.efer & EFER_NX,
		.wp = kvm_is_cr0_bit_set(vcpu, X86_CR0_WP),
		.smep = kvm_is_cr4_bit_set(vcpu, X86_CR4_SMEP),
		.smap = kvm_is_cr4_bit_set(vcpu, X86_CR4_SMAP) && !(vs->rflags & X86_EFLAGS_AC),
	};
}

u64 model_entry_gfn(u64 entry_pa)
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

static unsigned int walk_access(const struct kvmsim_access *a)
{
	static const unsigned int of[] = {
		[KVMSIM_READ] = WALK_READ, [KVMSIM_WRITE] = WALK_WRITE,
		[KVMSIM_FETCH] = WALK_FETCH, [KVMSIM_XCHG] = WALK_READ | WALK_WRITE,
	};

	return of[a->op] | (a->user ? WALK_USER : 0);
}

/* Like __vmx_handle_ept_violation() from the exit qualification (arch/x86/kvm/vmx/common.h). */
static u64 ept_error_code(const struct walk_result *r, unsigned int access)
{
	/* With accessed and dirty bits on, the walk of a guest table counts as a read and a write. */
	unsigned int qual = r->guest_table ? WALK_READ | WALK_WRITE : access;

	return (qual & WALK_READ ? PFERR_USER_MASK : 0) | (qual & WALK_WRITE ? PFERR_WRITE_MASK : 0) |
	       (qual & WALK_FETCH ? PFERR_FETCH_MASK : 0) | (r->present_rights ? PFERR_PRESENT_MASK : 0) |
	       (r->guest_table ? PFERR_GUEST_PAGE_MASK : PFERR_GUEST_FINAL_MASK);
}

static void exception(struct vcpu_sim *vs, u8 vector, u32 error_code, u64 cr2)
{
	vs->access.arch.vector = vector;
	vs->access.arch.error_code = error_code;
	vs->access.arch.cr2 = cr2;
	vs->access.state = MODEL_EXCEPTION;
	vs->exit.reason = MODEL_EXIT_RETIRED;
	model_count(guest_exceptions, 1);
}

/* Turns a failed walk into what the processor does: a guest #PF, or an exit. */
static void walk_failed(struct vcpu_sim *vs, const struct walk_result *r, u64 addr, unsigned int access)
{
	struct model_exit *x = &vs->exit;

	if (r->status == WALK_BAD_MEMORY) {
		x->reason = MODEL_EXIT_BROKEN;
		x->addr = r->entry_pa;
		return;
	}
	if (!r->nested && model_nested_paging()) {
		vs->vcpu.arch.cr2 = addr;
		exception(vs, PF_VECTOR, r->error_code, addr);
		return;
	}
	x->reason = MODEL_EXIT_FAULT;
	x->addr = r->nested ? r->fault_addr : addr;
	if (model_personality == MODEL_SHADOW) {
		x->error_code = r->error_code;
	} else if (model_personality == MODEL_NPT) {
		x->error_code = r->error_code | (r->guest_table ? PFERR_GUEST_PAGE_MASK : PFERR_GUEST_FINAL_MASK);
	} else if (r->status == WALK_RESERVED) {
		x->reason = MODEL_EXIT_MISCONFIG;
		x->error_code = PFERR_RSVD_MASK;
	} else {
		x->error_code = ept_error_code(r, access);
	}
}

/* A frame that the guest is about to touch must not be free memory. */
static bool frame_is_live(u64 pfn, u64 addr, const char *how)
{
	if (pfn >= KSHIM_RAM_MAX >> PAGE_SHIFT) {
		host_check("guest-access", "guest access to %llx: %s leads to frame %llx, outside of memory",
			   addr, how, pfn);
		return false;
	}
	if (pfn_valid(pfn) && !page_ref_count(compound_head(pfn_to_page(pfn)))) {
		host_check("guest-access", "guest access to %llx: %s leads to frame %llx, which is free",
			   addr, how, pfn);
		return false;
	}
	return true;
}

static void fill_tlb(struct vcpu_sim *vs, const struct walk_result *r, u64 addr, enum tlb_kind kind)
{
	u64 pages = 1UL << (9 * (r->level - 1)), gfn;
	u64 evictions = vs->tlb->evictions;
	unsigned int rights = r->rights;

	if (model_personality == MODEL_SHADOW)
		gfn = model_entry_gfn(r->entry_pa);
	else
		gfn = r->gpa >> PAGE_SHIFT;
	/* The host's tables are walked with write protection on, whatever the guest's CR0.WP. */
	if ((kind == TLB_PHYSICAL || model_personality == MODEL_SHADOW) && !(rights & TLB_W))
		rights &= ~TLB_W_SUP;
	model_tlb_fill(vs->tlb, &(struct tlb_entry){
		.page = (addr >> PAGE_SHIFT) & ~(pages - 1),
		.gfn = gfn & ~(pages - 1),
		.pfn = (r->pa >> PAGE_SHIFT) & ~(pages - 1),
		.root = model_tlb_tag(vs),
		.raw = r->entry,
		.level = r->level,
		.kind = kind,
		.rights = rights,
		.dirty = r->dirty && (rights & (TLB_W | TLB_W_SUP)),
		.as_id = kvm_arch_vcpu_memslots_id(&vs->vcpu),
	});
	model_count(guest_tlb_evictions, vs->tlb->evictions - evictions);
}

/* Finds the physical address of addr, with TLB or walk. On false, vs->exit or an exception is set. */
static bool translate(struct vcpu_sim *vs, u64 addr, unsigned int access, u64 *pa)
{
	enum tlb_kind kind = model_tlb_kind(&vs->vcpu);
	struct walk_tables host = model_host_tables(vs), guest;
	bool two = model_nested_paging() && is_paging(&vs->vcpu);
	u64 tag = model_tlb_tag(vs);
	struct walk_result r;
	struct tlb_entry *e;

	kshim_sched_point(KSHIM_PT_ACCESS, vs);
	e = model_tlb_lookup(vs->tlb, kind, tag, addr);
	if (two)
		guest = model_guest_tables(vs);
	if (e && model_walk_allowed(two ? &guest : &host, e->rights, access) &&
	    (!(access & WALK_WRITE) || e->dirty)) {
		*pa = (e->pfn << PAGE_SHIFT) + (addr - (e->page << PAGE_SHIFT));
		model_count(guest_tlb_hits, 1);
		return frame_is_live(*pa >> PAGE_SHIFT, addr, "a TLB entry");
	}
	model_count(guest_tlb_misses, 1);
	host.cache = &vs->walk_cache;
	host.tag = tag;
	/* A page fault also drops the entries of its address (SDM 4.10.4.1); a walk for a dirty bit replaces them. */
	if (e)
		model_tlb_flush_addr(vs->tlb, kind, addr);
	if (two)
		model_walk_2d(&guest, &host, addr, access, &r);
	else
		model_walk(&host, addr, access | (model_nested_paging() ? WALK_USER : 0), &r);
	if (r.status != WALK_OK) {
		if (!two && model_nested_paging()) {
			r.nested = true;
			r.fault_addr = addr;
		}
		walk_failed(vs, &r, addr, access);
		return false;
	}
	if (!two)
		r.gpa = addr;
	fill_tlb(vs, &r, addr, kind);
	*pa = r.pa;
	return frame_is_live(r.pa >> PAGE_SHIFT, addr, "the page tables");
}

/* Writes RAX like a MOV of len bytes: 4 bytes clear the upper half, fewer leave the rest. */
static void write_rax(struct kvm_vcpu *vcpu, u64 value, unsigned int len)
{
	u64 rax = kvm_rax_read(vcpu);

	if (len < 4)
		value = (rax & ~GENMASK_ULL(8 * len - 1, 0)) | (value & GENMASK_ULL(8 * len - 1, 0));
	kvm_rax_write(vcpu, value);
}

static void retire(struct vcpu_sim *vs)
{
	struct model_access *m = &vs->access;

	m->state = MODEL_DONE;
	vs->exit.reason = MODEL_EXIT_RETIRED;
	m->workload.done++;
}

static bool canonical(struct vcpu_sim *vs, u64 addr)
{
	return __is_canonical_address(addr, kvm_is_cr4_bit_set(&vs->vcpu, X86_CR4_LA57) ? 57 : 48);
}

/*
 * INVLPG and MOV to CR3, which exit to KVM only with shadow paging. Under an ASID, guest-physical translations of a
 * guest without paging are linear ones, and are dropped too.
 */
static void execute_privileged(struct vcpu_sim *vs)
{
	struct kvmsim_access *a = &vs->access.a;
	struct kvm_vcpu *vcpu = &vs->vcpu;

	if (a->user || (a->op == KVMSIM_LOAD_CR3 && is_long_mode(vcpu) && a->addr >> MODEL_MAXPHYADDR)) {
		exception(vs, GP_VECTOR, 0, 0);
		return;
	}
	if (!model_nested_paging()) {
		vs->exit.reason = a->op == KVMSIM_INVLPG ? MODEL_EXIT_INVLPG : MODEL_EXIT_CR3;
		vs->exit.addr = a->addr;
		return;
	}
	if (a->op == KVMSIM_INVLPG) {
		model_count(guest_tlb_flushed_entries, model_tlb_flush_addr(vs->tlb, TLB_LINEAR, a->addr));
	} else {
		vcpu->arch.cr3 = a->addr;
		model_count(guest_tlb_flushed_entries,
			    model_tlb_flush_linear(vs->tlb, kvm_is_cr4_bit_set(vcpu, X86_CR4_PGE)));
	}
	kvm_rip_write(vcpu, vs->access.arch.rip + vs->access.arch.insn_len);
	retire(vs);
}

static void execute(struct vcpu_sim *vs)
{
	struct kvmsim_access *a = &vs->access.a;
	struct model_piece p[2];
	unsigned int access;

	if (a->op == KVMSIM_INVLPG || a->op == KVMSIM_LOAD_CR3) {
		execute_privileged(vs);
		return;
	}
	access = walk_access(a);
	model_count(guest_accesses, 1);
	if (is_long_mode(&vs->vcpu) && !(canonical(vs, a->addr) && canonical(vs, a->addr + a->len - 1))) {
		exception(vs, GP_VECTOR, 0, 0);
		return;
	}
	model_access_split(a, p);
	if (!translate(vs, p[0].addr, access, &p[0].pa) ||
	    (p[1].len && !translate(vs, p[1].addr, access, &p[1].pa))) {
		if (vs->exit.reason == MODEL_EXIT_NONE)
			vs->exit.reason = MODEL_EXIT_BROKEN;
		return;
	}
	model_access_perform(a, p);
	if (a->op == KVMSIM_READ || a->op == KVMSIM_XCHG)
		write_rax(&vs->vcpu, a->value, a->len);
	kvm_rip_write(&vs->vcpu, vs->access.arch.rip + vs->access.arch.insn_len);
	retire(vs);
}

/* The instruction completed in KVM's emulator: RIP has moved, RAX holds what was read. */
static void retire_emulated(struct vcpu_sim *vs)
{
	struct kvmsim_access *a = &vs->access.a;

	if (a->op == KVMSIM_READ || a->op == KVMSIM_XCHG)
		a->value = kvm_rax_read(&vs->vcpu) & GENMASK_ULL(8 * a->len - 1, 0);
	retire(vs);
}

/* Makes the workload's next access the pending one. */
static bool next_of_workload(struct vcpu_sim *vs)
{
	struct model_access *m = &vs->access;

	if (!model_access_next(m))
		return false;
	m->arch.rip = kvm_rip_read(&vs->vcpu);
	if (m->a.op == KVMSIM_FETCH) {
		m->arch.rip = m->a.addr;
		kvm_rip_write(&vs->vcpu, m->arch.rip);
	}
	kvm_rbx_write(&vs->vcpu, m->a.addr);
	m->state = MODEL_PENDING;
	return true;
}

static void run_accesses(struct vcpu_sim *vs)
{
	unsigned int n;

	for (n = 0; n < MODEL_BURST; n++) {
		vs->exit.reason = MODEL_EXIT_NONE;
		if (kvm_rip_read(&vs->vcpu) != vs->access.arch.rip)
			retire_emulated(vs);
		else
			execute(vs);
		if (vs->access.state != MODEL_DONE || !next_of_workload(vs))
			return;
		/* What an interrupt would interrupt: kicks set requests before they send it. */
		if (kvm_request_pending(&vs->vcpu) || READ_ONCE(vs->vcpu.mode) != IN_GUEST_MODE)
			break;
	}
	vs->exit.reason = MODEL_EXIT_INTERRUPT;
}

/* The event that KVM queued is delivered; vmx_complete_interrupts() and svm_complete_interrupts() would notice that. */
static void complete_events(struct kvm_vcpu *vcpu)
{
	vcpu->arch.nmi_injected = false;
	kvm_clear_exception_queue(vcpu);
	kvm_clear_interrupt_queue(vcpu);
}

/*
 * KVM sets vcpu->mode with plain stores between fences, which ThreadSanitizer does not see. Another CPU looks at the
 * mode to find that this one needs no interrupt. What the guest did comes before that look.
 */
static void guest_mode_ends(struct kvm_vcpu *vcpu)
{
#ifdef __SANITIZE_THREAD__
	extern void __tsan_release(void *addr);

	__tsan_release(&vcpu->mode);
#endif
}

fastpath_t model_vcpu_run(struct kvm_vcpu *vcpu, u64 run_flags)
{
	struct vcpu_sim *vs = to_sim(vcpu);

	vs->exit = (struct model_exit){};
	if (!irqs_disabled())
		host_check("guest-entry", "guest entry with interrupts on");
	trace_kvm_entry(vcpu, run_flags & KVM_RUN_FORCE_IMMEDIATE_EXIT);
	if (vs->event) {
		vs->event = false;
		if (vs->access.state == MODEL_PENDING)
			exception(vs, vs->event_vector, vs->event_error_code, vcpu->arch.cr2);
		else
			vs->exit.reason = MODEL_EXIT_HLT;
	} else if (run_flags & KVM_RUN_FORCE_IMMEDIATE_EXIT) {
		vs->exit.reason = MODEL_EXIT_INTERRUPT;
	} else if (vs->access.state == MODEL_PENDING) {
		run_accesses(vs);
	} else {
		vs->exit.reason = MODEL_EXIT_HLT;
	}
	guest_mode_ends(vcpu);
	complete_events(vcpu);
	vs->access.arch.exits[vs->exit.reason]++;
	trace_kvm_exit(vcpu, model_personality == MODEL_EPT ? KVM_ISA_VMX : KVM_ISA_SVM);
	return EXIT_FASTPATH_NONE;
}
