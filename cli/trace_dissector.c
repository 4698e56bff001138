/* SPDX-License-Identifier: MIT */
/*
 * trace dissector: a Wireshark dissector for what trace convert --to pcapng writes. The names
 * are all of the release's, the layouts those of the calls that occur in the trace. What does
 * not depend on the release is dissector.lua.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include <gsp/bus_record.h>

#include "cmds.h"
#include "dissector_lua.h"
#include "trace_verbs.h"

struct dissector {
    struct nvrm_abi abi;
    struct gsp_text out;
    struct gsp_text params; /* lines of R.params */
    bool *layouts;          /* by row: written or to be written */
    uint16_t *queue;        /* rows of layouts, in the order in which they were met */
    unsigned queued, layout_count;
    bool *sets; /* by set row: enumerations that are needed */
    unsigned set_count;
};

/* Lua's strings take JSON's escapes of what names are made of. */
static void
put_string(struct gsp_text *out, const char *text)
{
    gsp_text_json_string(out, text, strlen(text));
}

/* What the trace needs */

static void
want_layout(struct dissector *d, const struct nvrm_layout *l)
{
    const struct nvrm_schema *s = d->abi.schema;
    const uint16_t row = nvrm_layout_row(s, l);

    if (d->layouts[row])
        return;
    d->layouts[row] = true;
    d->queue[d->queued++] = row;
}

static void
want_record(struct dissector *d, const struct gsp_trace_record *r)
{
    const struct gsp_trace_type_info *info = gsp_trace_type_info(r->type);
    const struct nvrm_layout *l = gsp_trace_layout(d->abi, r);
    char room[64], key[160];

    if (!info || !l)
        return;
    if (r->type == GSP_TRACE_IOCTL)
        snprintf(key, sizeof(key), "[\"ioctl %u\"]", (unsigned)(r->arg[1] & 0xff));
    else
        snprintf(key, sizeof(key), "[\"%s %s\"]", info->name, gsp_trace_name(d->abi, r, room));
    if (d->params.data && strstr(d->params.data, key))
        return;
    gsp_text_printf(&d->params, "  %s = ", key);
    put_string(&d->params, nvrm_str(d->abi.schema, l->name));
    gsp_text_puts(&d->params, ",\n");
    want_layout(d, l);
}

/* Tables */

static void
put_row(struct dissector *d, uint64_t id, const char *name)
{
    gsp_text_printf(&d->out, "  [%llu] = ", (unsigned long long)id);
    put_string(&d->out, name);
    gsp_text_puts(&d->out, ",\n");
}

static const char *
kind_name(enum gsp_trace_kind kind)
{
    static const char *const names[] = {[GSP_TRACE_DEC] = "dec",
                                        [GSP_TRACE_HEX] = "hex",
                                        [GSP_TRACE_HANDLE] = "handle",
                                        [GSP_TRACE_CLASS] = "class",
                                        [GSP_TRACE_CONTROL_ID] = "control",
                                        [GSP_TRACE_FUNCTION] = "function",
                                        [GSP_TRACE_BUS_OP] = "bus_op",
                                        [GSP_TRACE_FD] = "fd"};

    return names[kind];
}

static void
put_type(struct dissector *d, const struct gsp_trace_type_info *t)
{
    gsp_text_printf(&d->out, "  [%d] = { name = \"%s\", operation = %s, plain = %s, args = {",
                    t->type, t->name, t->type >= GSP_TRACE_RPC ? "true" : "false",
                    t->type == GSP_TRACE_BUS || t->type > GSP_TRACE_UVM ? "true" : "false");
    for (unsigned i = 0; i < GSP_TRACE_ARGS && t->arg[i].name; i++)
        gsp_text_printf(&d->out, " { n = \"%s\", k = \"%s\" },", t->arg[i].name,
                        kind_name(t->arg[i].kind));
    gsp_text_puts(&d->out, " }, pieces = {");
    for (unsigned i = 0; i < GSP_TRACE_PIECES && t->piece[i]; i++)
        gsp_text_printf(&d->out, " \"%s\",", t->piece[i]);
    gsp_text_puts(&d->out, " }, text = {");
    for (unsigned i = 0; i < GSP_TRACE_PIECES && t->piece[i]; i++)
        gsp_text_puts(&d->out, (t->exchange ? i == GSP_TRACE_ERROR
                                            : i == 0 || t->type == GSP_TRACE_SECTION)
                                   ? " true,"
                                   : " false,");
    gsp_text_puts(&d->out, " } },\n");
}

