/* SPDX-License-Identifier: MIT */
/*
 * One card as a vfio-user device: what each command does to it. Framing and sockets are next
 * door (conn.h); here a message is a command, its body and its descriptors.
 */
#ifndef VU_DEVICE_H
#define VU_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <emu/emu.h>

#include "dma.h"
#include "proto.h"

enum { VU_MAX_VECTORS = 64 };

struct vu_irqs {
    int fds[VU_IRQS][VU_MAX_VECTORS]; /* eventfds; -1: none */
    bool intx_masked;                 /* an INTx stays masked until the client says so */
    bool news;                        /* a message of the card's waits to be delivered */
};

struct vu_device {
    struct emu_gpu *gpu; /* borrowed */
    struct gsp_bus *bus; /* the card's */
    bool preboot;        /* GSP-RM starts when its second mailbox is written */
    uint64_t region_bytes[VU_REGIONS];
    uint32_t vectors[VU_IRQS];
    struct vu_dma dma;
    struct vu_irqs irqs;
};

struct vu_message {
    uint16_t command;
    const uint8_t *body;
    uint32_t body_bytes;
    int *fds; /* a handler that keeps one puts -1 in its place */
    unsigned fd_count;
};

/** A reply's body; room for VU_MAX_BODY bytes. */
struct vu_answer {
    uint8_t *body;
    uint32_t bytes;
};

/** Look at the card's configuration space and set up. The card must outlive the device. */
void vu_device_init(struct vu_device *dev, struct emu_gpu *gpu, bool preboot);
void vu_device_fini(struct vu_device *dev);
/** The client is gone: its memory and its eventfds with it. */
void vu_device_forget_client(struct vu_device *dev);

/** Carry out one command. 0, or a negative errno that goes into the reply. */
int vu_device_handle(struct vu_device *dev, struct vu_message *in, struct vu_answer *out);

/** Let the card look at its time, and signal the client when it raised an interrupt. */
void vu_device_service(struct vu_device *dev);

/* region.c: bytes of a region that lie inside it. */
int vu_region_read(struct vu_device *dev, uint32_t region, uint64_t offset, uint8_t *bytes,
                   uint32_t count);
int vu_region_write(struct vu_device *dev, uint32_t region, uint64_t offset,
                    const uint8_t *bytes, uint32_t count);
/** Sizes of all regions, from the BARs. */
void vu_region_sizes(struct gsp_bus *bus, uint64_t bytes_out[VU_REGIONS]);

/* irq.c */
void vu_irq_init(struct vu_device *dev);
void vu_irq_fini(struct vu_device *dev);
/** After a reset, which masks every vector: those that the client uses are unmasked again. */
void vu_irq_restore(struct vu_device *dev);
/** Vectors of INTx, MSI and MSI-X, from the configuration space. */
void vu_irq_counts(struct gsp_bus *bus, uint32_t counts_out[VU_IRQS]);
uint32_t vu_irq_flags(uint32_t index);
/** SET_IRQS. */
int vu_irq_set(struct vu_device *dev, struct vu_message *in);
/** Compare with what the card said last time. */
void vu_irq_check(struct vu_device *dev);

#endif
