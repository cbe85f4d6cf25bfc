# SPDX-License-Identifier: GPL-2.0-only
# Lists the functions of files that have lines that did not run, each with a reason. To be used after lines.awk.
#
# Variables: scope, a regular expression for the files that count; root, the directory of the files; reasons, a file with
# lines "FILE FUNCTION REASON"; FUNCTION may be *, for all that have no line of their own. A reason that no function needs
# is said, too. The last line is "reasons PER-CENT", of the functions. Reads no input.
function read_reasons(  text, n, f) {
	while ((getline text < reasons) > 0) {
		n = split(text, f)
		if (n < 3 || f[1] ~ /^#/)
			continue
		sub(/^[^ \t]+[ \t]+[^ \t]+[ \t]+/, "", text)
		reason[f[1], f[2]] = text
	}
	close(reasons)
}
# The kernel's style: the name is before the first parenthesis of the last line that begins at the left margin. FNAME(x)
# of paging_tmpl.h is the function x.
function function_name(text) {
	if (text !~ /^[A-Za-z_].*\(/)
		return ""
	gsub(/__attribute__\(\([a-z_]*\)\)/, "", text)
	if (sub(/.*FNAME\(/, "", text)) {
		sub(/\).*/, "", text)
		return text
	}
	sub(/\(.*/, "", text)
	sub(/.*[ \t*]/, "", text)
	return text
}
function finish() {
	if (missing) {
		key = (name, now) in reason ? now : "*"
		used[name, key] = 1
		printf "%5d of %5d   %s:%d %s: %s\n", missing, all, name, first, now,
			(name, key) in reason ? reason[name, key] : "NO REASON"
		functions++
		with += (name, key) in reason
	}
	missing = all = 0
}
BEGIN {
	read_reasons()
	for (i = 1; i <= nfiles; i++) {
		name = names[i]
		if (name !~ scope)
			continue
		now = "-"
		missing = all = line = 0
		while ((getline text < (root "/" name)) > 0) {
			line++
			found = function_name(text)
			if (found != "") {
				finish()
				now = found
			}
			if (!((name, line) in hits))
				continue
			all++
			if (!hits[name, line] && !missing++)
				first = line
		}
		finish()
		close(root "/" name)
	}
	for (key in reason)
		if (!(key in used)) {
			split(key, part, SUBSEP)
			print part[1] " " part[2] ": a reason, and all lines ran" | "sort"
		}
	close("sort")
	print "reasons", functions ? int(1000 * with / functions) / 10 : 100
}
