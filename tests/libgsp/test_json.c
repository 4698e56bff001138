/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include <gsp/json.h>

#include "codec_schema.h"

#define OLD "535.54.03"
#define MID "570.144"
#define NEW "575.51.02"

struct fixture {
    struct nvrm_abi abi;
    struct gsp_arena arena;
    struct gsp_text text;
    struct gsp_error err;
    uint8_t wire[4096];
    size_t bytes;
};

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    f->abi = abi_at(NEW);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    gsp_arena_fini(&f->arena);
    gsp_text_fini(&f->text);
    free(f);
    return 0;
}

static int
read_json(struct fixture *f, const char *name, const char *json)
{
    memset(&f->err, 0, sizeof(f->err));
    return gsp_json_read(f->abi, layout_of(f->abi, name), json, strlen(json), f->wire,
                         sizeof(f->wire), &f->bytes, &f->arena, &f->err);
}

static const char *
write_json(struct fixture *f, const char *name, unsigned flags)
{
    f->text.bytes = 0;
    assert_int_equal(gsp_json_write(f->abi, layout_of(f->abi, name), f->wire, f->bytes, flags,
                                    &f->text, &f->err),
                     0);
    return f->text.data;
}

/* Reads json into `name` and writes it back: the text must be `expected`. */
static void
round_trip(struct fixture *f, const char *name, const char *json, const char *expected)
{
    if (read_json(f, name, json) < 0)
        fail_msg("%s: %s (%s)", json, f->err.text, f->err.hint);
    assert_string_equal(write_json(f, name, 0), expected);
}

/* Reading json must fail with rc, and the error and hint must hold the given words. */
static void
refuse(struct fixture *f, const char *name, const char *json, int rc, const char *words,
       const char *hint)
{
    memset(f->wire, 0xa5, sizeof(f->wire));
    if (read_json(f, name, json) != rc)
        fail_msg("%s: rc %d, wanted %d: %s", json, f->err.rc, rc, f->err.text);
    if (!strstr(f->err.text, words) || !strstr(f->err.hint, hint))
        fail_msg("%s:\n  %s\n  %s\nlacks '%s' or '%s'", json, f->err.text, f->err.hint, words,
                 hint);
    for (size_t i = 0; i < sizeof(f->wire); i++)
        assert_int_equal(f->wire[i], 0xa5);
}

static void
scalars_keep_their_values_in_both_directions(void **state)
{
    round_trip(
        *state, "T_PLAIN",
        " { \"hClient\" : 4294967295, \"flags\":0, \"size\":\"0x123456789abcdef0\", "
        "\"mode\":12345678,\n"
        "\"on\":true,\"small\":255,\"mid\":65535,\"pad0\":18446744073709551615,\"last\":9}",
        "{\"hClient\":\"0xffffffff\",\"flags\":0,\"size\":\"0x123456789abcdef0\",\"mode\":"
        "12345678,"
        "\"on\":true,"
        "\"small\":255,\"mid\":65535,\"pad0\":\"0xffffffffffffffff\",\"last\":9}");
}

static void
numbers_of_every_length_are_spelled_right(void **state)
{
    static const uint32_t values[] = {
        0,      9,      10,       99,       100,       999,       1000,
        9999,   10000,  99999,    100000,   999999,    1000000,   9999999,
        999999, 100000, 10000000, 99999999, 100000000, 999999999, 4294967295};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        char json[64];

        snprintf(json, sizeof(json), "{\"reserved\":%u}", values[i]);
        round_trip(f, "T_EMPTY", json, json);
    }
}

static void
keys_left_out_are_zero(void **state)
{
    round_trip(*state, "T_EMPTY", "{}", "{\"reserved\":0}");
}

static void
signed_numbers_may_be_negative_or_hex_patterns(void **state)
{
    round_trip(*state, "T_SIGNED", "{\"fd\":-1,\"s\":-2147483648,\"t\":\"-5\"}",
               "{\"fd\":-1,\"s\":-2147483648,\"t\":\"0xfffffffffffffffb\"}");
    round_trip(*state, "T_SIGNED",
               "{\"fd\":\"0xffffffff\",\"s\":\"0x7fffffff\",\"t\":\"0xfffffffffffffffb\"}",
               "{\"fd\":-1,\"s\":2147483647,\"t\":\"0xfffffffffffffffb\"}");
}

