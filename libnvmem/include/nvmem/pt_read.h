/* SPDX-License-Identifier: MIT */
/**
 * Page tables read back from a card: what an address leads to, level by level with each entry's
 * fields by name; what is mapped; what is wrong.
 *
 * The tables may be anybody's and may hold anything: depth and size are bounded, every word is
 * read once per visit, and a directory that leads back to itself is named and not followed.
 * Names are those of the vendor's dev_mmu.h without their prefixes (NV_MMU_VER2_*,
 * NV_MMU_VER3_*). Objects are plain; any thread may use its own.
 */
#ifndef NVMEM_PT_READ_H
#define NVMEM_PT_READ_H

#include <nvmem/pt.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Where the tables are. */
struct nvmem_pt_reader {
    enum nvmem_pt_format format;
    enum nvmem_aperture root_aperture;
    uint64_t root;
    /** Words of a table. 0 or a negative errno: no memory is there. */
    int (*read)(void *ctx, enum nvmem_aperture aperture, uint64_t addr, uint64_t *words_out,
                size_t count);
    void *ctx;
    uint64_t vram_bytes; /* pages past it are found; 0: unknown */
    uint32_t max_tables; /* of one visit; 0: 65,536 */
};

enum nvmem_pt_is { NVMEM_IS_INVALID, NVMEM_IS_SPARSE, NVMEM_IS_TABLE, NVMEM_IS_PAGE };

/** An entry of a table. */
struct nvmem_pt_step {
    const char *name; /* "PDE3", "PDE0", "PTE_64K" */
    unsigned level;   /* 0: the root */
    enum nvmem_pt_is is;
    enum nvmem_aperture aperture; /* of the table that it lies in */
    uint64_t table;
    uint32_t index;
    unsigned words; /* 1 or 2 */
    uint64_t word[2];
    uint64_t va, bytes;         /* what it covers */
    struct nvmem_target target; /* NVMEM_IS_PAGE */
};

/** A field of an entry. */
struct nvmem_pt_field {
    const char *name; /* "APERTURE" */
    uint64_t value;   /* an address is one in bytes */
    const char *text; /* "VIDEO_MEMORY"; NULL where values have no names */
};

enum {
    NVMEM_PT_STEPS = 8,   /* more than any walk has */
    NVMEM_PT_FIELDS = 12, /* more than any entry has */
};

/**
 * Follow one address.
 *
 * @param steps_out  room for NVMEM_PT_STEPS; the last one says what is there. A table of 64K
 *                   pages that leaves the decision to the one of 4K pages is a step as well
 * @return 0 (whatever is there), -ERANGE, -EIO (a table is no memory: err says where)
 */
GSP_MUST_CHECK int nvmem_pt_read_walk(const struct nvmem_pt_reader *reader, uint64_t va,
                                      struct nvmem_pt_step *steps_out, unsigned *count_out,
                                      struct gsp_error *err);
/** An entry's fields, into room for NVMEM_PT_FIELDS. Returns how many. */
unsigned nvmem_pt_fields(enum nvmem_pt_format format, const struct nvmem_pt_step *step,
                         struct nvmem_pt_field *fields_out);
/** "GENERIC_MEMORY"; NULL for a number that has no name. */
const char *nvmem_pt_kind_name(uint8_t kind);

/** Runs of like pages in order of addresses, as nvmem_pt_each(). -E2BIG: more than max_tables
 * (err says so after what was found until then). */
GSP_MUST_CHECK int nvmem_pt_read_each(const struct nvmem_pt_reader *reader,
                                      int (*fn)(void *ctx, const struct nvmem_pt_entry *run),
                                      void *ctx, struct gsp_error *err);

/** What is wrong with an entry. */
struct nvmem_pt_finding {
    const char *rule; /* "reserved-bits"; docs/memory.md has the list */
    bool harmless;    /* legal, but not what anybody would write */
    struct nvmem_pt_step step;
    char text[160];
};

/**
 * Look at every entry that can be reached.
 *
 * @param fn  told of each finding; returns other than 0 to stop, with that
 * @param tables_out, entries_out  how many were looked at; may be NULL
 * @return 0, also with findings; what fn returned; -E2BIG as nvmem_pt_read_each()
 */
GSP_MUST_CHECK int
nvmem_pt_read_check(const struct nvmem_pt_reader *reader,
                    int (*fn)(void *ctx, const struct nvmem_pt_finding *finding), void *ctx,
                    uint64_t *tables_out, uint64_t *entries_out, struct gsp_error *err);

#ifdef __cplusplus
}
#endif
#endif
