/* SPDX-License-Identifier: GPL-2.0-only */
/* The accessors of a vCPU's registers moved into regs.h. */
#include "regs.h"
