/* SPDX-License-Identifier: MIT */
/*
 * The client's end of a remote backend: one request under way at a time, each with a number, so
 * that an answer that comes after its deadline is passed over.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "remote_priv.h"

#define HELLO_NS (UINT64_C(60) * 1000000000)
#define CALL_NS  (UINT64_C(15) * 1000000000)
#define EVENT_NS (UINT64_C(250) * 1000000) /* the broker waits this long at a time */

struct remote {
    struct gsp_backend base;    /* first */
    struct gsp_backend_ops ops; /* those that the broker's backend has */
    struct remote_link link;
    const struct gsp_host *host;
    uint64_t timeout_ns, last_id;
    struct remote_frame answer;
    char chip[64], transport[256];
    uint32_t gpu_id;
    void *payload;         /* of the last event */
    struct gsp_error dead; /* rc < 0: the stream cannot be used any more */
};

/* Errors of the stream, in words. */
static int
fail_link(struct gsp_error *err, int rc, const char *what)
{
    switch (rc) {
    case -ETIMEDOUT:
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, rc, "the broker did not answer in time: %s",
                        what);
    case -EPIPE:
        gsp_fail(err, GSP_ORIGIN_TRANSPORT, rc, "the broker is gone: %s", what);
        gsp_hint(err, "its own messages, and those of ssh, are on stderr");
        return rc;
    case -EBADMSG:
        gsp_fail(err, GSP_ORIGIN_PROTOCOL, rc, "what came is no answer of a broker: %s", what);
        gsp_hint(err, "does the remote shell print something when it starts?");
        return rc;
    case -EMSGSIZE:
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, rc, "a frame is longer than %d bytes: %s",
                        GSP_REMOTE_FRAME_MAX, what);
    case -ENOMEM:
        return gsp_fail(err, GSP_ORIGIN_LOCAL, rc, "out of memory: %s", what);
    default:
        return gsp_fail(err, GSP_ORIGIN_TRANSPORT, rc, "%s: %s", what, strerror(-rc));
    }
}

/* What the broker says it failed with. Numbers of a stranger are not believed. */
static int
fail_there(const struct remote_frame *f, struct gsp_error *err)
{
    const enum gsp_origin origin =
        f->origin > GSP_ORIGIN_NONE && f->origin <= GSP_ORIGIN_DIVERGED
            ? (enum gsp_origin)f->origin
            : GSP_ORIGIN_PROTOCOL;
    int rc = f->rc < 4096 ? -(int)f->rc : -EPROTO;

    if (rc == -EREMOTEIO && origin != GSP_ORIGIN_RM)
        rc = -EPROTO;
    gsp_fail(err, origin, rc, "%s", f->text[0] ? f->text : "the broker says no more");
    if (f->hint[0])
        gsp_hint(err, "%s", f->hint);
    if (err && origin == GSP_ORIGIN_RM)
        err->nv_status = (uint32_t)f->status;
    return rc;
}

/* Send a request and wait for its answer; a stream that broke stays broken. */
static int
exchange(struct remote *r, struct remote_frame *q, const char *op, uint64_t wait_ns,
         struct gsp_error *err)
{
    const uint64_t deadline_ns = gsp_host_now_ns(r->host) + r->timeout_ns + wait_ns;
    int rc;

    if (r->dead.rc < 0) {
        if (err)
            *err = r->dead;
        return r->dead.rc;
    }
    q->id = ++r->last_id;
    snprintf(q->op, sizeof(q->op), "%s", op);
    rc = remote_send(&r->link, q, deadline_ns);
    while (rc == 0) {
        rc = remote_receive(&r->link, &r->answer, deadline_ns);
        if (rc < 0 || r->answer.id == r->last_id)
            break;
        if (r->answer.id > r->last_id || r->answer.id == 0)
            rc = -EBADMSG;
    }
    if (rc == 0)
        return r->answer.rc ? fail_there(&r->answer, err) : 0;
    fail_link(&r->dead, rc, op);
    if (rc == -ETIMEDOUT || rc == -ENOMEM || (rc == -EMSGSIZE && q->params_bytes)) {
        if (err)
            *err = r->dead;
        memset(&r->dead, 0, sizeof(r->dead)); /* the next one may be answered */
    } else if (err) {
        *err = r->dead;
    }
    return rc;
}

