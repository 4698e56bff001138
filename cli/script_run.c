/* SPDX-License-Identifier: MIT */
/*
 * Running a script: one step after the other in one session, a row of results for each.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rm/name.h>
#include <rm/params.h>

#include "args.h"
#include "script.h"

enum { MOST_RUNS = 1000000 };

struct runner {
    struct cli *cli;
    struct script_env env;
    json_t *rows;  /* one per step that ran */
    bool stream;   /* rows are printed as they come */
    bool stop_all; /* the script's on_error */
    unsigned ran, failed, skipped;
    int code; /* of the first failure */
};

/* One step on its way. */
struct step {
    const json_t *doc;
    char label[160];
    json_t *result; /* what expect and ${...} see */
    json_t *row;
};

static struct rm_client *
client_of(const struct runner *r)
{
    return session_client(r->env.session);
}

static struct nvrm_abi
abi_of(const struct runner *r)
{
    return session_abi(r->env.session);
}

/* A key of the step's own object with references replaced, as text. */
static int
text_of(struct runner *r, const json_t *object, const char *key, char *out, size_t bytes,
        struct gsp_error *err)
{
    json_t *value = json_object_get(object, key);
    json_t *replaced = value ? script_substitute(&r->env, value, err) : NULL;

    out[0] = '\0';
    if (value && !replaced)
        return -EINVAL;
    if (json_is_string(replaced))
        snprintf(out, bytes, "%s", json_string_value(replaced));
    else if (json_is_integer(replaced))
        snprintf(out, bytes, "%lld", (long long)json_integer_value(replaced));
    json_decref(replaced);
    return 0;
}

static int
object_of(struct runner *r, const json_t *object, const char *key, rm_handle *handle_out,
          struct gsp_error *err)
{
    char word[128];
    int rc = text_of(r, object, key, word, sizeof(word), err);

    return rc < 0 ? rc : session_object(r->env.session, word, handle_out, err);
}

/* The params key as wire parameters. */
static int
params_of(struct runner *r, const json_t *object, const struct nvrm_layout *layout,
          bool optional, struct rm_params *p, struct gsp_error *err)
{
    const json_t *params = json_object_get(object, "params");
    json_t *replaced;
    char *text;
    int rc = rm_params_init(p, abi_of(r), !params && optional ? NULL : layout, NULL, err);

    if (rc < 0 || !params)
        return rc;
    replaced = script_substitute(&r->env, params, err);
    if (!replaced)
        return -EINVAL;
    text = json_dumps(replaced, JSON_COMPACT);
    rc = text ? rm_params_read(p, text, strlen(text), err)
              : gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    free(text);
    json_decref(replaced);
    return rc;
}

/* The parameters after the call become the step's result. */
static int
take_result(struct step *step, const struct rm_params *p, struct gsp_error *err)
{
    json_t *result = args_result(p, err);

    if (!result)
        return -ENOMEM;
    json_object_update_missing(step->result, result);
    json_object_set_new(step->row, "params", result);
    return 0;
}

static void
take_handle(struct step *step, rm_handle handle)
{
    json_object_set_new(step->result, "handle", cli_hex32(handle));
    json_object_set_new(step->row, "handle", cli_hex32(handle));
}

static int
run_alloc(struct runner *r, struct step *step, struct gsp_error *err)
{
    const json_t *o = json_object_get(step->doc, "alloc");
    const struct nvrm_class *cls;
    rm_handle parent, handle = 0;
    char name[128], wanted[32];
    struct rm_params p;
    uint32_t id;
    int rc = text_of(r, o, "class", name, sizeof(name), err);

    if (rc == 0)
        rc = text_of(r, o, "handle", wanted, sizeof(wanted), err);
    if (rc == 0)
        rc = rm_name_class(abi_of(r), name, &cls, &id, err);
    if (rc == 0)
        rc = object_of(r, o, "parent", &parent, err);
    if (rc == 0 && *wanted && !rm_parse_u32(wanted, &handle))
        rc = gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "'%s' is not a handle", wanted);
    if (rc < 0)
        return rc;
    json_object_set_new(step->row, "class", json_string(name));
    rc = params_of(r, o, rm_class_layout(abi_of(r), cls), !cls || cls->optional, &p, err);
    if (rc == 0)
        rc = rm_alloc_params(client_of(r), parent, id, &p, &handle, err);
    if (rc == 0)
        rc = take_result(step, &p, err);
    if (rc == 0)
        take_handle(step, handle);
    rm_params_fini(&p);
    return rc;
}

