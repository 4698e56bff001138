/* SPDX-License-Identifier: MIT */
/*
 * trace replay: the calls of a trace are made again, on whatever -t says, and what comes back
 * is compared with what was recorded. The card may run another release: parameters are then
 * carried over field by field.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmds.h"
#include "session.h"
#include "trace_compare.h"
#include "trace_verbs.h"
#include "transport.h"

enum { REPLY_CAP = 1 << 20, JSON_WIRE_CAP = 1 << 20, EVENT_NS = 1000000000 };

struct reissue {
    struct cli *cli;
    struct trace_input in;
    struct transport *transport; /* NULL: a dry run */
    struct gsp_backend *backend;
    struct trace_pairs pairs;
    unsigned refused, passed; /* by the policy; kinds of records that are not made again */
};

/* One call on its way. */
struct again {
    const struct gsp_trace_record *record;
    struct nvrm_abi from;
    struct gsp_trace_record live; /* what it became */
    uint8_t *wire;                /* parameters, updated by the call */
    size_t bytes, cap;
    struct gsp_arena arena; /* behind pointers of converted parameters */
};

static uint32_t
of_card(void *ctx, uint32_t handle)
{
    return gsp_handle_map_to(&((struct reissue *)ctx)->pairs.handles, handle);
}

static uint32_t
handle_arg(struct reissue *r, const struct again *g, unsigned i)
{
    return of_card(r, (uint32_t)g->record->arg[i]);
}

/* Parameters */

static bool
is_zero(const json_t *value)
{
    const char *text = json_string_value(value);

    if (text)
        return !*text || (!strncmp(text, "0x", 2) && !text[2 + strspn(text + 2, "0")]);
    return json_is_null(value) || json_is_false(value) ||
           (json_is_integer(value) && !json_integer_value(value)) ||
           (json_is_array(value) && !json_array_size(value)) ||
           (json_is_object(value) && !json_object_size(value));
}

/* What is left out is zero; a release may lack a field that nobody set. */
static void
drop_zeros(json_t *value)
{
    const char *key;
    json_t *item;
    void *next;
    size_t i;

    json_object_foreach_safe(value, next, key, item)
    {
        drop_zeros(item);
        if (is_zero(item))
            json_object_del(value, key);
    }
    if (json_is_array(value)) {
        json_array_foreach(value, i, item) drop_zeros(item);
    }
}

static int
without_zeros(struct gsp_text *text, struct gsp_error *err)
{
    json_t *value = cli_json_of(text);
    char *dump;

    drop_zeros(value);
    dump = value ? json_dumps(value, JSON_COMPACT) : NULL;
    json_decref(value);
    if (!dump)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    gsp_text_puts(text, dump);
    free(dump);
    return 0;
}

/* Into the layout of another release: through JSON, which goes by names. */
static int
convert(struct reissue *r, struct again *g, struct gsp_error *err)
{
    const struct nvrm_abi abi = r->backend->abi;
    const struct nvrm_layout *layout = gsp_trace_layout(abi, &g->live);
    struct gsp_text text = {0};
    int rc;

    if (!layout || !gsp_trace_layout(g->from, g->record))
        return gsp_fail(err, GSP_ORIGIN_RELEASE, -ENOENT, "no layout of its parameters");
    g->cap = layout->size + JSON_WIRE_CAP;
    g->wire = calloc(1, g->cap);
    if (!g->wire)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    rc = gsp_trace_params_json(g->from, g->record, GSP_TRACE_IN, &text, err);
    if (rc == 0)
        rc = without_zeros(&text, err);
    if (rc == 0)
        rc = gsp_json_read(abi, layout, text.data, text.bytes, g->wire, g->cap, &g->bytes,
                           &g->arena, err);
    gsp_text_fini(&text);
    return rc;
}

