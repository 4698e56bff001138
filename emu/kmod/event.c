/* SPDX-License-Identifier: MIT */
/*
 * Events of the operating system: a program names a descriptor of a file (ALLOC_OS_EVENT),
 * makes event objects that point to it, waits for it to become readable and fetches what came.
 *
 * Follows osapi.c (allocate_os_event, get_os_event_data), os.c (osNotifyEvent) and nv.c
 * (nv_post_event, nv_get_event, nvidia_poll): events with data queue at the file through which
 * the OS event was allocated; one without data only wakes, and the wake-up is forgotten with
 * the next poll(). Behind the descriptor lies an eventfd that is readable while either is
 * there.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "card.h"
#include "embed.h"
#include "hw.h"
#include "kmod_priv.h"
#include "object.h"
#include "status.h"

enum {
    CLASS_OS_EVENT = 0x79,
    CLASS_CALLBACK = 0x78,
    CLASS_CALLBACK_EX = 0x7e,
    INDEX_MASK = 0xffff,
    NONSTALL = 0x8000000,      /* NV01_EVENT_NONSTALL_INTR */
    WITHOUT_DATA = 0x10000000, /* NV01_EVENT_WITHOUT_EVENT_DATA */
    RC_NOTIFIER = 0,           /* NV906F_NOTIFIERS_RC and its successors */
};

/** What a program allocated; alive while an event object points to it. */
struct kmod_os_event {
    uint32_t client;
    int fd; /* the program's number, which is all that names it */
    struct emu_kfile *file;
    bool active;
    unsigned refs; /* event objects */
    struct kmod_os_event *next;
};

struct datum {
    uint32_t object, index, info32;
    uint16_t info16;
    struct datum *next;
};

/** Of a file: what came and was not fetched. */
struct kmod_events {
    int fd;
    bool readable; /* what fd shows */
    bool dataless;
    struct datum *first, **last;
};

/* Files */

static void
show(struct kmod_events *e)
{
    const bool want = e->dataless || e->first;
    uint64_t one = 1;

    if (want && !e->readable)
        (void)!write(e->fd, &one, sizeof(one));
    if (!want && e->readable)
        (void)!read(e->fd, &one, sizeof(one));
    e->readable = want;
}

static bool
prepare(struct emu_kfile *f)
{
    struct kmod_events *e;

    if (f->events)
        return true;
    e = calloc(1, sizeof(*e));
    if (!e)
        return false;
    e->last = &e->first;
    e->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (e->fd < 0) {
        free(e);
        return false;
    }
    f->events = e;
    return true;
}

static struct datum *
take(struct kmod_events *e)
{
    struct datum *d = e->first;

    if (!d)
        return NULL;
    e->first = d->next;
    if (!e->first)
        e->last = &e->first;
    show(e);
    return d;
}

int
emu_kmod_event_fd(struct emu_kfile *f)
{
    int fd = -1;

    if (f->node != EMU_NODE_CTL && f->node != EMU_NODE_GPU)
        return -1;
    pthread_mutex_lock(&f->kmod->lock);
    if (prepare(f))
        fd = f->events->fd;
    pthread_mutex_unlock(&f->kmod->lock);
    return fd;
}

void
emu_kmod_polled(struct emu_kfile *f)
{
    pthread_mutex_lock(&f->kmod->lock);
    if (f->events) {
        f->events->dataless = false;
        show(f->events);
    }
    pthread_mutex_unlock(&f->kmod->lock);
}

/* OS events */

static struct kmod_os_event **
find(struct emu_kmod *k, uint32_t client, int fd)
{
    struct kmod_os_event **where = &k->os_events;

    while (*where && ((*where)->client != client || (*where)->fd != fd))
        where = &(*where)->next;
    return where;
}

static void
let_go(struct kmod_os_event *e)
{
    if (!e->active && !e->refs)
        free(e);
}

