/* SPDX-License-Identifier: MIT */
/* The driver API as a program sees it: libcuda.so.1 on the emulated card. The library has one
 * state for the process, so the tests build on each other in their order. */
#include <pthread.h>
#include <stdbool.h>

#include "nvrm_cuda.h"
#include "test.h"

enum { COUNT = 5000 };

#define CUBIN NVRM_SOURCE_DIR "/tests/cuda/cubin/saxpy.sm_89.cubin"
#define OK(call)                                                                               \
    do {                                                                                       \
        const CUresult ok_result = (call);                                                     \
        const char *ok_name = "?";                                                             \
                                                                                               \
        cuGetErrorName(ok_result, &ok_name);                                                   \
        if (ok_result != CUDA_SUCCESS)                                                         \
            fail_msg("%s: %s", #call, ok_name);                                                \
    } while (0)

static CUcontext context;
static CUmodule module;
static CUfunction saxpy;

static void
nothing_works_before_cuInit(void **state)
{
    CUdeviceptr p;
    CUdevice d;
    int version;

    (void)state;
    assert_int_equal(cuDeviceGet(&d, 0), CUDA_ERROR_NOT_INITIALIZED);
    assert_int_equal(cuMemAlloc(&p, 16), CUDA_ERROR_NOT_INITIALIZED);
    assert_int_equal(cuInit(1), CUDA_ERROR_INVALID_VALUE);
    OK(cuDriverGetVersion(&version));
    assert_true(version >= 12000);
    OK(cuInit(0));
    OK(cuInit(0));
}

static void
the_device_says_what_it_is(void **state)
{
    CUuuid uuid;
    CUdevice d = 7;
    size_t bytes;
    char name[64], empty[16] = {0};
    int n;

    (void)state;
    OK(cuDeviceGetCount(&n));
    assert_int_equal(n, 1);
    OK(cuDeviceGet(&d, 0));
    assert_int_equal(cuDeviceGet(&d, 1), CUDA_ERROR_INVALID_DEVICE);
    OK(cuDeviceGetName(name, sizeof(name), 0));
    assert_string_equal(name, "NVIDIA GeForce RTX 4090");
    OK(cuDeviceGetName(name, 7, 0));
    assert_string_equal(name, "NVIDIA");
    OK(cuDeviceGetUuid(&uuid, 0));
    assert_memory_not_equal(uuid.bytes, empty, sizeof(empty));
    OK(cuDeviceTotalMem(&bytes, 0));
    assert_true(bytes >= (size_t)20 << 30);
    OK(cuDeviceGetAttribute(&n, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, 0));
    assert_int_equal(n, 8);
    OK(cuDeviceGetAttribute(&n, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, 0));
    assert_int_equal(n, 9);
    OK(cuDeviceGetAttribute(&n, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, 0));
    assert_int_equal(n, 128);
    OK(cuDeviceGetAttribute(&n, CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X, 0));
    assert_int_equal(n, 0x7fffffff);
    OK(cuDeviceGetAttribute(&n, CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z, 0));
    assert_int_equal(n, 64);
    assert_int_equal(cuDeviceGetAttribute(&n, (CUdevice_attribute)0, 0),
                     CUDA_ERROR_INVALID_VALUE);
}

static void
contexts_are_per_thread_and_counted(void **state)
{
    CUcontext other, current;
    CUdeviceptr p;

    (void)state;
    assert_int_equal(cuMemAlloc(&p, 16), CUDA_ERROR_INVALID_CONTEXT);
    OK(cuCtxCreate(&other, 0, 0));
    OK(cuCtxGetCurrent(&current));
    assert_ptr_equal(current, other);
    OK(cuDevicePrimaryCtxRetain(&context, 0));
    OK(cuCtxPushCurrent(context));
    OK(cuCtxGetCurrent(&current));
    assert_ptr_equal(current, context);
    OK(cuCtxPopCurrent(&current));
    OK(cuCtxDestroy(other));
    assert_int_equal(cuCtxDestroy(other), CUDA_ERROR_INVALID_CONTEXT);
    assert_int_equal(cuCtxSetCurrent(other), CUDA_ERROR_INVALID_CONTEXT);
    OK(cuCtxSetCurrent(context));
    OK(cuCtxSynchronize());
}

static void
memory_is_copied_and_filled_within_allocations(void **state)
{
    static uint32_t words[COUNT];
    size_t free_before, free_after, total;
    CUdeviceptr a, b;
    void *host;

    (void)state;
    OK(cuMemGetInfo(&free_before, &total));
    OK(cuMemAlloc(&a, sizeof(words)));
    OK(cuMemAlloc(&b, sizeof(words)));
    OK(cuMemGetInfo(&free_after, &total));
    assert_true(free_after + 2 * sizeof(words) <= free_before && free_before <= total);
    OK(cuMemsetD32(a, 0x12345678, COUNT));
    OK(cuMemsetD8(a + 4, 0xee, 2));
    OK(cuMemcpyDtoD(b + 4, a, sizeof(words) - 4));
    OK(cuMemcpyDtoH(words, b, sizeof(words)));
    assert_int_equal(words[1], 0x12345678);
    assert_int_equal(words[2], 0x1234eeee);
    assert_int_equal(words[COUNT - 1], 0x12345678);
    assert_int_equal(cuMemcpyDtoH(words, b + 4, sizeof(words)), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(cuMemcpyHtoD(1, words, 4), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(cuMemsetD32(a + 2, 0, 1), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(cuMemAlloc(&a, 0), CUDA_ERROR_INVALID_VALUE);
    OK(cuMemFree(a));
    assert_int_equal(cuMemFree(a), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(cuMemFree(b + 4), CUDA_ERROR_INVALID_VALUE);
    OK(cuMemFree(b));
    OK(cuMemFree(0));
    assert_int_equal(cuMemAlloc(&a, (size_t)1 << 45), CUDA_ERROR_OUT_OF_MEMORY);
    OK(cuMemAllocHost(&host, 4096));
    memset(host, 1, 4096);
    OK(cuMemFreeHost(host));
    assert_int_equal(cuMemFreeHost(host), CUDA_ERROR_INVALID_VALUE);
}

static void
modules_come_from_files_and_memory(void **state)
{
    static const char ptx[] = "//\n.version 9.0\n.target sm_89\n";
    static uint8_t image[1 << 16];
    FILE *f = fopen(CUBIN, "rb");
    CUmodule other;
    CUfunction again;
    CUdeviceptr p;
    int n;

    (void)state;
    assert_non_null(f);
    assert_true(fread(image, 1, sizeof(image), f) > 64);
    fclose(f);
    OK(cuModuleLoadData(&other, image));
    OK(cuModuleUnload(other));
    assert_int_equal(cuModuleLoadData(&other, ptx), CUDA_ERROR_INVALID_PTX);
    assert_int_equal(cuModuleLoad(&other, "/nope"), CUDA_ERROR_FILE_NOT_FOUND);
    assert_int_equal(
        cuModuleLoad(&other, NVRM_SOURCE_DIR "/tests/cuda/cubin/saxpy.sm_75.cubin"),
        CUDA_ERROR_NO_BINARY_FOR_GPU);
    image[60] = 1; /* one section, which holds no kernels */
    assert_int_equal(cuModuleLoadData(&other, image), CUDA_ERROR_INVALID_IMAGE);
    OK(cuModuleLoad(&module, CUBIN));
    assert_int_equal(cuModuleGetFunction(&saxpy, module, "nope"), CUDA_ERROR_NOT_FOUND);
    OK(cuModuleGetFunction(&saxpy, module, "saxpy"));
    OK(cuModuleGetFunction(&again, module, "saxpy"));
    assert_ptr_equal(again, saxpy);
    assert_int_equal(cuModuleGetGlobal(&p, NULL, module, "nope"), CUDA_ERROR_NOT_FOUND);
    OK(cuFuncGetAttribute(&n, CU_FUNC_ATTRIBUTE_NUM_REGS, saxpy));
    assert_in_range(n, 4, 64);
    OK(cuFuncGetAttribute(&n, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, saxpy));
    assert_int_equal(n, 1024);
    OK(cuFuncGetAttribute(&n, CU_FUNC_ATTRIBUTE_BINARY_VERSION, saxpy));
    assert_int_equal(n, 89);
}

/* y = 2x + 1, launched with `extra` when params are NULL. */
static void
launch(CUdeviceptr x, CUdeviceptr y, CUstream stream, bool packed)
{
    struct {
        int n;
        float a;
        CUdeviceptr x, y;
    } args = {COUNT, 2.0f, x, y};
    size_t bytes = sizeof(args);
    void *one_by_one[] = {&args.n, &args.a, &args.x, &args.y};
    void *extra[] = {CU_LAUNCH_PARAM_BUFFER_POINTER, &args, CU_LAUNCH_PARAM_BUFFER_SIZE, &bytes,
                     CU_LAUNCH_PARAM_END};

    OK(cuLaunchKernel(saxpy, (COUNT + 255) / 256, 1, 1, 256, 1, 1, 0, stream,
                      packed ? NULL : one_by_one, packed ? extra : NULL));
}

static void
launches_events_and_streams_keep_their_order(void **state)
{
    static float x[COUNT], y[COUNT];
    CUdeviceptr px, py;
    CUstream stream;
    CUevent from, to;
    float ms = -1;

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        x[i] = (float)i;
        y[i] = 1.0f;
    }
    OK(cuMemAlloc(&px, sizeof(x)));
    OK(cuMemAlloc(&py, sizeof(y)));
    OK(cuStreamCreate(&stream, 0));
    OK(cuEventCreate(&from, 0));
    OK(cuEventCreate(&to, 0));
    OK(cuMemcpyHtoDAsync(px, x, sizeof(x), stream));
    OK(cuMemcpyHtoDAsync(py, y, sizeof(y), stream));
    assert_int_equal(cuEventElapsedTime(&ms, from, to), CUDA_ERROR_INVALID_HANDLE);
    OK(cuEventRecord(from, stream));
    launch(px, py, stream, false);
    launch(px, py, NULL, true);
    OK(cuEventRecord(to, stream));
    OK(cuStreamWaitEvent(stream, to, 0));
    OK(cuEventSynchronize(to));
    OK(cuEventQuery(to));
    OK(cuStreamSynchronize(stream));
    OK(cuStreamQuery(stream));
    OK(cuEventElapsedTime(&ms, from, to));
    assert_true(ms >= 0.0f);
    OK(cuMemcpyDtoHAsync(y, py, sizeof(y), stream));
    for (int i = 0; i < COUNT; i++)
        assert_true(y[i] == 4.0f * x[i] + 1.0f);
    OK(cuEventDestroy(from));
    OK(cuEventDestroy(to));
    OK(cuStreamDestroy(stream));
    OK(cuMemFree(px));
    OK(cuMemFree(py));
}

static void
launches_that_make_no_sense_are_refused(void **state)
{
    void *params[4] = {NULL};
    int n;

    (void)state;
    assert_int_equal(cuLaunchKernel(saxpy, 0, 1, 1, 1, 1, 1, 0, NULL, params, NULL),
                     CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(cuLaunchKernel(saxpy, 1, 1, 1, 2048, 1, 1, 0, NULL, params, NULL),
                     CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(cuLaunchKernel(saxpy, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL),
                     CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(cuLaunchKernel(NULL, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL),
                     CUDA_ERROR_INVALID_HANDLE);
    /* 48 KiB until the function is allowed more */
    assert_int_equal(cuLaunchKernel(saxpy, 1, 1, 1, 1, 1, 1, 60000, NULL, params, NULL),
                     CUDA_ERROR_INVALID_VALUE);
    OK(cuFuncSetAttribute(saxpy, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 60000));
    OK(cuFuncGetAttribute(&n, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, saxpy));
    assert_int_equal(n, 60000);
}

/* What programs that load the library by hand do. */
static void
entry_points_are_found_by_name(void **state)
{
    CUresult (*get_count)(int *) = NULL;
    void *found = NULL;
    int status = -1, n = 0;

    (void)state;
    OK(cuGetProcAddress("cuDeviceGetCount", &found, 12000, 0, &status));
    assert_int_equal(status, 0);
    memcpy(&get_count, &found, sizeof(found));
    OK(get_count(&n));
    assert_int_equal(n, 1);
    OK(cuGetProcAddress("cuMemAlloc", &found, 12000, 0, NULL));
    assert_non_null(found);
    assert_int_equal(cuGetProcAddress("cuTexRefCreate", &found, 12000, 0, &status),
                     CUDA_ERROR_NOT_FOUND);
    assert_int_equal(status, 1);
    assert_null(found);
}

static void
results_have_names_and_words(void **state)
{
    const char *name, *text;

    (void)state;
    OK(cuGetErrorName(CUDA_ERROR_LAUNCH_FAILED, &name));
    assert_string_equal(name, "CUDA_ERROR_LAUNCH_FAILED");
    OK(cuGetErrorString(CUDA_ERROR_INVALID_PTX, &text));
    assert_non_null(strstr(text, "cubin"));
    assert_int_equal(cuGetErrorName((CUresult)12345, &name), CUDA_ERROR_INVALID_VALUE);
    assert_null(name);
}

static void *
use_from_a_thread(void *arg)
{
    CUdeviceptr p;
    uint32_t word = 0;

    if (cuCtxSetCurrent(context) != CUDA_SUCCESS)
        return arg;
    for (uint32_t i = 0; i < 200; i++) {
        if (cuMemAlloc(&p, 4096) != CUDA_SUCCESS || cuMemsetD32(p, i, 1024) != CUDA_SUCCESS ||
            cuMemcpyDtoH(&word, p + 4092, 4) != CUDA_SUCCESS || word != i ||
            cuMemFree(p) != CUDA_SUCCESS)
            return arg;
    }
    return NULL;
}

static void
threads_share_a_context(void **state)
{
    pthread_t threads[4];

    (void)state;
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_from_a_thread, context), 0);
    for (unsigned i = 0; i < 4; i++) {
        void *said = NULL;

        pthread_join(threads[i], &said);
        assert_null(said); /* a thread whose call failed gives its argument back */
    }
}

/* The context is lost; the next one works. */
static void
a_kernel_that_fails_takes_its_context_with_it(void **state)
{
    const char *log = "/tmp/nvrm-test-cuda.log";
    char line[512] = "";
    CUdeviceptr p;
    CUcontext next;
    FILE *f;

    (void)state;
    remove(log);
    setenv("NVRM_CUDA_LOG", log, 1);
    launch(0x123456000, 0x123456000, NULL, false);
    assert_int_equal(cuCtxSynchronize(), CUDA_ERROR_ILLEGAL_ADDRESS);
    assert_int_equal(cuMemAlloc(&p, 16), CUDA_ERROR_ILLEGAL_ADDRESS);
    unsetenv("NVRM_CUDA_LOG");
    f = fopen(log, "r");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof(line), f));
    fclose(f);
    remove(log);
    assert_non_null(strstr(line, "CUDA_ERROR_ILLEGAL_ADDRESS: kernel 'saxpy'"));
    assert_non_null(strstr(line, "0x123456000"));
    OK(cuCtxCreate(&next, 0, 0));
    OK(cuModuleLoad(&module, CUBIN));
    OK(cuModuleGetFunction(&saxpy, module, "saxpy"));
    OK(cuMemAlloc(&p, 4 * COUNT));
    launch(p, p, NULL, false);
    OK(cuCtxSynchronize());
    OK(cuCtxDestroy(next)); /* takes memory and module along */
    OK(cuDevicePrimaryCtxRelease(0));
    assert_int_equal(cuDevicePrimaryCtxRelease(0), CUDA_ERROR_INVALID_CONTEXT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_works_before_cuInit),
        cmocka_unit_test(the_device_says_what_it_is),
        cmocka_unit_test(contexts_are_per_thread_and_counted),
        cmocka_unit_test(memory_is_copied_and_filled_within_allocations),
        cmocka_unit_test(modules_come_from_files_and_memory),
        cmocka_unit_test(launches_events_and_streams_keep_their_order),
        cmocka_unit_test(launches_that_make_no_sense_are_refused),
        cmocka_unit_test(entry_points_are_found_by_name),
        cmocka_unit_test(results_have_names_and_words),
        cmocka_unit_test(threads_share_a_context),
        cmocka_unit_test(a_kernel_that_fails_takes_its_context_with_it),
    };

    setenv("NVRM_TRANSPORT", "emu:AD102", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
