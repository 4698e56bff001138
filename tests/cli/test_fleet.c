/* SPDX-License-Identifier: MIT */
/* Many cards: health, top, and cards behind ssh. */
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "cli_run.h"
#include "test.h"

#define SSH "NVRM_SSH=tests/cli/data/fleet/ssh.sh "

/* health */

static void
a_healthy_card_is_one_line_that_all_such_cards_share(void **state)
{
    char *out = cli_expect("nvrm-cli health emu:GH100", 0);

    (void)state;
    assert_string_equal(out, "card 0 (NVIDIA H100 80GB HBM3): ok; unknown: recovery, pages, "
                             "throttle\n");
    free(out);
}

static void
the_worst_finding_is_the_exit_code(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli health 'emu:GH100?fault=ecc-errors:3'", 2,
                    "critical: ecc: 3 uncorrected errors", NULL);
    cli_expect_text("nvrm-cli health 'emu?fault=slow-link'", 1, "warning: pcie: 1 lanes of 16",
                    NULL);
    cli_expect_text("nvrm-cli health 'emu?fault=xid:31'", 1, "warning: xid: Xid 31", NULL);
    cli_expect_text("nvrm-cli health 'emu?fault=xid:79'", 2, "critical: xid: Xid 79", NULL);
    cli_expect_text("nvrm-cli health 'emu?fault=off-bus'", 2, "fallen off the bus", NULL);
    cli_expect_text("nvrm-cli health emu 'emu?fault=slow-link' emu:GH100", 1,
                    "card 1 (NVIDIA GeForce RTX 4090): warning", NULL);
}

static void
a_card_that_cannot_be_reached_is_unknown(void **state)
{
    (void)state;
    cli_expect_text("NVRM_SSH=false nvrm-cli -t ssh://node1 health", 3, "unknown; the broker",
                    NULL);
    cli_expect_text("nvrm-cli health vfio-user:/tmp/no-such-socket", 3, "unknown", NULL);
}

static void
limits_come_from_options_and_files(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli health --limit temperature_warning=20", 1,
                    "temperature: at or above 20 C", NULL);
    cli_expect_text("nvrm-cli health --limits tests/cli/data/fleet/limits.yaml", 2,
                    "temperature: at or above 25 C; unknown: recovery, pages, nvlink", NULL);
    cli_expect_text("nvrm-cli health --limits tests/cli/data/fleet/limits.yaml "
                    "--limit temperature_critical=99",
                    1, "at or above 20 C", NULL);
    cli_expect_text("nvrm-cli health --limit pcie_gen_min=5", 1, "generation 4 of 5", NULL);
}

static void
a_check_can_be_skipped_or_required(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli health --skip ecc 'emu:GH100?fault=ecc-errors:3'", 0, ": ok;",
                    NULL);
    cli_expect_text("nvrm-cli health --skip recovery,pages,throttle emu:GH100", 0, ": ok\n",
                    NULL);
    cli_expect_text("nvrm-cli health --require pages", 3, ": unknown", NULL);
}

static void
a_mistake_in_the_rules_is_no_verdict(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli health --limit temprature_warning=1", 3, NULL,
                    "did you mean temperature_warning?");
    cli_expect_text("nvrm-cli health --limit temperature_warning=hot", 3, NULL,
                    "is not NAME=NUMBER");
    cli_expect_text("nvrm-cli health --limit temperature_warning=-1", 3, NULL, "from 0 on");
    cli_expect_text("nvrm-cli health --skip ec", 3, NULL, "did you mean ecc?");
    cli_expect_text("nvrm-cli health --limits /no/such/file", 3, NULL, "/no/such/file");
    cli_expect_text("nvrm-cli health --limits tests/cli/data/leaks.json", 3, NULL,
                    "there is no key");
    cli_expect_text("nvrm-cli health > /dev/full", 3, NULL, "cannot write");
}

