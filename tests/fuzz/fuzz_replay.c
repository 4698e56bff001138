/* SPDX-License-Identifier: MIT */
/*
 * A trace of any bytes, replayed to a client that makes the very calls that are in it: with the
 * recorded parameters, and after the first half of the records with one byte changed. Whatever
 * the file says, nothing is read or written outside, and every error has a text.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <gsp/replay.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CALLS = 200, PARAMS_MAX = 1 << 16 };

static int
make_call(struct gsp_backend *b, const struct gsp_trace_record *r, void *params, size_t bytes,
          struct gsp_error *err)
{
    const uint64_t *a = r->arg;
    const uint32_t n = (uint32_t)bytes;
    uint8_t reply[256];
    size_t reply_bytes;

    switch (r->type) {
    case GSP_TRACE_ALLOC:
        return b->ops->alloc(b, (uint32_t)a[0], (uint32_t)a[1], (uint32_t)a[2], (uint32_t)a[3],
                             params, n, err);
    case GSP_TRACE_CONTROL:
        return b->ops->control(b, (uint32_t)a[0], (uint32_t)a[1], (uint32_t)a[2], params, n,
                               err);
    case GSP_TRACE_FREE:
        return b->ops->free(b, (uint32_t)a[0], (uint32_t)a[1], (uint32_t)a[2], err);
    case GSP_TRACE_DUP:
        return b->ops->dup(b, (uint32_t)a[0], (uint32_t)a[1], (uint32_t)a[2], (uint32_t)a[3],
                           (uint32_t)a[4], (uint32_t)a[5], err);
    case GSP_TRACE_CALL:
        return b->ops->rpc(b, (uint32_t)a[0], params, bytes, reply, sizeof(reply), &reply_bytes,
                           err);
    default:
        return 0;
    }
}

/* The parameters as a client has them: pointers lead to memory of its own. */
static void
call(struct gsp_backend *b, const struct gsp_trace_record *r, unsigned n)
{
    struct gsp_event event;
    struct gsp_error err = {0};
    void *params;
    size_t bytes;

    if (gsp_trace_params_copy(b->abi, r, GSP_TRACE_IN, NULL, &params, &bytes, &err) < 0)
        abort();
    if (bytes <= PARAMS_MAX) {
        if (params && n % 8 == 7)
            ((uint8_t *)params)[n % bytes] ^= n & 1 ? 1 : 0;
        if (make_call(b, r, params, bytes, &err) < 0 && err.origin == GSP_ORIGIN_DIVERGED &&
            !err.text[0])
            abort();
        (void)b->ops->event_next(b, &event, 0, &err);
    }
    free(params);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct gsp_trace_reader_config reader = {.schema = nvrm_schema_builtin()};
    struct gsp_replay_config config = {.schema = nvrm_schema_builtin()};
    struct gsp_backend *b = NULL;
    struct gsp_trace_reader *r;
    struct gsp_trace_record record;
    char path[64];
    int fd = memfd_create("trace", 0);

    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    config.path = path;
    if (gsp_replay_open(&config, &b, NULL) == 0) {
        if (gsp_trace_open_memory(data, size, &reader, &r, NULL) < 0)
            abort();
        for (unsigned n = 0; n < CALLS && gsp_trace_next(r, &record, NULL) == 0; n++)
            call(b, &record, n);
        gsp_trace_close(r);
        b->ops->close(b);
    }
    close(fd);
    return 0;
}
