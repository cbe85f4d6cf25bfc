/* SPDX-License-Identifier: GPL-2.0-only */
/* A frame of 2 GiB is cleared page by page. Guests cannot have it (__gmap_link()), so processes have none either. */
#ifndef KSHIM_FORM_CLEAR_PAGES_H
#define KSHIM_FORM_CLEAR_PAGES_H

static inline void kshim_add_gigantic_hstate(void)
{
}

static inline void kshim_set_gigantic_overcommit(void)
{
}

#endif
