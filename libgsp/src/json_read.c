/* SPDX-License-Identifier: MIT */
/*
 * JSON to wire bytes: objects, keys and their rules. Values are json_field.c's and
 * json_value.c's; errors json_explain.c's.
 *
 * Text goes straight into a scratch copy of the wire struct, which is handed over when all of
 * it was read, so that an error leaves the caller's bytes as they were. A key that needs
 * another one first (a union its tag, opaque bytes their id) is stepped over and read in a
 * second pass.
 */
#include <errno.h>

#include "json_read_priv.h"
#include "scratch_priv.h"

static bool
key_is(const struct nvrm_schema *s, const struct nvrm_field *f, const char *key, size_t bytes)
{
    const char *name = nvrm_str(s, f->name);

    return strncmp(name, key, bytes) == 0 && name[bytes] == '\0';
}

/* The field called `key`: mostly the one after the last. */
static const struct nvrm_field *
find_field(const struct gsp_reader *r, const struct gsp_object *o, const char *key,
           size_t bytes, uint32_t *next)
{
    const uint32_t fields = o->layout->fields;

    for (uint32_t n = 0, i = *next < fields ? *next : 0; n < fields; n++, i++) {
        if (i == fields)
            i = 0;
        if (key_is(r->abi.schema, &o->fields[i], key, bytes)) {
            *next = i + 1;
            return &o->fields[i];
        }
    }
    return NULL;
}

/* Takes `"key":` and finds its field. */
static const struct nvrm_field *
read_key(struct gsp_reader *r, const struct gsp_object *o, uint32_t *next)
{
    const struct nvrm_field *f;
    struct gsp_lex_string key;
    char text[128];

    if (!gsp_lex_string(&r->lex, &key))
        return NULL;
    if (key.escaped) {
        const size_t bytes = gsp_lex_unescape(&key, text, sizeof(text));

        key.s = text;
        key.bytes = bytes < sizeof(text) ? bytes : sizeof(text);
    }
    f = find_field(r, o, key.s, key.bytes, next);
    if (!f) {
        gsp_read_unknown_key(r, o->layout, key.s, key.bytes);
        return NULL;
    }
    if (!gsp_lex_take(&r->lex, ':')) {
        gsp_lex_fail(&r->lex, "':' was expected");
        return NULL;
    }
    return f;
}

/* A field's value under its name in the path. */
static bool
read_named(struct gsp_reader *r, struct gsp_object *o, const struct nvrm_field *f)
{
    const struct gsp_frame frame = {r->top, nvrm_str(r->abi.schema, f->name), 0};
    bool ok;

    r->top = &frame;
    ok = gsp_read_field(r, o, f);
    if (!ok)
        gsp_read_syntax_error(r); /* while the path is still known */
    r->top = frame.up;
    return ok;
}

static bool
end_of_object(struct gsp_reader *r)
{
    return gsp_lex_take(&r->lex, '}') || gsp_lex_fail(&r->lex, "',' or '}' was expected");
}

/* The second pass: the keys in `later`. The first one has seen that all is well-formed. */
static bool
read_later(struct gsp_reader *r, struct gsp_object *o, const char *start, const uint64_t *later)
{
    const char *end = r->lex.p;
    uint32_t next = 0;

    r->lex.p = start;
    gsp_lex_take(&r->lex, '{');
    do {
        const struct nvrm_field *f = read_key(r, o, &next);

        if (!f || !(gsp_bit_get(later, (uint32_t)(f - o->fields)) ? read_named(r, o, f)
                                                                  : gsp_lex_skip(&r->lex)))
            return false;
    } while (gsp_lex_take(&r->lex, ','));
    r->lex.p = end;
    return true;
}

/* One key and its value; a key that must wait goes into `later`. */
static bool
read_member(struct gsp_reader *r, struct gsp_object *o, uint32_t *next, uint64_t *later,
            bool *waiting)
{
    const struct nvrm_field *f = read_key(r, o, next);
    const uint32_t index = f ? (uint32_t)(f - o->fields) : 0;

    if (!f)
        return false;
    if (gsp_bit_get(o->seen, index))
        return gsp_read_fail(r, -EINVAL, "'%s' is given twice",
                             nvrm_str(r->abi.schema, f->name));
    if (!gsp_read_must_wait(r, o, f)) {
        if (!read_named(r, o, f))
            return false;
        gsp_bit_set(o->seen, index);
        return true;
    }
    gsp_bit_set(o->seen, index);
    gsp_bit_set(later, index);
    *waiting = true;
    return gsp_lex_skip(&r->lex);
}

