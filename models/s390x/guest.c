// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's registers and storage under SIE: prefixing, the guest's own dynamic address translation, low-address and
 * key-controlled protection. Principles of Operation, chapter 3; see guest.h.
 */
#include <linux/kvm_host.h>
#include <asm/ctlreg.h>
#include <asm/fault.h>
#include <asm/lowcore.h>
#include <asm/ptrace.h>
#include <kshim/checks.h>
#include <kshim/driver.h>
#include <kshim/form/s390_gmap.h>
#include "guest.h"
#include <kshim/host.h>
#include <kshim/mem.h>

u64 guest_prefixed(const struct kvm_s390_sie_block *sie, u64 addr)
{
	u64 prefix = (u64)sie->prefix << GUEST_PREFIX_SHIFT;

	if (addr < 2 * PAGE_SIZE)
		return addr + prefix;
	if (addr - prefix < 2 * PAGE_SIZE)
		return addr - prefix;
	return addr;
}

u64 guest_reg(const struct guest_cpu *c, unsigned int n)
{
	return n == 15 ? c->sie->gg15 : n == 14 ? c->sie->gg14 : c->gprs[n];
}

void guest_set_reg(struct guest_cpu *c, unsigned int n, u64 value)
{
	if (n == 15)
		c->sie->gg15 = value;
	else if (n == 14)
		c->sie->gg14 = value;
	else
		c->gprs[n] = value;
}

u64 guest_effective(const struct guest_cpu *c, u64 addr)
{
	if (!(c->sie->gpsw.mask & PSW_MASK_BA))
		return addr & GENMASK_ULL(23, 0);
	if (!(c->sie->gpsw.mask & PSW_MASK_EA))
		return addr & GENMASK_ULL(30, 0);
	return addr;
}

u64 guest_space(const struct guest_cpu *c)
{
	return c->gasce & TLB_ASCE_MASK;
}

enum guest_end guest_program(struct guest_cpu *c, u16 code)
{
	c->code = code;
	c->teid = 0;
	return GUEST_PROGRAM;
}

enum guest_end guest_intercept(struct guest_cpu *c, const struct guest_insn *i)
{
	c->sie->icptcode = ICPT_INST;
	c->sie->icptstatus = 0;
	c->sie->ipa = i->text >> 32;
	c->sie->ipb = i->text;
	c->sie->gpsw.addr = guest_effective(c, c->sie->gpsw.addr + i->len);
	return GUEST_INTERCEPTED;
}

static bool frame_is_live(u64 pa, u64 addr)
{
	u64 pfn = pa >> PAGE_SHIFT;

	if (pfn - ARCH_PFN_OFFSET < KSHIM_RAM_MAX >> PAGE_SHIFT &&
	    (!pfn_valid(pfn) || page_ref_count(compound_head(pfn_to_page(pfn))) || kshim_driver_frame(pfn)))
		return true;
	if (pfn_valid(pfn))
		kshim_about_frame(pfn);
	host_check("guest-access", "guest access to %llx: tables or TLB lead to frame %llx, which is %s", addr,
		   pfn, pfn_valid(pfn) ? "free" : "outside of memory");
	return false;
}

u64 guest_host_address(const struct guest_cpu *c, u64 absolute)
{
	return absolute + c->sie->mso;
}

enum guest_end guest_storage(struct guest_cpu *c, u64 absolute, bool write, u64 *pa)
{
	u64 at = guest_host_address(c, absolute);

	/* The limit is the host address of the last block of 1 MiB. */
	if (at < absolute || at > (c->sie->msl | ~MSL_MASK))
		return guest_program(c, PGM_CODE_ADDRESSING);
	c->code = s390_translate(c->gasce, at, write, pa);
	if (c->code) {
		c->addr = at;
		c->write = write;
		return GUEST_HOST_FAULT;
	}
	return frame_is_live(*pa, absolute) ? GUEST_OK : GUEST_BROKEN;
}

static bool dat_on(const struct guest_cpu *c)
{
	return c->sie->gpsw.mask & PSW_MASK_DAT;
}

