/* SPDX-License-Identifier: MIT */
/*
 * schema diff FROM TO --impact FILE: what of the difference a script or a recorded program
 * would feel.
 *
 * A script speaks in names: it breaks where `run --check` finds a problem in TO that it did not
 * find in FROM; what else changed about its names is told without breaking anything. A trace
 * holds bytes: the program that made it breaks where a name that it used is gone, or has
 * another id or layout.
 */
#include <errno.h>
#include <string.h>

#include <gsp/trace.h>
#include <rm/name.h>

#include "schema_verbs.h"
#include "script.h"

struct impact {
    struct nvrm_abi from, to;
    bool bytes;    /* layouts and ids break it, not names alone */
    json_t *names; /* "control NAME" -> row */
    json_t *rows;  /* the same, in order */
    unsigned breaks, changes;
};

/* Flags and routing change what RM does, not what is sent. */
static bool
changes_bytes(const json_t *changes)
{
    static const char *const keys[] = {"gone",    "new",   "id",      "params", "size",
                                       "removed", "moved", "retyped", "added",  "value"};

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (json_object_get(changes, keys[i]))
            return true;
    return false;
}

static void
add(struct impact *m, const char *kind_name, const char *name, const char *used_by)
{
    const struct schema_kind *kind = schema_kind_find(kind_name);
    json_t *changes, *row;
    char key[224];
    const char *verdict = "same";

    snprintf(key, sizeof(key), "%s %s", kind_name, name);
    if (json_object_get(m->names, key))
        return;
    changes = schema_diff_name(m->from, m->to, kind, name);
    if (json_object_get(changes, "gone") || (m->bytes && changes_bytes(changes)))
        verdict = "breaks";
    else if (json_object_size(changes))
        verdict = "changes";
    m->breaks += !strcmp(verdict, "breaks");
    m->changes += !strcmp(verdict, "changes");
    row = json_pack("{s:s, s:s, s:s, s:o}", "kind", kind_name, "name", name, "impact", verdict,
                    "changes", changes);
    if (used_by)
        json_object_set_new(row, "of", json_string(used_by));
    json_object_set(m->names, key, row);
    json_array_append_new(m->rows, row);
}

/* A struct of either release and the structs inside it. */
static void
add_layout(struct impact *m, struct nvrm_abi abi, const struct nvrm_layout *l,
           const char *used_by)
{
    const struct nvrm_field *f;
    const char *name;

    if (!l)
        return;
    f = nvrm_layout_fields(abi.schema, l);
    name = nvrm_str(abi.schema, l->name);
    if (!strchr(name, '.'))
        add(m, "struct", name, used_by);
    for (unsigned i = 0; i < l->fields; i++)
        add_layout(m, abi, nvrm_layout_at(abi.schema, f[i].ref), used_by);
}

static void
add_params(struct impact *m, uint16_t row, const char *used_by)
{
    add_layout(m, m->from, nvrm_struct_at(m->from, row), used_by);
    add_layout(m, m->to, nvrm_struct_at(m->to, row), used_by);
}

static bool
add_control(struct impact *m, const struct nvrm_control *c)
{
    const char *name = c ? nvrm_str(m->from.schema, c->name) : "";

    if (!c)
        return false;
    add(m, "control", name, NULL);
    add_params(m, c->params, name);
    return true;
}

static bool
add_class(struct impact *m, const struct nvrm_class *c)
{
    const char *name = c ? nvrm_str(m->from.schema, c->name) : "";

    if (!c)
        return false;
    add(m, "class", name, NULL);
    add_layout(m, m->from, rm_class_layout(m->from, nvrm_class_find(m->from, name)), name);
    add_layout(m, m->to, rm_class_layout(m->to, nvrm_class_find(m->to, name)), name);
    return true;
}

static bool
add_rpc(struct impact *m, const struct nvrm_rpc *r)
{
    const char *name = r ? nvrm_str(m->from.schema, r->name) : "";

    if (!r)
        return false;
    add(m, "rpc", name, NULL);
    add_params(m, r->params, name);
    return true;
}

/* Scripts */

