/* SPDX-License-Identifier: MIT */
/* Decoding: floats of all sizes, conversions, matrices. */
#include "decode.h"

static void
map_float(struct sm_dec *d)
{
    sm_float_mods(d);
    if (sm_mod(d, NVRM_SASS_MOD_MULSCALE)[0] && !sm_mod_is(d, NVRM_SASS_MOD_MULSCALE, "NONE"))
        sm_refuse(d, "FMUL with a scale");
}

static void
map_fmnmx(struct sm_dec *d)
{
    sm_float_mods(d);
    d->u->mod =
        (sm_flag(d, NVRM_SASS_MOD_NAN) ? 1 : 0) | (sm_flag(d, NVRM_SASS_MOD_XORSIGN) ? 2 : 0);
}

static void
map_fsetp(struct sm_dec *d)
{
    sm_float_mods(d);
    sm_compare_mods(d);
}

static void
map_fset(struct sm_dec *d)
{
    map_fsetp(d);
    d->u->imm = sm_flag(d, NVRM_SASS_MOD_BF) || sm_mod_is(d, NVRM_SASS_MOD_BF, "BF")
                    ? 0x3f800000
                    : UINT32_MAX;
}

static void
map_fswzadd(struct sm_dec *d)
{
    /* PP, MP, PM... by two bits a lane stand last */
    sm_float_mods(d);
    d->u->imm = d->sources ? sm_immediate(d, d->sources - 1) : 0;
}

static void
map_mufu(struct sm_dec *d)
{
    static const char *const names[] = {"COS",    "SIN",    "EX2",  "LG2",  "RCP", "RSQ",
                                        "RCP64H", "RSQ64H", "SQRT", "TANH", NULL};
    int f = sm_mod_index(d, NVRM_SASS_MOD_MUFUOP, names);

    sm_float_mods(d);
    d->u->wide = sm_flag(d, NVRM_SASS_MOD_F16);
    if (sm_flag(d, NVRM_SASS_MOD_BF16))
        f = -1;
    if (d->u->wide)
        sm_float_signs(d, 0x7fff, 0x8000);
    if (f < 0)
        sm_refuse(d, "this MUFU");
    else
        d->u->op = (uint8_t)f;
}

static void
map_double(struct sm_dec *d)
{
    sm_float_mods(d);
    sm_double_immediates(d);
}

static void
map_dsetp(struct sm_dec *d)
{
    map_double(d);
    sm_compare_mods(d);
    if (sm_mod_is(d, NVRM_SASS_MOD_CMP, "MIN"))
        d->u->mod2 = 1;
    else if (sm_mod_is(d, NVRM_SASS_MOD_CMP, "MAX"))
        d->u->mod2 = 2;
}

/* Packed halves: H1_H0, F32, H0_H0, H1_H1 */

static uint8_t
half_part(const struct nvrm_sass_operand *o)
{
    static const char *const names[] = {"H1_H0", "H0_H0", "H1_H1", "F32", NULL};
    const int part = sm_part(o, NVRM_SASS_MOD_SWZ, names);

    return part < 0 ? 0 : (uint8_t)part;
}

static bool
is_bf16(const struct sm_dec *d)
{
    return !strncmp(sm_mod(d, NVRM_SASS_MOD_FMT), "BF16", 4) || sm_flag(d, NVRM_SASS_MOD_BF16);
}

static void
map_half(struct sm_dec *d)
{
    struct sm_uop *u = d->u;

    sm_float_mods(d);
    sm_float_signs(d, 0x7fff7fff, 0x80008000);
    u->mod =
        (is_bf16(d) ? 1 : 0) |
        (sm_flag(d, NVRM_SASS_MOD_RELU) || sm_mod_is(d, NVRM_SASS_MOD_SAT, "RELU") ? 2 : 0);
    u->hi = sm_mod_is(d, NVRM_SASS_MOD_FMT, "F32") || sm_flag(d, NVRM_SASS_MOD_F32);
    for (unsigned k = 0; k < d->sources && k < 4; k++) {
        u->s[k].part = half_part(d->src[k]);
        if (u->s[k].part == 3) {
            u->s[k].keep = u->s[k].abs ? 0x7fffffff : UINT32_MAX;
            u->s[k].flip = u->s[k].neg ? 0x80000000 : 0;
        }
    }
}

static void
map_hmnmx2(struct sm_dec *d)
{
    map_half(d);
    d->u->mod2 =
        (sm_flag(d, NVRM_SASS_MOD_NAN) ? 1 : 0) | (sm_flag(d, NVRM_SASS_MOD_XORSIGN) ? 2 : 0);
}

