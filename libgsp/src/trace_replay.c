/* SPDX-License-Identifier: MIT */
/*
 * The replay backend. Two readers go over the file: one for calls, and one for events, which a
 * client may take later than it did when it was recorded but never before the calls that came
 * first.
 */
#include <gsp/replay.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gsp/compare.h>

#include "handle_map.h"
#include "trace_priv.h"
#include "view_priv.h"

struct replay {
    struct gsp_backend base; /* first */
    const struct gsp_host *host;
    unsigned section;
    struct gsp_trace_reader *calls, *events;
    struct gsp_trace_record call, event; /* next ones; type 0: not looked for yet */
    bool calls_end, events_end;
    struct handle_map handles; /* of the client -> of the trace */
    struct gsp_error diverged; /* origin NONE: not yet */
    uint8_t *scratch;          /* a recorded struct whose pointers lead into it */
    size_t scratch_cap;
    uint8_t *payload; /* of the event handed out last */
};

/* What the client asks: the numbers of the call as the trace has them, in its own handles. */
struct asked {
    enum gsp_trace_type type;
    unsigned args;
    uint64_t arg[GSP_TRACE_ARGS];
    const void *params;
    size_t params_bytes;
};

/* Reading ahead */

static bool
is_call(unsigned type)
{
    return type >= GSP_TRACE_ALLOC && type <= GSP_TRACE_CALL;
}

/* The next record that counts in this section. 0, -ENODATA. */
static int
advance(const struct replay *r, struct gsp_trace_reader *reader, bool calls,
        struct gsp_trace_record *out, struct gsp_error *err)
{
    int rc;

    for (;;) {
        rc = gsp_trace_next(reader, out, err);
        if (rc < 0)
            return rc;
        if (gsp_trace_section_number(reader) > r->section)
            return -ENODATA;
        if (gsp_trace_section_number(reader) == r->section &&
            (calls ? is_call(out->type) : out->type == GSP_TRACE_EVENT))
            return 0;
    }
}

static int
peek(struct replay *r, bool calls, struct gsp_error *err)
{
    struct gsp_trace_record *next = calls ? &r->call : &r->event;
    bool *end = calls ? &r->calls_end : &r->events_end;
    int rc;

    if (next->type)
        return 0;
    if (*end)
        return -ENODATA;
    rc = advance(r, calls ? r->calls : r->events, calls, next, err);
    *end = rc == -ENODATA;
    if (rc < 0)
        next->type = 0;
    return rc;
}

/* Divergence */

static const char *
call_text(struct nvrm_abi abi, unsigned type, unsigned args, const uint64_t *arg,
          char room[128])
{
    struct gsp_trace_record r = {.type = (uint16_t)type, .args = args};
    const struct gsp_trace_type_info *info = gsp_trace_type_info(type);
    char name_room[64];
    const char *name;

    memcpy(r.arg, arg, 8 * args);
    name = gsp_trace_name(abi, &r, name_room);
    (void)snprintf(room, 128, "%s%s%s", info->name, strcmp(name, info->name) ? " " : "",
                   strcmp(name, info->name) ? name : "");
    return room;
}

