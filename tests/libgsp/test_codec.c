/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>

#include <gsp/codec.h>
#include <nvrm/types.h>

#include "../../libgsp/src/copy_priv.h"
#include "codec_schema.h"

#define OLD "535.54.03"
#define MID "570.144"
#define NEW "575.51.02"

struct fixture {
    struct gsp_codec *codec[3];
    struct gsp_error err;
    uint8_t wire[4096];
};

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    for (uint8_t i = 0; i < 3; i++)
        assert_int_equal(
            gsp_codec_create((struct nvrm_abi){codec_schema(), i}, NULL, &f->codec[i], NULL),
            0);
    memset(f->wire, 0xa5, sizeof(f->wire));
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 3; i++)
        gsp_codec_destroy(f->codec[i]);
    free(f);
    return 0;
}

static const struct gsp_plan *
plan_of(struct fixture *f, const char *release, const char *name)
{
    const nvrm_release r = nvrm_release_find(codec_schema(), release);
    const struct gsp_plan *plan =
        gsp_codec_plan(f->codec[r], nvrm_struct_row(codec_schema(), name), &f->err);

    if (!plan)
        fail_msg("%s at %s: %s", name, release, f->err.text);
    return plan;
}

static void
encode(struct fixture *f, const struct gsp_plan *plan, const void *canon)
{
    if (gsp_encode(plan, canon, f->wire, sizeof(f->wire), &f->err) < 0)
        fail_msg("%s", f->err.text);
}

/* The wire holds `value` in the field of that name. */
static void
expect(struct fixture *f, const char *release, const char *name, const char *path,
       uint64_t value)
{
    const struct nvrm_abi abi = abi_at(release);
    uint64_t have = 0;

    if (gsp_field_get(abi, layout_of(abi, name), f->wire, sizeof(f->wire), path, &have,
                      &f->err) < 0)
        fail_msg("%s", f->err.text);
    assert_int_equal(have, value);
}

static void
refuse(struct fixture *f, const char *release, const char *name, const void *canon,
       const char *words)
{
    const struct gsp_plan *plan = plan_of(f, release, name);

    assert_int_equal(gsp_encode(plan, canon, f->wire, sizeof(f->wire), &f->err), -EINVAL);
    if (!strstr(f->err.text, words))
        fail_msg("'%s' lacks '%s'", f->err.text, words);
    for (size_t i = 0; i < sizeof(f->wire); i++)
        assert_int_equal(f->wire[i], 0xa5);
}

static void
an_equal_layout_moves_as_it_is(void **state)
{
    struct fixture *f = *state;
    const struct gsp_plan *plan = plan_of(f, OLD, "T_PLAIN");
    struct T_PLAIN in, out;

    memset(&in, 0x3c, sizeof(in));
    memset(&out, 0, sizeof(out));
    encode(f, plan, &in);
    assert_int_equal(gsp_plan_wire_bytes(plan), sizeof(in));
    assert_memory_equal(f->wire, &in, sizeof(in));
    assert_int_equal(f->wire[sizeof(in)], 0xa5);
    assert_int_equal(gsp_decode(plan, f->wire, sizeof(in), &out, NULL), 0);
    assert_memory_equal(&out, &in, sizeof(in));
}

static void
fields_move_narrow_and_widen(void **state)
{
    struct fixture *f = *state;
    const struct T_MOVED in = {.a = 1, .b = 65535, .c = 3, .d = UINT64_MAX, .e = 5};
    struct T_MOVED out;

    encode(f, plan_of(f, OLD, "T_MOVED"), &in);
    expect(f, OLD, "T_MOVED", "a", 1);
    expect(f, OLD, "T_MOVED", "b", 65535);
    expect(f, OLD, "T_MOVED", "c", 3);
    expect(f, OLD, "T_MOVED", "d", UINT64_MAX);
    expect(f, OLD, "T_MOVED", "e", 5);
    memset(&out, 0x5a, sizeof(out));
    assert_int_equal(gsp_decode(plan_of(f, OLD, "T_MOVED"), f->wire, 24, &out, NULL), 0);
    assert_int_equal(out.a, 1);
    assert_int_equal(out.added, 0);
    assert_int_equal(out.b, 65535);
    assert_int_equal(out.e, 5);
    for (int i = 0; i < 4; i++)
        assert_int_equal(out.more[i], 0);
}

