/* SPDX-License-Identifier: MIT */
/*
 * What a record says, by the tables of its release: its name and its parameters.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <gsp/bus_record.h>
#include <nvrm/reg.h>

#include "trace_priv.h"
#include "view_priv.h"

enum { NV01_ROOT_ID = 0x0, NV01_ROOT_CLIENT_ID = 0x41, IOCTL_NR = 0xff };

static const char *
number_name(const char *what, uint64_t value, char room[64])
{
    (void)snprintf(room, 64, "%s 0x%llx", what, (unsigned long long)value);
    return room;
}

/* The number that names a record; false when its type has none. */
static bool
naming_arg(const struct gsp_trace_record *r, enum gsp_trace_kind *kind_out, uint64_t *value_out)
{
    const struct gsp_trace_type_info *info = gsp_trace_type_info(r->type);

    for (unsigned i = 0; info && i < r->args && info->arg[i].name; i++) {
        const enum gsp_trace_kind kind = info->arg[i].kind;

        if (kind != GSP_TRACE_CLASS && kind != GSP_TRACE_CONTROL_ID &&
            kind != GSP_TRACE_FUNCTION && kind != GSP_TRACE_BUS_OP)
            continue;
        *kind_out = kind;
        *value_out = r->arg[i];
        return true;
    }
    return false;
}

static const char *
row_name(struct nvrm_abi abi, enum gsp_trace_kind kind, uint32_t id)
{
    const struct nvrm_class *cls;
    const struct nvrm_control *control;
    const struct nvrm_rpc *rpc;

    if (kind == GSP_TRACE_BUS_OP)
        return gsp_bus_operation_name((enum gsp_bus_operation)id);
    if (abi.release == NVRM_NO_RELEASE)
        return NULL;
    switch (kind) {
    case GSP_TRACE_CLASS:
        cls = nvrm_class_by_id(abi, id);
        return cls ? nvrm_str(abi.schema, cls->name) : NULL;
    case GSP_TRACE_CONTROL_ID:
        control = nvrm_control_by_id(abi, id);
        return control ? nvrm_str(abi.schema, control->name) : NULL;
    default:
        rpc = nvrm_rpc_by_id(abi, id);
        return rpc ? nvrm_str(abi.schema, rpc->name) : NULL;
    }
}

/* The escape that an ioctl request is. Those of nvidia-uvm have numbers of their own. */
static const struct nvrm_const *
escape_of(struct nvrm_abi abi, const struct gsp_trace_record *r)
{
    const bool uvm = r->type == GSP_TRACE_UVM;
    uint64_t number;

    if ((r->type != GSP_TRACE_IOCTL && !uvm) || abi.release == NVRM_NO_RELEASE || r->args < 2)
        return NULL;
    number = uvm ? r->arg[1] : r->arg[1] & IOCTL_NR;
    for (unsigned i = 0; i < nvrm_escape_count(abi.schema); i++) {
        const struct nvrm_const *e = nvrm_escape_at(abi, i);

        if (e && e->value == number &&
            !strncmp(nvrm_str(abi.schema, e->name), uvm ? "UVM_" : "NV_ESC_", uvm ? 4 : 7))
            return e;
    }
    return NULL;
}

const char *
gsp_trace_register(const struct gsp_trace_record *record, char room[96])
{
    const uint64_t *arg = record->arg; /* operation, bar, width, at, value */

    if (record->type != GSP_TRACE_BUS || record->args < 5 || arg[1] || arg[3] > UINT32_MAX ||
        (arg[0] != GSP_BUS_RD32 && arg[0] != GSP_BUS_WR32))
        return NULL;
    return nvrm_reg_name((uint32_t)arg[3], room, 96) ? room : NULL;
}

const char *
gsp_trace_escape(struct nvrm_abi abi, const struct gsp_trace_record *record)
{
    const struct nvrm_const *escape = escape_of(abi, record);

    return escape ? nvrm_str(abi.schema, escape->name) : NULL;
}

/* Escapes whose struct names what it carries, and points to its parameters first of all. */
static const struct {
    const char *id, *params;
    enum gsp_trace_kind kind;
    uint8_t set;
} carriers[] = {
    {"cmd",    "params",      GSP_TRACE_CONTROL_ID, NVRM_SET_CONTROL},
    {"hClass", "pAllocParms", GSP_TRACE_CLASS,      NVRM_SET_CLASS  },
};