static void
xids_of_a_kernel_log_count(void **state)
{
    static const char log[] =
        "printf '%s\\n' 'NVRM: Xid (PCI:0000:01:00): 31, pid=7, name=a, MMU Fault' "
        "'NVRM: Xid (PCI:0000:02:00): 79, GPU has fallen off the bus.' ";

    char command[512];

    (void)state;
    snprintf(command, sizeof(command), "%s | nvrm-cli health --log -", log);
    cli_expect_text("nvrm-cli health --log /no/such/file", 3, NULL, "/no/such/file");
    cli_expect_text("echo nothing > /tmp/nvrm-log && nvrm-cli health --log /tmp/nvrm-log", 0,
                    ": ok", NULL);
    cli_expect_text(command, 1, "warning: xid: Xid 31", NULL);
}

static void
every_check_has_a_status_and_a_text_in_json(void **state)
{
    json_t *doc = cli_expect_json("nvrm-cli -j health emu:GH100"), *check;
    json_t *card = json_array_get(json_object_get(doc, "cards"), 0);
    const char *name;

    (void)state;
    assert_string_equal(json_string_value(json_object_get(doc, "status")), "ok");
    assert_int_equal(json_object_size(json_object_get(card, "checks")), 10);
    json_object_foreach(json_object_get(card, "checks"), name, check)
    {
        assert_true(json_is_string(json_object_get(check, "status")));
        assert_true(json_string_length(json_object_get(check, "text")) > 0);
    }
    assert_true(json_is_null(json_object_get(json_object_get(card, "reading"), "power_w")));
    json_decref(doc);
}

/* Sanitizers do not allow the preloaded library. */
static void
need_kernel_module(void)
{
    struct cli_result r = cli_run_command("nvrm-cli emu exec -- true");
    const int code = r.code;

    cli_result_free(&r);
    if (code)
        skip();
}

static void
every_card_of_the_kernel_module_is_a_line(void **state)
{
    char *out;

    (void)state;
    need_kernel_module();
    out = cli_expect("nvrm-cli emu exec --cards 3 -- nvrm-cli -t nvidia health", 0);
    assert_non_null(strstr(out, "card 0 (NVIDIA GeForce RTX 4090): ok"));
    assert_non_null(strstr(out, "card 2 (NVIDIA GeForce RTX 4090): ok"));
    assert_null(strstr(out, "card 3"));
    free(out);
    cli_expect_text("nvrm-cli emu exec -- nvrm-cli health nvidia:0 nvidia:5", 3,
                    "card 1 (no name): unknown; the module has no card 5", NULL);
}

/* ssh */

static void
what_a_pointer_leads_to_goes_through_ssh(void **state)
{
    (void)state;
    need_kernel_module();
    cli_expect_text(SSH "nvrm-cli emu exec -- nvrm-cli -t ssh://n/nvidia:0 ctl subdevice "
                        "NV2080_CTRL_CMD_FB_GET_INFO '{\"fbInfoListSize\": 1, \"fbInfoList\": "
                        "[{\"index\": \"TOTAL_RAM_SIZE\"}]}'",
                    0, "fbInfoList[0].data  = 25153536", NULL);
}

static void
a_card_behind_ssh_is_the_card_itself(void **state)
{
    json_t *here = cli_expect_json("nvrm-cli -j -t emu:GH100 info");
    json_t *there = cli_expect_json(SSH "nvrm-cli -j -t ssh://node1/emu:GH100 info");

    (void)state;
    json_object_del(here, "transport");
    assert_string_equal(json_string_value(json_object_get(there, "transport")), "ssh");
    json_object_del(there, "transport");
    assert_true(json_equal(here, there));
    json_decref(here);
    json_decref(there);
}

