/* SPDX-License-Identifier: MIT */
/* Lines of the shell while every allocation of a document fails once: each line ends with an
 * exit code, and the session goes on. */
#include <jansson.h>

#include "cli.h"
#include "complete.h"
#include "hint.h"
#include "session.h"
#include "test.h"
#include "vars.h"

static volatile int interrupted;
static long countdown; /* allocations until the one that fails; below 0: none does */

static void *
failing_malloc(size_t bytes)
{
    if (countdown >= 0 && countdown-- == 0)
        return NULL;
    return malloc(bytes);
}

static struct cli *
open_cli(struct cli *cli)
{
    *cli = (struct cli){
        .schema = nvrm_schema_builtin(), .interrupted = &interrupted, .keep_session = true};
    cli->out = cli->err = fopen("/dev/null", "w");
    assert_non_null(cli->out);
    assert_int_equal(cli_run_line(cli, "vas = alloc FERMI_VASPACE_A"), CLI_OK);
    assert_int_equal(cli_run_line(cli, "n = ctl subdevice NV2080_CTRL_CMD_GPU_GET_NAME_STRING"),
                     CLI_OK);
    return cli;
}

static void
close_cli(struct cli *cli)
{
    (void)session_close(cli, CLI_OK);
    json_decref(cli->steps);
    vars_fini(cli);
    fclose(cli->out);
}

/* Fail the first allocation, then the second, until the line needs no more. */
static void
fail_everywhere(struct cli *cli, const char *line)
{
    for (long n = 0; n < 100000; n += 1 + n / 50) {
        bool failed;

        countdown = n;
        (void)cli_run_line(cli, line);
        failed = countdown < 0;
        countdown = -1;
        if (!failed)
            return;
    }
    fail_msg("'%s' never gets its memory", line);
}

static void
lines_survive_every_failure(void **state)
{
    static const char *const lines[] = {
        "vars",
        "vars n.gpuNameString.ascii",
        "x = $n.gpuNameStringFlags",
        "y = explain xid 13",
        "history",
        "tree",
        "tree --dot",
        "tree --owners VASPACE",
        "-j tree --leaks",
        "help NV_PMC_BOOT_42",
        "help fbInfoListSize",
        "help FB_GET_INFO_V2",
        "ctl subdevice NV2080_CTRL_CMD_GPU_GET_NAME_STRING gpuNameStringFlags=$x",
        "save /dev/null",
    };
    struct cli cli;

    (void)state;
    open_cli(&cli);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        fail_everywhere(&cli, lines[i]);
    assert_int_equal(cli_run_line(&cli, "free $vas"), CLI_OK);
    close_cli(&cli);
}

static void
completion_and_hints_survive_every_failure(void **state)
{
    static const char *const lines[] = {"free $n.gpuNameString.as", "ctl subdevice N",
                                        "vars n."};
    struct cli cli;

    (void)state;
    open_cli(&cli);
    for (long n = 0; n < 40; n++) {
        for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
            char text[HINT_BYTES];
            struct completions c;

            countdown = n;
            (void)hint_line(&cli, lines[i], text, sizeof(text));
            complete_line(&cli, "", lines[i], &c);
            completions_fini(&c);
            countdown = -1;
        }
    }
    close_cli(&cli);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_survive_every_failure),
        cmocka_unit_test(completion_and_hints_survive_every_failure),
    };

    countdown = -1;
    json_set_alloc_funcs(failing_malloc, free);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
