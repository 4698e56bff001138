/* SPDX-License-Identifier: MIT */
/*
 * Whether a client does again what was recorded: the same calls in the same order, with
 * parameters that mean the same.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <gsp/compare.h>

#include "trace_replay_priv.h"
#include "view_priv.h"

/* Reading ahead */

static bool
is_call(unsigned type)
{
    return type >= GSP_TRACE_ALLOC && type <= GSP_TRACE_IMPORT && type != GSP_TRACE_EVENT;
}

/* A trace of a program's ioctls has its calls in them. */
static void
unwrap(const struct replay *r, const struct gsp_trace_reader *reader,
       struct gsp_trace_record *record)
{
    const struct gsp_trace_record ioctl = *record;

    if (ioctl.type == GSP_TRACE_IOCTL &&
        !(gsp_trace_section(reader)->levels & GSP_TRACE_LEVEL_BACKEND))
        (void)gsp_trace_ioctl_call(r->base.abi, &ioctl, record);
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
        unwrap(r, reader, out);
        if (gsp_trace_section_number(reader) == r->section &&
            (calls ? is_call(out->type) : out->type == GSP_TRACE_EVENT))
            return 0;
    }
}

int
replay_peek(struct replay *r, bool calls, struct gsp_error *err)
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

    memcpy(r.arg, arg, args * sizeof(arg[0]));
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

    return gsp_handle_map_to(&t->r->handles, client) == trace;
}

static bool
ignore_field(void *ctx, const char *struct_name, const char *field)
{
    (void)ctx;
    return gsp_trace_is_noise(struct_name, field);
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
            handle ? gsp_handle_map_to(&r->handles, (uint32_t)q->arg[i]) : q->arg[i];

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
match_params(struct replay *r, const struct asked *q, struct gsp_error *err)
{
    const struct nvrm_layout *layout = gsp_trace_layout(r->base.abi, &r->call);
    struct told told = {.r = r};
    const struct gsp_compare_config config = {
        .same_handle = same_handle, .ignore = ignore_field, .differ = keep_first, .ctx = &told};
    const struct gsp_compare_side client = {r->base.abi, layout, q->params, q->params_bytes};
    struct gsp_compare_side trace = {r->base.abi, layout, NULL, 0};
    unsigned differences = 0;
    char name[128];
    void *wire;
    int rc = gsp_trace_params_copy(r->base.abi, &r->call, GSP_TRACE_IN, r->host, &wire,
                                   &trace.bytes, err);

    if (rc < 0)
        return rc;
    trace.wire = wire;
    (void)call_text(r->base.abi, q->type, q->args, q->arg, name);
    if (trace.bytes == q->params_bytes && wire)
        differences = gsp_compare(&config, &trace, &client);
    gsp_host_free(r->host, wire);
    if (trace.bytes != q->params_bytes)
        return fail_at(r, err,
                       "%s: size of the parameters: the trace has %zu bytes, the client sent "
                       "%zu",
                       name, trace.bytes, q->params_bytes);
    if (!differences)
        return 0;
    return fail_at(r, err, "%s: %s: the trace has %s, the client sent %s", name, told.path,
                   told.trace, told.client);
}

int
replay_match(struct replay *r, const struct asked *q, struct gsp_error *err)
{
    char mine[128], theirs[128];
    int rc;

    if (r->diverged.origin != GSP_ORIGIN_NONE) {
        if (err)
            *err = r->diverged;
        return -EILSEQ;
    }
    rc = replay_peek(r, true, err);
    if (rc == -ENODATA)
        return fail_end(r, q, err);
    if (rc < 0)
        return rc;
    if (!same_call(r, q))
        return fail_at(r, err, "the trace has %s, the client sent %s",
                       call_text(r->base.abi, r->call.type, r->call.args, r->call.arg, theirs),
                       call_text(r->base.abi, q->type, q->args, q->arg, mine));
    rc = match_args(r, q, err);
    /* Before the parameters: a root's own handle is among them. */
    if (rc == 0 && is_new_handle(q, 2) &&
        gsp_handle_map_add(&r->handles, (uint32_t)q->arg[2], (uint32_t)r->call.arg[2]) < 0)
        rc = gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory to replay");
    return rc < 0 ? rc : match_params(r, q, err);
}
