// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which jobs a scenario file makes, and how the worker passes that list to the parent.
 *
 * A scenario without an arch list runs on every flavour. If it has an mmu list, it runs only on flavours that have one
 * of its personalities; without an mmu list it runs on the default personality.
 */
#include "plan.h"

#include <stdlib.h>
#include <string.h>

static char *get_string(lua_State *L, int idx, const char *key)
{
	char *s = NULL;

	if (lua_getfield(L, idx, key) == LUA_TSTRING)
		s = xstrdup(lua_tostring(L, -1));
	lua_pop(L, 1);
	return s;
}

static double get_number(lua_State *L, int idx, const char *key)
{
	double v;

	lua_getfield(L, idx, key);
	v = lua_tonumber(L, -1);
	lua_pop(L, 1);
	return v;
}

static int get_bool(lua_State *L, int idx, const char *key)
{
	int v;

	lua_getfield(L, idx, key);
	v = lua_toboolean(L, -1);
	lua_pop(L, 1);
	return v;
}

struct names {
	const char *v[32];
	size_t n;
};

static int has(const struct names *l, const char *s)
{
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->v[i], s))
			return 1;
	return 0;
}

static void add(struct names *l, const char *s)
{
	if (l->n < sizeof(l->v) / sizeof(l->v[0]) && !has(l, s))
		l->v[l->n++] = s;
}

/* The strings stay alive in the table. */
static void get_list(lua_State *L, int idx, const char *key, struct names *out)
{
	out->n = 0;
	if (lua_getfield(L, idx, key) == LUA_TTABLE)
		for (lua_Integer i = 1; i <= (lua_Integer)lua_rawlen(L, -1); i++) {
			if (lua_rawgeti(L, -1, i) == LUA_TSTRING)
				add(out, lua_tostring(L, -1));
			lua_pop(L, 1);
		}
	lua_pop(L, 1);
}

static int flavour_of(const struct sim_flavours *fl, const char *arch)
{
	for (size_t i = 0; i < fl->n; i++)
		if (!strcmp(fl->v[i].ops->arch, arch))
			return (int)i;
	return -1;
}

/* Collects the personalities of one flavour that the scenario wants. */
static void wanted_mmus(const struct sim_flavour *f, const struct names *wanted, struct names *out)
{
	const char *const *p = f->ops->personalities;

	out->n = 0;
	for (size_t i = 0; p && p[i]; i++)
		if (has(wanted, p[i]))
			add(out, p[i]);
}

/* The same, or the default one: the scenario says that it is about this architecture. */
static void pick_mmus(const struct sim_flavour *f, const struct names *wanted, struct names *out)
{
	const char *const *p = f->ops->personalities;

	wanted_mmus(f, wanted, out);
	if (!out->n)
		add(out, p && p[0] ? p[0] : "");
}

/* Picks the architectures for a scenario that names none. */
static void pick_arches(const struct sim_flavours *fl, const struct names *wanted, struct names *out)
{
	struct names mmus;

	for (size_t i = 0; i < fl->n; i++) {
		wanted_mmus(&fl->v[i], wanted, &mmus);
		if (!wanted->n || mmus.n)
			add(out, fl->v[i].ops->arch);
	}
}

static struct sim_job *append(struct sim_plan *plan)
{
	plan->jobs = xrealloc(plan->jobs, (plan->n + 1) * sizeof(*plan->jobs));
	plan->jobs[plan->n] = (struct sim_job){ .flavour = -1 };
	return &plan->jobs[plan->n++];
}

char *job_machine(const struct sim_job *j)
{
	return xasprintf("%s%s%s%s%s", j->personality, *j->facilities ? ":" : "", j->facilities, *j->params ? ":" : "",
			 j->params);
}

static char *job_name(const struct sim_job *j, int many_arch, int many_machines)
{
	char *machine = job_machine(j), *name;

	if (many_arch && many_machines)
		name = xasprintf("%s [%s %s]", j->scenario, j->arch, machine);
	else if (many_arch || many_machines)
		name = xasprintf("%s [%s]", j->scenario, many_arch ? j->arch : machine);
	else
		name = xstrdup(j->scenario);
	free(machine);
	return name;
}

