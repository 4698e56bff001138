/* SPDX-License-Identifier: MIT */
/* Any bytes as a wayfinder, a queue and a run of crash packets. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <gsp/crash.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint64_t sink;

static void
touch(const struct gsp_crash_values *v, const uint8_t *data, size_t size)
{
    if (!v->data)
        return;
    if (v->data < data || (size_t)(v->data - data) + (size_t)v->count * 8 > size)
        abort();
    sink = gsp_crash_value(v, v->count - 1) + gsp_crash_value(v, v->count);
}

static void
read_reports(const uint8_t *data, size_t size)
{
    const struct gsp_fw_source src = {"fuzz", data, size, 0};
    struct gsp_crash_report r;
    uint64_t off = 0, before;
    int rc;

    do {
        before = off;
        rc = gsp_crash_report_next(&src, &off, &r, NULL);
        touch(&r.csrs, data, size);
        touch(&r.gprs, data, size);
        touch(&r.stack, data, size);
        touch(&r.pc_trace, data, size);
        touch(&r.io, data, size);
        sink = strlen(gsp_crash_reason_name(r.writer, r.reason));
        sink = strlen(gsp_crash_riscv_cause_name(r.data));
        if (rc == 0 && off <= before)
            abort();
    } while (rc == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gsp_crash_l0 l0;
    struct gsp_crash_l1 l1;
    uint32_t head[5] = {0};

    read_reports(data, size);
    if (size < sizeof(head))
        return 0;
    memcpy(head, data, sizeof(head));
    if (gsp_crash_l0(head[0], &l0) && l0.register_count > GSP_CRASH_SCRATCH_MAX)
        abort();
    if (gsp_crash_l1((uint64_t)head[2] << 32 | head[1], &l1, NULL) == 0 && !l1.bytes)
        abort();
    {
        const uint32_t bytes = (uint32_t)(size - sizeof(head));
        uint8_t *out = malloc(bytes + 1);
        int64_t n;

        if (!out)
            abort();
        n = gsp_crash_queue_read(data + sizeof(head), bytes, head[3], head[4], out, NULL);
        if (n > 0)
            read_reports(out, (size_t)n);
        free(out);
    }
    return 0;
}
