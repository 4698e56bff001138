/* SPDX-License-Identifier: MIT */
/*
 * Memory objects: video memory from the card's heap, system memory, and pages that a program
 * already has.
 *
 * An object's bytes are a memory file that lies over its place in the card's video memory, or
 * at a bus address of its own: the program maps the same file. The heap is first fit over a
 * sorted list; RM clears what it hands out, and so does a fresh file.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hw.h"
#include "kmod_priv.h"
#include "status.h"

#define PAGE       UINT64_C(4096)
#define HEAP_START (UINT64_C(64) << 20)  /* below: RM's own */
#define HEAP_TAIL  (UINT64_C(512) << 20) /* above: WPR2 and what VBIOS keeps */
#define BUS_START  (UINT64_C(1) << 40)
#define LARGE      (UINT64_C(2) << 20)

enum { LOCATION_VIDMEM = 0, CLASS_LOCAL_USER = 0x40, CLASS_SYSTEM = 0x3e };

/* The heap */

struct kmod_block {
    uint64_t at, bytes;
    struct kmod_block *next; /* by address */
};

bool
kmod_vram_alloc(struct kmod_card *card, uint64_t bytes, uint64_t align, uint64_t *at_out)
{
    const uint64_t end = card->gpu->hw->vram_bytes - HEAP_TAIL;
    struct kmod_block *b = malloc(sizeof(*b)), **where = &card->heap;
    uint64_t at = HEAP_START;

    if (!b)
        return false;
    for (;; where = &(*where)->next) {
        at = (at + align - 1) & ~(align - 1);
        if (!*where || (*where)->at >= at + bytes)
            break;
        at = (*where)->at + (*where)->bytes;
    }
    if (bytes > end || at > end - bytes) {
        free(b);
        return false;
    }
    *b = (struct kmod_block){at, bytes, *where};
    *where = b;
    *at_out = at;
    return true;
}

void
kmod_vram_free(struct kmod_card *card, uint64_t at)
{
    for (struct kmod_block **where = &card->heap; *where; where = &(*where)->next) {
        struct kmod_block *b = *where;

        if (b->at != at)
            continue;
        *where = b->next;
        free(b);
        return;
    }
}

uint64_t
kmod_vram_used(const struct kmod_card *card)
{
    uint64_t used = 0;

    for (const struct kmod_block *b = card->heap; b; b = b->next)
        used += b->bytes;
    return used;
}

uint64_t
kmod_vram_total(const struct kmod_card *card)
{
    return card->gpu->hw->vram_bytes - HEAP_TAIL - HEAP_START;
}

void
kmod_heap_fini(struct kmod_card *card)
{
    while (card->heap)
        kmod_vram_free(card, card->heap->at);
}

/* Files as memory */

