// SPDX-License-Identifier: GPL-2.0-only
/* Writes the figures as a page of HTML: a plot by gnuplot for each series, and a table of all cases. */
#include "bench.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>kvmsim bench</title>\n"
	"<style>body { font-family: sans-serif; margin: 2em } table { border-collapse: collapse }\n"
	"td, th { border: 1px solid #bbb; padding: .2em .6em; text-align: right } td:first-child { text-align: left }\n"
	"figure { display: inline-block; margin: .5em }</style></head><body>\n";

static const char scaling[] =
	"</h1>\n<h2>Scaling</h2>\n<p>The cost of one operation. With the exponent 0 it does not grow, with 1 it grows\n"
	"in proportion.</p>\n";

static void put(FILE *out, const char *s)
{
	for (; *s; s++)
		switch (*s) {
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		default:
			putc(*s, out);
		}
}

/* Text between single quotes, as gnuplot reads it. */
static void put_quoted(FILE *out, const char *s)
{
	putc('\'', out);
	for (; *s; s++) {
		putc(*s, out);
		if (*s == '\'')
			putc('\'', out);
	}
	putc('\'', out);
}

static void put_script(FILE *out, const struct bench_series *s)
{
	fputs("set terminal svg size 480,320 noenhanced background rgb 'white'\nset logscale xy\nset grid\n"
	      "set key off\nset offsets graph 0.1, graph 0.1, 0, 0\nset title ", out);
	put_quoted(out, s->title);
	fputs("\nset ylabel ", out);
	put_quoted(out, s->what);
	fputs("\nplot '-' with linespoints pointtype 7\n", out);
	for (size_t i = 0; i < s->n; i++)
		fprintf(out, "%.17g %.17g\n", s->x[i], s->y[i]);
	fputs("e\n", out);
}

/* Copies what the command prints, from the element <svg on. Returns 0 or -1. */
static int copy_svg(FILE *out, const char *command)
{
	FILE *p = popen(command, "re");
	char *line = NULL;
	size_t room = 0;
	int inside = 0;

	while (p && getline(&line, &room, p) > 0) {
		inside |= !strncmp(line, "<svg", 4);
		if (inside)
			fputs(line, out);
	}
	free(line);
	return p && !pclose(p) && inside ? 0 : -1;
}

static int plot(FILE *out, const struct bench_series *s)
{
	char path[] = "/tmp/kvmsim-plot-XXXXXX", *command;
	int fd = mkstemp(path), rc;
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	if (!f)
		return -1;
	put_script(f, s);
	rc = fclose(f);
	command = xasprintf("gnuplot %s", path);
	fputs("<figure>", out);
	rc |= copy_svg(out, command);
	fprintf(out, "<figcaption>%zu points, exponent %.2f</figcaption></figure>\n", s->n, s->exponent);
	free(command);
	unlink(path);
	return rc;
}

static void put_row(FILE *out, const struct bench_case *c)
{
	fputs("<tr><td>", out);
	put(out, c->arch);
	putc(' ', out);
	put(out, c->name);
	fprintf(out, "</td><td>%llu ", (unsigned long long)c->ops);
	put(out, c->unit);
	fputs("</td>", out);
	for (int i = 0; i < BENCH_REST; i++)
		if (c->has_instructions)
			fprintf(out, "<td>%.1f</td>", c->instructions[i]);
		else
			fputs("<td></td>", out);
	fprintf(out, "<td>%.1f</td><td>%.1f</td><td>", c->median, c->mad);
	for (size_t i = 0; i < c->ncounts; i++)
		fprintf(out, "%s%s %.3f", i ? ", " : "", c->count_names[i], c->counts[i]);
	fputs("</td></tr>\n", out);
}

static void put_table(FILE *out, const struct bench_results *r)
{
	fputs("<h2>All cases</h2>\n<p>Each figure is for one operation.</p>\n"
	      "<table><tr><th>case</th><th>operations</th>", out);
	for (int i = 0; i < BENCH_REST; i++)
		fprintf(out, "<th>instructions, %s</th>", bench_part_names[i]);
	fputs("<th>ns</th><th>deviation</th><th>counts</th></tr>\n", out);
	for (size_t i = 0; i < r->n; i++)
		put_row(out, &r->v[i]);
	fputs("</table>\n", out);
}

int bench_write_html(const struct bench_results *r, const char *path)
{
	struct bench_series *v;
	size_t n = bench_find_series(r, &v);
	FILE *out = fopen(path, "we");
	int rc = out ? 0 : -1, plots = 0;

	if (out) {
		fputs(head, out);
		fputs("<h1>kvmsim bench, Linux ", out);
		put(out, r->kernel);
		fputs(scaling, out);
		for (size_t i = 0; i < n && !plots; i++)
			plots = plot(out, &v[i]);
		put_table(out, r);
		fputs("</body></html>\n", out);
		rc = ferror(out) ? -1 : 0;
		rc |= fclose(out) ? -1 : 0;
	}
	free(v);
	if (rc)
		fprintf(stderr, "kvmsim bench: %s: %s\n", path, strerror(errno));
	if (plots)
		fprintf(stderr, "kvmsim bench: gnuplot failed or is missing (gnuplot-nox); %s lacks plots\n", path);
	return rc | plots;
}
