/* SPDX-License-Identifier: MIT */
/* The committed cubins, read from the source tree. */
#ifndef NVRM_TESTS_CUDA_CORPUS_H
#define NVRM_TESTS_CUDA_CORPUS_H

#include <stddef.h>
#include <stdint.h>

#include <nvmem/cubin.h>

struct corpus_cubin {
    char file[80]; /* "saxpy.sm_75.cubin" */
    unsigned sm;
    uint8_t *bytes;
    size_t size;
    struct nvmem_cubin *cubin;
};

/** Opens tests/cuda/cubin/MODULE.sm_SM.cubin. 0, -ENOENT, or as nvmem_cubin_open(). */
int corpus_open(const char *module, unsigned sm, struct corpus_cubin *out,
                struct gsp_error *err);
void corpus_close(struct corpus_cubin *c);

/**
 * Calls fn for every committed cubin in order of name.
 *
 * @return how many there were; negative when one does not open or fn returns other than 0
 */
int corpus_each(int (*fn)(void *ctx, const struct corpus_cubin *c), void *ctx);

#endif
