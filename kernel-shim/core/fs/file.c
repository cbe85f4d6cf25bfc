// SPDX-License-Identifier: GPL-2.0-only
/*
 * File tables of processes, the system calls on files, and the opening of named files.
 *
 * The tables are the kernel's (fs/file.c). A last fput() in a task delays the release to the task's return to user
 * mode, like in the kernel: kshim_syscall_exit().
 */
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/falloc.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/init.h>
#include <linux/init_task.h>
#include <linux/namei.h>
#include <linux/sched.h>
#include <linux/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/syscalls.h>
#include <linux/task_work.h>
#include "fs/internal.h"
#include <kshim/form/vfs_ioctl.h>
#include <kshim/host.h>
#include <kshim/machine.h>
#include <kshim/marks.h>
#include <kshim/vfs.h>
#include "../mem/slab.h"

struct files_struct *kshim_files_create(void)
{
	/* init_files is empty; a real process's table is a copy of init's. */
	return kshim_files_dup(&init_files);
}

struct files_struct *kshim_files_dup(struct files_struct *old)
{
	struct files_struct *files = dup_fd(old, NULL);

	return IS_ERR(files) ? NULL : files;
}

void kshim_files_put(struct files_struct *files)
{
	put_files_struct(files);
	kshim_syscall_exit();
	flush_delayed_fput();
}

void kshim_syscall_exit(void)
{
	clear_thread_flag(TIF_NOTIFY_RESUME);
	if (task_work_pending(current))
		task_work_run();
}

struct file *kshim_open_path(const char *path, int flags)
{
	if (!strncmp(path, "/dev/", 5))
		return kshim_misc_open(path + 5, flags);
	if (!strcmp(path, "/swapfile"))
		return kshim_swapfile_open(flags);
	return ERR_PTR(-ENOENT);
}

FAITHFUL(path_put, "fs/namei.c");
void path_put(const struct path *path)
{
	dput(path->dentry);
	mntput(path->mnt);
}

REDUCED(inode_permission, "fs/namei.c", "every task is root, and no inode is immutable or on a read-only mount");
int inode_permission(struct mnt_idmap *idmap, struct inode *inode, int mask)
{
	return 0;
}

/* --- system calls --- */

int kshim_open_misc(const char *name)
{
	char path[64];
	struct file *file;
	int fd;

	if (snprintf(path, sizeof(path), "/dev/%s", name) >= sizeof(path))
		return -ENAMETOOLONG;
	fd = get_unused_fd_flags(O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return fd;
	file = filp_open(path, O_RDWR | O_CLOEXEC, 0);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		fd = PTR_ERR(file);
	} else {
		fd_install(fd, file);
	}
	kshim_syscall_exit();
	return fd;
}

/* Like ioctl(2), without the generic commands of do_vfs_ioctl() (FIOCLEX, FS_IOC_...). */
long kshim_ioctl(unsigned int fd, unsigned int cmd, unsigned long arg)
{
	struct file *file = fget(fd);
	long ret;

	if (!file)
		return -EBADF;
	ret = kshim_vfs_ioctl(file, cmd, arg);
	fput(file);
	kshim_syscall_exit();
	return ret;
}

/* Like close(2) of fs/open.c, but the release itself runs in kshim_syscall_exit() instead of __fput_sync(). */
int kshim_close(unsigned int fd)
{
	struct file *file = file_close_fd(fd);
	int ret;

	if (!file)
		return -EBADF;
	ret = filp_close(file, current->files);
	kshim_syscall_exit();
	if (ret == -ERESTARTSYS || ret == -ERESTARTNOINTR || ret == -ERESTARTNOHAND || ret == -ERESTART_RESTARTBLOCK)
		ret = -EINTR;
	return ret;
}

long kshim_fallocate(unsigned int fd, int mode, int64_t offset, int64_t len)
{
	long ret = ksys_fallocate(fd, mode, offset, len);

	kshim_syscall_exit();
	return ret;
}

long kshim_ftruncate(unsigned int fd, int64_t len)
{
	long ret = kshim_sys_ftruncate(fd, len);

	kshim_syscall_exit();
	return ret;
}

/* --- leaks --- */

/* Where file_count(), a macro of the kernel, finds the count; some kernels count from 0 there. */
static const u32 *count_of(const struct file *file)
{
#define atomic_long_read(count) ((const void *)(count))
#define file_ref_read(count) ((const void *)(count))
	return file_count(file);
#undef atomic_long_read
#undef file_ref_read
}

static int report_slab_of_files(struct kshim_slab *slab)
{
	struct dentry *dentry;
	unsigned int i;
	int n = 0;

	for (i = 0; i < slab->cache->per_slab; i++) {
		struct file *file = kshim_object_at(slab, i);

		/* A file without a reference is closed: some kernels free it only after a grace period. */
		if (slab->obj[i].state != KSHIM_OBJ_USED || kshim_is_swapfile(file) || !file_count(file))
			continue;
		dentry = file->f_path.dentry;
		host_about_count("the references of the file", count_of(file));
		host_report(KVMSIM_LEAK, NULL, 0, "leak: file \"%s\" is still open with %ld references",
			    dentry ? (const char *)dentry->d_name.name : "?", file_count(file));
		n++;
	}
	return n;
}

int kshim_vfs_leaks(void)
{
	struct kmem_cache *cache;
	struct kshim_slab *slab;
	int n = 0;

	flush_delayed_fput();
	host_lock(&kshim_caches_lock);
	list_for_each_entry(cache, &kshim_caches, node) {
		if (strcmp(cache->name, "filp"))
			continue;
		list_for_each_entry(slab, &cache->slabs, node)
			n += report_slab_of_files(slab);
	}
	host_unlock(&kshim_caches_lock);
	return n;
}

/* Initcalls of the kernel files that are linked whole; the shim's linux/init.h turns them into pointers. */
extern initcall_t __kshim_initcall_uid_cache_init, __kshim_initcall_vsprintf_init_hashval;
extern initcall_t __kshim_initcall_anon_inode_init, __kshim_initcall_default_bdi_init;

int kshim_vfs_boot(void)
{
	int ret;

	files_cachep = kmem_cache_create("files_cache", sizeof(struct files_struct), 0,
					 SLAB_HWCACHE_ALIGN | SLAB_PANIC | SLAB_ACCOUNT, NULL);
	signals_init();
	cred_init();
	ret = __kshim_initcall_vsprintf_init_hashval();
	if (!ret)
		ret = __kshim_initcall_uid_cache_init();
	if (!ret)
		ret = __kshim_initcall_default_bdi_init();
	if (!ret)
		ret = kshim_mount_boot();
	if (!ret)
		ret = __kshim_initcall_anon_inode_init();
	return ret;
}