bool
gsp_read_object(struct gsp_reader *r, struct gsp_object *o)
{
    const char *start = r->lex.p;
    uint64_t later[GSP_OBJECT_WORDS];
    bool waiting = false;
    uint32_t next = 0;

    if (o->layout->flags & NVRM_LAYOUT_UNION)
        return gsp_read_union(r, o, NULL, NULL);
    if (o->layout->fields > GSP_OBJECT_FIELDS)
        return gsp_read_fail(r, -EOPNOTSUPP, "a struct of %u fields is too large",
                             o->layout->fields);
    if (!gsp_lex_take(&r->lex, '{'))
        return gsp_lex_fail(&r->lex, "an object was expected");
    if (gsp_lex_take(&r->lex, '}'))
        return gsp_read_finish(r, o);
    memset(later, 0, (o->layout->fields + 63u) / 64 * sizeof(later[0]));
    do {
        if (!read_member(r, o, &next, later, &waiting))
            return false;
    } while (gsp_lex_take(&r->lex, ','));
    if (!end_of_object(r) || (waiting && !read_later(r, o, start, later)))
        return false;
    return gsp_read_finish(r, o);
}

/* The tag as the text gives it, or as the member implies it. */
static bool
settle_tag(struct gsp_reader *r, struct gsp_object *owner, const struct nvrm_note *note,
           const struct gsp_object *o, uint16_t member)
{
    const struct nvrm_field *tag = &owner->fields[note->tag];
    const struct nvrm_schema *s = r->abi.schema;
    uint8_t *at = owner->base + tag->offset;
    const struct nvrm_case *c = gsp_case_of(s, note, gsp_field_load(tag, at)), *only = NULL;

    if (gsp_bit_get(owner->seen, note->tag)) {
        if (!c || c->member == member)
            return true;
        return gsp_read_fail(r, -EINVAL, "'%s' does not go with %s: '%s' does",
                             nvrm_str(s, o->fields[member].name), nvrm_str(s, tag->name),
                             nvrm_str(s, o->fields[c->member].name));
    }
    for (uint16_t i = 0; i < note->cases; i++) {
        const struct nvrm_case *one = nvrm_case_at(s, (uint16_t)(note->first_case + i));

        if (one->member == member && only)
            return gsp_read_fail(r, -EINVAL, "'%s' must be given", nvrm_str(s, tag->name));
        only = one->member == member ? one : only;
    }
    if (only && !gsp_bit_get(owner->filled, note->tag)) {
        gsp_field_store(tag, at, only->value);
        gsp_bit_set(owner->filled, note->tag);
    }
    return true;
}

bool
gsp_read_union(struct gsp_reader *r, struct gsp_object *o, struct gsp_object *owner,
               const struct nvrm_note *note)
{
    const struct nvrm_field *f;
    uint32_t next = 0;

    if (!gsp_lex_take(&r->lex, '{'))
        return gsp_lex_fail(&r->lex, "an object was expected");
    if (gsp_lex_take(&r->lex, '}'))
        return true;
    f = read_key(r, o, &next);
    if (!f)
        return false;
    if (note && note->tag != NVRM_NONE &&
        !settle_tag(r, owner, note, o, (uint16_t)(f - o->fields)))
        return false;
    if (!read_named(r, o, f))
        return false;
    if (gsp_lex_peek(&r->lex) == ',')
        return gsp_read_fail(r, -EINVAL, "a union holds one member, '%s' is given already",
                             nvrm_str(r->abi.schema, f->name));
    return end_of_object(r);
}

static int
read_text(struct gsp_reader *r, struct gsp_object *o)
{
    const bool ok = gsp_read_object(r, o);

    if (ok && gsp_lex_peek(&r->lex) != '\0')
        gsp_lex_fail(&r->lex, "something follows the object");
    else if (ok && r->lex.p != r->lex.end)
        gsp_lex_fail(&r->lex, "a NUL follows the object");
    else if (ok)
        return 0;
    gsp_read_syntax_error(r);
    return r->rc;
}

int
gsp_json_read(struct nvrm_abi abi, const struct nvrm_layout *layout, const char *text,
              size_t text_bytes, void *wire, size_t wire_cap, size_t *wire_bytes_out,
              struct gsp_arena *arena, struct gsp_error *err)
{
    struct gsp_reader r = {
        .abi = abi,
        .lex = {.text = text, .p = text, .end = text + text_bytes},
        .arena = arena,
        .err = err,
        .root = layout,
        .memo = {NVRM_NONE,            0            },
    };
    struct gsp_scratch scratch;
    struct gsp_object o;
    int rc;

    if (wire_cap < layout->size)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -ENOSPC,
                        "%s is %u bytes at %s, only %zu are there",
                        nvrm_str(abi.schema, layout->name), layout->size,
                        nvrm_release_name(abi.schema, abi.release), wire_cap);
    if (!gsp_scratch_init(&scratch, arena ? arena->host : NULL, wire_cap))
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for %zu bytes",
                        wire_cap);
    memset(scratch.bytes, 0, layout->size);
    r.extent = scratch.bytes + layout->size;
    gsp_object_init(&o, abi, layout, scratch.bytes, wire_cap);
    rc = read_text(&r, &o);
    if (rc == 0) {
        *wire_bytes_out = (size_t)(r.extent - scratch.bytes);
        memcpy(wire, scratch.bytes, *wire_bytes_out);
    }
    gsp_scratch_fini(&scratch);
    return rc;
}
