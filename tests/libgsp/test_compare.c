/* SPDX-License-Identifier: MIT */
/*
 * Structs compared by what they mean: fields by name, across releases, handles by what they
 * stand for, text as text, arrays up to their counts.
 */
#include "test.h"

#include <gsp/codec.h>
#include <gsp/compare.h>
#include <gsp/handle_map.h>

#include "trace_file.h"

enum { WIRE = 4096 };

/* One side, filled field by field. */
struct side {
    struct nvrm_abi abi;
    const struct nvrm_layout *layout;
    uint8_t wire[WIRE];
};

static void
make(struct side *s, const char *release, const char *name)
{
    memset(s, 0, sizeof(*s));
    s->abi = trace_abi(release);
    s->layout = nvrm_struct_find(s->abi, name);
    assert_non_null(s->layout);
    assert_true(s->layout->size <= WIRE);
}

static void
set(struct side *s, const char *path, uint64_t value)
{
    struct gsp_error err = {0};

    if (gsp_field_set(s->abi, s->layout, s->wire, s->layout->size, path, value, &err) < 0)
        fail_msg("%s: %s", path, err.text);
}

/* What was told, one line a difference. */
struct told {
    struct gsp_text text;
    struct gsp_handle_map *handles;
    const char *ignored;
};

static void
tell(void *ctx, const char *path, const char *a, const char *b)
{
    gsp_text_printf(&((struct told *)ctx)->text, "%s: %s / %s\n", path, a, b);
}

static bool
same_handle(void *ctx, uint32_t a, uint32_t b)
{
    return gsp_handle_map_to(((struct told *)ctx)->handles, a) == b;
}

static bool
ignore(void *ctx, const char *struct_name, const char *field)
{
    (void)struct_name;
    return !strcmp(((struct told *)ctx)->ignored, field);
}

static void
expect(const struct side *a, const struct side *b, struct told *told, const char *want)
{
    const struct gsp_compare_config config = {.same_handle = told->handles ? same_handle : NULL,
                                              .ignore = told->ignored ? ignore : NULL,
                                              .differ = tell,
                                              .ctx = told};
    const struct gsp_compare_side one = {a->abi, a->layout, a->wire, a->layout->size};
    const struct gsp_compare_side other = {b->abi, b->layout, b->wire, b->layout->size};
    unsigned lines = 0;

    told->text.bytes = 0;
    gsp_text_puts(&told->text, "");
    lines = gsp_compare(&config, &one, &other);
    assert_string_equal(told->text.bytes ? told->text.data : "", want);
    for (const char *p = want; *p; p++)
        lines -= *p == '\n';
    assert_int_equal(lines, 0);
    gsp_text_fini(&told->text);
    memset(&told->text, 0, sizeof(told->text));
}

static void
equal_structs_have_no_differences(void **state)
{
    struct side a, b;
    struct told told = {0};

    (void)state;
    make(&a, "570.144", "NV2080_CTRL_FB_GET_INFO_V2_PARAMS");
    set(&a, "fbInfoListSize", 2);
    set(&a, "fbInfoList[1].data", 77);
    b = a;
    expect(&a, &b, &told, "");
}

static void
fields_are_named_by_their_paths(void **state)
{
    struct side a, b;
    struct told told = {0};

    (void)state;
    make(&a, "570.144", "NV2080_CTRL_FB_GET_INFO_V2_PARAMS");
    set(&a, "fbInfoListSize", 2);
    b = a;
    set(&a, "fbInfoList[1].data", 77);
    set(&b, "fbInfoList[0].index", 8);
    set(&b, "fbInfoList[5].data", 1); /* past the count */
    expect(&a, &b, &told,
           "fbInfoList[0].index: NV2080_CTRL_FB_INFO_INDEX_TILE_REGION_COUNT / "
           "NV2080_CTRL_FB_INFO_INDEX_TOTAL_RAM_SIZE\n"
           "fbInfoList[1].data: 77 / 0\n");
}

static void
handles_are_the_same_when_they_stand_for_the_same(void **state)
{
    struct gsp_handle_map map = {0};
    struct side a, b;
    struct told told = {.handles = &map};

    (void)state;
    make(&a, "570.144", "NV0080_ALLOC_PARAMETERS");
    b = a;
    set(&a, "hClientShare", 0xcaf00000);
    set(&b, "hClientShare", 0xc1d00007);
    expect(&a, &b, &told, "hClientShare: 0xcaf00000 / 0xc1d00007\n");
    assert_int_equal(gsp_handle_map_add(&map, 0xcaf00000, 0xc1d00007), 0);
    expect(&a, &b, &told, "");
    assert_int_equal(gsp_handle_map_from(&map, 0xc1d00007), 0xcaf00000);
    assert_int_equal(gsp_handle_map_to(&map, 5), 5);
    gsp_handle_map_fini(&map);
}

