/* SPDX-License-Identifier: MIT */
/*
 * RPCs: which function does what, continuation records, and events.
 *
 * Two layers of status: rpc_result in the header, and the status that some payloads carry.
 * Allocation, free and dup set both (rpcRmApiAlloc_GSP looks at params only when rpc_result
 * failed, rpc.c); a control that RM refuses has rpc_result 0 and its status in the payload.
 */
#include <stdio.h>
#include <string.h>

#include "emu_priv.h"
#include "hw.h"
#include "wire.h"

struct rpc_function {
    const char *name;
    /* Serves gpu->gsp.message in place; the result becomes rpc_result. */
    uint32_t (*serve)(struct emu_gpu *gpu, struct emu_message *m);
    /* Bytes of the whole payload, where the first record does not hold all of it. May be NULL.
     */
    uint64_t (*total)(struct emu_gpu *gpu, const struct emu_message *m);
    uint8_t flags;
};
enum {
    ASYNC = 1,      /* no answer */
    ONE_RECORD = 2, /* the answer is not continued */
    AT_START = 4,   /* allowed before INIT_DONE */
    OWN_STATUS = 8, /* it asks for a fault's status itself: its payload carries one */
};

bool
emu_request_room(struct emu_gpu *gpu, uint32_t bytes)
{
    struct emu_gsp *gsp = &gpu->gsp;
    uint8_t *grown;

    if (bytes <= gsp->request_cap)
        return true;
    grown = emu_realloc(&gpu->mem, gsp->request, bytes);
    if (!grown)
        return false;
    memset(grown + gsp->request_cap, 0, bytes - gsp->request_cap);
    gsp->request = grown;
    gsp->request_cap = bytes;
    gsp->message.payload = grown;
    return true;
}

/* Binds the payload to a struct; false leaves the caller to refuse. */
static bool
bind(const struct emu_gpu *gpu, const struct emu_message *m, const char *name,
     struct emu_wire *w)
{
    return emu_wire_init(w, gpu->abi, name, m->payload, m->bytes);
}

/* Start-up */

void
emu_rpc_init_done(struct emu_gpu *gpu, uint32_t result)
{
    if (!emu_fault_on_init(gpu))
        return;
    emu_event_send(gpu, "GSP_INIT_DONE", NULL, 0, result);
    emu_fault_disarm(gpu);
    gpu->gsp.state = result == NV_OK ? EMU_GSP_RUNNING : EMU_GSP_HALTED;
}

/* A card that was booted for real first needs the CPU once more. */
void
emu_rpc_try_init_done(struct emu_gpu *gpu)
{
    if (gpu->gsp.state == EMU_GSP_STARTING && gpu->gsp.have_system_info &&
        gpu->gsp.have_registry && !emu_seq_before_init_done(gpu))
        emu_rpc_init_done(gpu, NV_OK);
}

/*
 * Its size differs between releases (22 variants): a client that was built for another one is
 * refused. The vendor's CPU side takes a non-zero rpc_result of INIT_DONE as the failure of
 * GSP-RM's start.
 */
static uint32_t
serve_set_system_info(struct emu_gpu *gpu, struct emu_message *m)
{
    const struct nvrm_layout *l = nvrm_struct_find(gpu->abi, "GspSystemInfo");
    struct emu_wire w;

    if (l && m->bytes != l->size &&
        !emu_accepts(gpu, "GSP_SET_SYSTEM_INFO: %u bytes, GspSystemInfo has %u", m->bytes,
                     l->size)) {
        emu_rpc_init_done(gpu, NV_ERR_INVALID_PARAM_STRUCT);
        return NV_ERR_INVALID_PARAM_STRUCT;
    }
    if (emu_wire_init(&w, gpu->abi, "GspSystemInfo", m->payload, m->bytes) &&
        emu_get(&w, "bClockBoostSupported") && gpu->hw->key.family < EMU_GB10X &&
        !emu_accepts(gpu, "GSP_SET_SYSTEM_INFO: bClockBoostSupported, and FSP cannot"))
        return NV_ERR_INVALID_ARGUMENT;
    gpu->gsp.have_system_info = true;
    emu_rpc_try_init_done(gpu);
    return NV_OK;
}

