/* SPDX-License-Identifier: MIT */
/*
 * The reference in Markdown: one page per family of controls (the RM class that implements
 * them), one for classes, one for RPC messages, one for status codes, and an index. What the
 * newest release has is described; what older ones had is named.
 */
#include <stdlib.h>
#include <string.h>

#include "emit.h"

static const char *const dirs[] = {"", "in", "out", "in, out"};
static const char *const safeties[] = {"not known", "read", "write", "destructive",
                                       "quarantined"};

/* Pipes would end a table's cell. */
static void
cell(struct gen *g, struct gen_text *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '|')
            gen_text_add(g, out, "\\", 1);
        gen_text_add(g, out, text, 1);
    }
}

static const char *
type_of(struct gen *g, const struct nvrm_schema *s, const struct nvrm_field *f)
{
    const char *name = f->type == NVRM_STRUCT ? nvrm_str(s, nvrm_layout_at(s, f->ref)->name)
                                              : nvrm_type_name((enum nvrm_type)f->type);

    if (f->bit_len)
        return gen_internf(g, "%s:%u", name, f->bit_len);
    if (!(f->flags & NVRM_FIELD_ARRAY))
        return name;
    if (!f->count)
        return gen_internf(g, "%s[]", name);
    if (f->inner)
        return gen_internf(g, "%s[%u][%u]", name, f->count / f->inner, f->inner);
    return gen_internf(g, "%s[%u]", name, f->count);
}

static void
meaning(struct gen *g, const struct nvrm_schema *s, const struct nvrm_layout *l,
        const struct nvrm_note *note, struct gen_text *out)
{
    const struct nvrm_field *f = nvrm_layout_fields(s, l);

    if (!note)
        return;
    cell(g, out, nvrm_str(s, note->doc));
    if (note->unit)
        gen_textf(g, out, " [%s]", nvrm_str(s, note->unit));
    if (note->set_kind == NVRM_SET_ENUM || note->set_kind == NVRM_SET_BITS)
        gen_textf(g, out, " `%s*`", nvrm_set_prefix(s, note->set));
    if (note->count != NVRM_NONE)
        gen_textf(g, out, " (%s: `%s`)", note->flags & NVRM_NOTE_BYTES ? "bytes" : "elements",
                  nvrm_str(s, f[note->count].name));
    if (note->tag != NVRM_NONE)
        gen_textf(g, out, " (chosen by `%s`)", nvrm_str(s, f[note->tag].name));
}

static void
struct_table(struct gen *g, const struct nvrm_schema *s, const struct nvrm_layout *l,
             struct gen_text *out)
{
    const struct nvrm_field *f = nvrm_layout_fields(s, l);

    gen_textf(g, out,
              "\n`%s`, %u bytes%s\n\n| offset | field | type | | meaning |\n| ---: | --- | --- "
              "| --- | --- |\n",
              nvrm_str(s, l->name), l->size, l->flags & NVRM_LAYOUT_UNION ? ", a union" : "");
    for (unsigned i = 0; i < l->fields; i++) {
        const struct nvrm_note *note = nvrm_note_at(s, f[i].note);

        gen_textf(g, out, "| %u | `%s` | %s | %s | ", f[i].offset, nvrm_str(s, f[i].name),
                  type_of(g, s, &f[i]), note ? dirs[note->dir] : "");
        meaning(g, s, l, note, out);
        gen_textf(g, out, " |\n");
    }
}

/* The releases that have it, as the first and the last. */
static const char *
span(struct gen *g, const struct nvrm_schema *s, const void *(*at)(struct nvrm_abi, unsigned),
     unsigned row)
{
    unsigned first = UINT8_MAX, last = 0;

    for (unsigned r = 0; r < nvrm_release_count(s); r++) {
        if (!at((struct nvrm_abi){s, (nvrm_release)r}, row))
            continue;
        first = first == UINT8_MAX ? r : first;
        last = r;
    }
    if (first == UINT8_MAX)
        return "no release";
    return gen_internf(g, "%s to %s", nvrm_release_name(s, (nvrm_release)first),
                       nvrm_release_name(s, (nvrm_release)last));
}

static const void *
control_at(struct nvrm_abi abi, unsigned row)
{
    return nvrm_control_at(abi, row);
}

static const void *
class_at(struct nvrm_abi abi, unsigned row)
{
    return nvrm_class_at(abi, row);
}

static const void *
rpc_at(struct nvrm_abi abi, unsigned row)
{
    return nvrm_rpc_at(abi, row);
}

/* The newest release that has the row. */
static struct nvrm_abi
newest(const struct nvrm_schema *s, const void *(*at)(struct nvrm_abi, unsigned), unsigned row)
{
    struct nvrm_abi abi = {s, nvrm_release_newest(s)};

    while (abi.release > 0 && !at(abi, row))
        abi.release--;
    return abi;
}

/* The params, and below them each struct that they are made of, once per page. */
static void
params(struct gen *g, struct nvrm_abi abi, uint16_t row, struct gen_map *seen,
       struct gen_text *out)
{
    const struct nvrm_layout *l = nvrm_struct_at(abi, row);
    struct gen_words rows = {0};

