-- SPDX-License-Identifier: GPL-2.0-only
-- Holes in shared memory (fallocate(2), MADV_REMOVE): the pages and their data are gone for the guest and for every
-- process that maps the file, the file's size stays, and what is outside of the hole is untouched.

any_page_size()
local PAGE <const> = PAGE_SIZE

local options = { mmu = { "ept", "npt", "shadow", "sie", "old", "vhe" }, covers = "mm/shmem.c shmem_fallocate()" }

-- Every way to punch a hole in memory that is mapped from its beginning. madvise() takes whole pages only.
local ways = {
	{ name = "fallocate", punch = function(ram, offset, length) return ram.file:punch_hole(offset, length) end },
	{
		name = "MADV_REMOVE",
		punch = function(ram, offset, length) return ram:madvise(offset, length, MADV_REMOVE) end,
	},
}

local zeroes = ("\0"):rep(8)

local function fill(vcpu, first, last)
	for n = first, last do
		expect(vcpu:write(n * PAGE, ("page %03d"):format(n))):is_true()
	end
end

for _, way in ipairs(ways) do
	scenario("hole: zeroes for the guest and the VMM, data elsewhere: " .. way.name, options, function(sim)
		local vcpu, ram, vm = sim:guest{ ram = { kind = "shmem" } }
		fill(vcpu, 0, 7)
		local first, last = ram:page(1), ram:page(5)

		expect(way.punch(ram, 2 * PAGE, 3 * PAGE)):eq(0)
		for n = 2, 4 do
			expect(ram:page(n).mapped):eq(false)
			expect(sim.inspect:mapping(vm, n * PAGE).present):eq(false)
			expect(vcpu:read(n * PAGE, 8)):eq(zeroes)
			expect(ram:read(n * PAGE, 8)):eq(zeroes)
		end
		expect(ram:page(1)):eq(first)
		expect(ram:page(5)):eq(last)
		for _, n in ipairs{ 0, 1, 5, 6, 7 } do
			expect(vcpu:read(n * PAGE, 8)):eq(("page %03d"):format(n))
		end
		-- What fills the hole is one memory for both.
		expect(vcpu:write(3 * PAGE, "new data")):is_true()
		expect(ram:read(3 * PAGE, 8)):eq("new data")
		expect(sim.inspect:mapping(vm, 3 * PAGE).page):eq(ram:page(3))
	end)

	scenario("hole: a second mapping and another process lose the page: " .. way.name, options, function(sim)
		local vcpu, ram, _, vmm = sim:guest{ ram = { kind = "shmem" } }
		local again = vmm:mmap{ length = 16 * PAGE, file = ram.file }
		local child = vmm:fork()
		fill(vcpu, 0, 3)
		expect(again:read(PAGE, 8)):eq("page 001")
		expect(child:view(again):read(PAGE, 8)):eq("page 001")

		expect(way.punch(ram, PAGE, PAGE)):eq(0)
		expect(again:page(1).mapped):eq(false)
		expect(child:view(again):page(1).mapped):eq(false)
		expect(again:read(PAGE, 8)):eq(zeroes)
		expect(child:view(again):write(PAGE, "by child")):eq(0)
		expect(vcpu:read(PAGE, 8)):eq("by child")
		expect(vcpu:read(2 * PAGE, 8)):eq("page 002")
	end)

	scenario("hole: a page that was swapped out does not come back: " .. way.name, options, function(sim)
		local vcpu, ram = sim:guest{ ram = { kind = "shmem" } }
		fill(vcpu, 0, 3)
		expect(ram:swap_out(0, 4 * PAGE)):ok()
		expect(ram:page(1).mapped):eq(false)
		expect(way.punch(ram, PAGE, 2 * PAGE)):eq(0)
		expect(vcpu:read(PAGE, 8)):eq(zeroes)
		expect(vcpu:read(2 * PAGE, 8)):eq(zeroes)
		expect(vcpu:read(0, 8)):eq("page 000")
		expect(vcpu:read(3 * PAGE, 8)):eq("page 003")
	end)

	scenario("hole: a pinned page stays with who pinned it: " .. way.name, options, function(sim)
		local vcpu, ram = sim:guest{ ram = { kind = "shmem" } }
		fill(vcpu, 0, 3)
		local pinned = ram:page(1)
		expect(ram:pin(PAGE)):eq(0)
		expect(way.punch(ram, PAGE, PAGE)):eq(0)
		expect(vcpu:read(PAGE, 8)):eq(zeroes)
		expect(ram:page(1)):ne(pinned)
		expect(ram:unpin(PAGE)):eq(0)
	end)

	scenario("hole: all of the memory, again and again: " .. way.name, options, function(sim)
		local vcpu, ram = sim:guest{ ram = { kind = "shmem" } }
		for round = 1, 4 do
			for n = 0, 511, 73 do
				expect(vcpu:write(n * PAGE, ("%8d"):format(round))):is_true()
			end
			expect(way.punch(ram, 0, 512 * PAGE)):eq(0)
			for n = 0, 511, 73 do
				expect(vcpu:read(n * PAGE, 8)):eq(zeroes)
			end
		end
	end)
