/* SPDX-License-Identifier: MIT */
/*
 * Ioctls of the kernel module in traces: the layout of their struct, the memory behind it, and
 * the call of a client that an escape carries.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "trace_priv.h"
#include "view_priv.h"

enum {
    ROOT_CLASS = 0x0,
    ROOT_CLIENT_CLASS = 0x41,
    NR_MASK = 0xff,
    NR_FIRST = 0x27, /* nv_escape.h, nv-ioctl-numbers.h: 'F' from here on */
    NR_XFER = 211,
    TOP_MAX = 256,
    XFER_MAX = 1 << 20,
};

static const struct nvrm_const *
find_escape(struct nvrm_abi abi, bool uvm, uint64_t request)
{
    const uint64_t number = uvm ? request : request & NR_MASK;
    const char *prefix = uvm ? "UVM_" : "NV_ESC_";

    for (unsigned i = 0; i < nvrm_escape_count(abi.schema); i++) {
        const struct nvrm_const *e = nvrm_escape_at(abi, i);

        if (e && e->value == number &&
            !strncmp(nvrm_str(abi.schema, e->name), prefix, strlen(prefix)))
            return e;
    }
    return NULL;
}

/* An allocation has two forms, told apart by their size. */
static const struct nvrm_layout *
form_of(struct nvrm_abi abi, const struct nvrm_const *escape, size_t bytes)
{
    static const char *const allocs[] = {"NVOS21_PARAMETERS", "NVOS64_PARAMETERS"};
    const struct nvrm_layout *l = nvrm_struct_at(abi, escape->params);

    if (strcmp(nvrm_str(abi.schema, escape->name), "NV_ESC_RM_ALLOC") != 0)
        return l;
    for (size_t i = 0; i < sizeof(allocs) / sizeof(allocs[0]); i++) {
        const struct nvrm_layout *form = nvrm_struct_find(abi, allocs[i]);

        if (form && form->size == bytes)
            return form;
    }
    return l;
}

const struct nvrm_layout *
gsp_trace_ioctl_layout(struct nvrm_abi abi, bool uvm, uint64_t request, size_t bytes)
{
    const struct nvrm_const *escape =
        abi.release == NVRM_NO_RELEASE ? NULL : find_escape(abi, uvm, request);

    return escape ? form_of(abi, escape, bytes) : NULL;
}

bool
gsp_trace_ioctl_is_escape(uint64_t request)
{
    return request <= UINT32_MAX && _IOC_TYPE(request) == 'F' &&
           _IOC_DIR(request) == (_IOC_READ | _IOC_WRITE) && _IOC_SIZE(request) &&
           _IOC_NR(request) >= NR_FIRST;
}

/* nv_ioctl_xfer_t is the same in every release: it says how to find the others. */
static void
find_carried(const struct gsp_trace_reach *reach, struct gsp_trace_ioctl *io)
{
    struct {
        uint32_t cmd, size;
        uint64_t ptr;
    } xfer;
    const void *at;

    if (_IOC_NR(io->request) != NR_XFER || io->bytes < sizeof(xfer))
        return;
    at = reach->at(reach->ctx, io->arg, sizeof(xfer));
    if (!at)
        return;
    memcpy(&xfer, at, sizeof(xfer));
    if (xfer.size > XFER_MAX)
        return;
    io->arg = (const void *)(uintptr_t)xfer.ptr;
    io->bytes = xfer.size;
    io->request = _IOC(_IOC_READ | _IOC_WRITE, 'F', xfer.cmd & NR_MASK, 0) |
                  (uint64_t)(xfer.size & _IOC_SIZEMASK) << _IOC_SIZESHIFT;
}

void
gsp_trace_ioctl_find(struct nvrm_abi abi, const struct gsp_trace_reach *reach,
                     struct gsp_trace_ioctl *io)
{
    io->bytes = io->uvm ? 0 : _IOC_SIZE(io->request);
    if (!io->uvm)
        find_carried(reach, io);
    io->layout = gsp_trace_ioctl_layout(abi, io->uvm, io->request, io->bytes);
    if (io->uvm && io->layout)
        io->bytes = io->layout->size;
}

/* Fields by name */

static const struct nvrm_field *
field_of(struct nvrm_abi abi, const struct nvrm_layout *l, const char *name, uint32_t *at_out)
{
    const struct nvrm_field *f = nvrm_field_find(abi.schema, l, name), *outer;
    const struct nvrm_layout *inner;

    *at_out = f ? f->offset : 0;
    if (f && f->type != NVRM_STRUCT)
        return f;
    outer = nvrm_field_find(abi.schema, l, "params"); /* a struct with a descriptor behind it */
    if (!outer || outer->type != NVRM_STRUCT)
        return NULL;
    inner = nvrm_layout_at(abi.schema, outer->ref);
    f = inner ? nvrm_field_find(abi.schema, inner, name) : NULL;
    *at_out = f ? outer->offset + f->offset : 0;
    return f;
}

