/* SPDX-License-Identifier: MIT */
/*
 * Reading tables that may hold anything: what an entry is, a walk, a visit of all, and runs.
 * Nothing of the tables' own shadow is used here.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "pt_read_priv.h"

enum { MAX_TABLES = 65536, WORDS = 512, BIG_ENTRIES = 32, SMALL_PER_BIG = 16 };

static const struct format *
format_of(const struct nvmem_pt_reader *r)
{
    return &nvmem_pt_formats[r->format];
}

const char *
nvmem_pt_level_name(enum nvmem_pt_format format, unsigned level)
{
    static const char *const names[] = {"PDE4", "PDE3",    "PDE2",  "PDE1",
                                        "PDE0", "PTE_64K", "PTE_4K"};

    return names[level + 7 - nvmem_pt_formats[format].levels];
}

/* Entries */

static bool
is_v2(const struct format *f)
{
    return f->va_bits == 49;
}

static bool
pde_is_sparse(uint64_t word)
{
    return !(word >> 1 & 3) && word >> 3 & 1;
}

static bool
pte_is_sparse(const struct format *f, uint64_t word)
{
    return !(word & 1) && (is_v2(f) ? word >> 3 & 1 : (word >> 3 & 31) == 1);
}

static enum nvmem_pt_is
directory_is(const struct nvmem_pt_step *s)
{
    if (s->word[0] & 1)
        return NVMEM_IS_PAGE;
    if (s->word[0] >> 1 & 3 || (s->words == 2 && s->word[1] >> 1 & 3))
        return NVMEM_IS_TABLE;
    return pde_is_sparse(s->word[0]) || (s->words == 2 && pde_is_sparse(s->word[1]))
               ? NVMEM_IS_SPARSE
               : NVMEM_IS_INVALID;
}

void
nvmem_pt_classify(enum nvmem_pt_format format, struct nvmem_pt_step *s)
{
    const struct format *f = &nvmem_pt_formats[format];

    s->target = (struct nvmem_target){0};
    if (s->level <= last_dir(f))
        s->is = directory_is(s);
    else if (s->word[0] & 1)
        s->is = NVMEM_IS_PAGE;
    else
        s->is = pte_is_sparse(f, s->word[0]) ? NVMEM_IS_SPARSE : NVMEM_IS_INVALID;
    if (s->is == NVMEM_IS_PAGE)
        nvmem_pt_decode(format, s->word[0], &s->target);
    if (s->is == NVMEM_IS_SPARSE)
        s->target.flags = NVMEM_MAP_SPARSE;
    s->target.page_bytes = s->is == NVMEM_IS_PAGE || s->is == NVMEM_IS_SPARSE ? s->bytes : 0;
}

bool
nvmem_pt_follow(enum nvmem_pt_format format, const struct nvmem_pt_step *s, bool small,
                enum nvmem_aperture *aperture_out, uint64_t *table_out)
{
    static const enum nvmem_aperture apertures[] = {NVMEM_VRAM, NVMEM_VRAM, NVMEM_SYSTEM,
                                                    NVMEM_SYSTEM_NONCOHERENT};
    const struct format *f = &nvmem_pt_formats[format];
    const uint64_t word = s->word[small && s->words == 2];
    const bool big = s->words == 2 && !small;

    if (!(word >> 1 & 3) || (s->word[0] & 1))
        return false;
    *aperture_out = apertures[word >> 1 & 3];
    *table_out = field_get(big ? f->pde_addr_big : f->pde_addr, word);
    return true;
}

bool
nvmem_pt_big_decides(enum nvmem_pt_format format, const struct nvmem_pt_step *big)
{
    return big->is != NVMEM_IS_INVALID ||
           (!is_v2(&nvmem_pt_formats[format]) && (big->word[0] >> 3 & 31) == 3);
}

