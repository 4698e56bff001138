/* SPDX-License-Identifier: MIT */
/*
 * Inside of boot: boot.c runs the lists, boot_chip.c holds them and what differs between
 * families, boot_common.c the states all have, boot_fwsec.c those before
 * Hopper, boot_fsp.c those from Hopper on; falcon.c drives a falcon and boot_hs.c signed ucode
 * on it; boot_events.c answers what GSP-RM asks for while it starts.
 */
#ifndef GSP_BOOT_PRIV_H
#define GSP_BOOT_PRIV_H

#include <gsp/boot.h>
#include <gsp/vbios.h>
#include <nvrm/regs.h>

#include "session_priv.h"

enum {
    BOOT_PCI_COMMAND = 0x04, /* PCI configuration */
    BOOT_PCI_MEMORY = 1 << 1,
    BOOT_PCI_MASTER = 1 << 2,
};

struct boot_state {
    struct gsp_boot_state pub;
    int (*run)(struct gsp_boot *b, struct gsp_error *err);
};

/** What differs between families; registers that a family lacks are 0. */
struct boot_chip {
    const struct boot_state *states;
    unsigned state_count;
    bool fsp;       /* booted by FSP */
    bool brom;      /* falcons load by DMA and check signatures in their boot ROM */
    bool frts;      /* has an FRTS region */
    bool scrubber;  /* ucode that scrubs memory may have to run */
    bool usable_fb; /* VBIOS publishes the size of usable memory */
    uint32_t wpr2_lo, wpr2_hi;
    uint32_t ready, ready_plm; /* boot progress, and the mask that lets us read it */
    uint32_t fuse_error;       /* must read 0 once FSP is up */
    uint32_t riscv_cpuctl;     /* 0: core switch status instead */
    uint32_t debug_fuse;
    uint32_t cot_version;
    bool clock_boost;           /* FSP may be asked to raise clocks for the boot */
    uint32_t fb_end_reserve;    /* FSP: estimated, at the end of memory */
    uint32_t pmu_bytes;         /* FSP: reserved for the PMU */
    uint32_t prescrubbed_bytes; /* what VBIOS has scrubbed at the top; 0: all */
    uint32_t non_wpr_heap_bytes;
};
const struct boot_chip *boot_chip_of(enum gsp_fw_family family);

/** A falcon with its three register blocks. */
struct falcon {
    const char *name;
    uint32_t base, fbif, second;
};
extern const struct falcon boot_gsp, boot_sec2;

/** Firmware that was found and parsed. */
struct boot_files {
    struct gsp_fw_gsp gsp;
    struct gsp_fw_bootloader bootloader;
    struct gsp_fw_hs load, unload, scrubber;
    struct gsp_fw_generic_bl generic_bl;
    struct gsp_fw_fmc fmc;
    const struct gsp_fw_signature *signature;
};

struct gsp_boot {
    struct gsp_boot_config config;
    struct gsp_bus *bus;
    const struct gsp_host *host;
    enum gsp_fw_family family;
    const struct boot_chip *chip;
    uint32_t boot0, boot42;
    unsigned next;
    bool touched;  /* the card is no longer as reset left it */
    bool unloaded; /* GSP-RM was told to go */
    bool unloading;
    uint64_t deadline_ns; /* of the state that runs */

    struct boot_files files;
    uint8_t *rom; /* PROM, for as long as FWSEC points into it */
    struct gsp_vbios *vbios;
    struct gsp_fwsec fwsec;
    bool has_fwsec;

    uint64_t fb_bytes;
    struct gsp_fb_layout layout;
    struct gsp_dma radix3, bootloader, signature, wpr_meta;
    struct gsp_dma fmc, fmc_params, frts; /* FSP */
    struct gsp_dma flush;                 /* the page that flushes writes to system memory */
    struct gsp_dma sr_data, sr_meta;      /* of a suspend, until the resume */
    struct gsp_dma sr_heap;               /* GSP-RM's memory outside of WPR2 */
    bool sr_client;                       /* a client of ours holds sr_heap's page list */
    bool suspended;                       /* until GSP-RM runs again: a resume sees it set */
    struct gsp_rm *rm;

    struct gsp_boot_report report; /* of the state that runs */
};

