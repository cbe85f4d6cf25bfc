-- SPDX-License-Identifier: GPL-2.0-only
-- Host events under a guest: what fork, COW, mremap, swap and huge pages do to pages and to their PGSTEs, which are in
-- the process's page tables before 7.0, and in the VM's own from then on.

local options = { arch = "s390x", mmu = { "sie", "old" } }
local MiB <const> = 1 << 20
local workload <const> = require("workload")
local KEY <const> = 0x30

local function key_of(vm, gfn)
	return vm:s390_get_skeys{ start_gfn = gfn, count = 1 }:byte() & 0xf8
end

-- --- transparent huge pages --------------------------------------------------------------------------------

-- From 7.0 on they are allowed: early-memory.lua.
scenario("THP: creating a VM splits what is huge, and forbids it from then on", { arch = "s390x", before = "7.0" },
	function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "4M", huge = true }
	ram:write(0, "huge")
	ram:write(3 * MiB, "too")
	expect(ram:page(0)):fields{ huge = true }
	expect(ram:page(0x300)):fields{ huge = true }
	local vm = vmm:open_kvm():create_vm()
	expect(ram:page(0)):fields{ huge = false, mapped = true }
	expect(ram:page(0x300)):fields{ huge = false, mapped = true }
	expect(vm:set_user_memory_region{ slot = 0, memory_size = "4M", userspace_addr = ram }):eq(0)
	local vcpu = vm:create_vcpu()
	expect(vcpu:read(0, 4)):eq("huge")
	expect(vcpu:write(2 * MiB, "small")):is_true()
	expect(ram:page(0x200)):fields{ huge = false }
	expect(sim.inspect:mapping(vm, 2 * MiB)):fields{ level = 1 }
end)

cases("THP: cannot be turned on afterwards by", { arch = "s390x", mmu = { "sie", "old" }, before = "7.0" }, {
	{ "a new mapping",     function(vmm) return vmm:mmap{ length = "4M", align = MiB } end },
	{ "MADV_HUGEPAGE",     function(vmm)
		local ram = vmm:mmap{ length = "4M", align = MiB }
		-- hugepage_madvise(): ignored if the process has PGSTEs.
		expect(ram:madvise(0, "4M", MADV_HUGEPAGE)):eq(0)
		return ram
	end },
	{ "MADV_COLLAPSE",     function(vmm)
		local ram = vmm:mmap{ length = "4M", align = MiB }
		ram:write(0, ("x"):rep(MiB))
		expect(ram:madvise(0, "1M", MADV_COLLAPSE)):eq(-EINVAL)
		return ram
	end },
}, function(sim, case)
	local vmm = sim:process()
	expect(vmm:open_kvm():create_vm()):ok()
	local ram = case[2](vmm)
	ram:write(0, "x")
	ram:write(MiB, "x")
	expect(ram:page(0)):fields{ mapped = true, huge = false }
	expect(ram:page(0x100)):fields{ mapped = true, huge = false }
end)

scenario("THP: the child of a process with a VM starts without PGSTEs, and with huge pages forbidden",
	{ arch = "s390x", before = "7.0" }, function(sim)
	local vmm = sim:process()
	expect(vmm:open_kvm():create_vm()):ok()
	local child = vmm:fork()
	local ram = child:mmap{ length = "2M", align = MiB }
	ram:write(0, "x")
	expect(ram:page(0)):fields{ mapped = true, huge = false }
	-- VM_NOHUGEPAGE came with def_flags; the process may change that, because it has no PGSTEs itself.
	expect(ram:madvise(MiB, "1M", MADV_HUGEPAGE)):eq(0)
	ram:write(MiB, "x")
	expect(ram:page(0x100)):fields{ huge = true }
end)

-- --- fork and COW ------------------------------------------------------------------------------------------

scenario("fork: parent and child each run a guest on what was one memory", options, function(sim)
	local vcpu, ram, vm, vmm = sim:guest()
	expect(vcpu:write(0x3000, "before")):is_true()
	local child = vmm:fork()
	local view = child:view(ram)
	local vm2 = child:open_kvm():create_vm()
	expect(vm2:set_user_memory_region{ slot = 0, memory_size = "2M", userspace_addr = view }):eq(0)
	local vcpu2 = vm2:create_vcpu()
	expect(vcpu2:read(0x3000, 6)):eq("before")
	expect(sim.inspect:mapping(vm2, 0x3000)):fields{ writable = false, page = ram:page(3) }
	expect(vcpu2:write(0x3000, "child ")):is_true()
	expect(vcpu:read(0x3000, 6)):eq("before")
	expect(vcpu:write(0x3000, "parent")):is_true()
	expect(vcpu2:read(0x3000, 6)):eq("child ")
	expect(child:exit()):eq(0)
	expect(vcpu:read(0x3000, 6)):eq("parent")
	expect(sim.inspect:mapping(vm, 0x3000)):fields{ writable = true }
end)

