/* SPDX-License-Identifier: MIT */
/*
 * cuInit, the lock, errors, contexts.
 */
#include "cuda_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cuda_state cuda_state = {.lock = PTHREAD_MUTEX_INITIALIZER,
                                .init = CUDA_ERROR_NOT_INITIALIZED};

enum { STACK_MAX = 16 };

/* The current context of a thread is the top of a stack. */
static _Thread_local CUcontext stack[STACK_MAX];
static _Thread_local unsigned stack_used;

/* ---- errors ---- */

static void
log_line(CUresult result, const char *text, const char *hint)
{
    const char *path = getenv("NVRM_CUDA_LOG");
    const char *name = "?";
    FILE *f = path && *path ? fopen(path, "a") : NULL;

    if (!f)
        return;
    cuGetErrorName(result, &name);
    fprintf(f, "%s: %s%s%s\n", name, text, *hint ? "; " : "", hint);
    fclose(f);
}

CUresult
cuda_say(CUresult result, const char *what)
{
    log_line(result, what, "");
    return result;
}

static CUresult
result_of(int rc, const struct gsp_error *err)
{
    switch (rc) {
    case -ENOMEM:
    case -ENOSPC:
        return CUDA_ERROR_OUT_OF_MEMORY;
    case -ENODEV:
        return CUDA_ERROR_NO_DEVICE;
    case -EINVAL:
    case -ERANGE:
        return CUDA_ERROR_INVALID_VALUE;
    case -EBADMSG:
        return CUDA_ERROR_INVALID_IMAGE;
    case -ENOEXEC:
        return strstr(err->text, "PTX") ? CUDA_ERROR_INVALID_PTX : CUDA_ERROR_NO_BINARY_FOR_GPU;
    case -ENOENT:
        return CUDA_ERROR_NOT_FOUND;
    case -ENOTSUP:
        return CUDA_ERROR_NOT_SUPPORTED;
    case -ETIMEDOUT:
        return CUDA_ERROR_LAUNCH_TIMEOUT;
    case -EIO:
        return CUDA_ERROR_LAUNCH_FAILED;
    default:
        return CUDA_ERROR_UNKNOWN;
    }
}

CUresult
cuda_fail(int rc, const struct gsp_error *err)
{
    const CUresult result = result_of(rc, err);

    log_line(result, err->text, err->hint);
    return result;
}

/* What a failed launch did, by the words of the error. */
static CUresult
launch_result(const struct gsp_error *err)
{
    static const struct {
        const char *words;
        CUresult result;
    } rows[] = {
        {"MMU fault",    CUDA_ERROR_ILLEGAL_ADDRESS    },
        {"llegal instr", CUDA_ERROR_ILLEGAL_INSTRUCTION},
        {"isaligned",    CUDA_ERROR_MISALIGNED_ADDRESS },
        {"timeout",      CUDA_ERROR_LAUNCH_TIMEOUT     },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if (strstr(err->text, rows[i].words))
            return rows[i].result;
    }
    return CUDA_ERROR_LAUNCH_FAILED;
}

CUresult
cuda_fail_context(CUcontext c, int rc, const struct gsp_error *err)
{
    CUresult result = rc == -EIO ? launch_result(err) : result_of(rc, err);

    if (rc == -EIO || rc == -ETIMEDOUT)
        c->failed = result;
    log_line(result, err->text, err->hint);
    return result;
}

CUresult
cuda_idle(CUcontext c)
{
    struct gsp_error err = {0};
    int rc = nvmem_compute_idle(c->compute, 0, &err);

    return rc < 0 ? cuda_fail_context(c, rc, &err) : CUDA_SUCCESS;
}

/* ---- entering ---- */

CUresult
cuda_enter(void)
{
    pthread_mutex_lock(&cuda_state.lock);
    if (cuda_state.ready)
        return CUDA_SUCCESS;
    return cuda_leave(cuda_state.init);
}

CUcontext
cuda_current(void)
{
    return stack_used ? stack[stack_used - 1] : NULL;
}

static bool
is_context(CUcontext c)
{
    for (CUcontext at = cuda_state.contexts; at; at = at->next) {
        if (at == c)
            return true;
    }
    return false;
}

