/* SPDX-License-Identifier: MIT */
/*
 * run: a script on the card, or with --check against releases without one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmds.h"
#include "script_priv.h"

struct request {
    bool check, schema;
    struct script_options options;
};

/* --check -F all: every release; without -F the one that would run. */
static int
check(struct cli *cli, const struct script *s)
{
    struct gsp_error err = {0};
    struct nvrm_abi abi;

    if (cli->options.firmware && !strcmp(cli->options.firmware, "all"))
        return script_check(cli, s, NULL);
    if (cli_abi(cli, &abi, &err) < 0)
        return cli_fail(cli, &err);
    return script_check(cli, s, nvrm_release_name(abi.schema, abi.release));
}

static int
print_schema(struct cli *cli)
{
    json_t *schema = script_schema();
    const bool json = cli->options.format != CLI_YAML;

    if (!schema)
        return cli_out_of_memory(cli);
    if (json)
        cli->options.format = CLI_JSON;
    return cli_emit(cli, &(struct cli_doc){.json = schema});
}

/* NAME=VALUE: JSON when it reads as JSON, else text. */
static int
add_variable(struct cli *cli, json_t *vars, const char *word)
{
    const char *equals = strchr(word, '=');
    char *name = equals ? strndup(word, (size_t)(equals - word)) : NULL;
    json_t *value;

    if (!equals || equals == word) {
        free(name);
        return cli_usage(cli, "for example --var size=0x200000",
                         "--var: '%s' is not NAME=VALUE", word);
    }
    value = json_loads(equals + 1, JSON_DECODE_ANY, NULL);
    if (!value)
        value = json_string(equals + 1);
    if (!name || !value || json_object_set_new(vars, name, value)) {
        free(name);
        return cli_usage(cli, NULL, "--var: '%s' is not UTF-8", word);
    }
    free(name);
    return CLI_OK;
}

static int
take_options(struct cli *cli, int *argc, char **argv, struct request *q)
{
    char *word = NULL;
    int rc;

    q->check = cli_flag(argc, argv, "--check");
    q->schema = cli_flag(argc, argv, "--schema");
    q->options.ask = cli_flag(argc, argv, "--step");
    q->options.vars = json_object();
    do {
        rc = cli_value(cli, argc, argv, "--var", &word);
        if (rc == CLI_OK && word)
            rc = add_variable(cli, q->options.vars, word);
    } while (rc == CLI_OK && word);
    if (rc == CLI_OK && q->schema && *argc == 1)
        return CLI_OK;
    if (rc == CLI_OK)
        rc = cli_check_args(cli, &cmd_run, argc, argv);
    if (rc == CLI_OK && q->schema)
        rc = cli_usage(cli, "run --schema prints the JSON Schema of scripts",
                       "--schema takes no file");
    if (rc == CLI_OK && q->options.ask && !strcmp(argv[1], "-"))
        rc = cli_usage(cli, "write the script to a file",
                       "--step reads answers from stdin, so the script cannot come from there");
    return rc;
}

static int
run_file(struct cli *cli, const char *path, const struct request *q)
{
    struct gsp_error err = {0};
    struct script s;
    int rc;

    if (script_load(path, &s, &err) < 0)
        return cli_fail(cli, &err);
    if (script_vars_known(s.doc, q->options.vars, &err) < 0)
        rc = cli_fail(cli, &err);
    else
        rc = q->check ? check(cli, &s) : script_run(cli, &s, &q->options);
    script_fini(&s);
    return rc;
}

static int
cmd_run_run(struct cli *cli, int argc, char **argv)
{
    struct request q = {0};
    int rc = take_options(cli, &argc, argv, &q);

    if (rc == CLI_OK)
        rc = q.schema ? print_schema(cli) : run_file(cli, argv[1], &q);
    json_decref(q.options.vars);
    return rc;
}

const struct nvrm_cmd cmd_run = {
    .name = "run",
    .args = "FILE",
    .options = "--check (with -F RELEASE or -F all), --step, --var NAME=VALUE, --schema",
    .help = "run a script, or verify it against releases without a card",
    .min_args = 1,
    .max_args = 1,
    .run = cmd_run_run,
};
