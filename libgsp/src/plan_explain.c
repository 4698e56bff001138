/* SPDX-License-Identifier: MIT */
/*
 * Says which field made an encode fail. Plans carry no names; this walks both layouts once
 * more, which only an error pays for.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "plan_priv.h"
#include "view_priv.h"

struct explain {
    struct nvrm_abi abi;
    struct gsp_error *err;
    const char *root;
    char path[160];
    int rc;
};

static void explain_field(struct explain *x, const struct nvrm_layout *owner,
                          const struct nvrm_field *c, const struct nvrm_layout *wire,
                          const uint8_t *base);
static void explain_layout(struct explain *x, const struct nvrm_layout *canon,
                           const struct nvrm_layout *wire, const uint8_t *base);

static bool
any_set(const uint8_t *p, size_t bytes)
{
    while (bytes && !*p) {
        p++;
        bytes--;
    }
    return bytes > 0;
}

static void
say_lacking(struct explain *x, const char *what)
{
    x->rc = gsp_fail(x->err, GSP_ORIGIN_RELEASE, -EINVAL, "%s.%s: release %s has no such %s",
                     x->root, x->path, nvrm_release_name(x->abi.schema, x->abi.release), what);
    gsp_hint(x->err, "leave it zero, or choose a release that has it");
}

static void
explain_integer(struct explain *x, const struct nvrm_field *c, const struct nvrm_field *w,
                const uint8_t *at)
{
    const uint64_t value = gsp_load(at, nvrm_type_bytes(c->type));
    const unsigned bits = gsp_field_bits(w);
    const uint64_t canon_value = gsp_scalar_load(c->type, at);

    if (gsp_type_signed(w->type) ? gsp_sign_extend(value, bits) == canon_value
                                 : value <= gsp_mask(bits))
        return;
    x->rc = gsp_fail(x->err, GSP_ORIGIN_INPUT, -EINVAL,
                     "%s.%s: 0x%llx does not fit into the %u bits of release %s", x->root,
                     x->path, (unsigned long long)value, bits,
                     nvrm_release_name(x->abi.schema, x->abi.release));
}

static void
explain_elements(struct explain *x, const struct nvrm_field *c, const struct nvrm_field *w,
                 const uint8_t *at)
{
    const uint32_t bytes = nvrm_field_elem_bytes(x->abi.schema, c);
    const uint32_t rows =
        c->inner && w->inner && c->inner != w->inner ? w->count / w->inner : 0;
    const size_t path_end = strlen(x->path);

    for (uint32_t i = 0; i < c->count && x->rc == 0; i++) {
        const bool there = rows ? i / c->inner < rows && i % c->inner < w->inner : i < w->count;

        if (gsp_field_is_array(c))
            snprintf(x->path + path_end, sizeof(x->path) - path_end, "[%u]", i);
        if (!there && any_set(at + (size_t)i * bytes, bytes))
            say_lacking(x, "element");
        else if (there && c->type == NVRM_STRUCT)
            explain_layout(x, nvrm_layout_at(x->abi.schema, c->ref),
                           nvrm_layout_at(x->abi.schema, w->ref), at + (size_t)i * bytes);
        else if (there)
            explain_integer(x, c, w, at + (size_t)i * bytes);
    }
}

/* The member that the tag selects is at fault, or there is none. */
static void
explain_union(struct explain *x, const struct nvrm_layout *owner, const struct nvrm_field *c,
              const struct nvrm_field *w, const uint8_t *base)
{
    const struct nvrm_schema *s = x->abi.schema;
    const struct nvrm_layout *cu = nvrm_layout_at(s, c->ref), *wu = nvrm_layout_at(s, w->ref);
    const struct nvrm_note *note = gsp_field_note(x->abi, c);
    const struct nvrm_field *tag = nvrm_layout_fields(s, owner) + note->tag, *member;
    const struct nvrm_case *chosen =
        gsp_case_of(s, note, gsp_load(base + tag->offset, nvrm_type_bytes(tag->type)));

    member = chosen ? nvrm_layout_fields(s, cu) + chosen->member : NULL;
    if (member && nvrm_field_find(s, wu, nvrm_str(s, member->name)))
        explain_field(x, cu, member, wu, base + c->offset);
    else if (any_set(base + c->offset, cu->size))
        say_lacking(x, "union member");
}

static bool
is_tagged_union(const struct explain *x, const struct nvrm_field *c)
{
    const struct nvrm_note *note = gsp_field_note(x->abi, c);
    const struct nvrm_layout *l =
        c->type == NVRM_STRUCT ? nvrm_layout_at(x->abi.schema, c->ref) : NULL;

    return l && (l->flags & NVRM_LAYOUT_UNION) && c->count == 1 && note &&
           note->tag != NVRM_NONE;
}

/* `base` is where the owner of field c begins. */
static void
explain_field(struct explain *x, const struct nvrm_layout *owner, const struct nvrm_field *c,
              const struct nvrm_layout *wire, const uint8_t *base)
{
    const char *name = nvrm_str(x->abi.schema, c->name);
    const struct nvrm_field *w = nvrm_field_find(x->abi.schema, wire, name);
    const uint8_t *at = base + c->offset;
    const size_t path_end = strlen(x->path);

    snprintf(x->path + path_end, sizeof(x->path) - path_end, "%s%s", path_end ? "." : "", name);
    if (w && is_tagged_union(x, c))
        explain_union(x, owner, c, w, base);
    else if (w)
        explain_elements(x, c, w, at);
    else if (any_set(at, (size_t)c->count * nvrm_field_elem_bytes(x->abi.schema, c)))
        say_lacking(x, "field");
    x->path[path_end] = '\0';
}

static void
explain_layout(struct explain *x, const struct nvrm_layout *canon,
               const struct nvrm_layout *wire, const uint8_t *base)
{
    const struct nvrm_field *fields = nvrm_layout_fields(x->abi.schema, canon);

    if ((canon->flags & NVRM_LAYOUT_UNION) && canon->size > wire->size &&
        any_set(base + wire->size, canon->size - wire->size))
        say_lacking(x, "union member");
    for (uint32_t i = 0; i < canon->fields && x->rc == 0 && !(canon->flags & NVRM_LAYOUT_UNION);
         i++)
        explain_field(x, canon, &fields[i], wire, base);
}

int
gsp_plan_explain(const struct gsp_plan *plan, const void *canon, struct gsp_error *err)
{
    struct explain x = {
        .abi = plan->abi, .err = err, .root = nvrm_str(plan->abi.schema, plan->wire->name)};

    explain_layout(&x, plan->canon, plan->wire, canon);
    if (x.rc == 0)
        x.rc = gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "%s does not fit into release %s",
                        x.root, nvrm_release_name(plan->abi.schema, plan->abi.release));
    return x.rc;
}
