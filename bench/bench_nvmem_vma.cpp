/* SPDX-License-Identifier: MIT */
/* The peer of bench_nvmem.c, for whoever has vk_mem_alloc.h: only its virtual block is used,
 * so nothing of Vulkan is linked. */
#define VMA_STATIC_VULKAN_FUNCTIONS  0
#define VMA_DYNAMIC_VULKAN_FUNCTIONS 0
#define VMA_IMPLEMENTATION
#define VK_NO_PROTOTYPES
#include <vk_mem_alloc.h>

#include "bench_nvmem_peer.h"

void *
bench_vma_create(uint64_t bytes)
{
    VmaVirtualBlockCreateInfo info = {};
    VmaVirtualBlock block = nullptr;

    info.size = bytes;
    return vmaCreateVirtualBlock(&info, &block) == VK_SUCCESS ? block : nullptr;
}

void
bench_vma_destroy(void *block)
{
    vmaClearVirtualBlock(static_cast<VmaVirtualBlock>(block));
    vmaDestroyVirtualBlock(static_cast<VmaVirtualBlock>(block));
}

uint64_t
bench_vma_alloc(void *block, uint64_t bytes, uint64_t align)
{
    VmaVirtualAllocationCreateInfo info = {};
    VmaVirtualAllocation handle = nullptr;

    info.size = bytes;
    info.alignment = align;
    if (vmaVirtualAllocate(static_cast<VmaVirtualBlock>(block), &info, &handle, nullptr) !=
        VK_SUCCESS)
        return 0;
    return (uint64_t)handle;
}

void
bench_vma_free(void *block, uint64_t handle)
{
    vmaVirtualFree(static_cast<VmaVirtualBlock>(block), (VmaVirtualAllocation)handle);
}
