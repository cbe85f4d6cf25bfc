-- SPDX-License-Identifier: GPL-2.0-only
-- kvm_vm_ioctl_create_vcpu() (virt/kvm/kvm_main.c): a vCPU is in kvm->vcpu_array and has a file before it counts in
-- kvm->online_vcpus, from where on all loops over vCPUs see it. A creation that fails on the way leaves nothing.

local everywhere = { covers = "KVM_CREATE_VCPU" }
local rings = { arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "shadow", "vhe" }, covers = "KVM_CREATE_VCPU" }
local RING <const> = 4096	-- entries

-- Opens files until the process has no number left. Returns all that it has opened.
local function fill(vmm, files)
	files = files or {}
	repeat
		local file = vmm:eventfd()
		files[#files + 1] = file
	until type(file) == "number"
	expect(files[#files]):eq(-EMFILE)
	files[#files] = nil
	return files
end

-- arm64 has the other capability alone.
local function enable_ring(sim, vm)
	return vm:enable_cap{ args = { RING * 16 },
		cap = sim.arch == "arm64" and KVM_CAP_DIRTY_LOG_RING_ACQ_REL or KVM_CAP_DIRTY_LOG_RING }
end

-- In 6.1 slot 0 would meet a defect of resets (docs/findings.md), which a sanitizer reports.
local function machine(sim, ring)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "2M" }
	local vm = vmm:open_kvm():create_vm()
	if ring then
		expect(enable_ring(sim, vm)):eq(0)
	end
	expect(vm:set_user_memory_region{ slot = 1, guest_phys_addr = 0, memory_size = "2M", userspace_addr = ram,
		flags = ring and KVM_MEM_LOG_DIRTY_PAGES or 0 }):eq(0)
	return vm, ram, vmm
end

-- create_vcpu_fd() is the last step that can fail.
scenario("vCPU creation: without a number for its file it is undone", everywhere, function(sim)
	local vm, ram, vmm = machine(sim)
	local files = fill(vmm)
	for _ = 1, 3 do
		expect(vm:create_vcpu(0)):eq(-EMFILE)
	end
	for _ = 1, 4 do
		expect(table.remove(files):close()):eq(0)
	end
	-- The id is free, and so is the first place.
	local vcpu = vm:create_vcpu(0)
	expect(vcpu:write(0x1000, "data")):is_true()
	expect(vm:create_vcpu(0)):eq(-EEXIST)
	-- So for the second one.
	fill(vmm, files)
	expect(vm:create_vcpu(1)):eq(-EMFILE)
	for _ = 1, 4 do
		expect(table.remove(files):close()):eq(0)
	end
	expect(vm:create_vcpu(1):read(0x1000, 4)):eq("data")
	-- Requests go to both.
	expect(ram:madvise(0, "2M", MADV_DONTNEED)):eq(0)
	expect(vcpu:read(0x1000, 4)):eq("\0\0\0\0")
end)

-- kvm->created_vcpus counts from the begin of a creation: what only a VM without vCPUs may do.
scenario("vCPU creation: one that was undone does not count", rings, function(sim)
	local vm, _, vmm = machine(sim)
	local files = fill(vmm)
	expect(vm:create_vcpu()):eq(-EMFILE)
	if sim.arch == "x86_64" then
		expect(vm:create_irqchip()):eq(0)
	end
	expect(enable_ring(sim, vm)):eq(0)
	for _ = 1, 4 do
		expect(table.remove(files):close()):eq(0)
	end
	expect(vm:create_vcpu():write(0x1000, "data")):is_true()
	expect(enable_ring(sim, vm)):eq(-EINVAL)
end)

scenario("vCPU creation: its dirty ring goes with it", rings, function(sim)
	local vm, ram, vmm = machine(sim, true)
	local files = fill(vmm)
	expect(vm:create_vcpu()):eq(-EMFILE)
	expect(vm:reset_dirty_rings()):eq(0)
	for _ = 1, 4 do
		expect(table.remove(files):close()):eq(0)
	end
	local vcpu = vm:create_vcpu()
	local ring = vcpu:dirty_ring(RING)
	expect(vcpu:write(0x1000, "data")):is_true()
	expect(#ring:collect()):eq(1)
	expect(vm:reset_dirty_rings()):eq(1)
	expect(ram:read(0x1000, 4)):eq("data")
end)

-- A VMM that guesses the number of the next file calls the vCPU before KVM_CREATE_VCPU has returned. Since 6.14 the
-- ioctl waits until the vCPU is online (kvm_wait_for_vcpu_online()); KVM warns if it is not then. Only a few
-- instructions lie between the file and the count, and nothing holds the creating thread there.
scenario("vCPU creation: an ioctl comes as soon as the file is there", {
	arch = "x86_64", mmu = { "ept", "npt", "shadow" }, check = "end", timeout = 60, kernel = "6.14",
	covers = "KVM_CREATE_VCPU",
}, function(sim)
	local vm = machine(sim)
	local guess, calls, created = vm:create_vcpu{ cpuid = false }, 0, 0
	expect(guess:close()):eq(0)
	sim:thread("creates", function()
		while not sim:stopping() and created < 500 do
			local vcpu = vm:create_vcpu{ cpuid = false }
			created = created + 1
			expect(vcpu:write(0x1000, "data")):is_true()
			expect(vcpu:close()):eq(0)
		end
	end)
	sim:thread("guesses", function()
		while not sim:stopping() do
			local rc = guess:ioctl(KVM_GET_REGS, 0)
			if rc ~= -EBADF then
				expect(rc):eq(-EFAULT)	-- it has found the vCPU, and cannot write to address 0
				calls = calls + 1
			end
		end
	end)
	sim:join{ seconds = 1, at_least = function() return created >= 20 and calls > 0 or created == 500 end }
end)
