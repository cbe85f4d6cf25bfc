// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's exception table (arch/x86/mm/extable.c): exceptions that inline assembly expects, and inline assembly
 * that accesses user memory.
 *
 * A user address is not a host address, so such an instruction must not run. At boot each becomes a trap, which is
 * carried out here, through the process's page tables and the real fault path. None is missed, because in the kernel
 * each has an entry in this table, as it may fault. A form that decode() does not know is refused when it is reached.
 */
#include <linux/bitfield.h>
#include <linux/extable.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <asm/extable_fixup_types.h>
#include <asm/trapnr.h>
#include <kshim/arch.h>
#include <kshim/host.h>
#include <kshim/marks.h>
#include <kshim/move.h>
#include "internal.h"

#define LONGEST_INSN 15
#define RAX 0
#define RSP 4
#define NONE -1

/* From the linker; absent if no code has an entry. */
extern const struct exception_table_entry __start___ex_table[] __weak;
extern const struct exception_table_entry __stop___ex_table[] __weak;

/* An instruction that became a trap. */
struct site {
	unsigned long ip;
	const struct exception_table_entry *entry;
	u8 bytes[LONGEST_INSN];
};
static struct site *sites;
static unsigned int nr_sites;

/* --- the instructions --- */

enum user_op { USER_LOAD, USER_STORE, USER_XCHG, USER_CMPXCHG, USER_XADD };

struct user_insn {
	enum user_op op;
	u8 length;	/* of the instruction */
	u8 size;	/* of the operands */
	u8 reg;
	bool immediate;	/* instead of reg */
	s8 base, index;	/* registers, or NONE */
	u8 shift;
	s64 displacement, value;
};

static s64 take_signed(const u8 **p, unsigned int bytes)
{
	s64 value = 0;

	memcpy(&value, *p, bytes);
	*p += bytes;
	return sign_extend64(value, bytes * 8 - 1);
}

/* opcode without its lowest bit, which selects bytes or larger operands. */
static bool find_op(bool two_bytes, u8 opcode, struct user_insn *i)
{
	static const struct {
		u8 opcode;
		bool two_bytes;
		enum user_op op;
	} known[] = {
		{ 0x86, false, USER_XCHG }, { 0x88, false, USER_STORE }, { 0x8a, false, USER_LOAD },
		{ 0xc6, false, USER_STORE }, { 0xb0, true, USER_CMPXCHG }, { 0xc0, true, USER_XADD },
	};
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(known); n++)
		if (known[n].opcode == opcode && known[n].two_bytes == two_bytes) {
			i->op = known[n].op;
			i->immediate = opcode == 0xc6;
			return true;
		}
	return false;
}

/* ModR/M, SIB and displacement. Returns false if the operand is a register or relative to RIP. */
static bool decode_operand(const u8 **p, u8 rex, struct user_insn *i)
{
	u8 modrm = *(*p)++, mod = modrm >> 6, rm = modrm & 7, sib;

	i->reg = (modrm >> 3 & 7) | (rex & 4) << 1;
	i->index = NONE;
	i->shift = 0;
	if (mod == 3 || (!mod && rm == 5))
		return false;
	i->base = rm | (rex & 1) << 3;
	if (rm == 4) {
		sib = *(*p)++;
		i->base = (sib & 7) | (rex & 1) << 3;
		i->index = (sib >> 3 & 7) | (rex & 2) << 2;
		i->shift = sib >> 6;
		if (i->index == RSP)
			i->index = NONE;
		if (!mod && (sib & 7) == 5) {
			i->base = NONE;
			mod = 2;
		}
	}
	i->displacement = !mod ? 0 : take_signed(p, mod == 1 ? 1 : 4);
	return true;
}

