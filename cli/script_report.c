/* SPDX-License-Identifier: MIT */
/*
 * What a check found: the same problem in several releases once, with the releases it has.
 */
#include <stdlib.h>
#include <string.h>

#include <rm/name.h>

#include "script_check_priv.h"

void
script_problem(struct lens *l, const char *text, const char *hint)
{
    struct checker *k = l->k;
    json_t *row, *in = NULL;
    char place[160];
    size_t i;

    k->found++;
    json_array_foreach(k->problems, i, row)
    {
        /* A name that is missing reads differently in every release, its hint does not. */
        const bool same = *hint ? !strcmp(cli_str(row, "hint"), hint)
                                : !strcmp(cli_str(row, "problem"), text);

        if (same && !strcmp(cli_str(row, "step"), l->label)) {
            in = json_object_get(row, "in");
            break;
        }
    }
    if (!in) {
        in = json_array();
        json_array_append_new(
            k->problems, json_pack("{s:s, s:s, s:s, s:s, s:o}", "step", l->label, "at",
                                   script_where(k->script, l->number, place, sizeof(place)),
                                   "problem", text, "hint", hint, "in", in));
    }
    json_array_append_new(in, json_integer(k->abi.release));
}

static bool
in_list(struct nvrm_abi abi, const void *ctx)
{
    const json_t *item;
    size_t i;

    json_array_foreach((const json_t *)ctx, i, item)
    {
        if (json_integer_value(item) == abi.release)
            return true;
    }
    return false;
}

static void
print_check(struct cli *cli, const json_t *doc)
{
    const json_t *row;
    size_t i;

    json_array_foreach(json_object_get(doc, "problems"), i, row)
    {
        fprintf(cli->out, "%s: %s: %s\n", cli_str(row, "at"), cli_str(row, "step"),
                cli_str(row, "problem"));
        fprintf(cli->out, "  in %s\n", cli_str(row, "releases"));
        if (*cli_str(row, "hint"))
            fprintf(cli->out, "  hint: %s\n", cli_str(row, "hint"));
    }
    fprintf(cli->out, "%s: %lld of %lld releases fit, %zu problems\n", cli_str(doc, "script"),
            (long long)json_integer_value(json_object_get(doc, "fit")),
            (long long)json_integer_value(json_object_get(doc, "checked")),
            json_array_size(json_object_get(doc, "problems")));
}

int
script_report(struct cli *cli, struct checker *k, const char *name, int checked, int fit)
{
    json_t *row;
    char ranges[512];
    size_t i;
    int rc;

    json_array_foreach(k->problems, i, row)
    {
        rm_release_ranges(cli->schema, in_list, json_object_get(row, "in"), ranges,
                          sizeof(ranges));
        json_object_del(row, "in");
        json_object_set_new(row, "releases", json_string(ranges));
    }
    rc = cli_emit(cli, &(struct cli_doc){.json = json_pack("{s:s, s:i, s:i, s:o}", "script",
                                                           name, "checked", checked, "fit", fit,
                                                           "problems", k->problems),
                                         .text = print_check});
    return rc == CLI_OK && fit < checked ? CLI_EXPECTATION : rc;
}
