/* SPDX-License-Identifier: MIT */
/* Launches on emulated cards: results, limits by name, failures that name kernel and place. */
#include <errno.h>

#include <nvmem/compute.h>

#include "cubin_make.h"
#include "rig.h"

enum { COUNT = 1000, BLOCK = 128 };

static const struct card {
    const char *chip;
    unsigned sm;
} cards[] = {
    {"TU102", 75},
    {"GA100", 80},
    {"GA102", 86},
    {"AD102", 89},
    {"GH100", 90},
};

enum { CARDS = sizeof(cards) / sizeof(*cards) };

/* A context with a cubin on it. */
struct bench {
    struct rig rig;
    struct nvmem_compute *compute;
    uint8_t *data;
    struct nvmem_cubin *cubin;
    struct nvmem_module *module;
    struct gsp_error err;
};

static void
open_context(struct bench *b, const char *chip, const struct nvmem_compute_config *config)
{
    static const struct nvmem_compute_config none = {0};

    memset(b, 0, sizeof(*b));
    rig_open(&b->rig, chip, NULL, NULL, NULL);
    RIG_OK(&b->rig,
           nvmem_compute_create(b->rig.dev, config ? config : &none, &b->compute, &b->rig.err));
}

/* Through a module there is one card: the rest of a test is for others. */
static bool
is_card(struct bench *b, unsigned sm)
{
    if (nvmem_compute_limits(b->compute)->sm == sm)
        return true;
    assert_true(rig_is_module());
    RIG_OK(&b->rig, nvmem_compute_destroy(b->compute, &b->rig.err));
    rig_close(&b->rig);
    return false;
}

static uint8_t *
read_file(const char *path, size_t *bytes_out)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data;

    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    *bytes_out = (size_t)ftell(f);
    rewind(f);
    data = malloc(*bytes_out + 1);
    assert_int_equal(fread(data, 1, *bytes_out, f), *bytes_out);
    fclose(f);
    return data;
}

static void
load_file(struct bench *b, const char *name, unsigned sm)
{
    struct gsp_fw_source src = {.name = name};
    char path[512];
    size_t bytes;

    snprintf(path, sizeof(path), "%s/tests/cuda/cubin/%s.sm_%u.cubin", NVRM_SOURCE_DIR, name,
             sm);
    b->data = read_file(path, &bytes);
    src.data = b->data;
    src.bytes = bytes;
    RIG_OK(&b->rig, nvmem_cubin_open(NULL, &src, &b->cubin, &b->rig.err));
    RIG_OK(&b->rig, nvmem_module_load(b->compute, b->cubin, &b->module, &b->rig.err));
}

static void
close_context(struct bench *b)
{
    RIG_OK(&b->rig, nvmem_module_unload(b->module, &b->rig.err));
    nvmem_cubin_close(b->cubin);
    free(b->data);
    RIG_OK(&b->rig, nvmem_compute_destroy(b->compute, &b->rig.err));
    rig_close(&b->rig);
}

static struct nvmem_function *
function_of(struct bench *b, const char *name)
{
    struct nvmem_function *f = NULL;

    RIG_OK(&b->rig, nvmem_module_function(b->module, name, &f, &b->rig.err));
    return f;
}

/* The arguments of saxpy(int n, float a, const float *x, float *y). */
struct saxpy {
    int32_t n;
    float a;
    uint64_t x, y;
};

static void
run_saxpy(struct bench *b, unsigned count)
{
    struct nvmem_buffer *x = rig_buffer(&b->rig, 4 * count, NVMEM_PLACE_VRAM);
    struct nvmem_buffer *y = rig_buffer(&b->rig, 4 * count, NVMEM_PLACE_VRAM);
    struct nvmem_buffer *both[] = {x, y};
    const struct saxpy args = {(int32_t)count, 2.0f, nvmem_buffer_gpu_va(x),
                               nvmem_buffer_gpu_va(y)};
    const struct nvmem_launch launch = {
        .grid = {(count + BLOCK - 1) / BLOCK},
        .block = {BLOCK},
        .params = &args,
        .param_bytes = sizeof(args),
        .buffers = both,
        .buffer_count = 2,
    };
    float *values = malloc(4 * count);
    struct nvmem_fence fence;

    for (unsigned i = 0; i < count; i++)
        values[i] = (float)i;
    RIG_OK(&b->rig, nvmem_buffer_write(x, 0, values, 4 * count, &b->rig.err));
    for (unsigned i = 0; i < count; i++)
        values[i] = 1.0f;
    RIG_OK(&b->rig, nvmem_buffer_write(y, 0, values, 4 * count, &b->rig.err));
    RIG_OK(&b->rig, nvmem_launch(function_of(b, "saxpy"), &launch, &fence, &b->rig.err));
    RIG_OK(&b->rig, nvmem_launch_wait(b->compute, &fence, 0, &b->rig.err));
    RIG_OK(&b->rig, nvmem_buffer_read(y, 0, values, 4 * count, &b->rig.err));
    for (unsigned i = 0; i < count; i++)
        assert_true(values[i] == 2.0f * (float)i + 1.0f);
    RIG_OK(&b->rig, nvmem_buffer_unref(x, &b->rig.err));
    RIG_OK(&b->rig, nvmem_buffer_unref(y, &b->rig.err));
    free(values);
}

