/* SPDX-License-Identifier: MIT */
/*
 * Rows of the schema by any of their names, with what changed over the releases, who may use
 * them and how to try them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <nvrm/reg.h>
#include <rm/name.h>

#include "help_hw.h"
#include "help_name.h"
#include "schema_verbs.h"

enum { MOST_DOCS = 12, MOST_NAMES = 40 };

/* A search: what is asked for, and where the documents go. */
struct search {
    struct nvrm_abi abi;
    const char *name;
    const char *value; /* of "REGISTER=VALUE": its bits are taken apart */
    uint32_t number;
    bool is_number, by_end; /* match the end of a name behind an underscore */
    json_t *docs;
    json_t *names; /* of what matched, when there are too many to describe */
};

static bool
matches(const struct search *s, const char *name)
{
    const size_t bytes = strlen(name), wanted = strlen(s->name);

    if (!s->by_end)
        return !strcasecmp(name, s->name);
    return bytes > wanted && name[bytes - wanted - 1] == '_' &&
           !strcasecmp(name + bytes - wanted, s->name);
}

static bool
matches_number(const struct search *s, const struct schema_kind *kind, const void *row)
{
    if (!s->is_number)
        return false;
    if (!strcmp(kind->single, "control"))
        return ((const struct nvrm_control *)row)->id == s->number;
    if (!strcmp(kind->single, "class"))
        return ((const struct nvrm_class *)row)->id == s->number;
    if (!strcmp(kind->single, "rpc"))
        return ((const struct nvrm_rpc *)row)->id == s->number;
    if (!strcmp(kind->single, "constant") && describe_xid_name(s->abi, row))
        return ((const struct nvrm_const *)row)->value == s->number;
    return !strcmp(kind->single, "status") &&
           ((const struct nvrm_const *)row)->value == s->number;
}

/* The row at the release that is spoken of, else at the newest one that has it. */
static const void *
row_of(const struct search *s, const struct schema_kind *kind, unsigned index,
       struct nvrm_abi *abi_out)
{
    const void *row = kind->at(s->abi, index);

    *abi_out = s->abi;
    for (unsigned r = nvrm_release_count(s->abi.schema); r-- > 0 && !row;) {
        abi_out->release = (nvrm_release)r;
        row = kind->at(*abi_out, index);
    }
    return row;
}

struct row_at {
    const struct schema_kind *kind;
    unsigned index;
};

static bool
has_row(struct nvrm_abi abi, const void *ctx)
{
    const struct row_at *at = ctx;

    return at->kind->at(abi, at->index) != NULL;
}

/* Who may call it, in words. */
static const char *
privilege_of(const json_t *doc)
{
    static const struct {
        const char *flag, *says;
    } rules[] = {
        {"ALLOC_KERNEL_PRIVILEGED",          "the kernel only"                       },
        {"ALLOC_PRIVILEGED",                 "root"                                  },
        {"ALLOC_NON_PRIVILEGED",             "any client"                            },
        {"PRIVILEGED",                       "root"                                  },
        {"PRIVILEGED_IF_RS_ACCESS_DISABLED", "root, where access rights are off"     },
        {"NON_PRIVILEGED",                   "any client"                            },
        {"INTERNAL",                         "RM itself: kernel RM calls GSP with it"},
    };
    const json_t *flags = json_object_get(doc, "flags"), *flag;
    size_t k;

    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        json_array_foreach(flags, k, flag)
        {
            if (!strcmp(json_string_value(flag), rules[i].flag))
                return rules[i].says;
        }
    }
    return json_array_size(flags) ? "the kernel only" : NULL;
}

/* A line to type. */
static json_t *
example_of(const struct search *s, const char *kind, const char *name, const void *row)
{
    static const char notifier[] = "NV2080_NOTIFIERS_";
    const struct nvrm_const *c = row;

    if (!strcmp(kind, "control"))
        return json_sprintf("ctl %s %s",
                            !strncmp(name, "NV0000", 6)   ? "root"
                            : !strncmp(name, "NV0080", 6) ? "device"
                            : !strncmp(name, "NV2080", 6) ? "subdevice"
                                                          : "OBJECT",
                            name);
    if (!strcmp(kind, "class"))
        return json_sprintf("alloc %s", name);
    if (!strcmp(kind, "rpc"))
        return json_sprintf("rpc %s", name);
    if (!strcmp(kind, "constant") && !strncmp(name, notifier, sizeof(notifier) - 1))
        return json_sprintf("event watch %s", name + sizeof(notifier) - 1);
    if (!strcmp(kind, "constant") && describe_xid_name(s->abi, c))
        return json_sprintf("explain xid %llu", (unsigned long long)c->value);
    return NULL;
}

