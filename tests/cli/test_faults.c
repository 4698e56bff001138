/* SPDX-License-Identifier: MIT */
/*
 * The fault matrix: every row of `list --faults` on every card and release it holds for. The
 * verbs of the row run in this process; the last one must end with the row's exit code and say
 * its words, in time; and where a boot failed, the same program boots the card again.
 *
 * Faults that are waited for cost their timeout, so the runs are dealt out to several
 * processes.
 */
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <emu/emu.h>
#include <emu/fault.h>

#include "boot_rig.h"
#include "cli.h"
#include "session.h"
#include "test.h"
#include "vars.h"

enum {
    WORKERS = 8,
    MOST_RUNS = 8192,
    TIMEOUT_MS = 60, /* of every wait; a slow machine gets one more try with PATIENT_MS */
    PATIENT_MS = 8000,
    MOST_WAITS = 4, /* that one run may last */
    MESSAGE = 512,
};

/* The oldest, and one on either side of the last change of the queues. */
static const char *const releases[] = {"535.113.01", "570.144", "595.45.04"};
enum { RELEASES = sizeof(releases) / sizeof(releases[0]) };

/* Sanitizers are slow: there a card takes part at one release, each row at another. */
#if TEST_SANITIZED
enum { PER_CARD = 1, LEAST_RUNS = 1 };
#else
enum { PER_CARD = RELEASES, LEAST_RUNS = 2 };
#endif

struct row {
    const char *name, *group, *run, *says;
    int exit_code;
};

struct run {
    unsigned row;
    const char *chip, *release;
    char argument[40]; /* "" for none */
    bool again;        /* boot the card again: once for each fault and card */
};

/* Shared with the workers. */
struct outcome {
    unsigned done[MOST_RUNS];
    char failed[MOST_RUNS][MESSAGE];
};

struct matrix {
    json_t *rows;
    struct run runs[MOST_RUNS];
    unsigned count;
    unsigned left_out; /* rows that other tests run */
    struct outcome *outcome;
};

/* One session of the program */

struct program {
    struct cli cli;
    char *out;
    size_t out_bytes;
    FILE *stream;
};

static volatile int never;

static void
start(struct program *p, const char *transport, const char *release, unsigned timeout_ms)
{
    memset(p, 0, sizeof(*p));
    p->stream = open_memstream(&p->out, &p->out_bytes);
    assert_non_null(p->stream);
    p->cli = (struct cli){.schema = nvrm_schema_builtin(),
                          .out = p->stream,
                          .err = p->stream,
                          .keep_session = true,
                          .interrupted = &never};
    p->cli.options.transport = transport;
    p->cli.options.firmware = release;
    p->cli.options.timeout_ns = timeout_ms * UINT64_C(1000000);
}

static void
finish(struct program *p)
{
    boot_rig_close(p->cli.boot);
    (void)session_close(&p->cli, 0);
    json_decref(p->cli.steps);
    vars_fini(&p->cli);
    fclose(p->stream);
    free(p->out);
}

/* "VERB ...; VERB ...": up to the first that fails. */
static int
run_verbs(struct program *p, const char *verbs)
{
    char *copy = strdup(verbs), *rest = copy, *verb;
    int code = 0;

    while (code == 0 && (verb = strsep(&rest, ";")))
        code = cli_run_line(&p->cli, verb);
    free(copy);
    fflush(p->stream);
    return code;
}

static json_t *
fault_rows(void)
{
    struct program p;
    json_t *rows;

    start(&p, NULL, NULL, 0);
    p.cli.options.format = CLI_JSON;
    assert_int_equal(run_verbs(&p, "list --faults"), CLI_OK);
    rows = json_loads(p.out, 0, NULL);
    finish(&p);
    assert_true(json_is_array(rows));
    return rows;
}

static struct row
row_at(const struct matrix *m, unsigned i)
{
    const json_t *row = json_array_get(m->rows, i);

    return (struct row){.name = cli_str(row, "name"),
                        .group = cli_str(row, "group"),
                        .run = cli_str(row, "run"),
                        .says = cli_str(row, "says"),
                        .exit_code =
                            (int)json_integer_value(json_object_get(row, "exit_code"))};
}

/* One run */

static uint64_t
now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* The row's words, with the argument in place of %s. */
static bool
says(const char *output, const char *words, const char *argument)
{
    const char *hole = strstr(words, "%s");
    char text[256];

    if (hole)
        snprintf(text, sizeof(text), "%.*s%s%s", (int)(hole - words), words, argument,
                 hole + 2);
    else
        snprintf(text, sizeof(text), "%s", words);
    return strstr(output, text) != NULL;
}

/* A reset of the card ends its faults; then it must boot. */
static bool
boots_again(struct program *p)
{
    struct gsp_bus *bus = p->cli.boot ? p->cli.boot->card.bus : NULL;

    return !bus || (bus->ops->reset(bus) == 0 && run_verbs(p, "boot run") == CLI_OK);
}

