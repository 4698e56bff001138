/* SPDX-License-Identifier: MIT */
/**
 * The bus: what a GPU is to software, as a table of operations.
 *
 * Implemented by the emulated card (emu/) and, for real cards, by PCI transports. libgsp never
 * asks which one it has. A bus belongs to one caller at a time; irq_wait() may be called from a
 * second thread where `threads` is set.
 */
#ifndef GSP_BUS_H
#define GSP_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct gsp_bus;

/** System memory that the device can reach. `cpu` and `bus_addr` name the same bytes. */
struct gsp_dma {
    void *cpu;
    uint64_t bus_addr; /* what DMA sees; contiguous for `bytes` */
    size_t bytes;      /* a multiple of 4096 */
};

struct gsp_bus_ops {
    const char *name; /* "emu", "vfio", ... */
    bool polled;      /* no interrupt comes this way: irq_wait() sleeps a little and says 0 */

    /** PCI configuration space; width is 1, 2 or 4 bytes. 0 or -EINVAL. */
    int (*config_read)(struct gsp_bus *bus, uint32_t offset, uint32_t width,
                       uint32_t *value_out);
    int (*config_write)(struct gsp_bus *bus, uint32_t offset, uint32_t width, uint32_t value);

    /** 32-bit access to a BAR. A read that nothing answers returns what the hardware would:
     * 0xffffffff or 0xbadf.... */
    uint32_t (*rd32)(struct gsp_bus *bus, unsigned bar, uint64_t bar_off);
    void (*wr32)(struct gsp_bus *bus, unsigned bar, uint64_t bar_off, uint32_t value);

    /** Optional; NULL means rd32() word by word. Consecutive words of what behaves like memory
     * (PROM, PRAMIN, VRAM), for buses where an access costs a message. */
    void (*rd_block)(struct gsp_bus *bus, unsigned bar, uint64_t bar_off, uint32_t *words_out,
                     size_t words);

    /** Optional. Where consecutive bytes of a BAR that behaves like memory lie in this process:
     * NULL when they are not there in one piece. Good until the bus is closed, or until what
     * the BAR shows there changes. */
    void *(*bar_at)(struct gsp_bus *bus, unsigned bar, uint64_t bar_off, uint64_t bytes);

    /** Zeroed, page-aligned, contiguous on the bus. 0, -ENOMEM. The bus owns it; give it back
     * with dma_free(). */
    int (*dma_alloc)(struct gsp_bus *bus, size_t bytes, struct gsp_dma *dma_out);
    void (*dma_free)(struct gsp_bus *bus, struct gsp_dma *dma);

    /** Wait for an interrupt. 0, -ETIMEDOUT (also when timeout_ns is 0 and none is pending),
     * -ENODEV when the card is gone, -EINTR to give up the wait: the user wants to. May return
     * -ETIMEDOUT early when it knows that nothing will come. */
    int (*irq_wait)(struct gsp_bus *bus, uint64_t timeout_ns);

    /** Optional. What stood for the card and is gone ("the emulator behind /tmp/card"), so that
     * all ones are not taken for a dead card; NULL while it is there. */
    const char *(*gone)(struct gsp_bus *bus);

    /** Function-level reset. 0 or -EOPNOTSUPP. */
    int (*reset)(struct gsp_bus *bus);

    /**
     * Emulated cards only, NULL on hardware: start GSP-RM without the boot chain, as if booter
     * had just handed over. libos_args is the bus address of the LibosMemoryRegionInitArgument
     * table that ends up in the GSP's mailboxes.
     */
    int (*direct_start)(struct gsp_bus *bus, uint64_t libos_args);

    void (*close)(struct gsp_bus *bus);
};

/** Embedded first in every implementation. */
struct gsp_bus {
    const struct gsp_bus_ops *ops;
    uint64_t bdf; /* PCI address: domain << 32 | bus << 8 | device << 3 | function */
};

#ifdef __cplusplus
}
#endif
#endif
