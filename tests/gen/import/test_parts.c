/* SPDX-License-Identifier: MIT */
/* The parts of nvrm-import that decide bytes: constant expressions, declarations, and the
 * natural-alignment rule. */
#include "test.h"

#include "decl.h"
#include "model.h"
#include "natural.h"

struct parsed {
    struct imp_arena arena;
    struct imp_unit unit;
    struct imp_decls decls;
    struct imp_error err;
};

static bool
want_all(void *ctx, const char *file)
{
    (void)ctx;
    (void)file;
    return true;
}

static bool
parse(struct parsed *p, const char *text)
{
    *p = (struct parsed){0};
    return imp_lex(&p->unit, &p->arena, text, "test.h", &p->err) &&
           imp_parse(&p->decls, &p->unit, &p->arena, want_all, NULL, &p->err);
}

static void
done(struct parsed *p)
{
    imp_decls_fini(&p->decls);
    imp_unit_fini(&p->unit);
    imp_arena_fini(&p->arena);
}

/* Evaluate one expression after the declarations in `before`; prints "?" when it is not
 * constant. */
static char *
evaluate(const char *before, const char *expression)
{
    struct parsed p, e;
    struct imp_scope scope;
    struct imp_value v;
    struct imp_buf b = {0};

    assert_true(parse(&p, before));
    e = (struct parsed){0};
    assert_true(imp_lex(&e.unit, &e.arena, expression, "test.h", &e.err));
    scope = imp_decls_scope(&p.decls);
    if (imp_eval(e.unit.toks, e.unit.tok_count - 1, &scope, &v))
        imp_value_print(&v, &b);
    else
        imp_buf_str(&b, "?");
    imp_unit_fini(&e.unit);
    imp_arena_fini(&e.arena);
    done(&p);
    return b.data;
}

static void
constant_expressions_have_c_values(void **state)
{
    static const char *const cases[][2] = {
        {"1 + 2 * 3",        "7"            },
        {"(1 << 4) | 3",     "19"           },
        {"0x80000000",       "0x80000000"   },
        {"~0U",              "0xffffffff"   },
        {"~(32 - 1)",        "-32"          },
        {"-1",               "-1"           },
        {"1ULL << 40",       "0x10000000000"},
        {"1 << 31",          "0x80000000"   },
        {"(1 << 31) >> 31",  "-1"           },
        {"0xffffffffU + 1",  "0"            },
        {"-1 < 1U",          "0"            },
        {"-1 < 1",           "1"            },
        {"5 / 2 - 5 % 3",    "0"            },
        {"3 > 2 ? 10 : 20",  "10"           },
        {"1 && 0 || !0",     "1"            },
        {"sizeof(U32)",      "4"            },
        {"sizeof(struct s)", "16"           },
        {"sizeof(U32 *)",    "8"            },
        {"sizeof(\"abc\")",  "4"            },
        {"(U8)0x1ff",        "255"          },
        {"(S8)0xff",         "-1"           },
        {"'A'",              "65"           },
        {"THREE * 2",        "6"            },
        {"0b101",            "5"            },
        {"1 / 0",            "?"            },
        {"1 << 32",          "?"            },
        {"NOTHING",          "?"            },
        {"1 +",              "?"            },
        {"(1",               "?"            },
        {"1 2",              "?"            },
        {"f(1)",             "?"            },
        {"1.5",              "?"            },
        {"",                 "?"            },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char *got =
            evaluate("typedef unsigned U32; typedef unsigned char U8; typedef signed char S8;"
                     "struct s { U32 a; unsigned long long b; }; enum { ONE = 1, THREE = 3 };",
                     cases[i][0]);

        if (strcmp(got, cases[i][1]) != 0)
            fail_msg("'%s' is %s, expected %s", cases[i][0], got, cases[i][1]);
        free(got);
    }
}

static const struct imp_agg *
find(const struct parsed *p, const char *name)
{
    const struct imp_type *t = imp_map_get(&p->decls.typedefs, name);

    assert_non_null(t);
    assert_int_equal(t->kind, TYPE_AGG);
    return t->agg;
}

