/* SPDX-License-Identifier: MIT */
/*
 * nvfw_bin wrappers, as linux-firmware ships the small ucodes: 24 bytes that say where a header
 * and the data stand. What the header is, only its size and content tell.
 */
#include <errno.h>
#include <string.h>

#include "fw_bytes_priv.h"
#include "fw_nvfw_priv.h"

static int
check_wrapper(const struct gsp_fw_source *src, const uint8_t *h, struct gsp_error *err)
{
    const uint32_t header_off = fw_u32(h + 12), data_off = fw_u32(h + 16);
    const uint64_t end = (uint64_t)data_off + fw_u32(h + 20);

    if (fw_u32(h) != NVFW_MAGIC)
        return fw_bad(src, err, 0, "magic 0x%08x is not that of an nvfw wrapper (0x%08x)",
                      fw_u32(h), NVFW_MAGIC);
    if (fw_u32(h + 4) != NVFW_VERSION)
        return fw_bad(src, err, 4, "wrapper version %u, not %u", fw_u32(h + 4), NVFW_VERSION);
    if (header_off < NVFW_BYTES || data_off < header_off)
        return fw_bad(src, err, 12, "header at 0x%x, data at 0x%x", header_off, data_off);
    if (fw_u32(h + 8) < end)
        return fw_bad(src, err, 8, "total of 0x%x bytes is less than the 0x%llx in use",
                      fw_u32(h + 8), (unsigned long long)end);
    return 0;
}

int
gsp_fw_nvfw_open(const struct gsp_fw_source *src, struct gsp_fw_nvfw *out,
                 struct gsp_error *err)
{
    struct gsp_fw_nvfw n = {0};
    struct gsp_fw_slice wrapper;
    uint32_t header_off, data_off;
    int rc = fw_take(src, 0, NVFW_BYTES, "nvfw wrapper", &wrapper, err);

    memset(out, 0, sizeof(*out));
    if (rc == 0)
        rc = check_wrapper(src, wrapper.data, err);
    if (rc < 0)
        return rc;
    n.version = fw_u32(wrapper.data + 4);
    n.total_bytes = fw_u32(wrapper.data + 8);
    header_off = fw_u32(wrapper.data + 12);
    data_off = fw_u32(wrapper.data + 16);
    rc = fw_take(src, header_off, data_off - header_off, "nvfw header", &n.header, err);
    if (rc == 0)
        rc = fw_take(src, data_off, fw_u32(wrapper.data + 20), "nvfw data", &n.data, err);
    if (rc == 0)
        *out = n;
    return rc;
}

/* RM_RISCV_UCODE_DESC is 32-bit words; longer forms only append. A header that is padded to
 * more than any form tells its length by its version. */
static void
read_desc(const struct gsp_fw_slice *header, struct gsp_fw_riscv_desc *d)
{
    static const uint8_t by_version[] = {RISCV_DESC_V4, RISCV_DESC_V5, RISCV_DESC_NEWEST};
    const uint32_t version = fw_u32(header->data) - RISCV_DESC_OLDEST_VERSION;
    const uint32_t bytes = nvfw_is_riscv_desc(header->bytes)
                               ? (uint32_t)header->bytes
                               : by_version[version < 3 ? version : 2];
    uint32_t w[RISCV_DESC_NEWEST / 4] = {0};

    for (unsigned i = 0; i < bytes / 4 && 4 * i + 4 <= header->bytes; i++)
        w[i] = fw_u32(header->data + (size_t)4 * i);
    *d = (struct gsp_fw_riscv_desc){
        .version = w[0],
        .bootloaderOffset = w[1],
        .bootloaderSize = w[2],
        .bootloaderParamOffset = w[3],
        .bootloaderParamSize = w[4],
        .riscvElfOffset = w[5],
        .riscvElfSize = w[6],
        .appVersion = w[7],
        .manifestOffset = w[8],
        .manifestSize = w[9],
        .monitorDataOffset = w[10],
        .monitorDataSize = w[11],
        .monitorCodeOffset = w[12],
        .monitorCodeSize = w[13],
        .bIsMonitorEnabled = w[14],
        .swbromCodeOffset = w[15],
        .swbromCodeSize = w[16],
        .swbromDataOffset = w[17],
        .swbromDataSize = w[18],
        .fbReservedSize = w[19],
        .bSignedAsCode = w[20],
        .bIsSmp = w[21],
        .bIsPlicEnabled = w[22],
        .desc_bytes = bytes,
    };
}

