/* SPDX-License-Identifier: MIT */
/*
 * What belongs together in a log: findings become incidents, and an incident that an earlier
 * one brought about says so. Everything after a GPU fell off the bus follows from that; a call
 * that GSP-RM does not answer follows from its crash; channels are cleaned up because of what
 * happened before. Bug reports hold the same lines several times; copies are left out.
 */
#include <stdlib.h>
#include <string.h>

#include "explain.h"
#include "xid.h"

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
    json_t *seen; /* what a finding says -> part -> how often */
    bool failed;
};

static long long
number(const json_t *o, const char *key)
{
    return (long long)json_integer_value(json_object_get(o, key));
}

static bool
is(const struct incident *in, const char *kind)
{
    return !strcmp(in->kind, kind);
}

/* Lines that do not say their device may speak of any. */
static bool
same_device(const struct incident *in, const char *device)
{
    return !*device || !*in->device || !strcmp(in->device, device);
}

/* The newest incident of a kind (NULL: of any that can have consequences) on a device. */
static struct incident *
last_of(struct links *l, const char *kind, const char *device)
{
    for (unsigned i = l->n; i-- > 0;) {
        struct incident *in = &l->in[i];

        if (!same_device(in, device))
            continue;
        if (kind ? is(in, kind)
                 : !is(in, "cleanup") && !is(in, "notice") && !is(in, "assert") &&
                       !is(in, "pcie"))
            return in;
    }
    return NULL;
}

