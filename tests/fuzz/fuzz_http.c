/* SPDX-License-Identifier: MIT */
/*
 * Any request to the metrics server: there is always an answer, it is a whole one, and only
 * /metrics gives metrics.
 */
#include <stdlib.h>
#include <string.h>

#include "metrics.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
make(void *ctx, struct gsp_text *out)
{
    ++*(unsigned *)ctx;
    gsp_text_puts(out, "# EOF\n");
    return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned made = 0;
    const struct metrics_source source = {&made, make};
    struct gsp_text out = {0};
    char *copy = malloc(size ? size : 1); /* exactly as long, for the sanitizer */

    memcpy(copy, data, size);
    metrics_answer(copy, size, &source, &out);
    if (out.rc < 0 || strncmp(out.data, "HTTP/1.1 ", 9) || !metrics_whole(out.data, out.bytes))
        abort();
    if (made && !strstr(out.data, " 200 OK"))
        abort();
    gsp_text_fini(&out);
    free(copy);
    return 0;
}
