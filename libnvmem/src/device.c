/* SPDX-License-Identifier: MIT */
/*
 * Devices: opening one over a client on either path, RM's calls under the lock, registers.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <gsp/session.h>
#include <nvrm/ids.h>
#include <nvrm/types.h>

#include "device_priv.h"

#define DEFAULT_TIMEOUT_NS (5 * NVMEM_NANOSECOND)

/* Lists */

void
nvmem_link_add(struct nvmem_link *list, struct nvmem_link *node)
{
    node->prev = list->prev;
    node->next = list;
    list->prev->next = node;
    list->prev = node;
}

void
nvmem_link_remove(struct nvmem_link *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    node->prev = node->next = node;
}

void
nvmem_count(uint64_t *value, uint64_t *peak, int64_t delta)
{
    *value += (uint64_t)delta;
    if (peak && *value > *peak)
        *peak = *value;
}

/* RM */

void
nvmem_device_lock(struct nvmem_device *dev)
{
    pthread_mutex_lock(&dev->card->lock);
}

void
nvmem_device_unlock(struct nvmem_device *dev)
{
    pthread_mutex_unlock(&dev->card->lock);
}

int
nvmem_rm_alloc(struct nvmem_device *dev, rm_handle parent, uint32_t class_id,
               const void *params, rm_handle *handle_out, struct gsp_error *err)
{
    rm_handle handle = 0;
    char name[16];
    int rc;

    snprintf(name, sizeof(name), "0x%x", class_id);
    nvmem_device_lock(dev);
    rc = rm_alloc_typed(dev->client, parent, name, params, &handle, err);
    nvmem_device_unlock(dev);
    if (rc == 0)
        *handle_out = handle;
    return rc;
}

void
nvmem_rm_free(struct nvmem_device *dev, rm_handle handle)
{
    int rc;

    if (!handle)
        return;
    nvmem_device_lock(dev);
    rc = rm_free(dev->client, handle, NULL);
    (void)rc; /* what RM does not know is gone as well */
    nvmem_device_unlock(dev);
}

int
nvmem_rm_control(struct nvmem_device *dev, rm_handle object, const char *control, void *params,
                 struct gsp_error *err)
{
    int rc;

    nvmem_device_lock(dev);
    rc = rm_control_typed(dev->client, object, control, params, err);
    nvmem_device_unlock(dev);
    return rc;
}

/* Opening */

static int
find_path(struct nvmem_device *dev, struct gsp_error *err)
{
    int rc;

    dev->bus = gsp_rm_bus(dev->backend);
    dev->chip.path = dev->bus ? NVMEM_DIRECT : NVMEM_KERNEL;
    if (dev->bus || dev->backend->ops->map_dma)
        return 0;
    rc = gsp_fail(err, GSP_ORIGIN_INPUT, -EOPNOTSUPP,
                  "backend %s has neither the card's bus nor mappings: no memory, no channels",
                  dev->backend->ops->name);
    gsp_hint(err,
             "an emulated card (-t emu), a bare one (-t pci:BDF) or nvidia.ko (-t nvidia)");
    return rc;
}

static int
find_card(struct nvmem_device *dev, const struct nvmem_device_config *config,
          struct gsp_error *err)
{
    struct nvmem_card *card;
    int rc;

    if (config->beside) {
        if (config->beside->backend != dev->backend)
            return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                            "the device beside this one is on another backend");
        dev->card = nvmem_card_ref(config->beside->card);
        return 0;
    }
    card = gsp_host_alloc(dev->host, sizeof(*card));
    if (!card)
        return nvmem_no_memory(err, "device");
    rc = nvmem_owners_create(dev->host, &card->owners, err);
    if (rc < 0) {
        gsp_host_free(dev->host, card);
        return rc;
    }
    card->host = dev->host;
    card->bus = dev->bus;
    atomic_init(&card->refs, 1);
    pthread_mutex_init(&card->lock, NULL);
    dev->card = card;
    return 0;
}

static int
make_objects(struct nvmem_device *dev, const struct nvmem_device_config *config,
             struct gsp_error *err)
{
    const rm_handle root = rm_client_handle(dev->client);
    const struct NV0080_ALLOC_PARAMETERS device = {.deviceId = config->device_instance,
                                                   .hClientShare = root};
    const struct NV2080_ALLOC_PARAMETERS subdevice = {0};
    int rc = 0;

    dev->device = config->device;
    dev->subdevice = config->subdevice;
    if (!dev->device) {
        rc = nvmem_rm_alloc(dev, root, NV01_DEVICE_0, &device, &dev->own_device, err);
        dev->device = dev->own_device;
    }
    if (rc == 0 && !dev->subdevice)
        rc = nvmem_rm_alloc(dev, dev->device, NV20_SUBDEVICE_0, &subdevice, &dev->subdevice,
                            err);
    return rc;
}

