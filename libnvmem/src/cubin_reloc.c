/* SPDX-License-Identifier: MIT */
/*
 * Relocations of the sections that a launch loads, and how each type writes an address. A type
 * puts up to two runs of address bits into a word of 4, 8 or 16 bytes; linked code has few of
 * the many types that have names.
 */
#include <errno.h>
#include <string.h>

#include "cubin_priv.h"

/* By number. */
static const char *const names[] = {
    "R_CUDA_NONE",
    "R_CUDA_32",
    "R_CUDA_64",
    "R_CUDA_G32",
    "R_CUDA_G64",
    "R_CUDA_ABS32_26",
    "R_CUDA_TEX_HEADER_INDEX",
    "R_CUDA_SAMP_HEADER_INDEX",
    "R_CUDA_SURF_HW_DESC",
    "R_CUDA_SURF_HW_SW_DESC",
    "R_CUDA_ABS32_LO_26",
    "R_CUDA_ABS32_HI_26",
    "R_CUDA_ABS32_23",
    "R_CUDA_ABS32_LO_23",
    "R_CUDA_ABS32_HI_23",
    "R_CUDA_ABS24_26",
    "R_CUDA_ABS24_23",
    "R_CUDA_ABS16_26",
    "R_CUDA_ABS16_23",
    "R_CUDA_TEX_SLOT",
    "R_CUDA_SAMP_SLOT",
    "R_CUDA_SURF_SLOT",
    "R_CUDA_TEX_BINDLESSOFF13_32",
    "R_CUDA_TEX_BINDLESSOFF13_47",
    "R_CUDA_CONST_FIELD19_28",
    "R_CUDA_CONST_FIELD19_23",
    "R_CUDA_TEX_SLOT9_49",
    "R_CUDA_6_31",
    "R_CUDA_2_47",
    "R_CUDA_TEX_BINDLESSOFF13_41",
    "R_CUDA_TEX_BINDLESSOFF13_45",
    "R_CUDA_FUNC_DESC32_23",
    "R_CUDA_FUNC_DESC32_LO_23",
    "R_CUDA_FUNC_DESC32_HI_23",
    "R_CUDA_FUNC_DESC_32",
    "R_CUDA_FUNC_DESC_64",
    "R_CUDA_CONST_FIELD21_26",
    "R_CUDA_QUERY_DESC21_37",
    "R_CUDA_CONST_FIELD19_26",
    "R_CUDA_CONST_FIELD21_23",
    "R_CUDA_PCREL_IMM24_26",
    "R_CUDA_PCREL_IMM24_23",
    "R_CUDA_ABS32_20",
    "R_CUDA_ABS32_LO_20",
    "R_CUDA_ABS32_HI_20",
    "R_CUDA_ABS24_20",
    "R_CUDA_ABS16_20",
    "R_CUDA_FUNC_DESC32_20",
    "R_CUDA_FUNC_DESC32_LO_20",
    "R_CUDA_FUNC_DESC32_HI_20",
    "R_CUDA_CONST_FIELD19_20",
    "R_CUDA_BINDLESSOFF13_36",
    "R_CUDA_SURF_HEADER_INDEX",
    "R_CUDA_INSTRUCTION64",
    "R_CUDA_CONST_FIELD21_20",
    "R_CUDA_ABS32_32",
    "R_CUDA_ABS32_LO_32",
    "R_CUDA_ABS32_HI_32",
    "R_CUDA_ABS47_34",
    "R_CUDA_ABS16_32",
    "R_CUDA_ABS24_32",
    "R_CUDA_FUNC_DESC32_32",
    "R_CUDA_FUNC_DESC32_LO_32",
    "R_CUDA_FUNC_DESC32_HI_32",
    "R_CUDA_CONST_FIELD19_40",
    "R_CUDA_BINDLESSOFF14_40",
    "R_CUDA_CONST_FIELD21_38",
    "R_CUDA_INSTRUCTION128",
    "R_CUDA_YIELD_OPCODE9_0",
    "R_CUDA_YIELD_CLEAR_PRED4_87",
    "R_CUDA_32_LO",
    "R_CUDA_32_HI",
    "R_CUDA_UNUSED_CLEAR32",
    "R_CUDA_UNUSED_CLEAR64",
    "R_CUDA_ABS24_40",
    "R_CUDA_ABS55_16_34",
    "R_CUDA_8_0",
    "R_CUDA_8_8",
    "R_CUDA_8_16",
    "R_CUDA_8_24",
    "R_CUDA_8_32",
    "R_CUDA_8_40",
    "R_CUDA_8_48",
    "R_CUDA_8_56",
    "R_CUDA_G8_0",
    "R_CUDA_G8_8",
    "R_CUDA_G8_16",
    "R_CUDA_G8_24",
    "R_CUDA_G8_32",
    "R_CUDA_G8_40",
    "R_CUDA_G8_48",
    "R_CUDA_G8_56",
    "R_CUDA_FUNC_DESC_8_0",
    "R_CUDA_FUNC_DESC_8_8",
    "R_CUDA_FUNC_DESC_8_16",
    "R_CUDA_FUNC_DESC_8_24",
    "R_CUDA_FUNC_DESC_8_32",
    "R_CUDA_FUNC_DESC_8_40",
    "R_CUDA_FUNC_DESC_8_48",
    "R_CUDA_FUNC_DESC_8_56",
    "R_CUDA_ABS20_44",
    "R_CUDA_SAMP_HEADER_INDEX_0",
    "R_CUDA_UNIFIED",
    "R_CUDA_UNIFIED_32",
    "R_CUDA_UNIFIED_8_0",
    "R_CUDA_UNIFIED_8_8",
    "R_CUDA_UNIFIED_8_16",
    "R_CUDA_UNIFIED_8_24",
    "R_CUDA_UNIFIED_8_32",
    "R_CUDA_UNIFIED_8_40",
    "R_CUDA_UNIFIED_8_48",
    "R_CUDA_UNIFIED_8_56",
    "R_CUDA_UNIFIED32_LO_32",
    "R_CUDA_UNIFIED32_HI_32",
    "R_CUDA_ABS56_16_34",
    "R_CUDA_CONST_FIELD22_37",
};

