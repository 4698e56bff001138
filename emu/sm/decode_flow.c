/* SPDX-License-Identifier: MIT */
/* Decoding: branches, calls, barriers, and what does nothing here. */
#include "decode.h"

/* A label, and where it has one a pair of registers that is added to it. */
static void
map_label(struct sm_dec *d)
{
    struct sm_uop *u = d->u;

    if (!d->label) {
        sm_refuse(d, "a branch without a label");
        return;
    }
    u->word[0] = (uint64_t)d->label->value;
    u->s[0] = (struct sm_operand){.kind = SM_NONE};
    if (d->label->regs) {
        u->s[0] = (struct sm_operand){.kind = SM_REG, .row = d->label->index};
        u->wide = d->label->regs == 2;
    }
}

/* The offset counts from the next instruction. */
static void
map_brx(struct sm_dec *d)
{
    map_label(d);
    d->u->word[0] += d->va + 16;
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
    d->u->mod = sm_flag(d, NVRM_SASS_MOD_CLEAR);
    d->u->run = o->role == NVRM_SASS_DST ? sm_op_bmov_to_b : sm_op_bmov_to_r;
}

static void
map_warpsync(struct sm_dec *d)
{
    d->u->mod = sm_flag(d, NVRM_SASS_MOD_ALL);
    if (!d->u->mod && !d->sources)
        d->u->mod = 1;
}

static void
map_bar(struct sm_dec *d)
{
    static const char *const ops[] = {"POPC", "AND", "OR", NULL};
    const int op = sm_mod_index(d, NVRM_SASS_MOD_BARRED, ops);
    struct sm_uop *u = d->u;

    u->mod = sm_flag(d, NVRM_SASS_MOD_RED) ? 2 : sm_flag(d, NVRM_SASS_MOD_ARV) ? 1 : 0;
    u->op = op < 0 ? 0 : (uint8_t)op;
    if (sm_flag(d, NVRM_SASS_MOD_SYNCALL)) {
        u->s[0] = (struct sm_operand){.kind = SM_IMM};
        u->s[1] = (struct sm_operand){.kind = SM_NONE};
    } else if (d->sources < 2 || (u->s[1].kind == SM_IMM && !u->s[1].value)) {
        u->s[1] = (struct sm_operand){.kind = SM_NONE};
    }
}

static void
map_b2r(struct sm_dec *d)
{
    if (!sm_flag(d, NVRM_SASS_MOD_RESULT))
        sm_refuse(d, "B2R of a barrier's state");
}

static void
map_lepc(struct sm_dec *d)
{
    d->u->mod = d->label != NULL;
    d->u->word[0] = d->label ? (uint64_t)d->label->value : 0;
}

const struct sm_row sm_rows_flow[] = {
    {"BRA",           map_label,    sm_op_bra     },
    {"BRX",           map_brx,      sm_op_bra     },
    {"BRXU",          map_brx,      sm_op_bra     },
    {"JMP",           map_label,    sm_op_bra     },
    {"JMX",           map_label,    sm_op_bra     },
    {"JMXU",          map_label,    sm_op_bra     },
    {"CALL",          map_label,    sm_op_bra     },
    {"RET",           map_label,    sm_op_bra     },
    {"EXIT",          NULL,         sm_op_exit    },
    {"KILL",          NULL,         sm_op_kill    },
    {"BSSY",          map_cbar,     sm_op_bssy    },
    {"BSYNC",         map_cbar,     sm_op_bsync   },
    {"BREAK",         map_cbar,     sm_op_break   },
    {"BMOV",          map_bmov,     NULL          },
    {"WARPSYNC",      map_warpsync, sm_op_warpsync},
    {"YIELD",         NULL,         sm_op_yield   },
    {"BAR",           map_bar,      sm_op_bar     },
    {"B2R",           map_b2r,      sm_op_b2r     },
    {"LEPC",          map_lepc,     sm_op_lepc    },
    {"BPT",           NULL,         sm_op_bpt     },
    {"ENDCOLLECTIVE", NULL,         sm_op_nop     },
    {"NOP",           NULL,         sm_op_nop     },
    {"MEMBAR",        NULL,         sm_op_nop     },
    {"ERRBAR",        NULL,         sm_op_nop     },
    {"CGAERRBAR",     NULL,         sm_op_nop     },
    {"LDGDEPBAR",     NULL,         sm_op_nop     },
    {"CCTL",          NULL,         sm_op_nop     },
    {"CCTLL",         NULL,         sm_op_nop     },
    {"CCTLT",         NULL,         sm_op_nop     },
    {"FENCE",         NULL,         sm_op_nop     },
    {"NANOSLEEP",     NULL,         sm_op_yield   },
    {"WARPSYNC",      map_warpsync, sm_op_warpsync},
    {"DEPBAR",        NULL,         sm_op_nop     },
    {"PREEXIT",       NULL,         sm_op_nop     },
    {"ACQBULK",       NULL,         sm_op_nop     },
    {NULL,            NULL,         NULL          },
};
