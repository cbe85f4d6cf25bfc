-- SPDX-License-Identifier: GPL-2.0-only
-- As a booted kernel answers: dirty logs and rings, what the VMM's memory management does, MMIO without exits.

local B = require("booted")
local answer, region, options, PAGE <const> = B.answer, B.region, B.options, B.PAGE
local SIZE <const>, DEVICE <const> = 64 * PAGE, B.DEVICE

-- A guest with 64 pages; fn(gfn, offset, bytes) writes, log() gets the log of its slot, set(flags) sets its flags.
local function guest(sim, flags)
	local vm, ram, vmm = B.vm(sim, SIZE, flags)
	local vcpu = vm:create_vcpu()
	local function write(gfn, offset, n)
		vcpu:write(gfn * PAGE + (offset or 0), B.bytes(1, n or 8))
	end
	local function log(slot, as_id)
		return vm:get_dirty_log{ slot = slot or 0, as_id = as_id or 0 }
	end
	local function set(new)
		return region(vm, 0, new, 0, SIZE, ram.addr)
	end
	return { vm = vm, ram = ram, vmm = vmm, vcpu = vcpu, write = write, log = log, set = set }
end

local function pages(name, log)
	answer(name, table.concat(log:pages(), ",") .. (log:count() > 0 and "," or ""))
end

scenario("booted kernel: the dirty log", options, function(sim)
	local g = guest(sim)

	answer("log.off", g.log())
	g.write(3)
	answer("log.on", g.set(KVM_MEM_LOG_DIRTY_PAGES))
	local first = g.log()
	answer("log.get", B.rc(first))
	pages("log.first", first)
	g.write(5)
	g.write(63, 0, 1)
	B.read("log.rd", g.vcpu, 9 * PAGE)
	g.write(3, 8, 4)
	g.ram:write(20 * PAGE, "the VMM")
	pages("log.writes", g.log())
	pages("log.again", g.log())
	g.write(5)
	pages("log.rewrite", g.log())
	answer("log.absent", g.log(3))
	answer("log.as1", g.log(0, 1))
	answer("log.slot-max", g.log(0x7fff))
	g.write(6)
	answer("log.fault", g.vm:ioctl(KVM_GET_DIRTY_LOG, string.pack("<I4I4i8", 0, 0, 8)))
	pages("log.after-fault", g.log())
	answer("clear.no-manual", g.vm:clear_dirty_log{ slot = 0, first_page = 0, num_pages = 64, bitmap = ("\0"):rep(8) })
	answer("log.off-again", g.set(0))
	answer("log.get-off", g.log())
	g = guest(sim, KVM_MEM_READONLY)
	answer("ro.log-on", g.set(KVM_MEM_READONLY | KVM_MEM_LOG_DIRTY_PAGES))
	g.write(1)
	pages("ro.log", g.log())
end)

local function manual(g, bits)
	return g.vm:enable_cap{ cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, args = { bits } }
end

scenario("booted kernel: KVM_CLEAR_DIRTY_LOG", options, function(sim)
	local g = guest(sim)
	local function clear(first, n, slot, as_id)
		return g.vm:clear_dirty_log{ slot = slot or 0, as_id = as_id or 0, first_page = first, num_pages = n,
			bitmap = n > 0 and "\2" .. ("\0"):rep(n > 64 and 15 or 7) or "" }
	end

	answer("manual.bad", manual(g, 4))
	answer("manual.only2", manual(g, 2))
	answer("manual.1", manual(g, 1))
	g.set(KVM_MEM_LOG_DIRTY_PAGES)
	g.write(1)
	g.write(40)
	pages("manual.get", g.log())
	pages("manual.get-again", g.log())
	for i, row in ipairs{ { 0, 63 }, { 1, 63 }, { 0, 128 }, { 64, 0 }, { 64, 64 }, { 128, 64 }, { 0, 0 }, { 0, 64, 5 },
		{ 0, 64, 0, 1 }, { -64, 64 } } do
		answer("clear." .. i - 1, clear(table.unpack(row)))
	end
	pages("clear.left0", g.log())
	answer("clear.ok", clear(0, 64))
	pages("clear.left", g.log())
	g.write(1)
	pages("clear.rewrite", g.log())
	g = guest(sim)
	answer("manual.3", manual(g, 3))
	g.set(KVM_MEM_LOG_DIRTY_PAGES)
	answer("manual.initially", g.log():count())
end)

