/* SPDX-License-Identifier: MIT */
/*
 * Two views, walked side by side. Where a path is, is kept as a stack of names and written out
 * only when there is something to say about it.
 */
#include <gsp/compare.h>

#include <stdio.h>
#include <string.h>

#include "names_priv.h"
#include "view_priv.h"

enum { DEEPEST = 24, VALUE_BYTES = 160, WIDEST_BYTES = 24 };

struct step {
    const char *name;
    uint32_t index;
    bool indexed;
};

struct compare {
    const struct gsp_compare_config *config;
    bool same_release;
    unsigned differences;
    unsigned depth;
    struct step steps[DEEPEST];
};

static void compare_struct(struct compare *c, const struct gsp_view *a,
                           const struct gsp_view *b);

/* Saying what differs */

static void
write_path(const struct compare *c, char *text, size_t room)
{
    size_t used = 0;

    text[0] = '\0';
    for (unsigned i = 0; i < c->depth && used < room; i++) {
        const struct step *s = &c->steps[i];
        int n = s->indexed ? snprintf(text + used, room - used, "[%u]", s->index)
                           : snprintf(text + used, room - used, "%s%s", i ? "." : "", s->name);

        used += n > 0 ? (size_t)n : 0;
    }
}

static void
differ(struct compare *c, const char *a, const char *b)
{
    char path[256];

    c->differences++;
    if (!c->config->differ)
        return;
    write_path(c, path, sizeof(path));
    c->config->differ(c->config->ctx, path, a, b);
}

static bool
enter(struct compare *c, const char *name, uint32_t index, bool indexed)
{
    if (c->depth == DEEPEST)
        return false;
    c->steps[c->depth++] = (struct step){name, index, indexed};
    return true;
}

static void
value_text(struct nvrm_abi abi, const struct nvrm_field *f, uint8_t type, uint64_t value,
           char *text, size_t room)
{
    const struct nvrm_field plain = {.type = type, .note = NVRM_NONE, .count = 1};
    struct gsp_text t = {0};

    gsp_text_scalar(abi, f ? f : &plain, value, &t);
    (void)snprintf(text, room, "%s", t.rc == 0 && t.data ? t.data : "?");
    gsp_text_fini(&t);
}

/* Scalars */

/* Across releases a name counts more than its number, where both have one. */
static bool
same_named(const struct compare *c, const struct gsp_view *a, const struct gsp_view *b,
           const struct nvrm_field *fa, const struct nvrm_field *fb, uint64_t va, uint64_t vb)
{
    const struct gsp_set sa = gsp_set_of(gsp_field_note(a->abi, fa), fa->type);
    const struct gsp_set sb = gsp_set_of(gsp_field_note(b->abi, fb), fb->type);
    const char *na, *nb;

    if (c->same_release || sa.kind == NVRM_SET_NONE || sa.kind == NVRM_SET_BITS ||
        sb.kind != sa.kind)
        return va == vb;
    na = gsp_set_name(a->abi, sa, va, NULL);
    nb = gsp_set_name(b->abi, sb, vb, NULL);
    return na && nb ? strcmp(na, nb) == 0 : va == vb;
}

static void
compare_value(struct compare *c, const struct gsp_view *a, const struct gsp_view *b,
              const struct nvrm_field *fa, const struct nvrm_field *fb, uint64_t va,
              uint64_t vb)
{
    char ta[VALUE_BYTES], tb[VALUE_BYTES];

    if (fa->type == NVRM_FD && fb->type == NVRM_FD)
        return; /* a number of the process */
    if (fa->type == NVRM_HANDLE && c->config->same_handle
            ? c->config->same_handle(c->config->ctx, (uint32_t)va, (uint32_t)vb)
            : same_named(c, a, b, fa, fb, va, vb))
        return;
    value_text(a->abi, fa, fa->type, va, ta, sizeof(ta));
    value_text(b->abi, fb, fb->type, vb, tb, sizeof(tb));
    differ(c, ta, tb);
}

/* Text and bytes */

