/* SPDX-License-Identifier: MIT */
/*
 * RM calls as RPCs: alloc, control, free and dup in the header layouts of the release.
 *
 * There are two layers of status. rpc_result in the RPC header says whether RM took the
 * message; the payload's status says what the call came to. Controls fail in the payload alone,
 * the others in both.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <gsp/codec.h>
#include <nvrm/flags.h>

#include "session_priv.h"
#include "wire_set_priv.h"

enum {
    HEADER_MAX = 64,
    RPC_FLAG_COPYOUT_ON_ERROR = 1, /* RMAPI_RPC_FLAGS_* */
    RPC_FLAG_SERIALIZED = 2,
    FINN_BYTES_MAX = 256 << 10,
    NV01_ROOT = 0x0,
    NV01_ROOT_CLIENT = 0x41,
};

/* Layouts */

int
gsprm_function(struct nvrm_abi abi, const char *name, uint32_t *out, struct gsp_error *err)
{
    const struct nvrm_rpc *row = nvrm_rpc_find(abi, name);

    if (!row)
        return gsp_fail(err, GSP_ORIGIN_RELEASE, -ENOENT, "%s has no RPC %s",
                        nvrm_release_name(abi.schema, abi.release), name);
    *out = row->id;
    return 0;
}

/* One field of a message header and where to note its offset. `or_path` is a later name. */
struct want_field {
    const char *path, *or_path;
    uint32_t *out;
};

static int
find_fields(struct nvrm_abi abi, const char *name, const struct want_field *fields,
            unsigned count, uint32_t *bytes_out, struct gsp_error *err)
{
    const struct nvrm_layout *l = nvrm_struct_find(abi, name);
    uint32_t bytes;

    if (!l || l->size > HEADER_MAX)
        return gsp_fail(err, GSP_ORIGIN_RELEASE, -ENOENT, "%s has no usable %s",
                        nvrm_release_name(abi.schema, abi.release), name);
    for (unsigned i = 0; i < count; i++) {
        if (wire_find(abi, l, fields[i].path, fields[i].out, &bytes) && bytes == 4)
            continue;
        if (fields[i].or_path && wire_find(abi, l, fields[i].or_path, fields[i].out, &bytes) &&
            bytes == 4)
            continue;
        return gsp_fail(err, GSP_ORIGIN_RELEASE, -ENOENT, "%s of %s has no 32-bit %s", name,
                        nvrm_release_name(abi.schema, abi.release), fields[i].path);
    }
    *bytes_out = l->size;
    return 0;
}

#define FIND(what, name, ...)                                                                  \
    find_fields(abi, name, (const struct want_field[]){__VA_ARGS__},                           \
                sizeof((const struct want_field[]){__VA_ARGS__}) / sizeof(struct want_field),  \
                &l->what.bytes, err)

int
gsprm_find_layouts(struct nvrm_abi abi, struct gsprm_layouts *l, struct gsp_error *err)
{
    int rc = gsprm_function(abi, "GSP_RM_CONTROL", &l->control.function, err);

    if (rc == 0)
        rc = gsprm_function(abi, "GSP_RM_ALLOC", &l->alloc.function, err);
    if (rc == 0)
        rc = gsprm_function(abi, "FREE", &l->free.function, err);
    if (rc == 0)
        rc = gsprm_function(abi, "DUP_OBJECT", &l->dup.function, err);
    if (rc == 0)
        rc = FIND(control, "rpc_gsp_rm_control_v03_00", {"hClient", NULL, &l->control.hClient},
                  {"hObject", NULL, &l->control.hObject}, {"cmd", NULL, &l->control.cmd},
                  {"status", NULL, &l->control.status},
                  {"paramsSize", NULL, &l->control.paramsSize},
                  {"flags", "rmapiRpcFlags", &l->control.flags});
    if (rc == 0)
        rc = FIND(alloc, "rpc_gsp_rm_alloc_v03_00", {"hClient", NULL, &l->alloc.hClient},
                  {"hParent", NULL, &l->alloc.hParent}, {"hObject", NULL, &l->alloc.hObject},
                  {"hClass", NULL, &l->alloc.hClass}, {"status", NULL, &l->alloc.status},
                  {"paramsSize", NULL, &l->alloc.paramsSize}, {"flags", NULL, &l->alloc.flags});
    if (rc == 0)
        rc = FIND(free, "rpc_free_v03_00", {"params.hRoot", NULL, &l->free.hRoot},
                  {"params.hObjectParent", NULL, &l->free.hObjectParent},
                  {"params.hObjectOld", NULL, &l->free.hObjectOld},
                  {"params.status", NULL, &l->free.status});
    if (rc == 0)
        rc = FIND(dup, "rpc_dup_object_v03_00", {"params.hClient", NULL, &l->dup.hClient},
                  {"params.hParent", NULL, &l->dup.hParent},
                  {"params.hObject", NULL, &l->dup.hObject},
                  {"params.hClientSrc", NULL, &l->dup.hClientSrc},
                  {"params.hObjectSrc", NULL, &l->dup.hObjectSrc},
                  {"params.flags", NULL, &l->dup.flags},
                  {"params.status", NULL, &l->dup.status});
    return rc;
}