/* Calls with parameters */

/* The answer's bytes into the caller's, pointers and what they lead to apart. */
static int
take_params(struct remote *r, const struct nvrm_layout *layout, void *params, size_t bytes,
            struct gsp_error *err)
{
    struct remote_frame *a = &r->answer;
    const struct gsp_trace_piece memory = {a->memory, a->memory_bytes};

    if (!a->params_bytes)
        return 0;
    if (a->params_bytes != bytes)
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG,
                        "the broker answers %zu bytes of parameters, %zu were sent",
                        a->params_bytes, bytes);
    if (layout && layout->flags & NVRM_LAYOUT_PTR) {
        if (a->memory_bytes)
            gsp_trace_memory_give(r->base.abi, layout, params, bytes, &memory);
        remote_pointers(r->base.abi, layout, a->params, params);
    }
    memcpy(params, a->params, bytes);
    return 0;
}

/* Parameters with pointers: marks in place of them, and what they lead to. */
static int
send_pointers(struct remote *r, struct remote_frame *q, const struct nvrm_layout *layout,
              const char *op, struct gsp_error *err)
{
    struct gsp_text memory = {.host = r->host};
    uint8_t *const params = q->params;
    int rc = remote_may_travel(r->base.abi, layout, params, q->params_bytes, err);

    if (rc < 0)
        return rc;
    rc = gsp_trace_memory_take(r->base.abi, layout, params, q->params_bytes, NULL, &memory);
    q->params = gsp_host_alloc(r->host, q->params_bytes);
    if (rc < 0 || !q->params) {
        rc = gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory to send parameters");
    } else {
        memcpy(q->params, params, q->params_bytes);
        remote_mark(r->base.abi, layout, q->params);
        q->memory = (uint8_t *)memory.data;
        q->memory_bytes = memory.bytes;
        rc = exchange(r, q, op, 0, err);
    }
    gsp_host_free(r->host, q->params);
    gsp_text_fini(&memory);
    q->params = params;
    return rc;
}

static int
call(struct remote *r, struct remote_frame *q, const char *op, const struct nvrm_layout *layout,
     struct gsp_error *err)
{
    const uint64_t before = r->last_id;
    struct gsp_error none;
    int rc, taken;

    if (layout && layout->flags & NVRM_LAYOUT_PTR && q->params_bytes >= layout->size)
        rc = send_pointers(r, q, layout, op, err);
    else
        rc = exchange(r, q, op, 0, err);
    if (r->last_id == before || r->answer.id != r->last_id)
        return rc; /* nothing came */
    taken = take_params(r, layout, q->params, q->params_bytes, rc < 0 ? &none : err);
    return rc < 0 ? rc : taken;
}

static int
remote_alloc(struct gsp_backend *b, uint32_t hClient, uint32_t hParent, uint32_t hObject,
             uint32_t hClass, void *params, uint32_t bytes, struct gsp_error *err)
{
    struct remote_frame q = {
        .args = 4,
        .arg = {hClient, hParent, hObject, hClass},
        .params = params,
        .params_bytes = bytes
    };

    return call((struct remote *)b, &q, "alloc", remote_layout(b->abi, false, hClass), err);
}

static int
remote_control(struct gsp_backend *b, uint32_t hClient, uint32_t hObject, uint32_t cmd,
               void *params, uint32_t bytes, struct gsp_error *err)
{
    struct remote_frame q = {
        .args = 3, .arg = {hClient, hObject, cmd},
             .params = params, .params_bytes = bytes
    };

    return call((struct remote *)b, &q, "control", remote_layout(b->abi, true, cmd), err);
}

static int
remote_free(struct gsp_backend *b, uint32_t hClient, uint32_t hParent, uint32_t hObject,
            struct gsp_error *err)
{
    struct remote_frame q = {
        .args = 3, .arg = {hClient, hParent, hObject}
    };

    return exchange((struct remote *)b, &q, "free", 0, err);
}

static int
remote_dup(struct gsp_backend *b, uint32_t hClient, uint32_t hParent, uint32_t hObject,
           uint32_t hClientSrc, uint32_t hObjectSrc, uint32_t flags, struct gsp_error *err)
{
    struct remote_frame q = {
        .args = 6, .arg = {hClient, hParent, hObject, hClientSrc, hObjectSrc, flags}
    };

    return exchange((struct remote *)b, &q, "dup", 0, err);
}

