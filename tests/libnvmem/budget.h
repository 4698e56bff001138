/* SPDX-License-Identifier: MIT */
/* Memory that runs out: a budget is the context of a gsp_host's realloc. */
#ifndef NVMEM_BUDGET_H
#define NVMEM_BUDGET_H

#include <stdlib.h>

struct budget {
    long left, live; /* until all fail, < 0: never; blocks that are out */
};

static inline void *
counting_realloc(void *ctx, void *old, size_t bytes)
{
    struct budget *b = ctx;
    void *p;

    if (!bytes) {
        b->live -= old != NULL;
        free(old);
        return NULL;
    }
    if (b->left == 0)
        return NULL;
    b->left -= b->left > 0;
    p = realloc(old, bytes);
    b->live += p && !old;
    return p;
}

#endif
