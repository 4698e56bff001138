/* SPDX-License-Identifier: MIT */
/*
 * The fault table itself. A row says what the card does and what a client must make of it, so
 * that the card, `list --faults`, docs/faults.md and the tests cannot disagree.
 *
 * The first of a row's examples is what its argument is when it is left out.
 */
#include <stdio.h>
#include <string.h>

#include "emu_priv.h"
#include "hw.h"

/* Which cards a fault exists for: bits of enum emu_family. */
static const struct {
    const char *name;
    unsigned families;
} chip_sets[] = {
    {"all",                  0x7f                                                             },
    {"Turing to Ada",        1 << EMU_TU10X | 1 << EMU_GA100 | 1 << EMU_GA10X | 1 << EMU_AD10X},
    {"Turing, GA10x, Ada",   1 << EMU_TU10X | 1 << EMU_GA10X | 1 << EMU_AD10X                 },
    {"Turing, GA100",        1 << EMU_TU10X | 1 << EMU_GA100                                  },
    {"GA100, Hopper, GB10x", 1 << EMU_GA100 | 1 << EMU_GH100 | 1 << EMU_GB10X                 },
    {"GA10x on",             0x7f & ~(1 << EMU_TU10X | 1 << EMU_GA100)                        },
    {"GA10x, Ada",           1 << EMU_GA10X | 1 << EMU_AD10X                                  },
    {"Ada",                  1 << EMU_AD10X                                                   },
    {"Hopper on",            1 << EMU_GH100 | 1 << EMU_GB10X | 1 << EMU_GB20X                 },
};

#define BOOT         "boot run"
#define UNLOAD       "boot run; boot unload"
#define SUSPEND      "boot run; boot suspend"
#define RESUME       "boot run; boot suspend; boot resume"
#define NAME_CONTROL "NV2080_CTRL_CMD_GPU_GET_NAME_STRING"
#define NAME         "ctl subdevice " NAME_CONTROL
#define LINK                                                                                   \
    "ctl subdevice NV2080_CTRL_CMD_BUS_GET_INFO_V2 '{\"busInfoListSize\": 1, "                 \
    "\"busInfoList\": [{\"index\": "                                                           \
    "\"NV2080_CTRL_BUS_INFO_INDEX_PCIE_GPU_LINK_CTRL_STATUS\"}]}'"
#define BIG_CONTROL                                                                            \
    "--unsafe ctl subdevice NV2080_CTRL_CMD_VGPU_MGR_INTERNAL_PGPU_ADD_VGPU_TYPE"
#define WATCH    "event watch --count 1"
#define NUMBERED "570.190 580.82.07" /* from here on answers are matched by sequence number */
#define ECC_UNIT "565.57.01"         /* the GSP has a unit of its own */
#define SAVES    "570.86.15"         /* from here on the FMC is told where to save */
#define NOCAT    "550.54.14"

