/* SPDX-License-Identifier: MIT */
/* A device's insides, shared by buffers, channels and their kin. */
#ifndef NVMEM_DEVICE_PRIV_H
#define NVMEM_DEVICE_PRIV_H

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include <nvmem/device.h>
#include <nvmem/mmu.h>
#include <nvmem/report.h>
#include <nvmem/vas.h>

#define NVMEM_ENGINES    32
#define NVMEM_PAGE       UINT64_C(4096)
#define NVMEM_NANOSECOND UINT64_C(1000000000)

/* A list through objects: the node comes first in each. */
struct nvmem_link {
    struct nvmem_link *prev, *next;
};

struct nvmem_bar1;

/* What devices of one card share: RM takes one caller at a time, the card has one BAR1 and one
 * memory. Goes with the last of them. */
struct nvmem_card {
    const struct gsp_host *host;
    struct gsp_bus *bus; /* NULL: kernel */
    atomic_uint refs;
    pthread_mutex_t lock; /* RM, the bus */
    struct nvmem_heap *vram;
    struct nvmem_owners *owners;
    struct nvmem_bar1 *bar1;
    uint64_t vram_bytes;
    enum nvmem_pt_format format;
};
uint32_t nvmem_card_rd32(struct nvmem_card *card, uint32_t reg);
void nvmem_card_wr32(struct nvmem_card *card, uint32_t reg, uint32_t value);
int nvmem_card_dma_alloc(struct nvmem_card *card, uint64_t bytes, struct gsp_dma *dma_out,
                         struct gsp_error *err);
void nvmem_card_dma_free(struct nvmem_card *card, struct gsp_dma *dma);
/** Page tables of the card, in system memory. */
int nvmem_card_mmu(struct nvmem_card *card, struct nvmem_mmu **mmu_out, struct gsp_error *err);
struct nvmem_card *nvmem_card_ref(struct nvmem_card *card);
void nvmem_card_unref(struct nvmem_card *card);

struct nvmem_device {
    const struct gsp_host *host;
    struct nvmem_card *card;
    struct rm_client *client;
    struct gsp_backend *backend;
    struct gsp_bus *bus; /* NULL: kernel */
    struct nvmem_chip chip;
    struct nvmem_engine engines[NVMEM_ENGINES];
    unsigned engine_count;
    rm_handle device, subdevice;
    rm_handle own_device; /* made here: freed with the device */
    rm_handle space;      /* FERMI_VASPACE_A */
    rm_handle window;     /* NV01_MEMORY_VIRTUAL over it (kernel) */
    rm_handle usermode;   /* and its page (kernel) */
    volatile uint32_t *doorbell_page;
    uint64_t timeout_ns, va_base, va_bytes;
    bool lint;

    struct nvmem_mmu *mmu; /* memory for page tables, and the MMU's registers (direct) */
    struct nvmem_vas *vas;
    atomic_bool space_changed; /* since the last flush */

    pthread_mutex_t lock; /* what follows */
    struct nvmem_link buffers, channels;
    uint64_t buffer_count, channel_count, next_channel;
    struct nvmem_device_stat stat;
    struct nvmem_semaphores *semaphores; /* fence.c: pages that they are cut from */
    pthread_mutex_t gr_lock;
    struct nvmem_gr *gr; /* gr.c: what contexts of graphics need (direct) */
};

void nvmem_link_add(struct nvmem_link *list, struct nvmem_link *node);
void nvmem_link_remove(struct nvmem_link *node);

/* device_chip.c */
int nvmem_device_identify(struct nvmem_device *dev, struct gsp_error *err);
/** The firmware's regions as the card's heap, and its BAR1 (direct). */
int nvmem_device_memory(struct nvmem_device *dev, struct gsp_error *err);

/* bar1.c: video memory for the CPU */
int nvmem_bar1_create(struct nvmem_card *card, uint64_t bytes, struct nvmem_bar1 **bar1_out,
                      struct gsp_error *err);
void nvmem_bar1_destroy(struct nvmem_bar1 *bar1);
int nvmem_bar1_transfer(struct nvmem_bar1 *bar1, uint64_t fb_off, void *to, const void *from,
                        uint64_t bytes, struct gsp_error *err);
void *nvmem_bar1_at(struct nvmem_bar1 *b, uint64_t fb_off, uint64_t bytes);
void nvmem_bar1_stat(struct nvmem_bar1 *b, struct nvmem_device_stat *stat);

/* gr.c */
void nvmem_gr_close(struct nvmem_device *dev);

/* space.c: the device's address space */
int nvmem_device_space_open(struct nvmem_device *dev, struct gsp_error *err);
void nvmem_device_space_close(struct nvmem_device *dev);
/** Around every call of the space. */
void nvmem_space_enter(struct nvmem_device *dev);
void nvmem_space_leave(struct nvmem_device *dev);

/* RM, under the lock */
int nvmem_rm_alloc(struct nvmem_device *dev, rm_handle parent, uint32_t class_id,
                   const void *params, rm_handle *handle_out, struct gsp_error *err);
/** Frees it; an error is of no use to the caller. */
void nvmem_rm_free(struct nvmem_device *dev, rm_handle handle);
int nvmem_rm_control(struct nvmem_device *dev, rm_handle object, const char *control,
                     void *params, struct gsp_error *err);

/* Counters, under dev->lock */
void nvmem_count(uint64_t *value, uint64_t *peak, int64_t delta);

static inline int
nvmem_no_memory(struct gsp_error *err, const char *what)
{
    (void)gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "%s: out of memory", what);
    return -ENOMEM;
}

#endif
