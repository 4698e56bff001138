/* SPDX-License-Identifier: MIT */
/*
 * Fields of wire structs by name: the emulated GSP-RM's own reader and writer over the
 * generated tables.
 */
#include "wire.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where a path leads. */
struct slot {
    const struct nvrm_field *field;
    uint8_t *at;      /* first byte of the (selected) element */
    unsigned count;   /* elements from `at` on */
    uint32_t element; /* bytes of one */
};

bool
emu_wire_init(struct emu_wire *w, struct nvrm_abi abi, const char *name, void *data,
              size_t bytes)
{
    *w = (struct emu_wire){
        .abi = abi, .layout = nvrm_struct_find(abi, name), .data = data, .bytes = bytes};
    return w->layout && bytes >= w->layout->size;
}

/* "[12]" behind a name. Leaves *index alone when there is none; false for nonsense. */
static bool
parse_index(const char **path, bool *given, unsigned *index)
{
    char *end;

    *given = **path == '[';
    if (!*given)
        return true;
    *index = (unsigned)strtoul(*path + 1, &end, 10);
    if (*end != ']')
        return false;
    *path = end + 1;
    return true;
}

static const struct nvrm_field *
take_name(const struct nvrm_schema *s, const struct nvrm_layout *layout, const char **path)
{
    char name[96];
    size_t n = strcspn(*path, ".[");

    if (!n || n >= sizeof(name))
        return NULL;
    memcpy(name, *path, n);
    name[n] = '\0';
    *path += n;
    return nvrm_field_find(s, layout, name);
}

/* One step: a name and its index. The slot's bytes lie within the wire or the step fails. */
static bool
step(const struct emu_wire *w, const struct nvrm_layout *layout, size_t base, const char **path,
     struct slot *out, size_t *offset_out)
{
    const struct nvrm_field *f = take_name(w->abi.schema, layout, path);
    unsigned index = 0, count;
    bool indexed;
    size_t offset;

    if (!f || !parse_index(path, &indexed, &index))
        return false;
    out->field = f;
    out->element = nvrm_field_elem_bytes(w->abi.schema, f);
    offset = base + f->offset;
    count = f->count;
    if (!count && out->element && offset <= w->bytes) /* a flexible tail: as much as there is */
        count = (unsigned)((w->bytes - offset) / out->element);
    if (indexed && index >= count)
        return false;
    out->count = indexed ? 1 : count;
    offset += (size_t)index * out->element;
    if (offset > w->bytes || (size_t)out->count * out->element > w->bytes - offset)
        return false;
    out->at = w->data + offset;
    *offset_out = offset;
    return true;
}

static bool
walk(const struct emu_wire *w, const char *path, struct slot *out)
{
    const struct nvrm_layout *layout = w->layout;
    size_t base = 0;

    while (layout && step(w, layout, base, &path, out, &base)) {
        if (!*path)
            return true;
        if (*path++ != '.' || out->field->type != NVRM_STRUCT)
            return false;
        layout = nvrm_layout_at(w->abi.schema, out->field->ref);
    }
    return false;
}

static bool
walk_format(const struct emu_wire *w, struct slot *out, const char *path, va_list ap)
{
    char text[160];

    vsnprintf(text, sizeof(text), path, ap);
    return walk(w, text, out);
}

static uint64_t
load(const uint8_t *at, uint32_t bytes)
{
    uint64_t v = 0;

    memcpy(&v, at, bytes > 8 ? 8 : bytes);
    return v;
}

bool
emu_has(const struct emu_wire *w, const char *path, ...)
{
    struct slot slot;
    va_list ap;
    bool found;

    va_start(ap, path);
    found = walk_format(w, &slot, path, ap);
    va_end(ap);
    return found;
}

uint64_t
emu_get(const struct emu_wire *w, const char *path, ...)
{
    struct slot slot;
    uint64_t v;
    va_list ap;
    bool found;

    va_start(ap, path);
    found = walk_format(w, &slot, path, ap);
    va_end(ap);
    if (!found || slot.field->type == NVRM_STRUCT || !slot.count)
        return 0;
    v = load(slot.at, slot.element);
    if (slot.field->bit_len)
        v = v >> slot.field->bit_off & ((UINT64_C(1) << slot.field->bit_len) - 1);
    return v;
}

bool
emu_set(const struct emu_wire *w, uint64_t value, const char *path, ...)
{
    struct slot slot;
    va_list ap;
    bool found;

    va_start(ap, path);
    found = walk_format(w, &slot, path, ap);
    va_end(ap);
    if (!found || slot.field->type == NVRM_STRUCT || !slot.count)
        return false;
    if (slot.field->bit_len) {
        const uint64_t mask = ((UINT64_C(1) << slot.field->bit_len) - 1) << slot.field->bit_off;

        value = (load(slot.at, slot.element) & ~mask) | (value << slot.field->bit_off & mask);
    }
    memcpy(slot.at, &value, slot.element > 8 ? 8 : slot.element);
    return true;
}

static bool
put_bytes(const struct slot *slot, const void *bytes, size_t count, bool text)
{
    size_t room = slot->count;

    if (slot->field->type == NVRM_STRUCT || slot->element != 1 || !room)
        return false;
    if (text)
        room--;
    if (count > room)
        count = room;
    memset(slot->at, 0, slot->count);
    memcpy(slot->at, bytes, count);
    return true;
}

bool
emu_set_text(const struct emu_wire *w, const char *text, const char *path, ...)
{
    struct slot slot;
    va_list ap;
    bool found;

    va_start(ap, path);
    found = walk_format(w, &slot, path, ap);
    va_end(ap);
    return found && put_bytes(&slot, text, strlen(text), true);
}

bool
emu_set_bytes(const struct emu_wire *w, const void *bytes, size_t count, const char *path, ...)
{
    struct slot slot;
    va_list ap;
    bool found;

    va_start(ap, path);
    found = walk_format(w, &slot, path, ap);
    va_end(ap);
    return found && put_bytes(&slot, bytes, count, false);
}

unsigned
emu_count(const struct emu_wire *w, const char *path, ...)
{
    struct slot slot;
    va_list ap;
    bool found;

    va_start(ap, path);
    found = walk_format(w, &slot, path, ap);
    va_end(ap);
    return found ? slot.count : 0;
}

long
emu_offset(const struct emu_wire *w, const char *path, ...)
{
    struct slot slot;
    va_list ap;
    bool found;

    va_start(ap, path);
    found = walk_format(w, &slot, path, ap);
    va_end(ap);
    return found ? (long)(slot.at - w->data) : -1;
}

bool
emu_sub(const struct emu_wire *w, struct emu_wire *sub_out, const char *path, ...)
{
    struct slot slot;
    va_list ap;
    bool found;

    va_start(ap, path);
    found = walk_format(w, &slot, path, ap);
    va_end(ap);
    if (!found || slot.field->type != NVRM_STRUCT || !slot.count)
        return false;
    *sub_out = (struct emu_wire){.abi = w->abi,
                                 .layout = nvrm_layout_at(w->abi.schema, slot.field->ref),
                                 .data = slot.at,
                                 .bytes = (size_t)slot.count * slot.element};
    return sub_out->layout != NULL;
}

uint64_t
emu_constant(struct nvrm_abi abi, const char *name, uint64_t otherwise)
{
    uint64_t value;

    return nvrm_constant_find(abi, name, &value) ? value : otherwise;
}
