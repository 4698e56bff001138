/* SPDX-License-Identifier: MIT */
/*
 * nvrm-gen in process: the output for two small schemas is what was reviewed
 * (golden/NAME/expected), every kind of broken schema is refused at the line that its first
 * comment names, and no allocation that fails is fatal. With NVRM_UPDATE_GOLDEN=1 the expected
 * files are written instead of compared.
 */
#include "test.h"

#include <dirent.h>
#include <errno.h>
#include <unistd.h>

#include "emit.h"

#define GOLDEN NVRM_SOURCE_DIR "/tests/gen/golden"
#define BROKEN NVRM_SOURCE_DIR "/tests/gen/broken"

/* Golden output */

static void
emit_tables(struct gen_build *b, struct gen_text *out)
{
    gen_emit_tables(b, "nvrm_schema_builtin", out);
}

/* All structs of the newest release in one text. */
static void
emit_json_schemas(struct gen_build *b, struct gen_text *out)
{
    const struct nvrm_abi abi = {&b->schema, nvrm_release_newest(&b->schema)};

    for (unsigned i = 0; i < nvrm_struct_count(abi.schema); i++) {
        if (nvrm_struct_at(abi, (uint16_t)i))
            gen_emit_json_schema(b->g, abi, nvrm_struct_at(abi, (uint16_t)i), out);
    }
}

static void
emit_reference(struct gen_build *b, struct gen_text *out)
{
    static const char *const families[] = {"Subdevice", "Device", "Odd", "headers-0073",
                                           "headers-0077"};

    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
        gen_markdown_controls(b->g, &b->schema, families[i], out);
    gen_markdown_classes(b->g, &b->schema, out);
    gen_markdown_rpcs(b->g, &b->schema, out);
    gen_markdown_status(b->g, &b->schema, out);
}

static void
emit_vendor_asserts(struct gen_build *b, struct gen_text *out)
{
    const uint32_t newest = nvrm_release_newest(&b->schema);

    assert_true(gen_emit_vendor_asserts(b, newest, true, out) +
                    gen_emit_vendor_asserts(b, newest, false, out) >
                0);
}

static const struct {
    const char *name;
    void (*emit)(struct gen_build *b, struct gen_text *out);
} outputs[] = {
    {"flags.h",         gen_emit_flags        },
    {"ids.h",           gen_emit_ids          },
    {"types.h",         gen_emit_types        },
    {"calls.h",         gen_emit_calls        },
    {"canon_asserts.c", gen_emit_canon_asserts},
    {"wire_asserts.c",  gen_emit_wire_asserts },
    {"tables.c",        emit_tables           },
    {"schemas.json",    emit_json_schemas     },
    {"reference.md",    emit_reference        },
    {"vendor.asserts",  emit_vendor_asserts   },
};

static char *
read_file(const char *path, size_t *n_out)
{
    FILE *f = fopen(path, "rb");
    char *text = calloc(1, 4u << 20);

    assert_non_null(text);
    *n_out = f ? fread(text, 1, (4u << 20) - 1, f) : 0;
    if (f)
        fclose(f);
    return text;
}

static void
check_golden(const char *schema, const char *name, const struct gen_text *text)
{
    char path[512];
    size_t n;
    char *expected;

    snprintf(path, sizeof(path), GOLDEN "/%s/expected/%s", schema, name);
    if (getenv("NVRM_UPDATE_GOLDEN")) {
        FILE *f = fopen(path, "wb");

        assert_non_null(f);
        assert_int_equal(fwrite(text->p, 1, text->n, f), text->n);
        fclose(f);
        return;
    }
    expected = read_file(path, &n);
    if (n != text->n || memcmp(expected, text->p, n) != 0)
        fail_msg(
            "%s is not what nvrm-gen writes; look at the difference, then NVRM_UPDATE_GOLDEN=1",
            path);
    free(expected);
}

static void
compile_and_compare(struct gen *g, void *ctx)
{
    const char *schema = ctx;
    struct gen_build *b = gen_compile(g, gen_internf(g, GOLDEN "/%s", schema));

    for (size_t i = 0; i < sizeof(outputs) / sizeof(outputs[0]); i++) {
        struct gen_text text = {0};

        outputs[i].emit(b, &text);
        check_golden(schema, outputs[i].name, &text);
    }
}