static const struct emu_fault_def defs[] = {
  /* clang-format off */
    /* ---- boot: in force until the card is reset ---- */
    {{.name = "gfw-stuck", .group = "boot", .chips = "Turing to Ada", .exit_code = 6,
      .effect = "the card's own firmware never gets ready",
      .says = "GFW has not booted"},
     EMU_FAULT_BOOT, EMU_BOOT_GFW_STUCK},
    {{.name = "gfw-stuck", .group = "boot", .chips = "Hopper on", .exit_code = 6,
      .effect = "FSP never gets ready",
      .says = "FSP has not booted"},
     EMU_FAULT_BOOT, EMU_BOOT_GFW_STUCK},
    {{.name = "wpr2-up", .group = "boot", .exit_code = 6,
      .effect = "WPR2 is up: a driver died and left it",
      .says = "WPR2 is up"},
     EMU_FAULT_BOOT, EMU_BOOT_WPR2_UP},
    {{.name = "reset-not-ready", .group = "boot", .chips = "GA10x, Ada", .exit_code = 0,
      .effect = "a falcon never says that it is ready for its reset; the reset works",
      .says = "static-info   ok"},
     EMU_FAULT_BOOT, EMU_BOOT_RESET_NOT_READY},
    {{.name = "scrub-stuck", .group = "boot", .chips = "Turing to Ada", .exit_code = 6,
      .effect = "a falcon's memory is never scrubbed after its reset",
      .says = "falcon memory is not scrubbed after reset"},
     EMU_FAULT_BOOT, EMU_BOOT_SCRUB_STUCK},
    {{.name = "dma-stuck", .group = "boot", .chips = "GA10x, Ada", .exit_code = 6,
      .effect = "a falcon's DMA is never idle",
      .says = "falcon DMA's queue stays full"},
     EMU_FAULT_BOOT, EMU_BOOT_DMA_STUCK},
    {{.name = "halt-stuck", .group = "boot", .chips = "Turing to Ada", .exit_code = 6,
      .effect = "a started falcon never halts",
      .says = "the falcon does not halt"},
     EMU_FAULT_BOOT, EMU_BOOT_HALT_STUCK},
    {{.name = "fwsec-error", .group = "boot", .chips = "Turing, GA10x, Ada", .exit_code = 6,
      .argument = "CODE", .examples = "0x2a 0xffff",
      .effect = "FWSEC-FRTS fails with CODE in its scratch register",
      .says = "FWSEC-FRTS failed"},
     EMU_FAULT_BOOT, EMU_BOOT_FWSEC_ERROR},
    {{.name = "frts-wrong", .group = "boot", .chips = "Turing, GA10x, Ada", .exit_code = 6,
      .effect = "WPR2 is not where FRTS was asked for",
      .says = "FWSEC-FRTS put WPR2 at"},
     EMU_FAULT_BOOT, EMU_BOOT_FRTS_WRONG},
    {{.name = "frts-missing", .group = "boot", .chips = "Turing, GA10x, Ada", .exit_code = 6,
      .effect = "FWSEC succeeds without making WPR2",
      .says = "WPR2 is not up"},
     EMU_FAULT_BOOT, EMU_BOOT_FRTS_MISSING},
    {{.name = "scrubber-fails", .group = "boot", .chips = "Ada", .exit_code = 6,
      .effect = "the scrubber does not hand over",
      .says = "memory is not scrubbed"},
     EMU_FAULT_BOOT, EMU_BOOT_SCRUBBER_FAILS},
    {{.name = "booter-error", .group = "boot", .chips = "Turing to Ada", .exit_code = 6,
      .argument = "CODE", .examples = "0x2d 0x31",
      .effect = "booter ends with CODE in SEC2's MAILBOX0",
      .says = "booter_load failed: SEC2 MAILBOX0 reads %s"},
     EMU_FAULT_BOOT, EMU_BOOT_BOOTER_ERROR},
    {{.name = "fw-version", .group = "boot", .exit_code = 8,
      .trigger = "the client reads the firmware set",
      .effect = "the set is of another release than it says: .fwversion",
      .says = "the firmware is of release"},
     EMU_FAULT_BOOT, EMU_BOOT_FW_VERSION},
    {{.name = "fw-signature", .group = "boot", .exit_code = 6, .chips = "Turing to Ada",
      .trigger = "the client reads the firmware set",
      .effect = "GSP-RM is signed for another family",
      .says = "booter_load failed: SEC2 MAILBOX0 reads 0x18"},
     EMU_FAULT_BOOT, EMU_BOOT_FW_SIGNATURE},
    {{.name = "fw-signature", .group = "boot", .exit_code = 6, .chips = "Hopper on",
      .trigger = "the client reads the firmware set",
      .effect = "GSP-RM is signed for another family",
      .says = "the FMC reports an error"},
     EMU_FAULT_BOOT, EMU_BOOT_FW_SIGNATURE},
    {{.name = "radix3-short", .group = "boot", .exit_code = 6, .chips = "Turing to Ada",
      .trigger = "booter reads GSP-RM's page list",
      .effect = "the list's last page leads nowhere",
      .says = "booter_load failed: SEC2 MAILBOX0 reads 0x16"},
     EMU_FAULT_BOOT, EMU_BOOT_RADIX3_SHORT},
    {{.name = "radix3-short", .group = "boot", .exit_code = 6, .chips = "Hopper on",
      .trigger = "the FMC reads GSP-RM's page list",
      .effect = "the list's last page leads nowhere",
      .says = "the FMC reports an error"},
     EMU_FAULT_BOOT, EMU_BOOT_RADIX3_SHORT},
    {{.name = "riscv-dead", .group = "boot", .exit_code = 6,
      .effect = "the loader succeeds and the GSP's RISC-V core is not active",
      .says = "the GSP's RISC-V core is not active"},
     EMU_FAULT_BOOT, EMU_BOOT_RISCV_DEAD},
    {{.name = "gsp-silent", .group = "boot", .exit_code = 6,
      .effect = "the core is active and never sets up its queue",
      .says = "GSP-RM did not set up its status queue"},
     EMU_FAULT_BOOT, EMU_BOOT_GSP_SILENT},
    {{.name = "fsp-error", .group = "boot", .chips = "Hopper on", .exit_code = 6,
      .argument = "CODE", .examples = "0x67 0x7",
      .effect = "FSP refuses the chain of trust with CODE",
      .says = "error %s"},
     EMU_FAULT_BOOT, EMU_BOOT_FSP_ERROR},
    {{.name = "fsp-silent", .group = "boot", .chips = "Hopper on", .exit_code = 6,
      .effect = "FSP does not answer",
      .says = "FSP does not answer"},
     EMU_FAULT_BOOT, EMU_BOOT_FSP_SILENT},
    {{.name = "fsp-truncated", .group = "boot", .chips = "Hopper on", .exit_code = 6,
      .effect = "FSP's answer is cut short",
      .says = "FSP's answer has 8 bytes"},
     EMU_FAULT_BOOT, EMU_BOOT_FSP_TRUNCATED},
    {{.name = "fsp-bad-tag", .group = "boot", .chips = "Hopper on", .exit_code = 6,
      .effect = "FSP's answer has another MCTP tag",
      .says = "FSP's answer carries tag"},
     EMU_FAULT_BOOT, EMU_BOOT_FSP_BAD_TAG},
    {{.name = "fmc-error", .group = "boot", .chips = "Hopper on", .exit_code = 6,
      .argument = "CODE", .examples = "0x5c 0x1",
      .effect = "the FMC fails with CODE",
      .says = "the FMC reports an error"},
     EMU_FAULT_BOOT, EMU_BOOT_FMC_ERROR},
    {{.name = "target-locked", .group = "boot", .chips = "Hopper on", .exit_code = 6,
      .effect = "FSP never releases the GSP's registers",
      .says = "FSP does not release the GSP"},
     EMU_FAULT_BOOT, EMU_BOOT_TARGET_LOCKED},
    {{.name = "lockdown-stuck", .group = "boot", .chips = "Hopper on", .exit_code = 6,
      .effect = "lockdown is never lifted",
      .says = "the GSP stays locked down"},
     EMU_FAULT_BOOT, EMU_BOOT_LOCKDOWN_STUCK},
    {{.name = "init-lost", .group = "boot", .exit_code = 6,
      .effect = "GSP-RM starts and never says GSP_INIT_DONE",
      .says = "GSP_INIT_DONE did not come"},
     EMU_FAULT_EFFECT, EMU_EFFECT_LOST, EMU_ON_INIT},
    {{.name = "init-crash", .group = "boot", .exit_code = 7,
      .effect = "GSP-RM halts in place of GSP_INIT_DONE",
      .says = "GSP-RM has crashed"},
     EMU_FAULT_EFFECT, EMU_EFFECT_CRASH, EMU_ON_INIT},
    {{.name = "init-off-bus", .group = "boot", .exit_code = 7,
      .effect = "the card leaves the bus in place of GSP_INIT_DONE",
      .says = "the GPU has fallen off the bus"},
     EMU_FAULT_EFFECT, EMU_EFFECT_OFF_BUS, EMU_ON_INIT},

    /* ---- vbios ---- */
    {{.name = "vbios:no-bit", .group = "vbios", .chips = "Turing to Ada", .exit_code = 6,
      .effect = "no BIOS Information Table",
      .says = "no production-signed FWSEC"},
     EMU_FAULT_BOOT, EMU_BOOT_VBIOS, .knob = EMU_VBIOS_NO_BIT},
    {{.name = "vbios:bad-checksum", .group = "vbios", .chips = "Turing to Ada", .exit_code = 6,
      .effect = "the table's header does not sum to 0",
      .says = "no production-signed FWSEC"},
     EMU_FAULT_BOOT, EMU_BOOT_VBIOS, .knob = EMU_VBIOS_BAD_CHECKSUM},
    {{.name = "vbios:table-outside", .group = "vbios", .chips = "Turing to Ada", .exit_code = 6,
      .effect = "the pointer to the falcon ucode table leads out of the ROM",
      .says = "ucode table header"},
     EMU_FAULT_BOOT, EMU_BOOT_VBIOS, .knob = EMU_VBIOS_TABLE_OUTSIDE},
    {{.name = "vbios:desc-outside", .group = "vbios", .chips = "Turing to Ada", .exit_code = 6,
      .effect = "the pointer to FWSEC's descriptor leads out of the ROM",
      .says = "FWSEC descriptor at"},
     EMU_FAULT_BOOT, EMU_BOOT_VBIOS, .knob = EMU_VBIOS_DESC_OUTSIDE},
    {{.name = "vbios:wrong-desc", .group = "vbios", .chips = "Turing to Ada", .exit_code = 6,
      .effect = "FWSEC's descriptor is of the other version",
      .says = "boot state vbios"},
     EMU_FAULT_BOOT, EMU_BOOT_VBIOS, .knob = EMU_VBIOS_WRONG_DESC},
    {{.name = "vbios:no-fwsec", .group = "vbios", .chips = "Turing to Ada", .exit_code = 6,
      .effect = "the ucode table has no entry for FWSEC",
      .says = "no production-signed FWSEC"},
     EMU_FAULT_BOOT, EMU_BOOT_VBIOS, .knob = EMU_VBIOS_NO_FWSEC},
    {{.name = "vbios:truncated", .group = "vbios", .chips = "Turing to Ada", .exit_code = 6,
      .effect = "the ROM ends in the middle of FWSEC",
      .says = "boot state vbios"},
     EMU_FAULT_BOOT, EMU_BOOT_VBIOS, .knob = EMU_VBIOS_TRUNCATED},
    {{.name = "vbios:bad-interface", .group = "vbios", .chips = "Turing to Ada", .exit_code = 6,
      .effect = "the interface table lies outside of DMEM",
      .says = "application interface"},
     EMU_FAULT_BOOT, EMU_BOOT_VBIOS, .knob = EMU_VBIOS_BAD_INTERFACE},
    {{.name = "vbios:no-mapper", .group = "vbios", .chips = "Turing to Ada", .exit_code = 6,
      .effect = "the interface table has no DMEM mapper",
      .says = "no DMEM mapper"},
     EMU_FAULT_BOOT, EMU_BOOT_VBIOS, .knob = EMU_VBIOS_NO_MAPPER},
    {{.name = "vbios:bad-signature", .group = "vbios", .chips = "Turing to Ada", .exit_code = 6,
      .effect = "the ROM does not start with 0xAA55",
      .says = "PROM: at 0x"},
     EMU_FAULT_BOOT, EMU_BOOT_VBIOS, .knob = EMU_VBIOS_BAD_SIGNATURE},
    {{.name = "vbios:old-signatures", .group = "vbios", .chips = "GA10x, Ada", .exit_code = 6,
      .effect = "FWSEC has no signature for the fused version",
      .says = "FWSEC has no signature for fuse version"},
     EMU_FAULT_BOOT, EMU_BOOT_VBIOS, .knob = EMU_VBIOS_OLD_SIGNATURES},

    /* ---- queue: once, to the answer of the first request ---- */
    {{.name = "bad-checksum", .group = "queue", .exit_code = 6,
      .effect = "the answer's checksum is wrong",
      .says = "bad checksum in record"},
     EMU_FAULT_EFFECT, EMU_EFFECT_BAD_CHECKSUM},
    {{.name = "wrong-seq", .group = "queue", .exit_code = 6,
      .effect = "the record's seqNum is five ahead",
      .says = "gap in sequence numbers"},
     EMU_FAULT_EFFECT, EMU_EFFECT_WRONG_SEQ},
    {{.name = "wrong-sequence", .group = "queue", .exit_code = 6, .since = NUMBERED,
      .effect = "the answer is to a call that nobody made: the RPC header's sequence",
      .says = "reply to unknown call"},
     EMU_FAULT_EFFECT, EMU_EFFECT_WRONG_SEQUENCE},
    {{.name = "wrong-sequence", .group = "queue", .exit_code = 0, .until = NUMBERED,
      .effect = "the RPC header's sequence is another: nobody looks at it",
      .says = "static-info   ok"},
     EMU_FAULT_EFFECT, EMU_EFFECT_WRONG_SEQUENCE},
    {{.name = "duplicate", .group = "queue", .exit_code = 0,
      .effect = "the answer's record comes twice; the copy is passed over",
      .says = "static-info   ok"},
     EMU_FAULT_EFFECT, EMU_EFFECT_DUPLICATE},
    {{.name = "elements", .group = "queue", .exit_code = 6,
      .argument = "N", .examples = "0 3 17",
      .effect = "the record says that it has N elements, under a good checksum",
      .says = "elemCount"},
     EMU_FAULT_EFFECT, EMU_EFFECT_ELEMENTS},
    {{.name = "hostile-length", .group = "queue", .exit_code = 6,
      .effect = "the RPC header's length is 0xfffffff0",
      .says = "RPC length out of range"},
     EMU_FAULT_EFFECT, EMU_EFFECT_HOSTILE_LENGTH},
    {{.name = "missing-continuation", .group = "queue", .exit_code = 6,
      .trigger = "the next control", .run = BIG_CONTROL,
      .effect = "the last record of an answer of several is lost",
      .says = "missing continuation record"},
     EMU_FAULT_EFFECT, EMU_EFFECT_NO_CONTINUATION, EMU_ON_FN, "GSP_RM_CONTROL"},
    {{.name = "lost", .group = "queue", .exit_code = 6,
      .effect = "no answer",
      .says = "static-info: no reply to"},
     EMU_FAULT_EFFECT, EMU_EFFECT_LOST},
    {{.name = "slow", .group = "queue", .exit_code = 0,
      .argument = "MS", .examples = "20 1",
      .effect = "the answer comes MS milliseconds late",
      .says = "static-info   ok"},
     EMU_FAULT_EFFECT, EMU_EFFECT_SLOW},
    {{.name = "storm", .group = "queue", .exit_code = 0,
      .argument = "N", .examples = "100 1 300",
      .effect = "N events come before the answer, more than the queue holds if need be",
      .says = "static-info   ok"},
     EMU_FAULT_EFFECT, EMU_EFFECT_STORM},

    {{.name = "write-pointer", .group = "queue", .exit_code = 6,
      .effect = "the status queue's write pointer leads out of the ring",
      .says = "write pointer"},
     EMU_FAULT_EFFECT, EMU_EFFECT_WRITE_POINTER},
    {{.name = "wrap", .group = "queue", .exit_code = 5,
      .trigger = "the next control", .run = BIG_CONTROL,
      .effect = "the answer starts at the last element of the ring and goes on at its first",
      .says = "NV_ERR_NOT_SUPPORTED"},
     EMU_FAULT_EFFECT, EMU_EFFECT_WRAP, EMU_ON_FN, "GSP_RM_CONTROL"},
    {{.name = "queue-full", .group = "queue", .exit_code = 5,
      .argument = "MS", .examples = "15 1", .run = BIG_CONTROL,
      .trigger = "the next allocation of a subdevice",
      .effect = "GSP-RM does not read the command queue for MS milliseconds: it fills up",
      .says = "NV_ERR_NOT_SUPPORTED"},
     EMU_FAULT_EFFECT, EMU_EFFECT_FULL, EMU_ON_CLASS, "NV20_SUBDEVICE_0"},
    {{.name = "queue-stuck", .group = "queue", .exit_code = 6, .run = BIG_CONTROL,
      .trigger = "the next allocation of a subdevice",
      .effect = "GSP-RM no longer reads the command queue: it fills up",
      .says = "command queue is full for"},
     EMU_FAULT_EFFECT, EMU_EFFECT_FULL, EMU_ON_CLASS, "NV20_SUBDEVICE_0"},
    {{.name = "doorbell-lost", .group = "queue", .exit_code = 6,
      .trigger = "the doorbell of the first request after GSP_INIT_DONE",
      .effect = "nobody hears it, until it rings again",
      .says = "static-info: no reply to"},
     EMU_FAULT_EFFECT, EMU_EFFECT_DEAF},

    /* ---- rm ---- */
    {{.name = "rm-status", .group = "rm", .exit_code = 5,
      .argument = "STATUS", .examples = "NV_ERR_GPU_IS_LOST NV_ERR_NO_MEMORY NV_ERR_NOT_READY",
      .trigger = "every " NAME_CONTROL, .run = NAME,
      .effect = "RM answers with STATUS",
      .says = "%s"},
     EMU_FAULT_EFFECT, EMU_EFFECT_STATUS, EMU_ON_CONTROL, NAME_CONTROL},
    {{.name = "timeout-retry", .group = "rm", .exit_code = 5,
      .trigger = "the next " NAME_CONTROL, .run = NAME,
      .effect = "RM asks for another try, once; it is the caller's to make",
      .says = "NV_ERR_TIMEOUT_RETRY"},
     EMU_FAULT_EFFECT, EMU_EFFECT_STATUS, EMU_ON_CONTROL, NAME_CONTROL, .once = true,
     .arg = 0x66},
    {{.name = "object-freed", .group = "rm", .exit_code = 5,
      .trigger = "the next " NAME_CONTROL, .run = NAME,
      .effect = "the object that it is for is freed under the client",
      .says = "NV_ERR_OBJECT_NOT_FOUND"},
     EMU_FAULT_EFFECT, EMU_EFFECT_FREED, EMU_ON_CONTROL, NAME_CONTROL},
    {{.name = "rc-triggered", .group = "rm", .exit_code = 0,
      .argument = "XID", .examples = "31 13 45",
      .effect = "RC_TRIGGERED of channel 5 with XID comes before the answer", .run = WATCH,
      .says = "RC_TRIGGERED Xid %s"},
     EMU_FAULT_EFFECT, EMU_EFFECT_RC},
    {{.name = "nocat", .group = "rm", .exit_code = 0, .since = NOCAT,
      .argument = "ERROR", .examples = "0x51 0x1",
      .effect = "a record for the crash journal comes before the answer", .run = WATCH,
      .says = "GSP_POST_NOCAT_RECORD NV2080_NOCAT_JOURNAL_REC_TYPE_ENGINE"},
     EMU_FAULT_EFFECT, EMU_EFFECT_NOCAT},
    {{.name = "thermal", .group = "rm", .exit_code = 0,
      .argument = "DATA", .examples = "1 7",
      .trigger = "somebody subscribes to a notifier", .run = "event watch THERMAL_SW --count 1",
      .effect = "NV2080_NOTIFIERS_THERMAL_SW with DATA",
      .says = "NV2080_NOTIFIERS_THERMAL_SW"},
     EMU_FAULT_EFFECT, EMU_EFFECT_THERMAL, EMU_ON_CONTROL,
     "NV2080_CTRL_CMD_EVENT_SET_NOTIFICATION"},
    {{.name = "ecc", .group = "rm", .exit_code = 0,
      .argument = "DATA", .examples = "1 7",
      .trigger = "somebody subscribes to a notifier", .run = "event watch ECC_DBE --count 1",
      .effect = "NV2080_NOTIFIERS_ECC_DBE: an error that memory could not correct",
      .says = "NV2080_NOTIFIERS_ECC_DBE"},
     EMU_FAULT_EFFECT, EMU_EFFECT_ECC, EMU_ON_CONTROL,
     "NV2080_CTRL_CMD_EVENT_SET_NOTIFICATION"},
    {{.name = "ecc-errors", .group = "rm", .exit_code = 0, .chips = "GA100, Hopper, GB10x",
      .since = ECC_UNIT, .argument = "N", .examples = "0x2 0x11",
      .effect = "the GSP's own memory has counted N errors that it could not correct",
      .run = "ctl subdevice NV2080_CTRL_CMD_GPU_QUERY_ECC_STATUS",
      .says = "= %s"},
     EMU_FAULT_BOOT, EMU_BOOT_ECC_ERRORS},
    {{.name = "slow-link", .group = "rm", .exit_code = 0,
      .effect = "the PCIe link came up with one lane at 2.5 GT/s", .run = LINK,
      .says = "0x110040"},
     EMU_FAULT_BOOT, EMU_BOOT_SLOW_LINK},
    {{.name = "heartbeat-stops", .group = "rm", .exit_code = 7, .since = "595.44.02",
      .argument = "MS", .examples = "6000 60000",
      .effect = "GSP-RM hangs: no answer, and its last heartbeat was MS milliseconds ago",
      .says = "heartbeat"},
     EMU_FAULT_EFFECT, EMU_EFFECT_HANG},
    {{.name = "core-halts", .group = "rm", .exit_code = 7, .chips = "GA10x on",
      .effect = "the GSP's core halts without a report",
      .says = "core is halted"},
     EMU_FAULT_EFFECT, EMU_EFFECT_HALT},
    {{.name = "core-halts", .group = "rm", .exit_code = 6, .chips = "Turing, GA100",
      .effect = "the GSP's core halts without a report",
      .says = "static-info: no reply to"},
     EMU_FAULT_EFFECT, EMU_EFFECT_HALT},
    {{.name = "xid", .group = "rm", .exit_code = 0,
      .argument = "N", .examples = "79 13 31 43 45 48 62 63 74 94 95 109 119 120",
      .effect = "OS_ERROR_LOG with Xid N comes before the answer", .run = WATCH,
      .says = "OS_ERROR_LOG Xid %s"},
     EMU_FAULT_EFFECT, EMU_EFFECT_XID},
    {{.name = "crash", .group = "rm", .exit_code = 7,
      .effect = "GSP-RM halts without an answer and leaves a CrashCat report",
      .says = "GSP-RM has crashed"},
     EMU_FAULT_EFFECT, EMU_EFFECT_CRASH},
    {{.name = "off-bus", .group = "rm", .exit_code = 7,
      .effect = "the card leaves the bus: every read is all ones",
      .says = "the GPU has fallen off the bus"},
     EMU_FAULT_EFFECT, EMU_EFFECT_OFF_BUS},

    /* ---- execution: channels; what a client meets is in tests/emu/test_emu_exec_faults.c ---- */
    {{.name = "mmu-fault", .group = "execution", .exit_code = 0,
      .argument = "N", .examples = "1",
      .trigger = "the N-th transfer of a copy engine",
      .effect = "its destination faults, though it is mapped: Xid 31, the channel's group stops",
      .says = "static-info   ok"},
     EMU_FAULT_EXEC, EMU_EXEC_MMU_FAULT},
    {{.name = "stale-tlb", .group = "execution", .exit_code = 0,
      .trigger = "page tables change without an invalidation",
      .effect = "translations are kept: the old memory is reached",
      .says = "static-info   ok"},
     EMU_FAULT_EXEC, EMU_EXEC_STALE_TLB},
    {{.name = "pbdma-error", .group = "execution", .exit_code = 0,
      .argument = "N", .examples = "1",
      .trigger = "the N-th method header",
      .effect = "it is read as none: Xid 32, the channel's group stops",
      .says = "static-info   ok"},
     EMU_FAULT_EXEC, EMU_EXEC_PBDMA_ERROR},
    {{.name = "sem-timeout", .group = "execution", .exit_code = 0,
      .argument = "N", .examples = "1",
      .trigger = "the N-th acquire",
      .effect = "it gives up: Xid 32, the channel's group stops",
      .says = "static-info   ok"},
     EMU_FAULT_EXEC, EMU_EXEC_SEM_TIMEOUT},
    {{.name = "bad-gpfifo-entry", .group = "execution", .exit_code = 0,
      .argument = "N", .examples = "1",
      .trigger = "the N-th GPFIFO entry",
      .effect = "it is read as illegal: Xid 32, the channel's group stops",
      .says = "static-info   ok"},
     EMU_FAULT_EXEC, EMU_EXEC_BAD_GPFIFO_ENTRY},
    {{.name = "ce-line-count", .group = "execution", .exit_code = 0,
      .argument = "N", .examples = "1",
      .trigger = "the N-th transfer of a copy engine",
      .effect = "its line count is read as 0: a launch error with the engine's Xid",
      .says = "static-info   ok"},
     EMU_FAULT_EXEC, EMU_EXEC_CE_LINE_COUNT},
    {{.name = "not-scheduled", .group = "execution", .exit_code = 0,
      .argument = "N", .examples = "1",
      .trigger = "the N-th GPFIFO_SCHEDULE",
      .effect = "RM says yes and the channel does not run",
      .says = "static-info   ok"},
     EMU_FAULT_EXEC, EMU_EXEC_NOT_SCHEDULED},
    {{.name = "lost-doorbell", .group = "execution", .exit_code = 0,
      .argument = "N", .examples = "1",
      .trigger = "the N-th doorbell of a channel",
      .effect = "nobody hears it, until it rings again",
      .says = "static-info   ok"},
     EMU_FAULT_EXEC, EMU_EXEC_LOST_DOORBELL},
    {{.name = "lost-interrupt", .group = "execution", .exit_code = 0,
      .argument = "N", .examples = "1",
      .trigger = "the N-th interrupt of an engine",
      .effect = "it is not raised; what it tells of has happened",
      .says = "static-info   ok"},
     EMU_FAULT_EXEC, EMU_EXEC_LOST_INTERRUPT},
    {{.name = "spurious-interrupt", .group = "execution", .exit_code = 0,
      .argument = "N", .examples = "1",
      .trigger = "the N-th doorbell of a channel",
      .effect = "an engine's interrupt is raised, and nothing happened",
      .says = "static-info   ok"},
     EMU_FAULT_EXEC, EMU_EXEC_SPURIOUS_INTERRUPT},
    {{.name = "sm-illegal-instruction", .group = "execution", .exit_code = 0,
      .argument = "N", .examples = "1",
      .trigger = "the N-th launch of compute work",
      .effect = "its first instruction is taken for none: Xid 13, Illegal Instruction Encoding",
      .says = "static-info   ok"},
     EMU_FAULT_EXEC, EMU_EXEC_SM_ILLEGAL},
    {{.name = "sm-misaligned-address", .group = "execution", .exit_code = 0,
      .argument = "N", .examples = "1",
      .trigger = "the N-th launch of compute work",
      .effect = "its first access is taken for misaligned: Xid 13, Misaligned Address",
      .says = "static-info   ok"},
     EMU_FAULT_EXEC, EMU_EXEC_SM_MISALIGNED},
    {{.name = "sm-out-of-range", .group = "execution", .exit_code = 0,
      .argument = "N", .examples = "1",
      .trigger = "the N-th launch of compute work",
      .effect = "its first access is taken for one outside of shared memory: Xid 13, Out Of Range Address",
      .says = "static-info   ok"},
     EMU_FAULT_EXEC, EMU_EXEC_SM_RANGE},
    {{.name = "sm-endless", .group = "execution", .exit_code = 0,
      .argument = "N", .examples = "1",
      .trigger = "the N-th launch of compute work",
      .effect = "it is taken for endless: Xid 109, CTX SWITCH TIMEOUT",
      .says = "static-info   ok"},
     EMU_FAULT_EXEC, EMU_EXEC_SM_ENDLESS},
    {{.name = "sm-mmu-fault", .group = "execution", .exit_code = 0,
      .argument = "N", .examples = "1",
      .trigger = "the N-th launch of compute work",
      .effect = "its first access faults, though it is mapped: Xid 31 of a GPC",
      .says = "static-info   ok"},
     EMU_FAULT_EXEC, EMU_EXEC_SM_MMU_FAULT},

    /* ---- suspend: unload, suspend and resume ---- */
    {{.name = "sb-error", .group = "suspend", .chips = "Turing to Ada", .exit_code = 6,
      .effect = "FWSEC-SB fails", .run = UNLOAD,
      .says = "FWSEC-SB failed"},
     EMU_FAULT_BOOT, EMU_BOOT_SB_ERROR},
    {{.name = "unload-error", .group = "suspend", .chips = "Turing to Ada", .exit_code = 6,
      .argument = "CODE", .examples = "0x3e 0x1",
      .effect = "booter_unload ends with CODE in SEC2's MAILBOX0", .run = UNLOAD,
      .says = "booter_unload failed: SEC2 MAILBOX0 reads %s"},
     EMU_FAULT_BOOT, EMU_BOOT_UNLOAD_ERROR},
    {{.name = "wpr2-stays", .group = "suspend", .chips = "Turing to Ada", .exit_code = 6,
      .effect = "WPR2 is up after the unload", .run = UNLOAD,
      .says = "WPR2 is still up"},
     EMU_FAULT_BOOT, EMU_BOOT_WPR2_STAYS},
    {{.name = "wpr2-stays", .group = "suspend", .chips = "Hopper on", .exit_code = 6,
      .effect = "WPR2 is up after the unload", .run = "boot run; boot unload; boot run",
      .says = "WPR2 is up"},
     EMU_FAULT_BOOT, EMU_BOOT_WPR2_STAYS},
    {{.name = "suspend-stuck", .group = "suspend", .exit_code = 6,
      .effect = "the GSP never reports that it is done", .run = UNLOAD,
      .says = "GSP-RM does not give up its core"},
     EMU_FAULT_BOOT, EMU_BOOT_SUSPEND_STUCK},
    {{.name = "unload-refused", .group = "suspend", .exit_code = 5,
      .argument = "STATUS", .examples = "NV_ERR_INVALID_STATE NV_ERR_BUSY_RETRY",
      .trigger = "every UNLOADING_GUEST_DRIVER", .run = UNLOAD,
      .effect = "RM answers with STATUS and stays",
      .says = "%s"},
     EMU_FAULT_EFFECT, EMU_EFFECT_STATUS, EMU_ON_FN, "UNLOADING_GUEST_DRIVER"},
    {{.name = "unload-lost", .group = "suspend", .exit_code = 6,
      .trigger = "the next UNLOADING_GUEST_DRIVER", .run = UNLOAD,
      .effect = "no answer",
      .says = "no reply to UNLOADING_GUEST_DRIVER"},
     EMU_FAULT_EFFECT, EMU_EFFECT_LOST, EMU_ON_FN, "UNLOADING_GUEST_DRIVER"},
    {{.name = "suspend-crash", .group = "suspend", .chips = "Turing to Ada", .exit_code = 7,
      .trigger = "the next UNLOADING_GUEST_DRIVER", .run = SUSPEND,
      .effect = "GSP-RM halts instead of going to sleep",
      .says = "GSP-RM has crashed"},
     EMU_FAULT_EFFECT, EMU_EFFECT_CRASH, EMU_ON_FN, "UNLOADING_GUEST_DRIVER"},
    {{.name = "suspend-crash", .group = "suspend", .chips = "Hopper on", .exit_code = 7, .since = SAVES,
      .trigger = "the next UNLOADING_GUEST_DRIVER", .run = SUSPEND,
      .effect = "GSP-RM halts instead of going to sleep",
      .says = "GSP-RM has crashed"},
     EMU_FAULT_EFFECT, EMU_EFFECT_CRASH, EMU_ON_FN, "UNLOADING_GUEST_DRIVER"},
    {{.name = "suspend-off-bus", .group = "suspend", .chips = "Turing to Ada", .exit_code = 7,
      .trigger = "the next UNLOADING_GUEST_DRIVER", .run = SUSPEND,
      .effect = "the card leaves the bus instead of going to sleep",
      .says = "the GPU has fallen off the bus"},
     EMU_FAULT_EFFECT, EMU_EFFECT_OFF_BUS, EMU_ON_FN, "UNLOADING_GUEST_DRIVER"},
    {{.name = "suspend-off-bus", .group = "suspend", .chips = "Hopper on", .exit_code = 7, .since = SAVES,
      .trigger = "the next UNLOADING_GUEST_DRIVER", .run = SUSPEND,
      .effect = "the card leaves the bus instead of going to sleep",
      .says = "the GPU has fallen off the bus"},
     EMU_FAULT_EFFECT, EMU_EFFECT_OFF_BUS, EMU_ON_FN, "UNLOADING_GUEST_DRIVER"},
    {{.name = "resume-error", .group = "suspend", .chips = "Turing to Ada", .exit_code = 6,
      .argument = "CODE", .examples = "0x1f 0x16",
      .effect = "booter takes nothing back and ends with CODE", .run = RESUME,
      .says = "booter_load failed: SEC2 MAILBOX0 reads %s"},
     EMU_FAULT_BOOT, EMU_BOOT_RESUME_ERROR},
    {{.name = "resume-error", .group = "suspend", .chips = "Hopper on", .exit_code = 6, .since = SAVES,
      .argument = "CODE", .examples = "0x1f 0x16",
      .effect = "the FMC takes nothing back and ends with CODE", .run = RESUME,
      .says = "the FMC reports an error"},
     EMU_FAULT_BOOT, EMU_BOOT_RESUME_ERROR},
  /* clang-format on */
};

