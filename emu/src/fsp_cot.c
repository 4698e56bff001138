/* SPDX-License-Identifier: MIT */
/*
 * Chain of trust: FSP checks the FMC and starts it on the GSP; the FMC checks what GSP-RM
 * boots with, chooses where its memory lies, protects it and starts it.
 *
 * Layouts: NVDM_PAYLOAD_COT (860 bytes, packed), GSP_FMC_BOOT_PARAMS (gspifpub.h, natural
 * alignment). A message that FSP refuses gets an error in its answer; what the FMC refuses
 * shows in the GSP's mailbox and in the scratch register for its errors, and lockdown stays.
 *
 * With a GspFwSRMeta where a cold start has WPR meta the FMC resumes: kgspSetupGspFmcArgs_GH100
 * puts it there, and kgspBootstrap_GH100 asks for no FRTS in video memory (565.57.01 and
 * later). Before, at the suspend, it saves WPR2 as the meta says whose address came with
 * INTERNAL_FBSR_INIT (fbsr_gm107.c of 570.86.15 and later).
 */
#include <string.h>

#include "emu_priv.h"
#include "hw.h"

enum {
    COT_BYTES = 860,
    COT_FMC = 4,
    COT_FRTS_SYSMEM = 12,
    COT_FRTS_SYSMEM_SIZE = 20,
    COT_FRTS_VIDMEM = 24,
    COT_FRTS_VIDMEM_SIZE = 32,
    COT_HASH = 36,
    COT_KEY = 84,
    COT_SIGNATURE = 468,
    COT_BOOT_ARGS = 852,

    PARAMS_BYTES = 80,
    PARAMS_DESC_TARGET = 8,
    PARAMS_DESC_SIZE = 12,
    PARAMS_DESC = 16,
    PARAMS_IS_RM = 36,
    PARAMS_ARGS_TARGET = 40,
    PARAMS_ARGS = 48,

    META_NON_WPR_HEAP_SIZE = 0x68,
    META_HEAP_SIZE = 0x80,
    META_FRTS_SIZE = 0xa0,
    META_VGA_SIZE = 0xc0,
    META_BL_SIZE = 0x28,
    META_RADIX3_SIZE = 0x18,
    META_FLAGS = 0xf1,

    SCRATCH_FMC_ERROR = 0x37,
    MIB = 1 << 20,
    VISIBLE_READS = 2,
    LOCKDOWN_READS = 3,
};

enum cot_error {
    COT_OK,
    COT_SIZE = 0xb1,
    COT_VERSION,
    COT_NO_FMC, /* no memory at the FMC's address */
    COT_BAD_HASH,
    COT_BAD_KEY,
    COT_BAD_SIGNATURE,
    COT_NOT_MEASURED, /* the FMC in memory is not the one that the hash is of */
    COT_FRTS,
    COT_ARGS,
};

static uint64_t
get64(const uint8_t *p, unsigned off)
{
    uint64_t v;

    memcpy(&v, p + off, sizeof(v));
    return v;
}

static uint32_t
get32(const uint8_t *p, unsigned off)
{
    uint32_t v;

    memcpy(&v, p + off, sizeof(v));
    return v;
}

static bool
zeroes(const uint8_t *p, size_t n)
{
    while (n && !*p) {
        p++;
        n--;
    }
    return n == 0;
}

/* FSP */

/* A key or signature that is shorter than its field is followed by zeroes. */
static bool
same(const uint8_t *field, size_t room, const uint8_t *wanted, size_t n)
{
    return memcmp(field, wanted, n) == 0 && zeroes(field + n, room - n);
}

static bool
wrong(struct emu_gpu *gpu, bool is_wrong, const char *what)
{
    return is_wrong && !emu_accepts(gpu, "FSP: %s", what);
}

