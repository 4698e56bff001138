/* SPDX-License-Identifier: MIT */
/*
 * An address space whose page tables nvidia.ko keeps: it maps its memory objects at the
 * addresses that are chosen here. RM takes whole mappings away alone, so what is left of one
 * that is cut is mapped anew.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <gsp/backend.h>

#include "vas_priv.h"

enum { /* NVOS46_FLAGS_* */
       ACCESS_READ_ONLY = 1 << 0,
       CACHE_SNOOP = 1 << 4,
       PAGE_SIZE_SHIFT = 8,
       OFFSET_FIXED = 1 << 15,
};

/* Bits of enum nvmem_map_flags that a client may not ask RM for. */
#define NOT_FOR_CLIENTS                                                                        \
    (NVMEM_MAP_VOLATILE | NVMEM_MAP_PRIVILEGED | NVMEM_MAP_NO_ATOMICS | NVMEM_MAP_NO_COUNTERS)

/* One mapping of RM's. */
struct mapping {
    uint64_t va, bytes, offset, page_bytes;
    uint32_t hMemory, flags; /* NVOS46_FLAGS_* */
    enum nvmem_aperture aperture;
};

struct kernel {
    struct nvmem_vas vas;
    struct gsp_backend *backend;
    uint32_t hClient, hDevice, hDma;
    struct mapping *row; /* in order of addresses */
    size_t count, room;
    uint64_t mapped_bytes;
};

static struct kernel *
kernel_of(struct nvmem_vas *vas)
{
    return (struct kernel *)vas;
}

/* The first mapping that ends past va. */
static size_t
find(const struct kernel *k, uint64_t va)
{
    size_t from = 0, to = k->count;

    while (from < to) {
        const size_t mid = from + (to - from) / 2;

        if (k->row[mid].va + k->row[mid].bytes <= va)
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}

/* Room for `more` rows, so that what follows cannot fail for want of it. */
static int
reserve_rows(struct kernel *k, size_t more, struct gsp_error *err)
{
    size_t room = k->room ? k->room : 16;
    struct mapping *row;

    while (room < k->count + more)
        room *= 2;
    if (room == k->room)
        return 0;
    row = gsp_host_realloc(k->vas.host, k->row, room * sizeof(*row));
    if (!row)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "%s: out of memory for %zu mappings",
                        k->vas.name, room);
    k->row = row;
    k->room = room;
    return 0;
}

static void
insert_row(struct kernel *k, const struct mapping *m)
{
    const size_t i = find(k, m->va);

    memmove(&k->row[i + 1], &k->row[i], (k->count - i) * sizeof(*k->row));
    k->row[i] = *m;
    k->count++;
    k->mapped_bytes += m->bytes;
}

static void
remove_row(struct kernel *k, size_t i)
{
    k->mapped_bytes -= k->row[i].bytes;
    k->count--;
    memmove(&k->row[i], &k->row[i + 1], (k->count - i) * sizeof(*k->row));
}

/* RM */

static struct gsp_map_dma
call_of(const struct kernel *k, const struct mapping *m)
{
    return (struct gsp_map_dma){.hClient = k->hClient,
                                .hDevice = k->hDevice,
                                .hDma = k->hDma,
                                .hMemory = m->hMemory,
                                .offset = m->offset,
                                .bytes = m->bytes,
                                .flags = m->flags,
                                .gpu_va = m->va};
}

static int
rm_map_at(struct kernel *k, const struct mapping *m, struct gsp_error *err)
{
    struct gsp_map_dma call = call_of(k, m);
    int rc = k->backend->ops->map_dma(k->backend, &call, err);

    if (rc < 0)
        return rc;
    if (call.gpu_va != m->va) {
        k->backend->ops->unmap_dma(k->backend, &call, NULL);
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG,
                        "%s: RM mapped at 0x%" PRIx64 " instead of 0x%" PRIx64, k->vas.name,
                        call.gpu_va, m->va);
    }
    insert_row(k, m);
    return 0;
}

