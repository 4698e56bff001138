/* SPDX-License-Identifier: MIT */
/*
 * The module, its files and what they own.
 *
 * Follows nvidia_open(), nvidia_close() of nv.c and the file-private links of escape.c: a file
 * of a card starts the card; clients belong to the control file through which they were made
 * and go with it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "embed.h"
#include "kmod_priv.h"

#define FIRST_CLIENT 0xc1d00001u /* RS_CLIENT_HANDLE_BASE, resserv.h */
#define FIRST_HANDLE 0xcaf00000u /* RS_UNIQUE_HANDLE_BASE */

/* The module */

struct kmod_bar
kmod_bar(const struct kmod_card *card, unsigned bar)
{
    const uint64_t minor = card->minor;

    switch (bar) {
    case 0:
        return (struct kmod_bar){UINT64_C(0xf0000000) - (minor << 25),
                                 (uint64_t)card->gpu->card->bar0_mib << 20};
    case 1:
        return (struct kmod_bar){UINT64_C(0x6000000000) + (minor << 38),
                                 emu_config_bar1_bytes(card->gpu)};
    case 3:
        return (struct kmod_bar){UINT64_C(0x5000000000) + (minor << 30),
                                 (uint64_t)card->gpu->card->bar3_mib << 20};
    default:
        return (struct kmod_bar){0};
    }
}

unsigned
kmod_irq(const struct kmod_card *card)
{
    return 16 + card->minor;
}

/* What PCI's core has written when a driver first sees a card. */
static void
place_bars(struct kmod_card *card)
{
    enum { BAR0 = 0x10, INTERRUPT_LINE = 0x3c };

    for (unsigned i = 0; i < 4; i++) {
        const struct kmod_bar bar = kmod_bar(card, i);

        if (!bar.bytes)
            continue;
        (void)emu_config_write(card->gpu, BAR0 + 4 * i, 4, (uint32_t)bar.at);
        if (i)
            (void)emu_config_write(card->gpu, BAR0 + 4 * i + 4, 4, (uint32_t)(bar.at >> 32));
    }
    (void)emu_config_write(card->gpu, INTERRUPT_LINE, 1, kmod_irq(card));
}

static int
make_card(struct emu_kmod *k, unsigned i, char *message, size_t message_bytes)
{
    struct kmod_card *card = &k->card[i];
    const struct emu_config config = {.chip = k->config.chip,
                                      .abi = k->abi,
                                      .inject = k->config.fault,
                                      .fb_bytes = k->config.fb_bytes};
    int rc = emu_gpu_create(&config, &card->gpu, message, message_bytes);

    if (rc < 0)
        return rc;
    *card = (struct kmod_card){
        .kmod = k,
        .gpu = card->gpu,
        .minor = i,
        .bus = (uint8_t)(i + 1),
        .gpu_id = 0x100u * (i + 1), /* bus << 8 | slot, as gpumgr makes it */
        .doorbell_fd = -1,
    };
    k->cards = i + 1;
    card->gpu->on_note = k->config.host.note;
    card->gpu->note_ctx = k->config.host.ctx;
    emu_embed_number(card->gpu, (uint8_t)i);
    emu_embed_events(card->gpu, kmod_event_take, card);
    place_bars(card);
    return emu_embed_start(card->gpu);
}

int
emu_kmod_create(const struct emu_kmod_config *config, struct emu_kmod **kmod_out, char *message,
                size_t message_bytes)
{
    struct emu_kmod *k = calloc(1, sizeof(*k));
    const unsigned cards = config->cards ? config->cards : 1;
    int rc = 0;

    if (!k)
        return -ENOMEM;
    if (cards > KMOD_CARDS_MAX) {
        if (message)
            snprintf(message, message_bytes, "%u cards; %d are the most", cards,
                     KMOD_CARDS_MAX);
        free(k);
        return -EINVAL;
    }
    k->config = *config;
    k->abi = config->abi;
    k->next_client = FIRST_CLIENT;
    k->next_handle = FIRST_HANDLE;
    pthread_mutex_init(&k->lock, NULL);
    pthread_mutex_init(&k->spans_lock, NULL);
    for (unsigned i = 0; i < cards && rc == 0; i++)
        rc = make_card(k, i, message, message_bytes);
    if (rc < 0) {
        emu_kmod_destroy(k);
        return rc;
    }
    kmod_bus_init(k);
    *kmod_out = k;
    return 0;
}

