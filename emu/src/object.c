/* SPDX-License-Identifier: MIT */
/*
 * RM's object tree: allocation, free and dup under the rules of the vendor's resource server.
 *
 * The order of the checks decides which status a client sees; it follows serverAllocResource
 * (rs_server.c), serverAllocResourceUnderLock (alloc_free.c), _clientAllocResourceHelper and
 * clientValidateNewResourceHandle (rs_client.c), serverFreeResourceTree and serverCopyResource
 * (rs_server.c), 535.113.01 to 595.45.04.
 */
#include "object.h"

#include <errno.h>
#include <string.h>

#include "emu_priv.h"
#include "release.h"
#include "wire.h"

enum {
    CLIENT_BASE = 0xc1d00000u,          /* RS_CLIENT_HANDLE_BASE, g_resserv_nvoc.h */
    INTERNAL_CLIENT_BASE = 0xc1e00000u, /* RS_CLIENT_INTERNAL_HANDLE_BASE */
    FIRMWARE_HANDLES = 0xc9f00000u,     /* RS_FW_UNIQUE_HANDLE_BASE, client.c */
    HANDLE_RANGE = 0x80000,             /* RS_UNIQUE_HANDLE_RANGE, g_rs_client_nvoc.h */
    FIRST_BUCKETS = 64,
};

/* Look-up */

static uint32_t
bucket_of(const struct emu_rm *rm, uint32_t client, uint32_t handle)
{
    return ((client * 0x9e3779b1u) ^ (handle * 0x85ebca6bu)) >> 7 & (rm->buckets - 1);
}

struct emu_object *
emu_object_find(const struct emu_gpu *gpu, uint32_t client, uint32_t handle)
{
    const struct emu_rm *rm = &gpu->gsp.rm;
    struct emu_object *o = rm->hash ? rm->hash[bucket_of(rm, client, handle)] : NULL;

    while (o && (o->client != client || o->handle != handle))
        o = o->hash_next;
    return o;
}

struct emu_object *
emu_object_up(struct emu_object *object, const char *impl)
{
    while (object && !emu_class_is(object->impl, impl))
        object = object->parent;
    return object;
}

static void
hash_insert(struct emu_rm *rm, struct emu_object *o)
{
    struct emu_object **slot = &rm->hash[bucket_of(rm, o->client, o->handle)];

    o->hash_next = *slot;
    *slot = o;
    rm->objects++;
}

static void
hash_remove(struct emu_rm *rm, struct emu_object *o)
{
    struct emu_object **slot = &rm->hash[bucket_of(rm, o->client, o->handle)];

    while (*slot != o)
        slot = &(*slot)->hash_next;
    *slot = o->hash_next;
    rm->objects--;
}

/* Twice the buckets once there are more objects; staying small is fine when memory is short. */
static void
hash_grow(struct emu_gpu *gpu)
{
    struct emu_rm *rm = &gpu->gsp.rm;
    struct emu_rm grown = {.buckets = rm->buckets * 2};

    if (rm->objects < rm->buckets)
        return;
    grown.hash = emu_alloc(&gpu->mem, grown.buckets * sizeof(struct emu_object *));
    if (!grown.hash)
        return;
    for (uint32_t i = 0; i < rm->buckets; i++) {
        struct emu_object *o, *next;

        for (o = rm->hash[i]; o; o = next) {
            next = o->hash_next;
            hash_insert(&grown, o);
        }
    }
    emu_free(&gpu->mem, rm->hash);
    rm->hash = grown.hash;
    rm->buckets = grown.buckets;
}

/* Making and removing */

static struct emu_object *
object_create(struct emu_gpu *gpu, uint32_t client, uint32_t handle, const struct nvrm_class *c,
              struct emu_object *parent)
{
    struct emu_object *o = emu_alloc(&gpu->mem, sizeof(*o));

    if (!o)
        return NULL;
    *o = (struct emu_object){.client = client,
                             .handle = handle,
                             .cls = c,
                             .impl = nvrm_str(gpu->abi.schema, c->impl),
                             .parent = parent};
    if (parent) {
        o->depth = parent->depth + 1;
        o->sibling = parent->children;
        parent->children = o;
    }
    hash_grow(gpu);
    hash_insert(&gpu->gsp.rm, o);
    return o;
}

static void
unlink_object(struct emu_object *o)
{
    struct emu_object **slot = o->parent ? &o->parent->children : NULL;

    while (slot && *slot != o)
        slot = &(*slot)->sibling;
    if (slot)
        *slot = o->sibling;
}

