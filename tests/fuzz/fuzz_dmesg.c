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

static void
check_fault(const struct input *in, struct gsp_crash_span message)
{
    struct gsp_crash_fault f;

    gsp_crash_fault(message, &f);
    check(in, f.engine);
    check(in, f.client);
    check(in, f.type);
    check(in, f.access);
    check(in, f.unit);
    check(in, f.what);
    check(in, f.action);
    if (f.esrs > GSP_CRASH_ESRS)
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
    check(in, line->stamp);
    check(in, line->init.device);
    check(in, line->pcie.severity);
    check(in, line->pcie.device);
    if (line->values.count > GSP_CRASH_LINE_VALUES || line->kind >= GSP_CRASH_KINDS)
        abort();
    if (line->kind == GSP_CRASH_XID || line->kind == GSP_CRASH_SXID)
        check_fault(in, line->xid.message);
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
