// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of guest code (models/x86_64/exec*.c): the same instructions, with the same registers and memory, are
 * executed by the processor of the host. Registers, flags, XMM registers, data and stack must be equal afterwards.
 */
#include <check.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "ktest_guest_code.h"
#include "machine.h"
#include "suite.h"

#define CF (1u << 0)
#define PF (1u << 2)
#define AF (1u << 4)
#define ZF (1u << 6)
#define SF (1u << 7)
#define DF (1u << 10)
#define OF (1u << 11)
#define STATUS (CF | PF | AF | ZF | SF | OF)
#define FIXED 0x202u	/* bit 1, and IF, which a process cannot clear */

/* Addresses are those of GC_STATE. */
__asm__(".text\n"
	".globl gc_enter\n"
	".type gc_enter, @function\n"
	"gc_enter:\n"
	"	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
	"	mov %rsp, 0x10007090\n"
	".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
	"	movdqu 0x100070a0 + 16 * \\n, %xmm\\n\n"
	".endr\n"
	"	pushq 0x10007080; popfq\n"
	"	mov 0x10007008, %rcx; mov 0x10007010, %rdx; mov 0x10007018, %rbx; mov 0x10007028, %rbp\n"
	"	mov 0x10007030, %rsi; mov 0x10007038, %rdi; mov 0x10007040, %r8; mov 0x10007048, %r9\n"
	"	mov 0x10007050, %r10; mov 0x10007058, %r11; mov 0x10007060, %r12; mov 0x10007068, %r13\n"
	"	mov 0x10007070, %r14; mov 0x10007078, %r15; mov 0x10007000, %rax; mov 0x10007020, %rsp\n"
	"	jmp *0x10007088\n"
	".globl gc_leave\n"
	".type gc_leave, @function\n"
	"gc_leave:\n"
	"	mov %rax, 0x10007000; mov %rcx, 0x10007008; mov %rdx, 0x10007010; mov %rbx, 0x10007018\n"
	"	mov %rsp, 0x10007020; mov %rbp, 0x10007028; mov %rsi, 0x10007030; mov %rdi, 0x10007038\n"
	"	mov %r8, 0x10007040; mov %r9, 0x10007048; mov %r10, 0x10007050; mov %r11, 0x10007058\n"
	"	mov %r12, 0x10007060; mov %r13, 0x10007068; mov %r14, 0x10007070; mov %r15, 0x10007078\n"
	"	mov 0x10007090, %rsp\n"
	"	pushfq; popq 0x10007080\n"
	"	cld\n"
	".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
	"	movdqu %xmm\\n, 0x100070a0 + 16 * \\n\n"
	".endr\n"
	"	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
	"	ret\n");
void gc_enter(void);
void gc_leave(void);

_Static_assert(offsetof(struct gc_state, rflags) == 0x80 && offsetof(struct gc_state, rip) == 0x88 &&
	       offsetof(struct gc_state, host_rsp) == 0x90 && offsetof(struct gc_state, xmm) == 0xa0 &&
	       GC_STATE == 0x10007000, "as the assembly has it");

static struct gc_state *const native = (struct gc_state *)GC_STATE;

