-- SPDX-License-Identifier: GPL-2.0-only
-- Memory of a driver, as GPUs and VFIO give it: entries come when they are asked for (vm_ops->fault), the driver hears
-- of the first write (pfn_mkwrite), and the frames have a struct page or none, with a reference or without. The areas
-- are VM_PFNMAP, so KVM comes to hva_to_pfn_remapped(), virt/kvm/kvm_main.c.

local all = { mmu = { "ept", "npt", "shadow", "ept_rmap", "vhe" } }
local most = { mmu = { "ept", "npt", "shadow", "vhe" } }
local x86 = { arch = "x86_64", mmu = { "ept", "npt", "shadow" } }
local SIZE <const> = 1 << 16

local kinds = {
	{ "frames of a device", { memory = "device" } },
	{ "pages with a reference", { memory = "pages" } },
	{ "pages without a reference", { memory = "frozen" } },
	{ "tails of an allocation that is not compound", { memory = "tails" } },
}

-- Until 6.12 KVM took a reference of whatever has a struct page, and refused a page that has none to give:
-- CVE-2021-22543.
local function maps(sim, kind, page)
	return sim:kernel_since("6.13") or kind == "device" or kind == "pages" or kind == "tails" and page == 0
end

local function guest(sim, options, flags)
	local vmm = sim:process()
	options.length = SIZE
	local driver = vmm:driver(options)
	local ram = vmm:mmap{ length = SIZE, file = driver, flags = flags }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:set_user_memory_region{ slot = 0, memory_size = SIZE, userspace_addr = ram.addr }):eq(0)
	return vm:create_vcpu(), ram, vm, driver
end

cases("driver memory: the guest's access asks the driver", all, kinds, function(sim, row)
	local vcpu, ram, vm, driver = guest(sim, row[2])
	for page = 0, 1 do
		local at = page << 12
		if maps(sim, row[2].memory, page) then
			expect(vcpu:read(at, 4)):eq("\0\0\0\0")
			expect(vcpu:write(at, "data")):is_true()
			expect(ram:read(at, 4)):eq("data")
			expect(sim.inspect:mapping(vm, at).pfn):eq(ram:page(page).pfn)
		else
			expect(vcpu:read(at, 4)):fields{ ret = -EFAULT }
		end
		expect(driver:asked().fault):eq(page + 1)
	end
end)

cases("driver memory: the process was there first", all, kinds, function(sim, row)
	local vcpu, ram, _, driver = guest(sim, row[2])
	expect(ram:write(0, "data")):eq(0)
	expect(driver:asked().fault):eq(1)
	if maps(sim, row[2].memory, 0) then
		expect(vcpu:read(0, 4)):eq("data")
	else
		expect(vcpu:read(0, 4)):fields{ ret = -EFAULT }
	end
	expect(driver:asked().fault):eq(1)
end)

-- unmap_mapping_range(), as a driver does when its memory moves: the guest asks again.
cases("driver memory: the driver takes it away", all, { kinds[1], kinds[2], kinds[4] }, function(sim, row)
	local vcpu, ram, vm, driver = guest(sim, row[2])
	expect(vcpu:write(0, "data")):is_true()
	expect(driver:revoke(0, "4K")):eq(0)
	expect(sim.inspect:mapping(vm, 0).present):is_false()
	expect(ram:page(0).mapped):is_false()
	expect(vcpu:read(0, 4)):eq("data")
	expect(driver:asked().fault):eq(2)
	expect(driver:revoke()):eq(0)
	expect(vcpu:write(0, "more")):is_true()
	expect(driver:asked().fault):eq(3)
end)

-- A page beyond the driver's memory: SIGBUS for the process, -EFAULT for KVM_RUN.
scenario("driver memory: the driver has nothing there", all, function(sim)
	local vmm = sim:process()
	local driver = vmm:driver{ length = SIZE }
	expect(vmm:mmap{ length = 2 * SIZE, file = driver }):eq(-ENXIO)
	expect(vmm:mmap{ length = SIZE, file = driver, flags = MAP_PRIVATE }):eq(-EINVAL)
	expect(vmm:driver{ memory = "pages", length = "1G" }):eq(-EINVAL)
	expect(vmm:driver{ length = "1G" }):eq(-ENOSPC)
end)

