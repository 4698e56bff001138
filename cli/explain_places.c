/* SPDX-License-Identifier: MIT */
/*
 * What each kind of finding means beside the others: which incident it belongs to, what that
 * follows from, and what it adds.
 */
#include <string.h>

#include "explain_links.h"
#include "xid.h"

/* "python3 (pid 12)", or "a program". */
static const char *
who(const json_t *f, char *buf, size_t bytes)
{
    if (json_object_get(f, "pid"))
        snprintf(buf, bytes, "%.60s (pid %lld)",
                 *cli_str(f, "process") ? cli_str(f, "process") : "process",
                 link_number(f, "pid"));
    else
        snprintf(buf, bytes, "a program");
    return buf;
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

/* What the driver found of GSP stands before the timeout that it is about. */
static void
use_state(struct links *l, struct incident *in)
{
    if (!l->state)
        return;
    link_evidence(in, json_sprintf("the driver found: %s", cli_str(l->state, "state")));
    link_join(in, l->state);
    l->state = NULL;
}

static void
place_state(struct links *l, const json_t *f)
{
    l->state = f;
}

/* No timeout came behind it. */
static void
place_last_state(struct links *l)
{
    struct incident *in = l->state ? link_last(l, "gsp-timeout", "") : NULL;

    if (l->state && !in)
        in = link_open(l, "gsp-timeout", "", l->state, json_string("GSP does not respond"),
                       NULL);
    if (in)
        use_state(l, in);
}

static void
place_event(struct links *l, const json_t *f)
{
    link_add(l, "event", cli_str(f, "name"), f,
             *cli_str(f, "status")
                 ? json_sprintf("GSP's event %s could not be handled: %s", cli_str(f, "name"),
                                cli_str(f, "status"))
                 : json_sprintf("GSP sent %s when nobody expected it", cli_str(f, "name")),
             link_root(l, f));
}

static void
place_timeout(struct links *l, const json_t *f, const json_t *rpc)
{
    struct incident *from = link_root(l, f), *in;
    char call[176];
    json_t *title;

    call_name(rpc, call, sizeof(call));
    title = json_object_get(rpc, "seconds")
                ? json_sprintf("GSP did not answer %s for %lld s", call,
                               link_number(rpc, "seconds"))
                : json_sprintf("GSP did not answer %s%s%s", call,
                               *cli_str(rpc, "status") ? ": " : "", cli_str(rpc, "status"));
    if (!from)
        from = link_last(l, "gsp-crash", cli_str(f, "device"));
    if (!from)
        from = link_last(l, "gsp-timeout", cli_str(f, "device"));
    in = link_add(l, "gsp-timeout", call, f, title,
                  from && !strcmp(from->key, call) ? NULL : from);
    if (in && *cli_str(rpc, "doc") && !json_object_get(in->doc, "call_doc"))
        json_object_set(in->doc, "call_doc", json_object_get(rpc, "doc"));
    if (in && json_object_get(rpc, "control"))
        json_object_set(in->doc, "control", json_object_get(rpc, "control"));
    if (in && json_object_get(rpc, "name"))
        json_object_set(in->doc, "function", json_object_get(rpc, "name"));
    if (in)
        use_state(l, in);
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

/* A crash is told apart from others by what it says. */
static void
add_crash(struct links *l, const json_t *f, const json_t *crash)
{
    json_t *title = crash_title(crash);
    char key[160];
    struct incident *in;

    snprintf(key, sizeof(key), "%.150s", title ? json_string_value(title) : "");
    in = link_add(l, "gsp-crash", key, f, title, link_root(l, f));
    if (!in)
        return;
    link_evidence(in, json_sprintf("at pc %s", cli_str(crash, "pc")));
    if (*cli_str(crash, "data"))
        link_evidence(in, json_sprintf("with %s", cli_str(crash, "data")));
}

static void
place_xid_gsp(struct links *l, const json_t *f)
{
    const json_t *rpc = link_same_line(l, "rpc-timeout"), *crash = link_same_line(l, "crash");

    if (rpc)
        place_timeout(l, f, rpc);
    else if (crash)
        add_crash(l, f, crash);
    else
        link_add(l, link_number(f, "xid") == 120 ? "gsp-crash" : "gsp-timeout", "", f,
                 json_sprintf("Xid %lld: %s", link_number(f, "xid"), cli_str(f, "message")),
                 link_root(l, f));
}

/* The finding of an Xid line was placed with it. */
static bool
placed_with_xid(const struct links *l, const json_t *f)
{
    const json_t *before = l->at ? json_array_get(l->findings, l->at - 1) : NULL;

    return before && link_number(before, "line") == link_number(f, "line") &&
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
        add_crash(l, f, f);
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
            link_evidence(in, json_sprintf("GSP sent %s%s%s meanwhile", call,
                                           *cli_str(row, "record") ? " " : "",
                                           cli_str(row, "record")));
        if (*cli_str(row, "xid"))
            link_evidence(in, json_sprintf("GSP reported %s (%s) shortly before",
                                           cli_str(row, "xid"), cli_str(row, "engine")));
    }
    if (pending > 1)
        link_evidence(in, json_sprintf("%u calls of the history have no answer", pending));
    if (i > 1 && !strcmp(cli_str(f, "direction"), "CPU to GSP")) {
        row = json_array_get(json_object_get(f, "rows"), 1);
        call_name(row, call, sizeof(call));
        link_evidence(in, json_sprintf("the call before it was %s", call));
    }
}

static void
place_history(struct links *l, const json_t *f)
{
    struct incident *in = link_last(l, "gsp-timeout", cli_str(f, "device"));

    if (!in)
        in = link_open(l, "gsp-timeout", "", f,
                       json_string("a history of RPCs without the error that led to it"), NULL);
    else
        link_join(in, f);
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
    in = link_add(l, "shader", key, f,
                  link_number(f, "xid") == 69
                      ? json_sprintf("%s sent a method that the class does not take", name)
                      : json_sprintf("%s broke a rule of the graphics engine", name),
                  link_root(l, f));
    if (in && *cli_str(f, "exception"))
        link_evidence(in, json_sprintf("%s: %s", cli_str(f, "unit"), cli_str(f, "exception")));
    if (in && *cli_str(f, "class"))
        link_evidence(
            in, json_sprintf("class %s, method %s", cli_str(f, "class"), cli_str(f, "method")));
    if (in && json_object_get(f, "esr")) {
        const json_t *first = json_array_get(json_object_get(f, "esr"), 0);

        link_evidence(in, json_sprintf("exception register %s = %s (%s)",
                                       cli_str(first, "register"), cli_str(first, "value"),
                                       cli_str(first, "unit")));
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
    in = link_add(l, "fault", key, f,
                  *cli_str(f, "address")
                      ? json_sprintf("%s: engine %s used address %s: %s", name,
                                     cli_str(f, "engine"), cli_str(f, "address"),
                                     fault_meaning(cli_str(f, "fault")))
                      : json_sprintf("%s: %s", name, cli_str(f, "message")),
                  link_root(l, f));
    if (in && *cli_str(f, "fault"))
        link_evidence(in, json_sprintf("%s%s%s by client %s at %s", cli_str(f, "fault"),
                                       *cli_str(f, "access") ? " " : "", cli_str(f, "access"),
                                       cli_str(f, "client"), cli_str(f, "address")));
}

/* Channels go because of what happened before on the device. */
static void
place_cleanup(struct links *l, const json_t *f)
{
    struct incident *root = link_root(l, f);
    char key[32], name[96];

    if (!root)
        root = link_last(l, NULL, cli_str(f, "device"));
    snprintf(key, sizeof(key), "%d", root ? (int)(root - l->in) : -1);
    link_add(l, "cleanup", key, f,
             root ? json_sprintf("channels were cleaned up")
                  : json_sprintf("%s ended or was killed and its channels were cleaned up",
                                 who(f, name, sizeof(name))),
             root);
}

static void
place_lost(struct links *l, const json_t *f)
{
    struct incident *pcie = NULL;

    for (unsigned i = l->n; i-- > l->epoch && !pcie;)
        if (link_is(&l->in[i], "pcie") && strstr(l->in[i].key, "Uncorrected"))
            pcie = &l->in[i];
    link_add(l, "lost", "", f, json_string("the GPU no longer answers on the bus"), pcie);
}

static void
place_memory(struct links *l, const json_t *f)
{
    struct incident *in = link_add(
        l, "memory", "", f, json_string("errors in video or on-chip memory"), link_root(l, f));

    if (in)
        link_evidence(
            in, json_sprintf("Xid %lld: %s", link_number(f, "xid"), cli_str(f, "message")));
}

static void
place_link(struct links *l, const json_t *f)
{
    struct incident *from = link_root(l, f), *in;

    if (!from)
        from = link_last(l, "nvswitch", "");
    in = link_add(l, "nvlink", "", f, json_string("NVLink errors"), from);
    if (in)
        link_evidence(
            in, json_sprintf("Xid %lld: %s", link_number(f, "xid"), cli_str(f, "message")));
}

/* Xid 154 belongs to the incident before it and says what the GPU needs. */
static void
place_notice(struct links *l, const json_t *f)
{
    struct incident *in = link_root(l, f);

    if (!in)
        in = link_last(l, NULL, cli_str(f, "device"));
    if (link_number(f, "xid") == 154 && in) {
        link_join(in, f);
        if (*cli_str(f, "recovery"))
            json_object_set(in->doc, "recovery", json_object_get(f, "recovery"));
        return;
    }
    link_add(l, "notice", "", f,
             json_sprintf("Xid %lld: %s", link_number(f, "xid"), cli_str(f, "message")),
             link_root(l, f));
}

static void
place_other(struct links *l, const json_t *f)
{
    char key[32];

    snprintf(key, sizeof(key), "%lld", link_number(f, "xid"));
    link_add(l, "xid", key, f,
             *cli_str(f, "name")
                 ? json_sprintf("%s: %s", cli_str(f, "name"), cli_str(f, "message"))
                 : json_sprintf("Xid %s: %s", key, cli_str(f, "message")),
             link_root(l, f));
}

static void
place_xid(struct links *l, const json_t *f)
{
    static void (*const place[])(struct links * l, const json_t *f) = {
        [XID_OTHER] = place_other,     [XID_SHADER] = place_shader, [XID_FAULT] = place_fault,
        [XID_CLEANUP] = place_cleanup, [XID_MEMORY] = place_memory, [XID_LINK] = place_link,
        [XID_GSP] = place_xid_gsp,     [XID_LOST] = place_lost,     [XID_NOTICE] = place_notice,
    };
    const struct xid_fact *fact = xid_fact((uint32_t)link_number(f, "xid"));

    place[fact ? fact->group : XID_OTHER](l, f);
}

/* The rest */

static void
place_sxid(struct links *l, const json_t *f)
{
    struct incident *in =
        link_add(l, "nvswitch", "", f, json_string("errors of an NVSwitch"), NULL);

    if (in)
        link_evidence(
            in, json_sprintf("SXid %lld: %s", link_number(f, "sxid"), cli_str(f, "message")));
}

/* What helps when the driver could not start, by the group of its stage. */
static const char *
init_action(const char *stage_code)
{
    static const struct {
        const char *stage, *action;
    } actions[] = {
        {"0x61",
         "install the GSP firmware of this very release (/lib/firmware/nvidia/RELEASE)"       },
        {"0x62", "look at the lines before it; reset the GPU or restart, then report it"      },
        {"0x3",  "the VBIOS cannot be read or run: check the slot, then the board"            },
        {"0x2",  "look at the lines before it; restart the node, then report it"              },
        {"0x1",  "the registers cannot be mapped: check BIOS settings (resources above 4 GiB)"},
    };

    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
        if (!strncmp(stage_code, actions[i].stage, strlen(actions[i].stage)))
            return actions[i].action;
    return NULL;
}

/* "starting GSP firmware failed: NV_ERR_TIMEOUT" */
static void
place_init(struct links *l, const json_t *f)
{
    struct incident *from = link_root(l, f), *in;
    const char *action = init_action(cli_str(f, "stage_code"));

    if (!from)
        from = link_last(l, NULL, cli_str(f, "device"));
    in = link_add(l, "init-failed", cli_str(f, "stage"), f,
                  json_sprintf("the driver could not bring the GPU up: %s failed with %s",
                               cli_str(f, "stage"), cli_str(f, "status")),
                  from && link_is(from, "init-failed") ? NULL : from);
    if (in && action)
        json_object_set_new(in->doc, "action", json_string(action));
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
        struct incident *in = link_last(l, follows[i].kind, "");

        if (in && !strcmp(follows[i].status, cli_str(f, "status"))) {
            link_join(in, f);
            return;
        }
    }
    snprintf(key, sizeof(key), "%.120s",
             *cli_str(f, "where") ? cli_str(f, "where") : cli_str(f, "expression"));
    link_add(l, "assert", key, f,
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
    struct incident *in = link_last_with_xid(l, link_number(f, "xid"), "");

    if (in)
        link_join(in, f);
    else
        link_add(l, "xid", "", f,
                 json_sprintf("all channels were given up for Xid %lld", link_number(f, "xid")),
                 NULL);
}

static void
place_mismatch(struct links *l, const json_t *f)
{
    struct incident *in = link_add(
        l, "version-mismatch", cli_str(f, "client"), f,
        json_sprintf("libraries of driver %s met another kernel module", cli_str(f, "client")),
        NULL);

    if (in)
        json_object_set_new(
            in->doc, "action",
            json_string("reload the module or restart after an update of the driver"));
}

/* A new start: nothing from before has consequences any more. */
static void
place_load(struct links *l, const json_t *f)
{
    (void)f;
    l->epoch = l->n;
    l->lost = false;
    l->state = NULL;
}

static void
place_pcie(struct links *l, const json_t *f)
{
    struct incident *in =
        link_add(l, "pcie", cli_str(f, "severity"), f,
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
    {"driver-loaded",    place_load        },
    {"gsp-state",        place_state       },
    {"event-failed",     place_event       },
    {"event-unexpected", place_event       },
    {"crash",            place_crash       },
    {"lost",             place_lost        },
    {"init-failed",      place_init        },
    {"all-channels",     place_all_channels},
    {"version-mismatch", place_mismatch    },
    {"sxid",             place_sxid        },
    {"pcie",             place_pcie        },
};

void
link_place(struct links *l, const json_t *f)
{
    if (!f) {
        place_last_state(l);
        return;
    }
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        if (!strcmp(places[i].kind, cli_str(f, "kind")))
            places[i].place(l, f);
}
