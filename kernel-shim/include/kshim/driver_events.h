/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory and writes of devices, between sim and the kernel: events beyond those of kshim/machine.h. */
#ifndef KSHIM_DRIVER_EVENTS_H
#define KSHIM_DRIVER_EVENTS_H

#include <kshim/machine.h>

enum kvmsim_driver_event {
	/*
	 * enum kvmsim_driver_memory, pages, flags KVMSIM_DRIVER_*: opens the file of a driver with memory of its own;
	 * an fd for KVMSIM_SYS_MMAP, or -errno.
	 */
	KVMSIM_EV_DRIVER_OPEN = KVMSIM_NR_EVENTS,
	KVMSIM_EV_DRIVER_REVOKE, /* fd, offset, len: the driver takes its memory out of all mappings */
	KVMSIM_EV_DRIVER_ASKED,	/* fd, 0 or 1: how often its mappings called fault, or pfn_mkwrite */
	KVMSIM_EV_GIC_WRITE,	/* VM fd, gpa, 8 bytes: as in kshim/gic.h; -EBADF */
	KVMSIM_EV_VFIO_OPEN,	/* 1: the device's DMA looks into caches, 0: not. Its file, or -errno */
	KVMSIM_EV_VFIO_KNOWS_VM, /* fd: 1 if KVM has told it a VM, else 0; -EBADF */
	KVMSIM_ALL_EVENTS
};

/* Where a driver's memory comes from. All but the first has struct pages. */
enum kvmsim_driver_memory {
	KVMSIM_DRIVER_DEVICE,	/* frames of a device */
	KVMSIM_DRIVER_PAGES,	/* single pages, each with a reference */
	KVMSIM_DRIVER_FROZEN,	/* single pages without a reference */
	KVMSIM_DRIVER_TAILS,	/* one allocation that is not compound: only its first page has a reference */
};

#define KVMSIM_DRIVER_AT_ONCE 1	/* entries are made by mmap(), as remap_pfn_range() does; else when they are used */
#define KVMSIM_DRIVER_MKWRITE 2	/* the driver is asked before the first write to a page: pfn_mkwrite */

#endif
