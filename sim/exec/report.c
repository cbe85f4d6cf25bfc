// SPDX-License-Identifier: GPL-2.0-only
/* What the simulator has to say about a program: reports when they come, and the verdict at the end. */
#define _GNU_SOURCE
#include "exec.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <kshim/symbolize.h>

#define MOST_REPORTS 16		/* that the verdict repeats */
#define MOST_FRAMES 20
#define LINE 200
#define ALL_CHECKED 32		/* times; after them each power of two */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;	/* guards what follows */
static unsigned int nr_reports;
static char first_lines[MOST_REPORTS][LINE];
static bool finished;

static unsigned long nr_checks;	/* that were asked for */

bool exec_logging;
void (*exec_keep_counts)(void);

static const char *const kinds[KVMSIM_NR_REPORTS] = {
	[KVMSIM_BUG] = "BUG", [KVMSIM_OOPS] = "oops", [KVMSIM_REFUSED] = "refused", [KVMSIM_DEADLOCK] = "deadlock",
	[KVMSIM_OOM] = "out of memory", [KVMSIM_WARN] = "warning", [KVMSIM_CHECK] = "check", [KVMSIM_LEAK] = "leak",
	[KVMSIM_TIMEOUT] = "time-out",
};

/* What the program has printed so far is not lost, unless a thread is printing just now. */
static void __attribute__((noreturn)) end_now(int status)
{
	if (!ftrylockfile(stdout))
		fflush_unlocked(stdout);
	if (exec_keep_counts)
		exec_keep_counts();
	exec_host(SYS_exit_group, status);
	__builtin_unreachable();
}

void exec_say(const char *fmt, ...)
{
	char text[4096];
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(text, sizeof(text) - 1, fmt, args);
	va_end(args);
	n = n < (int)sizeof(text) - 1 ? n : (int)sizeof(text) - 2;
	text[n] = '\n';
	exec_host(SYS_write, 2, text, n + 1);
}

void exec_refuse(const char *fmt, ...)
{
	char text[LINE * 2];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	exec_say("kvmsim: REFUSED: %s: kvmsim exec cannot do this right (docs/exec.md)", text);
	end_now(1);
}

static void say_frames(const struct kvmsim_report *r)
{
	char func[LINE], file[LINE];
	int line;

	for (unsigned int i = 0; i < r->nr_frames && i < MOST_FRAMES; i++)
		if (!host_symbolize(r->frames[i], func, sizeof(func), file, sizeof(file), &line))
			exec_say("kvmsim:     %s (%s:%d)", func, file, line);
}

static void on_report(const struct kvmsim_report *r)
{
	char place[LINE] = "";

	if (r->file)
		snprintf(place, sizeof(place), " (%s:%d)", r->file, r->line);
	exec_say("kvmsim: %s: %s%s", kinds[r->kind], r->text, place);
	say_frames(r);
	pthread_mutex_lock(&lock);
	if (nr_reports < MOST_REPORTS)
		snprintf(first_lines[nr_reports], LINE, "%s: %.*s", kinds[r->kind], (int)strcspn(r->text, "\n"),
			 r->text);
	nr_reports++;
	pthread_mutex_unlock(&lock);
	if (r->kind <= KVMSIM_LAST_FATAL) {
		exec_say("kvmsim: FAILED: the simulated kernel cannot go on");
		end_now(1);
	}
}

static void on_log(int level, const char *line)
{
	if (exec_logging)
		exec_say("kvmsim: <%d> %s", level, line);
}

const struct kvmsim_host_ops exec_host_ops = { .report = on_report, .log = on_log };

void exec_reports_forked(void)
{
	pthread_mutex_init(&lock, NULL);
	nr_reports = 0;
	finished = false;
}

static void check_alone(void)
{
	exec_ops->check();
}

void exec_check(void)
{
	unsigned long n = __atomic_add_fetch(&nr_checks, 1, __ATOMIC_RELAXED);

	if (n <= ALL_CHECKED || !(n & (n - 1)))
		exec_alone(check_alone);
}

static void check_world(void)
{
	unsigned int others = exec_threads_inside();

	exec_enter();
	if (others) {
		exec_say("kvmsim: %u threads are still in system calls: no check of the world", others);
	} else {
		exec_ops->check();
		exec_files_end();
		exec_ops->process_exit(exec_pid);
		exec_ops->leak_check();
	}
	exec_leave();
}

int exec_finish(int status)
{
	if (!exec_ops || finished)
		return status;
	finished = true;
	check_world();
	if (exec_keep_counts)
		exec_keep_counts();
	if (!nr_reports)
		return status;
	if (!status)
		exec_say("kvmsim: FAILED: the program passed, but the simulator has %u report%s:", nr_reports,
			 nr_reports > 1 ? "s" : "");
	else
		exec_say("kvmsim: the program ended with %d, and the simulator has %u report%s:", status, nr_reports,
			 nr_reports > 1 ? "s" : "");
	for (unsigned int i = 0; i < nr_reports && i < MOST_REPORTS; i++)
		exec_say("kvmsim:   %s", first_lines[i]);
	return status ? status : 1;
}
