/* SPDX-License-Identifier: MIT */
/*
 * Inside of the gsp backend: session.c opens, closes and answers the table; session_args.c
 * builds what GSP-RM finds in memory; session_init.c sends the init RPCs; session_calls.c makes
 * RM calls out of RPCs.
 */
#ifndef GSP_SESSION_PRIV_H
#define GSP_SESSION_PRIV_H

#include <gsp/session.h>

enum { RM_LOGS = 8 };

/** A ring that a task of GSP-RM's operating system logs to. */
struct gsprm_log {
    const char *name;
    struct gsp_dma dma;
};

/** Where the fields of the four messages that carry RM calls lie at this release. */
struct gsprm_layouts {
    struct {
        uint32_t function, bytes; /* of the header before the params */
        uint32_t hClient, hObject, cmd, status, paramsSize, flags;
    } control;
    struct {
        uint32_t function, bytes;
        uint32_t hClient, hParent, hObject, hClass, status, paramsSize, flags;
    } alloc;
    struct {
        uint32_t function, bytes;
        uint32_t hRoot, hObjectParent, hObjectOld, status;
    } free;
    struct {
        uint32_t function, bytes;
        uint32_t hClient, hParent, hObject, hClientSrc, hObjectSrc, flags, status;
    } dup;
};

/** The card's interrupt, as far as this session has to do with it. */
struct gsprm_irq {
    uint32_t vector;
    bool slept; /* a wait was long enough to ask for an interrupt */
    bool tried; /* GSP-RM was asked for its vector */
    bool on;    /* leaf and top are enabled */
    bool owed;  /* one was taken since they were last given back */
};

struct gsp_rm {
    struct gsp_backend base; /* first */
    struct gsp_rm_config config;
    struct gsp_msgq_geometry geometry;
    struct gsprm_layouts layouts;
    struct gsp_dma block;           /* page table and queues */
    struct gsp_dma rmargs;          /* GSP_ARGUMENTS_CACHED */
    struct gsp_dma libos;           /* LibosMemoryRegionInitArgument table */
    struct gsp_dma trace;           /* NV_RATS_GSP_TRACE_RECORDs of a crash */
    struct gsp_dma crash;           /* the queue of CrashCat reports that WPR meta offers */
    struct gsprm_log logs[RM_LOGS]; /* those of this chip and release */
    unsigned log_count;
    struct gsp_msgq *queue;
    struct gsp_rpc *rpc;
    uint32_t chip_arch;    /* NV_PMC_BOOT_42 28:24: 0x16 Turing .. 0x1b GB2xx */
    bool clock_boost;      /* FSP raises clocks for the boot: GSP-RM is told so */
    bool libos2;           /* Turing and GA100: the older operating system */
    bool started;          /* GSP-RM runs on our memory */
    bool dead;             /* a call went unanswered: no use in asking it to unload */
    bool suspended;        /* GSP-RM is away and comes back: nothing may be sent */
    uint32_t riscv_cpuctl; /* the core's status in BAR0, once it runs; 0: not known */
    struct gsprm_irq irq;
    void *static_info;
    size_t static_info_bytes;
    void (*on_close)(void *ctx); /* who booted the card unloads it and frees the session */
    void *on_close_ctx;
};

/* session.c: the stages of a session, for whoever starts GSP-RM. */
/** Memory, queues and arguments; nothing has been sent. */
int gsprm_create(const struct gsp_rm_config *config, struct gsp_rm **rm_out,
                 struct gsp_error *err);
/** SET_SYSTEM_INFO and SET_REGISTRY into the queue; rung only when `started`. */
int gsprm_post_init(struct gsp_rm *rm, struct gsp_error *err);
/** One look for the status queue: 0, -EAGAIN, -EBADMSG. */
int gsprm_link(struct gsp_rm *rm, struct gsp_error *err);
/** -ENODEV when the card is lost or GSP-RM has crashed. */
int gsprm_check_health(struct gsp_rm *rm, struct gsp_error *err);
/** Registers read all ones: -ENODEV, with the reason. */
int gsprm_fail_lost(struct gsp_bus *bus, struct gsp_error *err);
/** Frees the session; GSP-RM must no longer run. */
void gsprm_destroy(struct gsp_rm *rm);
/** The session at the bottom of a stack of backends; NULL when it is another kind. */
struct gsp_rm *gsprm_of(struct gsp_backend *b);

/* session_args.c */
int gsprm_alloc_memory(struct gsp_rm *rm, struct gsp_error *err);
void gsprm_free_memory(struct gsp_rm *rm);
int gsprm_fill_args(struct gsp_rm *rm, struct gsp_error *err);
/** RMARGS for the start that follows: a resume from that power level. */
int gsprm_resume_args(struct gsp_rm *rm, uint32_t level, struct gsp_error *err);

/* session_irq.c */
/** The queue's sleep: until a message of the card, or a look every ms where none will come. */
int gsprm_irq_sleep(void *ctx, uint64_t timeout_ns);
/** Enable the card's interrupt, once GSP-RM says which one. Without one, waits poll. */
void gsprm_irq_arm(struct gsp_rm *rm);
/** Before GSP-RM goes, or its card: nothing is enabled any more. */
void gsprm_irq_disarm(struct gsp_rm *rm);

/* session_init.c */
int gsprm_post_system_info(struct gsp_rm *rm, struct gsp_error *err);
int gsprm_post_registry(struct gsp_rm *rm, struct gsp_error *err);
int gsprm_fetch_static_info(struct gsp_rm *rm, struct gsp_error *err);
/** SET_GUEST_SYSTEM_INFO: which release talks to it. */
int gsprm_send_guest_info(struct gsp_rm *rm, struct gsp_error *err);
/** INIT_GSP_TRACE_CRASH_BUFFER, where the release has it: memory for traces of a crash. */
int gsprm_send_trace_buffer(struct gsp_rm *rm, struct gsp_error *err);
/** level 0: for good; otherwise the power level that the card goes to, to be resumed. */
int gsprm_unload(struct gsp_rm *rm, uint32_t level, struct gsp_error *err);

/* session_calls.c */
int gsprm_find_layouts(struct nvrm_abi abi, struct gsprm_layouts *l, struct gsp_error *err);
int gsprm_alloc(struct gsp_backend *b, uint32_t hClient, uint32_t hParent, uint32_t hObject,
                uint32_t hClass, void *params, uint32_t params_bytes, struct gsp_error *err);
int gsprm_control(struct gsp_backend *b, uint32_t hClient, uint32_t hObject, uint32_t cmd,
                  void *params, uint32_t params_bytes, struct gsp_error *err);
int gsprm_free(struct gsp_backend *b, uint32_t hClient, uint32_t hParent, uint32_t hObject,
               struct gsp_error *err);
int gsprm_dup(struct gsp_backend *b, uint32_t hClient, uint32_t hParent, uint32_t hObject,
              uint32_t hClientSrc, uint32_t hObjectSrc, uint32_t flags, struct gsp_error *err);
int gsprm_rpc(struct gsp_backend *b, uint32_t function, const void *payload,
              size_t payload_bytes, void *reply, size_t reply_cap, size_t *reply_bytes_out,
              struct gsp_error *err);

/** Number of an RPC function by name, which must exist. */
int gsprm_function(struct nvrm_abi abi, const char *name, uint32_t *out, struct gsp_error *err);

#endif
