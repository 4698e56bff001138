/* SPDX-License-Identifier: MIT */
/* Where lanes go: divergence, convergence, barriers, blocks that wait for each other. */
#include "ops.h"

#include "test.h"

enum { WORDS = 1024 };

/* R0: thread, R2:R3: where it writes */
#define HEAD                                                                                   \
    "S2R R0, SR_TID.X\n"                                                                       \
    "MOV R1, 0x4\n"                                                                            \
    "IMAD.WIDE.U32 R2, R0, R1, c[0x0][0x160]\n"

static void
run(const char *text, uint32_t blocks, uint32_t threads, uint32_t *out)
{
    struct sm_trap t;

    if (!program_run(75, text, blocks, threads, out, WORDS, &t))
        fail_msg("%s at 0x%llx, lane %u: %s", sm_error_name(t.error), (unsigned long long)t.pc,
                 t.lane, t.text);
}

static void
equal(const uint32_t *out, unsigned i, uint32_t want)
{
    if (out[i] != want)
        fail_msg("thread %u: 0x%x, not 0x%x", i, out[i], want);
}

static void
both_sides_of_a_branch_run_and_meet_again(void **state)
{
    uint32_t out[WORDS] = {0};

    (void)state;
    run(HEAD "LOP3.LUT R4, R0, 0x1, RZ, 0xc0, !PT\n"
             "ISETP.EQ.AND P0, PT, R4, RZ, PT\n"
             "BSSY B0, meet\n"
             "@P0 BRA even\n"
             "MOV R5, 0x111\n"
             "BRA meet\n"
             "even:\n"
             "MOV R5, 0x222\n"
             "meet:\n"
             "BSYNC B0\n"
             "VOTE.ANY R6, PT, PT\n"
             "STG.E.SYS [R2], R5\n"
             "STG.E.SYS [R2+0x100], R6\n"
             "EXIT\n",
        1, 32, out);
    for (unsigned i = 0; i < 32; i++) {
        equal(out, i, i & 1 ? 0x111 : 0x222);
        equal(out, 64 + i, 0xffffffff);
    }
}

/* Thread t goes round t times, its inner loop t % 4 times each, and leaves the outer one by
 * BREAK when the sum is 40. */
static void
loops_of_different_lengths_nest(void **state)
{
    uint32_t out[WORDS] = {0};

    (void)state;
    run(HEAD "MOV R4, RZ\n" /* rounds */
             "MOV R5, RZ\n" /* sum */
             "LOP3.LUT R7, R0, 0x3, RZ, 0xc0, !PT\n"
             "BSSY B0, end\n"
             "outer:\n"
             "ISETP.GE.AND P0, PT, R4, R0, PT\n"
             "@P0 BRA end\n"
             "MOV R6, RZ\n"
             "BSSY B1, joined\n"
             "inner:\n"
             "ISETP.GE.AND P1, PT, R6, R7, PT\n"
             "@P1 BRA joined\n"
             "IADD3 R5, R5, 0x1, RZ\n"
             "IADD3 R6, R6, 0x1, RZ\n"
             "BRA inner\n"
             "joined:\n"
             "BSYNC B1\n"
             "IADD3 R4, R4, 0x1, RZ\n"
             "ISETP.GE.AND P2, PT, R5, 0x28, PT\n"
             "@P2 BREAK B0\n"
             "@P2 BRA early\n"
             "BRA outer\n"
             "end:\n"
             "BSYNC B0\n"
             "STG.E.SYS [R2], R5\n"
             "EXIT\n"
             "early:\n"
             "IADD3 R5, R5, 0x1000, RZ\n"
             "STG.E.SYS [R2], R5\n"
             "EXIT\n",
        1, 32, out);
    for (unsigned i = 0; i < 32; i++) {
        uint32_t sum = 0;
        bool early = false;

        for (unsigned k = 0; k < i && !early; k++) {
            sum += i % 4;
            early = sum >= 40;
        }
        equal(out, i, early ? sum + 0x1000 : sum);
    }
}

