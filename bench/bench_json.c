/* SPDX-License-Identifier: MIT */
/*
 * Structs of about 4 KiB to JSON text and back, beside what a careful user of jansson would
 * write by hand for the very same struct: the same keys, the same text, direct field access.
 */
#include <gsp/json.h>
#include <nvrm/types.h>

#include "bench.h"
#include "bench_json_peer.h"

/* One struct, both ways, for us and for a peer. */
struct task {
    struct nvrm_abi abi;
    const struct nvrm_layout *layout;
    const struct bench_json_case *the_case;
    const struct bench_json_peer *peer;
    struct gsp_text text;
    union bench_json_struct in, out;
};

static void
die(const char *what)
{
    fprintf(stderr, "bench_json: %s\n", what);
    exit(1);
}

static void
write_ours(void *ctx)
{
    struct task *t = ctx;
    struct gsp_error err;

    t->text.bytes = 0;
    if (gsp_json_write(t->abi, t->layout, &t->in, t->layout->size, 0, &t->text, &err) < 0)
        die(err.text);
    bench_use(t->text.data);
}

static void
read_ours(void *ctx)
{
    struct task *t = ctx;
    struct gsp_error err;
    size_t bytes;

    if (gsp_json_read(t->abi, t->layout, t->text.data, t->text.bytes, &t->out, sizeof(t->out),
                      &bytes, NULL, &err) < 0)
        die(err.text);
    bench_use(&t->out);
}

static void
write_peer(void *ctx)
{
    struct task *t = ctx;
    char *text = t->peer->write[t->the_case->index](&t->in);

    if (!text)
        die("the peer cannot write");
    bench_use(text);
    free(text);
}

static void
read_peer(void *ctx)
{
    struct task *t = ctx;

    if (!t->peer->read[t->the_case->index](t->text.data, t->text.bytes, &t->out))
        die("the peer cannot read");
    bench_use(&t->out);
}

/* Both sides must agree before they race. */
static void
check(struct task *t)
{
    char *text = t->peer->write[t->the_case->index](&t->in);

    write_ours(t);
    if (!text || strcmp(text, t->text.data))
        die("the peer's text differs");
    free(text);
    memset(&t->out, 0, sizeof(t->out));
    read_ours(t);
    if (memcmp(&t->in, &t->out, t->layout->size))
        die("what was read differs");
    memset(&t->out, 0, sizeof(t->out));
    read_peer(t);
    if (memcmp(&t->in, &t->out, t->layout->size))
        die("what the peer read differs");
}

static void
fill_pids(union bench_json_struct *u)
{
    uint32_t seed = 1;

    u->pids.id = 0x2080;
    u->pids.pidTblCount = 950;
    for (uint32_t i = 0; i < 950; i++) {
        seed = seed * 1664525 + 1013904223;
        u->pids.pidTbl[i] = seed >> (10 + i % 16);
    }
}

static void
fill_devices(union bench_json_struct *u)
{
    uint32_t seed = 7;

    u->devices.numEntries = 32;
    for (uint32_t i = 0; i < 32; i++) {
        struct NV2080_CTRL_FIFO_DEVICE_ENTRY *e = &u->devices.entries[i];

        for (int k = 0; k < 16; k++) {
            seed = seed * 1664525 + 1013904223;
            e->engineData[k] = seed >> (seed >> 28);
        }
        e->numPbdmas = 2;
        for (int k = 0; k < 2; k++) {
            e->pbdmaIds[k] = i * 2 + (uint32_t)k;
            e->pbdmaFaultIds[k] = 32 + i;
        }
        snprintf(e->engineName, sizeof(e->engineName), "ENGINE%u", i % 100);
    }
}

static const struct bench_json_case cases[] = {
    {"numbers", "NV2080_CTRL_GPU_GET_PIDS_PARAMS",               BENCH_JSON_PIDS,    fill_pids},
    {"structs", "NV2080_CTRL_FIFO_GET_DEVICE_INFO_TABLE_PARAMS", BENCH_JSON_DEVICES,
     fill_devices                                                                             },
};

static void
race(const struct bench *b, struct task *t)
{
    char name[96];
    struct bench_side write[2] = {
        {.name = "ours",        .run = write_ours, .ctx = t},
        {.name = t->peer->name, .run = write_peer, .ctx = t}
    };
    struct bench_side read[2] = {
        {.name = "ours",        .run = read_ours, .ctx = t},
        {.name = t->peer->name, .run = read_peer, .ctx = t}
    };

    snprintf(name, sizeof(name), "write %s %u B", t->the_case->name, t->layout->size);
    bench_compare(b, name, write, 2);
    snprintf(name, sizeof(name), "read %s %u B", t->the_case->name, t->layout->size);
    bench_compare(b, name, read, 2);
}

int
main(int argc, char **argv)
{
    const struct bench b = bench_init("json", argc, argv);
    const struct nvrm_schema *s = nvrm_schema_builtin();

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct task t = {
            .abi = {s, nvrm_release_newest(s)},
            .the_case = &cases[i],
            .peer = &bench_json_peer
        };

        t.layout = nvrm_struct_find(t.abi, cases[i].type);
        if (!t.layout || t.layout->size > sizeof(t.in))
            die("the schema lacks a struct of this bench");
        cases[i].fill(&t.in);
        check(&t);
        race(&b, &t);
        gsp_text_fini(&t.text);
    }
    return 0;
}
