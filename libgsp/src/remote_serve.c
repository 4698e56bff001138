/* SPDX-License-Identifier: MIT */
/*
 * The broker's end of a remote backend: a greeting, then an answer to each request.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "remote_priv.h"

/* The backend waits no longer for an event at a time, whatever the peer asks for. */
#define EVENT_MOST_NS (UINT64_C(1000000000))
#define SEND_NS       (UINT64_C(60) * 1000000000)

enum { REPLY_MOST = 8 << 20 };

struct broker {
    const struct gsp_broker_config *config;
    struct remote_link link;
    struct remote_frame q, a; /* request, answer */
    void *reply;              /* of an rpc */
    struct gsp_text memory;   /* behind the answer's pointers */
};

static uint64_t
send_deadline(const struct broker *b)
{
    return gsp_host_now_ns(b->config->host) + SEND_NS;
}

static void
greet(const struct gsp_broker_config *config, struct remote_frame *f)
{
    const struct gsp_backend *backend = config->backend;

    memset(f, 0, sizeof(*f));
    f->version = GSP_REMOTE_VERSION;
    if (!backend)
        return;
    f->gpu = config->gpu_id;
    snprintf(f->release, sizeof(f->release), "%s",
             nvrm_release_name(backend->abi.schema, backend->abi.release));
    snprintf(f->schema, sizeof(f->schema), "0x%016llx",
             (unsigned long long)gsp_trace_schema_hash(backend->abi));
    snprintf(f->chip, sizeof(f->chip), "%s", config->chip ? config->chip : "");
    snprintf(f->transport, sizeof(f->transport), "%s",
             config->transport ? config->transport : "");
    snprintf(f->ops, sizeof(f->ops), "alloc control free dup%s%s%s",
             backend->ops->rpc ? " rpc" : "", backend->ops->event_next ? " event" : "",
             backend->ops->open_client ? " open_client" : "");
}

static void
put_error(struct remote_frame *f, int rc, const struct gsp_error *err)
{
    f->rc = (uint64_t) - (int64_t)rc;
    f->origin = err->origin;
    f->status = err->nv_status;
    snprintf(f->text, sizeof(f->text), "%s", err->text);
    snprintf(f->hint, sizeof(f->hint), "%s", err->hint);
}

static int
fail_frame(int rc, struct gsp_error *err)
{
    return gsp_fail(err, GSP_ORIGIN_PROTOCOL, rc, "%s",
                    rc == -EBADMSG    ? "what came is no request"
                    : rc == -EMSGSIZE ? "a request is too long"
                    : rc == -ENOMEM   ? "out of memory for a request"
                                      : "the client cannot be reached");
}

/* Calls with parameters: `ask` makes the backend's call on q's parameters. */
static int
serve_params(struct broker *b, const struct nvrm_layout *layout,
             int (*ask)(struct broker *b, struct gsp_error *err), struct gsp_error *err)
{
    const struct nvrm_abi abi = b->config->backend->abi;
    struct remote_frame *q = &b->q;
    const struct gsp_trace_piece came = {q->memory, q->memory_bytes};
    const bool points = layout && layout->flags & NVRM_LAYOUT_PTR && q->params_bytes;
    int rc = 0;

    if (points)
        rc = remote_may_travel(abi, layout, q->params, q->params_bytes, err);
    if (points && rc == 0)
        rc = remote_point(abi, layout, q->params, q->params_bytes, q->memory, q->memory_bytes,
                          err);
    if (rc < 0)
        return rc;
    rc = ask(b, err);
    if (points) {
        if (gsp_trace_memory_take(abi, layout, q->params, q->params_bytes, &came, &b->memory) <
            0)
            return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory to answer");
        remote_mark(abi, layout, q->params);
        b->a.memory = (uint8_t *)b->memory.data;
        b->a.memory_bytes = b->memory.bytes;
    }
    b->a.params = q->params;
    b->a.params_bytes = q->params_bytes;
    return rc;
}

