// SPDX-License-Identifier: GPL-2.0-only
/*
 * START INTERPRETIVE EXECUTION: performs the pending access of a vCPU as the guest's instruction, through the guest
 * address space's ASCE, and leaves with what the CPU would tell: an interception in the control block, or a host
 * fault in current->thread, where entry.S and arch/s390/kernel/traps.c put it.
 */
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/kvm_host.h>
#include <asm/lowcore.h>
#include <asm/pgtable.h>
#include "kvm-s390.h"
#include "model.h"
#include <kshim/arch.h>
#include <kshim/host.h>
#include <kshim/marks.h>
#include <kshim/mem.h>
#include <kshim/sched.h>

/* Accesses of a workload before the CPU takes interrupts again. */
#define BURST 256

__thread struct model_vcpu *model_running;

/*
 * Real to absolute: the first 8 KiB and those at the prefix change places. An access names an absolute address; the
 * guest's instruction uses the real one that leads there.
 */
static u64 absolute(struct kvm_s390_sie_block *sie, u64 real)
{
	u64 prefix = (u64)sie->prefix << GUEST_PREFIX_SHIFT;

	if (real < 2 * PAGE_SIZE)
		return real + prefix;
	if (real - prefix < 2 * PAGE_SIZE)
		return real - prefix;
	return real;
}

static void refuse_what_is_not_modelled(struct kvm_s390_sie_block *sie)
{
	if (sie->gpsw.mask & PSW_MASK_DAT)
		host_fatal(KVMSIM_REFUSED, NULL, 0, "SIE: the guest's own dynamic address translation (PSW bit 5)");
	if (sie->gpsw.mask & PSW_MASK_KEY)
		host_fatal(KVMSIM_REFUSED, NULL, 0, "SIE: a guest with a PSW key other than 0");
}

/* A program check of the host while it interprets the guest, as arch/s390/kernel/traps.c notes it for KVM. */
static void host_fault(struct model_vcpu *v, u64 gaddr, bool write, int code)
{
	struct thread_struct *t = &current->thread;

	model_count(guest_faults, 1);
	v->access.all_faults++;
	t->gmap_int_code = code;
	t->gmap_teid.val = 0;
	t->gmap_teid.addr = gaddr >> PAGE_SHIFT;
	t->gmap_teid.fsi = write ? TEID_FSI_STORE : TEID_FSI_FETCH;
	t->gmap_teid.as = PSW_BITS_AS_PRIMARY;
}

static bool frame_is_live(u64 pa, u64 addr)
{
	u64 pfn = pa >> PAGE_SHIFT;

	if (pfn < KSHIM_RAM_MAX >> PAGE_SHIFT && (!pfn_valid(pfn) || page_ref_count(compound_head(pfn_to_page(pfn)))))
		return true;
	host_report(KVMSIM_CHECK, NULL, 0, "guest access to %llx: tables or TLB lead to frame %llx, which is %s", addr,
		    pfn, pfn_valid(pfn) ? "free" : "outside of memory");
	return false;
}

/* One piece within a page, in one native access where it is aligned. */
static void move(void *to, const void *from, unsigned int len)
{
	unsigned long both = (unsigned long)to | (unsigned long)from;

	if (len == 8 && !(both & 7))
		WRITE_ONCE(*(u64 *)to, READ_ONCE(*(u64 *)from));
	else if (len == 4 && !(both & 3))
		WRITE_ONCE(*(u32 *)to, READ_ONCE(*(u32 *)from));
	else if (len == 2 && !(both & 1))
		WRITE_ONCE(*(u16 *)to, READ_ONCE(*(u16 *)from));
	else
		memcpy(to, from, len);
}

/* COMPARE AND SWAP until it swaps; operands of 1 and 2 bytes lie in a word, as the compiler makes it. */
static u64 exchange(void *mem, u64 value, unsigned int len)
{
	switch (len) {
	case 1:
		return xchg((u8 *)mem, value);
	case 2:
		return xchg((u16 *)mem, value);
	case 4:
		return xchg((u32 *)mem, value);
	default:
		return xchg((u64 *)mem, value);
	}
}

