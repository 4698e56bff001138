/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "fake_backend.h"

static struct fake_call *
note(struct fake_backend *f, char op, const void *params, uint32_t params_bytes)
{
    struct fake_call *call = &f->calls[f->call_count % FAKE_MOST_CALLS];

    f->call_count++;
    memset(call, 0, sizeof(*call));
    call->op = op;
    call->params_bytes = params_bytes;
    if (params)
        memcpy(call->params, params,
               params_bytes < FAKE_PARAMS_CAP ? params_bytes : FAKE_PARAMS_CAP);
    return call;
}

static int
verdict(struct fake_backend *f, char op, struct gsp_error *err)
{
    const uint32_t status = f->refuse_status;

    if (!status || f->refuse_op != op)
        return 0;
    f->refuse_status = 0;
    return gsp_fail_rm(err, f->base.abi, "the fake", status);
}

static int
fake_alloc(struct gsp_backend *b, uint32_t hClient, uint32_t hParent, uint32_t hObject,
           uint32_t hClass, void *params, uint32_t params_bytes, struct gsp_error *err)
{
    struct fake_backend *f = (struct fake_backend *)b;
    struct fake_call *call = note(f, 'a', params, params_bytes);

    call->client = hClient;
    call->parent = hParent;
    call->object = hObject;
    call->id = hClass;
    if (hClass == 0 && hObject == f->taken_root)
        return gsp_fail_rm(err, b->abi, "the fake", 0x19); /* NV_ERR_INSERT_DUPLICATE_NAME */
    return verdict(f, 'a', err);
}

static int
fake_control(struct gsp_backend *b, uint32_t hClient, uint32_t hObject, uint32_t cmd,
             void *params, uint32_t params_bytes, struct gsp_error *err)
{
    struct fake_backend *f = (struct fake_backend *)b;
    struct fake_call *call = note(f, 'c', params, params_bytes);
    int rc = verdict(f, 'c', err);

    call->client = hClient;
    call->object = hObject;
    call->id = cmd;
    if (rc == 0 && f->answer && f->answer_bytes <= params_bytes)
        memcpy(params, f->answer, f->answer_bytes);
    f->answer = NULL;
    return rc;
}

static int
fake_free(struct gsp_backend *b, uint32_t hClient, uint32_t hParent, uint32_t hObject,
          struct gsp_error *err)
{
    struct fake_call *call = note((struct fake_backend *)b, 'f', NULL, 0);

    call->client = hClient;
    call->parent = hParent;
    call->object = hObject;
    return verdict((struct fake_backend *)b, 'f', err);
}

static int
fake_dup(struct gsp_backend *b, uint32_t hClient, uint32_t hParent, uint32_t hObject,
         uint32_t hClientSrc, uint32_t hObjectSrc, uint32_t flags, struct gsp_error *err)
{
    struct fake_call *call = note((struct fake_backend *)b, 'd', NULL, 0);

    (void)hClientSrc;
    (void)flags;
    call->client = hClient;
    call->parent = hParent;
    call->object = hObject;
    call->id = hObjectSrc;
    return verdict((struct fake_backend *)b, 'd', err);
}

static int
fake_event_next(struct gsp_backend *b, struct gsp_event *event_out, uint64_t timeout_ns,
                struct gsp_error *err)
{
    struct fake_backend *f = (struct fake_backend *)b;

    (void)timeout_ns;
    if (!f->event.function)
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EAGAIN, "no event");
    *event_out = f->event;
    f->event.function = 0;
    return 0;
}

static void
fake_close(struct gsp_backend *b)
{
    (void)b;
}

void
fake_init(struct fake_backend *f, const char *release)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();

    memset(f, 0, sizeof(*f));
    f->ops = (struct gsp_backend_ops){
        .name = "fake",
        .alloc = fake_alloc,
        .control = fake_control,
        .free = fake_free,
        .dup = fake_dup,
        .event_next = fake_event_next,
        .close = fake_close,
    };
    f->base.ops = &f->ops;
    f->base.abi = (struct nvrm_abi){s, nvrm_release_find(s, release)};
}

const struct fake_call *
fake_last(const struct fake_backend *f)
{
    return &f->calls[(f->call_count - 1) % FAKE_MOST_CALLS];
}

unsigned
fake_count(const struct fake_backend *f, char op)
{
    unsigned n = 0;

    for (unsigned i = 0; i < f->call_count && i < FAKE_MOST_CALLS; i++)
        n += f->calls[i].op == op;
    return n;
}
