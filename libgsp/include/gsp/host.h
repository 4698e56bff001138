/* SPDX-License-Identifier: MIT */
/**
 * What libgsp asks of the program it lives in: memory, time, and a place for messages. Every
 * pointer may be NULL, and a NULL struct gsp_host means libc's allocator, CLOCK_MONOTONIC and
 * silence. Borrowed for the life of the object it is given to.
 */
#ifndef GSP_HOST_H
#define GSP_HOST_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum gsp_log_level { GSP_LOG_ERROR, GSP_LOG_WARN, GSP_LOG_INFO, GSP_LOG_DEBUG };

struct gsp_host {
    void *ctx;                                            /* passed to every call */
    void *(*realloc)(void *ctx, void *old, size_t bytes); /* realloc semantics; bytes 0 frees */
    uint64_t (*now_ns)(void *ctx);                        /* monotonic */
    void (*sleep_ns)(void *ctx, uint64_t ns);
    void (*log)(void *ctx, enum gsp_log_level level, const char *text);
    enum gsp_log_level log_level; /* messages above this level are not made */
};

void *gsp_host_alloc(const struct gsp_host *host,
                     size_t bytes); /* zeroed; NULL when out of memory */
void *gsp_host_realloc(const struct gsp_host *host, void *old, size_t bytes);
void gsp_host_free(const struct gsp_host *host, void *p);
uint64_t gsp_host_now_ns(const struct gsp_host *host);
void gsp_host_sleep_ns(const struct gsp_host *host, uint64_t ns);
void gsp_host_log(const struct gsp_host *host, enum gsp_log_level level, const char *format,
                  ...) __attribute__((format(printf, 3, 4)));

#ifdef __cplusplus
}
#endif
#endif
