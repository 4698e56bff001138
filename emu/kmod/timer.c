/* SPDX-License-Identifier: MIT */
/*
 * Pairs of CPU and GPU time, which the module takes itself unless those of the GSP are asked
 * for (subdevice_ctrl_timer_kernel.c).
 */
#include <string.h>
#include <time.h>

#include "kmod_priv.h"
#include "status.h"

enum { SAMPLES_MAX = 16, SOURCE = 15, PROCESSOR_SHIFT = 4, CPU = 0, GSP = 1 };

static uint64_t
clock_ns(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Microseconds since 1970. */
static uint64_t
os_time(void)
{
    return clock_ns(CLOCK_REALTIME) / 1000;
}

static uint64_t
platform_time(void)
{
    return clock_ns(CLOCK_MONOTONIC_RAW);
}

static uint64_t
counter(void)
{
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
    uint64_t ticks;

    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
#else
    return platform_time();
#endif
}

/* The platform's clock is read once, whatever number of samples is asked for. */
static uint32_t
take_samples(const struct kmod_card *card, const struct emu_wire *p)
{
    static const struct {
        const char *name;
        uint64_t (*read)(void);
        bool once;
    } clocks[] = {
        {"OSTIME",       os_time,       false},
        {"TSC",          counter,       false},
        {"PLATFORM_API", platform_time, true },
    };
    const uint64_t source = emu_get(p, "cpuClkId") & SOURCE;

    for (size_t i = 0; i < sizeof(clocks) / sizeof(*clocks); i++) {
        char name[80] = "NV2080_TIMER_GPU_CPU_TIME_CPU_CLK_ID_";
        const uint64_t count = clocks[i].once ? 1 : emu_get(p, "sampleCount");

        if (emu_constant(p->abi, strcat(name, clocks[i].name), UINT64_MAX) != source)
            continue;
        for (unsigned n = 0; n < count; n++) {
            emu_set(p, clocks[i].read(), "samples[%u].cpuTime", n);
            emu_set(p, emu_now_ns() - card->gpu->regs.reset_ns, "samples[%u].gpuTime", n);
        }
        return NV_OK;
    }
    return NV_ERR_NOT_SUPPORTED;
}

bool
kmod_timer_control(struct kmod_card *card, uint32_t cmd, struct kmod_params *params,
                   uint32_t *status_out)
{
    const struct nvrm_control *row = nvrm_control_by_id(params->abi, cmd);
    struct emu_wire p = {.abi = params->abi, .data = params->data, .bytes = params->bytes};

    if (!row || strcmp(nvrm_str(p.abi.schema, row->name),
                       "NV2080_CTRL_CMD_TIMER_GET_GPU_CPU_TIME_CORRELATION_INFO"))
        return false;
    p.layout = nvrm_struct_at(p.abi, row->params);
    if (!p.layout || emu_get(&p, "sampleCount") > SAMPLES_MAX)
        *status_out = NV_ERR_INVALID_ARGUMENT;
    else if (emu_get(&p, "cpuClkId") >> PROCESSOR_SHIFT == GSP)
        return false;
    else if (emu_get(&p, "cpuClkId") >> PROCESSOR_SHIFT != CPU)
        *status_out = NV_ERR_INVALID_ARGUMENT;
    else
        *status_out = take_samples(card, &p);
    return true;
}
