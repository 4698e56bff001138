/* SPDX-License-Identifier: MIT */
/* What the page tables' files share: formats as data, and tables with their shadow. */
#ifndef NVMEM_PT_PRIV_H
#define NVMEM_PT_PRIV_H

#include <nvmem/pt.h>
#include <pthread.h>

/** One level of a format: directories from the root on, then the tables of 64K and 4K pages,
 * which both hang on the last directory. */
struct level {
    uint8_t shift;  /* of the addresses that one entry covers */
    uint8_t bits;   /* log2 of the entries */
    uint8_t words;  /* 64-bit words of an entry */
    bool page;      /* an entry can be a page */
    uint16_t align; /* of the table */
};

/** A field of an entry: `bits` from `shift` on hold value >> drop. */
struct field {
    uint8_t shift, bits, drop;
};

struct format {
    uint8_t va_bits, levels;
    const struct level *level;

    /* Page entries. */
    struct field addr[4]; /* by enum nvmem_aperture */
    struct field aperture, peer, kind;
    uint64_t valid, sparse;
    uint64_t flag[5]; /* by the bits of enum nvmem_map_flags; 0 where the format has none */

    /* Directory entries. */
    struct field pde_aperture, pde_addr, pde_addr_big;
    uint64_t pde_set;      /* in every entry with a table behind it */
    uint64_t pde_sparse;   /* a directory's entry that is sparse */
    uint64_t pde_volatile; /* its table is in system memory: not kept in the GPU's L2 cache */
    uint8_t pde_value[4];  /* by enum nvmem_aperture */
};

/** One table: what is in it, and what is behind it. */
struct table {
    struct nvmem_pt_memory memory;
    uint8_t level;
    bool linked;          /* its directory knows it */
    bool pinned;          /* somebody else uses it: never retired for being empty */
    uint32_t live;        /* entries that are pages or sparse, and children */
    struct table *next;   /* of the retired */
    struct table **child; /* directories: one for each entry; the last: 64K and 4K in turn */
    uint64_t *words;
};

struct nvmem_pt {
    struct nvmem_pt_config config;
    const struct format *format;
    struct table *root, *retired;
    struct nvmem_pt_stat stat;
    uint64_t dirty_from, dirty_to;
    bool directories;
    pthread_mutex_t lock;
};

/** A stretch to be mapped: [va, end) leads to addr on. */
struct stretch {
    uint64_t va, end, addr;
    const struct nvmem_target *target;
    uint64_t base; /* a page entry but for the address */
    bool replace;  /* what is there may stay in the way: it goes */
};

extern const struct format nvmem_pt_formats[NVMEM_PT_FORMATS];

static inline unsigned
last_dir(const struct format *f)
{
    return f->levels - 3u;
}

static inline uint64_t
field_put(struct field f, uint64_t value)
{
    return (value >> f.drop) << f.shift;
}

static inline uint64_t
field_get(struct field f, uint64_t word)
{
    return ((word >> f.shift) & ((UINT64_C(1) << f.bits) - 1)) << f.drop;
}

static inline bool
field_holds(struct field f, uint64_t value)
{
    return f.drop + f.bits >= 64 || !(value >> (f.drop + f.bits));
}

static inline uint64_t
entry_bytes(const struct format *f, unsigned level)
{
    return UINT64_C(1) << f->level[level].shift;
}

static inline uint32_t
entry_count(const struct format *f, unsigned level)
{
    return 1u << f->level[level].bits;
}

static inline uint32_t
entry_index(const struct format *f, unsigned level, uint64_t va)
{
    return (uint32_t)(va >> f->level[level].shift) & (entry_count(f, level) - 1);
}

/** Which child of a table of level `parent` is of level `child`. */
static inline struct table **
child_slot(const struct format *f, struct table *t, uint32_t i, unsigned child)
{
    return t->level == last_dir(f) ? &t->child[2 * i + (child == f->levels - 1u)]
                                   : &t->child[i];
}

/** The word of a directory's entry that holds the page, the sparse mark or the first table. */
static inline uint64_t *
entry_word(const struct format *f, struct table *t, uint32_t i)
{
    return &t->words[(size_t)i * f->level[t->level].words];
}

