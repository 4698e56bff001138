/* SPDX-License-Identifier: MIT */
/* What is under way at one point of a path. Where paths meet, the worse of both holds: that is
 * what "on every path" is. */
#include <string.h>

#include "lint_priv.h"

/* What is under way in a queue is a set of sets: bit m of 64 stands for something that any
 * scoreboard of the set m tells of. Bit 0 is what nothing tells of yet. As queues end in order,
 * a later instruction's scoreboards join the sets. */

static unsigned
board(unsigned b)
{
    return b < 6 ? 1u << b : 0;
}

/* The sets that have none of the boards in common with mask. */
static uint64_t
untold(unsigned mask)
{
    uint64_t keep = 0;

    for (unsigned m = 0; m < 64; m++)
        if (!(m & mask))
            keep |= 1ull << m;
    return keep;
}

/* The boards join every set. */
static uint64_t
join(uint64_t sets, unsigned boards)
{
    uint64_t out = 0;

    for (; sets; sets &= sets - 1)
        out |= 1ull << ((unsigned)__builtin_ctzll(sets) | boards);
    return out;
}

void
lint_cell_read(struct lint_cell *c, const struct lint_insn *i, uint32_t at)
{
    c->readers[i->queue] |= 1ull << (board(i->ctl.rdbar) | board(i->ctl.wrbar));
    c->busy |= (uint8_t)(1u << i->queue);
    c->reader_from = at;
}

void
lint_cell_result(struct lint_cell *c, const struct lint_insn *i, uint32_t at)
{
    if (!i->conditional)
        memset(c->results, 0, sizeof(c->results));
    c->results[i->queue] |= 1ull << board(i->ctl.wrbar);
    c->busy |= (uint8_t)(1u << i->queue);
    c->board_from = at;
}

bool
lint_cell_pending(const struct lint_cell *c, unsigned but_queue, unsigned *boards_out)
{
    for (unsigned q = 0; c->busy && q < QUEUES; q++)
        if (q != but_queue && c->results[q]) {
            *boards_out = (unsigned)__builtin_ctzll(c->results[q]);
            return true;
        }
    return false;
}

bool
lint_cell_unread(const struct lint_cell *c, unsigned but_queue)
{
    for (unsigned q = 0; c->busy && q < QUEUES; q++)
        if (q != but_queue && c->readers[q])
            return true;
    return false;
}

void
lint_state_init(struct lint_state *s)
{
    memset(s, 0, sizeof(*s));
    for (unsigned i = 0; i < RES_N; i++)
        s->cell[i].from = s->cell[i].board_from = s->cell[i].reader_from = UINT32_MAX;
}

void
lint_state_wait(struct lint_state *s, unsigned mask)
{
    const uint64_t keep = untold(mask);

    for (unsigned i = 0; i < RES_N; i++) {
        struct lint_cell *c = &s->cell[i];
        unsigned busy = 0;

        for (unsigned q = 0; c->busy && q < QUEUES; q++) {
            c->results[q] &= keep;
            c->readers[q] &= keep;
            busy |= (c->results[q] || c->readers[q] ? 1u : 0u) << q;
        }
        c->busy = (uint8_t)busy;
    }
}

void
lint_state_drain(struct lint_state *s)
{
    for (unsigned i = 0; i < RES_N; i++)
        memset(s->cell[i].readers, 0, sizeof(s->cell[i].readers));
}

void
lint_state_cover(struct lint_state *s, unsigned queue, const struct nvrm_sass_ctl *ctl)
{
    const unsigned wr = board(ctl->wrbar), any = wr | board(ctl->rdbar);

    for (unsigned i = 0; i < RES_N; i++) {
        struct lint_cell *c = &s->cell[i];

        if (!(c->busy >> queue & 1))
            continue;
        c->results[queue] = join(c->results[queue], wr);
        c->readers[queue] = join(c->readers[queue], any);
    }
}

void
lint_state_settle(struct lint_state *s)
{
    for (unsigned i = 0; i < RES_N; i++) {
        memset(s->cell[i].read, 0, sizeof(s->cell[i].read));
        memset(s->cell[i].write, 0, sizeof(s->cell[i].write));
    }
    memset(s->board_set, 0, sizeof(s->board_set));
}

static int16_t
left(int32_t at, int32_t now)
{
    return (int16_t)(at > now ? at - now : 0);
}

void
lint_state_rebase(struct lint_state *s, unsigned units)
{
    for (unsigned i = 0; i < RES_N; i++)
        for (unsigned u = 0; u < units; u++) {
            s->cell[i].read[u] = left(s->cell[i].read[u], s->now);
            s->cell[i].write[u] = left(s->cell[i].write[u], s->now);
        }
    for (unsigned b = 0; b < 6; b++)
        s->board_set[b] = left(s->board_set[b], s->now);
    s->now = 0;
}

static bool
merge_sets(struct lint_cell *into, const struct lint_cell *from)
{
    bool changed = false;

    for (unsigned q = 0; from->busy && q < QUEUES; q++) {
        if (from->results[q] & ~into->results[q]) {
            into->results[q] |= from->results[q];
            into->board_from = from->board_from;
            changed = true;
        }
        if (from->readers[q] & ~into->readers[q]) {
            into->readers[q] |= from->readers[q];
            into->reader_from = from->reader_from;
            changed = true;
        }
    }
    into->busy |= from->busy;
    return changed;
}

static bool
merge_cell(struct lint_cell *into, const struct lint_cell *from, unsigned units)
{
    bool changed = merge_sets(into, from);

    for (unsigned u = 0; u < units; u++) {
        if (from->read[u] > into->read[u]) {
            into->read[u] = from->read[u];
            into->from = from->from;
            changed = true;
        }
        if (from->write[u] > into->write[u]) {
            into->write[u] = from->write[u];
            into->from = from->from;
            changed = true;
        }
    }
    return changed;
}

bool
lint_state_merge(struct lint_state *into, const struct lint_state *from, unsigned units)
{
    bool changed = false;

    for (unsigned i = 0; i < RES_N; i++)
        changed |= merge_cell(&into->cell[i], &from->cell[i], units);
    for (unsigned b = 0; b < 6; b++)
        if (from->board_set[b] > into->board_set[b]) {
            into->board_set[b] = from->board_set[b];
            into->board_from[b] = from->board_from[b];
            changed = true;
        }
    return changed;
}
