/* SPDX-License-Identifier: MIT */
/**
 * The codec: moves parameters between the canonical C type and a release's wire layout.
 *
 * Callers of the typed API fill one struct (generated nvrm/types.h); a copy plan, built once
 * per (type, release), moves it. A non-zero field that the release lacks, or a value that does
 * not fit the release's narrower field, is an error that names both. All functions are bounded
 * by the sizes given; wire bytes may come from anywhere and need no alignment.
 */
#ifndef GSP_CODEC_H
#define GSP_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gsp/error.h>
#include <gsp/host.h>
#include <nvrm/schema.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Copy plans of one release. Build and use it from any number of threads. */
struct gsp_codec;

GSP_MUST_CHECK int gsp_codec_create(struct nvrm_abi abi, const struct gsp_host *host,
                                    struct gsp_codec **codec_out, struct gsp_error *err);
void gsp_codec_destroy(struct gsp_codec *codec);

/** A built plan for one core type (struct row, see nvrm_struct_row()). Borrowed from the codec;
 * NULL with *err set when the type is not a core type, the release lacks it, or memory ran out.
 */
const struct gsp_plan *gsp_codec_plan(struct gsp_codec *codec, uint16_t struct_row,
                                      struct gsp_error *err);
/** Bytes of the wire form, and of the canonical struct. */
size_t gsp_plan_wire_bytes(const struct gsp_plan *plan);
size_t gsp_plan_canon_bytes(const struct gsp_plan *plan);
/** Whether the release lays the struct out as the C type does: then one may stand for the
 * other. */
bool gsp_plan_is_same(const struct gsp_plan *plan);

/** canonical -> wire. 0, -ENOSPC (wire_cap too small), -EINVAL (a field the release lacks or
 * cannot hold). Never half-writes on error. */
GSP_MUST_CHECK int gsp_encode(const struct gsp_plan *plan, const void *canon, void *wire,
                              size_t wire_cap, struct gsp_error *err);
/** wire -> canonical. Fields that the release lacks are zero. 0 or -EBADMSG (wire_bytes too
 * small). */
GSP_MUST_CHECK int gsp_decode(const struct gsp_plan *plan, const void *wire, size_t wire_bytes,
                              void *canon, struct gsp_error *err);

/** Check wire bytes against the schema: enum and bool values, counts within their arrays, known
 * bits, text terminated. Names the first bad field. 0 or -EBADMSG. */
GSP_MUST_CHECK int gsp_validate(struct nvrm_abi abi, const struct nvrm_layout *layout,
                                const void *wire, size_t wire_bytes, struct gsp_error *err);

/* Field access by path, for tools ("entries[2].data"). Scalars only; signed values are
 * sign-extended. ---------------------- */

GSP_MUST_CHECK int gsp_field_get(struct nvrm_abi abi, const struct nvrm_layout *layout,
                                 const void *wire, size_t wire_bytes, const char *path,
                                 uint64_t *value_out, struct gsp_error *err);
GSP_MUST_CHECK int gsp_field_set(struct nvrm_abi abi, const struct nvrm_layout *layout,
                                 void *wire, size_t wire_bytes, const char *path,
                                 uint64_t value, struct gsp_error *err);

/* FINN: the serialised form of the messages that carry embedded pointers */

/** Serialise a wire struct whose pointers are host pointers. cls_cat is (class << 8) | category
 * of the interface, message its index. */
GSP_MUST_CHECK int gsp_finn_encode(struct nvrm_abi abi, const struct nvrm_layout *layout,
                                   uint64_t interface_id, uint64_t message_id, const void *wire,
                                   size_t wire_bytes, void *out, size_t out_cap,
                                   size_t *out_bytes, struct gsp_error *err);
/** The reverse, into a wire struct whose pointers already point to caller memory large enough
 * for the counts given there. */
GSP_MUST_CHECK int gsp_finn_decode(struct nvrm_abi abi, const struct nvrm_layout *layout,
                                   const void *in, size_t in_bytes, void *wire,
                                   size_t wire_bytes, struct gsp_error *err);

#ifdef __cplusplus
}
#endif
#endif
