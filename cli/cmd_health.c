/* SPDX-License-Identifier: MIT */
/*
 * health: one stable line per card and an exit code, for clush -b and Slurm.
 */
#include <string.h>

#include "cmds.h"
#include "health.h"

/* "; critical: ecc: 3 uncorrected errors" for the checks of one kind. */
static void
print_checks(struct cli *cli, json_t *checks, enum health kind, const char *between)
{
    const char *name;
    json_t *check;

    json_object_foreach(checks, name, check)
    {
        if (strcmp(cli_str(check, "status"), health_name(kind)))
            continue;
        if (kind == HEALTH_UNKNOWN)
            fprintf(cli->out, "%s%s", between, name);
        else
            fprintf(cli->out, "%s%s: %s", between, name, cli_str(check, "text"));
        between = kind == HEALTH_UNKNOWN ? ", " : "; ";
    }
}

static void
print_card(struct cli *cli, const json_t *card)
{
    json_t *checks = json_object_get(card, "checks");
    const char *status = cli_str(card, "status");

    fprintf(cli->out, "card %lld (%s): %s",
            (long long)json_integer_value(json_object_get(card, "card")), cli_str(card, "name"),
            status);
    print_checks(cli, checks, HEALTH_CRITICAL, "; critical: ");
    print_checks(cli, checks, HEALTH_WARNING, "; warning: ");
    if (!strcmp(status, "unknown"))
        fprintf(cli->out, "; %s", cli_str(json_object_get(checks, "card"), "text"));
    else
        print_checks(cli, checks, HEALTH_UNKNOWN, "; unknown: ");
    fputc('\n', cli->out);
}

static void
print_cards(struct cli *cli, const json_t *doc)
{
    const json_t *card;
    size_t i;

    json_array_foreach(json_object_get(doc, "cards"), i, card)
    {
        print_card(cli, card);
    }
}

/* Every --limit of the line. */
static int
take_limits(struct cli *cli, struct health_rules *rules, int *argc, char **argv)
{
    struct gsp_error err = {0};
    char *text;
    int rc;

    do {
        rc = cli_value(cli, argc, argv, "--limit", &text);
        if (rc == CLI_OK && text && health_set_limit(rules, text, &err) < 0)
            return cli_fail(cli, &err);
    } while (rc == CLI_OK && text);
    return rc;
}

static int
take_rules(struct cli *cli, struct health_rules *rules, int *argc, char **argv)
{
    struct gsp_error err = {0};
    char *file, *skip, *require;
    int rc = cli_value(cli, argc, argv, "--limits", &file);

    health_rules_init(rules);
    if (rc == CLI_OK && file && health_load(rules, file, &err) < 0)
        return cli_fail(cli, &err);
    if (rc == CLI_OK)
        rc = take_limits(cli, rules, argc, argv);
    if (rc == CLI_OK)
        rc = cli_value(cli, argc, argv, "--skip", &skip);
    if (rc == CLI_OK && skip && health_mark(rules->skip, skip, "--skip", &err) < 0)
        return cli_fail(cli, &err);
    if (rc == CLI_OK)
        rc = cli_value(cli, argc, argv, "--require", &require);
    if (rc == CLI_OK && require && health_mark(rules->require, require, "--require", &err) < 0)
        return cli_fail(cli, &err);
    return rc;
}

/* --log FILE; NULL without it. */
static int
take_log(struct cli *cli, json_t **log_out, int *argc, char **argv)
{
    struct gsp_error err = {0};
    char *path;
    int rc = cli_value(cli, argc, argv, "--log", &path);

    *log_out = NULL;
    if (rc != CLI_OK || !path)
        return rc;
    *log_out = health_log(path, &err);
    return *log_out ? CLI_OK : cli_fail(cli, &err);
}

static json_t *
judge_card(struct cli *cli, const struct health_rules *rules, const json_t *log,
           struct fleet_card *card, unsigned number)
{
    struct gsp_error err = {0};
    json_t *reading = fleet_card_read(cli, card, &err), *verdict, *name;

    if (reading && log)
        health_add_log(reading, log);
    verdict = health_judge(rules, reading, &err);
    name = json_object_get(reading, "name");

    json_object_set_new(verdict, "card", json_integer(number));
    json_object_set(verdict, "name", json_is_string(name) ? name : json_null());
    if (!json_is_string(name))
        json_object_set_new(
            verdict, "name",
            json_string(card->session ? session_chip(card->session) : "no name"));
    if (reading)
        json_object_set_new(verdict, "reading", reading);
    return verdict;
}

static int
cmd_health_run(struct cli *cli, int argc, char **argv)
{
    enum health worst = HEALTH_OK;
    json_t *cards = json_array(), *log = NULL;
    struct health_rules rules;
    struct fleet fleet;
    int rc = take_rules(cli, &rules, &argc, argv);

    if (rc == CLI_OK)
        rc = take_log(cli, &log, &argc, argv);
    if (rc == CLI_OK)
        rc = cli_check_args(cli, &cmd_health, &argc, argv);
    if (rc == CLI_OK)
        rc = fleet_open(cli, &fleet, argv + 1, (unsigned)argc - 1);
    if (rc != CLI_OK) {
        json_decref(cards);
        json_decref(log);
        return HEALTH_UNKNOWN; /* 1 and 2 would be a verdict */
    }
    for (unsigned i = 0; i < fleet.count; i++) {
        json_t *verdict = judge_card(cli, &rules, log, &fleet.cards[i], i);

        worst = health_worse(worst, health_of(verdict));
        json_array_append_new(cards, verdict);
    }
    fleet_close(cli, &fleet);
    json_decref(log);
    rc = cli_emit(cli, &(struct cli_doc){.json = json_pack("{s:s, s:o}", "status",
                                                           health_name(worst), "cards", cards),
                                         .text = print_cards});
    return rc == CLI_OK ? (int)worst : HEALTH_UNKNOWN;
}

const struct nvrm_cmd cmd_health = {
    .name = "health",
    .args = "[--limits FILE] [--limit NAME=N] [--skip CHECK,...] [--require CHECK,...] [--log "
            "FILE] "
            "[TRANSPORT...]",
    .options = "--limits FILE, --limit NAME=N, --skip CHECK, --require CHECK, --log FILE",
    .help = "judge cards: a line each; exit code 0 ok, 1 warning, 2 critical, 3 unknown",
    .min_args = 0,
    .max_args = FLEET_MOST_CARDS,
    .run = cmd_health_run,
};
