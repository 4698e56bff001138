/* SPDX-License-Identifier: MIT */
/* What the parts of the lint share: decoded code, its control flow, and the state along a path.
 */
#ifndef SASS_LINT_PRIV_H
#define SASS_LINT_PRIV_H

#include <stdbool.h>

#include <nvrm/sass.h>
#include <sass/lint.h>

#include <nvrm/sass_latency.h>

/* Everything that an instruction can read or write, as one row of numbers. */
enum {
    RES_GPR = 0,
    RES_PRED = 255,
    RES_UGPR = 262,
    RES_UPRED = 517,
    RES_N = 524,
};

enum use_kind { USE_READ, USE_GUARD, USE_WRITE };

struct lint_use {
    uint16_t res;
    uint8_t kind;
    uint8_t slot; /* place in the operand cache, 0xff */
    uint8_t unit; /* the instruction's; halves of 64 bits may have their own; of guards: who
                     reads */
};

/* Where control goes after an instruction. */
enum lint_go {
    GO_NEXT,     /* on */
    GO_BRANCH,   /* to the label, and on if it is conditional */
    GO_CALL,     /* to the label, and on when it returns */
    GO_FAR_CALL, /* to a register's address, and on when it returns */
    GO_FAR,      /* to a register's address */
    GO_RETURN,
    GO_EXIT,
};

struct lint_insn {
    struct nvrm_sass_ctl ctl;
    uint32_t uses; /* first in lint_code.uses */
    uint16_t uses_n;
    uint8_t ok, unit, go;
    uint8_t conditional;       /* a guard or a predicate decides */
    uint8_t queue, read_queue; /* LAT_QUEUE_NONE */
    uint8_t when;              /* its guard: number, complement and 0x80; 0: always runs */
    uint8_t variable;          /* results come by scoreboard */
    uint8_t reads_late;
    uint8_t drains; /* behind it, all before has read its sources */
    uint8_t least_stall;
    uint8_t waits; /* scoreboards that it waits for, DEPBAR counted in */
    uint16_t op;
    uint32_t target; /* instruction number; UINT32_MAX: none */
    bool bad_target;
};

/* Of units whose results come by scoreboard. */
enum { QUEUES = 8 };

struct lint_block {
    uint32_t first, end;           /* instructions */
    uint32_t succ, succ_n;         /* in lint_prog.succ */
    bool queued, reached, outside; /* outside: runs off the end of the section */
};

struct lint_prog {
    const struct gsp_host *host;
    const struct lat_sm *lat;
    unsigned sm, sm_index, registers;
    struct lint_insn *insns;
    uint32_t n;
    struct lint_use *uses;
    uint32_t uses_n, uses_cap;
    struct lint_block *blocks;
    uint32_t blocks_n;
    uint32_t *block_of; /* by instruction */
    uint32_t *succ;     /* block numbers */
    uint32_t succ_n, succ_cap;
    uint32_t *entries;
    uint32_t entries_n;
};

/* What is under way to or from one register, by queue: see flight.c. */
enum { LANES = 4 };

struct lint_lane {
    uint64_t sets[QUEUES];
    uint8_t when; /* the guard it is under, as in lint_insn.when; lane 0 is under none */
};

struct lint_flight {
    struct lint_lane lane[LANES];
    uint8_t busy;  /* queues with anything */
    uint32_t from; /* instruction number, for messages */
};

/* One of RES_N. Times are cycles of the block, from its first instruction. */
struct lint_cell {
    int16_t read[LAT_UNITS_MAX];  /* by consumer: when it may read */
    int16_t write[LAT_UNITS_MAX]; /* when it may overwrite */
    struct lint_flight results, readers;
    uint8_t fixed_when; /* the guard under which a result of fixed latency comes; 0: any */
    uint32_t from;      /* instruction number, for messages */
};

