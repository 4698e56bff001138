/* SPDX-License-Identifier: MIT */
/*
 * An ordinary program of the CUDA driver API: y = a * x + y on the card, checked on the CPU.
 *
 * It is compiled against cuda.h where the CUDA toolkit is installed, else against our own
 * declarations, and runs on whatever libcuda.so.1 the loader finds:
 *
 *   cc examples/vecadd_driver.c -Ilibnvmem/cuda -Lbuild/dev/libnvmem/cuda -lcuda -o vecadd
 *   LD_LIBRARY_PATH=build/dev/libnvmem/cuda ./vecadd tests/cuda/cubin/saxpy.sm_89.cubin
 */
#if defined(__has_include) && !defined(NVRM_OWN_HEADER)
#if __has_include(<cuda.h>)
#include <cuda.h>
#define HAVE_CUDA_H
#endif
#endif
#ifndef HAVE_CUDA_H
#include "nvrm_cuda.h"
#endif

#include <stdio.h>
#include <stdlib.h>

enum { COUNT = 1000, BLOCK = 128 };

static void
check(CUresult result, const char *what)
{
    const char *name = "?", *text = "?";

    if (result == CUDA_SUCCESS)
        return;
    cuGetErrorName(result, &name);
    cuGetErrorString(result, &text);
    fprintf(stderr, "%s: %s (%s)\n", what, name, text);
    exit(1);
}

#define CHECK(call) check(call, #call)

static void
print_device(CUdevice device)
{
    char name[128];
    int major, minor, sms;

    CHECK(cuDeviceGetName(name, sizeof(name), device));
    CHECK(cuDeviceGetAttribute(&major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, device));
    CHECK(cuDeviceGetAttribute(&minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, device));
    CHECK(cuDeviceGetAttribute(&sms, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, device));
    printf("%s: sm_%d%d, %d SMs\n", name, major, minor, sms);
}

static int
run(CUfunction saxpy)
{
    static float x[COUNT], y[COUNT];
    CUdeviceptr on_card_x, on_card_y;
    int n = COUNT, wrong = 0;
    float a = 2.0f;
    void *params[] = {&n, &a, &on_card_x, &on_card_y};

    for (int i = 0; i < COUNT; i++) {
        x[i] = (float)i;
        y[i] = 1.0f;
    }
    CHECK(cuMemAlloc(&on_card_x, sizeof(x)));
    CHECK(cuMemAlloc(&on_card_y, sizeof(y)));
    CHECK(cuMemcpyHtoD(on_card_x, x, sizeof(x)));
    CHECK(cuMemcpyHtoD(on_card_y, y, sizeof(y)));
    CHECK(cuLaunchKernel(saxpy, (COUNT + BLOCK - 1) / BLOCK, 1, 1, BLOCK, 1, 1, 0, NULL, params,
                         NULL));
    CHECK(cuCtxSynchronize());
    CHECK(cuMemcpyDtoH(y, on_card_y, sizeof(y)));
    CHECK(cuMemFree(on_card_x));
    CHECK(cuMemFree(on_card_y));
    for (int i = 0; i < COUNT; i++)
        wrong += y[i] != a * (float)i + 1.0f;
    return wrong;
}

int
main(int argc, char **argv)
{
    CUdevice device;
    CUcontext context;
    CUmodule module;
    CUfunction saxpy;
    int wrong;

    if (argc != 2) {
        fprintf(stderr, "usage: %s FILE.cubin\n", argv[0]);
        return 2;
    }
    CHECK(cuInit(0));
    CHECK(cuDeviceGet(&device, 0));
    print_device(device);
    CHECK(cuDevicePrimaryCtxRetain(&context, device));
    CHECK(cuCtxSetCurrent(context));
    CHECK(cuModuleLoad(&module, argv[1]));
    CHECK(cuModuleGetFunction(&saxpy, module, "saxpy"));
    wrong = run(saxpy);
    CHECK(cuModuleUnload(module));
    CHECK(cuDevicePrimaryCtxRelease(device));
    printf("%d of %d are right\n", COUNT - wrong, COUNT);
    return wrong != 0;
}
