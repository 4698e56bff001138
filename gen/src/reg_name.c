/* SPDX-License-Identifier: MIT */
/*
 * Which register an offset is. Falcon blocks (NV_PFALCON_*, NV_PFALCON2_*, NV_PRISCV_*,
 * NV_PFALCON_FBIF_*) are relative to an engine; everything else is absolute.
 */
#include <nvrm/reg.h>

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    uint32_t base;
} engines[] = {
    {"GSP",  0x110000},
    {"SEC2", 0x840000},
};
enum { ENGINE_BYTES = 0x2000, FBIF = 0x600, SECOND = 0x1000 };

static const struct {
    const char *prefix;
    uint32_t base; /* within the engine */
} blocks[] = {
    {"NV_PFALCON_FBIF_",   FBIF  },
    {"NV_PFALCON_FALCON_", 0     },
    {"NV_PFALCON2_",       SECOND},
    {"NV_PRISCV_",         SECOND},
};

static bool
starts(const char *name, const char *prefix)
{
    return !strncmp(name, prefix, strlen(prefix));
}

static bool
is_relative(const char *name)
{
    return starts(name, "NV_PFALCON") || starts(name, "NV_PRISCV") ||
           starts(name, "NV_HUBMMU") || starts(name, "NV_VIRTUAL_FUNCTION") ||
           starts(name, "NV_XVE") || starts(name, "NV_EP_PCFG");
}

/* The element that an offset is, or -1. An array of unknown length has up to 64. */
static long
element(const struct nvrm_reg *r, uint32_t offset)
{
    const uint32_t count = r->count ? r->count : 64;

    if (!r->stride || r->stride > 0x10000)
        return r->offset == offset ? 0 : -1;
    if (offset < r->offset || offset - r->offset >= (uint64_t)r->stride * count ||
        (offset - r->offset) % r->stride)
        return -1;
    return (long)((offset - r->offset) / r->stride);
}

/* Best: a register alone, then the shortest array. */
static const struct nvrm_reg *
search(uint32_t offset, const char *prefix, long *index_out)
{
    const struct nvrm_reg *best = NULL;

    for (unsigned i = 0; i < nvrm_reg_count; i++) {
        const struct nvrm_reg *r = &nvrm_regs[i];
        const long at = element(r, offset); /* before the names: it is cheaper */

        if (at < 0 || !(prefix ? starts(r->name, prefix) : !is_relative(r->name)))
            continue;
        if (!best || (best->stride && !r->stride)) {
            best = r;
            *index_out = at;
        }
    }
    return best;
}

static bool
print(char *out, size_t bytes, const char *engine, const struct nvrm_reg *r, long index)
{
    const char *gap = *engine ? " " : "";

    if (r->stride)
        snprintf(out, bytes, "%s%s%s(%ld)", engine, gap, r->name, index);
    else
        snprintf(out, bytes, "%s%s%s", engine, gap, r->name);
    return true;
}

bool
nvrm_reg_name(uint32_t offset, char *out, size_t bytes)
{
    long index = 0;
    const struct nvrm_reg *r;

    for (size_t e = 0; e < sizeof(engines) / sizeof(engines[0]); e++) {
        const uint32_t in = offset - engines[e].base;

        if (offset < engines[e].base || in >= ENGINE_BYTES)
            continue;
        for (size_t b = 0; b < sizeof(blocks) / sizeof(blocks[0]); b++) {
            if (in < blocks[b].base)
                continue;
            r = search(in - blocks[b].base, blocks[b].prefix, &index);
            if (r)
                return print(out, bytes, engines[e].name, r, index);
        }
    }
    r = search(offset, NULL, &index);
    if (r)
        return print(out, bytes, "", r, index);
    snprintf(out, bytes, "0x%06x", offset);
    return false;
}

/* "REGISTER CHIP\n" at the start of a line; what stands behind it, or NULL. */
static const char *
find_fields(const char *reg, const char *chip)
{
    const size_t reg_bytes = strlen(reg), chip_bytes = strlen(chip);

    for (const char *at = nvrm_reg_field_text; *at; at = strchr(at, '\n') + 1) {
        if (*at != ' ' && !strncmp(at, reg, reg_bytes) && at[reg_bytes] == ' ' &&
            !strncmp(at + reg_bytes + 1, chip, chip_bytes) &&
            at[reg_bytes + 1 + chip_bytes] == '\n')
            return strchr(at, '\n') + 1;
    }
    return NULL;
}

int
nvrm_reg_fields(const char *reg, const char *chip,
                int (*fn)(void *ctx, const struct nvrm_reg_field *field), void *ctx)
{
    const char *at = find_fields(reg, chip);
    int rc = 0;

    for (; at && *at == ' ' && !rc; at = strchr(at, '\n') + 1) {
        struct nvrm_reg_field f = {0};
        int used = 0;

        if (sscanf(at, " %95s %u %u%n", f.name, &f.high, &f.low, &used) != 3)
            break;
        f.values = at + used + (at[used] == ' ');
        f.values_bytes = strcspn(f.values, "\n");
        rc = fn(ctx, &f);
    }
    return rc;
}
