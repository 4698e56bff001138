/* SPDX-License-Identifier: MIT */
/* Finds and opens the committed cubins. */
#include "corpus.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
read_file(const char *path, uint8_t **bytes_out, size_t *size_out)
{
    FILE *f = fopen(path, "rb");
    long size;

    if (!f)
        return -errno;
    if (fseek(f, 0, SEEK_END) || (size = ftell(f)) < 0 || fseek(f, 0, SEEK_SET)) {
        (void)fclose(f);
        return -EIO;
    }
    *bytes_out = malloc((size_t)size + 1);
    *size_out = *bytes_out ? fread(*bytes_out, 1, (size_t)size, f) : 0;
    (void)fclose(f);
    return *bytes_out && *size_out == (size_t)size ? 0 : -EIO;
}

static int
open_file(struct corpus_cubin *out, struct gsp_error *err)
{
    struct gsp_fw_source src = {.name = out->file};
    char path[512];
    int rc;

    (void)snprintf(path, sizeof(path), "%s/tests/cuda/cubin/%s", NVRM_SOURCE_DIR, out->file);
    rc = read_file(path, &out->bytes, &out->size);
    if (rc < 0)
        return rc;
    src.data = out->bytes;
    src.bytes = out->size;
    return nvmem_cubin_open(NULL, &src, &out->cubin, err);
}

int
corpus_open(const char *module, unsigned sm, struct corpus_cubin *out, struct gsp_error *err)
{
    int rc;

    memset(out, 0, sizeof(*out));
    out->sm = sm;
    (void)snprintf(out->file, sizeof(out->file), "%s.sm_%u.cubin", module, sm);
    rc = open_file(out, err);
    if (rc < 0)
        corpus_close(out);
    return rc;
}

void
corpus_close(struct corpus_cubin *c)
{
    nvmem_cubin_close(c->cubin);
    free(c->bytes);
    memset(c, 0, sizeof(*c));
}

static int
is_cubin(const struct dirent *d)
{
    const char *dot = strrchr(d->d_name, '.');

    return dot && strcmp(dot, ".cubin") == 0;
}

static int
visit(const char *name, int (*fn)(void *ctx, const struct corpus_cubin *c), void *ctx)
{
    struct corpus_cubin c = {0};
    struct gsp_error err = {0};
    const char *sm = strstr(name, ".sm_");
    int rc;

    (void)snprintf(c.file, sizeof(c.file), "%s", name);
    c.sm = sm ? (unsigned)strtoul(sm + 4, NULL, 10) : 0;
    rc = open_file(&c, &err);
    if (rc < 0)
        (void)fprintf(stderr, "%s: %s\n", name, err.text);
    else
        rc = fn(ctx, &c);
    corpus_close(&c);
    return rc;
}

int
corpus_each(int (*fn)(void *ctx, const struct corpus_cubin *c), void *ctx)
{
    struct dirent **names = NULL;
    int n = scandir(NVRM_SOURCE_DIR "/tests/cuda/cubin", &names, is_cubin, alphasort), rc = 0;

    for (int i = 0; i < n; i++) {
        if (rc == 0)
            rc = visit(names[i]->d_name, fn, ctx);
        free(names[i]);
    }
    free(names);
    return rc < 0 ? rc : rc ? -ECANCELED : n;
}
