/* SPDX-License-Identifier: MIT */
/* Push buffers: the builder's bounds and words, the decoder on good and bad streams. */
#include <nvmem/push.h>
#include <nvrm/cl/clc56f.h>
#include <nvrm/cl/clc7b5.h>

#include "test.h"

#define COPY 4

static void
one_method_is_a_header_and_its_data(void **state)
{
    uint32_t words[4] = {0};
    struct nvmem_push p;

    (void)state;
    nvmem_push_init(&p, words, 4);
    nvmem_push_method(&p, COPY, NVC7B5_OFFSET_IN_UPPER, 0x12);
    assert_int_equal(nvmem_push_words(&p), 2);
    assert_int_equal(words[0], 0x20018100);
    assert_int_equal(words[1], 0x12);
    assert_int_equal(nvmem_push_end(&p), 0);
}

static void
every_operation_has_the_header_that_the_channel_class_says(void **state)
{
    static const struct {
        enum nvmem_push_op op;
        uint32_t sec_op;
    } ops[] = {
        {NVMEM_PUSH_INC,    NVC56F_DMA_SEC_OP_INC_METHOD      },
        {NVMEM_PUSH_NONINC, NVC56F_DMA_SEC_OP_NON_INC_METHOD  },
        {NVMEM_PUSH_IMM,    NVC56F_DMA_SEC_OP_IMMD_DATA_METHOD},
        {NVMEM_PUSH_ONCE,   NVC56F_DMA_SEC_OP_ONE_INC         },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        const uint32_t w = nvmem_push_header(ops[i].op, 5, 0x3ffc, 0x1abc);

        assert_int_equal(NVRM_HW_GET(&w, NVC56F_DMA_SEC_OP), ops[i].sec_op);
        assert_int_equal(NVRM_HW_GET(&w, NVC56F_DMA_METHOD_SUBCHANNEL), 5);
        assert_int_equal(NVRM_HW_GET(&w, NVC56F_DMA_METHOD_ADDRESS), 0xfff);
        assert_int_equal(NVRM_HW_GET(&w, NVC56F_DMA_METHOD_COUNT), 0x1abc);
    }
}

static void
what_does_not_fit_is_left_out_whole_and_remembered(void **state)
{
    uint32_t words[4] = {0, 0, 0, 0xdeadbeef};
    struct nvmem_push p;

    (void)state;
    nvmem_push_init(&p, words, 3);
    nvmem_push_method(&p, 0, 0x100, 1);
    nvmem_push_method(&p, 0, 0x100, 2);
    assert_int_equal(nvmem_push_words(&p), 2);
    assert_int_equal(nvmem_push_end(&p), -ENOSPC);
    assert_null(nvmem_push_begin(&p, NVMEM_PUSH_NONINC, 0, 0x100, 1));
    assert_int_equal(words[2], 0);
    assert_int_equal(words[3], 0xdeadbeef);
}

static void
a_count_past_the_header_is_refused(void **state)
{
    static uint32_t words[0x3000];
    struct nvmem_push p;

    (void)state;
    nvmem_push_init(&p, words, 0x3000);
    assert_null(nvmem_push_begin(&p, NVMEM_PUSH_INC, 0, 0x100, 0x2000));
    assert_int_equal(nvmem_push_words(&p), 0);
    assert_int_equal(nvmem_push_end(&p), -ENOSPC);
}

static void
an_immediate_too_large_becomes_a_method_with_data(void **state)
{
    uint32_t words[3] = {0};
    struct nvmem_push p;

    (void)state;
    nvmem_push_init(&p, words, 3);
    nvmem_push_imm(&p, 1, 0x100, 0x1fff);
    nvmem_push_imm(&p, 1, 0x100, 0x2000);
    assert_int_equal(words[0], 0x9fff2040);
    assert_int_equal(words[1], 0x20012040);
    assert_int_equal(words[2], 0x2000);
}

