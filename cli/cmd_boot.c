/* SPDX-License-Identifier: MIT */
/*
 * boot: a card from reset to GSP_INIT_DONE, state by state. In the shell and with -e the card
 * stays, so that steps can follow each other; otherwise it is unloaded at the end.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <emu/emu.h>
#include <nvrm/reg.h>

#include "boot_rig.h"
#include "cmds.h"
#include "render.h"
#include "transport.h"

enum { MOST_RPCS = 64, NS_PER_US = 1000 };

/* plan */

static void
print_plan(struct cli *cli, const json_t *rows)
{
    static const struct render_column columns[] = {
        {"index",       "STATE"   },
        {"state",       "NAME"    },
        {"deadline_ms", "DEADLINE"},
        {"meaning",     "MEANING" },
        {"source",      "SOURCE"  },
        {NULL,          NULL      },
    };

    render_table(cli, rows, columns);
}

static json_t *
plan_of(enum gsp_fw_family family)
{
    json_t *rows = json_array();
    const struct gsp_boot_state *s;

    for (unsigned i = 0; (s = gsp_boot_state_at(family, i)); i++) {
        json_t *row = json_object();

        json_object_set_new(row, "index", json_integer(i + 1));
        json_object_set_new(row, "state", json_string(s->name));
        json_object_set_new(row, "deadline_ms", json_integer(s->deadline_ms));
        json_object_set_new(row, "meaning", json_string(s->meaning));
        json_object_set_new(row, "source", json_string(s->source));
        json_array_append_new(rows, row);
    }
    return rows;
}

/* A chip or a firmware family may be named; otherwise it is the card of -t. */
static int
boot_plan(struct cli *cli, const struct transport_spec *spec, const char *word)
{
    enum gsp_fw_family family =
        word ? gsp_fw_family_of_chip(word) : boot_rig_family(spec->chip);

    if (word && family == GSP_FW_FAMILIES)
        family = gsp_fw_family_by_name(word, strlen(word));
    if (!gsp_boot_state_at(family, 0))
        return cli_usage(cli, "a chip such as AD102, or a family such as ga10x",
                         "there is no boot path for '%s'", word ? word : spec->chip);
    return cli_emit(cli, &(struct cli_doc){.json = plan_of(family), .text = print_plan});
}

/* One row per state, as it ends */

static void
print_state(struct cli *cli, const json_t *row)
{
    const bool ok = json_is_true(json_object_get(row, "ok"));

    fprintf(cli->out, "%2lld/%lld  %-13s %s %9.3f ms %7lld rd %6lld wr  %s\n",
            (long long)json_integer_value(json_object_get(row, "index")),
            (long long)json_integer_value(json_object_get(row, "count")), cli_str(row, "state"),
            ok ? "ok    " : "FAILED", json_number_value(json_object_get(row, "time_us")) / 1000,
            (long long)json_integer_value(json_object_get(row, "reads")),
            (long long)json_integer_value(json_object_get(row, "writes")),
            cli_str(row, "meaning"));
    if (cli->options.verbose) {
        const json_t *name;
        size_t i;

        json_array_foreach(json_object_get(row, "registers"), i, name)
            fprintf(cli->out, "        %s\n", json_string_value(name));
    }
}

static json_t *
state_row(const struct gsp_boot_report *r)
{
    uint64_t time_ns = r->end_ns - r->start_ns;
    json_t *row = json_object(), *registers = json_array();

    if (time_ns >= CLI_PAST_DEADLINES_NS) /* Ctrl-C in the state */
        time_ns -= CLI_PAST_DEADLINES_NS;
    for (unsigned i = 0; i < r->touched_count; i++) {
        char name[128];

        nvrm_reg_name(r->touched[i], name, sizeof(name));
        json_array_append_new(registers, json_string(name));
    }
    json_object_set_new(row, "index", json_integer(r->index + 1));
    json_object_set_new(row, "count", json_integer(r->count));
    json_object_set_new(row, "state", json_string(r->state->name));
    json_object_set_new(row, "ok", json_boolean(r->rc == 0));
    json_object_set_new(row, "time_us", json_integer((json_int_t)(time_ns / NS_PER_US)));
    json_object_set_new(row, "reads", json_integer((json_int_t)r->reads));
    json_object_set_new(row, "writes", json_integer((json_int_t)r->writes));
    json_object_set_new(row, "meaning", json_string(r->state->meaning));
    json_object_set_new(row, "registers", registers);
    if (r->err)
        json_object_set_new(row, "error", json_string(r->err->text));
    return row;
}

