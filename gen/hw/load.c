/* SPDX-License-Identifier: MIT */
/* Reading schemas/hw: each file gives differences from the file or record it inherits from;
 * here they become whole classes and records, and the counts of the header must come out. */
#include "hw.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define GONE "gone"

static bool
is_gone(const struct gen_node *n)
{
    return n->kind == GEN_SCALAR && !strcmp(n->text, GONE);
}

/* Vendor names begin with a capital or a digit, our keys do not. */
static bool
is_ours(const char *key)
{
    return key[0] >= 'a' && key[0] <= 'z';
}

static void
pair_of_numbers(struct gen *g, const struct gen_node *n, const char *what, uint64_t *a,
                uint64_t *b)
{
    if (n->kind != GEN_SEQ || n->n != 2) {
        gen_error(g, n->pos, "%s is not [A, B]", what);
        return;
    }
    *a = gen_scalar_number(g, n->p[0].value, what);
    *b = gen_scalar_number(g, n->p[1].value, what);
}

/* step: 4, n: 8 or step: [128, 4], n: [4, 32] */
static void
read_steps(struct gen *g, const struct gen_node *map, struct hw_lin *out)
{
    const struct gen_node *step = gen_get(map, "step"), *n = gen_get(map, "n");

    out->n = out->m = 1;
    if (!step != !n)
        gen_error(g, map->pos, "step and n go together");
    if (!step || !n)
        return;
    if (step->kind == GEN_SEQ) {
        pair_of_numbers(g, step, "step", &out->step_i, &out->step_j);
        pair_of_numbers(g, n, "n", &out->n, &out->m);
    } else {
        out->step_i = gen_scalar_number(g, step, "step");
        out->n = gen_scalar_number(g, n, "n");
    }
    if (!out->step_i || out->n < 1 || out->m < 1 || out->n > 4096 || out->m > 4096 ||
        out->step_i > 0x4000 || out->step_j > 0x4000)
        gen_error(g, step->pos, "step and n of an array must be 1 or more");
}

static void
read_values(struct gen *g, const struct gen_node *map, struct hw_values *out)
{
    const struct gen_node *named = gen_get(map, "values");

    if (named && strcmp(gen_scalar(g, named, "values"), "bool") != 0)
        gen_error(g, named->pos, "values is bool, or not there");
    if (named) {
        *gen_push(g, out) = (struct hw_value){gen_intern(g, "FALSE", 5), 0};
        *gen_push(g, out) = (struct hw_value){gen_intern(g, "TRUE", 4), 1};
    }
    for (uint32_t i = 0; i < map->n; i++) {
        if (is_ours(map->p[i].key))
            continue;
        *gen_push(g, out) =
            (struct hw_value){map->p[i].key, gen_scalar_number(g, map->p[i].value, "value")};
    }
}

static void
read_field(struct gen *g, const struct gen_pair *pair, struct hw_field *f)
{
    static const char *const ours[] = {"bits", "step", "n", "values", "type"};
    const struct gen_node *bits = pair->value;

    *f = (struct hw_field){
        .name = pair->key, .lo = {.n = 1, .m = 1}
    };
    if (pair->value->kind == GEN_MAP) {
        const struct gen_node *type = gen_get(pair->value, "type");

        for (uint32_t i = 0; i < pair->value->n; i++) {
            bool known = !is_ours(pair->value->p[i].key);

            for (size_t k = 0; k < sizeof(ours) / sizeof(ours[0]); k++)
                known |= !strcmp(pair->value->p[i].key, ours[k]);
            if (!known)
                gen_error(g, pair->value->p[i].pos, "unknown key '%s' in a field",
                          pair->value->p[i].key);
        }
        if (type && strcmp(gen_scalar(g, type, "type"), "float") != 0)
            gen_error(g, type->pos, "type is float, or not there");
        f->is_float = type != NULL;
        bits = gen_get(pair->value, "bits");
        read_steps(g, pair->value, &f->lo);
        read_values(g, pair->value, &f->values);
    }
    if (!bits) {
        gen_error(g, pair->pos, "field '%s' has no bits", pair->key);
        return;
    }
    pair_of_numbers(g, bits, "bits", &f->hi, &f->lo.at);
    if (f->lo.at > f->hi || f->hi - f->lo.at > 63 || f->hi > 0x3fff)
        gen_error(g, pair->pos, "field '%s' has bits %" PRIu64 " to %" PRIu64, pair->key, f->hi,
                  f->lo.at);
    if (f->is_float && (f->hi - f->lo.at != 31 || f->values.n))
        gen_error(g, pair->pos, "field '%s' is a float of not 32 bits", pair->key);
}

