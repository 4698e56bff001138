/* SPDX-License-Identifier: MIT */
/*
 * Regions: any width at any address, on a bus that knows aligned 32-bit words (BARs, ROM) and
 * natural widths (configuration space).
 *
 * A write of less than a word to a BAR reads the word, changes its part and writes it back, as
 * a bridge without byte enables does.
 */
#include <errno.h>
#include <string.h>

#include "device.h"

enum {
    CONFIG_BYTES = 4096,
    ROM_BYTES = 512 << 10,
    PROM_AT = 0x300000, /* the ROM as BAR0 shows it */
    MAILBOX_0 = 0x110040,
    MAILBOX_1 = 0x110044,
};

static uint32_t
config_word(struct gsp_bus *bus, uint32_t offset)
{
    uint32_t value = 0;

    bus->ops->config_read(bus, offset, 4, &value);
    return value;
}

/* All ones written to a BAR come back with the address bits below its size cleared. */
static uint32_t
bar_mask(struct gsp_bus *bus, unsigned bar)
{
    const uint32_t at = 0x10 + 4 * bar, before = config_word(bus, at);
    uint32_t mask;

    bus->ops->config_write(bus, at, 4, UINT32_MAX);
    mask = config_word(bus, at);
    bus->ops->config_write(bus, at, 4, before);
    return mask;
}

void
vu_region_sizes(struct gsp_bus *bus, uint64_t bytes_out[VU_REGIONS])
{
    memset(bytes_out, 0, VU_REGIONS * sizeof(bytes_out[0]));
    bytes_out[VU_REGION_ROM] = ROM_BYTES;
    bytes_out[VU_REGION_CONFIG] = CONFIG_BYTES;
    for (unsigned bar = 0; bar <= VU_REGION_BAR5; bar++) {
        const unsigned first = bar;
        const uint32_t low = bar_mask(bus, bar);
        uint64_t mask = UINT64_C(0xffffffff00000000) | (low & ~0xfu);

        if (!low || low & 1) /* absent, or I/O ports */
            continue;
        if ((low & 6) == 4 && bar < VU_REGION_BAR5)
            mask = (mask & UINT32_MAX) | (uint64_t)bar_mask(bus, ++bar) << 32;
        bytes_out[first] = ~mask + 1;
    }
}

static uint32_t
word_at(struct vu_device *dev, uint32_t region, uint64_t offset)
{
    if (region == VU_REGION_ROM)
        return dev->bus->ops->rd32(dev->bus, 0,
                                   PROM_AT + emu_gpu_rom_offset(dev->gpu) + offset);
    return dev->bus->ops->rd32(dev->bus, region, offset);
}

static void
read_words(struct vu_device *dev, uint32_t region, uint64_t offset, uint8_t *bytes,
           uint32_t count)
{
    while (count) {
        const uint32_t within = (uint32_t)(offset & 3);
        const uint32_t part = count < 4 - within ? count : 4 - within;
        const uint32_t word = word_at(dev, region, offset - within);

        memcpy(bytes, (const uint8_t *)&word + within, part);
        bytes += part;
        offset += part;
        count -= part;
    }
}

/* --preboot: as if booter had put the arguments there and started the core. */
static void
start_gsp(struct vu_device *dev)
{
    struct gsp_bus *bus = dev->bus;
    const uint64_t low = bus->ops->rd32(bus, 0, MAILBOX_0);
    const uint64_t high = bus->ops->rd32(bus, 0, MAILBOX_1);

    if (bus->ops->direct_start)
        bus->ops->direct_start(bus, high << 32 | low);
}

static void
write_words(struct vu_device *dev, uint32_t region, uint64_t offset, const uint8_t *bytes,
            uint32_t count)
{
    while (count) {
        const uint32_t within = (uint32_t)(offset & 3);
        const uint32_t part = count < 4 - within ? count : 4 - within;

        emu_gpu_wr_bytes(dev->gpu, region, offset, bytes, part);
        if (dev->preboot && region == VU_REGION_BAR0 && offset - within == MAILBOX_1)
            start_gsp(dev);
        bytes += part;
        offset += part;
        count -= part;
    }
}

static uint32_t
natural_width(uint64_t offset, uint32_t count)
{
    if (offset % 4 == 0 && count >= 4)
        return 4;
    return offset % 2 == 0 && count >= 2 ? 2 : 1;
}

static int
access_config(struct vu_device *dev, uint32_t offset, uint8_t *read_to,
              const uint8_t *write_from, uint32_t count)
{
    struct gsp_bus *bus = dev->bus;

    for (uint32_t at = 0, width; at < count; at += width) {
        uint32_t value = 0;
        int rc;

        width = natural_width(offset + at, count - at);
        if (read_to) {
            rc = bus->ops->config_read(bus, offset + at, width, &value);
            memcpy(read_to + at, &value, width);
        } else {
            memcpy(&value, write_from + at, width);
            rc = bus->ops->config_write(bus, offset + at, width, value);
        }
        if (rc < 0)
            return rc;
    }
    return 0;
}

static bool
inside(const struct vu_device *dev, uint32_t region, uint64_t offset, uint32_t count)
{
    return region < VU_REGIONS && count && count <= VU_MAX_TRANSFER &&
           offset < dev->region_bytes[region] && count <= dev->region_bytes[region] - offset;
}

int
vu_region_read(struct vu_device *dev, uint32_t region, uint64_t offset, uint8_t *bytes,
               uint32_t count)
{
    if (!inside(dev, region, offset, count))
        return -EINVAL;
    if (region == VU_REGION_CONFIG)
        return access_config(dev, (uint32_t)offset, bytes, NULL, count);
    read_words(dev, region, offset, bytes, count);
    return 0;
}

int
vu_region_write(struct vu_device *dev, uint32_t region, uint64_t offset, const uint8_t *bytes,
                uint32_t count)
{
    if (!inside(dev, region, offset, count))
        return -EINVAL;
    if (region == VU_REGION_ROM)
        return 0; /* read-only memory takes a write and forgets it */
    if (region == VU_REGION_CONFIG)
        return access_config(dev, (uint32_t)offset, NULL, bytes, count);
    write_words(dev, region, offset, bytes, count);
    return 0;
}
