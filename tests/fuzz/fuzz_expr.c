/* SPDX-License-Identifier: MIT */
/* Arbitrary bytes as an expression: what parses is evaluated, and both agree on the syntax. */
#include <stdlib.h>
#include <string.h>

#include "expr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static json_t *
get(void *ctx, const char *path, struct gsp_error *err)
{
    json_t *value = path[0] == 'l' ? json_pack("[iis]", 1, 2, "0x10") : NULL;

    (void)ctx;
    if (path[0] == 'n')
        return json_integer((json_int_t)strlen(path));
    if (!value)
        gsp_fail(err, GSP_ORIGIN_INPUT, -2, "nothing is called '%s'", path);
    return value;
}

static bool
constant(void *ctx, const char *name, uint64_t *value_out)
{
    (void)ctx;
    *value_out = UINT64_MAX;
    return name[0] == 'N';
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct expr_env env = {NULL, get, constant};
    struct gsp_error err = {0};
    char *text = malloc(size + 1);
    json_t *value;

    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    value = expr_eval(text, &env, &err);
    if (!value && !err.text[0])
        abort();
    if (value && expr_walk(text, NULL, NULL, &err) < 0)
        abort();
    json_decref(value);
    free(text);
    return 0;
}
