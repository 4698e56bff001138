/* SPDX-License-Identifier: MIT */
/*
 * Which step comes next: conditions, loops, included scripts, and what runs at the end.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "script_priv.h"

enum { MOST_RUNS = 1000000, ROUNDS = 1000 };

static int run_steps(struct runner *r, const json_t *steps, const char *outer);

/* The value of an expression; false with a row that says why when there is none. */
static bool
evaluate(struct runner *r, const char *text, json_t **value_out, struct gsp_error *err)
{
    const struct expr_env names = script_names(&r->env);

    *value_out = expr_eval(text, &names, err);
    return *value_out != NULL;
}

static bool
goes_on(const struct runner *r, int rc)
{
    return rc == CLI_OK && r->ran < MOST_RUNS && !*r->cli->interrupted;
}

static void
set_round(struct runner *r, long long i)
{
    json_object_set_new(r->env.vars, "i", json_integer(i));
}

static int
run_repeat(struct runner *r, const json_t *doc, const char *number)
{
    struct gsp_error err = {0};
    json_t *count = script_substitute(&r->env, json_object_get(doc, "repeat"), &err);
    long long times = 0;
    int rc = CLI_OK;

    if (count && !script_integer(count, &times))
        gsp_fail(&err, GSP_ORIGIN_INPUT, -EINVAL, "repeat is not a whole number");
    json_decref(count);
    if (err.rc < 0)
        return script_step_failed(r, doc, number, &err, CLI_USAGE);
    for (long long i = 0; i < times && goes_on(r, rc); i++) {
        set_round(r, i);
        rc = run_steps(r, json_object_get(doc, "steps"), number);
    }
    return rc;
}

static int
run_for(struct runner *r, const json_t *doc, const char *number)
{
    struct gsp_error err = {0};
    json_t *list = script_substitute(&r->env, json_object_get(doc, "in"), &err);
    json_t *item;
    size_t i;
    int rc = CLI_OK;

    if (list && !json_is_array(list))
        gsp_fail(&err, GSP_ORIGIN_INPUT, -EINVAL, "in is not a list");
    if (!json_is_array(list)) {
        json_decref(list);
        return script_step_failed(r, doc, number, &err, CLI_USAGE);
    }
    json_array_foreach(list, i, item)
    {
        if (!goes_on(r, rc))
            break;
        set_round(r, (long long)i);
        json_object_set(r->env.vars, cli_str(doc, "for"), item);
        rc = run_steps(r, json_object_get(doc, "steps"), number);
    }
    json_decref(list);
    return rc;
}

/* A dry run goes round once: nothing comes back that could end the loop. */
static long long
most_rounds(const struct runner *r, const json_t *doc)
{
    const json_t *limit = json_object_get(doc, "limit");

    if (session_is_dry(r->env.session))
        return 1;
    return limit ? (long long)json_number_value(limit) : ROUNDS;
}

static int
run_while(struct runner *r, const json_t *doc, const char *number)
{
    const long long most = most_rounds(r, doc);
    int rc = CLI_OK;

    for (long long i = 0; goes_on(r, rc); i++) {
        struct gsp_error err = {0};
        json_t *value;
        bool yes;

        set_round(r, i);
        if (!evaluate(r, cli_str(doc, "while"), &value, &err))
            return script_step_failed(r, doc, number, &err, CLI_USAGE);
        yes = expr_true(value);
        json_decref(value);
        if (!yes || (i == most && session_is_dry(r->env.session)))
            break;
        if (i == most) {
            gsp_fail(&err, GSP_ORIGIN_INPUT, -EINVAL, "the loop did not end within %lld rounds",
                     most);
            gsp_hint(&err, "limit sets how many rounds are waited for");
            return script_step_failed(r, doc, number, &err, CLI_EXPECTATION);
        }
        rc = run_steps(r, json_object_get(doc, "steps"), number);
    }
    return rc;
}

