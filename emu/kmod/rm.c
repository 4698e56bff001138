/* SPDX-License-Identifier: MIT */
/*
 * RM calls of a program: rights and handles are checked here, objects live in the card's
 * GSP-RM.
 *
 * Every card has a GSP-RM of its own with its own tree. A client exists in each of them under
 * one handle; a device belongs to the card that its parameters name.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kmod_priv.h"
#include "object.h"
#include "status.h"

enum { PARAMS_MAX = 1 << 20, NV01_ROOT = 0, NV01_ROOT_NON_PRIV = 1, NV01_ROOT_CLIENT = 0x41 };

static struct emu_gpu *
gpu_of(struct emu_kmod *k, struct kmod_client *client, uint32_t handle)
{
    const struct kmod_object *o = kmod_object(client, handle);

    return o && o->card ? o->card->gpu : k->card[0].gpu;
}

static const char *
impl_of(struct emu_kmod *k, uint32_t class_id)
{
    const struct nvrm_class *cls = nvrm_class_by_id(k->abi, class_id);

    return cls ? nvrm_str(k->abi.schema, cls->impl) : "";
}

static enum kmod_kind
kind_of(struct emu_kmod *k, uint32_t class_id)
{
    static const struct {
        const char *impl;
        enum kmod_kind kind;
    } kinds[] = {
        {"Device",                KMOD_DEVICE   },
        {"Subdevice",             KMOD_SUBDEVICE},
        {"VaSpaceApi",            KMOD_VASPACE  },
        {"VirtualMemory",         KMOD_VIRTUAL  },
        {"VirtualMemoryRange",    KMOD_VIRTUAL  },
        {"VideoMemory",           KMOD_MEMORY   },
        {"SystemMemory",          KMOD_MEMORY   },
        {"OsDescMemory",          KMOD_MEMORY   },
        {"KernelChannel",         KMOD_CHANNEL  },
        {"KernelChannelGroupApi", KMOD_GROUP    },
        {"UserModeApi",           KMOD_USERMODE },
        {"Event",                 KMOD_EVENT    },
        {"EventApi",              KMOD_EVENT    },
    };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        if (!strcmp(impl_of(k, class_id), kinds[i].impl))
            return kinds[i].kind;
    return KMOD_OTHER;
}

/* Clients */

static uint32_t
free_handle(struct emu_kmod *k)
{
    for (;;) {
        const uint32_t handle = k->next_client++;
        bool taken = false;

        for (const struct kmod_client *c = k->clients; c; c = c->next)
            taken = taken || c->handle == handle;
        if (!taken)
            return handle;
    }
}

/* RM re-encodes a wanted handle into its own range (CLIENT_ENCODEHANDLE, rs_server.c) only
 * where it is built so; the module keeps it. */
static uint32_t
make_client(struct kmod_call *c, uint32_t *handle)
{
    struct emu_kmod *k = c->kmod;
    struct kmod_client *client = calloc(1, sizeof(*client));

    if (!client)
        return NV_ERR_NO_MEMORY;
    if (!*handle)
        *handle = free_handle(k);
    for (unsigned i = 0; i < k->cards; i++) {
        struct emu_alloc a = {.client = *handle, .handle = *handle, .cls = NV01_ROOT};
        const uint32_t status = emu_rm_alloc(k->card[i].gpu, &a);

        if (status == NV_OK)
            continue;
        while (i--)
            emu_rm_free(k->card[i].gpu, *handle, *handle);
        free(client);
        return status;
    }
    *client = (struct kmod_client){.handle = *handle, .file = c->file, .next = k->clients};
    k->clients = client;
    return NV_OK;
}

void
kmod_client_free(struct kmod_client *client)
{
    struct emu_kmod *k = client->file->kmod;

    while (client->objects)
        kmod_object_remove(client, client->objects->handle);
    for (unsigned i = 0; i < k->cards; i++)
        emu_rm_free(k->card[i].gpu, client->handle, client->handle);
    for (struct kmod_client **where = &k->clients; *where; where = &(*where)->next)
        if (*where == client) {
            *where = client->next;
            break;
        }
    free(client);
}

/* Allocation */

/* Bytes of a class's parameters: the caller's number, or the class's when that is 0. */
static bool
params_bytes(struct emu_kmod *k, uint32_t class_id, uint32_t said, bool pointer, uint32_t *out)
{
    const struct nvrm_class *cls = nvrm_class_by_id(k->abi, class_id);
    const struct nvrm_layout *l = cls ? nvrm_struct_at(k->abi, cls->params) : NULL;

    *out = pointer && l ? l->size : 0;
    return !said || said == *out || (!l && said <= PARAMS_MAX && (*out = said));
}

