/* SPDX-License-Identifier: MIT */
/*
 * Memory of the SMs: from the card's allocator, one call at a time, zeroed and aligned for the
 * lane loops. What the allocator gave stands in front of what is handed out.
 */
#include <stdlib.h>

#include "sm_priv.h"

#define ALIGN ((size_t)64)

static void *
plain(void *ctx, void *old, size_t bytes)
{
    (void)ctx;
    if (bytes)
        return realloc(old, bytes);
    free(old);
    return NULL;
}

void *
sm_alloc_from(const struct sm_config *config, size_t bytes)
{
    void *(*take)(void *, void *, size_t) = config->realloc ? config->realloc : plain;
    uint8_t *raw = bytes < SIZE_MAX - 2 * ALIGN
                       ? take(config->realloc_ctx, NULL, bytes + 2 * ALIGN)
                       : NULL;
    uint8_t *p;

    if (!raw)
        return NULL;
    p = raw + ALIGN + (ALIGN - (uintptr_t)raw % ALIGN) % ALIGN;
    memset(p, 0, bytes);
    memcpy(p - sizeof(raw), &raw, sizeof(raw));
    return p;
}

void
sm_free_to(const struct sm_config *config, void *p)
{
    void *(*take)(void *, void *, size_t) = config->realloc ? config->realloc : plain;
    uint8_t *raw;

    if (!p)
        return;
    memcpy(&raw, (uint8_t *)p - sizeof(raw), sizeof(raw));
    take(config->realloc_ctx, raw, 0);
}

void *
sm_alloc(struct sm_machine *m, size_t bytes)
{
    void *p;

    pthread_mutex_lock(&m->lock);
    p = sm_alloc_from(&m->config, bytes);
    pthread_mutex_unlock(&m->lock);
    return p;
}

void
sm_free(struct sm_machine *m, void *p)
{
    pthread_mutex_lock(&m->lock);
    sm_free_to(&m->config, p);
    pthread_mutex_unlock(&m->lock);
}
