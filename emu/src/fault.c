/* SPDX-License-Identifier: MIT */
/*
 * Fault injection. "TRIGGER=EFFECT,...": the triggers and effects are rows of the two tables
 * below, which also hold what a client must make of each.
 */
#include "fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emu_priv.h"
#include "hw.h"

static const struct {
    const char *name;
    enum emu_trigger trigger;
    const char *line;
} triggers[] = {
    {"init", EMU_ON_INIT,
     "init                 while GSP-RM starts, in place of GSP_INIT_DONE"                      },
    {"rpc",  EMU_ON_RPC,     "rpc:N                the N-th request after GSP_INIT_DONE, from 1"},
    {"fn",   EMU_ON_FN,      "fn:NAME              the next request of this RPC function"       },
    {"ctl",  EMU_ON_CONTROL, "ctl:NAME|ID          the next call of this control"               },
    {"cls",  EMU_ON_CLASS,   "cls:NAME|ID          the next allocation of this class"           },
};

static const struct {
    const char *name;
    enum emu_effect effect;
    uint32_t arg; /* default of the number behind the colon */
    const char *line;
} effects[] = {
    {"bad-checksum",         EMU_EFFECT_BAD_CHECKSUM,    0,
     "bad-checksum         the answer's checksum is wrong            -> protocol error or "
     "timeout, never data"                                                                   },
    {"wrong-seq",            EMU_EFFECT_WRONG_SEQ,       0,
     "wrong-seq            the record's seqNum is ahead of time      -> protocol error or "
     "timeout"                                                                               },
    {"wrong-sequence",       EMU_EFFECT_WRONG_SEQUENCE,  0,
     "wrong-sequence       the RPC header's sequence is another      -> timeout from "
     "570.190/580.82.07 on"                                                                  },
    {"duplicate",            EMU_EFFECT_DUPLICATE,       0,
     "duplicate            the answer's record comes twice           -> the copy is ignored" },
    {"elements",             EMU_EFFECT_ELEMENTS,        0,
     "elements:N           the record says N elements (0, 17, ...)   -> protocol error"      },
    {"hostile-length",       EMU_EFFECT_HOSTILE_LENGTH,  0,
     "hostile-length       rpc length 0xfffffff0                     -> protocol error"      },
    {"missing-continuation", EMU_EFFECT_NO_CONTINUATION, 0,
     "missing-continuation the last continuation record is lost      -> timeout"             },
    {"lost",                 EMU_EFFECT_LOST,            0,
     "lost                 no answer                                 -> timeout"             },
    {"slow",                 EMU_EFFECT_SLOW,            100,
     "slow[:MS]            the answer comes after MS milliseconds    -> success, or timeout" },
    {"storm",                EMU_EFFECT_STORM,           100,
     "storm[:N]            N events come before the answer           -> success, events kept"},
    {"xid",                  EMU_EFFECT_XID,             79,
     "xid[:N]              OS_ERROR_LOG with Xid N comes first       -> success, event "
     "reported"                                                                              },
    {"crash",                EMU_EFFECT_CRASH,           0,
     "crash                GSP-RM halts: no answer, IRQSTAT.HALT     -> device lost or "
     "timeout"                                                                               },
    {"off-bus",              EMU_EFFECT_OFF_BUS,         0,
     "off-bus              the card leaves the bus: reads all ones   -> device lost"         },
};

