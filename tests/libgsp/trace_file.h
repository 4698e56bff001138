/* SPDX-License-Identifier: MIT */
/*
 * Traces for tests: a file without a name, its bytes, and a heap that fails when it is told to.
 */
#ifndef TRACE_FILE_H
#define TRACE_FILE_H

#include <gsp/trace.h>

struct trace_bytes {
    uint8_t *data;
    size_t bytes;
};

/* A file in memory; fails the test when there is none. */
int trace_file_create(void);
/* All that is in it, with room for 64 more. */
struct trace_bytes trace_file_bytes(int fd);
struct nvrm_abi trace_abi(const char *release);

/* Call number fail_at of the heap fails. */
struct failing_heap {
    unsigned calls, fail_at;
};
struct gsp_host failing_host(struct failing_heap *heap);

#endif