/*
 * PACKED_REGISTRY_TABLE: size, numEntries; entries of 16 bytes; names and binary data behind
 * them. Clients are known that put the header's size alone into `size`, so the message's length
 * is what bounds the rest.
 */
static const char *
check_registry(const uint8_t *p, uint32_t bytes)
{
    uint32_t size, count;

    if (bytes < 8)
        return "shorter than its header";
    memcpy(&size, p, 4);
    memcpy(&count, p + 4, 4);
    if (size < 8 || size > bytes)
        return "size is not the payload's";
    if (count > (bytes - 8) / 16)
        return "more entries than fit";
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *e = p + 8 + (size_t)i * 16;
        uint32_t name, type = e[4], data, length;

        memcpy(&name, e, 4);
        memcpy(&data, e + 8, 4);
        memcpy(&length, e + 12, 4);
        if (name < 8 + count * 16 || name >= bytes || !memchr(p + name, 0, bytes - name))
            return "a name outside the table";
        if (type < 1 || type > 3)
            return "an unknown type";
        if (type != 1 && (data > bytes || length > bytes - data))
            return "data outside the table";
    }
    return NULL;
}

static uint32_t
serve_set_registry(struct emu_gpu *gpu, struct emu_message *m)
{
    const char *wrong = check_registry(m->payload, m->bytes);

    if (wrong) {
        emu_note(gpu, "SET_REGISTRY: %s", wrong);
        emu_rpc_init_done(gpu, NV_ERR_INVALID_PARAM_STRUCT);
        return NV_ERR_INVALID_PARAM_STRUCT;
    }
    gpu->gsp.have_registry = true;
    emu_rpc_try_init_done(gpu);
    return NV_OK;
}

static uint64_t
registry_total(struct emu_gpu *gpu, const struct emu_message *m)
{
    uint32_t size = 0;

    (void)gpu;
    if (m->bytes >= 4)
        memcpy(&size, m->payload, 4);
    return size;
}

/* Objects and controls */

/* RMAPI_RPC_FLAGS_SERIALIZED (rmapi.h): params in FINN form. */
static bool
is_serialized(const struct emu_wire *w)
{
    const uint64_t flags =
        emu_has(w, "rmapiRpcFlags") ? emu_get(w, "rmapiRpcFlags") : emu_get(w, "flags");

    return flags & 2;
}

static uint32_t
serve_alloc(struct emu_gpu *gpu, struct emu_message *m)
{
    struct emu_alloc a;
    struct emu_wire w;
    uint32_t status;

    if (!bind(gpu, m, "rpc_gsp_rm_alloc_v03_00", &w))
        return NV_ERR_INVALID_PARAM_STRUCT;
    a = (struct emu_alloc){.client = (uint32_t)emu_get(&w, "hClient"),
                           .parent = (uint32_t)emu_get(&w, "hParent"),
                           .handle = (uint32_t)emu_get(&w, "hObject"),
                           .cls = (uint32_t)emu_get(&w, "hClass"),
                           .bytes = (uint32_t)emu_get(&w, "paramsSize"),
                           .params = m->payload + w.layout->size};
    if (a.bytes > m->bytes - w.layout->size)
        status = NV_ERR_INVALID_PARAM_STRUCT;
    else if (is_serialized(&w)) /* FINN has no form for any class's parameters */
        status = NV_ERR_LIB_RM_VERSION_MISMATCH;
    else if (!emu_fault_status(gpu, &status))
        status = emu_rm_alloc(gpu, &a);
    emu_set(&w, a.client, "hClient");
    emu_set(&w, a.handle, "hObject");
    emu_set(&w, status, "status");
    return status;
}

static const char control_struct[] = "rpc_gsp_rm_control_v03_00";

static uint64_t
control_total(struct emu_gpu *gpu, const struct emu_message *m)
{
    struct emu_wire w;

    if (!bind(gpu, m, control_struct, &w))
        return 0;
    return w.layout->size + emu_get(&w, "paramsSize");
}