/* Constants that are something more than a number. */
static const char *
kind_of_constant(const struct search *s, const char *name, const struct nvrm_const *c)
{
    if (!strncmp(name, "NV2080_NOTIFIERS_", 17))
        return "notifier";
    return describe_xid_name(s->abi, c) ? "xid" : NULL;
}

/* Names of controls, classes and RPCs whose parameters the struct is. */
static json_t *
users_of(struct nvrm_abi abi, unsigned struct_row)
{
    json_t *users = json_array();

    for (unsigned i = 0; i < nvrm_control_count(abi.schema); i++) {
        const struct nvrm_control *c = nvrm_control_at(abi, i);

        if (c && c->params == struct_row)
            json_array_append_new(users, json_string(nvrm_str(abi.schema, c->name)));
    }
    for (unsigned i = 0; i < nvrm_class_count(abi.schema); i++) {
        const struct nvrm_class *c = nvrm_class_at(abi, i);

        if (c && c->params == struct_row)
            json_array_append_new(users, json_string(nvrm_str(abi.schema, c->name)));
    }
    for (unsigned i = 0; i < nvrm_rpc_count(abi.schema); i++) {
        const struct nvrm_rpc *r = nvrm_rpc_at(abi, i);

        if (r && r->params == struct_row)
            json_array_append_new(users, json_string(nvrm_str(abi.schema, r->name)));
    }
    return users;
}

/* What changed in the row, and in the struct of its parameters. */
static void
add_changes(const struct search *s, const struct schema_kind *kind, unsigned index, json_t *doc)
{
    const uint16_t params = nvrm_struct_row(s->abi.schema, cli_str(doc, "params"));
    json_t *changes = schema_changes(s->abi.schema, kind, index);

    if (strcmp(kind->single, "struct") && params != NVRM_NONE) {
        json_t *inner = schema_changes(s->abi.schema, schema_kind_find("struct"), params);

        json_array_extend(changes, inner);
        json_decref(inner);
    }
    json_object_set_new(doc, "changes", changes);
}

static json_t *
describe_row(const struct search *s, const struct schema_kind *kind, unsigned index)
{
    struct nvrm_abi abi;
    const void *row = row_of(s, kind, index, &abi);
    const char *name = kind->row_name(abi.schema, row), *special = NULL, *privilege;
    json_t *doc = kind->describe(abi, row), *example;
    const struct row_at at = {kind, index};
    char ranges[512];

    if (!strcmp(kind->single, "constant"))
        special = kind_of_constant(s, name, row);
    if (special)
        json_object_set_new(doc, "kind", json_string(special));
    privilege = privilege_of(doc);
    if (privilege)
        json_object_set_new(doc, "privilege", json_string(privilege));
    if (!strcmp(kind->single, "struct"))
        json_object_set_new(doc, "used_by", users_of(abi, index));
    rm_release_ranges(abi.schema, has_row, &at, ranges, sizeof(ranges));
    json_object_set_new(doc, "releases", json_string(ranges));
    if (abi.release != s->abi.release)
        json_object_set_new(doc, "as_of",
                            json_string(nvrm_release_name(abi.schema, abi.release)));
    example = example_of(s, kind->single, name, row);
    if (example)
        json_object_set_new(doc, "try", example);
    add_changes(s, kind, index, doc);
    return doc;
}

static void
found(struct search *s, const char *name, json_t *doc)
{
    json_array_append_new(s->names, json_string(name));
    if (doc)
        json_array_append_new(s->docs, doc);
}

static void
search_rows(struct search *s, const struct schema_kind *kind)
{
    const bool numbers_only = s->is_number;

    for (unsigned i = 0; i < kind->count(s->abi.schema); i++) {
        struct nvrm_abi abi;
        const void *row = row_of(s, kind, i, &abi);
        const char *name = row ? kind->row_name(abi.schema, row) : "";

        if (!row || (numbers_only ? !matches_number(s, kind, row) : !matches(s, name)))
            continue;
        found(s, name, json_array_size(s->docs) < MOST_DOCS ? describe_row(s, kind, i) : NULL);
    }
}

