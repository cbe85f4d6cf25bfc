/* SPDX-License-Identifier: GPL-2.0-only */
/* A timer gets its function after hrtimer_init(). A clock base knows how to read its clock. */
#ifndef KSHIM_FORM_HRTIMER_SETUP_H
#define KSHIM_FORM_HRTIMER_SETUP_H

#include <linux/hrtimer.h>
#include <linux/timerqueue.h>

#define KSHIM_CLOCK_BASE(i, clock, get) \
	{ .index = i, .clockid = clock, .get_time = get, .active = { .rb_root = RB_ROOT_CACHED } }

static inline enum hrtimer_restart kshim_hrtimer_call(struct hrtimer *timer)
{
	return timer->function(timer);
}

static inline bool kshim_hrtimer_has_function(struct hrtimer *timer)
{
	return timer->function;
}

static inline void kshim_hrtimer_setup(struct hrtimer *timer, enum hrtimer_restart (*fn)(struct hrtimer *),
				       clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = fn;
}

static inline void kshim_hrtimer_setup_on_stack(struct hrtimer *timer, enum hrtimer_restart (*fn)(struct hrtimer *),
						clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init_on_stack(timer, clock, mode);
	timer->function = fn;
}

static inline bool kshim_hrtimer_queued(const struct hrtimer *timer)
{
	return timer->state & HRTIMER_STATE_ENQUEUED;
}

static inline void kshim_hrtimer_node_init(struct hrtimer *timer)
{
	timerqueue_init(&timer->node);
}

static inline void kshim_hrtimer_enqueue(struct hrtimer *timer)
{
	timerqueue_add(&timer->base->active, &timer->node);
	timer->state = HRTIMER_STATE_ENQUEUED;
}

static inline void kshim_hrtimer_dequeue(struct hrtimer *timer)
{
	timerqueue_del(&timer->base->active, &timer->node);
	timer->state = HRTIMER_STATE_INACTIVE;
}

/* The first and the last timer of base, and the one behind timer; NULL if there is none. */
static inline struct hrtimer *kshim_hrtimer_first(struct hrtimer_clock_base *base)
{
	struct timerqueue_node *node = timerqueue_getnext(&base->active);

	return node ? container_of(node, struct hrtimer, node) : NULL;
}

static inline struct hrtimer *kshim_hrtimer_last(struct hrtimer_clock_base *base)
{
	struct rb_node *node = rb_last(&base->active.rb_root.rb_root);

	return node ? rb_entry(node, struct hrtimer, node.node) : NULL;
}

static inline struct hrtimer *kshim_hrtimer_next(struct hrtimer *timer)
{
	struct timerqueue_node *node = timerqueue_iterate_next(&timer->node);

	return node ? container_of(node, struct hrtimer, node) : NULL;
}

#endif
