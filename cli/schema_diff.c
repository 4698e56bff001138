/* SPDX-License-Identifier: MIT */
/*
 * schema diff A B: what changed from one release to another: fields, sizes, ids, parameter
 * structs, flags (routing among them), classes, RPC numbers, status codes, constants.
 *
 * Every kind is compared row by row. A kind gives the properties of a row as a flat JSON
 * object; a changed row is one whose properties differ.
 */
#include <string.h>

#include <rm/name.h>

#include "schema_verbs.h"

static const struct nvrm_cmd diff_row = {
    .name = "schema diff", .args = "FROM TO [PATTERN]", .min_args = 2, .max_args = 3};

struct diff {
    struct nvrm_abi from, to;
    const char *pattern; /* NULL: everything */
};

static void
set_bits(json_t *o, const char *key, const struct nvrm_schema *s, uint64_t bits,
         const char *(*name)(const struct nvrm_schema *s, unsigned bit))
{
    json_object_set_new(o, key, describe_bits(s, bits, name));
}

static json_t *
text_or_null(const char *text)
{
    return text && *text ? json_string(text) : json_null();
}

static json_t *
control_properties(struct nvrm_abi abi, const void *row)
{
    const struct nvrm_control *c = row;
    const struct nvrm_schema *s = abi.schema;
    json_t *o = json_object();

    json_object_set_new(o, "id", cli_hex32(c->id));
    json_object_set_new(o, "params", text_or_null(describe_params(s, c->params)));
    json_object_set_new(o, "on", text_or_null(nvrm_str(s, c->on)));
    set_bits(o, "flags", s, c->flags, nvrm_control_flag_name);
    set_bits(o, "access", s, c->access, nvrm_access_name);
    return o;
}

static json_t *
class_properties(struct nvrm_abi abi, const void *row)
{
    const struct nvrm_class *c = row;
    const struct nvrm_schema *s = abi.schema;
    json_t *o = json_object();
    json_t *parents = json_array();
    const char *parent;

    for (unsigned i = 0; (parent = nvrm_class_parent(s, c, i)); i++)
        json_array_append_new(parents, json_string(parent));
    json_object_set_new(o, "id", cli_hex(c->id));
    json_object_set_new(o, "params", text_or_null(describe_params(s, c->params)));
    json_object_set_new(o, "implementation", text_or_null(nvrm_str(s, c->impl)));
    json_object_set_new(o, "parents", parents);
    set_bits(o, "flags", s, c->flags, nvrm_class_flag_name);
    set_bits(o, "access", s, c->access, nvrm_access_name);
    return o;
}

static json_t *
rpc_properties(struct nvrm_abi abi, const void *row)
{
    const struct nvrm_rpc *r = row;
    json_t *o = json_object();

    json_object_set_new(o, "id", cli_hex(r->id));
    json_object_set_new(o, "params", text_or_null(describe_params(abi.schema, r->params)));
    return o;
}

static json_t *
const_properties(struct nvrm_abi abi, const void *row)
{
    const struct nvrm_const *c = row;
    json_t *o = json_object();

    json_object_set_new(
        o, "value", c->is_range ? json_sprintf("bits %u:%u", c->hi, c->lo) : cli_hex(c->value));
    if (c->params != NVRM_NONE)
        json_object_set_new(o, "params", text_or_null(describe_params(abi.schema, c->params)));
    return o;
}

/* Lists differ by what was added and what went; other values by what they were and are. */
static void
compare_property(const char *key, const json_t *was, const json_t *is, json_t *changes)
{
    json_t *added, *removed, *item;
    size_t i, k;

    if (json_equal((json_t *)was, (json_t *)is))
        return;
    if (!json_is_array(was) || !json_is_array(is)) {
        json_object_set_new(changes, key, json_pack("{s:O, s:O}", "from", was, "to", is));
        return;
    }
    added = json_array();
    removed = json_array();
    for (int pass = 0; pass < 2; pass++) {
        const json_t *here = pass ? was : is, *there = pass ? is : was;

        json_array_foreach(here, i, item)
        {
            bool found = false;

            for (k = 0; k < json_array_size(there) && !found; k++)
                found = json_equal(item, json_array_get(there, k));
            if (!found)
                json_array_append(pass ? removed : added, item);
        }
    }
    json_object_set_new(changes, key,
                        json_pack("{s:o, s:o}", "added", added, "removed", removed));
}

