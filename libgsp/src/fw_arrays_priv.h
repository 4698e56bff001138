/* SPDX-License-Identifier: MIT */
/*
 * Numbers in the text of a C array, one at a time: what counting and unpacking share.
 */
#ifndef GSP_FW_ARRAYS_PRIV_H
#define GSP_FW_ARRAYS_PRIV_H

#include "fw_bytes_priv.h"

struct fw_numbers {
    const struct gsp_fw_source *src;
    uint64_t at, end; /* in the source */
    uint32_t most;    /* largest legal value */
    unsigned depth;   /* braces around the current number */
};
/* 1 with a number, 0 behind the last one (at the closing brace or the end), -EBADMSG. */
int fw_numbers_next(struct fw_numbers *n, uint32_t *value_out, struct gsp_error *err);

#endif
