/* SPDX-License-Identifier: MIT */
/*
 * The part of GspFwWprMeta that all families fill in: what lies where in system memory. The
 * layout of the struct is the release's.
 */
#include <errno.h>

#include "boot_priv.h"
#include "wire_set_priv.h"

enum { CRASH_QUEUE_BYTES = 4096 }; /* as kernel_gsp_ga102.c kgspConfigureFalcon asks for */

static const char crash_addr[] = "anonymous2.anonymous2.sysmemAddrOfCrashReportQueue";

static uint64_t
constant(struct nvrm_abi abi, const char *name, uint64_t otherwise)
{
    uint64_t value;

    return nvrm_constant_find(abi, name, &value) ? value : otherwise;
}

/* Where a release has a place for it, GSP-RM of GA10x and later reports a crash to memory. */
int
boot_crash_queue(struct gsp_boot *b, struct gsp_error *err)
{
    const struct nvrm_abi abi = b->config.rm.abi;
    uint32_t offset, bytes;

    if (gsp_fw_family_info(b->family)->libos < 3 ||
        !wire_find(abi, nvrm_struct_find(abi, "GspFwWprMeta"), crash_addr, &offset, &bytes))
        return 0;
    return boot_dma(b, CRASH_QUEUE_BYTES, &b->rm->crash, err);
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
    if (b->rm->crash.cpu) {
        wire_set(w, crash_addr, b->rm->crash.bus_addr);
        wire_set(w, "anonymous2.anonymous2.sizeOfCrashReportQueue", b->rm->crash.bytes);
    }
    return w->rc;
}
