/* SPDX-License-Identifier: MIT */
/*
 * Buffers for the CPU: mappings of the whole, and bytes in and out wherever they lie.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "buffer_priv.h"

enum { BOUNCE = 4096 };

/* Direct: system memory has its address from the start, video memory in one piece has one where
 * BAR1 shows it. */
static void *
own_address(const struct nvmem_buffer *b)
{
    const struct nvmem_backing *m = b->backing;

    if (!m || m->dma.cpu)
        return m ? m->dma.cpu : NULL;
    return m->count == 1 ? nvmem_bar1_at(b->dev->card->bar1, m->extents[0].addr, b->bytes)
                         : NULL;
}

static int
map_object(struct nvmem_buffer *b, struct gsp_error *err)
{
    struct nvmem_device *dev = b->dev;
    const struct gsp_map map = {
        .hClient = rm_client_handle(dev->client),
        .hDevice = dev->subdevice,
        .hMemory = b->memory,
        .bytes = b->bytes,
        .system = b->placement != NVMEM_PLACE_VRAM,
    };
    int rc;

    nvmem_device_lock(dev);
    rc = dev->backend->ops->map(dev->backend, &map, &b->cpu, err);
    nvmem_device_unlock(dev);
    return rc;
}

static int
map_first(struct nvmem_buffer *b, struct gsp_error *err)
{
    int rc;

    b->cpu = own_address(b);
    if (b->cpu)
        return 0;
    if (!b->dev->bus)
        return map_object(b, err);
    rc = gsp_fail(err, GSP_ORIGIN_INPUT, -EOPNOTSUPP,
                  "buffer '%s' lies in video memory, which this bus does not map", b->name);
    gsp_hint(err, "nvmem_buffer_read() and nvmem_buffer_write() go through BAR1");
    return rc;
}

static void
count_mapped(struct nvmem_buffer *b, int64_t sign)
{
    pthread_mutex_lock(&b->dev->lock);
    nvmem_count(&b->dev->stat.cpu_mapped_bytes, NULL, sign * (int64_t)b->bytes);
    pthread_mutex_unlock(&b->dev->lock);
}

int
nvmem_buffer_map(struct nvmem_buffer *b, void **cpu_out, struct gsp_error *err)
{
    int rc = 0;

    pthread_mutex_lock(&b->lock);
    if (!b->cpu_maps)
        rc = map_first(b, err);
    if (rc >= 0) {
        if (!b->cpu_maps++)
            count_mapped(b, 1);
        *cpu_out = b->cpu;
    }
    pthread_mutex_unlock(&b->lock);
    return rc;
}

static void
unmap_object(struct nvmem_buffer *b)
{
    struct nvmem_device *dev = b->dev;

    nvmem_device_lock(dev);
    (void)dev->backend->ops->unmap(dev->backend, b->cpu, NULL);
    nvmem_device_unlock(dev);
}

void
nvmem_buffer_unmap(struct nvmem_buffer *b)
{
    pthread_mutex_lock(&b->lock);
    if (b->cpu_maps && !--b->cpu_maps) {
        if (!b->dev->bus)
            unmap_object(b);
        b->cpu = NULL;
        count_mapped(b, -1);
    }
    pthread_mutex_unlock(&b->lock);
}

/* Bytes in and out */

/* Where a byte lies in video memory, and how many follow it there. */
static uint64_t
place_of(const struct nvmem_buffer *b, uint64_t offset, uint64_t *room)
{
    const struct nvmem_extent *e = b->backing->extents;

    while (offset >= e->bytes)
        offset -= e++->bytes;
    *room = e->bytes - offset;
    return e->addr + offset;
}

/* Bytes that do not fill words: the words around them, read, changed, and written back. */
static int
edge(struct nvmem_buffer *b, uint64_t at, uint64_t n, uint8_t *to, const uint8_t *from,
     struct gsp_error *err)
{
    const uint64_t first = at & ~UINT64_C(3), last = (at + n + 3) & ~UINT64_C(3);
    struct nvmem_bar1 *bar1 = b->dev->card->bar1;
    uint8_t words[BOUNCE + 8];
    int rc = nvmem_bar1_transfer(bar1, first, words, NULL, last - first, err);

    if (rc < 0)
        return rc;
    if (to)
        memcpy(to, words + (at - first), n);
    if (!from)
        return 0;
    memcpy(words + (at - first), from, n);
    return nvmem_bar1_transfer(bar1, first, NULL, words, last - first, err);
}

static int
move_video(struct nvmem_buffer *b, uint64_t offset, uint8_t *to, const uint8_t *from,
           uint64_t bytes, struct gsp_error *err)
{
    int rc = 0;

    while (bytes && rc == 0) {
        uint64_t room;
        const uint64_t at = place_of(b, offset, &room);
        uint64_t n = bytes < room ? bytes : room;

        if (at % 4 || n < 4) {
            n = n < 4 - at % 4 ? n : 4 - at % 4;
            rc = edge(b, at, n, to, from, err);
        } else {
            n &= ~UINT64_C(3);
            rc = nvmem_bar1_transfer(b->dev->card->bar1, at, to, from, n, err);
        }
        offset += n;
        bytes -= n;
        to = to ? to + n : NULL;
        from = from ? from + n : NULL;
    }
    return rc;
}

static int
move(struct nvmem_buffer *b, uint64_t offset, void *to, const void *from, uint64_t bytes,
     struct gsp_error *err)
{
    void *cpu;
    int rc;

    if (offset > b->bytes || bytes > b->bytes - offset)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -ERANGE,
                        "buffer '%s': bytes 0x%" PRIx64 " to 0x%" PRIx64
                        ", and it ends at 0x%" PRIx64,
                        b->name, offset, offset + bytes, b->bytes);
    if (b->dev->bus && b->placement == NVMEM_PLACE_VRAM)
        return move_video(b, offset, to, from, bytes, err);
    rc = nvmem_buffer_map(b, &cpu, err);
    if (rc < 0)
        return rc;
    if (to)
        memcpy(to, (uint8_t *)cpu + offset, bytes);
    else if (from)
        memcpy((uint8_t *)cpu + offset, from, bytes);
    nvmem_buffer_unmap(b);
    return 0;
}

int
nvmem_buffer_read(struct nvmem_buffer *b, uint64_t offset, void *to, uint64_t bytes,
                  struct gsp_error *err)
{
    return move(b, offset, to, NULL, bytes, err);
}

int
nvmem_buffer_write(struct nvmem_buffer *b, uint64_t offset, const void *from, uint64_t bytes,
                   struct gsp_error *err)
{
    return move(b, offset, NULL, from, bytes, err);
}
