// SPDX-License-Identifier: GPL-2.0-only
/*
 * The program's page faults in the window, and its handlers of signals.
 *
 * A touch of the window is a SIGSEGV here. It goes to the simulated kernel's page-fault handler; what that makes of it,
 * a page or a signal with number, code and address, is what the program sees. So SIGSEGV and SIGBUS always have this
 * library's handler and are never blocked; the program's own are kept here and called from it. Other signals of the
 * program that arrive inside the simulator wait until the thread leaves it (signal.c). A CPUID instruction, which the
 * host's processor refuses to the program, is a SIGSEGV as well, and answered here.
 */
#define _GNU_SOURCE
#include "exec.h"

#include <asm/prctl.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>
#include "signal.h"

#define STACK_BYTES (256UL << 10)
#define PF_WRITE 2		/* x86 page-fault error code */
#define PF_FETCH 16
#define TRAP_GP 13

#ifndef ARCH_SET_CPUID
#define ARCH_SET_CPUID 0x1012
#endif

static struct sigaction simulators[NSIG];	/* what the simulator installed, for its own code */
static pthread_key_t stack_key;

/* Calls the program's handler, or ends the program as the signal does without one. */
static void to_program(int sig, siginfo_t *si, void *context)
{
	struct sigaction act;
	sigset_t old;

	exec_program_action(sig, &act);
	if (act.sa_handler == SIG_DFL || act.sa_handler == SIG_IGN) {
		exec_say("kvmsim: signal %d (code %d) at %p kills the program", sig, si->si_code, si->si_addr);
		signal_default(sig);
		return;
	}
	if (!(act.sa_flags & SA_NODEFER) && sig != SIGSEGV && sig != SIGBUS)
		sigaddset(&act.sa_mask, sig);
	exec_block(&act.sa_mask, &old);
	if (act.sa_flags & SA_SIGINFO)
		act.sa_sigaction(sig, si, context);
	else
		act.sa_handler(sig);
	exec_unblock(&old);
}

/* A touch of the window. Returns false if it is not for the simulated kernel. */
static bool simulated_fault(siginfo_t *si, ucontext_t *uc)
{
	unsigned long error = (unsigned long)uc->uc_mcontext.gregs[REG_ERR];
	struct kvmsim_signal s = { 0 };
	int ret;

	if (si->si_code <= 0 || !exec_active() || !exec_in_window(si->si_addr))
		return false;
	if (error & PF_FETCH)
		exec_refuse("execution of code at %p, in the simulated process's memory", si->si_addr);
	exec_enter();
	ret = exec_program->fault(exec_pid, (uint64_t)si->si_addr, !!(error & PF_WRITE));
	if (ret && exec_ops->take_signal(exec_pid, &s) != 1)
		s.signo = 0;
	exec_leave();
	if (ret && s.signo) {
		siginfo_t info = { .si_signo = s.signo, .si_code = s.code };

		info.si_addr = (void *)s.addr;
		to_program(s.signo, &info, uc);
	}
	return true;
}

/* A CPUID instruction, which is a general protection fault now. Returns false if it is none. */
static bool simulated_cpuid(const siginfo_t *si, ucontext_t *uc)
{
	static const unsigned char cpuid[] = { 0x0f, 0xa2 };
	greg_t *g = uc->uc_mcontext.gregs;
	uint32_t r[4] = { (uint32_t)g[REG_RAX], 0, (uint32_t)g[REG_RCX], 0 };

	if (!exec_ops || si->si_code != SI_KERNEL || g[REG_TRAPNO] != TRAP_GP ||
	    memcmp((void *)g[REG_RIP], cpuid, sizeof(cpuid)))
		return false;
	exec_program->cpuid(r);
	g[REG_RAX] = r[0];
	g[REG_RBX] = r[1];
	g[REG_RCX] = r[2];
	g[REG_RDX] = r[3];
	g[REG_RIP] += (greg_t)sizeof(cpuid);
	return true;
}

static void on_fault(int sig, siginfo_t *si, void *context)
{
	int saved = errno;

	if (sig == SIGSEGV && simulated_cpuid(si, context))
		;
	else if ((sig == SIGSEGV || sig == SIGBUS) && simulated_fault(si, context))
		;
	else if (exec_in_simulator())
		simulators[sig].sa_sigaction(sig, si, context);
	else
		to_program(sig, si, context);
	errno = saved;
}

static void free_stack(void *stack)
{
	const stack_t off = { .ss_flags = SS_DISABLE };

	sigaltstack(&off, NULL);
	exec_host(SYS_munmap, stack, STACK_BYTES);
}

/* The fault handler, and the simulated kernel in it, run on a stack of their own. */
void exec_faults_thread(void)
{
	long stack = exec_host(SYS_mmap, NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	stack_t ss = { .ss_size = STACK_BYTES };

	if (stack < 0)
		exec_refuse("a thread without memory for a signal stack (errno %ld)", -stack);
	ss.ss_sp = (void *)stack;
	sigaltstack(&ss, NULL);
	pthread_setspecific(stack_key, (void *)stack);
}

void exec_faults_boot(void)
{
	pthread_key_create(&stack_key, free_stack);
	exec_faults_thread();
}

void exec_faults_begin(void)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL };
	struct sigaction act = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK };

	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		exec_real_sigaction(signals[i], &act, &simulators[signals[i]]);
}

/* A processor or a host that cannot do this leaves the program with the host's CPUID. */
void exec_cpuid_begin(void)
{
	exec_host(SYS_arch_prctl, ARCH_SET_CPUID, 0);
}
