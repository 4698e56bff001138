/* SPDX-License-Identifier: MIT */
/*
 * Video memory for the CPU on the direct path: BAR1.
 *
 * Where BAR1 is as large as the memory, it shows it as it is (physical mode). A smaller one is
 * given page tables of our own, and windows of 2 MiB that are pointed to where they are needed:
 * the one that was used least lately goes first.
 */
#include <errno.h>
#include <string.h>

#include <nvrm/regs.h>

#include "device_priv.h"

#define VF(reg)      (NV_VIRTUAL_FUNCTION_FULL_PHYS_OFFSET__BASE + (reg))
#define WINDOW_BYTES (UINT64_C(2) << 20)

enum {
    BAR = 1,
    WINDOWS_MAX = 64,
    INSTANCE_BYTES = 4096,
    INSTANCE_PDB = 0x200, /* NV_RAMIN_PAGE_DIR_BASE_* (dev_ram.h) */
    PDB_SYSTEM_COHERENT = 2,
    PDB_VER2 = 1 << 10,
    PDB_BIG_64K = 1 << 11,
    BLOCK_SYSTEM_COHERENT = 2,
};

struct window {
    uint64_t fb_off; /* UINT64_MAX: points nowhere */
    uint64_t used;   /* when, by count of uses */
};

/* Everything here is under the device's RM lock but the page tables' making. */
struct nvmem_bar1 {
    struct nvmem_card *card;
    uint64_t bytes;
    bool physical;
    struct gsp_dma instance;
    struct nvmem_mmu *mmu;
    struct nvmem_pt *pt;
    struct window windows[WINDOWS_MAX];
    unsigned count;
    uint64_t clock, hits, misses;
    pthread_mutex_t lock;
};

/* From Hopper on the register is one of the function's. */
static void
write_block(struct nvmem_card *card, const struct gsp_dma *instance)
{
    const uint64_t at = instance ? instance->bus_addr : 0;
    const uint32_t target = instance ? BLOCK_SYSTEM_COHERENT : 0;
    const uint32_t mode = instance != NULL;

    if (card->format == NVMEM_PT_V2 || card->format == NVMEM_PT_V2_512M) {
        nvmem_card_wr32(card, NV_PBUS_BAR1_BLOCK,
                        (uint32_t)(at >> 12) | target << 28 | mode << 31);
        return;
    }
    nvmem_card_wr32(card, VF(NV_VIRTUAL_FUNCTION_PRIV_FUNC_BAR1_BLOCK_HIGH_ADDR),
                    (uint32_t)(at >> 32));
    nvmem_card_wr32(card, VF(NV_VIRTUAL_FUNCTION_PRIV_FUNC_BAR1_BLOCK_LOW_ADDR),
                    (uint32_t)at | target << 10 | mode << 9);
}

/* Page tables and the block that names them. */
static int
make_windows(struct nvmem_bar1 *b, struct gsp_error *err)
{
    const struct nvmem_pt_config config = {
        .host = b->card->host, .format = b->card->format, .ops = nvmem_mmu_ops()};
    struct nvmem_pt_config with = config;
    uint64_t word;
    int rc = nvmem_card_mmu(b->card, &b->mmu, err);

    if (rc == 0)
        rc = nvmem_card_dma_alloc(b->card, INSTANCE_BYTES, &b->instance, err);
    with.ctx = b->mmu;
    if (rc == 0)
        rc = nvmem_pt_create(&with, &b->pt, err);
    if (rc < 0)
        return rc;
    word = nvmem_pt_root(b->pt)->addr | PDB_SYSTEM_COHERENT | PDB_VER2 | PDB_BIG_64K;
    memcpy((uint8_t *)b->instance.cpu + INSTANCE_PDB, &word, sizeof(word));
    b->count = b->bytes / WINDOW_BYTES < WINDOWS_MAX ? (unsigned)(b->bytes / WINDOW_BYTES)
                                                     : WINDOWS_MAX;
    for (unsigned i = 0; i < b->count; i++)
        b->windows[i].fb_off = UINT64_MAX;
    return b->count ? 0 : gsp_fail(err, GSP_ORIGIN_TRANSPORT, -ENODEV, "the card has no BAR1");
}

int
nvmem_bar1_create(struct nvmem_card *card, uint64_t bytes, struct nvmem_bar1 **bar1_out,
                  struct gsp_error *err)
{
    struct nvmem_bar1 *b = gsp_host_alloc(card->host, sizeof(*b));
    int rc = 0;

    if (!b)
        return nvmem_no_memory(err, "BAR1");
    b->card = card;
    b->bytes = bytes;
    pthread_mutex_init(&b->lock, NULL);
    b->physical = bytes >= card->vram_bytes && bytes;
    if (!b->physical)
        rc = make_windows(b, err);
    if (rc < 0) {
        nvmem_bar1_destroy(b);
        return rc;
    }
    write_block(card, b->physical ? NULL : &b->instance);
    *bar1_out = b;
    return 0;
}

void
nvmem_bar1_destroy(struct nvmem_bar1 *b)
{
    if (!b)
        return;
    if (b->pt) {
        write_block(b->card, NULL);
        nvmem_pt_destroy(b->pt);
    }
    nvmem_card_dma_free(b->card, &b->instance);
    nvmem_mmu_destroy(b->mmu);
    pthread_mutex_destroy(&b->lock);
    gsp_host_free(b->card->host, b);
}

/* Windows */