-- The driver wants to hear of the first write, so its entries cannot be written to before. hva_to_pfn_remapped() takes
-- the entry for all that there can be, and does not ask: KVM_PFN_ERR_RO_FAULT. x86_64 emulates the write then, with the
-- VMM's address, and that asks. arm64 gives up, until the process has written.
local function mkwrite_guest(sim, row)
	row[2].mkwrite = true
	local vcpu, ram, vm, driver = guest(sim, row[2])
	if not maps(sim, row[2].memory, 1) then
		expect(vcpu:read(0x1000, 4)):fields{ ret = -EFAULT }
		return
	end
	expect(vcpu:read(0x1000, 4)):eq("\0\0\0\0")
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ present = true, writable = false }
	expect(driver:asked().mkwrite):eq(0)
	return vcpu, ram, vm, driver
end

cases("driver memory: the first write is emulated, and asks for the right", most, kinds, function(sim, row)
	local vcpu, ram, vm, driver = mkwrite_guest(sim, row)
	if vcpu then
		if sim.arch == "arm64" then
			expect(vcpu:write(0x1000, "data")):fields{ ret = -EFAULT }
			expect(driver:asked().mkwrite):eq(0)
			expect(ram:write(0x1000, "data")):eq(0)
		else
			expect(vcpu:write(0x1000, "data")):is_true()
		end
		expect(driver:asked().mkwrite):eq(1)
		expect(ram:read(0x1000, 4)):eq("data")
		expect(vcpu:write(0x1000, "more")):is_true()
		expect(sim.inspect:mapping(vm, 0x1000).writable):is_true()
		expect(driver:asked().mkwrite):eq(1)
		expect(vcpu:read(0x1000, 4)):eq("more")
	end
end)

-- A private area: a write gives the process a page of its own, which KVM maps as any other. The guest's first write is
-- emulated, because GUP refuses the area and the entry cannot be written to. On arm64 only the VMM's write does it.
cases("driver memory: private", most, { kinds[1], kinds[4] }, function(sim, row)
	row[2].at_once = true
	local vcpu, ram, vm, driver = guest(sim, row[2], MAP_PRIVATE)
	local function by_guest() return vcpu:write(0, "own") end
	local function by_vmm() return ram:write(0x1000, "own") == 0 end
	for i, write in ipairs{ by_guest, by_vmm } do
		local at = (i - 1) << 12
		local before = ram:page(i - 1).pfn
		if maps(sim, row[2].memory, i - 1) then
			expect(vcpu:read(at, 4)):eq("\0\0\0\0")
			expect(sim.inspect:mapping(vm, at)):fields{ present = true, writable = false }
		end
		if sim.arch == "arm64" and i == 1 then
			expect(vcpu:write(0, "own")):fields{ ret = -EFAULT }
			write = function() return ram:write(0, "own") == 0 end
		end
		expect(write()):is_true()
		expect(vcpu:read(at, 3)):eq("own")
		expect(ram:page(i - 1).pfn):ne(before)
		expect(sim.inspect:mapping(vm, at).pfn):eq(ram:page(i - 1).pfn)
		expect(vcpu:write(at, "guest")):is_true()
		expect(ram:read(at, 5)):eq("guest")
	end
	expect(driver:asked().fault):eq(0)
end)

-- KVM's own accesses, by the VMM's address and by gfn_to_pfn caches: gpc_map() of a frame without a struct page is
-- memremap(), virt/kvm/pfncache.c.
cases("driver memory: kvmclock's page", x86, { kinds[1], kinds[2] }, function(sim, row)
	local CLOCK <const>, GPA <const> = 0x4b564d01, 16 << 20
	local vcpu, _, vm, vmm = sim:guest()
	row[2].length = SIZE
	local driver = vmm:driver(row[2])
	local ram = vmm:mmap{ length = SIZE, file = driver }
	expect(vm:set_user_memory_region{ slot = 1, guest_phys_addr = GPA, memory_size = SIZE,
		userspace_addr = ram.addr }):eq(0)
	local function version()
		local v = string.unpack("<I4", ram:read(0, 4))
		expect(v & 1):eq(0)
		return v
	end
	expect(vcpu:set_msr(CLOCK, GPA | 1)):eq(1)
	expect(vcpu:read(0, 1)):eq("\0")
	local first = version()
	expect(first):gt(0)
	expect(driver:revoke()):eq(0)
	expect(vcpu:ioctl(KVM_KVMCLOCK_CTRL, 0)):eq(0)
	expect(vcpu:read(0, 1)):eq("\0")
	expect(version()):gt(first)
	expect(vcpu:read(GPA, 4)):eq(ram:read(0, 4))
end)
