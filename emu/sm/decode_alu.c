/* SPDX-License-Identifier: MIT */
/* Decoding: integers, logic, moves, lanes, and their uniform twins. */
#include "decode.h"

static bool
is_signed(const struct sm_dec *d)
{
    return sm_mod_is(d, NVRM_SASS_MOD_SIGN, "S32") || sm_mod_is(d, NVRM_SASS_MOD_SIGN, "S64");
}

static void
map_sign_x(struct sm_dec *d)
{
    if (sm_flag(d, NVRM_SASS_MOD_64))
        sm_refuse(d, "an addition of 64 bits");
    d->u->x = sm_flag(d, NVRM_SASS_MOD_X);
    d->u->is_signed = is_signed(d);
}

static void
map_imad(struct sm_dec *d)
{
    map_sign_x(d);
    if (sm_flag(d, NVRM_SASS_MOD_WIDE)) {
        d->u->run = sm_op_imad_wide;
        d->u->wide = true;
    } else if (sm_flag(d, NVRM_SASS_MOD_HI)) {
        d->u->run = sm_op_imad_hi;
    }
}

/* 64 bits: an immediate of 32 is signed. */
static void
map_wide(struct sm_dec *d)
{
    d->u->is_signed = is_signed(d);
    d->u->wide = true;
    for (unsigned k = 0; k < 2; k++)
        if (d->u->s[k].kind == SM_IMM)
            d->u->s[k].high = d->u->s[k].value >> 31 ? UINT32_MAX : 0;
}

static void
map_isetp(struct sm_dec *d)
{
    sm_compare_mods(d);
    d->u->is_signed = is_signed(d);
    d->u->x = sm_flag(d, NVRM_SASS_MOD_EX);
    if (sm_mod_is(d, NVRM_SASS_MOD_SIGN, "U64") || sm_mod_is(d, NVRM_SASS_MOD_SIGN, "S64")) {
        map_wide(d);
        d->u->run = sm_op_isetp64;
    }
}

/* The count is the last source; C stands before it with .HI alone. */
static void
map_lea(struct sm_dec *d)
{
    struct sm_uop *u = d->u;

    u->x = sm_flag(d, NVRM_SASS_MOD_X);
    u->hi = sm_flag(d, NVRM_SASS_MOD_HI);
    u->mod = sm_flag(d, NVRM_SASS_MOD_SX32);
    u->imm = d->sources ? sm_immediate(d, d->sources - 1) : 0;
    if (d->sources < 4)
        u->s[2] = (struct sm_operand){.kind = SM_REG, .row = SM_RZ};
}

static void
map_minmax(struct sm_dec *d)
{
    d->u->is_signed = is_signed(d);
    if (sm_flag(d, NVRM_SASS_MOD_RELU) || strstr(sm_mod(d, NVRM_SASS_MOD_SIGN), "16X2"))
        sm_refuse(d, "VIMNMX of halves or with .RELU");
}

static void
map_viaddmnmx(struct sm_dec *d)
{
    d->u->is_signed = is_signed(d);
    d->u->mod = sm_flag(d, NVRM_SASS_MOD_RELU);
    if (strstr(sm_mod(d, NVRM_SASS_MOD_SIGN), "16X2"))
        sm_refuse(d, "VIADDMNMX of halves");
}

static void
map_sel(struct sm_dec *d)
{
    if (sm_flag(d, NVRM_SASS_MOD_64))
        d->u->run = sm_op_sel64;
}

static void
map_viadd(struct sm_dec *d)
{
    if (sm_flag(d, NVRM_SASS_MOD_SAT))
        d->u->run = sm_op_viadd_sat;
    if (sm_flag(d, NVRM_SASS_MOD_16X2))
        sm_refuse(d, "VIADD of halves");
}

static void
map_idp(struct sm_dec *d)
{
    const char *types = sm_mod(d, NVRM_SASS_MOD_IDPTYPE), *second = strchr(types, '_');

    d->u->is_signed = types[0] == 'S';
    d->u->mod = second && second[1] == 'S';
    d->u->wide = sm_flag(d, NVRM_SASS_MOD_2A);
    d->u->mod2 = sm_mod_is(d, NVRM_SASS_MOD_IDPHALF, "HI");
}