static json_t *
compare_properties(const json_t *was, const json_t *is)
{
    json_t *changes = json_object();
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)is, key, value)
    {
        const json_t *old = json_object_get(was, key);
        json_t *nothing = json_null();

        compare_property(key, old ? old : nothing, value, changes);
        json_decref(nothing);
    }
    return changes;
}

static json_t *
field_json(const struct nvrm_schema *s, const struct nvrm_field *f)
{
    char type[160];

    return json_pack("{s:s, s:I, s:s}", "name", nvrm_str(s, f->name), "offset",
                     (json_int_t)f->offset, "type", describe_type(s, f, type, sizeof(type)));
}

/* A field that both have. */
static void
compare_field(const struct nvrm_schema *s, const struct nvrm_field *was,
              const struct nvrm_field *is, json_t *moved, json_t *retyped)
{
    char from[160], to[160];

    describe_type(s, was, from, sizeof(from));
    describe_type(s, is, to, sizeof(to));
    if (was->offset != is->offset || was->bit_off != is->bit_off)
        json_array_append_new(moved, json_pack("{s:s, s:I, s:I}", "name", nvrm_str(s, is->name),
                                               "from", (json_int_t)was->offset, "to",
                                               (json_int_t)is->offset));
    if (strcmp(from, to))
        json_array_append_new(retyped,
                              json_pack("{s:s, s:s, s:s}", "name", nvrm_str(s, is->name),
                                        "from", from, "to", to));
    else if (describe_field_bytes(s, was) != describe_field_bytes(s, is))
        json_array_append_new(
            retyped, json_pack("{s:s, s:o, s:o}", "name", nvrm_str(s, is->name), "from",
                               json_sprintf("%s of %llu bytes", from,
                                            (unsigned long long)describe_field_bytes(s, was)),
                               "to",
                               json_sprintf("%s of %llu bytes", to,
                                            (unsigned long long)describe_field_bytes(s, is))));
}

static void
set_list(json_t *o, const char *key, json_t *list)
{
    if (json_array_size(list))
        json_object_set(o, key, list);
    json_decref(list);
}

static json_t *
compare_layouts(const struct nvrm_schema *s, const struct nvrm_layout *was,
                const struct nvrm_layout *is)
{
    json_t *added = json_array(), *removed = json_array();
    json_t *moved = json_array(), *retyped = json_array();
    const struct nvrm_field *old_fields = nvrm_layout_fields(s, was);
    const struct nvrm_field *new_fields = nvrm_layout_fields(s, is);
    json_t *changes = json_object();

    if (was->size != is->size)
        json_object_set_new(
            changes, "size",
            json_pack("{s:i, s:i}", "from", (int)was->size, "to", (int)is->size));
    for (unsigned i = 0; i < is->fields; i++) {
        const struct nvrm_field *old = nvrm_field_find(s, was, nvrm_str(s, new_fields[i].name));

        if (old)
            compare_field(s, old, &new_fields[i], moved, retyped);
        else
            json_array_append_new(added, field_json(s, &new_fields[i]));
    }
    for (unsigned i = 0; i < was->fields; i++) {
        if (!nvrm_field_find(s, is, nvrm_str(s, old_fields[i].name)))
            json_array_append_new(removed, field_json(s, &old_fields[i]));
    }
    set_list(changes, "added", added);
    set_list(changes, "removed", removed);
    set_list(changes, "moved", moved);
    set_list(changes, "retyped", retyped);
    return changes;
}

static json_t *
compare_rows(const struct diff *d, const struct schema_kind *kind, const void *was,
             const void *is)
{
    static const struct {
        const char *single;
        json_t *(*properties)(struct nvrm_abi abi, const void *row);
    } makers[] = {
        {"control",  control_properties},
        {"class",    class_properties  },
        {"rpc",      rpc_properties    },
        {"status",   const_properties  },
        {"escape",   const_properties  },
        {"constant", const_properties  },
    };
    json_t *changes = NULL, *before, *after;

    if (!strcmp(kind->single, "struct"))
        return compare_layouts(d->from.schema, was, is);
    for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++) {
        if (strcmp(makers[i].single, kind->single))
            continue;
        before = makers[i].properties(d->from, was);
        after = makers[i].properties(d->to, is);
        changes = compare_properties(before, after);
        json_decref(before);
        json_decref(after);
    }
    return changes;
}

