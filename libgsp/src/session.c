/* SPDX-License-Identifier: MIT */
/*
 * The gsp backend's life: memory, queues, init RPCs, start, service, unload.
 */
#include <errno.h>
#include <string.h>

#include <gsp/crash.h>
#include <nvrm/regs.h>

#include "session_priv.h"
#include "wire_facts_priv.h"

#define SUSPENDED 0x80000000u /* MAILBOX0 when GSP-RM has unloaded */

enum { MS = 1000000, CRASH_BYTES = 4096, HEARTBEAT_MS = 5200 };
static const uint64_t link_timeout_ns = UINT64_C(4000) * MS;
static const uint64_t init_timeout_ns = UINT64_C(30000) * MS; /* a cold start takes seconds */
static const uint64_t suspend_timeout_ns = UINT64_C(1000) * MS;

static uint32_t
rd(struct gsp_rm *rm, uint32_t bar_off)
{
    return rm->config.bus->ops->rd32(rm->config.bus, 0, bar_off);
}

static void
wr(struct gsp_rm *rm, uint32_t bar_off, uint32_t value)
{
    rm->config.bus->ops->wr32(rm->config.bus, 0, bar_off, value);
}

/* The queue's notifications. */

static void
ring_doorbell(void *ctx)
{
    struct gsp_rm *rm = ctx;

    if (rm->started)
        wr(rm, NV_PGSP_QUEUE_HEAD(0), 0);
}

/* Why GSP-RM may not be answering. */
/* What the core reported before it stopped; "" when it had no time to. */
static void
crash_text(struct gsp_rm *rm, char *text, size_t bytes)
{
    uint8_t packets[CRASH_BYTES];
    struct gsp_fw_source src = {.name = "crash report", .data = packets};
    struct gsp_crash_report report;
    size_t used;
    uint64_t off = 0;

    text[0] = '\0';
    if (gsp_crash_fetch(rm->config.bus, NV_PGSP__BASE, &rm->crash, packets, sizeof(packets),
                        &used, NULL) < 0)
        return;
    src.bytes = used;
    if (gsp_crash_report_next(&src, &off, &report, NULL) == 0)
        gsp_crash_line_text(&report, text, bytes);
}

/* The card's clock in ms, as heartbeats count it: 32 bits of it. */
static uint32_t
gpu_ms(struct gsp_rm *rm)
{
    uint32_t high, low;

    do {
        high = rd(rm, NV_PTIMER_TIME_1);
        low = rd(rm, NV_PTIMER_TIME_0);
    } while (high != rd(rm, NV_PTIMER_TIME_1));
    return (uint32_t)(((uint64_t)high << 32 | low) / MS);
}

/* Alive and stuck: _kgspIsHeartbeatTimedOut of 595. */
static int
check_heartbeats(struct gsp_rm *rm, struct gsp_error *err)
{
    static const char *const whose[] = {"GSP-RM", "libos"};

    for (unsigned i = 0; i < 2 && gsp_wire_facts_at(rm->base.abi).heartbeat; i++) {
        const uint32_t beat = rd(rm, NV_PGSP_MAILBOX(i));
        const int32_t late_ms = (int32_t)(gpu_ms(rm) - beat);
        int rc;

        if (!beat || late_ms <= HEARTBEAT_MS)
            continue;
        rc = gsp_fail(err, GSP_ORIGIN_LOST, -ENODEV,
                      "GSP-RM hangs: the last heartbeat of %s was %d ms ago, the limit is %d",
                      whose[i], (int)late_ms, HEARTBEAT_MS);
        gsp_hint(err, "the card needs a function-level reset");
        return rc;
    }
    return 0;
}

