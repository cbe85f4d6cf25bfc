// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accesses to user addresses, by kernel code and by the process itself. They go piece by piece through the
 * architecture's translation, which takes the real fault path on a miss.
 */
#include <linux/mm.h>
#include <linux/mm_types.h>
#include <linux/pgtable.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <kshim/arch.h>
#include <kshim/host.h>
#include <kshim/hw.h>
#include <kshim/marks.h>
#include <kshim/memory_error.h>
#include <kshim/move.h>
#include <kshim/process.h>

/* More faults than this in a row on one page mean a livelock. */
#define MAX_FAULTS 100000

bool kshim_fault_signal(bool user, int sig, int code, unsigned long addr)
{
	if (user)
		force_sig_fault(sig, code, (void __user *)addr);
	return false;
}

bool kshim_fault_done(unsigned int fault, bool user, unsigned long addr)
{
	if (!(fault & VM_FAULT_ERROR))
		return true;
	if (fault & (VM_FAULT_HWPOISON | VM_FAULT_HWPOISON_LARGE)) {
		if (user)
			force_sig_mceerr(BUS_MCEERR_AR, (void __user *)addr,
					 fault & VM_FAULT_HWPOISON_LARGE ? HPAGE_SHIFT : PAGE_SHIFT);
	} else if (fault & VM_FAULT_SIGBUS) {
		kshim_fault_signal(user, SIGBUS, BUS_ADRERR, addr);
	} else if (fault & VM_FAULT_SIGSEGV) {
		kshim_fault_signal(user, SIGSEGV, SEGV_MAPERR, addr);
	}
	return false;
}

/*
 * Whether the process's own access is tried again although its fault has failed: another signal than the fault's own
 * has ended the fault, and is handled now.
 */
static bool interrupted(bool user)
{
	sigset_t *pending = &current->pending.signal;

	if (!user || !signal_pending(current) || sigismember(pending, SIGSEGV) || sigismember(pending, SIGBUS))
		return false;
	return kshim_process_handle_signals();
}

/*
 * Memory of a program in this process, outside of its simulated address space: its stack, its variables, its heap. The
 * host translates. The simulator's own memory is not the program's.
 */
static unsigned long native_pieces(unsigned long addr, unsigned long n, kshim_piece_fn fn, void *arg)
{
	unsigned long done = 0, len;

	while (done < n) {
		len = min(n - done, PAGE_SIZE - offset_in_page(addr + done));
		if (host_is_fixed(addr + done) || !host_try(fn, (void *)addr + done, done, len, arg))
			break;
		done += len;
	}
	return n - done;
}

unsigned long kshim_user_pieces(unsigned long addr, unsigned long n, bool write, bool user, kshim_piece_fn fn,
				void *arg)
{
	struct mm_struct *mm = current->mm;
	unsigned long done = 0, faults = 0, flags, len;
	bool handled = true, broken = false;
	unsigned int error_code;
	void *mem;

	if (!mm)
		return n;
	if (host_window.end && (addr < host_window.start || addr >= host_window.end))
		return native_pieces(addr, n, fn, arg);
	while (done < n && addr + done < mm->task_size) {
		len = min(n - done, PAGE_SIZE - offset_in_page(addr + done));
		flags = kshim_hw_access_begin();
		mem = kshim_arch_user_translate(mm, addr + done, write, &error_code);
		if (mem)
			broken = kshim_frame_has_error(PHYS_PFN(__pa(mem)));
		if (mem && !broken)
			handled = fn(mem, done, len, arg);
		if (mem && !broken && write)
			kshim_arch_user_wrote(mem, len, user);
		kshim_hw_access_end(flags);
		if (broken) {
			if (user)
				kshim_machine_check(PHYS_PFN(__pa(mem)));
			return n - done;
		}
		if (!handled)
			return n - done;
		if (mem) {
			done += len;
			faults = 0;
			continue;
		}
		if (++faults > MAX_FAULTS) {
			host_check("livelock", "livelock: no progress after %d faults at user address %lx",
				   MAX_FAULTS, addr + done);
			break;
		}
		if (!kshim_arch_user_fault(mm, addr + done, error_code, user) && !interrupted(user))
			return n - done;
	}
	if (done < n && addr + done >= mm->task_size)
		kshim_fault_signal(user, SIGSEGV, SEGV_MAPERR, addr + done);
	return n - done;
}