/* The row alone, for what came and went: an id or a size beside the name. */
static json_t *
brief(const struct diff *d, const struct schema_kind *kind, const void *row)
{
    const struct nvrm_schema *s = d->from.schema;
    json_t *o = json_pack("{s:s}", "name", kind->row_name(s, row));

    if (!strcmp(kind->single, "struct"))
        json_object_set_new(o, "size", json_integer(((const struct nvrm_layout *)row)->size));
    if (!strcmp(kind->single, "control"))
        json_object_set_new(o, "id", cli_hex32(((const struct nvrm_control *)row)->id));
    if (!strcmp(kind->single, "class"))
        json_object_set_new(o, "id", cli_hex(((const struct nvrm_class *)row)->id));
    if (!strcmp(kind->single, "rpc"))
        json_object_set_new(o, "id", cli_hex(((const struct nvrm_rpc *)row)->id));
    if (!strcmp(kind->single, "constant") || !strcmp(kind->single, "status"))
        json_object_set_new(o, "value", cli_hex(((const struct nvrm_const *)row)->value));
    return o;
}

static bool
wanted(const struct diff *d, const struct schema_kind *kind, const void *row)
{
    return !d->pattern || describe_match(d->pattern, kind->row_name(d->from.schema, row));
}

static void
diff_row_pair(const struct diff *d, const struct schema_kind *kind, const void *was,
              const void *is, json_t *o)
{
    json_t *changes;

    if (was == is || !wanted(d, kind, was ? was : is))
        return;
    if (!was || !is) {
        json_array_append_new(json_object_get(o, was ? "removed" : "added"),
                              brief(d, kind, was ? was : is));
        return;
    }
    changes = compare_rows(d, kind, was, is);
    if (json_object_size(changes))
        json_array_append_new(json_object_get(o, "changed"),
                              json_pack("{s:s, s:o}", "name", kind->row_name(d->to.schema, is),
                                        "changes", changes));
    else
        json_decref(changes);
}

/* The index of a name in either release; -1: neither has it. */
static int
row_of(const struct diff *d, const struct schema_kind *kind, const char *name)
{
    for (unsigned i = 0; i < kind->count(d->from.schema); i++) {
        const void *row = kind->at(d->from, i);

        if (!row)
            row = kind->at(d->to, i);
        if (row && !strcmp(kind->row_name(d->from.schema, row), name))
            return (int)i;
    }
    return -1;
}

json_t *
schema_diff_name(struct nvrm_abi from, struct nvrm_abi to, const struct schema_kind *kind,
                 const char *name)
{
    const struct diff d = {.from = from, .to = to};
    const int i = row_of(&d, kind, name);
    const void *was = i < 0 ? NULL : kind->at(from, (unsigned)i);
    const void *is = i < 0 ? NULL : kind->at(to, (unsigned)i);

    if (was == is)
        return json_object();
    if (!was || !is)
        return json_pack("{s:b}", was ? "gone" : "new", 1);
    return compare_rows(&d, kind, was, is);
}

static json_t *
diff_kind(const struct diff *d, const struct schema_kind *kind)
{
    json_t *o = json_pack("{s:[], s:[], s:[]}", "added", "removed", "changed");

    for (unsigned i = 0; i < kind->count(d->from.schema); i++)
        diff_row_pair(d, kind, kind->at(d->from, i), kind->at(d->to, i), o);
    return o;
}

/* Controls whose calls now end in the other half of RM: what a client of GSP must know first.
 */
static json_t *
rerouted(const json_t *controls)
{
    json_t *rows = json_array();
    const json_t *row, *item;
    size_t i, k;

    json_array_foreach(json_object_get(controls, "changed"), i, row)
    {
        const json_t *flags = json_object_get(json_object_get(row, "changes"), "flags");

        for (int pass = 0; pass < 2; pass++) {
            json_array_foreach(json_object_get(flags, pass ? "removed" : "added"), k, item)
            {
                if (!strcmp(json_string_value(item), "ROUTE_TO_PHYSICAL"))
                    json_array_append_new(rows,
                                          json_pack("{s:s, s:s}", "name", cli_str(row, "name"),
                                                    "to", pass ? "kernel RM" : "GSP"));
            }
        }
    }
    return rows;
}

