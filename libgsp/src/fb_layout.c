/* SPDX-License-Identifier: MIT */
/*
 * Where GSP-RM's parts lie in VRAM before Hopper, from the top down, and radix3, the page
 * tables of its image in system memory. Follows kgspPopulateWprMeta_TU102,
 * kgspGetFwHeapSize and kgspCreateRadix3.
 */
#include <errno.h>
#include <string.h>

#include <gsp/boot.h>

enum {
    PAGE = 0x1000,
    ENTRIES = PAGE / 8,
    LEVELS = 4,                /* three of tables, one of data */
    VGA_NONE_BYTES = 0x100000, /* set aside when there is no display */
    VGA_MOVED_BYTES = 0x20000, /* where the workspace goes when it lies too low */
    WPR_ALIGN = 0x20000,
    FW_ALIGN = 0x10000,
    META_BYTES = 0x100000, /* WPR meta, rounded up */
};
#define MIB (UINT64_C(1) << 20)

static uint64_t
down(uint64_t value, uint64_t to)
{
    return value / to * to;
}

static uint64_t
up(uint64_t value, uint64_t to)
{
    return down(value + to - 1, to);
}

/* The heap */

/* The first of the names that the release has. */
static uint64_t
parameter(struct nvrm_abi abi, const char *const *names, uint64_t otherwise)
{
    uint64_t value;

    for (; *names; names++)
        if (nvrm_constant_find(abi, *names, &value))
            return value;
    return otherwise;
}
#define PARAMETER(abi, otherwise, ...)                                                         \
    parameter((abi), (const char *const[]){__VA_ARGS__, NULL}, (otherwise))

uint64_t
gsp_fb_heap_bytes(struct nvrm_abi abi, uint64_t fb_bytes, unsigned libos, bool hopper)
{
    const uint64_t gib = up(fb_bytes, UINT64_C(1) << 30) >> 30;
    const uint64_t per_gb = PARAMETER(abi, 0x18000, "GSP_FW_HEAP_PARAM_SIZE_PER_GB",
                                      "GSP_FW_HEAP_PARAM_SIZE_PER_GB_FB");
    const uint64_t clients = PARAMETER(abi, 0x6000000, "GSP_FW_HEAP_PARAM_CLIENT_ALLOC_SIZE");
    uint64_t bytes, least;

    if (libos == 2) {
        bytes = PARAMETER(abi, 0, "GSP_FW_HEAP_PARAM_OS_SIZE_LIBOS2");
        least = PARAMETER(abi, 64, "GSP_FW_HEAP_SIZE_OVERRIDE_LIBOS2_MIN_MB");
    } else {
        bytes = PARAMETER(abi, 0x1600000, "GSP_FW_HEAP_PARAM_OS_SIZE_LIBOS3_BAREMETAL",
                          "GSP_FW_HEAP_PARAM_OS_SIZE_LIBOS3");
        least = PARAMETER(abi, 88, "GSP_FW_HEAP_SIZE_OVERRIDE_LIBOS3_BAREMETAL_MIN_MB");
    }
    bytes += hopper ? PARAMETER(abi, 0xe00000, "GSP_FW_HEAP_PARAM_BASE_RM_SIZE_GH100")
                    : PARAMETER(abi, 0x800000, "GSP_FW_HEAP_PARAM_BASE_RM_SIZE_TU10X");
    bytes += up(per_gb * gib, MIB) + up(clients, MIB);
    return bytes < least * MIB ? least * MIB : bytes;
}

/* The layout */

static uint64_t
vga_offset(const struct gsp_fb_inputs *in)
{
    if (!in->vga_workspace)
        return in->fb_bytes - VGA_NONE_BYTES;
    if (in->vga_workspace < in->fb_bytes - VGA_NONE_BYTES)
        return in->fb_bytes - VGA_MOVED_BYTES;
    return in->vga_workspace;
}