static struct nvmem_pt_step
step_at(const struct nvmem_pt_reader *r, unsigned level, enum nvmem_aperture aperture,
        uint64_t table, uint64_t va)
{
    const struct format *f = format_of(r);

    return (struct nvmem_pt_step){.name = nvmem_pt_level_name(r->format, level),
                                  .level = level,
                                  .aperture = aperture,
                                  .table = table,
                                  .index = entry_index(f, level, va),
                                  .words = f->level[level].words,
                                  .va = va & -entry_bytes(f, level),
                                  .bytes = entry_bytes(f, level)};
}

/* Walk */

static int
read_step(const struct nvmem_pt_reader *r, struct nvmem_pt_step *s, struct gsp_error *err)
{
    const int rc = r->read(r->ctx, s->aperture, s->table + (uint64_t)s->index * s->words * 8,
                           s->word, s->words);

    if (rc < 0)
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EIO,
                        "the table of %s entries for 0x%" PRIx64 " at 0x%" PRIx64
                        " is no memory",
                        s->name, s->va, s->table);
    nvmem_pt_classify(r->format, s);
    return 0;
}

/* One entry of a table below the dual level. */
static int
walk_page(const struct nvmem_pt_reader *r, const struct nvmem_pt_step *dual, bool small,
          uint64_t va, struct nvmem_pt_step *steps, unsigned *count, struct gsp_error *err)
{
    enum nvmem_aperture aperture;
    uint64_t table;

    if (!nvmem_pt_follow(r->format, dual, small, &aperture, &table))
        return 0;
    steps[*count] = step_at(r, dual->level + (small ? 2 : 1), aperture, table, va);
    return read_step(r, &steps[(*count)++], err);
}

int
nvmem_pt_read_walk(const struct nvmem_pt_reader *r, uint64_t va,
                   struct nvmem_pt_step *steps_out, unsigned *count_out, struct gsp_error *err)
{
    const struct format *f = format_of(r);
    enum nvmem_aperture aperture = r->root_aperture;
    uint64_t table = r->root;
    unsigned n = 0;
    int rc = 0;

    *count_out = 0;
    if (va >> f->va_bits)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -ERANGE, "0x%" PRIx64 ": addresses have %u bits",
                        va, f->va_bits);
    do {
        steps_out[n] = step_at(r, n, aperture, table, va);
        rc = read_step(r, &steps_out[n++], err);
    } while (!rc && steps_out[n - 1].is == NVMEM_IS_TABLE && n <= last_dir(f) &&
             nvmem_pt_follow(r->format, &steps_out[n - 1], false, &aperture, &table));
    if (!rc && n == last_dir(f) + 1u && steps_out[n - 1].is == NVMEM_IS_TABLE) {
        const struct nvmem_pt_step dual = steps_out[n - 1];

        rc = walk_page(r, &dual, false, va, steps_out, &n, err);
        if (!rc && (steps_out[n - 1].level == dual.level ||
                    !nvmem_pt_big_decides(r->format, &steps_out[n - 1])))
            rc = walk_page(r, &dual, true, va, steps_out, &n, err);
    }
    *count_out = n;
    return rc;
}

/* Visit */

struct visit {
    const struct nvmem_pt_reader *r;
    const struct pt_visitor *v;
    uint64_t tables, entries;
    uint64_t path[NVMEM_PT_STEPS]; /* tables above, to find loops */
};

static int
tell_entry(struct visit *s, const struct nvmem_pt_step *e)
{
    s->entries++;
    if (!s->v->entry || !(e->word[0] | (e->words == 2 ? e->word[1] : 0)))
        return 0;
    return s->v->entry(s->v->ctx, e);
}

static int
tell_leaf(struct visit *s, const struct nvmem_pt_step *e)
{
    return s->v->leaf && (e->is == NVMEM_IS_PAGE || e->is == NVMEM_IS_SPARSE)
               ? s->v->leaf(s->v->ctx, e)
               : 0;
}

/* Tables are 256 bytes at least: there are bits for the aperture. 0 is no table. */
static uint64_t
path_of(enum nvmem_aperture aperture, uint64_t table)
{
    return (table << 2 | aperture) + 1;
}

