/* SPDX-License-Identifier: MIT */
/*
 * Schema rows to JSON, and that JSON to text.
 */
#include <fnmatch.h>
#include <string.h>

#include "describe.h"
#include "render.h"
#include "session.h"

enum { DEEPEST = 12 };

uint64_t
describe_field_bytes(const struct nvrm_schema *s, const struct nvrm_field *f)
{
    return (uint64_t)nvrm_field_elem_bytes(s, f) * f->count;
}

const char *
describe_params(const struct nvrm_schema *s, uint16_t row)
{
    return row == NVRM_NONE ? NULL : nvrm_struct_name(s, row);
}

bool
describe_match(const char *pattern, const char *text)
{
    if (!strpbrk(pattern, "*?["))
        return strcasestr(text, pattern);
    return !fnmatch(pattern, text, FNM_CASEFOLD);
}

const char *
describe_type(const struct nvrm_schema *s, const struct nvrm_field *f, char *buf,
              size_t buf_bytes)
{
    const struct nvrm_layout *l = f->type == NVRM_STRUCT ? nvrm_layout_at(s, f->ref) : NULL;
    const char *name = l ? nvrm_str(s, l->name) : nvrm_type_name((enum nvrm_type)f->type);

    if (f->bit_len)
        snprintf(buf, buf_bytes, "%s:%u", name, f->bit_len);
    else if (f->inner)
        snprintf(buf, buf_bytes, "%s[%u][%u]", name, f->count / f->inner, f->inner);
    else if (!f->count)
        snprintf(buf, buf_bytes, "%s[]", name);
    else if (f->flags & NVRM_FIELD_ARRAY)
        snprintf(buf, buf_bytes, "%s[%u]", name, f->count);
    else
        snprintf(buf, buf_bytes, "%s", name);
    return buf;
}

static void
set_text(json_t *o, const char *key, const char *text)
{
    if (text && *text)
        json_object_set_new(o, key, json_string(text));
}

static const char *
field_name(const struct nvrm_schema *s, const struct nvrm_layout *l, uint16_t index)
{
    return index < l->fields ? nvrm_str(s, nvrm_layout_fields(s, l)[index].name) : NULL;
}

/* What the overlay says about a field. */
static void
add_note(const struct nvrm_schema *s, const struct nvrm_layout *l, const struct nvrm_note *n,
         json_t *o)
{
    static const char *const dirs[] = {NULL, "in", "out", "inout"};
    static const char *const sets[] = {[NVRM_SET_CLASS] = "class",
                                       [NVRM_SET_CONTROL] = "control",
                                       [NVRM_SET_STATUS] = "status",
                                       [NVRM_SET_RPC] = "rpc"};

    set_text(o, "dir", dirs[n->dir]);
    set_text(o, "unit", n->unit ? nvrm_str(s, n->unit) : NULL);
    set_text(o, n->flags & NVRM_NOTE_BYTES ? "bytes_in" : "count_in",
             field_name(s, l, n->count));
    set_text(o, "union_tag", field_name(s, l, n->tag));
    set_text(o, "as", field_name(s, l, n->as));
    if (n->set_kind == NVRM_SET_ENUM || n->set_kind == NVRM_SET_BITS)
        set_text(o, n->set_kind == NVRM_SET_ENUM ? "enum" : "bits", nvrm_set_prefix(s, n->set));
    else if (n->set_kind)
        set_text(o, "enum", sets[n->set_kind]);
    if (n->flags & NVRM_NOTE_MAX)
        json_object_set_new(o, "max", json_integer(n->max));
    if (n->flags & NVRM_NOTE_MIN)
        json_object_set_new(o, "min", json_integer(n->min));
    if (n->flags & NVRM_NOTE_TEXT)
        json_object_set_new(o, "text", json_true());
    if (n->flags & NVRM_NOTE_PTR) {
        const struct nvrm_layout *to = nvrm_layout_at(s, n->ptr_ref);

        set_text(o, "points_to",
                 to ? nvrm_str(s, to->name) : nvrm_type_name((enum nvrm_type)n->ptr_type));
    }
    set_text(o, "doc", n->doc ? nvrm_str(s, n->doc) : NULL);
}

