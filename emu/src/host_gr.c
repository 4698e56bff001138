/* SPDX-License-Identifier: MIT */
/*
 * Compute and 3D classes: state is taken as it comes, report semaphores are released and data
 * is written inline to memory. host_compute.c launches; what would draw is not modelled.
 */
#include <string.h>

#include <nvrm/hw.h>

#include "ce.h"
#include "emu_priv.h"
#include "host_methods.h"
#include "hw.h"

enum { XID_GR_EXCEPTION = 13 };

static void
gr_error(struct emu_channel *ch, const struct emu_subchannel *s, uint32_t method, uint32_t data,
         const char *what)
{
    emu_host_fail(ch, XID_GR_EXCEPTION,
                  "Graphics Exception: Class 0x%x, Offset 0x%x, Data 0x%x: %s", s->cls, method,
                  data, what);
}

static void
release(struct emu_channel *ch, const struct emu_release *r, bool reduce, uint32_t op,
        bool is_signed)
{
    struct emu_fault_at fault = {EMU_FAULT_UNBOUND_INST_BLOCK, EMU_WRITE, r->va};
    struct emu_view v;

    if (emu_host_view(ch, &v) && (reduce ? emu_sem_update(ch, &v, r, op, is_signed, &fault)
                                         : emu_sem_release(ch, &v, r, &fault)))
        return;
    emu_host_fail_mmu(ch, emu_host_engine(ch), &fault);
}

/* The engines' own order of reductions: RED_ADD, MIN, MAX, INC, DEC, AND, OR, XOR. */
static uint32_t
reduction(uint32_t op)
{
    static const uint8_t of[] = {RED_IADD, RED_IMIN, RED_IMAX, RED_INC,
                                 RED_DEC,  RED_IAND, RED_IOR,  RED_IXOR};

    return of[op & 7];
}

static void
awaken(struct emu_channel *ch)
{
    const struct emu_engine *e = emu_host_engine(ch);

    emu_host_interrupt(ch->gpu, e ? e->nonstall : UINT32_MAX);
}

/* SET_REPORT_SEMAPHORE_A to D */
static void
report(struct emu_channel *ch, struct emu_subchannel *s, uint32_t d)
{
    const uint32_t *m = s->regs;
    const struct emu_release r = {.va = (uint64_t)m[GR_SET_REPORT_SEMAPHORE_A / 4] << 32 |
                                        m[GR_SET_REPORT_SEMAPHORE_B / 4],
                                  .payload = m[GR_SET_REPORT_SEMAPHORE_C / 4],
                                  .timestamp = !(d >> 28 & 1)};

    if (r.va & (r.timestamp ? 15 : 3))
        gr_error(ch, s, GR_SET_REPORT_SEMAPHORE_D, d, "misaligned report semaphore");
    else if ((d & 3) == 0)
        release(ch, &r, d >> 3 & 1, reduction(d >> 9), d >> 17 & 3);
    else
        gr_error(ch, s, GR_SET_REPORT_SEMAPHORE_D, d, "operation that is not modelled");
    if (d >> 20 & 1)
        awaken(ch);
}

/* REPORT_SEMAPHORE_EXECUTE, from Hopper on: four words, one, or two */
static void
report_execute(struct emu_channel *ch, struct emu_subchannel *s, uint32_t x)
{
    const uint32_t *m = s->regs;
    const bool wide = x >> 12 & 1;
    const struct emu_release r = {
        .va = (uint64_t)m[GR_REPORT_ADDRESS_UPPER / 4] << 32 | m[GR_REPORT_ADDRESS_LOWER / 4],
        .payload = (wide ? (uint64_t)m[GR_REPORT_PAYLOAD_UPPER / 4] << 32 : 0) |
                   m[GR_REPORT_PAYLOAD_LOWER / 4],
        .wide = wide,
        .timestamp = !(x >> 3 & 3)};

    if (r.va & (r.timestamp ? 15 : wide ? 7 : 3))
        gr_error(ch, s, GR_REPORT_SEMAPHORE_EXECUTE, x, "misaligned report semaphore");
    else if ((x & 3) == 0)
        release(ch, &r, x >> 6 & 1, reduction(x >> 7), x >> 10 & 3);
    else
        gr_error(ch, s, GR_REPORT_SEMAPHORE_EXECUTE, x, "operation that is not modelled");
    if (x >> 2 & 1)
        awaken(ch);
}

/* Inline to memory: LAUNCH_DMA says where, LOAD_INLINE_DATA brings the bytes. */