static void
bytes_text(const uint8_t *at, size_t bytes, char *text, size_t room)
{
    size_t used = 0;

    for (size_t i = 0; i < bytes && i < WIDEST_BYTES; i++)
        used += (size_t)snprintf(text + used, room - used, "%02x", at[i]);
    (void)snprintf(text + used, room - used, "%s", bytes > WIDEST_BYTES ? "..." : "");
}

static void
compare_text(struct compare *c, const struct gsp_elems *a, const struct gsp_elems *b)
{
    const size_t na = a->room ? strnlen((const char *)a->at, a->room) : 0;
    const size_t nb = b->room ? strnlen((const char *)b->at, b->room) : 0;
    char ta[VALUE_BYTES], tb[VALUE_BYTES];

    if (na == nb && (!na || memcmp(a->at, b->at, na) == 0))
        return;
    (void)snprintf(ta, sizeof(ta), "\"%.*s\"", (int)na, (const char *)a->at);
    (void)snprintf(tb, sizeof(tb), "\"%.*s\"", (int)nb, (const char *)b->at);
    differ(c, ta, tb);
}

/* The first byte that differs, and what follows it on both sides. */
static void
compare_bytes(struct compare *c, const uint8_t *a, size_t na, const uint8_t *b, size_t nb)
{
    const size_t n = na < nb ? na : nb;
    char ta[VALUE_BYTES], tb[VALUE_BYTES];
    size_t i = 0;

    while (i < n && a[i] == b[i])
        i++;
    if (i == na && i == nb)
        return;
    bytes_text(a + i, na - i, ta, sizeof(ta));
    bytes_text(b + i, nb - i, tb, sizeof(tb));
    if (!enter(c, "", (uint32_t)i, true))
        return;
    differ(c, i < na ? ta : "(nothing)", i < nb ? tb : "(nothing)");
    c->depth--;
}

/* Arrays, pointers */

static void
compare_element(struct compare *c, const struct gsp_view *a, const struct gsp_view *b,
                const struct nvrm_field *fa, const struct nvrm_field *fb,
                const struct gsp_elems *ea, const struct gsp_elems *eb, uint32_t i)
{
    const uint8_t *pa = ea->at + (size_t)i * ea->bytes, *pb = eb->at + (size_t)i * eb->bytes;
    struct gsp_view ia, ib;

    if (ea->type == NVRM_STRUCT && eb->type == NVRM_STRUCT) {
        gsp_view_enter(a, fa->type == NVRM_PTR ? NULL : fa, ea, i, &ia);
        gsp_view_enter(b, fb->type == NVRM_PTR ? NULL : fb, eb, i, &ib);
        compare_struct(c, &ia, &ib);
    } else if (ea->type != NVRM_STRUCT && eb->type != NVRM_STRUCT) {
        const struct nvrm_field one_a = {
            .type = ea->type, .note = fa->type == NVRM_PTR ? NVRM_NONE : fa->note, .count = 1};
        const struct nvrm_field one_b = {
            .type = eb->type, .note = fb->type == NVRM_PTR ? NVRM_NONE : fb->note, .count = 1};

        compare_value(c, a, b, &one_a, &one_b, gsp_scalar_load(ea->type, pa),
                      gsp_scalar_load(eb->type, pb));
    }
}

static void
compare_elements(struct compare *c, const struct gsp_view *a, const struct gsp_view *b,
                 const struct nvrm_field *fa, const struct nvrm_field *fb,
                 const struct gsp_elems *ea, const struct gsp_elems *eb)
{
    const uint32_t n = ea->used < eb->used ? ea->used : eb->used;

    if (ea->text && eb->text) {
        compare_text(c, ea, eb);
        return;
    }
    if (ea->bytes == 1 && eb->bytes == 1) {
        compare_bytes(c, ea->at, ea->used, eb->at, eb->used);
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (c->same_release && ea->type != NVRM_STRUCT && ea->type != NVRM_HANDLE &&
            memcmp(ea->at + (size_t)i * ea->bytes, eb->at + (size_t)i * eb->bytes, ea->bytes) ==
                0)
            continue;
        if (!enter(c, "", i, true))
            return;
        compare_element(c, a, b, fa, fb, ea, eb, i);
        c->depth--;
    }
}

