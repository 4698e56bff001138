/* SPDX-License-Identifier: MIT */
/* launch: kernels with typed arguments and files, on every backend. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli_run.h"
#include "test.h"

#define SAXPY(sm)                                                                              \
    "launch tests/cuda/cubin/saxpy.sm_" sm                                                     \
    ".cubin saxpy --grid 2 --block 128 --arg s32:256 --arg f32:2 "                             \
    "--arg buf:size=1K,count=f32 --arg 'buf:size=1K,fill=f32:1,print=f32*8' "
#define ANSWER "1 3 5 7 9 11 13 15\n"

static void
a_kernel_gives_the_same_on_every_emulated_card(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli -t emu:TU102 " SAXPY("75"), 0, ANSWER, NULL);
    cli_expect_text("nvrm-cli -t emu:GA100 " SAXPY("80"), 0, ANSWER, NULL);
    cli_expect_text("nvrm-cli -t emu:GA102 " SAXPY("86"), 0, ANSWER, NULL);
    cli_expect_text("nvrm-cli -t emu:AD102 " SAXPY("89"), 0, ANSWER, NULL);
    cli_expect_text("nvrm-cli -t emu:GH100 " SAXPY("90"), 0, ANSWER, NULL);
}

static void
releases_do_not_change_what_a_kernel_gives(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli -F 535.113.01 " SAXPY("89"), 0, ANSWER, NULL);
    cli_expect_text("nvrm-cli -F 570.144 " SAXPY("89"), 0, ANSWER, NULL);
}

static void
documents_say_what_ran_and_what_came_back(void **state)
{
    json_t *doc = cli_expect_json("nvrm-cli -j " SAXPY("89"));
    const json_t *values =
        json_object_get(json_array_get(json_object_get(doc, "buffers"), 0), "values");

    (void)state;
    assert_string_equal(json_string_value(json_object_get(doc, "kernel")), "saxpy");
    assert_int_equal(json_integer_value(json_object_get(doc, "sm")), 89);
    assert_int_equal(json_array_size(values), 8);
    assert_true(json_real_value(json_array_get(values, 7)) == 15.0);
    json_decref(doc);
    doc = cli_expect_json("nvrm-cli -j launch tests/cuda/cubin/shared.sm_86.cubin --list");
    assert_true(json_array_size(json_object_get(doc, "kernels")) > 3);
    json_decref(doc);
}

static void
buffers_come_from_files_and_go_to_files(void **state)
{
    (void)state;
    cli_expect_text("rm -f /tmp/nvrm-launch-*; head -c 64 /dev/zero >/tmp/nvrm-launch-in", 0,
                    NULL, NULL);
    cli_expect_text(
        "nvrm-cli launch tests/cuda/cubin/saxpy.sm_89.cubin --block 16 --arg s32:16 "
        "--arg f32:3 --arg buf:size=64,fill=f32:2 "
        "--arg buf:in=/tmp/nvrm-launch-in,out=/tmp/nvrm-launch-out",
        0, "argument 4: 64 bytes to /tmp/nvrm-launch-out\n", NULL);
    cli_expect_text("od -An -tfF -N8 /tmp/nvrm-launch-out", 0, "6               6", NULL);
    /* a file that is there stays, unless --force says otherwise */
    cli_expect_text(
        "nvrm-cli launch tests/cuda/cubin/saxpy.sm_89.cubin --block 16 --arg s32:16 "
        "--arg f32:3 --arg buf:size=64 --arg buf:inout=/tmp/nvrm-launch-out",
        2, NULL, "/tmp/nvrm-launch-out");
    cli_expect_text("nvrm-cli launch tests/cuda/cubin/saxpy.sm_89.cubin --force --block 16 "
                    "--arg s32:16 --arg f32:3 --arg buf:size=64,fill=f32:1 "
                    "--arg 'buf:inout=/tmp/nvrm-launch-out,print=f32*2'",
                    0, "9 9\n", NULL);
    cli_expect_text("rm -f /tmp/nvrm-launch-*", 0, NULL, NULL);
}

static void
a_kernel_that_fails_names_place_address_and_instruction(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli launch tests/cuda/cubin/saxpy.sm_89.cubin --block 32 --arg s32:9 "
                    "--arg f32:2 --arg buf:size=64 --arg u64:0x123456000",
                    7, NULL,
                    "error: kernel 'saxpy': channel 'launch' was stopped by Xid 31: MMU fault "
                    "at 0x123456000 (PDE): MMU fault at saxpy+0xb0");
    cli_expect_text("nvrm-cli launch tests/cuda/cubin/saxpy.sm_89.cubin --block 32 --arg s32:9 "
                    "--arg f32:2 --arg buf:size=64 --arg u64:0x123456000",
                    7, NULL, "hint: saxpy+0xb0: LDG.E R0, ");
    cli_expect_text(
        "nvrm-cli -t emu:TU102 launch tests/cuda/cubin/saxpy.sm_75.cubin --block 32 "
        "--arg s32:9 --arg f32:2 --arg buf:size=64 --arg u64:0x123456002",
        7, NULL, "misaligned address at saxpy+0xa0");
}