static bool decode(const u8 *bytes, struct user_insn *i)
{
	const u8 *p = bytes;
	bool small = false, two_bytes;
	u8 rex = 0;

	for (; *p == 0x66 || *p == 0xf0; p++)	/* LOCK: all instructions that it could precede are atomic here */
		small |= *p == 0x66;
	if ((*p & 0xf0) == 0x40)
		rex = *p++;
	two_bytes = *p == 0x0f;
	p += two_bytes;
	if (!find_op(two_bytes, *p & ~1, i))
		return false;
	i->size = !(*p++ & 1) ? 1 : rex & 8 ? 8 : small ? 2 : 4;
	if (!decode_operand(&p, rex, i))
		return false;
	if (i->immediate)
		i->value = take_signed(&p, min_t(u8, i->size, 4));
	else if (i->size == 1 && !rex && i->reg >= 4)	/* AH, CH, DH, BH */
		return false;
	i->length = p - bytes;
	return true;
}

static unsigned long operand_address(const struct user_insn *i, const struct host_regs *r)
{
	return i->displacement + (i->base == NONE ? 0 : r->gpr[i->base]) +
	       (i->index == NONE ? 0 : r->gpr[i->index] << i->shift);
}

static void set_reg(struct host_regs *r, unsigned int reg, unsigned int size, u64 value)
{
	if (size >= 4)
		r->gpr[reg] = size == 4 ? (u32)value : value;
	else
		memcpy(&r->gpr[reg], &value, size);
}

/* Atomically replaces old with new if old is there; returns what was there. */
static u64 compare_and_swap(void *mem, u64 old, u64 new, unsigned int size)
{
	switch (size) {
	case 1:
		return cmpxchg((u8 *)mem, (u8)old, (u8)new);
	case 2:
		return cmpxchg((u16 *)mem, (u16)old, (u16)new);
	case 4:
		return cmpxchg((u32 *)mem, (u32)old, (u32)new);
	default:
		return cmpxchg((u64 *)mem, old, new);
	}
}

static u64 load(const void *mem, unsigned int size)
{
	u64 value = 0;

	kshim_move(&value, mem, size);
	return value;
}

/* Replaces what is there with value, or adds value to it; returns what was there. */
static u64 update(void *mem, u64 value, bool add, unsigned int size)
{
	u64 seen, old = load(mem, size);

	while ((seen = compare_and_swap(mem, old, add ? old + value : value, size)) != old)
		old = seen;
	return old;
}

struct user_access {
	const struct user_insn *i;
	struct host_regs *r;
};

/* Of the flags only CMPXCHG's ZF is set; no code looks at another one. */
static void perform_cmpxchg(void *mem, const struct user_insn *i, struct host_regs *r)
{
	u64 mask = GENMASK_ULL(i->size * 8 - 1, 0), old = r->gpr[RAX] & mask;
	u64 seen = compare_and_swap(mem, old, r->gpr[i->reg] & mask, i->size);

	if (seen == old) {
		r->flags |= X86_EFLAGS_ZF;
	} else {
		r->flags &= ~X86_EFLAGS_ZF;
		set_reg(r, RAX, i->size, seen);
	}
}

static bool perform(void *mem, unsigned long done, unsigned long len, void *arg)
{
	struct user_access *a = arg;
	const struct user_insn *i = a->i;
	struct host_regs *r = a->r;
	u64 value = i->immediate ? i->value : r->gpr[i->reg];

	if (len != i->size)
		host_fatal(KVMSIM_REFUSED, NULL, 0, "inline assembly that accesses user memory across two pages");
	switch (i->op) {
	case USER_LOAD:
		set_reg(r, i->reg, len, load(mem, len));
		break;
	case USER_STORE:
		kshim_move(mem, &value, len);
		break;
	case USER_XCHG:
	case USER_XADD:
		set_reg(r, i->reg, len, update(mem, value, i->op == USER_XADD, len));
		break;
	case USER_CMPXCHG:
		perform_cmpxchg(mem, i, r);
		break;
	}
	return true;
}

/* --- the table --- */

static unsigned long insn_of(const struct exception_table_entry *e)
{
	return (unsigned long)&e->insn + e->insn;
}