static json_t *
fields_of(struct nvrm_abi abi, const struct nvrm_layout *layout, bool deep, int depth)
{
    const struct nvrm_schema *s = abi.schema;
    const struct nvrm_field *fields = nvrm_layout_fields(s, layout);
    json_t *list = json_array();
    char type[160];

    for (unsigned i = 0; i < layout->fields; i++) {
        const struct nvrm_field *f = &fields[i];
        const struct nvrm_note *note = nvrm_note_at(s, f->note);
        const struct nvrm_layout *inner =
            f->type == NVRM_STRUCT ? nvrm_layout_at(s, f->ref) : NULL;
        json_t *o = json_object();

        json_object_set_new(o, "name", json_string(nvrm_str(s, f->name)));
        json_object_set_new(o, "offset", json_integer(f->offset));
        json_object_set_new(o, "size", json_integer((json_int_t)describe_field_bytes(s, f)));
        json_object_set_new(o, "type", json_string(describe_type(s, f, type, sizeof(type))));
        if (f->bit_len)
            json_object_set_new(o, "bit", json_integer(f->bit_off));
        if (note)
            add_note(s, layout, note, o);
        if (inner && deep && depth < DEEPEST) {
            json_object_set_new(o, "union", json_boolean(inner->flags & NVRM_LAYOUT_UNION));
            json_object_set_new(o, "fields", fields_of(abi, inner, deep, depth + 1));
        }
        json_array_append_new(list, o);
    }
    return list;
}

json_t *
describe_layout(struct nvrm_abi abi, const struct nvrm_layout *layout, bool deep)
{
    const struct nvrm_note *note = nvrm_note_at(abi.schema, layout->note);
    json_t *o = json_object();

    json_object_set_new(o, "kind",
                        json_string(layout->flags & NVRM_LAYOUT_UNION ? "union" : "struct"));
    json_object_set_new(o, "name", json_string(nvrm_str(abi.schema, layout->name)));
    json_object_set_new(o, "size", json_integer(layout->size));
    json_object_set_new(o, "align", json_integer(layout->align));
    if (note && note->doc)
        set_text(o, "doc", nvrm_str(abi.schema, note->doc));
    json_object_set_new(o, "fields", fields_of(abi, layout, deep, 0));
    return o;
}

json_t *
describe_bits(const struct nvrm_schema *s, uint64_t bits,
              const char *(*name)(const struct nvrm_schema *s, unsigned bit))
{
    json_t *list = json_array();

    for (unsigned bit = 0; bit < 64; bit++) {
        const char *text = bits >> bit & 1 ? name(s, bit) : NULL;

        if (text)
            json_array_append_new(list, json_string(text));
    }
    return list;
}

static json_t *
named(const char *kind, const char *name)
{
    return json_pack("{s:s, s:s}", "kind", kind, "name", name);
}

json_t *
describe_control(struct nvrm_abi abi, const struct nvrm_control *c)
{
    const struct nvrm_schema *s = abi.schema;
    const struct nvrm_layout *layout = nvrm_struct_at(abi, c->params);
    json_t *o = named("control", nvrm_str(s, c->name));

    json_object_set_new(o, "id", cli_hex32(c->id));
    set_text(o, "doc", nvrm_str(s, c->doc));
    json_object_set_new(o, "safety",
                        json_string(policy_safety_name((enum nvrm_safety)c->safety)));
    set_text(o, "safety_chips", nvrm_str(s, c->safety_chips));
    set_text(o, "safety_source", nvrm_str(s, c->safety_source));
    if (c->on)
        set_text(o, "on", nvrm_str(s, c->on));
    else
        json_object_set_new(o, "on", json_null());
    json_object_set_new(o, "flags", describe_bits(s, c->flags, nvrm_control_flag_name));
    if (c->access)
        json_object_set_new(o, "access", describe_bits(s, c->access, nvrm_access_name));
    set_text(o, "header", nvrm_str(s, c->header));
    set_text(o, "params", describe_params(s, c->params));
    if (layout)
        json_object_set_new(o, "layout", describe_layout(abi, layout, true));
    return o;
}

