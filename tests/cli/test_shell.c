/* SPDX-License-Identifier: MIT */
/* The shell on a pseudo-terminal, as a person uses it. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

enum { SEEN_BYTES = 1 << 16, PATIENCE_MS = 10000 };

struct terminal {
    int fd;
    pid_t pid;
    char seen[SEEN_BYTES]; /* since the last wait_for() */
    size_t bytes;
    char history[64];
};

static int
open_terminal_of(void **state, const char *term)
{
    struct terminal *t = calloc(1, sizeof(*t));
    const struct winsize size = {.ws_row = 50, .ws_col = 200};
    int fd;

    snprintf(t->history, sizeof(t->history), "/tmp/nvrm-history-XXXXXX");
    fd = mkstemp(t->history);
    assert_true(fd >= 0);
    close(fd);
    t->pid = forkpty(&t->fd, NULL, NULL, &size);
    assert_true(t->pid >= 0);
    if (t->pid == 0) {
        setenv("TERM", term, 1);
        setenv("PAGER", "sed s/^/paged:/", 1);
        setenv("EDITOR", "sed -i s/13/31/", 1);
        unsetenv("VISUAL");
        unsetenv("NO_COLOR");
        setenv("NVRM_HISTORY", t->history, 1);
        setenv("INPUTRC", "/dev/null", 1);
        execl(NVRM_CLI_DIR "/nvrm-cli", "nvrm-cli", (char *)NULL);
        _exit(127);
    }
    *state = t;
    return 0;
}

static int
open_terminal(void **state)
{
    return open_terminal_of(state, "dumb");
}

static int
open_xterm(void **state)
{
    return open_terminal_of(state, "xterm");
}

static int
close_terminal(void **state)
{
    struct terminal *t = *state;

    kill(t->pid, SIGKILL);
    waitpid(t->pid, NULL, 0);
    close(t->fd);
    unlink(t->history);
    free(t);
    return 0;
}

static void
type(struct terminal *t, const char *text)
{
    assert_int_equal(write(t->fd, text, strlen(text)), strlen(text));
}

/* Read what has come; false when nothing comes for a while. */
static bool
read_more(struct terminal *t, int timeout_ms)
{
    struct pollfd p = {.fd = t->fd, .events = POLLIN};
    ssize_t got;

    if (poll(&p, 1, timeout_ms) <= 0)
        return false;
    got = read(t->fd, t->seen + t->bytes, sizeof(t->seen) - 1 - t->bytes);
    if (got <= 0)
        return false;
    t->bytes += (size_t)got;
    t->seen[t->bytes] = '\0';
    return true;
}

/* Wait until the text is on the screen, then forget everything up to its end. */
static void
wait_for(struct terminal *t, const char *text)
{
    char *at;

    while (!(at = strstr(t->seen, text))) {
        if (!read_more(t, PATIENCE_MS)) {
            print_error("waited for '%s', saw:\n%s\n", text, t->seen);
            fail();
        }
    }
    at += strlen(text);
    t->bytes -= (size_t)(at - t->seen);
    memmove(t->seen, at, t->bytes + 1);
}

static void
lines_share_one_session(void **state)
{
    struct terminal *t = *state;

    wait_for(t, "nvrm> ");
    type(t, "alloc device FERMI_VASPACE_A --as vas\n");
    wait_for(t, "0xcaf10001");
    wait_for(t, "nvrm> ");
    type(t, "tree\n");
    wait_for(t, "FERMI_VASPACE_A");
    wait_for(t, "nvrm> ");
    type(t, "free vas\n");
    wait_for(t, "freed 0xcaf10001");
}

static void
tab_completes_verbs_controls_fields_values_and_names(void **state)
{
    struct terminal *t = *state;

    wait_for(t, "nvrm> ");
    type(t, "expl\t");
    wait_for(t, "explain ");
    type(t, "status NV_ERR_INVALID_CLA\t\n");
    wait_for(t, "0x22");
    wait_for(t, "nvrm> ");
    type(t, "ctl subd\t");
    wait_for(t, "subdevice ");
    type(t, "nv2080_ctrl_cmd_gpu_get_name_s\t");
    wait_for(t, "NV2080_CTRL_CMD_GPU_GET_NAME_STRING ");
    type(t, "gpuNameStringFl\t");
    wait_for(t, "gpuNameStringFlags=");
    type(t, "NV2080_CTRL_GPU_GET_NAME_STRING_FLAGS_TYPE_A\t\n");
    wait_for(t, "NVIDIA GeForce RTX 4090");
    wait_for(t, "nvrm> ");
    type(t, "alloc device FERMI_VASPACE_A --as myspace\n");
    wait_for(t, "0xcaf1");
    wait_for(t, "nvrm> ");
    type(t, "free my\t\n");
    wait_for(t, "freed 0xcaf1");
}

