/* SPDX-License-Identifier: MIT */
/*
 * The card's half of suspend and resume: booter's before Hopper, the FMC's from there on.
 * Unloading with a GspFwSRMeta writes WPR2 out to the pages that its radix3 names and seals the
 * meta; loading with it takes nothing else back.
 *
 * GSP-RM itself stays where it is, parked: what is written out is a mark per page that says
 * which suspend it belongs to. Fields and sizes: gsp_fw_sr_meta.h and
 * kgspPrepareSuspendResumeData_TU102 of 535.113.01 and 570.144. What real booter keeps in the
 * 128 bytes that are its own is not published: here they hold a hash of the rest.
 */
#include <string.h>

#include "emu_priv.h"
#include "hw.h"

enum {
    META_BYTES = 256,
    REVISION = 0x08,
    DATA_ADDR = 0x10,
    DATA_SIZE = 0x18,
    SEAL = 0x20, /* 128 bytes for booter's own use */
    SEAL_BYTES = 128,
    FLAGS = 0xa0,

    PAGE = 4096,
};
#define SR_MAGIC  UINT64_C(0x8a3bb9e6c6c39d93)
#define PAGE_MARK UINT64_C(0x6d726f6672707732)

/* At the start of every page that was written out. */
struct mark {
    uint64_t magic, session, page;
};

static uint64_t
get(const uint8_t *meta, unsigned off)
{
    uint64_t v;

    memcpy(&v, meta + off, sizeof(v));
    return v;
}

static uint32_t
refuse(struct emu_gpu *gpu, uint32_t error, const char *what, uint64_t value)
{
    emu_note(gpu, "SR meta: %s (0x%llx)", what, (unsigned long long)value);
    return error;
}

bool
emu_suspend_is_meta(struct emu_gpu *gpu, uint64_t addr)
{
    const uint8_t *meta = addr % 256 ? NULL : emu_ram_at(&gpu->ram, addr, META_BYTES);

    return meta && get(meta, 0) == SR_MAGIC;
}

/* The hash of all but the seal, with the session's number. */
static void
hash(const uint8_t *meta, uint64_t session, uint8_t out[EMU_FMC_HASH_BYTES])
{
    uint8_t copy[META_BYTES];

    memcpy(copy, meta, sizeof(copy));
    memset(copy + SEAL, 0, SEAL_BYTES);
    memcpy(copy + SEAL, &session, sizeof(session));
    emu_sha384(copy, sizeof(copy), out);
}

static uint64_t
wpr2_bytes(uint32_t lo, uint32_t hi)
{
    return ((uint64_t)(hi >> 4) - (lo >> 4)) << 12;
}

static uint32_t
check_fields(struct emu_gpu *gpu, const uint8_t *meta, uint64_t bytes)
{
    if (!emu_hw_bus_master(gpu))
        return refuse(gpu, EMU_CHAIN_META_ADDRESS, "the card is not a bus master, command",
                      gpu->config[4]);
    if (get(meta, REVISION) != 2 && !emu_accepts(gpu, "SR meta: revision (0x%llx)",
                                                 (unsigned long long)get(meta, REVISION)))
        return EMU_CHAIN_META_REVISION;
    if (get(meta, DATA_SIZE) != bytes)
        return refuse(gpu, EMU_CHAIN_META_FIELD, "sizeOfSuspendResumeData",
                      get(meta, DATA_SIZE));
    return EMU_CHAIN_OK;
}

static uint32_t
save_pages(struct emu_gpu *gpu, const uint8_t *meta, uint64_t session)
{
    const uint64_t pages = get(meta, DATA_SIZE) / PAGE;
    struct mark mark = {PAGE_MARK, session, 0};

    for (; mark.page < pages; mark.page++) {
        uint8_t *page = emu_radix3_page(gpu, get(meta, DATA_ADDR), mark.page);

        if (!page)
            return refuse(gpu, EMU_CHAIN_RADIX3, "radix3 leads nowhere at page", mark.page);
        memcpy(page, &mark, sizeof(mark));
    }
    return EMU_CHAIN_OK;
}

