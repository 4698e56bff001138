/* SPDX-License-Identifier: MIT */
/* A shell outlives the emulator that its card lives in: the next boot finds the next one. */
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "boot_rig.h"
#include "cli.h"
#include "session.h"
#include "test.h"
#include "vars.h"

static char folder[] = "/tmp/nvrm-reconnect-XXXXXX";
static char card[64], transport[96];
static volatile int never;

/* nvrm-emu says a line once it listens. */
static pid_t
serve(void)
{
    int out[2];
    char byte;
    pid_t pid;

    assert_int_equal(pipe(out), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(out[1], 1);
        execl(NVRM_EMU, "nvrm-emu", "--chip", "GA102", "--socket", card, (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    assert_int_equal(read(out[0], &byte, 1), 1);
    close(out[0]);
    return pid;
}

static void
end(pid_t pid, int signal_number)
{
    assert_int_equal(kill(pid, signal_number), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void
a_shell_boots_the_card_of_the_next_emulator(void **state)
{
    struct cli cli = {.schema = nvrm_schema_builtin(),
                      .out = tmpfile(),
                      .err = tmpfile(),
                      .keep_session = true,
                      .interrupted = &never};
    pid_t emu = serve();

    (void)state;
    cli.options.transport = transport;
    assert_int_equal(cli_run_line(&cli, "boot run"), CLI_OK);
    end(emu, SIGKILL);
    assert_int_equal(cli_run_line(&cli, "boot status"), CLI_LOST);
    assert_int_equal(cli_run_line(&cli, "boot status"), CLI_NO_DEVICE);
    emu = serve();
    assert_int_equal(cli_run_line(&cli, "boot run"), CLI_OK);
    assert_int_equal(cli_run_line(&cli, "boot unload"), CLI_OK);
    boot_rig_close(cli.boot);
    assert_int_equal(session_close(&cli, CLI_OK), CLI_OK);
    json_decref(cli.steps);
    vars_fini(&cli);
    fclose(cli.out);
    fclose(cli.err);
    end(emu, SIGTERM);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_shell_boots_the_card_of_the_next_emulator),
    };
    int rc;

    if (!mkdtemp(folder))
        return 1;
    snprintf(card, sizeof(card), "%s/card", folder);
    snprintf(transport, sizeof(transport), "vfio-user:%s", card);
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(card);
    rmdir(folder);
    return rc;
}
