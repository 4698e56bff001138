/* SPDX-License-Identifier: MIT */
/*
 * run: a script on the card, or with --check against releases without one.
 */
#include <string.h>

#include "cmds.h"
#include "script.h"

static const char *
base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* --check -F all: every release; without -F the one that would run. */
static int
check(struct cli *cli, const json_t *doc, const char *name)
{
    struct gsp_error err = {0};
    struct nvrm_abi abi;

    if (cli->options.firmware && !strcmp(cli->options.firmware, "all"))
        return script_check(cli, doc, name, NULL);
    if (cli_abi(cli, &abi, &err) < 0)
        return cli_fail(cli, &err);
    return script_check(cli, doc, name, nvrm_release_name(abi.schema, abi.release));
}

static int
cmd_run_run(struct cli *cli, int argc, char **argv)
{
    const bool only_check = cli_flag(&argc, argv, "--check");
    struct gsp_error err = {0};
    json_t *doc;
    int rc = cli_check_args(cli, &cmd_run, &argc, argv);

    if (rc != CLI_OK)
        return rc;
    doc = cli_load_file(argv[1], &err);
    if (!doc)
        return cli_fail(cli, &err);
    if (script_form(doc, &err) < 0)
        rc = cli_fail(cli, &err);
    else if (only_check)
        rc = check(cli, doc, base_name(argv[1]));
    else
        rc = script_run(cli, doc, base_name(argv[1]));
    json_decref(doc);
    return rc;
}

const struct nvrm_cmd cmd_run = {
    .name = "run",
    .args = "FILE",
    .options = "--check (with -F RELEASE or -F all)",
    .help = "run a script, or verify it against releases without a card",
    .min_args = 1,
    .max_args = 1,
    .run = cmd_run_run,
};
