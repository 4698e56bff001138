/* SPDX-License-Identifier: MIT */
/*
 * Sizes inside nvfw wrappers, for the reader, the writer and the guess at a file's kind.
 */
#ifndef GSP_FW_NVFW_PRIV_H
#define GSP_FW_NVFW_PRIV_H

#include <stdbool.h>
#include <stdint.h>

enum {
    NVFW_MAGIC = 0x10de,
    NVFW_VERSION = 1,
    NVFW_BYTES = 24,
    GENERIC_DESC_BYTES = 24,
    HS_HEADER_BYTES = 36, /* nvfw_hs_header_v2 */
    HS_META_BYTES = 12,   /* fuse version, engine, ucode */
    HS_LOAD_BYTES = 36,   /* nvfw_hs_load_header_v2 with one application */
    RISCV_DESC_V4 = 76,
    RISCV_DESC_V5 = 84,
    RISCV_DESC_NEWEST = 92, /* version 6: Hopper and later, since 595 */
    RISCV_DESC_OLDEST_VERSION = 4,
    RISCV_DESC_LAST_VERSION = 6,
};

static inline bool
nvfw_is_riscv_desc(uint64_t bytes)
{
    return bytes == RISCV_DESC_V4 || bytes == RISCV_DESC_V5 || bytes == RISCV_DESC_NEWEST;
}

#endif
