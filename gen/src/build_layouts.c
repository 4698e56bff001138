/* SPDX-License-Identifier: MIT */
/*
 * Layouts: the natural one of LP64, computed from field order and checked against the size that
 * the vendor's compiler gave.
 *
 * A layout row is closed: what its fields refer to are rows too. Equal rows are stored once, so
 * releases that agree on a struct, all the way down, share its row.
 */
#include <string.h>

#include "build.h"

#define IN_PROGRESS 0xfffe

/* One aggregate being laid out. */
struct work {
    struct gen_build *b;
    const struct gen_scope *scope;
    const struct gen_agg *agg;
    const char *owner;
    uint32_t pack;
    struct {
        uint32_t n, cap;
        struct nvrm_field *p;
    } fields;
    uint64_t end_bits; /* where the next member may start */
    uint64_t max_bits; /* unions: the largest member */
    uint32_t align;
    uint8_t flags;
};

static uint64_t
round_up(uint64_t value, uint64_t to)
{
    return to ? (value + to - 1) / to * to : value;
}

static const struct nvrm_layout *
layout_row(const struct gen_build *b, uint16_t row)
{
    return (const struct nvrm_layout *)(const void *)b->layouts.p + row;
}

/* Named members */

static uint16_t
named_layout(struct work *w, const struct gen_member *member)
{
    const struct gen_entry *e = gen_find(w->b->m, GEN_STRUCTS, member->type.name);

    if (w->scope->canonical) {
        const uint32_t row = gen_map_get(&w->b->canon_rows, member->type.name);

        return row == UINT32_MAX ? NVRM_NONE : (uint16_t)row;
    }
    return e ? gen_layout_of(w->b, e, w->scope->release) : NVRM_NONE;
}

static void
unknown_type(struct work *w, const struct gen_member *member)
{
    const unsigned sections = 1u << GEN_STRUCTS | 1u << GEN_ENUMS;
    const char *name = member->type.name;

    w->b->bad_types = true;
    if (gen_map_get(&w->b->reported, (const char *)member) != UINT32_MAX)
        return; /* said for another release already */
    gen_map_set(w->b->g, &w->b->reported, (const char *)member, 1);
    if (gen_find(w->b->m, GEN_STRUCTS, name) || gen_find(w->b->m, GEN_ENUMS, name))
        gen_error(w->b->g, member->pos, "%s.%s has type '%s', which %s lacks", w->owner,
                  member->name, name, w->b->m->p[w->scope->release].name);
    else
        gen_error(w->b->g, member->pos, "%s.%s has the unknown type '%s'%s", w->owner,
                  member->name, name, gen_suggest(w->b->g, w->b->m, sections, name));
}

static const struct gen_entry *
enum_of(const struct work *w, const struct gen_member *member)
{
    const struct gen_entry *e =
        member->type.name ? gen_find(w->b->m, GEN_ENUMS, member->type.name) : NULL;

    return e && (w->scope->canonical || gen_at(e, w->scope->release)) ? e : NULL;
}

/* Type, ref, size and alignment of one element. */
static void
resolve_type(struct work *w, const struct gen_member *member, struct gen_overlay *o,
             struct nvrm_field *f, uint32_t *size, uint32_t *align)
{
    f->ref = NVRM_NONE;
    if (member->type.agg) {
        f->type = NVRM_STRUCT;
        f->ref = gen_layout_agg(w->b, w->scope, member->type.agg, w->pack,
                                gen_internf(w->b->g, "%s.%s", w->owner, member->name), o);
    } else if (enum_of(w, member)) {
        f->type = NVRM_ENUM;
    } else if (member->type.name) {
        f->type = NVRM_STRUCT;
        f->ref = named_layout(w, member);
        if (f->ref == NVRM_NONE)
            unknown_type(w, member);
    } else {
        f->type = member->type.scalar;
    }
    *size = *align = nvrm_type_bytes((enum nvrm_type)f->type);
    if (f->type == NVRM_STRUCT) {
        *size = f->ref == NVRM_NONE ? 0 : layout_row(w->b, f->ref)->size;
        *align = f->ref == NVRM_NONE ? 1 : layout_row(w->b, f->ref)->align;
    }
    if (w->pack && *align > w->pack)
        *align = w->pack;
}

