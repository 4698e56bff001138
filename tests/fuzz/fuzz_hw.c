/* SPDX-License-Identifier: MIT */
/* Arbitrary text as a file of schemas/hw: read, resolved and made into tables and a header, or
 * refused with a line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hw.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
run(struct gen *g, void *ctx)
{
    char *files[] = {ctx};
    struct hw_set set = {0};
    struct gen_text tables = {0}, header = {0}, asserts = {0};

    hw_load(g, &set, files, 1);
    hw_emit_tables(g, &set, &tables);
    hw_emit_header(g, &set, set.p[0].id, &header);
    (void)hw_emit_asserts(g, &set.p[0], "x.h", true, &asserts);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char dir[] = "/tmp/nvrm-fuzz-hw-XXXXXX", path[64];
    struct gen g;
    FILE *f;
    int rc;

    if (!mkdtemp(dir))
        return 0;
    (void)snprintf(path, sizeof(path), "%s/c7b5.yaml", dir);
    f = fopen(path, "wb");
    if (f) {
        (void)fwrite(data, 1, size, f);
        (void)fclose(f);
    }
    gen_init(&g);
    rc = gen_try(&g, run, path);
    if (rc < 0 && !g.errors.n)
        abort(); /* refused without a word */
    gen_fini(&g);
    (void)unlink(path);
    (void)rmdir(dir);
    return 0;
}
