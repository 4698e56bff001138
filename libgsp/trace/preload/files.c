/* SPDX-License-Identifier: MIT */
/*
 * Which descriptors are the kernel module's files, and which mappings are of them. Tables of a
 * fixed size: a descriptor beyond them is not traced.
 */
#include "capture.h"

#include <dirent.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FDS = 1 << 16, MAPPINGS = 1 << 13, PROBES = 64 };

static const struct {
    const char *name;
    uint16_t kind;
    bool numbered;
} names[] = {
    {"/dev/nvidiactl",              FILE_CTL,       false},
    {"/dev/nvidia-uvm-tools",       FILE_UVM_TOOLS, false},
    {"/dev/nvidia-uvm",             FILE_UVM,       false},
    {"/dev/nvidia-caps/nvidia-cap", FILE_CAP,       true },
    {"/dev/nvidia",                 FILE_GPU,       true },
};

static _Atomic uint16_t files[FDS];
static _Atomic uintptr_t mappings[MAPPINGS];
static _Atomic unsigned mapped;

uint16_t
file_of_path(const char *path)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const size_t n = strlen(names[i].name);
        char *end;

        if (strncmp(path, names[i].name, n) != 0)
            continue;
        if (!names[i].numbered && !path[n])
            return names[i].kind;
        if (!names[i].numbered || path[n] < '0' || path[n] > '9')
            continue;
        return (uint16_t)(names[i].kind | strtoul(path + n, &end, 10) << 8);
    }
    return FILE_NONE;
}

void
file_path(uint16_t file, char path[40])
{
    path[0] = '\0';
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].kind != (file & 0xff))
            continue;
        if (names[i].numbered)
            (void)snprintf(path, 40, "%s%u", names[i].name, file >> 8);
        else
            (void)snprintf(path, 40, "%s", names[i].name);
    }
}

uint16_t
file_of(int fd)
{
    return fd >= 0 && fd < FDS ? atomic_load_explicit(&files[fd], memory_order_relaxed) : 0;
}

void
file_set(int fd, uint16_t file)
{
    if (fd >= 0 && fd < FDS)
        atomic_store_explicit(&files[fd], file, memory_order_relaxed);
}

void
files_inherited(void)
{
    DIR *dir = opendir("/proc/self/fd");
    const struct dirent *entry;
    char path[300], target[64];

    while (dir && (entry = readdir(dir))) {
        ssize_t n;

        (void)snprintf(path, sizeof(path), "/proc/self/fd/%s", entry->d_name);
        n = readlink(path, target, sizeof(target) - 1);
        if (n <= 0)
            continue;
        target[n] = '\0';
        file_set(atoi(entry->d_name), file_of_path(target));
    }
    if (dir)
        closedir(dir);
}

/* Open addressing; 1 is where something was. */

static size_t
slot_of(uintptr_t at, unsigned probe)
{
    return ((at >> 12 ^ at >> 25) + probe) & (MAPPINGS - 1);
}

void
mapping_add(uintptr_t at)
{
    for (unsigned i = 0; i < PROBES; i++) {
        _Atomic uintptr_t *slot = &mappings[slot_of(at, i)];
        uintptr_t old = atomic_load(slot);

        if (old > 1 || !atomic_compare_exchange_strong(slot, &old, at))
            continue;
        atomic_fetch_add(&mapped, 1);
        return;
    }
}

bool
mapping_remove(uintptr_t at)
{
    for (unsigned i = 0; i < PROBES && atomic_load(&mapped); i++) {
        _Atomic uintptr_t *slot = &mappings[slot_of(at, i)];
        uintptr_t old = at;

        if (!atomic_load(slot))
            return false;
        if (!atomic_compare_exchange_strong(slot, &old, 1))
            continue;
        atomic_fetch_sub(&mapped, 1);
        return true;
    }
    return false;
}
