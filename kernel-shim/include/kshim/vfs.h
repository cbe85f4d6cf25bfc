/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files, devices, signals and credentials: what the rest of the shim asks of core/fs/file.c and its neighbours.
 *
 * The kernel's own fs/{file,file_table,inode,dcache,super,libfs,anon_inodes,open,...}.c, kernel/signal.c and
 * kernel/cred.c do the work; the shim adds what stands below them (mounts, name look-up, devices, the swap store).
 *
 * Boot order: kshim_vfs_boot() after tasks, locks, RCU and slab; then the real mm (shmem_init() mounts its file
 * system); then kshim_swapon().
 */
#ifndef KSHIM_VFS_H
#define KSHIM_VFS_H

#include <kshim/types.h>

struct files_struct;
struct inode;
struct iov_iter;
struct kiocb;
struct kvmsim_signal;
struct sighand_struct;
struct task_struct;

/* 0 or -errno. */
int kshim_vfs_boot(void);
/* Makes a swap file of nr_pages pages, including its header page, and swapon(2)s it. 0 or -errno. */
int kshim_swapon(unsigned long nr_pages);
/* Pages of swap data written and read so far. */
extern uint64_t kshim_nr_swap_writes, kshim_nr_swap_reads;
/* Reads of a slot that nobody owns. Such a read gets KSHIM_SWAP_POISON bytes. */
extern uint64_t kshim_nr_stale_swap_reads;
#define KSHIM_SWAP_POISON 0xd5

/* File tables: NULL when out of memory. */
struct files_struct *kshim_files_create(void);
/* Like fork() without CLONE_FILES: the same open files under the same numbers. */
struct files_struct *kshim_files_dup(struct files_struct *old);
/* Closes all files, like exit_files(), and runs the releases that this delays. */
void kshim_files_put(struct files_struct *files);

/*
 * System calls on current's file table. Each ends with kshim_syscall_exit(). They return a file descriptor, 0, or
 * -errno. name: the miscdevice's, without "/dev/".
 */
int kshim_open_misc(const char *name);
long kshim_ioctl(unsigned int fd, unsigned int cmd, unsigned long arg);
int kshim_close(unsigned int fd);
long kshim_fallocate(unsigned int fd, int mode, int64_t offset, int64_t len);
long kshim_ftruncate(unsigned int fd, int64_t len);
/*
 * What a return to user mode does for files: runs current's task works, which hold the last fput() of a file. Call it
 * after every entry into the kernel that may drop a file and is not one of the above (munmap, exit, ...).
 */
void kshim_syscall_exit(void);

/* Reports each file that is still live when no process is left as a KVMSIM_LEAK with its name. Returns how many. */
int kshim_vfs_leaks(void);

/* --- signals of tasks: whoever makes a task_struct also makes its signal_struct and sighand_struct --- */
/*
 * Gives a zeroed sighand_struct a handler for every signal that can have one, like a VMM that handles SIGBUS. With the
 * default action the first signal would become a SIGKILL for the whole process.
 */
void kshim_init_sighand(struct sighand_struct *sighand);
/* Drops the task's pending signals and, if shared, those of its process. Call it before those structures are freed. */
void kshim_flush_signals(struct task_struct *t, bool shared);
/* Takes one signal off the current task, as if its handler ran. Returns its number, or 0 if there is none. */
int kshim_take_signal(struct kvmsim_signal *out);

/* Uevents sent so far; each is a line in the log at level 7. */
extern uint64_t kshim_nr_uevents;

/* --- between the shim's own files --- */
/* Opens a registered miscdevice or the swap file by path ("/dev/kvm"). Returns the file or ERR_PTR. */
struct file *kshim_open_path(const char *path, int flags);
struct file *kshim_misc_open(const char *name, int flags);
struct file *kshim_swapfile_open(int flags);
/*
 * Reads or writes slots of the swap file. The iterator covers whole pages (struct bio_vec of mm/page_io.c). Returns the
 * bytes moved, or -EIO past the end.
 */
int kshim_swapfile_rw(struct kiocb *iocb, struct iov_iter *iter);
bool kshim_is_swapfile(const struct file *file);
/* Makes a file on the shim's own mount. It consumes the inode, also on error. */
struct file *kshim_alloc_file(struct inode *inode, const char *name, int flags, const struct file_operations *fops);
/* Makes an inode of the given type there; NULL when out of memory. */
struct inode *kshim_new_inode(umode_t mode);
int kshim_mount_boot(void);

#endif