static void
map_vabsdiff(struct sm_dec *d)
{
    d->u->is_signed = is_signed(d);
}

static void
map_vabsdiff4(struct sm_dec *d)
{
    d->u->is_signed = sm_mod(d, NVRM_SASS_MOD_SIGN)[0] == 'S';
    d->u->mod = sm_flag(d, NVRM_SASS_MOD_ACC) ? 1 : 2;
}

/* The table is the fourth source, PLOP3's tables the last two. */
static void
map_lop3(struct sm_dec *d)
{
    d->u->imm = sm_immediate(d, 3) & 0xff;
    d->u->mod = sm_flag(d, NVRM_SASS_MOD_PAND) ? SM_AND : SM_OR;
}

static void
map_plop3(struct sm_dec *d)
{
    /* three inputs in order: predicates, and registers whose signs are meant */
    unsigned inputs = 0, preds = 0, regs = 0;
    struct sm_uop *u = d->u;
    const struct sm_uop was = *u;

    u->imm = sm_immediate(d, d->sources - 2) & 0xff;
    u->mod2 = sm_immediate(d, d->sources - 1) & 0xff;
    for (unsigned i = 0; i < d->in->n_operands && inputs < 3; i++) {
        const struct nvrm_sass_operand *o = &d->in->operands[i];
        const bool pred = o->kind == NVRM_SASS_PRED || o->kind == NVRM_SASS_UPRED;

        if (o->role == NVRM_SASS_DST || o->kind == NVRM_SASS_WORD)
            continue;
        if (pred) {
            u->pp[inputs] = was.pp[preds];
            u->pp_neg[inputs] = was.pp_neg[preds++];
        } else {
            u->s[inputs] = was.s[regs++];
            u->mod |= 1u << inputs;
        }
        if (pred && o->kind == NVRM_SASS_UPRED)
            u->pp_uniform |= (uint8_t)(1u << inputs);
        else
            u->pp_uniform &= (uint8_t) ~(1u << inputs);
        inputs++;
    }
}

static void
map_shf(struct sm_dec *d)
{
    struct sm_uop *u = d->u;
    const char *type = sm_mod(d, NVRM_SASS_MOD_SHFTYPE);

    u->wide = !strcmp(type, "U64") || !strcmp(type, "S64");
    u->is_signed = type[0] == 'S';
    u->hi = sm_flag(d, NVRM_SASS_MOD_HI);
    u->mod = (sm_mod_is(d, NVRM_SASS_MOD_SHFDIR, "R") ? 1 : 0) |
             (sm_flag(d, NVRM_SASS_MOD_W) ? 2 : 0);
}

static void
map_shift(struct sm_dec *d)
{
    d->u->is_signed = is_signed(d);
    d->u->mod = sm_flag(d, NVRM_SASS_MOD_W) ? 2 : 0;
}

static void
map_prmt(struct sm_dec *d)
{
    static const char *const modes[] = {"IDX", "F4E", "B4E", "RC8", "ECL", "ECR", "RC16", NULL};
    const int mode = sm_mod_index(d, NVRM_SASS_MOD_PRMTMODE, modes);

    d->u->op = mode < 0 ? 0 : (uint8_t)mode;
}

static void
map_wrap(struct sm_dec *d)
{
    d->u->mod = sm_flag(d, NVRM_SASS_MOD_W) ? 2 : 0;
    d->u->is_signed = is_signed(d);
}

static void
map_flo(struct sm_dec *d)
{
    d->u->is_signed = is_signed(d);
    d->u->mod = sm_flag(d, NVRM_SASS_MOD_SH);
}

static void
map_byte(struct sm_dec *d)
{
    static const char *const bytes[] = {"B0", "B1", "B2", "B3", NULL};
    const int byte = sm_mod_index(d, NVRM_SASS_MOD_BYTE, bytes);

    d->u->op = byte > 0 ? (uint8_t)byte : 0;

    for (unsigned k = 0; k < d->sources && k < 4; k++)
        if (sm_part(d->src[k], NVRM_SASS_MOD_BYTE, bytes) > 0)
            d->u->op = (uint8_t)sm_part(d->src[k], NVRM_SASS_MOD_BYTE, bytes);
}

