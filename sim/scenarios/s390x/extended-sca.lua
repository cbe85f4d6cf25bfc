-- SPDX-License-Identifier: GPL-2.0-only
-- The system-control area of a machine that interprets SIGP: basic, for 64 vCPUs, until the first vCPU beyond it makes
-- KVM replace it with an extended one (sca_switch_to_extended()). Since 7.0 it is always an extended one. The check
-- "sca" judges: each control block has the area of its VM, and the area has each vCPU.

local BASIC <const>, EXTENDED <const>, ALL <const> = 64, 248, 255
-- Interrupt type, _IOW(KVMIO, 0xb6, struct kvm_s390_irq_state).
local EXTERNAL_CALL <const>, GET_IRQ_STATE <const> = 0xffff1202, 0x4020aeb6

local function options(facilities, more)
	local o = { arch = "s390x", facilities = facilities, check = "end" }
	for k, v in pairs(more or {}) do
		o[k] = v
	end
	return o
end

local function virtual_machine(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "4M", huge = false }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:set_user_memory_region{ slot = 0, memory_size = "4M", userspace_addr = ram }):eq(0)
	return vm, ram, vmm
end

local function create(vm, first, last)
	local vcpus = {}
	for id = first, last do
		vcpus[id] = vm:create_vcpu{ id = id, lowcore = false }
		expect(vcpus[id]):ok()
	end
	return vcpus
end

-- An external call is pending in the entry of the target; the source's number is in it.
local function external_call(vcpu, from)
	return vcpu:s390_interrupt{ type = EXTERNAL_CALL, parm = from }
end

-- The source of the external call that is pending, or nil.
local function pending_call(vcpu, buffer)
	local n = vcpu:ioctl(GET_IRQ_STATE, string.pack("<I8I4I4", buffer.addr, 0, 4096) .. ("\0"):rep(16))
	return n > 0 and string.unpack("<I2", buffer:read(8, 2)) or nil
end

scenario("extended SCA: how many vCPUs a VM may have", options{
	{ sigpif = true }, { sigpif = true, esca = false }, {},
}, function(sim)
	local vm = virtual_machine(sim)
	local sigpif, esca = sim.facilities.sigpif, sim.facilities.esca ~= false
	local most = sigpif and (esca and EXTENDED or not sim:kernel_since("7.0") and BASIC) or ALL
	expect(vm:check_extension(KVM_CAP_MAX_VCPUS)):eq(most)
	expect(vm:create_vcpu{ id = most, lowcore = false }):eq(-EINVAL)
	create(vm, most - 1, most - 1)
	create(vm, 0, 0)
end)

scenario("extended SCA: the 65th vCPU makes it", options({ sigpif = true }, { check = "step" }), function(sim)
	local vm, ram, vmm = virtual_machine(sim)
	local buffer = vmm:mmap{ length = "4K" }
	local vcpus = create(vm, 0, BASIC - 1)
	expect(external_call(vcpus[3], 63)):eq(0)
	expect(vcpus[0]:write(0x5000, "basic")):is_true()
	vcpus[BASIC] = vm:create_vcpu{ id = BASIC, lowcore = false }
	expect(vcpus[BASIC]):ok()
	-- What was pending still is, and the new entries work.
	expect(pending_call(vcpus[3], buffer)):eq(63)
	expect(external_call(vcpus[3], 1)):eq(-EBUSY)
	expect(pending_call(vcpus[4], buffer)):eq(nil)
	expect(external_call(vcpus[BASIC], 2)):eq(0)
	expect(pending_call(vcpus[BASIC], buffer)):eq(2)
	for _, id in ipairs{ 0, BASIC - 1, BASIC } do
		expect(vcpus[id]:write(0x5000, "x")):is_true()
	end
	expect(ram:read(0x5000, 5)):eq("xasic")
	-- It does not go back, and the last place is taken as well.
	create(vm, EXTENDED - 1, EXTENDED - 1)
	expect(vm:create_vcpu{ id = EXTENDED, lowcore = false }):eq(-EINVAL)
end)

scenario("extended SCA: two VMs have their own", options({ sigpif = true }, { check = "step" }), function(sim)
	local vm, _, vmm = virtual_machine(sim)
	local other = vmm:open_kvm():create_vm()
	create(vm, 0, 1)
	create(other, 0, 1)
	create(vm, 100, 100)
	vm:close()
	create(other, 2, 2)
end)

-- Each allocation of the creation of the first vCPU beyond the basic area fails in turn; that of the area is -EINVAL.
scenario("extended SCA: no memory for it", options({ sigpif = true }, { before = "7.0", check = "step" }), function(sim)
	local vm = virtual_machine(sim)
	local vcpu = create(vm, 0, 0)[0]
	expect(sim:set_module_param("machine.fail_allocation", 1)):eq(0)
	expect(vm:create_vcpu{ id = BASIC, lowcore = false }):eq(-EINVAL)
	expect(sim:set_module_param("machine.fail_allocation", 0)):eq(-ENOENT)
	expect(vcpu:write(0x1000, "basic")):is_true()
	create(vm, BASIC, BASIC)
	expect(vcpu:write(0x1000, "extended")):is_true()
end)

-- kvm_s390_vcpu_block_all(): no CPU is in the guest while the area is exchanged.
scenario("extended SCA: vCPUs run when it is made", options({ sigpif = true }, { timeout = 60 }), function(sim)
	local vm = virtual_machine(sim)
	local vcpus, ran, created = create(vm, 0, 2), {}, false
	for id = 0, 2 do
		sim:thread("vcpu " .. id, function()
			while not sim:stopping() do
				expect(vcpus[id]:workload{ op = "write", range = { id << 20, "64K" }, count = 2000 }):eq(2000)
				ran[id] = true
			end
		end)
	end
	sim:thread("creator", function()
		repeat until ran[0] and ran[1] and ran[2] or sim:stopping()
		create(vm, BASIC, BASIC)
		created = true
	end)
	sim:join{ seconds = 1, at_least = function() return created end }
	expect(vcpus[1]:write(0x1000, "x")):is_true()
end)

-- The vCPU that is not made takes the other one's entry away, and what is pending there (docs/findings.md).
scenario("extended SCA: an id that is taken", options{ sigpif = true }, function(sim)
	local vm, _, vmm = virtual_machine(sim)
	local buffer = vmm:mmap{ length = "4K" }
	local vcpus = create(vm, 0, 1)
	expect(external_call(vcpus[0], 1)):eq(0)
	expect(vm:create_vcpu{ id = 0, lowcore = false }):eq(-EEXIST)
	if sim:kernel_since("7.0") then
		expect(pending_call(vcpus[0], buffer)):eq(1)
	else
		expect(pending_call(vcpus[0], buffer)):eq(nil)
		sim:expect_report{ kind = "check:sca", match = "vCPU 0 has an entry of its system-control area without" }
	end
end)
