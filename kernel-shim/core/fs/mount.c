// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mounts without a name space: kern_mount() mounts every file system internally, without a place in a tree.
 *
 * Stands for fs/namespace.c and, with do_filp_open() and friends in file.c, for fs/namei.c. Mounts are real struct
 * mount, because fs/d_path.c looks into them; their count is kept per CPU, as there.
 */
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/init.h>
#include <linux/mount.h>
#include <linux/percpu.h>
#include <linux/pseudo_fs.h>
#include <linux/slab.h>
#include "fs/internal.h"
#include "fs/mount.h"
#include <kshim/marks.h>
#include <kshim/form/mnt_gets.h>
#include <kshim/form/mnt_idmap.h>
#include <kshim/form/super_dev.h>
#include <kshim/vfs.h>

FAITHFUL(blockdev_superblock, "block/bdev.c");
struct super_block *blockdev_superblock;	/* NULL: no inode belongs to a block device */

static struct vfsmount *kshim_mnt;

static struct mount *alloc_mount(const char *name)
{
	struct mount *mnt = kzalloc(sizeof(*mnt), GFP_KERNEL);

	if (!mnt)
		return NULL;
	mnt->mnt_pcp = alloc_percpu(struct mnt_pcp);
	if (!mnt->mnt_pcp) {
		kfree(mnt);
		return NULL;
	}
	kshim_mnt_get(mnt);
	mnt->mnt_devname = name;
	kshim_mnt_map_no_ids(&mnt->mnt);
	INIT_LIST_HEAD(&mnt->mnt_mounts);
	INIT_LIST_HEAD(&mnt->mnt_child);
	kshim_mnt_unlisted(mnt);
	return mnt;
}

static int mount_count(struct mount *mnt)
{
	int cpu, n = 0;

	for_each_possible_cpu(cpu)
		n += kshim_mnt_count_on(mnt, cpu);
	return n;
}

static struct vfsmount *create_mount(struct fs_context *fc)
{
	struct mount *mnt = alloc_mount(fc->fs_type->name);
	struct dentry *root = fc->root;

	if (!mnt)
		return ERR_PTR(-ENOMEM);
	atomic_inc(&root->d_sb->s_active);
	mnt->mnt_parent = mnt;
	mnt->mnt_mountpoint = mnt->mnt.mnt_root = dget(root);
	mnt->mnt_ns = MNT_NS_INTERNAL;
	mnt->mnt.mnt_sb = root->d_sb;
	mnt->mnt.mnt_flags = MNT_INTERNAL;
	return &mnt->mnt;
}

REDUCED(fc_mount, "fs/namespace.c", "the mount is on no list of its superblock");
struct vfsmount *fc_mount(struct fs_context *fc)
{
	int err = vfs_get_tree(fc);

	if (err)
		return ERR_PTR(err);
	up_write(&fc->root->d_sb->s_umount);
	return create_mount(fc);
}

FAITHFUL(kern_mount, "fs/namespace.c");
struct vfsmount *kern_mount(struct file_system_type *type)
{
	struct fs_context *fc = fs_context_for_mount(type, SB_KERNMOUNT);
	struct vfsmount *mnt;

	if (IS_ERR(fc))
		return ERR_CAST(fc);
	mnt = fc_mount(fc);
	put_fs_context(fc);
	return mnt;
}

FAITHFUL(mntget, "fs/namespace.c");
struct vfsmount *mntget(struct vfsmount *mnt)
{
	if (mnt)
		kshim_mnt_get(real_mount(mnt));
	return mnt;
}

FAITHFUL(mntput, "fs/namespace.c");
void mntput(struct vfsmount *mnt)
{
	struct mount *m;

	if (!mnt)
		return;
	m = real_mount(mnt);
	kshim_mnt_put(m);
	/* An internal mount holds one reference on itself until kern_unmount(). */
	if (READ_ONCE(m->mnt_ns) || mount_count(m))
		return;
	dput(mnt->mnt_root);
	deactivate_super(mnt->mnt_sb);
	free_percpu(m->mnt_pcp);
	kfree(m);
}

FAITHFUL(kern_unmount, "fs/namespace.c");
void kern_unmount(struct vfsmount *mnt)
{
	if (IS_ERR_OR_NULL(mnt))
		return;
	real_mount(mnt)->mnt_ns = NULL;
	synchronize_rcu();
	mntput(mnt);
}

FAITHFUL(__mnt_is_readonly, "fs/namespace.c");
bool __mnt_is_readonly(KSHIM_MNT_CONST struct vfsmount *mnt)
{
	return (mnt->mnt_flags & MNT_READONLY) || sb_rdonly(mnt->mnt_sb);
}

REDUCED(mnt_get_write_access, "fs/namespace.c", "writers are not counted: no mount is ever made read-only");
int mnt_get_write_access(struct vfsmount *mnt)
{
	return __mnt_is_readonly(mnt) ? -EROFS : 0;
}

REDUCED(mnt_get_write_access_file, "fs/namespace.c", "writers are not counted: no mount is ever made read-only");
int mnt_get_write_access_file(struct file *file)
{
	return mnt_get_write_access(file->f_path.mnt);
}

INERT_VOID(mnt_put_write_access, "fs/namespace.c", "mnt_get_write_access() takes nothing");
INERT_VOID(mnt_put_write_access_file, "fs/namespace.c", "mnt_get_write_access_file() takes nothing");

FAITHFUL(path_noexec, "fs/exec.c");
bool path_noexec(const struct path *path)
{
	return (path->mnt->mnt_flags & MNT_NOEXEC) || (path->mnt->mnt_sb->s_iflags & SB_I_NOEXEC);
}

/* The shim's own file system: devices and the swap file. */
static int kshim_fs_init_context(struct fs_context *fc)
{
	return init_pseudo(fc, 0x6b76736d) ? 0 : -ENOMEM;
}

static struct file_system_type kshim_fs_type = {
	.name = "kshim",
	.init_fs_context = kshim_fs_init_context,
	.kill_sb = kill_anon_super,
};

struct inode *kshim_new_inode(umode_t mode)
{
	struct inode *inode = new_inode(kshim_mnt->mnt_sb);

	if (!inode)
		return NULL;
	inode->i_ino = get_next_ino();
	inode->i_mode = mode;
	simple_inode_init_ts(inode);
	return inode;
}

struct file *kshim_alloc_file(struct inode *inode, const char *name, int flags, const struct file_operations *fops)
{
	struct file *file = alloc_file_pseudo(inode, kshim_mnt, name, flags, fops);

	if (IS_ERR(file))
		iput(inode);
	return file;
}

/* Called by vfs_caches_init() of fs/dcache.c. */
REDUCED(mnt_init, "fs/namespace.c", "no root file system, no name space");
void __init mnt_init(void)
{
}

INERT_VOID(bdev_cache_init, "block/bdev.c", "there are no block devices");
INERT_VOID(chrdev_init, "fs/char_dev.c", "there is no character device map; miscdevices are opened by name");

int kshim_mount_boot(void)
{
	vfs_caches_init();
	kshim_super_dev_init();
	kshim_mnt = kern_mount(&kshim_fs_type);
	return PTR_ERR_OR_ZERO(kshim_mnt);
}
