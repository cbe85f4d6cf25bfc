-- SPDX-License-Identifier: GPL-2.0-only
-- DIAGNOSE: a guest that gives way (0x44, 0x9c), and one that notifies a virtqueue (0x500), by which KVM signals an
-- eventfd (arch/s390/kvm/diag.c, virt/kvm/eventfd.c).

local options = { arch = "s390x" }
local NOTIFY <const> = 3		-- KVM_S390_VIRTIO_CCW_NOTIFY
local CCW <const>, MATCH <const> = KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY, KVM_IOEVENTFD_FLAG_DATAMATCH
local DEASSIGN <const> = KVM_IOEVENTFD_FLAG_DEASSIGN
local SUBCHANNEL <const> = 0x10007

-- What the vCPU's statistics count while fn runs.
local function counted(vcpu, names, fn)
	local before = vcpu:stats()
	fn()
	local after, more = vcpu:stats(), {}
	for i, name in ipairs(names) do
		more[i] = after[name] - before[name]
	end
	return more
end

-- Every task has a CPU of its own, so that nobody gets one by it.
scenario("diag 0x44: the guest gives way to any vCPU", options, function(sim)
	local vcpu, _, vm = sim:guest()
	local other = vm:create_vcpu()
	expect(other:read(0x3000, 1)):eq("\0")
	expect(counted(vcpu, { "instruction_diagnose_44" }, function()
		expect(vcpu:insn{ text = 0x83000044, length = 4 }):ge(0)
		expect(vcpu:insn{ text = 0x83000044, length = 4 }):ge(0)
	end)):eq{ 2 }
	expect(vcpu:read(0x3000, 1)):eq("\0")
end)

cases("diag 0x9c: the guest gives way to one vCPU, in vain", options, {
	{ "itself",                  0 },
	{ "one that there is not",   17 },
	{ "one that never ran",      2 },
	{ "one that has run",        1 },
}, function(sim, row)
	local vcpu, _, vm = sim:guest()
	local ran = vm:create_vcpu()
	vm:create_vcpu()
	expect(ran:read(0x3000, 1)):eq("\0")
	expect(counted(vcpu, { "instruction_diagnose_9c", "diag_9c_ignored" }, function()
		expect(vcpu:insn{ text = 0x8310009c, length = 4, regs = { [1] = row[2] } }):ge(0)
	end)):eq{ 1, 1 }
end)

-- Notifies a queue of a subchannel. Returns what the guest has in register 2 then, or the exit.
local function notify(vcpu, subchannel, queue, cookie)
	local ended = vcpu:insn{ text = 0x83000500, length = 4,
		regs = { [1] = NOTIFY, [2] = subchannel, [3] = queue, [4] = cookie or 0 } }
	return type(ended) == "number" and vcpu:get_regs()[2] or ended
end

local function count(event)
	local data = event:read(8)
	return data == -EAGAIN and 0 or (string.unpack("=i8", data))
end

-- A guest with eventfds for queues 0, 1 and 2.
local function queues(sim)
	local vcpu, _, vm, vmm = sim:guest()
	expect(vcpu:enable_cap{ cap = KVM_CAP_S390_CSS_SUPPORT }):eq(0)
	local events = {}
	for queue = 0, 2 do
		events[queue] = vmm:eventfd(0, EFD_NONBLOCK)
		expect(vm:ioeventfd{ addr = SUBCHANNEL, len = 8, fd = events[queue], flags = CCW | MATCH,
			datamatch = queue }):eq(0)
	end
	return vcpu, events, vm
end

-- The answer is a cookie: where on the bus the eventfd was found. With a wrong one KVM looks for it.
cases("diag 0x500: a virtqueue's eventfd", options, {
	{ "without a cookie", function() return 0 end },
	{ "with the cookie that it got", function(found) return found end },
	{ "with that of another queue", function(found) return (found + 1) % 3 end },
	{ "with one beyond the last", function() return 3 end },
	{ "with one that is negative", function() return -1 end },
}, function(sim, row)
	local vcpu, events = queues(sim)
	local found, seen = {}, {}
	for queue = 0, 2 do
		found[queue] = notify(vcpu, SUBCHANNEL, queue)
		expect(found[queue]):ge(0)
		expect(found[queue]):le(2)
		expect(seen[found[queue]]):is_nil()
		seen[found[queue]] = true
		expect(count(events[queue])):eq(1)
	end
	for queue = 0, 2 do
		expect(notify(vcpu, SUBCHANNEL, queue, row[2](found[queue]))):eq(found[queue])
		for other = 0, 2 do
			expect(count(events[other])):eq(other == queue and 1 or 0)
		end
	end
end)

scenario("diag 0x500: what nobody waits for is the VMM's", options, function(sim)
	local vcpu, events, vm = queues(sim)
	local exits = KVM_EXIT_S390_SIEIC
	expect(notify(vcpu, SUBCHANNEL, 3)):fields{ reason = exits }
	expect(notify(vcpu, SUBCHANNEL + 1, 0)):fields{ reason = exits }
	expect(vm:ioeventfd{ addr = SUBCHANNEL, len = 8, fd = events[1], flags = CCW | MATCH | DEASSIGN,
		datamatch = 1 }):eq(0)
	expect(notify(vcpu, SUBCHANNEL, 1)):fields{ reason = exits }
	expect(count(events[1])):eq(0)
	expect(notify(vcpu, SUBCHANNEL, 2)):ge(0)
	expect(count(events[2])):eq(1)
end)
