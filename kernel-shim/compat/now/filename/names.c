// SPDX-License-Identifier: GPL-2.0-only
/* Names of files, and opening by name (fs/namei.c). */
#include <linux/fs.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "fs/internal.h"
#include <kshim/marks.h>
#include <kshim/vfs.h>

#define NAME_BYTES (PATH_MAX - offsetof(struct filename, iname))

REDUCED(getname_kernel, "fs/namei.c", "no names that do not fit into struct filename's own allocation");
struct filename *getname_kernel(const char *name)
{
	struct filename *result;
	size_t len = strlen(name) + 1;

	if (len > NAME_BYTES)
		return ERR_PTR(-ENAMETOOLONG);
	result = __getname();
	if (!result)
		return ERR_PTR(-ENOMEM);
	memcpy((char *)result->iname, name, len);
	result->name = result->iname;
	result->uptr = NULL;
	result->aname = NULL;
	atomic_set(&result->refcnt, 1);
	return result;
}

REDUCED(getname, "fs/namei.c", "takes a kernel address: the only caller is swapon(), which the shim calls");
struct filename *getname(const char __user *name)
{
	return getname_kernel((__force const char *)name);
}

FAITHFUL(putname, "fs/namei.c");
void putname(struct filename *name)
{
	if (!IS_ERR_OR_NULL(name) && atomic_dec_and_test(&name->refcnt))
		__putname(name);
}

REDUCED(do_filp_open, "fs/namei.c", "knows /dev/<miscdevice> and /swapfile; there is no directory tree");
struct file *do_filp_open(int dfd, struct filename *name, const struct open_flags *op)
{
	return kshim_open_path(name->name, op->open_flag);
}