/* Faults of the boot, in force until the card is reset. */
static const struct {
    const char *name;
    enum emu_boot_fault fault;
    uint32_t arg;
    const char *line;
} boots[] = {
    {"gfw-stuck",      EMU_BOOT_GFW_STUCK,      0,
     "gfw-stuck            firmware progress never completes         -> not ready, timeout" },
    {"scrub-stuck",    EMU_BOOT_SCRUB_STUCK,    0,
     "scrub-stuck          a falcon's reset never ends               -> timeout"            },
    {"dma-stuck",      EMU_BOOT_DMA_STUCK,      0,
     "dma-stuck            a falcon's DMA is never idle              -> timeout"            },
    {"halt-stuck",     EMU_BOOT_HALT_STUCK,     0,
     "halt-stuck           a started falcon never halts              -> timeout"            },
    {"wpr2-up",        EMU_BOOT_WPR2_UP,        0,
     "wpr2-up              WPR2 is up: a driver died                 -> in use, needs reset"},
    {"fwsec-error",    EMU_BOOT_FWSEC_ERROR,    0x2a,
     "fwsec-error[:CODE]   FWSEC-FRTS fails, 0x1438 bits 31:16       -> FRTS failed, code"  },
    {"frts-wrong",     EMU_BOOT_FRTS_WRONG,     0,
     "frts-wrong           WPR2 is not where FRTS was asked for      -> FRTS failed"        },
    {"frts-missing",   EMU_BOOT_FRTS_MISSING,   0,
     "frts-missing         FWSEC succeeds without making WPR2        -> FRTS failed"        },
    {"scrubber-fails", EMU_BOOT_SCRUBBER_FAILS, 0,
     "scrubber-fails       the scrubber (Ada) does not hand off      -> scrubber failed"    },
    {"booter-error",   EMU_BOOT_BOOTER_ERROR,   0x2d,
     "booter-error[:CODE]  booter's MAILBOX0 is not 0                -> booter failed, code"},
    {"riscv-dead",     EMU_BOOT_RISCV_DEAD,     0,
     "riscv-dead           booter succeeds, the core is not active   -> GSP not running"    },
    {"gsp-silent",     EMU_BOOT_GSP_SILENT,     0,
     "gsp-silent           the core is active, no queue is linked    -> timeout"            },
    {"fsp-error",      EMU_BOOT_FSP_ERROR,      0x67,
     "fsp-error[:CODE]     FSP refuses the chain of trust            -> FSP error, code"    },
    {"fsp-silent",     EMU_BOOT_FSP_SILENT,     0,
     "fsp-silent           FSP does not answer                       -> timeout"            },
    {"fsp-truncated",  EMU_BOOT_FSP_TRUNCATED,  0,
     "fsp-truncated        FSP's answer is cut short                 -> protocol error"     },
    {"fsp-bad-tag",    EMU_BOOT_FSP_BAD_TAG,    0,
     "fsp-bad-tag          FSP's answer has another MCTP tag         -> protocol error"     },
    {"fmc-error",      EMU_BOOT_FMC_ERROR,      0x5c,
     "fmc-error[:CODE]     the FMC fails: mailbox, 0x14DC            -> FMC failed, code"   },
    {"target-locked",  EMU_BOOT_TARGET_LOCKED,  0,
     "target-locked        the GSP's registers stay with FSP         -> timeout"            },
    {"lockdown-stuck", EMU_BOOT_LOCKDOWN_STUCK, 0,
     "lockdown-stuck       lockdown is never lifted                  -> timeout"            },
    {"sb-error",       EMU_BOOT_SB_ERROR,       0,
     "sb-error             FWSEC-SB fails, 0x1454 bits 15:0          -> unload failed"      },
    {"unload-error",   EMU_BOOT_UNLOAD_ERROR,   0x3e,
     "unload-error[:CODE]  booter_unload's MAILBOX0 is not 0         -> unload failed, code"},
    {"wpr2-stays",     EMU_BOOT_WPR2_STAYS,     0,
     "wpr2-stays           WPR2 is up after the unload               -> unload failed"      },
    {"suspend-stuck",  EMU_BOOT_SUSPEND_STUCK,  0,
     "suspend-stuck        the GSP never reports that it is done     -> timeout"            },
    {"vbios",          EMU_BOOT_VBIOS,          0,
     "vbios:KNOB           a VBIOS that is broken (no-bit, ...)      -> VBIOS refused"      },
};

static const char status_line[] =
    "NV_ERR_*|NUMBER      RM answers with this status, every time   -> that RM status";

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

const char *
emu_fault_at(unsigned i)
{
    if (i < COUNT(triggers))
        return triggers[i].line;
    i -= COUNT(triggers);
    if (i < COUNT(effects))
        return effects[i].line;
    i -= COUNT(effects);
    if (i < COUNT(boots))
        return boots[i].line;
    return i == COUNT(boots) ? status_line : NULL;
}

/* Parsing */

static bool
parse_number(const char *text, uint32_t *out)
{
    char *end;
    unsigned long v;

    if (!*text)
        return false;
    v = strtoul(text, &end, 0);
    *out = (uint32_t)v;
    return !*end && v <= UINT32_MAX;
}

