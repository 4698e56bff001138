/* SPDX-License-Identifier: MIT */
/*
 * Incidents of a log while they are put together: the machinery (explain_links.c) and the rules
 * of each kind of finding (explain_places.c).
 */
#ifndef NVRM_CLI_EXPLAIN_LINKS_H
#define NVRM_CLI_EXPLAIN_LINKS_H

#include <string.h>

#include "explain.h"

struct incident {
    const char *kind;
    char device[48], key[160]; /* findings with the same key belong to it */
    json_t *doc;
    int follows; /* index, or -1 */
};

struct links {
    const json_t *findings;
    size_t at; /* the finding being placed */
    struct incident *in;
    unsigned n, cap;
    unsigned epoch;      /* the first incident since the driver was loaded */
    const json_t *state; /* of GSP, that the next timeout explains; may be NULL */
    json_t *seen;        /* what a finding says -> part -> how often */
    bool lost;           /* there is an incident of that kind */
    bool failed;
};

static inline long long
link_number(const json_t *o, const char *key)
{
    return (long long)json_integer_value(json_object_get(o, key));
}
static inline bool
link_is(const struct incident *in, const char *kind)
{
    return !strcmp(in->kind, kind);
}

/* The newest incident of a kind (NULL: of any that can have consequences) on a device. */
struct incident *link_last(struct links *l, const char *kind, const char *device);
struct incident *link_last_with_xid(struct links *l, long long xid, const char *device);
/* What everything on a device follows from, once it happened; or what the finding names. */
struct incident *link_root(struct links *l, const json_t *f);
/* The finding belongs to an incident. */
void link_join(struct incident *in, const json_t *f);
/* A new incident that `from` (may be NULL) brought about. Takes the title. NULL: no memory. */
struct incident *link_open(struct links *l, const char *kind, const char *key, const json_t *f,
                           json_t *title, const struct incident *from);
/* Join the newest incident of that kind and key on the device, or open one. Takes the title. */
struct incident *link_add(struct links *l, const char *kind, const char *key, const json_t *f,
                          json_t *title, const struct incident *from);
/* Takes the text. */
void link_evidence(struct incident *in, json_t *text);
/* The next finding of the same line, if it has that kind. */
const json_t *link_same_line(const struct links *l, const char *kind);

/* Put the finding where its kind's rule says; NULL when there are no more. */
void link_place(struct links *l, const json_t *f);

#endif
