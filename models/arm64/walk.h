/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The walks of VMSAv8-64: stage 1 of the EL1&0 and EL2&0 regimes, and stage 2. Arm ARM (DDI 0487), D8 "The AArch64
 * Virtual Memory System Architecture"; names are taken from there. Pages of 4, 16 and 64 KiB. FEAT_LPA and FEAT_LPA2
 * are not there: addresses have at most 48 bits.
 *
 * A walk goes from registers (struct arm64_regime, arm64_stage2_regs) to one set of tables (struct arm64_tables), and
 * through these to a leaf. The caller says how to read a descriptor; for a guest's stage 1 tables also where they are
 * in physical memory, because their addresses go through stage 2. A walk may begin at a table that a cache of table
 * descriptors leads to. xlate.h puts both stages and the TLB together.
 *
 * Needs nothing of the kernel, so that unit tests can use it.
 */
#ifndef MODEL_ARM64_WALK_H
#define MODEL_ARM64_WALK_H

#include <kshim/types.h>

#define ARM64_LEVELS 4	/* 0 to 3 */
#define ARM64_NO_ADDR (~0ULL)

/* What the machine has. The same for all CPUs. */
struct arm64_features {
	uint8_t pa_bits;	/* width of physical addresses: 32, 36, 40, 42, 44 or 48 */
	bool asid16, vmid16;	/* else 8 bits */
	bool haf;		/* hardware sets the access flag where HA asks for it */
	bool dbm;		/* hardware manages dirty state where HD asks for it; includes haf */
	bool xnx;		/* FEAT_XNX: execute-never at stage 2 for EL0 and EL1 separately */
	bool fwb;		/* FEAT_S2FWB */
	bool ttst;		/* FEAT_TTST: small translation tables */
	bool ttl;		/* FEAT_TTL: level hints of TLBI; else ignored */
	bool range;		/* FEAT_TLBIRANGE */
	bool bbml2;		/* FEAT_BBM level 2: the size of a mapping may change without break-before-make */
	bool dic, idc;		/* CTR_EL0: no need to invalidate the I-cache, to clean the D-cache to PoU */
	bool mte;		/* FEAT_MTE2: memory tags */
	bool nv2;		/* FEAT_NV2: a guest may believe that it is in EL2 */
};

/* Bits of HCR_EL2 that matter to translation. */
#define ARM64_HCR_VM (1ULL << 0)
#define ARM64_HCR_PTW (1ULL << 2)	/* stage 1 walks must not touch device memory */
#define ARM64_HCR_FB (1ULL << 9)	/* the guest's local maintenance is broadcast */
#define ARM64_HCR_DC (1ULL << 12)	/* stage 1 off: memory is Normal; stage 2 is on */
#define ARM64_HCR_TGE (1ULL << 27)
#define ARM64_HCR_CD (1ULL << 32)
#define ARM64_HCR_ID (1ULL << 33)
#define ARM64_HCR_E2H (1ULL << 34)
#define ARM64_HCR_FWB (1ULL << 46)

/* Bits of SCTLR_ELx. */
#define ARM64_SCTLR_M (1ULL << 0)
#define ARM64_SCTLR_A (1ULL << 1)
#define ARM64_SCTLR_C (1ULL << 2)
#define ARM64_SCTLR_I (1ULL << 12)
#define ARM64_SCTLR_WXN (1ULL << 19)

/* The registers that govern stage 1 of one regime. TCR_EL2 has the format of TCR_EL1, because E2H is set. */
struct arm64_regime {
	uint64_t sctlr, tcr, mair;
	uint64_t ttbr[2];
};

/* The registers that govern stage 2. */
struct arm64_stage2_regs {
	uint64_t hcr, vtcr, vttbr;
};

/* Fault status codes, as in ESR_ELx.ISS; those below 0x20 include the level in their low two bits. */
enum arm64_fsc {
	ARM64_FSC_ADDRESS_SIZE = 0x00,
	ARM64_FSC_TRANSLATION = 0x04,
	ARM64_FSC_ACCESS_FLAG = 0x08,
	ARM64_FSC_PERMISSION = 0x0c,
	ARM64_FSC_EXTERNAL = 0x10,	/* without a level */
	ARM64_FSC_TAG = 0x11,		/* synchronous Tag Check Fault */
	ARM64_FSC_EXTERNAL_WALK = 0x14,
	ARM64_FSC_ALIGNMENT = 0x21,
	ARM64_FSC_TLB_CONFLICT = 0x30,
	ARM64_FSC_ATOMIC = 0x35,	/* exclusive or atomic access to memory that does not support it */
};

