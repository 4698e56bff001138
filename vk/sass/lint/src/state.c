/* SPDX-License-Identifier: MIT */
/* What is under way at one point of a path. Where paths meet, the worse of both holds: that is
 * what "on every path" is. */
#include <string.h>

#include "lint_priv.h"

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

unsigned
lint_live(const struct lint_state *s, unsigned i)
{
    while (i < RES_N) {
        const uint64_t rest = s->live[i / 64] >> i % 64;

        if (rest)
            return i + (unsigned)__builtin_ctzll(rest);
        i = (i / 64 + 1) * 64;
    }
    return RES_N;
}

struct lint_cell *
lint_cell(struct lint_state *s, unsigned i)
{
    s->live[i / 64] |= 1ull << i % 64;
    return &s->cell[i];
}

static void
clear_cell(struct lint_state *s, unsigned i)
{
    struct lint_cell *c = &s->cell[i];

    memset(c, 0, sizeof(*c));
    c->from = UINT32_MAX;
    lint_flight_clear(&c->results);
    lint_flight_clear(&c->readers);
    s->live[i / 64] &= ~(1ull << i % 64);
}

void
lint_state_init(struct lint_state *s)
{
    memset(s, 0, sizeof(*s));
    for (unsigned i = 0; i < RES_N; i++) {
        s->cell[i].from = UINT32_MAX;
        lint_flight_clear(&s->cell[i].results);
        lint_flight_clear(&s->cell[i].readers);
    }
}

void
lint_state_wait(struct lint_state *s, unsigned mask)
{
    const uint64_t keep = untold(mask);

    for (unsigned i = lint_live(s, 0); i < RES_N; i = lint_live(s, i + 1)) {
        lint_flight_wait(&s->cell[i].results, keep);
        lint_flight_wait(&s->cell[i].readers, keep);
    }
}

void
lint_state_drain(struct lint_state *s)
{
    for (unsigned i = lint_live(s, 0); i < RES_N; i = lint_live(s, i + 1))
        lint_flight_clear(&s->cell[i].readers);
}

void
lint_state_cover(struct lint_state *s, const struct lint_insn *insn)
{
    const unsigned wr = lint_board(insn->ctl.wrbar), any = wr | lint_board(insn->ctl.rdbar);

    for (unsigned i = lint_live(s, 0); i < RES_N; i = lint_live(s, i + 1)) {
        lint_flight_join(&s->cell[i].results, insn->queue, wr);
        lint_flight_join(&s->cell[i].readers, insn->read_queue, any);
    }
}

void
lint_state_new_predicate(struct lint_state *s, unsigned number)
{
    for (unsigned i = lint_live(s, 0); i < RES_N; i = lint_live(s, i + 1)) {
        struct lint_cell *c = &s->cell[i];

        if (c->fixed_when && (c->fixed_when & 7) == number)
            c->fixed_when = 0;
        lint_flight_new_predicate(&c->results, number);
        lint_flight_new_predicate(&c->readers, number);
    }
}

void
lint_state_settle(struct lint_state *s)
{
    for (unsigned i = lint_live(s, 0); i < RES_N; i = lint_live(s, i + 1)) {
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

static bool
fixed_left(const struct lint_cell *c)
{
    for (unsigned u = 0; u < lat_units_n; u++)
        if (c->read[u] > 0 || c->write[u] > 0)
            return true;
    return false;
}

static bool
idle(const struct lint_cell *c)
{
    return !c->results.busy && !c->readers.busy && !fixed_left(c);
}

void
lint_state_rebase(struct lint_state *s, unsigned units)
{
    for (unsigned i = lint_live(s, 0); i < RES_N; i = lint_live(s, i + 1)) {
        for (unsigned u = 0; u < units; u++) {
            s->cell[i].read[u] = left(s->cell[i].read[u], s->now);
            s->cell[i].write[u] = left(s->cell[i].write[u], s->now);
        }
        if (idle(&s->cell[i]))
            clear_cell(s, i);
    }
    for (unsigned b = 0; b < 6; b++)
        s->board_set[b] = left(s->board_set[b], s->now);
    s->now = 0;
}

static bool
merge_cell(struct lint_cell *into, const struct lint_cell *from, unsigned units)
{
    bool changed = lint_flight_merge(&into->results, &from->results);

    changed |= lint_flight_merge(&into->readers, &from->readers);
    /* A guard that not both paths have tells nothing. */
    if (fixed_left(from) && into->fixed_when != from->fixed_when) {
        const uint8_t when = fixed_left(into) ? 0 : from->fixed_when;

        changed |= when != into->fixed_when;
        into->fixed_when = when;
    }
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

    for (unsigned i = lint_live(from, 0); i < RES_N; i = lint_live(from, i + 1))
        changed |= merge_cell(lint_cell(into, i), &from->cell[i], units);
    for (unsigned b = 0; b < 6; b++)
        if (from->board_set[b] > into->board_set[b]) {
            into->board_set[b] = from->board_set[b];
            into->board_from[b] = from->board_from[b];
            changed = true;
        }
    return changed;
}

bool
lint_state_save(const struct gsp_host *host, struct lint_saved *to, const struct lint_state *s)
{
    to->n = 0;
    for (unsigned i = lint_live(s, 0); i < RES_N; i = lint_live(s, i + 1)) {
        struct lint_kept *grown;

        if (idle(&s->cell[i]))
            continue;
        grown = lint_grow(host, to->kept, to->n, &to->cap, sizeof(*grown));
        if (!grown)
            return false;
        to->kept = grown;
        to->kept[to->n].res = (uint16_t)i;
        to->kept[to->n++].cell = s->cell[i];
    }
    memcpy(to->board_set, s->board_set, sizeof(to->board_set));
    memcpy(to->board_from, s->board_from, sizeof(to->board_from));
    return true;
}

void
lint_state_load(struct lint_state *s, const struct lint_saved *from)
{
    for (unsigned i = lint_live(s, 0); i < RES_N; i = lint_live(s, i + 1))
        clear_cell(s, i);
    for (uint32_t i = 0; i < from->n; i++)
        *lint_cell(s, from->kept[i].res) = from->kept[i].cell;
    s->now = 0;
    memcpy(s->board_set, from->board_set, sizeof(s->board_set));
    memcpy(s->board_from, from->board_from, sizeof(s->board_from));
}
