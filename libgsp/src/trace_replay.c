/* SPDX-License-Identifier: MIT */
/*
 * The replay backend. Two readers go over the file: one for calls, and one for events, which a
 * client may take later than it did when it was recorded but never before the calls that came
 * first.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "trace_replay_priv.h"
#include "view_priv.h"

/* Answering */

static uint32_t
of_client(void *ctx, uint32_t handle)
{
    return gsp_handle_map_from(&((struct replay *)ctx)->handles, handle);
}

/* Handles of the trace become those of the client. */
static void
translate(struct replay *r, const struct nvrm_layout *layout, void *wire, size_t bytes)
{
    if (layout)
        gsp_trace_map_handles(r->base.abi, layout, wire, bytes, of_client, r);
}

/* The client's own pointers stay; what they lead to is filled. */
static int
answer_pointers(struct replay *r, const struct nvrm_layout *layout, void *params, size_t bytes,
                const struct gsp_trace_piece *out, struct gsp_error *err)
{
    const struct gsp_trace_piece memory = gsp_trace_exchanged(&r->call, GSP_TRACE_OUT_MEMORY);
    const struct nvrm_field *f = nvrm_layout_fields(r->base.abi.schema, layout);
    uint8_t *before = gsp_host_alloc(r->host, bytes);

    if (!before)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory to replay");
    memcpy(before, params, bytes);
    gsp_trace_memory_give(r->base.abi, layout, params, bytes, &memory);
    memcpy(params, out->data, out->bytes);
    for (uint16_t i = 0; i < layout->fields; i++)
        if (f[i].type == NVRM_PTR && !gsp_field_is_array(&f[i]))
            memcpy((uint8_t *)params + f[i].offset, before + f[i].offset, 8);
    gsp_host_free(r->host, before);
    return 0;
}

/* Who said no, as far as a file can be believed. */
static enum gsp_origin
recorded_origin(const struct gsp_trace_record *r)
{
    const unsigned origin = r->flags >> GSP_TRACE_ORIGIN_SHIFT;

    return origin <= GSP_ORIGIN_RELEASE ? (enum gsp_origin)origin : GSP_ORIGIN_PROTOCOL;
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
        gsp_fail(err, recorded_origin(&r->call), rc, "%.*s",
                 (int)(text.bytes < 200 ? text.bytes : 200),
                 text.bytes ? (const char *)text.data : "");
        if (err)
            err->nv_status = r->call.status;
    }
    r->call.type = 0;
    return rc < 0 ? rc : 0;
}

/* Mappings that are alive: few, and each is looked for once. */
static int
keep_mapping(struct replay *r, void *at, size_t bytes)
{
    struct mapping *m = gsp_host_alloc(r->host, sizeof(*m));

    if (!m)
        return -ENOMEM;
    *m = (struct mapping){r->mappings, at, bytes};
    r->mappings = m;
    return 0;
}

static void
drop_mapping(struct replay *r, const void *at)
{
    struct mapping **link = &r->mappings, *m;

    while (*link && (*link)->at != at)
        link = &(*link)->next;
    m = *link;
    if (!m)
        return;
    *link = m->next;
    munmap(m->at, m->bytes);
    gsp_host_free(r->host, m);
}

static int
replay_call(struct gsp_backend *b, const struct asked *q, void *params, struct gsp_error *err)
{
    struct replay *r = (struct replay *)b;
    int rc = replay_match(r, q, err);

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
    int rc = replay_match(r, &q, err);

    if (rc < 0)
        return rc;
    *reply_bytes_out = r->call.args > 1 ? (size_t)r->call.arg[1] : 0;
    return answer(r, reply, reply_cap, err);
}

/* RM chose the handle: it is the same one again. */
static int
replay_open_client(struct gsp_backend *b, uint32_t *hClient_out, struct gsp_error *err)
{
    struct replay *r = (struct replay *)b;
    const struct asked q = {.type = GSP_TRACE_OPEN_CLIENT};
    int rc = replay_match(r, &q, err);

    if (rc < 0)
        return rc;
    *hClient_out = r->call.args ? (uint32_t)r->call.arg[0] : 0;
    return answer(r, NULL, 0, err);
}

