/* SPDX-License-Identifier: MIT */
/*
 * The emulated copy engine beside memcpy: a GPFIFO entry, a doorbell, the page walks and the
 * bytes, until the semaphore is released. The push buffer is made once.
 */
#include <sys/mman.h>

#include "bench.h"
#include "exec_client.h"

enum { MAX_BYTES = 16 << 20 };
static const uint64_t small_va = UINT64_C(0x5000000000);

struct rig {
    struct exec x;
    struct exec_channel c;
    uint64_t entry; /* of the push buffer */
    uint8_t *from, *to;
    size_t bytes;
};

static void
by_engine(void *ctx)
{
    struct rig *r = ctx;

    exec_entry(&r->c, r->entry);
    exec_ring(&r->c);
}

static void
by_memcpy(void *ctx)
{
    struct rig *r = ctx;

    memcpy(r->to, r->from, r->bytes);
    bench_use(r->to);
}

/* A copy of `bytes` between two places of local memory, ready to be sent again and again. */
static void
prepare(struct rig *r, uint64_t from, uint64_t to, uint32_t bytes)
{
    r->bytes = bytes;
    r->c.dwords = r->c.start = 0;
    exec_bind_copy(&r->c);
    exec_copy(&r->c, from, to, bytes, EXEC_VA + EXEC_DATA - 16, 1);
    r->entry = (EXEC_VA + r->c.push) | (uint64_t)r->c.dwords << 42;
}

static void
compare(struct rig *r, const struct bench *b, const char *which)
{
    struct bench_side sides[] = {
        {.name = "engine", .run = by_engine, .ctx = r},
        {.name = "memcpy", .run = by_memcpy, .ctx = r},
    };

    if (bench_compare(b, which, sides, 2))
        bench_print(b, which, "engine", (double)r->bytes / sides[0].best_ns, "GB/s", 1);
}

/* The same memory again, in pages of 4 KiB; all of it touched, or the host copies its page of
 * zeroes. */
static void
map_small(struct rig *r)
{
    for (uint64_t at = 0; at < 2 * (uint64_t)MAX_BYTES; at += RAW_PAGE) {
        exec_wr(&r->x, EXEC_DATA + at, 1);
        exec_map(&r->x, small_va + at, 12, 0, EXEC_DATA + at, 0);
    }
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *name;
        uint32_t bytes;
    } sizes[] = {
        {"4 KiB",  4 << 10  },
        {"64 KiB", 64 << 10 },
        {"1 MiB",  1 << 20  },
        {"16 MiB", MAX_BYTES},
    };
    const struct bench b = bench_init("emu_ce", argc, argv);
    static struct rig r;
    char which[64];
    uint8_t *map;

    exec_open(&r.x, "AD102", NULL);
    exec_channel(&r.x, &r.c, EXEC_COPY2, 0);
    map_small(&r);
    /* As local memory is: large, aligned to a large page, backed when it is touched. */
    map = mmap(NULL, (size_t)4 * MAX_BYTES, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED)
        return 1;
    r.from = map + (MAX_BYTES - (uintptr_t)map % MAX_BYTES);
    r.to = r.from + MAX_BYTES;
    memset(r.from, 1, (size_t)2 * MAX_BYTES);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        for (unsigned small = 0; small < 2; small++) {
            const uint64_t base = small ? small_va : EXEC_VA + EXEC_DATA;

            snprintf(which, sizeof(which), "%s, pages of %s", sizes[i].name,
                     small ? "4 KiB" : "2 MiB");
            prepare(&r, base, base + MAX_BYTES, sizes[i].bytes);
            compare(&r, &b, which);
        }
    munmap(map, (size_t)4 * MAX_BYTES);
    if (exec_rd(&r.x, r.c.notifier + 8) || exec_rd(&r.x, EXEC_DATA - 16) != 1)
        return 1; /* an error stopped it: no figure counts */
    exec_close(&r.x);
    return 0;
}
