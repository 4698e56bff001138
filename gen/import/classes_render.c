/* SPDX-License-Identifier: MIT */
/* A sheet as YAML. What equals the parent is left out; what the parent has and the sheet lacks
 * is `gone`. A method or record on one line when it is short, else a line for each field. */
#include "classes_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 100

/* A key that YAML 1.1 would not read as text is quoted. */
static void
key(struct imp_buf *out, const char *name)
{
    static const char *const words[] = {"Y",   "N",    "YES",   "NO",  "ON",
                                        "OFF", "TRUE", "FALSE", "NULL"};
    bool quote = name[0] >= '0' && name[0] <= '9';

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        quote |= !strcmp(name, words[i]);
    imp_buf_printf(out, quote ? "\"%s\": " : "%s: ", name);
}

static bool
is_bool(const struct imp_map *values)
{
    const uint64_t *no = imp_map_get(values, "FALSE"), *yes = imp_map_get(values, "TRUE");

    return values->count == 2 && no && yes && *no == 0 && *yes == 1;
}

static void
steps(struct imp_buf *out, const struct imp_lin *at, uint64_t n, uint64_t m)
{
    if (at->ci && at->cj)
        imp_buf_printf(out, ", step: [%llu, %llu], n: [%llu, %llu]", (unsigned long long)at->ci,
                       (unsigned long long)at->cj, (unsigned long long)n,
                       (unsigned long long)m);
    else if (at->ci || at->cj)
        imp_buf_printf(out, ", step: %llu, n: %llu", (unsigned long long)(at->ci + at->cj),
                       (unsigned long long)(at->ci ? n : m));
}

static void
field(struct imp_buf *out, const struct imp_hw_field *f)
{
    key(out, f->name);
    if (!f->values.count && !f->lo.ci && !f->lo.cj && !f->is_float) {
        imp_buf_printf(out, "[%llu, %llu]", (unsigned long long)f->hi.c,
                       (unsigned long long)f->lo.c);
        return;
    }
    imp_buf_printf(out, "{bits: [%llu, %llu]", (unsigned long long)f->hi.c,
                   (unsigned long long)f->lo.c);
    steps(out, &f->lo, f->n, f->m);
    imp_buf_str(out, f->is_float ? ", type: float" : "");
    if (is_bool(&f->values)) {
        imp_buf_str(out, ", values: bool}");
        return;
    }
    for (size_t i = 0; i < f->values.count; i++) {
        const uint64_t v = *(const uint64_t *)f->values.items[i].value;

        imp_buf_str(out, ", ");
        key(out, f->values.items[i].key);
        imp_buf_printf(out, v < 10 ? "%llu" : "0x%llx", (unsigned long long)v);
    }
    imp_buf_str(out, "}");
}

/* The parts of a map, on one line or on many. */
struct parts {
    struct imp_buf text; /* each ended by NUL */
    size_t count;
};

static void
end_part(struct parts *p)
{
    imp_buf_add(&p->text, "", 1);
    p->count++;
}

static void
flush(struct imp_buf *out, const char *name, struct parts *p)
{
    const char *part = p->text.data;
    const size_t head = out->len;

    imp_buf_str(out, "  ");
    key(out, name);
    if (out->len - head + p->text.len + 2 * p->count < WIDTH) {
        imp_buf_str(out, "{");
        for (size_t i = 0; i < p->count; i++, part += strlen(part) + 1)
            imp_buf_printf(out, "%s%s", i ? ", " : "", part);
        imp_buf_str(out, "}\n");
    } else {
        out->data[--out->len] = '\0'; /* the blank behind the colon */
        imp_buf_str(out, "\n");
        for (size_t i = 0; i < p->count; i++, part += strlen(part) + 1)
            imp_buf_printf(out, "    %s\n", part);
    }
    imp_buf_fini(&p->text);
}

/* Fields that differ from base's (NULL: all). Returns how many lines that takes. */
static size_t
fields(struct parts *p, const struct imp_hw_item *item, const struct imp_hw_item *base)
{
    size_t n = 0;

    for (size_t i = 0; i < item->fields.count; i++) {
        const struct imp_hw_field *f = item->fields.items[i].value;
        const struct imp_hw_field *old = base ? imp_map_get(&base->fields, f->name) : NULL;

        if (old && imp_hw_field_same(f, old))
            continue;
        n++;
        if (p) {
            field(&p->text, f);
            end_part(p);
        }
    }
    for (size_t i = 0; base && i < base->fields.count; i++) {
        const char *name = base->fields.items[i].key;

        if (imp_map_get(&item->fields, name))
            continue;
        n++;
        if (p) {
            key(&p->text, name);
            imp_buf_str(&p->text, "gone");
            end_part(p);
        }
    }
    return n;
}

static void
method(struct imp_buf *out, const struct imp_hw_item *m, const struct imp_hw_item *old)
{
    struct parts p = {0};
    const bool moved = !old || old->at.c != m->at.c || old->at.ci != m->at.ci ||
                       old->at.cj != m->at.cj || old->n != m->n || old->m != m->m;

    if (old && imp_hw_item_same(m, old))
        return;
    if (moved) {
        imp_buf_printf(&p.text, "at: 0x%llx", (unsigned long long)m->at.c);
        steps(&p.text, &m->at, m->n, m->m);
        /* "at: 0x0, step: 4, n: 8": one part a key, for the form with lines */
        for (size_t i = 0; i + 1 < p.text.len; i++)
            if (!strncmp(p.text.data + i, ", step", 6) ||
                !strncmp(p.text.data + i, ", n:", 4)) {
                p.text.data[i] = '\0';
                memmove(p.text.data + i + 1, p.text.data + i + 2, p.text.len - i - 1);
                p.text.len--;
                p.count++;
            }
        end_part(&p);
    }
    (void)fields(&p, m, old);
    flush(out, m->name, &p);
}

