/* SPDX-License-Identifier: MIT */
/*
 * What belongs together in a log: findings become incidents, and an incident that an earlier
 * one brought about says so. Everything after a GPU fell off the bus follows from that; a call
 * that GSP-RM does not answer follows from its crash; channels are cleaned up because of what
 * happened before. Bug reports hold the same lines several times; copies are left out.
 */
#include <stdlib.h>
#include <string.h>

#include "explain_links.h"

/* Lines that do not say their device may speak of any. */
static bool
same_device(const struct incident *in, const char *device)
{
    return !*device || !*in->device || !strcmp(in->device, device);
}

/* The newest incident of a kind (NULL: of any that can have consequences) on a device. */
struct incident *
link_last(struct links *l, const char *kind, const char *device)
{
    for (unsigned i = l->n; i-- > l->epoch;) {
        struct incident *in = &l->in[i];

        if (!same_device(in, device))
            continue;
        if (kind ? link_is(in, kind)
                 : !link_is(in, "cleanup") && !link_is(in, "notice") &&
                       !link_is(in, "assert") && !link_is(in, "pcie"))
            return in;
    }
    return NULL;
}

struct incident *
link_last_with_xid(struct links *l, long long xid, const char *device)
{
    const json_t *known;
    size_t k;

    for (unsigned i = l->n; i-- > l->epoch;) {
        json_array_foreach(json_object_get(l->in[i].doc, "xids"), k, known)
        {
            if (json_integer_value(known) == xid && same_device(&l->in[i], device))
                return &l->in[i];
        }
    }
    return NULL;
}

static void
add_line(json_t *doc, const json_t *f)
{
    json_t *lines = json_object_get(doc, "lines");
    const json_int_t line = json_integer_value(json_object_get(f, "line"));
    size_t at = json_array_size(lines);

    while (at && json_integer_value(json_array_get(lines, at - 1)) > line)
        at--;
    if (!at || json_integer_value(json_array_get(lines, at - 1)) != line)
        json_array_insert(lines, at, json_object_get(f, "line"));
    if (*cli_str(f, "time"))
        json_object_set(doc, "until", json_object_get(f, "time"));
}

static void
add_xid(json_t *doc, const json_t *f)
{
    json_t *xids = json_object_get(doc, "xids"), *known, *xid = json_object_get(f, "xid");
    size_t i;

    if (!json_is_integer(xid))
        return;
    json_array_foreach(xids, i, known)
    {
        if (json_equal(known, xid))
            return;
    }
    json_array_append(xids, xid);
}

void
link_join(struct incident *in, const json_t *f)
{
    add_line(in->doc, f);
    add_xid(in->doc, f);
    if (!*in->device && *cli_str(f, "device")) {
        snprintf(in->device, sizeof(in->device), "%s", cli_str(f, "device"));
        json_object_set(in->doc, "device", json_object_get(f, "device"));
    }
}

static struct incident *
room(struct links *l)
{
    if (l->n == l->cap) {
        const unsigned cap = l->cap ? 2 * l->cap : 16;
        struct incident *in = realloc(l->in, cap * sizeof(*in));

        if (!in) {
            l->failed = true;
            return NULL;
        }
        l->in = in;
        l->cap = cap;
    }
    return &l->in[l->n++];
}

