/* SPDX-License-Identifier: GPL-2.0-only */
/* What an access of an x86 processor has in addition to common/access.h. */
#ifndef MODEL_X86_64_ARCH_ACCESS_H
#define MODEL_X86_64_ARCH_ACCESS_H

enum model_exit_reason {
	MODEL_EXIT_NONE,
	MODEL_EXIT_RETIRED,	/* the access is complete, or ended in a guest exception */
	MODEL_EXIT_HLT,		/* there was no access to run */
	MODEL_EXIT_INTERRUPT,	/* a host interrupt is due, or an immediate exit was requested */
	MODEL_EXIT_FAULT,	/* EPT violation, nested page fault, or an intercepted #PF */
	MODEL_EXIT_MISCONFIG,	/* EPT misconfiguration */
	MODEL_EXIT_INVLPG,	/* intercepted with shadow paging, like MOV to CR3; addr: the operand */
	MODEL_EXIT_INVPCID,	/* likewise; addr: of the descriptor, error_code: the type */
	MODEL_EXIT_CR3,
	MODEL_EXIT_INSN,	/* another intercepted instruction of guest code; insn says which */
	MODEL_EXIT_UD,		/* an intercepted #UD */
	MODEL_EXIT_IRQ_WINDOW,	/* an interrupt, or an NMI, could be delivered */
	MODEL_EXIT_NMI_WINDOW,
	MODEL_EXIT_SHUTDOWN,	/* a triple fault */
	MODEL_EXIT_LOG_FULL,	/* of the page-modification log */
	MODEL_EXIT_MACHINE_CHECK, /* the frame has a memory error; addr: its physical address */
	MODEL_EXIT_BROKEN,	/* the tables point outside of memory: reported, and the run ends */
	MODEL_NR_EXITS
};

struct model_access_arch {
	u64 rip;		/* of its instruction: the access has retired if RIP has changed */
	u8 insn[8];		/* the instruction's bytes; none for FETCH, which executes what it fetches */
	u8 insn_len;
	u32 exits[MODEL_NR_EXITS];
	u8 vector;
	u32 error_code;
	u64 cr2;
};

#endif