end

scenario("hole: the parts of pages at its ends are cleared, the pages stay", options, function(sim)
	local vcpu, ram = sim:guest{ ram = { kind = "shmem" } }
	for n = 0, 3 do
		expect(ram:write(n * PAGE, ("x"):rep(PAGE))):eq(0)
	end
	expect(vcpu:read(PAGE, 8)):eq("xxxxxxxx")
	local first, last = ram:page(0), ram:page(2)
	expect(ram.file:punch_hole(PAGE - 8, PAGE + 16)):eq(0)
	expect(ram:page(0)):eq(first)
	expect(ram:page(2)):eq(last)
	expect(vcpu:read(PAGE - 16, 16)):eq("xxxxxxxx" .. zeroes)
	expect(vcpu:read(2 * PAGE - 8, 8)):eq(zeroes)
	expect(vcpu:read(2 * PAGE, 16)):eq(zeroes .. "xxxxxxxx")
end)

scenario("hole: within one page, that part is cleared", options, function(sim)
	local vcpu, ram = sim:guest{ ram = { kind = "shmem" } }
	expect(ram:write(PAGE, ("x"):rep(64))):eq(0)
	local page = ram:page(1)
	expect(ram.file:punch_hole(PAGE + 8, 16)):eq(0)
	expect(ram:page(1)):eq(page)
	expect(vcpu:read(PAGE, 32)):eq("xxxxxxxx" .. zeroes .. zeroes .. "xxxxxxxx")
end)

scenario("hole: what a private mapping has copied stays", options, function(sim)
	local vcpu, ram, _, vmm = sim:guest{ ram = { kind = "shmem" } }
	local private = vmm:mmap{ length = 16 * PAGE, file = ram.file, flags = MAP_PRIVATE }
	fill(vcpu, 0, 3)
	expect(private:write(PAGE, "my copy.")):eq(0)
	expect(private:read(2 * PAGE, 8)):eq("page 002")
	expect(ram.file:punch_hole(PAGE, 2 * PAGE)):eq(0)
	expect(private:read(PAGE, 8)):eq("my copy.")
	expect(private:read(2 * PAGE, 8)):eq(zeroes)
	expect(vcpu:read(PAGE, 8)):eq(zeroes)
end)

scenario("fallocate: allocates, keeps data, makes the file longer unless told not to", options, function(sim)
	local vcpu, ram, _, vmm = sim:guest{ ram = { kind = "shmem" } }
	expect(vcpu:write(PAGE, "page 001")):is_true()
	expect(ram.file:fallocate{ offset = 0, length = 16 * PAGE }):eq(0)
	expect(vcpu:read(PAGE, 8)):eq("page 001")
	expect(vcpu:read(8 * PAGE, 8)):eq(zeroes)

	local file = vmm:shmem(PAGE)
	local map = vmm:mmap{ length = 16 * PAGE, file = file }
	expect(file:fallocate{ mode = FALLOC_FL_KEEP_SIZE, offset = PAGE, length = PAGE }):eq(0)
	expect(map:write(PAGE, "x")):eq(-EFAULT)
	expect(vmm:take_signal()):eq{ signo = SIGBUS, code = BUS_ADRERR, addr = map.addr + PAGE }
	expect(file:fallocate{ offset = PAGE, length = PAGE }):eq(0)
	expect(map:write(PAGE, "x")):eq(0)
end)

