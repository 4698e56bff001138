/* SPDX-License-Identifier: MIT */
/*
 * event watch: subscribe to notifiers of the subdevice and print what comes, one row an event.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <gsp/event.h>
#include <rm/name.h>

#include "cmds.h"
#include "describe.h"
#include "explain.h"
#include "nearest.h"
#include "session.h"

#define NOTIFIER_PREFIX "NV2080_NOTIFIERS_"
#define TRIGGER_CONTROL "NV2080_CTRL_CMD_EVENT_SET_TRIGGER"

enum { MOST_NOTIFIERS = 32, SLICE_NS = 50000000 };

struct watch {
    struct cli_session *s;
    rm_handle subdevice;
    uint32_t notifiers[MOST_NOTIFIERS];
    unsigned notifier_count;
    unsigned long count; /* 0: until interrupted */
    bool trigger;
    uint64_t timeout_ns;
};

/* The name of a notifier index, or NULL. */
static const char *
notifier_name(struct nvrm_abi abi, uint32_t index)
{
    for (unsigned row = 0; row < nvrm_constant_count(abi.schema); row++) {
        const struct nvrm_const *c = nvrm_constant_at(abi, row);
        const char *name = c ? nvrm_str(abi.schema, c->name) : "";

        if (c && c->value == index && !c->is_range &&
            !strncmp(name, NOTIFIER_PREFIX, sizeof(NOTIFIER_PREFIX) - 1) &&
            strcmp(name, NOTIFIER_PREFIX "MAXCOUNT"))
            return name;
    }
    return NULL;
}

/* The nearest notifier's name without its prefix; NULL when none is near. */
static const char *
nearest_notifier(struct nvrm_abi abi, const char *word)
{
    const size_t prefix = sizeof(NOTIFIER_PREFIX) - 1;
    unsigned limit = 1 + (unsigned)strlen(word) / 3;
    const char *best = NULL;

    for (unsigned row = 0; row < nvrm_constant_count(abi.schema); row++) {
        const struct nvrm_const *c = nvrm_constant_at(abi, row);
        const char *name = c ? nvrm_str(abi.schema, c->name) : "";
        unsigned d;

        if (strncmp(name, NOTIFIER_PREFIX, prefix) != 0)
            continue;
        d = cli_distance(word, name + prefix);
        if (d < limit) {
            limit = d;
            best = name + prefix;
        }
    }
    return best;
}

static int
parse_notifier(struct nvrm_abi abi, const char *word, uint32_t *index_out,
               struct gsp_error *err)
{
    const char *nearest;
    char name[128];
    uint64_t value;

    if (rm_parse_u32(word, index_out))
        return 0;
    snprintf(name, sizeof(name), "%s%s",
             strncmp(word, NOTIFIER_PREFIX, sizeof(NOTIFIER_PREFIX) - 1) ? NOTIFIER_PREFIX : "",
             word);
    if (nvrm_constant_find(abi, name, &value)) {
        *index_out = (uint32_t)value;
        return 0;
    }
    gsp_fail(err, GSP_ORIGIN_INPUT, -ENOENT, "release %s has no notifier %s",
             nvrm_release_name(abi.schema, abi.release), name);
    nearest = nearest_notifier(abi, name + sizeof(NOTIFIER_PREFIX) - 1);
    if (nearest)
        gsp_hint(err, "did you mean %s?", nearest);
    else
        gsp_hint(err, "schema search '%s*' lists them", NOTIFIER_PREFIX);
    return -ENOENT;
}

static int
parse_watch(struct cli *cli, struct watch *w, int argc, char **argv, const char *count,
            struct gsp_error *err)
{
    char *end = NULL;
    int rc = session_get(cli, &w->s, err);

