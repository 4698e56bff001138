/* SPDX-License-Identifier: MIT */
/*
 * Building copy plans.
 *
 * Two layouts are matched field by field into pieces; pieces that keep their distance become
 * one copy, arrays of structs that differ inside become loops, and what is left uncovered
 * becomes zeroes. Padding between two fields that move together moves with them.
 */
#include <errno.h>
#include <string.h>

#include "plan_priv.h"
#include "view_priv.h"

enum { LEVELS_MAX = 256 };

/* A piece: an operation of the level it belongs to. EMPTY pieces are canonical fields that the
 * release lacks. */
struct piece {
    struct gsp_op op;
    uint32_t canon_end, wire_end;
    uint16_t level; /* LOOP: the level of its body */
};

/* The pieces of one struct, or of one element of an array. */
struct level {
    struct piece *pieces;
    uint32_t count, cap;
    uint32_t canon_bytes, wire_bytes;
};

struct builder {
    struct nvrm_abi abi;
    const struct gsp_host *host;
    struct gsp_error *err;
    struct level levels[LEVELS_MAX];
    uint32_t level_count;
    struct gsp_op *ops;
    uint32_t op_count, op_cap;
    int rc;
};

static int match_layouts(struct builder *b, struct level *l, const struct nvrm_layout *canon,
                         const struct nvrm_layout *wire, uint32_t canon_off, uint32_t wire_off);

static int
fail_memory(struct builder *b)
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

static void *
grow(struct builder *b, void *old, uint32_t count, uint32_t *cap, size_t bytes)
{
    void *p;

    if (count < *cap)
        return old;
    p = gsp_host_realloc(b->host, old, (*cap ? *cap * 2u : 16u) * bytes);
    if (p)
        *cap = *cap ? *cap * 2 : 16;
    else
        fail_memory(b);
    return p;
}

