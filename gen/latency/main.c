/* SPDX-License-Identifier: MIT */
/*
 * nvrm-latency: turns schemas/hw/sass/latency.yaml into the tables of the lint
 * (nvrm/sass_latency.h).
 *
 *   nvrm-latency OUT.c FILE.yaml
 *
 * Exit codes: 0 fine, 1 the file is wrong or cannot be written, 2 usage.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node.h"

enum { UNITS = 32, SMS = 7, FILES = 4 };

static const unsigned sm_numbers[SMS] = {75, 80, 86, 89, 90, 100, 120};
static const char *const file_names[FILES] = {"gpr", "pred", "ugpr", "upred"};
/* In the order of enum nvrm_sass_class. */
static const char *const classes[] = {"alu", "fma",     "fmawide", "half", "double", "tensor",
                                      "xu",  "uniform", "mem",     "ctrl", "move",   NULL};

struct job {
    const char *path;
    struct gen *g;
    struct gen_text out;
    const char *units[UNITS];
    const char *queues[UNITS];
    unsigned units_n, queues_n;
    unsigned wait[SMS];
    uint8_t raw[SMS][FILES][UNITS][UNITS], waw[SMS][UNITS][UNITS];
};

/* A list of SMs as a set; nothing is all of them. */
static unsigned
sm_set(struct job *j, const struct gen_node *n)
{
    unsigned set = 0;

    if (!n)
        return (1u << SMS) - 1;
    for (uint32_t i = 0; i < n->n; i++) {
        const uint64_t sm = gen_scalar_number(j->g, n->p[i].value, "an SM");
        unsigned k = 0;

        while (k < SMS && sm_numbers[k] != sm)
            k++;
        if (k == SMS)
            gen_error(j->g, n->p[i].value->pos, "no SM is called %u", (unsigned)sm);
        else
            set |= 1u << k;
    }
    return set;
}

static unsigned
unit_of(struct job *j, const struct gen_node *n, const char *name)
{
    for (unsigned i = 0; i < j->units_n; i++)
        if (!strcmp(j->units[i], name))
            return i;
    gen_error(j->g, n->pos, "no unit is called '%s'", name);
    return 0;
}

static unsigned
queue_of(struct job *j, const char *name)
{
    unsigned i = 0;

    while (i < j->queues_n && strcmp(j->queues[i], name) != 0)
        i++;
    if (i == j->queues_n)
        j->queues[j->queues_n++] = name;
    return i;
}

/* SMs for which a key holds: absent is none, "all" is every one. */
static unsigned
flag_set(struct job *j, const struct gen_node *n)
{
    if (!n)
        return 0;
    return n->kind == GEN_SCALAR ? (1u << SMS) - 1 : sm_set(j, n);
}

static void
emit_units(struct job *j, const struct gen_node *units)
{
    static const char *const keys[] = {"doc",   "variable",   "reads_late",
                                       "queue", "read_queue", NULL};

    gen_textf(j->g, &j->out, "const struct lat_unit lat_units[] = {\n");
    for (uint32_t i = 0; i < units->n && i < UNITS; i++) {
        const struct gen_node *u = units->p[i].value, *queue = gen_get(u, "queue");
        const struct gen_node *reads = gen_get(u, "read_queue");
        unsigned q = 0xff, r;

        gen_check_keys(j->g, u, "unit", keys);
        j->units[j->units_n++] = units->p[i].key;
        if (queue)
            q = queue_of(j, gen_scalar(j->g, queue, "a queue"));
        r = reads ? queue_of(j, gen_scalar(j->g, reads, "a queue")) : q;
        gen_textf(j->g, &j->out, "    {\"%s\", 0x%x, 0x%x, %u, %u},\n", units->p[i].key,
                  flag_set(j, gen_get(u, "variable")), flag_set(j, gen_get(u, "reads_late")), q,
                  r);
    }
    gen_textf(j->g, &j->out, "};\nconst unsigned lat_units_n = %u;\n", j->units_n);
}

static void
emit_classes(struct job *j, const struct gen_node *map)
{
    gen_check_keys(j->g, map, "classes", classes);
    gen_textf(j->g, &j->out, "const uint8_t lat_class_unit[] = {");
    for (size_t i = 0; classes[i]; i++) {
        const struct gen_node *n = gen_get(map, classes[i]);

        if (!n)
            gen_error(j->g, map->pos, "class %s has no unit", classes[i]);
        else
            gen_textf(j->g, &j->out, "%u, ", unit_of(j, n, gen_scalar(j->g, n, "a unit")));
    }
    gen_textf(j->g, &j->out, "};\n");
}

/* A scalar or a list of scalars, one at a time. */
static const struct gen_node *
item(const struct gen_node *n, uint32_t i)
{
    if (n->kind == GEN_SCALAR)
        return i == 0 ? n : NULL;
    return i < n->n ? n->p[i].value : NULL;
}

