// SPDX-License-Identifier: GPL-2.0-only
/*
 * kcc, the compiler launcher: preprocesses with the compiler, passes the text through kcc_pass(), compiles the result.
 *
 *	kcc [--big-endian DIR --overlays FILE] [--overrides FILE]... [--instruction NAME=FUNCTION]...
 *		[--fixed-tree DIR --fixed-build DIR] -- [ccache] gcc ARGS -c x.c -o x.o
 *	kcc --fixed-tree DIR --fixed-build DIR --real-names x.so
 *
 * With the last two options alone, it only passes other names on (compile_links()). The preprocessor writes the
 * dependency files; they contain the overrides file, because the preprocessor read it.
 * ccache sees the passed text, so it hashes everything that the object depends on. README.md has the rest.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kcc.h"

extern char **environ;

struct args {
	char **v;
	size_t n;
};

struct command {
	struct args pp, cc; /* the command lines of preprocessor and compiler */
	const char *source, *object, *target, *depfile, *self, *overlays;
	struct kcc_names names;
	bool deps, compile, preprocess;
	bool changes; /* there is something to do for kcc_pass() */
	bool share; /* what is compiled has the fixed names */
};

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "kcc: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(2);
}

static void push(struct args *args, const char *arg)
{
	args->v = kcc_alloc(args->v, (args->n + 2) * sizeof(*args->v));
	args->v[args->n++] = (char *)arg;
	args->v[args->n] = NULL;
}

static void add_name(const char ***list, size_t *n, const char *name)
{
	*list = kcc_alloc(*list, (*n + 1) * sizeof(**list));
	(*list)[(*n)++] = name;
}

static bool begins(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

/* Returns whether this is an option of the preprocessor. *word: its value is the next word. */
static bool preprocessor_option(const char *arg, bool *word)
{
	static const char *const joined[] = {"-D",	 "-U",		 "-I",	     "-include",
					     "-imacros", "-isystem",	 "-iquote",  "-idirafter",
					     "-iprefix", "-iwithprefix", "-isysroot"};

	*word = false;
	if (!strcmp(arg, "-nostdinc") || begins(arg, "-Wp,"))
		return true;
	for (size_t i = 0; i < sizeof(joined) / sizeof(*joined); i++)
		if (begins(arg, joined[i])) {
			*word = !arg[strlen(joined[i])];
			return true;
		}
	return false;
}

/* Divides the command line between the two. Words: everything after "--". */
static void parse_command(struct command *c, struct kcc_options *options, char **words)
{
	const char *base = strrchr(*words, '/');
	bool word;

	if (!strcmp(base ? base + 1 : *words, "ccache"))
		push(&c->cc, *words++);
	if (!*words || !**words)
		die("no compiler's name where it should stand, after -- or ccache");
	push(&c->cc, *words);
	push(&c->pp, *words++);
	for (; *words; words++) {
		const char *arg = *words, *value = words[1];

		if (!strcmp(arg, "-c") || !strcmp(arg, "-E")) {
			*(arg[1] == 'c' ? &c->compile : &c->preprocess) = true;
		} else if (begins(arg, "-o")) {
			c->object = arg[2] ? arg + 2 : *++words;
		} else if (!strcmp(arg, "-MF") || !strcmp(arg, "-MT") || !strcmp(arg, "-MQ")) {
			*(arg[2] == 'F' ? &c->depfile : &c->target) = value;
			push(&c->pp, arg);
			push(&c->pp, value);
			words++;
		} else if (begins(arg, "-M")) {
			c->deps = true;
			push(&c->pp, arg);
		} else if (preprocessor_option(arg, &word)) {
			push(&c->pp, arg);
			if (word)
				push(&c->pp, *++words);
		} else if (!strcmp(arg, "-x") || !strcmp(arg, "--param")) {
			if (arg[1] == 'x' && value && strcmp(value, "c"))
				die("only C can be compiled, not -x %s", value);
			if (arg[1] == '-') {
				push(&c->pp, arg);
				push(&c->pp, value);
				push(&c->cc, arg);
				push(&c->cc, value);
			}
			words++;
		} else if (*arg == '-') {
			if (begins(arg, "-fmacro-prefix-map=") || begins(arg, "-ffile-prefix-map="))
				add_name(&options->prefix_maps, &options->n_prefix_maps, strchr(arg, '=') + 1);
			push(&c->pp, arg);
			push(&c->cc, arg);
		} else if (c->source) {
			die("two source files, %s and %s", c->source, arg);
		} else {
			c->source = arg;
		}
		if (!*words)
			die("%s has no value", arg);
	}
	if (!c->source || c->compile == c->preprocess || (c->compile && !c->object))
		die("only `-c FILE.c -o FILE.o` and, to look at what is compiled, `-E FILE.c` can be run");
	if (strpbrk(c->source, "\"\\\n"))
		die("the file's name has a character that cannot stand in a line marker: %s", c->source);
}

static pid_t start(char **argv, int in, int out)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int err;

	posix_spawn_file_actions_init(&actions);
	if (in >= 0)
		posix_spawn_file_actions_adddup2(&actions, in, 0);
	if (out >= 0)
		posix_spawn_file_actions_adddup2(&actions, out, 1);
	err = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (err)
		die("%s: %s", argv[0], strerror(err));
	return pid;
}

