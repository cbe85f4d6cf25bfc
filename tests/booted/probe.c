// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program that asks a booted arm64 kernel what its KVM does: one answer in a line. README.md says how it is booted.
 * The guest has one instruction, and a store to DONE behind it, or to EXC in its handlers, that ends it.
 */
#include "probe.h"

#define CODE 0x40000000ULL
#define DONE 0x0e000000ULL
#define EXC 0x0e100000ULL
/* From CODE on: the handlers. */
#define VECTORS 0x800
/* STR X2, [X10] and [X11]. */
#define STORE_DONE 0xf9000142
#define STORE_EXC 0xf9000162

u64 page_bytes;
int kvm;
void answer(const char *name, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	printf("@%s=", name);
	vprintf(fmt, ap);
	printf("\n");
	va_end(ap);
}

long io(int fd, unsigned long nr, u64 arg)
{
	int r = ioctl(fd, nr, arg);
	return r < 0 ? -errno : r;
}

long set_reg(int fd, u64 id, u64 v)
{
	struct kvm_one_reg r = { id, (u64)&v };
	return io(fd, KVM_SET_ONE_REG, (u64)&r);
}

u64 get_reg(int fd, u64 id)
{
	u64 v = 0;
	struct kvm_one_reg r = { id, (u64)&v };
	long e = io(fd, KVM_GET_ONE_REG, (u64)&r);
	return e < 0 ? (u64)e : v;
}

long region(int fd, u32 slot, u32 flags, u64 gpa, u64 size, void *addr)
{
	struct kvm_userspace_memory_region r = { slot, flags, gpa, size, (u64)addr };
	return io(fd, KVM_SET_USER_MEMORY_REGION, (u64)&r);
}

static long init_vcpu(int fd, int vcpu, u32 feature)
{
	struct kvm_vcpu_init in;
	io(fd, KVM_ARM_PREFERRED_TARGET, (u64)&in);
	in.features[0] |= feature;
	return io(vcpu, KVM_ARM_VCPU_INIT, (u64)&in);
}

