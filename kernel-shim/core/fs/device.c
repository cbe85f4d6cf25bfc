// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices: miscdevices that are opened by name, uevents that go to the log, and leftovers of modules and /proc.
 *
 * Stands for drivers/char/misc.c, lib/kobject_uevent.c and fs/proc. There is no device tree, sysfs or debugfs.
 */
#include <linux/device.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/major.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/slab.h>
#include <linux/sysctl.h>
#include <kshim/marks.h>
#include <kshim/vfs.h>

static LIST_HEAD(misc_list);
static DEFINE_MUTEX(misc_mtx);
/* Dynamic minors lie above the static ones, as in drivers/char/misc.c. */
static int next_dynamic_minor = MISC_DYNAMIC_MINOR + 1;

uint64_t kshim_nr_uevents;

static struct miscdevice *find_misc(const char *name, int minor)
{
	struct miscdevice *m;

	list_for_each_entry(m, &misc_list, list) {
		if (name ? !strcmp(m->name, name) : m->minor == minor)
			return m;
	}
	return NULL;
}

REDUCED(misc_register, "drivers/char/misc.c", "the device is in no class and has no node");
int misc_register(struct miscdevice *misc)
{
	bool dynamic = misc->minor == MISC_DYNAMIC_MINOR;
	struct device *dev;

	dev = kzalloc(sizeof(*dev), GFP_KERNEL);
	if (!dev)
		return -ENOMEM;
	mutex_lock(&misc_mtx);
	if (!dynamic && find_misc(NULL, misc->minor)) {
		mutex_unlock(&misc_mtx);
		kfree(dev);
		return -EBUSY;
	}
	if (dynamic)
		misc->minor = next_dynamic_minor++;
	dev->init_name = misc->name;
	dev->devt = MKDEV(MISC_MAJOR, misc->minor);
	dev->parent = misc->parent;
	misc->this_device = dev;
	list_add(&misc->list, &misc_list);
	mutex_unlock(&misc_mtx);
	return 0;
}

FAITHFUL(misc_deregister, "drivers/char/misc.c");
void misc_deregister(struct miscdevice *misc)
{
	mutex_lock(&misc_mtx);
	if (!WARN_ON(!misc->this_device)) {
		list_del(&misc->list);
		kfree(misc->this_device);
		misc->this_device = NULL;
		if (misc->minor > MISC_DYNAMIC_MINOR)
			misc->minor = MISC_DYNAMIC_MINOR;
	}
	mutex_unlock(&misc_mtx);
}

/* Like chrdev_open() and misc_open(). */
struct file *kshim_misc_open(const char *name, int flags)
{
	const struct file_operations *fops = NULL;
	struct miscdevice *misc;
	struct inode *inode;
	struct file *file;
	int err;

	mutex_lock(&misc_mtx);
	misc = find_misc(name, 0);
	if (misc)
		fops = fops_get(misc->fops);
	mutex_unlock(&misc_mtx);
	if (!fops)
		return ERR_PTR(-ENOENT);
	inode = kshim_new_inode(S_IFCHR | 0600);
	if (!inode) {
		fops_put(fops);
		return ERR_PTR(-ENOMEM);
	}
	inode->i_rdev = MKDEV(MISC_MAJOR, misc->minor);
	file = kshim_alloc_file(inode, misc->name, flags, fops);
	if (IS_ERR(file)) {
		fops_put(fops);
		return file;
	}
	file->private_data = misc;
	err = fops->open ? fops->open(inode, file) : 0;
	if (err) {
		/* A file that was never opened is dropped without ->release(). */
		file->f_mode &= ~FMODE_OPENED;
		fops_put(fops);
		path_put(&file->f_path);
		fput(file);
		return ERR_PTR(err);
	}
	return file;
}

FAITHFUL(add_uevent_var, "lib/kobject_uevent.c");
int add_uevent_var(struct kobj_uevent_env *env, const char *format, ...)
{
	size_t room = sizeof(env->buf) - env->buflen;
	va_list args;
	int len;

	if (WARN(env->envp_idx >= ARRAY_SIZE(env->envp), "add_uevent_var: too many keys\n"))
		return -ENOMEM;
	va_start(args, format);
	len = vsnprintf(env->buf + env->buflen, room, format, args);
	va_end(args);
	if (WARN(len >= room, "add_uevent_var: buffer size too small\n"))
		return -ENOMEM;
	env->envp[env->envp_idx++] = env->buf + env->buflen;
	env->buflen += len + 1;
	return 0;
}

REDUCED(kobject_uevent_env, "lib/kobject_uevent.c", "a line in the log; nobody listens to netlink");
int kobject_uevent_env(struct kobject *kobj, enum kobject_action action, char *envp[])
{
	static const char *const actions[] = {
		[KOBJ_ADD] = "add", [KOBJ_REMOVE] = "remove", [KOBJ_CHANGE] = "change", [KOBJ_MOVE] = "move",
		[KOBJ_ONLINE] = "online", [KOBJ_OFFLINE] = "offline", [KOBJ_BIND] = "bind", [KOBJ_UNBIND] = "unbind",
	};
	int i;

	__atomic_fetch_add(&kshim_nr_uevents, 1, __ATOMIC_RELAXED);
	printk(KERN_DEBUG "uevent: ACTION=%s", actions[action]);
	for (i = 0; envp && envp[i]; i++)
		printk(KERN_CONT " %s", envp[i]);
	printk(KERN_CONT "\n");
	return 0;
}

FAITHFUL(search_module_extables, "kernel/module/main.c");
const struct exception_table_entry *search_module_extables(unsigned long addr)
{
	/* No module is loaded. */
	return NULL;
}

INERT(proc_create, "fs/proc/generic.c", "there is no /proc: nobody can open the file");
struct proc_dir_entry *proc_create(const char *name, umode_t mode, struct proc_dir_entry *parent,
				   const struct proc_ops *ops)
{
	return NULL;
}

#ifdef CONFIG_SYSCTL
INERT_VOID(__register_sysctl_init, "fs/proc/proc_sysctl.c",
	   "there is no /proc/sys; tests set the variables themselves");
#endif

INERT(mm_kobj, "mm/mm_init.c", "there is no sysfs");
struct kobject *mm_kobj;

INERT(kobject_create_and_add, "lib/kobject.c", "there is no sysfs: as without memory, which its callers live with");
struct kobject *kobject_create_and_add(const char *name, struct kobject *parent)
{
	return NULL;
}

FAITHFUL(is_module_address, "kernel/module/main.c");
bool is_module_address(unsigned long addr)
{
	return false;
}

FAITHFUL(is_module_percpu_address, "kernel/module/main.c");
bool is_module_percpu_address(unsigned long addr)
{
	return false;
}

FAITHFUL(__is_module_percpu_address, "kernel/module/main.c");
bool __is_module_percpu_address(unsigned long addr, unsigned long *can_addr)
{
	return false;
}