/* `bits` of the address from `shift` on, to bit `at` of the word. */
struct run {
    uint8_t shift, bits, at;
};

static const struct form {
    uint8_t type, word_bytes;
    struct run runs[2];
} forms[] = {
    {0x01, 4,  {{0, 32, 0}}              },
    {0x02, 8,  {{0, 64, 0}}              },
    {0x03, 4,  {{0, 32, 0}}              },
    {0x04, 8,  {{0, 64, 0}}              },
    {0x37, 16, {{0, 32, 32}}             },
    {0x38, 16, {{0, 32, 32}}             },
    {0x39, 16, {{32, 32, 32}}            },
    {0x3a, 16, {{2, 47, 34}}             },
    {0x46, 4,  {{0, 32, 0}}              },
    {0x47, 4,  {{32, 32, 0}}             },
    {0x4b, 16, {{2, 8, 16}, {10, 47, 34}}},
    {0x72, 16, {{2, 8, 16}, {10, 48, 34}}},
};

const char *
nvmem_cubin_reloc_name(uint32_t type)
{
    return type < sizeof(names) / sizeof(*names) ? names[type] : NULL;
}

static const struct form *
form_of(uint32_t type)
{
    for (unsigned i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
        if (forms[i].type == type)
            return &forms[i];
    }
    return NULL;
}

static void
put_bits(uint8_t *word, const struct run *run, uint64_t address)
{
    for (unsigned i = 0; i < run->bits; i++) {
        const unsigned to = run->at + i;
        const unsigned bit = run->shift + i < 64 ? address >> (run->shift + i) & 1 : 0;

        word[to / 8] = (uint8_t)((word[to / 8] & ~(1u << to % 8)) | bit << to % 8);
    }
}

static int
refuse_type(const struct nvmem_cubin *c, const struct nvmem_cubin_reloc *r,
            struct gsp_error *err)
{
    const char *name = nvmem_cubin_reloc_name(r->type);

    gsp_fail(err, GSP_ORIGIN_INPUT, -ENOTSUP,
             "%s: %.60s at 0x%llx: relocation %s (0x%x) of '%.60s'", nvmem_cubin_name(c),
             c->sections[r->section].name, (unsigned long long)r->off,
             name ? name : "of unknown type", r->type, c->symbols[r->symbol].name);
    gsp_hint(err, "only fully linked code can be launched: link with nvlink first");
    return -ENOTSUP;
}

