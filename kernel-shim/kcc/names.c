// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fixed names for the kernel tree and the build directory in what is compiled, and the real ones in what is linked.
 *
 * A text that has the fixed names is the same for two trees with the same files, so ccache compiles it once. A fixed
 * name is longer than any real name that is replaced by it. So the real name fits into its place in a string of the
 * debug information, and no offset changes.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kcc.h"

/* ccache does not hash the second name of -fdebug-prefix-map: with other names here, the links need other ones, too. */
#define BEGIN "/kvmsim-fixed-name-of-the-"
#define FORTY "________________________________________"
#define TREE BEGIN "tree-" FORTY FORTY FORTY FORTY
#define BUILD BEGIN "build" FORTY FORTY FORTY FORTY
#define LENGTH (sizeof(BUILD) - 1)

const char kcc_fixed_tree[] = TREE, kcc_fixed_build[] = BUILD;

_Static_assert(sizeof(TREE) == sizeof(BUILD), "one length for both");

static bool fits(const char *name)
{
	return name && *name == '/' && name[1] && strlen(name) <= LENGTH && !strpbrk(name, "\"\\\n=");
}

bool kcc_names_fit(const struct kcc_names *names)
{
	return fits(names->tree) && fits(names->build);
}

/* Returns whether a file's name, which ends before end, is below dir. */
static bool below(const char *name, const char *end, const char *dir)
{
	size_t len = strlen(dir);

	return (size_t)(end - name) > len && !memcmp(name, dir, len) && name[len] == '/';
}

char *kcc_fix_names(const struct kcc_names *names, const char *text, size_t *len)
{
	const char *from = text, *end = text + *len, *eol;
	bool tree_first = strlen(names->tree) > strlen(names->build); /* one of them may be below the other */
	char *out = NULL;
	FILE *f = open_memstream(&out, len);

	if (!f)
		abort();
	for (const char *line = text; line < end; line = eol) {
		const char *name;
		bool tree, build;

		eol = memchr(line, '\n', end - line);
		eol = eol ? eol + 1 : end;
		if (eol - line < 3 || line[0] != '#' || line[1] != ' ')
			continue;
		name = memchr(line, '"', eol - line);
		if (!name++)
			continue;
		tree = below(name, eol, names->tree);
		build = below(name, eol, names->build);
		if (!tree && !build)
			continue;
		tree = tree && (tree_first || !build);
		fwrite(from, name - from, 1, f);
		fputs(tree ? TREE : BUILD, f);
		from = name + strlen(tree ? names->tree : names->build);
	}
	fwrite(from, end - from, 1, f);
	if (fclose(f))
		abort();
	return out;
}

/* Returns whether path is dir or below it. */
static bool within(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return !strncmp(path, dir, len) && (!path[len] || path[len] == '/');
}

const char *kcc_link_names(const struct kcc_names *names, const char *word)
{
	/* A file, or the value of -I or of -fmacro-prefix-map=OLD=NEW. Names of objects have the tree's inside. */
	const char *path = strncmp(word, "-I", 2) ? strchr(word, '=') : word + 1;
	bool tree, build;

	path = *word == '-' && path ? path + 1 : word;
	build = within(path, names->build);
	tree = within(path, names->tree) && !(build && strlen(names->build) > strlen(names->tree));
	if (!tree && !build)
		return word;
	return kcc_format("%.*s%s%s", (int)(path - word), word, tree ? KCC_TREE_LINK : KCC_BUILD_LINK,
			  path + strlen(tree ? names->tree : names->build));
}

void kcc_unlink_names(const struct kcc_names *names, const char *path)
{
	const char *p, *from;
	size_t len = 0;
	char *text = NULL;
	FILE *f = fopen(path, "r");

	if (!f || (getdelim(&text, &len, 0, f) < 0 && ferror(f)) || !freopen(path, "w", f))
		abort();
	for (p = from = text; (p = strstr(p, "kvmsim-")); p++) {
		bool tree = !strncmp(p, KCC_TREE_LINK "/", strlen(KCC_TREE_LINK "/"));

		if ((p > text && p[-1] != ' ') || (!tree && strncmp(p, KCC_BUILD_LINK "/", strlen(KCC_BUILD_LINK "/"))))
			continue;
		fwrite(from, 1, p - from, f);
		fputs(tree ? names->tree : names->build, f);
		from = p + strlen(tree ? KCC_TREE_LINK : KCC_BUILD_LINK);
	}
	fputs(from, f);
	if (fclose(f))
		abort();
	free(text);
}

/* Puts the real names into a section of strings. What a string loses in length it gets as bytes 0 at its end. */
static void restore(const struct kcc_names *names, char *p, char *end)
{
	while ((p = memmem(p, end - p, BEGIN, strlen(BEGIN)))) {
		const char *real;
		size_t len, rest;

		if ((size_t)(end - p) < LENGTH)
			return;
		if (!memcmp(p, TREE, LENGTH))
			real = names->tree;
		else if (!memcmp(p, BUILD, LENGTH))
			real = names->build;
		else
			return;
		len = strlen(real);
		rest = strnlen(p + LENGTH, end - p - LENGTH);
		memcpy(p, real, len);
		memmove(p + len, p + LENGTH, rest);
		memset(p + len + rest, 0, LENGTH - len);
		p += len;
	}
}

/* Returns what is wrong with the file, or NULL. */
static const char *restore_file(const struct kcc_names *names, char *file, size_t size)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)file;
	const Elf64_Shdr *sections;
	const char *section_names;

	if (size < sizeof(*header) || memcmp(header->e_ident, ELFMAG, SELFMAG) ||
	    header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_shoff > size ||
	    (size - header->e_shoff) / sizeof(*sections) < header->e_shnum || header->e_shstrndx >= header->e_shnum)
		return "not a whole ELF file";
	sections = (const Elf64_Shdr *)(file + header->e_shoff);
	section_names = file + sections[header->e_shstrndx].sh_offset;
	for (unsigned int i = 0; i < header->e_shnum; i++) {
		const char *name = section_names + sections[i].sh_name;
		char *begin = file + sections[i].sh_offset;

		if (!strcmp(name, ".debug_str") || !strcmp(name, ".debug_line_str"))
			restore(names, begin, begin + sections[i].sh_size);
	}
	if (memmem(file, size, BEGIN, strlen(BEGIN)))
		return "a fixed name is left in it, outside of the strings of the debug information";
	return NULL;
}

const char *kcc_real_names(const struct kcc_names *names, const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	const char *error;
	struct stat st;
	char *file;

	if (fd < 0 || fstat(fd, &st))
		return strerror(errno);
	file = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (file == MAP_FAILED)
		return strerror(errno);
	error = restore_file(names, file, st.st_size);
	munmap(file, st.st_size);
	return error;
}
