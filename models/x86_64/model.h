/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The modelled x86-64 virtualization hardware and its vendor module, as the parts of models/x86_64 see each other.
 *
 * A vCPU executes accesses, or code. sim sets an access (struct model_access) and calls the vCPU file's KVM_RUN. The
 * real x86.c enters the vendor module's vcpu_run, which performs the access like the processor, with interrupts off.
 * The access KVMSIM_CODE is the code at RIP: executor.h. Without an access the processor is modelled as if it executed
 * a HLT.
 */
#ifndef MODEL_X86_64_MODEL_H
#define MODEL_X86_64_MODEL_H

#include <linux/kvm_host.h>
#include <kshim/machine.h>
#include "common/access.h"
#include "common/counters.h"
#include "cpu.h"
#include "executor.h"
#include "tlb.h"
#include "walk.h"

/* What the processor reports about its last exit. */
struct model_exit {
	enum model_exit_reason reason;
	u64 addr;		/* guest-physical address, or linear address with shadow paging */
	u64 error_code;		/* PFERR_* as the vendor module hands it to KVM */
	/*
	 * Guest code: bytes of the instruction, 0 if it was not fetched, and MODEL_EXIT_INSN's enum x86_intercept.
	 * Port I/O has the port in addr and the bytes in error_code; MOV to CRn the value in addr and n in error_code.
	 */
	u8 insn_len, insn;
};

struct x86_vcpu {
	struct kvm_vcpu vcpu;	/* first: kvm_init() is told the size and allocates it */

	/* Guest state that a VMCS or VMCB would hold. */
	unsigned long rflags;
	struct kvm_segment seg[VCPU_SREG_LDTR + 1];
	struct desc_ptr idt, gdt;
	u32 interruptibility;
	bool nmi_masked;
	u64 star, lstar, cstar, syscall_mask, kernel_gs_base, tsc_aux;
	u32 sysenter_cs;
	u64 sysenter_eip, sysenter_esp;
	u64 tsc_offset, tsc_multiplier;
	hpa_t root;		/* as load_mmu_pgd gave it */
	int root_level;
	u32 secondary_controls;	/* SECONDARY_EXEC_ENABLE_PML or nothing */
	struct walk_log log;
	struct vcpu_vmx *vmx;	/* vmx.c's data for it, with model_pml; else NULL */

	struct x86_event event;	/* to deliver at the next entry */

	/* KVM runs or emulates an access, or code without paging: registers show flat segments and its CPL. */
	bool running;
	struct model_exit exit;
	u64 error_pfn;		/* the frame of the last machine check for which nobody got a signal, or 0 */
	struct model_access access;
	struct x86_code code;
	struct x86_tlb *tlb;
	struct walk_cache walk_cache; /* of the host's tables: guest-physical with nested paging, else linear */
};

static inline struct x86_vcpu *x86_vcpu_of(struct kvm_vcpu *vcpu)
{
	return container_of(vcpu, struct x86_vcpu, vcpu);
}

/* --- vendor module --- */
/* vendor_init.c: its init, for the processor that model_personality says, after KVM's own. 0 or -errno. */
int model_vendor_init(void);
extern struct kvm_x86_ops model_x86_ops;
extern struct kvm_pmu_ops model_pmu_ops;

