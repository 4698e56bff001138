/* SPDX-License-Identifier: MIT */
/*
 * Compute contexts: the channel, what RM says of the card's SMs, the ring that launches write
 * their banks and QMDs into, and local memory, which grows when a kernel needs more.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rm/calls.h>

#include "compute_priv.h"

enum {
    RING_BYTES = 1 << 20,
    RING_MIN = 128 << 10,
    STACK_BYTES = 1024,
    WARP = 32,
    LOCAL_ALIGN = 32,        /* of a thread's bytes */
    LOCAL_WARP_ALIGN = 512,  /* of a warp's */
    LOCAL_TPC_ALIGN = 32768, /* of a TPC's */
    LOCAL_TOTAL_ALIGN = 131072,
};

/* NV2080_CTRL_GR_INFO_INDEX_* */
enum gr_index {
    GR_SM_VERSION = 12,
    GR_MAX_WARPS = 13,
    GR_GPCS = 20,
    GR_TPC_PER_GPC = 23,
    GR_SM_PER_TPC = 32,
    GR_LIVE_TPCS = 9,
};

/* ---- what the card has ---- */

static int
ask_gr(struct nvmem_device *dev, const uint32_t *indices, uint32_t *values, unsigned count,
       struct gsp_error *err)
{
    struct NV2080_CTRL_GR_GET_INFO_V2_PARAMS p = {.grInfoListSize = count};
    int rc;

    for (unsigned i = 0; i < count; i++)
        p.grInfoList[i].index = indices[i];
    nvmem_device_lock(dev);
    rc = rm_control_typed(nvmem_device_client(dev), nvmem_device_subdevice(dev),
                          "NV2080_CTRL_CMD_GR_GET_INFO_V2", &p, err);
    nvmem_device_unlock(dev);
    for (unsigned i = 0; i < count && rc == 0; i++)
        values[i] = p.grInfoList[i].data;
    return rc;
}

/* SM_VERSION is major << 8 | minor: 0x809; 0xa04 is what GB20x, CUDA's 12.0, calls itself. */
static int
ask_card(struct nvmem_compute *c, struct gsp_error *err)
{
    static const uint32_t indices[] = {GR_SM_VERSION,  GR_MAX_WARPS,  GR_GPCS,
                                       GR_TPC_PER_GPC, GR_SM_PER_TPC, GR_LIVE_TPCS};
    const struct nvmem_chip *chip = nvmem_device_chip(c->dev);
    const struct nvmem_compute_limits *limits =
        nvmem_compute_limits_of(nvmem_compute_sm_of(chip->architecture, chip->implementation));
    uint32_t v[6] = {0};
    int rc;

    if (!limits || !nvmem_qmd_bytes(chip->compute_class))
        return gsp_fail(err, GSP_ORIGIN_INPUT, -ENOTSUP,
                        "%s: no launches on architecture 0x%x with compute class 0x%x", c->name,
                        chip->architecture, chip->compute_class);
    c->limits = *limits;
    c->compute_class = chip->compute_class;
    rc = ask_gr(c->dev, indices, v, 6, err);
    if (rc < 0)
        return rc;
    if (!v[2] || !v[3] || !v[4] || v[2] > 64 || v[3] > 64 || v[4] > 8 || v[1] > 128)
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG,
                        "%s: RM says %u GPCs of %u TPCs of %u SMs of %u warps", c->name, v[2],
                        v[3], v[4], v[1]);
    c->sass_version = (v[0] & 0xf00) >> 4 | (v[0] & 0xf);
    if (v[1])
        c->limits.warps_per_sm = v[1];
    c->tpcs = v[2] * v[3];
    c->sms_per_tpc = v[4];
    c->limits.sm_count = v[5] * v[4];
    return 0;
}

int
nvmem_compute_ask(struct nvmem_device *dev, struct nvmem_compute_limits *limits_out,
                  struct gsp_error *err)
{
    struct nvmem_compute c = {.dev = dev, .name = "compute"};
    int rc = ask_card(&c, err);

    *limits_out = c.limits;
    return rc;
}

/* ---- the ring ---- */

static int
open_ring(struct nvmem_compute *c, uint32_t bytes, struct gsp_error *err)
{
    const struct nvmem_buffer_config config = {
        .name = "launches",
        .bytes = bytes,
        .placement = NVMEM_PLACE_COHERENT,
    };
    void *cpu = NULL;
    int rc = nvmem_buffer_create(c->dev, &config, &c->ring, err);

    if (rc == 0)
        rc = nvmem_buffer_map(c->ring, &cpu, err);
    if (rc < 0)
        return rc;
    c->ring_cpu = cpu;
    c->ring_bytes = bytes;
    return 0;
}

static struct compute_flight *
oldest(struct nvmem_compute *c)
{
    return c->flight_count ? &c->flights[c->flight_first] : NULL;
}

static void
forget_oldest(struct nvmem_compute *c)
{
    c->flight_first = (c->flight_first + 1) % COMPUTE_FLIGHTS;
    c->flight_count--;
}

static int
wait_oldest(struct nvmem_compute *c, struct gsp_error *err)
{
    int rc = nvmem_launch_wait(c, &oldest(c)->fence, 0, err);

    if (rc == 0)
        forget_oldest(c);
    return rc;
}

static bool
in_the_way(struct nvmem_compute *c, uint32_t begin, uint32_t end)
{
    const struct compute_flight *f = oldest(c);

    return f && f->begin < end && begin < f->end;
}

int
nvmem_compute_ring_take(struct nvmem_compute *c, uint32_t bytes, uint32_t *off_out,
                        struct gsp_error *err)
{
    uint32_t begin = (c->ring_head + NVMEM_QMD_ALIGN - 1) & ~(uint32_t)(NVMEM_QMD_ALIGN - 1);
    int rc = 0;

