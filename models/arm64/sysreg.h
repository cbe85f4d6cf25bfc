/* SPDX-License-Identifier: GPL-2.0-only */
/* The system registers of the simulated CPUs. sysreg.def has the list; kshim/insn.h has MRS and MSR. */
#ifndef MODEL_ARM64_SYSREG_H
#define MODEL_ARM64_SYSREG_H

#include <kshim/machine.h>
#include <kshim/types.h>

struct arm64_sysregs {
#define ID(name, encoding, value) uint64_t name;
#define REG(name, encoding, reset) uint64_t name;
#define EL1(name, encoding, reset) uint64_t name;
#define HW(name, encoding, kind, member, reset)
#define FUNC(name, encoding)
#include "sysreg.def"
#undef ID
#undef REG
#undef EL1
#undef HW
#undef FUNC
};

/* Those that are not in struct arm64_cpu, one for each CPU. A member's name is the register's own, not that for EL2. */
extern struct arm64_sysregs arm64_sysregs[KVMSIM_MAX_CPUS];

/* Gives a CPU's registers their values at reset, and the ID registers those of arm64_have. */
void arm64_sysregs_reset(unsigned int cpu);
/* features.c: sets the fields of the ID registers that arm64_have decides. */
void arm64_set_ids(struct arm64_sysregs *r);
/*
 * Returns the register with this encoding, as sys_reg() makes it, of CPU 0. An ID register that the list does not have
 * is zero. Refuses an unknown register.
 */
uint64_t arm64_sysreg_read_id(uint32_t encoding);
/*
 * MRS or MSR of the guest that the calling CPU runs: of EL1's own registers. Returns false if there is no register of
 * this encoding that EL1 can reach, or if it cannot be written.
 */
bool arm64_guest_sysreg(uint32_t encoding, bool write, uint64_t *value);

#endif
