/* SPDX-License-Identifier: MIT */
/*
 * Numbers with names: constants, enumerators and bit ranges become one sorted list, because the
 * vendor's headers have one name space for them; sets are made from it by prefix, or from a C
 * enum.
 */
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "nearest.h"

static struct gen_number *
number_named(struct gen_build *b, const char *name)
{
    const uint32_t known = gen_map_get(&b->number_at, name);
    struct gen_number *n;

    if (known != UINT32_MAX)
        return &b->number.p[known];
    gen_map_set(b->g, &b->number_at, name, b->number.n);
    n = gen_push(b->g, &b->number);
    n->name = name;
    n->row = gen_alloc(b->g, b->m->n * sizeof(*n->row));
    for (uint32_t r = 0; r < b->m->n; r++)
        n->row[r] = NVRM_RUN_NONE;
    return n;
}

/* The bit ranges that a name like RANGE_VALUE may belong to, the longest first. */
struct ranges {
    const struct gen_entry *e[4];
    unsigned n;
};

static struct ranges
ranges_of(const struct gen_build *b, const char *name)
{
    struct ranges list = {0};

    for (size_t n = strlen(name); n > 1 && list.n < 4; n--) {
        const char *prefix = name[n - 1] == '_' ? gen_interned(b->g, name, n - 1) : NULL;
        const struct gen_entry *e = prefix ? gen_find(b->m, GEN_RANGES, prefix) : NULL;

        if (e)
            list.e[list.n++] = e;
    }
    return list;
}

static const struct gen_variant *
range_at(const struct ranges *list, uint32_t release, uint64_t value)
{
    for (unsigned i = 0; i < list->n; i++) {
        const struct gen_variant *v = gen_at(list->e[i], release);

        if (v &&
            (v->range[0] - v->range[1] >= 63 || value >> (v->range[0] - v->range[1] + 1) == 0))
            return v;
    }
    return NULL;
}

static uint32_t
const_row(struct gen_build *b, const char *name, uint64_t value,
          const struct gen_variant *range)
{
    const struct gen_remark *remark = gen_remark_of(b->o, name);
    struct nvrm_const c = {.name = gen_str(b, name),
                           .doc = remark ? gen_str(b, remark->doc) : 0,
                           .value = value,
                           .params = NVRM_NONE};

    if (range) {
        c.of_range = 1;
        c.hi = range->range[0];
        c.lo = range->range[1];
    }
    return gen_row(b->g, &b->consts, &c);
}

static void
add_constant(struct gen_build *b, const struct gen_entry *e)
{
    struct gen_number *n = number_named(b, e->name);
    const struct ranges ranges = ranges_of(b, e->name);
    const struct gen_variant *last = NULL, *last_range = NULL;

    for (uint32_t r = 0; r < b->m->n; r++) {
        const struct gen_variant *v = gen_at(e, r);
        const struct gen_variant *range = v ? range_at(&ranges, r, v->value) : NULL;

        if (v && v == last && range == last_range)
            n->row[r] = n->row[r - 1];
        else if (v)
            n->row[r] = const_row(b, e->name, v->value, range);
        last = v;
        last_range = range;
    }
}

static void
add_enum(struct gen_build *b, const struct gen_entry *e)
{
    for (uint32_t r = 0; r < b->m->n; r++) {
        const struct gen_variant *v = gen_at(e, r);

        for (uint32_t i = 0; v && i < v->enumeration->n; i++) {
            const struct gen_named_value *value = &v->enumeration->p[i];
            struct gen_number *n = number_named(b, value->name);

            if (n->row[r] == NVRM_RUN_NONE)
                n->row[r] = const_row(b, value->name, value->value, NULL);
        }
    }
}

static void
add_range(struct gen_build *b, const struct gen_entry *e)
{
    struct gen_number *n = number_named(b, e->name);
    bool clash = false;

    for (uint32_t r = 0; r < b->m->n; r++) {
        const struct gen_variant *v = gen_at(e, r);
        struct nvrm_const c = {.name = gen_str(b, e->name), .params = NVRM_NONE, .is_range = 1};

        if (!v)
            continue;
        c.hi = v->range[0];
        c.lo = v->range[1];
        clash |= n->row[r] != NVRM_RUN_NONE;
        n->row[r] = gen_row(b->g, &b->consts, &c);
    }
    if (clash)
        gen_error(b->g, e->pos, "%s is a bit range and a number in the same release", e->name);
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(((const struct gen_number *)a)->name, ((const struct gen_number *)b)->name);
}

