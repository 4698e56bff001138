/* SPDX-License-Identifier: MIT */
/*
 * Methods, records and their fields by the names that the generated headers give them.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <nvrm/hw.h>

#include "describe.h"
#include "help_hw.h"

static json_t *
values_of(const struct nvrm_hw_field *f)
{
    struct gsp_text text = {0};
    json_t *list;

    for (unsigned i = 0; i < f->value_count; i++) {
        const struct nvrm_hw_value *v = nvrm_hw_value_at(f, i);

        gsp_text_printf(&text, "%s%s=0x%x", i ? " " : "", nvrm_hw_text(v->name), v->value);
    }
    list = json_string(text.data ? text.data : "");
    gsp_text_fini(&text);
    return list;
}

/* One row a field; with a value, what it holds there. */
static json_t *
field_row(const struct nvrm_hw_field *f, const char *value)
{
    json_t *row =
        json_pack("{s:o, s:s}", "bits", json_sprintf("%u:%u", (unsigned)f->hi, (unsigned)f->lo),
                  "name", nvrm_hw_text(f->name));

    if (f->step_i)
        json_object_set_new(
            row, "elements",
            json_sprintf("%u, %u bits apart", (unsigned)(f->n * f->m), (unsigned)f->step_i));
    if (value) {
        const uint32_t words[3] = {(uint32_t)strtoull(value, NULL, 0)};
        const uint64_t v = f->hi < 32 ? nvrm_hw_get(f, words, 0, 0) : 0;
        const char *name = nvrm_hw_value_name(f, v);

        json_object_set_new(row, "value", cli_hex(v));
        if (name)
            json_object_set_new(row, "means", json_string(name));
    } else if (f->value_count) {
        json_object_set_new(row, "values", values_of(f));
    }
    return row;
}

static json_t *
field_rows(const struct nvrm_hw_item *item, const char *value)
{
    json_t *rows = json_array();

    for (unsigned k = 0; k < item->field_count; k++)
        json_array_append_new(rows, field_row(nvrm_hw_field_at(item, k), value));
    return rows;
}

static json_t *
method_doc(const struct nvrm_hw_class *c, const struct nvrm_hw_item *m, const char *value)
{
    json_t *doc = json_pack("{s:s, s:o, s:s, s:o}", "kind", "method", "name",
                            json_sprintf("NV%04X_%s", (unsigned)c->id, nvrm_hw_text(m->name)),
                            "class", nvrm_hw_text(c->name), "address", cli_hex(m->at));

    if (m->step_i)
        json_object_set_new(
            doc, "elements",
            json_sprintf("%u, 0x%x apart", (unsigned)m->n, (unsigned)m->step_i));
    if (m->step_j)
        json_object_set_new(
            doc, "of", json_sprintf("%u, 0x%x apart", (unsigned)m->m, (unsigned)m->step_j));
    if (value)
        json_object_set_new(doc, "value", cli_hex(strtoull(value, NULL, 0)));
    json_object_set_new(doc, "bits", field_rows(m, value));
    return doc;
}

static json_t *
record_doc(const struct nvrm_hw_class *c, const struct nvrm_hw_item *r)
{
    return json_pack("{s:s, s:o, s:i, s:o}", "kind", "record", "name",
                     json_sprintf("NV%04X_%s", (unsigned)c->id, nvrm_hw_text(r->name)), "words",
                     (int)r->words, "bits", field_rows(r, NULL));
}

/* A field of a record, "QMDV03_00_QMD_TYPE". */
static json_t *
record_field_doc(const struct nvrm_hw_class *c, const struct nvrm_hw_item *r, const char *name)
{
    const size_t n = strlen(nvrm_hw_text(r->name));
    const bool inside = !strncasecmp(name, nvrm_hw_text(r->name), n) && name[n] == '_';
    json_t *rows;

    for (unsigned k = 0; inside && k < r->field_count; k++) {
        const struct nvrm_hw_field *f = nvrm_hw_field_at(r, k);

        if (strcasecmp(nvrm_hw_text(f->name), name + n + 1) != 0)
            continue;
        rows = json_array();
        json_array_append_new(rows, field_row(f, NULL));
        return json_pack("{s:s, s:o, s:s, s:o}", "kind", "record field", "name",
                         json_sprintf("NV%04X_%s_%s", (unsigned)c->id, nvrm_hw_text(r->name),
                                      nvrm_hw_text(f->name)),
                         "record", nvrm_hw_text(r->name), "bits", rows);
    }
    return NULL;
}

