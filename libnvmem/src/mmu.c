/* SPDX-License-Identifier: MIT */
/*
 * Memory for page tables, and the MMU's registers. Tables are small (256 bytes or 4 KiB), so
 * they are cut from chunks: slabs in VRAM, chunks of DMA memory with a heap each in system
 * memory.
 */
#include <errno.h>
#include <string.h>

#include <nvmem/mmu.h>
#include <nvmem/slab.h>
#include <pthread.h>

enum {
    SMALL = 256,
    LARGE = 4096,
    CHUNK = 256 << 10, /* of system memory */

    /* NV_VIRTUAL_FUNCTION_PRIV_MMU_INVALIDATE*, the same from Turing to Blackwell */
    INVALIDATE_PDB = 0xb830a0,
    INVALIDATE_UPPER_PDB = 0xb830a4,
    INVALIDATE = 0xb830b0,
    ALL_VA = 1 << 0,
    SYS_MEMBAR = 1 << 6,
    CACHE_LEVEL_PTE_ONLY = 1 << 24,
};
#define TRIGGER    (UINT32_C(1) << 31)
#define TIMEOUT_NS UINT64_C(1000000000)

/* System memory that tables are cut from. */
struct chunk {
    struct gsp_dma dma;
    struct nvmem_heap *heap;
    struct chunk *next;
};

struct nvmem_mmu {
    struct nvmem_mmu_config config;
    struct nvmem_slab *slab[2]; /* of SMALL and LARGE, in VRAM */
    struct chunk *chunks;
    struct nvmem_mmu_stat stat;
    uint64_t written; /* the last word of VRAM that was written, + 1; 0: none since a flush */
    pthread_mutex_t lock;
};

/* Straight to a bus */

enum { BAR0, BAR1 };

static uint32_t
bus_rd32(void *ctx, uint32_t reg)
{
    struct gsp_bus *bus = ctx;

    return bus->ops->rd32(bus, BAR0, reg);
}

static void
bus_wr32(void *ctx, uint32_t reg, uint32_t value)
{
    struct gsp_bus *bus = ctx;

    bus->ops->wr32(bus, BAR0, reg, value);
}

static void
bus_write(void *ctx, uint64_t fb_off, const uint64_t *words, size_t count)
{
    struct gsp_bus *bus = ctx;

    for (size_t i = 0; i < count; i++) {
        bus->ops->wr32(bus, BAR1, fb_off + 8 * i, (uint32_t)words[i]);
        bus->ops->wr32(bus, BAR1, fb_off + 8 * i + 4, (uint32_t)(words[i] >> 32));
    }
}

static void
bus_read(void *ctx, uint64_t fb_off, uint64_t *words_out, size_t count)
{
    struct gsp_bus *bus = ctx;

    for (size_t i = 0; i < count; i++) {
        const uint32_t low = bus->ops->rd32(bus, BAR1, fb_off + 8 * i);

        words_out[i] = low | (uint64_t)bus->ops->rd32(bus, BAR1, fb_off + 8 * i + 4) << 32;
    }
}

static int
bus_dma_alloc(void *ctx, size_t bytes, struct gsp_dma *dma_out)
{
    struct gsp_bus *bus = ctx;

    return bus->ops->dma_alloc(bus, bytes, dma_out);
}

static void
bus_dma_free(void *ctx, struct gsp_dma *dma)
{
    struct gsp_bus *bus = ctx;

    bus->ops->dma_free(bus, dma);
}

struct nvmem_mmu_io
nvmem_mmu_bus_io(struct gsp_bus *bus)
{
    return (struct nvmem_mmu_io){.ctx = bus,
                                 .rd32 = bus_rd32,
                                 .wr32 = bus_wr32,
                                 .write = bus_write,
                                 .read = bus_read,
                                 .dma_alloc = bus_dma_alloc,
                                 .dma_free = bus_dma_free};
}

/* Creation */

