/* SPDX-License-Identifier: MIT */
/*
 * The recorder: each operation timed, passed on, told.
 */
#include <gsp/bus_record.h>

#include <errno.h>

struct recorder {
    struct gsp_bus base;
    struct gsp_bus_ops ops; /* the same operations as the bus behind has */
    struct gsp_bus_record_config config;
};

static struct recorder *
from_bus(struct gsp_bus *bus)
{
    return (struct recorder *)bus;
}

static struct gsp_bus_access
begin(const struct recorder *r, enum gsp_bus_operation operation)
{
    return (struct gsp_bus_access){.operation = operation,
                                   .start_ns = gsp_host_now_ns(r->config.host)};
}

static void
tell(const struct recorder *r, struct gsp_bus_access *a)
{
    a->end_ns = gsp_host_now_ns(r->config.host);
    r->config.access(r->config.ctx, a);
}

static int
record_config_read(struct gsp_bus *bus, uint32_t offset, uint32_t width, uint32_t *value_out)
{
    struct recorder *r = from_bus(bus);
    struct gsp_bus_access a = begin(r, GSP_BUS_CONFIG_READ);

    a.at = offset;
    a.width = width;
    a.rc = r->config.bus->ops->config_read(r->config.bus, offset, width, value_out);
    a.value = a.rc == 0 ? *value_out : 0;
    tell(r, &a);
    return a.rc;
}

static int
record_config_write(struct gsp_bus *bus, uint32_t offset, uint32_t width, uint32_t value)
{
    struct recorder *r = from_bus(bus);
    struct gsp_bus_access a = begin(r, GSP_BUS_CONFIG_WRITE);

    a.at = offset;
    a.width = width;
    a.value = value;
    a.rc = r->config.bus->ops->config_write(r->config.bus, offset, width, value);
    tell(r, &a);
    return a.rc;
}

static uint32_t
record_rd32(struct gsp_bus *bus, unsigned bar, uint64_t bar_off)
{
    struct recorder *r = from_bus(bus);
    struct gsp_bus_access a = begin(r, GSP_BUS_RD32);

    a.bar = bar;
    a.at = bar_off;
    a.width = 4;
    a.value = r->config.bus->ops->rd32(r->config.bus, bar, bar_off);
    tell(r, &a);
    return (uint32_t)a.value;
}

static void
record_wr32(struct gsp_bus *bus, unsigned bar, uint64_t bar_off, uint32_t value)
{
    struct recorder *r = from_bus(bus);
    struct gsp_bus_access a = begin(r, GSP_BUS_WR32);

    a.bar = bar;
    a.at = bar_off;
    a.width = 4;
    a.value = value;
    r->config.bus->ops->wr32(r->config.bus, bar, bar_off, value);
    tell(r, &a);
}

static void
record_rd_block(struct gsp_bus *bus, unsigned bar, uint64_t bar_off, uint32_t *words_out,
                size_t words)
{
    struct recorder *r = from_bus(bus);
    struct gsp_bus_access a = begin(r, GSP_BUS_RD_BLOCK);

    a.bar = bar;
    a.at = bar_off;
    a.width = 4;
    a.value = words;
    r->config.bus->ops->rd_block(r->config.bus, bar, bar_off, words_out, words);
    tell(r, &a);
}

static int
record_dma_alloc(struct gsp_bus *bus, size_t bytes, struct gsp_dma *dma_out)
{
    struct recorder *r = from_bus(bus);
    struct gsp_bus_access a = begin(r, GSP_BUS_DMA_ALLOC);

    a.value = bytes;
    a.rc = r->config.bus->ops->dma_alloc(r->config.bus, bytes, dma_out);
    a.at = a.rc == 0 ? dma_out->bus_addr : 0;
    tell(r, &a);
    return a.rc;
}

static void
record_dma_free(struct gsp_bus *bus, struct gsp_dma *dma)
{
    struct recorder *r = from_bus(bus);
    struct gsp_bus_access a = begin(r, GSP_BUS_DMA_FREE);

    a.at = dma->bus_addr;
    a.value = dma->bytes;
    r->config.bus->ops->dma_free(r->config.bus, dma);
    tell(r, &a);
}

static int
record_irq_wait(struct gsp_bus *bus, uint64_t timeout_ns)
{
    struct recorder *r = from_bus(bus);
    struct gsp_bus_access a = begin(r, GSP_BUS_IRQ_WAIT);

    a.at = timeout_ns;
    a.rc = r->config.bus->ops->irq_wait(r->config.bus, timeout_ns);
    tell(r, &a);
    return a.rc;
}

static int
record_reset(struct gsp_bus *bus)
{
    struct recorder *r = from_bus(bus);
    struct gsp_bus_access a = begin(r, GSP_BUS_RESET);

    a.rc = r->config.bus->ops->reset(r->config.bus);
    tell(r, &a);
    return a.rc;
}

static const char *
record_gone(struct gsp_bus *bus)
{
    struct recorder *r = (struct recorder *)bus;

    return r->config.bus->ops->gone(r->config.bus);
}

static int
record_direct_start(struct gsp_bus *bus, uint64_t libos_args)
{
    struct recorder *r = from_bus(bus);
    struct gsp_bus_access a = begin(r, GSP_BUS_DIRECT_START);

    a.at = libos_args;
    a.rc = r->config.bus->ops->direct_start(r->config.bus, libos_args);
    tell(r, &a);
    return a.rc;
}

static void
record_close(struct gsp_bus *bus)
{
    struct recorder *r = from_bus(bus);

    r->config.bus->ops->close(r->config.bus);
    gsp_host_free(r->config.host, r);
}

int
gsp_bus_record(const struct gsp_bus_record_config *config, struct gsp_bus **bus_out,
               struct gsp_error *err)
{
    const struct gsp_bus_ops *behind = config->bus->ops;
    struct recorder *r = gsp_host_alloc(config->host, sizeof(*r));

    if (!r)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory for a recorder");
    r->config = *config;
    r->ops = (struct gsp_bus_ops){
        .name = behind->name,
        .polled = behind->polled,
        .config_read = record_config_read,
        .config_write = record_config_write,
        .rd32 = record_rd32,
        .wr32 = record_wr32,
        .rd_block = behind->rd_block ? record_rd_block : NULL,
        .dma_alloc = record_dma_alloc,
        .dma_free = record_dma_free,
        .irq_wait = record_irq_wait,
        .gone = behind->gone ? record_gone : NULL,
        .reset = behind->reset ? record_reset : NULL,
        .direct_start = behind->direct_start ? record_direct_start : NULL,
        .close = record_close,
    };
    r->base = (struct gsp_bus){.ops = &r->ops, .bdf = config->bus->bdf};
    *bus_out = &r->base;
    return 0;
}

const char *
gsp_bus_operation_name(enum gsp_bus_operation operation)
{
    static const char *const names[] = {"config_read", "config_write", "rd32",     "wr32",
                                        "rd_block",    "dma_alloc",    "dma_free", "irq_wait",
                                        "reset",       "direct_start"};

    return (unsigned)operation < sizeof(names) / sizeof(names[0]) ? names[operation] : "?";
}
