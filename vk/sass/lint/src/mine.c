/* SPDX-License-Identifier: MIT */
/*
 * nvrm-sass-mine: what a compiler takes the latencies to be. Over all cubins given it prints,
 * per SM, the fewest cycles between an instruction of one unit and the next that reads (or
 * writes again) its result, between setting and waiting for a scoreboard, and the least stall
 * of each operation. schemas/hw/sass/latency.yaml holds what this says of a large corpus of
 * generated kernels.
 *
 *   nvrm-sass-mine FILE.cubin...
 *
 * Distances are counted within straight-line code. A row with few samples may be longer than
 * need be: nothing was there to ask for the result earlier. A last column names one place.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nvmem/cubin.h>

#include "lint_priv.h"

enum { FAR = 10000, WAW = LAT_FILES, KINDS, OPS = 1024 };

struct least {
    int cycles;
    unsigned samples, at_least; /* at_least: how many of them are this short */
    char where[96];
};

struct sm_table {
    struct least distance[KINDS][LAT_UNITS_MAX][LAT_UNITS_MAX];
    struct least wait, stall[OPS];
    unsigned unknown;
};

struct miner {
    struct sm_table sm[8];
    const char *file, *section;
};

struct writer {
    int unit, time; /* unit -1: none */
    bool variable;
};

static void
note(const struct miner *m, struct least *l, int cycles, uint32_t at)
{
    if (!l->samples || cycles < l->cycles) {
        l->cycles = cycles;
        l->at_least = 0;
        (void)snprintf(l->where, sizeof(l->where), "%.40s %.30s 0x%x", m->file, m->section,
                       16 * at);
    }
    l->at_least += cycles == l->cycles;
    l->samples++;
}

static void
mine_insn(struct miner *m, struct sm_table *t, const struct lint_prog *p, uint32_t at,
          struct writer w[RES_N], int now)
{
    const struct lint_insn *i = &p->insns[at];

    for (unsigned k = 0; k < i->uses_n; k++) {
        const struct lint_use *u = &p->uses[i->uses + k];
        const struct writer *from = &w[u->res];

        if (from->unit >= 0 && !from->variable)
            note(m,
                 &t->distance[u->kind == USE_WRITE ? (int)WAW : (int)lint_file(u->res)]
                             [from->unit][u->unit],
                 now - from->time, at);
    }
    for (unsigned k = 0; k < i->uses_n; k++) {
        const struct lint_use *u = &p->uses[i->uses + k];

        if (u->kind == USE_WRITE)
            w[u->res] = (struct writer){u->unit, now, i->variable};
    }
}

static void
mine_boards(struct miner *m, struct sm_table *t, const struct lint_insn *i, uint32_t at,
            int set[6], int now)
{
    for (unsigned b = 0; b < 6; b++)
        if ((i->waits >> b & 1) && set[b] > -FAR)
            note(m, &t->wait, now - set[b], at);
    for (unsigned b = 0; b < 6; b++) {
        if (i->waits >> b & 1)
            set[b] = -FAR;
        if (i->ctl.wrbar == b || i->ctl.rdbar == b)
            set[b] = now;
    }
}

static void
forget(struct writer w[RES_N], int set[6])
{
    for (unsigned i = 0; i < RES_N; i++)
        w[i].unit = -1;
    for (unsigned b = 0; b < 6; b++)
        set[b] = -FAR;
}

static void
mine_code(struct miner *m, const struct lint_prog *p)
{
    struct sm_table *t = &m->sm[p->sm_index];
    struct writer w[RES_N];
    int now = 0, set[6];

    forget(w, set);
    for (uint32_t i = 0; i < p->n; i++) {
        const struct lint_insn *insn = &p->insns[i];

        if (!insn->ok) {
            t->unknown++;
            forget(w, set);
            continue;
        }
        mine_boards(m, t, insn, i, set, now);
        mine_insn(m, t, p, i, w, now);
        note(m, &t->stall[insn->op % OPS], insn->ctl.stall, i);
        now += insn->ctl.stall ? insn->ctl.stall : 1;
        if (insn->go != GO_NEXT && !insn->conditional)
            forget(w, set);
    }
}

