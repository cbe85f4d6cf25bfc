// SPDX-License-Identifier: GPL-2.0-only
/*
 * Turns a trace's text into the JSON that Perfetto and chrome://tracing read (Trace Event Format).
 *
 * Each scenario is a process. Its track "steps" has the steps as slices, from the end of the step before to its own
 * end, and what the machine logs and reports. Each simulated CPU has a track with the kernel's trace events. Virtual
 * time stands still in most of a scenario, so the time axis counts records, a microsecond each; the virtual time is an
 * argument of an event.
 */
#include "sim.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STEPS 0u	/* the track of steps; CPU n has track n + 1 */

struct writer {
	FILE *out;
	unsigned long long now, step;	/* records so far; where the current step began */
	unsigned int scenario;		/* number, from 1 */
	unsigned int tracks;		/* bits of those that have a name */
	const char *before;		/* text between two elements */
};

static void put_string(FILE *out, const char *s, size_t n)
{
	putc('"', out);
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			fprintf(out, "\\u%04x", c);
		else
			putc(c, out);
	}
	putc('"', out);
}

/* Begins an element; the caller adds fields and the brace. */
static void begin(struct writer *w, const char *kind, unsigned int track, const char *name, size_t n)
{
	fprintf(w->out, "%s{\"ph\":\"%s\",\"pid\":%u,\"tid\":%u,\"name\":", w->before, kind, w->scenario, track);
	put_string(w->out, name, n);
	w->before = ",\n";
}

/* Names a track, or with what = "process_name" the scenario. */
static void name_it(struct writer *w, const char *what, unsigned int track, const char *name, size_t n)
{
	begin(w, "M", track, what, strlen(what));
	fputs(",\"args\":{\"name\":", w->out);
	put_string(w->out, name, n);
	fputs("}}", w->out);
}

static void need_track(struct writer *w, unsigned int track)
{
	char name[20] = "steps";

	if (w->tracks & 1u << track)
		return;
	w->tracks |= 1u << track;
	if (track != STEPS)
		snprintf(name, sizeof(name), "CPU %u", track - 1);
	name_it(w, "thread_name", track, name, strlen(name));
}

static void begin_scenario(struct writer *w, const char *name, size_t n)
{
	w->scenario++;
	w->tracks = 0;
	w->now++;
	w->step = w->now;
	name_it(w, "process_name", STEPS, name, n);
}

static void put_args(struct writer *w, const char *name, const char *s, size_t n)
{
	fprintf(w->out, ",\"args\":{\"%s\":", name);
	put_string(w->out, s, n);
}

/* "FILE:LINE: call = result". Returns the length of "FILE:LINE", or 0 if it is something else. */
static size_t step_place(const char *s, size_t n)
{
	for (size_t i = 1; i + 2 < n; i++) {
		size_t digits = i + 1;

		if (isspace((unsigned char)s[i]))
			return 0;
		if (s[i] != ':')
			continue;
		while (digits < n && isdigit((unsigned char)s[digits]))
			digits++;
		if (digits > i + 1 && digits + 1 < n && s[digits] == ':' && s[digits + 1] == ' ')
			return digits;
	}
	return 0;
}

static void put_step(struct writer *w, const char *s, size_t n, size_t place)
{
	size_t name = place + 2, end = name;

	while (end < n && s[end] != '(')
		end++;
	need_track(w, STEPS);
	begin(w, "X", STEPS, s + name, end - name);
	fprintf(w->out, ",\"ts\":%llu,\"dur\":%llu", w->step, w->now - w->step);
	put_args(w, "call", s + name, n - name);
	fputs(",\"at\":", w->out);
	put_string(w->out, s, place);
	fputs("}}", w->out);
	w->step = w->now;
}

/* What the machine logs and reports, and notes. */
static void put_note(struct writer *w, const char *s, size_t n)
{
	need_track(w, STEPS);
	begin(w, "i", STEPS, s, n);
	fprintf(w->out, ",\"s\":\"t\",\"ts\":%llu}", w->now);
}

/* ftrace's layout: "  TASK-PID  [CPU] FLAGS SECONDS: NAME: TEXT". Returns 0 if the line is no event. */
static int put_event(struct writer *w, const char *s, size_t n)
{
	const char *cpu = strstr(s, " [");
	char time[24], name[64];
	unsigned int number;
	int at = 0;

	if (*s != ' ' || !cpu || sscanf(cpu, " [%u] %*s %23[0-9.]: %63[^:]:%n", &number, time, name, &at) != 3 || !at ||
	    number >= KVMSIM_MAX_CPUS)
		return 0;
	at += cpu[at] == ' ';
	need_track(w, number + 1);
	begin(w, "i", number + 1, name, strlen(name));
	fprintf(w->out, ",\"s\":\"t\",\"ts\":%llu", w->now);
	put_args(w, "text", cpu + at, (size_t)(s + n - (cpu + at)));
	fputs(",\"task\":", w->out);
	while (*s == ' ')
		s++;
	put_string(w->out, s, strcspn(s, " "));
	fputs(",\"seconds\":", w->out);
	put_string(w->out, time, strlen(time));
	fputs("}}", w->out);
	return 1;
}

static void put_line(struct writer *w, const char *s, size_t n)
{
	size_t place;

	if (n > 4 && !strncmp(s, "=== ", 4)) {
		begin_scenario(w, s + 4, n - 4);
		return;
	}
	w->now++;
	if (put_event(w, s, n))
		return;
	place = step_place(s, n);
	if (place)
		put_step(w, s, n, place);
	else
		put_note(w, s, n);
}

int trace_to_json(int fd, FILE *out)
{
	struct writer w = { .out = out, .before = "" };
	int copy = dup(fd);
	FILE *in = copy < 0 ? NULL : fdopen(copy, "r");
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	int failed;

	if (!in)
		return errno;
	rewind(in);
	fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n", out);
	while ((n = getline(&line, &room, in)) > 0) {
		n -= line[n - 1] == '\n';
		line[n] = 0;
		put_line(&w, line, (size_t)n);
	}
	fputs("\n]}\n", out);
	free(line);
	errno = EIO;	/* of an error before now */
	failed = ferror(in) | fflush(out) | ferror(out);
	fclose(in);
	return failed ? errno : 0;
}
