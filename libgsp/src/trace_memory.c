/* SPDX-License-Identifier: MIT */
/*
 * What embedded pointers lead to, as part of a trace: regions in the order in which a walk over
 * the struct meets the pointers, each 64 bits of length and the bytes, padded to 8.
 *
 * A region is used once and by the pointer that it was taken for, so a hostile file can neither
 * make a circle nor reach anything outside of it.
 */
#include <string.h>

#include "trace_priv.h"
#include "view_priv.h"

enum { DEEPEST = 8, REGION_MAX = 16 << 20 };

struct walk {
    struct nvrm_abi abi;
    unsigned depth;
    /* A pointer that is not null. False: do not go where *e says. */
    bool (*pointer)(struct walk *w, const struct gsp_view *v, const struct nvrm_field *f,
                    struct gsp_elems *e);
    struct gsp_text *out; /* taking */
    const struct gsp_trace_reach *reach;
    uint8_t *memory; /* regions still to be used */
    size_t left;
};

static void walk_struct(struct walk *w, const struct gsp_view *v, const struct nvrm_field *f,
                        const struct gsp_view *owner);

static void
walk_elements(struct walk *w, const struct gsp_view *v, const struct nvrm_field *f,
              const struct gsp_elems *e)
{
    struct gsp_view inner;

    for (uint32_t i = 0; i < e->used && e->layout; i++) {
        gsp_view_enter(v, f, e, i, &inner);
        walk_struct(w, &inner, f, v);
    }
}

static void
walk_pointer(struct walk *w, const struct gsp_view *v, const struct nvrm_field *f)
{
    struct gsp_elems e;

    if (gsp_view_pointee(v, f, &e) && e.at && w->pointer(w, v, f, &e))
        walk_elements(w, v, NULL, &e);
}

static void
walk_field(struct walk *w, const struct gsp_view *v, const struct nvrm_field *f)
{
    const struct nvrm_layout *as;
    struct gsp_view inner;
    struct gsp_elems e;

    if (!gsp_field_is_array(f) && f->type == NVRM_PTR) {
        walk_pointer(w, v, f);
        return;
    }
    if (!gsp_field_is_array(f) && f->type != NVRM_STRUCT)
        return;
    gsp_view_elems(v, f, &e);
    as = gsp_view_as(v, f);
    if (as && e.type == NVRM_U8 && e.used >= as->size && e.used) {
        gsp_view_init(&inner, v->abi, as, e.at, e.used);
        walk_struct(w, &inner, NULL, NULL);
    } else {
        walk_elements(w, v, f, &e);
    }
}

/* Exactly the members that JSON and text show. */
static void
walk_struct(struct walk *w, const struct gsp_view *v, const struct nvrm_field *f,
            const struct gsp_view *owner)
{
    uint16_t first = 0, end = v->layout->fields;

    if ((v->layout->flags & NVRM_LAYOUT_UNION) && end > 0) {
        first = owner ? gsp_view_member(owner, f, v->layout)
                      : gsp_largest_member(v->abi, v->layout);
        end = first + 1;
    }
    w->depth++;
    for (uint16_t i = first; i < end && w->depth < 4 * DEEPEST; i++)
        walk_field(w, v, &v->fields[i]);
    w->depth--;
}

static void
walk(struct walk *w, const struct nvrm_layout *layout, const void *wire, size_t wire_bytes)
{
    struct gsp_view v;

    if (wire_bytes < layout->size)
        return;
    gsp_view_init(&v, w->abi, layout, wire, wire_bytes);
    walk_struct(w, &v, NULL, NULL);
}

/* The next region; false when there is none. */
static bool
next_region(struct walk *w, uint8_t **at_out, size_t *bytes_out)
{
    uint64_t bytes;

    if (w->left < 8)
        return false;
    memcpy(&bytes, w->memory, 8);
    if (bytes > w->left - 8 || trace_pad((size_t)bytes) > w->left - 8) {
        w->left = 0;
        return false;
    }
    *at_out = w->memory + 8;
    *bytes_out = (size_t)bytes;
    w->memory += 8 + trace_pad((size_t)bytes);
    w->left -= 8 + trace_pad((size_t)bytes);
    return true;
}

static bool
take_pointer(struct walk *w, const struct gsp_view *v, const struct nvrm_field *f,
             struct gsp_elems *e)
{
    static const uint8_t zeros[8];
    uint64_t bytes = (uint64_t)e->used * e->bytes;
    uint8_t *limit;
    size_t most;

