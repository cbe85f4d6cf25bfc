-- SPDX-License-Identifier: GPL-2.0-only
-- Guest code: it reads and writes memory like a vCPU's accesses, leaves to KVM's handlers of what is intercepted, and
-- goes on where it left. arch/x86/kvm/emulate.c is the processor, see models/x86_64/executor.h.

local mmu = { "ept", "npt", "shadow" }
local CODE <const>, DATA <const> = 0x1000, 0x4000

scenario("code moves data and stops at a HLT", { mmu = mmu }, function(sim)
    local vcpu, ram = sim:guest{ data = { [DATA] = "\x11\x22\x33\x44\x55\x66\x77\x88" } }
    expect(vcpu:run_code{ at = CODE, regs = { rbx = DATA, rflags = 2 }, hex = [[
        48 8b 03                # mov rax, [rbx]
        48 ff c0                # inc rax
        48 89 43 08             # mov [rbx + 8], rax
        f4                      # hlt
    ]] }):fields{ ret = 0, reason = KVM_EXIT_HLT }
    expect(ram:read(DATA + 8, 8)):eq("\x12\x22\x33\x44\x55\x66\x77\x88")
    expect(vcpu:get_regs()):fields{ rax = 0x8877665544332212, rip = CODE + 11 }
end)

scenario("a loop with a conditional jump, a call and the stack", { mmu = mmu }, function(sim)
    local vcpu, ram = sim:guest()
    expect(vcpu:run_code{ at = CODE, regs = { rsp = 0x9000, rcx = 1000, rax = 0, rflags = 2 }, hex = [[
        e8 05 00 00 00          # again: call add
        ff c9                   # dec ecx
        75 f7                   # jnz again
        f4                      # hlt
        51                      # add: push rcx
        48 03 04 24             # add rax, [rsp]
        59                      # pop rcx
        c3                      # ret
    ]] }):fields{ reason = KVM_EXIT_HLT }
    expect(vcpu:get_regs()):fields{ rax = 500500, rcx = 0, rsp = 0x9000 }
    expect(ram:read(0x8ff0, 8)):eq(string.pack("<i8", 1))
end)
