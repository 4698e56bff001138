/* SPDX-License-Identifier: MIT */
/*
 * Channels that run: host (GPFIFO, push buffers, semaphores), what they see of memory, and the
 * engines behind them.
 *
 * A doorbell runs its channel to the end of what was put, or to an acquire that does not hold.
 * Blocked channels are looked at again with every access to the card: nothing happens while the
 * caller only looks at memory.
 */
#ifndef EMU_HOST_H
#define EMU_HOST_H

#include <stdbool.h>
#include <stdint.h>

struct emu_gpu;
struct emu_object;
struct emu_engine;
struct emu_page_tables;
struct emu_wire;
struct sm_machine;

/* Of the non-replayable MMU faults, as INTERNAL_INTR_GET_KERNEL_TABLE says. */
enum { EMU_FAULT_VECTOR = 161 };

/* NV_PFAULT_FAULT_TYPE_* (dev_fault.h) */
enum emu_mmu_fault {
    EMU_FAULT_PDE = 0x0,
    EMU_FAULT_PDE_SIZE = 0x1,
    EMU_FAULT_PTE = 0x2,
    EMU_FAULT_VA_LIMIT = 0x3,
    EMU_FAULT_UNBOUND_INST_BLOCK = 0x4,
    EMU_FAULT_PRIV = 0x5,
    EMU_FAULT_RO = 0x6,
    EMU_FAULT_UNSUPPORTED_APERTURE = 0xa,
    EMU_FAULT_REGION = 0xd,
    EMU_FAULT_ATOMIC = 0xf,
    EMU_FAULT_NONE = 0x20,
};

/* NV_PFAULT_ACCESS_TYPE_* */
enum emu_access { EMU_READ = 0, EMU_WRITE = 1, EMU_ATOMIC = 2, EMU_PHYSICAL = 8 };

/** The root of page tables. */
struct emu_space {
    unsigned target; /* as emu_hw_target() */
    uint64_t pdb;
};

struct emu_mapping {
    unsigned target; /* as emu_hw_target() */
    uint64_t addr;   /* of the byte that was asked for */
    uint64_t bytes;  /* of the whole page */
    uint64_t run;    /* from that byte on, to where the memory of following pages ends */
    bool read_only, privileged, no_atomics;
    bool sparse; /* mapped to nowhere: reads give 0 */
};

/* hw_mmu.c */
enum emu_mmu_fault emu_mmu_walk(struct emu_gpu *gpu, const struct emu_space *space, uint64_t va,
                                struct emu_mapping *out);
/** The entry of the dual directory that a walk passed; 0 and 0: none. */
struct emu_dual {
    uint64_t low, high;
};
enum emu_mmu_fault emu_mmu_walk_by(struct emu_gpu *gpu, const struct emu_space *space,
                                   uint64_t va, struct emu_mapping *out,
                                   struct emu_dual *dual_out);
/** The rest of a walk, from such an entry on. */
enum emu_mmu_fault emu_mmu_walk_below(struct emu_gpu *gpu, const struct emu_dual *dual,
                                      uint64_t va, struct emu_mapping *out);
/** The page tables that an instance block names. False: no memory there. */
bool emu_mmu_space(struct emu_gpu *gpu, unsigned target, uint64_t instance,
                   struct emu_space *out);

/* host_tlb.c: translations that are kept until somebody invalidates them */
struct emu_tlb_entry {
    struct emu_space space;
    uint64_t page; /* first address; its page's size is map.bytes */
    struct emu_mapping map;
    bool used;
};
/* A directory's entry that leads to tables, for the 2 MiB at va. */
struct emu_tlb_dual {
    struct emu_space space;
    uint64_t va;
    struct emu_dual dual;
    bool used;
};
struct emu_tlb {
    struct emu_tlb_entry *entries;
    uint32_t room, count;
    struct emu_tlb_dual *duals;
    uint32_t dual_room, dual_count;
    uint64_t sizes; /* bit n: there are pages of 2^n bytes */
    bool on;
};
enum emu_mmu_fault emu_tlb_walk(struct emu_gpu *gpu, const struct emu_space *space, uint64_t va,
                                struct emu_mapping *out);
/** space NULL: everything. */
void emu_tlb_invalidate(struct emu_gpu *gpu, const struct emu_space *space);
/** Pages alone; directories' entries are kept (CACHE_LEVEL_PTE_ONLY). */
void emu_tlb_invalidate_pages(struct emu_gpu *gpu, const struct emu_space *space);
void emu_tlb_fini(struct emu_gpu *gpu);
/** One of the two, by NV_..._INVALIDATE_CACHE_LEVEL: 1 is pages alone. */
void emu_tlb_level(struct emu_gpu *gpu, const struct emu_space *space, unsigned level);
/** NV_VIRTUAL_FUNCTION_PRIV_MMU_INVALIDATE was written. */
void emu_tlb_reg(struct emu_gpu *gpu, uint32_t value);

