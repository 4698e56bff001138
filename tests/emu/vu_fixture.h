/* SPDX-License-Identifier: MIT */
/*
 * A server of emulated cards in a process of its own, for tests of its protocol and of clients.
 */
#ifndef VU_FIXTURE_H
#define VU_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <emu/emu.h>

struct vu_fixture_card {
    const char *chip, *release, *inject;
    bool preboot, retain;
};

enum { VU_FIXTURE_CARDS = 2 };

struct vu_fixture {
    pid_t pid;
    char dir[32];
    char paths[VU_FIXTURE_CARDS][64];
    unsigned count;
};

/** Fork the server; returns when its sockets take connections. Asserts on failure. */
void vu_fixture_start(struct vu_fixture *f, const struct vu_fixture_card *cards,
                      unsigned count);
/** The same again, on the same paths, after it was killed. */
void vu_fixture_restart(struct vu_fixture *f, const struct vu_fixture_card *cards);
/** End it as a signal would and remove its sockets; returns its wait status. */
int vu_fixture_stop(struct vu_fixture *f, int signal_number);
/** Descriptors that the server has open. */
unsigned vu_fixture_fds(const struct vu_fixture *f);
bool vu_fixture_lives(const struct vu_fixture *f);

#endif
