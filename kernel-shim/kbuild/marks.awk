# SPDX-License-Identifier: GPL-2.0-only
# Prints the marks of kshim/marks.h in C sources, one a line: symbol, kind, text, file, 1 when it is only for some kernels,
# and the originals, separated by tabs. What stands under #if or in kernel-shim/compat is only for some kernels.
#
# A mark begins a line and may go over several; behind the symbol it has one or two arguments of string literals.
function emit(kind, body,   sym, text, origin)
{
	sub(/_.*/, "", kind)	# INERT_VOID
	sym = body
	sub(/^[ \t]*/, "", sym)
	sub(/[ \t]*[,)].*/, "", sym)
	text = body
	if (!sub(/^[^,"]*,[ \t]*"/, "", text))
		text = ""
	sub(/"[ \t]*\)[ \t]*;.*$/, "", text)
	gsub(/"[ \t]*"/, "", text)
	origin = text
	sub(/"[ \t]*,.*/, "", origin)
	if (!sub(/^[^"]*"[ \t]*,[ \t]*"/, "", text))
		text = ""
	gsub(/\\"/, "\"", text)
	print sym "\t" kind "\t" text "\t" FILENAME "\t" (depth > 0 || FILENAME ~ /(^|\/)compat\//) "\t" origin
}
FNR == 1 { open = ""; depth = 0 }
/^#[ \t]*if/ { depth++ }
/^#[ \t]*endif/ { depth-- }
open == "" && match($0, /^(FAITHFUL|REDUCED|INERT|INERT_VOID|INERT_ZERO|OVERRIDES)\(/) {
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
