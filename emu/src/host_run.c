/* SPDX-License-Identifier: MIT */
/*
 * Host: doorbells, USERD, GPFIFO entries, and the loop that lets channels run until all of them
 * are at their end or blocked.
 */
#include <string.h>

#include "emu_priv.h"
#include "host_methods.h"
#include "hw.h"

enum {
    XID_PBDMA = 32,
    USERD_GP_GET = 0x88, /* NV_RAMUSERD_GP_GET, _GP_PUT (dev_ram.h) */
    USERD_GP_PUT = 0x8c,
    TOKEN_ENABLE = 1 << 30, /* NV_VIRTUAL_FUNCTION_DOORBELL_RUNLIST_DOORBELL, GB20x */
    SPURIOUS_VECTOR = 7,
};
static const uint64_t acquire_timeout_ns = 5000000; /* ours: no public document has it */

static uint32_t *
userd_at(const struct emu_channel *ch, uint32_t offset)
{
    return ch->userd.set ? emu_hw_target(ch->gpu, ch->userd.target, ch->userd.addr + offset, 4)
                         : NULL;
}

static void
set_get(struct emu_channel *ch, uint32_t get)
{
    uint32_t *p = userd_at(ch, USERD_GP_GET);

    ch->get = get;
    if (p)
        memcpy(p, &get, sizeof(get));
}

/* An entry without length is an order to host itself. */
static void
run_opcode(struct emu_channel *ch, uint32_t low, uint32_t high)
{
    const bool extended = emu_family_has_fsp(ch->gpu->hw->key.family);

    switch (high & 0xff) {
    case GP_OPCODE_NOP:
    case GP_OPCODE_GP_CRC:
    case GP_OPCODE_PB_CRC:
        return;
    case GP_OPCODE_SET_PB_SEGMENT_EXTENDED_BASE:
        if (extended) {
            ch->extended_base = (uint64_t)(low >> 8 & 0x1ffff) << 40;
            return;
        }
        break;
    default:
        break;
    }
    emu_host_fail(ch, XID_PBDMA, "PBDMA error: GPFIFO entry 0x%08x%08x has opcode %u", high,
                  low, high & 0xff);
}

static void
run_entry(struct emu_channel *ch, uint64_t entry)
{
    const uint32_t low = (uint32_t)entry, high = (uint32_t)(entry >> 32);
    const uint32_t dwords = high >> 10 & 0x1fffff;
    const uint64_t va = (uint64_t)(high & 0xff) << 32 | (low & ~3u);

    if (emu_host_struck(ch->gpu, EMU_EXEC_BAD_GPFIFO_ENTRY))
        run_opcode(ch, low, GP_OPCODE_ILLEGAL);
    else if (!dwords)
        run_opcode(ch, low, high);
    else
        emu_pb_start(ch, ch->extended_base | va, dwords);
}

static void
fetch_entry(struct emu_channel *ch)
{
    struct emu_fault_at fault;
    struct emu_view v;
    uint64_t entry;

    if (!emu_host_view(ch, &v)) {
        fault = (struct emu_fault_at){EMU_FAULT_UNBOUND_INST_BLOCK, EMU_READ, ch->gpfifo};
        emu_host_fail_mmu(ch, NULL, &fault);
    } else if (!emu_view_read(&v, ch->gpfifo + (uint64_t)ch->get * 8, &entry, 8, &fault)) {
        emu_host_fail_mmu(ch, NULL, &fault);
    } else {
        set_get(ch, (ch->get + 1) % ch->entries);
        run_entry(ch, entry);
    }
}

/* An acquire that never holds is an error where the channel asked for that. */
static bool
gave_up(struct emu_channel *ch)
{
    if (!ch->acquire_timeout || emu_now_ns() - ch->wait.since_ns < acquire_timeout_ns)
        return false;
    emu_host_fail(ch, XID_PBDMA, "PBDMA error: acquire timeout at 0x%llx",
                  (unsigned long long)ch->wait.va);
    return true;
}

/* True when the channel moved. */
static bool
step(struct emu_channel *ch)
{
    if (ch->dead || !emu_host_enabled(ch))
        return false;
    if (ch->wait.on) {
        if (gave_up(ch) || !emu_sem_ready(ch))
            return false;
        ch->wait.on = false;
        ch->gpu->host.waiting--;
        return true;
    }
    if (emu_pb_step(ch))
        return true;
    if (ch->dead || ch->wait.on || ch->get == ch->put)
        return false;
    fetch_entry(ch);
    return true;
}

/* One channel may release what another waits for. */
void
emu_host_run(struct emu_gpu *gpu)
{
    bool moved = true;

    if (gpu->host.busy)
        return;
    gpu->host.busy = true;
    while (moved) {
        moved = false;
        for (struct emu_channel *ch = gpu->host.channels; ch; ch = ch->next)
            while (step(ch))
                moved = true;
    }
    gpu->host.busy = false;
}

static void
ring(struct emu_channel *ch)
{
    const uint32_t *p = userd_at(ch, USERD_GP_PUT);
    uint32_t put = 0;

    if (!p || !ch->entries) {
        emu_note(ch->gpu, "doorbell of channel %u: it has no %s", ch->object->u.channel.chid,
                 p ? "GPFIFO" : "USERD");
        return;
    }
    memcpy(&put, p, sizeof(put));
    if (put < ch->entries)
        ch->put = put;
    else
        emu_host_fail(ch, XID_PBDMA, "PBDMA error: GPPut %u of %u entries", put, ch->entries);
}

void
emu_host_doorbell(struct emu_gpu *gpu, uint32_t token)
{
    const uint32_t chid = token & 0xfff, runlist = token >> 16 & 0x7f;
    struct emu_channel *ch = emu_host_find(gpu, runlist, chid);

    if (emu_host_struck(gpu, EMU_EXEC_SPURIOUS_INTERRUPT))
        emu_hw_raise(gpu, SPURIOUS_VECTOR);
    if (emu_host_struck(gpu, EMU_EXEC_LOST_DOORBELL)) {
        emu_note(gpu, "fault: the doorbell with token 0x%08x is lost", token);
        return;
    }
    if (gpu->hw->key.family == EMU_GB20X && !(token & TOKEN_ENABLE)) {
        emu_note(gpu, "doorbell with token 0x%08x: bit 30 is not set", token);
        return;
    }
    if (!ch) {
        emu_note(gpu, "doorbell with token 0x%08x: no channel %u on runlist %u", token, chid,
                 runlist);
        return;
    }
    if (ch->dead)
        emu_note(gpu, "doorbell of channel %u: an error stopped it", chid);
    else if (!emu_host_enabled(ch))
        emu_note(gpu, "doorbell of channel %u: it is not scheduled", chid);
    else
        ring(ch);
    emu_host_run(gpu);
}

void
emu_host_service(struct emu_gpu *gpu)
{
    if (gpu->host.waiting)
        emu_host_run(gpu);
}

uint64_t
emu_host_due_ns(const struct emu_gpu *gpu)
{
    uint64_t due = UINT64_MAX;

    for (const struct emu_channel *ch = gpu->host.channels; ch; ch = ch->next)
        if (ch->wait.on && ch->acquire_timeout && ch->wait.since_ns + acquire_timeout_ns < due)
            due = ch->wait.since_ns + acquire_timeout_ns;
    return due;
}
