/* SPDX-License-Identifier: MIT */
/* Any bytes as a kernel log: every span that comes out lies inside the text. */
#include <stdlib.h>
#include <string.h>

#include <gsp/crash.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const char *text;
    size_t bytes;
};

static void
check(const struct input *in, struct gsp_crash_span s)
{
    if (s.bytes && (s.text < in->text || s.text + s.bytes > in->text + in->bytes))
        abort();
}

static int
found(void *ctx, const struct gsp_crash_line *line)
{
    const struct input *in = ctx;

    check(in, line->text);
    check(in, line->xid.device);
    check(in, line->xid.process);
    check(in, line->xid.message);
    check(in, line->rpc.name);
    check(in, line->failure.expression);
    check(in, line->failure.where);
    check(in, line->source.engine);
    check(in, line->source.why);
    if (line->values.count > GSP_CRASH_LINE_VALUES || line->kind > GSP_CRASH_END)
        abort();
    return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = malloc(size + 1);
    struct input in = {copy, size};

    if (!copy)
        abort();
    memcpy(copy, data, size);
    gsp_crash_scan(copy, size, found, &in);
    free(copy);
    return 0;
}
