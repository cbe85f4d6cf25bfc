-- SPDX-License-Identifier: GPL-2.0-only
-- The defects of the posted series (RFC v5, "KVM: mm: fd-based approach for supporting KVM guest private memory"), one
-- scenario each. The comment says what that code did. The series for 6.12 must do what the scenario says.

local options = { arch = "x86_64", mmu = { "ept", "npt" }, needs = "KVM_CAP_MEM_PRIVATE" }
local ENABLE <const>, SUCCEEDS <const> = KVM_MEM_PRIVATE_ENABLE, KVM_MEM_PRIVATE_EXIT_SUCCEEDS
local DEFAULT <const>, PROTECTED <const> = KVM_X86_DEFAULT_VM, KVM_X86_SW_PROTECTED_VM
local EXPLICIT <const>, PRIVATE <const> = GUEST_MEMFD_FLAG_EXPLICIT, KVM_MEM_PRIVATE
local HUGE <const> = 0x200000

-- 8 MiB of the file, from offset t.offset on, at guest address t.gpa.
local function machine(sim, t)
	local vmm = sim:process()
	local vm = vmm:open_kvm():create_vm{ type = t.type or PROTECTED }
	expect(vm:enable_cap{ cap = KVM_CAP_MEM_PRIVATE, args = { ENABLE | (t.options or 0) } }):eq(0)
	local m = { vmm = vmm, vm = vm, ram = vmm:mmap{ length = "8M", huge = t.huge or false },
		fd = vm:create_guest_memfd{ size = "16M", flags = EXPLICIT } }
	m.region = { slot = 0, flags = PRIVATE, guest_phys_addr = t.gpa or 0, memory_size = "8M",
		userspace_addr = m.ram.addr, private_fd = m.fd, private_offset = t.offset or 0 }
	function m.with(changes)
		local r = {}
		for _, from in ipairs{ m.region, changes } do
			for k, v in pairs(from) do
				r[k] = v
			end
		end
		return vm:set_user_memory_region_ext(r)
	end
	function m.private(offset, length)
		expect(m.fd:fallocate{ mode = FALLOC_FL_KEEP_SIZE, offset = offset, length = length }):eq(0)
	end
	if t.slot ~= false then
		expect(m.with{}):eq(0)
	end
	m.vcpu = vm:create_vcpu()
	return m
end

-- The notifier computed the frames to zap from the offset in the file minus the slot's offset, and did not add
-- base_gfn. It then clamped the result to the slot. For a slot that did not begin at 0 nothing was left of it.
cases("P1: a conversion zaps the slot's frames, wherever the slot is", options, {
	{ "at 0, from the begin of the file",   0,        0 },
	{ "at 0, from the middle",              0,        4 << 20 },
	{ "at 16 MiB, from the begin",          16 << 20, 0 },
	{ "at 16 MiB, from the middle",         16 << 20, 4 << 20 },
	{ "at 2 MiB: the wrong range is in the slot, too", 2 << 20, 4 << 20 },
	{ "above 4 GiB",                        5 << 30,  8 << 20 },
}, function(sim, case)
	local gpa, offset = case[2], case[3]
	local m = machine(sim, { gpa = gpa, offset = offset })
	local pages <const> = { 0, 0x1000, HUGE, 0x7ff000 }
	for _, page in ipairs(pages) do
		expect(m.vcpu:write(gpa + page, "shared")):is_true()
		m.private(offset + page, "4K")
		expect(sim.inspect:mapping(m.vm, gpa + page).present):is_false()
		expect(m.vcpu:read(gpa + page, 6)):eq(("\0"):rep(6))
		expect(m.vcpu:write(gpa + page, "secret")):is_true()
	end
	for _, page in ipairs(pages) do
		expect(sim.inspect:mapping(m.vm, gpa + page).present):is_true()
		expect(m.fd:punch_hole(offset + page, "4K")):eq(0)
		expect(sim.inspect:mapping(m.vm, gpa + page).present):is_false()
		expect(m.vcpu:read(gpa + page, 6)):eq("shared")
	end
end)

