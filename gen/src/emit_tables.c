/* SPDX-License-Identifier: MIT */
/*
 * The tables as C. Only numbers and one string pool: no pointer needs relocating but those of
 * the one struct nvrm_schema, which are addresses within the same object file.
 */
#include <inttypes.h>
#include <string.h>

#include "emit.h"

/* Decimal digits straight into the text: there are half a million of them, and printf would be
 * most of the run. */
static void
number(struct gen *g, struct gen_text *out, uint64_t value)
{
    char digits[24];
    size_t n = sizeof(digits);

    digits[--n] = ',';
    if (value > INT32_MAX)
        digits[--n] = 'u';
    do {
        digits[--n] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    gen_text_add(g, out, digits + n, sizeof(digits) - n);
}

static void
row(struct gen *g, struct gen_text *out, const uint64_t *values, unsigned n)
{
    gen_text_add(g, out, "{", 1);
    for (unsigned i = 0; i < n; i++)
        number(g, out, values[i]);
    out->n--; /* the last comma */
    gen_text_add(g, out, "},\n", 3);
}

#define ROW(g, out, ...)                                                                       \
    row((g), (out), (const uint64_t[]){__VA_ARGS__},                                           \
        sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

static void
open_array(struct gen *g, struct gen_text *out, const char *type, const char *name)
{
    gen_textf(g, out, "\nstatic const %s %s[] = {\n", type, name);
}

static void
close_array(struct gen *g, struct gen_text *out, uint32_t n)
{
    gen_textf(g, out, "%s};\n", n ? "" : "{0},\n");
}

/* Arrays of plain words: an empty one gets a single 0. */
static void
words(struct gen *g, struct gen_text *out, const char *name, const uint32_t *p, uint32_t n)
{
    open_array(g, out, "uint32_t", name);
    for (uint32_t i = 0; i < n; i++) {
        number(g, out, p[i]);
        if (i % 12 == 11)
            gen_text_add(g, out, "\n", 1);
    }
    gen_textf(g, out, "%s};\n", n ? "\n" : "0\n");
}

static void
strings(struct gen *g, const struct nvrm_schema *s, struct gen_text *out)
{
    gen_textf(g, out, "\nstatic const char strings[] =\n");
    for (uint32_t at = 0; at < s->string_bytes;) {
        const char *p = s->strings + at;

        at += (uint32_t)strlen(p) + 1;
        gen_text_add(g, out, "\"", 1);
        for (; *p; p++) {
            if (*p == '"' || *p == '\\' || (unsigned char)*p < ' ' || *p == '?')
                gen_textf(g, out, "\\%03o", (unsigned char)*p);
            else
                gen_text_add(g, out, p, 1);
        }
        gen_textf(g, out, at < s->string_bytes ? "\\0\"\n" : "\";\n");
    }
}

static void
layouts(struct gen *g, const struct nvrm_schema *s, struct gen_text *out)
{
    open_array(g, out, "struct nvrm_layout", "layouts");
    for (uint32_t i = 0; i < s->layout_count; i++) {
        const struct nvrm_layout *l = &s->layouts[i];

        ROW(g, out, l->name, l->size, l->first_field, l->fields, l->note, l->align, l->flags,
            0);
    }
    close_array(g, out, s->layout_count);
    open_array(g, out, "struct nvrm_field", "fields");
    for (uint32_t i = 0; i < s->field_count; i++) {
        const struct nvrm_field *f = &s->fields[i];

        ROW(g, out, f->name, f->offset, f->count, f->ref, f->note, f->inner, f->type, f->flags,
            f->bit_off, f->bit_len, 0);
    }
    close_array(g, out, s->field_count);
    open_array(g, out, "struct nvrm_note", "notes");
    for (uint32_t i = 0; i < s->note_count; i++) {
        const struct nvrm_note *n = &s->notes[i];

        ROW(g, out, n->doc, n->unit, n->max, n->min, n->count, n->tag, n->set, n->ptr_ref,
            n->as, n->first_case, n->cases, n->set_kind, n->ptr_type, n->dir, n->as_kind,
            n->flags);
    }
    close_array(g, out, s->note_count);
    open_array(g, out, "struct nvrm_case", "cases");
    for (uint32_t i = 0; i < s->case_count; i++)
        gen_textf(g, out, "{UINT64_C(%" PRIu64 "),%u,{0}},\n", s->cases[i].value,
                  s->cases[i].member);
    close_array(g, out, s->case_count);
}

static void
calls(struct gen *g, const struct nvrm_schema *s, struct gen_text *out)
{
    open_array(g, out, "struct nvrm_control", "control_rows");
    for (uint32_t i = 0; i < s->control_row_count; i++) {
        const struct nvrm_control *c = &s->control_rows[i];

        ROW(g, out, c->name, c->id, c->on, c->access, c->flags, c->doc, c->safety_source,
            c->header, c->params, c->safety, 0, c->safety_chips, 0);
    }
    close_array(g, out, s->control_row_count);
    open_array(g, out, "struct nvrm_class", "class_rows");
    for (uint32_t i = 0; i < s->class_row_count; i++) {
        const struct nvrm_class *c = &s->class_rows[i];

        ROW(g, out, c->name, c->id, c->impl, c->access, c->flags, c->doc, c->header, c->params,
            c->first_parent, c->parents, c->multi, c->optional, 0);
    }
    close_array(g, out, s->class_row_count);
    open_array(g, out, "struct nvrm_rpc", "rpc_rows");
    for (uint32_t i = 0; i < s->rpc_row_count; i++) {
        const struct nvrm_rpc *f = &s->rpc_rows[i];

        ROW(g, out, f->name, f->id, f->doc, f->params, f->is_event, 0);
    }
    close_array(g, out, s->rpc_row_count);
}

static void
consts(struct gen *g, const struct nvrm_schema *s, struct gen_text *out)
{
    open_array(g, out, "struct nvrm_const", "const_rows");
    for (uint32_t i = 0; i < s->const_row_count; i++) {
        const struct nvrm_const *c = &s->const_rows[i];

        gen_textf(g, out, "{%u,%u,UINT64_C(%" PRIu64 "),%u,%u,%u,%u,%u,{0}},\n", c->name,
                  c->doc, c->value, c->params, c->hi, c->lo, c->is_range, c->of_range);
    }
    close_array(g, out, s->const_row_count);
    open_array(g, out, "struct nvrm_list", "lists");
    for (uint32_t i = 0; i < s->list_count; i++)
        ROW(g, out, s->lists[i].name, s->lists[i].first, s->lists[i].count);
    close_array(g, out, s->list_count);
    open_array(g, out, "struct nvrm_pci", "pci");
    for (uint32_t i = 0; i < s->pci_count; i++) {
        const struct nvrm_pci *p = &s->pci[i];

        ROW(g, out, p->device, p->sub_vendor, p->sub_device, 0, p->name);
    }
    close_array(g, out, s->pci_count);
}

static void
ids(struct gen *g, struct gen_text *out, const char *name, const struct nvrm_id *p, uint32_t n)
{
    open_array(g, out, "struct nvrm_id", name);
    for (uint32_t i = 0; i < n; i++)
        ROW(g, out, p[i].id, p[i].row);
    close_array(g, out, n);
}

static void
releases(struct gen *g, const struct nvrm_schema *s, struct gen_text *out)
{
    open_array(g, out, "struct nvrm_release_row", "releases");
    for (uint32_t i = 0; i < s->release_count; i++)
        gen_textf(g, out, "{%u,%u,%u,{0}}, /* %s */\n", s->releases[i].name,
                  s->releases[i].parent, s->releases[i].abi, s->strings + s->releases[i].name);
    close_array(g, out, s->release_count);
    open_array(g, out, "uint16_t", "canon");
    for (uint32_t i = 0; i < s->structs.count; i++) {
        number(g, out, s->canon[i]);
        if (i % 16 == 15)
            gen_text_add(g, out, "\n", 1);
    }
    gen_textf(g, out, "0};\n");
}

static const struct {
    const char *name;
    size_t at;
} name_lists[] = {
    {"structs",  offsetof(struct nvrm_schema, structs) },
    {"controls", offsetof(struct nvrm_schema, controls)},
    {"classes",  offsetof(struct nvrm_schema, classes) },
    {"rpcs",     offsetof(struct nvrm_schema, rpcs)    },
    {"numbers",  offsetof(struct nvrm_schema, numbers) },
    {"statuses", offsetof(struct nvrm_schema, statuses)},
    {"escapes",  offsetof(struct nvrm_schema, escapes) },
    {"chips",    offsetof(struct nvrm_schema, chips)   },
};
#define NAME_LISTS (sizeof(name_lists) / sizeof(name_lists[0]))

static const struct nvrm_names *
name_list(const struct nvrm_schema *s, unsigned i)
{
    return (const void *)((const char *)s + name_lists[i].at);
}

static void
names(struct gen *g, const struct nvrm_schema *s, struct gen_text *out)
{
    for (unsigned i = 0; i < NAME_LISTS; i++) {
        const struct nvrm_names *n = name_list(s, i);

        words(g, out, gen_internf(g, "%s_name", name_lists[i].name), n->name, n->count);
        words(g, out, gen_internf(g, "%s_first", name_lists[i].name), n->first, n->count + 1);
    }
}

static void
schema(struct gen *g, const struct nvrm_schema *s, const char *symbol, struct gen_text *out)
{
    static const char *const arrays[] = {
        "strings",   "runs",         "releases",   "layouts",  "fields",      "notes",
        "cases",     "control_rows", "class_rows", "rpc_rows", "const_rows",  "lists",
        "list_rows", "parents",      "flag_names", "canon",    "control_ids", "class_ids",
        "rpc_ids",   "status_ids",   "pci"};

    gen_textf(g, out, "\nstatic const struct nvrm_schema schema = {\n");
    for (unsigned i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++)
        gen_textf(g, out, "    .%s = %s,\n", arrays[i], arrays[i]);
    for (unsigned i = 0; i < NAME_LISTS; i++)
        gen_textf(g, out, "    .%s = {%s_name, %s_first, %u},\n", name_lists[i].name,
                  name_lists[i].name, name_lists[i].name, name_list(s, i)->count);
#define COUNT(field) gen_textf(g, out, "    ." #field " = %u,\n", s->field)
    COUNT(release_count);
    COUNT(layout_count);
    COUNT(field_count);
    COUNT(note_count);
    COUNT(case_count);
    COUNT(run_count);
    COUNT(string_bytes);
    COUNT(control_row_count);
    COUNT(class_row_count);
    COUNT(rpc_row_count);
    COUNT(const_row_count);
    COUNT(list_count);
    COUNT(list_row_count);
    COUNT(parent_count);
    COUNT(control_id_count);
    COUNT(class_id_count);
    COUNT(rpc_id_count);
    COUNT(status_id_count);
    COUNT(pci_count);
    COUNT(set_count);
    COUNT(control_flags);
    COUNT(class_flags);
    COUNT(access_rights);
#undef COUNT
    gen_textf(g, out,
              "};\n\nconst struct nvrm_schema *%s(void);\n\nconst struct nvrm_schema "
              "*\n%s(void)\n{\n",
              symbol, symbol);
    gen_textf(g, out, "    return &schema;\n}\n");
}

void
gen_emit_tables(struct gen_build *b, const char *symbol, struct gen_text *out)
{
    const struct nvrm_schema *s = &b->schema;
    struct gen *g = b->g;

    gen_textf(g, out,
              "/* Generated by nvrm-gen from the schema; rows are explained in nvrm/schema.h "
              "and schema_priv.h. */\n");
    gen_textf(g, out, "#include \"schema_priv.h\"\n");
    strings(g, s, out);
    words(g, out, "runs", s->runs, s->run_count);
    releases(g, s, out);
    layouts(g, s, out);
    calls(g, s, out);
    consts(g, s, out);
    words(g, out, "list_rows", s->list_rows, s->list_row_count);
    words(g, out, "parents", s->parents, s->parent_count);
    words(g, out, "flag_names", s->flag_names,
          s->control_flags + s->class_flags + s->access_rights);
    ids(g, out, "control_ids", s->control_ids, s->control_id_count);
    ids(g, out, "class_ids", s->class_ids, s->class_id_count);
    ids(g, out, "rpc_ids", s->rpc_ids, s->rpc_id_count);
    ids(g, out, "status_ids", s->status_ids, s->status_id_count);
    names(g, s, out);
    schema(g, s, symbol, out);
}