static void
listing_fields_shows_their_types(void **state)
{
    struct terminal *t = *state;

    wait_for(t, "nvrm> ");
    type(t, "ctl subdevice NV2080_CTRL_CMD_FB_GET_INFO_V2 \t\t\t");
    wait_for(t, "fbInfoListSize=");
    wait_for(t, "u32");
    wait_for(t, "fbInfoList[0].");
}

static void
ctrl_c_drops_the_line_and_not_the_shell(void **state)
{
    struct terminal *t = *state;

    wait_for(t, "nvrm> ");
    type(t, "rubbish");
    wait_for(t, "rubbish");
    type(t, "\003");
    wait_for(t, "nvrm> ");
    type(t, "explain xid 13\n");
    wait_for(t, "GR_EXCEPTION");
}

static void
ctrl_c_ends_a_wait_and_keeps_the_session(void **state)
{
    struct terminal *t = *state;

    wait_for(t, "nvrm> ");
    type(t, "alloc device FERMI_VASPACE_A --as vas\n");
    wait_for(t, "0xcaf10001");
    wait_for(t, "nvrm> ");
    type(t, "event watch\n");
    wait_for(t, "event watch");
    while (read_more(t, 200))
        assert_null(strstr(t->seen, "nvrm> "));
    type(t, "\003");
    wait_for(t, "nvrm> ");
    type(t, "tree\n");
    wait_for(t, "FERMI_VASPACE_A");
}

static void
ctrl_c_ends_a_call_that_is_not_answered(void **state)
{
    struct terminal *t = *state;

    wait_for(t, "nvrm> ");
    type(t, "--timeout 60 -t emu?inject=fn:GSP_RM_CONTROL=lost ctl subdevice "
            "NV2080_CTRL_CMD_GPU_GET_NAME_STRING\n");
    wait_for(t, "GET_NAME_STRING");
    while (read_more(t, 200))
        assert_null(strstr(t->seen, "nvrm> "));
    type(t, "\003");
    wait_for(t, "interrupted");
    wait_for(t, "nvrm> ");
    type(t, "explain xid 13\n");
    wait_for(t, "GR_EXCEPTION");
}

