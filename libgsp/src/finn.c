/* SPDX-License-Identifier: MIT */
/*
 * FINN: the form in which the few messages with embedded pointers travel.
 *
 * A header of four 64-bit words (version 0, bytes in all, interface, message) and a stream of
 * bits, least significant first, in little-endian 64-bit words. Each scalar is a presence bit
 * and its value (a bool is one bit). First come a struct's plain fields, then its arrays,
 * pointers and unions, each group in declaration order; an array is its elements; a pointer is
 * a bit that says whether it is there, then its elements.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include <gsp/codec.h>

#include "scratch_priv.h"
#include "view_priv.h"

enum { HEADER_BYTES = 32, VERSION = 0 };

/* Both directions: `out` is NULL while decoding. */
struct finn {
    struct nvrm_abi abi;
    struct gsp_error *err;
    const char *root;
    uint8_t *out;
    const uint8_t *in;
    size_t cap; /* of the stream, in bytes */
    uint64_t word;
    unsigned bits; /* in `word`: filled while encoding, left while decoding */
    size_t used;   /* stream bytes written or read, whole words */
    int rc;
};

static int fail(struct finn *x, int rc, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int
fail(struct finn *x, int rc, const char *format, ...)
{
    char what[160];
    va_list args;

    if (x->rc < 0)
        return x->rc;
    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    x->rc = gsp_fail(x->err, x->out ? GSP_ORIGIN_INPUT : GSP_ORIGIN_PROTOCOL, rc, "FINN %s: %s",
                     x->root, what);
    return x->rc;
}

static const char *
name_of(const struct finn *x, const struct nvrm_field *f)
{
    return nvrm_str(x->abi.schema, f->name);
}

/* The stream */

static void
put_word(struct finn *x)
{
    if (x->cap - x->used < 8) {
        fail(x, -ENOSPC, "%zu bytes are too few", x->cap + HEADER_BYTES);
        return;
    }
    gsp_store(x->out + x->used, 8, x->word);
    x->used += 8;
    x->word = 0;
    x->bits = 0;
}

static void
put_bits(struct finn *x, uint64_t value, unsigned count)
{
    const unsigned room = 64 - x->bits;

    value &= gsp_mask(count);
    x->word |= value << x->bits;
    if (count < room) {
        x->bits += count;
        return;
    }
    put_word(x);
    if (count > room && x->rc == 0) {
        x->word = value >> room;
        x->bits = count - room;
    }
}

static void
get_word(struct finn *x)
{
    x->word = 0;
    x->bits = 64;
    if (x->cap - x->used < 8) {
        fail(x, -EBADMSG, "the stream ends too early");
        return;
    }
    x->word = gsp_load(x->in + x->used, 8);
    x->used += 8;
}

static uint64_t
get_bits(struct finn *x, unsigned count)
{
    const unsigned first = count < x->bits ? count : x->bits;
    uint64_t value = first ? x->word & gsp_mask(first) : 0;

    x->word = first < 64 ? x->word >> first : 0;
    x->bits -= first;
    if (first == count)
        return value;
    get_word(x);
    value |= (x->word & gsp_mask(count - first)) << first;
    x->word = count - first < 64 ? x->word >> (count - first) : 0;
    x->bits -= count - first;
    return value;
}

/* A field-presence bit: always there in version 0. */
static bool
presence(struct finn *x)
{
    if (x->out)
        put_bits(x, 1, 1);
    else if (!get_bits(x, 1))
        fail(x, -EBADMSG, "a field is marked absent");
    return x->rc == 0;
}

/* Structs */

/* One struct while it is moved. `before` is the caller's struct as it was when decoding began:
 * its pointers and counts say where there is room. */
struct place {
    struct gsp_view view;
    const uint8_t *before;
};

static void move_struct(struct finn *x, const struct place *p);

static uint8_t *
writable(const struct place *p)
{
    return (uint8_t *)(uintptr_t)p->view.base;
}

static void
move_scalar(struct finn *x, uint8_t type, const uint8_t *at)
{
    const uint32_t bytes = nvrm_type_bytes(type);
    const unsigned bits = type == NVRM_BOOL ? 1 : bytes * 8;

    if (!presence(x))
        return;
    if (x->out)
        put_bits(x, gsp_load(at, bytes), bits);
    else
        gsp_store((uint8_t *)(uintptr_t)at, bytes, get_bits(x, bits));
}

static void
move_elements(struct finn *x, const struct place *p, const struct gsp_elems *e,
              const uint8_t *before, uint32_t count)
{
    for (uint32_t i = 0; i < count && x->rc == 0; i++) {
        const size_t at = (size_t)i * e->bytes;
        struct place inner;

        if (e->type != NVRM_STRUCT) {
            move_scalar(x, e->type, e->at + at);
        } else if (presence(x)) {
            gsp_view_init(&inner.view, p->view.abi, e->layout, e->at + at, e->bytes);
            inner.before = before + at;
            move_struct(x, &inner);
        }
    }
}

/* What a pointer points to. Decoding goes into the caller's memory, up to the count that the
 * caller had given. */
static void
move_pointee(struct finn *x, const struct place *p, const struct nvrm_field *f)
{
    struct gsp_view before;
    struct gsp_elems e, room;
    uint64_t present;

    if (!gsp_view_pointee(&p->view, f, &e)) {
        fail(x, -EOPNOTSUPP, "nothing is known about pointer %s", name_of(x, f));
        return;
    }
    present = x->out ? e.at != NULL : get_bits(x, 1);
    if (x->out)
        put_bits(x, present, 1);
    if (!present || x->rc < 0)
        return;
    gsp_view_init(&before, p->view.abi, p->view.layout, p->before, p->view.bytes);
    (void)gsp_view_pointee(&before, f, &room);
    if (!x->out && !room.at)
        fail(x, -ENOSPC, "%s points nowhere, but elements came", name_of(x, f));
    else if (!x->out && e.used > room.used)
        fail(x, -ENOSPC, "%s has room for %u elements, %u came", name_of(x, f), room.used,
             e.used);
    else
        move_elements(x, p, &e, room.at, e.used);
}

static void
move_union(struct finn *x, const struct place *p, const struct nvrm_field *f,
           const struct nvrm_layout *u)
{
    const struct nvrm_note *note = gsp_field_note(x->abi, f);
    const struct nvrm_case *c = NULL;
    const struct nvrm_field *member;
    struct gsp_elems e;
    struct place inner;

    if (note && note->tag != NVRM_NONE)
        c = gsp_case_of(x->abi.schema, note, gsp_view_value(&p->view, note->tag));
    if (!c || c->member >= u->fields) {
        fail(x, x->out ? -EINVAL : -EBADMSG, "union %s: no member for this tag", name_of(x, f));
        return;
    }
    gsp_view_init(&inner.view, x->abi, u, p->view.base + f->offset, u->size);
    inner.before = p->before + f->offset;
    member = &inner.view.fields[c->member];
    gsp_view_elems(&inner.view, member, &e);
    if (presence(x))
        move_elements(x, &inner, &e, inner.before + member->offset, e.room);
}

/* A count that exceeds what the schema allows is refused by RM as well. */
static void
check_count(struct finn *x, const struct place *p, const struct nvrm_field *f)
{
    const struct nvrm_note *note = gsp_field_note(x->abi, f);
    uint64_t count;

    if (note && (note->flags & NVRM_NOTE_MAX) && gsp_view_count(&p->view, f, &count) &&
        count > note->max)
        fail(x, x->out ? -EINVAL : -EBADMSG, "%llu elements of %s, at most %u are allowed",
             (unsigned long long)count, name_of(x, f), note->max);
}

static void
move_dependent(struct finn *x, const struct place *p, const struct nvrm_field *f)
{
    struct gsp_elems e;

    check_count(x, p, f);
    if (x->rc < 0)
        return;
    if (f->type == NVRM_PTR && !gsp_field_is_array(f)) {
        move_pointee(x, p, f);
        return;
    }
    gsp_view_elems(&p->view, f, &e);
    if (e.layout && (e.layout->flags & NVRM_LAYOUT_UNION) && !gsp_field_is_array(f))
        move_union(x, p, f, e.layout);
    else
        move_elements(x, p, &e, p->before + f->offset, e.room);
}

/* Arrays, pointers and unions follow the plain fields, since those may hold their counts and
 * tags. */
static bool
is_dependent(const struct finn *x, const struct nvrm_field *f)
{
    const struct nvrm_layout *layout =
        f->type == NVRM_STRUCT ? nvrm_layout_at(x->abi.schema, f->ref) : NULL;

    return gsp_field_is_array(f) || f->type == NVRM_PTR ||
           (layout && (layout->flags & NVRM_LAYOUT_UNION));
}

static void
move_plain(struct finn *x, const struct place *p, const struct nvrm_field *f)
{
    struct gsp_elems e;

    if (f->type != NVRM_STRUCT) {
        if (f->bit_len)
            fail(x, -EOPNOTSUPP, "bit-field %s cannot be serialised", name_of(x, f));
        else
            move_scalar(x, f->type, writable(p) + f->offset);
        return;
    }
    gsp_view_elems(&p->view, f, &e);
    move_elements(x, p, &e, p->before + f->offset, 1);
}

static void
move_struct(struct finn *x, const struct place *p)
{
    for (uint16_t i = 0; i < p->view.layout->fields && x->rc == 0; i++)
        if (!is_dependent(x, &p->view.fields[i]))
            move_plain(x, p, &p->view.fields[i]);
    for (uint16_t i = 0; i < p->view.layout->fields && x->rc == 0; i++)
        if (is_dependent(x, &p->view.fields[i]))
            move_dependent(x, p, &p->view.fields[i]);
}

/* Messages */

static int
check_message(struct finn *x, const struct nvrm_layout *layout, size_t wire_bytes)
{
    if (wire_bytes < layout->size)
        return fail(x, -EBADMSG, "%u bytes at %s, only %zu are there", layout->size,
                    nvrm_release_name(x->abi.schema, x->abi.release), wire_bytes);
    if (!(layout->flags & NVRM_LAYOUT_FINN))
        return fail(x, -EOPNOTSUPP, "this message is never serialised");
    return 0;
}

int
gsp_finn_encode(struct nvrm_abi abi, const struct nvrm_layout *layout, uint64_t interface_id,
                uint64_t message_id, const void *wire, size_t wire_bytes, void *out,
                size_t out_cap, size_t *out_bytes, struct gsp_error *err)
{
    struct finn x = {
        .abi = abi, .err = err, .root = nvrm_str(abi.schema, layout->name), .out = out};
    struct place top;

    if (check_message(&x, layout, wire_bytes) < 0)
        return x.rc;
    if (out_cap < HEADER_BYTES)
        return fail(&x, -ENOSPC, "%zu bytes are too few", out_cap);
    x.out += HEADER_BYTES;
    x.cap = out_cap - HEADER_BYTES;
    gsp_view_init(&top.view, abi, layout, wire, layout->size);
    top.before = wire;
    move_struct(&x, &top);
    if (x.rc == 0 && x.bits)
        put_word(&x);
    if (x.rc < 0)
        return x.rc;
    *out_bytes = HEADER_BYTES + x.used;
    gsp_store(out, 8, VERSION);
    gsp_store((uint8_t *)out + 8, 8, *out_bytes);
    gsp_store((uint8_t *)out + 16, 8, interface_id);
    gsp_store((uint8_t *)out + 24, 8, message_id);
    return 0;
}

static int
check_header(struct finn *x, size_t in_bytes)
{
    uint64_t version, bytes;

    if (in_bytes < HEADER_BYTES)
        return fail(x, -EBADMSG, "%zu bytes are too few for the header", in_bytes);
    version = gsp_load(x->in, 8);
    bytes = gsp_load(x->in + 8, 8);
    if (version != VERSION)
        return fail(x, -EBADMSG, "version %llu is not known", (unsigned long long)version);
    if (bytes < HEADER_BYTES || bytes > in_bytes)
        return fail(x, -EBADMSG, "the header says %llu bytes, %zu are there",
                    (unsigned long long)bytes, in_bytes);
    x->in += HEADER_BYTES;
    x->cap = (size_t)bytes - HEADER_BYTES;
    return 0;
}

int
gsp_finn_decode(struct nvrm_abi abi, const struct nvrm_layout *layout, const void *in,
                size_t in_bytes, void *wire, size_t wire_bytes, struct gsp_error *err)
{
    struct finn x = {
        .abi = abi, .err = err, .root = nvrm_str(abi.schema, layout->name), .in = in};
    struct gsp_scratch scratch;
    struct place top;

    if (check_message(&x, layout, wire_bytes) < 0 || check_header(&x, in_bytes) < 0)
        return x.rc;
    if (!gsp_scratch_init(&scratch, NULL, layout->size))
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for %u bytes",
                        layout->size);
    memcpy(scratch.bytes, wire, layout->size);
    gsp_view_init(&top.view, abi, layout, scratch.bytes, layout->size);
    top.before = wire;
    move_struct(&x, &top);
    if (x.rc == 0 && x.used != x.cap)
        fail(&x, -EBADMSG, "%zu bytes follow the message", x.cap - x.used);
    if (x.rc == 0)
        memcpy(wire, scratch.bytes, layout->size);
    gsp_scratch_fini(&scratch);
    return x.rc;
}
