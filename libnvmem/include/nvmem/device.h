/* SPDX-License-Identifier: MIT */
/**
 * A card as something to allocate memory on and to submit work to.
 *
 * A device stands on an rm-api client. What is behind the client decides the path: with GSP-RM
 * behind queues (an emulated or bare PCI card) page tables, video memory and channel memory are
 * ours (NVMEM_DIRECT); with nvidia.ko they are objects that the module keeps (NVMEM_KERNEL).
 * The same calls work on both.
 *
 * Any thread may call. RM's calls and the card's registers take one caller at a time: whoever
 * uses the client or the bus beside the device takes nvmem_device_lock() first.
 */
#ifndef NVMEM_DEVICE_H
#define NVMEM_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gsp/bus.h>
#include <nvmem/report.h>
#include <nvmem/vas.h>
#include <rm/rm.h>

#ifdef __cplusplus
extern "C" {
#endif

struct nvmem_device;

enum nvmem_path {
    NVMEM_DIRECT, /* GSP-RM's client: we own video memory and page tables */
    NVMEM_KERNEL, /* nvidia.ko's client: RM owns them */
};

struct nvmem_device_config {
    struct rm_client *client;    /* borrowed; must outlive the device */
    const struct gsp_host *host; /* borrowed; NULL: libc */
    rm_handle device, subdevice; /* of the client, borrowed; 0: the device makes its own */
    uint32_t device_instance;    /* of NV01_DEVICE_0, when it is made here */
    /* Another device of the same backend, if there is one: what the card has once (video
     * memory, BAR1, RM's attention) is shared. */
    struct nvmem_device *beside;
    uint64_t timeout_ns;        /* of waits that name none; 0: 5 s */
    uint64_t va_base, va_bytes; /* GPU addresses that buffers get; 0: from 64 GiB to 64 TiB */
    bool lint;                  /* channels check what is submitted: see nvmem/channel.h */
};

/** What the chip is and has. */
struct nvmem_chip {
    enum nvmem_path path;
    uint32_t architecture, implementation; /* NV2080_CTRL_MC_ARCH_INFO_*, 0x190 is Ada */
    enum nvmem_pt_format format;
    unsigned va_bits;
    uint64_t vram_bytes;
    /* Classes, 0 where the chip has none */
    uint32_t channel_class, copy_class, compute_class, threed_class, usermode_class;
};

/** An engine that channels can be made for. */
struct nvmem_engine {
    uint32_t type; /* NV2080_ENGINE_TYPE_* */
    uint32_t runlist;
    bool graphics; /* GRn, else a copy engine */
    bool shared;   /* a copy engine on the runlist of graphics */
};

/** What is out, for nvmem_device_stat(). */
struct nvmem_device_stat {
    uint64_t buffers, channels;
    uint64_t vram_bytes, vram_peak_bytes; /* of buffers */
    uint64_t system_bytes, system_peak_bytes;
    uint64_t mapped_bytes;     /* with a GPU address */
    uint64_t cpu_mapped_bytes; /* with a CPU address */
    uint64_t imported; /* buffers whose memory another device or process holds as well */
    uint64_t windows, window_hits, window_misses; /* of BAR1 (direct) */
};

/**
 * @return 0; -EOPNOTSUPP (the backend has neither a bus nor mappings: a replay or a broker),
 *         -ENOTSUP (a chip without classes that we know), -EREMOTEIO (RM refused), -ENOMEM
 */
GSP_MUST_CHECK int nvmem_device_open(const struct nvmem_device_config *config,
                                     struct nvmem_device **device_out, struct gsp_error *err);
/** Buffers and channels go first: -EBUSY names what is left, and nothing is closed. NULL is
 * fine. */
int nvmem_device_close(struct nvmem_device *dev, struct gsp_error *err);

const struct nvmem_chip *nvmem_device_chip(const struct nvmem_device *dev);
/** Graphics first, then copy engines, those that share graphics' runlist last. */
const struct nvmem_engine *nvmem_device_engines(const struct nvmem_device *dev,
                                                unsigned *count_out);
void nvmem_device_stat(struct nvmem_device *dev, struct nvmem_device_stat *stat_out);

struct rm_client *nvmem_device_client(const struct nvmem_device *dev);
const struct gsp_host *nvmem_device_host(const struct nvmem_device *dev);
struct nvrm_abi nvmem_device_abi(const struct nvmem_device *dev);
rm_handle nvmem_device_handle(const struct nvmem_device *dev);
rm_handle nvmem_device_subdevice(const struct nvmem_device *dev);
uint64_t nvmem_device_timeout_ns(const struct nvmem_device *dev);
/** NULL on the kernel path. */
struct gsp_bus *nvmem_device_bus(const struct nvmem_device *dev);
/** Video memory by the firmware's regions; NULL on the kernel path. */
struct nvmem_heap *nvmem_device_vram(const struct nvmem_device *dev);
/** Names of who holds ranges of video memory and addresses. Borrowed. */
struct nvmem_owners *nvmem_device_owners(const struct nvmem_device *dev);

/** The address space of buffers and channels. Borrowed. On the kernel path its calls
 * are calls of RM: take nvmem_device_lock() around them there. */
struct nvmem_vas *nvmem_device_vas(const struct nvmem_device *dev);
struct nvmem_mmu;
/** What its page tables are made of; NULL on the kernel path. Borrowed. */
struct nvmem_mmu *nvmem_device_mmu(const struct nvmem_device *dev);

/** One caller of RM and of the bus at a time. Not recursive: never call the library inside. */
void nvmem_device_lock(struct nvmem_device *dev);
void nvmem_device_unlock(struct nvmem_device *dev);

/* Direct path alone. The caller holds no lock. */

/** A register of BAR0. */
uint32_t nvmem_device_rd32(struct nvmem_device *dev, uint32_t reg);
void nvmem_device_wr32(struct nvmem_device *dev, uint32_t reg, uint32_t value);
/** System memory that the card reaches; zeroed, whole pages, contiguous on the bus. */
GSP_MUST_CHECK int nvmem_device_dma_alloc(struct nvmem_device *dev, uint64_t bytes,
                                          struct gsp_dma *dma_out, struct gsp_error *err);
void nvmem_device_dma_free(struct nvmem_device *dev, struct gsp_dma *dma);
/** Video memory through BAR1; fb_off and bytes are multiples of 4. */
GSP_MUST_CHECK int nvmem_device_vram_read(struct nvmem_device *dev, uint64_t fb_off, void *to,
                                          uint64_t bytes, struct gsp_error *err);
GSP_MUST_CHECK int nvmem_device_vram_write(struct nvmem_device *dev, uint64_t fb_off,
                                           const void *from, uint64_t bytes,
                                           struct gsp_error *err);

#ifdef __cplusplus
}
#endif
#endif
