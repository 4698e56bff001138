/* SPDX-License-Identifier: MIT */
/*
 * A client of GSP-RM that is written against the facts alone: numbers and offsets are spelled
 * out here, no library of this project is between it and the card.
 */
#ifndef RAW_CLIENT_H
#define RAW_CLIENT_H

#include <emu/emu.h>

enum {
    RAW_PAGE = 4096,
    RAW_QUEUE_BYTES = 0x40000,
    RAW_SLOTS = 63,
    RAW_PAGES = 129,

    RAW_FN_SET_GUEST_SYSTEM_INFO = 1,
    RAW_FN_ALLOC_MEMORY = 4,
    RAW_FN_FREE = 10,
    RAW_FN_DUP_OBJECT = 21,
    RAW_FN_UNLOADING = 47,
    RAW_FN_SET_PAGE_DIRECTORY = 54,
    RAW_FN_STATIC_INFO = 65,
    RAW_FN_UPDATE_BAR_PDE = 70,
    RAW_FN_CONTINUATION = 71,
    RAW_FN_SET_SYSTEM_INFO = 72,
    RAW_FN_SET_REGISTRY = 73,
    RAW_FN_CONTROL = 76,
    RAW_FN_UNSET_PAGE_DIRECTORY = 79,
    RAW_FN_ALLOC = 103,
    RAW_EV_INIT_DONE = 0x1001,
    RAW_EV_POST_EVENT = 0x1003,
    RAW_EV_OS_ERROR_LOG = 0x1006,
};

/** What differs between releases, for this client. */
struct raw_release {
    const char *name;
    uint32_t element_header; /* before the RPC header */
    uint32_t control_header; /* before a control's params */
    uint32_t system_info;    /* bytes of GspSystemInfo */
    uint32_t root_params;    /* bytes of NV0000_ALLOC_PARAMETERS */
    uint32_t rmargs;         /* bytes of GSP_ARGUMENTS_CACHED */
    bool lockless;           /* RMARGS has the two lockless queue offsets */
    bool element_sizes;      /* RMARGS has the queue element sizes */
};
extern const struct raw_release raw_releases[4];

struct raw {
    struct emu_gpu *gpu;
    struct gsp_bus *bus;
    struct raw_release rel;
    struct gsp_dma args, rmargs, block;
    uint8_t *cmd, *stat; /* the two queues */
    uint32_t tx_seq, rx_seq, sequence;
    uint8_t out[0x10000]; /* the record that is made: element header, RPC header, payload */
    uint8_t in[0x10000];  /* the record that came */
    uint8_t *payload;     /* of the last message, with its continuation records */
    uint32_t payload_bytes, function, result, reply_sequence;
};

/** The release's facts: one of raw_releases, or (with generated sizes) any other. */
struct raw_release raw_release_of(struct nvrm_abi abi);
struct nvrm_abi raw_abi(const char *release);

/** Card, queues and arguments; nothing is started. Asserts on failure. */
void raw_open(struct raw *r, const char *release, const char *chip, const char *inject);
/** The same for a configuration of the caller's. */
void raw_open_with(struct raw *r, const struct emu_config *config);
/** raw_open(), the init RPCs, start, and INIT_DONE. */
void raw_boot(struct raw *r, const char *release, const char *chip, const char *inject);
void raw_close(struct raw *r);
int raw_start(struct raw *r);
/** Vector 155, the GSP's, in the leaf and the top of the interrupt tree. */
void raw_enable_interrupt(struct raw *r);
void raw_send_system_info(struct raw *r);
void raw_send_registry(struct raw *r);

/** One record with a good header, checksum and sequence number. It stays in r->out. */
uint32_t raw_make(struct raw *r, uint32_t function, const void *payload, uint32_t bytes);
/** Put r->out (elements as given) into the command queue, without and with the doorbell. */
void raw_put(struct raw *r, uint32_t elements);
void raw_ring(struct raw *r);
void raw_seal(struct raw *r);
/** A whole message, in as many records as it takes. */
void raw_send(struct raw *r, uint32_t function, const void *payload, uint32_t bytes);

/** The next record, if there is one. */
bool raw_receive(struct raw *r);
/** The next message that answers `function`; events before it are dropped. False when none
 * comes. */
bool raw_answer(struct raw *r, uint32_t function, uint32_t bytes);

/** An RPC with its answer in r->payload; returns rpc_result. */
uint32_t raw_rpc(struct raw *r, uint32_t function, const void *payload, uint32_t bytes);
/** These return the status in the payload; alloc and free also hold rpc_result against it. */
uint32_t raw_alloc(struct raw *r, uint32_t client, uint32_t parent, uint32_t object,
                   uint32_t cls, const void *params, uint32_t bytes);
/** Where the card may have died: false when there is no answer, or when it is a refusal. */
bool raw_try_alloc(struct raw *r, uint32_t client, uint32_t parent, uint32_t object,
                   uint32_t cls, const void *params, uint32_t bytes);
uint32_t raw_control(struct raw *r, uint32_t client, uint32_t object, uint32_t cmd,
                     void *params, uint32_t bytes);
uint32_t raw_free(struct raw *r, uint32_t client, uint32_t object);
uint32_t raw_dup(struct raw *r, uint32_t client, uint32_t parent, uint32_t object,
                 uint32_t client_src, uint32_t object_src);
/** Client 0xc1d00001, device 0xde, subdevice 0x5d. */
void raw_tree(struct raw *r);

#define RAW_CLIENT    0xc1d00001u
#define RAW_DEVICE    0xdeu
#define RAW_SUBDEVICE 0x5du

/** For tests of failing allocations: emu_config.realloc with a budget as its context. */
struct raw_budget {
    long left; /* allocations until the first one fails; -1 for no limit */
    long live; /* blocks that are out */
    long made;
};
void *raw_counting_realloc(void *budget, void *old, size_t bytes);

#endif
