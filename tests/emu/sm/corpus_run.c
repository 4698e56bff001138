/* SPDX-License-Identifier: MIT */
/* Loads a cubin into an array, relocates it and runs a kernel on the SMs. */
#include "corpus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nvmem/qmd.h>

#include "../../cuda/corpus.h"

enum { MAX_SECTIONS = 256, SHARED_RESERVED = 1024, STACK = 16384 };

struct loaded {
    const struct nvmem_cubin *cubin;
    uint64_t at[MAX_SECTIONS]; /* addresses */
};

static bool
flat_span(void *ctx, uint64_t va, enum sm_access access, uint8_t **p, uint64_t *n,
          uint32_t *fault)
{
    struct flat *f = ctx;

    (void)access;
    *fault = 2;
    if (va < FLAT_BASE || va >= FLAT_BASE + FLAT_BYTES)
        return false;
    *p = f->bytes + (va - FLAT_BASE);
    *n = FLAT_BYTES - (va - FLAT_BASE);
    return true;
}

void
flat_init(struct flat *f)
{
    *f = (struct flat){.bytes = aligned_alloc(4096, FLAT_BYTES), .next = 4096};
    memset(f->bytes, 0, 1 << 20);
}

void
flat_fini(struct flat *f)
{
    free(f->bytes);
}

uint64_t
flat_alloc(struct flat *f, uint64_t bytes, uint64_t align)
{
    const uint64_t at = (f->next + align - 1) / align * align;

    f->next = at + bytes;
    if (f->next > FLAT_BYTES)
        abort();
    memset(f->bytes + at, 0, bytes);
    return at;
}

struct sm_memory
flat_memory(struct flat *f)
{
    return (struct sm_memory){f, flat_span, NULL};
}

static void
change_code(uint8_t *code, uint64_t bytes, void (*change)(uint64_t code[2]))
{
    for (uint64_t at = 0; change && at + 16 <= bytes; at += 16) {
        uint64_t words[2];

        memcpy(words, code + at, sizeof(words));
        change(words);
        memcpy(code + at, words, sizeof(words));
    }
}

static bool
load_sections(struct flat *f, struct loaded *l, const struct corpus_options *o)
{
    for (unsigned i = 0; i < nvmem_cubin_section_count(l->cubin) && i < MAX_SECTIONS; i++) {
        const struct nvmem_cubin_section *s = nvmem_cubin_section(l->cubin, i);
        uint64_t at;

        if (s->kind != NVMEM_CUBIN_CODE && s->kind != NVMEM_CUBIN_CONSTANT &&
            s->kind != NVMEM_CUBIN_GLOBAL && s->kind != NVMEM_CUBIN_GLOBAL_INIT)
            continue;
        at = flat_alloc(f, s->bytes + 4096, 256);
        if (s->data)
            memcpy(f->bytes + at, s->data, s->bytes);
        if (s->kind == NVMEM_CUBIN_CODE)
            change_code(f->bytes + at, s->bytes, o->change);
        l->at[i] = FLAT_BASE + at;
    }
    return true;
}

static bool
relocate(struct flat *f, const struct loaded *l, char *why, size_t n)
{
    struct gsp_error err = {0};

    for (unsigned i = 0; i < nvmem_cubin_reloc_count(l->cubin); i++) {
        const struct nvmem_cubin_reloc *r = nvmem_cubin_reloc(l->cubin, i);
        const struct nvmem_cubin_symbol *s = nvmem_cubin_symbol(l->cubin, r->symbol);
        const struct nvmem_cubin_section *in = nvmem_cubin_section(l->cubin, r->section);

        if (!l->at[r->section] || s->section == NVMEM_CUBIN_NONE)
            continue;
        if (nvmem_cubin_relocate(l->cubin, r, f->bytes + (l->at[r->section] - FLAT_BASE),
                                 in->bytes, l->at[s->section] + s->value, &err)) {
            snprintf(why, n, "relocation: %.120s", err.text);
            return false;
        }
    }
    return true;
}

/* Buffers of the case: the card's, and a copy for the reference. */
struct buffers {
    uint64_t at[CUDA_ARGS_MAX];
    void *ours[CUDA_ARGS_MAX];
};

static void
make_buffers(struct flat *f, const struct cuda_case *c, struct buffers *b)
{
    for (unsigned i = 0; i < cuda_case_args(c); i++) {
        const struct cuda_arg *a = &c->args[i];

        if (a->kind != CUDA_BUFFER)
            continue;
        b->at[i] = flat_alloc(f, a->bytes, 256);
        b->ours[i] = malloc(a->bytes);
        a->fill(b->ours[i], a->bytes, a->value);
        memcpy(f->bytes + b->at[i], b->ours[i], a->bytes);
    }
}

static void
fill_params(const struct cuda_case *c, const struct nvmem_cubin_kernel *k,
            const struct buffers *b, uint8_t *params)
{
    for (unsigned i = 0; i < cuda_case_args(c) && i < k->param_count; i++) {
        const uint64_t v =
            c->args[i].kind == CUDA_BUFFER ? FLAT_BASE + b->at[i] : c->args[i].value;

        memcpy(params + k->params[i].off, &v, k->params[i].bytes);
    }
}

