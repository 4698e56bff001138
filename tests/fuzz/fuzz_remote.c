/* SPDX-License-Identifier: MIT */
/*
 * Both ends of a remote backend against any bytes. The first byte says which: a client that
 * reads them in place of a broker ('c': from the greeting on, 'a': behind a good one), or a
 * broker that reads them in place of a client.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gsp/remote.h>
#include <gsp/trace.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct stream {
    const char *greeting;
    const uint8_t *data;
    size_t bytes;
};

static ssize_t
read_some(void *ctx, void *to, size_t bytes, int timeout_ms)
{
    struct stream *s = ctx;
    size_t n;

    (void)timeout_ms;
    if (s->greeting && *s->greeting) {
        n = strlen(s->greeting) < bytes ? strlen(s->greeting) : bytes;
        memcpy(to, s->greeting, n);
        s->greeting += n;
        return (ssize_t)n;
    }
    n = s->bytes < bytes ? s->bytes : bytes;
    if (n)
        memcpy(to, s->data, n);
    s->data += n;
    s->bytes -= n;
    return (ssize_t)n;
}

static ssize_t
write_nowhere(void *ctx, const void *from, size_t bytes, int timeout_ms)
{
    (void)ctx;
    (void)from;
    (void)timeout_ms;
    return (ssize_t)bytes;
}

/* A backend that reads and writes all that it is given, as a kernel would. */
static int
touch(struct gsp_backend *b, uint32_t cmd, void *params, uint32_t bytes)
{
    const struct nvrm_control *c = nvrm_control_by_id(b->abi, cmd);
    const struct nvrm_layout *layout = c ? nvrm_struct_at(b->abi, c->params) : NULL;
    struct gsp_text memory = {0};
    struct gsp_trace_piece piece;

    for (uint32_t i = 0; layout == NULL && i < bytes; i++)
        ((uint8_t *)params)[i] ^= 1;
    if (layout && bytes >= layout->size) {
        if (gsp_trace_memory_take(b->abi, layout, params, bytes, NULL, &memory) < 0)
            abort();
        piece = (struct gsp_trace_piece){memory.data, memory.bytes};
        if (memory.bytes)
            gsp_trace_memory_give(b->abi, layout, params, bytes, &piece);
        gsp_text_fini(&memory);
    }
    return 0;
}

static int
fake_alloc(struct gsp_backend *b, uint32_t hClient, uint32_t hParent, uint32_t hObject,
           uint32_t hClass, void *params, uint32_t bytes, struct gsp_error *err)
{
    (void)hClient;
    (void)hParent;
    (void)hClass;
    if (hObject == 7)
        return gsp_fail_rm(err, b->abi, "alloc", 0x22);
    return touch(b, UINT32_MAX, params, bytes);
}

static int
fake_control(struct gsp_backend *b, uint32_t hClient, uint32_t hObject, uint32_t cmd,
             void *params, uint32_t bytes, struct gsp_error *err)
{
    (void)hClient;
    (void)hObject;
    (void)err;
    return touch(b, cmd, params, bytes);
}

static int
fake_free(struct gsp_backend *b, uint32_t hClient, uint32_t hParent, uint32_t hObject,
          struct gsp_error *err)
{
    (void)hClient;
    (void)hParent;
    return hObject ? 0 : gsp_fail_rm(err, b->abi, "free", 0x33);
}

static int
fake_dup(struct gsp_backend *b, uint32_t hClient, uint32_t hParent, uint32_t hObject,
         uint32_t hClientSrc, uint32_t hObjectSrc, uint32_t flags, struct gsp_error *err)
{
    (void)hParent;
    (void)hClientSrc;
    (void)hObjectSrc;
    (void)flags;
    return fake_free(b, hClient, 0, hObject, err);
}

