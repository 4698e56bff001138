/* SPDX-License-Identifier: MIT */
/* Every type of three releases under a few patterns of bytes: nothing is read outside, and JSON
 * comes back as it went. */
#include <gsp/codec.h>

#include "../fuzz/codec_check.h"
#include "test.h"

static void
sweep(void (*fill)(uint8_t *wire, size_t bytes, uint32_t seed))
{
    unsigned types = 0;

    for (unsigned r = 0; r < CODEC_RELEASES; r++) {
        const struct nvrm_abi abi = codec_abi(r);

        for (uint16_t row = 0; row < nvrm_struct_count(abi.schema); row++) {
            const struct nvrm_layout *layout = nvrm_struct_at(abi, row);
            uint8_t *wire = layout ? malloc(layout->size + 64u) : NULL;

            if (!wire)
                continue;
            types++;
            fill(wire, layout->size + 64u, row);
            codec_check_bytes(abi, row, wire,
                              layout->size + (layout->flags & NVRM_LAYOUT_TAIL ? 64u : 0));
            free(wire);
        }
    }
    assert_true(types > 5000);
}

static void
with_zero(uint8_t *wire, size_t bytes, uint32_t seed)
{
    (void)seed;
    memset(wire, 0, bytes);
}

static void
with_ones(uint8_t *wire, size_t bytes, uint32_t seed)
{
    (void)seed;
    memset(wire, 0xff, bytes);
}

static void
with_noise(uint8_t *wire, size_t bytes, uint32_t seed)
{
    for (size_t i = 0; i < bytes; i++) {
        seed = seed * 1664525 + 1013904223;
        wire[i] = (uint8_t)(seed >> 24);
    }
}

/* Small numbers: counts, tags and enums that mean something. */
static void
with_small_numbers(uint8_t *wire, size_t bytes, uint32_t seed)
{
    memset(wire, 0, bytes);
    for (size_t i = 0; i < bytes; i += 4) {
        seed = seed * 1664525 + 1013904223;
        wire[i] = (uint8_t)(seed >> 30);
    }
}

static void
every_type_takes_zero_bytes(void **state)
{
    (void)state;
    sweep(with_zero);
}

static void
every_type_takes_all_ones(void **state)
{
    (void)state;
    sweep(with_ones);
}

static void
every_type_takes_noise(void **state)
{
    (void)state;
    sweep(with_noise);
}

static void
every_type_takes_small_numbers(void **state)
{
    (void)state;
    sweep(with_small_numbers);
}

static void
every_core_type_has_a_plan_at_every_release(void **state)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();
    unsigned plans = 0;

    (void)state;
    for (unsigned r = 0; r < nvrm_release_count(s); r++) {
        struct gsp_codec *codec;

        assert_int_equal(
            gsp_codec_create((struct nvrm_abi){s, (nvrm_release)r}, NULL, &codec, NULL), 0);
        for (uint16_t row = 0; row < nvrm_struct_count(s); row++) {
            struct gsp_error err;

            if (!nvrm_struct_canon(s, row) ||
                !nvrm_struct_at((struct nvrm_abi){s, (nvrm_release)r}, row))
                continue;
            if (!gsp_codec_plan(codec, row, &err))
                fail_msg("%s", err.text);
            plans++;
        }
        gsp_codec_destroy(codec);
    }
    assert_true(plans > 1000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_takes_zero_bytes),
        cmocka_unit_test(every_type_takes_all_ones),
        cmocka_unit_test(every_type_takes_noise),
        cmocka_unit_test(every_type_takes_small_numbers),
        cmocka_unit_test(every_core_type_has_a_plan_at_every_release),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