static int
too_small(const struct gsp_fb_inputs *in, struct gsp_error *err)
{
    return gsp_fail(err, GSP_ORIGIN_PROTOCOL, -EINVAL,
                    "GSP-RM does not fit into %llu MiB of video memory",
                    (unsigned long long)(in->fb_bytes >> 20));
}

int
gsp_fb_layout(struct nvrm_abi abi, const struct gsp_fb_inputs *in, struct gsp_fb_layout *out,
              struct gsp_error *err)
{
    struct gsp_fb_layout l = {0};
    uint64_t heap, top;

    *out = l;
    if (in->fb_bytes < 512 * MIB || in->image_bytes > in->fb_bytes / 4 ||
        in->bootloader_bytes > in->fb_bytes / 4 || in->vga_workspace > in->fb_bytes)
        return too_small(in, err);
    l.vga_offset = vga_offset(in);
    l.vga_bytes = in->fb_bytes - l.vga_offset;
    l.wpr_end = down(in->mmu_lock && in->mmu_lock < l.vga_offset ? in->mmu_lock : l.vga_offset,
                     WPR_ALIGN);
    if (l.wpr_end < in->fb_bytes / 2)
        return too_small(in, err);
    l.frts_offset = l.wpr_end - in->frts_bytes;
    l.boot_offset = down(l.frts_offset - in->bootloader_bytes, PAGE);
    l.fw_offset = down(l.boot_offset - in->image_bytes, FW_ALIGN);

    /* What no ucode of ours can scrub, VBIOS must have scrubbed: the heap gives way. */
    heap = gsp_fb_heap_bytes(abi, in->fb_bytes, in->libos, false);
    top = up(in->fb_bytes - l.fw_offset, MIB) + META_BYTES + in->non_wpr_heap_bytes;
    if (in->prescrubbed_bytes && top >= in->prescrubbed_bytes)
        return too_small(in, err);
    if (in->prescrubbed_bytes && heap > in->prescrubbed_bytes - top)
        heap = in->prescrubbed_bytes - top;
    if (heap > l.fw_offset - UINT64_C(2) * META_BYTES - in->non_wpr_heap_bytes)
        return too_small(in, err);
    l.heap_offset = down(l.fw_offset - heap, MIB);
    l.heap_bytes = down(l.fw_offset - l.heap_offset, MIB);
    l.wpr_start = l.heap_offset - META_BYTES;
    l.non_wpr_bytes = in->non_wpr_heap_bytes;
    l.non_wpr_offset = l.wpr_start - l.non_wpr_bytes;
    l.reserved_start = l.non_wpr_offset;
    *out = l;
    return 0;
}

/* radix3 */

/* Pages of each level, the data last. */
static void
level_pages(uint64_t image_bytes, uint64_t pages[LEVELS])
{
    pages[LEVELS - 1] = (image_bytes + PAGE - 1) / PAGE;
    for (unsigned i = LEVELS - 1; i > 0; i--)
        pages[i - 1] = (pages[i] + ENTRIES - 1) / ENTRIES;
}

uint64_t
gsp_radix3_bytes(uint64_t image_bytes)
{
    uint64_t pages[LEVELS], all = 0;

    level_pages(image_bytes, pages);
    for (unsigned i = 0; i < LEVELS; i++)
        all += pages[i];
    return all * PAGE;
}

void
gsp_radix3_fill(void *to, uint64_t bus_addr, const void *image, uint64_t image_bytes)
{
    uint64_t pages[LEVELS], first = 0;

    level_pages(image_bytes, pages);
    for (unsigned i = 0; i + 1 < LEVELS; i++) {
        uint64_t *entries = (uint64_t *)to + first * ENTRIES;

        first += pages[i];
        for (uint64_t n = 0; n < pages[i + 1]; n++)
            entries[n] = bus_addr + (first + n) * PAGE;
    }
    if (image)
        memcpy((uint8_t *)to + first * PAGE, image, (size_t)image_bytes);
}
