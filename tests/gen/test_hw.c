/* SPDX-License-Identifier: MIT */
/* The generated hardware classes: look-ups, bit fields, and that tables and headers agree. */
#include <nvrm/cl/clc46f.h>
#include <nvrm/cl/clc597.h>
#include <nvrm/cl/clc6c0.h>
#include <nvrm/cl/clc7b5.h>
#include <nvrm/cl/clcec0.h>
#include <nvrm/hw.h>
#include <string.h>

#include "test.h"

static void
classes_are_found_by_id_and_by_every_spelling_of_their_name(void **state)
{
    const struct nvrm_hw_class *c = nvrm_hw_class(0xc7b5);

    (void)state;
    assert_non_null(c);
    assert_string_equal(nvrm_hw_text(c->name), "AMPERE_DMA_COPY_B");
    assert_ptr_equal(nvrm_hw_class_named("AMPERE_DMA_COPY_B"), c);
    assert_ptr_equal(nvrm_hw_class_named("ampere_dma_copy_b"), c);
    assert_ptr_equal(nvrm_hw_class_named("c7b5"), c);
    assert_ptr_equal(nvrm_hw_class_named("NVC7B5"), c);
    assert_null(nvrm_hw_class_named("c7b"));
    assert_null(nvrm_hw_class_named(""));
    assert_null(nvrm_hw_class(0x1234));
}

static void
every_class_of_turing_to_blackwell_is_there_with_its_parent(void **state)
{
    static const uint16_t ids[] = {0xc46f, 0xc56f, 0xc86f, 0xc96f, 0xca6f, 0xc5b5, 0xc6b5,
                                   0xc7b5, 0xc8b5, 0xc9b5, 0xcab5, 0xc5c0, 0xc6c0, 0xc7c0,
                                   0xc9c0, 0xcbc0, 0xcdc0, 0xcec0, 0xc597, 0xc697, 0xc797,
                                   0xc997, 0xcb97, 0xcd97, 0xce97, 0xa140, 0x902d};

    (void)state;
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        const struct nvrm_hw_class *c = nvrm_hw_class(ids[i]);

        assert_non_null(c);
        assert_true(c->method_count > 0);
        assert_true(!c->parent || nvrm_hw_class(c->parent));
    }
    for (unsigned i = 1; i < nvrm_hw_class_count(); i++)
        assert_true(nvrm_hw_class_at(i - 1)->id < nvrm_hw_class_at(i)->id);
    assert_null(nvrm_hw_class_at(nvrm_hw_class_count()));
}

static void
a_method_is_found_by_its_address_and_by_its_name(void **state)
{
    const struct nvrm_hw_class *c = nvrm_hw_class(0xc7b5);
    const struct nvrm_hw_item *m = nvrm_hw_method(c, NVC7B5_LAUNCH_DMA, NULL, NULL);

    (void)state;
    assert_non_null(m);
    assert_string_equal(nvrm_hw_text(m->name), "LAUNCH_DMA");
    assert_ptr_equal(nvrm_hw_method_named(c, "LAUNCH_DMA"), m);
    assert_null(nvrm_hw_method_named(c, "LAUNCH"));
    assert_null(nvrm_hw_method(c, 0x304, NULL, NULL));
}

