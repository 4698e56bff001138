/* SPDX-License-Identifier: MIT */
/* What the heap's files share: bookkeeping of spans, and the lists of free ones. */
#ifndef NVMEM_HEAP_PRIV_H
#define NVMEM_HEAP_PRIV_H

#include <nvmem/heap.h>
#include <pthread.h>

enum {
    SL_BITS = 5, /* 32 classes to each power of two: at most 3 % of a range is searched past */
    SL_COUNT = 1 << SL_BITS,
    FL_COUNT = 48 - SL_BITS + 1,
    CHUNK_BITS = 6, /* the first chunk has 64 nodes, each further one twice as many */
    CHUNKS = 32 - CHUNK_BITS,
    MAX_REGIONS = 255,
    NAME_BYTES = 32,
    PARKED_SIZES = 256, /* granules; sizes below may be parked */
    PARKED_DEPTH = 32,
    PARKED_SHARE = 5, /* at most 1/32 of the heap is */
};

/* A range that was freed may be parked (heap_park.c): to its neighbours it is still used. */
enum node_state { NODE_UNUSED, NODE_FREE, NODE_USED, NODE_RESERVED };

#define NODE_VALUE UINT64_C(0xffffffffffff) /* 48 bits of place: granules */
#define NO_NODE    UINT32_MAX

/* 32 bytes, two to a cache line. Addresses and sizes are in granules. */
struct node {
    uint64_t place;      /* address, region << 48, state << 56 */
    uint64_t extent;     /* size */
    uint32_t prev, next; /* by address */
    union {
        struct {
            uint32_t prev, next; /* NODE_FREE: in its class; NODE_UNUSED: next alone */
        } list;
        struct {
            uint32_t owner, time_ms; /* NODE_USED */
        } use;
    };
};
_Static_assert(sizeof(struct node) == 32, "two nodes to a cache line");

struct region {
    struct nvmem_region given;
    unsigned index;        /* as given */
    uint32_t first, last;  /* nodes */
    uint64_t fl;           /* which first levels have a free range */
    uint32_t sl[FL_COUNT]; /* which second levels */
    uint32_t head[FL_COUNT][SL_COUNT];
};

/* Ranges that were freed and wait for a request of their size, the newest last. */
struct parked {
    uint64_t first, end; /* granules of the region whose ranges are parked */
    uint64_t granules, max;
    struct region *region;
    uint32_t count[PARKED_SIZES]; /* by size in granules */
    uint32_t node[PARKED_SIZES][PARKED_DEPTH];
    uint64_t place[PARKED_SIZES][PARKED_DEPTH];
};

struct nvmem_heap {
    const struct gsp_host *host;
    char name[NAME_BYTES];
    unsigned shift; /* of the granule */
    bool threads, times, any_protected;
    uint64_t salt; /* of every id's tag */
    pthread_mutex_t lock;
    struct node *chunk[CHUNKS];
    uintptr_t origin[CHUNKS];     /* where node 0 would be, if chunks followed each other */
    uintptr_t gen_origin[CHUNKS]; /* likewise where its generation would be */
    uint16_t generation[CHUNKS];  /* that a chunk's nodes start with */
    uint32_t fresh, capacity;     /* nodes never used begin here; nodes there are */
    uint32_t unused;              /* list of NODE_UNUSED */
    uint32_t unused_count;
    struct parked *parked;
    uint64_t base_ns;
    struct nvmem_heap_stat stat;
    unsigned region_count;
    struct region region[]; /* best performance first */
};

/* Which chunk node i is in. */
static inline uint32_t
heap_chunk(uint32_t i)
{
    return 31u - CHUNK_BITS - (uint32_t)__builtin_clz(i + (1u << CHUNK_BITS));
}

static inline struct node *
heap_node(const struct nvmem_heap *heap, uint32_t i)
{
    return (struct node *)(heap->origin[heap_chunk(i)] + i * sizeof(struct node));
}

static inline uint64_t
node_addr(const struct node *n)
{
    return n->place & NODE_VALUE;
}

static inline unsigned
node_region(const struct node *n)
{
    return n->place >> 48 & 0xff;
}

static inline enum node_state
node_state(const struct node *n)
{
    return (enum node_state)(n->place >> 56);
}

static inline uint64_t
node_size(const struct node *n)
{
    return n->extent;
}