static void setup(void)
{
	boot_machine();
	ck_assert_int_eq(kvmsim_machine.kvm_load(NULL, NULL), 0);
	ck_assert_int_eq(ktest_gc_setup(), 0);
	ck_assert(mmap((void *)GC_BASE, GC_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == (void *)GC_BASE);
}

static uint64_t seed;

static uint64_t random64(void)
{
	/* Knuth's MMIX generator; the low bits are poor. */
	seed = seed * 6364136223846793005 + 1442695040888963407;
	return seed >> 32 | seed << 32;
}

/* Edges as often as anything else. */
static uint64_t value(void)
{
	static const uint64_t edges[] = {
		0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff,
		0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff,
	};
	uint64_t r = random64();

	return r & 1 ? edges[(r >> 8) % (sizeof(edges) / sizeof(*edges))] : random64();
}

/* RBX, RSI and RDI point to data, RBP too, RSP to the stack; the others have values. RCX is small for small == 1. */
static void fill(struct gc_state *s, uint8_t *data, uint8_t *stack, int small)
{
	memset(s, 0, sizeof(*s));
	for (int i = 0; i < 16; i++) {
		s->gpr[i] = value();
		s->xmm[i][0] = value();
		s->xmm[i][1] = value();
	}
	if (small)
		s->gpr[1] = random64() % 9;
	s->gpr[3] = GC_DATA + 0x80;
	s->gpr[4] = GC_STACK - 0x80;
	s->gpr[5] = GC_DATA + 0x40;
	s->gpr[6] = GC_DATA + 0x100;
	s->gpr[7] = GC_DATA + 0x200;
	s->rflags = FIXED | (random64() & STATUS);
	s->rip = GC_CODE;
	for (int i = 0; i < GC_DATA_BYTES; i += 8) {
		uint64_t v = value();

		memcpy(data + i, &v, 8);
	}
	/* Strings that are equal for some bytes. */
	memcpy(data + 0x200, data + 0x100, random64() % 16);
	for (int i = 0; i < GC_STACK_BYTES; i++)
		stack[i] = (uint8_t)random64();
}

static void run_native(const uint8_t *code, unsigned int bytes, struct gc_state *s, uint8_t *data, uint8_t *stack)
{
	uint8_t *at = (uint8_t *)GC_CODE;
	void (*back)(void) = gc_leave;

	memcpy(at, code, bytes);
	memcpy(at + bytes, "\xff\x25\0\0\0\0", 6);	/* jmp [rip] */
	memcpy(at + bytes + 6, &back, 8);
	memcpy((void *)GC_DATA, data, GC_DATA_BYTES);
	memcpy((void *)(GC_STACK - GC_STACK_BYTES), stack, GC_STACK_BYTES);
	*native = *s;
	gc_enter();
	*s = *native;
	memcpy(data, (void *)GC_DATA, GC_DATA_BYTES);
	memcpy(stack, (void *)(GC_STACK - GC_STACK_BYTES), GC_STACK_BYTES);
}

static void compare(const char *name, uint32_t undefined, const struct gc_state *before, const struct gc_state *a,
		    const struct gc_state *b)
{
	static const char *const names[] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10",
		"r11", "r12", "r13", "r14", "r15" };
	uint32_t flags = (STATUS | DF) & ~undefined;

	for (int i = 0; i < 16; i++) {
		ck_assert_msg(a->gpr[i] == b->gpr[i], "%s: %s was %lx, is %lx in the guest and %lx on the host", name,
			      names[i], before->gpr[i], a->gpr[i], b->gpr[i]);
		ck_assert_msg(!memcmp(a->xmm[i], b->xmm[i], 16),
			      "%s: xmm%d was %016lx%016lx, is %016lx%016lx in the guest and %016lx%016lx on the host",
			      name, i, before->xmm[i][1], before->xmm[i][0], a->xmm[i][1], a->xmm[i][0],
			      b->xmm[i][1], b->xmm[i][0]);
	}
	ck_assert_msg((a->rflags & flags) == (b->rflags & flags),
		      "%s: flags were %lx, are %lx in the guest and %lx on the host", name, before->rflags & flags,
		      a->rflags & flags, b->rflags & flags);
}

/* Each assertion of libcheck is a system call, so bytes that are equal need none. */
static void same_bytes(const char *name, const char *what, const uint8_t *guest, const uint8_t *host, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (guest[i] != host[i])
			ck_abort_msg("%s: %s at %zx: %02x in the guest, %02x on the host", name, what, i, guest[i],
				     host[i]);
}

static void both(const char *name, const uint8_t *code, unsigned int bytes, uint32_t undefined, int small)
{
	uint8_t data[GC_DATA_BYTES], stack[GC_STACK_BYTES], data2[GC_DATA_BYTES], stack2[GC_STACK_BYTES];
	uint8_t guest_code[64];
	struct gc_state before, guest, host;

	memcpy(guest_code, code, bytes);
	guest_code[bytes] = 0xf4;
	for (int round = 0; round < 20; round++) {
		fill(&before, data, stack, small);
		guest = host = before;
		memcpy(data2, data, sizeof(data));
		memcpy(stack2, stack, sizeof(stack));
		run_native(code, bytes, &host, data2, stack2);
		ck_assert_msg(ktest_gc_run(guest_code, bytes + 1, &guest, data, stack) == ktest_gc_hlt(),
			      "%s: no HLT: %s", name, texts);
		ck_assert_msg(guest.rip == GC_CODE + bytes + 1, "%s: ended at %lx", name, guest.rip);
		compare(name, undefined, &before, &guest, &host);
		same_bytes(name, "data", data, data2, sizeof(data));
		same_bytes(name, "stack", stack, stack2, sizeof(stack));
	}
}

