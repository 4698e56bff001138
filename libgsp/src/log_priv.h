/* SPDX-License-Identifier: MIT */
/* The parts of the log decoder: log_ring.c reads rings, log_elf.c finds messages, log_text.c
 * formats them. */
#ifndef GSP_LOG_PRIV_H
#define GSP_LOG_PRIV_H

#include <gsp/log.h>

/** The bytes of metadata at a message's address of a task; false when the ELF has none. */
bool log_elf_message(const struct gsp_log_elf *elf, const struct gsp_log_ring *ring,
                     unsigned task, bool packed, uint64_t message, struct gsp_log_message *out);
/** The text at an address of the image that a task logs from; NULL when there is none. */
const char *log_elf_text(const struct gsp_log_elf *elf, const struct gsp_log_ring *ring,
                         unsigned task, uint64_t va);

/** A message's arguments as printf() would write them, bounded. */
struct log_args {
    const uint64_t *values;
    unsigned count;
    const char *(*text)(void *ctx, uint64_t va); /* what %s points to; NULL: nothing */
    void *ctx;
};
void log_format(const char *format, const struct log_args *args, char *out, size_t out_bytes);

#endif
