/* SPDX-License-Identifier: MIT */
#include "embed.h"

int
emu_embed_start(struct emu_gpu *gpu)
{
    const int rc = emu_rm_init(gpu);

    if (rc == 0)
        gpu->gsp.state = EMU_GSP_RUNNING;
    return rc;
}
