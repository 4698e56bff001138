/* SPDX-License-Identifier: MIT */
/* What is wrong with tables: rules about one entry, and about two that share addresses. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "pt_read_priv.h"

struct lint {
    const struct nvmem_pt_reader *r;
    int (*fn)(void *ctx, const struct nvmem_pt_finding *finding);
    void *ctx;
    int rc; /* what fn returned */
};

static int __attribute__((format(printf, 5, 6)))
find(struct lint *l, const char *rule, bool harmless, const struct nvmem_pt_step *step,
     const char *format, ...)
{
    struct nvmem_pt_finding f = {.rule = rule, .harmless = harmless, .step = *step};
    va_list args;

    va_start(args, format);
    vsnprintf(f.text, sizeof(f.text), format, args);
    va_end(args);
    l->rc = l->fn(l->ctx, &f);
    return l->rc ? -ECANCELED : 0;
}

/* Bits that no field has: of one word. */
static int
check_bits(struct lint *l, const struct nvmem_pt_step *e, enum entry_shape shape, uint64_t word)
{
    const uint64_t known = nvmem_pt_known_bits(nvmem_pt_rows(l->r->format, shape, word));
    const bool valid = shape == SHAPE_PTE ? word & 1 : word >> 1 & 3;

    if (!(word & ~known))
        return 0;
    if (valid)
        return find(l, "reserved-bits", false, e,
                    "bits 0x%" PRIx64 " of 0x%" PRIx64 " belong to no field", word & ~known,
                    word);
    return find(l, "stray-bits", true, e,
                "0x%" PRIx64 " leads nowhere, and bits 0x%" PRIx64 " of it are set", word,
                word & ~known);
}

static int
check_page(struct lint *l, const struct nvmem_pt_step *e)
{
    const struct nvmem_target *t = &e->target;
    const uint64_t sizes = nvmem_pt_page_sizes(l->r->format);

    if (!(sizes & e->bytes))
        return find(l, "page-size", false, e, "this MMU has no pages of 0x%" PRIx64 " bytes",
                    e->bytes);
    if (t->addr & (e->bytes - 1))
        return find(l, "misaligned", false, e,
                    "memory at 0x%" PRIx64 " is no multiple of the page's 0x%" PRIx64 " bytes",
                    t->addr, e->bytes);
    if (t->aperture == NVMEM_VRAM && l->r->vram_bytes &&
        (t->addr >= l->r->vram_bytes || e->bytes > l->r->vram_bytes - t->addr))
        return find(l, "outside", false, e,
                    "0x%" PRIx64 " .. 0x%" PRIx64 " is past the card's 0x%" PRIx64
                    " bytes of memory",
                    t->addr, t->addr + e->bytes - 1, l->r->vram_bytes);
    if (t->kind == 0x07 || !nvmem_pt_kind_name(t->kind))
        return find(l, "bad-kind", false, e, "kind 0x%x is no kind of memory", t->kind);
    return 0;
}

/* Rules of the dual directory's entries: what the low half says wins. */
static int
check_dual(struct lint *l, const struct nvmem_pt_step *e)
{
    enum nvmem_aperture aperture;
    uint64_t table;

    if (e->is == NVMEM_IS_PAGE && e->word[1])
        return find(l, "hidden-table", false, e,
                    "the low half is a page, so that 0x%" PRIx64 " in the high half is not"
                    " looked at",
                    e->word[1]);
    if (e->is == NVMEM_IS_TABLE && !nvmem_pt_follow(l->r->format, e, true, &aperture, &table) &&
        e->word[1])
        return find(l, "dual-sparse", true, e,
                    "0x%" PRIx64 " marks 4K pages sparse, but the table of 64K pages decides",
                    e->word[1]);
    return 0;
}

static int
see_entry(void *ctx, const struct nvmem_pt_step *e)
{
    struct lint *l = ctx;
    const enum entry_shape shape = nvmem_pt_shape(l->r->format, e->level, e->word[0]);
    int rc = check_bits(l, e, shape, e->word[0]);

    if (!rc && shape == SHAPE_BIG)
        rc = check_bits(l, e, SHAPE_SMALL, e->word[1]);
    if (!rc && e->is == NVMEM_IS_PAGE)
        rc = check_page(l, e);
    if (!rc && e->words == 2)
        rc = check_dual(l, e);
    return rc;
}

static int
see_refused(void *ctx, const struct nvmem_pt_step *e, const char *rule, uint64_t table)
{
    return find(ctx, rule, false, e,
                rule[0] == 'l' ? "its table at 0x%" PRIx64 " is one of those above it"
                               : "its table at 0x%" PRIx64 " is no memory",
                table);
}

static int
see_both(void *ctx, const struct nvmem_pt_step *big, const struct nvmem_pt_step *small)
{
    return find(ctx, "hidden-page", false, small,
                "the 64K entry at 0x%" PRIx64 " decides, so that this one is never reached",
                big->va);
}

int
nvmem_pt_read_check(const struct nvmem_pt_reader *reader,
                    int (*fn)(void *ctx, const struct nvmem_pt_finding *finding), void *ctx,
                    uint64_t *tables_out, uint64_t *entries_out, struct gsp_error *err)
{
    struct lint l = {.r = reader, .fn = fn, .ctx = ctx};
    const struct pt_visitor v = {
        .entry = see_entry, .refused = see_refused, .both = see_both, .ctx = &l};
    uint64_t tables, entries;
    const int rc = nvmem_pt_visit(reader, &v, &tables, &entries);

    if (tables_out)
        *tables_out = tables;
    if (entries_out)
        *entries_out = entries;
    return l.rc ? l.rc : nvmem_pt_read_failed(reader, rc, tables, err);
}