static void
object_destroy(struct emu_gpu *gpu, struct emu_object *o)
{
    unlink_object(o);
    hash_remove(&gpu->gsp.rm, o);
    emu_free(&gpu->mem, o);
}

/* Children before parents, the youngest first; depth is bounded, so no recursion is needed. */
static void
free_tree(struct emu_gpu *gpu, struct emu_object *root)
{
    struct emu_object *o = root;

    while (o) {
        struct emu_object *parent = o->parent;

        if (o->children) {
            o = o->children;
            continue;
        }
        emu_class_destruct(gpu, o);
        object_destroy(gpu, o);
        if (o == root)
            return;
        o = parent;
    }
}

/* The checks of an allocation */

static bool
is_root_class(const char *impl)
{
    return !strcmp(impl, "RmClientResource");
}

/* The params' layout. The RPC sends clients NV0000_ALLOC_PARAMETERS, whatever the resource list
 * says (rpc.c). */
static const struct nvrm_layout *
params_layout(const struct emu_gpu *gpu, const struct nvrm_class *c)
{
    if (is_root_class(nvrm_str(gpu->abi.schema, c->impl)))
        return nvrm_struct_find(gpu->abi, "NV0000_ALLOC_PARAMETERS");
    return nvrm_struct_at(gpu->abi, c->params);
}

/*
 * rmapiGetClassAllocParamSize: required params must be there. That the size must be the
 * struct's is our own strictness: the vendor's CPU side always sends exactly that.
 */
static uint32_t
check_params(const struct emu_gpu *gpu, const struct nvrm_class *c, const struct emu_alloc *a)
{
    const struct nvrm_layout *l = params_layout(gpu, c);

    if (!a->params ||
        !l) /* ALLOC_MEMORY has none; classes without a struct ignore what they get */
        return NV_OK;
    if (!a->bytes)
        return c->optional ? NV_OK : NV_ERR_INVALID_ARGUMENT;
    return a->bytes == l->size ? NV_OK : NV_ERR_INVALID_PARAM_STRUCT;
}

static bool
parent_allowed(const struct emu_gpu *gpu, const struct nvrm_class *c, const char *parent_impl)
{
    const char *name;

    for (unsigned i = 0; (name = nvrm_class_parent(gpu->abi.schema, c, i)); i++)
        if (!strcmp(name, "RS_ANY_PARENT") || !strcmp(name, parent_impl))
            return true;
    return false;
}

static bool
has_child_of(const struct emu_object *parent, const char *impl)
{
    for (const struct emu_object *o = parent->children; o; o = o->sibling)
        if (!strcmp(o->impl, impl))
            return true;
    return false;
}

/* clientAssignResourceHandle: 0 asks for a generated one. */
static uint32_t
assign_handle(struct emu_gpu *gpu, uint32_t client, uint32_t *handle)
{
    struct emu_rm *rm = &gpu->gsp.rm;

    if (!*handle) {
        for (unsigned tries = 0; tries < HANDLE_RANGE; tries++) {
            *handle = FIRMWARE_HANDLES + rm->next_handle++ % HANDLE_RANGE;
            if (!emu_object_find(gpu, client, *handle))
                return NV_OK;
        }
        return NV_ERR_INSUFFICIENT_RESOURCES;
    }
    if (*handle == client || *handle - FIRMWARE_HANDLES < HANDLE_RANGE)
        return NV_ERR_INVALID_OBJECT_HANDLE;
    return emu_object_find(gpu, client, *handle) ? NV_ERR_INSERT_DUPLICATE_NAME : NV_OK;
}

/* rmapiFixupAllocParams: what NV01_EVENT means, and where an event of another client's object
 * hangs. */
static uint32_t
fix_event(struct emu_gpu *gpu, struct emu_alloc *a, const struct nvrm_class **c)
{
    const char *impl = nvrm_str(gpu->abi.schema, (*c)->impl);
    struct emu_wire w;
    uint32_t parent_client;

    if (strcmp(impl, "Event") != 0 && strcmp(impl, "EventApi") != 0)
        return NV_OK;
    if (!a->params ||
        !emu_wire_init(&w, gpu->abi, "NV0005_ALLOC_PARAMETERS", a->params, a->bytes))
        return NV_ERR_INVALID_ARGUMENT;
    parent_client = (uint32_t)emu_get(&w, "hParentClient");
    if (parent_client && !emu_object_find(gpu, parent_client, parent_client))
        return NV_ERR_INVALID_OBJECT_HANDLE;
    if (a->cls == emu_constant(gpu->abi, "NV01_EVENT", 0x5)) {
        a->cls = (uint32_t)emu_get(&w, "hClass");
        *c = nvrm_class_by_id(gpu->abi, a->cls);
        if (!*c || strcmp(nvrm_str(gpu->abi.schema, (*c)->impl), impl) != 0)
            return NV_ERR_INVALID_CLASS;
    }
    emu_set(&w, a->parent, "hSrcResource");
    if (parent_client != a->client)
        a->parent = a->client;
    return NV_OK;
}

