/* SPDX-License-Identifier: MIT */
/*
 * What a launch costs in software: bank 0 and QMD written beside a copy of the same bytes, and
 * nvmem_launch() beside a launch whose bytes were made before, both run by the emulated card.
 * The kernel ends at once, so the difference of the two is the library's.
 */
#include <emu/emu.h>
#include <gsp/session.h>
#include <nvmem/compute.h>
#include <nvmem/qmd.h>
#include <nvrm/cl/clc6c0.h>

#include "bench.h"

enum { BANK_BYTES = 512, SCHEDULE = 3 };

struct saxpy {
    int32_t n;
    float a;
    uint64_t x, y;
};

struct rig {
    struct emu_gpu *gpu;
    struct gsp_backend *backend;
    struct nvmem_device_config config;
    struct nvmem_device *dev;
    struct nvmem_compute *compute;
    struct nvmem_cubin *cubin;
    struct nvmem_module *module;
    struct nvmem_function *function;
    struct nvmem_buffer *memory;
    uint8_t *cpu;
    struct nvmem_bank0 bank;
    struct nvmem_qmd qmd;
    uint8_t bank_bytes[BANK_BYTES];
    uint32_t qmd_words[NVMEM_QMD_BYTES_MAX / 4];
    struct saxpy args;
    uint8_t file[1 << 16];
    uint64_t submitted;
    struct gsp_error err;
};

static void
must(struct rig *r, int rc)
{
    if (rc >= 0)
        return;
    fprintf(stderr, "bench_launch: %s\n", r->err.text);
    exit(1);
}

static void
open_card(struct rig *r)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();
    const struct nvrm_abi abi = {s, nvrm_release_newest(s)};
    const struct emu_config card = {.chip = "AD102", .abi = abi};
    const struct nvmem_compute_config compute = {0};
    struct gsp_rm_config rm = {.abi = abi};

    must(r, emu_gpu_create(&card, &r->gpu, r->err.text, sizeof(r->err.text)));
    rm.bus = emu_gpu_bus(r->gpu);
    must(r, gsp_rm_open(&rm, &r->backend, &r->err));
    must(r, rm_client_open(r->backend, NULL, &r->config.client, &r->err));
    must(r, nvmem_device_open(&r->config, &r->dev, &r->err));
    must(r, nvmem_compute_create(r->dev, &compute, &r->compute, &r->err));
}

static void
load(struct rig *r)
{
    struct gsp_fw_source src = {"saxpy", r->file, 0, 0};
    FILE *f = fopen(NVRM_SOURCE_DIR "/tests/cuda/cubin/saxpy.sm_89.cubin", "rb");

    if (!f) {
        fprintf(stderr, "bench_launch: no cubin\n");
        exit(1);
    }
    src.bytes = fread(r->file, 1, sizeof(r->file), f);
    fclose(f);
    must(r, nvmem_cubin_open(NULL, &src, &r->cubin, &r->err));
    must(r, nvmem_module_load(r->compute, r->cubin, &r->module, &r->err));
    must(r, nvmem_module_function(r->module, "saxpy", &r->function, &r->err));
}

/* The same launch as bytes. */
static void
prepare(struct rig *r)
{
    const struct nvmem_buffer_config config = {.bytes = 4096,
                                               .placement = NVMEM_PLACE_COHERENT};
    const struct nvmem_cubin_kernel *k = nvmem_function_kernel(r->function);
    void *cpu;

    must(r, nvmem_buffer_create(r->dev, &config, &r->memory, &r->err));
    must(r, nvmem_buffer_map(r->memory, &cpu, &r->err));
    r->cpu = cpu;
    r->bank = (struct nvmem_bank0){
        .sm = 89,
        .grid = {1,  1, 1},
        .block = {32, 1, 1},
        .param_off = k->param_off,
        .param_bytes = sizeof(r->args),
        .params = &r->args
    };
    r->qmd = (struct nvmem_qmd){
        .program_va = nvmem_function_gpu_va(r->function),
        .program_bytes = k->code_bytes,
        .registers = k->registers,
        .grid = {1,  1, 1},
        .block = {32,  1,  1},
        .bank[0] = {nvmem_buffer_gpu_va(r->memory), nvmem_bank0_bytes(&r->bank)},
    };
}

static void
by_writing(void *ctx)
{
    struct rig *r = ctx;

    nvmem_bank0_write(&r->bank, r->bank_bytes);
    must(r, nvmem_qmd_write(0xc9c0, 89, &r->qmd, r->qmd_words, &r->err));
    bench_use(r);
}

static void
by_copying(void *ctx)
{
    struct rig *r = ctx;

    memcpy(r->cpu, r->bank_bytes, nvmem_bank0_bytes(&r->bank));
    memcpy(r->cpu + BANK_BYTES, r->qmd_words, 256);
    bench_use(r->cpu);
}

static void
by_launch(void *ctx)
{
    struct rig *r = ctx;
    const struct nvmem_launch l = {
        .block = {32}, .params = &r->args, .param_bytes = sizeof(r->args)};

    must(r, nvmem_launch(r->function, &l, NULL, &r->err));
}

static void
by_bytes(void *ctx)
{
    struct rig *r = ctx;
    struct nvmem_channel *ch = nvmem_compute_channel(r->compute);
    const uint64_t va = nvmem_buffer_gpu_va(r->memory) + BANK_BYTES;
    const uint32_t words[] = {
        nvmem_method(NVMEM_SUBCH_COMPUTE, NVC6C0_SEND_PCAS_A, 1),
        (uint32_t)(va >> 8),
        nvmem_method(NVMEM_SUBCH_COMPUTE, NVC6C0_SEND_SIGNALING_PCAS2_B, 1),
        SCHEDULE,
    };

    by_copying(r);
    must(r, nvmem_channel_push(ch, words, 4, &r->err));
    must(r, nvmem_channel_submit(ch, NULL, &r->err));
}

static void
close_rig(struct rig *r)
{
    must(r, nvmem_compute_idle(r->compute, 0, &r->err));
    nvmem_buffer_unmap(r->memory);
    must(r, nvmem_buffer_unref(r->memory, &r->err));
    must(r, nvmem_module_unload(r->module, &r->err));
    nvmem_cubin_close(r->cubin);
    must(r, nvmem_compute_destroy(r->compute, &r->err));
    must(r, nvmem_device_close(r->dev, &r->err));
    rm_client_close(r->config.client, NULL);
    r->backend->ops->close(r->backend);
    emu_gpu_destroy(r->gpu);
}

int
main(int argc, char **argv)
{
    const struct bench b = bench_init("launch", argc, argv);
    static struct rig r;
    struct bench_side write[] = {
        {.name = "bank and QMD", .run = by_writing, .ctx = &r},
        {.name = "memcpy",       .run = by_copying, .ctx = &r},
    };
    struct bench_side whole[] = {
        {.name = "nvmem_launch", .run = by_launch, .ctx = &r},
        {.name = "made before",  .run = by_bytes,  .ctx = &r},
    };

    open_card(&r);
    load(&r);
    prepare(&r);
    by_launch(&r); /* windows and the rest of a first launch */
    by_writing(&r);
    bench_compare(&b, "written", write, 2);
    bench_compare(&b, "a launch of one warp", whole, 2);
    close_rig(&r);
    return 0;
}
