# SPDX-License-Identifier: GPL-2.0-only
# Prints the marks of kshim/marks.h in C sources, one a line: symbol, kind, text, file, and 1 when it stands under #if, so
# that the symbol need not exist; separated by tabs.
#
# A mark begins a line and may go over several; its text is one or more string literals.
function emit(kind, body,   sym, text)
{
	sym = body
	sub(/^[ \t]*/, "", sym)
	sub(/[ \t]*[,)].*/, "", sym)
	text = body
	if (!sub(/^[^,"]*,[ \t]*"/, "", text))
		text = ""
	sub(/"[ \t]*\)[ \t]*;.*$/, "", text)
	gsub(/"[ \t]*"/, "", text)
	gsub(/\\"/, "\"", text)
	print sym "\t" kind "\t" text "\t" FILENAME "\t" (depth > 0)
}
FNR == 1 { open = ""; depth = 0 }
/^#[ \t]*if/ { depth++ }
/^#[ \t]*endif/ { depth-- }
open == "" && match($0, /^(FAITHFUL|REDUCED|INERT)\(/) {
	open = substr($0, 1, RLENGTH - 1)
	body = substr($0, RLENGTH + 1)
	if (body ~ /\)[ \t]*;/) { emit(open, body); open = "" }
	next
}
open != "" {
	sub(/^[ \t]+/, "")
	body = body " " $0
	if (body ~ /\)[ \t]*;[ \t]*$/) { emit(open, body); open = "" }
}
