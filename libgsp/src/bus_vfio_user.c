/* SPDX-License-Identifier: MIT */
/*
 * The bus operations as vfio-user messages. Each waits for its reply, register writes too: a
 * caller that clears an interrupt and then looks at memory relies on the order.
 */
#include <gsp/bus_vfio_user.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <nvrm/regs.h>

#include "vfio_user_priv.h"

enum {
    REGION_CONFIG = 7,
    IRQ_INTX = 0,
    IRQ_MSIX = 2,
    DEVICE_RESET = 1,
    DEVICE_PCI = 2,
    DMA_READ_WRITE = 3,
    SET_NONE = 1,
    SET_EVENTFD = 4,
    SET_UNMASK = 16,
    SET_TRIGGER = 32,
    PCI_COMMAND = 4,
    MEMORY_AND_MASTER = 6,
    PAGE_BYTES = 4096,
    BLOCK_BYTES = 64 << 10, /* of one read; every server takes 1 MiB */
};
static const uint64_t first_bus_addr = UINT64_C(0x100000000);

struct block {
    struct block *next;
    struct gsp_dma dma;
};

struct vfu_bus {
    struct gsp_bus base;
    const struct gsp_host *host;
    struct vfu_link link;
    uint32_t flags; /* DEVICE_* */
    int irq_index;  /* -1: no interrupts */
    int eventfd;
    uint64_t next_bus_addr;
    struct block *blocks;
};

static struct vfu_bus *
from_bus(struct gsp_bus *bus)
{
    return (struct vfu_bus *)bus;
}

struct region_access {
    uint64_t offset;
    uint32_t region, count;
    uint32_t value;
};

static int
region_read(struct vfu_bus *b, uint32_t region, uint64_t offset, uint32_t width,
            uint32_t *value_out)
{
    const struct region_access ask = {.offset = offset, .region = region, .count = width};
    struct region_access got = {0};
    struct vfu_call call = {.command = VFU_REGION_READ,
                            .send_fd = -1,
                            .body = &ask,
                            .body_bytes = 16,
                            .reply = &got,
                            .reply_cap = 16 + width};
    int rc = vfu_call(&b->link, &call);

    if (rc < 0)
        return rc;
    if (call.reply_bytes != 16 + width || got.count != width)
        return -EPROTO;
    *value_out = got.value;
    return 0;
}

static int
region_write(struct vfu_bus *b, uint32_t region, uint64_t offset, uint32_t width,
             uint32_t value)
{
    const struct region_access put = {
        .offset = offset, .region = region, .count = width, .value = value};
    struct vfu_call call = {
        .command = VFU_REGION_WRITE, .send_fd = -1, .body = &put, .body_bytes = 16 + width};

    return vfu_call(&b->link, &call);
}

/* Bus operations */

static bool
sound_config(uint32_t offset, uint32_t width)
{
    return (width == 1 || width == 2 || width == 4) && offset % width == 0 &&
           offset <= 4096 - width;
}

static int
bus_config_read(struct gsp_bus *bus, uint32_t offset, uint32_t width, uint32_t *value_out)
{
    if (!sound_config(offset, width))
        return -EINVAL;
    if (region_read(from_bus(bus), REGION_CONFIG, offset, width, value_out) < 0)
        *value_out = UINT32_MAX >> (32 - 8 * width);
    return 0;
}

static int
bus_config_write(struct gsp_bus *bus, uint32_t offset, uint32_t width, uint32_t value)
{
    if (!sound_config(offset, width))
        return -EINVAL;
    region_write(from_bus(bus), REGION_CONFIG, offset, width, value);
    return 0;
}

static uint32_t
bus_rd32(struct gsp_bus *bus, unsigned bar, uint64_t bar_off)
{
    uint32_t value;

    return bar < 6 && region_read(from_bus(bus), bar, bar_off, 4, &value) == 0 ? value
                                                                               : UINT32_MAX;
}

static void
bus_wr32(struct gsp_bus *bus, unsigned bar, uint64_t bar_off, uint32_t value)
{
    if (bar < 6)
        region_write(from_bus(bus), bar, bar_off, 4, value);
}

/* As many words as one message holds. */
static bool
read_words(struct vfu_bus *b, uint32_t region, uint64_t offset, uint8_t *to, uint32_t bytes,
           uint8_t *room)
{
    const struct region_access ask = {.offset = offset, .region = region, .count = bytes};
    struct vfu_call call = {.command = VFU_REGION_READ,
                            .send_fd = -1,
                            .body = &ask,
                            .body_bytes = 16,
                            .reply = room,
                            .reply_cap = 16 + bytes};

    if (vfu_call(&b->link, &call) < 0 || call.reply_bytes != 16 + bytes)
        return false;
    memcpy(to, room + 16, bytes);
    return true;
}