static int
take_params(struct reissue *r, struct again *g, struct gsp_error *err)
{
    const struct nvrm_abi abi = r->backend->abi;
    const struct nvrm_layout *layout;
    void *wire;
    int rc;

    if (!gsp_trace_exchanged(g->record, GSP_TRACE_IN).bytes)
        return 0;
    if (nvrm_release_abi(abi.schema, abi.release) !=
        nvrm_release_abi(abi.schema, g->from.release)) {
        rc = convert(r, g, err);
    } else {
        rc = gsp_trace_params_copy(g->from, g->record, GSP_TRACE_IN, NULL, &wire, &g->bytes,
                                   err);
        g->wire = wire;
    }
    layout = gsp_trace_layout(abi, g->record);
    if (rc == 0 && layout)
        gsp_trace_map_handles(abi, layout, g->wire, g->bytes, of_card, r);
    return rc;
}

/* The same class, control or function by its name at the card's release. */
static int
find_id(struct reissue *r, const struct again *g, uint32_t *id_out, struct gsp_error *err)
{
    const struct nvrm_abi abi = r->backend->abi;
    char room[64];
    const char *name = gsp_trace_name(g->from, g->record, room);
    const struct nvrm_class *cls = nvrm_class_find(abi, name);
    const struct nvrm_control *control = nvrm_control_find(abi, name);
    const struct nvrm_rpc *rpc = nvrm_rpc_find(abi, name);

    if (g->record->type == GSP_TRACE_FREE || g->record->type == GSP_TRACE_DUP)
        return 0; /* they name nothing but handles */
    if (g->record->type == GSP_TRACE_ALLOC && cls)
        *id_out = cls->id;
    else if (g->record->type == GSP_TRACE_CONTROL && control)
        *id_out = control->id;
    else if (g->record->type == GSP_TRACE_CALL && rpc)
        *id_out = rpc->id;
    else if (strncmp(name, "class 0x", 8) && strncmp(name, "control 0x", 10) &&
             strncmp(name, "function 0x", 11))
        return gsp_fail(err, GSP_ORIGIN_RELEASE, -ENOENT, "not in release %s",
                        nvrm_release_name(abi.schema, abi.release));
    return 0;
}

/* Calls */

static int
again_alloc(struct reissue *r, struct again *g, struct gsp_error *err)
{
    struct gsp_backend *b = r->backend;
    const uint32_t wanted = (uint32_t)g->record->arg[2];
    const bool root = g->record->arg[0] == g->record->arg[2];
    uint32_t hClient = root ? wanted : handle_arg(r, g, 0);
    int rc;

    if (!root || !b->ops->open_client)
        return b->ops->alloc(b, hClient, root ? 0 : handle_arg(r, g, 1), wanted,
                             (uint32_t)g->live.arg[3], g->wire, (uint32_t)g->bytes, err);
    rc = b->ops->open_client(b, &hClient, err);
    g->live.arg[0] = g->live.arg[2] = hClient;
    return rc;
}

static int
again_control(struct reissue *r, struct again *g, struct gsp_error *err)
{
    return r->backend->ops->control(r->backend, handle_arg(r, g, 0), handle_arg(r, g, 1),
                                    (uint32_t)g->live.arg[2], g->wire, (uint32_t)g->bytes, err);
}

static int
again_free(struct reissue *r, struct again *g, struct gsp_error *err)
{
    return r->backend->ops->free(r->backend, handle_arg(r, g, 0), handle_arg(r, g, 1),
                                 handle_arg(r, g, 2), err);
}

static int
again_dup(struct reissue *r, struct again *g, struct gsp_error *err)
{
    return r->backend->ops->dup(r->backend, handle_arg(r, g, 0), handle_arg(r, g, 1),
                                (uint32_t)g->record->arg[2], handle_arg(r, g, 3),
                                handle_arg(r, g, 4), (uint32_t)g->record->arg[5], err);
}

static int
again_rpc(struct reissue *r, struct again *g, struct gsp_error *err)
{
    uint8_t *reply = calloc(1, REPLY_CAP);
    size_t reply_bytes = 0;
    int rc;

    if (!reply)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    rc = r->backend->ops->rpc
             ? r->backend->ops->rpc(r->backend, (uint32_t)g->live.arg[0], g->wire, g->bytes,
                                    reply, REPLY_CAP, &reply_bytes, err)
             : gsp_fail(err, GSP_ORIGIN_TRANSPORT, -EOPNOTSUPP,
                        "this transport takes no raw RPCs");
    free(g->wire);
    g->wire = reply;
    g->bytes = reply_bytes < REPLY_CAP ? reply_bytes : REPLY_CAP;
    g->live.arg[1] = reply_bytes;
    return rc;
}

