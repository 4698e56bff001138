/* SPDX-License-Identifier: MIT */
/*
 * schema export: JSON Schema of parameter structs, for editors and other languages; with
 * --layout the layouts themselves.
 */
#include <errno.h>
#include <string.h>

#include <nvrm/bind.h>
#include <rm/name.h>

#include "schema_verbs.h"

static const struct nvrm_cmd export_row = {
    .name = "schema export", .args = "NAME|PATTERN...", .min_args = 1, .max_args = -1};

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

/* The text of the one generator that nvrm-gen and gen use too. NULL when out of memory. */
static json_t *
json_schema(struct nvrm_abi abi, const struct nvrm_layout *l)
{
    struct nvrm_bind *bind;
    json_t *doc = NULL;
    const char *text;
    size_t bytes;

    if (nvrm_bind_create(abi.schema, &bind) < 0)
        return NULL;
    if (nvrm_bind_schema_of(bind, abi, l, &text, &bytes) == 0)
        doc = json_loadb(text, bytes, JSON_ALLOW_NUL, NULL);
    nvrm_bind_destroy(bind);
    return doc;
}

static json_t *
document(struct nvrm_abi abi, const struct nvrm_layout *l, bool layout)
{
    json_t *doc;

    if (!layout)
        return json_schema(abi, l);
    doc = describe_layout(abi, l, true);
    json_object_set_new(doc, "release",
                        json_string(nvrm_release_name(abi.schema, abi.release)));
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
