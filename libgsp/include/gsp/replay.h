/* SPDX-License-Identifier: MIT */
/**
 * Replay: a backend that answers from a trace, without a card.
 *
 * Calls must come in the order of the trace and mean the same: the same class, control or
 * function, on the object that stands for the recorded one, with parameters that agree field by
 * field. Handles may have other values; process ids and descriptors may differ. The first call
 * that does not agree ends the replay: the error says at which record, in which field, what the
 * trace has and what came. Every call after it fails the same way.
 */
#ifndef GSP_REPLAY_H
#define GSP_REPLAY_H

#include <gsp/backend.h>
#include <gsp/host.h>
#include <gsp/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

struct gsp_replay_config {
    const char *path;
    unsigned section;                 /* which recording of the file, from 1; 0 means 1 */
    const struct gsp_host *host;      /* borrowed; may be NULL */
    const struct nvrm_schema *schema; /* must have the release of the section */
};

/** The section that a replay of the file would answer from. */
GSP_MUST_CHECK int gsp_replay_section(const struct gsp_replay_config *config,
                                      struct gsp_trace_section *section_out,
                                      struct gsp_error *err);
GSP_MUST_CHECK int gsp_replay_open(const struct gsp_replay_config *config,
                                   struct gsp_backend **backend_out, struct gsp_error *err);
/** 0, or the divergence again. Other backends have none. */
int gsp_replay_check(struct gsp_backend *backend, struct gsp_error *err);

#ifdef __cplusplus
}
#endif
#endif
