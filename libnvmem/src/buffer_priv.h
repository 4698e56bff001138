/* SPDX-License-Identifier: MIT */
/* A buffer's insides. */
#ifndef NVMEM_BUFFER_PRIV_H
#define NVMEM_BUFFER_PRIV_H

#include <nvmem/buffer.h>

#include "device_priv.h"

/* What lies behind buffers on the direct path: counted, since a duplicate has it too. */
struct nvmem_backing {
    struct nvmem_card *card; /* a reference */
    atomic_uint refs;
    struct gsp_dma dma; /* system memory */
    struct nvmem_range *ranges;
    struct nvmem_extent *extents; /* as many; video memory */
    size_t count;
};

/* Work that uses a buffer: a value on the timeline of a channel, which may be gone by now. */
struct nvmem_user {
    uint64_t channel_id, value;
};

struct nvmem_buffer {
    struct nvmem_link link; /* first: dev->buffers */
    struct nvmem_device *dev;
    atomic_uint refs;
    char name[32];
    uint32_t owner;
    uint64_t bytes, align, page_bytes, fixed_va;
    enum nvmem_placement placement;
    uint32_t flags;
    uint8_t kind;
    bool imported;

    struct nvmem_backing *backing; /* direct */
    rm_handle memory;              /* kernel */
    struct nvmem_range va;
    bool mapped;

    pthread_mutex_t lock; /* what follows */
    void *cpu;
    unsigned cpu_maps;

    /* under dev->lock */
    struct nvmem_user *users;
    size_t user_count, user_room;
};

/* buffer_memory.c */
int nvmem_backing_create(struct nvmem_buffer *b, struct gsp_error *err);
void nvmem_backing_unref(struct nvmem_backing *m);
int nvmem_buffer_memory_alloc(struct nvmem_buffer *b, struct gsp_error *err);
void nvmem_buffer_memory_free(struct nvmem_buffer *b);

/* channel.c; the device's lock is held */
/** Whether a channel has not done `value` yet; name and what it has done then. */
bool nvmem_channel_busy(struct nvmem_device *dev, uint64_t channel_id, uint64_t value,
                        const char **name_out, uint64_t *done_out);

/** Remember a user; dev->lock is held. 0 or -ENOMEM. */
int nvmem_buffer_add_user(struct nvmem_buffer *b, uint64_t channel_id, uint64_t value);

#endif
