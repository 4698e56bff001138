/* SPDX-License-Identifier: MIT */
/*
 * Launches: what was asked for against what the card and the kernel allow, then bank 0 and QMD
 * into the ring, and the methods that start it.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <nvrm/cl/clc5c0.h>
#include <nvrm/cl/clc6c0.h>
#include <nvrm/hw.h>

#include "compute_priv.h"

enum {
    SETUP_DWORDS = 32, /* of all methods that a launch may send */
    FIRST_AMPERE = 0xc6c0,
    COPY_SCHEDULE = 3, /* PCAS2: invalidate, copy, schedule */
    ALL_SMS = 0xff,
    USER_BANK = 3, /* __constant__ variables */
};

/* A launch with everything filled in. */
struct plan {
    const struct nvmem_cubin_kernel *kernel;
    const struct nvmem_compute_limits *limits;
    uint32_t grid[3], block[3], cluster[3];
    uint64_t shared_bytes; /* all of it */
    uint64_t local_bytes;
};

/* ---- checks ---- */

static int refuse(const struct plan *p, struct gsp_error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int
refuse(const struct plan *p, struct gsp_error *err, const char *format, ...)
{
    char reason[160];
    va_list args;

    va_start(args, format);
    vsnprintf(reason, sizeof(reason), format, args);
    va_end(args);
    gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "kernel '%.60s': %s", p->kernel->name, reason);
    gsp_hint(err, "a block of sm_%u: %u threads, %u registers, %u bytes of shared memory",
             p->limits->sm, p->limits->threads_per_block, p->limits->registers_per_sm,
             p->limits->shared_per_block);
    return -EINVAL;
}

static uint64_t
product(const uint32_t *three)
{
    return (uint64_t)three[0] * three[1] * three[2];
}

static int
check_dimensions(const struct nvmem_compute_limits *l, const struct plan *p,
                 struct gsp_error *err)
{
    for (unsigned i = 0; i < 3; i++) {
        if (p->grid[i] > l->grid[i])
            return refuse(p, err, "grid %c %u is more than %u", 'x' + i, p->grid[i],
                          l->grid[i]);
        if (p->block[i] > l->block[i])
            return refuse(p, err, "block %c %u is more than %u", 'x' + i, p->block[i],
                          l->block[i]);
    }
    if (product(p->block) > l->threads_per_block)
        return refuse(p, err, "%llu threads in a block are more than %u",
                      (unsigned long long)product(p->block), l->threads_per_block);
    return 0;
}

static int
check_kernel(const struct nvmem_function *f, const struct plan *p, struct gsp_error *err)
{
    const struct nvmem_cubin_kernel *k = p->kernel;
    const uint64_t threads = product(p->block);

    if (k->need_threads[0] &&
        (p->block[0] != k->need_threads[0] || p->block[1] != k->need_threads[1] ||
         p->block[2] != k->need_threads[2]))
        return refuse(p, err, "its block must be %u,%u,%u", k->need_threads[0],
                      k->need_threads[1], k->need_threads[2]);
    if (k->max_threads[0] &&
        threads > (uint64_t)k->max_threads[0] * k->max_threads[1] * k->max_threads[2])
        return refuse(p, err, "%llu threads in a block, compiled for %u",
                      (unsigned long long)threads,
                      k->max_threads[0] * k->max_threads[1] * k->max_threads[2]);
    if (threads > f->max_threads)
        return refuse(p, err, "%llu threads of %u registers do not fit, at most %u do",
                      (unsigned long long)threads, k->registers, f->max_threads);
    return 0;
}