/* How often the node was given out. Beside the nodes, 2 bytes each, so that a million of them
 * are found in a processor's cache where nodes are not. A thread's cache renews that of a range
 * it holds without the lock. */
static inline uint16_t *
heap_gen(const struct nvmem_heap *heap, uint32_t i)
{
    return (uint16_t *)(heap->gen_origin[heap_chunk(i)] + i * sizeof(uint16_t));
}

static inline uint16_t
heap_generation(const struct nvmem_heap *heap, uint32_t i)
{
    return __atomic_load_n(heap_gen(heap, i), __ATOMIC_RELAXED);
}

static inline void
heap_renew(struct nvmem_heap *heap, uint32_t i)
{
    uint16_t *g = heap_gen(heap, i);

    __atomic_store_n(g, (uint16_t)(__atomic_load_n(g, __ATOMIC_RELAXED) + 1), __ATOMIC_RELAXED);
}

/* Ties an id to the range and the heap that it names, so that a range can be believed without
 * its node. Never 0. */
static inline uint64_t
heap_tag(const struct nvmem_heap *heap, uint64_t addr, uint64_t bytes)
{
    const uint64_t h = (addr ^ (bytes << 24 | bytes >> 40)) + heap->salt;

    return (h * UINT64_C(0x9e3779b97f4a7c15)) >> 48 | 1;
}

/* Which id a range of this node has now: tag, generation, index. */
static inline uint64_t
heap_id(const struct nvmem_heap *heap, uint32_t i, uint64_t addr, uint64_t bytes)
{
    return heap_tag(heap, addr, bytes) << 48 | (uint64_t)heap_generation(heap, i) << 32 | i;
}

static inline void
heap_lock(struct nvmem_heap *heap)
{
    if (heap->threads)
        pthread_mutex_lock(&heap->lock);
}

static inline void
heap_unlock(struct nvmem_heap *heap)
{
    if (heap->threads)
        pthread_mutex_unlock(&heap->lock);
}

/* Lists of free ranges */

struct size_class {
    unsigned fl, sl;
};

/** The list that a free range of this size is on. */
static inline struct size_class
class_of(uint64_t size)
{
    unsigned log2;

    if (size < SL_COUNT)
        return (struct size_class){0, (unsigned)size};
    log2 = 63u - (unsigned)__builtin_clzll(size);
    return (struct size_class){log2 - SL_BITS + 1, size >> (log2 - SL_BITS) & (SL_COUNT - 1)};
}

static inline void
heap_link(struct nvmem_heap *heap, struct region *region, uint32_t i)
{
    struct node *n = heap_node(heap, i);
    const struct size_class c = class_of(node_size(n));
    uint32_t *head = &region->head[c.fl][c.sl];

    n->list.prev = NO_NODE;
    n->list.next = *head;
    if (*head != NO_NODE)
        heap_node(heap, *head)->list.prev = i;
    *head = i;
    region->fl |= UINT64_C(1) << c.fl;
    region->sl[c.fl] |= 1u << c.sl;
}

static inline void
heap_unlink(struct nvmem_heap *heap, struct region *region, uint32_t i)
{
    const struct node *n = heap_node(heap, i);

    if (n->list.next != NO_NODE)
        heap_node(heap, n->list.next)->list.prev = n->list.prev;
    if (n->list.prev != NO_NODE) {
        heap_node(heap, n->list.prev)->list.next = n->list.next;
    } else {
        const struct size_class c = class_of(node_size(n));

        region->head[c.fl][c.sl] = n->list.next;
        if (n->list.next == NO_NODE) {
            region->sl[c.fl] &= ~(1u << c.sl);
            if (!region->sl[c.fl])
                region->fl &= ~(UINT64_C(1) << c.fl);
        }
    }
}

/** Give a free range another place and size. Most often it stays on its list. */
static inline void
heap_resize(struct nvmem_heap *heap, struct region *region, uint32_t i, uint64_t addr,
            uint64_t size)
{
    struct node *n = heap_node(heap, i);
    const struct size_class was = class_of(node_size(n)), is = class_of(size);
    const bool moves = was.fl != is.fl || was.sl != is.sl;

    if (moves)
        heap_unlink(heap, region, i);
    n->place = (n->place & ~NODE_VALUE) | addr;
    n->extent = size;
    if (moves)
        heap_link(heap, region, i);
}

