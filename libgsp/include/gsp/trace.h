/* SPDX-License-Identifier: MIT */
/**
 * Trace files: what was asked of RM and what came back, with times. The format is described in
 * docs/trace.md.
 *
 * A file is a sequence of records, each with its own checksums. A section record begins every
 * recording and says which release, card and transport the records behind it belong to; a file
 * that exists is appended to. What a killed writer left behind is used up to its last complete
 * record, and what is damaged is skipped and reported with its place.
 *
 * A writer may be used by any number of threads at once, a reader by one.
 */
#ifndef GSP_TRACE_H
#define GSP_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gsp/error.h>
#include <gsp/host.h>
#include <gsp/json.h>
#include <nvrm/schema.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    GSP_TRACE_MAJOR = 1,
    GSP_TRACE_MINOR = 1,
    GSP_TRACE_HEADER = 48, /* bytes before a record's payload */
    GSP_TRACE_ARGS = 16,   /* numbers of a record, at most */
    GSP_TRACE_PIECES = 8,  /* byte strings of a record, at most */
    GSP_TRACE_PAYLOAD_MAX = 64 << 20,
    GSP_TRACE_SECTION_MAX = 1024, /* payload of a section record */
};

/** What a record is about. Unknown types are passed over by name, never an error. */
enum gsp_trace_type {
    GSP_TRACE_SECTION = 1, /* a recording begins */
    GSP_TRACE_END = 2,     /* and ends in order */
    GSP_TRACE_NOTE = 3,    /* text of the recorder */

    GSP_TRACE_RPC = 16,       /* a call to GSP-RM as it went over the queues */
    GSP_TRACE_RPC_POST = 17,  /* a message that has no answer */
    GSP_TRACE_RPC_EVENT = 18, /* an event as it arrived */

    GSP_TRACE_ALLOC = 32, /* backend calls: struct gsp_backend_ops */
    GSP_TRACE_CONTROL = 33,
    GSP_TRACE_FREE = 34,
    GSP_TRACE_DUP = 35,
    GSP_TRACE_MAP = 36,
    GSP_TRACE_UNMAP = 37,
    GSP_TRACE_CALL = 38,  /* a raw RPC that the client asked for */
    GSP_TRACE_EVENT = 39, /* an event that the client took */
    GSP_TRACE_OPEN_CLIENT = 40,
    GSP_TRACE_MAP_DMA = 41,
    GSP_TRACE_UNMAP_DMA = 42,
    GSP_TRACE_EXPORT = 43,
    GSP_TRACE_IMPORT = 44,

    GSP_TRACE_BUS = 48, /* struct gsp_bus_access */

    GSP_TRACE_IOCTL = 64, /* the kernel interface of nvidia.ko */
    GSP_TRACE_UVM = 65,   /* an ioctl of /dev/nvidia-uvm */
    GSP_TRACE_MMAP = 66,
    GSP_TRACE_MUNMAP = 67,
    GSP_TRACE_OPEN = 68,
    GSP_TRACE_CLOSE = 69,
    GSP_TRACE_WAKE = 70, /* a wait for a file of nvidia.ko ended with something */
};

/** How a program waited: GSP_TRACE_WAKE. */
enum gsp_trace_wait { GSP_TRACE_BY_POLL, GSP_TRACE_BY_SELECT, GSP_TRACE_BY_EPOLL };

/** What a record's number is, for whoever prints it. */
enum gsp_trace_kind {
    GSP_TRACE_DEC,
    GSP_TRACE_HEX,
    GSP_TRACE_HANDLE,     /* 32 bits */
    GSP_TRACE_CLASS,      /* a class id */
    GSP_TRACE_CONTROL_ID, /* a control id */
    GSP_TRACE_FUNCTION,   /* an RPC function or event */
    GSP_TRACE_BUS_OP,     /* enum gsp_bus_operation */
    GSP_TRACE_FD,         /* signed */
};

