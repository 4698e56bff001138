/* SPDX-License-Identifier: MIT */
/* Class headers of our own: what a line is, what becomes of it, and what is refused. */
#include "test.h"

#include "classes_priv.h"
#include "proc.h"

static const struct imp_hw_unit base_unit = {
    .path = "classes/x/clc6b5.h", .out = "classes/c6b5", .id = 0xc6b5};
static const struct imp_hw_unit child_unit = {.path = "classes/x/clc7b5.h",
                                              .out = "classes/c7b5",
                                              .parent = "classes/c6b5",
                                              .id = 0xc7b5,
                                              .records = "DMA"};
static const struct imp_hw_unit partial_unit = {.path = "sdk/clc7b5.h",
                                                .out = "classes/c7b5",
                                                .parent = "classes/c6b5",
                                                .id = 0xc7b5,
                                                .sdk = true,
                                                .partial = true};

struct world {
    struct imp_arena arena;
    struct imp_hw_sheet base, child;
    struct imp_buf text;
};

static int
make_world(void **state)
{
    *state = calloc(1, sizeof(struct world));
    return *state ? 0 : -1;
}

static int
end_world(void **state)
{
    struct world *w = *state;

    imp_hw_fini(&w->base);
    imp_hw_fini(&w->child);
    imp_buf_fini(&w->text);
    imp_arena_fini(&w->arena);
    free(w);
    return 0;
}

static void
parse(struct world *w, struct imp_hw_sheet *s, const struct imp_hw_unit *unit, const char *text)
{
    struct imp_error err = {0};

    s->unit = unit;
    s->parent = unit->parent ? &w->base : NULL;
    if (!imp_hw_parse(&w->arena, s, imp_strdup(&w->arena, text), "x.h", &err))
        fail_msg("%s", err.text);
    imp_hw_count(s);
    if (!imp_hw_complete(s, &err))
        fail_msg("%s", err.text);
    imp_hw_arrays(s);
    if (unit->partial)
        imp_hw_merge(s, s->parent);
    imp_hw_count(s);
}

/* The YAML below its first five lines, which are the same in every file. */
static const char *
rendered(struct world *w, const struct imp_hw_sheet *s)
{
    struct imp_hw_sheet *const earlier[] = {&w->base};
    const char *text;

    imp_buf_fini(&w->text);
    imp_hw_render(&w->arena, s, earlier, s == &w->base ? 0 : 1, "tree: t", &w->text);
    text = w->text.data;
    for (int i = 0; i < 4; i++)
        text = strchr(text, '\n') + 1;
    return text;
}

static void
methods_fields_values_and_constants_are_told_apart(void **state)
{
    struct world *w = *state;

    parse(w, &w->base, &base_unit,
          "#ifndef _x_\n#define _x_\n#define SOME_COPY (0x0000C6B5)\n"
          "#define NVC6B5_TYPEDEF SomeType\n"
          "#define NVC6B5_SUBCHANNELS 8\n"
          "#define NVC6B5_NOP (0x00000100)\n"
          "#define NVC6B5_NOP_PARAMETER 31:0 // all of it\n"
          "#define NVC6B5_LAUNCH 0x0300\n"
          "#define NVC6B5_LAUNCH_TYPE 1:0\n"
          "#define NVC6B5_LAUNCH_TYPE_NONE (0x00000000)\n"
          "#define NVC6B5_LAUNCH_TYPE_SOME 0x00000001\n"
          "#define NVC6B5_LAUNCH_FLUSH 2:2\n"
          "#define NVC6B5_LAUNCH_FLUSH_FALSE 0x00000000\n"
          "#define NVC6B5_LAUNCH_FLUSH_TRUE 0x00000001\n"
          "#define NVC6B5_LAUNCH_UPPER (0x00000304)\n"
          "#define OTHER_THING 0x5\n");
    assert_string_equal(rendered(w, &w->base),
                        "class: SOME_COPY\nid: 0xc6b5\n"
                        "counts: {methods: 3, records: 0, fields: 3, values: 4, constants: 1}\n"
                        "constants:\n  SUBCHANNELS: 0x8\n"
                        "methods:\n"
                        "  NOP: {at: 0x100, PARAMETER: [31, 0]}\n"
                        "  LAUNCH:\n    at: 0x300\n    TYPE: {bits: [1, 0], NONE: 0, SOME: "
                        "1}\n    FLUSH: {bits: [2, 2], values: bool}\n"
                        "  LAUNCH_UPPER: {at: 0x304}\n");
}

static void
values_go_to_the_field_with_the_longest_name(void **state)
{
    struct world *w = *state;

    parse(w, &w->base, &base_unit,
          "#define NVC6B5_OP 0x0030\n#define NVC6B5_OP_PDB 0:0\n#define NVC6B5_OP_PDB_ONE 0\n"
          "#define NVC6B5_OP_PDB_APERTURE 11:10\n#define NVC6B5_OP_PDB_APERTURE_SYS 2\n");
    assert_non_null(strstr(rendered(w, &w->base),
                           "  OP: {at: 0x30, PDB: {bits: [0, 0], ONE: 0}, PDB_APERTURE: {bits: "
                           "[11, 10], SYS: 2}}\n"));
}

