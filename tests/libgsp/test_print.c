/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include <gsp/codec.h>
#include <gsp/json.h>

#include "codec_schema.h"

struct fixture {
    struct nvrm_abi abi;
    struct gsp_text text;
    struct gsp_error err;
    struct gsp_arena arena;
    uint8_t wire[512];
    size_t bytes;
};

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    f->abi = abi_at("575.51.02");
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    gsp_text_fini(&f->text);
    gsp_arena_fini(&f->arena);
    free(f);
    return 0;
}

static void
fill(struct fixture *f, const char *name, const char *json)
{
    if (gsp_json_read(f->abi, layout_of(f->abi, name), json, strlen(json), f->wire,
                      sizeof(f->wire), &f->bytes, &f->arena, &f->err) < 0)
        fail_msg("%s", f->err.text);
}

static void
prints(struct fixture *f, const char *name, const char *json, const char *expected)
{
    fill(f, name, json);
    f->text.bytes = 0;
    assert_int_equal(gsp_text_write(f->abi, layout_of(f->abi, name), f->wire, f->bytes,
                                    GSP_JSON_POINTERS, &f->text, &f->err),
                     0);
    assert_string_equal(f->text.data, expected);
}

static void
scalars_line_up_with_names_and_units(void **state)
{
    prints(*state, "T_PLAIN",
           "{\"hClient\":\"0xc1d00001\",\"size\":4096,\"on\":true,\"pad0\":16}",
           "hClient = 0xc1d00001\n"
           "flags   = 0\n"
           "size    = 4096 bytes\n"
           "mode    = 0\n"
           "on      = true\n"
           "small   = 0\n"
           "mid     = 0\n"
           "pad0    = 0x10\n"
           "last    = 0\n");
    prints(*state, "T_SETS",
           "{\"mode\":7,\"flags\":\"READ|KIND=LARGE|LEVEL=2|0x1000\",\"class\":4098,\"status\":"
           "34}",
           "mode     = T_MODE_FAST (0x7)\n"
           "flags    = T_FLAGS_READ|T_FLAGS_KIND_LARGE|T_FLAGS_LEVEL=0x2|0x1000 (0x1231)\n"
           "class    = T_CLASS_TWO (0x1002)\n"
           "status   = NV_ERR_INVALID_CLASS (0x22)\n"
           "modes[0] = T_MODE_OFF (0x0)\n"
           "modes[1] = T_MODE_OFF (0x0)\n"
           "cmd      = 0\n"
           "kind     = 0\n");
}

static void
arrays_fold_equal_elements_and_bytes(void **state)
{
    prints(*state, "T_GRID", "{\"grid\":[[1,2,2,2,2,2]],\"names\":[\"a\"]}",
           "grid[0][0]    = 1\n"
           "grid[0][1..5] = 2\n"
           "grid[1][0..5] = 0\n"
           "grid[2][0..5] = 0\n"
           "names[0]      = \"a\"\n"
           "names[1]      = \"\"\n");
    prints(*state, "T_TEXT", "{\"label\":\"x\",\"raw\":\"0x00ff\"}",
           "id     = 0\n"
           "name   = \"\"\n"
           "label  = \"x\"\n"
           "length = 0\n"
           "raw[0] = 00 ff 00 00 00 00 00 00\n");
}

static void
unions_inner_params_and_pointers_are_followed(void **state)
{
    prints(*state, "T_UNION", "{\"data\":{\"a\":{\"one\":1}}}",
           "type       = T_CASES_A (0x1)\n"
           "data.a.one = 1\n"
           "data.a.two = 0\n");
    prints(*state, "T_TAIL",
           "{\"cmd\":\"T_CTRL_CMD_LIST\",\"params\":{\"items\":[{\"two\":5}]}}",
           "cmd                 = T_CTRL_CMD_LIST (0x10010103)\n"
           "size                = 12\n"
           "flags               = 0\n"
           "params.n            = 1\n"
           "params.items[0].one = 0\n"
           "params.items[0].two = 5\n");
    prints(*state, "T_POINTER", "{\"list\":[\"T_CLASS_ONE\"],\"blob\":\"0x0102\"}",
           "count   = 1\n"
           "list[0] = T_CLASS_ONE (0x1001)\n"
           "bytes   = 2\n"
           "blob[0] = 01 02\n"
           "plain   = 0x0\n");
}

static void
a_scalar_alone_is_its_name_or_number(void **state)
{
    struct fixture *f = *state;
    const struct nvrm_layout *l = layout_of(f->abi, "T_SETS");

    gsp_text_scalar(f->abi, nvrm_field_find(f->abi.schema, l, "class"), 0x1001, &f->text);
    gsp_text_puts(&f->text, " ");
    gsp_text_scalar(f->abi, nvrm_field_find(f->abi.schema, l, "kind"), 17, &f->text);
    assert_string_equal(f->text.data, "T_CLASS_ONE 17");
}

/* Validation */

static void
valid(struct fixture *f, const char *name, const char *json)
{
    fill(f, name, json);
    if (gsp_validate(f->abi, layout_of(f->abi, name), f->wire, f->bytes, &f->err) < 0)
        fail_msg("%s", f->err.text);
}

static void
invalid(struct fixture *f, const char *name, const char *path, uint64_t value,
        const char *words)
{
    const struct nvrm_layout *layout = layout_of(f->abi, name);

    assert_int_equal(gsp_field_set(f->abi, layout, f->wire, f->bytes, path, value, &f->err), 0);
    assert_int_equal(gsp_validate(f->abi, layout, f->wire, f->bytes, &f->err), -EBADMSG);
    if (!strstr(f->err.text, words))
        fail_msg("'%s' lacks '%s'", f->err.text, words);
}

