/* SPDX-License-Identifier: MIT */
/**
 * Timing for bench_<what>.c: best of many short runs, ours and a peer's interleaved in one
 * process, one JSON line a number.
 *
 *     {"bench":"codec","case":"encode same 360
 * B","what":"ours","value":9.1,"unit":"ns","count":262144}
 *     {"bench":"codec","case":"encode same 360
 * B","what":"memcpy","value":8.8,"unit":"ns","count":262144}
 *     {"bench":"codec","case":"encode same 360
 * B","what":"ours/memcpy","value":1.03,"unit":"ratio","count":1}
 *
 * Options of every bench program: --quick (a few runs, for ctest), --only TEXT (cases whose
 * name contains TEXT), and
 * --count N (call each side of the chosen cases exactly N times without a clock: under
 * callgrind the difference of two N is the cost of one call; --side TEXT leaves out the other
 * side).
 */
#ifndef NVRM_BENCH_H
#define NVRM_BENCH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/** Does the measured thing once. */
typedef void bench_fn(void *ctx);

struct bench {
    const char *name;
    const char *only; /* or NULL */
    const char *side; /* or NULL */
    uint64_t count;   /* --count, or 0 */
    bool quick;
};

/** One side of a comparison. */
struct bench_side {
    const char *name;
    bench_fn *run;
    void *ctx;
    double best_ns; /* filled by bench_compare() */
    uint64_t loops; /* filled by bench_compare() */
};

/** Tells the compiler that the memory behind p is used. */
static inline void
bench_use(const void *p)
{
    __asm__ volatile("" : : "g"(p) : "memory");
}

static inline uint64_t
bench_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/** Reads the options; ends the program with code 2 on a bad one. */
static inline struct bench
bench_init(const char *name, int argc, char **argv)
{
    struct bench b = {.name = name};

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--quick")) {
            b.quick = true;
        } else if (!strcmp(argv[i], "--only") && i + 1 < argc) {
            b.only = argv[++i];
        } else if (!strcmp(argv[i], "--side") && i + 1 < argc) {
            b.side = argv[++i];
        } else if (!strcmp(argv[i], "--count") && i + 1 < argc) {
            b.count = strtoull(argv[++i], NULL, 0);
        } else {
            fprintf(stderr, "usage: %s [--quick] [--only TEXT] [--count N [--side TEXT]]\n",
                    argv[0]);
            exit(2);
        }
    }
    return b;
}

/** Whether a case was asked for. */
static inline bool
bench_wants(const struct bench *b, const char *which)
{
    return !b->only || strstr(which, b->only);
}

/** Prints one number. */
static inline void
bench_print(const struct bench *b, const char *which, const char *what, double value,
            const char *unit, uint64_t count)
{
    printf("{\"bench\":\"%s\",\"case\":\"%s\",\"what\":\"%s\",\"value\":%.4g,\"unit\":\"%s\","
           "\"count\":%llu}\n",
           b->name, which, what, value, unit, (unsigned long long)count);
    fflush(stdout);
}

static inline uint64_t
bench_time_ns(const struct bench_side *side, uint64_t loops)
{
    const uint64_t start_ns = bench_now_ns();

    for (uint64_t i = 0; i < loops; i++)
        side->run(side->ctx);
    return bench_now_ns() - start_ns;
}

/** How many calls make a run of about 1 ms (0.1 ms with --quick). Another process may have had
 * the processor, so a count is only believed when it takes that long three times. */
static inline uint64_t
bench_calibrate(const struct bench *b, const struct bench_side *side)
{
    const uint64_t goal_ns = b->quick ? 100000 : 1000000;
    uint64_t loops = 1;

    for (;; loops *= 2) {
        int slow = 0;

        while (slow < 3 && bench_time_ns(side, loops) >= goal_ns)
            slow++;
        if (slow == 3 || loops >= UINT64_C(1) << 30)
            return loops;
    }
}

/**
 * Runs the sides in turn, many times, and keeps the best time of each; prints a line for each
 * side and the ratio of the first to every other. Leaves the figures in the sides, so that a
 * caller can check or combine them.
 *
 * @return false when the case was not asked for, or under --count
 */
static inline bool
bench_compare(const struct bench *b, const char *which, struct bench_side *sides,
              unsigned count)
{
    const unsigned rounds = b->quick ? 3 : 41;

    if (!bench_wants(b, which))
        return false;
    for (unsigned i = 0; i < count && b->count; i++)
        for (uint64_t n = 0; n < b->count && (!b->side || strstr(sides[i].name, b->side)); n++)
            sides[i].run(sides[i].ctx);
    if (b->count)
        return false;
    for (unsigned i = 0; i < count; i++) {
        sides[i].loops = bench_calibrate(b, &sides[i]);
        sides[i].best_ns = 1e30;
    }
    for (unsigned round = 0; round < rounds; round++) {
        for (unsigned i = 0; i < count; i++) {
            const double ns =
                (double)bench_time_ns(&sides[i], sides[i].loops) / (double)sides[i].loops;

            if (ns < sides[i].best_ns)
                sides[i].best_ns = ns;
        }
    }
    for (unsigned i = 0; i < count; i++)
        bench_print(b, which, sides[i].name, sides[i].best_ns, "ns", sides[i].loops * rounds);
    for (unsigned i = 1; i < count; i++) {
        char what[128];

        snprintf(what, sizeof(what), "%s/%s", sides[0].name, sides[i].name);
        bench_print(b, which, what, sides[0].best_ns / sides[i].best_ns, "ratio", 1);
    }
    return true;
}

/** One side alone: prints and returns its best time, 0 when it was not asked for. */
static inline double
bench_alone(const struct bench *b, const char *which, const char *what, bench_fn *run,
            void *ctx)
{
    struct bench_side side = {.name = what, .run = run, .ctx = ctx};

    return bench_compare(b, which, &side, 1) ? side.best_ns : 0;
}

#endif
