/* SPDX-License-Identifier: MIT */
/*
 * The commands: one row each, with the sizes that a body may have.
 */
#include "device.h"

#include <errno.h>
#include <string.h>

#include <jansson.h>

static uint32_t
u32_at(const uint8_t *p)
{
    uint32_t v;

    memcpy(&v, p, 4);
    return v;
}

static uint64_t
u64_at(const uint8_t *p)
{
    uint64_t v;

    memcpy(&v, p, 8);
    return v;
}

static void
put_u32(struct vu_answer *out, uint32_t value)
{
    memcpy(out->body + out->bytes, &value, 4);
    out->bytes += 4;
}

static void
put_u64(struct vu_answer *out, uint64_t value)
{
    memcpy(out->body + out->bytes, &value, 8);
    out->bytes += 8;
}

/* Version data is optional; when it is there it is one JSON object that ends in NUL. */
static int
check_version_data(const uint8_t *text, uint32_t bytes)
{
    json_t *data;
    bool sound;

    if (!bytes)
        return 0;
    if (text[bytes - 1])
        return -EINVAL;
    data = json_loadb((const char *)text, strlen((const char *)text), 0, NULL);
    sound = json_is_object(data);
    json_decref(data);
    return sound ? 0 : -EINVAL;
}

static int
handle_version(struct vu_device *dev, struct vu_message *in, struct vu_answer *out)
{
    uint16_t version[2];
    int rc = check_version_data(in->body + 4, in->body_bytes - 4);

    (void)dev;
    memcpy(version, in->body, 4);
    if (rc < 0)
        return rc;
    if (version[0] != VU_MAJOR)
        return -EPROTONOSUPPORT;
    if (version[1] > VU_MINOR)
        version[1] = VU_MINOR;
    memcpy(out->body, version, 4);
    out->bytes = 4 +
                 (uint32_t)snprintf((char *)out->body + 4, 256,
                                    "{\"capabilities\":{\"max_msg_fds\":%d,"
                                    "\"max_data_xfer_size\":%d,\"max_dma_maps\":%d,"
                                    "\"pgsizes\":4096,\"write_multiple\":true}}",
                                    VU_MAX_FDS, VU_MAX_TRANSFER, VU_MAX_MAPS) +
                 1;
    return 0;
}

static int
handle_dma_map(struct vu_device *dev, struct vu_message *in, struct vu_answer *out)
{
    const uint8_t *b = in->body;

    (void)out;
    if (u32_at(b) < 32 || in->fd_count > 1)
        return -EINVAL;
    return vu_dma_map(&dev->dma, in->fd_count ? in->fds[0] : -1, u64_at(b + 8), u64_at(b + 16),
                      u64_at(b + 24), u32_at(b + 4));
}

static int
handle_dma_unmap(struct vu_device *dev, struct vu_message *in, struct vu_answer *out)
{
    const uint32_t flags = u32_at(in->body + 4);
    const uint64_t bus_addr = u64_at(in->body + 8), bytes = u64_at(in->body + 16);
    int rc = -EINVAL;

    if (flags == VU_UNMAP_ALL && !bus_addr && !bytes) {
        vu_dma_fini(&dev->dma);
        rc = 0;
    } else if (!flags) {
        rc = vu_dma_unmap(&dev->dma, bus_addr, bytes);
    }
    if (rc < 0)
        return rc;
    memcpy(out->body, in->body, 24);
    out->bytes = 24;
    return 0;
}

static int
handle_info(struct vu_device *dev, struct vu_message *in, struct vu_answer *out)
{
    (void)dev;
    if (u32_at(in->body) < 16)
        return -EINVAL;
    put_u32(out, 16);
    put_u32(out, VU_DEVICE_RESET | VU_DEVICE_PCI);
    put_u32(out, VU_REGIONS);
    put_u32(out, VU_IRQS);
    return 0;
}

static uint32_t
region_flags(const struct vu_device *dev, uint32_t index)
{
    if (!dev->region_bytes[index])
        return 0;
    return index == VU_REGION_ROM ? VU_REGION_READABLE
                                  : VU_REGION_READABLE | VU_REGION_WRITEABLE;
}

static int
handle_region_info(struct vu_device *dev, struct vu_message *in, struct vu_answer *out)
{
    const uint32_t index = u32_at(in->body + 8);

    if (u32_at(in->body) < 32 || index >= VU_REGIONS)
        return -EINVAL;
    vu_region_sizes(dev->bus, dev->region_bytes); /* BAR1 can be resized */
    put_u32(out, 32);
    put_u32(out, region_flags(dev, index));
    put_u32(out, index);
    put_u32(out, 0); /* no capabilities */
    put_u64(out, dev->region_bytes[index]);
    put_u64(out, 0); /* nothing to mmap */
    return 0;
}

static int
handle_irq_info(struct vu_device *dev, struct vu_message *in, struct vu_answer *out)
{
    const uint32_t index = u32_at(in->body + 8);

    if (u32_at(in->body) < 16 || index >= VU_IRQS)
        return -EINVAL;
    put_u32(out, 16);
    put_u32(out, dev->vectors[index] ? vu_irq_flags(index) : 0);
    put_u32(out, index);
    put_u32(out, dev->vectors[index]);
    return 0;
}