/* The kernels that a scenario is about: from one version on, until another one; or NULL. */
struct kernels {
	char *from, *before;
};

/* Returns them in words, or NULL if they are all. */
static char *kernels_in_words(const struct kernels *k)
{
	if (k->from && k->before)
		return xasprintf("Linux %s and later, before %s", k->from, k->before);
	if (k->from)
		return xasprintf("Linux %s and later", k->from);
	return k->before ? xasprintf("Linux before %s", k->before) : NULL;
}

static bool kernels_have(const struct kernels *k, const char *release)
{
	return !(k->from && release_is_older(release, k->from)) &&
	       !(k->before && !release_is_older(release, k->before));
}

/* Returns what the scenario at stack index idx runs on, in words. arch: an architecture; kernels: in words, or NULL. */
static char *where_it_runs(lua_State *L, int idx, const char *arch, const char *kernels)
{
	char *where = kernels ? xasprintf("%s, %s", arch, kernels) : xstrdup(arch);
	struct names needs;

	get_list(L, idx, "needs", &needs);
	for (size_t i = 0; i < needs.n; i++) {
		char *longer = xasprintf("%s%s%s", where, i ? " " : ", needs ", needs.v[i]);

		free(where);
		where = longer;
	}
	return where;
}

/* Adds a scenario for whose personalities no flavour is here. */
static void add_skipped(struct sim_plan *plan, lua_State *L, int idx, const struct sim_job *common)
{
	struct sim_job *j = append(plan);

	*j = *common;
	j->scenario = get_string(L, idx, "name");
	j->covers = get_string(L, idx, "covers");
	j->name = xstrdup(j->scenario);
	j->flavour = -1;
	j->skip = xstrdup("no flavour that has its mmu is built here: see --arch");
}

/* What the scenario wants, and then what the command line does, which counts more. */
static char *whole_params(const char *own, const char *params)
{
	return xasprintf("%s%s%s", own, *own && params ? "," : "", params ? params : "");
}

/* Adds one entry of the list, at stack index idx. */
static void add_scenario(struct sim_plan *plan, lua_State *L, int idx, const struct sim_job *common,
			 const struct sim_flavours *fl, const struct sim_options *o)
{
	struct names arches, wanted, mmus, facilities, param_sets;
	const char *only_arch = o->arch;
	struct kernels k = { .from = get_string(L, idx, "kernel"), .before = get_string(L, idx, "before") };
	char *kernels = kernels_in_words(&k);

	get_list(L, idx, "arch", &arches);
	get_list(L, idx, "mmu", &wanted);
	get_list(L, idx, "facilities", &facilities);
	if (!facilities.n)
		add(&facilities, "");
	get_list(L, idx, "params", &param_sets);
	if (!param_sets.n)
		add(&param_sets, "");
	if (!arches.n)
		pick_arches(fl, &wanted, &arches);
	if (!arches.n && !only_arch)
		add_skipped(plan, L, idx, common);
	for (size_t a = 0; a < arches.n; a++) {
		int f = flavour_of(fl, arches.v[a]);

		if (only_arch && strcmp(only_arch, arches.v[a]))
			continue;
		mmus.n = 0;
		if (f >= 0)
			pick_mmus(&fl->v[f], &wanted, &mmus);
		else
			add(&mmus, "");
		for (size_t m = 0; m < mmus.n * facilities.n * param_sets.n; m++) {
			struct sim_job *j = append(plan);
			size_t machine = m / param_sets.n;

			*j = *common;
			j->scenario = get_string(L, idx, "name");
			j->covers = get_string(L, idx, "covers");
			j->arch = xstrdup(arches.v[a]);
			j->personality = xstrdup(mmus.v[machine / facilities.n]);
			j->facilities = xstrdup(facilities.v[machine % facilities.n]);
			j->params = whole_params(param_sets.v[m % param_sets.n], o->params);
			j->where = where_it_runs(L, idx, j->arch, kernels);
			j->flavour = f;
			j->name = job_name(j, arches.n > 1 && !only_arch, mmus.n * facilities.n * param_sets.n > 1);
			if (f < 0)
				j->skip = xasprintf("no flavour for %s is built here: see --arch", j->arch);
			else if (!kernels_have(&k, fl->v[f].ops->kernel_release))
				j->skip = xasprintf("about %s, this is %s", kernels, fl->v[f].ops->kernel_release);
		}
	}
	free(kernels);
	free(k.from);
	free(k.before);
}