static void
inline_launch(struct emu_channel *ch, struct emu_subchannel *s, uint32_t data)
{
    const uint64_t bytes =
        (uint64_t)s->regs[GR_LINE_LENGTH_IN / 4] * s->regs[GR_LINE_COUNT / 4];

    if (!bytes || bytes > 1u << 20)
        gr_error(ch, s, GR_LAUNCH_DMA, data, "inline data of no or too many bytes");
    else if (data >> 1 & 1)
        gr_error(ch, s, GR_LAUNCH_DMA, data, "inline reductions are not modelled");
    s->inline_bytes = ch->dead ? 0 : (uint32_t)bytes;
    s->inline_done = 0;
}

static struct emu_surface
inline_surface(const struct emu_subchannel *s)
{
    struct emu_surface to = {.pitch = s->regs[GR_PITCH_OUT / 4]};

    if (!(s->regs[GR_LAUNCH_DMA / 4] & 1)) {
        emu_surface_read(&to, &s->regs[GR_SET_DST_BLOCK_SIZE / 4]);
        to.x = s->regs[GR_SET_DST_ORIGIN_BYTES_X / 4];
        to.y = s->regs[GR_SET_DST_ORIGIN_SAMPLES_Y / 4];
    }
    return to;
}

static void
inline_end(struct emu_channel *ch, struct emu_subchannel *s)
{
    const uint32_t launch = s->regs[GR_LAUNCH_DMA / 4];
    const struct emu_release r = {.va = (uint64_t)s->regs[GR_SET_I2M_SEMAPHORE_A / 4] << 32 |
                                        s->regs[GR_SET_I2M_SEMAPHORE_B / 4],
                                  .payload = s->regs[GR_SET_I2M_SEMAPHORE_C / 4],
                                  .timestamp = !(launch >> 12 & 1)};

    s->inline_bytes = 0;
    if ((launch >> 4 & 3) == 2) /* COMPLETION_TYPE_RELEASE_SEMAPHORE */
        release(ch, &r, false, 0, false);
    if (launch >> 8 & 3)
        awaken(ch);
}

static void
inline_data(struct emu_channel *ch, struct emu_subchannel *s, uint32_t data)
{
    const uint32_t line = s->regs[GR_LINE_LENGTH_IN / 4];
    const uint64_t out =
        (uint64_t)s->regs[GR_OFFSET_OUT_UPPER / 4] << 32 | s->regs[GR_OFFSET_OUT / 4];
    const struct emu_surface to = inline_surface(s);
    struct emu_fault_at fault = {EMU_FAULT_UNBOUND_INST_BLOCK, EMU_WRITE, out};
    struct emu_view v;

    if (!s->inline_bytes) {
        gr_error(ch, s, GR_LOAD_INLINE_DATA, data, "inline data without a launch");
        return;
    }
    for (unsigned i = 0; i < 4 && s->inline_done < s->inline_bytes; i++, s->inline_done++) {
        const uint64_t at =
            out + emu_surface_offset(&to, s->inline_done % line, s->inline_done / line);
        const uint8_t byte = (uint8_t)(data >> 8 * i);

        if (!emu_host_view(ch, &v) || !emu_view_write(&v, at, &byte, 1, &fault)) {
            emu_host_fail_mmu(ch, emu_host_engine(ch), &fault);
            return;
        }
    }
    if (s->inline_done == s->inline_bytes)
        inline_end(ch, s);
}

static bool
is_compute(const struct emu_subchannel *s)
{
    return (s->cls & 0xff) == CLASS_COMPUTE;
}

/* Bulk data comes to few methods: those are not looked up. */
static bool
is_method(const struct emu_subchannel *s, uint32_t method)
{
    const struct nvrm_hw_class *c = nvrm_hw_class(s->cls);

    return method == GR_LOAD_INLINE_DATA || (c && nvrm_hw_method(c, method, NULL, NULL));
}

void
emu_gr_method(struct emu_channel *ch, struct emu_subchannel *s, uint32_t method, uint32_t data)
{
    if (!is_method(s, method) &&
        !emu_accepts(ch->gpu, "class 0x%04x has no method 0x%04x", s->cls, method)) {
        gr_error(ch, s, method, data, "illegal method");
        return;
    }
    s->regs[method / 4] = data;
    switch (method) {
    case GR_LAUNCH_DMA:
        inline_launch(ch, s, data);
        break;
    case GR_LOAD_INLINE_DATA:
        inline_data(ch, s, data);
        break;
    case GR_SET_REPORT_SEMAPHORE_D:
        report(ch, s, data);
        break;
    case GR_REPORT_SEMAPHORE_EXECUTE:
        if (emu_family_has_fsp(ch->gpu->hw->key.family))
            report_execute(ch, s, data);
        break;
    default:
        if (is_compute(s))
            emu_compute_method(ch, s, method, data);
        break;
    }
}
