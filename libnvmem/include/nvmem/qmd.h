/* SPDX-License-Identifier: MIT */
/**
 * What a launch puts into memory: constant bank 0 and the queue meta data (QMD) that names
 * program, grid, block, banks and memory sizes. Pure functions over plain structs; nothing here
 * touches a device, and any thread may call.
 */
#ifndef NVMEM_QMD_H
#define NVMEM_QMD_H

#include <stdbool.h>
#include <stdint.h>

#include <gsp/error.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    NVMEM_QMD_ALIGN = 256,      /* of a QMD and of a bank in memory */
    NVMEM_QMD_BYTES_MAX = 384,  /* of any generation */
    NVMEM_QMD_BANKS = 8,        /* constant banks of a launch */
    NVMEM_STACK_TOP = 0xfffdc0, /* the first stack pointer, in the local window */
    NVMEM_STACK_RESERVED = 0x1000000 - NVMEM_STACK_TOP, /* per thread, above the stack */
};

/** What code finds in bank 0 beside its parameters. */
struct nvmem_bank0 {
    unsigned sm;
    uint32_t grid[3], block[3]; /* blocks of the grid, threads of a block */
    uint32_t cluster[3];        /* blocks of a cluster; 0 0 0: none */
    uint64_t shared_window, local_window;
    uint64_t own_va, bank3_va; /* of this bank and of bank 3: for pointers to constants */
    uint32_t dynamic_shared;   /* bytes */
    uint32_t shared_reserved, shared_bytes; /* the driver's, and all of a block's */
    uint32_t sm_count;
    uint64_t grid_id;
    uint32_t param_off, param_bytes; /* param_off: of the kernel */
    const void *params;
};

/** Bytes of the bank: driver's words and parameters, a multiple of 16. 0 for an unknown SM. */
uint32_t nvmem_bank0_bytes(const struct nvmem_bank0 *bank);
/** Write it all: nvmem_bank0_bytes() of them. */
void nvmem_bank0_write(const struct nvmem_bank0 *bank, void *out);

struct nvmem_qmd_bank {
    uint64_t gpu_va; /* multiple of 64 */
    uint32_t bytes;  /* 0: the bank is not used */
};

struct nvmem_qmd {
    uint64_t program_va; /* multiple of 128 */
    uint64_t program_bytes;
    unsigned registers, barriers;
    uint32_t grid[3], block[3], cluster[3]; /* cluster 0 0 0: none */
    uint32_t shared_bytes;                  /* static, dynamic and reserved */
    uint32_t local_bytes;                   /* per thread: the stack's end of the window */
    uint32_t sass_version;                  /* SM as 0x89; 0: left out */
    struct nvmem_qmd_bank bank[NVMEM_QMD_BANKS];
};

/** Bytes of a QMD of this compute class; 0 for a class that has none we know. */
uint32_t nvmem_qmd_bytes(uint32_t compute_class);
/**
 * @param out  nvmem_qmd_bytes(), zeroed and filled
 * @return 0; -ENOTSUP (a class that we do not know); -EINVAL (a value that its field cannot
 *         hold: err names the field)
 */
GSP_MUST_CHECK int nvmem_qmd_write(uint32_t compute_class, unsigned sm,
                                   const struct nvmem_qmd *qmd, uint32_t *out,
                                   struct gsp_error *err);
/** The smallest carve-out of L1 (KiB) for shared memory that holds `bytes`, the largest when
 * none does; 0 for an unknown SM. */
unsigned nvmem_shared_carveout_kib(unsigned sm, uint32_t bytes);

#ifdef __cplusplus
}
#endif
#endif
