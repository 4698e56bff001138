/* SPDX-License-Identifier: MIT */
/*
 * tree: the objects of this session, or the difference of two saved trees.
 */
#include <stdlib.h>
#include <string.h>

#include "cmds.h"
#include "session.h"

static int
print_tree(struct cli *cli, struct rm_client *client, bool with_params)
{
    struct gsp_error err = {0};
    struct gsp_text text = {0};
    int rc = rm_tree_text(client, with_params, &text, &err);

    if (rc == 0)
        fputs(text.data, cli->out);
    gsp_text_fini(&text);
    return rc < 0 ? cli_fail(cli, &err) : CLI_OK;
}

static int
emit_tree(struct cli *cli, bool with_params)
{
    struct gsp_error err = {0};
    struct gsp_text text = {0};
    struct cli_session *s;
    rm_handle subdevice;

    if (session_get(cli, &s, &err) < 0)
        return cli_fail(cli, &err);
    /* A fresh session would show a lone root. */
    if (!cli->keep_session && session_object(s, "subdevice", &subdevice, &err) < 0)
        return cli_fail(cli, &err);
    if (session_is_dry(s))
        return session_emit_dry(cli, s);
    if (cli->options.format == CLI_TEXT)
        return print_tree(cli, session_client(s), with_params);
    if (rm_tree_json(session_client(s), 0, &text, &err) < 0) {
        gsp_text_fini(&text);
        return cli_fail(cli, &err);
    }
    return cli_emit(cli, &(struct cli_doc){.json = cli_json_of(&text)});
}

static void
print_diff(struct cli *cli, const json_t *doc)
{
    const json_t *line;
    size_t i;

    json_array_foreach(doc, i, line) fprintf(cli->out, "%s\n", json_string_value(line));
}

static json_t *
lines_of(const char *text)
{
    json_t *lines = json_array();

    while (text && *text) {
        const size_t bytes = strcspn(text, "\n");

        json_array_append_new(lines, json_stringn(text, bytes));
        text += bytes + (text[bytes] == '\n');
    }
    return lines;
}

static int
diff_trees(struct cli *cli, const char *before, const char *after)
{
    struct gsp_error err = {0};
    struct gsp_text text = {0};
    json_t *a = cli_load_file(before, &err);
    json_t *b = a ? cli_load_file(after, &err) : NULL;
    char *a_text = a ? json_dumps(a, JSON_ENCODE_ANY) : NULL;
    char *b_text = b ? json_dumps(b, JSON_ENCODE_ANY) : NULL;
    int rc = b ? rm_tree_diff(a_text, b_text, &text, &err) : -1;

    if (rc < 0 && !err.hint[0])
        gsp_hint(&err, "nvrm-cli -j tree writes such a dump");
    rc = rc < 0 ? cli_fail(cli, &err)
                : cli_emit(cli,
                           &(struct cli_doc){.json = lines_of(text.data), .text = print_diff});
    gsp_text_fini(&text);
    free(a_text);
    free(b_text);
    json_decref(a);
    json_decref(b);
    return rc;
}

static int
cmd_tree_run(struct cli *cli, int argc, char **argv)
{
    const bool with_params = cli_flag(&argc, argv, "--params");
    const bool diff = cli_flag(&argc, argv, "--diff");
    int rc = cli_check_args(cli, &cmd_tree, &argc, argv);

    if (rc != CLI_OK)
        return rc;
    if (diff && argc != 3)
        return cli_usage(cli, "usage: nvrm-cli tree --diff BEFORE AFTER",
                         "tree --diff compares two files");
    if (!diff && argc != 1)
        return cli_usage(cli, "tree --diff BEFORE AFTER compares two files",
                         "tree takes no words");
    return diff ? diff_trees(cli, argv[1], argv[2]) : emit_tree(cli, with_params);
}

const struct nvrm_cmd cmd_tree = {
    .name = "tree",
    .args = "[--diff BEFORE AFTER]",
    .options = "--params, --diff BEFORE AFTER",
    .help = "draw the tree of objects, or compare two saved with -j",
    .min_args = 0,
    .max_args = 2,
    .pages = true,
    .run = cmd_tree_run,
};