/* The page with the doorbell: a register of BAR0, or mapped by the module. */
static int
open_doorbell(struct nvmem_device *dev, struct gsp_error *err)
{
    void *at = NULL;
    int rc;

    if (dev->bus)
        return 0;
    rc = nvmem_rm_alloc(dev, dev->subdevice, dev->chip.usermode_class, NULL, &dev->usermode,
                        err);
    if (rc < 0)
        return rc;
    nvmem_device_lock(dev);
    rc = rm_map(dev->client, dev->usermode, 0, 0x10000, true, &at, err);
    nvmem_device_unlock(dev);
    dev->doorbell_page = at;
    return rc;
}

static int
open_memory(struct nvmem_device *dev, struct gsp_error *err)
{
    int rc = 0;

    if (dev->bus) {
        rc = nvmem_device_memory(dev, err);
        if (rc == 0)
            rc = nvmem_card_mmu(dev->card, &dev->mmu, err);
    }
    return rc < 0 ? rc : nvmem_device_space_open(dev, err);
}

static void
destroy(struct nvmem_device *dev)
{
    nvmem_device_space_close(dev);
    nvmem_mmu_destroy(dev->mmu);
    if (dev->doorbell_page) {
        int rc;

        nvmem_device_lock(dev);
        rc = rm_unmap(dev->client, (void *)(uintptr_t)dev->doorbell_page, NULL);
        (void)rc;
        nvmem_device_unlock(dev);
    }
    nvmem_rm_free(dev, dev->usermode);
    nvmem_rm_free(dev, dev->own_device);
    pthread_mutex_destroy(&dev->lock);
    pthread_mutex_destroy(&dev->gr_lock);
    nvmem_card_unref(dev->card);
    gsp_host_free(dev->host, dev);
}

int
nvmem_device_open(const struct nvmem_device_config *config, struct nvmem_device **device_out,
                  struct gsp_error *err)
{
    struct nvmem_device *dev = gsp_host_alloc(config->host, sizeof(*dev));
    int rc;

    if (!dev)
        return nvmem_no_memory(err, "device");
    dev->host = config->host;
    dev->client = config->client;
    dev->backend = rm_client_backend(config->client);
    dev->timeout_ns = config->timeout_ns ? config->timeout_ns : DEFAULT_TIMEOUT_NS;
    dev->lint = config->lint;
    dev->va_base = config->va_base;
    dev->va_bytes = config->va_bytes;
    dev->buffers.prev = dev->buffers.next = &dev->buffers;
    dev->channels.prev = dev->channels.next = &dev->channels;
    pthread_mutex_init(&dev->lock, NULL);
    pthread_mutex_init(&dev->gr_lock, NULL);
    rc = find_path(dev, err);
    if (rc == 0)
        rc = find_card(dev, config, err);
    if (rc < 0) {
        pthread_mutex_destroy(&dev->lock);
        pthread_mutex_destroy(&dev->gr_lock);
        gsp_host_free(dev->host, dev);
        return rc;
    }
    rc = make_objects(dev, config, err);
    if (rc == 0)
        rc = nvmem_device_identify(dev, err);
    if (rc == 0)
        rc = open_doorbell(dev, err);
    if (rc == 0)
        rc = open_memory(dev, err);
    if (rc < 0) {
        destroy(dev);
        return rc;
    }
    *device_out = dev;
    return 0;
}

int
nvmem_device_close(struct nvmem_device *dev, struct gsp_error *err)
{
    uint64_t buffers, channels;

    if (!dev)
        return 0;
    pthread_mutex_lock(&dev->lock);
    channels = dev->channel_count;
    pthread_mutex_unlock(&dev->lock);
    if (!channels)
        nvmem_gr_close(dev); /* it has buffers too */
    pthread_mutex_lock(&dev->lock);
    buffers = dev->buffer_count;
    pthread_mutex_unlock(&dev->lock);
    if (buffers || channels)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EBUSY,
                        "the device has %llu buffers and %llu channels yet",
                        (unsigned long long)buffers, (unsigned long long)channels);
    destroy(dev);
    return 0;
}

/* What it is */

const struct nvmem_chip *
nvmem_device_chip(const struct nvmem_device *dev)
{
    return &dev->chip;
}

const struct nvmem_engine *
nvmem_device_engines(const struct nvmem_device *dev, unsigned *count_out)
{
    *count_out = dev->engine_count;
    return dev->engines;
}

void
nvmem_device_stat(struct nvmem_device *dev, struct nvmem_device_stat *stat_out)
{
    pthread_mutex_lock(&dev->lock);
    *stat_out = dev->stat;
    stat_out->buffers = dev->buffer_count;
    stat_out->channels = dev->channel_count;
    pthread_mutex_unlock(&dev->lock);
    nvmem_bar1_stat(dev->card->bar1, stat_out);
}

struct rm_client *
nvmem_device_client(const struct nvmem_device *dev)
{
    return dev->client;
}

const struct gsp_host *
nvmem_device_host(const struct nvmem_device *dev)
{
    return dev->host;
}

struct nvrm_abi
nvmem_device_abi(const struct nvmem_device *dev)
{
    return dev->backend->abi;
}

rm_handle
nvmem_device_handle(const struct nvmem_device *dev)
{
    return dev->device;
}

rm_handle
nvmem_device_subdevice(const struct nvmem_device *dev)
{
    return dev->subdevice;
}

