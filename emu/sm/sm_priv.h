/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the SM share: the state of warps, blocks and SMs, decoded instructions
 * (micro-ops), and how operands and results are reached.
 *
 * A register is a row of 32 lanes. Row 255 (RZ) holds zeroes and is never written; row 256
 * takes what is written to RZ.
 */
#ifndef EMU_SM_PRIV_H
#define EMU_SM_PRIV_H

#include <pthread.h>
#include <string.h>

#include "sm.h"

enum {
    SM_RZ = 255,
    SM_SINK = 256,
    SM_ROWS = 260, /* the sink and what a quad writes behind it */
    SM_PT = 7,
    SM_URZ = 255,
    SM_UROWS = 260,
    SM_CBARS = 16,    /* B0 to B15 */
    SM_WARPSYNC = 16, /* what a lane can wait for beside them */
    SM_CHUNK = 256,   /* instructions that are decoded together */
    SM_CHUNK_BYTES = SM_CHUNK * 16,
    SM_TLB = 256,
    SM_PAGE = 4096,
};

/* Lane loops: one function, several instruction sets, the same results. Other files cannot link
 * to the clones that clang 14 makes. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SM_ONE_CLONE
#endif
#endif
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(SM_ONE_CLONE) &&         \
    (!defined(__clang__) || __clang_major__ >= 17)
#define SM_CLONES __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define SM_CLONES __attribute__((noinline))
#endif
#if defined(__clang__)
#define SM_EACH                                                                                \
    _Pragma("clang loop vectorize(assume_safety)") for (unsigned i = 0; i < SM_LANES; i++)
#else
#define SM_EACH _Pragma("GCC ivdep") for (unsigned i = 0; i < SM_LANES; i++)
#endif

enum sm_kind { SM_REG, SM_IMM, SM_CONST, SM_UREG, SM_NONE };

struct sm_operand {
    uint8_t kind;        /* enum sm_kind */
    uint8_t bank;        /* SM_CONST */
    uint16_t row;        /* SM_REG, SM_UREG */
    uint32_t value;      /* SM_IMM; SM_CONST: the offset */
    uint32_t high;       /* SM_IMM of 64 bits */
    uint32_t keep, flip; /* of float operands: (x & keep) ^ flip is |x|, -x, -|x| */
    bool neg, abs, inv;  /* of the others */
    uint8_t part;        /* halves, bytes: which */
};

struct sm_warp;
struct sm_uop;
typedef void (*sm_exec)(struct sm_warp *w, const struct sm_uop *u, uint32_t mask);

struct sm_uop {
    sm_exec run;
    sm_exec twin;  /* of a uniform instruction: what it is for one lane */
    uint8_t guard; /* predicate */
    bool guard_neg;
    bool guard_uniform;
    uint8_t pd[2]; /* predicates written; SM_PT: none */
    uint8_t pp[3]; /* predicates read */
    bool pp_neg[3];
    uint8_t pp_uniform; /* bit k: pp[k] is a uniform predicate */
    uint16_t d;         /* first row written */
    uint16_t d_uniform; /* of uniform instructions */
    struct sm_operand s[4];
    uint32_t mod; /* what the instruction's function makes of it */
    uint32_t mod2;
    uint32_t imm;
    uint8_t op;    /* comparison, reduction, function */
    uint8_t bytes; /* of a memory access and lane */
    uint8_t shift; /* of the address register */
    bool ftz, sat, is_signed, x, hi, wide;
    uint8_t rnd;                    /* enum sm_rnd */
    uint8_t top_row;                /* highest register that it touches */
    const struct sm_hazard *hazard; /* for the timing check; the chunk's */
    const char *op_name;            /* mnemonic */
    const char *name;               /* of what is refused */
    uint64_t word[2];
};

enum sm_rnd { SM_RN, SM_RM, SM_RP, SM_RZERO };

struct sm_chunk {
    uint64_t va;
    struct sm_chunk *next;
    uint8_t bytes[SM_CHUNK_BYTES];
    uint32_t have; /* bytes that could be read */
    uint32_t fault;
    struct sm_uop uops[SM_CHUNK];
};

struct sm_tlb_entry {
    uint64_t page;  /* va / SM_PAGE + 1; 0: none */
    uint8_t *at[3]; /* for each enum sm_access; NULL: not looked up yet */
};

struct sm_timing;

