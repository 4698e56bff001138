/* SPDX-License-Identifier: MIT */
/*
 * Fault injection: the rows of fault_table.c, and what a card keeps of those that were asked
 * for.
 */
#ifndef EMU_FAULT_H
#define EMU_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <emu/fault.h>

struct emu_gpu;

enum emu_trigger {
    EMU_ON_RPC,     /* the n-th request, 1 is the first after INIT_DONE */
    EMU_ON_INIT,    /* while GSP-RM starts */
    EMU_ON_FN,      /* an RPC function by name */
    EMU_ON_CONTROL, /* a control by name or id */
    EMU_ON_CLASS,   /* an allocation by class name or id */
};

enum emu_effect {
    EMU_EFFECT_NONE,
    EMU_EFFECT_STATUS, /* RM answers with this status; every time, or once */
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
    EMU_EFFECT_WRITE_POINTER, /* the status queue's leads out of the ring */
    EMU_EFFECT_WRAP,          /* the answer starts at the ring's last element */
    EMU_EFFECT_FULL,          /* the command queue is not read for so many ms; 0: never again */
    EMU_EFFECT_DEAF,          /* the doorbell is not heard */
    EMU_EFFECT_HANG,          /* no answers, and the heartbeat stopped so many ms ago */
    EMU_EFFECT_HALT,          /* the core halts without a report */
    EMU_EFFECT_FREED,         /* the object of a control is freed before it is served */
    EMU_EFFECT_RC,
    EMU_EFFECT_NOCAT,
    EMU_EFFECT_THERMAL, /* notifications of a subdevice, behind the answer */
    EMU_EFFECT_ECC,
};

enum emu_fault_kind {
    EMU_FAULT_BOOT,   /* enum emu_boot_fault: from the start, until the card is reset */
    EMU_FAULT_EFFECT, /* enum emu_effect: when its trigger comes */
    EMU_FAULT_EXEC,   /* enum emu_exec_fault: the argument counts down to it */
};

/** A row of the table and how it is done. Text that is NULL has its usual value. */
struct emu_fault_def {
    struct emu_fault_row row;
    enum emu_fault_kind kind;
    unsigned what;       /* as kind says */
    enum emu_trigger on; /* effects; rpc:1 is the usual one */
    const char *key;     /* of the trigger, by name */
    unsigned knob;       /* EMU_BOOT_VBIOS: enum emu_vbios_knob */
    bool once;           /* EMU_EFFECT_STATUS */
    uint32_t arg;        /* where the row has no argument */
};
/** NULL past the end. */
const struct emu_fault_def *emu_fault_def_at(unsigned i);

struct emu_fault {
    enum emu_trigger trigger;
    enum emu_effect effect;
    uint32_t key; /* what the trigger names: number, function, control or class id */
    uint32_t arg; /* the effect's number */
    bool once;    /* a status: the first time only; all other effects happen once anyway */
    bool armed;   /* the request that is being served set it off */
    bool spent;
};

enum { EMU_MAX_FAULTS = 16 };
struct emu_faults {
    struct emu_fault list[EMU_MAX_FAULTS];
    unsigned count;
    bool muted;              /* an event is being sent: faults are for answers */
    uint32_t client, object; /* whom a host without queues calls; 0: see gsp.message */
};

/** 0 or -EINVAL with the reason in message. */
int emu_faults_parse(struct emu_gpu *gpu, const char *inject, char *message,
                     size_t message_bytes);

/** A request arrives: arm what it sets off, and do what happens before it is served. False: it
 * is never served. */
bool emu_fault_on_request(struct emu_gpu *gpu, uint32_t function, uint32_t id);
/** GSP-RM is about to report INIT_DONE. */
bool emu_fault_on_init(struct emu_gpu *gpu);
/** The doorbell rings. True: nobody hears it. */
bool emu_fault_on_doorbell(struct emu_gpu *gpu);
/** The status that a fault wants as RM's answer. */
bool emu_fault_status(struct emu_gpu *gpu, uint32_t *status_out);
/** What to do to the record that is being sent; NULL for nothing. */
const struct emu_fault *emu_fault_on_record(struct emu_gpu *gpu, bool first, bool last);
/** The request was answered: what comes after that, and nothing more of it. */
void emu_fault_disarm(struct emu_gpu *gpu);

/* fault_event.c */
void emu_fault_send_rc(struct emu_gpu *gpu, uint32_t xid);
void emu_fault_send_nocat(struct emu_gpu *gpu, uint32_t error);
void emu_fault_notify(struct emu_gpu *gpu, const char *notifier, uint32_t data);

#endif