-- --- rings ---------------------------------------------------------------------------------------------------------

local function ring(vm, size, flags)
	return vm:enable_cap{ cap = KVM_CAP_DIRTY_LOG_RING_ACQ_REL, flags = flags or 0, args = { size } }
end

scenario("booted kernel: which rings", options, function(sim)
	for _, size in ipairs{ 0, 16, 1000, 4096, 65536, 1 << 20, 1 << 21, 3 * 4096 } do
		answer("ring.size-" .. size, ring(sim:process():open_kvm():create_vm(), size))
	end
	answer("ring.not-acq-rel", sim:process():open_kvm():create_vm():enable_cap{ cap = KVM_CAP_DIRTY_LOG_RING,
		args = { 65536 } })
	answer("ring.flags", ring(sim:process():open_kvm():create_vm(), 65536, 1))
	local g = guest(sim)
	answer("ring.after-vcpu", ring(g.vm, 65536))
	answer("ring.reset-none", g.vm:reset_dirty_rings())
end)

scenario("booted kernel: a ring", options, function(sim)
	local vm, ram = B.vm(sim, SIZE)

	answer("ring.ok", ring(vm, 65536))
	answer("ring.twice", ring(vm, 65536))
	answer("ring.bitmap-with-slots", vm:enable_cap{ cap = KVM_CAP_DIRTY_LOG_RING_WITH_BITMAP })
	local vcpu = vm:create_vcpu()
	region(vm, 0, KVM_MEM_LOG_DIRTY_PAGES, 0, SIZE, ram.addr)
	answer("ring.get-log", vm:get_dirty_log{ slot = 0 })
	answer("ring.reset-empty", vm:reset_dirty_rings())
	for _, gfn in ipairs{ 7, 2, 7 } do
		vcpu:write(gfn * PAGE, "dirty")
	end
	local offset <const> = KVM_DIRTY_LOG_PAGE_OFFSET * PAGE
	local map = vcpu:mmap{ length = 65536, offset = offset, prot = "rw" }
	local function entry(name, i)
		answer(name, ("%x,%x,%x"):format(string.unpack("<I4I4i8", map:read(i * 16, 16))))
	end
	local function mapped(t)
		t.offset = offset
		return type(vcpu:mmap(t)) ~= "number" and 1 or 0
	end
	for i = 0, 2 do
		entry("ring.entry." .. i, i)
	end
	map:write(0, B.bytes(KVM_DIRTY_GFN_F_RESET, 4))
	answer("ring.reset1", vm:reset_dirty_rings())
	map:write(16, B.bytes(KVM_DIRTY_GFN_F_RESET, 4))
	answer("ring.reset2", vm:reset_dirty_rings())
	vcpu:write(7 * PAGE, "dirty")
	entry("ring.entry-next", 2)
	answer("ring.mmap-long", mapped{ length = 65536 + PAGE, prot = "rw" })
	answer("ring.mmap-exec", mapped{ length = 65536, prot = PROT_READ | PROT_EXEC })
	answer("ring.mmap-private", mapped{ length = 65536, prot = PROT_READ, flags = MAP_PRIVATE })
end)

-- --- the VMM's memory ----------------------------------------------------------------------------------------------

