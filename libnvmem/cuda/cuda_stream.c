/* SPDX-License-Identifier: MIT */
/*
 * Streams, which all run in the order of the context's channel, and events, which are
 * semaphores that the channel releases with the time.
 */
#include "cuda_priv.h"

#include <errno.h>
#include <stdlib.h>

struct CUstream_st {
    CUcontext context;
};

struct CUevent_st {
    CUcontext context;
    struct nvmem_semaphore *semaphore;
    uint64_t value; /* of the last record; 0: none */
};

EXPORT CUresult
cuStreamCreate(CUstream *stream, unsigned flags)
{
    CUcontext c;
    CUresult r = cuda_enter_context(&c);

    (void)flags;
    if (r != CUDA_SUCCESS)
        return r;
    if (!stream)
        return cuda_leave(CUDA_ERROR_INVALID_VALUE);
    *stream = calloc(1, sizeof(**stream));
    if (!*stream)
        return cuda_leave(CUDA_ERROR_OUT_OF_MEMORY);
    (*stream)->context = c;
    return cuda_leave(CUDA_SUCCESS);
}

CUresult cuStreamCreateWithPriority(CUstream *stream, unsigned flags, int priority);

EXPORT CUresult
cuStreamCreateWithPriority(CUstream *stream, unsigned flags, int priority)
{
    (void)priority;
    return cuStreamCreate(stream, flags);
}

EXPORT CUresult
cuStreamDestroy_v2(CUstream stream)
{
    CUcontext c;
    CUresult r = cuda_enter_context(&c);

    if (r != CUDA_SUCCESS)
        return r;
    if (!stream)
        return cuda_leave(CUDA_ERROR_INVALID_HANDLE);
    free(stream);
    return cuda_leave(CUDA_SUCCESS);
}

EXPORT CUresult
cuStreamSynchronize(CUstream stream)
{
    CUcontext c;
    CUresult r = cuda_enter_context(&c);

    return r != CUDA_SUCCESS ? r : cuda_leave(cuda_idle(stream ? stream->context : c));
}

EXPORT CUresult
cuStreamQuery(CUstream stream)
{
    struct nvmem_fence last;
    CUcontext c;
    CUresult r = cuda_enter_context(&c);

    if (r != CUDA_SUCCESS)
        return r;
    last = nvmem_channel_last(nvmem_compute_channel((stream ? stream->context : c)->compute));
    return cuda_leave(nvmem_fence_done(&last) ? CUDA_SUCCESS : CUDA_ERROR_NOT_READY);
}

/* ---- events ---- */

EXPORT CUresult
cuEventCreate(CUevent *event, unsigned flags)
{
    struct gsp_error err = {0};
    CUevent e;
    CUcontext c;
    CUresult r = cuda_enter_context(&c);
    int rc;

    (void)flags;
    if (r != CUDA_SUCCESS)
        return r;
    e = event ? calloc(1, sizeof(*e)) : NULL;
    if (!e)
        return cuda_leave(event ? CUDA_ERROR_OUT_OF_MEMORY : CUDA_ERROR_INVALID_VALUE);
    rc = nvmem_semaphore_create(cuda_state.card.dev, 0, &e->semaphore, &err);
    if (rc < 0) {
        free(e);
        return cuda_leave(cuda_fail(rc, &err));
    }
    e->context = c;
    *event = e;
    return cuda_leave(CUDA_SUCCESS);
}

/* What the channel still has to release is waited for. */
EXPORT CUresult
cuEventDestroy_v2(CUevent e)
{
    CUcontext c;
    CUresult r = cuda_enter_context(&c);

    if (r != CUDA_SUCCESS)
        return r;
    if (!e)
        return cuda_leave(CUDA_ERROR_INVALID_HANDLE);
    r = cuda_idle(e->context);
    if (r != CUDA_SUCCESS)
        return cuda_leave(r);
    nvmem_semaphore_destroy(e->semaphore);
    free(e);
    return cuda_leave(CUDA_SUCCESS);
}

EXPORT CUresult
cuEventRecord(CUevent e, CUstream stream)
{
    struct gsp_error err = {0};
    struct nvmem_channel *ch;
    CUcontext c;
    CUresult r = cuda_enter_context(&c);
    int rc;

    (void)stream;
    if (r != CUDA_SUCCESS)
        return r;
    if (!e || e->context != c)
        return cuda_leave(CUDA_ERROR_INVALID_HANDLE);
    ch = nvmem_compute_channel(c->compute);
    rc = nvmem_channel_release(ch, e->semaphore, e->value + 1, NVMEM_RELEASE_TIME, &err);
    if (rc == 0)
        rc = nvmem_channel_submit(ch, NULL, &err);
    if (rc < 0)
        return cuda_leave(cuda_fail_context(c, rc, &err));
    e->value++;
    return cuda_leave(CUDA_SUCCESS);
}

EXPORT CUresult
cuStreamWaitEvent(CUstream stream, CUevent e, unsigned flags)
{
    CUcontext c;
    CUresult r = cuda_enter_context(&c);

    (void)stream, (void)flags;
    if (r != CUDA_SUCCESS)
        return r;
    if (!e)
        return cuda_leave(CUDA_ERROR_INVALID_HANDLE);
    /* One channel: what was recorded before runs before. Of another context it is awaited. */
    return cuda_leave(e->context == c ? CUDA_SUCCESS : cuda_idle(e->context));
}

static bool
passed(const struct CUevent_st *e)
{
    return nvmem_semaphore_value(e->semaphore) >= e->value;
}

EXPORT CUresult
cuEventQuery(CUevent e)
{
    CUcontext c;
    CUresult r = cuda_enter_context(&c);

    if (r != CUDA_SUCCESS)
        return r;
    if (!e)
        return cuda_leave(CUDA_ERROR_INVALID_HANDLE);
    return cuda_leave(passed(e) ? CUDA_SUCCESS : CUDA_ERROR_NOT_READY);
}

EXPORT CUresult
cuEventSynchronize(CUevent e)
{
    struct gsp_error err = {0};
    struct nvmem_fence f;
    CUcontext c;
    CUresult r = cuda_enter_context(&c);
    int rc;

    if (r != CUDA_SUCCESS)
        return r;
    if (!e)
        return cuda_leave(CUDA_ERROR_INVALID_HANDLE);
    f = (struct nvmem_fence){e->semaphore, nvmem_compute_channel(e->context->compute),
                             e->value};
    rc = nvmem_fence_wait(&f, 0, &err);
    return cuda_leave(rc < 0 ? cuda_fail_context(e->context, rc, &err) : CUDA_SUCCESS);
}

EXPORT CUresult
cuEventElapsedTime(float *milliseconds, CUevent from, CUevent to)
{
    CUcontext c;
    CUresult r = cuda_enter_context(&c);

    if (r != CUDA_SUCCESS)
        return r;
    if (!milliseconds || !from || !to || !from->value || !to->value)
        return cuda_leave(CUDA_ERROR_INVALID_HANDLE);
    if (!passed(from) || !passed(to))
        return cuda_leave(CUDA_ERROR_NOT_READY);
    *milliseconds = (float)((double)(int64_t)(nvmem_semaphore_time_ns(to->semaphore) -
                                              nvmem_semaphore_time_ns(from->semaphore)) /
                            1e6);
    return cuda_leave(CUDA_SUCCESS);
}

CUresult cuEventElapsedTime_v2(float *milliseconds, CUevent from, CUevent to);

EXPORT CUresult
cuEventElapsedTime_v2(float *milliseconds, CUevent from, CUevent to)
{
    return cuEventElapsedTime(milliseconds, from, to);
}
