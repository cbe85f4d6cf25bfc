// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's KVM trace events of s390 as text. */
#include <linux/kvm_host.h>
#include <asm/sigp.h>
#include <asm/debug.h>
#include <asm/dis.h>
#include <kshim/form/s390_gmap.h>
#include <trace/events/kvm.h>
#include "trace.h"
#include "trace-s390.h"
#include "../../core/lib/trace_events.h"

#include <trace/events/kvm.h>
#include "trace.h"
#include "trace-s390.h"

/* Changes of page-table entries have no event: the real mm makes them. */
int kshim_trace_count(void)
{
	return -EOPNOTSUPP;
}