static void
drop(struct kmod_os_event **where)
{
    struct kmod_os_event *e = *where;

    *where = e->next;
    e->active = false;
    let_go(e);
}

static void
drop_matching(struct emu_kmod *k, const struct emu_kfile *f, uint32_t client)
{
    for (struct kmod_os_event **where = &k->os_events; *where;) {
        if ((*where)->file == f || (*where)->client == client)
            drop(where);
        else
            where = &(*where)->next;
    }
}

void
kmod_events_close(struct emu_kfile *f)
{
    struct datum *d;

    drop_matching(f->kmod, f, 0);
    if (!f->events)
        return;
    while ((d = take(f->events)))
        free(d);
    close(f->events->fd);
    free(f->events);
    f->events = NULL;
}

void
kmod_events_client_freed(struct emu_kmod *k, uint32_t client)
{
    drop_matching(k, NULL, client);
}

/* The module asks nothing about the client here: the name alone counts. */
int
kmod_alloc_os_event(struct kmod_call *c)
{
    const struct emu_kmod_host *host = &c->kmod->config.host;
    const uint32_t client = (uint32_t)emu_get(&c->w, "hClient");
    const int fd = (int)emu_get(&c->w, "fd");
    struct kmod_os_event *e = NULL;
    uint32_t status = NV_ERR_INSUFFICIENT_RESOURCES;

    if (!*find(c->kmod, client, fd) && prepare(c->file))
        e = calloc(1, sizeof(*e));
    if (e && host->file(host->ctx, fd) == c->file && !c->file->mapped &&
        host->replace(host->ctx, fd, c->file->events->fd) < 0) {
        free(e);
        e = NULL;
    }
    if (e) {
        *e = (struct kmod_os_event){client, fd, c->file, true, 0, c->kmod->os_events};
        c->kmod->os_events = e;
        status = NV_OK;
    }
    emu_set(&c->w, status, "Status");
    return 0;
}

int
kmod_free_os_event(struct kmod_call *c)
{
    struct kmod_os_event **where =
        find(c->kmod, (uint32_t)emu_get(&c->w, "hClient"), (int)emu_get(&c->w, "fd"));
    const uint32_t status = *where ? NV_OK : NV_ERR_INVALID_EVENT;

    if (*where)
        drop(where);
    emu_set(&c->w, status, "Status");
    return 0;
}

int
kmod_get_event_data(struct kmod_call *c)
{
    uint8_t data[64] = {0};
    struct datum *d = c->file->events ? take(c->file->events) : NULL;
    struct emu_wire w;

    if (!d || !emu_wire_init(&w, c->w.abi, "NvUnixEvent", data, sizeof(data))) {
        free(d);
        emu_set(&c->w, NV_ERR_OPERATING_SYSTEM, "status");
        return 0;
    }
    emu_set(&c->w, c->file->events->first != NULL, "MoreEvents");
    emu_set(&w, d->object, "hObject");
    emu_set(&w, d->index, "NotifyIndex");
    emu_set(&w, d->info32, "info32");
    emu_set(&w, d->info16, "info16");
    free(d);
    emu_set(&c->w,
            kmod_copy_out(emu_get(&c->w, "pEvent"), data, w.layout->size) < 0
                ? NV_ERR_INVALID_ADDRESS
                : NV_OK,
            "status");
    return 0;
}

/* Engines by the index under which a subdevice's listeners hear of their non-stall interrupts
 */

static uint32_t
notifier(struct nvrm_abi abi, const char *prefix, const char *name)
{
    char text[64];

    (void)snprintf(text, sizeof(text), "NV2080_NOTIFIERS_%s%s", prefix, name);
    return (uint32_t)emu_constant(abi, text, UINT32_MAX);
}

