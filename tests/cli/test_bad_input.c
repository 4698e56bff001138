/* SPDX-License-Identifier: MIT */
/* docs/bad-input.md as a test: every row's command, exit code, message and hint. */
#include <stdbool.h>

#include "cli_run.h"
#include "test.h"

enum { CELLS = 4, CELL_BYTES = 1024 };

/* Split "| a | b |" at bars that no backslash protects; cells lose blanks and backslashes. */
static int
split_row(const char *line, char cells[CELLS][CELL_BYTES])
{
    int n = 0;

    while (*line == '|' && n < CELLS) {
        size_t used = 0;

        line += 1 + strspn(line + 1, " ");
        for (; *line && *line != '|' && *line != '\n'; line++) {
            if (*line == '\\' && line[1] == '|')
                line++;
            if (used + 1 < CELL_BYTES)
                cells[n][used++] = *line;
        }
        while (used && cells[n][used - 1] == ' ')
            used--;
        cells[n++][used] = '\0';
    }
    return n;
}

static bool
says(const char *text, const char *before, const char *what)
{
    char line[1024];

    if (!strcmp(what, "(in the result)"))
        return true;
    snprintf(line, sizeof(line), "%s%s", before, what);
    return strstr(text, line) != NULL;
}

/* Returns whether the row holds. */
static bool
check_row(char cells[CELLS][CELL_BYTES])
{
    char *command = cells[0] + 1; /* between backquotes */
    const bool in_result = !strcmp(cells[3], "(in the result)") || strstr(command, "--check");
    struct cli_result r;
    bool ok;

    command[strlen(command) - 1] = '\0';
    r = cli_run_command(command);
    ok = r.code == atoi(cells[1]);
    if (in_result)
        ok = ok && strstr(r.out, cells[2]) && says(r.out, "hint: ", cells[3]);
    else
        ok = ok && says(r.err, "error: ", cells[2]) && says(r.err, "hint: ", cells[3]) &&
             !*r.out;
    if (!ok)
        print_error("%s\nexit code %d instead of %s\nstdout: %s\nstderr: %s\n", command, r.code,
                    cells[1], r.out, r.err);
    cli_result_free(&r);
    return ok;
}

static void
every_row_of_the_page_is_what_the_program_does(void **state)
{
    FILE *f = fopen(NVRM_SOURCE_DIR "/docs/bad-input.md", "r");
    char line[4096], cells[CELLS][CELL_BYTES];
    unsigned rows = 0, wrong = 0;

    (void)state;
    assert_non_null(f);
    while (fgets(line, sizeof(line), f)) {
        if (strncmp(line, "| `nvrm-cli", 11))
            continue;
        assert_int_equal(split_row(line, cells), CELLS);
        rows++;
        if (TEST_SANITIZED && strstr(cells[0], "emu exec")) /* has no library to preload */
            continue;
        wrong += !check_row(cells);
    }
    fclose(f);
    assert_in_range(rows, 80, 1000);
    assert_int_equal(wrong, 0);
}

static void
errors_in_json_are_objects_with_a_hint_and_the_exit_code(void **state)
{
    struct cli_result r = cli_run_command("nvrm-cli -j alloc subdevice NV01_DEVICE_0");
    json_t *value = json_loads(r.err, 0, NULL);
    const json_t *error = json_object_get(value, "error");

    (void)state;
    assert_int_equal(r.code, 5);
    assert_string_equal(r.out, "");
    assert_string_equal(json_string_value(json_object_get(error, "origin")), "rm");
    assert_string_equal(json_string_value(json_object_get(error, "status")),
                        "NV_ERR_INVALID_OBJECT_PARENT");
    assert_int_equal(json_integer_value(json_object_get(error, "exit_code")), 5);
    assert_true(json_is_string(json_object_get(error, "hint")));
    json_decref(value);
    cli_result_free(&r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_of_the_page_is_what_the_program_does),
        cmocka_unit_test(errors_in_json_are_objects_with_a_hint_and_the_exit_code),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