static void
layouts_follow_the_compiler(void **state)
{
    /* the same declarations, once for this compiler and once for the parser */
#define DECLARATIONS                                                                           \
    typedef struct a_tag {                                                                     \
        unsigned char c;                                                                       \
        unsigned long long d;                                                                  \
        unsigned short e[3];                                                                   \
    } A;                                                                                       \
    typedef struct {                                                                           \
        unsigned one : 2;                                                                      \
        unsigned two : 14;                                                                     \
        unsigned three : 16;                                                                   \
        unsigned four : 20;                                                                    \
        unsigned five : 20;                                                                    \
    } B;                                                                                       \
    typedef struct __attribute__((packed)) {                                                   \
        unsigned char c;                                                                       \
        A a;                                                                                   \
        unsigned int u;                                                                        \
    } C;                                                                                       \
    typedef union {                                                                            \
        A a[2];                                                                                \
        struct {                                                                               \
            void (*function)(int);                                                             \
            unsigned int x, *y, z[2][3];                                                       \
        } s;                                                                                   \
    } D;                                                                                       \
    typedef struct {                                                                           \
        unsigned int n;                                                                        \
        unsigned char small;                                                                   \
        unsigned char tail[];                                                                  \
    } E;                                                                                       \
    typedef struct {                                                                           \
        unsigned int n;                                                                        \
        unsigned int m __attribute__((aligned(16)));                                           \
    } F;
#define STRING(...)  STRING_(__VA_ARGS__)
#define STRING_(...) #__VA_ARGS__
    DECLARATIONS
    struct parsed p;

    (void)state;
    assert_true(parse(&p, STRING(DECLARATIONS)));
    assert_int_equal(find(&p, "A")->size, sizeof(A));
    assert_int_equal(find(&p, "A")->fields[2].offset, offsetof(A, e));
    assert_int_equal(find(&p, "B")->size, sizeof(B));
    assert_int_equal(find(&p, "B")->fields[3].offset, 4);
    assert_int_equal(find(&p, "B")->fields[4].offset, 8);
    assert_int_equal(find(&p, "C")->size, sizeof(C));
    assert_int_equal(find(&p, "C")->fields[2].offset, offsetof(C, u));
    assert_int_equal(find(&p, "D")->size, sizeof(D));
    assert_int_equal(find(&p, "D")->fields[1].type.agg->fields[3].offset, offsetof(D, s.z));
    assert_int_equal(find(&p, "E")->size, sizeof(E));
    assert_int_equal(find(&p, "E")->flex_offset, offsetof(E, tail));
    assert_int_equal(find(&p, "F")->size, sizeof(F));
    assert_int_equal(find(&p, "F")->fields[1].offset, offsetof(F, m));
    assert_true(imp_agg_is_natural(find(&p, "A")));
    assert_false(imp_agg_is_natural(find(&p, "C")));
    assert_false(imp_agg_is_natural(find(&p, "F")));
    done(&p);
}

static void
pragma_pack_holds_until_it_is_reset(void **state)
{
    struct parsed p;

    (void)state;
    assert_true(parse(&p,
                      "#pragma pack(1)\ntypedef struct { char a; int b; } P;\n#pragma pack()\n"
                      "typedef struct { char a; int b; } N;\n"));
    assert_int_equal(find(&p, "P")->size, 5);
    assert_int_equal(find(&p, "N")->size, 8);
    done(&p);
}

static void
what_is_not_a_type_is_skipped(void **state)
{
    struct parsed p;

    (void)state;
    assert_true(parse(&p,
                      "static inline int f(int x) { if (x) { return 1; } return 0; }\n"
                      "extern int table[]; int g(void), *h;\n"
                      "static const struct { int a; } rows[] = { { 1 }, { 2 } };\n"
                      "_Static_assert(sizeof(int) == 4, \"int\");\n"
                      "typedef int (*callback)(void *, int); typedef unsigned char uuid[16];\n"
                      "typedef struct { callback cb; uuid id; enum { X, Y } kind; } S;\n"));
    assert_int_equal(find(&p, "S")->size, 8 + 16 + 4 + 4);
    done(&p);
}

static void
line_markers_say_where_an_error_is(void **state)
{
    struct parsed p;

    (void)state;
    assert_false(
        parse(&p, "# 1 \"./a/b.h\" 1\nint x;\n# 40 \"c.h\"\n\ntypedef struct { int 5; } S;\n"));
    assert_string_equal(p.err.text, "c.h:41: error: a member without a name");
    done(&p);
    assert_false(parse(&p, "char *s = \"never closed\n;"));
    assert_string_equal(p.err.text, "test.h:1: error: unterminated \"");
    done(&p);
    assert_false(parse(&p, "int x;\n#assert machine(x)\n"));
    assert_string_equal(p.err.text, "test.h:2: error: unknown directive '#assert machine(x)'");
    done(&p);
}