bool
gsp_trace_inner(struct nvrm_abi abi, const struct gsp_trace_record *record,
                enum gsp_trace_exchange which, struct gsp_trace_inner *inner_out)
{
    const struct nvrm_const *escape = escape_of(abi, record);
    const struct nvrm_layout *l = escape ? gsp_trace_layout(abi, record) : NULL;
    const struct gsp_trace_piece wire = gsp_trace_exchanged(record, which);
    const struct gsp_trace_piece memory = gsp_trace_exchanged(
        record, which == GSP_TRACE_IN ? GSP_TRACE_IN_MEMORY : GSP_TRACE_OUT_MEMORY);

    if (!l || wire.bytes < l->size)
        return false;
    for (size_t i = 0; i < sizeof(carriers) / sizeof(carriers[0]); i++) {
        const struct nvrm_field *id = nvrm_field_find(abi.schema, l, carriers[i].id);
        const struct nvrm_field *params = nvrm_field_find(abi.schema, l, carriers[i].params);
        uint64_t bytes = 0, at, value;

        if (!id || !params || params->type != NVRM_PTR || id->type == NVRM_STRUCT)
            continue;
        value = gsp_field_load(id, (const uint8_t *)wire.data + id->offset);
        at = gsp_field_load(params, (const uint8_t *)wire.data + params->offset);
        inner_out->name = row_name(abi, carriers[i].kind, (uint32_t)value);
        inner_out->layout = gsp_params_layout(abi, carriers[i].set, value);
        if (at && memory.bytes >= 8)
            memcpy(&bytes, memory.data, 8);
        if (bytes > memory.bytes - (memory.bytes >= 8 ? 8 : 0))
            bytes = 0;
        inner_out->params = (struct gsp_trace_piece){
            bytes ? (const uint8_t *)memory.data + 8 : NULL, (size_t)bytes};
        return true;
    }
    return false;
}

const char *
gsp_trace_name(struct nvrm_abi abi, const struct gsp_trace_record *record, char room[64])
{
    static const char *const kinds[] = {[GSP_TRACE_CLASS] = "class",
                                        [GSP_TRACE_CONTROL_ID] = "control",
                                        [GSP_TRACE_FUNCTION] = "function",
                                        [GSP_TRACE_BUS_OP] = "operation"};
    const struct gsp_trace_type_info *info = gsp_trace_type_info(record->type);
    const struct nvrm_const *escape = escape_of(abi, record);
    struct gsp_trace_inner inner;
    enum gsp_trace_kind kind;
    const char *name;
    uint64_t value;

    if (escape && gsp_trace_inner(abi, record, GSP_TRACE_IN, &inner) && inner.name)
        return inner.name;
    if (escape)
        return nvrm_str(abi.schema, escape->name);
    if (!naming_arg(record, &kind, &value))
        return info ? info->name : number_name("type", record->type, room);
    name = value <= UINT32_MAX ? row_name(abi, kind, (uint32_t)value) : NULL;
    return name ? name : number_name(kinds[kind], value, room);
}

/* A root's parameters are NV0000_ALLOC_PARAMETERS when they are more than the handle that the
 * class table speaks of. */
static const struct nvrm_layout *
root_layout(struct nvrm_abi abi, const struct gsp_trace_record *r)
{
    const struct nvrm_layout *l = nvrm_struct_find(abi, "NV0000_ALLOC_PARAMETERS");

    return l && r->pieces && r->piece[GSP_TRACE_IN].bytes >= l->size ? l : NULL;
}

const struct nvrm_layout *
gsp_trace_layout(struct nvrm_abi abi, const struct gsp_trace_record *record)
{
    static const uint8_t sets[] = {[GSP_TRACE_CLASS] = NVRM_SET_CLASS,
                                   [GSP_TRACE_CONTROL_ID] = NVRM_SET_CONTROL,
                                   [GSP_TRACE_FUNCTION] = NVRM_SET_RPC};
    const struct nvrm_const *escape = escape_of(abi, record);
    enum gsp_trace_kind kind;
    uint64_t value;

    if (escape)
        return gsp_trace_ioctl_layout(abi, record->type == GSP_TRACE_UVM, record->arg[1],
                                      gsp_trace_exchanged(record, GSP_TRACE_IN).bytes);
    if (abi.release == NVRM_NO_RELEASE || !naming_arg(record, &kind, &value) ||
        kind == GSP_TRACE_BUS_OP)
        return NULL;
    if (kind == GSP_TRACE_CLASS && (value == NV01_ROOT_ID || value == NV01_ROOT_CLIENT_ID))
        return root_layout(abi, record);
    return gsp_params_layout(abi, sets[kind], value);
}

