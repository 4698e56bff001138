/* SPDX-License-Identifier: MIT */
#include "embed.h"

enum { COMMAND = 4, MEMORY_AND_MASTER = 6 };

int
emu_embed_start(struct emu_gpu *gpu)
{
    int rc = emu_config_write(gpu, COMMAND, 2, MEMORY_AND_MASTER);

    if (rc == 0)
        rc = emu_rm_init(gpu);
    if (rc == 0)
        gpu->gsp.state = EMU_GSP_RUNNING;
    return rc;
}

void
emu_embed_events(struct emu_gpu *gpu,
                 void (*take)(void *ctx, const char *name, const void *payload, uint32_t bytes),
                 void *ctx)
{
    gpu->on_event = take;
    gpu->event_ctx = ctx;
}

void
emu_embed_number(struct emu_gpu *gpu, uint8_t number)
{
    gpu->resized = *gpu->card;
    gpu->resized.number = number;
    gpu->card = &gpu->resized;
}
