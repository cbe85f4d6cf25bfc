// SPDX-License-Identifier: GPL-2.0-only
/*
 * The floating-point state of vCPUs (arch/x86/kernel/fpu/core.c): memory that ioctls, and the instructions of guest
 * code (models/x86_64/exec_fpu.c), read and write. The simulated processor has FXSAVE but no XSAVE. Nothing is ever
 * loaded.
 */
#include <linux/kernel.h>
#include <linux/vmalloc.h>
#include <asm/fpu/api.h>
#include <asm/fpu/types.h>
#include <asm/fpu/xstate.h>
#include <asm/kvm.h>
#include <kshim/form/x86_fpu_perm.h>
#include <kshim/host.h>
#include <kshim/machine.h>
#include <kshim/marks.h>

FAITHFUL(fpu_alloc_guest_fpstate, "arch/x86/kernel/fpu/core.c");
bool fpu_alloc_guest_fpstate(struct fpu_guest *gfpu)
{
	struct fpstate *f = vzalloc(sizeof(*f));

	if (!f)
		return false;
	f->size = f->user_size = sizeof(struct fxregs_state);
	f->xfeatures = f->user_xfeatures = XFEATURE_MASK_FPSSE;
	f->is_valloc = true;
	f->is_guest = true;
	/* fpstate_init_user(): the state after FNINIT, and MXCSR after reset. */
	f->regs.fxsave.cwd = 0x37f;
	f->regs.fxsave.mxcsr = MXCSR_DEFAULT;
	gfpu->fpstate = f;
	kshim_fpu_set_features(gfpu, XFEATURE_MASK_FPSSE);
	gfpu->uabi_size = sizeof(struct kvm_xsave);
	return true;
}

FAITHFUL(fpu_free_guest_fpstate, "arch/x86/kernel/fpu/core.c");
void fpu_free_guest_fpstate(struct fpu_guest *gfpu)
{
	struct fpstate *f = gfpu->fpstate;

	if (!f)
		return;
	if (WARN_ON_ONCE(!f->is_valloc || !f->is_guest || f->in_use))
		return;
	gfpu->fpstate = NULL;
	vfree(f);
}

REDUCED(fpu_swap_kvm_fpstate, "arch/x86/kernel/fpu/core.c", "marks the guest's state as in use; no register is moved");
int fpu_swap_kvm_fpstate(struct fpu_guest *gfpu, bool enter_guest)
{
	WARN_ON_ONCE(gfpu->fpstate->in_use == enter_guest);
	gfpu->fpstate->in_use = enter_guest;
	return 0;
}

FAITHFUL(fpu_copy_guest_fpstate_to_uabi, "arch/x86/kernel/fpu/core.c");
void fpu_copy_guest_fpstate_to_uabi(struct fpu_guest *gfpu, void *buf, unsigned int size, u64 xfeatures, u32 pkru)
{
	union fpregs_state *to = buf;

	memcpy(&to->fxsave, &gfpu->fpstate->regs.fxsave, sizeof(to->fxsave));
	to->xsave.header.xfeatures = XFEATURE_MASK_FPSSE;
}

FAITHFUL(fpu_copy_uabi_to_guest_fpstate, "arch/x86/kernel/fpu/core.c");
int fpu_copy_uabi_to_guest_fpstate(struct fpu_guest *gfpu, const void *buf, u64 xcr0, u32 *vpkru)
{
	const union fpregs_state *from = buf;

	if (from->xsave.header.xfeatures & ~XFEATURE_MASK_FPSSE)
		return -EINVAL;
	gfpu->fpstate->regs.fxsave = from->fxsave;
	return 0;
}

FAITHFUL(fpu_enable_guest_xfd_features, "arch/x86/kernel/fpu/core.c");
int fpu_enable_guest_xfd_features(struct fpu_guest *gfpu, u64 xfeatures)
{
	return xfeatures & ~kshim_fpu_permitted(gfpu) ? -EPERM : 0;
}

INERT_VOID(fpu_update_guest_xfd, "arch/x86/kernel/fpu/core.c", "the processor has no XFD");
INERT_VOID(fpu_sync_guest_vmexit_xfd_state, "arch/x86/kernel/fpu/core.c", "the processor has no XFD");

FAITHFUL(xstate_get_guest_group_perm,
	 "arch/x86/kernel/fpu/xstate.c arch/x86/kernel/fpu/xstate.h:xstate_get_group_perm");
u64 xstate_get_guest_group_perm(void)
{
	return XFEATURE_MASK_FPSSE;
}

INERT_VOID(switch_fpu_return, "arch/x86/kernel/fpu/core.c",
	   "user space's floating-point registers are never taken away");
