/* SPDX-License-Identifier: MIT */
/*
 * Readings of cards as OpenMetrics text, and the two ways it gets to a collector: a file and a
 * tiny HTTP server.
 */
#ifndef NVRM_CLI_METRICS_H
#define NVRM_CLI_METRICS_H

#include "fleet.h"

#define METRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

/* An array of readings, each with "card" and, for one that could not be read, "error". Ends in
 * "# EOF". `out` says when memory ran out. */
void metrics_text(const json_t *cards, struct gsp_text *out);
/* Write beside the file and rename: a collector never sees half of it. */
int metrics_save(const char *path, const struct gsp_text *text, struct gsp_error *err);

/* What a client may get. */
struct metrics_source {
    void *ctx;
    int (*make)(void *ctx, struct gsp_text *out); /* 0 or -errno */
};
/* "9400", "127.0.0.1:9400", "[::1]:9400": a listening socket, or -errno with *err filled. */
int metrics_listen(const char *where, uint16_t *port_out, struct gsp_error *err);
/* Serve until *stop; one client at a time, each with a deadline. 0 or -errno. */
int metrics_serve(int listener, const struct metrics_source *source, volatile int *stop,
                  struct gsp_error *err);
/* One request as it came, answered: what is sent back. Never more than METRICS_REQUEST bytes
 * are looked at. */
enum { METRICS_REQUEST = 8192 };
void metrics_answer(const char *request, size_t bytes, const struct metrics_source *source,
                    struct gsp_text *out);
/* Whether a request is whole: its empty line has come. */
bool metrics_whole(const char *request, size_t bytes);

#endif
