// SPDX-License-Identifier: GPL-2.0-only
/*
 * The generic timer as drivers/clocksource/arm_arch_timer.c presents it to KVM: a counter, and silent interrupts. How
 * KVM asks for these is in compat/<form>/arm64/percpu_irq.
 */
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <clocksource/arm_arch_timer.h>
#include <asm/sysreg.h>
#include <kshim/marks.h>

/* Interrupt numbers that nobody else has. */
enum { VIRTUAL_IRQ = 27, PHYSICAL_IRQ = 26 };

static u64 read_counter(const struct cyclecounter *cc)
{
	return read_sysreg(cntvct_el0);
}

/* The counter counts nanoseconds. */
static const struct cyclecounter counter = { .read = read_counter, .mask = CYCLECOUNTER_MASK(56), .mult = 1 };

static struct arch_timer_kvm_info info = {
	.timecounter = { .cc = &counter }, .virtual_irq = VIRTUAL_IRQ, .physical_irq = PHYSICAL_IRQ,
};

FAITHFUL(arch_timer_get_kvm_info, "drivers/clocksource/arm_arch_timer.c");
struct arch_timer_kvm_info *arch_timer_get_kvm_info(void)
{
	return &info;
}

REDUCED(irq_get_irq_data, "kernel/irq/chip.c", "only the timer's interrupts exist, active-low and level-triggered");
struct irq_data *irq_get_irq_data(unsigned int irq)
{
	static struct irq_common_data common = { .state_use_accessors = IRQ_TYPE_LEVEL_LOW };
	static struct irq_data data[] = { { .irq = VIRTUAL_IRQ, .common = &common },
					  { .irq = PHYSICAL_IRQ, .common = &common } };

	return irq == VIRTUAL_IRQ ? &data[0] : irq == PHYSICAL_IRQ ? &data[1] : NULL;
}

INERT_VOID(enable_percpu_irq, "kernel/irq/manage.c", "the timer's interrupts never come");
INERT_VOID(disable_percpu_irq, "kernel/irq/manage.c", "like enable_percpu_irq");