/* Returns the exit code, in a shell's form. */
static int finish(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			die("wait: %s", strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The source, then the overrides, so that these see the macros of this TU. */
static int preprocess(struct command *c, const struct kcc_options *options, char **text, size_t *len)
{
	char *wrapper = kcc_format("#include \"%s\"\n", c->source);
	size_t max = 4 << 20;
	int in[2], out[2];
	ssize_t n;
	pid_t pid;

	for (size_t i = 0; i < options->n_overrides; i++) {
		char *more = kcc_format("%s#include \"%s\"\n", wrapper, options->overrides[i]);

		free(wrapper);
		wrapper = more;
	}
	if (c->deps && !c->depfile) {
		char *dot = strrchr(c->object, '.');

		c->depfile = kcc_format("%.*s.d", (int)(dot ? dot - c->object : (long)strlen(c->object)), c->object);
		push(&c->pp, "-MF");
		push(&c->pp, c->depfile);
	}
	if (c->deps && !c->target) {
		push(&c->pp, "-MT");
		push(&c->pp, c->object);
	}
	push(&c->pp, "-D__KCC__");
	push(&c->pp, "-E");
	push(&c->pp, "-x");
	push(&c->pp, "c");
	push(&c->pp, "-");
	/* The wrapper is smaller than a pipe's buffer. */
	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) || write(in[1], wrapper, strlen(wrapper)) < 0)
		die("pipe: %s", strerror(errno));
	free(wrapper);
	close(in[1]);
	pid = start(c->pp.v, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	*text = kcc_alloc(NULL, max + 1);
	*len = 0;
	while ((n = read(out[0], *text + *len, max - *len)) > 0) {
		*len += n;
		if (*len == max) {
			max *= 2;
			*text = kcc_alloc(*text, max + 1);
		}
	}
	(*text)[*len] = 0;
	close(out[0]);
	return finish(pid);
}

/*
 * Makes the source the main file in the line markers, as if it had been compiled itself with the overrides included at
 * its end. Sets tu->tail to where they begin.
 */
static void unwrap(struct kcc_tu *tu, const char *source)
{
	char *out = kcc_alloc(NULL, tu->len + 16 * (strlen(source) + 32)), *p = out;
	char *enter = kcc_format("# 1 \"%s\" 1\n", source);
	const char *from = tu->text, *end = tu->text + tu->len, *at;

	tu->tail = 0;
	while ((at = memmem(from, end - from, "\"<stdin>\"", 9))) {
		const char *bol = at, *eol = memchr(at, '\n', end - at);
		unsigned long line = 0;

		while (bol > from && bol[-1] != '\n')
			bol--;
		eol = eol ? eol + 1 : end;
		p = mempcpy(p, from, (*bol == '#' ? bol : eol) - from);
		from = eol;
		if (*bol != '#')
			continue;
		line = strtoul(bol + 1, NULL, 10);
		if (line == 0) {
			p += sprintf(p, "# 0 \"%s\"\n", source);
		} else if (line == 1) {
			p += sprintf(p, "# 1 \"%s\"\n", source);
			if (begins(from, enter))
				from += strlen(enter);
		} else if (line == 2) {
			tu->tail = p - out;
		} else {
			p += sprintf(p, "# 1 \"%s\" 2\n", source);
		}
	}
	p = mempcpy(p, from, end - from);
	free(tu->text);
	free(enter);
	tu->text = out;
	tu->len = p - out;
	if (!tu->tail)
		tu->tail = tu->len;
}

static void write_file(const char *name, const char *text, size_t len)
{
	FILE *f = fopen(name, "w");

	if (!f || fwrite(text, 1, len, f) != len || fclose(f))
		die("%s: %s", name, strerror(errno));
}

/* Adds a file to the dependencies, by Ninja's name for it: relative to the directory of the call. */
static void add_dependency(const char *depfile, const char *self)
{
	char *cwd = get_current_dir_name();
	FILE *f = fopen(depfile, "r+");

	if (cwd && begins(self, cwd) && self[strlen(cwd)] == '/')
		self += strlen(cwd) + 1;
	if (!f || fseek(f, -1, SEEK_END) || fprintf(f, " %s\n", self) < 0 || fclose(f))
		die("%s: %s", depfile, strerror(errno));
	free(cwd);
}

static void read_overlays(struct kcc_tu *tu, const char *file)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = fopen(file, "r");
	unsigned int line;

	if (!f || (getdelim(&text, &len, 0, f) < 0 && ferror(f)))
		die("%s: %s", file, strerror(errno));
	fclose(f);
	line = text ? kcc_overlays_read(tu, text) : 0;
	free(text);
	if (line)
		die("%s:%u: not `mirror` or `keep`, file, name, reason", file, line);
}

