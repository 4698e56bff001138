/* SPDX-License-Identifier: MIT */
/*
 * Arbitrary text as a class header: what is read is counted, measured, merged over itself and
 * rendered, and what was rendered is text that the generator's reader takes or refuses with a
 * line.
 */
#include <stdlib.h>
#include <string.h>

#include "classes_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct imp_hw_unit unit = {.path = "x.h",
                                        .out = "classes/c7b5",
                                        .id = 0xc7b5,
                                        .partial = true,
                                        .records = "DMA GP_ENTRY0"};

static bool
parse(struct imp_arena *a, struct imp_hw_sheet *s, const uint8_t *data, size_t size)
{
    char *text = imp_strndup(a, (const char *)data, size);
    struct imp_error err = {0};
    const bool ok = imp_hw_parse(a, s, text, "x.h", &err);

    if (ok == err.set)
        abort();
    return ok;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct imp_arena arena = {0};
    struct imp_hw_sheet first = {.unit = &unit}, second = {.unit = &unit, .parent = &first};
    struct imp_hw_sheet *const earlier[] = {&first};
    struct imp_buf out = {0};
    struct imp_error err = {0};

    if (size < 65536 && parse(&arena, &first, data, size)) {
        imp_hw_count(&first);
        if (!imp_hw_complete(&first, &err))
            abort(); /* a definition was lost without a word */
        imp_hw_arrays(&first);
        if (!parse(&arena, &second, data, size))
            abort();
        imp_hw_arrays(&second);
        imp_hw_merge(&second, &first);
        imp_hw_count(&second);
        imp_hw_render(&arena, &second, earlier, 1, "tree: x", &out);
        if (memchr(out.data, '\0', out.len))
            abort();
    }
    imp_buf_fini(&out);
    imp_hw_fini(&first);
    imp_hw_fini(&second);
    imp_arena_fini(&arena);
    return 0;
}
