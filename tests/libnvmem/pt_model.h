/* SPDX-License-Identifier: MIT */
/* Tables in an emulated card's memory, and what every page should be, page by page. */
#ifndef PT_MODEL_H
#define PT_MODEL_H

#include <emu/emu.h>
#include <emu/walk.h>
#include <nvmem/pt.h>

struct pt_card {
    struct emu_gpu *gpu;
    struct gsp_bus *bus;
    struct gsp_dma sys; /* tables that lie in system memory */
    uint64_t next_fb, next_sys;
    bool in_sysmem, mixed;
    uint64_t spare[2][2][256]; /* tables that came back, by memory and size class */
    unsigned spares[2][2];
    long tables, fail_after; /* < 0: never */
    unsigned invalidates;
    struct nvmem_pt_invalidate last;
};

/** 570.144 on that chip. */
void pt_card_open(struct pt_card *card, const char *chip);
void pt_card_close(struct pt_card *card);
struct nvmem_pt *pt_card_tables(struct pt_card *card, enum nvmem_pt_format format);
extern const struct nvmem_pt_ops pt_card_ops;
int pt_card_read(void *ctx, const struct nvmem_pt_memory *memory, uint64_t *words_out,
                 size_t count);
/** The card's own walk from these tables' root. */
bool pt_card_walk(struct pt_card *card, struct nvmem_pt *pt, uint64_t va,
                  struct emu_walk *walk_out);

#endif
