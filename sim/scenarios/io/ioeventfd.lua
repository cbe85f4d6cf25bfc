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

-- kvm_irqfd() first checks for an interrupt controller (kvm_arch_irqfd_allowed()).
scenario("KVM_IRQFD without an interrupt controller", x86, function(sim)
	local _, event, vm = guest(sim)
	expect(vm:ioctl(KVM_IRQFD, string.pack("<I4I4I4I4", event.fd, 0, 0, 0) .. ("\0"):rep(16))):eq(-EINVAL)
	expect(vm:ioctl(KVM_IRQFD, string.pack("<I4I4I4I4", event.fd, 0, 1 << 10, 0) .. ("\0"):rep(16))):eq(-EINVAL)
end)
