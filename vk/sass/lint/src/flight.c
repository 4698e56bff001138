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

static void
mark_busy(struct lint_flight *f)
{
    unsigned busy = 0;

    for (unsigned q = 0; q < QUEUES; q++)
        busy |= (f->always[q] || f->guarded[q] ? 1u : 0u) << q;
    f->busy = (uint8_t)busy;
}

/* What a guard's complement would have excluded counts always. */
static void
forget_guard(struct lint_flight *f)
{
    for (unsigned q = 0; f->when && q < QUEUES; q++) {
        f->always[q] |= f->guarded[q];
        f->guarded[q] = 0;
    }
    f->when = 0;
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
    bool guarded = false;

    for (unsigned q = 0; q < QUEUES; q++)
        guarded |= f->guarded[q] != 0;
    if (!guarded)
        f->when = when;
    if (when && f->when == when)
        f->guarded[queue] |= 1ull << boards;
    else
        f->always[queue] |= 1ull << boards;
    f->busy |= (uint8_t)(1u << queue);
    f->from = at;
}

void
lint_flight_wait(struct lint_flight *f, uint64_t keep)
{
    if (!f->busy)
        return;
    for (unsigned q = 0; q < QUEUES; q++) {
        f->always[q] &= keep;
        f->guarded[q] &= keep;
    }
    mark_busy(f);
}

void
lint_flight_join(struct lint_flight *f, unsigned queue, unsigned boards)
{
    if (!(f->busy >> queue & 1))
        return;
    f->always[queue] = join(f->always[queue], boards);
    f->guarded[queue] = join(f->guarded[queue], boards);
}

void
lint_flight_new_predicate(struct lint_flight *f, unsigned number)
{
    if (f->when && (f->when & 7) == number)
        forget_guard(f);
}

bool
lint_flight_pending(const struct lint_flight *f, unsigned but_queue, uint8_t when,
                    unsigned *boards_out)
{
    for (unsigned q = 0; f->busy && q < QUEUES; q++) {
        const uint64_t sets = f->always[q] | (lint_together(f->when, when) ? f->guarded[q] : 0);

        if (q == but_queue || !sets)
            continue;
        if (boards_out)
            *boards_out = (unsigned)__builtin_ctzll(sets);
        return true;
    }
    return false;
}

bool
lint_flight_merge(struct lint_flight *into, const struct lint_flight *from)
{
    struct lint_flight other = *from;
    const struct lint_flight before = *into;
    bool changed = false;

    if (!from->busy)
        return false;
    if (into->busy && into->when != other.when) {
        forget_guard(into);
        forget_guard(&other);
    }
    into->when = other.when;
    for (unsigned q = 0; q < QUEUES; q++) {
        into->always[q] |= other.always[q];
        into->guarded[q] |= other.guarded[q];
        changed |= into->always[q] != before.always[q] || into->guarded[q] != before.guarded[q];
    }
    into->busy |= other.busy;
    if (changed)
        into->from = from->from;
    return changed;
}
