/* SPDX-License-Identifier: MIT */
/*
 * nvrm-regs: turns schemas/hw/regs into nvrm/regs.h (offsets, fields and values as constants)
 * and a table of names (struct nvrm_reg, nvrm/reg.h).
 *
 *   nvrm-regs OUT.h OUT.c FILE.yaml...
 *
 * A name that means the same in every file keeps NVIDIA's name; where files differ, each gets
 * the chip of its file behind two underscores: NV_PFALCON_FALCON_IMEMC_BLK__GA102. Exit codes:
 * 0 fine, 1 a file is wrong or cannot be written, 2 usage.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node.h"

enum kind { REG, FIELD, VALUE };

/* One definition in one file. */
struct def {
    char *name;
    const char *chip;
    enum kind kind;
    uint64_t a, b, c, count; /* REG: offset and strides; FIELD: high and low bit; VALUE */
    unsigned order;
};

struct job {
    const char *header, *source;
    char **files;
    int count;
    struct def *defs;
    unsigned n, cap;
    char **chips;                 /* one per file */
    struct gen_text h, c, fields; /* fields: string literals, one a line of reg_name.c's text */
};

static uint64_t
number(struct gen *g, const struct gen_node *map, const char *key)
{
    const struct gen_node *n = gen_get(map, key);

    return n ? gen_scalar_number(g, n, key) : 0;
}

static void
add(struct job *job, const struct def *d, const char *format, const char *a, const char *b)
{
    struct def *slot;
    char name[256];

    if (job->n == job->cap) {
        job->cap = job->cap ? 2 * job->cap : 4096;
        job->defs = realloc(job->defs, job->cap * sizeof(*job->defs));
        if (!job->defs)
            abort();
    }
    snprintf(name, sizeof(name), format, a, b);
    slot = &job->defs[job->n];
    *slot = *d;
    slot->order = job->n++;
    slot->name = strdup(name);
    if (!slot->name)
        abort();
}

/* Reading */

static void
read_field(struct gen *g, struct job *job, const char *chip, const char *reg,
           const struct gen_pair *pair)
{
    static const char *const keys[] = {"bits", "values", NULL};
    const struct gen_node *bits = gen_get(pair->value, "bits");
    const struct gen_node *values = gen_get(pair->value, "values");
    struct def d = {.chip = chip, .kind = FIELD};
    char name[256];

    gen_check_keys(g, pair->value, "field", keys);
    if (!bits || bits->kind != GEN_SEQ || bits->n != 2) {
        gen_error(g, pair->pos, "a field has bits: [HIGH, LOW]");
        return;
    }
    d.a = gen_scalar_number(g, bits->p[0].value, "high bit");
    d.b = gen_scalar_number(g, bits->p[1].value, "low bit");
    if (d.a > 63 || d.b > d.a)
        gen_error(g, bits->pos, "bits %llu to %llu", (unsigned long long)d.a,
                  (unsigned long long)d.b);
    add(job, &d, "%s_%s", reg, pair->key);
    gen_textf(g, &job->fields, "    \" %s %llu %llu", pair->key, (unsigned long long)d.a,
              (unsigned long long)d.b);
    snprintf(name, sizeof(name), "%s_%s", reg, pair->key);
    for (uint32_t i = 0; values && i < values->n; i++) {
        const struct def v = {.chip = chip,
                              .kind = VALUE,
                              .a = gen_scalar_number(g, values->p[i].value, "value")};

        add(job, &v, "%s_%s", name, values->p[i].key);
        gen_textf(g, &job->fields, " %s=0x%llx", values->p[i].key, (unsigned long long)v.a);
    }
    gen_textf(g, &job->fields, "\\n\"\n");
}

