/* SPDX-License-Identifier: MIT */
/*
 * How a session waits: through the card's interrupt where that can be had, else by looking at
 * the queue every millisecond.
 *
 * The GSP's vector, and so its leaf and its bit of the top of the virtual function's tree, is
 * what GSP-RM says. It is asked when a wait has slept for the first time or an event is waited
 * for: most one-shot sessions never sleep. The flow follows intr_tu102.c
 * (intrSetIntrMaskUnblocked, intrRetriggerTopLevel), kernel_gsp_tu102.c (kgspService) and
 * kernel_bif_gm107.c (kbifRearmMSI).
 */
#include <errno.h>
#include <string.h>

#include <nvrm/regs.h>

#include "session_priv.h"
#include "wire_facts_priv.h"
#include "wire_set_priv.h"

#define VF(reg)                                                                                \
    (NV_VIRTUAL_FUNCTION_FULL_PHYS_OFFSET__BASE + NV_VIRTUAL_FUNCTION_PRIV_CPU_INTR_##reg)

#define POLL_NS UINT64_C(1000000)

enum { VECTORS_MAX = 512, VECTORS_PER_LEAF = 32, LEAVES_PER_SUBTREE = 2 };

static const char table_control[] = "NV2080_CTRL_CMD_INTERNAL_INTR_GET_KERNEL_TABLE";
static const char entry_struct[] = "NV2080_CTRL_INTERNAL_INTR_GET_KERNEL_TABLE_ENTRY";
static const char static_struct[] = "GspStaticConfigInfo_t";

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

/* Where the vector is in the tree. */

static uint32_t
leaf_of(const struct gsp_rm *rm)
{
    return rm->irq.vector / VECTORS_PER_LEAF;
}

static uint32_t
leaf_bit(const struct gsp_rm *rm)
{
    return 1u << rm->irq.vector % VECTORS_PER_LEAF;
}

static uint32_t
subtree_bit(const struct gsp_rm *rm)
{
    return 1u << leaf_of(rm) / LEAVES_PER_SUBTREE;
}

/* Asking for it */

static uint32_t
get(struct nvrm_abi abi, const struct nvrm_layout *layout, const uint8_t *data,
    const char *path)
{
    uint32_t offset = 0, bytes = 0, value = 0;

    if (wire_find(abi, layout, path, &offset, &bytes) && bytes <= sizeof(value))
        memcpy(&value, data + offset, bytes);
    return value;
}

/* The stalling vector of the GSP in the answer; UINT32_MAX: none that fits the tree. */
static uint32_t
find_vector(struct nvrm_abi abi, const struct nvrm_layout *l, const uint8_t *answer)
{
    const struct nvrm_layout *entry = nvrm_struct_find(abi, entry_struct);
    const struct nvrm_field *table = nvrm_field_find(abi.schema, l, "table");
    const uint32_t wanted = gsp_wire_facts_at(abi).gsp_engine;
    const uint32_t count = get(abi, l, answer, "tableLen");

    for (uint32_t i = 0; entry && table && i < count; i++) {
        const uint64_t at = table->offset + (uint64_t)i * entry->size;
        uint32_t vector;

        if (at + entry->size > l->size)
            break;
        if (get(abi, entry, answer + at, "engineIdx") != wanted)
            continue;
        vector = get(abi, entry, answer + at, "vectorStall");
        return vector < VECTORS_MAX ? vector : UINT32_MAX;
    }
    return UINT32_MAX;
}

static int
ask(struct gsp_rm *rm, uint32_t *vector_out)
{
    const struct nvrm_abi abi = rm->base.abi;
    const struct nvrm_control *c = nvrm_control_find(abi, table_control);
    const struct nvrm_layout *l = c ? nvrm_struct_at(abi, c->params) : NULL;
    const struct nvrm_layout *info = nvrm_struct_find(abi, static_struct);
    uint8_t *answer;
    int rc;

    if (!l || !info || rm->static_info_bytes < info->size)
        return -ENOENT;
    answer = gsp_host_alloc(rm->config.host, l->size);
    if (!answer)
        return -ENOMEM;
    rc = gsprm_control(&rm->base, get(abi, info, rm->static_info, "hInternalClient"),
                       get(abi, info, rm->static_info, "hInternalSubdevice"), c->id, answer,
                       l->size, NULL);
    if (rc == 0)
        *vector_out = find_vector(abi, l, answer);
    gsp_host_free(rm->config.host, answer);
    return rc == 0 && *vector_out == UINT32_MAX ? -ENOENT : rc;
}

/* On and off */

void
gsprm_irq_arm(struct gsp_rm *rm)
{
    if (rm->irq.tried || rm->suspended || rm->dead || !rm->started || !rm->static_info_bytes ||
        rm->config.bus->ops->polled)
        return;
    rm->irq.tried = true;
    if (ask(rm, &rm->irq.vector) < 0) {
        gsp_host_log(rm->config.host, GSP_LOG_INFO,
                     "GSP-RM names no interrupt of its own: waits poll");
        return;
    }
    rm->irq.on = rm->irq.owed = true;
    wr(rm, VF(LEAF_EN_SET(leaf_of(rm))), leaf_bit(rm));
    wr(rm, VF(TOP_EN_SET(0)), subtree_bit(rm));
}

void
gsprm_irq_disarm(struct gsp_rm *rm)
{
    if (rm->irq.on) {
        wr(rm, VF(LEAF_EN_CLEAR(leaf_of(rm))), leaf_bit(rm));
        wr(rm, VF(TOP_EN_CLEAR(0)), subtree_bit(rm));
    }
    rm->irq = (struct gsprm_irq){0};
}

/* The flow of an interrupt: from taking it to being ready for the next */

static bool
line_is_pulse(const struct gsp_rm *rm)
{
    return rm->chip_arch >= NV_PMC_BOOT_42_ARCHITECTURE_GA100;
}

static void
clear_leaf(struct gsp_rm *rm)
{
    if (rd(rm, VF(LEAF(leaf_of(rm)))) & leaf_bit(rm))
        wr(rm, VF(LEAF(leaf_of(rm))), leaf_bit(rm));
}

/* The interrupt is cleared before the queue is looked at. A write may wait on its way to the
 * card: reading its status back makes sure that it is there. Before GA100 the GSP's line holds
 * its leaf, so that goes last. */
static void
take(struct gsp_rm *rm)
{
    bool halted;

    if (rm->irq.on) {
        wr(rm, VF(TOP_EN_CLEAR(0)), subtree_bit(rm));
        if (line_is_pulse(rm) && rd(rm, VF(TOP(0))) & subtree_bit(rm))
            clear_leaf(rm);
    }
    wr(rm, NV_PGSP__BASE + NV_PFALCON_FALCON_IRQSCLR,
       NVRM_FIELD(NV_PFALCON_FALCON_IRQSTAT_SWGEN0, 1));
    halted = NVRM_GET(rd(rm, NV_PGSP__BASE + NV_PFALCON_FALCON_IRQSTAT),
                      NV_PFALCON_FALCON_IRQSTAT_HALT);
    if (rm->irq.on && !line_is_pulse(rm))
        clear_leaf(rm);
    rm->irq.owed = true;
    if (halted && rm->irq.on) { /* for good: its line would never fall */
        gsprm_irq_disarm(rm);
        rm->irq.tried = true;
    }
}

/* From GA100 on what came meanwhile is pulsed once more; before Hopper an MSI is a one-off. */
static void
give_back(struct gsp_rm *rm)
{
    if (!rm->irq.owed)
        return;
    rm->irq.owed = false;
    if (line_is_pulse(rm))
        wr(rm, NV_PGSP__BASE + NV_PFALCON_FALCON_INTR_RETRIGGER(0), 1);
    if (!rm->irq.on)
        return;
    if (rm->chip_arch < NV_PMC_BOOT_42_ARCHITECTURE_GH100)
        wr(rm, NV_PCFG__BASE + NV_XVE_CYA_2, 0);
    wr(rm, VF(TOP_EN_SET(0)), subtree_bit(rm));
}

int
gsprm_irq_sleep(void *ctx, uint64_t timeout_ns)
{
    struct gsp_rm *rm = ctx;
    const struct gsp_bus_ops *ops = rm->config.bus->ops;
    const bool poll = !rm->irq.on && !ops->polled && timeout_ns > POLL_NS;
    int rc;

    rm->irq.slept = true;
    give_back(rm);
    rc = ops->irq_wait(rm->config.bus, poll ? POLL_NS : timeout_ns);
    if (rc == 0 && !ops->polled)
        take(rm);
    return poll && rc == -ETIMEDOUT ? 0 : rc;
}
