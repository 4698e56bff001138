/* SPDX-License-Identifier: MIT */
/*
 * The heap: checks a request, picks a region, cuts a free range, joins it again when it comes
 * back. Lists of free ranges are in heap_fit.c, storage of nodes in heap_node.c, reports in
 * heap_report.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <nvmem/heap.h>

#include "heap_priv.h"

/* Creation */

static int
check_config(const struct nvmem_heap_config *config, const struct nvmem_region *regions,
             unsigned count, struct gsp_error *err)
{
    const char *name = config->name ? config->name : "heap";
    const uint64_t granule = config->granule_bytes ? config->granule_bytes : 4096;

    if (granule & (granule - 1))
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "%s: a granule of %" PRIu64 " bytes is no power of two", name, granule);
    if (!count || count > MAX_REGIONS)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "%s: %u regions; 1 to %d are possible",
                        name, count, MAX_REGIONS);
    for (unsigned i = 0; i < count; i++) {
        const struct nvmem_region *r = &regions[i];

        if (r->bytes > UINT64_MAX - r->base || (r->base + r->bytes) / granule > NODE_VALUE)
            return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                            "%s: region %u ends past the addresses there are", name, i);
        for (unsigned k = 0; k < i; k++)
            if (r->base < regions[k].base + regions[k].bytes &&
                regions[k].base < r->base + r->bytes)
                return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                                "%s: regions %u and %u overlap at 0x%" PRIx64, name, k, i,
                                r->base > regions[k].base ? r->base : regions[k].base);
    }
    return 0;
}

/* Regions in the order in which they are tried: the given one among equals. */
static void
sort_regions(struct nvmem_heap *heap, const struct nvmem_region *regions, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        unsigned k = i;

        for (; k && heap->region[k - 1].given.performance < regions[i].performance; k--) {
            heap->region[k].given = heap->region[k - 1].given;
            heap->region[k].index = heap->region[k - 1].index;
        }
        heap->region[k].given = regions[i];
        heap->region[k].index = i;
    }
    heap->region_count = count;
}

static int
fill_region(struct nvmem_heap *heap, unsigned r)
{
    struct region *region = &heap->region[r];
    const uint64_t granule = UINT64_C(1) << heap->shift;
    const uint64_t from = (region->given.base + granule - 1) >> heap->shift;
    const uint64_t to = (region->given.base + region->given.bytes) >> heap->shift;
    const bool reserved = region->given.flags & NVMEM_RESERVED;
    struct node *n;

    memset(region->head, 0xff, sizeof(region->head));
    region->first = region->last = NO_NODE;
    if (to <= from)
        return 0;
    if (nvmem_heap_nodes_reserve(heap, 1) < 0)
        return -ENOMEM;
    region->first = region->last = heap_node_take(heap);
    n = heap_node(heap, region->first);
    n->place =
        from | (uint64_t)r << 48 | (uint64_t)(reserved ? NODE_RESERVED : NODE_FREE) << 56;
    n->extent = to - from;
    n->prev = n->next = NO_NODE;
    if (reserved)
        return 0;
    heap_link(heap, region, region->first);
    heap->stat.total_bytes += (to - from) << heap->shift;
    heap->stat.free_ranges++;
    return 0;
}