/* The core itself has stopped, where a register says so. */
static int
check_core(struct gsp_rm *rm, struct gsp_error *err)
{
    const bool known = rm->riscv_cpuctl && !rm->suspended;
    const uint32_t cpuctl = known ? rd(rm, rm->riscv_cpuctl) : 0;
    int rc;

    if (!NVRM_GET(cpuctl, NV_PRISCV_RISCV_CPUCTL_HALTED))
        return 0;
    rc =
        gsp_fail(err, GSP_ORIGIN_LOST, -ENODEV,
                 "GSP-RM is gone: its core is halted and left no report (CPUCTL 0x%x)", cpuctl);
    gsp_hint(err, "the card needs a function-level reset");
    return rc;
}

int
gsprm_fail_lost(struct gsp_bus *bus, struct gsp_error *err)
{
    const char *peer = bus->ops->gone ? bus->ops->gone(bus) : NULL;
    int rc;

    if (peer) {
        rc = gsp_fail(err, GSP_ORIGIN_LOST, -ENODEV, "%s is gone: it closed the connection",
                      peer);
        gsp_hint(err, "start nvrm-emu again: its card begins as after a reset");
        return rc;
    }
    rc = gsp_fail(err, GSP_ORIGIN_LOST, -ENODEV,
                  "the GPU has fallen off the bus: registers read 0xffffffff (Xid 79)");
    gsp_hint(err, "reseat or power-cycle the card; a bus reset will not bring it back");
    return rc;
}

static int
check_health(void *ctx, struct gsp_error *err)
{
    struct gsp_rm *rm = ctx;
    char text[120];
    int rc;

    if (rd(rm, NV_PMC_BOOT_0) == 0xffffffff)
        return gsprm_fail_lost(rm->config.bus, err);
    if (NVRM_GET(rd(rm, NV_PGSP__BASE + NV_PFALCON_FALCON_IRQSTAT),
                 NV_PFALCON_FALCON_IRQSTAT_HALT)) {
        crash_text(rm, text, sizeof(text));
        rc = gsp_fail(err, GSP_ORIGIN_LOST, -ENODEV,
                      "GSP-RM has crashed: its core is halted (Xid 119/120)%s%s",
                      text[0] ? ": " : "", text);
        gsp_hint(err, "the card needs a function-level reset");
        return rc;
    }
    rc = check_core(rm, err);
    return rc < 0 ? rc : check_heartbeats(rm, err);
}

/* Opening */

static int
open_queue(struct gsp_rm *rm, struct gsp_error *err)
{
    const struct gsp_msgq_config config = {
        .block = rm->block.cpu,
        .end = GSP_MSGQ_CPU,
        .geometry = rm->geometry,
        .host = rm->config.host,
        .kick = ring_doorbell,
        .sleep = gsprm_irq_sleep,
        .ctx = rm,
        .spin_ns = 20000,
    };
    const struct gsp_rpc_config rpc = {
        .host = rm->config.host,
        .abi = rm->base.abi,
        .timeout_ns = rm->config.timeout_ns,
        .health = check_health,
        .ctx = rm,
        .tap = rm->config.tap,
    };
    struct gsp_rpc_config with_queue = rpc;
    int rc = gsp_msgq_create(&config, &rm->queue, err);

    if (rc < 0)
        return rc;
    with_queue.queue = rm->queue;
    return gsp_rpc_create(&with_queue, &rm->rpc, err);
}

static int
start(struct gsp_rm *rm, struct gsp_error *err)
{
    struct gsp_bus *bus = rm->config.bus;
    int rc;

    if (!bus->ops->direct_start) {
        rc = gsp_fail(err, GSP_ORIGIN_TRANSPORT, -EOPNOTSUPP,
                      "bus %s needs the boot chain to start GSP-RM", bus->ops->name);
        gsp_hint(err, "only emulated cards start directly");
        return rc;
    }
    rc = bus->ops->direct_start(bus, rm->libos.bus_addr);
    if (rc < 0)
        return gsp_fail(err, GSP_ORIGIN_TRANSPORT, rc, "GSP-RM of %s did not start: %s",
                        nvrm_release_name(rm->base.abi.schema, rm->base.abi.release),
                        strerrordesc_np(-rc));
    rm->started = true;
    return 0;
}

