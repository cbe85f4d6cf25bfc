/* SPDX-License-Identifier: GPL-2.0-only */
/* The state of a CPU that RCU watches, as context_tracking begins: its members were named after dynamic ticks. */
#ifndef KSHIM_FORM_CT_NESTING_H
#define KSHIM_FORM_CT_NESTING_H

#include <linux/context_tracking_state.h>

#ifdef CONFIG_CONTEXT_TRACKING_IDLE
#define KSHIM_CT_NESTING .dynticks_nesting = 1, .dynticks_nmi_nesting = DYNTICK_IRQ_NONIDLE,
#else
#define KSHIM_CT_NESTING
#endif
#define KSHIM_CT_WATCHING { KSHIM_CT_NESTING .state = ATOMIC_INIT(RCU_DYNTICKS_IDX) }

#endif