static void
elements_of_arrays_are_found_and_nothing_between_or_behind_them(void **state)
{
    const struct nvrm_hw_class *c = nvrm_hw_class(0xc597);
    unsigned i = 9, j = 9;
    const struct nvrm_hw_item *m = nvrm_hw_method(c, NVC597_SET_COLOR_TARGET_B(3), &i, &j);

    (void)state;
    assert_non_null(m);
    assert_string_equal(nvrm_hw_text(m->name), "SET_COLOR_TARGET_B");
    assert_int_equal(i, 3);
    assert_int_equal(j, 0);
    assert_int_equal(m->n, 8);
    m = nvrm_hw_method(c, NVC597_SET_STREAM_OUT_LAYOUT_SELECT(2, 31), &i, &j);
    assert_string_equal(nvrm_hw_text(m->name), "SET_STREAM_OUT_LAYOUT_SELECT");
    assert_int_equal(i, 2);
    assert_int_equal(j, 31);
    assert_int_equal(nvrm_hw_address(m, 2, 31), NVC597_SET_STREAM_OUT_LAYOUT_SELECT(2, 31));
    m = nvrm_hw_method(c, NVC597_SET_COLOR_TARGET_A(8), NULL, NULL);
    assert_true(!m || strcmp(nvrm_hw_text(m->name), "SET_COLOR_TARGET_A") != 0);
}

static void
no_two_methods_of_a_class_share_an_address(void **state)
{
    (void)state;
    for (unsigned k = 0; k < nvrm_hw_class_count(); k++) {
        const struct nvrm_hw_class *c = nvrm_hw_class_at(k);

        for (unsigned n = 0; n < c->method_count; n++) {
            const struct nvrm_hw_item *m = nvrm_hw_method_at(c, n);
            unsigned i, j;

            assert_ptr_equal(nvrm_hw_method(c, m->at, &i, &j), m);
            assert_int_equal(i + j, 0);
            assert_ptr_equal(nvrm_hw_method_named(c, nvrm_hw_text(m->name)), m);
        }
    }
}

static void
values_have_names_both_ways(void **state)
{
    const struct nvrm_hw_item *m = nvrm_hw_method_named(nvrm_hw_class(0xc7b5), "LAUNCH_DMA");
    const struct nvrm_hw_field *f = nvrm_hw_field_named(m, "DATA_TRANSFER_TYPE");
    uint32_t v = 0;

    (void)state;
    assert_non_null(f);
    assert_string_equal(nvrm_hw_value_name(f, 2), "NON_PIPELINED");
    assert_null(nvrm_hw_value_name(f, 3));
    assert_true(nvrm_hw_value_named(f, "PIPELINED", &v));
    assert_int_equal(v, NVC7B5_LAUNCH_DMA_DATA_TRANSFER_TYPE_PIPELINED);
    assert_false(nvrm_hw_value_named(f, "PIPE", &v));
    assert_null(nvrm_hw_field_named(m, "NOT_A_FIELD"));
}

static void
a_packed_method_has_its_fields_where_the_table_says(void **state)
{
    const struct nvrm_hw_item *m = nvrm_hw_method_named(nvrm_hw_class(0xc7b5), "LAUNCH_DMA");
    const uint32_t data = NVRM_HW_DATA(
        NVC7B5_LAUNCH_DMA,
        .DATA_TRANSFER_TYPE = NVC7B5_LAUNCH_DMA_DATA_TRANSFER_TYPE_NON_PIPELINED,
        .SRC_MEMORY_LAYOUT = NVC7B5_LAUNCH_DMA_SRC_MEMORY_LAYOUT_PITCH, .FLUSH_ENABLE = 1);

    (void)state;
    assert_int_equal(data, 0x86);
    assert_int_equal(nvrm_hw_get(nvrm_hw_field_named(m, "DATA_TRANSFER_TYPE"), &data, 0, 0), 2);
    assert_int_equal(nvrm_hw_get(nvrm_hw_field_named(m, "SRC_MEMORY_LAYOUT"), &data, 0, 0), 1);
}

static void
a_field_too_large_stays_within_its_bits(void **state)
{
    (void)state;
    assert_int_equal(NVRM_HW_DATA(NVC7B5_LAUNCH_DMA, .DATA_TRANSFER_TYPE = 0xffffffff), 3);
}

