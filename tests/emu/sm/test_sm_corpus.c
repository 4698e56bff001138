/* SPDX-License-Identifier: MIT */
/* Every kernel of tests/cuda, as ptxas compiled it for every SM, against the references. */
#include "corpus.h"

#include "test.h"

static const struct {
    unsigned sm, bit;
} sms[] = {
    {75, CUDA_SM75},
    {80, CUDA_SM80},
    {86, CUDA_SM86},
    {89, CUDA_SM89},
    {90, CUDA_SM90},
};

static unsigned
all_on(unsigned sm, unsigned bit, bool timing)
{
    const struct corpus_options o = {.sms = 4, .timing = timing};
    const char *only = getenv("NVRM_SM_KERNEL");
    unsigned failed = 0, run = 0;

    for (size_t i = 0; i < cuda_cases_n; i++) {
        const struct cuda_case *c = &cuda_cases[i];
        uint64_t instructions = 0;
        char why[256] = "";

        if (!(c->sms & bit) || (only && !strstr(c->kernel, only)))
            continue;
        run++;
        if (corpus_run(c, sm, &o, &instructions, why, sizeof(why)))
            continue;
        print_message("sm_%u %s: %s\n", sm, c->kernel, why);
        failed++;
    }
    print_message("sm_%u: %u of %u kernels\n", sm, run - failed, run);
    return failed;
}

static void
kernels_compute_what_the_references_say(void **state)
{
    unsigned failed = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(sms) / sizeof(sms[0]); i++)
        failed += all_on(sms[i].sm, sms[i].bit, false);
    assert_int_equal(failed, 0);
}

static void
the_compiler_s_code_has_no_hazards(void **state)
{
    unsigned failed = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(sms) / sizeof(sms[0]); i++)
        failed += all_on(sms[i].sm, sms[i].bit, true);
    assert_int_equal(failed, 0);
}

/* Control bits of an instruction, 125:105. */
static void
set_ctl(uint64_t code[2], unsigned at, unsigned bits, uint64_t value)
{
    const uint64_t mask = ((UINT64_C(1) << bits) - 1) << (at - 64);

    code[1] = (code[1] & ~mask) | value << (at - 64);
}

static void
one_cycle_each(uint64_t code[2])
{
    set_ctl(code, 105, 4, 1);
}

static void
no_waits(uint64_t code[2])
{
    set_ctl(code, 116, 6, 0);
}

static void
no_scoreboards(uint64_t code[2])
{
    set_ctl(code, 110, 3, 7);
}

static const struct cuda_case *
find(const char *kernel)
{
    for (size_t i = 0; i < cuda_cases_n; i++)
        if (!strcmp(cuda_cases[i].kernel, kernel))
            return &cuda_cases[i];
    fail_msg("no kernel %s", kernel);
    return NULL;
}

static void
control_bits_that_a_real_sm_would_not_forgive_are_refused(void **state)
{
    static const struct {
        void (*change)(uint64_t code[2]);
        const char *says;
    } seeds[] = {
        {one_cycle_each, "Hazard"    },
        {no_waits,       "scoreboard"},
        {no_scoreboards, "untracked" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(sms) / sizeof(sms[0]); i++)
        for (size_t k = 0; k < sizeof(seeds) / sizeof(seeds[0]); k++) {
            struct corpus_options o = {.sms = 4, .timing = true, .change = seeds[k].change};
            uint64_t instructions = 0;
            char why[256] = "";

            assert_false(corpus_run(find("saxpy"), sms[i].sm, &o, &instructions, why, 256));
            if (!strstr(why, "Hazard") || !strstr(why, seeds[k].says))
                fail_msg("sm_%u: no '%s' in '%s'", sms[i].sm, seeds[k].says, why);
            o.timing = false; /* the values do not depend on it here */
            assert_true(corpus_run(find("saxpy"), sms[i].sm, &o, &instructions, why, 256));
        }
}

/* Blocks on several threads of the host: kernels whose blocks do not look at each other. */
static void
threads_of_the_host_change_nothing(void **state)
{
    const struct corpus_options o = {.sms = 8, .threads = 4};

    (void)state;
    for (size_t i = 0; i < cuda_cases_n; i++) {
        uint64_t instructions = 0;
        char why[256] = "";

        if (cuda_cases[i].sms & CUDA_SM86 &&
            !corpus_run(&cuda_cases[i], 86, &o, &instructions, why, sizeof(why)))
            fail_msg("%s: %s", cuda_cases[i].kernel, why);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernels_compute_what_the_references_say),
        cmocka_unit_test(the_compiler_s_code_has_no_hazards),
        cmocka_unit_test(control_bits_that_a_real_sm_would_not_forgive_are_refused),
        cmocka_unit_test(threads_of_the_host_change_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
