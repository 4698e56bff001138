/* SPDX-License-Identifier: MIT */
/*
 * schema stat: what each release contains, and how much of it the overlay explains.
 */
#include <string.h>

#include <rm/name.h>

#include "render.h"
#include "schema_verbs.h"

static const struct nvrm_cmd stat_row = {
    .name = "schema stat", .args = "[RELEASE...]", .min_args = 0, .max_args = -1};

/* The bit that a flag name has, as a mask; 0 when no release knows the flag. */
static uint64_t
flag_mask(const struct nvrm_schema *s, const char *wanted)
{
    for (unsigned bit = 0; bit < 64; bit++) {
        const char *name = nvrm_control_flag_name(s, bit);

        if (name && !strcmp(name, wanted))
            return 1ull << bit;
    }
    return 0;
}

static void
count_controls(struct nvrm_abi abi, json_t *row)
{
    const uint64_t gsp = flag_mask(abi.schema, "ROUTE_TO_PHYSICAL");
    int all = 0, with_params = 0, methods = 0, routed = 0;

    for (unsigned i = 0; i < nvrm_control_count(abi.schema); i++) {
        const struct nvrm_control *c = nvrm_control_at(abi, i);

        if (!c)
            continue;
        all++;
        with_params += c->params != NVRM_NONE;
        methods += c->on != 0;
        routed += c->on && (c->flags & gsp);
    }
    json_object_set_new(row, "controls", json_integer(all));
    json_object_set_new(row, "with_params", json_integer(with_params));
    json_object_set_new(row, "methods", json_integer(methods));
    json_object_set_new(row, "on_gsp", json_integer(routed));
}

static void
count_rpcs(struct nvrm_abi abi, json_t *row)
{
    int functions = 0, events = 0;

    for (unsigned i = 0; i < nvrm_rpc_count(abi.schema); i++) {
        const struct nvrm_rpc *r = nvrm_rpc_at(abi, i);

        functions += r && !r->is_event;
        events += r && r->is_event;
    }
    json_object_set_new(row, "rpc_functions", json_integer(functions));
    json_object_set_new(row, "rpc_events", json_integer(events));
}

static int
count_kind(struct nvrm_abi abi, const char *kind_name)
{
    const struct schema_kind *kind = schema_kind_find(kind_name);
    int names = 0;

    for (unsigned i = 0; i < kind->count(abi.schema); i++)
        names += kind->at(abi, i) != NULL;
    return names;
}

static json_t *
count_release(struct nvrm_abi abi)
{
    json_t *row = json_object();

    json_object_set_new(row, "release",
                        json_string(nvrm_release_name(abi.schema, abi.release)));
    json_object_set_new(row, "abi", json_integer(nvrm_release_abi(abi.schema, abi.release)));
    json_object_set_new(row, "structs", json_integer(count_kind(abi, "structs")));
    json_object_set_new(row, "classes", json_integer(count_kind(abi, "classes")));
    count_controls(abi, row);
    count_rpcs(abi, row);
    json_object_set_new(row, "statuses", json_integer(count_kind(abi, "statuses")));
    return row;
}

/* How much the overlay says at one release. */
static json_t *
coverage(struct nvrm_abi abi)
{
    const struct nvrm_schema *s = abi.schema;
    int safety[5] = {0}, controls = 0, control_docs = 0;
    int fields = 0, noted = 0, documented = 0, classes = 0, class_docs = 0;

    for (unsigned i = 0; i < nvrm_control_count(s); i++) {
        const struct nvrm_control *c = nvrm_control_at(abi, i);

        if (!c)
            continue;
        controls++;
        safety[c->safety]++;
        control_docs += c->doc != 0;
    }
    for (unsigned i = 0; i < nvrm_class_count(s); i++) {
        const struct nvrm_class *c = nvrm_class_at(abi, i);

        classes += c != NULL;
        class_docs += c && c->doc;
    }
    for (unsigned i = 0; i < nvrm_struct_count(s); i++) {
        const struct nvrm_layout *l = nvrm_struct_at(abi, (uint16_t)i);

        for (unsigned f = 0; l && f < l->fields; f++) {
            const struct nvrm_note *n = nvrm_note_at(s, nvrm_layout_fields(s, l)[f].note);

            fields++;
            noted += n != NULL;
            documented += n && n->doc;
        }
    }
    return json_pack(
        "{s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i}", "release",
        nvrm_release_name(s, abi.release), "controls", controls, "controls_documented",
        control_docs, "safety_read", safety[NVRM_SAFETY_READ], "safety_write",
        safety[NVRM_SAFETY_WRITE], "safety_destructive", safety[NVRM_SAFETY_DESTRUCTIVE],
        "safety_quarantined", safety[NVRM_SAFETY_QUARANTINED], "safety_unknown",
        safety[NVRM_SAFETY_UNKNOWN], "classes", classes, "classes_documented", class_docs,
        "fields", fields, "fields_noted", noted, "fields_documented", documented);
}

static void
print_stat(struct cli *cli, const json_t *doc)
{
    render_value(cli, json_object_get(doc, "releases"));
    fputs("\noverlay\n", cli->out);
    render_value(cli, json_object_get(doc, "overlay"));
}

int
schema_stat(struct cli *cli, int argc, char **argv)
{
    struct nvrm_abi abi = {.schema = cli->schema};
    struct gsp_error err = {0};
    json_t *rows;
    int rc = cli_check_args(cli, &stat_row, &argc, argv);

    if (rc != CLI_OK)
        return rc;
    rows = json_array();
    for (int i = 1; i < argc; i++) {
        if (rm_name_release(cli->schema, argv[i], &abi.release, &err) < 0) {
            json_decref(rows);
            return cli_fail(cli, &err);
        }
        json_array_append_new(rows, count_release(abi));
    }
    for (unsigned r = 0; argc == 1 && r < nvrm_release_count(cli->schema); r++) {
        abi.release = (nvrm_release)r;
        json_array_append_new(rows, count_release(abi));
    }
    return cli_emit(cli, &(struct cli_doc){.json = json_pack("{s:o, s:o}", "releases", rows,
                                                             "overlay", coverage(abi)),
                                           .text = print_stat});
}
