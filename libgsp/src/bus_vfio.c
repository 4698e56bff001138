/* SPDX-License-Identifier: MIT */
/*
 * A card through the kernel's VFIO: BARs by mmap(), configuration space by pread(), interrupts
 * by eventfd, DMA memory mapped through the IOMMU. The kernel resets the card when it is
 * closed, provided that it can.
 */
#include <errno.h>
#include <linux/vfio.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "bar_map.h"
#include "vfio_attach.h"

enum { PCI_COMMAND = 4, MEMORY_AND_MASTER = 6, PAGE_BYTES = 4096 };
static const uint64_t first_bus_addr = UINT64_C(0x100000000); /* clear of MSI's window */

struct block {
    struct block *next;
    struct gsp_dma dma;
};

struct vfio_bus {
    struct gsp_bus base;
    const struct gsp_host *host;
    struct vfio_attach attach;
    uint64_t config_at; /* offset into the device descriptor */
    bool can_reset;
    struct bar_map bars[BAR_MAPS];
    int irq_index; /* VFIO_PCI_*_IRQ_INDEX; -1: none */
    int eventfd;
    uint64_t next_bus_addr;
    struct block *blocks;
};

static struct vfio_bus *
from_bus(struct gsp_bus *bus)
{
    return (struct vfio_bus *)bus;
}

static bool
sound_config(uint32_t offset, uint32_t width)
{
    return (width == 1 || width == 2 || width == 4) && offset % width == 0 &&
           offset <= 4096 - width;
}

static int
bus_config_read(struct gsp_bus *bus, uint32_t offset, uint32_t width, uint32_t *value_out)
{
    struct vfio_bus *b = from_bus(bus);
    uint32_t value = 0;

    if (!sound_config(offset, width))
        return -EINVAL;
    if (pread(b->attach.device, &value, width, (off_t)(b->config_at + offset)) !=
        (ssize_t)width)
        value = UINT32_MAX >> (32 - 8 * width);
    *value_out = value;
    return 0;
}

static int
bus_config_write(struct gsp_bus *bus, uint32_t offset, uint32_t width, uint32_t value)
{
    struct vfio_bus *b = from_bus(bus);

    if (!sound_config(offset, width))
        return -EINVAL;
    return pwrite(b->attach.device, &value, width, (off_t)(b->config_at + offset)) ==
                   (ssize_t)width
               ? 0
               : -EIO;
}

static uint32_t
bus_rd32(struct gsp_bus *bus, unsigned bar, uint64_t bar_off)
{
    return bar_rd32(from_bus(bus)->bars, bar, bar_off);
}

static void
bus_wr32(struct gsp_bus *bus, unsigned bar, uint64_t bar_off, uint32_t value)
{
    bar_wr32(from_bus(bus)->bars, bar, bar_off, value);
}

/* BAR0 is registers. */
static void *
bus_bar_at(struct gsp_bus *bus, unsigned bar, uint64_t bar_off, uint64_t bytes)
{
    return bar ? bar_bytes(from_bus(bus)->bars, bar, bar_off, bytes) : NULL;
}

static int
bus_dma_alloc(struct gsp_bus *bus, size_t bytes, struct gsp_dma *dma_out)
{
    struct vfio_bus *b = from_bus(bus);
    struct block *block;

    if (!bytes || bytes > SIZE_MAX / 2)
        return -ENOMEM;
    block = gsp_host_alloc(b->host, sizeof(*block));
    if (!block)
        return -ENOMEM;
    bytes = (bytes + PAGE_BYTES - 1) & ~(size_t)(PAGE_BYTES - 1);
    block->dma = (struct gsp_dma){.bus_addr = b->next_bus_addr, .bytes = bytes};
    block->dma.cpu =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block->dma.cpu == MAP_FAILED)
        goto free_block;
    if (vfio_attach_map(&b->attach, block->dma.cpu, block->dma.bus_addr, bytes) < 0)
        goto unmap;
    b->next_bus_addr += bytes + PAGE_BYTES;
    block->next = b->blocks;
    b->blocks = block;
    *dma_out = block->dma;
    return 0;

unmap:
    munmap(block->dma.cpu, bytes);
free_block:
    gsp_host_free(b->host, block);
    return -ENOMEM;
}

static void
free_block(struct vfio_bus *b, struct block *block)
{
    vfio_attach_unmap(&b->attach, block->dma.bus_addr, block->dma.bytes);
    munmap(block->dma.cpu, block->dma.bytes);
    gsp_host_free(b->host, block);
}

static void
bus_dma_free(struct gsp_bus *bus, struct gsp_dma *dma)
{
    struct vfio_bus *b = from_bus(bus);

    for (struct block **at = &b->blocks; *at; at = &(*at)->next) {
        struct block *block = *at;

        if (block->dma.cpu != dma->cpu)
            continue;
        *at = block->next;
        free_block(b, block);
        break;
    }
    *dma = (struct gsp_dma){0};
}

static int
set_irqs(struct vfio_bus *b, uint32_t flags)
{
    union {
        struct vfio_irq_set set;
        uint8_t bytes[sizeof(struct vfio_irq_set) + sizeof(int)];
    } u = {
        .set = {.argsz = sizeof(struct vfio_irq_set),
                .flags = flags,
                .index = (uint32_t)b->irq_index,
                .count = 1}
    };

    if (flags & VFIO_IRQ_SET_DATA_EVENTFD) {
        u.set.argsz += (uint32_t)sizeof(int);
        memcpy(u.set.data, &b->eventfd, sizeof(int));
    }
    return ioctl(b->attach.device, VFIO_DEVICE_SET_IRQS, &u.set) < 0 ? -errno : 0;
}