struct gsp_trace_arg {
    const char *name;
    enum gsp_trace_kind kind;
};

/** One type: its name, its numbers and its byte strings, in order. */
struct gsp_trace_type_info {
    enum gsp_trace_type type;
    bool exchange;    /* pieces are in, out, in_memory, out_memory, error */
    const char *name; /* "control" */
    struct gsp_trace_arg arg[GSP_TRACE_ARGS]; /* up to the first without a name */
    const char *piece[GSP_TRACE_PIECES];      /* up to the first NULL */
};
const struct gsp_trace_type_info *gsp_trace_type_info(unsigned type); /* NULL: unknown */
const struct gsp_trace_type_info *gsp_trace_type_at(unsigned i);      /* NULL past the end */

/** Where the byte strings of backend calls and RPCs are. Ioctls have their path before them. */
enum gsp_trace_exchange {
    GSP_TRACE_IN,        /* parameters as they were given, in wire layout */
    GSP_TRACE_OUT,       /* as they came back */
    GSP_TRACE_IN_MEMORY, /* what their pointers lead to: gsp_trace_memory_take() */
    GSP_TRACE_OUT_MEMORY,
    GSP_TRACE_ERROR, /* text, where the call failed without a status of RM */
};

enum {
    GSP_TRACE_OUT_SAME = 1,     /* `out` is as `in` and was left out of the file */
    GSP_TRACE_ORIGIN_SHIFT = 8, /* enum gsp_origin of a failed call, in flags 15:8 */
};

struct gsp_trace_piece {
    const void *data;
    size_t bytes;
};

/** One record. What a reader hands out is valid until it is asked for the next one. */
struct gsp_trace_record {
    uint16_t type; /* enum gsp_trace_type */
    uint16_t flags;
    uint32_t tid;         /* thread that called; 0: the only one */
    uint64_t time_ns;     /* start of the operation, since the section's start */
    uint64_t duration_ns; /* how long it took */
    int32_t rc;           /* what it returned: 0 or a negative errno */
    uint32_t status;      /* NV_STATUS as RM said it */
    unsigned args, pieces;
    uint64_t arg[GSP_TRACE_ARGS];
    struct gsp_trace_piece piece[GSP_TRACE_PIECES];
    /* Set by the reader. */
    uint64_t number; /* in the file, from 1 */
    uint64_t offset; /* of its header, in the file */
    size_t bytes;    /* header and payload */
    const void *raw; /* them as they lie in the file */
};

/** What the records of one recording belong to. */
struct gsp_trace_section {
    uint16_t major, minor;
    uint64_t start_unix_ns; /* wall clock */
    uint64_t start_ns;      /* the host's clock; times of records count from here */
    uint64_t schema_hash;   /* gsp_trace_schema_hash() of the recording program */
    uint32_t pid;
    uint32_t levels; /* GSP_TRACE_LEVEL_* */
    char release[32], chip[64], transport[256], program[64];
};
enum {
    GSP_TRACE_LEVEL_BACKEND = 1,
    GSP_TRACE_LEVEL_RPC = 2,
    GSP_TRACE_LEVEL_BUS = 4,
    GSP_TRACE_LEVEL_IOCTL = 8,
};

/** A number that changes when any struct, control, class or RPC of the release does. */
uint64_t gsp_trace_schema_hash(struct nvrm_abi abi);

/* Writing */

struct gsp_trace_writer;

struct gsp_trace_writer_config {
    const struct gsp_host *host; /* borrowed; may be NULL */
    struct nvrm_abi abi;         /* of the records; names the release, gives the hash */
    const char *chip, *transport, *program; /* any may be NULL */
    uint32_t levels;
    bool batch; /* records may wait for gsp_trace_flush(): who writes is not who is recorded */
};

/** Create the file or append to the trace that it is; refuses to append to anything else. Every
 * record is in the kernel's hands when gsp_trace_write() returns, so that nothing is lost when
 * this process dies; unless they are batched. */
