/* SPDX-License-Identifier: MIT */
/* Any bytes as machine code: the first picks the SM, the rest is linted. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sass/lint.h>

enum { MOST = 256 * 16 };

static int
look(void *ctx, const struct sass_finding *f)
{
    const struct sass_lint_code *code = ctx;

    if (f->addr >= code->bytes || f->rule >= SASS_RULES || !memchr(f->text, 0, sizeof(f->text)))
        abort();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned sms[] = {75, 80, 86, 89, 90};
    struct sass_lint_code code = {.registers = 64};
    uint8_t *copy;

    if (size < 17 || size > MOST)
        return 0;
    code.sm = sms[data[0] % 5];
    code.bytes = (size - 1) / 16 * 16;
    copy = malloc(code.bytes); /* of its exact size: reading on is seen */
    if (!copy)
        return 0;
    memcpy(copy, data + 1, code.bytes);
    code.code = copy;
    (void)!sass_lint(NULL, &code, look, &code, NULL);
    free(copy);
    return 0;
}
