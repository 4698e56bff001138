/* SPDX-License-Identifier: MIT */
/*
 * Scattered pages: a bitmap in blocks of 2 MiB. Each block is on the list of what it can still
 * give: all of itself, a whole 64 KiB page, a 4 KiB page, nothing.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <string.h>

#include <nvmem/pages.h>

enum { WORDS = 8, SLOTS = 32, BLOCK_PAGES = 512, SLOT_PAGES = 16 };
enum room { ROOM_NONE, ROOM_4K, ROOM_64K, ROOM_2M, ROOMS };

#define PAGE  UINT64_C(4096)
#define SLOT  UINT64_C(65536)
#define BLOCK (UINT64_C(2) << 20)
#define NONE  UINT32_MAX

struct block {
    uint64_t bit[WORDS]; /* 1: given out */
    uint16_t used;       /* 4 KiB pages */
    uint8_t free_slots;  /* whole 64 KiB pages */
    uint8_t room;        /* enum room: the list it is on */
    uint32_t prev, next;
};

struct nvmem_pages {
    struct nvmem_pages_config config;
    uint32_t count;
    uint32_t first[ROOMS];
    struct nvmem_pages_stat stat;
    pthread_mutex_t lock;
    struct block block[];
};

/* Lists */

static void
list_add(struct nvmem_pages *p, uint32_t i)
{
    struct block *b = &p->block[i];

    b->prev = NONE;
    b->next = p->first[b->room];
    if (b->next != NONE)
        p->block[b->next].prev = i;
    p->first[b->room] = i;
}

static void
list_remove(struct nvmem_pages *p, uint32_t i)
{
    const struct block *b = &p->block[i];

    if (b->next != NONE)
        p->block[b->next].prev = b->prev;
    if (b->prev != NONE)
        p->block[b->prev].next = b->next;
    else
        p->first[b->room] = b->next;
}

/* The block's counts changed: it may belong elsewhere. */
static void
settle(struct nvmem_pages *p, uint32_t i)
{
    struct block *b = &p->block[i];
    const enum room room = !b->used                ? ROOM_2M
                           : b->free_slots         ? ROOM_64K
                           : b->used < BLOCK_PAGES ? ROOM_4K
                                                   : ROOM_NONE;

    if (room == b->room)
        return;
    list_remove(p, i);
    b->room = (uint8_t)room;
    list_add(p, i);
}

int
nvmem_pages_create(const struct nvmem_pages_config *config, struct nvmem_pages **pages_out,
                   struct gsp_error *err)
{
    const uint64_t base = (config->base + BLOCK - 1) & -BLOCK;
    const uint64_t end = (config->base + config->bytes) & -BLOCK;
    const uint64_t count = end > base ? (end - base) / BLOCK : 0;
    struct nvmem_pages *p;

    if (!count || count >= NONE || config->bytes > UINT64_MAX - config->base)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "%s: 0x%" PRIx64 ", 0x%" PRIx64 " bytes have no whole 2 MiB",
                        config->name ? config->name : "pages", config->base, config->bytes);
    p = gsp_host_alloc(config->host, sizeof(*p) + count * sizeof(p->block[0]));
    if (!p)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for a map of pages");
    p->config = *config;
    p->config.base = base;
    p->config.name = config->name ? config->name : "pages";
    p->count = (uint32_t)count;
    p->stat.total_bytes = count * BLOCK;
    p->stat.metadata_bytes = sizeof(*p) + count * sizeof(p->block[0]);
    pthread_mutex_init(&p->lock, NULL);
    memset(p->first, 0xff, sizeof(p->first));
    for (uint32_t i = p->count; i-- > 0;) {
        p->block[i].free_slots = SLOTS;
        p->block[i].room = ROOM_2M;
        list_add(p, i);
    }
    *pages_out = p;
    return 0;
}

void
nvmem_pages_destroy(struct nvmem_pages *pages)
{
    if (!pages)
        return;
    pthread_mutex_destroy(&pages->lock);
    gsp_host_free(pages->config.host, pages);
}

/* Bits. A slot is a quarter of a word. */

static uint64_t
slot_mask(unsigned slot)
{
    return UINT64_C(0xffff) << slot % 4 * SLOT_PAGES;
}

