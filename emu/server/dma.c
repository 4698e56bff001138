/* SPDX-License-Identifier: MIT */
/*
 * Maps of client memory, sorted by bus address, and the guard against files that shrink.
 */
#include "dma.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "proto.h"

#define PAGE_BYTES 4096u

/* What the signal handler may replace: a handler gets no context, hence the one table of the
 * process. It runs in the thread that touched the memory, never while the table changes. */
static struct {
    struct {
        uint8_t *base;
        size_t bytes;
    } * ranges;
    unsigned count, cap;
} guarded;

static void
on_sigbus(int signal_number, siginfo_t *info, void *context)
{
    const uint8_t *at = info->si_addr;

    (void)context;
    for (unsigned i = 0; i < guarded.count; i++) {
        uint8_t *base = guarded.ranges[i].base;

        if (at >= base && (size_t)(at - base) < guarded.ranges[i].bytes &&
            mmap(base, guarded.ranges[i].bytes, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) == base)
            return;
    }
    signal(signal_number, SIG_DFL); /* not ours: die of it on return */
}

int
vu_dma_guard(void)
{
    struct sigaction action = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO};

    sigemptyset(&action.sa_mask);
    return sigaction(SIGBUS, &action, NULL) < 0 ? -errno : 0;
}

static int
guard_add(uint8_t *base, size_t bytes)
{
    if (guarded.count == guarded.cap) {
        const unsigned cap = guarded.cap ? 2 * guarded.cap : 16;
        void *grown = realloc(guarded.ranges, cap * sizeof(guarded.ranges[0]));

        if (!grown)
            return -ENOMEM;
        guarded.ranges = grown;
        guarded.cap = cap;
    }
    guarded.ranges[guarded.count].base = base;
    guarded.ranges[guarded.count++].bytes = bytes;
    return 0;
}

static void
guard_remove(const uint8_t *base)
{
    for (unsigned i = 0; i < guarded.count; i++) {
        if (guarded.ranges[i].base != base)
            continue;
        guarded.ranges[i] = guarded.ranges[--guarded.count];
        break;
    }
    if (guarded.count)
        return;
    free(guarded.ranges);
    guarded.ranges = NULL;
    guarded.cap = 0;
}

/* Index of the first map that ends behind bus_addr. */
static unsigned
find(const struct vu_dma *dma, uint64_t bus_addr)
{
    unsigned low = 0, high = dma->count;

    while (low < high) {
        const unsigned mid = (low + high) / 2;

        if (dma->maps[mid].bus_addr + (dma->maps[mid].bytes - 1) < bus_addr)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static int
make_room(struct vu_dma *dma)
{
    const unsigned cap = dma->cap ? 2 * dma->cap : 16;
    struct vu_map *grown;

    if (dma->count == VU_MAX_MAPS)
        return -ENOSPC;
    if (dma->count < dma->cap)
        return 0;
    grown = realloc(dma->maps, cap * sizeof(*grown));
    if (!grown)
        return -ENOMEM;
    dma->maps = grown;
    dma->cap = cap;
    return 0;
}

/* The file must hold the whole range now; see the guard for later. Devices such as udmabuf
 * have no size to ask for. */
static bool
file_holds(int fd, uint64_t offset, uint64_t bytes)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return false;
    return !S_ISREG(st.st_mode) ||
           (offset <= (uint64_t)st.st_size && bytes <= (uint64_t)st.st_size - offset);
}

static int
map_file(int fd, uint64_t offset, uint64_t bytes, uint32_t flags, uint8_t **cpu_out)
{
    const int share = flags & VU_DMA_WRITEABLE ? MAP_SHARED : MAP_PRIVATE;
    void *cpu;
    int rc;

    if (bytes > SIZE_MAX || offset > INT64_MAX || !file_holds(fd, offset, bytes))
        return -EINVAL;
    cpu = mmap(NULL, bytes, PROT_READ | PROT_WRITE, share | MAP_NORESERVE, fd, (off_t)offset);
    if (cpu == MAP_FAILED)
        return -errno;
    rc = guard_add(cpu, bytes);
    if (rc < 0) {
        munmap(cpu, bytes);
        return rc;
    }
    *cpu_out = cpu;
    return 0;
}

static void
unmap_file(const struct vu_map *map)
{
    if (!map->cpu)
        return;
    guard_remove(map->cpu);
    munmap(map->cpu, map->bytes);
}

int
vu_dma_map(struct vu_dma *dma, int fd, uint64_t offset, uint64_t bus_addr, uint64_t bytes,
           uint32_t flags)
{
    struct vu_map map = {.bus_addr = bus_addr, .bytes = bytes};
    const unsigned at = find(dma, bus_addr);
    int rc;

    if (!bytes || bytes % PAGE_BYTES || bus_addr % PAGE_BYTES || offset % PAGE_BYTES ||
        bytes - 1 > UINT64_MAX - bus_addr || !flags ||
        flags & ~(uint32_t)(VU_DMA_READABLE | VU_DMA_WRITEABLE))
        return -EINVAL;
    if (at < dma->count && dma->maps[at].bus_addr <= bus_addr + (bytes - 1))
        return -EEXIST;
    rc = make_room(dma);
    if (rc == 0 && fd >= 0)
        rc = map_file(fd, offset, bytes, flags, &map.cpu);
    if (rc < 0)
        return rc;
    memmove(&dma->maps[at + 1], &dma->maps[at], (dma->count - at) * sizeof(map));
    dma->maps[at] = map;
    dma->count++;
    return 0;
}

int
vu_dma_unmap(struct vu_dma *dma, uint64_t bus_addr, uint64_t bytes)
{
    const unsigned at = find(dma, bus_addr);

    if (at == dma->count || dma->maps[at].bus_addr != bus_addr || dma->maps[at].bytes != bytes)
        return -ENOENT;
    unmap_file(&dma->maps[at]);
    memmove(&dma->maps[at], &dma->maps[at + 1], (dma->count - at - 1) * sizeof(dma->maps[0]));
    dma->count--;
    return 0;
}

void
vu_dma_fini(struct vu_dma *dma)
{
    for (unsigned i = 0; i < dma->count; i++)
        unmap_file(&dma->maps[i]);
    free(dma->maps);
    *dma = (struct vu_dma){0};
}

void *
vu_dma_at(const struct vu_dma *dma, uint64_t bus_addr, uint64_t bytes)
{
    const unsigned at = find(dma, bus_addr);
    const struct vu_map *map = at < dma->count ? &dma->maps[at] : NULL;

    if (!map || !map->cpu || bus_addr < map->bus_addr ||
        bytes > map->bytes - (bus_addr - map->bus_addr))
        return NULL;
    return map->cpu + (bus_addr - map->bus_addr);
}