static int
run_include(struct runner *r, const json_t *doc, const char *number)
{
    const json_t *inner = json_object_get(doc, SCRIPT_INCLUDED);
    json_t *with = json_object_get(doc, "with");
    struct gsp_error err = {0};
    json_t *values = with ? script_substitute(&r->env, with, &err) : NULL;

    if (with && !values)
        return script_step_failed(r, doc, number, &err, CLI_USAGE);
    json_object_update(r->env.vars, values);
    json_decref(values);
    if (script_vars(&r->env, inner, NULL, &err) < 0)
        return script_step_failed(r, doc, number, &err, CLI_USAGE);
    return script_flow(r, inner, number);
}

static int (*const flows[SCRIPT_KINDS])(struct runner *r, const json_t *doc,
                                        const char *number) = {
    [SCRIPT_REPEAT] = run_repeat,
    [SCRIPT_FOR] = run_for,
    [SCRIPT_WHILE] = run_while,
    [SCRIPT_INCLUDE] = run_include,
};

/* Whether the step's "if" holds: 1, 0, or -1 when the expression failed. */
static int
is_wanted(struct runner *r, const json_t *doc, struct gsp_error *err)
{
    const char *condition = script_condition(doc);
    json_t *value;
    int yes;

    if (!script_applies(r->env.abi, doc))
        return 0;
    if (!condition)
        return 1;
    if (!evaluate(r, condition, &value, err))
        return -1;
    yes = expr_true(value);
    json_decref(value);
    return yes;
}

static int
run_step(struct runner *r, const json_t *doc, const char *number)
{
    const enum script_kind kind = script_step_kind(doc);
    struct gsp_error err = {0};
    enum script_answer answer = SCRIPT_GO;
    const int wanted = is_wanted(r, doc, &err);

    if (wanted < 0)
        return script_step_failed(r, doc, number, &err, CLI_USAGE);
    if (wanted && r->ask)
        answer = script_ask(r, doc, number);
    if (!wanted || answer == SCRIPT_SKIP) {
        r->skipped++;
        return CLI_OK;
    }
    if (answer == SCRIPT_QUIT) {
        r->ask = false; /* what must run at the end runs without asking */
        return CLI_INTERRUPTED;
    }
    return flows[kind] ? flows[kind](r, doc, number) : script_step(r, doc, number);
}

static int
run_steps(struct runner *r, const json_t *steps, const char *outer)
{
    const json_t *doc;
    size_t i;
    int rc = CLI_OK;

    json_array_foreach(steps, i, doc)
    {
        char number[96];

        if (*r->cli->interrupted)
            return CLI_INTERRUPTED;
        snprintf(number, sizeof(number), "%s%s%zu", outer, *outer ? "." : "", i + 1);
        rc = run_step(r, doc, number);
        if (rc != CLI_OK)
            return rc;
    }
    return rc;
}

/* cleanup or finally: every step gets its chance, after an interrupt too. */
static void
run_end(struct runner *r, const json_t *doc, const char *section, const char *outer)
{
    const json_t *steps = json_object_get(doc, section);
    const bool before = r->at_end;
    const int interrupted = *r->cli->interrupted;
    char number[96];

    if (!steps)
        return;
    *r->cli->interrupted = 0;
    r->at_end = true;
    snprintf(number, sizeof(number), "%s%s%s", outer, *outer ? "." : "", section);
    (void)run_steps(r, steps, number);
    r->at_end = before;
    *r->cli->interrupted |= interrupted;
}

int
script_flow(struct runner *r, const json_t *doc, const char *outer)
{
    const char *before = r->on_error, *own = cli_str(doc, "on_error");
    int rc;

    r->on_error = *own ? own : before;
    rc = run_steps(r, json_object_get(doc, "steps"), outer);
    if (rc != CLI_OK && r->cleanup)
        run_end(r, doc, "cleanup", outer);
    run_end(r, doc, "finally", outer);
    r->on_error = before;
    return rc;
}
