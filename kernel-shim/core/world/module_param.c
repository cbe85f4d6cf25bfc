// SPDX-License-Identifier: GPL-2.0-only
/* Module parameters that change while the machine runs, like those below /sys/module. */
#include <linux/errno.h>
#include <linux/moduleparam.h>
#include <linux/stat.h>
#include <kshim/boot.h>

/* The parameters of the linked files: the linker names the bounds of their section. */
extern const struct kernel_param __start___param[], __stop___param[];

/* Like sysfs and param_attr_store() of kernel/params.c; the file's mode binds even root (kernfs_fop_open()). */
int kshim_module_param(const char *name, const char *value)
{
	const struct kernel_param *p = __start___param;
	int ret;

	while (p < __stop___param && !parameq(p->name, name))
		p++;
	if (p == __stop___param)
		return -ENOENT;
	if (!(p->perm & S_IWUGO))
		return -EACCES;
	if (!p->ops->set)
		return -EPERM;
	kernel_param_lock(p->mod);
	ret = p->ops->set(value, p);
	kernel_param_unlock(p->mod);
	return ret;
}
