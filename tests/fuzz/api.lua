-- SPDX-License-Identifier: GPL-2.0-only
-- Calls of the scenario language with random and absurd arguments: kvmsim and its kernel must survive them.
--
-- A wrong argument is an error that pcall() catches. A report of the machine (BUG, oops, WARN, checker, leak) fails the
-- scenario as usual. The numbers are the same each time: a seed per scenario.

local SEEDS <const>, CALLS <const> = 10, 80
local random = math.random

local function one_of(list)
	return list[random(#list)]
end

local loop = {}
loop.loop = loop

-- --- values ------------------------------------------------------------------------------------------------

local numbers <const> = { 0, 1, -1, 2, 3, 7, 8, 63, 64, 255, 256, 4095, 4096, 4097, 65535, 65536, 1 << 20, 1 << 21,
	(1 << 21) + 4096, 1 << 30, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32, 1 << 36, (1 << 44) - 4096,
		1 << 44, 1 << 46,
	(1 << 47) - 1, 1 << 47, 1 << 51, 1 << 52, 1 << 62, math.maxinteger, math.mininteger, -4096, -4095, -2 }
local odd <const> = { 1.5, -0.0, 2.0 ^ 53, 2.0 ^ 70, math.huge, -math.huge, 0 / 0, true, false, "", "x", "4K", "2M",
	"-1", "0x10",
	"1e3", "99999999999999999999", "0xfffffffffffffffffK", ("y"):rep(5000), {}, { 1, 2, 3 }, { [1.5] = {} },
		loop, print,
	coroutine.create(print), setmetatable({}, { __index = error, __len = function() return 1 << 40 end }) }

local function page()
	return random(0, 1023) << 12
end

local function absurd()
	local r = random(10)
	if r <= 5 then
		return one_of(numbers)
	elseif r <= 7 then
		return random(0)
	elseif r == 8 then
		return nil
	end
	return one_of(odd)
end

-- A plausible number, most of the time.
local function about(make)
	return function(g)
		if random(20) == 1 then
			return absurd()
		end
		return make(g)
	end
end
local function bits(mask)
	return about(function() return random(0) & mask end)
end
local function choice(...)
	local list = { ... }
	return about(function() return one_of(list) end)
end
-- For arguments whose other values are not mistakes, but endless, or refused by the model.
local function exactly(...)
	local list = { ... }
	return function() return one_of(list) end
end
local function from(name)
	return about(function(g)
		local list = g[name]
		return #list > 0 and one_of(list) or nil
	end)
end
local flag = choice(true, false)
local small = about(function() return random(0, 8) end)
local gpa = about(function() return random(3) == 1 and page() or page() + random(0, 4095) end)
local paged = about(page)
local size = about(function() return one_of{ 0, 4096, 8192, 65536, 1 << 20, 2 << 20, 4 << 20 } end)
local data = about(function() return ("z"):rep(one_of{ 0, 1, 2, 3, 4, 7, 8, 9, 100, 4096, 5000 }) end)
local length = about(function() return one_of{ 0, 1, 2, 3, 4, 7, 8, 9, 4096, 5000 } end)
local prot = choice("r", "rw", "rwx", "none", 0, 1, 2, 3, 4, 7)

-- A user address inside a mapping, approximately.
local address = about(function(g)
	local ram = g.mapping[random(math.max(1, #g.mapping))]
	return ram and ram.addr + page() or page()
end)

-- Arguments by name, each present or not; now and then one that no call knows.
local function named(fields)
	return function(g)
		if random(30) == 1 then
			return absurd()
		end
		local t = {}
		for name, make in pairs(fields) do
			if random(15) > 1 then
				t[name] = make(g)
			end
		end
		if random(40) == 1 then
			t[one_of{ "slots", "", "\0", 1 }] = absurd()
		end
		return t
	end
end

-- Arguments that belong together.
local function either(...)
	local list = { ... }
	return function(g) return one_of(list)(g) end
end

-- --- calls -------------------------------------------------------------------------------------------------

local region <const> = { slot = small, as_id = choice(0, 0, 1), flags = choice(0, 0, 1, 2, 3, 4),
	guest_phys_addr = paged,
	memory_size = size, userspace_addr = address }
local region2 <const> = { guest_memfd = from("file"), guest_memfd_offset = choice(0, 4096, 1 << 20) }
for k, v in pairs(region) do
	region2[k] = v
end
local user_mode = named{ user = flag }
-- s390: memory control and migration mode, not the groups that lead to refused things (cryptography, the CPU's model).
local attribute <const> = { group = exactly(KVM_S390_VM_MEM_CTRL, KVM_S390_VM_MIGRATION, 99), attr = small, flags = small,
	addr = choice(nil, 0, 4096) }
local set_attribute = either(named(attribute), named{ group = attribute.group, attr = small, flags = small, value = absurd })
local frame = about(function() return random(0, 1023) end)
local frames = about(function() return random(0, 300) end)
local interrupt <const> = { type = exactly(KVM_S390_INT_PFAULT_INIT, KVM_S390_INT_PFAULT_DONE, 0, 7),
	parm = bits(0xffffffff), parm64 = absurd }
local segment <const> = { user_addr = address, vcpu_addr = paged, length = size }
local one_reg = choice(KVM_REG_S390_PFTOKEN, KVM_REG_S390_PFCOMPARE, KVM_REG_S390_PFSELECT, 0)
local range = { paged, size }

-- Any command with any argument, except commands that ask the model for what it lacks (interrupts, SMM, registers that
-- would turn on 32-bit paging).
local ioctl <const> = {
	choice(KVM_CREATE_VM, KVM_CHECK_EXTENSION, KVM_GET_SUPPORTED_CPUID, KVM_SET_CPUID2, KVM_CREATE_VCPU, KVM_RUN,
		KVM_SET_USER_MEMORY_REGION, KVM_SET_USER_MEMORY_REGION2, KVM_GET_DIRTY_LOG, KVM_CLEAR_DIRTY_LOG,
			KVM_ENABLE_CAP,
		KVM_SET_MEMORY_ATTRIBUTES, KVM_CREATE_GUEST_MEMFD, KVM_IOEVENTFD, KVM_REGISTER_COALESCED_MMIO,
		KVM_UNREGISTER_COALESCED_MMIO, KVM_SET_TSS_ADDR, KVM_SET_IDENTITY_MAP_ADDR, KVM_SET_NR_MMU_PAGES,
			KVM_GET_REGS,
		KVM_GET_SREGS, KVM_TRANSLATE, KVM_PRE_FAULT_MEMORY, KVM_RESET_DIRTY_RINGS, 0, 0xae00, 0xffffffff),
	function(g)
		if random(2) == 1 then
			return random(2) == 1 and address(g) or absurd()
		end
		local words = {}
		for i = 1, random(40) do
			words[i] = string.pack("<i8", random(4) == 1 and random(0) or random(0, 16))
		end
		return table.concat(words)
	end,
}

local calls <const> = {
	process = {
		-- Not "pfnmap": KVM maps such a page even if the process has no access to it (hva_to_pfn_remapped()).
		mmap = { either(
			named{ length = size, prot = prot, flags = choice(0x22, 0x21, 0x32, 0x2022), addr = address, huge = flag },
			named{ length = size, prot = prot, huge = flag, hugetlb = choice(false, false, true),
				align = choice(4096, 2 << 20) },
			named{ length = size, prot = prot, flags = choice(1, 2, 0x11), addr = address, kind = exactly("shmem"),
				hugetlb = choice(false, false, true), offset = paged },
			named{ length = size, prot = prot, flags = choice(1, 2), huge = flag, file = from("file"), offset = paged }) },
		fork = {}, exit = {}, exec = { named{ pgste = flag } }, drop_capability = { small },
			kill = { small }, view = { from("mapping") },
			read = { address, length }, write = { address, data },
		-- With UFFD_FEATURE_SIGBUS nobody waits for a page.
		userfaultfd = { exactly({ flags = O_NONBLOCK, features = UFFD_FEATURE_SIGBUS },
			{ flags = O_NONBLOCK | UFFD_USER_MODE_ONLY, features = UFFD_FEATURE_SIGBUS }, { features = -1 }, 7) },
		-- Only eventfds that never make the only process wait.
		shmem = { size, choice(0, 0, MFD_HUGETLB) },
		eventfd = { small, exactly(EFD_NONBLOCK, EFD_NONBLOCK | EFD_SEMAPHORE, -1, "x") },
		hugetlb_pool = { choice(0, 64 << 10, 1 << 20, 2 << 20, 4096) },
		set_hugetlb_pool = { named{ size = choice(0, 64 << 10, 2 << 20, 4096), pages = choice(0, 1, 4),
			overcommit = choice(0, 4, 128) } },
		take_signal = {}, drop_slab = {}, khugepaged = {}, ksm_merge = { from("page"), from("page") },
			open_kvm = {},
	},
	mapping = {
		read = { paged, length }, write = { paged, data }, munmap = range, mprotect = { paged, size, prot },
		madvise = { paged, size, choice(MADV_DONTNEED, MADV_FREE, MADV_PAGEOUT, MADV_COLLAPSE, MADV_HUGEPAGE,
			MADV_NOHUGEPAGE, 0, 1, 2, 3) },
		mremap = { either(named{ offset = paged, old_length = size, new_length = size, flags = choice(0, 1) },
			named{ offset = paged, old_length = size, new_length = size, flags = choice(3, 3, 2, 5), new_addr = address }) },
		mlock = range, munlock = range, page = { small }, migrate = { paged }, swap_out = range,
			split_huge = { paged },
		collapse_huge = range, age = { paged }, pin = { paged, flag }, unpin = { paged },
	},
	userfaultfd = { register = { from("mapping"), small, paged, size }, unregister = { from("mapping"), paged, size },
		wake = { from("mapping"), paged, size }, read = {}, copy = { from("mapping"), paged, data, small },
		zeropage = { from("mapping"), paged, size, small }, continue = { from("mapping"), paged, size, small },
		poison = { from("mapping"), paged, size, small }, writeprotect = { from("mapping"), paged, size, small },
		rwprotect = { from("mapping"), paged, size, small }, set_mode = { named{ enable = small, disable = small } },
		move = { from("mapping"), paged, from("mapping"), paged, size, small }, close = {} },
	file = { fallocate = { named{ mode = choice(0, 1, 3), offset = paged, length = size } }, punch_hole = range,
		ftruncate = { size }, read = { length }, write = { data }, close = {} },
	kvm = { create_vm = { named{ type = choice(0, 0, 0, 1) } }, check_extension = { small }, get_api_version = {},
		get_vcpu_mmap_size = {}, ioctl = ioctl, close = {} },
	vm = {
		set_user_memory_region = { named(region) }, set_user_memory_region2 = { named(region2) },
		get_dirty_log = { named{ slot = small, as_id = choice(0, 0, 1) } },
		clear_dirty_log = { named{ slot = small, first_page = choice(0, 64), num_pages = choice(1, 64, 128),
			bitmap = either(from("dirty"), data, function() return ("\xa5"):rep(one_of{ 8, 16 }) end) } },
		enable_cap = { named{ cap = choice(KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, KVM_CAP_DIRTY_LOG_RING,
			KVM_CAP_S390_HPAGE_1M, 0, 7),
			flags = small,
			args = about(function() return { one_of{ 0, 1, 2, 3, 4096, 65536 }, absurd() } end) } },
		check_extension = { bits(0xff) }, create_guest_memfd = { named{ size = size, flags = choice(0, 0,
			1, 3) } },
		set_memory_attributes = { named{ address = paged, size = size, attributes = choice(0, 8),
			flags = choice(0, 0, 1) } },
		create_vcpu = { either(named{ id = small }, named{ id = small, cpuid = flag }) }, reset_dirty_rings = {},
		register_coalesced_mmio = { named{ addr = gpa, size = size, pio = choice(0, 0, 1) } },
		unregister_coalesced_mmio = { named{ addr = gpa, size = size, pio = choice(0, 0, 1) } },
		ioeventfd = { named{ addr = gpa, len = choice(0, 1, 2, 4, 8), datamatch = small, fd = from("file"),
			flags = choice(0, 1, 2, 4) } },
		via = { from("process") }, stats = {}, get_stats_fd = {}, ioctl = ioctl, close = {},
	},
	vcpu = {
		-- Every 8 bytes are one access, with a run of the checker.
		read = { gpa, exactly(0, 1, 2, 4, 7, 8, 100, 1.5, -1, "1K", 1 << 62, false), user_mode },
			write = { gpa, data, user_mode }, fetch = { gpa, user_mode },
		xchg = { gpa, data, user_mode }, run = {}, abandon = {},
		pre_fault_memory = { named{ gpa = paged, size = size, flags = choice(0, 0, 1) } },
			translate = { gpa },
		enable_cap = { named{ cap = small, flags = small } },
		map = { named{ from = paged, to = paged, size = size, prot = prot, user = flag, level = choice(1, 1,
			2, 3) } },
		pte = { paged, choice(nil, 1, 2, 4) }, set_pte = { paged, bits(0x3fffe7), choice(nil, 1, 2) },
		mmap = { named{ length = size, offset = choice(0, 4096, 8192, 64 * 4096), prot = prot, flags = choice(1, 2) } },
		dirty_ring = { choice(1, 64, 256, 4096) }, coalesced_ring = {}, stats = {}, get_stats_fd = {},
		ioctl = ioctl, close = {},
		workload = { named{ op = choice("read", "write", "fetch", "xchg"), range = choice({ 0, 65536 },
			{ 4096, 8 }, { 1 << 20, 1 << 20 }),
			stride = choice(1, 8, 4096), count = exactly(0, 1, 100) } },
	},
	exit = { complete = { data } },
	ring = { collect = { small } }, coalesced = { take = {} },
	dirty = { count = {}, pages = {}, test = { small }, add = { from("dirty") } },
}
-- What only one architecture has, by class.
local x86_64 <const> = {
	vm = { set_tss_addr = { paged }, set_identity_map_addr = { paged }, set_nr_mmu_pages = { bits(0xff) },
		get_nr_mmu_pages = {} },
	vcpu = {
		invlpg = { gpa, user_mode }, load_cr3 = { paged, user_mode }, get_regs = {}, get_sregs = {},
		set_regs = { named{ rax = absurd, rip = absurd, rsp = absurd, rflags = choice(2, 0x202) } },
		set_sregs = { named{ cr0 = exactly(0x10, 0x11, 0x60000010), cr2 = absurd, cr3 = paged,
			cr4 = exactly(0x20, 0xa0), cr8 = small, efer = choice(0, 0x500, 0xd00),
			cs = named{ base = absurd, limit = bits(0xffffffff), selector = bits(0xffff), type = small,
				l = choice(0, 1) } } },
		set_paging = { named{ levels = choice(4, 4, 5), tables = paged, size = choice(1 << 16, 1 << 18) } },
		get_msr = { choice(0x4b564d00, 0x4b564d01, 0xc0000080, 0) },
		set_msr = { choice(0x4b564d00, 0x4b564d01), gpa },
		share_paging = { from("vcpu") }, reload_cr3 = {}, table_window = {},
	},
}
-- The model refuses instructions of other kinds, and some forms of these.
local s390x_vcpu <const> = {
	s390_vcpu_fault = { gpa }, s390_ucas_map = { named(segment) }, s390_ucas_unmap = { named{ vcpu_addr = paged, length = size } },
	s390_interrupt = { named(interrupt) }, get_one_reg = { one_reg }, set_one_reg = { one_reg, absurd },
	sske = { gpa, bits(0xff), named{ nq = flag, mr = flag, mc = flag, mb = flag } }, iske = { gpa }, rrbe = { gpa },
	essa = { gpa, small }, pfmf = { gpa, exactly(0x20000, 0x20030, 0x21050, 0x10000, 0x12000, 1 << 31) },
	tprot = { gpa, small }, ptlb = {}, ipte = { named{ table = paged, addr = gpa, ["local"] = flag } },
	idte = { either(named{ asce = absurd, ["local"] = flag }, named{ table = paged, addr = paged, ["local"] = flag }) },
	-- Bounded: KVM goes through all segments of a range, however long (docs/findings.md).
	diag10 = { page, page }, mvpg = { gpa, gpa }, get_regs = {}, set_regs = { about(function() return { [random(0, 15)] = absurd() } end) },
	insn = { named{ text = exactly(0xb2290012, 0xb22a0012, 0x83120010, 0x8312009c, 0xb9af0012, 0, 0x0a01),
		length = exactly(2, 4, 6, 3), regs = about(function() return { [1] = absurd(), [2] = absurd() } end) } },
}
-- Nested guests with a KVM that does not interpret SIE (tests/fuzz/s390x_vsie.lua has the other kind).
local state <const> = named{ addr = paged, prefix = choice(0, 8192, 1), mso = paged, msl = absurd, cpuflags = bits(0xffff),
	gcr1 = absurd, ecb = small, scaol = gpa, gpsw_mask = absurd, icptcode = small }
local s390x_nested <const> = { set = { state }, get = {}, read = { gpa, exactly(0, 1, 7, 8, 100, false) }, write = { gpa, data },
	fetch = { gpa }, xchg = { gpa, data }, insn = s390x_vcpu.insn, sie = {}, workload = calls.vcpu.workload }
s390x_vcpu.nested = { state }
local s390x <const> = {
	vm = {
		set_device_attr = { set_attribute }, get_device_attr = { named(attribute) },
			has_device_attr = { named(attribute) },
		create_device = { named{ type = exactly(0, KVM_DEV_TYPE_FLIC, 99), flags = choice(0, 0, 1) } },
		s390_get_skeys = { named{ start_gfn = frame, count = frames, flags = choice(0, 0, 1) } },
		s390_set_skeys = { named{ start_gfn = frame, keys = data, flags = choice(0, 0, 1) } },
		s390_get_cmma_bits = { named{ start_gfn = frame, count = frames, flags = choice(0, 1, 2) } },
		s390_set_cmma_bits = { named{ start_gfn = frame, values = data, mask = absurd, flags = choice(0, 0, 1) } },
		s390_interrupt = { named(interrupt) },
		get_cpu_facilities = {}, get_host_facilities = {},
		set_cpu_facilities = { about(function() return { [random(0, 200)] = random(2) == 1 } end) },
		set_cpu_feat = { choice("host", {}, { 1 }, { 1024 }, { 0, 2, 14 }) },
	},
	device = { set_device_attr = { set_attribute }, get_device_attr = { named(attribute) },
		has_device_attr = { named(attribute) }, close = {} },
	vcpu = s390x_vcpu, nested = s390x_nested,
}
-- Calls that stop a vCPU for good, timers, and registers of stage 1 that the language's own tables need are left out.
local psci = exactly(PSCI_0_2_FN_PSCI_VERSION, PSCI_0_2_FN64_AFFINITY_INFO, 0x8400000a, 0x80000000, 0x84000050,
	0xc6000000, 0, -1)
local arm_call <const> = named{ imm = choice(0, 0, 1, 0xffff), x0 = psci, x1 = absurd, x2 = gpa }
local arm_reg = exactly("contextidr_el1", "far_el1", "par_el1", "tpidr_el0", "amair_el1", "vbar_el1", "midr_el1",
	"S3_3_C13_C0_2")
local arm_init = named{ target = choice(nil, nil, nil, 5, 0), features = choice(nil, nil, {}, { KVM_ARM_VCPU_PSCI_0_2 },
	{ KVM_ARM_VCPU_EL1_32BIT }, { KVM_ARM_VCPU_SVE }, { 31 }) }
local arm64 <const> = {
	kvm = { create_vm = { named{ type = exactly(0, 0, 0, 31, 32, 36, 40, 48, 49, 64, -1) } } },
	vm = { enable_cap = { named{ cap = choice(KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, KVM_CAP_DIRTY_LOG_RING_ACQ_REL,
		KVM_CAP_DIRTY_LOG_RING_WITH_BITMAP, KVM_CAP_ARM_EAGER_SPLIT_CHUNK_SIZE, KVM_CAP_ARM_LOCK_USER_MEMORY_REGION,
		KVM_CAP_ARM_LOCK_USER_MEMORY_REGION, KVM_CAP_ARM_NISV_TO_USER, 0, 7), flags = small,
		args = about(function() return { one_of{ 0, 0, 1, 2, 3, 4096, 65536, 1 << 21 }, absurd() } end) } },
		gic_write = { gpa, absurd } },
	vcpu = {
		init = { arm_init }, get_regs = {},
		set_regs = { named{ x5 = absurd, sp = absurd, pc = paged, pstate = exactly(PSR_MODE_EL1h, PSR_MODE_EL1t, 0xd) } },
		get_sysreg = { arm_reg }, set_sysreg = { arm_reg, absurd }, mrs = { arm_reg }, msr = { arm_reg, absurd },
		set_mp_state = { exactly(KVM_MP_STATE_RUNNABLE, 99) }, get_mp_state = {},
		set_paging = { named{ granule = choice("4K", "4K", "16K", "64K"), va_bits = choice(48, 39, 36), tables = paged,
			size = choice(1 << 17, 1 << 18), ha = flag, hd = flag, asid = bits(0xffff) } },
		share_paging = { from("vcpu") }, table_window = {},
		tlb_invalidate = { named{ addr = gpa, asid = bits(0xffff), ["local"] = flag } },
		tlbi = { choice("vmalle1", "vmalle1is", "vae1", "vae1is", "vaale1is", "aside1is", "rvae1is"),
			choice(nil, 0, 1 << 48) },
		dc = { choice("civac", "cvac", "cvau", "isw", "cisw"), gpa }, ic = { choice("ivau", "iallu", "ialluis"),
			choice(nil, 0x1000) },
		at = { choice("s1e1r", "s1e1w", "s1e0r", "s1e0w"), gpa }, hvc = { arm_call }, smc = { arm_call },
		insn = { named{ text = exactly(0xd503201f, 0xd50330df, 0xd5033f9f, 0xd4000001, 0xffffffff, 0, 1 << 40) } },
	},
}
-- How often each class is called.
local classes <const> = { "process", "process", "mapping", "mapping", "mapping", "file", "kvm", "vm", "vm", "vm",
	"vm", "vcpu", "vcpu",
	"vcpu", "vcpu", "vcpu", "vcpu", "exit", "dirty", "ring", "userfaultfd", "coalesced", "device", "nested" }

-- --- running -----------------------------------------------------------------------------------------------

-- Objects that a call returned are used from now on.
local function keep(g, value)
	local class = type(value) == "table" and tostring(value):match("^(%a+)")
	local list = class and g[class]
	if list and not rawequal(value, list[#list]) then
		list[#list + 1] = value
	end
end

local function add_calls(more)
	for class, methods in pairs(more) do
		calls[class] = calls[class] or {}
		for name, args in pairs(methods) do
			calls[class][name] = args
		end
	end
end

local function start(sim)
	local g = { page = {} }
	for class in pairs(calls) do
		g[class] = {}
	end
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "4M" }
	local kvm = vmm:open_kvm()
	local vm = kvm:create_vm()
	vm:set_user_memory_region{ slot = 0, guest_phys_addr = 0, memory_size = "4M", userspace_addr = ram }
	for _, object in ipairs{ vmm, ram, kvm, vm, vm:create_vcpu(), vmm:shmem("1M"), ram:page(0) } do
		keep(g, object)
	end
	return g
end

-- Returns how many calls succeeded: 0 or 1.
local function one_call(g)
	local class = one_of(classes)
	local objects = g[class] or {}
	local object = objects[random(math.max(1, #objects))]
	if not object then
		return 0
	end
	local names = {}
	for name in pairs(calls[class]) do
		names[#names + 1] = name
	end
	local name = one_of(names)
	-- The end of everything comes late.
	if (name == "exit" or name == "exec" or name == "close" or name == "munmap") and random(8) > 1 then
		return 0
	end
	local args, n = {}, #calls[class][name]
	for i = 1, n do
		args[i] = calls[class][name][i](g)
	end
	if random(20) == 1 and name ~= "userfaultfd" then	-- without its features, accesses would wait
		n = random(0, n)
	elseif random(20) == 1 then
		n = n + 1
		args[n] = absurd()
	end
	local ok, value = pcall(object[name], object, table.unpack(args, 1, n))
	if ok then
		keep(g, value)
	end
	return ok and 1 or 0
end

for seed = 1, SEEDS do
	scenario(("absurd arguments, seed %d"):format(seed), {
		mmu = { "ept", "npt", "shadow", "sie", "hpage", "old", "vhe" },
	}, function(sim)
		math.randomseed(seed)
		add_calls(({ s390x = s390x, x86_64 = x86_64, arm64 = arm64 })[sim.arch])
		-- The model refuses it if one VM brought huge pages and another one CMMA.
		if sim.mmu == "hpage" then
			calls.vcpu.essa = nil
		end
		local g = start(sim)
		local through = 0
		for _ = 1, CALLS do
			through = through + one_call(g)
		end
		expect(through):ge(CALLS // 4)	-- else this would test only the checking of arguments
	end)
end
