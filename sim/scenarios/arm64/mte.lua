-- SPDX-License-Identifier: GPL-2.0-only
-- Memory tags on a machine that has none: everything that deals with them is refused.

scenario("arm64: without MTE there are no tags", { arch = "arm64" }, function(sim)
	local vcpu, ram, vm, vmm = sim:guest()
	local function copy(gpa, length, flags)
		return vm:ioctl(KVM_ARM_MTE_COPY_TAGS, string.pack("<i8i8i8i8i8i8", gpa, length, ram.addr, flags, 0, 0))
	end

	expect(vm:check_extension(KVM_CAP_ARM_MTE)):eq(0)
	expect(vm:enable_cap{ cap = KVM_CAP_ARM_MTE }):errno(EINVAL)
	expect(copy(0, 4096, KVM_ARM_TAGS_FROM_GUEST)):errno(EINVAL)
	expect(copy(0, 4096, KVM_ARM_TAGS_TO_GUEST)):errno(EINVAL)
	-- PROT_MTE is a right that mmap() does not look at where there are no tags, and mprotect() does not know.
	local tagged = vmm:mmap{ length = "4K", prot = PROT_READ | PROT_WRITE | 0x20 }
	expect(tagged:write(0, "untagged")):ok()
	expect(tagged:mprotect(0, "4K", PROT_READ | 0x20)):errno(EINVAL)
	expect(vcpu:get_sysreg("id_aa64pfr1_el1") >> 8 & 15):eq(0)
	expect(vcpu:write(0x1000, "untagged")):is_true()
end)
