/* SPDX-License-Identifier: MIT */
/*
 * Filling a struct of the wire by field names. Errors stick: set all fields, then look at rc.
 */
#ifndef GSP_WIRE_SET_PRIV_H
#define GSP_WIRE_SET_PRIV_H

#include <stdbool.h>

#include <gsp/error.h>

struct wire {
    struct nvrm_abi abi;
    const struct nvrm_layout *layout;
    uint8_t *data;
    const char *name;
    struct gsp_error *err;
    int rc;
};

/** Offset and size of a scalar by its dotted path. */
bool wire_find(struct nvrm_abi abi, const struct nvrm_layout *layout, const char *path,
               uint32_t *offset_out, uint32_t *bytes_out);
/** A struct at this release over `bytes` bytes of memory. */
void wire_init(struct wire *w, struct nvrm_abi abi, const char *name, void *data, size_t bytes,
               struct gsp_error *err);
/** A field that must exist. */
void wire_set(struct wire *w, const char *path, uint64_t value);
/** A field that some releases lack. */
bool wire_set_if(struct wire *w, const char *path, uint64_t value);

#endif
