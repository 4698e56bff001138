/* SPDX-License-Identifier: MIT */
/*
 * policy: what is in force, what it says of a name, and which controls are in quarantine. Needs
 * no card.
 */
#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include <rm/name.h>

#include "cmds.h"
#include "policy_priv.h"

static int
show(struct cli *cli)
{
    struct gsp_error err = {0};
    struct policy *p;
    json_t *doc;

    if (policy_open(cli, &p, &err) < 0)
        return cli_fail(cli, &err);
    doc = policy_json(p);
    policy_close(p);
    return cli_emit(cli, &(struct cli_doc){.json = doc});
}

/* policy check: one row per name. */
struct checker {
    const struct policy *policy;
    struct nvrm_abi abi;
    char chip[32];
    json_t *rows;
    unsigned refused;
};

static void
add_row(struct checker *k, struct policy_subject *s)
{
    struct policy_verdict v;
    json_t *row;

    s->abi = k->abi;
    s->chip = k->chip;
    policy_judge(k->policy, s, &v);
    row = json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", s->name, "kind",
                    policy_kind_name(s->kind), "grade",
                    s->kind == POLICY_CONTROL ? policy_safety_name(v.grade) : "", "verdict",
                    v.allowed ? "allowed" : "refused", "rule", v.rule);
    if (!v.allowed) {
        json_object_set_new(row, "why", json_string(v.why));
        json_object_set_new(row, "hint", json_string(v.hint));
        if (*v.source)
            json_object_set_new(row, "source", json_string(v.source));
        k->refused++;
    }
    json_array_append_new(k->rows, row);
}

static void
match_controls(struct checker *k, const char *pattern)
{
    for (unsigned i = 0; i < nvrm_control_count(k->abi.schema); i++) {
        const struct nvrm_control *c = nvrm_control_at(k->abi, i);
        struct policy_subject s = {POLICY_CONTROL, .control = c};

        if (!c)
            continue;
        s.name = nvrm_str(k->abi.schema, c->name);
        s.id = c->id;
        if (!fnmatch(pattern, s.name, 0))
            add_row(k, &s);
    }
}

static void
match_classes(struct checker *k, const char *pattern)
{
    for (unsigned i = 0; i < nvrm_class_count(k->abi.schema); i++) {
        const struct nvrm_class *c = nvrm_class_at(k->abi, i);
        struct policy_subject s = {POLICY_CLASS, .cls = c};

        if (!c)
            continue;
        s.name = nvrm_str(k->abi.schema, c->name);
        s.id = c->id;
        if (!fnmatch(pattern, s.name, 0))
            add_row(k, &s);
    }
}

static void
match_rpcs(struct checker *k, const char *pattern)
{
    for (unsigned i = 0; i < nvrm_rpc_count(k->abi.schema); i++) {
        const struct nvrm_rpc *c = nvrm_rpc_at(k->abi, i);
        struct policy_subject s = {POLICY_RPC, .rpc = c};

        if (!c || c->is_event)
            continue;
        s.name = nvrm_str(k->abi.schema, c->name);
        s.id = c->id;
        if (!fnmatch(pattern, s.name, 0))
            add_row(k, &s);
    }
}

static int
unknown(struct cli *cli, const struct checker *k, const char *word)
{
    const char *nearest = nvrm_nearest_name(k->abi, ~0u, word);
    char hint[192];

    snprintf(hint, sizeof(hint), nearest ? "did you mean %s?" : "schema search finds names%s",
             nearest ? nearest : "");
    return cli_usage(cli, hint, "release %s has no control, class or RPC '%s'",
                     nvrm_release_name(k->abi.schema, k->abi.release), word);
}

static void
print_rows(struct cli *cli, const json_t *rows)
{
    const json_t *row;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        const char *source = cli_str(row, "source");

        fprintf(cli->out, "%-7s  %s: %s\n", cli_str(row, "verdict"), cli_str(row, "name"),
                cli_str(row, "rule"));
        if (!strcmp(cli_str(row, "verdict"), "refused"))
            fprintf(cli->out, "         %s%s%s; %s\n", cli_str(row, "why"),
                    *source ? ", see " : "", source, cli_str(row, "hint"));
    }
}

