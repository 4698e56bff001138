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

#include <nvrm/flags.h>

#include "kmod_priv.h"
#include "object.h"
#include "status.h"

enum {
    PARAMS_MAX = 1 << 20,
    NV01_ROOT = 0,
    NV01_ROOT_NON_PRIV = 1,
    NV01_ROOT_CLIENT = 0x41,
    IRQL_RAISED = 1, /* NVOS54_FLAGS_* */
    LOCK_BYPASS = 2,
    NULL_COMMAND = 0x3fff, /* category and index */
};

struct kmod_card *
kmod_card_of(struct emu_kmod *k, struct kmod_client *client, uint32_t handle)
{
    const struct kmod_object *o = kmod_object(client, handle);

    return o && o->card ? o->card : &k->card[0];
}

static struct emu_gpu *
gpu_of(struct emu_kmod *k, struct kmod_client *client, uint32_t handle)
{
    return kmod_card_of(k, client, handle)->gpu;
}

static const char *
impl_of(struct emu_kmod *k, uint32_t class_id)
{
    const struct nvrm_class *cls = nvrm_class_by_id(k->abi, class_id);

    return cls ? nvrm_str(k->abi.schema, cls->impl) : "";
}

enum kmod_kind
kmod_kind_of(struct emu_kmod *k, uint32_t class_id)
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
    kmod_events_client_freed(k, client->handle);
    for (unsigned i = 0; i < k->cards; i++)
        emu_rm_free(k->card[i].gpu, client->handle, client->handle);
    for (struct kmod_client **where = &k->clients; *where; where = &(*where)->next)
        if (*where == client) {
            *where = client->next;
            break;
        }
    free(client);
}

uint32_t
kmod_free_handle(struct kmod_client *client)
{
    struct emu_kmod *k = client->file->kmod;
    uint32_t handle = k->next_handle++;

    while (kmod_object(client, handle))
        handle = k->next_handle++;
    return handle;
}

/* Allocation */

/* Bytes of a class's parameters: the caller's number, or the class's when that is 0. */
static uint32_t
params_bytes(struct emu_kmod *k, uint32_t class_id, uint32_t said, bool pointer, uint32_t *out)
{
    const struct nvrm_class *cls = nvrm_class_by_id(k->abi, class_id);
    const struct nvrm_layout *l = cls ? nvrm_struct_at(k->abi, cls->params) : NULL;

    *out = pointer && l ? l->size : 0;
    if (l && !pointer && !cls->optional)
        return NV_ERR_INVALID_ARGUMENT;
    if (!l && pointer && said <= PARAMS_MAX)
        *out = said;
    return !said || !l || said == l->size ? NV_OK : NV_ERR_INVALID_PARAM_STRUCT;
}

