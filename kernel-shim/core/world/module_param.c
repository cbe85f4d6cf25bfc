// SPDX-License-Identifier: GPL-2.0-only
/* Module parameters: set when the module is loaded or while the machine runs, and read, as below /sys/module. */
#include <linux/errno.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/stat.h>
#include <linux/string.h>
#include <kshim/boot.h>

/* The parameters of the linked files: the linker names the bounds of their section. */
extern const struct kernel_param __start___param[], __stop___param[];

static bool loaded;

static const struct kernel_param *find_param(const char *name)
{
	const struct kernel_param *p = __start___param;

	while (p < __stop___param && !parameq(p->name, name))
		p++;
	return p == __stop___param ? NULL : p;
}

void kshim_module_params_loaded(void)
{
	loaded = true;
}

/* Like sysfs and param_attr_store() of kernel/params.c; the file's mode binds even root (kernfs_fop_open()). */
int kshim_module_param(const char *name, const char *value)
{
	const struct kernel_param *p = find_param(name);
	int ret;

	if (!p)
		return -ENOENT;
	if (loaded && !(p->perm & S_IWUGO))
		return -EACCES;
	if (!p->ops->set)
		return -EPERM;
	kernel_param_lock(p->mod);
	ret = p->ops->set(value, p);
	kernel_param_unlock(p->mod);
	return ret;
}

/* Like param_attr_show(), which gives the parameter a page to write to. */
int kshim_read_param(const char *name, char *text, unsigned int bytes)
{
	const struct kernel_param *p = find_param(name);
	char *page;
	int ret;

	if (!p || !p->perm)
		return -ENOENT;
	if (!(p->perm & S_IRUGO) || !p->ops->get)
		return -EACCES;
	page = kzalloc(PAGE_SIZE, GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	kernel_param_lock(p->mod);
	ret = p->ops->get(page, p);
	kernel_param_unlock(p->mod);
	if (ret >= 0)
		strscpy(text, page, bytes);
	kfree(page);
	return ret;
}