/* What a class has by a name, without the class in front. */
static void
search_class(const struct nvrm_hw_class *c, const char *name, const char *value, json_t *docs)
{
    for (unsigned i = 0; i < c->method_count; i++) {
        const struct nvrm_hw_item *m = nvrm_hw_method_at(c, i);

        if (!strcasecmp(nvrm_hw_text(m->name), name))
            json_array_append_new(docs, method_doc(c, m, value));
    }
    for (unsigned i = 0; i < c->record_count; i++) {
        const struct nvrm_hw_item *r = nvrm_hw_record_at(c, i);
        json_t *doc = strcasecmp(nvrm_hw_text(r->name), name) ? record_field_doc(c, r, name)
                                                              : record_doc(c, r);

        if (doc)
            json_array_append_new(docs, doc);
    }
}

/* The class that a full name begins with; *rest_out is what follows "NVC7B5_". */
static const struct nvrm_hw_class *
class_of(const char *name, const char **rest_out)
{
    char id[8] = "";

    if (strncasecmp(name, "NV", 2) != 0 || strlen(name) < 8 || name[6] != '_')
        return NULL;
    memcpy(id, name + 2, 4);
    *rest_out = name + 7;
    return nvrm_hw_class_named(id);
}

/* The same of another class says nothing new. */
static bool
is_known(const json_t *docs, const json_t *doc)
{
    static const char *const keys[] = {"kind", "address", "words", "bits", "elements"};
    const json_t *old;
    size_t i;

    json_array_foreach(docs, i, old)
    {
        bool same = true;

        for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
            json_t *a = json_object_get(old, keys[k]), *b = json_object_get(doc, keys[k]);

            same = same && (a == b || (a && b && json_equal(a, b)));
        }
        if (same)
            return true;
    }
    return false;
}

json_t *
help_hw(const char *name, const char *value)
{
    json_t *docs = json_array(), *all, *doc;
    const char *rest;
    const struct nvrm_hw_class *c = class_of(name, &rest);
    size_t i;

    if (c) {
        search_class(c, rest, value, docs);
        return docs;
    }
    all = json_array();
    for (unsigned k = 0; k < nvrm_hw_class_count(); k++)
        search_class(nvrm_hw_class_at(k), name, value, all);
    json_array_foreach(all, i, doc)
    {
        if (!is_known(docs, doc))
            json_array_append(docs, doc);
    }
    json_decref(all);
    return docs;
}

static void
offer(const struct nvrm_hw_class *c, const struct nvrm_hw_item *item, const char *text,
      void (*take)(void *ctx, const char *name), void *ctx)
{
    char name[160];

    snprintf(name, sizeof(name), "NV%04X_%s", (unsigned)c->id, nvrm_hw_text(item->name));
    if (!strncasecmp(name, text, strlen(text)))
        take(ctx, name);
}

void
help_hw_names(const char *text, void (*take)(void *ctx, const char *name), void *ctx)
{
    const char *rest;
    const struct nvrm_hw_class *c = class_of(text, &rest);

    if (!c)
        return;
    for (unsigned i = 0; i < c->method_count; i++)
        offer(c, nvrm_hw_method_at(c, i), text, take, ctx);
    for (unsigned i = 0; i < c->record_count; i++)
        offer(c, nvrm_hw_record_at(c, i), text, take, ctx);
}

/* Whether the generation before has the very same row. */
static bool
is_inherited(const struct nvrm_hw_class *c, const struct nvrm_hw_item *item)
{
    const struct nvrm_hw_class *p = c->parent ? nvrm_hw_class(c->parent) : NULL;
    const char *name = nvrm_hw_text(item->name);

    return p && (nvrm_hw_method_named(p, name) == item || nvrm_hw_record(p, name) == item);
}

static void
search_item(const struct nvrm_hw_class *c, const struct nvrm_hw_item *item, const char *kind,
            const char *pattern, json_t *rows)
{
    char name[160];

    snprintf(name, sizeof(name), "NV%04X_%s", (unsigned)c->id, nvrm_hw_text(item->name));
    if (describe_match(pattern, name) && !is_inherited(c, item))
        json_array_append_new(rows,
                              json_pack("{s:s, s:s, s:o, s:s}", "kind", kind, "name", name,
                                        "id", cli_hex(item->at), "doc", nvrm_hw_text(c->name)));
}

void
help_hw_search(const char *pattern, json_t *rows)
{
    for (unsigned k = 0; k < nvrm_hw_class_count(); k++) {
        const struct nvrm_hw_class *c = nvrm_hw_class_at(k);

        for (unsigned i = 0; i < c->method_count; i++)
            search_item(c, nvrm_hw_method_at(c, i), "method", pattern, rows);
        for (unsigned i = 0; i < c->record_count; i++)
            search_item(c, nvrm_hw_record_at(c, i), "record", pattern, rows);
    }
}
