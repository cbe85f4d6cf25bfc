// SPDX-License-Identifier: GPL-2.0-only
/* What mm/page_io.c wants of block/bio.c. */
#include <linux/bio.h>
#include <kshim/marks.h>

INERT_VOID(bio_uninit, "block/bio.c", "no swap device is a block device");