static void
lanes_that_exit_are_not_waited_for(void **state)
{
    uint32_t out[WORDS] = {0};

    (void)state;
    run(HEAD "BSSY B0, meet\n"
             "ISETP.GE.AND P0, PT, R0, 0x14, PT\n"
             "@P0 BRA gone\n"
             "MOV R5, 0x7\n"
             "BRA meet\n"
             "gone:\n"
             "EXIT\n"
             "meet:\n"
             "BSYNC B0\n"
             "VOTE.ANY R6, PT, PT\n"
             "STG.E.SYS [R2], R6\n"
             "EXIT\n",
        1, 32, out);
    for (unsigned i = 0; i < 32; i++)
        equal(out, i, i < 20 ? 0x000fffff : 0);
}

/* Odd lanes wait for even ones to write: both must get on, without a barrier between them. */
static void
lanes_that_wait_for_others_do_not_starve_them(void **state)
{
    uint32_t out[WORDS] = {0};

    (void)state;
    run(HEAD "LOP3.LUT R4, R0, 0x1, RZ, 0xc0, !PT\n"
             "ISETP.EQ.AND P0, PT, R4, RZ, PT\n"
             "@P0 BRA writer\n"
             "spin:\n"
             "LDG.E.SYS R5, [R2+-0x4]\n"
             "ISETP.EQ.AND P1, PT, R5, RZ, PT\n"
             "@P1 BRA spin\n"
             "IADD3 R5, R5, 0x1, RZ\n"
             "STG.E.SYS [R2], R5\n"
             "EXIT\n"
             "writer:\n"
             "IADD3 R5, R0, 0x64, RZ\n"
             "STG.E.SYS [R2], R5\n"
             "EXIT\n",
        1, 32, out);
    for (unsigned i = 0; i < 32; i++)
        equal(out, i, i & 1 ? i - 1 + 101 : i + 100);
}

static void
warpsync_brings_the_lanes_of_its_mask_together(void **state)
{
    uint32_t out[WORDS] = {0};

    (void)state;
    run(HEAD "ISETP.GE.AND P0, PT, R0, 0x10, PT\n"
             "@P0 BRA high\n"
             "WARPSYNC 0xffff\n"
             "VOTE.ANY R6, PT, PT\n"
             "STG.E.SYS [R2], R6\n"
             "EXIT\n"
             "high:\n"
             "STG.E.SYS [R2], R0\n"
             "EXIT\n",
        1, 32, out);
    for (unsigned i = 0; i < 32; i++)
        equal(out, i, i < 16 ? 0xffff : i);
}

/* Each thread writes shared memory, and reads what the thread opposite wrote. */
static void
a_barrier_joins_all_warps(void **state)
{
    uint32_t out[WORDS] = {0};

    (void)state;
    run(HEAD "SHF.L.U32 R4, R0, 0x2, RZ\n"
             "IADD3 R5, R0, 0x3e8, RZ\n"
             "STS [R4], R5\n"
             "BAR.SYNC 0x0\n"
             "IADD3 R6, -R4, 0xfc, RZ\n"
             "LDS R7, [R6]\n"
             "STG.E.SYS [R2], R7\n"
             "EXIT\n",
        1, 64, out);
    for (unsigned i = 0; i < 64; i++)
        equal(out, i, 1000 + 63 - i);
}

static void
reductions_of_a_barrier_count_predicates(void **state)
{
    uint32_t out[WORDS] = {0};

    (void)state;
    run(HEAD "ISETP.LT.AND P0, PT, R0, 0x2a, PT\n"
             "BAR.RED.POPC 0x1, P0\n"
             "B2R.RESULT R4\n"
             "STG.E.SYS [R2], R4\n"
             "EXIT\n",
        1, 96, out);
    for (unsigned i = 0; i < 96; i++)
        equal(out, i, 42);
}

