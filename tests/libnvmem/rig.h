/* SPDX-License-Identifier: MIT */
/* A device on an emulated card, or on whatever nvidia.ko there is. */
#ifndef NVMEM_RIG_H
#define NVMEM_RIG_H

#include <nvmem/channel.h>

#include "test.h"

struct emu_gpu;

struct rig {
    struct emu_gpu *gpu; /* NULL: nvidia.ko */
    struct gsp_backend *backend;
    struct rm_client *client;
    struct nvmem_device *dev;
    struct gsp_error err;
};

/** With NVRM_RIG=nvidia in the environment every card is the module's. */
bool rig_is_module(void);
/** chip NULL: nvidia.ko, release NULL: 570.144. config (may be NULL) is of the device. */
void rig_open(struct rig *r, const char *chip, const char *release, const char *inject,
              const struct nvmem_device_config *config);
/** The device is empty, or the test fails. */
void rig_close(struct rig *r);

/** Fails with the error's text. */
#define RIG_OK(r, call) rig_ok(r, call, #call, __FILE__, __LINE__)
void rig_ok(struct rig *r, int rc, const char *what, const char *file, int line);

struct nvmem_buffer *rig_buffer(struct rig *r, uint64_t bytes, enum nvmem_placement where);
struct nvmem_channel *rig_channel(struct rig *r, enum nvmem_work work);
/** The methods of a copy of bytes on a channel with the copy class. */
void rig_copy(struct rig *r, struct nvmem_channel *ch, uint64_t to, uint64_t from,
              uint32_t bytes);

#endif