/* Placement */

static void
place_bits(struct work *w, const struct gen_member *member, struct nvrm_field *f, uint32_t size)
{
    const uint64_t unit = 8ull * size;
    uint64_t at = w->agg->is_union ? 0 : w->end_bits;

    if (at / unit != (at + member->type.bits - 1) / unit)
        at = round_up(at, unit);
    f->offset = (uint32_t)(at / unit * size);
    f->bit_off = (uint8_t)(at % unit);
    f->bit_len = member->type.bits;
    w->end_bits = at + member->type.bits;
}

static void
place(struct work *w, const struct gen_member *member, struct nvrm_field *f, uint32_t size,
      uint32_t align)
{
    uint64_t at, count = 1;

    for (unsigned d = 0; d < member->type.dims; d++) {
        f->flags |= NVRM_FIELD_ARRAY;
        count *= member->type.dim[d];
    }
    if (count * (size ? size : 1) > 1u << 30 || w->max_bits / 8 > 1u << 30) {
        gen_error(w->b->g, member->pos, "%s.%s reaches beyond 1 GiB", w->owner, member->name);
        gen_die(w->b->g);
    }
    f->count = (uint32_t)count;
    if (member->type.dims > 1)
        f->inner = (uint16_t)(f->count / member->type.dim[0]);
    if (align > w->align)
        w->align = align;
    if (member->type.bits) {
        place_bits(w, member, f, size);
    } else {
        at = w->agg->is_union ? 0 : round_up(round_up(w->end_bits, 8) / 8, align);
        f->offset = (uint32_t)at;
        w->end_bits = 8 * (at + (uint64_t)size * f->count);
    }
    if (w->end_bits > w->max_bits)
        w->max_bits = w->end_bits;
}

static void
add_flags(struct work *w, const struct nvrm_field *f)
{
    if (f->type == NVRM_PTR)
        w->flags |= NVRM_LAYOUT_PTR;
    if (f->type == NVRM_STRUCT && f->ref != NVRM_NONE)
        w->flags |= layout_row(w->b, f->ref)->flags & (NVRM_LAYOUT_PTR | NVRM_LAYOUT_TAIL);
    if ((f->flags & NVRM_FIELD_ARRAY) && !f->count)
        w->flags |= NVRM_LAYOUT_TAIL;
}

/* Notes */

static uint16_t
sibling(struct work *w, struct gen_sibling *s)
{
    for (uint32_t i = 0; s->name && i < w->agg->n; i++) {
        if (w->agg->p[i].name == s->name) {
            s->found = true;
            return (uint16_t)i;
        }
    }
    return NVRM_NONE;
}

static uint16_t
case_run(struct gen_build *b, const struct nvrm_case *rows, uint32_t n)
{
    for (uint32_t at = 0; n && at + n <= b->cases.n; at++) {
        if (memcmp(&b->cases.p[at], rows, n * sizeof(*rows)) == 0)
            return (uint16_t)at;
    }
    for (uint32_t i = 0; i < n; i++)
        *gen_push(b->g, &b->cases) = rows[i];
    return (uint16_t)(b->cases.n - n);
}

static uint32_t
member_index(const struct gen_build *b, uint16_t layout, uint32_t name)
{
    const struct nvrm_layout *l = layout_row(b, layout);

    for (uint32_t i = 0; i < l->fields; i++) {
        if (b->fields.p[l->first_field + i].name == name)
            return i;
    }
    return UINT32_MAX;
}

