// SPDX-License-Identifier: GPL-2.0-only
/* Names of files, and opening by name (fs/namei.c). A short name is inside struct filename. */
#include <linux/fs.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "fs/internal.h"
#include <kshim/marks.h>
#include <kshim/vfs.h>

REDUCED(getname_kernel, "fs/namei.c fs/namei.c:do_getname_kernel",
	"no names that do not fit into struct filename's own allocation");
struct filename *getname_kernel(const char *name)
{
	struct filename *result;
	size_t len = strlen(name) + 1;

	if (len > EMBEDDED_NAME_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	result = kzalloc(sizeof(*result), GFP_KERNEL);
	if (!result)
		return ERR_PTR(-ENOMEM);
	memcpy((char *)result->iname, name, len);
	result->name = result->iname;
	result->refcnt = 1;
	return result;
}

REDUCED(getname_flags, "fs/namei.c", "takes a kernel address: the only caller is swapon(), which the shim calls");
struct filename *getname_flags(const char __user *name, int flags)
{
	return getname_kernel((__force const char *)name);
}

FAITHFUL(putname, "fs/namei.c");
void putname(struct filename *name)
{
	if (IS_ERR_OR_NULL(name) || WARN_ON_ONCE(!name->refcnt))
		return;
	if (!--name->refcnt)
		kfree(name);
}

REDUCED(do_file_open, "fs/namei.c", "knows /dev/<miscdevice> and /swapfile; there is no directory tree");
struct file *do_file_open(int dfd, struct filename *name, const struct open_flags *op)
{
	if (IS_ERR(name))
		return ERR_CAST(name);
	return kshim_open_path(name->name, op->open_flag);
}

INERT_VOID(filename_init, "fs/namei.c", "names have no cache of their own");
