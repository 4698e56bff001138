/* SPDX-License-Identifier: MIT */
/*
 * Objects that change hands: duplicates in another client, and descriptors that carry an object
 * until another client imports it.
 *
 * Follows rs_server.c (serverCopyResource) and rmobjexportimport.c: duplicates share what lies
 * below them, so memory lives until the last of them is gone; an exported object is duplicated
 * into a client of RM's own, which ends with the descriptor.
 */
#include <string.h>

#include "kmod_priv.h"
#include "object.h"
#include "status.h"

#define EXPORTED "object.data.rmObject"

/* What a duplicate shares with its source. */
static void
inherit(struct kmod_object *to, const struct kmod_object *from)
{
    to->card = from->card;
    if (from->kind == KMOD_MEMORY && from->u.memory) {
        to->u.memory = from->u.memory;
        to->u.memory->refs++;
    }
    if (from->kind == KMOD_VASPACE || from->kind == KMOD_VIRTUAL || from->kind == KMOD_DEVICE) {
        to->u.vas = from->u.vas;
        kmod_vas_ref(to->u.vas);
        to->hold = from->hold;
        kmod_hold_ref(to->hold);
    }
}

/* Make `handle` under parent a second name of `from`; GSP-RM has done its part, or has none. */
static uint32_t
add_duplicate(struct kmod_client *client, uint32_t parent, uint32_t handle,
              const struct kmod_object *from)
{
    const enum kmod_kind kind = from->kind == KMOD_EVENT ? KMOD_OTHER : from->kind;
    struct kmod_object *o = kmod_object_add(client, parent, handle, from->class_id, kind);

    if (!o)
        return NV_ERR_NO_MEMORY;
    inherit(o, from);
    if (kind == KMOD_VASPACE)
        kmod_vas_bind(o->u.vas, client->handle, handle);
    return NV_OK;
}

/* Pages of the program are known to the module alone. */
static bool
is_ours_alone(const struct kmod_object *o)
{
    return o->kind == KMOD_MEMORY && o->u.memory && o->u.memory->borrowed;
}

static uint32_t
duplicate(struct kmod_call *c, struct kmod_client *client, uint32_t parent, uint32_t *handle,
          const struct kmod_object *from, uint32_t from_client, uint32_t from_handle)
{
    struct kmod_card *card = kmod_card_of(c->kmod, client, parent);
    uint32_t status = NV_OK;

    if (from->card && from->card != card)
        return NV_ERR_INVALID_OBJECT_PARENT;
    if (!is_ours_alone(from)) {
        status = kmod_gsp_dup(card, client->handle, parent, handle, from_client, from_handle);
    } else {
        *handle = *handle ? *handle : kmod_free_handle(client);
        if (!kmod_object(client, parent))
            return NV_ERR_OBJECT_NOT_FOUND;
        if (kmod_object(client, *handle))
            return NV_ERR_INSERT_DUPLICATE_NAME;
    }
    if (status == NV_OK) {
        status = add_duplicate(client, parent, *handle, from);
        if (status != NV_OK)
            emu_rm_free(card->gpu, client->handle, *handle);
    }
    return status;
}

/* The source may be anybody's: by default RM shares within one user. */
int
kmod_rm_dup(struct kmod_call *c)
{
    struct kmod_client *client = kmod_client(c->file, (uint32_t)emu_get(&c->w, "hClient"));
    struct kmod_client *source =
        kmod_client_any(c->kmod, (uint32_t)emu_get(&c->w, "hClientSrc"));
    const uint32_t object = (uint32_t)emu_get(&c->w, "hObjectSrc");
    uint32_t handle = (uint32_t)emu_get(&c->w, "hObject");
    const struct kmod_object *from = source ? kmod_object(source, object) : NULL;
    uint32_t status = NV_ERR_INVALID_CLIENT;

    if (client && source)
        status = from ? duplicate(c, client, (uint32_t)emu_get(&c->w, "hParent"), &handle, from,
                                  source->handle, object)
                      : NV_ERR_OBJECT_NOT_FOUND;
    emu_set(&c->w, handle, "hObject");
    emu_set(&c->w, status, "status");
    return 0;
}

/* Sharing within the process is open already: there is nobody else. */
int
kmod_rm_share(struct kmod_call *c)
{
    struct kmod_client *client = kmod_client(c->file, (uint32_t)emu_get(&c->w, "hClient"));
    const uint32_t object = (uint32_t)emu_get(&c->w, "hObject");
    uint32_t status = NV_OK;

    if (!client)
        status = NV_ERR_INVALID_CLIENT;
    else if (object != client->handle && !kmod_object(client, object))
        status = NV_ERR_OBJECT_NOT_FOUND;
    emu_set(&c->w, status, "status");
    return 0;
}

/* Descriptors */

static struct emu_kfile *
carrier(struct kmod_call *c, const struct emu_wire *p)
{
    const struct emu_kmod_host *host = &c->kmod->config.host;
    struct emu_kfile *f = host->file(host->ctx, (int)emu_get(p, "fd"));

    return f && f->node == EMU_NODE_CTL ? f : NULL;
}

