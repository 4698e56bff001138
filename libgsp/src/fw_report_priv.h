/* SPDX-License-Identifier: MIT */
/*
 * A list of checks being written by the verifiers.
 */
#ifndef GSP_FW_REPORT_PRIV_H
#define GSP_FW_REPORT_PRIV_H

#include <gsp/fw.h>

struct fw_report {
    struct gsp_fw_check *checks;
    unsigned count, most;
};
/* One more check; beyond `most` they are dropped. */
void fw_note(struct fw_report *r, const char *what, bool ok, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
