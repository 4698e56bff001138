/* SPDX-License-Identifier: MIT */
/* Decoding: floats of all sizes, conversions, matrices. */
#include "decode.h"

static void
map_float(struct sm_dec *d)
{
    sm_float_mods(d);
    if (sm_mod(d, "MULSCALE")[0] && !sm_mod_is(d, "MULSCALE", "NONE"))
        sm_refuse(d, "FMUL with a scale");
}

static void
map_fmnmx(struct sm_dec *d)
{
    sm_float_mods(d);
    d->u->mod = (sm_flag(d, "NAN") ? 1 : 0) | (sm_flag(d, "XORSIGN") ? 2 : 0);
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
    d->u->imm = sm_flag(d, "BF") || sm_mod_is(d, "BF", "BF") ? 0x3f800000 : UINT32_MAX;
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
    int f = sm_mod_index(d, "MUFUOP", names);

    sm_float_mods(d);
    d->u->wide = sm_flag(d, "F16");
    if (sm_flag(d, "BF16"))
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
    if (sm_mod_is(d, "CMP", "MIN"))
        d->u->mod2 = 1;
    else if (sm_mod_is(d, "CMP", "MAX"))
        d->u->mod2 = 2;
}

/* Packed halves: H1_H0, F32, H0_H0, H1_H1 */

static uint8_t
half_part(const struct nvrm_sass_operand *o)
{
    static const char *const names[] = {"H1_H0", "H0_H0", "H1_H1", "F32"};

    for (unsigned g = 0; nvrm_sass_group_name(g); g++) {
        if (strcmp(nvrm_sass_group_name(g), "SWZ") != 0)
            continue;
        for (uint8_t i = 0; o->part && i < 4; i++)
            if (!strcmp(nvrm_sass_value_name(g, o->part), names[i]))
                return i;
    }
    return 0;
}

static bool
is_bf16(const struct sm_dec *d)
{
    return !strncmp(sm_mod(d, "FMT"), "BF16", 4) || sm_flag(d, "BF16") || sm_flag(d, "BF16_V2");
}

static void
map_half(struct sm_dec *d)
{
    struct sm_uop *u = d->u;

    sm_float_mods(d);
    sm_float_signs(d, 0x7fff7fff, 0x80008000);
    u->mod = (is_bf16(d) ? 1 : 0) | (sm_flag(d, "RELU") || sm_mod_is(d, "SAT", "RELU") ? 2 : 0);
    u->hi = sm_mod_is(d, "FMT", "F32") || sm_flag(d, "F32");
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
    d->u->mod2 = (sm_flag(d, "NAN") ? 1 : 0) | (sm_flag(d, "XORSIGN") ? 2 : 0);
}

static void
map_hsetp2(struct sm_dec *d)
{
    uint32_t bop;

    sm_compare_mods(d);
    bop = d->u->mod;
    map_half(d);
    d->u->mod2 = bop;
    d->u->hi = sm_flag(d, "H_AND");
}

static void
map_hset2(struct sm_dec *d)
{
    map_hsetp2(d);
    d->u->imm = !sm_mod_is(d, "BF", "BF") ? 0xffff : is_bf16(d) ? 0x3f80 : 0x3c00;
}

/* Conversions */

static const char *const type_names[] = {"U8",  "S8",  "U16", "S16", "U32",  "S32", "U64",
                                         "S64", "F16", "F32", "F64", "BF16", NULL};

static unsigned
type_of(const struct sm_dec *d, const char *group, unsigned otherwise)
{
    const int t = sm_mod_index(d, group, type_names);

    return t < 0 ? otherwise : (unsigned)t;
}

/* Of a source of 8 or 16 bits: which part of the register. */
static void
set_part(struct sm_dec *d)
{
    static const char *const parts[] = {"B0", "B1", "B2", "B3"};
    struct sm_operand *o = &d->u->s[0];

    if (!d->sources || !d->src[0]->part)
        return;
    for (unsigned g = 0; nvrm_sass_group_name(g); g++) {
        const char *group = nvrm_sass_group_name(g), *text;

        if (strcmp(group, "BYTE") != 0 && strcmp(group, "HALF") != 0 &&
            strcmp(group, "SWZ") != 0)
            continue;
        text = nvrm_sass_value_name(g, d->src[0]->part);
        for (uint8_t b = 0; text && b < 4; b++)
            if (!strcmp(text, parts[b]))
                o->part = b;
        if (text && (!strcmp(text, "H1") || !strcmp(text, "H1_H1")))
            o->part = d->u->mod2 == SM_F16 || d->u->mod2 == SM_BF16 ? 2 : 1;
    }
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
    d->u->mod = type_of(d, "INT", SM_S32);
    d->u->mod2 = type_of(d, "SFMT", SM_F32);
    convert_mods(d);
}

static void
map_i2f(struct sm_dec *d)
{
    d->u->mod = type_of(d, "DFMT", SM_F32);
    d->u->mod2 = type_of(d, "INT", SM_S32);
    convert_mods(d);
}

static void
map_i2fp(struct sm_dec *d)
{
    sm_float_mods(d);
    d->u->mod = SM_F32;
    d->u->mod2 = sm_mod_is(d, "SIGN", "U32") ? SM_U32 : SM_S32;
}

static void
map_f2f(struct sm_dec *d)
{
    d->u->mod = type_of(d, "DFMT", SM_F32);
    d->u->mod2 = type_of(d, "SFMT", SM_F32);
    convert_mods(d);
    d->u->op = sm_flag(d, "RND");
}

static void
map_frnd(struct sm_dec *d)
{
    d->u->mod = d->u->mod2 = type_of(d, "DFMT", SM_F32);
    convert_mods(d);
}

static void
map_i2i(struct sm_dec *d)
{
    d->u->mod = type_of(d, "DINT", SM_S32);
    d->u->mod2 = SM_S32;
    convert_mods(d);
}

static void
map_f2fp(struct sm_dec *d)
{
    sm_float_mods(d);
    d->u->mod = is_bf16(d) ? SM_BF16 : SM_F16;
    d->u->op = sm_flag(d, "RELU");
    if (sm_flag(d, "MERGE_C") || sm_mod_is(d, "PACK", "MERGE_C"))
        sm_refuse(d, "F2FP.MERGE_C");
}

/* Which half of the third operand is shifted up. */
static uint8_t
third_half(const struct sm_dec *d)
{
    for (unsigned g = 0; d->sources > 2 && d->src[2]->part && nvrm_sass_group_name(g); g++)
        if (!strcmp(nvrm_sass_group_name(g), "HALF"))
            return !strcmp(nvrm_sass_value_name(g, d->src[2]->part), "H1");
    return 0;
}

static void
map_f2ip(struct sm_dec *d)
{
    sm_float_mods(d);
    d->u->mod = type_of(d, "F2IPTYPE", type_of(d, "INT", SM_U8));
    d->u->s[2].part = third_half(d);
    if (sm_flag(d, "RELU"))
        sm_refuse(d, "F2IP.RELU");
}

static void
map_i2ip(struct sm_dec *d)
{
    d->u->mod = type_of(d, "DINT", SM_S16);
    d->u->s[2].part = third_half(d);
    if (sm_mod(d, "DINT")[0] && strlen(sm_mod(d, "DINT")) == 2 && sm_mod(d, "DINT")[1] != '8')
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
    {NULL,      NULL,        NULL         },
};
