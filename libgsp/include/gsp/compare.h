/* SPDX-License-Identifier: MIT */
/**
 * Comparing two wire structs by what they mean: fields by name, enumerations by name, text as
 * text, handles as the caller says, and what pointers lead to. The two may be of different
 * releases: a field that only one of them has is a difference when it is not zero.
 */
#ifndef GSP_COMPARE_H
#define GSP_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <nvrm/schema.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One side. Pointers in `wire` are followed: see gsp_trace_memory_point(). */
struct gsp_compare_side {
    struct nvrm_abi abi;
    const struct nvrm_layout *layout; /* NULL: bytes without a meaning */
    const void *wire;
    size_t bytes;
};

struct gsp_compare_config {
    /** Whether two handles stand for the same object; NULL: when they are equal. */
    bool (*same_handle)(void *ctx, uint32_t a, uint32_t b);
    /** Whether a field says nothing about the call (a process id, a time); may be NULL. */
    bool (*ignore)(void *ctx, const char *struct_name, const char *field);
    /** Every difference, in the order of the fields: path, and both values as people read them.
     */
    void (*differ)(void *ctx, const char *path, const char *a, const char *b);
    void *ctx;
};

/** How many differences there are; 0: the two mean the same. */
unsigned gsp_compare(const struct gsp_compare_config *config, const struct gsp_compare_side *a,
                     const struct gsp_compare_side *b);

#ifdef __cplusplus
}
#endif
#endif
