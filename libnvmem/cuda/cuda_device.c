/* SPDX-License-Identifier: MIT */
/*
 * The one device, and what it says of itself.
 */
#include "cuda_priv.h"

#include <string.h>

#include <rm/calls.h>

/* 0 when the call may go on: the lock is held and the device is the one there is. */
static CUresult
enter(CUdevice device, const void *out)
{
    CUresult r = cuda_enter();

    if (r != CUDA_SUCCESS)
        return r;
    if (device)
        return cuda_leave(CUDA_ERROR_INVALID_DEVICE);
    return out ? CUDA_SUCCESS : cuda_leave(CUDA_ERROR_INVALID_VALUE);
}

EXPORT CUresult
cuDeviceGet(CUdevice *device, int ordinal)
{
    CUresult r = enter(ordinal, device);

    if (r != CUDA_SUCCESS)
        return r;
    *device = 0;
    return cuda_leave(CUDA_SUCCESS);
}

EXPORT CUresult
cuDeviceGetCount(int *count)
{
    CUresult r = enter(0, count);

    if (r != CUDA_SUCCESS)
        return r;
    *count = 1;
    return cuda_leave(CUDA_SUCCESS);
}

static int
ask(const char *control, void *params, struct gsp_error *err)
{
    struct nvmem_device *dev = cuda_state.card.dev;
    int rc;

    nvmem_device_lock(dev);
    rc = rm_control_typed(nvmem_device_client(dev), nvmem_device_subdevice(dev), control,
                          params, err);
    nvmem_device_unlock(dev);
    return rc;
}

EXPORT CUresult
cuDeviceGetName(char *name, int bytes, CUdevice device)
{
    struct NV2080_CTRL_GPU_GET_NAME_STRING_PARAMS p = {0};
    struct gsp_error err = {0};
    CUresult r = enter(device, bytes > 0 ? name : NULL);
    int rc;

    if (r != CUDA_SUCCESS || !name)
        return r;
    rc = ask("NV2080_CTRL_CMD_GPU_GET_NAME_STRING", &p, &err);
    if (rc < 0)
        return cuda_leave(cuda_fail(rc, &err));
    p.gpuNameString.ascii[sizeof(p.gpuNameString.ascii) - 1] = 0;
    strncpy(name, (const char *)p.gpuNameString.ascii, (size_t)bytes);
    name[bytes - 1] = 0;
    return cuda_leave(CUDA_SUCCESS);
}

EXPORT CUresult
cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice device)
{
    struct NV2080_CTRL_GPU_GET_GID_INFO_PARAMS p = {.flags = 2}; /* binary, SHA-1 */
    struct gsp_error err = {0};
    CUresult r = enter(device, uuid);
    int rc;

    if (r != CUDA_SUCCESS || !uuid)
        return r;
    rc = ask("NV2080_CTRL_CMD_GPU_GET_GID_INFO", &p, &err);
    if (rc < 0)
        return cuda_leave(cuda_fail(rc, &err));
    memcpy(uuid->bytes, p.data, sizeof(uuid->bytes));
    return cuda_leave(CUDA_SUCCESS);
}

EXPORT CUresult
cuDeviceTotalMem_v2(size_t *bytes, CUdevice device)
{
    CUresult r = enter(device, bytes);

    if (r != CUDA_SUCCESS)
        return r;
    *bytes = nvmem_device_chip(cuda_state.card.dev)->vram_bytes;
    return cuda_leave(CUDA_SUCCESS);
}

/* ---- attributes ---- */

enum { CONSTANT_BYTES = 65536, WARP = 32, ATTRIBUTES = 200 };

static int
attribute(const struct nvmem_compute_limits *l, CUdevice_attribute a)
{
    switch (a) {
    case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
        return (int)l->threads_per_block;
    case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X:
    case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y:
    case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z:
        return (int)l->block[a - CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X];
    case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X:
    case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y:
    case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z:
        return (int)l->grid[a - CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X];
    case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK:
        return CUDA_SHARED_DEFAULT;
    case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN:
        return (int)(l->shared_per_block - l->shared_reserved);
    case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR:
        return (int)l->shared_per_sm;
    case CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK:
        return (int)l->shared_reserved;
    case CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY:
        return CONSTANT_BYTES;
    case CU_DEVICE_ATTRIBUTE_WARP_SIZE:
        return WARP;
    case CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK:
    case CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR:
        return (int)l->registers_per_sm;
    case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT:
        return (int)l->sm_count;
    case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR:
        return (int)l->warps_per_sm * WARP;
    case CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR:
        return (int)l->blocks_per_sm;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
        return (int)l->sm / 10;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
        return (int)l->sm % 10;
    case CU_DEVICE_ATTRIBUTE_CAN_MAP_HOST_MEMORY:
    case CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING:
        return 1;
    case CU_DEVICE_ATTRIBUTE_CLUSTER_LAUNCH:
        return l->cluster_blocks != 0;
    default:
        return 0; /* abilities that there are not */
    }
}

EXPORT CUresult
cuDeviceGetAttribute(int *value, CUdevice_attribute a, CUdevice device)
{
    CUresult r = enter(device, value);

    if (r != CUDA_SUCCESS)
        return r;
    if ((int)a < 1 || (int)a > ATTRIBUTES)
        return cuda_leave(CUDA_ERROR_INVALID_VALUE);
    *value = attribute(&cuda_state.limits, a);
    return cuda_leave(CUDA_SUCCESS);
}

EXPORT CUresult
cuDeviceComputeCapability(int *major, int *minor, CUdevice device)
{
    CUresult r =
        minor
            ? cuDeviceGetAttribute(minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, device)
            : CUDA_ERROR_INVALID_VALUE;

    return r != CUDA_SUCCESS ? r
                             : cuDeviceGetAttribute(
                                   major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, device);
}

/* There is no other card. */
EXPORT CUresult
cuDeviceCanAccessPeer(int *can, CUdevice device, CUdevice peer)
{
    CUresult r = enter(device, can);

    if (r != CUDA_SUCCESS)
        return r;
    *can = 0;
    return cuda_leave(peer ? CUDA_ERROR_INVALID_DEVICE : CUDA_SUCCESS);
}
