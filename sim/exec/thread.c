// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads of the program inside and outside of the simulator.
 *
 * A program with one thread plays one simulated CPU all the time. With several, a thread plays one only while it is in
 * the simulator, so that any number of threads can share the CPUs. A thread takes the CPU that it had last if that is
 * free, so with no more threads than CPUs each keeps one.
 *
 * A thread that is cancelled inside comes out first, as for a fork() of another thread, and ends when it is outside.
 */
#define _GNU_SOURCE
#include "exec.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include "signal.h"

#define LONGEST_WAIT 20		/* seconds for a CPU */
#define OUST_AGAIN 10000000	/* ns */
#define MOST_CANCELLED 8	/* threads that were cancelled outside and may still enter once */
#define SLOWER 30		/* how much slower than a real machine the simulated one may be */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;	/* guards what follows, up to nr_cancelled */
static pthread_cond_t freed = PTHREAD_COND_INITIALIZER;
static unsigned int nr_cpus, busy;	/* busy: a bit for each CPU */
static bool stopped;			/* only the thread with `stopper` may take a CPU */
static struct {
	pthread_t thread;		/* the thread that plays the CPU */
	int tid;			/* its number for the host */
	unsigned int ousted;		/* how often exec_signals_oust() was called for it */
} players[KVMSIM_MAX_CPUS];
static pthread_t cancelled[MOST_CANCELLED];
static unsigned int nr_cancelled;
static unsigned int nr_inside;
static bool threaded;

static __thread __attribute__((tls_model("initial-exec"))) unsigned int inside;
static __thread __attribute__((tls_model("initial-exec"))) int cpu;
static __thread __attribute__((tls_model("initial-exec"))) bool stopper;
static __thread __attribute__((tls_model("initial-exec"))) int cancel_state;	/* the program's */
static __thread __attribute__((tls_model("initial-exec"))) bool cancel_at_once;	/* and its type of cancellation */

bool exec_active(void)
{
	return exec_ops && !inside;
}

bool exec_in_simulator(void)
{
	return inside;
}

bool exec_threaded(void)
{
	return threaded;
}

unsigned int exec_threads_inside(void)
{
	return __atomic_load_n(&nr_inside, __ATOMIC_RELAXED) - (inside ? 1 : 0);
}

void exec_threads_begin(unsigned int n)
{
	nr_cpus = n;
	cpu = 0;
	exec_oust_begin();
}

/* Returns a free CPU for the calling thread, its last one first, or -1. The lock is held. */
static int free_cpu(void)
{
	if (stopped && !stopper)
		return -1;
	for (unsigned int i = 0; i < nr_cpus; i++) {
		unsigned int c = (cpu + i) % nr_cpus;

		if (!(busy & 1u << c))
			return (int)c;
	}
	return -1;
}

/* Takes the player of CPU c out of the simulator, soon. Returns false if it has ended. The lock is held. */
static bool oust(unsigned int c)
{
	if (!exec_signals_oust(players[c].tid))
		return false;
	players[c].ousted++;
	return true;
}

/* Forgets that the calling thread was cancelled. Returns whether it was. The lock is held. */
static bool take_cancelled(void)
{
	for (unsigned int i = 0; i < nr_cancelled; i++) {
		if (pthread_equal(cancelled[i], pthread_self())) {
			cancelled[i] = cancelled[--nr_cancelled];
			return true;
		}
	}
	return false;
}

static void take_cpu(void)
{
	struct timespec end;
	int c;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += LONGEST_WAIT;
	pthread_mutex_lock(&lock);
	while ((c = free_cpu()) < 0)
		if (pthread_cond_timedwait(&freed, &lock, &end) == ETIMEDOUT)
			exec_refuse("more threads than the %u simulated CPUs that wait in system calls", nr_cpus);
	busy |= 1u << c;
	players[c].thread = pthread_self();
	players[c].tid = (int)exec_host(SYS_gettid);
	players[c].ousted = 0;
	if (take_cancelled())
		oust((unsigned int)c);
	pthread_mutex_unlock(&lock);
	cpu = c;
	if (exec_ops->thread_attach((unsigned int)c))
		exec_refuse("CPU %d takes no thread", c);
}

static void give_cpu(void)
{
	unsigned int ousted;

	exec_ops->thread_detach();
	pthread_mutex_lock(&lock);
	busy &= ~(1u << cpu);
	ousted = players[cpu].ousted;
	pthread_cond_broadcast(&freed);
	pthread_mutex_unlock(&lock);
	exec_signals_ousted(ousted);
}

static int set_cancel_type(int type, int *old)
{
	static typeof(&pthread_setcanceltype) next;

	if (!next)
		next = exec_next("pthread_setcanceltype");
	return next(type, old);
}

/* Inside, the type is never "at once": glibc 2.36 forgets PTHREAD_CANCELED when the state changes with that type. */
static void cancel_disable(int *state)
{
	if (cancel_at_once)
		set_cancel_type(PTHREAD_CANCEL_DEFERRED, NULL);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, state);
}