/* RM over there has several cards: the one that is named is meant. */
static void
the_second_card_behind_ssh_is_the_second_card(void **state)
{
#define UUID "ctl subdevice NV2080_CTRL_CMD_GPU_GET_GID_INFO index=0 flags=2"
    char *here, *there, *first;

    (void)state;
    need_kernel_module();
    here = cli_expect("nvrm-cli emu exec --cards 2 -- nvrm-cli -t nvidia:1 " UUID, 0);
    there =
        cli_expect(SSH "nvrm-cli emu exec --cards 2 -- nvrm-cli -t ssh://n/nvidia:1 " UUID, 0);
    first =
        cli_expect(SSH "nvrm-cli emu exec --cards 2 -- nvrm-cli -t ssh://n/nvidia " UUID, 0);
    assert_string_equal(there, here);
    assert_string_not_equal(there, first);
    free(here);
    free(there);
    free(first);
#undef UUID
}

static void
the_other_sides_release_is_spoken(void **state)
{
    (void)state;
    cli_expect_text(SSH "nvrm-cli -j -t 'ssh://n/emu?fw=535.113.01' info", 0,
                    "\"release\": \"535.113.01\"", NULL);
    cli_expect_text(SSH "nvrm-cli -j -F 570.144 -t ssh://me@n:22 info", 0,
                    "\"release\": \"570.144\"", NULL);
    cli_expect_text(SSH "nvrm-cli -F 570.144 -t 'ssh://n/emu?fw=535.113.01' info", 8, NULL,
                    "the card runs 535.113.01");
}

static void
scripts_events_and_recordings_work_behind_ssh(void **state)
{
    (void)state;
    cli_expect_text(SSH "nvrm-cli -t ssh://n --policy standard run examples/bringup.json", 0,
                    NULL, NULL);
    cli_expect_text(SSH "nvrm-cli -t 'ssh://n/emu?fault=xid:62' event watch --count 1", 0,
                    "Xid 62", NULL);
    cli_expect_text("rm -f /tmp/nvrm-fleet.trace; " SSH
                    "nvrm-cli --record /tmp/nvrm-fleet.trace -t ssh://n/emu:GA102 info && "
                    "nvrm-cli -t replay:/tmp/nvrm-fleet.trace info; rm /tmp/nvrm-fleet.trace",
                    0, "over replay", NULL);
}

static void
the_other_sides_errors_are_errors_here(void **state)
{
    (void)state;
    cli_expect_text(SSH "nvrm-cli -t ssh://n/emu:XX100 info", 3, NULL,
                    "there is no emulated card 'XX100'\nhint: known: TU102");
    cli_expect_text(SSH "nvrm-cli -t ssh://n ctl subdevice NV2080_CTRL_CMD_GPU_GET_PIDS", 5,
                    NULL, "NV_ERR_NOT_SUPPORTED");
    cli_expect_text(SSH "nvrm-cli -t 'ssh://n/emu?fault=off-bus' info", 7, NULL,
                    "fallen off the bus");
    cli_expect_text(SSH "nvrm-cli --timeout 0.2 -t "
                        "'ssh://n/emu?fault=ctl:NV2080_CTRL_CMD_TIMER_GET_TIME=lost' "
                        "ctl subdevice NV2080_CTRL_CMD_TIMER_GET_TIME",
                    6, NULL, "no reply to");
}

static void
what_is_not_a_broker_is_told(void **state)
{
    (void)state;
    cli_expect_text("NVRM_SSH='echo hello;' nvrm-cli -t ssh://n info", 6, NULL,
                    "what came is no answer of a broker");
    cli_expect_text("NVRM_SSH=\"echo '{\\\"nvrm\\\":9}';\" nvrm-cli -t ssh://n info", 6, NULL,
                    "version 9 of the protocol");
    cli_expect_text("NVRM_SSH='sleep 1;' nvrm-cli --timeout 0.2 -t ssh://n info", 6, NULL,
                    "did not answer in time");
    cli_expect_text("NVRM_SSH='echo no route >&2; false;' nvrm-cli -t ssh://n info", 3, NULL,
                    "no route\n");
    cli_expect_text("NVRM_SSH=tests/cli/data/fleet/dying.sh nvrm-cli -t ssh://n info", 3, NULL,
                    "the broker is gone");
}