/* A bit field of a register, with the name of the value that it has in `number` when one was
 * given. */
struct bits {
    json_t *list;
    bool has_number;
    uint64_t number;
};

static const char *
value_name(const struct nvrm_reg_field *f, uint64_t value, char *buf, size_t bytes)
{
    for (const char *at = f->values, *end = at + f->values_bytes; at < end;) {
        const size_t word = strcspn(at, " \n"), name = strcspn(at, "=");

        if (name < word && strtoull(at + name + 1, NULL, 16) == value) {
            snprintf(buf, bytes, "%.*s", (int)name, at);
            return buf;
        }
        at += word + 1;
    }
    return NULL;
}

static int
add_bits(void *ctx, const struct nvrm_reg_field *f)
{
    struct bits *b = ctx;
    const uint64_t mask = ~UINT64_C(0) >> (63 - f->high + f->low);
    const uint64_t value = f->low < 64 ? b->number >> f->low & mask : 0;
    json_t *row = json_pack("{s:o, s:s}", "bits", json_sprintf("%u:%u", f->high, f->low),
                            "name", f->name);
    char buf[96];
    const char *name = b->has_number ? value_name(f, value, buf, sizeof(buf)) : NULL;

    if (b->has_number)
        json_object_set_new(row, "value", cli_hex(value));
    if (name)
        json_object_set_new(row, "means", json_string(name));
    if (!b->has_number && f->values_bytes)
        json_object_set_new(row, "values", json_stringn(f->values, f->values_bytes));
    json_array_append_new(b->list, row);
    return 0;
}

static json_t *
describe_register(const struct search *s, const struct nvrm_reg *r)
{
    json_t *doc = json_pack("{s:s, s:s, s:[s], s:o}", "kind", "register", "name", r->name,
                            "first_on", r->chip, "offset", cli_hex(r->offset));
    struct bits bits = {json_array(), s->value != NULL,
                        s->value ? strtoull(s->value, NULL, 0) : 0};

    if (r->stride)
        json_object_set_new(doc, "stride", cli_hex(r->stride));
    if (r->count)
        json_object_set_new(doc, "elements", json_integer(r->count));
    if (s->value)
        json_object_set_new(doc, "value", cli_hex(bits.number));
    (void)nvrm_reg_fields(r->name, r->chip, add_bits, &bits);
    json_object_set_new(doc, "bits", bits.list);
    return doc;
}

/* A register that another chip has in the same place with the same fields; NULL when the chip
 * is the first. */
static json_t *
same_register(const struct search *s, const json_t *doc)
{
    static const char *const keys[] = {"name", "offset", "stride", "bits"};
    json_t *other;
    size_t i;

    json_array_foreach(s->docs, i, other)
    {
        bool same = true;

        for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]) && same; k++) {
            json_t *a = json_object_get(doc, keys[k]), *b = json_object_get(other, keys[k]);

            same = a == b || (a && b && json_equal(a, b));
        }
        if (same)
            return other;
    }
    return NULL;
}

/* Registers: one document a meaning, with the chips from which on it holds. */
static void
search_registers(struct search *s)
{
    for (unsigned i = 0; i < nvrm_reg_count; i++) {
        const struct nvrm_reg *r = &nvrm_regs[i];
        json_t *doc, *other;

        if (s->is_number ? r->offset != s->number || s->number < 0x1000 : !matches(s, r->name))
            continue;
        doc = describe_register(s, r);
        other = same_register(s, doc);
        if (other) {
            json_array_append_new(json_object_get(other, "first_on"), json_string(r->chip));
            json_decref(doc);
        } else {
            found(s, r->name, doc);
        }
    }
}

/* Methods and records of the engines' classes. */
static void
search_hardware(struct search *s)
{
    json_t *docs = help_hw(s->name, s->value), *doc;
    size_t i;

    json_array_foreach(docs, i, doc)
        found(s, cli_str(doc, "name"),
              json_array_size(s->docs) < MOST_DOCS ? json_incref(doc) : NULL);
    json_decref(docs);
}