static void
put_types(struct dissector *d)
{
    const struct gsp_trace_type_info *t;

    gsp_text_puts(&d->out, "R.types = {\n");
    for (unsigned i = 0; (t = gsp_trace_type_at(i)); i++)
        put_type(d, t);
    gsp_text_puts(&d->out, "}\nR.type_names = {\n");
    for (unsigned i = 0; (t = gsp_trace_type_at(i)); i++)
        put_row(d, t->type, t->name);
    gsp_text_puts(&d->out, "}\nR.bus_ops = {\n");
    for (unsigned i = 0; i <= GSP_BUS_DIRECT_START; i++)
        put_row(d, i, gsp_bus_operation_name((enum gsp_bus_operation)i));
    gsp_text_puts(&d->out, "}\n");
}

/* Numbers that have several names keep the one that the schema prefers. */
static void
put_names(struct dissector *d)
{
    const struct nvrm_schema *s = d->abi.schema;

    gsp_text_puts(&d->out, "R.controls = {\n");
    for (unsigned i = 0; i < nvrm_control_count(s); i++) {
        const struct nvrm_control *c = nvrm_control_at(d->abi, i);

        if (c && nvrm_control_by_id(d->abi, c->id) == c)
            put_row(d, c->id, nvrm_str(s, c->name));
    }
    gsp_text_puts(&d->out, "}\nR.classes = {\n");
    for (unsigned i = 0; i < nvrm_class_count(s); i++) {
        const struct nvrm_class *c = nvrm_class_at(d->abi, i);

        if (c && nvrm_class_by_id(d->abi, c->id) == c)
            put_row(d, c->id, nvrm_str(s, c->name));
    }
    gsp_text_puts(&d->out, "}\nR.functions = {\n");
    for (unsigned i = 0; i < nvrm_rpc_count(s); i++) {
        const struct nvrm_rpc *c = nvrm_rpc_at(d->abi, i);

        if (c && nvrm_rpc_by_id(d->abi, c->id) == c)
            put_row(d, c->id, nvrm_str(s, c->name));
    }
    gsp_text_puts(&d->out, "}\nR.escapes = {\n");
    for (unsigned i = 0; i < nvrm_escape_count(s); i++) {
        const struct nvrm_const *c = nvrm_escape_at(d->abi, i);

        if (c && !strncmp(nvrm_str(s, c->name), "NV_ESC_", 7))
            put_row(d, c->value, nvrm_str(s, c->name));
    }
    gsp_text_puts(&d->out, "}\nR.statuses = {\n");
    for (unsigned i = 0; i < nvrm_status_count(s); i++) {
        const struct nvrm_const *c = nvrm_status_at(d->abi, i);

        if (c)
            put_row(d, c->value, nvrm_str(s, c->name));
    }
    gsp_text_puts(&d->out, "}\n");
}

/* Layouts */

static const char *
scalar_name(const struct nvrm_field *f)
{
    static const char *const names[] = {
        [NVRM_U8] = "u8",        [NVRM_U16] = "u16",       [NVRM_U32] = "u32",
        [NVRM_U64] = "u64",      [NVRM_S8] = "s8",         [NVRM_S16] = "s16",
        [NVRM_S32] = "s32",      [NVRM_S64] = "s64",       [NVRM_CHAR] = "char",
        [NVRM_BOOL] = "bool",    [NVRM_HANDLE] = "handle", [NVRM_STATUS] = "status",
        [NVRM_FD] = "fd",        [NVRM_PTR] = "ptr",       [NVRM_ENUM] = "u32",
        [NVRM_STRUCT] = "struct"};

    return names[f->type];
}

/* Which enumeration names a field's values. */
static void
put_set(struct dissector *d, const struct nvrm_field *f, const struct nvrm_note *note)
{
    if (f->type == NVRM_STATUS || (note && note->set_kind == NVRM_SET_STATUS))
        gsp_text_puts(&d->out, ", e = \"status\"");
    else if (note && note->set_kind == NVRM_SET_CLASS)
        gsp_text_puts(&d->out, ", e = \"class\"");
    else if (note && note->set_kind == NVRM_SET_CONTROL)
        gsp_text_puts(&d->out, ", e = \"control\"");
    else if (note && note->set_kind == NVRM_SET_ENUM && note->set < d->set_count) {
        d->sets[note->set] = true;
        gsp_text_printf(&d->out, ", e = %u", note->set);
    }
}

static void
put_union(struct dissector *d, const struct nvrm_note *note)
{
    gsp_text_printf(&d->out, ", u = %u, m = {", note->tag + 1);
    for (uint16_t i = 0; i < note->cases; i++) {
        const struct nvrm_case *c =
            nvrm_case_at(d->abi.schema, (uint16_t)(note->first_case + i));

        if (c)
            gsp_text_printf(&d->out, " [%llu] = %u,", (unsigned long long)c->value,
                            c->member + 1);
    }
    gsp_text_puts(&d->out, " }");
}

