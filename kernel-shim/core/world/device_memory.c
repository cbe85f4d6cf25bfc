// SPDX-License-Identifier: GPL-2.0-only
/* Device memory: frames without a struct page, for VM_PFNMAP mappings of processes and memremap() of the kernel. */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/slab.h>
#include <kshim/host.h>
#include <kshim/marks.h>
#include <kshim/mem.h>
#include <kshim/process.h>

/* The end of the direct map. RAM does not reach it. */
#define DEVICE_BYTES (64UL << 20)
#define DEVICE_PFN (ARCH_PFN_OFFSET + ((KSHIM_RAM_MAX - DEVICE_BYTES) >> PAGE_SHIFT))
#define DEVICE_END (DEVICE_PFN + (DEVICE_BYTES >> PAGE_SHIFT))

static unsigned long next_pfn;
static struct host_lock frames_lock;	/* guards it */

/* What memremap() gave and memunmap() has not taken back: one that is forgotten is a leak of this record. */
struct device_mapping {
	struct list_head node;
	void *addr;
};

static LIST_HEAD(mappings);
static struct host_lock mappings_lock;

int kshim_device_memory_boot(void)
{
	host_map((unsigned long)__va(PFN_PHYS(DEVICE_PFN)), DEVICE_BYTES);
	next_pfn = DEVICE_PFN;
	return 0;
}

unsigned long kshim_take_device_frames(unsigned long n)
{
	unsigned long pfn = 0;

	host_lock(&frames_lock);
	if (n <= DEVICE_END - next_pfn) {
		pfn = next_pfn;
		next_pfn += n;
	}
	host_unlock(&frames_lock);
	return pfn;
}

static int device_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned long len = vma->vm_end - vma->vm_start;
	unsigned long pfn = kshim_take_device_frames(len >> PAGE_SHIFT);

	if (!pfn)
		return -ENOSPC;
	return remap_pfn_range(vma, vma->vm_start, pfn, len, vma->vm_page_prot);
}

static const struct file_operations device_fops = { .mmap = device_mmap };

long kshim_map_device_memory(unsigned long addr, unsigned long len, unsigned long prot)
{
	struct file *file = anon_inode_getfile("device", &device_fops, NULL, O_RDWR);
	unsigned long ret;

	if (IS_ERR(file))
		return PTR_ERR(file);
	ret = vm_mmap(file, addr, len, prot, MAP_SHARED | (addr ? MAP_FIXED : 0), 0);
	fput(file);
	return ret;
}

REDUCED(memremap, "kernel/iomem.c", "only of device memory, which is mapped already; there are no types of caching");
void *memremap(resource_size_t offset, size_t size, unsigned long flags)
{
	struct device_mapping *m;

	if (!flags)
		return NULL;
	if (WARN_ON_ONCE(offset < PFN_PHYS(DEVICE_PFN) || offset + size > PFN_PHYS(DEVICE_END)))
		return NULL;
	m = kmalloc(sizeof(*m), GFP_KERNEL);
	if (!m)
		return NULL;
	m->addr = __va(offset);
	host_lock(&mappings_lock);
	list_add(&m->node, &mappings);
	host_unlock(&mappings_lock);
	return m->addr;
}

REDUCED(memunmap, "kernel/iomem.c", "warns about an address that memremap() did not give");
void memunmap(void *addr)
{
	struct device_mapping *m, *found = NULL;

	host_lock(&mappings_lock);
	list_for_each_entry(m, &mappings, node) {
		if (m->addr == addr) {
			found = m;
			list_del(&m->node);
			break;
		}
	}
	host_unlock(&mappings_lock);
	WARN_ON_ONCE(!found);
	kfree(found);
}
