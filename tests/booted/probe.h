/* SPDX-License-Identifier: GPL-2.0-only */
/* The program of this directory: what its files share. */
#ifndef BOOTED_PROBE_H
#define BOOTED_PROBE_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

typedef uint64_t u64;
typedef uint32_t u32;

#define MiB (1ULL << 20)
#define GiB (1ULL << 30)
#define DEVICE 0x10000000ULL

#define number(name, v) answer(name, "%ld", (long)(v))
#define CORE(field) (KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | (offsetof(struct kvm_regs, field) / 4))
#define VBAR ARM64_SYS_REG(3, 0, 12, 0, 0)
#define ESR ARM64_SYS_REG(3, 0, 5, 2, 0)
#define FAR ARM64_SYS_REG(3, 0, 6, 0, 0)
#define PAR ARM64_SYS_REG(3, 0, 7, 4, 0)

/* A VM with memory at 0, code at CODE, and after add_vcpu() a vCPU. */
struct vm {
	int fd, vcpu;
	struct kvm_run *run;
	char *ram;
	u32 *code;
	u64 size;
};

extern u64 page_bytes;
extern int kvm;	/* /dev/kvm */

/* --- probe.c --- */
/* Prints one answer, "@name=value". */
void answer(const char *name, const char *fmt, ...);
/* ioctl(): its result, or -errno. */
long io(int fd, unsigned long nr, u64 arg);
long set_reg(int vcpu, u64 id, u64 value);
u64 get_reg(int vcpu, u64 id);
long region(int fd, u32 slot, u32 flags, u64 gpa, u64 size, void *addr);
struct vm make_vm(u64 size, u32 flags);
void add_vcpu(struct vm *v);
struct vm make_guest(u64 size, u32 flags);
void end(struct vm *v);
/* The guest executes one instruction with X0 and X1; the answer says what came of it, and X0. */
void insn(const char *name, struct vm *v, u32 text, u64 x0, u64 x1);
/* A load or store of n bytes; poke() tells nobody. */
void peek(const char *name, struct vm *v, u64 addr, int n);
void write_to(const char *name, struct vm *v, u64 addr, int n, u64 value);
void poke(struct vm *v, u64 addr, int n, u64 value);

/* --- interface.c, memory.c --- */
void probe_interface(void);
void probe_memory(void);

#endif
