-- SPDX-License-Identifier: GPL-2.0-only
-- Two VMs in one VMM do the same. One has the posted interface for private memory (KVM_MEM_PRIVATE, fallocate()), the
-- other one the merged interface (guest_memfd, KVM_SET_MEMORY_ATTRIBUTES), used as docs/private-memory.md says. What the
-- guest and the VMM see is compared. The differences have scenarios of their own.

local options = { arch = "x86_64", mmu = { "ept", "npt" }, needs = { "KVM_CAP_MEM_PRIVATE", "KVM_CAP_GUEST_MEMFD" } }
local PAGE <const>, PAGES <const> = 0x1000, 16
local SIZE <const>, BASE <const>, OFFSET <const> = PAGES * PAGE, 0x200000, 0x100000
local ATTRIBUTE <const> = KVM_MEMORY_ATTRIBUTE_PRIVATE

local function private_access(exit)
	if exit.reason == KVM_EXIT_MEMORY_ERROR then
		return exit.memory_error.flags == KVM_MEMORY_ERROR_FLAG_PRIVATE, exit.memory_error
	end
	return exit.memory_fault.flags == KVM_MEMORY_EXIT_FLAG_PRIVATE, exit.memory_fault
end

-- An exit in words that both interfaces have in common.
local function words(result)
	if type(result) ~= "userdata" and type(result) ~= "table" then
		return tostring(result)
	end
	if result.reason == KVM_EXIT_MEMORY_ERROR or result.reason == KVM_EXIT_MEMORY_FAULT then
		local private, fault = private_access(result)
		return ("ret %d, a %s access at %x, %d bytes"):format(result.ret, private and "private" or "shared", fault.gpa,
			fault.size)
	end
	return ("ret %d, reason %d"):format(result.ret, result.reason)
end

-- What the two interfaces have in common. gpa and size are the guest's, from BASE on.
local interfaces <const> = {
	posted = {
		prepare = function(vm)
			expect(vm:enable_cap{ cap = KVM_CAP_MEM_PRIVATE, args = { KVM_MEM_PRIVATE_ENABLE } }):eq(0)
		end,
		file = function(m) return m.vm:create_guest_memfd{ size = "2M", flags = GUEST_MEMFD_FLAG_EXPLICIT } end,
		slot = function(m, flags)
			return m.vm:set_user_memory_region_ext{ slot = 0, flags = KVM_MEM_PRIVATE | (flags or 0),
				guest_phys_addr = BASE, memory_size = SIZE, userspace_addr = m.ram, private_fd = m.fd,
				private_offset = OFFSET }
		end,
		private = function(m, gpa, size)
			return m.fd:fallocate{ mode = FALLOC_FL_KEEP_SIZE, offset = OFFSET + gpa - BASE, length = size }
		end,
		shared = function(m, gpa, size) return m.fd:punch_hole(OFFSET + gpa - BASE, size) end,
	},
	merged = {
		prepare = function() end,
		file = function(m) return m.vm:create_guest_memfd{ size = "2M" } end,
		slot = function(m, flags)
			return m.vm:set_user_memory_region2{ slot = 0, flags = KVM_MEM_GUEST_MEMFD | (flags or 0),
				guest_phys_addr = BASE, memory_size = SIZE, userspace_addr = m.ram, guest_memfd = m.fd,
				guest_memfd_offset = OFFSET }
		end,
		private = function(m, gpa, size)
			return m.vm:set_memory_attributes{ address = gpa, size = size, attributes = ATTRIBUTE }
		end,
		-- the attribute first, so that no access allocates the page again
		shared = function(m, gpa, size)
			local rc = m.vm:set_memory_attributes{ address = gpa, size = size, attributes = 0 }
			return rc == 0 and m.fd:punch_hole(OFFSET + gpa - BASE, size) or rc
		end,
	},
}

