/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dynamic address translation of z/Architecture: the walk of the tables that an address-space-control element (ASCE)
 * designates. Principles of Operation, chapter 3, "Dynamic Address Translation"; names are taken from there.
 *
 * Used for the tables of the host (an mm's or a gmap's) and for those of a guest, whose entries are in guest memory:
 * the caller says how to read an entry. The walk changes nothing: the architecture keeps reference and change in
 * storage keys, not in tables. Needs nothing of the kernel, so that unit tests can use it.
 */
#ifndef MODEL_S390X_WALK_H
#define MODEL_S390X_WALK_H

#include <kshim/types.h>

/* The table types, by their bits in an entry and in the ASCE, and the page table below them. */
enum dat_level {
	DAT_SEGMENT = 0,
	DAT_REGION3 = 1,
	DAT_REGION2 = 2,
	DAT_REGION1 = 3,
	DAT_PAGE = 4,
	DAT_NR_LEVELS
};

/* Program-interruption codes that a walk ends in; 0: translated. */
enum dat_code {
	PGM_CODE_PROTECTION = 0x04,
	PGM_CODE_ADDRESSING = 0x05,
	PGM_CODE_SEGMENT_TRANSLATION = 0x10,
	PGM_CODE_PAGE_TRANSLATION = 0x11,
	PGM_CODE_TRANSLATION_SPECIFICATION = 0x12,
	PGM_CODE_ASCE_TYPE = 0x38,
	PGM_CODE_REGION_FIRST_TRANSLATION = 0x39,
	PGM_CODE_REGION_SECOND_TRANSLATION = 0x3a,
	PGM_CODE_REGION_THIRD_TRANSLATION = 0x3b,
};

enum dat_access { DAT_FETCH, DAT_STORE, DAT_IFETCH };

/* Bits of the ASCE. */
#define DAT_ASCE_ORIGIN (~0xfffULL)
#define DAT_ASCE_P 0x100ULL	/* private space */
#define DAT_ASCE_R 0x20ULL	/* real space */
#define DAT_ASCE_DT 0xcULL	/* designation type: enum dat_level << 2 */
#define DAT_ASCE_TL 0x3ULL	/* table length in units of 512 entries, less one */

/* Bits of table entries. */
#define DAT_ENTRY_AV 0x10000ULL	/* ACC and F are valid (large frames) */
#define DAT_ENTRY_ACC 0xf000ULL
#define DAT_ENTRY_F 0x800ULL
#define DAT_ENTRY_FC 0x400ULL	/* format control: the entry maps a large frame */
#define DAT_ENTRY_P 0x200ULL	/* DAT protection, all levels */
#define DAT_ENTRY_IEP 0x100ULL	/* instruction-execution protection, of frames of all sizes */
#define DAT_ENTRY_TF 0xc0ULL	/* offset of the next table, in units of 512 entries */
#define DAT_ENTRY_I 0x20ULL	/* invalid */
#define DAT_ENTRY_CS 0x10ULL	/* common segment, common region */
#define DAT_ENTRY_TT 0xcULL
#define DAT_ENTRY_TL 0x3ULL
#define DAT_PTE_Z 0x800ULL	/* must be zero */
#define DAT_PTE_I 0x400ULL

/*
 * Reads the 8-byte entry at address. Returns 0, PGM_CODE_ADDRESSING, or a negative number of the caller's choice, which
 * ends the walk and is passed on (for a host fault during the read of a guest's table).
 */
typedef int (*dat_read_fn)(void *ctx, uint64_t address, uint64_t *entry);

struct dat_space {
	uint64_t asce;
	bool edat1, edat2, iep;	/* facility installed and enabled by control register 0 */
	dat_read_fn read;
	void *ctx;
};

#define DAT_NO_ENTRY (~0ULL)

struct dat_result {
	int code;		/* 0, enum dat_code, or what read() returned */
	enum dat_level level;	/* of the last entry read: the frame's size if code is 0 */
	bool looked;		/* any entry was looked at */
	bool protect;		/* stores are not allowed (DAT protection) */
	bool iep;		/* code is, or would be for an instruction fetch, PROTECTION */
	uint64_t address;	/* real address; absolute if the frame is large */
	uint64_t entry;		/* the last entry looked at */
	uint64_t via[DAT_NR_LEVELS];	/* address of the entry used at each level, or DAT_NO_ENTRY */
};

/*
 * Translates addr for one access. The order of exceptions is that of the manual's figure "Translation process"; a
 * protection exception comes after all others. Does not check low-address protection and storage keys.
 */
void s390_walk(const struct dat_space *space, uint64_t addr, enum dat_access access, struct dat_result *r);

/* Size in bytes of the frame that a last entry of this level maps: 4 KiB, 1 MiB or 2 GiB; 0 for the upper levels. */
uint64_t dat_frame_bytes(enum dat_level level);

#endif
