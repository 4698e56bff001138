/* SPDX-License-Identifier: MIT */
/*
 * The card as a bus: creation, memory, interrupts. Registers, configuration space and GSP-RM
 * are next door.
 *
 * Nothing runs on its own. Every access to the card first lets GSP-RM work off its command
 * queue and put out what waits for room or for its time, so a caller that polls memory alone
 * sees no more than fits into the status queue.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "emu_priv.h"
#include "hw.h"

static struct emu_gpu *
from_bus(struct gsp_bus *bus)
{
    return (struct emu_gpu *)bus;
}

uint64_t
emu_now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void
add_note(struct emu_gpu *gpu, const char *prefix, const char *format, va_list ap)
{
    char *note = gpu->notes[gpu->note_count++ % EMU_NOTES];
    const size_t n = strlen(prefix);

    memcpy(note, prefix, n + 1);
    vsnprintf(note + n, sizeof(gpu->notes[0]) - n, format, ap);
    if (gpu->on_note)
        gpu->on_note(gpu->note_ctx, note);
}

void
emu_note(struct emu_gpu *gpu, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    add_note(gpu, "", format, ap);
    va_end(ap);
}

bool
emu_accepts(struct emu_gpu *gpu, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    add_note(gpu, gpu->lenient ? "accepted: " : "", format, ap);
    va_end(ap);
    return gpu->lenient;
}

const char *
emu_gpu_note_at(const struct emu_gpu *gpu, unsigned i)
{
    const unsigned first = gpu->note_count > EMU_NOTES ? gpu->note_count - EMU_NOTES : 0;

    return first + i < gpu->note_count ? gpu->notes[(first + i) % EMU_NOTES] : NULL;
}

/* Bus operations */

static int
bus_config_read(struct gsp_bus *bus, uint32_t offset, uint32_t width, uint32_t *value_out)
{
    return emu_config_read(from_bus(bus), offset, width, value_out);
}

static int
bus_config_write(struct gsp_bus *bus, uint32_t offset, uint32_t width, uint32_t value)
{
    return emu_config_write(from_bus(bus), offset, width, value);
}

/* Without memory space in the command register nobody answers: reads are all ones. */
static bool
answers(const struct emu_gpu *gpu)
{
    return !gpu->lost && emu_config_memory_space(gpu);
}

static uint32_t
bus_rd32(struct gsp_bus *bus, unsigned bar, uint64_t bar_off)
{
    struct emu_gpu *gpu = from_bus(bus);

    emu_gsp_service(gpu);
    emu_host_service(gpu);
    if (!answers(gpu) || bar_off % 4)
        return UINT32_MAX;
    return bar ? emu_hw_bar_rd32(gpu, bar, bar_off) : emu_reg_rd32(gpu, bar_off);
}

static void
bus_wr32(struct gsp_bus *bus, unsigned bar, uint64_t bar_off, uint32_t value)
{
    struct emu_gpu *gpu = from_bus(bus);

    if (answers(gpu) && bar_off % 4 == 0 && bar)
        emu_hw_bar_wr32(gpu, bar, bar_off, value);
    else if (answers(gpu) && bar_off % 4 == 0)
        emu_reg_wr32(gpu, bar_off, value);
    emu_gsp_service(gpu);
    emu_host_service(gpu);
}

static void *
bus_bar_at(struct gsp_bus *bus, unsigned bar, uint64_t bar_off, uint64_t bytes)
{
    struct emu_gpu *gpu = from_bus(bus);

    return answers(gpu) && bar == 1 ? emu_hw_bar_span(gpu, bar_off, bytes) : NULL;
}

static int
bus_dma_alloc(struct gsp_bus *bus, size_t bytes, struct gsp_dma *dma_out)
{
    struct emu_gpu *gpu = from_bus(bus);
    struct emu_ram_block block;

    if (bytes > SIZE_MAX - EMU_PAGE_BYTES)
        return -ENOMEM;
    bytes = (bytes + EMU_PAGE_BYTES - 1) & ~(size_t)(EMU_PAGE_BYTES - 1);
    if (emu_ram_alloc(&gpu->mem, &gpu->ram, bytes, &block) < 0)
        return -ENOMEM;
    *dma_out =
        (struct gsp_dma){.cpu = block.cpu, .bus_addr = block.bus_addr, .bytes = block.bytes};
    return 0;
}

