/* SPDX-License-Identifier: MIT */
/*
 * Lines that stand alone: initialisation that failed, a GPU that is gone, NVSwitch errors, PCIe
 * errors, versions that do not fit, and the parts of a bug report.
 */
#ifndef GSP_CRASH_LINES_H
#define GSP_CRASH_LINES_H

#include "crash_cursor.h"

/* The whole line, with the log's own prefix. */
bool crash_foreign_line(struct cursor c, struct gsp_crash_line *line);
/* What is behind the driver's tag. */
bool crash_driver_line(struct cursor c, struct gsp_crash_line *line);
/* When the log says the line was written; empty when it does not. */
struct gsp_crash_span crash_stamp(struct cursor c);
/* Hexadecimal digits, with or without 0x. */
bool crash_take_digits(struct cursor *c, uint64_t *out);

#endif