void
gen_build_numbers(struct gen_build *b)
{
    const struct gen_table *t = b->m->t;

    for (uint32_t i = 0; i < t[GEN_CONSTANTS].n; i++)
        add_constant(b, &t[GEN_CONSTANTS].p[i]);
    for (uint32_t i = 0; i < t[GEN_ENUMS].n; i++)
        add_enum(b, &t[GEN_ENUMS].p[i]);
    for (uint32_t i = 0; i < t[GEN_RANGES].n; i++)
        add_range(b, &t[GEN_RANGES].p[i]);
    if (b->number.n)
        qsort(b->number.p, b->number.n, sizeof(*b->number.p), by_name);
    for (uint32_t i = 0; i < b->number.n; i++) {
        gen_map_set(b->g, &b->number_at, b->number.p[i].name, i);
        gen_name_add(b, &b->numbers, b->number.p[i].name, b->number.p[i].row);
    }
}

bool
gen_value_at(const struct gen_build *b, const char *name, uint32_t release, uint64_t *value_out)
{
    const uint32_t i = gen_map_get(&b->number_at, name);
    const struct gen_entry *klass = gen_find(b->m, GEN_CLASSES, name);
    const struct gen_entry *control = gen_find(b->m, GEN_CONTROLS, name);

    if (i != UINT32_MAX && b->number.p[i].row[release] != NVRM_RUN_NONE)
        *value_out =
            ((const struct nvrm_const *)(const void *)b->consts.p)[b->number.p[i].row[release]]
                .value;
    else if (klass && gen_at(klass, release))
        *value_out = gen_at(klass, release)->klass->id;
    else if (control && gen_at(control, release))
        *value_out = gen_at(control, release)->control->id;
    else
        return false;
    return true;
}

/* Sets */

struct member {
    uint32_t row; /* number name row */
    const char *name;
    struct nvrm_const c; /* in the newest release that has it */
    bool inner;          /* its name goes on from another member's: a value of that one */
};

struct members {
    uint32_t n, cap;
    struct member *p;
};

static void
add_member(struct gen_build *b, struct members *list, uint32_t row)
{
    const struct gen_number *n = &b->number.p[row];
    struct member *m = gen_push(b->g, list);

    m->row = row;
    m->name = n->name;
    for (uint32_t r = 0; r < b->m->n; r++) {
        if (n->row[r] != NVRM_RUN_NONE)
            m->c = ((const struct nvrm_const *)(const void *)b->consts.p)[n->row[r]];
    }
}

/* MAX, COUNT and the like say how many values there are and name none of them. */
static bool
is_bound(const char *name)
{
    static const char *const ends[] = {"_MAX", "_MAXCOUNT", "_COUNT", "_SIZE"};
    const size_t n = strlen(name);

    for (unsigned i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        const size_t k = strlen(ends[i]);

        if (n > k && strcmp(name + n - k, ends[i]) == 0)
            return true;
    }
    return false;
}

/* A prefix also catches values of its members: FB_INFO_INDEX_COHERENCE_INFO_FULLY_COHERENT is
 * one of FB_INFO_INDEX_COHERENCE_INFO. */
static bool
is_inner(const struct members *list, const struct member *m)
{
    for (uint32_t i = 0; i < list->n; i++) {
        const size_t k = strlen(list->p[i].name);

        if (strncmp(m->name, list->p[i].name, k) == 0 && m->name[k] == '_')
            return true;
    }
    return false;
}

/* The first name of a value is the one that is printed. */
static int
by_value(const void *a, const void *b)
{
    const struct member *x = a, *y = b;
    const size_t x_length = strlen(x->name), y_length = strlen(y->name);

    if (x->c.value != y->c.value)
        return x->c.value < y->c.value ? -1 : 1;
    if (x->inner != y->inner)
        return x->inner ? 1 : -1;
    if (is_bound(x->name) != is_bound(y->name))
        return is_bound(x->name) ? 1 : -1;
    if (x_length != y_length)
        return x_length < y_length ? -1 : 1;
    return strcmp(x->name, y->name);
}

static unsigned
first_bit(const struct nvrm_const *c)
{
    if (c->is_range || c->of_range)
        return c->lo;
    return c->value ? (unsigned)__builtin_ctzll(c->value) : 0;
}

/* A range comes right before its values; single bits stand where their bit is. */
static int
by_bit(const void *a, const void *b)
{
    const struct member *x = a, *y = b;
    const unsigned x_bit = first_bit(&x->c), y_bit = first_bit(&y->c);

    if (x_bit != y_bit)
        return x_bit < y_bit ? -1 : 1;
    if (x->c.hi != y->c.hi)
        return x->c.hi < y->c.hi ? -1 : 1;
    if (x->c.is_range != y->c.is_range)
        return x->c.is_range ? -1 : 1;
    return by_value(a, b);
}