static bool
parse_key(struct emu_gpu *gpu, enum emu_trigger trigger, const char *text, uint32_t *out)
{
    const struct nvrm_control *control;
    const struct nvrm_class *cls;
    const struct nvrm_rpc *rpc;

    if (trigger == EMU_ON_INIT)
        return !*text;
    if (parse_number(text, out))
        return true;
    if (trigger == EMU_ON_CONTROL && (control = nvrm_control_find(gpu->abi, text)))
        *out = control->id;
    else if (trigger == EMU_ON_CLASS && (cls = nvrm_class_find(gpu->abi, text)))
        *out = cls->id;
    else if (trigger == EMU_ON_FN && (rpc = nvrm_rpc_find(gpu->abi, text)))
        *out = rpc->id;
    else
        return false;
    return true;
}

/* Cuts "name:rest" and returns rest, or "". */
static char *
cut(char *text)
{
    char *colon = strchr(text, ':');

    if (!colon)
        return text + strlen(text);
    *colon = '\0';
    return colon + 1;
}

static bool
parse_trigger(struct emu_gpu *gpu, char *text, struct emu_fault *f)
{
    const char *key = cut(text);

    for (size_t i = 0; i < COUNT(triggers); i++) {
        if (strcmp(text, triggers[i].name) != 0)
            continue;
        f->trigger = triggers[i].trigger;
        return parse_key(gpu, f->trigger, key, &f->key);
    }
    return false;
}

static bool
parse_effect(struct emu_gpu *gpu, char *text, struct emu_fault *f)
{
    const struct nvrm_const *status = nvrm_status_find(gpu->abi, text);
    const char *arg;

    f->effect = EMU_EFFECT_STATUS;
    if (status) {
        f->arg = (uint32_t)status->value;
        return f->trigger != EMU_ON_INIT;
    }
    if (parse_number(text, &f->arg))
        return f->trigger != EMU_ON_INIT;
    arg = cut(text);
    for (size_t i = 0; i < COUNT(effects); i++) {
        if (strcmp(text, effects[i].name) != 0)
            continue;
        f->effect = effects[i].effect;
        f->arg = effects[i].arg;
        return !*arg || parse_number(arg, &f->arg);
    }
    return false;
}

static bool
find_knob(const char *name, uint32_t *knob_out)
{
    for (uint32_t k = 0; k < EMU_VBIOS_KNOBS; k++)
        if (!strcmp(emu_vbios_knob_name((enum emu_vbios_knob)k), name)) {
            *knob_out = k;
            return true;
        }
    return false;
}

/* A fault of the boot, "NAME" or "NAME:ARGUMENT", comes into force at once. */
static bool
parse_boot(struct emu_gpu *gpu, char *text)
{
    const char *arg = cut(text);
    uint32_t value;

    for (size_t i = 0; i < COUNT(boots); i++) {
        if (strcmp(text, boots[i].name) != 0)
            continue;
        value = boots[i].arg;
        if (boots[i].fault == EMU_BOOT_VBIOS ? !find_knob(arg, &value)
                                             : *arg && !parse_number(arg, &value))
            return false;
        emu_hw_set_fault(gpu, boots[i].fault, value);
        return true;
    }
    return false;
}

/* A lone effect happens at the first request. */
static bool
parse_one(struct emu_gpu *gpu, char *text, struct emu_fault *f)
{
    char *equals = strchr(text, '=');

    *f = (struct emu_fault){.trigger = EMU_ON_RPC, .key = 1};
    if (!equals)
        return parse_effect(gpu, text, f);
    *equals = '\0';
    return parse_trigger(gpu, text, f) && parse_effect(gpu, equals + 1, f);
}

static int
refuse(char *message, size_t message_bytes, const char *what)
{
    if (message && message_bytes)
        snprintf(message, message_bytes, "fault '%s' is not TRIGGER=EFFECT of the fault table",
                 what);
    return -EINVAL;
}

int
emu_faults_parse(struct emu_gpu *gpu, const char *inject, char *message, size_t message_bytes)
{
    struct emu_faults *faults = &gpu->faults;
    char item[128], copy[128];

    while (inject && *inject) {
        const size_t n = strcspn(inject, ",");

        if (n >= sizeof(item))
            return refuse(message, message_bytes, "(too long)");
        memcpy(item, inject, n);
        item[n] = '\0';
        memcpy(copy, item, n + 1);
        inject += n + (inject[n] == ',');
        if (parse_boot(gpu, item))
            continue;
        memcpy(item, copy, n + 1);
        if (faults->count == EMU_MAX_FAULTS || !n ||
            !parse_one(gpu, item, &faults->list[faults->count]))
            return refuse(message, message_bytes, copy);
        faults->count++;
    }
    return 0;
}