/** One SM: what its blocks share. */
struct sm_core {
    struct sm_machine *machine;
    const struct sm_grid *grid;
    uint32_t index;
    uint64_t clock; /* instructions issued */
    struct sm_tlb_entry tlb[SM_TLB];
    struct sm_trap *trap;
    bool stop;
    uint8_t nowhere[SM_PAGE]; /* what is written to sparse memory */
};

struct sm_barrier {
    uint32_t arrived;  /* warps that do not wait */
    uint32_t expected; /* warps; 0: all that are left */
    uint32_t count;    /* BAR.RED.POPC so far */
    bool all, any;
};

struct sm_block {
    struct sm_core *core;
    const struct sm_grid *grid;
    uint32_t id[3], rank; /* rank: of the block in its cluster */
    uint32_t warps, live; /* live: warps that have not exited */
    uint8_t *shared;
    uint8_t *local; /* of all threads, one behind the other: low, high */
    struct sm_barrier bar[SM_BARRIERS];
    uint32_t bars; /* where somebody arrived */
    struct sm_warp *warp;
    struct sm_block *next;
    uint64_t linear;
    uint32_t turn;
};

struct sm_warp {
    uint32_t r[SM_ROWS][SM_LANES] __attribute__((aligned(64)));
    uint32_t spread[8][SM_LANES] __attribute__((aligned(64))); /* operands that all share */
    uint32_t out[4][SM_LANES] __attribute__((aligned(64)));    /* results to be masked */
    uint32_t p[8];
    uint32_t ur[SM_UROWS];
    uint32_t up; /* uniform predicates; bit 7 is set */
    uint64_t pc, next;
    uint32_t active; /* lanes that run */
    uint32_t ready;  /* lanes that could */
    uint32_t waits;  /* lanes at a convergence barrier */
    uint32_t barred; /* lanes at a barrier of the block */
    uint32_t live;   /* lanes that have not exited */
    uint64_t lane_pc[SM_LANES];
    uint64_t meet; /* the lowest address where a ready lane waits to go on */
    uint8_t lane_wait[SM_LANES];
    uint32_t cbar[SM_CBARS + 1][SM_LANES];
    uint32_t bar_result; /* BAR.RED */
    bool bar_predicate;
    uint32_t bar_pending; /* id + 1 of the barrier that it waits at */
    bool bar_red;
    uint32_t since_switch;
    uint64_t executed;
    const char *op; /* mnemonic of what runs */
    const struct sm_chunk *chunk;
    struct sm_block *block;
    struct sm_core *core;
    struct sm_timing *timing;
    uint32_t index;
};

/* Operands */

static inline uint32_t
sm_bits(uint32_t x, unsigned high, unsigned low)
{
    return x >> low & (uint32_t)((UINT64_C(1) << (high - low + 1)) - 1);
}

/** A word of a constant bank. */
uint32_t sm_constant(struct sm_warp *w, unsigned bank, uint32_t offset);

/** Other operands than registers: all lanes get the same. */
const uint32_t *sm_spread(struct sm_warp *w, const struct sm_operand *o, unsigned k,
                          unsigned word);

/** The lanes of an operand; word 1 is the upper half of 64 bits. */
static inline const uint32_t *
sm_src_word(struct sm_warp *w, const struct sm_uop *u, unsigned k, unsigned word)
{
    const struct sm_operand *o = &u->s[k];

    if (o->kind == SM_REG)
        return w->r[o->row == SM_RZ ? SM_RZ : o->row + word];
    return sm_spread(w, o, k, word);
}

static inline const uint32_t *
sm_src(struct sm_warp *w, const struct sm_uop *u, unsigned k)
{
    return sm_src_word(w, u, k, 0);
}

/** A value that all lanes share. */
uint32_t sm_scalar(struct sm_warp *w, const struct sm_uop *u, unsigned k, unsigned word);

/* Results: into the register itself when all lanes are active. */
static inline uint32_t *
sm_out(struct sm_warp *w, unsigned row, uint32_t mask, unsigned k)
{
    return mask == UINT32_MAX ? w->r[row] : w->out[k];
}

void sm_blend(uint32_t *to, const uint32_t *from, uint32_t mask);

static inline void
sm_commit(struct sm_warp *w, unsigned row, uint32_t mask, unsigned k)
{
    if (mask != UINT32_MAX)
        sm_blend(w->r[row], w->out[k], mask);
}

static inline uint32_t
sm_pred(const struct sm_warp *w, const struct sm_uop *u, unsigned k)
{
    uint32_t bits = w->p[u->pp[k]];

    if (u->pp_uniform >> k & 1)
        bits = w->up >> u->pp[k] & 1 ? UINT32_MAX : 0;
    return bits ^ (u->pp_neg[k] ? UINT32_MAX : 0);
}

