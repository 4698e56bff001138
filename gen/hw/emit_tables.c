/* SPDX-License-Identifier: MIT */
/* The tables of nvrm/hw.h. What classes share (names, lists of values, fields, whole methods)
 * is stored once; rows refer to each other by number. */
#include "hw.h"

#include <nvrm/hw.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Rows that are written once each: a row's text is its key. */
struct rows {
    struct gen_map index;
    struct gen_text text;
    uint32_t n;
};

struct tables {
    struct gen *g;
    struct gen_map names; /* -> offset */
    struct gen_text pool;
    struct gen_map lists; /* lists of values and of fields, as text -> first row */
    struct gen_text values, fields;
    uint32_t pool_bytes, value_count, field_count;
    struct rows items;
    struct gen_text indexes, constants, classes; /* u16 item numbers; value rows; class rows */
    uint32_t index_count, constant_count, class_count;
};

static uint32_t
name(struct tables *t, const char *text)
{
    uint32_t at = gen_map_get(&t->names, text);

    if (at != UINT32_MAX)
        return at;
    at = t->pool_bytes;
    gen_map_set(t->g, &t->names, text, at);
    gen_textf(t->g, &t->pool, "    \"%s\\0\"\n", text);
    t->pool_bytes += (uint32_t)strlen(text) + 1;
    return at;
}

/* Values in the order of the header: the first name of a number is the one that is shown. */
static uint32_t
value_list(struct tables *t, const struct hw_values *v)
{
    struct gen_text key = {0};
    const char *text;
    uint32_t first;

    if (!v->n)
        return 0;
    for (uint32_t i = 0; i < v->n; i++) {
        if (v->p[i].value > UINT32_MAX)
            gen_error(t->g, (struct gen_pos){"values", 0}, "%s is over 32 bits", v->p[i].name);
        gen_textf(t->g, &key, "    {%u, 0x%" PRIx64 "u},\n", name(t, v->p[i].name),
                  v->p[i].value);
    }
    text = gen_intern(t->g, key.p, key.n);
    first = gen_map_get(&t->lists, text);
    if (first != UINT32_MAX)
        return first;
    first = t->value_count;
    gen_map_set(t->g, &t->lists, text, first);
    gen_text_add(t->g, &t->values, key.p, key.n);
    t->value_count += v->n;
    return first;
}

static uint32_t
field_list(struct tables *t, const struct hw_item *item)
{
    struct gen_text key = {0};
    const char *text;
    uint32_t first;

    if (!item->fields.n)
        return 0;
    for (uint32_t i = 0; i < item->fields.n; i++) {
        const struct hw_field *f = &item->fields.p[i];

        gen_textf(t->g, &key,
                  "    {%u, %" PRIu64 ", %" PRIu64 ", %" PRIu64 ", %" PRIu64 ", %" PRIu64
                  ", %" PRIu64 ", %u, %u},\n",
                  name(t, f->name), f->lo.at, f->hi, f->lo.step_i, f->lo.step_j, f->lo.n,
                  f->lo.m, f->is_float ? NVRM_HW_FLOAT : value_list(t, &f->values),
                  f->values.n);
    }
    text = gen_intern(t->g, key.p, key.n);
    first = gen_map_get(&t->lists, text);
    if (first != UINT32_MAX)
        return first;
    first = t->field_count;
    gen_map_set(t->g, &t->lists, text, first);
    gen_text_add(t->g, &t->fields, key.p, key.n);
    t->field_count += item->fields.n;
    return first;
}

static uint64_t
words_of(const struct hw_item *item)
{
    uint64_t end = 1;

    for (uint32_t i = 0; i < item->fields.n; i++) {
        const struct hw_field *f = &item->fields.p[i];
        const uint64_t last =
            f->hi + (f->lo.n - 1) * f->lo.step_i + (f->lo.m - 1) * f->lo.step_j;

        end = last + 1 > end ? last + 1 : end;
    }
    return (end + 31) / 32;
}

static void
add_index(struct tables *t, const struct hw_item *item)
{
    const char *row = gen_internf(t->g,
                                  "    {%u, 0x%" PRIx64 ", %" PRIu64 ", %" PRIu64 ", %" PRIu64
                                  ", %" PRIu64 ", %" PRIu64 ", %u, %u},\n",
                                  name(t, item->name), item->high_first ? 1 : item->at.at,
                                  words_of(item), item->at.step_i, item->at.step_j, item->at.n,
                                  item->at.m, field_list(t, item), item->fields.n);
    uint32_t at = gen_map_get(&t->items.index, row);

    if (at == UINT32_MAX) {
        at = t->items.n++;
        gen_map_set(t->g, &t->items.index, row, at);
        gen_textf(t->g, &t->items.text, "%s", row);
    }
    gen_textf(t->g, &t->indexes, "%u,%s", at, t->index_count % 16 == 15 ? "\n    " : " ");
    t->index_count++;
}

