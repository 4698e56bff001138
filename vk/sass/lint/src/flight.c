/* SPDX-License-Identifier: MIT */
/* Results that have not come and sources that have not been read, of one register. */
#include <string.h>

#include "lint_priv.h"

/* What is under way in a queue is a set of sets: bit m of 64 stands for something that any
 * scoreboard of the set m tells of. Bit 0 is what nothing tells of yet. As queues end in order,
 * a later instruction's scoreboards join the sets. */

unsigned
lint_board(unsigned b)
{
    return b < 6 ? 1u << b : 0;
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

bool
lint_together(uint8_t a, uint8_t b)
{
    return !a || !b || (a ^ b) != 0x40;
}

static bool
empty(const struct lint_lane *l)
{
    uint64_t all = 0;

    for (unsigned q = 0; q < QUEUES; q++)
        all |= l->sets[q];
    return !all;
}

static void
mark_busy(struct lint_flight *f)
{
    f->busy = 0;
    for (unsigned k = 0; k < LANES; k++)
        for (unsigned q = 0; q < QUEUES; q++)
            f->busy |= (uint8_t)((f->lane[k].sets[q] ? 1u : 0u) << q);
}

/* The lane of a guard. When all are taken by others, the one under no guard, which nothing
 * excludes. */
static struct lint_lane *
lane_of(struct lint_flight *f, uint8_t when)
{
    for (unsigned k = 1; when && k < LANES; k++)
        if (f->lane[k].when == when)
            return &f->lane[k];
    for (unsigned k = 1; when && k < LANES; k++)
        if (!f->lane[k].when || empty(&f->lane[k])) {
            f->lane[k].when = when;
            return &f->lane[k];
        }
    return &f->lane[0];
}

static void
pour(struct lint_lane *into, const struct lint_lane *from)
{
    for (unsigned q = 0; q < QUEUES; q++)
        into->sets[q] |= from->sets[q];
}

void
lint_flight_clear(struct lint_flight *f)
{
    memset(f, 0, sizeof(*f));
    f->from = UINT32_MAX;
}

void
lint_flight_add(struct lint_flight *f, unsigned queue, unsigned boards, uint8_t when,
                uint32_t at)
{
    lane_of(f, when)->sets[queue] |= 1ull << boards;
    f->busy |= (uint8_t)(1u << queue);
    f->from = at;
}

void
lint_flight_wait(struct lint_flight *f, uint64_t keep)
{
    if (!f->busy)
        return;
    for (unsigned k = 0; k < LANES; k++)
        for (unsigned q = 0; q < QUEUES; q++)
            f->lane[k].sets[q] &= keep;
    mark_busy(f);
}

void
lint_flight_join(struct lint_flight *f, unsigned queue, unsigned boards)
{
    if (!(f->busy >> queue & 1))
        return;
    for (unsigned k = 0; k < LANES; k++)
        f->lane[k].sets[queue] = join(f->lane[k].sets[queue], boards);
}

void
lint_flight_new_predicate(struct lint_flight *f, unsigned number)
{
    for (unsigned k = 1; f->busy && k < LANES; k++) {
        struct lint_lane *l = &f->lane[k];

        if (!l->when || (l->when & 7) != number)
            continue;
        pour(&f->lane[0], l);
        memset(l, 0, sizeof(*l));
    }
}

bool
lint_flight_pending(const struct lint_flight *f, unsigned but_queue, uint8_t when,
                    unsigned *boards_out)
{
    for (unsigned q = 0; f->busy && q < QUEUES; q++) {
        uint64_t sets = 0;

        for (unsigned k = 0; k < LANES; k++)
            if (k == 0 || lint_together(f->lane[k].when, when))
                sets |= f->lane[k].sets[q];
        if (q == but_queue || !sets)
            continue;
        if (boards_out)
            *boards_out = (unsigned)__builtin_ctzll(sets);
        return true;
    }
    return false;
}

/* Is all of a lane's in another? */
static bool
within(const struct lint_lane *a, const struct lint_lane *b)
{
    uint64_t more = 0;

    for (unsigned q = 0; q < QUEUES; q++)
        more |= a->sets[q] & ~b->sets[q];
    return !more;
}

bool
lint_flight_merge(struct lint_flight *into, const struct lint_flight *from)
{
    bool changed = false;

    for (unsigned k = 0; from->busy && k < LANES; k++) {
        const struct lint_lane *l = &from->lane[k];
        struct lint_lane *to;

        if (within(l, &into->lane[0])) /* known to be there under any guard, or nothing */
            continue;
        to = lane_of(into, l->when);
        changed |= !within(l, to);
        pour(to, l);
    }
    into->busy |= from->busy;
    if (changed)
        into->from = from->from;
    return changed;
}
