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

/* A key that was found: its field, and what is known of it. */
struct key {
    uint32_t index;
    const struct gsp_known *known;
    struct gsp_known room;
};

/* Names are short: two overlapping words are quicker than a call. */
static bool
same_bytes(const char *a, const char *b, size_t bytes)
{
    uint64_t a1, a2, b1, b2;

    if (bytes < 8 || bytes > 16)
        return memcmp(a, b, bytes) == 0;
    memcpy(&a1, a, 8);
    memcpy(&b1, b, 8);
    memcpy(&a2, a + bytes - 8, 8);
    memcpy(&b2, b + bytes - 8, 8);
    return ((a1 ^ b1) | (a2 ^ b2)) == 0;
}

/* Whether `"NAME"` comes next: the quick way past the key that is expected. */
static bool
take_name(struct gsp_lex *l, const struct gsp_known *k)
{
    const size_t bytes = k->name_bytes;

    if (gsp_lex_peek(l) != '"' || (size_t)(l->end - l->p) < bytes + 2 ||
        l->p[bytes + 1] != '"' || !same_bytes(l->p + 1, k->name, bytes))
        return false;
    l->p += bytes + 2;
    return true;
}

static bool
find_field(const struct gsp_reader *r, const struct gsp_object *o, const char *name,
           size_t bytes, struct key *key)
{
    for (uint32_t i = 0; i < o->layout->fields; i++) {
        const struct gsp_known *k = gsp_object_known(r, o, i, &key->room);

        if (k->name_bytes == bytes && memcmp(k->name, name, bytes) == 0) {
            key->index = i;
            key->known = k;
            return true;
        }
    }
    return false;
}

/* A key that is not the one expected. */
static bool
read_other_key(struct gsp_reader *r, const struct gsp_object *o, struct key *key)
{
    struct gsp_lex_string name;
    char text[128];

    if (!gsp_lex_string(&r->lex, &name))
        return false;
    if (name.escaped) {
        const size_t bytes = gsp_lex_unescape(&name, text, sizeof(text));

        name.s = text;
        name.bytes = bytes < sizeof(text) ? bytes : sizeof(text);
    }
    return find_field(r, o, name.s, name.bytes, key) ||
           gsp_read_unknown_key(r, o->layout, name.s, name.bytes);
}

/* Takes `"key":` and finds its field: mostly the one after the last. */
static bool
read_key(struct gsp_reader *r, const struct gsp_object *o, uint32_t *next, struct key *key)
{
    bool found = false;

    if (*next < o->layout->fields) {
        key->index = *next;
        key->known = gsp_object_known(r, o, *next, &key->room);
        found = take_name(&r->lex, key->known);
    }
    if (!found && !read_other_key(r, o, key))
        return false;
    *next = key->index + 1;
    return gsp_lex_take(&r->lex, ':') || gsp_lex_fail(&r->lex, "':' was expected");
}

/* A field's value under its name in the path. */
static bool
read_named(struct gsp_reader *r, struct gsp_object *o, const struct key *key)
{
    const struct gsp_frame frame = {r->top, key->known->name, 0};
    bool ok;

    r->top = &frame;
    ok = gsp_read_known(r, o, key->index, key->known);
    if (!ok)
        gsp_read_syntax_error(r); /* while the path is still known */
    r->top = frame.up;
    return ok;
}

/* Whether a field can only be read once its sibling (a tag, an id) is known, and that is not
 * yet so. */
static bool
must_wait(const struct gsp_object *o, const struct nvrm_note *note)
{
    if (!note)
        return false;
    return (note->tag != NVRM_NONE && !gsp_bit_get(o->seen, note->tag)) ||
           (note->as != NVRM_NONE && !gsp_bit_get(o->seen, note->as));
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
    struct key key;

    r->lex.p = start;
    gsp_lex_take(&r->lex, '{');
    do {
        if (!read_key(r, o, &next, &key) ||
            !(gsp_bit_get(later, key.index) ? read_named(r, o, &key) : gsp_lex_skip(&r->lex)))
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
    struct key key;

    if (!read_key(r, o, next, &key))
        return false;
    if (gsp_bit_get(o->seen, key.index))
        return gsp_read_fail(r, -EINVAL, "'%s' is given twice", key.known->name);
    if (must_wait(o, key.known->note)) {
        gsp_bit_set(later, key.index);
        *waiting = true;
        if (!gsp_lex_skip(&r->lex))
            return false;
    } else if (!read_named(r, o, &key)) {
        return false;
    }
    gsp_bit_set(o->seen, key.index);
    return true;
}

static bool
read_members(struct gsp_reader *r, struct gsp_object *o)
{
    const char *start = r->lex.p;
    uint64_t later[GSP_OBJECT_WORDS];
    bool waiting = false;
    uint32_t next = 0;

    if (!gsp_lex_take(&r->lex, '{'))
        return gsp_lex_fail(&r->lex, "an object was expected");
    if (gsp_lex_take(&r->lex, '}'))
        return gsp_read_finish(r, o);
    for (uint32_t i = 0; i * 64 < o->layout->fields; i++)
        later[i] = 0;
    do {
        if (!read_member(r, o, &next, later, &waiting))
            return false;
    } while (gsp_lex_take(&r->lex, ','));
    if (!end_of_object(r) || (waiting && !read_later(r, o, start, later)))
        return false;
    return gsp_read_finish(r, o);
}

bool
gsp_read_object(struct gsp_reader *r, struct gsp_object *o)
{
    const uint32_t mark = r->shapes->used;
    bool ok;

    if (o->layout->flags & NVRM_LAYOUT_UNION)
        return gsp_read_union(r, o, NULL, NULL);
    if (o->layout->fields > GSP_OBJECT_FIELDS)
        return gsp_read_fail(r, -EOPNOTSUPP, "a struct of %u fields is too large",
                             o->layout->fields);
    if (!o->shape)
        o->shape = gsp_shape_push(r->shapes, r->abi, o->layout);
    ok = read_members(r, o);
    r->shapes->used = mark;
    return ok;
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
    uint32_t next = 0;
    struct key key;

    if (!gsp_lex_take(&r->lex, '{'))
        return gsp_lex_fail(&r->lex, "an object was expected");
    if (gsp_lex_take(&r->lex, '}'))
        return true;
    if (!read_key(r, o, &next, &key))
        return false;
    if (note && note->tag != NVRM_NONE && !settle_tag(r, owner, note, o, (uint16_t)key.index))
        return false;
    if (!read_named(r, o, &key))
        return false;
    if (gsp_lex_peek(&r->lex) == ',')
        return gsp_read_fail(r, -EINVAL, "a union holds one member, '%s' is given already",
                             key.known->name);
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
    struct gsp_shapes shapes;
    struct gsp_reader r = {
        .abi = abi, .arena = arena, .shapes = &shapes, .err = err, .root = layout};
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
    shapes.used = 0;
    r.memo.row = NVRM_NONE;
    r.lex = (struct gsp_lex){.text = text, .p = text, .end = text + text_bytes};
    memset(scratch.bytes, 0, layout->size);
    r.zeroed = scratch.bytes;
    r.zeroed_bytes = layout->size;
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
