/* SPDX-License-Identifier: MIT */
/*
 * Ranges of addresses beside VulkanMemoryAllocator's virtual block (where its header was found
 * when this was built), a first-fit list and malloc; page tables beside a loop that stores the
 * same words. Every peer does the same work in the same run. Sizes are 4 KiB to 512 KiB.
 */
#include "bench.h"

#include <nvmem/cache.h>
#include <nvmem/heap.h>
#include <nvmem/pt.h>
#include <nvmem/vas.h>

#include "bench_nvmem_peer.h"

#define PAGE       UINT64_C(4096)
#define MEAN_BYTES (UINT64_C(96) << 10) /* of size_of() */

/* One allocator: a range is a word to it. */
struct allocator {
    const char *name;
    void *(*create)(uint64_t bytes, unsigned live);
    void (*destroy)(void *a);
    bool (*alloc)(void *a, unsigned slot, uint64_t bytes);
    void (*free)(void *a, unsigned slot);
};

/* Ours */

struct ours {
    struct nvmem_heap *heap;
    struct nvmem_cache *cache;
    struct nvmem_range range[];
};

static void *
ours_create(uint64_t bytes, unsigned live)
{
    struct ours *o = calloc(1, sizeof(*o) + live * sizeof(o->range[0]));
    const struct nvmem_region region = {.bytes = bytes};

    if (!o || nvmem_heap_create(&(struct nvmem_heap_config){0}, &region, 1, &o->heap, NULL) < 0)
        exit(1);
    return o;
}

static void *
cached_create(uint64_t bytes, unsigned live)
{
    struct ours *o = calloc(1, sizeof(*o) + live * sizeof(o->range[0]));
    const struct nvmem_region region = {.bytes = bytes};
    const struct nvmem_heap_config config = {.threads = true};

    if (!o || nvmem_heap_create(&config, &region, 1, &o->heap, NULL) < 0 ||
        nvmem_cache_create(o->heap, &o->cache, NULL) < 0)
        exit(1);
    return o;
}

static void
ours_destroy(void *a)
{
    struct ours *o = a;

    nvmem_cache_destroy(o->cache);
    nvmem_heap_destroy(o->heap);
    free(o);
}

static bool
ours_alloc(void *a, unsigned slot, uint64_t bytes)
{
    struct ours *o = a;
    const struct nvmem_request q = {.bytes = bytes};

    return nvmem_heap_alloc(o->heap, &q, &o->range[slot], NULL) == 0;
}

static void
ours_free(void *a, unsigned slot)
{
    struct ours *o = a;

    if (nvmem_heap_free(o->heap, &o->range[slot], NULL) < 0)
        exit(1);
}

static bool
cached_alloc(void *a, unsigned slot, uint64_t bytes)
{
    struct ours *o = a;
    const struct nvmem_request q = {.bytes = bytes};

    return nvmem_cache_alloc(o->cache, &q, &o->range[slot], NULL) == 0;
}

static void
cached_free(void *a, unsigned slot)
{
    struct ours *o = a;

    if (nvmem_cache_free(o->cache, &o->range[slot], NULL) < 0)
        exit(1);
}

/* Nothing but the caller's own array of ranges: what no allocator can save. */

static void *
array_create(uint64_t bytes, unsigned live)
{
    (void)bytes;
    return calloc(live, sizeof(struct nvmem_range));
}

static bool
array_alloc(void *a, unsigned slot, uint64_t bytes)
{
    struct nvmem_range *r = a;

    r[slot] = (struct nvmem_range){slot * PAGE, bytes, slot};
    return true;
}

static void
array_free(void *a, unsigned slot)
{
    const struct nvmem_range *r = a;

    bench_use(r[slot].id + r[slot].addr ? r : NULL);
}

#ifdef HAVE_VMA
struct vma {
    void *block;
    uint64_t handle[];
};

static void *
vma_create(uint64_t bytes, unsigned live)
{
    struct vma *v = calloc(1, sizeof(*v) + live * sizeof(v->handle[0]));

    if (!v || !(v->block = bench_vma_create(bytes)))
        exit(1);
    return v;
}

static void
vma_destroy(void *a)
{
    struct vma *v = a;

    bench_vma_destroy(v->block);
    free(v);
}

static bool
vma_alloc(void *a, unsigned slot, uint64_t bytes)
{
    struct vma *v = a;

    v->handle[slot] = bench_vma_alloc(v->block, (bytes + PAGE - 1) & -PAGE, PAGE);
    return v->handle[slot] != 0;
}