/* What the module keeps for an object that GSP-RM has made. */
static uint32_t
construct(struct kmod_call *c, struct kmod_client *client, struct kmod_object *o,
          struct emu_wire *p)
{
    struct kmod_object *device = kmod_device_of(client, o->parent);

    switch (o->kind) {
    case KMOD_DEVICE:
        o->card = &c->kmod->card[0];
        if (p->layout && emu_get(p, "deviceId") < c->kmod->cards)
            o->card = &c->kmod->card[emu_get(p, "deviceId")];
        /* fall through */
    case KMOD_VASPACE:
        o->u.vas = kmod_vas_create(o->card);
        if (!o->u.vas)
            return NV_ERR_NO_MEMORY;
        kmod_vas_bind(o->u.vas, client->handle, o->handle);
        return NV_OK;
    case KMOD_VIRTUAL: /* of the space that it names, or of the device's */
        if (p->layout && emu_get(p, "hVASpace"))
            device = kmod_object(client, (uint32_t)emu_get(p, "hVASpace"));
        if (!device)
            return NV_ERR_INVALID_OBJECT_HANDLE;
        o->u.vas = device->u.vas;
        kmod_vas_ref(o->u.vas);
        return NV_OK;
    case KMOD_MEMORY:
        return p->layout ? kmod_memory_alloc(o, p) : NV_ERR_INVALID_ARGUMENT;
    default:
        return NV_OK;
    }
}

/* The parameters bound to the class's struct; no layout when there are none. */
static void
bind_params(struct emu_kmod *k, const struct emu_alloc *a, struct emu_wire *p)
{
    const struct nvrm_class *cls = nvrm_class_by_id(k->abi, a->cls);
    const struct nvrm_layout *l = cls ? nvrm_struct_at(k->abi, cls->params) : NULL;

    *p = (struct emu_wire){.abi = k->abi, .data = a->params, .bytes = a->bytes};
    p->layout = l && a->bytes >= l->size ? l : NULL;
}

static uint32_t
alloc_object(struct kmod_call *c, struct kmod_client *client, struct emu_alloc *a)
{
    struct emu_kmod *k = c->kmod;
    const enum kmod_kind kind = kind_of(k, a->cls);
    struct kmod_object *o;
    struct emu_wire p;
    uint32_t status;

    bind_params(k, a, &p);
    if (kind == KMOD_CHANNEL && p.layout)
        kmod_channel_params(client, &p);
    status = emu_rm_alloc(gpu_of(k, client, a->parent), a);
    if (status != NV_OK)
        return status;
    o = kmod_object_add(client, a->parent, a->handle, a->cls, kind);
    status = o ? construct(c, client, o, &p) : NV_ERR_NO_MEMORY;
    if (status == NV_OK)
        return NV_OK;
    emu_rm_free(gpu_of(k, client, a->parent), client->handle, a->handle);
    if (o)
        kmod_object_remove(client, a->handle);
    return status;
}

static uint32_t
alloc_with_params(struct kmod_call *c, struct kmod_client *client, struct emu_alloc *a,
                  uint64_t user)
{
    uint32_t status = NV_ERR_INVALID_ADDRESS;

    a->params = calloc(1, a->bytes ? a->bytes : 1);
    if (!a->params)
        return NV_ERR_NO_MEMORY;
    if (!a->bytes || kmod_copy_in(a->params, user, a->bytes) == 0)
        status = alloc_object(c, client, a);
    if (status == NV_OK && a->bytes && kmod_copy_out(user, a->params, a->bytes) < 0)
        status = NV_ERR_INVALID_ADDRESS;
    free(a->params);
    return status;
}

int
kmod_rm_alloc(struct kmod_call *c)
{
    const uint64_t user = emu_get(&c->w, "pAllocParms");
    struct emu_alloc a = {.client = (uint32_t)emu_get(&c->w, "hRoot"),
                          .parent = (uint32_t)emu_get(&c->w, "hObjectParent"),
                          .handle = (uint32_t)emu_get(&c->w, "hObjectNew"),
                          .cls = (uint32_t)emu_get(&c->w, "hClass")};
    struct kmod_client *client = kmod_client(c->file, a.client);
    uint32_t status;

    if (a.cls == NV01_ROOT || a.cls == NV01_ROOT_CLIENT || a.cls == NV01_ROOT_NON_PRIV) {
        if (c->file->node != EMU_NODE_CTL)
            return -EINVAL;
        status = make_client(c, &a.handle);
    } else if (c->file->node != EMU_NODE_CTL && kind_of(c->kmod, a.cls) != KMOD_EVENT) {
        return -EINVAL;
    } else if (!client) {
        status = NV_ERR_INVALID_CLIENT;
    } else if (!params_bytes(c->kmod, a.cls, (uint32_t)emu_get(&c->w, "paramsSize"), user != 0,
                             &a.bytes)) {
        status = NV_ERR_INVALID_PARAM_STRUCT;
    } else {
        status = alloc_with_params(c, client, &a, user);
    }
    emu_set(&c->w, a.handle, "hObjectNew");
    emu_set(&c->w, status, "status");
    return 0;
}

