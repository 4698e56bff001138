/* SPDX-License-Identifier: MIT */
/*
 * JSON Schema (2020-12) of one params struct at one release: what gsp_json_read() takes.
 * Structs inside become $defs. Numbers may be JSON numbers or strings ("0x10"); members of a
 * set may be given by full name, without the set's prefix, or as numbers.
 */
#include <inttypes.h>
#include <string.h>

#include "emit.h"

struct page {
    struct gen *g;
    struct nvrm_abi abi;
    struct gen_text *out;
    struct gen_words defs; /* layout rows that $defs must hold */
};

static void
quoted(struct page *p, const char *text)
{
    gen_text_add(p->g, p->out, "\"", 1);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\' || (unsigned char)*text < ' ')
            gen_textf(p->g, p->out, "\\u%04x", (unsigned char)*text);
        else
            gen_text_add(p->g, p->out, text, 1);
    }
    gen_text_add(p->g, p->out, "\"", 1);
}

static void
want(struct page *p, uint16_t row)
{
    for (uint32_t i = 0; i < p->defs.n; i++) {
        if (p->defs.p[i] == row)
            return;
    }
    *gen_push(p->g, &p->defs) = row;
}

static bool
is_signed(uint8_t type)
{
    return type == NVRM_S8 || type == NVRM_S16 || type == NVRM_S32 || type == NVRM_S64 ||
           type == NVRM_FD;
}

/* Limits of JSON numbers; strings are only checked for being numbers. 64-bit limits are left
 * out: most readers of JSON cannot hold them. */
static void
put_integer(struct page *p, uint8_t type, unsigned bits)
{
    const uint64_t max = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;

    gen_textf(
        p->g, p->out,
        "\"type\": [\"integer\", \"string\"], \"pattern\": \"^-?(0[xX][0-9a-fA-F]+|[0-9]+)$\"");
    if (is_signed(type) && bits < 64)
        gen_textf(p->g, p->out, ", \"minimum\": -%" PRIu64 ", \"maximum\": %" PRIu64,
                  max / 2 + 1, max / 2);
    else if (!is_signed(type))
        gen_textf(p->g, p->out, ", \"minimum\": 0");
    if (!is_signed(type) && bits < 64)
        gen_textf(p->g, p->out, ", \"maximum\": %" PRIu64, max);
}

static void
put_names(struct page *p, uint16_t set)
{
    const size_t prefix = strlen(nvrm_set_prefix(p->abi.schema, set));
    bool first = true;

    gen_textf(p->g, p->out, "{\"enum\": [");
    for (unsigned i = 0; i < nvrm_set_count(p->abi.schema, set); i++) {
        const struct nvrm_const *c = nvrm_set_at(p->abi, set, i);
        const char *name = c ? nvrm_str(p->abi.schema, c->name) : "";

        if (!c || c->is_range)
            continue;
        gen_textf(p->g, p->out, first ? "" : ", ");
        quoted(p, name);
        if (strlen(name) > prefix) {
            gen_textf(p->g, p->out, ", ");
            quoted(p, name + prefix);
        }
        first = false;
    }
    gen_textf(p->g, p->out, "]}");
}

static void
put_scalar(struct page *p, uint8_t type, unsigned bits, const struct nvrm_note *note)
{
    const uint8_t kind = note ? note->set_kind : NVRM_SET_NONE;

    if (type == NVRM_BOOL) {
        gen_textf(p->g, p->out,
                  "\"type\": [\"boolean\", \"integer\"], \"minimum\": 0, \"maximum\": 1");
    } else if (kind == NVRM_SET_ENUM) {
        gen_textf(p->g, p->out, "\"anyOf\": [");
        put_names(p, note->set);
        gen_textf(p->g, p->out, ", {");
        put_integer(p, type, bits);
        gen_textf(p->g, p->out, "}]");
    } else if (kind == NVRM_SET_BITS) {
        gen_textf(p->g, p->out,
                  "\"type\": [\"array\", \"string\", \"integer\"], \"items\": {\"type\": "
                  "[\"string\", \"integer\"]}");
    } else if (kind != NVRM_SET_NONE || type == NVRM_STATUS) {
        gen_textf(p->g, p->out, "\"type\": [\"string\", \"integer\"]");
    } else {
        put_integer(p, type, bits);
    }
}

static void
put_element(struct page *p, uint8_t type, uint16_t ref, unsigned bits,
            const struct nvrm_note *note)
{
    if (type != NVRM_STRUCT) {
        put_scalar(p, type, bits, note);
        return;
    }
    gen_textf(p->g, p->out, "\"$ref\": \"#/$defs/%s\"",
              nvrm_str(p->abi.schema, nvrm_layout_at(p->abi.schema, ref)->name));
    want(p, ref);
}