static int
make_file(uint64_t bytes)
{
    const int fd = memfd_create("nvidia-memory", MFD_CLOEXEC);

    if (fd >= 0 && ftruncate(fd, (off_t)bytes) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static uint32_t
make_video(struct kmod_memory *m, uint64_t align)
{
    uint8_t *at;

    if (!kmod_vram_alloc(m->card, m->bytes, align, &m->addr))
        return NV_ERR_NO_MEMORY;
    m->fd = make_file(m->bytes);
    at = emu_hw_vram(m->card->gpu, m->addr, m->bytes);
    if (m->fd >= 0 && at &&
        mmap(at, m->bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, m->fd, 0) == at) {
        m->cpu = at;
        return NV_OK;
    }
    kmod_vram_free(m->card, m->addr);
    return NV_ERR_INSUFFICIENT_RESOURCES;
}

static void
link_system(struct kmod_memory *m)
{
    struct emu_kmod *k = m->card->kmod;
    const uint64_t align = m->bytes >= LARGE           ? LARGE
                           : m->bytes >= KMOD_PAGE_BIG ? KMOD_PAGE_BIG
                                                       : PAGE;

    m->addr = (k->next_bus + align - 1) & ~(align - 1);
    /* It is contiguous on the bus: _memmgrGetOptimalSysmemPageSize(). */
    m->page = !(m->bytes % LARGE) ? LARGE : !(m->bytes % KMOD_PAGE_BIG) ? KMOD_PAGE_BIG : PAGE;
    k->next_bus = m->addr;
    k->next_bus += m->bytes + PAGE;
    m->next_system = k->system;
    k->system = m;
}

static uint32_t
make_system(struct kmod_memory *m)
{
    m->fd = make_file(m->bytes);
    if (m->fd < 0)
        return NV_ERR_INSUFFICIENT_RESOURCES;
    m->cpu = mmap(NULL, m->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd, 0);
    if (m->cpu == MAP_FAILED) {
        m->cpu = NULL;
        return NV_ERR_INSUFFICIENT_RESOURCES;
    }
    link_system(m);
    return NV_OK;
}

static struct kmod_memory *
new_memory(struct kmod_card *card, uint64_t bytes, bool system)
{
    struct kmod_memory *m = calloc(1, sizeof(*m));

    if (m)
        *m = (struct kmod_memory){
            .refs = 1, .card = card, .bytes = bytes, .system = system, .fd = -1};
    return m;
}

uint32_t
kmod_memory_system(struct kmod_card *card, uint64_t bytes, struct kmod_memory **out)
{
    struct kmod_memory *m = new_memory(card, bytes, true);
    const uint32_t status = m ? make_system(m) : NV_ERR_NO_MEMORY;

    if (status == NV_OK)
        *out = m;
    else
        kmod_memory_unref(m);
    return status;
}

void
kmod_memory_unref(struct kmod_memory *m)
{
    if (!m || --m->refs)
        return;
    if (m->system) {
        for (struct kmod_memory **where = &m->card->kmod->system; *where;
             where = &(*where)->next_system)
            if (*where == m) {
                *where = m->next_system;
                break;
            }
        if (m->cpu && !m->borrowed)
            munmap(m->cpu, m->bytes);
    } else if (m->cpu) {
        /* Nobody's memory again: zero until it is handed out. */
        (void)!mmap(m->cpu, m->bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
        kmod_vram_free(m->card, m->addr);
    }
    if (m->fd >= 0)
        close(m->fd);
    free(m);
}

/** What the card's DMA reaches. */
void *
kmod_bus_lookup(void *ctx, uint64_t bus_addr, size_t bytes)
{
    const struct emu_kmod *k = ctx;

    for (const struct kmod_memory *m = k->system; m; m = m->next_system)
        if (bus_addr >= m->addr && bus_addr - m->addr < m->bytes &&
            bytes <= m->bytes - (bus_addr - m->addr))
            return m->cpu + (bus_addr - m->addr);
    return NULL;
}

void
kmod_bus_init(struct emu_kmod *k)
{
    k->next_bus = BUS_START;
    for (unsigned i = 0; i < k->cards; i++)
        emu_gpu_set_memory(k->card[i].gpu, kmod_bus_lookup, k);
}

/* Objects */

/* NVOS32_ATTR_PAGE_SIZE_*; 0: the default. Pages of 512 MiB and more are mapped as 2 MiB ones.
 */
static uint64_t
page_asked(const struct emu_wire *p)
{
    static const uint64_t sizes[] = {0, PAGE, KMOD_PAGE_BIG, KMOD_PAGE_HUGE};

    return sizes[emu_get(p, "attr") >> 23 & 3];
}

/* memmgrDeterminePageSize(): system memory comes in pages of 4 KiB, video memory as asked, else
 * in 64 KiB and 2 MiB by size. */
static uint64_t
page_of(const struct emu_wire *p, bool system)
{
    if (system)
        return PAGE;
    if (page_asked(p))
        return page_asked(p);
    return emu_get(p, "size") >= LARGE ? LARGE : KMOD_PAGE_BIG;
}

uint32_t
kmod_memory_alloc(struct kmod_object *o, struct emu_wire *p)
{
    const bool system =
        o->class_id == CLASS_SYSTEM || (emu_get(p, "attr") >> 25 & 3) != LOCATION_VIDMEM;
    const uint64_t page = page_of(p, system);
    const uint64_t bytes = (emu_get(p, "size") + page - 1) & ~(page - 1);
    uint64_t align = emu_get(p, "alignment");
    struct kmod_memory *m;
    uint32_t status;

    if (!bytes || bytes < emu_get(p, "size"))
        return NV_ERR_INVALID_ARGUMENT;
    align = align > page && !(align & (align - 1)) ? align : page;
    m = new_memory(o->card, bytes, system);
    if (!m)
        return NV_ERR_NO_MEMORY;
    status = system ? make_system(m) : make_video(m, align);
    if (status != NV_OK) {
        kmod_memory_unref(m);
        return status;
    }
    o->u.memory = m;
    if (!system || page_asked(p))
        m->page = system ? page_asked(p) : page;
    m->user_read_only = emu_get(p, "attr2") >> 22 & 1; /* NVOS32_ATTR2_PROTECTION_USER */
    m->card_read_only = emu_get(p, "attr2") >> 23 & 1; /* NVOS32_ATTR2_PROTECTION_DEVICE */
    emu_set(p, bytes, "size");
    emu_set(p, system ? 0 : m->addr, "offset");
    emu_set(p, bytes - 1, "limit");
    return NV_OK;
}

/* The order of RmCreateOsDescriptor(); every page has to be there. */
uint32_t
kmod_pages_check(uint64_t at, uint64_t limit)
{
    const uint64_t pages = 1 + limit / PAGE;

    if (at % PAGE)
        return NV_ERR_NOT_SUPPORTED;
    if (limit + 1 == 0)
        return NV_ERR_INVALID_LIMIT;
    return kmod_pages_there(at, pages) ? NV_OK : NV_ERR_INVALID_ADDRESS;
}

uint32_t
kmod_memory_borrow(struct kmod_object *o, uint64_t at, uint64_t bytes)
{
    struct kmod_memory *m = new_memory(o->card, bytes, true);

    if (!m)
        return NV_ERR_NO_MEMORY;
    m->borrowed = true;
    m->cpu = (uint8_t *)(uintptr_t)at;
    link_system(m);
    o->u.memory = m;
    return NV_OK;
}
