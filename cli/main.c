/* SPDX-License-Identifier: MIT */
/*
 * nvrm-cli: the program. Parses the line, runs verbs, closes the session, and is the only place
 * that exits.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "boot_rig.h"
#include "cmds.h"
#include "session.h"
#include "vars.h"
#include "version.h"

enum { MOST_LINES = 256 };

static volatile int interrupted;

static void
on_interrupt(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

/* After Ctrl-C the clock of the libraries stands far in the future, so that every deadline has
 * passed and every wait ends in order. */
static uint64_t
clock_of_waits(void *ctx)
{
    const struct cli *cli = ctx;
    const uint64_t now_ns = gsp_host_now_ns(NULL);

    return *cli->interrupted ? now_ns + CLI_PAST_DEADLINES_NS : now_ns;
}

static void
catch_interrupts(void)
{
    struct sigaction action = {.sa_handler = on_interrupt};

    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_DFL);
}

/* -e LINE, any number of times, in the order they stand. */
static int
take_lines(struct cli *cli, int *argc, char **argv, const char **lines, unsigned *count)
{
    int kept = 0;

    for (int i = 0; i < *argc; i++) {
        if (!strcmp(argv[i], "--")) {
            while (i < *argc)
                argv[kept++] = argv[i++];
            break;
        }
        if (strcmp(argv[i], "-e")) {
            argv[kept++] = argv[i];
            continue;
        }
        if (i + 1 >= *argc || *count == MOST_LINES)
            return cli_usage(cli, "for example: -e 'ctl subdevice NAME'",
                             *count == MOST_LINES ? "too many -e" : "-e needs a line");
        lines[(*count)++] = argv[++i];
    }
    argv[kept] = NULL;
    *argc = kept;
    return CLI_OK;
}

static int
run_lines(struct cli *cli, const char *const *lines, unsigned count)
{
    int rc = CLI_OK;

    cli->keep_session = true;
    for (unsigned i = 0; i < count && rc == CLI_OK; i++)
        rc = cli_run_line(cli, lines[i]);
    return rc;
}

static bool
asks_for(int argc, char **argv, const char *shorter, const char *longer)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--"); i++) {
        if (!strcmp(argv[i], shorter) || !strcmp(argv[i], longer))
            return true;
    }
    return false;
}

/* The other options say in which format. */
static int
show_version(struct cli *cli, int argc, char **argv)
{
    int kept = 0, rc;

    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "-V") && strcmp(argv[i], "--version"))
            argv[kept++] = argv[i];
    }
    argv[kept] = NULL;
    rc = cli_options_take(cli, &kept, argv, true);
    return rc == CLI_OK ? version_print(cli) : rc;
}

static int
run_program(struct cli *cli, int argc, char **argv)
{
    char *help[] = {(char *)"help", argc ? argv[0] : NULL, NULL};
    char *shell[] = {(char *)"shell", NULL};
    const char *lines[MOST_LINES];
    unsigned count = 0;
    int rc = take_lines(cli, &argc, argv, lines, &count);

    if (rc != CLI_OK)
        return rc;
    if (asks_for(argc, argv, "-V", "--version"))
        return show_version(cli, argc, argv);
    if (asks_for(argc, argv, "-h", "--help"))
        return cmd_help.run(cli, argc && cli_cmd_find(argv[0]) ? 2 : 1, help);
    rc = cli_options_take(cli, &argc, argv, true);
    if (rc != CLI_OK)
        return rc;
    if (count && argc)
        return cli_usage(cli, "put the verb into another -e", "-e and '%s' do not go together",
                         argv[0]);
    if (count)
        return run_lines(cli, lines, count);
    if (argc)
        return cli_run(cli, argc, argv);
    if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
        return cmd_shell.run(cli, 1, shell);
    return cli_usage(cli, "nvrm-cli help lists the verbs", "no verb was given");
}

int
main(int argc, char **argv)
{
    struct cli cli = {
        .schema = nvrm_schema_builtin(),
        .out = stdout,
        .err = stderr,
        .interrupted = &interrupted,
    };
    int rc, closed;

    catch_interrupts();
    cli.host = (struct gsp_host){.ctx = &cli, .now_ns = clock_of_waits};
    rc = run_program(&cli, argc - 1, argv + 1);
    closed = boot_rig_close(cli.boot);
    rc = session_close(&cli, rc == CLI_OK ? closed : rc);
    rc = rc == CLI_OK ? cli_flush(&cli) : rc;
    json_decref(cli.steps);
    vars_fini(&cli);
    return interrupted && rc != CLI_OK ? CLI_INTERRUPTED : rc;
}