static int
link_status_queue(struct gsp_rm *rm, struct gsp_error *err)
{
    const uint64_t deadline_ns = gsp_host_now_ns(rm->config.host) + link_timeout_ns;
    int rc;

    while ((rc = gsp_msgq_link(rm->queue, err)) < 0) {
        int health = check_health(rm, err);

        if (health < 0)
            return health;
        if (gsp_host_now_ns(rm->config.host) >= deadline_ns)
            return rc == -EAGAIN ? gsp_fail(err, GSP_ORIGIN_PROTOCOL, -ETIMEDOUT,
                                            "GSP-RM did not set up its status queue in 4 s")
                                 : rc;
        gsp_host_sleep_ns(rm->config.host, MS);
    }
    return 0;
}

static int
wait_init_done(struct gsp_rm *rm, struct gsp_error *err)
{
    const uint64_t timeout_ns = rm->config.timeout_ns ? rm->config.timeout_ns : init_timeout_ns;
    uint32_t result = 0;
    int rc = gsp_rpc_wait_event(rm->rpc, GSP_RPC_INIT_DONE, timeout_ns, &result, err);

    if (rc < 0)
        return rc;
    return result ? gsp_fail_rm(err, rm->base.abi, "GSP_INIT_DONE", result) : 0;
}

static int
set_up(struct gsp_rm *rm, struct gsp_error *err)
{
    int rc = gsp_msgq_geometry_at(rm->base.abi, &rm->geometry, err);

    if (rc == 0)
        rc = gsprm_find_layouts(rm->base.abi, &rm->layouts, err);
    if (rc == 0)
        rc = gsprm_alloc_memory(rm, err);
    if (rc == 0)
        rc = open_queue(rm, err);
    return rc < 0 ? rc : gsprm_fill_args(rm, err);
}

int
gsprm_post_init(struct gsp_rm *rm, struct gsp_error *err)
{
    int rc = gsprm_post_system_info(rm, err);

    return rc < 0 ? rc : gsprm_post_registry(rm, err);
}

int
gsprm_link(struct gsp_rm *rm, struct gsp_error *err)
{
    return gsp_msgq_link(rm->queue, err);
}

int
gsprm_check_health(struct gsp_rm *rm, struct gsp_error *err)
{
    return check_health(rm, err);
}

static int
bring_up(struct gsp_rm *rm, struct gsp_error *err)
{
    int rc = gsprm_post_init(rm, err);

    if (rc == 0)
        rc = start(rm, err);
    if (rc == 0)
        rc = link_status_queue(rm, err);
    if (rc == 0)
        rc = wait_init_done(rm, err);
    if (rc == 0)
        rc = gsprm_fetch_static_info(rm, err);
    return rc;
}

void
gsprm_destroy(struct gsp_rm *rm)
{
    if (!rm)
        return;
    gsp_rpc_destroy(rm->rpc);
    gsp_msgq_destroy(rm->queue);
    gsprm_free_memory(rm);
    gsp_host_free(rm->config.host, rm->static_info);
    gsp_host_free(rm->config.host, rm);
}

/* Ask GSP-RM to go. When it does not, reset the card: the memory is about to be freed. */
static void
stop(struct gsp_rm *rm)
{
    struct gsp_bus *bus = rm->config.bus;
    uint64_t deadline_ns;

    if (!rm->started)
        return;
    gsprm_irq_disarm(rm);
    if (!rm->dead && check_health(rm, NULL) == 0 && gsprm_unload(rm, 0, NULL) == 0) {
        deadline_ns = gsp_host_now_ns(rm->config.host) + suspend_timeout_ns;
        do {
            if (rd(rm, NV_PGSP_FALCON_MAILBOX0) & SUSPENDED)
                return;
            gsp_host_sleep_ns(rm->config.host, MS);
        } while (gsp_host_now_ns(rm->config.host) < deadline_ns);
    }
    gsp_host_log(rm->config.host, GSP_LOG_WARN, "GSP-RM did not unload; resetting the card");
    if (bus->ops->reset && bus->ops->reset(bus) < 0)
        gsp_host_log(rm->config.host, GSP_LOG_WARN, "bus %s cannot reset", bus->ops->name);
}

