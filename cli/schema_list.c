/* SPDX-License-Identifier: MIT */
/*
 * schema list, search and show.
 */
#include <errno.h>
#include <string.h>

#include <rm/name.h>

#include "help_hw.h"
#include "render.h"
#include "schema_verbs.h"

static const struct nvrm_cmd list_row = {
    .name = "schema list", .args = "[KIND]", .min_args = 0, .max_args = 1};
static const struct nvrm_cmd search_row = {
    .name = "schema search", .args = "PATTERN", .min_args = 1, .max_args = 1};
static const struct nvrm_cmd show_row = {
    .name = "schema show", .args = "NAME...", .min_args = 1, .max_args = -1};

static json_t *
list_releases(const struct nvrm_schema *s)
{
    json_t *rows = json_array();

    for (unsigned r = 0; r < nvrm_release_count(s); r++) {
        const nvrm_release parent = nvrm_release_parent(s, (nvrm_release)r);
        json_t *row = json_object();

        json_object_set_new(row, "release", json_string(nvrm_release_name(s, (nvrm_release)r)));
        json_object_set_new(row, "parent",
                            parent == NVRM_NO_RELEASE
                                ? json_null()
                                : json_string(nvrm_release_name(s, parent)));
        json_object_set_new(row, "abi", json_integer(nvrm_release_abi(s, (nvrm_release)r)));
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *
list_chips(struct nvrm_abi abi)
{
    json_t *rows = json_array();

    for (unsigned i = 0; i < nvrm_chip_count(abi.schema); i++) {
        const char *chip = nvrm_chip_name(abi.schema, i);
        const unsigned classes = nvrm_chip_classes(abi, chip, NULL, 0);

        if (classes)
            json_array_append_new(
                rows, json_pack("{s:s, s:i}", "chip", chip, "classes", (int)classes));
    }
    return rows;
}

/* What identifies a row and what it is for. Describing the whole row would cost a search its
 * speed. */
static json_t *
identify(struct nvrm_abi abi, const struct schema_kind *kind, const void *row, const char **doc)
{
    const struct nvrm_schema *s = abi.schema;
    const struct nvrm_control *control = row;
    const struct nvrm_class *cls = row;
    const struct nvrm_layout *layout = row;
    const struct nvrm_rpc *rpc = row;
    const struct nvrm_const *c = row;

    if (!strcmp(kind->single, "control")) {
        *doc = nvrm_str(s, control->doc);
        return cli_hex32(control->id);
    }
    if (!strcmp(kind->single, "class")) {
        *doc = nvrm_str(s, cls->doc);
        return cli_hex(cls->id);
    }
    if (!strcmp(kind->single, "struct")) {
        const struct nvrm_note *note = nvrm_note_at(s, layout->note);

        *doc = note ? nvrm_str(s, note->doc) : "";
        return json_sprintf("%u bytes", layout->size);
    }
    if (!strcmp(kind->single, "rpc")) {
        *doc = nvrm_str(s, rpc->doc);
        return cli_hex(rpc->id);
    }
    *doc = nvrm_str(s, c->doc);
    return c->is_range ? json_sprintf("%u:%u", c->hi, c->lo) : cli_hex(c->value);
}

/* A line of a list: the name, and what identifies it. */
static json_t *
short_row(struct nvrm_abi abi, const struct schema_kind *kind, const void *row)
{
    json_t *o = json_object();
    const char *doc;
    json_t *id = identify(abi, kind, row, &doc);

    json_object_set_new_nocheck(o, "kind", json_string_nocheck(kind->single));
    json_object_set_new_nocheck(o, "name",
                                json_string_nocheck(kind->row_name(abi.schema, row)));
    json_object_set_new_nocheck(o, "id", id);
    json_object_set_new_nocheck(o, "doc", json_string_nocheck(doc));
    return o;
}

static json_t *
list_kind(struct nvrm_abi abi, const struct schema_kind *kind)
{
    json_t *rows = json_array();

    for (unsigned i = 0; i < kind->count(abi.schema); i++) {
        const void *row = kind->at(abi, i);

        if (row)
            json_array_append_new(rows, short_row(abi, kind, row));
    }
    return rows;
}

static json_t *
list_kinds(struct nvrm_abi abi)
{
    json_t *rows = json_array();
    const struct schema_kind *kind;

    json_array_append_new(rows, json_pack("{s:s, s:i}", "kind", "releases", "names",
                                          (int)nvrm_release_count(abi.schema)));
    for (unsigned k = 0; (kind = schema_kind_at(k)); k++) {
        int names = 0;

        for (unsigned i = 0; i < kind->count(abi.schema); i++)
            names += kind->at(abi, i) != NULL;
        json_array_append_new(rows,
                              json_pack("{s:s, s:i}", "kind", kind->name, "names", names));
    }
    return rows;
}

int
schema_list(struct cli *cli, int argc, char **argv)
{
    const struct schema_kind *kind;
    struct gsp_error err = {0};
    struct nvrm_abi abi;
    int rc = cli_check_args(cli, &list_row, &argc, argv);

    if (rc != CLI_OK)
        return rc;
    if (cli_abi(cli, &abi, &err) < 0)
        return cli_fail(cli, &err);
    if (argc == 1)
        return cli_emit(cli, &(struct cli_doc){.json = list_kinds(abi)});
    if (!strcmp(argv[1], "releases"))
        return cli_emit(cli, &(struct cli_doc){.json = list_releases(abi.schema)});
    if (!strcmp(argv[1], "chips"))
        return cli_emit(cli, &(struct cli_doc){.json = list_chips(abi)});
    kind = schema_kind_find(argv[1]);
    if (kind)
        return cli_emit(cli, &(struct cli_doc){.json = list_kind(abi, kind)});
    return cli_usage(cli, schema_kind_list(), "schema list knows no kind '%s'", argv[1]);
}

/* Fields of one struct whose name matches. */
static void
search_fields(struct nvrm_abi abi, const struct nvrm_layout *layout, const char *pattern,
              json_t *rows)
{
    const struct nvrm_schema *s = abi.schema;
    const struct nvrm_field *fields = nvrm_layout_fields(s, layout);
    char type[160];

    for (unsigned i = 0; i < layout->fields; i++) {
        const struct nvrm_note *note = nvrm_note_at(s, fields[i].note);

        if (!describe_match(pattern, nvrm_str(s, fields[i].name)))
            continue;
        json_array_append_new(
            rows, json_pack("{s:s, s:o, s:s, s:s}", "kind", "field", "name",
                            json_sprintf("%s.%s", nvrm_str(s, layout->name),
                                         nvrm_str(s, fields[i].name)),
                            "id", describe_type(s, &fields[i], type, sizeof(type)), "doc",
                            note && note->doc ? nvrm_str(s, note->doc) : ""));
    }
}

static void
search_kind(struct nvrm_abi abi, const struct schema_kind *kind, const char *pattern,
            bool fields, json_t *rows)
{
    for (unsigned i = 0; i < kind->count(abi.schema); i++) {
        const void *row = kind->at(abi, i);

        if (!row)
            continue;
        if (describe_match(pattern, kind->row_name(abi.schema, row)))
            json_array_append_new(rows, short_row(abi, kind, row));
        if (fields && !strcmp(kind->single, "struct"))
            search_fields(abi, row, pattern, rows);
    }
}

int
schema_search(struct cli *cli, int argc, char **argv)
{
    const struct schema_kind *kind, *only = NULL;
    struct gsp_error err = {0};
    char *only_name = NULL;
    struct nvrm_abi abi;
    json_t *rows;
    int rc = cli_value(cli, &argc, argv, "--kind", &only_name);

    if (rc == CLI_OK)
        rc = cli_check_args(cli, &search_row, &argc, argv);
    if (rc != CLI_OK)
        return rc;
    if (cli_abi(cli, &abi, &err) < 0)
        return cli_fail(cli, &err);
    if (only_name && strcmp(only_name, "fields") && strcmp(only_name, "field")) {
        only = schema_kind_find(only_name);
        if (!only)
            return cli_usage(cli, schema_kind_list(), "--kind: '%s' is not a kind", only_name);
    }
    rows = json_array();
    for (unsigned k = 0; (kind = schema_kind_at(k)); k++) {
        if (only ? kind == only : !only_name || !strcmp(kind->single, "struct"))
            search_kind(abi, kind, argv[1], !only, rows);
    }
    if (!only_name)
        help_hw_search(argv[1], rows);
    if (!json_array_size(rows))
        cli_note(cli, "nothing in %s matches '%s'", nvrm_release_name(abi.schema, abi.release),
                 argv[1]);
    return cli_emit(cli, &(struct cli_doc){.json = rows});
}

/* Is the name the same row here as in the release that is being described? */
struct same_row {
    const struct schema_kind *kind;
    unsigned index;
    const void *row;
};

static bool
is_same(struct nvrm_abi abi, const void *ctx)
{
    const struct same_row *same = ctx;

    return same->kind->at(abi, same->index) == same->row;
}

static json_t *
show_row_of(struct nvrm_abi abi, const struct schema_kind *kind, unsigned index,
            const void *row)
{
    const struct same_row same = {kind, index, row};
    json_t *doc = kind->describe(abi, row);
    char ranges[512];

    rm_release_ranges(abi.schema, is_same, &same, ranges, sizeof(ranges));
    json_object_set_new(doc, "releases", json_string(ranges));
    return doc;
}

/* Every distinct row that the name has over all releases. */
static void
show_all(const struct nvrm_schema *s, const struct schema_kind *kind, unsigned index,
         json_t *docs)
{
    const unsigned releases = nvrm_release_count(s);

    for (unsigned r = 0; r < releases; r++) {
        const struct nvrm_abi abi = {s, (nvrm_release)r};
        const void *row = kind->at(abi, index);
        bool seen = !row;

        for (unsigned before = 0; before < r && !seen; before++)
            seen = kind->at((struct nvrm_abi){s, (nvrm_release)before}, index) == row;
        if (!seen)
            json_array_append_new(docs, show_row_of(abi, kind, index, row));
    }
}

static const char *
any_name(const struct nvrm_schema *s, const struct schema_kind *kind, unsigned index)
{
    for (unsigned r = nvrm_release_count(s); r-- > 0;) {
        const void *row = kind->at((struct nvrm_abi){s, (nvrm_release)r}, index);

        if (row)
            return kind->row_name(s, row);
    }
    return "";
}

/* Documents of one name, of every kind that has it. */
static void
show_name(struct nvrm_abi abi, const char *name, bool all, json_t *docs)
{
    const struct schema_kind *kind;

    for (unsigned k = 0; (kind = schema_kind_at(k)); k++) {
        for (unsigned i = 0; i < kind->count(abi.schema); i++) {
            const void *row = kind->at(abi, i);

            if (all && !strcmp(any_name(abi.schema, kind, i), name))
                show_all(abi.schema, kind, i, docs);
            else if (!all && row && !strcmp(kind->row_name(abi.schema, row), name))
                json_array_append_new(docs, show_row_of(abi, kind, i, row));
        }
    }
}

static bool
exists_here(struct nvrm_abi abi, const void *name)
{
    json_t *docs = json_array();
    bool found;

    show_name(abi, name, false, docs);
    found = json_array_size(docs) > 0;
    json_decref(docs);
    return found;
}

static int
not_found(struct cli *cli, struct nvrm_abi abi, const char *name)
{
    const unsigned kinds = NVRM_NAME_STRUCT | NVRM_NAME_CONTROL | NVRM_NAME_CLASS |
                           NVRM_NAME_RPC | NVRM_NAME_STATUS;
    const char *nearest = nvrm_nearest_name(abi, kinds, name);
    struct gsp_error err = {0};
    char ranges[200];

    if (rm_release_ranges(abi.schema, exists_here, name, ranges, sizeof(ranges))) {
        gsp_fail(&err, GSP_ORIGIN_RELEASE, -ENOENT, "release %s has no %s",
                 nvrm_release_name(abi.schema, abi.release), name);
        gsp_hint(&err, "it exists in %s", ranges);
        return cli_fail(cli, &err);
    }
    gsp_fail(&err, GSP_ORIGIN_INPUT, -ENOENT, "no release knows the name '%s'", name);
    if (nearest)
        gsp_hint(&err, "did you mean %s?", nearest);
    return cli_fail(cli, &err);
}

static void
print_docs(struct cli *cli, const json_t *docs)
{
    const json_t *doc;
    size_t i;

    json_array_foreach(docs, i, doc)
    {
        if (i)
            fputc('\n', cli->out);
        describe_print(cli, doc);
    }
}

int
schema_show(struct cli *cli, int argc, char **argv)
{
    const bool all = cli_flag(&argc, argv, "--all");
    struct gsp_error err = {0};
    struct nvrm_abi abi;
    json_t *docs;
    int rc = cli_check_args(cli, &show_row, &argc, argv);

    if (rc != CLI_OK)
        return rc;
    if (cli_abi(cli, &abi, &err) < 0)
        return cli_fail(cli, &err);
    docs = json_array();
    for (int i = 1; i < argc; i++) {
        const size_t before = json_array_size(docs);

        show_name(abi, argv[i], all, docs);
        if (json_array_size(docs) == before) {
            json_decref(docs);
            return not_found(cli, abi, argv[i]);
        }
    }
    return cli_emit(cli, &(struct cli_doc){.json = docs, .text = print_docs});
}