/* What a translation ends in, if it fails. */
struct arm64_fault {
	bool failed;
	uint8_t fsc;	/* enum arm64_fsc, with the level */
	bool stage2;	/* taken to EL2: stage 2 failed */
	bool s1ptw;	/* stage 2 failed for a descriptor of stage 1 */
	bool write;	/* WnR */
	uint64_t ipa;	/* with stage2: the intermediate physical address that failed */
};

/* One access. */
struct arm64_access {
	bool read, write, fetch;	/* an exchange reads and writes */
	bool user;	/* at EL0 */
	bool pan;	/* PSTATE.PAN */
	bool atomic;	/* an exchange: the memory must be Normal, Write-Back */
	bool maintenance;	/* DC or IC by address: at EL1 needs no rights; reported as a write */
	bool at;	/* AT: like the access, but nothing is performed, and no descriptor is written */
	bool stage1_only;	/* AT S1E...: only a walk's own descriptors go through stage 2 */
	bool tag;		/* loads or stores a memory tag: not checked by its address's tag */
	bool tco;		/* PSTATE.TCO: nothing is checked */
	uint8_t bytes;	/* for alignment; 0 or 1: any address is aligned */
};

/* What a leaf, or both stages together, allow. Stage 2 does not tell EL0's data accesses from EL1's. */
enum arm64_rights {
	ARM64_R = 1 << 0,	/* EL1, or EL2 with E2H */
	ARM64_W = 1 << 1,
	ARM64_X = 1 << 2,
	ARM64_UR = 1 << 3,	/* EL0 */
	ARM64_UW = 1 << 4,
	ARM64_UX = 1 << 5,
	ARM64_ALL_RIGHTS = 0x3f,
};

/* Memory types, the weaker one first: the lower of two stages' counts. */
enum arm64_memtype {
	ARM64_DEVICE_nGnRnE,
	ARM64_DEVICE_nGnRE,
	ARM64_DEVICE_nGRE,
	ARM64_DEVICE_GRE,
	ARM64_NORMAL_NC,	/* Non-cacheable */
	ARM64_NORMAL_WT,
	ARM64_NORMAL_WB,
	ARM64_NORMAL_TAGGED,	/* Write-Back, and has memory tags */
};

/* Physical memory. Both functions return false if there is none at pa (external abort on a walk). */
struct arm64_memory {
	bool (*read)(void *ctx, uint64_t pa, uint64_t *desc);
	/* Compares with *old; on a mismatch updates *old and sets *done to false. */
	bool (*cmpxchg)(void *ctx, uint64_t pa, uint64_t *old, uint64_t new, bool *done);
	void *ctx;
};

/* A table descriptor that a walk used: what a walk cache holds of it. */
struct arm64_step {
	uint64_t desc_pa;	/* where it is; ARM64_NO_ADDR: this level was not read */
	uint64_t desc;
};

/* One set of tables and the control bits of its walk. */
struct arm64_tables {
	bool stage2;
	uint8_t granule;	/* log2 of its bytes: 12, 14, 16 */
	uint8_t input_bits;	/* width of the addresses that it translates */
	uint8_t output_bits;
	uint8_t start_level;
	uint64_t base;		/* of the first table, or of the concatenated ones */
	bool ha, hd;
	bool hpd;		/* stage 1: hierarchical permissions off */
	bool wxn;		/* stage 1 */
	bool xnx, fwb;		/* stage 2 */
	bool no_cache;		/* data is at most Non-cacheable: SCTLR.C clear, or HCR.CD */
	uint64_t mair;		/* stage 1 */
	/*
	 * Stage 1 under stage 2: finds where in physical memory the descriptor at ipa is. write: to update it. On
	 * false *f is filled, with s1ptw set. NULL: descriptors are at physical addresses.
	 */
	bool (*locate)(void *ctx, uint64_t ipa, bool write, uint64_t *pa, struct arm64_fault *f);
	void *locate_ctx;
};

/* Where a walk begins if not at the top: a cached table descriptor. */
struct arm64_start {
	uint8_t level;		/* of the table that it leads to */
	uint8_t rights;		/* that the table descriptors up to it leave, enum arm64_rights */
	uint64_t table;		/* address of that table */
};