static void
put_field(struct dissector *d, const struct nvrm_field *f)
{
    const struct nvrm_schema *s = d->abi.schema;
    const struct nvrm_note *note = nvrm_note_at(s, f->note);
    const struct nvrm_layout *l = f->type == NVRM_STRUCT ? nvrm_layout_at(s, f->ref) : NULL;
    const bool array = f->count != 1 || (f->flags & NVRM_FIELD_ARRAY);

    gsp_text_printf(&d->out, "    { n = \"%s\", o = %u, t = \"%s\", c = %u",
                    nvrm_str(s, f->name), f->offset, scalar_name(f), f->count);
    if (array)
        gsp_text_puts(&d->out, ", a = true");
    if (array && (f->type == NVRM_CHAR || (note && (note->flags & NVRM_NOTE_TEXT))))
        gsp_text_puts(&d->out, ", s = true");
    if (f->bit_len)
        gsp_text_printf(&d->out, ", b = %u, w = %u", f->bit_off, f->bit_len);
    if (note && note->count != NVRM_NONE && !(note->flags & NVRM_NOTE_BYTES))
        gsp_text_printf(&d->out, ", k = %u", note->count + 1);
    if (l) {
        want_layout(d, l);
        gsp_text_puts(&d->out, ", r = ");
        put_string(&d->out, nvrm_str(s, l->name));
    }
    if (l && note && note->tag != NVRM_NONE)
        put_union(d, note);
    put_set(d, f, note);
    gsp_text_puts(&d->out, " },\n");
}

static void
put_layouts(struct dissector *d)
{
    const struct nvrm_schema *s = d->abi.schema;

    gsp_text_puts(&d->out, "R.layouts = {}\n");
    for (unsigned i = 0; i < d->queued; i++) {
        const struct nvrm_layout *l = nvrm_layout_at(s, d->queue[i]);
        const struct nvrm_field *fields = nvrm_layout_fields(s, l);

        gsp_text_puts(&d->out, "R.layouts[");
        put_string(&d->out, nvrm_str(s, l->name));
        gsp_text_printf(&d->out, "] = { size = %u, fields = {\n", l->size);
        for (uint16_t k = 0; k < l->fields; k++)
            put_field(d, &fields[k]);
        gsp_text_puts(&d->out, "} }\n");
    }
}

static void
put_enums(struct dissector *d)
{
    const struct nvrm_schema *s = d->abi.schema;

    gsp_text_puts(&d->out, "R.enums = { status = R.statuses, class = R.classes, "
                           "control = R.controls }\n");
    for (unsigned set = 0; set < d->set_count; set++) {
        if (!d->sets[set])
            continue;
        gsp_text_printf(&d->out, "R.enums[%u] = {\n", set);
        for (unsigned i = 0; i < nvrm_set_count(s, (uint16_t)set); i++) {
            const struct nvrm_const *c = nvrm_set_at(d->abi, (uint16_t)set, i);

            if (c && !c->is_range)
                put_row(d, c->value, nvrm_str(s, c->name));
        }
        gsp_text_puts(&d->out, "}\n");
    }
}

/* 0 or -ENOMEM. */
static int
put_all(struct dissector *d)
{
    gsp_text_printf(&d->out,
                    "-- Wireshark dissector for GSP-RM traces of nvrm at release %s.\n"
                    "-- Generated by nvrm-cli trace dissector. SPDX-License-Identifier: MIT\n"
                    "local R = {}\n",
                    nvrm_release_name(d->abi.schema, d->abi.release));
    put_types(d);
    put_names(d);
    put_layouts(d);
    put_enums(d);
    gsp_text_puts(&d->out, "R.params = {\n");
    if (d->params.bytes)
        gsp_text_add(&d->out, d->params.data, d->params.bytes);
    gsp_text_puts(&d->out, "}\n\n");
    gsp_text_add(&d->out, (const char *)dissector_lua, sizeof(dissector_lua));
    return d->out.rc < 0 || d->params.rc < 0 ? -ENOMEM : 0;
}

static int
write_all(struct cli *cli, struct dissector *d)
{
    if (put_all(d) < 0)
        return cli_out_of_memory(cli);
    fwrite(d->out.data, 1, d->out.bytes, cli->out);
    return CLI_OK;
}

static bool
init(struct dissector *d, struct nvrm_abi abi)
{
    d->abi = abi;
    d->layout_count = nvrm_layout_count(abi.schema);
    d->set_count = UINT16_MAX;
    d->layouts = calloc(d->layout_count, sizeof(*d->layouts));
    d->queue = calloc(d->layout_count, sizeof(*d->queue));
    d->sets = calloc(d->set_count, sizeof(*d->sets));
    return d->layouts && d->queue && d->sets;
}

