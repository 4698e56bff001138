/* SPDX-License-Identifier: MIT */
/**
 * A recorder: a bus that passes every operation on to another one and says what it was.
 *
 * The callback runs in the caller's thread, after the operation, and must not use the bus. The
 * contents of DMA memory go by without an operation and are not seen.
 */
#ifndef GSP_BUS_RECORD_H
#define GSP_BUS_RECORD_H

#include <gsp/bus.h>
#include <gsp/error.h>
#include <gsp/host.h>

#ifdef __cplusplus
extern "C" {
#endif

enum gsp_bus_operation {
    GSP_BUS_CONFIG_READ,
    GSP_BUS_CONFIG_WRITE,
    GSP_BUS_RD32,
    GSP_BUS_WR32,
    GSP_BUS_RD_BLOCK, /* value: how many words */
    GSP_BUS_DMA_ALLOC,
    GSP_BUS_DMA_FREE,
    GSP_BUS_IRQ_WAIT,
    GSP_BUS_RESET,
    GSP_BUS_DIRECT_START,
};

struct gsp_bus_access {
    enum gsp_bus_operation operation;
    uint64_t start_ns, end_ns; /* of the host's clock */
    uint32_t width;            /* bytes; configuration space and registers */
    unsigned bar;              /* registers */
    uint64_t at;    /* offset; bus address of DMA memory; timeout in ns; libos arguments */
    uint64_t value; /* read or written; bytes of DMA memory */
    int rc;         /* what the operation returned, where it returns something */
};

struct gsp_bus_record_config {
    struct gsp_bus *bus;         /* taken: closed with the recorder; not on failure */
    const struct gsp_host *host; /* borrowed; may be NULL */
    void (*access)(void *ctx, const struct gsp_bus_access *access);
    void *ctx;
};

/** 0 or -ENOMEM. The recorder's direct_start and reset are there when the bus has them. */
GSP_MUST_CHECK int gsp_bus_record(const struct gsp_bus_record_config *config,
                                  struct gsp_bus **bus_out, struct gsp_error *err);

/** "rd32", "dma_alloc": the operation's name. */
const char *gsp_bus_operation_name(enum gsp_bus_operation operation);

#ifdef __cplusplus
}
#endif
#endif
