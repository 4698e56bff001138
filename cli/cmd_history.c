/* SPDX-License-Identifier: MIT */
/*
 * history, rerun: the lines of this session, and running one of them again.
 */
#include <stdlib.h>
#include <string.h>

#include "cmds.h"

enum { DEEPEST = 16 };

static void
print_lines(struct cli *cli, const json_t *doc)
{
    const json_t *row;
    size_t i;

    json_array_foreach(doc, i, row)
    {
        const long long code = json_integer_value(json_object_get(row, "exit"));

        fprintf(cli->out, "%4zu  %s", i + 1, cli_str(row, "line"));
        if (code)
            fprintf(cli->out, "  %s(exit %lld)%s", cli_paint(cli, cli->out, "\033[31m"), code,
                    cli_paint(cli, cli->out, "\033[0m"));
        fputc('\n', cli->out);
    }
}

static int
cmd_history_run(struct cli *cli, int argc, char **argv)
{
    int rc = cli_check_args(cli, &cmd_history, &argc, argv);
    const enum cli_format format = cli->options.format;

    if (rc != CLI_OK)
        return rc;
    if (!json_array_size(cli->lines) && format == CLI_TEXT)
        cli_note(cli, "this is the first line of the session");
    return cli_emit(
        cli, &(struct cli_doc){.json = cli->lines ? json_incref(cli->lines) : json_array(),
                               .text = print_lines});
}

static bool
starts_with_verb(const char *line, const char *verb)
{
    const size_t bytes = strlen(verb);

    line += strspn(line, " \t");
    return !strncmp(line, verb, bytes) && (!line[bytes] || line[bytes] == ' ');
}

/* The line to run: counted from 1, or back from the end; without a number the last one that
 * was no rerun itself. */
static const char *
find_line(const struct cli *cli, long number)
{
    const size_t count = json_array_size(cli->lines);

    if (number)
        return number > 0 ? cli_str(json_array_get(cli->lines, (size_t)number - 1), "line")
               : (size_t)-number <= count
                   ? cli_str(json_array_get(cli->lines, count - (size_t)-number), "line")
                   : "";
    for (size_t i = count; i-- > 0;) {
        const char *line = cli_str(json_array_get(cli->lines, i), "line");

        if (!starts_with_verb(line, "rerun") && !starts_with_verb(line, "history"))
            return line;
    }
    return "";
}

static int
cmd_rerun_run(struct cli *cli, int argc, char **argv)
{
    char *end = NULL, *line;
    long number = 0;
    int rc = cli_check_args(cli, &cmd_rerun, &argc, argv);

    if (rc != CLI_OK)
        return rc;
    if (argc > 1)
        number = strtol(argv[1], &end, 10);
    if (end && (*end || end == argv[1] || !number))
        return cli_usage(cli, "history numbers the lines; -1 is the last one",
                         "rerun: '%s' is not the number of a line", argv[1]);
    line = strdup(find_line(cli, number));
    if (!line)
        return cli_out_of_memory(cli);
    if (!*line) {
        free(line);
        return cli_usage(cli, "history lists the lines of this session",
                         argc > 1 ? "there is no line %s" : "there is no line to run again",
                         argc > 1 ? argv[1] : "");
    }
    if (starts_with_verb(line, "rerun") || cli->depth >= DEEPEST) {
        rc = cli_usage(cli, "give the number of the line itself", "'%s' is a rerun", line);
    } else {
        cli_note(cli, "%s", line);
        cli->depth++;
        rc = cli_run_line(cli, line);
        cli->depth--;
    }
    free(line);
    return rc;
}

const struct nvrm_cmd cmd_history = {
    .name = "history",
    .args = "",
    .help = "the lines of this session, numbered",
    .min_args = 0,
    .max_args = 0,
    .pages = true,
    .run = cmd_history_run,
};

const struct nvrm_cmd cmd_rerun = {
    .name = "rerun",
    .args = "[N]",
    .help = "run a line of this session again: the last one, or number N of history",
    .min_args = 0,
    .max_args = 1,
    .run = cmd_rerun_run,
};
