/* SPDX-License-Identifier: MIT */
/*
 * Results by name, and entry points by name.
 */
#include "cuda_priv.h"

#include <string.h>

static const struct {
    CUresult result;
    const char *name, *text;
} results[] = {
    {CUDA_SUCCESS, "CUDA_SUCCESS", "no error"},
#define ROW(name, text)                                                                        \
    {                                                                                          \
        name, #name, text                                                                      \
    }
    ROW(CUDA_ERROR_INVALID_VALUE, "a parameter is out of range or missing"),
    ROW(CUDA_ERROR_OUT_OF_MEMORY, "memory is short"),
    ROW(CUDA_ERROR_NOT_INITIALIZED, "cuInit was not called or failed"),
    ROW(CUDA_ERROR_DEINITIALIZED, "the process is ending"),
    ROW(CUDA_ERROR_NO_DEVICE, "there is no card"),
    ROW(CUDA_ERROR_INVALID_DEVICE, "there is no card of that number"),
    ROW(CUDA_ERROR_INVALID_IMAGE, "the module is damaged"),
    ROW(CUDA_ERROR_INVALID_CONTEXT, "no context is current, or it is gone"),
    ROW(CUDA_ERROR_NO_BINARY_FOR_GPU, "the module holds no code for this card"),
    ROW(CUDA_ERROR_INVALID_PTX, "PTX cannot be compiled here: load a cubin"),
    ROW(CUDA_ERROR_FILE_NOT_FOUND, "the file cannot be read"),
    ROW(CUDA_ERROR_SHARED_OBJECT_SYMBOL_NOT_FOUND, "a symbol is not defined"),
    ROW(CUDA_ERROR_OPERATING_SYSTEM, "the operating system refused"),
    ROW(CUDA_ERROR_INVALID_HANDLE, "a handle is missing or of another context"),
    ROW(CUDA_ERROR_NOT_FOUND, "nothing of that name"),
    ROW(CUDA_ERROR_NOT_READY, "the work is not done yet"),
    ROW(CUDA_ERROR_ILLEGAL_ADDRESS, "a kernel touched memory that is not mapped"),
    ROW(CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, "a launch needs more than an SM has"),
    ROW(CUDA_ERROR_LAUNCH_TIMEOUT, "a kernel did not end in time"),
    ROW(CUDA_ERROR_ILLEGAL_INSTRUCTION, "a kernel holds an instruction that is none"),
    ROW(CUDA_ERROR_MISALIGNED_ADDRESS, "a kernel touched memory at an odd address"),
    ROW(CUDA_ERROR_LAUNCH_FAILED, "a kernel failed on the card"),
    ROW(CUDA_ERROR_NOT_SUPPORTED, "this driver does not do that"),
    ROW(CUDA_ERROR_UNKNOWN, "an error without a name"),
#undef ROW
};

static int
find(CUresult error)
{
    for (size_t i = 0; i < sizeof(results) / sizeof(*results); i++) {
        if (results[i].result == error)
            return (int)i;
    }
    return -1;
}