/* Registers: counted, and remembered for the report. */
uint32_t boot_rd(struct gsp_boot *b, uint32_t off);
void boot_wr(struct gsp_boot *b, uint32_t off, uint32_t value);
uint64_t boot_now_ns(const struct gsp_boot *b);
/** The state's time is over. Asked before the last look, so that a wait never ends on a look
 * that is older than its deadline. */
bool boot_is_late(const struct gsp_boot *b);
/** Poll until (register & mask) == want or the state's deadline. -ETIMEDOUT names the register
 * and what it says; -ENODEV when the card is gone. */
int boot_poll(struct gsp_boot *b, uint32_t off, uint32_t mask, uint32_t want, const char *what,
              struct gsp_error *err);
/** A failure that says what a register reads. */
int boot_fail_reg(struct gsp_boot *b, uint32_t off, int rc, const char *what,
                  struct gsp_error *err);

/* Memory */
int boot_dma(struct gsp_boot *b, uint64_t bytes, struct gsp_dma *out, struct gsp_error *err);
int boot_dma_copy(struct gsp_boot *b, const void *data, uint64_t bytes, struct gsp_dma *out,
                  struct gsp_error *err);
void boot_dma_free(struct gsp_boot *b, struct gsp_dma *dma);

/* falcon.c */
int falcon_reset(struct gsp_boot *b, const struct falcon *f, struct gsp_error *err);
int falcon_reset_into_riscv(struct gsp_boot *b, const struct falcon *f, struct gsp_error *err);
void falcon_start(struct gsp_boot *b, const struct falcon *f);
int falcon_wait_halt(struct gsp_boot *b, const struct falcon *f, struct gsp_error *err);
bool falcon_riscv_active(struct gsp_boot *b, const struct falcon *f);
void falcon_disable_ctx(struct gsp_boot *b, const struct falcon *f);
void falcon_mailboxes(struct gsp_boot *b, const struct falcon *f, uint64_t value);
void falcon_aperture(struct gsp_boot *b, const struct falcon *f, unsigned index,
                     uint32_t target);
struct falcon_dma {
    uint64_t source; /* bus address of memory offset 0 */
    uint32_t falcon_off, memory_off, bytes;
    bool imem, tag;
};
int falcon_dma_load(struct gsp_boot *b, const struct falcon *f, const struct falcon_dma *dma,
                    struct gsp_error *err);
void falcon_imem_write(struct gsp_boot *b, const struct falcon *f, uint32_t off,
                       const void *data, uint32_t bytes, bool secure, uint32_t tag_va);
void falcon_dmem_write(struct gsp_boot *b, const struct falcon *f, uint32_t off,
                       const void *data, uint32_t bytes);

/* boot_hs.c: run signed ucode to its halt. mailbox: in and out, NULL for none. */
int boot_run_hs(struct gsp_boot *b, const struct falcon *f, const struct gsp_fw_hs *hs,
                const char *what, uint64_t *mailbox, struct gsp_error *err);
int boot_run_fwsec(struct gsp_boot *b, enum gsp_fwsec_command command, struct gsp_error *err);
struct boot_pkc {
    uint32_t sig_dmem_off, engine_mask, ucode_id;
};
void boot_pkc(struct gsp_boot *b, const struct falcon *f, const struct boot_pkc *pkc);
/** The generic bootloader at the top of IMEM, its argument at the bottom of DMEM. */
int boot_load_generic_bl(struct gsp_boot *b, const struct falcon *f, const void *dmem_desc,
                         uint32_t dmem_desc_bytes, struct gsp_error *err);

/* boot_common.c */
int boot_identify(struct gsp_boot *b, struct gsp_error *err);
int boot_wait_ready(struct gsp_boot *b, struct gsp_error *err);
int boot_wpr2_down(struct gsp_boot *b, struct gsp_error *err);
int boot_vram(struct gsp_boot *b, struct gsp_error *err);
int boot_firmware(struct gsp_boot *b, struct gsp_error *err);
int boot_memory(struct gsp_boot *b, struct gsp_error *err);
int boot_init_rpcs(struct gsp_boot *b, struct gsp_error *err);
int boot_riscv_active(struct gsp_boot *b, struct gsp_error *err);
int boot_link(struct gsp_boot *b, struct gsp_error *err);
int boot_init_done(struct gsp_boot *b, struct gsp_error *err);
int boot_static_info(struct gsp_boot *b, struct gsp_error *err);
bool boot_wpr2_is_up(struct gsp_boot *b);
bool boot_is_ready(struct gsp_boot *b);
int boot_read_vram(struct gsp_boot *b, uint64_t *bytes_out, struct gsp_error *err);