int
kmod_rm_free(struct kmod_call *c)
{
    const uint32_t handle = (uint32_t)emu_get(&c->w, "hObjectOld");
    struct kmod_client *client = kmod_client(c->file, (uint32_t)emu_get(&c->w, "hRoot"));
    uint32_t status;

    if (!client) {
        status = NV_ERR_INVALID_CLIENT;
    } else if (handle == client->handle) {
        kmod_client_free(client);
        status = NV_OK;
    } else {
        status = emu_rm_free(gpu_of(c->kmod, client, handle), client->handle, handle);
        if (status == NV_OK)
            kmod_object_remove(client, handle);
    }
    emu_set(&c->w, status, "status");
    return 0;
}

int
kmod_rm_dup(struct kmod_call *c)
{
    struct kmod_client *client = kmod_client(c->file, (uint32_t)emu_get(&c->w, "hClient"));
    const uint32_t parent = (uint32_t)emu_get(&c->w, "hParent");
    uint32_t handle = (uint32_t)emu_get(&c->w, "hObject");
    uint32_t status = NV_ERR_INVALID_CLIENT;

    if (client)
        status = emu_rm_dup(gpu_of(c->kmod, client, parent), client->handle, parent, &handle,
                            (uint32_t)emu_get(&c->w, "hClientSrc"),
                            (uint32_t)emu_get(&c->w, "hObjectSrc"));
    if (status == NV_OK && !kmod_object_add(client, parent, handle, 0, KMOD_OTHER))
        status = NV_ERR_NO_MEMORY;
    emu_set(&c->w, handle, "hObject");
    emu_set(&c->w, status, "status");
    return 0;
}

/* Controls */

/* What GSP-RM leaves to the module: the whole token, not the channel's number alone. */
static void
complete(struct emu_kmod *k, struct kmod_client *client, uint32_t object, uint32_t cmd,
         uint8_t *params, uint32_t bytes)
{
    const struct nvrm_control *row = nvrm_control_by_id(k->abi, cmd);
    const char *name = row ? nvrm_str(k->abi.schema, row->name) : "";
    const struct kmod_object *o = kmod_object(client, object);
    struct emu_wire p;

    if (o && o->card && strstr(name, "GPFIFO_GET_WORK_SUBMIT_TOKEN") &&
        emu_wire_init(&p, k->abi, nvrm_struct_name(k->abi.schema, row->params), params, bytes))
        emu_set(&p, kmod_channel_token(o->card, client->handle, object), "workSubmitToken");
}

static uint32_t
control(struct kmod_call *c, struct kmod_client *client, uint32_t object, uint32_t cmd,
        uint64_t user, uint32_t bytes)
{
    const struct nvrm_control *row = nvrm_control_by_id(c->kmod->abi, cmd);
    const struct nvrm_layout *l = row ? nvrm_struct_at(c->kmod->abi, row->params) : NULL;
    struct kmod_params p;
    uint32_t status = kmod_params_take(&p, c->kmod->abi, l, user, bytes);

    if (status == NV_OK)
        status = emu_rm_control_plain(gpu_of(c->kmod, client, object), client->handle, object,
                                      cmd, p.data, bytes, p.bytes);
    if (status == NV_OK) {
        complete(c->kmod, client, object, cmd, p.data, bytes);
        status = kmod_params_give(&p, user, bytes);
    }
    kmod_params_free(&p);
    return status;
}

int
kmod_rm_control(struct kmod_call *c)
{
    struct kmod_client *client = kmod_client(c->file, (uint32_t)emu_get(&c->w, "hClient"));
    const uint32_t bytes = (uint32_t)emu_get(&c->w, "paramsSize");
    uint32_t status = NV_ERR_INVALID_CLIENT;

    if (client && bytes > PARAMS_MAX)
        status = NV_ERR_INVALID_PARAM_STRUCT;
    else if (client)
        status = control(c, client, (uint32_t)emu_get(&c->w, "hObject"),
                         (uint32_t)emu_get(&c->w, "cmd"), emu_get(&c->w, "params"), bytes);
    emu_set(&c->w, status, "status");
    return 0;
}
