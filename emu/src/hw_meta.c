/* SPDX-License-Identifier: MIT */
/*
 * GspFwWprMeta: where the client put the firmware, and how it wants memory split. Everything
 * is compared with the synthetic set, byte by byte, through the page lists that the client
 * made.
 *
 * Field offsets from gsp_fw_wpr_meta.h, the split from kgspPopulateWprMeta.
 */
#include <string.h>

#include "emu_priv.h"
#include "hw.h"

enum {
    META_BYTES = 256,
    MAGIC = 0x00,
    REVISION = 0x08,
    RADIX3_ADDR = 0x10,
    RADIX3_SIZE = 0x18,
    BL_ADDR = 0x20,
    BL_SIZE = 0x28,
    BL_CODE = 0x30,
    BL_DATA = 0x38,
    BL_MANIFEST = 0x40,
    SIG_ADDR = 0x48,
    SIG_SIZE = 0x50,
    RSVD_START = 0x58,
    NON_WPR_HEAP = 0x60,
    NON_WPR_HEAP_SIZE = 0x68,
    WPR_START = 0x70,
    HEAP = 0x78,
    HEAP_SIZE = 0x80,
    FW = 0x88,
    BOOT_BIN = 0x90,
    FRTS = 0x98,
    FRTS_SIZE = 0xa0,
    WPR_END = 0xa8,
    FB_SIZE = 0xb0,
    VGA = 0xb8,
    VGA_SIZE = 0xc0,
    CRASH_ADDR = 0xe0,
    CRASH_SIZE = 0xe8,

    PAGE = 4096,
    PER_PAGE = PAGE / 8,
    MIB = 1 << 20,
};

static uint64_t
get(const struct emu_meta *m, unsigned off)
{
    uint64_t v;

    memcpy(&v, m->p + off, sizeof(v));
    return v;
}

static uint32_t
refuse(struct emu_gpu *gpu, uint32_t error, const char *what, uint64_t value)
{
    emu_note(gpu, "WPR meta: %s (0x%llx)", what, (unsigned long long)value);
    return error;
}

/* A deviation: false where a lenient card goes on with it. */
static bool
wrong(struct emu_gpu *gpu, bool is_wrong, const char *what, uint64_t value)
{
    return is_wrong &&
           !emu_accepts(gpu, "WPR meta: %s (0x%llx)", what, (unsigned long long)value);
}

/* Images */

/* Page `index` of a level, named by the level above it, which is at `table`. */
static uint64_t
page_at(struct emu_gpu *gpu, uint64_t table, uint64_t index)
{
    const uint64_t *entries = table % PAGE ? NULL : emu_ram_at(&gpu->ram, table, PAGE);

    return entries && index < PER_PAGE ? entries[index] : 0;
}

/* Three levels of pages above the data, one page at the top. */
void *
emu_radix3_page(struct emu_gpu *gpu, uint64_t top, uint64_t index)
{
    const uint64_t level2 = index / PER_PAGE;
    const uint64_t l1 = page_at(gpu, top, level2 / PER_PAGE);
    const uint64_t l2 = l1 ? page_at(gpu, l1, level2 % PER_PAGE) : 0;
    const uint64_t addr = l2 ? page_at(gpu, l2, index % PER_PAGE) : 0;

    return addr && addr % PAGE == 0 ? emu_ram_at(&gpu->ram, addr, PAGE) : NULL;
}

static uint32_t
check_radix3(struct emu_gpu *gpu, const struct emu_meta *m, const struct emu_blob *image)
{
    const uint64_t top = get(m, RADIX3_ADDR);
    bool told = false;

    for (uint64_t i = 0; i * PAGE < image->n; i++) {
        const size_t left = image->n - i * PAGE, bytes = left < PAGE ? left : PAGE;
        const bool lost =
            i * PAGE + bytes == image->n && emu_hw_fault(gpu, EMU_BOOT_RADIX3_SHORT);
        const uint8_t *page = lost ? NULL : emu_radix3_page(gpu, top, i);

        if (!page)
            return refuse(gpu, EMU_CHAIN_RADIX3, "radix3 leads nowhere at page", i);
        if (told || memcmp(page, image->p + i * PAGE, bytes) == 0)
            continue;
        if (wrong(gpu, true, "the image differs at page", i))
            return EMU_CHAIN_IMAGE;
        told = true;
    }
    return EMU_CHAIN_OK;
}

static uint32_t
check_image(struct emu_gpu *gpu, const struct emu_meta *m)
{
    struct emu_blob image = {.mem = &gpu->mem};
    uint32_t error;

    if (wrong(gpu, get(m, RADIX3_SIZE) != emu_gsp_image_bytes(&gpu->hw->key), "sizeOfRadix3Elf",
              get(m, RADIX3_SIZE)))
        return EMU_CHAIN_META_FIELD;
    emu_gsp_image(&gpu->hw->key, &image);
    error = image.failed ? EMU_CHAIN_IMAGE : check_radix3(gpu, m, &image);
    emu_blob_fini(&image);
    return error;
}

