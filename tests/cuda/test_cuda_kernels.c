/* SPDX-License-Identifier: MIT */
/* Every kernel of cases.c on every emulated card whose SM it has a cubin for, the whole way:
 * module, launch, fence, and each buffer compared with what a processor says. One named test
 * per kernel and card. With NVRM_RIG=nvidia: on the card of nvidia.ko alone. */
#include "../libnvmem/rig.h"

#include <nvmem/compute.h>

#include "cases.h"
#include "corpus.h"

static const struct card {
    const char *chip;
    unsigned sm, bit;
} cards[] = {
    {"TU102", 75, CUDA_SM75},
    {"GA100", 80, CUDA_SM80},
    {"GA102", 86, CUDA_SM86},
    {"AD102", 89, CUDA_SM89},
    {"GH100", 90, CUDA_SM90},
    {"GB100", 100, CUDA_SM100},
    {"GB202", 120, CUDA_SM120},
};

enum { CARDS = sizeof(cards) / sizeof(*cards) };

/* A booted card with a compute context; all its tests use it. */
struct bench {
    struct rig rig;
    struct nvmem_compute *compute;
};

struct job {
    const struct cuda_case *row;
    const struct card *card;
    struct bench **bench; /* of the card; opened by the first test that needs it */
    char name[80];
};

static struct bench *
bench_of(struct job *j)
{
    static const struct nvmem_compute_config config = {.name = "cuda"};
    struct bench *b;

    if (*j->bench)
        return *j->bench;
    b = calloc(1, sizeof(*b));
    assert_non_null(b);
    rig_open(&b->rig, j->card->chip, NULL, NULL, NULL);
    RIG_OK(&b->rig, nvmem_compute_create(b->rig.dev, &config, &b->compute, &b->rig.err));
    *j->bench = b;
    return b;
}

static void
bench_close(struct bench *b)
{
    if (!b)
        return;
    RIG_OK(&b->rig, nvmem_compute_destroy(b->compute, &b->rig.err));
    rig_close(&b->rig);
    free(b);
}

/* The buffers of one launch, here and on the card. */
struct buffers {
    unsigned n;
    void *ours[CUDA_ARGS_MAX];
    struct nvmem_buffer *card[CUDA_ARGS_MAX];
};

static void
make_buffers(struct bench *b, const struct cuda_case *c, struct buffers *m)
{
    memset(m, 0, sizeof(*m));
    m->n = cuda_case_args(c);
    for (unsigned i = 0; i < m->n; i++) {
        const struct cuda_arg *a = &c->args[i];

        if (a->kind != CUDA_BUFFER)
            continue;
        m->ours[i] = malloc(a->bytes);
        assert_non_null(m->ours[i]);
        a->fill(m->ours[i], a->bytes, 1000 + i);
        m->card[i] = rig_buffer(&b->rig, a->bytes, NVMEM_PLACE_VRAM);
        RIG_OK(&b->rig, nvmem_buffer_write(m->card[i], 0, m->ours[i], a->bytes, &b->rig.err));
    }
}

static void
free_buffers(struct bench *b, struct buffers *m)
{
    for (unsigned i = 0; i < m->n; i++) {
        free(m->ours[i]);
        RIG_OK(&b->rig, nvmem_buffer_unref(m->card[i], &b->rig.err));
    }
}

/* The parameters as the kernel lays them out. */
static void
lay_out(const struct nvmem_cubin_kernel *kernel, const struct cuda_case *c,
        const struct buffers *m, uint8_t *params)
{
    memset(params, 0, kernel->param_bytes);
    for (unsigned i = 0; i < m->n; i++) {
        const uint64_t value = m->card[i] ? nvmem_buffer_gpu_va(m->card[i]) : c->args[i].value;

        memcpy(params + kernel->params[i].off, &value, kernel->params[i].bytes);
    }
}

static void
launch(struct bench *b, struct nvmem_module *module, const struct cuda_case *c,
       const struct buffers *m)
{
    struct nvmem_buffer *used[CUDA_ARGS_MAX];
    struct nvmem_function *function = NULL;
    struct nvmem_launch l = {.shared_bytes = c->shared_bytes, .buffers = used};
    struct nvmem_fence fence;
    uint8_t params[256];

    RIG_OK(&b->rig, nvmem_module_function(module, c->kernel, &function, &b->rig.err));
    lay_out(nvmem_function_kernel(function), c, m, params);
    memcpy(l.grid, c->grid, sizeof(l.grid));
    memcpy(l.block, c->block, sizeof(l.block));
    l.params = params;
    l.param_bytes = nvmem_function_kernel(function)->param_bytes;
    for (unsigned i = 0; i < m->n; i++)
        if (m->card[i])
            used[l.buffer_count++] = m->card[i];
    RIG_OK(&b->rig, nvmem_launch(function, &l, &fence, &b->rig.err));
    RIG_OK(&b->rig, nvmem_launch_wait(b->compute, &fence, 20000000000ull, &b->rig.err));
}

