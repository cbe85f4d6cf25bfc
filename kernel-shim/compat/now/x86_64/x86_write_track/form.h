/* SPDX-License-Identifier: GPL-2.0-only */
/* The counts of shadow pages for which a slot's gfns are write-protected; NULL until there is a shadow page. */
#define kshim_write_track(slot) ((const unsigned short *)((slot)->arch.gfn_write_track))
