/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * x86's asm/special_insns.h on the model's control registers. It includes the header as a paravirtualised kernel does,
 * which supplies read_cr0() and its relatives itself. The header's native_*() functions remain unused.
 */
#ifndef KSHIM_ASM_SPECIAL_INSNS_H
#define KSHIM_ASM_SPECIAL_INSNS_H

#include <asm/paravirt.h>

#define CONFIG_PARAVIRT_XXL 1
#define native_read_cr4	__unused_native_read_cr4
#define __read_cr4	__unused_read_cr4
#define wbinvd		__unused_wbinvd
#define wbnoinvd	__unused_wbnoinvd
#define clflush		__unused_clflush
#define clflushopt	__unused_clflushopt
#define clwb		__unused_clwb
#include_next <asm/special_insns.h>
#undef CONFIG_PARAVIRT_XXL
#undef native_read_cr4
#undef __read_cr4
#undef wbinvd
#undef wbnoinvd
#undef clflush
#undef clflushopt
#undef clwb

/* This CPU's control register nr (0, 2, 3 or 4). */
unsigned long kshim_read_cr(unsigned int nr);
void kshim_write_cr(unsigned int nr, unsigned long val);

static inline unsigned long read_cr0(void)
{
	return kshim_read_cr(0);
}

static inline void write_cr0(unsigned long val)
{
	kshim_write_cr(0, val);
}

static __always_inline unsigned long read_cr2(void)
{
	return kshim_read_cr(2);
}

static __always_inline void write_cr2(unsigned long val)
{
	kshim_write_cr(2, val);
}

static inline unsigned long __read_cr3(void)
{
	return kshim_read_cr(3);
}

static inline void write_cr3(unsigned long val)
{
	kshim_write_cr(3, val);
}

static inline unsigned long __read_cr4(void)
{
	return kshim_read_cr(4);
}
#define native_read_cr4() __read_cr4()

static inline void __write_cr4(unsigned long val)
{
	kshim_write_cr(4, val);
}

/* Caches are coherent with simulated RAM. */
static __always_inline void wbinvd(void)
{
	barrier();
}

static __always_inline void wbnoinvd(void)
{
	barrier();
}

static __always_inline void clflush(volatile void *p)
{
	barrier();
}

static __always_inline void clflushopt(volatile void *p)
{
	barrier();
}

static __always_inline void clwb(volatile void *p)
{
	barrier();
}

#endif