static void
bus_dma_free(struct gsp_bus *bus, struct gsp_dma *dma)
{
    struct emu_gpu *gpu = from_bus(bus);

    if (!dma->cpu)
        return;
    if (!emu_ram_free(&gpu->mem, &gpu->ram, dma->bus_addr))
        emu_note(gpu, "dma_free of 0x%llx, which is not allocated",
                 (unsigned long long)dma->bus_addr);
    *dma = (struct gsp_dma){0};
}

static void
sleep_until(uint64_t when_ns)
{
    const struct timespec t = {.tv_sec = (time_t)(when_ns / 1000000000u),
                               .tv_nsec = (long)(when_ns % 1000000000u)};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
        ;
}

/* Only a delayed record can end the wait: everything else happens in the caller's own accesses.
 */
static int
bus_irq_wait(struct gsp_bus *bus, uint64_t timeout_ns)
{
    struct emu_gpu *gpu = from_bus(bus);
    const uint64_t now = emu_now_ns();
    const uint64_t deadline = timeout_ns > UINT64_MAX - now ? UINT64_MAX : now + timeout_ns;

    for (;;) {
        uint64_t due;

        emu_gsp_service(gpu);
        emu_host_service(gpu);
        if (gpu->lost)
            return -ENODEV;
        if (!gpu->ram.blocked && emu_hw_take_message(gpu))
            return 0;
        due = emu_gpu_due_ns(gpu);
        if (emu_now_ns() >= deadline)
            return -ETIMEDOUT;
        sleep_until(due < deadline ? due : deadline);
    }
}

static void
reset(struct emu_gpu *gpu)
{
    emu_gsp_stop(gpu);
    emu_config_reset(gpu);
    emu_regs_reset(gpu);
    emu_hw_reset(gpu);
    gpu->lost = false;
}

/* What the host's kernel does for its users: a reset of the function, and a configuration space
 * in which the card can be found again. */
static int
bus_reset(struct gsp_bus *bus)
{
    reset(from_bus(bus));
    return 0;
}

void
emu_gpu_flr(struct emu_gpu *gpu)
{
    reset(gpu);
    emu_config_unassign(gpu);
}

/* The boot chain that this stands for needs memory space and bus mastering. */
static int
bus_direct_start(struct gsp_bus *bus, uint64_t libos_args)
{
    struct emu_gpu *gpu = from_bus(bus);
    uint32_t command = 0;

    emu_config_read(gpu, 4, 2, &command);
    emu_config_write(gpu, 4, 2, command | 6);
    gpu->hw->crash_addr = 0; /* no booter, no WPR meta */
    return emu_gsp_start(gpu, libos_args);
}

static void
bus_close(struct gsp_bus *bus)
{
    (void)bus; /* the card outlives its users: emu_gpu_destroy() */
}

static const struct gsp_bus_ops ops = {
    .name = "emu",
    .config_read = bus_config_read,
    .config_write = bus_config_write,
    .rd32 = bus_rd32,
    .wr32 = bus_wr32,
    .bar_at = bus_bar_at,
    .dma_alloc = bus_dma_alloc,
    .dma_free = bus_dma_free,
    .irq_wait = bus_irq_wait,
    .reset = bus_reset,
    .direct_start = bus_direct_start,
    .close = bus_close,
};

/* Creation */