/* Messages */

/** A message with a header that we make and parameters of the caller. */
struct message {
    uint32_t function, header_bytes;
    uint8_t header[HEADER_MAX], answer[HEADER_MAX];
    void *params;
    size_t params_bytes;
    size_t answer_cap; /* room at params for an answer that is longer than the question */
    uint32_t status_off;
    uint32_t echo_bytes; /* of the header: handles that come back as they were sent */
    uint32_t data[2];
    bool continued;

    uint32_t rpc_result, status; /* after the call */
    size_t reply_bytes;          /* parameters that came back */
};

static void
put32(uint8_t *header, uint32_t offset, uint32_t value)
{
    memcpy(header + offset, &value, 4);
}

static uint32_t
get32(const uint8_t *header, uint32_t offset)
{
    uint32_t value;

    memcpy(&value, header + offset, 4);
    return value;
}

static int
note_dead(struct gsp_rm *rm, int rc)
{
    rm->dead = rm->dead || rc == -ETIMEDOUT || rc == -ENODEV || rc == -EIO;
    return rc;
}

static int
call_rpc(struct gsp_rm *rm, struct gsp_rpc_call *call, struct gsp_error *err)
{
    if (rm->suspended)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EBUSY, "GSP-RM is suspended: resume it first");
    if (rm->irq.slept)
        gsprm_irq_arm(rm);
    return note_dead(rm, gsp_rpc_call(rm->rpc, call, err));
}

static int
exchange(struct gsp_rm *rm, struct message *m, struct gsp_error *err)
{
    const struct gsp_piece send[] = {
        {m->header, m->header_bytes},
        {m->params, m->params_bytes}
    };
    const struct gsp_slice reply[] = {
        {m->answer, m->header_bytes                                                  },
        {m->params, m->answer_cap > m->params_bytes ? m->answer_cap : m->params_bytes}
    };
    struct gsp_rpc_call call = {
        .function = m->function,
        .sends = m->params_bytes ? 2 : 1,
        .slices = m->params_bytes ? 2 : 1,
        .send = send,
        .reply = reply,
        .continued = m->continued,
        .echo_bytes = m->echo_bytes,
        .data = {m->data[0], m->data[1]}
    };
    int rc = call_rpc(rm, &call, err);

    if (rc < 0)
        return rc;
    m->rpc_result = call.rpc_result;
    if (call.reply_bytes < m->header_bytes && call.rpc_result == 0)
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG,
                        "reply to function %u has %zu bytes, its header takes %u", m->function,
                        call.reply_bytes, m->header_bytes);
    m->reply_bytes =
        call.reply_bytes > m->header_bytes ? call.reply_bytes - m->header_bytes : 0;
    m->status = call.reply_bytes >= m->header_bytes ? get32(m->answer, m->status_off) : 0;
    return 0;
}

/* Send, and turn both statuses into one result. */
static int
call_rm(struct gsp_rm *rm, struct message *m, const char *verb, const char *name, uint32_t id,
        struct gsp_error *err)
{
    char what[128];
    int rc = exchange(rm, m, err);

    if (rc < 0)
        return rc;
    if (m->rpc_result == 0 && m->status == 0)
        return 0;
    if (name)
        (void)snprintf(what, sizeof(what), "%s %s", verb, name);
    else
        (void)snprintf(what, sizeof(what), "%s 0x%x", verb, id);
    return gsp_fail_rm(err, rm->base.abi, what, m->status ? m->status : m->rpc_result);
}

static const char *
text_of(struct gsp_rm *rm, uint32_t ref)
{
    return nvrm_str(rm->base.abi.schema, ref);
}