static int
run_ctl(struct runner *r, struct step *step, struct gsp_error *err)
{
    const json_t *o = json_object_get(step->doc, "ctl");
    const struct nvrm_control *control;
    struct rm_params p;
    rm_handle object;
    char name[128];
    uint32_t cmd;
    int rc = text_of(r, o, "control", name, sizeof(name), err);

    if (rc == 0)
        rc = rm_name_control(abi_of(r), name, &control, &cmd, err);
    if (rc == 0)
        rc = policy_control(r->cli, abi_of(r), control, cmd, err);
    if (rc == 0)
        rc = object_of(r, o, "object", &object, err);
    if (rc < 0)
        return rc;
    json_object_set_new(step->row, "control", json_string(name));
    rc = params_of(r, o, control ? nvrm_struct_at(abi_of(r), control->params) : NULL, false, &p,
                   err);
    if (rc == 0)
        rc = rm_control_params(client_of(r), object, cmd, &p, err);
    if (rc == 0)
        rc = take_result(step, &p, err);
    rm_params_fini(&p);
    return rc;
}

static int
run_free(struct runner *r, struct step *step, struct gsp_error *err)
{
    rm_handle object;
    int rc = object_of(r, step->doc, "free", &object, err);

    if (rc == 0)
        rc = rm_free(client_of(r), object, err);
    if (rc == 0)
        take_handle(step, object);
    if (rc == 0)
        session_names_prune(r->env.session);
    return rc;
}

static int
run_dup(struct runner *r, struct step *step, struct gsp_error *err)
{
    const json_t *o = json_object_get(step->doc, "dup");
    rm_handle parent, object, client = rm_client_handle(client_of(r)), handle = 0;
    int rc = object_of(r, o, "parent", &parent, err);

    if (rc == 0)
        rc = object_of(r, o, "object", &object, err);
    if (rc == 0 && json_object_get(o, "client"))
        rc = object_of(r, o, "client", &client, err);
    if (rc == 0)
        rc = rm_dup(client_of(r), parent, client, object, &handle, err);
    if (rc == 0)
        take_handle(step, handle);
    return rc;
}

static int
run_rpc(struct runner *r, struct step *step, struct gsp_error *err)
{
    enum { REPLY_CAP = 1 << 17 };
    const json_t *o = json_object_get(step->doc, "rpc");
    struct gsp_backend *b = rm_client_backend(client_of(r));
    const struct nvrm_layout *layout;
    const struct nvrm_rpc *rpc;
    struct rm_params p;
    char name[128];
    uint32_t function;
    size_t bytes = 0;
    uint8_t *reply;
    int rc = text_of(r, o, "function", name, sizeof(name), err);

    if (rc == 0)
        rc = rm_name_rpc(abi_of(r), name, &rpc, &function, err);
    if (rc < 0)
        return rc;
    layout = rpc ? nvrm_struct_at(abi_of(r), rpc->params) : NULL;
    reply = calloc(1, REPLY_CAP);
    rc = params_of(r, o, layout, false, &p, err);
    if (rc == 0)
        rc = policy_rpc(r->cli, abi_of(r), rpc, function, p.wire, p.bytes, err);
    if (rc == 0 && (!b->ops->rpc || !reply))
        rc = gsp_fail(err, GSP_ORIGIN_TRANSPORT, -EOPNOTSUPP, "no raw RPCs here");
    if (rc == 0)
        rc = b->ops->rpc(b, function, p.wire, p.bytes, reply, REPLY_CAP, &bytes, err);
    if (rc == 0 && layout && bytes >= layout->size && bytes <= REPLY_CAP) {
        gsp_host_free(NULL, p.wire);
        p.wire = reply;
        p.bytes = bytes;
        reply = NULL;
        rc = take_result(step, &p, err);
    }
    free(reply);
    rm_params_fini(&p);
    return rc;
}

static int
run_tree(struct runner *r, struct step *step, struct gsp_error *err)
{
    struct gsp_text text = {0};
    json_t *tree;
    int rc = rm_tree_json(client_of(r), 0, &text, err);

    tree = rc == 0 ? cli_json_of(&text) : NULL;
    gsp_text_fini(&text);
    if (rc == 0 && !tree)
        rc = gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    if (rc < 0)
        return rc;
    json_object_update_missing(step->result, tree);
    json_object_set_new(step->row, "tree", tree);
    return 0;
}