static void
mark(struct nvmem_pages *p, uint32_t i, unsigned page, unsigned count, bool used)
{
    struct block *b = &p->block[i];

    for (unsigned k = page; k < page + count; k++) {
        const uint64_t slot = slot_mask(k / SLOT_PAGES), bit = UINT64_C(1) << k % 64;
        uint64_t *word = &b->bit[k / 64];

        b->free_slots -= used && !(*word & slot);
        *word ^= bit;
        b->free_slots += !used && !(*word & slot);
    }
    b->used = (uint16_t)(used ? b->used + count : b->used - count);
    p->stat.used_bytes =
        used ? p->stat.used_bytes + count * PAGE : p->stat.used_bytes - count * PAGE;
    settle(p, i);
}

static unsigned
free_slot(const struct block *b)
{
    unsigned slot = 0;

    while (b->bit[slot / 4] & slot_mask(slot))
        slot++;
    return slot * SLOT_PAGES;
}

static unsigned
free_page(const struct block *b)
{
    unsigned word = 0;

    while (!~b->bit[word])
        word++;
    return 64 * word + (unsigned)__builtin_ctzll(~b->bit[word]);
}

/* The smallest room that serves pages of this many 4 KiB. */
static uint32_t
block_for(const struct nvmem_pages *p, unsigned pages)
{
    unsigned room = pages == BLOCK_PAGES ? ROOM_2M : pages == SLOT_PAGES ? ROOM_64K : ROOM_4K;

    for (; room < ROOMS; room++)
        if (p->first[room] != NONE)
            return p->first[room];
    return NONE;
}

/* One page of that size. False when there is none. */
static bool
take_page(struct nvmem_pages *p, unsigned pages, uint64_t *addr_out)
{
    const uint32_t i = block_for(p, pages);
    unsigned page = 0;

    if (i == NONE)
        return false;
    if (pages == SLOT_PAGES)
        page = free_slot(&p->block[i]);
    else if (pages == 1)
        page = free_page(&p->block[i]);
    mark(p, i, page, pages, true);
    *addr_out = p->config.base + i * BLOCK + page * PAGE;
    return true;
}

/* Alloc and free */

static int
append(const struct nvmem_pages *p, struct nvmem_page_list *list, size_t *room, uint64_t addr,
       uint64_t bytes)
{
    struct nvmem_extent *last = list->count ? &list->extents[list->count - 1] : NULL;

    if (last && last->addr + last->bytes == addr) {
        last->bytes += bytes;
    } else {
        if (list->count == *room) {
            const size_t more = *room ? 2 * *room : 4;
            struct nvmem_extent *extents =
                gsp_host_realloc(p->config.host, list->extents, more * sizeof(*extents));

            if (!extents)
                return -ENOMEM;
            list->extents = extents;
            *room = more;
        }
        list->extents[list->count++] = (struct nvmem_extent){addr, bytes};
    }
    list->bytes += bytes;
    return 0;
}

static void
mark_extent(struct nvmem_pages *p, const struct nvmem_extent *x, bool used)
{
    for (uint64_t at = x->addr - p->config.base, end = at + x->bytes; at < end;) {
        const uint64_t next = (at & -BLOCK) + BLOCK, to = next < end ? next : end;

        mark(p, (uint32_t)(at / BLOCK), (unsigned)(at % BLOCK / PAGE),
             (unsigned)((to - at) / PAGE), used);
        at = to;
    }
}

static void
drop_list(struct nvmem_pages *p, struct nvmem_page_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        mark_extent(p, &list->extents[i], false);
    gsp_host_free(p->config.host, list->extents);
    *list = (struct nvmem_page_list){0};
}

/* Pages of 4 KiB `pages` at a time while they fit and there are any. */
static int
take_pages(struct nvmem_pages *p, struct nvmem_page_list *list, size_t *room, uint64_t bytes,
           unsigned pages)
{
    while (bytes - list->bytes >= pages * PAGE) {
        struct nvmem_extent x = {.bytes = pages * PAGE};
        int rc;

        if (!take_page(p, pages, &x.addr))
            return 0;
        rc = append(p, list, room, x.addr, x.bytes);
        if (rc < 0) {
            mark_extent(p, &x, false);
            return rc;
        }
    }
    return 0;
}