static void
map_hsetp2(struct sm_dec *d)
{
    uint32_t bop;

    sm_compare_mods(d);
    bop = d->u->mod;
    map_half(d);
    d->u->mod2 = bop;
    d->u->hi = sm_flag(d, NVRM_SASS_MOD_H_AND);
}

static void
map_hset2(struct sm_dec *d)
{
    map_hsetp2(d);
    d->u->imm = !sm_mod_is(d, NVRM_SASS_MOD_BF, "BF") ? 0xffff : is_bf16(d) ? 0x3f80 : 0x3c00;
}

/* Conversions */

static const char *const type_names[] = {"U8",  "S8",  "U16", "S16", "U32",  "S32", "U64",
                                         "S64", "F16", "F32", "F64", "BF16", NULL};

static unsigned
type_of(const struct sm_dec *d, enum nvrm_sass_group group, unsigned otherwise)
{
    const int t = sm_mod_index(d, group, type_names);

    return t < 0 ? otherwise : (unsigned)t;
}

/* Of a source of 8 or 16 bits: which part of the register. */
static void
set_part(struct sm_dec *d)
{
    static const char *const bytes[] = {"B0", "B1", "B2", "B3", NULL};
    static const char *const halves[] = {"H0", "H1", NULL};
    const bool is_half = d->u->mod2 == SM_F16 || d->u->mod2 == SM_BF16;
    int part;

    if (!d->sources)
        return;
    part = sm_part(d->src[0], NVRM_SASS_MOD_BYTE, bytes);
    if (part < 0)
        part = sm_part(d->src[0], NVRM_SASS_MOD_HALF, halves);
    if (part > 0)
        d->u->s[0].part = (uint8_t)(is_half ? 2 : part);
}

static void
convert_mods(struct sm_dec *d)
{
    sm_float_mods(d);
    if (d->u->mod2 == SM_F64)
        sm_double_immediates(d);
    if (d->u->mod2 == SM_F16 || d->u->mod2 == SM_BF16)
        sm_float_signs(d, 0x7fff7fff, 0x80008000);
    set_part(d);
}

static void
map_f2i(struct sm_dec *d)
{
    d->u->mod = type_of(d, NVRM_SASS_MOD_INT, SM_S32);
    d->u->mod2 = type_of(d, NVRM_SASS_MOD_SFMT, SM_F32);
    convert_mods(d);
}

static void
map_i2f(struct sm_dec *d)
{
    d->u->mod = type_of(d, NVRM_SASS_MOD_DFMT, SM_F32);
    d->u->mod2 = type_of(d, NVRM_SASS_MOD_INT, SM_S32);
    convert_mods(d);
}

static void
map_ui2f(struct sm_dec *d)
{
    map_i2f(d);
    d->u->twin = d->u->run;
    d->u->run = sm_op_uniform;
}

static void
map_i2fp(struct sm_dec *d)
{
    sm_float_mods(d);
    d->u->mod = SM_F32;
    d->u->mod2 = sm_mod_is(d, NVRM_SASS_MOD_SIGN, "U32") ? SM_U32 : SM_S32;
}

static void
map_f2f(struct sm_dec *d)
{
    d->u->mod = type_of(d, NVRM_SASS_MOD_DFMT, SM_F32);
    d->u->mod2 = type_of(d, NVRM_SASS_MOD_SFMT, SM_F32);
    convert_mods(d);
}

static void
map_frnd(struct sm_dec *d)
{
    d->u->mod = d->u->mod2 = type_of(d, NVRM_SASS_MOD_DFMT, SM_F32);
    convert_mods(d);
}

static void
map_i2i(struct sm_dec *d)
{
    d->u->mod = type_of(d, NVRM_SASS_MOD_DINT, SM_S32);
    d->u->mod2 = SM_S32;
    convert_mods(d);
}

static void
map_f2fp(struct sm_dec *d)
{
    sm_float_mods(d);
    d->u->mod = is_bf16(d) ? SM_BF16 : SM_F16;
    d->u->op = sm_flag(d, NVRM_SASS_MOD_RELU);
    if (!sm_flag(d, NVRM_SASS_MOD_PACK_AB) || sm_flag(d, NVRM_SASS_MOD_SATFINITE) ||
        sm_mod(d, NVRM_SASS_MOD_FMT)[0] == 'E')
        sm_refuse(d, "F2FP that merges, saturates or has 8 bits");
}