/* Happening */

static void
storm(struct emu_gpu *gpu, uint32_t count)
{
    char text[64];

    for (uint32_t i = 0; i < count; i++) {
        snprintf(text, sizeof(text), "emulated event %u of %u", i + 1, count);
        emu_event_xid(gpu, 13, text);
    }
}

/* Effects that come before the answer. False: there will be none. */
static bool
strike(struct emu_gpu *gpu, struct emu_fault *f)
{
    char text[64];

    switch (f->effect) {
    case EMU_EFFECT_STORM:
        storm(gpu, f->arg);
        break;
    case EMU_EFFECT_XID:
        snprintf(text, sizeof(text), "emulated Xid %u", f->arg);
        emu_event_xid(gpu, f->arg, text);
        break;
    case EMU_EFFECT_CRASH:
        emu_note(gpu, "fault: GSP-RM crashes");
        emu_gsp_halt(gpu);
        return false;
    case EMU_EFFECT_OFF_BUS:
        emu_note(gpu, "fault: the card falls off the bus");
        gpu->lost = true;
        return false;
    default:
        break;
    }
    return true;
}

static bool
triggered(const struct emu_gpu *gpu, const struct emu_fault *f, uint32_t function, uint32_t id)
{
    const struct nvrm_rpc *rpc;

    if (f->spent)
        return false;
    switch (f->trigger) {
    case EMU_ON_INIT:
        return false;
    case EMU_ON_RPC:
        return gpu->gsp.state == EMU_GSP_RUNNING && gpu->gsp.answered + 1 == f->key;
    case EMU_ON_FN:
        return f->key == function;
    default:
        rpc = nvrm_rpc_find(gpu->abi,
                            f->trigger == EMU_ON_CONTROL ? "GSP_RM_CONTROL" : "GSP_RM_ALLOC");
        return rpc && rpc->id == function && f->key == id;
    }
}

bool
emu_fault_on_request(struct emu_gpu *gpu, uint32_t function, uint32_t id)
{
    bool served = true;

    for (unsigned i = 0; i < gpu->faults.count; i++) {
        struct emu_fault *f = &gpu->faults.list[i];

        if (!triggered(gpu, f, function, id))
            continue;
        f->spent = f->effect != EMU_EFFECT_STATUS;
        served = strike(gpu, f) && served;
        f->armed = true; /* after the events above: it is for the answer's records */
    }
    return served;
}

bool
emu_fault_on_init(struct emu_gpu *gpu)
{
    bool served = true;

    for (unsigned i = 0; i < gpu->faults.count; i++) {
        struct emu_fault *f = &gpu->faults.list[i];

        if (f->trigger != EMU_ON_INIT || f->spent)
            continue;
        f->spent = true;
        if (f->effect == EMU_EFFECT_LOST)
            return false;
        served = strike(gpu, f) && served;
        f->armed = true;
    }
    return served;
}

bool
emu_fault_status(struct emu_gpu *gpu, uint32_t *status_out)
{
    for (unsigned i = 0; i < gpu->faults.count; i++) {
        const struct emu_fault *f = &gpu->faults.list[i];

        if (!f->armed || f->effect != EMU_EFFECT_STATUS)
            continue;
        *status_out = f->arg;
        return true;
    }
    return false;
}

const struct emu_fault *
emu_fault_on_record(struct emu_gpu *gpu, bool first, bool last)
{
    for (unsigned i = 0; !gpu->faults.muted && i < gpu->faults.count; i++) {
        const struct emu_fault *f = &gpu->faults.list[i];

        if (!f->armed || f->effect == EMU_EFFECT_STATUS)
            continue;
        if (f->effect == EMU_EFFECT_NO_CONTINUATION ? last && !first : first)
            return f;
    }
    return NULL;
}

void
emu_fault_disarm(struct emu_gpu *gpu)
{
    for (unsigned i = 0; i < gpu->faults.count; i++)
        gpu->faults.list[i].armed = false;
}
