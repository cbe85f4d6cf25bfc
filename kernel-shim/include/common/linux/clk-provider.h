/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * linux/clk-provider.h without CONFIG_COMMON_CLK, which leaves nothing of it. The kernel's own includes headers of
 * device trees, which are not unpacked.
 */
#ifndef KSHIM_LINUX_CLK_PROVIDER_H
#define KSHIM_LINUX_CLK_PROVIDER_H

#ifdef CONFIG_COMMON_CLK
#error "CONFIG_COMMON_CLK is on: kernel-shim/include/common/linux/clk-provider.h hides what it needs"
#endif

#include <linux/clk.h>

#endif