/* What the module keeps for an object that GSP-RM has made. */
static uint32_t
construct(struct kmod_call *c, struct kmod_client *client, struct kmod_object *o,
          struct emu_wire *p)
{
    switch (o->kind) {
    case KMOD_DEVICE:
    case KMOD_VASPACE:
        o->u.vas = kmod_vas_create(o->card);
        if (!o->u.vas)
            return NV_ERR_NO_MEMORY;
        kmod_vas_bind(o->u.vas, client->handle, o->handle);
        return NV_OK;
    case KMOD_VIRTUAL:
        return kmod_virtual_construct(client, o, p);
    case KMOD_MEMORY:
        return p->layout ? kmod_memory_alloc(o, p) : NV_ERR_INVALID_ARGUMENT;
    case KMOD_EVENT:
        return kmod_event_construct(c->kmod, client, o, p);
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

/* A card's own GSP-RM knows one device, instance 0: the module's instances are its cards. One
 * that no file keeps up has no device instance. */
static uint32_t
choose_card(struct kmod_call *c, struct kmod_client *client, const struct emu_alloc *a,
            enum kmod_kind kind, struct emu_wire *p, struct kmod_card **card_out)
{
    const uint64_t id = p->layout ? emu_get(p, "deviceId") : 0;

    *card_out = kmod_card_of(c->kmod, client, a->parent);
    if (kind != KMOD_DEVICE || id >= emu_constant(c->kmod->abi, "NV_MAX_DEVICES", 32))
        return NV_OK; /* GSP-RM has the right answer */
    *card_out = kmod_card_by_instance(c->kmod, id);
    if (!*card_out)
        return NV_ERR_INVALID_STATE;
    if (p->layout)
        emu_set(p, 0, "deviceId");
    return NV_OK;
}

/* RM has made it; the module keeps what is its own. */
static uint32_t
adopt(struct kmod_call *c, struct kmod_client *client, const struct emu_alloc *a,
      struct kmod_card *card, enum kmod_kind kind, struct emu_wire *p)
{
    struct kmod_object *o = kmod_object_add(client, a->parent, a->handle, a->cls, kind);
    uint32_t status = NV_ERR_NO_MEMORY;

    if (o && kind == KMOD_DEVICE) {
        o->card = card;
        if (p->layout)
            emu_set(p, card->instance, "deviceId");
    }
    if (o)
        status = construct(c, client, o, p);
    if (status == NV_OK)
        return NV_OK;
    emu_rm_free(card->gpu, client->handle, a->handle);
    if (o)
        kmod_object_remove(client, a->handle);
    return status;
}

uint32_t
kmod_make(struct kmod_call *c, struct kmod_client *client, struct emu_alloc *a)
{
    const enum kmod_kind kind = kmod_kind_of(c->kmod, a->cls);
    struct kmod_card *card;
    struct emu_wire p;
    uint32_t status;

    if (kmod_event_is_callback(a->cls))
        return NV_ERR_ILLEGAL_ACTION;
    bind_params(c->kmod, a, &p);
    status = choose_card(c, client, a, kind, &p, &card);
    if (status != NV_OK)
        return status;
    if (kind == KMOD_CHANNEL && p.layout)
        kmod_channel_params(client, &p);
    status = kmod_gsp_alloc(card, a);
    return status == NV_OK ? adopt(c, client, a, card, kind, &p) : status;
}

static uint32_t
alloc_with_params(struct kmod_call *c, struct kmod_client *client, struct emu_alloc *a,
                  uint64_t user)
{
    uint32_t status = NV_ERR_INVALID_ADDRESS;

    a->params = calloc(1, a->bytes ? a->bytes : 1);
    if (!a->params)
        return NV_ERR_NO_MEMORY;
    if (kmod_copy_in(a->params, user, a->bytes) == 0)
        status = kmod_make(c, client, a);
    if (status == NV_OK && a->bytes && kmod_copy_out(user, a->params, a->bytes) < 0)
        status = NV_ERR_INVALID_ADDRESS;
    free(a->params);
    return status;
}

static bool
is_root(uint32_t class_id)
{
    return class_id == NV01_ROOT || class_id == NV01_ROOT_CLIENT ||
           class_id == NV01_ROOT_NON_PRIV;
}

static uint32_t
alloc_below(struct kmod_call *c, struct emu_alloc *a, uint64_t user, uint32_t said)
{
    struct kmod_client *client = kmod_client(c->file, a->client);
    uint32_t status = client ? NV_OK : NV_ERR_INVALID_CLIENT;

    if (status == NV_OK)
        status = params_bytes(c->kmod, a->cls, said, user != 0, &a->bytes);
    if (status == NV_OK)
        status = kmod_class_right(c->kmod, a->cls);
    return status == NV_OK ? alloc_with_params(c, client, a, user) : status;
}

/* NVOS64 may ask for rights: a mask of 32 bits. What a program may share it has. */
static bool
rights_can_be_read(struct kmod_call *c)
{
    const uint64_t user = emu_get(&c->w, "pRightsRequested");
    uint32_t mask;

    return !user || kmod_copy_in(&mask, user, sizeof(mask)) == 0;
}

int
kmod_rm_alloc(struct kmod_call *c)
{
    struct emu_alloc a = {.client = (uint32_t)emu_get(&c->w, "hRoot"),
                          .parent = (uint32_t)emu_get(&c->w, "hObjectParent"),
                          .handle = (uint32_t)emu_get(&c->w, "hObjectNew"),
                          .cls = (uint32_t)emu_get(&c->w, "hClass")};
    uint32_t status;

    if (c->file->node != EMU_NODE_CTL && kmod_kind_of(c->kmod, a.cls) != KMOD_EVENT)
        return -EINVAL;
    if (!rights_can_be_read(c)) {
        status = NV_ERR_INVALID_ADDRESS;
    } else if (is_root(a.cls)) { /* a program's clients are all of the one class */
        status = make_client(c, &a.handle);
        emu_set(&c->w, NV01_ROOT_CLIENT, "hClass");
    } else {
        status = alloc_below(c, &a, emu_get(&c->w, "pAllocParms"),
                             (uint32_t)emu_get(&c->w, "paramsSize"));
    }
    emu_set(&c->w, a.handle, "hObjectNew");
    emu_set(&c->w, status, "status");
    return 0;
}

/* The oldest form: without parameters. */
int
kmod_rm_alloc_object(struct kmod_call *c)
{
    struct emu_alloc a = {.client = (uint32_t)emu_get(&c->w, "hRoot"),
                          .parent = (uint32_t)emu_get(&c->w, "hObjectParent"),
                          .handle = (uint32_t)emu_get(&c->w, "hObjectNew"),
                          .cls = (uint32_t)emu_get(&c->w, "hClass")};
    const uint32_t status = is_root(a.cls) ? NV_ERR_INVALID_CLASS : alloc_below(c, &a, 0, 0);

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
        status = kmod_gsp_free(kmod_card_of(c->kmod, client, handle), client->handle, handle);
        if (status == NV_OK)
            kmod_object_remove(client, handle);
    }
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

    if (row && o && o->card && strstr(name, "GPFIFO_GET_WORK_SUBMIT_TOKEN") &&
        emu_wire_init(&p, k->abi, nvrm_struct_name(k->abi.schema, row->params), params, bytes))
        emu_set(&p, kmod_channel_token(o->card, client->handle, object), "workSubmitToken");
}

static uint32_t
serve_control(struct kmod_call *c, struct kmod_client *client, uint32_t object, uint32_t cmd,
              struct kmod_params *p, uint32_t bytes)
{
    struct kmod_card *card = kmod_card_of(c->kmod, client, object);
    uint32_t status;

