-- SPDX-License-Identifier: GPL-2.0-only
-- KVM's ioctls with an address where nothing is, where only reading is allowed, or beyond user space: -EFAULT, and what
-- the ioctl would have done is not done (virt/kvm/kvm_main.c).

any_page_size()
local options <const> = { mmu = { "ept", "sie", "vhe" } }
local x86 <const> = { mmu = "ept" }
local PAGE <const> = PAGE_SIZE

-- A VM with a vCPU, and three addresses that KVM cannot read: low, between mappings, of the kernel. Then memory whose
-- first page it can read and not write.
local function machine(sim)
	local vmm = sim:process()
	local vm = vmm:open_kvm():create_vm()
	local vcpu = vm:create_vcpu(sim.arch == "s390x" and { lowcore = false } or nil)
	local ram = vmm:mmap{ length = 4 * PAGE }
	ram:write(0, ("\0"):rep(2 * PAGE))
	expect(ram:munmap(PAGE, PAGE)):eq(0)
	expect(ram:mprotect(0, PAGE, "r")):eq(0)
	return vm, vcpu, { 8, ram.addr + PAGE, -4096 }, ram
end

local function refuses(object, cmd, addresses)
	for _, address in ipairs(addresses) do
		expect(object:ioctl(cmd, address)):eq(-EFAULT)
	end
end

local everywhere <const> = { x86_64 = true, s390x = true, arm64 = true }
local x86_arm <const> = { x86_64 = true, arm64 = true }

-- The name, the ioctl, and where it is KVM's: elsewhere it is one that there is not.
cases("a VM's ioctl that reads where nothing is", options, {
	{ "KVM_SET_USER_MEMORY_REGION",   KVM_SET_USER_MEMORY_REGION,   everywhere },
	{ "KVM_GET_DIRTY_LOG",            KVM_GET_DIRTY_LOG,            everywhere },
	{ "KVM_CLEAR_DIRTY_LOG",          KVM_CLEAR_DIRTY_LOG,          x86_arm },
	{ "KVM_REGISTER_COALESCED_MMIO",  KVM_REGISTER_COALESCED_MMIO,  x86_arm },
	{ "KVM_UNREGISTER_COALESCED_MMIO", KVM_UNREGISTER_COALESCED_MMIO, x86_arm },
	{ "KVM_IRQFD",                    KVM_IRQFD,                    everywhere },
	{ "KVM_IOEVENTFD",                KVM_IOEVENTFD,                everywhere },
	{ "KVM_SIGNAL_MSI",               KVM_SIGNAL_MSI,               x86_arm },
	{ "KVM_IRQ_LINE",                 KVM_IRQ_LINE,                 x86_arm },
	{ "KVM_IRQ_LINE_STATUS",          KVM_IRQ_LINE_STATUS,          x86_arm },
	{ "KVM_SET_GSI_ROUTING",          KVM_SET_GSI_ROUTING,          everywhere },
	{ "KVM_CREATE_DEVICE",            KVM_CREATE_DEVICE,            everywhere },
	{ "KVM_ENABLE_CAP",               KVM_ENABLE_CAP,               everywhere },
}, function(sim, row)
	local vm, _, addresses = machine(sim)
	for _, address in ipairs(addresses) do
		expect(vm:ioctl(row[2], address)):eq(row[3][sim.arch] and -EFAULT or -ENOTTY)
	end
end)

scenario("KVM_SET_MEMORY_ATTRIBUTES where nothing is", { mmu = "ept", needs = "KVM_CAP_MEMORY_ATTRIBUTES" },
function(sim)
	local vm, _, addresses = machine(sim)
	refuses(vm, KVM_SET_MEMORY_ATTRIBUTES, addresses)
end)

scenario("KVM_CREATE_GUEST_MEMFD where nothing is", { mmu = { "ept", "vhe" }, needs = "KVM_CAP_GUEST_MEMFD" },
function(sim)
	local vm, _, addresses = machine(sim)
	refuses(vm, KVM_CREATE_GUEST_MEMFD, addresses)
end)