static void
vma_free(void *a, unsigned slot)
{
    struct vma *v = a;

    bench_vma_free(v->block, v->handle[slot]);
}
#endif

/* First fit: a list of used ranges by address, the first gap that has room. */

struct gap {
    uint64_t addr, bytes;
    uint32_t prev, next;
};

struct first_fit {
    uint64_t bytes;
    struct gap node[]; /* 0: the list's head; slot + 1 */
};

static void *
first_create(uint64_t bytes, unsigned live)
{
    struct first_fit *f = calloc(1, sizeof(*f) + (live + 1) * sizeof(f->node[0]));

    if (!f)
        exit(1);
    f->bytes = bytes;
    return f;
}

static bool
first_alloc(void *a, unsigned slot, uint64_t bytes)
{
    struct first_fit *f = a;
    struct gap *n = &f->node[slot + 1];
    uint32_t at = 0;

    bytes = (bytes + PAGE - 1) & -PAGE;
    for (;; at = f->node[at].next) {
        const uint64_t from = f->node[at].addr + f->node[at].bytes;
        const uint32_t next = f->node[at].next;
        const uint64_t to = next ? f->node[next].addr : f->bytes;

        if (to - from >= bytes) {
            *n = (struct gap){from, bytes, at, next};
            f->node[next].prev = f->node[at].next = slot + 1;
            return true;
        }
        if (!next)
            return false;
    }
}

static void
first_free(void *a, unsigned slot)
{
    struct first_fit *f = a;
    const struct gap *n = &f->node[slot + 1];

    f->node[n->prev].next = n->next;
    f->node[n->next].prev = n->prev;
}

/* malloc, of real memory that nobody touches. */

static void *
libc_create(uint64_t bytes, unsigned live)
{
    void **p = calloc(live + 2, sizeof(void *));

    (void)bytes;
    if (p)
        p[live + 1] = p; /* the end, for libc_destroy() */
    return p;
}

static void
libc_destroy(void *a)
{
    void **p = a;

    for (size_t i = 0; p && p[i] != p; i++)
        free(p[i]);
    free(p);
}

static bool
libc_alloc(void *a, unsigned slot, uint64_t bytes)
{
    void **p = a;

    p[slot] = malloc(bytes / 64); /* small enough to stay on its lists */
    return p[slot];
}

static void
libc_free(void *a, unsigned slot)
{
    void **p = a;

    free(p[slot]);
    p[slot] = NULL;
}

static const struct allocator allocators[] = {
    {"ours",      ours_create,   ours_destroy, ours_alloc,   ours_free  },
#ifdef HAVE_VMA
    {"vma",       vma_create,    vma_destroy,  vma_alloc,    vma_free   },
#endif
    {"first fit", first_create,  free,         first_alloc,  first_free },
    {"malloc",    libc_create,   libc_destroy, libc_alloc,   libc_free  },
    {"cached",    cached_create, ours_destroy, cached_alloc, cached_free},
    {"array",     array_create,  free,         array_alloc,  array_free },
};
enum { ALLOCATORS = sizeof(allocators) / sizeof(allocators[0]), MOST_LIVE = 1000000 };

/* Work: a random slot is freed and allocated anew */

struct work {
    const struct allocator *a;
    void *state;
    unsigned live;
    uint64_t seed, failures;
    bool small;
};

static uint32_t
next(struct work *w)
{
    w->seed = w->seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(w->seed >> 33);
}

static uint64_t
size_of(struct work *w)
{
    const uint64_t base = PAGE << (w->small ? next(w) % 4 : next(w) % 7);

    return base + next(w) % base;
}

static void
fill(struct work *w, unsigned live, double full)
{
    const uint64_t mean = w->small ? 23040 : MEAN_BYTES;

    w->live = live;
    w->seed = 42;
    w->state = w->a->create((uint64_t)((double)(live * mean) / full) & -PAGE, live);
    for (unsigned i = 0; i < live; i++)
        w->failures += !w->a->alloc(w->state, i, size_of(w));
    if (w->failures) {
        fprintf(stderr, "%s: %llu allocations failed while filling\n", w->a->name,
                (unsigned long long)w->failures);
        exit(1);
    }
}

static void
churn(void *ctx)
{
    struct work *w = ctx;
    const unsigned slot = next(w) % w->live;

    w->a->free(w->state, slot);
    if (!w->a->alloc(w->state, slot, size_of(w)))
        exit(1);
}

