/* SPDX-License-Identifier: MIT */
/*
 * Running a script: one step after the other in one session, a row of results for each, judged
 * by what the script expects.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rm/name.h>

#include "script_priv.h"
#include "transport.h"

/* The status of a step, by name; "" when it did not reach RM. */
static const char *
status_of(const struct runner *r, const json_t *doc, int rc, const struct gsp_error *err,
          char *buf, size_t bytes)
{
    const char *name;

    if (rc == 0)
        return script_step_kind(doc) <= SCRIPT_EVENT ? "NV_OK" : "";
    if (err->origin != GSP_ORIGIN_RM)
        return "";
    name = nvrm_status_name(r->env.abi, err->nv_status);
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
        char *why = script_mismatch(r->env.abi, want, script_path(step->result, path));

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
    const bool ok = json_is_true(json_object_get(row, "ok"));

    if (ok && !strcmp(cli_str(row, "kind"), "print")) {
        fprintf(cli->out, "       %s\n", cli_str(row, "text"));
        return;
    }
    fprintf(cli->out, "%s%-6s%s %-5s ", cli_paint(cli, cli->out, ok ? "\033[32m" : "\033[31m"),
            ok ? "ok" : "FAILED", cli_paint(cli, cli->out, "\033[0m"), cli_str(row, "step"));
    fprintf(cli->out, *cli_str(row, "name") ? "%-5s %s" : "%s%s", cli_str(row, "kind"),
            cli_str(row, "name"));
    if (*cli_str(row, "class") || *cli_str(row, "control"))
        fprintf(cli->out, " %s%s", cli_str(row, "class"), cli_str(row, "control"));
    if (*cli_str(row, "handle"))
        fprintf(cli->out, " %s", cli_str(row, "handle"));
    if (*cli_str(row, "status"))
        fprintf(cli->out, " %s", cli_str(row, "status"));
    if (json_object_get(row, "attempts"))
        fprintf(cli->out, " after %lld attempts",
                (long long)json_integer_value(json_object_get(row, "attempts")));
    if (*cli_str(row, "error"))
        fprintf(cli->out, "\n       %s: %s", cli_str(row, "at"), cli_str(row, "error"));
    if (*cli_str(row, "hint"))
        fprintf(cli->out, "\n       hint: %s", cli_str(row, "hint"));
    fputc('\n', cli->out);
}

static int
fail_step(struct runner *r, struct step *step, const char *text, const char *hint, int code)
{
    char place[160];

    json_object_set_new(step->row, "ok", json_false());
    json_object_set_new(step->row, "error", json_string(text));
    json_object_set_new(
        step->row, "at",
        json_string(script_where(r->script, step->number, place, sizeof(place))));
    if (hint && *hint)
        json_object_set_new(step->row, "hint", json_string(hint));
    return code;
}

/* Judge what came back. Returns the step's exit code. */
static int
judge(struct runner *r, struct step *step, int rc, struct gsp_error *err)
{
    struct gsp_error wrong = {0};
    char buf[16], *mismatch;
    const char *status = status_of(r, step->doc, rc, err, buf, sizeof(buf));
    int code = CLI_OK;

    if (*status) {
        json_object_set_new(step->row, "status", json_string(status));
        json_object_set_new(step->result, "status", json_string(status));
    }
    if (rc < 0 && *r->cli->interrupted)
        return fail_step(r, step, "interrupted", NULL, CLI_INTERRUPTED);
    if (rc == -EBADE)
        return fail_step(r, step, err->text, err->hint, CLI_EXPECTATION);
    if (rc < 0 && !expects_refusal(step, err))
        return fail_step(r, step, err->text, err->hint, cli_exit_code(err));
    /* Nothing was sent, so nothing came back that could be compared. */
    mismatch = session_is_dry(r->env.session) ? NULL : first_mismatch(r, step, &wrong);
    if (mismatch)
        code = fail_step(r, step, mismatch, wrong.hint,
                         wrong.rc < 0 ? cli_exit_code(&wrong) : CLI_EXPECTATION);
    else
        json_object_set_new(step->row, "ok", json_true());
    free(mismatch);
    return code;
}

