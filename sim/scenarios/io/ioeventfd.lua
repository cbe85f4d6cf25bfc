-- SPDX-License-Identifier: GPL-2.0-only
-- KVM_IOEVENTFD and KVM_IRQFD (virt/kvm/eventfd.c): a guest write signals an eventfd instead of leaving to the VMM.

local options = { arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "shadow", "vhe" } }
local x86 = { arch = "x86_64", mmu = { "ept", "npt", "shadow" } }
local BELL <const> = 0xd0000000
local MATCH <const>, DEASSIGN <const> = KVM_IOEVENTFD_FLAG_DATAMATCH, KVM_IOEVENTFD_FLAG_DEASSIGN

local function guest(sim)
	local vcpu, _, vm, vmm = sim:guest()
	return vcpu, vmm:eventfd(0, EFD_NONBLOCK), vm, vmm
end

-- How often it was signalled since.
local function count(event)
	local data = event:read(8)
	return data == -EAGAIN and 0 or (string.unpack("<i8", data))
end

scenario("ioeventfd: a write of the right length signals, another one exits", options, function(sim)
	local vcpu, event, vm = guest(sim)
	expect(vm:ioeventfd{ addr = BELL, len = 4, fd = event }):eq(0)
	expect(count(event)):eq(0)
	expect(vcpu:write(BELL, "ring")):is_true()
	expect(vcpu:write(BELL, "RING")):is_true()
	expect(count(event)):eq(2)
	expect(vcpu:write(BELL, "no")):fields{ reason = KVM_EXIT_MMIO, mmio = { len = 2 } }
	expect(vcpu:write(BELL + 4, "ring")):fields{ reason = KVM_EXIT_MMIO }
	expect(vcpu:read(BELL, 4)):fields{ reason = KVM_EXIT_MMIO }
	expect(count(event)):eq(0)
end)

scenario("ioeventfd: length 0 takes any length", options, function(sim)
	local vcpu, event, vm = guest(sim)
	expect(vm:ioeventfd{ addr = BELL, len = 0, fd = event }):eq(0)
	for _, data in ipairs{ "1", "22", "4444", "88888888" } do
		expect(vcpu:write(BELL, data)):is_true()
	end
	expect(count(event)):eq(4)
end)

scenario("ioeventfd: datamatch, two values at one address", options, function(sim)
	local vcpu, one, vm, vmm = guest(sim)
	local two = vmm:eventfd(0, EFD_NONBLOCK)
	expect(vm:ioeventfd{ addr = BELL, len = 2, fd = one, flags = MATCH, datamatch = 1 }):eq(0)
	expect(vm:ioeventfd{ addr = BELL, len = 2, fd = two, flags = MATCH, datamatch = 2 }):eq(0)
	expect(vcpu:write(BELL, "\2\0")):is_true()
	expect(count(one)):eq(0)
	expect(count(two)):eq(1)
	expect(vcpu:write(BELL, "\3\0")):fields{ reason = KVM_EXIT_MMIO }
end)

cases("ioeventfd: a datum of each length", options, {
	{ "of 1 byte",  1, "\x91" },
	{ "of 2 bytes", 2, "\x91\x92" },
	{ "of 4 bytes", 4, "\x91\x92\x93\x94" },
	{ "of 8 bytes", 8, "\x91\x92\x93\x94\x95\x96\x97\x98" },
}, function(sim, case)
	local vcpu, event, vm = guest(sim)
	expect(vm:ioeventfd{ addr = BELL, len = case[2], fd = event, flags = MATCH,
		datamatch = (string.unpack("<I" .. case[2], case[3])) }):eq(0)
	expect(vcpu:write(BELL, case[3])):is_true()
	expect(count(event)):eq(1)
	for byte = 1, case[2] do
		local other = case[3]:sub(1, byte - 1) .. "\x11" .. case[3]:sub(byte + 1)
		expect(vcpu:write(BELL, other)):fields{ reason = KVM_EXIT_MMIO }
	end
	expect(count(event)):eq(0)
end)

