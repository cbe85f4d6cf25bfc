/* SPDX-License-Identifier: GPL-2.0-only */
/* Functions of linux/timer.h got names that begin with "timer". */
#define from_timer		timer_container_of
#define destroy_timer_on_stack	timer_destroy_on_stack