GSP_MUST_CHECK int gsp_trace_writer_open(const char *path,
                                         const struct gsp_trace_writer_config *config,
                                         struct gsp_trace_writer **writer_out,
                                         struct gsp_error *err);
/** The same on a descriptor, which stays the caller's. Nothing is checked about what it holds.
 */
GSP_MUST_CHECK int gsp_trace_writer_open_fd(int fd,
                                            const struct gsp_trace_writer_config *config,
                                            struct gsp_trace_writer **writer_out,
                                            struct gsp_error *err);
/** 0, or the negative errno of the first write that failed: from then on nothing is written and
 * records are counted as lost. */
int gsp_trace_write(struct gsp_trace_writer *w, const struct gsp_trace_record *record);
/** What was held back is in the kernel's hands now. 0, or as gsp_trace_write(). */
int gsp_trace_flush(struct gsp_trace_writer *w);
/** Nanoseconds since the section's start, for gsp_trace_record.time_ns. */
uint64_t gsp_trace_now_ns(const struct gsp_trace_writer *w);
/** Ends the section and frees the writer, which may be NULL. An error tells how many records
 * were lost and why. */
int gsp_trace_writer_close(struct gsp_trace_writer *w, struct gsp_error *err);

/* Reading */

struct gsp_trace_reader;

/** A piece of the file that could not be used. */
struct gsp_trace_damage {
    uint64_t offset, bytes;
    uint64_t after;   /* number of the last good record before it */
    const char *what; /* "a record is cut off" */
};

struct gsp_trace_reader_config {
    const struct gsp_host *host;                                      /* may be NULL */
    const struct nvrm_schema *schema;                                 /* may be NULL */
    void (*damage)(void *ctx, const struct gsp_trace_damage *damage); /* may be NULL */
    void *ctx;
};

/** Opens a file and reads its first section. 0; -ENOENT and other errnos of open(); -EBADMSG:
 * not a trace; -EOPNOTSUPP: a later version of the format. */
GSP_MUST_CHECK int gsp_trace_open(const char *path,
                                  const struct gsp_trace_reader_config *config,
                                  struct gsp_trace_reader **reader_out, struct gsp_error *err);
/** The same on a descriptor (a pipe will do), which stays the caller's. */
GSP_MUST_CHECK int gsp_trace_open_fd(int fd, const struct gsp_trace_reader_config *config,
                                     struct gsp_trace_reader **reader_out,
                                     struct gsp_error *err);
/** The same on memory, which is borrowed. */
GSP_MUST_CHECK int gsp_trace_open_memory(const void *data, size_t bytes,
                                         const struct gsp_trace_reader_config *config,
                                         struct gsp_trace_reader **reader_out,
                                         struct gsp_error *err);
/** The next record, section and end records included. 0, -ENODATA at the end, -ENOMEM, or the
 * errno of read(). */
int gsp_trace_next(struct gsp_trace_reader *r, struct gsp_trace_record *record_out,
                   struct gsp_error *err);
/** Whose record the last one was, and how many sections have begun. Borrowed. */
const struct gsp_trace_section *gsp_trace_section(const struct gsp_trace_reader *r);
unsigned gsp_trace_section_number(const struct gsp_trace_reader *r);
/** The release of the section; abi.release is NVRM_NO_RELEASE when the schema lacks it. */
struct nvrm_abi gsp_trace_abi(const struct gsp_trace_reader *r);
/** Bytes that could not be used so far. */
uint64_t gsp_trace_damaged_bytes(const struct gsp_trace_reader *r);
void gsp_trace_close(struct gsp_trace_reader *r);

/* Meaning */

/** What a record is called: the control, class, function or operation by name, also where an
 * ioctl carries it; else the escape; else the type. Static, or in `room`. */
const char *gsp_trace_name(struct nvrm_abi abi, const struct gsp_trace_record *record,
                           char room[64]);
