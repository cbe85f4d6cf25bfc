-- SPDX-License-Identifier: GPL-2.0-only
-- The ioctls of a VM that only x86_64 has.
local core, M = ...
local A, C, P, V, N = M.args, M.class, M.process, M.vm, M.kernel

local K = core.constants
local pack, next = string.pack, next

local REGION_EXT <const> = N.struct("kvm_userspace_memory_region_ext")
local region_ext_schema = { private_fd = { P.fd, 0 }, private_offset = { A.u64, 0 }, padding = { A.u32, 0 } }
for k, v in next, V.region_schema, nil do
	region_ext_schema[k] = v
end

-- KVM_SET_USER_MEMORY_REGION with all that KVM_MEM_PRIVATE makes it read. Padding is its last field.
local function set_region_ext(s, what, t)
	local a = A.table(what, t, region_ext_schema)
	local slot = a.slot | a.as_id << 16
	local rc = P.ioctl_struct(s.proc, s.fd, K.KVM_SET_USER_MEMORY_REGION,
		REGION_EXT:pack{ ["region.slot"] = slot, ["region.flags"] = a.flags,
			["region.guest_phys_addr"] = a.guest_phys_addr, ["region.memory_size"] = a.memory_size,
			["region.userspace_addr"] = a.userspace_addr, private_offset = a.private_offset,
			private_fd = a.private_fd, ["padding[4]"] = a.padding })
	V.remember(s, slot, a, rc)
	return rc
end

M.exits.more_reasons.KVM_EXIT_MEMORY_ERROR = { "memory.", function(s, f) s.memory_error = f end }

C.methods(V.vm, {
	set_user_memory_region_ext = set_region_ext,
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