static void
a_kernel_computes_on_every_card(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CARDS; i++) {
        struct bench b;

        open_context(&b, cards[i].chip, NULL);
        if (!is_card(&b, cards[i].sm))
            continue;
        assert_true(nvmem_compute_limits(b.compute)->sm_count > 0);
        load_file(&b, "saxpy", cards[i].sm);
        run_saxpy(&b, COUNT);
        close_context(&b);
    }
}

static void
a_ring_that_comes_round_keeps_launches_apart(void **state)
{
    const struct nvmem_compute_config small = {.ring_bytes = 1};
    struct bench b;

    (void)state;
    open_context(&b, "AD102", &small);
    if (!is_card(&b, 89))
        return;
    load_file(&b, "saxpy", 89);
    for (unsigned i = 1; i < (TEST_SANITIZED ? 300 : 1200); i++)
        run_saxpy(&b, i % 40 + 1);
    close_context(&b);
}

/* control_recursion's function, as a processor runs it. */
static uint32_t
tree(uint32_t depth, uint32_t x)
{
    if (!depth || (x & 7) == 3)
        return x * 2654435761u;
    return tree(depth - 1, x * 3 + 1) * 31 + tree(depth - 1, x >> 1);
}

static void
run_recursion(struct bench *b)
{
    struct nvmem_buffer *in = rig_buffer(&b->rig, 4096, NVMEM_PLACE_VRAM);
    struct nvmem_buffer *out = rig_buffer(&b->rig, 4096, NVMEM_PLACE_VRAM);
    const struct {
        uint64_t in, out;
        uint32_t n;
    } args = {nvmem_buffer_gpu_va(in), nvmem_buffer_gpu_va(out), 64};
    const struct nvmem_launch l = {.block = {64}, .params = &args, .param_bytes = 20};
    uint32_t values[64];

    for (uint32_t i = 0; i < 64; i++)
        values[i] = i * 7919;
    RIG_OK(&b->rig, nvmem_buffer_write(in, 0, values, sizeof(values), &b->rig.err));
    RIG_OK(&b->rig, nvmem_launch(function_of(b, "control_recursion"), &l, NULL, &b->rig.err));
    RIG_OK(&b->rig, nvmem_compute_idle(b->compute, 0, &b->rig.err));
    RIG_OK(&b->rig, nvmem_buffer_read(out, 0, values, sizeof(values), &b->rig.err));
    for (uint32_t i = 0; i < 64; i++)
        assert_int_equal(values[i], tree(i % 7, i * 7919));
    RIG_OK(&b->rig, nvmem_buffer_unref(in, &b->rig.err));
    RIG_OK(&b->rig, nvmem_buffer_unref(out, &b->rig.err));
}

static void
recursion_gets_a_stack(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CARDS; i++) {
        struct bench b;

        if (cards[i].sm == 89)
            continue; /* the corpus has it for the others */
        open_context(&b, cards[i].chip, NULL);
        if (!is_card(&b, cards[i].sm))
            continue;
        load_file(&b, "control", cards[i].sm);
        assert_true(nvmem_function_kernel(function_of(&b, "control_recursion"))->calls);
        run_recursion(&b);
        close_context(&b);
    }
}

/* ---- limits ---- */