static void
fini(struct dissector *d)
{
    gsp_text_fini(&d->out);
    gsp_text_fini(&d->params);
    free(d->layouts);
    free(d->queue);
    free(d->sets);
}

/* A record as it would be if a trace had it. */
static void
want_call(struct dissector *d, enum gsp_trace_type type, unsigned arg, uint32_t id)
{
    struct gsp_trace_record r = {.type = (uint16_t)type, .args = arg + 1};
    static const char room[4096]; /* roots tell by how many bytes they are given */

    r.arg[arg] = id;
    r.pieces = 1;
    r.piece[GSP_TRACE_IN] = (struct gsp_trace_piece){room, sizeof(room)};
    want_record(d, &r);
}

static void
want_rpc(struct dissector *d, uint32_t id)
{
    static const enum gsp_trace_type types[] = {GSP_TRACE_RPC, GSP_TRACE_RPC_POST,
                                                GSP_TRACE_RPC_EVENT, GSP_TRACE_CALL,
                                                GSP_TRACE_EVENT};

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        want_call(d, types[i], 0, id);
}

/* Controls, classes and RPCs whose name matches. */
static void
want_names(struct dissector *d, const char *pattern)
{
    const struct nvrm_schema *s = d->abi.schema;

    for (unsigned i = 0; i < nvrm_control_count(s); i++) {
        const struct nvrm_control *c = nvrm_control_at(d->abi, i);

        if (c && fnmatch(pattern, nvrm_str(s, c->name), FNM_CASEFOLD) == 0)
            want_call(d, GSP_TRACE_CONTROL, 2, c->id);
    }
    for (unsigned i = 0; i < nvrm_class_count(s); i++) {
        const struct nvrm_class *c = nvrm_class_at(d->abi, i);

        if (c && fnmatch(pattern, nvrm_str(s, c->name), FNM_CASEFOLD) == 0)
            want_call(d, GSP_TRACE_ALLOC, 3, c->id);
    }
    for (unsigned i = 0; i < nvrm_rpc_count(s); i++) {
        const struct nvrm_rpc *r = nvrm_rpc_at(d->abi, i);

        if (r && fnmatch(pattern, nvrm_str(s, r->name), FNM_CASEFOLD) == 0)
            want_rpc(d, r->id);
    }
}

int
trace_dissector_of(struct nvrm_abi abi, int names, char **name, struct gsp_text *out)
{
    struct dissector d = {0};
    int rc = init(&d, abi) ? 0 : -ENOMEM;

    for (int i = 0; rc == 0 && i < names; i++)
        want_names(&d, name[i]);
    if (rc == 0)
        rc = put_all(&d);
    if (rc == 0)
        gsp_text_add(out, d.out.data, d.out.bytes);
    fini(&d);
    return rc < 0 ? rc : out->rc;
}

/* The release of -F, else of the trace. */
static int
choose_abi(struct cli *cli, const struct trace_input *in, struct nvrm_abi *abi_out)
{
    struct gsp_error err = {0};

    *abi_out = gsp_trace_abi(in->reader);
    if (cli->options.firmware && cli_abi(cli, abi_out, &err) < 0)
        return cli_fail(cli, &err);
    if (abi_out->release != NVRM_NO_RELEASE)
        return CLI_OK;
    gsp_fail(&err, GSP_ORIGIN_RELEASE, -ENOENT,
             "the trace is of release %s, which is not known",
             gsp_trace_section(in->reader)->release);
    gsp_hint(&err, "-F RELEASE takes the names of another one");
    return cli_fail(cli, &err);
}

static const struct nvrm_cmd usage = {
    .name = "trace dissector", .args = "FILE", .min_args = 1, .max_args = 1};

int
trace_dissector(struct cli *cli, int argc, char **argv)
{
    struct dissector d = {0};
    struct gsp_trace_record record;
    struct trace_input in;
    struct nvrm_abi abi;
    int rc = cli_check_args(cli, &usage, &argc, argv);

    if (rc == CLI_OK)
        rc = trace_input_open(cli, argv[1], &in);
    if (rc != CLI_OK)
        return rc;
    rc = choose_abi(cli, &in, &abi);
    if (rc == CLI_OK && !init(&d, abi))
        rc = cli_out_of_memory(cli);
    if (rc == CLI_OK) {
        while ((rc = trace_input_next(&in, &record)) == CLI_OK)
            want_record(&d, &record);
        rc = rc < 0 ? write_all(cli, &d) : rc;
    }
    fini(&d);
    trace_input_close(&in);
    return rc;
}
