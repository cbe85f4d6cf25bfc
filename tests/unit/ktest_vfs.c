// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel half of the tests of files, signals, log and reports: errors made on purpose, and kernel calls under plain
 * C names, for tests/unit/test_vfs.c. Linked together with the kernel and shim objects of a flavour.
 */
#include <linux/anon_inodes.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/pgtable.h>
#include <linux/printk.h>
#include <linux/random.h>
#include <linux/refcount.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <kshim/task.h>
#include <kshim/machine.h>
#include <kshim/vfs.h>
#include "ktest_vfs.h"

/* A refused symbol as the build makes them, but on a page of its own. */
asm(".pushsection kshim_refused,\"aw\",@progbits\n"
    ".balign 4096\n"
    "ktest_refused_symbol: .zero 4096\n"
    ".popsection\n"
    ".pushsection kshim_refused_names,\"aw\",@progbits\n"
    ".balign 8\n"
    ".quad ktest_refused_symbol, 770f\n"
    ".popsection\n"
    ".pushsection .rodata.ktest_refused,\"a\",@progbits\n"
    "770: .asciz \"ktest_refused_symbol\"\n"
    ".popsection\n");
extern char ktest_refused_symbol[] __attribute__((visibility("hidden")));

noinline void ktest_bug(void)
{
	BUG();
}

noinline void ktest_dump_stack(void)
{
	dump_stack();
}

noinline void ktest_bug_in_kernel_file(void)
{
	struct inode inode = { .i_data.nrpages = 1 };

	xa_init(&inode.i_data.i_pages);
	clear_inode(&inode);
}

noinline void ktest_panic(void)
{
	panic("ktest %d\n", 5);
}

noinline void ktest_warn(int value)
{
	WARN(value, "value is %d\n", value);
}

noinline void ktest_alarms(void)
{
	pr_alert("BUG: Bad ktest state\n");
	pr_warn("a detail\n");
	pr_alert("more of it\n");
	pr_err("ktest: BUG: not at the start, or BUG at all\n");
}

noinline void ktest_bad_entry(void)
{
	pmd_t pmd = __pmd(5);

	pmd_ERROR(pmd);
	pr_err("ktest: bad idea\n");
}

noinline void ktest_emergency(void)
{
	pr_emerg("ktest is on fire\nand so on\n");
}

noinline void ktest_warn_once_twice(void)
{
	int i;

	for (i = 0; i < 2; i++)
		WARN_ON_ONCE(i < 2);
}

noinline void ktest_refcount_warn(void)
{
	refcount_t r = REFCOUNT_INIT(0);

	refcount_inc(&r);
}

noinline void ktest_list_corruption(void)
{
	LIST_HEAD(head);
	struct list_head a, b = {};

	list_add(&a, &head);
	head.next = &b;
	list_add(&b, &head);
}

noinline void ktest_null_in_kernel_file(void)
{
	drop_nlink(NULL);
}

noinline void ktest_read(uint64_t addr)
{
	READ_ONCE(*(int *)addr);
}

noinline void ktest_write(uint64_t addr)
{
	WRITE_ONCE(*(int *)addr, 1);
}

noinline void ktest_call(uint64_t addr)
{
	void (*volatile fn)(void) = (void (*)(void))addr;

	fn();
	barrier();
}

/* The instruction's own fault is wanted, not UndefinedBehaviorSanitizer's finding. */
__attribute__((no_sanitize("integer-divide-by-zero")))
noinline void ktest_divide_error(int zero)
{
	volatile int one = 1;

	one /= zero;
}

noinline int ktest_stack_overflow(int depth)
{
	volatile char frame[4096];

	frame[0] = depth;
	return depth ? ktest_stack_overflow(depth + 1) + frame[0] : 0;
}

noinline void ktest_refused_call(void)
{
	ktest_call((uint64_t)ktest_refused_symbol);
}

noinline int ktest_refused_data(void)
{
	return READ_ONCE(ktest_refused_symbol[64]);
}

void ktest_printk(void)
{
	printk(KERN_ERR "whole\n");
	printk(KERN_INFO "first ");
	printk(KERN_CONT "second");
	printk(KERN_CONT " third\n");
	printk(KERN_WARNING "unfinished");
	printk(KERN_NOTICE "two\nlines\n");
	printk("default\n");
}

void ktest_format(char *buf, uint64_t size, const char *format, const void *p)
{
	snprintf(buf, size, format, p);
}

int ktest_opens, ktest_releases;

static int ktest_open(struct inode *inode, struct file *file)
{
	ktest_opens++;
	return 0;
}

static int ktest_release(struct inode *inode, struct file *file)
{
	ktest_releases++;
	return 0;
}

static long ktest_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return cmd + arg;
}

static const struct file_operations ktest_fops = {
	.open = ktest_open,
	.release = ktest_release,
	.unlocked_ioctl = ktest_ioctl,
};

static struct miscdevice ktest_misc[2];

int ktest_misc_register(int fixed_minor)
{
	struct miscdevice *m = &ktest_misc[!!ktest_misc[0].this_device];

	*m = (struct miscdevice){ .name = "ktest", .fops = &ktest_fops, .minor = fixed_minor ?: MISC_DYNAMIC_MINOR };
	return misc_register(m);
}

void ktest_misc_deregister(void)
{
	misc_deregister(&ktest_misc[0]);
}

void ktest_enter_process(void)
{
	kshim_task_switch(kshim_task_create("ktest", 1, NULL, NULL));
}

void ktest_use_files(void *files)
{
	current->files = files;
}

void *ktest_files_new(void)
{
	return kshim_files_create();
}

void *ktest_files_dup(void *files)
{
	return kshim_files_dup(files);
}

void ktest_files_put(void *files)
{
	kshim_files_put(files);
}

int ktest_anon_file(const char *name)
{
	return anon_inode_getfd(name, &ktest_fops, NULL, O_RDWR);
}

int64_t ktest_hold_file(int fd)
{
	struct file *file = fget(fd);

	return file ? file_count(file) : -EBADF;
}

void ktest_send_sigbus(uint64_t addr)
{
	send_sig_mceerr(BUS_MCEERR_AR, (void __user *)addr, PAGE_SHIFT, current);
}

int ktest_pending(uint64_t *mask)
{
	sigset_t all;

	spin_lock_irq(&current->sighand->siglock);
	sigorsets(&all, &current->pending.signal, &current->signal->shared_pending.signal);
	spin_unlock_irq(&current->sighand->siglock);
	*mask = all.sig[0];
	return hweight_long(all.sig[0]);
}

int ktest_take_signal(uint64_t *addr)
{
	struct kvmsim_signal s;

	kshim_take_signal(&s);
	if (addr)
		*addr = s.addr;
	return s.signo;
}

int ktest_signal_pending(void)
{
	return signal_pending(current);
}

int ktest_block(int sig, int block)
{
	sigset_t set;

	siginitset(&set, sigmask(sig));
	return sigprocmask(block ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

uint32_t ktest_random(void)
{
	return get_random_u32();
}

uint32_t ktest_random_below(uint32_t ceil)
{
	return get_random_u32_below(ceil);
}

int ktest_uevent(void)
{
	struct kobj_uevent_env env = {};
	struct kobject kobj = {};

	if (add_uevent_var(&env, "A=%d", 1) || add_uevent_var(&env, "B=%s", "two"))
		return -1;
	return kobject_uevent_env(&kobj, KOBJ_CHANGE, env.envp);
}