static int fail_at(struct replay *r, struct gsp_error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int
fail_at(struct replay *r, struct gsp_error *err, const char *format, ...)
{
    char what[200];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    gsp_fail(&r->diverged, GSP_ORIGIN_DIVERGED, -EILSEQ, "diverged at record %llu: %s",
             (unsigned long long)r->call.number, what);
    gsp_hint(&r->diverged, "trace show FILE shows the record: it begins at byte %llu",
             (unsigned long long)r->call.offset);
    if (err)
        *err = r->diverged;
    return -EILSEQ;
}

static int
fail_end(struct replay *r, const struct asked *q, struct gsp_error *err)
{
    char text[128];

    gsp_fail(&r->diverged, GSP_ORIGIN_DIVERGED, -EILSEQ,
             "the trace has no more calls in section %u, the client sent %s", r->section,
             call_text(r->base.abi, q->type, q->args, q->arg, text));
    gsp_hint(&r->diverged, "the recorded client stopped here, or its recording was cut off");
    if (err)
        *err = r->diverged;
    return -EILSEQ;
}

struct told {
    struct replay *r;
    char path[256], trace[160], client[160];
    bool any;
};

static void
keep_first(void *ctx, const char *path, const char *a, const char *b)
{
    struct told *t = ctx;

    if (t->any)
        return;
    t->any = true;
    (void)snprintf(t->path, sizeof(t->path), "%s", path);
    (void)snprintf(t->trace, sizeof(t->trace), "%s", a);
    (void)snprintf(t->client, sizeof(t->client), "%s", b);
}

static bool
same_handle(void *ctx, uint32_t trace, uint32_t client)
{
    const struct told *t = ctx;

    return handle_map_to(&t->r->handles, client) == trace;
}

/* What differs from run to run and says nothing. */
static bool
ignore_field(void *ctx, const char *struct_name, const char *field)
{
    static const char *const ignored[][2] = {
        {"NV0000_ALLOC_PARAMETERS", "processID"  },
        {"NV0000_ALLOC_PARAMETERS", "processName"},
        {"NV0000_ALLOC_PARAMETERS", "pOsPidInfo" },
    };

    (void)ctx;
    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
        if (!strcmp(ignored[i][0], struct_name) && !strcmp(ignored[i][1], field))
            return true;
    return false;
}

/* Matching */

/* A new object's handle is the client's choice; all others must be known. */
static bool
is_new_handle(const struct asked *q, unsigned i)
{
    return i == 2 && (q->type == GSP_TRACE_ALLOC || q->type == GSP_TRACE_DUP);
}

/* The root names itself: as its own client too. */
static bool
is_root(const struct asked *q)
{
    return q->type == GSP_TRACE_ALLOC && q->arg[0] == q->arg[2];
}

static int
match_args(struct replay *r, const struct asked *q, struct gsp_error *err)
{
    const struct gsp_trace_type_info *info = gsp_trace_type_info(q->type);
    char name[128];

    for (unsigned i = 0; i < q->args; i++) {
        const bool handle = info->arg[i].kind == GSP_TRACE_HANDLE;
        const uint64_t mine =
            handle ? handle_map_to(&r->handles, (uint32_t)q->arg[i]) : q->arg[i];

        if (is_new_handle(q, i) || (i == 0 && is_root(q)) || mine == r->call.arg[i])
            continue;
        return fail_at(r, err, "%s: %s: the trace has 0x%llx, the client sent 0x%llx",
                       call_text(r->base.abi, q->type, q->args, q->arg, name),
                       info->arg[i].name, (unsigned long long)r->call.arg[i],
                       (unsigned long long)q->arg[i]);
    }
    return 0;
}

/* Whether it is the same thing that is asked, handles and parameters apart. */
static bool
same_call(const struct replay *r, const struct asked *q)
{
    const struct gsp_trace_type_info *info = gsp_trace_type_info(q->type);

    if (r->call.type != q->type || r->call.args < q->args)
        return false;
    for (unsigned i = 0; i < q->args; i++)
        if (info->arg[i].kind != GSP_TRACE_HANDLE && info->arg[i].kind != GSP_TRACE_DEC &&
            info->arg[i].kind != GSP_TRACE_HEX && r->call.arg[i] != q->arg[i])
            return false;
    return true;
}

static int
grow_scratch(struct replay *r, size_t bytes, struct gsp_error *err)
{
    uint8_t *more;

    if (bytes <= r->scratch_cap)
        return 0;
    more = gsp_host_realloc(r->host, r->scratch, bytes);
    if (!more)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory to replay");
    r->scratch = more;
    r->scratch_cap = bytes;
    return 0;
}

/* Parameters as they were recorded, with pointers that lead to what was recorded behind them.
 */
static int
recorded_params(struct replay *r, const struct nvrm_layout *layout,
                enum gsp_trace_exchange which, struct gsp_trace_piece *out,
                struct gsp_error *err)
{
    const struct gsp_trace_piece memory = gsp_trace_exchanged(
        &r->call, which == GSP_TRACE_IN ? GSP_TRACE_IN_MEMORY : GSP_TRACE_OUT_MEMORY);
    size_t at;
    int rc;

    *out = gsp_trace_exchanged(&r->call, which);
    if (!layout || !(layout->flags & NVRM_LAYOUT_PTR) || out->bytes < layout->size)
        return 0;
    at = trace_pad(out->bytes);
    rc = grow_scratch(r, at + memory.bytes, err);
    if (rc < 0)
        return rc;
    memcpy(r->scratch, out->data, out->bytes);
    if (memory.bytes)
        memcpy(r->scratch + at, memory.data, memory.bytes);
    gsp_trace_memory_point(r->base.abi, layout, r->scratch, out->bytes, r->scratch + at,
                           memory.bytes);
    out->data = r->scratch;
    return 0;
}

static int
match_params(struct replay *r, const struct asked *q, struct gsp_error *err)
{
    const struct nvrm_layout *layout = gsp_trace_layout(r->base.abi, &r->call);
    struct told told = {.r = r};
    const struct gsp_compare_config config = {
        .same_handle = same_handle, .ignore = ignore_field, .differ = keep_first, .ctx = &told};
    struct gsp_trace_piece in;
    char name[128];
    int rc = recorded_params(r, layout, GSP_TRACE_IN, &in, err);

    if (rc < 0)
        return rc;
    (void)call_text(r->base.abi, q->type, q->args, q->arg, name);
    if (in.bytes != q->params_bytes)
        return fail_at(r, err,
                       "%s: size of the parameters: the trace has %zu bytes, the client sent "
                       "%zu",
                       name, in.bytes, q->params_bytes);
    const struct gsp_compare_side trace = {r->base.abi, layout, in.data, in.bytes};
    const struct gsp_compare_side client = {r->base.abi, layout, q->params, q->params_bytes};

    if (!in.bytes || gsp_compare(&config, &trace, &client) == 0)
        return 0;
    return fail_at(r, err, "%s: %s: the trace has %s, the client sent %s", name, told.path,
                   told.trace, told.client);
}

static int
match(struct replay *r, const struct asked *q, struct gsp_error *err)
{
    char mine[128], theirs[128];
    int rc;

    if (r->diverged.origin != GSP_ORIGIN_NONE) {
        if (err)
            *err = r->diverged;
        return -EILSEQ;
    }
    rc = peek(r, true, err);
    if (rc == -ENODATA)
        return fail_end(r, q, err);
    if (rc < 0)
        return rc;
    if (!same_call(r, q))
        return fail_at(r, err, "the trace has %s, the client sent %s",
                       call_text(r->base.abi, r->call.type, r->call.args, r->call.arg, theirs),
                       call_text(r->base.abi, q->type, q->args, q->arg, mine));
    rc = match_args(r, q, err);
    if (rc == 0)
        rc = match_params(r, q, err);
    if (rc == 0 && is_new_handle(q, 2))
        rc = handle_map_add(&r->handles, (uint32_t)q->arg[2], (uint32_t)r->call.arg[2]);
    return rc;
}

/* Answering */

static void translate_struct(struct replay *r, const struct gsp_view *v);

static void
translate_field(struct replay *r, const struct gsp_view *v, const struct nvrm_field *f)
{
    struct gsp_elems e;
    struct gsp_view inner;

    if (f->type != NVRM_HANDLE && f->type != NVRM_STRUCT)
        return;
    gsp_view_elems(v, f, &e);
    for (uint32_t i = 0; i < e.used; i++) {
        uint8_t *at = (uint8_t *)(uintptr_t)e.at + (size_t)i * e.bytes;

        if (f->type == NVRM_HANDLE) {
            gsp_store(at, 4, handle_map_from(&r->handles, (uint32_t)gsp_load(at, 4)));
        } else if (!(e.layout->flags & NVRM_LAYOUT_UNION)) {
            gsp_view_enter(v, f, &e, i, &inner);
            translate_struct(r, &inner);
        }
    }
}

/* Handles of the trace become those of the client. */
static void
translate_struct(struct replay *r, const struct gsp_view *v)
{
    for (uint16_t i = 0; i < v->layout->fields; i++)
        translate_field(r, v, &v->fields[i]);
}

static void
translate(struct replay *r, const struct nvrm_layout *layout, void *wire, size_t bytes)
{
    struct gsp_view v;

    if (!layout || bytes < layout->size || (layout->flags & NVRM_LAYOUT_UNION))
        return;
    gsp_view_init(&v, r->base.abi, layout, wire, bytes);
    translate_struct(r, &v);
}

/* The client's own pointers stay; what they lead to is filled. */
static int
answer_pointers(struct replay *r, const struct nvrm_layout *layout, void *params, size_t bytes,
                const struct gsp_trace_piece *out, struct gsp_error *err)
{
    const struct gsp_trace_piece memory = gsp_trace_exchanged(&r->call, GSP_TRACE_OUT_MEMORY);
    const struct nvrm_field *f = nvrm_layout_fields(r->base.abi.schema, layout);
    int rc = grow_scratch(r, bytes, err);

    if (rc < 0)
        return rc;
    memcpy(r->scratch, params, bytes);
    gsp_trace_memory_give(r->base.abi, layout, params, bytes, &memory);
    memcpy(params, out->data, out->bytes);
    for (uint16_t i = 0; i < layout->fields; i++)
        if (f[i].type == NVRM_PTR && !gsp_field_is_array(&f[i]))
            memcpy((uint8_t *)params + f[i].offset, r->scratch + f[i].offset, 8);
    return 0;
}

static int
answer(struct replay *r, void *params, size_t params_bytes, struct gsp_error *err)
{
    const struct nvrm_layout *layout = gsp_trace_layout(r->base.abi, &r->call);
    struct gsp_trace_piece out = gsp_trace_exchanged(&r->call, GSP_TRACE_OUT);
    const struct gsp_trace_piece text = gsp_trace_exchanged(&r->call, GSP_TRACE_ERROR);
    int rc = 0;

    if (out.bytes > params_bytes)
        out.bytes = params_bytes;
    if (out.bytes && layout && (layout->flags & NVRM_LAYOUT_PTR) && out.bytes >= layout->size)
        rc = answer_pointers(r, layout, params, params_bytes, &out, err);
    else if (out.bytes)
        memcpy(params, out.data, out.bytes);
    if (rc < 0)
        return rc;
    translate(r, layout, params, out.bytes);
    rc = r->call.rc;
    if (rc < 0) {
        gsp_fail(err, (enum gsp_origin)(r->call.flags >> GSP_TRACE_ORIGIN_SHIFT), rc, "%.*s",
                 (int)text.bytes, text.bytes ? (const char *)text.data : "");
        if (err)
            err->nv_status = r->call.status;
    }
    r->call.type = 0;
    return rc < 0 ? rc : 0;
}

static int
replay_call(struct gsp_backend *b, const struct asked *q, void *params, struct gsp_error *err)
{
    struct replay *r = (struct replay *)b;
    int rc = match(r, q, err);

    return rc < 0 ? rc : answer(r, params, q->params_bytes, err);
}

static int
replay_alloc(struct gsp_backend *b, uint32_t hClient, uint32_t hParent, uint32_t hObject,
             uint32_t hClass, void *params, uint32_t params_bytes, struct gsp_error *err)
{
    const struct asked q = {
        GSP_TRACE_ALLOC, 4, {hClient, hParent, hObject, hClass},
          params, params_bytes
    };

    return replay_call(b, &q, params, err);
}

static int
replay_control(struct gsp_backend *b, uint32_t hClient, uint32_t hObject, uint32_t cmd,
               void *params, uint32_t params_bytes, struct gsp_error *err)
{
    const struct asked q = {
        GSP_TRACE_CONTROL, 3, {hClient, hObject, cmd},
          params, params_bytes
    };

    return replay_call(b, &q, params, err);
}

static int
replay_free(struct gsp_backend *b, uint32_t hClient, uint32_t hParent, uint32_t hObject,
            struct gsp_error *err)
{
    const struct asked q = {
        GSP_TRACE_FREE, 3, {hClient, hParent, hObject},
          NULL, 0
    };

    return replay_call(b, &q, NULL, err);
}

static int
replay_dup(struct gsp_backend *b, uint32_t hClient, uint32_t hParent, uint32_t hObject,
           uint32_t hClientSrc, uint32_t hObjectSrc, uint32_t flags, struct gsp_error *err)
{
    const struct asked q = {
        GSP_TRACE_DUP, 6, {hClient, hParent, hObject, hClientSrc, hObjectSrc, flags},
          NULL, 0
    };

    return replay_call(b, &q, NULL, err);
}

static int
replay_rpc(struct gsp_backend *b, uint32_t function, const void *payload, size_t payload_bytes,
           void *reply, size_t reply_cap, size_t *reply_bytes_out, struct gsp_error *err)
{
    struct replay *r = (struct replay *)b;
    const struct asked q = {GSP_TRACE_CALL, 1, {function}, payload, payload_bytes};
    int rc = match(r, &q, err);

    if (rc < 0)
        return rc;
    *reply_bytes_out = r->call.args > 1 ? (size_t)r->call.arg[1] : 0;
    return answer(r, reply, reply_cap, err);
}

/* An event is due when every call that was answered before it has been made again. */
static int
replay_event_next(struct gsp_backend *b, struct gsp_event *event_out, uint64_t timeout_ns,
                  struct gsp_error *err)
{
    struct replay *r = (struct replay *)b;
    const struct nvrm_layout *layout;
    int rc = peek(r, false, err);

    (void)timeout_ns;
    if (rc == 0) {
        rc = peek(r, true, err);
        rc = rc == -ENODATA || (rc == 0 && r->event.offset < r->call.offset) ? 0 : -ENODATA;
    }
    if (rc == -ENODATA)
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EAGAIN, "the trace has no event here");
    if (rc < 0)
        return rc;
    gsp_host_free(r->host, r->payload);
    r->payload = gsp_host_alloc(r->host, r->event.piece[0].bytes + 1);
    if (!r->payload)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory to replay");
    if (r->event.piece[0].bytes)
        memcpy(r->payload, r->event.piece[0].data, r->event.piece[0].bytes);
    layout = gsp_trace_layout(b->abi, &r->event);
    translate(r, layout, r->payload, r->event.piece[0].bytes);
    *event_out = (struct gsp_event){.function = (uint32_t)r->event.arg[0],
                                    .rpc_result = r->event.status,
                                    .time_ns = gsp_host_now_ns(r->host),
                                    .lost = r->event.arg[1],
                                    .payload_bytes = r->event.piece[0].bytes,
                                    .payload = r->payload};
    r->event.type = 0;
    return 0;
}

