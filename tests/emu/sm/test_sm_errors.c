/* SPDX-License-Identifier: MIT */
/*
 * Programs that go wrong: each stops its channel with an Xid that says what and where, and no
 * other channel.
 */
#include "kernel.h"

#include <stdio.h>

#include "test.h"

/* Instructions of sm_89, by hand; control bits: two cycles, no scoreboard. */
#define CTL             UINT64_C(0x000fe20000000000)
#define INSN(low, high) (low), (CTL | (high))
#define MOV(r, imm)     INSN((uint64_t)(imm) << 32 | (uint64_t)(r) << 16 | 0x7802, 0xf00)
#define TID(r)          INSN((uint64_t)(r) << 16 | 0x7919, 0x2100)
#define TIMES(r, a, imm)                                                                       \
    INSN((uint64_t)(imm) << 32 | (uint64_t)(a) << 24 | (uint64_t)(r) << 16 | 0x7824, 0x78e02ff)
#define STG(addr, r) INSN((uint64_t)(r) << 32 | (uint64_t)(addr) << 24 | 0x7386, 0x100900)
#define LDG(r, addr) INSN((uint64_t)(addr) << 24 | (uint64_t)(r) << 16 | 0x7381, 0x1e0900)
#define STS(addr, r) INSN((uint64_t)(r) << 32 | (uint64_t)(addr) << 24 | 0x7388, 0x800)
#define STL(addr, r) INSN((uint64_t)(r) << 32 | (uint64_t)(addr) << 24 | 0x7387, 0x100800)
#define NOP          INSN(0x7918, 0)
#define EXIT         INSN(0x794d, 0x3800000)
#define BRA_SELF     INSN(UINT64_C(0xfffffff000007947), 0x383ffff)

static const struct kernel_chip *const ada = &kernel_chips[3];

struct fixture {
    struct exec x;
    struct exec_channel bad, good;
    struct kernel k;
    char text[300];
};

static void
begin(struct fixture *f, const uint64_t *code, size_t bytes)
{
    struct emu_config config = {
        .chip = "AD102", .abi = raw_abi("570.144"), .sm_watchdog = 100000};

    exec_open_with(&f->x, &config);
    exec_channel(&f->x, &f->bad, EXEC_GR0, 0);
    exec_channel(&f->x, &f->good, EXEC_GR0, 0);
    kernel_code(&f->k, &f->x, &f->bad, ada, code, bytes);
}

/* The channel that was not to blame still works, and so does one program after the other. */
static void
end(struct fixture *f)
{
    static const uint64_t nothing[] = {EXIT};
    struct kernel k;

    kernel_code(&k, &f->x, &f->good, ada, nothing, sizeof(nothing));
    assert_true(kernel_run(&k));
    exec_close(&f->x);
}

static void
expect(struct fixture *f, uint32_t xid, const char *const *texts)
{
    uint32_t chid = 99;

    assert_false(kernel_run(&f->k));
    assert_int_equal(exec_error(&f->x, &chid, f->text, sizeof(f->text)), xid);
    assert_int_equal(chid, f->bad.chid);
    for (; *texts; texts++)
        if (!strstr(f->text, *texts))
            fail_msg("no '%s' in '%s'", *texts, f->text);
}

#define FAILS(xid, code, ...)                                                                  \
    do {                                                                                       \
        static const char *const texts[] = {__VA_ARGS__, NULL};                                \
        struct fixture f;                                                                      \
                                                                                               \
        begin(&f, code, sizeof(code));                                                         \
        expect(&f, xid, texts);                                                                \
        end(&f);                                                                               \
    } while (0)

static void
an_illegal_instruction_is_xid_13(void **state)
{
    static const uint64_t code[] = {NOP, UINT64_C(0x0000000000000fff), 0, EXIT};

    (void)state;
    FAILS(13, code, "Illegal Instruction Encoding", "ESR 0x9", "PC 0x101000010", "fff");
}

static void
code_that_runs_past_its_end_is_xid_13(void **state)
{
    static const uint64_t code[] = {NOP, NOP, 0, 0};

    (void)state;
    FAILS(13, code, "Illegal Instruction Encoding", "PC 0x101000020");
}

static void
a_misaligned_store_is_xid_13_with_its_address(void **state)
{
    static const uint64_t code[] = {MOV(2, LO(KERNEL_VA(KERNEL_DATA)) + 2),
                                    MOV(3, HI(KERNEL_VA(KERNEL_DATA))), STG(2, 0), EXIT};

    (void)state;
    FAILS(13, code, "Misaligned Address", "ESR 0xf", "STG", "0x101400002");
}

static void
memory_that_is_not_there_is_xid_31_of_a_gpc(void **state)
{
    static const uint64_t store[] = {MOV(2, 0x5000), MOV(3, 0x77), STG(2, 0), EXIT};
    static const uint64_t load[] = {MOV(2, 0x5000), MOV(3, 0x77), LDG(0, 2), EXIT};

    (void)state;
    FAILS(31, store, "ENGINE GRAPHICS GPCCLIENT_T1_0", "0x77_00005000", "FAULT_PDE",
          "ACCESS_TYPE_VIRT_WRITE");
    FAILS(31, load, "ENGINE GRAPHICS GPCCLIENT_T1_0", "0x77_00005000", "ACCESS_TYPE_VIRT_READ");
}

static void
shared_memory_beyond_the_block_s_is_xid_13(void **state)
{
    static const uint64_t code[] = {TID(0), TIMES(1, 0, 64), STS(1, 0), EXIT};
    static const char *const texts[] = {"Out Of Range Address", "ESR 0xe", "STS",
                                        "shared memory at 0x100", NULL};
    struct fixture f;

    (void)state;
    begin(&f, code, sizeof(code));
    f.k.shared = 256; /* lane 4 is the first outside */
    expect(&f, 13, texts);
    assert_non_null(strstr(exec_last_note(&f.x), "STS"));
    end(&f);
}

