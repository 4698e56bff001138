/* SPDX-License-Identifier: MIT */
/* Address spaces and RM: page directories given to it, and spaces that it keeps. */
#include <errno.h>
#include <inttypes.h>

#include <nvmem/mmu.h>
#include <rm/calls.h>

#include "vas_priv.h"

enum {
    FLAGS_EXTERNALLY_OWNED = 1 << 3, /* NV_VASPACE_ALLOCATION_FLAGS_* */
    FLAGS_PAGE_FAULTING = 1 << 6,
    DIRECTORY_SYSMEM_COH = 1, /* NV0080_CTRL_DMA_SET_PAGE_DIRECTORY_FLAGS_* */
    DIRECTORY_SYSMEM_NONCOH = 2,
    DIRECTORY_ALL_CHANNELS = 1 << 3,
    GMMU_APERTURE_VIDEO = 1, /* of the levels that RM copies */
    GMMU_APERTURE_SYS_NONCOH = 3,
    GMMU_APERTURE_SYS_COH = 4,
};
#define NO_PASID  UINT32_MAX
#define RM_WINDOW (UINT64_C(512) << 20)
#define VA_FIRST  (UINT64_C(8) << 30)
#define VA_END    (UINT64_C(1) << 47)

static uint32_t
directory_flags(enum nvmem_aperture aperture)
{
    return DIRECTORY_ALL_CHANNELS |
           (aperture == NVMEM_SYSTEM               ? DIRECTORY_SYSMEM_COH
            : aperture == NVMEM_SYSTEM_NONCOHERENT ? DIRECTORY_SYSMEM_NONCOH
                                                   : 0);
}

static int
set_directory(struct nvmem_vas *vas, struct rm_client *client, rm_handle device,
              rm_handle vaspace, struct gsp_error *err)
{
    const struct nvmem_pt_memory *root = nvmem_pt_root(vas->pt);
    struct NV0080_CTRL_DMA_SET_PAGE_DIRECTORY_PARAMS p = {
        .physAddress = root->addr,
        .numEntries = nvmem_pt_root_entries(vas->pt),
        .flags = directory_flags(root->aperture),
        .hVASpace = vaspace,
        .pasid = NO_PASID,
    };

    return rm_ctl_NV0080_CTRL_CMD_DMA_SET_PAGE_DIRECTORY(client, device, &p, err);
}

int
nvmem_vas_attach(struct nvmem_vas *vas, struct rm_client *client, rm_handle device,
                 rm_handle *vaspace_out, struct gsp_error *err)
{
    struct NV_VASPACE_ALLOCATION_PARAMETERS p = {.flags = FLAGS_EXTERNALLY_OWNED |
                                                          FLAGS_PAGE_FAULTING};
    rm_handle vaspace = 0;
    int rc;

    if (!vas->pt)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EOPNOTSUPP,
                        "%s: RM keeps the page tables of this space", vas->name);
    rc = rm_alloc_FERMI_VASPACE_A(client, device, &p, &vaspace, err);
    if (rc < 0)
        return rc;
    rc = set_directory(vas, client, device, vaspace, err);
    if (rc < 0) {
        if (rm_free(client, vaspace, NULL) < 0)
            gsp_hint(err, "and the address space 0x%x could not be freed", vaspace);
        return rc;
    }
    *vaspace_out = vaspace;
    return 0;
}

int
nvmem_vas_detach(struct nvmem_vas *vas, struct rm_client *client, rm_handle device,
                 rm_handle vaspace, struct gsp_error *err)
{
    struct NV0080_CTRL_DMA_UNSET_PAGE_DIRECTORY_PARAMS p = {.hVASpace = vaspace};
    int rc;

    (void)vas;
    rc = rm_ctl_NV0080_CTRL_CMD_DMA_UNSET_PAGE_DIRECTORY(client, device, &p, err);
    return rc < 0 ? rc : rm_free(client, vaspace, err);
}

static uint32_t
level_aperture(enum nvmem_aperture aperture)
{
    return aperture == NVMEM_VRAM     ? GMMU_APERTURE_VIDEO
           : aperture == NVMEM_SYSTEM ? GMMU_APERTURE_SYS_COH
                                      : GMMU_APERTURE_SYS_NONCOH;
}

int
nvmem_vas_lend(struct nvmem_vas *vas, const struct nvmem_range *window,
               struct NV90F1_CTRL_VASPACE_COPY_SERVER_RESERVED_PDES_PARAMS *p,
               struct gsp_error *err)
{
    struct nvmem_pt_level level[6];
    unsigned count = 0;
    int rc;