static void
emit_members(struct job *j, const struct gen_node *list)
{
    static const char *const keys[] = {"ops", "unit", "sm", "code", NULL};
    const struct gen_node *op;
    unsigned n = 0;

    gen_textf(j->g, &j->out, "const struct lat_member lat_members[] = {\n");
    for (uint32_t i = 0; i < list->n; i++) {
        const struct gen_node *m = list->p[i].value, *ops = gen_get(m, "ops");
        const struct gen_node *unit = gen_get(m, "unit"), *code = gen_get(m, "code");

        gen_check_keys(j->g, m, "member", keys);
        if (!ops || !unit) {
            gen_error(j->g, m->pos, "a member needs ops and unit");
            continue;
        }
        for (uint32_t k = 0; (op = item(ops, k)); k++, n++)
            gen_textf(j->g, &j->out, "    {\"%s\", 0x%x, %u, 0x%x},\n",
                      gen_scalar(j->g, op, "an operation"), sm_set(j, gen_get(m, "sm")),
                      unit_of(j, unit, gen_scalar(j->g, unit, "a unit")),
                      code ? (unsigned)gen_scalar_number(j->g, code, "an opcode") : 0);
    }
    gen_textf(j->g, &j->out, "};\nconst unsigned lat_members_n = %u;\n", n);
}

static void
emit_stalls(struct job *j, const struct gen_node *list)
{
    static const char *const keys[] = {"ops", "cycles", "sm", NULL};
    const struct gen_node *op;
    unsigned n = 0;

    gen_textf(j->g, &j->out, "const struct lat_stall lat_stalls[] = {\n");
    for (uint32_t i = 0; i < list->n; i++) {
        const struct gen_node *s = list->p[i].value, *ops = gen_get(s, "ops");

        gen_check_keys(j->g, s, "stall", keys);
        for (uint32_t k = 0; ops && (op = item(ops, k)); k++, n++)
            gen_textf(j->g, &j->out, "    {\"%s\", 0x%x, %u},\n",
                      gen_scalar(j->g, op, "an operation"), sm_set(j, gen_get(s, "sm")),
                      (unsigned)gen_scalar_number(j->g, gen_get(s, "cycles"), "cycles"));
    }
    gen_textf(j->g, &j->out, "};\nconst unsigned lat_stalls_n = %u;\n", n);
}

static void
emit_drains(struct job *j, const struct gen_node *list)
{
    static const char *const keys[] = {"ops", "sm", NULL};
    const struct gen_node *op;
    unsigned n = 0;

    gen_textf(j->g, &j->out, "const struct lat_drain lat_drains[] = {\n");
    for (uint32_t i = 0; i < list->n; i++) {
        const struct gen_node *d = list->p[i].value, *ops = gen_get(d, "ops");

        gen_check_keys(j->g, d, "drain", keys);
        for (uint32_t k = 0; ops && (op = item(ops, k)); k++, n++)
            gen_textf(j->g, &j->out, "    {\"%s\", 0x%x},\n",
                      gen_scalar(j->g, op, "an operation"), sm_set(j, gen_get(d, "sm")));
    }
    gen_textf(j->g, &j->out, "};\nconst unsigned lat_drains_n = %u;\n", n);
}

/* {unit: cycles, ...}, where "default" stands for all units not named. */
static void
read_row(struct job *j, const struct gen_node *to, uint8_t row[UNITS])
{
    const struct gen_node *rest = gen_get(to, "default");

    if (rest)
        memset(row, (int)gen_scalar_number(j->g, rest, "cycles"), UNITS);
    for (uint32_t i = 0; i < to->n; i++) {
        const struct gen_node *n = to->p[i].value;

        if (n != rest)
            row[unit_of(j, n, to->p[i].key)] = (uint8_t)gen_scalar_number(j->g, n, "cycles");
    }
}

static void
read_latency(struct job *j, const struct gen_node *row)
{
    static const char *const keys[] = {"sm", "file", "from", "to", NULL};
    const struct gen_node *from = gen_get(row, "from"), *to = gen_get(row, "to"), *unit;
    const char *file = gen_scalar(j->g, gen_get(row, "file"), "a register file");
    const unsigned sms = sm_set(j, gen_get(row, "sm"));
    unsigned f = 0;

    gen_check_keys(j->g, row, "latency", keys);
    while (f < FILES && strcmp(file, file_names[f]) != 0)
        f++;
    if (!from || !to || (f == FILES && strcmp(file, "waw") != 0)) {
        gen_error(j->g, row->pos,
                  "a latency has file (gpr, pred, ugpr, upred, waw), from and to");
        return;
    }
    for (unsigned s = 0; s < SMS; s++)
        for (uint32_t i = 0; (sms >> s & 1) && (unit = item(from, i)); i++) {
            const unsigned u = unit_of(j, unit, gen_scalar(j->g, unit, "a unit"));

            read_row(j, to, f == FILES ? j->waw[s][u] : j->raw[s][f][u]);
        }
}

