/* SPDX-License-Identifier: MIT */
/**
 * Wire bytes to JSON, text and back, for every struct of every release. Rules and examples:
 * docs/codec.md.
 *
 * Field names are NVIDIA's. Enums, classes, controls, statuses and bit sets are written by name
 * and read by name or number (the set's common prefix may be left out; bit sets also as
 * "A|B|0x10"). 64-bit values are "0x..." strings, read as strings or numbers. Text is a string;
 * opaque bytes are one "0x..." string of two digits a byte. Arrays stop at their count; a count
 * that is left out is taken from its array. A tagged union is an object of its live member;
 * bytes that another field gives a meaning to (the params of a control RPC) are that struct.
 * Pointers to arrays are what they point to, always as an array, text or hex string; a pointer
 * that is not followed is null or a number.
 *
 * Unknown keys, values that do not fit, wrong counts and fields that the release lacks are
 * errors that name the struct, the path and the nearest legal name, or the releases that have
 * the field. Every function here may be called from any thread, on different outputs.
 */
#ifndef GSP_JSON_H
#define GSP_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include <gsp/error.h>
#include <gsp/host.h>
#include <nvrm/schema.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A growing text buffer. Zero-initialise (host may be set first); release with
 * gsp_text_fini(). */
struct gsp_text {
    char *data;   /* NUL-terminated once anything was added; may be NULL before */
    size_t bytes; /* without the NUL */
    size_t cap;
    const struct gsp_host *host;
    int rc; /* sticky: -ENOMEM once an addition failed */
};
void gsp_text_add(struct gsp_text *t, const char *s, size_t bytes);
void gsp_text_puts(struct gsp_text *t, const char *s);
void gsp_text_printf(struct gsp_text *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/** Add s as a JSON string with its quotes and escapes; bytes that are not UTF-8 become \\u00xx.
 */
void gsp_text_json_string(struct gsp_text *t, const char *s, size_t bytes);
void gsp_text_fini(struct gsp_text *t);

/** Memory that JSON pointers-to-arrays live in. Zero-initialise; released as a whole. */
struct gsp_arena {
    struct gsp_arena_block *blocks;
    const struct gsp_host *host;
};
void *gsp_arena_alloc(struct gsp_arena *a,
                      size_t bytes); /* zeroed, 16-byte aligned; NULL when out of memory */
void gsp_arena_fini(struct gsp_arena *a);

enum {
    GSP_JSON_PRETTY = 1, /* two-space indentation; otherwise one line */
    GSP_JSON_POINTERS =
        2, /* follow embedded pointers: only for wire structs that this process made */
    GSP_JSON_ALL = 4, /* whole arrays, also past their count, and every union member */
};

/** wire -> JSON object. 0, -EBADMSG (bytes too short), -ENOMEM. wire_bytes beyond the layout's
 * size are its flexible tail. */
GSP_MUST_CHECK int gsp_json_write(struct nvrm_abi abi, const struct nvrm_layout *layout,
                                  const void *wire, size_t wire_bytes, unsigned flags,
                                  struct gsp_text *out, struct gsp_error *err);

/**
 * JSON object -> wire. Keys that are left out stay zero; counts that are left out are taken
 * from the arrays given. A count given without the array behind a pointer that RM writes
 * through (dir out or inout) makes room for that many elements.
 *
 * @param wire        its first *wire_bytes_out bytes are replaced; untouched on error
 * @param wire_cap    bytes at wire, at least layout->size
 * @param wire_bytes_out  layout->size plus the flexible tail
 * @param arena       where arrays behind embedded pointers go; NULL refuses them
 */
GSP_MUST_CHECK int gsp_json_read(struct nvrm_abi abi, const struct nvrm_layout *layout,
                                 const char *text, size_t text_bytes, void *wire,
                                 size_t wire_cap, size_t *wire_bytes_out,
                                 struct gsp_arena *arena, struct gsp_error *err);

/** One `field = value` on a wire struct, value in the same forms as JSON (bare names allowed):
 * what `FIELD=VALUE` arguments use. */
GSP_MUST_CHECK int gsp_json_assign(struct nvrm_abi abi, const struct nvrm_layout *layout,
                                   const char *path, const char *value, void *wire,
                                   size_t wire_bytes, struct gsp_arena *arena,
                                   struct gsp_error *err);

/** Aligned text for people: one `path = value` line a scalar, names beside numbers, units. */
GSP_MUST_CHECK int gsp_text_write(struct nvrm_abi abi, const struct nvrm_layout *layout,
                                  const void *wire, size_t wire_bytes, unsigned flags,
                                  struct gsp_text *out, struct gsp_error *err);

/** A scalar as people read it: "NV01_DEVICE_0", "NV_OK", "0x10", "4096 MiB". */
void gsp_text_scalar(struct nvrm_abi abi, const struct nvrm_field *field, uint64_t value,
                     struct gsp_text *out);

#ifdef __cplusplus
}
#endif
#endif