static void
a_forced_broker_keeps_its_own_policy(void **state)
{
    (void)state;
    cli_expect_text("NVRM_SSH='nvrm-cli --policy read-only broker;' nvrm-cli --unsafe -t "
                    "ssh://n ctl subdevice NV2080_CTRL_CMD_EVENT_SET_TRIGGER",
                    4, NULL, "policy refuses");
    cli_expect_text("NVRM_REMOTE='/no/such/nvrm-cli' " SSH "nvrm-cli -t ssh://n info", 3, NULL,
                    "/no/such/nvrm-cli");
}

/* The transport is quoted for the shell over there. */
static void
a_transport_is_never_run_by_the_other_shell(void **state)
{
    (void)state;
    cli_expect_text("rm -f /tmp/nvrm-pwned; " SSH
                    "nvrm-cli -t \"ssh://n/emu';touch /tmp/nvrm-pwned;'\" info; "
                    "test ! -e /tmp/nvrm-pwned",
                    0, NULL, "emu';touch");
}

static void
a_broker_does_not_speak_to_people(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli broker extra", 2, NULL, "one word too many");
    cli_expect_text("nvrm-cli broker < /dev/null", 0, "{\"args\":[],\"nvrm\":1,", NULL);
    cli_expect_text("echo hello | nvrm-cli broker", 6, NULL, "what came is no request");
}

/* top */

static void
one_picture_has_a_row_per_card(void **state)
{
    char *out = cli_expect("nvrm-cli top --once emu:GH100 emu:TU102", 0);

    (void)state;
    assert_non_null(strstr(out, "2 cards, by card\n"));
    assert_non_null(strstr(out, "NVIDIA H100 80GB HBM3"));
    assert_non_null(strstr(out, "NVIDIA TITAN RTX"));
    assert_non_null(strstr(out, "gen5 x16"));
    assert_null(strchr(out, '\033'));
    free(out);
}

static void
rows_are_sorted(void **state)
{
    char *out = cli_expect("nvrm-cli top --once --sort temperature emu:GH100 emu:AD102", 0);

    (void)state;
    assert_true(strstr(out, "RTX 4090") < strstr(out, "H100"));
    free(out);
    cli_expect_text("nvrm-cli top --once --sort colour", 2, NULL, "legal: card, utilisation");
    cli_expect_text("nvrm-cli top --once -n 0", 2, NULL, "from 0.1 s on");
    cli_expect_text("nvrm-cli top --once --count many", 2, NULL, "not a number above 0");
    cli_expect_text("nvrm-cli top", 2, NULL, "top needs a terminal\nhint: top --once");
}

static void
a_card_that_fails_is_a_row_with_its_error(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli top --once emu 'emu?fault=off-bus'", 0, "fallen off the bus",
                    NULL);
}

/* A terminal */
struct terminal {
    pid_t pid;
    int fd;
    char text[1 << 16];
    size_t bytes;
};

static void
start(struct terminal *t, const char *sort)
{
    struct winsize size = {.ws_row = 24, .ws_col = 200};

    memset(t, 0, sizeof(*t));
    t->pid = forkpty(&t->fd, NULL, NULL, &size);
    assert_true(t->pid >= 0);
    if (t->pid == 0) {
        execl(NVRM_CLI_DIR "/nvrm-cli", "nvrm-cli", "top", "-n", "60", "--sort", sort,
              "emu:GH100", "emu:AD102", (char *)NULL);
        _exit(127);
    }
}

/* Read until `what` is on the screen behind what was looked at before. */
static void
wait_for(struct terminal *t, const char *what)
{
    t->bytes = 0;
    for (unsigned i = 0; i < 100; i++) {
        struct pollfd p = {.fd = t->fd, .events = POLLIN};
        ssize_t n;

        t->text[t->bytes] = '\0';
        if (strstr(t->text, what))
            return;
        if (poll(&p, 1, 100) <= 0)
            continue;
        n = read(t->fd, t->text + t->bytes, sizeof(t->text) - 1 - t->bytes);
        if (n <= 0)
            break;
        t->bytes += (size_t)n;
    }
    fail_msg("'%s' did not come; the screen is:\n%s", what, t->text);
}