static uint32_t
serve_control(struct emu_gpu *gpu, struct emu_message *m)
{
    struct emu_wire w;
    uint32_t bytes, status;

    if (!bind(gpu, m, control_struct, &w))
        return NV_ERR_INVALID_PARAM_STRUCT;
    bytes = (uint32_t)emu_get(&w, "paramsSize");
    if (bytes > m->bytes - w.layout->size)
        status = NV_ERR_INVALID_PARAM_STRUCT;
    else if (!emu_fault_status(gpu, &status))
        status = emu_rm_control(gpu, (uint32_t)emu_get(&w, "hClient"),
                                (uint32_t)emu_get(&w, "hObject"), (uint32_t)emu_get(&w, "cmd"),
                                m->payload + w.layout->size, bytes, is_serialized(&w));
    emu_set(&w, status, "status");
    return NV_OK;
}

static uint32_t
serve_free(struct emu_gpu *gpu, struct emu_message *m)
{
    struct emu_wire w;
    uint32_t status;

    if (!bind(gpu, m, "rpc_free_v03_00", &w))
        return NV_ERR_INVALID_PARAM_STRUCT;
    if (!emu_fault_status(gpu, &status))
        status = emu_rm_free(gpu, (uint32_t)emu_get(&w, "params.hRoot"),
                             (uint32_t)emu_get(&w, "params.hObjectOld"));
    emu_set(&w, status, "params.status");
    return status;
}

static uint32_t
serve_dup(struct emu_gpu *gpu, struct emu_message *m)
{
    struct emu_wire w;
    uint32_t handle, status;

    if (!bind(gpu, m, "rpc_dup_object_v03_00", &w))
        return NV_ERR_INVALID_PARAM_STRUCT;
    handle = (uint32_t)emu_get(&w, "params.hObject");
    if (!emu_fault_status(gpu, &status))
        status = emu_rm_dup(gpu, (uint32_t)emu_get(&w, "params.hClient"),
                            (uint32_t)emu_get(&w, "params.hParent"), &handle,
                            (uint32_t)emu_get(&w, "params.hClientSrc"),
                            (uint32_t)emu_get(&w, "params.hObjectSrc"));
    emu_set(&w, handle, "params.hObject");
    emu_set(&w, status, "params.status");
    return status;
}

static const char memory_struct[] = "rpc_alloc_memory_v13_01";

static uint64_t
memory_total(struct emu_gpu *gpu, const struct emu_message *m)
{
    struct emu_wire w;
    long pages;

    if (!bind(gpu, m, memory_struct, &w))
        return 0;
    pages = emu_offset(&w, "pteDesc");
    return pages < 0 ? 0 : (uint64_t)pages + 8 + emu_get(&w, "pteDesc.length") * 8;
}

/* Where notifiers are written that a channel names by this memory's handle. */
static void
keep_first_page(struct emu_gpu *gpu, const struct emu_alloc *a, const uint8_t *entry)
{
    struct emu_object *o = emu_object_find(gpu, a->client, a->handle);
    uint64_t page;

    if (!o || !emu_class_is(o->impl, "Memory"))
        return;
    memcpy(&page, entry, sizeof(page));
    o->u.memory.set = true;
    o->u.memory.target = a->cls != emu_constant(gpu->abi, "NV01_MEMORY_LIST_FBMEM", UINT64_MAX);
    o->u.memory.addr = page << 12;
}

/* Memory that the client describes page by page (rpcAllocMemory_v13_01). */
static uint32_t
serve_alloc_memory(struct emu_gpu *gpu, struct emu_message *m)
{
    struct emu_alloc a = {0};
    struct emu_wire w;
    uint32_t status;

    if (!bind(gpu, m, memory_struct, &w) || memory_total(gpu, m) > m->bytes ||
        emu_get(&w, "pageCount") != emu_get(&w, "pteDesc.length"))
        return NV_ERR_INVALID_PARAM_STRUCT;
    a.client = (uint32_t)emu_get(&w, "hClient");
    a.parent = (uint32_t)emu_get(&w, "hDevice");
    a.handle = (uint32_t)emu_get(&w, "hMemory");
    a.cls = (uint32_t)emu_get(&w, "hClass");
    a.params = NULL; /* described by the message itself */
    status = emu_rm_alloc(gpu, &a);
    if (status == NV_OK && emu_get(&w, "pageCount"))
        keep_first_page(gpu, &a, m->payload + emu_offset(&w, "pteDesc") + 8);
    return status;
}

