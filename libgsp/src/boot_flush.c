/* SPDX-License-Identifier: MIT */
/*
 * The page that the card reads to flush what it wrote to system memory, and how far the card
 * can address at all. Follows kern_mem_sys_{gm107,ga100,gh100}.c kmemsysInitFlushSysmemBuffer
 * and kmemsysProgramSysmemFlushBuffer. Blackwell's registers lie in hubs whose place the public
 * headers leave to the device table: they are not written here.
 */
#include <errno.h>

#include "boot_priv.h"

enum { PAGE_BYTES = 4096, BITS_TURING = 40, BITS_AMPERE = 47, BITS_HOPPER = 52 };

struct flush {
    uint32_t low, high; /* registers; high 0: only the low one */
    unsigned bits;      /* of an address that they hold */
};

static struct flush
registers_of(enum gsp_fw_family family)
{
    switch (family) {
    case GSP_FW_TU10X:
    case GSP_FW_TU11X:
        return (struct flush){NV_PFB_NISO_FLUSH_SYSMEM_ADDR, 0, BITS_TURING};
    case GSP_FW_GA100:
    case GSP_FW_GA10X:
    case GSP_FW_AD10X:
        return (struct flush){NV_PFB_NISO_FLUSH_SYSMEM_ADDR, NV_PFB_NISO_FLUSH_SYSMEM_ADDR_HI,
                              BITS_AMPERE};
    case GSP_FW_GH100:
        return (struct flush){NV_PFB_FBHUB_PCIE_FLUSH_SYSMEM_ADDR_LO,
                              NV_PFB_FBHUB_PCIE_FLUSH_SYSMEM_ADDR_HI, BITS_HOPPER};
    default:
        return (struct flush){0, 0, BITS_HOPPER};
    }
}

unsigned
boot_address_bits(enum gsp_fw_family family)
{
    const unsigned bits = registers_of(family).bits;

    return bits == BITS_TURING ? BITS_AMPERE : bits;
}

/* Again after power was off. */
void
boot_flush_program(struct gsp_boot *b)
{
    const struct flush f = registers_of(b->family);
    const uint64_t value = b->flush.bus_addr >> NV_PFB_NISO_FLUSH_SYSMEM_ADDR_SHIFT;

    if (!b->flush.cpu)
        return;
    b->touched = true; /* it points to our memory from here on */
    if (f.high)
        boot_wr(b, f.high, (uint32_t)(value >> 32));
    boot_wr(b, f.low, (uint32_t)value);
}

int
boot_flush_page(struct gsp_boot *b, struct gsp_error *err)
{
    const struct flush f = registers_of(b->family);
    int rc;

    if (!f.low)
        return 0;
    rc = boot_dma(b, PAGE_BYTES, &b->flush, err);
    if (rc < 0)
        return rc;
    if ((b->flush.bus_addr + PAGE_BYTES - 1) >> f.bits) {
        rc = gsp_fail(err, GSP_ORIGIN_TRANSPORT, -ERANGE,
                      "the flush page is at 0x%llx; this card takes %u bits there",
                      (unsigned long long)b->flush.bus_addr, f.bits);
        gsp_hint(err, "behind an IOMMU (VFIO) addresses are low");
        return rc;
    }
    boot_flush_program(b);
    return 0;
}
