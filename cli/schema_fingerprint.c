/* SPDX-License-Identifier: MIT */
/*
 * schema fingerprint: the releases in which ids and layouts of a set of names are the same, and
 * a number that stands for each such group.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <nvrm/bind.h>
#include <rm/name.h>

#include "releases.h"
#include "schema_verbs.h"

static const struct nvrm_cmd fingerprint_row = {.name = "schema fingerprint",
                                                .args = "NAME|PATTERN... or --all",
                                                .min_args = 0,
                                                .max_args = -1};

struct group {
    uint64_t print;
    bool has[256]; /* by release */
    json_t *missing;
};

struct groups {
    struct group *at;
    unsigned count;
};

static bool
in_group(struct nvrm_abi abi, const void *ctx)
{
    return ((const struct group *)ctx)->has[abi.release];
}

/* The number of one release, and the names that it lacks. 0 or -ENOMEM. */
static int
print_of(struct nvrm_abi abi, int names, char **name, uint64_t *print_out, json_t *missing)
{
    struct nvrm_bind *bind;
    int rc = nvrm_bind_create(abi.schema, &bind);

    if (rc == 0)
        rc = nvrm_bind_release(bind, abi.release);
    for (int i = 0; rc == 0 && i < names; i++) {
        rc = nvrm_bind_name(bind, name[i], NULL);
        if (rc == -ENOENT) {
            json_array_append_new(missing, json_string(name[i]));
            rc = 0;
        }
    }
    if (rc == 0)
        *print_out = nvrm_bind_fingerprint(bind);
    nvrm_bind_destroy(bind);
    return rc;
}

/* Takes `missing`. */
static void
add_release(struct groups *g, nvrm_release r, uint64_t print, json_t *missing)
{
    unsigned i = 0;

    while (i < g->count && (g->at[i].print != print || !json_equal(g->at[i].missing, missing)))
        i++;
    if (i == g->count) {
        g->at[i].print = print;
        g->at[i].missing = json_incref(missing);
        g->count++;
    }
    g->at[i].has[r] = true;
    json_decref(missing);
}

/* Releases that are the same in everything are computed once. */
static int
group_releases(struct cli *cli, const struct cli_releases *releases, int names, char **name,
               struct groups *g)
{
    const struct nvrm_schema *s = cli->schema;

    for (unsigned i = 0; i < releases->count; i++) {
        const nvrm_release r = releases->at[i];
        json_t *missing;
        uint64_t print = 0;
        unsigned k = 0;

        while (k < i && nvrm_release_abi(s, releases->at[k]) != nvrm_release_abi(s, r))
            k++;
        if (k < i) {
            for (unsigned at = 0; at < g->count; at++)
                g->at[at].has[r] |= g->at[at].has[releases->at[k]];
            continue;
        }
        missing = json_array();
        if (print_of((struct nvrm_abi){s, r}, names, name, &print, missing) < 0) {
            json_decref(missing);
            return -ENOMEM;
        }
        add_release(g, r, print, missing);
    }
    return 0;
}

static json_t *
document(struct cli *cli, const struct groups *g, int names)
{
    json_t *rows = json_array();
    char ranges[1024];

    for (unsigned i = 0; i < g->count; i++) {
        const struct group *at = &g->at[i];
        const bool nothing = (int)json_array_size(at->missing) == names;
        const unsigned n = rm_release_ranges(cli->schema, in_group, at, ranges, sizeof(ranges));

        json_array_append_new(
            rows, json_pack("{s:o, s:i, s:s, s:O}", "fingerprint",
                            nothing ? json_string("-") : json_sprintf("%016" PRIx64, at->print),
                            "count", (int)n, "releases", ranges, "missing", at->missing));
    }
    return rows;
}

static void
print_groups(struct cli *cli, const json_t *rows)
{
    const json_t *row, *name;
    size_t i, k;

    json_array_foreach(rows, i, row)
    {
        fprintf(cli->out, "%-16s  %2lld  %s\n", cli_str(row, "fingerprint"),
                (long long)json_integer_value(json_object_get(row, "count")),
                cli_str(row, "releases"));
        if (json_array_size(json_object_get(row, "missing")))
            fputs("                      without", cli->out);
        json_array_foreach(json_object_get(row, "missing"), k, name)
            fprintf(cli->out, " %s", json_string_value(name));
        if (json_array_size(json_object_get(row, "missing")))
            fputc('\n', cli->out);
    }
}

/* A name that no release has is a mistake, not a group. */
static int
check_names(struct cli *cli, const struct groups *g, int names, char **name)
{
    for (int i = 0; i < names; i++) {
        bool known = false;

        for (unsigned k = 0; k < g->count && !known; k++) {
            const json_t *missing = g->at[k].missing, *word;
            size_t at;

            known = true;
            json_array_foreach(missing, at, word) known &=
                strcmp(json_string_value(word), name[i]) != 0;
        }
        if (!known) {
            const unsigned kinds = NVRM_NAME_STRUCT | NVRM_NAME_CONTROL | NVRM_NAME_CLASS |
                                   NVRM_NAME_RPC | NVRM_NAME_STATUS;
            const struct nvrm_abi abi = {cli->schema, nvrm_release_newest(cli->schema)};
            const char *nearest = nvrm_nearest_name(abi, kinds, name[i]);
            char hint[200] = "schema search PATTERN finds names";

            if (nearest && strcmp(nearest, name[i]) != 0)
                snprintf(hint, sizeof(hint), "did you mean %s?", nearest);
            return cli_usage(cli, hint, "no chosen release has anything called '%s'", name[i]);
        }
    }
    return CLI_OK;
}

static int
fingerprint(struct cli *cli, const struct cli_releases *releases, int names, char **name)
{
    struct groups g = {.at = calloc(releases->count + 1, sizeof(*g.at))};
    int rc;

    if (!g.at)
        return cli_out_of_memory(cli);
    rc = group_releases(cli, releases, names, name, &g) < 0 ? cli_out_of_memory(cli)
                                                            : check_names(cli, &g, names, name);
    if (rc == CLI_OK)
        rc = cli_emit(
            cli, &(struct cli_doc){.json = document(cli, &g, names), .text = print_groups});
    for (unsigned i = 0; i < g.count; i++)
        json_decref(g.at[i].missing);
    free(g.at);
    return rc;
}

int
schema_fingerprint(struct cli *cli, int argc, char **argv)
{
    const bool all = cli_flag(&argc, argv, "--all");
    char everything[] = "*", *all_names[] = {everything};
    struct gsp_error err = {0};
    struct cli_releases releases;
    int rc = cli_check_args(cli, &fingerprint_row, &argc, argv);

    if (rc != CLI_OK)
        return rc;
    if (all == (argc > 1))
        return cli_usage(cli, "usage: nvrm-cli schema fingerprint NAME... or --all",
                         "schema fingerprint takes names, or --all for every one");
    if (cli_releases(cli, "all", &releases, &err) < 0)
        return cli_fail(cli, &err);
    return all ? fingerprint(cli, &releases, 1, all_names)
               : fingerprint(cli, &releases, argc - 1, argv + 1);
}