static unsigned int type_of(const struct exception_table_entry *e)
{
	return FIELD_GET(EX_DATA_TYPE_MASK, e->data);
}

/* Some kernels have an unsigned mask. */
static long immediate_of(const struct exception_table_entry *e)
{
	return (s16)FIELD_GET(EX_DATA_IMM_MASK, e->data);
}

/* fixup_exception(). Returns false if the type of the entry is not modelled. */
static bool go_on(const struct exception_table_entry *e, struct host_regs *r, unsigned int vector)
{
	switch (type_of(e)) {
	case EX_TYPE_DEFAULT:
	case EX_TYPE_UACCESS:
		break;
	case EX_TYPE_FAULT:
		r->gpr[RAX] = vector;
		break;
	case EX_TYPE_IMM_REG:
		r->gpr[FIELD_GET(EX_DATA_REG_MASK, e->data)] = immediate_of(e);
		break;
	default:
		return false;
	}
	if (e->data & EX_FLAG_CLEAR_AX)
		r->gpr[RAX] = 0;
	if (e->data & EX_FLAG_CLEAR_DX)
		r->gpr[2] = 0;
	r->ip = (unsigned long)&e->fixup + e->fixup;
	return true;
}

static bool fixup(struct host_regs *r, unsigned int vector)
{
	const struct exception_table_entry *e;

	for (e = __start___ex_table; e < __stop___ex_table; e++)
		if (insn_of(e) == r->ip)
			return go_on(e, r, vector);
	return false;
}

static const struct site *find_site(unsigned long ip)
{
	unsigned int n;

	for (n = 0; n < nr_sites; n++)
		if (sites[n].ip == ip)
			return &sites[n];
	return NULL;
}

static bool is_trap(unsigned long ip)
{
	return find_site(ip) != NULL;
}

static __noreturn void refuse(const struct site *s)
{
	char hex[32];

	snprintf(hex, sizeof(hex), "%*ph", 8, s->bytes);
	host_fatal(KVMSIM_REFUSED, NULL, 0,
		   "inline assembly that accesses user memory by an instruction that is not modelled: %s", hex);
}

static void trapped(struct host_regs *r)
{
	const struct site *s = find_site(r->ip);
	struct user_insn i;
	struct user_access a = { .i = &i, .r = r };

	if (!decode(s->bytes, &i))
		refuse(s);
	if (!kshim_user_pieces(operand_address(&i, r), i.size, i.op != USER_LOAD, false, perform, &a))
		r->ip = s->ip + i.length;
	else if (!go_on(s->entry, r, X86_TRAP_PF))
		refuse(s);
}

/* The entry types of get_user() and its relatives, futexes and KVM for user memory. */
static bool is_user_access(const struct exception_table_entry *e)
{
	return type_of(e) == EX_TYPE_UACCESS || type_of(e) == EX_TYPE_UCOPY_LEN ||
	       (type_of(e) == EX_TYPE_IMM_REG && immediate_of(e) == -EFAULT);
}

int kshim_user_insns_unknown(void)
{
	struct user_insn i;
	unsigned int n;
	int unknown = 0;

	for (n = 0; n < nr_sites; n++)
		unknown += !decode(sites[n].bytes, &i);
	return unknown;
}

void kshim_extable_boot(void)
{
	static const struct host_exception_ops ops = { .is_trap = is_trap, .trapped = trapped, .fixup = fixup };
	const struct exception_table_entry *e;
	struct site *s;

	sites = kcalloc(__stop___ex_table - __start___ex_table, sizeof(*sites), GFP_KERNEL | __GFP_NOFAIL);
	for (e = __start___ex_table; e < __stop___ex_table; e++) {
		if (!is_user_access(e) || find_site(insn_of(e)))
			continue;
		s = &sites[nr_sites++];
		s->ip = insn_of(e);
		s->entry = e;
		memcpy(s->bytes, (void *)s->ip, sizeof(s->bytes));
		host_trap_at(s->ip);
	}
	host_handle_exceptions(&ops);
}
