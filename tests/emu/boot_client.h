/* SPDX-License-Identifier: MIT */
/*
 * A client that boots the card through its registers, written against the facts alone: every
 * offset is spelled out. It uses the queues of the raw client once GSP-RM runs. What a test
 * wants to get wrong it changes in the struct, or between the steps.
 */
#ifndef BOOT_CLIENT_H
#define BOOT_CLIENT_H

#include <emu/synth.h>

#include "raw_client.h"

enum boot_family { BOOT_TU10X, BOOT_GA100, BOOT_GA10X, BOOT_AD10X, BOOT_FSP };

struct boot_file {
    uint8_t *p;
    size_t n;
};

/* FWSEC, as found in the ROM. */
struct boot_fwsec {
    unsigned version;
    uint32_t imem, imem_bytes, imem_virt, ns_bytes; /* offsets in rom */
    uint32_t dmem, dmem_bytes;
    uint32_t interface, pkc, engine_id, ucode_id, versions, sigs;
};

struct boot {
    struct raw raw;
    const char *chip;
    enum boot_family family;
    uint64_t vram;
    struct boot_file rom, file[EMU_SYNTH_KINDS];
    struct boot_fwsec fwsec;
    struct gsp_dma radix3, sig, bl, meta, code, data, fmc, params;
    uint64_t image_bytes;
    uint64_t frts;     /* offset in memory */
    uint32_t saved[8]; /* by the sequencer */
    unsigned steps;    /* events that asked for something */
    unsigned lockdown_notices;
    /* Things to get wrong */
    uint32_t bad_tag;       /* added to every IMEM tag */
    bool insecure;          /* no secure bit */
    bool no_fbif;           /* physical transfers are not allowed */
    bool no_scrub_wait;     /* load at once */
    int signature;          /* added to the index of the falcon's signature */
    const char *gsp_family; /* whose signature goes into the WPR meta */
    uint32_t fmc_version;   /* 0: the right one */
};

uint32_t boot_rd(struct boot *b, uint32_t off);
void boot_wr(struct boot *b, uint32_t off, uint32_t value);
uint64_t boot_get64(const void *p, size_t at);
void boot_put64(void *p, size_t at, uint64_t value);

/** A card with queues and arguments in memory; nothing is started. */
void boot_open(struct boot *b, const char *release, const char *chip, const char *inject);
/** The same for a configuration of the caller's, of this release. */
void boot_open_with(struct boot *b, const char *release, const struct emu_config *config);
void boot_close(struct boot *b);

/** Waits for the firmware that boots the card itself. */
bool boot_wait_ready(struct boot *b);
bool boot_wpr2_up(struct boot *b);
/** Reads PROM and finds FWSEC. False when the ROM leads nowhere. */
bool boot_read_vbios(struct boot *b);
/** Makes radix3, signature, bootloader, WPR meta in system memory. */
void boot_prepare(struct boot *b);
/** Runs FWSEC with a command; the result is in the scratch registers. */
bool boot_fwsec(struct boot *b, uint32_t command);
/** Runs a signed ucode on SEC2; returns MAILBOX0, or 0xffffffff when it never halts. */
uint32_t boot_sec2(struct boot *b, enum emu_synth_kind kind, uint64_t mailbox);
bool boot_reset(struct boot *b, uint32_t base);
/** The generic bootloader into the GSP's falcon, with its descriptor. */
void boot_load_bootloader(struct boot *b, const uint8_t *file, const uint8_t desc[84]);
void boot_select_riscv(struct boot *b);
bool boot_riscv_active(struct boot *b);
/** Chain of trust. FSP's error code, or 0xffffffff without an answer. */
uint32_t boot_cot(struct boot *b);
/** Waits for the end of lockdown; the FMC's error or 0. */
uint32_t boot_wait_lockdown(struct boot *b);

/** Everything up to the point where GSP-RM runs. NULL, or the step that failed. */
const char *boot_run(struct boot *b);
/** Sends what GSP-RM waits for and runs what it asks for, up to INIT_DONE. */
bool boot_finish(struct boot *b);
/** UNLOADING_GUEST_DRIVER and what follows. NULL, or the step that failed. */
const char *boot_unload(struct boot *b);

#endif