/* An array of bytes may also be a string, text or hex; bytes that hold what a sibling names may
 * also be that struct. */
static void
put_array(struct page *p, const struct nvrm_field *f, const struct nvrm_note *note)
{
    const bool bytes = f->type == NVRM_U8 || f->type == NVRM_CHAR;
    const char *type = bytes ? "[\"array\", \"string\"]" : "\"array\"";
    const bool holds = note && note->as != NVRM_NONE;

    gen_textf(p->g, p->out, "\"type\": %s, ",
              holds ? "[\"object\", \"array\", \"string\"]" : type);
    if (f->count)
        gen_textf(p->g, p->out, "\"maxItems\": %u, ",
                  f->inner ? f->count / f->inner : f->count);
    gen_textf(p->g, p->out, "\"items\": {");
    if (f->inner)
        gen_textf(p->g, p->out, "\"type\": %s, \"maxItems\": %u, \"items\": {", type, f->inner);
    put_element(p, f->type, f->ref, 8 * nvrm_field_elem_bytes(p->abi.schema, f), note);
    gen_textf(p->g, p->out, f->inner ? "}}" : "}");
}

static void
put_field(struct page *p, const struct nvrm_field *f)
{
    const struct nvrm_note *note = nvrm_note_at(p->abi.schema, f->note);
    const unsigned bits = f->bit_len ? f->bit_len : 8 * nvrm_field_elem_bytes(p->abi.schema, f);

    quoted(p, nvrm_str(p->abi.schema, f->name));
    gen_textf(p->g, p->out, ": {");
    if (note && note->doc) {
        gen_textf(p->g, p->out, "\"description\": ");
        quoted(p, nvrm_str(p->abi.schema, note->doc));
        gen_textf(p->g, p->out, ", ");
    }
    if (note && (note->flags & NVRM_NOTE_PTR)) {
        gen_textf(p->g, p->out, "\"anyOf\": [{\"type\": [\"array\", \"string\"]}, {");
        put_integer(p, NVRM_PTR, 64);
        gen_textf(p->g, p->out, "}]");
        if (note->ptr_type == NVRM_STRUCT && note->ptr_ref != NVRM_NONE) {
            gen_textf(p->g, p->out, ", \"items\": {");
            put_element(p, NVRM_STRUCT, note->ptr_ref, 0, NULL);
            gen_textf(p->g, p->out, "}");
        }
    } else if (f->flags & NVRM_FIELD_ARRAY) {
        put_array(p, f, note);
    } else {
        put_element(p, f->type, f->ref, bits, note);
    }
    gen_textf(p->g, p->out, "}");
}

static void
put_object(struct page *p, const struct nvrm_layout *l, const char *indent)
{
    const struct nvrm_field *f = nvrm_layout_fields(p->abi.schema, l);
    const struct nvrm_note *note = nvrm_note_at(p->abi.schema, l->note);

    if (note && note->doc) {
        gen_textf(p->g, p->out, "\"description\": ");
        quoted(p, nvrm_str(p->abi.schema, note->doc));
        gen_textf(p->g, p->out, ", ");
    }
    gen_textf(p->g, p->out,
              "\"type\": \"object\", \"additionalProperties\": false,%s \"properties\": {",
              l->flags & NVRM_LAYOUT_UNION ? " \"maxProperties\": 1," : "");
    for (unsigned i = 0; i < l->fields; i++) {
        gen_textf(p->g, p->out, "%s\n%s  ", i ? "," : "", indent);
        put_field(p, &f[i]);
    }
    gen_textf(p->g, p->out, "\n%s}", indent);
}

void
gen_emit_json_schema(struct gen *g, struct nvrm_abi abi, const struct nvrm_layout *l,
                     struct gen_text *out)
{
    struct page p = {.g = g, .abi = abi, .out = out};
    const char *name = nvrm_str(abi.schema, l->name);

    gen_textf(g, out, "{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n");
    gen_textf(g, out, "  \"$id\": \"urn:nvrm:%s:%s\",\n",
              nvrm_release_name(abi.schema, abi.release), name);
    gen_textf(g, out, "  \"title\": \"%s\",\n  ", name);
    put_object(&p, l, "  ");
    if (p.defs.n)
        gen_textf(g, out, ",\n  \"$defs\": {");
    for (uint32_t i = 0; i < p.defs.n; i++) { /* grows while it is written */
        const struct nvrm_layout *inner = nvrm_layout_at(abi.schema, (uint16_t)p.defs.p[i]);

        gen_textf(g, out, "%s\n    \"%s\": {", i ? "," : "", nvrm_str(abi.schema, inner->name));
        put_object(&p, inner, "    ");
        gen_textf(g, out, "}");
    }
    gen_textf(g, out, "%s\n}\n", p.defs.n ? "\n  }" : "");
}
