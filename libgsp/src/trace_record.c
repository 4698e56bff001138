/* SPDX-License-Identifier: MIT */
/*
 * The backend recorder: parameters are kept before a call and again after it, with what their
 * pointers lead to, and go into one record together.
 */
#include <errno.h>
#include <string.h>

#include <gsp/record.h>

#include "trace_priv.h"
#include "view_priv.h"

struct recorder {
    struct gsp_backend base;    /* first; base.behind is what is recorded */
    struct gsp_backend_ops ops; /* those that the backend behind has */
    struct gsp_trace_writer *writer;
    const struct gsp_host *host;
    struct gsp_text in, in_memory, out_memory; /* scratch, kept between calls */
};

/* One call while it is on its way. */
struct recorded {
    struct recorder *r;
    struct gsp_trace_record record;
    const struct nvrm_layout *layout; /* with pointers to follow; else NULL */
    struct gsp_error own;
    struct gsp_error *err; /* what the backend is given */
    struct gsp_error *caller_err;
};

static void
begin(struct recorded *c, struct gsp_backend *b, enum gsp_trace_type type,
      struct gsp_error *err)
{
    memset(c, 0, sizeof(*c));
    c->r = (struct recorder *)b;
    c->err = &c->own;
    c->caller_err = err;
    c->record.type = (uint16_t)type;
    c->record.time_ns = gsp_trace_now_ns(c->r->writer);
}

static void
add_arg(struct recorded *c, uint64_t value)
{
    c->record.arg[c->record.args++] = value;
}

static struct gsp_trace_piece
piece_of(const struct gsp_text *t)
{
    return (struct gsp_trace_piece){t->rc == 0 ? t->data : NULL, t->rc == 0 ? t->bytes : 0};
}

static void
keep_params(struct recorded *c, const void *params, size_t bytes)
{
    struct recorder *r = c->r;

    r->in.bytes = r->in_memory.bytes = r->out_memory.bytes = 0;
    r->in.rc = r->in_memory.rc = r->out_memory.rc = 0;
    if (!bytes)
        return;
    gsp_text_add(&r->in, params, bytes);
    c->record.piece[GSP_TRACE_IN] = piece_of(&r->in);
    c->layout = gsp_trace_layout(r->base.abi, &c->record);
    if (c->layout && !(c->layout->flags & NVRM_LAYOUT_PTR))
        c->layout = NULL;
    if (c->layout)
        (void)gsp_trace_memory_take(r->base.abi, c->layout, params, bytes, NULL, &r->in_memory);
    c->record.piece[GSP_TRACE_IN_MEMORY] = piece_of(&r->in_memory);
}

static bool
same(const struct gsp_trace_piece *a, const struct gsp_trace_piece *b)
{
    return a->bytes == b->bytes && (!a->bytes || memcmp(a->data, b->data, a->bytes) == 0);
}

static void
keep_answer(struct recorded *c, const void *params, size_t bytes)
{
    struct gsp_trace_record *rec = &c->record;
    struct recorder *r = c->r;

    rec->piece[GSP_TRACE_OUT] = (struct gsp_trace_piece){params, bytes};
    if (c->layout)
        (void)gsp_trace_memory_take(r->base.abi, c->layout, params, bytes,
                                    &rec->piece[GSP_TRACE_IN_MEMORY], &r->out_memory);
    rec->piece[GSP_TRACE_OUT_MEMORY] = piece_of(&r->out_memory);
    if (!same(&rec->piece[GSP_TRACE_IN], &rec->piece[GSP_TRACE_OUT]) ||
        !same(&rec->piece[GSP_TRACE_IN_MEMORY], &rec->piece[GSP_TRACE_OUT_MEMORY]))
        return;
    rec->flags |= GSP_TRACE_OUT_SAME;
    rec->piece[GSP_TRACE_OUT].bytes = rec->piece[GSP_TRACE_OUT_MEMORY].bytes = 0;
}

/* Write the record, and give the caller what the backend said. */
static int
finish(struct recorded *c, int rc)
{
    struct gsp_trace_record *rec = &c->record;

    rec->duration_ns = gsp_trace_now_ns(c->r->writer) - rec->time_ns;
    rec->rc = rc;
    if (rc < 0) {
        rec->status = c->own.nv_status;
        rec->flags |= (uint16_t)(c->own.origin << GSP_TRACE_ORIGIN_SHIFT);
        rec->piece[GSP_TRACE_ERROR] =
            (struct gsp_trace_piece){c->own.text, strlen(c->own.text)};
        if (c->caller_err)
            *c->caller_err = c->own;
    }
    for (unsigned i = 0; i <= GSP_TRACE_ERROR; i++)
        if (rec->piece[i].bytes)
            rec->pieces = i + 1;
    (void)gsp_trace_write(c->r->writer, rec); /* the writer keeps the error */
    return rc;
}