static void
names_are_written_and_read_with_or_without_their_prefix(void **state)
{
    const char *expected =
        "{\"mode\":\"T_MODE_FAST\",\"flags\":[\"T_FLAGS_READ\",\"T_FLAGS_KIND_LARGE\","
        "\"T_FLAGS_LEVEL=0x9\"],\"class\":\"T_CLASS_TWO\",\"status\":\"NV_ERR_INVALID_CLASS\","
        "\"modes\":[\"T_MODE_SLOW\",\"T_MODE_OFF\"],\"cmd\":\"T_CTRL_CMD_LIST\",\"kind\":5}";

    round_trip(*state, "T_SETS",
               "{\"mode\":\"FAST\",\"flags\":\"READ|KIND=LARGE | LEVEL=9\",\"class\":4098,"
               "\"status\":\"NV_ERR_INVALID_CLASS\",\"modes\":[\"T_MODE_SLOW\",0],\"cmd\":\"T_"
               "CTRL_CMD_LIST\","
               "\"kind\":\"0x5\"}",
               expected);
    round_trip(*state, "T_SETS", expected, expected);
}

static void
bits_without_a_name_stay_as_a_number(void **state)
{
    round_trip(
        *state, "T_SETS", "{\"flags\":[\"WRITE\",\"0x80000000\",64]}",
        "{\"mode\":\"T_MODE_OFF\",\"flags\":[\"T_FLAGS_WRITE\",\"0x80000040\"],\"class\":0,"
        "\"status\":\"NV_OK\",\"modes\":[\"T_MODE_OFF\",\"T_MODE_OFF\"],\"cmd\":0,\"kind\":0}");
}

static void
an_unknown_name_is_refused_with_the_nearest_one(void **state)
{
    refuse(*state, "T_SETS", "{\"mode\":\"FASTER\"}", -EINVAL, "T_SETS: mode: 'FASTER'",
           "T_MODE_FAST");
    refuse(*state, "T_SETS", "{\"flags\":\"READ|WROTE\"}", -EINVAL, "'WROTE'", "T_FLAGS_WRITE");
    refuse(*state, "T_SETS", "{\"class\":\"T_CLASS_TOO\"}", -EINVAL, "'T_CLASS_TOO'",
           "T_CLASS_TWO");
    refuse(*state, "T_SETS", "{\"kind\":\"five\"}", -EINVAL, "'five' is not a number", "");
    refuse(*state, "T_SETS", "{\"flags\":\"KIND=READ\"}", -EINVAL, "'KIND=READ'", "");
    refuse(*state, "T_SETS", "{\"flags\":\"LEVEL=16\"}", -EINVAL, "'LEVEL=16'", "");
}

static void
an_unknown_key_is_refused_with_path_release_and_nearest_field(void **state)
{
    refuse(*state, "T_PLAIN", "{\"hClent\":1}", -EINVAL,
           "T_PLAIN: no field 'hClent' (release 575.51.02)", "did you mean 'hClient'?");
    refuse(*state, "T_NESTED", "{\"items\":[{},{\"w\":1}]}", -EINVAL,
           "T_NESTED: items[1]: no field 'w'", "");
}

static void
a_field_of_other_releases_is_refused_with_the_releases_that_have_it(void **state)
{
    struct fixture *f = *state;

    f->abi = abi_at(OLD);
    refuse(f, "T_MOVED", "{\"added\":1}", -EINVAL, "release 535.54.03 has no field 'added'",
           "exists in 570.144 to 575.51.02");
    refuse(f, "T_NESTED", "{\"items\":[{\"z\":1}]}", -EINVAL,
           "T_NESTED: items[0]: release 535.54.03 has no field 'z'", "exists in 575.51.02");
}

