/* SPDX-License-Identifier: MIT */
/*
 * emu exec: programs that speak to nvidia.ko, ours (nvrm-cli -t nvidia) and a plain C one, on
 * the emulated card. KMOD_PROG is tests/emu/exec_prog.c.
 */
#include <unistd.h>

#include "cli_run.h"
#include "test.h"

/* TMPDIR of its own, which has to be empty again afterwards. */
#define IN_OWN_TMP(command)                                                                    \
    "d=$(mktemp -d) && export TMPDIR=$d && " command "; rc=$?; rmdir $d || exit 99; exit $rc"

static void
the_modules_files_name_the_release(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli -F 535.113.01 emu exec -- cat /proc/driver/nvidia/version", 0,
                    "Kernel Module for x86_64  535.113.01  Release Build", NULL);
    cli_expect_text("nvrm-cli emu exec -F 580.65.06 -- cat /sys/module/nvidia/version", 0,
                    "580.65.06\n", NULL);
    cli_expect_text("nvrm-cli emu exec -- cat /sys/module/nvidia/initstate", 0, "live\n", NULL);
}

static void
our_backend_reads_the_card_through_the_module(void **state)
{
    static const struct {
        const char *command, *out;
    } rows[] = {
        {"nvrm-cli emu exec --chip TU102 -F 535.113.01 -- nvrm-cli -t nvidia info",
         "GSP-RM 535.113.01 over nvidia"                                                              },
        {"nvrm-cli emu exec --chip GH100 -F 580.65.06 -- nvrm-cli -t nvidia info",
         "GSP-RM 580.65.06 over nvidia"                                                               },
        {"nvrm-cli emu exec --chip GB202 -F 595.45.04 -- nvrm-cli -t nvidia info",
         "GSP-RM 595.45.04 over nvidia"                                                               },
        {"nvrm-cli emu exec -- nvrm-cli -t nvidia tree",                            "NV20_SUBDEVICE_0"},
        {"nvrm-cli emu exec --cards 2 -- nvrm-cli -t nvidia:1 info",                "memory"          },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        cli_expect_text(rows[i].command, 0, rows[i].out, NULL);
}

static void
two_cards_have_two_uuids(void **state)
{
    char *first, *second;

    (void)state;
    first =
        cli_expect("nvrm-cli emu exec --cards 2 -- nvrm-cli -t nvidia:0 info | grep uuid", 0);
    second =
        cli_expect("nvrm-cli emu exec --cards 2 -- nvrm-cli -t nvidia:1 info | grep uuid", 0);
    assert_string_not_equal(first, second);
    free(first);
    free(second);
}

static void
lists_behind_pointers_reach_our_client(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli emu exec -F 570.144 -- nvrm-cli -t nvidia ctl device "
                    "NV0080_CTRL_CMD_GPU_GET_CLASSLIST_V2",
                    0, "numClasses", NULL);
}

static void
objects_come_and_go(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli emu exec -- nvrm-cli -t nvidia --policy standard "
                    "-e 'alloc --as m device NV01_MEMORY_LOCAL_USER size=0x10000' -e tree "
                    "-e 'free m'",
                    0, "NV01_MEMORY_LOCAL_USER", NULL);
}

static void
events_arrive(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli emu exec -- nvrm-cli -t nvidia --policy standard event watch "
                    "--trigger --count 1 --timeout 10",
                    0, "POST_EVENT NV2080_NOTIFIERS_SW", NULL);
}

static void
a_session_is_recorded_and_replayed(void **state)
{
    (void)state;
    cli_expect_text(
        "f=$(mktemp) && nvrm-cli emu exec -F 570.144 -- nvrm-cli -t nvidia --record "
        "$f info >/dev/null && nvrm-cli -t replay:$f info; rc=$?; rm -f $f; exit $rc",
        0, "570.144", NULL);
}

/* The fault table under the module: what its half of RM makes of each, and our backend of that
 */
static void
faults_strike_at_the_modules_calls(void **state)
{
#define NAME "NV2080_CTRL_CMD_GPU_GET_NAME_STRING"
    static const struct {
        const char *fault;
        int code;
        const char *says;
    } rows[] = {
        {"ctl:" NAME "=off-bus",             7, "NV_ERR_GPU_IS_LOST"         },
        {"ctl:" NAME "=crash",               7, "NV_ERR_RESET_REQUIRED"      },
        {"off-bus",                          7, "Xid 79"                     },
        {"core-halts",                       5, "NV_ERR_TIMEOUT"             },
        {"ctl:" NAME "=lost",                5, "NV_ERR_TIMEOUT"             },
        {"ctl:" NAME "=bad-checksum",        5, "NV_ERR_INVALID_DATA"        },
        {"ctl:" NAME "=hostile-length",      5, "NV_ERR_INVALID_PARAM_STRUCT"},
        {"rm-status:NV_ERR_NO_MEMORY",       5, "NV_ERR_NO_MEMORY"           },
        {"object-freed",                     5, "NV_ERR_OBJECT_NOT_FOUND"    },
        {"queue-stuck",                      5, "NV_ERR_TIMEOUT"             },
        {"slow,storm,wrap,duplicate,xid:79", 0, NULL                         },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char command[300];

        snprintf(command, sizeof(command),
                 "nvrm-cli emu exec --fault '%s' -- nvrm-cli -t nvidia ctl subdevice " NAME,
                 rows[i].fault);
        cli_expect_text(command, rows[i].code, rows[i].code ? NULL : "RTX", rows[i].says);
    }
#undef NAME
}