static void
faults_that_strike_at_a_launch_are_named(void **state)
{
    static const struct {
        const char *fault, *says;
    } rows[] = {
        {"sm-illegal-instruction", "illegal instruction at saxpy+0x0"                     },
        {"sm-misaligned-address",  "misaligned address at saxpy+0x0"                      },
        {"sm-out-of-range",        "address out of range at saxpy+0x0"                    },
        {"sm-endless",             "Xid 109: work that does not end: stopped at saxpy+0x0"},
        {"sm-mmu-fault",           "Xid 31: MMU fault at 0x"                              },
    };
    char command[512];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        snprintf(command, sizeof(command), "nvrm-cli -t 'emu?fault=%s' %s", rows[i].fault,
                 SAXPY("89"));
        cli_expect_text(command, 7, NULL, rows[i].says);
    }
}

#define LINE(args) "-e 'launch tests/cuda/cubin/saxpy.sm_89.cubin --block 32 " args "' "

static void
lines_of_one_session_launch_again_and_again(void **state)
{
    (void)state;
    cli_expect_text(
        "nvrm-cli " LINE("--arg s32:2 --arg f32:2 --arg buf:size=64,count=f32 --arg "
                         "buf:size=64,print=f32*2")
            LINE("--arg s32:3 --arg f32:4 --arg buf:size=64,count=f32 --arg "
                 "buf:size=64,print=f32*3")
                LINE("--arg s32:3 --arg f32:4 --arg u64:0x500000000000 --arg u64:0"),
        7, "0 2\n0 4 8\n", "MMU fault at 0x500000000000");
}

#ifdef HAVE_EMU_EXEC
static void
the_emulated_module_runs_kernels_too(void **state)
{
    (void)state;
    cli_expect_text("nvrm-cli emu exec -- nvrm-cli -t nvidia --policy standard " SAXPY("89"), 0,
                    ANSWER, NULL);
    cli_expect_text(
        "nvrm-cli emu exec --chip GH100 -- nvrm-cli -t nvidia --policy standard " SAXPY("90"),
        0, ANSWER, NULL);
    cli_expect_text("nvrm-cli emu exec -- nvrm-cli -t nvidia " SAXPY("89"), 4, NULL,
                    "policy refuses");
}

#ifdef VECADD
static void
a_program_of_the_driver_api_runs_on_the_emulated_module(void **state)
{
    (void)state;
    cli_expect_text("NVRM_TRANSPORT=nvidia nvrm-cli emu exec -- " VECADD
                    " tests/cuda/cubin/saxpy.sm_89.cubin",
                    0, "NVIDIA GeForce RTX 4090: sm_89, 128 SMs\n1000 of 1000 are right\n",
                    NULL);
    cli_expect_text("NVRM_TRANSPORT=usb " VECADD " tests/cuda/cubin/saxpy.sm_89.cubin", 1, NULL,
                    "cuInit(0): CUDA_ERROR_INVALID_VALUE");
}
#endif
#endif

#ifdef NVRM_EMU
static void
a_card_of_another_process_runs_kernels_too(void **state)
{
    const pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        execl(NVRM_EMU, "nvrm-emu", "--chip", "GH100", "--socket", "/tmp/nvrm-launch.sock",
              (char *)NULL);
        _exit(127);
    }
    cli_expect_text("for i in $(seq 50); do [ -S /tmp/nvrm-launch.sock ] && break; sleep 0.1; "
                    "done",
                    0, NULL, NULL);
    cli_expect_text("nvrm-cli -t vfio-user:/tmp/nvrm-launch.sock " SAXPY("90"), 0, ANSWER,
                    NULL);
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
}
#endif

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kernel_gives_the_same_on_every_emulated_card),
        cmocka_unit_test(releases_do_not_change_what_a_kernel_gives),
        cmocka_unit_test(documents_say_what_ran_and_what_came_back),
        cmocka_unit_test(buffers_come_from_files_and_go_to_files),
        cmocka_unit_test(a_kernel_that_fails_names_place_address_and_instruction),
        cmocka_unit_test(faults_that_strike_at_a_launch_are_named),
        cmocka_unit_test(lines_of_one_session_launch_again_and_again),
#ifdef HAVE_EMU_EXEC
        cmocka_unit_test(the_emulated_module_runs_kernels_too),
#ifdef VECADD
        cmocka_unit_test(a_program_of_the_driver_api_runs_on_the_emulated_module),
#endif
#endif
#ifdef NVRM_EMU
        cmocka_unit_test(a_card_of_another_process_runs_kernels_too),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
