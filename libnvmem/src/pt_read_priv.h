/* SPDX-License-Identifier: MIT */
/* What the readers of tables share: names of fields, and a visit of every entry. */
#ifndef NVMEM_PT_READ_PRIV_H
#define NVMEM_PT_READ_PRIV_H

#include <nvmem/pt_read.h>

#include "pt_priv.h"

/** How a word is laid out. */
enum entry_shape { SHAPE_PDE, SHAPE_BIG, SHAPE_SMALL, SHAPE_PTE };

struct name_row {
    const char *name; /* NULL ends the rows */
    uint8_t high, low, scale;
    const char *const *value;
    unsigned values;
};

/** The rows for a word of that shape. */
const struct name_row *nvmem_pt_rows(enum nvmem_pt_format format, enum entry_shape shape,
                                     uint64_t word);
uint64_t nvmem_pt_known_bits(const struct name_row *row);

/** The shape of an entry's first word: a directory's can be a page. */
static inline enum entry_shape
nvmem_pt_shape(enum nvmem_pt_format format, unsigned level, uint64_t word)
{
    const struct format *f = &nvmem_pt_formats[format];

    if (level > last_dir(f) || word & 1)
        return SHAPE_PTE;
    return level == last_dir(f) ? SHAPE_BIG : SHAPE_PDE;
}

/** What to do with what is found; calls may be NULL. A negative return ends the visit. */
struct pt_visitor {
    /** Every entry that is not all zeros, a directory's before what is behind it. */
    int (*entry)(void *ctx, const struct nvmem_pt_step *step);
    /** Pages and sparse entries that decide, in order of addresses. */
    int (*leaf)(void *ctx, const struct nvmem_pt_step *step);
    /** A directory entry whose table is not visited: no memory, or a loop. */
    int (*refused)(void *ctx, const struct nvmem_pt_step *step, const char *rule,
                   uint64_t table);
    /** Both tables of a dual entry have something at the 64K at va. */
    int (*both)(void *ctx, const struct nvmem_pt_step *big, const struct nvmem_pt_step *small);
    void *ctx;
};

/** Visit all tables. tables and entries are counted. 0, -E2BIG, -EIO (no root), or what a call
 * returned. */
int nvmem_pt_visit(const struct nvmem_pt_reader *reader, const struct pt_visitor *visitor,
                   uint64_t *tables, uint64_t *entries);

/** Fills in the kind of entry and the target. */
void nvmem_pt_classify(enum nvmem_pt_format format, struct nvmem_pt_step *step);
/** Where a directory entry leads; false: nowhere. `small` picks the 4K half of a dual entry. */
bool nvmem_pt_follow(enum nvmem_pt_format format, const struct nvmem_pt_step *step, bool small,
                     enum nvmem_aperture *aperture_out, uint64_t *table_out);
/** Whether a 64K entry decides for its 4K pages too. */
bool nvmem_pt_big_decides(enum nvmem_pt_format format, const struct nvmem_pt_step *big);
/** The error of a visit that ended with rc. Returns rc. */
int nvmem_pt_read_failed(const struct nvmem_pt_reader *r, int rc, uint64_t tables,
                         struct gsp_error *err);
const char *nvmem_pt_level_name(enum nvmem_pt_format format, unsigned level);

#endif