static uint16_t
new_set(struct gen_build *b, struct members *members, uint8_t kind, const char *prefix)
{
    struct nvrm_list *l = gen_push(b->g, &b->lists);

    l->name = gen_str(b, prefix);
    l->first = b->list_rows.n;
    l->count = members->n;
    for (uint32_t i = 0; i < members->n; i++)
        members->p[i].inner = is_inner(members, &members->p[i]);
    if (members->n)
        qsort(members->p, members->n, sizeof(*members->p),
              kind == NVRM_SET_BITS ? by_bit : by_value);
    for (uint32_t i = 0; i < members->n; i++)
        *gen_push(b->g, &b->list_rows) = members->p[i].row;
    return (uint16_t)(b->lists.n - 1);
}

static const char *
nearest_number(struct gen_build *b, const char *prefix)
{
    const char *best = NULL;
    unsigned limit = NVRM_FAR;

    for (uint32_t i = 0; i < b->number.n; i++) {
        char name[160];
        const size_t n = strlen(prefix);
        unsigned d;

        /* Compare with the start of each name: a prefix is what is looked for. */
        strncpy(name, b->number.p[i].name, sizeof(name) - 1);
        name[n < sizeof(name) - 1 ? n : sizeof(name) - 1] = 0;
        d = nvrm_name_distance(prefix, name, limit);
        if (d < limit) {
            limit = d;
            best = b->number.p[i].name;
        }
    }
    return best ? gen_internf(b->g, "; the nearest is '%s'", best) : "";
}

uint16_t
gen_set_of_prefix(struct gen_build *b, uint8_t kind, const char *prefix, struct gen_pos pos)
{
    struct gen_map *known = &b->sets[kind == NVRM_SET_BITS];
    const char *full = gen_internf(b->g, "%s_", prefix);
    const size_t n = strlen(full);
    struct members members = {0};
    uint32_t set = gen_map_get(known, full);

    if (set != UINT32_MAX)
        return (uint16_t)set;
    for (uint32_t i = 0; i < b->number.n; i++) {
        if (strncmp(b->number.p[i].name, full, n) != 0)
            continue;
        add_member(b, &members, i);
        if (kind == NVRM_SET_ENUM && members.p[members.n - 1].c.is_range)
            members.n--;
    }
    if (!members.n)
        gen_error(b->g, pos, "no release has a constant that begins with '%s'%s", full,
                  nearest_number(b, full));
    set = new_set(b, &members, kind, full);
    gen_map_set(b->g, known, full, set);
    return (uint16_t)set;
}

/* The longest common beginning of the enumerators that ends in an underscore. */
static const char *
common_prefix(struct gen_build *b, const struct members *members)
{
    size_t n = members->n ? strlen(members->p[0].name) : 0;

    for (uint32_t i = 1; i < members->n; i++) {
        size_t k = 0;

        while (k < n && members->p[i].name[k] == members->p[0].name[k])
            k++;
        n = k;
    }
    while (n && members->p[0].name[n - 1] != '_')
        n--;
    return gen_intern(b->g, members->n ? members->p[0].name : "", n);
}

uint16_t
gen_set_of_enum(struct gen_build *b, const struct gen_entry *e)
{
    struct members members = {0};
    struct gen_map seen = {0};
    uint32_t set = gen_map_get(&b->sets[0], e->name);

    if (set != UINT32_MAX)
        return (uint16_t)set;
    for (uint32_t v = 0; v < e->n; v++) {
        for (uint32_t i = 0; !e->p[v].gone && i < e->p[v].enumeration->n; i++) {
            const char *name = e->p[v].enumeration->p[i].name;

            if (gen_map_get(&seen, name) != UINT32_MAX)
                continue;
            gen_map_set(b->g, &seen, name, 1);
            if (gen_map_get(&b->number_at, name) != UINT32_MAX)
                add_member(b, &members, gen_map_get(&b->number_at, name));
        }
    }
    set = new_set(b, &members, NVRM_SET_ENUM, common_prefix(b, &members));
    gen_map_set(b->g, &b->sets[0], e->name, set);
    return (uint16_t)set;
}

static void
sets_of_overlay(struct gen_build *b, struct gen_overlay *o)
{
    for (uint32_t i = 0; i < o->n; i++) {
        struct gen_note *note = o->p[i];

        note->set = NVRM_NONE;
        if (note->prefix)
            note->set = gen_set_of_prefix(b, note->set_kind, note->prefix, note->prefix_pos);
        if (note->members)
            sets_of_overlay(b, note->members);
    }
}

void
gen_build_sets(struct gen_build *b)
{
    for (uint32_t i = 0; i < b->o->overlays.n; i++)
        sets_of_overlay(b, b->o->overlays.p[i]);
    for (uint32_t i = 0; i < b->m->t[GEN_ENUMS].n; i++)
        gen_set_of_enum(b, &b->m->t[GEN_ENUMS].p[i]);
    b->set_count = b->lists.n;
}