int
nvmem_heap_create(const struct nvmem_heap_config *config, const struct nvmem_region *regions,
                  unsigned count, struct nvmem_heap **heap_out, struct gsp_error *err)
{
    const uint64_t granule = config->granule_bytes ? config->granule_bytes : 4096;
    int rc = check_config(config, regions, count, err);
    struct nvmem_heap *heap;

    if (rc < 0)
        return rc;
    heap = gsp_host_alloc(config->host, sizeof(*heap) + count * sizeof(heap->region[0]));
    if (!heap)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for a heap");
    heap->host = config->host;
    snprintf(heap->name, sizeof(heap->name), "%s", config->name ? config->name : "heap");
    heap->shift = (unsigned)__builtin_ctzll(granule);
    heap->threads = config->threads;
    heap->times = config->times;
    heap->base_ns = config->times ? gsp_host_now_ns(config->host) : 0;
    heap->salt = (uintptr_t)heap * UINT64_C(0xbf58476d1ce4e5b9);
    heap->unused = NO_NODE;
    heap->stat.metadata_bytes = sizeof(*heap) + count * sizeof(heap->region[0]);
    pthread_mutex_init(&heap->lock, NULL);
    sort_regions(heap, regions, count);
    for (unsigned r = 0; r < count; r++)
        heap->any_protected |= (regions[r].flags & NVMEM_PROTECTED) != 0;
    for (unsigned r = 0; r < count; r++)
        if (fill_region(heap, r) < 0) {
            nvmem_heap_destroy(heap);
            return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for a heap");
        }
    if (nvmem_heap_park_init(heap) < 0) {
        nvmem_heap_destroy(heap);
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for a heap");
    }
    *heap_out = heap;
    return 0;
}

void
nvmem_heap_destroy(struct nvmem_heap *heap)
{
    if (!heap)
        return;
    nvmem_heap_nodes_free(heap);
    gsp_host_free(heap->host, heap->parked);
    pthread_mutex_destroy(&heap->lock);
    gsp_host_free(heap->host, heap);
}

uint64_t
nvmem_heap_granule(const struct nvmem_heap *heap)
{
    return UINT64_C(1) << heap->shift;
}

/* Allocation */

uint32_t
nvmem_heap_time_ms(const struct nvmem_heap *heap)
{
    if (!heap->times)
        return 0;
    return (uint32_t)((gsp_host_now_ns(heap->host) - heap->base_ns) / 1000000 + 1);
}

/* The request in granules. */
static int
read_request(const struct nvmem_heap *heap, const struct nvmem_request *q, struct fit *fit,
             struct gsp_error *err)
{
    const uint64_t granule = UINT64_C(1) << heap->shift;
    uint64_t align = q->align > q->page_bytes ? q->align : q->page_bytes;
    uint64_t unit = q->page_bytes > granule ? q->page_bytes : granule;

    align = align > granule ? align : granule;
    if (!q->bytes || q->bytes > UINT64_MAX - unit)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "%s: %" PRIu64 " bytes cannot be allocated", heap->name, q->bytes);
    if ((q->align & (q->align - 1)) || (q->page_bytes & (q->page_bytes - 1)))
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "%s: alignment %" PRIu64 ", pages of %" PRIu64
                        " bytes: both must be powers of two",
                        heap->name, q->align, q->page_bytes);
    if ((q->flags & NVMEM_FIXED) && (q->fixed_addr & (align - 1)))
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "%s: the fixed address 0x%" PRIx64 " is no multiple of %" PRIu64,
                        heap->name, q->fixed_addr, align);
    fit->size = ((q->bytes + unit - 1) & ~(unit - 1)) >> heap->shift;
    fit->align = align >> heap->shift;
    fit->min = (q->min_addr >> heap->shift) + ((q->min_addr & (granule - 1)) != 0);
    fit->max = q->max_addr && q->max_addr != UINT64_MAX ? (q->max_addr + 1) >> heap->shift
                                                        : UINT64_MAX >> 1;
    fit->top_down = q->flags & NVMEM_TOP_DOWN;
    return 0;
}

/* Whether a request may be served from the region at all. */
static inline bool
suits(const struct region *region, uint32_t need)
{
    const uint32_t flags = region->given.flags;

    return !(flags & NVMEM_RESERVED) && (flags & need) == need &&
           ((flags & NVMEM_PROTECTED) == (need & NVMEM_PROTECTED));
}