/* Which half of the third operand is shifted up. */
static uint8_t
third_half(const struct sm_dec *d)
{
    static const char *const halves[] = {"H0", "H1", NULL};

    return d->sources > 2 && sm_part(d->src[2], NVRM_SASS_MOD_HALF, halves) == 1;
}

static uint8_t
integer_rounding(const struct sm_dec *d)
{
    static const char *const rounds[] = {"RN", "RM", "RP", "RZ", NULL};
    const int rnd = sm_mod_index(d, NVRM_SASS_MOD_IROUND, rounds);

    return rnd < 0 ? SM_RN : (uint8_t)rnd;
}

static void
map_f2ip(struct sm_dec *d)
{
    sm_float_mods(d);
    d->u->mod = type_of(d, NVRM_SASS_MOD_INT, SM_U8);
    d->u->rnd = integer_rounding(d);
    d->u->s[2].part = third_half(d);
    if (sm_flag(d, NVRM_SASS_MOD_RELU))
        sm_refuse(d, "F2IP.RELU");
}

static void
map_i2ip(struct sm_dec *d)
{
    d->u->mod = type_of(d, NVRM_SASS_MOD_DINT, SM_S16);
    d->u->s[2].part = third_half(d);
    if (sm_mod(d, NVRM_SASS_MOD_DINT)[0] && strlen(sm_mod(d, NVRM_SASS_MOD_DINT)) == 2 &&
        sm_mod(d, NVRM_SASS_MOD_DINT)[1] != '8')
        sm_refuse(d, "I2IP of less than bytes");
}

/* Matrices: the shape and the types decide; mma.c has them by name. */
static void
map_mma(struct sm_dec *d)
{
    d->u->run = sm_mma_of(d);
    if (!d->u->run)
        sm_refuse(d, nvrm_sass_op_name(d->in->op));
}

static void
map_movm(struct sm_dec *d)
{
    if (!sm_mod_is(d, NVRM_SASS_MOD_MOVMSHAPE, "MT88"))
        sm_refuse(d, "MOVM of this shape");
}

const struct sm_row sm_rows_float[] = {
    {"FADD",    map_float,   sm_op_fadd   },
    {"FMUL",    map_float,   sm_op_fmul   },
    {"FFMA",    map_float,   sm_op_ffma   },
    {"FMNMX",   map_fmnmx,   sm_op_fmnmx  },
    {"FSETP",   map_fsetp,   sm_op_fsetp  },
    {"FSET",    map_fset,    sm_op_fset   },
    {"FSEL",    map_float,   sm_op_fsel   },
    {"FCHK",    map_float,   sm_op_fchk   },
    {"FSWZADD", map_fswzadd, sm_op_fswzadd},
    {"MUFU",    map_mufu,    sm_op_mufu   },
    {"DADD",    map_double,  sm_op_dadd   },
    {"DMUL",    map_double,  sm_op_dmul   },
    {"DFMA",    map_double,  sm_op_dfma   },
    {"DSETP",   map_dsetp,   sm_op_dsetp  },
    {"DMNMX",   map_double,  sm_op_dmnmx  },
    {"HADD2",   map_half,    sm_op_hadd2  },
    {"HMUL2",   map_half,    sm_op_hmul2  },
    {"HFMA2",   map_half,    sm_op_hfma2  },
    {"HMNMX2",  map_hmnmx2,  sm_op_hmnmx2 },
    {"HSETP2",  map_hsetp2,  sm_op_hsetp2 },
    {"HSET2",   map_hset2,   sm_op_hset2  },
    {"F2I",     map_f2i,     sm_op_f2i    },
    {"I2F",     map_i2f,     sm_op_i2f    },
    {"UI2F",    map_ui2f,    sm_op_i2f    },
    {"I2FP",    map_i2fp,    sm_op_i2f    },
    {"F2F",     map_f2f,     sm_op_f2f    },
    {"FRND",    map_frnd,    sm_op_frnd   },
    {"I2I",     map_i2i,     sm_op_i2i    },
    {"F2FP",    map_f2fp,    sm_op_f2fp   },
    {"F2IP",    map_f2ip,    sm_op_f2ip   },
    {"I2IP",    map_i2ip,    sm_op_i2ip   },
    {"HMMA",    map_mma,     NULL         },
    {"IMMA",    map_mma,     NULL         },
    {"DMMA",    map_mma,     NULL         },
    {"BMMA",    map_mma,     NULL         },
    {"MOVM",    map_movm,    sm_op_movm   },
    {NULL,      NULL,        NULL         },
};