static int
make_slabs(struct nvmem_mmu *mmu, struct gsp_error *err)
{
    static const uint32_t sizes[2] = {SMALL, LARGE};
    int rc = 0;

    for (unsigned i = 0; i < 2 && !rc; i++) {
        const struct nvmem_slab_config slab = {.heap = mmu->config.vram,
                                               .host = mmu->config.host,
                                               .object_bytes = sizes[i],
                                               .align = sizes[i],
                                               .owner = mmu->config.owner};

        rc = nvmem_slab_create(&slab, &mmu->slab[i], err);
    }
    return rc;
}

int
nvmem_mmu_create(const struct nvmem_mmu_config *config, struct nvmem_mmu **mmu_out,
                 struct gsp_error *err)
{
    struct nvmem_mmu *mmu;
    int rc = 0;

    if (!config->vram && !config->io.dma_alloc)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "page tables need VRAM, or a way to allocate system memory");
    mmu = gsp_host_alloc(config->host, sizeof(*mmu));
    if (!mmu)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for an MMU");
    mmu->config = *config;
    pthread_mutex_init(&mmu->lock, NULL);
    if (config->vram)
        rc = make_slabs(mmu, err);
    if (rc < 0) {
        nvmem_mmu_destroy(mmu);
        return rc;
    }
    *mmu_out = mmu;
    return 0;
}

static void
free_chunk(struct nvmem_mmu *mmu, struct chunk *c)
{
    nvmem_heap_destroy(c->heap);
    mmu->stat.system_bytes -= c->dma.bytes;
    mmu->config.io.dma_free(mmu->config.io.ctx, &c->dma);
    gsp_host_free(mmu->config.host, c);
}

void
nvmem_mmu_destroy(struct nvmem_mmu *mmu)
{
    if (!mmu)
        return;
    for (unsigned i = 0; i < 2; i++)
        nvmem_slab_destroy(mmu->slab[i]);
    while (mmu->chunks) {
        struct chunk *c = mmu->chunks;

        mmu->chunks = c->next;
        free_chunk(mmu, c);
    }
    pthread_mutex_destroy(&mmu->lock);
    gsp_host_free(mmu->config.host, mmu);
}

/* Tables in system memory */

static struct chunk *
add_chunk(struct nvmem_mmu *mmu)
{
    struct chunk *c = gsp_host_alloc(mmu->config.host, sizeof(*c));
    struct nvmem_region region = {0};
    const struct nvmem_heap_config heap = {
        .host = mmu->config.host, .name = "page tables", .granule_bytes = SMALL};

    if (!c)
        return NULL;
    if (mmu->config.io.dma_alloc(mmu->config.io.ctx, CHUNK, &c->dma) < 0)
        goto free_row;
    region.base = c->dma.bus_addr;
    region.bytes = c->dma.bytes;
    if (nvmem_heap_create(&heap, &region, 1, &c->heap, NULL) < 0)
        goto free_dma;
    mmu->stat.system_bytes += c->dma.bytes;
    c->next = mmu->chunks;
    mmu->chunks = c;
    return c;

free_dma:
    mmu->config.io.dma_free(mmu->config.io.ctx, &c->dma);
free_row:
    gsp_host_free(mmu->config.host, c);
    return NULL;
}

static int
system_alloc(struct nvmem_mmu *mmu, const struct nvmem_request *q,
             struct nvmem_pt_memory *memory_out)
{
    struct nvmem_range range;
    struct chunk *c = mmu->chunks;

    while (c && nvmem_heap_alloc(c->heap, q, &range, NULL) < 0)
        c = c->next;
    if (!c) {
        c = add_chunk(mmu);
        if (!c || nvmem_heap_alloc(c->heap, q, &range, NULL) < 0)
            return -ENOMEM;
    }
    memory_out->aperture = NVMEM_SYSTEM;
    memory_out->addr = range.addr;
    memory_out->cpu = (char *)c->dma.cpu + (range.addr - c->dma.bus_addr);
    memory_out->cookie[0] = range.id;
    memory_out->cookie[1] = range.bytes;
    memory_out->cookie[2] = (uintptr_t)c;
    return 0;
}