static int
by_address(const void *a, const void *b)
{
    const struct imp_hw_item *x = *(const struct imp_hw_item *const *)a;
    const struct imp_hw_item *y = *(const struct imp_hw_item *const *)b;

    return (x->at.c > y->at.c) - (x->at.c < y->at.c);
}

static void
methods(struct imp_arena *a, const struct imp_hw_sheet *s, struct imp_buf *out)
{
    const size_t n = s->methods.count;
    const struct imp_hw_item **sorted = imp_alloc(a, (n + 1) * sizeof(const void *));
    const size_t mark = out->len;

    for (size_t i = 0; i < n; i++)
        sorted[i] = s->methods.items[i].value;
    qsort(sorted, n, sizeof(const void *), by_address);
    imp_buf_str(out, "methods:\n");
    const size_t empty = out->len;
    for (size_t i = 0; i < n; i++)
        method(out, sorted[i],
               s->parent ? imp_map_get(&s->parent->methods, sorted[i]->name) : NULL);
    for (size_t i = 0; s->parent && i < s->parent->methods.count; i++)
        if (!imp_map_get(&s->methods, s->parent->methods.items[i].key))
            imp_buf_printf(out, "  %s: gone\n", s->parent->methods.items[i].key);
    if (out->len == empty)
        out->data[out->len = mark] = '\0';
}

/* Records */

struct base {
    const struct imp_hw_sheet *sheet;
    const struct imp_hw_item *item;
    size_t cost;
};

static void
consider(struct base *best, const struct imp_hw_sheet *s, const struct imp_hw_item *item,
         const struct imp_hw_item *candidate)
{
    const size_t cost = fields(NULL, item, candidate);

    if (cost < best->cost && !item->prefix == !candidate->prefix)
        *best = (struct base){s, candidate, cost};
}

static struct base
find_base(const struct imp_hw_sheet *s, size_t index, struct imp_hw_sheet *const *earlier,
          size_t earlier_count)
{
    const struct imp_hw_item *item = s->records.items[index].value;
    struct base best = {.cost = item->fields.count / 2};

    for (size_t i = earlier_count; i-- > 0;)
        for (size_t k = 0; k < earlier[i]->records.count; k++)
            consider(&best, earlier[i], item, earlier[i]->records.items[k].value);
    for (size_t k = 0; k < index; k++)
        consider(&best, s, item, s->records.items[k].value);
    return best;
}

static void
records(const struct imp_hw_sheet *s, struct imp_hw_sheet *const *earlier, size_t earlier_count,
        struct imp_buf *out)
{
    imp_buf_str(out, s->records.count ? "records:\n" : "");
    for (size_t i = 0; i < s->records.count; i++) {
        const struct imp_hw_item *item = s->records.items[i].value;
        const struct base base = find_base(s, i, earlier, earlier_count);
        struct parts p = {0};

        if (base.item) {
            imp_buf_printf(&p.text, "inherits: %s/%s", strchr(base.sheet->unit->out, '/') + 1,
                           base.item->name);
            end_part(&p);
        } else if (!item->prefix) {
            imp_buf_str(&p.text, "prefix: \"\"");
            end_part(&p);
        }
        (void)fields(&p, item, base.item);
        flush(out, item->name, &p);
    }
}

static void
constants(const struct imp_hw_sheet *s, struct imp_buf *out)
{
    bool any = false;

    for (size_t i = 0; i < s->constants.count; i++) {
        const uint64_t v = *(const uint64_t *)s->constants.items[i].value;
        const uint64_t *old =
            s->parent ? imp_map_get(&s->parent->constants, s->constants.items[i].key) : NULL;

        if (old && *old == v)
            continue;
        imp_buf_printf(out, "%s  %s: 0x%llx\n", any ? "" : "constants:\n",
                       s->constants.items[i].key, (unsigned long long)v);
        any = true;
    }
    for (size_t i = 0; s->parent && i < s->parent->constants.count; i++)
        if (!imp_map_get(&s->constants, s->parent->constants.items[i].key)) {
            imp_buf_printf(out, "%s  %s: gone\n", any ? "" : "constants:\n",
                           s->parent->constants.items[i].key);
            any = true;
        }
}

void
imp_hw_render(struct imp_arena *a, const struct imp_hw_sheet *s,
              struct imp_hw_sheet *const *earlier, size_t earlier_count, const char *source,
              struct imp_buf *out)
{
    imp_buf_printf(out,
                   "# SPDX-License-Identifier: MIT\n"
                   "# Copyright (c) 1993-2026 NVIDIA CORPORATION & AFFILIATES. All rights "
                   "reserved.\n"
                   "# Used under the permission notice in LICENSE. Imported by nvrm-import "
                   "--classes; do not edit.\n"
                   "source: {%s, path: %s%s%s}\n",
                   source, s->unit->path, s->unit->also ? ", also: " : "",
                   s->unit->also ? s->unit->also : "");
    if (s->name)
        imp_buf_printf(out, "class: %s\n", s->name);
    imp_buf_printf(out, "id: 0x%04x\n", (unsigned)s->unit->id);
    if (s->parent && s->methods.count)
        imp_buf_printf(out, "inherits: %s\n", strchr(s->parent->unit->out, '/') + 1);
    if (s->unit->partial)
        imp_buf_str(out, "partial: true\n");
    imp_buf_printf(out,
                   "counts: {methods: %zu, records: %zu, fields: %zu, values: %zu, constants: "
                   "%zu}\n",
                   s->counts.methods, s->counts.records, s->counts.fields, s->counts.values,
                   s->counts.constants);
    constants(s, out);
    methods(a, s, out);
    records(s, earlier, earlier_count, out);
}
