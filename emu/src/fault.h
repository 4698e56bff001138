/* SPDX-License-Identifier: MIT */
/*
 * Fault injection: one table of triggers and one of effects. `inject` names pairs of them.
 */
#ifndef EMU_FAULT_H
#define EMU_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct emu_gpu;

enum emu_trigger {
    EMU_ON_INIT,    /* while GSP-RM starts */
    EMU_ON_RPC,     /* the n-th request, 1 is the first after INIT_DONE */
    EMU_ON_FN,      /* an RPC function by name */
    EMU_ON_CONTROL, /* a control by name or id */
    EMU_ON_CLASS,   /* an allocation by class name or id */
};

enum emu_effect {
    EMU_EFFECT_NONE,
    EMU_EFFECT_STATUS, /* RM answers with this status; every time */
    EMU_EFFECT_BAD_CHECKSUM,
    EMU_EFFECT_WRONG_SEQ,
    EMU_EFFECT_WRONG_SEQUENCE,
    EMU_EFFECT_DUPLICATE,
    EMU_EFFECT_ELEMENTS,
    EMU_EFFECT_HOSTILE_LENGTH,
    EMU_EFFECT_NO_CONTINUATION,
    EMU_EFFECT_LOST,
    EMU_EFFECT_SLOW,
    EMU_EFFECT_STORM,
    EMU_EFFECT_XID,
    EMU_EFFECT_CRASH,
    EMU_EFFECT_OFF_BUS,
};

struct emu_fault {
    enum emu_trigger trigger;
    enum emu_effect effect;
    uint32_t key; /* what the trigger names: number, function, control or class id */
    uint32_t arg; /* the effect's number */
    bool armed;   /* the request that is being served set it off */
    bool spent;   /* effects other than a status happen once */
};

enum { EMU_MAX_FAULTS = 16 };
struct emu_faults {
    struct emu_fault list[EMU_MAX_FAULTS];
    unsigned count;
    bool muted; /* an event is being sent: faults are for answers */
};

/** 0 or -EINVAL with the reason in message. */
int emu_faults_parse(struct emu_gpu *gpu, const char *inject, char *message,
                     size_t message_bytes);

/** A request arrives: arm what it sets off, and do what happens before it is served. False: it
 * is never served. */
bool emu_fault_on_request(struct emu_gpu *gpu, uint32_t function, uint32_t id);
/** GSP-RM is about to report INIT_DONE. */
bool emu_fault_on_init(struct emu_gpu *gpu);
/** The status that a fault wants as RM's answer. */
bool emu_fault_status(struct emu_gpu *gpu, uint32_t *status_out);
/** What to do to the record that is being sent; NULL for nothing. */
const struct emu_fault *emu_fault_on_record(struct emu_gpu *gpu, bool first, bool last);
/** The request was answered. */
void emu_fault_disarm(struct emu_gpu *gpu);

#endif