/* The page-directory RPCs name the device and carry the parameters of the control of the same
 * name. */
static uint32_t
serve_page_directory(struct emu_gpu *gpu, struct emu_message *m, const char *name, bool set)
{
    const struct nvrm_rpc *rpc = nvrm_rpc_find(gpu->abi, name);
    const struct nvrm_layout *l = rpc ? nvrm_struct_at(gpu->abi, rpc->params) : NULL;
    struct emu_object *device;
    struct emu_wire w = {.abi = gpu->abi, .layout = l, .data = m->payload, .bytes = m->bytes};
    uint32_t client;

    if (!l || m->bytes < l->size)
        return NV_ERR_INVALID_PARAM_STRUCT;
    client = (uint32_t)emu_get(&w, "hClient");
    device = emu_object_find(gpu, client, (uint32_t)emu_get(&w, "hDevice"));
    if (!emu_object_find(gpu, client, client))
        return NV_ERR_INVALID_CLIENT;
    if (!device)
        return NV_ERR_OBJECT_NOT_FOUND;
    if (strcmp(device->impl, "Device") != 0)
        return NV_ERR_INVALID_OBJECT_HANDLE;
    return emu_set_page_directory(gpu, device, &w, "params.", set);
}

static uint32_t
serve_set_page_directory(struct emu_gpu *gpu, struct emu_message *m)
{
    return serve_page_directory(gpu, m, "SET_PAGE_DIRECTORY", true);
}

static uint32_t
serve_unset_page_directory(struct emu_gpu *gpu, struct emu_message *m)
{
    return serve_page_directory(gpu, m, "UNSET_PAGE_DIRECTORY", false);
}

/* The card */

static uint32_t
serve_bar_pde(struct emu_gpu *gpu, struct emu_message *m)
{
    const struct nvrm_rpc *rpc = nvrm_rpc_find(gpu->abi, "UPDATE_BAR_PDE");
    const struct nvrm_layout *l = rpc ? nvrm_struct_at(gpu->abi, rpc->params) : NULL;
    struct emu_wire w = {.abi = gpu->abi, .layout = l, .data = m->payload, .bytes = m->bytes};

    if (!l || m->bytes < l->size)
        return NV_ERR_INVALID_PARAM_STRUCT;
    return emu_get(&w, "info.barType") <= 1 ? NV_OK : NV_ERR_INVALID_ARGUMENT;
}

static uint32_t
serve_static_info(struct emu_gpu *gpu, struct emu_message *m)
{
    const struct nvrm_layout *l = nvrm_struct_find(gpu->abi, "GspStaticConfigInfo_t");

    if (!l || !emu_request_room(gpu, l->size))
        return l ? NV_ERR_NO_MEMORY : NV_ERR_NOT_SUPPORTED;
    if (m->bytes > 4 && m->bytes != l->size && /* 4: rpc_get_gsp_static_info_v14_00 */
        !emu_accepts(gpu, "GET_GSP_STATIC_INFO: room for %u bytes, it has %u", m->bytes,
                     l->size))
        return NV_ERR_INVALID_PARAM_STRUCT;
    m->bytes = l->size;
    emu_static_info_fill(gpu, m->payload, m->bytes);
    return NV_OK;
}

static uint32_t
serve_guest_info(struct emu_gpu *gpu, struct emu_message *m)
{
    struct emu_wire w;

    return bind(gpu, m, "rpc_set_guest_system_info_v03_00", &w) ? NV_OK
                                                                : NV_ERR_INVALID_PARAM_STRUCT;
}

/* Memory for traces of a crash: nothing is written there. */
static uint32_t
serve_trace_buffer(struct emu_gpu *gpu, struct emu_message *m)
{
    struct emu_wire w;

    if (!bind(gpu, m, "rpc_init_gsp_trace_crash_buffer_v03_00", &w) || !emu_get(&w, "size"))
        return NV_ERR_INVALID_PARAM_STRUCT;
    return emu_ram_at(&gpu->ram, emu_get(&w, "pa"), emu_get(&w, "size"))
               ? NV_OK
               : NV_ERR_INVALID_ARGUMENT;
}