static int
finish(struct terminal *t)
{
    int status;

    assert_int_equal(waitpid(t->pid, &status, 0), t->pid);
    close(t->fd);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void
keys_sort_pause_and_quit(void **state)
{
    struct termios before, after;
    struct terminal t;

    (void)state;
    start(&t, "card");
    assert_int_equal(tcgetattr(t.fd, &before), 0);
    wait_for(&t, "q quit");
    assert_int_equal(write(t.fd, "s", 1), 1);
    wait_for(&t, "by utilisation");
    assert_int_equal(write(t.fd, "p", 1), 1);
    wait_for(&t, "paused");
    assert_int_equal(write(t.fd, "q", 1), 1);
    wait_for(&t, "\033[?1049l");
    assert_int_equal(tcgetattr(t.fd, &after), 0);
    assert_int_equal(after.c_lflag & (ICANON | ECHO), ICANON | ECHO);
    assert_int_equal(finish(&t), 0);
}

static void
an_interrupt_gives_the_terminal_back(void **state)
{
    struct terminal t;

    (void)state;
    start(&t, "memory");
    wait_for(&t, "q quit");
    assert_int_equal(write(t.fd, "\003", 1), 1);
    wait_for(&t, "\033[?1049l");
    assert_int_equal(finish(&t), 130);
}

/* Strangers */

static void
clush_folds_equal_cards(void **state)
{
    char *out;

    (void)state;
    if (system("command -v clush > /dev/null") != 0)
        skip();
    out = cli_expect("clush -w 'node[1-3]' -R exec -b nvrm-cli health emu:GH100", 0);
    assert_non_null(strstr(out, "node[1-3] (3)\n"));
    assert_null(strstr(strstr(out, "card 0") + 1, "card 0"));
    free(out);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_healthy_card_is_one_line_that_all_such_cards_share),
        cmocka_unit_test(the_worst_finding_is_the_exit_code),
        cmocka_unit_test(a_card_that_cannot_be_reached_is_unknown),
        cmocka_unit_test(limits_come_from_options_and_files),
        cmocka_unit_test(a_check_can_be_skipped_or_required),
        cmocka_unit_test(a_mistake_in_the_rules_is_no_verdict),
        cmocka_unit_test(xids_of_a_kernel_log_count),
        cmocka_unit_test(every_check_has_a_status_and_a_text_in_json),
        cmocka_unit_test(every_card_of_the_kernel_module_is_a_line),
        cmocka_unit_test(what_a_pointer_leads_to_goes_through_ssh),
        cmocka_unit_test(a_card_behind_ssh_is_the_card_itself),
        cmocka_unit_test(the_second_card_behind_ssh_is_the_second_card),
        cmocka_unit_test(the_other_sides_release_is_spoken),
        cmocka_unit_test(scripts_events_and_recordings_work_behind_ssh),
        cmocka_unit_test(the_other_sides_errors_are_errors_here),
        cmocka_unit_test(what_is_not_a_broker_is_told),
        cmocka_unit_test(a_forced_broker_keeps_its_own_policy),
        cmocka_unit_test(a_transport_is_never_run_by_the_other_shell),
        cmocka_unit_test(a_broker_does_not_speak_to_people),
        cmocka_unit_test(one_picture_has_a_row_per_card),
        cmocka_unit_test(rows_are_sorted),
        cmocka_unit_test(a_card_that_fails_is_a_row_with_its_error),
        cmocka_unit_test(keys_sort_pause_and_quit),
        cmocka_unit_test(an_interrupt_gives_the_terminal_back),
        cmocka_unit_test(clush_folds_equal_cards),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