/* Fields that the step calls secret, wherever else they turn up. */
static void
keep_secrets(struct runner *r, const struct step *step)
{
    const json_t *path;
    size_t i;

    json_array_foreach(json_object_get(step->doc, "secret"), i, path)
    {
        const json_t *value = script_path(step->result, json_string_value(path));

        if (value)
            script_secret(&r->env, value);
    }
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

/* Rows without secrets; what a row says about the step itself is none. */
static json_t *
shown(const struct runner *r, const struct step *step)
{
    static const char *const own[] = {"step", "kind", "name", "ok", "at"};
    json_t *row, *copy;
    const json_t *path;
    size_t i;

    if (!json_array_size(r->env.secrets) && !json_object_get(step->doc, "secret"))
        return json_incref(step->row);
    row = script_masked(&r->env, step->row);
    copy = json_deep_copy(row);
    json_decref(row);
    for (i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        if (json_object_get(step->row, own[i]))
            json_object_set(copy, own[i], json_object_get(step->row, own[i]));
    }
    json_array_foreach(json_object_get(step->doc, "secret"), i, path)
        script_mask_path(json_object_get(copy, "params"), json_string_value(path));
    return copy;
}

static void
finish_row(struct runner *r, const struct step *step)
{
    json_t *row = shown(r, step);

    if (r->stream)
        cli_emit_row(r->cli, row, print_row);
    else
        json_array_append_new(r->rows, row);
}

static void
begin(struct step *step, const json_t *doc, const char *number)
{
    *step = (struct step){doc, number, json_object(), json_object()};
    json_object_set_new(step->row, "step", json_string(number));
    json_object_set_new(step->row, "kind",
                        json_string(script_kind_name(script_step_kind(doc))));
    json_object_set_new(step->row, "name", json_string(cli_str(doc, "name")));
}

/* What the failure of a step leads to: its code, or CLI_OK to go on. */
static int
after_failure(struct runner *r, const json_t *doc, int code)
{
    const char *own = cli_str(doc, "on_error"), *word = *own ? own : r->on_error;

    if (code == CLI_OK)
        return CLI_OK;
    r->failed++;
    if (r->code == CLI_OK)
        r->code = code;
    if (code == CLI_INTERRUPTED)
        return code;
    if (r->at_end || !strcmp(word, "continue"))
        return CLI_OK;
    r->cleanup = r->cleanup || !strcmp(word, "cleanup");
    return code;
}

int
script_step_failed(struct runner *r, const json_t *doc, const char *number,
                   const struct gsp_error *err, int code)
{
    struct step step;

    begin(&step, doc, number);
    fail_step(r, &step, err->text, err->hint, code);
    r->ran++;
    finish_row(r, &step);
    json_decref(step.row);
    json_decref(step.result);
    return after_failure(r, doc, code);
}

struct retry {
    long long count;
    double delay;
    const json_t *on; /* text or texts; NULL: anything that may pass */
};

static struct retry
retry_of(const json_t *doc)
{
    const json_t *retry = json_object_get(doc, "retry");

    if (json_is_object(retry))
        return (struct retry){(long long)json_number_value(json_object_get(retry, "count")),
                              json_number_value(json_object_get(retry, "delay")),
                              json_object_get(retry, "on")};
    return (struct retry){(long long)json_number_value(retry), 0, NULL};
}

static bool
is_reason(const char *word, const struct step *step, int code)
{
    return (code == CLI_EXPECTATION && !strcmp(word, "expect")) ||
           (code == CLI_PROTOCOL && !strcmp(word, "timeout")) ||
           !strcmp(word, cli_str(step->row, "status"));
}

/* A refusal by the policy or a bad name is no better the next time. */
static bool
may_pass(const struct retry *retry, const struct step *step, int code)
{
    const json_t *word;
    size_t i;

    if (code != CLI_RM_STATUS && code != CLI_PROTOCOL && code != CLI_EXPECTATION)
        return false;
    if (!retry->on)
        return true;
    if (json_is_string(retry->on))
        return is_reason(json_string_value(retry->on), step, code);
    json_array_foreach(retry->on, i, word)
    {
        if (is_reason(json_string_value(word), step, code))
            return true;
    }
    return false;
}

void
script_sleep(const struct runner *r, double seconds)
{
    const uint64_t end = gsp_host_now_ns(NULL) + (uint64_t)(seconds * 1e9);

    while (!*r->cli->interrupted && !session_is_dry(r->env.session)) {
        const uint64_t now = gsp_host_now_ns(NULL);

        if (now >= end)
            break;
        usleep(end - now > 20000000 ? 20000 : (useconds_t)((end - now) / 1000 + 1));
    }
}

static int
attempts(struct runner *r, struct step *step)
{
    const struct retry retry = retry_of(step->doc);
    const enum script_kind kind = script_step_kind(step->doc);
    long long tries = 1;
    int code;

    for (;; tries++) {
        struct gsp_error err = {0};

        code = judge(r, step, script_call(r, kind, step, &err), &err);
        if (tries > retry.count || !may_pass(&retry, step, code))
            break;
        script_sleep(r, retry.delay);
        json_decref(step->row);
        json_decref(step->result);
        begin(step, step->doc, step->number);
    }
    if (tries > 1)
        json_object_set_new(step->row, "attempts", json_integer(tries));
    return code;
}

int
script_step(struct runner *r, const json_t *doc, const char *number)
{
    struct step step;
    int code;

    begin(&step, doc, number);
    code = attempts(r, &step);
    keep_secrets(r, &step);
    if (code == CLI_OK)
        code = remember(r, &step);
    r->ran++;
    finish_row(r, &step);
    json_decref(step.row);
    json_decref(step.result);
    return after_failure(r, doc, code);
}

static json_t *
summary(const struct runner *r)
{
    const struct nvrm_abi abi = r->env.abi;
    json_t *doc = json_object();

    json_object_set_new(doc, "script", json_string(script_title(r->script)));
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

/* The calls of a dry run. Bytes on the wire cannot be searched for secrets, so with secrets
 * none are shown. */
static int
emit_dry(struct runner *r)
{
    json_t *calls = session_dry_calls(r->env.session), *masked, *call;
    size_t i;

    if (json_array_size(r->env.secrets)) {
        json_array_foreach(calls, i, call)
        {
            if (json_object_get(call, "wire"))
                json_object_set_new(call, "wire", json_string("***"));
        }
    }
    masked = script_masked(&r->env, calls);
    json_decref(calls);
    return cli_emit(r->cli, &(struct cli_doc){.json = masked, .text = dry_print});
}

/* A dry run has no rows, so what failed is said on stderr. */
static void
complain(struct runner *r)
{
    const json_t *row;
    size_t i;

    json_array_foreach(r->rows, i, row)
    {
        if (*cli_str(row, "error"))
            fprintf(r->cli->err, "error: %s: step %s: %s\n", cli_str(row, "at"),
                    cli_str(row, "step"), cli_str(row, "error"));
        if (*cli_str(row, "error") && *cli_str(row, "hint"))
            fprintf(r->cli->err, "hint: %s\n", cli_str(row, "hint"));
    }
}

/* Streams end with the summary as a row of its own; one document holds everything. */
static int
emit_summary(struct runner *r)
{
    json_t *doc;

    if (session_is_dry(r->env.session)) {
        complain(r);
        return emit_dry(r);
    }
    doc = summary(r);
    if (r->stream)
        return cli_emit_row(r->cli, doc, print_summary);
    json_object_set(doc, "steps", r->rows);
    return cli_emit(r->cli, &(struct cli_doc){.json = doc, .text = print_summary});
}

/* A record holds the bytes that were sent, and so the secrets. */
static int
refuse_record(const struct runner *r, struct gsp_error *err)
{
    if (!r->cli->options.record || r->cli->options.unsafe || !json_array_size(r->env.secrets))
        return 0;
    gsp_fail(err, GSP_ORIGIN_POLICY, -EPERM,
             "the script has secrets, and --record writes all that is sent into a file");
    gsp_hint(err, "leave --record out, or add --unsafe and keep the file safe");
    return -EPERM;
}

static int
start(struct runner *r, const struct script_options *options, struct gsp_error *err)
{
    int rc;

    r->env.vars = json_object();
    r->env.results = json_object();
    rc = script_vars(&r->env, r->script->doc, options->vars, err);
    if (rc == 0)
        rc = refuse_record(r, err);
    if (rc == 0)
        rc = session_get(r->cli, &r->env.session, err);
    if (rc < 0)
        return rc;
    r->env.abi = session_abi(r->env.session);
    r->stream = (r->cli->options.format == CLI_TEXT || r->cli->options.format == CLI_JSONL) &&
                !session_is_dry(r->env.session);
    return 0;
}

int
script_run(struct cli *cli, const struct script *s, const struct script_options *options)
{
    struct runner r = {
        .cli = cli, .script = s, .rows = json_array(), .ask = options->ask, .on_error = "stop"};
    struct gsp_error err = {0};
    int rc;

    if (start(&r, options, &err) < 0) {
        rc = cli_fail(cli, &err);
    } else {
        rc = script_flow(&r, s->doc, "");
        if (r.code == CLI_OK)
            r.code = rc;
        rc = emit_summary(&r);
    }
    json_decref(r.env.vars);
    json_decref(r.env.results);
    json_decref(r.env.secrets);
    json_decref(r.rows);
    return r.code != CLI_OK ? r.code : rc;
}