/* ROBUST_CHANNEL_ says that a number is an Xid; of the others their doc says it. */
const char *
describe_xid_name(struct nvrm_abi abi, const struct nvrm_const *c)
{
    static const char prefix[] = "ROBUST_CHANNEL_";
    const char *name = nvrm_str(abi.schema, c->name), *doc = nvrm_str(abi.schema, c->doc);

    if (c->is_range || strstr(name, "LAST_ERROR") || strstr(name, "_RECOVERY_LEVEL_"))
        return NULL;
    if (!strncmp(name, prefix, sizeof(prefix) - 1))
        return name + sizeof(prefix) - 1;
    return !strncmp(doc, "Xid ", 4) && strtoull(doc + 4, NULL, 10) == c->value ? name : NULL;
}

json_t *
describe_class(struct nvrm_abi abi, const struct nvrm_class *c)
{
    const struct nvrm_schema *s = abi.schema;
    const struct nvrm_layout *layout = nvrm_struct_at(abi, c->params);
    json_t *o = named("class", nvrm_str(s, c->name));
    json_t *parents = json_array();
    const char *parent;

    json_object_set_new(o, "id", cli_hex(c->id));
    set_text(o, "doc", nvrm_str(s, c->doc));
    set_text(o, "implementation", nvrm_str(s, c->impl));
    for (unsigned i = 0; (parent = nvrm_class_parent(s, c, i)); i++)
        json_array_append_new(parents, json_string(parent));
    json_object_set_new(o, "parents", parents);
    json_object_set_new(o, "several", json_boolean(c->multi));
    json_object_set_new(o, "params_optional", json_boolean(c->optional));
    json_object_set_new(o, "flags", describe_bits(s, c->flags, nvrm_class_flag_name));
    if (c->access)
        json_object_set_new(o, "access", describe_bits(s, c->access, nvrm_access_name));
    set_text(o, "header", nvrm_str(s, c->header));
    set_text(o, "params", describe_params(s, c->params));
    if (layout)
        json_object_set_new(o, "layout", describe_layout(abi, layout, true));
    return o;
}

json_t *
describe_rpc(struct nvrm_abi abi, const struct nvrm_rpc *r)
{
    const struct nvrm_layout *layout = nvrm_struct_at(abi, r->params);
    json_t *o = named(r->is_event ? "event" : "rpc", nvrm_str(abi.schema, r->name));

    json_object_set_new(o, "id", cli_hex(r->id));
    set_text(o, "doc", nvrm_str(abi.schema, r->doc));
    set_text(o, "params", describe_params(abi.schema, r->params));
    if (layout)
        json_object_set_new(o, "layout", describe_layout(abi, layout, true));
    return o;
}

json_t *
describe_const(struct nvrm_abi abi, const struct nvrm_const *c)
{
    json_t *o = named("constant", nvrm_str(abi.schema, c->name));

    if (c->is_range) {
        json_object_set_new(o, "bits", json_sprintf("%u:%u", c->hi, c->lo));
    } else {
        json_object_set_new(o, "value", cli_hex(c->value));
        json_object_set_new(o, "decimal", json_integer((json_int_t)c->value));
    }
    set_text(o, "doc", nvrm_str(abi.schema, c->doc));
    set_text(o, "params", describe_params(abi.schema, c->params));
    return o;
}

/* The remarks behind a field, in one line. */
static void
print_remarks(FILE *out, const json_t *f)
{
    static const struct {
        const char *key, *before;
    } remarks[] = {
        {"dir",       ""           },
        {"unit",      "in "        },
        {"enum",      "one of "    },
        {"bits",      "bits "      },
        {"count_in",  "count in "  },
        {"bytes_in",  "bytes in "  },
        {"union_tag", "member by " },
        {"as",        "holds what "},
        {"points_to", "to "        },
    };
    const char *comma = "";

    for (size_t i = 0; i < sizeof(remarks) / sizeof(remarks[0]); i++) {
        const char *text = cli_str(f, remarks[i].key);

        if (!*text)
            continue;
        fprintf(out, "%s%s%s", comma, remarks[i].before, text);
        comma = ", ";
    }
    if (json_object_get(f, "max"))
        fprintf(out, "%sat most %lld", comma,
                (long long)json_integer_value(json_object_get(f, "max")));
    if (*cli_str(f, "doc"))
        fprintf(out, "%s%s", json_object_get(f, "max") || *comma ? ": " : "",
                cli_str(f, "doc"));
}

