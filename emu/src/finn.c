/* SPDX-License-Identifier: MIT */
/*
 * FINN as the vendor's RM reads and writes it (rmapi_finn.c, g_finn_rm_api.c): a header of four
 * 64-bit words, then bits, least significant first. Every field is a presence bit and its
 * value; plain fields come before arrays, pointers and unions. A pointer is a bit that says
 * whether it is there, then its elements.
 */
#include "finn.h"

#include <string.h>

#include "gsp.h"

enum { HEADER_BYTES = 32, FINN_VERSION = 0 };

/* The stream and the struct; `writing` says which one is made from which. */
struct finn {
    const struct emu_mem *mem;
    struct nvrm_abi abi;
    struct emu_finn plain;
    uint8_t *bits;
    uint64_t at, end; /* bits */
    bool writing;
    uint32_t status;
};

static void move_struct(struct finn *x, const struct nvrm_layout *l, uint32_t at);

static uint64_t
move_bits(struct finn *x, uint64_t value, unsigned count)
{
    uint64_t read = 0;

    if (count > x->end - x->at)
        x->status = NV_ERR_BUFFER_TOO_SMALL;
    for (unsigned i = 0; i < count && x->status == NV_OK; i++, x->at++) {
        uint8_t *byte = &x->bits[x->at >> 3];
        const unsigned shift = x->at & 7;

        if (x->writing)
            *byte |= (uint8_t)((value >> i & 1) << shift);
        read |= (uint64_t)(*byte >> shift & 1) << i;
    }
    return read;
}

static bool
move_presence(struct finn *x)
{
    if (!move_bits(x, 1, 1) && x->status == NV_OK)
        x->status = NV_ERR_LIB_RM_VERSION_MISMATCH;
    return x->status == NV_OK;
}

static uint64_t
load(const struct finn *x, uint32_t at, uint32_t bytes)
{
    uint64_t v = 0;

    memcpy(&v, x->plain.data + at, bytes);
    return v;
}

static void
move_scalar(struct finn *x, uint8_t type, uint32_t at)
{
    const uint32_t bytes = nvrm_type_bytes(type);
    uint64_t v;

    if (!move_presence(x))
        return;
    v = move_bits(x, load(x, at, bytes), type == NVRM_BOOL ? 1 : bytes * 8);
    memcpy(x->plain.data + at, &v, bytes);
}

static void
move_elements(struct finn *x, uint8_t type, uint16_t ref, uint32_t at, uint64_t count)
{
    const struct nvrm_layout *l = nvrm_layout_at(x->abi.schema, ref);
    const uint32_t bytes = type == NVRM_STRUCT ? l->size : nvrm_type_bytes(type);

    for (; count && x->status == NV_OK; count--, at += bytes) {
        if (type != NVRM_STRUCT)
            move_scalar(x, type, at);
        else if (move_presence(x))
            move_struct(x, l, at);
    }
}

static uint64_t
sibling(const struct finn *x, const struct nvrm_layout *l, uint32_t at, uint16_t index)
{
    const struct nvrm_field *f = &nvrm_layout_fields(x->abi.schema, l)[index];

    return load(x, at + f->offset, nvrm_type_bytes(f->type));
}

/* Room behind all that is there already. 0 when out of memory. */
static uint32_t
add_room(struct finn *x, uint64_t bytes)
{
    const uint32_t at = (x->plain.bytes + 7) & ~7u;
    uint8_t *grown;

    if (bytes > EMU_REQUEST_MAX || at + bytes > EMU_REQUEST_MAX) {
        x->status = NV_ERR_BUFFER_TOO_SMALL;
        return 0;
    }
    grown = emu_realloc(x->mem, x->plain.data, at + (size_t)bytes);
    if (!grown) {
        x->status = NV_ERR_INSUFFICIENT_RESOURCES;
        return 0;
    }
    memset(grown + x->plain.bytes, 0, at + (size_t)bytes - x->plain.bytes);
    x->plain.data = grown;
    x->plain.bytes = at + (uint32_t)bytes;
    return at;
}

static void
move_pointer(struct finn *x, const struct nvrm_field *f, const struct nvrm_note *note,
             uint32_t at, uint64_t count)
{
    const struct nvrm_layout *l = nvrm_layout_at(x->abi.schema, note->ptr_ref);
    const uint32_t bytes =
        note->ptr_type == NVRM_STRUCT ? l->size : nvrm_type_bytes(note->ptr_type);
    uint64_t target = load(x, at + f->offset, 8);

    if (note->flags & NVRM_NOTE_BYTES)
        count /= bytes;
    if (count > EMU_REQUEST_MAX)
        x->status = NV_ERR_BUFFER_TOO_SMALL;
    if (!move_bits(x, target != 0, 1) || x->status != NV_OK)
        return;
    if (!x->writing) {
        /* An element takes at least two bits. */
        target = count > x->end - x->at ? 0 : add_room(x, count * bytes);
        if (!target && x->status == NV_OK)
            x->status = NV_ERR_BUFFER_TOO_SMALL;
        memcpy(x->plain.data + at + f->offset, &target, 8);
    }
    if (target + count * bytes > x->plain.bytes)
        x->status = NV_ERR_BUFFER_TOO_SMALL;
    move_elements(x, note->ptr_type, note->ptr_ref, (uint32_t)target, count);
}

