/* SPDX-License-Identifier: MIT */
/*
 * One emulated card: the row that every answer comes from. nvrm-chips makes the rows out of
 * schemas/chips.
 */
#ifndef EMU_CARD_H
#define EMU_CARD_H

#include <emu/emu.h>

enum { EMU_MAX_GPCS = 16, EMU_MAX_ENGINES = 48, EMU_CTX_BUFFERS = 26 };

struct emu_engine {
    const char *name;         /* as in NV2080_ENGINE_TYPE_<name>: "GR0", "COPY3", "NVDEC0" */
    uint32_t runlist;         /* engines that share one are scheduled together */
    uint32_t runlist_base;    /* BAR0 offset of the runlist's registers */
    uint32_t stall, nonstall; /* interrupt vectors; UINT32_MAX for none */
    uint32_t pbdma;           /* first host DMA engine */
    uint32_t fault_id;        /* MMU engine id */
    uint32_t reset_id;
};

struct emu_ctx_buffer {
    uint32_t bytes, alignment; /* 0, 0: the chip has no such buffer */
};

struct emu_card {
    struct emu_chip pub;
    const char *short_name;    /* "AD102-A" */
    const char *vbios_version; /* "95.02.3c.00.01" */
    const char *board_id;      /* BIOS_GET_SKU_INFO: chip SKU */
    const char *ram_type;      /* as in NV2080_CTRL_FB_INFO_RAM_TYPE_<name> */
    uint32_t pci_class;        /* 0x030000 or 0x030200 */
    uint32_t pci_revision;
    uint32_t link_gen, link_width;
    uint32_t bar0_mib, bar1_mib, bar3_mib;
    uint32_t config_mirror; /* BAR0 offset of the configuration space */
    uint32_t architecture, implementation, revision; /* NV_PMC_BOOT_42 */
    uint32_t bus_bits, l2_kib, fbps, ltcs, slices_per_ltc;
    uint32_t carveout_mib; /* reserved for GSP-RM at the top */
    uint32_t gpcs, tpcs[EMU_MAX_GPCS];
    uint32_t max_gpcs, max_tpcs_per_gpc, sms_per_tpc, cores_per_sm, tensor_per_sm, rt_per_sm;
    uint32_t sm_version, max_warps_per_sm, rops_per_gpc;
    uint32_t channels; /* per runlist */
    uint32_t nvlinks;
    uint32_t power_mw;
    uint32_t idle_degc;
    uint32_t mmu_version; /* 2 or 3 */
    bool display;
    uint32_t gsp_fuse, sec2_fuse; /* NV_FUSE_OPT_FPF_..._UCODE_VERSION: one bit a version */
    uint32_t ifr;                 /* version of the inforom header before the VBIOS, 0: none */
    uint32_t efi_image;           /* 1: an EFI image lies between the VBIOS and its extension */
    uint32_t engine_count;
    struct emu_engine engines[EMU_MAX_ENGINES];
    struct emu_ctx_buffer ctx[EMU_CTX_BUFFERS];
    uint8_t number; /* which of several cards of the chip; the first is 0 */
};

extern const struct emu_card emu_cards[];
extern const unsigned emu_card_count;

const struct emu_card *emu_card_find(const char *name);

/* Derived figures */
uint32_t emu_card_tpcs(const struct emu_card *card);
uint32_t emu_card_sms(const struct emu_card *card);
uint32_t emu_card_gpc_mask(const struct emu_card *card);
/** 16 bytes that identify this card: made from its name, and saying so. */
void emu_card_uuid(const struct emu_card *card, uint8_t uuid_out[16]);

/* engine.c: the numbers that a release gives an engine */
/** NV2080_ENGINE_TYPE_*; 0 when the release lacks it. */
uint32_t emu_engine_type(struct nvrm_abi abi, const struct emu_engine *engine);
/** RM_ENGINE_TYPE_* and MC_ENGINE_IDX_*, which RM uses between its two halves. */
uint32_t emu_engine_rm_type(struct nvrm_abi abi, const struct emu_engine *engine);
uint32_t emu_engine_mc_index(struct nvrm_abi abi, const char *name);
/** The number in "COPY3". */
uint32_t emu_engine_instance(const char *name);
/** NULL for a type that the card has no engine of. */
const struct emu_engine *emu_engine_by_type(struct nvrm_abi abi, const struct emu_card *card,
                                            uint32_t type);

#endif
