-- SPDX-License-Identifier: GPL-2.0-only
-- The flags of KVM_CREATE_GUEST_MEMFD for each type of VM, and which ranges of a file slots may be bound to.

local options = {
	arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "shadow", "vhe" }, needs = "KVM_CAP_GUEST_MEMFD_FLAGS",
	covers = "docs/rules.md P5",
}
local protected = { arch = "x86_64", mmu = { "ept", "npt" }, needs = "KVM_CAP_GUEST_MEMFD_FLAGS",
	covers = "docs/rules.md P5" }
local MMAP <const>, SHARED <const> = GUEST_MEMFD_FLAG_MMAP, GUEST_MEMFD_FLAG_INIT_SHARED

-- All bits, one by one: those of the capability give a file, the others -EINVAL (guest_memfd_test.c).
local function each_flag(vm, allowed)
	expect(vm:check_extension(KVM_CAP_GUEST_MEMFD_FLAGS)):eq(allowed)
	for bit = 0, 63 do
		local fd = vm:create_guest_memfd{ size = "4K", flags = 1 << bit }
		if allowed & 1 << bit ~= 0 then
			expect(fd):ok()
			expect(fd:close()):eq(0)
		else
			expect(fd):eq(-EINVAL)
		end
	end
end

scenario("guest_memfd flags: of /dev/kvm", options, function(sim)
	expect(sim:process():open_kvm():check_extension(KVM_CAP_GUEST_MEMFD_FLAGS)):eq(MMAP | SHARED)
end)

scenario("guest_memfd flags: of a plain VM", options, function(sim)
	local vm = sim:process():open_kvm():create_vm()
	each_flag(vm, MMAP | SHARED)
	expect(vm:create_guest_memfd{ size = "4K", flags = MMAP | SHARED }):ok()
	expect(vm:create_guest_memfd{ size = "4K", flags = MMAP | SHARED | 4 }):eq(-EINVAL)
end)

-- Memory of a VM with private memory begins as private (kvm_arch_supports_gmem_init_shared()).
scenario("guest_memfd flags: of a VM with private memory", protected, function(sim)
	local vm = sim:process():open_kvm():create_vm{ type = KVM_X86_SW_PROTECTED_VM }
	each_flag(vm, MMAP)
	expect(vm:create_guest_memfd{ size = "4K", flags = MMAP | SHARED }):eq(-EINVAL)
end)

scenario("guest_memfd flags: a bad flag comes before a bad size", options, function(sim)
	local vm = sim:process():open_kvm():create_vm()
	for _, flags in ipairs{ 0, MMAP, MMAP | SHARED } do
		for _, size in ipairs{ 0, 1, 4095, 4097, -4096 } do
			expect(vm:create_guest_memfd{ size = size, flags = flags }):eq(-EINVAL)
		end
	end
end)

-- The files that a plain VM may have.
local kinds = { { "without flags", 0 }, { "MMAP", MMAP }, { "MMAP and INIT_SHARED", MMAP | SHARED } }

cases("guest_memfd: no read(), no write(), no other size", options, kinds, function(sim, kind)
	local fd = sim:process():open_kvm():create_vm():create_guest_memfd{ size = "16K", flags = kind[2] }
	expect(fd:read(8)):eq(-EINVAL)
	expect(fd:write(("x"):rep(8))):eq(-EINVAL)
	expect(fd:ftruncate(0)):eq(-EINVAL)
	expect(fd:ftruncate("64K")):eq(-EINVAL)
	expect(fd:fallocate{ mode = FALLOC_FL_KEEP_SIZE, offset = "12K", length = "4K" }):eq(0)
	expect(fd:fallocate{ mode = FALLOC_FL_KEEP_SIZE, offset = "12K", length = "8K" }):eq(-EINVAL)
	expect(fd:fallocate{ mode = FALLOC_FL_KEEP_SIZE, offset = "16K", length = "4K" }):eq(-EINVAL)
	expect(fd:punch_hole("16K", "4K")):eq(0)
	expect(fd:punch_hole("20K", "4K")):eq(0)
end)