static int
check(struct cli *cli, int count, char **words)
{
    struct checker k = {.rows = json_array()};
    struct gsp_error err = {0};
    struct policy *p = NULL;
    int rc = cli_abi(cli, &k.abi, &err);

    if (rc == 0)
        rc = policy_open(cli, &p, &err);
    if (rc < 0) {
        json_decref(k.rows);
        return cli_fail(cli, &err);
    }
    k.policy = p;
    policy_chip(cli, k.chip, sizeof(k.chip));
    for (int i = 0; rc == CLI_OK && i < count; i++) {
        const size_t before = json_array_size(k.rows);

        match_controls(&k, words[i]);
        match_classes(&k, words[i]);
        match_rpcs(&k, words[i]);
        if (json_array_size(k.rows) == before)
            rc = unknown(cli, &k, words[i]);
    }
    policy_close(p);
    if (rc != CLI_OK) {
        json_decref(k.rows);
        return rc;
    }
    rc = cli_emit(cli, &(struct cli_doc){.json = k.rows, .text = print_rows});
    return rc == CLI_OK && k.refused ? CLI_REFUSED : rc;
}

/* policy quarantine */

static bool
is_quarantined(struct nvrm_abi abi, const void *ctx)
{
    const struct nvrm_control *c = nvrm_control_at(abi, *(const unsigned *)ctx);

    return c && c->safety == NVRM_SAFETY_QUARANTINED;
}

/* The newest release in which the control is quarantined; NULL when it never is. */
static const struct nvrm_control *
newest(const struct nvrm_schema *schema, unsigned row)
{
    const struct nvrm_control *found = NULL;

    for (unsigned r = 0; r < nvrm_release_count(schema); r++) {
        const struct nvrm_abi abi = {schema, (nvrm_release)r};

        if (is_quarantined(abi, &row))
            found = nvrm_control_at(abi, row);
    }
    return found;
}

static int
quarantine(struct cli *cli)
{
    const struct nvrm_schema *schema = cli->schema;
    json_t *rows = json_array();
    char releases[512];

    for (unsigned i = 0; i < nvrm_control_count(schema); i++) {
        const struct nvrm_control *c = newest(schema, i);
        const char *chips = c ? nvrm_str(schema, c->safety_chips) : "";

        if (!c)
            continue;
        rm_release_ranges(schema, is_quarantined, &i, releases, sizeof(releases));
        json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:s, s:s}", "control",
                                              nvrm_str(schema, c->name), "chips",
                                              *chips ? chips : "all", "releases", releases,
                                              "source", nvrm_str(schema, c->safety_source),
                                              "doc", nvrm_str(schema, c->doc)));
    }
    return cli_emit(cli, &(struct cli_doc){.json = rows});
}

static int
cmd_policy_run(struct cli *cli, int argc, char **argv)
{
    static const char *const verbs[] = {"show", "check", "quarantine", NULL};
    const char *nearest;
    char hint[64];
    int rc = cli_check_args(cli, &cmd_policy, &argc, argv);

    if (rc != CLI_OK)
        return rc;
    if (!strcmp(argv[1], "check") && argc < 3)
        return cli_usage(cli, "for example policy check 'NV2080_CTRL_CMD_FB_*'",
                         "policy check needs names or patterns");
    if (!strcmp(argv[1], "check"))
        return check(cli, argc - 2, argv + 2);
    if (argc > 2)
        return cli_usage(cli, "only policy check takes names", "policy %s: what is '%s'?",
                         argv[1], argv[2]);
    if (!strcmp(argv[1], "show"))
        return show(cli);
    if (!strcmp(argv[1], "quarantine"))
        return quarantine(cli);
    nearest = cli_nearest(argv[1], verbs);
    snprintf(hint, sizeof(hint), nearest ? "did you mean %s?" : "show, check or quarantine%s",
             nearest ? nearest : "");
    return cli_usage(cli, hint, "policy has no '%s'", argv[1]);
}

const struct nvrm_cmd cmd_policy = {
    .name = "policy",
    .args = "show|check NAME...|quarantine",
    .help = "what may be sent, and which rule says so",
    .min_args = 1,
    .max_args = -1,
    .run = cmd_policy_run,
};