struct gsp_trace_piece
gsp_trace_exchanged(const struct gsp_trace_record *record, enum gsp_trace_exchange which)
{
    const struct gsp_trace_type_info *info = gsp_trace_type_info(record->type);
    const struct gsp_trace_piece none = {NULL, 0};
    unsigned at = which;

    if (!info || !info->piece[0])
        return none;
    if (!info->exchange) { /* a path comes first, and no error last */
        if (!info->piece[1] || which == GSP_TRACE_ERROR)
            return none;
        at++;
    }
    if (which == GSP_TRACE_OUT && (record->flags & GSP_TRACE_OUT_SAME))
        at--;
    if (which == GSP_TRACE_OUT_MEMORY && (record->flags & GSP_TRACE_OUT_SAME))
        at--;
    return at < record->pieces ? record->piece[at] : none;
}

static void
put_hex(struct gsp_text *out, const uint8_t *at, size_t bytes)
{
    gsp_text_puts(out, "\"0x");
    for (size_t i = 0; i < bytes; i++) {
        const char two[] = {"0123456789abcdef"[at[i] >> 4], "0123456789abcdef"[at[i] & 15]};

        gsp_text_add(out, two, 2);
    }
    gsp_text_puts(out, "\"");
}

int
gsp_trace_params_copy(struct nvrm_abi abi, const struct gsp_trace_record *record,
                      enum gsp_trace_exchange which, const struct gsp_host *host,
                      void **wire_out, size_t *bytes_out, struct gsp_error *err)
{
    const struct gsp_trace_piece wire = gsp_trace_exchanged(record, which);
    const struct gsp_trace_piece memory = gsp_trace_exchanged(
        record, which == GSP_TRACE_IN ? GSP_TRACE_IN_MEMORY : GSP_TRACE_OUT_MEMORY);
    const struct nvrm_layout *layout = gsp_trace_layout(abi, record);
    const size_t at = trace_pad(wire.bytes);
    uint8_t *copy;

    *wire_out = NULL;
    *bytes_out = wire.bytes;
    if (!wire.bytes)
        return 0;
    copy = gsp_host_alloc(host, at + memory.bytes);
    if (!copy)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for parameters");
    memcpy(copy, wire.data, wire.bytes);
    if (memory.bytes)
        memcpy(copy + at, memory.data, memory.bytes);
    if (layout && (layout->flags & NVRM_LAYOUT_PTR))
        gsp_trace_memory_point(abi, layout, copy, wire.bytes, copy + at, memory.bytes);
    *wire_out = copy;
    return 0;
}

static int
write_pointed(struct nvrm_abi abi, const struct nvrm_layout *layout,
              const struct gsp_trace_record *record, enum gsp_trace_exchange which,
              struct gsp_text *out, struct gsp_error *err)
{
    void *wire;
    size_t bytes;
    int rc = gsp_trace_params_copy(abi, record, which, out->host, &wire, &bytes, err);

    if (rc == 0)
        rc = gsp_json_write(abi, layout, wire, bytes, GSP_JSON_POINTERS, out, err);
    gsp_host_free(out->host, wire);
    return rc;
}

int
gsp_trace_params_json(struct nvrm_abi abi, const struct gsp_trace_record *record,
                      enum gsp_trace_exchange which, struct gsp_text *out,
                      struct gsp_error *err)
{
    const struct gsp_trace_piece wire = gsp_trace_exchanged(record, which);
    const struct nvrm_layout *layout = wire.bytes ? gsp_trace_layout(abi, record) : NULL;

    if (!wire.bytes)
        gsp_text_puts(out, "null");
    else if (!layout || wire.bytes < layout->size)
        put_hex(out, wire.data, wire.bytes);
    else if (layout->flags & NVRM_LAYOUT_PTR)
        return write_pointed(abi, layout, record, which, out, err);
    else
        return gsp_json_write(abi, layout, wire.data, wire.bytes, 0, out, err);
    return out->rc < 0 ? gsp_fail(err, GSP_ORIGIN_LOCAL, out->rc, "out of memory for JSON text")
                       : 0;
}
