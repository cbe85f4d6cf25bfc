-- SPDX-License-Identifier: GPL-2.0-only
-- VMIDs: each VM that runs has one of its own, and more VMs than VMIDs begin a new generation.

any_page_size()
local PAGE <const> = PAGE_SIZE

local function small_vm(vmm, ram, n)
	local vm = vmm:open_kvm():create_vm()
	expect(vm:set_user_memory_region{ slot = 0, guest_phys_addr = 0, memory_size = PAGE,
		userspace_addr = ram.addr + PAGE * n }):eq(0)
	return { vm = vm, vcpu = vm:create_vcpu(), n = n }
end

scenario("arm64: VMs with one guest-physical address keep apart", { arch = "arm64" }, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = 16 * PAGE, huge = false }
	local a, b = small_vm(vmm, ram, 0), small_vm(vmm, ram, 1)

	expect(a.vcpu:write(0, "of VM a.")):is_true()
	expect(b.vcpu:write(0, "of VM b.")):is_true()
	expect(a.vcpu:read(0, 8)):eq("of VM a.")
	expect(b.vcpu:read(0, 8)):eq("of VM b.")
end)

-- A vCPU's fault replaces the process's page while another VM has the old one: TLBs are emptied for a VMID that is not
-- the CPU's present one (enter_vmid_context(), arch/arm64/kvm/hyp/vhe/tlb.c).
scenario("arm64: a write of one VM takes the page of another", { arch = "arm64" }, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = 16 * PAGE, huge = false }
	local a, b = small_vm(vmm, ram, 0), small_vm(vmm, ram, 0)

	expect(b.vcpu:read(0, 8)):eq(("\0"):rep(8))
	expect(ram:page(0)):fields{ zero = true }
	expect(sim.inspect:tlb(b.vcpu, 0).present):is_true()
	expect(a.vcpu:write(0, "of VM a.")):is_true()
	expect(sim.inspect:mapping(b.vm, 0).present):is_false()
	expect(sim.inspect:tlb(b.vcpu, 0)):errno(ENOENT)
	expect(b.vcpu:read(0, 8)):eq("of VM a.")
end)

-- check_update_reserved_vmid(), arch/arm64/kvm/vmid.c.
scenario("arm64: a VM that runs meanwhile keeps its VMID when all are used up", { arch = "arm64",
	facilities = { vmid16 = false }, check = "end", timeout = 120 }, function(sim)
	local vcpu, ram, _, vmm = sim:guest{ ram = { length = 512 * PAGE, huge = false } }
	local done = false

	sim:thread("runs on", function()
		while not done do
			expect(vcpu:workload{ op = "write", range = { 0, 16 * PAGE }, stride = PAGE, count = 20000 }):eq(20000)
		end
	end)
	sim:thread("others", function()
		for n = 16, 16 + 270 do
			local other = small_vm(vmm, ram, n)
			expect(other.vcpu:write(0, string.pack("<i8", n))):is_true()
		end
		done = true
	end)
	sim:join()
	expect(vcpu:read(270 * PAGE, 8)):eq(string.pack("<i8", 270))
end)

-- With the checker after each step, which looks at all VMs, most of the time would be its own.
scenario("arm64: more VMs than VMIDs", { arch = "arm64", facilities = { vmid16 = false }, check = "end", timeout = 120 },
	function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = 512 * PAGE, huge = false }
	local all = {}

	-- VMID 0 is no VM's, so the 256th VM begins a new generation, which empties all TLBs.
	for n = 1, 258 do
		all[n] = small_vm(vmm, ram, n)
		expect(all[n].vcpu:write(0, string.pack("<i8", n))):is_true()
	end
	sim:check()
	for _, n in ipairs{ 258, 1, 256, 255, 2, 257 } do
		expect(all[n].vcpu:read(0, 8)):eq(string.pack("<i8", n))
		expect(ram:read(PAGE * n, 8)):eq(string.pack("<i8", n))
	end
	-- What was mapped before the roll-over is still there, without a fault.
	expect(sim.inspect:mapping(all[1].vm, 0).present):is_true()
end)