/* RmGetDeviceFd() and what RM_CONTROL makes of it: a card's file, which is not tied to a
 * control file and will not be from now on. */
bool
kmod_device_named(struct kmod_call *c, uint32_t cmd, uint64_t user)
{
    const struct emu_kmod_host *host = &c->kmod->config.host;
    const struct nvrm_control *row = nvrm_control_by_id(c->kmod->abi, cmd);
    const char *name = row ? nvrm_str(c->kmod->abi.schema, row->name) : "";
    const bool export = !strcmp(name, "NV00E0_CTRL_CMD_EXPORT_MEM");
    struct emu_kfile *f;
    uint8_t data[2048];
    struct emu_wire p;

    if (!export && strcmp(name, "NV00FD_CTRL_CMD_ATTACH_GPU") != 0)
        return true;
    if (!emu_wire_init(&p, c->kmod->abi, nvrm_struct_name(c->kmod->abi.schema, row->params),
                       data, sizeof(data)) ||
        kmod_copy_in(data, user, p.layout->size) < 0)
        return false;
    if (export && emu_get(&p, "hParent") == emu_get(&c->w, "hClient"))
        return true;
    f = host->file(host->ctx, (int)emu_get(&p, "devDescriptor"));
    if (!f || f->node != EMU_NODE_GPU || f->ctl)
        return false;
    f->named = true;
    return true;
}

/* GSP-RM's own client holds the object while the descriptor carries it. */
static uint32_t
hold(struct kmod_export *e, const struct kmod_client *client, const struct kmod_object *o)
{
    const struct emu_rm *rm = &o->card->gpu->gsp.rm;

    if (is_ours_alone(o))
        return NV_OK;
    return emu_rm_dup(o->card->gpu, rm->internal_client,
                      o->kind == KMOD_DEVICE ? rm->internal_client : rm->internal_device,
                      &e->held, client->handle, o->handle);
}

uint32_t
kmod_export(struct kmod_call *c, struct kmod_client *client, const struct emu_wire *p)
{
    struct emu_kfile *f = carrier(c, p);
    const struct kmod_object *o =
        kmod_object(client, (uint32_t)emu_get(p, EXPORTED ".hObject"));
    struct kmod_export e = {0};
    uint32_t status;

    if (!f || emu_get(p, "object.type") !=
                  emu_constant(p->abi, "NV0000_CTRL_OS_UNIX_EXPORT_OBJECT_TYPE_RM", 1))
        return NV_ERR_INVALID_ARGUMENT;
    if (!o || !o->card || !kmod_object(client, (uint32_t)emu_get(p, EXPORTED ".hDevice")))
        return NV_ERR_OBJECT_NOT_FOUND;
    if (f->exported.card)
        return NV_ERR_STATE_IN_USE;
    status = hold(&e, client, o);
    if (status != NV_OK)
        return status;
    e.card = o->card;
    e.object = (struct kmod_object){.class_id = o->class_id, .kind = o->kind};
    inherit(&e.object, o);
    f->exported = e;
    return NV_OK;
}

uint32_t
kmod_import(struct kmod_call *c, struct kmod_client *client, const struct emu_wire *p)
{
    const struct emu_kfile *f = carrier(c, p);
    const struct kmod_export *e = f ? &f->exported : NULL;
    uint32_t handle = (uint32_t)emu_get(p, EXPORTED ".hObject");
    uint32_t status;

    if (!e || !e->card)
        return NV_ERR_INVALID_ARGUMENT;
    status = duplicate(c, client, (uint32_t)emu_get(p, EXPORTED ".hParent"), &handle,
                       &e->object, e->card->gpu->gsp.rm.internal_client, e->held);
    if (status == NV_OK)
        emu_set(p, handle, EXPORTED ".hObject");
    return status;
}

uint32_t
kmod_export_info(struct kmod_call *c, const struct emu_wire *p)
{
    const struct emu_kfile *f = carrier(c, p);

    if (!f || !f->exported.card)
        return NV_ERR_INVALID_ARGUMENT;
    emu_set(p, f->exported.card->instance, "deviceInstance");
    emu_set(p, UINT32_MAX, "gpuInstanceId");
    emu_set(p, 1, "maxObjects");
    return NV_OK;
}

void
kmod_export_drop(struct emu_kfile *f)
{
    struct kmod_export *e = &f->exported;

    if (!e->card)
        return;
    if (e->held)
        emu_rm_free(e->card->gpu, e->card->gpu->gsp.rm.internal_client, e->held);
    if (e->object.kind == KMOD_MEMORY)
        kmod_memory_unref(e->object.u.memory);
    if (e->object.kind == KMOD_VASPACE || e->object.kind == KMOD_VIRTUAL ||
        e->object.kind == KMOD_DEVICE) {
        kmod_hold_unref(e->object.u.vas, e->object.hold);
        kmod_vas_unref(e->object.u.vas);
    }
    e->card = NULL;
}
