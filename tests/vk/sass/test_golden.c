/* SPDX-License-Identifier: MIT */
/* The committed cubins print as nvdisasm printed them: golden.txt has a hash per function. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nvmem/cubin.h>
#include <sass/text.h>

struct golden {
    char cubin[96], function[128];
    unsigned lines;
    unsigned long long hash;
};

static char *
read_file(const char *path, size_t *bytes_out)
{
    FILE *f = fopen(path, "rb");
    char *data = malloc(1 << 20);

    assert_non_null(f);
    assert_non_null(data);
    *bytes_out = fread(data, 1, 1 << 20, f);
    fclose(f);
    return data;
}

static int
hash_line(void *ctx, const char *line)
{
    uint64_t *hash = ctx;
    const size_t n = strlen(line) - 2; /* without " ;" */

    for (size_t i = 0; i <= n; i++)
        *hash = (*hash ^ (uint8_t)(i < n ? line[i] : '\n')) * UINT64_C(0x100000001b3);
    return 0;
}

static void
check_function(const struct golden *g, unsigned sm, const struct nvmem_cubin_section *s)
{
    const struct sass_list how = {.sm = sm, .exact = true};
    uint64_t hash = UINT64_C(0xcbf29ce484222325), *code = malloc(s->bytes);

    assert_non_null(code);
    memcpy(code, s->data, s->bytes);
    assert_int_equal(s->bytes / NVRM_SASS_BYTES, g->lines);
    assert_int_equal(sass_disassemble(&how, code, s->bytes / NVRM_SASS_BYTES, hash_line, &hash),
                     0);
    if (hash != g->hash)
        fail_msg("%s %s: text differs from nvdisasm's; sass_compare code shows where (docs/"
                 "sass.md)",
                 g->cubin, g->function);
    free(code);
}

static void
check_row(const struct golden *g)
{
    char path[512], name[160];
    struct gsp_fw_source src = {0};
    struct nvmem_cubin *cubin;
    struct gsp_error err = {0};
    bool found = false;
    size_t bytes;
    char *data;

    snprintf(path, sizeof(path), "%s/tests/cuda/cubin/%s", NVRM_SOURCE_DIR, g->cubin);
    data = read_file(path, &bytes);
    src.data = (const uint8_t *)data;
    src.bytes = bytes;
    src.name = g->cubin;
    assert_int_equal(nvmem_cubin_open(NULL, &src, &cubin, &err), 0);
    snprintf(name, sizeof(name), ".text.%s", g->function);
    for (unsigned i = 0; i < nvmem_cubin_section_count(cubin); i++) {
        const struct nvmem_cubin_section *s = nvmem_cubin_section(cubin, i);

        if (s->kind != NVMEM_CUBIN_CODE || strcmp(s->name, name))
            continue;
        check_function(g, nvmem_cubin_sm(cubin), s);
        found = true;
    }
    assert_true(found);
    nvmem_cubin_close(cubin);
    free(data);
}

static void
compiled_kernels_print_as_nvdisasm_prints_them(void **state)
{
    FILE *f = fopen(NVRM_SOURCE_DIR "/tests/vk/sass/golden.txt", "r");
    struct golden g;
    unsigned rows = 0;

    (void)state;
    assert_non_null(f);
    for (; fscanf(f, "%95s %127s %u %llx", g.cubin, g.function, &g.lines, &g.hash) == 4; rows++)
        check_row(&g);
    assert_true(feof(f));
    fclose(f);
    assert_true(rows > 300);
}

/* A few functions in full, so that a difference can be read. */
static int
keep_line(void *ctx, const char *line)
{
    char *text = ctx;
    const size_t n = strlen(text);

    snprintf(text + n, 65536 - n, "%.*s\n", (int)strlen(line) - 2, line);
    return 0;
}

static void
saxpy_reads_as_in_the_golden_text(void **state)
{
    static const unsigned sms[] = {75, 80, 86, 89, 90};

    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        const struct sass_list how = {.sm = sms[i], .exact = true};
        struct gsp_fw_source src = {.name = "saxpy"};
        static char text[65536];
        struct nvmem_cubin *cubin;
        struct gsp_error err = {0};
        char path[512], *data, *want;
        size_t bytes, want_bytes;
        uint64_t code[1024];

        snprintf(path, sizeof(path), "%s/tests/cuda/cubin/saxpy.sm_%u.cubin", NVRM_SOURCE_DIR,
                 sms[i]);
        data = read_file(path, &bytes);
        src.data = (const uint8_t *)data;
        src.bytes = bytes;
        assert_int_equal(nvmem_cubin_open(NULL, &src, &cubin, &err), 0);
        assert_true(nvmem_cubin_kernel(cubin, 0)->code_bytes <= sizeof(code));
        memcpy(code, nvmem_cubin_kernel(cubin, 0)->code,
               nvmem_cubin_kernel(cubin, 0)->code_bytes);
        strcpy(text, "# saxpy\n");
        assert_int_equal(sass_disassemble(&how, code,
                                          nvmem_cubin_kernel(cubin, 0)->code_bytes / 16,
                                          keep_line, text),
                         0);
        snprintf(path, sizeof(path), "%s/tests/vk/sass/saxpy.sm_%u.txt", NVRM_SOURCE_DIR,
                 sms[i]);
        want = read_file(path, &want_bytes);
        want[want_bytes] = 0;
        assert_string_equal(text, want);
        free(want);
        nvmem_cubin_close(cubin);
        free(data);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compiled_kernels_print_as_nvdisasm_prints_them),
        cmocka_unit_test(saxpy_reads_as_in_the_golden_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
