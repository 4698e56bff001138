/* SPDX-License-Identifier: MIT */
/*
 * Controls of the system and of clients (NV0000), which the module answers by itself: it knows
 * all cards, and each card's GSP-RM only its own.
 *
 * Follows client_resource.c and gpu_mgr.c: an unused slot of a list is 0xffffffff, a card that
 * no file keeps up is probed but not attached, and has no device instance.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kmod_priv.h"
#include "status.h"

enum { NO_ID = 0xffffffffu, ALL_IDS = 0xffff, UUID_BYTES = 16 };

struct root_call {
    struct kmod_call *c;
    struct kmod_client *client;
    struct emu_wire p;
};

/* Cards */

void
kmod_uuid(const struct kmod_card *card, uint8_t uuid_out[16])
{
    emu_card_uuid(card->gpu->card, uuid_out);
}

int
kmod_card_by_uuid(const struct emu_kmod *k, const uint8_t *uuid)
{
    uint8_t own[UUID_BYTES];

    for (unsigned i = 0; i < k->cards; i++) {
        kmod_uuid(&k->card[i], own);
        if (!memcmp(own, uuid, sizeof(own)))
            return (int)i;
    }
    return -1;
}

struct kmod_card *
kmod_card_by_id(struct emu_kmod *k, uint32_t gpu_id)
{
    for (unsigned i = 0; i < k->cards; i++)
        if (k->card[i].gpu_id == gpu_id)
            return &k->card[i];
    return NULL;
}

static struct kmod_card *
named_card(struct root_call *r)
{
    return kmod_card_by_id(r->c->kmod, (uint32_t)emu_get(&r->p, "gpuId"));
}

static void
put_ids(struct root_call *r, const char *list, bool attached)
{
    unsigned n = 0;

    for (unsigned i = 0; i < r->c->kmod->cards; i++)
        if (!attached || r->c->kmod->card[i].opens)
            emu_set(&r->p, r->c->kmod->card[i].gpu_id, "%s[%u]", list, n++);
    for (; n < emu_count(&r->p, "%s", list); n++)
        emu_set(&r->p, NO_ID, "%s[%u]", list, n);
}

static uint32_t
probed(struct root_call *r)
{
    put_ids(r, "gpuIds", false);
    for (unsigned i = 0; i < emu_count(&r->p, "excludedGpuIds"); i++)
        emu_set(&r->p, NO_ID, "excludedGpuIds[%u]", i);
    return NV_OK;
}

static uint32_t
attached(struct root_call *r)
{
    put_ids(r, "gpuIds", true);
    return NV_OK;
}

/* The cards of a list that ends with the invalid id, or all. */
static uint32_t
check_ids(struct root_call *r)
{
    for (unsigned i = 0; i < emu_count(&r->p, "gpuIds"); i++) {
        const uint32_t id = (uint32_t)emu_get(&r->p, "gpuIds[%u]", i);

        if (id == NO_ID || (i == 0 && id == ALL_IDS))
            return NV_OK;
        if (kmod_card_by_id(r->c->kmod, id))
            continue;
        emu_set(&r->p, id, "failedId");
        return NV_ERR_INVALID_ARGUMENT;
    }
    return NV_OK;
}

static uint32_t
device_ids(struct root_call *r)
{
    uint32_t mask = 0;

    for (unsigned i = 0; i < r->c->kmod->cards; i++)
        if (r->c->kmod->card[i].opens)
            mask |= 1u << r->c->kmod->card[i].instance;
    emu_set(&r->p, mask, "deviceIds");
    return NV_OK;
}

static uint32_t
active_ids(struct root_call *r)
{
    unsigned n = 0;

    for (unsigned i = 0; i < r->c->kmod->cards; i++) {
        if (!r->c->kmod->card[i].opens)
            continue;
        emu_set(&r->p, r->c->kmod->card[i].gpu_id, "devices[%u].gpuId", n);
        emu_set(&r->p, NO_ID, "devices[%u].gpuInstanceId", n);
        emu_set(&r->p, NO_ID, "devices[%u].computeInstanceId", n);
        n++;
    }
    emu_set(&r->p, n, "numDevices");
    return NV_OK;
}

