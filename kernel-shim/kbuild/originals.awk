# SPDX-License-Identifier: GPL-2.0-only
# Cuts the definitions of symbols out of kernel files, each into files of its own.
#
#   awk -v out=DIR -v raw=0|1 -f originals.awk WANTED TAGS
#
# WANTED has lines "symbol TAB file TAB path", sorted by path, where path is that file in the tree. TAGS is what ctags
# writes with kernel.ctags. Definition number N, counted from 1, goes to DIR/N with white space and comments made the same,
# and with raw=1 to DIR/N.c as it is; DIR/index gets "N TAB symbol TAB file". A file that defines a symbol more than once,
# under #if, gives all of the definitions in their order.
#
# ctags does not know the kernel's macros of assembler files, nor macros whose name it was told to ignore; they are found
# by their own keywords.

# The text without comments, in words: one space between any two, and each other character is a word, but for literals.
function normalised(s,   result, rest)
{
	gsub(/\\\n/, " ", s)
	result = ""
	while (match(s, /"|'|\/\*|\/\//)) {
		result = join(result, words(substr(s, 1, RSTART - 1)))
		rest = substr(s, RSTART)
		if (rest ~ /^\/\*/) {
			RSTART = index(substr(rest, 3), "*/")
			s = RSTART ? substr(rest, RSTART + 4) : ""
		} else if (rest ~ /^\/\//) {
			RSTART = index(rest, "\n")
			s = RSTART ? substr(rest, RSTART) : ""
		} else if (match(rest, /^"([^"\\\n]|\\.)*"/) || match(rest, /^'([^'\\\n]|\\.)*'/)) {
			result = join(result, substr(rest, 1, RLENGTH))
			s = substr(rest, RLENGTH + 1)
		} else {
			result = join(result, substr(rest, 1, 1))
			s = substr(rest, 2)
		}
	}
	return join(result, words(s))
}

function join(a, b) { return a == "" ? b : b == "" ? a : a " " b }

function words(s)
{
	gsub(/[^A-Za-z0-9_ \t\n]/, " & ", s)
	gsub(/[ \t\n\r\f]+/, " ", s)
	sub(/^ /, "", s)
	sub(/ $/, "", s)
	return s
}

# Reads a file into line[1..lines].
function load(path)
{
	if (path == loaded)
		return
	lines = 0
	while ((getline line[lines + 1] < path) > 0)
		lines++
	close(path)
	loaded = path
}

function add(key, first, last,   i)
{
	for (i = first; i <= last; i++)
		text[key] = text[key] line[i] "\n"
}

# The first line of a definition whose name stands on line n: a return type may have lines of its own above.
function beginning(n)
{
	while (n > 1 && line[n - 1] ~ /^[A-Za-z_][A-Za-z0-9_ \t*()",.]*$/ && (line[n - 1] !~ /\)$/ || line[n - 1] ~ /^__[a-z]/))
		n--
	return n
}

# An assembler file's SYM_FUNC_START(name) up to SYM_FUNC_END(name), or SYM_DATA(name, ...).
function add_assembler(key, name,   i, first, keyword)
{
	for (i = 1; i <= lines; i++) {
		if (index(line[i], "(" name ")") == 0 && index(line[i], "(" name ",") == 0)
			continue
		keyword = line[i]
		sub(/\(.*/, "", keyword)
		if (keyword == "SYM_DATA")
			add(key, i, i)
		else if (keyword == "ENTRY" || keyword ~ /^SYM_[A-Z_]*START/)
			first = i
		else if (first && (keyword == "END" || keyword == "ENDPROC" || keyword ~ /^SYM_[A-Z_]*END$/)) {
			add(key, first, i)
			first = 0
		}
	}
}

function add_macro(key, name,   i, last)
{
	for (i = 1; i <= lines; i++) {
		if (index(line[i], name) == 0 || line[i] !~ /^#[ \t]*define[ \t]/)
			continue
		last = line[i]
		sub(/^#[ \t]*define[ \t]+/, "", last)
		sub(/[^A-Za-z0-9_].*/, "", last)
		if (last != name)
			continue
		for (last = i; line[last] ~ /\\$/; last++)
			;
		add(key, i, last)
	}
}

BEGIN { FS = "\t" }
FNR == NR {
	n++
	symbol[n] = $1
	file[n] = $2
	path[n] = $3
	wanted[$1, $3] = n
	next
}
($1, $2) in wanted {
	key = wanted[$1, $2]
	first = last = 0
	for (i = 4; i <= NF; i++) {
		if ($i ~ /^line:/)
			first = substr($i, 6) + 0
		if ($i ~ /^end:/)
			last = substr($i, 5) + 0
	}
	load($2)
	add(key, $4 == "d" ? first : beginning(first), last)
}
END {
	printf "" >(out "/index")
	for (i = 1; i <= n; i++) {
		if (!(i in text)) {
			load(path[i])
			if (path[i] ~ /\.S$/)
				add_assembler(i, symbol[i])
			else
				add_macro(i, symbol[i])
		}
		if (!(i in text))
			continue
		print i "\t" symbol[i] "\t" file[i] >(out "/index")
		print normalised(text[i]) >(out "/" i)
		close(out "/" i)
		if (raw) {
			printf "%s", text[i] >(out "/" i ".c")
			close(out "/" i ".c")
		}
	}
}
