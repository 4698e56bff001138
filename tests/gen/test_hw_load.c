/* SPDX-License-Identifier: MIT */
/* Files of schemas/hw: inheritance resolved, mistakes named with their line, and no allocation
 * that fails is fatal. */
#include <errno.h>
#include <unistd.h>

#include "hw.h"
#include "test.h"

enum { FILES = 4 };

struct world {
    char dir[64];
    char *paths[FILES];
    uint32_t count;
    struct gen g;
    struct hw_set set;
    struct gen_text tables, header;
};

static int
make_world(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    char sub[80];

    if (!w)
        return -1;
    snprintf(w->dir, sizeof(w->dir), "/tmp/nvrm-test-hw-XXXXXX");
    if (!mkdtemp(w->dir))
        return -1;
    snprintf(sub, sizeof(sub), "mkdir %s/classes", w->dir);
    *state = w;
    return system(sub);
}

static int
end_world(void **state)
{
    struct world *w = *state;
    char rm[80];

    for (uint32_t i = 0; i < w->count; i++)
        free(w->paths[i]);
    snprintf(rm, sizeof(rm), "rm -r %s", w->dir);
    free(w);
    return system(rm);
}

static void
put(struct world *w, const char *stem, const char *text)
{
    char path[128];
    FILE *f;

    snprintf(path, sizeof(path), "%s/classes/%s.yaml", w->dir, stem);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    assert_true(w->count < FILES);
    w->paths[w->count++] = strdup(path);
}

static void
compile(struct gen *g, void *ctx)
{
    struct world *w = ctx;

    memset(&w->set, 0, sizeof(w->set));
    memset(&w->tables, 0, sizeof(w->tables));
    memset(&w->header, 0, sizeof(w->header));
    hw_load(g, &w->set, w->paths, w->count);
    hw_emit_tables(g, &w->set, &w->tables);
    hw_emit_header(g, &w->set, w->set.p[w->count - 1].id, &w->header);
    gen_stop_on_errors(g);
}

#define BASE                                                                                   \
    "id: 0xc6b5\ncounts: {methods: 2, records: 1, fields: 4, values: 3}\n"                     \
    "methods:\n  A: {at: 0x100, X: {bits: [3, 0], ONE: 1}, Z: [7, 4]}\n  B: {at: 0x104}\n"     \
    "records:\n  R: {V: {bits: [95, 64], step: 32, n: 2}, W: {bits: [1, 1], values: bool}}\n"

/* One file alone that is refused: the message behind its path. */
static void
expect_refused(const char *text, const char *message)
{
    void *state;
    struct world *w;
    char whole[512];

    assert_int_equal(make_world(&state), 0);
    w = state;
    put(w, "c6b5", BASE);
    put(w, "c7b5", text);
    gen_init(&w->g);
    assert_int_equal(gen_try(&w->g, compile, w), -EINVAL);
    snprintf(whole, sizeof(whole), "%s%s", w->paths[1], message);
    if (strncmp(w->g.errors.p, whole, strlen(whole)) != 0)
        fail_msg("expected %s, got %s", whole, w->g.errors.p);
    gen_fini(&w->g);
    assert_int_equal(end_world(&state), 0);
}

