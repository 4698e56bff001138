/* SPDX-License-Identifier: MIT */
/*
 * Semaphores: acquires that block, releases with 32 or 64 bits and a timestamp, reductions. The
 * host's own methods, in the new (SEM_*) and the old form (SEMAPHOREA to D), and what engines
 * share with them.
 */
#include <string.h>

#include <nvrm/reg.h>

#include "emu_priv.h"
#include "host_methods.h"
#include "hw.h"

enum { XID_PBDMA = 32 };

/* Releases */

/* In one piece, as hardware does: the CPU may look at any time. */
static bool
put(const struct emu_view *v, uint64_t va, uint64_t value, uint64_t bytes,
    struct emu_fault_at *fault)
{
    uint64_t n;
    uint8_t *p;

    if (!emu_view_span(v, va, bytes, EMU_WRITE, &p, &n, fault))
        return false;
    if (p && (n < bytes || (uintptr_t)p % bytes))
        return emu_view_write(v, va, &value, bytes, fault);
    if (p && bytes == 8)
        __atomic_store_n((uint64_t *)(void *)p, value, __ATOMIC_RELEASE);
    else if (p)
        __atomic_store_n((uint32_t *)(void *)p, (uint32_t)value, __ATOMIC_RELEASE);
    return true;
}

/* The time before the payload: who sees the one sees the other. With it, a narrow payload fills
 * the first eight bytes. */
bool
emu_sem_release(struct emu_channel *ch, const struct emu_view *v, const struct emu_release *r,
                struct emu_fault_at *fault)
{
    const uint64_t now = emu_now_ns() - ch->gpu->regs.reset_ns;
    const uint64_t payload = r->wide ? r->payload : (uint32_t)r->payload;

    if (r->timestamp && !put(v, r->va + 8, now, 8, fault))
        return false;
    return put(v, r->va, payload, r->wide || r->timestamp ? 8 : 4, fault);
}

static int64_t
extend(uint64_t value, bool wide)
{
    return wide ? (int64_t)value : (int32_t)value;
}

static uint64_t
pick(uint64_t a, uint64_t b, bool smaller, bool is_signed, bool wide)
{
    const bool less = is_signed ? extend(a, wide) < extend(b, wide) : a < b;

    return less == smaller ? a : b;
}

uint64_t
emu_sem_reduce(uint32_t op, bool is_signed, bool wide, uint64_t memory, uint64_t payload)
{
    switch (op) {
    case RED_IMIN:
        return pick(memory, payload, true, is_signed, wide);
    case RED_IMAX:
        return pick(memory, payload, false, is_signed, wide);
    case RED_IXOR:
        return memory ^ payload;
    case RED_IAND:
        return memory & payload;
    case RED_IOR:
        return memory | payload;
    case RED_IADD:
        return memory + payload;
    case RED_INC: /* wraps at the payload */
        return memory >= payload ? 0 : memory + 1;
    case RED_DEC:
        return !memory || memory > payload ? payload : memory - 1;
    default:
        return memory;
    }
}

/* Read, change, write; the timestamp follows. */
bool
emu_sem_update(struct emu_channel *ch, const struct emu_view *v, const struct emu_release *r,
               uint32_t op, bool is_signed, struct emu_fault_at *fault)
{
    struct emu_release changed = *r;
    uint64_t memory = 0, n;
    uint8_t *p;

    if (!emu_view_span(v, r->va, r->wide ? 8 : 4, EMU_ATOMIC, &p, &n, fault) ||
        !emu_view_read(v, r->va, &memory, r->wide ? 8 : 4, fault))
        return false;
    changed.payload = emu_sem_reduce(op, is_signed, r->wide, memory, r->payload);
    return emu_sem_release(ch, v, &changed, fault);
}

/* Acquires */

static bool
holds(const struct emu_wait *w, uint64_t memory)
{
    switch (w->op) {
    case SEM_ACQUIRE:
        return memory == w->payload;
    case SEM_ACQ_STRICT_GEQ:
        return memory >= w->payload;
    case SEM_ACQ_CIRC_GEQ:
        return extend(memory - w->payload, w->wide) >= 0;
    case SEM_ACQ_AND:
        return (memory & w->payload) != 0;
    default: /* SEM_ACQ_NOR */
        return (~(memory | w->payload) & (w->wide ? UINT64_MAX : UINT32_MAX)) != 0;
    }
}

bool
emu_sem_ready(struct emu_channel *ch)
{
    struct emu_fault_at fault = {EMU_FAULT_UNBOUND_INST_BLOCK, EMU_READ, ch->wait.va};
    struct emu_view v;
    uint64_t memory = 0;

    if (emu_host_view(ch, &v) &&
        emu_view_read(&v, ch->wait.va, &memory, ch->wait.wide ? 8 : 4, &fault))
        return holds(&ch->wait, memory);
    emu_host_fail_mmu(ch, NULL, &fault);
    return false;
}

