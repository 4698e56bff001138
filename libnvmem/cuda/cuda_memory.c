/* SPDX-License-Identifier: MIT */
/*
 * Memory: allocations by address, copies, fills.
 */
#include "cuda_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <nvmem/copy.h>

/* ---- by address ---- */

/* The first entry that ends past va. */
static size_t
place_of(uint64_t va)
{
    size_t low = 0, high = cuda_state.memory_count;

    while (low < high) {
        const size_t middle = (low + high) / 2;
        const struct cuda_memory *m = &cuda_state.memory[middle];

        if (m->va + m->bytes <= va)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct cuda_memory *
cuda_memory_find(uint64_t va, uint64_t bytes)
{
    const size_t i = place_of(va);
    struct cuda_memory *m = i < cuda_state.memory_count ? &cuda_state.memory[i] : NULL;

    return m && va >= m->va && bytes <= m->bytes - (va - m->va) ? m : NULL;
}

int
cuda_memory_add(const struct cuda_memory *memory)
{
    const size_t i = place_of(memory->va);

    if (cuda_state.memory_count == cuda_state.memory_room) {
        const size_t room = cuda_state.memory_room ? 2 * cuda_state.memory_room : 64;
        struct cuda_memory *more = realloc(cuda_state.memory, room * sizeof(*more));

        if (!more)
            return -ENOMEM;
        cuda_state.memory = more;
        cuda_state.memory_room = room;
    }
    memmove(&cuda_state.memory[i + 1], &cuda_state.memory[i],
            (cuda_state.memory_count - i) * sizeof(*cuda_state.memory));
    cuda_state.memory[i] = *memory;
    cuda_state.memory_count++;
    return 0;
}

void
cuda_memory_drop(struct cuda_memory *m)
{
    const size_t i = (size_t)(m - cuda_state.memory);

    cuda_state.memory_count--;
    memmove(m, m + 1, (cuda_state.memory_count - i) * sizeof(*m));
}

/* ---- allocations ---- */

void
cuda_memory_drop_all(CUcontext context)
{
    for (size_t i = cuda_state.memory_count; i-- > 0;) {
        struct cuda_memory *m = &cuda_state.memory[i];

        if (m->context != context || m->module)
            continue;
        if (m->host)
            nvmem_buffer_unmap(m->buffer);
        nvmem_buffer_unref(m->buffer, NULL);
        cuda_memory_drop(m);
    }
    if (!cuda_state.memory_count) {
        free(cuda_state.memory);
        cuda_state.memory = NULL;
        cuda_state.memory_room = 0;
    }
}

static CUresult
allocate(size_t bytes, enum nvmem_placement where, struct cuda_memory *out)
{
    const struct nvmem_buffer_config config = {
        .name = "CUDA memory", .bytes = bytes, .placement = where};
    struct gsp_error err = {0};
    int rc = nvmem_buffer_create(cuda_state.card.dev, &config, &out->buffer, &err);

    if (rc == 0 && where != NVMEM_PLACE_VRAM)
        rc = nvmem_buffer_map(out->buffer, &out->host, &err);
    if (rc == 0) {
        out->va = nvmem_buffer_gpu_va(out->buffer);
        out->bytes = bytes;
        rc = cuda_memory_add(out);
    }
    if (rc == 0)
        return CUDA_SUCCESS;
    if (out->host)
        nvmem_buffer_unmap(out->buffer);
    nvmem_buffer_unref(out->buffer, NULL);
    return cuda_fail(rc, &err);
}

/* Work that was given before may still use it. */
static CUresult
release(CUcontext c, struct cuda_memory *m)
{
    struct gsp_error err = {0};
    CUresult r = cuda_idle(c);
    int rc;

    if (r != CUDA_SUCCESS)
        return r;
    if (m->host)
        nvmem_buffer_unmap(m->buffer);
    rc = nvmem_buffer_unref(m->buffer, &err);
    if (rc < 0)
        return cuda_fail(rc, &err);
    cuda_memory_drop(m);
    return CUDA_SUCCESS;
}

EXPORT CUresult
cuMemAlloc_v2(CUdeviceptr *pointer, size_t bytes)
{
    struct cuda_memory m = {0};
    CUcontext c;
    CUresult r = cuda_enter_context(&c);

    if (r != CUDA_SUCCESS)
        return r;
    if (!pointer || !bytes)
        return cuda_leave(CUDA_ERROR_INVALID_VALUE);
    m.context = c;
    r = allocate(bytes, NVMEM_PLACE_VRAM, &m);
    *pointer = r == CUDA_SUCCESS ? m.va : 0;
    return cuda_leave(r);
}

EXPORT CUresult
cuMemFree_v2(CUdeviceptr pointer)
{
    struct cuda_memory *m;
    CUcontext c;
    CUresult r = cuda_enter_context(&c);

    if (r != CUDA_SUCCESS)
        return r;
    if (!pointer)
        return cuda_leave(CUDA_SUCCESS);
    m = cuda_memory_find(pointer, 1);
    if (!m || m->va != pointer || m->module || m->host)
        return cuda_leave(cuda_say(CUDA_ERROR_INVALID_VALUE, "cuMemFree: no such allocation"));
    return cuda_leave(release(c, m));
}

EXPORT CUresult
cuMemAllocHost_v2(void **pointer, size_t bytes)
{
    struct cuda_memory m = {0};
    CUcontext c;
    CUresult r = cuda_enter_context(&c);

    if (r != CUDA_SUCCESS)
        return r;
    if (!pointer || !bytes)
        return cuda_leave(CUDA_ERROR_INVALID_VALUE);
    m.context = c;
    r = allocate(bytes, NVMEM_PLACE_COHERENT, &m);
    *pointer = r == CUDA_SUCCESS ? m.host : NULL;
    return cuda_leave(r);
}

/* Flags: all of it is portable and mapped anyway. */
EXPORT CUresult
cuMemHostAlloc(void **pointer, size_t bytes, unsigned flags)
{
    (void)flags;
    return cuMemAllocHost_v2(pointer, bytes);
}

static struct cuda_memory *
find_host(const void *host)
{
    for (size_t i = 0; i < cuda_state.memory_count && host; i++) {
        if (cuda_state.memory[i].host == host)
            return &cuda_state.memory[i];
    }
    return NULL;
}

EXPORT CUresult
cuMemHostGetDevicePointer_v2(CUdeviceptr *pointer, void *host, unsigned flags)
{
    const struct cuda_memory *m;
    CUcontext c;
    CUresult r = cuda_enter_context(&c);

    (void)flags;
    if (r != CUDA_SUCCESS)
        return r;
    m = find_host(host);
    if (!m || !pointer)
        return cuda_leave(CUDA_ERROR_INVALID_VALUE);
    *pointer = m->va;
    return cuda_leave(CUDA_SUCCESS);
}

EXPORT CUresult
cuMemFreeHost(void *pointer)
{
    struct cuda_memory *m;
    CUcontext c;
    CUresult r = cuda_enter_context(&c);

    if (r != CUDA_SUCCESS)
        return r;
    m = find_host(pointer);
    return cuda_leave(m ? release(c, m) : CUDA_ERROR_INVALID_VALUE);
}

EXPORT CUresult
cuMemGetInfo_v2(size_t *free_bytes, size_t *total_bytes)
{
    struct nvmem_device_stat stat;
    CUcontext c;
    CUresult r = cuda_enter_context(&c);
    const struct nvmem_chip *chip;

    if (r != CUDA_SUCCESS)
        return r;
    if (!free_bytes || !total_bytes)
        return cuda_leave(CUDA_ERROR_INVALID_VALUE);
    chip = nvmem_device_chip(cuda_state.card.dev);
    nvmem_device_stat(cuda_state.card.dev, &stat);
    *total_bytes = chip->vram_bytes;
    *free_bytes = chip->vram_bytes - stat.vram_bytes;
    return cuda_leave(CUDA_SUCCESS);
}

/* ---- copies ---- */

/* After all work so far; `to` or `from` is the host's. */
static CUresult
transfer(CUdeviceptr at, void *to, const void *from, size_t bytes)
{
    struct gsp_error err = {0};
    struct cuda_memory *m;
    CUcontext c;
    CUresult r = cuda_enter_context(&c);
    int rc;

    if (r != CUDA_SUCCESS || !bytes)
        return r != CUDA_SUCCESS ? r : cuda_leave(CUDA_SUCCESS);
    m = cuda_memory_find(at, bytes);
    if (!m || !(to || from))
        return cuda_leave(cuda_say(CUDA_ERROR_INVALID_VALUE, "a copy leaves its allocation"));
    r = cuda_idle(c);
    if (r != CUDA_SUCCESS)
        return cuda_leave(r);
    rc = to ? nvmem_buffer_read(m->buffer, at - m->va, to, bytes, &err)
            : nvmem_buffer_write(m->buffer, at - m->va, from, bytes, &err);
    return cuda_leave(rc < 0 ? cuda_fail(rc, &err) : CUDA_SUCCESS);
}

EXPORT CUresult
cuMemcpyHtoD_v2(CUdeviceptr to, const void *from, size_t bytes)
{
    return transfer(to, NULL, from, bytes);
}

EXPORT CUresult
cuMemcpyDtoH_v2(void *to, CUdeviceptr from, size_t bytes)
{
    return transfer(from, to, NULL, bytes);
}

EXPORT CUresult
cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes, CUstream stream)
{
    (void)stream;
    return transfer(to, NULL, from, bytes);
}

EXPORT CUresult
cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes, CUstream stream)
{
    (void)stream;
    return transfer(from, to, NULL, bytes);
}