static void
mistakes_are_named_with_their_line(void **state)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"methods: {}\n",                                                                        ":1: error: a file has the id: of its class"    },
        {"id: 0xc7b5\nmethod: {}\n",
         ":2: error: file has no key 'method'; the nearest is 'methods'"                                                                         },
        {"id: 0xc7b5\nmethods: {}\n",                                                            ":1: error: the file has no counts"             },
        {"id: 0xc7b5\ninherits: c5b5\ncounts: {}\n",
         ":2: error: there is no file classes/c5b5.yaml"                                                                                         },
        {"id: 0xc7b5\ninherits: c7b5\ncounts: {}\n",
         ":1: error: the file inherits from itself"                                                                                              },
        {"id: 0xc7b5\ncounts: {methods: 2}\nmethods:\n  A: {at: 0x100}\n",
         ":2: error: the header has 2 methods, the file 1"                                                                                       },
        {"id: 0xc7b5\ncounts: {methods: 1}\nmethods:\n  A: {V: [1, 0]}\n",
         ":4: error: method 'A' has no address (at:)"                                                                                            },
        {"id: 0xc7b5\ncounts: {methods: 1}\nmethods:\n  A: {at: 0x102}\n",
         ":4: error: method 'A' lies at 0x102"                                                                                                   },
        {"id: 0xc7b5\ncounts: {methods: 1}\nmethods:\n  A: gone\n",
         ":4: error: method 'A' is gone but was never there"                                                                                     },
        {"id: 0xc7b5\ncounts: {methods: 1}\nmethods:\n  A: {at: 0x100, V: gone}\n",
         ":4: error: field 'V' is gone but was never there"                                                                                      },
        {"id: 0xc7b5\ncounts: {methods: 1}\nmethods:\n  A: {at: 0x100, V: [0, 4]}\n",
         ":4: error: field 'V' has bits 0 to 4"                                                                                                  },
        {"id: 0xc7b5\ncounts: {methods: 1}\nmethods:\n  A: {at: 0x100, V: [32, 4]}\n",
         ":4: error: field 'V' ends at bit 32 of 32"                                                                                             },
        {"id: 0xc7b5\ncounts: {methods: 1}\nmethods:\n  A: {at: 0x100, V: [1]}\n",
         ":4: error: bits is not [A, B]"                                                                                                         },
        {"id: 0xc7b5\ncounts: {methods: 1}\nmethods:\n  A: {at: 0x100, V: {X: 1}}\n",
         ":4: error: field 'V' has no bits"                                                                                                      },
        {"id: 0xc7b5\ncounts: {methods: 1}\nmethods:\n  A: {at: 0x100, V: {bits: [1, 0], of: "
         "1}}\n",                                                                       ":4: error: unknown key 'of' in a field"        },
        {"id: 0xc7b5\ncounts: {methods: 1}\nmethods:\n  A: {at: 0x100, V: {bits: [1, 0], "
         "values: many}}\n",                                                            ":4: error: values is bool, or not there"       },
        {"id: 0xc7b5\ncounts: {methods: 1}\nmethods:\n  A: {at: 0x100, step: 4}\n",
         ":4: error: step and n go together"                                                                                                     },
        {"id: 0xc7b5\ncounts: {methods: 1}\nmethods:\n  A: {at: 0x100, step: 4, n: 0}\n",
         ":4: error: step and n of an array must be 1 or more"                                                                                   },
        {"id: 0xc7b5\ncounts: {records: 1}\nrecords:\n  R: {V: [70, 3]}\n",
         ":4: error: field 'V' has bits 70 to 3"                                                                                                 },
        {"id: 0xc7b5\ncounts: {records: 1}\nrecords:\n  R: {inherits: c6b5/S}\n",
         ":4: error: there is no record 'c6b5/S' before this one"                                                                                },
        {"id: 0xc7b5\ncounts: {}\nmethods:\n  A: {at: 0x100, V: {bits: [15, 0], type: "
         "float}}\n",                                                                   ":4: error: field 'V' is a float of not 32 bits"},
        {"id: 0xc7b5\ncounts: {}\nmethods:\n  A: {at: 0x100, V: {bits: [31, 0], type: half}}\n",
         ":4: error: type is float, or not there"                                                                                                },
        {"id: 0xc7b5\ncounts: {}\nmethods: [A, B]\n",                                            ":3: error: methods is not a map"               },
        {"id: 0xc7b5\ncounts: {}\nrecords:\n  R: [1, 2]\n",
         ":4: error: record 'R' is not a map of fields"                                                                                          },
        {"id: 0xc7b5\ncounts: {constants: 1}\nconstants: {N: gone}\n",
         ":3: error: constant 'N' is gone but was never there"                                                                                   },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect_refused(rows[i].text, rows[i].message);
}