static void
an_error_does_not_end_the_shell_but_exit_does(void **state)
{
    struct terminal *t = *state;
    int status;

    wait_for(t, "nvrm> ");
    type(t, "frobnicate\n");
    wait_for(t, "there is no verb 'frobnicate'");
    wait_for(t, "nvrm> ");
    type(t, "exit\n");
    while (read_more(t, PATIENCE_MS))
        ;
    assert_int_equal(waitpid(t->pid, &status, 0), t->pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    t->pid = fork();
    if (t->pid == 0)
        _exit(0);
}

static void
history_is_kept_between_shells(void **state)
{
    struct terminal *t = *state;
    char text[256] = "";
    int status;
    FILE *f;

    wait_for(t, "nvrm> ");
    type(t, "explain status 0x56\n");
    wait_for(t, "NV_ERR_NOT_SUPPORTED");
    wait_for(t, "nvrm> ");
    type(t, "\004");
    while (read_more(t, PATIENCE_MS))
        ;
    assert_int_equal(waitpid(t->pid, &status, 0), t->pid);
    f = fopen(t->history, "r");
    assert_non_null(f);
    assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
    fclose(f);
    assert_non_null(strstr(text, "explain status 0x56"));
    t->pid = fork();
    if (t->pid == 0)
        _exit(0);
}

static void
the_hint_line_says_what_comes_next(void **state)
{
    struct terminal *t = *state;

    wait_for(t, "nvrm> ");
    type(t, "ctl ");
    wait_for(t, "OBJECT CONTROL");
    type(t, "subdevice ");
    wait_for(t, "CONTROL [FIELD=VALUE");
    type(t, "NV2080_CTRL_CMD_FB_GET_INFO_V2");
    wait_for(t, "0x20801303 read: ");
    type(t, " ");
    wait_for(t, "fbInfoListSize u32");
    type(t, "fbInfoListSize=1 ");
    wait_for(t, "fbInfoList NV2080_CTRL_FB_INFO[");
    type(t, "fbInfoList[0].index=TOTAL_R");
    wait_for(t, "one of TOTAL_RAM_SIZE=");
    type(t, "AM_SIZE\n");
    wait_for(t, "fbInfoList");
}

static void
a_hint_is_wiped_before_the_line_runs(void **state)
{
    struct terminal *t = *state;

    wait_for(t, "nvrm> ");
    type(t, "explain");
    wait_for(t, "what a status");
    type(t, " xid 13");
    wait_for(t, "\033[1A");
    type(t, "\n");
    wait_for(t, "\033[K\033[1A");
    wait_for(t, "GR_EXCEPTION");
}

static void
a_dumb_terminal_gets_no_escape_sequences(void **state)
{
    struct terminal *t = *state;

    wait_for(t, "nvrm> ");
    type(t, "--color never explain xid 1");
    while (read_more(t, 300))
        ;
    assert_null(strchr(t->seen, '\033'));
    assert_null(strstr(t->seen, "what a status"));
}

static void
brackets_ask_for_more_lines(void **state)
{
    struct terminal *t = *state;

    wait_for(t, "nvrm> ");
    type(t, "ctl subdevice NV2080_CTRL_CMD_FB_GET_INFO_V2 {\"fbInfoListSize\": 1,\n");
    wait_for(t, "{> ");
    type(t, "\"fbInfoList\": [\n");
    wait_for(t, "[> ");
    type(t, "{\"index\": \"TOTAL_RAM_SIZE\"}]}\n");
    wait_for(t, "fbInfoList[0].data");
    wait_for(t, "nvrm> ");
    type(t, "rerun 1\n");
    wait_for(t, "fbInfoList[0].data");
    wait_for(t, "nvrm> ");
    type(t, "ctl subdevice {\n");
    wait_for(t, "{> ");
    type(t, "\003");
    wait_for(t, "nvrm> ");
    type(t, "explain xid 13\n");
    wait_for(t, "GR_EXCEPTION");
}

static void
the_prompt_shows_the_exit_code(void **state)
{
    struct terminal *t = *state;

    wait_for(t, "nvrm> ");
    type(t, "explain status NV_ERR_NOPE\n");
    wait_for(t, "2 nvrm> ");
    type(t, "explain status 0x56\n");
    wait_for(t, "NOT_SUPPORTED");
    wait_for(t, "\nnvrm> ");
}

static void
history_is_its_owners_and_skips_blank_starts(void **state)
{
    struct terminal *t = *state;
    char text[256] = "";
    struct stat st;
    FILE *f;

    assert_int_equal(chmod(t->history, 0644), 0);
    wait_for(t, "nvrm> ");
    type(t, "explain status 0x56\n");
    wait_for(t, "nvrm> ");
    type(t, " explain status 0x57\n");
    wait_for(t, "OBJECT_NOT_FOUND");
    f = fopen(t->history, "r");
    assert_non_null(f);
    assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
    fclose(f);
    assert_string_equal(text, "explain status 0x56\n");
    assert_int_equal(stat(t->history, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void
variables_hold_results_for_later_lines(void **state)
{
    struct terminal *t = *state;

    wait_for(t, "nvrm> ");
    type(t, "vas = alloc device FERMI_VASPACE_A\n");
    wait_for(t, "0xcaf10001");
    wait_for(t, "nvrm> ");
    type(t, "n = ctl subdevice NV2080_CTRL_CMD_GPU_GET_NAME_STRING\n");
    wait_for(t, "4090");
    wait_for(t, "nvrm> ");
    type(t, "vars n.gpuNameString.ascii\n");
    wait_for(t, "\nNVIDIA GeForce RTX 4090");
    wait_for(t, "nvrm> ");
    type(t, "free $vas\n");
    wait_for(t, "freed 0xcaf10001");
    wait_for(t, "nvrm> ");
    type(t, "rerun 1\n");
    wait_for(t, "0xcaf1");
}

static void
a_slow_call_is_cancelled_and_the_shell_goes_on(void **state)
{
    struct terminal *t = *state;

    wait_for(t, "nvrm> ");
    type(t, "-t emu?inject=fn:GSP_RM_CONTROL=slow:5000 ctl subdevice "
            "NV2080_CTRL_CMD_GPU_GET_NAME_STRING\n");
    wait_for(t, "GET_NAME_STRING");
    while (read_more(t, 200))
        assert_null(strstr(t->seen, "nvrm> "));
    type(t, "\003");
    wait_for(t, "130 nvrm> ");
    type(t, "explain xid 13\n");
    wait_for(t, "GR_EXCEPTION");
}

static void
watch_runs_a_line_until_ctrl_c(void **state)
{
    struct terminal *t = *state;

    wait_for(t, "nvrm> ");
    type(t, "watch -n 0.1 explain xid 13\n");
    wait_for(t, "GR_EXCEPTION");
    wait_for(t, "GR_EXCEPTION");
    wait_for(t, "GR_EXCEPTION");
    type(t, "\003");
    wait_for(t, "130 nvrm> ");
}

static void
edit_opens_the_last_line_and_runs_what_is_left(void **state)
{
    struct terminal *t = *state;

    wait_for(t, "nvrm> ");
    type(t, "explain xid 13\n");
    wait_for(t, "GR_EXCEPTION");
    wait_for(t, "nvrm> ");
    type(t, "edit\n");
    wait_for(t, "ROBUST_CHANNEL_FIFO_ERROR_MMU_ERR_FLT");
    wait_for(t, "nvrm> ");
}

static void
a_long_text_goes_through_the_pager_and_a_short_one_does_not(void **state)
{
    struct terminal *t = *state;

    wait_for(t, "nvrm> ");
    type(t, "explain xid 13\n");
    wait_for(t, "GR_EXCEPTION");
    wait_for(t, "nvrm> ");
    assert_null(strstr(t->seen, "paged:"));
    type(t, "schema list rpcs\n");
    wait_for(t, "paged:");
    wait_for(t, "GSP_RM_CONTROL");
    wait_for(t, "nvrm> ");
}

int
main(void)
{
#define ON_XTERM(test)    cmocka_unit_test_setup_teardown(test, open_xterm, close_terminal)
#define ON_TERMINAL(test) cmocka_unit_test_setup_teardown(test, open_terminal, close_terminal)
    const struct CMUnitTest tests[] = {
        ON_TERMINAL(lines_share_one_session),
        ON_TERMINAL(tab_completes_verbs_controls_fields_values_and_names),
        ON_TERMINAL(listing_fields_shows_their_types),
        ON_TERMINAL(ctrl_c_drops_the_line_and_not_the_shell),
        ON_TERMINAL(ctrl_c_ends_a_wait_and_keeps_the_session),
        ON_TERMINAL(ctrl_c_ends_a_call_that_is_not_answered),
        ON_TERMINAL(an_error_does_not_end_the_shell_but_exit_does),
        ON_TERMINAL(history_is_kept_between_shells),
        ON_XTERM(the_hint_line_says_what_comes_next),
        ON_XTERM(a_hint_is_wiped_before_the_line_runs),
        ON_TERMINAL(a_dumb_terminal_gets_no_escape_sequences),
        ON_TERMINAL(brackets_ask_for_more_lines),
        ON_TERMINAL(the_prompt_shows_the_exit_code),
        ON_TERMINAL(history_is_its_owners_and_skips_blank_starts),
        ON_TERMINAL(variables_hold_results_for_later_lines),
        ON_TERMINAL(a_slow_call_is_cancelled_and_the_shell_goes_on),
        ON_TERMINAL(watch_runs_a_line_until_ctrl_c),
        ON_TERMINAL(edit_opens_the_last_line_and_runs_what_is_left),
        ON_TERMINAL(a_long_text_goes_through_the_pager_and_a_short_one_does_not),
    };

    if (posix_openpt(O_RDWR | O_NOCTTY) < 0) {
        puts("skipped: this system gives out no pseudo-terminals (is /dev/pts mounted?)");
        return TEST_SKIPPED;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
