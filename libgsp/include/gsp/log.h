/* SPDX-License-Identifier: MIT */
/**
 * GSP logs: the rings that libos tasks write while GSP-RM runs.
 *
 * A ring is a count of 64-bit words ever written, then the words; a record is its arguments,
 * one word of metadata and a time stamp. The metadata names a message: up to 575 by its address
 * in the logging ELF, from 580 on by an offset with the record's length and task packed above
 * it. The logging ELF (gsp_log_*.bin) is not public; with one that the user has, records become
 * text, without it they keep their time, task, message number and arguments.
 *
 * Input is memory of the caller and taken as hostile: every read is bounded, a ring that makes
 * no sense is refused or cut short and the loss is counted. Slices point into the input. Any
 * thread may call anything on its own structs. Sources: libos_log.h, liblogdecode.c.
 */
#ifndef GSP_LOG_H
#define GSP_LOG_H

#include <gsp/fw.h>
#include <gsp/json.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    GSP_LOG_ARGS_MAX = 20,
    GSP_LOG_RING_MAX = 4 << 20, /* bytes; firmware's own rings have up to 256 KiB */
    GSP_LOG_BUILD_ID_MAX = 32,
    GSP_LOG_NVLOG_HEADER = 72, /* bytes that gsp_log_nvlog_write() puts before the ring */
};

/** What the metadata word of a record holds. */
enum gsp_log_form {
    GSP_LOG_FORM_AUTO, /* the newest record decides */
    GSP_LOG_FORM_ADDRESS,
    GSP_LOG_FORM_PACKED,
};
/** "address", "packed". */
const char *gsp_log_form_name(enum gsp_log_form form);

/** "KRNL", "INIT", "RM", ...: tasks by the number in packed metadata; NULL when unknown. */
const char *gsp_log_task_name(unsigned task);
/** By "RM", "LOGRM", "logrm" or a path that ends so; 0 when unknown. */
unsigned gsp_log_task_find(const char *name);

/** One ring, as found in memory, in a debugfs file or in an NVLOG buffer. */
struct gsp_log_ring {
    unsigned task;        /* 0: unknown */
    const uint8_t *words; /* the put count, then the ring */
    size_t bytes;
    enum gsp_log_form form;
    int nvlog_version;           /* of the NVLOG header that the file had; -1: it had none */
    uint32_t gpu_arch, gpu_impl; /* NV_PMC_BOOT_42's architecture and implementation; 0, 0 */
    uint64_t timer_delta_ns;     /* add to a record's time for the host's */
    uint8_t build_id[GSP_LOG_BUILD_ID_MAX];
    unsigned build_id_bytes;
};

/** A file: a bare ring or a LIBOS_LOG_NVLOG_BUFFER of version 0, 1 or 2. file->name names the
 * task when the file does not. 0 or -EBADMSG, also for a put count that is more than 2^40 words
 * beyond what the ring holds. */
GSP_MUST_CHECK int gsp_log_ring_open(const struct gsp_fw_source *file, struct gsp_log_ring *out,
                                     struct gsp_error *err);

/** The ring behind a version 2 NVLOG header, as NVIDIA's own tools take it: out holds
 * GSP_LOG_NVLOG_HEADER + ring->bytes. */
void gsp_log_nvlog_write(const struct gsp_log_ring *ring, uint8_t *out);

struct gsp_log_record {
    uint64_t time_ns; /* the GPU's timer */
    uint64_t message; /* address, or offset in the task's metadata */
    uint64_t args[GSP_LOG_ARGS_MAX];
    uint8_t arg_count;
    uint8_t task; /* 0: unknown */
    bool packed;
    bool guessed; /* no metadata said where the record begins */
};

struct gsp_log_elf;

/** The records of one ring, oldest first. Release with gsp_log_fini(). */
struct gsp_log {
    struct gsp_log_record *records;
    unsigned count;
    enum gsp_log_form form;
    uint64_t put;        /* words ever written */
    uint64_t lost_words; /* overwritten by newer ones */
    uint64_t bad_words;  /* still there, but no record could be made of them */
    const struct gsp_host *host;
};

/**
 * Read a ring's records, from the newest backwards.
 *
 * @param elf  may be NULL. Without it, records in address form are told apart by what looks
 *             like a time stamp behind an address near the newest one (`guessed`).
 * @return 0, -EBADMSG (no ring), -ENOMEM
 */
GSP_MUST_CHECK int gsp_log_decode(const struct gsp_log_ring *ring,
                                  const struct gsp_log_elf *elf, const struct gsp_host *host,
                                  struct gsp_log *out, struct gsp_error *err);
void gsp_log_fini(struct gsp_log *log);

/** How often each message stands in a log: the histogram that needs no logging ELF. */
struct gsp_log_count {
    uint64_t message, first_ns, last_ns;
    unsigned count;
    uint8_t task, arg_count;
};
/** Rows for the first `max` distinct messages, most frequent first; returns how many. Records
 * of further messages are counted in *others_out. */
unsigned gsp_log_histogram(const struct gsp_log *log, struct gsp_log_count *out, unsigned max,
                           unsigned *others_out);

/** A logging ELF: one task's, a container of several (.fwlogging_rm, ...), or gsp_log_*.bin
 * with the container in .fwlogging. The file's bytes are borrowed. 0, -EBADMSG, -ENOMEM. */
GSP_MUST_CHECK int gsp_log_elf_open(const struct gsp_fw_source *file,
                                    const struct gsp_host *host, struct gsp_log_elf **out,
                                    struct gsp_error *err);
void gsp_log_elf_close(struct gsp_log_elf *elf);
/** "rm", "kernel_ga10x"; "" for a single task's ELF; NULL past the end. */
const char *gsp_log_elf_image(const struct gsp_log_elf *elf, unsigned i);

/** What a record's metadata says. Strings are terminated, inside the ELF. */
struct gsp_log_message {
    const char *file; /* without its folders; "?" */
    const char *format;
    uint32_t line;
    uint8_t arg_count;
    uint8_t level;   /* 1 info, 2 notice, 3 warning, 4 error */
    uint8_t special; /* 1, 2: an assertion, without and with a status; 3, 4: a check */
};
/** False when the ELF has no message there. */
bool gsp_log_message_find(const struct gsp_log_elf *elf, const struct gsp_log_ring *ring,
                          const struct gsp_log_record *record, struct gsp_log_message *out);
/** "info", "error"; "" when unknown. */
const char *gsp_log_level_name(unsigned level);

/** The record as one text, at most 4 KiB, without control characters but newlines inside it;
 * NV_STATUS values of assertions get their names. */
void gsp_log_record_text(const struct gsp_log_elf *elf, const struct gsp_log_ring *ring,
                         const struct gsp_log_record *record, struct nvrm_abi abi,
                         struct gsp_text *out);

#ifdef __cplusplus
}
#endif
#endif