static void
acquire(struct emu_channel *ch, uint32_t op, uint64_t va, uint64_t payload, bool wide)
{
    ch->wait = (struct emu_wait){.wide = wide,
                                 .op = op,
                                 .va = va,
                                 .payload = wide ? payload : (uint32_t)payload,
                                 .since_ns = emu_now_ns()};
    if (emu_host_struck(ch->gpu, EMU_EXEC_SEM_TIMEOUT)) {
        emu_host_fail(ch, XID_PBDMA, "PBDMA error: acquire timeout at 0x%llx",
                      (unsigned long long)va);
        return;
    }
    if (emu_sem_ready(ch) || ch->dead)
        return;
    ch->wait.on = true;
    ch->gpu->host.waiting++;
}

/* The host's methods */

static bool
aligned(struct emu_channel *ch, uint64_t va, unsigned bytes)
{
    if (!(va & (bytes - 1)))
        return true;
    emu_host_fail(ch, XID_PBDMA, "PBDMA error: semaphore at 0x%llx is not aligned to %u bytes",
                  (unsigned long long)va, bytes);
    return false;
}

static void
store(struct emu_channel *ch, const struct emu_release *r, bool reduce, uint32_t op,
      bool is_signed)
{
    struct emu_fault_at fault = {EMU_FAULT_UNBOUND_INST_BLOCK, EMU_WRITE, r->va};
    struct emu_view v;

    if (emu_host_view(ch, &v) && (reduce ? emu_sem_update(ch, &v, r, op, is_signed, &fault)
                                         : emu_sem_release(ch, &v, r, &fault)))
        return;
    emu_host_fail_mmu(ch, NULL, &fault);
}

void
emu_sem_execute(struct emu_channel *ch)
{
    const uint32_t *m = ch->host;
    const uint32_t x = m[HOST_SEM_EXECUTE / 4];
    const uint32_t op = NVRM_GET(x, NVC56F_SEM_EXECUTE_OPERATION);
    const bool wide = NVRM_GET(x, NVC56F_SEM_EXECUTE_PAYLOAD_SIZE);
    const uint64_t va =
        (uint64_t)m[HOST_SEM_ADDR_HI / 4] << 32 | (m[HOST_SEM_ADDR_LO / 4] & ~3u);
    const uint64_t payload =
        (wide ? (uint64_t)m[HOST_SEM_PAYLOAD_HI / 4] << 32 : 0) | m[HOST_SEM_PAYLOAD_LO / 4];
    const struct emu_release r = {.va = va,
                                  .payload = payload,
                                  .wide = wide,
                                  .timestamp =
                                      NVRM_GET(x, NVC56F_SEM_EXECUTE_RELEASE_TIMESTAMP)};

    if (!aligned(ch, va, r.timestamp && op == SEM_RELEASE ? 16 : wide ? 8 : 4))
        return;
    if (op == SEM_RELEASE || op == SEM_REDUCTION)
        store(ch, &r, op == SEM_REDUCTION, NVRM_GET(x, NVC56F_SEM_EXECUTE_REDUCTION),
              !NVRM_GET(x, NVC56F_SEM_EXECUTE_REDUCTION_FORMAT));
    else if (op <= SEM_ACQ_NOR)
        acquire(ch, op, va, payload, wide);
    else
        emu_host_fail(ch, XID_PBDMA, "PBDMA error: SEM_EXECUTE operation %u", op);
}

/* SEMAPHOREA to D: 32 bits; a release writes 16 bytes unless it says 4. */
void
emu_sem_execute_old(struct emu_channel *ch)
{
    const uint32_t *m = ch->host;
    const uint32_t d = m[HOST_SEMAPHORED / 4];
    const uint64_t va =
        (uint64_t)(m[HOST_SEMAPHOREA / 4] & 0xff) << 32 | (m[HOST_SEMAPHOREB / 4] & ~3u);
    const struct emu_release r = {.va = va,
                                  .payload = m[HOST_SEMAPHOREC / 4],
                                  .timestamp = !NVRM_GET(d, NVC56F_SEMAPHORED_RELEASE_SIZE)};

    switch (NVRM_GET(d, NVC56F_SEMAPHORED_OPERATION)) {
    case OLD_SEM_ACQUIRE:
        acquire(ch, SEM_ACQUIRE, va, r.payload, false);
        break;
    case OLD_SEM_RELEASE:
        if (aligned(ch, va, r.timestamp ? 16 : 4))
            store(ch, &r, false, 0, false);
        break;
    case OLD_SEM_ACQ_GEQ:
        acquire(ch, SEM_ACQ_CIRC_GEQ, va, r.payload, false);
        break;
    case OLD_SEM_ACQ_AND:
        acquire(ch, SEM_ACQ_AND, va, r.payload, false);
        break;
    case OLD_SEM_REDUCTION:
        if (aligned(ch, va, r.timestamp ? 16 : 4))
            store(ch, &r, true, NVRM_GET(d, NVC56F_SEMAPHORED_REDUCTION),
                  !NVRM_GET(d, NVC56F_SEMAPHORED_FORMAT));
        break;
    default:
        emu_host_fail(ch, XID_PBDMA, "PBDMA error: SEMAPHORED operation 0x%x", d & 0x1f);
        break;
    }
}