static void
compare(struct bench *b, const struct job *j, const struct buffers *m)
{
    char why[200];

    for (unsigned i = 0; i < m->n; i++) {
        uint8_t *card;
        bool same;

        if (!m->card[i])
            continue;
        card = malloc(j->row->args[i].bytes);
        assert_non_null(card);
        RIG_OK(&b->rig,
               nvmem_buffer_read(m->card[i], 0, card, j->row->args[i].bytes, &b->rig.err));
        same = cuda_case_compare(j->row, i, card, m->ours[i], why, sizeof(why));
        free(card);
        if (!same)
            fail_msg("%s: %s", j->name, why);
    }
}

static void
the_card_computes_what_a_processor_does(void **state)
{
    struct job *j = *state;
    struct bench *b = bench_of(j);
    struct nvmem_module *module = NULL;
    struct corpus_cubin cubin;
    struct buffers m;

    *j->bench = NULL; /* a test that fails leaves its card behind: the next one boots another */
    RIG_OK(&b->rig, corpus_open(j->row->module, j->card->sm, &cubin, &b->rig.err));
    RIG_OK(&b->rig, nvmem_module_load(b->compute, cubin.cubin, &module, &b->rig.err));
    make_buffers(b, j->row, &m);
    launch(b, module, j->row, &m);
    j->row->reference(j->row, m.ours);
    compare(b, j, &m);
    free_buffers(b, &m);
    RIG_OK(&b->rig, nvmem_module_unload(module, &b->rig.err));
    corpus_close(&cubin);
    *j->bench = b;
}

/* The SM of nvidia.ko's card; 0: all emulated cards are asked. */
static unsigned
only_sm(void)
{
    const struct nvmem_compute_config config = {.name = "which SM"};
    struct nvmem_compute *compute = NULL;
    struct rig rig;
    unsigned sm;

    if (!rig_is_module())
        return 0;
    rig_open(&rig, NULL, NULL, NULL, NULL);
    RIG_OK(&rig, nvmem_compute_create(rig.dev, &config, &compute, &rig.err));
    sm = nvmem_compute_limits(compute)->sm;
    RIG_OK(&rig, nvmem_compute_destroy(compute, &rig.err));
    rig_close(&rig);
    return sm;
}

/* One test per kernel and card. Their number goes to n_out. */
static struct CMUnitTest *
make_tests(struct job *jobs, struct bench **benches, size_t *n_out)
{
    const unsigned only = only_sm();
    struct CMUnitTest *tests = calloc(CARDS * cuda_cases_n, sizeof(*tests));

    *n_out = 0;
    for (size_t k = 0; tests && k < CARDS * cuda_cases_n; k++) {
        const struct card *card = &cards[k / cuda_cases_n];
        struct job *j = &jobs[*n_out];

        j->row = &cuda_cases[k % cuda_cases_n];
        j->card = card;
        j->bench = &benches[k / cuda_cases_n];
        if (!(j->row->sms & card->bit) || (only && card->sm != only))
            continue;
        (void)snprintf(j->name, sizeof(j->name), "%s on %s (sm_%u)", j->row->kernel,
                       only ? "nvidia.ko" : card->chip, card->sm);
        tests[(*n_out)++] =
            (struct CMUnitTest){.name = j->name,
                                .test_func = the_card_computes_what_a_processor_does,
                                .initial_state = j};
    }
    return tests;
}

int
main(void)
{
    struct job *jobs = calloc(CARDS * cuda_cases_n, sizeof(*jobs));
    struct bench *benches[CARDS] = {NULL};
    struct CMUnitTest *tests;
    size_t n = 0;
    int failed = 1;

    tests = jobs ? make_tests(jobs, benches, &n) : NULL;
    if (tests)
        failed = _cmocka_run_group_tests("cuda_kernels", tests, n, NULL, NULL);
    for (unsigned i = 0; failed == 0 && i < CARDS; i++)
        bench_close(benches[i]);
    free(tests);
    free(jobs);
    return failed;
}