static int
record_alloc(struct gsp_backend *b, uint32_t hClient, uint32_t hParent, uint32_t hObject,
             uint32_t hClass, void *params, uint32_t params_bytes, struct gsp_error *err)
{
    struct recorded c;
    int rc;

    begin(&c, b, GSP_TRACE_ALLOC, err);
    add_arg(&c, hClient);
    add_arg(&c, hParent);
    add_arg(&c, hObject);
    add_arg(&c, hClass);
    c.record.pieces = 1;
    c.record.piece[GSP_TRACE_IN].bytes = params_bytes; /* a root's layout goes by its size */
    keep_params(&c, params, params_bytes);
    rc = b->behind->ops->alloc(b->behind, hClient, hParent, hObject, hClass, params,
                               params_bytes, c.err);
    keep_answer(&c, params, params_bytes);
    return finish(&c, rc);
}

static int
record_control(struct gsp_backend *b, uint32_t hClient, uint32_t hObject, uint32_t cmd,
               void *params, uint32_t params_bytes, struct gsp_error *err)
{
    struct recorded c;
    int rc;

    begin(&c, b, GSP_TRACE_CONTROL, err);
    add_arg(&c, hClient);
    add_arg(&c, hObject);
    add_arg(&c, cmd);
    keep_params(&c, params, params_bytes);
    rc = b->behind->ops->control(b->behind, hClient, hObject, cmd, params, params_bytes, c.err);
    keep_answer(&c, params, params_bytes);
    return finish(&c, rc);
}

static int
record_free(struct gsp_backend *b, uint32_t hClient, uint32_t hParent, uint32_t hObject,
            struct gsp_error *err)
{
    struct recorded c;

    begin(&c, b, GSP_TRACE_FREE, err);
    add_arg(&c, hClient);
    add_arg(&c, hParent);
    add_arg(&c, hObject);
    return finish(&c, b->behind->ops->free(b->behind, hClient, hParent, hObject, c.err));
}

static int
record_dup(struct gsp_backend *b, uint32_t hClient, uint32_t hParent, uint32_t hObject,
           uint32_t hClientSrc, uint32_t hObjectSrc, uint32_t flags, struct gsp_error *err)
{
    struct recorded c;

    begin(&c, b, GSP_TRACE_DUP, err);
    add_arg(&c, hClient);
    add_arg(&c, hParent);
    add_arg(&c, hObject);
    add_arg(&c, hClientSrc);
    add_arg(&c, hObjectSrc);
    add_arg(&c, flags);
    return finish(&c, b->behind->ops->dup(b->behind, hClient, hParent, hObject, hClientSrc,
                                          hObjectSrc, flags, c.err));
}

static int
record_rpc(struct gsp_backend *b, uint32_t function, const void *payload, size_t payload_bytes,
           void *reply, size_t reply_cap, size_t *reply_bytes_out, struct gsp_error *err)
{
    size_t reply_bytes = 0;
    struct recorded c;
    int rc;

    begin(&c, b, GSP_TRACE_CALL, err);
    add_arg(&c, function);
    keep_params(&c, payload, payload_bytes);
    rc = b->behind->ops->rpc(b->behind, function, payload, payload_bytes, reply, reply_cap,
                             &reply_bytes, c.err);
    add_arg(&c, reply_bytes);
    c.layout = NULL;
    if (rc == 0 || rc == -EREMOTEIO)
        keep_answer(&c, reply, reply_bytes < reply_cap ? reply_bytes : reply_cap);
    *reply_bytes_out = reply_bytes;
    return finish(&c, rc);
}

static int
record_event_next(struct gsp_backend *b, struct gsp_event *event_out, uint64_t timeout_ns,
                  struct gsp_error *err)
{
    struct recorded c;
    int rc;

    begin(&c, b, GSP_TRACE_EVENT, err);
    rc = b->behind->ops->event_next(b->behind, event_out, timeout_ns, c.err);
    if (rc == -EAGAIN) { /* that nothing came is no news */
        if (err)
            *err = c.own;
        return rc;
    }
    if (rc == 0) {
        add_arg(&c, event_out->function);
        add_arg(&c, event_out->lost);
        c.record.status = event_out->rpc_result;
        c.record.piece[GSP_TRACE_IN] =
            (struct gsp_trace_piece){event_out->payload, event_out->payload_bytes};
    }
    return finish(&c, rc);
}

/* What only some backends can do */

static int
record_open_client(struct gsp_backend *b, uint32_t *hClient_out, struct gsp_error *err)
{
    struct recorded c;
    int rc;

    begin(&c, b, GSP_TRACE_OPEN_CLIENT, err);
    rc = b->behind->ops->open_client(b->behind, hClient_out, c.err);
    add_arg(&c, rc == 0 ? *hClient_out : 0);
    return finish(&c, rc);
}

static int
record_map(struct gsp_backend *b, const struct gsp_map *map, void **at_out,
           struct gsp_error *err)
{
    struct recorded c;
    int rc;