static void
read_register(struct gen *g, struct job *job, const char *chip, const struct gen_pair *pair)
{
    static const char *const keys[] = {"offset", "stride", "stride2", "count",
                                       "access", "fields", NULL};
    const struct gen_node *fields = gen_get(pair->value, "fields");
    const struct def d = {.chip = chip,
                          .kind = REG,
                          .a = number(g, pair->value, "offset"),
                          .b = number(g, pair->value, "stride"),
                          .c = number(g, pair->value, "stride2"),
                          .count = number(g, pair->value, "count")};

    gen_check_keys(g, pair->value, "register", keys);
    gen_check_name(g, pair->pos, pair->key);
    if (!gen_get(pair->value, "offset"))
        gen_error(g, pair->pos, "register '%s' has no offset", pair->key);
    add(job, &d, "%s%s", pair->key, "");
    if (fields && fields->n)
        gen_textf(g, &job->fields, "    \"%s %s\\n\"\n", pair->key, chip);
    for (uint32_t i = 0; fields && i < fields->n; i++)
        read_field(g, job, chip, pair->key, &fields->p[i]);
}

/* "schemas/hw/regs/tu102_fb.yaml" is of TU102. */
static char *
chip_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    const char *under = strrchr(base, '_');
    char *chip = strndup(base, under ? (size_t)(under - base) : strlen(base));

    if (!chip)
        abort();
    for (char *p = chip; *p; p++)
        if (*p >= 'a' && *p <= 'z')
            *p = (char)(*p - 'a' + 'A');
    return chip;
}

static void
read_file(struct gen *g, struct job *job, const char *path, const char *chip)
{
    static const char *const keys[] = {"source", "registers", "constants", NULL};
    const struct gen_node *root = gen_yaml_file(g, path);
    const struct gen_node *registers, *constants;

    if (!root || root->kind != GEN_MAP)
        gen_die(g);
    gen_check_keys(g, root, "file", keys);
    registers = gen_get(root, "registers");
    constants = gen_get(root, "constants");
    for (uint32_t i = 0; registers && i < registers->n; i++)
        read_register(g, job, chip, &registers->p[i]);
    for (uint32_t i = 0; constants && i < constants->n; i++) {
        const struct def d = {.chip = chip,
                              .kind = VALUE,
                              .a = gen_scalar_number(g, constants->p[i].value, "constant")};

        add(job, &d, "%s%s", constants->p[i].key, "");
    }
}

/* Writing */

static int
by_name(const void *a, const void *b)
{
    const struct def *x = a, *y = b;
    const int c = strcmp(x->name, y->name);

    return c ? c : (x->order > y->order) - (x->order < y->order);
}

static bool
same(const struct def *x, const struct def *y)
{
    return x->kind == y->kind && x->a == y->a && x->b == y->b && x->c == y->c;
}

static void
emit_one(struct gen *g, struct gen_text *t, const struct def *d, const char *suffix)
{
    const unsigned long long a = d->a, b = d->b, c = d->c;

    if (d->kind == FIELD)
        gen_textf(g, t, "#define %s%s__SHIFT %llu\n#define %s%s__MASK 0x%llx%s\n", d->name,
                  suffix, b, d->name, suffix,
                  (unsigned long long)((~UINT64_C(0) >> (63 - d->a + d->b)) << d->b),
                  d->a > 31 ? "ull" : "u");
    else if (d->kind == VALUE)
        gen_textf(g, t, "#define %s%s 0x%llx%s\n", d->name, suffix, a,
                  a > UINT32_MAX ? "ull" : "u");
    else if (c)
        gen_textf(g, t, "#define %s%s(i, j) (0x%llxu + (i) * 0x%llxu + (j) * 0x%llxu)\n",
                  d->name, suffix, a, b, c);
    else if (b)
        gen_textf(g, t, "#define %s%s(i) (0x%llxu + (i) * 0x%llxu)\n", d->name, suffix, a, b);
    else
        gen_textf(g, t, "#define %s%s 0x%llxu\n", d->name, suffix, a);
}