scenario("ioeventfd: of two values at one address the second is taken away", options, function(sim)
	local vcpu, one, vm = guest(sim)
	local function bell(flags, datamatch)
		return vm:ioeventfd{ addr = BELL, len = 2, fd = one, flags = flags, datamatch = datamatch }
	end
	expect(bell(MATCH, 1)):eq(0)
	expect(bell(MATCH, 2)):eq(0)
	expect(bell(DEASSIGN, 0)):eq(-ENOENT)		-- one that takes any value
	expect(bell(MATCH | DEASSIGN, 2)):eq(0)
	expect(vcpu:write(BELL, "\2\0")):fields{ reason = KVM_EXIT_MMIO }
	expect(vcpu:write(BELL, "\1\0")):is_true()
	expect(count(one)):eq(1)
end)

scenario("ioeventfd: after its removal the write exits again", options, function(sim)
	local vcpu, event, vm = guest(sim)
	local bell = { addr = BELL, len = 4, fd = event }
	expect(vm:ioeventfd(bell)):eq(0)
	expect(vcpu:write(BELL, "ring")):is_true()
	bell.flags = DEASSIGN
	expect(vm:ioeventfd(bell)):eq(0)
	expect(vcpu:write(BELL, "ring")):fields{ reason = KVM_EXIT_MMIO }
	expect(vm:ioeventfd(bell)):eq(-ENOENT)
	expect(count(event)):eq(1)
end)

scenario("ioeventfd: the eventfd's file may be closed first", options, function(sim)
	local vcpu, event, vm = guest(sim)
	expect(vm:ioeventfd{ addr = BELL, len = 4, fd = event }):eq(0)
	expect(event:close()):eq(0)
	expect(vcpu:write(BELL, "ring")):is_true()
	expect(vm:close()):eq(0)
end)

cases("KVM_IOEVENTFD refuses", options, {
	{ "an odd length",         { len = 3 },                              -EINVAL },
	{ "a length of 16",        { len = 16 },                             -EINVAL },
	{ "an address that wraps", { addr = -2, len = 4 },                   -EINVAL },
	{ "an unknown flag",       { len = 4, flags = 1 << 10 },             -EINVAL },
	{ "length 0 with a value", { len = 0, flags = MATCH },               -EINVAL },
	{ "a closed fd",           { len = 4, fd = 99 },                     -EBADF },
	{ "the same again",        { len = 4, addr = BELL + 64 },            -EEXIST },
}, function(sim, case)
	local _, event, vm = guest(sim)
	expect(vm:ioeventfd{ addr = BELL + 64, len = 4, fd = event }):eq(0)
	expect(vm:ioeventfd{ addr = case[2].addr or BELL, len = case[2].len, fd = case[2].fd or event,
		flags = case[2].flags or 0 }):eq(case[3])
end)

