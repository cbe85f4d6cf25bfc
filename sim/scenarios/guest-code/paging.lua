-- SPDX-License-Identifier: GPL-2.0-only
-- Guest code and what changes under it: its own tables, control registers, and the host's pages. What the code reads
-- shows which translation it used.
local G = require("machine")

local mmu = { "ept", "npt", "shadow" }
local VA <const>, OLD <const>, NEW <const> = 0x40000000, 0x80000, 0x81000
local PGE <const>, GLOBAL <const> = 0x80, 0x100

-- rbx: an address that maps OLD; r8: the entry, as the guest sees it; r9: an entry for NEW.
local function guest(sim, global)
    local vcpu, ram = G.new(sim)
    expect(ram:write(OLD, "old page")):eq(0)
    expect(ram:write(NEW, "new page")):eq(0)
    vcpu:map{ from = VA, to = OLD }
    local pte = vcpu:pte(VA)
    local bits = 0x67 | (global and GLOBAL or 0)        -- present, writable, user, accessed, dirty
    vcpu:set_pte(VA, OLD | bits)
    expect(vcpu:set_sregs{ cr4 = vcpu:get_sregs().cr4 | (global and PGE or 0) }):eq(0)
    return vcpu, ram, { rbx = VA, r8 = vcpu:table_window() + pte.gpa, r9 = NEW | bits, rsp = G.STACK, rflags = 2 }
end

local function text(n)
    return string.pack("<i8", n)
end

cases("the guest changes an entry", { mmu = mmu }, {
    { "and uses INVLPG", "0f 01 3b" },                                      -- invlpg [rbx]
    { "and loads CR3", "0f 20 d8 0f 22 d8" },                               -- mov rax, cr3; mov cr3, rax
    { "and switches PGE", "0f 20 e0 48 35 80 00 00 00 0f 22 e0" },          -- mov rax, cr4; xor rax, 0x80; mov cr4, rax
}, function(sim, row)
    local vcpu, _, regs = guest(sim)
    expect(vcpu:run_code{ at = G.CODE, regs = regs, hex =
        "4c 8b 13" ..                       -- mov r10, [rbx]
        "4d 89 08" ..                       -- mov [r8], r9
        "4c 8b 1b" ..                       -- mov r11, [rbx]
        row[2] ..
        "4c 8b 23 f4" }):fields{ reason = KVM_EXIT_HLT }        -- mov r12, [rbx]; hlt
    local r = vcpu:get_regs()
    expect(text(r.r10)):eq("old page")
    if sim.mmu ~= "shadow" then expect(text(r.r11)):eq("old page") end      -- KVM may flush for the write
    expect(text(r.r12)):eq("new page")
end)

scenario("a global entry outlives CR3 but not CR4.PGE", { mmu = mmu }, function(sim)
    local vcpu, _, regs = guest(sim, true)
    expect(vcpu:run_code{ at = G.CODE, regs = regs, hex = [[
        4c 8b 13                        # mov r10, [rbx]
        4d 89 08                        # mov [r8], r9
        0f 20 d8 0f 22 d8               # mov rax, cr3; mov cr3, rax
        4c 8b 1b                        # mov r11, [rbx]
        0f 20 e0 48 35 80 00 00 00      # mov rax, cr4; xor rax, 0x80
        0f 22 e0                        # mov cr4, rax
        4c 8b 23                        # mov r12, [rbx]
        f4
    ]] }):fields{ reason = KVM_EXIT_HLT }
    local r = vcpu:get_regs()
    if sim.mmu ~= "shadow" then expect(text(r.r11)):eq("old page") end
    expect(text(r.r12)):eq("new page")
end)

scenario("write protection of the kernel, by CR0.WP", { mmu = mmu }, function(sim)
    local vcpu, ram, regs = guest(sim)
    vcpu:set_pte(VA, OLD | 0x25)                        -- not writable
    expect(vcpu:reload_cr3()):eq(0)
    expect(vcpu:run_code{ at = G.CODE, regs = regs, hex = [[
        0f 20 c0 48 25 ff ff fe ff      # mov rax, cr0; and rax, ~WP
        0f 22 c0                        # mov cr0, rax
        48 83 03 01                     # add qword ptr [rbx], 1
        48 0d 00 00 01 00               # or rax, WP
        0f 22 c0                        # mov cr0, rax
        48 83 03 01                     # add qword ptr [rbx], 1: #PF
        f4
    ]] }):fields{ reason = KVM_EXIT_IO, io = { port = G.PORT } }
    expect(G.frame(vcpu, ram)):fields{ vector = 14, error_code = 3, rip = G.CODE + 25 }
    expect(ram:read(OLD, 8)):eq("pld page")
end)

-- A translation that outlives its page would lose what it counts.
scenario("two vCPUs count while the host moves the page", { mmu = mmu, check = "end" }, function(sim)
    local vcpu, ram, vm = sim:guest()
    local other = vm:create_vcpu()
    local code = "f0 48 ff 03 ff c9 75 f8 f4"           -- again: lock inc qword ptr [rbx]; dec ecx; jnz again; hlt
    local n <const> = 20000
    for i, v in ipairs{ vcpu, other } do
        sim:thread("vCPU " .. i, function()
            expect(v:run_code{ at = 0x1000 * i, regs = { rbx = 0x4000, rcx = n, rflags = 2 }, hex = code })
                :fields{ reason = KVM_EXIT_HLT }
        end)
    end
    sim:thread("host", function()
        for _ = 1, 40 do
            ram:migrate(0x4000)
            ram:swap_out(0x4000, "4K")
        end
    end)
    sim:join()
    expect(string.unpack("<i8", ram:read(0x4000, 8))):eq(2 * n)
end)

-- MOV is how tables are written, ADD is not: with shadow paging KVM drops its copy of the table and lets the processor
-- do it, kvm_mmu_unprotect_gfn_and_retry().
cases("the guest writes to a page directory in use", { mmu = mmu }, {
    { "by MOV", "4d 89 08", zaps = false },             -- mov [r8], r9
    { "by ADD", "4d 01 08", zaps = true },              -- add [r8], r9
}, function(sim, row)
    local vcpu, ram, vm = G.new(sim)
    expect(ram:write(OLD, "old page")):eq(0)
    vcpu:map{ from = VA, to = OLD }
    local entry, index = vcpu:pte(VA, 2), 100
    local before = vm:stats().mmu_shadow_zapped
    expect(vcpu:run_code{ at = G.CODE, regs = { rbx = VA, rsi = VA + (index << 21) + OLD, rsp = G.STACK, rflags = 2,
        r8 = vcpu:table_window() + entry.gpa + index * 8, r9 = 0xe7 }, hex =
        "4c 8b 13" ..                       -- mov r10, [rbx]
        row[2] ..
        "4c 8b 1e f4" }):fields{ reason = KVM_EXIT_HLT }        -- mov r11, [rsi]; hlt
    local r = vcpu:get_regs()
    expect(text(r.r10)):eq("old page")
    expect(text(r.r11)):eq("old page")
    if sim.mmu == "shadow" then expect(vm:stats().mmu_shadow_zapped > before):eq(row.zaps) end
end)