/* The client wrote an ECC notifier; nobody waits for an answer. */
static uint32_t
serve_ecc_ack(struct emu_gpu *gpu, struct emu_message *m)
{
    (void)gpu;
    (void)m;
    return NV_OK;
}

static uint32_t
serve_unload(struct emu_gpu *gpu, struct emu_message *m)
{
    struct emu_wire w;

    if (!bind(gpu, m, "rpc_unloading_guest_driver_v1F_07", &w))
        return NV_ERR_INVALID_PARAM_STRUCT;
    gpu->gsp.state = EMU_GSP_UNLOADED;
    gpu->gsp.suspending = emu_get(&w, "bInPMTransition") && !emu_get(&w, "bGc6Entering");
    gpu->regs.mailbox[0] = 0x80000000u; /* processor suspended (kgspUnloadRm) */
    return NV_OK;
}

static const struct rpc_function functions[] = {
    {"GSP_RM_CONTROL",              serve_control,              control_total,  OWN_STATUS      },
    {"GSP_RM_ALLOC",                serve_alloc,                NULL,           OWN_STATUS      },
    {"FREE",                        serve_free,                 NULL,           OWN_STATUS      },
    {"DUP_OBJECT",                  serve_dup,                  NULL,           OWN_STATUS      },
    {"ALLOC_MEMORY",                serve_alloc_memory,         memory_total,   ONE_RECORD      },
    {"SET_PAGE_DIRECTORY",          serve_set_page_directory,   NULL,           0               },
    {"UNSET_PAGE_DIRECTORY",        serve_unset_page_directory, NULL,           0               },
    {"UPDATE_BAR_PDE",              serve_bar_pde,              NULL,           0               },
    {"GET_GSP_STATIC_INFO",         serve_static_info,          NULL,           0               },
    {"SET_GUEST_SYSTEM_INFO",       serve_guest_info,           NULL,           0               },
    {"INIT_GSP_TRACE_CRASH_BUFFER", serve_trace_buffer,         NULL,           0               },
    {"GSP_SET_SYSTEM_INFO",         serve_set_system_info,      NULL,           ASYNC | AT_START},
    {"SET_REGISTRY",                serve_set_registry,         registry_total, ASYNC | AT_START},
    {"ECC_NOTIFIER_WRITE_ACK",      serve_ecc_ack,              NULL,           ASYNC           },
    {"UNLOADING_GUEST_DRIVER",      serve_unload,               NULL,           AT_START        },
};

static const struct rpc_function *
find_function(struct emu_gpu *gpu, uint32_t id)
{
    const struct nvrm_rpc *rpc = nvrm_rpc_by_id(gpu->abi, id);
    const char *name = rpc && !rpc->is_event ? nvrm_str(gpu->abi.schema, rpc->name) : NULL;

    for (size_t i = 0; name && i < sizeof(functions) / sizeof(functions[0]); i++)
        if (!strcmp(functions[i].name, name))
            return &functions[i];
    return NULL;
}

/* Dispatch */

/* What a fault may be tied to besides the function: the control's or the class's id. */
static uint32_t
sub_id(struct emu_gpu *gpu, const struct rpc_function *f, const struct emu_message *m)
{
    struct emu_wire w;

    if (f && f->serve == serve_control && bind(gpu, m, control_struct, &w))
        return (uint32_t)emu_get(&w, "cmd");
    if (f && f->serve == serve_alloc && bind(gpu, m, "rpc_gsp_rm_alloc_v03_00", &w))
        return (uint32_t)emu_get(&w, "hClass");
    return 0;
}

static void
serve(struct emu_gpu *gpu, const struct rpc_function *f)
{
    struct emu_message *m = &gpu->gsp.message;

    if (!emu_fault_on_request(gpu, m->function, sub_id(gpu, f, m)))
        return;
    if (!f) {
        emu_note(gpu, "rpc function %u is not served", m->function);
        m->result = NV_ERR_NOT_SUPPORTED;
    } else if (gpu->gsp.state == EMU_GSP_STARTING && !(f->flags & AT_START)) {
        emu_note(gpu, "%s before GSP_INIT_DONE", f->name);
        m->result = NV_ERR_INVALID_STATE;
    } else if (f->flags & OWN_STATUS || !emu_fault_status(gpu, &m->result)) {
        m->result = f->serve(gpu, m);
    }
    if (!f || !(f->flags & ASYNC)) {
        emu_queue_send(gpu, m, f && f->flags & ONE_RECORD);
        gpu->gsp.answered++;
    }
    emu_fault_disarm(gpu);
}

