/* SPDX-License-Identifier: MIT */
/*
 * The steps of a script that do something: allocations, controls, events and the like.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rm/name.h>
#include <rm/params.h>

#include "args.h"
#include "script_priv.h"

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
        rc = policy_class(r->cli, abi_of(r), cls, id, err);
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

/* The values of the names in an expression, so that a failure explains itself. */
struct findings {
    struct runner *r;
    char text[160];
};

static int
add_finding(void *ctx, const char *path)
{
    struct findings *f = ctx;
    const struct expr_env names = script_names(&f->r->env);
    json_t *value = names.get(names.ctx, path, NULL);
    char *text = value ? expr_text(value) : NULL;
    const size_t n = strlen(f->text);

    if (text)
        snprintf(f->text + n, sizeof(f->text) - n, "%s%s is %.40s", n ? ", " : "", path, text);
    free(text);
    json_decref(value);
    return 0;
}

static int
assert_one(struct runner *r, const char *text, struct gsp_error *err)
{
    const struct expr_env names = script_names(&r->env);
    struct findings f = {.r = r};
    json_t *value = expr_eval(text, &names, err);
    const bool yes = expr_true(value);

    if (!value)
        return err->rc;
    json_decref(value);
    if (yes)
        return 0;
    (void)expr_walk(text, add_finding, &f, NULL);
    return gsp_fail(err, GSP_ORIGIN_INPUT, -EBADE, "%.80s does not hold%s%.70s", text,
                    *f.text ? ": " : "", f.text);
}

static int
run_assert(struct runner *r, struct step *step, struct gsp_error *err)
{
    const json_t *all = json_object_get(step->doc, "assert"), *item;
    size_t i;
    int rc = 0;

    if (session_is_dry(r->env.session))
        return 0;
    if (json_is_string(all))
        return assert_one(r, json_string_value(all), err);
    json_array_foreach(all, i, item)
    {
        if (rc == 0)
            rc = assert_one(r, json_string_value(item), err);
    }
    return rc;
}

static int
run_sleep(struct runner *r, struct step *step, struct gsp_error *err)
{
    json_t *value = script_substitute(&r->env, json_object_get(step->doc, "sleep"), err);
    const char *text = json_string_value(value);
    char *end = NULL;
    double seconds;

    if (!value)
        return -EINVAL;
    seconds = text ? strtod(text, &end) : json_number_value(value);
    if (!(seconds >= 0 && seconds <= 86400) || (text && (end == text || *end)))
        gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "sleep takes 0 to 86400 seconds");
    json_decref(value);
    if (err->rc < 0)
        return err->rc;
    script_sleep(r, seconds);
    return *r->cli->interrupted
               ? gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EINTR, "the sleep was interrupted")
               : 0;
}

int
script_call(struct runner *r, enum script_kind kind, struct step *step, struct gsp_error *err)
{
    static int (*const runs[SCRIPT_KINDS])(struct runner * r, struct step * step,
                                           struct gsp_error * err) = {
        [SCRIPT_ALLOC] = run_alloc,   [SCRIPT_CTL] = run_ctl,     [SCRIPT_FREE] = run_free,
        [SCRIPT_DUP] = run_dup,       [SCRIPT_RPC] = run_rpc,     [SCRIPT_TREE] = run_tree,
        [SCRIPT_EVENT] = run_event,   [SCRIPT_SET] = run_set,     [SCRIPT_PRINT] = run_print,
        [SCRIPT_ASSERT] = run_assert, [SCRIPT_SLEEP] = run_sleep,
    };

    return runs[kind](r, step, err);
}