struct vm make_vm(u64 size, u32 flags)
{
	struct vm v = {.size = size };
	v.fd = io(kvm, KVM_CREATE_VM, 0);
	v.ram = mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	madvise(v.ram, size, MADV_NOHUGEPAGE);
	region(v.fd, 0, flags, 0, size, v.ram);
	v.code = mmap(0, page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	region(v.fd, 31, 0, CODE, page_bytes, v.code);
	return v;
}

void add_vcpu(struct vm *v)
{
	v->vcpu = io(v->fd, KVM_CREATE_VCPU, 0);
	init_vcpu(v->fd, v->vcpu, 1 << KVM_ARM_VCPU_PSCI_0_2);
	v->run = mmap(0, io(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), PROT_READ | PROT_WRITE, MAP_SHARED, v->vcpu, 0);
	set_reg(v->vcpu, VBAR, CODE + VECTORS);
}

struct vm make_guest(u64 size, u32 flags)
{
	struct vm v = make_vm(size, flags);
	add_vcpu(&v);
	return v;
}

void end(struct vm *v)
{
	close(v->vcpu);
	close(v->fd);
	munmap(v->ram, v->size);
	munmap(v->code, page_bytes);
}

static char buf[400];

/* Runs until the guest's instruction is over, and answers its MMIO. Returns what happened. */
static const char *go(struct vm *v, u64 *x0)
{
	char *o = buf;
	int i;
	*o = 0;
	for (i = 0; i < 4; i++) {
		long r = io(v->vcpu, KVM_RUN, 0);
		if (r < 0) {
			sprintf(o, "ret:%ld", r);
			return buf;
		}
		switch (v->run->exit_reason) {
		case KVM_EXIT_MMIO:
			if (v->run->mmio.phys_addr == DONE) {
				if (x0)
					*x0 = get_reg(v->vcpu, CORE(regs.regs[0]));
				sprintf(o, "ok");
				return buf;
			}
			if (v->run->mmio.phys_addr == EXC) {
				u64 esr = get_reg(v->vcpu, ESR);
				sprintf(o, "exc:ec=%llx,fsc=%llx,far=%llx", (unsigned long long)(esr >> 26 & 63),
					(unsigned long long)(esr & 63), (unsigned long long)get_reg(v->vcpu, FAR));
				return buf;
			}
			o += sprintf(o, "mmio:%llx,%d,%d", (unsigned long long)v->run->mmio.phys_addr,
				     v->run->mmio.len, v->run->mmio.is_write);
			if (v->run->mmio.is_write) {
				o += sprintf(o, ",");
				for (u32 k = 0; k < v->run->mmio.len; k++)
					o += sprintf(o, "%02x", v->run->mmio.data[k]);
			} else {
				memcpy(v->run->mmio.data, "\x81\x92\xa3\xb4\xc5\xd6\xe7\xf8", 8);
			}
			o += sprintf(o, ";");
			break;
		case KVM_EXIT_ARM_NISV:
			sprintf(o, "nisv:isv=%d,ipa=%llx", (int)(v->run->arm_nisv.esr_iss >> 24 & 1),
				(unsigned long long)v->run->arm_nisv.fault_ipa);
			return buf;
		case KVM_EXIT_SYSTEM_EVENT:
			sprintf(o, "event:%d", v->run->system_event.type);
			return buf;
		default:
			sprintf(o, "exit:%d", v->run->exit_reason);
			return buf;
		}
	}
	sprintf(o, "...");
	return buf;
}

/* An MMIO that is still to be completed would move PC. */
static void setup(struct vm *v, u32 insn, u64 x0, u64 x1)
{
	v->run->immediate_exit = 1;
	io(v->vcpu, KVM_RUN, 0);
	v->run->immediate_exit = 0;
	v->code[0] = insn;
	v->code[1] = STORE_DONE;
	v->code[(VECTORS + 0x200) / 4] = STORE_EXC;
	v->code[(VECTORS + 0x400) / 4] = STORE_EXC;
	__builtin___clear_cache((char *)v->code, (char *)v->code + page_bytes);
	set_reg(v->vcpu, CORE(regs.regs[0]), x0);
	set_reg(v->vcpu, CORE(regs.regs[1]), x1);
	set_reg(v->vcpu, CORE(regs.regs[10]), DONE);
	set_reg(v->vcpu, CORE(regs.regs[11]), EXC);
	set_reg(v->vcpu, CORE(regs.pc), CODE);
	set_reg(v->vcpu, CORE(regs.pstate), 0x3c5);
}

/* LDR and STR of X0 and [X1], of 1, 2, 4 and 8 bytes. */
static const u32 ld[] = { 0x39400020, 0x79400020, 0xb9400020, 0xf9400020 };
static const u32 st[] = { 0x39000020, 0x79000020, 0xb9000020, 0xf9000020 };

static int lg(int n)
{
	return __builtin_ctz(n);
}

void peek(const char *name, struct vm *v, u64 addr, int n)
{
	u64 x0 = 0;
	const char *s;
	setup(v, ld[lg(n)], 0, addr);
	s = go(v, &x0);
	if (strstr(s, "ok"))
		answer(name, "%s:%llx", s, (unsigned long long)x0);
	else
		answer(name, "%s", s);
}

void insn(const char *name, struct vm *v, u32 text, u64 x0, u64 x1)
{
	u64 r = 0;
	setup(v, text, x0, x1);
	const char *s = go(v, &r);
	if (strstr(s, "ok"))
		answer(name, "%s:%llx", s, (unsigned long long)r);
	else
		answer(name, "%s", s);
}

void poke(struct vm *v, u64 addr, int n, u64 value)
{
	setup(v, st[lg(n)], value, addr);
	go(v, NULL);
}

void write_to(const char *name, struct vm *v, u64 addr, int n, u64 value)
{
	setup(v, st[lg(n)], value, addr);
	answer(name, "%s", go(v, NULL));
}

/* As the first process of a machine it mounts what it needs, and turns the machine off at the end. */
static void begin(void)
{
	int console;

	mkdir("/dev", 0755);
	mount("d", "/dev", "devtmpfs", 0, 0);
	console = open("/dev/console", O_RDWR);
	dup2(console, 0);
	dup2(console, 1);
	dup2(console, 2);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (getpid() == 1)
		begin();
	page_bytes = getpagesize();
	kvm = open("/dev/kvm", O_RDWR);
	answer("page", "%ld", (long)page_bytes);
	if (kvm < 0) {
		number("nokvm", errno);
	} else {
		probe_interface();
		probe_memory();
	}
	answer("end", "1");
	if (getpid() == 1)
		reboot(RB_POWER_OFF);
	return 0;
}