static void
pair(void *ctx)
{
    struct work *w = ctx;

    w->a->free(w->state, 0);
    if (!w->a->alloc(w->state, 0, 3 * PAGE))
        exit(1);
}

static void
compare(const struct bench *b, const char *which, unsigned live, bench_fn *run, bool small,
        const char *without)
{
    struct work w[ALLOCATORS] = {0};
    struct bench_side sides[ALLOCATORS];
    unsigned n = 0;

    if (!bench_wants(b, which))
        return;
    for (unsigned i = 0; i < ALLOCATORS; i++) {
        if (strstr(without, allocators[i].name))
            continue;
        w[n].a = &allocators[i];
        w[n].small = small;
        fill(&w[n], live, 0.5);
        sides[n] = (struct bench_side){.name = allocators[i].name, .run = run, .ctx = &w[n]};
        n++;
    }
    bench_compare(b, which, sides, n);
    while (n--)
        w[n].a->destroy(w[n].state);
}

static int
by_value(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

/* Each call by the clock. */
static void
tails(const struct bench *b, const char *which, unsigned live)
{
    const unsigned calls = b->quick ? 20000 : 1000000;
    const unsigned mid = calls / 2, high = calls - calls / 1000;
    uint32_t *ns = malloc(calls * sizeof(*ns));

    for (unsigned i = 0; ns && i < ALLOCATORS && bench_wants(b, which) && !b->count; i++) {
        struct work w = {.a = &allocators[i]};
        char what[64];

        if (!strcmp(w.a->name, "first fit"))
            continue;
        fill(&w, live, 0.5);
        for (unsigned k = 0; k < calls; k++) {
            const uint64_t start = bench_now_ns();

            churn(&w);
            ns[k] = (uint32_t)(bench_now_ns() - start);
        }
        w.a->destroy(w.state);
        qsort(ns, calls, sizeof(*ns), by_value);
        snprintf(what, sizeof(what), "%s p50", w.a->name);
        bench_print(b, which, what, ns[mid], "ns", calls);
        snprintf(what, sizeof(what), "%s p99.9", w.a->name);
        bench_print(b, which, what, ns[high], "ns", calls);
        snprintf(what, sizeof(what), "%s worst", w.a->name);
        bench_print(b, which, what, ns[calls - 1], "ns", calls);
    }
    free(ns);
}

/* How many allocations fail while 80 to 85 % are in use: a range is freed, and as many more as
 * the next size needs to stay below. */
static void
fullness(const struct bench *b, const char *which)
{
    const unsigned live = b->quick ? 2000 : 50000, calls = b->quick ? 20000 : 2000000;

    for (unsigned i = 0; i < ALLOCATORS && bench_wants(b, which) && !b->count; i++) {
        struct work w = {.a = &allocators[i], .live = live, .seed = 42};
        const uint64_t total = live * MEAN_BYTES;
        uint64_t failed = 0, used = 0, *bytes = calloc(live, sizeof(*bytes));

        if (!bytes || !strcmp(w.a->name, "malloc") || !strcmp(w.a->name, "cached") ||
            !strcmp(w.a->name, "array") || !strcmp(w.a->name, "first fit")) {
            free(bytes);
            continue;
        }
        w.state = w.a->create(total, live);
        for (unsigned k = 0; k < calls; k++) {
            const uint64_t size = (size_of(&w) + PAGE - 1) & -PAGE;
            unsigned slot = next(&w) % live;

            while (bytes[slot] || used + size > total / 100 * 85) {
                if (bytes[slot])
                    w.a->free(w.state, slot);
                used -= bytes[slot];
                bytes[slot] = 0;
                slot = used + size > total / 100 * 85 ? next(&w) % live : slot;
            }
            if (w.a->alloc(w.state, slot, size))
                used += bytes[slot] = size;
            else
                failed++;
        }
        free(bytes);
        w.a->destroy(w.state);
        bench_print(b, which, w.a->name, (double)failed, "failures", calls);
    }
}

/* Page tables */

struct tables {
    struct nvmem_pt *pt;
    uint64_t bytes, page;
    uint64_t *words; /* of the store loop */
    unsigned used;
    struct nvmem_pt_memory spare[64];
};

static int
table_alloc(void *ctx, uint32_t bytes, uint32_t align, struct nvmem_pt_memory *memory_out)
{
    struct tables *t = ctx;

    (void)align;
    if (t->used && bytes == 4096)
        *memory_out = t->spare[--t->used];
    else
        *memory_out = (struct nvmem_pt_memory){.addr = 4096, .cpu = malloc(4096)};
    return memory_out->cpu ? 0 : -1;
}

static void
table_free(void *ctx, const struct nvmem_pt_memory *memory)
{
    struct tables *t = ctx;

    if (t->used < 64)
        t->spare[t->used++] = *memory;
    else
        free(memory->cpu);
}

static const struct nvmem_pt_ops ops = {.table_alloc = table_alloc, .table_free = table_free};

static void
map(struct tables *t)
{
    const struct nvmem_target target = {.addr = 1 << 21, .kind = 6, .page_bytes = t->page};

    if (nvmem_pt_map(t->pt, UINT64_C(1) << 38, t->bytes, &target, NULL) < 0)
        exit(1);
}

static void
unmap(struct tables *t)
{
    if (nvmem_pt_unmap(t->pt, UINT64_C(1) << 38, t->bytes, NULL) < 0 ||
        nvmem_pt_flush(t->pt, NULL) < 0)
        exit(1);
}

static void
store_loop(void *ctx)
{
    struct tables *t = ctx;
    uint64_t word = UINT64_C(0x0600000000020001);

    for (uint64_t i = 0; i < t->bytes / PAGE; i++, word += 0x100)
        t->words[i] = word;
    bench_use(t->words);
}

static void
map_and_unmap(void *ctx)
{
    map(ctx);
    unmap(ctx);
}

/* The best of many fills alone: what is unmapped between them is not counted. */
static void
fill_tables(const struct bench *b, const char *which, struct tables *t)
{
    uint64_t ours = UINT64_MAX, loop = UINT64_MAX;
    const unsigned rounds = b->quick ? 20 : 2000;

    if (!bench_wants(b, which) || b->count)
        return;
    for (unsigned i = 0; i < rounds; i++) {
        const uint64_t start = bench_now_ns();
        uint64_t mapped, stored;

        map(t);
        mapped = bench_now_ns();
        store_loop(t);
        stored = bench_now_ns();
        ours = mapped - start < ours ? mapped - start : ours;
        loop = stored - mapped < loop ? stored - mapped : loop;
        unmap(t);
    }
    bench_print(b, which, "ours", (double)ours, "ns", rounds);
    bench_print(b, which, "store loop", (double)loop, "ns", rounds);
    bench_print(b, which, "ours/store loop", (double)ours / (double)loop, "ratio", 1);
}

static void
page_tables(const struct bench *b, uint64_t entries, const char *fill_name,
            const char *pair_name)
{
    struct tables t = {.bytes = entries * PAGE, .page = PAGE, .words = malloc(entries * 8)};
    const struct nvmem_pt_config config = {.ops = &ops, .ctx = &t};
    struct bench_side sides[] = {
        {.name = "ours",       .run = map_and_unmap, .ctx = &t},
        {.name = "store loop", .run = store_loop,    .ctx = &t},
    };

    /* A page nearby keeps the directories: a program has more than one mapping. */
    if (!t.words || nvmem_pt_create(&config, &t.pt, NULL) < 0 ||
        nvmem_pt_map(t.pt, (UINT64_C(1) << 38) + (UINT64_C(256) << 20), PAGE,
                     &(struct nvmem_target){0}, NULL) < 0)
        exit(1);
    fill_tables(b, fill_name, &t);
    bench_compare(b, pair_name, sides, 2);
    nvmem_pt_destroy(t.pt);
    while (t.used)
        free(t.spare[--t.used].cpu);
    free(t.words);
}

/* The same through an address space: addresses, a mapping, both given back, a flush. */

struct space {
    struct tables t;
    struct nvmem_vas *vas;
    struct nvmem_extent extent;
};

static void
alloc_and_release(void *ctx)
{
    struct space *s = ctx;
    const struct nvmem_vas_memory memory = {
        .bytes = s->extent.bytes, .extents = &s->extent, .extent_count = 1};
    struct nvmem_range range;

    if (nvmem_vas_alloc(s->vas, NULL, &memory, NULL, &range, NULL) < 0 ||
        nvmem_vas_release(s->vas, &range, NULL) < 0 || nvmem_vas_flush(s->vas, NULL) < 0)
        exit(1);
}

static void
address_space(const struct bench *b, uint64_t bytes, const char *which)
{
    struct space s = {
        .extent = {1 << 21, bytes}
    };
    const struct nvmem_vas_direct config = {
        .space = {.base = UINT64_C(1) << 38, .bytes = UINT64_C(1) << 38},
        .tables = &ops,
        .ctx = &s.t
    };
    const struct nvmem_extent near = {0, PAGE};
    const struct nvmem_vas_memory memory = {.bytes = PAGE, .extents = &near, .extent_count = 1};
    struct nvmem_range range;

    if (nvmem_vas_create_direct(&config, &s.vas, NULL) < 0 ||
        nvmem_vas_alloc(s.vas, NULL, &memory, NULL, &range, NULL) < 0)
        exit(1);
    bench_alone(b, which, "ours", alloc_and_release, &s);
    nvmem_vas_destroy(s.vas);
    while (s.t.used)
        free(s.t.spare[--s.t.used].cpu);
}

/* Cost against size, for docs/memory.md: --only 'cost ' and bench_plot. Too long for every run.
 */

static void
cost_by_ranges(const struct bench *b)
{
    static const unsigned live[] = {1000, 3000, 10000, 30000, 100000, 300000, 1000000};

    for (size_t i = 0; i < sizeof(live) / sizeof(live[0]); i++) {
        char which[64];

        snprintf(which, sizeof(which), "cost by ranges %u", live[i]);
        compare(b, which, live[i], churn, false,
                live[i] > 3000 ? "first fit cached malloc" : "cached malloc");
    }
}

/* Half of so many GiB in use. */
static void
cost_by_vram(const struct bench *b)
{
    static const unsigned gib[] = {1, 2, 4, 8, 16, 24, 48, 80};

    for (size_t i = 0; i < sizeof(gib) / sizeof(gib[0]); i++) {
        const unsigned live = (unsigned)(((uint64_t)gib[i] << 30) / 2 / MEAN_BYTES);
        char which[64];

        snprintf(which, sizeof(which), "cost by GiB %u", gib[i]);
        compare(b, which, live, churn, false, "first fit cached malloc array");
    }
}

/* Map and unmap so many MiB, in pages of one size. */
static void
cost_by_mapping(const struct bench *b)
{
    static const struct {
        uint64_t page, most_mib;
        const char *name;
    } rows[] = {
        {4 << 10,  1024,  "4K pages" },
        {64 << 10, 16384, "64K pages"},
        {2 << 20,  81920, "2M pages" },
    };

    for (uint64_t mib = 2; mib <= 81920; mib = mib == 32768 ? 81920 : mib * 4)
        for (size_t i = 0; i < 3; i++) {
            struct tables t = {.bytes = mib << 20, .page = rows[i].page};
            const struct nvmem_pt_config config = {.ops = &ops, .ctx = &t};
            char which[64];

            snprintf(which, sizeof(which), "cost by MiB %u", (unsigned)mib);
            if (mib > rows[i].most_mib || !bench_wants(b, which))
                continue;
            if (nvmem_pt_create(&config, &t.pt, NULL) < 0)
                exit(1);
            bench_alone(b, which, rows[i].name, map_and_unmap, &t);
            nvmem_pt_destroy(t.pt);
            while (t.used)
                free(t.spare[--t.used].cpu);
        }
}

int
main(int argc, char **argv)
{
    const struct bench b = bench_init("nvmem", argc, argv);
    const bool short_run = b.quick || b.count;
    const unsigned most = short_run ? 20000 : MOST_LIVE;

    compare(&b, "same size again", 1000, pair, true, "");
    compare(&b, "random 1e3 live", 1000, churn, false, "cached");
    compare(&b, "small sizes 1e4 live", 10000, churn, true, "first fit");
    compare(&b, "random 1e4 live", 10000, churn, false, "first fit cached");
    compare(&b, "random 1e5 live", short_run ? 5000 : 100000, churn, false, "first fit cached");
    compare(&b, "random 1e6 live", most, churn, false, "first fit cached malloc");
    tails(&b, "each call, 1e5 live", short_run ? 5000 : 100000);
    tails(&b, "each call, 1e6 live", most);
    fullness(&b, "85 % full");
    page_tables(&b, 512, "fill 512 entries", "map and unmap 512 entries");
    page_tables(&b, 16384, "fill 16384 entries", "map and unmap 16384 entries");
    page_tables(&b, 1, "fill 1 entry", "map and unmap 1 entry");
    address_space(&b, PAGE, "address space: a page and back");
    address_space(&b, 2 << 20, "address space: 2 MiB and back");
    if (b.only && strstr(b.only, "cost")) {
        cost_by_ranges(&b);
        cost_by_vram(&b);
        cost_by_mapping(&b);
    }
    return 0;
}
