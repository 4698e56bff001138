/* SPDX-License-Identifier: MIT */
/*
 * schema export: JSON Schema of parameter structs, for editors and other languages; with
 * --layout the layouts themselves.
 */
#include <errno.h>
#include <string.h>

#include <rm/name.h>

#include "schema_verbs.h"

enum { DEEPEST = 12 };

static const struct nvrm_cmd export_row = {
    .name = "schema export", .args = "NAME|PATTERN...", .min_args = 1, .max_args = -1};

static json_t *
integer_of(const struct nvrm_field *f)
{
    const unsigned bits =
        f->bit_len ? f->bit_len : 8 * nvrm_type_bytes((enum nvrm_type)f->type);
    const bool is_signed = f->type >= NVRM_S8 && f->type <= NVRM_S64;
    json_t *number = json_pack("{s:s}", "type", "integer");

    if (bits >= 64)
        return json_pack("{s:[o, {s:s, s:s}]}", "anyOf", number, "type", "string", "pattern",
                         "^(0x[0-9a-fA-F]{1,16}|-?[0-9]+)$");
    json_object_set_new(number, "minimum", json_integer(is_signed ? -(1ll << (bits - 1)) : 0));
    json_object_set_new(number, "maximum",
                        json_integer(is_signed ? (1ll << (bits - 1)) - 1 : (1ll << bits) - 1));
    return json_pack("{s:[o, {s:s, s:s}]}", "anyOf", number, "type", "string", "pattern",
                     "^(0x[0-9a-fA-F]+|-?[0-9]+)$");
}

/* Names of a set that the release has. */
static json_t *
set_names(struct nvrm_abi abi, uint16_t set)
{
    json_t *names = json_array();

    for (unsigned i = 0; i < nvrm_set_count(abi.schema, set); i++) {
        const struct nvrm_const *c = nvrm_set_at(abi, set, i);

        if (c)
            json_array_append_new(names, json_string(nvrm_str(abi.schema, c->name)));
    }
    return names;
}

/* Where names are accepted the number still is, and the set's prefix may be left out. */
static json_t *
named_scalar(struct nvrm_abi abi, const struct nvrm_field *f, const struct nvrm_note *n)
{
    json_t *number = integer_of(f);

    if (!n || !n->set_kind)
        return number;
    if (n->set_kind != NVRM_SET_ENUM)
        return json_pack("{s:[o, {s:s}, {s:s}]}", "anyOf", number, "type", "string", "type",
                         "object");
    return json_pack("{s:[{s:o}, o, {s:s}]}", "anyOf", "enum", set_names(abi, n->set), number,
                     "type", "string");
}

static json_t *layout_schema(struct nvrm_abi abi, const struct nvrm_layout *l, int depth);

static json_t *
element_schema(struct nvrm_abi abi, const struct nvrm_field *f, const struct nvrm_note *n,
               int depth)
{
    if (f->type == NVRM_STRUCT && depth < DEEPEST)
        return layout_schema(abi, nvrm_layout_at(abi.schema, f->ref), depth + 1);
    if (f->type == NVRM_STRUCT)
        return json_pack("{s:s}", "type", "object");
    if (f->type == NVRM_BOOL)
        return json_pack("{s:[s, s]}", "type", "boolean", "integer");
    if (f->type == NVRM_PTR)
        return json_pack("{s:[s, s, s]}", "type", "array", "string", "integer");
    return named_scalar(abi, f, n);
}

static json_t *
field_schema(struct nvrm_abi abi, const struct nvrm_field *f, int depth)
{
    const struct nvrm_note *n = nvrm_note_at(abi.schema, f->note);
    const bool bytes = f->type == NVRM_U8 || f->type == NVRM_CHAR;
    json_t *one = element_schema(abi, f, n, depth);
    json_t *o = one;

    if (f->flags & NVRM_FIELD_ARRAY || !f->count) {
        o = json_pack("{s:s, s:o}", "type", "array", "items", one);
        if (f->count)
            json_object_set_new(o, "maxItems", json_integer(f->count));
        if (bytes)
            o = json_pack("{s:[o, {s:s}]}", "anyOf", o, "type", "string");
    }
    if (n && n->doc)
        json_object_set_new(o, "description", json_string(nvrm_str(abi.schema, n->doc)));
    return o;
}

