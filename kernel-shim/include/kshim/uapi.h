/* SPDX-License-Identifier: GPL-2.0-only */
/* What a flavour exports of the kernel's interface (kernel-shim/uapi). Each list ends with an entry without a name. */
#ifndef KSHIM_UAPI_H
#define KSHIM_UAPI_H

#include <kshim/machine.h>

extern const struct kvmsim_constant kshim_constants[];
extern const struct kvmsim_layout kshim_layouts[];

#endif