static int
handle_set_irqs(struct vu_device *dev, struct vu_message *in, struct vu_answer *out)
{
    (void)out;
    return vu_irq_set(dev, in);
}

static int
handle_region_read(struct vu_device *dev, struct vu_message *in, struct vu_answer *out)
{
    const uint32_t count = u32_at(in->body + 12);
    int rc;

    if (count > VU_MAX_TRANSFER)
        return -EINVAL;
    rc = vu_region_read(dev, u32_at(in->body + 8), u64_at(in->body), out->body + 16, count);
    if (rc < 0)
        return rc;
    memcpy(out->body, in->body, 16);
    out->bytes = 16 + count;
    return 0;
}

static int
handle_region_write(struct vu_device *dev, struct vu_message *in, struct vu_answer *out)
{
    const uint32_t count = u32_at(in->body + 12);
    int rc;

    if (count != in->body_bytes - 16)
        return -EINVAL;
    rc = vu_region_write(dev, u32_at(in->body + 8), u64_at(in->body), in->body + 16, count);
    if (rc < 0)
        return rc;
    memcpy(out->body, in->body, 16);
    out->bytes = 16;
    return 0;
}

/* u64 count, then {u64 offset, u32 region, u32 count, u8 data[8]} each. */
static int
handle_write_multi(struct vu_device *dev, struct vu_message *in, struct vu_answer *out)
{
    const uint64_t writes = u64_at(in->body);
    const uint32_t row_bytes = 16 + VU_MULTI_DATA;

    if ((in->body_bytes - 8) % row_bytes || writes != (in->body_bytes - 8) / row_bytes)
        return -EINVAL;
    for (uint64_t i = 0; i < writes; i++) {
        const uint8_t *row = in->body + 8 + i * row_bytes;
        const uint32_t count = u32_at(row + 12);
        int rc = -EINVAL;

        if (count <= VU_MULTI_DATA)
            rc = vu_region_write(dev, u32_at(row + 8), u64_at(row), row + 16, count);
        if (rc < 0)
            return rc;
    }
    put_u64(out, writes);
    return 0;
}

static int
handle_reset(struct vu_device *dev, struct vu_message *in, struct vu_answer *out)
{
    const int rc = dev->bus->ops->reset(dev->bus);

    (void)in;
    (void)out;
    dev->irqs.news = false;
    vu_irq_restore(dev);
    return rc;
}

static const struct command {
    int (*handle)(struct vu_device *dev, struct vu_message *in, struct vu_answer *out);
    uint32_t min_bytes, max_bytes;
    bool takes_fds;
} commands[] = {
    [VU_VERSION] = {handle_version,      4,  4096,                false},
    [VU_DMA_MAP] = {handle_dma_map,      32, 32,                  true },
    [VU_DMA_UNMAP] = {handle_dma_unmap,    24, 24,                  false},
    [VU_GET_INFO] = {handle_info,         16, 16,                  false},
    [VU_GET_REGION_INFO] = {handle_region_info,  32, 32,                  false},
    [VU_GET_IRQ_INFO] = {handle_irq_info,     16, 16,                  false},
    [VU_SET_IRQS] = {handle_set_irqs,     20, 20 + VU_MAX_VECTORS, true },
    [VU_REGION_READ] = {handle_region_read,  16, 16,                  false},
    [VU_REGION_WRITE] = {handle_region_write, 17, VU_MAX_BODY,         false},
    [VU_RESET] = {handle_reset,        0,  0,                   false},
    [VU_REGION_WRITE_MULTI] = {handle_write_multi,  8,  VU_MAX_BODY,         false},
};

int
vu_device_handle(struct vu_device *dev, struct vu_message *in, struct vu_answer *out)
{
    const struct command *c = NULL;
    int rc;

    if (in->command < sizeof(commands) / sizeof(commands[0]))
        c = &commands[in->command];
    if (!c || !c->handle)
        return -ENOTSUP;
    if (in->body_bytes < c->min_bytes || in->body_bytes > c->max_bytes ||
        (in->fd_count && !c->takes_fds))
        return -EINVAL;
    rc = c->handle(dev, in, out);
    vu_device_service(dev);
    return rc;
}

void
vu_device_service(struct vu_device *dev)
{
    vu_irq_check(dev);
}

static void *
client_memory(void *ctx, uint64_t bus_addr, size_t bytes)
{
    return vu_dma_at(&((struct vu_device *)ctx)->dma, bus_addr, bytes);
}

void
vu_device_init(struct vu_device *dev, struct emu_gpu *gpu, bool preboot)
{
    *dev = (struct vu_device){.gpu = gpu, .bus = emu_gpu_bus(gpu), .preboot = preboot};
    vu_region_sizes(dev->bus, dev->region_bytes);
    vu_irq_counts(dev->bus, dev->vectors);
    vu_irq_init(dev);
    emu_gpu_set_memory(gpu, client_memory, dev);
}

void
vu_device_forget_client(struct vu_device *dev)
{
    vu_dma_fini(&dev->dma);
    vu_irq_fini(dev);
}

void
vu_device_fini(struct vu_device *dev)
{
    vu_device_forget_client(dev);
    emu_gpu_set_memory(dev->gpu, NULL, NULL);
}
