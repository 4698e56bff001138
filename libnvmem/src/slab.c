/* SPDX-License-Identifier: MIT */
/*
 * Slabs: chunks of at most 512 objects, each with a bit for every object. Chunks with room are
 * a list; a chunk that is full is on none.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>

#include <nvmem/slab.h>

enum { MAX_OBJECTS = 512, WORDS = MAX_OBJECTS / 64 };

#define NONE UINT32_MAX

struct chunk {
    struct nvmem_range range; /* id 0: the place is free for another chunk */
    uint32_t used, prev, next;
    uint64_t bit[WORDS]; /* 1: given out */
    uint16_t generation[MAX_OBJECTS];
};

struct nvmem_slab {
    struct nvmem_slab_config config;
    uint32_t objects; /* in a chunk */
    struct chunk **chunk;
    uint32_t count, room; /* places */
    uint32_t with_room;
    struct nvmem_slab_stat stat;
    pthread_mutex_t lock;
};

int
nvmem_slab_create(const struct nvmem_slab_config *config, struct nvmem_slab **slab_out,
                  struct gsp_error *err)
{
    const uint32_t align = config->align ? config->align : 1, bytes = config->object_bytes;
    const uint64_t least = 64 * (uint64_t)bytes > 65536 ? 64 * (uint64_t)bytes : 65536;
    const uint64_t chunk = config->chunk_bytes ? config->chunk_bytes : least;
    struct nvmem_slab *slab;

    if (!bytes || (align & (align - 1)) || bytes % align || chunk < bytes)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "a slab of %u bytes aligned to %u in chunks of %" PRIu64
                        ": sizes must be multiples of the alignment, a power of two",
                        bytes, align, chunk);
    slab = gsp_host_alloc(config->host, sizeof(*slab));
    if (!slab)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for a slab");
    slab->config = *config;
    slab->config.align = align;
    slab->config.chunk_bytes = chunk;
    slab->objects = chunk / bytes < MAX_OBJECTS ? (uint32_t)(chunk / bytes) : MAX_OBJECTS;
    slab->with_room = NONE;
    pthread_mutex_init(&slab->lock, NULL);
    *slab_out = slab;
    return 0;
}

static void
lock(struct nvmem_slab *slab)
{
    if (slab->config.threads)
        pthread_mutex_lock(&slab->lock);
}

static void
unlock(struct nvmem_slab *slab)
{
    if (slab->config.threads)
        pthread_mutex_unlock(&slab->lock);
}

/* The list of chunks with room */

static void
list_add(struct nvmem_slab *slab, uint32_t i)
{
    struct chunk *c = slab->chunk[i];

    c->prev = NONE;
    c->next = slab->with_room;
    if (c->next != NONE)
        slab->chunk[c->next]->prev = i;
    slab->with_room = i;
}

static void
list_remove(struct nvmem_slab *slab, uint32_t i)
{
    const struct chunk *c = slab->chunk[i];

    if (c->next != NONE)
        slab->chunk[c->next]->prev = c->prev;
    if (c->prev != NONE)
        slab->chunk[c->prev]->next = c->next;
    else
        slab->with_room = c->next;
}

/* Chunks */

/* A place without a chunk, or NONE when there is no memory for one. */
static uint32_t
free_place(struct nvmem_slab *slab)
{
    const struct gsp_host *host = slab->config.host;

    for (uint32_t i = 0; i < slab->count; i++)
        if (!slab->chunk[i]->range.id)
            return i;
    if (slab->count == slab->room) {
        const uint32_t room = slab->room ? 2 * slab->room : 8;
        struct chunk **more = gsp_host_realloc(host, slab->chunk, room * sizeof(*more));

        if (!more)
            return NONE;
        slab->chunk = more;
        slab->room = room;
    }
    slab->chunk[slab->count] = gsp_host_alloc(host, sizeof(struct chunk));
    return slab->chunk[slab->count] ? slab->count++ : NONE;
}

static int
add_chunk(struct nvmem_slab *slab, struct gsp_error *err)
{
    const struct nvmem_request q = {.bytes = slab->config.chunk_bytes,
                                    .align = slab->config.align,
                                    .need = slab->config.need,
                                    .owner = slab->config.owner};
    const uint32_t i = free_place(slab);
    struct chunk *c;
    int rc;

    if (i == NONE)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for a slab's chunk");
    c = slab->chunk[i];
    rc = nvmem_heap_alloc(slab->config.heap, &q, &c->range, err);
    if (rc < 0)
        return rc;
    for (unsigned w = 0; w < WORDS; w++)
        c->bit[w] = 0;
    c->used = 0;
    list_add(slab, i);
    slab->stat.chunks++;
    slab->stat.empty_chunks++;
    slab->stat.chunk_bytes += c->range.bytes;
    return 0;
}

