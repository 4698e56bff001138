/* SPDX-License-Identifier: MIT */
/*
 * The streaming multiprocessors of the emulated card: grids of blocks of warps that execute
 * machine code. What memory is, the caller says through one callback; what a launch is, it says
 * in struct sm_grid. docs/sm.md says what is modelled and what is guaranteed.
 */
#ifndef EMU_SM_H
#define EMU_SM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SM_LANES = 32, SM_BANKS = 18, SM_BARRIERS = 16, SM_TEXT = 160 };

/** What an access wants of a page; as emu_access. */
enum sm_access { SM_READ, SM_WRITE, SM_ATOMIC };

/**
 * Where bytes of the address space are in this process.
 *
 * Called with a lock held when several threads run a grid: one call at a time.
 */
struct sm_memory {
    void *ctx;
    /** The bytes at va, `n_out` of them follow each other, within the page at least. False: a
     * fault; fault_out is the caller's own number of it. p_out NULL: reads give 0. */
    bool (*span)(void *ctx, uint64_t va, enum sm_access access, uint8_t **p_out,
                 uint64_t *n_out, uint32_t *fault_out);
    /** GLOBALTIMER, in nanoseconds; NULL: it stands still. */
    uint64_t (*now_ns)(void *ctx);
};

/** HWW_WARP_ESR_ERROR of hw_gr_gv11b.h, and what has no such number from 0x100 on. */
enum sm_error {
    SM_OK = 0,
    SM_MISALIGNED_PC = 0x5,
    SM_MISALIGNED_REG = 0x8,
    SM_ILLEGAL_ENCODING = 0x9,
    SM_ILLEGAL_PARAM = 0xb,
    SM_OOR_REG = 0xd,
    SM_OOR_ADDR = 0xe,
    SM_MISALIGNED_ADDR = 0xf,
    SM_INVALID_ADDR_SPACE = 0x10,
    SM_INVALID_CONST_ADDR = 0x12,
    SM_MMU_FAULT = 0x16,
    SM_TRAP = 0x100,  /* BPT.TRAP: the program asked for it */
    SM_WATCHDOG,      /* too many instructions, or no warp can go on */
    SM_HAZARD,        /* timing=strict: a real SM would read something else */
    SM_NOT_MODELLED,  /* an instruction that exists, but not here */
    SM_OUT_OF_MEMORY, /* of the host's */
};

/** What stopped a grid. */
struct sm_trap {
    enum sm_error error;
    uint32_t fault; /* with SM_MMU_FAULT: what span() said */
    enum sm_access access;
    uint64_t pc, address;
    uint32_t sm, warp, lane;
    uint32_t block[3], thread[3];
    const char *op;     /* mnemonic of the instruction */
    char text[SM_TEXT]; /* what is wrong with it */
};

struct sm_bank {
    uint64_t va;
    uint32_t bytes;
    bool valid;
};

/** One launch. */
struct sm_grid {
    uint64_t program; /* address of the first instruction */
    uint32_t grid[3], block[3], cluster[3];
    uint32_t registers;             /* of a thread */
    uint32_t barriers;              /* of a block */
    uint32_t shared_bytes;          /* of a block */
    uint32_t local_low, local_high; /* of a thread: from 0 on, and up to 16 MiB */
    struct sm_bank bank[SM_BANKS];
    uint64_t shared_window, local_window;
    uint64_t id; /* GRIDID */
};

struct sm_config {
    unsigned sm;       /* 75, 80, 86, 89, 90, 100, 120 */
    unsigned sms;      /* how many there are */
    unsigned threads;  /* of the host; 0 and 1: the caller's alone */
    uint64_t watchdog; /* instructions of one warp; 0: the default */
    bool timing;       /* refuse hazards */
    struct sm_memory memory;
    void *(*realloc)(void *ctx, void *old, size_t bytes); /* one call at a time; NULL: libc's */
    void *realloc_ctx;
};

struct sm_machine;

/** NULL: out of memory, or an SM that is not known. */
struct sm_machine *sm_machine_create(const struct sm_config *config);
void sm_machine_destroy(struct sm_machine *machine);

/** Other memory for the launches to come: another address space. */
void sm_machine_set_memory(struct sm_machine *machine, const struct sm_memory *memory);
/** Decoded code is forgotten: INVALIDATE_SHADER_CACHES and its like. */
void sm_machine_invalidate(struct sm_machine *machine);

/** Run a grid to its end. False: trap_out says what stopped it. */
bool sm_machine_run(struct sm_machine *machine, const struct sm_grid *grid,
                    struct sm_trap *trap_out);
/** Code that changed in memory since it was decoded is forgotten. True: there was some. */
bool sm_machine_refresh(struct sm_machine *machine);
/** Warp instructions that were executed so far. */
uint64_t sm_machine_instructions(const struct sm_machine *machine);

/** "Out Of Range Address", as the vendor's log says it. */
const char *sm_error_name(enum sm_error error);

#endif
