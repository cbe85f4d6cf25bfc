-- SPDX-License-Identifier: GPL-2.0-only
-- KVM_CAP_ARM_LOCK_USER_MEMORY_REGION: arguments, the order in which they are checked, and errors.

any_page_size()
local PAGE <const> = PAGE_SIZE

local L = require("locked")
local lock, unlock, unlock_all, READ <const>, WRITE <const> = L.lock, L.unlock, L.unlock_all, L.READ, L.WRITE
local options = L.options("K1, K2")
local LOCK <const> = KVM_ARM_LOCK_USER_MEMORY_REGION_FLAGS_LOCK
local UNLOCK <const> = KVM_ARM_LOCK_USER_MEMORY_REGION_FLAGS_UNLOCK
local MAX_SLOT <const> = 32766

local layout = { ram = { length = 16 * PAGE } }

scenario("memslot lock: the capability", options, function(sim)
	local vmm = sim:process()
	local kvm = vmm:open_kvm()
	expect(kvm:check_extension(KVM_CAP_ARM_LOCK_USER_MEMORY_REGION)):eq(1)
	expect(kvm:create_vm():check_extension(KVM_CAP_ARM_LOCK_USER_MEMORY_REGION)):eq(1)
	expect(kvm:check_extension(KVM_CAP_ARM_LOCK_USER_MEMORY_REGION + 1)):eq(0)
end)

-- flags is the number of an action: both together are none. Of v5's flags, unknown rights were accepted.
cases("memslot lock: arguments", options, {
	{ "lock for reading",              LOCK,          { 0, READ },             0 },
	{ "lock for reading and writing",  LOCK,          { 0, WRITE },            0 },
	{ "no action",                     0,             { 0, READ },             -EINVAL },
	{ "both actions",                  LOCK | UNLOCK, { 0, READ },             -EINVAL },
	{ "an unknown action",             4,             { 0, READ },             -EINVAL },
	{ "a high bit of the action",      1 << 31 | LOCK, { 0, READ },            -EINVAL },
	{ "no rights",                     LOCK,          { 0, 0 },                -EINVAL },
	{ "only writing",                  LOCK,          { 0, KVM_ARM_LOCK_MEM_WRITE }, -EINVAL },
	{ "an unknown right",              LOCK,          { 0, READ | 4 },         -EINVAL },
	{ "a high unknown right",          LOCK,          { 0, 1 << 63 | WRITE },  -EINVAL },
	{ "args[2]",                       LOCK,          { 0, READ, 1 },          -EINVAL },
	{ "args[3]",                       LOCK,          { 0, READ, 0, 1 << 63 }, -EINVAL },
	{ "no such slot",                  LOCK,          { 1, READ },             -EINVAL },
	{ "the highest slot",              LOCK,          { MAX_SLOT, READ },      -EINVAL },
	{ "beyond the highest slot",       LOCK,          { MAX_SLOT + 1, READ },  -EINVAL },
	{ "another address space",         LOCK,          { 1 << 16, READ },       -EINVAL },
	{ "more than 32 bits",             LOCK,          { 1 << 32, READ },       -EINVAL },
	{ "unlock: not locked",            UNLOCK,        { 0, 0 },                -EINVAL },
	{ "unlock: no such slot",          UNLOCK,        { 1, 0 },                -EINVAL },
	{ "unlock: beyond the highest",    UNLOCK,        { MAX_SLOT + 1, 0 },     -EINVAL },
	{ "unlock: more than 32 bits",     UNLOCK,        { 1 << 32, 0 },          -EINVAL },
	{ "unlock: args[2]",               UNLOCK,        { 0, 1, 1 },             -EINVAL },
	{ "unlock: args[3]",               UNLOCK,        { 0, 1, 0, 1 },          -EINVAL },
	{ "unlock: an unknown flag",       UNLOCK,        { 0, 2 },                -EINVAL },
	{ "unlock: all and an unknown",    UNLOCK,        { 0, 3 },                -EINVAL },
	{ "unlock all: nothing is locked", UNLOCK,        { 0, 1 },                0 },
	{ "unlock all: the slot is ignored", UNLOCK,      { -1, 1 },               0 },
}, function(sim, case)
	local _, ram, vm = sim:guest(layout)
	expect(vm:enable_cap{ cap = KVM_CAP_ARM_LOCK_USER_MEMORY_REGION, flags = case[2], args = case[3] }):eq(case[4])
	if case[4] ~= 0 or case[2] == UNLOCK then
		L.is_not_pinned(ram)
	end
	expect(unlock_all(vm)):eq(0)
	L.is_not_pinned(ram)
end)

