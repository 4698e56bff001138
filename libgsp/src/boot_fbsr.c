/* SPDX-License-Identifier: MIT */
/*
 * What is saved at a suspend, and telling GSP-RM where to: WPR2 goes through the radix3 of a
 * GspFwSRMeta, GSP-RM's own memory below WPR2 into pages that it is given as a memory list.
 * Follows _fbsrInitGsp, _memmgrAllocFbsrReservedRanges, memdescSendMemDescToGSP and, from
 * Hopper on, _kgspSetFwWprLayoutOffset of 570.86.15 and later.
 *
 * Before 570.86.15 INTERNAL_FBSR_INIT has no room for the meta's address: booter gets it in its
 * mailboxes, an FMC cannot get it at all.
 */
#include <errno.h>
#include <string.h>

#include "boot_priv.h"
#include "wire_set_priv.h"

enum {
    CLIENT = 0xc1d0fb50, /* handles of our own */
    DEVICE = 0xcafb0001,
    PAGES = 0xcafb0002,
    PAGE_SHIFT = 12,
    PTE_KIND_GENERIC = 6,
};

static const char init_control[] = "NV2080_CTRL_CMD_INTERNAL_FBSR_INIT";
static const char init_struct[] = "NV2080_CTRL_INTERNAL_FBSR_INIT_PARAMS";
static const char list_struct[] = "rpc_alloc_memory_v13_01";
static const char static_struct[] = "GspStaticConfigInfo_t";

/* A scalar of a struct in memory; 0 when the release has no such field. */
static uint64_t
get(struct gsp_boot *b, const char *name, const void *data, const char *path)
{
    const struct nvrm_layout *l = nvrm_struct_find(b->config.rm.abi, name);
    uint32_t offset, bytes;
    uint64_t value = 0;

    if (l && data && wire_find(b->config.rm.abi, l, path, &offset, &bytes) && bytes <= 8)
        memcpy(&value, (const uint8_t *)data + offset, bytes);
    return value;
}

static uint64_t
get_static(struct gsp_boot *b, const char *path)
{
    return get(b, static_struct, b->rm->static_info, path);
}

static bool
has(struct gsp_boot *b, const char *name, const char *path)
{
    const struct nvrm_layout *l = nvrm_struct_find(b->config.rm.abi, name);
    uint32_t offset, bytes;

    return l && wire_find(b->config.rm.abi, l, path, &offset, &bytes);
}

bool
boot_fbsr_takes_meta(struct gsp_boot *b)
{
    return has(b, init_struct, "sysmemAddrOfSuspendResumeData") &&
           has(b, static_struct, "fwWprLayoutOffset");
}

uint32_t
boot_wpr_meta_flags(struct gsp_boot *b)
{
    return (uint32_t)get(b, "GspFwWprMeta", b->wpr_meta.cpu, "flags");
}

/* What of video memory there is to save */

/* From Hopper on the FMC chose where WPR2 lies, and GSP-RM told us. */
static int
ask_layout(struct gsp_boot *b, struct boot_saved *out, struct gsp_error *err)
{
    const uint64_t heap = get_static(b, "fwWprLayoutOffset.nonWprHeapOffset");
    const uint64_t frts = get_static(b, "fwWprLayoutOffset.frtsOffset");

    out->start = heap + b->chip->non_wpr_heap_bytes;
    out->end = frts + get(b, "GspFwWprMeta", b->wpr_meta.cpu, "frtsSize");
    out->vga_bytes = get(b, "GspFwWprMeta", b->wpr_meta.cpu, "vgaWorkspaceSize");
    if (!heap || out->start >= out->end || out->end > b->fb_bytes)
        return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EBADMSG,
                        "GSP-RM says that its heap outside of WPR2 is at 0x%llx and FRTS at "
                        "0x%llx",
                        (unsigned long long)heap, (unsigned long long)frts);
    return 0;
}

int
boot_saved(struct gsp_boot *b, struct boot_saved *out, struct gsp_error *err)
{
    if (b->chip->fsp)
        return ask_layout(b, out, err);
    *out = (struct boot_saved){b->layout.wpr_start, b->layout.wpr_end, b->layout.vga_bytes};
    return 0;
}

/* Where the last region ends that is all for clients: behind it GSP-RM's memory starts. */
static uint64_t
reserved_start(struct gsp_boot *b, uint64_t end)
{
    static const char region_struct[] = "NV2080_CTRL_CMD_FB_GET_FB_REGION_FB_REGION_INFO";
    const struct nvrm_abi abi = b->config.rm.abi;
    const struct nvrm_layout *l = nvrm_struct_find(abi, region_struct);
    const uint64_t count = get_static(b, "fbRegionInfoParams.numFBRegions");
    uint32_t offset, bytes;
    uint64_t start = 0;

    if (!l || !wire_find(abi, nvrm_struct_find(abi, static_struct),
                         "fbRegionInfoParams.fbRegion", &offset, &bytes))
        return end;
    for (uint64_t i = 0; i < count && offset + (i + 1) * l->size <= b->rm->static_info_bytes;
         i++) {
        const uint8_t *region = (const uint8_t *)b->rm->static_info + offset + i * l->size;
        const uint64_t next = get(b, region_struct, region, "limit") + 1;

        if (!get(b, region_struct, region, "reserved") && next > start && next <= end)
            start = next;
    }
    return start;
}

