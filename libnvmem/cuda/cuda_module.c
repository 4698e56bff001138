/* SPDX-License-Identifier: MIT */
/*
 * Modules, functions, launches.
 */
#include "cuda_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IMAGE_MAX = 1 << 30 };

struct CUfunc_st {
    struct nvmem_function *function;
    CUmodule module;
    int dynamic_shared; /* what cuFuncSetAttribute allowed */
    CUfunction next;
};

struct CUmod_st {
    CUcontext context;
    uint8_t *image;
    struct nvmem_cubin *cubin;
    struct nvmem_module *module;
    CUfunction functions;
    CUmodule next;
};

/* ---- loading ---- */

/* Takes the image over. */
static CUresult
load(CUcontext c, uint8_t *image, uint64_t bytes, const char *name, CUmodule *module_out)
{
    const struct gsp_fw_source src = {name, image, bytes, 0};
    struct gsp_error err = {0};
    CUmodule m = calloc(1, sizeof(*m));
    struct cuda_memory variables = {.module = true, .context = c};
    int rc = m ? nvmem_cubin_open(NULL, &src, &m->cubin, &err) : -ENOMEM;

    if (rc == 0)
        rc = nvmem_module_load(c->compute, m->cubin, &m->module, &err);
    if (rc == 0) {
        variables.buffer = nvmem_module_buffer(m->module);
        variables.va = nvmem_buffer_gpu_va(variables.buffer);
        variables.bytes = nvmem_buffer_bytes(variables.buffer);
        rc = cuda_memory_add(&variables);
    }
    if (rc == 0) {
        m->context = c;
        m->image = image;
        m->next = c->modules;
        c->modules = m;
        *module_out = m;
        return CUDA_SUCCESS;
    }
    if (m) {
        nvmem_module_unload(m->module, NULL);
        nvmem_cubin_close(m->cubin);
    }
    free(m);
    free(image);
    return cuda_fail(rc, &err);
}

static uint8_t *
read_file(const char *path, uint64_t *bytes_out)
{
    FILE *f = fopen(path, "rb");
    uint8_t *image = NULL;
    long bytes = -1;

    if (f && fseek(f, 0, SEEK_END) == 0)
        bytes = ftell(f);
    if (bytes >= 0 && bytes < IMAGE_MAX)
        image = malloc((size_t)bytes + 1);
    if (image) {
        rewind(f);
        if (fread(image, 1, (size_t)bytes, f) != (size_t)bytes) {
            free(image);
            image = NULL;
        }
    }
    if (f)
        fclose(f);
    *bytes_out = (uint64_t)bytes;
    return image;
}

EXPORT CUresult
cuModuleLoad(CUmodule *module, const char *path)
{
    uint64_t bytes;
    uint8_t *image;
    CUcontext c;
    CUresult r = cuda_enter_context(&c);

    if (r != CUDA_SUCCESS)
        return r;
    if (!module || !path)
        return cuda_leave(CUDA_ERROR_INVALID_VALUE);
    image = read_file(path, &bytes);
    if (!image)
        return cuda_leave(cuda_say(CUDA_ERROR_FILE_NOT_FOUND, path));
    return cuda_leave(load(c, image, bytes, path, module));
}

static uint64_t
number(const uint8_t *p, unsigned bytes)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)p[i] << 8 * i;
    return value;
}

/* The end of a range, or of what is known so far. */
static uint64_t
furthest(uint64_t end, uint64_t off, uint64_t bytes)
{
    return off < IMAGE_MAX && bytes < IMAGE_MAX && off + bytes > end ? off + bytes : end;
}

/* How long an image in memory is, which the call does not say: an ELF file ends with the last
 * of its tables and sections, PTX with a zero. */
static uint64_t
image_bytes(const uint8_t *image)
{
    enum { HEADER = 64, SECTION = 64, SEGMENT = 56, NOBITS = 8 };
    uint64_t sections, end = HEADER;
    unsigned rows;

    if (memcmp(image, "\177ELF\2\1", 6))
        return strnlen((const char *)image, IMAGE_MAX);
    sections = number(image + 40, 8);
    rows = (unsigned)number(image + 60, 2);
    end = furthest(end, number(image + 32, 8), number(image + 56, 2) * SEGMENT);
    end = furthest(end, sections, (uint64_t)rows * SECTION);
    for (unsigned i = 0; sections < IMAGE_MAX && i < rows; i++) {
        const uint8_t *row = image + sections + (uint64_t)i * SECTION;

        if (number(row + 4, 4) != NOBITS)
            end = furthest(end, number(row + 24, 8), number(row + 32, 8));
    }
    return end;
}