    if (rc < 0)
        return rc;
    if (count)
        w->count = strtoul(count, &end, 10);
    if (count && (*end || !w->count || *count == '-'))
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "--count: '%s' is not a number above 0",
                        count);
    if (argc > MOST_NOTIFIERS)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "at most %d notifiers at once",
                        MOST_NOTIFIERS);
    for (int i = 0; i < argc && rc == 0; i++)
        rc =
            parse_notifier(session_abi(w->s), argv[i], &w->notifiers[w->notifier_count++], err);
    if (rc == 0 && !argc)
        rc = parse_notifier(session_abi(w->s), "SW", &w->notifiers[w->notifier_count++], err);
    return rc < 0 ? rc : session_object(w->s, "subdevice", &w->subdevice, err);
}

static void
print_event(struct cli *cli, const json_t *row)
{
    fprintf(cli->out, "%10.6f %s", json_number_value(json_object_get(row, "time_s")),
            cli_str(row, "event"));
    if (json_object_get(row, "text"))
        fprintf(cli->out, " %s", cli_str(row, "text"));
    if (json_object_get(row, "xid_name"))
        fprintf(cli->out, " [%s]", cli_str(row, "xid_name"));
    if (json_object_get(row, "notifier"))
        fprintf(cli->out, " %s data=%s info16=%lld status=%s", cli_str(row, "notifier"),
                cli_str(row, "data"),
                (long long)json_integer_value(json_object_get(row, "info16")),
                cli_str(row, "status"));
    fputc('\n', cli->out);
}

static json_t *
payload_json(struct nvrm_abi abi, const struct rm_event *e)
{
    const struct nvrm_layout *layout = gsp_event_layout(abi, e->function);
    struct gsp_text text = {0};

    if (layout &&
        gsp_json_write(abi, layout, e->payload, e->payload_bytes, 0, &text, NULL) == 0)
        return cli_json_of(&text);
    gsp_text_fini(&text);
    return json_null();
}

/* An Xid or a journal record in words. */
static void
add_words(json_t *row, struct nvrm_abi abi, const struct rm_event *e)
{
    const struct nvrm_const *xid;
    struct gsp_event_summary s;
    char number[16];

    if (!gsp_event_summarize(abi, e->function, e->payload, e->payload_bytes, &s))
        return;
    json_object_set_new(row, "text", json_string(s.text));
    if (!s.xid)
        return;
    snprintf(number, sizeof(number), "%u", s.xid);
    xid = explain_find_xid(abi, number);
    json_object_set_new(row, "xid", json_integer(s.xid));
    if (xid)
        json_object_set_new(row, "xid_name", json_string(describe_xid_name(abi, xid)));
}

static json_t *
event_row(const struct watch *w, const struct rm_event *e)
{
    const struct nvrm_abi abi = session_abi(w->s);
    const char *event = gsp_event_name(abi, e->function);
    const uint64_t start = session_start_ns(w->s);
    json_t *row = json_object();

    json_object_set_new(row, "event", json_string(event ? event : "?"));
    json_object_set_new(row, "function", cli_hex(e->function));
    json_object_set_new(
        row, "time_s",
        json_real(e->time_ns > start ? (double)(e->time_ns - start) / 1e9 : 0.0));
    if (e->event) {
        /* The flag bits above say how it is delivered, not what happened. */
        const uint32_t index = e->notify_index & 0xffff;
        const char *name = notifier_name(abi, index);
        const char *status = nvrm_status_name(abi, e->status);

        json_object_set_new(row, "handle", cli_hex32(e->event));
        json_object_set_new(row, "notifier",
                            name ? json_string(name) : json_integer((json_int_t)index));
        json_object_set_new(row, "data", cli_hex(e->data));
        json_object_set_new(row, "info16", json_integer(e->info16));
        json_object_set_new(row, "status", status ? json_string(status) : cli_hex(e->status));
    }
    add_words(row, abi, e);
    json_object_set_new(row, "payload", payload_json(abi, e));
    return row;
}