EXPORT CUresult
cuGetErrorName(CUresult error, const char **name)
{
    const int i = find(error);

    if (!name)
        return CUDA_ERROR_INVALID_VALUE;
    *name = i < 0 ? NULL : results[i].name;
    return i < 0 ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

EXPORT CUresult
cuGetErrorString(CUresult error, const char **text)
{
    const int i = find(error);

    if (!text)
        return CUDA_ERROR_INVALID_VALUE;
    *text = i < 0 ? NULL : results[i].text;
    return i < 0 ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

/* ---- entry points ---- */

CUresult cuCtxCreate_v4(CUcontext *context, void *params, unsigned flags, CUdevice device);
CUresult cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned count,
                            const int *options, void **values);
CUresult cuStreamCreateWithPriority(CUstream *stream, unsigned flags, int priority);
CUresult cuEventElapsedTime_v2(float *milliseconds, CUevent from, CUevent to);

typedef void (*entry)(void);

/* By the name without a version, which is what programs ask for. */
static const struct {
    const char *name;
    entry function;
} entries[] = {
#define E(name)                                                                                \
    {                                                                                          \
#name, (entry)(name)                                                                   \
    }
    E(cuInit),
    E(cuDriverGetVersion),
    E(cuDeviceGet),
    E(cuDeviceGetCount),
    E(cuDeviceGetName),
    E(cuDeviceGetAttribute),
    E(cuDeviceComputeCapability),
    E(cuDeviceCanAccessPeer),
    {"cuDeviceTotalMem",          (entry)cuDeviceTotalMem_v2         },
    {"cuDeviceGetUuid",           (entry)cuDeviceGetUuid_v2          },
    {"cuCtxCreate",               (entry)cuCtxCreate_v2              },
    {"cuCtxDestroy",              (entry)cuCtxDestroy_v2             },
    E(cuCtxSetCurrent),
    E(cuCtxGetCurrent),
    {"cuCtxPushCurrent",          (entry)cuCtxPushCurrent_v2         },
    {"cuCtxPopCurrent",           (entry)cuCtxPopCurrent_v2          },
    E(cuCtxGetDevice),
    E(cuCtxSynchronize),
    E(cuDevicePrimaryCtxRetain),
    {"cuDevicePrimaryCtxRelease", (entry)cuDevicePrimaryCtxRelease_v2},
    {"cuMemAlloc",                (entry)cuMemAlloc_v2               },
    {"cuMemFree",                 (entry)cuMemFree_v2                },
    {"cuMemcpyHtoD",              (entry)cuMemcpyHtoD_v2             },
    {"cuMemcpyDtoH",              (entry)cuMemcpyDtoH_v2             },
    {"cuMemcpyDtoD",              (entry)cuMemcpyDtoD_v2             },
    {"cuMemcpyHtoDAsync",         (entry)cuMemcpyHtoDAsync_v2        },
    {"cuMemcpyDtoHAsync",         (entry)cuMemcpyDtoHAsync_v2        },
    {"cuMemcpyDtoDAsync",         (entry)cuMemcpyDtoDAsync_v2        },
    {"cuMemsetD8",                (entry)cuMemsetD8_v2               },
    {"cuMemsetD32",               (entry)cuMemsetD32_v2              },
    {"cuMemGetInfo",              (entry)cuMemGetInfo_v2             },
    {"cuMemAllocHost",            (entry)cuMemAllocHost_v2           },
    E(cuMemHostAlloc),
    {"cuMemHostGetDevicePointer", (entry)cuMemHostGetDevicePointer_v2},
    E(cuMemFreeHost),
    E(cuModuleLoad),
    E(cuModuleLoadData),
    E(cuModuleLoadDataEx),
    E(cuModuleUnload),
    E(cuModuleGetFunction),
    {"cuModuleGetGlobal",         (entry)cuModuleGetGlobal_v2        },
    E(cuFuncGetAttribute),
    E(cuFuncSetAttribute),
    E(cuLaunchKernel),
    E(cuStreamCreate),
    E(cuStreamCreateWithPriority),
    {"cuStreamDestroy",           (entry)cuStreamDestroy_v2          },
    E(cuStreamSynchronize),
    E(cuStreamQuery),
    E(cuStreamWaitEvent),
    E(cuEventCreate),
    {"cuEventDestroy",            (entry)cuEventDestroy_v2           },
    E(cuEventRecord),
    E(cuEventQuery),
    E(cuEventSynchronize),
    E(cuEventElapsedTime),
    E(cuGetErrorName),
    E(cuGetErrorString),
    {"cuGetProcAddress",          (entry)cuGetProcAddress_v2         },
#undef E
};

enum { FOUND = 0, NO_SYMBOL = 1 };

/* From version 13 on cuCtxCreate is another function. */
static entry
entry_of(const char *name, int version)
{
    if (!strcmp(name, "cuCtxCreate") && version >= 13000)
        return (entry)cuCtxCreate_v4;
    for (size_t i = 0; i < sizeof(entries) / sizeof(*entries); i++) {
        if (!strcmp(entries[i].name, name))
            return entries[i].function;
    }
    return NULL;
}

EXPORT CUresult
cuGetProcAddress_v2(const char *symbol, void **function, int version, uint64_t flags,
                    int *status)
{
    entry found;

    (void)flags;
    if (!symbol || !function)
        return CUDA_ERROR_INVALID_VALUE;
    found = entry_of(symbol, version);
    memcpy(function, &found, sizeof(found));
    if (status)
        *status = found ? FOUND : NO_SYMBOL;
    return found ? CUDA_SUCCESS : cuda_say(CUDA_ERROR_NOT_FOUND, symbol);
}
