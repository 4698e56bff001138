/* SPDX-License-Identifier: MIT */
/*
 * Wire bytes as aligned text for people: `path = value`, names beside numbers, units behind
 * them. Bytes come sixteen to a line; a run of equal elements is one line.
 */
#include <errno.h>
#include <stdio.h>

#include <gsp/json.h>

#include "names_priv.h"
#include "view_priv.h"

struct printer {
    struct nvrm_abi abi;
    struct gsp_text *out; /* NULL while widths are measured */
    struct gsp_set_memo memo;
    unsigned flags;
    size_t width;
    char path[256];
};

enum { SAME_RUN = 4, BYTES_A_LINE = 16 };

static void print_struct(struct printer *p, const struct gsp_view *v,
                         const struct nvrm_field *f, const struct gsp_view *owner);

/* Numbers that are addresses, handles or masks read better in hex. */
static bool
reads_as_hex(uint8_t type, const struct nvrm_note *note)
{
    if (note && (note->unit || (note->flags & NVRM_NOTE_HEX)))
        return note->flags & NVRM_NOTE_HEX;
    return type == NVRM_HANDLE || type == NVRM_PTR || type == NVRM_U64 || type == NVRM_STATUS;
}

static void
add_bits(struct gsp_text *out, struct nvrm_abi abi, uint16_t set, uint64_t value)
{
    struct gsp_bits_term term;
    struct gsp_bits bits;
    const char *bar = "";

    gsp_bits_init(&bits, abi, set, value);
    for (; gsp_bits_next(&bits, &term); bar = "|") {
        gsp_text_printf(out, "%s%s", bar, term.name);
        if (term.number)
            gsp_text_printf(out, "=0x%llx", (unsigned long long)term.value);
    }
    if (bits.rest || !*bar)
        gsp_text_printf(out, "%s0x%llx", bar, (unsigned long long)bits.rest);
}

static void
add_number(struct gsp_text *out, struct nvrm_abi abi, uint8_t type,
           const struct nvrm_note *note, uint64_t value)
{
    if (type == NVRM_BOOL && value <= 1)
        gsp_text_puts(out, value ? "true" : "false");
    else if (gsp_type_signed(type))
        gsp_text_printf(out, "%lld", (long long)value);
    else if (reads_as_hex(type, note))
        gsp_text_hex(out, value);
    else
        gsp_text_printf(out, "%llu", (unsigned long long)value);
    if (note && note->unit)
        gsp_text_printf(out, " %s", nvrm_str(abi.schema, note->unit));
}

static void
add_scalar(struct gsp_text *out, struct nvrm_abi abi, uint8_t type,
           const struct nvrm_note *note, uint64_t value, bool beside, struct gsp_set_memo *memo)
{
    const struct gsp_set set = gsp_set_of(note, type);
    const char *name;

    if (set.kind == NVRM_SET_BITS) {
        add_bits(out, abi, set.row, value);
        if (beside && value)
            gsp_text_printf(out, " (0x%llx)", (unsigned long long)value);
        return;
    }
    name = set.kind == NVRM_SET_NONE ? NULL : gsp_set_name(abi, set, value, memo);
    if (!name)
        add_number(out, abi, type, note, value);
    else if (beside)
        gsp_text_printf(out, "%s (0x%llx)", name, (unsigned long long)value);
    else
        gsp_text_puts(out, name);
}

void
gsp_text_scalar(struct nvrm_abi abi, const struct nvrm_field *field, uint64_t value,
                struct gsp_text *out)
{
    add_scalar(out, abi, field->type, gsp_field_note(abi, field), value, false, NULL);
}

/* Starts a line; false while widths are measured. */
static bool
start_line(struct printer *p)
{
    const size_t n = strlen(p->path);

    if (!p->out) {
        p->width = n > p->width ? n : p->width;
        return false;
    }
    gsp_text_printf(p->out, "%-*s = ", (int)p->width, p->path);
    return true;
}

static void
print_scalar(struct printer *p, uint8_t type, const struct nvrm_note *note, uint64_t value)
{
    if (!start_line(p))
        return;
    add_scalar(p->out, p->abi, type, note, value, true, &p->memo);
    gsp_text_add(p->out, "\n", 1);
}

static void
print_bytes(struct printer *p, const uint8_t *at, uint32_t count)
{
    const size_t end = strlen(p->path);

    for (uint32_t i = 0; i < count; i += BYTES_A_LINE) {
        snprintf(p->path + end, sizeof(p->path) - end, "[%u]", i);
        if (start_line(p)) {
            for (uint32_t k = i; k < count && k < i + BYTES_A_LINE; k++)
                gsp_text_printf(p->out, "%s%02x", k > i ? " " : "", at[k]);
            gsp_text_add(p->out, "\n", 1);
        }
        p->path[end] = '\0';
    }
}

static void
print_text(struct printer *p, const uint8_t *at, uint32_t count)
{
    const uint8_t *nul = count ? memchr(at, 0, count) : NULL;

    if (!start_line(p))
        return;
    gsp_text_json_string(p->out, (const char *)at, nul ? (size_t)(nul - at) : count);
    gsp_text_add(p->out, "\n", 1);
}

/* Length of the run of equal elements that starts here. */
static uint32_t
equal_run(const struct gsp_elems *e, const uint8_t *at, uint32_t count)
{
    uint32_t n = 1;

    while (n < count && memcmp(at, at + (size_t)n * e->bytes, e->bytes) == 0)
        n++;
    return n >= SAME_RUN ? n : 1;
}

