// SPDX-License-Identifier: GPL-2.0-only
/* Prints what a run says about a change: which of its lines ran, which did not, and a text for the cover letter. */
#include "check.h"

#include <stdlib.h>
#include <string.h>

/* The state of each line of each changed file, up to the last one that the change has. */
struct states {
	enum check_line **v;
	unsigned int *last;	/* number of the last line that is there */
};

static void take_state(struct states *s, size_t file, unsigned int line, enum check_line state)
{
	if (line <= s->last[file] && s->v[file][line] < state)
		s->v[file][line] = state;
}

/* Of a line that several flavours have, or that the compiler split, any part counts. */
static void add_states(const struct check *c, size_t flavour, struct states *s)
{
	const struct check_flavour *fl = &c->flavours[flavour];
	const struct reach_points *p = &c->reach.v[flavour];
	size_t point = 0;

	for (size_t i = 0; i < fl->code.n; i++) {
		const struct code_line *l = &fl->code.v[i];
		int ran;

		if (fl->file[l->file] == RECORD_NONE || !change_has(&c->change, fl->file[l->file], l->line))
			continue;
		while (point < p->n && p->addr[point] < l->addr)
			point++;
		ran = point < p->n && p->addr[point] == l->addr && fl->covered[point];
		take_state(s, fl->file[l->file], l->line, ran ? LINE_RAN : LINE_DID_NOT_RUN);
	}
}

static void make_states(const struct check *c, struct states *s)
{
	s->v = xmalloc((c->change.nfiles + 1) * sizeof(*s->v));
	s->last = xmalloc((c->change.nfiles + 1) * sizeof(*s->last));
	for (size_t i = 0; i < c->change.n; i++)
		if (c->change.v[i].last > s->last[c->change.v[i].file])
			s->last[c->change.v[i].file] = c->change.v[i].last;
	for (size_t i = 0; i < c->change.nfiles; i++)
		s->v[i] = xmalloc((s->last[i] + 1) * sizeof(*s->v[i]));
	for (size_t i = 0; i < c->nflavours; i++)
		add_states(c, i, s);
}

static void free_states(const struct check *c, struct states *s)
{
	for (size_t i = 0; i < c->change.nfiles; i++)
		free(s->v[i]);
	free(s->v);
	free(s->last);
}

/*
 * Returns the state of a line that f stands for. Functions that the change touches may be between the lines that a
 * function without a name stands for.
 */
static enum check_line state_of(const struct check *c, const struct states *s, const struct check_function *f,
				unsigned int line)
{
	if (line < f->first || line > f->last || line > s->last[f->file])
		return LINE_WITHOUT_CODE;
	for (size_t i = 0; !f->name && i < c->nfunctions; i++)
		if (c->functions[i].name && c->functions[i].file == f->file && c->functions[i].first <= line &&
		    line <= c->functions[i].last)
			return LINE_WITHOUT_CODE;
	return s->v[f->file][line];
}

struct sums {
	unsigned int code, ran;
};

static struct sums sum_of(const struct check *c, const struct states *s, const struct check_function *f)
{
	struct sums sums = { 0 };

	for (unsigned int line = f->first; line <= f->last; line++) {
		enum check_line state = state_of(c, s, f, line);

		sums.code += state != LINE_WITHOUT_CODE;
		sums.ran += state == LINE_RAN;
	}
	return sums;
}

