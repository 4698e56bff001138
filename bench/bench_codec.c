/* SPDX-License-Identifier: MIT */
/*
 * Encode and decode beside memcpy of the wire's size: types that are laid out as in C, types
 * that are not, and large ones at the distances that some processors' memcpy stumbles over.
 * nanopb is the peer that serialises the same C struct.
 */
#include <gsp/codec.h>
#include <nvrm/types.h>

#include "bench.h"
#include "bench_codec_peer.h"

enum { ROOM = 64 * 1024 };

struct task {
    const struct gsp_plan *plan;
    size_t wire_bytes;
    uint8_t *canon, *wire;
};

static void
die(const char *what)
{
    fprintf(stderr, "bench_codec: %s\n", what);
    exit(1);
}

static void
run_encode(void *ctx)
{
    struct task *t = ctx;

    if (gsp_encode(t->plan, t->canon, t->wire, ROOM, NULL) < 0)
        die("cannot encode");
    bench_use(t->wire);
}

static void
run_decode(void *ctx)
{
    struct task *t = ctx;

    if (gsp_decode(t->plan, t->wire, t->wire_bytes, t->canon, NULL) < 0)
        die("cannot decode");
    bench_use(t->canon);
}

static void
copy_out(void *ctx)
{
    struct task *t = ctx;

    memcpy(t->wire, t->canon, t->wire_bytes);
    bench_use(t->wire);
}

static void
copy_in(void *ctx)
{
    struct task *t = ctx;

    memcpy(t->canon, t->wire, t->wire_bytes);
    bench_use(t->canon);
}

static void
run_peer(void *ctx)
{
    struct task *t = ctx;

    if (!bench_codec_nanopb((const struct NV_MEMORY_ALLOCATION_PARAMS *)(void *)t->canon,
                            t->wire, ROOM))
        die("nanopb cannot encode");
    bench_use(t->wire);
}

static struct gsp_codec *
open_codec(const char *release)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();
    const struct nvrm_abi abi = {s, nvrm_release_find(s, release)};
    struct gsp_codec *codec = NULL;
    struct gsp_error err;

    if (gsp_codec_create(abi, NULL, &codec, &err) < 0)
        die(err.text);
    return codec;
}

/* Buffers for one type; the wire lies `distance` bytes off a page boundary, the C struct on
 * one. */
static struct task
make_task(struct gsp_codec *codec, const char *type, size_t distance, uint8_t *room)
{
    struct gsp_error err;
    struct task t = {
        .plan = gsp_codec_plan(codec, nvrm_struct_row(nvrm_schema_builtin(), type), &err)};

    if (!t.plan)
        die(err.text);
    t.wire_bytes = gsp_plan_wire_bytes(t.plan);
    t.canon = room;
    t.wire = room + ROOM + distance;
    return t;
}

static void
race(const struct bench *b, const char *release, const char *type, size_t distance,
     uint8_t *room)
{
    struct gsp_codec *codec = open_codec(release);
    struct task t = make_task(codec, type, distance, room);
    struct bench_side out[2] = {
        {.name = "ours",   .run = run_encode, .ctx = &t},
        {.name = "memcpy", .run = copy_out,   .ctx = &t}
    };
    struct bench_side in[2] = {
        {.name = "ours",   .run = run_decode, .ctx = &t},
        {.name = "memcpy", .run = copy_in,    .ctx = &t}
    };
    const char *kind = t.wire_bytes == gsp_plan_canon_bytes(t.plan) ? "same" : "translated";
    char name[160];

    memset(room, 0, (size_t)2 * ROOM);
    snprintf(name, sizeof(name), "encode %s %s %s %zu B +%zu", kind, type, release,
             t.wire_bytes, distance);
    bench_compare(b, name, out, 2);
    snprintf(name, sizeof(name), "decode %s %s %s %zu B +%zu", kind, type, release,
             t.wire_bytes, distance);
    bench_compare(b, name, in, 2);
    gsp_codec_destroy(codec);
}

/* The same struct of 23 numbers as a protobuf message: what a general serialiser costs. */
static void
race_peer(const struct bench *b, const char *release, uint8_t *room)
{
    struct gsp_codec *codec = open_codec(release);
    struct task t = make_task(codec, "NV_MEMORY_ALLOCATION_PARAMS", 64, room);
    struct NV_MEMORY_ALLOCATION_PARAMS *p = (void *)t.canon;
    struct bench_side sides[2] = {
        {.name = "ours",   .run = run_encode, .ctx = &t},
        {.name = "nanopb", .run = run_peer,   .ctx = &t}
    };
    char name[160];

    memset(p, 0, sizeof(*p));
    p->owner = 0x4e56;
    p->type = 1;
    p->flags = 0x4001;
    p->size = 0x200000;
    p->alignment = 0x10000;
    p->attr = 0x18000000;
    p->hVASpace = 0xcaf00005;
    snprintf(name, sizeof(name), "encode NV_MEMORY_ALLOCATION_PARAMS %s %zu B", release,
             t.wire_bytes);
    bench_compare(b, name, sides, 2);
    gsp_codec_destroy(codec);
}

