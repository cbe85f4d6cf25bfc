-- SPDX-License-Identifier: GPL-2.0-only
-- Asynchronous page faults: a work item of KVM waits for userfaultfd, while the guest continues or is halted.

local options = { arch = "x86_64", mmu = { "ept", "npt", "shadow" } }
local ASYNC_PF_EN <const>, ASYNC_PF_INT <const> = 0x4b564d02, 0x4b564d06
local REASONS <const> = 0x8000		-- struct kvm_vcpu_pv_apf_data
local PAGE <const> = ("data"):rep(1024)

local LINEAR <const> = 0x40000000		-- of the guest's physical address 0

-- Interrupts are on, as KVM demands. The APIC is off: an interrupt says that a page is ready, and the machine has none.
local function guest(sim, paravirtual)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "2M", huge = false }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:create_irqchip()):eq(0)
	expect(vm:set_user_memory_region{ slot = 0, memory_size = "2M", userspace_addr = ram }):eq(0)
	local vcpu = vm:create_vcpu()
	vcpu:set_paging()
	for addr = 0x1000, 0x6000, 0x1000 do
		vcpu:map{ from = LINEAR + addr, to = addr }
	end
	expect(vcpu:set_regs{ rflags = 0x202 }):eq(0)
	ram:write(REASONS, ("\0"):rep(64))
	if paravirtual then
		expect(vcpu:set_msr(ASYNC_PF_INT, 0x40)):eq(1)
		expect(vcpu:set_msr(ASYNC_PF_EN, REASONS | 1 | 2 | 8)):eq(1)	-- on, also in kernel mode, by interrupt
	end
	expect(vcpu:read(LINEAR + 0x1000, 1)):eq("\0")
	local uffd = vmm:userfaultfd()
	expect(uffd:register(ram, UFFDIO_REGISTER_MODE_MISSING)):eq(0)
	return vcpu, ram, vm, uffd
end

-- Checks that the guest is told that the page is not present.
local function told(vcpu, ram, addr)
	expect(vcpu:read(LINEAR + addr, 4)):fields{ exception = { vector = 14 } }
	expect(string.unpack("<I4", ram:read(REASONS, 4))):eq(1)
	ram:write(REASONS, ("\0"):rep(4))
end

-- These have one thread, so that only the item waits.
scenario("async page fault: the guest goes on while the page is missing", options, function(sim)
	local vcpu, ram, _, uffd = guest(sim, true)
	told(vcpu, ram, 0x5000)
	expect(vcpu:read(LINEAR + 0x1000, 1)):eq("\0")
	expect(ram:page(5).mapped):is_false()
	expect(uffd:read()):fields{ event = UFFD_EVENT_PAGEFAULT, address = ram.addr + 0x5000 }
	expect(uffd:copy(ram, 0x5000, PAGE)):eq(4096)
	expect(vcpu:read(LINEAR + 0x5000, 4)):eq("data")
end)

scenario("async page fault: two pages, supplied in the other order", options, function(sim)
	local vcpu, ram, _, uffd = guest(sim, true)
	told(vcpu, ram, 0x5000)
	told(vcpu, ram, 0x6000)
	expect(uffd:read()):fields{ address = ram.addr + 0x5000 }
	expect(uffd:read()):fields{ address = ram.addr + 0x6000 }
	expect(uffd:copy(ram, 0x6000, PAGE)):eq(4096)
	expect(ram:page(5).mapped):is_false()
	expect(vcpu:read(LINEAR + 0x6000, 4)):eq("data")
	expect(uffd:copy(ram, 0x5000, PAGE)):eq(4096)
	expect(vcpu:read(LINEAR + 0x5000, 4)):eq("data")
end)

scenario("async page fault: the VM is destroyed after the page has come", options, function(sim)
	local vcpu, ram, vm, uffd = guest(sim, true)
	told(vcpu, ram, 0x5000)
	expect(uffd:read()):fields{ address = ram.addr + 0x5000 }
	expect(uffd:copy(ram, 0x5000, PAGE)):eq(4096)
	vcpu:close()
	vm:close()
	expect(ram:read(0x5000, 4096)):eq(PAGE)
end)

-- The item holds the VM until the userfaultfd is closed too, here with the process.
scenario("async page fault: the VM is destroyed while the page is missing", options, function(sim)
	local vcpu, ram, vm = guest(sim, true)
	told(vcpu, ram, 0x5000)
	expect(vcpu:close()):eq(0)
	expect(vm:close()):eq(0)
	expect(ram:page(5).mapped):is_false()
end)

-- A guest without the feature is halted: its thread sleeps, and so do the monitor's and the item.
scenario("async page fault: the guest is halted until the page comes", options, function(sim)
	local vcpu, ram, _, uffd = guest(sim)
	sim:thread("vcpu", function() expect(vcpu:read(LINEAR + 0x5000, 4)):eq("data") end)
	sim:thread("monitor", function()
		expect(uffd:read()):fields{ address = ram.addr + 0x5000 }
		expect(uffd:copy(ram, 0x5000, PAGE)):eq(4096)
	end)
	sim:join()
end)

-- The guest was told, and uses the page all the same: KVM does not tell it again, and halts it (KVM_REQ_APF_HALT). The
-- monitor gives it some time to get there.
scenario("async page fault: a second access to the missing page halts the guest", options, function(sim)
	local vcpu, ram, _, uffd = guest(sim, true)
	told(vcpu, ram, 0x5000)
	local begun = false
	sim:thread("vcpu", function()
		begun = true
		expect(vcpu:read(LINEAR + 0x5000, 4)):eq("data")
		expect(ram:read(REASONS, 4)):eq("\0\0\0\0")
	end)
	sim:thread("monitor", function()
		expect(uffd:read()):fields{ address = ram.addr + 0x5000 }
		while not begun and not sim:stopping() do
		end
		for _ = 1, 100 do
			expect(ram:page(5).mapped):is_false()
		end
		expect(uffd:copy(ram, 0x5000, PAGE)):eq(4096)
	end)
	sim:join()
end)