/* host_mem.c: memory as a channel sees it */
struct emu_view {
    struct emu_gpu *gpu;
    struct emu_space space;
    bool privileged;
    bool physical; /* addresses are `target`'s own */
    unsigned target;
};
struct emu_fault_at {
    enum emu_mmu_fault type;
    uint32_t access;
    uint64_t va;
    bool gpc; /* an SM's access: of which GPC, of which TPC there */
    uint32_t gpc_id, tpc;
};
/**
 * The bytes at va, as many as follow each other in the host, `want` at most.
 *
 * @param p_out  NULL where the pages are sparse
 * @param n_out  how many
 */
bool emu_view_span(const struct emu_view *v, uint64_t va, uint64_t want, enum emu_access access,
                   uint8_t **p_out, uint64_t *n_out, struct emu_fault_at *fault);
bool emu_view_read(const struct emu_view *v, uint64_t va, void *out, uint64_t bytes,
                   struct emu_fault_at *fault);
bool emu_view_write(const struct emu_view *v, uint64_t va, const void *in, uint64_t bytes,
                    struct emu_fault_at *fault);

/* Channels */

/** NV_MEMORY_DESC_PARAMS; not set: the client gave none. */
struct emu_desc {
    bool set;
    unsigned target;
    uint64_t addr;
};

enum { EMU_PB_CHUNK = 64, EMU_SUBCHANNELS = 8, EMU_METHODS = 0x1000 };

/** Where a channel stands in its push buffer. */
struct emu_pb {
    uint64_t at;   /* next dword to fetch */
    uint32_t left; /* dwords of the segment that were not fetched */
    uint32_t chunk[EMU_PB_CHUNK], have, next;
    uint32_t op, method, subch, count; /* the header that dwords belong to */
    uint32_t mask, stored_mask;        /* sub-device masks; bit 0 is this card */
};

/** An acquire that did not hold. */
struct emu_wait {
    bool on, wide;
    uint32_t op;
    uint64_t va, payload, since_ns;
};

struct emu_subchannel {
    uint32_t cls;
    uint32_t *regs;                     /* EMU_METHODS: what was written last */
    uint32_t inline_done, inline_bytes; /* of data that follows a launch */
};

/** What an SM's error registers hold after a trap (dev_gr: HWW_GLOBAL_ESR, HWW_WARP_ESR). */
struct emu_sm_error {
    bool set;
    uint32_t sm, global_esr, warp_esr;
    uint64_t pc, va; /* of the instruction, of what it accessed */
};

struct emu_channel {
    struct emu_gpu *gpu;
    struct emu_object *object;
    struct emu_channel *next;
    uint32_t cls;
    struct emu_desc instance, userd, notifier;
    uint64_t gpfifo;
    uint32_t entries, get, put;
    uint64_t extended_base;
    bool privileged;
    bool acquire_timeout; /* an acquire gives up */
    bool disabled;        /* taken off its runlist for now */
    bool dead;            /* an error stopped it */
    bool faulted;         /* an MMU fault did */
    bool fault_forgotten; /* a debugger has cleared it */
    struct emu_fault_at last_fault;
    struct emu_sm_error sm_error;
    struct emu_pb pb;
    struct emu_wait wait;
    uint32_t host[64]; /* host methods as written last */
    struct emu_subchannel subch[EMU_SUBCHANNELS];
};

/* What can be made to go wrong; each counts down to its moment. */
enum emu_exec_fault {
    EMU_EXEC_MMU_FAULT,
    EMU_EXEC_STALE_TLB,
    EMU_EXEC_PBDMA_ERROR,
    EMU_EXEC_SEM_TIMEOUT,
    EMU_EXEC_BAD_GPFIFO_ENTRY,
    EMU_EXEC_CE_LINE_COUNT,
    EMU_EXEC_NOT_SCHEDULED,
    EMU_EXEC_LOST_DOORBELL,
    EMU_EXEC_LOST_INTERRUPT,
    EMU_EXEC_SPURIOUS_INTERRUPT,
    EMU_EXEC_SM_ILLEGAL,
    EMU_EXEC_SM_MISALIGNED,
    EMU_EXEC_SM_RANGE,
    EMU_EXEC_SM_ENDLESS,
    EMU_EXEC_SM_MMU_FAULT,
    EMU_EXEC_FAULTS,
};

struct emu_host {
    struct emu_channel *channels;
    struct emu_tlb tlb;
    uint32_t waiting; /* channels that are blocked */
    uint32_t faults[EMU_EXEC_FAULTS];
    bool busy;                  /* an event that is being sent must not run channels again */
    struct sm_machine *machine; /* made at the first launch */
    struct emu_space sm_space;  /* of the last one */
    uint64_t grids;             /* launched so far */
    uint64_t sm_watchdog;
    uint32_t sm_threads;
    bool sm_timing;
};