static void
compare_pointer(struct compare *c, const struct gsp_view *a, const struct gsp_view *b,
                const struct nvrm_field *fa, const struct nvrm_field *fb)
{
    struct gsp_elems ea, eb;

    if (!gsp_view_pointee(a, fa, &ea) || !gsp_view_pointee(b, fb, &eb))
        return; /* nothing is known about it, and addresses mean nothing */
    if (!ea.at != !eb.at && (ea.used || eb.used))
        differ(c, ea.at ? "a pointer" : "null", eb.at ? "a pointer" : "null");
    else if (ea.at && eb.at)
        compare_elements(c, a, b, fa, fb, &ea, &eb);
}

/* Fields */

static bool
is_zero(const struct gsp_view *v, const struct nvrm_field *f)
{
    struct gsp_elems e;

    if (!gsp_field_is_array(f) && f->type != NVRM_STRUCT)
        return gsp_field_load(f, v->base + f->offset) == 0;
    gsp_view_elems(v, f, &e);
    for (size_t i = 0; i < (size_t)e.used * e.bytes; i++)
        if (e.at[i])
            return false;
    return true;
}

static void
compare_field(struct compare *c, const struct gsp_view *a, const struct gsp_view *b,
              const struct nvrm_field *fa, const struct nvrm_field *fb)
{
    const bool array_a = gsp_field_is_array(fa), array_b = gsp_field_is_array(fb);
    const struct nvrm_layout *as_a = gsp_view_as(a, fa), *as_b = gsp_view_as(b, fb);
    struct gsp_elems ea, eb;
    struct gsp_view ia, ib;

    if (!array_a && !array_b && fa->type == NVRM_PTR && fb->type == NVRM_PTR) {
        compare_pointer(c, a, b, fa, fb);
        return;
    }
    if (!array_a && !array_b && fa->type != NVRM_STRUCT && fb->type != NVRM_STRUCT) {
        compare_value(c, a, b, fa, fb, gsp_field_load(fa, a->base + fa->offset),
                      gsp_field_load(fb, b->base + fb->offset));
        return;
    }
    gsp_view_elems(a, fa, &ea);
    gsp_view_elems(b, fb, &eb);
    if (as_a && as_b && ea.type == NVRM_U8 && ea.used && ea.used >= as_a->size && eb.used &&
        eb.used >= as_b->size) {
        gsp_view_init(&ia, a->abi, as_a, ea.at, ea.used);
        gsp_view_init(&ib, b->abi, as_b, eb.at, eb.used);
        compare_struct(c, &ia, &ib);
    } else if (!array_a && !array_b) {
        compare_element(c, a, b, fa, fb, &ea, &eb, 0);
    } else {
        compare_elements(c, a, b, fa, fb, &ea, &eb);
    }
}

/* Which member of a union is meant: by its tag in the struct around it. */
static bool
is_live(const struct gsp_view *v, const struct nvrm_field *f)
{
    return !(v->layout->flags & NVRM_LAYOUT_UNION) ||
           f == &v->fields[gsp_largest_member(v->abi, v->layout)];
}

/* What only one side has. */
static void
compare_lone(struct compare *c, const struct gsp_view *v, const struct nvrm_field *f, bool is_a)
{
    const char *has = "a value", *lacks = "(no such field)";
    char text[VALUE_BYTES];

    if (is_zero(v, f))
        return;
    if (!gsp_field_is_array(f) && f->type != NVRM_STRUCT) {
        value_text(v->abi, f, f->type, gsp_field_load(f, v->base + f->offset), text,
                   sizeof(text));
        has = text;
    }
    differ(c, is_a ? has : lacks, is_a ? lacks : has);
}

/* A single struct or union in a field; NULL for anything else. */
static const struct nvrm_layout *
aggregate_of(const struct gsp_view *v, const struct nvrm_field *f)
{
    const struct nvrm_layout *l =
        f->type == NVRM_STRUCT ? nvrm_layout_at(v->abi.schema, f->ref) : NULL;

    return l && l->fields && !gsp_field_is_array(f) ? l : NULL;
}

/* The member of an aggregate that is meant: by tag in a union; NULL in a struct, where all are.
 */