    if (!vas->pt)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EOPNOTSUPP,
                        "%s: RM keeps the page tables of this space", vas->name);
    if (window->bytes != RM_WINDOW || window->addr % RM_WINDOW)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "%s: RM's window at 0x%" PRIx64 ", 0x%" PRIx64
                        " bytes: it takes 512 MiB, aligned to as much",
                        vas->name, window->addr, window->bytes);
    rc = nvmem_heap_check(vas->heap, window, err);
    if (!rc)
        rc = nvmem_pt_levels(vas->pt, window->addr, RM_WINDOW, level, 6, &count, err);
    if (!rc)
        rc = nvmem_vas_flush(vas, err);
    if (rc < 0)
        return rc;
    *p = (struct NV90F1_CTRL_VASPACE_COPY_SERVER_RESERVED_PDES_PARAMS){
        .pageSize = RM_WINDOW,
        .virtAddrLo = window->addr,
        .virtAddrHi = window->addr + window->bytes - 1,
        .numLevelsToCopy = count};
    for (unsigned i = 0; i < count; i++) {
        p->levels[i].physAddress = level[i].memory.addr;
        p->levels[i].size = level[i].bytes;
        p->levels[i].aperture = level_aperture(level[i].memory.aperture);
        p->levels[i].pageShift = level[i].shift;
    }
    return 0;
}

int
nvmem_vas_share(struct nvmem_vas *vas, const struct nvmem_range *window,
                struct rm_client *client, rm_handle vaspace, struct gsp_error *err)
{
    struct NV90F1_CTRL_VASPACE_COPY_SERVER_RESERVED_PDES_PARAMS p;
    const int rc = nvmem_vas_lend(vas, window, &p, err);

    return rc < 0 ? rc
                  : rm_ctl_NV90F1_CTRL_CMD_VASPACE_COPY_SERVER_RESERVED_PDES(client, vaspace,
                                                                             &p, err);
}

/* Spaces that RM keeps */

/* RM keeps 512 MiB from 4 GiB on for the firmware (SPLIT_VAS_SERVER_RM_MANAGED_VA_START). */
static void
choose_window(struct nvmem_vas_config *space)
{
    if (!space->base)
        space->base = VA_FIRST;
    if (!space->bytes && space->base < VA_END)
        space->bytes = VA_END - space->base;
}

static int
make_objects(struct rm_client *client, rm_handle device, struct nvmem_vas_objects *o,
             struct gsp_error *err)
{
    struct NV_VASPACE_ALLOCATION_PARAMETERS p = {0};
    struct NV_MEMORY_VIRTUAL_ALLOCATION_PARAMS v = {0};
    int rc = rm_alloc_FERMI_VASPACE_A(client, device, &p, &o->vaspace, err);

    if (rc < 0)
        return rc;
    v.hVASpace = o->vaspace;
    rc = rm_alloc_NV01_MEMORY_VIRTUAL(client, device, &v, &o->virt, err);
    if (rc < 0 && rm_free(client, o->vaspace, NULL) < 0)
        gsp_hint(err, "and the address space 0x%x could not be freed", o->vaspace);
    return rc;
}

int
nvmem_vas_open_kernel(const struct nvmem_vas_config *space, struct rm_client *client,
                      rm_handle device, struct nvmem_vas_objects *objects_out,
                      struct nvmem_vas **vas_out, struct gsp_error *err)
{
    struct nvmem_vas_kernel config = {.space = *space,
                                      .backend = rm_client_backend(client),
                                      .hClient = rm_client_handle(client),
                                      .hDevice = device};
    struct nvmem_vas_objects o = {0};
    int rc;

    if (!config.backend->ops->map_dma)
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EOPNOTSUPP,
                        "the backend '%s' keeps no page tables: use a direct space",
                        config.backend->ops->name);
    choose_window(&config.space);
    rc = make_objects(client, device, &o, err);
    if (rc < 0)
        return rc;
    config.hDma = o.virt;
    rc = nvmem_vas_create_kernel(&config, vas_out, err);
    if (rc < 0) {
        if (rm_free(client, o.virt, NULL) < 0 || rm_free(client, o.vaspace, NULL) < 0)
            gsp_hint(err, "and the address space 0x%x could not be freed", o.vaspace);
        return rc;
    }
    *objects_out = o;
    return 0;
}
