/* SPDX-License-Identifier: MIT */
/* Sheets after reading: how long arrays are, a partial header over its parent, counting. */
#include "classes_priv.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Arrays */

/* "RELEASE0_ENABLE" and "RELEASE_ENABLE" name one thing: equal when digits are left out. */
static bool
same_but_digits(const char *a, const char *b)
{
    for (;;) {
        while (isdigit((unsigned char)*a))
            a++;
        while (isdigit((unsigned char)*b))
            b++;
        if (*a != *b)
            return false;
        if (!*a)
            return true;
        a++;
        b++;
    }
}

/* What takes room: a method or a field at its element (0, 0). */
struct span {
    const char *name;
    uint64_t lo, hi;
    uint64_t step_i, step_j;
    uint64_t *n, *m; /* results */
};

/* Whether the element at lo may be one of me's: nothing else is there, or the same thing
 * under a name with the index in it. */
static bool
is_free(const struct span *all, size_t count, const struct span *me, uint64_t lo, uint64_t hi)
{
    bool free_room = true;

    for (size_t i = 0; i < count; i++) {
        const struct span *s = &all[i];
        const bool same = same_but_digits(s->name, me->name);

        if (same && s != me && s->lo == lo && s->hi == hi)
            return true;
        if (s != me && !same && s->lo <= hi && lo <= s->hi &&
            !(s->lo <= me->hi && me->lo <= s->hi))
            free_room = false;
    }
    return free_room;
}

static uint64_t
fit(const struct span *all, size_t count, const struct span *me, uint64_t step, uint64_t end)
{
    uint64_t n = 1;

    while (step && n < 256 && me->hi + n * step < end &&
           is_free(all, count, me, me->lo + n * step, me->hi + n * step))
        n++;
    return n;
}

/* Arrays that interleave (same step, elements side by side) are as long as the shortest. */
static void
level(const struct span *all, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < count; k++) {
            const struct span *a = &all[i], *b = &all[k];
            const uint64_t far = a->lo > b->lo ? a->lo - b->lo : b->lo - a->lo;
            const uint64_t step = a->step_i + a->step_j;

            if (a->step_i == b->step_i && a->step_j == b->step_j && step && far < step) {
                *a->n = *b->n < *a->n ? *b->n : *a->n;
                *a->m = *b->m < *a->m ? *b->m : *a->m;
            }
        }
}

/* Where the next thing lies too far away to tell, or nothing lies behind: at most so many
 * elements in i (or j when that is the only index), or exactly n in i and m in j. Sub-tasks are
 * eight: a mask and an index of them have room for that. */
static const struct {
    const char *name; /* or what names begin with, before '*' */
    uint64_t n, m;
    bool exact;
} known[] = {
    {"BIND_GROUP_*",                      5,  0, false},
    {"CONSTANT_BUFFER_*",                 8,  0, false},
    {"LOAD_CONSTANT_BUFFER",              16, 0, false},
    {"SET_BLEND_PER_TARGET_*",            8,  0, false},
    {"SET_CT_WRITE",                      8,  0, false},
    {"SET_PIPELINE_*",                    6,  0, false},
    {"SET_POLYGON_STIPPLE_PATTERN",       32, 0, false},
    {"SET_POSITION_W_SCALED_*",           16, 0, false},
    {"SET_SCISSOR_*",                     16, 0, false},
    {"SET_VARIABLE_PIXEL_RATE_SHADING_*", 16, 0, false},
    {"SET_VIEWPORT_*",                    16, 0, false},
    {"SUB_TASK_*",                        8,  2, true },
};

static void
correct(const struct span *s)
{
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        const size_t n = strcspn(known[i].name, "*");
        const bool hit = known[i].name[n] ? !strncmp(s->name, known[i].name, n)
                                          : !strcmp(s->name, known[i].name);

        if (!hit)
            continue;
        if (s->step_i && (known[i].exact || *s->n > known[i].n))
            *s->n = known[i].n;
        if (s->step_j && known[i].exact)
            *s->m = known[i].m;
        else if (s->step_j && !s->step_i && *s->m > known[i].n)
            *s->m = known[i].n;
    }
}

