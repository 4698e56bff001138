/* SPDX-License-Identifier: MIT */
/* Controls: one row each, in the ctl_*.c of its family. */
#ifndef EMU_CONTROL_H
#define EMU_CONTROL_H

#include "emu_priv.h"
#include "wire.h"

/** One call. `p` is bound to the params; its layout is NULL when the release has no public
 * struct. */
struct emu_call {
    struct emu_gpu *gpu;
    const struct emu_card *card;
    struct emu_object *object;
    struct emu_wire p;
};

struct emu_control {
    const char *name;
    uint32_t (*serve)(struct emu_call *c); /* returns an NV_STATUS */
};
struct emu_control_list {
    const struct emu_control *rows;
    unsigned count;
};
#define EMU_CONTROL_LIST(rows)                                                                 \
    {                                                                                          \
        rows, sizeof(rows) / sizeof((rows)[0])                                                 \
    }

/**
 * What a pointer of FINN-serialised params points to.
 *
 * @return NULL unless all of `bytes` came with the message
 */
uint8_t *emu_pointee(struct emu_call *c, const char *field, uint64_t bytes);

extern const struct emu_control_list emu_ctl_bus, emu_ctl_chan, emu_ctl_compute, emu_ctl_debug,
    emu_ctl_device, emu_ctl_event, emu_ctl_fb, emu_ctl_fifo, emu_ctl_gpu, emu_ctl_gr,
    emu_ctl_misc, emu_ctl_root, emu_ctl_thermal;

/** Answers of "give me these indices" controls: a list of {index, data} and how many are in
 * use. */
struct emu_info {
    const char *name; /* the index constant without its prefix */
    uint32_t (*value)(struct emu_call *c);
};
/**
 * Fill list[0 .. size) from the table. An index that the table lacks leaves its data 0 and the
 * answer is NV_ERR_INVALID_ARGUMENT, as the vendor's RM stops there; indices that the release
 * names but we have no figure for are 0.
 */
uint32_t emu_info_fill(struct emu_call *c, const char *size, const char *list,
                       const char *prefix, const struct emu_info *table, unsigned count);

#endif
