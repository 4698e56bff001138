/* SPDX-License-Identifier: MIT */
/**
 * Parameters under construction: a wire struct of one release, filled from JSON or from
 * FIELD=VALUE, sent, and read back.
 *
 * Owns its bytes and the arrays behind its embedded pointers. Controls without a public struct
 * (layout NULL) hold raw bytes and speak {"raw": "hex"}. One caller at a time.
 */
#ifndef RM_PARAMS_H
#define RM_PARAMS_H

#include <stddef.h>
#include <stdint.h>

#include <gsp/error.h>
#include <gsp/json.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rm_params {
    struct nvrm_abi abi;
    const struct gsp_host *host;
    const struct nvrm_layout *layout; /* NULL: raw bytes */
    uint8_t *wire;                    /* NULL when bytes is 0 */
    size_t bytes;                     /* including a flexible tail */
    struct gsp_arena arena;
};

/** Zeroed parameters of a layout (may be NULL). 0 or -ENOMEM. Always safe to fini afterwards.
 */
GSP_MUST_CHECK int rm_params_init(struct rm_params *p, struct nvrm_abi abi,
                                  const struct nvrm_layout *layout, const struct gsp_host *host,
                                  struct gsp_error *err);
void rm_params_fini(struct rm_params *p);

/** Fill from a JSON object; what was there before is gone. 0, -EINVAL, -ENOMEM. */
GSP_MUST_CHECK int rm_params_read(struct rm_params *p, const char *json, size_t json_bytes,
                                  struct gsp_error *err);
/** Set one field: "entries[2].index" = "NV2080_CTRL_FB_INFO_INDEX_RAM_SIZE". "raw" takes hex.
 */
GSP_MUST_CHECK int rm_params_assign(struct rm_params *p, const char *path, const char *value,
                                    struct gsp_error *err);
/** Give every output pointer that is still zero a buffer of the largest legal count, and set a
 * count that was left zero. 0 or -ENOMEM. */
GSP_MUST_CHECK int rm_params_pointers(struct rm_params *p, struct gsp_error *err);
/** The parameters as a JSON object. */
GSP_MUST_CHECK int rm_params_write(const struct rm_params *p, unsigned flags,
                                   struct gsp_text *out, struct gsp_error *err);

#ifdef __cplusplus
}
#endif
#endif