static void
arrays_are_as_long_as_there_is_room(void **state)
{
    struct world *w = *state;

    parse(w, &w->base, &base_unit,
          "#define NVC6B5_TARGET_A(j) (0x0400+(j)*16)\n#define NVC6B5_TARGET_A_V 31:0\n"
          "#define NVC6B5_TARGET_B(j) (0x0404+(j)*16)\n#define NVC6B5_TARGET_B_V 31:0\n"
          "#define NVC6B5_NEXT 0x0440\n#define NVC6B5_NEXT_V 31:0\n"
          "#define NVC6B5_GRID(i,j) (0x1000+(i)*128+(j)*4)\n#define NVC6B5_GRID_V 4:0\n"
          "#define NVC6B5_LAST 0x1200\n");
    assert_non_null(strstr(rendered(w, &w->base),
                           "  TARGET_A: {at: 0x400, step: 16, n: 4, V: [31, 0]}\n"
                           "  TARGET_B: {at: 0x404, step: 16, n: 4, V: [31, 0]}\n"));
    assert_non_null(
        strstr(w->text.data, "  GRID: {at: 0x1000, step: [128, 4], n: [4, 32], V: [4, 0]}\n"));
}

static void
a_child_holds_only_what_differs(void **state)
{
    struct world *w = *state;

    parse(w, &w->base, &base_unit,
          "#define NVC6B5_A 0x0100\n#define NVC6B5_A_X 3:0\n#define NVC6B5_A_Y 7:4\n"
          "#define NVC6B5_B 0x0104\n#define NVC6B5_B_V 31:0\n#define NVC6B5_C 0x0108\n"
          "#define NVC6B5_N 4\n");
    parse(w, &w->child, &child_unit,
          "#define NVC7B5_A 0x0100\n#define NVC7B5_A_X 4:0\n"
          "#define NVC7B5_B 0x0104\n#define NVC7B5_B_V 31:0\n#define NVC7B5_D 0x010c\n");
    assert_string_equal(
        rendered(w, &w->child),
        "id: 0xc7b5\ninherits: c6b5\n"
        "counts: {methods: 3, records: 0, fields: 2, values: 0, constants: 0}\n"
        "constants:\n  N: gone\n"
        "methods:\n  A: {X: [4, 0], \"Y\": gone}\n  D: {at: 0x10c}\n  C: gone\n");
}

static void
a_partial_header_keeps_its_parents_rest(void **state)
{
    struct world *w = *state;

    parse(w, &w->base, &base_unit,
          "#define NVC6B5_A 0x0100\n#define NVC6B5_A_OP 3:0\n#define NVC6B5_A_OP_ONE 1\n"
          "#define NVC6B5_A_OP_TWO 2\n#define NVC6B5_A_HI 7:4\n#define NVC6B5_B 0x0104\n");
    parse(w, &w->child, &partial_unit,
          "#define NVC7B5_A 0x0100\n#define NVC7B5_A_OP 3:0\n#define NVC7B5_A_OP_ONE 1\n"
          "#define NVC7B5_A_HI 11:4\n");
    assert_string_equal(rendered(w, &w->child),
                        "id: 0xc7b5\ninherits: c6b5\npartial: true\n"
                        "counts: {methods: 2, records: 0, fields: 2, values: 2, constants: 0}\n"
                        "methods:\n  A: {HI: [11, 4]}\n");
}

static void
records_take_their_name_from_what_all_fields_share(void **state)
{
    struct world *w = *state;

    parse(w, &w->base, &base_unit,
          "/*\n** One\n */\n"
          "#define NVC6B5_QMDV01_TYPE MW(3:0)\n#define NVC6B5_QMDV01_TYPE_GRID 0x2\n"
          "#define NVC6B5_QMDV01_BUFFER(i) MW((95+(i)*32):(64+(i)*32))\n"
          "#define NVC6B5_QMDV01_END MW(159:128)\n"
          "/*\n** One (again)\n */\n#define NVC6B5_QMDV01_MORE_A MW(4:4)\n"
          "#define NVC6B5_QMDV01_MORE_B MW(5:5)\n"
          "/*\n** Sampler\n */\n#define NVC6B5_TEXSAMP0_U MW(2:0)\n"
          "#define NVC6B5_TEXSAMP1_MAG 2:1\n");
    assert_string_equal(
        rendered(w, &w->base),
        "id: 0xc6b5\n"
        "counts: {methods: 0, records: 2, fields: 7, values: 1, constants: 0}\n"
        "records:\n"
        "  QMDV01:\n    TYPE: {bits: [3, 0], GRID: 2}\n"
        "    BUFFER: {bits: [95, 64], step: 32, n: 2}\n    END: [159, 128]\n"
        "    MORE_A: [4, 4]\n    MORE_B: [5, 5]\n"
        "  TEXSAMP: {prefix: \"\", TEXSAMP0_U: [2, 0], TEXSAMP1_MAG: [34, 33]}\n");
}

