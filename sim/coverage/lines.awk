# SPDX-License-Identifier: GPL-2.0-only
# Reads Cobertura reports of one root: hits[FILE, LINE] and, for each file, the number of its last line with code. A line
# that several reports have ran if one of them says so. To be used before table.awk or diff.awk.
BEGIN {
	while ((getline report < reports) > 0) {
		RS = "<"
		while ((getline < report) > 0) {
			if (/^class /) {
				match($0, / filename="[^"]*"/)
				file = substr($0, RSTART + 11, RLENGTH - 12)
				if (!(file in last))
					names[++nfiles] = file
			} else if (/^line /) {
				match($0, / number="[0-9]+"/)
				line = substr($0, RSTART + 9, RLENGTH - 10) + 0
				match($0, / hits="[0-9]+"/)
				hits[file, line] += substr($0, RSTART + 7, RLENGTH - 8) + 0
				if (line > last[file] + 0)
					last[file] = line
			}
		}
		close(report)
		RS = "\n"
	}
}
