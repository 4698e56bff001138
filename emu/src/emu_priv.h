/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the emulated card share: the card itself, its memory, its registers and the
 * GSP-RM that runs on it. Nothing here is known to the libraries that the card is used to test.
 */
#ifndef EMU_PRIV_H
#define EMU_PRIV_H

#include <emu/emu.h>

#include "card.h"
#include "fault.h"
#include "gsp.h"
#include "host.h"
#include "log_emit.h"
#include "ram.h"

#define EMU_CONFIG_BYTES 4096
#define EMU_NOTES        32

/* BAR0 offsets that other parts set or clear; sources beside the table in regs.c. */
enum { EMU_IRQ_SWGEN0 = 1 << 6, EMU_IRQ_HALT = 1 << 4 };

struct emu_regs {
    uint32_t irqstat;      /* GSP falcon IRQSTAT */
    uint32_t mailbox[2];   /* GSP falcon MAILBOX0/1 */
    uint32_t bar_block[2]; /* NV_PBUS_BAR1_BLOCK, BAR2_BLOCK: kept as written */
    uint64_t reset_ns;     /* PTIMER counts from here */
};

/* Of the GSP in the interrupt tree: NV_VIRTUAL_FUNCTION_PRIV_CPU_INTR_GSP_INTR_0_VECTOR of
 * GB100's dev_vm.h; what other chips have is not published, INTR_GET_KERNEL_TABLE says it. */
enum { EMU_GSP_VECTOR = 155 };

/* Where the MSI-X capability says that they are, in BAR0: the same on every card that has it.
 */
enum { EMU_MSIX_VECTORS = 6, EMU_MSIX_TABLE = 0xb90000, EMU_MSIX_PENDING = 0xba0000 };

struct emu_msix {
    uint32_t table[EMU_MSIX_VECTORS][4]; /* address, address, data, control */
    uint32_t pending;
};

struct emu_hw;

struct emu_gpu {
    struct gsp_bus bus; /* first: the card is a bus */
    struct emu_hw *hw;  /* falcons, FSP, memory: hw.h */
    const struct emu_card *card;
    struct emu_card resized; /* where card points when VRAM is not the chip's */
    struct nvrm_abi abi;
    struct emu_mem mem;
    struct emu_ram ram;
    struct emu_regs regs;
    struct emu_msix msix;
    struct emu_faults faults;
    struct emu_gsp gsp;
    struct emu_host host; /* channels */
    struct emu_logs logs;
    uint8_t config[EMU_CONFIG_BYTES];
    uint8_t config_mask[EMU_CONFIG_BYTES]; /* bits that software may write */
    bool lenient;                          /* deviations are noted and accepted */
    bool lost;                             /* off the bus: every read is all ones */
    char notes[EMU_NOTES][160];            /* what the card refused, a ring */
    unsigned note_count;
    void (*on_note)(void *ctx, const char *note);
    void *note_ctx;
    /* Takes GSP-RM's events in place of the status queue: embed.h. */
    void (*on_event)(void *ctx, const char *name, const void *payload, uint32_t bytes);
    void *event_ctx;
};

/** Nanoseconds since some fixed moment. */
uint64_t emu_now_ns(void);

/** Remember, for emu_gpu_note_at(), why something was refused. */
void emu_note(struct emu_gpu *gpu, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Function-level reset through configuration space, nobody restores which. */
void emu_gpu_flr(struct emu_gpu *gpu);

/**
 * A deviation that firmware would not accept: noted either way. False: it is refused. True: the
 * card is lenient, and goes on as if it were right.
 */
bool emu_accepts(struct emu_gpu *gpu, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* config.c */
void emu_config_reset(struct emu_gpu *gpu);
void emu_config_slow_link(struct emu_gpu *gpu);
int emu_config_read(struct emu_gpu *gpu, uint32_t offset, uint32_t width, uint32_t *value_out);
int emu_config_write(struct emu_gpu *gpu, uint32_t offset, uint32_t width, uint32_t value);

/** As a function-level reset leaves it: no addresses, and nothing enabled. */
void emu_config_unassign(struct emu_gpu *gpu);
/** Message control, and bit 31; 0 when the card has no MSI-X. */
uint32_t emu_config_msix(const struct emu_gpu *gpu);
/** Where software put a BAR. */
uint64_t emu_config_bar(const struct emu_gpu *gpu, unsigned bar);
/** BAR1's size now: software may choose it, from Ampere on. */
uint64_t emu_config_bar1_bytes(const struct emu_gpu *gpu);
/** The card answers at its BARs: memory space in the command register. */
bool emu_config_memory_space(const struct emu_gpu *gpu);

/* msix.c; false: nothing there */
void emu_msix_reset(struct emu_gpu *gpu);
bool emu_msix_rd32(const struct emu_gpu *gpu, uint32_t off, uint32_t *value_out);
void emu_msix_wr32(struct emu_gpu *gpu, uint32_t off, uint32_t value);

/* regs.c */
void emu_regs_reset(struct emu_gpu *gpu);
uint32_t emu_reg_rd32(struct emu_gpu *gpu, uint64_t bar_off);
void emu_reg_wr32(struct emu_gpu *gpu, uint64_t bar_off, uint32_t value);

#endif