local function machines(sim)
	local vmm = sim:process()
	local kvm = vmm:open_kvm()
	local out = {}
	for _, name in ipairs{ "posted", "merged" } do
		local i = interfaces[name]
		local m = { name = name, vmm = vmm, ram = vmm:mmap{ length = SIZE, huge = false },
			vm = kvm:create_vm{ type = KVM_X86_SW_PROTECTED_VM } }
		i.prepare(m.vm)
		m.fd = i.file(m)
		expect(m.fd):ok()
		function m.slot(flags) return i.slot(m, flags) end
		function m.private(gpa, size) return i.private(m, gpa, size) end
		function m.shared(gpa, size) return i.shared(m, gpa, size) end
		out[#out + 1] = m
	end
	return table.unpack(out)
end

-- Runs step(m) for both, and expects the same answer. Returns it.
local function both(posted, merged, step)
	local answer = words(step(posted))
	expect(words(step(merged))):eq(answer)
	return answer
end

scenario("one guest, two interfaces: a conversion step by step", options, function(sim)
	local a, b = machines(sim)
	local gpa <const> = BASE + 0x3000
	expect(both(a, b, function(m) return m.slot() end)):eq("0")
	for _, m in ipairs{ a, b } do
		m.vcpu = m.vm:create_vcpu()
	end
	local function read(m) return m.vcpu:read(gpa, 6) end
	expect(both(a, b, function(m) return m.vcpu:write(gpa, "shared") end)):eq("true")
	expect(both(a, b, function(m) return m.private(gpa, "8K") end)):eq("0")
	expect(both(a, b, function(m) return sim.inspect:mapping(m.vm, gpa).present end)):eq("false")
	expect(both(a, b, read)):eq(("\0"):rep(6))
	expect(both(a, b, function(m) return m.vcpu:write(gpa, "secret") end)):eq("true")
	expect(both(a, b, function(m) return m.ram:read(0x3000, 6) end)):eq("shared")
	expect(both(a, b, function(m) return sim.inspect:mapping(m.vm, gpa).level end)):eq("1")
	expect(both(a, b, function(m) return m.shared(gpa, "4K") end)):eq("0")
	expect(both(a, b, read)):eq("shared")
	expect(both(a, b, function(m) return m.private(gpa, "4K") end)):eq("0")
	expect(both(a, b, read)):eq(("\0"):rep(6))
	expect(both(a, b, function(m) return m.fd:close() end)):eq("0")
	expect(both(a, b, read)):eq("ret -14, a private access at 203000, 4096 bytes")
	expect(both(a, b, function(m) return m.vcpu:read(BASE, 6) end)):eq(("\0"):rep(6))
	expect(both(a, b, function(m) return m.vm:set_user_memory_region{ slot = 0, memory_size = 0 } end)):eq("0")
end)

-- The same 400 steps at random places.
scenario("one guest, two interfaces: steps at random", {
	arch = "x86_64", mmu = { "ept", "npt" }, needs = { "KVM_CAP_MEM_PRIVATE", "KVM_CAP_GUEST_MEMFD" }, timeout = 60,
}, function(sim)
	local a, b = machines(sim)
	both(a, b, function(m) return m.slot() end)
	for _, m in ipairs{ a, b } do
		m.vcpu = m.vm:create_vcpu()
	end
	local state, counts = 1, {}
	local function random(n)
		state = state * 1103515245 + 12345 & 0x7fffffff
		return (state >> 16) % n
	end
	local data
	local steps <const> = {
		function(m, first, n) return m.private(BASE + first * PAGE, n * PAGE) end,
		function(m, first, n) return m.shared(BASE + first * PAGE, n * PAGE) end,
		function(m, first) return m.vcpu:write(BASE + first * PAGE, data) end,
		function(m, first) return m.vcpu:read(BASE + first * PAGE, 8) end,
		function(m, first) return m.ram:write(first * PAGE, data) end,
		function(m, first) return m.ram:read(first * PAGE, 8) end,
		function(m, first) return m.ram:madvise(first * PAGE, PAGE, MADV_DONTNEED) end,
		function(m, first) return (m.vcpu:pre_fault_memory{ gpa = BASE + first * PAGE, size = PAGE }) end,
	}
	for i = 1, 400 do
		local step, first = 1 + random(#steps), random(PAGES)
		local n = 1 + random(PAGES - first)
		data = ("%08d"):format(i)
		local answer = both(a, b, function(m) return steps[step](m, first, n) end)
		counts[step] = (counts[step] or 0) + 1
		if step == 4 or step == 6 then
			counts[answer] = true
		end
	end
	for step = 1, #steps do
		expect(counts[step]):gt(10)
	end
	for page = 0, PAGES - 1 do
		both(a, b, function(m) return m.vcpu:read(BASE + page * PAGE, 8) end)
		both(a, b, function(m) return m.ram:read(page * PAGE, 8) end)
	end
end)

-- --- differences -------------------------------------------------------------------------------------------

cases("two interfaces: the same answers to bad requests", options, {
	{ "dirty logging",                     function(m) return m.slot(KVM_MEM_LOG_DIRTY_PAGES) end },
	{ "read-only",                         function(m) return m.slot(KVM_MEM_READONLY) end },
	{ "a file that is not open",           function(m) m.fd = 999 return m.slot() end },
	{ "a file of another kind",            function(m) m.fd = m.vmm:shmem("4M") return m.slot() end },
	{ "a slot twice",                      function(m) m.slot() return m.slot() end },
	{ "a hole that is no page",            function(m) return m.fd:punch_hole(1, 1) end },
	{ "allocation behind the end", function(m)
		return m.fd:fallocate{ mode = FALLOC_FL_KEEP_SIZE, offset = "2M", length = "4K" }
	end },
	{ "another size",                      function(m) return m.fd:ftruncate("4M") end },
}, function(sim, case)
	local a, b = machines(sim)
	expect(tonumber(both(a, b, case[2]))):lt(0)
end)

-- Without the hole, the page stays in the file, and so does what the guest had there.
scenario("two interfaces: with attributes alone, private data survive the way there and back", options, function(sim)
	local a, b = machines(sim)
	for _, m in ipairs{ a, b } do
		expect(m.slot()):eq(0)
		m.vcpu = m.vm:create_vcpu()
		expect(m.private(BASE, "4K")):eq(0)
		expect(m.vcpu:write(BASE, "secret")):is_true()
	end
	expect(a.shared(BASE, "4K")):eq(0)
	expect(b.vm:set_memory_attributes{ address = BASE, size = "4K", attributes = 0 }):eq(0)
	for _, m in ipairs{ a, b } do
		expect(m.private(BASE, "4K")):eq(0)
	end
	expect(a.vcpu:read(BASE, 6)):eq(("\0"):rep(6))
	expect(b.vcpu:read(BASE, 6)):eq("secret")
end)

-- A hole is a conversion for one, and only frees memory for the other.
scenario("two interfaces: a hole alone", options, function(sim)
	local a, b = machines(sim)
	for _, m in ipairs{ a, b } do
		expect(m.slot()):eq(0)
		m.vcpu = m.vm:create_vcpu()
		expect(m.ram:write(0, "shared")):eq(0)
		expect(m.private(BASE, "4K")):eq(0)
		expect(m.vcpu:write(BASE, "secret")):is_true()
		expect(m.fd:punch_hole(OFFSET, "4K")):eq(0)
	end
	expect(a.vcpu:read(BASE, 6)):eq("shared")
	expect(b.vcpu:read(BASE, 6)):eq(("\0"):rep(6))
	expect(b.vcpu:write(BASE, "secret")):is_true()
	expect(b.ram:read(0, 6)):eq("shared")
end)

-- Attributes belong to guest addresses, the file's pages to the file.
scenario("two interfaces: what is private when the slot is deleted and made again", options, function(sim)
	local a, b = machines(sim)
	for _, m in ipairs{ a, b } do
		expect(m.slot()):eq(0)
		m.vcpu = m.vm:create_vcpu()
		expect(m.ram:write(0, "shared")):eq(0)
		expect(m.private(BASE, "4K")):eq(0)
		expect(m.vcpu:write(BASE, "secret")):is_true()
		expect(m.vm:set_user_memory_region{ slot = 0, memory_size = 0 }):eq(0)
	end
	expect(words(a.vcpu:read(BASE, 6))):eq(("ret 0, reason %d"):format(KVM_EXIT_MMIO))
	a.vcpu:abandon()
	expect(words(b.vcpu:read(BASE, 6))):eq("ret -14, a private access at 200000, 4096 bytes")
	for _, m in ipairs{ a, b } do
		expect(m.slot()):eq(0)
		expect(m.vcpu:read(BASE, 6)):eq("secret")
	end
end)

-- Only the merged interface has private memory before there is a slot, and without a file.
scenario("two interfaces: private memory without a slot", options, function(sim)
	local a, b = machines(sim)
	for _, m in ipairs{ a, b } do
		m.vcpu = m.vm:create_vcpu()
		expect(m.private(BASE, "4K")):eq(0)
	end
	expect(words(a.vcpu:read(BASE, 6))):eq(("ret 0, reason %d"):format(KVM_EXIT_MMIO))
	a.vcpu:abandon()
	expect(words(b.vcpu:read(BASE, 6))):eq("ret -14, a private access at 200000, 4096 bytes")
end)
