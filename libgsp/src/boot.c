/* SPDX-License-Identifier: MIT */
/*
 * Runs a family's list of states, reports on each, and undoes what was done when one fails.
 * Register access goes through here, so that a report can say what was touched.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "boot_priv.h"

enum { POLL_NS = 20000, NS_PER_MS = 1000000, HEARTBEAT_MS = 5200 };

/* Registers */

static void
note(struct gsp_boot *b, uint32_t off)
{
    struct gsp_boot_report *r = &b->report;

    for (unsigned i = 0; i < r->touched_count; i++)
        if (r->touched[i] == off)
            return;
    if (r->touched_count < GSP_BOOT_TOUCHED_MAX)
        r->touched[r->touched_count++] = off;
}

uint32_t
boot_rd(struct gsp_boot *b, uint32_t off)
{
    b->report.reads++;
    note(b, off);
    return b->bus->ops->rd32(b->bus, 0, off);
}

void
boot_wr(struct gsp_boot *b, uint32_t off, uint32_t value)
{
    b->report.writes++;
    note(b, off);
    b->bus->ops->wr32(b->bus, 0, off, value);
}

uint64_t
boot_now_ns(const struct gsp_boot *b)
{
    return gsp_host_now_ns(b->host);
}

bool
boot_is_late(const struct gsp_boot *b)
{
    return boot_now_ns(b) >= b->deadline_ns;
}

int
boot_fail_reg(struct gsp_boot *b, uint32_t off, int rc, const char *what, struct gsp_error *err)
{
    const uint32_t value = boot_rd(b, off);
    char name[96];

    if (value == 0xffffffff && boot_rd(b, NV_PMC_BOOT_0) == 0xffffffff)
        return gsprm_fail_lost(b->bus, err);
    nvrm_reg_name(off, name, sizeof(name));
    return gsp_fail(err, GSP_ORIGIN_PROTOCOL, rc, "%s: %s (0x%06x) reads 0x%08x", what, name,
                    off, value);
}

/* Emulated cards answer at once, so the first looks do not sleep. */
int
boot_poll(struct gsp_boot *b, uint32_t off, uint32_t mask, uint32_t want, const char *what,
          struct gsp_error *err)
{
    for (unsigned tries = 0;; tries++) {
        const bool late = boot_is_late(b);
        const uint32_t value = boot_rd(b, off);

        if ((value & mask) == want && value != 0xffffffff)
            return 0;
        if (value == 0xffffffff && boot_rd(b, NV_PMC_BOOT_0) == 0xffffffff)
            return gsprm_fail_lost(b->bus, err);
        if (late)
            return boot_fail_reg(b, off, -ETIMEDOUT, what, err);
        if (tries > 8)
            gsp_host_sleep_ns(b->host, POLL_NS);
    }
}

/* Memory */

int
boot_dma(struct gsp_boot *b, uint64_t bytes, struct gsp_dma *out, struct gsp_error *err)
{
    const uint64_t whole = (bytes + 0xfff) & ~UINT64_C(0xfff);
    int rc = whole < bytes || whole > SIZE_MAX
                 ? -ENOMEM
                 : b->bus->ops->dma_alloc(b->bus, (size_t)whole, out);

    if (rc < 0)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, rc, "no %llu bytes of system memory on bus %s",
                        (unsigned long long)bytes, b->bus->ops->name);
    if ((out->bus_addr + out->bytes - 1) >> boot_address_bits(b->family)) {
        rc = gsp_fail(err, GSP_ORIGIN_TRANSPORT, -ERANGE,
                      "bus %s gave memory at 0x%llx; the card addresses %u bits",
                      b->bus->ops->name, (unsigned long long)out->bus_addr,
                      boot_address_bits(b->family));
        boot_dma_free(b, out);
        return rc;
    }
    return 0;
}

int
boot_dma_copy(struct gsp_boot *b, const void *data, uint64_t bytes, struct gsp_dma *out,
              struct gsp_error *err)
{
    int rc = boot_dma(b, bytes, out, err);

    if (rc == 0)
        memcpy(out->cpu, data, (size_t)bytes);
    return rc;
}

void
boot_dma_free(struct gsp_boot *b, struct gsp_dma *dma)
{
    if (dma->cpu)
        b->bus->ops->dma_free(b->bus, dma);
    *dma = (struct gsp_dma){0};
}