static uint32_t
id_info(struct root_call *r)
{
    const struct kmod_card *card = named_card(r);

    if (!card || !card->opens)
        return NV_ERR_INVALID_ARGUMENT;
    emu_set(&r->p, 0, "gpuFlags");
    emu_set(&r->p, card->instance, "deviceInstance");
    emu_set(&r->p, 0, "subDeviceInstance");
    emu_set(&r->p, 0, "sliStatus");
    emu_set(&r->p, card->gpu_id, "boardId");
    emu_set(&r->p, card->instance, "gpuInstance");
    emu_set(&r->p, UINT32_MAX, "numaId");
    return NV_OK;
}

static uint32_t
init_status(struct root_call *r)
{
    const struct kmod_card *card = named_card(r);

    if (!card)
        return NV_ERR_INVALID_ARGUMENT;
    if (!card->opens)
        return NV_ERR_INVALID_STATE;
    emu_set(&r->p, NV_OK, "status");
    return NV_OK;
}

static uint32_t
pci_info(struct root_call *r)
{
    const struct kmod_card *card = named_card(r);

    if (!card)
        return NV_ERR_INVALID_ARGUMENT;
    emu_set(&r->p, card->domain, "domain");
    emu_set(&r->p, card->bus, "bus");
    emu_set(&r->p, card->slot, "slot");
    return NV_OK;
}

static void
uuid_text(const uint8_t *uuid, char text[48])
{
    int n = snprintf(text, 48, "GPU-");

    for (int i = 0; i < UUID_BYTES; i++)
        n += snprintf(text + n, 48 - (size_t)n, "%s%02x",
                      i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid[i]);
}

/* Flags: 1 binary, 0 text. */
static uint32_t
uuid_of_id(struct root_call *r)
{
    const struct kmod_card *card = named_card(r);
    uint8_t uuid[UUID_BYTES];
    char text[48];

    if (!card)
        return NV_ERR_INVALID_ARGUMENT;
    kmod_uuid(card, uuid);
    uuid_text(uuid, text);
    if (emu_get(&r->p, "flags") & 2) {
        emu_set_bytes(&r->p, uuid, sizeof(uuid), "gpuUuid");
        emu_set(&r->p, sizeof(uuid), "uuidStrLen");
    } else {
        emu_set_text(&r->p, text, "gpuUuid");
        emu_set(&r->p, strlen(text) + 1, "uuidStrLen");
    }
    return NV_OK;
}

static uint32_t
id_of_uuid(struct root_call *r)
{
    const long at = emu_offset(&r->p, "gpuUuid");
    const struct emu_kmod *k = r->c->kmod;
    int found = -1;

    for (unsigned i = 0; at >= 0 && i < k->cards; i++) {
        uint8_t uuid[UUID_BYTES];
        char text[48];

        kmod_uuid(&k->card[i], uuid);
        uuid_text(uuid, text);
        if (emu_get(&r->p, "flags") & 2 ? !memcmp(r->p.data + at, uuid, sizeof(uuid))
                                        : !strncmp((char *)r->p.data + at, text, sizeof(text)))
            found = (int)i;
    }
    if (found < 0)
        return NV_ERR_OBJECT_NOT_FOUND;
    emu_set(&r->p, k->card[found].gpu_id, "gpuId");
    emu_set(&r->p, k->card[found].instance, "deviceInstance");
    emu_set(&r->p, 0, "subdeviceInstance");
    return NV_OK;
}

/* The system */

static uint32_t
build_version(struct root_call *r)
{
    const char *release = nvrm_release_name(r->p.abi.schema, r->p.abi.release);

    emu_set_text(&r->p, release, "driverVersionBuffer");
    emu_set_text(&r->p, release, "versionBuffer");
    emu_set_text(&r->p, "nvrm emulated kernel module", "titleBuffer");
    return NV_OK;
}

static uint32_t
features(struct root_call *r)
{
    emu_set(&r->p, 0, "featuresMask");
    return NV_OK;
}

static uint32_t
memop_enable(struct root_call *r)
{
    emu_set(&r->p, 0, "enableMask");
    return NV_OK;
}

static uint32_t
cpu_info(struct root_call *r)
{
    const long cpus = sysconf(_SC_NPROCESSORS_ONLN);

    emu_set(&r->p, emu_constant(r->p.abi, "NV0000_CTRL_SYSTEM_CPU_TYPE_UNKNOWN", 0), "type");
    emu_set(&r->p, 64, "dataCacheLineSize");
    emu_set(&r->p, cpus > 0 ? (uint64_t)cpus : 1, "numLogicalCpus");
    emu_set(&r->p, cpus > 0 ? (uint64_t)cpus : 1, "numPhysicalCpus");
    emu_set_text(&r->p, "emulated", "name");
    return NV_OK;
}

