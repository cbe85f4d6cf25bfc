-- SPDX-License-Identifier: GPL-2.0-only
-- Calls of KVM_CAP_ARM_LOCK_USER_MEMORY_REGION, and what the scenarios ask about its effects.

local PAGE <const> = PAGE_SIZE

local L = {}

L.READ, L.WRITE = KVM_ARM_LOCK_MEM_READ, KVM_ARM_LOCK_MEM_READ | KVM_ARM_LOCK_MEM_WRITE

-- Options of a scenario that tests these rules: those that all have, and more.
function L.options(rules, more)
	-- Blocks of 512 MiB do not fit into the usual machine, and take their time.
	local options = { arch = "arm64", needs = "KVM_CAP_ARM_LOCK_USER_MEMORY_REGION",
		ram = PMD_SIZE > 1 << 25 and "8G" or nil, timeout = PMD_SIZE > 1 << 25 and 300 or nil,
		covers = "docs/rules.md " .. rules .. "; api.rst KVM_CAP_ARM_LOCK_USER_MEMORY_REGION" }
	for k, v in pairs(more or {}) do
		options[k] = v
	end
	return options
end

function L.lock(vm, slot, rights, ...)
	return vm:enable_cap{ cap = KVM_CAP_ARM_LOCK_USER_MEMORY_REGION,
		flags = KVM_ARM_LOCK_USER_MEMORY_REGION_FLAGS_LOCK, args = { slot, rights, ... } }
end

function L.unlock(vm, slot, ...)
	return vm:enable_cap{ cap = KVM_CAP_ARM_LOCK_USER_MEMORY_REGION,
		flags = KVM_ARM_LOCK_USER_MEMORY_REGION_FLAGS_UNLOCK, args = { slot, ... } }
end

function L.unlock_all(vm)
	return L.unlock(vm, 0, KVM_ARM_UNLOCK_MEM_ALL)
end

-- Locks and unlocks the slot until the scenario ends; rights: a function, or a number. Locking may fail with -errno.
function L.lock_again_and_again(sim, vm, rights, errno)
	while not sim:stopping() do
		local rc = L.lock(vm, 0, type(rights) == "function" and rights() or rights)
		if rc ~= -errno then
			expect(rc):eq(0)
			expect(L.unlock(vm, 0)):eq(0)
		end
	end
end

-- How often the guest faults while fn runs.
function L.faults(sim, fn, ...)
	local before = sim.inspect:counters().guest_faults
	fn(...)
	return sim.inspect:counters().guest_faults - before
end

-- The numbers of the pages of ram; of many, of some.
local function numbers(ram)
	local last <const> = ram.length // PAGE - 1
	local step <const> = last > 1024 and 67 or 1
	return function(_, i) return i + step <= last and i + step or nil end, nil, -step
end

-- The pages of the slot at gpa, which is all of ram, are pinned and mapped: each alone, and as the process has it.
function L.is_locked(sim, vm, ram, writable, gpa)
	for i in numbers(ram) do
		local page = ram:page(i)
		expect(page):fields{ mapped = true, zero = false, pincount = 1 }
		expect(sim.inspect:mapping(vm, (gpa or 0) + i * PAGE)):fields{ present = true, level = 1,
			writable = writable, page = page }
	end
end

-- No page of ram is pinned.
function L.is_not_pinned(ram)
	for i in numbers(ram) do
		local page = ram:page(i)
		if type(page) ~= "number" and page.mapped then		-- -EFAULT: there is no mapping
			expect(page.pincount):eq(0)
		end
	end
end

-- No page of the slot at gpa is mapped at stage 2.
function L.is_unmapped(sim, vm, ram, gpa)
	for i in numbers(ram) do
		expect(sim.inspect:mapping(vm, (gpa or 0) + i * PAGE).present):eq(false)
	end
end

return L
