// SPDX-License-Identifier: GPL-2.0-only
/* The system calls that a scenario's VMM makes, each through the kernel's own entry point. */
#include <linux/eventfd.h>
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/shmem_fs.h>
#include <linux/syscalls.h>
#include <uapi/linux/memfd.h>
#include <kshim/form/vma_flags.h>
#include <kshim/arch.h>
#include <kshim/boot.h>
#include <kshim/process.h>
#include <kshim/vfs.h>
#include "../../wrap/wrap.h"
#include "syscall_entry.h"

/* Like memfd_create() with these flags: an unsealed shared-memory file of the given size. */
static long sys_shmem(unsigned long size, unsigned int flags)
{
	struct file *file;
	int fd;

	if (size > MAX_LFS_FILESIZE || flags & ~(MFD_HUGETLB | MFD_HUGE_MASK << MFD_HUGE_SHIFT) ||
	    (!(flags & MFD_HUGETLB) && flags))
		return -EINVAL;
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	if (flags & MFD_HUGETLB)
		file = hugetlb_file_setup("hugetlb", size, KSHIM_NORESERVE, HUGETLB_ANONHUGE_INODE,
					  (flags >> MFD_HUGE_SHIFT) & MFD_HUGE_MASK);
	else
		file = shmem_file_setup("shmem", size, KSHIM_NORESERVE);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	file->f_mode |= FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE;
	file->f_flags |= O_LARGEFILE;
	fd_install(fd, file);
	return fd;
}

static long sys_open_proc(enum kvmsim_proc which)
{
	struct file *file = ERR_PTR(-ENOENT);
	int fd = get_unused_fd_flags(O_CLOEXEC);

	if (fd < 0)
		return fd;
	switch (which) {
	case KVMSIM_PROC_PAGEMAP:
		file = kshim_open_pagemap();
		break;
	case KVMSIM_PROC_PAGE_IDLE:
		file = kshim_open_page_idle();
		break;
	}
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	file->f_mode |= FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE;
	fd_install(fd, file);
	return fd;
}

/* x86's mmap(2) refuses an unaligned offset before ksys_mmap_pgoff() sees it (arch/x86/kernel/sys_x86_64.c). */
static long sys_mmap(const uint64_t a[6])
{
	if (a[5] & ~PAGE_MASK)
		return -EINVAL;
	return ksys_mmap_pgoff(a[0], a[1], a[2], a[3], a[4], a[5] >> PAGE_SHIFT);
}

static long vmm_ioctl(unsigned int fd, unsigned int cmd, unsigned long arg)
{
	long ret = kshim_ioctl(fd, cmd, arg);

	if (ret >= 0)
		kshim_start_counters(cmd, ret);
	return ret;
}

static int64_t do_syscall(enum kvmsim_sys nr, const uint64_t a[6])
{
	switch (nr) {
	case KVMSIM_SYS_MMAP:
		return sys_mmap(a);
	case KVMSIM_SYS_MUNMAP:
		return kshim_sys_munmap(a[0], a[1]);
	case KVMSIM_SYS_MPROTECT:
		return kshim_sys_mprotect(a[0], a[1], a[2]);
	case KVMSIM_SYS_MREMAP:
		return kshim_sys_mremap(a[0], a[1], a[2], a[3], a[4]);
	case KVMSIM_SYS_MADVISE:
		return kshim_sys_madvise(a[0], a[1], a[2]);
	case KVMSIM_SYS_MLOCK:
		return kshim_sys_mlock(a[0], a[1]);
	case KVMSIM_SYS_MUNLOCK:
		return kshim_sys_munlock(a[0], a[1]);
	case KVMSIM_SYS_OPEN_KVM:
		return kshim_open_misc("kvm");
	case KVMSIM_SYS_IOCTL:
		return vmm_ioctl(a[0], a[1], a[2]);
	case KVMSIM_SYS_CLOSE:
		return kshim_close(a[0]);
	case KVMSIM_SYS_FALLOCATE:
		return kshim_fallocate(a[0], a[1], a[2], a[3]);
	case KVMSIM_SYS_SHMEM:
		return sys_shmem(a[0], a[1]);
	case KVMSIM_SYS_FTRUNCATE:
		return kshim_ftruncate(a[0], a[1]);
	case KVMSIM_SYS_EVENTFD:
		return kshim_sys_eventfd2(a[0], a[1]);
	case KVMSIM_SYS_READ:
		return ksys_read(a[0], (char __user *)a[1], a[2]);
	case KVMSIM_SYS_WRITE:
		return ksys_write(a[0], (const char __user *)a[1], a[2]);
	case KVMSIM_SYS_EXEC:
		return kshim_process_exec(a[0]);
	case KVMSIM_SYS_DROP_CAP:
		return kshim_process_drop_cap(a[0]);
	case KVMSIM_SYS_SETRLIMIT:
		return kshim_process_setrlimit(a[0], a[1]);
	case KVMSIM_SYS_USERFAULTFD:
		return kshim_sys_userfaultfd(a[0]);
	case KVMSIM_SYS_MBIND:
		return kshim_sys_mbind(a[0], a[1], a[2], a[3], a[4], a[5]);
	case KVMSIM_SYS_SET_MEMPOLICY:
		return kshim_process_set_mempolicy(a[0], a[1], a[2]);
	case KVMSIM_SYS_GET_MEMPOLICY:
		return kshim_sys_get_mempolicy(a[0], a[1], a[2], a[3], a[4]);
	case KVMSIM_SYS_SET_HOME_NODE:
		return kshim_sys_set_home_node(a[0], a[1], a[2], a[3]);
	case KVMSIM_SYS_KILL:
		return kshim_process_kill(a[0]);
	case KVMSIM_SYS_PREAD:
		return ksys_pread64(a[0], (char __user *)a[1], a[2], a[3]);
	case KVMSIM_SYS_PWRITE:
		return ksys_pwrite64(a[0], (const char __user *)a[1], a[2], a[3]);
	case KVMSIM_SYS_LSEEK:
		return kshim_sys_lseek(a[0], a[1], a[2]);
	case KVMSIM_SYS_FSTAT:
		return kshim_sys_newfstat(a[0], a[1]);
	case KVMSIM_SYS_FCNTL:
		return kshim_sys_fcntl(a[0], a[1], a[2]);
	case KVMSIM_SYS_MCE_KILL:
		return kshim_process_mce_kill(a[0]);
	case KVMSIM_SYS_OPEN_PROC:
		return sys_open_proc(a[0]);
	case KVMSIM_NR_SYS:
		break;
	}
	return -ENOSYS;
}

int64_t kshim_syscall(int pid, enum kvmsim_sys nr, const uint64_t a[6])
{
	int64_t ret;

	if (!kshim_process_enter(pid))
		return -ESRCH;
	do
		ret = do_syscall(nr, a);
	while (kshim_process_restarts(&ret));
	kshim_process_leave();
	return ret;
}
