/* SPDX-License-Identifier: MIT */
/*
 * trace diff: the calls of two traces in step. Where the names part, the nearest place at which
 * they meet again is looked for among the next records of both, so memory stays bounded.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmds.h"
#include "trace_compare.h"
#include "trace_verbs.h"

enum { AHEAD = 128 };

/* A record with bytes of its own. */
struct kept {
    struct gsp_trace_record record;
    struct nvrm_abi abi;
    uint8_t *data;
};

struct side {
    struct trace_input in;
    struct kept ring[AHEAD];
    unsigned first, count;
    bool end;
};

static bool
is_compared(unsigned type)
{
    return (type >= GSP_TRACE_ALLOC && type < GSP_TRACE_BUS) || type >= GSP_TRACE_IOCTL;
}

static int
keep(struct kept *k, struct nvrm_abi abi, const struct gsp_trace_record *r)
{
    size_t bytes = 1, at = 0;

    for (unsigned i = 0; i < r->pieces; i++)
        bytes += r->piece[i].bytes;
    *k = (struct kept){*r, abi, malloc(bytes)};
    if (!k->data)
        return -ENOMEM;
    for (unsigned i = 0; i < r->pieces; i++) {
        if (r->piece[i].bytes)
            memcpy(k->data + at, r->piece[i].data, r->piece[i].bytes);
        k->record.piece[i].data = k->data + at;
        at += r->piece[i].bytes;
    }
    return 0;
}

static struct kept *
at(struct side *s, unsigned i)
{
    return &s->ring[(s->first + i) % AHEAD];
}

static void
drop(struct side *s)
{
    free(at(s, 0)->data);
    s->first = (s->first + 1) % AHEAD;
    s->count--;
}

static int
fill(struct side *s)
{
    struct gsp_trace_record r;

    while (s->count < AHEAD && !s->end) {
        const int rc = trace_input_next(&s->in, &r);

        s->end = rc != CLI_OK;
        if (rc > 0)
            return rc;
        if (rc < 0 || !is_compared(r.type))
            continue;
        if (keep(at(s, s->count), gsp_trace_abi(s->in.reader), &r) < 0)
            return cli_out_of_memory(s->in.cli);
        s->count++;
    }
    return CLI_OK;
}

static bool
meet(struct side *a, unsigned i, struct side *b, unsigned k)
{
    return i < a->count && k < b->count &&
           trace_same_name(at(a, i)->abi, &at(a, i)->record, at(b, k)->abi, &at(b, k)->record);
}

/* How many of each to pass over until they meet. */
static void
find_meeting(struct side *a, struct side *b, unsigned *skip_a, unsigned *skip_b)
{
    for (unsigned sum = 0; sum < a->count + b->count; sum++) {
        for (unsigned i = 0; i <= sum; i++) {
            if (!meet(a, i, b, sum - i))
                continue;
            *skip_a = i;
            *skip_b = sum - i;
            return;
        }
    }
    *skip_a = a->count;
    *skip_b = b->count;
}

static int
compare_heads(struct trace_pairs *pairs, struct side *a, struct side *b)
{
    struct trace_side one = {0}, other = {0};
    struct gsp_error err = {0};
    int rc = trace_side_init(&one, at(a, 0)->abi, &at(a, 0)->record, &err);

    if (rc == 0)
        rc = trace_side_init(&other, at(b, 0)->abi, &at(b, 0)->record, &err);
    if (rc == 0)
        trace_pair(pairs, &one, &other);
    trace_side_fini(&one);
    trace_side_fini(&other);
    return rc < 0 ? cli_fail(pairs->cli, &err) : CLI_OK;
}

static int
step(struct trace_pairs *pairs, struct side *a, struct side *b)
{
    unsigned skip_a, skip_b;
    int rc;

    find_meeting(a, b, &skip_a, &skip_b);
    for (; skip_a; skip_a--) {
        trace_lone(pairs, 'a', at(a, 0)->abi, &at(a, 0)->record);
        drop(a);
    }
    for (; skip_b; skip_b--) {
        trace_lone(pairs, 'b', at(b, 0)->abi, &at(b, 0)->record);
        drop(b);
    }
    if (!a->count || !b->count)
        return CLI_OK;
    rc = compare_heads(pairs, a, b);
    drop(a);
    drop(b);
    return rc;
}

static int
diff_all(struct trace_pairs *pairs, struct side *a, struct side *b)
{
    int rc;

    for (;;) {
        rc = fill(a);
        if (rc == CLI_OK)
            rc = fill(b);
        if (rc != CLI_OK || (!a->count && !b->count))
            return rc;
        rc = step(pairs, a, b);
        if (rc != CLI_OK || pairs->rc != CLI_OK)
            return rc != CLI_OK ? rc : pairs->rc;
    }
}

static void
side_close(struct side *s)
{
    while (s->count)
        drop(s);
    trace_input_close(&s->in);
}

static const struct nvrm_cmd usage = {
    .name = "trace diff", .args = "A B [--ignore FIELDS]", .min_args = 2, .max_args = 2};

int
trace_diff(struct cli *cli, int argc, char **argv)
{
    struct trace_pairs pairs = {.cli = cli};
    struct side *sides = NULL;
    int rc = cli_value(cli, &argc, argv, "--ignore", &pairs.ignore);

    if (rc == CLI_OK)
        rc = cli_check_args(cli, &usage, &argc, argv);
    if (rc != CLI_OK)
        return rc;
    sides = calloc(2, sizeof(*sides));
    if (!sides)
        return cli_out_of_memory(cli);
    rc = trace_input_open(cli, argv[1], &sides[0].in);
    if (rc == CLI_OK)
        rc = trace_input_open(cli, argv[2], &sides[1].in);
    if (rc == CLI_OK)
        rc = diff_all(&pairs, &sides[0], &sides[1]);
    if (rc == CLI_OK) {
        trace_pairs_count(&pairs);
        rc = pairs.rc;
    }
    if (rc == CLI_OK)
        cli_note(cli, "%u calls agree, %u differ, %u only in %s, %u only in %s", pairs.same,
                 pairs.changed, pairs.only_a, argv[1], pairs.only_b, argv[2]);
    if (rc == CLI_OK && trace_pairs_differ(&pairs))
        rc = CLI_EXPECTATION;
    for (unsigned i = 0; i < 2; i++)
        side_close(&sides[i]);
    free(sides);
    trace_pairs_fini(&pairs);
    return rc;
}