CUresult
cuda_enter_context(CUcontext *context_out)
{
    CUresult r = cuda_enter();

    if (r != CUDA_SUCCESS)
        return r;
    *context_out = cuda_current();
    if (!is_context(*context_out))
        return cuda_leave(cuda_say(CUDA_ERROR_INVALID_CONTEXT, "no context is current"));
    return (*context_out)->failed ? cuda_leave((*context_out)->failed) : CUDA_SUCCESS;
}

CUresult
cuda_leave(CUresult result)
{
    pthread_mutex_unlock(&cuda_state.lock);
    return result;
}

/* ---- cuInit ---- */

/* With its modules and its memory. A context that failed or hangs gives its work up. */
static CUresult
destroy(CUcontext c, bool at_once)
{
    struct gsp_error err = {0};
    CUresult r = CUDA_SUCCESS;

    if (!at_once && !c->failed)
        r = cuda_idle(c);
    if (at_once || c->failed)
        nvmem_compute_kill(c->compute);
    cuda_modules_drop_all(c);
    cuda_memory_drop_all(c);
    if (nvmem_compute_destroy(c->compute, &err) < 0)
        return cuda_say(CUDA_ERROR_UNKNOWN, err.text);
    for (CUcontext *at = &cuda_state.contexts; *at; at = &(*at)->next) {
        if (*at == c) {
            *at = c->next;
            break;
        }
    }
    for (unsigned i = 0; i < stack_used; i++)
        stack[i] = stack[i] == c ? NULL : stack[i];
    free(c);
    return r;
}

/* A context that a program left behind goes with the process; the card is closed in order, so
 * that a server or a module is not left with its work. */
static void
close_all(void)
{
    while (cuda_state.contexts && destroy(cuda_state.contexts, true) == CUDA_SUCCESS)
        ;
    cuda_state.ready = false;
    cuda_state.init = CUDA_ERROR_DEINITIALIZED;
    cuda_card_close(&cuda_state.card);
}

EXPORT CUresult
cuInit(unsigned flags)
{
    const char *transport = getenv("NVRM_TRANSPORT");
    struct gsp_error err = {0};
    CUresult r = CUDA_SUCCESS;
    int rc;

    if (flags)
        return CUDA_ERROR_INVALID_VALUE;
    pthread_mutex_lock(&cuda_state.lock);
    if (cuda_state.ready)
        return cuda_leave(CUDA_SUCCESS);
    rc = cuda_card_open(&cuda_state.card, transport && *transport ? transport : "emu", &err);
    if (rc == 0) {
        rc = nvmem_compute_ask(cuda_state.card.dev, &cuda_state.limits, &err);
        if (rc < 0)
            cuda_card_close(&cuda_state.card);
    }
    if (rc < 0) {
        r = cuda_fail(rc, &err);
    } else {
        cuda_state.ready = true;
        atexit(close_all);
    }
    return cuda_leave(r);
}

EXPORT CUresult
cuDriverGetVersion(int *version)
{
    if (!version)
        return CUDA_ERROR_INVALID_VALUE;
    *version = CUDA_VERSION_SPOKEN;
    return CUDA_SUCCESS;
}

/* ---- contexts ---- */

static CUresult
create(CUcontext *context_out)
{
    const struct nvmem_compute_config config = {.name = "CUDA context"};
    struct gsp_error err = {0};
    CUcontext c = calloc(1, sizeof(*c));
    int rc;

    if (!c)
        return CUDA_ERROR_OUT_OF_MEMORY;
    rc = nvmem_compute_create(cuda_state.card.dev, &config, &c->compute, &err);
    if (rc < 0) {
        free(c);
        return cuda_fail(rc, &err);
    }
    c->next = cuda_state.contexts;
    cuda_state.contexts = c;
    *context_out = c;
    return CUDA_SUCCESS;
}

static CUresult
push(CUcontext c)
{
    if (stack_used == STACK_MAX)
        return CUDA_ERROR_INVALID_VALUE;
    stack[stack_used++] = c;
    return CUDA_SUCCESS;
}

