/* SPDX-License-Identifier: MIT */
/**
 * The card's side of page tables of our own: memory for tables in VRAM or system memory, words
 * written into it, translations dropped through the MMU's registers, and RM told where the page
 * directory is.
 *
 * nvmem_mmu_ops() with the object as ctx are what nvmem_pt_create() and
 * nvmem_vas_create_direct() take. Any thread may call what io's functions allow to be called by
 * any; the object's own bookkeeping has a lock.
 */
#ifndef NVMEM_MMU_H
#define NVMEM_MMU_H

#include <gsp/bus.h>
#include <nvmem/vas.h>
#include <rm/rm.h>

#ifdef __cplusplus
extern "C" {
#endif

struct nvmem_mmu;

/** How the card is reached. nvmem_mmu_bus_io() fills it in for a bus. */
struct nvmem_mmu_io {
    void *ctx;
    /** Registers of BAR0. */
    uint32_t (*rd32)(void *ctx, uint32_t reg);
    void (*wr32)(void *ctx, uint32_t reg, uint32_t value);
    /** Words of VRAM. */
    void (*write)(void *ctx, uint64_t fb_off, const uint64_t *words, size_t count);
    void (*read)(void *ctx, uint64_t fb_off, uint64_t *words_out, size_t count);
    /** System memory that the card reaches. 0 or -ENOMEM. */
    int (*dma_alloc)(void *ctx, size_t bytes, struct gsp_dma *dma_out);
    void (*dma_free)(void *ctx, struct gsp_dma *dma);
};

/** Straight to a bus, VRAM through BAR1 in physical mode. One caller at a time. Borrows bus. */
struct nvmem_mmu_io nvmem_mmu_bus_io(struct gsp_bus *bus);

struct nvmem_mmu_config {
    const struct gsp_host *host; /* borrowed; NULL: libc */
    struct nvmem_mmu_io io;
    struct nvmem_heap *vram; /* borrowed: tables come from here; NULL: from system memory */
    uint32_t owner;          /* of what is taken from vram, for reports */
    uint64_t timeout_ns;     /* of an invalidation; 0: 1 s */
};

struct nvmem_mmu_stat {
    uint64_t tables;                     /* that are out */
    uint64_t vram_bytes, system_bytes;   /* taken for them, free ones included */
    uint64_t invalidates, words_written; /* since creation; words of tables in VRAM */
};

/** 0, -EINVAL (no vram and no dma_alloc), -ENOMEM. */
GSP_MUST_CHECK int nvmem_mmu_create(const struct nvmem_mmu_config *config,
                                    struct nvmem_mmu **mmu_out, struct gsp_error *err);
/** After every table of it is gone. NULL is fine. */
void nvmem_mmu_destroy(struct nvmem_mmu *mmu);
/** With the nvmem_mmu as ctx. */
const struct nvmem_pt_ops *nvmem_mmu_ops(void);
/** For nvmem_pt_check(), with the nvmem_mmu as ctx. */
int nvmem_mmu_read(void *ctx, const struct nvmem_pt_memory *memory, uint64_t *words_out,
                   size_t count);
/** Words of anybody's tables, by address: VRAM through io.read, system memory where it is one
 * of these tables. 0 or -EFAULT: nothing known is there. */
int nvmem_mmu_words(struct nvmem_mmu *mmu, enum nvmem_aperture aperture, uint64_t addr,
                    uint64_t *words_out, size_t count);
void nvmem_mmu_stat(struct nvmem_mmu *mmu, struct nvmem_mmu_stat *stat_out);

/**
 * Drop what the MMU holds of one page directory, and wait until it is done.
 *
 * @param directories  false: page entries alone changed
 * @return 0, -ETIMEDOUT, -ENODEV (the card answers with all ones)
 */
int nvmem_mmu_invalidate(struct nvmem_mmu *mmu, uint64_t root,
                         enum nvmem_aperture root_aperture, bool directories);

/* RM */

/**
 * An address space of RM's for a direct space: FERMI_VASPACE_A that is externally owned, with
 * our page directory (NV0080_CTRL_CMD_DMA_SET_PAGE_DIRECTORY). Channels name its handle.
 *
 * @return 0, -EOPNOTSUPP (a kernel space), -EREMOTEIO
 */
GSP_MUST_CHECK int nvmem_vas_attach(struct nvmem_vas *vas, struct rm_client *client,
                                    rm_handle device, rm_handle *vaspace_out,
                                    struct gsp_error *err);
/** RM forgets the page directory, and its object goes; channels must be gone. 0 or
 * -EREMOTEIO. */
int nvmem_vas_detach(struct nvmem_vas *vas, struct rm_client *client, rm_handle device,
                     rm_handle vaspace, struct gsp_error *err);

/**
 * Levels of directories for addresses that RM itself wants to map (its context buffers), given
 * to RM: NV90F1_CTRL_CMD_VASPACE_COPY_SERVER_RESERVED_PDES on a FERMI_VASPACE_A that RM owns.
 * The addresses are RM's from then on.
 *
 * @param window  a reservation of 512 MiB, aligned to as much
 */
GSP_MUST_CHECK int nvmem_vas_share(struct nvmem_vas *vas, const struct nvmem_range *window,
                                   struct rm_client *client, rm_handle vaspace,
                                   struct gsp_error *err);

/** The same as parameters of that control, for whoever calls RM himself. */
struct NV90F1_CTRL_VASPACE_COPY_SERVER_RESERVED_PDES_PARAMS;
GSP_MUST_CHECK int
nvmem_vas_lend(struct nvmem_vas *vas, const struct nvmem_range *window,
               struct NV90F1_CTRL_VASPACE_COPY_SERVER_RESERVED_PDES_PARAMS *p,
               struct gsp_error *err);

/** What nvmem_vas_open_kernel() made. */
struct nvmem_vas_objects {
    rm_handle vaspace; /* FERMI_VASPACE_A, for channels */
    rm_handle virt;    /* NV01_MEMORY_VIRTUAL over it */
};

/** An address space of RM's and a space over it. space->base 0 means 8 GiB (RM keeps the 512
 * MiB from 4 GiB on for the firmware), bytes 0: to 2^47. 0, -EOPNOTSUPP, -EREMOTEIO, -ENOMEM.
 */
GSP_MUST_CHECK int nvmem_vas_open_kernel(const struct nvmem_vas_config *space,
                                         struct rm_client *client, rm_handle device,
                                         struct nvmem_vas_objects *objects_out,
                                         struct nvmem_vas **vas_out, struct gsp_error *err);

#ifdef __cplusplus
}
#endif
#endif