scenario("ioeventfd and a coalesced zone at one address: only one takes the write", options, function(sim)
	local vcpu, event, vm = guest(sim)
	expect(vm:register_coalesced_mmio{ addr = BELL, size = "4K" }):eq(0)
	expect(vm:ioeventfd{ addr = BELL + 8, len = 4, fd = event }):eq(0)
	expect(vcpu:write(BELL + 8, "ring")):is_true()
	expect(count(event) + #vcpu:coalesced_ring():take()):eq(1)
end)

-- Ioeventfds do not count for the limit of 1000 devices of a bus.
scenario("coalesced zones: at most 1000 devices on a bus, ioeventfds beside them", {
	mmu = { "ept", "vhe" }, check = "end",
}, function(sim)
	local vcpu, event, vm = guest(sim)
	local rc, zones = 0, 0
	while rc == 0 and zones <= 1000 do
		rc = vm:register_coalesced_mmio{ addr = BELL + 16 * zones, size = 8 }
		zones = zones + (rc == 0 and 1 or 0)
	end
	expect(rc):eq(-ENOSPC)
	expect(zones):gt(900)				-- KVM's own devices are on the bus too
	expect(zones):le(1000)
	local free = BELL + 16 * zones
	expect(vm:ioeventfd{ addr = free, len = 4, fd = event }):eq(-ENOSPC)
	expect(vcpu:write(free, "ring")):fields{ reason = KVM_EXIT_MMIO }
	expect(vm:unregister_coalesced_mmio{ addr = BELL, size = 8 }):eq(0)
	expect(vm:ioeventfd{ addr = free, len = 4, fd = event }):eq(0)
	expect(vcpu:write(free, "ring")):is_true()
	expect(count(event)):eq(1)
	expect(vm:register_coalesced_mmio{ addr = BELL, size = 8 }):eq(0)
	expect(vm:register_coalesced_mmio{ addr = free + 16, size = 8 }):eq(-ENOSPC)
end)

-- Fails the nth allocation of fn(). Returns its result, and whether there was such an allocation.
local function without_memory(sim, n, fn)
	expect(sim:set_module_param("machine.fail_allocation", n)):eq(0)
	local rc = fn()
	return rc, sim:set_module_param("machine.fail_allocation", 0) == -ENOENT
end

-- Without a length it is on two buses, and on neither if there is no memory for the second.
cases("ioeventfd: no memory for it", options, {
	{ "with a length", 4, 2 },
	{ "without a length", 0, 3 },
}, function(sim, case)
	local vcpu, event, vm = guest(sim)
	local n, failed = 1, 0
	repeat
		local rc, happened = without_memory(sim, n, function()
			return vm:ioeventfd{ addr = BELL, len = case[2], fd = event }
		end)
		if happened then
			expect(rc):eq(-ENOMEM)
			expect(vcpu:write(BELL, "ring")):fields{ reason = KVM_EXIT_MMIO }
			failed, n = failed + 1, n + 1
		else
			expect(rc):eq(0)
		end
	until not happened
	expect(failed):ge(case[3])
	expect(vcpu:write(BELL, "ring")):is_true()
	expect(count(event)):eq(1)
end)

-- KVM gives the whole bus up if it has no memory for a smaller one (kvm_io_bus_unregister_dev()), and does not say so.
scenario("ioeventfd: no memory to take it away", { mmu = { "ept", "vhe" } }, function(sim)
	local vcpu, event, vm, vmm = guest(sim)
	local other = vmm:eventfd(0, EFD_NONBLOCK)
	expect(vm:ioeventfd{ addr = BELL, len = 4, fd = event }):eq(0)
	expect(vm:ioeventfd{ addr = BELL + 64, len = 4, fd = other }):eq(0)
	expect(vm:register_coalesced_mmio{ addr = BELL + 128, size = 8 }):eq(0)
	local rc, happened = without_memory(sim, 1, function()
		return vm:ioeventfd{ addr = BELL, len = 4, fd = event, flags = DEASSIGN }
	end)
	expect(happened):is_true()
	expect(rc):eq(0)
	expect(vcpu:write(BELL, "ring")):fields{ reason = KVM_EXIT_MMIO }
	expect(vcpu:write(BELL + 64, "ring")):fields{ reason = KVM_EXIT_MMIO }
	expect(vcpu:write(BELL + 128, "ring")):fields{ reason = KVM_EXIT_MMIO }
	expect(vcpu:read(BELL, 4)):fields{ reason = KVM_EXIT_MMIO }
	expect(count(event) + count(other)):eq(0)
	expect(vm:ioeventfd{ addr = BELL, len = 4, fd = event }):eq(-ENOMEM)
	expect(vm:register_coalesced_mmio{ addr = BELL, size = 8 }):eq(-ENOMEM)
end)

-- kvm_irqfd() first checks for an interrupt controller (kvm_arch_irqfd_allowed()).
scenario("KVM_IRQFD without an interrupt controller", x86, function(sim)
	local _, event, vm = guest(sim)
	expect(vm:ioctl(KVM_IRQFD, string.pack("<I4I4I4I4", event.fd, 0, 0, 0) .. ("\0"):rep(16))):eq(-EINVAL)
	expect(vm:ioctl(KVM_IRQFD, string.pack("<I4I4I4I4", event.fd, 0, 1 << 10, 0) .. ("\0"):rep(16))):eq(-EINVAL)
end)