static void
values_out_of_range_name_the_range(void **state)
{
    refuse(*state, "T_PLAIN", "{\"small\":256}", -ERANGE, "small: 256 is out of range 0..255",
           "");
    refuse(*state, "T_PLAIN", "{\"mid\":-1}", -ERANGE, "mid: -1 is out of range 0..65535", "");
    refuse(*state, "T_PLAIN", "{\"on\":2}", -ERANGE, "on: 2 is out of range", "");
    refuse(*state, "T_PLAIN", "{\"flags\":\"0x100000000\"}", -ERANGE,
           "out of range 0..4294967295", "");
    refuse(*state, "T_SIGNED", "{\"s\":2147483648}", -ERANGE, "-2147483648..2147483647", "");
    refuse(*state, "T_SIGNED", "{\"s\":-2147483649}", -ERANGE, "-2147483648..2147483647", "");
    refuse(*state, "T_COUNTED", "{\"level\":10}", -ERANGE,
           "level: 10 is out of range: at most 9", "");
    refuse(*state, "T_COUNTED", "{\"level\":1}", -ERANGE, "at least 2", "");
    refuse(*state, "T_PLAIN", "{\"pad0\":18446744073709551616}", -EINVAL, "64 bits", "");
    refuse(*state, "T_BITFIELDS", "{\"low\":4}", -ERANGE, "low: 4 is out of range 0..3", "");
}

static void
a_value_of_the_wrong_kind_is_refused(void **state)
{
    refuse(*state, "T_PLAIN", "{\"flags\":true}", -EINVAL,
           "flags: a number or a name is wanted", "");
    refuse(*state, "T_PLAIN", "{\"on\":null}", -EINVAL, "on: true or false is wanted", "");
    refuse(*state, "T_PLAIN", "{\"flags\":[1]}", -EINVAL,
           "flags: one value is wanted, not an array", "");
    refuse(*state, "T_PLAIN", "{\"flags\":1.5}", -EINVAL, "whole number", "");
    refuse(*state, "T_PLAIN", "{\"flags\":1e3}", -EINVAL, "whole number", "");
    refuse(*state, "T_PLAIN", "{\"flags\":0x10}", -EINVAL, "hex goes into a string", "");
    refuse(*state, "T_NESTED", "{\"items\":{}}", -EINVAL,
           "items: line 1, column 10: an array was expected", "");
    refuse(*state, "T_NESTED", "{\"items\":[1]}", -EINVAL,
           "items[0]: line 1, column 11: an object was expected", "");
}