static void
check_schema(const char *name)
{
    struct gen g;
    int rc;

    gen_init(&g);
    rc = gen_try(&g, compile_and_compare, (void *)name);
    if (rc < 0)
        fail_msg("%d: %s", rc, g.errors.n ? g.errors.p : "");
    gen_fini(&g);
}

static void
the_first_tiny_schema_gives_the_reviewed_output(void **state)
{
    (void)state;
    check_schema("tiny1");
}

static void
the_second_tiny_schema_gives_the_reviewed_output(void **state)
{
    (void)state;
    check_schema("tiny2");
}

/* Broken schemas */

/* BROKEN/KIND-what.yaml goes in the place of tiny2's versions.yaml or core.yaml, or beside its
 * rm and overlay files. */
static void
compile_with(struct gen *g, void *ctx)
{
    const char *path = ctx, *name = strrchr(path, '/') + 1;
    struct gen_model *m = gen_alloc(g, sizeof(*m));
    const bool rm = strncmp(name, "rm-", 3) == 0, versions = strncmp(name, "versions-", 9) == 0;
    struct gen_node *root;

    root = gen_yaml_file(g, versions ? path : GOLDEN "/tiny2/versions.yaml");
    gen_stop_on_errors(g);
    gen_load_versions(g, m, root);
    gen_load_rm(g, m, gen_yaml_file(g, GOLDEN "/tiny2/rm/odd.yaml"));
    gen_stop_on_errors(g);
    if (rm && (root = gen_yaml_file(g, path)))
        gen_load_rm(g, m, root);
    gen_stop_on_errors(g);
    gen_model_finish(g, m);
    if (strncmp(name, "overlay-", 8) == 0) {
        root = gen_yaml_file(g, path);
        gen_stop_on_errors(g);
        *gen_push(g, &m->overlays) = root;
    }
    if (strncmp(name, "core-", 5) == 0 && (root = gen_yaml_file(g, path)))
        gen_load_core(g, m, root);
    gen_stop_on_errors(g);
    gen_compile_model(g, m);
}

/* What the file's "# expect: LINE: text" comments ask for, as nvrm-gen would say it. */
static void
expected_errors(const char *path, const char *text, char *out, size_t cap)
{
    size_t n = 0;

    out[0] = 0;
    while ((text = strstr(text, "# expect: "))) {
        const char *end = strchr(text, '\n');
        unsigned line;
        char said[512];
        const char *source;
        int skip = 0;

        assert_int_equal(sscanf(text, "# expect: %u: %n", &line, &skip), 1);
        snprintf(said, sizeof(said), "%.*s", (int)(end - text) - skip, text + skip);
        source = strstr(said, "/SRC/"); /* stands for the source folder */
        n += (size_t)snprintf(out + n, cap - n, "%s:%u: error: %.*s%s%s\n", path, line,
                              source ? (int)(source - said) : 512, said,
                              source ? NVRM_SOURCE_DIR : "", source ? source + 4 : "");
        assert_true(n < cap);
        text = end;
    }
    assert_true(n > 0);
}

/* The expected errors, in order, and nothing else. */
static bool
broken_as_expected(const char *path)
{
    static char expected[8192];
    struct gen g;
    size_t n;
    char *text = read_file(path, &n);
    bool same;
    int rc;

    gen_init(&g);
    rc = gen_try(&g, compile_with, (void *)path);
    expected_errors(path, text, expected, sizeof(expected));
    same = rc == -EINVAL && strcmp(expected, g.errors.p) == 0;
    if (!same)
        print_error("%d, expected:\n%sreported:\n%s", rc, expected,
                    g.errors.n ? g.errors.p : "");
    free(text);
    gen_fini(&g);
    return same;
}

static void
every_broken_schema_is_refused_at_its_line(void **state)
{
    DIR *dir = opendir(BROKEN);
    struct dirent *entry;
    unsigned files = 0, wrong = 0;

    (void)state;
    assert_non_null(dir);
    while ((entry = readdir(dir))) {
        char path[512];

        if (!strstr(entry->d_name, ".yaml"))
            continue;
        snprintf(path, sizeof(path), BROKEN "/%s", entry->d_name);
        wrong += !broken_as_expected(path);
        files++;
    }
    closedir(dir);
    assert_true(files >= 60);
    assert_int_equal(wrong, 0);
}

