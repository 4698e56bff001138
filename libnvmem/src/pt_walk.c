/* SPDX-License-Identifier: MIT */
/* Reading the shadow: one address, all runs, and whether the device still has the same. */
#include <errno.h>
#include <inttypes.h>

#include "pt_priv.h"

struct spot
nvmem_pt_spot(struct nvmem_pt *pt, uint64_t va)
{
    const struct format *f = pt->format;
    struct table *t = pt->root;

    for (;;) {
        const uint32_t i = entry_index(f, t->level, va);
        const bool dual = t->level == last_dir(f);
        struct table *child = t->child[dual ? 2 * i : i],
                     *small = dual ? t->child[2 * i + 1] : NULL;

        if (is_leaf(f, t, i))
            return (struct spot){t, i, *entry_word(f, t, i)};
        if (!dual && !child)
            return (struct spot){t, i, 0};
        if (dual) {
            const uint32_t b = entry_index(f, t->level + 1u, va);
            const uint32_t s = entry_index(f, t->level + 2u, va);

            if (child && (child->words[b] || !small))
                return (struct spot){child, b, child->words[b]};
            return small ? (struct spot){small, s, small->words[s]} : (struct spot){t, i, 0};
        }
        t = child;
    }
}

static bool
entry_at(struct nvmem_pt *pt, uint64_t va, struct nvmem_pt_entry *entry_out)
{
    const struct spot s = nvmem_pt_spot(pt, va);
    struct nvmem_pt_entry *e = entry_out;

    e->bytes = entry_bytes(pt->format, s.table->level);
    e->va = va & -e->bytes;
    e->word = s.word;
    e->target = (struct nvmem_target){0};
    if (!s.word)
        return false;
    nvmem_pt_decode(pt->config.format, s.word, &e->target);
    e->target.page_bytes = e->bytes;
    return true;
}

bool
nvmem_pt_walk(struct nvmem_pt *pt, uint64_t va, struct nvmem_pt_entry *entry_out)
{
    bool mapped;

    if (va >= nvmem_pt_va_limit(pt)) {
        *entry_out = (struct nvmem_pt_entry){.va = va};
        return false;
    }
    pt_lock(pt);
    mapped = entry_at(pt, va, entry_out);
    pt_unlock(pt);
    return mapped;
}

bool
nvmem_pt_goes_on(const struct nvmem_pt_entry *run, const struct nvmem_pt_entry *e)
{
    const struct nvmem_target *a = &run->target, *b = &e->target;
    const uint64_t apart = a->flags & NVMEM_MAP_SPARSE ? 0 : run->bytes;

    return run->va + run->bytes == e->va && a->page_bytes == b->page_bytes &&
           a->aperture == b->aperture && a->flags == b->flags && a->kind == b->kind &&
           a->peer == b->peer && a->addr + apart == b->addr;
}

int
nvmem_pt_each(struct nvmem_pt *pt, int (*fn)(void *ctx, const struct nvmem_pt_entry *run),
              void *ctx)
{
    const uint64_t limit = nvmem_pt_va_limit(pt);
    struct nvmem_pt_entry run = {0}, e;
    int rc = 0;

    pt_lock(pt);
    for (uint64_t va = 0; va < limit && !rc; va = e.va + e.bytes) {
        const bool mapped = entry_at(pt, va, &e);

        if (mapped && run.bytes && nvmem_pt_goes_on(&run, &e)) {
            run.bytes += e.bytes;
            continue;
        }
        if (run.bytes)
            rc = fn(ctx, &run);
        run = e;
        if (!mapped)
            run.bytes = 0;
    }
    if (run.bytes && !rc)
        rc = fn(ctx, &run);
    pt_unlock(pt);
    return rc;
}

/* Check */

struct check {
    struct nvmem_pt *pt;
    int (*read)(void *ctx, const struct nvmem_pt_memory *memory, uint64_t *words_out,
                size_t count);
    void *ctx;
    struct gsp_error *err;
};

static int
check_words(const struct check *c, const struct table *t, uint64_t va)
{
    const struct format *f = c->pt->format;
    const unsigned each = f->level[t->level].words;
    const uint32_t count = entry_count(f, t->level) * each;
    uint64_t words[512];
    int rc = c->read(c->ctx, &t->memory, words, count);

    if (rc < 0)
        return gsp_fail(c->err, GSP_ORIGIN_TRANSPORT, rc, "reading the table at 0x%" PRIx64,
                        t->memory.addr);
    for (uint32_t i = 0; i < count; i++)
        if (words[i] != t->words[i] && (t->words[i] || !t->pinned))
            return gsp_fail(c->err, GSP_ORIGIN_PROTOCOL, -EBADMSG,
                            "the entry for 0x%" PRIx64 " (table 0x%" PRIx64
                            ", word %u) is 0x%" PRIx64
                            " on the device and should be 0x%" PRIx64,
                            va + ((uint64_t)(i / each) << f->level[t->level].shift),
                            t->memory.addr, i, words[i], t->words[i]);
    return 0;
}

static int
check_table(const struct check *c, struct table *t, uint64_t va)
{
    const struct format *f = c->pt->format;
    const bool dual = t->level == last_dir(f);
    int rc = check_words(c, t, va);

    for (uint32_t i = 0; t->child && !rc && i < entry_count(f, t->level) << dual; i++)
        if (t->child[i])
            rc = check_table(c, t->child[i],
                             va + ((uint64_t)(i >> dual) << f->level[t->level].shift));
    return rc;
}

int
nvmem_pt_check(struct nvmem_pt *pt,
               int (*read)(void *ctx, const struct nvmem_pt_memory *memory, uint64_t *words_out,
                           size_t count),
               void *ctx, struct gsp_error *err)
{
    const struct check c = {pt, read, ctx, err};
    int rc;

    pt_lock(pt);
    rc = check_table(&c, pt->root, 0);
    pt_unlock(pt);
    return rc;
}
