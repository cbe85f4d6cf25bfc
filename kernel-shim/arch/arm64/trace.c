// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's KVM trace events of arm64 as text. Not recorded yet are those of trace_handle_exit.h, because one of
 * them is larger than a record, and prints arrays.
 */
#include <linux/kvm_host.h>
#include <asm/kvm_emulate.h>
#include <trace/events/kvm.h>
#include "trace_arm.h"
#include "../../core/lib/trace_events.h"

#include <trace/events/kvm.h>
#include "trace_arm.h"

/* Changes of stage-2 entries have no event. */
int kshim_trace_count(void)
{
	return -EOPNOTSUPP;
}