static void
close_session(struct gsp_backend *b)
{
    struct gsp_rm *rm = (struct gsp_rm *)b;

    if (rm->on_close) {
        rm->on_close(rm->on_close_ctx);
        return;
    }
    stop(rm);
    gsprm_destroy(rm);
}

static int
event_next(struct gsp_backend *b, struct gsp_event *event_out, uint64_t timeout_ns,
           struct gsp_error *err)
{
    struct gsp_rm *rm = (struct gsp_rm *)b;

    if (timeout_ns)
        gsprm_irq_arm(rm);
    return gsp_rpc_event_next(rm->rpc, event_out, timeout_ns, err);
}

static const struct gsp_backend_ops gsprm_ops = {
    .name = "gsp",
    .alloc = gsprm_alloc,
    .control = gsprm_control,
    .free = gsprm_free,
    .dup = gsprm_dup,
    .rpc = gsprm_rpc,
    .event_next = event_next,
    .close = close_session,
};

int
gsprm_create(const struct gsp_rm_config *config, struct gsp_rm **rm_out, struct gsp_error *err)
{
    struct gsp_rm *rm = gsp_host_alloc(config->host, sizeof(*rm));
    uint32_t boot_42;
    int rc;

    if (!rm)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for a session");
    rm->base.ops = &gsprm_ops;
    rm->base.abi = config->abi;
    rm->config = *config;
    boot_42 = rd(rm, NV_PMC_BOOT_42);
    rm->chip_arch = NVRM_GET(boot_42, NV_PMC_BOOT_42_ARCHITECTURE);
    rm->libos2 = rm->chip_arch < NV_PMC_BOOT_42_ARCHITECTURE_GA100 ||
                 (rm->chip_arch == NV_PMC_BOOT_42_ARCHITECTURE_GA100 &&
                  !NVRM_GET(boot_42, NV_PMC_BOOT_42_IMPLEMENTATION));
    rc = set_up(rm, err);
    if (rc < 0) {
        gsprm_destroy(rm);
        return rc;
    }
    *rm_out = rm;
    return 0;
}

int
gsp_rm_open(const struct gsp_rm_config *config, struct gsp_backend **backend_out,
            struct gsp_error *err)
{
    struct gsp_rm *rm;
    int rc = gsprm_create(config, &rm, err);

    if (rc < 0)
        return rc;
    rc = bring_up(rm, err);
    if (rc < 0) {
        rm->dead = true;
        stop(rm);
        gsprm_destroy(rm);
        return rc;
    }
    *backend_out = &rm->base;
    return 0;
}

struct gsp_rm *
gsprm_of(struct gsp_backend *b)
{
    while (b->behind)
        b = b->behind;
    return b->ops == &gsprm_ops ? (struct gsp_rm *)b : NULL;
}

int
gsp_rm_crash_fetch(struct gsp_backend *b, uint8_t *out, size_t cap, size_t *bytes_out,
                   struct gsp_error *err)
{
    const struct gsp_rm *rm = gsprm_of(b);

    *bytes_out = 0;
    if (!rm)
        return gsp_fail(err, GSP_ORIGIN_TRANSPORT, -EOPNOTSUPP, "backend %s shows no registers",
                        b->ops->name);
    return gsp_crash_fetch(rm->config.bus, NV_PGSP__BASE, &rm->crash, out, cap, bytes_out, err);
}

unsigned
gsp_rm_history(struct gsp_backend *b, struct gsp_rpc_record *records_out, unsigned max)
{
    const struct gsp_rm *rm = gsprm_of(b);

    return rm ? gsp_rpc_history(rm->rpc, records_out, max) : 0;
}

const void *
gsp_rm_static_info(struct gsp_backend *b, size_t *bytes_out)
{
    const struct gsp_rm *rm = gsprm_of(b);

    *bytes_out = rm ? rm->static_info_bytes : 0;
    return *bytes_out ? rm->static_info : NULL;
}