static void
text_that_is_not_json_is_refused_with_its_line(void **state)
{
    static const char *const texts[] = {
        "",
        "[]",
        "{",
        "{\"reserved\"",
        "{\"reserved\":",
        "{\"reserved\":1",
        "{\"reserved\":1,}",
        "{\"reserved\":1}x",
        "{\"reserved\":01}",
        "{\"reserved\":-}",
        "{reserved:1}",
        "{\"reserved\":\"1}",
        "{\"reserved\":\"\\x\"}",
        "{\"reserved\":\"\\u12g4\"}",
        "{\"reserved\":\"a\nb\"}",
        "{\"reserved\":tru}",
        "{\"reserved\" 1}",
        "{\"reserved\":1 \"reserved\":2}",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        refuse(*state, "T_EMPTY", texts[i], -EINVAL, "line 1, column", "");
    refuse(*state, "T_EMPTY", "{\n\n \"reserved\": ?}", -EINVAL, "line 3, column 14", "");
}

static void
a_key_given_twice_is_refused(void **state)
{
    refuse(*state, "T_EMPTY", "{\"reserved\":1,\"reserved\":1}", -EINVAL,
           "'reserved' is given twice", "");
    refuse(*state, "T_TAIL", "{\"params\":\"0x\",\"params\":\"0x\"}", -EINVAL,
           "'params' is given twice", "");
}

static void
escaped_keys_and_names_are_understood(void **state)
{
    round_trip(*state, "T_EMPTY", "{\"r\\u0065served\":\"\\u0031\"}", "{\"reserved\":1}");
}

static void
counts_come_from_the_arrays_given(void **state)
{
    round_trip(*state, "T_COUNTED", "{\"list\":[1,2,3],\"level\":2,\"bytes\":[9,8]}",
               "{\"count\":3,\"level\":2,\"list\":[1,2,3],\"used\":2,\"bytes\":[9,8]}");
    round_trip(*state, "T_COUNTED", "{\"level\":2,\"list\":[],\"bytes\":\"0x0aff\"}",
               "{\"count\":0,\"level\":2,\"list\":[],\"used\":2,\"bytes\":[10,255]}");
    round_trip(*state, "T_COUNTED", "{\"level\":2,\"count\":2}",
               "{\"count\":2,\"level\":2,\"list\":[0,0],\"used\":0,\"bytes\":[]}");
}

static void
a_whole_array_may_stand_beside_a_smaller_count(void **state)
{
    round_trip(*state, "T_COUNTED", "{\"count\":1,\"level\":2,\"list\":[1,2,3,4,5,6]}",
               "{\"count\":1,\"level\":2,\"list\":[1],\"used\":0,\"bytes\":[]}");
    round_trip(*state, "T_COUNTED", "{\"level\":2,\"list\":[1,2,3,4,5,6],\"count\":1}",
               "{\"count\":1,\"level\":2,\"list\":[1],\"used\":0,\"bytes\":[]}");
}

static void
wrong_counts_name_the_count_and_the_most_that_fits(void **state)
{
    refuse(*state, "T_COUNTED", "{\"count\":3,\"list\":[1,2]}", -EINVAL,
           "list: 2 elements are given, but count says 3", "");
    refuse(*state, "T_COUNTED", "{\"list\":[1,2],\"count\":3}", -EINVAL,
           "count: 3 is wrong: 2 are given", "");
    refuse(*state, "T_COUNTED", "{\"list\":[1,2,3,4,5,6,7]}", -ERANGE,
           "list: too many elements: at most 6 fit", "");
    refuse(*state, "T_COUNTED", "{\"count\":7}", -ERANGE,
           "count: 7 is out of range: list holds at most 6", "");
    refuse(*state, "T_COUNTED", "{\"bytes\":\"0x000102030405060708\"}", -ERANGE,
           "bytes: 9 bytes, at most 8 fit", "");
    refuse(*state, "T_COUNTED", "{\"bytes\":\"0x123\"}", -EINVAL, "two hex digits a byte", "");
    refuse(*state, "T_COUNTED", "{\"bytes\":\"0x12g4\"}", -EINVAL,
           "byte 1 is not two hex digits", "");
}

static void
counts_from_the_wire_never_reach_past_the_array(void **state)
{
    struct fixture *f = *state;

    f->bytes = layout_of(f->abi, "T_COUNTED")->size;
    memset(f->wire, 0xff, f->bytes);
    assert_string_equal(write_json(f, "T_COUNTED", 0),
                        "{\"count\":4294967295,\"level\":4294967295,\"list\":[65535,65535,"
                        "65535,65535,65535,65535],"
                        "\"used\":65535,\"bytes\":[255,255,255,255,255,255,255,255]}");
}

static void
text_is_cut_at_its_nul_and_escaped(void **state)
{
    round_trip(*state, "T_TEXT",
               "{\"id\":1,\"name\":\"a\\\"b\\\\\\n\\u00e9\",\"label\":\"Gr\xc3\xbc\xc3\x9f"
               "e\",\"raw\":\"0x0102030405060708\"}",
               "{\"id\":1,\"name\":\"a\\\"b\\\\\\n\\u00e9\",\"label\":\"Gr\xc3\xbc\xc3\x9f"
               "e\",\"length\":0,\"raw\":\"0x0102030405060708\"}");
    assert_int_equal(((struct fixture *)*state)->wire[4 + 5], 0xe9);
}

static void
text_that_does_not_fit_is_refused_with_its_length(void **state)
{
    refuse(*state, "T_TEXT", "{\"name\":\"0123456789abcdef\"}", -ERANGE,
           "name: text of 16 bytes, at most 15 fit", "");
    refuse(*state, "T_TEXT", "{\"name\":\"a\\u0000b\"}", -EINVAL, "must not hold a NUL", "");
    round_trip(*state, "T_TEXT", "{\"name\":\"0123456789abcde\"}",
               "{\"id\":0,\"name\":\"0123456789abcde\",\"label\":\"\",\"length\":0,\"raw\":"
               "\"0x0000000000000000\"}");
}

static void
two_dimensional_arrays_are_rows(void **state)
{
    round_trip(*state, "T_GRID", "{\"grid\":[[1,2],[3]],\"names\":[\"ab\",\"cdefghi\"]}",
               "{\"grid\":[[1,2,0,0,0,0],[3,0,0,0,0,0],[0,0,0,0,0,0]],\"names\":[\"ab\","
               "\"cdefghi\"]}");
    refuse(*state, "T_GRID", "{\"grid\":[[1,2,3,4,5,6,7]]}", -ERANGE,
           "grid[0]: too many elements: at most 6", "");
    refuse(*state, "T_GRID", "{\"grid\":[[],[],[],[]]}", -ERANGE,
           "grid: too many rows: at most 3", "");
    refuse(*state, "T_GRID", "{\"grid\":[[],[1,70000]]}", -ERANGE,
           "grid[1][1]: 70000 is out of range", "");
}

static void
bit_fields_share_their_word(void **state)
{
    struct fixture *f = *state;

    round_trip(f, "T_BITFIELDS", "{\"low\":3,\"middle\":8193,\"high\":65535,\"rest\":7}",
               "{\"low\":3,\"middle\":8193,\"high\":65535,\"rest\":7}");
    assert_int_equal(*(uint32_t *)(void *)f->wire, 0xffff8007);
}

static void
a_union_shows_the_member_that_its_tag_selects(void **state)
{
    round_trip(*state, "T_UNION", "{\"type\":1,\"data\":{\"a\":{\"one\":5,\"two\":6}}}",
               "{\"type\":\"T_CASES_A\",\"data\":{\"a\":{\"one\":5,\"two\":6}}}");
    round_trip(*state, "T_UNION", "{\"data\":{\"text\":\"hello\"},\"type\":\"TEXT\"}",
               "{\"type\":\"T_CASES_TEXT\",\"data\":{\"text\":\"hello\"}}");
    round_trip(*state, "T_UNION", "{\"type\":77,\"data\":{\"text\":\"hello\"}}",
               "{\"type\":77,\"data\":{\"text\":\"hello\"}}");
}

static void
a_member_implies_its_tag_when_none_is_given(void **state)
{
    round_trip(*state, "T_UNION", "{\"data\":{\"number\":9}}",
               "{\"type\":\"T_CASES_NUMBER\",\"data\":{\"number\":\"0x9\"}}");
}

static void
a_member_that_contradicts_its_tag_is_refused(void **state)
{
    refuse(*state, "T_UNION", "{\"data\":{\"a\":{}},\"type\":2}", -EINVAL,
           "data: 'a' does not go with type: 'text' does", "");
    refuse(*state, "T_UNION", "{\"type\":2,\"data\":{\"text\":\"\",\"a\":{}}}", -EINVAL,
           "a union holds one member", "");
    refuse(*state, "T_UNION", "{\"data\":{\"b\":1}}", -EINVAL, "data: no field 'b'", "");
}

static void
opaque_bytes_are_read_as_what_their_sibling_names(void **state)
{
    struct fixture *f = *state;

    round_trip(f, "T_TAIL",
               "{\"cmd\":\"T_CTRL_CMD_COUNTED\",\"params\":{\"level\":3,\"list\":[7]}}",
               "{\"cmd\":\"T_CTRL_CMD_COUNTED\",\"size\":32,\"flags\":0,"
               "\"params\":{\"count\":1,\"level\":3,\"list\":[7],\"used\":0,\"bytes\":[]}}");
    assert_int_equal(f->bytes, 12 + 32);
    round_trip(
        f, "T_TAIL",
        "{\"params\":{\"items\":[{\"one\":1},{\"two\":2}]},\"size\":20,\"cmd\":268501251}",
        "{\"cmd\":\"T_CTRL_CMD_LIST\",\"size\":20,\"flags\":0,"
        "\"params\":{\"n\":2,\"items\":[{\"one\":1,\"two\":0},{\"one\":0,\"two\":2}]}}");
    round_trip(f, "T_TAIL", "{\"cmd\":5,\"params\":\"0x010203\"}",
               "{\"cmd\":5,\"size\":3,\"flags\":0,\"params\":\"0x010203\"}");
    assert_int_equal(f->bytes, 12 + 3);
}

static void
opaque_bytes_of_an_unknown_id_cannot_be_an_object(void **state)
{
    refuse(*state, "T_TAIL", "{\"cmd\":5,\"params\":{}}", -EINVAL,
           "params: no struct is known for cmd 0x5", "");
    refuse(*state, "T_TAIL",
           "{\"cmd\":\"T_CTRL_CMD_COUNTED\",\"size\":8,\"params\":{\"level\":3}}", -EINVAL,
           "params: 32 elements are given, but size says 8", "");
    refuse(*state, "T_TAIL", "{\"cmd\":\"T_CTRL_CMD_COUNTED\",\"params\":{\"lvel\":3}}",
           -EINVAL, "T_COUNTED: params: no field 'lvel'", "level");
}

static void
a_tail_is_cut_to_the_bytes_there(void **state)
{
    struct fixture *f = *state;

    f->bytes = 12 + 5;
    memset(f->wire, 0, sizeof(f->wire));
    memset(f->wire + 4, 0xff, 4);
    memset(f->wire + 12, 0x11, 100);
    assert_string_equal(
        write_json(f, "T_TAIL", 0),
        "{\"cmd\":0,\"size\":4294967295,\"flags\":0,\"params\":\"0x1111111111\"}");
}

static void
a_tail_larger_than_the_room_is_refused(void **state)
{
    struct fixture *f = *state;
    const char *json = "{\"items\":[{},{},{}]}";

    assert_int_equal(gsp_json_read(f->abi, layout_of(f->abi, "T_LIST_TAIL"), json, strlen(json),
                                   f->wire, 4 + 16, &f->bytes, NULL, &f->err),
                     -ERANGE);
    assert_non_null(strstr(f->err.text, "items: too many elements: at most 2 fit"));
    assert_int_equal(gsp_json_read(f->abi, layout_of(f->abi, "T_LIST_TAIL"), json, strlen(json),
                                   f->wire, 3, &f->bytes, NULL, &f->err),
                     -ENOSPC);
}

static void
pointers_hold_what_they_point_to(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(
        read_json(f, "T_POINTER",
                  "{\"list\":[\"T_CLASS_TWO\",7],\"blob\":\"0xabcd\",\"plain\":\"0x10\"}"),
        0);
    assert_string_equal(write_json(f, "T_POINTER", GSP_JSON_POINTERS),
                        "{\"count\":2,\"list\":[\"T_CLASS_TWO\",7],\"bytes\":2,\"blob\":"
                        "\"0xabcd\",\"plain\":\"0x10\"}");
    assert_int_equal(read_json(f, "T_POINTER", "{\"list\":null}"), 0);
    assert_string_equal(
        write_json(f, "T_POINTER", GSP_JSON_POINTERS),
        "{\"count\":0,\"list\":null,\"bytes\":0,\"blob\":null,\"plain\":\"0x0\"}");
}

static void
a_count_alone_makes_room_for_what_rm_writes(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(read_json(f, "T_POINTER", "{\"count\":3}"), 0);
    assert_string_equal(
        write_json(f, "T_POINTER", GSP_JSON_POINTERS),
        "{\"count\":3,\"list\":[0,0,0],\"bytes\":0,\"blob\":null,\"plain\":\"0x0\"}");
}

static void
pointers_are_refused_where_there_is_no_arena_or_no_end(void **state)
{
    struct fixture *f = *state;
    const char *json = "{\"list\":[1]}";

    assert_int_equal(gsp_json_read(f->abi, layout_of(f->abi, "T_POINTER"), json, strlen(json),
                                   f->wire, sizeof(f->wire), &f->bytes, NULL, &f->err),
                     -EINVAL);
    assert_non_null(strstr(f->err.text, "list: an embedded pointer cannot be given here"));
    refuse(f, "T_POINTER", "{\"list\":[1,2,3,4,5,6,7,8,9]}", -ERANGE,
           "list: 9 elements, at most 8 are allowed", "");
    refuse(f, "T_POINTER", "{\"count\":9}", -ERANGE, "9 elements, at most 8", "");
    refuse(f, "T_POINTER", "{\"list\":4096}", -EINVAL, "list: an address means nothing here",
           "");
}

static void
pretty_text_is_indented_by_two(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(read_json(f, "T_LIST_TAIL", "{\"items\":[{\"one\":1}]}"), 0);
    assert_string_equal(write_json(f, "T_LIST_TAIL", GSP_JSON_PRETTY), "{\n"
                                                                       "  \"n\": 1,\n"
                                                                       "  \"items\": [\n"
                                                                       "    {\n"
                                                                       "      \"one\": 1,\n"
                                                                       "      \"two\": 0\n"
                                                                       "    }\n"
                                                                       "  ]\n"
                                                                       "}");
}

static void
all_shows_whole_arrays_and_every_member(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(read_json(f, "T_UNION", "{\"data\":{\"number\":\"0x4142\"}}"), 0);
    assert_string_equal(write_json(f, "T_UNION", GSP_JSON_ALL),
                        "{\"type\":\"T_CASES_NUMBER\",\"data\":{\"a\":{\"one\":16706,\"two\":0}"
                        ",\"text\":\"BA\","
                        "\"number\":\"0x4142\"}}");
    assert_int_equal(read_json(f, "T_COUNTED", "{\"level\":2}"), 0);
    assert_string_equal(write_json(f, "T_COUNTED", GSP_JSON_ALL),
                        "{\"count\":0,\"level\":2,\"list\":[0,0,0,0,0,0],\"used\":0,\"bytes\":["
                        "0,0,0,0,0,0,0,0]}");
}

static void
too_few_bytes_are_refused(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(
        gsp_json_write(f->abi, layout_of(f->abi, "T_PLAIN"), f->wire, 39, 0, &f->text, &f->err),
        -EBADMSG);
    assert_string_equal(f->err.text, "T_PLAIN is 40 bytes at 575.51.02, only 39 are there");
}

/* FIELD=VALUE */

static void
assign(struct fixture *f, const char *name, const char *path, const char *value)
{
    f->bytes = layout_of(f->abi, name)->size;
    if (gsp_json_assign(f->abi, layout_of(f->abi, name), path, value, f->wire, f->bytes,
                        &f->arena, &f->err) < 0)
        fail_msg("%s=%s: %s", path, value, f->err.text);
}

static void
assignments_take_bare_names_numbers_and_json(void **state)
{
    struct fixture *f = *state;

    assign(f, "T_SETS", "mode", "FAST");
    assign(f, "T_SETS", "flags", "READ|WRITE");
    assign(f, "T_SETS", "class", "0x1001");
    assign(f, "T_SETS", "modes", "[1, \"FAST\"]");
    assign(f, "T_SETS", "modes[0]", "OFF");
    assign(f, "T_SETS", "kind", "\"0x11\"");
    assert_string_equal(
        write_json(f, "T_SETS", 0),
        "{\"mode\":\"T_MODE_FAST\",\"flags\":[\"T_FLAGS_READ\",\"T_FLAGS_WRITE\"],"
        "\"class\":\"T_CLASS_ONE\",\"status\":\"NV_OK\",\"modes\":[\"T_MODE_OFF\",\"T_MODE_"
        "FAST\"],"
        "\"cmd\":0,\"kind\":17}");
}

static void
assigning_an_element_raises_the_count(void **state)
{
    struct fixture *f = *state;

    assign(f, "T_COUNTED", "list[2]", "9");
    assign(f, "T_COUNTED", "level", "2");
    assert_string_equal(write_json(f, "T_COUNTED", 0),
                        "{\"count\":3,\"level\":2,\"list\":[0,0,9],\"used\":0,\"bytes\":[]}");
    assign(f, "T_COUNTED", "list", "[4]");
    assert_string_equal(write_json(f, "T_COUNTED", GSP_JSON_ALL),
                        "{\"count\":1,\"level\":2,\"list\":[4,0,0,0,0,0],\"used\":0,\"bytes\":["
                        "0,0,0,0,0,0,0,0]}");
}

static void
assignments_reach_into_structs_text_unions_and_pointers(void **state)
{
    struct fixture *f = *state;

    assign(f, "T_NESTED", "items[1].z", "7");
    assert_non_null(strstr(write_json(f, "T_NESTED", 0), "{\"x\":0,\"z\":7,\"y\":0}"));
    memset(f->wire, 0, sizeof(f->wire));
    assign(f, "T_TEXT", "name", "[a] b");
    assert_non_null(strstr(write_json(f, "T_TEXT", 0), "\"name\":\"[a] b\""));
    memset(f->wire, 0, sizeof(f->wire));
    assign(f, "T_UNION", "data", "{\"text\":\"x\"}");
    assert_string_equal(write_json(f, "T_UNION", 0),
                        "{\"type\":\"T_CASES_TEXT\",\"data\":{\"text\":\"x\"}}");
    memset(f->wire, 0, sizeof(f->wire));
    assign(f, "T_POINTER", "list", "[1, 2]");
    assign(f, "T_POINTER", "blob", "null");
    assert_string_equal(
        write_json(f, "T_POINTER", GSP_JSON_POINTERS),
        "{\"count\":2,\"list\":[1,2],\"bytes\":0,\"blob\":null,\"plain\":\"0x0\"}");
}

static void
a_bad_assignment_names_what_was_wrong_and_changes_nothing(void **state)
{
    static const struct {
        const char *name, *path, *value, *words;
        int rc;
    } rows[] = {
        {"T_SETS",   "mod",       "1",       "has no field 'mod'",                              -EINVAL},
        {"T_SETS",   "mode",      "FASTER",  "'FASTER' is not one of its names",                -EINVAL},
        {"T_SETS",   "mode[0]",   "1",       "mode is not an array",                            -EINVAL},
        {"T_SETS",   "mode.x",    "1",       "mode has no fields",                              -EINVAL},
        {"T_SETS",   "modes[2]",  "1",       "index 2 is out of range: modes holds 2 elements", -ERANGE},
        {"T_SETS",   "modes[x]",  "1",       "a number must follow '['",                        -EINVAL},
        {"T_SETS",   "modes[1",   "1",       "']' is missing",                                  -EINVAL},
        {"T_SETS",   "modes[1]x", "1",       "'.' or the end was expected at 'x'",              -EINVAL},
        {"T_SETS",   "modes",     "[1,2,3]", "too many elements",                               -ERANGE},
        {"T_SETS",   "modes",     "[1] 2",   "something follows the value",                     -EINVAL},
        {"T_NESTED", "items.x",   "1",       "items has no fields without an index",            -EINVAL},
        {"T_PLAIN",  "small",     "256",     "out of range 0..255",                             -ERANGE},
        {"T_PLAIN",  "",          "1",       "has no field ''",                                 -EINVAL},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct nvrm_layout *layout = layout_of(f->abi, rows[i].name);

        assert_int_equal(gsp_json_assign(f->abi, layout, rows[i].path, rows[i].value, f->wire,
                                         layout->size, &f->arena, &f->err),
                         rows[i].rc);
        if (!strstr(f->err.text, rows[i].words))
            fail_msg("%s=%s: '%s' lacks '%s'", rows[i].path, rows[i].value, f->err.text,
                     rows[i].words);
        for (uint32_t k = 0; k < layout->size; k++)
            assert_int_equal(f->wire[k], 0);
    }
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(scalars_keep_their_values_in_both_directions),
        TEST(numbers_of_every_length_are_spelled_right),
        TEST(keys_left_out_are_zero),
        TEST(signed_numbers_may_be_negative_or_hex_patterns),
        TEST(names_are_written_and_read_with_or_without_their_prefix),
        TEST(bits_without_a_name_stay_as_a_number),
        TEST(an_unknown_name_is_refused_with_the_nearest_one),
        TEST(an_unknown_key_is_refused_with_path_release_and_nearest_field),
        TEST(a_field_of_other_releases_is_refused_with_the_releases_that_have_it),
        TEST(values_out_of_range_name_the_range),
        TEST(a_value_of_the_wrong_kind_is_refused),
        TEST(text_that_is_not_json_is_refused_with_its_line),
        TEST(a_key_given_twice_is_refused),
        TEST(escaped_keys_and_names_are_understood),
        TEST(counts_come_from_the_arrays_given),
        TEST(a_whole_array_may_stand_beside_a_smaller_count),
        TEST(wrong_counts_name_the_count_and_the_most_that_fits),
        TEST(counts_from_the_wire_never_reach_past_the_array),
        TEST(text_is_cut_at_its_nul_and_escaped),
        TEST(text_that_does_not_fit_is_refused_with_its_length),
        TEST(two_dimensional_arrays_are_rows),
        TEST(bit_fields_share_their_word),
        TEST(a_union_shows_the_member_that_its_tag_selects),
        TEST(a_member_implies_its_tag_when_none_is_given),
        TEST(a_member_that_contradicts_its_tag_is_refused),
        TEST(opaque_bytes_are_read_as_what_their_sibling_names),
        TEST(opaque_bytes_of_an_unknown_id_cannot_be_an_object),
        TEST(a_tail_is_cut_to_the_bytes_there),
        TEST(a_tail_larger_than_the_room_is_refused),
        TEST(pointers_hold_what_they_point_to),
        TEST(a_count_alone_makes_room_for_what_rm_writes),
        TEST(pointers_are_refused_where_there_is_no_arena_or_no_end),
        TEST(pretty_text_is_indented_by_two),
        TEST(all_shows_whole_arrays_and_every_member),
        TEST(too_few_bytes_are_refused),
        TEST(assignments_take_bare_names_numbers_and_json),
        TEST(assigning_an_element_raises_the_count),
        TEST(assignments_reach_into_structs_text_unions_and_pointers),
        TEST(a_bad_assignment_names_what_was_wrong_and_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
