/* SPDX-License-Identifier: GPL-2.0-only */
/* s390's asm/byteorder.h for a little-endian host: the bitmap helpers (set_bit_le) and cpu_to_*() follow the host. */
#ifndef _S390_BYTEORDER_H
#define _S390_BYTEORDER_H

#include <linux/byteorder/little_endian.h>

#endif