static void
measure(const struct span *all, size_t count, uint64_t end)
{
    for (size_t i = 0; i < count; i++) {
        const struct span *s = &all[i];

        *s->m = fit(all, count, s, s->step_j, s->step_i ? s->lo + s->step_i : end);
        *s->n = fit(all, count, s, s->step_i, end);
        correct(s);
    }
    level(all, count);
}

static void
item_arrays(struct imp_hw_item *item)
{
    const size_t count = item->fields.count;
    struct span *all = imp_realloc(NULL, (count + 1) * sizeof(*all));
    uint64_t end = 0;

    for (size_t i = 0; i < count; i++) {
        struct imp_hw_field *f = item->fields.items[i].value;

        all[i] = (struct span){f->name, f->lo.c, f->hi.c, f->lo.ci, f->lo.cj, &f->n, &f->m};
        if (f->hi.c + 1 > end)
            end = f->hi.c + 1;
    }
    measure(all, count, (end + 31) / 32 * 32);
    free(all);
}

void
imp_hw_arrays(struct imp_hw_sheet *s)
{
    const size_t count = s->methods.count;
    struct span *all = imp_realloc(NULL, (count + 1) * sizeof(*all));

    for (size_t i = 0; i < count; i++) {
        struct imp_hw_item *m = s->methods.items[i].value;

        all[i] = (struct span){m->name, m->at.c, m->at.c, m->at.ci, m->at.cj, &m->n, &m->m};
    }
    measure(all, count, 0x4000);
    for (size_t i = 0; i < count; i++)
        item_arrays(s->methods.items[i].value);
    for (size_t i = 0; i < s->records.count; i++)
        item_arrays(s->records.items[i].value);
    free(all);
}

/* Floats */

static bool
is_float(const char *name)
{
    static const char *const names[] = {
        "SET_ALIASED_LINE_WIDTH_FLOAT",
        "SET_ALPHA_REF",
        "SET_BLEND_CONST_*",
        "SET_COLOR_CLEAR_VALUE",
        "SET_DEPTH_BIAS",
        "SET_DEPTH_BIAS_CLAMP",
        "SET_DEPTH_BOUNDS_MAX",
        "SET_DEPTH_BOUNDS_MIN",
        "SET_LINE_WIDTH_FLOAT",
        "SET_POINT_SIZE",
        "SET_SLOPE_SCALE_DEPTH_BIAS",
        "SET_TESSELLATION_LOD_*",
        "SET_TG_LOD_INTERIOR_*",
        "SET_VIEWPORT_CLIP_MAX_Z",
        "SET_VIEWPORT_CLIP_MIN_Z",
        "SET_VIEWPORT_OFFSET_*",
        "SET_VIEWPORT_SCALE_*",
        "SET_Z_CLEAR_VALUE",
        "TEXSAMP4_BORDER_COLOR_R",
        "TEXSAMP5_BORDER_COLOR_G",
        "TEXSAMP6_BORDER_COLOR_B",
        "TEXSAMP7_BORDER_COLOR_A",
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const size_t n = strcspn(names[i], "*");

        if (names[i][n] ? !strncmp(name, names[i], n) : !strcmp(name, names[i]))
            return true;
    }
    return false;
}

/* A whole word without names of values, in a method or a field that is one. */
static void
mark_floats(const struct imp_hw_item *item, bool whole)
{
    for (size_t i = 0; i < item->fields.count; i++) {
        struct imp_hw_field *f = item->fields.items[i].value;

        f->is_float =
            f->hi.c - f->lo.c == 31 && !f->values.count && (whole || is_float(f->name));
    }
}

void
imp_hw_floats(struct imp_hw_sheet *s)
{
    for (size_t i = 0; i < s->methods.count; i++)
        mark_floats(s->methods.items[i].value, is_float(s->methods.items[i].key));
    for (size_t i = 0; i < s->records.count; i++)
        mark_floats(s->records.items[i].value, false);
}

/* Equality */

static bool
numbers_same(const struct imp_map *a, const struct imp_map *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        const uint64_t *v = imp_map_get(b, a->items[i].key);

        if (!v || *v != *(const uint64_t *)a->items[i].value)
            return false;
    }
    return true;
}

