/* SPDX-License-Identifier: MIT */
/*
 * Between the VBIOS files: ranges of the ROM, and the step from images to tables.
 */
#ifndef GSP_VBIOS_PRIV_H
#define GSP_VBIOS_PRIV_H

#include <gsp/vbios.h>

/* A range of the ROM, counted from its first image. */
int vbios_take(const struct gsp_vbios *v, uint64_t off, uint64_t bytes, const char *what,
               struct gsp_fw_slice *out, struct gsp_error *err);
/* Find BIT and read its tokens, the version and the falcon ucode table. */
int vbios_read_bit(struct gsp_vbios *v, struct gsp_error *err);

#endif
