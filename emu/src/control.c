/* SPDX-License-Identifier: MIT */
/*
 * Control dispatch: is there such an object, does its class export the method, do the sizes
 * agree, who serves it.
 *
 * Order and statuses after _rmapiRmControl (control.c), serverControl (rs_server.c) and
 * resControlLookup (rs_resource.c), 535.113.01 to 595.45.04.
 */
#include "control.h"

#include <stdio.h>
#include <string.h>

#include "finn.h"
#include "release.h"

static const struct emu_control_list *const lists[] = {
    &emu_ctl_gpu,     &emu_ctl_fb,    &emu_ctl_gr,      &emu_ctl_fifo, &emu_ctl_bus,
    &emu_ctl_thermal, &emu_ctl_root,  &emu_ctl_device,  &emu_ctl_misc, &emu_ctl_event,
    &emu_ctl_chan,    &emu_ctl_debug, &emu_ctl_compute,
};

static const struct emu_control *
find_server(const char *name)
{
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        for (unsigned k = 0; k < lists[i]->count; k++)
            if (!strcmp(lists[i]->rows[k].name, name))
                return &lists[i]->rows[k];
    return NULL;
}

/* Class part of a control id. */
static const struct nvrm_class *
class_of(struct nvrm_abi abi, uint32_t cmd)
{
    return nvrm_class_by_id(abi, cmd >> 16);
}

/* Exported by the object's class or one of its bases. */
static bool
exported_by(const struct emu_gpu *gpu, const struct nvrm_control *c,
            const struct emu_object *object)
{
    const char *on = nvrm_str(gpu->abi.schema, c->on);

    return *on && emu_class_is(object->impl, on);
}

/*
 * From some releases on, a size that is not the method's is refused before anything is looked
 * up, if the class that the id names exports the method itself.
 */
static bool
wrong_size_first(const struct emu_gpu *gpu, const struct nvrm_control *c,
                 const struct nvrm_layout *l, uint32_t bytes)
{
    const struct nvrm_class *cls = c ? class_of(gpu->abi, c->id) : NULL;
    const struct nvrm_schema *s = gpu->abi.schema;

    if (!l || bytes == l->size || !cls || !emu_rule(gpu->abi, EMU_RULE_CONTROL_SIZE_FIRST))
        return false;
    return c->on && !strcmp(nvrm_str(s, c->on), nvrm_str(s, cls->impl));
}

/* NVXXXX_CTRL_CMD_NULL and each class's own: category and index are 0. */
static bool
is_null_command(uint32_t cmd)
{
    return !(cmd & 0x3fff);
}

/* Serialised params are unpacked behind the look-up and packed again when all went well. */
static uint32_t
serve_serialized(struct emu_call *call, const struct emu_control *server,
                 const struct nvrm_layout *l, uint32_t cmd, uint8_t *params, uint32_t bytes)
{
    struct emu_gpu *gpu = call->gpu;
    struct emu_finn plain;
    uint32_t status = emu_finn_decode(&gpu->mem, gpu->abi, cmd, l, params, bytes, &plain);

    if (status == NV_OK) {
        call->p.data = plain.data;
        call->p.bytes = plain.bytes;
        status = server->serve(call);
    }
    if (status == NV_OK)
        status = emu_finn_encode(&gpu->mem, gpu->abi, cmd, l, &plain, params, bytes);
    emu_finn_fini(&gpu->mem, &plain);
    return status;
}

uint8_t *
emu_pointee(struct emu_call *c, const char *field, uint64_t bytes)
{
    const uint64_t at = emu_get(&c->p, "%s", field);

    if (at < c->p.layout->size || at > c->p.bytes || bytes > c->p.bytes - at)
        return NULL;
    return c->p.data + at;
}

/* Whether there is such an object, and whether it takes the control with so many bytes. */
static uint32_t
look_up(struct emu_gpu *gpu, const struct nvrm_control *c, const struct nvrm_layout *l,
        uint32_t client, uint32_t handle, uint32_t bytes, bool serialized,
        struct emu_object **object_out)
{
    if (!emu_object_find(gpu, client, client))
        return NV_ERR_INVALID_CLIENT;
    if (!serialized && wrong_size_first(gpu, c, l, bytes))
        return NV_ERR_INVALID_ARGUMENT;
    *object_out = emu_object_find(gpu, client, handle);
    if (!*object_out)
        return NV_ERR_OBJECT_NOT_FOUND;
    if (!c || !exported_by(gpu, c, *object_out))
        return NV_ERR_NOT_SUPPORTED;
    if (serialized && (!l || !(l->flags & NVRM_LAYOUT_FINN)))
        return NV_ERR_LIB_RM_VERSION_MISMATCH;
    return !serialized && l && bytes != l->size ? NV_ERR_INVALID_PARAM_STRUCT : NV_OK;
}