static int
remote_rpc(struct gsp_backend *b, uint32_t function, const void *payload, size_t payload_bytes,
           void *reply, size_t reply_cap, size_t *reply_bytes_out, struct gsp_error *err)
{
    struct remote *r = (struct remote *)b;
    struct remote_frame q = {
        .args = 2,
        .arg = {function, reply_cap},
        .params = (uint8_t *)payload,
        .params_bytes = payload_bytes
    };
    int rc = exchange(r, &q, "rpc", 0, err);

    if (rc < 0 && rc != -EREMOTEIO)
        return rc;
    *reply_bytes_out = r->answer.args ? (size_t)r->answer.arg[0] : 0;
    if (r->answer.params_bytes > reply_cap)
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG,
                        "the broker answers %zu bytes where %zu fit", r->answer.params_bytes,
                        reply_cap);
    if (r->answer.params_bytes)
        memcpy(reply, r->answer.params, r->answer.params_bytes);
    return rc;
}

/* The broker waits in slices, so that a deadline or Ctrl-C here does not leave it waiting. */
static int
remote_event_next(struct gsp_backend *b, struct gsp_event *event_out, uint64_t timeout_ns,
                  struct gsp_error *err)
{
    struct remote *r = (struct remote *)b;
    const uint64_t until_ns = gsp_host_now_ns(r->host) + timeout_ns;
    uint64_t left = timeout_ns;
    struct remote_frame *a = &r->answer;
    int rc;

    do {
        const uint64_t slice = left < EVENT_NS ? left : EVENT_NS;
        struct remote_frame q = {.args = 1, .arg = {slice}};
        const uint64_t now_ns = gsp_host_now_ns(r->host);

        rc = exchange(r, &q, "event", slice, err);
        left = now_ns + slice < until_ns ? until_ns - now_ns - slice : 0;
    } while (rc == -EAGAIN && left);
    if (rc < 0)
        return rc;
    gsp_host_free(r->host, r->payload);
    r->payload = gsp_host_alloc(r->host, a->params_bytes + 1);
    if (!r->payload || a->args < 3)
        return gsp_fail(err, r->payload ? GSP_ORIGIN_PROTOCOL : GSP_ORIGIN_LOCAL,
                        r->payload ? -EBADMSG : -ENOMEM, "an event cannot be taken");
    if (a->params_bytes)
        memcpy(r->payload, a->params, a->params_bytes);
    *event_out = (struct gsp_event){.function = (uint32_t)a->arg[0],
                                    .rpc_result = (uint32_t)a->arg[1],
                                    .lost = a->arg[2],
                                    .time_ns = gsp_host_now_ns(r->host),
                                    .payload = r->payload,
                                    .payload_bytes = a->params_bytes};
    return 0;
}

static int
remote_open_client(struct gsp_backend *b, uint32_t *hClient_out, struct gsp_error *err)
{
    struct remote *r = (struct remote *)b;
    struct remote_frame q = {0};
    int rc = exchange(r, &q, "open_client", 0, err);

    if (rc < 0)
        return rc;
    if (!r->answer.args)
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG, "the broker names no client");
    *hClient_out = (uint32_t)r->answer.arg[0];
    return 0;
}

static void
remote_close(struct gsp_backend *b)
{
    struct remote *r = (struct remote *)b;

    if (!r)
        return;
    remote_link_fini(&r->link);
    gsp_host_free(r->host, r->payload);
    gsp_host_free(r->host, r);
}

static const struct gsp_backend_ops remote_ops = {
    .name = "remote",
    .alloc = remote_alloc,
    .control = remote_control,
    .free = remote_free,
    .dup = remote_dup,
    .rpc = remote_rpc,
    .event_next = remote_event_next,
    .open_client = remote_open_client,
    .close = remote_close,
};

/* Opening */

/* A word of a list with blanks between. */
static bool
has_word(const char *list, const char *word)
{
    const size_t bytes = strlen(word);

    for (const char *at = strstr(list, word); at; at = strstr(at + 1, word)) {
        if ((at == list || at[-1] == ' ') && (at[bytes] == ' ' || !at[bytes]))
            return true;
    }
    return false;
}