static int
check_cluster(const struct nvmem_compute_limits *l, const struct plan *p, struct gsp_error *err)
{
    const struct nvmem_cubin_kernel *k = p->kernel;

    if (!p->cluster[0])
        return k->explicit_cluster && !k->cluster[0]
                   ? refuse(p, err, "it is made for clusters: say of how many blocks")
                   : 0;
    if (!l->cluster_blocks)
        return refuse(p, err, "sm_%u has no clusters", l->sm);
    if (product(p->cluster) > l->cluster_blocks)
        return refuse(p, err, "%llu blocks in a cluster are more than %u",
                      (unsigned long long)product(p->cluster), l->cluster_blocks);
    for (unsigned i = 0; i < 3; i++) {
        if (k->cluster[0] && p->cluster[i] != k->cluster[i])
            return refuse(p, err, "its cluster must be %u,%u,%u", k->cluster[0], k->cluster[1],
                          k->cluster[2]);
        if (p->grid[i] % p->cluster[i])
            return refuse(p, err, "grid %c %u is no multiple of the cluster's %u", 'x' + i,
                          p->grid[i], p->cluster[i]);
    }
    return 0;
}

static int
check_memory(const struct nvmem_compute_limits *l, const struct plan *p,
             const struct nvmem_launch *launch, struct gsp_error *err)
{
    if (p->shared_bytes > l->shared_per_block)
        return refuse(p, err, "%llu bytes of shared memory are more than %u",
                      (unsigned long long)p->shared_bytes, l->shared_per_block);
    if (launch->param_bytes != p->kernel->param_bytes)
        return refuse(p, err, "parameters of %u bytes, it has %u", launch->param_bytes,
                      p->kernel->param_bytes);
    if (launch->param_bytes > l->param_bytes)
        return refuse(p, err, "parameters of %u bytes are more than %u", launch->param_bytes,
                      l->param_bytes);
    return 0;
}

/* From Hopper on the driver keeps 1 KiB, which .nv.shared counts in when there is one. */
static uint64_t
shared_of(const struct nvmem_compute_limits *l, const struct nvmem_cubin_kernel *k,
          uint32_t dynamic)
{
    const uint64_t own =
        k->shared_bytes > l->shared_reserved ? k->shared_bytes : l->shared_reserved;

    return own + dynamic;
}

/* A stack only for kernels that have a frame or call; the rest of the window's end is the
 * driver's. */
static uint64_t
local_of(const struct nvmem_compute *c, const struct nvmem_cubin_kernel *k)
{
    uint64_t stack = k->stack_bytes == NVMEM_CUBIN_NONE ? 0 : k->stack_bytes;

    if (stack < k->frame_bytes)
        stack = k->frame_bytes;
    if (!stack && !k->calls && !k->local_bytes && k->stack_bytes != NVMEM_CUBIN_NONE)
        return 0;
    if ((k->calls || k->stack_bytes == NVMEM_CUBIN_NONE) && stack < c->stack_bytes)
        stack = c->stack_bytes;
    return stack + k->local_bytes + NVMEM_STACK_RESERVED;
}

static int
make_plan(const struct nvmem_function *f, const struct nvmem_launch *launch, struct plan *p,
          struct gsp_error *err)
{
    const struct nvmem_compute *c = f->module->compute;
    int rc;

    *p = (struct plan){.kernel = f->kernel, .limits = &c->limits};
    for (unsigned i = 0; i < 3; i++) {
        p->grid[i] = launch->grid[i] ? launch->grid[i] : 1;
        p->block[i] = launch->block[i] ? launch->block[i] : 1;
        p->cluster[i] = launch->cluster[0] ? launch->cluster[i] : f->kernel->cluster[i];
        if (p->cluster[0] && !p->cluster[i])
            p->cluster[i] = 1;
    }
    p->shared_bytes = shared_of(&c->limits, f->kernel, launch->shared_bytes);
    p->local_bytes = local_of(c, f->kernel);
    rc = check_dimensions(&c->limits, p, err);
    if (rc == 0)
        rc = check_kernel(f, p, err);
    if (rc == 0)
        rc = check_cluster(&c->limits, p, err);
    return rc < 0 ? rc : check_memory(&c->limits, p, launch, err);
}