#define CHILD                                                                                  \
    "class: B_COPY\nid: 0xc7b5\ninherits: c6b5\n"                                              \
    "counts: {methods: 2, records: 1, fields: 4, values: 4}\n"                                 \
    "methods:\n  A: {X: {bits: [2, 0], ONE: 1, TWO: 2}, Z: gone, Y: [5, 5]}\n  B: gone\n"      \
    "  C: {at: 0x200, step: 8, n: 4}\nrecords:\n  R: {inherits: c6b5/R}\n"

static void
a_child_is_its_parent_with_the_differences(void **state)
{
    struct world *w = *state;

    put(w, "c6b5", BASE);
    put(w, "c7b5", CHILD);
    gen_init(&w->g);
    if (gen_try(&w->g, compile, w) < 0)
        fail_msg("%s", w->g.errors.p);
    assert_non_null(strstr(w->header.p, "#define B_COPY 0xc7b5u\n"));
    assert_non_null(strstr(w->header.p, "#define NVC7B5_A 0x100u\n"));
    assert_non_null(strstr(w->header.p, "#define NVC7B5_A_X__MASK 0x7u\n"));
    assert_non_null(strstr(w->header.p, "#define NVC7B5_A_X_TWO 0x2u\n"));
    assert_non_null(strstr(w->header.p, "    uint32_t X, Y;\n"));
    assert_non_null(
        strstr(w->header.p, "return (f.X & 0x7u) |\n           (f.Y & 0x1u) << 5;"));
    assert_non_null(strstr(w->header.p, "#define NVC7B5_C(i) (0x200u + (i) * 8u)\n"));
    assert_non_null(strstr(w->header.p, "#define NVC7B5_R_V__LO(i) (0x40u + (i) * 32u)\n"));
    assert_non_null(strstr(w->header.p, "#define NVC7B5_R_V__WIDTH 32u\n"));
    assert_non_null(strstr(w->header.p, "#define NVC7B5_R__WORDS 4u\n"));
    assert_null(strstr(w->header.p, "NVC7B5_B "));
    assert_null(strstr(w->header.p, "NVC7B5_A_Z"));
    gen_fini(&w->g);
}

static void
asserts_say_what_the_header_must(void **state)
{
    struct world *w = *state;
    struct gen_text text = {0};

    put(w, "c6b5", BASE);
    gen_init(&w->g);
    assert_int_equal(gen_try(&w->g, compile, w), 0);
    assert_int_equal(hw_emit_asserts(&w->g, &w->set.p[0], "x.h", false, &text), 10);
    assert_non_null(strstr(text.p, "_Static_assert(NVC6B5_A == 0x100, \"A\");\n"));
    assert_non_null(strstr(text.p, "_Static_assert((1 ? NVC6B5_R_V(1)) == 127 && (0 ? "
                                   "NVC6B5_R_V(1)) == 96, \"R_V(1)\");\n"));
    gen_fini(&w->g);
}

static void
each_failed_allocation_is_reported_and_nothing_leaks(void **state)
{
    struct world *w = *state;
    unsigned failures = 0;

    put(w, "c6b5", BASE);
    put(w, "c7b5", CHILD);
    for (size_t budget = 1;; budget++) {
        int rc;

        gen_init(&w->g);
        w->g.alloc_budget = budget;
        rc = gen_try(&w->g, compile, w);
        gen_fini(&w->g);
        if (rc == 0)
            break;
        assert_int_equal(rc, -ENOMEM);
        failures++;
    }
    assert_true(failures > 5);
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, end_world)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes_are_named_with_their_line),
        WITH_WORLD(a_child_is_its_parent_with_the_differences),
        WITH_WORLD(asserts_say_what_the_header_must),
        WITH_WORLD(each_failed_allocation_is_reported_and_nothing_leaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