static uint32_t
check_fmc(struct emu_gpu *gpu, const uint8_t *cot)
{
    struct emu_blob image = {.mem = &gpu->mem};
    uint32_t error = COT_NOT_MEASURED;
    struct emu_fmc fmc;

    emu_fmc_image(&gpu->hw->key, &image);
    if (get64(cot, COT_FMC) % 4096 || !emu_hw_target(gpu, 1, get64(cot, COT_FMC), 4096))
        error = COT_NO_FMC;
    else if (!image.failed &&
             !wrong(gpu, !emu_hw_holds(gpu, get64(cot, COT_FMC), image.p, image.n),
                    "another FMC in memory than the one that was measured"))
        error = COT_OK;
    emu_blob_fini(&image);
    if (error || !emu_fmc_keys(&gpu->hw->key, &gpu->mem, &fmc))
        return error ? error : COT_NO_FMC;
    if (wrong(gpu, memcmp(cot + COT_HASH, fmc.hash, sizeof(fmc.hash)) != 0, "the FMC's hash"))
        return COT_BAD_HASH;
    if (wrong(gpu, !same(cot + COT_KEY, 384, fmc.public_key, fmc.key_bytes), "the FMC's key"))
        return COT_BAD_KEY;
    if (wrong(gpu, !same(cot + COT_SIGNATURE, 384, fmc.signature, fmc.signature_bytes),
              "the FMC's signature"))
        return COT_BAD_SIGNATURE;
    return COT_OK;
}

/* No region in video memory at all: a resume. */
static bool
without_frts(const uint8_t *cot)
{
    return !get64(cot, COT_FRTS_VIDMEM) && !get32(cot, COT_FRTS_VIDMEM_SIZE);
}

/* Distance of the region's start from the end of memory. */
static uint32_t
check_frts(struct emu_gpu *gpu, const uint8_t *cot)
{
    const uint64_t off = get64(cot, COT_FRTS_VIDMEM);
    const uint32_t sysmem = get32(cot, COT_FRTS_SYSMEM_SIZE);

    if (!without_frts(cot) && (get32(cot, COT_FRTS_VIDMEM_SIZE) != MIB || off % 0x20000 ||
                               off < MIB || off > gpu->hw->vram_bytes))
        return COT_FRTS;
    if (sysmem && !emu_ram_at(&gpu->ram, get64(cot, COT_FRTS_SYSMEM), sysmem))
        return COT_FRTS;
    return COT_OK;
}

/* FMC */

static uint32_t
check_sizes(struct emu_gpu *gpu, const struct emu_meta *m)
{
    const uint64_t heap = get64(m->p, META_HEAP_SIZE);

    if (get64(m->p, META_FRTS_SIZE) == MIB && get64(m->p, META_VGA_SIZE) &&
        get64(m->p, META_NON_WPR_HEAP_SIZE) >= MIB && heap >= 88 * (uint64_t)MIB &&
        heap < gpu->hw->vram_bytes / 2)
        return EMU_CHAIN_OK;
    if (emu_accepts(gpu, "FMC: sizes in the WPR meta (heap 0x%llx)",
                    (unsigned long long)heap) &&
        heap < gpu->hw->vram_bytes / 2)
        return EMU_CHAIN_OK;
    return EMU_CHAIN_META_FIELD;
}

/* From the top down: FRTS, bootloader, GSP-RM, its heap, a page of its own. */
static void
place(struct emu_gpu *gpu, const uint8_t *cot, const struct emu_meta *m)
{
    struct emu_hw *hw = gpu->hw;
    const uint64_t frts = hw->vram_bytes - get64(cot, COT_FRTS_VIDMEM);
    const uint64_t bin = (frts - get64(m->p, META_BL_SIZE)) & ~UINT64_C(0xfff);
    const uint64_t fw = (bin - get64(m->p, META_RADIX3_SIZE)) & ~UINT64_C(0xffff);
    const uint64_t heap = (fw - get64(m->p, META_HEAP_SIZE)) & ~UINT64_C(0xfffff);

    hw->wpr2_lo = (uint32_t)((heap - MIB) >> 12) << 4;
    hw->wpr2_hi = (uint32_t)((frts + MIB) >> 12) << 4;
    hw->non_wpr_heap_bytes = get64(m->p, META_NON_WPR_HEAP_SIZE);
    hw->meta_flags = m->p[META_FLAGS];
}

static uint32_t
resume(struct emu_gpu *gpu, uint64_t meta, uint64_t libos_args)
{
    const uint32_t error = emu_suspend_restore(gpu, meta);

    if (error)
        return error;
    gpu->hw->booted = true;
    if (emu_gsp_resume(gpu, libos_args) < 0)
        emu_note(gpu, "FMC: GSP-RM did not resume");
    return EMU_CHAIN_OK;
}

bool
emu_fmc_failed(const struct emu_gpu *gpu)
{
    return gpu->hw->pbus_scratch[SCRATCH_FMC_ERROR] != 0;
}