int
nvmem_launch_check(const struct nvmem_function *f, const struct nvmem_launch *launch,
                   struct gsp_error *err)
{
    struct plan p;

    return make_plan(f, launch, &p, err);
}

/* ---- memory of a launch ---- */

static struct nvmem_bank0
bank_of(const struct nvmem_function *f, const struct plan *p, const struct nvmem_launch *launch)
{
    const struct nvmem_compute *c = f->module->compute;
    const uint32_t user = p->kernel->bank[USER_BANK];
    struct nvmem_bank0 bank = {
        .sm = c->limits.sm,
        .shared_window = NVMEM_SHARED_WINDOW,
        .local_window = NVMEM_LOCAL_WINDOW,
        .bank3_va = user == NVMEM_CUBIN_NONE ? 0 : f->module->section_va[user],
        .dynamic_shared = launch->shared_bytes,
        .shared_reserved = c->limits.shared_reserved,
        .shared_bytes = (uint32_t)p->shared_bytes,
        .sm_count = c->limits.sm_count,
        .grid_id = c->launches + 1,
        .param_off = p->kernel->param_off,
        .param_bytes = launch->param_bytes,
        .params = launch->params,
    };

    memcpy(bank.grid, p->grid, sizeof(bank.grid));
    memcpy(bank.block, p->block, sizeof(bank.block));
    memcpy(bank.cluster, p->cluster, sizeof(bank.cluster));
    return bank;
}

static int
write_qmd(const struct nvmem_function *f, const struct plan *p, uint64_t bank_va,
          uint32_t bank_bytes, uint32_t *out, struct gsp_error *err)
{
    const struct nvmem_module *m = f->module;
    const struct nvmem_compute *c = m->compute;
    struct nvmem_qmd q = {
        .program_va = f->code_va,
        .program_bytes = p->kernel->code_bytes,
        .registers = p->kernel->registers,
        .barriers = p->kernel->barriers,
        .shared_bytes = (uint32_t)p->shared_bytes,
        .local_bytes = p->local_bytes ? c->local_bytes : 0,
        .sass_version = c->sass_version,
        .bank[0] = {bank_va, bank_bytes},
    };

    memcpy(q.grid, p->grid, sizeof(q.grid));
    memcpy(q.block, p->block, sizeof(q.block));
    memcpy(q.cluster, p->cluster, sizeof(q.cluster));
    for (unsigned i = 1; i < NVMEM_QMD_BANKS; i++) {
        const uint32_t section = p->kernel->bank[i];

        if (section != NVMEM_CUBIN_NONE && m->section_va[section])
            q.bank[i] = (struct nvmem_qmd_bank){
                m->section_va[section],
                (uint32_t)nvmem_cubin_section(m->cubin, section)->bytes};
    }
    return nvmem_qmd_write(c->compute_class, c->limits.sm, &q, out, err);
}

/* Bank 0 and, behind it, the QMD. */
static int
write_ring(struct nvmem_function *f, const struct plan *p, const struct nvmem_launch *launch,
           uint32_t *begin_out, uint32_t *qmd_out, uint32_t *end_out, struct gsp_error *err)
{
    struct nvmem_compute *c = f->module->compute;
    struct nvmem_bank0 bank = bank_of(f, p, launch);
    const uint32_t bank_bytes = nvmem_bank0_bytes(&bank);
    const uint32_t room = (bank_bytes + NVMEM_QMD_ALIGN - 1) & ~(uint32_t)(NVMEM_QMD_ALIGN - 1);
    uint32_t qmd[NVMEM_QMD_BYTES_MAX / 4], begin;
    const uint32_t qmd_bytes = nvmem_qmd_bytes(c->compute_class);
    int rc = nvmem_compute_ring_take(c, room + qmd_bytes, &begin, err);

    if (rc == 0)
        rc = write_qmd(f, p, nvmem_buffer_gpu_va(c->ring) + begin, bank_bytes, qmd, err);
    if (rc < 0)
        return rc;
    bank.own_va = nvmem_buffer_gpu_va(c->ring) + begin;
    nvmem_bank0_write(&bank, c->ring_cpu + begin);
    memcpy(c->ring_cpu + begin + room, qmd, qmd_bytes);
    *begin_out = begin;
    *qmd_out = begin + room;
    *end_out = begin + room + qmd_bytes;
    return 0;
}