static void
bus_rd_block(struct gsp_bus *bus, unsigned bar, uint64_t bar_off, uint32_t *words_out,
             size_t words)
{
    struct vfu_bus *b = from_bus(bus);
    uint8_t *room = gsp_host_alloc(b->host, 16 + BLOCK_BYTES);
    size_t left = words * sizeof(uint32_t), done = 0;

    while (left) {
        const uint32_t bytes = left < BLOCK_BYTES ? (uint32_t)left : BLOCK_BYTES;

        if (!room ||
            !read_words(b, bar, bar_off + done, (uint8_t *)words_out + done, bytes, room))
            memset((uint8_t *)words_out + done, 0xff, bytes);
        done += bytes;
        left -= bytes;
    }
    gsp_host_free(b->host, room);
}

static int
share(struct vfu_bus *b, int fd, const struct gsp_dma *dma)
{
    const struct {
        uint32_t argsz, flags;
        uint64_t offset, bus_addr, bytes;
    } map = {32, DMA_READ_WRITE, 0, dma->bus_addr, dma->bytes};
    struct vfu_call call = {
        .command = VFU_DMA_MAP, .send_fd = fd, .body = &map, .body_bytes = sizeof(map)};

    return vfu_call(&b->link, &call);
}

/* Memory with a descriptor, mapped here and known to the server. */
static int
make_memory(struct vfu_bus *b, size_t bytes, struct gsp_dma *dma)
{
    const int fd = memfd_create("nvrm-dma", MFD_CLOEXEC);
    int rc = -ENOMEM;

    if (fd < 0)
        return -ENOMEM;
    *dma = (struct gsp_dma){.bus_addr = b->next_bus_addr, .bytes = bytes};
    if (ftruncate(fd, (off_t)bytes) < 0)
        goto close_fd;
    dma->cpu = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (dma->cpu == MAP_FAILED)
        goto close_fd;
    rc = share(b, fd, dma);
    if (rc < 0)
        munmap(dma->cpu, bytes);
    else
        b->next_bus_addr += bytes + PAGE_BYTES;

close_fd:
    close(fd);
    return rc;
}

static int
bus_dma_alloc(struct gsp_bus *bus, size_t bytes, struct gsp_dma *dma_out)
{
    struct vfu_bus *b = from_bus(bus);
    struct block *block;

    if (!bytes || bytes > SIZE_MAX / 2)
        return -ENOMEM;
    block = gsp_host_alloc(b->host, sizeof(*block));
    if (!block)
        return -ENOMEM;
    bytes = (bytes + PAGE_BYTES - 1) & ~(size_t)(PAGE_BYTES - 1);
    if (make_memory(b, bytes, &block->dma) < 0) {
        gsp_host_free(b->host, block);
        return -ENOMEM;
    }
    block->next = b->blocks;
    b->blocks = block;
    *dma_out = block->dma;
    return 0;
}

static void
free_block(struct vfu_bus *b, struct block *block)
{
    const struct {
        uint32_t argsz, flags;
        uint64_t bus_addr, bytes;
    } unmap = {24, 0, block->dma.bus_addr, block->dma.bytes};
    uint8_t echo[24];
    struct vfu_call call = {.command = VFU_DMA_UNMAP,
                            .send_fd = -1,
                            .body = &unmap,
                            .body_bytes = sizeof(unmap),
                            .reply = echo,
                            .reply_cap = sizeof(echo)};

    vfu_call(&b->link, &call);
    munmap(block->dma.cpu, block->dma.bytes);
    gsp_host_free(b->host, block);
}