static inline void
sm_set_pred(struct sm_warp *w, unsigned p, uint32_t bits, uint32_t mask)
{
    if (p != SM_PT)
        w->p[p] = (w->p[p] & ~mask) | (bits & mask);
}

static inline float
sm_f32(uint32_t x)
{
    float f;

    memcpy(&f, &x, sizeof(f));
    return f;
}

static inline uint32_t
sm_u32(float f)
{
    uint32_t x;

    memcpy(&x, &f, sizeof(x));
    return x;
}

static inline double
sm_f64(uint64_t x)
{
    double d;

    memcpy(&d, &x, sizeof(d));
    return d;
}

static inline uint64_t
sm_u64(double d)
{
    uint64_t x;

    memcpy(&x, &d, sizeof(x));
    return x;
}

static inline uint64_t
sm_pair(uint32_t low, uint32_t high)
{
    return (uint64_t)high << 32 | low;
}

static inline unsigned
sm_first(uint32_t mask)
{
    return (unsigned)__builtin_ctz(mask);
}

/* trap.c */
/** Stop the grid; the first trap counts. */
void sm_trap(struct sm_warp *w, enum sm_error error, unsigned lane, uint64_t address,
             const char *format, ...) __attribute__((format(printf, 5, 6)));

/* mem.c */
/** Host memory of an aligned access; NULL: a trap. */
uint8_t *sm_global(struct sm_warp *w, unsigned lane, uint64_t va, unsigned bytes,
                   enum sm_access access);
uint8_t *sm_shared(struct sm_warp *w, unsigned lane, uint32_t addr, unsigned bytes);
/** Global, shared or local, by the windows. */
uint8_t *sm_generic(struct sm_warp *w, unsigned lane, uint64_t va, unsigned bytes,
                    enum sm_access access);
/** Lane addresses of an access: s[0] the register, s[1] the uniform one, imm; wide: 64 bits. */
void sm_addresses(struct sm_warp *w, const struct sm_uop *u, uint64_t *out);
void sm_tlb_flush(struct sm_core *core);
/** Read code or constants; false: *fault says why. */
bool sm_read(struct sm_core *core, uint64_t va, void *out, uint32_t bytes, uint32_t *fault);

/* flow.c */
/** Take lanes that can run as the active group. False: none. */
bool sm_regroup(struct sm_warp *w);
void sm_lanes_exit(struct sm_warp *w, uint32_t mask);
void sm_yield(struct sm_warp *w);
/** The barriers of the block after a warp arrived or exited. */
void sm_barriers_check(struct sm_block *b);

/* decode.c */
void sm_decode(struct sm_machine *machine, uint64_t va, const uint8_t *bytes,
               struct sm_uop *out);

/* alloc.c: zeroed, aligned for lanes */
void *sm_alloc_from(const struct sm_config *config, size_t bytes);
void sm_free_to(const struct sm_config *config, void *p);
void *sm_alloc(struct sm_machine *m, size_t bytes);
void sm_free(struct sm_machine *m, void *p);

/* machine.c */
const struct sm_chunk *sm_chunk_at(struct sm_core *core, uint64_t pc);
struct sm_machine {
    struct sm_config config;
    struct sm_chunk *chunks;
    pthread_mutex_t lock; /* of memory and decoded code */
    uint64_t instructions;
    uint8_t *bank[SM_BANKS];         /* what the grid's constants held at its start */
    uint64_t bank_missing[SM_BANKS]; /* pages that could not be read */
    uint32_t bank_fault;
    bool stop; /* a worker trapped: the others end */
};

/* timing.c */
struct nvrm_sass_insn;
struct sm_hazard;
/** What the check needs of an instruction; free(). NULL: no memory, and no check. */
struct sm_hazard *sm_hazard_make(struct sm_machine *m, const struct nvrm_sass_insn *in);
/** Would a real SM have this instruction's operands by now? A trap if not. */
void sm_timing_check(struct sm_warp *w, const struct sm_uop *u, uint32_t mask);

/* block.c */
struct sm_block *sm_block_create(struct sm_core *core, uint64_t linear);
void sm_block_destroy(struct sm_block *b);
/** Another block of the same grid and SM in the memory of one that is done. */
void sm_block_restart(struct sm_block *b, uint64_t linear);
/** Let the block go on for about so many instructions. False: it is done, or trapped. */
bool sm_block_run(struct sm_block *b, uint64_t budget);

#endif