/* ---- methods ---- */

static uint32_t *
put(uint32_t *at, uint32_t method, uint32_t value)
{
    *at++ = nvmem_method(NVMEM_SUBCH_COMPUTE, method, 1);
    *at++ = value;
    return at;
}

static uint32_t *
put64(uint32_t *at, uint32_t method, uint64_t value)
{
    *at++ = nvmem_method(NVMEM_SUBCH_COMPUTE, method, 2);
    *at++ = (uint32_t)(value >> 32);
    *at++ = (uint32_t)value;
    return at;
}

/* What changed since the last launch; methods that all classes have at the same place. */
static uint32_t *
put_state(struct nvmem_compute *c, uint32_t *at)
{
    if (!c->windows_sent) {
        at = put64(at, NVC5C0_SET_SHADER_SHARED_MEMORY_WINDOW_A, NVMEM_SHARED_WINDOW);
        at = put64(at, NVC5C0_SET_SHADER_LOCAL_MEMORY_WINDOW_A, NVMEM_LOCAL_WINDOW);
    }
    if (c->local && !c->local_sent) {
        at = put64(at, NVC5C0_SET_SHADER_LOCAL_MEMORY_A, nvmem_buffer_gpu_va(c->local));
        *at++ = nvmem_method(NVMEM_SUBCH_COMPUTE,
                             NVC5C0_SET_SHADER_LOCAL_MEMORY_NON_THROTTLED_A, 3);
        *at++ = (uint32_t)(c->local_tpc_bytes >> 32);
        *at++ = (uint32_t)c->local_tpc_bytes;
        *at++ = ALL_SMS;
    }
    if (c->code_is_new)
        at = put(at, NVC5C0_INVALIDATE_SHADER_CACHES_NO_WFI,
                 NVRM_HW_DATA(NVC5C0_INVALIDATE_SHADER_CACHES_NO_WFI, .INSTRUCTION = 1,
                              .GLOBAL_DATA = 1, .CONSTANT = 1));
    return at;
}

static uint32_t *
put_start(const struct nvmem_compute *c, uint32_t *at, uint64_t qmd_va)
{
    at = put(at, NVC5C0_SEND_PCAS_A, (uint32_t)(qmd_va >> 8));
    if (c->compute_class < FIRST_AMPERE)
        return put(at, NVC5C0_SEND_SIGNALING_PCAS_B,
                   NVRM_HW_DATA(NVC5C0_SEND_SIGNALING_PCAS_B, .INVALIDATE = 1, .SCHEDULE = 1));
    return put(at, NVC6C0_SEND_SIGNALING_PCAS2_B,
               NVRM_HW_DATA(NVC6C0_SEND_SIGNALING_PCAS2_B, .PCAS_ACTION = COPY_SCHEDULE));
}

static int
use_buffers(struct nvmem_function *f, const struct nvmem_launch *launch, struct gsp_error *err)
{
    struct nvmem_channel *ch = f->module->compute->channel;
    int rc = nvmem_channel_use(ch, f->module->buffer, err);

    for (unsigned i = 0; i < launch->buffer_count && rc == 0; i++)
        rc = nvmem_channel_use(ch, launch->buffers[i], err);
    return rc;
}

static int
send(struct nvmem_function *f, const struct nvmem_launch *launch, uint64_t qmd_va,
     struct nvmem_fence *fence, struct gsp_error *err)
{
    struct nvmem_compute *c = f->module->compute;
    struct gsp_error own = {0};
    uint32_t *at = nvmem_channel_begin(c->channel, SETUP_DWORDS, &own);
    int rc;