bool
emu_fmc_save(struct emu_gpu *gpu)
{
    uint32_t error = EMU_CHAIN_META_ADDRESS;

    if (emu_fmc_failed(gpu))
        return false;
    if (emu_suspend_is_meta(gpu, gpu->gsp.sr_meta))
        error = emu_suspend_save(gpu, gpu->gsp.sr_meta);
    else
        emu_note(gpu, "FMC: a suspend, and INTERNAL_FBSR_INIT named no GspFwSRMeta (0x%llx)",
                 (unsigned long long)gpu->gsp.sr_meta);
    gpu->hw->pbus_scratch[SCRATCH_FMC_ERROR] = error;
    return !error;
}

static uint32_t
run_fmc(struct emu_gpu *gpu, const uint8_t *cot)
{
    uint8_t p[PARAMS_BYTES];
    struct emu_meta meta;
    bool is_resume;
    uint32_t error;

    if (emu_hw_fault(gpu, EMU_BOOT_FMC_ERROR))
        return gpu->hw->fault_arg[EMU_BOOT_FMC_ERROR];
    if (!emu_hw_copy(gpu, 1, get64(cot, COT_BOOT_ARGS), p, sizeof(p)))
        return EMU_CHAIN_META_ADDRESS;
    if (get32(p, PARAMS_DESC_SIZE) != 256 || p[PARAMS_IS_RM] != 1 ||
        get32(p, PARAMS_DESC_TARGET) - 1 > 1 || get32(p, PARAMS_ARGS_TARGET) - 1 > 1) {
        emu_note(gpu, "FMC: boot parameters (targets %u and %u, %u bytes)",
                 get32(p, PARAMS_DESC_TARGET), get32(p, PARAMS_ARGS_TARGET),
                 get32(p, PARAMS_DESC_SIZE));
        return EMU_CHAIN_META_ADDRESS;
    }
    is_resume = emu_suspend_is_meta(gpu, get64(p, PARAMS_DESC));
    if (is_resume != without_frts(cot)) {
        emu_note(gpu, "FMC: %s FRTS in video memory", is_resume ? "a resume with" : "no");
        return EMU_CHAIN_FRTS;
    }
    if (is_resume)
        return resume(gpu, get64(p, PARAMS_DESC), get64(p, PARAMS_ARGS));
    error = emu_meta_check_images(gpu, get64(p, PARAMS_DESC), &meta);
    if (!error)
        error = check_sizes(gpu, &meta);
    if (error)
        return error;
    place(gpu, cot, &meta);
    return emu_hw_launch(gpu, get64(p, PARAMS_ARGS));
}

/* The CPU sees the GSP again after a while, and lockdown ends later: not at all when the FMC
 * failed. The mailboxes hold the FMC's arguments, or its error. */
static void
release(struct emu_gpu *gpu, uint64_t args, uint32_t error)
{
    struct emu_hw *hw = gpu->hw;

    hw->visible_in = VISIBLE_READS;
    hw->gsp_visible = false;
    hw->lockdown = LOCKDOWN_READS;
    gpu->regs.mailbox[0] = error ? error : (uint32_t)args;
    gpu->regs.mailbox[1] = error ? 0 : (uint32_t)(args >> 32);
    if (error) {
        emu_note(gpu, "FMC: error 0x%x", error);
        hw->pbus_scratch[SCRATCH_FMC_ERROR] = error;
    }
    if (error || emu_hw_fault(gpu, EMU_BOOT_LOCKDOWN_STUCK))
        hw->lockdown = UINT32_MAX;
}

uint32_t
emu_fsp_cot(struct emu_gpu *gpu, const uint8_t *payload, uint32_t bytes)
{
    const uint32_t version = gpu->hw->key.family == EMU_GH100 ? 1 : 2;
    uint32_t error, head;
    uint64_t args;

    if (bytes < COT_BYTES || get32(payload, 0) >> 16 != COT_BYTES)
        return COT_SIZE;
    if (!emu_hw_bus_master(gpu))
        return COT_NO_FMC;
    head = get32(payload, 0) & 0xffff;
    if (head != version && !emu_accepts(gpu, "FSP: version %u of the command", head))
        return COT_VERSION;
    error = check_fmc(gpu, payload);
    if (!error)
        error = check_frts(gpu, payload);
    args = get64(payload, COT_BOOT_ARGS);
    if (!error && (args % 8 || !emu_hw_target(gpu, 1, args, 8)))
        error = COT_ARGS;
    if (error)
        return error;
    release(gpu, args, run_fmc(gpu, payload));
    return COT_OK;
}