static struct hw_field *
find_field(const struct hw_item *item, const char *name)
{
    for (uint32_t i = 0; i < item->fields.n; i++)
        if (!strcmp(item->fields.p[i].name, name))
            return &item->fields.p[i];
    return NULL;
}

static struct hw_item *
find_item(const struct hw_items *items, const char *name)
{
    for (uint32_t i = 0; i < items->n; i++)
        if (!strcmp(items->p[i].name, name))
            return &items->p[i];
    return NULL;
}

static void
copy_fields(struct gen *g, struct hw_item *to, const struct hw_item *from)
{
    to->fields.p = NULL;
    to->fields.n = to->fields.cap = 0;
    for (uint32_t i = 0; i < from->fields.n; i++)
        *gen_push(g, &to->fields) = from->fields.p[i];
}

static void
drop_field(struct gen *g, struct hw_item *item, const struct gen_pair *pair)
{
    struct hw_field *f = find_field(item, pair->key);

    if (!f || !item->fields.p) {
        gen_error(g, pair->pos, "field '%s' is gone but was never there", pair->key);
        return;
    }
    *f = item->fields.p[--item->fields.n];
}

/* The differences that a map gives. */
static void
apply_fields(struct gen *g, const struct gen_node *map, struct hw_item *item, uint64_t bits)
{
    for (uint32_t i = 0; i < map->n; i++) {
        const struct gen_pair *pair = &map->p[i];
        struct hw_field *f;

        if (is_ours(pair->key))
            continue;
        if (is_gone(pair->value)) {
            drop_field(g, item, pair);
            continue;
        }
        f = find_field(item, pair->key);
        f = f ? f : gen_push(g, &item->fields);
        read_field(g, pair, f);
        if (bits && f->hi >= bits)
            gen_error(g, pair->pos, "field '%s' ends at bit %" PRIu64 " of %" PRIu64, pair->key,
                      f->hi, bits);
    }
}

static int
by_low_bit(const void *a, const void *b)
{
    const struct hw_field *x = a, *y = b;

    if (x->lo.at != y->lo.at)
        return x->lo.at < y->lo.at ? -1 : 1;
    if (x->hi != y->hi)
        return x->hi < y->hi ? -1 : 1;
    return strcmp(x->name, y->name);
}

static void
sort_fields(struct hw_item *item)
{
    if (item->fields.n)
        qsort(item->fields.p, item->fields.n, sizeof(*item->fields.p), by_low_bit);
}

static void
read_method(struct gen *g, struct hw_sheet *s, const struct gen_pair *pair)
{
    static const char *const needs[] = {"at"};
    const struct gen_node *at = gen_get(pair->value, needs[0]);
    struct hw_item *m = find_item(&s->methods, pair->key);

    gen_check_name(g, pair->pos, pair->key);
    if (is_gone(pair->value)) {
        if (m)
            *m = s->methods.p[--s->methods.n];
        else
            gen_error(g, pair->pos, "method '%s' is gone but was never there", pair->key);
        return;
    }
    if (pair->value->kind != GEN_MAP || (!m && !at)) {
        gen_error(g, pair->pos, "method '%s' has no address (at:)", pair->key);
        return;
    }
    if (!m) {
        m = gen_push(g, &s->methods);
        *m = (struct hw_item){.name = pair->key};
    }
    m->pos = pair->pos;
    if (at) {
        m->at = (struct hw_lin){.at = gen_scalar_number(g, at, "at")};
        read_steps(g, pair->value, &m->at);
    }
    if (m->at.at > 0x3fff || m->at.at & 3)
        gen_error(g, pair->pos, "method '%s' lies at 0x%" PRIx64, pair->key, m->at.at);
    apply_fields(g, pair->value, m, 32);
    sort_fields(m);
}

static void resolve(struct gen *g, struct hw_set *set, struct hw_sheet *s);