static int
subscribe(struct runner *r, struct step *step, const json_t *o, struct gsp_error *err)
{
    static const char prefix[] = "NV2080_NOTIFIERS_";
    char word[128], name[160];
    rm_handle object, event;
    uint32_t index;
    uint64_t value;
    int rc = text_of(r, o, "subscribe", word, sizeof(word), err);

    if (rc == 0 && json_object_get(o, "object"))
        rc = object_of(r, o, "object", &object, err);
    else if (rc == 0)
        rc = session_object(r->env.session, "subdevice", &object, err);
    if (rc < 0)
        return rc;
    snprintf(name, sizeof(name), "%s%s",
             strncmp(word, prefix, sizeof(prefix) - 1) ? prefix : "", word);
    if (nvrm_constant_find(abi_of(r), name, &value))
        index = (uint32_t)value;
    else if (!rm_parse_u32(word, &index))
        return gsp_fail(err, GSP_ORIGIN_INPUT, -ENOENT, "there is no notifier %s", word);
    rc = rm_event_subscribe(client_of(r), object, index, &event, err);
    if (rc == 0)
        take_handle(step, event);
    return rc;
}

static int
wait_event(struct runner *r, struct step *step, const json_t *o, struct gsp_error *err)
{
    const json_t *timeout = json_object_get(o, "timeout");
    const double seconds = timeout ? json_number_value(timeout) : 1.0;
    const struct nvrm_rpc *rpc;
    const char *status;
    struct rm_event e;
    int rc = rm_event_next(client_of(r), &e, (uint64_t)(seconds * 1e9), err);

    if (rc == -EAGAIN)
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -ETIMEDOUT, "no event within %g s", seconds);
    if (rc < 0)
        return rc;
    rpc = nvrm_rpc_by_id(abi_of(r), e.function);
    status = nvrm_status_name(abi_of(r), e.status);
    json_object_set_new(step->result, "event",
                        json_string(rpc ? nvrm_str(r->cli->schema, rpc->name) : "?"));
    json_object_set_new(step->result, "handle", cli_hex32(e.event));
    json_object_set_new(step->result, "notifier", json_integer(e.notify_index & 0xffff));
    json_object_set_new(step->result, "data", cli_hex(e.data));
    json_object_set_new(step->result, "info16", json_integer(e.info16));
    json_object_set_new(step->result, "event_status", json_string(status ? status : "?"));
    json_object_update(step->row, step->result);
    return 0;
}

static int
run_event(struct runner *r, struct step *step, struct gsp_error *err)
{
    const json_t *o = json_object_get(step->doc, "event");
    int rc = 0;

    if (json_object_get(o, "subscribe"))
        rc = subscribe(r, step, o, err);
    if (rc == 0 && json_is_true(json_object_get(o, "wait")) && !session_is_dry(r->env.session))
        rc = wait_event(r, step, o, err);
    return rc;
}

static int
run_set(struct runner *r, struct step *step, struct gsp_error *err)
{
    json_t *values = script_substitute(&r->env, json_object_get(step->doc, "set"), err);

    if (!values)
        return -EINVAL;
    json_object_update(r->env.vars, values);
    json_decref(values);
    return 0;
}

static int
run_print(struct runner *r, struct step *step, struct gsp_error *err)
{
    json_t *text = script_substitute(&r->env, json_object_get(step->doc, "print"), err);

    if (!text)
        return -EINVAL;
    json_object_set_new(step->row, "text", text);
    return 0;
}

static int (*const runs[SCRIPT_KINDS])(struct runner *r, struct step *step,
                                       struct gsp_error *err) = {
    [SCRIPT_ALLOC] = run_alloc, [SCRIPT_CTL] = run_ctl, [SCRIPT_FREE] = run_free,
    [SCRIPT_DUP] = run_dup,     [SCRIPT_RPC] = run_rpc, [SCRIPT_TREE] = run_tree,
    [SCRIPT_EVENT] = run_event, [SCRIPT_SET] = run_set, [SCRIPT_PRINT] = run_print,
};

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
    code = judge(r, &step, runs[kind](r, &step, &err), &err);
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
