// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's interface as data: the constants and structure layouts that scenarios and their language use. The values
 * are those of this kernel and architecture, because its own headers give them. Only the names are listed here, in
 * *.names.
 */
#include <linux/arm-smccc.h>
#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/eventfd.h>
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/kvm.h>
#include <linux/kvm_host.h>
#include <linux/mempolicy.h>
#include <linux/mman.h>
#include <linux/prctl.h>
#include <linux/resource.h>
#include <linux/signal.h>
#include <linux/userfaultfd.h>
#include <uapi/linux/memfd.h>
#include <uapi/linux/psci.h>

#include <kshim/uapi.h>

/* An enumeration, but the lists are of macros. */
#define MPOL_DEFAULT		MPOL_DEFAULT
#define MPOL_PREFERRED		MPOL_PREFERRED
#define MPOL_BIND		MPOL_BIND
#define MPOL_INTERLEAVE		MPOL_INTERLEAVE
#define MPOL_LOCAL		MPOL_LOCAL
#define MPOL_PREFERRED_MANY	MPOL_PREFERRED_MANY

/* The words of the generated header: each list below defines those that it takes. */
#define CONSTANT(name) { #name, (uint64_t)(name), 0 },
#define ABSENT(name) { #name, 0, 1 },
#define STRUCTURE(type)
#define MEMBER(type, member)

const struct kvmsim_constant kshim_constants[] = {
#include <kshim/names.h>
	{ NULL, 0, 0 }
};

#undef CONSTANT
#undef ABSENT
#undef STRUCTURE
#undef MEMBER

#define CONSTANT(name)
#define ABSENT(name)
#define STRUCTURE(type) { #type, NULL, 0, sizeof(struct type), KVMSIM_BYTES },
#define MEMBER(type, member)								\
	{ #type, #member, offsetof(struct type, member), sizeof(((struct type *)0)->member),	\
	  KIND(((struct type *)0)->member) },

/* Arrays decay to pointers, but not to void *. */
#define KIND(member) _Generic(member,							\
	unsigned char: KVMSIM_UNSIGNED, unsigned short: KVMSIM_UNSIGNED, unsigned int: KVMSIM_UNSIGNED,	\
	unsigned long: KVMSIM_UNSIGNED, unsigned long long: KVMSIM_UNSIGNED, void *: KVMSIM_UNSIGNED,	\
	signed char: KVMSIM_SIGNED, short: KVMSIM_SIGNED, int: KVMSIM_SIGNED,		\
	long: KVMSIM_SIGNED, long long: KVMSIM_SIGNED, default: KVMSIM_BYTES)

const struct kvmsim_layout kshim_layouts[] = {
#include <kshim/names.h>
	{ NULL, NULL, 0, 0, KVMSIM_BYTES }
};