static int
ask_alloc(struct broker *b, struct gsp_error *err)
{
    struct gsp_backend *to = b->config->backend;
    const uint64_t *arg = b->q.arg;

    return to->ops->alloc(to, (uint32_t)arg[0], (uint32_t)arg[1], (uint32_t)arg[2],
                          (uint32_t)arg[3], b->q.params, (uint32_t)b->q.params_bytes, err);
}

static int
ask_control(struct broker *b, struct gsp_error *err)
{
    struct gsp_backend *to = b->config->backend;
    const uint64_t *arg = b->q.arg;

    return to->ops->control(to, (uint32_t)arg[0], (uint32_t)arg[1], (uint32_t)arg[2],
                            b->q.params, (uint32_t)b->q.params_bytes, err);
}

static int
serve_alloc(struct broker *b, struct gsp_error *err)
{
    const uint32_t hClass = (uint32_t)b->q.arg[3];
    int rc = b->config->allow_class ? b->config->allow_class(b->config->ctx, hClass, err) : 0;

    return rc < 0 ? rc
                  : serve_params(b, remote_layout(b->config->backend->abi, false, hClass),
                                 ask_alloc, err);
}

static int
serve_control(struct broker *b, struct gsp_error *err)
{
    const uint32_t cmd = (uint32_t)b->q.arg[2];
    int rc = b->config->allow_control ? b->config->allow_control(b->config->ctx, cmd, err) : 0;

    return rc < 0 ? rc
                  : serve_params(b, remote_layout(b->config->backend->abi, true, cmd),
                                 ask_control, err);
}

static int
serve_free(struct broker *b, struct gsp_error *err)
{
    struct gsp_backend *to = b->config->backend;
    const uint64_t *arg = b->q.arg;

    return to->ops->free(to, (uint32_t)arg[0], (uint32_t)arg[1], (uint32_t)arg[2], err);
}

static int
serve_dup(struct broker *b, struct gsp_error *err)
{
    struct gsp_backend *to = b->config->backend;
    const uint64_t *arg = b->q.arg;

    return to->ops->dup(to, (uint32_t)arg[0], (uint32_t)arg[1], (uint32_t)arg[2],
                        (uint32_t)arg[3], (uint32_t)arg[4], (uint32_t)arg[5], err);
}

static int
serve_rpc(struct broker *b, struct gsp_error *err)
{
    struct gsp_backend *to = b->config->backend;
    const size_t cap = b->q.arg[1] < REPLY_MOST ? (size_t)b->q.arg[1] : REPLY_MOST;
    size_t came = 0;
    int rc;

    if (!to->ops->rpc)
        return gsp_fail(err, GSP_ORIGIN_TRANSPORT, -EOPNOTSUPP, "the %s backend has no RPCs",
                        to->ops->name);
    if (b->config->allow_rpc) {
        rc = b->config->allow_rpc(b->config->ctx, (uint32_t)b->q.arg[0], b->q.params,
                                  b->q.params_bytes, err);
        if (rc < 0)
            return rc;
    }
    b->reply = gsp_host_alloc(b->config->host, cap + 1);
    if (!b->reply)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for a reply");
    rc = to->ops->rpc(to, (uint32_t)b->q.arg[0], b->q.params, b->q.params_bytes, b->reply, cap,
                      &came, err);
    b->a.args = 1;
    b->a.arg[0] = came;
    b->a.params = b->reply;
    b->a.params_bytes = came < cap ? came : cap;
    return rc;
}

static int
serve_event(struct broker *b, struct gsp_error *err)
{
    struct gsp_backend *to = b->config->backend;
    const uint64_t wait_ns = b->q.arg[0] < EVENT_MOST_NS ? b->q.arg[0] : EVENT_MOST_NS;
    struct gsp_event e = {0};
    int rc;

    if (!to->ops->event_next)
        return gsp_fail(err, GSP_ORIGIN_TRANSPORT, -EOPNOTSUPP, "the %s backend has no events",
                        to->ops->name);
    rc = to->ops->event_next(to, &e, wait_ns, err);
    if (rc < 0)
        return rc;
    b->a.args = 3;
    b->a.arg[0] = e.function;
    b->a.arg[1] = e.rpc_result;
    b->a.arg[2] = e.lost;
    b->a.params = (uint8_t *)e.payload;
    b->a.params_bytes = e.payload_bytes;
    return 0;
}