static struct incident *
last_with_xid(struct links *l, long long xid, const char *device)
{
    const json_t *known;
    size_t k;

    for (unsigned i = l->n; i-- > 0;) {
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
    const size_t n = json_array_size(lines);

    if (!n || json_integer_value(json_array_get(lines, n - 1)) != number(f, "line"))
        json_array_append(lines, json_object_get(f, "line"));
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

static void
join(struct incident *in, const json_t *f)
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
static struct incident *
open_incident(struct links *l, const char *kind, const char *key, const json_t *f,
              json_t *title, const struct incident *from)
{
    const int follows = from ? (int)(from - l->in) : -1;
    struct incident *in = room(l);
    static const char *const copied[] = {"causes", "action", "doc", "pid", "process"};

    if (!in) {
        json_decref(title);
        return NULL;
    }
    *in = (struct incident){.kind = kind, .follows = follows};
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
    join(in, f);
    return in;
}

/* What everything on a device follows from, once it happened. */
static struct incident *
root_of(struct links *l, const json_t *f)
{
    struct incident *lost = last_of(l, "lost", cli_str(f, "device"));

    if (lost)
        return lost;
    if (json_object_get(f, "caused_by"))
        return last_with_xid(l, number(f, "caused_by"), cli_str(f, "device"));
    return NULL;
}

/* Join the newest incident of that kind and key, or open one. Takes the title. */
static struct incident *
join_or_open(struct links *l, const char *kind, const char *key, const json_t *f, json_t *title,
             const struct incident *from)
{
    struct incident *in = last_of(l, kind, cli_str(f, "device"));

    if (in && !strcmp(in->key, key)) {
        json_decref(title);
        join(in, f);
        return in;
    }
    return open_incident(l, kind, key, f, title, from);
}

static void
add_evidence(struct incident *in, json_t *text)
{
    if (!json_object_get(in->doc, "evidence"))
        json_object_set_new(in->doc, "evidence", json_array());
    json_array_append_new(json_object_get(in->doc, "evidence"), text);
}

/* "python3 (pid 12)", or "a program". */
static const char *
who(const json_t *f, char *buf, size_t bytes)
{
    if (json_object_get(f, "pid"))
        snprintf(buf, bytes, "%.60s (pid %lld)",
                 *cli_str(f, "process") ? cli_str(f, "process") : "process", number(f, "pid"));
    else
        snprintf(buf, bytes, "a program");
    return buf;
}

/* The next finding of the same line, if it has that kind. */
static const json_t *
same_line(const struct links *l, const char *kind)
{
    const json_t *f = json_array_get(l->findings, l->at),
                 *next = json_array_get(l->findings, l->at + 1);

    return next && number(next, "line") == number(f, "line") &&
                   !strcmp(cli_str(next, "kind"), kind)
               ? next
               : NULL;
}

/* GSP */

/* A call by its names: "GSP_RM_CONTROL NV2080_..." */
static void
call_name(const json_t *rpc, char *buf, size_t bytes)
{
    static const char *const keys[] = {"control", "class", "object"};
    const char *what = "";

    for (size_t i = 0; i < 3 && !*what; i++)
        what = cli_str(rpc, keys[i]);
    snprintf(buf, bytes, "%.60s%s%.100s", cli_str(rpc, "name"), *what ? " " : "",
             *what ? what : "");
}

static void
place_timeout(struct links *l, const json_t *f, const json_t *rpc)
{
    struct incident *from = root_of(l, f), *in;
    char call[176];
    json_t *title;

    call_name(rpc, call, sizeof(call));
    title = json_object_get(rpc, "seconds")
                ? json_sprintf("GSP did not answer %s for %lld s", call, number(rpc, "seconds"))
                : json_sprintf("GSP did not answer %s", call);
    if (!from)
        from = last_of(l, "gsp-crash", cli_str(f, "device"));
    if (!from)
        from = last_of(l, "gsp-timeout", cli_str(f, "device"));
    in = join_or_open(l, "gsp-timeout", call, f, title,
                      from && !strcmp(from->key, call) ? NULL : from);
    if (in && *cli_str(rpc, "doc") && !json_object_get(in->doc, "call_doc"))
        json_object_set(in->doc, "call_doc", json_object_get(rpc, "doc"));
    if (in && json_object_get(rpc, "control"))
        json_object_set(in->doc, "control", json_object_get(rpc, "control"));
    if (in && json_object_get(rpc, "name"))
        json_object_set(in->doc, "function", json_object_get(rpc, "name"));
}

/* "GSP crashed: task panic, an assertion failed" */
static json_t *
crash_title(const json_t *crash)
{
    return json_sprintf("%s crashed: %s %s%s%s",
                        *cli_str(crash, "engine") ? cli_str(crash, "engine") : "GSP",
                        cli_str(crash, "mode"), cli_str(crash, "cause"),
                        *cli_str(crash, "reason") ? ", " : "", cli_str(crash, "reason"));
}

static void
place_xid_gsp(struct links *l, const json_t *f)
{
    const json_t *rpc = same_line(l, "rpc-timeout"), *crash = same_line(l, "crash");

    if (rpc)
        place_timeout(l, f, rpc);
    else
        join_or_open(
            l, number(f, "xid") == 120 ? "gsp-crash" : "gsp-timeout", "", f,
            crash ? crash_title(crash)
                  : json_sprintf("Xid %lld: %s", number(f, "xid"), cli_str(f, "message")),
            root_of(l, f));
}

/* The finding of an Xid line was placed with it. */
static bool
placed_with_xid(const struct links *l, const json_t *f)
{
    const json_t *before = l->at ? json_array_get(l->findings, l->at - 1) : NULL;

    return before && number(before, "line") == number(f, "line") &&
           !strcmp(cli_str(before, "kind"), "xid");
}

static void
place_rpc_timeout(struct links *l, const json_t *f)
{
    if (!placed_with_xid(l, f))
        place_timeout(l, f, f);
}

static void
place_crash(struct links *l, const json_t *f)
{
    if (!placed_with_xid(l, f))
        join_or_open(l, "gsp-crash", "", f, crash_title(f), root_of(l, f));
}

/* What a history adds: calls without an answer, events that came meanwhile. */
static void
history_evidence(struct incident *in, const json_t *f)
{
    const json_t *row;
    unsigned pending = 0;
    char call[176];
    size_t i;

    json_array_foreach(json_object_get(f, "rows"), i, row)
    {
        pending += json_is_true(json_object_get(row, "pending"));
        call_name(row, call, sizeof(call));
        if (json_is_true(json_object_get(row, "during_pending_rpc")))
            add_evidence(in, json_sprintf("GSP sent %s%s%s meanwhile", call,
                                          *cli_str(row, "record") ? " " : "",
                                          cli_str(row, "record")));
        if (*cli_str(row, "xid"))
            add_evidence(in, json_sprintf("GSP reported %s (%s) shortly before",
                                          cli_str(row, "xid"), cli_str(row, "engine")));
    }
    if (pending > 1)
        add_evidence(in, json_sprintf("%u calls of the history have no answer", pending));
    if (i > 1 && !strcmp(cli_str(f, "direction"), "CPU to GSP")) {
        row = json_array_get(json_object_get(f, "rows"), 1);
        call_name(row, call, sizeof(call));
        add_evidence(in, json_sprintf("the call before it was %s", call));
    }
}

static void
place_history(struct links *l, const json_t *f)
{
    struct incident *in = last_of(l, "gsp-timeout", cli_str(f, "device"));

    if (!in)
        in = open_incident(l, "gsp-timeout", "", f,
                           json_string("a history of RPCs without the error that led to it"),
                           NULL);
    else
        join(in, f);
    if (in && json_object_get(f, "rows"))
        history_evidence(in, f);
}

/* Xids */

static void
place_shader(struct links *l, const json_t *f)
{
    struct incident *in;
    char name[96], key[120];

    snprintf(key, sizeof(key), "%s", who(f, name, sizeof(name)));
    in = join_or_open(l, "shader", key, f,
                      number(f, "xid") == 69
                          ? json_sprintf("%s sent a method that the class does not take", name)
                          : json_sprintf("%s broke a rule of the graphics engine", name),
                      root_of(l, f));
    if (in && *cli_str(f, "exception"))
        add_evidence(in, json_sprintf("%s: %s", cli_str(f, "unit"), cli_str(f, "exception")));
    if (in && *cli_str(f, "class"))
        add_evidence(
            in, json_sprintf("class %s, method %s", cli_str(f, "class"), cli_str(f, "method")));
    if (in && json_object_get(f, "esr")) {
        const json_t *first = json_array_get(json_object_get(f, "esr"), 0);

        add_evidence(in,
                     json_sprintf("exception register %s = %s (%s)", cli_str(first, "register"),
                                  cli_str(first, "value"), cli_str(first, "unit")));
    }
}

/* What the MMU's words mean. */
static const char *
fault_meaning(const char *type)
{
    static const struct {
        const char *type, *meaning;
    } meanings[] = {
        {"PDE_SIZE",             "its page table covers less than that"                    },
        {"PDE",                  "nothing near it is mapped (no page table)"               },
        {"PTE",                  "that page is not mapped"                                 },
        {"VA_LIMIT_VIOLATION",   "it lies beyond the end of the address space"             },
        {"UNBOUND_INST_BLOCK",   "the channel has no address space"                        },
        {"PRIV_VIOLATION",       "only the driver may use that page"                       },
        {"RO_VIOLATION",         "that page may only be read"                              },
        {"WO_VIOLATION",         "that page may only be written"                           },
        {"ATOMIC_VIOLATION",     "that page takes no atomics"                              },
        {"UNSUPPORTED_APERTURE", "memory of that kind cannot be used by this engine"       },
        {"UNSUPPORTED_KIND",     "the page's compression or tiling does not fit the engine"},
        {"REGION_VIOLATION",     "it lies in a protected region"                           },
        {"POISONED",             "the memory behind it has an uncorrectable error"         },
        {"COMPRESSION_FAILURE",  "the memory could not be decompressed"                    },
    };

    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
        if (strstr(type, meanings[i].type))
            return meanings[i].meaning;
    return "the MMU refused it";
}

static void
place_fault(struct links *l, const json_t *f)
{
    char name[96], key[160];
    struct incident *in;

    who(f, name, sizeof(name));
    snprintf(key, sizeof(key), "%s %s %s", name, cli_str(f, "engine"), cli_str(f, "fault"));
    in = join_or_open(l, "fault", key, f,
                      *cli_str(f, "address")
                          ? json_sprintf("%s: engine %s used address %s: %s", name,
                                         cli_str(f, "engine"), cli_str(f, "address"),
                                         fault_meaning(cli_str(f, "fault")))
                          : json_sprintf("%s: %s", name, cli_str(f, "message")),
                      root_of(l, f));
    if (in && *cli_str(f, "fault"))
        add_evidence(in, json_sprintf("%s%s%s by client %s at %s", cli_str(f, "fault"),
                                      *cli_str(f, "access") ? " " : "", cli_str(f, "access"),
                                      cli_str(f, "client"), cli_str(f, "address")));
}

/* Channels go because of what happened before on the device. */
static void
place_cleanup(struct links *l, const json_t *f)
{
    struct incident *root = root_of(l, f);
    char key[32], name[96];

    if (!root)
        root = last_of(l, NULL, cli_str(f, "device"));
    snprintf(key, sizeof(key), "%d", root ? (int)(root - l->in) : -1);
    join_or_open(l, "cleanup", key, f,
                 root ? json_sprintf("channels were cleaned up")
                      : json_sprintf("%s ended or was killed and its channels were cleaned up",
                                     who(f, name, sizeof(name))),
                 root);
}

static void
place_lost(struct links *l, const json_t *f)
{
    struct incident *pcie = NULL;

    for (unsigned i = l->n; i-- > 0 && !pcie;)
        if (is(&l->in[i], "pcie") && strstr(l->in[i].key, "Uncorrected"))
            pcie = &l->in[i];
    join_or_open(l, "lost", "", f, json_string("the GPU no longer answers on the bus"), pcie);
}

static void
place_memory(struct links *l, const json_t *f)
{
    struct incident *in = join_or_open(
        l, "memory", "", f, json_string("errors in video or on-chip memory"), root_of(l, f));

    if (in)
        add_evidence(in, json_sprintf("Xid %lld: %s", number(f, "xid"), cli_str(f, "message")));
}

static void
place_link(struct links *l, const json_t *f)
{
    struct incident *from = root_of(l, f), *in;

    if (!from)
        from = last_of(l, "nvswitch", "");
    in = join_or_open(l, "nvlink", "", f, json_string("NVLink errors"), from);
    if (in)
        add_evidence(in, json_sprintf("Xid %lld: %s", number(f, "xid"), cli_str(f, "message")));
}

/* Xid 154 belongs to the incident before it and says what the GPU needs. */
static void
place_notice(struct links *l, const json_t *f)
{
    struct incident *in = root_of(l, f);

    if (!in)
        in = last_of(l, NULL, cli_str(f, "device"));
    if (number(f, "xid") == 154 && in) {
        join(in, f);
        if (*cli_str(f, "recovery"))
            json_object_set(in->doc, "recovery", json_object_get(f, "recovery"));
        return;
    }
    join_or_open(l, "notice", "", f,
                 json_sprintf("Xid %lld: %s", number(f, "xid"), cli_str(f, "message")),
                 root_of(l, f));
}

static void
place_other(struct links *l, const json_t *f)
{
    char key[32];

    snprintf(key, sizeof(key), "%lld", number(f, "xid"));
    join_or_open(l, "xid", key, f,
                 *cli_str(f, "name")
                     ? json_sprintf("%s: %s", cli_str(f, "name"), cli_str(f, "message"))
                     : json_sprintf("Xid %s: %s", key, cli_str(f, "message")),
                 root_of(l, f));
}

static void
place_xid(struct links *l, const json_t *f)
{
    static void (*const place[])(struct links * l, const json_t *f) = {
        [XID_OTHER] = place_other,     [XID_SHADER] = place_shader, [XID_FAULT] = place_fault,
        [XID_CLEANUP] = place_cleanup, [XID_MEMORY] = place_memory, [XID_LINK] = place_link,
        [XID_GSP] = place_xid_gsp,     [XID_LOST] = place_lost,     [XID_NOTICE] = place_notice,
    };
    const struct xid_fact *fact = xid_fact((uint32_t)number(f, "xid"));

    place[fact ? fact->group : XID_OTHER](l, f);
}

/* The rest */

static void
place_sxid(struct links *l, const json_t *f)
{
    struct incident *in =
        join_or_open(l, "nvswitch", "", f, json_string("errors of an NVSwitch"), NULL);

    if (in)
        add_evidence(in,
                     json_sprintf("SXid %lld: %s", number(f, "sxid"), cli_str(f, "message")));
}

/* "starting GSP firmware failed: NV_ERR_TIMEOUT" */
static void
place_init(struct links *l, const json_t *f)
{
    struct incident *from = root_of(l, f);

    if (!from)
        from = last_of(l, NULL, cli_str(f, "device"));
    join_or_open(l, "init-failed", cli_str(f, "stage"), f,
                 json_sprintf("the driver could not bring the GPU up: %s failed with %s",
                              cli_str(f, "stage"), cli_str(f, "status")),
                 from && is(from, "init-failed") ? NULL : from);
}

/* Assertions about what is known already belong to it. */
static void
place_failure(struct links *l, const json_t *f)
{
    static const struct {
        const char *status, *kind;
    } follows[] = {
        {"NV_ERR_GPU_IS_LOST",           "lost"       },
        {"NV_ERR_GPU_IN_FULLCHIP_RESET", "lost"       },
        {"NV_ERR_TIMEOUT",               "gsp-timeout"},
        {"NV_ERR_RESET_REQUIRED",        "gsp-crash"  },
    };
    char key[160];

    for (size_t i = 0; i < sizeof(follows) / sizeof(follows[0]); i++) {
        struct incident *in = last_of(l, follows[i].kind, "");

        if (in && !strcmp(follows[i].status, cli_str(f, "status"))) {
            join(in, f);
            return;
        }
    }
    snprintf(key, sizeof(key), "%.120s",
             *cli_str(f, "where") ? cli_str(f, "where") : cli_str(f, "expression"));
    join_or_open(l, "assert", key, f,
                 *cli_str(f, "status")
                     ? json_sprintf("%s in %s gave %s", cli_str(f, "expression"),
                                    cli_str(f, "where"), cli_str(f, "status"))
                     : json_sprintf("the driver expected %s in %s", cli_str(f, "expression"),
                                    cli_str(f, "where")),
                 NULL);
}

static void
place_all_channels(struct links *l, const json_t *f)
{
    struct incident *in = last_with_xid(l, number(f, "xid"), "");

    if (in)
        join(in, f);
    else
        join_or_open(l, "xid", "", f,
                     json_sprintf("all channels were given up for Xid %lld", number(f, "xid")),
                     NULL);
}

static void
place_mismatch(struct links *l, const json_t *f)
{
    struct incident *in = join_or_open(
        l, "version-mismatch", cli_str(f, "client"), f,
        json_sprintf("libraries of driver %s met another kernel module", cli_str(f, "client")),
        NULL);

    if (in)
        json_object_set_new(
            in->doc, "action",
            json_string("reload the module or restart after an update of the driver"));
}

static void
place_pcie(struct links *l, const json_t *f)
{
    struct incident *in =
        join_or_open(l, "pcie", cli_str(f, "severity"), f,
                     json_sprintf("the bus reported %s errors", cli_str(f, "severity")), NULL);

    if (in)
        json_object_set_new(in->doc, "action",
                            json_string("check seat, risers and cables of that slot"));
}

static const struct {
    const char *kind;
    void (*place)(struct links *l, const json_t *f);
} places[] = {
    {"xid",              place_xid         },
    {"rpc-timeout",      place_rpc_timeout },
    {"rpc-buffer",       place_history     },
    {"rpc-history",      place_history     },
    {"assert",           place_failure     },
    {"check",            place_failure     },
    {"crash",            place_crash       },
    {"lost",             place_lost        },
    {"init-failed",      place_init        },
    {"all-channels",     place_all_channels},
    {"version-mismatch", place_mismatch    },
    {"sxid",             place_sxid        },
    {"pcie",             place_pcie        },
};

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

static void
place(struct links *l, const json_t *f)
{
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        if (!strcmp(places[i].kind, cli_str(f, "kind")))
            places[i].place(l, f);
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
            place(&l, f);
    }
    for (unsigned i = 0; i < l.n; i++)
        json_array_append_new(incidents, l.in[i].doc);
    free(l.in);
    json_decref(l.seen);
    return incidents;
}