static int
rm_unmap_row(struct kernel *k, size_t i, struct gsp_error *err)
{
    const struct gsp_map_dma call = call_of(k, &k->row[i]);
    const int rc = k->backend->ops->unmap_dma(k->backend, &call, err);

    if (!rc)
        remove_row(k, i);
    return rc;
}

/* The part [va, end) of a mapping. */
static struct mapping
part_of(const struct mapping *m, uint64_t va, uint64_t end)
{
    struct mapping part = *m;

    part.va = va;
    part.bytes = end - va;
    part.offset += va - m->va;
    return part;
}

/* Take [va, end) out of row i; what is left before and behind is mapped again. There is room
 * for one row more. */
static int
cut_row(struct kernel *k, size_t i, uint64_t va, uint64_t end, struct gsp_error *err)
{
    const struct mapping whole = k->row[i];
    const uint64_t whole_end = whole.va + whole.bytes;
    int rc = rm_unmap_row(k, i, err);

    if (!rc && whole.va < va) {
        const struct mapping before = part_of(&whole, whole.va, va);

        rc = rm_map_at(k, &before, err);
    }
    if (!rc && end < whole_end) {
        const struct mapping behind = part_of(&whole, end, whole_end);

        rc = rm_map_at(k, &behind, err);
    }
    return rc;
}

/* The first address of [va, end) that is not mapped; end when all are. */
static uint64_t
hole(const struct kernel *k, uint64_t va, uint64_t end)
{
    for (size_t i = find(k, va); va < end; i++) {
        if (i == k->count || k->row[i].va > va)
            return va;
        va = k->row[i].va + k->row[i].bytes;
    }
    return end;
}

static int
kernel_unmap(struct nvmem_vas *vas, uint64_t va, uint64_t bytes, bool holes,
             struct gsp_error *err)
{
    struct kernel *k = kernel_of(vas);
    const uint64_t end = va + bytes, gap = holes ? end : hole(k, va, end);
    int rc = reserve_rows(k, 1, err);

    if (!rc && gap != end)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -ENOENT, "%s: nothing is mapped at 0x%" PRIx64,
                        vas->name, gap);
    while (!rc) {
        const size_t i = find(k, va);

        if (i == k->count || k->row[i].va >= end)
            break;
        rc = cut_row(k, i, va, end, err);
    }
    return rc;
}

/* Mapping */

static int
check_asked(const struct nvmem_vas *vas, const struct vas_map *m, struct gsp_error *err)
{
    static const char *const names[] = {"read-only",  "volatile",    "privileged",
                                        "no atomics", "no counters", "sparse"};
    const uint32_t refused = m->how->flags & (NOT_FOR_CLIENTS | NVMEM_MAP_SPARSE);

    if (m->how->flags >> 6)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "%s: flags 0x%x: not all are known",
                        vas->name, m->how->flags);
    if (refused) {
        gsp_fail(err, GSP_ORIGIN_INPUT, -ENOTSUP,
                 "%s: nvidia.ko cannot be asked for a mapping that is %s", vas->name,
                 names[__builtin_ctz(refused)]);
        gsp_hint(err, "the memory object's own attributes decide, or use a direct space");
        return -ENOTSUP;
    }
    return 0;
}

static int
page_size_flag(const struct nvmem_vas *vas, uint64_t page_bytes, uint32_t *flag_out,
               struct gsp_error *err)
{
    static const struct {
        uint64_t bytes;
        uint32_t flag;
    } rows[] = {
        {0,         0},
        {4096,      1}, /* 4KB */
        {64 << 10,  2}, /* BIG */
        {2 << 20,   4}, /* HUGE */
        {512 << 20, 5},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].bytes == page_bytes) {
            *flag_out = rows[i].flag << PAGE_SIZE_SHIFT;
            return 0;
        }
    return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                    "%s: RM maps no pages of 0x%" PRIx64 " bytes", vas->name, page_bytes);
}

