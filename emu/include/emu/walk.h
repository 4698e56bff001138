/* SPDX-License-Identifier: MIT */
/**
 * The card's own page walk, for tests of whoever writes page tables: it is made from the
 * public headers alone and shares nothing with any other code of this project.
 */
#ifndef EMU_WALK_H
#define EMU_WALK_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct emu_gpu;

/** Where a virtual address leads. */
struct emu_walk {
    bool mapped; /* false: `fault` says why not */
    bool sparse; /* mapped to nowhere: reads give 0, writes are lost */
    bool system; /* addr is a bus address, else an offset into local memory */
    bool read_only, privileged, no_atomics;
    uint64_t addr;       /* of the byte that was asked for */
    uint64_t page_bytes; /* 4 KiB, 64 KiB, 2 MiB, 512 MiB, 256 GiB; of a directory's entry where
                            that is sparse */
    const char *fault;   /* "PDE", "PTE", ...: NV_PFAULT_FAULT_TYPE_<fault> (dev_fault.h) */
};

/**
 * Walk the page tables below a page directory, as the chip's MMU does.
 *
 * @param system          the directory is in system memory
 * @param page_directory  its address there, or its offset in local memory
 * @return walk_out->mapped
 */
bool emu_gpu_walk(struct emu_gpu *gpu, bool system, uint64_t page_directory, uint64_t va,
                  struct emu_walk *walk_out);

#ifdef __cplusplus
}
#endif
#endif