static uint32_t
check_signature(struct emu_gpu *gpu, const struct emu_meta *m)
{
    uint8_t wanted[EMU_GSP_SIGNATURE_BYTES];
    const uint64_t addr = get(m, SIG_ADDR);
    const void *have = emu_ram_at(&gpu->ram, addr, sizeof(wanted));

    if (!have)
        return refuse(gpu, EMU_CHAIN_META_FIELD, "signature's address", addr);
    if (wrong(gpu, get(m, SIG_SIZE) != sizeof(wanted) || addr % PAGE,
              "signature's address or size", addr))
        return EMU_CHAIN_META_FIELD;
    emu_gsp_signature(&gpu->hw->key, emu_family_name(gpu->hw->key.family), wanted);
    return wrong(gpu, memcmp(have, wanted, sizeof(wanted)) != 0,
                 "the signature is not this family's", addr)
               ? EMU_CHAIN_SIGNATURE
               : EMU_CHAIN_OK;
}

static uint32_t
check_bootloader(struct emu_gpu *gpu, const struct emu_meta *m)
{
    struct emu_blob image = {.mem = &gpu->mem};
    const uint64_t addr = get(m, BL_ADDR), bytes = get(m, BL_SIZE);
    struct emu_bl_desc d;
    uint32_t error = EMU_CHAIN_OK;

    emu_bl_desc(&gpu->hw->key, &d);
    if (bytes != d.image_bytes || addr % PAGE)
        return refuse(gpu, EMU_CHAIN_META_FIELD, "bootloader's address or size", bytes);
    if (wrong(gpu,
              get(m, BL_CODE) != d.code_off || get(m, BL_DATA) != d.data_off ||
                  get(m, BL_MANIFEST) != d.manifest_off,
              "offsets in the bootloader", get(m, BL_CODE)))
        return EMU_CHAIN_META_FIELD;
    emu_bl_image(&gpu->hw->key, &image);
    if (image.failed ||
        wrong(gpu, !emu_hw_holds(gpu, addr, image.p, bytes), "the bootloader differs", addr))
        error = EMU_CHAIN_BOOTLOADER;
    emu_blob_fini(&image);
    return error;
}

/* Memory for a queue of crash reports: in whole KiB, and taken from GA10x on. */
static uint32_t
take_crash_queue(struct emu_gpu *gpu, const struct emu_meta *m)
{
    struct emu_hw *hw = gpu->hw;
    const uint64_t addr = get(m, CRASH_ADDR);
    const uint32_t bytes = (uint32_t)get(m, CRASH_SIZE);

    hw->crash_addr = 0;
    if (!addr || hw->key.family <= EMU_GA100)
        return EMU_CHAIN_OK;
    if (wrong(gpu, !bytes || addr % 1024 || bytes % 1024 || !emu_ram_at(&gpu->ram, addr, bytes),
              "queue of crash reports", addr))
        return EMU_CHAIN_META_FIELD;
    hw->crash_addr = addr;
    hw->crash_bytes = bytes < 16 * 1024 ? bytes : 16 * 1024; /* sixteen units of 1 KiB */
    return EMU_CHAIN_OK;
}

uint32_t
emu_meta_check_images(struct emu_gpu *gpu, uint64_t addr, struct emu_meta *out)
{
    uint32_t error;

    if (!emu_hw_bus_master(gpu))
        return refuse(gpu, EMU_CHAIN_META_ADDRESS, "the card is not a bus master, command",
                      gpu->config[4]);
    *out = (struct emu_meta){.p = emu_ram_at(&gpu->ram, addr, META_BYTES)};
    if (!out->p || addr % 256)
        return refuse(gpu, EMU_CHAIN_META_ADDRESS, "no memory at", addr);
    if (get(out, MAGIC) != UINT64_C(0xdc3aae21371a60b3))
        return refuse(gpu, EMU_CHAIN_META_MAGIC, "magic", get(out, MAGIC));
    if (wrong(gpu, get(out, REVISION) != 1, "revision", get(out, REVISION)))
        return EMU_CHAIN_META_REVISION;
    error = check_image(gpu, out);
    if (!error)
        error = check_signature(gpu, out);
    if (!error)
        error = check_bootloader(gpu, out);
    return error ? error : take_crash_queue(gpu, out);
}

/* Layout */

/* [start, start + size) lies below `limit` and starts at a multiple of `alignment`. */
static bool
region(uint64_t start, uint64_t size, uint64_t limit, uint64_t alignment)
{
    return start % alignment == 0 && start <= limit && size <= limit - start;
}

