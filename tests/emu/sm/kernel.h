/* SPDX-License-Identifier: MIT */
/*
 * Kernels of tests/cuda on the emulated card, by hand: sections out of the cubin, bank 0 and a
 * QMD into memory, a launch through a channel's methods.
 */
#ifndef SM_KERNEL_H
#define SM_KERNEL_H

#include "../exec_client.h"

enum {
    KERNEL_CODE = 0x1000000, /* local memory: code, bank 0, QMD, a semaphore, data */
    KERNEL_BANK = 0x1200000,
    KERNEL_QMD = 0x1300000,
    KERNEL_SEM = 0x1301000,
    KERNEL_DATA = 0x1400000,
    KERNEL_PAYLOAD = 0x600d,
};

struct kernel_chip {
    const char *name;
    unsigned sm;
    uint32_t cls, qmd_major, qmd_minor;
    uint32_t params; /* where they begin in bank 0 */
};
extern const struct kernel_chip kernel_chips[7];

struct kernel {
    struct exec *x;
    struct exec_channel *c;
    const struct kernel_chip *chip;
    uint32_t grid[3], block[3], shared, local, registers, barriers;
    uint8_t bank[4096];
    uint32_t bank_bytes, params;
    uint32_t qmd[96];
};

/** Read a kernel of a cubin and put its code into memory. file: "saxpy". */
void kernel_load(struct kernel *k, struct exec *x, struct exec_channel *c,
                 const struct kernel_chip *chip, const char *file, const char *name);
/** Code of the test's own; 16 registers, one block of 32 threads. */
void kernel_code(struct kernel *k, struct exec *x, struct exec_channel *c,
                 const struct kernel_chip *chip, const void *code, size_t bytes);
void kernel_param(struct kernel *k, const void *value, unsigned bytes);
/** Make bank 0 and the QMD. */
void kernel_build(struct kernel *k);
void kernel_field(struct kernel *k, const char *name, unsigned i, uint64_t value);
/** Put the QMD and send it. */
void kernel_send(struct kernel *k);
/** All three; true when the semaphore was released. */
bool kernel_run(struct kernel *k);

void kernel_put(struct exec *x, uint64_t fb_off, const void *from, size_t bytes);
void kernel_get(struct exec *x, uint64_t fb_off, void *to, size_t bytes);
#define KERNEL_VA(off) (EXEC_VA + (off))

#endif
