/* SPDX-License-Identifier: MIT */
/**
 * Names as people type them: a class, control, RPC or status by its full name or by number, at
 * one release.
 *
 * Every look-up that fails says which of three things went wrong: the name exists nowhere
 * (hint: the nearest name), it exists but not in this release (hint: the releases that have
 * it), or the number has no row. Nothing here allocates; any thread may call it.
 */
#ifndef RM_NAME_H
#define RM_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gsp/error.h>
#include <nvrm/schema.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A whole decimal or 0x number that fits 32 bits. */
bool rm_parse_u32(const char *text, uint32_t *value_out);

/**
 * Find a row. 0, or -ENOENT with origin INPUT (no such name) or RELEASE (not in this release).
 *
 * @param class_out  borrowed; NULL when `name` is a number that the schema does not know, which
 *                   is no error: RM may know it
 * @param id_out     the number to send
 */
GSP_MUST_CHECK int rm_name_class(struct nvrm_abi abi, const char *name,
                                 const struct nvrm_class **class_out, uint32_t *id_out,
                                 struct gsp_error *err);
GSP_MUST_CHECK int rm_name_control(struct nvrm_abi abi, const char *name,
                                   const struct nvrm_control **control_out, uint32_t *id_out,
                                   struct gsp_error *err);
GSP_MUST_CHECK int rm_name_rpc(struct nvrm_abi abi, const char *name,
                               const struct nvrm_rpc **rpc_out, uint32_t *id_out,
                               struct gsp_error *err);
GSP_MUST_CHECK int rm_name_struct(struct nvrm_abi abi, const char *name,
                                  const struct nvrm_layout **layout_out, struct gsp_error *err);
GSP_MUST_CHECK int rm_name_status(struct nvrm_abi abi, const char *name, uint32_t *status_out,
                                  struct gsp_error *err);
GSP_MUST_CHECK int rm_name_release(const struct nvrm_schema *s, const char *name,
                                   nvrm_release *release_out, struct gsp_error *err);

/** The layout of a class's parameters at this release; NULL when it takes none. NV01_ROOT takes
 * NV0000_ALLOC_PARAMETERS: the resource list says NvHandle, GSP-RM is sent the struct. */
const struct nvrm_layout *rm_class_layout(struct nvrm_abi abi, const struct nvrm_class *cls);

/** Write "535.54.03 .. 550.163.01, 570.144" for the releases that `has` accepts. Returns how
 * many there are. */
unsigned rm_release_ranges(const struct nvrm_schema *s,
                           bool (*has)(struct nvrm_abi abi, const void *ctx), const void *ctx,
                           char *out, size_t out_bytes);

#ifdef __cplusplus
}
#endif
#endif