    if (kmod_root_control(c, client, object, cmd, p, &status) ||
        kmod_timer_control(card, cmd, p, &status))
        return status;
    status = kmod_gsp_control(card, &(struct kmod_control){client->handle, object, cmd, bytes},
                              p->data, p->bytes);
    if (status == NV_OK)
        complete(c->kmod, client, object, cmd, p->data, bytes);
    return status;
}

static bool
gives_back_errors(const struct nvrm_control *row)
{
    return row && row->flags & NVRM_CTRL_COPYOUT_ON_ERROR;
}

/* The struct alone: whoever converts it follows its pointers. */
static bool
converted(struct kmod_call *c, struct kmod_client *client, uint32_t object, uint32_t cmd,
          const struct nvrm_layout *l, uint64_t user, uint32_t bytes, uint32_t *status)
{
    uint8_t data[128];
    const struct emu_wire p = {c->kmod->abi, l, data, bytes};

    if (!l || bytes != l->size || bytes > sizeof(data))
        return false;
    if (kmod_copy_in(data, user, bytes) < 0)
        return false;
    if (!kmod_deprecated(c, client, object, cmd, &p, status))
        return false;
    if (*status == NV_OK && kmod_copy_out(user, data, bytes) < 0)
        *status = NV_ERR_INVALID_ADDRESS;
    return true;
}

static uint32_t
control(struct kmod_call *c, struct kmod_client *client, uint32_t object, uint32_t cmd,
        uint64_t user, uint32_t bytes)
{
    const struct nvrm_control *row = nvrm_control_by_id(c->kmod->abi, cmd);
    const struct nvrm_layout *l = row ? nvrm_struct_at(c->kmod->abi, row->params) : NULL;
    struct kmod_params p;
    uint32_t status;

    if (converted(c, client, object, cmd, l, user, bytes, &status))
        return status;
    status = emu_rm_control_check(gpu_of(c->kmod, client, object), client->handle, object, cmd,
                                  bytes);
    if (status == NV_OK)
        status = kmod_control_right(c->kmod, cmd);
    if (status != NV_OK)
        return status;
    status = kmod_params_take(&p, c->kmod->abi, l, user, bytes);
    if (status == NV_OK) {
        status = serve_control(c, client, object, cmd, &p, bytes);
        if (status == NV_OK || gives_back_errors(row)) {
            const uint32_t given = kmod_params_give(&p, user, bytes);

            status = status == NV_OK ? given : status;
        }
    }
    kmod_params_free(&p);
    return status;
}

int
kmod_rm_control(struct kmod_call *c)
{
    struct kmod_client *client = kmod_client(c->file, (uint32_t)emu_get(&c->w, "hClient"));
    const uint32_t bytes = (uint32_t)emu_get(&c->w, "paramsSize");
    const uint64_t user = emu_get(&c->w, "params");
    const uint32_t cmd = (uint32_t)emu_get(&c->w, "cmd");
    uint32_t status = NV_ERR_INVALID_CLIENT;

    if (!kmod_device_named(c, cmd, user))
        return -EINVAL;
    if (!(cmd & NULL_COMMAND)) /* NVXXXX_CTRL_CMD_NULL: of nobody, and of each class */
        status = NV_OK;
    else if (emu_get(&c->w, "flags") & (IRQL_RAISED | LOCK_BYPASS) || /* for the kernel only */
             (client && (bytes > PARAMS_MAX || (bytes != 0) != (user != 0))))
        status = NV_ERR_INVALID_ARGUMENT;
    else if (client)
        status = control(c, client, (uint32_t)emu_get(&c->w, "hObject"), cmd, user, bytes);
    emu_set(&c->w, status, "status");
    return 0;
}