const struct emu_fault_def *
emu_fault_def_at(unsigned i)
{
    return i < sizeof(defs) / sizeof(defs[0]) ? &defs[i] : NULL;
}

static const char *
or_else(const char *text, const char *otherwise)
{
    return text ? text : otherwise;
}

static const char *
usual_trigger(const struct emu_fault_def *d)
{
    if (d->kind == EMU_FAULT_BOOT)
        return "from the start, until the card is reset";
    return d->on == EMU_ON_INIT ? "GSP-RM is about to report GSP_INIT_DONE"
                                : "the first request after GSP_INIT_DONE";
}

bool
emu_fault_row_at(unsigned i, struct emu_fault_row *row_out)
{
    const struct emu_fault_def *d = emu_fault_def_at(i);
    struct emu_fault_row row;

    if (!d)
        return false;
    row = d->row;
    row.argument = or_else(row.argument, "");
    row.examples = or_else(row.examples, "");
    row.trigger = or_else(row.trigger, usual_trigger(d));
    row.run = or_else(row.run, BOOT);
    row.chips = or_else(row.chips, "all");
    row.since = or_else(row.since, "");
    row.until = or_else(row.until, "");
    *row_out = row;
    return true;
}

/* Is a release one of those listed, or does it descend from one? */
static bool
descends(struct nvrm_abi abi, const char *points)
{
    char name[24];

    for (; *points; points += strspn(points, " ")) {
        const size_t n = strcspn(points, " ");
        nvrm_release r, wanted;

        snprintf(name, sizeof(name), "%.*s", (int)n, points);
        points += n;
        wanted = nvrm_release_find(abi.schema, name);
        for (r = abi.release; r != NVRM_NO_RELEASE && r != wanted;)
            r = nvrm_release_parent(abi.schema, r);
        if (r != NVRM_NO_RELEASE)
            return true;
    }
    return false;
}

bool
emu_fault_applies(const struct emu_fault_row *row, const char *chip, struct nvrm_abi abi)
{
    const struct emu_card *card = emu_card_find(chip);
    unsigned families = 0;

    for (size_t i = 0; i < sizeof(chip_sets) / sizeof(chip_sets[0]); i++)
        if (!strcmp(chip_sets[i].name, row->chips))
            families = chip_sets[i].families;
    return card && families >> emu_family_of(card) & 1 &&
           (!*row->since || descends(abi, row->since)) &&
           (!*row->until || !descends(abi, row->until));
}