/* host_channel.c */
/** Reads what the allocation says of memory; chid and runlist are in the object. NV_STATUS. */
uint32_t emu_host_create(struct emu_gpu *gpu, struct emu_object *object,
                         const struct emu_wire *params);
void emu_host_destroy(struct emu_gpu *gpu, struct emu_object *object);
struct emu_channel *emu_host_find(struct emu_gpu *gpu, uint32_t runlist, uint32_t chid);
/** An address space, or a device's default one, gets other page tables (or none): its channels'
 * instance blocks are told. */
void emu_host_set_tables(struct emu_gpu *gpu, struct emu_object *space,
                         const struct emu_page_tables *tables);
/** The parameters of NV0080_CTRL_CMD_DMA_[UN]SET_PAGE_DIRECTORY behind a prefix. NV_STATUS. */
uint32_t emu_set_page_directory(struct emu_gpu *gpu, struct emu_object *device,
                                const struct emu_wire *w, const char *prefix, bool set);
const struct emu_engine *emu_host_engine(const struct emu_channel *ch);
/** The copy engine that serves the channel's runlist. */
const struct emu_engine *emu_host_copy_engine(const struct emu_channel *ch);
bool emu_host_enabled(const struct emu_channel *ch);
/** Memory as the channel sees it. False: its instance block is no memory. */
bool emu_host_view(const struct emu_channel *ch, struct emu_view *out);
void emu_host_fini(struct emu_gpu *gpu);

/* host_run.c */
void emu_host_doorbell(struct emu_gpu *gpu, uint32_t token);
/** Let every channel go as far as it gets. */
void emu_host_run(struct emu_gpu *gpu);
/** Called for every access to the card. */
void emu_host_service(struct emu_gpu *gpu);
/** When a blocked acquire gives up; UINT64_MAX for never. */
uint64_t emu_host_due_ns(const struct emu_gpu *gpu);

/* host_pb.c: one step of the push buffer. False: nothing left, blocked, or dead. */
bool emu_pb_step(struct emu_channel *ch);
void emu_pb_start(struct emu_channel *ch, uint64_t va, uint32_t dwords);

/* host_sem.c, host_mthd.c */
void emu_host_method(struct emu_channel *ch, uint32_t subch, uint32_t method, uint32_t data);
/** Does the acquire that blocks the channel hold now? Errors kill the channel. */
bool emu_sem_ready(struct emu_channel *ch);
void emu_sem_execute(struct emu_channel *ch);
void emu_sem_execute_old(struct emu_channel *ch);
/** Timestamps and payloads as engines write them: 4, 8 or 16 bytes. */
struct emu_release {
    uint64_t va, payload;
    bool wide;      /* 64-bit payload */
    bool timestamp; /* behind it, at + 8 */
};
bool emu_sem_release(struct emu_channel *ch, const struct emu_view *v,
                     const struct emu_release *r, struct emu_fault_at *fault);
/** Returns the new value. */
uint64_t emu_sem_reduce(uint32_t op, bool is_signed, bool wide, uint64_t memory,
                        uint64_t payload);
bool emu_sem_update(struct emu_channel *ch, const struct emu_view *v,
                    const struct emu_release *r, uint32_t op, bool is_signed,
                    struct emu_fault_at *fault);

/* host_error.c */
/** Kill the channel and all of its group: notifiers, OS_ERROR_LOG, RC_TRIGGERED. */
void emu_host_fail(struct emu_channel *ch, uint32_t xid, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** Every channel stops and its notifier says why: the card or its GSP-RM is gone. */
void emu_host_stop_all(struct emu_gpu *gpu, uint32_t xid);
void emu_host_fail_mmu(struct emu_channel *ch, const struct emu_engine *engine,
                       const struct emu_fault_at *fault);
const char *emu_fault_type_name(enum emu_mmu_fault type);
/** The Xid of a copy engine's own errors. */
uint32_t emu_host_copy_xid(const struct emu_engine *engine);
/** True: now is when this fault strikes. */
bool emu_host_struck(struct emu_gpu *gpu, enum emu_exec_fault fault);
void emu_host_set_fault(struct emu_gpu *gpu, enum emu_exec_fault fault, uint32_t nth);
/** Raise an engine's interrupt. */
void emu_host_interrupt(struct emu_gpu *gpu, uint32_t vector);

/* ce.c */
void emu_ce_method(struct emu_channel *ch, struct emu_subchannel *s, uint32_t method,
                   uint32_t data);

/* host_compute.c */
void emu_compute_method(struct emu_channel *ch, struct emu_subchannel *s, uint32_t method,
                        uint32_t data);
void emu_compute_fini(struct emu_gpu *gpu);

/* host_gr.c */
void emu_gr_method(struct emu_channel *ch, struct emu_subchannel *s, uint32_t method,
                   uint32_t data);

#endif
