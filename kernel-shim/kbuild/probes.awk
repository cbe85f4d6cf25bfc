# SPDX-License-Identifier: GPL-2.0-only
# Finds the forms of a kernel tree's interfaces: for each name of probes.list a line with the name and the forms that
# match. Then the files of the lists that the tree has, one a line: after the checkout of another version they may be
# others.
#
#   KVMSIM_TREE=DIR [KVMSIM_ANSWERS=FILE] awk -f probes.awk probes.list FILE.list...
#
# With KVMSIM_ANSWERS the text is not printed but written to that file, if it is another than before, and the names of the
# files that were read to FILE.d.
FNR == 1 { lists++ }

lists == 1 && /^[A-Z]/ {
	if (!($1 in has_name)) {
		has_name[$1]
		name[++names] = $1
	}
	probes++
	name_of[probes] = $1
	form[probes] = $2
	pattern[probes] = $4
	if (!($3 in probes_of))
		file[++files] = $3
	probes_of[$3] = probes_of[$3] " " probes
}

lists > 1 && /^[^#]/ {
	for (rest = $0; match(rest, /[A-Za-z0-9_.\/-]+\.[cS]/); rest = substr(rest, RSTART + RLENGTH))
		listed[++n_listed] = substr(rest, RSTART, RLENGTH)
}

function exists(path,   line, is) {
	is = (getline line < path) >= 0
	close(path)
	return is
}

# Sets matches[] of the probes of a file. "absent" is a file that is there and has no such line.
function look(path, list,   n, i, p, todo, line, absent) {
	n = split(list, p, " ")
	for (i = 1; i <= n; i++)
		if (form[p[i]] == "absent")
			absent = absent " " p[i]
	todo = n
	while (todo && (getline line < path) > 0)
		for (i = 1; i <= todo; i++)
			if (line ~ pattern[p[i]]) {
				matches[p[i]] = 1
				p[i--] = p[todo--]
			}
	close(path)
	n = split(absent, p, " ")
	for (i = 1; i <= n; i++)
		matches[p[i]] = !matches[p[i]]
}

END {
	dir = ENVIRON["KVMSIM_TREE"] "/"
	for (i = 1; i <= files; i++)
		if (exists(dir file[i])) {
			look(dir file[i], probes_of[file[i]])
			path = dir file[i]
			gsub(/ /, "\\ ", path)
			read = read " " path
		}
	for (i = 1; i <= probes; i++)
		if (matches[i] && index(forms[name_of[i]] " ", " " form[i] " ") == 0)
			forms[name_of[i]] = forms[name_of[i]] " " form[i]
	for (i = 1; i <= names; i++)
		text = text name[i] (forms[name[i]] == "" ? " " : forms[name[i]]) "\n"
	for (i = 1; i <= n_listed; i++)
		if (exists(dir listed[i]))
			text = text listed[i] "\n"

	answers = ENVIRON["KVMSIM_ANSWERS"]
	if (answers == "") {
		printf "%s", text
		exit
	}
	while ((getline line < answers) > 0)
		old = old line "\n"
	close(answers)
	if (old != text)
		printf "%s", text >answers
	print answers ":" read >(answers ".d")
}