static int
read_map(const struct nvmem_vas *vas, const struct vas_map *m, struct mapping *row_out,
         struct gsp_error *err)
{
    uint32_t flags = 0;
    int rc = check_asked(vas, m, err);

    if (!rc)
        rc = page_size_flag(vas, m->how->page_bytes, &flags, err);
    if (rc < 0)
        return rc;
    if (m->how->flags & NVMEM_MAP_READ_ONLY)
        flags |= ACCESS_READ_ONLY;
    if (m->memory->aperture == NVMEM_SYSTEM)
        flags |= CACHE_SNOOP;
    *row_out = (struct mapping){.va = m->va,
                                .bytes = m->bytes,
                                .offset = m->how->offset,
                                .page_bytes = m->how->page_bytes,
                                .hMemory = m->memory->hMemory,
                                .flags = flags | OFFSET_FIXED,
                                .aperture = m->memory->aperture};
    return 0;
}

/* Rows of [va, end) as they are, so that they can be put back. */
static int
save_rows(struct kernel *k, uint64_t va, uint64_t end, struct mapping **saved_out,
          size_t *count_out, struct gsp_error *err)
{
    const size_t i = find(k, va);
    size_t n = 0;

    while (i + n < k->count && k->row[i + n].va < end)
        n++;
    *saved_out = gsp_host_alloc(k->vas.host, (n + 1) * sizeof(**saved_out));
    if (!*saved_out)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "%s: out of memory for a remap",
                        k->vas.name);
    for (*count_out = 0; *count_out < n; ++*count_out) {
        const struct mapping *m = &k->row[i + *count_out];
        const uint64_t to = m->va + m->bytes;

        (*saved_out)[*count_out] = part_of(m, m->va > va ? m->va : va, to < end ? to : end);
    }
    return 0;
}

static int
replace(struct kernel *k, const struct mapping *row, struct gsp_error *err)
{
    const uint64_t end = row->va + row->bytes;
    struct mapping *saved;
    size_t count = 0;
    int rc = save_rows(k, row->va, end, &saved, &count, err);

    if (rc < 0)
        return rc;
    rc = reserve_rows(k, count + 3, err);
    if (!rc)
        rc = kernel_unmap(&k->vas, row->va, row->bytes, false, err);
    if (!rc) {
        rc = rm_map_at(k, row, err);
        for (size_t i = 0; rc < 0 && i < count; i++)
            if (rm_map_at(k, &saved[i], NULL) < 0)
                gsp_hint(err, "and 0x%" PRIx64 " could not be mapped again as it was",
                         saved[i].va);
    }
    gsp_host_free(k->vas.host, saved);
    return rc;
}

static int
kernel_map(struct nvmem_vas *vas, const struct vas_map *m, struct gsp_error *err)
{
    struct kernel *k = kernel_of(vas);
    struct mapping row;
    int rc = read_map(vas, m, &row, err);
    size_t i;

    if (rc < 0)
        return rc;
    if (m->replace)
        return replace(k, &row, err);
    i = find(k, m->va);
    if (i < k->count && k->row[i].va < m->va + m->bytes)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EEXIST, "%s: something is mapped at 0x%" PRIx64,
                        vas->name, k->row[i].va > m->va ? k->row[i].va : m->va);
    rc = reserve_rows(k, 1, err);
    return rc < 0 ? rc : rm_map_at(k, &row, err);
}

/* The rest */

static int
kernel_merge(struct nvmem_vas *vas, uint64_t va, uint64_t bytes, uint64_t *pages_out,
             struct gsp_error *err)
{
    (void)vas, (void)va, (void)bytes, (void)err;
    *pages_out = 0; /* RM chose the pages */
    return 0;
}