static void
emit_matrix(struct job *j, uint8_t m[UNITS][UNITS])
{
    gen_textf(j->g, &j->out, "{");
    for (unsigned a = 0; a < j->units_n; a++) {
        gen_textf(j->g, &j->out, "\n        {");
        for (unsigned b = 0; b < j->units_n; b++)
            gen_textf(j->g, &j->out, "%u, ", m[a][b]);
        gen_textf(j->g, &j->out, "},");
    }
    gen_textf(j->g, &j->out, "},\n");
}

static void
emit_sms(struct job *j)
{
    gen_textf(j->g, &j->out, "const struct lat_sm lat_sms[] = {\n");
    for (unsigned s = 0; s < SMS; s++) {
        gen_textf(j->g, &j->out, "    {%u, {\n", j->wait[s]);
        for (unsigned f = 0; f < FILES; f++)
            emit_matrix(j, j->raw[s][f]);
        gen_textf(j->g, &j->out, "    },\n");
        emit_matrix(j, j->waw[s]);
        gen_textf(j->g, &j->out, "    },\n");
    }
    gen_textf(j->g, &j->out, "};\nconst unsigned lat_sms_n = %u;\n", SMS);
}

static void
run(struct gen *g, void *ctx)
{
    static const char *const keys[] = {"units",  "classes", "guard", "branch",
                                       "pair",   "members", "wait",  "stalls",
                                       "drains", "latency", NULL};
    struct job *j = ctx;
    const struct gen_node *root = gen_yaml_file(g, j->path), *list;

    j->g = g;
    if (!root)
        gen_die(g);
    gen_check_keys(g, root, "file", keys);
    for (size_t i = 0; keys[i]; i++)
        if (!gen_get(root, keys[i]))
            gen_error(g, root->pos, "%s is missing", keys[i]);
    gen_stop_on_errors(g);
    gen_textf(g, &j->out,
              "/* Made by nvrm-latency from schemas/hw/sass/latency.yaml. */\n#include "
              "<stddef.h>\n#include <nvrm/sass_latency.h>\n\n");
    emit_units(j, gen_get(root, "units"));
    emit_classes(j, gen_get(root, "classes"));
    gen_textf(g, &j->out, "const uint8_t lat_guard_unit = %u, lat_branch_unit = %u;\n",
              unit_of(j, root, gen_scalar(g, gen_get(root, "guard"), "a unit")),
              unit_of(j, root, gen_scalar(g, gen_get(root, "branch"), "a unit")));
    list = gen_get(root, "pair");
    gen_textf(g, &j->out,
              "const uint8_t lat_pair_unit = %u, lat_low_unit = %u, lat_high_unit = %u;\n",
              unit_of(j, list, gen_scalar(g, gen_get(list, "unit"), "a unit")),
              unit_of(j, list, gen_scalar(g, gen_get(list, "low"), "a unit")),
              unit_of(j, list, gen_scalar(g, gen_get(list, "high"), "a unit")));
    emit_members(j, gen_get(root, "members"));
    emit_stalls(j, gen_get(root, "stalls"));
    emit_drains(j, gen_get(root, "drains"));
    list = gen_get(root, "wait");
    for (uint32_t i = 0; i < list->n; i++) {
        const unsigned set = sm_set(j, gen_get(list->p[i].value, "sm"));

        for (unsigned s = 0; s < SMS; s++)
            if (set >> s & 1)
                j->wait[s] = (unsigned)gen_scalar_number(g, gen_get(list->p[i].value, "cycles"),
                                                         "cycles");
    }
    list = gen_get(root, "latency");
    for (uint32_t i = 0; i < list->n; i++)
        read_latency(j, list->p[i].value);
    emit_sms(j);
    gen_stop_on_errors(g);
}

int
main(int argc, char **argv)
{
    struct job *job = calloc(1, sizeof(*job));
    struct gen g;
    int rc;

    if (argc != 3 || !job) {
        (void)fprintf(stderr, "usage: nvrm-latency OUT.c FILE.yaml\n");
        free(job);
        return 2;
    }
    job->path = argv[2];
    gen_init(&g);
    rc = gen_try(&g, run, job);
    if (g.errors.n)
        (void)fwrite(g.errors.p, 1, g.errors.n, stderr);
    if (rc == 0 && !gen_write(argv[1], &job->out))
        rc = 1;
    gen_fini(&g);
    free(job);
    return rc ? 1 : 0;
}
