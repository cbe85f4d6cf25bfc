// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exceptions that kernel code expects: instructions that others carry out in C, and those for which the kernel's
 * exception table has an entry. All others are an oops (report.c).
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <kshim/host.h>
#include <kshim/machine.h>
#include "report.h"

#define PAGE 4096UL
#define RSP 4

static const struct host_exception_ops *ops;
static const int greg_of[16] = {
	REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
	REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
};

void host_handle_exceptions(const struct host_exception_ops *o)
{
	ops = o;
}

/* UD2: two bytes that no processor and no memory checker mistakes for anything else, whatever the operands point to. */
void host_trap_at(unsigned long ip)
{
	static const unsigned char ud2[] = { 0x0f, 0x0b };
	void *start = (void *)(ip & -PAGE);
	size_t bytes = ((ip + sizeof(ud2) - 1) & -PAGE) + PAGE - (ip & -PAGE);

	if (mprotect(start, bytes, PROT_READ | PROT_WRITE | PROT_EXEC))
		host_fatal(KVMSIM_BUG, NULL, 0, "cannot write to the kernel's code: %m");
	memcpy((void *)ip, ud2, sizeof(ud2));
	mprotect(start, bytes, PROT_READ | PROT_EXEC);
}

/* Makes a struct host_regs and calls run_trap(), as if the instruction had called it, so that back traces show it. */
void host_trap_entry(void);
__asm__("	.text\n"
	"	.type host_trap_entry, @function\n"
	"	.hidden host_trap_entry\n"
	"host_trap_entry:\n"
	"	.cfi_startproc\n"
	"	pushfq\n"
	"	push %r15\n"
	"	push %r14\n"
	"	push %r13\n"
	"	push %r12\n"
	"	push %r11\n"
	"	push %r10\n"
	"	push %r9\n"
	"	push %r8\n"
	"	push %rdi\n"
	"	push %rsi\n"
	"	push %rbp\n"
	"	push %rsp\n"
	"	push %rbx\n"
	"	push %rdx\n"
	"	push %rcx\n"
	"	push %rax\n"
	"	mov %rsp, %rbp\n"
	"	.cfi_def_cfa %rbp, 144\n"
	"	.cfi_offset %rbx, -120\n"
	"	.cfi_offset %rbp, -104\n"
	"	.cfi_offset %r12, -48\n"
	"	.cfi_offset %r13, -40\n"
	"	.cfi_offset %r14, -32\n"
	"	.cfi_offset %r15, -24\n"
	"	mov %rsp, %rdi\n"
	"	and $-16, %rsp\n"
	"	cld\n"
	"	call run_trap\n"
	"	mov %rbp, %rsp\n"
	"	pop %rax\n"
	"	pop %rcx\n"
	"	pop %rdx\n"
	"	pop %rbx\n"
	"	lea 8(%rsp), %rsp\n"
	"	pop %rbp\n"
	"	pop %rsi\n"
	"	pop %rdi\n"
	"	pop %r8\n"
	"	pop %r9\n"
	"	pop %r10\n"
	"	pop %r11\n"
	"	pop %r12\n"
	"	pop %r13\n"
	"	pop %r14\n"
	"	pop %r15\n"
	"	popfq\n"
	"	ret\n"
	"	.cfi_endproc\n"
	"	.size host_trap_entry, . - host_trap_entry\n");

static __attribute__((used)) void run_trap(struct host_regs *r)
{
	r->ip--;	/* see host_divert() */
	r->gpr[RSP] = (unsigned long)(r + 1);
	ops->trapped(r);
}

static bool fixup(ucontext_t *uc)
{
	greg_t *gregs = uc->uc_mcontext.gregs;
	struct host_regs r = { .flags = gregs[REG_EFL], .ip = gregs[REG_RIP] };
	int i;

	for (i = 0; i < 16; i++)
		r.gpr[i] = gregs[greg_of[i]];
	if (!ops->fixup(&r, gregs[REG_TRAPNO]))
		return false;
	for (i = 0; i < 16; i++)
		gregs[greg_of[i]] = r.gpr[i];
	gregs[REG_RIP] = r.ip;
	return true;
}

bool host_exception(ucontext_t *uc)
{
	if (!ops)
		return false;
	if (!ops->is_trap(uc->uc_mcontext.gregs[REG_RIP]))
		return fixup(uc);
	host_divert(uc, host_trap_entry);
	return true;
}
