/* SPDX-License-Identifier: MIT */
/*
 * schema check: the tables against themselves. Every reference must lead somewhere, every field
 * must lie inside its struct, every count must have a sibling, every id must be one row's.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <rm/name.h>

#include "schema_verbs.h"

static const struct nvrm_cmd check_row = {
    .name = "schema check", .args = "[RELEASE...]", .min_args = 0, .max_args = -1};

struct check {
    struct nvrm_abi abi;
    json_t *problems;
    uint8_t *seen_layouts; /* a layout is checked once over all releases */
    unsigned layouts, controls, classes, rpcs;
};

static void problem(struct check *k, const char *where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void
problem(struct check *k, const char *where, const char *format, ...)
{
    char text[256];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    json_array_append_new(k->problems,
                          json_pack("{s:s, s:s, s:s}", "release",
                                    nvrm_release_name(k->abi.schema, k->abi.release), "where",
                                    where, "problem", text));
}

static void
check_note(struct check *k, const struct nvrm_layout *l, const struct nvrm_field *f,
           const char *where)
{
    const struct nvrm_schema *s = k->abi.schema;
    const struct nvrm_note *n = nvrm_note_at(s, f->note);

    if (!n)
        return;
    if (n->count != NVRM_NONE && n->count >= l->fields)
        problem(k, where, "%s: its count is field %u of %u", nvrm_str(s, f->name), n->count,
                l->fields);
    if (n->tag != NVRM_NONE && n->tag >= l->fields)
        problem(k, where, "%s: its tag is field %u of %u", nvrm_str(s, f->name), n->tag,
                l->fields);
    if (n->as != NVRM_NONE && n->as >= l->fields)
        problem(k, where, "%s: what it holds is named by field %u of %u", nvrm_str(s, f->name),
                n->as, l->fields);
    if ((n->set_kind == NVRM_SET_ENUM || n->set_kind == NVRM_SET_BITS) &&
        !nvrm_set_count(s, n->set))
        problem(k, where, "%s: its set of names is empty", nvrm_str(s, f->name));
    if (n->ptr_ref != NVRM_NONE && !nvrm_layout_at(s, n->ptr_ref))
        problem(k, where, "%s: points to no layout", nvrm_str(s, f->name));
    for (unsigned c = 0; c < n->cases; c++) {
        const struct nvrm_case *one = nvrm_case_at(s, (uint16_t)(n->first_case + c));
        const struct nvrm_layout *u = nvrm_layout_at(s, f->ref);

        if (!one || !u || one->member >= u->fields)
            problem(k, where, "%s: case %u selects no member", nvrm_str(s, f->name), c);
    }
}

static void check_layout(struct check *k, const struct nvrm_layout *l);

static void
check_field(struct check *k, const struct nvrm_layout *l, const struct nvrm_field *f,
            const char *where)
{
    const struct nvrm_schema *s = k->abi.schema;
    const struct nvrm_layout *inner = f->type == NVRM_STRUCT ? nvrm_layout_at(s, f->ref) : NULL;

    if (f->type == NVRM_STRUCT && !inner) {
        problem(k, where, "%s: its struct has no layout", nvrm_str(s, f->name));
        return;
    }
    if (f->offset + describe_field_bytes(s, f) > l->size)
        problem(k, where, "%s: ends at %llu of %u bytes", nvrm_str(s, f->name),
                (unsigned long long)(f->offset + describe_field_bytes(s, f)), l->size);
    if (f->bit_len && f->bit_off + f->bit_len > 8u * nvrm_field_elem_bytes(s, f))
        problem(k, where, "%s: bits %u..%u of %u", nvrm_str(s, f->name), f->bit_off,
                f->bit_off + f->bit_len - 1, 8u * nvrm_field_elem_bytes(s, f));
    check_note(k, l, f, where);
    if (inner)
        check_layout(k, inner);
}

/* Two ordinary fields of a struct must not share bytes. */
static void
check_overlap(struct check *k, const struct nvrm_layout *l, const char *where)
{
    const struct nvrm_schema *s = k->abi.schema;
    const struct nvrm_field *fields = nvrm_layout_fields(s, l);

    for (unsigned i = 1; i < l->fields; i++) {
        const struct nvrm_field *was = &fields[i - 1], *is = &fields[i];

        if (!was->bit_len && !is->bit_len &&
            is->offset < was->offset + describe_field_bytes(s, was))
            problem(k, where, "%s begins inside %s", nvrm_str(s, is->name),
                    nvrm_str(s, was->name));
    }
}

static void
check_layout(struct check *k, const struct nvrm_layout *l)
{
    const struct nvrm_schema *s = k->abi.schema;
    const uint16_t row = nvrm_layout_row(s, l);
    const char *where = nvrm_str(s, l->name);

    if (row >= nvrm_layout_count(s)) {
        problem(k, where, "is row %u of %u", row, nvrm_layout_count(s));
        return;
    }
    if (k->seen_layouts[row])
        return;
    k->seen_layouts[row] = 1;
    k->layouts++;
    if (!l->align || l->size % l->align)
        problem(k, where, "%u bytes are no multiple of its alignment %u", l->size, l->align);
    for (unsigned i = 0; i < l->fields; i++)
        check_field(k, l, &nvrm_layout_fields(s, l)[i], where);
    if (!(l->flags & NVRM_LAYOUT_UNION))
        check_overlap(k, l, where);
}

static void
check_controls(struct check *k)
{
    const struct nvrm_schema *s = k->abi.schema;

    for (unsigned i = 0; i < nvrm_control_count(s); i++) {
        const struct nvrm_control *c = nvrm_control_at(k->abi, i);
        const char *name = c ? nvrm_str(s, c->name) : NULL;

        if (!c)
            continue;
        k->controls++;
        if (nvrm_control_find(k->abi, name) != c)
            problem(k, name, "is not found by its name");
        if (!nvrm_control_by_id(k->abi, c->id))
            problem(k, name, "is not found by its id 0x%08x", c->id);
        if (c->params != NVRM_NONE && !nvrm_struct_at(k->abi, c->params))
            problem(k, name, "its parameters %s have no layout here",
                    nvrm_struct_name(s, c->params));
        if (c->safety == NVRM_SAFETY_QUARANTINED && !c->safety_source)
            problem(k, name, "is quarantined without a source");
    }
}

static bool
is_implementation(struct nvrm_abi abi, const char *name)
{
    if (!strncmp(name, "RS_", 3))
        return true;
    for (unsigned i = 0; i < nvrm_class_count(abi.schema); i++) {
        const struct nvrm_class *c = nvrm_class_at(abi, i);

        if (c && c->impl && !strcmp(nvrm_str(abi.schema, c->impl), name))
            return true;
    }
    return false;
}

static void
check_classes(struct check *k)
{
    const struct nvrm_schema *s = k->abi.schema;

    for (unsigned i = 0; i < nvrm_class_count(s); i++) {
        const struct nvrm_class *c = nvrm_class_at(k->abi, i);
        const char *name = c ? nvrm_str(s, c->name) : NULL;
        const char *parent;

        if (!c)
            continue;
        k->classes++;
        if (!nvrm_class_by_id(k->abi, c->id))
            problem(k, name, "is not found by its id 0x%x", c->id);
        if (c->params != NVRM_NONE && !nvrm_struct_at(k->abi, c->params))
            problem(k, name, "its parameters %s have no layout here",
                    nvrm_struct_name(s, c->params));
        for (unsigned p = 0; (parent = nvrm_class_parent(s, c, p)); p++) {
            if (!is_implementation(k->abi, parent))
                problem(k, name, "its parent %s is no class here", parent);
        }
    }
}

static void
check_rpcs(struct check *k)
{
    const struct nvrm_schema *s = k->abi.schema;

    for (unsigned i = 0; i < nvrm_rpc_count(s); i++) {
        const struct nvrm_rpc *r = nvrm_rpc_at(k->abi, i);

        if (!r)
            continue;
        k->rpcs++;
        if (!nvrm_rpc_by_id(k->abi, r->id))
            problem(k, nvrm_str(s, r->name), "is not found by its id %u", r->id);
        if (r->params != NVRM_NONE && !nvrm_struct_at(k->abi, r->params))
            problem(k, nvrm_str(s, r->name), "its parameters %s have no layout here",
                    nvrm_struct_name(s, r->params));
    }
}

static void
check_release(struct check *k)
{
    for (unsigned i = 0; i < nvrm_struct_count(k->abi.schema); i++) {
        const struct nvrm_layout *l = nvrm_struct_at(k->abi, (uint16_t)i);

        if (l)
            check_layout(k, l);
    }
    check_controls(k);
    check_classes(k);
    check_rpcs(k);
}

static void
print_check(struct cli *cli, const json_t *doc)
{
    const json_t *row;
    size_t i;

    json_array_foreach(json_object_get(doc, "problems"), i, row)
        fprintf(cli->out, "%s: %s: %s\n", cli_str(row, "release"), cli_str(row, "where"),
                cli_str(row, "problem"));
    fprintf(cli->out,
            "%lld releases, %lld layouts, %lld controls, %lld classes, %lld RPCs checked, %zu "
            "problems\n",
            (long long)json_integer_value(json_object_get(doc, "releases")),
            (long long)json_integer_value(json_object_get(doc, "layouts")),
            (long long)json_integer_value(json_object_get(doc, "controls")),
            (long long)json_integer_value(json_object_get(doc, "classes")),
            (long long)json_integer_value(json_object_get(doc, "rpcs")),
            json_array_size(json_object_get(doc, "problems")));
}

static int
emit_check(struct cli *cli, struct check *k, int releases)
{
    const bool clean = !json_array_size(k->problems);
    json_t *doc = json_pack("{s:i, s:i, s:i, s:i, s:i, s:o}", "releases", releases, "layouts",
                            (int)k->layouts, "controls", (int)k->controls, "classes",
                            (int)k->classes, "rpcs", (int)k->rpcs, "problems", k->problems);
    int rc = cli_emit(cli, &(struct cli_doc){.json = doc, .text = print_check});

    return rc == CLI_OK && !clean ? CLI_INTERNAL : rc;
}

int
schema_check(struct cli *cli, int argc, char **argv)
{
    struct check k = {.abi.schema = cli->schema};
    struct gsp_error err = {0};
    int releases = 0, rc = cli_check_args(cli, &check_row, &argc, argv);

    if (rc != CLI_OK)
        return rc;
    k.seen_layouts = calloc(nvrm_layout_count(cli->schema) + 1u, 1);
    k.problems = json_array();
    if (!k.seen_layouts || !k.problems) {
        free(k.seen_layouts);
        return cli_out_of_memory(cli);
    }
    for (int i = 1; i < argc && rc == CLI_OK; i++, releases++) {
        if (rm_name_release(cli->schema, argv[i], &k.abi.release, &err) < 0)
            rc = cli_fail(cli, &err);
        else
            check_release(&k);
    }
    for (unsigned r = 0; argc == 1 && r < nvrm_release_count(cli->schema); r++, releases++) {
        k.abi.release = (nvrm_release)r;
        check_release(&k);
    }
    if (rc == CLI_OK)
        rc = emit_check(cli, &k, releases);
    else
        json_decref(k.problems);
    free(k.seen_layouts);
    return rc;
}
