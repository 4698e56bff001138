/* SPDX-License-Identifier: MIT */
/*
 * help: the verbs, one verb, or any name of the schema.
 */
#include <string.h>

#include "cmds.h"
#include "help_name.h"

static void
print_overview(struct cli *cli, const json_t *doc)
{
    const struct nvrm_cmd *cmd;

    (void)doc;
    fputs("usage: nvrm-cli [OPTIONS] VERB [ARGS]\n\nverbs\n", cli->out);
    for (unsigned i = 0; (cmd = cli_cmd_at(i)); i++)
        fprintf(cli->out, "  %-9s %s\n", cmd->name, cmd->help);
    fputs("\nhelp VERB says more, with examples; help NAME explains any control, class, "
          "struct, field,\n"
          "RPC, event, status, Xid, notifier or register, by name, its end, or number\n",
          cli->out);
    fputs(
        "\noptions (anywhere on the line)\n"
        "  -t, --transport T   emu[:CHIP][?fw=RELEASE&fault=FAULT] (default: emu)\n"
        "  -d, --device D      a chip's name or its number in 'list'\n"
        "  -F, --firmware R    release, or auto (default: the card's, the newest)\n"
        "  -o, --output F      text, json, jsonl, yaml, csv or raw; -j is -o json\n"
        "  -e LINE             run a line; several share one session\n"
        "      --dry-run       print what would be sent, open no card\n"
        "      --unsafe        send what the policy refuses\n"
        "      --policy P      what may be sent: read-only, standard, unsafe or a file\n"
        "      --timeout S     deadline of every wait, in seconds\n"
        "      --color WHEN    auto, always or never\n"
        "      --no-pager      never start a pager\n"
        "      --record FILE   write a trace of the session; appended to a trace\n"
        "      --record-level L  backend (default), rpc, bus or ioctl\n"
        "  -q, -v              fewer or more messages\n"
        "  -h, --help          this page\n"
        "  -V, --version       version and known releases\n"
        "\nobjects are root, device, subdevice, names given with --as, or handles\n"
        "lines of a session (shell, -e, source) may keep results: NAME = LINE, then $NAME and\n"
        "$NAME.field, ${EXPRESSION}\n",
        cli->out);
}

static void
print_examples(struct cli *cli, const char *verb)
{
    const char *line;

    for (unsigned i = 0; (line = help_example(verb, i)); i++)
        fprintf(cli->out, "%s  nvrm-cli %s\n", i ? "" : "\nexamples\n", line);
}

static json_t *
verb_doc(const struct nvrm_cmd *cmd)
{
    json_t *examples = json_array();
    const char *line;

    for (unsigned i = 0; (line = help_example(cmd->name, i)); i++)
        json_array_append_new(examples, json_sprintf("nvrm-cli %s", line));
    return json_pack("{s:s, s:s, s:s, s:s, s:o}", "verb", cmd->name, "args", cmd->args,
                     "options", cmd->options ? cmd->options : "", "help", cmd->help, "examples",
                     examples);
}

static json_t *
overview_doc(void)
{
    json_t *verbs = json_array();
    const struct nvrm_cmd *cmd;

    for (unsigned i = 0; (cmd = cli_cmd_at(i)); i++)
        json_array_append_new(verbs, verb_doc(cmd));
    return json_pack("{s:o}", "verbs", verbs);
}

static void
print_verb(struct cli *cli, const json_t *doc)
{
    const struct nvrm_cmd *cmd = cli_cmd_find(cli_str(doc, "verb"));

    fprintf(cli->out, "%snvrm-cli %s%s %s\n  %s\n", cli_paint(cli, cli->out, "\033[1m"),
            cmd->name, cli_paint(cli, cli->out, "\033[0m"), cmd->args, cmd->help);
    if (cmd->options)
        fprintf(cli->out, "  options: %s\n", cmd->options);
    print_examples(cli, cmd->name);
}

/* "help xid 13" means what "explain xid 13" does. */
static bool
is_kind(const char *word)
{
    static const char *const kinds[] = {"status", "class", "ctl", "rpc", "xid", NULL};

    for (const char *const *kind = kinds; *kind; kind++) {
        if (!strcasecmp(*kind, word))
            return true;
    }
    return false;
}

static int
cmd_help_run(struct cli *cli, int argc, char **argv)
{
    const struct nvrm_cmd *cmd;
    int rc = cli_check_args(cli, &cmd_help, &argc, argv);

    if (rc != CLI_OK)
        return rc;
    if (argc < 2)
        return cli_emit(cli, &(struct cli_doc){.json = overview_doc(), .text = print_overview});
    if (argc == 3 && is_kind(argv[1]))
        return cmd_explain.run(cli, argc, argv);
    cmd = argc == 2 ? cli_cmd_find(argv[1]) : NULL;
    if (argc == 2 && is_kind(argv[1]))
        cli_note(cli, "help %s NAME|NUMBER explains one, such as help xid 79", argv[1]);
    if (!cmd)
        return help_names(cli, argc - 1, argv + 1);
    return cli_emit(cli, &(struct cli_doc){.json = verb_doc(cmd), .text = print_verb});
}

const struct nvrm_cmd cmd_help = {
    .name = "help",
    .args = "[VERB | NAME...]",
    .help = "the verbs, one verb with examples, or what is known about a name",
    .min_args = 0,
    .max_args = -1,
    .pages = true,
    .run = cmd_help_run,
};
