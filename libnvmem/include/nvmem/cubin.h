/* SPDX-License-Identifier: MIT */
/**
 * Cubins: machine code as ptxas leaves it, an ELF file of NVIDIA's machine number in one of two
 * forms (CUDA up to 12, and 13). What a launch needs to know stands in it: kernels and their
 * code, parameters, registers, barriers, stack, shared memory, constant banks, variables, and
 * the places that want addresses.
 *
 * Input is memory that the caller keeps until nvmem_cubin_close(); slices and names point into
 * it. The file is taken as hostile: every range is checked when it is opened, and what does not
 * fit is refused with -EBADMSG and "FILE: SECTION at 0xOFFSET: reason". An open cubin does not
 * change, so any thread may read it.
 */
#ifndef NVMEM_CUBIN_H
#define NVMEM_CUBIN_H

#include <stdbool.h>
#include <stdint.h>

#include <gsp/error.h>
#include <gsp/fw.h>
#include <gsp/host.h>

#ifdef __cplusplus
extern "C" {
#endif

struct nvmem_cubin;

enum {
    NVMEM_CUBIN_BANKS = 8,        /* .nv.constant0 to .nv.constant7 */
    NVMEM_CUBIN_CODE_ALIGN = 128, /* of .text sections */
    NVMEM_CUBIN_INSTRUCTION_BYTES = 16,
    NVMEM_CUBIN_NONE = 0xffffffff, /* "no section", "no symbol", and a stack that is unknown */
};

enum nvmem_cubin_kind {
    NVMEM_CUBIN_OTHER,       /* debug information, notes, tables of the file itself */
    NVMEM_CUBIN_CODE,        /* .text.* */
    NVMEM_CUBIN_CONSTANT,    /* .nv.constantN: bank N, of a kernel or of the module */
    NVMEM_CUBIN_SHARED,      /* .nv.shared.*: a size, no bytes */
    NVMEM_CUBIN_LOCAL,       /* .nv.local.*: likewise */
    NVMEM_CUBIN_GLOBAL,      /* .nv.global: variables that begin as zero */
    NVMEM_CUBIN_GLOBAL_INIT, /* .nv.global.init: variables with values */
    NVMEM_CUBIN_INFO,        /* .nv.info and .nv.info.* */
};

struct nvmem_cubin_section {
    const char *name;
    enum nvmem_cubin_kind kind;
    const uint8_t *data; /* NULL when the section has a size alone */
    uint64_t bytes, off; /* off: in the file */
    uint64_t flags, align;
    uint32_t type, link, info;
    unsigned bank;   /* NVMEM_CUBIN_CONSTANT */
    uint32_t kernel; /* index, or NVMEM_CUBIN_NONE: the module's */
};

struct nvmem_cubin_symbol {
    const char *name;
    uint32_t section; /* NVMEM_CUBIN_NONE: defined elsewhere */
    bool function, variable, entry, global;
    uint64_t value, bytes; /* value: in its section */
};

/** A place that wants a symbol's address. */
struct nvmem_cubin_reloc {
    uint32_t section; /* where the place is */
    uint64_t off;     /* in that section */
    uint32_t type;    /* nvmem_cubin_reloc_name() */
    uint32_t symbol;
    int64_t addend;
};

struct nvmem_cubin_param {
    uint32_t off, bytes; /* off: from the first parameter, not from the bank's start */
};

struct nvmem_cubin_kernel {
    const char *name;
    uint32_t section;         /* NVMEM_CUBIN_CODE */
    uint32_t info;            /* NVMEM_CUBIN_INFO; NVMEM_CUBIN_NONE: it has no attributes */
    uint64_t code_off;        /* of the first instruction, in the section */
    const uint8_t *code;      /* the section's bytes from there on */
    uint64_t code_bytes;      /* multiple of 16 */
    unsigned registers;       /* per thread; 0: the file does not say */
    unsigned max_registers;   /* what a launch may give, 0: no limit said */
    unsigned barriers;        /* named barriers in use */
    unsigned max_threads[3];  /* __launch_bounds__; 0 0 0: none */
    unsigned need_threads[3]; /* .reqntid: the block must be this; 0 0 0: any */
    unsigned cluster[3];      /* blocks per cluster; 0 0 0: none said */
    bool explicit_cluster;    /* made for clusters: the launch must be in clusters */
    uint32_t frame_bytes;     /* stack of the kernel alone */
    uint32_t stack_bytes;     /* stack with what it calls; NVMEM_CUBIN_NONE: recursion */
    bool calls;               /* functions: recursion may need more stack than is said */
    uint32_t crs_bytes;       /* call/return/sync stack */
    uint32_t shared_bytes;    /* static, what the driver reserves counted in */
    uint32_t local_bytes;     /* .nv.local, beside the stack */
    uint32_t param_off;       /* of the first parameter in bank 0 */
    uint32_t param_bytes;
    unsigned param_count;
    const struct nvmem_cubin_param *params; /* in order */
    uint32_t bank[NVMEM_CUBIN_BANKS];       /* sections; NVMEM_CUBIN_NONE: none */
};

/**
 * @param host       memory; borrowed for the cubin's life; NULL: libc's
 * @param src        the file; its bytes and name are borrowed for the cubin's life
 * @param cubin_out  set only on success; nvmem_cubin_close()
 * @return 0, -ENOMEM, -EBADMSG, -ENOEXEC (PTX, a fat binary or a host program: the hint says
 *         what to do), -ENOTSUP (not linked, or an SM that nobody made)
 */
GSP_MUST_CHECK int nvmem_cubin_open(const struct gsp_host *host,
                                    const struct gsp_fw_source *src,
                                    struct nvmem_cubin **cubin_out, struct gsp_error *err);
void nvmem_cubin_close(struct nvmem_cubin *cubin);

/** "FILE", as the source was named. */
const char *nvmem_cubin_name(const struct nvmem_cubin *cubin);
/** 75, 80, 86, 89, 90, 100, 120: what the code was made for. */
unsigned nvmem_cubin_sm(const struct nvmem_cubin *cubin);
/** ELF header's OS ABI: 0x33 (CUDA up to 12) or 0x41 (CUDA 13). */
unsigned nvmem_cubin_abi(const struct nvmem_cubin *cubin);
/** Does machine code for `code_sm` run on a card of `card_sm`? The same major version, and not
 * an older minor one. */
bool nvmem_cubin_runs_on(unsigned code_sm, unsigned card_sm);

unsigned nvmem_cubin_kernel_count(const struct nvmem_cubin *cubin);
/** NULL past the end. */
const struct nvmem_cubin_kernel *nvmem_cubin_kernel(const struct nvmem_cubin *cubin,
                                                    unsigned i);
/** By name. -ENOENT, with the names that there are as the hint. */
GSP_MUST_CHECK int nvmem_cubin_find(const struct nvmem_cubin *cubin, const char *name,
                                    const struct nvmem_cubin_kernel **kernel_out,
                                    struct gsp_error *err);

unsigned nvmem_cubin_section_count(const struct nvmem_cubin *cubin);
const struct nvmem_cubin_section *nvmem_cubin_section(const struct nvmem_cubin *cubin,
                                                      unsigned i);
unsigned nvmem_cubin_symbol_count(const struct nvmem_cubin *cubin);
const struct nvmem_cubin_symbol *nvmem_cubin_symbol(const struct nvmem_cubin *cubin,
                                                    unsigned i);
/** A variable or function by name; NULL when there is none. */
const struct nvmem_cubin_symbol *nvmem_cubin_symbol_by_name(const struct nvmem_cubin *cubin,
                                                            const char *name);

/** Relocations of sections that a launch loads (code, constants, variables). */
unsigned nvmem_cubin_reloc_count(const struct nvmem_cubin *cubin);
const struct nvmem_cubin_reloc *nvmem_cubin_reloc(const struct nvmem_cubin *cubin, unsigned i);
/** "R_CUDA_ABS32_LO_32", or NULL for a type that has no name. */
const char *nvmem_cubin_reloc_name(uint32_t type);
/**
 * Write one relocation into the bytes of its section.
 *
 * @param image    a copy of the section; image_bytes long
 * @param address  of the symbol: where its section lies plus its value
 * @return 0, -ENOTSUP (a type that does not occur in linked code; named), -EBADMSG
 */
GSP_MUST_CHECK int nvmem_cubin_relocate(const struct nvmem_cubin *cubin,
                                        const struct nvmem_cubin_reloc *reloc, uint8_t *image,
                                        uint64_t image_bytes, uint64_t address,
                                        struct gsp_error *err);

#ifdef __cplusplus
}
#endif
#endif