/* Clients */

static uint32_t
space_type(struct root_call *r)
{
    const struct kmod_object *o = kmod_object(r->client, (uint32_t)emu_get(&r->p, "hObject"));
    const char *name = "NV0000_CTRL_CMD_CLIENT_GET_ADDR_SPACE_TYPE_REGMEM";

    if (!o)
        return NV_ERR_OBJECT_NOT_FOUND;
    if (o->kind == KMOD_MEMORY && o->u.memory)
        name = o->u.memory->system ? "NV0000_CTRL_CMD_CLIENT_GET_ADDR_SPACE_TYPE_SYSMEM"
                                   : "NV0000_CTRL_CMD_CLIENT_GET_ADDR_SPACE_TYPE_VIDMEM";
    else if (o->kind != KMOD_USERMODE)
        return NV_ERR_INVALID_OBJECT;
    emu_set(&r->p, emu_constant(r->p.abi, name, 0), "addrSpaceType");
    return NV_OK;
}

static uint32_t
handle_info(struct root_call *r)
{
    const struct kmod_object *o = kmod_object(r->client, (uint32_t)emu_get(&r->p, "hObject"));
    const uint64_t index = emu_get(&r->p, "index");

    if (!o)
        return NV_ERR_OBJECT_NOT_FOUND;
    if (index ==
        emu_constant(r->p.abi, "NV0000_CTRL_CMD_CLIENT_GET_HANDLE_INFO_INDEX_PARENT", 1))
        emu_set(&r->p, o->parent, "data.hResult");
    else if (index ==
             emu_constant(r->p.abi, "NV0000_CTRL_CMD_CLIENT_GET_HANDLE_INFO_INDEX_CLASSID", 2))
        emu_set(&r->p, o->class_id, "data.iResult");
    else
        return NV_ERR_INVALID_ARGUMENT;
    return NV_OK;
}

static uint32_t
child_handle(struct root_call *r)
{
    const uint32_t parent = (uint32_t)emu_get(&r->p, "hParent");

    for (const struct kmod_object *o = r->client->objects; o; o = o->next) {
        if (o->parent != parent || o->class_id != emu_get(&r->p, "classId"))
            continue;
        emu_set(&r->p, o->handle, "hObject");
        return NV_OK;
    }
    return NV_ERR_OBJECT_NOT_FOUND;
}

static uint32_t
do_export(struct root_call *r)
{
    return kmod_export(r->c, r->client, &r->p);
}

static uint32_t
do_import(struct root_call *r)
{
    return kmod_import(r->c, r->client, &r->p);
}

static uint32_t
export_info(struct root_call *r)
{
    return kmod_export_info(r->c, &r->p);
}

/* Cards of group `list`, in the first `count` places. */
static bool
all_known(struct root_call *r, const char *list, uint64_t count)
{
    for (unsigned i = 0; i < count; i++)
        if (!kmod_card_by_id(r->c->kmod, (uint32_t)emu_get(&r->p, "%s[%u]", list, i)))
            return false;
    return true;
}

/* No card reaches another, or itself by a way around: no abilities, no copy engines. An empty
 * group B is group A, of whose pairs each is told once. */
static uint32_t
p2p_matrix(struct root_call *r)
{
    static const char *const tables[] = {"p2pCaps", "a2bOptimalReadCes", "a2bOptimalWriteCes",
                                         "b2aOptimalReadCes", "b2aOptimalWriteCes"};
    const uint64_t a = emu_get(&r->p, "grpACount"), b = emu_get(&r->p, "grpBCount");
    const unsigned side = emu_count(&r->p, "gpuIdGrpA");

    if (!a || a > side || b > side || !all_known(r, "gpuIdGrpA", a) ||
        !all_known(r, "gpuIdGrpB", b))
        return NV_ERR_INVALID_ARGUMENT;
    for (size_t t = 0; t < sizeof(tables) / sizeof(*tables); t++)
        for (unsigned i = 0; i < a; i++)
            for (unsigned j = 0; j < (b ? b : i + 1); j++)
                if (b || i != j || t < 3)
                    emu_set(&r->p, 0, "%s[%u]", tables[t], i * side + j);
    return NV_OK;
}

/* No fabric manager, and none needed: there is no switch. */
static uint32_t
fabric_status(struct root_call *r)
{
    emu_set(&r->p, emu_constant(r->p.abi, "NV0000_CTRL_GET_SYSTEM_FABRIC_STATUS_SKIP", 1),
            "fabricStatus");
    return NV_OK;
}

