/* SPDX-License-Identifier: GPL-2.0-only */
/* MADV_PAGEOUT takes pages whatever their accessed bits say. */
#ifndef KSHIM_FORM_PAGEOUT_REFERENCED_H
#define KSHIM_FORM_PAGEOUT_REFERENCED_H

#define KSHIM_PAGEOUT_PASSES 1

#endif