static void
deep_nesting_does_not_overflow_the_stack(void **state)
{
    struct imp_buf text = {0};
    struct imp_arena a = {0};
    char *got;

    (void)state;
    for (int i = 0; i < 100000; i++)
        imp_buf_str(&text, "(");
    got = evaluate("int x;", text.data);
    assert_string_equal(got, "?");
    free(got);
    for (const char *const *open = (const char *const[]){"struct {", "int (*f)", "(", NULL};
         *open; open++) {
        struct parsed p;

        text.len = 0;
        imp_buf_str(&text, "typedef struct { int ");
        for (int i = 0; i < 100000; i++)
            imp_buf_str(&text, *open);
        assert_false(parse(&p, text.data));
        done(&p);
    }
    text.len = 0;
    for (int i = 0; i < 100000; i++)
        imp_buf_str(&text, "[");
    assert_null(imp_flow_parse(&a, text.data));
    imp_arena_fini(&a);
    imp_buf_fini(&text);
}

static struct imp_entry *
entry(struct imp_model *m, enum imp_section s, const char *name, const char *body)
{
    struct imp_entry *e = imp_model_entry(m, s, name);

    e->body[0] = imp_model_intern(m, body);
    return e;
}

static void
natural_layout_of_schema_text(void **state)
{
    struct imp_model *m = calloc(1, sizeof(*m));
    struct imp_arena a = {0};
    struct imp_error err = {0};
    struct imp_natural n;

    (void)state;
    assert_non_null(m);
    assert_int_equal(imp_model_add_release(m, "600.1"), 0);
    entry(m, SEC_ENUMS, "KIND", "{A: 0}");
    entry(m, SEC_STRUCTS, "IN", "{size: 5, pack: 1, struct: {a: u8, b: u32}}");
    entry(m, SEC_STRUCTS, "S",
          "{size: 56, struct: {a: u8, in: IN, k: KIND, p: ptr, u: {union*2: {x: u16*3, y: "
          "u64}}, f: u32/4, g: u32/28, "
          "anonymous1: {struct: {z: u8}}, t: u16*0}}");
    assert_true(imp_natural(m, 0, "S", &a, &n, &err));
    assert_int_equal(n.size, 48);
    assert_int_equal(n.declared, 56);
    assert_int_equal(n.align, 8);
    assert_int_equal(n.tail, 46);
    assert_string_equal(n.leaves[1].name, "in");
    assert_int_equal(n.leaves[1].offset, 1);
    assert_int_equal(n.leaves[2].offset, 8);
    assert_string_equal(n.leaves[5].name, "u[0].x");
    assert_string_equal(n.leaves[10].name, "z");
    assert_int_equal(n.leaves[10].offset, 44);
    free(n.leaves);
    entry(m, SEC_STRUCTS, "BAD", "{size: 4, struct: {a: NOWHERE}}");
    assert_false(imp_natural(m, 0, "BAD", &a, &n, &err));
    assert_non_null(strstr(err.text, "struct 'BAD' of 600.1: "));
    free(n.leaves);
    imp_arena_fini(&a);
    imp_model_fini(m);
    free(m);
}

static void
releases_are_ordered_by_number(void **state)
{
    (void)state;
    assert_true(imp_release_compare("535.98", "535.104.05") < 0);
    assert_true(imp_release_compare("570.86.15", "570.86.16") < 0);
    assert_true(imp_release_compare("570.86", "570.86.15") < 0);
    assert_int_equal(imp_release_compare("570.144", "570.144"), 0);
    assert_true(imp_release_valid("535.54.03"));
    assert_false(imp_release_valid("v1.0"));
    assert_false(imp_release_valid("570"));
    assert_false(imp_release_valid("570..1"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constant_expressions_have_c_values),
        cmocka_unit_test(layouts_follow_the_compiler),
        cmocka_unit_test(pragma_pack_holds_until_it_is_reset),
        cmocka_unit_test(what_is_not_a_type_is_skipped),
        cmocka_unit_test(line_markers_say_where_an_error_is),
        cmocka_unit_test(deep_nesting_does_not_overflow_the_stack),
        cmocka_unit_test(natural_layout_of_schema_text),
        cmocka_unit_test(releases_are_ordered_by_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
