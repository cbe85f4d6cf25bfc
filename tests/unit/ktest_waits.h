/* SPDX-License-Identifier: GPL-2.0-only */
/* What tests/unit/test_waits.c (host) asks of tests/unit/ktest_waits.c (kernel): plain numbers only. */
#ifndef KTEST_WAITS_H
#define KTEST_WAITS_H

#include <kshim/types.h>

/* A timer that starts itself again every 300 s of virtual time, for ever. */
void ktest_waits_periodic(void);

void ktest_waits_read_and_sleep(void);		/* sleeps for one jiffy with a rwsem held for reading */
void ktest_waits_write(void);			/* takes that rwsem for writing, as soon as the other one has it */
/* Sleeps and wakes up again. Returns the virtual seconds that passed. */
uint64_t ktest_waits_sleep(unsigned int seconds);
void ktest_waits_for_ever(void);		/* sleeps with a mutex held */
void ktest_waits_crosswise(int side);		/* two spinlocks, each in the opposite order */
/* Lets an interrupt on that CPU request an irq_work. Returns how often that ran until the interrupt is over. */
int ktest_waits_irq_work_on(int cpu);
/*
 * Works on its CPU until an item has run there. Stops for need_resched() and goes on after cond_resched(), as
 * zap_pte_range() does. Returns how often it stopped; 100,000: the item never ran.
 */
unsigned int ktest_waits_stop_for_resched(void);
void ktest_waits_keep_cpu(void);		/* the same without a look at need_resched() */
/* Whether the thread that is attached to cpu waits for busy, which runs another task. */
bool ktest_waits_for_cpu(unsigned int cpu, unsigned int busy);
/* Waits busily for what comes before the turn of that number, from 1, ends. Returns the number of turns. */
unsigned int ktest_waits_until_turn(unsigned int turn);
void ktest_waits_item_on_busy_cpu(void);	/* queues the item on the CPU of one of the two and waits for it */

#endif