/* A node for [addr, addr + size) between two that follow each other; one may be NO_NODE. */
static uint32_t
insert(struct nvmem_heap *heap, unsigned r, uint32_t prev, uint32_t next, uint64_t addr,
       uint64_t size, enum node_state state)
{
    const uint32_t i = heap_node_take(heap);
    struct node *n = heap_node(heap, i);

    n->place = addr | (uint64_t)r << 48 | (uint64_t)state << 56;
    n->extent = size;
    n->prev = prev;
    n->next = next;
    if (prev != NO_NODE)
        heap_node(heap, prev)->next = i;
    else
        heap->region[r].first = i;
    if (next != NO_NODE)
        heap_node(heap, next)->prev = i;
    else
        heap->region[r].last = i;
    return i;
}

/* Cut [addr, addr + size) out of the free range i; two nodes can be taken. What is left of the
 * range keeps its node, and so its list where it can. */
static uint32_t
carve(struct nvmem_heap *heap, unsigned r, uint32_t i, uint64_t addr, uint64_t size)
{
    struct region *region = &heap->region[r];
    struct node *n = heap_node(heap, i);
    const uint64_t from = node_addr(n), to = from + node_size(n);
    uint32_t used;

    if (addr == from && to == addr + size) {
        heap_prefetch(heap, n->next);
        heap_unlink(heap, region, i);
        n->place ^= (uint64_t)(NODE_USED ^ NODE_FREE) << 56;
        heap->stat.free_ranges--;
        return i;
    }
    if (addr == from) {
        used = insert(heap, r, n->prev, i, addr, size, NODE_USED);
        heap_resize(heap, region, i, addr + size, to - addr - size);
        return used;
    }
    heap_resize(heap, region, i, from, addr - from);
    used = insert(heap, r, i, n->next, addr, size, NODE_USED);
    if (to > addr + size) {
        heap_link(heap, region,
                  insert(heap, r, used, heap_node(heap, used)->next, addr + size,
                         to - addr - size, NODE_FREE));
        heap->stat.free_ranges++;
    }
    return used;
}

static int
no_room(struct nvmem_heap *heap, const struct nvmem_request *q, const struct fit *fit,
        struct gsp_error *err)
{
    uint64_t largest = 0;
    bool suit = false;

    heap->stat.failures++;
    if (q->flags & NVMEM_FIXED)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EEXIST,
                        "%s: 0x%" PRIx64 " .. 0x%" PRIx64 " is not free", heap->name,
                        q->fixed_addr, q->fixed_addr + (fit->size << heap->shift) - 1);
    if (!err)
        return -ENOSPC;
    for (unsigned r = 0; r < heap->region_count; r++)
        if (suits(&heap->region[r], q->need)) {
            const uint64_t most = nvmem_heap_largest(heap, &heap->region[r]);

            largest = most > largest ? most : largest;
            suit = true;
        }
    gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOSPC,
             "%s: no room for %" PRIu64 " bytes aligned to %" PRIu64 "; %" PRIu64 " of %" PRIu64
             " are free, the largest piece has %" PRIu64,
             heap->name, fit->size << heap->shift, fit->align << heap->shift,
             heap->stat.total_bytes - heap->stat.used_bytes, heap->stat.total_bytes,
             largest << heap->shift);
    if (!suit)
        gsp_hint(err, "no region has all of the attributes 0x%x that are needed", q->need);
    else if (q->min_addr || q->max_addr)
        gsp_hint(err, "the request is limited to 0x%" PRIx64 " .. 0x%" PRIx64, q->min_addr,
                 q->max_addr);
    return -ENOSPC;
}

static uint32_t
find(const struct nvmem_heap *heap, const struct region *region, const struct nvmem_request *q,
     const struct fit *fit, uint64_t *addr_out)
{
    if (!(q->flags & NVMEM_FIXED))
        return nvmem_heap_find(heap, region, fit, addr_out);
    *addr_out = q->fixed_addr >> heap->shift;
    if (*addr_out < fit->min || *addr_out + fit->size > fit->max)
        return NO_NODE;
    return nvmem_heap_find_at(heap, region, *addr_out, fit->size);
}