static bool
load(struct nvrm_abi abi, const struct nvrm_layout *l, const struct gsp_trace_piece *wire,
     const char *name, uint64_t *value_out)
{
    uint32_t at;
    const struct nvrm_field *f = field_of(abi, l, name, &at);

    if (!f || wire->bytes < l->size)
        return false;
    *value_out = gsp_field_load(f, (const uint8_t *)wire->data + at);
    return true;
}

uint32_t
gsp_trace_ioctl_status(struct nvrm_abi abi, const struct nvrm_layout *layout, const void *wire,
                       size_t wire_bytes)
{
    const struct gsp_trace_piece piece = {wire, wire_bytes};
    uint64_t value = 0;

    if (layout && !load(abi, layout, &piece, "status", &value))
        (void)load(abi, layout, &piece, "rmStatus", &value);
    return (uint32_t)value;
}

/* What an escape carries: a control or a class. */
static const struct nvrm_layout *
carried(struct nvrm_abi abi, const struct nvrm_layout *l, const struct gsp_trace_piece *wire,
        const char **size_field_out)
{
    uint64_t value, at;

    *size_field_out = NULL;
    if (load(abi, l, wire, "cmd", &value) && load(abi, l, wire, "paramsSize", &at)) {
        *size_field_out = "paramsSize";
        return gsp_params_layout(abi, NVRM_SET_CONTROL, value);
    }
    if (!load(abi, l, wire, "hClass", &value) || !load(abi, l, wire, "pAllocParms", &at))
        return NULL;
    *size_field_out = "paramsSize";
    if (value == ROOT_CLASS || value == ROOT_CLIENT_CLASS)
        return NULL;
    return gsp_params_layout(abi, NVRM_SET_CLASS, value);
}

/* An allocation may leave its size out: it is then that of the class. */
static void
fill_size(struct nvrm_abi abi, const struct nvrm_layout *l, const struct nvrm_layout *inner,
          const char *name, uint8_t *top)
{
    const struct gsp_trace_piece wire = {top, l->size};
    uint64_t value;
    uint32_t at;

    if (!inner || !name || !load(abi, l, &wire, name, &value) || value ||
        !field_of(abi, l, name, &at) || !load(abi, l, &wire, "hClass", &value))
        return;
    gsp_store(top + at, 4, inner->size);
}

/* Memory of the carried struct's own pointers, behind that of the escape. */
static void
take_carried(struct nvrm_abi abi, const struct nvrm_layout *inner, size_t from,
             const struct gsp_trace_piece *limit, const struct gsp_trace_reach *reach,
             struct gsp_text *out)
{
    uint8_t wire[4096];
    uint64_t bytes;

    if (out->rc < 0 || out->bytes < from + 8)
        return;
    memcpy(&bytes, out->data + from, 8);
    if (bytes < inner->size || bytes > sizeof(wire) || bytes > out->bytes - from - 8)
        return;
    memcpy(wire, out->data + from + 8, (size_t)bytes);
    (void)gsp_trace_memory_reach(abi, inner, wire, (size_t)bytes, limit, reach, out);
}

int
gsp_trace_ioctl_take(struct nvrm_abi abi, const struct nvrm_layout *layout, const void *wire,
                     size_t wire_bytes, const struct gsp_trace_piece *limit,
                     const struct gsp_trace_reach *reach, struct gsp_text *out)
{
    const size_t from = out->bytes;
    uint8_t top[TOP_MAX] __attribute__((aligned(8)));
    const struct gsp_trace_piece piece = {top, wire_bytes};
    const struct nvrm_layout *inner;
    struct gsp_trace_piece rest = {NULL, 0};
    const char *size;
    size_t used;

    if (!layout || wire_bytes < layout->size || !(layout->flags & NVRM_LAYOUT_PTR))
        return 0;
    if (wire_bytes > sizeof(top))
        return gsp_trace_memory_reach(abi, layout, wire, wire_bytes, limit, reach, out);
    memcpy(top, wire, wire_bytes);
    inner = carried(abi, layout, &piece, &size);
    fill_size(abi, layout, inner, size, top);
    (void)gsp_trace_memory_reach(abi, layout, top, wire_bytes, limit, reach, out);
    if (!inner || !(inner->flags & NVRM_LAYOUT_PTR))
        return out->rc;
    if (limit) {
        used = gsp_trace_memory_used(abi, layout, top, wire_bytes, limit);
        rest =
            (struct gsp_trace_piece){(const uint8_t *)limit->data + used, limit->bytes - used};
    }
    take_carried(abi, inner, from, limit ? &rest : NULL, reach, out);
    return out->rc;
}

/* Escapes as calls of a client */