scenario("fallocate and MADV_REMOVE: what is refused", options, function(sim)
	local _, ram, _, vmm = sim:guest{ ram = { kind = "shmem" } }
	expect(ram.file:fallocate{ mode = FALLOC_FL_PUNCH_HOLE, offset = 0, length = PAGE }):eq(-EOPNOTSUPP)
	expect(ram.file:fallocate{ mode = FALLOC_FL_ZERO_RANGE, offset = 0, length = PAGE }):eq(-EOPNOTSUPP)
	expect(ram.file:punch_hole(0, 0)):eq(-EINVAL)
	expect(ram:madvise(8, PAGE, MADV_REMOVE)):eq(-EINVAL)
	-- Beyond the end there is nothing to remove.
	expect(ram.file:punch_hole(1024 * PAGE, PAGE)):eq(0)

	local anon = vmm:mmap{ length = 16 * PAGE }
	expect(anon:madvise(0, PAGE, MADV_REMOVE)):eq(-EINVAL)
	local private = vmm:mmap{ length = 16 * PAGE, file = ram.file, flags = MAP_PRIVATE }
	expect(private:madvise(0, PAGE, MADV_REMOVE)):eq(-EACCES)
	expect(ram:mlock(0, PAGE)):eq(0)
	expect(ram:madvise(0, PAGE, MADV_REMOVE)):eq(-EINVAL)
	expect(ram.file:punch_hole(0, PAGE)):eq(0)
end)

scenario("hole: read(2) and write(2) of shared memory are one memory with its mappings", options, function(sim)
	local vcpu, ram, _, vmm = sim:guest{ ram = { kind = "shmem" } }
	expect(ram.file:write("from write(2)")):eq(13)
	expect(vcpu:read(0, 13)):eq("from write(2)")
	local other = vmm:shmem(16 * PAGE)
	local map = vmm:mmap{ length = 16 * PAGE, file = other }
	expect(map:write(0, "of the mapping")):eq(0)
	expect(other:read(14)):eq("of the mapping")
	expect(other:punch_hole(0, PAGE)):eq(0)
	expect(other:read(8)):eq(zeroes)
end)

scenario("hole: a userfaultfd hears of it, and the missing page is its own to supply", {
	mmu = options.mmu, covers = "mm/madvise.c madvise_remove()",
}, function(sim)
	local _, ram, _, vmm = sim:guest{ ram = { kind = "shmem" } }
	local uffd = vmm:userfaultfd{
		flags = O_NONBLOCK, features = UFFD_FEATURE_EVENT_REMOVE | UFFD_FEATURE_MISSING_SHMEM,
	}
	expect(ram:write(PAGE, "page 001")):eq(0)
	expect(uffd:register(ram, UFFDIO_REGISTER_MODE_MISSING)):eq(0)
	sim:thread("remover", function()
		expect(ram:madvise(PAGE, PAGE, MADV_REMOVE)):eq(0)
	end)
	sim:thread("monitor", function()
		local event
		repeat
			event = uffd:read()
		until event ~= -EAGAIN or sim:stopping()
		expect(event):fields{ event = UFFD_EVENT_REMOVE, from = ram.addr + PAGE, to = ram.addr + 2 * PAGE }
	end)
	sim:join{ seconds = 5 }
	expect(uffd:copy(ram, PAGE, ("y"):rep(PAGE))):eq(PAGE)
	expect(ram:read(PAGE, 2)):eq("yy")
	expect(uffd:close()):eq(0)
end)