static void
print_list(struct printer *p, const struct gsp_view *v, const struct nvrm_field *f,
           const struct gsp_elems *e, uint32_t start, uint32_t count)
{
    const size_t end = strlen(p->path);
    struct gsp_view inner;

    for (uint32_t i = 0, n; i < count; i += n) {
        const uint8_t *at = e->at + (size_t)(start + i) * e->bytes;

        n = equal_run(e, at, count - i);
        if (n > 1)
            snprintf(p->path + end, sizeof(p->path) - end, "[%u..%u]", i, i + n - 1);
        else
            snprintf(p->path + end, sizeof(p->path) - end, "[%u]", i);
        if (e->type == NVRM_STRUCT) {
            gsp_view_enter(v, f, e, start + i, &inner);
            print_struct(p, &inner, f, v);
        } else {
            print_scalar(p, e->type, e->note, gsp_scalar_load(e->type, at));
        }
        p->path[end] = '\0';
    }
}

static void
print_row(struct printer *p, const struct gsp_view *v, const struct nvrm_field *f,
          const struct gsp_elems *e, uint32_t start, uint32_t count)
{
    const uint8_t *at = e->at + (size_t)start * e->bytes;

    if (e->text)
        print_text(p, at, count);
    else if (e->type == NVRM_U8 && gsp_set_of(e->note, e->type).kind == NVRM_SET_NONE)
        print_bytes(p, at, count);
    else
        print_list(p, v, f, e, start, count);
}

static void
print_elems(struct printer *p, const struct gsp_view *v, const struct nvrm_field *f,
            const struct gsp_elems *e)
{
    const uint32_t count = (p->flags & GSP_JSON_ALL) ? e->room : e->used;
    const size_t end = strlen(p->path);

    for (uint32_t i = 0; e->inner && i + e->inner <= count; i += e->inner) {
        snprintf(p->path + end, sizeof(p->path) - end, "[%u]", i / e->inner);
        print_row(p, v, f, e, i, e->inner);
        p->path[end] = '\0';
    }
    if (!e->inner)
        print_row(p, v, f, e, 0, count);
}

static void
print_pointer(struct printer *p, const struct gsp_view *v, const struct nvrm_field *f)
{
    struct gsp_elems e;

    if ((p->flags & GSP_JSON_POINTERS) && gsp_view_pointee(v, f, &e) && e.at)
        print_elems(p, v, NULL, &e);
    else
        print_scalar(p, NVRM_PTR, NULL, gsp_load(v->base + f->offset, 8));
}

static void
print_aggregate(struct printer *p, const struct gsp_view *v, const struct nvrm_field *f)
{
    const struct nvrm_layout *as = gsp_view_as(v, f);
    struct gsp_view inner;
    struct gsp_elems e;

    gsp_view_elems(v, f, &e);
    if (as && e.type == NVRM_U8 && e.used && e.used >= as->size) {
        gsp_view_init(&inner, v->abi, as, e.at, e.used);
        print_struct(p, &inner, NULL, NULL);
    } else if (gsp_field_is_array(f)) {
        print_elems(p, v, f, &e);
    } else {
        gsp_view_enter(v, f, &e, 0, &inner);
        print_struct(p, &inner, f, v);
    }
}

static void
print_field(struct printer *p, const struct gsp_view *v, const struct nvrm_field *f)
{
    const size_t end = strlen(p->path);

    snprintf(p->path + end, sizeof(p->path) - end, "%s%s", end ? "." : "",
             nvrm_str(v->abi.schema, f->name));
    if (gsp_field_is_array(f) || f->type == NVRM_STRUCT)
        print_aggregate(p, v, f);
    else if (f->type == NVRM_PTR)
        print_pointer(p, v, f);
    else
        print_scalar(p, f->type, gsp_field_note(v->abi, f),
                     gsp_field_load(f, v->base + f->offset));
    p->path[end] = '\0';
}

static void
print_struct(struct printer *p, const struct gsp_view *v, const struct nvrm_field *f,
             const struct gsp_view *owner)
{
    uint16_t first = 0, end = v->layout->fields;

    if ((v->layout->flags & NVRM_LAYOUT_UNION) && !(p->flags & GSP_JSON_ALL) && end > 0) {
        first = owner ? gsp_view_member(owner, f, v->layout)
                      : gsp_largest_member(v->abi, v->layout);
        end = first + 1;
    }
    for (uint16_t i = first; i < end; i++)
        print_field(p, v, &v->fields[i]);
}

int
gsp_text_write(struct nvrm_abi abi, const struct nvrm_layout *layout, const void *wire,
               size_t wire_bytes, unsigned flags, struct gsp_text *out, struct gsp_error *err)
{
    struct printer p = {
        .abi = abi, .flags = flags, .memo = {NVRM_NONE, 0}
    };
    struct gsp_view v;

    if (wire_bytes < layout->size)
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG,
                        "%s is %u bytes at %s, only %zu are there",
                        nvrm_str(abi.schema, layout->name), layout->size,
                        nvrm_release_name(abi.schema, abi.release), wire_bytes);
    gsp_view_init(&v, abi, layout, wire, wire_bytes);
    print_struct(&p, &v, NULL, NULL);
    p.out = out;
    print_struct(&p, &v, NULL, NULL);
    if (out->rc < 0)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, out->rc, "out of memory for text");
    return 0;
}
