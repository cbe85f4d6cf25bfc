-- SPDX-License-Identifier: GPL-2.0-only
-- Memory that the VMM used before it had a VM, on kernels where a VM has page tables of its own (arch/s390/kvm/gmap):
-- processes' page tables have no PGSTEs, so it does not matter how the program was started and when memory was mapped.
-- The other kernels are in late-mmap*.lua.

local options = { arch = "s390x", needs = "KVM_S390_KEYOP", covers = "docs/rules.md L5" }
local MiB <const> = 1 << 20
local programs = { { "with PT_S390_PGSTE", true }, { "without PT_S390_PGSTE", false } }

-- A process whose memory has all kinds of pages, then a VM over it.
local function guest(sim, pgste, slot)
	local vmm = sim:process{ pgste = pgste }
	local ram = vmm:mmap{ length = "2M", huge = false }
	ram:write(0x5000, "early")
	ram:write(0x6000, "swapped")
	expect(ram:swap_out(0x6000, "4K")):eq(0)
	expect(ram:read(MiB, 1)):eq("\0")
	local vm = vmm:open_kvm():create_vm()
	slot = slot or {}
	slot.slot, slot.memory_size, slot.userspace_addr = 0, "2M", ram
	expect(vm:set_user_memory_region(slot)):eq(0)
	return vm:create_vcpu(), ram, vm, vmm
end

cases("early memory: the guest can use it", options, programs, function(sim, case)
	local vcpu, ram, vm = guest(sim, case[2])
	expect(vcpu:read(0x5000, 5)):eq("early")
	expect(vcpu:read(0x6000, 7)):eq("swapped")
	expect(vcpu:write(MiB, "guest")):is_true()
	expect(ram:read(MiB, 5)):eq("guest")
	expect(sim.inspect:mapping(vm, 0x5000)):fields{ present = true, page = ram:page(5) }
	expect(vcpu:s390_vcpu_fault(0x7000)):eq(0)
	expect(vcpu:mvpg(0x8000, 0x5000)):is_true()
	expect(ram:read(0x8000, 5)):eq("early")
end)

cases("early memory: storage keys", options, programs, function(sim, case)
	local vcpu, ram, vm = guest(sim, case[2])
	expect(vcpu:sske(0x5000, 0x38)):is_true()
	expect(vcpu:iske(0x5000) & 0xf8):eq(0x38)
	expect(ram:swap_out(0x5000, "4K")):eq(0)
	expect(vm:s390_get_skeys{ start_gfn = 5, count = 1 }:byte() & 0xf8):eq(0x38)
	expect(vcpu:read(0x5000, 5)):eq("early")
	expect(vcpu:iske(0x5000) & 0xf8):eq(0x38)
end)

-- The log of earlier kernels missed pages that were written before the first VM.
cases("early memory: the dirty log has what the guest writes, and only that", options, programs, function(sim, case)
	local vcpu, ram, vm = guest(sim, case[2], { flags = KVM_MEM_LOG_DIRTY_PAGES })
	expect(vcpu:read(0x5000, 5)):eq("early")
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{}
	expect(vcpu:write(0x5000, "x")):is_true()
	expect(vcpu:write(0x6000, "x")):is_true()
	ram:write(0x7000, "VMM")
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 5, 6 }
	expect(vcpu:write(0x5000, "y")):is_true()
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 5 }
end)

scenario("early memory: a huge page stays one when a VM is created, and while the guest uses it", options, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "4M", huge = true }
	ram:write(0x5000, "huge")
	expect(ram:page(5)):fields{ huge = true }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:set_user_memory_region{ slot = 0, memory_size = "4M", userspace_addr = ram }):eq(0)
	local vcpu = vm:create_vcpu()
	expect(vcpu:read(0x5000, 4)):eq("huge")
	expect(ram:page(5)):fields{ huge = true }
	-- Without KVM_CAP_S390_HPAGE_1M the guest has it in small pages.
	expect(sim.inspect:mapping(vm, 0x5000)):fields{ present = true, level = 1, page = ram:page(5) }
end)

scenario("early memory: guests of a child, of an executed program and of a second VM", options, function(sim)
	local vmm = sim:process{ pgste = false }
	local ram = vmm:mmap{ length = "2M", huge = false }
	ram:write(0x5000, "early")
	local function runs_guest(process, mapping)
		local vm = process:open_kvm():create_vm()
		expect(vm:set_user_memory_region{ slot = 0, memory_size = "2M", userspace_addr = mapping }):eq(0)
		expect(vm:create_vcpu():read(0x5000, 5)):eq("early")
	end
	runs_guest(vmm, ram)
	runs_guest(vmm, ram)
	local child = vmm:fork()
	runs_guest(child, child:view(ram))
	expect(vmm:exec{ pgste = false }):eq(0)
	ram = vmm:mmap{ length = "2M", huge = false }
	ram:write(0x5000, "early")
	runs_guest(vmm, ram)
end)

-- A VMM asks for the capability first, as for any VM type.
scenario("early memory: the VM type that other kernels need is not known", options, function(sim)
	local LATE_MMAP <const>, CAPABILITY <const> = 1 << 2, 0x1000
	local kvm = sim:process():open_kvm()
	expect(kvm:check_extension(CAPABILITY)):eq(0)
	expect(kvm:create_vm{ type = LATE_MMAP }):eq(-EINVAL)
end)
