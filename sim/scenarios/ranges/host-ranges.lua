-- SPDX-License-Identifier: GPL-2.0-only
-- Events of the host's memory over a part of a slot (kvm_handle_hva_range(), virt/kvm/kvm_main.c): exactly its pages
-- are taken from the guest, at every border that a slot may have.

local layouts = require("layouts")
local x86 = { arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "shadow", "vhe" } }
local s390 = { arch = "s390x", mmu = { "sie", "old" } }
local PAGE <const> = 4096
local ZERO <const> = ("\0"):rep(9)

local function failed(sim)
	local exception = sim.arch == "s390x" and not sim:kernel_since("7.0")
	return exception and { exception = { vector = 5 } } or { ret = -EFAULT }
end

-- An event runs over the range [a, b). `after` judges a page of it; one that is `gone` has no mapping until then. Pages
-- outside stay as they are. Where the event splits an area of the VMM, mm may take the neighbours away as well.
local function empty(g, p)
	expect(g.vcpu:read(g.at(p), 9)):eq(ZERO)
end

local function same_data(g, p)
	expect(g.vcpu:read(g.at(p), 9)):eq(layouts.data(p))
	expect(g.mapping(p).page):eq(g.ram:page(g.offset(p) // PAGE))
end

local events = {
	{ "MADV_DONTNEED", gone = true, after = empty, run = function(g, a, b)
		expect(g.ram:madvise(g.offset(a), (b - a) * PAGE, MADV_DONTNEED)):eq(0)
	end },
	{ "migration of each page", gone = true, after = same_data, some = true, run = function(g, a, b)
		for p = a, b - 1 do
			expect(g.ram:migrate(g.ram:page(g.offset(p) // PAGE))):eq(0)
		end
	end },
	{ "a shared file is cut", kind = "shmem", gone = true, after = empty, to_end = true, run = function(g, a)
		expect(g.ram.file:ftruncate(g.offset(a))):eq(0)
		expect(g.ram.file:ftruncate(g.ram.length)):eq(0)
	end },
	{ "mremap() moves it, and back", after = same_data, split = true, run = function(g, a, b)
		local flags, size = MREMAP_MAYMOVE | MREMAP_FIXED, (b - a) * PAGE
		local place = g.vmm:mmap{ length = size, prot = "none" }
		local moved = g.ram:mremap{ offset = g.offset(a), old_length = size, new_length = size, flags = flags,
			new_addr = place.addr }
		expect(moved.addr):eq(place.addr)
		expect(g.vcpu:read(g.at(a), 1)):fields(failed(g.sim))
		expect(g.vcpu:write(g.at(b - 1), "x")):fields(failed(g.sim))
		expect(moved:mremap{ new_length = size, flags = flags, new_addr = g.ram.addr + g.offset(a) }.addr):
			eq(g.ram.addr + g.offset(a))
	end },
	{ "PROT_READ, and writable again", after = function(g, p)
		expect(g.vcpu:read(g.at(p), 9)):eq(layouts.data(p))
		expect(g.vcpu:write(g.at(p), layouts.data(p))):is_true()
	end, split = true, run = function(g, a, b)
		expect(g.ram:mprotect(g.offset(a), (b - a) * PAGE, "r")):eq(0)
		for _, p in ipairs(layouts.watch(g, a, b)) do
			expect(g.vcpu:read(g.at(p), 9)):eq(layouts.data(p))
			if p >= a and p < b then
				expect(g.mapping(p)):fields{ present = true, writable = false }
				expect(g.vcpu:write(g.at(p), "x")):fields(failed(g.sim))
			else
				expect(g.vcpu:write(g.at(p), layouts.data(p))):is_true()
			end
		end
		expect(g.ram:mprotect(g.offset(a), (b - a) * PAGE, "rw")):eq(0)
	end },
}

local function run(sim, row, event, change)
	change.kind = event.kind
	local g = layouts.guest(sim, row, change)
	for _, range in ipairs(layouts.ranges(g)) do
		local a, b = range[1], range[2]
		if event.to_end then
			b = g.high
		elseif event.some then
			b = math.min(b, a + 3)
		end
		local watched = layouts.watch(g, a, b)
		layouts.fill(g, watched)
		event.run(g, a, b)
		-- Before any fault, which may map its neighbours as well.
		for _, p in ipairs(watched) do
			local inside = p >= a and p < b
			if inside and event.gone then
				expect(g.mapping(p).present):is_false()
			elseif not inside and not event.split and not change.huge then
				expect(g.mapping(p)):fields{ present = true, writable = true }
			end
		end
		for _, p in ipairs(watched) do
			if p >= a and p < b then
				event.after(g, p)
			else
				expect(g.vcpu:read(g.at(p), 9)):eq(layouts.data(p))
			end
		end
	end
end

for _, event in ipairs(events) do
	cases("range of the host: " .. event[1], x86, layouts.x86, function(sim, row)
		run(sim, row, event, {})
	end)
	cases("range of the host on s390: " .. event[1], s390, layouts.s390, function(sim, row)
		run(sim, row, event, {})
	end)
end

-- The same with transparent huge pages: the event ends in the middle of them.
local huge_rows = { layouts.x86[5], layouts.x86[6], layouts.x86[9] }
for _, event in ipairs{ events[1], events[4], events[5] } do
	cases("range of huge pages: " .. event[1], x86, huge_rows, function(sim, row)
		run(sim, row, event, { huge = true })
	end)
end
