-- SPDX-License-Identifier: GPL-2.0-only
-- What other files for s390x build on: the vCPU's prefix area, attributes of the CPU model.
local core, M = ...
local P, V, X, U = M.process, M.vm, M.exits, M.vcpu

local K = core.constants
local DEVICE_ATTR <const> = M.kernel.struct("kvm_device_attr")

local MiB <const> = 1 << 20
local LOWCORE_SLOT <const>, LOWCORE_GPA <const> = 32764, 0x7ff00000
local LOWCORE_BYTES <const> = 8192

-- KVM keeps the two pages at a vCPU's prefix mapped writable, and stores program interruptions there. A separate slot
-- keeps that away from the memory under test. 0 or -errno.
local function lowcore_slot(vm)
	if vm.lowcore then
		return 0
	end
	local addr = P.map_aligned(vm.proc, MiB, MiB)
	local rc = addr < 0 and addr or P.ioctl_struct(vm.proc, vm.fd, K.KVM_SET_USER_MEMORY_REGION,
		V.region(LOWCORE_SLOT, { flags = 0, guest_phys_addr = LOWCORE_GPA, memory_size = MiB,
			userspace_addr = addr }))
	vm.lowcore = rc == 0
	return rc
end

-- A memory slot consists of whole segments, in the VMM too.
P.slot_unit = MiB

-- Gives a new vCPU its prefix area, unless the argument lowcore is false.
function U.vcpu_created(vcpu, a)
	if a.lowcore == false then
		return 0
	end
	local rc = lowcore_slot(vcpu.vm)
	if rc < 0 then
		return rc
	end
	local run = X.run_address(vcpu)
	if run < 0 then
		return run
	end
	local prefix = LOWCORE_GPA + LOWCORE_BYTES * (vcpu.id % (MiB // LOWCORE_BYTES))
	rc = P.put(vcpu.proc, run, X.RUN, "s.regs.prefix", prefix)
	return rc < 0 and rc or P.put(vcpu.proc, run, X.RUN, "kvm_dirty_regs", K.KVM_SYNC_PREFIX)
end

-- KVM_GET_DEVICE_ATTR or KVM_SET_DEVICE_ATTR of the CPU model with data of any length. Returns the result; with success
-- also the data afterwards.
function V.cpu_model(vm, cmd, attr, data)
	local addr = P.scratch(vm.proc, DEVICE_ATTR:size() + #data)
	local buffer = addr + DEVICE_ATTR:size()
	local rc = core.user_write(vm.proc.pid, addr,
		DEVICE_ATTR:pack{ group = K.KVM_S390_VM_CPU_MODEL, attr = attr, addr = buffer } .. data)
	if rc >= 0 then
		rc = P.ioctl(vm.proc, vm.fd, cmd, addr)
	end
	return rc, rc == 0 and core.user_read(vm.proc.pid, buffer, #data) or nil
end
