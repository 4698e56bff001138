/* SPDX-License-Identifier: MIT */
/*
 * The host's callbacks with their defaults: libc's allocator, the monotonic clock, silence.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <gsp/host.h>

void *
gsp_host_realloc(const struct gsp_host *host, void *old, size_t bytes)
{
    if (host && host->realloc)
        return host->realloc(host->ctx, old, bytes);
    if (bytes)
        return realloc(old, bytes);
    free(old);
    return NULL;
}

void *
gsp_host_alloc(const struct gsp_host *host, size_t bytes)
{
    void *p;

    /* libc hands out large blocks as fresh pages, which are zero until they are touched. */
    if (!host || !host->realloc)
        return calloc(1, bytes ? bytes : 1);
    p = gsp_host_realloc(host, NULL, bytes ? bytes : 1);
    return p ? memset(p, 0, bytes) : NULL;
}

void
gsp_host_free(const struct gsp_host *host, void *p)
{
    if (p)
        gsp_host_realloc(host, p, 0);
}

uint64_t
gsp_host_now_ns(const struct gsp_host *host)
{
    struct timespec now;

    if (host && host->now_ns)
        return host->now_ns(host->ctx);
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void
gsp_host_sleep_ns(const struct gsp_host *host, uint64_t ns)
{
    struct timespec wait = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};

    if (host && host->sleep_ns)
        host->sleep_ns(host->ctx, ns);
    else
        nanosleep(&wait, NULL);
}

void
gsp_host_log(const struct gsp_host *host, enum gsp_log_level level, const char *format, ...)
{
    char text[512];
    va_list args;

    if (!host || !host->log || level > host->log_level)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    host->log(host->ctx, level, text);
}
