/* SPDX-License-Identifier: MIT */
/* Assembling and disassembling when memory runs out at any allocation. */
#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sass/text.h>

static long left; /* allocations until one fails; -1: none fails */

void *__real_realloc(void *p, size_t n);
void *__real_calloc(size_t n, size_t each);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_calloc(size_t n, size_t each);

static bool
fails(void)
{
    return left >= 0 && left-- == 0;
}

void *
__wrap_realloc(void *p, size_t n)
{
    return fails() ? NULL : __real_realloc(p, n);
}

void *
__wrap_calloc(size_t n, size_t each)
{
    return fails() ? NULL : __real_calloc(n, each);
}

static int
ignore_line(void *ctx, const char *line)
{
    (void)ctx;
    (void)line;
    return 0;
}

static char *
program(void)
{
    char *text = calloc(1, 200 * 32);

    assert_non_null(text);
    for (int i = 0; i < 150; i++)
        sprintf(text + strlen(text), "l%d:\nMOV R%d, 0x1\n", i, i);
    return text;
}

static void
every_failed_allocation_is_an_error_and_leaks_nothing(void **state)
{
    char *text;
    int failed = 0;

    (void)state;
    left = -1;
    text = program();
    for (long n = 0;; n++) {
        struct sass_error err;
        uint64_t *code = NULL;
        size_t count;
        int rc;

        left = n;
        rc = sass_assemble(80, text, strlen(text), &code, &count, &err);
        left = -1;
        if (rc == 0) {
            const struct sass_list how = {.sm = 80, .labels = true};

            left = 0;
            assert_int_equal(sass_disassemble(&how, code, count, ignore_line, NULL), -ENOMEM);
            left = -1;
            assert_int_equal(sass_disassemble(&how, code, count, ignore_line, NULL), 0);
            free(code);
            break;
        }
        assert_int_equal(rc, -ENOMEM);
        failed++;
    }
    free(text);
    assert_true(failed >= 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_failed_allocation_is_an_error_and_leaks_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