static void
free_all(struct gsp_boot *b)
{
    struct gsp_dma *all[] = {&b->flush,     &b->sr_heap,    &b->sr_meta, &b->sr_data,
                             &b->frts,      &b->fmc_params, &b->fmc,     &b->wpr_meta,
                             &b->signature, &b->bootloader, &b->radix3};

    gsprm_destroy(b->rm);
    b->rm = NULL;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        boot_dma_free(b, all[i]);
    gsp_host_free(b->host, b->vbios);
    gsp_host_free(b->host, b->rom);
    b->vbios = NULL;
    b->rom = NULL;
    b->has_fwsec = false;
}

/* Without bus mastering the card cannot reach our memory, whether the reset works or not. */
static void
stop_dma(struct gsp_boot *b)
{
    uint32_t command = 0;

    if (b->bus->ops->config_read(b->bus, BOOT_PCI_COMMAND, 4, &command) == 0)
        (void)b->bus->ops->config_write(b->bus, BOOT_PCI_COMMAND, 2,
                                        command & 0xffff & ~(uint32_t)BOOT_PCI_MASTER);
}

/* The card may still read our memory: it is stopped and reset before the memory goes. */
static void
rewind_boot(struct gsp_boot *b)
{
    if (b->touched)
        stop_dma(b);
    if (b->touched && (!b->bus->ops->reset || b->bus->ops->reset(b->bus) < 0))
        gsp_host_log(b->host, GSP_LOG_WARN, "bus %s cannot reset the card", b->bus->ops->name);
    b->touched = false;
    free_all(b);
    b->next = 0;
    b->unloaded = b->suspended = b->sr_client = false;
}

/* States */

const struct gsp_boot_state *
gsp_boot_state_at(enum gsp_fw_family family, unsigned i)
{
    const struct boot_chip *chip = boot_chip_of(family);

    return chip && i < chip->state_count ? &chip->states[i].pub : NULL;
}

const struct gsp_boot_state *
gsp_boot_next(const struct gsp_boot *b)
{
    return gsp_boot_state_at(b->family, b->next);
}

enum gsp_fw_family
gsp_boot_family(const struct gsp_boot *b)
{
    return b->family;
}

/* What failed is told with the state's name in front. */
static void
name_state(const struct gsp_boot_state *state, struct gsp_error *err)
{
    char text[sizeof(err->text)];

    memcpy(text, err->text, sizeof(text));
    text[sizeof(text) - 1] = '\0';
    snprintf(err->text, sizeof(err->text), "boot state %s: %.*s", state->name,
             (int)(sizeof(text) - 40), text);
    if (!err->hint[0] && err->rc != -ETIMEDOUT && err->rc != -ENODEV)
        gsp_hint(err, "the card was reset and can be booted again; boot plan says what the "
                      "state is for");
}

/* Whatever a state makes of a card that reads all ones: the card is lost. */
static int
explain(struct gsp_boot *b, const struct boot_state *s, int rc, struct gsp_error *err)
{
    if (rc != -ENODEV && boot_rd(b, NV_PMC_BOOT_0) == 0xffffffff)
        rc = gsprm_fail_lost(b->bus, err);
    name_state(&s->pub, err);
    return rc;
}

static void
start_report(struct gsp_boot *b, const struct boot_state *s)
{
    const uint64_t own_ns = s->pub.deadline_ms * UINT64_C(1000000);
    const uint64_t most_ns = b->config.rm.timeout_ns;
    const uint64_t ns = most_ns && most_ns < own_ns ? most_ns : own_ns;

    b->report = (struct gsp_boot_report){.state = &s->pub,
                                         .index = b->next,
                                         .count = b->chip->state_count,
                                         .start_ns = boot_now_ns(b)};
    b->deadline_ns = b->report.start_ns + ns;
}

/* *err is filled when it fails, and told to the observer. */
static int
run_state(struct gsp_boot *b, const struct boot_state *s, struct gsp_error *err)
{
    int rc = s->run(b, err);

    if (rc < 0) {
        rc = explain(b, s, rc, err);
        b->report.err = err;
    }
    b->report.end_ns = boot_now_ns(b);
    b->report.rc = rc;
    if (b->config.observe)
        b->config.observe(b->config.observe_ctx, &b->report);
    b->report.err = NULL;
    return rc;
}

