-- SPDX-License-Identifier: GPL-2.0-only
-- /dev/kvm and the VM: the memory ioctls under their own names.
local core, M = ...
local A, C, P, D, N = M.args, M.class, M.process, M.dirty, M.kernel
local V = {}
M.vm = V

local K = core.constants
local rep = string.rep
local type, next = type, next
local ioctl, ioctl_struct = P.ioctl, P.ioctl_struct
local required = A.required

local REGION <const> = N.struct("kvm_userspace_memory_region")
local REGION2 <const> = N.struct("kvm_userspace_memory_region2")
local DIRTY_LOG <const>, CLEAR_LOG <const> = N.struct("kvm_dirty_log"), N.struct("kvm_clear_dirty_log")
local ENABLE_CAP <const>, IOEVENTFD <const> = N.struct("kvm_enable_cap"), N.struct("kvm_ioeventfd")
local GUEST_MEMFD <const>, ATTRIBUTES <const> = N.struct("kvm_create_guest_memfd"), N.struct("kvm_memory_attributes")
local ZONE <const> = N.struct("kvm_coalesced_mmio_zone")

-- log2 of the bytes of the machine's page.
local shift
function V.page_shift()
	if not shift then
		shift = 12
		while 1 << shift < core.page_size() do
			shift = shift + 1
		end
	end
	return shift
end
local page_shift <const> = V.page_shift

V.kvm = C.new("kvm", { "fd" })
V.vm = C.new("vm", { "fd" })

function V.kvm_object(proc, fd)
	return C.object(V.kvm, { proc = proc, fd = fd })
end

-- The states of all VMs of the scenario, for kvmsim show. A VM may be closed.
V.all = {}

