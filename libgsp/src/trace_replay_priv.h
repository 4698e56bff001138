/* SPDX-License-Identifier: MIT */
/*
 * Inside of a replay: trace_match.c reads ahead and says whether what a client asks is what was
 * recorded; trace_replay.c is the backend and answers.
 */
#ifndef GSP_TRACE_REPLAY_PRIV_H
#define GSP_TRACE_REPLAY_PRIV_H

#include <gsp/handle_map.h>
#include <gsp/replay.h>

#include "trace_priv.h"

struct mapping {
    struct mapping *next;
    void *at;
    size_t bytes;
};

struct replay {
    struct gsp_backend base; /* first */
    struct gsp_backend_ops ops;
    const struct gsp_host *host;
    unsigned section;
    struct gsp_trace_reader *calls, *events;
    struct gsp_trace_record call, event; /* next ones; type 0: not looked for yet */
    bool calls_end, events_end;
    struct gsp_handle_map handles; /* of the client -> of the trace */
    struct gsp_error diverged;     /* origin NONE: not yet */
    uint8_t *payload;              /* of the event handed out last */
    struct mapping *mappings;
};

/* What the client asks: the numbers of the call as the trace has them, in its own handles. */
struct asked {
    enum gsp_trace_type type;
    unsigned args;
    uint64_t arg[GSP_TRACE_ARGS];
    const void *params;
    size_t params_bytes;
};

/** The next call, or the next event, of the section into r->call or r->event. 0, -ENODATA. */
int replay_peek(struct replay *r, bool calls, struct gsp_error *err);
/** Whether r->call is what the client asks: 0, or -EILSEQ and the replay has diverged. */
int replay_match(struct replay *r, const struct asked *q, struct gsp_error *err);

#endif
