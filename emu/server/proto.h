/* SPDX-License-Identifier: MIT */
/*
 * vfio-user, protocol 0.1: numbers of the public specification (QEMU
 * docs/interop/vfio-user.rst) and of Linux' <linux/vfio.h>, as far as a PCI device needs them.
 */
#ifndef VU_PROTO_H
#define VU_PROTO_H

enum vu_command {
    VU_VERSION = 1,
    VU_DMA_MAP = 2,
    VU_DMA_UNMAP = 3,
    VU_GET_INFO = 4,
    VU_GET_REGION_INFO = 5,
    VU_GET_IRQ_INFO = 7,
    VU_SET_IRQS = 8,
    VU_REGION_READ = 9,
    VU_REGION_WRITE = 10,
    VU_RESET = 13,
    VU_REGION_WRITE_MULTI = 15,
};

enum { VU_MAJOR = 0, VU_MINOR = 1 };

/* Header: u16 id, u16 command, u32 size with the header, u32 flags, u32 errno. */
enum { VU_HEADER_BYTES = 16 };
enum {
    VU_FLAG_TYPE = 0xf,
    VU_FLAG_REPLY = 0x1,
    VU_FLAG_NO_REPLY = 0x10,
    VU_FLAG_ERROR = 0x20,
};

enum {
    VU_MAX_FDS = 16,
    VU_MAX_TRANSFER = 1 << 20, /* bytes of one read or write */
    VU_MAX_BODY = VU_MAX_TRANSFER + 16,
    VU_MAX_MAPS = 4096,
    VU_MULTI_DATA = 8, /* bytes of one write of REGION_WRITE_MULTI */
};

enum { VU_DMA_READABLE = 1, VU_DMA_WRITEABLE = 2, VU_UNMAP_ALL = 2 };
enum { VU_DEVICE_RESET = 1, VU_DEVICE_PCI = 2 };

enum vu_region {
    VU_REGION_BAR0 = 0,
    VU_REGION_BAR5 = 5,
    VU_REGION_ROM = 6,
    VU_REGION_CONFIG = 7,
    VU_REGIONS = 9, /* the last one is VGA, which the card has not */
};
enum { VU_REGION_READABLE = 1, VU_REGION_WRITEABLE = 2 };

enum vu_irq { VU_IRQ_INTX, VU_IRQ_MSI, VU_IRQ_MSIX, VU_IRQ_ERR, VU_IRQ_REQ, VU_IRQS };
enum {
    VU_IRQ_EVENTFD = 1,
    VU_IRQ_MASKABLE = 2,
    VU_IRQ_AUTOMASKED = 4,
    VU_IRQ_NORESIZE = 8,
};
enum {
    VU_SET_NONE = 1,
    VU_SET_BOOL = 2,
    VU_SET_EVENTFD = 4,
    VU_SET_DATA = 7,
    VU_SET_MASK = 8,
    VU_SET_UNMASK = 16,
    VU_SET_TRIGGER = 32,
    VU_SET_ACTION = 56,
};

#endif