static void
fields_of_records_cross_words(void **state)
{
    uint32_t words[3] = {0, 0, 0};

    (void)state;
    nvrm_hw_bits_set(words, 20, 64, UINT64_C(0x123456789abcdef0));
    assert_int_equal(words[0], 0xef000000);
    assert_true(nvrm_hw_bits_get(words, 20, 64) == UINT64_C(0x123456789abcdef0));
    nvrm_hw_bits_set(words, 31, 2, 3);
    nvrm_hw_bits_set(words, 31, 2, 1);
    assert_int_equal(nvrm_hw_bits_get(words, 31, 2), 1);
    memset(words, 0xff, sizeof(words));
    nvrm_hw_bits_set(words, 32, 32, 0);
    assert_int_equal(words[0], 0xffffffff);
    assert_int_equal(words[1], 0);
    assert_int_equal(words[2], 0xffffffff);
}

static void
records_are_set_by_constants_and_read_by_name(void **state)
{
    const struct nvrm_hw_item *r = nvrm_hw_record(nvrm_hw_class(0xc6c0), "QMDV03_00");
    uint32_t qmd[NVC6C0_QMDV03_00__WORDS] = {0};

    (void)state;
    assert_non_null(r);
    assert_int_equal(r->words, 64);
    NVRM_HW_SET(qmd, NVC6C0_QMDV03_00_QMD_MAJOR_VERSION, 3);
    NVRM_HW_SET_AT(qmd, NVC6C0_QMDV03_00_CONSTANT_BUFFER_ADDR_UPPER, 0x1abcd, 5);
    assert_int_equal(nvrm_hw_get(nvrm_hw_field_named(r, "QMD_MAJOR_VERSION"), qmd, 0, 0), 3);
    assert_int_equal(
        nvrm_hw_get(nvrm_hw_field_named(r, "CONSTANT_BUFFER_ADDR_UPPER"), qmd, 5, 0), 0x1abcd);
    assert_int_equal(NVRM_HW_GET_AT(qmd, NVC6C0_QMDV03_00_CONSTANT_BUFFER_ADDR_UPPER, 5),
                     0x1abcd);
}

static void
a_record_that_a_class_lacks_comes_from_its_parent(void **state)
{
    const struct nvrm_hw_class *c = nvrm_hw_class(0xca6f);

    (void)state;
    assert_non_null(nvrm_hw_record(c, "GP_ENTRY1"));
    assert_non_null(nvrm_hw_record(nvrm_hw_class(0xce97), "SPHV4T1"));
    assert_null(nvrm_hw_record(c, "QMDV03_00"));
    assert_int_equal(nvrm_hw_record(nvrm_hw_class(0xcec0), "QMDV05_00")->words, 96);
    assert_int_equal(nvrm_hw_record(nvrm_hw_class(0xc997), "TEXSAMP")->words, 8);
    assert_int_equal(NVC597_TEXSAMP4_BORDER_COLOR_R__LO, 128);
    assert_int_equal(NVC597_TEXHEAD_BL__WORDS, 8);
    assert_int_equal(NVC46F_GP_ENTRY__SIZE, 8);
    assert_int_equal(nvrm_hw_constant_at(nvrm_hw_class(0xc46f), 0)->value, 8);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_are_found_by_id_and_by_every_spelling_of_their_name),
        cmocka_unit_test(every_class_of_turing_to_blackwell_is_there_with_its_parent),
        cmocka_unit_test(a_method_is_found_by_its_address_and_by_its_name),
        cmocka_unit_test(elements_of_arrays_are_found_and_nothing_between_or_behind_them),
        cmocka_unit_test(no_two_methods_of_a_class_share_an_address),
        cmocka_unit_test(values_have_names_both_ways),
        cmocka_unit_test(a_packed_method_has_its_fields_where_the_table_says),
        cmocka_unit_test(a_field_too_large_stays_within_its_bits),
        cmocka_unit_test(fields_of_records_cross_words),
        cmocka_unit_test(records_are_set_by_constants_and_read_by_name),
        cmocka_unit_test(a_record_that_a_class_lacks_comes_from_its_parent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
