/* SPDX-License-Identifier: MIT */
/* jansson as the peer of bench_json: the way its manual shows, with literal keys. */
#include <jansson.h>
#include <string.h>

#include "bench_json_peer.h"

static json_t *
numbers(const uint32_t *p, uint32_t count)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < count; i++)
        json_array_append_new(list, json_integer(p[i]));
    return list;
}

static char *
dump(json_t *o)
{
    char *text = json_dumps(o, JSON_COMPACT);

    json_decref(o);
    return text;
}

static char *
write_pids(const union bench_json_struct *u)
{
    json_t *o = json_object();

    json_object_set_new(o, "idType", json_string("NV2080_CTRL_GPU_GET_PIDS_ID_TYPE_CLASS"));
    json_object_set_new(o, "id", json_integer(u->pids.id));
    json_object_set_new(o, "pidTblCount", json_integer(u->pids.pidTblCount));
    json_object_set_new(o, "pidTbl", numbers(u->pids.pidTbl, u->pids.pidTblCount));
    return dump(o);
}

static json_t *
device(const struct NV2080_CTRL_FIFO_DEVICE_ENTRY *e)
{
    json_t *o = json_object();

    json_object_set_new(o, "engineData", numbers(e->engineData, 16));
    json_object_set_new(o, "pbdmaIds", numbers(e->pbdmaIds, e->numPbdmas));
    json_object_set_new(o, "pbdmaFaultIds", numbers(e->pbdmaFaultIds, e->numPbdmas));
    json_object_set_new(o, "numPbdmas", json_integer(e->numPbdmas));
    json_object_set_new(o, "engineName", json_string(e->engineName));
    return o;
}

static char *
write_devices(const union bench_json_struct *u)
{
    json_t *o = json_object(), *list = json_array();

    json_object_set_new(o, "baseIndex", json_integer(u->devices.baseIndex));
    json_object_set_new(o, "numEntries", json_integer(u->devices.numEntries));
    json_object_set_new(o, "bMore", json_boolean(u->devices.bMore));
    for (uint32_t i = 0; i < u->devices.numEntries; i++)
        json_array_append_new(list, device(&u->devices.entries[i]));
    json_object_set_new(o, "entries", list);
    return dump(o);
}

static uint32_t
number(const json_t *o, const char *key)
{
    return (uint32_t)json_integer_value(json_object_get(o, key));
}

static void
take_numbers(const json_t *list, uint32_t *p, size_t max)
{
    for (size_t i = 0; i < json_array_size(list) && i < max; i++)
        p[i] = (uint32_t)json_integer_value(json_array_get(list, i));
}

static bool
read_pids(const char *text, size_t bytes, union bench_json_struct *u)
{
    json_t *o = json_loadb(text, bytes, 0, NULL);

    if (!o)
        return false;
    u->pids.id = number(o, "id");
    u->pids.idType = strcmp(json_string_value(json_object_get(o, "idType")),
                            "NV2080_CTRL_GPU_GET_PIDS_ID_TYPE_CLASS") != 0;
    u->pids.pidTblCount = number(o, "pidTblCount");
    take_numbers(json_object_get(o, "pidTbl"), u->pids.pidTbl, 950);
    json_decref(o);
    return true;
}

static void
take_device(const json_t *o, struct NV2080_CTRL_FIFO_DEVICE_ENTRY *e)
{
    take_numbers(json_object_get(o, "engineData"), e->engineData, 16);
    take_numbers(json_object_get(o, "pbdmaIds"), e->pbdmaIds, 2);
    take_numbers(json_object_get(o, "pbdmaFaultIds"), e->pbdmaFaultIds, 2);
    e->numPbdmas = number(o, "numPbdmas");
    strncpy(e->engineName, json_string_value(json_object_get(o, "engineName")),
            sizeof(e->engineName) - 1);
}

static bool
read_devices(const char *text, size_t bytes, union bench_json_struct *u)
{
    json_t *o = json_loadb(text, bytes, 0, NULL), *list = json_object_get(o, "entries");

    if (!o)
        return false;
    u->devices.baseIndex = number(o, "baseIndex");
    u->devices.numEntries = number(o, "numEntries");
    u->devices.bMore = json_is_true(json_object_get(o, "bMore"));
    for (size_t i = 0; i < json_array_size(list) && i < 32; i++)
        take_device(json_array_get(list, i), &u->devices.entries[i]);
    json_decref(o);
    return true;
}

const struct bench_json_peer bench_json_peer = {
    .name = "jansson",
    .write = {write_pids, write_devices},
    .read = {read_pids,  read_devices },
};
