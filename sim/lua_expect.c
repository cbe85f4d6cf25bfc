// SPDX-License-Identifier: GPL-2.0-only
/*
 * Expectations of a scenario: how many it has made, and which lines have some that no rule has judged.
 *
 * They have a lock of their own, because a fatal report ends the process without the Lua lock.
 */
#include "lua_env.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* One line of a scenario that makes expectations; there are never more than the scenario has lines. */
struct place {
	char *source;
	int line;
	unsigned int open;	/* expectations made there and not judged yet */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct place *places;
static size_t nplaces;

static size_t place_of(const char *source, int line)
{
	for (size_t i = nplaces; i-- > 0;)
		if (places[i].line == line && !strcmp(places[i].source, source))
			return i;
	places = xrealloc(places, (nplaces + 1) * sizeof(*places));
	places[nplaces] = (struct place){ .source = xstrdup(source), .line = line };
	return nplaces++;
}

/* () -> number of the place, for judged() */
static int core_expecting(lua_State *L)
{
	lua_Debug ar;
	int known = sim_caller(L, &ar);	/* not after "return expect(x)", which leaves no trace of the caller */
	size_t i;

	pthread_mutex_lock(&lock);
	i = known ? place_of(ar.source + 1, ar.currentline) : place_of("?", 0);
	places[i].open++;
	pthread_mutex_unlock(&lock);
	child_count_expectation();
	lua_pushinteger(L, (lua_Integer)i);
	return 1;
}

/* An expected report of the machine is an expectation too. */
static int core_count_expectation(lua_State *L)
{
	(void)L;
	child_count_expectation();
	return 0;
}

/* (number of a place): a rule has judged one of the expectations made there. */
static int core_judged(lua_State *L)
{
	lua_Integer i = luaL_checkinteger(L, 1);

	pthread_mutex_lock(&lock);
	/* The interactive mode has already complained about open ones. */
	if (i >= 0 && (size_t)i < nplaces && places[i].open)
		places[i].open--;
	pthread_mutex_unlock(&lock);
	return 0;
}

static int by_line(const void *a, const void *b)
{
	const struct place *pa = a, *pb = b;
	int order = strcmp(pa->source, pb->source);

	return order ? order : (pa->line > pb->line) - (pa->line < pb->line);
}

/* Copies the places with open expectations in order of their lines, because threads reach them in any order. */
static struct place *take_open(size_t *n)
{
	struct place *open = xmalloc(nplaces * sizeof(*open));

	*n = 0;
	for (size_t i = 0; i < nplaces; i++)
		if (places[i].open) {
			open[(*n)++] = places[i];
			places[i].open = 0;
		}
	qsort(open, *n, sizeof(*open), by_line);
	return open;
}

void expectations_end(void)
{
	struct place *open;
	size_t n;

	pthread_mutex_lock(&lock);
	open = take_open(&n);
	pthread_mutex_unlock(&lock);
	for (size_t i = 0; i < n; i++) {
		char *line = open[i].line ? xasprintf(":%d", open[i].line) : xstrdup("");
		char *text = xasprintf("%s%s: expect() without a rule judges nothing: "
				       "call one, such as :eq(x) or :ok()", open[i].source, line);

		child_fail(text);
		free(text);
		free(line);
	}
	free(open);
}

static int core_expectations_end(lua_State *L)
{
	(void)L;
	expectations_end();
	return 0;
}

void lua_expect_register(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{ "expecting", core_expecting }, { "judged", core_judged },
		{ "count_expectation", core_count_expectation }, { "expectations_end", core_expectations_end },
		{ NULL, NULL },
	};

	luaL_setfuncs(L, functions, 0);
}
