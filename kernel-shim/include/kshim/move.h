/* SPDX-License-Identifier: GPL-2.0-only */
/* Moves between simulated memory and buffers, in the way the processor's instructions move data. */
#ifndef KSHIM_MOVE_H
#define KSHIM_MOVE_H

#include <linux/compiler.h>
#include <linux/string.h>
#include <linux/types.h>

/* Moves an aligned 1, 2, 4 or 8 bytes in one piece, like a single instruction. */
static inline void kshim_move(void *to, const void *from, unsigned long len)
{
	unsigned long both = (unsigned long)to | (unsigned long)from;

	if (len == 8 && !(both & 7))
		WRITE_ONCE(*(u64 *)to, READ_ONCE(*(u64 *)from));
	else if (len == 4 && !(both & 3))
		WRITE_ONCE(*(u32 *)to, READ_ONCE(*(u32 *)from));
	else if (len == 2 && !(both & 1))
		WRITE_ONCE(*(u16 *)to, READ_ONCE(*(u16 *)from));
	else
		memcpy(to, from, len);
}

#endif
