# SPDX-License-Identifier: GPL-2.0-only
# Prints the new lines of a unified diff, which it reads, with whether they ran.
function finish() {
	if (name == "")
		return
	if (!(name in last))
		printf "%s: not compiled here\n\n", name
	else if (!all)
		printf "%s: no new line has code\n\n", name
	else
		printf "%s: %d of %d new lines with code ran\n%s\n", name, covered, all, text
	sum += covered
	total += all
	covered = all = 0
	text = ""
}
# Lines of a hunk are counted: one that is taken away may look like a header.
old > 0 && /^-/ { old--; next }
new > 0 && /^\+/ {
	state = "       "
	if ((name, number) in hits) {
		all++
		covered += hits[name, number] > 0
		state = hits[name, number] > 0 ? "ran    " : "NOT RUN"
	}
	text = text sprintf("  %s %6d  %s\n", state, number, substr($0, 2))
	new--
	number++
	next
}
old > 0 && new > 0 && !/^\\/ { old--; new--; number++; next }
/^\+\+\+ / {
	finish()
	name = $2
	sub(/^[^\/]*\//, "", name)
	if ($2 == "/dev/null")
		name = ""
}
/^@@ / {
	split($2, a, ",")
	old = $2 ~ /,/ ? a[2] : 1
	split($3, a, ",")
	number = substr(a[1], 2) + 0
	new = $3 ~ /,/ ? a[2] : 1
}
END {
	finish()
	if (total)
		printf "The change: %d of %d new lines with code ran\n", sum, total
	else
		print "The change: no new line has code here"
}
