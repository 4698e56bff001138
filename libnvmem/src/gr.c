/* SPDX-License-Identifier: MIT */
/* Contexts of graphics on the direct path. */
#include "channel_priv.h"

int
nvmem_gr_context_create(struct nvmem_channel *ch, struct gsp_error *err)
{
    (void)ch, (void)err;
    return 0;
}

void
nvmem_gr_context_destroy(struct nvmem_channel *ch)
{
    (void)ch;
}