static int
kernel_split(struct nvmem_vas *vas, uint64_t va, uint64_t bytes, uint64_t page_bytes,
             struct gsp_error *err)
{
    (void)va, (void)bytes, (void)page_bytes;
    return gsp_fail(err, GSP_ORIGIN_INPUT, -ENOTSUP,
                    "%s: nvidia.ko chooses the pages of a mapping when it is made", vas->name);
}

/* RM drops translations with every call. */
static int
kernel_flush(struct nvmem_vas *vas, struct gsp_error *err)
{
    (void)vas, (void)err;
    return 0;
}

static struct nvmem_pt_entry
entry_of(const struct mapping *m)
{
    return (struct nvmem_pt_entry){
        .va = m->va,
        .bytes = m->bytes,
        .target = {.aperture = m->aperture,
                   .addr = m->offset,
                   .flags = m->flags & ACCESS_READ_ONLY ? NVMEM_MAP_READ_ONLY : 0,
                   .page_bytes = m->page_bytes},
        .word = m->hMemory,
    };
}

static bool
kernel_walk(struct nvmem_vas *vas, uint64_t va, struct nvmem_pt_entry *entry_out)
{
    const struct kernel *k = kernel_of(vas);
    const size_t i = find(k, va);

    if (i == k->count || k->row[i].va > va) {
        *entry_out = (struct nvmem_pt_entry){.va = va};
        return false;
    }
    *entry_out = entry_of(&k->row[i]);
    return true;
}

static int
kernel_each(struct nvmem_vas *vas, int (*fn)(void *ctx, const struct nvmem_pt_entry *run),
            void *ctx)
{
    const struct kernel *k = kernel_of(vas);
    int rc = 0;

    for (size_t i = 0; i < k->count && !rc; i++) {
        const struct nvmem_pt_entry e = entry_of(&k->row[i]);

        rc = fn(ctx, &e);
    }
    return rc;
}

static void
kernel_stat(struct nvmem_vas *vas, struct nvmem_vas_stat *stat_out)
{
    stat_out->mapped_bytes = kernel_of(vas)->mapped_bytes;
    stat_out->mappings = kernel_of(vas)->count;
}

static void
kernel_destroy(struct nvmem_vas *vas)
{
    struct kernel *k = kernel_of(vas);

    while (k->count)
        if (rm_unmap_row(k, k->count - 1, NULL) < 0)
            remove_row(k, k->count - 1); /* RM has freed the object, and so the mapping */
    gsp_host_free(vas->host, k->row);
    nvmem_vas_fini(vas);
    gsp_host_free(vas->host, k);
}

static const struct vas_ops kernel_ops = {
    .map = kernel_map,
    .unmap = kernel_unmap,
    .merge = kernel_merge,
    .split = kernel_split,
    .flush = kernel_flush,
    .walk = kernel_walk,
    .each = kernel_each,
    .stat = kernel_stat,
    .destroy = kernel_destroy,
};

int
nvmem_vas_create_kernel(const struct nvmem_vas_kernel *config, struct nvmem_vas **vas_out,
                        struct gsp_error *err)
{
    const struct gsp_host *host = config->space.host;
    const struct gsp_backend_ops *ops = config->backend->ops;
    struct kernel *k;
    int rc;

    if (!ops->map_dma || !ops->unmap_dma)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EOPNOTSUPP,
                        "the backend '%s' keeps no page tables: use a direct space", ops->name);
    k = gsp_host_alloc(host, sizeof(*k));
    if (!k)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for an address space");
    rc = nvmem_vas_init(&k->vas, &config->space, UINT64_C(1) << 57, &kernel_ops, err);
    if (rc < 0) {
        gsp_host_free(host, k);
        return rc;
    }
    k->backend = config->backend;
    k->hClient = config->hClient;
    k->hDevice = config->hDevice;
    k->hDma = config->hDma;
    *vas_out = &k->vas;
    return 0;
}