-- kvm_set_memslot() looked at new->flags afterwards. new is NULL when a slot is deleted: each deletion was an oops.
scenario("P2: slots can be deleted, private ones and others", options, function(sim)
	local m = machine(sim, {})
	expect(m.vm:set_user_memory_region{ slot = 1, guest_phys_addr = "64M", memory_size = "1M",
		userspace_addr = m.ram }):eq(0)
	m.private(0, "64K")
	expect(m.vcpu:write(0x1000, "secret")):is_true()
	expect(m.vm:set_user_memory_region{ slot = 1, memory_size = 0 }):eq(0)
	expect(m.vm:set_user_memory_region{ slot = 0, memory_size = 0 }):eq(0)
	expect(sim.inspect:slots(m.vm)):eq{}
	expect(m.with{}):eq(0)
	expect(m.vcpu:read(0x1000, 6)):eq("secret")
end)

-- When the file could not be registered, kvm_set_memslot() returned with slots_arch_lock held. The next change of a slot
-- waited for ever.
cases("P3: after a file that cannot be bound, slots can be changed", options, {
	{ "an fd that is not open", { private_fd = 999 },                           -EBADF },
	{ "a range past its end",   { private_offset = "12M" },                     -EINVAL },
	{ "a range that is taken",  { slot = 1, guest_phys_addr = "64M" },          -EINVAL, taken = true,
		since_7_2 = -EEXIST },
	{ "a file of another kind", {},                                             -EINVAL, other = true },
}, function(sim, case)
	local m = machine(sim, { slot = case.taken or false })
	local changes = case[2]
	if case.other then
		changes.private_fd = m.vmm:shmem("8M").fd
	end
	for _ = 1, 3 do
		expect(m.with(changes)):eq(case.since_7_2 and sim:kernel_since("7.2") and case.since_7_2 or case[3])
	end
	expect(m.vm:set_user_memory_region{ slot = 2, guest_phys_addr = "1G", memory_size = "1M",
		userspace_addr = m.ram }):eq(0)
	expect(m.vcpu:write(1 << 30, "works")):is_true()
	expect(m.vm:set_user_memory_region{ slot = 2, memory_size = 0 }):eq(0)
end)

-- When the slot could not be prepared, kvm_memfile_unregister() dropped the file, and then the caller dropped it again.
-- kvm_arch_prepare_memory_region() refuses frames behind the host's last physical address, after the file is bound.
scenario("P4: a slot that cannot be prepared leaves the file alone", options, function(sim)
	local m = machine(sim, { slot = false })
	m.private(0, "64K")
	for _ = 1, 3 do
		expect(m.with{ guest_phys_addr = 1 << 52 }):eq(-EINVAL)
	end
	expect(sim.inspect:slots(m.vm)):eq{}
	-- the file is there, has its pages, and its range is free
	expect(m.with{}):eq(0)
	expect(m.vcpu:write(0x1000, "secret")):is_true()
	expect(m.ram:read(0x1000, 6)):eq(("\0"):rep(6))
	m.private("1M", "64K")
	expect(m.fd:close()):eq(0)
	expect(m.vcpu:read(0x1000, 1)):fields{ ret = -EFAULT, reason = KVM_EXIT_MEMORY_ERROR }
	expect(m.vm:set_user_memory_region{ slot = 0, memory_size = 0 }):eq(0)
end)

-- The slot kept what fdget() gave. In a process with one thread that is the file without a reference, so the slot's file
-- was freed when its fd was closed.
cases("P5: the fd is closed while the slot is there", options, {
	{ "the VMM has one thread",              function() end },
	{ "another process has the fd, too",     function(m) return m.vmm:fork() end },
}, function(sim, case)
	local m = machine(sim, {})
	local child = case[2](m)
	m.private(0, "64K")
	expect(m.vcpu:write(0x1000, "secret")):is_true()
	expect(m.fd:close()):eq(0)
	if child then
		expect(m.vcpu:read(0x1000, 6)):eq("secret")
		expect(child:exit()):eq(0)
	end
	expect(m.vcpu:read(0x1000, 6)):fields{ ret = -EFAULT, reason = KVM_EXIT_MEMORY_ERROR,
		memory_error = { flags = KVM_MEMORY_ERROR_FLAG_PRIVATE, gpa = 0x1000 } }
	expect(m.vm:set_user_memory_region{ slot = 0, memory_size = 0 }):eq(0)
	expect(m.vm:create_guest_memfd{ size = "8M", flags = EXPLICIT }):ok()
end)