/* Pieces of an access, each within one page. */
struct piece {
	u64 addr, pa;
	unsigned int len;
};

static void perform(struct kvmsim_access *a, const struct piece *p)
{
	u8 *reg = (u8 *)&a->value;
	u64 value = 0;

	if (a->op == KVMSIM_XCHG && !p[1].len && IS_ALIGNED(p[0].pa, a->len)) {
		a->value = exchange(__va(p[0].pa), a->value, a->len);
		return;
	}
	if (a->op != KVMSIM_WRITE) {
		move(&value, __va(p[0].pa), p[0].len);
		if (p[1].len)
			move((u8 *)&value + p[0].len, __va(p[1].pa), p[1].len);
	}
	if (a->op == KVMSIM_WRITE || a->op == KVMSIM_XCHG) {
		move(__va(p[0].pa), reg, p[0].len);
		if (p[1].len)
			move(__va(p[1].pa), reg + p[0].len, p[1].len);
	}
	if (a->op != KVMSIM_WRITE)
		a->value = value;
}

/* False: the CPU left the guest with a host fault. */
static bool execute(struct model_vcpu *v, struct kvm_s390_sie_block *sie, unsigned long gasce)
{
	struct kvmsim_access *a = &v->access.a;
	unsigned int first = min_t(u64, a->len, PAGE_SIZE - (a->addr & ~PAGE_MASK)), i;
	bool write = a->op == KVMSIM_WRITE || a->op == KVMSIM_XCHG;
	struct piece p[2] = {
		{ .addr = a->addr, .len = first },
		{ .addr = a->addr + first, .len = a->len - first },
	};
	unsigned long flags = kshim_arch_access_begin();
	bool live = true;
	int code = 0;

	for (i = 0; i < 2 && p[i].len && !code; i++) {
		code = p[i].addr > sie->msl ? PGM_CODE_ADDRESSING : model_translate(gasce, p[i].addr, write, &p[i].pa);
		live = code || frame_is_live(p[i].pa, a->addr);
		if (code || !live)
			break;
		skey_mark(&model_skeys, p[i].pa >> PAGE_SHIFT, write);
	}
	if (!code && live)
		perform(a, p);
	kshim_arch_access_end(flags);
	if (code) {
		host_fault(v, p[i].addr, write, code);
		return false;
	}
	v->access.state = live ? MODEL_DONE : MODEL_ABORTED;
	return true;
}

/* The PSW stays: the guest runs a loop of one instruction, so that KVM's look at it touches no further page. */
static void retire(struct model_vcpu *v)
{
	model_count(guest_accesses, 1);
	v->workload.done++;
}

/* Makes the workload's next access the pending one. */
static bool next_of_workload(struct model_vcpu *v)
{
	struct model_workload *w = &v->workload;

	if (!w->left)
		return false;
	w->left--;
	w->offset += w->stride;
	if (w->offset >= w->bytes)
		w->offset -= w->bytes;
	v->access.a.addr = w->first + w->offset;
	v->access.faults = 0;
	v->access.state = MODEL_PENDING;
	return true;
}

/* DIAGNOSE with a code that KVM leaves to user space: how the guest program hands back control. */
static void intercept_diagnose(struct kvm_s390_sie_block *sie)
{
	sie->icptcode = ICPT_INST;
	sie->ipa = 0x8300;
	sie->ipb = 0x0fff0000;
}

/* An interception that is due before the next instruction. */
static bool intervention(struct kvm_s390_sie_block *sie)
{
	if (atomic_read(&sie->cpuflags) & CPUSTAT_STOP_INT) {
		sie->icptcode = ICPT_STOP;
		return true;
	}
	return false;
}

/*
 * KVM delivered a program interruption, so that the instruction has ended without its effect. The guest's handler runs
 * at once and goes back to the loop.
 */
static void take_exception(struct model_vcpu *v, struct kvm_s390_sie_block *sie, unsigned long gasce)
{
	struct dat_result r;
	unsigned long flags = kshim_arch_access_begin();

	if (!model_walk(gasce, absolute(sie, __LC_PGM_INT_CODE), DAT_FETCH, &r))
		v->access.code = READ_ONCE(*(u16 *)__va(r.address));
	kshim_arch_access_end(flags);
	model_count(guest_exceptions, 1);
	sie->gpsw.mask = v->access.psw_mask;
	sie->gpsw.addr = v->access.psw_addr;
	v->access.state = MODEL_EXCEPTION;
}

