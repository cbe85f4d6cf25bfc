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

#include <cjson/cJSON.h>
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

/* JSON is UTF-8. What is not ASCII becomes a question mark, as in JUnit files. */
static void add_string(cJSON *to, const char *key, const char *s, size_t n)
{
	char *copy = xmalloc(n + 1);

	for (size_t i = 0; i < n; i++)
		copy[i] = (unsigned char)s[i] < 127 ? s[i] : '?';
	cJSON_AddStringToObject(to, key, copy);
	free(copy);
}

static cJSON *element(const struct writer *w, const char *kind, unsigned int track, const char *name, size_t n)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddStringToObject(o, "ph", kind);
	cJSON_AddNumberToObject(o, "pid", w->scenario);
	cJSON_AddNumberToObject(o, "tid", track);
	add_string(o, "name", name, n);
	return o;
}

/* Writes an element, and frees it. A file may have millions, so they are not kept until its end. */
static void put(struct writer *w, cJSON *o)
{
	char *text = cJSON_PrintUnformatted(o);

	fprintf(w->out, "%s%s", w->before, text);
	w->before = ",\n";
	cJSON_free(text);
	cJSON_Delete(o);
}

/* Names a track, or with what = "process_name" the scenario. */
static void name_it(struct writer *w, const char *what, unsigned int track, const char *name, size_t n)
{
	cJSON *o = element(w, "M", track, what, strlen(what));

	add_string(cJSON_AddObjectToObject(o, "args"), "name", name, n);
	put(w, o);
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
	cJSON *o, *args;

	while (end < n && s[end] != '(')
		end++;
	need_track(w, STEPS);
	o = element(w, "X", STEPS, s + name, end - name);
	cJSON_AddNumberToObject(o, "ts", (double)w->step);
	cJSON_AddNumberToObject(o, "dur", (double)(w->now - w->step));
	args = cJSON_AddObjectToObject(o, "args");
	add_string(args, "call", s + name, n - name);
	add_string(args, "at", s, place);
	put(w, o);
	w->step = w->now;
}

/* An event without a duration, on one track. */
static cJSON *instant(struct writer *w, unsigned int track, const char *name, size_t n)
{
	cJSON *o;

	need_track(w, track);
	o = element(w, "i", track, name, n);
	cJSON_AddStringToObject(o, "s", "t");
	cJSON_AddNumberToObject(o, "ts", (double)w->now);
	return o;
}

/* ftrace's layout: "  TASK-PID  [CPU] FLAGS SECONDS: NAME: TEXT". Returns 0 if the line is no event. */
static int put_event(struct writer *w, const char *s, size_t n)
{
	const char *cpu = strstr(s, " [");
	char time[24], name[64];
	unsigned int number;
	cJSON *o, *args;
	int at = 0;

	if (*s != ' ' || !cpu || sscanf(cpu, " [%u] %*s %23[0-9.]: %63[^:]:%n", &number, time, name, &at) != 3 || !at ||
	    number >= KVMSIM_MAX_CPUS)
		return 0;
	at += cpu[at] == ' ';
	o = instant(w, number + 1, name, strlen(name));
	args = cJSON_AddObjectToObject(o, "args");
	add_string(args, "text", cpu + at, (size_t)(s + n - (cpu + at)));
	while (*s == ' ')
		s++;
	add_string(args, "task", s, strcspn(s, " "));
	add_string(args, "seconds", time, strlen(time));
	put(w, o);
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
		put(w, instant(w, STEPS, s, n));	/* what the machine logs and reports, and notes */
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
