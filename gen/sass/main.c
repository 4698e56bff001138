/* SPDX-License-Identifier: MIT */
/*
 * nvrm-sass: turns schemas/hw/sass into nvrm/sass_names.h and the tables behind nvrm/sass.h.
 *
 *   nvrm-sass OUT.h OUT.c FILE.yaml...
 *
 * Exit codes: 0 fine, 1 a file is wrong or cannot be written, 2 usage.
 */
#include "sassgen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct job {
    char **files;
    int count;
    struct model model;
    struct gen_text header, source;
};

typedef void (*reader)(struct model *m, const struct gen_node *n);

/* Sets before operands before operations, whatever file they are in. */
static void
read_section(struct model *m, struct gen_node **roots, int count, const char *key, reader read)
{
    for (int i = 0; i < count; i++) {
        const struct gen_node *n = gen_get(roots[i], key);

        if (n && n->kind == GEN_MAP)
            read(m, n);
        else if (n)
            gen_error(m->g, n->pos, "%s: is a map", key);
    }
}

static int
by_code(const void *a, const void *b)
{
    const struct form *x = a, *y = b;

    if (x->row.code != y->row.code)
        return x->row.code < y->row.code ? -1 : 1;
    if (strcmp(x->pos.file, y->pos.file))
        return strcmp(x->pos.file, y->pos.file);
    return (x->pos.line > y->pos.line) - (x->pos.line < y->pos.line);
}

static bool
share_a_value(const struct set *a, const struct set *b)
{
    for (unsigned i = 0; i < a->n && i < b->n; i++)
        if (a->values[i].text && b->values[i].text)
            return true;
    return false;
}

static bool
same_bits(const struct sass_field *a, const struct sass_field *b)
{
    return !memcmp(a->lo, b->lo, sizeof(a->lo)) && !memcmp(a->len, b->len, sizeof(a->len));
}

/* `a` has an operand that is never RZ where `b` has RZ. */
static bool
never_rz(const struct form *a, const struct form *b)
{
    for (unsigned i = 0; i < a->row.n_fields; i++) {
        const struct sass_field *f = &a->fields[i];
        const unsigned word = f->lo[0] >> 6;
        const uint64_t bits = UINT64_C(0xff) << (f->lo[0] & 63);

        if (f->attr == SASS_INDEX && a->operands[f->target].norz && f->len[0] == 8 &&
            (b->row.mask[word] & bits) == bits && (b->row.match[word] & bits) == bits)
            return true;
    }
    return false;
}

/* Modifiers at the same bits that have no legal value in common tell forms apart. */
static bool
told_apart(const struct model *m, const struct form *a, const struct form *b)
{
    if (never_rz(a, b) || never_rz(b, a))
        return true;
    for (unsigned i = 0; i < a->row.n_fields; i++)
        for (unsigned j = 0; j < b->row.n_fields; j++) {
            const struct sass_field *x = &a->fields[i], *y = &b->fields[j];

            if (x->attr == SASS_MOD && y->attr == SASS_MOD && same_bits(x, y) &&
                !share_a_value(m->sets.p[x->set], m->sets.p[y->set]))
                return true;
        }
    return false;
}

/* Two forms of one SM that the same bits could mean. */
static void
check_ambiguous(struct model *m)
{
    for (uint32_t i = 0; i < m->forms.n; i++)
        for (uint32_t j = i + 1;
             j < m->forms.n && m->forms.p[j].row.code == m->forms.p[i].row.code; j++) {
            const struct sass_form *a = &m->forms.p[i].row, *b = &m->forms.p[j].row;
            const uint64_t lo = (a->match[0] ^ b->match[0]) & a->mask[0] & b->mask[0];
            const uint64_t hi = (a->match[1] ^ b->match[1]) & a->mask[1] & b->mask[1];

            if ((a->sms & b->sms) && !lo && !hi &&
                !told_apart(m, &m->forms.p[i], &m->forms.p[j]))
                gen_error(m->g, m->forms.p[j].pos,
                          "%s 0x%03x: the same bits could be %s of %s:%u",
                          m->forms.p[j].op_name, b->code, m->forms.p[i].op_name,
                          m->forms.p[i].pos.file, m->forms.p[i].pos.line);
        }
}

static void
run(struct gen *g, void *ctx)
{
    static const char *const keys[] = {"sets", "widths", "operands", "ops", NULL};
    struct job *job = ctx;
    struct model *m = &job->model;
    struct gen_node **roots = gen_alloc(g, (size_t)job->count * sizeof(*roots));

    m->g = g;
    sass_string(m, "");
    for (int i = 0; i < job->count; i++) {
        roots[i] = gen_yaml_file(g, job->files[i]);
        if (!roots[i] || roots[i]->kind != GEN_MAP)
            gen_die(g);
        gen_check_keys(g, roots[i], "file", keys);
    }
    read_section(m, roots, job->count, "sets", sass_read_sets);
    read_section(m, roots, job->count, "widths", sass_read_widths);
    read_section(m, roots, job->count, "operands", sass_read_operands);
    read_section(m, roots, job->count, "ops", sass_read_ops);
    gen_stop_on_errors(g);
    qsort(m->forms.p, m->forms.n, sizeof(*m->forms.p), by_code);
    check_ambiguous(m);
    gen_stop_on_errors(g);
    sass_emit_header(m, &job->header);
    sass_emit_source(m, &job->source);
}

int
main(int argc, char **argv)
{
    struct job job = {.files = argv + 3, .count = argc - 3};
    struct gen g;
    int rc;

    if (argc < 4) {
        fprintf(stderr, "usage: nvrm-sass OUT.h OUT.c FILE.yaml...\n");
        return 2;
    }
    gen_init(&g);
    rc = gen_try(&g, run, &job);
    if (g.errors.n)
        fwrite(g.errors.p, 1, g.errors.n, stderr);
    rc = rc < 0 || !gen_write(argv[1], &job.header) || !gen_write(argv[2], &job.source) ? 1 : 0;
    gen_fini(&g);
    return rc;
}
