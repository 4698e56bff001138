/* SPDX-License-Identifier: MIT */
/*
 * The first half of building a plan: two layouts, matched field by field into pieces.
 *
 * Fields are matched by name. A canonical field that the release lacks is an EMPTY piece;
 * arrays of structs that differ inside get a level of their own; a union whose members moved
 * gets one level for each value of its tag.
 */
#include <errno.h>
#include <string.h>

#include "plan_build.h"
#include "view_priv.h"

int
gsp_plan_no_memory(struct builder *b)
{
    if (b->rc == 0)
        b->rc = gsp_fail(b->err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for a copy plan");
    return b->rc;
}

static int
fail_type(struct builder *b, const struct nvrm_layout *layout, const struct nvrm_field *f,
          const char *why)
{
    const struct nvrm_schema *s = b->abi.schema;

    if (b->rc == 0)
        b->rc = gsp_fail(b->err, GSP_ORIGIN_RELEASE, -EOPNOTSUPP, "%s.%s at %s %s",
                         layout ? nvrm_str(s, layout->name) : "?", nvrm_str(s, f->name),
                         nvrm_release_name(s, b->abi.release), why);
    return b->rc;
}

void *
gsp_plan_grow(struct builder *b, void *old, uint32_t count, uint32_t *cap, size_t bytes)
{
    void *p;

    if (count < *cap)
        return old;
    p = gsp_host_realloc(b->host, old, (*cap ? *cap * 2u : 16u) * bytes);
    if (p)
        *cap = *cap ? *cap * 2 : 16;
    else
        gsp_plan_no_memory(b);
    return p;
}

static int
add_piece(struct builder *b, struct level *l, const struct piece *piece)
{
    struct piece *pieces = gsp_plan_grow(b, l->pieces, l->count, &l->cap, sizeof(*pieces));

    if (!pieces)
        return b->rc;
    l->pieces = pieces;
    pieces[l->count++] = *piece;
    return 0;
}

static int
add_copy(struct builder *b, struct level *l, uint32_t canon, uint32_t wire, uint32_t bytes)
{
    const struct piece piece = {
        .op = {.kind = GSP_OP_COPY, .canon = canon, .wire = wire, .count = bytes},
        .canon_end = canon + bytes,
        .wire_end = wire + bytes,
    };

    return bytes ? add_piece(b, l, &piece) : 0;
}

static int
add_lacking(struct builder *b, struct level *l, uint32_t canon, uint32_t bytes)
{
    const struct piece piece = {
        .op = {.kind = GSP_OP_EMPTY, .canon = canon, .count = bytes},
        .canon_end = canon + bytes,
    };

    return bytes ? add_piece(b, l, &piece) : 0;
}

struct level *
gsp_plan_add_level(struct builder *b, uint32_t canon_bytes, uint32_t wire_bytes)
{
    struct level *l = b->level_count < LEVELS_MAX ? &b->levels[b->level_count] : NULL;

    if (!l) {
        gsp_plan_no_memory(b);
        return NULL;
    }
    b->level_count++;
    l->canon_bytes = canon_bytes;
    l->wire_bytes = wire_bytes;
    return l;
}

/* Integers that differ in width, or sit in a bit-field on the wire. */
static int
match_integers(struct builder *b, struct level *l, const struct nvrm_field *c,
               const struct nvrm_field *w, uint32_t canon, uint32_t wire, uint32_t count)
{
    const uint32_t canon_bytes = nvrm_type_bytes(c->type),
                   wire_bytes = nvrm_type_bytes(w->type);
    const struct piece piece = {
        .op = {.kind = GSP_OP_CONVERT,
               .canon = canon,
               .wire = wire,
               .count = count,
               .canon_bytes = (uint8_t)canon_bytes,
               .wire_bytes = (uint8_t)wire_bytes,
               .bit_off = w->bit_off,
               .bit_len = w->bit_len,
               .is_signed = gsp_type_signed(w->type)},
        .canon_end = canon + count * canon_bytes,
        .wire_end = wire + count * wire_bytes,
    };

    if (canon_bytes == wire_bytes && !w->bit_len)
        return add_copy(b, l, canon, wire, count * wire_bytes);
    return add_piece(b, l, &piece);
}

/* Whether a level is one straight copy of all its wire bytes. */
static bool
is_straight(const struct level *l)
{
    uint32_t end = 0;

    for (uint32_t i = 0; i < l->count; i++) {
        const struct piece *p = &l->pieces[i];

        if (p->op.kind == GSP_OP_EMPTY ? p->op.canon < l->wire_bytes
                                       : p->op.kind != GSP_OP_COPY || p->op.canon != p->op.wire)
            return false;
        end = p->canon_end > end ? p->canon_end : end;
    }
    return l->canon_bytes == l->wire_bytes || end <= l->wire_bytes;
}

/* Forgets all levels from `first` on. */
static void
drop_levels(struct builder *b, uint32_t first)
{
    while (b->level_count > first) {
        struct level *l = &b->levels[--b->level_count];

        gsp_host_free(b->host, l->pieces);
        memset(l, 0, sizeof(*l));
    }
}

/* Structs: matched where they stand when there is one, else once for all elements. */
static int
match_structs(struct builder *b, struct level *l, const struct nvrm_field *c,
              const struct nvrm_field *w, uint32_t canon, uint32_t wire, uint32_t count)
{
    const struct nvrm_layout *cl = nvrm_layout_at(b->abi.schema, c->ref);
    const struct nvrm_layout *wl = nvrm_layout_at(b->abi.schema, w->ref);
    const uint32_t first = b->level_count;
    struct piece piece = {
        .op = {.kind = GSP_OP_LOOP, .canon = canon, .wire = wire, .count = count}
    };
    struct level *body;

    if (!cl || !wl)
        return fail_type(b, cl ? cl : wl, c, "has no layout");
    if (count == 1)
        return gsp_plan_match(b, l, cl, wl, canon, wire);
    body = gsp_plan_add_level(b, cl->size, wl->size);
    if (!body || gsp_plan_match(b, body, cl, wl, 0, 0) < 0)
        return b->rc;
    if (cl->size == wl->size && is_straight(body) && b->level_count == first + 1) {
        drop_levels(b, first);
        return add_copy(b, l, canon, wire, count * wl->size);
    }
    piece.level = (uint16_t)first;
    piece.op.canon_stride = cl->size;
    piece.op.wire_stride = wl->size;
    piece.canon_end = canon + count * cl->size;
    piece.wire_end = wire + count * wl->size;
    return add_piece(b, l, &piece);
}

static int
match_elements(struct builder *b, struct level *l, const struct nvrm_field *c,
               const struct nvrm_field *w, uint32_t canon, uint32_t wire, uint32_t count)
{
    if (c->type == NVRM_STRUCT)
        return match_structs(b, l, c, w, canon, wire, count);
    return match_integers(b, l, c, w, canon, wire, count);
}

/* Two-dimensional arrays whose inner lengths differ go row by row. */
static int
match_rows(struct builder *b, struct level *l, const struct nvrm_field *c,
           const struct nvrm_field *w, uint32_t canon_off, uint32_t wire_off)
{
    const uint32_t canon_bytes = nvrm_field_elem_bytes(b->abi.schema, c);
    const uint32_t wire_bytes = nvrm_field_elem_bytes(b->abi.schema, w);
    const uint32_t rows = w->count / w->inner;

    for (uint32_t i = 0; i < rows && b->rc == 0; i++) {
        const uint32_t canon = canon_off + i * c->inner * canon_bytes;

        if (match_elements(b, l, c, w, canon, wire_off + i * w->inner * wire_bytes, w->inner) ==
            0)
            add_lacking(b, l, canon + w->inner * canon_bytes,
                        (c->inner - w->inner) * canon_bytes);
    }
    if (b->rc == 0)
        add_lacking(b, l, canon_off + rows * c->inner * canon_bytes,
                    (c->count - rows * c->inner) * canon_bytes);
    return b->rc;
}

static int
match_fields(struct builder *b, struct level *l, const struct nvrm_layout *owner,
             const struct nvrm_field *c, const struct nvrm_field *w, uint32_t canon,
             uint32_t wire)
{
    const uint32_t canon_bytes = nvrm_field_elem_bytes(b->abi.schema, c);

    if ((c->type == NVRM_STRUCT) != (w->type == NVRM_STRUCT) || c->bit_len)
        return fail_type(b, owner, c, "is something else than in the C type");
    if (w->count > c->count && c->count > 0)
        return fail_type(b, owner, c, "is longer than in the C type");
    if (c->count == 0 || w->count == 0)
        return c->count == w->count
                   ? 0
                   : fail_type(b, owner, c, "is a flexible tail on one side only");
    if (c->inner && w->inner && c->inner != w->inner) {
        if (c->inner < w->inner || c->count / c->inner < w->count / w->inner)
            return fail_type(b, owner, c, "is longer than in the C type");
        return match_rows(b, l, c, w, canon, wire);
    }
    if (match_elements(b, l, c, w, canon, wire, w->count) < 0)
        return b->rc;
    return add_lacking(b, l, canon + w->count * canon_bytes,
                       (c->count - w->count) * canon_bytes);
}

/* One member of a union, matched into a level of its own at offset 0. */
static struct level *
match_member(struct builder *b, const struct nvrm_layout *canon, const struct nvrm_layout *wire,
             const struct nvrm_field *w)
{
    const char *name = nvrm_str(b->abi.schema, w->name);
    const struct nvrm_field *c = nvrm_field_find(b->abi.schema, canon, name);
    struct level *body = gsp_plan_add_level(b, canon->size, wire->size);

    if (!c)
        fail_type(b, wire, w, "is not in the C type");
    if (!c || !body || match_fields(b, body, canon, c, w, 0, 0) < 0)
        return NULL;
    return body;
}

/* Whether every member is one straight copy: then the whole union is. */
static bool
is_straight_union(struct builder *b, const struct nvrm_layout *canon,
                  const struct nvrm_layout *wire)
{
    const struct nvrm_field *fields = nvrm_layout_fields(b->abi.schema, wire);
    const uint32_t first = b->level_count;
    bool straight = true;

    for (uint32_t i = 0; i < wire->fields && straight && b->rc == 0; i++) {
        const struct level *body = match_member(b, canon, wire, &fields[i]);

        straight = body && is_straight(body) && b->level_count == first + 1;
        drop_levels(b, first);
    }
    return straight;
}

/* A union whose members moved: what its tag says decides at run time. */
static int
match_switch(struct builder *b, struct level *l, const struct nvrm_layout *canon,
             const struct nvrm_layout *wire, uint32_t canon_off, uint32_t wire_off,
             const struct union_tag *tag)
{
    const struct nvrm_field *fields = nvrm_layout_fields(b->abi.schema, wire);
    struct piece piece = {
        .op = {.kind = GSP_OP_SWITCH,
               .canon = canon_off,
               .wire = wire_off,
               .canon_stride = canon->size,
               .wire_stride = wire->size},
        .canon_end = canon_off + canon->size,
        .wire_end = wire_off + wire->size,
        .first_case = (uint16_t)b->case_count,
        .cases = tag->note->cases,
        .tag = tag->op
    };

    if (b->case_count + piece.cases > CASES_MAX)
        return gsp_plan_no_memory(b);
    b->case_count += piece.cases;
    for (uint16_t i = 0; i < piece.cases && b->rc == 0; i++) {
        const struct nvrm_case *c =
            nvrm_case_at(b->abi.schema, (uint16_t)(tag->note->first_case + i));
        struct union_case *row = &b->cases[piece.first_case + i];

        row->value = (uint32_t)c->value;
        row->level = (uint16_t)b->level_count;
        (void)match_member(b, canon, wire, &fields[c->member]);
    }
    return b->rc < 0 ? b->rc : add_piece(b, l, &piece);
}

static int
match_unions(struct builder *b, struct level *l, const struct nvrm_layout *canon,
             const struct nvrm_layout *wire, uint32_t canon_off, uint32_t wire_off)
{
    const struct union_tag tag = b->tag;

    b->tag.note = NULL;
    if (is_straight_union(b, canon, wire)) {
        if (add_copy(b, l, canon_off, wire_off, wire->size) < 0)
            return b->rc;
        return add_lacking(b, l, canon_off + wire->size, canon->size - wire->size);
    }
    if (b->rc == 0 && tag.note)
        return match_switch(b, l, canon, wire, canon_off, wire_off, &tag);
    return fail_type(b, wire, nvrm_layout_fields(b->abi.schema, wire),
                     "is in a union whose members moved, and nothing tells which one is live");
}

/* Notes the tag of the union in field w, when it has one. */
static void
note_tag(struct builder *b, const struct nvrm_layout *canon, const struct nvrm_layout *wire,
         const struct nvrm_field *w, uint32_t canon_off, uint32_t wire_off)
{
    const struct nvrm_note *note =
        w->note == NVRM_NONE ? NULL : nvrm_note_at(b->abi.schema, w->note);
    const struct nvrm_field *wt, *ct;

    b->tag.note = NULL;
    if (!note || note->tag == NVRM_NONE || w->count != 1)
        return;
    wt = nvrm_layout_fields(b->abi.schema, wire) + note->tag;
    ct = nvrm_field_find(b->abi.schema, canon, nvrm_str(b->abi.schema, wt->name));
    if (!ct || ct->type == NVRM_STRUCT || wt->type == NVRM_STRUCT || wt->bit_len)
        return;
    b->tag.note = note;
    b->tag.op = (struct gsp_op){.kind = GSP_OP_TAG,
                                .canon = canon_off + ct->offset,
                                .wire = wire_off + wt->offset,
                                .canon_bytes = (uint8_t)nvrm_type_bytes(ct->type),
                                .wire_bytes = (uint8_t)nvrm_type_bytes(wt->type)};
}

int
gsp_plan_match(struct builder *b, struct level *l, const struct nvrm_layout *canon,
               const struct nvrm_layout *wire, uint32_t canon_off, uint32_t wire_off)
{
    const struct nvrm_field *cf = nvrm_layout_fields(b->abi.schema, canon);
    const struct nvrm_field *wf = nvrm_layout_fields(b->abi.schema, wire);

    if ((canon->flags & NVRM_LAYOUT_UNION) && canon->size >= wire->size)
        return match_unions(b, l, canon, wire, canon_off, wire_off);
    for (uint32_t i = 0; i < canon->fields && b->rc == 0; i++) {
        const struct nvrm_field *w =
            nvrm_field_find(b->abi.schema, wire, nvrm_str(b->abi.schema, cf[i].name));
        const uint32_t at = canon_off + cf[i].offset;

        if (w)
            note_tag(b, canon, wire, w, canon_off, wire_off);
        if (w)
            match_fields(b, l, canon, &cf[i], w, at, wire_off + w->offset);
        else
            add_lacking(b, l, at, cf[i].count * nvrm_field_elem_bytes(b->abi.schema, &cf[i]));
    }
    for (uint32_t i = 0; i < wire->fields && b->rc == 0; i++)
        if (!nvrm_field_find(b->abi.schema, canon, nvrm_str(b->abi.schema, wf[i].name)))
            fail_type(b, wire, &wf[i], "is not in the C type");
    return b->rc;
}
