/* SPDX-License-Identifier: MIT */
/*
 * GET_GSP_STATIC_INFO: what the client learns about the card at once, in the release's
 * GspStaticConfigInfo_t.
 */
#include <stdio.h>
#include <string.h>

#include "emu_priv.h"
#include "hw.h"
#include "region.h"
#include "wire.h"

enum { FRTS_BYTES = 1 << 20 };

uint64_t
emu_region_usable_bytes(const struct emu_card *card)
{
    return card->pub.fb_bytes - ((uint64_t)card->carveout_mib << 20);
}

/* A usable region supports compression and ISO and reserves nothing; the firmware's own is all
 * reserved. */
void
emu_region_fill(const struct emu_wire *w, const struct emu_card *card)
{
    const uint64_t usable = emu_region_usable_bytes(card);

    emu_set(w, 2, "numFBRegions");
    emu_set(w, 0, "fbRegion[0].base");
    emu_set(w, usable - 1, "fbRegion[0].limit");
    emu_set(w, 0, "fbRegion[0].reserved");
    emu_set(w, 10, "fbRegion[0].performance");
    emu_set(w, 1, "fbRegion[0].supportCompressed");
    emu_set(w, 1, "fbRegion[0].supportISO");
    emu_set(w, usable, "fbRegion[1].base");
    emu_set(w, card->pub.fb_bytes - 1, "fbRegion[1].limit");
    emu_set(w, card->pub.fb_bytes - usable, "fbRegion[1].reserved");
    emu_set(w, 0, "fbRegion[1].performance");
    emu_set(w, 1, "fbRegion[1].bProtected");
}

static void
fill_names(const struct emu_wire *w, const struct emu_card *card)
{
    uint8_t uuid[16];

    emu_card_uuid(card, uuid);
    emu_set(w, 2, "gidInfo.flags"); /* binary */
    emu_set(w, sizeof(uuid), "gidInfo.length");
    emu_set_bytes(w, uuid, sizeof(uuid), "gidInfo.data");
    emu_set_text(w, card->short_name, "SKUInfo.chipSKU");
    emu_set_text(w, card->board_id, "SKUInfo.project");
    emu_set_text(w, card->pub.product, "gpuNameString");
    emu_set_text(w, card->short_name, "gpuShortNameString");
    for (unsigned i = 0; i < emu_count(w, "gpuNameString_Unicode"); i++)
        emu_set(w, i < strlen(card->pub.product) ? (uint8_t)card->pub.product[i] : 0,
                "gpuNameString_Unicode[%u]", i);
}

static bool
contains(const char *text, const char *what)
{
    return strstr(text, what) != NULL;
}

/* What kind of product the name says it is. */
static void
fill_branding(const struct emu_wire *w, const struct emu_card *card)
{
    const char *product = card->pub.product;

    emu_set(w, contains(product, "TITAN"), "bIsTitan");
    emu_set(w, !card->display, "bIsTesla");
    emu_set(w, 0, "bIsMobile");
    emu_set(w, card->architecture >= 0x17 && !card->display, "bIsMigSupported");
}

static void
fill_engines(const struct emu_wire *w, const struct emu_card *card)
{
    for (uint32_t i = 0; i < card->engine_count; i++) {
        const uint32_t type = emu_engine_rm_type(w->abi, &card->engines[i]);

        emu_set(w, emu_get(w, "engineCaps[%u]", type / 32) | 1u << type % 32, "engineCaps[%u]",
                type / 32);
    }
}

/* Up to 565 the shape of the graphics engine came this way. */
static void
fill_graphics(const struct emu_wire *w, const struct emu_card *card)
{
    emu_set(w, emu_card_gpc_mask(card), "gpcInfo.gpcMask");
    for (uint32_t i = 0; i < card->gpcs; i++) {
        emu_set(w, i, "tpcInfo[%u].gpcId", i);
        emu_set(w, (1u << card->tpcs[i]) - 1, "tpcInfo[%u].tpcMask", i);
        emu_set(w, i, "zcullInfo[%u].gpcId", i);
    }
    emu_set(w, card->sm_version, "SM_info.version");
    emu_set(w, card->max_warps_per_sm, "SM_info.maxWarpsPerSm");
    emu_set(w, 32, "SM_info.maxThreadsPerWarp");
    emu_set(w, (uint64_t)card->rt_per_sm * emu_card_sms(card), "SM_info.rtCoreCount");
}

static void
fill_memory(const struct emu_wire *w, const struct emu_card *card)
{
    const uint64_t top = emu_region_usable_bytes(card);
    struct emu_wire regions;
    char ram_type[64];

    if (emu_sub(w, &regions, "fbRegionInfoParams"))
        emu_region_fill(&regions, card);
    snprintf(ram_type, sizeof(ram_type), "NV2080_CTRL_FB_INFO_RAM_TYPE_%s", card->ram_type);
    emu_set(w, card->pub.fb_bytes, "fb_length");
    emu_set(w, (1u << card->fbps) - 1, "fbio_mask");
    emu_set(w, (1u << card->fbps) - 1, "fbp_mask");
    emu_set(w, card->bus_bits, "fb_bus_width");
    emu_set(w, emu_constant(w->abi, ram_type, 0), "fb_ram_type");
    emu_set(w, card->l2_kib << 10, "l2_cache_size");
    emu_set(w, top + 0x10000, "bar1PdeBase"); /* RM's own page directories, in its carve-out */
    emu_set(w, top + 0x20000, "bar2PdeBase");
}

/* From Hopper on the client learns here what the FMC chose. A card that was started without the
 * boot chain has no WPR2: it names its carve-out. */
static void
fill_layout(const struct emu_wire *w, const struct emu_gpu *gpu)
{
    const struct emu_hw *hw = gpu->hw;
    const uint64_t start = (uint64_t)(hw->wpr2_lo >> 4) << 12;
    const uint64_t end = (uint64_t)(hw->wpr2_hi >> 4) << 12;

    emu_set(w, end ? start - hw->non_wpr_heap_bytes : emu_region_usable_bytes(gpu->card),
            "fwWprLayoutOffset.nonWprHeapOffset");
    emu_set(w, end ? end - FRTS_BYTES : gpu->card->pub.fb_bytes - UINT64_C(2) * FRTS_BYTES,
            "fwWprLayoutOffset.frtsOffset");
}

static void
fill_handles(const struct emu_wire *w, const struct emu_rm *rm)
{
    emu_set(w, rm->internal_client, "hInternalClient");
    emu_set(w, rm->internal_device, "hInternalDevice");
    emu_set(w, rm->internal_subdevice, "hInternalSubdevice");
}

void
emu_static_info_fill(struct emu_gpu *gpu, uint8_t *payload, uint32_t bytes)
{
    const struct emu_card *card = gpu->card;
    struct emu_wire w;

    memset(payload, 0, bytes);
    if (!emu_wire_init(&w, gpu->abi, "GspStaticConfigInfo_t", payload, bytes))
        return;
    fill_names(&w, card);
    fill_branding(&w, card);
    fill_engines(&w, card);
    fill_graphics(&w, card);
    fill_memory(&w, card);
    fill_layout(&w, gpu);
    fill_handles(&w, &gpu->gsp.rm);
    emu_set(&w, 1, "bVbiosValid");
    emu_set(&w, card->pub.sub_vendor, "vbiosSubVendor");
    emu_set(&w, card->pub.sub_device, "vbiosSubDevice");
}