static void
note_cases(struct work *w, struct gen_note *from, const struct nvrm_field *f,
           struct nvrm_note *to)
{
    struct nvrm_case *rows = gen_alloc(w->b->g, (from->cases.n + 1) * sizeof(*rows));
    uint32_t n = 0;

    for (uint32_t i = 0; i < from->cases.n; i++) {
        struct gen_case *c = &from->cases.p[i];
        uint64_t value;
        uint32_t member;

        if (!gen_number(c->value, &value) &&
            !gen_value_at(w->b, c->value, w->scope->release, &value))
            continue;
        c->value_found = true;
        if (f->ref == NVRM_NONE)
            continue;
        member = member_index(w->b, f->ref, gen_str(w->b, c->member));
        if (member == UINT32_MAX)
            continue;
        c->member_found = true;
        rows[n].value = value;
        rows[n++].member = (uint16_t)member;
    }
    to->cases = (uint16_t)n;
    to->first_case = n ? case_run(w->b, rows, n) : 0;
}

static uint16_t
note_of(struct work *w, const struct gen_member *member, struct gen_note *from,
        const struct nvrm_field *f)
{
    struct nvrm_note note = {.count = NVRM_NONE,
                             .tag = NVRM_NONE,
                             .set = NVRM_NONE,
                             .ptr_ref = NVRM_NONE,
                             .as = NVRM_NONE};
    const struct gen_entry *set = enum_of(w, member);

    if (set) {
        note.set_kind = NVRM_SET_ENUM;
        note.set = gen_set_of_enum(w->b, set);
    }
    if (from)
        from->found = true;
    if (from && from->has_text) {
        note.doc = gen_str(w->b, from->doc);
        note.unit = gen_str(w->b, from->unit);
        note.max = from->max;
        note.min = from->min;
        note.flags = from->flags;
        note.dir = from->dir;
        note.ptr_type = from->ptr_type;
        note.as_kind = from->as_kind;
        note.count = sibling(w, &from->count);
        note.tag = sibling(w, &from->tag);
        note.as = sibling(w, &from->as);
        if (from->ptr_to && !w->scope->canonical &&
            gen_find(w->b->m, GEN_STRUCTS, from->ptr_to))
            note.ptr_ref = gen_layout_of(w->b, gen_find(w->b->m, GEN_STRUCTS, from->ptr_to),
                                         w->scope->release);
        if (from->cases.n)
            note_cases(w, from, f, &note);
        if (from->set_kind) {
            note.set_kind = from->set_kind;
            note.set = from->set;
        }
    } else if (!set) {
        return NVRM_NONE;
    }
    return (uint16_t)gen_row(w->b->g, &w->b->notes, &note);
}

/* Notes on members of a named struct belong to that struct, where every user of it sees them.
 */
static void
check_path(struct work *w, const struct gen_member *member, const struct gen_note *note)
{
    const struct gen_note *inner;

    if (!note || !note->members || !member->type.name ||
        gen_map_get(&w->b->reported, (const char *)note) != UINT32_MAX)
        return;
    gen_map_set(w->b->g, &w->b->reported, (const char *)note, 1);
    inner = note->members->p[0];
    note->members->elsewhere = true;
    gen_error(w->b->g, inner->pos, "%s.%s is a %s; describe '%s' under %s", w->owner,
              member->name, member->type.name, inner->name, member->type.name);
}

/* Rows */

static bool
same_layout(const struct gen_build *b, uint32_t row, const struct nvrm_layout *l,
            const struct nvrm_field *f)
{
    struct nvrm_layout have = *layout_row(b, (uint16_t)row), want = *l;

    have.first_field = want.first_field = 0;
    return memcmp(&have, &want, sizeof(have)) == 0 &&
           (!want.fields || memcmp(&b->fields.p[layout_row(b, (uint16_t)row)->first_field], f,
                                   want.fields * sizeof(*f)) == 0);
}

