/* SPDX-License-Identifier: MIT */
/*
 * A card for boot tests: registers with just the rules that boot depends on, written from the
 * facts with numbers of its own (no generated register name), and a GSP of raw bytes behind it.
 * Firmware and VBIOS are the synthetic set's bytes.
 */
#ifndef TEST_BOOT_CARD_H
#define TEST_BOOT_CARD_H

#include <gsp/boot.h>

#include "fake_gsp.h"

enum { BOOT_CARD_ROOM = 16 << 20, BOOT_CARD_BAR0 = 16 << 20, BOOT_CARD_FILES = 8 };

struct boot_card {
    struct gsp_bus bus; /* first */
    const char *chip;
    struct nvrm_abi abi;
    const char *files_of; /* the chip whose firmware set it takes */
    bool fsp, brom;
    bool boost_asked, boost; /* clocks, GB100 and later */
    uint32_t command;        /* PCI: memory and bus master */
    uint32_t wpr2;           /* where WPR2's registers lie */
    uint32_t *regs;          /* BAR0 */
    uint8_t *memory, *rom;
    bool used[BOOT_CARD_ROOM / 4096];
    size_t lent; /* pages */
    uint8_t *file[BOOT_CARD_FILES];
    size_t file_bytes[BOOT_CARD_FILES];
    unsigned file_count;
    struct gsp_host host;

    /* what the card saw */
    unsigned resets, gsp_starts, sec2_starts, fsp_commands, imem_words, secure_words;
    uint32_t init_cmd; /* of the last FWSEC */
    uint64_t frts, wpr_meta, wpr_end, fw_heap, fw_heap_bytes;
    uint32_t dmem[0x4000];
    uint32_t dmem_at, ememc_at, emem[256];
    bool running;
    struct fake_gsp gsp;
    struct fake_record taken;

    /* what it does wrong */
    uint32_t booter_error, fsp_error, frts_error;
    bool frts_elsewhere, no_halt, no_done, no_active, locked, gone;
    const char *fw_release; /* the firmware set's, when it is another */
    int allocs_left;        /* of DMA memory; -1: any number */
    int host_left;          /* of the host's memory */
    uint32_t ask;           /* event before INIT_DONE */
    uint32_t ask_words[32];
    unsigned ask_count;
};

/** A sound card of that chip with its firmware set, for a release of the built-in schema. */
struct boot_card *boot_card_create(const char *chip, const char *release);
void boot_card_destroy(struct boot_card *c);
/** A boot of the card. */
struct gsp_boot_config boot_card_config(struct boot_card *c);
uint32_t boot_card_function(const struct boot_card *c, const char *name);

#endif
