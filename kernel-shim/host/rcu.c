// SPDX-License-Identifier: GPL-2.0-only
/*
 * RCU readers and grace periods on liburcu's memb flavour.
 *
 * liburcu is not built with ThreadSanitizer. So ThreadSanitizer does not know that a grace period orders what readers
 * did before it with what comes after. One variable tells it: a reader's end releases it, a grace period acquires it.
 */
#ifndef __SANITIZE_THREAD__
#define _LGPL_SOURCE	/* readers inline; under TSan out of line, in code that it does not check */
#endif
#include <urcu/urcu-memb.h>
#include <kshim/host.h>

#ifdef __SANITIZE_THREAD__
extern void __tsan_acquire(void *addr);
extern void __tsan_release(void *addr);
static char order;
#define reader_ends() __tsan_release(&order)
#define grace_period_ends() __tsan_acquire(&order)
#else
#define reader_ends() do { } while (0)
#define grace_period_ends() do { } while (0)
#endif

void host_rcu_register_thread(void)
{
	urcu_memb_register_thread();
}

void host_rcu_unregister_thread(void)
{
	urcu_memb_unregister_thread();
}

void host_rcu_read_lock(void)
{
	urcu_memb_read_lock();
}

void host_rcu_read_unlock(void)
{
	reader_ends();
	urcu_memb_read_unlock();
}

void host_synchronize_rcu(void)
{
	urcu_memb_synchronize_rcu();
	grace_period_ends();
}
