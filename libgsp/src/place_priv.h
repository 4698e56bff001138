/* SPDX-License-Identifier: MIT */
/* Where a path such as "entries[2].data" leads to. */
#ifndef GSP_PLACE_PRIV_H
#define GSP_PLACE_PRIV_H

#include <gsp/error.h>

#include "view_priv.h"

struct gsp_place {
    struct gsp_view view; /* the struct that holds the field */
    const struct nvrm_field *field;
    struct gsp_elems elems; /* what the field holds; not filled for scalars and pointers */
    uint32_t start, count;  /* the elements meant: all of an array, a row, or one */
    bool one;               /* a scalar, or one element of an array */
};

/** 0, or -EINVAL with *err naming what is wrong and the nearest field. */
int gsp_place_find(struct nvrm_abi abi, const struct nvrm_layout *layout, const void *wire,
                   size_t wire_bytes, const char *path, struct gsp_place *place_out,
                   struct gsp_error *err);
/** Whether the place is a single number. */
bool gsp_place_is_scalar(const struct gsp_place *place);
/** Address of its first byte. */
uint8_t *gsp_place_at(const struct gsp_place *place);

#endif
