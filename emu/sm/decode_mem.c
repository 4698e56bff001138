/* SPDX-License-Identifier: MIT */
/* Decoding: memory, constants, atomics. */
#include "decode.h"

/* The factor of a shared address: X4, X8, X16 as a shift. */
static uint8_t
scale_of(const struct nvrm_sass_operand *a)
{
    static const char *const names[] = {"X4", "X8", "X16", NULL};
    const int part = sm_part(a, NVRM_SASS_MOD_XSCALE, names);

    return part < 0 ? 0 : (uint8_t)(part + 2);
}

static void
map_address(struct sm_dec *d)
{
    const struct nvrm_sass_operand *a = d->addr;
    struct sm_uop *u = d->u;
    const struct sm_operand value = u->s[0], second = u->s[1];

    /* what is stored comes third, behind the two parts of the address */
    u->s[2] = value;
    u->s[3] = second;
    u->s[0] = (struct sm_operand){.kind = SM_REG, .row = SM_RZ};
    u->s[1] = (struct sm_operand){.kind = SM_NONE};
    if (!a)
        return;
    u->s[0].row = a->index;
    u->wide = a->wide;
    u->imm = (uint32_t)a->value;
    u->shift = scale_of(a);
    if (!a->desc && a->ur != NVRM_SASS_URZ) {
        u->s[1] = (struct sm_operand){.kind = SM_UREG, .row = a->ur};
        u->hi = true;
    }
}

static void
map_size(struct sm_dec *d)
{
    static const struct {
        const char *name;
        uint8_t bytes;
        bool is_signed;
    } sizes[] = {
        {"U8",  1,  false},
        {"S8",  1,  true },
        {"U16", 2,  false},
        {"S16", 2,  true },
        {"8",   1,  false},
        {"16",  2,  false},
        {"32",  4,  false},
        {"64",  8,  false},
        {"128", 16, false},
    };
    const char *text = sm_mod(d, NVRM_SASS_MOD_SIZE);

    d->u->bytes = 4;
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        if (!strcmp(text, sizes[i].name)) {
            d->u->bytes = sizes[i].bytes;
            d->u->is_signed = sizes[i].is_signed;
        }
}

static void
map_global(struct sm_dec *d)
{
    map_address(d);
    map_size(d);
}

/* Shared and local memory have addresses of 32 bits. */
static void
map_near(struct sm_dec *d)
{
    map_global(d);
    d->u->wide = d->u->hi = false;
}

static void
map_ldc(struct sm_dec *d)
{
    struct sm_uop *u = d->u;

    map_size(d);
    if (d->addr) { /* an index in a register */
        u->s[0] = (struct sm_operand){.kind = SM_REG, .row = d->addr->index};
        u->imm = (uint32_t)d->addr->value;
        u->mod2 = d->addr->bank;
        if (d->addr->kind == NVRM_SASS_CONSTU)
            u->s[0] = (struct sm_operand){.kind = SM_UREG, .row = d->addr->ur};
        return;
    }
    if (!d->sources || u->s[0].kind != SM_CONST) {
        sm_refuse(d, "a constant bank by handle");
        return;
    }
    u->imm = u->s[0].value;
    u->mod2 = u->s[0].bank;
    u->s[0] = (struct sm_operand){.kind = SM_REG, .row = SM_RZ};
    if (u->run == sm_op_uldc)
        u->s[0] = (struct sm_operand){.kind = SM_IMM};
}

/* Atomics */

static uint8_t
operation(const struct sm_dec *d)
{
    static const char *const names[] = {"ADD", "MIN", "MAX",  "INC", "DEC", "AND",
                                        "OR",  "XOR", "EXCH", "CAS", NULL};
    const int op = sm_mod_index(d, NVRM_SASS_MOD_ATOMOP, names);

    if (sm_flag(d, NVRM_SASS_MOD_CAS))
        return SM_RED_CAS;
    return op < 0 ? SM_RED_ADD : (uint8_t)op; /* SAFEADD adds too */
}