/* A field, with the values that it takes. */
static json_t *
describe_field(const struct search *s, const struct nvrm_layout *layout,
               const struct nvrm_field *f)
{
    const struct nvrm_schema *schema = s->abi.schema;
    const struct nvrm_note *n = nvrm_note_at(schema, f->note);
    json_t *all = describe_layout(s->abi, layout, false), *doc = NULL, *row, *values;
    size_t i;

    json_array_foreach(json_object_get(all, "fields"), i, row)
    {
        if (!strcmp(cli_str(row, "name"), nvrm_str(schema, f->name)))
            doc = json_pack("{s:s, s:o}", "kind", "field", "name",
                            json_sprintf("%s.%s", nvrm_str(schema, layout->name),
                                         nvrm_str(schema, f->name)));
        if (doc) {
            json_object_del(row, "name");
            json_object_update_missing(doc, row);
            break;
        }
    }
    json_decref(all);
    if (!n || (n->set_kind != NVRM_SET_ENUM && n->set_kind != NVRM_SET_BITS))
        return doc;
    values = json_array();
    for (unsigned k = 0; k < nvrm_set_count(schema, n->set); k++) {
        const struct nvrm_const *c = nvrm_set_at(s->abi, n->set, k);

        if (c)
            json_array_append_new(values, describe_const(s->abi, c));
    }
    json_object_set_new(doc, "values", values);
    return doc;
}

/* "STRUCT.field.inner". */
static void
search_path(struct search *s)
{
    const char *dot = strchr(s->name, '.');
    const struct nvrm_layout *layout;
    const struct nvrm_field *f = NULL;
    char part[128];

    if (!dot || dot - s->name >= (long)sizeof(part))
        return;
    snprintf(part, sizeof(part), "%.*s", (int)(dot - s->name), s->name);
    layout = nvrm_struct_find(s->abi, part);
    while (layout && dot) {
        const char *name = dot + 1;
        const struct nvrm_layout *inner;

        dot = strchr(name, '.');
        snprintf(part, sizeof(part), "%.*s", (int)strcspn(name, ".["), name);
        f = nvrm_field_find(s->abi.schema, layout, part);
        inner = f && f->type == NVRM_STRUCT ? nvrm_layout_at(s->abi.schema, f->ref) : NULL;
        if (!dot && f)
            found(s, s->name, describe_field(s, layout, f));
        layout = inner;
    }
}

/* A bare field name, in every struct that has it. */
static void
search_fields(struct search *s)
{
    for (unsigned i = 0; i < nvrm_struct_count(s->abi.schema); i++) {
        const struct nvrm_layout *layout = nvrm_struct_at(s->abi, (uint16_t)i);
        const struct nvrm_field *f =
            layout ? nvrm_field_find(s->abi.schema, layout, s->name) : NULL;
        char name[256];

        if (!f)
            continue;
        snprintf(name, sizeof(name), "%s.%s", nvrm_struct_name(s->abi.schema, (uint16_t)i),
                 s->name);
        found(s, name,
              json_array_size(s->docs) < MOST_DOCS ? describe_field(s, layout, f) : NULL);
    }
}

/* By full name, then as a field, then by the end of a name. */
static void
search_all(struct search *s)
{
    for (int pass = 0; pass < 2 && !json_array_size(s->names); pass++) {
        const struct schema_kind *kind;

        s->by_end = pass;
        if (pass)
            search_fields(s);
        for (unsigned k = 0; (kind = schema_kind_at(k)); k++)
            search_rows(s, kind);
        search_registers(s);
        if (!pass) {
            search_path(s);
            if (!s->is_number)
                search_hardware(s);
        }
    }
}

static int
not_found(struct cli *cli, const struct search *s)
{
    const unsigned kinds = NVRM_NAME_STRUCT | NVRM_NAME_CONTROL | NVRM_NAME_CLASS |
                           NVRM_NAME_RPC | NVRM_NAME_STATUS;
    const char *nearest = nvrm_nearest_name(s->abi, kinds, s->name);
    struct gsp_error err = {0};

    gsp_fail(&err, GSP_ORIGIN_INPUT, -ENOENT, "no release knows the name '%s'", s->name);
    if (nearest)
        gsp_hint(&err, "did you mean %s?", nearest);
    else
        gsp_hint(&err, "schema search '*%.40s*' finds names by a part", s->name);
    return cli_fail(cli, &err);
}