static void
a_barrier_that_others_never_reach_is_found(void **state)
{
    uint32_t out[WORDS] = {0};
    struct sm_trap t;

    (void)state;
    assert_false(program_run(75,
                             HEAD "ISETP.GE.AND P0, PT, R0, 0x20, PT\n"
                                  "@P0 BRA other\n"
                                  "BAR.SYNC 0x1, 0x60\n"
                                  "EXIT\n"
                                  "other:\n"
                                  "BAR.SYNC 0x2, 0x60\n"
                                  "EXIT\n",
                             1, 64, out, WORDS, &t));
    assert_int_equal(t.error, SM_WATCHDOG);
    assert_non_null(strstr(t.text, "waits at barrier 1"));
}

/* A grid-wide barrier: every block adds one and waits for all of them. */
static void
blocks_that_wait_for_each_other_all_run(void **state)
{
    enum { BLOCKS = 24 };
    uint32_t out[WORDS] = {0};

    (void)state;
    run("S2R R0, SR_CTAID.X\n"
        "MOV R1, 0x4\n"
        "IMAD.WIDE.U32 R2, R0, R1, c[0x0][0x160]\n"
        "MOV R4, c[0x0][0x160]\n"
        "MOV R5, c[0x0][0x164]\n"
        "MOV R6, 0x1\n"
        "RED.E.ADD.STRONG.GPU [R4+0x800], R6\n"
        "spin:\n"
        "LDG.E.SYS R7, [R4+0x800]\n"
        "ISETP.LT.AND P0, PT, R7, 0x18, PT\n"
        "@P0 BRA spin\n"
        "STG.E.SYS [R2], R7\n"
        "EXIT\n",
        BLOCKS, 1, out);
    for (unsigned i = 0; i < BLOCKS; i++)
        equal(out, i, BLOCKS);
}

static void
calls_return_to_where_they_came_from(void **state)
{
    uint32_t out[WORDS] = {0};

    (void)state;
    /* R10:R11 is the offset of where to go on, from the label that RET names */
    run("start:\n" HEAD "MOV R11, RZ\n"
        "MOV R5, R0\n"
        "MOV R10, 0x70\n"
        "CALL.REL.NOINC twice\n"
        "MOV R10, 0x90\n"
        "CALL.REL.NOINC twice\n"
        "STG.E.SYS [R2], R5\n"
        "EXIT\n"
        "twice:\n"
        "IADD3 R5, R5, R5, RZ\n"
        "RET.REL.NODEC R10 `(start)\n",
        1, 32, out);
    for (unsigned i = 0; i < 32; i++)
        equal(out, i, 4 * i);
}

static void
atomics_lose_nothing(void **state)
{
    uint32_t out[WORDS] = {0};

    (void)state;
    run("MOV R4, c[0x0][0x160]\n"
        "MOV R5, c[0x0][0x164]\n"
        "S2R R0, SR_TID.X\n"
        "MOV R6, 0x1\n"
        "RED.E.ADD.STRONG.GPU [R4], R6\n"
        "RED.E.MAX.STRONG.GPU [R4+0x4], R0\n"
        "ATOMG.E.EXCH.STRONG.GPU PT, R7, [R4+0x8], R0\n"
        "EXIT\n",
        5, 96, out);
    equal(out, 0, 480);
    equal(out, 1, 95);
    equal(out, 2, 95);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sides_of_a_branch_run_and_meet_again),
        cmocka_unit_test(loops_of_different_lengths_nest),
        cmocka_unit_test(lanes_that_exit_are_not_waited_for),
        cmocka_unit_test(lanes_that_wait_for_others_do_not_starve_them),
        cmocka_unit_test(warpsync_brings_the_lanes_of_its_mask_together),
        cmocka_unit_test(a_barrier_joins_all_warps),
        cmocka_unit_test(reductions_of_a_barrier_count_predicates),
        cmocka_unit_test(a_barrier_that_others_never_reach_is_found),
        cmocka_unit_test(blocks_that_wait_for_each_other_all_run),
        cmocka_unit_test(calls_return_to_where_they_came_from),
        cmocka_unit_test(atomics_lose_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