/* serverAllocLookupSecondClient: the other client that some classes name must exist. */
static uint32_t
check_second_client(struct emu_gpu *gpu, const struct nvrm_class *c, const struct emu_alloc *a)
{
    static const struct {
        const char *name, *field;
    } named[] = {
        {"GT200_DEBUGGER",       "hAppClient"},
        {"UVM_CHANNEL_RETAINER", "hClient"   },
    };
    const struct emu_wire w = {.abi = gpu->abi,
                               .layout = nvrm_struct_at(gpu->abi, c->params),
                               .data = a->params,
                               .bytes = a->bytes};

    for (size_t i = 0; a->bytes && w.layout && i < sizeof(named) / sizeof(named[0]); i++) {
        uint32_t second;

        if (strcmp(nvrm_str(gpu->abi.schema, c->name), named[i].name) != 0)
            continue;
        second = (uint32_t)emu_get(&w, "%s", named[i].field);
        if (second && !emu_object_find(gpu, second, second))
            return NV_ERR_INVALID_OBJECT_HANDLE;
    }
    return NV_OK;
}

static uint32_t
check_place(struct emu_gpu *gpu, const struct nvrm_class *c, const struct emu_alloc *a,
            struct emu_object **parent_out)
{
    const char *impl = nvrm_str(gpu->abi.schema, c->impl);
    struct emu_object *parent;

    if (a->handle == a->client)
        return NV_ERR_INVALID_OBJECT_PARENT;
    parent = emu_object_find(gpu, a->client, a->parent);
    if (!parent)
        return NV_ERR_OBJECT_NOT_FOUND;
    *parent_out = parent;
    if (!c->multi && has_child_of(parent, impl))
        return NV_ERR_STATE_IN_USE;
    return parent_allowed(gpu, c, parent->impl) ? NV_OK : NV_ERR_INVALID_OBJECT_PARENT;
}

static uint32_t
construct(struct emu_gpu *gpu, const struct nvrm_class *c, const struct emu_alloc *a,
          struct emu_object *parent)
{
    struct emu_object *o;
    uint32_t status;

    if (emu_class_is(parent->impl, "GpuResource") && !emu_class_offered(gpu, a->cls))
        return emu_rule(gpu->abi, EMU_RULE_CLASS_SUPPORTED) ? NV_ERR_NOT_SUPPORTED
                                                            : NV_ERR_INVALID_CLASS;
    if (parent->depth + 1 >= EMU_MAX_DEPTH + 1)
        return NV_ERR_ILLEGAL_ACTION;
    o = object_create(gpu, a->client, a->handle, c, parent);
    if (!o)
        return NV_ERR_NO_MEMORY;
    status = emu_class_construct(gpu, o, a);
    if (status != NV_OK)
        object_destroy(gpu, o);
    return status;
}

/* serverAllocClient: the handle is the caller's, or generated when it is 0; hParent and hObject
 * are ignored. */
static uint32_t
alloc_client(struct emu_gpu *gpu, const struct nvrm_class *c, struct emu_alloc *a)
{
    struct emu_rm *rm = &gpu->gsp.rm;
    struct emu_wire w;

    while (!a->client) {
        const uint32_t handle = CLIENT_BASE + rm->next_client++;

        if (!emu_object_find(gpu, handle, handle))
            a->client = handle;
    }
    if (emu_object_find(gpu, a->client, a->client))
        return NV_ERR_INSERT_DUPLICATE_NAME;
    a->handle = a->client;
    if (!object_create(gpu, a->client, a->client, c, NULL))
        return NV_ERR_NO_MEMORY;
    if (a->params &&
        emu_wire_init(&w, gpu->abi, "NV0000_ALLOC_PARAMETERS", a->params, a->bytes))
        emu_set(&w, a->client, "hClient");
    return NV_OK;
}