/* An empty chunk goes back, but for the last. */
static void
system_free(struct nvmem_mmu *mmu, const struct nvmem_pt_memory *memory)
{
    struct chunk *c = (struct chunk *)(uintptr_t)memory->cookie[2], **where = &mmu->chunks;
    const struct nvmem_range range = {memory->addr, memory->cookie[1], memory->cookie[0]};
    struct nvmem_heap_stat stat;

    if (nvmem_heap_free(c->heap, &range, NULL) < 0)
        return; /* page tables give each table back once */
    nvmem_heap_stat(c->heap, &stat);
    if (stat.used_ranges || !mmu->chunks->next)
        return;
    while (*where != c)
        where = &(*where)->next;
    *where = c->next;
    free_chunk(mmu, c);
}

/* Tables in VRAM */

static int
vram_alloc(struct nvmem_mmu *mmu, uint32_t bytes, struct nvmem_pt_memory *memory_out)
{
    struct nvmem_range range;
    const int rc = nvmem_slab_alloc(mmu->slab[bytes > SMALL], &range, NULL);

    if (rc < 0)
        return rc;
    memory_out->aperture = NVMEM_VRAM;
    memory_out->addr = range.addr;
    memory_out->cookie[0] = range.id;
    memory_out->cookie[1] = range.bytes;
    return 0;
}

static void
vram_free(struct nvmem_mmu *mmu, const struct nvmem_pt_memory *memory)
{
    const struct nvmem_range range = {memory->addr, memory->cookie[1], memory->cookie[0]};

    if (nvmem_slab_free(mmu->slab[range.bytes > SMALL], &range, NULL) < 0)
        return; /* page tables give each table back once */
}

/* What page tables call */

static int
table_alloc(void *ctx, uint32_t bytes, uint32_t align, struct nvmem_pt_memory *memory_out)
{
    struct nvmem_mmu *mmu = ctx;
    const uint32_t room = bytes > align ? bytes : align;
    const struct nvmem_request q = {.bytes = room, .align = align};
    int rc;

    *memory_out = (struct nvmem_pt_memory){0};
    pthread_mutex_lock(&mmu->lock);
    rc = mmu->config.vram ? vram_alloc(mmu, room, memory_out)
                          : system_alloc(mmu, &q, memory_out);
    mmu->stat.tables += !rc;
    pthread_mutex_unlock(&mmu->lock);
    return rc;
}

static void
table_free(void *ctx, const struct nvmem_pt_memory *memory)
{
    struct nvmem_mmu *mmu = ctx;

    pthread_mutex_lock(&mmu->lock);
    if (memory->aperture == NVMEM_VRAM)
        vram_free(mmu, memory);
    else
        system_free(mmu, memory);
    mmu->stat.tables--;
    pthread_mutex_unlock(&mmu->lock);
}

static void
table_write(void *ctx, const struct nvmem_pt_memory *memory, uint32_t offset_bytes,
            const uint64_t *words, size_t count)
{
    struct nvmem_mmu *mmu = ctx;

    mmu->config.io.write(mmu->config.io.ctx, memory->addr + offset_bytes, words, count);
    __atomic_store_n(&mmu->written, memory->addr + offset_bytes + 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&mmu->stat.words_written, count, __ATOMIC_RELAXED);
}

static int
invalidate(void *ctx, const struct nvmem_pt_invalidate *what)
{
    return nvmem_mmu_invalidate(ctx, what->root, what->root_aperture, what->directories);
}

const struct nvmem_pt_ops *
nvmem_mmu_ops(void)
{
    static const struct nvmem_pt_ops ops = {table_alloc, table_free, table_write, invalidate};

    return &ops;
}

int
nvmem_mmu_read(void *ctx, const struct nvmem_pt_memory *memory, uint64_t *words_out,
               size_t count)
{
    struct nvmem_mmu *mmu = ctx;

    if (memory->cpu)
        memcpy(words_out, memory->cpu, count * 8);
    else
        mmu->config.io.read(mmu->config.io.ctx, memory->addr, words_out, count);
    return 0;
}