/** Layout of the parameters of a record; NULL when there is none. */
const struct nvrm_layout *gsp_trace_layout(struct nvrm_abi abi,
                                           const struct gsp_trace_record *record);
/** An ioctl that carries a control or an allocation: which one, and where its parameters are.
 * `params` is empty when the trace has none. False for every other record. */
struct gsp_trace_inner {
    const char *name;                 /* NULL: the release does not know it */
    const struct nvrm_layout *layout; /* or NULL */
    struct gsp_trace_piece params;
};
bool gsp_trace_inner(struct nvrm_abi abi, const struct gsp_trace_record *record,
                     enum gsp_trace_exchange which, struct gsp_trace_inner *inner_out);
/** The register that a bus record is about, in `room`; NULL when it is about none that has a
 * name. */
const char *gsp_trace_register(const struct gsp_trace_record *record, char room[96]);
/** "NV_ESC_RM_CONTROL"; NULL when the record is no ioctl that the release knows. */
const char *gsp_trace_escape(struct nvrm_abi abi, const struct gsp_trace_record *record);

/** The bytes of piece `which`, resolved: `out` is `in` where it was left out. */
struct gsp_trace_piece gsp_trace_exchanged(const struct gsp_trace_record *record,
                                           enum gsp_trace_exchange which);
/** Parameters (GSP_TRACE_IN or _OUT) as a JSON object; hex digits when the schema has no layout
 * for them, null when there are none. */
GSP_MUST_CHECK int gsp_trace_params_json(struct nvrm_abi abi,
                                         const struct gsp_trace_record *record,
                                         enum gsp_trace_exchange which, struct gsp_text *out,
                                         struct gsp_error *err);

/** Parameters as a wire struct of this process: a copy whose pointers lead to what was recorded
 * behind them, in the same allocation. *wire_out is NULL when there are none; else release it
 * with gsp_host_free(). */
GSP_MUST_CHECK int gsp_trace_params_copy(struct nvrm_abi abi,
                                         const struct gsp_trace_record *record,
                                         enum gsp_trace_exchange which,
                                         const struct gsp_host *host, void **wire_out,
                                         size_t *bytes_out, struct gsp_error *err);
/** Replace every handle in a wire struct (not behind its pointers, and not in unions). */
void gsp_trace_map_handles(struct nvrm_abi abi, const struct nvrm_layout *layout, void *wire,
                           size_t wire_bytes, uint32_t (*map)(void *ctx, uint32_t handle),
                           void *ctx);
/** Whether a field differs from run to run and says nothing about a call: a process id. */
bool gsp_trace_is_noise(const char *struct_name, const char *field);

enum { GSP_TRACE_SHOW_RAW = 1 /* parameters as bytes, not decoded */ };

/** One record for people: a line with number, time, type, name, numbers, result and duration,
 * and a line each for what went in and what came out. */
GSP_MUST_CHECK int gsp_trace_record_text(struct nvrm_abi abi,
                                         const struct gsp_trace_record *record, unsigned flags,
                                         struct gsp_text *out, struct gsp_error *err);
/** One record as a JSON object, without a newline. */
GSP_MUST_CHECK int gsp_trace_record_json(struct nvrm_abi abi,
                                         const struct gsp_trace_record *record, unsigned flags,
                                         struct gsp_text *out, struct gsp_error *err);
/** What a call came to: "NV_OK", a status by name, or the errno's name. Static, or in `room`.
 */
const char *gsp_trace_result(struct nvrm_abi abi, const struct gsp_trace_record *record,
                             char room[64]);

/* Ioctls of the kernel module */

/** Layout of an ioctl's struct by its request, the bytes given deciding where an escape has two
 * forms; NULL when the release does not know it. */
const struct nvrm_layout *gsp_trace_ioctl_layout(struct nvrm_abi abi, bool uvm,
                                                 uint64_t request, size_t bytes);
