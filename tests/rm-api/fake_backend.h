/* SPDX-License-Identifier: MIT */
/*
 * A backend that accepts what it is told to accept, remembers every call, and can be made to
 * refuse, to run out of events, or to lack operations.
 */
#ifndef FAKE_BACKEND_H
#define FAKE_BACKEND_H

#include <gsp/backend.h>

enum { FAKE_MOST_CALLS = 256, FAKE_PARAMS_CAP = 512 };

struct fake_call {
    char op; /* 'a'lloc 'c'ontrol 'f'ree 'd'up */
    uint32_t client, parent, object, id;
    uint32_t params_bytes;
    uint8_t params[FAKE_PARAMS_CAP];
};

struct fake_backend {
    struct gsp_backend base;
    struct gsp_backend_ops ops;
    struct fake_call calls[FAKE_MOST_CALLS];
    unsigned call_count;
    uint32_t refuse_status; /* non-zero: the next call of kind refuse_op gets it */
    char refuse_op;
    uint32_t taken_root; /* this root handle belongs to somebody else */
    const void *answer;  /* copied over the parameters of the next control */
    uint32_t answer_bytes;
    struct gsp_event event; /* handed out once when event.function is not 0 */
};

void fake_init(struct fake_backend *f, const char *release);
const struct fake_call *fake_last(const struct fake_backend *f);
unsigned fake_count(const struct fake_backend *f, char op);

#endif