static void
a_copy_built_by_name_reads_back_by_name(void **state)
{
    uint32_t words[32];
    struct nvmem_push p;
    struct nvmem_push_state s = {.host = nvrm_hw_class(0xc56f)};
    struct nvmem_push_reader r;
    struct nvmem_push_call c;

    (void)state;
    nvmem_push_init(&p, words, 32);
    NVMEM_PUSH(&p, COPY, NVC56F_SET_OBJECT, .NVCLASS = AMPERE_DMA_COPY_B);
    nvmem_push_pair(&p, COPY, NVC7B5_OFFSET_IN_UPPER, 1, 0x2000);
    NVMEM_PUSH(&p, COPY, NVC7B5_LAUNCH_DMA, .SRC_MEMORY_LAYOUT = 1, .DST_MEMORY_LAYOUT = 1);
    nvmem_push_open(&r, &s, words, nvmem_push_words(&p));
    assert_true(nvmem_push_next(&r, &c));
    assert_int_equal(c.cl->id, 0xc56f);
    assert_string_equal(nvrm_hw_text(c.item->name), "SET_OBJECT");
    assert_true(nvmem_push_next(&r, &c));
    assert_int_equal(c.cl->id, 0xc7b5);
    assert_string_equal(nvrm_hw_text(c.item->name), "OFFSET_IN_UPPER");
    assert_true(c.first);
    assert_true(nvmem_push_next(&r, &c));
    assert_string_equal(nvrm_hw_text(c.item->name), "OFFSET_IN_LOWER");
    assert_false(c.first);
    assert_int_equal(c.data, 0x2000);
    assert_true(nvmem_push_next(&r, &c));
    assert_string_equal(nvrm_hw_text(c.item->name), "LAUNCH_DMA");
    assert_int_equal(c.data, 0x180);
    assert_false(nvmem_push_next(&r, &c));
}

static void
non_incrementing_and_once_incrementing_runs_go_where_they_should(void **state)
{
    static const uint32_t words[] = {0x60030040, 1, 2, 3, 0xa0030040, 4, 5, 6};
    static const uint32_t methods[] = {0x100, 0x100, 0x100, 0x100, 0x104, 0x104};
    struct nvmem_push_state s = {0};
    struct nvmem_push_reader r;
    struct nvmem_push_call c;

    (void)state;
    nvmem_push_open(&r, &s, words, 8);
    for (unsigned i = 0; i < 6; i++) {
        assert_true(nvmem_push_next(&r, &c));
        assert_int_equal(c.kind, NVMEM_PUSH_CALL);
        assert_int_equal(c.method, methods[i]);
        assert_int_equal(c.data, i + 1);
        assert_null(c.cl);
    }
    assert_false(nvmem_push_next(&r, &c));
}

static void
bad_headers_are_given_word_by_word_with_a_reason(void **state)
{
    static const struct {
        uint32_t words[3];
        unsigned bad;
    } rows[] = {
        {{0x20030040, 1, 2}, 3}, /* one word is missing */
        {{0x20000040, 0, 0}, 1}, /* count 0, then two NOPs */
        {{0xc0010040, 0, 0}, 1}, /* operation 6 */
        {{0x20021040, 7, 8}, 3}, /* bit 12 */
        {{0x00010010, 0, 0}, 1}, /* a sub-device mask */
    };

    (void)state;
    for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
        struct nvmem_push_state s = {0};
        struct nvmem_push_reader r;
        struct nvmem_push_call c;
        unsigned bad = 0, all = 0;

        nvmem_push_open(&r, &s, rows[k].words, 3);
        while (nvmem_push_next(&r, &c)) {
            assert_int_equal(c.word, all);
            assert_true(all > 0 || c.why);
            bad += c.kind == NVMEM_PUSH_BAD;
            all++;
        }
        assert_int_equal(bad, rows[k].bad);
        assert_int_equal(all, 3);
    }
}

static void
nothing_is_read_behind_the_end_of_a_segment(void **state)
{
    static const uint32_t words[] = {0, 0xe0000000, 0x20010040, 1};
    struct nvmem_push_state s = {0};
    struct nvmem_push_reader r;
    struct nvmem_push_call c;

    (void)state;
    nvmem_push_open(&r, &s, words, 4);
    assert_true(nvmem_push_next(&r, &c));
    assert_int_equal(c.kind, NVMEM_PUSH_NOP);
    assert_true(nvmem_push_next(&r, &c));
    assert_int_equal(c.kind, NVMEM_PUSH_SEGMENT);
    assert_false(nvmem_push_next(&r, &c));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_method_is_a_header_and_its_data),
        cmocka_unit_test(every_operation_has_the_header_that_the_channel_class_says),
        cmocka_unit_test(what_does_not_fit_is_left_out_whole_and_remembered),
        cmocka_unit_test(a_count_past_the_header_is_refused),
        cmocka_unit_test(an_immediate_too_large_becomes_a_method_with_data),
        cmocka_unit_test(a_copy_built_by_name_reads_back_by_name),
        cmocka_unit_test(non_incrementing_and_once_incrementing_runs_go_where_they_should),
        cmocka_unit_test(bad_headers_are_given_word_by_word_with_a_reason),
        cmocka_unit_test(nothing_is_read_behind_the_end_of_a_segment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
