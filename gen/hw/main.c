/* SPDX-License-Identifier: MIT */
/*
 * nvrm-hw: turns schemas/hw/{classes,qmd,tex,sph} into the headers nvrm/cl/clXXXX.h and the
 * tables of nvrm/hw.h.
 *
 *   nvrm-hw --out FOLDER FILE.yaml...     FOLDER/hw_tables.c and FOLDER/nvrm/cl/clXXXX.h
 *   nvrm-hw --counts FILE.yaml...         what is in each file, parents included
 *   nvrm-hw --asserts FOLDER FILE.yaml... FOLDER/KIND_STEM.c: asserts on each file's header
 *
 * Exit codes: 0 fine, 1 a file is wrong or cannot be written, 2 usage.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "hw.h"

struct job {
    const char *out;
    bool counts, asserts;
    char **files;
    uint32_t count;
    bool failed;
};

/* An unchanged file keeps its time, so that what includes it is not built again. */
static bool
is_same(const char *path, const struct gen_text *text)
{
    FILE *f = fopen(path, "rb");
    char *old = f ? malloc(text->n + 1) : NULL;
    const bool same =
        old && fread(old, 1, text->n + 1, f) == text->n && !memcmp(old, text->p, text->n);

    free(old);
    if (f)
        fclose(f);
    return same;
}

static void
write_out(struct job *job, const char *path, const struct gen_text *text)
{
    if (!is_same(path, text) && !gen_write(path, text))
        job->failed = true;
}

static bool
is_first_of_id(const struct hw_set *set, uint32_t index)
{
    for (uint32_t i = 0; i < index; i++)
        if (set->p[i].id == set->p[index].id)
            return false;
    return true;
}

static void
write_all(struct gen *g, struct job *job, const struct hw_set *set)
{
    struct gen_text tables = {0};

    hw_emit_tables(g, set, &tables);
    gen_stop_on_errors(g);
    write_out(job, gen_internf(g, "%s/hw_tables.c", job->out), &tables);
    (void)mkdir(gen_internf(g, "%s/nvrm", job->out), 0777);
    (void)mkdir(gen_internf(g, "%s/nvrm/cl", job->out), 0777);
    for (uint32_t i = 0; i < set->n; i++) {
        struct gen_text header = {0};

        if (!is_first_of_id(set, i))
            continue;
        hw_emit_header(g, set, set->p[i].id, &header);
        write_out(job, gen_internf(g, "%s/nvrm/cl/cl%04" PRIx64 ".h", job->out, set->p[i].id),
                  &header);
    }
}

static void
print_counts(const struct hw_set *set)
{
    printf("| file | methods | records | fields | values | constants |\n"
           "|---|---|---|---|---|---|\n");
    for (uint32_t i = 0; i < set->n; i++) {
        const struct hw_sheet *s = &set->p[i];
        const struct hw_items *lists[] = {&s->methods, &s->records};
        unsigned fields = 0, values = 0;

        for (int l = 0; l < 2; l++)
            for (uint32_t k = 0; k < lists[l]->n; k++) {
                fields += lists[l]->p[k].fields.n;
                for (uint32_t f = 0; f < lists[l]->p[k].fields.n; f++)
                    values += lists[l]->p[k].fields.p[f].values.n;
            }
        printf("| %s/%s | %u | %u | %u | %u | %u |\n", s->kind, s->stem, s->methods.n,
               s->records.n, fields, values, s->constants.n);
    }
}

static void
write_asserts(struct gen *g, struct job *job, const struct hw_set *set)
{
    unsigned count = 0;

    for (uint32_t i = 0; i < set->n; i++) {
        const struct hw_sheet *s = &set->p[i];
        const struct gen_node *source = gen_get(s->root, "source");
        const struct gen_node *path = source ? gen_get(source, "path") : NULL;
        const struct gen_node *also = source ? gen_get(source, "also") : NULL;
        struct gen_text text = {0};

        if (!strcmp(s->kind, "mme"))
            continue; /* written by hand */
        if (!path) {
            gen_error(g, s->root->pos, "the file has no source: {path: ...}");
            continue;
        }
        if (also) /* whose guard is the same as the first header's */
            gen_textf(g, &text, "#include \"%s\"\n#undef _cl%s_h_\n",
                      gen_scalar(g, also, "also"), s->stem);
        count += hw_emit_asserts(g, s, gen_scalar(g, path, "path"),
                                 gen_get(s->root, "partial") != NULL, &text);
        write_out(job, gen_internf(g, "%s/%s_%s.c", job->out, s->kind, s->stem), &text);
    }
    printf("%u asserts\n", count);
}

static void
run(struct gen *g, void *ctx)
{
    struct job *job = ctx;
    struct hw_set set = {0};

    hw_load(g, &set, job->files, job->count);
    if (job->counts)
        print_counts(&set);
    else if (job->asserts)
        write_asserts(g, job, &set);
    else
        write_all(g, job, &set);
}

static int
usage(void)
{
    fprintf(stderr, "usage: nvrm-hw --out FOLDER FILE.yaml...\n"
                    "       nvrm-hw --asserts FOLDER FILE.yaml...\n"
                    "       nvrm-hw --counts FILE.yaml...\n");
    return 2;
}

int
main(int argc, char **argv)
{
    struct job job = {0};
    struct gen g;
    int rc, at = 2;

    if (argc < 3)
        return usage();
    job.asserts = !strcmp(argv[1], "--asserts");
    if (!strcmp(argv[1], "--out") || job.asserts)
        job.out = argv[at++];
    else if (!strcmp(argv[1], "--counts"))
        job.counts = true;
    else
        return usage();
    if (at >= argc)
        return usage();
    job.files = argv + at;
    job.count = (uint32_t)(argc - at);
    gen_init(&g);
    rc = gen_try(&g, run, &job);
    if (g.errors.n)
        fwrite(g.errors.p, 1, g.errors.n, stderr);
    gen_fini(&g);
    return rc < 0 || job.failed ? 1 : 0;
}