static void
replay_close(struct gsp_backend *b)
{
    struct replay *r = (struct replay *)b;

    gsp_trace_close(r->calls);
    gsp_trace_close(r->events);
    handle_map_fini(&r->handles);
    gsp_host_free(r->host, r->scratch);
    gsp_host_free(r->host, r->payload);
    gsp_host_free(r->host, r);
}

static const struct gsp_backend_ops replay_ops = {
    .name = "replay",
    .alloc = replay_alloc,
    .control = replay_control,
    .free = replay_free,
    .dup = replay_dup,
    .rpc = replay_rpc,
    .event_next = replay_event_next,
    .close = replay_close,
};

/* Opening */

static int
open_reader(const struct gsp_replay_config *config, struct gsp_trace_reader **reader_out,
            struct gsp_error *err)
{
    const struct gsp_trace_reader_config reader = {.host = config->host,
                                                   .schema = config->schema};

    return gsp_trace_open(config->path, &reader, reader_out, err);
}

int
gsp_replay_section(const struct gsp_replay_config *config,
                   struct gsp_trace_section *section_out, struct gsp_error *err)
{
    const unsigned wanted = config->section ? config->section : 1;
    struct gsp_trace_reader *reader;
    struct gsp_trace_record record;
    int rc = open_reader(config, &reader, err);

