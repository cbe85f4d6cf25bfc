// SPDX-License-Identifier: GPL-2.0-only
/* The check that a srcu_struct is used in NMIs always or never (kernel/rcu/srcutree.c). */
#include <linux/percpu.h>
#include <linux/srcu.h>
#include <kshim/marks.h>

FAITHFUL(srcu_check_nmi_safety, "kernel/rcu/srcutree.c");
void srcu_check_nmi_safety(struct srcu_struct *ssp, bool nmi_safe)
{
	struct srcu_data *sdp = raw_cpu_ptr(ssp->sda);
	int mask = 1 << nmi_safe;
	int old = READ_ONCE(sdp->srcu_nmi_safety);

	WARN_ON_ONCE(!nmi_safe && in_nmi());
	if (!old)
		WRITE_ONCE(sdp->srcu_nmi_safety, mask);
	else
		WARN_ONCE(old != mask, "CPU %d old state %d new state %d\n", sdp->cpu, old, mask);
}
