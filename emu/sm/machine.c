/* SPDX-License-Identifier: MIT */
/*
 * All SMs of a card: decoded code that they share, constants of a launch, and which SM runs
 * which block.
 *
 * Block n runs on SM n modulo the number of SMs. Each SM has some blocks at a time, as its
 * shared memory, registers and threads allow, and lets each go on for a while: blocks may wait
 * for each other as long as all of them fit. With one host thread the order of everything is
 * fixed. With several, each has some of the SMs; what blocks see of each other through atomics
 * then depends on the host, and nothing else does.
 */
#include "ops.h"

enum {
    TURN = 1 << 18, /* instructions of a block until another one's turn */
    MAX_THREADS = 64,
    SHARED_PER_SM = 228 << 10,
    REGISTERS_PER_SM = 65536,
    THREADS_PER_SM = 2048,
    BLOCKS_PER_SM = 32,
};
static const uint64_t default_watchdog = 50000000;

struct sm_machine *
sm_machine_create(const struct sm_config *config)
{
    struct sm_machine *m = sm_alloc_from(config, sizeof(*m));

    if (!m)
        return NULL;
    m->config = *config;
    if (!m->config.sms)
        m->config.sms = 1;
    if (!m->config.watchdog)
        m->config.watchdog = default_watchdog;
    pthread_mutex_init(&m->lock, NULL);
    return m;
}

void
sm_machine_destroy(struct sm_machine *m)
{
    struct sm_config config;

    if (!m)
        return;
    sm_machine_invalidate(m);
    pthread_mutex_destroy(&m->lock);
    config = m->config;
    sm_free_to(&config, m);
}

void
sm_machine_set_memory(struct sm_machine *m, const struct sm_memory *memory)
{
    m->config.memory = *memory;
}

uint64_t
sm_machine_instructions(const struct sm_machine *m)
{
    return m->instructions;
}

/* Code */

static void
free_chunk(struct sm_machine *m, struct sm_chunk *c)
{
    for (unsigned i = 0; i < SM_CHUNK; i++)
        sm_free(m, (void *)c->uops[i].hazard);
    sm_free(m, c);
}

void
sm_machine_invalidate(struct sm_machine *m)
{
    while (m->chunks) {
        struct sm_chunk *next = m->chunks->next;

        free_chunk(m, m->chunks);
        m->chunks = next;
    }
}

static struct sm_chunk *
find_chunk(struct sm_machine *m, uint64_t va)
{
    struct sm_chunk *c = __atomic_load_n(&m->chunks, __ATOMIC_ACQUIRE);

    while (c && c->va != va)
        c = c->next;
    return c;
}

static uint32_t
read_code(struct sm_core *core, uint64_t va, uint8_t *to, uint32_t *fault)
{
    return sm_read(core, va, to, SM_CHUNK_BYTES, fault) ? SM_CHUNK_BYTES : 0;
}