static uint32_t
hash_layout(const struct nvrm_layout *l, const struct nvrm_field *f)
{
    uint32_t h = l->name * 2654435761u ^ l->size;

    for (uint32_t i = 0; i < l->fields; i++) {
        h = (h ^ f[i].name) * 16777619u;
        h = (h ^ f[i].ref ^ (uint32_t)f[i].note << 16 ^ f[i].type << 8 ^ f[i].offset) *
            16777619u;
    }
    return h ^ (h >> 15);
}

static void
grow_layout_hash(struct gen_build *b)
{
    struct gen_rows *rows = &b->layouts;

    rows->hash_cap = rows->hash_cap ? rows->hash_cap * 2 : 1024;
    rows->hash = gen_alloc(b->g, rows->hash_cap * sizeof(*rows->hash));
    for (uint32_t i = 0; i < rows->n; i++) {
        const struct nvrm_layout *l = layout_row(b, (uint16_t)i);
        uint32_t slot = hash_layout(l, &b->fields.p[l->first_field]) & (rows->hash_cap - 1);

        while (rows->hash[slot])
            slot = (slot + 1) & (rows->hash_cap - 1);
        rows->hash[slot] = i + 1;
    }
}

static uint16_t
intern_layout(struct gen_build *b, struct nvrm_layout *l, const struct nvrm_field *f)
{
    struct gen_rows *rows = &b->layouts;
    uint32_t slot;

    if (rows->n * 2 >= rows->hash_cap)
        grow_layout_hash(b);
    slot = hash_layout(l, f) & (rows->hash_cap - 1);
    for (; rows->hash[slot]; slot = (slot + 1) & (rows->hash_cap - 1)) {
        if (same_layout(b, rows->hash[slot] - 1, l, f))
            return (uint16_t)(rows->hash[slot] - 1);
    }
    l->first_field = b->fields.n;
    for (uint32_t i = 0; i < l->fields; i++)
        *gen_push(b->g, &b->fields) = f[i];
    if (rows->n == rows->cap)
        rows->p = gen_grow(b->g, rows->p, &rows->cap, rows->bytes);
    memcpy(rows->p + rows->n * rows->bytes, l, sizeof(*l));
    rows->hash[slot] = ++rows->n;
    if (rows->n >= IN_PROGRESS) {
        gen_error(b->g, (struct gen_pos){"schema", 1}, "more than %d layouts", IN_PROGRESS);
        gen_die(b->g);
    }
    return (uint16_t)(rows->n - 1);
}

static uint16_t
overlay_note(struct gen_build *b, const struct gen_overlay *o)
{
    struct nvrm_note note = {.count = NVRM_NONE,
                             .tag = NVRM_NONE,
                             .set = NVRM_NONE,
                             .ptr_ref = NVRM_NONE,
                             .as = NVRM_NONE};

    if (!o || !o->doc)
        return NVRM_NONE;
    note.doc = gen_str(b, o->doc);
    return (uint16_t)gen_row(b->g, &b->notes, &note);
}

static void
add_member(struct work *w, const struct gen_member *member, struct gen_overlay *o)
{
    struct nvrm_field *f = gen_push(w->b->g, &w->fields);
    const uint32_t said = o ? gen_map_get(&o->by_name, member->name) : UINT32_MAX;
    struct gen_note *note = said == UINT32_MAX ? NULL : o->p[said];
    uint32_t size, align;

    memset(f, 0, sizeof(*f));
    f->name = gen_str(w->b, member->name);
    resolve_type(w, member, note ? note->members : NULL, f, &size, &align);
    place(w, member, f, size, align);
    f->note = note_of(w, member, note, f);
    check_path(w, member, note);
    add_flags(w, f);
}