-- The handler of the fault returned -1. So KVM_RUN failed with EPERM, although kvm_run had an exit.
cases("P6: what KVM_RUN returns", options, {
	{ "by default",                    0,        -EFAULT },
	{ "with EXIT_SUCCEEDS",            SUCCEEDS, 0 },
}, function(sim, case)
	local m = machine(sim, { type = DEFAULT, options = case[2] })
	m.private(0x1000, "4K")
	for _ = 1, 3 do
		local exit = m.vcpu:write(0x1800, "data")
		expect(exit):fields{ ret = case[3], reason = KVM_EXIT_MEMORY_ERROR,
			memory_error = { flags = 0, padding = 0, gpa = 0x1000, size = 0x1000 } }
		m.vcpu:abandon()
	end
	-- an error of another kind is none of this, whatever the last exit was
	expect(m.ram:munmap(0x3000, "4K")):eq(0)
	expect(m.vcpu:read(0x3000, 1)):fields{ ret = -EFAULT, reason = KVM_EXIT_UNKNOWN }
	expect(m.vcpu:read(0x1000, 1)):fields{ ret = case[3], reason = KVM_EXIT_MEMORY_ERROR }
end)

-- Only KVM_MEM_READONLY was compared. Without the flag an update made the private slot an ordinary one: a change of
-- flags, in which the file was lost, with a notifier that pointed to the freed slot.
cases("P7: an update without the flag is refused", options, {
	{ "no flag",                     {} },
	{ "dirty logging",               { flags = KVM_MEM_LOG_DIRTY_PAGES } },
	{ "read-only",                   { flags = KVM_MEM_READONLY } },
	{ "no flag, elsewhere",          { guest_phys_addr = "64M" } },
	{ "the same once more",          { flags = PRIVATE } },
}, function(sim, case)
	local m = machine(sim, {})
	m.private(0, "64K")
	expect(m.vcpu:write(0x1000, "secret")):is_true()
	local slots = sim.inspect:slots(m.vm)
	if case[2].flags ~= PRIVATE then
		local r = { slot = 0, guest_phys_addr = 0, memory_size = "8M", userspace_addr = m.ram, flags = 0 }
		for k, v in pairs(case[2]) do
			r[k] = v
		end
		expect(m.vm:set_user_memory_region(r)):eq(-EINVAL)
		expect(m.vm:set_user_memory_region2(r)):eq(-EINVAL)
	end
	expect(m.with{ flags = case[2].flags or 0, guest_phys_addr = case[2].guest_phys_addr or 0 }):eq(-EINVAL)
	expect(sim.inspect:slots(m.vm)):eq(slots)
	expect(m.vcpu:read(0x1000, 6)):eq("secret")
	-- the file still decides
	expect(m.fd:punch_hole(0, "64K")):eq(0)
	expect(m.vcpu:read(0x1000, 6)):eq(("\0"):rep(6))
	expect(m.vcpu:write(0x1000, "shared")):is_true()
	expect(m.ram:read(0x1000, 6)):eq("shared")
end)

-- The struct was on the stack, not cleared, and without the flag half of it was not read. Its users looked at it.
scenario("P8: what user space did not give is not used", options, function(sim)
	local m = machine(sim, { slot = false })
	-- leaves an offset and an fd on the kernel's stack
	expect(m.with{}):eq(0)
	expect(m.vm:set_user_memory_region{ slot = 0, memory_size = 0 }):eq(0)
	m.private(0, "8M")
	-- behind the plain struct there is what would be refused
	expect(m.with{ flags = 0, private_fd = 999, private_offset = 1, padding = 0xffffffff }):eq(0)
	expect(m.vcpu:write(0x1000, "shared")):is_true()
	expect(m.ram:read(0x1000, 6)):eq("shared")
	-- the file's range is free
	expect(m.with{ slot = 1, guest_phys_addr = "64M" }):eq(0)
end)

