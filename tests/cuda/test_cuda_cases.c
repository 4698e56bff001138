/* SPDX-License-Identifier: MIT */
/* The table of launches against the committed cubins, and the references against answers that
 * others published. */
#include "test.h"

#include <nvrm/sass.h>

#include "cases.h"
#include "corpus.h"

CUDA_REFERENCE(hash_crc32);
CUDA_REFERENCE(hash_sha256);
CUDA_REFERENCE(hash_siphash);

static unsigned
sm_bit(unsigned sm)
{
    static const struct {
        unsigned sm, bit;
    } bits[] = {
        {75,  CUDA_SM75 },
        {80,  CUDA_SM80 },
        {86,  CUDA_SM86 },
        {89,  CUDA_SM89 },
        {90,  CUDA_SM90 },
        {100, CUDA_SM100},
        {120, CUDA_SM120}
    };

    for (size_t i = 0; i < sizeof(bits) / sizeof(*bits); i++)
        if (bits[i].sm == sm)
            return bits[i].bit;
    return 0;
}

static const struct cuda_case *
find(const char *kernel)
{
    for (size_t i = 0; i < cuda_cases_n; i++)
        if (strcmp(cuda_cases[i].kernel, kernel) == 0)
            return &cuda_cases[i];
    return NULL;
}

static int
check_kernels(void *ctx, const struct corpus_cubin *c)
{
    unsigned *seen = ctx;

    assert_int_equal(nvmem_cubin_sm(c->cubin), c->sm);
    for (unsigned k = 0; k < nvmem_cubin_kernel_count(c->cubin); k++, (*seen)++) {
        const struct nvmem_cubin_kernel *kernel = nvmem_cubin_kernel(c->cubin, k);
        const struct cuda_case *row = find(kernel->name);

        if (!row || !(row->sms & sm_bit(c->sm)))
            fail_msg("%s: %s has no row for sm_%u in cases.c", c->file, kernel->name, c->sm);
        if (kernel->param_count != cuda_case_args(row))
            fail_msg("%s: %s takes %u arguments, cases.c gives %u", c->file, kernel->name,
                     kernel->param_count, cuda_case_args(row));
    }
    return 0;
}

static void
every_kernel_of_every_cubin_has_a_row(void **state)
{
    unsigned seen = 0, want = 0;

    (void)state;
    assert_true(corpus_each(check_kernels, &seen) > 0);
    for (size_t i = 0; i < cuda_cases_n; i++)
        want += (unsigned)__builtin_popcount(cuda_cases[i].sms);
    assert_int_equal(seen, want);
    assert_true(cuda_cases_n >= 40);
}

static void
check_section(const struct corpus_cubin *c, const struct nvmem_cubin_section *s, unsigned *seen)
{
    for (uint64_t at = 0; at + NVRM_SASS_BYTES <= s->bytes; at += NVRM_SASS_BYTES, (*seen)++) {
        struct nvrm_sass_insn insn;
        uint64_t code[2], back[2];
        const char *why = NULL;

        memcpy(code, s->data + at, sizeof(code));
        if (!nvrm_sass_decode(c->sm, code, at, &insn))
            fail_msg("%s %s+0x%x: no such instruction", c->file, s->name, (unsigned)at);
        if (!nvrm_sass_encode(c->sm, &insn, at, back, &why))
            fail_msg("%s %s+0x%x: %s", c->file, s->name, (unsigned)at, why);
        assert_memory_equal(back, code, sizeof(code));
    }
}

static int
check_code(void *ctx, const struct corpus_cubin *c)
{
    for (unsigned i = 0; i < nvmem_cubin_section_count(c->cubin); i++) {
        const struct nvmem_cubin_section *s = nvmem_cubin_section(c->cubin, i);

        if (s->kind == NVMEM_CUBIN_CODE)
            check_section(c, s, ctx);
    }
    return 0;
}

/* Relocated instructions hold a zero, which is as good as any number. */
static void
every_instruction_of_every_cubin_is_known_and_encodes_to_itself(void **state)
{
    unsigned seen = 0;

    (void)state;
    assert_true(corpus_each(check_code, &seen) > 0);
    assert_true(seen > 50000);
}