static void
padding_that_the_wire_has_alone_is_zero(void **state)
{
    struct fixture *f = *state;
    const struct T_MOVED in = {.a = 1};
    static const uint8_t zero[23];

    encode(f, plan_of(f, OLD, "T_MOVED"), &in);
    assert_int_equal(f->wire[0], 1);
    assert_memory_equal(f->wire + 1, zero, sizeof(zero));
}

static void
a_field_that_the_release_lacks_is_refused_by_name(void **state)
{
    struct fixture *f = *state;
    struct T_MOVED in = {.added = 1};

    refuse(f, OLD, "T_MOVED", &in, "T_MOVED.added: release 535.54.03 has no such field");
    assert_int_equal(f->err.origin, GSP_ORIGIN_RELEASE);
    in.added = 0;
    in.more[3] = 9;
    refuse(f, OLD, "T_MOVED", &in, "T_MOVED.more: release 535.54.03 has no such field");
    in.more[3] = 0;
    in.b = 65536;
    refuse(f, OLD, "T_MOVED", &in,
           "T_MOVED.b: 0x10000 does not fit into the 16 bits of release 535.54.03");
}

static void
arrays_of_structs_move_element_by_element(void **state)
{
    struct fixture *f = *state;
    struct T_NESTED in = {.n = 2, .tail = 77}, out;

    for (uint32_t i = 0; i < 4; i++)
        in.items[i] = (struct T_ITEM){.x = i + 1, .y = 100 + i};
    encode(f, plan_of(f, OLD, "T_NESTED"), &in);
    expect(f, OLD, "T_NESTED", "items[3].x", 4);
    expect(f, OLD, "T_NESTED", "items[3].y", 103);
    expect(f, OLD, "T_NESTED", "tail", 77);
    memset(&out, 0x5a, sizeof(out));
    assert_int_equal(gsp_decode(plan_of(f, OLD, "T_NESTED"), f->wire, 48, &out, NULL), 0);
    assert_int_equal(out.items[3].y, 103);
    assert_int_equal(out.items[3].z, 0);
    assert_int_equal(out.items[5].x, 0);
    assert_int_equal(out.tail, 77);
}

static void
an_element_past_the_releases_array_is_refused_with_its_index(void **state)
{
    struct fixture *f = *state;
    struct T_NESTED in = {.items[4].x = 1};

    refuse(f, OLD, "T_NESTED", &in, "T_NESTED.items[4]: release 535.54.03 has no such element");
    in.items[4].x = 0;
    in.items[2].z = 1;
    refuse(f, OLD, "T_NESTED", &in, "T_NESTED.items[2].z: release 535.54.03 has no such field");
}

static void
signs_survive_both_ways(void **state)
{
    struct fixture *f = *state;
    struct T_SIGNED in = {.fd = -1, .s = -300, .t = -5}, out;

    encode(f, plan_of(f, OLD, "T_SIGNED"), &in);
    assert_int_equal(gsp_decode(plan_of(f, OLD, "T_SIGNED"), f->wire, 8, &out, NULL), 0);
    assert_int_equal(out.fd, -1);
    assert_int_equal(out.s, -300);
    assert_int_equal(out.t, -5);
    memset(f->wire, 0xa5, sizeof(f->wire));
    in.t = 128;
    refuse(f, OLD, "T_SIGNED", &in, "T_SIGNED.t: 0x80 does not fit into the 8 bits");
    in.t = -129;
    refuse(f, OLD, "T_SIGNED", &in, "T_SIGNED.t");
}

static void
bit_fields_are_packed_and_unpacked(void **state)
{
    struct fixture *f = *state;
    struct T_BITFIELDS in = {.low = 1, .middle = 0x2aaa, .high = 0x8001, .rest = 9}, out;

    encode(f, plan_of(f, OLD, "T_BITFIELDS"), &in);
    assert_int_equal(*(uint32_t *)(void *)f->wire, 1u | 0x2aaau << 2 | 0x8001u << 16);
    assert_int_equal(gsp_decode(plan_of(f, OLD, "T_BITFIELDS"), f->wire, 8, &out, NULL), 0);
    assert_memory_equal(&out, &in, sizeof(in));
    memset(f->wire, 0xa5, sizeof(f->wire));
    in.low = 4;
    refuse(f, OLD, "T_BITFIELDS", &in, "T_BITFIELDS.low: 0x4 does not fit into the 2 bits");
}

