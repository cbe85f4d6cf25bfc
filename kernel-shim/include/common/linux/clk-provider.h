/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * linux/clk-provider.h. Without CONFIG_COMMON_CLK nothing of it is left, but the kernel's own includes headers of
 * device trees, which are not unpacked.
 */
#ifndef KSHIM_LINUX_CLK_PROVIDER_H
#define KSHIM_LINUX_CLK_PROVIDER_H

#ifdef CONFIG_COMMON_CLK
#include_next <linux/clk-provider.h>
#else
#include <linux/clk.h>
#endif

#endif