static unsigned
oldest(const struct nvmem_bar1 *b)
{
    unsigned best = 0;

    for (unsigned i = 1; i < b->count; i++)
        if (b->windows[i].used < b->windows[best].used)
            best = i;
    return best;
}

static int
point(struct nvmem_bar1 *b, unsigned i, uint64_t fb_off, struct gsp_error *err)
{
    const uint64_t va = i * WINDOW_BYTES;
    const struct nvmem_target target = {.aperture = NVMEM_VRAM, .addr = fb_off};
    int rc = b->windows[i].fb_off == UINT64_MAX
                 ? nvmem_pt_map(b->pt, va, WINDOW_BYTES, &target, err)
                 : nvmem_pt_remap(b->pt, va, WINDOW_BYTES, &target, err);

    if (rc < 0)
        return rc;
    b->windows[i].fb_off = fb_off;
    return nvmem_pt_flush(b->pt, err);
}

/* Where in BAR1 a byte of video memory shows, and how many follow it there. */
static int
find(struct nvmem_bar1 *b, uint64_t fb_off, uint64_t *bar_off, uint64_t *room,
     struct gsp_error *err)
{
    const uint64_t base = fb_off & ~(WINDOW_BYTES - 1);
    unsigned i = 0;
    int rc = 0;

    if (b->physical) {
        *bar_off = fb_off;
        *room = b->bytes - fb_off;
        return 0;
    }
    while (i < b->count && b->windows[i].fb_off != base)
        i++;
    if (i == b->count) {
        i = oldest(b);
        rc = point(b, i, base, err);
        b->misses++;
    } else {
        b->hits++;
    }
    b->windows[i].used = ++b->clock;
    *bar_off = i * WINDOW_BYTES + (fb_off - base);
    *room = WINDOW_BYTES - (fb_off - base);
    return rc;
}

static void
read_words(struct gsp_bus *bus, uint64_t at, uint8_t *to, uint64_t bytes)
{
    if (bus->ops->rd_block && (uintptr_t)to % 4 == 0) {
        bus->ops->rd_block(bus, BAR, at, (uint32_t *)(void *)to, bytes / 4);
        return;
    }
    for (uint64_t i = 0; i < bytes; i += 4) {
        const uint32_t word = bus->ops->rd32(bus, BAR, at + i);

        memcpy(to + i, &word, 4);
    }
}

static void
write_words(struct gsp_bus *bus, uint64_t at, const uint8_t *from, uint64_t bytes)
{
    for (uint64_t i = 0; i < bytes; i += 4) {
        uint32_t word;

        memcpy(&word, from + i, 4);
        bus->ops->wr32(bus, BAR, at + i, word);
    }
}

/* In one piece where the bus shows it, else word by word. The card's lock is held. */
static void
move(struct nvmem_card *card, uint64_t at, void *to, const void *from, uint64_t n)
{
    struct gsp_bus *bus = card->bus;
    void *p = bus->ops->bar_at ? bus->ops->bar_at(bus, BAR, at, n) : NULL;

    if (p && to)
        memcpy(to, p, n);
    else if (p && from)
        memcpy(p, from, n);
    else if (to)
        read_words(bus, at, to, n);
    else if (from)
        write_words(bus, at, from, n);
}

/** The bytes themselves, for as long as the device lives: where BAR1 shows all of the memory
 * and the bus shows BAR1. Else NULL. */
void *
nvmem_bar1_at(struct nvmem_bar1 *b, uint64_t fb_off, uint64_t bytes)
{
    struct gsp_bus *bus = b->card->bus;
    void *p = NULL;

    pthread_mutex_lock(&b->card->lock);
    if (b->physical && bus->ops->bar_at)
        p = bus->ops->bar_at(bus, BAR, fb_off, bytes);
    pthread_mutex_unlock(&b->card->lock);
    return p;
}

static int
check(const struct nvmem_card *card, uint64_t fb_off, uint64_t bytes, struct gsp_error *err)
{
    if ((fb_off | bytes) % 4)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "video memory is read and written in words of 4 bytes");
    if (fb_off >= card->vram_bytes || bytes > card->vram_bytes - fb_off)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -ERANGE, "0x%llx: past the end of video memory",
                        (unsigned long long)fb_off);
    return 0;
}

/* One of `to` and `from` is given. */
int
nvmem_bar1_transfer(struct nvmem_bar1 *b, uint64_t fb_off, void *to, const void *from,
                    uint64_t bytes, struct gsp_error *err)
{
    uint64_t at, n;
    int rc = check(b->card, fb_off, bytes, err);

    if (rc < 0)
        return rc;
    pthread_mutex_lock(&b->lock);
    for (uint64_t done = 0; rc == 0 && done < bytes; done += n) {
        rc = find(b, fb_off + done, &at, &n, err);
        n = n < bytes - done ? n : bytes - done;
        if (rc < 0)
            break;
        pthread_mutex_lock(&b->card->lock);
        move(b->card, at, to ? (uint8_t *)to + done : NULL,
             from ? (const uint8_t *)from + done : NULL, n);
        pthread_mutex_unlock(&b->card->lock);
    }
    pthread_mutex_unlock(&b->lock);
    return rc;
}

void
nvmem_bar1_stat(struct nvmem_bar1 *b, struct nvmem_device_stat *stat)
{
    if (!b)
        return;
    pthread_mutex_lock(&b->lock);
    stat->windows = b->count;
    stat->window_hits = b->hits;
    stat->window_misses = b->misses;
    pthread_mutex_unlock(&b->lock);
}