scenario("memslot lock: the highest slot can be locked", options, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = 4 * PAGE }
	local vm = vmm:open_kvm():create_vm()
	vm:create_vcpu()
	expect(vm:set_user_memory_region{ slot = MAX_SLOT, memory_size = 4 * PAGE, userspace_addr = ram }):eq(0)
	expect(lock(vm, MAX_SLOT, READ)):eq(0)
	L.is_locked(sim, vm, ram, false)
	expect(unlock(vm, MAX_SLOT)):eq(0)
	expect(unlock(vm, MAX_SLOT)):eq(-EINVAL)
end)

scenario("memslot lock: flags of other capabilities are still refused", options, function(sim)
	local vcpu, ram, vm = sim:guest(layout)
	expect(vm:enable_cap{ cap = KVM_CAP_ARM_NISV_TO_USER, flags = LOCK }):eq(-EINVAL)
	expect(vm:enable_cap{ cap = KVM_CAP_ARM_NISV_TO_USER }):eq(0)
	expect(vm:enable_cap{ cap = KVM_CAP_ARM_EAGER_SPLIT_CHUNK_SIZE, flags = UNLOCK }):eq(-EINVAL)
	-- It is a capability of a VM.
	local of_vcpu = { cap = KVM_CAP_ARM_LOCK_USER_MEMORY_REGION, flags = LOCK, args = { 0, READ } }
	expect(vcpu:enable_cap(of_vcpu)):eq(-EINVAL)
	L.is_not_pinned(ram)
end)

scenario("memslot lock: another process cannot lock the VM's memory", options, function(sim)
	local _, ram, vm, vmm = sim:guest(layout)
	local child = vmm:fork()
	expect(lock(vm:via(child), 0, READ)):eq(-EIO)
	expect(lock(vm, 0, READ)):eq(0)
	expect(unlock(vm:via(child), 0)):eq(-EIO)
	expect(unlock(vm, 0)):eq(0)
	L.is_not_pinned(ram)
end)

-- --- the order of checks -------------------------------------------------------------------------------------------

-- A vCPU waits in KVM_RUN for a page that the VMM has not put there; fn runs meanwhile.
local function while_busy(sim, fn)
	local vcpu, _, vm, vmm = sim:guest(layout)
	local other = vmm:mmap{ length = PAGE }
	local uffd = vmm:userfaultfd()
	expect(uffd:register(other, UFFDIO_REGISTER_MODE_MISSING)):eq(0)
	expect(vm:set_user_memory_region{ slot = 1, guest_phys_addr = 256 * PAGE, memory_size = PAGE,
		userspace_addr = other }):eq(0)
	sim:thread("vcpu", function() expect(vcpu:read(0x100 * PAGE, 4)):eq("late") end)
	sim:thread("vmm", function()
		expect(uffd:read()):fields{ address = other.addr }
		fn(vm)
		expect(uffd:copy(other, 0, "late" .. ("\0"):rep(PAGE - 4))):eq(PAGE)
	end)
	sim:join()
	return vm
end

-- The documentation of v5 said that it waits for vCPUs to leave the kernel. Its code did not.
scenario("memslot lock: a vCPU is in KVM_RUN", options, function(sim)
	local vm = while_busy(sim, function(vm)
		expect(lock(vm, 0, READ)):eq(-EBUSY)
		-- What is wrong with the arguments is found before.
		expect(lock(vm, 0, READ, 1)):eq(-EINVAL)
		expect(lock(vm, 0, 0)):eq(-EINVAL)
		expect(lock(vm, 0, READ | 8)):eq(-EINVAL)
		expect(lock(vm, MAX_SLOT + 1, READ)):eq(-EINVAL)
		-- The slot is looked for after that.
		expect(lock(vm, 5, READ)):eq(-EBUSY)
	end)
	expect(lock(vm, 0, READ)):eq(0)
	expect(lock(vm, 5, READ)):eq(-EINVAL)
end)

scenario("memslot lock: unlocking does not mind a vCPU in KVM_RUN", options, function(sim)
	while_busy(sim, function(vm)
		expect(unlock_all(vm)):eq(0)
		expect(unlock(vm, 0)):eq(-EINVAL)
	end)
end)

