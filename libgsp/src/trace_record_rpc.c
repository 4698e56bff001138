/* SPDX-License-Identifier: MIT */
/*
 * The recorders below the backend: RPCs on the queues, and accesses to the bus.
 */
#include <errno.h>
#include <string.h>

#include <gsp/bus_record.h>
#include <gsp/record.h>

struct gsp_record_rpc {
    struct gsp_rpc_tap tap;
    struct gsp_trace_writer *writer;
    const struct gsp_host *host;
    struct gsp_trace_record record; /* the call that is on its way */
    struct gsp_text in, out;        /* its bytes: replies may overwrite what was sent */
};

static void
rpc_sent(void *ctx, uint32_t function, const struct gsp_piece *send, unsigned sends)
{
    struct gsp_record_rpc *r = ctx;

    r->in.bytes = 0;
    r->in.rc = 0;
    for (unsigned i = 0; i < sends; i++)
        gsp_text_add(&r->in, send[i].data, send[i].bytes);
    r->record = (struct gsp_trace_record){
        .time_ns = gsp_trace_now_ns(r->writer), .args = 2, .arg = {function}};
}

static void
rpc_done(void *ctx, int rc, const struct gsp_rpc_record *record, bool answered,
         const struct gsp_slice *reply, unsigned slices, size_t reply_bytes)
{
    struct gsp_record_rpc *r = ctx;
    struct gsp_trace_record *rec = &r->record;

    r->out.bytes = 0;
    r->out.rc = 0;
    for (unsigned i = 0; i < slices && rc == 0 && reply_bytes; i++) {
        const size_t n = reply[i].bytes < reply_bytes ? reply[i].bytes : reply_bytes;

        gsp_text_add(&r->out, reply[i].data, n);
        reply_bytes -= n;
    }
    rec->type = answered ? GSP_TRACE_RPC : GSP_TRACE_RPC_POST;
    rec->duration_ns = gsp_trace_now_ns(r->writer) - rec->time_ns;
    rec->rc = rc;
    rec->status = rc == 0 ? record->result : 0;
    rec->arg[1] = record->sequence;
    rec->pieces = answered ? 2 : 1;
    rec->piece[GSP_TRACE_IN] =
        (struct gsp_trace_piece){r->in.data, r->in.rc == 0 ? r->in.bytes : 0};
    rec->piece[GSP_TRACE_OUT] =
        (struct gsp_trace_piece){r->out.data, r->out.rc == 0 ? r->out.bytes : 0};
    (void)gsp_trace_write(r->writer, rec);
}

static void
rpc_event(void *ctx, const struct gsp_event *event)
{
    struct gsp_record_rpc *r = ctx;
    const struct gsp_trace_record rec = {
        .type = GSP_TRACE_RPC_EVENT,
        .time_ns = gsp_trace_now_ns(r->writer),
        .status = event->rpc_result,
        .args = 2,
        .arg = {event->function, event->lost},
        .pieces = 1,
        .piece = {{event->payload, event->payload_bytes}              },
    };

    (void)gsp_trace_write(r->writer, &rec);
}

int
gsp_record_rpc_create(struct gsp_trace_writer *writer, const struct gsp_host *host,
                      struct gsp_record_rpc **recorder_out, struct gsp_error *err)
{
    struct gsp_record_rpc *r = gsp_host_alloc(host, sizeof(*r));

    if (!r)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for a recorder");
    r->tap = (struct gsp_rpc_tap){r, rpc_sent, rpc_done, rpc_event};
    r->writer = writer;
    r->host = r->in.host = r->out.host = host;
    *recorder_out = r;
    return 0;
}

const struct gsp_rpc_tap *
gsp_record_rpc_tap(const struct gsp_record_rpc *recorder)
{
    return &recorder->tap;
}

void
gsp_record_rpc_destroy(struct gsp_record_rpc *recorder)
{
    if (!recorder)
        return;
    gsp_text_fini(&recorder->in);
    gsp_text_fini(&recorder->out);
    gsp_host_free(recorder->host, recorder);
}

static void
bus_access(void *ctx, const struct gsp_bus_access *a)
{
    struct gsp_trace_writer *writer = ctx;
    const uint64_t now = gsp_trace_now_ns(writer);
    const uint64_t took = a->end_ns - a->start_ns;
    const struct gsp_trace_record rec = {
        .type = GSP_TRACE_BUS,
        .time_ns = now > took ? now - took : 0,
        .duration_ns = took,
        .rc = a->rc,
        .args = 5,
        .arg = {a->operation, a->bar, a->width, a->at, a->value},
    };

    (void)gsp_trace_write(writer, &rec);
}

int
gsp_record_bus(struct gsp_bus *bus, struct gsp_trace_writer *writer,
               const struct gsp_host *host, struct gsp_bus **recorder_out,
               struct gsp_error *err)
{
    const struct gsp_bus_record_config config = {
        .bus = bus, .host = host, .access = bus_access, .ctx = writer};

    return gsp_bus_record(&config, recorder_out, err);
}
