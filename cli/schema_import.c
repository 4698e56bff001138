/* SPDX-License-Identifier: MIT */
/*
 * schema import: runs nvrm-import, the program that reads a vendor tree, with the words that
 * follow. It lies beside nvrm-cli when installed, and in gen/import/ of a build folder.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "beside.h"
#include "schema_verbs.h"

static int
missing(struct cli *cli, const char *program, int code)
{
    return cli_usage(cli,
                     "it is built with nvrm (ninja nvrm-import) and installed beside nvrm-cli; "
                     "NVRM_IMPORT names another",
                     "%s: %s", program, strerror(code));
}

/* The child tells through the pipe why it could not become the program. */
static int
run_program(struct cli *cli, char *program, char **argv)
{
    int pipe_fd[2], code = 0, status = 0;
    pid_t child;

    if (pipe2(pipe_fd, O_CLOEXEC) < 0)
        return cli_out_of_memory(cli);
    fflush(cli->out);
    child = fork();
    if (child == 0) {
        argv[0] = program;
        execvp(program, argv);
        code = errno;
        _exit(write(pipe_fd[1], &code, sizeof(code)) == sizeof(code) ? 127 : 126);
    }
    close(pipe_fd[1]);
    if (child < 0 || read(pipe_fd[0], &code, sizeof(code)) != sizeof(code))
        code = child < 0 ? errno : 0;
    close(pipe_fd[0]);
    if (child > 0)
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            continue;
    if (code)
        return missing(cli, program, code);
    if (WIFSIGNALED(status))
        return CLI_INTERRUPTED;
    return WEXITSTATUS(status) == 2 ? CLI_USAGE : WEXITSTATUS(status) ? CLI_INTERNAL : CLI_OK;
}

int
schema_import(struct cli *cli, int argc, char **argv)
{
    static const char *const places[] = {"nvrm-import", "../gen/import/nvrm-import",
                                         "../libexec/nvrm/nvrm-import", NULL};
    struct gsp_error err = {0};
    char path[PATH_MAX];

    if (argc < 2)
        return cli_usage(cli,
                         "usage: nvrm-cli schema import [--out SCHEMAS] TREE [RELEASE], or "
                         "--git REPO --tag RELEASE",
                         "schema import needs a vendor tree");
    if (cli_find_beside("NVRM_IMPORT", places, path, &err) < 0)
        return cli_fail(cli, &err);
    return run_program(cli, path, argv);
}
