/* SPDX-License-Identifier: GPL-2.0-only */
/* The first pass of MADV_PAGEOUT skipped what the guest had used lately, and marked it as not used. */
#ifndef KSHIM_FORM_PAGEOUT_REFERENCED_H
#define KSHIM_FORM_PAGEOUT_REFERENCED_H

#define KSHIM_PAGEOUT_PASSES 2

#endif