static void
move_union(struct finn *x, const struct nvrm_field *f, const struct nvrm_note *note,
           uint32_t at, uint64_t tag)
{
    const struct nvrm_layout *u = nvrm_layout_at(x->abi.schema, f->ref);

    for (unsigned i = 0; i < note->cases; i++) {
        const struct nvrm_case *c =
            nvrm_case_at(x->abi.schema, (uint16_t)(note->first_case + i));
        const struct nvrm_field *m;

        if (c->value != tag)
            continue;
        m = &nvrm_layout_fields(x->abi.schema, u)[c->member];
        if (move_presence(x))
            move_elements(x, m->type, m->ref, at + f->offset + m->offset, m->count);
        return;
    }
    x->status = NV_ERR_NOT_SUPPORTED;
}

static bool
is_union(const struct finn *x, const struct nvrm_field *f)
{
    return f->type == NVRM_STRUCT &&
           nvrm_layout_at(x->abi.schema, f->ref)->flags & NVRM_LAYOUT_UNION;
}

/* What needs a count or a tag comes after the fields that may hold them. */
static bool
comes_late(const struct finn *x, const struct nvrm_field *f)
{
    return f->flags & NVRM_FIELD_ARRAY || f->type == NVRM_PTR || is_union(x, f);
}

static void
move_late(struct finn *x, const struct nvrm_layout *l, const struct nvrm_field *f, uint32_t at)
{
    static const struct nvrm_note none = {.count = NVRM_NONE, .tag = NVRM_NONE};
    const struct nvrm_note *note = nvrm_note_at(x->abi.schema, f->note);
    uint64_t count = 1;

    if (!note)
        note = &none;
    if (note->count != NVRM_NONE) {
        count = sibling(x, l, at, note->count);
        if (note->flags & NVRM_NOTE_MAX && count > note->max)
            x->status = NV_ERR_OUT_OF_RANGE;
    }
    if (x->status != NV_OK)
        return;
    if (f->flags & NVRM_FIELD_ARRAY)
        move_elements(x, f->type, f->ref, at + f->offset, f->count);
    else if (f->type == NVRM_PTR && note->flags & NVRM_NOTE_PTR)
        move_pointer(x, f, note, at, count);
    else if (is_union(x, f) && note->tag != NVRM_NONE)
        move_union(x, f, note, at, sibling(x, l, at, note->tag));
    else
        x->status = NV_ERR_NOT_SUPPORTED;
}

static void
move_struct(struct finn *x, const struct nvrm_layout *l, uint32_t at)
{
    const struct nvrm_field *f = nvrm_layout_fields(x->abi.schema, l);

    for (unsigned i = 0; i < l->fields && x->status == NV_OK; i++)
        if (!comes_late(x, &f[i]))
            move_elements(x, f[i].type, f[i].ref, at + f[i].offset, 1);
    for (unsigned i = 0; i < l->fields && x->status == NV_OK; i++)
        if (comes_late(x, &f[i]))
            move_late(x, l, &f[i], at);
}

/* Version, bytes, interface, message. */
static void
header_of(uint32_t cmd, uint64_t bytes, uint64_t header[4])
{
    header[0] = FINN_VERSION;
    header[1] = bytes;
    header[2] = (uint64_t)(cmd >> 16) << 8 | (cmd >> 8 & 0xff);
    header[3] = cmd & 0xff;
}

uint32_t
emu_finn_decode(const struct emu_mem *mem, struct nvrm_abi abi, uint32_t cmd,
                const struct nvrm_layout *l, uint8_t *in, uint32_t in_bytes,
                struct emu_finn *out)
{
    struct finn x = {.mem = mem, .abi = abi};
    uint64_t header[4], expected[4];

    *out = (struct emu_finn){0};
    if (!(l->flags & NVRM_LAYOUT_FINN))
        return NV_ERR_LIB_RM_VERSION_MISMATCH;
    if (in_bytes < HEADER_BYTES)
        return NV_ERR_BUFFER_TOO_SMALL;
    memcpy(header, in, sizeof(header));
    header_of(cmd, header[1], expected);
    if (memcmp(header, expected, sizeof(header)) != 0)
        return NV_ERR_LIB_RM_VERSION_MISMATCH;
    if (header[1] < HEADER_BYTES || header[1] > in_bytes)
        return NV_ERR_BUFFER_TOO_SMALL;
    x.plain.bytes = l->size;
    x.plain.data = emu_alloc(mem, l->size);
    if (!x.plain.data)
        return NV_ERR_INSUFFICIENT_RESOURCES;
    x.bits = in + HEADER_BYTES;
    x.end = (header[1] - HEADER_BYTES) * 8;
    move_struct(&x, l, 0);
    *out = x.plain;
    return x.status;
}

uint32_t
emu_finn_encode(const struct emu_mem *mem, struct nvrm_abi abi, uint32_t cmd,
                const struct nvrm_layout *l, const struct emu_finn *in, uint8_t *out,
                uint32_t out_bytes)
{
    struct finn x = {.mem = mem, .abi = abi, .plain = *in, .writing = true};
    uint64_t header[4];

    if (out_bytes < HEADER_BYTES)
        return NV_ERR_BUFFER_TOO_SMALL;
    x.bits = emu_alloc(mem, out_bytes);
    if (!x.bits)
        return NV_ERR_INSUFFICIENT_RESOURCES;
    x.end = (uint64_t)(out_bytes - HEADER_BYTES) * 8;
    move_struct(&x, l, 0);
    if (x.status == NV_OK) {
        header_of(cmd, HEADER_BYTES + (x.at + 63) / 64 * 8, header);
        memcpy(out, header, sizeof(header));
        memcpy(out + HEADER_BYTES, x.bits, out_bytes - HEADER_BYTES);
    }
    emu_free(mem, x.bits);
    return x.status;
}

void
emu_finn_fini(const struct emu_mem *mem, struct emu_finn *f)
{
    emu_free(mem, f->data);
    *f = (struct emu_finn){0};
}