/* Where a bus address is for the CPU; NULL when it is in no chunk. */
static void *
find_system(const struct nvmem_mmu *mmu, uint64_t addr, uint64_t bytes)
{
    for (const struct chunk *c = mmu->chunks; c; c = c->next)
        if (addr >= c->dma.bus_addr && addr - c->dma.bus_addr <= c->dma.bytes &&
            bytes <= c->dma.bytes - (addr - c->dma.bus_addr))
            return (char *)c->dma.cpu + (addr - c->dma.bus_addr);
    return NULL;
}

int
nvmem_mmu_words(struct nvmem_mmu *mmu, enum nvmem_aperture aperture, uint64_t addr,
                uint64_t *words_out, size_t count)
{
    const void *at;

    if (aperture == NVMEM_VRAM) {
        if (!mmu->config.io.read)
            return -EFAULT;
        mmu->config.io.read(mmu->config.io.ctx, addr, words_out, count);
        return 0;
    }
    pthread_mutex_lock(&mmu->lock);
    at = find_system(mmu, addr, count * 8);
    if (at)
        memcpy(words_out, at, count * 8);
    pthread_mutex_unlock(&mmu->lock);
    return at ? 0 : -EFAULT;
}

void
nvmem_mmu_stat(struct nvmem_mmu *mmu, struct nvmem_mmu_stat *stat_out)
{
    pthread_mutex_lock(&mmu->lock);
    *stat_out = mmu->stat;
    stat_out->words_written = __atomic_load_n(&mmu->stat.words_written, __ATOMIC_RELAXED);
    for (unsigned i = 0; mmu->config.vram && i < 2; i++) {
        struct nvmem_slab_stat slab;

        nvmem_slab_stat(mmu->slab[i], &slab);
        stat_out->vram_bytes += slab.chunk_bytes;
    }
    pthread_mutex_unlock(&mmu->lock);
}

/* Invalidation */

static int
wait_idle(struct nvmem_mmu *mmu)
{
    const struct nvmem_mmu_io *io = &mmu->config.io;
    const uint64_t timeout_ns = mmu->config.timeout_ns ? mmu->config.timeout_ns : TIMEOUT_NS;
    const uint64_t start_ns = gsp_host_now_ns(mmu->config.host);
    uint32_t value;

    while ((value = io->rd32(io->ctx, INVALIDATE)) & TRIGGER) {
        if (value == UINT32_MAX)
            return -ENODEV;
        if (gsp_host_now_ns(mmu->config.host) - start_ns > timeout_ns)
            return -ETIMEDOUT;
    }
    return 0;
}

/* Words that are still on their way to the card arrive before a read of the last is answered;
 * stores to system memory must have left the CPU. */
static void
settle(struct nvmem_mmu *mmu)
{
    const uint64_t written = __atomic_exchange_n(&mmu->written, 0, __ATOMIC_RELAXED);
    uint64_t word;

    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (written)
        mmu->config.io.read(mmu->config.io.ctx, written - 1, &word, 1);
}

int
nvmem_mmu_invalidate(struct nvmem_mmu *mmu, uint64_t root, enum nvmem_aperture root_aperture,
                     bool directories)
{
    const struct nvmem_mmu_io *io = &mmu->config.io;
    const uint64_t pages = root >> 12;
    int rc;

    pthread_mutex_lock(&mmu->lock);
    settle(mmu);
    rc = wait_idle(mmu);
    if (!rc) {
        io->wr32(io->ctx, INVALIDATE_PDB,
                 (uint32_t)(pages << 4) | (root_aperture != NVMEM_VRAM ? 1u << 1 : 0));
        io->wr32(io->ctx, INVALIDATE_UPPER_PDB, (uint32_t)(pages >> 28));
        io->wr32(io->ctx, INVALIDATE,
                 ALL_VA | SYS_MEMBAR | (directories ? 0 : CACHE_LEVEL_PTE_ONLY) | TRIGGER);
        rc = wait_idle(mmu);
    }
    mmu->stat.invalidates += !rc;
    pthread_mutex_unlock(&mmu->lock);
    return rc;
}
