/* SPDX-License-Identifier: MIT */
/*
 * What an SM says of the error that stopped a context: a debugger session over the context's
 * compute object reads the error registers of all SMs, whose PC leads back to a kernel.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <gsp/codec.h>

#include "compute_priv.h"

enum { DEBUGGER = 0x83de, SMS_AT_ONCE = 100 };

/* HWW_WARP_ESR's errors, by number. */
static const char *const reasons[] = {
    [0x01] = "API stack error",
    [0x02] = "empty return stack",
    [0x04] = "PC wrapped around",
    [0x05] = "misaligned PC",
    [0x06] = "PC overflow",
    [0x07] = "misaligned immediate address",
    [0x08] = "misaligned register",
    [0x09] = "illegal instruction",
    [0x0a] = "illegal combination of instructions",
    [0x0b] = "illegal parameter of an instruction",
    [0x0c] = "address outside a constant bank",
    [0x0d] = "register out of range",
    [0x0e] = "address out of range",
    [0x0f] = "misaligned address",
    [0x10] = "address of the wrong space",
    [0x11] = "illegal parameter of an instruction",
    [0x12] = "address outside a constant bank",
    [0x14] = "divergent warp",
    [0x15] = "exited warp",
    [0x16] = "MMU fault",
};

/* ---- the session ---- */

struct search {
    rm_handle channel, found;
    uint32_t class_id;
};

static int
find_object(void *ctx, const struct rm_object *o)
{
    struct search *s = ctx;

    if (o->parent == s->channel && o->class_id == s->class_id)
        s->found = o->handle;
    return s->found != 0;
}

void
nvmem_compute_fault_open(struct nvmem_compute *c)
{
    struct rm_client *client = nvmem_device_client(c->dev);
    struct search s = {.channel = nvmem_channel_handle(c->channel),
                       .class_id = c->compute_class};
    uint32_t params[3] = {0, rm_client_handle(client), 0}; /* NV83DE_ALLOC_PARAMETERS */

    nvmem_device_lock(c->dev);
    rm_tree_walk(client, find_object, &s);
    params[2] = s.found;
    if (!s.found || rm_alloc(client, nvmem_device_handle(c->dev), DEBUGGER, params,
                             sizeof(params), &c->debugger, NULL) < 0)
        c->debugger = 0;
    nvmem_device_unlock(c->dev);
}

void
nvmem_compute_fault_close(struct nvmem_compute *c)
{
    if (!c->debugger)
        return;
    nvmem_device_lock(c->dev);
    if (rm_free(nvmem_device_client(c->dev), c->debugger, NULL) == 0)
        c->debugger = 0;
    nvmem_device_unlock(c->dev);
    c->debugger = 0;
}

/* ---- reading ---- */

/* One call's parameters at the release's layout. */
struct states {
    struct nvrm_abi abi;
    const struct nvrm_layout *layout;
    uint8_t *data;
};

static uint64_t
field(const struct states *s, unsigned i, const char *name)
{
    char path[64];
    uint64_t value = 0;

    snprintf(path, sizeof(path), "smErrorStateArray[%u].%s", i, name);
    return gsp_field_get(s->abi, s->layout, s->data, s->layout->size, path, &value, NULL) < 0
               ? 0
               : value;
}

static void
set(const struct states *s, const char *path, uint64_t value)
{
    if (gsp_field_set(s->abi, s->layout, s->data, s->layout->size, path, value, NULL) < 0)
        return; /* a release without the field: RM answers for the first SMs */
}

static bool
read_states(struct nvmem_compute *c, const struct states *s, unsigned first, unsigned count)
{
    const struct nvrm_control *control =
        nvrm_control_find(s->abi, "NV83DE_CTRL_CMD_DEBUG_READ_ALL_SM_ERROR_STATES");
    int rc;

    memset(s->data, 0, s->layout->size);
    set(s, "hTargetChannel", nvmem_channel_handle(c->channel));
    set(s, "numSMsToRead", count);
    set(s, "startingSM", first);
    nvmem_device_lock(c->dev);
    rc = control ? rm_control(nvmem_device_client(c->dev), c->debugger, control->id, s->data,
                              s->layout->size, NULL)
                 : -ENOENT;
    nvmem_device_unlock(c->dev);
    return rc == 0;
}

/* The first SM with an error among `count`. */
static bool
first_error(const struct states *s, unsigned first, unsigned count,
            struct nvmem_compute_fault *out)
{
    for (unsigned i = 0; i < count; i++) {
        const uint64_t esr = field(s, i, "hwwWarpEsr");

        if (!esr && !field(s, i, "hwwGlobalEsr"))
            continue;
        *out = (struct nvmem_compute_fault){.sm = first + i, .warp_esr = (uint32_t)esr};
        out->pc = field(s, i, "hwwWarpEsrPc64");
        out->address = field(s, i, "hwwEsrAddr");
        return true;
    }
    return false;
}

static void
find_function(const struct nvmem_compute *c, struct nvmem_compute_fault *f)
{
    for (struct nvmem_module *m = c->first; m; m = m->next) {
        for (unsigned i = 0; i < nvmem_cubin_kernel_count(m->cubin); i++) {
            struct nvmem_function *fn = &m->functions[i];

            if (f->pc < fn->code_va || f->pc - fn->code_va >= fn->kernel->code_bytes)
                continue;
            f->function = fn;
            f->offset = f->pc - fn->code_va;
            if (f->offset % NVMEM_CUBIN_INSTRUCTION_BYTES == 0)
                f->instruction = fn->kernel->code + f->offset;
            return;
        }
    }
}

static bool
ask(struct nvmem_compute *c, struct nvmem_compute_fault *out)
{
    const unsigned count = c->limits.sm_count;
    struct states s = {.abi = nvmem_device_abi(c->dev)};
    bool found = false;

    s.layout = nvrm_struct_find(s.abi, "NV83DE_CTRL_DEBUG_READ_ALL_SM_ERROR_STATES_PARAMS");
    s.data = s.layout ? gsp_host_alloc(c->host, s.layout->size) : NULL;
    for (unsigned first = 0; s.data && first < count && !found; first += SMS_AT_ONCE) {
        const unsigned n = count - first < SMS_AT_ONCE ? count - first : SMS_AT_ONCE;

        found = read_states(c, &s, first, n) && first_error(&s, first, n, out);
    }
    gsp_host_free(c->host, s.data);
    return found;
}

bool
nvmem_compute_fault(struct nvmem_compute *c, struct nvmem_compute_fault *out)
{
    const unsigned rows = sizeof(reasons) / sizeof(*reasons);
    struct nvmem_compute_fault f;

    *out = c->fault;
    if (c->fault_known || !c->debugger || !c->channel || !ask(c, &f))
        return c->fault_known;
    f.reason = f.warp_esr < rows && reasons[f.warp_esr] ? reasons[f.warp_esr] : "stopped";
    find_function(c, &f);
    c->fault = f;
    c->fault_known = true;
    *out = f;
    return true;
}
