/* SPDX-License-Identifier: MIT */
/**
 * Push buffers as text, both ways, and what is suspicious in one.
 *
 *   4 c56f SET_OBJECT = { NVCLASS = AMPERE_DMA_COPY_B }
 *   4 c7b5 OFFSET_IN_UPPER = { UPPER = 1 }
 *   +      OFFSET_IN_LOWER = { VALUE = 0x2000 }
 *
 * A line is a method: subchannel, class, name, data. "+" goes on with the header of the line
 * above. docs/push.md has the whole syntax. Text of any words assembles to the same words.
 */
#ifndef NVMEM_PUSH_TEXT_H
#define NVMEM_PUSH_TEXT_H

#include <gsp/error.h>
#include <gsp/json.h>
#include <nvmem/push.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One step of the decoder as a line without its end. */
void nvmem_push_write_call(struct gsp_text *out, const struct nvmem_push_call *c);
/** The data of a method: "{ SRC_TYPE = PHYSICAL, _ = 0x80 }"; _ are bits of no field. all:
 * fields that are 0 as well. */
void nvmem_push_write_data(struct gsp_text *out, const struct nvrm_hw_item *item, uint32_t data,
                           bool all);
/** A whole stream, a line each. 0 or -ENOMEM. */
GSP_MUST_CHECK int nvmem_push_disassemble(struct nvmem_push_state *state, const uint32_t *words,
                                          size_t count, struct gsp_text *out);
/** GPFIFO entries, two words each: "gp 0x1f00002000 12 wait". An odd word stays a .word. */
GSP_MUST_CHECK int nvmem_push_disassemble_ring(const uint32_t *words, size_t count,
                                               struct gsp_text *out);

/**
 * Text to words.
 *
 * @param name   of the text, for messages: "name:LINE: ..."
 * @param words  gets the words, in the byte order of this machine
 * @return 0; -EINVAL with line and hint in *err; -ENOMEM
 */
GSP_MUST_CHECK int nvmem_push_assemble(const char *text, size_t bytes, const char *name,
                                       struct gsp_text *words, struct gsp_error *err);

/**
 * Records (QMD, texture headers, ...) as text: "FIELD = VALUE" lines of what is not 0, "---"
 * between records, "_[WORD] = BITS" for bits of no field. words holds count whole records of
 * r->words words. 0 or -ENOMEM.
 */
GSP_MUST_CHECK int nvmem_push_write_records(const struct nvrm_hw_item *r, const uint32_t *words,
                                            size_t count, struct gsp_text *out);
/** The same text to words, as nvmem_push_assemble(). */
GSP_MUST_CHECK int nvmem_push_read_records(const struct nvrm_hw_item *r, const char *text,
                                           size_t bytes, const char *name,
                                           struct gsp_text *words, struct gsp_error *err);

/** What nvmem_push_lint() finds. */
enum nvmem_push_rule {
    NVMEM_PUSH_BAD_HEADER,     /* no such operation, reserved bits, count of 0 */
    NVMEM_PUSH_TRUNCATED,      /* data behind the end */
    NVMEM_PUSH_NO_OBJECT,      /* a method on a subchannel without a class */
    NVMEM_PUSH_UNKNOWN_CLASS,  /* SET_OBJECT of a class that we do not know */
    NVMEM_PUSH_FOREIGN_CLASS,  /* a class of another generation than the channel's */
    NVMEM_PUSH_UNKNOWN_METHOD, /* an address where the class has nothing */
    NVMEM_PUSH_NEWER_METHOD,   /* that a class of a later generation has */
    NVMEM_PUSH_RESERVED_BITS,  /* bits of no field */
    NVMEM_PUSH_BAD_VALUE,      /* a value without a name in a field of named values */
    NVMEM_PUSH_UNREAD,         /* words behind the end of a segment */
};
#define NVMEM_PUSH_RULES 10
const char *nvmem_push_rule_name(enum nvmem_push_rule rule); /* "reserved-bits" */

struct nvmem_push_finding {
    enum nvmem_push_rule rule;
    size_t word;
    char text[200]; /* "LAUNCH_DMA (c7b5): bits 0xc0000000 belong to no field" */
    char hint[160]; /* or "" */
};

/** Look through a stream; fn is called for each finding and stops the search by returning
 * non-zero. Returns the number of findings. */
size_t nvmem_push_lint(struct nvmem_push_state *state, const uint32_t *words, size_t count,
                       int (*fn)(void *ctx, const struct nvmem_push_finding *f), void *ctx);

/** The same for GPFIFO entries, two words each. */
size_t nvmem_push_lint_ring(const uint32_t *words, size_t count,
                            int (*fn)(void *ctx, const struct nvmem_push_finding *f),
                            void *ctx);

/** The longest record. */
#define NVMEM_PUSH_RECORD_WORDS 128
/** Bits of no field and values without a name in records; word counts from the first record's
 * begin. */
size_t nvmem_push_lint_records(const struct nvrm_hw_item *r, const uint32_t *words,
                               size_t count,
                               int (*fn)(void *ctx, const struct nvmem_push_finding *f),
                               void *ctx);

#ifdef __cplusplus
}
#endif
#endif
