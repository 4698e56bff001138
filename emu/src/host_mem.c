/* SPDX-License-Identifier: MIT */
/*
 * Memory as a channel sees it: addresses are translated page by page, rights are checked, and
 * pages that follow each other in the host are taken together.
 */
#include <string.h>

#include "emu_priv.h"
#include "hw.h"

enum { SMALL_PAGE = 4096, LONG_SPAN = 4 << 20 };

static bool
refuse(struct emu_fault_at *f, enum emu_mmu_fault type, enum emu_access access, uint64_t va)
{
    *f = (struct emu_fault_at){.type = type, .access = access, .va = va};
    return false;
}

static bool
in_wpr2(const struct emu_hw *hw, uint64_t addr)
{
    const uint64_t lo = (uint64_t)(hw->wpr2_lo >> 4) << 12;
    const uint64_t hi = (uint64_t)(hw->wpr2_hi >> 4) << 12;

    return hi && addr >= lo && addr < hi;
}

/* As many bytes as there are behind the address, `want` at most: all of them, or what is left
 * of a small page where the system's memory is scattered. */
static uint8_t *
bytes_at(struct emu_gpu *gpu, unsigned target, uint64_t addr, uint64_t want, uint64_t *n)
{
    const uint64_t room = SMALL_PAGE - addr % SMALL_PAGE;
    uint8_t *p;

    if (target == 0 && in_wpr2(gpu->hw, addr))
        return NULL;
    if (target && gpu->hw->booted && !emu_hw_bus_master(gpu)) {
        emu_note(gpu, "an engine's access to system memory: the card is no bus master");
        return NULL;
    }
    *n = want;
    p = emu_hw_target(gpu, target, addr, want);
    if (p || want <= room)
        return p;
    *n = room;
    return emu_hw_target(gpu, target, addr, room);
}

static enum emu_mmu_fault
check_rights(const struct emu_view *v, const struct emu_mapping *m, enum emu_access access)
{
    if (m->sparse)
        return EMU_FAULT_NONE;
    if (m->privileged && !v->privileged)
        return EMU_FAULT_PRIV;
    if (access != EMU_READ && m->read_only)
        return EMU_FAULT_RO;
    if (access == EMU_ATOMIC && m->no_atomics)
        return EMU_FAULT_ATOMIC;
    return EMU_FAULT_NONE;
}

/* The rest of one page. */
static bool
one_page(const struct emu_view *v, uint64_t va, uint64_t want, enum emu_access access,
         uint8_t **p, uint64_t *n, struct emu_fault_at *f)
{
    struct emu_mapping m;
    enum emu_mmu_fault type = emu_tlb_walk(v->gpu, &v->space, va, &m);

    if (type == EMU_FAULT_NONE)
        type = check_rights(v, &m, access);
    if (type != EMU_FAULT_NONE)
        return refuse(f, type, access, va);
    *n = m.sparse || v->gpu->host.tlb.on ? m.bytes - (va & (m.bytes - 1)) : m.run;
    *n = *n < want ? *n : want;
    *p = NULL;
    if (m.sparse)
        return true;
    *p = bytes_at(v->gpu, m.target, m.addr, *n, n);
    return *p || refuse(f, EMU_FAULT_REGION, access, va);
}

static bool
physical_span(const struct emu_view *v, uint64_t addr, uint64_t want, enum emu_access access,
              uint8_t **p, uint64_t *n, struct emu_fault_at *f)
{
    *p = bytes_at(v->gpu, v->target, addr, want, n);
    return *p || refuse(f, EMU_FAULT_REGION, access | EMU_PHYSICAL, addr);
}

bool
emu_view_span(const struct emu_view *v, uint64_t va, uint64_t want, enum emu_access access,
              uint8_t **p_out, uint64_t *n_out, struct emu_fault_at *fault)
{
    struct emu_fault_at later;
    uint64_t n;
    uint8_t *p;

    if (v->physical)
        return physical_span(v, va, want, access, p_out, n_out, fault);
    if (!one_page(v, va, want, access, p_out, n_out, fault))
        return false;
    want = want < LONG_SPAN ? want : LONG_SPAN;
    /* A page that cannot be reached is refused when its turn comes. */
    while (*p_out && *n_out < want &&
           one_page(v, va + *n_out, want - *n_out, access, &p, &n, &later) &&
           p == *p_out + *n_out)
        *n_out += n;
    return true;
}

bool
emu_view_read(const struct emu_view *v, uint64_t va, void *out, uint64_t bytes,
              struct emu_fault_at *fault)
{
    uint8_t *to = out, *p;
    uint64_t n;

    for (; bytes; bytes -= n, to += n, va += n) {
        if (!emu_view_span(v, va, bytes, EMU_READ, &p, &n, fault))
            return false;
        if (p)
            memcpy(to, p, n);
        else
            memset(to, 0, n);
    }
    return true;
}

bool
emu_view_write(const struct emu_view *v, uint64_t va, const void *in, uint64_t bytes,
               struct emu_fault_at *fault)
{
    const uint8_t *from = in;
    uint8_t *p;
    uint64_t n;

    for (; bytes; bytes -= n, from += n, va += n) {
        if (!emu_view_span(v, va, bytes, EMU_WRITE, &p, &n, fault))
            return false;
        if (p)
            memcpy(p, from, n);
    }
    return true;
}