    if (begin > c->ring_bytes || bytes > c->ring_bytes - begin)
        begin = 0;
    while (rc == 0 &&
           (c->flight_count == COMPUTE_FLIGHTS || in_the_way(c, begin, begin + bytes))) {
        if (nvmem_fence_done(&oldest(c)->fence))
            forget_oldest(c);
        else
            rc = wait_oldest(c, err);
    }
    *off_out = begin;
    return rc;
}

void
nvmem_compute_ring_sent(struct nvmem_compute *c, uint32_t begin, uint32_t end,
                        const struct nvmem_fence *fence, const char *kernel)
{
    struct compute_flight *f =
        &c->flights[(c->flight_first + c->flight_count) % COMPUTE_FLIGHTS];

    f->begin = begin;
    f->end = end;
    f->fence = *fence;
    snprintf(f->kernel, sizeof(f->kernel), "%s", kernel);
    c->flight_count++;
    c->ring_head = end;
}

const char *
nvmem_compute_ring_kernel(const struct nvmem_compute *c)
{
    for (unsigned i = 0; i < c->flight_count; i++) {
        const struct compute_flight *f = &c->flights[(c->flight_first + i) % COMPUTE_FLIGHTS];

        if (!nvmem_fence_done(&f->fence))
            return f->kernel;
    }
    return NULL;
}

/* ---- local memory ---- */

static uint64_t
round_up(uint64_t value, uint64_t to)
{
    return (value + to - 1) / to * to;
}

int
nvmem_compute_local_grow(struct nvmem_compute *c, uint32_t bytes, struct gsp_error *err)
{
    const uint64_t thread = round_up(bytes, LOCAL_ALIGN);
    const uint64_t warp = round_up(thread * WARP, LOCAL_WARP_ALIGN);
    const uint64_t tpc =
        round_up(warp * c->limits.warps_per_sm * c->sms_per_tpc, LOCAL_TPC_ALIGN);
    const struct nvmem_buffer_config config = {
        .name = "local memory",
        .bytes = round_up(tpc * c->tpcs, LOCAL_TOTAL_ALIGN),
        .align = LOCAL_TOTAL_ALIGN,
    };
    struct nvmem_buffer *b = NULL;
    int rc;

    if (bytes <= c->local_bytes)
        return 0;
    if (bytes > NVMEM_STACK_TOP)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "%s: a stack of 0x%x bytes per thread is more than the window's 0x%x",
                        c->name, bytes, NVMEM_STACK_TOP);
    rc = nvmem_channel_idle(c->channel, 0, err); /* launches in flight use the old one */
    if (rc == 0)
        rc = nvmem_buffer_create(c->dev, &config, &b, err);
    if (rc < 0)
        return rc;
    nvmem_buffer_unref(c->local, NULL);
    c->local = b;
    c->local_bytes = (uint32_t)thread;
    c->local_tpc_bytes = tpc;
    c->local_sent = false;
    return 0;
}

/* ---- contexts ---- */

static int
open_channel(struct nvmem_compute *c, bool lint, struct gsp_error *err)
{
    const struct nvmem_channel_config config = {
        .name = c->name,
        .work = NVMEM_WORK_COMPUTE,
        .lint = lint,
    };

    return nvmem_channel_create(c->dev, &config, &c->channel, err);
}

static void
drop(struct nvmem_compute *c)
{
    if (c->ring_cpu)
        nvmem_buffer_unmap(c->ring);
    nvmem_buffer_unref(c->ring, NULL);
    nvmem_buffer_unref(c->local, NULL);
    gsp_host_free(c->host, c);
}

int
nvmem_compute_create(struct nvmem_device *dev, const struct nvmem_compute_config *config,
                     struct nvmem_compute **compute_out, struct gsp_error *err)
{
    const struct gsp_host *host = nvmem_device_host(dev);
    struct nvmem_compute *c = gsp_host_alloc(host, sizeof(*c));
    uint32_t ring = config->ring_bytes ? config->ring_bytes : RING_BYTES;
    int rc;

    *compute_out = NULL;
    if (!c)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "compute: out of memory");
    c->dev = dev;
    c->host = host;
    c->stack_bytes = config->stack_bytes ? config->stack_bytes : STACK_BYTES;
    snprintf(c->name, sizeof(c->name), "%s", config->name ? config->name : "compute");
    rc = ask_card(c, err);
    if (rc == 0)
        rc = open_ring(c, ring < RING_MIN ? RING_MIN : ring, err);
    if (rc == 0)
        rc = open_channel(c, config->lint, err);
    if (rc < 0) {
        drop(c);
        return rc;
    }
    nvmem_compute_fault_open(c);
    *compute_out = c;
    return 0;
}

int
nvmem_compute_destroy(struct nvmem_compute *c, struct gsp_error *err)
{
    int rc;

    if (!c)
        return 0;
    if (c->modules)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EBUSY, "%s: %u modules are loaded", c->name,
                        c->modules);
    nvmem_compute_fault_close(c);
    rc = nvmem_channel_destroy(c->channel, err);
    if (rc < 0)
        return rc;
    drop(c);
    return 0;
}

void
nvmem_compute_kill(struct nvmem_compute *c)
{
    nvmem_compute_fault_close(c);
    if (c->channel)
        nvmem_channel_kill(c->channel);
    c->channel = NULL;
    c->flight_count = 0;
}

const struct nvmem_compute_limits *
nvmem_compute_limits(const struct nvmem_compute *c)
{
    return &c->limits;
}

struct nvmem_channel *
nvmem_compute_channel(const struct nvmem_compute *c)
{
    return c->channel;
}

struct nvmem_device *
nvmem_compute_device(const struct nvmem_compute *c)
{
    return c->dev;
}