static uint32_t
check_pages(struct emu_gpu *gpu, const uint8_t *meta, uint64_t session)
{
    const uint64_t pages = get(meta, DATA_SIZE) / PAGE;
    struct mark mark = {PAGE_MARK, session, 0};

    for (; mark.page < pages; mark.page++) {
        const uint8_t *page = emu_radix3_page(gpu, get(meta, DATA_ADDR), mark.page);

        if (!page)
            return refuse(gpu, EMU_CHAIN_RADIX3, "radix3 leads nowhere at page", mark.page);
        if (memcmp(page, &mark, sizeof(mark)) != 0 &&
            !emu_accepts(gpu, "SR meta: not what was saved, page (0x%llx)",
                         (unsigned long long)mark.page))
            return EMU_CHAIN_RESUME;
    }
    return EMU_CHAIN_OK;
}

uint32_t
emu_suspend_save(struct emu_gpu *gpu, uint64_t addr)
{
    struct emu_hw *hw = gpu->hw;
    const bool by_fmc = emu_family_has_fsp(hw->key.family);
    uint8_t *meta = emu_ram_at(&gpu->ram, addr, META_BYTES);
    uint32_t error = check_fields(gpu, meta, wpr2_bytes(hw->wpr2_lo, hw->wpr2_hi));

    if (gpu->gsp.state == EMU_GSP_UNLOADED && !by_fmc)
        emu_gsp_stop(gpu); /* the core was not reset in between */
    if (gpu->gsp.state != (by_fmc ? EMU_GSP_UNLOADED : EMU_GSP_PARKED))
        return refuse(gpu, EMU_CHAIN_STATE, "GSP-RM was not told of a power transition",
                      (uint64_t)gpu->gsp.state);
    if (!error && meta[FLAGS] != hw->meta_flags && /* they are WPR meta's: gsp_fw_sr_meta.h */
        !emu_accepts(gpu, "SR meta: flags (0x%x)", meta[FLAGS]))
        error = EMU_CHAIN_META_FIELD;
    if (!error)
        error = save_pages(gpu, meta, hw->saved.session + 1);
    if (error)
        return error;
    hw->saved = (struct emu_saved){hw->saved.session + 1, hw->wpr2_lo, hw->wpr2_hi};
    memset(meta + SEAL, 0, SEAL_BYTES);
    hash(meta, hw->saved.session, meta + SEAL);
    gpu->gsp.state = EMU_GSP_PARKED;
    return EMU_CHAIN_OK;
}

uint32_t
emu_suspend_restore(struct emu_gpu *gpu, uint64_t addr)
{
    struct emu_hw *hw = gpu->hw;
    const struct emu_saved *saved = &hw->saved;
    const uint8_t *meta = emu_ram_at(&gpu->ram, addr, META_BYTES);
    uint8_t wanted[EMU_FMC_HASH_BYTES];
    uint32_t error;

    if (emu_hw_fault(gpu, EMU_BOOT_RESUME_ERROR))
        return hw->fault_arg[EMU_BOOT_RESUME_ERROR];
    if (gpu->gsp.state != EMU_GSP_PARKED || hw->wpr2_hi)
        return refuse(gpu, EMU_CHAIN_STATE, "nothing is suspended, or WPR2 is up", hw->wpr2_hi);
    error = check_fields(gpu, meta, wpr2_bytes(saved->wpr2_lo, saved->wpr2_hi));
    hash(meta, saved->session, wanted);
    if (!error && memcmp(meta + SEAL, wanted, sizeof(wanted)) != 0 &&
        !emu_accepts(gpu, "SR meta: not as it was left (0x%llx)",
                     (unsigned long long)saved->session))
        error = EMU_CHAIN_RESUME;
    if (!error)
        error = check_pages(gpu, meta, saved->session);
    if (error)
        return error;
    hw->wpr2_lo = saved->wpr2_lo;
    hw->wpr2_hi = saved->wpr2_hi;
    emu_falcon_to_riscv(gpu, &hw->gsp);
    return EMU_CHAIN_OK;
}