/* Prints the changed lines that did not run, as ranges. Lines without code do not part a range. */
static void print_holes(const struct check *c, const struct states *s, FILE *out, const struct check_function *f,
			const char *before)
{
	unsigned int first = 0, last = 0;

	for (unsigned int line = f->first; line <= f->last + 1; line++) {
		enum check_line state = line > f->last ? LINE_RAN : state_of(c, s, f, line);

		if (state == LINE_DID_NOT_RUN) {
			first = first ? first : line;
			last = line;
		} else if (state == LINE_RAN && first) {
			fprintf(out, first == last ? "%s%u" : "%s%u-%u", before, first, last);
			before = ", ";
			first = 0;
		}
	}
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void print_function(const struct check *c, const struct states *s, FILE *out, const struct check_function *f)
{
	struct sums sums = sum_of(c, s, f);

	fprintf(out, "    %s: ", f->name ? f->name : "outside of functions");
	if (f->name && !f->compiled) {
		fputs("not compiled here\n", out);
		return;
	}
	if (sums.code)
		fprintf(out, "%u of %u changed line%s with code ran", sums.ran, sums.code, plural(sums.code));
	else
		fputs("no changed line has code", out);
	fprintf(out, "; %zu scenario%s", f->reach, plural(f->reach));
	if (c->selftests.wanted)
		fprintf(out, " and %zu selftest%s", f->selftests, plural(f->selftests));
	fprintf(out, " reach%s %s%s\n", f->reach == 1 && !c->selftests.wanted ? "es" : "", f->name ? "it" : "the file",
		f->loading ? ", and so does loading KVM" : "");
	if (sums.ran < sums.code) {
		print_holes(c, s, out, f, "      did not run: ");
		fputs("\n", out);
	}
}

/* Returns whether some flavour has code from the file. */
static int is_compiled(const struct check *c, size_t file)
{
	for (size_t i = 0; i < c->nflavours; i++)
		for (size_t f = 0; f < c->flavours[i].code.nfiles; f++)
			if (c->flavours[i].file[f] == file)
				return 1;
	return 0;
}

static void print_arches(const struct check *c, FILE *out)
{
	for (size_t i = 0; i < c->nflavours; i++)
		fprintf(out, "%s%s", i ? ", " : "", c->arch[i]);
}

static void print_files(const struct check *c, const struct states *s, FILE *out)
{
	fputs("\nThe change:\n", out);
	for (size_t file = 0; file < c->change.nfiles; file++) {
		fprintf(out, "  %s%s\n", c->change.files[file], is_compiled(c, file) ? "" : ": not compiled here");
		for (size_t i = 0; is_compiled(c, file) && i < c->nfunctions; i++)
			if (c->functions[i].file == file)
				print_function(c, s, out, &c->functions[i]);
	}
}

static const char *verdict_of(const struct sim_result *r)
{
	return r->state == SIM_PASSED ? "passed" : r->state == SIM_FAILED ? "FAILED" : "did not run";
}

static void print_selftests(const struct check *c, FILE *out)
{
	const struct check_selftests *s = &c->selftests;

	if (s->n)
		fputs("\nSelftests, nearest first:\n", out);
	for (size_t i = 0; i < s->n; i++)
		fprintf(out, "  %s, %.1f s: %s\n", verdict_of(s->jobs[i].result), s->jobs[i].result->seconds,
			s->jobs[i].job.name);
}

#define LETTER_COLUMNS 76

/* The programs of the selftests that ran, each once. */
static void print_programs(const struct check_selftests *s, FILE *out)
{
	size_t column = 0;

	for (size_t i = 0; i < s->n; i++) {
		const char *name = s->jobs[i].test->program;
		size_t before = 0;

		while (s->jobs[before].test->program != name && strcmp(s->jobs[before].test->program, name))
			before++;
		if (before < i)
			continue;
		if (column && column + strlen(name) + 2 > LETTER_COLUMNS)
			column = 0;
		column += (size_t)fprintf(out, "%s%s%s", !i ? "" : column ? "," : ",\n", column ? " " : "    ", name);
	}
	fputs(".\n", out);
}

static void print_selftest_letter(const struct check_selftests *s, FILE *out)
{
	if (!s->wanted)
		return;
	if (s->missing) {
		fprintf(out, "  The kernel's selftests did not run: %s.\n", s->missing);
		return;
	}
	fprintf(out, "  %zu run%s of KVM selftests of %zu that reach it: %zu passed, %zu failed, in %.1f s%s\n", s->n,
		plural(s->n), s->candidates, s->passed, s->failed, s->seconds, s->n ? ":" : ".");
	if (s->n)
		print_programs(s, out);
}

static void print_letter(const struct check *c, const struct states *s, FILE *out)
{
	struct sums all = { 0 };
	const char *before = " Not compiled: ";

	for (size_t i = 0; i < c->nfunctions; i++) {
		struct sums sums = sum_of(c, s, &c->functions[i]);

		all.code += sums.code;
		all.ran += sums.ran;
	}
	fprintf(out, "\nFor the cover letter:\n\n  Tested with kvmsim %s (Linux %s, ", KVMSIM_VERSION, c->release);
	print_arches(c, out);
	fprintf(out, "): %zu scenario%s of %zu that reach\n  the change: %zu passed, %zu failed, %zu skipped.\n",
		c->chosen, plural(c->chosen), c->candidates, c->passed, c->failed, c->skipped);
	print_selftest_letter(&c->selftests, out);
	fprintf(out, "  %u of %u changed line%s with code ran.", all.ran, all.code, plural(all.code));
	for (size_t file = 0; file < c->change.nfiles; file++)
		if (!is_compiled(c, file)) {
			fprintf(out, "%s%s", before, c->change.files[file]);
			before = ", ";
		}
	fputs(*before == ',' ? ".\n" : "\n", out);
	for (size_t i = 0; i < c->nfunctions; i++) {
		const struct check_function *f = &c->functions[i];
		struct sums sums = sum_of(c, s, f);

		if (sums.ran == sums.code)
			continue;
		fprintf(out, "  Did not run: %s:", c->change.files[f->file]);
		print_holes(c, s, out, f, "");
		fprintf(out, "%s%s%s\n", f->name ? " (" : "", f->name ? f->name : "", f->name ? ")" : "");
	}
}

void check_verdict(const struct check *c, FILE *out)
{
	struct states s;

	make_states(c, &s);
	print_files(c, &s, out);
	print_selftests(c, out);
	if (c->chosen || c->selftests.n)
		print_letter(c, &s, out);
	else if (c->change.n)
		fprintf(out, "\nNot tested: no scenario%s that was looked at reaches the change.\n",
			c->selftests.wanted ? " and no selftest" : "");
	else
		fputs("\nNot tested: the change has no lines.\n", out);
	free_states(c, &s);
}
