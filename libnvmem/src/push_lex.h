/* SPDX-License-Identifier: MIT */
/* A line of assembler text taken apart: words, numbers, values of fields, errors with the line.
 * Functions return 0 or -EINVAL with the error filled. */
#ifndef NVMEM_PUSH_LEX_H
#define NVMEM_PUSH_LEX_H

#include <nvmem/push_text.h>

#define WORD_MAX 128

struct assembler {
    const char *name;
    unsigned line;
    const char *p, *end; /* what is left of the line */
    struct gsp_text *out;
    struct gsp_error *err;
    const struct nvrm_hw_class *cl; /* of the header that "+" goes on with */
    enum nvmem_push_op op;
    size_t header; /* its place in out, in bytes; SIZE_MAX: nothing to go on with */
    uint32_t next, count;
};

int nvmem_push_refuse(struct assembler *a, const char *hint, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** Refuse a word; the hint is the name that is near, or the other text. */
int nvmem_push_did_you_mean(struct assembler *a, const char *near, const char *otherwise,
                            const char *what, const char *word);
bool nvmem_push_take(struct assembler *a, char c);
/** Letters, digits and what else names have in them. Empty when none is there. */
void nvmem_push_word(struct assembler *a, char out[WORD_MAX]);
bool nvmem_push_is_number(const char *w, uint64_t *v_out);
int nvmem_push_number(struct assembler *a, uint64_t max, const char *what, uint64_t *v_out);
/** [3] or [2, 31] */
int nvmem_push_element(struct assembler *a, unsigned n, unsigned m, bool two, unsigned *i,
                       unsigned *j);
/** A number or the name of one. */
int nvmem_push_value(struct assembler *a, const struct nvrm_hw_field *f, uint64_t *v_out);
int nvmem_push_line_end(struct assembler *a);
void nvmem_push_emit(struct assembler *a, uint32_t w);
/** Calls fn for each line that has something beside a comment. */
int nvmem_push_each_line(struct assembler *a, const char *text, size_t bytes,
                         int (*fn)(struct assembler *a, void *ctx), void *ctx);

#endif
