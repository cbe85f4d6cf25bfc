# SPDX-License-Identifier: GPL-2.0-only
# Prints a table of files, the worst one first, and their sum. Variables: scope, a regular expression for the files that
# count; brief, if only the sum is to be printed.
function row(covered, all, name) {
	# Rounded down: 100 means all.
	return sprintf("%7.1f %7d %7d   %s", int(1000 * covered / all) / 10, covered, all, name)
}
BEGIN {
	for (i = 1; i <= nfiles; i++) {
		name = names[i]
		if (name !~ scope)
			continue
		covered = all = 0
		for (line = 1; line <= last[name]; line++)
			if ((name, line) in hits) {
				all++
				covered += hits[name, line] > 0
			}
		if (!all)
			continue
		if (!brief)
			print row(covered, all, name) | "sort -k1,1n -k4"
		sum += covered
		total += all
	}
	close("sort -k1,1n -k4")
	if (total)
		print row(sum, total, title)
}
