/* SPDX-License-Identifier: MIT */
/**
 * Registers at run time: a row per register for naming an offset, and get and set of bit
 * fields. The constants themselves are in the generated nvrm/regs.h, from schemas/hw/regs:
 * NV_X is an offset, NV_X(i) an array, NV_X_FIELD__SHIFT and __MASK a field, NV_X_FIELD_VALUE a
 * value; where chips differ, the first chip of the meaning stands behind two underscores.
 */
#ifndef NVRM_REG_H
#define NVRM_REG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct nvrm_reg {
    const char *name;
    const char *chip; /* the first chip that has it so: "TU102" */
    uint32_t offset, stride;
    uint32_t count; /* elements; 0: not known */
};
extern const struct nvrm_reg nvrm_regs[]; /* sorted by name */
extern const unsigned nvrm_reg_count;
/* Fields and their values as text, which costs no relocation: "REGISTER CHIP\n" and below it,
 * for each field, " FIELD HIGH LOW NAME=0xVALUE ...\n". nvrm_reg_fields() reads it. */
extern const char nvrm_reg_field_text[];

/** One bit field. */
struct nvrm_reg_field {
    char name[96];
    unsigned high, low;
    const char *values; /* "NAME=0xVALUE ...", not terminated; may be empty */
    size_t values_bytes;
};
/** Calls fn for every field of a register as the chip of its row has it. fn returns non-zero to
 * stop; that value is returned. */
int nvrm_reg_fields(const char *reg, const char *chip,
                    int (*fn)(void *ctx, const struct nvrm_reg_field *field), void *ctx);

/** Write the name of a BAR0 offset, "NV_PGSP_MAILBOX(1)"; falcon registers as "GSP
 * NV_PFALCON_FALCON_OS". False (and a hex number) when no register is there. */
bool nvrm_reg_name(uint32_t offset, char *out, size_t bytes);

static inline uint32_t
nvrm_field_get(uint32_t reg, uint32_t mask, unsigned shift)
{
    return (reg & mask) >> shift;
}

static inline uint32_t
nvrm_field_put(uint32_t reg, uint32_t mask, unsigned shift, uint32_t value)
{
    return (reg & ~mask) | (value << shift & mask);
}

/** A field by its name: NVRM_GET(v, NV_PMC_BOOT_42_ARCHITECTURE). */
#define NVRM_GET(reg, FIELD) nvrm_field_get((reg), FIELD##__MASK, FIELD##__SHIFT)
/** The register's value with a field replaced. */
#define NVRM_PUT(reg, FIELD, val) nvrm_field_put((reg), FIELD##__MASK, FIELD##__SHIFT, (val))
/** A field alone. */
#define NVRM_FIELD(FIELD, val) nvrm_field_put(0, FIELD##__MASK, FIELD##__SHIFT, (val))

#ifdef __cplusplus
}
#endif
#endif