EXPORT CUresult
cuCtxCreate_v2(CUcontext *context, unsigned flags, CUdevice device)
{
    CUresult r = cuda_enter();

    (void)flags;
    if (r != CUDA_SUCCESS)
        return r;
    if (!context || device)
        return cuda_leave(device ? CUDA_ERROR_INVALID_DEVICE : CUDA_ERROR_INVALID_VALUE);
    r = create(context);
    return cuda_leave(r == CUDA_SUCCESS ? push(*context) : r);
}

CUresult cuCtxCreate_v4(CUcontext *context, void *params, unsigned flags, CUdevice device);

EXPORT CUresult
cuCtxCreate_v4(CUcontext *context, void *params, unsigned flags, CUdevice device)
{
    return params ? CUDA_ERROR_NOT_SUPPORTED : cuCtxCreate_v2(context, flags, device);
}

EXPORT CUresult
cuCtxDestroy_v2(CUcontext context)
{
    CUresult r = cuda_enter();

    if (r != CUDA_SUCCESS)
        return r;
    if (!is_context(context) || context->primary)
        return cuda_leave(CUDA_ERROR_INVALID_CONTEXT);
    return cuda_leave(destroy(context, false));
}

EXPORT CUresult
cuCtxSetCurrent(CUcontext context)
{
    CUresult r = cuda_enter();

    if (r != CUDA_SUCCESS)
        return r;
    if (context && !is_context(context))
        return cuda_leave(CUDA_ERROR_INVALID_CONTEXT);
    if (!context && stack_used)
        stack_used--;
    else if (context && stack_used)
        stack[stack_used - 1] = context;
    else if (context)
        r = push(context);
    return cuda_leave(r);
}

EXPORT CUresult
cuCtxGetCurrent(CUcontext *context)
{
    if (!context)
        return CUDA_ERROR_INVALID_VALUE;
    *context = cuda_current();
    return CUDA_SUCCESS;
}

EXPORT CUresult
cuCtxPushCurrent_v2(CUcontext context)
{
    CUresult r = cuda_enter();

    if (r != CUDA_SUCCESS)
        return r;
    return cuda_leave(is_context(context) ? push(context) : CUDA_ERROR_INVALID_CONTEXT);
}

EXPORT CUresult
cuCtxPopCurrent_v2(CUcontext *context)
{
    if (!stack_used)
        return CUDA_ERROR_INVALID_CONTEXT;
    stack_used--;
    if (context)
        *context = stack[stack_used];
    return CUDA_SUCCESS;
}

EXPORT CUresult
cuCtxGetDevice(CUdevice *device)
{
    if (!device)
        return CUDA_ERROR_INVALID_VALUE;
    *device = 0;
    return cuda_current() ? CUDA_SUCCESS : CUDA_ERROR_INVALID_CONTEXT;
}

EXPORT CUresult
cuCtxSynchronize(void)
{
    CUcontext c;
    CUresult r = cuda_enter_context(&c);

    return r != CUDA_SUCCESS ? r : cuda_leave(cuda_idle(c));
}

EXPORT CUresult
cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device)
{
    CUresult r = cuda_enter();

    if (r != CUDA_SUCCESS)
        return r;
    if (!context || device)
        return cuda_leave(device ? CUDA_ERROR_INVALID_DEVICE : CUDA_ERROR_INVALID_VALUE);
    if (!cuda_state.primary) {
        r = create(&cuda_state.primary);
        if (r != CUDA_SUCCESS)
            return cuda_leave(r);
        cuda_state.primary->primary = true;
    }
    cuda_state.primary->uses++;
    *context = cuda_state.primary;
    return cuda_leave(CUDA_SUCCESS);
}

EXPORT CUresult
cuDevicePrimaryCtxRelease_v2(CUdevice device)
{
    CUresult r = cuda_enter();
    CUcontext c;

    if (r != CUDA_SUCCESS)
        return r;
    c = cuda_state.primary;
    if (device || !c)
        return cuda_leave(device ? CUDA_ERROR_INVALID_DEVICE : CUDA_ERROR_INVALID_CONTEXT);
    if (--c->uses)
        return cuda_leave(CUDA_SUCCESS);
    cuda_state.primary = NULL;
    return cuda_leave(destroy(c, false));
}