uint32_t
emu_rm_control_check(struct emu_gpu *gpu, uint32_t client, uint32_t handle, uint32_t cmd,
                     uint32_t bytes)
{
    const struct nvrm_control *c = nvrm_control_by_id(gpu->abi, cmd);
    const struct nvrm_layout *l = c ? nvrm_struct_at(gpu->abi, c->params) : NULL;
    struct emu_object *object;

    return is_null_command(cmd) ? NV_OK
                                : look_up(gpu, c, l, client, handle, bytes, false, &object);
}

static uint32_t
run_control(struct emu_gpu *gpu, uint32_t client, uint32_t handle, uint32_t cmd,
            uint8_t *params, uint32_t bytes, uint32_t room, bool serialized)
{
    const struct nvrm_control *c = nvrm_control_by_id(gpu->abi, cmd);
    const struct nvrm_layout *l = c ? nvrm_struct_at(gpu->abi, c->params) : NULL;
    const struct emu_control *server;
    struct emu_call call = {.gpu = gpu, .card = gpu->card};
    uint32_t status;

    if (is_null_command(cmd))
        return NV_OK;
    status = look_up(gpu, c, l, client, handle, bytes, serialized, &call.object);
    if (status != NV_OK)
        return status;
    server = find_server(nvrm_str(gpu->abi.schema, c->name));
    if (!server) {
        emu_note(gpu, "control %s is not modelled", nvrm_str(gpu->abi.schema, c->name));
        return NV_ERR_NOT_SUPPORTED;
    }
    call.p = (struct emu_wire){.abi = gpu->abi, .layout = l, .bytes = room};
    call.p.data = params;
    if (serialized)
        return serve_serialized(&call, server, l, cmd, params, bytes);
    return server->serve(&call);
}

uint32_t
emu_rm_control(struct emu_gpu *gpu, uint32_t client, uint32_t handle, uint32_t cmd,
               uint8_t *params, uint32_t bytes, bool serialized)
{
    const uint32_t status =
        run_control(gpu, client, handle, cmd, params, bytes, bytes, serialized);

    if (status != NV_OK)
        emu_log(gpu, EMU_LOG_CONTROL, (const uint64_t[]){status, cmd, handle});
    return status;
}

uint32_t
emu_rm_control_plain(struct emu_gpu *gpu, uint32_t client, uint32_t handle, uint32_t cmd,
                     uint8_t *params, uint32_t bytes, uint32_t room)
{
    return run_control(gpu, client, handle, cmd, params, bytes, room, false);
}

/* Whether the release has a constant of this value among PREFIX_*: an index that it knows. */
static bool
release_knows(struct nvrm_abi abi, const char *prefix, uint32_t index)
{
    const size_t n = strlen(prefix);

    for (unsigned i = 0; i < nvrm_constant_count(abi.schema); i++) {
        const struct nvrm_const *k = nvrm_constant_at(abi, i);

        if (k && !k->is_range && k->value == index &&
            !strncmp(nvrm_str(abi.schema, k->name), prefix, n))
            return true;
    }
    return false;
}

static bool
info_value(struct emu_call *c, const char *prefix, const struct emu_info *table, unsigned count,
           uint32_t index, uint32_t *value)
{
    char name[128];

    *value = 0;
    for (unsigned i = 0; i < count; i++) {
        snprintf(name, sizeof(name), "%s%s", prefix, table[i].name);
        if (emu_constant(c->p.abi, name, UINT64_MAX) != index)
            continue;
        *value = table[i].value(c);
        return true;
    }
    return release_knows(c->p.abi, prefix, index);
}

/* {index, data} pairs behind a pointer: how the controls without _V2 carry their list. */
static uint32_t
fill_pointee(struct emu_call *c, uint32_t n, const char *list, const char *prefix,
             const struct emu_info *table, unsigned count)
{
    uint8_t *at = emu_pointee(c, list, (uint64_t)n * 8);

    if (!at)
        return NV_ERR_INVALID_ADDRESS;
    for (uint32_t i = 0; i < n; i++, at += 8) {
        uint32_t index, value;

        memcpy(&index, at, 4);
        if (!info_value(c, prefix, table, count, index, &value))
            return NV_ERR_INVALID_ARGUMENT;
        memcpy(at + 4, &value, 4);
    }
    return NV_OK;
}

uint32_t
emu_info_fill(struct emu_call *c, const char *size, const char *list, const char *prefix,
              const struct emu_info *table, unsigned count)
{
    const uint32_t n = (uint32_t)emu_get(&c->p, "%s", size);
    const struct nvrm_field *f = nvrm_field_find(c->p.abi.schema, c->p.layout, list);

    if (f && f->type == NVRM_PTR)
        return n ? fill_pointee(c, n, list, prefix, table, count) : NV_ERR_INVALID_ARGUMENT;
    if (!n || n > emu_count(&c->p, "%s", list))
        return NV_ERR_INVALID_ARGUMENT;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t value;

        if (!info_value(c, prefix, table, count,
                        (uint32_t)emu_get(&c->p, "%s[%u].index", list, i), &value))
            return NV_ERR_INVALID_ARGUMENT;
        emu_set(&c->p, value, "%s[%u].data", list, i);
    }
    return NV_OK;
}