/* A text of a script that is the name of something in one of the releases. */
static void
add_word(struct impact *m, const char *key, const char *word)
{
    const struct nvrm_control *c = nvrm_control_find(m->from, word);
    const struct nvrm_class *k = nvrm_class_find(m->from, word);
    const struct nvrm_rpc *r = nvrm_rpc_find(m->from, word);
    uint64_t value;

    if (!strcmp(key, "function"))
        add_rpc(m, r ? r : nvrm_rpc_find(m->to, word));
    else if (!add_control(m, c ? c : nvrm_control_find(m->to, word)) &&
             !add_class(m, k ? k : nvrm_class_find(m->to, word)) &&
             nvrm_constant_find(m->from, word, &value))
        add(m, nvrm_status_find(m->from, word) ? "status" : "constant", word, NULL);
}

static void
add_words(struct impact *m, const char *key, const json_t *value)
{
    const char *name;
    json_t *item;
    size_t i;

    if (json_is_string(value))
        add_word(m, key, json_string_value(value));
    json_array_foreach(value, i, item) add_words(m, key, item);
    json_object_foreach((json_t *)value, name, item) add_words(m, name, item);
}

/* What only the second list has, by step and text. Releases are named in texts, so that what
 * has a hint is told apart by that. */
static json_t *
new_problems(const json_t *before, const json_t *after)
{
    json_t *fresh = json_array(), *row, *old;
    size_t i, k;

    json_array_foreach(after, i, row)
    {
        bool known = false;

        json_array_foreach(before, k, old)
        {
            const char *key = *cli_str(row, "hint") ? "hint" : "problem";

            known |= !strcmp(cli_str(row, "step"), cli_str(old, "step")) &&
                     !strcmp(cli_str(row, key), cli_str(old, key));
        }
        if (!known)
            json_array_append(fresh, row);
    }
    return fresh;
}

static json_t *
script_impact(struct impact *m, const struct script *s)
{
    json_t *before = script_problems(s, m->from), *after = script_problems(s, m->to);
    json_t *problems = new_problems(before, after);

    add_words(m, "", json_object_get(s->doc, "steps"));
    add_words(m, "", json_object_get(s->doc, "cleanup"));
    add_words(m, "", json_object_get(s->doc, "finally"));
    if (json_array_size(problems) > m->breaks) /* a name that is gone is a problem as well */
        m->breaks = (unsigned)json_array_size(problems);
    json_decref(before);
    json_decref(after);
    return problems;
}

/* Traces */

/* The struct that an escape takes at a release. */
static const struct nvrm_layout *
escape_layout(struct nvrm_abi abi, const char *name)
{
    for (unsigned i = 0; i < nvrm_escape_count(abi.schema); i++) {
        const struct nvrm_const *c = nvrm_escape_at(abi, i);

        if (c && !strcmp(nvrm_str(abi.schema, c->name), name))
            return nvrm_struct_at(abi, c->params);
    }
    return NULL;
}

/* A control or class, or the RPC that nothing else is called like. */
static void
add_named(struct impact *m, const char *name)
{
    const struct nvrm_control *c = nvrm_control_find(m->from, name);
    const struct nvrm_class *k = nvrm_class_find(m->from, name);
    const struct nvrm_rpc *r = nvrm_rpc_find(m->from, name);

    if (!add_control(m, c ? c : nvrm_control_find(m->to, name)) &&
        !add_class(m, k ? k : nvrm_class_find(m->to, name)))
        add_rpc(m, r ? r : nvrm_rpc_find(m->to, name));
}

/* The escape, its struct, and the control or class that it carries. */
static void
add_ioctl(struct impact *m, struct nvrm_abi abi, const struct gsp_trace_record *r)
{
    const char *escape = gsp_trace_escape(abi, r);
    char room[64];
    const char *name = gsp_trace_name(abi, r, room);

    if (!escape)
        return;
    add(m, "escape", escape, NULL);
    add_layout(m, m->from, escape_layout(m->from, escape), escape);
    add_layout(m, m->to, escape_layout(m->to, escape), escape);
    add_named(m, name);
}

/* Numbers are those of the release that was recorded; names are compared. */
static void
add_record(struct impact *m, struct nvrm_abi abi, const struct gsp_trace_record *r)
{
    char room[64];

    if (r->type == GSP_TRACE_IOCTL)
        add_ioctl(m, abi, r);
    else if (gsp_trace_layout(abi, r))
        add_named(m, gsp_trace_name(abi, r, room));
}

