/* SPDX-License-Identifier: MIT */
/*
 * Pointers in parameters that cross a machine's border: what they lead to travels with them
 * (gsp/trace.h), the pointers themselves never do.
 *
 * Only pointers that are fields of the parameters themselves travel, and only to memory that
 * holds none: what a walk finds behind the peer's pointers must not be the peer's to choose.
 */
#include <errno.h>
#include <string.h>

#include "remote_priv.h"
#include "view_priv.h"

const struct nvrm_layout *
remote_layout(struct nvrm_abi abi, bool control, uint32_t id)
{
    const struct nvrm_control *c = control ? nvrm_control_by_id(abi, id) : NULL;
    const struct nvrm_class *cls = control ? NULL : nvrm_class_by_id(abi, id);

    if (!c && !cls)
        return NULL;
    return nvrm_struct_at(abi, c ? c->params : cls->params);
}

static bool
is_pointer(const struct nvrm_field *f)
{
    return f->type == NVRM_PTR && !gsp_field_is_array(f);
}

/* Whether the count of a pointer is one of bytes. */
static bool
is_bytes(const struct nvrm_note *note)
{
    return note && note->flags & NVRM_NOTE_BYTES;
}

static int
refuse(struct nvrm_abi abi, const struct nvrm_layout *layout, const struct nvrm_field *f,
       const char *why, struct gsp_error *err)
{
    gsp_fail(err, GSP_ORIGIN_INPUT, -EOPNOTSUPP, "%s.%s cannot travel to another machine: %s",
             nvrm_str(abi.schema, layout->name), nvrm_str(abi.schema, f->name), why);
    gsp_hint(err, "run nvrm-cli on that machine for this call");
    return -EOPNOTSUPP;
}

static int
check_field(struct nvrm_abi abi, const struct gsp_view *v, const struct nvrm_field *f,
            struct gsp_error *err)
{
    const struct nvrm_layout *inner =
        f->type == NVRM_STRUCT ? nvrm_layout_at(abi.schema, f->ref) : NULL;
    struct gsp_elems e;
    uint64_t count;

    if (inner && inner->flags & NVRM_LAYOUT_PTR)
        return refuse(abi, v->layout, f, "a pointer lies inside of it", err);
    if (f->type == NVRM_PTR && !is_pointer(f))
        return refuse(abi, v->layout, f, "it is an array of pointers", err);
    if (!is_pointer(f) || !gsp_load(v->base + f->offset, 8))
        return 0;
    if (!gsp_view_pointee(v, f, &e) || !e.at)
        return refuse(abi, v->layout, f, "what it points to is not known", err);
    if (gsp_view_count(v, f, &count) && count / (is_bytes(e.note) ? e.bytes : 1) > e.used)
        return refuse(abi, v->layout, f, "its count is out of range", err);
    if (e.type == NVRM_PTR || (e.layout && e.layout->flags & NVRM_LAYOUT_PTR))
        return refuse(abi, v->layout, f, "it points to pointers", err);
    return 0;
}

int
remote_may_travel(struct nvrm_abi abi, const struct nvrm_layout *layout, const void *params,
                  size_t bytes, struct gsp_error *err)
{
    struct gsp_view v;
    int rc = 0;

    if (!(layout->flags & NVRM_LAYOUT_PTR))
        return 0;
    if (layout->flags & NVRM_LAYOUT_UNION || bytes < layout->size)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EOPNOTSUPP,
                        "%s cannot travel to another machine: %zu bytes of a struct with "
                        "pointers",
                        nvrm_str(abi.schema, layout->name), bytes);
    gsp_view_init(&v, abi, layout, params, bytes);
    for (uint16_t i = 0; i < layout->fields && rc == 0; i++)
        rc = check_field(abi, &v, &v.fields[i], err);
    return rc;
}

void
remote_pointers(struct nvrm_abi abi, const struct nvrm_layout *layout, void *params,
                const void *from)
{
    const struct nvrm_field *f = nvrm_layout_fields(abi.schema, layout);

    for (uint16_t i = 0; i < layout->fields; i++) {
        if (is_pointer(&f[i]))
            memcpy((uint8_t *)params + f[i].offset, (const uint8_t *)from + f[i].offset, 8);
    }
}

void
remote_mark(struct nvrm_abi abi, const struct nvrm_layout *layout, void *params)
{
    const struct nvrm_field *f = nvrm_layout_fields(abi.schema, layout);

    for (uint16_t i = 0; i < layout->fields; i++) {
        uint8_t *at = (uint8_t *)params + f[i].offset;

        if (is_pointer(&f[i]))
            gsp_store(at, 8, gsp_load(at, 8) ? 1 : 0);
    }
}

int
remote_point(struct nvrm_abi abi, const struct nvrm_layout *layout, void *params, size_t bytes,
             void *memory, size_t memory_bytes, struct gsp_error *err)
{
    const struct nvrm_field *f = nvrm_layout_fields(abi.schema, layout);
    uint64_t marked = 0;

    for (uint16_t i = 0; i < layout->fields; i++)
        marked += is_pointer(&f[i]) && gsp_load((uint8_t *)params + f[i].offset, 8);
    gsp_trace_memory_point(abi, layout, params, bytes, memory, memory_bytes);
    for (uint16_t i = 0; i < layout->fields; i++)
        marked -= is_pointer(&f[i]) && gsp_load((uint8_t *)params + f[i].offset, 8);
    return marked ? gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG,
                             "%s came without the memory that it points to",
                             nvrm_str(abi.schema, layout->name))
                  : 0;
}
