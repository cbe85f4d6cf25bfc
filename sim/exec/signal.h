/* SPDX-License-Identifier: GPL-2.0-only */
/* The program's handlers of signals, which are not the host's: signal.c keeps them, fault.c asks for them. */
#ifndef KVMEXEC_SIGNAL_H
#define KVMEXEC_SIGNAL_H

#include <signal.h>

/* libc's sigaction(), past this library. */
int exec_real_sigaction(int sig, const struct sigaction *act, struct sigaction *old);
/* What the program wants to happen at a signal. With SA_RESETHAND, only once. */
void exec_program_action(int sig, struct sigaction *act);
/* Blocks signals of the program while its handler runs; and back. */
void exec_block(const sigset_t *set, sigset_t *old);
void exec_unblock(const sigset_t *old);
/* The calling thread's signal gets the host's default action. */
void signal_default(int sig);

/* Installs the handler of the signal that exec_signals_oust() sends. */
void exec_oust_begin(void);

#endif