static void
a_folder_without_a_schema_is_an_error(void **state)
{
    struct gen g;

    (void)state;
    gen_init(&g);
    assert_int_equal(gen_try(&g, compile_and_compare, (void *)"no-such-schema"), -EINVAL);
    assert_non_null(
        strstr(g.errors.p, "no-such-schema/versions.yaml:1: error: cannot be opened"));
    gen_fini(&g);
}

/* Write a schema file of the given kind with one more item per line, compile it with tiny2, and
 * return what was reported. */
static char *
errors_of(const char *kind, const char *head, const char *line, int lines, const char *foot)
{
    static char errors[16384];
    char path[64];
    struct gen g;
    FILE *f;

    snprintf(path, sizeof(path), "/tmp/%s-x%d.yaml", kind, (int)getpid());
    f = fopen(path, "w");
    assert_non_null(f);
    fputs(head, f);
    for (int i = 0; i < lines; i++) {
        for (const char *p = line; *p; p++) {
            if (*p == '#')
                fprintf(f, "%d", i);
            else
                fputc(*p, f);
        }
    }
    fputs(foot, f);
    fclose(f);
    gen_init(&g);
    assert_int_equal(gen_try(&g, compile_with, path), -EINVAL);
    snprintf(errors, sizeof(errors), "%s", g.errors.p);
    gen_fini(&g);
    remove(path);
    return errors;
}

static void
errors_stop_at_the_hundredth(void **state)
{
    const char *errors = errors_of("rm", "", "section#: {}\n", 150, "");
    unsigned lines = 0;

    (void)state;
    for (const char *p = errors; (p = strchr(p, '\n')); p++)
        lines++;
    assert_int_equal(lines, 101);
    assert_non_null(strstr(errors, "too many errors"));
}

static void
more_than_the_tables_can_hold_is_an_error(void **state)
{
    (void)state;
    assert_non_null(strstr(
        errors_of("versions", "releases:\n  1.1: {}\n", "  2.#: {parent: 1.1}\n", 300, ""),
        ".yaml:2: error: 301 releases; 254 is the most that the tables can hold"));
    assert_non_null(strstr(
        errors_of("rm", "constants:\n  N:\n", "  - {since: ['1.1'], value: #}\n", 300, ""),
        "N has too many variants"));
    assert_non_null(strstr(
        errors_of("rm", "structs: {X: {size: 65536, struct: {\n", "a#: u8,\n", 65536, "}}}\n"),
        "more than 65535 members"));
    assert_non_null(
        strstr(errors_of("rm", "classes: {X: {id: 1, parents: [\n", "P#,\n", 256, "]}}\n"),
               ".yaml:1: error: more than 255 parents"));
    assert_non_null(
        strstr(errors_of("rm", "controls: {X: {id: 1, flags: [\n", "F#,\n", 65, "]}}\n"),
               "control flags; 64 is the most that the tables can hold"));
}

/* Memory */

static void
compile_tiny2(struct gen *g, void *ctx)
{
    (void)ctx;
    gen_compile(g, GOLDEN "/tiny2");
}

static void
each_failed_allocation_is_reported_and_nothing_leaks(void **state)
{
    unsigned failures = 0;

    (void)state;
    for (size_t budget = 1;; budget += 1 + budget / 64) {
        struct gen g;
        int rc;

        gen_init(&g);
        g.alloc_budget = budget;
        rc = gen_try(&g, compile_tiny2, NULL);
        gen_fini(&g);
        if (rc == 0)
            break;
        assert_int_equal(rc, -ENOMEM);
        failures++;
    }
    assert_true(failures > 50);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_tiny_schema_gives_the_reviewed_output),
        cmocka_unit_test(the_second_tiny_schema_gives_the_reviewed_output),
        cmocka_unit_test(every_broken_schema_is_refused_at_its_line),
        cmocka_unit_test(a_folder_without_a_schema_is_an_error),
        cmocka_unit_test(errors_stop_at_the_hundredth),
        cmocka_unit_test(more_than_the_tables_can_hold_is_an_error),
        cmocka_unit_test(each_failed_allocation_is_reported_and_nothing_leaks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