/* Returns the passed text, malloced; NULL after an error. */
static char *pass(struct command *c, const struct kcc_options *options, struct kcc_tu *tu, size_t *len)
{
	char *out, *fixed;

	unwrap(tu, c->source);
	if (c->overlays)
		read_overlays(tu, c->overlays);
	out = kcc_pass(tu, options, len);
	if (!out || !c->share)
		return out;
	fixed = kcc_fix_names(&c->names, out, len);
	free(out);
	return fixed;
}

static int compile(struct command *c, const struct kcc_options *options)
{
	struct kcc_tu tu = {0};
	char *out, *note = NULL, *input;
	size_t len, note_len = 0;
	int rc = preprocess(c, options, &tu.text, &tu.len);

	if (rc)
		return rc;
	if (c->compile)
		tu.note = open_memstream(&note, &note_len);
	out = pass(c, options, &tu, &len);
	if (!out)
		return 1;
	if (c->preprocess) {
		write_file(c->object ? c->object : "/dev/stdout", out, len);
		return 0;
	}
	input = kcc_format("%s.i", c->object);
	write_file(input, out, len);
	/* The compiler does not warn about what macros write, but there are no macros left. */
	push(&c->cc, "-Wno-tautological-compare");
	push(&c->cc, "-Werror=designated-init");
	if (c->share)
		push(&c->cc, kcc_format("-fdebug-prefix-map=%s=%s", c->names.build, kcc_fixed_build));
	push(&c->cc, "-c");
	push(&c->cc, input);
	push(&c->cc, "-o");
	push(&c->cc, c->object);
	rc = finish(start(c->cc.v, -1, -1));
	unlink(input);
	fclose(tu.note);
	if (!rc) {
		if (c->depfile && strchr(c->self, '/'))
			add_dependency(c->depfile, c->self);
		if (c->depfile && c->overlays)
			add_dependency(c->depfile, c->overlays);
		write_file(kcc_format("%s.kcc", c->object), note, note_len);
	}
	free(note);
	free(out);
	kcc_free(&tu);
	return rc;
}

/*
 * Compiles the words as they are, but for the names: those of the links in the build directory, which the compiler
 * replaces by the fixed ones in the debug information. So ccache need not preprocess.
 */