static void
the_programs_exit_code_is_ours(void **state)
{
    static const struct {
        const char *command;
        int code;
    } rows[] = {
        {IN_OWN_TMP("nvrm-cli emu exec -- true"),                                 0  },
        {IN_OWN_TMP("nvrm-cli emu exec -- sh -c 'exit 7'"),                       7  },
        {IN_OWN_TMP("nvrm-cli emu exec -- sh -c 'kill -9 $$'"),                   137},
        {IN_OWN_TMP("nvrm-cli emu exec -- sh -c 'kill -TERM $$'"),                143},
        {IN_OWN_TMP("nvrm-cli emu exec -- /no/such/program"),                     127},
        {IN_OWN_TMP("nvrm-cli emu exec -- /dev/null"),                            126},
        {IN_OWN_TMP("nvrm-cli emu exec -- nvrm-cli -t nvidia:7 info"),            3  },
        {IN_OWN_TMP("nvrm-cli emu exec --chip NV04 -- true"),                     2  },
        {IN_OWN_TMP("nvrm-cli emu exec --cards 99 -- true"),                      2  },
        {IN_OWN_TMP("nvrm-cli -F 1.2.3 emu exec -- true"),                        8  },
        {IN_OWN_TMP("nvrm-cli emu exec"),                                         2  },
        {IN_OWN_TMP("NVRM_PRELOAD=/no/such.so nvrm-cli emu exec -- true"),        3  },
        {"nvrm-cli emu exec -F 570.144 -- nvrm-cli -t nvidia -F 535.113.01 info", 8  },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct cli_result r = cli_run_command(rows[i].command);

        if (r.code != rows[i].code)
            fail_msg("%s: exit code %d, not %d\n%s", rows[i].command, r.code, rows[i].code,
                     r.err);
        cli_result_free(&r);
    }
}

static void
programs_of_every_kind_run(void **state)
{
    static const char *const scenarios[] = {"once",  "threads", "closing",     "fork",  "exec",
                                            "dlsym", "syscall", "descriptors", "swept", "vfork",
                                            "names", "errors",  "managed",     "mapped"};

    (void)state;
    for (size_t i = 0; i < sizeof(scenarios) / sizeof(*scenarios); i++) {
        char command[512];
        struct cli_result r;

        snprintf(command, sizeof(command),
                 IN_OWN_TMP("nvrm-cli emu exec -F 570.144 -- " KMOD_PROG " %s"), scenarios[i]);
        r = cli_run_command(command);
        if (r.code != 0)
            fail_msg("%s: exit code %d\n%s", scenarios[i], r.code, r.err);
        cli_result_free(&r);
    }
}

static void
a_program_that_is_killed_in_a_call_leaves_nothing(void **state)
{
    struct cli_result r =
        cli_run_command(IN_OWN_TMP("nvrm-cli emu exec -F 570.144 -- " KMOD_PROG " killed"));

    (void)state;
    assert_int_equal(r.code, 137);
    cli_result_free(&r);
}

#ifdef NVRM_TRACE_RAW
static void
a_static_program_is_refused_and_told_why(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli emu exec -- " NVRM_TRACE_RAW, 3, NULL,
                    "it enters the kernel by itself");
    cli_expect_text("nvrm-cli emu exec -- sh -c true", 0, NULL, NULL);
}
#endif

static void
events_wake_who_waits_in_whatever_way(void **state)
{
    (void)state;
    free(cli_expect("nvrm-cli emu exec -F 570.144 -- " KMOD_WAIT, 0));
    cli_expect_text("nvrm-cli emu exec -F 570.144 -- nvrm-cli trace exec -- " KMOD_WAIT
                    " 2>&1 | grep -m1 epoll_wait",
                    0, "</dev/nvidia0>) = POLLIN|POLLPRI <", NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_modules_files_name_the_release),
        cmocka_unit_test(our_backend_reads_the_card_through_the_module),
        cmocka_unit_test(two_cards_have_two_uuids),
        cmocka_unit_test(lists_behind_pointers_reach_our_client),
        cmocka_unit_test(objects_come_and_go),
        cmocka_unit_test(events_arrive),
        cmocka_unit_test(a_session_is_recorded_and_replayed),
        cmocka_unit_test(events_wake_who_waits_in_whatever_way),
#ifdef NVRM_TRACE_RAW
        cmocka_unit_test(a_static_program_is_refused_and_told_why),
#endif
        cmocka_unit_test(faults_strike_at_the_modules_calls),
        cmocka_unit_test(the_programs_exit_code_is_ours),
        cmocka_unit_test(programs_of_every_kind_run),
        cmocka_unit_test(a_program_that_is_killed_in_a_call_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