static int
serve_open_client(struct broker *b, struct gsp_error *err)
{
    struct gsp_backend *to = b->config->backend;
    uint32_t handle = 0;
    int rc;

    if (!to->ops->open_client)
        return gsp_fail(err, GSP_ORIGIN_TRANSPORT, -EOPNOTSUPP,
                        "clients of the %s backend choose their handles", to->ops->name);
    rc = to->ops->open_client(to, &handle, err);
    b->a.args = 1;
    b->a.arg[0] = handle;
    return rc;
}

/* A row per operation. */
static const struct {
    const char *op;
    unsigned args;
    int (*serve)(struct broker *b, struct gsp_error *err);
} calls[] = {
    {"alloc",       4, serve_alloc      },
    {"control",     3, serve_control    },
    {"free",        3, serve_free       },
    {"dup",         6, serve_dup        },
    {"rpc",         2, serve_rpc        },
    {"event",       1, serve_event      },
    {"open_client", 0, serve_open_client},
};

/* Arguments are 32 bits wide but for times and sizes, which are bounded where they are used. */
static bool
fits(const struct remote_frame *q, const char *op)
{
    for (unsigned i = 0; i < q->args; i++) {
        if (q->arg[i] > UINT32_MAX && strcmp(op, "event") && !(i == 1 && !strcmp(op, "rpc")))
            return false;
    }
    return q->params_bytes <= UINT32_MAX;
}

static int
serve_one(struct broker *b, struct gsp_error *err)
{
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        if (strcmp(calls[i].op, b->q.op))
            continue;
        if (b->q.args != calls[i].args || !fits(&b->q, b->q.op))
            return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG, "%s with wrong arguments",
                            b->q.op);
        return calls[i].serve(b, err);
    }
    return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG, "there is no operation '%s'", b->q.op);
}

static int
answer(struct broker *b, struct gsp_error *err)
{
    struct gsp_error why = {0};
    int rc;

    memset(&b->a, 0, sizeof(b->a));
    b->a.id = b->q.id;
    rc = serve_one(b, &why);
    if (rc < 0)
        put_error(&b->a, rc, &why);
    rc = remote_send(&b->link, &b->a, send_deadline(b));
    gsp_host_free(b->config->host, b->reply);
    b->reply = NULL;
    b->memory.bytes = 0;
    return rc < 0 ? fail_frame(rc, err) : 0;
}

int
gsp_broker_serve(const struct gsp_broker_config *config, struct gsp_error *err)
{
    struct broker b = {.config = config, .memory.host = config->host};
    int rc;

    b.link.io = config->io;
    b.link.host = config->host;
    greet(config, &b.a);
    rc = remote_send(&b.link, &b.a, send_deadline(&b));
    if (rc < 0)
        fail_frame(rc, err);
    while (rc == 0) {
        rc = remote_receive(&b.link, &b.q, 0);
        if (rc == 0)
            rc = answer(&b, err);
        else if (rc != -EPIPE)
            fail_frame(rc, err);
    }
    remote_link_fini(&b.link);
    gsp_text_fini(&b.memory);
    return rc == -EPIPE ? 0 : rc;
}

int
gsp_broker_fail(const struct gsp_broker_config *config, const struct gsp_error *why,
                struct gsp_error *err)
{
    struct remote_link link = {.io = config->io, .host = config->host};
    struct remote_frame f;
    int rc;

    greet(config, &f);
    put_error(&f, why->rc < 0 ? why->rc : -EIO, why);
    rc = remote_send(&link, &f, gsp_host_now_ns(config->host) + SEND_NS);
    remote_link_fini(&link);
    return rc < 0 ? fail_frame(rc, err) : 0;
}