scenario("booted kernel: what the VMM does to its memory", options, function(sim)
	local g = guest(sim)
	local c, ram, vmm = g.vcpu, g.ram, g.vmm
	local fixed <const> = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED

	B.write("ev.write", c, 3 * PAGE, 0x31)
	answer("ev.vmm-sees", B.number(ram:read(3 * PAGE, 8)))
	ram:write(3 * PAGE, B.bytes(0x32, 8))
	B.read("ev.guest-sees", c, 3 * PAGE)
	ram:madvise(3 * PAGE, PAGE, MADV_DONTNEED)
	B.read("ev.dontneed", c, 3 * PAGE)
	ram:mprotect(3 * PAGE, PAGE, "r")
	B.read("ev.ro-read", c, 3 * PAGE)
	B.write("ev.ro-write", c, 3 * PAGE, 1)
	ram:mprotect(3 * PAGE, PAGE, "rw")
	B.write("ev.rw-write", c, 3 * PAGE, 0x33)
	ram:mprotect(3 * PAGE, PAGE, "none")
	B.read("ev.none-read", c, 3 * PAGE)
	ram:mprotect(3 * PAGE, PAGE, "rw")
	B.read("ev.back", c, 3 * PAGE)
	ram:munmap(4 * PAGE, PAGE)
	B.read("ev.unmapped", c, 4 * PAGE)
	B.write("ev.unmapped-write", c, 4 * PAGE, 1)
	answer("ev.fetch-unmapped", B.text(c:fetch(4 * PAGE)))
	vmm:mmap{ addr = ram.addr + 4 * PAGE, length = PAGE, flags = fixed }
	B.write("ev.remapped", c, 4 * PAGE, 0x34)
	local file = vmm:shmem(PAGE, 0)
	vmm:mmap{ addr = ram.addr + 8 * PAGE, length = 2 * PAGE, flags = MAP_SHARED | MAP_FIXED, file = file }
	B.write("ev.file", c, 8 * PAGE, 0x35)
	B.read("ev.file-end", c, 9 * PAGE)
	file:ftruncate(0)
	B.read("ev.truncated", c, 8 * PAGE)
	vmm:mmap{ addr = ram.addr + 10 * PAGE, length = PAGE, prot = PROT_WRITE, flags = fixed }
	B.write("ev.wronly", c, 10 * PAGE, 0x36)
	B.read("ev.wronly-read", c, 10 * PAGE)
	answer("ev.delete", region(g.vm, 0, 0, 0, 0, 0))
	B.read("ev.deleted", c, 3 * PAGE)
	answer("ev.back-at", region(g.vm, 0, 0, 2 * B.MiB, SIZE, ram.addr))
	B.read("ev.moved", c, 2 * B.MiB + 3 * PAGE)
end)

scenario("booted kernel: coalesced MMIO", options, function(sim)
	local g = guest(sim)
	local function zone(op, pio)
		return g.vm:ioctl(op, string.pack("<i8I4I4", DEVICE, 0x1000, pio or 0))
	end

	answer("coal.add", zone(KVM_REGISTER_COALESCED_MMIO))
	answer("coal.pio", zone(KVM_REGISTER_COALESCED_MMIO, 1))
	answer("coal.bad", zone(KVM_REGISTER_COALESCED_MMIO, 2))
	B.write("coal.write", g.vcpu, DEVICE + 0x10, 0x44, 4)
	B.read("coal.read", g.vcpu, DEVICE + 0x10, 4)
	answer("coal.del", zone(KVM_UNREGISTER_COALESCED_MMIO))
	answer("coal.del-again", zone(KVM_UNREGISTER_COALESCED_MMIO))
	B.write("coal.gone", g.vcpu, DEVICE + 0x10, 0x45, 4)
end)

scenario("booted kernel: ioeventfd", options, function(sim)
	local g = guest(sim)
	local event = g.vmm:eventfd(0, EFD_NONBLOCK)
	local function io(len, flags, fd)
		return g.vm:ioeventfd{ addr = DEVICE + 0x100, datamatch = 7, len = len, flags = flags, fd = fd or event }
	end
	local MATCH <const>, PIO <const>, REMOVE <const> = 1, 2, 4

	answer("ioev.add", io(4, MATCH))
	answer("ioev.again", io(4, MATCH))
	B.write("ioev.match", g.vcpu, DEVICE + 0x100, 7, 4)
	B.write("ioev.other", g.vcpu, DEVICE + 0x100, 8, 4)
	answer("ioev.len3", io(3, MATCH))
	answer("ioev.len0", io(0, MATCH))
	answer("ioev.len0-any", io(0, 0))
	answer("ioev.pio", io(0, PIO))
	answer("ioev.flags", io(0, 1 << 9))
	answer("ioev.badfd", io(4, 0, -1))
	answer("ioev.del-absent", io(4, REMOVE))
end)