/** The range's neighbours will be looked at: with many ranges that is a cache miss each. */
static inline void
heap_prefetch(const struct nvmem_heap *heap, uint32_t i)
{
    if (i != NO_NODE)
        __builtin_prefetch(heap_node(heap, i), 1);
}

/* heap_node.c: nodes */

/** Make sure that `count` nodes can be taken. 0 or -ENOMEM. */
int nvmem_heap_nodes_reserve(struct nvmem_heap *heap, uint32_t count);
/** A node that never was used. */
uint32_t nvmem_heap_node_fresh(struct nvmem_heap *heap);
void nvmem_heap_nodes_free(struct nvmem_heap *heap);

/** An unused node; there is one, see nvmem_heap_nodes_reserve(). */
static inline uint32_t
heap_node_take(struct nvmem_heap *heap)
{
    const uint32_t i = heap->unused;

    if (i == NO_NODE)
        return nvmem_heap_node_fresh(heap);
    heap->unused = heap_node(heap, i)->list.next;
    heap->unused_count--;
    return i;
}

static inline void
heap_node_drop(struct nvmem_heap *heap, uint32_t i)
{
    struct node *n = heap_node(heap, i);

    n->place = 0;
    n->list.next = heap->unused;
    heap->unused = i;
    heap->unused_count++;
}

/* heap_fit.c: which free range */

struct fit {
    uint64_t size, align; /* granules; align a power of two */
    uint64_t min, max;    /* first granule, and the one past the last */
    bool top_down;
};

/** A free range that has room, and where. Returns NO_NODE when there is none. */
uint32_t nvmem_heap_find(const struct nvmem_heap *heap, const struct region *region,
                         const struct fit *fit, uint64_t *addr_out);
/** The free range that holds [addr, addr + size). */
uint32_t nvmem_heap_find_at(const struct nvmem_heap *heap, const struct region *region,
                            uint64_t addr, uint64_t size);
uint64_t nvmem_heap_largest(const struct nvmem_heap *heap, const struct region *region);

/* heap_park.c */

/** Make room for parked ranges, where the heap is large enough for that. 0 or -ENOMEM. */
int nvmem_heap_park_init(struct nvmem_heap *heap);
/** Every parked range goes to the lists, one with its neighbours. Returns whether there was
 * any. */
bool nvmem_heap_unpark(struct nvmem_heap *heap);

/** Whether the range of node i, just freed, was parked. The node is not looked at. */
static inline bool
heap_park(struct nvmem_heap *heap, uint32_t i, uint64_t addr, uint64_t size)
{
    struct parked *p = heap->parked;

    if (!p || size >= PARKED_SIZES || p->count[size] == PARKED_DEPTH || addr < p->first ||
        addr >= p->end || p->granules + size > p->max)
        return false;
    p->node[size][p->count[size]] = i;
    p->place[size][p->count[size]++] = addr;
    p->granules += size;
    return true;
}

/** The newest parked range of that size, when it is aligned; NO_NODE otherwise. */
static inline uint32_t
heap_take_parked(struct nvmem_heap *heap, uint64_t size, uint64_t align, uint64_t *addr_out)
{
    struct parked *p = heap->parked;
    uint32_t last;

    if (!p || size >= PARKED_SIZES || !p->count[size])
        return NO_NODE;
    last = p->count[size] - 1;
    if (p->place[size][last] & (align - 1))
        return NO_NODE;
    *addr_out = p->place[size][last];
    p->count[size] = last;
    p->granules -= size;
    return p->node[size][last];
}

/* heap.c, for caches */

/** The range of i, which is used, becomes free, one with its free neighbours. */
void nvmem_heap_set_free(struct nvmem_heap *heap, struct region *region, uint32_t i);

/** Whether the range is out: 0, -ENOENT, -EALREADY. Its node is not looked at. */
int nvmem_heap_out(const struct nvmem_heap *heap, const struct nvmem_range *range);
int nvmem_heap_free_error(const struct nvmem_heap *heap, const struct nvmem_range *range,
                          int rc, struct gsp_error *err);
uint32_t nvmem_heap_time_ms(const struct nvmem_heap *heap);
/** The same without the lock: the caller has it. */
int nvmem_heap_alloc_locked(struct nvmem_heap *heap, const struct nvmem_request *request,
                            struct nvmem_range *range_out, struct gsp_error *err);
int nvmem_heap_free_locked(struct nvmem_heap *heap, const struct nvmem_range *range,
                           struct gsp_error *err);

#endif
