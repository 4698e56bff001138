/* SPDX-License-Identifier: MIT */
/**
 * The bus of a card in another process: the client side of vfio-user.
 *
 * Works against any server of protocol 0.1 that shows a PCI device; nvrm-emu is one. Registers
 * are read and written by message, system memory is shared by file descriptor, so that the
 * card's DMA needs no message, and interrupts arrive on an eventfd (MSI-X, else MSI, else
 * INTx). When the server goes away, reads answer 0xffffffff and irq_wait() -ENODEV, as for a
 * card that fell off its bus. One caller at a time.
 *
 * Protocol: QEMU docs/interop/vfio-user.rst.
 */
#ifndef GSP_BUS_VFIO_USER_H
#define GSP_BUS_VFIO_USER_H

#include <gsp/bus.h>
#include <gsp/error.h>
#include <gsp/host.h>

#ifdef __cplusplus
extern "C" {
#endif

struct gsp_vfio_user_config {
    const char *path;            /* of the server's socket */
    const struct gsp_host *host; /* borrowed for the life of the bus; may be NULL */
    uint64_t timeout_ns;         /* for an answer of the server; 0 means 5 s */
    bool preboot; /* the server starts GSP-RM when its second mailbox is written (nvrm-emu
                     --preboot): the bus offers direct_start() */
};

/**
 * Connect, agree on the protocol, look at the device.
 *
 * @param bus_out  release with (*bus_out)->ops->close(), which gives back what dma_alloc() gave
 * @return 0, -ENOENT or -ECONNREFUSED (no server), -EACCES, -ECONNRESET (the server hung up:
 *         another client has the card), -EPROTO, -ETIMEDOUT, -ENODEV (no PCI device), -ENOMEM
 */
GSP_MUST_CHECK int gsp_bus_vfio_user_open(const struct gsp_vfio_user_config *config,
                                          struct gsp_bus **bus_out, struct gsp_error *err);

#ifdef __cplusplus
}
#endif
#endif