/* What a reference leaves in fresh buffers, as one number. */
static uint64_t
run_reference(const struct cuda_case *c)
{
    void *p[CUDA_ARGS_MAX] = {NULL};
    uint64_t sum = 0;

    for (unsigned i = 0; i < cuda_case_args(c); i++)
        if (c->args[i].kind == CUDA_BUFFER) {
            p[i] = malloc(c->args[i].bytes);
            assert_non_null(p[i]);
            c->args[i].fill(p[i], c->args[i].bytes, 100 + i);
        }
    c->reference(c, p);
    for (unsigned i = 0; i < cuda_case_args(c); i++) {
        for (size_t k = 0; p[i] && k < c->args[i].bytes; k++)
            sum = sum * 1099511628211u + ((const uint8_t *)p[i])[k];
        free(p[i]);
    }
    return sum;
}

static void
references_stay_within_their_buffers_and_say_the_same_twice(void **state)
{
    (void)state;
    for (size_t i = 0; i < cuda_cases_n; i++)
        assert_int_equal(run_reference(&cuda_cases[i]), run_reference(&cuda_cases[i]));
}

static void
hashes_give_the_published_answers(void **state)
{
    uint8_t digits[] = "123456789", abc[55];
    uint64_t message[1] = {0x0706050403020100}, sip;
    uint32_t crc, sha[8];
    const struct cuda_case crc_case = {
        .args = {{0}, {0}, {.value = 9}, {.value = 1}}
    };
    const struct cuda_case sha_case = {
        .args = {{0}, {0}, {.value = 1}}
    };
    const struct cuda_case sip_case = {
        .args = {{0},
                 {0},
                 {.value = 0x0706050403020100},
                 {.value = 0x0f0e0d0c0b0a0908},
                 {.value = 1},
                 {.value = 1}}
    };

    (void)state;
    ref_hash_crc32(&crc_case, (void *[]){digits, &crc});
    assert_int_equal(crc, 0xcbf43926);
    memset(abc, 'a', sizeof(abc));
    ref_hash_sha256(&sha_case, (void *[]){abc, sha});
    assert_int_equal(sha[0], 0x9f4390f8);
    assert_int_equal(sha[7], 0x0f734318);
    ref_hash_siphash(&sip_case, (void *[]){message, &sip});
    assert_true(sip == 0x93f5f5799a932462);
}

static void
half_precision_is_exact_for_all_numbers(void **state)
{
    (void)state;
    for (unsigned h = 0; h < 0x10000; h++) {
        double x = ref_from_half((uint16_t)h), y = ref_from_bfloat((uint16_t)h);

        if (x == x)
            assert_int_equal(ref_to_half(x, h & 1), h);
        if (y == y)
            assert_int_equal(ref_to_bfloat(y), h);
    }
    assert_int_equal(ref_to_half(65519.9, false), 0x7bff);
    assert_int_equal(ref_to_half(65520, false), 0x7c00);
    assert_int_equal(ref_to_half(65520, true), 0x7bff);
    assert_int_equal(ref_to_half(0x1.004p0 + 0x1p-40, false), 0x3c01);
    assert_true(ref_add_odd(1, 0x1p-60) > 1);
}

static void
comparison_tells_a_changed_bit_and_forgives_another_nan(void **state)
{
    const struct cuda_case exact = {.args = {{.bytes = 8}}},
                           nan = {.compare = CUDA_NAN32, .args = {{.bytes = 8}}};
    uint32_t ours[2] = {0x7fc00000, 5}, other[2] = {0xffffffff, 5}, wrong[2] = {0x7fc00000, 4};
    char why[160];

    (void)state;
    assert_true(cuda_case_compare(&exact, 0, ours, ours, why, sizeof(why)));
    assert_false(cuda_case_compare(&exact, 0, other, ours, why, sizeof(why)));
    assert_true(cuda_case_compare(&nan, 0, other, ours, why, sizeof(why)));
    assert_false(cuda_case_compare(&nan, 0, wrong, ours, why, sizeof(why)));
    assert_string_equal(why, "argument 0, element 1: the card says 0x4, it is 0x5");
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kernel_of_every_cubin_has_a_row),
        cmocka_unit_test(every_instruction_of_every_cubin_is_known_and_encodes_to_itself),
        cmocka_unit_test(references_stay_within_their_buffers_and_say_the_same_twice),
        cmocka_unit_test(hashes_give_the_published_answers),
        cmocka_unit_test(half_precision_is_exact_for_all_numbers),
        cmocka_unit_test(comparison_tells_a_changed_bit_and_forgives_another_nan),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
