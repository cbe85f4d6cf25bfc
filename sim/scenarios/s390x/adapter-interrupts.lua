-- SPDX-License-Identifier: GPL-2.0-only
-- Adapter interrupts: an irqfd sets an indicator bit and a summary bit of guest memory with the host's own set_bit(),
-- in a page that KVM has looked up (adapter_indicators_set()).

local options = { arch = "s390x" }
local FLIC_ADAPTER_REGISTER <const>, SET_GSI_ROUTING <const>, S390_ADAPTER <const> = 6, 0x4008ae6a, 3
local INDICATORS <const>, SUMMARY <const>, GSI <const>, ADAPTER <const> = 0x1000, 0x2000, 5, 7

-- A guest whose GSI sets the indicator bit with this number.
local function routed(sim, bit)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "2M" }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:set_user_memory_region{ slot = 0, memory_size = "2M", userspace_addr = ram }):eq(0)
	local flic = vm:create_device{ type = KVM_DEV_TYPE_FLIC }
	ram:write(0x100000, string.pack("=I4I1I1I1I1", ADAPTER, 3, 0, 0, 0))
	expect(flic:set_device_attr{ group = FLIC_ADAPTER_REGISTER, addr = ram.addr + 0x100000 }):eq(0)
	ram:write(INDICATORS, "\0")
	ram:write(SUMMARY, "\0")
	local entry = string.pack("=I4I4I4I4I8I8I8I4I4", GSI, S390_ADAPTER, 0, 0, INDICATORS, SUMMARY, bit, 0, ADAPTER)
	entry = entry .. ("\0"):rep(48 - #entry)
	return vmm, ram, vm, vm:ioctl(SET_GSI_ROUTING, string.pack("=I4I4", 1, 0) .. entry)
end

local function signal(vmm, vm)
	local event = vmm:eventfd(0)
	expect(vm:ioctl(KVM_IRQFD, string.pack("=I4I4I4I4", event.fd, GSI, 0, 0) .. ("\0"):rep(16))):eq(0)
	event:write(string.pack("=i8", 1))
end

scenario("adapter interrupt: sets its two bits", options, function(sim)
	local vmm, ram, vm, rc = routed(sim, 3)
	expect(rc):eq(0)
	signal(vmm, vm)
	for _, word in ipairs{ INDICATORS, SUMMARY } do		-- which byte of it depends on the byte order
		expect(ram:read(word, 8)):ne(("\0"):rep(8))
		expect(ram:read(word + 8, 4096 - 8)):eq(("\0"):rep(4096 - 8))
	end
end)

-- A kernel that accepts such a route writes 128 TiB behind the page, where nothing is.
scenario("adapter interrupt: a bit number beyond 32 bits does not end up in the page", options, function(sim)
	local vmm, _, vm, rc = routed(sim, 1 << 50)
	if rc == 0 then
		sim:expect_report{ kind = "oops" }
		signal(vmm, vm)
		expect("the write went where it should not"):is_nil()
	end
	expect(rc):eq(-EINVAL)
end)
