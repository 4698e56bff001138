/* SPDX-License-Identifier: MIT */
#include "vu_fixture.h"

#include "test.h"

#include <dirent.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server.h"

static volatile sig_atomic_t stop;

static void
on_signal(int number)
{
    (void)number;
    stop = 1;
}

static struct emu_gpu *
make_card(const struct vu_fixture_card *card)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();
    const char *release = card->release ? card->release : "570.144";
    const struct emu_config config = {
        .chip = card->chip, .abi = {s, nvrm_release_find(s, release)},
             .inject = card->inject
    };
    struct emu_gpu *gpu;

    return emu_gpu_create(&config, &gpu, NULL, 0) == 0 ? gpu : NULL;
}

/* Exit codes other than 0 tell the test what went wrong over here. */
static int
serve(struct vu_fixture *f, const struct vu_fixture_card *cards, int ready)
{
    const struct sigaction action = {.sa_handler = on_signal};
    struct vu_server *server = vu_server_create();
    sigset_t ours, wait_mask;
    int rc;

    sigemptyset(&ours);
    sigaddset(&ours, SIGTERM);
    sigprocmask(SIG_BLOCK, &ours, &wait_mask);
    sigaction(SIGTERM, &action, NULL);
    for (unsigned i = 0; i < f->count; i++) {
        const struct vu_card_config config = {.path = f->paths[i],
                                              .preboot = cards[i].preboot,
                                              .retain = cards[i].retain,
                                              .gpu = make_card(&cards[i])};

        if (!config.gpu || vu_server_add(server, &config) < 0)
            return 2;
    }
    if (vu_dma_guard() < 0 || write(ready, "", 1) != 1)
        return 3;
    close(ready);
    rc = vu_server_run(server, &stop, &wait_mask);
    vu_server_destroy(server);
    return rc < 0 ? 4 : 0;
}

/* What a test that failed leaves; the process that made it removes it on its way out. */
static struct vu_fixture last;
static pid_t owner;

static void
remove_last(void)
{
    if (getpid() != owner)
        return;
    for (unsigned i = 0; i < last.count; i++)
        unlink(last.paths[i]);
    rmdir(last.dir);
}

void
vu_fixture_start(struct vu_fixture *f, const struct vu_fixture_card *cards, unsigned count)
{
    *f = (struct vu_fixture){.count = count};
    strcpy(f->dir, "/tmp/nvrm-vu-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    for (unsigned i = 0; i < count; i++)
        snprintf(f->paths[i], sizeof(f->paths[i]), "%s/%u", f->dir, i);
    last = *f;
    if (!owner) {
        owner = getpid();
        assert_int_equal(atexit(remove_last), 0);
    }
    vu_fixture_restart(f, cards);
}

void
vu_fixture_restart(struct vu_fixture *f, const struct vu_fixture_card *cards)
{
    int pipes[2];
    char ready[2];

    assert_int_equal(pipe(pipes), 0);
    f->pid = fork();
    assert_true(f->pid >= 0);
    if (!f->pid) {
        close(pipes[0]);
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves no server behind */
        exit(serve(f, cards, pipes[1]));
    }
    close(pipes[1]);
    assert_int_equal(read(pipes[0], ready, 1), 1);
    assert_int_equal(read(pipes[0], ready, 1), 0);
    close(pipes[0]);
}

int
vu_fixture_stop(struct vu_fixture *f, int signal_number)
{
    int status = -1;

    kill(f->pid, signal_number);
    assert_int_equal(waitpid(f->pid, &status, 0), f->pid);
    for (unsigned i = 0; i < f->count; i++)
        unlink(f->paths[i]);
    rmdir(f->dir);
    return status;
}

unsigned
vu_fixture_fds(const struct vu_fixture *f)
{
    char path[64];
    unsigned n = 0;
    DIR *dir;

    snprintf(path, sizeof(path), "/proc/%d/fd", (int)f->pid);
    dir = opendir(path);
    assert_non_null(dir);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

bool
vu_fixture_lives(const struct vu_fixture *f)
{
    return waitpid(f->pid, NULL, WNOHANG) == 0;
}