    if (l)
        *gen_push(g, &rows) = nvrm_layout_row(abi.schema, l);
    for (uint32_t i = 0; i < rows.n; i++) { /* grows while it is read */
        const struct nvrm_field *f;

        l = nvrm_layout_at(abi.schema, (uint16_t)rows.p[i]);
        if (i && gen_map_get(seen, (const char *)l) != UINT32_MAX)
            continue;
        gen_map_set(g, seen, (const char *)l, 1);
        struct_table(g, abi.schema, l, out);
        f = nvrm_layout_fields(abi.schema, l);
        for (unsigned k = 0; k < l->fields; k++) {
            if (f[k].type == NVRM_STRUCT)
                *gen_push(g, &rows) = f[k].ref;
        }
    }
}

const char *
gen_control_family(struct gen *g, const struct nvrm_schema *s, unsigned row)
{
    const struct nvrm_control *c = nvrm_control_at(newest(s, control_at, row), row);

    if (!c)
        return NULL;
    return c->on ? nvrm_str(s, c->on) : gen_internf(g, "headers-%04x", c->id >> 16);
}

void
gen_markdown_controls(struct gen *g, const struct nvrm_schema *s, const char *family,
                      struct gen_text *out)
{
    struct gen_map seen = {0};

    gen_textf(g, out, "# Controls of %s\n", family);
    for (unsigned i = 0; i < nvrm_control_count(s); i++) {
        const struct nvrm_abi abi = newest(s, control_at, i);
        const struct nvrm_control *c = nvrm_control_at(abi, i);
        const char *mine = gen_control_family(g, s, i), *flag;

        if (!c || strcmp(mine, family) != 0)
            continue;
        gen_textf(g, out, "\n## %s\n\n", nvrm_str(s, c->name));
        if (c->doc)
            gen_textf(g, out, "%s\n\n", nvrm_str(s, c->doc));
        gen_textf(g, out, "id 0x%08x, %s, safety: %s", c->id, span(g, s, control_at, i),
                  safeties[c->safety]);
        for (unsigned bit = 0; (flag = nvrm_control_flag_name(s, bit)); bit++) {
            if (c->flags >> bit & 1)
                gen_textf(g, out, ", %s", flag);
        }
        gen_textf(g, out, "\n");
        params(g, abi, c->params, &seen, out);
    }
}

void
gen_markdown_classes(struct gen *g, const struct nvrm_schema *s, struct gen_text *out)
{
    struct gen_map seen = {0};

    gen_textf(g, out, "# Classes\n");
    for (unsigned i = 0; i < nvrm_class_count(s); i++) {
        const struct nvrm_abi abi = newest(s, class_at, i);
        const struct nvrm_class *c = nvrm_class_at(abi, i);

        if (!c)
            continue;
        gen_textf(g, out, "\n## %s\n\n", nvrm_str(s, c->name));
        if (c->doc)
            gen_textf(g, out, "%s\n\n", nvrm_str(s, c->doc));
        gen_textf(g, out, "id 0x%04x, %s", c->id, span(g, s, class_at, i));
        if (c->impl)
            gen_textf(g, out, ", implemented by %s", nvrm_str(s, c->impl));
        for (unsigned k = 0; k < c->parents; k++)
            gen_textf(g, out, "%s%s", k ? " or " : ", under ", nvrm_class_parent(s, c, k));
        gen_textf(g, out, "%s\n", c->optional ? ", params optional" : "");
        params(g, abi, c->params, &seen, out);
    }
}

void
gen_markdown_rpcs(struct gen *g, const struct nvrm_schema *s, struct gen_text *out)
{
    struct gen_map seen = {0};

    gen_textf(g, out, "# RPC functions and events\n");
    for (unsigned i = 0; i < nvrm_rpc_count(s); i++) {
        const struct nvrm_abi abi = newest(s, rpc_at, i);
        const struct nvrm_rpc *f = nvrm_rpc_at(abi, i);

        if (!f)
            continue;
        gen_textf(g, out, "\n## %s\n\n", nvrm_str(s, f->name));
        if (f->doc)
            gen_textf(g, out, "%s\n\n", nvrm_str(s, f->doc));
        gen_textf(g, out, "%s 0x%x, %s\n", f->is_event ? "event" : "function", f->id,
                  span(g, s, rpc_at, i));
        params(g, abi, f->params, &seen, out);
    }
}

void
gen_markdown_status(struct gen *g, const struct nvrm_schema *s, struct gen_text *out)
{
    const struct nvrm_abi abi = {s, nvrm_release_newest(s)};

    gen_textf(g, out, "# Status codes\n\n| value | name | meaning |\n| ---: | --- | --- |\n");
    for (unsigned i = 0; i < nvrm_status_count(s); i++) {
        const struct nvrm_const *c = nvrm_status_at(abi, i);

        if (!c)
            continue;
        gen_textf(g, out, "| 0x%02x | %s | ", (unsigned)c->value, nvrm_str(s, c->name));
        cell(g, out, nvrm_str(s, c->doc));
        gen_textf(g, out, " |\n");
    }
}