uint64_t
nvmem_device_timeout_ns(const struct nvmem_device *dev)
{
    return dev->timeout_ns;
}

struct gsp_bus *
nvmem_device_bus(const struct nvmem_device *dev)
{
    return dev->bus;
}

struct nvmem_heap *
nvmem_device_vram(const struct nvmem_device *dev)
{
    return dev->card->vram;
}

struct nvmem_owners *
nvmem_device_owners(const struct nvmem_device *dev)
{
    return dev->card->owners;
}

struct nvmem_vas *
nvmem_device_vas(const struct nvmem_device *dev)
{
    return dev->vas;
}

struct nvmem_mmu *
nvmem_device_mmu(const struct nvmem_device *dev)
{
    return dev->mmu;
}

/* The card */

struct nvmem_card *
nvmem_card_ref(struct nvmem_card *card)
{
    atomic_fetch_add(&card->refs, 1);
    return card;
}

void
nvmem_card_unref(struct nvmem_card *card)
{
    if (atomic_fetch_sub(&card->refs, 1) != 1)
        return;
    nvmem_bar1_destroy(card->bar1);
    nvmem_heap_destroy(card->vram);
    nvmem_owners_destroy(card->owners);
    pthread_mutex_destroy(&card->lock);
    gsp_host_free(card->host, card);
}

uint32_t
nvmem_card_rd32(struct nvmem_card *card, uint32_t reg)
{
    uint32_t value;

    pthread_mutex_lock(&card->lock);
    value = card->bus->ops->rd32(card->bus, 0, reg);
    pthread_mutex_unlock(&card->lock);
    return value;
}

void
nvmem_card_wr32(struct nvmem_card *card, uint32_t reg, uint32_t value)
{
    pthread_mutex_lock(&card->lock);
    card->bus->ops->wr32(card->bus, 0, reg, value);
    pthread_mutex_unlock(&card->lock);
}

int
nvmem_card_dma_alloc(struct nvmem_card *card, uint64_t bytes, struct gsp_dma *dma_out,
                     struct gsp_error *err)
{
    int rc;

    pthread_mutex_lock(&card->lock);
    rc = card->bus->ops->dma_alloc(card->bus, (size_t)bytes, dma_out);
    pthread_mutex_unlock(&card->lock);
    if (rc < 0)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, rc, "no system memory for %llu bytes: %s",
                        (unsigned long long)bytes, strerror(-rc));
    return 0;
}

void
nvmem_card_dma_free(struct nvmem_card *card, struct gsp_dma *dma)
{
    if (!dma->cpu)
        return;
    pthread_mutex_lock(&card->lock);
    card->bus->ops->dma_free(card->bus, dma);
    pthread_mutex_unlock(&card->lock);
    memset(dma, 0, sizeof(*dma));
}

/* The same for the MMU's half of the library. */

static uint32_t
io_rd32(void *ctx, uint32_t reg)
{
    return nvmem_card_rd32(ctx, reg);
}

static void
io_wr32(void *ctx, uint32_t reg, uint32_t value)
{
    nvmem_card_wr32(ctx, reg, value);
}

static int
io_dma_alloc(void *ctx, size_t bytes, struct gsp_dma *dma_out)
{
    return nvmem_card_dma_alloc(ctx, bytes, dma_out, NULL);
}

static void
io_dma_free(void *ctx, struct gsp_dma *dma)
{
    nvmem_card_dma_free(ctx, dma);
}

int
nvmem_card_mmu(struct nvmem_card *card, struct nvmem_mmu **mmu_out, struct gsp_error *err)
{
    const struct nvmem_mmu_config config = {
        .host = card->host,
        .io = {.ctx = card,
               .rd32 = io_rd32,
               .wr32 = io_wr32,
               .dma_alloc = io_dma_alloc,
               .dma_free = io_dma_free}
    };

    return nvmem_mmu_create(&config, mmu_out, err);
}

uint32_t
nvmem_device_rd32(struct nvmem_device *dev, uint32_t reg)
{
    return nvmem_card_rd32(dev->card, reg);
}

void
nvmem_device_wr32(struct nvmem_device *dev, uint32_t reg, uint32_t value)
{
    nvmem_card_wr32(dev->card, reg, value);
}

int
nvmem_device_dma_alloc(struct nvmem_device *dev, uint64_t bytes, struct gsp_dma *dma_out,
                       struct gsp_error *err)
{
    return nvmem_card_dma_alloc(dev->card, bytes, dma_out, err);
}

void
nvmem_device_dma_free(struct nvmem_device *dev, struct gsp_dma *dma)
{
    nvmem_card_dma_free(dev->card, dma);
}

int
nvmem_device_vram_read(struct nvmem_device *dev, uint64_t fb_off, void *to, uint64_t bytes,
                       struct gsp_error *err)
{
    return nvmem_bar1_transfer(dev->card->bar1, fb_off, to, NULL, bytes, err);
}

int
nvmem_device_vram_write(struct nvmem_device *dev, uint64_t fb_off, const void *from,
                        uint64_t bytes, struct gsp_error *err)
{
    return nvmem_bar1_transfer(dev->card->bar1, fb_off, NULL, from, bytes, err);
}
