/* SPDX-License-Identifier: MIT */
/*
 * schema: a verb of verbs over the tables, none of which opens a card.
 */
#include <string.h>

#include "cmds.h"
#include "schema_verbs.h"

static const struct {
    const char *name;
    int (*run)(struct cli *cli, int argc, char **argv);
} verbs[] = {
    {"list",        schema_list       },
    {"show",        schema_show       },
    {"search",      schema_search     },
    {"diff",        schema_diff       },
    {"stat",        schema_stat       },
    {"check",       schema_check      },
    {"export",      schema_export     },
    {"fingerprint", schema_fingerprint},
    {"import",      schema_import     },
};
enum { VERBS = sizeof(verbs) / sizeof(verbs[0]) };

static int
unknown(struct cli *cli, const char *word)
{
    const char *names[VERBS + 1] = {0};
    const char *nearest;
    char hint[128];

    for (unsigned i = 0; i < VERBS; i++)
        names[i] = verbs[i].name;
    nearest = cli_nearest(word, names);
    snprintf(hint, sizeof(hint), nearest ? "did you mean schema %s?" : "legal: %s",
             nearest ? nearest
                     : "list, show, search, diff, stat, check, export, fingerprint, import");
    return cli_usage(cli, hint, "schema has no verb '%s'", word);
}

static int
cmd_schema_run(struct cli *cli, int argc, char **argv)
{
    if (argc < 2)
        return cli_usage(
            cli,
            "schema list | show | search | diff | stat | check | export | fingerprint | "
            "import",
            "schema needs a verb");
    for (unsigned i = 0; i < VERBS; i++) {
        int rc;

        if (strcmp(verbs[i].name, argv[1]))
            continue;
        cli_page(cli);
        rc = verbs[i].run(cli, argc - 1, argv + 1);
        cli_page_end(cli);
        return rc;
    }
    return unknown(cli, argv[1]);
}

const struct nvrm_cmd cmd_schema = {
    .name = "schema",
    .args = "list|show|search|diff|stat|check|export|fingerprint|import ...",
    .options = "--all, --kind KIND, --stat, --layout, --impact SCRIPT|TRACE",
    .help = "what the releases call things and how they lay them out",
    .min_args = 1,
    .max_args = -1,
    .run = cmd_schema_run,
};