static void say(char *message, size_t bytes, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void
say(char *message, size_t bytes, const char *format, ...)
{
    va_list ap;

    if (!message || !bytes)
        return;
    va_start(ap, format);
    vsnprintf(message, bytes, format, ap);
    va_end(ap);
}

static const struct emu_card *
choose_card(const struct emu_config *config, char *message, size_t message_bytes)
{
    const char *name = config->chip ? config->chip : "AD102";
    const struct emu_card *card = emu_card_find(name);
    char known[128] = "";

    for (unsigned i = 0; !card && i < emu_card_count; i++)
        snprintf(known + strlen(known), sizeof(known) - strlen(known), " %s",
                 emu_cards[i].pub.name);
    if (!card)
        say(message, message_bytes, "no emulated chip '%s'; there are:%s", name, known);
    return card;
}

/* Firmware of a release supports the chips that its class lists name. */
static int
check_release(const struct emu_config *config, const struct emu_card *card, char *message,
              size_t message_bytes)
{
    const struct nvrm_schema *s = config->abi.schema;
    const char *chip = card->pub.name;

    if (nvrm_chip_classes(config->abi, chip, NULL, 0))
        return 0;
    for (unsigned r = 0; r < nvrm_release_count(s); r++) {
        const struct nvrm_abi abi = {s, (nvrm_release)r};

        if (!nvrm_chip_classes(abi, chip, NULL, 0))
            continue;
        say(message, message_bytes, "GSP-RM %s does not support %s; %s is the first that does",
            nvrm_release_name(s, config->abi.release), chip,
            nvrm_release_name(s, (nvrm_release)r));
        return -ENOTSUP;
    }
    return 0; /* tables without class lists */
}

/* A card like the chip's, with less or more VRAM. */
static int
resize(struct emu_gpu *gpu, uint64_t fb_bytes, char *message, size_t message_bytes)
{
    const uint64_t gib = UINT64_C(1) << 30;

    if (!fb_bytes)
        return 0;
    if (fb_bytes % (64 << 20) || fb_bytes < gib || fb_bytes > 1024 * gib) {
        say(message, message_bytes,
            "%llu bytes of VRAM: a multiple of 64 MiB from 1 GiB to 1 TiB is possible",
            (unsigned long long)fb_bytes);
        return -EINVAL;
    }
    gpu->resized = *gpu->card;
    gpu->resized.pub.fb_bytes = fb_bytes;
    gpu->card = &gpu->resized;
    return 0;
}

int
emu_gpu_create(const struct emu_config *config, struct emu_gpu **gpu_out, char *message,
               size_t message_bytes)
{
    const struct emu_card *card = choose_card(config, message, message_bytes);
    struct emu_mem mem = {config->realloc, config->realloc_ctx};
    struct emu_gpu *gpu;
    int rc;

    if (!card)
        return -ENOENT;
    rc = check_release(config, card, message, message_bytes);
    if (rc < 0)
        return rc;
    gpu = emu_alloc(&mem, sizeof(*gpu));
    if (!gpu)
        return -ENOMEM;
    gpu->bus.ops = &ops;
    gpu->card = card;
    gpu->abi = config->abi;
    gpu->mem = mem;
    gpu->lenient = config->lenient;
    gpu->host.sm_watchdog = config->sm_watchdog;
    gpu->host.sm_threads = config->sm_threads;
    gpu->host.sm_timing = config->sm_timing;
    gpu->on_note = config->on_note;
    gpu->note_ctx = config->note_ctx;
    rc = resize(gpu, config->fb_bytes, message, message_bytes);
    if (rc < 0) {
        emu_free(&mem, gpu);
        return rc;
    }
    emu_config_reset(gpu);
    emu_regs_reset(gpu);
    rc = emu_hw_init(gpu);
    if (rc == 0)
        gpu->hw->key.debug = config->debug_fused;
    if (rc == 0)
        rc = emu_faults_parse(gpu, config->inject, message, message_bytes);
    if (rc == 0) {
        rc = emu_gsp_init(gpu);
        if (rc == -ENOTSUP)
            say(message, message_bytes, "the tables lack the queue headers of this release");
    }
    if (rc < 0) {
        emu_gpu_destroy(gpu);
        return rc;
    }
    *gpu_out = gpu;
    return 0;
}

void
emu_gpu_destroy(struct emu_gpu *gpu)
{
    struct emu_mem mem;

    if (!gpu)
        return;
    mem = gpu->mem;
    if (gpu->gsp.pending_tail)
        emu_gsp_fini(gpu);
    emu_host_fini(gpu);
    emu_hw_fini(gpu);
    emu_ram_fini(&mem, &gpu->ram);
    emu_free(&mem, gpu);
}

int
emu_gpu_inject(struct emu_gpu *gpu, const char *inject, char *message, size_t message_bytes)
{
    return emu_faults_parse(gpu, inject, message, message_bytes);
}

struct gsp_bus *
emu_gpu_bus(struct emu_gpu *gpu)
{
    return &gpu->bus;
}

void
emu_gpu_set_memory(struct emu_gpu *gpu,
                   void *(*lookup)(void *ctx, uint64_t bus_addr, size_t bytes), void *ctx)
{
    gpu->ram.lookup = lookup;
    gpu->ram.lookup_ctx = ctx;
}

uint64_t
emu_gpu_due_ns(struct emu_gpu *gpu)
{
    const uint64_t gsp = emu_gsp_due_ns(gpu), host = emu_host_due_ns(gpu);

    return gsp < host ? gsp : host;
}
