/* SPDX-License-Identifier: MIT */
/*
 * The table of verbs, and how a line finds its row.
 */
#include <string.h>

#include "cmds.h"

static const struct nvrm_cmd *const cmds[] = {
    &cmd_list,     &cmd_info,   &cmd_schema,  &cmd_explain, &cmd_alloc,  &cmd_free,
    &cmd_dup,      &cmd_ctl,    &cmd_rpc,     &cmd_tree,    &cmd_map,    &cmd_event,
    &cmd_run,      &cmd_health, &cmd_metrics, &cmd_top,     &cmd_broker, &cmd_boot,
    &cmd_log,      &cmd_pci,    &cmd_fw,      &cmd_vbios,   &cmd_push,   &cmd_sass,
    &cmd_gen,      &cmd_launch, &cmd_mem,     &cmd_chan,    &cmd_vm,     &cmd_emu,
    &cmd_trace,    &cmd_policy, &cmd_shell,   &cmd_vars,    &cmd_watch,  &cmd_history,
    &cmd_rerun,    &cmd_source, &cmd_edit,    &cmd_save,    &cmd_help,   &cmd_completion,
    &cmd_complete,
};
enum { CMDS = sizeof(cmds) / sizeof(cmds[0]) };

const struct nvrm_cmd *
cli_cmd_at(unsigned i)
{
    return i < CMDS && !cmds[i]->hidden ? cmds[i] : NULL;
}

const struct nvrm_cmd *
cli_cmd_find(const char *name)
{
    for (unsigned i = 0; i < CMDS; i++) {
        if (!strcmp(cmds[i]->name, name))
            return cmds[i];
    }
    return NULL;
}

/* What a word that is no verb was meant for: a name of the schema, or an assignment without
 * blanks. False when nothing comes to mind. */
static bool
guess(struct cli *cli, const char *word, char *hint, size_t bytes)
{
    const char *equals = strchr(word, '=');
    struct nvrm_abi abi;

    if (cli_abi(cli, &abi, NULL) < 0)
        return false;
    if (nvrm_control_find(abi, word))
        snprintf(hint, bytes, "ctl subdevice %s calls it, help %s explains it", word, word);
    else if (nvrm_class_find(abi, word))
        snprintf(hint, bytes, "alloc %s allocates one, help %s explains it", word, word);
    else if (nvrm_status_find(abi, word) || nvrm_struct_find(abi, word) ||
             nvrm_rpc_find(abi, word))
        snprintf(hint, bytes, "help %s explains it", word);
    else if (equals && equals > word)
        snprintf(hint, bytes, "variables are set with blanks: %.*s = ...", (int)(equals - word),
                 word);
    else
        return false;
    return true;
}

static int
unknown_verb(struct cli *cli, const char *word)
{
    const char *names[CMDS + 1] = {0};
    const char *nearest;
    char hint[256];

    if (guess(cli, word, hint, sizeof(hint)))
        return cli_usage(cli, hint, "there is no verb '%s'", word);
    for (unsigned i = 0; i < CMDS; i++)
        names[i] = cmds[i]->name;
    nearest = cli_nearest(word, names);
    snprintf(hint, sizeof(hint),
             nearest ? "did you mean %s?" : "nvrm-cli help lists the verbs%s",
             nearest ? nearest : "");
    return cli_usage(cli, hint, "there is no verb '%s'", word);
}

/* A verb inside another one (source, watch, rerun) pages for itself. */
static int
run_verb(struct cli *cli, const struct nvrm_cmd *cmd, int argc, char **argv)
{
    int rc;

    if (!cmd->pages)
        return cmd->run(cli, argc, argv);
    cli_page(cli);
    rc = cmd->run(cli, argc, argv);
    cli_page_end(cli);
    return rc;
}

int
cli_run(struct cli *cli, int argc, char **argv)
{
    const struct cli_options before = cli->options;
    const struct nvrm_cmd *cmd;
    int rc = cli_options_take(cli, &argc, argv, true);

    if (rc == CLI_OK && argc > 0) {
        cmd = cli_cmd_find(argv[0]);
        rc = cmd ? run_verb(cli, cmd, argc, argv) : unknown_verb(cli, argv[0]);
    }
    fflush(cli->out);
    cli->options = before;
    return rc;
}
