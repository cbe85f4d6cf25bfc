/* SPDX-License-Identifier: GPL-2.0-only */
/* The state of a CPU that RCU watches, as context_tracking begins. */
#ifndef KSHIM_FORM_CT_NESTING_H
#define KSHIM_FORM_CT_NESTING_H

#include <linux/context_tracking_state.h>

#ifdef CONFIG_CONTEXT_TRACKING_IDLE
#define KSHIM_CT_NESTING .nesting = 1, .nmi_nesting = CT_NESTING_IRQ_NONIDLE,
#else
#define KSHIM_CT_NESTING
#endif
#define KSHIM_CT_WATCHING { KSHIM_CT_NESTING .state = ATOMIC_INIT(CT_RCU_WATCHING) }

#endif
