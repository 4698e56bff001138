/* SPDX-License-Identifier: MIT */
/*
 * Canonical types: for every core type, and every struct that one is made of, the union of the
 * fields of all releases. Widest integer, longest array. A field that changed its struct type
 * by name keeps the newest name, whose canonical type then has the fields of both.
 */
#include <string.h>

#include "build.h"

struct canon_type {
    const char *name;
    struct gen_pos asked_at;
    struct gen_list also; /* other structs whose fields this one takes in */
    struct gen_agg agg;
    bool busy;
};

struct canon {
    struct gen_build *b;
    uint32_t n, cap;
    struct canon_type *p;
    struct gen_map by_name;
    bool changed;
    struct gen_pos asked_at; /* of the type that is being merged */
};

static struct canon_type *
type_named(struct canon *c, const char *name)
{
    const uint32_t i = gen_map_get(&c->by_name, name);

    return i == UINT32_MAX ? NULL : &c->p[i];
}

static void
want_type(struct canon *c, const char *name, struct gen_pos pos)
{
    struct canon_type *t;

    if (type_named(c, name))
        return;
    gen_map_set(c->b->g, &c->by_name, name, c->n);
    t = gen_push(c->b->g, c);
    t->name = name;
    t->asked_at = pos;
    c->changed = true;
}

static void
want_alias(struct canon *c, const char *name, const char *other)
{
    struct canon_type *t = type_named(c, name);

    for (uint32_t i = 0; t && i < t->also.n; i++) {
        if (t->also.p[i] == other)
            return;
    }
    if (!t || strcmp(name, other) == 0)
        return;
    *gen_push(c->b->g, &t->also) = other;
    c->changed = true;
}

/* Merging */

static void merge_agg(struct canon *c, struct gen_agg *to, const struct gen_agg *from,
                      const char *owner);

static bool
is_number(const struct canon *c, const struct gen_type *t)
{
    return !t->agg && (!t->name || gen_find(c->b->m, GEN_ENUMS, t->name));
}

static uint32_t
number_bytes(const struct gen_type *t)
{
    return t->name ? 4 : nvrm_type_bytes((enum nvrm_type)t->scalar);
}

static void
merge_dims(struct gen_type *to, const struct gen_type *from)
{
    if (from->dims > to->dims) {
        to->dims = from->dims;
        memcpy(to->dim, from->dim, sizeof(to->dim));
        return;
    }
    for (unsigned d = 0; d < from->dims && from->dims == to->dims; d++) {
        if (from->dim[d] > to->dim[d])
            to->dim[d] = from->dim[d];
    }
}

static void
merge_type(struct canon *c, struct gen_member *to, const struct gen_member *from,
           const char *owner)
{
    if (is_number(c, &to->type) && is_number(c, &from->type)) {
        if (number_bytes(&from->type) > number_bytes(&to->type)) {
            to->type.name = from->type.name;
            to->type.scalar = from->type.scalar;
        }
    } else if (to->type.agg && from->type.agg) {
        merge_agg(c, to->type.agg, from->type.agg, owner);
    } else if (to->type.name && from->type.name && !is_number(c, &to->type) &&
               !is_number(c, &from->type)) {
        want_type(c, to->type.name, c->asked_at);
        want_alias(c, to->type.name, from->type.name);
    } else {
        gen_error(c->b->g, c->asked_at,
                  "%s.%s cannot have one canonical type: it is not the same kind of thing in "
                  "all releases",
                  owner, to->name);
    }
    merge_dims(&to->type, &from->type);
}

static struct gen_type
copy_type(struct canon *c, const struct gen_type *from)
{
    struct gen_type t = *from;

    t.bits = 0;
    if (from->agg) {
        t.agg = gen_alloc(c->b->g, sizeof(*t.agg));
        t.agg->is_union = from->agg->is_union;
        merge_agg(c, t.agg, from->agg, "");
    }
    return t;
}

static void
insert_member(struct canon *c, struct gen_agg *to, uint32_t at, const struct gen_member *from)
{
    (void)gen_push(c->b->g, to);
    memmove(&to->p[at + 1], &to->p[at], (to->n - 1 - at) * sizeof(*to->p));
    to->p[at] = *from;
    to->p[at].type = copy_type(c, &from->type);
}

static uint32_t
find_member(const struct gen_agg *agg, const char *name)
{
    uint32_t i = 0;

    while (i < agg->n && agg->p[i].name != name)
        i++;
    return i;
}

/* `from` is older: what `to` lacks goes behind the member that it follows there. */
static void
merge_agg(struct canon *c, struct gen_agg *to, const struct gen_agg *from, const char *owner)
{
    uint32_t after = 0;

    for (uint32_t i = 0; i < from->n; i++) {
        const uint32_t at = find_member(to, from->p[i].name);

        if (at < to->n) {
            merge_type(c, &to->p[at], &from->p[i], owner);
            after = at + 1;
        } else {
            insert_member(c, to, after++, &from->p[i]);
        }
    }
}

static void
merge_entry(struct canon *c, struct canon_type *t, const char *name)
{
    const struct gen_entry *e = gen_find(c->b->m, GEN_STRUCTS, name);
    const struct gen_variant *last = NULL;
    uint8_t seen[GEN_NO_VARIANT] = {0};

    for (uint32_t r = c->b->m->n; e && r-- > 0;) {
        const struct gen_variant *v = gen_at(e, r);

        if (!v || v == last || seen[e->at[r]])
            continue;
        seen[e->at[r]] = 1;
        last = v;
        if (!t->agg.n)
            t->agg.is_union = v->strukt->agg.is_union;
        merge_agg(c, &t->agg, &v->strukt->agg, name);
    }
}