/* 535 has one OFA, without a number. */
static uint32_t
engine_notifier(struct nvrm_abi abi, const char *engine)
{
    uint32_t index;

    if (!strncmp(engine, "COPY", 4))
        return notifier(abi, "CE", engine + 4);
    index = notifier(abi, "", engine);
    return index == UINT32_MAX && !strcmp(engine, "OFA0") ? notifier(abi, "", "OFA") : index;
}

/* Work of any engine. */
static uint32_t
host_notifier(struct nvrm_abi abi)
{
    return notifier(abi, "", "FIFO_EVENT_MTHD");
}

static bool
is_engine_notifier(const struct kmod_card *card, uint32_t index)
{
    const struct nvrm_abi abi = card->kmod->abi;
    bool found = index == host_notifier(abi);

    for (uint32_t i = 0; i < card->gpu->card->engine_count; i++)
        found = found || index == engine_notifier(abi, card->gpu->card->engines[i].name);
    return found;
}

/* registerEventNotification(): of a subdevice, and of an engine. */
static uint32_t
check_nonstall(struct kmod_client *client, const struct kmod_object *o)
{
    const struct kmod_object *source = kmod_object(client, o->u.event.source);

    if (!source || source->kind != KMOD_SUBDEVICE)
        return NV_ERR_INVALID_ARGUMENT;
    return is_engine_notifier(source->card, o->u.event.index & INDEX_MASK)
               ? NV_OK
               : NV_ERR_NOT_SUPPORTED;
}

/* Event objects */

uint32_t
kmod_event_construct(struct emu_kmod *k, struct kmod_client *client, struct kmod_object *o,
                     const struct emu_wire *p)
{
    struct kmod_os_event *e;
    uint32_t status = NV_OK;

    if (!p->layout)
        return NV_ERR_INVALID_ARGUMENT;
    o->u.event.index = (uint32_t)emu_get(p, "notifyIndex");
    o->u.event.source = (uint32_t)emu_get(p, "hSrcResource");
    if (o->u.event.index & NONSTALL)
        status = check_nonstall(client, o);
    if (o->class_id != CLASS_OS_EVENT || status != NV_OK)
        return status;
    e = *find(k, client->handle, (int)emu_get(p, "data"));
    if (!e)
        return NV_ERR_OBJECT_NOT_FOUND;
    e->refs++;
    o->u.event.os = e;
    return NV_OK;
}

void
kmod_event_destruct(struct kmod_object *o)
{
    if (!o->u.event.os)
        return;
    o->u.event.os->refs--;
    let_go(o->u.event.os);
}

/* Functions in the kernel are for the kernel alone (event.c). */
bool
kmod_event_is_callback(uint32_t class_id)
{
    return class_id == CLASS_CALLBACK || class_id == CLASS_CALLBACK_EX;
}

/* What GSP-RM says */

static void
post(const struct kmod_object *o, uint32_t info32, uint16_t info16)
{
    const struct kmod_os_event *os = o->u.event.os;
    struct kmod_events *e = os && os->active ? os->file->events : NULL;
    struct datum *d;

    if (!e)
        return;
    if (o->u.event.index & WITHOUT_DATA) {
        e->dataless = true;
    } else {
        d = malloc(sizeof(*d));
        if (!d)
            return;
        *d = (struct datum){o->handle, o->u.event.index & INDEX_MASK, info32, info16, NULL};
        *e->last = d;
        e->last = &d->next;
    }
    show(e);
}

static void
post_event(struct kmod_card *card, const struct emu_wire *p)
{
    for (struct kmod_client *c = card->kmod->clients; c; c = c->next) {
        const struct kmod_object *o = c->handle == emu_get(p, "hClient")
                                          ? kmod_object(c, (uint32_t)emu_get(p, "hEvent"))
                                          : NULL;

        if (o && o->kind == KMOD_EVENT)
            post(o, (uint32_t)emu_get(p, "data"), (uint16_t)emu_get(p, "info16"));
    }
}