/* boot_flush.c */
/** A page for flushes, and the registers that lead to it. */
int boot_flush_page(struct gsp_boot *b, struct gsp_error *err);
void boot_flush_program(struct gsp_boot *b);
/** Bits of a bus address that the family's engines put out. */
unsigned boot_address_bits(enum gsp_fw_family family);

/* wpr_meta.c: starts *w over the struct */
struct wire;
/** Memory for the queue of crash reports, where chip and release take it. */
int boot_crash_queue(struct gsp_boot *b, struct gsp_error *err);
int boot_wpr_meta_common(struct gsp_boot *b, struct wire *w, struct gsp_error *err);

/* boot_fwsec.c */
int boot_read_vbios(struct gsp_boot *b, struct gsp_error *err);
/** An error of what was read from the card itself: not the caller's input. Returns rc. */
int boot_blame_card(int rc, struct gsp_error *err);
int boot_wpr_meta(struct gsp_boot *b, struct gsp_error *err);
int boot_scrubber(struct gsp_boot *b, struct gsp_error *err);
int boot_fwsec_frts(struct gsp_boot *b, struct gsp_error *err);
int boot_riscv_reset(struct gsp_boot *b, struct gsp_error *err);
int boot_booter_load(struct gsp_boot *b, struct gsp_error *err);

/* boot_fsp.c */
int boot_wpr_meta_fsp(struct gsp_boot *b, struct gsp_error *err);
int boot_fmc_args(struct gsp_boot *b, struct gsp_error *err);
/** The same arguments once more, with the meta of the suspend in the place of WPR meta. */
int boot_fmc_resume_args(struct gsp_boot *b, struct gsp_error *err);
int boot_cot(struct gsp_boot *b, struct gsp_error *err);
int boot_target_mask(struct gsp_boot *b, struct gsp_error *err);
int boot_lockdown(struct gsp_boot *b, struct gsp_error *err);

/* fsp.c: one message there, one answer back. */
int fsp_command(struct gsp_boot *b, uint8_t nvdm_type, const void *payload, uint32_t bytes,
                struct gsp_error *err);

/* boot_fbsr.c */
/** [start, end): WPR2 with FRTS, which a suspend writes out. */
struct boot_saved {
    uint64_t start, end;
    uint64_t vga_bytes;
};
int boot_saved(struct gsp_boot *b, struct boot_saved *out, struct gsp_error *err);
/** GSP-RM of this release can be told where a GspFwSRMeta is. */
bool boot_fbsr_takes_meta(struct gsp_boot *b);
/** Memory for what GSP-RM keeps below WPR2, and the control that tells of it and of the meta.
 */
int boot_fbsr_init(struct gsp_boot *b, const struct boot_saved *saved, struct gsp_error *err);
/** Takes that memory back from a GSP-RM that runs again. */
int boot_fbsr_done(struct gsp_boot *b, struct gsp_error *err);
uint32_t boot_wpr_meta_flags(struct gsp_boot *b);

/** GSP-RM may start with raised clocks: no registry key says otherwise. */
bool boot_boost_is_wanted(const struct gsp_boot *b);
/** GB100 and later: FSP is told to stop what it was asked for at the boot. */
void boot_clock_boost_end(struct gsp_boot *b);

/* boot_events.c */
int boot_event(struct gsp_boot *b, const struct gsp_event *event, struct gsp_error *err);

/* boot_unload.c */
int boot_unload_card(struct gsp_boot *b, struct gsp_error *err);
/** The same for a power transition to `level`; booter, or the FMC, saves WPR2 as the meta there
 * says. */
int boot_suspend_card(struct gsp_boot *b, uint32_t level, uint64_t sr_meta,
                      struct gsp_error *err);

/* boot.c: what comes after a boot, reported as its states are. When it fails, the session is
 * given back and the card reset. */
int boot_run_once(struct gsp_boot *b, const struct boot_state *s, struct gsp_error *err);

#endif
