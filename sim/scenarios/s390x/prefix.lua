-- SPDX-License-Identifier: GPL-2.0-only
-- The two pages at a vCPU's prefix. KVM keeps them mapped writable while the guest runs; the page-table code notifies
-- it when they are removed (gmap_mprotect_notify(), kvm_gmap_notifier()). The model checks at each entry to the guest.

local options = { arch = "s390x", mmu = { "sie", "old" },
	covers = "gmap.c: gmap_mprotect_notify; kvm-s390.c: kvm_gmap_notifier" }
local workload <const> = require("workload")

-- Memory from 0 on; the prefix area is in it.
local function guest(sim, prot)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "2M", prot = prot or "rw", huge = false }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:set_user_memory_region{ slot = 0, guest_phys_addr = 0, memory_size = "2M",
		userspace_addr = ram }):eq(0)
	return vmm, ram, vm, vm:create_vcpu{ lowcore = false }
end

local function expect_mapped(sim, vm)
	expect(sim.inspect:mapping(vm, 0)):fields{ present = true, writable = true }
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ present = true, writable = true }
end

scenario("prefix: mapped writable by the first entry, whatever the guest does", options, function(sim)
	local _, _, vm, vcpu = guest(sim)
	expect(sim.inspect:mapping(vm, 0)):fields{ present = false }
	expect(vcpu:read(0x100000, 1)):eq("\0")
	expect_mapped(sim, vm)
end)

cases("prefix: comes back before the guest goes on after", options, {
	{ "MADV_DONTNEED", function(_, ram) expect(ram:madvise(0, "8K", MADV_DONTNEED)):eq(0) end },
	{ "MADV_PAGEOUT",  function(_, ram) expect(ram:madvise(0, "8K", MADV_PAGEOUT)):eq(0) end },
	{ "migration",     function(vmm, ram) expect(ram:migrate(0x1000)):eq(0) end },
	{ "fork",          function(vmm) vmm:fork() end },
	{ "KSM", function(vmm, ram)
		expect(vmm:ksm_merge(ram:page(1), ram:page(2))):eq(0)
	end },
}, function(sim, case)
	local vmm, ram, vm, vcpu = guest(sim)
	expect(vcpu:write(0x3000, "runs")):is_true()
	ram:write(0x1000, "same")
	ram:write(0x2000, "same")
	case[2](vmm, ram)
	expect(vcpu:read(0x3000, 4)):eq("runs")
	expect_mapped(sim, vm)
end)

scenario("prefix: without memory there the guest does not run", options, function(sim)
	local _, ram, _, vcpu = guest(sim)
	expect(ram:munmap(0, "4K")):eq(0)
	expect(vcpu:read(0x3000, 1)):fields{ ret = -EFAULT }
end)

scenario("prefix: not over memory that the VMM may only read", options, function(sim)
	local _, _, _, vcpu = guest(sim, "r")
	expect(vcpu:read(0x3000, 1)):fields{ ret = -EFAULT }
end)

scenario("prefix: taken away again and again under a running guest", options, function(sim)
	local _, ram, _, vcpu = guest(sim)
	sim:thread("vcpu", function()
		for _ = 1, 20 do
			expect(workload.run(sim, vcpu, { op = "write", range = { 0x100000, 0x80000 }, count = 2000 })):eq(2000)
		end
	end)
	sim:thread("vmm", function()
		for _ = 1, 100 do
			expect(ram:madvise(0, "8K", MADV_DONTNEED)):eq(0)
		end
	end)
	sim:join()
end)

-- Neither gmap_unmap_segment() nor dat_delete_slot() of 7.0 calls a notifier: KVM enters the guest without its prefix
-- area, which the model reports.
cases("prefix: KVM does not notice that its slot is", { arch = "s390x", check = "end" }, {
	{ "deleted", { slot = 0, memory_size = 0 } },
	{ "moved",   { slot = 0, guest_phys_addr = "8M", memory_size = "1M" } },
}, function(sim, case)
	local vcpu, ram, vm = sim:guest{ ram = { length = "4M" }, slot = { memory_size = "1M" }, vcpu = { lowcore = false } }
	expect(vm:set_user_memory_region{ slot = 1, guest_phys_addr = "4M", memory_size = "1M",
		userspace_addr = ram.addr + 0x100000 }):eq(0)
	expect(vcpu:read(0x400000, 1)):eq("\0")
	case[2].userspace_addr = ram.addr
	for page = 0, 1 do
		-- Where the VM has tables of its own, the checker sees it as well.
		if sim:kernel_since("7.0") then
			sim:expect_report{ kind = "check:gmap",
				match = ("page %d of the prefix area of vCPU 0 is not mapped"):format(page) }
		end
		sim:expect_report{ kind = "check:guest-entry", match = ("page %d of its prefix area at 0 is not mapped"):format(page) }
	end
	expect(vm:set_user_memory_region(case[2])):eq(0)
	expect(vcpu:read(0x400000, 1)):eq("\0")
end)