static int
bus_irq_wait(struct gsp_bus *bus, uint64_t timeout_ns)
{
    struct vfio_bus *b = from_bus(bus);
    struct pollfd p = {.fd = b->eventfd, .events = POLLIN};
    const struct timespec t = {.tv_sec = (time_t)(timeout_ns / 1000000000u),
                               .tv_nsec = (long)(timeout_ns % 1000000000u)};
    const int n = ppoll(&p, 1, &t, NULL);
    uint64_t count;

    if (n < 0)
        return errno == EINTR ? -EINTR : -ENODEV;
    if (n > 0 && read(b->eventfd, &count, sizeof(count)) == (ssize_t)sizeof(count)) {
        if (b->irq_index == VFIO_PCI_INTX_IRQ_INDEX)
            set_irqs(b, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK);
        return 0;
    }
    return bar_rd32(b->bars, 0, 0) == UINT32_MAX ? -ENODEV : -ETIMEDOUT;
}

static void
enable(struct vfio_bus *b)
{
    uint32_t command = 0;

    bus_config_read(&b->base, PCI_COMMAND, 2, &command);
    bus_config_write(&b->base, PCI_COMMAND, 2, command | MEMORY_AND_MASTER);
}

static int
bus_reset(struct gsp_bus *bus)
{
    struct vfio_bus *b = from_bus(bus);

    if (!b->can_reset)
        return -EOPNOTSUPP;
    if (ioctl(b->attach.device, VFIO_DEVICE_RESET) < 0)
        return -errno;
    enable(b);
    return 0;
}

static void
bus_close(struct gsp_bus *bus)
{
    struct vfio_bus *b = from_bus(bus);

    while (b->blocks) {
        struct block *next = b->blocks->next;

        free_block(b, b->blocks);
        b->blocks = next;
    }
    for (unsigned i = 0; i < BAR_MAPS; i++)
        bar_unmap(&b->bars[i]);
    vfio_attach_close(&b->attach);
    if (b->eventfd >= 0)
        close(b->eventfd);
    gsp_host_free(b->host, b);
}

static const struct gsp_bus_ops ops = {
    .name = "vfio",
    .config_read = bus_config_read,
    .config_write = bus_config_write,
    .rd32 = bus_rd32,
    .wr32 = bus_wr32,
    .bar_at = bus_bar_at,
    .dma_alloc = bus_dma_alloc,
    .dma_free = bus_dma_free,
    .irq_wait = bus_irq_wait,
    .reset = bus_reset,
    .close = bus_close,
};

/* Opening */

static int
region_info(struct vfio_bus *b, uint32_t index, struct vfio_region_info *info)
{
    *info = (struct vfio_region_info){.argsz = sizeof(*info), .index = index};
    return ioctl(b->attach.device, VFIO_DEVICE_GET_REGION_INFO, info) < 0 ? -errno : 0;
}

static int
map_regions(struct vfio_bus *b)
{
    struct vfio_region_info info;
    int rc = region_info(b, VFIO_PCI_CONFIG_REGION_INDEX, &info);

    b->config_at = info.offset;
    for (uint32_t i = 0; i < BAR_MAPS && rc == 0; i++) {
        rc = region_info(b, i, &info);
        if (rc == 0 && info.size && info.flags & VFIO_REGION_INFO_FLAG_MMAP)
            rc = bar_map(&b->bars[i], b->attach.device, info.offset, info.size);
    }
    return rc == 0 && !b->bars[0].base ? -ENODEV : rc;
}

/* The best kind of interrupt that the kernel offers for the card. */
static int
set_up_interrupts(struct vfio_bus *b)
{
    b->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (b->eventfd < 0)
        return -errno;
    for (b->irq_index = VFIO_PCI_MSIX_IRQ_INDEX; b->irq_index >= 0; b->irq_index--) {
        struct vfio_irq_info info = {.argsz = sizeof(info), .index = (uint32_t)b->irq_index};

        if (ioctl(b->attach.device, VFIO_DEVICE_GET_IRQ_INFO, &info) == 0 && info.count &&
            set_irqs(b, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER) == 0)
            return 0;
    }
    return 0;
}

static int
set_up(struct vfio_bus *b, struct gsp_error *err)
{
    struct vfio_device_info info = {.argsz = sizeof(info)};
    int rc = ioctl(b->attach.device, VFIO_DEVICE_GET_INFO, &info) < 0 ? -errno : 0;

    b->can_reset = info.flags & VFIO_DEVICE_FLAGS_RESET;
    if (rc == 0)
        rc = map_regions(b);
    if (rc == 0)
        rc = set_up_interrupts(b);
    if (rc < 0)
        return gsp_fail(err, GSP_ORIGIN_TRANSPORT, rc, "VFIO: the card cannot be set up: %s",
                        strerror(-rc));
    enable(b);
    return 0;
}

int
bus_vfio_open(const struct gsp_pci_open_config *config, const struct pci_node *node,
              struct gsp_bus **bus_out, struct gsp_error *err)
{
    struct vfio_bus *b = gsp_host_alloc(config->host, sizeof(*b));
    int rc;

    if (!b)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    b->base = (struct gsp_bus){.ops = &ops, .bdf = node->bdf};
    b->host = config->host;
    b->eventfd = -1;
    b->next_bus_addr = first_bus_addr;
    rc = vfio_attach_open(&b->attach, node, err);
    if (rc == 0)
        rc = set_up(b, err);
    if (rc < 0) {
        bus_close(&b->base);
        return rc;
    }
    *bus_out = &b->base;
    return 0;
}
