/* SPDX-License-Identifier: MIT */
/*
 * help: the verbs, one verb, or any name of the schema.
 */
#include <string.h>

#include "cmds.h"
#include "schema_verbs.h"

static void
print_overview(struct cli *cli)
{
    const struct nvrm_cmd *cmd;

    fputs("usage: nvrm-cli [OPTIONS] VERB [ARGS]\n\nverbs\n", cli->out);
    for (unsigned i = 0; (cmd = cli_cmd_at(i)); i++)
        fprintf(cli->out, "  %-9s %s\n", cmd->name, cmd->help);
    fputs("\noptions (anywhere on the line)\n"
          "  -t, --transport T   emu[:CHIP][?fw=RELEASE&fault=FAULT] (default: emu)\n"
          "  -d, --device D      a chip's name or its number in 'list'\n"
          "  -F, --firmware R    release, or auto (default: the card's, the newest)\n"
          "  -o, --output F      text, json, jsonl, yaml, csv or raw; -j is -o json\n"
          "  -e LINE             run a line; several share one session\n"
          "      --dry-run       print what would be sent, open no card\n"
          "      --unsafe        send what the policy refuses\n"
          "      --policy FILE   what may be sent\n"
          "      --timeout S     deadline of every wait, in seconds\n"
          "      --color WHEN    auto, always or never\n"
          "      --no-pager      never start a pager\n"
          "      --record FILE   write a trace of the session; appended to a trace\n"
          "      --record-level L  backend (default), rpc or bus\n"
          "  -q, -v              fewer or more messages\n"
          "  -h, --help          this page\n"
          "  -V, --version       version and known releases\n"
          "\nobjects are root, device, subdevice, names given with --as, or handles\n",
          cli->out);
}

static int
cmd_help_run(struct cli *cli, int argc, char **argv)
{
    const struct nvrm_cmd *cmd;

    if (argc < 2) {
        print_overview(cli);
        return CLI_OK;
    }
    cmd = cli_cmd_find(argv[1]);
    if (!cmd)
        return schema_show(cli, argc, argv);
    fprintf(cli->out, "nvrm-cli %s %s\n  %s\n", cmd->name, cmd->args, cmd->help);
    if (cmd->options)
        fprintf(cli->out, "  options: %s\n", cmd->options);
    return CLI_OK;
}

const struct nvrm_cmd cmd_help = {
    .name = "help",
    .args = "[VERB | NAME...]",
    .help = "the verbs, one verb, or a class, control or struct by name",
    .min_args = 0,
    .max_args = -1,
    .pages = true,
    .run = cmd_help_run,
};