static const char *
live_member(const struct gsp_view *v, const struct nvrm_field *f, const struct nvrm_layout *l)
{
    const struct nvrm_field *fields = nvrm_layout_fields(v->abi.schema, l);

    if (!(l->flags & NVRM_LAYOUT_UNION))
        return NULL;
    return nvrm_str(v->abi.schema, fields[gsp_view_member(v, f, l)].name);
}

/* Two aggregates of which one at least is a union; a release may have made a struct of it. */
static void
compare_union(struct compare *c, const struct gsp_view *a, const struct gsp_view *b,
              const struct nvrm_field *fa, const struct nvrm_field *fb,
              const struct nvrm_layout *ua, const struct nvrm_layout *ub)
{
    const char *na = live_member(a, fa, ua), *nb = live_member(b, fb, ub);
    const char *name = na ? na : nb;
    const struct nvrm_field *ma = nvrm_field_find(a->abi.schema, ua, name);
    const struct nvrm_field *mb = nvrm_field_find(b->abi.schema, ub, name);
    struct gsp_view ia, ib;

    if ((na && nb && strcmp(na, nb) != 0) || !enter(c, name, 0, false))
        return; /* then the tags differ, which was said */
    gsp_view_init(&ia, a->abi, ua, a->base + fa->offset, ua->size);
    gsp_view_init(&ib, b->abi, ub, b->base + fb->offset, ub->size);
    if (ma && mb)
        compare_field(c, &ia, &ib, ma, mb);
    else if (ma)
        compare_lone(c, &ia, ma, true);
    else if (mb)
        compare_lone(c, &ib, mb, false);
    c->depth--;
}

static void
compare_pair(struct compare *c, const struct gsp_view *a, const struct gsp_view *b,
             const struct nvrm_field *fa, const struct nvrm_field *fb)
{
    const struct nvrm_layout *ua = aggregate_of(a, fa), *ub = aggregate_of(b, fb);

    if (ua && ub && ((ua->flags | ub->flags) & NVRM_LAYOUT_UNION))
        compare_union(c, a, b, fa, fb, ua, ub);
    else
        compare_field(c, a, b, fa, fb);
}

static bool
ignored(const struct compare *c, const struct gsp_view *v, const char *field)
{
    return c->config->ignore &&
           c->config->ignore(c->config->ctx, nvrm_str(v->abi.schema, v->layout->name), field);
}

static void
compare_side(struct compare *c, const struct gsp_view *a, const struct gsp_view *b,
             bool only_lone)
{
    for (uint16_t i = 0; i < a->layout->fields; i++) {
        const struct nvrm_field *fa = &a->fields[i];
        const char *name = nvrm_str(a->abi.schema, fa->name);
        const struct nvrm_field *fb = a->layout == b->layout
                                          ? &b->fields[i]
                                          : nvrm_field_find(b->abi.schema, b->layout, name);

        if (!is_live(a, fa) || (only_lone && fb) || ignored(c, a, name) ||
            !enter(c, name, 0, false))
            continue;
        if (fb)
            compare_pair(c, a, b, fa, fb);
        else
            compare_lone(c, a, fa, !only_lone);
        c->depth--;
    }
}

static void
compare_struct(struct compare *c, const struct gsp_view *a, const struct gsp_view *b)
{
    compare_side(c, a, b, false);
    if (a->layout != b->layout)
        compare_side(c, b, a, true);
}

unsigned
gsp_compare(const struct gsp_compare_config *config, const struct gsp_compare_side *a,
            const struct gsp_compare_side *b)
{
    struct compare c = {.config = config, .same_release = a->abi.release == b->abi.release};
    struct gsp_view va, vb;

    if (!a->layout || !b->layout || a->bytes < a->layout->size || b->bytes < b->layout->size) {
        compare_bytes(&c, a->wire, a->bytes, b->wire, b->bytes);
        return c.differences;
    }
    gsp_view_init(&va, a->abi, a->layout, a->wire, a->bytes);
    gsp_view_init(&vb, b->abi, b->layout, b->wire, b->bytes);
    compare_struct(&c, &va, &vb);
    return c.differences;
}
