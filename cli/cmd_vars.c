/* SPDX-License-Identifier: MIT */
/*
 * vars: the variables of this session.
 */
#include <stdlib.h>
#include <string.h>

#include "cmds.h"
#include "vars.h"

enum { SHORT_BYTES = 100 };

/* One line of the list: what a variable is, cut to fit. Of an object the handle and class, of a
 * call what it returned. */
static void
print_short(struct cli *cli, const char *name, const json_t *value)
{
    const json_t *params = json_object_get(value, "params");
    char *text;

    if (*cli_str(value, "handle")) {
        fprintf(cli->out, "%-12s %s %s\n", name, cli_str(value, "handle"),
                cli_str(value, "class"));
        return;
    }
    text = json_dumps(params ? params : value, JSON_ENCODE_ANY | JSON_COMPACT);
    fprintf(cli->out, "%-12s %.*s%s\n", name, SHORT_BYTES, text ? text : "",
            text && strnlen(text, SHORT_BYTES + 1) > SHORT_BYTES ? "..." : "");
    free(text);
}

static void
print_all(struct cli *cli, const json_t *doc)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)doc, name, value) print_short(cli, name, value);
}

static int
forget(struct cli *cli, const char *name)
{
    if (!json_object_del(cli->vars, name))
        return CLI_OK;
    return cli_usage(cli, "vars lists them", "there is no variable '%s'", name);
}

static int
cmd_vars_run(struct cli *cli, int argc, char **argv)
{
    struct gsp_error err = {0};
    char *name = NULL;
    json_t *value;
    int rc = cli_value(cli, &argc, argv, "--forget", &name);

    if (rc == CLI_OK)
        rc = cli_check_args(cli, &cmd_vars, &argc, argv);
    if (rc != CLI_OK)
        return rc;
    if (name)
        return forget(cli, name);
    if (argc > 1) {
        value = vars_get(cli, argv[1], &err);
        return value ? cli_emit(cli, &(struct cli_doc){.json = value}) : cli_fail(cli, &err);
    }
    value = cli->vars ? json_incref(cli->vars) : json_object();
    if (!json_object_size(value))
        cli_note(cli, "no variables yet: NAME = LINE makes one");
    return cli_emit(cli, &(struct cli_doc){.json = value, .text = print_all});
}

const struct nvrm_cmd cmd_vars = {
    .name = "vars",
    .args = "[NAME]",
    .options = "--forget NAME",
    .help = "the variables of this session, or the value of one",
    .min_args = 0,
    .max_args = 1,
    .pages = true,
    .run = cmd_vars_run,
};