void plan_add_file(struct sim_plan *plan, lua_State *L, int file, const struct sim_flavours *fl,
		   const struct sim_options *o)
{
	lua_env_push(L, "list");
	for (lua_Integer i = 1; i <= (lua_Integer)lua_rawlen(L, -1); i++) {
		struct sim_job common = { .file = file };
		int idx;

		lua_rawgeti(L, -1, i);
		idx = lua_gettop(L);
		common.line = (int)get_number(L, idx, "line");
		common.check_end = get_bool(L, idx, "check_end");
		common.timeout = get_number(L, idx, "timeout");
		common.ram = (unsigned long long)get_number(L, idx, "ram");
		if (o->timeout > 0 || common.timeout <= 0)
			common.timeout = o->timeout > 0 ? o->timeout : SIM_DEFAULT_TIMEOUT;
		add_scenario(plan, L, idx, &common, fl, o);
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
}

static char *copy(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

void job_copy(struct sim_job *to, const struct sim_job *from)
{
	*to = *from;
	to->name = copy(from->name);
	to->scenario = copy(from->scenario);
	to->covers = copy(from->covers);
	to->where = copy(from->where);
	to->skip = copy(from->skip);
	to->arch = copy(from->arch);
	to->personality = copy(from->personality);
	to->facilities = copy(from->facilities);
	to->params = copy(from->params);
}

void job_free(struct sim_job *j)
{
	free(j->name);
	free(j->scenario);
	free(j->covers);
	free(j->where);
	free(j->skip);
	free(j->arch);
	free(j->personality);
	free(j->facilities);
	free(j->params);
}

void plan_free(struct sim_plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		job_free(&plan->jobs[i]);
	free(plan->jobs);
	*plan = (struct sim_plan){ 0 };
}

/* Names hold no control characters (sim/lua/scenario.lua refuses them), so one line per string is enough. */
int plan_write(const struct sim_plan *plan, FILE *f)
{
	fprintf(f, "%zu\n", plan->n);
	for (size_t i = 0; i < plan->n; i++) {
		const struct sim_job *j = &plan->jobs[i];
		const char *s[] = {
			j->name, j->scenario, j->covers, j->where, j->skip, j->arch, j->personality, j->facilities,
			j->params
		};

		fprintf(f, "%d %d %d %a %llu\n", j->flavour, j->line, j->check_end, j->timeout, j->ram);
		for (size_t k = 0; k < sizeof(s) / sizeof(s[0]); k++)
			fprintf(f, "%c%s\n", s[k] ? '=' : '-', s[k] ? s[k] : "");
	}
	return ferror(f) ? -1 : 0;
}

static int read_string(FILE *f, char **out)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t n = getline(&line, &room, f);

	*out = NULL;
	if (n >= 2 && line[n - 1] == '\n' && (line[0] == '=' || line[0] == '-')) {
		line[n - 1] = 0;
		if (line[0] == '=')
			*out = xstrdup(line + 1);
		free(line);
		return 0;
	}
	free(line);
	return -1;
}

int plan_read(struct sim_plan *plan, FILE *f, int file)
{
	size_t n;

	if (fscanf(f, "%zu", &n) != 1 || fgetc(f) != '\n')
		return -1;
	while (n--) {
		struct sim_job *j = append(plan);

		j->file = file;
		if (fscanf(f, "%d %d %d %la %llu", &j->flavour, &j->line, &j->check_end, &j->timeout, &j->ram) != 5 ||
		    fgetc(f) != '\n' || read_string(f, &j->name) || read_string(f, &j->scenario) ||
		    read_string(f, &j->covers) || read_string(f, &j->where) || read_string(f, &j->skip) ||
		    read_string(f, &j->arch) || read_string(f, &j->personality) || read_string(f, &j->facilities) ||
		    read_string(f, &j->params)) {
			job_free(j);
			plan->n--;
			return -1;
		}
	}
	return 0;
}