static void
what_the_card_would_choke_on_is_refused_by_name(void **state)
{
    static const struct {
        struct nvmem_launch launch;
        const char *says;
    } rows[] = {
        {{.grid = {0x80000000}},       "grid x 2147483648 is more than 2147483647"         },
        {{.grid = {1, 65536}},         "grid y 65536 is more than 65535"                   },
        {{.block = {1025}},            "block x 1025 is more than 1024"                    },
        {{.block = {1, 1, 65}},        "block z 65 is more than 64"                        },
        {{.block = {64, 32}},          "2048 threads in a block are more than 1024"        },
        {{.cluster = {2}},             "sm_89 has no clusters"                             },
        {{.shared_bytes = 101377},     "101377 bytes of shared memory are more than 101376"},
        {{.shared_bytes = 0xffffffff},
         "4294967295 bytes of shared memory are more than 101376"                          },
        {{.param_bytes = 8},           "parameters of 8 bytes, it has 24"                  },
    };
    struct nvmem_function *f;
    struct bench b;

    (void)state;
    open_context(&b, "AD102", NULL);
    if (!is_card(&b, 89))
        return;
    load_file(&b, "saxpy", 89);
    f = function_of(&b, "saxpy");
    for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct nvmem_launch l = rows[i].launch;
        char want[128];

        l.param_bytes = l.param_bytes ? l.param_bytes : sizeof(struct saxpy);
        snprintf(want, sizeof(want), "kernel 'saxpy': %s", rows[i].says);
        assert_int_equal(nvmem_launch_check(f, &l, &b.err), -EINVAL);
        assert_string_equal(b.err.text, want);
        assert_int_equal(nvmem_launch(f, &l, NULL, &b.err), -EINVAL);
    }
    run_saxpy(&b, 10); /* nothing was sent, nothing is broken */
    close_context(&b);
}

static void
clusters_divide_the_grid(void **state)
{
    struct nvmem_launch l = {.grid = {4}, .cluster = {3}, .param_bytes = sizeof(struct saxpy)};
    struct nvmem_function *f;
    struct bench b;

    (void)state;
    open_context(&b, "GH100", NULL);
    if (!is_card(&b, 90))
        return;
    load_file(&b, "saxpy", 90);
    f = function_of(&b, "saxpy");
    assert_int_equal(nvmem_launch_check(f, &l, &b.err), -EINVAL);
    assert_string_equal(b.err.text,
                        "kernel 'saxpy': grid x 4 is no multiple of the cluster's 3");
    l.cluster[0] = 17;
    l.grid[0] = 17;
    assert_int_equal(nvmem_launch_check(f, &l, &b.err), -EINVAL);
    assert_string_equal(b.err.text, "kernel 'saxpy': 17 blocks in a cluster are more than 16");
    l.cluster[0] = 2;
    l.grid[0] = 4;
    assert_int_equal(nvmem_launch_check(f, &l, &b.err), 0);
    close_context(&b);
}

/* ---- modules out of the writer ---- */

static int
load_made(struct bench *b, const struct cubin_make *want)
{
    struct cubin_made f;

    cubin_make(want, &f);
    b->data = malloc(f.size);
    memcpy(b->data, f.bytes, f.size);
    RIG_OK(&b->rig,
           nvmem_cubin_open(NULL, &(struct gsp_fw_source){"made.cubin", b->data, f.size, 0},
                            &b->cubin, &b->rig.err));
    memset(&b->err, 0, sizeof(b->err));
    return nvmem_module_load(b->compute, b->cubin, &b->module, &b->err);
}

static const struct cubin_make usual = {
    .sm = 89, .cuda13 = true, .registers = 128, .params = {8}, .param_count = 1};

static void
variables_lie_where_their_addresses_say(void **state)
{
    uint64_t va, bytes, base, pointer;
    struct nvmem_buffer *buffer;
    uint32_t value = 0;
    struct bench b;

    (void)state;
    open_context(&b, "AD102", NULL);
    if (!is_card(&b, 89))
        return;
    assert_int_equal(load_made(&b, &usual), 0);
    assert_int_equal(nvmem_module_global(b.module, "variable", &va, &bytes, &b.err), 0);
    assert_int_equal(bytes, 4);
    buffer = nvmem_module_buffer(b.module);
    base = nvmem_buffer_gpu_va(buffer);
    RIG_OK(&b.rig, nvmem_buffer_read(buffer, va - base, &value, 4, &b.rig.err));
    assert_int_equal(value, 7);
    /* bank 4 comes first, and holds the variable's address plus its addend */
    RIG_OK(&b.rig, nvmem_buffer_read(buffer, 0, &pointer, 8, &b.rig.err));
    assert_int_equal(pointer, va + 4);
    assert_int_equal(nvmem_module_global(b.module, "k", &va, NULL, &b.err), -ENOENT);
    assert_int_equal(nvmem_function_gpu_va(function_of(&b, "k")) % 128, 0);
    close_context(&b);
}