/* "48 01 c3" */
static unsigned int parse(const char *hex, uint8_t *code)
{
	unsigned int n = 0;

	for (char *end; *hex; hex = end) {
		unsigned long v = strtoul(hex, &end, 16);

		if (end == hex)
			break;
		code[n++] = (uint8_t)v;
	}
	return n;
}

#include "guest_code_cases.h"

#define NR(list) (int)(sizeof(list) / sizeof(*(list)))

START_TEST(like_the_host)
{
	const struct gc_case *c = &cases[_i];
	uint8_t code[64];
	unsigned int n = parse(c->hex, code);

	seed = (uint64_t)_i + 1;
	both(c->name, code, n, c->undefined, c->small);
}
END_TEST

/* ALU: each operation, with each size and each form of its operands. */
START_TEST(arithmetic_like_the_host)
{
	static const char *const prefix[] = { "", "66 ", "", "48 " };	/* 8, 16, 32 and 64 bits */

	seed = (uint64_t)_i + 1000;
	for (unsigned int size = 0; size < 4; size++) {
		unsigned int wide = size > 0;
		char hex[64];
		uint8_t code[64];
		/* Forms: rm, reg and reg, rm; each with a register and with [rbx + 8]; locked if that is allowed. */
		for (unsigned int form = 0; form < 5; form++) {
			unsigned int to_reg = form == 1 || form == 3, memory = form >= 2, lock = form == 4;

			if (lock && _i == 7)
				continue;
			snprintf(hex, sizeof(hex), "%s%s%02x %s", lock ? "f0 " : "", prefix[size],
				 8 * (unsigned int)_i + wide + 2 * to_reg, memory ? "53 08" : "d0");
			both(hex, code, parse(hex, code), _i == 1 || _i == 4 || _i == 6 ? AF : 0, 0);
		}
		/* rm, imm8 */
		snprintf(hex, sizeof(hex), "%s%02x %02x 91", prefix[size], wide ? 0x83 : 0x80,
			 0xc2 + 8 * (unsigned int)_i);
		both(hex, code, parse(hex, code), _i == 1 || _i == 4 || _i == 6 ? AF : 0, 0);
	}
}
END_TEST

/* Each condition: Jcc, SETcc, CMOVcc after flags of a comparison. */
START_TEST(conditions_like_the_host)
{
	char hex[64], name[64];
	uint8_t code[64];

	seed = (uint64_t)_i + 2000;
	snprintf(hex, sizeof(hex), "48 39 c2 0f %02x c0 4c 0f %02x c2 %02x 03 48 ff c2", 0x90 + _i, 0x40 + _i,
		 0x70 + _i);
	snprintf(name, sizeof(name), "condition %d", _i);
	both(name, code, parse(hex, code), 0, 0);
}
END_TEST

static const struct {
	const char *hex, *text;
} refused[] = {
	{ "0f 01 f8", "code at 10000ff8, which begins with the bytes 0f 01 f8" },	/* swapgs */
	{ "c5 f8 77", "bytes c5 f8 77" },						/* vzeroupper */
	{ "d8 c1", "bytes d8 c1" },							/* fadd st, st(1) */
	{ "66 0f d4 c1", "bytes 66 0f d4 c1" },						/* paddq */
	{ "66 48 0f 38 00 c1", "bytes 66 48 0f 38 00 c1" },				/* pshufb */
};

static int wanted;

static void has_text(void)
{
	if (!strstr(texts, refused[wanted].text))
		_exit(EXIT_FAILURE);
}

START_TEST(an_instruction_that_is_not_modelled_is_refused_with_its_bytes)
{
	uint8_t code[64], data[GC_DATA_BYTES], stack[GC_STACK_BYTES];
	unsigned int n = parse(refused[_i].hex, code);
	struct gc_state s;

	wanted = _i;
	before_exit = has_text;
	fill(&s, data, stack, 0);
	ktest_gc_run(code, n, &s, data, stack);
	ck_abort_msg("%s was executed", refused[_i].hex);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("guest_code");
	TCase *c = tcase_create("guest_code");

	tcase_set_timeout(c, 120);
	tcase_add_unchecked_fixture(c, setup, NULL);
	tcase_add_loop_test(c, like_the_host, 0, NR(cases));
	tcase_add_loop_test(c, arithmetic_like_the_host, 0, 8);
	tcase_add_loop_test(c, conditions_like_the_host, 0, 16);
	tcase_add_loop_exit_test(c, an_instruction_that_is_not_modelled_is_refused_with_its_bytes,
				 FATAL + KVMSIM_REFUSED, 0, NR(refused));
	suite_add_tcase(s, c);
	return run_suite(s);
}