int
nvmem_cubin_relocate(const struct nvmem_cubin *c, const struct nvmem_cubin_reloc *r,
                     uint8_t *image, uint64_t image_bytes, uint64_t address,
                     struct gsp_error *err)
{
    const struct form *form = form_of(r->type);

    if (!form)
        return refuse_type(c, r, err);
    if (r->off > image_bytes || form->word_bytes > image_bytes - r->off)
        return nvmem_cubin_bad(c, &c->sections[r->section], r->off, err,
                               "relocation leaves the 0x%llx bytes of its image",
                               (unsigned long long)image_bytes);
    address += (uint64_t)r->addend;
    for (unsigned i = 0; i < 2; i++)
        put_bits(image + r->off, &form->runs[i], address);
    return 0;
}

/* ---- reading ---- */

/* Relocations of what? Other sections (debug information) are not loaded. */
static bool
is_loaded(const struct nvmem_cubin_section *s)
{
    return s->kind == NVMEM_CUBIN_CODE || s->kind == NVMEM_CUBIN_CONSTANT ||
           s->kind == NVMEM_CUBIN_GLOBAL_INIT;
}

static bool
is_table(const struct nvmem_cubin *c, const struct nvmem_cubin_section *s)
{
    return (s->type == CUBIN_REL || s->type == CUBIN_RELA) && s->info < c->section_count &&
           s->data && is_loaded(&c->sections[s->info]);
}

static unsigned
row_bytes(const struct nvmem_cubin_section *s)
{
    return s->type == CUBIN_RELA ? 24 : 16;
}

static int
read_table(struct nvmem_cubin *c, const struct nvmem_cubin_section *s, struct gsp_error *err)
{
    const struct nvmem_cubin_section *target = &c->sections[s->info];

    for (uint64_t off = 0; off < s->bytes; off += row_bytes(s)) {
        const uint8_t *row = s->data + off;
        const struct nvmem_cubin_reloc r = {
            .section = s->info,
            .off = cubin_u64(row),
            .type = cubin_u32(row + 8),
            .symbol = cubin_u32(row + 12),
            .addend = s->type == CUBIN_RELA ? (int64_t)cubin_u64(row + 16) : 0,
        };

        if (r.symbol >= c->symbol_count)
            return nvmem_cubin_bad(c, s, off, err, "relocation of symbol %u of %u", r.symbol,
                                   c->symbol_count);
        if (r.off >= target->bytes)
            return nvmem_cubin_bad(
                c, s, off, err, "relocation at 0x%llx of the 0x%llx bytes of %s",
                (unsigned long long)r.off, (unsigned long long)target->bytes, target->name);
        c->relocs[c->reloc_count++] = r;
    }
    return 0;
}

int
nvmem_cubin_read_relocs(struct nvmem_cubin *c, struct gsp_error *err)
{
    uint64_t count = 0;
    int rc = 0;

    for (unsigned i = 1; i < c->section_count; i++) {
        const struct nvmem_cubin_section *s = &c->sections[i];

        if (!is_table(c, s))
            continue;
        if (s->bytes % row_bytes(s))
            return nvmem_cubin_bad(c, s, s->bytes, err, "not a whole number of relocations");
        count += s->bytes / row_bytes(s);
    }
    /* Two section headers may name the same bytes, so the file's size is no bound by itself. */
    if (count > c->src.bytes)
        return nvmem_cubin_bad(c, NULL, 0, err, "%llu relocations in a file of 0x%llx bytes",
                               (unsigned long long)count, (unsigned long long)c->src.bytes);
    c->relocs = nvmem_cubin_rows(c, count, sizeof(*c->relocs));
    if (!c->relocs)
        return nvmem_cubin_no_memory(c, err);
    for (unsigned i = 1; i < c->section_count && rc == 0; i++) {
        if (is_table(c, &c->sections[i]))
            rc = read_table(c, &c->sections[i], err);
    }
    return rc;
}

unsigned
nvmem_cubin_reloc_count(const struct nvmem_cubin *c)
{
    return c->reloc_count;
}

const struct nvmem_cubin_reloc *
nvmem_cubin_reloc(const struct nvmem_cubin *c, unsigned i)
{
    return i < c->reloc_count ? &c->relocs[i] : NULL;
}
