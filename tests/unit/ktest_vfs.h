/* SPDX-License-Identifier: GPL-2.0-only */
/* Between tests/unit/test_vfs.c (host) and tests/unit/ktest_vfs.c (kernel TU). */
#ifndef KTEST_VFS_H
#define KTEST_VFS_H

#include <kshim/types.h>

/* Each of these is an error that ends in a report. */
void ktest_bug(void);
void ktest_bug_in_kernel_file(void);
void ktest_dump_stack(void);
void ktest_panic(void);
void ktest_warn(int value);
void ktest_alarms(void);
void ktest_bad_entry(void);
void ktest_emergency(void);
void ktest_warn_once_twice(void);
void ktest_refcount_warn(void);
void ktest_list_corruption(void);
void ktest_null_in_kernel_file(void);
void ktest_read(uint64_t addr);
void ktest_write(uint64_t addr);
void ktest_call(uint64_t addr);
void ktest_divide_error(int zero);
/* depth: 1 */
int ktest_stack_overflow(int depth);
void ktest_refused_call(void);
int ktest_refused_data(void);

/* printk() in pieces; see the test for what must come out. */
void ktest_printk(void);
/* vsnprintf() of "%s" with one pointer through format, result in buf. */
void ktest_format(char *buf, uint64_t size, const char *format, const void *p);

/* A miscdevice "ktest" with ioctl(cmd, arg) == cmd + arg; counts opens and releases. */
int ktest_misc_register(int fixed_minor);
void ktest_misc_deregister(void);
extern int ktest_opens, ktest_releases;

/* From kshim/vfs.h, which host TUs cannot read. */
int kshim_open_misc(const char *name);
long kshim_ioctl(unsigned int fd, unsigned int cmd, unsigned long arg);
int kshim_close(unsigned int fd);
int kshim_vfs_leaks(void);

/* From now on current is a task of a process: signals and the last fput() differ for the kernel's own threads. */
void ktest_enter_process(void);
/* The table of the current task. */
void ktest_use_files(void *files);
void *ktest_files_new(void);
void *ktest_files_dup(void *files);
void ktest_files_put(void *files);
int ktest_anon_file(const char *name);
/* An extra reference, never dropped; returns the references. */
int64_t ktest_hold_file(int fd);

void ktest_send_sigbus(uint64_t addr);
int ktest_pending(uint64_t *mask);
int ktest_take_signal(uint64_t *addr);
int ktest_signal_pending(void);
int ktest_block(int sig, int block);

uint32_t ktest_random(void);
uint32_t ktest_random_below(uint32_t ceil);
int ktest_uevent(void);

#endif