static uint32_t
boost_groups(struct root_call *r)
{
    emu_set(&r->p, 0, "groupCount");
    return NV_OK;
}

static uint32_t
accept(struct root_call *r)
{
    (void)r;
    return NV_OK;
}

static const struct {
    const char *name;
    uint32_t (*serve)(struct root_call *r);
} controls[] = {
    {"NV0000_CTRL_CMD_GPU_GET_PROBED_IDS",                probed       },
    {"NV0000_CTRL_CMD_GPU_GET_ATTACHED_IDS",              attached     },
    {"NV0000_CTRL_CMD_GPU_ATTACH_IDS",                    check_ids    },
    {"NV0000_CTRL_CMD_GPU_DETACH_IDS",                    check_ids    },
    {"NV0000_CTRL_CMD_GPU_GET_DEVICE_IDS",                device_ids   },
    {"NV0000_CTRL_CMD_GPU_GET_ACTIVE_DEVICE_IDS",         active_ids   },
    {"NV0000_CTRL_CMD_GPU_GET_ID_INFO",                   id_info      },
    {"NV0000_CTRL_CMD_GPU_GET_ID_INFO_V2",                id_info      },
    {"NV0000_CTRL_CMD_GPU_GET_INIT_STATUS",               init_status  },
    {"NV0000_CTRL_CMD_GPU_GET_PCI_INFO",                  pci_info     },
    {"NV0000_CTRL_CMD_GPU_GET_UUID_FROM_GPU_ID",          uuid_of_id   },
    {"NV0000_CTRL_CMD_GPU_GET_UUID_INFO",                 id_of_uuid   },
    {"NV0000_CTRL_CMD_GPU_GET_MEMOP_ENABLE",              memop_enable },
    {"NV0000_CTRL_CMD_SYSTEM_GET_BUILD_VERSION_V2",       build_version},
    {"NV0000_CTRL_CMD_SYSTEM_GET_FEATURES",               features     },
    {"NV0000_CTRL_CMD_SYSTEM_GET_CPU_INFO",               cpu_info     },
    {"NV0000_CTRL_CMD_SYSTEM_GET_FABRIC_STATUS",          fabric_status},
    {"NV0000_CTRL_CMD_SYSTEM_GET_P2P_CAPS_MATRIX",        p2p_matrix   },
    {"NV0000_CTRL_CMD_SYNC_GPU_BOOST_GROUP_INFO",         boost_groups },
    {"NV0000_CTRL_CMD_CLIENT_GET_ADDR_SPACE_TYPE",        space_type   },
    {"NV0000_CTRL_CMD_CLIENT_GET_HANDLE_INFO",            handle_info  },
    {"NV0000_CTRL_CMD_CLIENT_GET_CHILD_HANDLE",           child_handle },
    {"NV0000_CTRL_CMD_CLIENT_SET_INHERITED_SHARE_POLICY", accept       },
    {"NV0000_CTRL_CMD_OS_UNIX_FLUSH_USER_CACHE",          accept       },
    {"NV0000_CTRL_CMD_OS_UNIX_EXPORT_OBJECT_TO_FD",       do_export    },
    {"NV0000_CTRL_CMD_OS_UNIX_IMPORT_OBJECT_FROM_FD",     do_import    },
    {"NV0000_CTRL_CMD_OS_UNIX_GET_EXPORT_OBJECT_INFO",    export_info  },
};

bool
kmod_root_control(struct kmod_call *c, struct kmod_client *client, uint32_t object,
                  uint32_t cmd, struct kmod_params *p, uint32_t *status_out)
{
    const struct nvrm_control *row = nvrm_control_by_id(c->kmod->abi, cmd);
    const char *name = row ? nvrm_str(c->kmod->abi.schema, row->name) : "";
    struct root_call r = {.c = c, .client = client};

    if (object != client->handle || !row)
        return false;
    r.p = (struct emu_wire){.abi = c->kmod->abi, .data = p->data, .bytes = p->bytes};
    r.p.layout = nvrm_struct_at(c->kmod->abi, row->params);
    for (size_t i = 0; r.p.layout && i < sizeof(controls) / sizeof(*controls); i++) {
        if (strcmp(controls[i].name, name))
            continue;
        *status_out = controls[i].serve(&r);
        return true;
    }
    return false;
}