/* Telling GSP-RM */

static int
fill_list(struct gsp_boot *b, uint64_t *message, size_t cap, uint32_t *bytes_out,
          struct gsp_error *err)
{
    const struct nvrm_class *list =
        nvrm_class_find(b->config.rm.abi, "NV01_MEMORY_LIST_SYSTEM");
    uint64_t no_map = 0;
    uint32_t entries = 0, bytes;
    struct wire w;

    (void)nvrm_constant_find(b->config.rm.abi, "NVOS02_FLAGS_MAPPING_NO_MAP", &no_map);
    wire_init(&w, b->config.rm.abi, list_struct, message, cap, err);
    wire_set(&w, "hClient", CLIENT);
    wire_set(&w, "hDevice", DEVICE);
    wire_set(&w, "hMemory", PAGES);
    wire_set(&w, "hClass", list ? list->id : 0);
    wire_set(&w, "flags", no_map << 30);
    wire_set(&w, "format", PTE_KIND_GENERIC);
    wire_set(&w, "length", b->sr_heap.bytes);
    wire_set(&w, "pageCount", 1); /* contiguous on the bus */
    if (w.rc < 0)
        return w.rc;
    if (!wire_find(w.abi, w.layout, "pteDesc", &entries, &bytes) || w.layout->size + 8 > cap)
        return gsp_fail(err, GSP_ORIGIN_RELEASE, -ENOENT, "%s has no list of pages",
                        list_struct);
    message[entries / 8] = UINT64_C(1) << 16; /* idr 0: entries; one of them */
    message[w.layout->size / 8] = b->sr_heap.bus_addr >> PAGE_SHIFT;
    *bytes_out = w.layout->size + 8;
    return 0;
}

static int
send_list(struct gsp_boot *b, struct gsp_error *err)
{
    uint64_t message[16] = {0};
    uint32_t function, bytes = 0;
    size_t got;
    int rc = gsprm_function(b->config.rm.abi, "ALLOC_MEMORY", &function, err);

    if (rc == 0)
        rc = fill_list(b, message, sizeof(message), &bytes, err);
    return rc < 0 ? rc
                  : gsprm_rpc(&b->rm->base, function, message, bytes, message, sizeof(message),
                              &got, err);
}

/* A client of our own with a device, which the list stands under. */
static int
open_client(struct gsp_boot *b, struct gsp_error *err)
{
    struct gsp_backend *rm = &b->rm->base;
    const struct nvrm_class *root = nvrm_class_find(rm->abi, "NV01_ROOT");
    const struct nvrm_class *device = nvrm_class_find(rm->abi, "NV01_DEVICE_0");
    const struct nvrm_layout *l = nvrm_struct_find(rm->abi, "NV0080_ALLOC_PARAMETERS");
    uint64_t params[16] = {0};
    int rc;

    if (!root || !device || !l || l->size > sizeof(params))
        return gsp_fail(err, GSP_ORIGIN_RELEASE, -ENOENT, "%s has no NV01_DEVICE_0",
                        nvrm_release_name(rm->abi.schema, rm->abi.release));
    rc = gsprm_alloc(rm, CLIENT, 0, CLIENT, root->id, NULL, 0, err);
    b->sr_client = rc == 0;
    return rc < 0 ? rc
                  : gsprm_alloc(rm, CLIENT, CLIENT, DEVICE, device->id, params, l->size, err);
}

static int
send_init(struct gsp_boot *b, struct gsp_error *err)
{
    const struct nvrm_control *c = nvrm_control_find(b->config.rm.abi, init_control);
    uint64_t params[8] = {0};
    struct wire w;

    wire_init(&w, b->config.rm.abi, init_struct, params, sizeof(params), err);
    wire_set(&w, "hClient", CLIENT);
    wire_set(&w, "hSysMem", PAGES);
    wire_set(&w, "sysmemAddrOfSuspendResumeData", b->sr_meta.bus_addr);
    if (w.rc == 0 && !c)
        w.rc = gsp_fail(err, GSP_ORIGIN_RELEASE, -ENOENT, "no control %s", init_control);
    return w.rc < 0 || !c
               ? w.rc
               : gsprm_control(&b->rm->base, (uint32_t)get_static(b, "hInternalClient"),
                               (uint32_t)get_static(b, "hInternalSubdevice"), c->id, params,
                               w.layout->size, err);
}

int
boot_fbsr_init(struct gsp_boot *b, const struct boot_saved *saved, struct gsp_error *err)
{
    const uint64_t own = saved->start - reserved_start(b, saved->start);
    int rc = boot_dma(b, own + saved->vga_bytes, &b->sr_heap, err);

    if (rc == 0)
        rc = open_client(b, err);
    if (rc == 0)
        rc = send_list(b, err);
    return rc < 0 ? rc : send_init(b, err);
}

int
boot_fbsr_done(struct gsp_boot *b, struct gsp_error *err)
{
    int rc = b->sr_client ? gsprm_free(&b->rm->base, CLIENT, 0, CLIENT, err) : 0;

    b->sr_client = false;
    boot_dma_free(b, &b->sr_heap);
    return rc;
}
