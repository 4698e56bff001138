/* SPDX-License-Identifier: MIT */
/*
 * The emulated cards, and what follows from their figures.
 */
#include "card.h"

#include <stdio.h>
#include <string.h>

const struct emu_card *
emu_card_find(const char *name)
{
    for (unsigned i = 0; i < emu_card_count; i++)
        if (!strcmp(emu_cards[i].pub.name, name))
            return &emu_cards[i];
    return NULL;
}

unsigned
emu_chip_count(void)
{
    return emu_card_count;
}

const struct emu_chip *
emu_chip_at(unsigned i)
{
    return i < emu_card_count ? &emu_cards[i].pub : NULL;
}

uint32_t
emu_card_tpcs(const struct emu_card *card)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < card->gpcs; i++)
        n += card->tpcs[i];
    return n;
}

uint32_t
emu_card_sms(const struct emu_card *card)
{
    return emu_card_tpcs(card) * card->sms_per_tpc;
}

uint32_t
emu_card_gpc_mask(const struct emu_card *card)
{
    return (uint32_t)((UINT64_C(1) << card->gpcs) - 1);
}

/* The chip's name in plain sight, then a hash: nobody mistakes it for a card that was sold. */
void
emu_card_uuid(const struct emu_card *card, uint8_t uuid_out[16])
{
    uint32_t hash = 2166136261u;

    memset(uuid_out, 0, 16);
    memcpy(uuid_out, "EMU", 3);
    memcpy(uuid_out + 4, card->pub.name, strnlen(card->pub.name, 8));
    for (const char *p = card->pub.product; *p; p++)
        hash = (hash ^ (uint8_t)*p) * 16777619u;
    memcpy(uuid_out + 12, &hash, 4);
}

static uint32_t
constant(struct nvrm_abi abi, const char *prefix, const char *name)
{
    char text[64];
    uint64_t value;

    snprintf(text, sizeof(text), "%s%s", prefix, name);
    return nvrm_constant_find(abi, text, &value) ? (uint32_t)value : 0;
}

/* Older releases have one JPEG engine and one OFA, under names without a number. */
static const char *
old_name(const char *name)
{
    return !strcmp(name, "OFA0") ? "OFA" : name;
}

uint32_t
emu_engine_type(struct nvrm_abi abi, const struct emu_engine *engine)
{
    const uint32_t type = constant(abi, "NV2080_ENGINE_TYPE_", engine->name);

    return type ? type : constant(abi, "NV2080_ENGINE_TYPE_", old_name(engine->name));
}

uint32_t
emu_engine_rm_type(struct nvrm_abi abi, const struct emu_engine *engine)
{
    uint32_t type = constant(abi, "RM_ENGINE_TYPE_", engine->name);

    if (!type)
        type = constant(abi, "RM_ENGINE_TYPE_", old_name(engine->name));
    return type ? type : emu_engine_type(abi, engine);
}

const struct emu_engine *
emu_engine_by_type(struct nvrm_abi abi, const struct emu_card *card, uint32_t type)
{
    for (uint32_t i = 0; type && i < card->engine_count; i++)
        if (emu_engine_type(abi, &card->engines[i]) == type)
            return &card->engines[i];
    return NULL;
}