static void
map_mov(struct sm_dec *d)
{
    d->u->wide = sm_flag(d, NVRM_SASS_MOD_64);
}

/* Lanes */

static void
map_shfl(struct sm_dec *d)
{
    static const char *const ops[] = {"IDX", "UP", "DOWN", "BFLY", NULL};
    const int op = sm_mod_index(d, NVRM_SASS_MOD_SHFLOP, ops);

    if (op < 0)
        sm_refuse(d, "SHFL");
    else
        d->u->op = (uint8_t)op;
}

static void
map_vote(struct sm_dec *d)
{
    static const char *const ops[] = {"ALL", "ANY", "EQ", NULL};
    const int op = sm_mod_index(d, NVRM_SASS_MOD_VOTEOP, ops);

    d->u->op = op < 0 ? 0 : (uint8_t)op;
}

static void
map_match(struct sm_dec *d)
{
    d->u->op = sm_mod_is(d, NVRM_SASS_MOD_MATCHOP, "ANY");
    d->u->wide = d->sources && d->src[0]->regs == 2;
}

static void
map_redux(struct sm_dec *d)
{
    static const struct {
        const char *name;
        uint8_t op;
    } ops[] = {
        {"SUM", SM_RED_ADD},
        {"MIN", SM_RED_MIN},
        {"MAX", SM_RED_MAX},
        {"AND", SM_RED_AND},
        {"OR",  SM_RED_OR },
        {"XOR", SM_RED_XOR},
        {"",    SM_RED_AND},
    };
    const char *text = sm_mod(d, NVRM_SASS_MOD_REDOP);

    d->u->is_signed = is_signed(d);
    for (unsigned i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
        if (!strcmp(text, ops[i].name)) {
            d->u->op = ops[i].op;
            return;
        }
    sm_refuse(d, "REDUX");
}

static void
map_sreg(struct sm_dec *d)
{
    d->u->imm = d->reg ? d->reg->index : 0;
    for (unsigned i = 0; i < d->in->n_operands; i++)
        if (d->in->operands[i].role == NVRM_SASS_DST && d->in->operands[i].regs == 2)
            d->u->wide = true;
}

/* Uniform instructions: the vector one's mapping and function, on one lane */

static const struct sm_row twins[];

static void
map_uniform(struct sm_dec *d)
{
    const char *name = nvrm_sass_op_name(d->in->op);

    for (const struct sm_row *r = twins; r->name; r++) {
        if (strcmp(r->name, name) != 0)
            continue;
        d->u->run = r->run;
        if (r->map)
            r->map(d);
        if (d->u->run == sm_op_refused)
            return;
        d->u->pp_uniform = 0; /* all predicates are, and the twin sees them as its own */
        d->u->twin = d->u->run;
        d->u->run = sm_op_uniform;
    }
}

static const struct sm_row twins[] = {
    {"UMOV",    map_mov,    sm_op_mov  },
    {"USEL",    NULL,       sm_op_sel  },
    {"UIADD3",  map_sign_x, sm_op_iadd3},
    {"UIMAD",   map_imad,   sm_op_imad },
    {"UISETP",  map_isetp,  sm_op_isetp},
    {"ULOP3",   map_lop3,   sm_op_lop3 },
    {"UPLOP3",  map_plop3,  sm_op_plop3},
    {"USHF",    map_shf,    sm_op_shf  },
    {"ULEA",    map_lea,    sm_op_lea  },
    {"UPRMT",   map_prmt,   sm_op_prmt },
    {"UBMSK",   map_wrap,   sm_op_bmsk },
    {"UBREV",   NULL,       sm_op_brev },
    {"UFLO",    map_flo,    sm_op_flo  },
    {"UPOPC",   NULL,       sm_op_popc },
    {"USGXT",   map_wrap,   sm_op_sgxt },
    {"UIABS",   NULL,       sm_op_iabs },
    {"UVIADD",  NULL,       sm_op_viadd},
    {"UIMNMX",  map_minmax, sm_op_imnmx},
    {"UVIMNMX", map_minmax, sm_op_imnmx},
    {NULL,      NULL,       NULL       },
};

const struct sm_row sm_rows_alu[] = {
    {"MOV",       map_mov,       sm_op_mov      },
    {"SEL",       map_sel,       sm_op_sel      },
    {"IADD",      map_wide,      sm_op_iadd64   },
    {"IMNMX64",   map_wide,      sm_op_imnmx64  },
    {"IADD3",     map_sign_x,    sm_op_iadd3    },
    {"IMAD",      map_imad,      sm_op_imad     },
    {"ISETP",     map_isetp,     sm_op_isetp    },
    {"LEA",       map_lea,       sm_op_lea      },
    {"IMNMX",     map_minmax,    sm_op_imnmx    },
    {"VIMNMX",    map_minmax,    sm_op_imnmx    },
    {"IABS",      NULL,          sm_op_iabs     },
    {"VIADD",     map_viadd,     sm_op_viadd    },
    {"VIADDMNMX", map_viaddmnmx, sm_op_viaddmnmx},
    {"IDP",       map_idp,       sm_op_idp      },
    {"VABSDIFF",  map_vabsdiff,  sm_op_vabsdiff },
    {"VABSDIFF4", map_vabsdiff4, sm_op_vabsdiff },
    {"LOP3",      map_lop3,      sm_op_lop3     },
    {"PLOP3",     map_plop3,     sm_op_plop3    },
    {"SHF",       map_shf,       sm_op_shf      },
    {"SHL",       map_shift,     sm_op_shl      },
    {"SHR",       map_shift,     sm_op_shr      },
    {"PRMT",      map_prmt,      sm_op_prmt     },
    {"BMSK",      map_wrap,      sm_op_bmsk     },
    {"BREV",      NULL,          sm_op_brev     },
    {"FLO",       map_flo,       sm_op_flo      },
    {"POPC",      NULL,          sm_op_popc     },
    {"SGXT",      map_wrap,      sm_op_sgxt     },
    {"P2R",       map_byte,      sm_op_p2r      },
    {"R2P",       map_byte,      sm_op_r2p      },
    {"SHFL",      map_shfl,      sm_op_shfl     },
    {"VOTE",      map_vote,      sm_op_vote     },
    {"VOTEU",     map_vote,      sm_op_voteu    },
    {"MATCH",     map_match,     sm_op_match    },
    {"REDUX",     map_redux,     sm_op_redux    },
    {"CREDUX",    map_redux,     sm_op_redux    },
    {"ELECT",     NULL,          sm_op_elect    },
    {"S2R",       map_sreg,      sm_op_s2r      },
    {"S2UR",      map_sreg,      sm_op_s2ur     },
    {"CS2UR",     map_sreg,      sm_op_cs2ur    },
    {"CS2R",      map_sreg,      sm_op_cs2r     },
    {"R2UR",      NULL,          sm_op_r2ur     },
    {"UP2UR",     NULL,          sm_op_up2ur    },
    {"UR2UP",     map_byte,      sm_op_ur2up    },
    {"VIMNMX3",   map_minmax,    sm_op_vimnmx3  },
    {"UMOV",      map_uniform,   sm_op_uniform  },
    {"USEL",      map_uniform,   sm_op_uniform  },
    {"UIADD3",    map_uniform,   sm_op_uniform  },
    {"UIMAD",     map_uniform,   sm_op_uniform  },
    {"UISETP",    map_uniform,   sm_op_uniform  },
    {"ULOP3",     map_uniform,   sm_op_uniform  },
    {"UPLOP3",    map_uniform,   sm_op_uniform  },
    {"USHF",      map_uniform,   sm_op_uniform  },
    {"ULEA",      map_uniform,   sm_op_uniform  },
    {"UPRMT",     map_uniform,   sm_op_uniform  },
    {"UBMSK",     map_uniform,   sm_op_uniform  },
    {"UBREV",     map_uniform,   sm_op_uniform  },
    {"UFLO",      map_uniform,   sm_op_uniform  },
    {"UPOPC",     map_uniform,   sm_op_uniform  },
    {"USGXT",     map_uniform,   sm_op_uniform  },
    {"UIABS",     map_uniform,   sm_op_uniform  },
    {"UVIADD",    map_uniform,   sm_op_uniform  },
    {"UIMNMX",    map_uniform,   sm_op_uniform  },
    {"UVIMNMX",   map_uniform,   sm_op_uniform  },
    {NULL,        NULL,          NULL           },
};