/* The result of one stage. */
struct arm64_leaf {
	uint64_t out;		/* the address that this stage makes of the walked one */
	uint64_t desc_pa, desc;	/* the leaf descriptor as it is after the walk (AF, dirty state) */
	uint64_t desc_ipa;	/* its address as stage 1 knows it */
	uint8_t level;
	uint8_t size;		/* log2 of the bytes that it maps, with its contiguous neighbours */
	uint8_t rights;		/* enum arm64_rights; the right to write also if DBM would give it */
	bool dirty;		/* a write needs no update of the descriptor: it is writable, and not only by DBM */
	bool global;		/* stage 1: nG clear */
	uint8_t memtype;	/* enum arm64_memtype */
	struct arm64_step via[ARM64_LEVELS]; /* table descriptors that were read; also if the walk failed */
	uint8_t via_rights[ARM64_LEVELS];    /* what table descriptors down to this level leave */
	uint64_t via_table[ARM64_LEVELS];    /* the table that each leads to */
};

/*
 * Makes the tables for va out of a regime's registers. Returns false, with *f filled, if the address has none: a
 * translation fault at level 0 (out of range, EPDn, E0PDn), or an address size fault of TTBR. The caller must have
 * checked SCTLR.M. The address for the walk is *in: without tag and sign.
 */
bool arm64_s1_tables(const struct arm64_features *have, const struct arm64_regime *r, uint64_t va, bool user,
		     struct arm64_tables *t, uint64_t *in, struct arm64_fault *f);
/* The same for stage 2. */
bool arm64_s2_tables(const struct arm64_features *have, const struct arm64_stage2_regs *r, uint64_t ipa,
		     struct arm64_tables *t, struct arm64_fault *f);

/*
 * Walks one stage for one access. start: NULL, or where to begin. Sets AF, and for a write the dirty state, where the
 * tables ask for it. Returns false with *f filled (WnR, stage2 and ipa too). Of alignment faults, those of stage 2 and
 * of SCTLR.A are the caller's.
 */
bool arm64_walk(const struct arm64_tables *t, const struct arm64_memory *m, const struct arm64_start *start,
		uint64_t addr, const struct arm64_access *a, struct arm64_leaf *leaf, struct arm64_fault *f);

/* What a leaf descriptor of stage 2 allows. */
unsigned int arm64_stage2_rights(const struct arm64_tables *t, uint64_t desc);
/* Returns whether these rights permit the access. rights of stage 2: stage2 is set, PAN does not matter. */
bool arm64_allowed(unsigned int rights, const struct arm64_access *a, bool stage2);
/* The WnR bit that a fault of this access has, with these rights at the level that faults (0: none known). */
bool arm64_wnr(const struct arm64_access *a, unsigned int rights);

/* Returns whether the access would have to be aligned, and is not, if the memory is of a Device type. */
static inline bool arm64_unaligned(const struct arm64_access *a, uint64_t addr)
{
	return !a->fetch && !a->maintenance && a->bytes > 1 && (addr & (a->bytes - 1));
}

/* log2 of the bytes that a leaf of this level maps, without contiguous neighbours. */
static inline unsigned int arm64_level_shift(unsigned int granule, unsigned int level)
{
	return granule + (ARM64_LEVELS - 1 - level) * (granule - 3);
}

/* log2 of the bytes that a leaf with the contiguous bit maps together with its neighbours. */
unsigned int arm64_contiguous_shift(unsigned int granule, unsigned int level);
/* The memory type of an attribute byte of MAIR_ELx, of a MemAttr field of stage 2, and of two stages together. */
enum arm64_memtype arm64_memtype_mair(uint8_t attr);
enum arm64_memtype arm64_memtype_combined(const struct arm64_tables *s2, uint64_t s2_desc, enum arm64_memtype s1);

/* The fields of registers that TLB entries are tagged with. */
unsigned int arm64_asid(const struct arm64_features *have, const struct arm64_regime *r);
unsigned int arm64_vmid(const struct arm64_features *have, const struct arm64_stage2_regs *r);

/* ISS of a data or instruction abort: what the fault says. ISV and what belongs to it are the caller's. */
#define ARM64_ISS_WNR (1U << 6)
#define ARM64_ISS_S1PTW (1U << 7)
#define ARM64_ISS_CM (1U << 8)
uint32_t arm64_iss(const struct arm64_fault *f, const struct arm64_access *a);
/* HPFAR_EL2 for a stage 2 fault. */
static inline uint64_t arm64_hpfar(uint64_t ipa)
{
	return (ipa >> 12 & 0xffffffffffULL) << 4;
}

#endif