static bool read_piece(void *mem, unsigned long done, unsigned long len, void *to)
{
	kshim_move(to + done, mem, len);
	return true;
}

static bool write_piece(void *mem, unsigned long done, unsigned long len, void *from)
{
	kshim_move(mem, from + done, len);
	return true;
}

static bool clear_piece(void *mem, unsigned long done, unsigned long len, void *arg)
{
	memset(mem, 0, len);
	return true;
}

FAITHFUL(kshim_copy_from_user, "arch/x86/include/asm/uaccess_64.h:raw_copy_from_user "
			       "arch/s390/lib/uaccess.c:raw_copy_from_user "
			       "arch/arm64/include/asm/uaccess.h:raw_copy_from_user");
unsigned long kshim_copy_from_user(void *to, const void __user *from, unsigned long n)
{
	return kshim_user_pieces((unsigned long)from, n, false, false, read_piece, to);
}

FAITHFUL(kshim_copy_to_user, "arch/x86/include/asm/uaccess_64.h:raw_copy_to_user "
			     "arch/s390/lib/uaccess.c:raw_copy_to_user "
			     "arch/arm64/include/asm/uaccess.h:raw_copy_to_user");
unsigned long kshim_copy_to_user(void __user *to, const void *from, unsigned long n)
{
	return kshim_user_pieces((unsigned long)to, n, true, false, write_piece, (void *)from);
}

FAITHFUL(kshim_clear_user, "arch/x86/include/asm/uaccess_64.h:__clear_user arch/s390/lib/uaccess.c:__clear_user "
			   "arch/arm64/include/asm/uaccess.h:__clear_user");
unsigned long kshim_clear_user(void __user *to, unsigned long n)
{
	return kshim_user_pieces((unsigned long)to, n, true, false, clear_piece, NULL);
}

struct cmpxchg_args {
	void *old;
	u64 new;
	bool swapped;
};

static bool cmpxchg_piece(void *mem, unsigned long done, unsigned long len, void *arg)
{
	struct cmpxchg_args *a = arg;

	switch (len) {
	case 1:
		a->swapped = try_cmpxchg((u8 *)mem, (u8 *)a->old, (u8)a->new);
		break;
	case 2:
		a->swapped = try_cmpxchg((u16 *)mem, (u16 *)a->old, (u16)a->new);
		break;
	case 4:
		a->swapped = try_cmpxchg((u32 *)mem, (u32 *)a->old, (u32)a->new);
		break;
	case 8:
		a->swapped = try_cmpxchg((u64 *)mem, (u64 *)a->old, a->new);
		break;
	}
	return true;
}

/* Callers pass an aligned address: one piece. */
REDUCED(kshim_cmpxchg_user, "arch/x86/include/asm/uaccess.h:unsafe_try_cmpxchg_user",
	"an address that is not aligned to its size fails with -EFAULT");
int kshim_cmpxchg_user(void __user *p, void *old, u64 new, unsigned int size)
{
	struct cmpxchg_args a = { .old = old, .new = new };

	if (!IS_ALIGNED((unsigned long)p, size))
		return -EFAULT;
	if (kshim_user_pieces((unsigned long)p, size, true, false, cmpxchg_piece, &a))
		return -EFAULT;
	return !a.swapped;
}

REDUCED(kshim_copy_nofault, "arch/x86/include/asm/uaccess.h:__get_kernel_nofault "
			    "arch/s390/include/asm/uaccess.h:__get_kernel_nofault "
			    "arch/arm64/include/asm/uaccess.h:__get_kernel_nofault",
	"an address that is bad is only found by range: simulated RAM is always mapped");
int kshim_copy_nofault(void *to, const void *from, unsigned long n)
{
	if ((unsigned long)to < PAGE_OFFSET || (unsigned long)from < PAGE_OFFSET)
		return -EFAULT;
	memcpy(to, from, n);
	return 0;
}

int kshim_user_read(unsigned long addr, void *buf, unsigned long len, uint64_t *done)
{
	unsigned long left = kshim_user_pieces(addr, len, false, true, read_piece, buf);

	*done = len - left;
	return left ? -EFAULT : 0;
}

int kshim_user_write(unsigned long addr, const void *buf, unsigned long len, uint64_t *done)
{
	unsigned long left = kshim_user_pieces(addr, len, true, true, write_piece, (void *)buf);

	*done = len - left;
	return left ? -EFAULT : 0;
}