static json_t *
diff_all(const struct diff *d)
{
    const struct nvrm_schema *s = d->from.schema;
    json_t *doc = json_object();
    const struct schema_kind *kind;

    json_object_set_new(doc, "from", json_string(nvrm_release_name(s, d->from.release)));
    json_object_set_new(doc, "to", json_string(nvrm_release_name(s, d->to.release)));
    json_object_set_new(doc, "same_abi",
                        json_boolean(nvrm_release_abi(s, d->from.release) ==
                                     nvrm_release_abi(s, d->to.release)));
    for (unsigned k = 0; (kind = schema_kind_at(k)); k++)
        json_object_set_new(doc, kind->name, diff_kind(d, kind));
    json_object_set_new(doc, "routing", rerouted(json_object_get(doc, "controls")));
    return doc;
}

static json_t *
diff_stat(const json_t *doc)
{
    json_t *rows = json_array();
    const struct schema_kind *kind;

    for (unsigned k = 0; (kind = schema_kind_at(k)); k++) {
        const json_t *o = json_object_get(doc, kind->name);

        json_array_append_new(
            rows, json_pack("{s:s, s:i, s:i, s:i}", "kind", kind->name, "added",
                            (int)json_array_size(json_object_get(o, "added")), "removed",
                            (int)json_array_size(json_object_get(o, "removed")), "changed",
                            (int)json_array_size(json_object_get(o, "changed"))));
    }
    return rows;
}

static void
print_brief(struct cli *cli, char mark, const char *kind, const json_t *row)
{
    const char *color = cli_paint(cli, cli->out, mark == '+' ? "\033[32m" : "\033[31m");

    fprintf(cli->out, "%s%c %s %s%s", color, mark, kind, cli_str(row, "name"),
            cli_paint(cli, cli->out, "\033[0m"));
    if (json_object_get(row, "size"))
        fprintf(cli->out, " (%lld bytes)",
                (long long)json_integer_value(json_object_get(row, "size")));
    else
        fprintf(cli->out, " %s%s", cli_str(row, "id"), cli_str(row, "value"));
    fputc('\n', cli->out);
}

static void
print_compact(struct cli *cli, const json_t *value)
{
    if (json_is_string(value))
        fputs(json_string_value(value), cli->out);
    else
        json_dumpf(value, cli->out, JSON_ENCODE_ANY | JSON_COMPACT);
}

static void
print_from_to(struct cli *cli, const char *what, const json_t *change)
{
    fprintf(cli->out, "    %s: ", what);
    print_compact(cli, json_object_get(change, "from"));
    fputs(" -> ", cli->out);
    print_compact(cli, json_object_get(change, "to"));
    fputc('\n', cli->out);
}

/* "added" and "removed" fields of a struct, "moved" and "retyped" ones. */
static void
print_fields(struct cli *cli, const char *what, const json_t *fields)
{
    const json_t *f;
    size_t i;

    json_array_foreach(fields, i, f)
    {
        if (json_object_get(f, "from")) {
            char label[160];

            snprintf(label, sizeof(label), "%s %s", cli_str(f, "name"), what);
            print_from_to(cli, label, f);
        } else {
            fprintf(cli->out, "    %c %s %s at %lld\n", *what == 'a' ? '+' : '-',
                    cli_str(f, "type"), cli_str(f, "name"),
                    (long long)json_integer_value(json_object_get(f, "offset")));
        }
    }
}

static void
print_lists(struct cli *cli, const char *what, const json_t *change)
{
    const json_t *item;
    size_t i;

    fprintf(cli->out, "    %s:", what);
    json_array_foreach(json_object_get(change, "added"), i, item)
        fprintf(cli->out, " +%s", json_string_value(item));
    json_array_foreach(json_object_get(change, "removed"), i, item)
        fprintf(cli->out, " -%s", json_string_value(item));
    fputc('\n', cli->out);
}

void
schema_diff_print(struct cli *cli, const json_t *changes)
{
    const char *key;
    json_t *change;

    json_object_foreach((json_t *)changes, key, change)
    {
        if (json_is_array(change))
            print_fields(cli, key, change);
        else if (json_object_get(change, "from"))
            print_from_to(cli, key, change);
        else
            print_lists(cli, key, change);
    }
}

static void
print_changed(struct cli *cli, const char *kind, const json_t *row)
{
    fprintf(cli->out, "%s~ %s %s%s\n", cli_paint(cli, cli->out, "\033[33m"), kind,
            cli_str(row, "name"), cli_paint(cli, cli->out, "\033[0m"));
    schema_diff_print(cli, json_object_get(row, "changes"));
}

