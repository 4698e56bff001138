/* SPDX-License-Identifier: MIT */
/*
 * What NVIDIA's public list of Xids says beside the names of the schema: numbers that no header
 * names any more, what may be behind an error, and what to do about it.
 */
#ifndef NVRM_CLI_XID_H
#define NVRM_CLI_XID_H

#include <stdint.h>

#include "cli.h"

enum xid_cause {
    XID_HARDWARE = 1,
    XID_DRIVER = 2,
    XID_PROGRAM = 4,
    XID_SYSTEM_MEMORY = 8,
    XID_BUS = 16,
    XID_HEAT = 32,
    XID_VIDEO_MEMORY = 64,
};

/* What an error is about: errors of one group belong together. */
enum xid_group {
    XID_OTHER,
    XID_SHADER,  /* a program's own fault in the graphics engine */
    XID_FAULT,   /* an address */
    XID_CLEANUP, /* channels that go because of something else */
    XID_MEMORY,  /* ECC, rows and pages */
    XID_LINK,    /* NVLink */
    XID_GSP,
    XID_LOST,
    XID_NOTICE, /* no error by itself */
};

struct xid_fact {
    uint16_t first, last; /* numbers that it holds for */
    enum xid_group group;
    unsigned causes;    /* XID_* */
    const char *action; /* NULL: nothing */
    const char *name;   /* where the schema has none; may be NULL */
    const char *doc;    /* the same */
};
extern const char xid_source[]; /* where the list is published */

/* NULL when the list does not have it. */
const struct xid_fact *xid_fact(uint32_t number);
/* "causes" and "action" into a document. */
void xid_describe(uint32_t number, json_t *o);

#endif