static int
trace_impact(struct cli *cli, struct impact *m, struct gsp_trace_reader *reader)
{
    struct gsp_trace_record record;
    struct gsp_error err = {0};
    int rc;

    while ((rc = gsp_trace_next(reader, &record, &err)) == 0) {
        const struct nvrm_abi abi = gsp_trace_abi(reader);

        add_record(m, abi.release == NVRM_NO_RELEASE ? m->from : abi, &record);
    }
    return rc == -ENODATA ? CLI_OK : cli_fail(cli, &err);
}

/* Output */

static void
print_names(struct cli *cli, const json_t *names, const char *impact)
{
    const json_t *row;
    size_t i;

    json_array_foreach(names, i, row)
    {
        const json_t *changes = json_object_get(row, "changes");
        const bool gone = json_object_get(changes, "gone"),
                   fresh = json_object_get(changes, "new");

        if (strcmp(cli_str(row, "impact"), impact) != 0)
            continue;
        fprintf(cli->out, "%-7s %s %s%s%s%s\n", impact, cli_str(row, "kind"),
                cli_str(row, "name"), *cli_str(row, "of") ? " of " : "", cli_str(row, "of"),
                gone    ? ": is gone"
                : fresh ? ": is new"
                        : "");
        if (!gone && !fresh)
            schema_diff_print(cli, changes);
    }
}

static void
print_impact(struct cli *cli, const json_t *doc)
{
    const json_t *row;
    size_t i;

    json_array_foreach(json_object_get(doc, "problems"), i, row)
    {
        fprintf(cli->out, "breaks  %s: %s\n", cli_str(row, "step"), cli_str(row, "problem"));
        if (*cli_str(row, "hint"))
            fprintf(cli->out, "    hint: %s\n", cli_str(row, "hint"));
    }
    for (int pass = 0; pass < 2; pass++)
        print_names(cli, json_object_get(doc, "names"), pass ? "changes" : "breaks");
    fprintf(cli->out, "%s uses %zu names; from %s to %s %lld break, %lld change\n",
            cli_str(doc, "file"), json_array_size(json_object_get(doc, "names")),
            cli_str(doc, "from"), cli_str(doc, "to"),
            (long long)json_integer_value(json_object_get(doc, "breaks")),
            (long long)json_integer_value(json_object_get(doc, "changed")));
}

/* Takes `problems`. */
static int
emit(struct cli *cli, struct impact *m, const char *path, json_t *problems)
{
    const struct nvrm_schema *s = m->from.schema;
    json_t *doc =
        json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:o, s:O}", "file", path, "kind",
                  m->bytes ? "trace" : "script", "from", nvrm_release_name(s, m->from.release),
                  "to", nvrm_release_name(s, m->to.release), "breaks", (int)m->breaks,
                  "changed", (int)m->changes, "problems", problems, "names", m->rows);
    const int rc = cli_emit(cli, &(struct cli_doc){.json = doc, .text = print_impact});

    return rc == CLI_OK && m->breaks ? CLI_EXPECTATION : rc;
}

static int
of_script(struct cli *cli, struct impact *m, const char *path)
{
    struct gsp_error err = {0};
    struct script script;
    int rc;

    if (script_load(path, &script, &err) < 0)
        return cli_fail(cli, &err);
    rc = emit(cli, m, path, script_impact(m, &script));
    script_fini(&script);
    return rc;
}

int
schema_impact(struct cli *cli, struct nvrm_abi from, struct nvrm_abi to, const char *path)
{
    const struct gsp_trace_reader_config config = {.schema = from.schema};
    struct impact m = {.from = from, .to = to, .names = json_object(), .rows = json_array()};
    struct gsp_trace_reader *reader = NULL;
    int rc = CLI_OK;

    m.bytes = gsp_trace_open(path, &config, &reader, NULL) == 0;
    if (m.bytes)
        rc = trace_impact(cli, &m, reader);
    if (!m.bytes)
        rc = of_script(cli, &m, path);
    else if (rc == CLI_OK)
        rc = emit(cli, &m, path, json_array());
    gsp_trace_close(reader);
    json_decref(m.names);
    json_decref(m.rows);
    return rc;
}
