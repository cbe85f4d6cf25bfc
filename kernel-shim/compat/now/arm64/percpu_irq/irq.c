// SPDX-License-Identifier: GPL-2.0-only
/* Interrupts of each CPU are asked for with flags. */
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <kshim/marks.h>

REDUCED(__request_percpu_irq, "kernel/irq/manage.c",
	"a timer that is switched on is refused, so the handler never runs");
int __request_percpu_irq(unsigned int irq, irq_handler_t handler, unsigned long flags, const char *devname,
			 void __percpu *dev_id)
{
	return irq_get_irq_data(irq) ? 0 : -EINVAL;
}
