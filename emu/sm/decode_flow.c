/* SPDX-License-Identifier: MIT */
/* Decoding: branches, calls, barriers, and what does nothing here. */
#include "decode.h"

static void
no_register(struct sm_dec *d)
{
    d->u->s[0] = (struct sm_operand){.kind = SM_NONE};
}

static void
map_branch(struct sm_dec *d)
{
    d->u->word[0] = d->label ? (uint64_t)d->label->value : 0;
    if (!d->label)
        sm_refuse(d, "a branch without a label");
}

/* A register, and a label that the register's value is relative to. */
static void
map_indirect(struct sm_dec *d)
{
    struct sm_uop *u = d->u;

    u->wide = d->sources && d->src[0]->regs == 2;
    u->mod = d->label != NULL;
    u->word[0] = d->label ? (uint64_t)d->label->value : 0;
    for (unsigned k = 1; k < d->sources; k++)
        if (d->src[k]->kind == NVRM_SASS_IMM)
            u->imm = (uint32_t)d->src[k]->value;
    if (!d->sources)
        no_register(d);
}

/* BRX: the offset counts from the next instruction. */
static void
map_brx(struct sm_dec *d)
{
    map_indirect(d);
    if (!d->label)
        d->u->word[0] = d->va + 16 + (uint64_t)(int64_t)(int32_t)d->u->imm;
}

static void
map_call(struct sm_dec *d)
{
    map_indirect(d);
    if (d->sources && d->u->s[0].kind == SM_IMM && !d->label) { /* CALL.ABS to a number */
        d->u->word[0] = (uint64_t)d->src[0]->value;
        no_register(d);
    }
}

static void
map_jmp(struct sm_dec *d)
{
    map_call(d);
    d->u->run = d->u->s[0].kind == SM_NONE ? sm_op_bra : sm_op_jmp;
}

static void
map_cbar(struct sm_dec *d)
{
    d->u->imm = d->reg ? d->reg->index & 15 : 0;
    if (!d->reg || d->reg->kind != NVRM_SASS_BREG)
        sm_refuse(d, "a convergence barrier that is none");
}

static void
map_bmov(struct sm_dec *d)
{
    const struct nvrm_sass_operand *o = d->reg;

    if (!o || o->kind != NVRM_SASS_BREG) {
        sm_refuse(d, "BMOV of what is no barrier");
        return;
    }
    d->u->imm = o->index & 15;
    d->u->mod = sm_flag(d, "CLEAR");
    d->u->run = o->role == NVRM_SASS_DST ? sm_op_bmov_to_b : sm_op_bmov_to_r;
}

static void
map_warpsync(struct sm_dec *d)
{
    d->u->mod = sm_flag(d, "ALL");
    if (!d->u->mod && !d->sources)
        d->u->mod = 1;
}

static void
map_bar(struct sm_dec *d)
{
    static const char *const modes[] = {"SYNC", "ARV", "RED", NULL};
    static const char *const ops[] = {"POPC", "AND", "OR", NULL};
    const int mode = sm_mod_index(d, "BARMODE", modes), op = sm_mod_index(d, "BARRED", ops);

    d->u->mod = mode < 0 ? 0 : (uint32_t)mode;
    d->u->op = op < 0 ? 0 : (uint8_t)op;
    if (d->sources < 2)
        d->u->s[1] = (struct sm_operand){.kind = SM_NONE};
}

static void
map_lepc(struct sm_dec *d)
{
    d->u->mod = d->label != NULL;
    d->u->word[0] = d->label ? (uint64_t)d->label->value : 0;
}

const struct sm_row sm_rows_flow[] = {
    {"BRA",       map_branch,   sm_op_bra     },
    {"BRX",       map_brx,      sm_op_brx     },
    {"BRXU",      map_brx,      sm_op_brx     },
    {"JMP",       map_jmp,      sm_op_jmp     },
    {"JMX",       map_jmp,      sm_op_jmp     },
    {"JMXU",      map_jmp,      sm_op_jmp     },
    {"CALL",      map_call,     sm_op_call    },
    {"RET",       map_indirect, sm_op_ret     },
    {"EXIT",      NULL,         sm_op_exit    },
    {"KILL",      NULL,         sm_op_kill    },
    {"BSSY",      map_cbar,     sm_op_bssy    },
    {"BSYNC",     map_cbar,     sm_op_bsync   },
    {"BREAK",     map_cbar,     sm_op_break   },
    {"BMOV",      map_bmov,     NULL          },
    {"WARPSYNC",  map_warpsync, sm_op_warpsync},
    {"YIELD",     NULL,         sm_op_yield   },
    {"BAR",       map_bar,      sm_op_bar     },
    {"B2R",       NULL,         sm_op_b2r     },
    {"LEPC",      map_lepc,     sm_op_lepc    },
    {"BPT",       NULL,         sm_op_bpt     },
    {"NOP",       NULL,         sm_op_nop     },
    {"MEMBAR",    NULL,         sm_op_nop     },
    {"ERRBAR",    NULL,         sm_op_nop     },
    {"CGAERRBAR", NULL,         sm_op_nop     },
    {"DEPBAR",    NULL,         sm_op_nop     },
    {"LDGDEPBAR", NULL,         sm_op_nop     },
    {"CCTL",      NULL,         sm_op_nop     },
    {"CCTLL",     NULL,         sm_op_nop     },
    {"CCTLT",     NULL,         sm_op_nop     },
    {"FENCE",     NULL,         sm_op_nop     },
    {"NANOSLEEP", NULL,         sm_op_yield   },
    {"WARPSYNC",  map_warpsync, sm_op_warpsync},
    {"DEPBAR",    NULL,         sm_op_nop     },
    {"PREEXIT",   NULL,         sm_op_nop     },
    {"ACQBULK",   NULL,         sm_op_nop     },
    {NULL,        NULL,         NULL          },
};
