/* SPDX-License-Identifier: MIT */
/*
 * --record: the trace of a session while it is being written. Without the option every function
 * here does nothing.
 */
#ifndef NVRM_CLI_RECORD_H
#define NVRM_CLI_RECORD_H

#include <gsp/record.h>

#include "cli.h"

struct recording;

/* Open the file of --record, if there is one, for a card of this release. *recording_out is
 * NULL without the option. */
int recording_open(const struct cli_options *options, struct nvrm_abi abi, const char *chip,
                   struct recording **recording_out, struct gsp_error *err);
/* Put a recorder around a bus when the level asks for it; *bus is replaced. */
int recording_bus(struct recording *r, struct gsp_bus **bus, struct gsp_error *err);
/* NULL unless the level asks for RPCs. */
const struct gsp_rpc_tap *recording_tap(const struct recording *r);
/* System calls for the nvidia backend; NULL unless the level asks for what is below calls. */
const struct gsp_nvidia_os *recording_os(const struct recording *r);
/* Put a recorder around a backend; *backend is replaced. */
int recording_backend(struct recording *r, struct gsp_backend **backend, struct gsp_error *err);
/* End the trace, after the backend and the bus were closed. An error says what is missing in
 * it. r may be NULL. */
int recording_close(struct recording *r, struct gsp_error *err);

#endif