static void
show_state(void *ctx, const struct gsp_boot_report *report)
{
    cli_emit_row(ctx, state_row(report), print_state);
}

/* The card */

static int
open_rig(struct cli *cli, const struct transport_spec *spec, struct gsp_error *err)
{
    struct nvrm_abi abi;
    int rc = cli->boot ? 0 : cli_abi(cli, &abi, err);

    if (rc < 0 || cli->boot)
        return rc;
    return boot_rig_open(cli, spec, abi, show_state, cli, &cli->boot, err);
}

/* A card that is not emulated here has to be asked what it is. */
static int
plan_of_card(struct cli *cli, const struct transport_spec *spec)
{
    struct gsp_error err = {0};

    if (open_rig(cli, spec, &err) < 0)
        return cli_fail(cli, &err);
    return cli_emit(cli, &(struct cli_doc){.json = plan_of(gsp_boot_family(cli->boot->boot)),
                                           .text = print_plan});
}

/* The state that was meant, if any is near. */
static void
hint_state(struct cli *cli, const char *until, struct gsp_error *err)
{
    const enum gsp_fw_family family = gsp_boot_family(cli->boot->boot);
    const struct gsp_boot_state *state;
    const char *names[32] = {NULL};
    const char *near;

    for (unsigned i = 0; i < 31 && (state = gsp_boot_state_at(family, i)); i++)
        names[i] = state->name;
    near = cli_nearest(until, names);
    for (unsigned i = 0; !near && names[i]; i++)
        near = strncmp(names[i], until, strlen(until)) ? NULL : names[i];
    if (near)
        gsp_hint(err, "did you mean %s?", near);
}

static int
boot_run(struct cli *cli, const char *until)
{
    struct gsp_error err = {0};

    if (gsp_boot_run(cli->boot->boot, until, &err) < 0) {
        if (err.origin == GSP_ORIGIN_INPUT)
            hint_state(cli, until, &err);
        transport_hint_release(&cli->options, cli->boot->abi, &err);
        return cli_fail(cli, &err);
    }
    /* Nobody can use the card after this line: its unload belongs to the result. */
    if (!cli->keep_session && gsp_boot_backend(cli->boot->boot) &&
        gsp_boot_unload(cli->boot->boot, &err) < 0)
        return cli_fail(cli, &err);
    return CLI_OK;
}

static int
boot_step(struct cli *cli)
{
    struct gsp_error err = {0};

    return gsp_boot_step(cli->boot->boot, &err) < 0 ? cli_fail(cli, &err) : CLI_OK;
}

/* What needs a card that was booted before: unload, suspend, resume. */
static int
boot_leave(struct cli *cli, int (*leave)(struct gsp_boot *, struct gsp_error *))
{
    struct gsp_error err = {0};

    if (leave(cli->boot->boot, &err) == 0)
        return CLI_OK;
    if (err.rc == -ENOTCONN && !cli->keep_session)
        gsp_hint(&err, "the card lives as long as the program: -e 'boot run' -e 'boot unload'");
    return cli_fail(cli, &err);
}

static json_t *
status_json(const struct cli_boot *rig, const struct gsp_boot_status *s)
{
    const struct gsp_boot_state *next = gsp_boot_next(rig->boot);
    json_t *doc = json_object();

    json_object_set_new(doc, "chip", json_string(rig->card.chip));
    json_object_set_new(doc, "family", json_string(gsp_fw_family_info(s->family)->name));
    json_object_set_new(doc, "release",
                        json_string(nvrm_release_name(rig->abi.schema, rig->abi.release)));
    json_object_set_new(doc, "next", next ? json_string(next->name) : json_null());
    json_object_set_new(doc, "NV_PMC_BOOT_42", cli_hex32(s->boot42));
    json_object_set_new(doc, "firmware_ready", json_boolean(s->firmware_ready));
    json_object_set_new(doc, "memory_mib", json_integer((json_int_t)(s->fb_bytes >> 20)));
    json_object_set_new(doc, "wpr2_up", json_boolean(s->wpr2_up));
    if (s->wpr2_up) {
        json_object_set_new(doc, "wpr2_start", cli_hex(s->wpr2_start));
        json_object_set_new(doc, "wpr2_end", cli_hex(s->wpr2_end));
    }
    json_object_set_new(doc, "mailbox0", cli_hex32(s->mailbox0));
    json_object_set_new(doc, "mailbox1", cli_hex32(s->mailbox1));
    json_object_set_new(doc, "riscv_active", json_boolean(s->riscv_active));
    json_object_set_new(doc, "suspended", json_boolean(s->suspended));
    json_object_set_new(doc, "locked_down", json_boolean(s->locked_down));
    json_object_set_new(doc, "halted", json_boolean(s->halted));
    json_object_set_new(doc, "gpu_ms", json_integer(s->gpu_ms));
    json_object_set_new(doc, "heartbeat_late", json_boolean(s->heartbeat_late));
    json_object_set_new(doc, "heartbeat_ms", json_integer(s->heartbeat_ms[0]));
    json_object_set_new(doc, "libos_heartbeat_ms", json_integer(s->heartbeat_ms[1]));
    return doc;
}

