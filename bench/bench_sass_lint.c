/* SPDX-License-Identifier: MIT */
/* The lint beside decoding the same code, which is the least that any reader of it does:
 * straight code and code of loops. */
#include <nvrm/sass.h>
#include <sass/lint_cubin.h>

#include "bench.h"

struct code {
    struct sass_lint_code lint;
    uint64_t *words;
    unsigned found;
};

static int
count(void *ctx, const struct sass_finding *f)
{
    (void)f;
    ++*(unsigned *)ctx;
    return 0;
}

static void
lint(void *ctx)
{
    struct code *c = ctx;

    if (sass_lint(NULL, &c->lint, count, &c->found, NULL) < 0 || c->found)
        abort();
}

static void
decode(void *ctx)
{
    struct code *c = ctx;
    struct nvrm_sass_insn insn;

    for (uint64_t at = 0; at < c->lint.bytes; at += NVRM_SASS_BYTES)
        if (!nvrm_sass_decode(c->lint.sm, c->words + at / 8, at, &insn))
            abort();
    bench_use(&insn);
}

static uint8_t *
read_file(const char *path, size_t *bytes_out)
{
    static uint8_t bytes[1 << 18];
    FILE *f = fopen(path, "rb");

    if (!f)
        exit(1);
    *bytes_out = fread(bytes, 1, sizeof(bytes), f);
    fclose(f);
    return bytes;
}

static void
run_case(const struct bench *b, const char *file, const char *kernel)
{
    struct gsp_fw_source src = {.name = file};
    const struct nvmem_cubin_kernel *k;
    struct nvmem_cubin *cubin;
    struct code c = {0};
    struct bench_side sides[] = {
        {.name = "lint",   .run = lint,   .ctx = &c},
        {.name = "decode", .run = decode, .ctx = &c}
    };
    char path[512];
    size_t bytes;

    snprintf(path, sizeof(path), "%s/tests/cuda/cubin/%s", NVRM_SOURCE_DIR, file);
    src.data = read_file(path, &bytes);
    src.bytes = bytes;
    if (nvmem_cubin_open(NULL, &src, &cubin, NULL) < 0 ||
        nvmem_cubin_find(cubin, kernel, &k, NULL) < 0)
        exit(1);
    c.lint = (struct sass_lint_code){
        .sm = nvmem_cubin_sm(cubin), .code = k->code, .bytes = k->code_bytes};
    c.words = malloc(k->code_bytes);
    if (!c.words)
        exit(1);
    memcpy(c.words, k->code, k->code_bytes);
    if (bench_compare(b, kernel, sides, 2))
        bench_print(b, kernel, "lint",
                    (double)k->code_bytes / NVRM_SASS_BYTES * 1e3 / sides[0].best_ns,
                    "M instructions/s", 1);
    free(c.words);
    nvmem_cubin_close(cubin);
}

int
main(int argc, char **argv)
{
    const struct bench b = bench_init("sass_lint", argc, argv);

    run_case(&b, "hash.sm_86.cubin", "hash_sha256");
    run_case(&b, "memory.sm_86.cubin", "memory_local");
    run_case(&b, "numeric.sm_90.cubin", "numeric_inverse");
    return 0;
}