/* A channel's own listeners learn of its recovery; its notifier is written. */
static void
notify_channel(struct emu_kmod *k, const struct emu_object *channel)
{
    for (struct kmod_client *c = k->clients; c; c = c->next)
        for (const struct kmod_object *o = c->handle == channel->client ? c->objects : NULL; o;
             o = o->next)
            if (o->kind == KMOD_EVENT && o->u.event.source == channel->handle &&
                (o->u.event.index & INDEX_MASK) == RC_NOTIFIER)
                post(o, 0, 0);
}

static void
rc_triggered(struct kmod_card *card, const struct emu_wire *p)
{
    for (const struct emu_channel *ch = card->gpu->host.channels; ch; ch = ch->next)
        if (ch->dead && ch->object->u.channel.chid == emu_get(p, "chid"))
            notify_channel(card->kmod, ch->object);
}

/* The card is lost, or its GSP-RM: kgspRcAndNotifyAllChannels(). */
static void
notify_all(struct kmod_card *card)
{
    for (const struct emu_channel *ch = card->gpu->host.channels; ch; ch = ch->next)
        notify_channel(card->kmod, ch->object);
}

/* The line of the kernel's log. */
static void
error_log(struct kmod_card *card, const struct emu_wire *p)
{
    const struct emu_kmod_host *host = &card->kmod->config.host;
    const long at = emu_offset(p, "errString");
    char text[400];

    if (emu_embed_is_gone(card->gpu))
        notify_all(card);
    if (!host->note)
        return;
    (void)snprintf(text, sizeof(text), "NVRM: Xid (PCI:%04x:%02x:%02x): %u, %.*s", card->domain,
                   card->bus, card->slot, (unsigned)emu_get(p, "exceptType"), 256,
                   at >= 0 ? (const char *)p->data + at : "");
    host->note(host->ctx, text);
}

/* Interrupts of engines */

static void
notify_nonstall(const struct kmod_card *card, uint32_t index)
{
    for (struct kmod_client *c = card->kmod->clients; c; c = c->next)
        for (const struct kmod_object *o = c->objects; o; o = o->next)
            if (o->kind == KMOD_EVENT && o->card == card && o->u.event.index & NONSTALL &&
                (o->u.event.index & INDEX_MASK) == index)
                post(o, 0, 0);
}

/* intr_service of the kernel's half: what is pending is cleared and told, first to the engine's
 * own listeners, then to those of the host (intrServiceNotificationRecords). */
void
kmod_nonstall_service(struct kmod_card *card)
{
    const struct nvrm_abi abi = card->kmod->abi;
    struct emu_gpu *gpu = card->gpu;

    for (uint32_t i = 0; i < gpu->card->engine_count; i++) {
        const struct emu_engine *e = &gpu->card->engines[i];
        const uint32_t leaf = e->nonstall / 32 * 4, bit = 1u << e->nonstall % 32;

        if (e->nonstall == UINT32_MAX || !(emu_intr_read_leaf(gpu, leaf) & bit))
            continue;
        emu_intr_write_leaf(gpu, leaf, bit);
        notify_nonstall(card, engine_notifier(abi, e->name));
        notify_nonstall(card, host_notifier(abi));
    }
}

void
kmod_event_take(void *ctx, const char *name, const void *payload, uint32_t bytes)
{
    static const struct {
        const char *name, *layout;
        void (*take)(struct kmod_card *card, const struct emu_wire *p);
    } table[] = {
        {"POST_EVENT",   "rpc_post_event_v17_00",   post_event  },
        {"RC_TRIGGERED", "rpc_rc_triggered_v17_02", rc_triggered},
        {"OS_ERROR_LOG", "rpc_os_error_log_v17_00", error_log   },
    };
    struct kmod_card *card = ctx;
    struct emu_wire p;

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
        if (!strcmp(table[i].name, name) && emu_wire_init(&p, card->kmod->abi, table[i].layout,
                                                          (void *)(uintptr_t)payload, bytes))
            table[i].take(card, &p);
}