uint32_t
emu_rm_alloc(struct emu_gpu *gpu, struct emu_alloc *a)
{
    const struct nvrm_class *c = nvrm_class_by_id(gpu->abi, a->cls);
    struct emu_object *parent = NULL;
    uint32_t status;

    if (!c || !c->impl)
        return NV_ERR_INVALID_CLASS;
    status = check_params(gpu, c, a);
    if (status != NV_OK)
        return status;
    if (is_root_class(nvrm_str(gpu->abi.schema, c->impl)))
        return alloc_client(gpu, c, a);
    if (!emu_object_find(gpu, a->client, a->client))
        return NV_ERR_INVALID_OBJECT_HANDLE;
    status = fix_event(gpu, a, &c);
    if (status == NV_OK)
        status = check_second_client(gpu, c, a);
    if (status == NV_OK)
        status = check_place(gpu, c, a, &parent);
    if (status == NV_OK)
        status = assign_handle(gpu, a->client, &a->handle);
    if (status == NV_OK)
        status = construct(gpu, c, a, parent);
    return status;
}

/* Freeing what is not there is no error (RS_COMPATABILITY_MODE, rs_server.c and the vendor's
 * Makefile). */
uint32_t
emu_rm_free(struct emu_gpu *gpu, uint32_t client, uint32_t handle)
{
    struct emu_object *o;

    if (!emu_object_find(gpu, client, client))
        return NV_ERR_INVALID_OBJECT_HANDLE;
    o = emu_object_find(gpu, client, handle);
    if (o)
        free_tree(gpu, o);
    return NV_OK;
}

uint32_t
emu_rm_dup(struct emu_gpu *gpu, uint32_t client, uint32_t parent, uint32_t *handle,
           uint32_t client_src, uint32_t handle_src)
{
    struct emu_object *src, *to, *o;
    uint32_t status;

    if (!emu_object_find(gpu, client, client) || !emu_object_find(gpu, client_src, client_src))
        return NV_ERR_INVALID_OBJECT_HANDLE;
    src = emu_object_find(gpu, client_src, handle_src);
    to = emu_object_find(gpu, client, parent);
    if (!src || !to)
        return NV_ERR_OBJECT_NOT_FOUND;
    if (!emu_class_can_copy(src->impl))
        return NV_ERR_INVALID_ARGUMENT;
    status = assign_handle(gpu, client, handle);
    if (status != NV_OK)
        return status;
    if (to->depth + 1 >= EMU_MAX_DEPTH + 1)
        return NV_ERR_ILLEGAL_ACTION;
    o = object_create(gpu, client, *handle, src->cls, to);
    if (!o)
        return NV_ERR_NO_MEMORY;
    return NV_OK;
}

/* A session's RM */

/* RM's own client, device and subdevice, whose handles GET_GSP_STATIC_INFO reports. */
static int
make_internal(struct emu_gpu *gpu)
{
    struct emu_rm *rm = &gpu->gsp.rm;
    const struct nvrm_class *root = nvrm_class_by_id(gpu->abi, 0x0);
    const struct nvrm_class *device = nvrm_class_by_id(gpu->abi, 0x80);
    const struct nvrm_class *subdevice = nvrm_class_by_id(gpu->abi, 0x2080);
    struct emu_object *o = NULL;
    struct emu_alloc none = {0};

    if (!root || !device || !subdevice)
        return -ENOTSUP;
    rm->internal_client = INTERNAL_CLIENT_BASE;
    rm->internal_device = FIRMWARE_HANDLES + rm->next_handle++;
    rm->internal_subdevice = FIRMWARE_HANDLES + rm->next_handle++;
    o = object_create(gpu, rm->internal_client, rm->internal_client, root, NULL);
    if (o)
        o = object_create(gpu, rm->internal_client, rm->internal_device, device, o);
    if (o)
        o = object_create(gpu, rm->internal_client, rm->internal_subdevice, subdevice, o);
    return o && emu_class_construct(gpu, o, &none) == NV_OK ? 0 : -ENOMEM;
}

int
emu_rm_init(struct emu_gpu *gpu)
{
    struct emu_rm *rm = &gpu->gsp.rm;
    int rc;

    rm->buckets = FIRST_BUCKETS;
    rm->hash = emu_alloc(&gpu->mem, rm->buckets * sizeof(struct emu_object *));
    if (!rm->hash)
        return -ENOMEM;
    rc = emu_class_load(gpu);
    return rc < 0 ? rc : make_internal(gpu);
}

void
emu_rm_fini(struct emu_gpu *gpu)
{
    struct emu_rm *rm = &gpu->gsp.rm;

    for (uint32_t i = 0; rm->hash && i < rm->buckets; i++)
        while (rm->hash[i]) {
            struct emu_object *o = rm->hash[i];

            while (o->parent)
                o = o->parent;
            free_tree(gpu, o);
        }
    emu_free(&gpu->mem, rm->hash);
    emu_free(&gpu->mem, rm->offered);
    *rm = (struct emu_rm){0};
}
