// SPDX-License-Identifier: GPL-2.0-only
/* The check that a srcu_struct is always read in the same way (kernel/rcu/srcutree.c). */
#include <linux/percpu.h>
#include <linux/srcu.h>
#include <kshim/marks.h>

/* Only NMI and fast readers may be in an NMI, and a fast reader needs a srcu_struct that is made for it. */
static void check_use(struct srcu_struct *ssp, int flavor)
{
	bool fast = flavor == SRCU_READ_FLAVOR_FAST;

	WARN_ON_ONCE(in_nmi() && !fast && flavor != SRCU_READ_FLAVOR_NMI);
	WARN_ON_ONCE(hweight32(flavor) > 1);
	WARN_ON_ONCE(ssp->srcu_reader_flavor && flavor != ssp->srcu_reader_flavor);
	WARN_ON_ONCE(fast && !ssp->srcu_reader_flavor);
}

FAITHFUL(__srcu_check_read_flavor, "kernel/rcu/srcutree.c");
void __srcu_check_read_flavor(struct srcu_struct *ssp, int flavor)
{
	struct srcu_data *sdp = raw_cpu_ptr(ssp->sda);
	int old = READ_ONCE(sdp->srcu_reader_flavor);

	check_use(ssp, flavor);
	WARN_ON_ONCE(old && ssp->srcu_reader_flavor && old != ssp->srcu_reader_flavor);
	if (!old)
		old = cmpxchg(&sdp->srcu_reader_flavor, 0, flavor) ?: flavor;
	WARN_ONCE(old != flavor, "CPU %d old state %d new state %d\n", sdp->cpu, old, flavor);
}
