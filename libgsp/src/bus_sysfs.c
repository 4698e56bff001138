/* SPDX-License-Identifier: MIT */
/*
 * A card through its files in sysfs: config, resourceN, reset.
 *
 * There is no IOMMU mapping to ask for and no interrupt to get this way. DMA memory is huge
 * pages, whose physical addresses /proc/self/pagemap tells to root: one 2 MiB page holds up to
 * 2 MiB, a 1 GiB page more. That works only when bus addresses are physical addresses, that is
 * without an IOMMU or with one in identity mode; anything else is refused. irq_wait() sleeps
 * briefly and has its caller look again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bar_map.h"
#include "pci_priv.h"

enum {
    PCI_COMMAND = 4,
    MEMORY_AND_MASTER = 6,
    PAGE_BYTES = 4096,
    POLL_NS = 200000,
    HUGE_2M_SHIFT = 21,
    HUGE_1G_SHIFT = 30,
};

struct block {
    struct block *next;
    void *cpu;
    size_t mapped_bytes;
};

struct sysfs_bus {
    struct gsp_bus base;
    const struct gsp_host *host;
    char path[256];
    int config_fd;
    struct bar_map bars[BAR_MAPS];
    struct block *blocks;
};

static struct sysfs_bus *
from_bus(struct gsp_bus *bus)
{
    return (struct sysfs_bus *)bus;
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
    uint32_t value = 0;

    if (!sound_config(offset, width))
        return -EINVAL;
    if (pread(from_bus(bus)->config_fd, &value, width, offset) != (ssize_t)width)
        value = UINT32_MAX >> (32 - 8 * width);
    *value_out = value;
    return 0;
}

static int
bus_config_write(struct gsp_bus *bus, uint32_t offset, uint32_t width, uint32_t value)
{
    if (!sound_config(offset, width))
        return -EINVAL;
    return pwrite(from_bus(bus)->config_fd, &value, width, offset) == (ssize_t)width ? 0 : -EIO;
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

/* The page frame is hidden from those without CAP_SYS_ADMIN: it reads as 0. */
static uint64_t
physical_address(const void *cpu)
{
    const int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    const off_t at = (off_t)((uintptr_t)cpu / PAGE_BYTES * sizeof(uint64_t));
    uint64_t entry = 0;

    if (fd < 0)
        return 0;
    if (pread(fd, &entry, sizeof(entry), at) != (ssize_t)sizeof(entry) || !(entry >> 63))
        entry = 0;
    close(fd);
    return (entry & ((UINT64_C(1) << 55) - 1)) * PAGE_BYTES;
}

/* One huge page that holds all of it: contiguous, and it stays where it is. */
static void *
take_huge_page(size_t bytes, size_t *mapped_out)
{
    const unsigned shift = bytes <= (size_t)1 << HUGE_2M_SHIFT ? HUGE_2M_SHIFT : HUGE_1G_SHIFT;
    const size_t page = (size_t)1 << shift;
    void *cpu;

    if (bytes > page)
        return NULL;
    cpu = mmap(NULL, page, PROT_READ | PROT_WRITE,
               MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB | (int)(shift << MAP_HUGE_SHIFT) |
                   MAP_LOCKED | MAP_POPULATE,
               -1, 0);
    *mapped_out = page;
    return cpu == MAP_FAILED ? NULL : cpu;
}

static int
bus_dma_alloc(struct gsp_bus *bus, size_t bytes, struct gsp_dma *dma_out)
{
    struct sysfs_bus *b = from_bus(bus);
    struct block *block;
    uint64_t address;

    if (!bytes || bytes > SIZE_MAX / 2)
        return -ENOMEM;
    bytes = (bytes + PAGE_BYTES - 1) & ~(size_t)(PAGE_BYTES - 1);
    block = gsp_host_alloc(b->host, sizeof(*block));
    if (!block)
        return -ENOMEM;
    block->cpu = take_huge_page(bytes, &block->mapped_bytes);
    address = block->cpu ? physical_address(block->cpu) : 0;
    if (!address) {
        if (block->cpu)
            munmap(block->cpu, block->mapped_bytes);
        gsp_host_free(b->host, block);
        return -ENOMEM;
    }
    block->next = b->blocks;
    b->blocks = block;
    *dma_out = (struct gsp_dma){.cpu = block->cpu, .bus_addr = address, .bytes = bytes};
    return 0;
}

static void
free_block(struct sysfs_bus *b, struct block *block)
{
    munmap(block->cpu, block->mapped_bytes);
    gsp_host_free(b->host, block);
}

static void
bus_dma_free(struct gsp_bus *bus, struct gsp_dma *dma)
{
    struct sysfs_bus *b = from_bus(bus);

    for (struct block **at = &b->blocks; *at; at = &(*at)->next) {
        struct block *block = *at;

        if (block->cpu != dma->cpu)
            continue;
        *at = block->next;
        free_block(b, block);
        break;
    }
    *dma = (struct gsp_dma){0};
}