static void
local_memory_beyond_the_thread_s_is_xid_13(void **state)
{
    static const uint64_t code[] = {MOV(1, 0x8000), STL(1, 0), EXIT};
    static const char *const texts[] = {"Out Of Range Address", "STL", "local memory at 0x8000",
                                        NULL};
    struct fixture f;

    (void)state;
    begin(&f, code, sizeof(code));
    f.k.local = 512;
    expect(&f, 13, texts);
    end(&f);
}

static void
a_register_that_the_thread_lacks_is_xid_13(void **state)
{
    static const uint64_t code[] = {MOV(16, 1), EXIT};

    (void)state;
    FAILS(13, code, "Out Of Range Register", "R16, the thread has 16 registers");
}

static void
an_endless_loop_is_xid_109(void **state)
{
    static const uint64_t code[] = {NOP, BRA_SELF, EXIT};

    (void)state;
    FAILS(109, code, "CTX SWITCH TIMEOUT", "PC 0x101000010", "BRA", "no end after");
}

/* The fault table's rows */
static void
faults_that_are_asked_for_strike_at_a_launch(void **state)
{
    static const struct {
        const char *inject, *text;
        uint32_t xid;
    } faults[] = {
        {"sm-illegal-instruction", "Illegal Instruction Encoding", 13 },
        {"sm-misaligned-address",  "Misaligned Address",           13 },
        {"sm-out-of-range",        "Out Of Range Address",         13 },
        {"sm-endless",             "CTX SWITCH TIMEOUT",           109},
        {"sm-mmu-fault",           "GPCCLIENT_T1_0",               31 },
    };
    static const uint64_t code[] = {EXIT};

    (void)state;
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        const char *const texts[] = {faults[i].text, NULL};
        struct fixture f;

        begin(&f, code, sizeof(code));
        assert_int_equal(emu_gpu_inject(f.x.r.gpu, faults[i].inject, NULL, 0), 0);
        expect(&f, faults[i].xid, texts);
        end(&f);
    }
}

/* The scheduler's own checks */

struct bad_field {
    const char *field;
    uint64_t value;
    const char *text;
};

static void
a_qmd_that_no_sm_can_run_is_refused_by_name(void **state)
{
    static const uint64_t code[] = {EXIT};
    static const struct bad_field fields[] = {
        {"QMD_MAJOR_VERSION",             1,       "QMD_VERSION: 1.0"                },
        {"CTA_THREAD_DIMENSION0",         0,       "CTA_THREAD_DIMENSION_ZERO"       },
        {"CTA_THREAD_DIMENSION0",         2048,    "TOTAL_THREADS: 2048"             },
        {"REGISTER_COUNT_V",              0,       "REGISTER_COUNT: 0"               },
        {"REGISTER_COUNT_V",              300,     "REGISTER_COUNT: 300"             },
        {"BARRIER_COUNT",                 17,      "BARRIER_COUNT: 17"               },
        {"SHARED_MEMORY_SIZE",            1 << 17, "SHARED_MEMORY_SIZE: 131072 bytes"},
        {"PROGRAM_ADDRESS_LOWER",         0x40,    "PROGRAM_OFFSET"                  },
        {"CONSTANT_BUFFER_ADDR_LOWER",    0x20,    "CONSTANT_BUFFER_ADDR: bank 0"    },
        {"MAX_SM_CONFIG_SHARED_MEM_SIZE", 1,       NULL                              },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        struct fixture f;

        begin(&f, code, sizeof(code));
        kernel_build(&f.k);
        kernel_field(&f.k, fields[i].field, 0, fields[i].value);
        kernel_send(&f.k);
        if (!fields[i].text) {
            assert_int_equal(exec_rd(&f.x, KERNEL_SEM), KERNEL_PAYLOAD);
        } else {
            assert_int_equal(exec_error(&f.x, NULL, f.text, sizeof(f.text)), 13);
            if (!strstr(f.text, fields[i].text))
                fail_msg("no '%s' in '%s'", fields[i].text, f.text);
            assert_int_equal(exec_rd(&f.x, KERNEL_SEM), 0);
        }
        end(&f);
    }
}

static void
local_memory_without_a_place_is_refused(void **state)
{
    static const uint64_t code[] = {EXIT};
    struct fixture f;

    (void)state;
    begin(&f, code, sizeof(code));
    f.k.local = 0x200000;
    kernel_build(&f.k);
    kernel_send(&f.k);
    assert_int_equal(exec_error(&f.x, NULL, f.text, sizeof(f.text)), 13);
    assert_non_null(strstr(f.text, "TOTAL_TEMP_SIZE"));
    end(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_illegal_instruction_is_xid_13),
        cmocka_unit_test(code_that_runs_past_its_end_is_xid_13),
        cmocka_unit_test(a_misaligned_store_is_xid_13_with_its_address),
        cmocka_unit_test(memory_that_is_not_there_is_xid_31_of_a_gpc),
        cmocka_unit_test(shared_memory_beyond_the_block_s_is_xid_13),
        cmocka_unit_test(local_memory_beyond_the_thread_s_is_xid_13),
        cmocka_unit_test(a_register_that_the_thread_lacks_is_xid_13),
        cmocka_unit_test(an_endless_loop_is_xid_109),
        cmocka_unit_test(faults_that_are_asked_for_strike_at_a_launch),
        cmocka_unit_test(a_qmd_that_no_sm_can_run_is_refused_by_name),
        cmocka_unit_test(local_memory_without_a_place_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
