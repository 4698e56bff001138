/* SPDX-License-Identifier: MIT */
/*
 * shell: lines from a terminal with history and completion, or from a pipe without. One session
 * for all of them.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmds.h"
#include "line.h"
#include "session.h"
#include "terminal.h"

static bool
ends_shell(const char *line)
{
    line += strspn(line, " \t");
    return (!strncmp(line, "exit", 4) || !strncmp(line, "quit", 4)) &&
           !line[4 + strspn(line + 4, " \t\r\n")];
}

/* The exit code of a line stands in the next prompt. */
static int
read_terminal(struct cli *cli)
{
    int status = CLI_OK;
    char *line;

    terminal_open(cli);
    cli_note(cli, "help lists the verbs, Tab completes, exit or Ctrl-D leaves");
    while ((line = terminal_read(status)) && !ends_shell(line)) {
        if (line[strspn(line, " \t")]) {
            status = cli_run_line(cli, line);
            if (*cli->interrupted)
                status = CLI_INTERRUPTED;
            *cli->interrupted = 0;
        }
        free(line);
    }
    if (!line)
        fputc('\n', cli->out);
    free(line);
    terminal_close();
    return CLI_OK;
}

/* Add the next line of the pipe to the command. */
static bool
read_more(char **command)
{
    char *more = NULL, *all = NULL;
    size_t cap = 0;
    const bool got = getline(&more, &cap, stdin) >= 0;

    if (got && asprintf(&all, "%s%s", *command, more) >= 0) {
        free(*command);
        *command = all;
    }
    free(more);
    return all;
}

/* One command: as many lines as its brackets need. NULL at the end; to be freed. */
static char *
read_command(void)
{
    char *command = NULL, open;
    size_t cap = 0;

    if (getline(&command, &cap, stdin) < 0) {
        free(command);
        return NULL;
    }
    while ((open = line_open(command))) {
        if (open == '\\')
            command[strlen(command) - 2] = '\0';
        if (!read_more(&command))
            break;
    }
    return command;
}

/* A pipe has nobody to correct a line: the first failure ends it. */
static int
read_pipe(struct cli *cli)
{
    char *line;
    int rc = CLI_OK;

    while (rc == CLI_OK && (line = read_command())) {
        const bool ends = ends_shell(line);

        if (!ends)
            rc = cli_run_line(cli, line);
        free(line);
        if (ends)
            break;
    }
    return rc;
}

static int
cmd_shell_run(struct cli *cli, int argc, char **argv)
{
    int rc = cli_check_args(cli, &cmd_shell, &argc, argv);

    if (rc != CLI_OK)
        return rc;
    if (cli->keep_session)
        return cli_usage(cli, "exit leaves it", "this is the shell already");
    cli->keep_session = true;
    rc = isatty(STDIN_FILENO) ? read_terminal(cli) : read_pipe(cli);
    cli->keep_session = false;
    return rc;
}

const struct nvrm_cmd cmd_shell = {
    .name = "shell",
    .args = "",
    .help = "read lines in one session: completion and history on a terminal",
    .min_args = 0,
    .max_args = 0,
    .run = cmd_shell_run,
};