/* The node is written and not read: with many ranges out it is far away. */
static void
hand_out(struct nvmem_heap *heap, uint32_t i, uint64_t addr, uint64_t size, uint32_t owner,
         struct nvmem_range *range_out)
{
    struct node *n = heap_node(heap, i);
    struct nvmem_heap_stat *stat = &heap->stat;

    n->use.owner = owner;
    n->use.time_ms = nvmem_heap_time_ms(heap);
    range_out->addr = addr << heap->shift;
    range_out->bytes = size << heap->shift;
    range_out->id = heap_id(heap, i, range_out->addr, range_out->bytes);
    stat->allocs++;
    stat->used_ranges++;
    stat->used_bytes += range_out->bytes;
    if (stat->used_bytes > stat->peak_bytes)
        stat->peak_bytes = stat->used_bytes;
}

/* A parked range of this very size, for a request that leaves the place open. */
static uint32_t
take_parked(struct nvmem_heap *heap, const struct nvmem_request *q, const struct fit *fit,
            uint64_t *addr_out)
{
    if (q->flags || q->min_addr || q->max_addr || q->need)
        return NO_NODE;
    return heap_take_parked(heap, fit->size, fit->align, addr_out);
}

/* A range from the lists, cut out; NO_NODE when there is none. */
static uint32_t
take_listed(struct nvmem_heap *heap, const struct nvmem_request *q, const struct fit *fit,
            uint64_t *addr_out)
{
    for (unsigned r = 0; r < heap->region_count; r++) {
        uint32_t i;

        if (!suits(&heap->region[r], q->need))
            continue;
        i = find(heap, &heap->region[r], q, fit, addr_out);
        if (i != NO_NODE)
            return carve(heap, r, i, *addr_out, fit->size);
    }
    return NO_NODE;
}

int
nvmem_heap_alloc_locked(struct nvmem_heap *heap, const struct nvmem_request *q,
                        struct nvmem_range *range_out, struct gsp_error *err)
{
    struct fit fit;
    uint64_t addr;
    uint32_t i;
    int rc = read_request(heap, q, &fit, err);

    if (rc < 0)
        return rc;
    i = take_parked(heap, q, &fit, &addr);
    if (i == NO_NODE) {
        if (heap->unused_count < 2 && nvmem_heap_nodes_reserve(heap, 2) < 0)
            return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "%s: out of memory for bookkeeping",
                            heap->name);
        i = take_listed(heap, q, &fit, &addr);
        if (i == NO_NODE && nvmem_heap_unpark(heap))
            i = take_listed(heap, q, &fit, &addr);
        if (i == NO_NODE)
            return no_room(heap, q, &fit, err);
    }
    hand_out(heap, i, addr, fit.size, q->owner, range_out);
    return 0;
}

int
nvmem_heap_alloc(struct nvmem_heap *heap, const struct nvmem_request *request,
                 struct nvmem_range *range_out, struct gsp_error *err)
{
    int rc;

    heap_lock(heap);
    rc = nvmem_heap_alloc_locked(heap, request, range_out, err);
    heap_unlock(heap);
    return rc;
}

/* Free */

int
nvmem_heap_out(const struct nvmem_heap *heap, const struct nvmem_range *range)
{
    const uint32_t i = (uint32_t)range->id;

    if (range->id >> 48 != heap_tag(heap, range->addr, range->bytes) ||
        i >= __atomic_load_n(&heap->fresh, __ATOMIC_RELAXED))
        return -ENOENT;
    return heap_generation(heap, i) == (uint16_t)(range->id >> 32) ? 0 : -EALREADY;
}

int
nvmem_heap_free_error(const struct nvmem_heap *heap, const struct nvmem_range *range, int rc,
                      struct gsp_error *err)
{
    return gsp_fail(err, GSP_ORIGIN_INPUT, rc,
                    rc == -EALREADY ? "%s: 0x%" PRIx64 " (%" PRIu64 " bytes) was freed before"
                                    : "%s: 0x%" PRIx64 " (%" PRIu64
                                      " bytes) is no range of this heap",
                    heap->name, range->addr, range->bytes);
}

