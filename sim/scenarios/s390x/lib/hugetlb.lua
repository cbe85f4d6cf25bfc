-- SPDX-License-Identifier: GPL-2.0-only
-- What the scenarios with huge host pages share.
local M = {}

-- 6.1.192 splits shared page tables of a hugetlb VMA, n times here, before it has the lock that hugetlb_split() checks
-- for at both ends; later kernels hold it.
function M.splits_vma(sim, n)
	for _ = 1, sim:kernel_since("6.12") and 0 or 2 * n do
		sim:expect_report{ kind = "warn", match = "include/linux/fs.h" }
	end
end

return M