/* A table's words; 1 when it is there, 0 when it was refused. */
static int
load(struct visit *s, const struct nvmem_pt_step *from, unsigned level,
     enum nvmem_aperture aperture, uint64_t table, uint64_t *words)
{
    const struct format *f = format_of(s->r);
    const size_t count = (size_t)entry_count(f, level) * f->level[level].words;
    const uint32_t limit = s->r->max_tables ? s->r->max_tables : MAX_TABLES;

    for (unsigned i = 0; i < level && i < NVMEM_PT_STEPS; i++)
        if (s->path[i] == path_of(aperture, table))
            return s->v->refused ? s->v->refused(s->v->ctx, from, "loop", table) : 0;
    if (s->tables == limit)
        return -E2BIG;
    if (s->r->read(s->r->ctx, aperture, table, words, count) < 0) {
        if (!from)
            return -EIO;
        return s->v->refused ? s->v->refused(s->v->ctx, from, "no-memory", table) : 0;
    }
    s->tables++;
    s->path[level] = path_of(aperture, table);
    return 1;
}

/* The 4K pages of one 64K, or of a whole dual entry. */
static int
visit_small(struct visit *s, const struct nvmem_pt_step *first, const uint64_t *words,
            uint32_t from, uint32_t count, const struct nvmem_pt_step *big)
{
    struct nvmem_pt_step e = *first;
    int rc = 0;

    for (uint32_t i = from; i < from + count && rc >= 0; i++) {
        e.index = i;
        e.va = first->va + i * e.bytes;
        e.word[0] = words[i];
        nvmem_pt_classify(s->r->format, &e);
        rc = tell_entry(s, &e);
        if (rc >= 0 && !big)
            rc = tell_leaf(s, &e);
        else if (rc >= 0 && e.is != NVMEM_IS_INVALID && s->v->both)
            return s->v->both(s->v->ctx, big, &e);
    }
    return rc;
}

static int
visit_both(struct visit *s, const struct nvmem_pt_step *big0, const uint64_t *big_words,
           const struct nvmem_pt_step *small0, const uint64_t *small_words)
{
    struct nvmem_pt_step big = *big0;
    int rc = 0;

    for (uint32_t i = 0; i < BIG_ENTRIES && rc >= 0; i++) {
        bool decides;

        big.index = i;
        big.va = big0->va + i * big.bytes;
        big.word[0] = big_words[i];
        nvmem_pt_classify(s->r->format, &big);
        decides = nvmem_pt_big_decides(s->r->format, &big);
        rc = tell_entry(s, &big);
        if (rc >= 0)
            rc = tell_leaf(s, &big);
        if (rc >= 0 && small_words)
            rc = visit_small(s, small0, small_words, i * SMALL_PER_BIG, SMALL_PER_BIG,
                             decides ? &big : NULL);
    }
    return rc;
}

static int
visit_dual(struct visit *s, const struct nvmem_pt_step *dual)
{
    uint64_t big_words[BIG_ENTRIES] = {0}, small_words[WORDS] = {0}, table;
    const unsigned level = dual->level + 1;
    struct nvmem_pt_step big, small;
    enum nvmem_aperture aperture;
    int has_big = 0, has_small = 0;

    s->path[level] = 0;
    if (nvmem_pt_follow(s->r->format, dual, false, &aperture, &table)) {
        big = step_at(s->r, level, aperture, table, dual->va);
        has_big = load(s, dual, level, aperture, table, big_words);
        if (has_big <= 0)
            return has_big; /* it would decide, and nobody knows what it says */
    }
    if (nvmem_pt_follow(s->r->format, dual, true, &aperture, &table)) {
        small = step_at(s->r, level + 1, aperture, table, dual->va);
        has_small = load(s, dual, level + 1, aperture, table, small_words);
    }
    if (has_small < 0)
        return has_small;
    if (has_big)
        return visit_both(s, &big, big_words, &small, has_small ? small_words : NULL);
    return has_small ? visit_small(s, &small, small_words, 0, WORDS, NULL) : 0;
}

