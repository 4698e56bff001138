/* SPDX-License-Identifier: MIT */
/**
 * What a GSP leaves behind when it crashes: CrashCat reports, and the lines that the kernel
 * driver writes about them, about RPCs that were never answered, and about Xids.
 *
 * CrashCat: a wayfinder in the falcon's registers says where a queue of packets lies; a report
 * packet says what happened and the packets behind it carry registers, a stack trace and I/O
 * state. Text: the kernel log or a bug report, any release's columns. All input is hostile;
 * slices point into it; nothing is allocated. Any thread may call anything.
 * Sources: nv-crashcat.h, libos_v2_crashcat.h, libos_v3_crashcat.h, kernel_gsp.c.
 */
#ifndef GSP_CRASH_H
#define GSP_CRASH_H

#include <gsp/bus.h>
#include <gsp/fw.h>

#ifdef __cplusplus
extern "C" {
#endif

/* CrashCat, binary */

enum {
    GSP_CRASH_L0_OFF = 0x94, /* falcon register that holds the wayfinder: DEBUGINFO */
    GSP_CRASH_SCRATCH_MAX = 4,
    GSP_CRASH_GPRS = 31,
    GSP_CRASH_CSRS = 7,
};

/** Level 0 of the wayfinder: whether there is one, and which registers hold level 1. */
struct gsp_crash_l0 {
    unsigned version;
    unsigned group;            /* 0: none (taken) */
    const char *group_name;    /* "B" */
    const uint16_t *registers; /* falcon offsets: level 1 low, high, then put and get */
    unsigned register_count;   /* 0, 2 or 4 */
};
/** False when the register holds no wayfinder. */
bool gsp_crash_l0(uint32_t value, struct gsp_crash_l0 *out);

enum gsp_crash_aperture {
    GSP_CRASH_SYSMEM,
    GSP_CRASH_FB,
    GSP_CRASH_DMEM,
    GSP_CRASH_EMEM,
    GSP_CRASH_NOWHERE,
};
/** Level 1: where the queue lies. */
struct gsp_crash_l1 {
    enum gsp_crash_aperture aperture;
    uint64_t offset; /* in the aperture */
    uint32_t bytes;
};
/** 0, or -EBADMSG for an aperture or a unit that does not exist. */
GSP_MUST_CHECK int gsp_crash_l1(uint64_t value, struct gsp_crash_l1 *out,
                                struct gsp_error *err);
/** "system memory", "FB", "DMEM", "EMEM". */
const char *gsp_crash_aperture_name(enum gsp_crash_aperture aperture);

/** What is unread in a queue of `bytes` bytes, in order, into out (which has as many). Returns
 * how many bytes; 0 for an empty queue, -EBADMSG for pointers outside of it. */
GSP_MUST_CHECK int64_t gsp_crash_queue_read(const uint8_t *queue, uint32_t bytes, uint32_t put,
                                            uint32_t get, uint8_t *out, struct gsp_error *err);

enum gsp_crash_writer { GSP_CRASH_UNKNOWN, GSP_CRASH_LIBOS2, GSP_CRASH_LIBOS3 };
enum gsp_crash_mode {
    GSP_CRASH_MODE_NONE,
    GSP_CRASH_MODE_M,
    GSP_CRASH_MODE_S,
    GSP_CRASH_MODE_U
};
enum gsp_crash_cause {
    GSP_CRASH_EXCEPTION, /* source_data is the RISC-V cause */
    GSP_CRASH_TIMEOUT,
    GSP_CRASH_PANIC, /* reason says why, source_data is an extra number */
    GSP_CRASH_WATCHDOG,
    GSP_CRASH_CAUSE_UNKNOWN,
};

/** Who is meant: partition and ucode of the core, mode, task. 255: not said. */
struct gsp_crash_who {
    uint8_t partition, ucode, task;
    enum gsp_crash_mode mode;
};

/** A packet's 64-bit values; read with gsp_crash_value(). */
struct gsp_crash_values {
    const uint8_t *data; /* NULL: the report has none */
    uint32_t count;
};
uint64_t gsp_crash_value(const struct gsp_crash_values *values, uint32_t i);

struct gsp_crash_report {
    enum gsp_crash_writer writer;
    uint64_t writer_id; /* eight characters, the first in the highest byte: "LIBOS3.1" */
    struct gsp_crash_who reporter, source;
    uint32_t version; /* libos: major 31:28, minor 27:24, change list 23:0 */
    uint32_t timestamp;
    enum gsp_crash_cause cause;
    unsigned containment; /* gsp_crash_containment_name() */
    unsigned reason;      /* panics: gsp_crash_reason_name() */
    uint64_t pc, data;
    struct gsp_crash_values csrs; /* GSP_CRASH_CSRS, named by gsp_crash_csr_name() */
    struct gsp_crash_values gprs; /* GSP_CRASH_GPRS, named by gsp_crash_gpr_name() */
    struct gsp_crash_values stack, pc_trace;
    struct gsp_crash_values io; /* value in 31:0, register in 63:32 */
    enum gsp_crash_mode csr_mode;
    unsigned io_aperture; /* 0 none, 1 local, 2 external */
    unsigned skipped;     /* packets of a type that is not known */
};

/** The report at *off of a linear run of packets; *off moves behind it. 0, -ENOENT at the end,
 * -EBADMSG. */
GSP_MUST_CHECK int gsp_crash_report_next(const struct gsp_fw_source *packets, uint64_t *off,
                                         struct gsp_crash_report *out, struct gsp_error *err);
/** Do these bytes begin with a packet? */
bool gsp_crash_is_report(const void *bytes, size_t size);

/**
 * The unread packets of a falcon, through its registers.
 *
 * @param base       of the falcon in BAR0: 0x110000 for the GSP
 * @param offered    system memory that the falcon was given for its queue; NULL: none
 * @param out        at least cap bytes; a queue has 1 KiB to 1 MiB
 * @param bytes_out  packets in out, in order
 * @return 0, -ENOENT (no wayfinder: it did not crash, or not on its own), -EBADMSG, -EMSGSIZE
 *         (cap is too small), -EOPNOTSUPP (a queue in memory that is not the falcon's own, nor
 *         offered)
 */
GSP_MUST_CHECK int gsp_crash_fetch(struct gsp_bus *bus, uint32_t base,
                                   const struct gsp_dma *offered, uint8_t *out, size_t cap,
                                   size_t *bytes_out, struct gsp_error *err);

/** A report in one line: "task panic, an assertion failed, at pc 0x... (task 3)". */
void gsp_crash_line_text(const struct gsp_crash_report *report, char *text, size_t bytes);

/** Why a panic, an exception or a timeout happened, in words. */
const char *gsp_crash_why(const struct gsp_crash_report *report);

/* Names; "unknown" for numbers that are not known, never NULL. */
const char *gsp_crash_writer_name(enum gsp_crash_writer writer);
const char *gsp_crash_mode_name(enum gsp_crash_writer writer, enum gsp_crash_mode mode);
const char *gsp_crash_cause_name(enum gsp_crash_cause cause);
const char *gsp_crash_reason_name(enum gsp_crash_writer writer, unsigned reason);
const char *gsp_crash_containment_name(unsigned containment);
/** RISC-V's own causes: bit 63 is an interrupt. */
const char *gsp_crash_riscv_cause_name(uint64_t cause);
const char *gsp_crash_gpr_name(unsigned i);
/** "sepc", "mepc": i-th of a mode's registers. */
const char *gsp_crash_csr_name(enum gsp_crash_mode mode, unsigned i);

/* Text */

/** A stretch of the input. */
struct gsp_crash_span {
    const char *text;
    size_t bytes;
};

enum gsp_crash_kind {
    GSP_CRASH_DRIVER, /* the driver names its release */
    GSP_CRASH_XID,    /* "Xid (PCI:0000:01:00): 119, ..." */
    GSP_CRASH_RPC_TIMEOUT,
    GSP_CRASH_RPC_BUFFER, /* what the RPC buffer holds now */
    GSP_CRASH_RPC_TABLE,  /* a history begins */
    GSP_CRASH_RPC_ROW,
    GSP_CRASH_ASSERT, /* "Assertion failed: ..." or "Check failed: ..." */
    GSP_CRASH_SOURCE, /* a CrashCat report begins: what crashed and why */
    GSP_CRASH_REPORTER,
    GSP_CRASH_SECTION,   /* "RISC-V CSR State:" and its likes */
    GSP_CRASH_REGISTERS, /* name:value pairs */
    GSP_CRASH_ADDRESSES, /* of a trace */
    GSP_CRASH_END,
    GSP_CRASH_GPU,      /* a GPU and its UUID */
    GSP_CRASH_INIT,     /* "RmInitAdapter failed! (...)" */
    GSP_CRASH_LOST,     /* "GPU has fallen off the bus", outside of Xid 79 */
    GSP_CRASH_RC_ALL,   /* all channels are given up for the error xid.number */
    GSP_CRASH_MISMATCH, /* the client's version (text) is not the module's */
    GSP_CRASH_SXID,     /* an NVSwitch's error, in xid */
    GSP_CRASH_PCIE,     /* the kernel reports an error of the bus */
    GSP_CRASH_STATE,    /* what the driver found of GSP (text): "GSP-RM unresponsive" */
    GSP_CRASH_EVENT,    /* an event of GSP, in rpc, that failed or that nobody wanted */
    GSP_CRASH_PART,     /* a part of a bug report begins (text: its file) or ends (empty) */
    GSP_CRASH_KINDS,
};

/** The columns of an RPC history, by release: function and data (535); time stamps and duration
 * too (550 on); the sequence number as well (580.82.07 on). */
enum gsp_crash_columns {
    GSP_CRASH_COLUMNS_DATA,
    GSP_CRASH_COLUMNS_TIMES,
    GSP_CRASH_COLUMNS_SEQUENCE,
};

struct gsp_crash_rpc {
    bool event; /* CPU <- GSP */
    enum gsp_crash_columns columns;
    unsigned index; /* 0 is the newest */
    uint32_t function;
    struct gsp_crash_span name; /* as printed: cut after 21 characters */
    uint64_t sequence, data[2];
    uint64_t start, end;  /* the driver's clock; end 0: not over */
    uint64_t duration_us; /* 0: not over */
    bool marked;      /* the last column: waited for now, or came during an unanswered call */
    uint64_t seconds; /* GSP_CRASH_RPC_TIMEOUT: waited so long; 0: not said */
    uint32_t failure; /* NV_STATUS that ended the wait, or of the event; 0: none */
};

enum { GSP_CRASH_LINE_VALUES = 8 };

/** One line that was understood. Only the part that its kind names is filled. */
struct gsp_crash_line {
    enum gsp_crash_kind kind;
    unsigned number;             /* of the line, from 1 */
    struct gsp_crash_span text;  /* behind the log's own prefix */
    struct gsp_crash_span stamp; /* when, as the log says it; may be empty */
    bool loaded;                 /* GSP_CRASH_DRIVER: the module was loaded here */
    int gpu;                     /* "GPU3": 3; -1: not said */
    struct {
        struct gsp_crash_span device, process, message; /* "PCI:0000:01:00", ... */
        uint32_t number, pid;
        bool has_pid;
        int gpu_instance, compute_instance; /* MIG; -1: none */
        uint32_t previous;                  /* "caused by previous Xid"; 0: not said */
    } xid;
    struct gsp_crash_rpc rpc;
    struct {
        bool check, has_status;
        uint32_t status;
        struct gsp_crash_span expression, where; /* where: "file.c:123" or "0x..." */
    } failure;
    struct {
        enum gsp_crash_mode mode;
        enum gsp_crash_cause cause;
        struct gsp_crash_span engine; /* "GSP" */
        struct gsp_crash_span why;    /* as printed */
        uint64_t number;              /* RISC-V cause, or panic reason */
        uint64_t pc, aux;
        struct gsp_crash_who who;
        bool has_who;
    } source;
    struct {
        unsigned count;
        struct gsp_crash_span names[GSP_CRASH_LINE_VALUES]; /* registers: name or offset */
        uint64_t values[GSP_CRASH_LINE_VALUES];
    } values;
    struct {
        struct gsp_crash_span device; /* "0000:01:00.0"; may be empty */
        uint32_t stage, status, line; /* GSP_CRASH_INIT: gsp_crash_init_name(), NV_STATUS */
    } init;
    struct {
        struct gsp_crash_span severity, device; /* "Corrected", "Uncorrected (Fatal)" */
    } pcie;
};

enum { GSP_CRASH_ESRS = 8 };

/** What the message of an Xid says; what it does not say is empty or false. */
struct gsp_crash_fault {
    struct gsp_crash_span engine, client, type, access; /* MMU faults */
    struct gsp_crash_span unit, what;                   /* shaders: "GPC 0, TPC 1, SM 0" */
    struct gsp_crash_span action;                       /* Xid 154: what the GPU needs now */
    uint64_t address, channel, class_id, method;
    uint32_t link;
    bool has_address, has_channel, has_class, has_method, has_link;
    unsigned esrs;
    struct {
        uint32_t reg, value;
    } esr[GSP_CRASH_ESRS];
};
void gsp_crash_fault(struct gsp_crash_span message, struct gsp_crash_fault *out);

/** The stage of initialisation that failed: "loading GSP firmware"; NULL when not known. */
const char *gsp_crash_init_name(uint32_t stage);

/**
 * Read a log line by line; `found` is called for each line that was understood, in order, and
 * ends the reading by returning not 0. A line of several parts (an Xid that announces a crash)
 * makes several calls. Returns what found returned last, or 0.
 */
int gsp_crash_scan(const char *text, size_t bytes,
                   int (*found)(void *ctx, const struct gsp_crash_line *line), void *ctx);

#ifdef __cplusplus
}
#endif
#endif
