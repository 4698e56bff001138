/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli_run.h"
#include "test.h"

static char *
read_back(FILE *f)
{
    long bytes;
    char *text;

    fseek(f, 0, SEEK_END);
    bytes = ftell(f);
    rewind(f);
    text = calloc(1, (size_t)bytes + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, (size_t)bytes, f), bytes);
    fclose(f);
    return text;
}

static void
become(const char *command, FILE *out, FILE *err)
{
    const int nothing = open("/dev/null", O_RDONLY);
    char path[4096];

    snprintf(path, sizeof(path), "%s:%s", NVRM_CLI_DIR, getenv("PATH"));
    setenv("PATH", path, 1);
    setenv("NO_COLOR", "1", 1);
    if (chdir(NVRM_SOURCE_DIR) < 0 || dup2(nothing, 0) < 0 || dup2(fileno(out), 1) < 0 ||
        dup2(fileno(err), 2) < 0)
        _exit(126);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

struct cli_result
cli_run_command(const char *command)
{
    FILE *out = tmpfile(), *err = tmpfile();
    struct cli_result r;
    int status;
    pid_t pid;

    assert_non_null(out);
    assert_non_null(err);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        become(command, out, err);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    r.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    r.out = read_back(out);
    r.err = read_back(err);
    return r;
}

void
cli_result_free(struct cli_result *r)
{
    free(r->out);
    free(r->err);
}

char *
cli_expect(const char *command, int code)
{
    struct cli_result r = cli_run_command(command);

    if (r.code != code)
        print_error("%s\nexit code %d, stdout:\n%s\nstderr:\n%s\n", command, r.code, r.out,
                    r.err);
    assert_int_equal(r.code, code);
    free(r.err);
    return r.out;
}

json_t *
cli_expect_json(const char *command)
{
    char *text = cli_expect(command, 0);
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

    if (!value)
        print_error("%s\nis not JSON:\n%s\n", command, text);
    assert_non_null(value);
    free(text);
    return value;
}

void
cli_expect_text(const char *command, int code, const char *out, const char *err)
{
    struct cli_result r = cli_run_command(command);
    const bool ok =
        r.code == code && (!out || strstr(r.out, out)) && (!err || strstr(r.err, err));

    if (!ok)
        print_error("%s\nexit code %d instead of %d\nwanted on stdout: %s\nwanted on stderr: "
                    "%s\nstdout:\n%s\nstderr:\n%s\n",
                    command, r.code, code, out ? out : "-", err ? err : "-", r.out, r.err);
    assert_true(ok);
    cli_result_free(&r);
}
