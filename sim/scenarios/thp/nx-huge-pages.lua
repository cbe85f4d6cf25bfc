-- SPDX-License-Identifier: GPL-2.0-only
-- kvm.nx_huge_pages: huge mappings are not executable, and a fetch splits them (disallowed_hugepage_adjust(),
-- account_nx_huge_page(), arch/x86/kvm/mmu/mmu.c). The parameter changes while VMs run. The
-- recovery is in nx-recovery.lua.

local options = { arch = "x86_64", mmu = { "ept", "npt", "ept_rmap", "shadow" } }
local HUGE <const> = 2 << 20

local function guest(sim)
	local vcpu, ram, vm = sim:guest{ ram = { length = "6M", huge = true } }
	ram:write(0x1000, "\x90")
	ram:write(HUGE + 0x1000, "\x90")
	return vcpu, ram, vm
end

-- 6.1 does not count what a guest without paging splits under shadow paging (__direct_map(), mmu.c).
local function counted(sim, n)
	return (sim:kernel_since("6.12") or sim.mmu ~= "shadow") and n or 0
end

local function set(sim, value)
	expect(sim:set_module_param("kvm.nx_huge_pages", value)):eq(0)
end

scenario("NX huge pages: a fetch splits the mapping, data keep it", options, function(sim)
	set(sim, "force")
	local vcpu, _, vm = guest(sim)
	for page = 0, 1 do
		expect(vcpu:write(page * HUGE, "data")):is_true()
		expect(sim.inspect:mapping(vm, page * HUGE)):fields{ level = 2, executable = false, writable = true }
	end
	local before = vm:stats().nx_lpage_splits
	expect(vcpu:fetch(0x1000)):eq("\x90")
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ level = 1, executable = true }
	expect(sim.inspect:mapping(vm, HUGE)):fields{ level = 2, executable = false }
	expect(vm:stats().nx_lpage_splits):eq(before + counted(sim, 1))
	expect(vcpu:fetch(0x2000)):eq("\0")
	expect(vcpu:read(0, 4)):eq("data")
	expect(vm:stats().nx_lpage_splits):eq(before + counted(sim, 1))
	set(sim, "off")
end)

scenario("NX huge pages: turned on, mappings are made anew without execution", options, function(sim)
	set(sim, "off")
	local vcpu, _, vm = guest(sim)
	expect(vcpu:write(0, "data")):is_true()
	expect(vcpu:fetch(0x1000)):eq("\x90")
	expect(sim.inspect:mapping(vm, 0)):fields{ level = 2, executable = true }
	set(sim, "force")
	expect(vcpu:read(0, 4)):eq("data")
	expect(sim.inspect:mapping(vm, 0)):fields{ level = 2, executable = false }
	expect(vcpu:fetch(0x1000)):eq("\x90")
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ level = 1, executable = true }
	set(sim, "off")
	expect(vcpu:read(0, 4)):eq("data")
	expect(vcpu:fetch(0x1000)):eq("\x90")
	expect(sim.inspect:mapping(vm, 0)):fields{ level = 2, executable = true }
	expect(vm:stats().nx_lpage_splits):eq(0)
end)

cases("NX huge pages: the count of split pages goes with", options, {
	{ "the slot", function(vm) return vm:set_user_memory_region{ slot = 0, memory_size = 0 } end },
	{ "the memory", function(_, ram) return ram:madvise(0, ram.length, MADV_DONTNEED) end, stays = true },
}, function(sim, row)
	set(sim, "force")
	local vcpu, ram, vm = guest(sim)
	expect(vcpu:fetch(0x1000)):eq("\x90")
	expect(vcpu:fetch(HUGE + 0x1000)):eq("\x90")
	expect(vm:stats().nx_lpage_splits):eq(counted(sim, 2))
	expect(row[2](vm, ram)):eq(0)
	expect(vm:stats().nx_lpage_splits):eq(row.stays and counted(sim, 2) or 0)
	set(sim, "off")
end)

cases("NX huge pages: values of the parameter", options, {
	{ "off", 0 }, { "force", 0 }, { "auto", 0 }, { "1", 0 }, { "0", 0 }, { "never", -EBUSY }, { "2", -EINVAL },
	{ "x", -EINVAL },
}, function(sim, row)
	guest(sim)
	expect(sim:set_module_param("kvm.nx_huge_pages", row[1])):eq(row[2])
end)

scenario("NX huge pages: never, which nothing takes back", { mmu = { "ept", "shadow" } }, function(sim)
	set(sim, "force")
	local vcpu, _, vm = guest(sim)
	expect(sim:set_module_param("kvm.nx_huge_pages", "never")):eq(-EBUSY)
	expect(vcpu:write(0, "data")):is_true()
	expect(sim.inspect:mapping(vm, 0)):fields{ level = 2, executable = false }
	expect(vcpu:close()):eq(0)
	expect(vm:close()):eq(0)
	set(sim, "never")
	for _, value in ipairs{ "force", "off", "auto", "never", "1" } do
		expect(sim:set_module_param("kvm.nx_huge_pages", value)):eq(-EPERM)
	end
	vcpu, _, vm = guest(sim)
	expect(vcpu:write(0, "data")):is_true()
	expect(sim.inspect:mapping(vm, 0)):fields{ level = 2, executable = true }
end)