/* Memory that somebody used before: .nv.global is the buffer's last page. */
static void
variables_without_values_begin_as_zero(void **state)
{
    static uint8_t dirt[1 << 20], page[4096];
    struct nvmem_buffer *before;
    struct bench b;

    (void)state;
    open_context(&b, "AD102", NULL);
    if (!is_card(&b, 89))
        return;
    memset(dirt, 0xff, sizeof(dirt));
    before = rig_buffer(&b.rig, sizeof(dirt), NVMEM_PLACE_VRAM);
    RIG_OK(&b.rig, nvmem_buffer_write(before, 0, dirt, sizeof(dirt), &b.rig.err));
    RIG_OK(&b.rig, nvmem_buffer_unref(before, &b.rig.err));
    assert_int_equal(load_made(&b, &usual), 0);
    RIG_OK(&b.rig,
           nvmem_buffer_read(nvmem_module_buffer(b.module),
                             nvmem_buffer_bytes(nvmem_module_buffer(b.module)) - sizeof(page),
                             page, sizeof(page), &b.rig.err));
    for (unsigned i = 0; i < sizeof(page); i++)
        assert_int_equal(page[i], 0);
    close_context(&b);
}

static void
registers_bound_the_threads_of_a_block(void **state)
{
    const struct nvmem_launch l = {.block = {544}, .param_bytes = 8};
    struct nvmem_function *f;
    struct bench b;

    (void)state;
    open_context(&b, "AD102", NULL);
    if (!is_card(&b, 89))
        return;
    assert_int_equal(load_made(&b, &usual), 0);
    f = function_of(&b, "k");
    assert_int_equal(nvmem_function_max_threads(f), 512);
    assert_int_equal(nvmem_launch_check(f, &l, &b.err), -EINVAL);
    assert_string_equal(b.err.text,
                        "kernel 'k': 544 threads of 128 registers do not fit, at most 512 do");
    close_context(&b);
}

static void
modules_that_cannot_run_are_refused(void **state)
{
    struct cubin_make want = usual;
    struct bench b;

    (void)state;
    open_context(&b, "AD102", NULL);
    if (!is_card(&b, 89))
        return;
    want.sm = 90;
    assert_int_equal(load_made(&b, &want), -ENOEXEC);
    assert_string_equal(b.err.text, "made.cubin: made for sm_90, this card is sm_89");
    assert_string_equal(b.err.hint, "compile it for this card: nvcc -cubin -arch=sm_89");
    nvmem_cubin_close(b.cubin);
    free(b.data);
    want = usual;
    want.undefined = true;
    assert_int_equal(load_made(&b, &want), -ENOENT);
    assert_string_equal(b.err.text, "made.cubin: .nv.constant4 at 0x0 needs 'variable'");
    nvmem_cubin_close(b.cubin);
    free(b.data);
    want = usual;
    want.reloc_type = 0x66;
    assert_int_equal(load_made(&b, &want), -ENOTSUP);
    nvmem_cubin_close(b.cubin);
    free(b.data);
    b.cubin = NULL;
    b.data = NULL;
    close_context(&b);
}

/* ---- failures on the card ---- */

static int
launch_saxpy_at(struct bench *b, uint64_t x)
{
    const struct saxpy args = {4, 2.0f, x, x};
    const struct nvmem_launch l = {.block = {32}, .params = &args, .param_bytes = sizeof(args)};
    struct nvmem_fence fence;
    int rc = nvmem_launch(function_of(b, "saxpy"), &l, &fence, &b->err);

    return rc < 0 ? rc : nvmem_launch_wait(b->compute, &fence, 0, &b->err);
}

static void
a_launch_that_fails_names_kernel_place_and_address(void **state)
{
    struct nvmem_compute_config config = {.name = "other"};
    struct nvmem_compute_fault fault;
    struct nvmem_compute *other;
    struct nvmem_module *again;
    struct bench b;

    (void)state;
    open_context(&b, "AD102", NULL);
    if (!is_card(&b, 89))
        return;
    load_file(&b, "saxpy", 89);
    assert_false(nvmem_compute_fault(b.compute, &fault));
    RIG_OK(&b.rig, nvmem_compute_create(b.rig.dev, &config, &other, &b.rig.err));
    assert_int_equal(launch_saxpy_at(&b, 0x123456000), -EIO);
    assert_non_null(strstr(b.err.text, "kernel 'saxpy': "));
    assert_non_null(strstr(b.err.text, "MMU fault at 0x123456000"));
    if (!rig_is_module()) {
        assert_non_null(strstr(b.err.text, "at saxpy+0x"));
        assert_true(nvmem_compute_fault(b.compute, &fault));
        assert_ptr_equal(fault.function, function_of(&b, "saxpy"));
        assert_int_equal(fault.pc, nvmem_function_gpu_va(fault.function) + fault.offset);
        assert_ptr_equal(fault.instruction,
                         nvmem_function_kernel(fault.function)->code + fault.offset);
    }
    assert_int_equal(launch_saxpy_at(&b, 0x123456000), -EIO);
    nvmem_compute_kill(b.compute);
    assert_int_equal(launch_saxpy_at(&b, 0x123456000), -EIO);
    /* another context goes on */
    RIG_OK(&b.rig, nvmem_module_unload(b.module, &b.rig.err));
    RIG_OK(&b.rig, nvmem_compute_destroy(b.compute, &b.rig.err));
    b.compute = other;
    RIG_OK(&b.rig, nvmem_module_load(other, b.cubin, &again, &b.rig.err));
    b.module = again;
    run_saxpy(&b, COUNT);
    close_context(&b);
}

