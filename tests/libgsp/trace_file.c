/* SPDX-License-Identifier: MIT */
#include "trace_file.h"

#include "test.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int
trace_file_create(void)
{
    int fd = memfd_create("trace", 0);

    assert_true(fd >= 0);
    return fd;
}

struct trace_bytes
trace_file_bytes(int fd)
{
    struct trace_bytes b;
    struct stat st;

    assert_int_equal(fstat(fd, &st), 0);
    b.bytes = (size_t)st.st_size;
    b.data = calloc(1, b.bytes + 64);
    assert_non_null(b.data);
    assert_int_equal(pread(fd, b.data, b.bytes, 0), b.bytes);
    return b;
}

struct nvrm_abi
trace_abi(const char *release)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();

    return (struct nvrm_abi){s, nvrm_release_find(s, release)};
}

static void *
heap_realloc(void *ctx, void *old, size_t bytes)
{
    struct failing_heap *h = ctx;

    if (!bytes) {
        free(old);
        return NULL;
    }
    return ++h->calls == h->fail_at ? NULL : realloc(old, bytes);
}

struct gsp_host
failing_host(struct failing_heap *heap)
{
    return (struct gsp_host){.ctx = heap, .realloc = heap_realloc};
}