static bool
is_free(const struct nvmem_heap *heap, uint32_t i)
{
    return i != NO_NODE && node_state(heap_node(heap, i)) == NODE_FREE;
}

/* The node i, on no list, is taken out of the order of addresses. */
static void
remove_node(struct nvmem_heap *heap, struct region *region, uint32_t i)
{
    const struct node *n = heap_node(heap, i);

    if (n->prev != NO_NODE)
        heap_node(heap, n->prev)->next = n->next;
    else
        region->first = n->next;
    if (n->next != NO_NODE)
        heap_node(heap, n->next)->prev = n->prev;
    else
        region->last = n->prev;
    heap_node_drop(heap, i);
}

void
nvmem_heap_set_free(struct nvmem_heap *heap, struct region *region, uint32_t i)
{
    struct node *n = heap_node(heap, i);
    const uint32_t prev = n->prev, next = n->next;
    const bool with_prev = is_free(heap, prev), with_next = is_free(heap, next);
    uint64_t addr = node_addr(n), size = node_size(n);
    uint32_t keep;

    if (!with_prev && !with_next) {
        n->place ^= (uint64_t)(NODE_USED ^ NODE_FREE) << 56;
        heap_link(heap, region, i);
        heap->stat.free_ranges++;
        return;
    }
    remove_node(heap, region, i);
    if (with_prev) {
        addr = node_addr(heap_node(heap, prev));
        size += node_size(heap_node(heap, prev));
    }
    if (with_next)
        size += node_size(heap_node(heap, next));
    keep = with_prev ? prev : next;
    if (with_prev &&
        with_next) { /* the older node stays: chunks of newer ones can be trimmed */
        const uint32_t drop = prev < next ? next : prev;

        keep = prev + next - drop;
        heap_unlink(heap, region, drop);
        remove_node(heap, region, drop);
        heap->stat.free_ranges--;
    }
    heap_resize(heap, region, keep, addr, size);
}

/* An id that somebody made up, and that looks right, ends here at the latest. */
static bool
is_range_of(const struct node *n, uint64_t addr, uint64_t size)
{
    return node_state(n) == NODE_USED && node_addr(n) == addr && node_size(n) == size;
}

int
nvmem_heap_free_locked(struct nvmem_heap *heap, const struct nvmem_range *range,
                       struct gsp_error *err)
{
    const uint32_t i = (uint32_t)range->id;
    const uint64_t addr = range->addr >> heap->shift, size = range->bytes >> heap->shift;
    const int rc = nvmem_heap_out(heap, range);

    if (rc < 0)
        return nvmem_heap_free_error(heap, range, rc, err);
    if (!heap_park(heap, i, addr, size)) {
        const struct node *n = heap_node(heap, i);

        if (!is_range_of(n, addr, size))
            return nvmem_heap_free_error(heap, range, -ENOENT, err);
        heap_prefetch(heap, n->next);
        heap_prefetch(heap, n->prev);
        nvmem_heap_set_free(heap, &heap->region[node_region(n)], i);
    }
    heap_renew(heap, i);
    heap->stat.frees++;
    heap->stat.used_ranges--;
    heap->stat.used_bytes -= range->bytes;
    return 0;
}

int
nvmem_heap_free(struct nvmem_heap *heap, const struct nvmem_range *range, struct gsp_error *err)
{
    int rc;

    heap_lock(heap);
    rc = nvmem_heap_free_locked(heap, range, err);
    heap_unlock(heap);
    return rc;
}

int
nvmem_heap_check(struct nvmem_heap *heap, const struct nvmem_range *range,
                 struct gsp_error *err)
{
    int rc;

    heap_lock(heap);
    rc = nvmem_heap_out(heap, range);
    heap_unlock(heap);
    return rc < 0 ? nvmem_heap_free_error(heap, range, rc, err) : 0;
}