/* Best of a few short runs of both sides. */
static bool
keeps_goal(const struct bench *b, struct task *t)
{
    const struct bench_side ours = {.run = run_encode, .ctx = t},
                            peer = {.run = copy_out, .ctx = t};
    const uint64_t loops = b->quick ? 20 : 2000;
    double ours_ns = 1e30, peer_ns = 1e30;

    for (int round = 0; round < 5; round++) {
        const double o = (double)bench_time_ns(&ours, loops) / (double)loops;
        const double p = (double)bench_time_ns(&peer, loops) / (double)loops;

        ours_ns = o < ours_ns ? o : ours_ns;
        peer_ns = p < peer_ns ? p : peer_ns;
    }
    return ours_ns <= 2 * peer_ns + 10;
}

/* Every translated (type, release) pair whose layouts differ from the pair before: how many
 * keep within 2 x memcpy + 10 ns. */
static void
survey(const struct bench *b, uint8_t *room)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();
    unsigned pairs = 0, within = 0;

    memset(room, 0, (size_t)2 * ROOM);
    for (unsigned row = 0; row < nvrm_struct_count(s); row++) {
        const struct nvrm_layout *last = NULL;

        for (unsigned r = 0; r < nvrm_release_count(s) && nvrm_struct_canon(s, row); r++) {
            const struct nvrm_layout *layout =
                nvrm_struct_at((struct nvrm_abi){s, (nvrm_release)r}, row);
            struct gsp_codec *codec;
            struct task t;

            if (!layout || layout == last)
                continue;
            last = layout;
            codec = open_codec(nvrm_release_name(s, (nvrm_release)r));
            t = (struct task){.plan = gsp_codec_plan(codec, row, NULL),
                              .canon = room,
                              .wire = room + ROOM + 64};
            if (t.plan && !gsp_plan_is_same(t.plan) && gsp_plan_canon_bytes(t.plan) < ROOM) {
                t.wire_bytes = gsp_plan_wire_bytes(t.plan);
                pairs++;
                within += keeps_goal(b, &t);
            }
            gsp_codec_destroy(codec);
        }
    }
    bench_print(b, "survey: translated layouts within 2 x memcpy + 10 ns", "ours",
                (double)within / (pairs ? pairs : 1), "share", pairs);
}

/* What a look-up and a first build cost. */
struct lookup {
    struct gsp_codec *codec;
    uint16_t row;
};

static void
run_lookup(void *ctx)
{
    struct lookup *l = ctx;

    bench_use(gsp_codec_plan(l->codec, l->row, NULL));
}

static void
run_build(void *ctx)
{
    struct lookup *l = ctx;
    struct gsp_codec *codec = open_codec("535.113.01");

    bench_use(gsp_codec_plan(codec, l->row, NULL));
    gsp_codec_destroy(codec);
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *release, *type;
        size_t distance;
    } rows[] = {
        {"570.144",    "NV0080_ALLOC_PARAMETERS",                       64  },
        {"570.144",    "NV_CHANNEL_ALLOC_PARAMS",                       64  },
        {"570.144",    "NV2080_CTRL_FIFO_GET_DEVICE_INFO_TABLE_PARAMS", 64  },
        {"570.144",    "NV2080_CTRL_GPU_GET_PIDS_PARAMS",               1   },
        {"570.144",    "NV2080_CTRL_GPU_GET_PIDS_PARAMS",               8   },
        {"570.144",    "NV2080_CTRL_GPU_GET_PIDS_PARAMS",               128 },
        {"570.144",    "NV2080_CTRL_GPU_GET_PIDS_PARAMS",               2048},
        {"535.54.03",  "NV_CHANNEL_ALLOC_PARAMS",                       64  },
        {"535.113.01", "NV_MEMORY_ALLOCATION_PARAMS",                   64  },
        {"535.113.01", "GspSystemInfo",                                 64  },
        {"570.144",    "GspSystemInfo",                                 64  },
        {"570.144",    "GspStaticConfigInfo_t",                         64  },
    };
    const struct bench b = bench_init("codec", argc, argv);
    struct lookup l = {open_codec("535.113.01"),
                       nvrm_struct_row(nvrm_schema_builtin(), "GspSystemInfo")};
    uint8_t *room = aligned_alloc(4096, (size_t)3 * ROOM);

    if (!room)
        die("out of memory");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        race(&b, rows[i].release, rows[i].type, rows[i].distance, room);
    if (bench_wants(&b, "survey") && !b.count)
        survey(&b, room);
    race_peer(&b, "535.113.01", room);
    race_peer(&b, "570.144", room);
    bench_alone(&b, "plan look-up", "ours", run_lookup, &l);
    bench_alone(&b, "plan build GspSystemInfo 535.113.01", "ours", run_build, &l);
    gsp_codec_destroy(l.codec);
    free(room);
    return 0;
}