local function vm_object(proc, fd, slots, vcpus)
	local vm = C.object(V.vm, { proc = proc, fd = fd, slots = slots, vcpus = vcpus })
	V.all[#V.all + 1] = C.states[vm]
	return vm
end

-- Takes a number, or a structure as its bytes. For a structure also returns what the kernel left there, in any case.
local function raw_ioctl(s, what, cmd, arg, out_bytes)
	cmd = A.u64(what .. ": cmd", cmd)
	if type(arg) == "string" then
		if A.whole(arg) then
			A.refuse(what .. ": arg", "a number or the bytes of a structure: this could be either, write a number", arg)
		end
		A.string(what .. ": arg", arg, 1 << 20)
		return ioctl_struct(s.proc, s.fd, cmd, arg,
			out_bytes and A.int(what .. ": out_bytes", out_bytes, 0, #arg))
	end
	if out_bytes ~= nil then
		A.fail("%s: out_bytes: only with the bytes of a structure", what)
	end
	return ioctl(s.proc, s.fd, cmd, arg == nil and 0 or A.u64(what .. ": arg", arg))
end
V.raw_ioctl = raw_ioctl

local function check_extension(s, what, cap)
	return ioctl(s.proc, s.fd, K.KVM_CHECK_EXTENSION, A.u64(what .. ": cap", cap))
end

-- cpu_feat: see vm:set_cpu_feat().
local create_schema = { type = { A.u64, 0 }, cpu_feat = { A.only("s390x", function(_, v) return v end) } }

-- The files of an architecture may define it: prepares a new VM, a: the arguments of kvm:create_vm(). 0 or -errno.
function V.vm_created()
	return 0
end

local function create_vm(s, what, t)
	local a = A.table(what, t or {}, create_schema)
	local fd = ioctl(s.proc, s.fd, K.KVM_CREATE_VM, a.type)
	if fd < 0 then
		return fd
	end
	local vm = vm_object(s.proc, fd, {}, {})
	local rc = V.vm_created(C.states[vm], what, a)
	if rc < 0 then
		P.close(C.states[vm])
		return rc
	end
	return vm
end

C.methods(V.kvm, {
	create_vm = create_vm,
	check_extension = check_extension,
	get_api_version = function(s) return ioctl(s.proc, s.fd, K.KVM_GET_API_VERSION) end,
	get_vcpu_mmap_size = function(s) return ioctl(s.proc, s.fd, K.KVM_GET_VCPU_MMAP_SIZE) end,
	ioctl = raw_ioctl,
	close = P.close,
})

local function user_address(what, v)
	local s = type(v) == "table" and C.states[v]
	if s and s.class == P.mapping then
		return s.addr
	end
	return A.u64(what, v)
end
V.user_address = user_address

local region_schema = {
	slot = { A.u32, required }, as_id = { function(what, v) return A.int(what, v, 0, 0xffff) end, 0 },
		flags = { A.u32, 0 },
	guest_phys_addr = { A.u64, 0 }, memory_size = { A.u64, required }, userspace_addr = { user_address, 0 },
}
local region2_schema = {
	guest_memfd = { P.fd, 0 }, guest_memfd_offset = { A.u64, 0 },
}
for k, v in next, region_schema, nil do
	region2_schema[k] = v
end

V.region_schema = region_schema

-- Remembers what a VMM knows of its own slots: sizes of bitmaps, and where guest memory is in the process.
local function remember(s, slot, a, rc)
	if rc ~= 0 then
		return
	end
	if a.memory_size == 0 then
		s.slots[slot] = nil
	else
		s.slots[slot] = {
			base_gfn = a.guest_phys_addr >> page_shift(), npages = a.memory_size >> page_shift(),
				addr = a.userspace_addr,
		}
	end
end

V.remember = remember

-- The bytes of struct kvm_userspace_memory_region.
function V.region(slot, a)
	return REGION:pack{ slot = slot, flags = a.flags, guest_phys_addr = a.guest_phys_addr,
		memory_size = a.memory_size, userspace_addr = a.userspace_addr }
end

local function set_region(s, what, t)
	local a = A.table(what, t, region_schema)
	local slot = a.slot | a.as_id << 16
	local rc = ioctl_struct(s.proc, s.fd, K.KVM_SET_USER_MEMORY_REGION, V.region(slot, a))
	remember(s, slot, a, rc)
	return rc
end

local function set_region2(s, what, t)
	local a = A.table(what, t, region2_schema)
	local slot = a.slot | a.as_id << 16
	local rc = ioctl_struct(s.proc, s.fd, K.KVM_SET_USER_MEMORY_REGION2,
		REGION2:pack{ slot = slot, flags = a.flags, guest_phys_addr = a.guest_phys_addr,
			memory_size = a.memory_size, userspace_addr = a.userspace_addr,
			guest_memfd_offset = a.guest_memfd_offset, guest_memfd = a.guest_memfd })
	remember(s, slot, a, rc)
	return rc
end

local function known_slot(s, slot)
	return s.slots[slot] or { base_gfn = 0, npages = 64, addr = 0 }
end

local dirty_schema = { slot = { A.u32, required }, as_id = region_schema.as_id }

-- The data of the ioctl follow its structure in the scratch buffer.
local function get_dirty_log(s, what, t)
	local a = A.table(what, t, dirty_schema)
	local slot = a.slot | a.as_id << 16
	local k = known_slot(s, slot)
	local bytes = (k.npages + 63) // 64 * 8
	if k.npages < 0 or bytes > 32 << 20 then
		A.fail("%s: the slot is too large for a bitmap in Lua", what)
	end
	local addr = P.scratch(s.proc, DIRTY_LOG:size() + bytes)
	local bitmap = addr + DIRTY_LOG:size()
	local rc = core.user_write(s.proc.pid, addr, DIRTY_LOG:pack{ slot = slot, dirty_bitmap = bitmap })
	rc = rc < 0 and rc or core.syscall(s.proc.pid, core.SYS_IOCTL, s.fd, K.KVM_GET_DIRTY_LOG, addr)
	if rc < 0 then
		return rc
	end
	return D.new(a.slot, k.base_gfn, k.npages, core.user_read(s.proc.pid, bitmap, bytes))
end

local function bitmap_argument(what, v)
	if type(v) == "table" then
		return C.state(what, v, D.dirty)
	end
	return A.string(what, v, 32 << 20)
end

local clear_schema = {
	slot = { A.u32, required }, as_id = region_schema.as_id, first_page = { A.u64, 0 }, num_pages = { A.u32 },
	bitmap = { bitmap_argument },
}

local function clear_dirty_log(s, what, t)
	local a = A.table(what, t, clear_schema)
	local slot = a.slot | a.as_id << 16
	local k = known_slot(s, slot)
	local n = a.num_pages or k.npages - a.first_page
	if n < 0 or n > 1 << 28 then
		A.fail("%s: num_pages: expected 0 to %d, got %d", what, 1 << 28, n)
	end
	local bitmap, bytes = a.bitmap, (n + 63) // 64 * 8
	if not bitmap then
		bitmap = rep("\xff", bytes)
	elseif type(bitmap) == "table" then
		bitmap = D.bitmap(bitmap, a.first_page, n)
	elseif #bitmap ~= bytes then
		A.fail("%s: bitmap: expected %d bytes for %d pages, got %d", what, bytes, n, #bitmap)
	end
	local addr = P.scratch(s.proc, CLEAR_LOG:size() + #bitmap)
	local rc = core.user_write(s.proc.pid, addr, CLEAR_LOG:pack{ slot = slot, num_pages = n,
		first_page = a.first_page, dirty_bitmap = addr + CLEAR_LOG:size() } .. bitmap)
	return rc < 0 and rc or core.syscall(s.proc.pid, core.SYS_IOCTL, s.fd, K.KVM_CLEAR_DIRTY_LOG, addr)
end

local function cap_args(what, v)
	return A.list(what, v, 4, A.u64)
end

local cap_schema = { cap = { A.u32, required }, flags = { A.u32, 0 }, args = { cap_args, {} } }

function V.enable_cap(s, what, t)
	local a = A.table(what, t, cap_schema)
	local args = a.args
	return (ioctl_struct(s.proc, s.fd, K.KVM_ENABLE_CAP, ENABLE_CAP:pack{ cap = a.cap, flags = a.flags,
		["args[0]"] = args[1], ["args[1]"] = args[2], ["args[2]"] = args[3], ["args[3]"] = args[4] }))
end

local gmem_schema = { size = { A.u64, required }, flags = { A.u64, 0 } }
local populate_schema = { gpa = { A.u64, required }, size = { A.u64, required }, source = { user_address, 0 } }
local attr_schema = { address = { A.u64, required }, size = { A.u64, required }, attributes = { A.u64, required },
	flags = { A.u64, 0 } }
local zone_schema = { addr = { A.u64, required }, size = { A.u32, required }, pio = { A.u32, 0 } }
local ioeventfd_schema = { datamatch = { A.u64, 0 }, addr = { A.u64, required }, len = { A.u32, 0 },
	fd = { P.fd, required },
	flags = { A.u32, 0 } }

local vcpu_schema = { id = { A.u64 }, cpuid = { A.only("x86_64", A.boolean) },
	lowcore = { A.only("s390x", A.boolean) },
	init = { A.only("arm64", function(what, v) return M.vcpu.init_argument(what, v) end) } }

-- With the first steps of a VMM, which depend on the architecture.
local function create_vcpu(s, what, t)
	local a = type(t) == "table" and A.table(what, t, vcpu_schema)
		or { id = t ~= nil and A.u64(what .. ": id", t) or nil }
	local id = a.id or #s.vcpus
	local fd = ioctl(s.proc, s.fd, K.KVM_CREATE_VCPU, id)
	if fd < 0 then
		return fd
	end
	local vcpu = M.vcpu.vcpu_object(s, fd, id)
	s.vcpus[#s.vcpus + 1] = vcpu
	local rc = M.vcpu.vcpu_created(C.states[vcpu], a)
	if rc < 0 then
		P.close(C.states[vcpu])
		return rc
	end
	return vcpu
end

local loop_schema = {
	of = { A.string, A.required }, first = { A.u64, 0 }, stride = { A.u64, 1 }, range = { A.u64, A.required },
	count = { A.u64, A.required }, order = { A.string, "ascending" },
}

-- A loop over one kernel function, for benches: its look-ups that found something.
local function loop(s, what, t)
	local a = A.table(what, t, loop_schema)
	if a.of ~= "gfn_to_memslot" and a.of ~= "gfn_to_pfn" and a.of ~= "gfn_to_hva" then
		A.refuse(what .. ": of", "gfn_to_memslot, gfn_to_pfn or gfn_to_hva", a.of)
	end
	if a.order ~= "ascending" and a.order ~= "random" then
		A.refuse(what .. ": order", "ascending or random", a.order)
	end
	if a.stride < 1 or a.stride > a.range then
		A.refuse(what .. ": stride", "1 to the range", a.stride)
	end
	return core.measure_loop(a.of, s.proc.pid, s.fd, a.first, a.stride, a.range, a.count, a.order == "random")
end

local function zone_ioctl(cmd)
	return function(s, what, t)
		local a = A.table(what, t, zone_schema)
		return (ioctl_struct(s.proc, s.fd, K[cmd], ZONE:pack(a)))
	end
end

C.methods(V.vm, {
	set_user_memory_region = set_region,
	set_user_memory_region2 = set_region2,
	get_dirty_log = get_dirty_log,
	clear_dirty_log = clear_dirty_log,
	enable_cap = V.enable_cap,
	check_extension = check_extension,
	create_guest_memfd = function(s, what, t)
		local a = A.table(what, t, gmem_schema)
		local fd = ioctl_struct(s.proc, s.fd, K.KVM_CREATE_GUEST_MEMFD, GUEST_MEMFD:pack(a))
		return fd < 0 and fd or P.fd_object(s.proc, fd, "guest_memfd")
	end,
	set_memory_attributes = function(s, what, t)
		local a = A.table(what, t, attr_schema)
		return (ioctl_struct(s.proc, s.fd, K.KVM_SET_MEMORY_ATTRIBUTES, ATTRIBUTES:pack(a)))
	end,
	populate = function(s, what, t)
		local a = A.table(what, t, populate_schema)
		return core.event(s.proc.pid, core.EV_POPULATE, s.fd, a.gpa, a.size, a.source)
	end,
	gic_write = function(s, what, gpa, value)
		return core.event(s.proc.pid, core.EV_GIC_WRITE, s.fd, A.u64(what .. ": gpa", gpa),
			A.u64(what .. ": value", value))
	end,
	create_vcpu = create_vcpu,
	reset_dirty_rings = function(s) return ioctl(s.proc, s.fd, K.KVM_RESET_DIRTY_RINGS) end,
	create_irqchip = function(s) return ioctl(s.proc, s.fd, K.KVM_CREATE_IRQCHIP) end,
	register_coalesced_mmio = zone_ioctl("KVM_REGISTER_COALESCED_MMIO"),
	unregister_coalesced_mmio = zone_ioctl("KVM_UNREGISTER_COALESCED_MMIO"),
	ioeventfd = function(s, what, t)
		local a = A.table(what, t, ioeventfd_schema)
		return (ioctl_struct(s.proc, s.fd, K.KVM_IOEVENTFD, IOEVENTFD:pack(a)))
	end,
	ioctl = raw_ioctl,
	loop = loop,
	close = P.close,
	-- The same VM fd, used by another process that inherited it.
	via = function(s, what, process)
		local p = C.state(what .. ": process", process, P.process)
		return vm_object(p, s.fd, s.slots, s.vcpus)
	end,
})

-- Where gpa is in the VMM's memory, or nil.
function V.gpa_to_user(s, gpa)
	for slot, k in next, s.slots, nil do
		local gfn = gpa >> page_shift()
		if slot < 0x10000 and gfn >= k.base_gfn and gfn < k.base_gfn + k.npages then
			return k.addr + gpa - (k.base_gfn << page_shift())
		end
	end
end