local SIZE <const> = 2 << 20
local function binding(vm, ram, fd, slot, gpa, size, offset, flags)
	return vm:set_user_memory_region2{ slot = slot, flags = KVM_MEM_GUEST_MEMFD | (flags or 0),
		guest_phys_addr = gpa, memory_size = size, userspace_addr = ram,
		guest_memfd = fd, guest_memfd_offset = offset }
end

-- Up to 7.1 the answer was -EINVAL (kvm_gmem_commit_memory_region()).
local function exists(sim)
	return sim:kernel_since("7.2") and -EEXIST or -EINVAL
end

local function guest(sim, flags)
	local vmm = sim:process()
	local vm = vmm:open_kvm():create_vm()
	return vm, vmm:mmap{ length = 5 * SIZE, huge = false }, vm:create_guest_memfd{ size = 5 * SIZE, flags = flags }
end

-- arm64 takes only files that can be mapped (kvm_arch_prepare_memory_region(), arch/arm64/kvm/mmu.c).
local function takes(sim, kind)
	return sim.arch == "x86_64" or kind[2] & MMAP ~= 0
end

-- set_memory_region_test.c. A slot of two, a slot of two behind it, and then bindings that meet one of them.
cases("guest_memfd bindings: they may touch, not overlap", options, kinds, function(sim, kind)
	local vm, ram, fd = guest(sim, kind[2])
	if not takes(sim, kind) then
		expect(binding(vm, ram, fd, 0, 0, 2 * SIZE, 0)):eq(-EINVAL)
		return
	end
	expect(binding(vm, ram, fd, 0, 0, 2 * SIZE, 0)):eq(0)
	expect(binding(vm, ram, fd, 1, 2 * SIZE, 2 * SIZE, 2 * SIZE)):eq(0)
	local before = sim.inspect:slots(vm)
	for _, offset in ipairs{ 0, 4096, SIZE, 2 * SIZE - 4096, 3 * SIZE, 4 * SIZE - 4096 } do
		expect(binding(vm, ram, fd, 2, 8 * SIZE, 4096, offset)):eq(exists(sim))
	end
	for _, offset in ipairs{ 0, SIZE, 3 * SIZE } do
		expect(binding(vm, ram, fd, 2, 8 * SIZE, 2 * SIZE, offset)):eq(exists(sim))
	end
	expect(binding(vm, ram, fd, 2, 8 * SIZE, 5 * SIZE, 0)):eq(exists(sim))
	-- a guest range that is taken is -EEXIST on all kernels
	expect(binding(vm, ram, fd, 2, 3 * SIZE, 2 * SIZE, 4 * SIZE - 4096)):eq(-EEXIST)
	expect(sim.inspect:slots(vm)):eq(before)

	expect(binding(vm, ram, fd, 2, 8 * SIZE, SIZE, 4 * SIZE)):eq(0)
	expect(vm:set_user_memory_region{ slot = 0, memory_size = 0 }):eq(0)
	expect(binding(vm, ram, fd, 3, 9 * SIZE, 2 * SIZE, SIZE)):eq(exists(sim))
	expect(binding(vm, ram, fd, 3, 9 * SIZE, 2 * SIZE, 0)):eq(0)
	expect(#sim.inspect:slots(vm)):eq(3)
end)

cases("guest_memfd bindings: every page may have a slot of its own", options, kinds, function(sim, kind)
	local vm, ram, fd = guest(sim, kind[2])
	if not takes(sim, kind) then
		expect(binding(vm, ram, fd, 0, 0, 4096, 0)):eq(-EINVAL)
		return
	end
	for page = 0, 15 do
		expect(binding(vm, ram, fd, page, page * 8192, 4096, page * 4096)):eq(0)
	end
	for page = 0, 15 do
		expect(binding(vm, ram, fd, 20, 1 << 30, 4096, page * 4096)):eq(exists(sim))
	end
	expect(vm:set_user_memory_region{ slot = 7, memory_size = 0 }):eq(0)
	expect(binding(vm, ram, fd, 20, 1 << 30, 4096, 7 * 4096)):eq(0)
end)

cases("guest_memfd bindings: what no kind of file allows", options, {
	{ "dirty logging",       { flags = KVM_MEM_LOG_DIRTY_PAGES },                -EINVAL },
	{ "read-only",           { flags = KVM_MEM_READONLY },                       -EINVAL },
	{ "an unaligned offset", { offset = 1 },                                     -EINVAL },
	{ "behind the end",      { offset = 5 * SIZE },                              -EINVAL },
	{ "partly behind the end", { offset = 4 * SIZE + 4096 },                     -EINVAL },
	{ "an offset that is negative as a file's", { offset = math.mininteger },    -EINVAL },
	{ "the highest offset",  { offset = math.maxinteger & ~4095 },               -EINVAL },
	{ "an offset that wraps", { offset = -4096 },                                -EINVAL },
}, function(sim, case)
	for _, kind in ipairs(kinds) do
		local vm, ram, fd = guest(sim, kind[2])
		expect(binding(vm, ram, fd, 0, 0, SIZE, case[2].offset or 0, case[2].flags)):eq(case[3])
		expect(binding(vm, ram, fd, 0, 0, SIZE, 0)):eq(takes(sim, kind) and 0 or -EINVAL)
	end
end)

-- The slot is immutable: no flag, no move, no other file.
cases("guest_memfd bindings: a slot cannot change", options, kinds, function(sim, kind)
	local vm, ram, fd = guest(sim, kind[2])
	expect(binding(vm, ram, fd, 0, 0, SIZE, 0)):eq(takes(sim, kind) and 0 or -EINVAL)
	if not takes(sim, kind) then
		return
	end
	expect(binding(vm, ram, fd, 0, 0, SIZE, 0)):eq(-EINVAL)
	expect(binding(vm, ram, fd, 0, 4 * SIZE, SIZE, 0)):eq(-EINVAL)
	for _, flags in ipairs{ 0, KVM_MEM_LOG_DIRTY_PAGES, KVM_MEM_READONLY } do
		expect(vm:set_user_memory_region{ slot = 0, flags = flags, guest_phys_addr = 0, memory_size = SIZE,
			userspace_addr = ram }):eq(-EINVAL)
	end
	expect(vm:set_user_memory_region{ slot = 0, memory_size = 0 }):eq(0)
	expect(binding(vm, ram, fd, 0, 0, SIZE, SIZE)):eq(0)
end)

-- Only with private memory do guest faults ever reach a file without GUEST_MEMFD_FLAG_MMAP.
cases("guest_memfd of a plain VM: where guest accesses go", options, {
	{ "without flags: to the user address",  0,             true },
	{ "MMAP: to the file",                   MMAP,          false },
	{ "MMAP and INIT_SHARED: to the file",   MMAP | SHARED, false },
}, function(sim, case)
	local vm, ram, fd = guest(sim, case[2])
	expect(binding(vm, ram, fd, 0, 0, SIZE, 0)):eq(takes(sim, case) and 0 or -EINVAL)
	if not takes(sim, case) then
		return
	end
	local vcpu = vm:create_vcpu()
	expect(vcpu:write(0x1000, "guest")):is_true()
	expect(vcpu:read(0x1000, 5)):eq("guest")
	expect(ram:read(0x1000, 5)):eq(case[3] and "guest" or ("\0"):rep(5))
	expect(fd:punch_hole(0, SIZE)):eq(0)
	expect(vcpu:read(0x1000, 5)):eq(case[3] and "guest" or ("\0"):rep(5))
end)