    begin(&c, b, GSP_TRACE_MAP, err);
    add_arg(&c, map->hClient);
    add_arg(&c, map->hDevice);
    add_arg(&c, map->hMemory);
    add_arg(&c, map->offset);
    add_arg(&c, map->bytes);
    add_arg(&c, map->flags);
    rc = b->behind->ops->map(b->behind, map, at_out, c.err);
    add_arg(&c, rc == 0 ? (uintptr_t)*at_out : 0);
    return finish(&c, rc);
}

static int
record_unmap(struct gsp_backend *b, void *at, struct gsp_error *err)
{
    struct recorded c;

    begin(&c, b, GSP_TRACE_UNMAP, err);
    add_arg(&c, (uintptr_t)at);
    return finish(&c, b->behind->ops->unmap(b->behind, at, c.err));
}

static void
add_map_dma(struct recorded *c, const struct gsp_map_dma *map)
{
    add_arg(c, map->hClient);
    add_arg(c, map->hDevice);
    add_arg(c, map->hDma);
    add_arg(c, map->hMemory);
    add_arg(c, map->offset);
    add_arg(c, map->bytes);
    add_arg(c, map->flags);
}

static int
record_map_dma(struct gsp_backend *b, struct gsp_map_dma *map, struct gsp_error *err)
{
    struct recorded c;
    int rc;

    begin(&c, b, GSP_TRACE_MAP_DMA, err);
    add_map_dma(&c, map);
    rc = b->behind->ops->map_dma(b->behind, map, c.err);
    add_arg(&c, map->gpu_va);
    return finish(&c, rc);
}

static int
record_unmap_dma(struct gsp_backend *b, const struct gsp_map_dma *map, struct gsp_error *err)
{
    struct recorded c;

    begin(&c, b, GSP_TRACE_UNMAP_DMA, err);
    add_map_dma(&c, map);
    add_arg(&c, map->gpu_va);
    return finish(&c, b->behind->ops->unmap_dma(b->behind, map, c.err));
}

static int
record_export(struct gsp_backend *b, uint32_t hClient, uint32_t hDevice, uint32_t hObject,
              int *fd_out, struct gsp_error *err)
{
    struct recorded c;
    int rc;

    begin(&c, b, GSP_TRACE_EXPORT, err);
    add_arg(&c, hClient);
    add_arg(&c, hDevice);
    add_arg(&c, hObject);
    rc = b->behind->ops->export_fd(b->behind, hClient, hDevice, hObject, fd_out, c.err);
    add_arg(&c, rc == 0 ? (uint64_t)*fd_out : UINT64_MAX);
    return finish(&c, rc);
}

static int
record_import(struct gsp_backend *b, int fd, uint32_t hClient, uint32_t hDevice,
              uint32_t hParent, uint32_t hObject, struct gsp_error *err)
{
    struct recorded c;

    begin(&c, b, GSP_TRACE_IMPORT, err);
    add_arg(&c, hClient);
    add_arg(&c, hDevice);
    add_arg(&c, hParent);
    add_arg(&c, hObject);
    add_arg(&c, (uint64_t)fd);
    return finish(&c, b->behind->ops->import_fd(b->behind, fd, hClient, hDevice, hParent,
                                                hObject, c.err));
}

static void
record_close(struct gsp_backend *b)
{
    struct recorder *r = (struct recorder *)b;

    b->behind->ops->close(b->behind);
    gsp_text_fini(&r->in);
    gsp_text_fini(&r->in_memory);
    gsp_text_fini(&r->out_memory);
    gsp_host_free(r->host, r);
}

int
gsp_record_backend(struct gsp_backend *backend, struct gsp_trace_writer *writer,
                   const struct gsp_host *host, struct gsp_backend **recorder_out,
                   struct gsp_error *err)
{
    const struct gsp_backend_ops *behind = backend->ops;
    struct recorder *r = gsp_host_alloc(host, sizeof(*r));

    if (!r)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for a recorder");
    r->ops = (struct gsp_backend_ops){
        .name = behind->name,
        .alloc = record_alloc,
        .control = record_control,
        .free = record_free,
        .dup = record_dup,
        .rpc = behind->rpc ? record_rpc : NULL,
        .event_next = behind->event_next ? record_event_next : NULL,
        .open_client = behind->open_client ? record_open_client : NULL,
        .map = behind->map ? record_map : NULL,
        .unmap = behind->unmap ? record_unmap : NULL,
        .map_dma = behind->map_dma ? record_map_dma : NULL,
        .unmap_dma = behind->unmap_dma ? record_unmap_dma : NULL,
        .export_fd = behind->export_fd ? record_export : NULL,
        .import_fd = behind->import_fd ? record_import : NULL,
        .close = record_close,
    };
    r->base = (struct gsp_backend){.ops = &r->ops, .abi = backend->abi, .behind = backend};
    r->writer = writer;
    r->host = r->in.host = r->in_memory.host = r->out_memory.host = host;
    *recorder_out = &r->base;
    return 0;
}
