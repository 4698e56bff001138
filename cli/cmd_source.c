/* SPDX-License-Identifier: MIT */
/*
 * source, edit: lines from a file, and from $EDITOR.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmds.h"
#include "line.h"

enum { DEEPEST = 16 };

static int
cannot_read(struct cli *cli, const char *path)
{
    struct gsp_error err = {0};

    gsp_fail(&err, GSP_ORIGIN_INPUT, -errno, "%s: %s", path, strerror(errno));
    gsp_hint(&err, "name a readable file of lines");
    return cli_fail(cli, &err);
}

/* A command of one or more lines; *number counts them. NULL at the end; to be freed. */
static char *
read_command(FILE *f, unsigned *number)
{
    char *command = NULL, *line = NULL, *all, open;
    size_t cap = 0;

    while (getline(&line, &cap, f) >= 0) {
        ++*number;
        if (asprintf(&all, "%s%s", command ? command : "", line) < 0)
            break;
        free(command);
        command = all;
        open = line_open(command);
        if (!open)
            break;
        if (open == '\\')
            command[strlen(command) - (command[strlen(command) - 1] == '\n' ? 2 : 1)] = '\0';
    }
    free(line);
    return command;
}

static int
run_file(struct cli *cli, FILE *f, const char *path)
{
    unsigned number = 0;
    char *command;
    int rc = CLI_OK;

    while (rc == CLI_OK && (command = read_command(f, &number))) {
        rc = cli_run_line(cli, command);
        if (rc == CLI_OK && *cli->interrupted)
            rc = CLI_INTERRUPTED;
        if (rc != CLI_OK)
            cli_note(cli, "%s:%u: stopped here, exit code %d", path, number, rc);
        free(command);
    }
    return rc;
}

static int
source_file(struct cli *cli, const char *path, bool nested)
{
    const bool keep = cli->keep_session;
    FILE *f;
    int rc;

    if (cli->depth >= DEEPEST)
        return cli_usage(cli, "a file that sources itself never ends",
                         "%s: files are nested too deeply", path);
    f = fopen(path, "re");
    if (!f)
        return cannot_read(cli, path);
    cli->keep_session = true;
    cli->depth += nested;
    rc = run_file(cli, f, path);
    cli->depth -= nested;
    cli->keep_session = keep;
    fclose(f);
    return rc;
}

static bool
ends_in(const char *path, const char *end)
{
    const size_t bytes = strlen(path), end_bytes = strlen(end);

    return bytes > end_bytes && !strcmp(path + bytes - end_bytes, end);
}

/* JSON and YAML are scripts, everything else lines. */
static bool
is_script(const char *path)
{
    return ends_in(path, ".json") || ends_in(path, ".yaml") || ends_in(path, ".yml");
}

static int
cmd_source_run(struct cli *cli, int argc, char **argv)
{
    int rc = cli_check_args(cli, &cmd_source, &argc, argv);

    if (rc != CLI_OK)
        return rc;
    if (is_script(argv[1]))
        return cli_usage(cli, "run FILE runs a script, source FILE runs lines",
                         "%s is a script by its name", argv[1]);
    return source_file(cli, argv[1], true);
}

static int
run_edited(struct cli *cli, const char *path)
{
    char *words[] = {(char *)"run", (char *)path, NULL};

    if (is_script(path))
        return cmd_run.run(cli, 2, words);
    return source_file(cli, path, true);
}

static int
editor_failed(struct cli *cli, const char *editor, int status)
{
    struct gsp_error err = {0};

    gsp_fail(&err, GSP_ORIGIN_INPUT, -EINVAL, "the editor '%s' failed (exit code %d)", editor,
             WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    gsp_hint(&err, "VISUAL or EDITOR names another; nothing was run");
    return cli_fail(cli, &err);
}

/* The variable may hold options, so a shell takes it apart; the file is an argument. Ctrl-C is
 * the editor's while it runs. */
static int
run_editor(struct cli *cli, const char *path)
{
    const char *visual = getenv("VISUAL"), *editor = getenv("EDITOR");
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction before;
    char *command = NULL;
    int status = -1;
    pid_t pid;

    editor = visual && *visual ? visual : editor && *editor ? editor : NULL;
    if (!editor && !isatty(STDIN_FILENO))
        return cli_usage(cli, "VISUAL or EDITOR names one that needs none",
                         "no terminal for an editor");
    editor = editor ? editor : "vi";
    if (asprintf(&command, "%s \"$1\"", editor) < 0)
        return cli_out_of_memory(cli);
    sigaction(SIGINT, &ignore, &before);
    pid = fork();
    if (pid == 0) {
        signal(SIGINT, SIG_DFL);
        execl("/bin/sh", "sh", "-c", command, "sh", path, (char *)NULL);
        _exit(127);
    }
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    sigaction(SIGINT, &before, NULL);
    free(command);
    return pid > 0 && status == 0 ? CLI_OK : editor_failed(cli, editor, status);
}

/* A file of its own with the last line of the session. */
static int
edit_last_line(struct cli *cli)
{
    const size_t count = json_array_size(cli->lines);
    const char *folder = getenv("TMPDIR");
    char path[256];
    FILE *f;
    int fd, rc;

    snprintf(path, sizeof(path), "%s/nvrm-edit-XXXXXX", folder && *folder ? folder : "/tmp");
    fd = mkstemp(path);
    f = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!f)
        return cannot_read(cli, path);
    if (count)
        fprintf(f, "%s\n", cli_str(json_array_get(cli->lines, count - 1), "line"));
    fclose(f);
    rc = run_editor(cli, path);
    if (rc == CLI_OK)
        rc = source_file(cli, path, false); /* history shows what was edited */
    unlink(path);
    return rc;
}

static int
cmd_edit_run(struct cli *cli, int argc, char **argv)
{
    int rc = cli_check_args(cli, &cmd_edit, &argc, argv);

    if (rc != CLI_OK)
        return rc;
    if (argc < 2)
        return edit_last_line(cli);
    rc = run_editor(cli, argv[1]);
    return rc == CLI_OK ? run_edited(cli, argv[1]) : rc;
}

const struct nvrm_cmd cmd_source = {
    .name = "source",
    .args = "FILE",
    .help = "run the lines of a file in this session; the first that fails ends it",
    .min_args = 1,
    .max_args = 1,
    .run = cmd_source_run,
};

const struct nvrm_cmd cmd_edit = {
    .name = "edit",
    .args = "[FILE]",
    .help = "open the last line, or a file of lines or a script, in $EDITOR and run it",
    .min_args = 0,
    .max_args = 1,
    .run = cmd_edit_run,
};