/* inherits: c6c0/QMDV02_03 */
static const struct hw_item *
base_record(struct gen *g, struct hw_set *set, struct hw_sheet *s, const struct gen_node *n)
{
    const char *text = gen_scalar(g, n, "inherits");
    const char *slash = strchr(text, '/');
    struct hw_sheet *from = NULL;
    const struct hw_item *item;

    if (slash)
        from = hw_find(set, s->kind, gen_intern(g, text, (size_t)(slash - text)));
    if (from && from != s)
        resolve(g, set, from);
    item = from ? find_item(&from->records, slash + 1) : NULL;
    if (!item)
        gen_error(g, n->pos, "there is no record '%s' before this one", text);
    return item;
}

static void
read_record(struct gen *g, struct hw_set *set, struct hw_sheet *s, const struct gen_pair *pair)
{
    const struct gen_node *inherits = gen_get(pair->value, "inherits");
    const struct gen_node *prefix = gen_get(pair->value, "prefix");
    const struct gen_node *order = gen_get(pair->value, "order");
    const struct hw_item *base = inherits ? base_record(g, set, s, inherits) : NULL;
    struct hw_item item = {
        .name = pair->key, .pos = pair->pos, .at = {.n = 1, .m = 1}
    };

    gen_check_name(g, pair->pos, pair->key);
    if (pair->value->kind != GEN_MAP) {
        gen_error(g, pair->pos, "record '%s' is not a map of fields", pair->key);
        return;
    }
    if (base)
        copy_fields(g, &item, base);
    item.prefix = prefix || (base && !base->prefix[0]) ? "" : gen_internf(g, "%s_", pair->key);
    if (order && strcmp(gen_scalar(g, order, "order"), "high-first") != 0)
        gen_error(g, order->pos, "order is high-first, or not there");
    item.high_first = order || (base && base->high_first);
    apply_fields(g, pair->value, &item, 0);
    sort_fields(&item);
    *gen_push(g, &s->records) = item;
}

static void
read_constant(struct gen *g, struct hw_sheet *s, const struct gen_pair *pair)
{
    uint32_t i = 0;

    while (i < s->constants.n && strcmp(s->constants.p[i].name, pair->key) != 0)
        i++;
    if (is_gone(pair->value)) {
        if (i == s->constants.n)
            gen_error(g, pair->pos, "constant '%s' is gone but was never there", pair->key);
        else
            s->constants.p[i] = s->constants.p[--s->constants.n];
        return;
    }
    if (i == s->constants.n)
        gen_push(g, &s->constants)->name = pair->key;
    s->constants.p[i].value = gen_scalar_number(g, pair->value, "constant");
}

static void
inherit(struct gen *g, struct hw_sheet *s)
{
    const struct hw_sheet *p = s->parent;

    for (uint32_t i = 0; i < p->methods.n; i++) {
        struct hw_item *m = gen_push(g, &s->methods);

        *m = p->methods.p[i];
        copy_fields(g, m, &p->methods.p[i]);
    }
    for (uint32_t i = 0; i < p->constants.n; i++)
        *gen_push(g, &s->constants) = p->constants.p[i];
}

static void
add_up(const struct hw_items *items, uint64_t *fields, uint64_t *values)
{
    for (uint32_t i = 0; i < items->n; i++) {
        *fields += items->p[i].fields.n;
        for (uint32_t k = 0; k < items->p[i].fields.n; k++)
            *values += items->p[i].fields.p[k].values.n;
    }
}

/* counts: what the importer found in the header, parents included. */
static void
check_counts(struct gen *g, const struct hw_sheet *s)
{
    static const char *const keys[] = {"methods", "records",   "fields",
                                       "values",  "constants", NULL};
    const struct gen_node *counts = gen_get(s->root, "counts");
    uint64_t have[5] = {s->methods.n, s->records.n, 0, 0, s->constants.n};

    add_up(&s->methods, &have[2], &have[3]);
    add_up(&s->records, &have[2], &have[3]);
    if (!counts) {
        gen_error(g, s->root->pos, "the file has no counts");
        return;
    }
    gen_check_keys(g, counts, "counts", keys);
    for (int i = 0; keys[i]; i++) {
        const struct gen_node *n = gen_get(counts, keys[i]);
        const uint64_t want = n ? gen_scalar_number(g, n, keys[i]) : 0;

        if (want != have[i])
            gen_error(g, counts->pos, "the header has %" PRIu64 " %s, the file %" PRIu64, want,
                      keys[i], have[i]);
    }
}