/* Kinds of calls that are made again: which number names them. */
static const struct {
    enum gsp_trace_type type;
    unsigned id, args;
    int (*run)(struct reissue *r, struct again *g, struct gsp_error *err);
} kinds[] = {
    {GSP_TRACE_ALLOC,   3, 4, again_alloc  },
    {GSP_TRACE_CONTROL, 2, 3, again_control},
    {GSP_TRACE_FREE,    0, 3, again_free   },
    {GSP_TRACE_DUP,     0, 6, again_dup    },
    {GSP_TRACE_CALL,    0, 1, again_rpc    },
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static int
ask_policy(struct reissue *r, const struct again *g, uint32_t id, struct gsp_error *err)
{
    const struct nvrm_abi abi = r->backend->abi;

    if (g->record->type == GSP_TRACE_CONTROL)
        return policy_control(r->cli, abi, nvrm_control_by_id(abi, id), id, err);
    if (g->record->type == GSP_TRACE_CALL)
        return policy_rpc(r->cli, abi, nvrm_rpc_by_id(abi, id), id, g->wire, g->bytes, err);
    return 0;
}

/* Everything up to the call; a failure here means that it is not made. */
static int
prepare(struct reissue *r, struct again *g, unsigned kind, struct gsp_error *err)
{
    uint32_t id = (uint32_t)g->record->arg[kinds[kind].id];
    int rc = find_id(r, g, &id, err);

    g->live.arg[kinds[kind].id] = id;
    if (rc == 0)
        rc = take_params(r, g, err);
    return rc < 0 ? rc : ask_policy(r, g, id, err);
}

static void
note_handles(struct reissue *r, struct again *g, int rc)
{
    const struct gsp_trace_record *was = g->record;

    if (rc < 0 || (was->type != GSP_TRACE_ALLOC && was->type != GSP_TRACE_DUP))
        return;
    if (gsp_handle_map_add(&r->pairs.handles, (uint32_t)was->arg[2], (uint32_t)g->live.arg[2]) <
        0)
        r->pairs.rc = cli_out_of_memory(r->cli);
}

static int
compare(struct reissue *r, struct again *g, struct gsp_error *err)
{
    struct trace_side recorded = {0};
    const bool none = g->record->type == GSP_TRACE_FREE || g->record->type == GSP_TRACE_DUP;
    struct trace_side live = {.abi = r->backend->abi, .record = &g->live};
    int rc = trace_side_init(&recorded, g->from, g->record, err);

    if (rc == 0) {
        /* What went in is what was recorded; only answers can differ. */
        live.in = recorded.in;
        live.out = (struct gsp_compare_side){live.abi, gsp_trace_layout(live.abi, &g->live),
                                             g->wire, none ? 0 : g->bytes};
        trace_pair(&r->pairs, &recorded, &live);
    }
    trace_side_fini(&recorded);
    return rc;
}

static int
send_again(struct reissue *r, struct again *g, unsigned kind, struct gsp_error *err)
{
    struct gsp_error said = {0};
    int rc = prepare(r, g, kind, &said);

    if (rc == -ENOMEM) {
        *err = said;
        return rc;
    }
    if (rc < 0) {
        r->refused += said.origin == GSP_ORIGIN_POLICY;
        trace_remark(&r->pairs, g->from, g->record, "call", "made", said.text);
        return 0;
    }
    rc = kinds[kind].run(r, g, &said);
    if (!r->transport) { /* nothing was sent, so there is nothing to compare */
        note_handles(r, g, rc);
        return 0;
    }
    if (rc < 0 && rc != -EREMOTEIO && said.origin != GSP_ORIGIN_INPUT) {
        *err = said;
        return rc;
    }
    for (unsigned i = 0; i < g->live.args; i++)
        if (gsp_trace_type_info(g->live.type)->arg[i].kind == GSP_TRACE_HANDLE &&
            !(i == 2 && g->live.type != GSP_TRACE_FREE && g->live.type != GSP_TRACE_CONTROL))
            g->live.arg[i] = of_card(r, (uint32_t)g->record->arg[i]);
    note_handles(r, g, rc);
    g->live.rc = rc;
    g->live.status = rc < 0 ? said.nv_status : 0;
    return compare(r, g, err);
}

/* An event that was taken is waited for. */
static int
await_event(struct reissue *r, const struct gsp_trace_record *record, struct gsp_error *err)
{
    struct again g = {.record = record, .from = gsp_trace_abi(r->in.reader), .live = *record};
    struct trace_side recorded = {0}, live = {.abi = r->backend->abi, .record = &g.live};
    struct gsp_event event;
    struct gsp_error said = {0};
    int rc = r->backend->ops->event_next
                 ? r->backend->ops->event_next(r->backend, &event, EVENT_NS, &said)
                 : -EAGAIN;

    if (rc == -EAGAIN) {
        trace_remark(&r->pairs, g.from, record, "event", "came", "did not come");
        return 0;
    }
    if (rc == 0)
        rc = trace_side_init(&recorded, g.from, record, &said);
    if (rc == 0) {
        g.live.number = 0;
        g.live.arg[0] = event.function;
        g.live.status = event.rpc_result;
        live.in = (struct gsp_compare_side){live.abi, gsp_trace_layout(live.abi, &g.live),
                                            event.payload, event.payload_bytes};
        if (trace_same_name(g.from, record, live.abi, &g.live))
            trace_pair(&r->pairs, &recorded, &live);
        else
            trace_remark(&r->pairs, g.from, record, "event", "came", "another one came");
    }
    trace_side_fini(&recorded);
    if (rc < 0)
        *err = said;
    return rc;
}

static int
reissue_record(struct reissue *r, const struct gsp_trace_record *record, struct gsp_error *err)
{
    struct again g = {.record = record, .from = gsp_trace_abi(r->in.reader), .live = *record};
    unsigned kind = 0;
    int rc;

    if (record->type == GSP_TRACE_EVENT && r->transport && record->args && record->rc == 0 &&
        g.from.release != NVRM_NO_RELEASE)
        return await_event(r, record, err);
    while (kind < KINDS && kinds[kind].type != (enum gsp_trace_type)record->type)
        kind++;
    if (kind == KINDS || record->args < kinds[kind].args || g.from.release == NVRM_NO_RELEASE) {
        r->passed += record->type >= GSP_TRACE_ALLOC && record->type != GSP_TRACE_BUS;
        return 0;
    }
    g.live.number = 0;
    rc = send_again(r, &g, kind, err);
    free(g.wire);
    gsp_arena_fini(&g.arena);
    return rc;
}

static int
reissue_all(struct reissue *r)
{
    struct gsp_trace_record record;
    struct gsp_error err = {0};
    int rc;

    while ((rc = trace_input_next(&r->in, &record)) == CLI_OK) {
        if (reissue_record(r, &record, &err) < 0)
            return cli_fail(r->cli, &err);
        if (r->pairs.rc != CLI_OK)
            return r->pairs.rc;
    }
    return rc < 0 ? CLI_OK : rc;
}

static int
open_card(struct reissue *r)
{
    struct transport_spec spec;
    struct nvrm_abi abi;
    struct gsp_error err = {0};
    const char *asked = r->cli->options.firmware;
    int rc = transport_spec_parse(&r->cli->options, &spec, &err);

    /* Without -F, and where the transport does not say, the release of the trace. */
    if (rc == 0 && !asked && !spec.fw)
        r->cli->options.firmware = gsp_trace_section(r->in.reader)->release;
    if (rc == 0)
        rc = cli_abi(r->cli, &abi, &err);
    if (rc == 0 && r->cli->options.dry_run)
        r->backend = dry_backend_create(abi);
    else if (rc == 0)
        rc = transport_open(&r->cli->options, &spec, abi, &r->cli->host, &r->transport, &err);
    transport_spec_fini(&spec);
    r->cli->options.firmware = asked;
    if (rc < 0)
        return cli_fail(r->cli, &err);
    if (r->transport)
        r->backend = transport_backend(r->transport);
    return r->backend ? CLI_OK : cli_out_of_memory(r->cli);
}

/* A line a call: its name, its object, its parameters. */
static void
print_calls(struct cli *cli, const json_t *calls)
{
    static const char *const names[] = {"class", "control", "function"};
    static const char *const objects[] = {"handle", "object"};
    const json_t *call;
    size_t i;

    json_array_foreach(calls, i, call)
    {
        char *params = json_dumps(json_object_get(call, "params"), JSON_COMPACT);

        fputs(cli_str(call, "call"), cli->out);
        for (unsigned k = 0; k < 3; k++)
            if (json_object_get(call, names[k]))
                fprintf(cli->out, " %s", cli_str(call, names[k]));
        for (unsigned k = 0; k < 2; k++)
            if (json_object_get(call, objects[k]))
                fprintf(cli->out, " %s", cli_str(call, objects[k]));
        fprintf(cli->out, "%s%s\n", params ? " " : "", params ? params : "");
        free(params);
    }
}

/* What would have been sent, and what the policy would have refused. */
static int
dry_verdict(const struct reissue *r)
{
    json_t *calls = json_incref(dry_backend_calls(r->backend));
    int rc = cli_emit(r->cli, &(struct cli_doc){.json = calls, .text = print_calls});

    if (rc == CLI_OK && trace_pairs_differ(&r->pairs))
        rc = r->refused == r->pairs.changed ? CLI_REFUSED : CLI_DIVERGED;
    return rc;
}

static int
verdict(struct reissue *r)
{
    if (!r->transport)
        return dry_verdict(r);
    trace_pairs_count(&r->pairs);
    if (r->pairs.rc != CLI_OK)
        return r->pairs.rc;
    cli_note(r->cli, "%u calls agree, %u differ", r->pairs.same, r->pairs.changed);
    if (r->passed)
        cli_note(r->cli, "%u records of other kinds (mappings, ioctls) were not made again",
                 r->passed);
    if (r->refused == r->pairs.changed && r->refused)
        return CLI_REFUSED;
    return trace_pairs_differ(&r->pairs) ? CLI_DIVERGED : CLI_OK;
}

/* A trace that grows while it is read has no end. */
static bool
records_into_itself(const struct cli *cli, const char *path)
{
    struct stat from, to;

    return cli->options.record && stat(path, &from) == 0 &&
           stat(cli->options.record, &to) == 0 && from.st_dev == to.st_dev &&
           from.st_ino == to.st_ino;
}

static const struct nvrm_cmd usage = {
    .name = "trace replay", .args = "FILE [--ignore FIELDS]", .min_args = 1, .max_args = 1};

int
trace_replay(struct cli *cli, int argc, char **argv)
{
    struct reissue r = {.cli = cli, .pairs = {.cli = cli}};
    struct gsp_error err = {0};
    int rc = cli_value(cli, &argc, argv, "--ignore", &r.pairs.ignore);

    if (rc == CLI_OK)
        rc = cli_check_args(cli, &usage, &argc, argv);
    if (rc == CLI_OK && cli->session)
        rc = cli_usage(cli, "start another nvrm-cli for it",
                       "trace replay opens the card itself, and one is open");
    if (rc == CLI_OK && records_into_itself(cli, argv[1]))
        rc = cli_usage(cli, "name another file",
                       "--record cannot go into the trace that is replayed");
    if (rc == CLI_OK)
        rc = trace_input_open(cli, argv[1], &r.in);
    if (rc != CLI_OK)
        return rc;
    rc = open_card(&r);
    if (rc == CLI_OK)
        rc = reissue_all(&r);
    if (rc == CLI_OK)
        rc = verdict(&r);
    if (transport_close(r.transport, &err) < 0 && rc == CLI_OK)
        rc = cli_fail(cli, &err);
    if (!r.transport && r.backend)
        r.backend->ops->close(r.backend);
    trace_input_close(&r.in);
    trace_pairs_fini(&r.pairs);
    return rc;
}