static void
tail_last(struct gen_agg *agg)
{
    for (uint32_t i = 0; i + 1 < agg->n; i++) {
        if (agg->p[i].type.dims && !agg->p[i].type.dim[0]) {
            const struct gen_member tail = agg->p[i];

            memmove(&agg->p[i], &agg->p[i + 1], (agg->n - 1 - i) * sizeof(*agg->p));
            agg->p[agg->n - 1] = tail;
            return;
        }
    }
}

static void
want_members(struct canon *c, const struct gen_agg *agg)
{
    for (uint32_t i = 0; i < agg->n; i++) {
        if (agg->p[i].type.agg)
            want_members(c, agg->p[i].type.agg);
        else if (!is_number(c, &agg->p[i].type))
            want_type(c, agg->p[i].type.name, c->asked_at);
    }
}

/* Types found and aliases learned on the way change what was merged before: repeat until
 * nothing is new. */
static void
merge_all(struct canon *c)
{
    do {
        c->changed = false;
        for (uint32_t i = 0; i < c->n; i++) {
            struct canon_type t = c->p[i];

            memset(&t.agg, 0, sizeof(t.agg));
            c->asked_at = t.asked_at;
            merge_entry(c, &t, t.name);
            for (uint32_t k = 0; k < t.also.n; k++)
                merge_entry(c, &t, t.also.p[k]);
            tail_last(&t.agg);
            want_members(c, &t.agg);
            t.also = c->p[i].also;
            c->p[i] = t;
        }
        gen_stop_on_errors(c->b->g);
    } while (c->changed);
}

/* Rows */

static void lay_out(struct canon *c, struct canon_type *t);

static void
lay_out_members(struct canon *c, const struct gen_agg *agg)
{
    for (uint32_t i = 0; i < agg->n; i++) {
        if (agg->p[i].type.agg)
            lay_out_members(c, agg->p[i].type.agg);
        else if (!is_number(c, &agg->p[i].type))
            lay_out(c, type_named(c, agg->p[i].type.name));
    }
}

static void
lay_out(struct canon *c, struct canon_type *t)
{
    struct gen_build *b = c->b;
    const struct gen_scope scope = {.release = b->m->n - 1, .canonical = true};
    uint16_t row;

    if (gen_map_get(&b->canon_rows, t->name) != UINT32_MAX)
        return;
    if (t->busy) {
        gen_error(b->g, t->asked_at, "the canonical %s would contain itself", t->name);
        gen_die(b->g);
    }
    t->busy = true;
    lay_out_members(c, &t->agg);
    row = gen_layout_agg(b, &scope, &t->agg, 0, t->name, gen_overlay_of(b->o, t->name));
    gen_map_set(b->g, &b->canon_rows, t->name, row);
    *gen_push(b->g, &b->canon_order) = row;
    b->canon[gen_map_get(&b->struct_row, t->name)] = row;
}

/* What core.yaml asks for */

static struct gen_pos
core_pos(const struct canon *c, const char *name)
{
    const struct gen_core *core = &c->b->m->core;
    const uint32_t line = gen_map_get(&core->pos, name);

    return (struct gen_pos){core->file, line == UINT32_MAX ? 1 : line};
}

static void
want_core(struct canon *c, const char *name, struct gen_pos pos)
{
    if (gen_find(c->b->m, GEN_STRUCTS, name))
        want_type(c, name, pos);
    else
        gen_error(c->b->g, pos, "no release has a struct '%s'%s", name,
                  gen_suggest(c->b->g, c->b->m, 1u << GEN_STRUCTS, name));
}

static void
want_params(struct canon *c, enum gen_section s, const char *name)
{
    const struct gen_entry *e = gen_find(c->b->m, s, name);

    if (!e) {
        gen_error(c->b->g, core_pos(c, name), "no release has '%s'%s", name,
                  gen_suggest(c->b->g, c->b->m, 1u << s, name));
        return;
    }
    for (uint32_t i = 0; i < e->n; i++) {
        const struct gen_variant *v = &e->p[i];
        const char *params = v->gone             ? NULL
                             : s == GEN_CONTROLS ? v->control->params
                                                 : v->klass->params;

        if (params && gen_find(c->b->m, GEN_STRUCTS, params))
            want_type(c, params, core_pos(c, name));
    }
}

void
gen_build_canon(struct gen_build *b)
{
    const struct gen_core *core = &b->m->core;
    const uint32_t structs = b->m->t[GEN_STRUCTS].n;
    struct canon c = {.b = b};

    b->canon = gen_alloc(b->g, (structs + 1) * sizeof(*b->canon));
    for (uint32_t i = 0; i < structs; i++)
        b->canon[i] = NVRM_NONE;
    for (uint32_t i = 0; i < core->types.n; i++)
        want_core(&c, core->types.p[i], core_pos(&c, core->types.p[i]));
    for (uint32_t i = 0; i < core->controls.n; i++)
        want_params(&c, GEN_CONTROLS, core->controls.p[i]);
    for (uint32_t i = 0; i < core->classes.n; i++)
        want_params(&c, GEN_CLASSES, core->classes.p[i]);
    gen_stop_on_errors(b->g);
    merge_all(&c);
    for (uint32_t i = 0; i < c.n; i++)
        lay_out(&c, &c.p[i]);
    gen_stop_on_errors(b->g);
}