static int visit_table(struct visit *s, const struct nvmem_pt_step *from, unsigned level,
                       enum nvmem_aperture aperture, uint64_t table, uint64_t va);

static int
visit_below(struct visit *s, const struct nvmem_pt_step *e)
{
    enum nvmem_aperture aperture;
    uint64_t table;

    if (e->words == 2)
        return visit_dual(s, e);
    return nvmem_pt_follow(s->r->format, e, false, &aperture, &table)
               ? visit_table(s, e, e->level + 1, aperture, table, e->va)
               : 0;
}

/* As deep as there are levels: at most five of these, 4 KiB each, and visit_dual(). */
static int
visit_table(struct visit *s, const struct nvmem_pt_step *from, unsigned level,
            enum nvmem_aperture aperture, uint64_t table, uint64_t va)
{
    struct nvmem_pt_step e = step_at(s->r, level, aperture, table, va);
    const uint32_t count = entry_count(format_of(s->r), level);
    uint64_t words[WORDS] = {0};
    int rc = load(s, from, level, aperture, table, words);

    if (rc <= 0)
        return rc;
    for (uint32_t i = 0; i < count && rc >= 0; i++) {
        e.index = i;
        e.va = va + i * e.bytes;
        memcpy(e.word, &words[(size_t)i * e.words], (size_t)e.words * 8);
        nvmem_pt_classify(s->r->format, &e);
        rc = tell_entry(s, &e);
        if (rc >= 0)
            rc = e.is == NVMEM_IS_TABLE ? visit_below(s, &e) : tell_leaf(s, &e);
    }
    s->path[level] = 0;
    return rc < 0 ? rc : 0;
}

int
nvmem_pt_visit(const struct nvmem_pt_reader *r, const struct pt_visitor *visitor,
               uint64_t *tables, uint64_t *entries)
{
    struct visit s = {.r = r, .v = visitor};
    const int rc = visit_table(&s, NULL, 0, r->root_aperture, r->root, 0);

    *tables = s.tables;
    *entries = s.entries;
    return rc;
}

/* Runs */

struct runs {
    int (*fn)(void *ctx, const struct nvmem_pt_entry *run);
    void *ctx;
    struct nvmem_pt_entry run;
    int rc;
};

static int
add_leaf(void *ctx, const struct nvmem_pt_step *e)
{
    struct runs *s = ctx;
    const struct nvmem_pt_entry page = {e->va, e->bytes, e->target, e->word[0]};

    if (s->run.bytes && nvmem_pt_goes_on(&s->run, &page)) {
        s->run.bytes += page.bytes;
        return 0;
    }
    if (s->run.bytes)
        s->rc = s->fn(s->ctx, &s->run);
    s->run = page;
    return s->rc ? -ECANCELED : 0;
}

int
nvmem_pt_read_failed(const struct nvmem_pt_reader *r, int rc, uint64_t tables,
                     struct gsp_error *err)
{
    if (rc == -E2BIG)
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, rc,
                        "more than %" PRIu64 " tables below 0x%" PRIx64
                        ": they are shared many times, or the limit is too low",
                        tables, r->root);
    if (rc == -EIO)
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, rc,
                        "the page directory at 0x%" PRIx64 " is no memory", r->root);
    return rc;
}

int
nvmem_pt_read_each(const struct nvmem_pt_reader *r,
                   int (*fn)(void *ctx, const struct nvmem_pt_entry *run), void *ctx,
                   struct gsp_error *err)
{
    struct runs s = {.fn = fn, .ctx = ctx};
    const struct pt_visitor v = {.leaf = add_leaf, .ctx = &s};
    uint64_t tables, entries;
    const int rc = nvmem_pt_visit(r, &v, &tables, &entries);

    if (s.run.bytes && !s.rc)
        s.rc = fn(ctx, &s.run);
    return s.rc ? s.rc : nvmem_pt_read_failed(r, rc, tables, err);
}
