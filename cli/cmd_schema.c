/* SPDX-License-Identifier: MIT */
/*
 * schema: a verb of verbs over the tables, none of which opens a card.
 */
#include <string.h>

#include "cmds.h"
#include "schema_verbs.h"
#include "subverb.h"

static const struct cli_subverb verbs[] = {
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

static int
cmd_schema_run(struct cli *cli, int argc, char **argv)
{
    int rc = CLI_USAGE;
    const struct cli_subverb *verb = CLI_SUBVERB(cli, verbs, argc, argv, &rc);

    if (!verb)
        return rc;
    cli_page(cli);
    rc = verb->run(cli, argc - 1, argv + 1);
    cli_page_end(cli);
    return rc;
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
