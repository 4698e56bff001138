/* SPDX-License-Identifier: MIT */
/*
 * Random maps, remaps, unmaps, splits and merges beside a list of what each 4 KiB page should
 * be; the emulated card's own walk must agree. NVMEM_MAPS=1000000 for a long run.
 */
#include <errno.h>

#include <nvmem/pt_read.h>

#include "pt_model.h"
#include "test.h"

#define PAGE UINT64_C(4096)

enum { PAGES = 4096, WINDOWS = 3 }; /* 16 MiB each */

struct page {
    bool mapped;
    uint8_t aperture, flags;
    uint64_t addr;
};

struct work {
    struct pt_card card;
    struct nvmem_pt *pt;
    enum nvmem_pt_format format;
    uint64_t base[WINDOWS], seed;
    struct page page[WINDOWS][PAGES];
    unsigned long maps;
};

static uint32_t
next(struct work *w)
{
    w->seed = w->seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(w->seed >> 33);
}

static struct nvmem_target
any_target(struct work *w, uint64_t va)
{
    struct nvmem_target t = {.kind = NVMEM_KIND_GENERIC};

    t.aperture = (enum nvmem_aperture[]){NVMEM_VRAM, NVMEM_VRAM, NVMEM_SYSTEM,
                                         NVMEM_SYSTEM_NONCOHERENT}[next(w) % 4];
    t.addr = next(w) % 3 ? ((uint64_t)(next(w) % 1024) << 21) + va % (1 << 21)
                         : (next(w) % (1 << 20)) * PAGE;
    t.flags = next(w) % 4 ? 0 : next(w) % 64;
    t.page_bytes = next(w) % 4 ? 0 : PAGE << 4 * (next(w) % 2);
    return t;
}

/* The walk of page i of a window is what the list says. */
static void
compare(struct work *w, unsigned window, unsigned i)
{
    const uint64_t va = w->base[window] + i * PAGE + next(w) % PAGE;
    const struct page *p = &w->page[window][i];
    struct nvmem_pt_entry e;
    struct emu_walk walk;
    const bool mapped = pt_card_walk(&w->card, w->pt, va, &walk);

    if (mapped != p->mapped || nvmem_pt_walk(w->pt, va, &e) != p->mapped)
        fail_msg("0x%llx after %lu maps: %s", (unsigned long long)va, w->maps,
                 mapped ? "mapped" : walk.fault);
    if (!mapped)
        return;
    assert_int_equal(walk.sparse, (p->flags & NVMEM_MAP_SPARSE) != 0);
    if (walk.sparse)
        return;
    if (walk.addr != p->addr + va % PAGE)
        fail_msg("0x%llx leads to 0x%llx, not 0x%llx", (unsigned long long)va,
                 (unsigned long long)walk.addr, (unsigned long long)(p->addr + va % PAGE));
    assert_int_equal(walk.page_bytes, e.bytes);
    assert_int_equal(walk.system, p->aperture != NVMEM_VRAM);
    assert_int_equal(walk.read_only, (p->flags & NVMEM_MAP_READ_ONLY) != 0);
    assert_int_equal(walk.privileged, (p->flags & NVMEM_MAP_PRIVILEGED) != 0);
    assert_int_equal(walk.no_atomics, (p->flags & NVMEM_MAP_NO_ATOMICS) != 0);
}

static unsigned
mapped_pages(const struct page *p, unsigned count)
{
    unsigned mapped = 0;

    for (unsigned i = 0; i < count; i++)
        mapped += p[i].mapped;
    return mapped;
}

static void
note(struct page *p, unsigned count, const struct nvmem_target *t)
{
    for (unsigned i = 0; i < count; i++)
        p[i] = (struct page){.mapped = t,
                             .aperture = t ? (uint8_t)t->aperture : 0,
                             .flags = t ? (uint8_t)t->flags : 0,
                             .addr = t ? t->addr + i * PAGE : 0};
}

/* One call; the list foretells what it returns. */
static void
step(struct work *w)
{
    const unsigned window = next(w) % WINDOWS, from = next(w) % PAGES;
    unsigned count = 1 + next(w) % (next(w) % 3 ? 40 : 2000), mapped;
    struct page *p = &w->page[window][from];
    const uint64_t va = w->base[window] + from * PAGE;
    const struct nvmem_target t = any_target(w, va);
    const unsigned what = next(w) % 8;

    count = count < PAGES - from ? count : PAGES - from;
    mapped = mapped_pages(p, count);
    if (what < 4 && !mapped) {
        assert_int_equal(nvmem_pt_map(w->pt, va, count * PAGE, &t, NULL), 0);
        note(p, count, &t);
        w->maps++;
    } else if (what < 4) {
        assert_int_equal(nvmem_pt_map(w->pt, va, count * PAGE, &t, NULL), -EEXIST);
        for (count = 0; from + count < PAGES && p[count].mapped == p[0].mapped;)
            count++;
        if (p[0].mapped)
            assert_int_equal(nvmem_pt_unmap(w->pt, va, count * PAGE, NULL), 0);
        else
            assert_int_equal(nvmem_pt_map(w->pt, va, count * PAGE, &t, NULL), 0);
        w->maps += !p[0].mapped;
        note(p, count, p[0].mapped ? NULL : &t);
    } else if (what == 4) {
        assert_int_equal(nvmem_pt_unmap(w->pt, va, count * PAGE, NULL),
                         mapped == count ? 0 : -ENOENT);
        if (mapped == count)
            note(p, count, NULL);
    } else if (what < 7) {
        assert_int_equal(nvmem_pt_remap(w->pt, va, count * PAGE, &t, NULL),
                         mapped == count ? 0 : -ENOENT);
        if (mapped == count) {
            note(p, count, &t);
            w->maps++;
        }
    } else if (next(w) % 2) {
        assert_int_equal(
            nvmem_pt_split_pages(w->pt, va, count * PAGE, PAGE << 4 * (next(w) % 2), NULL), 0);
    } else {
        assert_int_equal(nvmem_pt_merge(w->pt, va, count * PAGE, NULL, NULL), 0);
    }
    compare(w, window, from);
    compare(w, window, from + count - 1);
    compare(w, window, from ? from - 1 : 0);
    compare(w, window, from + next(w) % count);
    compare(w, window, next(w) % PAGES);
}