/* vendor_regs.c: guest registers */
void model_vcpu_reset(struct kvm_vcpu *vcpu, bool init_event);
int model_get_msr(struct kvm_vcpu *vcpu, struct msr_data *msr);
int model_set_msr(struct kvm_vcpu *vcpu, struct msr_data *msr);
u64 model_get_segment_base(struct kvm_vcpu *vcpu, int seg);
void model_get_segment(struct kvm_vcpu *vcpu, struct kvm_segment *var, int seg);
void model_set_segment(struct kvm_vcpu *vcpu, struct kvm_segment *var, int seg);
int model_get_cpl(struct kvm_vcpu *vcpu);
void model_get_cs_db_l_bits(struct kvm_vcpu *vcpu, int *db, int *l);
bool model_is_valid_cr0(struct kvm_vcpu *vcpu, unsigned long cr0);
void model_set_cr0(struct kvm_vcpu *vcpu, unsigned long cr0);
bool model_is_valid_cr4(struct kvm_vcpu *vcpu, unsigned long cr4);
void model_set_cr4(struct kvm_vcpu *vcpu, unsigned long cr4);
int model_set_efer(struct kvm_vcpu *vcpu, u64 efer);
void model_get_idt(struct kvm_vcpu *vcpu, struct desc_ptr *dt);
void model_set_idt(struct kvm_vcpu *vcpu, struct desc_ptr *dt);
void model_get_gdt(struct kvm_vcpu *vcpu, struct desc_ptr *dt);
void model_set_gdt(struct kvm_vcpu *vcpu, struct desc_ptr *dt);
unsigned long model_get_rflags(struct kvm_vcpu *vcpu);
void model_set_rflags(struct kvm_vcpu *vcpu, unsigned long rflags);
bool model_get_if_flag(struct kvm_vcpu *vcpu);
/* Returns whether accesses run as flat 64-bit code: in long mode and, unlike in hardware, while paging is off. */
bool model_flat64(struct kvm_vcpu *vcpu);

/* mmu.c: address translation, table roots and flushes */
void model_load_mmu_pgd(struct kvm_vcpu *vcpu, hpa_t root, int level);
void model_flush_tlb_all(struct kvm_vcpu *vcpu);
void model_flush_tlb_current(struct kvm_vcpu *vcpu);
void model_flush_tlb_gva(struct kvm_vcpu *vcpu, gva_t addr);
void model_flush_tlb_guest(struct kvm_vcpu *vcpu);
/* The TLB's part of the guest's INVLPG and MOV to CR3 where these do not exit; the latter also sets CR3. */
void x86_invlpg(struct x86_vcpu *v, u64 addr);
void x86_load_cr3(struct x86_vcpu *v, u64 cr3);
bool x86_cr3_valid(struct x86_vcpu *v, u64 cr3);
/* INVPCID where it does not exit, with the descriptor's PCID and address. Returns false for #GP(0). */
bool x86_invpcid(struct x86_vcpu *v, u64 type, u64 pcid, u64 addr);
/* Returns whether the vCPU's next entry will make a requested flush: entries may be stale until then. */
bool x86_flush_pending(struct kvm_vcpu *vcpu);
/* The kind and the root tag of the entry that an access would make now. */
enum x86_tlb_kind x86_current_kind(struct kvm_vcpu *vcpu);
u64 x86_current_tag(struct x86_vcpu *v);
/* The whole key of an entry that is not global, and the tag of the paging-structure cache: with the PCID. */
u64 x86_tlb_tag(struct x86_vcpu *v, enum x86_tlb_kind kind);
u64 x86_walk_tag(struct x86_vcpu *v);
/* Returns the entry that an access to addr would use now, or NULL. */
struct x86_tlb_entry *x86_tlb_find(struct x86_vcpu *v, u64 addr);
/* The tables that the processor walks for the host, and for the guest; the latter only with CR0.PG set. */
struct walk_tables x86_host_tables(struct x86_vcpu *v);
struct walk_tables x86_guest_tables(struct x86_vcpu *v);
/*
 * Finds the physical address of addr, by TLB or walk, and fills the TLB. access: enum walk_access. Returns false if it
 * failed: r->status says why, or is WALK_OK after a report that the frame is no memory in use.
 */
bool x86_translate(struct x86_vcpu *v, u64 addr, unsigned int access, u64 *pa, struct walk_result *r);
/* Returns the guest frame that a last-level entry of a shadow table stands for. */
u64 x86_entry_gfn(u64 entry_pa);