/* The address space of an operand. Instructions come from the primary space, except if it is the home space. */
static u64 asce_of(const struct guest_cpu *c, enum dat_access access)
{
	u64 as = c->sie->gpsw.mask & PSW_MASK_ASC;

	if (!dat_on(c))
		return DAT_ASCE_R;
	if (as == PSW_ASC_HOME)
		return c->sie->gcr[13];
	if (as == PSW_ASC_PRIMARY || access == DAT_IFETCH)
		return c->sie->gcr[1];
	if (as == PSW_ASC_ACCREG)
		host_fatal(KVMSIM_REFUSED, NULL, 0, "SIE: a guest in access-register mode");
	return c->sie->gcr[7];
}

/*
 * What the teid tells about a protection exception besides the address, in the terms of union teid (asm/fault.h,
 * gaccess.c).
 */
enum protection { PROT_DAT, PROT_IEP, PROT_LOW_ADDRESS, PROT_KEY };

static enum guest_end access_exception(struct guest_cpu *c, u16 code, u64 addr, enum dat_access access,
				       enum protection prot)
{
	union teid teid = {.addr = addr >> PAGE_SHIFT,
			   .fsi = access == DAT_STORE ? TEID_FSI_STORE : TEID_FSI_FETCH,
			   .as = (c->sie->gpsw.mask & PSW_MASK_ASC) >> 46};

	if (code == PGM_CODE_ADDRESSING || code == PGM_CODE_TRANSLATION_SPECIFICATION)
		return guest_program(c, code);
	if (code == PGM_CODE_PROTECTION) {
		teid.b56 = prot == PROT_LOW_ADDRESS || prot == PROT_IEP;
		teid.b60 = prot == PROT_KEY;
		teid.b61 = prot == PROT_DAT || prot == PROT_IEP;
	}
	guest_program(c, code);
	c->teid = teid.val;
	return GUEST_PROGRAM;
}

struct table_reader {
	struct guest_cpu *c;
	enum guest_end end;
};

/* Tables are read from absolute storage, as in gaccess.c; the manual does not say whether prefixing applies. */
static int read_guest_entry(void *ctx, uint64_t address, uint64_t *entry)
{
	struct table_reader *r = ctx;
	u64 pa;

	r->end = guest_storage(r->c, address, false, &pa);
	if (r->end == GUEST_PROGRAM)
		return r->c->code;
	if (r->end != GUEST_OK)
		return -1;
	skey_mark(&s390_skeys, s390_block(pa), false);
	*entry = READ_ONCE(*(u64 *)__va(pa));
	return 0;
}

/* Dynamic address translation through the TLB. Fills *r like a walk. */
static enum guest_end dat(struct guest_cpu *c, u64 asce, u64 addr, enum dat_access access, struct dat_result *r)
{
	struct s390_tlb *tlb = &s390_cpus[raw_smp_processor_id()].tlb;
	struct s390_tlb_entry *e = s390_tlb_lookup(tlb, TLB_GUEST, guest_space(c), c->sie->mso, asce, addr);
	u32 flags = atomic_read(&c->sie->cpuflags);
	struct table_reader reader = {.c = c};
	struct dat_space space = {.asce = asce,
				  .read = read_guest_entry,
				  .ctx = &reader,
				  .edat1 = (flags & (CPUSTAT_GED | CPUSTAT_GED2)) && (c->sie->gcr[0] & CR0_EDAT),
				  .edat2 = (flags & CPUSTAT_GED2) && (c->sie->gcr[0] & CR0_EDAT),
				  .iep = (c->sie->ecb2 & ECB2_IEP) &&
					 (c->sie->gcr[0] & CR0_INSTRUCTION_EXEC_PROTECTION)};

	if (e) {
		*r = (struct dat_result){.level = e->level,
					 .protect = e->protect,
					 .iep = e->iep,
					 .address = (e->frame << PAGE_SHIFT) + (addr - (e->page << PAGE_SHIFT))};
	} else {
		s390_walk(&space, addr, DAT_FETCH, r);
		if (r->code < 0)
			return reader.end;
		if (r->code)
			return access_exception(c, r->code, addr, access, PROT_DAT);
		if (r->looked)
			s390_tlb_fill(tlb, TLB_GUEST, guest_space(c), c->sie->mso, asce, addr, r);
	}
	if (access == DAT_IFETCH && r->iep)
		return access_exception(c, PGM_CODE_PROTECTION, addr, access, PROT_IEP);
	return GUEST_OK;
}