/* Nobody who reads the tables finds anything wrong, or other runs than were mapped. */

static int
read_words(void *ctx, enum nvmem_aperture aperture, uint64_t addr, uint64_t *words,
           size_t count)
{
    struct pt_card *c = ctx;
    struct nvmem_pt_memory m = {.aperture = aperture, .addr = addr};

    if (aperture != NVMEM_VRAM)
        m.cpu = (char *)c->sys.cpu + (addr - c->sys.bus_addr);
    return pt_card_read(c, &m, words, count);
}

static int
no_finding(void *ctx, const struct nvmem_pt_finding *f)
{
    (void)ctx;
    fail_msg("%s at 0x%llx: %s", f->rule, (unsigned long long)f->step.va, f->text);
    return 1;
}

static int
sum_run(void *ctx, const struct nvmem_pt_entry *run)
{
    uint64_t *sum = ctx;

    *sum = *sum * 31 + run->va + run->bytes * 7 + run->word * 3 + run->target.flags;
    return 0;
}

static void
read_back(struct work *w)
{
    const struct nvmem_pt_memory *root = nvmem_pt_root(w->pt);
    const struct nvmem_pt_reader reader = {.format = w->format,
                                           .root_aperture = root->aperture,
                                           .root = root->addr,
                                           .read = read_words,
                                           .ctx = &w->card};
    uint64_t ours = 0, theirs = 0;

    assert_int_equal(nvmem_pt_read_check(&reader, no_finding, NULL, NULL, NULL, NULL), 0);
    assert_int_equal(nvmem_pt_each(w->pt, sum_run, &ours), 0);
    assert_int_equal(nvmem_pt_read_each(&reader, sum_run, &theirs, NULL), 0);
    assert_int_equal(ours, theirs);
}

static void
run(const char *chip, enum nvmem_pt_format format, unsigned long maps)
{
    struct work *w = calloc(1, sizeof(*w));
    struct nvmem_pt_stat stat;
    uint64_t mapped = 0;

    assert_non_null(w);
    w->seed = 11 + (uint64_t)format;
    w->format = format;
    pt_card_open(&w->card, chip);
    w->card.mixed = true;
    w->pt = pt_card_tables(&w->card, format);
    w->base[0] = (UINT64_C(1) << 29) - (6 << 20);
    w->base[1] = (UINT64_C(1) << 38) - (8 << 20) - 3 * PAGE;
    w->base[2] = nvmem_pt_va_limit(w->pt) - PAGES * PAGE;
    for (unsigned i = 0; w->maps < maps; i++) {
        step(w);
        if (i % 8 == 0)
            assert_int_equal(nvmem_pt_flush(w->pt, NULL), 0);
        if (i % 4096 == 0) {
            assert_int_equal(nvmem_pt_check(w->pt, pt_card_read, &w->card, NULL), 0);
            read_back(w);
        }
    }
    read_back(w);
    for (unsigned window = 0; window < WINDOWS; window++)
        for (unsigned i = 0; i < PAGES; i++) {
            compare(w, window, i);
            mapped += w->page[window][i].mapped * PAGE;
        }
    nvmem_pt_stat(w->pt, &stat);
    assert_int_equal(stat.mapped_bytes + stat.sparse_bytes, mapped);
    nvmem_pt_destroy(w->pt);
    pt_card_close(&w->card);
    free(w);
}

static unsigned long
maps_wanted(void)
{
    const char *text = getenv("NVMEM_MAPS");

    return text ? strtoul(text, NULL, 0) / 4 : 3000;
}

static void
version_2_agrees_with_the_cards_walk(void **state)
{
    (void)state;
    run("TU102", NVMEM_PT_V2, maps_wanted());
    run("AD102", NVMEM_PT_V2_512M, maps_wanted());
}

static void
version_3_agrees_with_the_cards_walk(void **state)
{
    (void)state;
    run("GH100", NVMEM_PT_V3, maps_wanted());
    run("GB202", NVMEM_PT_V3_256G, maps_wanted());
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_2_agrees_with_the_cards_walk),
        cmocka_unit_test(version_3_agrees_with_the_cards_walk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
