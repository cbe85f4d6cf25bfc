/* SPDX-License-Identifier: GPL-2.0-only */
/* A program that runs in this process as the simulated process: core/world/exec.c, which arch/ uses. */
#ifndef KSHIM_EXEC_H
#define KSHIM_EXEC_H

#include <kshim/machine.h>

/* Opens the window, before boot. Returns false if the host has something else there. */
bool kshim_exec_begin(void);
/*
 * The members of struct kvmsim_exec_ops. The architecture's fault() says with may_write whether a translation that has
 * just been made allows writing, too.
 */
int kshim_exec_fault(int pid, uint64_t addr, bool write, bool (*may_write)(uint64_t addr));
void kshim_exec_threads(void);
int kshim_exec_forking(void);
void kshim_exec_forked(void);
int kshim_exec_watch(int pid, int fd, void (*fn)(void *arg, int events), void *arg);
void kshim_exec_unwatch(int pid, int fd);
int kshim_exec_poll(int pid, int fd);

#endif