static int
add_piece(struct builder *b, struct level *l, const struct piece *piece)
{
    struct piece *pieces = grow(b, l->pieces, l->count, &l->cap, sizeof(*pieces));

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

static struct level *
add_level(struct builder *b, uint32_t canon_bytes, uint32_t wire_bytes)
{
    struct level *l = b->level_count < LEVELS_MAX ? &b->levels[b->level_count] : NULL;

    if (!l) {
        fail_memory(b);
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

static void
drop_level(struct builder *b, struct level *l)
{
    gsp_host_free(b->host, l->pieces);
    memset(l, 0, sizeof(*l));
    b->level_count--;
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
        return match_layouts(b, l, cl, wl, canon, wire);
    body = add_level(b, cl->size, wl->size);
    if (!body || match_layouts(b, body, cl, wl, 0, 0) < 0)
        return b->rc;
    if (cl->size == wl->size && is_straight(body) && b->level_count == first + 1) {
        drop_level(b, body);
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

/* The member that holds a union's largest plain copy decides; every member must be such a copy.
 */
static int
match_unions(struct builder *b, struct level *l, const struct nvrm_layout *canon,
             const struct nvrm_layout *wire, uint32_t canon_off, uint32_t wire_off)
{
    const struct nvrm_field *fields = nvrm_layout_fields(b->abi.schema, wire);

    for (uint32_t i = 0; i < wire->fields; i++) {
        const char *name = nvrm_str(b->abi.schema, fields[i].name);
        const struct nvrm_field *c = nvrm_field_find(b->abi.schema, canon, name);
        const uint32_t first = b->level_count;
        struct level *body = add_level(b, canon->size, wire->size);

        if (!c || !body)
            return c ? b->rc : fail_type(b, wire, &fields[i], "is not in the C type");
        if (match_fields(b, body, canon, c, &fields[i], 0, 0) < 0)
            return b->rc;
        if (!is_straight(body) || b->level_count != first + 1)
            return fail_type(b, wire, &fields[i], "is a union member that changed its layout");
        drop_level(b, body);
    }
    if (add_copy(b, l, canon_off, wire_off, wire->size) < 0)
        return b->rc;
    return add_lacking(b, l, canon_off + wire->size, canon->size - wire->size);
}

static int
match_layouts(struct builder *b, struct level *l, const struct nvrm_layout *canon,
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
            match_fields(b, l, canon, &cf[i], w, at, wire_off + w->offset);
        else
            add_lacking(b, l, at, cf[i].count * nvrm_field_elem_bytes(b->abi.schema, &cf[i]));
    }
    for (uint32_t i = 0; i < wire->fields && b->rc == 0; i++)
        if (!nvrm_field_find(b->abi.schema, canon, nvrm_str(b->abi.schema, wf[i].name)))
            fail_type(b, wire, &wf[i], "is not in the C type");
    return b->rc;
}

/* Programs
 * -----------------------------------------------------------------------------------------------------------------
 */

static int
emit(struct builder *b, const struct gsp_op *op)
{
    struct gsp_op *ops = grow(b, b->ops, b->op_count, &b->op_cap, sizeof(*ops));

    if (!ops)
        return b->rc;
    b->ops = ops;
    ops[b->op_count++] = *op;
    return 0;
}

static void
sort_pieces(struct level *l, bool by_canon)
{
    for (uint32_t i = 1; i < l->count; i++) {
        const struct piece p = l->pieces[i];
        const uint32_t key = by_canon ? p.op.canon : p.op.wire;
        uint32_t k = i;

        for (; k > 0 && (by_canon ? l->pieces[k - 1].op.canon : l->pieces[k - 1].op.wire) > key;
             k--)
            l->pieces[k] = l->pieces[k - 1];
        l->pieces[k] = p;
    }
}

/* Whether a field sits on the wire in [start, end). */
static bool
wire_has(const struct level *l, uint32_t start, uint32_t end)
{
    for (uint32_t i = 0; i < l->count; i++) {
        const struct piece *p = &l->pieces[i];

        if (p->op.kind != GSP_OP_EMPTY && p->op.wire < end && p->wire_end > start)
            return true;
    }
    return false;
}

/* Whether the bytes from a's end to (canon, wire) are padding on both sides, so that one copy
 * can run through them. a is the last piece before `canon`. */
static bool
runs_on(const struct level *l, const struct piece *a, uint32_t canon, uint32_t wire)
{
    return a->op.kind == GSP_OP_COPY && canon >= a->canon_end && wire >= a->wire_end &&
           canon - a->canon_end == wire - a->wire_end && !wire_has(l, a->wire_end, wire);
}

/* Joins copies that keep their distance, and lets the last one run to the end of both structs.
 */
static void
join_copies(struct level *l)
{
    uint32_t kept = 0;

    sort_pieces(l, true);
    for (uint32_t i = 0; i < l->count; i++) {
        const struct piece p = l->pieces[i];
        struct piece *last = kept ? &l->pieces[kept - 1] : NULL;

        if (last && p.op.kind == GSP_OP_COPY && runs_on(l, last, p.op.canon, p.op.wire)) {
            last->canon_end = p.canon_end;
            last->wire_end = p.wire_end;
            last->op.count = p.canon_end - last->op.canon;
        } else if (last && p.op.kind == GSP_OP_EMPTY && last->op.kind == GSP_OP_EMPTY &&
                   last->canon_end == p.op.canon) {
            last->canon_end = p.canon_end;
            last->op.count += p.op.count;
        } else {
            l->pieces[kept++] = p;
        }
    }
    l->count = kept;
    if (kept && runs_on(l, &l->pieces[kept - 1], l->canon_bytes, l->wire_bytes)) {
        struct piece *last = &l->pieces[kept - 1];

        last->canon_end = l->canon_bytes;
        last->wire_end = l->wire_bytes;
        last->op.count = last->canon_end - last->op.canon;
    }
}

static int
emit_zero(struct builder *b, uint32_t start, uint32_t end)
{
    const struct gsp_op op = {
        .kind = GSP_OP_ZERO, .canon = start, .wire = start, .count = end - start};

    return end > start ? emit(b, &op) : 0;
}

enum program { CHECK, ENCODE, DECODE };

static int emit_level(struct builder *b, uint32_t level, enum program which);

/* A loop whose body turns out empty (nothing to check) is taken back. */
static int
emit_loop(struct builder *b, const struct piece *p, enum program which)
{
    const uint32_t at = b->op_count;

    if (emit(b, &p->op) < 0 || emit_level(b, p->level, which) < 0)
        return b->rc;
    b->ops[at].body = b->op_count - at - 1;
    if (b->ops[at].body == 0)
        b->op_count = at;
    return 0;
}

static int
emit_check(struct builder *b, const struct piece *p)
{
    struct gsp_op op = p->op;

    if (op.kind == GSP_OP_LOOP)
        return emit_loop(b, p, CHECK);
    if (op.kind == GSP_OP_EMPTY)
        return emit(b, &op);
    op.kind = GSP_OP_FIT;
    return p->op.kind == GSP_OP_CONVERT && (op.wire_bytes < op.canon_bytes || op.bit_len)
               ? emit(b, &op)
               : 0;
}

/* Bit-fields share a storage unit: it is zeroed before the first of them and never after. */
static int
emit_move(struct builder *b, const struct piece *p, enum program which, uint32_t *done)
{
    const uint32_t start = which == ENCODE ? p->op.wire : p->op.canon;
    const uint32_t end = which == ENCODE ? p->wire_end : p->canon_end;
    const bool shared = which == ENCODE && p->op.bit_len;

    if (emit_zero(b, *done, shared && end > *done ? end : start) < 0)
        return b->rc;
    if (end > *done)
        *done = end;
    return p->op.kind == GSP_OP_LOOP ? emit_loop(b, p, which) : emit(b, &p->op);
}

static int
emit_level(struct builder *b, uint32_t level, enum program which)
{
    struct level *l = &b->levels[level];
    uint32_t done = 0;

    sort_pieces(l, which != ENCODE);
    for (uint32_t i = 0; i < l->count && b->rc == 0; i++) {
        const struct piece *p = &l->pieces[i];

        if (which == CHECK)
            emit_check(b, p);
        else if (p->op.kind != GSP_OP_EMPTY)
            emit_move(b, p, which, &done);
    }
    if (which != CHECK && b->rc == 0)
        emit_zero(b, done, which == ENCODE ? l->wire_bytes : l->canon_bytes);
    return b->rc;
}

static struct gsp_plan *
finish(struct builder *b, const struct nvrm_layout *canon, const struct nvrm_layout *wire,
       const uint32_t ends[3])
{
    struct gsp_plan *plan =
        gsp_host_alloc(b->host, sizeof(*plan) + b->op_count * sizeof(plan->ops[0]));

    if (!plan) {
        fail_memory(b);
        return NULL;
    }
    plan->abi = b->abi;
    plan->canon = canon;
    plan->wire = wire;
    plan->canon_bytes = canon->size;
    plan->wire_bytes = wire->size;
    if (b->op_count)
        memcpy(plan->ops, b->ops, b->op_count * sizeof(plan->ops[0]));
    plan->check = (struct gsp_program){plan->ops, ends[CHECK]};
    plan->encode = (struct gsp_program){plan->ops + ends[CHECK], ends[ENCODE] - ends[CHECK]};
    plan->decode = (struct gsp_program){plan->ops + ends[ENCODE], ends[DECODE] - ends[ENCODE]};
    gsp_plan_quicken(plan);
    return plan;
}

static struct gsp_plan *
build(struct builder *b, const struct nvrm_layout *canon, const struct nvrm_layout *wire)
{
    struct level *top = add_level(b, canon->size, wire->size);
    uint32_t ends[3];

    if (!top || match_layouts(b, top, canon, wire, 0, 0) < 0)
        return NULL;
    for (uint32_t i = 0; i < b->level_count; i++)
        join_copies(&b->levels[i]);
    for (enum program which = CHECK; which <= DECODE; which++) {
        if (emit_level(b, 0, which) < 0)
            return NULL;
        ends[which] = b->op_count;
    }
    return finish(b, canon, wire, ends);
}

struct gsp_plan *
gsp_plan_create(struct nvrm_abi abi, const struct gsp_host *host,
                const struct nvrm_layout *canon, const struct nvrm_layout *wire,
                struct gsp_error *err)
{
    struct builder *b = gsp_host_alloc(host, sizeof(*b));
    struct gsp_plan *plan;

    if (!b) {
        gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for a copy plan");
        return NULL;
    }
    b->abi = abi;
    b->host = host;
    b->err = err;
    plan = build(b, canon, wire);
    for (uint32_t i = 0; i < b->level_count; i++)
        gsp_host_free(host, b->levels[i].pieces);
    gsp_host_free(host, b->ops);
    gsp_host_free(host, b);
    return plan;
}
