/* SPDX-License-Identifier: MIT */
/*
 * Running a script: one step after the other in one session, a row of results for each, judged
 * by what the script expects.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rm/name.h>

#include "script_priv.h"

enum { MOST_RUNS = 1000000 };

static struct nvrm_abi
abi_of(const struct runner *r)
{
    return session_abi(r->env.session);
}

/* The status of a step, by name; steps that do not reach RM are NV_OK. */
static const char *
status_of(const struct runner *r, int rc, const struct gsp_error *err, char *buf, size_t bytes)
{
    const char *name;

    if (rc == 0)
        return "NV_OK";
    if (err->origin != GSP_ORIGIN_RM)
        return "";
    name = nvrm_status_name(abi_of(r), err->nv_status);
    if (name)
        return name;
    snprintf(buf, bytes, "0x%x", err->nv_status);
    return buf;
}

/* The first thing that is not as expected, as text to free; NULL when all is. */
static char *
first_mismatch(struct runner *r, const struct step *step, struct gsp_error *err)
{
    json_t *expect = json_object_get(step->doc, "expect");
    json_t *replaced = expect ? script_substitute(&r->env, expect, err) : NULL;
    char *text = NULL;
    const char *path;
    json_t *want;

    if (expect && !replaced)
        return strdup(err->text);
    json_object_foreach(replaced, path, want)
    {
        char *why;

        why = script_mismatch(abi_of(r), want, script_path(step->result, path));
        if (why && asprintf(&text, "%s %s", path, why) < 0)
            text = NULL;
        free(why);
        if (text)
            break;
    }
    json_decref(replaced);
    return text;
}

static bool
expects_refusal(const struct step *step, const struct gsp_error *err)
{
    return err->origin == GSP_ORIGIN_RM &&
           json_object_get(json_object_get(step->doc, "expect"), "status");
}

static void
print_row(struct cli *cli, const json_t *row)
{
    const char *error = cli_str(row, "error");
    const bool ok = json_is_true(json_object_get(row, "ok"));

    if (!strcmp(cli_str(row, "kind"), "print")) {
        fprintf(cli->out, "       %s\n", cli_str(row, "text"));
        return;
    }
    fprintf(cli->out, "%s%-6s%s %-5s %-5s %s",
            cli_paint(cli, cli->out, ok ? "\033[32m" : "\033[31m"), ok ? "ok" : "FAILED",
            cli_paint(cli, cli->out, "\033[0m"), cli_str(row, "step"), cli_str(row, "kind"),
            cli_str(row, "name"));
    if (*cli_str(row, "class") || *cli_str(row, "control"))
        fprintf(cli->out, " %s%s", cli_str(row, "class"), cli_str(row, "control"));
    if (*cli_str(row, "handle"))
        fprintf(cli->out, " %s", cli_str(row, "handle"));
    if (*cli_str(row, "status"))
        fprintf(cli->out, " %s", cli_str(row, "status"));
    if (*error)
        fprintf(cli->out, "\n       %s", error);
    fputc('\n', cli->out);
}

static int
fail_step(struct runner *r, struct step *step, const char *text, const char *hint, int code)
{
    json_object_set_new(step->row, "ok", json_false());
    json_object_set_new(step->row, "error", json_string(text));
    if (hint && *hint)
        json_object_set_new(step->row, "hint", json_string(hint));
    r->failed++;
    if (r->code == CLI_OK)
        r->code = code;
    return code;
}

/* Judge what came back. Returns the step's exit code. */
static int
judge(struct runner *r, struct step *step, int rc, struct gsp_error *err)
{
    char buf[16], *mismatch;
    const char *status = status_of(r, rc, err, buf, sizeof(buf));
    int code = CLI_OK;

    if (*status) {
        json_object_set_new(step->row, "status", json_string(status));
        json_object_set_new(step->result, "status", json_string(status));
    }
    if (rc < 0 && !expects_refusal(step, err))
        return fail_step(r, step, err->text, err->hint, cli_exit_code(err));
    /* Nothing was sent, so nothing came back that could be compared. */
    mismatch = session_is_dry(r->env.session) ? NULL : first_mismatch(r, step, err);
    if (mismatch)
        code = fail_step(r, step, mismatch, NULL, CLI_EXPECTATION);
    else
        json_object_set_new(step->row, "ok", json_true());
    free(mismatch);
    return code;
}

static int
remember(struct runner *r, const struct step *step)
{
    const char *as = cli_str(step->doc, "as"), *name = cli_str(step->doc, "name");
    json_t *handle = json_object_get(step->result, "handle");
    struct gsp_error err = {0};
    uint32_t number;

    if (*name)
        json_object_set(r->env.results, name, step->result);
    if (!*as)
        return CLI_OK;
    json_object_set(r->env.vars, as, handle ? handle : step->result);
    if (handle && rm_parse_u32(json_string_value(handle), &number) &&
        session_name_set(r->env.session, as, number, &err) < 0)
        return cli_fail(r->cli, &err);
    return CLI_OK;
}

static bool
stops(const struct runner *r, const json_t *doc)
{
    const char *word = cli_str(doc, "on_error");

    return *word ? !strcmp(word, "stop") : r->stop_all;
}

static int run_steps(struct runner *r, const json_t *steps, const char *outer);