EXPORT CUresult
cuModuleLoadData(CUmodule *module, const void *image)
{
    uint64_t bytes;
    uint8_t *copy;
    CUcontext c;
    CUresult r = cuda_enter_context(&c);

    if (r != CUDA_SUCCESS)
        return r;
    if (!module || !image)
        return cuda_leave(CUDA_ERROR_INVALID_VALUE);
    bytes = image_bytes(image);
    copy = malloc(bytes + 1);
    if (!copy)
        return cuda_leave(CUDA_ERROR_OUT_OF_MEMORY);
    memcpy(copy, image, bytes);
    return cuda_leave(load(c, copy, bytes, "module", module));
}

CUresult cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned count,
                            const int *options, void **values);

/* Options steer the compiler of PTX, of which there is none. */
EXPORT CUresult
cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned count, const int *options,
                   void **values)
{
    (void)count, (void)options, (void)values;
    return cuModuleLoadData(module, image);
}

/* The module and all that came out of it; none of its work runs any more. */
static int
unload(CUmodule m, struct gsp_error *err)
{
    const uint64_t va = nvmem_buffer_gpu_va(nvmem_module_buffer(m->module));
    int rc = nvmem_module_unload(m->module, err);

    if (rc < 0)
        return rc;
    cuda_memory_drop(cuda_memory_find(va, 1));
    while (m->functions) {
        CUfunction next = m->functions->next;

        free(m->functions);
        m->functions = next;
    }
    for (CUmodule *at = &m->context->modules; *at; at = &(*at)->next) {
        if (*at == m) {
            *at = m->next;
            break;
        }
    }
    nvmem_cubin_close(m->cubin);
    free(m->image);
    free(m);
    return 0;
}

void
cuda_modules_drop_all(CUcontext context)
{
    while (context->modules && unload(context->modules, NULL) == 0)
        ;
}

EXPORT CUresult
cuModuleUnload(CUmodule m)
{
    struct gsp_error err = {0};
    CUcontext c;
    CUresult r = cuda_enter_context(&c);
    int rc;

    if (r != CUDA_SUCCESS)
        return r;
    if (!m)
        return cuda_leave(CUDA_ERROR_INVALID_HANDLE);
    r = cuda_idle(m->context);
    if (r != CUDA_SUCCESS)
        return cuda_leave(r);
    rc = unload(m, &err);
    return cuda_leave(rc < 0 ? cuda_fail(rc, &err) : CUDA_SUCCESS);
}

/* ---- functions and variables ---- */

EXPORT CUresult
cuModuleGetFunction(CUfunction *function, CUmodule m, const char *name)
{
    struct nvmem_function *found;
    struct gsp_error err = {0};
    CUfunction f;
    CUcontext c;
    CUresult r = cuda_enter_context(&c);
    int rc;

    if (r != CUDA_SUCCESS)
        return r;
    if (!function || !m || !name)
        return cuda_leave(CUDA_ERROR_INVALID_VALUE);
    rc = nvmem_module_function(m->module, name, &found, &err);
    if (rc < 0)
        return cuda_leave(cuda_fail(rc, &err));
    for (f = m->functions; f && f->function != found;)
        f = f->next;
    if (!f) {
        f = calloc(1, sizeof(*f));
        if (!f)
            return cuda_leave(CUDA_ERROR_OUT_OF_MEMORY);
        *f = (struct CUfunc_st){found, m, CUDA_SHARED_DEFAULT, m->functions};
        m->functions = f;
    }
    *function = f;
    return cuda_leave(CUDA_SUCCESS);
}

EXPORT CUresult
cuModuleGetGlobal_v2(CUdeviceptr *pointer, size_t *bytes, CUmodule m, const char *name)
{
    struct gsp_error err = {0};
    uint64_t va, size;
    CUcontext c;
    CUresult r = cuda_enter_context(&c);
    int rc;

    if (r != CUDA_SUCCESS)
        return r;
    if (!m || !name)
        return cuda_leave(CUDA_ERROR_INVALID_VALUE);
    rc = nvmem_module_global(m->module, name, &va, &size, &err);
    if (rc < 0)
        return cuda_leave(cuda_fail(rc, &err));
    if (pointer)
        *pointer = va;
    if (bytes)
        *bytes = size;
    return cuda_leave(CUDA_SUCCESS);
}