/* Wait in slices, so that Ctrl-C is seen. 0, -EAGAIN at the deadline, -EINTR. */
static int
wait_event(const struct cli *cli, const struct watch *w, uint64_t deadline_ns,
           struct rm_event *e, struct gsp_error *err)
{
    for (;;) {
        int rc = rm_event_next(session_client(w->s), e, SLICE_NS, err);

        if (rc != -EAGAIN)
            return rc;
        if (*cli->interrupted)
            return -EINTR;
        if (deadline_ns && gsp_host_now_ns(NULL) >= deadline_ns)
            return -EAGAIN;
    }
}

static int
timed_out(struct cli *cli, const struct watch *w)
{
    struct gsp_error err = {0};

    gsp_fail(&err, GSP_ORIGIN_PROTOCOL, -ETIMEDOUT, "no event within %.3g s",
             (double)w->timeout_ns / 1e9);
    gsp_hint(&err, "--trigger makes the card send one; --timeout waits longer");
    return cli_fail(cli, &err);
}

static int
watch_events(struct cli *cli, const struct watch *w)
{
    for (unsigned long seen = 0; !w->count || seen < w->count; seen++) {
        const uint64_t deadline_ns = w->timeout_ns ? gsp_host_now_ns(NULL) + w->timeout_ns : 0;
        struct gsp_error err = {0};
        struct rm_event e;
        int rc = wait_event(cli, w, deadline_ns, &e, &err);

        if (rc == -EINTR)
            return CLI_INTERRUPTED;
        if (rc == -EAGAIN)
            return timed_out(cli, w);
        if (rc < 0)
            return cli_fail(cli, &err);
        rc = cli_emit_row(cli, event_row(w, &e), print_event);
        if (rc != CLI_OK)
            return rc;
    }
    return CLI_OK;
}

static int
trigger(struct cli *cli, const struct watch *w, struct gsp_error *err)
{
    const struct nvrm_abi abi = session_abi(w->s);
    const struct nvrm_control *control;
    uint32_t cmd;
    int rc = rm_name_control(abi, TRIGGER_CONTROL, &control, &cmd, err);

    if (rc == 0)
        rc = policy_control(cli, abi, control, cmd, err);
    if (rc < 0)
        return rc;
    return rm_control_json(session_client(w->s), w->subdevice, TRIGGER_CONTROL, NULL, 0, NULL,
                           err);
}

static int
subscribe(struct cli *cli, struct watch *w, struct gsp_error *err)
{
    for (unsigned i = 0; i < w->notifier_count; i++) {
        rm_handle event;
        int rc = rm_event_subscribe(session_client(w->s), w->subdevice, w->notifiers[i], &event,
                                    err);

        if (rc < 0)
            return rc;
        if (cli->options.verbose)
            cli_note(cli, "event object 0x%08x for notifier %u", event, w->notifiers[i]);
    }
    return w->trigger ? trigger(cli, w, err) : 0;
}

static int
cmd_event_run(struct cli *cli, int argc, char **argv)
{
    struct gsp_error err = {0};
    struct watch w = {0};
    char *count = NULL;
    int rc;

    w.trigger = cli_flag(&argc, argv, "--trigger");
    rc = cli_value(cli, &argc, argv, "--count", &count);
    if (rc == CLI_OK)
        rc = cli_check_args(cli, &cmd_event, &argc, argv);
    if (rc != CLI_OK)
        return rc;
    if (strcmp(argv[1], "watch"))
        return cli_usage(cli, "usage: nvrm-cli event watch [NOTIFIER...]",
                         "event has no '%s', only watch", argv[1]);
    w.timeout_ns = cli->options.timeout_ns;
    if (parse_watch(cli, &w, argc - 2, argv + 2, count, &err) < 0 ||
        subscribe(cli, &w, &err) < 0)
        return cli_fail(cli, &err);
    if (session_is_dry(w.s))
        return session_emit_dry(cli, w.s);
    return watch_events(cli, &w);
}

const struct nvrm_cmd cmd_event = {
    .name = "event",
    .args = "watch [NOTIFIER...]",
    .options = "--count N, --trigger",
    .help = "subscribe to notifiers of the subdevice and print events as they come",
    .min_args = 1,
    .max_args = -1,
    .run = cmd_event_run,
};