static void
map_type(struct sm_dec *d)
{
    static const struct {
        const char *name;
        uint8_t type, bytes;
    } types[] = {
        {"U32",        SM_U32,    4},
        {"S32",        SM_S32,    4},
        {"U64",        SM_U64,    8},
        {"S64",        SM_S64,    8},
        {"F32_FTZ_RN", SM_F32,    4},
        {"F64_RN",     SM_F64,    8},
        {"F16X2_RN",   SM_F16X2,  4},
        {"BF16_V2_RN", SM_BF16X2, 4},
    };
    const char *text = sm_mod(d, NVRM_SASS_MOD_ATYPE);

    d->u->mod = SM_U32;
    d->u->bytes = 4;
    for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (!strcmp(text, types[i].name)) {
            d->u->mod = types[i].type;
            d->u->bytes = types[i].bytes;
        }
    d->u->ftz = d->u->mod == SM_F32;
}

static void
map_atomic(struct sm_dec *d)
{
    map_address(d);
    map_type(d);
    d->u->op = operation(d);
}

static void
map_atom(struct sm_dec *d)
{
    map_atomic(d);
    d->u->mod2 = 1;
}

static void
map_atoms(struct sm_dec *d)
{
    map_atomic(d);
    d->u->wide = d->u->hi = d->u->ftz = false;
    if (sm_mod(d, NVRM_SASS_MOD_CASOP)[0]) {
        d->u->op = SM_RED_CAS;
        d->u->mod2 = !sm_mod_is(d, NVRM_SASS_MOD_CASOP, "CAS");
    }
    if (sm_flag(d, NVRM_SASS_MOD_POPC)) {
        d->u->run = sm_op_atoms_popc;
        d->u->mod = SM_U32;
    }
}

/* [shared], [global], and a predicate that says whether zeroes are written instead */
static void
map_ldgsts(struct sm_dec *d)
{
    const struct nvrm_sass_operand *to = NULL, *from = NULL;

    for (unsigned i = 0; i < d->in->n_operands; i++) {
        const struct nvrm_sass_operand *o = &d->in->operands[i];

        if (o->kind == NVRM_SASS_ADDR && !to)
            to = o;
        else if (o->kind == NVRM_SASS_ADDR)
            from = o;
    }
    if (!to || !from) {
        sm_refuse(d, "LDGSTS");
        return;
    }
    d->addr = from;
    map_global(d);
    d->u->s[2] = (struct sm_operand){.kind = SM_REG, .row = to->index};
    d->u->mod = (uint32_t)to->value;
    d->u->s[3] = (struct sm_operand){.kind = SM_NONE};
    if (to->ur != NVRM_SASS_URZ && !to->desc)
        d->u->s[3] = (struct sm_operand){.kind = SM_UREG, .row = to->ur};
}

static void
map_ldsm(struct sm_dec *d)
{
    const char *count = sm_mod(d, NVRM_SASS_MOD_LDSMN);

    map_near(d);
    d->u->mod2 = d->u->imm;
    d->u->imm = count[0] == '2' ? 2 : count[0] == '4' ? 4 : 1;
    d->u->mod = sm_mod_is(d, NVRM_SASS_MOD_LDSMT, "MT88");
}

static void
map_qspc(struct sm_dec *d)
{
    static const char *const spaces[] = {"S", "L", "G", NULL};
    const int space = sm_mod_index(d, NVRM_SASS_MOD_SPACE, spaces);

    map_address(d);
    if (space < 0)
        sm_refuse(d, "QSPC of this space");
    else
        d->u->op = (uint8_t)space;
}

const struct sm_row sm_rows_mem[] = {
    {"LDG",    map_global, sm_op_ldg   },
    {"STG",    map_global, sm_op_stg   },
    {"LD",     map_global, sm_op_ld    },
    {"ST",     map_global, sm_op_st    },
    {"LDL",    map_near,   sm_op_ldl   },
    {"STL",    map_near,   sm_op_stl   },
    {"LDS",    map_near,   sm_op_lds   },
    {"STS",    map_near,   sm_op_sts   },
    {"LDC",    map_ldc,    sm_op_ldc   },
    {"ULDC",   map_ldc,    sm_op_uldc  },
    {"LDCU",   map_ldc,    sm_op_uldc  },
    {"LDGSTS", map_ldgsts, sm_op_ldgsts},
    {"LDSM",   map_ldsm,   sm_op_ldsm  },
    {"QSPC",   map_qspc,   sm_op_qspc  },
    {"ATOM",   map_atom,   sm_op_atom  },
    {"ATOMG",  map_atomic, sm_op_atom  },
    {"RED",    map_atomic, sm_op_atom  },
    {"REDG",   map_atomic, sm_op_atom  },
    {"ATOMS",  map_atoms,  sm_op_atoms },
    {NULL,     NULL,       NULL        },
};