/** An ioctl as a program made it, and what it stands for. */
struct gsp_trace_ioctl {
    bool uvm;                         /* of /dev/nvidia-uvm */
    uint64_t request;                 /* given; that of the escape inside of a carrier */
    const void *arg;                  /* given; likewise */
    size_t bytes;                     /* of the struct */
    const struct nvrm_layout *layout; /* NULL: not known */
};
struct gsp_trace_reach;
/** Size and layout of an ioctl; structs that are too large for a request are found behind
 * their carrier (NV_ESC_IOCTL_XFER_CMD). */
void gsp_trace_ioctl_find(struct nvrm_abi abi, const struct gsp_trace_reach *reach,
                          struct gsp_trace_ioctl *io);
/** Whether a request looks like one of the kernel module's, whatever it was sent to. */
bool gsp_trace_ioctl_is_escape(uint64_t request);
/** The NV_STATUS of an ioctl's struct; 0 when it has none. */
uint32_t gsp_trace_ioctl_status(struct nvrm_abi abi, const struct nvrm_layout *layout,
                                const void *wire, size_t wire_bytes);
/** What the pointers of an ioctl's struct lead to, as gsp_trace_memory_reach() takes it, and
 * behind that what those of the control or class lead to that it carries. */
int gsp_trace_ioctl_take(struct nvrm_abi abi, const struct nvrm_layout *layout,
                         const void *wire, size_t wire_bytes,
                         const struct gsp_trace_piece *limit,
                         const struct gsp_trace_reach *reach, struct gsp_text *out);
/** The call that an escape carries, as the record of a backend's call; its pieces are those of
 * `ioctl`. False for every other record. */
bool gsp_trace_ioctl_call(struct nvrm_abi abi, const struct gsp_trace_record *ioctl,
                          struct gsp_trace_record *call_out);

/* Memory behind pointers */

/** Append what the pointers of a wire struct of this process lead to, in the order of a walk
 * over its fields. `limit`, when given, is what an earlier call gave for the same struct: no
 * region gets longer. 0 or -ENOMEM, as out->rc says too. */
int gsp_trace_memory_take(struct nvrm_abi abi, const struct nvrm_layout *layout,
                          const void *wire, size_t wire_bytes,
                          const struct gsp_trace_piece *limit, struct gsp_text *out);
/** How to get at memory that is not simply there: of another process, or behind pointers that
 * nobody has checked. `at` gives `bytes` bytes as they are at `where`, valid until the walk is
 * over, or NULL: the region is then empty. */
struct gsp_trace_reach {
    const void *(*at)(void *ctx, const void *where, size_t bytes);
    void *ctx;
};
/** gsp_trace_memory_take() through `reach`; `wire` itself is memory of this process. */
int gsp_trace_memory_reach(struct nvrm_abi abi, const struct nvrm_layout *layout,
                           const void *wire, size_t wire_bytes,
                           const struct gsp_trace_piece *limit,
                           const struct gsp_trace_reach *reach, struct gsp_text *out);
/** How many bytes of `memory` are regions of this struct; others may follow. */
size_t gsp_trace_memory_used(struct nvrm_abi abi, const struct nvrm_layout *layout,
                             const void *wire, size_t wire_bytes,
                             const struct gsp_trace_piece *memory);
/** Make the pointers of `wire` lead into `memory`, a copy of what was taken; what has no region
 * there becomes null. Then GSP_JSON_POINTERS is safe, whatever the bytes say. */
void gsp_trace_memory_point(struct nvrm_abi abi, const struct nvrm_layout *layout, void *wire,
                            size_t wire_bytes, void *memory, size_t memory_bytes);
/** Copy what was taken to where the pointers of `wire`, a struct of this process, lead: at most
 * as much as `wire` has room for. */
void gsp_trace_memory_give(struct nvrm_abi abi, const struct nvrm_layout *layout,
                           const void *wire, size_t wire_bytes,
                           const struct gsp_trace_piece *memory);

#ifdef __cplusplus
}
#endif
#endif