    if (!at) {
        if (err)
            *err = own;
        return own.rc ? own.rc : -EIO;
    }
    nvmem_channel_end(c->channel, put_start(c, put_state(c, at), qmd_va));
    rc = use_buffers(f, launch, err);
    if (rc < 0) {
        nvmem_channel_abandon(c->channel);
        return rc;
    }
    rc = nvmem_channel_submit(c->channel, fence, err);
    if (rc == 0) {
        c->windows_sent = true;
        c->local_sent = c->local != NULL;
        c->code_is_new = false;
    }
    return rc;
}

int
nvmem_launch(struct nvmem_function *f, const struct nvmem_launch *launch,
             struct nvmem_fence *fence_out, struct gsp_error *err)
{
    struct nvmem_compute *c = f->module->compute;
    uint32_t begin = 0, qmd = 0, end = 0;
    struct nvmem_fence fence = {0};
    struct plan p;
    int rc = make_plan(f, launch, &p, err);

    if (rc == 0 && !c->channel)
        rc = gsp_fail(err, GSP_ORIGIN_INPUT, -EIO, "%s: its channel was given up", c->name);
    if (rc == 0 && p.local_bytes > c->local_bytes)
        rc = nvmem_compute_local_grow(c, (uint32_t)p.local_bytes, err);
    if (rc == 0)
        rc = write_ring(f, &p, launch, &begin, &qmd, &end, err);
    if (rc == 0)
        rc = send(f, launch, nvmem_buffer_gpu_va(c->ring) + qmd, &fence, err);
    if (rc < 0)
        return rc;
    nvmem_compute_ring_sent(c, begin, end, &fence, p.kernel->name);
    c->launches++;
    if (fence_out)
        *fence_out = fence;
    return 0;
}

/* ---- waiting ---- */

/* "illegal instruction at k+0x70 (0x1000a80070), SM 3", or nothing. */
static void
describe(struct nvmem_compute *c, char *out, size_t bytes)
{
    struct nvmem_compute_fault f;
    char where[100] = "";

    *out = 0;
    if (!nvmem_compute_fault(c, &f))
        return;
    if (f.function)
        snprintf(where, sizeof(where), "%.60s+0x%llx ", f.function->kernel->name,
                 (unsigned long long)f.offset);
    snprintf(out, bytes, ": %s at %s(0x%llx), SM %u", f.reason, where, (unsigned long long)f.pc,
             f.sm);
}

/* What the channel says, with the kernel that it was at, and what an SM adds. */
static int
fail_launch(struct nvmem_compute *c, int rc, const struct gsp_error *said,
            struct gsp_error *err)
{
    const char *kernel = nvmem_compute_ring_kernel(c);
    char where[160] = "";

    if (rc == -EIO)
        describe(c, where, sizeof(where));
    if (kernel)
        gsp_fail(err, said->origin, rc, "kernel '%.60s': %.120s%s", kernel, said->text, where);
    else
        gsp_fail(err, said->origin, rc, "%.160s%s", said->text, where);
    if (err)
        err->nv_status = said->nv_status;
    if (said->hint[0])
        gsp_hint(err, "%s", said->hint);
    return rc;
}

int
nvmem_launch_wait(struct nvmem_compute *c, const struct nvmem_fence *fence, uint64_t timeout_ns,
                  struct gsp_error *err)
{
    struct gsp_error own = {0};
    int rc = nvmem_fence_wait(fence, timeout_ns, &own);

    return rc < 0 ? fail_launch(c, rc, &own, err) : 0;
}

int
nvmem_compute_idle(struct nvmem_compute *c, uint64_t timeout_ns, struct gsp_error *err)
{
    struct gsp_error own = {0};
    int rc = c->channel ? nvmem_channel_idle(c->channel, timeout_ns, &own) : 0;

    return rc < 0 ? fail_launch(c, rc, &own, err) : 0;
}
