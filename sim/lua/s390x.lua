-- SPDX-License-Identifier: GPL-2.0-only
-- s390x guest state: where the vCPU's prefix area lies.
local core, M = ...
local P, V, X, U = M.process, M.vm, M.exits, M.vcpu

local K = core.constants
local pack = string.pack

local MiB <const> = 1 << 20
local LOWCORE_SLOT <const>, LOWCORE_GPA <const> = 32766, 0x7ff00000
local LOWCORE_BYTES <const> = 8192
-- Offset in struct kvm_run; struct kvm_sync_regs follows, with the prefix first.
local KVM_RUN_DIRTY_REGS <const> = 312

-- KVM keeps the two pages at a vCPU's prefix mapped writable, and stores program interruptions there. A separate slot
-- keeps that away from the memory under test. 0 or -errno.
local function lowcore_slot(vm)
	if vm.lowcore then
		return 0
	end
	local addr = P.map_aligned(vm.proc, MiB, MiB)
	local rc = addr < 0 and addr or P.ioctl_struct(vm.proc, vm.fd, K.KVM_SET_USER_MEMORY_REGION,
		pack("<I4I4i8i8i8", LOWCORE_SLOT, 0, LOWCORE_GPA, MiB, addr))
	vm.lowcore = rc == 0
	return rc
end

-- Gives a new vCPU its prefix area. 0 or -errno.
function U.set_lowcore(vcpu)
	local rc = lowcore_slot(vcpu.vm)
	if rc < 0 then
		return rc
	end
	local run = X.run_address(vcpu)
	if run < 0 then
		return run
	end
	return core.user_write(vcpu.proc.pid, run + KVM_RUN_DIRTY_REGS,
		pack("<i8i8", K.KVM_SYNC_PREFIX, LOWCORE_GPA + LOWCORE_BYTES * (vcpu.id % (MiB // LOWCORE_BYTES))))
end