static void
rows_of_another_length_move_row_by_row(void **state)
{
    struct fixture *f = *state;
    struct T_GRID in =
                      {
                          .grid = {{1, 2, 3, 4}, {5}, {6, 7}},
                            .names = {"ab",            "c"           }
    },
                  out;

    encode(f, plan_of(f, OLD, "T_GRID"), &in);
    expect(f, OLD, "T_GRID", "grid[0][3]", 4);
    expect(f, OLD, "T_GRID", "grid[2][1]", 7);
    assert_int_equal(gsp_decode(plan_of(f, OLD, "T_GRID"), f->wire, 40, &out, NULL), 0);
    assert_memory_equal(&out, &in, sizeof(in));
    memset(f->wire, 0xa5, sizeof(f->wire));
    in.grid[1][4] = 1;
    refuse(f, OLD, "T_GRID", &in, "T_GRID.grid[10]: release 535.54.03 has no such element");
}

static void
unions_and_reordered_fields_keep_their_bytes(void **state)
{
    struct fixture *f = *state;
    const struct T_UNION in = {.type = 2, .data.text = "hello world"};
    const struct T_ORDER order = {.q = 2, .p = 1, .r = 3, .s = 4};
    struct T_UNION out;
    struct T_ORDER back;

    encode(f, plan_of(f, OLD, "T_UNION"), &in);
    assert_int_equal(gsp_decode(plan_of(f, NEW, "T_UNION"), f->wire, 24, &out, NULL), 0);
    assert_string_equal(out.data.text, "hello world");
    encode(f, plan_of(f, OLD, "T_ORDER"), &order);
    assert_memory_equal(f->wire, ((uint32_t[]){1, 2, 3, 4}), 16);
    assert_int_equal(gsp_decode(plan_of(f, OLD, "T_ORDER"), f->wire, 16, &back, NULL), 0);
    assert_memory_equal(&back, &order, sizeof(back));
}

static void
a_union_whose_members_moved_goes_by_its_tag(void **state)
{
    struct fixture *f = *state;
    struct T_SWITCH in =
                        {
                            .kind = 1, .data.a = {.x = 7, .y = 9}
    },
                    out;

    encode(f, plan_of(f, OLD, "T_SWITCH"), &in);
    expect(f, OLD, "T_SWITCH", "data.a.y", 9);
    assert_int_equal(f->wire[8 + 8], 0);
    assert_int_equal(gsp_decode(plan_of(f, OLD, "T_SWITCH"), f->wire, 24, &out, NULL), 0);
    assert_memory_equal(&out, &in, sizeof(in));
    memset(&in, 0, sizeof(in));
    in.kind = 2;
    in.data.b.q = UINT64_MAX;
    encode(f, plan_of(f, OLD, "T_SWITCH"), &in);
    expect(f, OLD, "T_SWITCH", "data.b.q", UINT64_MAX);
    assert_int_equal(gsp_decode(plan_of(f, OLD, "T_SWITCH"), f->wire, 24, &out, NULL), 0);
    assert_memory_equal(&out, &in, sizeof(in));
}

static void
a_union_that_the_release_cannot_hold_is_refused(void **state)
{
    struct fixture *f = *state;
    struct T_SWITCH in = {.kind = 1, .data.a = {.z = 1}};

    refuse(f, OLD, "T_SWITCH", &in, "T_SWITCH.data.a.z: release 535.54.03 has no such field");
    memset(&in, 0, sizeof(in));
    in.kind = 3;
    in.data.c[2] = 1;
    refuse(f, OLD, "T_SWITCH", &in,
           "T_SWITCH.data: release 535.54.03 has no such union member");
    in.data.c[2] = 0;
    encode(f, plan_of(f, OLD, "T_SWITCH"), &in);
    expect(f, OLD, "T_SWITCH", "kind", 3);
}