int
gsp_boot_step(struct gsp_boot *b, struct gsp_error *err)
{
    const struct boot_state *s;
    struct gsp_error local = {0};
    int rc;

    if (b->next >= b->chip->state_count)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EALREADY, "GSP-RM is already up");
    s = &b->chip->states[b->next];
    start_report(b, s);
    rc = run_state(b, s, &local);
    if (rc < 0) {
        rewind_boot(b);
        if (err)
            *err = local;
        return rc;
    }
    b->next++;
    return 0;
}

/* One past the state of that name; 0 when there is none. */
static unsigned
find_state(const struct gsp_boot *b, const char *name)
{
    for (unsigned i = 0; i < b->chip->state_count; i++)
        if (!strcmp(b->chip->states[i].pub.name, name))
            return i + 1;
    return 0;
}

int
gsp_boot_run(struct gsp_boot *b, const char *until, struct gsp_error *err)
{
    const unsigned end = until ? find_state(b, until) : b->chip->state_count;
    int rc = 0;

    if (until && !end) {
        rc = gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "family %s has no boot state '%s'",
                      gsp_fw_family_info(b->family)->name, until);
        gsp_hint(err, "boot plan lists the states");
        return rc;
    }
    while (rc == 0 && b->next < end)
        rc = gsp_boot_step(b, err);
    return rc;
}

struct gsp_backend *
gsp_boot_backend(struct gsp_boot *b)
{
    return b->rm && b->next == b->chip->state_count ? &b->rm->base : NULL;
}

/* Life */

static int
choose_chip(struct gsp_boot *b, struct gsp_error *err)
{
    b->boot0 = boot_rd(b, NV_PMC_BOOT_0);
    b->boot42 = boot_rd(b, NV_PMC_BOOT_42);
    if (b->boot0 == 0xffffffff)
        return gsprm_fail_lost(b->bus, err);
    b->family = gsp_fw_family_of(NVRM_GET(b->boot42, NV_PMC_BOOT_42_ARCHITECTURE),
                                 NVRM_GET(b->boot42, NV_PMC_BOOT_42_IMPLEMENTATION));
    b->chip = boot_chip_of(b->family);
    if (!b->chip)
        return gsp_fail(err, GSP_ORIGIN_TRANSPORT, -ENOTSUP,
                        "no boot path for this chip: NV_PMC_BOOT_42 reads 0x%08x", b->boot42);
    return 0;
}

int
gsp_boot_create(const struct gsp_boot_config *config, struct gsp_boot **boot_out,
                struct gsp_error *err)
{
    struct gsp_boot *b = gsp_host_alloc(config->rm.host, sizeof(*b));
    int rc;

    if (!b)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for a boot");
    b->config = *config;
    b->bus = config->rm.bus;
    b->host = config->rm.host;
    rc = choose_chip(b, err);
    if (rc < 0) {
        gsp_host_free(config->rm.host, b);
        return rc;
    }
    *boot_out = b;
    return 0;
}

void
gsp_boot_destroy(struct gsp_boot *b)
{
    const struct gsp_host *host;

    if (!b)
        return;
    host = b->host;
    if (b->rm && b->rm->started && gsp_boot_unload(b, NULL) < 0)
        gsp_host_log(host, GSP_LOG_WARN, "GSP-RM did not unload; resetting the card");
    rewind_boot(b);
    gsp_host_free(host, b);
}

int
boot_run_once(struct gsp_boot *b, const struct boot_state *s, struct gsp_error *err)
{
    struct gsp_error local = {0};
    int rc;

    start_report(b, s);
    b->report.index = 0;
    b->report.count = 1;
    rc = run_state(b, s, &local);
    if (rc < 0 && err)
        *err = local;
    if (rc < 0)
        rewind_boot(b);
    return rc;
}

