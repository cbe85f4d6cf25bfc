// SPDX-License-Identifier: GPL-2.0-only
/* Interrupts of each CPU are asked for with the CPUs that they are for. */
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <kshim/marks.h>

REDUCED(request_percpu_irq_affinity, "kernel/irq/manage.c",
	"a timer that is switched on is refused, so the handler never runs");
int request_percpu_irq_affinity(unsigned int irq, irq_handler_t handler, const char *devname, const cpumask_t *affinity,
				void __percpu *dev_id)
{
	return irq_get_irq_data(irq) ? 0 : -EINVAL;
}