static void
print_diff(struct cli *cli, const json_t *doc)
{
    const struct schema_kind *kind;
    const json_t *row;
    size_t i;

    for (unsigned k = 0; (kind = schema_kind_at(k)); k++) {
        const json_t *o = json_object_get(doc, kind->name);

        json_array_foreach(json_object_get(o, "removed"), i, row)
            print_brief(cli, '-', kind->single, row);
        json_array_foreach(json_object_get(o, "added"), i, row)
            print_brief(cli, '+', kind->single, row);
        json_array_foreach(json_object_get(o, "changed"), i, row)
            print_changed(cli, kind->single, row);
    }
    json_array_foreach(json_object_get(doc, "routing"), i, row)
        fprintf(cli->out, "routing: %s is now handled by %s\n", cli_str(row, "name"),
                cli_str(row, "to"));
    if (json_is_true(json_object_get(doc, "same_abi")))
        cli_note(cli, "%s and %s have the same ABI", cli_str(doc, "from"), cli_str(doc, "to"));
}

int
schema_diff(struct cli *cli, int argc, char **argv)
{
    const bool stat = cli_flag(&argc, argv, "--stat");
    struct gsp_error err = {0};
    struct diff d = {.from.schema = cli->schema, .to.schema = cli->schema};
    char *impact = NULL;
    json_t *doc;
    int rc = cli_value(cli, &argc, argv, "--impact", &impact);

    if (rc == CLI_OK)
        rc = cli_check_args(cli, &diff_row, &argc, argv);
    if (rc != CLI_OK)
        return rc;
    if (rm_name_release(cli->schema, argv[1], &d.from.release, &err) < 0 ||
        rm_name_release(cli->schema, argv[2], &d.to.release, &err) < 0)
        return cli_fail(cli, &err);
    if (impact)
        return schema_impact(cli, d.from, d.to, impact);
    d.pattern = argc > 3 ? argv[3] : NULL;
    doc = diff_all(&d);
    if (stat) {
        json_t *rows = diff_stat(doc);

        json_decref(doc);
        return cli_emit(cli, &(struct cli_doc){.json = rows});
    }
    return cli_emit(cli, &(struct cli_doc){.json = doc, .text = print_diff});
}

/* One step of a row's history; NULL when nothing that counts changed. */
static json_t *
change_between(const struct diff *d, const struct schema_kind *kind, const void *was,
               const void *is)
{
    const struct nvrm_schema *s = d->from.schema;
    json_t *o = json_pack("{s:s, s:s, s:s}", "name", kind->row_name(s, was ? was : is), "from",
                          nvrm_release_name(s, d->from.release), "release",
                          nvrm_release_name(s, d->to.release));
    json_t *changes;

    if (!was || !is) {
        json_object_set_new(o, was ? "went" : "came", json_true());
        return o;
    }
    changes = compare_rows(d, kind, was, is);
    json_object_set(o, "changes", changes);
    if (!json_object_size(changes)) {
        json_decref(o);
        o = NULL;
    }
    json_decref(changes);
    return o;
}

json_t *
schema_changes(const struct nvrm_schema *s, const struct schema_kind *kind, unsigned row)
{
    json_t *list = json_array();

    for (unsigned r = 1; r < nvrm_release_count(s); r++) {
        const struct diff d = {
            .from = {s, (nvrm_release)(r - 1)},
              .to = {s, (nvrm_release)r      }
        };
        const void *was = kind->at(d.from, row), *is = kind->at(d.to, row);
        json_t *o = was == is ? NULL : change_between(&d, kind, was, is);

        if (o)
            json_array_append_new(list, o);
    }
    return list;
}

void
schema_print_changes(struct cli *cli, const json_t *changes)
{
    const json_t *o;
    size_t i;

    json_array_foreach(changes, i, o)
    {
        fprintf(cli->out, "%sin %s%s %s%s\n", cli_paint(cli, cli->out, "\033[33m"),
                cli_str(o, "release"), cli_paint(cli, cli->out, "\033[0m"),
                json_object_get(o, "came")   ? "came "
                : json_object_get(o, "went") ? "went "
                                             : "",
                cli_str(o, "name"));
        schema_diff_print(cli, json_object_get(o, "changes"));
    }
}