/* Empty when all was well. */
static void
try_once(const struct row *row, const struct run *run, unsigned timeout_ms, char *failed)
{
    char transport[128];
    const uint64_t start_ms = now_ms();
    struct program p;
    uint64_t took_ms;
    int code;

    snprintf(transport, sizeof(transport), "emu:%s?fault=%s%s%s", run->chip, row->name,
             *run->argument ? ":" : "", run->argument);
    start(&p, transport, run->release, timeout_ms);
    code = run_verbs(&p, row->run);
    took_ms = now_ms() - start_ms;
    *failed = '\0';
    if (code != row->exit_code || !says(p.out, row->says, run->argument))
        snprintf(failed, MESSAGE, "ended with %d, not %d and '%s'; it said: %.300s", code,
                 row->exit_code, row->says,
                 p.out_bytes > 300 ? p.out + p.out_bytes - 300 : p.out);
    else if (took_ms > (uint64_t)MOST_WAITS * timeout_ms + PATIENT_MS)
        snprintf(failed, MESSAGE, "took %llu ms", (unsigned long long)took_ms);
    else if (run->again && code != CLI_OK && !boots_again(&p))
        snprintf(failed, MESSAGE, "does not boot again: %.400s",
                 p.out_bytes > 400 ? p.out + p.out_bytes - 400 : p.out);
    finish(&p);
}

static void
work(const struct matrix *m, unsigned worker)
{
    for (unsigned i = worker; i < m->count; i += WORKERS) {
        const struct row row = row_at(m, m->runs[i].row);

        try_once(&row, &m->runs[i], TIMEOUT_MS, m->outcome->failed[i]);
        if (*m->outcome->failed[i])
            try_once(&row, &m->runs[i], PATIENT_MS, m->outcome->failed[i]);
        m->outcome->done[i] = 1;
    }
}

/* The matrix */

static void
add_run(struct matrix *m, unsigned row, const char *chip, const char *release,
        const char *argument, size_t argument_bytes)
{
    struct run *run = &m->runs[m->count++];

    assert_true(m->count < MOST_RUNS);
    *run = (struct run){.row = row, .chip = chip, .release = release};
    snprintf(run->argument, sizeof(run->argument), "%.*s", (int)argument_bytes, argument);
}

/* The first argument everywhere, the others in turn: they take the same path. */
static unsigned
add_runs(struct matrix *m, unsigned row, const struct emu_fault_row *f, const char *chip,
         unsigned *turn)
{
    unsigned added = 0;

    for (unsigned i = 0; i < RELEASES && added < PER_CARD; i++) {
        const unsigned r = (row + i) % RELEASES;
        const struct nvrm_abi abi = {nvrm_schema_builtin(),
                                     nvrm_release_find(nvrm_schema_builtin(), releases[r])};
        const char *at = f->examples;
        size_t n = strcspn(at, " ");

        if (!nvrm_chip_classes(abi, chip, NULL, 0) || !emu_fault_applies(f, chip, abi))
            continue;
        add_run(m, row, chip, releases[r], at, n);
        m->runs[m->count - 1].again = !added++;
        for (unsigned k = 0; at[n]; k++) {
            at += n + 1;
            n = strcspn(at, " ");
            if (k == *turn)
                add_run(m, row, chip, releases[r], at, n);
        }
        ++*turn;
    }
    return added;
}

/* No verb drives a channel: whatever these do, a boot is not what shows it. They are run by
 * test_emu_exec_faults, which knows every one of them. */
static bool
met_by_channels(const struct emu_fault_row *f)
{
    return !strcmp(f->group, "execution");
}

static void
build(struct matrix *m)
{
    struct emu_fault_row f;

    m->rows = fault_rows();
    for (unsigned i = 0; emu_fault_row_at(i, &f); i++) {
        unsigned runs = 0, turn = 0;

        assert_string_equal(f.name, row_at(m, i).name);
        if (met_by_channels(&f)) {
            m->left_out++;
            continue;
        }
        for (unsigned c = 0; c < emu_chip_count(); c++)
            runs += add_runs(m, i, &f, emu_chip_at(c)->name, &turn);
        if (runs < LEAST_RUNS)
            fail_msg("%s runs %u times", f.name, runs);
    }
    m->outcome = mmap(NULL, sizeof(*m->outcome), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(m->outcome != MAP_FAILED);
}

static void
deal_out(struct matrix *m)
{
    pid_t workers[WORKERS];

    fflush(NULL);
    for (unsigned w = 0; w < WORKERS; w++) {
        workers[w] = fork();
        assert_true(workers[w] >= 0);
        if (workers[w] == 0) {
            work(m, w);
            json_decref(m->rows);
            exit(0); /* which looks for leaks, in a build that can */
        }
    }
    for (unsigned w = 0; w < WORKERS; w++) {
        int status;

        assert_int_equal(waitpid(workers[w], &status, 0), workers[w]);
        assert_int_equal(status, 0);
    }
}

static void
every_fault_is_reported_on_every_card_and_release_it_is_for(void **state)
{
    static struct matrix m;
    const uint64_t start_ms = now_ms();
    unsigned failures = 0;

    (void)state;
    build(&m);
    deal_out(&m);
    for (unsigned i = 0; i < m.count; i++) {
        const struct row row = row_at(&m, m.runs[i].row);

        if (m.outcome->done[i] && !*m.outcome->failed[i])
            continue;
        if (failures++ < 20)
            print_error("%s:%s %s %s: %s\n", row.name, m.runs[i].argument, m.runs[i].chip,
                        m.runs[i].release, m.outcome->failed[i]);
    }
    print_message(
        "%zu faults x %u cards x %d releases, where they apply = %u runs in %llu ms\n",
        json_array_size(m.rows) - m.left_out, emu_chip_count(), RELEASES, m.count,
        (unsigned long long)(now_ms() - start_ms));
    json_decref(m.rows);
    assert_int_equal(failures, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fault_is_reported_on_every_card_and_release_it_is_for),
    };

    setenv("NO_COLOR", "1", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
