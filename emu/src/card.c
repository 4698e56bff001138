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
    uuid_out[0] = 'E';
    uuid_out[1] = 'M';
    uuid_out[2] = 'U';
    memcpy(uuid_out + 4, card->pub.name, strnlen(card->pub.name, 8));
    for (const char *p = card->pub.product; *p; p++)
        hash = (hash ^ (uint8_t)*p) * 16777619u;
    hash ^= (uint32_t)card->number << 24;
    memcpy(uuid_out + 12, &hash, 4);
}