/* pml.c: the page-modification log. The first may return -ENOMEM. */
int model_pml_create(struct x86_vcpu *v);
void model_pml_free(struct x86_vcpu *v);
void model_pml_reset(struct x86_vcpu *v);
/* At the begin of the handling of an exit: empties the log. */
void model_pml_exit(struct kvm_vcpu *vcpu);
/* The log that walks write while the vCPU is in guest mode, or NULL. */
struct walk_log *x86_log(struct x86_vcpu *v);
void model_update_dirty_logging(struct kvm_vcpu *vcpu);
int model_vm_init(struct kvm *kvm);
/* Before the vendor module's operations are given to KVM. */
void model_pml_setup(void);

/* phys.c: memory, with what walk.h declares */
/* Returns false, after a report, if the frame that an access to addr is about to touch is not memory in use. */
bool x86_frame_is_live(u64 pfn, u64 addr, const char *how);

/* run.c: the processor */
/*
 * Turns a failed walk of x86_translate() into what the processor does: returns true for a #PF of the guest, with
 * r->error_code and CR2 set, or false with v->exit set.
 */
bool x86_walk_failed(struct x86_vcpu *v, const struct walk_result *r, u64 addr, unsigned int access);
/* Returns whether an interrupt ends guest mode, between two accesses or two instructions. */
bool x86_interrupted(struct x86_vcpu *v);
/* Returns whether a linear address is canonical, for a guest in long mode. */
bool x86_canonical(struct x86_vcpu *v, u64 addr);
fastpath_t model_vcpu_run(struct kvm_vcpu *vcpu, u64 run_flags);

/* exit.c: what the vendor module does on an exit */
int model_handle_exit(struct kvm_vcpu *vcpu, fastpath_t fastpath);
int model_skip_emulated_instruction(struct kvm_vcpu *vcpu);
void model_inject_exception(struct kvm_vcpu *vcpu);
void model_get_exit_info(struct kvm_vcpu *vcpu, u32 *reason, u64 *info1, u64 *info2, u32 *intr_info, u32 *error_code);

/* vendor_refused.c: operations that are not modelled; each ends the scenario with its name */
void model_refuse(const char *op) __noreturn;
/* Completes the tables with refusals of what the kernel must have and nobody has supplied. */
void model_refuse_rest(void);

/* --- compat/<form>/x86_64/x86_enable_cpu --- */
struct kvm_x86_init_ops;
/* Completes the tables of vendor_ops.c, and ops, with operations whose names or types depend on the kernel. */
void model_fill_ops(struct kvm_x86_init_ops *ops);
/* Registers the vendor module with KVM's generic part. 0 or -errno. */
int model_kvm_init(struct kvm_x86_init_ops *ops);

/* --- compat/<form>/x86_64/x86_memory_type --- */
/* Tells KVM which quirks of memory types the modelled processor has. */
void model_set_memory_type_quirks(void);
/* The bits for the memory type of RAM in an EPT entry that this vCPU's fault makes: the type, and IPAT. */
u8 model_ept_ram_type(struct kvm_vcpu *vcpu, gfn_t gfn);
/* Whether `bits` are right now in an entry for these pages; *want: what is, if not. */
bool model_ept_ram_type_right(struct kvm *kvm, gfn_t gfn, unsigned long npages, u8 bits, u8 *want);

/* --- compat/<form>/x86_64/x86_nested_macros --- */
/* Refuses what must be there. */
extern struct kvm_x86_nested_ops model_nested_ops;

/* --- compat/<form>/x86_64/x86_nested_ops --- */
/* Completes the tables with the operations for nested guests. */
void model_fill_nested_ops(struct kvm_x86_init_ops *ops);

/* --- compat/<form>/x86_64/x86_recalc_intercepts --- */
/* Completes the tables with operations that only some kernels have. */
void model_fill_changed_ops(void);
/* Tells KVM what the modelled processor can do, like the end of svm_hardware_setup(). */
void model_set_cpu_caps(void);

#endif