static uint32_t
check_frts(struct emu_gpu *gpu, struct emu_meta *m)
{
    const struct emu_hw *hw = gpu->hw;
    const bool none = hw->key.family == EMU_GA100;

    m->frts_off = get(m, FRTS);
    m->frts_bytes = get(m, FRTS_SIZE);
    if (m->frts_bytes != (none ? 0 : MIB) || m->frts_off + m->frts_bytes != m->wpr_end)
        return refuse(gpu, EMU_CHAIN_LAYOUT, "FRTS region", m->frts_off);
    if (none)
        return EMU_CHAIN_OK;
    return wrong(gpu,
                 hw->wpr2_lo >> 4 != m->frts_off >> 12 || hw->wpr2_hi >> 4 != m->wpr_end >> 12,
                 "FWSEC made another FRTS region than", m->frts_off)
               ? EMU_CHAIN_FRTS
               : EMU_CHAIN_OK;
}

/* The VBIOS scrubs the last 256 MiB (kgspGetPrescrubbedTopFbSize), on GA100 all. The scrubber
 * does the rest, on Ada: a client that stays within need not run it, and tinygrad does not. */
static uint32_t
check_scrubbed(struct emu_gpu *gpu, uint64_t lowest)
{
    const struct emu_hw *hw = gpu->hw;

    if (hw->key.family == EMU_GA100 || hw->bsi_scratch_15 >> 29 >= 3 ||
        !wrong(gpu, lowest < hw->vram_bytes - 256 * (uint64_t)MIB, "below the scrubbed memory",
               lowest))
        return EMU_CHAIN_OK;
    return hw->key.family == EMU_AD10X ? EMU_CHAIN_SCRUBBER : EMU_CHAIN_LAYOUT;
}

static uint32_t
check_heaps(struct emu_gpu *gpu, struct emu_meta *m)
{
    const bool old = gpu->hw->key.family <= EMU_GA100;
    const uint64_t least = (old ? 64 : 88) * (uint64_t)MIB, heap = get(m, HEAP);
    const uint64_t spare = get(m, NON_WPR_HEAP);

    if (m->wpr_start >= m->wpr_end)
        return refuse(gpu, EMU_CHAIN_LAYOUT, "gspFwWprStart", m->wpr_start);
    if (wrong(gpu, !region(heap, get(m, HEAP_SIZE), get(m, FW), MIB) || get(m, HEAP_SIZE) % MIB,
              "heap", heap) ||
        wrong(gpu, get(m, HEAP_SIZE) < least, "heap is too small", get(m, HEAP_SIZE)) ||
        wrong(gpu, !region(m->wpr_start, PAGE, heap, MIB), "gspFwWprStart", m->wpr_start) ||
        wrong(gpu,
              !get(m, NON_WPR_HEAP_SIZE) ||
                  !region(spare, get(m, NON_WPR_HEAP_SIZE), m->wpr_start, PAGE) ||
                  get(m, RSVD_START) > spare,
              "heap outside WPR", spare))
        return EMU_CHAIN_LAYOUT;
    return check_scrubbed(gpu, get(m, RSVD_START));
}

uint32_t
emu_meta_check_layout(struct emu_gpu *gpu, struct emu_meta *m)
{
    const uint64_t fb = gpu->hw->vram_bytes;
    uint32_t error;

    m->wpr_start = get(m, WPR_START);
    m->wpr_end = get(m, WPR_END);
    if (m->wpr_end > fb)
        return refuse(gpu, EMU_CHAIN_LAYOUT, "gspFwWprEnd", m->wpr_end);
    if (wrong(gpu, get(m, FB_SIZE) != fb, "fbSize", get(m, FB_SIZE)) ||
        wrong(gpu, !get(m, VGA_SIZE) || !region(get(m, VGA), get(m, VGA_SIZE), fb, PAGE),
              "VGA workspace", get(m, VGA)) ||
        wrong(gpu, m->wpr_end % 0x20000 || m->wpr_end > get(m, VGA), "gspFwWprEnd", m->wpr_end))
        return EMU_CHAIN_LAYOUT;
    error = check_frts(gpu, m);
    if (error)
        return error;
    if (wrong(gpu, !region(get(m, BOOT_BIN), get(m, BL_SIZE), m->frts_off, PAGE),
              "bootBinOffset", get(m, BOOT_BIN)) ||
        wrong(gpu, !region(get(m, FW), get(m, RADIX3_SIZE), get(m, BOOT_BIN), 0x10000),
              "gspFwOffset", get(m, FW)))
        return EMU_CHAIN_LAYOUT;
    return check_heaps(gpu, m);
}