static void
a_struct_that_the_release_lacks_has_no_plan(void **state)
{
    struct fixture *f = *state;
    const struct nvrm_schema *s = codec_schema();

    assert_null(gsp_codec_plan(f->codec[0], nvrm_struct_row(s, "T_LATE"), &f->err));
    assert_string_equal(f->err.text, "release 535.54.03 has no T_LATE");
    assert_null(gsp_codec_plan(f->codec[0], nvrm_struct_row(s, "T_EMPTY"), &f->err));
    assert_string_equal(f->err.text, "release 535.54.03: T_EMPTY has no C type");
    assert_null(gsp_codec_plan(f->codec[0], NVRM_NONE, &f->err));
}

static void
buffers_that_are_too_small_are_refused(void **state)
{
    struct fixture *f = *state;
    const struct gsp_plan *plan = plan_of(f, OLD, "T_PLAIN");
    struct T_PLAIN in = {0};

    assert_int_equal(gsp_encode(plan, &in, f->wire, sizeof(in) - 1, &f->err), -ENOSPC);
    assert_int_equal(f->wire[0], 0xa5);
    assert_int_equal(gsp_decode(plan, f->wire, sizeof(in) - 1, &in, &f->err), -EBADMSG);
    assert_string_equal(f->err.text, "T_PLAIN is 40 bytes at 535.54.03, only 39 came");
}

static void
wire_bytes_need_no_alignment(void **state)
{
    struct fixture *f = *state;
    const struct gsp_plan *plan = plan_of(f, OLD, "T_NESTED");
    struct T_NESTED in = {.n = 1, .items[0].x = 7, .tail = 9}, out;

    for (size_t shift = 0; shift < 8; shift++) {
        assert_int_equal(gsp_encode(plan, &in, f->wire + shift, 48, NULL), 0);
        assert_int_equal(gsp_decode(plan, f->wire + shift, 48, &out, NULL), 0);
        assert_memory_equal(&out, &in, sizeof(in));
    }
}

static void *
take_plans(void *codec)
{
    for (uint16_t row = 0; row < nvrm_struct_count(codec_schema()); row++)
        (void)gsp_codec_plan(codec, row, NULL);
    return (void *)gsp_codec_plan(codec, nvrm_struct_row(codec_schema(), "T_NESTED"), NULL);
}

static void
threads_share_one_plan(void **state)
{
    struct fixture *f = *state;
    pthread_t threads[4];
    void *plans[4];

    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_plans, f->codec[0]), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], &plans[i]);
    for (int i = 0; i < 4; i++)
        assert_ptr_equal(plans[i], plan_of(f, OLD, "T_NESTED"));
}

static void
copies_are_right_at_every_length_and_distance(void **state)
{
    static const size_t distances[] = {0, 1, 8, 63, 64, 255, 1024, 2048, 4095};
    const size_t room = 80 * 1024;
    uint8_t *src = malloc(room), *dst = malloc(room + 8192);

    (void)state;
    for (size_t i = 0; i < room; i++)
        src[i] = (uint8_t)(i * 31 + i / 256);
    for (size_t n = 0; n < room; n += n < 300 ? 1 : n / 3) {
        for (size_t d = 0; d < sizeof(distances) / sizeof(distances[0]); d++) {
            uint8_t *to = dst + distances[d];

            memset(dst, 0, n + distances[d] + 16);
            gsp_copy(to, src, n);
            assert_memory_equal(to, src, n);
            assert_int_equal(to[n], 0);
        }
    }
    free(src);
    free(dst);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(an_equal_layout_moves_as_it_is),
        TEST(fields_move_narrow_and_widen),
        TEST(padding_that_the_wire_has_alone_is_zero),
        TEST(a_field_that_the_release_lacks_is_refused_by_name),
        TEST(arrays_of_structs_move_element_by_element),
        TEST(an_element_past_the_releases_array_is_refused_with_its_index),
        TEST(signs_survive_both_ways),
        TEST(bit_fields_are_packed_and_unpacked),
        TEST(rows_of_another_length_move_row_by_row),
        TEST(unions_and_reordered_fields_keep_their_bytes),
        TEST(a_union_whose_members_moved_goes_by_its_tag),
        TEST(a_union_that_the_release_cannot_hold_is_refused),
        TEST(a_struct_that_the_release_lacks_has_no_plan),
        TEST(buffers_that_are_too_small_are_refused),
        TEST(wire_bytes_need_no_alignment),
        TEST(threads_share_one_plan),
        cmocka_unit_test(copies_are_right_at_every_length_and_distance),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