static void
bus_dma_free(struct gsp_bus *bus, struct gsp_dma *dma)
{
    struct vfu_bus *b = from_bus(bus);

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
set_irqs(struct vfu_bus *b, uint32_t flags, int fd)
{
    const uint32_t set[5] = {20, flags, (uint32_t)b->irq_index, 0, 1};
    struct vfu_call call = {
        .command = VFU_SET_IRQS, .send_fd = fd, .body = set, .body_bytes = sizeof(set)};

    return vfu_call(&b->link, &call);
}

/* The eventfd counts: one read takes all interrupts so far. */
static int
take_interrupt(struct vfu_bus *b)
{
    uint64_t count;

    if (read(b->eventfd, &count, sizeof(count)) != (ssize_t)sizeof(count))
        return -EAGAIN;
    if (b->irq_index == IRQ_INTX)
        set_irqs(b, SET_NONE | SET_UNMASK, -1);
    return 0;
}

static uint64_t
now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int
bus_irq_wait(struct gsp_bus *bus, uint64_t timeout_ns)
{
    struct vfu_bus *b = from_bus(bus);
    const uint64_t start = now_ns();

    for (;;) {
        struct pollfd p[2] = {
            {.fd = b->eventfd, .events = POLLIN},
            {.fd = b->link.fd, .events = POLLIN}
        };
        const uint64_t spent = now_ns() - start;
        const uint64_t left = timeout_ns > spent ? timeout_ns - spent : 0;
        const struct timespec t = {.tv_sec = (time_t)(left / 1000000000u),
                                   .tv_nsec = (long)(left % 1000000000u)};
        int n;

        if (b->link.fd < 0)
            return -ENODEV;
        n = ppoll(p, 2, &t, NULL);
        if (n < 0)
            return errno == EINTR ? -EINTR : -ENODEV;
        if (p[0].revents && take_interrupt(b) == 0)
            return 0;
        if (p[1].revents && vfu_link_attend(&b->link) < 0)
            return -ENODEV;
        if (n == 0)
            return -ETIMEDOUT;
    }
}

/* What a driver does when it takes a PCI device: memory accesses and bus mastering on. */
static void
enable(struct vfu_bus *b)
{
    uint32_t command = 0;

    if (region_read(b, REGION_CONFIG, PCI_COMMAND, 2, &command) == 0)
        region_write(b, REGION_CONFIG, PCI_COMMAND, 2, command | MEMORY_AND_MASTER);
}

static int
bus_reset(struct gsp_bus *bus)
{
    struct vfu_bus *b = from_bus(bus);
    struct vfu_call call = {.command = VFU_RESET, .send_fd = -1};
    int rc;

    if (!(b->flags & DEVICE_RESET))
        return -EOPNOTSUPP;
    rc = vfu_call(&b->link, &call);
    if (rc == 0)
        enable(b);
    return rc;
}

static const char *
bus_gone(struct gsp_bus *bus)
{
    return from_bus(bus)->link.fd < 0 ? "the emulator behind the vfio-user socket" : NULL;
}

static int
bus_direct_start(struct gsp_bus *bus, uint64_t libos_args)
{
    bus_wr32(bus, 0, NV_PGSP__BASE + NV_PFALCON_FALCON_MAILBOX0, (uint32_t)libos_args);
    bus_wr32(bus, 0, NV_PGSP__BASE + NV_PFALCON_FALCON_MAILBOX1, (uint32_t)(libos_args >> 32));
    return from_bus(bus)->link.fd < 0 ? -ENODEV : 0;
}

static void
bus_close(struct gsp_bus *bus)
{
    struct vfu_bus *b = from_bus(bus);

    while (b->blocks) {
        struct block *next = b->blocks->next;

        free_block(b, b->blocks);
        b->blocks = next;
    }
    vfu_link_close(&b->link);
    if (b->eventfd >= 0)
        close(b->eventfd);
    gsp_host_free(b->host, b);
}

static const struct gsp_bus_ops ops = {
    .name = "vfio-user",
    .config_read = bus_config_read,
    .config_write = bus_config_write,
    .rd32 = bus_rd32,
    .wr32 = bus_wr32,
    .rd_block = bus_rd_block,
    .dma_alloc = bus_dma_alloc,
    .dma_free = bus_dma_free,
    .irq_wait = bus_irq_wait,
    .gone = bus_gone,
    .reset = bus_reset,
    .close = bus_close,
};

static const struct gsp_bus_ops preboot_ops = {
    .name = "vfio-user",
    .config_read = bus_config_read,
    .config_write = bus_config_write,
    .rd32 = bus_rd32,
    .wr32 = bus_wr32,
    .rd_block = bus_rd_block,
    .dma_alloc = bus_dma_alloc,
    .dma_free = bus_dma_free,
    .irq_wait = bus_irq_wait,
    .gone = bus_gone,
    .reset = bus_reset,
    .direct_start = bus_direct_start,
    .close = bus_close,
};

/* Opening */

static int
fail_connect(const char *path, int rc, struct gsp_error *err)
{
    gsp_fail(err, GSP_ORIGIN_TRANSPORT, rc, "vfio-user:%s: %s", path, strerror(-rc));
    if (rc == -ENOENT)
        gsp_hint(err, "start a server there: nvrm-emu --chip AD102 --socket %s", path);
    else if (rc == -ECONNREFUSED)
        gsp_hint(err, "the server that made this socket is gone; start it again");
    else if (rc == -EACCES)
        gsp_hint(err, "connecting takes write permission on the socket, and search on its "
                      "folders");
    return rc;
}

static int
greet(struct vfu_bus *b)
{
    static const char body[] = "\0\0\1\0"
                               "{\"capabilities\":{\"max_msg_fds\":16,"
                               "\"max_data_xfer_size\":1048576}}";
    uint16_t version[2] = {0};
    struct vfu_call call = {.command = VFU_VERSION,
                            .send_fd = -1,
                            .body = body,
                            .body_bytes = sizeof(body),
                            .reply = version,
                            .reply_cap = sizeof(version)};
    int rc = vfu_call(&b->link, &call);

    if (rc == 0 && (call.reply_bytes != sizeof(version) || version[0] != 0 || version[1] > 1))
        return -EPROTO;
    return rc == -ENODEV ? -ECONNRESET : rc;
}

static int
ask_info(struct vfu_bus *b)
{
    const uint32_t ask[4] = {16};
    uint32_t info[4] = {0};
    struct vfu_call call = {.command = VFU_GET_INFO,
                            .send_fd = -1,
                            .body = ask,
                            .body_bytes = sizeof(ask),
                            .reply = info,
                            .reply_cap = sizeof(info)};
    int rc = vfu_call(&b->link, &call);

    if (rc < 0)
        return rc;
    b->flags = info[1];
    return call.reply_bytes == sizeof(info) && info[1] & DEVICE_PCI && info[2] > REGION_CONFIG
               ? 0
               : -ENODEV;
}

static uint32_t
vectors_of(struct vfu_bus *b, uint32_t index)
{
    const uint32_t ask[4] = {16, 0, index, 0};
    uint32_t info[4] = {0};
    struct vfu_call call = {.command = VFU_GET_IRQ_INFO,
                            .send_fd = -1,
                            .body = ask,
                            .body_bytes = sizeof(ask),
                            .reply = info,
                            .reply_cap = sizeof(info)};

    return vfu_call(&b->link, &call) == 0 ? info[3] : 0;
}

/* The best kind of interrupt that there is; a device without one is polled. */
static int
set_up_interrupts(struct vfu_bus *b)
{
    b->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (b->eventfd < 0)
        return -errno;
    for (b->irq_index = IRQ_MSIX; b->irq_index >= 0; b->irq_index--)
        if (vectors_of(b, (uint32_t)b->irq_index) &&
            set_irqs(b, SET_EVENTFD | SET_TRIGGER, b->eventfd) == 0)
            break;
    return b->link.fd < 0 ? -ENODEV : 0;
}

static int
set_up(struct vfu_bus *b, const char *path, struct gsp_error *err)
{
    int rc = greet(b);

    if (rc == -ECONNRESET) {
        gsp_fail(err, GSP_ORIGIN_TRANSPORT, rc, "vfio-user:%s: the server hung up", path);
        gsp_hint(err, "a card has one client: another one may be connected");
        return rc;
    }
    if (rc == 0)
        rc = ask_info(b);
    if (rc == 0)
        rc = set_up_interrupts(b);
    if (rc == 0)
        enable(b);
    if (rc < 0)
        gsp_fail(
            err, rc == -EPROTO || rc == -ETIMEDOUT ? GSP_ORIGIN_PROTOCOL : GSP_ORIGIN_TRANSPORT,
            rc, "vfio-user:%s: no PCI device of protocol 0.1 answers: %s", path, strerror(-rc));
    return rc;
}

int
gsp_bus_vfio_user_open(const struct gsp_vfio_user_config *config, struct gsp_bus **bus_out,
                       struct gsp_error *err)
{
    struct vfu_bus *b = gsp_host_alloc(config->host, sizeof(*b));
    int rc;

    if (!b)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    b->base.ops = config->preboot ? &preboot_ops : &ops;
    b->host = config->host;
    b->eventfd = -1;
    b->irq_index = -1;
    b->next_bus_addr = first_bus_addr;
    rc = vfu_link_open(&b->link, config->path,
                       config->timeout_ns ? config->timeout_ns : UINT64_C(5000000000));
    if (rc < 0) {
        fail_connect(config->path, rc, err);
        goto close_bus;
    }
    rc = set_up(b, config->path, err);
    if (rc < 0)
        goto close_bus;
    *bus_out = &b->base;
    return 0;

close_bus:
    bus_close(&b->base);
    return rc;
}
