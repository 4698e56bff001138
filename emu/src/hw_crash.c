/* SPDX-License-Identifier: MIT */
/*
 * What the GSP leaves behind when its software crashes: a CrashCat report in the memory that
 * WPR meta offers, else in its DMEM, and the registers that lead to it (nv-crashcat.h,
 * libos_v2_crashcat.h, libos_v3_crashcat.h).
 *
 * DEBUGINFO says that there is a report and that group B of the scratch registers knows where:
 * its first two hold aperture, size and offset of a queue of packets, the other two how far it
 * is written and read.
 */
#include <string.h>

#include "emu_priv.h"
#include "hw.h"

enum {
    SIGNATURE = 0xdead,
    VERSION = 1 << 16,
    GROUP_B = 2 << 20,
    QUEUE_AT = 0xfc00, /* the last KiB of DMEM */
    QUEUE_BYTES = 0x400,
    APERTURE_SYSMEM = 0,
    APERTURE_DMEM = 2,
    UNIT_1KIB = 1,

    TYPE_REPORT = 0,
    TYPE_GPRS = 2,
    TYPE_TRACE = 3,
    GPRS = 31,
    MODE_U = 3,
    CONTAINED_U = 3,
    TASK_RM = 3,
    LOAD_ACCESS_FAULT = 5, /* RISC-V's own number */
};

struct queue {
    uint8_t *p;
    uint32_t n;
};

static void
put(struct queue *q, uint64_t value)
{
    memcpy(q->p + q->n, &value, sizeof(value));
    q->n += sizeof(value);
}

static void
put_header(struct queue *q, unsigned type, unsigned values)
{
    put(q, SIGNATURE | VERSION | (uint64_t)(values - 1) << 22 | (uint64_t)type << 32);
}

/* Reporter and crashed code are the same: user mode, the task that RM runs in. */
static void
put_report(struct emu_gpu *gpu, struct queue *q, uint64_t pc)
{
    const bool old = gpu->hw->key.family <= EMU_GA100;
    const uint64_t id = 0xff | 0xff << 8 | MODE_U << 16 | TASK_RM << 24;
    const uint64_t seconds = (emu_now_ns() - gpu->regs.reset_ns) / 1000000000u;

    put_header(q, TYPE_REPORT, 7);
    put(q, old ? UINT64_C(0x4c49424f53322e30) : UINT64_C(0x4c49424f53332e31));
    put(q, id);
    put(q, (uint64_t)(old ? 2 : 3) << 28 | seconds << 32);
    put(q, id);
    put(q, CONTAINED_U << 4); /* an exception */
    put(q, pc);
    put(q, LOAD_ACCESS_FAULT);
}

/* Level 1 of the wayfinder and the queue that it names, at least QUEUE_BYTES of it; NULL when
 * that cannot be reached. */
static uint8_t *
find_queue(struct emu_gpu *gpu, uint64_t *level1_out)
{
    const struct emu_hw *hw = gpu->hw;
    const uint64_t addr = hw->crash_addr ? hw->crash_addr : QUEUE_AT;
    const uint32_t bytes = hw->crash_addr ? hw->crash_bytes : QUEUE_BYTES;
    const unsigned aperture = hw->crash_addr ? APERTURE_SYSMEM : APERTURE_DMEM;

    *level1_out = addr | (uint64_t)(bytes / 1024 - 1) << 6 | UNIT_1KIB << 3 | aperture;
    return hw->crash_addr ? emu_ram_at(&gpu->ram, addr, QUEUE_BYTES) : gpu->hw->gsp.dmem + addr;
}

void
emu_hw_crash(struct emu_gpu *gpu)
{
    struct emu_falcon *f = &gpu->hw->gsp;
    uint64_t state[GPRS], level1;
    struct queue q = {find_queue(gpu, &level1), 0};

    if (!q.p) {
        emu_note(gpu, "GSP: the queue of crash reports cannot be reached");
        return;
    }
    memset(q.p, 0, QUEUE_BYTES);
    emu_noise((uint8_t *)state, sizeof(state), gpu->card->pub.name, "registers at the crash");
    put_report(gpu, &q, state[0] >> 32);
    put_header(&q, TYPE_GPRS, GPRS);
    for (unsigned i = 0; i < GPRS; i++)
        put(&q, state[i]);
    put_header(&q, TYPE_TRACE, 4);
    for (unsigned i = 0; i < 4; i++)
        put(&q, state[i] >> 32);
    f->scratch[0] = (uint32_t)level1;
    f->scratch[1] = (uint32_t)(level1 >> 32);
    f->scratch[2] = q.n;
    f->scratch[3] = 0;
    f->debuginfo = SIGNATURE | VERSION | GROUP_B;
}