static void
a_context_with_modules_stays(void **state)
{
    struct bench b;

    (void)state;
    open_context(&b, "AD102", NULL);
    if (!is_card(&b, 89))
        return;
    load_file(&b, "saxpy", 89);
    assert_int_equal(nvmem_compute_destroy(b.compute, &b.err), -EBUSY);
    assert_string_equal(b.err.text, "compute: 1 modules are loaded");
    close_context(&b);
}

/* ---- memory ---- */

static void *
failing_realloc(void *ctx, void *old, size_t bytes)
{
    long *left = ctx;

    if (!bytes) {
        free(old);
        return NULL;
    }
    if (*left == 0)
        return NULL;
    *left -= *left > 0;
    return realloc(old, bytes);
}

/* Everything that a launch needs, from a context on. */
static int
whole_launch(struct nvmem_device *dev, const struct nvmem_cubin *cubin)
{
    const struct nvmem_compute_config config = {0};
    const struct saxpy args = {0};
    const struct nvmem_launch l = {.params = &args, .param_bytes = sizeof(args)};
    struct nvmem_compute *compute = NULL;
    struct nvmem_module *module = NULL;
    struct nvmem_function *f = NULL;
    int rc = nvmem_compute_create(dev, &config, &compute, NULL);

    if (rc == 0)
        rc = nvmem_module_load(compute, cubin, &module, NULL);
    if (rc == 0)
        rc = nvmem_module_function(module, "saxpy", &f, NULL);
    if (rc == 0)
        rc = nvmem_launch(f, &l, NULL, NULL);
    if (rc == 0)
        rc = nvmem_compute_idle(compute, 0, NULL);
    assert_int_equal(nvmem_module_unload(module, NULL), 0);
    assert_int_equal(nvmem_compute_destroy(compute, NULL), 0);
    return rc;
}

static void
memory_that_runs_out_at_any_point_leaves_nothing_behind(void **state)
{
    long left = -1;
    const struct gsp_host host = {.ctx = &left, .realloc = failing_realloc};
    const struct nvmem_device_config config = {.host = &host};
    struct nvmem_cubin *cubin;
    unsigned failures = 0;
    struct rig r;
    uint8_t *data;
    size_t bytes;

    (void)state;
    if (rig_is_module())
        return; /* its calls into the module allocate by themselves */
    data = read_file(NVRM_SOURCE_DIR "/tests/cuda/cubin/saxpy.sm_89.cubin", &bytes);
    rig_open(&r, "AD102", NULL, NULL, &config);
    RIG_OK(&r, nvmem_cubin_open(NULL, &(struct gsp_fw_source){"saxpy", data, bytes, 0}, &cubin,
                                &r.err));
    assert_int_equal(whole_launch(r.dev, cubin), 0); /* page tables stay */
    for (long budget = 0;; budget++) {
        int rc;

        left = budget;
        rc = whole_launch(r.dev, cubin);
        left = -1;
        if (rc == 0)
            break;
        assert_int_equal(rc, -ENOMEM);
        failures++;
    }
    assert_true(failures > 5);
    nvmem_cubin_close(cubin);
    free(data);
    rig_close(&r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kernel_computes_on_every_card),
        cmocka_unit_test(a_ring_that_comes_round_keeps_launches_apart),
        cmocka_unit_test(recursion_gets_a_stack),
        cmocka_unit_test(what_the_card_would_choke_on_is_refused_by_name),
        cmocka_unit_test(clusters_divide_the_grid),
        cmocka_unit_test(variables_lie_where_their_addresses_say),
        cmocka_unit_test(variables_without_values_begin_as_zero),
        cmocka_unit_test(registers_bound_the_threads_of_a_block),
        cmocka_unit_test(modules_that_cannot_run_are_refused),
        cmocka_unit_test(a_launch_that_fails_names_kernel_place_and_address),
        cmocka_unit_test(a_context_with_modules_stays),
        cmocka_unit_test(memory_that_runs_out_at_any_point_leaves_nothing_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