static void
values_without_meaning_are_named(void **state)
{
    struct fixture *f = *state;

    valid(f, "T_SETS", "{\"mode\":7,\"flags\":\"READ\",\"class\":77}");
    invalid(f, "T_SETS", "mode", 3,
            "T_SETS.mode: 0x3 is none of its values (release 575.51.02)");
    valid(f, "T_SETS", "{}");
    invalid(f, "T_SETS", "flags", 0x1003, "T_SETS.flags: bits 0x1000 have no meaning");
    valid(f, "T_SETS", "{}");
    invalid(f, "T_SETS", "modes[1]", 2, "T_SETS.modes[1]: 0x2 is none of its values");
    valid(f, "T_PLAIN", "{\"on\":true}");
    f->wire[nvrm_field_find(f->abi.schema, layout_of(f->abi, "T_PLAIN"), "on")->offset] = 2;
    assert_int_equal(
        gsp_validate(f->abi, layout_of(f->abi, "T_PLAIN"), f->wire, f->bytes, &f->err),
        -EBADMSG);
    assert_non_null(strstr(f->err.text, "T_PLAIN.on: 2 is neither false nor true"));
}

static void
counts_ranges_and_text_are_checked(void **state)
{
    struct fixture *f = *state;

    valid(f, "T_COUNTED", "{\"level\":2,\"list\":[1]}");
    invalid(f, "T_COUNTED", "count", 7, "T_COUNTED.list: count says 7, at most 6 fit");
    valid(f, "T_COUNTED", "{\"level\":2}");
    invalid(f, "T_COUNTED", "level", 10, "T_COUNTED.level: 10 is above 9");
    invalid(f, "T_COUNTED", "level", 1, "T_COUNTED.level: 1 is below 2");
    valid(f, "T_TEXT", "{}");
    memset(f->wire + 4, 'x', 16);
    assert_int_equal(
        gsp_validate(f->abi, layout_of(f->abi, "T_TEXT"), f->wire, f->bytes, &f->err),
        -EBADMSG);
    assert_non_null(strstr(f->err.text, "T_TEXT.name: text is not terminated"));
}

static void
inner_params_are_checked_too(void **state)
{
    struct fixture *f = *state;

    valid(f, "T_TAIL", "{\"cmd\":\"T_CTRL_CMD_COUNTED\",\"params\":{\"level\":3}}");
    invalid(f, "T_TAIL", "params.level", 12, "T_TAIL.params.level: 12 is above 9");
    valid(f, "T_TAIL", "{\"cmd\":\"T_CTRL_CMD_COUNTED\",\"params\":{\"level\":3}}");
    invalid(f, "T_TAIL", "size", 33, "T_TAIL.params: size says 33, at most 32 fit");
    invalid(f, "T_TAIL", "size", 31, "T_TAIL.params: 31 bytes are too few for T_COUNTED");
}

/* Paths */

static void
paths_reach_every_scalar(void **state)
{
    struct fixture *f = *state;
    const struct nvrm_layout *layout = layout_of(f->abi, "T_NESTED");
    uint64_t value = 0;

    fill(f, "T_NESTED", "{}");
    assert_int_equal(
        gsp_field_set(f->abi, layout, f->wire, f->bytes, "items[5].z", 65535, &f->err), 0);
    assert_int_equal(
        gsp_field_get(f->abi, layout, f->wire, f->bytes, "items[5].z", &value, &f->err), 0);
    assert_int_equal(value, 65535);
    assert_int_equal(
        gsp_field_set(f->abi, layout, f->wire, f->bytes, "items[5].z", 65536, &f->err),
        -ERANGE);
    assert_int_equal(gsp_field_get(f->abi, layout, f->wire, f->bytes, "items", &value, &f->err),
                     -EINVAL);
    assert_string_equal(f->err.text, "items is an array, not one number");
    assert_int_equal(
        gsp_field_get(f->abi, layout, f->wire, f->bytes, "items[1]", &value, &f->err), -EINVAL);
    assert_int_equal(gsp_field_get(f->abi, layout, f->wire, 10, "n", &value, &f->err),
                     -EBADMSG);
}

static void
negative_numbers_are_sign_extended(void **state)
{
    struct fixture *f = *state;
    const struct nvrm_layout *layout = layout_of(f->abi, "T_SIGNED");
    uint64_t value = 0;

    fill(f, "T_SIGNED", "{\"fd\":-1}");
    assert_int_equal(gsp_field_get(f->abi, layout, f->wire, f->bytes, "fd", &value, &f->err),
                     0);
    assert_int_equal(value, UINT64_MAX);
    assert_int_equal(
        gsp_field_set(f->abi, layout, f->wire, f->bytes, "fd", (uint64_t)-3, &f->err), 0);
    assert_int_equal(gsp_field_get(f->abi, layout, f->wire, f->bytes, "fd", &value, &f->err),
                     0);
    assert_int_equal(value, (uint64_t)-3);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(scalars_line_up_with_names_and_units),
        TEST(arrays_fold_equal_elements_and_bytes),
        TEST(unions_inner_params_and_pointers_are_followed),
        TEST(a_scalar_alone_is_its_name_or_number),
        TEST(values_without_meaning_are_named),
        TEST(counts_ranges_and_text_are_checked),
        TEST(inner_params_are_checked_too),
        TEST(paths_reach_every_scalar),
        TEST(negative_numbers_are_sign_extended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
