/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the cubin parser share: the arrays that an open cubin owns, the one form of
 * a refusal, and little-endian loads on ranges that were checked.
 */
#ifndef NVMEM_CUBIN_PRIV_H
#define NVMEM_CUBIN_PRIV_H

#include <errno.h>

#include <nvmem/cubin.h>

enum {
    CUBIN_MACHINE = 190, /* EM_CUDA */
    CUBIN_ABI_12 = 0x33, /* EI_OSABI up to CUDA 12 */
    CUBIN_ABI_13 = 0x41, /* and of CUDA 13 */
    CUBIN_TYPE_EXEC = 2, /* ET_EXEC: linked */
    CUBIN_SYMTAB = 2,    /* SHT_* */
    CUBIN_RELA = 4,
    CUBIN_NOBITS = 8,
    CUBIN_REL = 9,
    CUBIN_SHT_INFO = 0x70000000,
    CUBIN_LAST_BANK = NVMEM_CUBIN_BANKS - 1,
};

struct nvmem_cubin {
    const struct gsp_host *host;
    struct gsp_fw_source src;
    struct gsp_fw_elf elf;
    unsigned sm;
    struct nvmem_cubin_section *sections;
    unsigned section_count, symtab;
    struct nvmem_cubin_symbol *symbols;
    unsigned symbol_count;
    struct nvmem_cubin_kernel *kernels;
    unsigned kernel_count;
    struct nvmem_cubin_param *params; /* of all kernels, in their order */
    unsigned param_count;
    struct nvmem_cubin_reloc *relocs;
    unsigned reloc_count;
};

/* "FILE: SECTION at 0xOFF: reason"; -EBADMSG. off counts from the section's first byte. */
int nvmem_cubin_bad(const struct nvmem_cubin *c, const struct nvmem_cubin_section *s,
                    uint64_t off, struct gsp_error *err, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
#ifdef __clang_analyzer__ /* what it returns is said above */
#define nvmem_cubin_bad(c, s, off, err, ...)                                                   \
    (nvmem_cubin_bad(c, s, off, err, __VA_ARGS__), -EBADMSG)
#endif
int nvmem_cubin_no_memory(const struct nvmem_cubin *c, struct gsp_error *err);
/* count zeroed rows; NULL when memory is short. A count of 0 gives a row nobody reads. */
void *nvmem_cubin_rows(const struct nvmem_cubin *c, uint64_t count, size_t row_bytes);

int nvmem_cubin_read_symbols(struct nvmem_cubin *c, struct gsp_error *err);
int nvmem_cubin_read_kernels(struct nvmem_cubin *c, struct gsp_error *err);
int nvmem_cubin_read_info(struct nvmem_cubin *c, struct gsp_error *err);
int nvmem_cubin_read_relocs(struct nvmem_cubin *c, struct gsp_error *err);

static inline uint16_t
cubin_u16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t
cubin_u32(const uint8_t *p)
{
    return (uint32_t)cubin_u16(p) | (uint32_t)cubin_u16(p + 2) << 16;
}

static inline uint64_t
cubin_u64(const uint8_t *p)
{
    return (uint64_t)cubin_u32(p) | (uint64_t)cubin_u32(p + 4) << 32;
}

#endif
