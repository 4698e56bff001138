/* SPDX-License-Identifier: MIT */
/*
 * nvrm-gen: compiles schemas/ into C.
 *
 *   nvrm-gen SCHEMAS --out DIR [--symbol NAME]     tables, headers and asserts
 *   nvrm-gen SCHEMAS --check                       read and check only
 *   nvrm-gen SCHEMAS --stats                       how many rows and bytes
 *   nvrm-gen SCHEMAS --json-schema RELEASE DIR     one JSON Schema per control and class
 *   nvrm-gen SCHEMAS --markdown DIR                the reference
 *
 * Exit codes: 0 fine, 1 the schema is wrong or a file cannot be written, 2 usage.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "emit.h"

struct job {
    const char *schemas, *out, *symbol, *release, *json_dir, *markdown_dir;
    bool stats, check;
    int failures;
};

static const char usage[] = "usage: nvrm-gen SCHEMAS --out DIR [--symbol NAME]\n"
                            "       nvrm-gen SCHEMAS --check | --stats\n"
                            "       nvrm-gen SCHEMAS --json-schema RELEASE DIR\n"
                            "       nvrm-gen SCHEMAS --markdown DIR\n";

/* Files */

static void
make_parents(struct gen *g, const char *path)
{
    for (const char *p = path + 1; (p = strchr(p, '/')); p++)
        mkdir(gen_intern(g, path, (size_t)(p - path)), 0777);
}

static bool
has_content(const char *path, const struct gen_text *text)
{
    FILE *f = fopen(path, "rb");
    char block[65536];
    size_t n, at = 0;

    if (!f)
        return false;
    while ((n = fread(block, 1, sizeof(block), f)) > 0 && at + n <= text->n &&
           !memcmp(block, text->p + at, n))
        at += n;
    fclose(f);
    return n == 0 && at == text->n;
}

/* A file that would not change keeps its time, so that nothing is built again. */
static void
write_file(struct gen *g, struct job *job, const char *path, const struct gen_text *text)
{
    FILE *f;
    bool failed;

    if (has_content(path, text))
        return;
    make_parents(g, path);
    f = fopen(path, "wb");
    failed = !f || fwrite(text->p, 1, text->n, f) != text->n;
    failed |= f && fclose(f) != 0;
    if (failed) {
        fprintf(stderr, "%s: error: cannot be written: %s\n", path, strerror(errno));
        job->failures++;
    }
}

/* Commands */

static void
emit_all(struct gen_build *b, struct job *job)
{
    static const struct {
        const char *name;
        void (*emit)(struct gen_build *b, struct gen_text *out);
    } files[] = {
        {"include/nvrm/flags.h", gen_emit_flags        },
        {"include/nvrm/ids.h",   gen_emit_ids          },
        {"include/nvrm/types.h", gen_emit_types        },
        {"include/rm/calls.h",   gen_emit_calls        },
        {"canon_asserts.c",      gen_emit_canon_asserts},
        {"wire_asserts.c",       gen_emit_wire_asserts },
    };
    struct gen_text tables = {0};

    for (unsigned i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        struct gen_text text = {0};

        files[i].emit(b, &text);
        write_file(b->g, job, gen_internf(b->g, "%s/%s", job->out, files[i].name), &text);
    }
    gen_emit_tables(b, job->symbol, &tables);
    write_file(b->g, job, gen_internf(b->g, "%s/tables.c", job->out), &tables);
}

static void
run(struct gen *g, void *ctx)
{
    struct job *job = ctx;
    struct gen_build *b = gen_compile(g, job->schemas);

    if (job->out)
        emit_all(b, job);
    if (job->stats) {
        struct gen_text text = {0};

        gen_emit_stats(b, &text);
        fputs(text.p, stdout);
    }
}

static bool
parse_args(int argc, char **argv, struct job *job)
{
    for (int i = 1; i < argc; i++) {
        const char *next = i + 1 < argc ? argv[i + 1] : NULL;

        if (strcmp(argv[i], "--check") == 0) {
            job->check = true;
        } else if (strcmp(argv[i], "--stats") == 0) {
            job->stats = true;
        } else if (strcmp(argv[i], "--out") == 0 && next) {
            job->out = argv[++i];
        } else if (strcmp(argv[i], "--symbol") == 0 && next) {
            job->symbol = argv[++i];
        } else if (argv[i][0] != '-' && !job->schemas) {
            job->schemas = argv[i];
        } else {
            return false;
        }
    }
    return job->schemas && (job->out || job->stats || job->check);
}

int
main(int argc, char **argv)
{
    struct job job = {.symbol = "nvrm_schema_builtin"};
    struct gen g;
    int rc;

    if (!parse_args(argc, argv, &job)) {
        fputs(usage, stderr);
        return 2;
    }
    gen_init(&g);
    rc = gen_try(&g, run, &job);
    if (g.errors.n)
        fputs(g.errors.p, stderr);
    else if (rc == -ENOMEM)
        fputs("nvrm-gen: out of memory\n", stderr);
    gen_fini(&g);
    return rc < 0 || job.failures ? 1 : 0;
}