/* A record that starts a request. */
static void
begin(struct emu_gpu *gpu, const uint8_t *rpc, uint32_t payload_bytes)
{
    struct emu_gsp *gsp = &gpu->gsp;
    const struct emu_headers *h = &gsp->headers;
    struct emu_message *m = &gsp->message;
    const struct rpc_function *f;
    uint64_t total;

    if (gsp->request_want)
        emu_note(gpu, "a request of function %u was never completed", m->function);
    gsp->request_want = gsp->request_have = 0;
    *m = (struct emu_message){.payload = gsp->request, .bytes = payload_bytes};
    memcpy(&m->function, rpc + h->function, 4);
    memcpy(&m->sequence, rpc + h->sequence, 4);
    f = find_function(gpu, m->function);
    if (!emu_request_room(gpu, EMU_RECORD_MAX))
        return emu_gsp_halt(gpu);
    if (payload_bytes)
        memcpy(m->payload, rpc + h->rpc_bytes, payload_bytes);
    total = f && f->total ? f->total(gpu, m) : payload_bytes;
    if (total > payload_bytes && payload_bytes == h->record_max - h->rpc_bytes &&
        total <= EMU_REQUEST_MAX) {
        if (!emu_request_room(gpu, (uint32_t)total))
            return emu_gsp_halt(gpu);
        gsp->request_want = (uint32_t)total;
        gsp->request_have = payload_bytes;
        return;
    }
    serve(gpu, f);
}

static void
append(struct emu_gpu *gpu, const uint8_t *payload, uint32_t bytes)
{
    struct emu_gsp *gsp = &gpu->gsp;

    if (!gsp->request_want || bytes > gsp->request_want - gsp->request_have) {
        emu_note(gpu, "a continuation record that continues nothing");
        return;
    }
    memcpy(gsp->request + gsp->request_have, payload, bytes);
    gsp->request_have += bytes;
    if (gsp->request_have < gsp->request_want)
        return;
    gsp->message.bytes = gsp->request_want;
    gsp->request_want = 0;
    serve(gpu, find_function(gpu, gsp->message.function));
}

void
emu_rpc_dispatch(struct emu_gpu *gpu, uint32_t rpc_bytes)
{
    const struct emu_headers *h = &gpu->gsp.headers;
    const uint8_t *rpc = gpu->gsp.record + h->element_bytes;
    uint32_t function;

    memcpy(&function, rpc + h->function, 4);
    if (function == h->continuation)
        append(gpu, rpc + h->rpc_bytes, rpc_bytes - h->rpc_bytes);
    else
        begin(gpu, rpc, rpc_bytes - h->rpc_bytes);
}

/* Events */

void
emu_event_send(struct emu_gpu *gpu, const char *name, const void *payload, uint32_t bytes,
               uint32_t result)
{
    const struct nvrm_rpc *event = nvrm_rpc_find(gpu->abi, name);
    struct emu_message m = {.result = result, .payload = (uint8_t *)payload, .bytes = bytes};

    if (!event)
        return;
    if (gpu->on_event) {
        gpu->on_event(gpu->event_ctx, name, payload, bytes);
        return;
    }
    m.function = event->id;
    gpu->faults.muted = strcmp(name, "GSP_INIT_DONE") != 0;
    emu_queue_send(gpu, &m, true);
    gpu->faults.muted = false;
}

void
emu_event_xid(struct emu_gpu *gpu, uint32_t xid, const char *text)
{
    uint8_t payload[512] = {0};
    struct emu_wire w;

    if (!emu_wire_init(&w, gpu->abi, "rpc_os_error_log_v17_00", payload, sizeof(payload)))
        return;
    emu_set(&w, xid, "exceptType");
    emu_set(&w, UINT32_MAX, "chid"); /* no channel */
    emu_set_text(&w, text, "errString");
    emu_event_send(gpu, "OS_ERROR_LOG", payload, w.layout->size, NV_OK);
}
