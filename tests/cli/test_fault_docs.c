/* SPDX-License-Identifier: MIT */
/*
 * docs/faults.md says what the fault table says. With NVRM_WRITE_DOCS in the environment the
 * page's tables are written anew instead.
 */
#include <emu/fault.h>

#include "test.h"

static const char page[] = NVRM_SOURCE_DIR "/docs/faults.md";
static const char *const groups[] = {"boot", "vbios", "queue", "rm", "execution", "suspend"};

/* "570.190 580.82.07" as ", from 570.190 and 580.82.07". */
static void
print_releases(FILE *to, const char *word, const char *points)
{
    const size_t n = strcspn(points, " ");

    if (*points)
        fprintf(to, ", %s %.*s%s%s", word, (int)n, points, points[n] ? " and " : "",
                points[n] ? points + n + 1 : "");
}

static void
print_row(FILE *to, const struct emu_fault_row *f)
{
    fprintf(to, "| `%s%s%s` | %s", f->name, *f->argument ? ":" : "", f->argument, f->chips);
    print_releases(to, "from", f->since);
    print_releases(to, "before", f->until);
    fprintf(to, " | %s | %s", f->trigger, f->effect);
    if (*f->argument)
        fprintf(to, "; %s when %s is left out", f->examples, f->argument);
    fprintf(to, " | `%s` | %d, %s |\n", f->run, f->exit_code, f->says);
}

/* The table of one group, to be freed; "" when it has no rows. */
static char *
table_of(const char *group)
{
    struct emu_fault_row f;
    char *text = NULL;
    size_t bytes;
    FILE *to = open_memstream(&text, &bytes);
    unsigned rows = 0;

    assert_non_null(to);
    for (unsigned i = 0; emu_fault_row_at(i, &f); i++) {
        char first[40];

        if (strcmp(f.group, group) != 0)
            continue;
        if (!rows++)
            fputs("| fault | cards | when | what happens | met by | the client must say |\n"
                  "| --- | --- | --- | --- | --- | --- |\n",
                  to);
        snprintf(first, sizeof(first), "%.*s", (int)strcspn(f.examples, " "), f.examples);
        f.examples = first;
        print_row(to, &f);
    }
    fclose(to);
    return text;
}

static char *
read_page(void)
{
    FILE *f = fopen(page, "r");
    char *text = calloc(1, 1 << 20);

    assert_non_null(f);
    assert_non_null(text);
    assert_true(fread(text, 1, (1 << 20) - 1, f) > 0);
    fclose(f);
    return text;
}

/* Where the table of a group starts in the page: behind its mark. */
static char *
find_mark(char *text, const char *group)
{
    char mark[48], *at;

    snprintf(mark, sizeof(mark), "<!-- %s -->\n\n", group);
    at = strstr(text, mark);
    if (!at)
        fail_msg("docs/faults.md has no '<!-- %s -->' with an empty line behind it", group);
    return at + strlen(mark);
}

/* The first byte behind a table. */
static char *
end_of_table(char *at)
{
    while (*at == '|')
        at = strchr(at, '\n') + 1;
    return at;
}

static void
rewrite(void)
{
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        char *text = read_page(), *table = table_of(groups[i]);
        char *at = find_mark(text, groups[i]), *rest = end_of_table(at);
        FILE *f = fopen(page, "w");

        assert_non_null(f);
        fprintf(f, "%.*s%s%s%s", (int)(at - text), text, table,
                *table && *rest != '\n' ? "\n" : "", rest);
        fclose(f);
        free(table);
        free(text);
    }
}

static void
the_page_holds_the_table_of_every_group(void **state)
{
    char *text;

    (void)state;
    if (getenv("NVRM_WRITE_DOCS"))
        rewrite();
    text = read_page();
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        char *table = table_of(groups[i]), *at = find_mark(text, groups[i]);
        const size_t bytes = (size_t)(end_of_table(at) - at);

        if (strlen(table) != bytes || memcmp(table, at, bytes) != 0)
            fail_msg("group %s of docs/faults.md is not the table's: NVRM_WRITE_DOCS=1 "
                     "test_cli_fault_docs writes it",
                     groups[i]);
        free(table);
    }
    free(text);
}

static void
every_row_belongs_to_a_group_of_the_page(void **state)
{
    struct emu_fault_row f;

    (void)state;
    for (unsigned i = 0; emu_fault_row_at(i, &f); i++) {
        size_t g = 0;

        while (g < sizeof(groups) / sizeof(groups[0]) && strcmp(groups[g], f.group) != 0)
            g++;
        assert_true(g < sizeof(groups) / sizeof(groups[0]));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_holds_the_table_of_every_group),
        cmocka_unit_test(every_row_belongs_to_a_group_of_the_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
