-- SPDX-License-Identifier: GPL-2.0-only
-- Locked memslots at the end of a VM and of its process. At the end of each scenario the engine looks for pages
-- that are left, and for pins.

any_page_size()
local PAGE <const> = PAGE_SIZE

local L = require("locked")
local lock, READ <const>, WRITE <const> = L.lock, L.READ, L.WRITE
local options = L.options("K7")
local layout = { ram = { length = 16 * PAGE } }

cases("memslot lock: the process exits", options, {
	{ "before a vCPU has run, for reading", READ,  false },
	{ "before a vCPU has run, for writing", WRITE, false },
	{ "after it",                           WRITE, true },
}, function(sim, case)
	local vcpu, _, vm, vmm = sim:guest(layout)
	expect(lock(vm, 0, case[2])):eq(0)
	if case[3] then
		expect(vcpu:write(3 * PAGE, "x")):is_true()
	end
	expect(vmm:exit()):eq(0)
end)

scenario("memslot lock: the VM ends and its process goes on", options, function(sim)
	local vcpu, ram, vm, vmm = sim:guest(layout)
	expect(vmm:setrlimit(RLIMIT_MEMLOCK, 16 * PAGE)):eq(0)
	expect(vmm:drop_capability(CAP_IPC_LOCK)):eq(0)
	expect(lock(vm, 0, WRITE)):eq(0)
	expect(vcpu:write(3 * PAGE, "kept")):is_true()
	vcpu:close()
	vm:close()
	L.is_not_pinned(ram)
	expect(ram:read(3 * PAGE, 4)):eq("kept")
	expect(ram:mlock()):eq(0)			-- all of the limit is there again
end)

-- v5 gave the memory back to whoever closed the VM last (A10).
scenario("memslot lock: another process is the last one to close the VM", options, function(sim)
	local vcpu, ram, vm, vmm = sim:guest(layout)
	local child = vmm:fork()
	for _, process in ipairs{ vmm, child } do
		expect(process:setrlimit(RLIMIT_MEMLOCK, 16 * PAGE)):eq(0)
	end
	expect(vmm:drop_capability(CAP_IPC_LOCK)):eq(0)
	expect(child:drop_capability(CAP_IPC_LOCK)):eq(0)
	expect(child:view(ram):mlock()):eq(0)
	expect(lock(vm, 0, READ)):eq(0)
	vcpu:close()
	vm:close()
	for i = 0, 15 do
		expect(ram:page(i).pincount):eq(1)	-- the child has the VM
	end
	expect(ram:mlock()):eq(-ENOMEM)
	expect(child:exit()):eq(0)
	L.is_not_pinned(ram)
	expect(ram:mlock()):eq(0)
end)

scenario("memslot lock: the process exits, and another one has the VM for some time", options, function(sim)
	local _, _, vm, vmm = sim:guest(layout)
	expect(lock(vm, 0, WRITE)):eq(0)
	local child = vmm:fork()
	expect(vmm:exit()):eq(0)
	local theirs = vm:via(child)
	expect(theirs:check_extension(KVM_CAP_USER_MEMORY)):eq(-EIO)
	expect(L.unlock(theirs, 0)):eq(-EIO)
	expect(child:exit()):eq(0)
end)

scenario("memslot lock: exec", options, function(sim)
	local _, _, vm, vmm = sim:guest(layout)
	expect(lock(vm, 0, WRITE)):eq(0)
	expect(vmm:exec()):eq(0)
end)

scenario("memslot lock: many slots", options, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = 64 * PAGE }
	local vm = vmm:open_kvm():create_vm()
	for i = 0, 15 do
		expect(vm:set_user_memory_region{ slot = i, guest_phys_addr = i << 20, memory_size = 4 * PAGE,
			userspace_addr = ram.addr + 4 * i * PAGE }):eq(0)
		expect(lock(vm, i, i % 2 == 0 and READ or WRITE)):eq(0)
	end
	for i = 0, 63 do
		expect(ram:page(i).pincount):eq(1)
	end
	vm:close()
	L.is_not_pinned(ram)
end)