static int
check_release(struct remote *r, const struct gsp_remote_config *config,
              const struct remote_frame *hello, struct gsp_error *err)
{
    const struct nvrm_schema *s = config->schema;
    const nvrm_release release = nvrm_release_find(s, hello->release);
    char hash[24];

    if (release == NVRM_NO_RELEASE) {
        gsp_fail(err, GSP_ORIGIN_RELEASE, -ENOENT,
                 "the broker speaks release %s, which is not known here", hello->release);
        gsp_hint(err, "update nvrm-cli on this machine");
        return -ENOENT;
    }
    if (config->release != NVRM_NO_RELEASE && config->release != release) {
        gsp_fail(err, GSP_ORIGIN_RELEASE, -EINVAL, "the broker speaks release %s, not %s",
                 hello->release, nvrm_release_name(s, config->release));
        gsp_hint(err, "leave -F out: the broker's release is used");
        return -EINVAL;
    }
    r->base.abi = (struct nvrm_abi){s, release};
    snprintf(hash, sizeof(hash), "0x%016llx",
             (unsigned long long)gsp_trace_schema_hash(r->base.abi));
    if (!strcmp(hash, hello->schema))
        return 0;
    gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EPROTO,
             "the broker's schema of release %s is %s, here it is %s", hello->release,
             hello->schema, hash);
    gsp_hint(err, "install the same nvrm-cli on both machines");
    return -EPROTO;
}

static int
take_hello(struct remote *r, const struct gsp_remote_config *config, struct gsp_error *err)
{
    const uint64_t wait_ns = config->hello_ns ? config->hello_ns : HELLO_NS;
    struct remote_frame *hello = &r->answer;
    int rc = remote_receive(&r->link, hello, gsp_host_now_ns(r->host) + wait_ns);

    if (rc < 0)
        return fail_link(err, rc, "no greeting came");
    if (hello->version != GSP_REMOTE_VERSION) {
        gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EPROTO,
                 "the broker speaks version %llu of the protocol, this program version %d",
                 (unsigned long long)hello->version, GSP_REMOTE_VERSION);
        gsp_hint(err, "install the same nvrm-cli on both machines");
        return -EPROTO;
    }
    if (hello->rc)
        return fail_there(hello, err);
    snprintf(r->chip, sizeof(r->chip), "%s", hello->chip);
    snprintf(r->transport, sizeof(r->transport), "%s", hello->transport);
    r->gpu_id = (uint32_t)hello->gpu;
    if (!has_word(hello->ops, "rpc"))
        r->ops.rpc = NULL;
    if (!has_word(hello->ops, "event"))
        r->ops.event_next = NULL;
    if (!has_word(hello->ops, "open_client"))
        r->ops.open_client = NULL;
    return check_release(r, config, hello, err);
}

int
gsp_remote_open(const struct gsp_remote_config *config, struct gsp_backend **backend_out,
                struct gsp_error *err)
{
    struct remote *r = gsp_host_alloc(config->host, sizeof(*r));
    int rc;

    if (!r)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory to reach a broker");
    r->ops = remote_ops;
    r->base.ops = &r->ops;
    r->host = r->link.host = config->host;
    r->link.io = config->io;
    r->timeout_ns = config->timeout_ns ? config->timeout_ns : CALL_NS;
    rc = take_hello(r, config, err);
    if (rc < 0) {
        remote_close(&r->base);
        return rc;
    }
    *backend_out = &r->base;
    return 0;
}

static const struct remote *
remote_of(const struct gsp_backend *b)
{
    while (b->behind)
        b = b->behind;
    return b->ops->close == remote_close ? (const struct remote *)b : NULL;
}

const char *
gsp_remote_chip(const struct gsp_backend *backend)
{
    const struct remote *r = remote_of(backend);

    return r ? r->chip : "";
}

const char *
gsp_remote_transport(const struct gsp_backend *backend)
{
    const struct remote *r = remote_of(backend);

    return r ? r->transport : "";
}

uint32_t
gsp_remote_gpu_id(const struct gsp_backend *backend)
{
    const struct remote *r = remote_of(backend);

    return r ? r->gpu_id : 0;
}