static bool
lin_same(const struct imp_lin *a, const struct imp_lin *b)
{
    return a->c == b->c && a->ci == b->ci && a->cj == b->cj;
}

bool
imp_hw_field_same(const struct imp_hw_field *a, const struct imp_hw_field *b)
{
    return lin_same(&a->hi, &b->hi) && lin_same(&a->lo, &b->lo) && a->n == b->n &&
           a->m == b->m && a->is_float == b->is_float && numbers_same(&a->values, &b->values);
}

bool
imp_hw_item_same(const struct imp_hw_item *a, const struct imp_hw_item *b)
{
    if (!lin_same(&a->at, &b->at) || a->n != b->n || a->m != b->m ||
        a->fields.count != b->fields.count)
        return false;
    for (size_t i = 0; i < a->fields.count; i++) {
        const struct imp_hw_field *f = imp_map_get(&b->fields, a->fields.items[i].key);

        if (!f || !imp_hw_field_same(a->fields.items[i].value, f))
            return false;
    }
    return true;
}

/* Partial headers */

static void
merge_numbers(struct imp_map *to, const struct imp_map *from)
{
    for (size_t i = 0; i < from->count; i++) {
        void **slot = imp_map_at(to, from->items[i].key);

        if (!*slot)
            *slot = from->items[i].value;
    }
}

static void
merge_item(struct imp_hw_item *to, const struct imp_hw_item *from)
{
    for (size_t i = 0; i < from->fields.count; i++) {
        void **slot = imp_map_at(&to->fields, from->fields.items[i].key);
        const struct imp_hw_field *old = from->fields.items[i].value;
        struct imp_hw_field *f = *slot;

        if (!f)
            *slot = from->fields.items[i].value;
        else if (lin_same(&f->lo, &old->lo) && lin_same(&f->hi, &old->hi))
            merge_numbers(&f->values, &old->values);
    }
}

static void
merge_items(struct imp_map *to, const struct imp_map *from)
{
    for (size_t i = 0; i < from->count; i++) {
        void **slot = imp_map_at(to, from->items[i].key);

        if (*slot)
            merge_item(*slot, from->items[i].value);
        else
            *slot = from->items[i].value;
    }
}

void
imp_hw_merge(struct imp_hw_sheet *s, const struct imp_hw_sheet *from)
{
    merge_items(&s->methods, &from->methods);
    merge_items(&s->records, &from->records);
    merge_numbers(&s->constants, &from->constants);
}

static void
count_item(const struct imp_hw_item *item, struct imp_class_counts *n)
{
    n->fields += item->fields.count;
    for (size_t i = 0; i < item->fields.count; i++)
        n->values += ((const struct imp_hw_field *)item->fields.items[i].value)->values.count;
}

void
imp_hw_count(struct imp_hw_sheet *s)
{
    struct imp_class_counts n = {.headers = 1,
                                 .methods = s->methods.count,
                                 .records = s->records.count,
                                 .constants = s->constants.count,
                                 .defines = s->defines};

    for (size_t i = 0; i < s->methods.count; i++)
        count_item(s->methods.items[i].value, &n);
    for (size_t i = 0; i < s->records.count; i++)
        count_item(s->records.items[i].value, &n);
    s->counts = n;
}

bool
imp_hw_complete(const struct imp_hw_sheet *s, struct imp_error *err)
{
    const struct imp_class_counts *n = &s->counts;
    const size_t found = n->methods + n->fields + n->values + n->constants;

    return found == s->defines ||
           imp_fail(err, s->unit->path, 0,
                    "%zu definitions, of which %zu were understood: %zu methods, %zu fields, "
                    "%zu values, %zu constants",
                    s->defines, found, n->methods, n->fields, n->values, n->constants);
}

void
imp_hw_fini(struct imp_hw_sheet *s)
{
    struct imp_map *maps[] = {&s->methods, &s->records};

    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < maps[k]->count; i++) {
            struct imp_hw_item *item = maps[k]->items[i].value;

            for (size_t f = 0; f < item->fields.count; f++)
                imp_map_fini(&((struct imp_hw_field *)item->fields.items[f].value)->values);
            imp_map_fini(&item->fields);
        }
        imp_map_fini(maps[k]);
    }
    imp_map_fini(&s->constants);
}