/* No interrupt comes this way: sleep a little, then let the caller see for itself. */
static int
bus_irq_wait(struct gsp_bus *bus, uint64_t timeout_ns)
{
    const uint64_t ns = timeout_ns < POLL_NS ? timeout_ns : POLL_NS;
    const struct timespec t = {.tv_nsec = (long)ns};

    if (bar_rd32(from_bus(bus)->bars, 0, 0) == UINT32_MAX)
        return -ENODEV;
    if (nanosleep(&t, NULL) < 0)
        return -EINTR;
    return ns < timeout_ns ? 0 : -ETIMEDOUT;
}

static void
enable(struct sysfs_bus *b)
{
    uint32_t command = 0;

    bus_config_read(&b->base, PCI_COMMAND, 2, &command);
    bus_config_write(&b->base, PCI_COMMAND, 2, command | MEMORY_AND_MASTER);
}

static int
bus_reset(struct gsp_bus *bus)
{
    struct sysfs_bus *b = from_bus(bus);
    char path[300];
    int fd, rc = 0;

    snprintf(path, sizeof(path), "%s/reset", b->path);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? -EOPNOTSUPP : -errno;
    if (write(fd, "1", 1) != 1)
        rc = -errno;
    close(fd);
    if (rc == 0)
        enable(b);
    return rc;
}

static void
bus_close(struct gsp_bus *bus)
{
    struct sysfs_bus *b = from_bus(bus);

    while (b->blocks) {
        struct block *next = b->blocks->next;

        free_block(b, b->blocks);
        b->blocks = next;
    }
    for (unsigned i = 0; i < BAR_MAPS; i++)
        bar_unmap(&b->bars[i]);
    if (b->config_fd >= 0)
        close(b->config_fd);
    gsp_host_free(b->host, b);
}

static const struct gsp_bus_ops ops = {
    .name = "sysfs",
    .config_read = bus_config_read,
    .config_write = bus_config_write,
    .rd32 = bus_rd32,
    .wr32 = bus_wr32,
    .bar_at = bus_bar_at,
    .dma_alloc = bus_dma_alloc,
    .dma_free = bus_dma_free,
    .irq_wait = bus_irq_wait,
    .polled = true,
    .reset = bus_reset,
    .close = bus_close,
};

/* Opening */

static int
fail_access(const char *path, int rc, struct gsp_error *err)
{
    gsp_fail(err, GSP_ORIGIN_TRANSPORT, rc, "%s: %s", path, strerror(-rc));
    if (rc == -EACCES || rc == -EPERM)
        gsp_hint(err, "registers through sysfs take root (and a kernel that is not locked "
                      "down); without root, bind the card to vfio-pci");
    return rc;
}

/* Bus addresses are physical ones without an IOMMU, or with one that maps each to itself. */
static int
check_iommu(const struct sysfs_bus *b, const struct pci_node *node, struct gsp_error *err)
{
    char path[300], type[16] = "";
    int fd;

    if (node->iommu_group < 0)
        return 0;
    snprintf(path, sizeof(path), "%s/iommu_group/type", b->path);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        if (read(fd, type, sizeof(type) - 1) < 0)
            type[0] = 0;
        close(fd);
    }
    if (!strncmp(type, "identity", 8))
        return 0;
    gsp_fail(err, GSP_ORIGIN_TRANSPORT, -EOPNOTSUPP,
             "%s: IOMMU group %d translates: DMA cannot be set up through sysfs", b->path,
             node->iommu_group);
    gsp_hint(err, "bind the card to vfio-pci, or boot with iommu=pt (identity domains)");
    return -EOPNOTSUPP;
}

static int
map_bars(struct sysfs_bus *b, struct gsp_error *err)
{
    for (unsigned i = 0; i < BAR_MAPS; i++) {
        char path[300];
        struct stat st;
        int fd, rc = 0;

        snprintf(path, sizeof(path), "%s/resource%u", b->path, i);
        fd = open(path, O_RDWR | O_SYNC | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT)
            continue;
        if (fd < 0)
            return fail_access(path, -errno, err);
        if (fstat(fd, &st) == 0 && st.st_size > 0)
            rc = bar_map(&b->bars[i], fd, 0, (uint64_t)st.st_size);
        close(fd);
        /* I/O ports have a file that cannot be mapped; registers must be. */
        if (rc < 0 && i == 0)
            return fail_access(path, rc, err);
    }
    if (b->bars[0].base)
        return 0;
    return gsp_fail(err, GSP_ORIGIN_TRANSPORT, -ENODEV, "%s: no BAR0: the card is disabled",
                    b->path);
}

int
bus_sysfs_open(const struct gsp_pci_open_config *config, const struct pci_node *node,
               struct gsp_bus **bus_out, struct gsp_error *err)
{
    struct sysfs_bus *b = gsp_host_alloc(config->host, sizeof(*b));
    char path[300];
    int rc;

    if (!b)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    b->base = (struct gsp_bus){.ops = &ops, .bdf = node->bdf};
    b->host = config->host;
    snprintf(b->path, sizeof(b->path), "%s", node->path);
    snprintf(path, sizeof(path), "%s/config", node->path);
    b->config_fd = open(path, O_RDWR | O_CLOEXEC);
    rc = b->config_fd < 0 ? fail_access(path, -errno, err) : check_iommu(b, node, err);
    if (rc == 0)
        rc = map_bars(b, err);
    if (rc < 0) {
        bus_close(&b->base);
        return rc;
    }
    enable(b);
    *bus_out = &b->base;
    return 0;
}