uint16_t
gen_layout_agg(struct gen_build *b, const struct gen_scope *scope, const struct gen_agg *agg,
               uint32_t pack, const char *owner, struct gen_overlay *o)
{
    struct work w = {
        .b = b, .scope = scope, .agg = agg, .owner = owner, .pack = pack, .align = 1};
    struct nvrm_layout l = {.name = gen_str(b, owner), .fields = (uint16_t)agg->n};

    for (uint32_t i = 0; i < agg->n; i++) {
        w.flags &= (uint8_t)~NVRM_LAYOUT_TAIL;
        add_member(&w, &agg->p[i], o);
    }
    l.size = (uint32_t)round_up(round_up(w.max_bits, 8) / 8, w.align);
    l.align = (uint8_t)w.align;
    l.flags = w.flags;
    if (agg->is_union)
        l.flags |= NVRM_LAYOUT_UNION;
    if (scope->canonical)
        l.flags |= NVRM_LAYOUT_CANON;
    if (o && o->finn)
        l.flags |= NVRM_LAYOUT_FINN;
    l.note = overlay_note(b, o);
    return intern_layout(b, &l, w.fields.p);
}

/* Structs */

static void
check_struct(struct gen_build *b, const struct gen_entry *e, struct gen_variant *v,
             uint16_t row)
{
    const struct nvrm_layout *l = layout_row(b, row);

    if (b->bad_types)
        return; /* sizes mean nothing then */
    if (l->size != v->strukt->size && v->strukt->size != UINT64_MAX) {
        gen_error(b->g, v->pos,
                  "%s: size is %llu in the schema, but its fields take %u (alignment %u)",
                  e->name, (unsigned long long)v->strukt->size, l->size, l->align);
        v->strukt->size = UINT64_MAX; /* said once */
    }
    if (v->strukt->tail >= 0 &&
        (!l->fields ||
         b->fields.p[l->first_field + l->fields - 1].offset != (uint64_t)v->strukt->tail)) {
        gen_error(b->g, v->pos, "%s: the tail does not start at %lld", e->name,
                  (long long)v->strukt->tail);
        v->strukt->tail = -1;
    }
}

uint16_t
gen_layout_of(struct gen_build *b, const struct gen_entry *e, uint32_t release)
{
    uint16_t *memo = &b->layout_memo[e - b->m->t[GEN_STRUCTS].p][release];
    const struct gen_scope scope = {.release = release};
    struct gen_variant *v;

    if (e->at[release] == GEN_NO_VARIANT)
        return NVRM_NONE;
    v = &e->p[e->at[release]];
    if (*memo == IN_PROGRESS) {
        gen_error(b->g, v->pos, "%s contains itself", e->name);
        gen_die(b->g);
    }
    if (*memo != NVRM_NONE)
        return *memo;
    *memo = IN_PROGRESS;
    *memo = gen_layout_agg(b, &scope, &v->strukt->agg, v->strukt->pack, e->name,
                           gen_overlay_of(b->o, e->name));
    check_struct(b, e, v, *memo);
    return *memo;
}

void
gen_build_structs(struct gen_build *b)
{
    const struct gen_table *t = &b->m->t[GEN_STRUCTS];
    const uint32_t releases = b->m->n;
    uint32_t *row = gen_alloc(b->g, releases * sizeof(*row));

    b->layout_memo = gen_alloc(b->g, (t->n + 1) * sizeof(*b->layout_memo));
    for (uint32_t i = 0; i < t->n; i++) {
        b->layout_memo[i] = gen_alloc(b->g, releases * sizeof(**b->layout_memo));
        memset(b->layout_memo[i], 0xff, releases * sizeof(**b->layout_memo));
    }
    for (uint32_t i = 0; i < t->n; i++) {
        for (uint32_t r = 0; r < releases; r++) {
            const uint16_t layout = gen_layout_of(b, &t->p[i], r);

            row[r] = layout == NVRM_NONE ? NVRM_RUN_NONE : layout;
        }
        gen_map_set(b->g, &b->struct_row, t->p[i].name, i);
        gen_name_add(b, &b->structs, t->p[i].name, row);
    }
}
