/* SPDX-License-Identifier: MIT */
/*
 * The examples of the pages as a test: in a fenced block, a line that starts with "$ " is run
 * (with the lines that a backslash joins to it), and what follows is what it prints on both
 * streams. Blanks and line ends do not count; a line "..." stands for anything.
 */
#include <ctype.h>
#include <stdbool.h>

#include "cli_run.h"
#include "test.h"

enum { COMMAND_BYTES = 4096, OUTPUT_BYTES = 1 << 16 };

struct example {
    char command[COMMAND_BYTES];
    char expected[OUTPUT_BYTES];
    bool goes_on; /* the command's last line ended in a backslash */
};

static void
append(char *text, size_t bytes, const char *more)
{
    const size_t used = strlen(text);

    assert_true(used + strlen(more) < bytes);
    memcpy(text + used, more, strlen(more) + 1);
}

/* Without blanks and line ends. */
static void
squeeze(char *text)
{
    char *to = text;

    for (const char *from = text; *from; from++) {
        if (!isspace((unsigned char)*from))
            *to++ = *from;
    }
    *to = '\0';
}

/* Each part between "..." in turn; the first at the start, the last at the end. */
static bool
fits(char *expected, const char *printed)
{
    const char *at = printed;
    bool anywhere = false;

    for (;;) {
        char *gap = strstr(expected, "...");
        const char *found;

        if (!gap)
            return anywhere ? strlen(at) >= strlen(expected) &&
                                  !strcmp(at + strlen(at) - strlen(expected), expected)
                            : !strcmp(at, expected);
        *gap = '\0';
        found = anywhere ? strstr(at, expected)
                         : (!strncmp(at, expected, strlen(expected)) ? at : NULL);
        if (!found)
            return false;
        at = found + strlen(expected);
        expected = gap + 3;
        anywhere = true;
    }
}

/* Runs what was collected and forgets it. */
static bool
check(struct example *e, const char *page)
{
    struct cli_result r;
    char *printed;
    bool ok = true;

    if (e->command[0]) {
        r = cli_run_command(e->command);
        assert_true(asprintf(&printed, "%s%s", r.out, r.err) >= 0);
        squeeze(printed);
        squeeze(e->expected);
        ok = fits(e->expected, printed);
        if (!ok)
            print_error("%s: %s\nprints:\n%s%s\n", page, e->command, r.out, r.err);
        cli_result_free(&r);
        free(printed);
    }
    memset(e, 0, sizeof(*e));
    return ok;
}

static void
take_command(struct example *e, const char *line)
{
    const size_t bytes = strcspn(line, "\n");

    e->goes_on = bytes && line[bytes - 1] == '\\';
    append(e->command, sizeof(e->command), line);
    e->command[strlen(e->command) - (e->goes_on ? 2 : 1)] = '\0';
}

/* Returns how many examples the page has; every one that fails is printed. */
static unsigned
run_page(const char *page, unsigned *failed)
{
    struct example *e = calloc(1, sizeof(*e));
    FILE *f = fopen(page, "r");
    bool inside = false;
    char line[2048];
    unsigned count = 0;

    assert_non_null(f);
    assert_non_null(e);
    while (fgets(line, sizeof(line), f)) {
        if (!strncmp(line, "```", 3)) {
            *failed += !check(e, page);
            inside = !inside;
        } else if (inside && !strncmp(line, "$ ", 2)) {
            *failed += !check(e, page);
            take_command(e, line + 2);
            count++;
        } else if (inside && e->goes_on) {
            take_command(e, line);
        } else if (inside && e->command[0]) {
            append(e->expected, sizeof(e->expected), line);
        }
    }
    fclose(f);
    free(e);
    return count;
}

static void
every_example_of_the_pages_is_what_the_program_prints(void **state)
{
    static const struct {
        const char *page;
        unsigned least; /* examples: a page that lost them does not pass */
    } pages[] = {
        {NVRM_SOURCE_DIR "/docs/tour.md",     20},
        {NVRM_SOURCE_DIR "/docs/cli.md",      8 },
        {NVRM_SOURCE_DIR "/docs/bindings.md", 1 },
        {NVRM_SOURCE_DIR "/docs/safety.md",   2 },
        {NVRM_SOURCE_DIR "/docs/scripts.md",  1 },
        {NVRM_SOURCE_DIR "/docs/push.md",     4 },
        {NVRM_SOURCE_DIR "/docs/sass.md",     3 },
        {NVRM_SOURCE_DIR "/docs/hw.md",       1 },
    };
    unsigned failed = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
        assert_true(run_page(pages[i].page, &failed) >= pages[i].least);
    assert_int_equal(failed, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_example_of_the_pages_is_what_the_program_prints),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