scenario("fork: the copy that a write makes keeps the storage key; the child uses no keys", options, function(sim)
	local vcpu, ram, vm, vmm = sim:guest()
	expect(vcpu:write(0x3000, "x")):is_true()
	expect(vm:s390_set_skeys{ start_gfn = 3, keys = string.char(KEY) }):eq(0)
	local child = vmm:fork()
	local old = ram:page(3)
	expect(vcpu:write(0x3000, "y")):is_true()
	expect(ram:page(3)):ne(old)
	expect(key_of(vm, 3)):eq(KEY)
	local vm2 = child:open_kvm():create_vm()
	expect(vm2:set_user_memory_region{ slot = 0, memory_size = "2M", userspace_addr = child:view(ram) }):eq(0)
	expect(vm2:s390_get_skeys{ start_gfn = 3, count = 1 }):eq(KVM_S390_GET_SKEYS_NONE)
	expect(vm2:s390_set_skeys{ start_gfn = 4, keys = "\0" }):eq(0)
	expect(key_of(vm2, 3)):eq(0)
end)

-- --- mremap ------------------------------------------------------------------------------------------------

scenario("mremap: what the PGSTE says stays at the address, it does not go with the page", options, function(sim)
	local vcpu, ram, vm, vmm = sim:guest()
	expect(vcpu:write(0x3000, "moved")):is_true()
	expect(vm:s390_set_skeys{ start_gfn = 3, keys = string.char(KEY) }):eq(0)
	local away = vmm:mmap{ length = "4K" }
	local there = ram:mremap{ offset = 0x3000, old_length = "4K", new_length = "4K",
		flags = MREMAP_MAYMOVE | MREMAP_FIXED, new_addr = away.addr }
	expect(there:read(0, 5)):eq("moved")
	expect(sim.inspect:mapping(vm, 0x3000)):fields{ present = false }
	expect(vm:s390_get_skeys{ start_gfn = 3, count = 1 }):eq(sim:kernel_since("7.0") and string.char(KEY) or -EFAULT)
	local new = vmm:mmap{ addr = ram.addr + 0x3000, length = "4K", flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED }
	new:write(0, "other")
	expect(vcpu:read(0x3000, 5)):eq("other")
	expect(key_of(vm, 3)):eq(KEY)
end)

scenario("mremap: the memory of a whole slot moves away", options, function(sim)
	local vcpu, ram, vm = sim:guest()
	expect(vcpu:write(0x3000, "moved")):is_true()
	expect(vcpu:write(MiB + 0x3000, "as well")):is_true()
	local there = ram:mremap{ new_length = 4 * MiB }
	expect(there:read(0x3000, 5)):eq("moved")
	expect(sim.inspect:mapping(vm, 0x3000)):fields{ present = false }
	expect(vcpu:read(0x3000, 5)):fields(sim:kernel_since("7.0") and { ret = -EFAULT } or { exception = { vector = 5 } })
	expect(vm:set_user_memory_region{ slot = 0, memory_size = 0 }):eq(0)
	expect(vm:set_user_memory_region{ slot = 0, memory_size = "1M",
		userspace_addr = (there.addr + MiB - 1) & -MiB }):eq(0)
	expect(vcpu:write(0x8000, "on")):is_true()
end)

-- --- swap --------------------------------------------------------------------------------------------------

cases("swap: of CMMA's states only 'unused' lets the host drop a page", options, {
	{ "stable", 0, true }, { "unused", 1, false }, { "potentially volatile", 2, true }, { "volatile", 3, true },
}, function(sim, case)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "2M", align = MiB, huge = false }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:set_device_attr{ group = KVM_S390_VM_MEM_CTRL, attr = KVM_S390_VM_MEM_ENABLE_CMMA }):eq(0)
	expect(vm:set_user_memory_region{ slot = 0, memory_size = "2M", userspace_addr = ram }):eq(0)
	local vcpu = vm:create_vcpu()
	expect(vcpu:write(0x3000, "data")):is_true()
	expect(vm:s390_set_cmma_bits{ start_gfn = 3, values = string.char(case[2]) }):eq(0)
	expect(ram:swap_out(0x3000, "4K")):eq(0)
	expect(ram:page(3)):fields{ mapped = false, swapped = case[3] }
	expect(vcpu:read(0x3000, 4)):eq(case[3] and "data" or "\0\0\0\0")