static void
fill_bank0(struct flat *f, struct sm_grid *g, const struct cuda_case *c, unsigned sm,
           const struct nvmem_cubin_kernel *k, const uint8_t *params)
{
    struct nvmem_bank0 bank = {.sm = sm,
                               .shared_window = g->shared_window,
                               .local_window = g->local_window,
                               .dynamic_shared = c->shared_bytes,
                               .shared_reserved = sm >= 90 ? SHARED_RESERVED : 0,
                               .sm_count = 4,
                               .grid_id = 1,
                               .param_off = k->param_off,
                               .param_bytes = k->param_bytes,
                               .params = params};
    uint64_t at;

    memcpy(bank.grid, g->grid, sizeof(bank.grid));
    memcpy(bank.block, g->block, sizeof(bank.block));
    g->bank[0].bytes = nvmem_bank0_bytes(&bank);
    at = flat_alloc(f, g->bank[0].bytes, 256);
    nvmem_bank0_write(&bank, f->bytes + at);
    g->bank[0].va = FLAT_BASE + at;
    g->bank[0].valid = true;
}

static struct sm_grid
make_grid(struct flat *f, const struct loaded *l, const struct cuda_case *c, unsigned sm,
          const struct nvmem_cubin_kernel *k, const uint8_t *params)
{
    struct sm_grid g = {.program = l->at[k->section] + k->code_off,
                        .registers = k->registers,
                        .barriers = k->barriers,
                        .shared_bytes = (k->shared_bytes + c->shared_bytes + 255) / 256 * 256,
                        .local_high = STACK,
                        .shared_window = UINT64_C(0x729400000000),
                        .local_window = UINT64_C(0x729300000000)};

    memcpy(g.grid, c->grid, sizeof(g.grid));
    memcpy(g.block, c->block, sizeof(g.block));
    for (unsigned i = 1; i < NVMEM_CUBIN_BANKS; i++) {
        const uint32_t s = k->bank[i];

        if (s == NVMEM_CUBIN_NONE)
            continue;
        g.bank[i] =
            (struct sm_bank){l->at[s], (uint32_t)nvmem_cubin_section(l->cubin, s)->bytes, true};
    }
    fill_bank0(f, &g, c, sm, k, params);
    return g;
}

static bool
compare(struct flat *f, const struct cuda_case *c, struct buffers *b, char *why, size_t n)
{
    bool same = true;

    c->reference(c, b->ours);
    for (unsigned i = 0; i < cuda_case_args(c) && same; i++)
        if (b->ours[i])
            same = cuda_case_compare(c, i, f->bytes + b->at[i], b->ours[i], why, n);
    return same;
}

static bool
launch(struct flat *f, const struct loaded *l, const struct cuda_case *c, unsigned sm,
       const struct corpus_options *o, uint64_t *instructions, char *why, size_t n)
{
    const struct sm_config config = {.sm = sm,
                                     .sms = o->sms,
                                     .threads = o->threads,
                                     .timing = o->timing,
                                     .watchdog = 50000000,
                                     .memory = flat_memory(f)};
    const struct nvmem_cubin_kernel *k;
    struct sm_machine *m = sm_machine_create(&config);
    struct buffers b = {{0}, {0}};
    uint8_t params[4096] = {0};
    struct gsp_error err = {0};
    struct sm_trap t;
    struct sm_grid g;
    bool ok;

    if (nvmem_cubin_find(l->cubin, c->kernel, &k, &err)) {
        snprintf(why, n, "%.150s", err.text);
        return false;
    }
    make_buffers(f, c, &b);
    fill_params(c, k, &b, params);
    g = make_grid(f, l, c, sm, k, params);
    ok = sm_machine_run(m, &g, &t);
    if (!ok)
        snprintf(why, n, "%s: PC 0x%llx (+0x%llx) %s: %s", sm_error_name(t.error),
                 (unsigned long long)t.pc, (unsigned long long)(t.pc - g.program), t.op,
                 t.text);
    else
        ok = compare(f, c, &b, why, n);
    *instructions = sm_machine_instructions(m);
    sm_machine_destroy(m);
    for (unsigned i = 0; i < CUDA_ARGS_MAX; i++)
        free(b.ours[i]);
    return ok;
}

bool
corpus_run(const struct cuda_case *c, unsigned sm, const struct corpus_options *o,
           uint64_t *instructions_out, char *why, size_t why_bytes)
{
    struct corpus_cubin cubin;
    struct gsp_error err = {0};
    struct loaded l = {0};
    struct flat f;
    bool ok;

    if (corpus_open(c->module, sm, &cubin, &err)) {
        snprintf(why, why_bytes, "%.150s", err.text);
        return false;
    }
    l.cubin = cubin.cubin;
    flat_init(&f);
    ok = load_sections(&f, &l, o) && relocate(&f, &l, why, why_bytes) &&
         launch(&f, &l, c, sm, o, instructions_out, why, why_bytes);
    flat_fini(&f);
    corpus_close(&cubin);
    return ok;
}
