/* SPDX-License-Identifier: MIT */
/*
 * Firmware for a boot, out of folders: files are found by role, family and release, and opened
 * when they are asked for.
 */
#ifndef NVRM_CLI_FW_SET_H
#define NVRM_CLI_FW_SET_H

#include "fw_file.h"

struct fw_set;

/* Look through folders or files; none of them: NVRM_FW_DIR, else the system's folder. */
int fw_set_open(char *const *folders, unsigned count, struct fw_set **set_out,
                struct gsp_error *err);
/* The container of a role, of the form that linux-firmware ships: arrays of the vendor's tree
 * are packed. Bytes live until fw_set_close(). -ENOENT names what was looked for. Fits
 * struct gsp_boot_firmware, with the set as ctx. */
int fw_set_find(void *set, enum gsp_fw_role role, enum gsp_fw_family family,
                const char *release, struct gsp_fw_source *out, struct gsp_error *err);
void fw_set_close(struct fw_set *set);

#endif
