// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a program that runs in this process as the simulated process asks beside system calls: its page faults, its
 * threads, fork(2), and waits for files together with the host's files.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include <kshim/arch.h>
#include <kshim/boot.h>
#include <kshim/exec.h>
#include <kshim/host.h>
#include <kshim/process.h>
#include <kshim/task.h>

/* A wait entry in the file's queue, until the fd is closed. */
struct watch {
	struct list_head node;
	int fd;
	wait_queue_entry_t wait;
	wait_queue_head_t *head;	/* NULL: the file cannot be waited for */
	poll_table table;
	void (*changed)(void *arg, int events);
	void *arg;
};

static LIST_HEAD(watches);
static struct host_lock watches_lock;

bool kshim_exec_begin(void)
{
	const struct kvmsim_exec_ops *ops = kshim_arch_exec();

	if (!host_window_open(ops->start, ops->end))
		return false;
	kshim_vmalloc_share();
	kshim_counter_register("window_maps", &host_window.maps);
	kshim_counter_register("window_unmaps", &host_window.unmaps);
	return true;
}

struct fault {
	uint64_t addr;
	bool write;
	bool (*may_write)(uint64_t addr);
};

/* In the access, so that no flush comes between the translation and the mapping. */
static bool map_piece(void *mem, unsigned long done, unsigned long len, void *arg)
{
	const struct fault *f = arg;

	host_window_map(f->addr, mem, f->write || f->may_write(f->addr));
	return true;
}

int kshim_exec_fault(int pid, uint64_t addr, bool write, bool (*may_write)(uint64_t addr))
{
	struct fault f = { .addr = addr, .write = write, .may_write = may_write };
	unsigned long left;

	if (!kshim_process_enter(pid))
		return -ESRCH;
	left = kshim_user_pieces(addr, 1, write, true, map_piece, &f);
	kshim_process_leave();
	return left ? -EFAULT : 0;
}

void kshim_exec_threads(void)
{
	kshim_threads_outside();
}

int kshim_exec_forking(void)
{
	host_window_unmap(0, -1UL);
	return kshim_work_end_threads() ? 0 : -EBUSY;
}

void kshim_exec_forked(void)
{
	host_ram_forked();
	kshim_vmalloc_forked();
}

static int changed(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	struct watch *w = container_of(wait, struct watch, wait);

	w->changed(w->arg, key ? (__force int)key_to_poll(key) : EPOLLIN);
	return 0;
}

static void queue(struct file *file, wait_queue_head_t *head, poll_table *table)
{
	struct watch *w = container_of(table, struct watch, table);

	if (WARN_ON_ONCE(w->head))
		return;
	w->head = head;
	add_wait_queue(head, &w->wait);
}

static struct watch *find_watch(int fd)
{
	struct watch *w;

	list_for_each_entry(w, &watches, node)
		if (w->fd == fd)
			return w;
	return NULL;
}

static int poll_file(int fd, poll_table *table)
{
	struct file *file = fget(fd);
	int events = -EBADF;

	if (file) {
		events = (__force int)vfs_poll(file, table);
		fput(file);
	}
	return events;
}

int kshim_exec_watch(int pid, int fd, void (*fn)(void *arg, int events), void *arg)
{
	struct watch *w;
	int events = -ENOMEM;

	if (!kshim_process_enter(pid))
		return -ESRCH;
	w = kzalloc(sizeof(*w), GFP_KERNEL);
	if (w) {
		w->fd = fd;
		w->changed = fn;
		w->arg = arg;
		init_waitqueue_func_entry(&w->wait, changed);
		init_poll_funcptr(&w->table, queue);
		events = poll_file(fd, &w->table);
	}
	if (w && events < 0) {
		kfree(w);
	} else if (w) {
		host_lock(&watches_lock);
		list_add_tail(&w->node, &watches);
		host_unlock(&watches_lock);
	}
	kshim_process_leave();
	return events;
}

void kshim_exec_unwatch(int pid, int fd)
{
	struct watch *w;

	if (!kshim_process_enter(pid))
		return;
	host_lock(&watches_lock);
	w = find_watch(fd);
	if (w)
		list_del(&w->node);
	host_unlock(&watches_lock);
	if (w && w->head)
		remove_wait_queue(w->head, &w->wait);
	kfree(w);
	kshim_process_leave();
}

int kshim_exec_poll(int pid, int fd)
{
	int events;

	if (!kshim_process_enter(pid))
		return -ESRCH;
	events = poll_file(fd, NULL);
	kshim_process_leave();
	return events;
}