    if (rc < 0)
        return rc;
    do
        rc = gsp_trace_next(reader, &record, err);
    while (rc == 0 && gsp_trace_section_number(reader) < wanted);
    if (rc == 0)
        *section_out = *gsp_trace_section(reader);
    if (rc == -ENODATA) {
        gsp_fail(err, GSP_ORIGIN_INPUT, -ENOENT, "%s has no section %u", config->path, wanted);
        gsp_hint(err, "it has %u", gsp_trace_section_number(reader));
        rc = -ENOENT;
    }
    gsp_trace_close(reader);
    return rc;
}

static int
set_up(struct replay *r, const struct gsp_replay_config *config, struct gsp_error *err)
{
    struct gsp_trace_section section;
    int rc = gsp_replay_section(config, &section, err);

    if (rc < 0)
        return rc;
    r->base.abi.schema = config->schema;
    r->base.abi.release = nvrm_release_find(config->schema, section.release);
    if (r->base.abi.release == NVRM_NO_RELEASE)
        return gsp_fail(err, GSP_ORIGIN_RELEASE, -ENOENT,
                        "the trace is of release %s, which is not known", section.release);
    rc = open_reader(config, &r->calls, err);
    return rc < 0 ? rc : open_reader(config, &r->events, err);
}

int
gsp_replay_open(const struct gsp_replay_config *config, struct gsp_backend **backend_out,
                struct gsp_error *err)
{
    struct replay *r = gsp_host_alloc(config->host, sizeof(*r));
    int rc;

    if (!r)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory to replay");
    r->base.ops = &replay_ops;
    r->host = r->handles.host = config->host;
    r->section = config->section ? config->section : 1;
    rc = set_up(r, config, err);
    if (rc < 0) {
        replay_close(&r->base);
        return rc;
    }
    *backend_out = &r->base;
    return 0;
}

int
gsp_replay_check(struct gsp_backend *backend, struct gsp_error *err)
{
    const struct replay *r;

    while (backend->behind)
        backend = backend->behind;
    r = (const struct replay *)backend;
    if (backend->ops != &replay_ops || r->diverged.origin == GSP_ORIGIN_NONE)
        return 0;
    if (err)
        *err = r->diverged;
    return -EILSEQ;
}
