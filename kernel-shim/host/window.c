// SPDX-License-Identifier: GPL-2.0-only
/*
 * The window: user addresses of a simulated process that are addresses of this process as well, for a program that runs
 * in it (sim/exec); and RAM as a file, whose frames the window shows.
 *
 * The window is a TLB: a page of it shows a frame since host_window_map(), until host_window_unmap(). What it does not
 * show has no access rights, and a touch of it is the program's page fault. A host gives a process some 65000 mappings,
 * and at that limit not even an unmapping works. So the window forgets all that it shows after MOST_PAGES pages.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>
#include <kshim/host.h>
#include <kshim/machine.h>
#include "report.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

#define PAGE 4096UL
#define MOST_PAGES 25000

struct host_window host_window;
static unsigned int since_emptied;	/* pages that were mapped */

static int ram_fd = -1;
static unsigned long ram_start, ram_bytes;

bool host_window_open(unsigned long start, unsigned long end)
{
	void *p = mmap((void *)start, end - start, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

	if (p != (void *)start) {
		if (p != MAP_FAILED)
			munmap(p, end - start);
		return false;
	}
	host_window.start = start;
	host_window.end = end;
	return true;
}

/* Makes a file of RAM's size, or makes it longer. */
static int ram_file(int fd, unsigned long bytes)
{
	if (fd < 0)
		fd = memfd_create("kvmsim-ram", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, bytes))
		host_fatal(KVMSIM_OOM, NULL, 0, "the host has no file of %lu bytes for RAM (errno %d)", bytes, errno);
	return fd;
}

void *host_map_ram(unsigned long addr, unsigned long bytes)
{
	void *p;

	if (!host_window.end)
		return host_map(addr, bytes);
	if (ram_fd < 0)
		ram_start = addr;
	ram_bytes = addr + bytes - ram_start;
	ram_fd = ram_file(ram_fd, ram_bytes);
	p = mmap((void *)addr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE | MAP_NORESERVE, ram_fd,
		 addr - ram_start);
	if (p != (void *)addr)
		host_fatal(KVMSIM_OOM, NULL, 0, "the host cannot map RAM at its place (errno %d)", errno);
	host_add_fixed(addr, bytes);
	return p;
}

void host_show_frame(void *at, const void *frame)
{
	off_t offset = (unsigned long)frame - ram_start;

	if (mmap(at, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, ram_fd, offset) != at)
		host_fatal(KVMSIM_BUG, NULL, 0, "cannot show a frame of RAM at a second address: errno %d", errno);
}

void host_window_map(unsigned long addr, const void *frame, bool write)
{
	void *at = (void *)(addr & -PAGE);

	__atomic_fetch_add(&host_window.maps, 1, __ATOMIC_RELAXED);
	if (__atomic_add_fetch(&since_emptied, 1, __ATOMIC_RELAXED) >= MOST_PAGES)
		host_window_unmap(0, -1UL);
	if (mmap(at, PAGE, write ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED | MAP_FIXED, ram_fd,
		 ((unsigned long)frame & -PAGE) - ram_start) != at)
		host_fatal(KVMSIM_BUG, NULL, 0, "cannot map a page of the program: errno %d", errno);
}

void host_window_unmap(unsigned long start, unsigned long end)
{
	if (!host_window.end)
		return;
	start = start < host_window.start ? host_window.start : start & -PAGE;
	end = end > host_window.end - PAGE ? host_window.end : (end + PAGE - 1) & -PAGE;
	if (start >= end)
		return;
	__atomic_fetch_add(&host_window.unmaps, 1, __ATOMIC_RELAXED);
	if (start == host_window.start && end == host_window.end)
		__atomic_store_n(&since_emptied, 0, __ATOMIC_RELAXED);
	if (mmap((void *)start, end - start, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1,
		 0) == MAP_FAILED)
		host_fatal(KVMSIM_BUG, NULL, 0, "cannot unmap pages of the program: errno %d", errno);
}

/* Holes of the file stay holes. */
void host_ram_forked(void)
{
	int fd = ram_file(-1, ram_bytes);
	off_t at = 0, end;
	ssize_t n;

	while ((at = lseek(ram_fd, at, SEEK_DATA)) >= 0) {
		for (end = lseek(ram_fd, at, SEEK_HOLE); at < end; at += n) {
			n = pwrite(fd, (void *)(ram_start + at), end - at, at);
			if (n <= 0)
				host_fatal(KVMSIM_OOM, NULL, 0, "the host cannot copy RAM: errno %d", errno);
		}
	}
	close(ram_fd);
	ram_fd = fd;
	if (mmap((void *)ram_start, ram_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_NORESERVE, fd, 0) ==
	    MAP_FAILED)
		host_fatal(KVMSIM_OOM, NULL, 0, "the host cannot map RAM at its place (errno %d)", errno);
	host_window_unmap(0, -1UL);
}