static int compile_links(struct command *c, char **words)
{
	struct args args = {0};
	int rc;

	for (; *words; words++)
		push(&args, kcc_link_names(&c->names, *words));
	push(&args, kcc_format("-fdebug-prefix-map=%s=%s", KCC_TREE_LINK, kcc_fixed_tree));
	push(&args, kcc_format("-fdebug-prefix-map=%s=%s", KCC_BUILD_LINK, kcc_fixed_build));
	push(&args, kcc_format("-fdebug-prefix-map=%s=%s", c->names.build, kcc_fixed_build));
	rc = finish(start(args.v, -1, -1));
	if (!rc && c->depfile)
		kcc_unlink_names(&c->names, c->depfile);
	return rc;
}

/* Returns whether the links are there, and stand for these names. In a variant of the tree, they do not. */
static bool have_links(const struct kcc_names *names)
{
	char *tree = realpath(KCC_TREE_LINK, NULL), *build = realpath(KCC_BUILD_LINK, NULL);
	bool same = tree && build && !strcmp(tree, names->tree) && !strcmp(build, names->build);

	free(tree);
	free(build);
	return same;
}

/*
 * Compiles with the fixed names if that can be. An object that is there is compiled again after an edit, which no other
 * tree has. Returns false if anybody had something to say, too: then the file is compiled with the real names, and the
 * messages show them and the lines of the source.
 */
static bool share(struct command *c, const struct kcc_options *options, char **words)
{
	struct stat st;
	int messages;
	pid_t pid;

	if (!c->compile || !kcc_names_fit(&c->names) || !access(c->object, F_OK))
		return false;
	if (!c->changes && !have_links(&c->names))
		return false;
	messages = memfd_create("messages", MFD_CLOEXEC);
	pid = fork();
	if (messages < 0 || pid < 0)
		die("no file or process for the compiler's messages: %s", strerror(errno));
	if (!pid) {
		dup2(messages, 2);
		c->share = true;
		exit(c->changes ? compile(c, options) : compile_links(c, words));
	}
	return !finish(pid) && !fstat(messages, &st) && !st.st_size;
}

int main(int argc, char **argv)
{
	struct kcc_options options = {0};
	struct command command = {0};
	const char *linked = NULL, *error;
	int i;

	for (i = 1; i + 1 < argc && strcmp(argv[i], "--"); i += 2) {
		if (!strcmp(argv[i], "--overrides"))
			add_name(&options.overrides, &options.n_overrides, argv[i + 1]);
		else if (!strcmp(argv[i], "--instruction"))
			add_name(&options.instructions, &options.n_instructions, argv[i + 1]);
		else if (!strcmp(argv[i], "--big-endian"))
			options.big_endian = argv[i + 1];
		else if (!strcmp(argv[i], "--overlays"))
			command.overlays = argv[i + 1];
		else if (!strcmp(argv[i], "--fixed-tree"))
			command.names.tree = argv[i + 1];
		else if (!strcmp(argv[i], "--fixed-build"))
			command.names.build = argv[i + 1];
		else if (!strcmp(argv[i], "--real-names"))
			linked = argv[i + 1];
		else
			break;
	}
	if (linked && i == argc && command.names.tree && command.names.build) {
		error = kcc_names_fit(&command.names) ? kcc_real_names(&command.names, linked) : NULL;
		if (error)
			die("%s: %s", linked, error);
		return 0;
	}
	if (i + 1 >= argc || strcmp(argv[i], "--"))
		die("usage: kcc [--big-endian DIR --overlays FILE] [--overrides FILE]... "
		    "[--instruction NAME=FUNCTION]... [--fixed-tree DIR --fixed-build DIR] "
		    "-- [ccache] COMPILER ARGUMENT..., or kcc --fixed-tree DIR --fixed-build DIR --real-names FILE");
	command.self = argv[0];
	/* Without any of these, kcc is there for the names alone. */
	command.changes = options.big_endian || options.n_overrides || options.n_instructions || !command.names.tree;
	parse_command(&command, &options, argv + i + 1);
	if (share(&command, &options, argv + i + 1))
		return 0;
	if (command.changes)
		return compile(&command, &options);
	i++;
	execvp(argv[i], argv + i);
	die("%s: %s", argv[i], strerror(errno));
}
