/* SPDX-License-Identifier: MIT */
/*
 * Python 3: a module of ctypes structures that checks its sizes and offsets when it is loaded.
 */
#include <inttypes.h>

#include "bind_priv.h"

static const char *const python_types[] = {
    [NVRM_U8] = "c_uint8",   [NVRM_U16] = "c_uint16",    [NVRM_U32] = "c_uint32",
    [NVRM_U64] = "c_uint64", [NVRM_S8] = "c_int8",       [NVRM_S16] = "c_int16",
    [NVRM_S32] = "c_int32",  [NVRM_S64] = "c_int64",     [NVRM_CHAR] = "c_char",
    [NVRM_BOOL] = "c_uint8", [NVRM_HANDLE] = "c_uint32", [NVRM_STATUS] = "c_uint32",
    [NVRM_FD] = "c_int32",   [NVRM_PTR] = "c_uint64",    [NVRM_ENUM] = "c_uint32",
    [NVRM_STRUCT] = "",
};

static const char *
inner_name(struct nvrm_bind *b, const char *outer, const struct nvrm_field *f)
{
    return gen_internf(&b->g, "%s__%s", outer, nvrm_str(b->schema, f->name));
}

static const char *
type_of(struct nvrm_bind *b, const char *outer, const struct nvrm_field *f)
{
    const struct nvrm_layout *inner = nvrm_layout_at(b->schema, f->ref);
    const char *one = !inner ? gen_internf(&b->g, "ctypes.%s", python_types[f->type])
                      : bind_in_place(b->schema, inner) ? inner_name(b, outer, f)
                                                        : bind_type_of(b, inner)->ident;

    if (!(f->flags & NVRM_FIELD_ARRAY))
        return one;
    if (f->inner)
        return gen_internf(&b->g, "%s * %u * %u", one, f->inner, f->count / f->inner);
    return gen_internf(&b->g, "%s * %u", one, f->count);
}

static void
put_fields(struct nvrm_bind *b, const char *name, const struct nvrm_layout *l,
           struct gen_text *out)
{
    const struct nvrm_field *f = nvrm_layout_fields(b->schema, l);

    gen_textf(&b->g, out, "    _fields_ = [\n");
    for (unsigned i = 0; i < l->fields; i++) {
        const char *doc = bind_field_doc(b, &f[i]);

        gen_textf(&b->g, out, "        (\"%s\", %s", nvrm_str(b->schema, f[i].name),
                  type_of(b, name, &f[i]));
        if (f[i].bit_len)
            gen_textf(&b->g, out, ", %u", f[i].bit_len);
        gen_textf(&b->g, out, "),%s%s\n", *doc ? "  # " : "", doc);
    }
    gen_textf(&b->g, out, "    ]\n");
}

static void
put_layout(struct nvrm_bind *b, const char *name, const struct nvrm_layout *l,
           struct gen_text *out)
{
    const struct nvrm_field *f = nvrm_layout_fields(b->schema, l);
    const struct nvrm_note *note = nvrm_note_at(b->schema, l->note);
    bool comma = false;

    for (unsigned i = 0; i < l->fields; i++) {
        const struct nvrm_layout *inner = nvrm_layout_at(b->schema, f[i].ref);

        if (inner && bind_in_place(b->schema, inner))
            put_layout(b, inner_name(b, name, &f[i]), inner, out);
    }
    gen_textf(&b->g, out, "\n\n");
    if (note && note->doc)
        gen_textf(&b->g, out, "# %s\n", nvrm_str(b->schema, note->doc));
    gen_textf(&b->g, out, "class %s(ctypes.%s):\n", name,
              l->flags & NVRM_LAYOUT_UNION ? "Union" : "Structure");
    if (bind_is_packed(b->schema, l))
        gen_textf(&b->g, out, "    _pack_ = %u\n", l->align);
    put_fields(b, name, l, out);
    gen_textf(&b->g, out, "\n\n_check(%s, %u, {", name, l->size);
    for (unsigned i = 0; i < l->fields; i++) {
        if (f[i].bit_len)
            continue;
        gen_textf(&b->g, out, "%s\"%s\": %u", comma ? ", " : "", nvrm_str(b->schema, f[i].name),
                  f[i].offset);
        comma = true;
    }
    gen_textf(&b->g, out, "})\n");
}

static void
put_number(struct nvrm_bind *b, const struct bind_number *n, struct gen_text *out)
{
    const char *doc = nvrm_str(b->schema, n->doc);

    if (n->kind == BIND_RANGE) {
        gen_textf(&b->g, out, "%s__SHIFT = %u\n", n->ident, n->lo);
        if (n->hi < 64)
            gen_textf(&b->g, out, "%s__MASK = 0x%" PRIx64 "\n", n->ident,
                      (UINT64_MAX >> (63 - n->hi)) & (UINT64_MAX << n->lo));
        return;
    }
    gen_textf(&b->g, out, "%s = 0x%" PRIx64 "%s%s\n", n->ident, n->value, *doc ? "  # " : "",
              doc);
}

static void
put_row(struct nvrm_bind *b, const struct bind_row *row, struct gen_text *out)
{
    gen_textf(&b->g, out, "    (\"%s\", \"%s\", 0x%" PRIx64 ", %s, %u, %u),\n", row->kind,
              row->name, row->id ? row->id->value : 0,
              row->params ? row->params->ident : "None", row->from, row->to);
}

void
bind_emit_python(struct nvrm_bind *b, struct gen_text *out)
{
    gen_textf(&b->g, out, "# SPDX-License-Identifier: MIT\n");
    bind_notice(b, "python", "#", out);
    gen_textf(&b->g, out,
              "import ctypes\n\n\n"
              "def _check(cls, size, offsets):\n"
              "    assert ctypes.sizeof(cls) == size, f\"{cls.__name__} has "
              "{ctypes.sizeof(cls)} bytes, not {size}\"\n"
              "    for name, offset in offsets.items():\n"
              "        found = getattr(cls, name).offset\n"
              "        assert found == offset, f\"{cls.__name__}.{name} is at {found}, not "
              "{offset}\"\n\n\n");
    for (uint32_t i = 0; i < b->numbers.n; i++)
        put_number(b, &b->numbers.p[i], out);
    for (uint32_t i = 0; i < b->types.n; i++)
        put_layout(b, b->types.p[i].ident, b->types.p[i].layout, out);
    gen_textf(&b->g, out,
              "\n# The chosen releases; rows speak of them by index.\nRELEASES = [\n");
    for (unsigned i = 0; i < b->release_count; i++)
        gen_textf(&b->g, out, "    \"%s\",\n", nvrm_release_name(b->schema, b->releases[i]));
    gen_textf(
        &b->g, out,
        "]\n\n# kind, name, id, type that it takes or is, first and last release\nROWS = [\n");
    bind_rows(b, put_row, out);
    gen_textf(&b->g, out,
              "]\n\n\n"
              "def row(name, release):\n"
              "    \"\"\"The row of a name at a release, or None.\"\"\"\n"
              "    at = RELEASES.index(release)\n"
              "    for r in ROWS:\n"
              "        if r[1] == name and r[4] <= at <= r[5]:\n"
              "            return r\n"
              "    return None\n");
}