static void
measure(const json_t *fields, int depth, int *type_width, int *name_width)
{
    const json_t *f;
    size_t i;

    json_array_foreach(fields, i, f)
    {
        const int type = (int)strlen(cli_str(f, "type"));
        const int name = (int)strlen(cli_str(f, "name")) + 2 * depth;

        if (type > *type_width)
            *type_width = type;
        if (name > *name_width)
            *name_width = name;
        measure(json_object_get(f, "fields"), depth + 1, type_width, name_width);
    }
}

static void
print_fields(struct cli *cli, const json_t *fields, long long base, int depth, int type_width,
             int name_width)
{
    const json_t *f;
    size_t i;

    json_array_foreach(fields, i, f)
    {
        const long long offset = base + json_integer_value(json_object_get(f, "offset"));
        const char *name = cli_str(f, "name");

        fprintf(cli->out, "%7lld %6lld  %-*s  %*s%s%s%s%*s  ", offset,
                (long long)json_integer_value(json_object_get(f, "size")), type_width,
                cli_str(f, "type"), 2 * depth, "", cli_paint(cli, cli->out, "\033[1m"), name,
                cli_paint(cli, cli->out, "\033[0m"), name_width - 2 * depth - (int)strlen(name),
                "");
        print_remarks(cli->out, f);
        fputc('\n', cli->out);
        print_fields(cli, json_object_get(f, "fields"), offset, depth + 1, type_width,
                     name_width);
    }
}

void
describe_print_layout(struct cli *cli, const json_t *layout)
{
    const json_t *fields = json_object_get(layout, "fields");
    int type_width = 4, name_width = 5;

    measure(fields, 0, &type_width, &name_width);
    fprintf(cli->out, "%s %s, %lld bytes, aligned to %lld\n", cli_str(layout, "kind"),
            cli_str(layout, "name"),
            (long long)json_integer_value(json_object_get(layout, "size")),
            (long long)json_integer_value(json_object_get(layout, "align")));
    if (*cli_str(layout, "doc"))
        fprintf(cli->out, "  %s\n", cli_str(layout, "doc"));
    fprintf(cli->out, " offset   size  %-*s  %-*s\n", type_width, "type", name_width, "field");
    print_fields(cli, fields, 0, 0, type_width, name_width);
}

static void
print_property(struct cli *cli, const char *key, const json_t *value)
{
    char scalar[256];
    const json_t *item;
    size_t i;

    fprintf(cli->out, "  %-16s ", key);
    if (!json_is_array(value))
        fputs(render_scalar(value, scalar, sizeof(scalar)), cli->out);
    else if (!json_array_size(value))
        fputc('-', cli->out);
    json_array_foreach(value, i, item)
        fprintf(cli->out, "%s%s", i ? " " : "", render_scalar(item, scalar, sizeof(scalar)));
    fputc('\n', cli->out);
}

void
describe_print(struct cli *cli, const json_t *doc)
{
    const json_t *layout = json_object_get(doc, "layout");
    const char *key;
    json_t *value;

    if (json_object_get(doc, "fields")) {
        describe_print_layout(cli, doc);
        if (json_object_get(doc, "releases"))
            print_property(cli, "releases", json_object_get(doc, "releases"));
        return;
    }
    fprintf(cli->out, "%s %s%s%s\n", cli_str(doc, "kind"), cli_paint(cli, cli->out, "\033[1m"),
            cli_str(doc, "name"), cli_paint(cli, cli->out, "\033[0m"));
    json_object_foreach((json_t *)doc, key, value)
    {
        if (strcmp(key, "kind") && strcmp(key, "name") && strcmp(key, "layout"))
            print_property(cli, key, value);
    }
    if (layout)
        describe_print_layout(cli, layout);
}
