/* SPDX-License-Identifier: MIT */
/*
 * GSP-RM as the emulated card runs it: its end of the queue pair, the RPCs that it answers, the
 * RM behind them.
 */
#ifndef EMU_GSP_H
#define EMU_GSP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <nvrm/schema.h>

#include "object.h"
#include "status.h"

struct emu_gpu;

enum {
    EMU_PAGE_BYTES = 4096,
    EMU_MAX_SHM_PAGES = 4096,             /* of one queue block: 16 MiB */
    EMU_RECORD_MAX = 16 * EMU_PAGE_BYTES, /* elements of one record (message_queue_priv.h) */
    EMU_REQUEST_MAX = 4 << 20, /* bytes of one request with its continuation records */
    EMU_RPC_VERSION = 0x03000000,
    EMU_RPC_SIGNATURE = 0x43505256, /* "VRPC" */
};

/** Where the fields of the two headers before every payload lie at this release. */
struct emu_headers {
    uint32_t element_bytes;      /* queue element header, up to the RPC header */
    uint32_t check_sum, seq_num; /* offsets in the element */
    uint32_t elem_count;         /* UINT32_MAX: the release has none */
    uint32_t rpc_bytes;          /* RPC header */
    uint32_t version, signature, length, function, result, result_private, sequence; /* in it */
    uint32_t record_max;   /* largest rpc length of one record */
    uint32_t continuation; /* function number of continuation records */
};

/** The block that both queues live in, as the page table in its first page(s) says. */
struct emu_shm {
    uint64_t *pages; /* bus addresses */
    uint32_t page_count;
};

/** One direction. Offsets count from the start of the block. */
struct emu_ring {
    uint32_t base;     /* of the queue */
    uint32_t entries;  /* of its elements */
    uint32_t count;    /* elements */
    uint32_t read_at;  /* where the reader's pointer is kept */
    uint32_t write_at; /* where the writer's pointer is kept */
    uint32_t index;    /* our own pointer: next element to read or write */
    uint32_t seq;      /* next record's sequence number */
};

/** A record that did not fit into the status queue yet, or is not due yet. */
struct emu_pending {
    struct emu_pending *next;
    uint64_t due_ns;
    uint32_t elements;
    uint8_t data[];
};

/** One message: an RPC header's contents and its payload, continuation records joined. */
struct emu_message {
    uint32_t function, sequence, result;
    uint8_t *payload;
    uint32_t bytes; /* of the payload */
};

enum emu_gsp_state {
    EMU_GSP_OFF,      /* nothing was started */
    EMU_GSP_STARTING, /* queues are linked; waits for SET_SYSTEM_INFO and SET_REGISTRY */
    EMU_GSP_RUNNING,  /* INIT_DONE was sent */
    EMU_GSP_HALTED,   /* it crashed or was told nonsense that firmware does not survive */
    EMU_GSP_UNLOADED, /* UNLOADING_GUEST_DRIVER was answered */
    EMU_GSP_PARKED,   /* and it said that power goes: the session waits for its resume */
};

struct emu_gsp {
    enum emu_gsp_state state;
    struct emu_headers headers;
    struct emu_shm shm;
    struct emu_ring cmd, stat;
    struct emu_pending *pending, **pending_tail;

    uint8_t *record; /* EMU_RECORD_MAX: the record that is being read */
    uint8_t *out;    /* EMU_RECORD_MAX: the record that is being made */

    uint8_t *request; /* RPC payload with its continuation records, and room for the answer */
    uint32_t request_cap;
    uint32_t request_have, request_want; /* bytes; want 0: no request is under way */
    struct emu_message message;

    bool have_system_info, have_registry;
    bool suspending;   /* the unload is for a power transition */
    uint64_t sr_meta;  /* where INTERNAL_FBSR_INIT says that its GspFwSRMeta is */
    uint64_t answered; /* requests, for fault triggers */
    /* What faults do to it */
    bool deaf;        /* the doorbell was not heard */
    uint64_t full_ns; /* the command queue shows itself full until then; 0: it does not */
    uint32_t
        hung_ms; /* no request is served, and the last heartbeat was so long ago; 0: none */
    struct emu_rm rm;
};

/** Reads where the headers' fields lie. 0 or -ENOTSUP when the release's tables lack them. */
int emu_gsp_init(struct emu_gpu *gpu);
void emu_gsp_fini(struct emu_gpu *gpu);

/** boot.c: start as if booter had handed over. 0, -EINVAL (a note says why), -EBUSY, -ENOMEM.
 */
int emu_gsp_start(struct emu_gpu *gpu, uint64_t libos_args);
/** boot.c: go on as before the suspend. 0, -EINVAL (a note says why). */
int emu_gsp_resume(struct emu_gpu *gpu, uint64_t libos_args);
/** The core is gone. Before Hopper a session that is to be suspended is parked, for booter to
 * save; any other is dropped. */
void emu_gsp_stop(struct emu_gpu *gpu);
/** Forget the session: objects, queues, whatever waits. */
void emu_gsp_drop(struct emu_gpu *gpu);
/** Stop without a word, as a crash does. */
void emu_gsp_halt(struct emu_gpu *gpu);
/** Work off the command queue and put out what is due. Called for every access to the card. */
void emu_gsp_service(struct emu_gpu *gpu);
/** When the next delayed record is due; UINT64_MAX for none. */
uint64_t emu_gsp_due_ns(const struct emu_gpu *gpu);

/* queue.c */
int emu_queue_link(struct emu_gpu *gpu, uint32_t cmd_off, uint32_t stat_off,
                   const uint32_t *limits, unsigned limit_count);
/** The next record's RPC header and payload in gsp->record. Bytes from the RPC header on, 0
 * when there is none. */
uint32_t emu_queue_receive(struct emu_gpu *gpu);
/** Queue one message, in as many records as it takes. */
void emu_queue_send(struct emu_gpu *gpu, const struct emu_message *m, bool one_record);
/** Show the command queue as full until then; UINT64_MAX: for good. */
void emu_queue_stall(struct emu_gpu *gpu, uint64_t until_ns);
/** The command queue may be read: it does not stall, or no longer. */
bool emu_queue_flows(struct emu_gpu *gpu);
/** Move what is due and fits into the status queue. */
void emu_queue_flush(struct emu_gpu *gpu);
bool emu_shm_read(const struct emu_gpu *gpu, uint32_t offset, void *out, uint32_t bytes);
bool emu_shm_write(const struct emu_gpu *gpu, uint32_t offset, const void *in, uint32_t bytes);

/* rpc.c */
/** Make sure that gsp->request holds `bytes`. False when out of memory. */
bool emu_request_room(struct emu_gpu *gpu, uint32_t bytes);
/** Send an event with this payload. */
void emu_event_send(struct emu_gpu *gpu, const char *name, const void *payload, uint32_t bytes,
                    uint32_t result);
/** An Xid, as RM reports it: OS_ERROR_LOG. */
void emu_event_xid(struct emu_gpu *gpu, uint32_t xid, const char *text);
void emu_rpc_dispatch(struct emu_gpu *gpu, uint32_t rpc_bytes);
/** INIT_DONE, once GSP-RM was told all that it waits for. */
void emu_rpc_try_init_done(struct emu_gpu *gpu);
/** INIT_DONE with this result; RUNNING or HALTED from there on. */
void emu_rpc_init_done(struct emu_gpu *gpu, uint32_t result);

/* static_info.c */
void emu_static_info_fill(struct emu_gpu *gpu, uint8_t *payload, uint32_t bytes);

#endif