scenario("memslot lock: rights are checked before the state, and the state before the limit", options, function(sim)
	local _, ram, vm, vmm, slot = sim:guest{ ram = { length = 16 * PAGE }, slot = { flags = KVM_MEM_READONLY } }
	expect(lock(vm, 0, WRITE)):eq(-EPERM)
	expect(lock(vm, 0, READ)):eq(0)
	expect(lock(vm, 0, WRITE)):eq(-EPERM)		-- and not -EBUSY
	expect(vmm:setrlimit(RLIMIT_MEMLOCK, PAGE)):eq(0)
	expect(vmm:drop_capability(CAP_IPC_LOCK)):eq(0)
	expect(lock(vm, 0, READ)):eq(-EBUSY)		-- and not -ENOMEM
	expect(unlock(vm, 0)):eq(0)
	expect(lock(vm, 0, READ)):eq(-ENOMEM)
	expect(slot.memory_size):eq(16 * PAGE)
	L.is_not_pinned(ram)
end)

local gmem = L.options("K1", { needs = { "KVM_CAP_ARM_LOCK_USER_MEMORY_REGION", "GUEST_MEMFD_FLAG_MMAP" } })

scenario("memslot lock: memory of a guest_memfd cannot be locked", gmem, function(sim)
	local vmm = sim:process()
	local vm = vmm:open_kvm():create_vm()
	local file = vm:create_guest_memfd{ size = 16 * PAGE, flags = GUEST_MEMFD_FLAG_MMAP | GUEST_MEMFD_FLAG_INIT_SHARED }
	local ram = vmm:mmap{ length = 16 * PAGE, file = file }
	expect(vm:set_user_memory_region2{ slot = 0, flags = KVM_MEM_GUEST_MEMFD, memory_size = 16 * PAGE,
		userspace_addr = ram, guest_memfd = file }):eq(0)
	local vcpu = vm:create_vcpu()
	expect(vcpu:write(3 * PAGE, "data")):is_true()
	for _, rights in ipairs{ READ, WRITE } do
		expect(lock(vm, 0, rights)):eq(-EOPNOTSUPP)
	end
	expect(unlock(vm, 0)):eq(-EINVAL)
	expect(sim.inspect:mapping(vm, 3 * PAGE)):fields{ present = true, writable = true }	-- as it was
	expect(vm:set_user_memory_region{ slot = 0, memory_size = 0 }):eq(0)
end)

cases("memslot lock: locked once, whatever the rights", options, {
	{ "read, then read",   READ,  READ },
	{ "read, then write",  READ,  WRITE },
	{ "write, then read",  WRITE, READ },
	{ "write, then write", WRITE, WRITE },
}, function(sim, case)
	local _, ram, vm = sim:guest(layout)
	expect(lock(vm, 0, case[2])):eq(0)
	expect(lock(vm, 0, case[3])):eq(-EBUSY)
	L.is_locked(sim, vm, ram, case[2] == WRITE)
	expect(unlock(vm, 0)):eq(0)
	expect(lock(vm, 0, case[3])):eq(0)
	L.is_locked(sim, vm, ram, case[3] == WRITE)
end)

scenario("memslot lock: one slot or all", options, function(sim)
	local vmm = sim:process()
	local vm = vmm:open_kvm():create_vm()
	vm:create_vcpu()
	local ram = {}
	for i = 0, 3 do
		ram[i] = vmm:mmap{ length = 4 * PAGE }
		expect(vm:set_user_memory_region{ slot = i, guest_phys_addr = i << 20, memory_size = 4 * PAGE,
			userspace_addr = ram[i] }):eq(0)
		expect(lock(vm, i, i % 2 == 0 and READ or WRITE)):eq(0)
	end
	expect(unlock(vm, 2)):eq(0)
	L.is_not_pinned(ram[2])
	for _, i in ipairs{ 0, 1, 3 } do
		L.is_locked(sim, vm, ram[i], i % 2 == 1, i << 20)
	end
	expect(unlock_all(vm)):eq(0)
	for i = 0, 3 do
		L.is_not_pinned(ram[i])
		expect(unlock(vm, i)):eq(-EINVAL)
	end
	expect(unlock_all(vm)):eq(0)
end)