-- get_lock_pfn() gave an order. An order between 0 and 9 was taken for a huge page, or max_level was raised beyond it.
cases("P9: private pages are mapped as single pages", options, {
	{ "one page",                     0x1000,   0x1000 },
	{ "16 pages",                     0x10000,  0x10000 },
	{ "a huge page",                  HUGE,     HUGE },
	{ "three huge pages and a half",  0,        7 << 20 },
}, function(sim, case)
	local m = machine(sim, { huge = true, gpa = HUGE })
	m.private(case[2], case[3])
	for offset = 0, 0x7ff000, 0x7f000 do
		local gpa = HUGE + offset
		local private = offset >= case[2] and offset < case[2] + case[3]
		expect(m.vcpu:write(gpa, "guest")):is_true()
		expect(m.ram:read(offset, 5) == "guest"):eq(not private)
		if private then
			expect(sim.inspect:mapping(m.vm, gpa)):fields{ present = true, level = 1 }
		end
	end
end)

-- fallocate() told KVM after it had allocated, and KVM zapped without counting an invalidation. A fault that had taken
-- the shared page before could map it after the zap, and the guest went on with it.
scenario("P10: no shared access after the conversion", {
	arch = "x86_64", mmu = { "ept", "npt" }, needs = "KVM_CAP_MEM_PRIVATE", check = "end", timeout = 60,
}, function(sim)
	local m = machine(sim, { type = DEFAULT, gpa = HUGE, offset = HUGE })
	local writes, exits, rounds = 0, 0, 0
	for i, vcpu in ipairs{ m.vcpu, m.vm:create_vcpu() } do
		sim:thread("vcpu" .. i, function()
			while not sim:stopping() do
				local exit = vcpu:write(HUGE + 0x1000, "guest")
				if exit == true then
					writes = writes + 1
				else
					expect(exit):fields{ ret = -EFAULT, reason = KVM_EXIT_MEMORY_ERROR,
						memory_error = { flags = 0, gpa = HUGE + 0x1000 } }
					vcpu:abandon()
					exits = exits + 1
				end
			end
		end)
	end
	sim:thread("vmm", function()
		while not sim:stopping() do
			-- so that each round begins with a fault of the guest
			expect(m.ram:madvise(0x1000, "4K", MADV_DONTNEED)):eq(0)
			m.private(HUGE + 0x1000, "4K")
			expect(m.ram:write(0x1000, "vmm  ")):eq(0)
			for _ = 1, 20 do
				sim:stopping()
				expect(m.ram:read(0x1000, 5)):eq("vmm  ")
			end
			expect(sim.inspect:mapping(m.vm, HUGE + 0x1000).present):is_false()
			expect(m.fd:punch_hole(HUGE + 0x1000, "4K")):eq(0)
			rounds = rounds + 1
		end
	end)
	sim:join{ seconds = 2, at_least = function() return writes > 0 and exits > 0 and rounds > 0 end }
end)

-- The same in one certain order: the fault has begun, and waits for its page, when the memory becomes private.
scenario("P10: a fault that waits while its memory becomes private", {
	arch = "x86_64", mmu = { "ept", "npt" }, needs = "KVM_CAP_MEM_PRIVATE", check = "end",
}, function(sim)
	local m = machine(sim, { type = DEFAULT, gpa = HUGE, offset = HUGE })
	local uffd = m.vmm:userfaultfd()
	expect(uffd:register(m.ram, UFFDIO_REGISTER_MODE_MISSING)):eq(0)
	sim:thread("vcpu", function()
		expect(m.vcpu:write(HUGE + 0x1000, "guest")):fields{ ret = -EFAULT, reason = KVM_EXIT_MEMORY_ERROR,
			memory_error = { flags = 0, gpa = HUGE + 0x1000 } }
		m.vcpu:abandon()
	end)
	sim:thread("vmm", function()
		expect(uffd:read()):fields{ event = UFFD_EVENT_PAGEFAULT, address = m.ram.addr + 0x1000 }
		m.private(HUGE + 0x1000, "4K")
		expect(uffd:copy(m.ram, 0x1000, ("vmm "):rep(1024))):eq(4096)
	end)
	sim:join()
	expect(sim.inspect:mapping(m.vm, HUGE + 0x1000).present):is_false()
	expect(m.ram:read(0x1000, 4)):eq("vmm ")
end)
