/* SPDX-License-Identifier: GPL-2.0-only */
/* A timer gets its function from hrtimer_setup(). The queue of a clock base is a linked tree. */
#ifndef KSHIM_FORM_HRTIMER_SETUP_H
#define KSHIM_FORM_HRTIMER_SETUP_H

#include <linux/hrtimer.h>
#include <linux/timerqueue.h>
#include <kshim/form/hrtimer_bases.h>

/* The clocks are read by hrtimer_cb_get_time(). */
#define KSHIM_CLOCK_BASE(i, clock, get) \
	{ .index = i, .clockid = clock, .active = { .rb_root = RB_ROOT_LINKED } }

static inline enum hrtimer_restart kshim_hrtimer_call(struct hrtimer *timer)
{
	return ACCESS_PRIVATE(timer, function)(timer);
}

static inline bool kshim_hrtimer_has_function(struct hrtimer *timer)
{
	return ACCESS_PRIVATE(timer, function);
}

static inline void kshim_hrtimer_setup(struct hrtimer *timer, enum hrtimer_restart (*fn)(struct hrtimer *),
				       clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_setup(timer, fn, clock, mode);
}

static inline void kshim_hrtimer_setup_on_stack(struct hrtimer *timer, enum hrtimer_restart (*fn)(struct hrtimer *),
						clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_setup_on_stack(timer, fn, clock, mode);
}

static inline bool kshim_hrtimer_queued(const struct hrtimer *timer)
{
	return timer->is_queued;
}

static inline void kshim_hrtimer_node_init(struct hrtimer *timer)
{
	timerqueue_linked_init(&timer->node);
}

static inline void kshim_hrtimer_enqueue(struct hrtimer *timer)
{
	timerqueue_linked_add(&timer->base->active, &timer->node);
	timer->is_queued = true;
}

static inline void kshim_hrtimer_dequeue(struct hrtimer *timer)
{
	timerqueue_linked_del(&timer->base->active, &timer->node);
	timer->is_queued = false;
}

/* The first and the last timer of base, and the one behind timer; NULL if there is none. */
static inline struct hrtimer *kshim_hrtimer_first(struct hrtimer_clock_base *base)
{
	struct timerqueue_linked_node *node = timerqueue_linked_first(&base->active);

	return node ? container_of(node, struct hrtimer, node) : NULL;
}

static inline struct hrtimer *kshim_hrtimer_last(struct hrtimer_clock_base *base)
{
	struct rb_node *node = rb_last(&base->active.rb_root.rb_root);

	return node ? rb_entry(node, struct hrtimer, node.node.node) : NULL;
}

static inline struct hrtimer *kshim_hrtimer_next(struct hrtimer *timer)
{
	struct timerqueue_linked_node *node = timerqueue_linked_next(&timer->node);

	return node ? container_of(node, struct hrtimer, node) : NULL;
}

#endif