static int
by_address(const void *a, const void *b)
{
    const struct hw_item *x = a, *y = b;
    const int ax = x->at.step_i != 0, ay = y->at.step_i != 0;

    if (ax != ay)
        return ax - ay;
    if (x->at.at != y->at.at)
        return x->at.at < y->at.at ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* A part of the file; NULL when it is not there or no map. */
static const struct gen_node *
part(struct gen *g, const struct hw_sheet *s, const char *key)
{
    const struct gen_node *n = gen_get(s->root, key);

    if (n && n->kind != GEN_MAP) {
        gen_error(g, n->pos, "%s is not a map", key);
        return NULL;
    }
    return n;
}

static void
resolve(struct gen *g, struct hw_set *set, struct hw_sheet *s)
{
    const struct gen_node *methods = part(g, s, "methods");
    const struct gen_node *records = part(g, s, "records");
    const struct gen_node *constants = part(g, s, "constants");

    if (s->resolved)
        return;
    if (s->resolving) {
        gen_error(g, s->root->pos, "the file inherits from itself");
        gen_die(g);
    }
    s->resolving = true;
    if (s->parent) {
        resolve(g, set, s->parent);
        inherit(g, s);
    }
    for (uint32_t i = 0; constants && i < constants->n; i++)
        read_constant(g, s, &constants->p[i]);
    for (uint32_t i = 0; methods && i < methods->n; i++)
        read_method(g, s, &methods->p[i]);
    for (uint32_t i = 0; records && i < records->n; i++)
        read_record(g, set, s, &records->p[i]);
    if (s->methods.n)
        qsort(s->methods.p, s->methods.n, sizeof(*s->methods.p), by_address);
    check_counts(g, s);
    s->resolved = true;
}

struct hw_sheet *
hw_find(const struct hw_set *set, const char *kind, const char *stem)
{
    for (uint32_t i = 0; i < set->n; i++)
        if (!strcmp(set->p[i].kind, kind) && !strcmp(set->p[i].stem, stem))
            return &set->p[i];
    return NULL;
}

/* "schemas/hw/qmd/c6c0.yaml": kind qmd, stem c6c0. */
static void
name_sheet(struct gen *g, struct hw_sheet *s, const char *path)
{
    const char *base = strrchr(path, '/'), *dot, *dir;

    s->file = path;
    s->kind = s->stem = "";
    if (!base)
        return;
    dir = base;
    while (dir > path && dir[-1] != '/')
        dir--;
    base++;
    dot = strrchr(base, '.');
    s->kind = gen_intern(g, dir, (size_t)(base - 1 - dir));
    s->stem = gen_intern(g, base, dot ? (size_t)(dot - base) : strlen(base));
}

static void
open_sheet(struct gen *g, struct hw_sheet *s, const char *path)
{
    static const char *const keys[] = {"source", "class",     "id",      "inherits", "partial",
                                       "counts", "constants", "methods", "records",  NULL};
    const struct gen_node *id, *name;

    name_sheet(g, s, path);
    s->root = gen_yaml_file(g, path);
    if (!s->root || s->root->kind != GEN_MAP)
        gen_die(g);
    gen_check_keys(g, s->root, "file", keys);
    id = gen_get(s->root, "id");
    name = gen_get(s->root, "class");
    s->name = name ? gen_scalar(g, name, "class") : "";
    s->id = id ? gen_scalar_number(g, id, "id") : 0;
    if (!s->id || s->id > 0xffff)
        gen_error(g, s->root->pos, "a file has the id: of its class");
}

void
hw_load(struct gen *g, struct hw_set *set, char **files, uint32_t count)
{
    set->p = gen_alloc(g, (count + 1) * sizeof(*set->p));
    set->n = count;
    for (uint32_t i = 0; i < count; i++)
        open_sheet(g, &set->p[i], files[i]);
    for (uint32_t i = 0; i < count; i++) {
        struct hw_sheet *s = &set->p[i];
        const struct gen_node *inherits = gen_get(s->root, "inherits");

        if (!inherits)
            continue;
        s->parent = hw_find(set, s->kind, gen_scalar(g, inherits, "inherits"));
        if (!s->parent)
            gen_error(g, inherits->pos, "there is no file %s/%s.yaml", s->kind, inherits->text);
    }
    gen_stop_on_errors(g);
    for (uint32_t i = 0; i < count; i++)
        resolve(g, set, &set->p[i]);
    gen_stop_on_errors(g);
}
