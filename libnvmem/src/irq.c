/* SPDX-License-Identifier: MIT */
/*
 * Non-stall interrupts of an engine, for waits that sleep (direct path).
 *
 * The vector is what RM says. Its leaf and its bit of the top of the function's tree are opened
 * for as long as a channel wants them; a message is a one-off, so after each the leaf is
 * cleared and the tree armed again. Another waiter, or GSP-RM's session, may take a message
 * that was meant for us: nobody sleeps for longer than a slice.
 */
#include <stdio.h>

#include <gsp/codec.h>
#include <nvrm/regs.h>

#include "channel_priv.h"

#define VF(reg)                                                                                \
    (NV_VIRTUAL_FUNCTION_FULL_PHYS_OFFSET__BASE + NV_VIRTUAL_FUNCTION_PRIV_CPU_INTR_##reg)

enum {
    VECTORS_MAX = 512,
    PER_LEAF = 32,
    LEAVES_PER_TOP = 2,
    ARCH_HOPPER = 0x180,
    ARCH_ADA = 0x190
};

static const char control[] = "NV2080_CTRL_CMD_MC_GET_ENGINE_NOTIFICATION_INTR_VECTORS";
static const char params[] = "NV2080_CTRL_MC_GET_ENGINE_NOTIFICATION_INTR_VECTORS_PARAMS";

static uint32_t
field(struct nvrm_abi abi, const struct nvrm_layout *l, const uint8_t *data, const char *name,
      unsigned i)
{
    uint64_t value = 0;
    char path[64];

    snprintf(path, sizeof(path), "entries[%u].%s", i, name);
    return gsp_field_get(abi, l, data, l->size, path, &value, NULL) < 0 ? UINT32_MAX
                                                                        : (uint32_t)value;
}

static uint32_t
find_vector(struct nvrm_abi abi, const struct nvrm_layout *l, const uint8_t *data,
            uint32_t engine)
{
    uint64_t count = 0;

    if (gsp_field_get(abi, l, data, l->size, "numEntries", &count, NULL) < 0)
        return UINT32_MAX;
    for (unsigned i = 0; i < count && i < 256; i++)
        if (field(abi, l, data, "nv2080EngineType", i) == engine)
            return field(abi, l, data, "notificationIntrVector", i);
    return UINT32_MAX;
}

static uint32_t
ask(struct nvmem_channel *ch)
{
    const struct nvrm_abi abi = nvmem_device_abi(ch->dev);
    const struct nvrm_control *c = nvrm_control_find(abi, control);
    const struct nvrm_layout *l = nvrm_struct_find(abi, params);
    uint8_t *data = c && l ? gsp_host_alloc(ch->dev->host, l->size) : NULL;
    uint32_t vector = UINT32_MAX;

    if (!data)
        return vector;
    nvmem_device_lock(ch->dev);
    if (rm_control(ch->dev->client, ch->dev->subdevice, c->id, data, l->size, NULL) == 0)
        vector = find_vector(abi, l, data, ch->group->engine);
    nvmem_device_unlock(ch->dev);
    gsp_host_free(ch->dev->host, data);
    return vector < VECTORS_MAX ? vector : UINT32_MAX;
}

static uint32_t
leaf(const struct nvmem_channel *ch)
{
    return ch->vector / PER_LEAF;
}

static uint32_t
leaf_bit(const struct nvmem_channel *ch)
{
    return 1u << ch->vector % PER_LEAF;
}

static uint32_t
top_bit(const struct nvmem_channel *ch)
{
    return 1u << leaf(ch) / LEAVES_PER_TOP;
}

void
nvmem_irq_open(struct nvmem_channel *ch)
{
    struct nvmem_card *card = ch->dev->card;

    ch->vector = UINT32_MAX;
    if (!ch->interrupts || !card->bus || card->bus->ops->polled)
        return;
    ch->vector = ask(ch);
    if (ch->vector == UINT32_MAX)
        return;
    nvmem_card_wr32(card, VF(LEAF_EN_SET(leaf(ch))), leaf_bit(ch));
    nvmem_card_wr32(card, VF(TOP_EN_SET(0)), top_bit(ch));
}

/* Held is the card's lock. Before Hopper an MSI has to be armed again. */
static void
acknowledge(struct nvmem_channel *ch)
{
    const struct nvmem_card *card = ch->dev->card;
    const uint32_t arch = ch->dev->chip.architecture;
    struct gsp_bus *bus = card->bus;

    bus->ops->wr32(bus, 0, VF(LEAF(leaf(ch))), leaf_bit(ch));
    if (arch != ARCH_HOPPER && arch <= ARCH_ADA)
        bus->ops->wr32(bus, 0, NV_PCFG__BASE + NV_XVE_CYA_2, 0);
    bus->ops->wr32(bus, 0, VF(TOP_EN_SET(0)), top_bit(ch));
}

bool
nvmem_irq_wait(struct nvmem_channel *ch, uint64_t slice_ns)
{
    struct gsp_bus *bus;

    if (!ch || ch->vector == UINT32_MAX)
        return false;
    bus = ch->dev->card->bus;
    nvmem_device_lock(ch->dev);
    if (bus->ops->irq_wait(bus, slice_ns) == 0)
        acknowledge(ch);
    nvmem_device_unlock(ch->dev);
    return true;
}