static json_t *
layout_schema(struct nvrm_abi abi, const struct nvrm_layout *l, int depth)
{
    const struct nvrm_schema *s = abi.schema;
    const struct nvrm_field *fields = nvrm_layout_fields(s, l);
    json_t *properties = json_object();

    for (unsigned i = 0; i < l->fields; i++)
        json_object_set_new(properties, nvrm_str(s, fields[i].name),
                            field_schema(abi, &fields[i], depth));
    return json_pack("{s:s, s:o, s:b}", "type", "object", "properties", properties,
                     "additionalProperties", 0);
}

/* The struct behind a name: its own, or what a control or class takes. */
static const struct nvrm_layout *
layout_of(struct nvrm_abi abi, const char *name)
{
    const struct nvrm_layout *l = nvrm_struct_find(abi, name);
    const struct nvrm_control *control = nvrm_control_find(abi, name);
    const struct nvrm_class *cls = nvrm_class_find(abi, name);

    if (!l && control)
        l = nvrm_struct_at(abi, control->params);
    return !l && cls ? rm_class_layout(abi, cls) : l;
}

static json_t *
document(struct nvrm_abi abi, const struct nvrm_layout *l, bool layout)
{
    const char *release = nvrm_release_name(abi.schema, abi.release);
    json_t *doc;

    if (layout) {
        doc = describe_layout(abi, l, true);
        json_object_set_new(doc, "release", json_string(release));
        return doc;
    }
    doc =
        json_pack("{s:s, s:s, s:s}", "$schema", "https://json-schema.org/draft/2020-12/schema",
                  "title", nvrm_str(abi.schema, l->name), "$comment", release);
    json_object_update_new(doc, layout_schema(abi, l, 0));
    return doc;
}

static int
export_pattern(struct nvrm_abi abi, const char *pattern, bool layout, json_t *docs)
{
    int found = 0;

    for (unsigned i = 0; i < nvrm_struct_count(abi.schema); i++) {
        const struct nvrm_layout *l = nvrm_struct_at(abi, (uint16_t)i);

        if (!l || !describe_match(pattern, nvrm_struct_name(abi.schema, (uint16_t)i)))
            continue;
        json_array_append_new(docs, document(abi, l, layout));
        found++;
    }
    return found;
}

/* Documents are rarely read as text: JSON is the default here. */
static int
emit(struct cli *cli, json_t *docs)
{
    const enum cli_format asked = cli->options.format;
    json_t *doc = docs;
    int rc;

    if (json_array_size(docs) == 1) {
        doc = json_incref(json_array_get(docs, 0));
        json_decref(docs);
    }
    if (asked == CLI_TEXT)
        cli->options.format = CLI_JSON;
    rc = cli_emit(cli, &(struct cli_doc){.json = doc});
    cli->options.format = asked;
    return rc;
}

int
schema_export(struct cli *cli, int argc, char **argv)
{
    const bool layout = cli_flag(&argc, argv, "--layout");
    struct gsp_error err = {0};
    struct nvrm_abi abi;
    json_t *docs;
    int rc = cli_check_args(cli, &export_row, &argc, argv);

    if (rc != CLI_OK)
        return rc;
    if (cli_abi(cli, &abi, &err) < 0)
        return cli_fail(cli, &err);
    docs = json_array();
    for (int i = 1; i < argc && rc == CLI_OK; i++) {
        const bool pattern = strpbrk(argv[i], "*?[");
        const struct nvrm_layout *l = pattern ? NULL : layout_of(abi, argv[i]);

        if (l)
            json_array_append_new(docs, document(abi, l, layout));
        else if (pattern && !export_pattern(abi, argv[i], layout, docs))
            rc = cli_usage(cli, "patterns match names of structs", "no struct matches '%s'",
                           argv[i]);
        else if (!pattern && rm_name_struct(abi, argv[i], &l, &err) < 0)
            rc = cli_fail(cli, &err);
    }
    if (rc == CLI_OK)
        return emit(cli, docs);
    json_decref(docs);
    return rc;
}