/* What was in a mapping is not in the trace: it is zeros. */
static int
replay_map(struct gsp_backend *b, const struct gsp_map *map, void **at_out,
           struct gsp_error *err)
{
    struct replay *r = (struct replay *)b;
    const struct asked q = {
        .type = GSP_TRACE_MAP,
        .args = 6,
        .arg = {map->hClient, map->hDevice, map->hMemory, map->offset, map->bytes, map->flags}
    };
    void *at;
    int rc = replay_match(r, &q, err);

    if (rc < 0)
        return rc;
    rc = answer(r, NULL, 0, err);
    if (rc < 0)
        return rc;
    at = mmap(NULL, map->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for a mapping");
    if (keep_mapping(r, at, map->bytes) < 0) {
        munmap(at, map->bytes);
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for a mapping");
    }
    *at_out = at;
    return 0;
}

static int
replay_unmap(struct gsp_backend *b, void *at, struct gsp_error *err)
{
    struct replay *r = (struct replay *)b;
    const struct asked q = {.type = GSP_TRACE_UNMAP};
    int rc = replay_match(r, &q, err);

    drop_mapping(r, at);
    return rc < 0 ? rc : answer(r, NULL, 0, err);
}

static int
replay_map_dma(struct gsp_backend *b, struct gsp_map_dma *map, struct gsp_error *err)
{
    struct replay *r = (struct replay *)b;
    const struct asked q = {
        .type = GSP_TRACE_MAP_DMA,
        .args = 7,
        .arg = {map->hClient, map->hDevice, map->hDma, map->hMemory, map->offset, map->bytes,
                map->flags}
    };
    int rc = replay_match(r, &q, err);

    if (rc < 0)
        return rc;
    if (r->call.args > 7)
        map->gpu_va = r->call.arg[7];
    return answer(r, NULL, 0, err);
}

static int
replay_unmap_dma(struct gsp_backend *b, const struct gsp_map_dma *map, struct gsp_error *err)
{
    const struct asked q = {
        .type = GSP_TRACE_UNMAP_DMA,
        .args = 8,
        .arg = {map->hClient, map->hDevice, map->hDma, map->hMemory, map->offset, map->bytes,
                map->flags, map->gpu_va}
    };

    return replay_call(b, &q, NULL, err);
}

/* An event is due when every call that was answered before it has been made again. */
static int
replay_event_next(struct gsp_backend *b, struct gsp_event *event_out, uint64_t timeout_ns,
                  struct gsp_error *err)
{
    struct replay *r = (struct replay *)b;
    const struct nvrm_layout *layout;
    int rc = replay_peek(r, false, err);

    if (rc == 0) {
        rc = replay_peek(r, true, err);
        rc = rc == -ENODATA || (rc == 0 && r->event.offset < r->call.offset) ? 0 : -ENODATA;
    }
    if (rc == -ENODATA) { /* a client that waits must not spin */
        if (timeout_ns)
            gsp_host_sleep_ns(r->host, timeout_ns);
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EAGAIN, "the trace has no event here");
    }
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

    while (r->mappings)
        drop_mapping(r, r->mappings->at);
    gsp_trace_close(r->calls);
    gsp_trace_close(r->events);
    gsp_handle_map_fini(&r->handles);
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
    .open_client = replay_open_client,
    .map = replay_map,
    .unmap = replay_unmap,
    .map_dma = replay_map_dma,
    .unmap_dma = replay_unmap_dma,
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
    if (rc == 0)
        rc = open_reader(config, &r->events, err);
    if (rc == 0)
        rc = replay_peek(r, true, err);
    /* A client asks RM for its handle where it can: here, when the recorded one did. */
    if (rc < 0 || r->call.type != GSP_TRACE_OPEN_CLIENT)
        r->ops.open_client = NULL;
    return rc == -ENODATA ? 0 : rc;
}

int
gsp_replay_open(const struct gsp_replay_config *config, struct gsp_backend **backend_out,
                struct gsp_error *err)
{
    struct replay *r = gsp_host_alloc(config->host, sizeof(*r));
    int rc;

    if (!r)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory to replay");
    r->ops = replay_ops;
    r->base.ops = &r->ops;
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
    if (backend->ops->close != replay_close || r->diverged.origin == GSP_ORIGIN_NONE)
        return 0;
    if (err)
        *err = r->diverged;
    return -EILSEQ;
}