end)

-- The second access changes only rights. What is clean and in swap already is dropped.
scenario("swap: what the guest writes to a page that it has read comes back", options, function(sim)
	local vcpu, ram = sim:guest()
	ram:write(0x3000, "old")
	expect(ram:swap_out(0x3000, "4K")):eq(0)
	expect(ram:read(0x3000, 3)):eq("old")
	expect(vcpu:read(0x3000, 3)):eq("old")
	expect(vcpu:write(0x3000, "new")):is_true()
	expect(ram:swap_out(0x3000, "4K")):eq(0)
	expect(vcpu:read(0x3000, 3)):eq("new")
end)

scenario("swap: a page becomes unused when it is already in swap; it comes back with its data", options, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "2M", align = MiB }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:set_device_attr{ group = KVM_S390_VM_MEM_CTRL, attr = KVM_S390_VM_MEM_ENABLE_CMMA }):eq(0)
	expect(vm:set_user_memory_region{ slot = 0, memory_size = "2M", userspace_addr = ram }):eq(0)
	local vcpu = vm:create_vcpu()
	expect(vcpu:write(0x3000, "data")):is_true()
	expect(ram:swap_out(0x3000, "4K")):eq(0)
	-- Only the guest's ESSA drops the swap entry (gmap_zap()); setting the state does not.
	expect(vm:s390_set_cmma_bits{ start_gfn = 3, values = "\1" }):eq(0)
	expect(ram:page(3)):fields{ swapped = true }
	expect(vcpu:read(0x3000, 4)):eq("data")
end)

-- --- the prefix area under a running guest -----------------------------------------------------------------

-- Each event goes through ptep_notify() to kvm_gmap_notifier(), which must stop the vCPU; the model checks at each
-- entry.
cases("prefix: taken away under a running guest by", options, {
	{ "migration", 60, function(ram) ram:migrate(0) ram:migrate(0x1000) end },
	{ "reclaim",   60, function(ram) ram:swap_out(0, "8K") end },
	{ "fork",      15, function(_, vmm) expect(vmm:fork():exit()):eq(0) end },
	{ "mmap over it", 60, function(ram, vmm)
		expect(vmm:mmap{ addr = ram.addr, length = "8K", flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED }):ok()
	end },
}, function(sim, case)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "2M", align = MiB }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:set_user_memory_region{ slot = 0, memory_size = "2M", userspace_addr = ram }):eq(0)
	local vcpu = vm:create_vcpu{ lowcore = false }
	local before = sim.inspect:counters()
	sim:thread("vcpu", function()
		for _ = 1, 20 do
			expect(workload.run(sim, vcpu, { op = "write", range = { MiB, 0x80000 }, count = 2000 })):eq(2000)
		end
	end)
	sim:thread("host", function()
		for _ = 1, case[2] do
			case[3](ram, vmm)
		end
	end)
	sim:join()
	expect(sim.inspect:counters().guest_accesses):ge(before.guest_accesses + 40000)
	expect(vcpu:read(MiB, 1)):eq("Z")
	expect(sim.inspect:mapping(vm, 0)):fields{ present = true, writable = true }
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ present = true, writable = true }
end)

scenario("prefix: protected by the VMM, the guest does not run; allowed again, it goes on", options, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "2M", align = MiB, huge = false }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:set_user_memory_region{ slot = 0, memory_size = "2M", userspace_addr = ram }):eq(0)
	local vcpu = vm:create_vcpu{ lowcore = false }
	expect(vcpu:write(MiB, "x")):is_true()
	expect(ram:mprotect(0x1000, "4K", "r")):eq(0)
	-- mprotect() splits the VMA and notifies for the whole segment (__split_huge_pmd()). That matters since 7.0.
	local stays = not sim:kernel_since("7.0")
	expect(sim.inspect:mapping(vm, 0)):fields{ present = stays, writable = stays }
	expect(vcpu:read(MiB, 1)):fields{ ret = -EFAULT }
	expect(ram:mprotect(0x1000, "4K", "rw")):eq(0)
	expect(vcpu:run()):eq("x")
	local away = ram:mremap{ offset = 0, old_length = "8K", new_length = "8K",
		flags = MREMAP_MAYMOVE | MREMAP_FIXED, new_addr = ram.addr + 4 * MiB }
	expect(away):ok()
	expect(vcpu:read(MiB, 1)):fields{ ret = -EFAULT }
	expect(away:mremap{ new_length = "8K", flags = MREMAP_MAYMOVE | MREMAP_FIXED, new_addr = ram.addr }):ok()
	expect(vcpu:run()):eq("x")
end)