void
emu_kmod_destroy(struct emu_kmod *k)
{
    if (!k)
        return;
    for (struct emu_kfile *f = k->files; f; f = f->next) {
        f->ctl = NULL;
        f->refs = 1; /* whoever else had it: registrations, mappings */
    }
    for (struct emu_kfile *f = k->files, *next; f; f = next) {
        next = f->next;
        emu_kmod_close(f);
    }
    for (unsigned i = 0; i < k->cards; i++) {
        kmod_doorbell_fini(&k->card[i]);
        kmod_heap_fini(&k->card[i]);
        emu_gpu_destroy(k->card[i].gpu);
    }
    uvm_spans_fini(k);
    pthread_mutex_destroy(&k->spans_lock);
    pthread_mutex_destroy(&k->lock);
    free(k);
}

/* Cards */

struct kmod_card *
kmod_card_by_instance(struct emu_kmod *k, uint64_t instance)
{
    for (unsigned i = 0; i < k->cards; i++)
        if (k->card[i].opens && k->card[i].instance == instance)
            return &k->card[i];
    return NULL;
}

void
kmod_card_up(struct kmod_card *card)
{
    unsigned instance = 0;

    if (card->opens)
        instance = card->instance;
    else
        while (kmod_card_by_instance(card->kmod, instance))
            instance++;
    card->instance = instance;
    card->opens++;
}

void
kmod_card_down(struct kmod_card *card)
{
    card->opens--;
}

/* Files */

/* The first user of a card starts it (nv_open_device), which a lost one does not do. */
static bool
starts(struct kmod_card *card)
{
    bool ok;

    pthread_mutex_lock(&card->kmod->lock);
    ok = card->opens || !emu_embed_is_gone(card->gpu);
    pthread_mutex_unlock(&card->kmod->lock);
    return ok;
}

int
emu_kmod_open(struct emu_kmod *k, enum emu_node node, unsigned minor,
              struct emu_kfile **file_out)
{
    struct emu_kfile *f;

    if (node == EMU_NODE_GPU && minor >= k->cards)
        return -ENODEV;
    if (node == EMU_NODE_GPU && !starts(&k->card[minor]))
        return -EIO;
    f = calloc(1, sizeof(*f));
    if (!f)
        return -ENOMEM;
    f->uvm = node == EMU_NODE_UVM ? kmod_uvm_create() : NULL;
    if (node == EMU_NODE_UVM && !f->uvm) {
        free(f);
        return -ENOMEM;
    }
    f->kmod = k;
    f->refs = 1;
    f->node = node;
    f->minor = minor;
    pthread_mutex_lock(&k->lock);
    if (node == EMU_NODE_GPU) {
        f->card = &k->card[minor];
        kmod_card_up(f->card);
    }
    f->next = k->files;
    k->files = f;
    pthread_mutex_unlock(&k->lock);
    *file_out = f;
    return 0;
}

static void
unlink_file(struct emu_kmod *k, struct emu_kfile *f)
{
    for (struct emu_kfile **where = &k->files; *where; where = &(*where)->next)
        if (*where == f) {
            *where = f->next;
            return;
        }
}

static struct kmod_client *
client_of_file(struct emu_kmod *k, const struct emu_kfile *f)
{
    struct kmod_client *c = k->clients;

    while (c && c->file != f)
        c = c->next;
    return c;
}

static void
detach_cards(struct emu_kfile *f)
{
    for (unsigned i = 0; i < f->kmod->cards; i++)
        if (f->attached >> i & 1)
            kmod_card_down(&f->kmod->card[i]);
    if (f->card)
        kmod_card_down(f->card);
}

