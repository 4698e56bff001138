/* SPDX-License-Identifier: MIT */
/*
 * Interrupts: the tree of the virtual function (leaves of 32 vectors, two leaves a bit of the
 * top), the line of the GSP that leads into it, and the messages that leave the card.
 *
 * A message leaves on an edge: when the first enabled vector under an enabled bit of the top
 * becomes pending, and again when that is so after it was not, as it is for a moment when
 * software takes the top away and gives it back. From GA100 on an engine's line is a pulse: a
 * leaf that was cleared while the line is up stays clear until the line falls and rises, or
 * until INTR_RETRIGGER. Before, the line holds its vector up. After dev_vm.h,
 * intr_tu102.c (intrRetriggerTopLevel) and kernel_falcon_ga100.c (kflcnIntrRetrigger).
 */
#include "emu_priv.h"
#include "hw.h"

enum { LEAVES = 16, LINE = EMU_IRQ_SWGEN0 | EMU_IRQ_HALT };

static bool
line_is_level(const struct emu_gpu *gpu)
{
    return gpu->hw->key.family == EMU_TU10X;
}

static bool
line_is_up(const struct emu_gpu *gpu)
{
    return gpu->regs.irqstat & LINE;
}

static void
latch(struct emu_gpu *gpu, uint32_t vector)
{
    if (vector < LEAVES * 32)
        gpu->hw->leaf[vector / 32] |= 1u << vector % 32;
}

bool
emu_gpu_interrupt_line(const struct emu_gpu *gpu)
{
    const struct emu_hw *hw = gpu->hw;

    for (unsigned i = 0; i < LEAVES; i++)
        if (hw->leaf[i] & hw->leaf_en[i] && hw->top_en >> i / 2 & 1)
            return true;
    return false;
}

/* After whatever changes a leaf or an enable. */
static void
look_for_edge(struct emu_gpu *gpu)
{
    struct emu_hw *hw = gpu->hw;
    bool up;

    if (line_is_level(gpu) && line_is_up(gpu))
        latch(gpu, EMU_GSP_VECTOR);
    up = emu_gpu_interrupt_line(gpu);
    hw->message = hw->message || (up && !hw->line);
    hw->line = up;
}

void
emu_hw_raise(struct emu_gpu *gpu, uint32_t vector)
{
    latch(gpu, vector);
    look_for_edge(gpu);
}

void
emu_hw_set_irqstat(struct emu_gpu *gpu, uint32_t value)
{
    const bool was = line_is_up(gpu);

    gpu->regs.irqstat = value;
    if (!was && line_is_up(gpu))
        emu_hw_raise(gpu, EMU_GSP_VECTOR);
}

void
emu_hw_retrigger(struct emu_gpu *gpu)
{
    if (line_is_up(gpu))
        emu_hw_raise(gpu, EMU_GSP_VECTOR);
}

bool
emu_hw_take_message(struct emu_gpu *gpu)
{
    const bool had = gpu->hw->message;

    gpu->hw->message = false;
    return had;
}

bool
emu_gpu_take_interrupt(struct emu_gpu *gpu)
{
    emu_gsp_service(gpu);
    emu_host_service(gpu);
    return emu_hw_take_message(gpu);
}

/* Registers */

uint32_t
emu_intr_read_leaf(struct emu_gpu *gpu, uint32_t off)
{
    return gpu->hw->leaf[(off & 0x3f) / 4];
}

void
emu_intr_write_leaf(struct emu_gpu *gpu, uint32_t off, uint32_t value)
{
    gpu->hw->leaf[(off & 0x3f) / 4] &= ~value;
    look_for_edge(gpu);
}

uint32_t
emu_intr_read_leaf_en(struct emu_gpu *gpu, uint32_t off)
{
    return gpu->hw->leaf_en[(off & 0x3f) / 4];
}

void
emu_intr_write_leaf_en(struct emu_gpu *gpu, uint32_t off, uint32_t value)
{
    uint32_t *en = &gpu->hw->leaf_en[(off & 0x3f) / 4];

    if (off & 0x400)
        *en &= ~value;
    else
        *en |= value;
    look_for_edge(gpu);
}

uint32_t
emu_intr_read_top(struct emu_gpu *gpu, uint32_t off)
{
    const struct emu_hw *hw = gpu->hw;
    uint32_t top = 0;

    (void)off;
    for (unsigned i = 0; i < LEAVES; i++)
        if (hw->leaf[i] & hw->leaf_en[i])
            top |= 1u << i / 2;
    return top;
}

uint32_t
emu_intr_read_top_en(struct emu_gpu *gpu, uint32_t off)
{
    (void)off;
    return gpu->hw->top_en;
}

void
emu_intr_write_top_en(struct emu_gpu *gpu, uint32_t off, uint32_t value)
{
    if (off & 0x10)
        gpu->hw->top_en &= ~value;
    else
        gpu->hw->top_en |= value;
    look_for_edge(gpu);
}

void
emu_intr_write_trigger(struct emu_gpu *gpu, uint32_t off, uint32_t value)
{
    (void)off;
    emu_hw_raise(gpu, value & 0xfff);
}