EXPORT CUresult
cuFuncGetAttribute(int *value, CUfunction_attribute a, CUfunction f)
{
    const struct nvmem_cubin_kernel *k;
    CUresult r = cuda_enter();

    if (r != CUDA_SUCCESS)
        return r;
    if (!value || !f)
        return cuda_leave(value ? CUDA_ERROR_INVALID_HANDLE : CUDA_ERROR_INVALID_VALUE);
    k = nvmem_function_kernel(f->function);
    switch (a) {
    case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
        *value = (int)nvmem_function_max_threads(f->function);
        break;
    case CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES:
        *value = (int)k->shared_bytes;
        break;
    case CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES:
        *value = (int)k->frame_bytes;
        break;
    case CU_FUNC_ATTRIBUTE_NUM_REGS:
        *value = (int)k->registers;
        break;
    case CU_FUNC_ATTRIBUTE_PTX_VERSION:
    case CU_FUNC_ATTRIBUTE_BINARY_VERSION:
        *value = (int)nvmem_cubin_sm(f->module->cubin);
        break;
    case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
        *value = f->dynamic_shared;
        break;
    case CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES:
        *value = 0;
        break;
    default:
        return cuda_leave(CUDA_ERROR_INVALID_VALUE);
    }
    return cuda_leave(CUDA_SUCCESS);
}

EXPORT CUresult
cuFuncSetAttribute(CUfunction f, CUfunction_attribute a, int value)
{
    CUresult r = cuda_enter();

    if (r != CUDA_SUCCESS)
        return r;
    if (!f)
        return cuda_leave(CUDA_ERROR_INVALID_HANDLE);
    if (a != CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES || value < 0 ||
        (uint32_t)value > nvmem_compute_limits(f->module->context->compute)->shared_per_block)
        return cuda_leave(CUDA_ERROR_INVALID_VALUE);
    f->dynamic_shared = value;
    return cuda_leave(CUDA_SUCCESS);
}

/* ---- launches ---- */

/* Parameters one by one, or all of them as `extra` has them. */
static CUresult
gather(const struct nvmem_cubin_kernel *k, void **params, void **extra, uint8_t *out)
{
    const void *from = NULL;
    size_t bytes = 0;

    for (unsigned i = 0; params && i < k->param_count; i++) {
        if (!params[i])
            return CUDA_ERROR_INVALID_VALUE;
        memcpy(out + k->params[i].off, params[i], k->params[i].bytes);
    }
    if (params || !k->param_count)
        return CUDA_SUCCESS;
    for (; extra && *extra != CU_LAUNCH_PARAM_END; extra += 2) {
        if (*extra == CU_LAUNCH_PARAM_BUFFER_POINTER)
            from = extra[1];
        else if (*extra == CU_LAUNCH_PARAM_BUFFER_SIZE)
            bytes = *(const size_t *)extra[1];
        else
            return CUDA_ERROR_INVALID_VALUE;
    }
    if (!from || bytes < k->param_bytes)
        return cuda_say(CUDA_ERROR_INVALID_VALUE, "cuLaunchKernel: too few parameters");
    memcpy(out, from, k->param_bytes);
    return CUDA_SUCCESS;
}

static CUresult
launch(CUfunction f, const struct nvmem_launch *l)
{
    CUcontext c = f->module->context;
    struct gsp_error err = {0};
    int rc = nvmem_launch(f->function, l, NULL, &err);

    return rc < 0 ? cuda_fail_context(c, rc, &err) : CUDA_SUCCESS;
}

EXPORT CUresult
cuLaunchKernel(CUfunction f, unsigned grid_x, unsigned grid_y, unsigned grid_z,
               unsigned block_x, unsigned block_y, unsigned block_z, unsigned shared_bytes,
               CUstream stream, void **params, void **extra)
{
    struct nvmem_launch l = {
        .grid = {grid_x,  grid_y,  grid_z },
        .block = {block_x, block_y, block_z},
        .shared_bytes = shared_bytes
    };
    const struct nvmem_cubin_kernel *k;
    uint8_t *bytes;
    CUcontext c;
    CUresult r = cuda_enter_context(&c);

    (void)stream;
    if (r != CUDA_SUCCESS)
        return r;
    if (!f || f->module->context != c)
        return cuda_leave(CUDA_ERROR_INVALID_HANDLE);
    k = nvmem_function_kernel(f->function);
    if (!grid_x || !grid_y || !grid_z || !block_x || !block_y || !block_z ||
        (int64_t)shared_bytes > f->dynamic_shared)
        return cuda_leave(cuda_say(CUDA_ERROR_INVALID_VALUE,
                                   "cuLaunchKernel: a size of 0, or more shared memory than "
                                   "the function's attribute allows"));
    bytes = calloc(1, k->param_bytes + 1);
    if (!bytes)
        return cuda_leave(CUDA_ERROR_OUT_OF_MEMORY);
    l.params = bytes;
    l.param_bytes = k->param_bytes;
    r = gather(k, params, extra, bytes);
    if (r == CUDA_SUCCESS)
        r = launch(f, &l);
    free(bytes);
    return cuda_leave(r);
}