-- arm64 has other ioctls for registers: two of these structures are empty there, so that there is nothing to read.
cases("a vCPU's ioctl that reads where nothing is", options, {
	{ "KVM_SET_REGS",        KVM_SET_REGS },
	{ "KVM_SET_SREGS",       KVM_SET_SREGS, arm64 = -EINVAL },
	{ "KVM_SET_FPU",         KVM_SET_FPU,   arm64 = -EINVAL },
	{ "KVM_SET_MP_STATE",    KVM_SET_MP_STATE },
	{ "KVM_TRANSLATE",       KVM_TRANSLATE },
	{ "KVM_SET_GUEST_DEBUG", KVM_SET_GUEST_DEBUG },
	{ "KVM_SET_SIGNAL_MASK", KVM_SET_SIGNAL_MASK },
}, function(sim, row)
	local _, vcpu, addresses = machine(sim)
	for _, address in ipairs(addresses) do
		expect(vcpu:ioctl(row[2], address)):eq(row[sim.arch] or -EFAULT)
	end
end)

-- On s390x KVM_GET_MP_STATE returns the state, here KVM_MP_STATE_STOPPED, and writes nothing.
cases("a vCPU's ioctl that writes where it must not", options, {
	{ "KVM_GET_REGS",     KVM_GET_REGS,     arm64 = -EINVAL },
	{ "KVM_GET_SREGS",    KVM_GET_SREGS,    arm64 = -EINVAL },
	{ "KVM_GET_FPU",      KVM_GET_FPU,      arm64 = -EINVAL },
	{ "KVM_GET_MP_STATE", KVM_GET_MP_STATE, s390x = 5 },
}, function(sim, row)
	local _, vcpu, addresses, ram = machine(sim)
	addresses[#addresses + 1] = ram.addr
	for _, address in ipairs(addresses) do
		expect(vcpu:ioctl(row[2], address)):eq(row[sim.arch] or -EFAULT)
	end
	expect(ram:read(0, 64)):eq(("\0"):rep(64))
end)

cases("registers that arm64 has elsewhere", { mmu = "vhe" }, {
	{ "KVM_SET_REGS", KVM_SET_REGS }, { "KVM_SET_SREGS", KVM_SET_SREGS }, { "KVM_SET_FPU", KVM_SET_FPU },
	{ "KVM_TRANSLATE", KVM_TRANSLATE },
}, function(sim, row)
	local _, vcpu, _, ram = machine(sim)
	expect(vcpu:ioctl(row[2], ram.addr)):eq(-EINVAL)
end)

-- These read first, and then write what they have found out.
scenario("an answer that cannot be written", x86, function(sim)
	local vm, vcpu, _, ram = machine(sim)
	expect(vcpu:ioctl(KVM_TRANSLATE, ram.addr)):eq(-EFAULT)
	expect(vm:ioctl(KVM_CREATE_DEVICE, ram.addr)):eq(-ENODEV)		-- there is no device of type 0
	local vmm = sim:process()
	local other, page = vmm:open_kvm():create_vm(), vmm:mmap{ length = PAGE }
	expect(other:create_irqchip()):eq(0)
	page:write(0, string.pack("<I4I4", 5, 1))
	expect(page:mprotect(0, PAGE, "r")):eq(0)
	expect(other:ioctl(KVM_IRQ_LINE_STATUS, page.addr)):eq(-EFAULT)
	expect(other:ioctl(KVM_IRQ_LINE, page.addr)):eq(0)
	-- The device is there, and so is its file, whose number nobody knows.
	expect(page:mprotect(0, PAGE, "rw")):eq(0)
	page:write(0, string.pack("<I4I4I4", 4, 0, 0))			-- KVM_DEV_TYPE_VFIO
	expect(page:mprotect(0, PAGE, "r")):eq(0)
	expect(other:ioctl(KVM_CREATE_DEVICE, page.addr)):eq(-EFAULT)
end)

scenario("KVM_PRE_FAULT_MEMORY: addresses", { mmu = "ept", needs = "KVM_CAP_PRE_FAULT_MEMORY" }, function(sim)
	local vm, vcpu, addresses, ram = machine(sim)
	refuses(vcpu, KVM_PRE_FAULT_MEMORY, addresses)
	expect(vm:set_user_memory_region{ slot = 0, memory_size = PAGE, userspace_addr = ram.addr + 2 * PAGE }):eq(0)
	expect(ram:mprotect(0, PAGE, "rw")):eq(0)
	expect(ram:write(0, string.pack("<I8I8", 0, PAGE))):eq(0)
	expect(ram:mprotect(0, PAGE, "r")):eq(0)
	expect(vcpu:ioctl(KVM_PRE_FAULT_MEMORY, ram.addr)):eq(-EFAULT)
	expect(vm:stats().pages_4k):eq(1)				-- it is done nevertheless
end)

scenario("KVM_SET_SIGNAL_MASK: its length and its end", options, function(sim)
	local _, vcpu, _, ram = machine(sim)
	local function mask(length, bytes)
		return vcpu:ioctl(KVM_SET_SIGNAL_MASK, string.pack("=I4", length) .. ("\0"):rep(bytes))
	end
	expect(mask(8, 8)):eq(0)
	expect(mask(4, 8)):eq(-EINVAL)
	expect(mask(0, 8)):eq(-EINVAL)
	expect(mask(128, 128)):eq(-EINVAL)
	expect(vcpu:ioctl(KVM_SET_SIGNAL_MASK, 0)):eq(0)		-- none from now on
	-- The mask is behind its length, and here behind the end of the mapping.
	expect(ram:write(3 * PAGE - 4, string.pack("=I4", 8))):eq(0)
	expect(ram:munmap(3 * PAGE, PAGE)):eq(0)
	expect(vcpu:ioctl(KVM_SET_SIGNAL_MASK, ram.addr + 3 * PAGE - 4)):eq(-EFAULT)
end)

scenario("ioctls that take no argument", options, function(sim)
	local kvm = sim:process():open_kvm()
	local vcpu = kvm:create_vm():create_vcpu(sim.arch == "s390x" and { lowcore = false } or nil)
	for _, argument in ipairs{ 1, 8, -1 } do
		expect(kvm:ioctl(KVM_GET_API_VERSION, argument)):eq(-EINVAL)
		expect(kvm:ioctl(KVM_GET_VCPU_MMAP_SIZE, argument)):eq(-EINVAL)
		expect(vcpu:ioctl(KVM_RUN, argument)):eq(-EINVAL)
	end
	expect(kvm:ioctl(KVM_GET_API_VERSION, 0)):eq(12)
	-- Other subsystems' ioctls: a vCPU looks at the type.
	expect(vcpu:ioctl(KVM_RUN ~ 0x100, 0)):eq(-EINVAL)
end)

-- The first allocation of the call fails.
cases("a vCPU's registers without memory", { mmu = { "ept", "sie" } }, {
	{ "KVM_GET_REGS", KVM_GET_REGS }, { "KVM_GET_SREGS", KVM_GET_SREGS }, { "KVM_GET_FPU", KVM_GET_FPU },
	{ "KVM_SET_REGS", KVM_SET_REGS }, { "KVM_SET_SREGS", KVM_SET_SREGS }, { "KVM_SET_FPU", KVM_SET_FPU },
}, function(sim, row)
	local _, vcpu, _, ram = machine(sim)
	local bytes = ram.addr + 2 * PAGE
	expect(ram:write(2 * PAGE, ("\0"):rep(PAGE))):eq(0)
	local function get(cmd)
		expect(vcpu:ioctl(cmd, bytes)):eq(0)
		return ram:read(2 * PAGE, PAGE)
	end
	local reading = { [KVM_SET_REGS] = KVM_GET_REGS, [KVM_SET_SREGS] = KVM_GET_SREGS, [KVM_SET_FPU] = KVM_GET_FPU }
	local cmd = reading[row[2]] or row[2]
	local before = get(cmd)
	expect(sim:set_module_param("machine.fail_allocation", 1)):eq(0)
	expect(vcpu:ioctl(row[2], bytes)):eq(-ENOMEM)
	expect(sim:set_module_param("machine.fail_allocation", 0)):eq(-ENOENT)
	expect(get(cmd)):eq(before)
	expect(vcpu:ioctl(row[2], bytes)):eq(0)
end)