static const char *
unit_name(unsigned unit)
{
    return unit < lat_units_n ? lat_units[unit].name : "?";
}

static void
print_least(const char *what, const char *from, const char *to, const struct least *l)
{
    if (l->samples)
        (void)printf("  %-6s %-10s %-10s %4d  %6u of %6u  %s\n", what, from, to, l->cycles,
                     l->at_least, l->samples, l->where);
}

static void
print_table(const struct sm_table *t, unsigned sm)
{
    static const char *const kinds[KINDS] = {"gpr", "pred", "ugpr", "upred", "waw"};

    (void)printf("sm_%u\n", sm);
    for (unsigned k = 0; k < KINDS; k++)
        for (unsigned a = 0; a < lat_units_n; a++)
            for (unsigned b = 0; b < lat_units_n; b++)
                print_least(kinds[k], unit_name(a), unit_name(b), &t->distance[k][a][b]);
    print_least("wait", "", "", &t->wait);
    for (unsigned op = 0; op < OPS; op++)
        print_least("stall", "", t->stall[op].samples ? nvrm_sass_op_name(op) : "",
                    &t->stall[op]);
    if (t->unknown)
        (void)printf("  %u instructions that the tables do not know\n", t->unknown);
}

static int
mine_section(struct miner *m, unsigned sm, const struct nvmem_cubin_section *s)
{
    const struct sass_lint_code code = {.sm = sm, .code = s->data, .bytes = s->bytes};
    const int index = nvrm_sass_sm_index(sm);
    struct lint_prog p = {.sm = sm, .sm_index = (unsigned)index};
    struct gsp_error err = {0};
    int rc = index < 0 ? -ENOTSUP : lint_decode(&p, &code, &err);

    m->section = s->name;
    if (rc == 0)
        mine_code(m, &p);
    free(p.insns);
    free(p.uses);
    return rc;
}

static int
mine_bytes(struct miner *m, const uint8_t *bytes, size_t size)
{
    const struct gsp_fw_source src = {m->file, bytes, size, 0};
    struct nvmem_cubin *cubin;
    struct gsp_error err = {0};
    int rc = nvmem_cubin_open(NULL, &src, &cubin, &err);

    if (rc < 0) {
        (void)fprintf(stderr, "%s\n", err.text);
        return rc;
    }
    for (unsigned i = 0; i < nvmem_cubin_section_count(cubin); i++) {
        const struct nvmem_cubin_section *s = nvmem_cubin_section(cubin, i);

        if (s->kind == NVMEM_CUBIN_CODE && s->data && s->bytes)
            (void)mine_section(m, nvmem_cubin_sm(cubin), s);
    }
    nvmem_cubin_close(cubin);
    return 0;
}

static int
mine_file(struct miner *m, const char *path)
{
    FILE *f = fopen(path, "rb");
    const char *slash = strrchr(path, '/');
    static uint8_t bytes[4 << 20];
    size_t size;

    if (!f) {
        (void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return -errno;
    }
    size = fread(bytes, 1, sizeof(bytes), f);
    (void)fclose(f);
    m->file = slash ? slash + 1 : path;
    return mine_bytes(m, bytes, size);
}

int
main(int argc, char **argv)
{
    static const unsigned sms[] = {75, 80, 86, 89, 90, 100, 120};
    struct miner *m = calloc(1, sizeof(*m));
    int rc = 0;

    if (argc < 2 || !m) {
        (void)fprintf(stderr, "usage: nvrm-sass-mine FILE.cubin...\n");
        free(m);
        return 2;
    }
    for (int i = 1; i < argc; i++)
        rc |= mine_file(m, argv[i]) < 0;
    for (unsigned s = 0; s < sizeof(sms) / sizeof(*sms); s++)
        if (m->sm[s].wait.samples)
            print_table(&m->sm[s], sms[s]);
    free(m);
    return rc;
}