/* Over GSP, a client takes NV0000_ALLOC_PARAMETERS; the resource list still says NvHandle. */
static int
root_params(struct gsp_rm *rm, struct message *m, uint64_t *storage, size_t storage_bytes,
            uint32_t hClient, struct gsp_error *err)
{
    struct wire w;

    wire_init(&w, rm->base.abi, "NV0000_ALLOC_PARAMETERS", storage, storage_bytes, err);
    wire_set(&w, "hClient", hClient);
    if (w.rc < 0)
        return w.rc;
    m->params = storage;
    m->params_bytes = w.layout->size;
    return 0;
}

int
gsprm_alloc(struct gsp_backend *b, uint32_t hClient, uint32_t hParent, uint32_t hObject,
            uint32_t hClass, void *params, uint32_t params_bytes, struct gsp_error *err)
{
    struct gsp_rm *rm = (struct gsp_rm *)b;
    const struct gsprm_layouts *l = &rm->layouts;
    const struct nvrm_class *c = nvrm_class_by_id(b->abi, hClass);
    const uint32_t cap = gsp_msgq_record_cap(&rm->geometry) - GSP_RPC_HEADER_BYTES;
    struct message m = {
        .function = l->alloc.function,
        .header_bytes = l->alloc.bytes,
        .params = params,
        .params_bytes = params_bytes,
        .status_off = l->alloc.status,
        .echo_bytes = 8, /* hClient, hParent */
        .data = {hClass, hObject}
    };
    uint64_t root[32] = {0};
    int rc = 0;

    if ((hClass == NV01_ROOT || hClass == NV01_ROOT_CLIENT) && params_bytes <= 4)
        rc = root_params(rm, &m, root, sizeof(root), hClient, err);
    if (rc < 0)
        return rc;
    if (m.params_bytes > cap - l->alloc.bytes)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EMSGSIZE,
                        "alloc parameters of %zu bytes: GSP-RM takes them in one record of %u",
                        m.params_bytes, cap);
    put32(m.header, l->alloc.hClient, hClient);
    put32(m.header, l->alloc.hParent, hParent);
    put32(m.header, l->alloc.hObject, hObject);
    put32(m.header, l->alloc.hClass, hClass);
    put32(m.header, l->alloc.paramsSize, (uint32_t)m.params_bytes);
    return call_rm(rm, &m, "alloc", c ? text_of(rm, c->name) : NULL, hClass, err);
}

/* Controls */

static void
fill_control(struct gsp_rm *rm, struct message *m, uint32_t hClient, uint32_t hObject,
             uint32_t cmd, uint32_t flags)
{
    const struct gsprm_layouts *l = &rm->layouts;

    m->function = l->control.function;
    m->header_bytes = l->control.bytes;
    m->status_off = l->control.status;
    m->data[0] = cmd;
    m->data[1] = hObject;
    m->continued = true;
    m->echo_bytes = 12; /* hClient, hObject, cmd */
    put32(m->header, l->control.hClient, hClient);
    put32(m->header, l->control.hObject, hObject);
    put32(m->header, l->control.cmd, cmd);
    put32(m->header, l->control.paramsSize, (uint32_t)m->params_bytes);
    put32(m->header, l->control.flags, flags);
}

static uint32_t
copyout_flag(const struct nvrm_control *c)
{
    return c && c->flags & NVRM_CTRL_COPYOUT_ON_ERROR ? RPC_FLAG_COPYOUT_ON_ERROR : 0;
}

/* A control whose parameters point elsewhere, in the serialised form that GSP-RM takes. */
static int
control_finn(struct gsp_rm *rm, const struct nvrm_control *c, const struct nvrm_layout *layout,
             struct message *m, uint32_t hClient, uint32_t hObject, struct gsp_error *err)
{
    const uint64_t interface = (uint64_t)(c->id >> 16) << 8 | (c->id >> 8 & 0xff);
    void *const params = m->params;
    const size_t params_bytes = m->params_bytes;
    int rc;

    m->params = gsp_host_alloc(rm->config.host, FINN_BYTES_MAX);
    if (!m->params)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory to serialise %s",
                        text_of(rm, c->name));
    m->answer_cap = FINN_BYTES_MAX;
    rc = gsp_finn_encode(rm->base.abi, layout, interface, c->id & 0xff, params, params_bytes,
                         m->params, FINN_BYTES_MAX, &m->params_bytes, err);
    if (rc == 0) {
        fill_control(rm, m, hClient, hObject, c->id, copyout_flag(c) | RPC_FLAG_SERIALIZED);
        rc = call_rm(rm, m, "control", text_of(rm, c->name), c->id, err);
    }
    if (rc == 0)
        rc = gsp_finn_decode(rm->base.abi, layout, m->params,
                             m->reply_bytes < FINN_BYTES_MAX ? m->reply_bytes : FINN_BYTES_MAX,
                             params, params_bytes, err);
    gsp_host_free(rm->config.host, m->params);
    return rc;
}