static void
a_record_inherits_from_the_one_most_like_it(void **state)
{
    struct world *w = *state;

    parse(w, &w->base, &base_unit,
          "/*\n** A\n */\n#define NVC6B5_RA_V 3:0\n#define NVC6B5_RA_W 7:4\n"
          "#define NVC6B5_RA_X 8:8\n#define NVC6B5_RA_Z 9:9\n"
          "/*\n** B\n */\n#define NVC6B5_QB_V 13:10\n#define NVC6B5_QB_W 17:14\n"
          "#define NVC6B5_QB_X 18:18\n#define NVC6B5_QB_Z 19:19\n");
    parse(w, &w->child, &child_unit,
          "/*\n** A\n */\n#define NVC7B5_NEW_V 13:10\n#define NVC7B5_NEW_W 17:14\n"
          "#define NVC7B5_NEW_X 18:18\n#define NVC7B5_NEW_Z 20:20\n");
    assert_non_null(
        strstr(rendered(w, &w->child), "records:\n  NEW: {inherits: c6b5/QB, Z: [20, 20]}\n"));
}

static void
names_that_yaml_would_misread_are_quoted(void **state)
{
    struct world *w = *state;

    parse(w, &w->base, &base_unit,
          "#define NVC6B5_A 0x0100\n#define NVC6B5_A_Y 0:0\n#define NVC6B5_A_Y_ON 1\n"
          "#define NVC6B5_A_SIZE 1:1\n#define NVC6B5_A_SIZE_4BYTE 1\n");
    assert_non_null(strstr(rendered(w, &w->base),
                           "  A: {at: 0x100, \"Y\": {bits: [0, 0], \"ON\": 1}, SIZE: {bits: "
                           "[1, 1], \"4BYTE\": 1}}\n"));
}

static void
what_makes_no_sense_is_refused_with_its_line(void **state)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"#define NVC6B5_A 0x0100\n#define NVC6B5_A 0x0104\n",
         "x.h:2: error: a second method 'A'"                                                                                                 },
        {"#define NVC6B5_A 0x0100\n#define NVC6B5_A_V 3:0\n#define NVC6B5_A_V 4:0\n",
         "x.h:3: error: a second range for 'A_V'"                                                                                            },
        {"#define NVC6B5_A 0x0100\n#define NVC6B5_A_V 3:0\n#define NVC6B5_A_V_X 1\n"
         "#define NVC6B5_A_V_X 2\n",                                         "x.h:4: error: a second value for 'X'"                 },
        {"#define NVC6B5_A 0x0100\n#define NVC6B5_B_V 3:0\n",
         "x.h:2: error: whose field is 'B_V'"                                                                                                },
        {"#define NVC6B5_A 0x0100\n#define NVC6B5_A_V 0:3\n",
         "x.h:2: error: not a bit range: 'A_V'"                                                                                              },
        {"#define NVC6B5_A(i) 0x1003+(i)*4\n",                                        "x.h:1: error: what is 'A'"                            },
        {"#define NVC7B5_A 0x0100\n",                                                 "x.h: error: neither methods nor records of class c6b5"},
        {"",                                                                          "x.h: error: neither methods nor records of class c6b5"},
    };
    struct world *w = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct imp_error err = {0};

        w->base.unit = &base_unit;
        assert_false(imp_hw_parse(&w->arena, &w->base, imp_strdup(&w->arena, rows[i].text),
                                  "x.h", &err));
        assert_string_equal(err.text, rows[i].message);
        imp_hw_fini(&w->base);
        memset(&w->base, 0, sizeof(w->base));
    }
}

static void
a_tree_without_the_headers_writes_nothing(void **state)
{
    char dir[] = "/tmp/nvrm-test-classes-XXXXXX", want[128], out[64];
    struct imp_class_source src = {.doc_commit = "unknown"};
    struct imp_class_counts n;
    struct imp_error err = {0};

    (void)state;
    assert_non_null(mkdtemp(dir));
    src.doc = dir;
    snprintf(out, sizeof(out), "%s/out", dir);
    assert_false(imp_classes(&src, out, false, &n, NULL, &err));
    snprintf(want, sizeof(want), "%s/classes/host/clc46f.h: error: No such file or directory",
             dir);
    assert_string_equal(err.text, want);
    assert_int_equal(n.methods, 0);
    assert_false(imp_exists(out));
    imp_remove_tree(dir);
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, end_world)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(methods_fields_values_and_constants_are_told_apart),
        WITH_WORLD(values_go_to_the_field_with_the_longest_name),
        WITH_WORLD(arrays_are_as_long_as_there_is_room),
        WITH_WORLD(a_child_holds_only_what_differs),
        WITH_WORLD(a_partial_header_keeps_its_parents_rest),
        WITH_WORLD(records_take_their_name_from_what_all_fields_share),
        WITH_WORLD(a_record_inherits_from_the_one_most_like_it),
        WITH_WORLD(names_that_yaml_would_misread_are_quoted),
        cmocka_unit_test(a_tree_without_the_headers_writes_nothing),
        WITH_WORLD(what_makes_no_sense_is_refused_with_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