static int
take_all(struct nvmem_pages *p, struct nvmem_page_list *list, uint64_t bytes,
         uint64_t page_bytes)
{
    size_t room = 0;
    int rc = take_pages(p, list, &room, bytes, BLOCK_PAGES);

    if (!rc && page_bytes <= SLOT)
        rc = take_pages(p, list, &room, bytes, SLOT_PAGES);
    if (!rc && page_bytes == PAGE)
        rc = take_pages(p, list, &room, bytes, 1);
    if (!rc && list->bytes < bytes)
        rc = -ENOSPC;
    return rc;
}

static void
lock(struct nvmem_pages *p)
{
    if (p->config.threads)
        pthread_mutex_lock(&p->lock);
}

static void
unlock(struct nvmem_pages *p)
{
    if (p->config.threads)
        pthread_mutex_unlock(&p->lock);
}

int
nvmem_pages_alloc(struct nvmem_pages *p, uint64_t bytes, uint64_t page_bytes,
                  struct nvmem_page_list *list_out, struct gsp_error *err)
{
    struct nvmem_page_list list = {0};
    uint64_t free_bytes;
    int rc;

    if (!bytes || bytes > UINT64_MAX - BLOCK ||
        (page_bytes != PAGE && page_bytes != SLOT && page_bytes != BLOCK))
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "%s: %" PRIu64 " bytes in pages of %" PRIu64
                        ": there are pages of 4 KiB, 64 KiB and 2 MiB",
                        p->config.name, bytes, page_bytes);
    bytes = (bytes + page_bytes - 1) & -page_bytes;
    lock(p);
    free_bytes = p->stat.total_bytes - p->stat.used_bytes;
    rc = bytes > free_bytes ? -ENOSPC : take_all(p, &list, bytes, page_bytes);
    if (rc < 0)
        drop_list(p, &list);
    unlock(p);
    if (rc == -ENOSPC)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, rc,
                        "%s: no room for %" PRIu64 " bytes in pages of %" PRIu64 "; %" PRIu64
                        " of %" PRIu64 " bytes are free",
                        p->config.name, bytes, page_bytes, free_bytes, p->stat.total_bytes);
    if (rc < 0)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, rc, "out of memory for a list of pages");
    *list_out = list;
    return 0;
}

/* 0 when every page of the extent is out. */
static int
check_extent(const struct nvmem_pages *p, const struct nvmem_extent *x, uint64_t *at_out)
{
    *at_out = x->addr;
    if (x->addr < p->config.base || (x->addr | x->bytes) % PAGE ||
        x->bytes > p->stat.total_bytes ||
        x->addr - p->config.base > p->stat.total_bytes - x->bytes)
        return -ENOENT;
    for (uint64_t at = x->addr - p->config.base; at < x->addr - p->config.base + x->bytes;
         at += PAGE) {
        const unsigned page = (unsigned)(at % BLOCK / PAGE);

        *at_out = p->config.base + at;
        if (!(p->block[at / BLOCK].bit[page / 64] >> page % 64 & 1))
            return -EALREADY;
    }
    return 0;
}

int
nvmem_pages_free(struct nvmem_pages *p, struct nvmem_page_list *list, struct gsp_error *err)
{
    uint64_t at = 0;
    size_t done;
    int rc = 0;

    lock(p);
    for (done = 0; done < list->count; done++) {
        rc = check_extent(p, &list->extents[done], &at);
        if (rc < 0)
            break;
        mark_extent(p, &list->extents[done], false);
    }
    while (rc < 0 && done > 0)
        mark_extent(p, &list->extents[--done], true);
    unlock(p);
    if (rc < 0)
        return gsp_fail(err, GSP_ORIGIN_INPUT, rc,
                        rc == -EALREADY ? "%s: the page at 0x%" PRIx64 " was freed before"
                                        : "%s: 0x%" PRIx64 " is no page of these",
                        p->config.name, at);
    gsp_host_free(p->config.host, list->extents);
    *list = (struct nvmem_page_list){0};
    return 0;
}

void
nvmem_pages_stat(struct nvmem_pages *p, struct nvmem_pages_stat *stat_out)
{
    lock(p);
    *stat_out = p->stat;
    stat_out->free_2m = stat_out->free_64k = 0;
    for (uint32_t i = 0; i < p->count; i++) {
        stat_out->free_2m += !p->block[i].used;
        stat_out->free_64k += p->block[i].free_slots;
    }
    unlock(p);
}