/** Whether the directory's entry is a page or sparse. */
static inline bool
is_leaf(const struct format *f, struct table *t, uint32_t i)
{
    const bool dual = t->level == last_dir(f);
    struct table *const *child = &t->child[dual ? 2 * i : i];

    return *entry_word(f, t, i) && !(child[0] && child[0]->linked) &&
           !(dual && child[1] && child[1]->linked);
}

/** Which level comes after `level` on the way to `leaf`. */
static inline unsigned
step_to(const struct format *f, unsigned level, unsigned leaf)
{
    return level == last_dir(f) ? leaf : level + 1;
}

/* pt_table.c */
struct table *nvmem_pt_table_new(struct nvmem_pt *pt, unsigned level, int *rc_out);
void nvmem_pt_table_free(struct nvmem_pt *pt, struct table *t);
void nvmem_pt_tables_free(struct nvmem_pt *pt, struct table *t);
/** Send words of the shadow to the device. */
void nvmem_pt_push(struct nvmem_pt *pt, struct table *t, uint32_t word, uint32_t count);
/** Make the child known to its directory. */
void nvmem_pt_link(struct nvmem_pt *pt, struct table *t, uint32_t i, struct table *child);
/** Take the child, and all behind it, from its directory. What the device knew of is given
 * back with the next flush. */
void nvmem_pt_retire(struct nvmem_pt *pt, struct table *t, uint32_t i, unsigned child_level);
/** The table of that level for va, which is there. */
struct table *nvmem_pt_find(struct nvmem_pt *pt, uint64_t va, unsigned level);
/** The child of that level, made when there is none. */
struct table *nvmem_pt_child(struct nvmem_pt *pt, struct table *t, uint32_t i, unsigned level,
                             int *rc_out);
void nvmem_pt_dirty(struct nvmem_pt *pt, uint64_t va, uint64_t end, bool directories);

/* pt_fill.c */
/** Make every table that the stretch needs. 0, -EEXIST with the address, or no
 * memory. */
int nvmem_pt_reserve(struct nvmem_pt *pt, const struct stretch *s, uint64_t *at_out);
/** Write the entries: everything is there. */
void nvmem_pt_fill(struct nvmem_pt *pt, const struct stretch *s);
/** Retire empty tables of [va, end). */
void nvmem_pt_prune(struct nvmem_pt *pt, uint64_t va, uint64_t end);

/* pt_range.c */
/** The first address of [va, end) that is not mapped; end when all are. */
uint64_t nvmem_pt_hole(struct nvmem_pt *pt, uint64_t va, uint64_t end);
/** Whether nothing is mapped in [va, end). */
bool nvmem_pt_empty(struct nvmem_pt *pt, uint64_t va, uint64_t end);
/** Split the pages of [va, end) that are larger than page_bytes and not sparse. 0 or no
 * memory. */
int nvmem_pt_split_to(struct nvmem_pt *pt, uint64_t va, uint64_t end, uint64_t page_bytes);
/** Split the pages that begin before va and end after it. 0 or no memory. */
int nvmem_pt_split(struct nvmem_pt *pt, uint64_t va);
/** Empty every entry of [va, end); pages that reach out of it were split. */
void nvmem_pt_clear(struct nvmem_pt *pt, uint64_t va, uint64_t end);

/** How many larger pages came to be. */
uint64_t nvmem_pt_join(struct nvmem_pt *pt, uint64_t va, uint64_t end);

/* pt_walk.c: where a page lies */
struct spot {
    struct table *table;
    uint32_t index;
    uint64_t word; /* 0: nothing is there, and this is the deepest entry */
};
/** Whether page `e` goes on where the run ends. */
bool nvmem_pt_goes_on(const struct nvmem_pt_entry *run, const struct nvmem_pt_entry *e);
struct spot nvmem_pt_spot(struct nvmem_pt *pt, uint64_t va);

static inline void
pt_lock(struct nvmem_pt *pt)
{
    if (pt->config.threads)
        pthread_mutex_lock(&pt->lock);
}

static inline void
pt_unlock(struct nvmem_pt *pt)
{
    if (pt->config.threads)
        pthread_mutex_unlock(&pt->lock);
}

#endif
