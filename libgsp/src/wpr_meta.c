/* SPDX-License-Identifier: MIT */
/*
 * The part of GspFwWprMeta that all families fill in: what lies where in system memory. The
 * layout of the struct is the release's.
 */
#include <errno.h>

#include "boot_priv.h"
#include "wire_set_priv.h"

static uint64_t
constant(struct nvrm_abi abi, const char *name, uint64_t otherwise)
{
    uint64_t value;

    return nvrm_constant_find(abi, name, &value) ? value : otherwise;
}

int
boot_wpr_meta_common(struct gsp_boot *b, struct wire *w, struct gsp_error *err)
{
    const struct nvrm_abi abi = b->config.rm.abi;
    const struct gsp_fw_riscv_desc *desc = &b->files.bootloader.desc;

    wire_init(w, abi, "GspFwWprMeta", b->wpr_meta.cpu, b->wpr_meta.bytes, err);
    wire_set(w, "magic", constant(abi, "GSP_FW_WPR_META_MAGIC", 0));
    wire_set(w, "revision", constant(abi, "GSP_FW_WPR_META_REVISION", 0));
    wire_set(w, "sysmemAddrOfRadix3Elf", b->radix3.bus_addr);
    wire_set(w, "sizeOfRadix3Elf", b->files.gsp.image.bytes);
    wire_set(w, "sysmemAddrOfBootloader", b->bootloader.bus_addr);
    wire_set(w, "sizeOfBootloader", b->bootloader.bytes);
    wire_set(w, "bootloaderCodeOffset", desc->monitorCodeOffset);
    wire_set(w, "bootloaderDataOffset", desc->monitorDataOffset);
    wire_set(w, "bootloaderManifestOffset", desc->manifestOffset);
    wire_set(w, "anonymous1.anonymous1.sysmemAddrOfSignature", b->signature.bus_addr);
    wire_set(w, "anonymous1.anonymous1.sizeOfSignature", b->files.signature->data.bytes);
    return w->rc;
}