    (void)v;
    (void)f;
    if (bytes > REGION_MAX)
        bytes = 0;
    if (w->memory && bytes > (next_region(w, &limit, &most) ? most : 0))
        bytes = 0;
    if (w->reach && bytes) {
        e->at = w->reach->at(w->reach->ctx, e->at, (size_t)bytes);
        bytes = e->at ? bytes : 0;
    }
    gsp_text_add(w->out, (const char *)&bytes, 8);
    if (bytes)
        gsp_text_add(w->out, (const char *)e->at, (size_t)bytes);
    gsp_text_add(w->out, (const char *)zeros, trace_pad((size_t)bytes) - (size_t)bytes);
    return bytes > 0;
}

int
gsp_trace_memory_take(struct nvrm_abi abi, const struct nvrm_layout *layout, const void *wire,
                      size_t wire_bytes, const struct gsp_trace_piece *limit,
                      struct gsp_text *out)
{
    return gsp_trace_memory_reach(abi, layout, wire, wire_bytes, limit, NULL, out);
}

int
gsp_trace_memory_reach(struct nvrm_abi abi, const struct nvrm_layout *layout, const void *wire,
                       size_t wire_bytes, const struct gsp_trace_piece *limit,
                       const struct gsp_trace_reach *reach, struct gsp_text *out)
{
    struct walk w = {.abi = abi,
                     .pointer = take_pointer,
                     .out = out,
                     .reach = reach,
                     .memory = limit ? trace_writable(limit->data) : NULL,
                     .left = limit ? limit->bytes : 0};

    walk(&w, layout, wire, wire_bytes);
    return out->rc;
}

/* Passes over regions without looking at what the pointers say. */
static bool
pass_pointer(struct walk *w, const struct gsp_view *v, const struct nvrm_field *f,
             struct gsp_elems *e)
{
    uint8_t *at;
    size_t bytes;

    (void)v;
    (void)f;
    e->at = next_region(w, &at, &bytes) && bytes >= (uint64_t)e->used * e->bytes ? at : NULL;
    return e->at != NULL;
}

size_t
gsp_trace_memory_used(struct nvrm_abi abi, const struct nvrm_layout *layout, const void *wire,
                      size_t wire_bytes, const struct gsp_trace_piece *memory)
{
    struct walk w = {.abi = abi,
                     .pointer = pass_pointer,
                     .memory = trace_writable(memory->data),
                     .left = memory->bytes};

    if (!memory->bytes)
        return 0;
    walk(&w, layout, wire, wire_bytes);
    return memory->bytes - w.left;
}

static bool
point_pointer(struct walk *w, const struct gsp_view *v, const struct nvrm_field *f,
              struct gsp_elems *e)
{
    uint8_t *at = NULL;
    size_t bytes = 0;
    uint64_t value;

    if (!next_region(w, &at, &bytes) || !bytes || bytes < (uint64_t)e->used * e->bytes)
        at = NULL;
    value = (uintptr_t)at;
    memcpy(trace_writable(v->base) + f->offset, &value, 8);
    e->at = at;
    return at != NULL;
}

void
gsp_trace_memory_point(struct nvrm_abi abi, const struct nvrm_layout *layout, void *wire,
                       size_t wire_bytes, void *memory, size_t memory_bytes)
{
    struct walk w = {
        .abi = abi, .pointer = point_pointer, .memory = memory, .left = memory_bytes};

    walk(&w, layout, wire, wire_bytes);
}

static bool
give_pointer(struct walk *w, const struct gsp_view *v, const struct nvrm_field *f,
             struct gsp_elems *e)
{
    const uint64_t room = (uint64_t)e->used * e->bytes;
    uint8_t *at;
    size_t bytes;

    (void)v;
    (void)f;
    if (!next_region(w, &at, &bytes))
        return false;
    memcpy(trace_writable(e->at), at, bytes < room ? bytes : (size_t)room);
    return true;
}

void
gsp_trace_memory_give(struct nvrm_abi abi, const struct nvrm_layout *layout, const void *wire,
                      size_t wire_bytes, const struct gsp_trace_piece *memory)
{
    struct walk w = {.abi = abi,
                     .pointer = give_pointer,
                     .memory = trace_writable(memory->data),
                     .left = memory->bytes};

    walk(&w, layout, wire, wire_bytes);
}