static void cancel_enable(int state)
{
	pthread_setcancelstate(state, NULL);
	if (!cancel_at_once)
		return;
	pthread_testcancel();
	set_cancel_type(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
}

void exec_enter(void)
{
	int saved = errno;

	cancel_disable(&cancel_state);
	exec_signals_begin();
	inside++;
	__atomic_fetch_add(&nr_inside, 1, __ATOMIC_RELAXED);
	if (threaded)
		take_cpu();
	errno = saved;
}

bool exec_leave(void)
{
	int saved = errno, state = cancel_state;
	bool restart;

	exec_ops->step_end();
	if (threaded)
		give_cpu();
	__atomic_fetch_sub(&nr_inside, 1, __ATOMIC_RELAXED);
	inside--;
	restart = exec_signals_late();
	cancel_enable(state);
	errno = saved;
	return restart;
}

void exec_alone(void (*fn)(void))
{
	exec_enter();
	pthread_mutex_lock(&lock);
	if (!(busy & ~(threaded ? 1u << cpu : 0)))
		fn();
	pthread_mutex_unlock(&lock);
	exec_leave();
}

void exec_threads_stop(void)
{
	struct timespec start, now;

	clock_gettime(CLOCK_REALTIME, &start);
	pthread_mutex_lock(&lock);
	while (stopped)
		pthread_cond_wait(&freed, &lock);
	stopped = stopper = true;
	while (busy) {
		for (unsigned int c = 0; c < nr_cpus; c++)
			if (busy & 1u << c)
				oust(c);
		clock_gettime(CLOCK_REALTIME, &now);
		if (now.tv_sec > start.tv_sec + LONGEST_WAIT)
			exec_refuse("fork() while another thread waits where no signal ends it");
		now.tv_nsec += OUST_AGAIN;
		if (now.tv_nsec >= 1000000000) {
			now.tv_sec++;
			now.tv_nsec -= 1000000000;
		}
		pthread_cond_timedwait(&freed, &lock, &now);
	}
	pthread_mutex_unlock(&lock);
}

void exec_threads_go(void)
{
	pthread_mutex_lock(&lock);
	stopped = stopper = false;
	pthread_cond_broadcast(&freed);
	pthread_mutex_unlock(&lock);
}

void exec_threads_forked(void)
{
	pthread_mutex_init(&lock, NULL);
	pthread_cond_init(&freed, NULL);
	stopped = stopper = false;
	nr_inside = 0;
}

/* Whether the kernel would begin the call again after handlers with SA_RESTART. These are cancellation points, too. */
static bool restarts(enum kvmsim_sys nr)
{
	return nr == KVMSIM_SYS_READ || nr == KVMSIM_SYS_WRITE;
}

int64_t exec_sys(enum kvmsim_sys nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	const uint64_t args[6] = { a, b, c, d, e, f };
	bool again;
	int64_t ret;

	do {
		if (restarts(nr))
			pthread_testcancel();
		exec_enter();
		ret = exec_ops->syscall(exec_pid, nr, args);
		again = (exec_leave() && restarts(nr)) || exec_signals_only_ousted();
	} while (again && ret == -EINTR);
	return ret;
}

/* From now on no thread plays a CPU while it is outside. */
static void become_threaded(void)
{
	exec_enter();
	exec_program->threads();
	exec_ops->step_end();
	exec_ops->thread_detach();
	threaded = true;
	__atomic_fetch_sub(&nr_inside, 1, __ATOMIC_RELAXED);
	inside--;
	cancel_enable(cancel_state);
}

struct start {
	void *(*fn)(void *);
	void *arg;
};

static void *started(void *arg)
{
	struct start s = *(struct start *)arg;

	__builtin_free(arg);
	exec_faults_thread();
	return s.fn(s.arg);
}

EXPORT int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *), void *arg)
{
	static typeof(&pthread_create) next;
	struct start *s;
	int ret;

	if (!next)
		next = exec_next("pthread_create");
	if (!exec_active())
		return next(thread, attr, fn, arg);
	if (!threaded)
		become_threaded();
	s = __builtin_malloc(sizeof(*s));
	if (!s)
		return EAGAIN;
	*s = (struct start){ fn, arg };
	ret = next(thread, attr, started, s);
	if (ret)
		__builtin_free(s);
	return ret;
}

EXPORT int pthread_setcanceltype(int type, int *old)
{
	int ret = set_cancel_type(type, old);

	if (!ret)
		cancel_at_once = type == PTHREAD_CANCEL_ASYNCHRONOUS;
	return ret;
}

EXPORT int pthread_cancel(pthread_t thread)
{
	static typeof(&pthread_cancel) next;
	bool out = false;
	int ret;

	if (!next)
		next = exec_next("pthread_cancel");
	ret = next(thread);
	if (ret || !exec_active())
		return ret;
	pthread_mutex_lock(&lock);
	for (unsigned int c = 0; c < nr_cpus; c++)
		if (busy & 1u << c && pthread_equal(players[c].thread, thread))
			out = oust(c);
	if (!out && nr_cancelled < MOST_CANCELLED)
		cancelled[nr_cancelled++] = thread;
	pthread_mutex_unlock(&lock);
	return 0;
}

/* Time limits are for real machines: a test gives its guest two seconds to come to a place, on a machine of its own. */
EXPORT int sem_timedwait(sem_t *sem, const struct timespec *end)
{
	static typeof(&sem_timedwait) next;
	struct timespec now, later = *end;

	if (!next)
		next = exec_next("sem_timedwait");
	clock_gettime(CLOCK_REALTIME, &now);
	if (exec_active() && (end->tv_sec > now.tv_sec || (end->tv_sec == now.tv_sec && end->tv_nsec > now.tv_nsec)))
		later.tv_sec += (end->tv_sec - now.tv_sec + 1) * SLOWER;
	return next(sem, &later);
}
