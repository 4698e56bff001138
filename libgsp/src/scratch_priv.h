/* SPDX-License-Identifier: MIT */
/* Bytes for the length of one call: on the stack when they are few. Not zeroed. */
#ifndef GSP_SCRATCH_PRIV_H
#define GSP_SCRATCH_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gsp/host.h>

struct gsp_scratch {
    const struct gsp_host *host;
    uint8_t *bytes;
    _Alignas(16) uint8_t few[8192];
};

static inline bool
gsp_scratch_init(struct gsp_scratch *s, const struct gsp_host *host, size_t bytes)
{
    s->host = host;
    s->bytes = bytes <= sizeof(s->few) ? s->few : gsp_host_realloc(host, NULL, bytes);
    return s->bytes != NULL;
}

static inline void
gsp_scratch_fini(struct gsp_scratch *s)
{
    if (s->bytes != s->few)
        gsp_host_free(s->host, s->bytes);
}

#endif
