/* SPDX-License-Identifier: MIT */
/*
 * emu exec: a program that speaks to nvidia.ko, on an emulated card. The preload library serves
 * the device nodes in the program's process; this verb writes the module's /proc and /sys files
 * into a folder, runs the program, and takes the folder away.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <emu/kmod.h>

#include "beside.h"
#include "cmds.h"
#include "session.h"
#include "trace_exec.h"

#define LIBRARY "libnvrm-preload.so"

struct exec_request {
    char *chip, *cards, *fault;
    struct nvrm_abi abi;
    char tree[64], library[PATH_MAX];
};

static int
find_library(struct exec_request *r, struct gsp_error *err)
{
    static const char *const places[] = {"../emu/preload/" LIBRARY, "../lib/nvrm/" LIBRARY,
                                         LIBRARY, NULL};

    return cli_find_beside("NVRM_PRELOAD", places, r->library, err);
}

/* The module's files */

static int
make_folders(char *path, size_t from)
{
    for (char *p = path + from; (p = strchr(p + 1, '/'));) {
        *p = '\0';
        if (mkdir(path, 0755) < 0 && errno != EEXIST)
            return -errno;
        *p = '/';
    }
    return 0;
}

static int
write_file(struct emu_kmod *kmod, unsigned i, const char *tree)
{
    char path[PATH_MAX], text[4096];
    const ssize_t n = emu_kmod_file_read(kmod, i, text, sizeof(text));
    int fd, rc;

    if (n < 0)
        return (int)n;
    snprintf(path, sizeof(path), "%s%s", tree, emu_kmod_file_path(kmod, i));
    rc = make_folders(path, strlen(tree));
    if (rc < 0)
        return rc;
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return -errno;
    rc = write(fd, text, (size_t)n) == n ? 0 : -EIO;
    return close(fd) < 0 ? -errno : rc;
}

static int
write_tree(struct exec_request *r, struct gsp_error *err)
{
    const struct emu_kmod_config config = {
        .chip = r->chip,
        .abi = r->abi,
        .fault = r->fault,
        .cards = r->cards ? (unsigned)strtoul(r->cards, NULL, 10) : 1,
    };
    const char *tmp = getenv("TMPDIR");
    struct emu_kmod *kmod;
    char message[200] = "";
    int rc = emu_kmod_create(&config, &kmod, message, sizeof(message));

    if (rc < 0) {
        gsp_fail(err, GSP_ORIGIN_INPUT, rc, "the emulated card does not start: %s", message);
        gsp_hint(err, "list shows the chips, list --faults the faults");
        return rc;
    }
    snprintf(r->tree, sizeof(r->tree), "%s/nvrm-XXXXXX",
             tmp && strlen(tmp) < 48 ? tmp : "/tmp");
    rc = mkdtemp(r->tree) ? 0 : -errno;
    for (unsigned i = 0; rc == 0 && emu_kmod_file_path(kmod, i); i++)
        rc = write_file(kmod, i, r->tree);
    emu_kmod_destroy(kmod);
    return rc == 0 ? 0 : gsp_fail(err, GSP_ORIGIN_LOCAL, rc, "%s: %s", r->tree, strerror(-rc));
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

/* The program */

static void
set_up(const struct exec_request *r)
{
    const char *before = getenv("LD_PRELOAD");
    char preload[2 * PATH_MAX];

    snprintf(preload, sizeof(preload), "%s%s%s", r->library, before ? ":" : "",
             before ? before : "");
    setenv("LD_PRELOAD", preload, 1);
    setenv("NVRM_EMU_TREE", r->tree, 1);
    setenv("NVRM_EMU_RELEASE", nvrm_release_name(r->abi.schema, r->abi.release), 1);
    if (r->chip)
        setenv("NVRM_EMU_CHIP", r->chip, 1);
    if (r->cards)
        setenv("NVRM_EMU_CARDS", r->cards, 1);
    if (r->fault)
        setenv("NVRM_EMU_FAULT", r->fault, 1);
}

/* Ctrl-C is for the program; we wait for what it makes of it. */
static int
run_program(struct cli *cli, const struct exec_request *r, char **argv)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, old;
    pid_t pid;
    int status;

    fflush(cli->out);
    sigaction(SIGINT, &ignore, &old);
    pid = fork();
    if (pid == 0) {
        sigaction(SIGINT, &old, NULL);
        set_up(r);
        execvp(argv[0], argv);
        fprintf(stderr,
                "error: %s: %s\nhint: the words behind -- are a program and its arguments\n",
                argv[0], strerror(errno));
        _exit(errno == ENOENT ? 127 : 126);
    }
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    sigaction(SIGINT, &old, NULL);
    if (pid < 0)
        return CLI_INTERNAL;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool
is_count(const char *text)
{
    return text[0] >= '1' && text[0] <= '8' && !text[1];
}

static int
take_options(struct cli *cli, int *argc, char **argv, struct exec_request *r)
{
    int rc = cli_value(cli, argc, argv, "--chip", &r->chip);

    if (rc == CLI_OK)
        rc = cli_value(cli, argc, argv, "--cards", &r->cards);
    if (rc == CLI_OK && r->cards && !is_count(r->cards))
        return cli_usage(cli, "legal: 1 to 8", "--cards: '%s' is not a legal value", r->cards);
    return rc == CLI_OK ? cli_value(cli, argc, argv, "--fault", &r->fault) : rc;
}

/* A library is not preloaded into a program without a loader, and one of Go does not call it.
 */
static int
check_program(const char *program, struct gsp_error *err)
{
    if (!trace_program_is_static(program))
        return 0;
    gsp_fail(err, GSP_ORIGIN_TRANSPORT, -ENOEXEC,
             "%s is linked statically or of Go: it enters the kernel by itself", program);
    gsp_hint(err,
             "link it dynamically; the emulated module is a library that stands before libc");
    return -ENOEXEC;
}

static int
emu_exec(struct cli *cli, struct exec_request *r, char **program)
{
    struct gsp_error err = {0};
    int rc = cli_abi(cli, &r->abi, &err);
    int code;

    if (rc == 0)
        rc = check_program(program[0], &err);
    if (rc == 0)
        rc = find_library(r, &err);
    if (rc == 0)
        rc = write_tree(r, &err);
    code = rc < 0 ? cli_fail(cli, &err) : run_program(cli, r, program);
    if (r->tree[0])
        nftw(r->tree, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return code;
}

static int
cmd_emu_run(struct cli *cli, int argc, char **argv)
{
    struct exec_request r = {0};
    int rc = take_options(cli, &argc, argv, &r);

    if (rc == CLI_OK)
        rc = cli_check_args(cli, &cmd_emu, &argc, argv);
    if (rc != CLI_OK)
        return rc;
    if (strcmp(argv[1], "exec"))
        return cli_usage(cli, "for example: emu exec -- python3 client.py",
                         "emu: '%s' is not exec", argv[1]);
    return emu_exec(cli, &r, argv + 2);
}

const struct nvrm_cmd cmd_emu = {
    .name = "emu",
    .args = "exec [--chip CHIP] [--cards N] [--fault FAULT] -- PROGRAM [ARG...]",
    .help = "run a program that speaks to nvidia.ko on an emulated card",
    .min_args = 2,
    .max_args = -1,
    .run = cmd_emu_run,
    .options = "--chip --cards --fault",
};