/* Chunks are as large and aligned as pages, so each is readable or not. */
const struct sm_chunk *
sm_chunk_at(struct sm_core *core, uint64_t pc)
{
    const uint64_t va = pc & ~(uint64_t)(SM_CHUNK_BYTES - 1);
    struct sm_machine *m = core->machine;
    struct sm_chunk *c = find_chunk(m, va), *raced;

    if (c)
        return c;
    c = sm_alloc(m, sizeof(*c));
    if (!c)
        return NULL;
    c->va = va;
    c->have = read_code(core, va, c->bytes, &c->fault);
    sm_decode(m, va, c->bytes, c->uops);
    pthread_mutex_lock(&m->lock);
    raced = find_chunk(m, va);
    if (!raced) {
        c->next = m->chunks;
        __atomic_store_n(&m->chunks, c, __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(&m->lock);
    if (!raced)
        return c;
    free_chunk(m, c);
    return raced;
}

bool
sm_machine_refresh(struct sm_machine *m)
{
    struct sm_core *core = sm_alloc(m, sizeof(*core));
    uint8_t now[SM_CHUNK_BYTES];
    bool changed = false;
    uint32_t fault;

    if (!core)
        return false;
    core->machine = m;
    for (struct sm_chunk *c = m->chunks; c; c = c->next)
        changed = changed || read_code(core, c->va, now, &fault) != c->have ||
                  (c->have && memcmp(now, c->bytes, c->have) != 0);
    sm_free(m, core);
    if (changed)
        sm_machine_invalidate(m);
    return changed;
}

/* Constants: what the banks hold when the grid starts. */

static void
drop_constants(struct sm_machine *m)
{
    for (unsigned i = 0; i < SM_BANKS; i++) {
        sm_free(m, m->bank[i]);
        m->bank[i] = NULL;
        m->bank_missing[i] = 0;
    }
}

static void
read_bank(struct sm_core *core, unsigned i)
{
    const struct sm_bank *b = &core->grid->bank[i];
    struct sm_machine *m = core->machine;

    for (uint32_t at = 0, n; at < b->bytes; at += n) {
        n = b->bytes - at < SM_PAGE ? b->bytes - at : SM_PAGE;
        if (!sm_read(core, b->va + at, m->bank[i] + at, n, &m->bank_fault))
            m->bank_missing[i] |= UINT64_C(1) << (at / SM_PAGE);
    }
}

static bool
read_constants(struct sm_core *core)
{
    struct sm_machine *m = core->machine;

    for (unsigned i = 0; i < SM_BANKS; i++) {
        if (!core->grid->bank[i].valid)
            continue;
        m->bank[i] = sm_alloc(m, core->grid->bank[i].bytes + 16);
        if (!m->bank[i])
            return false;
        read_bank(core, i);
    }
    return true;
}

/* One host thread's work */

struct worker {
    struct sm_machine *machine;
    const struct sm_grid *grid;
    unsigned first, step; /* of the SMs */
    uint32_t resident;    /* blocks of an SM */
    struct sm_trap trap;
    uint64_t trapped_at; /* the block, for the choice among several */
    uint64_t instructions;
    pthread_t thread;
    bool started;
};

/* How many blocks of this grid fit an SM. */
static uint32_t
blocks_per_sm(const struct sm_grid *g)
{
    const uint32_t threads = g->block[0] * g->block[1] * g->block[2];
    const uint32_t padded = (threads + SM_LANES - 1) / SM_LANES * SM_LANES;
    uint32_t n = BLOCKS_PER_SM;

    if (n > THREADS_PER_SM / padded)
        n = THREADS_PER_SM / padded;
    if (g->registers && n > REGISTERS_PER_SM / (padded * g->registers))
        n = REGISTERS_PER_SM / (padded * g->registers);
    if (g->shared_bytes && n > SHARED_PER_SM / g->shared_bytes)
        n = SHARED_PER_SM / g->shared_bytes;
    return n ? n : 1;
}

/* One SM's queue of blocks: those it has begun, and which number begins next. */
struct queue {
    struct sm_core core;
    struct sm_block *first, **last;
    struct sm_block *spare; /* one that is done, for its memory */
    uint32_t count;
    uint64_t next_block;
};

static void
out_of_memory(struct worker *k)
{
    k->trap = (struct sm_trap){
        .error = SM_OUT_OF_MEMORY, .op = "launch", .text = "no memory for a block"};
}

static void
append(struct queue *q, struct sm_block *b)
{
    b->next = NULL;
    *q->last = b;
    q->last = &b->next;
}

static struct sm_block *
take_block(struct queue *q)
{
    struct sm_block *b = q->spare;

    q->spare = NULL;
    if (!b)
        return sm_block_create(&q->core, q->next_block);
    sm_block_restart(b, q->next_block);
    return b;
}

/* Begin blocks while there is room, and give the first one a turn. False: a trap. */
static bool
turn(struct worker *k, struct queue *q, uint64_t blocks)
{
    struct sm_block *b = q->first;

    if (!b || (q->count < k->resident && q->next_block < blocks && b->turn)) {
        b = take_block(q);
        if (!b) {
            out_of_memory(k);
            return false;
        }
        q->next_block += k->machine->config.sms;
        q->count++;
    } else {
        q->first = b->next;
        if (!q->first)
            q->last = &q->first;
    }
    b->turn++;
    if (sm_block_run(b, TURN)) {
        append(q, b);
        return true;
    }
    q->count--;
    if (q->core.stop)
        k->trapped_at = b->linear;
    if (q->spare)
        sm_block_destroy(b);
    else
        q->spare = b;
    return !q->core.stop;
}

static void
end_queue(struct worker *k, struct queue *q)
{
    k->instructions += q->core.clock;
    sm_block_destroy(q->spare);
    while (q->first) {
        struct sm_block *next = q->first->next;

        sm_block_destroy(q->first);
        q->first = next;
    }
    sm_free(k->machine, q);
}

static struct queue *
begin_queue(struct worker *k, unsigned sm)
{
    struct queue *q = sm_alloc(k->machine, sizeof(*q));

    if (!q)
        return NULL;
    q->core =
        (struct sm_core){.machine = k->machine, .grid = k->grid, .index = sm, .trap = &k->trap};
    q->last = &q->first;
    q->next_block = sm;
    return q;
}

static bool
stopped(const struct sm_machine *m)
{
    return __atomic_load_n(&m->stop, __ATOMIC_RELAXED);
}

/* The SMs one after the other, a turn each, until all are done. */
static void
work_on(struct worker *k, struct queue **q, unsigned n, uint64_t blocks)
{
    bool moved = true;

    while (moved) {
        moved = false;
        for (unsigned i = 0; i < n && !stopped(k->machine); i++) {
            if (!q[i]->first && q[i]->next_block >= blocks)
                continue;
            moved = true;
            if (turn(k, q[i], blocks))
                continue;
            __atomic_store_n(&k->machine->stop, true, __ATOMIC_RELAXED);
            return;
        }
    }
}

static void *
work(void *arg)
{
    struct worker *k = arg;
    const uint64_t blocks = (uint64_t)k->grid->grid[0] * k->grid->grid[1] * k->grid->grid[2];
    const unsigned sms = k->machine->config.sms;
    struct queue **q = sm_alloc(k->machine, sms * sizeof(struct queue *));
    unsigned n = 0;

    for (unsigned i = k->first; q && i < sms && i < blocks; i += k->step) {
        q[n] = begin_queue(k, i);
        if (!q[n++])
            break;
    }
    if (!q || (n && !q[n - 1]))
        out_of_memory(k);
    else
        work_on(k, q, n, blocks);
    for (unsigned i = 0; q && i < n; i++)
        if (q[i])
            end_queue(k, q[i]);
    sm_free(k->machine, q);
    return NULL;
}

/* The first worker is the caller. */
static void
run_workers(struct worker *k, unsigned n)
{
    for (unsigned i = 1; i < n; i++)
        k[i].started = !pthread_create(&k[i].thread, NULL, work, &k[i]);
    work(&k[0]);
    for (unsigned i = 1; i < n; i++) {
        if (k[i].started)
            pthread_join(k[i].thread, NULL);
        else
            work(&k[i]);
    }
}

/* Of several traps the one of the first block, so that the same is told each time. */
static bool
gather(struct sm_machine *m, const struct worker *k, unsigned n, struct sm_trap *trap_out)
{
    const struct worker *found = NULL;

    for (unsigned i = 0; i < n; i++) {
        m->instructions += k[i].instructions;
        if (k[i].trap.error && (!found || k[i].trapped_at < found->trapped_at))
            found = &k[i];
    }
    if (found)
        *trap_out = found->trap;
    return !found;
}

bool
sm_machine_run(struct sm_machine *m, const struct sm_grid *grid, struct sm_trap *trap_out)
{
    struct worker k[MAX_THREADS] = {0};
    struct sm_core *reader = sm_alloc(m, sizeof(*reader));
    unsigned n = m->config.threads ? m->config.threads : 1;
    bool ok = false;

    *trap_out = (struct sm_trap){
        .error = SM_OUT_OF_MEMORY, .op = "launch", .text = "no memory for constants"};
    n = n < MAX_THREADS ? n : MAX_THREADS;
    m->stop = false;
    if (reader) {
        *reader = (struct sm_core){.machine = m, .grid = grid, .trap = trap_out};
        ok = read_constants(reader);
    }
    sm_free(m, reader);
    for (unsigned i = 0; i < n; i++)
        k[i] = (struct worker){
            .machine = m, .grid = grid, .first = i, .step = n, .resident = blocks_per_sm(grid)};
    if (ok) {
        run_workers(k, n);
        ok = gather(m, k, n, trap_out);
    }
    drop_constants(m);
    return ok;
}
