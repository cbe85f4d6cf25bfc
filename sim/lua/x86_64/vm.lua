-- SPDX-License-Identifier: GPL-2.0-only
-- The ioctls of a VM that only x86_64 has.
local core, M = ...
local A, C, P, V = M.args, M.class, M.process, M.vm

local K = core.constants
local pack = string.pack

C.methods(V.vm, {
	set_tss_addr = function(s, what, addr)
		return P.ioctl(s.proc, s.fd, K.KVM_SET_TSS_ADDR, A.u64(what .. ": addr", addr))
	end,
	set_identity_map_addr = function(s, what, addr)
		return (P.ioctl_struct(s.proc, s.fd, K.KVM_SET_IDENTITY_MAP_ADDR,
			pack("<i8", A.u64(what .. ": addr", addr))))
	end,
	set_nr_mmu_pages = function(s, what, n)
		return P.ioctl(s.proc, s.fd, K.KVM_SET_NR_MMU_PAGES, A.u64(what .. ": pages", n))
	end,
	get_nr_mmu_pages = function(s) return P.ioctl(s.proc, s.fd, K.KVM_GET_NR_MMU_PAGES) end,
})