static void
add_class(struct tables *t, const struct hw_set *set, uint64_t id)
{
    const uint32_t methods = t->index_count, constants = t->constant_count;
    uint32_t arrays, records;
    uint64_t parent = 0;
    const char *called = "";

    for (uint32_t i = 0; i < set->n; i++) {
        const struct hw_sheet *s = &set->p[i];

        if (s->id != id || (!s->methods.n && !s->name[0]))
            continue;
        called = s->name;
        parent = s->parent ? s->parent->id : 0;
        for (uint32_t k = 0; k < s->methods.n && !s->methods.p[k].at.step_i; k++)
            add_index(t, &s->methods.p[k]);
    }
    arrays = t->index_count - methods;
    for (uint32_t i = 0; i < set->n; i++)
        for (uint32_t k = 0; set->p[i].id == id && k < set->p[i].methods.n; k++)
            if (set->p[i].methods.p[k].at.step_i)
                add_index(t, &set->p[i].methods.p[k]);
    records = t->index_count;
    for (uint32_t i = 0; i < set->n; i++)
        for (uint32_t k = 0; set->p[i].id == id && k < set->p[i].records.n; k++)
            add_index(t, &set->p[i].records.p[k]);
    for (uint32_t i = 0; i < set->n; i++)
        for (uint32_t k = 0; set->p[i].id == id && k < set->p[i].constants.n; k++) {
            gen_textf(t->g, &t->constants, "    {%u, 0x%" PRIx64 "u},\n",
                      name(t, set->p[i].constants.p[k].name), set->p[i].constants.p[k].value);
            t->constant_count++;
        }
    gen_textf(t->g, &t->classes,
              "    {%u, 0x%04" PRIx64 ", 0x%04" PRIx64 ", %u, %u, %u, %u, %u, %u, %u},\n",
              name(t, called), id, parent, methods, records - methods, arrays, records,
              t->index_count - records, constants, t->constant_count - constants);
    t->class_count++;
}

static void
emit_part(struct gen *g, struct gen_text *out, const char *type, const char *symbol,
          const struct gen_text *rows, uint32_t count)
{
    gen_textf(g, out, "\nconst %s %s[%u] = {\n%.*s};\n", type, symbol, count ? count : 1,
              rows->p ? (int)rows->n : 2, rows->p ? rows->p : "0,");
}

void
hw_emit_tables(struct gen *g, const struct hw_set *set, struct gen_text *out)
{
    struct tables t = {.g = g};
    uint64_t last = 0;

    name(&t, "");
    for (;;) { /* ids in order */
        uint64_t next = UINT64_MAX;

        for (uint32_t i = 0; i < set->n; i++)
            if (set->p[i].id > last && set->p[i].id < next)
                next = set->p[i].id;
        if (next == UINT64_MAX)
            break;
        add_class(&t, set, next);
        last = next;
    }
    if (t.items.n > UINT16_MAX || t.field_count > UINT16_MAX || t.value_count > UINT16_MAX ||
        t.index_count > UINT16_MAX)
        gen_error(g, (struct gen_pos){"schemas/hw", 0}, "more rows than 16 bits can number");
    gen_textf(
        g, out,
        "/* SPDX-License-Identifier: MIT */\n"
        "/* Copyright (c) 1993-2026 NVIDIA CORPORATION & AFFILIATES. All rights "
        "reserved.\n"
        " * Used under the permission notice in LICENSE. Made by nvrm-hw from schemas/hw. "
        "*/\n"
        "#include \"hw_priv.h\"\n");
    emit_part(g, out, "struct nvrm_hw_class", "nvrm_hw_classes", &t.classes, t.class_count);
    gen_textf(g, out, "const unsigned nvrm_hw_classes_n = %u;\n", t.class_count);
    emit_part(g, out, "uint16_t", "nvrm_hw_indexes", &t.indexes, t.index_count);
    emit_part(g, out, "struct nvrm_hw_item", "nvrm_hw_items", &t.items.text, t.items.n);
    emit_part(g, out, "struct nvrm_hw_field", "nvrm_hw_fields", &t.fields, t.field_count);
    emit_part(g, out, "struct nvrm_hw_value", "nvrm_hw_values", &t.values, t.value_count);
    emit_part(g, out, "struct nvrm_hw_value", "nvrm_hw_constants", &t.constants,
              t.constant_count);
    gen_textf(g, out, "\nconst char nvrm_hw_pool[] =\n%.*s    ;\n", (int)t.pool.n, t.pool.p);
}
