/* SPDX-License-Identifier: MIT */
/* Allocators of address ranges beside ours. */
#ifndef BENCH_NVMEM_PEER_H
#define BENCH_NVMEM_PEER_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** VulkanMemoryAllocator's virtual block. NULL when it cannot be made. */
void *bench_vma_create(uint64_t bytes);
void bench_vma_destroy(void *block);
/** Returns 0 when there is no room. */
uint64_t bench_vma_alloc(void *block, uint64_t bytes, uint64_t align);
void bench_vma_free(void *block, uint64_t handle);

#ifdef __cplusplus
}
#endif
#endif