static int
fake_rpc(struct gsp_backend *b, uint32_t function, const void *payload, size_t payload_bytes,
         void *reply, size_t reply_cap, size_t *reply_bytes_out, struct gsp_error *err)
{
    const size_t n = payload_bytes < reply_cap ? payload_bytes : reply_cap;

    (void)b;
    (void)function;
    (void)err;
    if (n)
        memcpy(reply, payload, n);
    *reply_bytes_out = payload_bytes;
    return 0;
}

static const struct gsp_backend_ops fake_ops = {
    .name = "fuzz",
    .alloc = fake_alloc,
    .control = fake_control,
    .free = fake_free,
    .dup = fake_dup,
    .rpc = fake_rpc,
};

static void
serve(struct stream *s, struct nvrm_abi abi)
{
    struct gsp_backend backend = {.ops = &fake_ops, .abi = abi};
    const struct gsp_broker_config config = {
        .io = {s, read_some, write_nowhere},
        .backend = &backend,
        .chip = "AD102",
        .transport = "emu"
    };
    struct gsp_error err = {0};

    if (gsp_broker_serve(&config, &err) < 0 && !err.text[0])
        abort();
}

/* A control whose parameters point to a list, and one whose do not. */
static void
call_control(struct gsp_backend *b, const char *name, bool points)
{
    const struct nvrm_control *c = nvrm_control_find(b->abi, name);
    const struct nvrm_layout *layout = nvrm_struct_at(b->abi, c->params);
    uint8_t *params = calloc(1, layout->size);
    uint64_t *list = calloc(4, sizeof(*list));
    const uint64_t at = (uintptr_t)list;
    struct gsp_error err = {0};
    uint64_t kept = 0;

    if (points) {
        params[0] = 4; /* fbInfoListSize, and the list behind it */
        memcpy(params + 8, &at, 8);
    }
    if (b->ops->control(b, 1, 2, c->id, params, layout->size, &err) < 0 && !err.text[0])
        abort();
    memcpy(&kept, params + 8, points ? 8 : 0);
    if (points && kept != at)
        abort(); /* the client's pointers are its own */
    free(list);
    free(params);
}

static void
ask(struct stream *s, struct nvrm_abi abi)
{
    const struct gsp_remote_config config = {
        .io = {s, read_some, write_nowhere},
          .schema = abi.schema, .release = NVRM_NO_RELEASE
    };
    struct gsp_backend *b = NULL;
    struct gsp_error err = {0};
    struct gsp_event event;
    uint8_t reply[64];
    uint32_t handle;
    size_t n;

    if (gsp_remote_open(&config, &b, &err) < 0) {
        if (!err.text[0])
            abort();
        return;
    }
    for (unsigned turn = 0; turn < 4; turn++) {
        call_control(b, "NV2080_CTRL_CMD_FB_GET_INFO", true);
        call_control(b, "NV2080_CTRL_CMD_TIMER_GET_TIME", false);
        (void)b->ops->free(b, 1, 2, 3, &err);
        if (b->ops->rpc)
            (void)b->ops->rpc(b, 5, "x", 1, reply, sizeof(reply), &n, &err);
        if (b->ops->event_next)
            (void)b->ops->event_next(b, &event, 0, &err);
        if (b->ops->open_client)
            (void)b->ops->open_client(b, &handle, &err);
    }
    b->ops->close(b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct nvrm_schema *schema = nvrm_schema_builtin();
    const struct nvrm_abi abi = {schema, nvrm_release_newest(schema)};
    struct stream s = {NULL, data + 1, size - 1};
    char greeting[256];

    if (!size)
        return 0;
    snprintf(greeting, sizeof(greeting),
             "{\"nvrm\":1,\"release\":\"%s\",\"schema\":\"0x%016llx\",\"ops\":\"rpc event "
             "open_client\"}\n",
             nvrm_release_name(schema, abi.release),
             (unsigned long long)gsp_trace_schema_hash(abi));
    if (data[0] == 'a')
        s.greeting = greeting;
    if (data[0] == 'a' || data[0] == 'c')
        ask(&s, abi);
    else
        serve(&s, abi);
    return 0;
}