/* '>' before a field: as it came back. */
static const struct {
    const char *escape;
    enum gsp_trace_type type;
    const char *field[8];
} calls[] = {
    {"NV_ESC_RM_ALLOC",            GSP_TRACE_ALLOC,   {"hRoot", "hObjectParent", ">hObjectNew", "hClass"}                                 },
    {"NV_ESC_RM_CONTROL",          GSP_TRACE_CONTROL, {"hClient", "hObject", "cmd"}                                                       },
    {"NV_ESC_RM_FREE",             GSP_TRACE_FREE,    {"hRoot", "hObjectParent", "hObjectOld"}                                            },
    {"NV_ESC_RM_DUP_OBJECT",
     GSP_TRACE_DUP,                                   {"hClient", "hParent", ">hObject", "hClientSrc", "hObjectSrc", "flags"}             },
    {"NV_ESC_RM_MAP_MEMORY",
     GSP_TRACE_MAP,                                   {"hClient", "hDevice", "hMemory", "offset", "length", "flags", ">pLinearAddress"}   },
    {"NV_ESC_RM_UNMAP_MEMORY",     GSP_TRACE_UNMAP,   {"pLinearAddress"}                                                                  },
    {"NV_ESC_RM_MAP_MEMORY_DMA",
     GSP_TRACE_MAP_DMA,                               {"hClient", "hDevice", "hDma", "hMemory", "offset", "length", "flags", ">dmaOffset"}},
    {"NV_ESC_RM_UNMAP_MEMORY_DMA",
     GSP_TRACE_UNMAP_DMA,                             {"hClient", "hDevice", "hDma", "hMemory", "offset", "size", "flags", "dmaOffset"}   },
};

/* The parameters, which are the first region, and what their own pointers lead to. */
static void
carried_pieces(struct nvrm_abi abi, const struct nvrm_layout *l,
               const struct gsp_trace_record *r, enum gsp_trace_exchange which,
               enum gsp_trace_exchange memory_of, struct gsp_trace_piece *params_out,
               struct gsp_trace_piece *memory_out)
{
    const struct gsp_trace_piece wire = gsp_trace_exchanged(r, which);
    const struct gsp_trace_piece memory = gsp_trace_exchanged(r, memory_of);
    uint64_t at = 0, bytes;
    size_t used;

    if (!load(abi, l, &wire, "params", &at))
        (void)load(abi, l, &wire, "pAllocParms", &at);
    if (!at || wire.bytes < l->size || memory.bytes < 8)
        return;
    memcpy(&bytes, memory.data, 8);
    if (bytes > memory.bytes - 8)
        return;
    *params_out = (struct gsp_trace_piece){(const uint8_t *)memory.data + 8, (size_t)bytes};
    used = gsp_trace_memory_used(abi, l, wire.data, wire.bytes, &memory);
    *memory_out =
        (struct gsp_trace_piece){(const uint8_t *)memory.data + used, memory.bytes - used};
}

/* RM chose the handle of a root. */
static void
as_open_client(struct gsp_trace_record *call, uint64_t asked)
{
    if (call->type != GSP_TRACE_ALLOC || asked ||
        (call->arg[3] != ROOT_CLASS && call->arg[3] != ROOT_CLIENT_CLASS))
        return;
    call->type = GSP_TRACE_OPEN_CLIENT;
    call->args = 1;
    call->arg[0] = call->arg[2];
    call->pieces = 0;
}

bool
gsp_trace_ioctl_call(struct nvrm_abi abi, const struct gsp_trace_record *ioctl,
                     struct gsp_trace_record *call_out)
{
    const char *name = gsp_trace_escape(abi, ioctl);
    const struct nvrm_layout *l = name ? gsp_trace_layout(abi, ioctl) : NULL;
    const struct gsp_trace_piece in = gsp_trace_exchanged(ioctl, GSP_TRACE_IN);
    const struct gsp_trace_piece out = gsp_trace_exchanged(ioctl, GSP_TRACE_OUT);
    uint64_t asked = 1;
    size_t i = 0;

    while (l && i < sizeof(calls) / sizeof(calls[0]) && strcmp(calls[i].escape, name) != 0)
        i++;
    if (!l || i == sizeof(calls) / sizeof(calls[0]) || in.bytes < l->size ||
        out.bytes < l->size)
        return false;
    *call_out = *ioctl;
    call_out->type = (uint16_t)calls[i].type;
    call_out->flags = (uint16_t)(ioctl->flags & ~GSP_TRACE_OUT_SAME);
    call_out->args = call_out->pieces = 0;
    memset(call_out->arg, 0, sizeof(call_out->arg));
    memset(call_out->piece, 0, sizeof(call_out->piece));
    for (unsigned n = 0; n < 8 && calls[i].field[n]; n++) {
        const bool back = *calls[i].field[n] == '>';

        (void)load(abi, l, back ? &out : &in, calls[i].field[n] + back,
                   &call_out->arg[call_out->args++]);
    }
    carried_pieces(abi, l, ioctl, GSP_TRACE_IN, GSP_TRACE_IN_MEMORY,
                   &call_out->piece[GSP_TRACE_IN], &call_out->piece[GSP_TRACE_IN_MEMORY]);
    carried_pieces(abi, l, ioctl, GSP_TRACE_OUT, GSP_TRACE_OUT_MEMORY,
                   &call_out->piece[GSP_TRACE_OUT], &call_out->piece[GSP_TRACE_OUT_MEMORY]);
    call_out->pieces = 4;
    if (call_out->rc == 0 && call_out->status)
        call_out->rc = -EREMOTEIO;
    (void)load(abi, l, &in, "hObjectNew", &asked);
    as_open_client(call_out, asked);
    return true;
}