/* Returns whether one of CR0's bits that protect or open low addresses applies. Not in a private space. */
static bool low_address_control(const struct guest_cpu *c, u64 bit)
{
	return (c->sie->gcr[0] & bit) && !(dat_on(c) && (asce_of(c, DAT_FETCH) & DAT_ASCE_P));
}

static bool low_address_protected(const struct guest_cpu *c, u64 addr)
{
	/* 0 to 511 and 4096 to 4607 */
	return !(addr & ~0x11ffULL) && low_address_control(c, CR0_LOW_ADDRESS_PROTECTION);
}

bool guest_key_allows(const struct guest_cpu *c, u64 addr, unsigned int key, u64 pa, bool store)
{
	struct skey_overrides o = {.fetch = addr < 2048 && low_address_control(c, CR0_FETCH_PROTECTION_OVERRIDE),
				   .storage = c->sie->gcr[0] & CR0_STORAGE_PROTECTION_OVERRIDE};

	return skey_allows(key, skey_insert(&s390_skeys, s390_block(pa)), store, o);
}

enum guest_end guest_translate(struct guest_cpu *c, u64 addr, enum dat_access access, u64 *absolute, bool *protect)
{
	struct dat_result r = {.level = DAT_PAGE, .address = addr};
	bool low = low_address_protected(c, addr);
	u64 asce = asce_of(c, access);
	enum guest_end end = GUEST_OK;

	if (access == DAT_STORE && low)
		return access_exception(c, PGM_CODE_PROTECTION, addr, access, PROT_LOW_ADDRESS);
	if (!(asce & DAT_ASCE_R))
		end = dat(c, asce, addr, access, &r);
	if (end != GUEST_OK)
		return end;
	*protect = r.protect || low;
	if (access == DAT_STORE && r.protect)
		return access_exception(c, PGM_CODE_PROTECTION, addr, access, PROT_DAT);
	/* A large frame's address is absolute, a page frame's is real. */
	*absolute = r.level == DAT_PAGE ? guest_prefixed(c->sie, r.address) : r.address;
	return GUEST_OK;
}

enum guest_end guest_operand(struct guest_cpu *c, u64 addr, enum dat_access access, u64 *pa)
{
	/* The instruction names the real address that leads to the absolute one. */
	u64 logical = dat_on(c) ? addr : guest_prefixed(c->sie, addr);
	unsigned int key = (c->sie->gpsw.mask & PSW_MASK_KEY) >> 52;
	u64 absolute;
	bool protect;
	enum guest_end end = guest_translate(c, logical, access, &absolute, &protect);

	if (end == GUEST_OK)
		end = guest_storage(c, absolute, access == DAT_STORE, pa);
	if (end != GUEST_OK)
		return end;
	if (!guest_key_allows(c, logical, key, *pa, access == DAT_STORE))
		return access_exception(c, PGM_CODE_PROTECTION, logical, access, PROT_KEY);
	skey_mark(&s390_skeys, s390_block(*pa), access == DAT_STORE);
	return GUEST_OK;
}

/* Returns whether the operation is nullified, so that the old PSW designates the instruction itself. */
static bool nullifies(u16 code)
{
	return (code >= PGM_CODE_SEGMENT_TRANSLATION && code <= PGM_CODE_PAGE_TRANSLATION) ||
	       (code >= PGM_CODE_ASCE_TYPE && code <= PGM_CODE_REGION_THIRD_TRANSLATION);
}

bool guest_has_teid(u16 code)
{
	return code == PGM_CODE_PROTECTION || nullifies(code);
}

void guest_store_program(struct guest_cpu *c, unsigned int ilen)
{
	psw_t old = c->sie->gpsw;
	struct lowcore *lc;
	u64 pa;

	/* The prefix area is mapped: s390_sie() checks it before it enters the guest (prefix_is_there()). */
	if (s390_translate(c->gasce, guest_host_address(c, guest_prefixed(c->sie, 0)), true, &pa))
		return;
	skey_mark(&s390_skeys, s390_block(pa), true);
	if (!nullifies(c->code))
		old.addr += ilen;
	lc = __va(pa);
	WRITE_ONCE(lc->pgm_ilc, ilen);
	WRITE_ONCE(lc->pgm_code, c->code);
	if (guest_has_teid(c->code))
		WRITE_ONCE(lc->trans_exc_code, c->teid);
	lc->program_old_psw = old;
}