static uint64_t
drop_chunk(struct nvmem_slab *slab, uint32_t i)
{
    struct chunk *c = slab->chunk[i];
    const uint64_t bytes = c->range.bytes;
    const int rc = nvmem_heap_free(slab->config.heap, &c->range, NULL);

    list_remove(slab, i);
    slab->stat.chunks--;
    slab->stat.empty_chunks--;
    slab->stat.chunk_bytes -= bytes;
    c->range.id = 0;
    return rc ? 0 : bytes; /* somebody else may have freed it: it is gone either way */
}

void
nvmem_slab_destroy(struct nvmem_slab *slab)
{
    int rc;

    if (!slab)
        return;
    for (uint32_t i = 0; i < slab->count; i++) {
        if (slab->chunk[i]->range.id) {
            rc = nvmem_heap_free(slab->config.heap, &slab->chunk[i]->range, NULL);
            (void)rc;
        }
        gsp_host_free(slab->config.host, slab->chunk[i]);
    }
    gsp_host_free(slab->config.host, slab->chunk);
    pthread_mutex_destroy(&slab->lock);
    gsp_host_free(slab->config.host, slab);
}

/* Objects. Their id: place << 32, generation << 16, object, and a bit that it is never 0. */

static uint32_t
first_free(const struct nvmem_slab *slab, const struct chunk *c)
{
    for (unsigned w = 0; w < WORDS; w++)
        if (~c->bit[w]) {
            const uint32_t i = 64 * w + (uint32_t)__builtin_ctzll(~c->bit[w]);

            return i < slab->objects ? i : NONE;
        }
    return NONE;
}

static uint64_t
id_of(uint32_t place, uint16_t generation, uint32_t object)
{
    return UINT64_C(1) << 63 | (uint64_t)place << 32 | (uint64_t)generation << 16 | object;
}

static void
take(struct nvmem_slab *slab, struct nvmem_range *range_out)
{
    const uint32_t place = slab->with_room;
    struct chunk *c = slab->chunk[place];
    const uint32_t i = first_free(slab, c);

    c->bit[i / 64] |= UINT64_C(1) << i % 64;
    slab->stat.empty_chunks -= !c->used;
    slab->stat.objects++;
    if (++c->used == slab->objects)
        list_remove(slab, place);
    range_out->addr = c->range.addr + (uint64_t)i * slab->config.object_bytes;
    range_out->bytes = slab->config.object_bytes;
    range_out->id = id_of(place, c->generation[i], i);
}

int
nvmem_slab_alloc(struct nvmem_slab *slab, struct nvmem_range *range_out, struct gsp_error *err)
{
    int rc = 0;

    lock(slab);
    if (slab->with_room == NONE)
        rc = add_chunk(slab, err);
    if (!rc)
        take(slab, range_out);
    unlock(slab);
    return rc;
}

/* 0 when the range is out. */
static int
check_out(const struct nvmem_slab *slab, const struct nvmem_range *r)
{
    const uint32_t place = (uint32_t)(r->id >> 32) & INT32_MAX, i = r->id & 0xffff;
    const struct chunk *c = place < slab->count ? slab->chunk[place] : NULL;

    if (!(r->id >> 63) || !c || i >= slab->objects)
        return -ENOENT;
    if (!c->range.id || c->generation[i] != (uint16_t)(r->id >> 16) ||
        !(c->bit[i / 64] >> i % 64 & 1))
        return -EALREADY;
    return c->range.addr + (uint64_t)i * slab->config.object_bytes == r->addr ? 0 : -ENOENT;
}

static void
give(struct nvmem_slab *slab, uint32_t place, uint32_t i)
{
    struct chunk *c = slab->chunk[place];

    c->bit[i / 64] &= ~(UINT64_C(1) << i % 64);
    c->generation[i]++;
    slab->stat.objects--;
    if (c->used-- == slab->objects)
        list_add(slab, place);
    if (c->used)
        return;
    if (slab->stat.empty_chunks++)
        drop_chunk(slab, place);
}

int
nvmem_slab_free(struct nvmem_slab *slab, const struct nvmem_range *range, struct gsp_error *err)
{
    int rc;

    lock(slab);
    rc = check_out(slab, range);
    if (!rc)
        give(slab, (uint32_t)(range->id >> 32) & INT32_MAX, range->id & 0xffff);
    unlock(slab);
    if (rc < 0)
        return gsp_fail(err, GSP_ORIGIN_INPUT, rc,
                        rc == -EALREADY ? "the object at 0x%" PRIx64 " was freed before"
                                        : "0x%" PRIx64 " is no object of this slab",
                        range->addr);
    return 0;
}

uint64_t
nvmem_slab_trim(struct nvmem_slab *slab)
{
    uint64_t bytes = 0;

    lock(slab);
    for (uint32_t i = 0; i < slab->count; i++)
        if (slab->chunk[i]->range.id && !slab->chunk[i]->used)
            bytes += drop_chunk(slab, i);
    unlock(slab);
    return bytes;
}

void
nvmem_slab_stat(struct nvmem_slab *slab, struct nvmem_slab_stat *stat_out)
{
    lock(slab);
    *stat_out = slab->stat;
    unlock(slab);
}
