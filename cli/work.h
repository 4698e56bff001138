/* SPDX-License-Identifier: MIT */
/*
 * Buffers and channels of a session by name, and the sizes and places that verbs take.
 */
#ifndef NVRM_CLI_WORK_H
#define NVRM_CLI_WORK_H

#include <nvmem/copy.h>

#include "session.h"

struct work;

/* A buffer or a channel. */
struct work_item {
    char name[32];
    struct nvmem_buffer *buffer;
    struct nvmem_channel *channel;
    struct work_item *next;
};

/* A place in a buffer: NAME, NAME+OFFSET; a size makes a buffer of video memory. */
struct work_place {
    struct work_item *item;
    uint64_t offset;
};

/* The session's, with a device; everything in it goes with the session. */
int work_get(struct cli *cli, struct work **work_out, struct gsp_error *err);
struct nvmem_device *work_device(const struct work *w);
struct work_item *work_first(const struct work *w);
/* Takes the object, also when it fails. name NULL: b1, c1, ... */
int work_add(struct work *w, const char *name, struct nvmem_buffer *b, struct nvmem_channel *ch,
             struct work_item **item_out, struct gsp_error *err);
/* 0, or as nvmem_buffer_unref() and nvmem_channel_destroy(): then it stays. */
int work_remove(struct work *w, struct work_item *item, struct gsp_error *err);
/* -ENOENT with the names that there are. */
int work_buffer(struct work *w, const char *name, struct work_item **item_out,
                struct gsp_error *err);
int work_channel(struct work *w, const char *name, struct work_item **item_out,
                 struct gsp_error *err);
int work_place(struct work *w, const char *word, struct work_place *place_out,
               struct gsp_error *err);
/* The channel that copies of `mem` go through, made when it is first needed. */
int work_copies(struct work *w, struct nvmem_channel **channel_out, struct gsp_error *err);

/* 4096, 0x1000, 64K, 16M, 2G: bytes. */
bool work_size(const char *text, uint64_t *bytes_out);
/* An option with a size or number; CLI_OK and *value_out as it was when absent. */
int work_size_option(struct cli *cli, int *argc, char **argv, const char *option,
                     uint64_t *value_out);
const char *work_placement_name(enum nvmem_placement p);
/* Rows as a result; none are no text. Takes them. */
int work_emit_rows(struct cli *cli, json_t *rows);
json_t *work_buffer_row(const struct work_item *item);

#endif