static int
run_one(struct runner *r, const json_t *doc, const char *number)
{
    const enum script_kind kind = script_step_kind(doc);
    struct step step = {.doc = doc, .result = json_object(), .row = json_object()};
    struct gsp_error err = {0};
    int code;

    json_object_set_new(step.row, "step", json_string(number));
    json_object_set_new(step.row, "kind", json_string(script_kind_name(kind)));
    json_object_set_new(step.row, "name", json_string(cli_str(doc, "name")));
    code = judge(r, &step, script_call(r, kind, &step, &err), &err);
    if (code == CLI_OK)
        code = remember(r, &step);
    r->ran++;
    if (r->stream)
        cli_emit_row(r->cli, json_incref(step.row), print_row);
    json_array_append_new(r->rows, step.row);
    json_decref(step.result);
    return code != CLI_OK && stops(r, doc) ? code : CLI_OK;
}

static int
run_repeat(struct runner *r, const json_t *doc, const char *number)
{
    struct gsp_error err = {0};
    json_t *count = script_substitute(&r->env, json_object_get(doc, "repeat"), &err);
    const long long times = json_is_string(count) ? atoll(json_string_value(count))
                                                  : (long long)json_integer_value(count);
    int rc = count ? CLI_OK : cli_fail(r->cli, &err);

    json_decref(count);
    for (long long i = 0; i < times && rc == CLI_OK && r->ran < MOST_RUNS; i++) {
        json_object_set_new(r->env.vars, "i", json_integer(i));
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

    if (!list)
        return cli_fail(r->cli, &err);
    if (!json_is_array(list))
        rc = cli_usage(r->cli, NULL, "step %s: in is not a list", number);
    json_array_foreach(list, i, item)
    {
        if (rc != CLI_OK || r->ran >= MOST_RUNS)
            break;
        json_object_set(r->env.vars, cli_str(doc, "for"), item);
        rc = run_steps(r, json_object_get(doc, "steps"), number);
    }
    json_decref(list);
    return rc;
}

static int
run_steps(struct runner *r, const json_t *steps, const char *outer)
{
    const json_t *doc;
    size_t i;
    int rc = CLI_OK;

    json_array_foreach(steps, i, doc)
    {
        const enum script_kind kind = script_step_kind(doc);
        char number[96];

        if (*r->cli->interrupted)
            return CLI_INTERRUPTED;
        if (!script_applies(abi_of(r), doc)) {
            r->skipped++;
            continue;
        }
        snprintf(number, sizeof(number), "%s%s%zu", outer, *outer ? "." : "", i + 1);
        if (kind == SCRIPT_REPEAT)
            rc = run_repeat(r, doc, number);
        else if (kind == SCRIPT_FOR)
            rc = run_for(r, doc, number);
        else
            rc = run_one(r, doc, number);
        if (rc != CLI_OK)
            return rc;
    }
    return rc;
}

static json_t *
summary(const struct runner *r, const char *name)
{
    const struct nvrm_abi abi = abi_of(r);
    json_t *doc = json_object();

    json_object_set_new(doc, "script", json_string(name));
    json_object_set_new(doc, "release",
                        json_string(nvrm_release_name(abi.schema, abi.release)));
    json_object_set_new(doc, "chip", json_string(session_chip(r->env.session)));
    json_object_set_new(doc, "ran", json_integer(r->ran));
    json_object_set_new(doc, "failed", json_integer(r->failed));
    json_object_set_new(doc, "skipped", json_integer(r->skipped));
    return doc;
}

static void
print_summary(struct cli *cli, const json_t *doc)
{
    fprintf(cli->out, "%s on %s with GSP-RM %s: %lld steps ran, %lld failed, %lld skipped\n",
            cli_str(doc, "script"), cli_str(doc, "chip"), cli_str(doc, "release"),
            (long long)json_integer_value(json_object_get(doc, "ran")),
            (long long)json_integer_value(json_object_get(doc, "failed")),
            (long long)json_integer_value(json_object_get(doc, "skipped")));
}

/* Streams end with the summary as a row of its own; one document holds everything. */
static int
emit_summary(struct runner *r, const char *name)
{
    json_t *doc = summary(r, name);

    if (session_is_dry(r->env.session)) {
        json_decref(doc);
        return session_emit_dry(r->cli, r->env.session);
    }
    if (r->stream)
        return cli_emit_row(r->cli, doc, print_summary);
    json_object_set(doc, "steps", r->rows);
    return cli_emit(r->cli, &(struct cli_doc){.json = doc, .text = print_summary});
}

int
script_run(struct cli *cli, const json_t *doc, const char *name)
{
    const json_t *vars = json_object_get(doc, "vars");
    struct runner r = {.cli = cli, .rows = json_array()};
    struct gsp_error err = {0};
    int rc;

    if (session_get(cli, &r.env.session, &err) < 0) {
        json_decref(r.rows);
        return cli_fail(cli, &err);
    }
    r.stream = (cli->options.format == CLI_TEXT || cli->options.format == CLI_JSONL) &&
               !session_is_dry(r.env.session);
    r.stop_all = strcmp(cli_str(doc, "on_error"), "continue") != 0;
    r.env.vars = vars ? json_deep_copy(vars) : json_object();
    r.env.results = json_object();
    rc = run_steps(&r, json_object_get(doc, "steps"), "");
    if (r.code == CLI_OK)
        r.code = rc;
    rc = emit_summary(&r, *cli_str(doc, "name") ? cli_str(doc, "name") : name);
    json_decref(r.env.vars);
    json_decref(r.env.results);
    json_decref(r.rows);
    return r.code != CLI_OK ? r.code : rc;
}
