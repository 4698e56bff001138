/* SPDX-License-Identifier: MIT */
/*
 * GSP-RM's own log: records into the rings that the libos arguments name.
 */
#ifndef EMU_LOG_EMIT_H
#define EMU_LOG_EMIT_H

#include <stdbool.h>
#include <stdint.h>

struct emu_gpu;

/** What is said; one row each in log_emit.c. */
enum emu_log_message {
    EMU_LOG_BOOT,     /* the release as text, chip architecture, implementation */
    EMU_LOG_REGION,   /* address and size of a log ring */
    EMU_LOG_TASKS,    /* nothing */
    EMU_LOG_RM_START, /* pages of the queue block */
    EMU_LOG_QUEUES,   /* offsets of the two queues */
    EMU_LOG_VECTOR,   /* interrupt lines of the card */
    EMU_LOG_CONTROL,  /* a control that failed: status, command, object */
    EMU_LOG_HALT,     /* nothing: an assertion */
    EMU_LOG_MESSAGES,
};

/** Tasks by the number that packed metadata has. */
enum emu_log_task { EMU_LOG_INIT = 2, EMU_LOG_RM = 3, EMU_LOG_INTR = 4 };
enum { EMU_LOG_RINGS = 3 };

struct emu_logs {
    struct {
        uint64_t pa, bytes; /* 0, 0: the client gave none */
        uint64_t put;       /* words written */
    } rings[EMU_LOG_RINGS];
};

struct emu_log_row {
    enum emu_log_task task;
    uint8_t level, special; /* as libosLogMetadata has them */
    uint8_t args;
    uint16_t line;
    const char *file, *format;
};
extern const struct emu_log_row emu_log_rows[EMU_LOG_MESSAGES];

/* The image of one task: where its messages and texts lie in its address space. */
enum {
    EMU_LOG_METADATA_BYTES = 24,
    EMU_LOG_TEXT_OFF = 0x1000, /* from 580 on the texts have a section of their own */
};
bool emu_log_packed(const char *release);
/** INTR logs with RM's image. */
enum emu_log_task emu_log_image(enum emu_log_task task);
uint64_t emu_log_base(enum emu_log_task image);
/** Number of a message among those of its image. */
unsigned emu_log_index(enum emu_log_message message);
unsigned emu_log_count(enum emu_log_task image);
/** Where the texts of an image begin; the release's name is the first. */
uint64_t emu_log_texts(enum emu_log_task image, bool packed);

/** GSP-RM starts: remember the rings of the libos table (already checked) and log it. */
void emu_log_start(struct emu_gpu *gpu, uint64_t libos_args);
/** One record; args as many as the message has. Rings that the client took back are skipped. */
void emu_log(struct emu_gpu *gpu, enum emu_log_message message, const uint64_t *args);

#endif