static void
a_map_of_many_handles_keeps_the_last_word(void **state)
{
    struct gsp_handle_map map = {0};

    (void)state;
    for (uint32_t i = 0; i < 3000; i++)
        assert_int_equal(gsp_handle_map_add(&map, 0xcaf10000 + i, 7 * i + 1), 0);
    for (uint32_t i = 0; i < 3000; i++)
        assert_int_equal(gsp_handle_map_to(&map, 0xcaf10000 + i), 7 * i + 1);
    assert_int_equal(gsp_handle_map_add(&map, 0xcaf10000, 99), 0);
    assert_int_equal(gsp_handle_map_to(&map, 0xcaf10000), 99);
    gsp_handle_map_fini(&map);
}

static void
releases_are_compared_by_field_names(void **state)
{
    struct side a, b;
    struct told told = {0};

    (void)state;
    make(&a, "570.144", "NV_VASPACE_ALLOCATION_PARAMETERS");
    make(&b, "595.45.04", "NV_VASPACE_ALLOCATION_PARAMETERS");
    assert_true(a.layout != b.layout); /* pasid came between */
    set(&a, "vaSize", 0x1000);
    set(&b, "vaSize", 0x1000);
    expect(&a, &b, &told, "");
    set(&b, "pasid", 5);
    expect(&a, &b, &told, "pasid: (no such field) / 5\n");
    expect(&b, &a, &told, "pasid: 5 / (no such field)\n");
}

static void
the_live_member_of_a_union_is_compared(void **state)
{
    struct side a, b;
    struct told told = {0};

    (void)state;
    make(&a, "570.144", "NV2080_CTRL_GPU_GET_NAME_STRING_PARAMS");
    make(&b, "595.45.04", "NV2080_CTRL_GPU_GET_NAME_STRING_PARAMS");
    memcpy(a.wire + 4, "Card", 5);
    memcpy(b.wire + 4, "Card", 5);
    a.wire[100] = 1; /* behind the text: of the longer member */
    expect(&a, &b, &told, "");
    memcpy(b.wire + 4, "Other", 6);
    expect(&a, &b, &told, "gpuNameString.ascii: \"Card\" / \"Other\"\n");
}

static void
what_is_ignored_is_not_told(void **state)
{
    struct side a, b;
    struct told told = {.ignored = "processID"};

    (void)state;
    make(&a, "570.144", "NV0000_ALLOC_PARAMETERS");
    b = a;
    set(&b, "processID", 42);
    expect(&a, &b, &told, "");
    set(&b, "hClient", 1);
    expect(&a, &b, &told, "hClient: 0x0 / 0x1\n");
}

static void
bytes_without_a_layout_are_compared_as_bytes(void **state)
{
    const struct gsp_compare_side a = {trace_abi("570.144"), NULL, "abcd", 4};
    const struct gsp_compare_side b = {trace_abi("570.144"), NULL, "abXdef", 6};
    const struct gsp_compare_side c = {trace_abi("570.144"), NULL, "abcdef", 6};
    struct told told = {0};
    const struct gsp_compare_config config = {.differ = tell, .ctx = &told};

    (void)state;
    assert_int_equal(gsp_compare(&config, &a, &a), 0);
    assert_int_equal(gsp_compare(&config, &a, &b), 1);
    assert_int_equal(gsp_compare(&config, &a, &c), 1);
    assert_string_equal(told.text.data, "[2]: 6364 / 58646566\n[4]: (nothing) / 6566\n");
    gsp_text_fini(&told.text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_structs_have_no_differences),
        cmocka_unit_test(fields_are_named_by_their_paths),
        cmocka_unit_test(handles_are_the_same_when_they_stand_for_the_same),
        cmocka_unit_test(a_map_of_many_handles_keeps_the_last_word),
        cmocka_unit_test(releases_are_compared_by_field_names),
        cmocka_unit_test(the_live_member_of_a_union_is_compared),
        cmocka_unit_test(what_is_ignored_is_not_told),
        cmocka_unit_test(bytes_without_a_layout_are_compared_as_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