static int
check_desc(const struct gsp_fw_source *src, const struct gsp_fw_bootloader *b,
           struct gsp_error *err)
{
    const struct gsp_fw_riscv_desc *d = &b->desc;
    const struct {
        const char *what;
        uint32_t off, bytes;
    } ranges[] = {
        {"bootloader code",   d->bootloaderOffset,      d->bootloaderSize     },
        {"bootloader params", d->bootloaderParamOffset, d->bootloaderParamSize},
        {"RISC-V ELF",        d->riscvElfOffset,        d->riscvElfSize       },
        {"manifest",          d->manifestOffset,        d->manifestSize       },
        {"monitor data",      d->monitorDataOffset,     d->monitorDataSize    },
        {"monitor code",      d->monitorCodeOffset,     d->monitorCodeSize    },
        {"swbrom code",       d->swbromCodeOffset,      d->swbromCodeSize     },
        {"swbrom data",       d->swbromDataOffset,      d->swbromDataSize     },
    };
    struct gsp_fw_slice unused;
    int rc = 0;

    for (unsigned i = 0; rc == 0 && i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        if (ranges[i].bytes)
            rc = fw_take_in(src, &b->image, ranges[i].off, ranges[i].bytes, ranges[i].what,
                            &unused, err);
    }
    return rc;
}

int
gsp_fw_bootloader_open(const struct gsp_fw_source *src, struct gsp_fw_bootloader *out,
                       struct gsp_error *err)
{
    struct gsp_fw_bootloader b = {0};
    struct gsp_fw_nvfw n;
    int rc = gsp_fw_nvfw_open(src, &n, err);

    memset(out, 0, sizeof(*out));
    if (rc < 0)
        return rc;
    if (n.header.bytes < RISCV_DESC_V4)
        return fw_bad(src, err, n.header.off - src->base,
                      "bootloader descriptor of %llu bytes; the shortest has %u",
                      (unsigned long long)n.header.bytes, RISCV_DESC_V4);
    read_desc(&n.header, &b.desc);
    b.image = n.data;
    if (b.desc.version < RISCV_DESC_OLDEST_VERSION || b.desc.version > RISCV_DESC_LAST_VERSION)
        return fw_bad(src, err, n.header.off - src->base,
                      "bootloader descriptor version %u; 4 to 6 are known", b.desc.version);
    if (!b.image.bytes)
        return fw_bad(src, err, n.data.off - src->base, "the bootloader is empty");
    rc = check_desc(src, &b, err);
    if (rc == 0)
        *out = b;
    return rc;
}

int
gsp_fw_generic_bl_open(const struct gsp_fw_source *src, struct gsp_fw_generic_bl *out,
                       struct gsp_error *err)
{
    struct gsp_fw_generic_bl g = {0};
    struct gsp_fw_nvfw n;
    const uint8_t *d;
    int rc = gsp_fw_nvfw_open(src, &n, err);

    memset(out, 0, sizeof(*out));
    if (rc < 0)
        return rc;
    if (n.header.bytes < GENERIC_DESC_BYTES)
        return fw_bad(src, err, n.header.off - src->base,
                      "generic bootloader descriptor of %llu bytes, not %u",
                      (unsigned long long)n.header.bytes, GENERIC_DESC_BYTES);
    d = n.header.data;
    g.start_tag = fw_u32(d);
    g.dmem_load_off = fw_u32(d + 4);
    g.image = n.data;
    rc = fw_take_in(src, &n.data, fw_u32(d + 8), fw_u32(d + 12), "code", &g.code, err);
    if (rc == 0)
        rc = fw_take_in(src, &n.data, fw_u32(d + 16), fw_u32(d + 20), "data", &g.data, err);
    if (rc == 0 && !g.code.bytes)
        rc = fw_bad(src, err, n.header.off - src->base + 12, "the code is empty");
    if (rc == 0)
        *out = g;
    return rc;
}
