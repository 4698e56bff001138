/* SPDX-License-Identifier: MIT */
/*
 * The raw client with page tables, channels and push buffers of its own: numbers are spelled
 * out from the class headers and dev_mmu.h, nothing of the card's is used.
 */
#ifndef EXEC_CLIENT_H
#define EXEC_CLIENT_H

#include "raw_client.h"

/** What differs between chips, for this client. */
struct exec_chip {
    const char *name;
    uint32_t channel, copy, compute; /* classes */
    unsigned mmu;                    /* 2 or 3 */
    uint32_t token;                  /* bits of the doorbell beside channel and runlist */
};
/* Most tests take the first four. */
extern const struct exec_chip exec_chips[7];

enum {
    EXEC_CLIENT_VAS = 0x70,
    EXEC_RING = 64,   /* GPFIFO entries */
    EXEC_COPY2 = 0xb, /* NV2080_ENGINE_TYPE_COPY2, alone on runlist 1 */
    EXEC_GR0 = 1,
    EXEC_SYS_BYTES = 1 << 20,

    /* Page flags, of no version */
    EXEC_READ_ONLY = 1,
    EXEC_PRIVILEGED = 2,
    EXEC_SPARSE = 4,
    EXEC_PEER = 8,
};

/* Local memory from 0 on lies at this address; the test's system memory at the second. */
#define EXEC_VA  UINT64_C(0x100000000)
#define EXEC_SYS UINT64_C(0x300000000)
/* Local memory that tests use: everything below holds tables and channels. */
#define EXEC_DATA UINT64_C(0x1000000)

struct exec {
    struct raw r;
    struct exec_chip chip;
    struct gsp_dma sys;
    uint64_t root, next_table; /* in local memory */
    unsigned channels;
};

struct exec_channel {
    struct exec *x;
    uint32_t handle, chid, runlist;
    uint64_t userd, ring, push, notifier, instance; /* in local memory */
    uint32_t put, dwords, start;
    bool in_sysmem; /* USERD and notifier */
};

void exec_open(struct exec *x, const char *chip, const char *inject);
/** The same for a configuration of the caller's; release 570.144. */
void exec_open_with(struct exec *x, const struct emu_config *config);
void exec_close(struct exec *x);

uint32_t exec_rd(struct exec *x, uint64_t fb_off);
void exec_wr(struct exec *x, uint64_t fb_off, uint32_t value);
uint64_t exec_rd64(struct exec *x, uint64_t fb_off);
void exec_wr64(struct exec *x, uint64_t fb_off, uint64_t value);

/** Map one page of 2^shift bytes; target 0 local, 1 system memory. */
void exec_map(struct exec *x, uint64_t va, unsigned shift, unsigned target, uint64_t addr,
              unsigned flags);
/** Take the page's entry away. */
void exec_unmap(struct exec *x, uint64_t va, unsigned shift);
void exec_invalidate(struct exec *x);

/** NV_CHANNEL_ALLOC_PARAMS as this client fills it in, 368 bytes. */
void exec_params(struct exec *x, struct exec_channel *c, uint32_t engine, uint8_t *params);
/** A channel outside of a group, bound and scheduled. flags: NVOS04_FLAGS_*. */
void exec_channel(struct exec *x, struct exec_channel *c, uint32_t engine, uint32_t flags);
uint32_t exec_token(const struct exec_channel *c);

/** Push buffer dwords; methods with consecutive data. */
void exec_push(struct exec_channel *c, uint32_t dword);
void exec_method(struct exec_channel *c, uint32_t subch, uint32_t method, unsigned count,
                 const uint32_t *data);
#define EXEC_METHOD(c, subch, method, ...)                                                     \
    exec_method(c, subch, method, sizeof((uint32_t[]){__VA_ARGS__}) / 4,                       \
                (uint32_t[]){__VA_ARGS__})
/** Put what was pushed since the last time as one GPFIFO entry, without and with doorbell. */
void exec_put(struct exec_channel *c);
void exec_entry(struct exec_channel *c, uint64_t entry);
void exec_ring(struct exec_channel *c);
void exec_kick(struct exec_channel *c);
uint32_t exec_get(struct exec_channel *c);

/** Bind the copy class to subchannel 4. */
void exec_bind_copy(struct exec_channel *c);
/** One line of bytes, and a release of `payload` at sem (0: none). */
void exec_copy(struct exec_channel *c, uint64_t from, uint64_t to, uint32_t bytes, uint64_t sem,
               uint32_t payload);

/** The next OS_ERROR_LOG and RC_TRIGGERED: the Xid, the text into `text`. 0 when none came. */
uint32_t exec_error(struct exec *x, uint32_t *chid_out, char *text, size_t text_bytes);
const char *exec_last_note(struct exec *x);

/* What tests of channels write again and again */

#define DATA  (EXEC_VA + EXEC_DATA) /* the tests' memory, as a channel sees it */
#define HI(v) (uint32_t)((uint64_t)(v) >> 32)
#define LO(v) (uint32_t)(v)

enum {
    SEM_ADDR_LO = 0x5c, /* host methods and fields of SEM_EXECUTE, clc56f.h */
    SEM_EXECUTE = 0x6c,
    ACQUIRE = 0,
    RELEASE = 1,
    ACQ_STRICT_GEQ = 2,
    ACQ_CIRC_GEQ = 3,
    ACQ_AND = 4,
    ACQ_NOR = 5,
    REDUCTION = 6,
    WIDE = 1 << 24,
    TIMESTAMP = 1 << 25,
    PRIVILEGED_CHANNEL = 1 << 5, /* NVOS04_FLAGS_* */
};

/** SEM_ADDR to SEM_EXECUTE in one method. */
void exec_semaphore(struct exec_channel *c, uint64_t va, uint64_t payload, uint32_t execute);
/** Release `payload` in local memory. */
void exec_release(struct exec_channel *c, uint64_t fb_off, uint32_t payload);
/** A card with one channel of COPY2. */
void exec_open_one(struct exec *x, struct exec_channel *c, const char *chip);

#endif