static int
boot_status(struct cli *cli)
{
    struct gsp_boot_status status;
    struct gsp_error err = {0};

    if (gsp_boot_status(cli->boot->boot, &status, &err) < 0)
        return cli_fail(cli, &err);
    return cli_emit(cli, &(struct cli_doc){.json = status_json(cli->boot, &status)});
}

/* run --all: every emulated card at several releases */

struct totals {
    uint64_t reads, writes;
    unsigned states;
};

static void
count_state(void *ctx, const struct gsp_boot_report *report)
{
    struct totals *t = ctx;

    t->reads += report->reads;
    t->writes += report->writes;
    t->states += report->rc == 0;
}

static void
print_boot(struct cli *cli, const json_t *row)
{
    fprintf(cli->out, "%-6s %-11s %2lld states %8.3f ms %7lld rd %6lld wr %3lld RPCs  %s\n",
            cli_str(row, "chip"), cli_str(row, "release"),
            (long long)json_integer_value(json_object_get(row, "states")),
            json_number_value(json_object_get(row, "time_us")) / 1000,
            (long long)json_integer_value(json_object_get(row, "reads")),
            (long long)json_integer_value(json_object_get(row, "writes")),
            (long long)json_integer_value(json_object_get(row, "rpcs")),
            json_is_true(json_object_get(row, "ok")) ? "ok" : cli_str(row, "error"));
}

/* 0, 1 when the boot failed, -ENOTSUP when the release does not know the chip. */
static int
boot_one(struct cli *cli, const char *chip, struct nvrm_abi abi, const char *inject)
{
    struct gsp_rpc_record records[MOST_RPCS];
    char kind[] = "emu";
    const struct transport_spec spec = {
        .kind = kind, .chip = (char *)chip, .inject = (char *)inject};
    struct totals t = {0};
    struct cli_boot *rig;
    struct gsp_error err = {0};
    json_t *row = json_object();
    uint64_t start_ns;
    unsigned rpcs = 0;
    int rc = boot_rig_open(cli, &spec, abi, count_state, &t, &rig, &err);

    if (rc < 0) {
        json_decref(row);
        return rc == -ENOTSUP ? rc : (cli_fail(cli, &err), 1);
    }
    start_ns = gsp_host_now_ns(NULL);
    rc = gsp_boot_run(rig->boot, NULL, &err);
    if (rc == 0)
        rpcs = gsp_rm_history(gsp_boot_backend(rig->boot), records, MOST_RPCS);
    json_object_set_new(row, "chip", json_string(chip));
    json_object_set_new(row, "release",
                        json_string(nvrm_release_name(abi.schema, abi.release)));
    json_object_set_new(row, "ok", json_boolean(rc == 0));
    json_object_set_new(row, "states", json_integer(t.states));
    json_object_set_new(
        row, "time_us",
        json_integer((json_int_t)((gsp_host_now_ns(NULL) - start_ns) / NS_PER_US)));
    json_object_set_new(row, "reads", json_integer((json_int_t)t.reads));
    json_object_set_new(row, "writes", json_integer((json_int_t)t.writes));
    json_object_set_new(row, "rpcs", json_integer(rpcs));
    if (rc < 0)
        json_object_set_new(row, "error", json_string(err.text));
    boot_rig_close(rig);
    cli_emit_row(cli, row, print_boot);
    return rc < 0;
}

static int
boot_all(struct cli *cli, int count, char **words, const char *inject)
{
    static const char *const usual[] = {"535.113.01", "570.144", "580.126.20", "595.45.04"};
    const int releases = count ? count : (int)(sizeof(usual) / sizeof(usual[0]));
    int failed = 0;

    for (unsigned i = 0; i < emu_chip_count(); i++)
        for (int n = 0; n < releases && !*cli->interrupted; n++) {
            const char *name = count ? words[n] : usual[n];
            const struct nvrm_abi abi = {cli->schema, nvrm_release_find(cli->schema, name)};

            if (abi.release == NVRM_NO_RELEASE)
                return cli_usage(cli, "schema releases lists them", "no release '%s'", name);
            failed += boot_one(cli, emu_chip_at(i)->name, abi, inject) > 0;
        }
    return failed ? CLI_PROTOCOL : CLI_OK;
}