/* All definitions of one name: one constant when they agree, one per chip otherwise. */
static void
emit_name(struct gen *g, struct job *job, unsigned first, unsigned end)
{
    bool agree = true;

    for (unsigned i = first + 1; i < end; i++)
        agree &= same(&job->defs[first], &job->defs[i]);
    if (agree) {
        emit_one(g, &job->h, &job->defs[first], "");
        return;
    }
    for (unsigned i = first; i < end; i++) {
        char suffix[32];

        snprintf(suffix, sizeof(suffix), "__%s", job->defs[i].chip);
        emit_one(g, &job->h, &job->defs[i], suffix);
    }
}

static void
emit_header(struct gen *g, struct job *job)
{
    gen_textf(g, &job->h,
              "/* SPDX-License-Identifier: MIT */\n"
              "/* Copyright (c) 1993-2026 NVIDIA CORPORATION & AFFILIATES. All rights "
              "reserved.\n"
              " * Used under the permission notice in LICENSE. Made by nvrm-regs from "
              "schemas/hw/regs. */\n"
              "#ifndef NVRM_REGS_H\n#define NVRM_REGS_H\n\n#include <nvrm/reg.h>\n\n");
    for (unsigned i = 0, end; i < job->n; i = end) {
        for (end = i + 1; end < job->n && !strcmp(job->defs[i].name, job->defs[end].name);)
            end++;
        emit_name(g, job, i, end);
    }
    gen_textf(g, &job->h, "\n#endif\n");
}

static void
emit_source(struct gen *g, struct job *job)
{
    unsigned count = 0;

    gen_textf(g, &job->c,
              "/* SPDX-License-Identifier: MIT */\n"
              "/* Made by nvrm-regs from schemas/hw/regs. */\n"
              "#include <nvrm/reg.h>\n\nconst struct nvrm_reg nvrm_regs[] = {\n");
    for (unsigned i = 0; i < job->n; i++) {
        const struct def *d = &job->defs[i];

        if (d->kind != REG)
            continue;
        gen_textf(g, &job->c, "    {\"%s\", \"%s\", 0x%llx, 0x%llx, %llu},\n", d->name, d->chip,
                  (unsigned long long)d->a, (unsigned long long)d->b,
                  (unsigned long long)d->count);
        count++;
    }
    gen_textf(g, &job->c, "};\nconst unsigned nvrm_reg_count = %u;\n", count);
    gen_textf(g, &job->c, "const char nvrm_reg_field_text[] =\n    \"\"\n%.*s    ;\n",
              (int)job->fields.n, job->fields.p ? job->fields.p : "");
}

static void
run(struct gen *g, void *ctx)
{
    struct job *job = ctx;

    job->chips = calloc((size_t)job->count, sizeof(*job->chips));
    if (!job->chips)
        abort();
    for (int i = 0; i < job->count; i++) {
        job->chips[i] = chip_of(job->files[i]);
        read_file(g, job, job->files[i], job->chips[i]);
    }
    qsort(job->defs, job->n, sizeof(*job->defs), by_name);
    emit_header(g, job);
    emit_source(g, job);
}

int
main(int argc, char **argv)
{
    struct job job = {.files = argv + 3, .count = argc - 3};
    struct gen g;
    int rc;

    if (argc < 4) {
        fprintf(stderr, "usage: nvrm-regs OUT.h OUT.c FILE.yaml...\n");
        return 2;
    }
    gen_init(&g);
    rc = gen_try(&g, run, &job);
    if (g.errors.n)
        fwrite(g.errors.p, 1, g.errors.n, stderr);
    rc = rc < 0 || !gen_write(argv[1], &job.h) || !gen_write(argv[2], &job.c) ? 1 : 0;
    gen_fini(&g);
    for (unsigned i = 0; i < job.n; i++)
        free(job.defs[i].name);
    for (int i = 0; job.chips && i < job.count; i++)
        free(job.chips[i]);
    free(job.chips);
    free(job.defs);
    return rc;
}
