/* SPDX-License-Identifier: MIT */
/*
 * CrashCat through registers: from the wayfinder to the packets, when the queue lies in the
 * falcon's own DMEM or in system memory that it was given, and one line that says what they
 * say.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <gsp/crash.h>
#include <nvrm/regs.h>

#include "fw_bytes_priv.h"

static uint32_t
rd(struct gsp_bus *bus, uint32_t at)
{
    return bus->ops->rd32(bus, 0, at);
}

/* Where level 0 points, and the queue's two pointers. */
static int
find_queue(struct gsp_bus *bus, uint32_t base, struct gsp_crash_l1 *l1, uint32_t *put,
           uint32_t *get, struct gsp_error *err)
{
    struct gsp_crash_l0 l0;
    uint64_t level1;

    if (!gsp_crash_l0(rd(bus, base + GSP_CRASH_L0_OFF), &l0))
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -ENOENT, "no crash report: no wayfinder");
    if (l0.register_count != GSP_CRASH_SCRATCH_MAX)
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EOPNOTSUPP,
                        "the wayfinder's level 1 is in scratch group %s", l0.group_name);
    level1 = rd(bus, base + l0.registers[0]);
    level1 |= (uint64_t)rd(bus, base + l0.registers[1]) << 32;
    *put = rd(bus, base + l0.registers[2]);
    *get = rd(bus, base + l0.registers[3]);
    return gsp_crash_l1(level1, l1, err);
}

static void
read_dmem(struct gsp_bus *bus, uint32_t base, uint32_t at, uint8_t *out, uint32_t bytes)
{
    bus->ops->wr32(bus, 0, base + NV_PFALCON_FALCON_DMEMC(0),
                   at | NVRM_FIELD(NV_PFALCON_FALCON_DMEMC_AINCR, 1));
    for (uint32_t i = 0; i + 4 <= bytes; i += 4)
        fw_put_u32(out + i, rd(bus, base + NV_PFALCON_FALCON_DMEMD(0)));
}

/* The queue in memory that was offered; NULL: it is elsewhere. */
static const uint8_t *
queue_in(const struct gsp_dma *offered, const struct gsp_crash_l1 *l1)
{
    if (l1->aperture != GSP_CRASH_SYSMEM || !offered || !offered->cpu ||
        l1->offset < offered->bus_addr || l1->bytes > offered->bytes ||
        l1->offset - offered->bus_addr > offered->bytes - l1->bytes)
        return NULL;
    return (const uint8_t *)offered->cpu + (l1->offset - offered->bus_addr);
}

int
gsp_crash_fetch(struct gsp_bus *bus, uint32_t base, const struct gsp_dma *offered, uint8_t *out,
                size_t cap, size_t *bytes_out, struct gsp_error *err)
{
    const uint8_t *memory;
    struct gsp_crash_l1 l1;
    uint32_t put = 0, get = 0;
    int rc = find_queue(bus, base, &l1, &put, &get, err);

    *bytes_out = 0;
    if (rc < 0)
        return rc;
    memory = queue_in(offered, &l1);
    if (!memory && l1.aperture != GSP_CRASH_DMEM)
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EOPNOTSUPP,
                        "the crash report is in %s at 0x%llx, 0x%x bytes",
                        gsp_crash_aperture_name(l1.aperture), (unsigned long long)l1.offset,
                        l1.bytes);
    if (put >= l1.bytes || get > put || put % 4 || get % 4 ||
        (!memory && l1.offset > 0xffffff - l1.bytes))
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG,
                        "CrashCat queue of 0x%x bytes: put is 0x%x, get 0x%x", l1.bytes, put,
                        get);
    if (put - get > cap)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EMSGSIZE, "0x%x bytes of crash report",
                        put - get);
    if (memory)
        memcpy(out, memory + get, put - get);
    else
        read_dmem(bus, base, (uint32_t)l1.offset + get, out, put - get);
    *bytes_out = put - get;
    return 0;
}

const char *
gsp_crash_why(const struct gsp_crash_report *r)
{
    switch (r->cause) {
    case GSP_CRASH_EXCEPTION:
        return gsp_crash_riscv_cause_name(r->data);
    case GSP_CRASH_PANIC:
        return gsp_crash_reason_name(r->writer, r->reason);
    case GSP_CRASH_TIMEOUT:
        return "it did not finish in time";
    case GSP_CRASH_WATCHDOG:
        return "the watchdog saw no progress";
    default:
        return "unknown";
    }
}

void
gsp_crash_line_text(const struct gsp_crash_report *r, char *text, size_t bytes)
{
    const int n = snprintf(
        text, bytes, "%s %s, %s, at pc 0x%llx", gsp_crash_mode_name(r->writer, r->source.mode),
        gsp_crash_cause_name(r->cause), gsp_crash_why(r), (unsigned long long)r->pc);

    if (r->source.task != 255 && n > 0 && (size_t)n < bytes)
        snprintf(text + n, bytes - (size_t)n, " (task %u)", r->source.task);
}