static void report_livelock(struct model_vcpu *v)
{
	host_report(
		KVMSIM_CHECK, NULL, 0,
		"livelock: vCPU %d makes no progress at address %llx after %u faults; the last one: code %#x at %llx",
		v->vcpu->vcpu_id, (u64)v->access.a.addr, v->access.faults, current->thread.gmap_int_code,
		(u64)current->thread.gmap_teid.addr << PAGE_SHIFT);
	v->access.state = MODEL_ABORTED;
}

static void interpret(struct model_vcpu *v, struct kvm_s390_sie_block *sie, unsigned long gasce)
{
	unsigned int n;

	if (v->access.state == MODEL_PENDING && v->vcpu->stat.deliver_program != v->access.delivered)
		take_exception(v, sie, gasce);
	for (n = 0; v->access.state == MODEL_PENDING && n < BURST; n++) {
		if (atomic_read(&sie->prog20) & (PROG_BLOCK_SIE | PROG_REQUEST))
			return;
		if (intervention(sie))
			return;
		refuse_what_is_not_modelled(sie);
		if (!execute(v, sie, gasce)) {
			/* KVM resolves it; who changes the page may need this native thread's CPU. */
			kshim_back_off(v->access.faults);
			if (++v->access.faults > MODEL_MAX_FAULTS) {
				report_livelock(v);
				break;
			}
			return;
		}
		if (v->access.state == MODEL_DONE) {
			retire(v);
			next_of_workload(v);
		}
	}
	if (v->access.state != MODEL_PENDING) {
		current->thread.gmap_int_code = 0;
		intercept_diagnose(sie);
	}
}

/*
 * The CPU stores into the prefix area without asking: KVM has it mapped writable from before PROG_REQUEST is tested
 * until the guest has left (kvm_s390_handle_requests(), kvm_gmap_notifier()).
 */
static void check_prefix(struct model_vcpu *v, struct kvm_s390_sie_block *sie, unsigned long gasce)
{
	u64 prefix = (u64)sie->prefix << GUEST_PREFIX_SHIFT;
	struct dat_result r;
	unsigned long flags;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		flags = kshim_arch_access_begin();
		model_walk(gasce, prefix + i * PAGE_SIZE, DAT_STORE, &r);
		kshim_arch_access_end(flags);
		if (r.code)
			host_report(KVMSIM_CHECK, NULL, 0,
				    "vCPU %d enters the guest, but page %u of its prefix area at %llx is %s",
				    v->vcpu->vcpu_id, i, prefix, r.protect ? "read-only" : "not mapped");
	}
}

/* As sie64a of arch/s390/kernel/entry.S. */
FAITHFUL(__sie64a);
int __sie64a(phys_addr_t sie_block_phys, struct kvm_s390_sie_block *sie, u64 *rsa, unsigned long gasce)
{
	struct model_vcpu *v = model_running;

	if (WARN_ON_ONCE(virt_to_phys(sie) != sie_block_phys))
		return 0;
	current->thread_info.sie = 1;
	__atomic_fetch_or(&sie->prog0c, PROG_IN_SIE, __ATOMIC_SEQ_CST);
	if (!(atomic_read(&sie->prog20) & (PROG_BLOCK_SIE | PROG_REQUEST))) {
		model_count(sie_entries, 1);
		sie->ihcpu = raw_smp_processor_id();
		if (v && v->vcpu->arch.sie_block == sie)
			check_prefix(v, sie, gasce);
		if (intervention(sie)) {
			;	/* comes first */
		} else if (v && v->vcpu->arch.sie_block == sie && v->access.state != MODEL_IDLE) {
			interpret(v, sie, gasce);
		} else {
			sie->icptcode = ICPT_WAIT;
		}
	}
	__atomic_fetch_and(&sie->prog0c, ~PROG_IN_SIE, __ATOMIC_SEQ_CST);
	current->thread_info.sie = 0;
	return 0;
}
