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
all_on(unsigned sm, unsigned bit)
{
    const struct corpus_options o = {.sms = 4};
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
        failed += all_on(sms[i].sm, sms[i].bit);
    assert_int_equal(failed, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernels_compute_what_the_references_say),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