static void
print_values(struct cli *cli, const json_t *values)
{
    const json_t *value;
    size_t i;

    if (json_array_size(values))
        fputs("  values\n", cli->out);
    json_array_foreach(values, i, value) fprintf(
        cli->out, "    %-8s %s%s%s\n",
        *cli_str(value, "bits") ? cli_str(value, "bits") : cli_str(value, "value"),
        cli_str(value, "name"), *cli_str(value, "doc") ? ": " : "", cli_str(value, "doc"));
}

/* Bit fields of a register. */
static void
print_bits(struct cli *cli, const json_t *bits)
{
    const json_t *row;
    size_t i;

    json_array_foreach(bits, i, row)
        fprintf(cli->out, "  %-7s %-32s %s%s%s%s\n", cli_str(row, "bits"), cli_str(row, "name"),
                cli_str(row, "value"), *cli_str(row, "means") ? " " : "", cli_str(row, "means"),
                cli_str(row, "values"));
}

static void
print_doc(struct cli *cli, const json_t *doc)
{
    const json_t *changes = json_object_get(doc, "changes"), *users;
    json_t *plain = json_copy((json_t *)doc);
    const json_t *name;
    size_t i;

    json_object_del(plain, "changes");
    json_object_del(plain, "values");
    if (json_is_array(json_object_get(doc, "bits")))
        json_object_del(plain, "bits");
    users = json_object_get(doc, "used_by");
    describe_print(cli, plain);
    if (json_object_get(doc, "fields") && json_array_size(users)) {
        fputs("  used by         ", cli->out);
        json_array_foreach(users, i, name) fprintf(cli->out, " %s", json_string_value(name));
        fputc('\n', cli->out);
    }
    print_values(cli, json_object_get(doc, "values"));
    print_bits(cli, json_object_get(doc, "bits"));
    schema_print_changes(cli, changes);
    json_decref(plain);
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
        print_doc(cli, doc);
    }
}

/* The names that there was no room for. */
static void
note_others(struct cli *cli, const struct search *s)
{
    const size_t count = json_array_size(s->names), shown = json_array_size(s->docs);
    struct gsp_text text = {0};

    if (count <= shown)
        return;
    for (size_t i = shown; i < count && i < shown + MOST_NAMES; i++)
        gsp_text_printf(&text, " %s", json_string_value(json_array_get(s->names, i)));
    cli_note(cli, "%zu more:%s%s", count - shown, text.data ? text.data : "",
             count > shown + MOST_NAMES ? " ..." : "");
    gsp_text_fini(&text);
}

/* "REGISTER=VALUE" is cut in two. */
static const char *
take_value(char *word)
{
    char *equals = strchr(word, '=');

    if (!equals)
        return NULL;
    *equals = '\0';
    return equals + 1;
}

static bool
is_number(const char *text)
{
    char *end;

    (void)strtoull(text, &end, 0);
    return *text >= '0' && *text <= '9' && !*end;
}

int
help_names(struct cli *cli, int argc, char **argv)
{
    struct search s = {.docs = json_array()};
    struct gsp_error err = {0};
    int rc = CLI_OK;

    if (cli_abi(cli, &s.abi, &err) < 0)
        rc = cli_fail(cli, &err);
    for (int i = 0; i < argc && rc == CLI_OK; i++) {
        s.name = argv[i];
        s.value = take_value(argv[i]);
        if (s.value && !is_number(s.value)) {
            rc = cli_usage(cli, "for example: help NV_PMC_BOOT_42=0x192000a1",
                           "%s: '%s' is not a number", s.name, s.value);
            break;
        }
        s.is_number = rm_parse_u32(argv[i], &s.number);
        s.names = json_array();
        search_all(&s);
        if (!json_array_size(s.names))
            rc = not_found(cli, &s);
        else if (argc == 1)
            note_others(cli, &s);
        json_decref(s.names);
    }
    if (rc == CLI_OK)
        return cli_emit(cli, &(struct cli_doc){.json = s.docs, .text = print_docs});
    json_decref(s.docs);
    return rc;
}