static CUresult
sent(CUcontext c, int rc, struct gsp_error *err)
{
    if (rc == 0)
        rc = nvmem_channel_submit(nvmem_compute_channel(c->compute), NULL, err);
    return rc < 0 ? cuda_fail_context(c, rc, err) : CUDA_SUCCESS;
}

EXPORT CUresult
cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes)
{
    struct gsp_error err = {0};
    struct cuda_memory *a, *b;
    CUcontext c;
    CUresult r = cuda_enter_context(&c);
    int rc;

    if (r != CUDA_SUCCESS || !bytes)
        return r != CUDA_SUCCESS ? r : cuda_leave(CUDA_SUCCESS);
    a = cuda_memory_find(to, bytes);
    b = cuda_memory_find(from, bytes);
    if (!a || !b)
        return cuda_leave(cuda_say(CUDA_ERROR_INVALID_VALUE, "a copy leaves its allocation"));
    rc = nvmem_copy(nvmem_compute_channel(c->compute), a->buffer, to - a->va, b->buffer,
                    from - b->va, bytes, 0, &err);
    return cuda_leave(sent(c, rc, &err));
}

EXPORT CUresult
cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream)
{
    (void)stream;
    return cuMemcpyDtoD_v2(to, from, bytes);
}

static CUresult
fill(CUdeviceptr to, uint64_t pattern, unsigned pattern_bytes, size_t count)
{
    struct gsp_error err = {0};
    struct cuda_memory *m;
    CUcontext c;
    CUresult r = cuda_enter_context(&c);
    int rc;

    if (r != CUDA_SUCCESS || !count)
        return r != CUDA_SUCCESS ? r : cuda_leave(CUDA_SUCCESS);
    m = count > SIZE_MAX / pattern_bytes ? NULL : cuda_memory_find(to, count * pattern_bytes);
    if (!m || to % pattern_bytes)
        return cuda_leave(cuda_say(CUDA_ERROR_INVALID_VALUE, "a fill leaves its allocation"));
    rc = nvmem_fill(nvmem_compute_channel(c->compute), m->buffer, to - m->va,
                    count * pattern_bytes, pattern, pattern_bytes, &err);
    return cuda_leave(sent(c, rc, &err));
}

EXPORT CUresult
cuMemsetD8_v2(CUdeviceptr to, unsigned char value, size_t count)
{
    return fill(to, value, 1, count);
}

EXPORT CUresult
cuMemsetD32_v2(CUdeviceptr to, unsigned value, size_t count)
{
    return fill(to, value, 4, count);
}