/* The verb */

/* A card that is gone for good is closed: in the shell, the next line opens it anew. */
static int
let_go(struct cli *cli, int rc)
{
    struct gsp_bus *bus = cli->boot ? cli->boot->card.bus : NULL;

    if (rc == CLI_LOST && bus && bus->ops->gone && bus->ops->gone(bus)) {
        boot_rig_close(cli->boot);
        cli->boot = NULL;
    }
    return rc;
}

static int
usage(struct cli *cli, const char *word)
{
    static const char *const verbs[] = {"plan",   "run",     "step",   "status",
                                        "unload", "suspend", "resume", NULL};
    const char *near = cli_nearest(word, verbs);
    char hint[96];

    snprintf(hint, sizeof(hint), "%s%s%s",
             near ? "did you mean " : "plan, run, step, status, unload, suspend ",
             near ? near : "or resume", near ? "?" : "");
    return cli_usage(cli, hint, "boot has no '%s'", word);
}

static int
on_card(struct cli *cli, const struct transport_spec *spec, const char *word, const char *until)
{
    struct gsp_error err = {0};

    if (open_rig(cli, spec, &err) < 0)
        return cli_fail(cli, &err);
    if (!strcmp(word, "run"))
        return boot_run(cli, until);
    if (!strcmp(word, "step"))
        return boot_step(cli);
    if (!strcmp(word, "status"))
        return boot_status(cli);
    if (!strcmp(word, "unload"))
        return boot_leave(cli, gsp_boot_unload);
    if (!strcmp(word, "suspend"))
        return boot_leave(cli, gsp_boot_suspend);
    return strcmp(word, "resume") ? usage(cli, word) : boot_leave(cli, gsp_boot_resume);
}

/* --dry-run opens no card: what would be done is the plan, and the rest has none. */
static int
dry_run(struct cli *cli, const struct transport_spec *spec, const char *word)
{
    if ((!strcmp(word, "run") || !strcmp(word, "step")) && !strcmp(spec->kind, "emu"))
        return boot_plan(cli, spec, NULL);
    return cli_usage(cli, "boot plan CHIP shows the states without a card",
                     "boot %s works on a card, and --dry-run opens none", word);
}

static int
cmd_boot_run(struct cli *cli, int argc, char **argv)
{
    const bool all = cli_flag(&argc, argv, "--all");
    struct transport_spec spec;
    struct gsp_error err = {0};
    char *until = NULL;
    int rc = cli_value(cli, &argc, argv, "--until", &until);

    if (rc == CLI_OK)
        rc = cli_check_args(cli, &cmd_boot, &argc, argv);
    if (rc != CLI_OK)
        return rc;
    if (transport_spec_parse(&cli->options, &spec, &err) < 0)
        return cli_fail(cli, &err);
    if (cli->options.dry_run && strcmp(argv[1], "plan"))
        rc = dry_run(cli, &spec, argv[1]);
    else if (!strcmp(argv[1], "plan") && argc == 2 && strcmp(spec.kind, "emu"))
        rc = plan_of_card(cli, &spec);
    else if (!strcmp(argv[1], "plan"))
        rc = boot_plan(cli, &spec, argc > 2 ? argv[2] : NULL);
    else if (all && !strcmp(argv[1], "run"))
        rc = boot_all(cli, argc - 2, argv + 2, spec.inject);
    else if (argc > 2)
        rc = cli_usage(cli, "only plan and run --all take words", "boot %s: what is '%s'?",
                       argv[1], argv[2]);
    else
        rc = let_go(cli, on_card(cli, &spec, argv[1], until));
    transport_spec_fini(&spec);
    if (!cli->keep_session) {
        boot_rig_close(cli->boot);
        cli->boot = NULL;
    }
    return rc;
}

const struct nvrm_cmd cmd_boot = {
    .name = "boot",
    .args = "plan|run|step|status|unload|suspend|resume [CHIP|RELEASE...]",
    .options = "--until STATE, --all",
    .help = "boot GSP-RM state by state, from reset to GSP_INIT_DONE",
    .min_args = 1,
    .max_args = -1,
    .run = cmd_boot_run,
};