int
gsprm_control(struct gsp_backend *b, uint32_t hClient, uint32_t hObject, uint32_t cmd,
              void *params, uint32_t params_bytes, struct gsp_error *err)
{
    struct gsp_rm *rm = (struct gsp_rm *)b;
    const struct nvrm_control *c = nvrm_control_by_id(b->abi, cmd);
    const struct nvrm_layout *layout = c ? nvrm_struct_at(b->abi, c->params) : NULL;
    struct message m = {.params = params, .params_bytes = params_bytes};

    if (layout && layout->flags & NVRM_LAYOUT_PTR) {
        if (layout->flags & NVRM_LAYOUT_FINN && params_bytes >= layout->size)
            return control_finn(rm, c, layout, &m, hClient, hObject, err);
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EOPNOTSUPP,
                        "control %s: its parameters hold pointers and have no serialised form, "
                        "so GSP-RM cannot take it",
                        text_of(rm, c->name));
    }
    fill_control(rm, &m, hClient, hObject, cmd, copyout_flag(c));
    return call_rm(rm, &m, "control", c ? text_of(rm, c->name) : NULL, cmd, err);
}

/* The rest */

int
gsprm_free(struct gsp_backend *b, uint32_t hClient, uint32_t hParent, uint32_t hObject,
           struct gsp_error *err)
{
    struct gsp_rm *rm = (struct gsp_rm *)b;
    const struct gsprm_layouts *l = &rm->layouts;
    struct message m = {
        .function = l->free.function,
        .header_bytes = l->free.bytes,
        .status_off = l->free.status,
        .echo_bytes = 12, /* hRoot, hObjectParent, hObjectOld */
        .data = {hObject, hClient}
    };

    put32(m.header, l->free.hRoot, hClient);
    put32(m.header, l->free.hObjectParent, hParent);
    put32(m.header, l->free.hObjectOld, hObject);
    return call_rm(rm, &m, "free", NULL, hObject, err);
}

int
gsprm_dup(struct gsp_backend *b, uint32_t hClient, uint32_t hParent, uint32_t hObject,
          uint32_t hClientSrc, uint32_t hObjectSrc, uint32_t flags, struct gsp_error *err)
{
    struct gsp_rm *rm = (struct gsp_rm *)b;
    const struct gsprm_layouts *l = &rm->layouts;
    struct message m = {
        .function = l->dup.function,
        .header_bytes = l->dup.bytes,
        .status_off = l->dup.status,
        .echo_bytes = 8, /* hClient, hParent */
        .data = {hObjectSrc, hObject}
    };

    put32(m.header, l->dup.hClient, hClient);
    put32(m.header, l->dup.hParent, hParent);
    put32(m.header, l->dup.hObject, hObject);
    put32(m.header, l->dup.hClientSrc, hClientSrc);
    put32(m.header, l->dup.hObjectSrc, hObjectSrc);
    put32(m.header, l->dup.flags, flags);
    return call_rm(rm, &m, "dup", NULL, hObjectSrc, err);
}

int
gsprm_rpc(struct gsp_backend *b, uint32_t function, const void *payload, size_t payload_bytes,
          void *reply, size_t reply_cap, size_t *reply_bytes_out, struct gsp_error *err)
{
    struct gsp_rm *rm = (struct gsp_rm *)b;
    const struct gsp_piece send = {payload, payload_bytes};
    const struct gsp_slice slice = {reply, reply_cap};
    const struct nvrm_rpc *row = nvrm_rpc_by_id(b->abi, function);
    struct gsp_rpc_call call = {.function = function,
                                .sends = payload_bytes ? 1 : 0,
                                .slices = reply_cap ? 1 : 0,
                                .send = &send,
                                .reply = &slice,
                                .continued = function == rm->layouts.control.function};
    char what[96];
    int rc;

    if (row && row->is_event)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "%s is an event, not a function",
                        text_of(rm, row->name));
    rc = call_rpc(rm, &call, err);
    if (rc < 0)
        return rc;
    *reply_bytes_out = call.reply_bytes;
    if (!call.rpc_result)
        return 0;
    (void)snprintf(what, sizeof(what), "rpc %s (%u)", row ? text_of(rm, row->name) : "function",
                   function);
    return gsp_fail_rm(err, b->abi, what, call.rpc_result);
}
