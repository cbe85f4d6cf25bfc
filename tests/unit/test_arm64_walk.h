/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of test_arm64_walk share: tables in a small array, registers, the result of a walk. */
#ifndef TEST_ARM64_WALK_H
#define TEST_ARM64_WALK_H

#include <check.h>
#include "../../models/arm64/walk.h"

#define BIT64(n) (1ULL << (n))
#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

#define MEMORY 0x200000
extern uint64_t memory[MEMORY / 8];
extern unsigned int reads, writes;
/* If set, this word gets intruder_value before the walker's next update. */
extern uint64_t *intruder, intruder_value;
extern const struct arm64_memory ram;

/* Bits of descriptors. */
enum { VALID = 1, TABLE = 3, PAGE = 3, BLOCK = 1, AF = 1 << 10, NG = 1 << 11, USER = 1 << 6, RO = 1 << 7 };
enum { S2_R = 1 << 6, S2_W = 1 << 7, S2_RW = 3 << 6, S2_WB = 0xf << 2 };
#define DBM BIT64(51)
#define CONTIGUOUS BIT64(52)
#define PXN BIT64(53)
#define UXN BIT64(54)

/* Tables at fixed places; 64 KiB apart, so that they suit all granules. */
enum { L0 = 0x10000, L1 = 0x20000, L2 = 0x30000, L3 = 0x40000 };

/* What every test finds: 4 KiB tables, one page at ADDR. */
extern struct arm64_features have;
extern struct arm64_regime regime;
extern struct arm64_stage2_regs stage2;
/* Of the last walk. */
extern struct arm64_leaf leaf;
extern struct arm64_fault fault;

static const struct arm64_access load = { .read = true }, store = { .write = true }, fetch = { .fetch = true };
static const struct arm64_access swap = { .read = true, .write = true, .atomic = true };
static const struct arm64_access user_load = { .read = true, .user = true };
static const struct arm64_access user_store = { .write = true, .user = true };
static const struct arm64_access user_fetch = { .fetch = true, .user = true };
static const struct arm64_access pan_load = { .read = true, .pan = true }, clean = { .maintenance = true };
static const struct arm64_access user_clean = { .maintenance = true, .user = true };

#define T0SZ(bits) (64ULL - (bits))
#define T1SZ(bits) ((64ULL - (bits)) << 16)
#define TG0_16K (2ULL << 14)
#define TG0_64K (1ULL << 14)
#define TG1_4K (2ULL << 30)
#define IPS_48 (5ULL << 32)
#define TCR_HA BIT64(39)
#define TCR_HD BIT64(40)
#define SL0(n) ((uint64_t)(n) << 6)
#define PS_48 (5ULL << 16)
#define VTCR_HA BIT64(21)
#define VTCR_HD BIT64(22)

/* An address whose indexes at 4 KiB are 3, 5, 7, 9. */
#define ADDR (3ULL << 39 | 5ULL << 30 | 7ULL << 21 | 9ULL << 12 | 0x123)

/* The descriptor of the page at ADDR. */
uint64_t *l3(void);
/* Walk stage 1, stage 2. Return what arm64_walk() returns. */
bool walk1(uint64_t va, struct arm64_access a);
bool walk2(uint64_t ipa, struct arm64_access a);
/* ok: what the walk returned, which must be false. */
void expect_fault(bool ok, unsigned int fsc);

void add_rights_tests(TCase *t);
void add_stage2_tests(TCase *t);
void add_update_tests(TCase *t);

#endif
