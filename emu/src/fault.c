/* SPDX-License-Identifier: MIT */
/*
 * Fault injection: names of fault_table.c and "TRIGGER=EFFECT" pairs, with commas between them,
 * and how they happen.
 */
#include "fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emu_priv.h"
#include "hw.h"
#include "wire.h"

static const struct {
    const char *name;
    enum emu_trigger trigger;
    const char *line;
} triggers[] = {
    {"init", EMU_ON_INIT,    "init           while GSP-RM starts, in place of GSP_INIT_DONE"},
    {"rpc",  EMU_ON_RPC,     "rpc:N          the N-th request after GSP_INIT_DONE, from 1"  },
    {"fn",   EMU_ON_FN,      "fn:NAME        the next request of this RPC function"         },
    {"ctl",  EMU_ON_CONTROL, "ctl:NAME|ID    the next call of this control"                 },
    {"cls",  EMU_ON_CLASS,   "cls:NAME|ID    the next allocation of this class"             },
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

const char *
emu_fault_trigger_at(unsigned i)
{
    return i < COUNT(triggers) ? triggers[i].line : NULL;
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
parse_status(struct emu_gpu *gpu, const char *text, struct emu_fault *f)
{
    const struct nvrm_const *status = nvrm_status_find(gpu->abi, text);

    f->effect = EMU_EFFECT_STATUS;
    if (status)
        f->arg = (uint32_t)status->value;
    return (status || parse_number(text, &f->arg)) && f->trigger != EMU_ON_INIT;
}

/* Does text name the row, and with which argument? "vbios:no-bit" is a name as a whole. */
static bool
names_row(const struct emu_fault_row *row, const char *text, const char **arg_out)
{
    const size_t n = strlen(row->name);

    if (strncmp(text, row->name, n) != 0 || (text[n] && text[n] != ':'))
        return false;
    *arg_out = text[n] ? text + n + 1 : NULL;
    return true;
}

/* The argument that was given, or the first of the row's examples: a number or a status. */
static bool
parse_argument(struct emu_gpu *gpu, const struct emu_fault_row *row, const char *arg,
               uint32_t *value_out)
{
    const struct nvrm_const *status;
    char usual[40];

    *value_out = 0;
    if (!*row->argument)
        return !arg;
    if (!arg) {
        snprintf(usual, sizeof(usual), "%.*s", (int)strcspn(row->examples, " "), row->examples);
        arg = usual;
    }
    status = nvrm_status_find(gpu->abi, arg);
    if (status)
        *value_out = (uint32_t)status->value;
    return status || parse_number(arg, value_out);
}

static bool
parse_effect(struct emu_gpu *gpu, const char *text, struct emu_fault *f)
{
    const struct emu_fault_def *d;
    struct emu_fault_row row;
    const char *arg;

    f->once = !strncmp(text, "once:", 5);
    if (parse_status(gpu, text + (f->once ? 5 : 0), f))
        return true;
    for (unsigned i = 0; !f->once && emu_fault_row_at(i, &row); i++) {
        d = emu_fault_def_at(i);
        if (d->kind != EMU_FAULT_EFFECT || d->on == EMU_ON_INIT || !names_row(&row, text, &arg))
            continue;
        f->effect = (enum emu_effect)d->what;
        return parse_argument(gpu, &row, arg, &f->arg) &&
               (f->effect != EMU_EFFECT_DEAF || f->trigger == EMU_ON_RPC);
    }
    return false;
}

static int
refuse(char *message, size_t message_bytes, const char *what)
{
    if (message && message_bytes)
        snprintf(message, message_bytes,
                 "fault '%s' is neither a name of the fault table nor TRIGGER=EFFECT", what);
    return -EINVAL;
}

static int
keep(struct emu_gpu *gpu, const struct emu_fault *f)
{
    if (gpu->faults.count == EMU_MAX_FAULTS)
        return -EINVAL;
    gpu->faults.list[gpu->faults.count++] = *f;
    return 0;
}

static int
apply(struct emu_gpu *gpu, const struct emu_fault_def *d, uint32_t arg)
{
    struct emu_fault f = {.trigger = d->on,
                          .effect = (enum emu_effect)d->what,
                          .key = 1,
                          .arg = arg,
                          .once = d->once};

    if (d->kind == EMU_FAULT_EFFECT)
        return d->key && !parse_key(gpu, d->on, d->key, &f.key) ? -EINVAL : keep(gpu, &f);
    if (d->kind == EMU_FAULT_EXEC) {
        emu_host_set_fault(gpu, (enum emu_exec_fault)d->what, arg);
        return 0;
    }
    emu_hw_set_fault(gpu, (enum emu_boot_fault)d->what, d->knob ? d->knob : arg);
    return 0;
}

/* A fault by name. 0, -ENOENT when there is none, -EINVAL. */
static int
parse_name(struct emu_gpu *gpu, const char *text, char *message, size_t message_bytes)
{
    const char *chip = gpu->card->pub.name, *arg, *chips = NULL, *since = "";
    struct emu_fault_row row;
    uint32_t value;

    for (unsigned i = 0; emu_fault_row_at(i, &row); i++) {
        if (!names_row(&row, text, &arg))
            continue;
        if (!parse_argument(gpu, &row, arg, &value))
            return refuse(message, message_bytes, text);
        if (!*row.argument)
            value = emu_fault_def_at(i)->arg;
        if (emu_fault_applies(&row, chip, gpu->abi))
            return apply(gpu, emu_fault_def_at(i), value) < 0
                       ? refuse(message, message_bytes, text)
                       : 0;
        chips = row.chips;
        since = row.since;
    }
    if (!chips)
        return -ENOENT;
    if (message && message_bytes)
        snprintf(message, message_bytes,
                 "fault '%s' is not for %s with this GSP-RM: chips: %s%s%s", text, chip, chips,
                 *since ? ", releases: from " : "", since);
    return -EINVAL;
}

static int
parse_pair(struct emu_gpu *gpu, char *text)
{
    char *equals = strchr(text, '=');
    struct emu_fault f = {.trigger = EMU_ON_RPC, .key = 1};

    if (equals) {
        *equals = '\0';
        if (!parse_trigger(gpu, text, &f))
            return -EINVAL;
        text = equals + 1;
    }
    return parse_effect(gpu, text, &f) ? keep(gpu, &f) : -EINVAL;
}

int
emu_faults_parse(struct emu_gpu *gpu, const char *inject, char *message, size_t message_bytes)
{
    char item[128], copy[128];

    while (inject && *inject) {
        const size_t n = strcspn(inject, ",");
        int rc;

        if (n >= sizeof(item))
            return refuse(message, message_bytes, "(too long)");
        memcpy(item, inject, n);
        item[n] = '\0';
        memcpy(copy, item, n + 1);
        inject += n + (inject[n] == ',');
        rc = parse_name(gpu, item, message, message_bytes);
        if (rc == -ENOENT && parse_pair(gpu, item) < 0)
            return refuse(message, message_bytes, copy);
        if (rc < 0 && rc != -ENOENT)
            return rc;
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

/* Events until the next record starts at the ring's last element. */
static void
wrap(struct emu_gpu *gpu)
{
    const struct emu_ring *r = &gpu->gsp.stat;

    if (!r->count)
        return; /* a host without queues */
    storm(gpu, r->count - 1 - r->index);
}

static void
free_object(struct emu_gpu *gpu)
{
    const struct emu_message *m = &gpu->gsp.message;
    struct emu_wire w;

    if (gpu->faults.client) {
        (void)emu_rm_free(gpu, gpu->faults.client, gpu->faults.object);
        return;
    }
    if (emu_wire_init(&w, gpu->abi, "rpc_gsp_rm_control_v03_00", m->payload, m->bytes))
        emu_rm_free(gpu, (uint32_t)emu_get(&w, "hClient"), (uint32_t)emu_get(&w, "hObject"));
}

/* Effects that come before the answer. False: there will be none. */
static bool
strike(struct emu_gpu *gpu, struct emu_fault *f)
{
    char text[64];

    switch (f->effect) {
    case EMU_EFFECT_WRAP:
        wrap(gpu);
        break;
    case EMU_EFFECT_FULL:
        emu_queue_stall(gpu, f->arg ? emu_now_ns() + f->arg * UINT64_C(1000000) : UINT64_MAX);
        break;
    case EMU_EFFECT_FREED:
        free_object(gpu);
        break;
    case EMU_EFFECT_RC:
        emu_fault_send_rc(gpu, f->arg);
        break;
    case EMU_EFFECT_NOCAT:
        emu_fault_send_nocat(gpu, f->arg);
        break;
    case EMU_EFFECT_HANG:
        emu_note(gpu, "fault: GSP-RM hangs");
        gpu->gsp.hung_ms = f->arg;
        return false;
    case EMU_EFFECT_HALT:
        emu_note(gpu, "fault: GSP-RM's core halts");
        gpu->gsp.state = EMU_GSP_HALTED;
        return false;
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

    if (f->spent || f->effect == EMU_EFFECT_DEAF)
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
        f->spent = f->effect != EMU_EFFECT_STATUS || f->once;
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

bool
emu_fault_on_doorbell(struct emu_gpu *gpu)
{
    for (unsigned i = 0; i < gpu->faults.count; i++) {
        struct emu_fault *f = &gpu->faults.list[i];

        if (f->effect != EMU_EFFECT_DEAF || f->spent || gpu->gsp.state != EMU_GSP_RUNNING ||
            gpu->gsp.answered + 1 != f->key)
            continue;
        f->spent = true;
        return true;
    }
    return false;
}

void
emu_fault_disarm(struct emu_gpu *gpu)
{
    for (unsigned i = 0; i < gpu->faults.count; i++) {
        struct emu_fault *f = &gpu->faults.list[i];

        if (f->armed && f->effect == EMU_EFFECT_THERMAL)
            emu_fault_notify(gpu, "NV2080_NOTIFIERS_THERMAL_SW", f->arg);
        if (f->armed && f->effect == EMU_EFFECT_ECC)
            emu_fault_notify(gpu, "NV2080_NOTIFIERS_ECC_DBE", f->arg);
        f->armed = false;
    }
}