/* A new incident. Takes the title. `from` is an incident that brought it about, or NULL. */
struct incident *
link_open(struct links *l, const char *kind, const char *key, const json_t *f, json_t *title,
          const struct incident *from)
{
    const int follows = from ? (int)(from - l->in) : -1;
    struct incident *in = room(l);
    static const char *const copied[] = {"causes", "action", "doc", "pid", "process"};

    if (!in) {
        json_decref(title);
        return NULL;
    }
    *in = (struct incident){.kind = kind, .follows = follows};
    l->lost |= link_is(in, "lost");
    snprintf(in->device, sizeof(in->device), "%s", cli_str(f, "device"));
    snprintf(in->key, sizeof(in->key), "%s", key);
    in->doc =
        json_pack("{s:s, s:o, s:[], s:[]}", "kind", kind, "title", title, "lines", "xids");
    for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++)
        if (json_object_get(f, copied[i]))
            json_object_set(in->doc, copied[i], json_object_get(f, copied[i]));
    if (*in->device)
        json_object_set_new(in->doc, "device", json_string(in->device));
    if (*cli_str(f, "time"))
        json_object_set(in->doc, "time", json_object_get(f, "time"));
    if (follows >= 0)
        json_object_set_new(in->doc, "follows", json_integer(follows + 1));
    link_join(in, f);
    return in;
}

/* What everything on a device follows from, once it happened. */
struct incident *
link_root(struct links *l, const json_t *f)
{
    struct incident *lost = l->lost ? link_last(l, "lost", cli_str(f, "device")) : NULL;

    if (lost)
        return lost;
    if (json_object_get(f, "caused_by"))
        return link_last_with_xid(l, link_number(f, "caused_by"), cli_str(f, "device"));
    return NULL;
}

/* Join the newest incident of that kind and key, or open one. Takes the title. */
struct incident *
link_add(struct links *l, const char *kind, const char *key, const json_t *f, json_t *title,
         const struct incident *from)
{
    for (unsigned i = l->n; i-- > l->epoch;) {
        struct incident *in = &l->in[i];

        if (strcmp(in->key, key) != 0 || !link_is(in, kind) ||
            !same_device(in, cli_str(f, "device")))
            continue;
        json_decref(title);
        link_join(in, f);
        return in;
    }
    return link_open(l, kind, key, f, title, from);
}

void
link_evidence(struct incident *in, json_t *text)
{
    if (!json_object_get(in->doc, "evidence"))
        json_object_set_new(in->doc, "evidence", json_array());
    json_array_append_new(json_object_get(in->doc, "evidence"), text);
}

/* The next finding of the same line, if it has that kind. */
const json_t *
link_same_line(const struct links *l, const char *kind)
{
    const json_t *f = json_array_get(l->findings, l->at),
                 *next = json_array_get(l->findings, l->at + 1);

    return next && link_number(next, "line") == link_number(f, "line") &&
                   !strcmp(cli_str(next, "kind"), kind)
               ? next
               : NULL;
}

/* Parts of a bug report repeat each other: the n-th finding of a kind is a copy when another
 * part had n of them before. */
static bool
is_copy(struct links *l, const json_t *f)
{
    json_t *bare = json_copy((json_t *)f), *parts, *times;
    const char *part = cli_str(f, "part"), *other;
    json_int_t own, most = 0;
    char *key;

    json_object_del(bare, "line");
    json_object_del(bare, "time");
    json_object_del(bare, "part");
    key = json_dumps(bare, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(bare);
    if (!key)
        return false;
    parts = json_object_get(l->seen, key);
    if (!parts) {
        parts = json_object();
        json_object_set_new(l->seen, key, parts);
    }
    free(key);
    own = json_integer_value(json_object_get(parts, part)) + 1;
    json_object_foreach(parts, other, times)
    {
        if (strcmp(other, part) != 0 && json_integer_value(times) > most)
            most = json_integer_value(times);
    }
    json_object_set_new(parts, part, json_integer(own));
    return own <= most;
}

json_t *
explain_links(const json_t *findings)
{
    struct links l = {.findings = findings, .seen = json_object()};
    json_t *incidents = json_array();
    const json_t *f;

    json_array_foreach(findings, l.at, f)
    {
        if (!l.failed && !is_copy(&l, f))
            link_place(&l, f);
    }
    if (!l.failed)
        link_place(&l, NULL);
    for (unsigned i = 0; i < l.n; i++)
        json_array_append_new(incidents, l.in[i].doc);
    free(l.in);
    json_decref(l.seen);
    return incidents;
}
