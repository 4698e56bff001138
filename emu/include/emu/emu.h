/* SPDX-License-Identifier: MIT */
/**
 * The emulated GPU: a card in this process, behind the same bus as a real one.
 *
 * Synchronous and deterministic: a doorbell write runs the emulated GSP-RM until its command
 * queue is empty, and its answers are in the status queue when the write returns. What found no
 * room there follows with the caller's next access to the card (a register, irq_wait());
 * nothing moves while the caller only looks at memory. It shares generated tables with the
 * libraries that it is used to test, and nothing else. One caller at a time.
 */
#ifndef EMU_EMU_H
#define EMU_EMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <emu/synth.h>
#include <gsp/bus.h>
#include <nvrm/schema.h>

#ifdef __cplusplus
extern "C" {
#endif

struct emu_gpu;

struct emu_config {
    const char *chip;    /* "AD102"; NULL means AD102 */
    struct nvrm_abi abi; /* release of the GSP-RM that runs on the card */
    const char *inject;  /* faults by name or "TRIGGER=EFFECT", commas between: emu/fault.h;
                            NULL: none */

    /** Where the card takes memory from, system memory behind its bus included: realloc
     * semantics, bytes 0 frees. NULL means libc's. */
    void *(*realloc)(void *ctx, void *old, size_t bytes);
    void *realloc_ctx;

    /** Deviations that firmware would refuse are noted and accepted where the card can go on
     * with them: for experiments. docs/emulator.md lists which. */
    bool lenient;

    /** NV_FUSE_OPT_SECURE_GSP_DEBUG_DIS reads 0: the card takes debug-signed ucode alone, of
     * its VBIOS (application 0x45) and as emu_gpu_synth_file() makes it. */
    bool debug_fused;

    /** The SMs: instructions of one warp until a program counts as endless (0: 50 million);
     * threads of the host that run them (0 and 1: the caller's alone; more: docs/sm.md says
     * what stays the same); refuse code whose hazards a real SM would get wrong. */
    uint64_t sm_watchdog;
    unsigned sm_threads;
    bool sm_timing;

    uint64_t fb_bytes; /* VRAM; a multiple of 64 MiB, 1 GiB at least; 0 means the chip's */

    /** Told of every note as it is made, see emu_gpu_note_at(); NULL: nobody. */
    void (*on_note)(void *ctx, const char *note);
    void *note_ctx;
};

/** 0, -ENOENT (no such chip), -ENOTSUP (the release's firmware does not support the chip),
 * -EINVAL (inject does not parse, fb_bytes cannot be), -ENOMEM. message (may be NULL) says what
 * and what is known instead. */
int emu_gpu_create(const struct emu_config *config, struct emu_gpu **gpu_out, char *message,
                   size_t message_bytes);
void emu_gpu_destroy(struct emu_gpu *gpu);

/** More faults, on a card that is in use: as emu_config.inject. 0 or -EINVAL; message (may be
 * NULL) says what does not parse. */
int emu_gpu_inject(struct emu_gpu *gpu, const char *inject, char *message,
                   size_t message_bytes);

/** Borrowed; valid until the card is destroyed. */
struct gsp_bus *emu_gpu_bus(struct emu_gpu *gpu);

/**
 * Let the card's DMA reach memory of the caller's in place of what dma_alloc() gave out.
 *
 * @param lookup  the bytes at [bus_addr, bus_addr + bytes), or NULL when any of them is not
 *                mapped; the card asks anew for every use. NULL: the card's own memory again
 * @param ctx     passed to lookup; borrowed
 */
void emu_gpu_set_memory(struct emu_gpu *gpu,
                        void *(*lookup)(void *ctx, uint64_t bus_addr, size_t bytes), void *ctx);

/**
 * A write of less than a word, as its byte enables show it to the card: the other bytes of what
 * is stored stay, and bits that a one would clear, set or trigger are not touched in them.
 * Within a word of the BAR; wr32() is the whole word.
 */
void emu_gpu_wr_bytes(struct emu_gpu *gpu, unsigned bar, uint64_t bar_off, const void *bytes,
                      unsigned count);

/**
 * Interrupts, for who delivers them: true once for each message that the card sends, which is
 * at edges of the line (irq_wait() takes the same messages); and the line itself, as INTx has
 * it: up while an enabled vector is pending.
 */
bool emu_gpu_take_interrupt(struct emu_gpu *gpu);
bool emu_gpu_interrupt_line(const struct emu_gpu *gpu);

/**
 * MSI-X, for who delivers the card's messages. The table in BAR0, the function's mask and bus
 * mastering decide whether a vector's message may leave.
 *
 * @return raise: it leaves now; if not, it is pending. release: it was pending and leaves now
 */
bool emu_gpu_msix_raise(struct emu_gpu *gpu, unsigned vector);
bool emu_gpu_msix_release(struct emu_gpu *gpu, unsigned vector);
/** What a host's kernel does with a vector that is requested or given back: its mask bit. */
void emu_gpu_msix_use(struct emu_gpu *gpu, unsigned vector, bool used);

/** Where the expansion ROM's images start in NV_PROM, which may show an inforom header first.
 */
uint32_t emu_gpu_rom_offset(const struct emu_gpu *gpu);

/** When, on CLOCK_MONOTONIC, the card has something to do of its own, such as a delayed
 * answer: a host that sleeps should access it then. UINT64_MAX for never. */
uint64_t emu_gpu_due_ns(struct emu_gpu *gpu);

/**
 * What the card refused, and why: the i-th of the last notes, oldest first; NULL past the end.
 * The card is as strict as firmware, which drops or refuses without saying so; this is where a
 * developer finds the reason. Borrowed; valid until the next access to the card.
 */
const char *emu_gpu_note_at(const struct emu_gpu *gpu, unsigned i);

/** A file of the firmware set that this card runs, as emu_synth_file() makes it, with the
 * faults that are in force. */
int emu_gpu_synth_file(struct emu_gpu *gpu, enum emu_synth_kind kind, uint8_t **bytes_out,
                       size_t *size_out);

/** Configuration space as `lspci -x` prints it (bytes 64, 256 or 4096), so that `lspci -F`
 * reads it. Returns the length that is needed, like snprintf. */
size_t emu_gpu_config_dump(struct emu_gpu *gpu, unsigned bytes, char *text, size_t text_bytes);

/** What the card is, for listings. */
struct emu_chip {
    const char *name;    /* "AD102" */
    const char *product; /* "NVIDIA GeForce RTX 4090" */
    uint16_t device, sub_vendor, sub_device;
    uint64_t fb_bytes;
};
unsigned emu_chip_count(void);
const struct emu_chip *emu_chip_at(unsigned i);

#ifdef __cplusplus
}
#endif
#endif