void
kmod_file_unref(struct emu_kfile *f)
{
    struct emu_kfile *ctl = f->ctl;
    struct kmod_client *client;

    if (--f->refs)
        return;
    while ((client = client_of_file(f->kmod, f)))
        kmod_client_free(client);
    kmod_events_close(f);
    kmod_export_drop(f);
    detach_cards(f);
    kmod_uvm_destroy(f->uvm);
    unlink_file(f->kmod, f);
    free(f);
    if (ctl) /* was kept by the registration: nv_get_file_private() in escape.c */
        kmod_file_unref(ctl);
}

void
emu_kmod_close(struct emu_kfile *f)
{
    struct emu_kmod *k = f->kmod;

    pthread_mutex_lock(&k->lock);
    kmod_file_unref(f);
    pthread_mutex_unlock(&k->lock);
}

void
emu_kmod_pause(struct emu_kmod *k)
{
    pthread_mutex_lock(&k->lock);
    pthread_mutex_lock(&k->spans_lock);
}

void
emu_kmod_resume(struct emu_kmod *k)
{
    pthread_mutex_unlock(&k->spans_lock);
    pthread_mutex_unlock(&k->lock);
}

enum emu_node
emu_kmod_node(const struct emu_kfile *file)
{
    return file->node;
}

unsigned
emu_kmod_minor(const struct emu_kfile *file)
{
    return file->minor;
}

/* Clients and objects */

struct kmod_client *
kmod_client(struct emu_kfile *file, uint32_t handle)
{
    const struct emu_kfile *owner = file->ctl ? file->ctl : file;

    for (struct kmod_client *c = file->kmod->clients; c; c = c->next)
        if (c->handle == handle)
            return c->file == owner ? c : NULL;
    return NULL;
}

struct kmod_client *
kmod_client_any(struct emu_kmod *k, uint32_t handle)
{
    struct kmod_client *c = k->clients;

    while (c && c->handle != handle)
        c = c->next;
    return c;
}

struct kmod_object *
kmod_object(struct kmod_client *client, uint32_t handle)
{
    for (struct kmod_object *o = client->objects; o; o = o->next)
        if (o->handle == handle)
            return o;
    return NULL;
}

struct kmod_object *
kmod_object_add(struct kmod_client *client, uint32_t parent, uint32_t handle, uint32_t class_id,
                enum kmod_kind kind)
{
    struct kmod_object *o = calloc(1, sizeof(*o));
    const struct kmod_object *up = kmod_object(client, parent);

    if (!o)
        return NULL;
    *o = (struct kmod_object){.handle = handle,
                              .parent = parent,
                              .class_id = class_id,
                              .kind = kind,
                              .card = up ? up->card : NULL,
                              .next = client->objects};
    client->objects = o;
    return o;
}

static struct kmod_object *
child_of(struct kmod_client *client, uint32_t handle)
{
    struct kmod_object *o = client->objects;

    while (o && o->parent != handle)
        o = o->next;
    return o;
}

void
kmod_object_remove(struct kmod_client *client, uint32_t handle)
{
    struct kmod_object *o;

    while ((o = child_of(client, handle)) && o->handle != handle)
        kmod_object_remove(client, o->handle);
    for (struct kmod_object **where = &client->objects; *where; where = &(*where)->next) {
        o = *where;
        if (o->handle != handle)
            continue;
        *where = o->next;
        kmod_mappings_forget(client, handle);
        if (o->kind == KMOD_MEMORY) {
            kmod_mapped_memory_destruct(client, o);
            kmod_memory_unref(o->u.memory);
        }
        if (o->kind == KMOD_EVENT)
            kmod_event_destruct(o);
        if (o->kind == KMOD_VIRTUAL)
            kmod_virtual_destruct(o);
        if (o->kind == KMOD_VASPACE || o->kind == KMOD_DEVICE)
            kmod_vas_unref(o->u.vas);
        free(o);
        return;
    }
}

struct kmod_object *
kmod_device_of(struct kmod_client *client, uint32_t handle)
{
    struct kmod_object *o = kmod_object(client, handle);

    while (o && o->kind != KMOD_DEVICE)
        o = kmod_object(client, o->parent);
    return o;
}