struct lint_state {
    int32_t now;
    int16_t board_set[6]; /* earliest cycle to wait for it */
    uint32_t board_from[6];
    uint64_t live[(RES_N + 63) / 64]; /* cells with anything under way; the others are as
                                         lint_state_init() left them */
    struct lint_cell cell[RES_N];
};

/* A state as it is kept between blocks: the cells where anything is under way. */
struct lint_saved {
    int16_t board_set[6];
    uint32_t board_from[6];
    struct lint_kept {
        uint16_t res;
        struct lint_cell cell;
    } * kept;
    uint32_t n, cap;
};

/* code.c */
int lint_decode(struct lint_prog *p, const struct sass_lint_code *code, struct gsp_error *err);
unsigned lint_file(unsigned res); /* enum lat_file */
void lint_res_name(unsigned res, char out[12]);

/* cfg.c */
int lint_cfg(struct lint_prog *p, struct gsp_error *err);

/* state.c */
/** First live cell from i on; RES_N: none. */
unsigned lint_live(const struct lint_state *s, unsigned i);
/** The caller is about to put something into the cell. */
struct lint_cell *lint_cell(struct lint_state *s, unsigned i);
void lint_state_init(struct lint_state *s);
/** Makes `into` the worse of both; from is at its end. @return did it change? */
bool lint_state_merge(struct lint_state *into, const struct lint_state *from, unsigned units);
bool lint_state_save(const struct gsp_host *host, struct lint_saved *to,
                     const struct lint_state *s); /* false: no memory */
void lint_state_load(struct lint_state *s, const struct lint_saved *from);
/** Times count from now on. */
void lint_state_rebase(struct lint_state *s, unsigned units);
/** A call through a register: longer than any fixed latency. */
void lint_state_settle(struct lint_state *s);
/** A predicate changes: guards no longer tell what excludes what. */
void lint_state_new_predicate(struct lint_state *s, unsigned number);
/** Everything has read its sources. */
void lint_state_drain(struct lint_state *s);
/** The scoreboards of the mask reached zero. */
void lint_state_wait(struct lint_state *s, unsigned mask);
/** An instruction of a queue carries scoreboards: they also tell of what came before it there.
 */
void lint_state_cover(struct lint_state *s, const struct lint_insn *insn);

/* flight.c */
/** Scoreboard b as a set; 7, which is none, is the empty one. */
unsigned lint_board(unsigned b);
/** Can both guards hold? */
bool lint_together(uint8_t a, uint8_t b);
void lint_flight_clear(struct lint_flight *f);
void lint_flight_add(struct lint_flight *f, unsigned queue, unsigned boards, uint8_t when,
                     uint32_t at);
void lint_flight_wait(struct lint_flight *f, uint64_t keep);
void lint_flight_join(struct lint_flight *f, unsigned queue, unsigned boards);
void lint_flight_new_predicate(struct lint_flight *f, unsigned number);
/** Is anything under way that an instruction with the guard `when` meets? Scoreboards that
 * would tell go to boards_out (may be NULL); 0: none does. */
bool lint_flight_pending(const struct lint_flight *f, unsigned but_queue, uint8_t when,
                         unsigned *boards_out);
bool lint_flight_merge(struct lint_flight *into, const struct lint_flight *from);

/* rules.c */
struct lint_report {
    const struct lint_prog *p;
    struct sass_finding *found;
    size_t n, cap;
    int rc;
};
void lint_check_waits(struct lint_report *r, const struct lint_state *s, uint32_t at);
/** Expects that the instruction's waits are over. */
void lint_check(struct lint_report *r, const struct lint_state *s, uint32_t at);
void lint_check_code(struct lint_report *r, uint32_t block);

/* flow.c */
void lint_step(const struct lint_prog *p, struct lint_state *s, uint32_t at);
int lint_flow(struct lint_prog *p, struct lint_report *report, struct gsp_error *err);

/* Growing arrays. */
void *lint_grow(const struct gsp_host *host, void *p, uint32_t n, uint32_t *cap, size_t each);

#endif