int
gsp_boot_unload(struct gsp_boot *b, struct gsp_error *err)
{
    static const struct boot_state unload = {
        {"unload", "GSP-RM unloads and the card is put back as it was",
         "kernel_gsp.c kgspUnloadRm, kernel_gsp_tu102.c kgspTeardown", 10000},
        boot_unload_card
    };
    int rc;

    if (!b->rm || !b->rm->started)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -ENOTCONN, "GSP-RM does not run");
    rc = boot_run_once(b, &unload, err);
    if (rc == 0) {
        b->touched = false; /* nothing left that a reset would undo */
        rewind_boot(b);
    }
    return rc;
}

static void
close_boot(void *ctx)
{
    gsp_boot_destroy(ctx);
}

int
gsp_boot_open(const struct gsp_boot_config *config, struct gsp_backend **backend_out,
              struct gsp_error *err)
{
    struct gsp_boot *b = NULL;
    int rc = gsp_boot_create(config, &b, err);

    if (rc < 0 || !b)
        return rc;
    rc = gsp_boot_run(b, NULL, err);
    if (rc < 0) {
        gsp_boot_destroy(b);
        return rc;
    }
    b->rm->on_close = close_boot;
    b->rm->on_close_ctx = b;
    *backend_out = &b->rm->base;
    return 0;
}

/* Status */

static uint64_t
wpr2_address(struct gsp_boot *b, uint32_t reg)
{
    return (uint64_t)NVRM_GET(boot_rd(b, reg), NV_PFB_PRI_MMU_WPR2_ADDR_LO_VAL)
           << NV_PFB_PRI_MMU_WPR2_ADDR_LO_ALIGNMENT;
}

/* The card's clock in ms, as heartbeats count it. */
static uint32_t
gpu_ms(struct gsp_boot *b)
{
    uint32_t high = boot_rd(b, NV_PTIMER_TIME_1), low, again;

    for (;;) {
        low = boot_rd(b, NV_PTIMER_TIME_0);
        again = boot_rd(b, NV_PTIMER_TIME_1);
        if (again == high || again == 0xffffffff)
            return (uint32_t)(((uint64_t)high << 32 | low) / NS_PER_MS);
        high = again;
    }
}

static void
read_heartbeats(struct gsp_boot *b, struct gsp_boot_status *out)
{
    out->gpu_ms = gpu_ms(b);
    for (unsigned i = 0; i < 2; i++) {
        out->heartbeat_ms[i] = boot_rd(b, NV_PGSP_MAILBOX(i));
        if (out->heartbeat_ms[i] && out->riscv_active &&
            (int32_t)(out->gpu_ms - out->heartbeat_ms[i]) > HEARTBEAT_MS)
            out->heartbeat_late = true;
    }
}

int
gsp_boot_status(struct gsp_boot *b, struct gsp_boot_status *out, struct gsp_error *err)
{
    const uint32_t gsp = boot_gsp.base;
    uint32_t hwcfg2;

    *out = (struct gsp_boot_status){.family = b->family, .boot42 = b->boot42};
    if (boot_rd(b, NV_PMC_BOOT_0) == 0xffffffff)
        return gsprm_fail_lost(b->bus, err);
    hwcfg2 = boot_rd(b, gsp + NV_PFALCON_FALCON_HWCFG2);
    out->firmware_ready = boot_is_ready(b);
    out->wpr2_up = boot_wpr2_is_up(b);
    if (out->wpr2_up) {
        out->wpr2_start = wpr2_address(b, b->chip->wpr2_lo);
        out->wpr2_end = wpr2_address(b, b->chip->wpr2_hi);
    }
    out->mailbox0 = boot_rd(b, gsp + NV_PFALCON_FALCON_MAILBOX0);
    out->mailbox1 = boot_rd(b, gsp + NV_PFALCON_FALCON_MAILBOX1);
    out->suspended = out->mailbox0 >> 31;
    out->riscv_active = falcon_riscv_active(b, &boot_gsp);
    out->locked_down = NVRM_GET(hwcfg2, NV_PFALCON_FALCON_HWCFG2_RISCV_BR_PRIV_LOCKDOWN);
    out->halted =
        NVRM_GET(boot_rd(b, gsp + NV_PFALCON_FALCON_IRQSTAT), NV_PFALCON_FALCON_IRQSTAT_HALT);
    read_heartbeats(b, out);
    if (out->firmware_ready && boot_read_vram(b, &out->fb_bytes, NULL) < 0)
        out->fb_bytes = 0;
    return 0;
}
