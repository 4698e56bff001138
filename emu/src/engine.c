/* SPDX-License-Identifier: MIT */
/*
 * What releases call engines by number: NV2080_ENGINE_TYPE_* for clients, RM_ENGINE_TYPE_* and
 * MC_ENGINE_IDX_* between RM's two halves. The latter two are not in the imported headers; they
 * moved twice (gpu_engine_type.h, engine_idx.h).
 */
#include "card.h"

#include <stdio.h>
#include <string.h>

#include "release.h"

static const struct range {
    const char *prefix;
    uint16_t rm_535, rm_550;         /* RM_ENGINE_TYPE of the first one */
    uint16_t mc_535, mc_545, mc_550; /* MC_ENGINE_IDX */
} ranges[] = {
    {"GR",                   0x01, 0x01, 82, 83, 84},
    {"COPY",                 0x09, 0x09, 15, 15, 15},
    {"NVDEC",                0x1d, 0x1d, 64, 64, 65},
    {"NVENC",                0x25, 0x25, 38, 38, 38},
    {"SEC2",                 0x30, 0x31, 46, 46, 47},
    {"NVJPEG",               0x35, 0x36, 50, 50, 51},
    {"OFA",                  0x3d, 0x3e, 80, 80, 81},
    {"GSP",                  0,    0,    49, 49, 50},
    {"NON_REPLAYABLE_FAULT", 0,    0,    60, 60, 61},
};

static const struct range *
find_range(const char *name)
{
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
        if (!strncmp(name, ranges[i].prefix, strlen(ranges[i].prefix)))
            return &ranges[i];
    return NULL;
}

/* What follows the family's name: "SEC2" is a family, "COPY3" the fourth of one. */
uint32_t
emu_engine_instance(const char *name)
{
    const struct range *r = find_range(name);
    uint32_t n = 0;

    for (name += r ? strlen(r->prefix) : strlen(name); *name >= '0' && *name <= '9'; name++)
        n = n * 10 + (uint32_t)(*name - '0');
    return n;
}

static uint32_t
constant(struct nvrm_abi abi, const char *name)
{
    char text[64];
    uint64_t value;

    snprintf(text, sizeof(text), "NV2080_ENGINE_TYPE_%s", name);
    return nvrm_constant_find(abi, text, &value) ? (uint32_t)value : 0;
}

/* 535 has one OFA, under a name without a number. */
uint32_t
emu_engine_type(struct nvrm_abi abi, const struct emu_engine *engine)
{
    const uint32_t type = constant(abi, engine->name);

    return !type && !strcmp(engine->name, "OFA0") ? constant(abi, "OFA") : type;
}

uint32_t
emu_engine_rm_type(struct nvrm_abi abi, const struct emu_engine *engine)
{
    const struct range *r = find_range(engine->name);

    if (!r)
        return 0;
    return (emu_rule(abi, EMU_RULE_ENGINES_550) ? r->rm_550 : r->rm_535) +
           emu_engine_instance(engine->name);
}

uint32_t
emu_engine_mc_index(struct nvrm_abi abi, const char *name)
{
    const struct range *r = find_range(name);

    if (!r)
        return 0;
    return (emu_rule(abi, EMU_RULE_ENGINES_550)   ? r->mc_550
            : emu_rule(abi, EMU_RULE_ENGINES_545) ? r->mc_545
                                                  : r->mc_535) +
           emu_engine_instance(name);
}

const struct emu_engine *
emu_engine_by_type(struct nvrm_abi abi, const struct emu_card *card, uint32_t type)
{
    for (uint32_t i = 0; type && i < card->engine_count; i++)
        if (emu_engine_type(abi, &card->engines[i]) == type)
            return &card->engines[i];
    return NULL;
}
