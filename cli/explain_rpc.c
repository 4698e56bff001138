/* SPDX-License-Identifier: MIT */
/*
 * The two data words that the driver keeps of each RPC: a control's number, a class, handles, a
 * NOCAT record's type (kernel_gsp.c, _kgspGetActiveRpcDebugData).
 */
#include <string.h>

#include "explain.h"

/* The name of a value among constants of a prefix, or NULL. */
static const char *
constant_name(struct nvrm_abi abi, const char *prefix, uint64_t value)
{
    const size_t n = strlen(prefix);

    for (unsigned i = 0; i < nvrm_constant_count(abi.schema); i++) {
        const struct nvrm_const *c = nvrm_constant_at(abi, i);
        const char *name = c ? nvrm_str(abi.schema, c->name) : "";

        if (c && !c->is_range && c->value == value && !strncmp(name, prefix, n))
            return name;
    }
    return NULL;
}

static void
set_name(json_t *row, const char *key, const char *name)
{
    if (name)
        json_object_set_new(row, key, json_string(name));
}

static void
explain_control(struct nvrm_abi abi, const uint64_t *data, json_t *row)
{
    const struct nvrm_control *c =
        data[0] <= UINT32_MAX ? nvrm_control_by_id(abi, (uint32_t)data[0]) : NULL;

    set_name(row, "control", c ? nvrm_str(abi.schema, c->name) : NULL);
    if (c && c->doc)
        json_object_set_new(row, "doc", json_string(nvrm_str(abi.schema, c->doc)));
    json_object_set_new(row, "params_bytes", json_integer((json_int_t)data[1]));
}

static void
explain_alloc(struct nvrm_abi abi, const uint64_t *data, json_t *row)
{
    const struct nvrm_class *c =
        data[0] <= UINT32_MAX ? nvrm_class_by_id(abi, (uint32_t)data[0]) : NULL;

    set_name(row, "class", c ? nvrm_str(abi.schema, c->name) : NULL);
    json_object_set_new(row, "params_bytes", json_integer((json_int_t)data[1]));
}

static void
explain_free(struct nvrm_abi abi, const uint64_t *data, json_t *row)
{
    (void)abi;
    json_object_set_new(row, "object", cli_hex(data[0]));
    json_object_set_new(row, "parent", cli_hex(data[1]));
}

static void
explain_event(struct nvrm_abi abi, const uint64_t *data, json_t *row)
{
    set_name(row, "notifier", constant_name(abi, "NV2080_NOTIFIERS_", data[0]));
    json_object_set_new(row, "data", cli_hex(data[1]));
}

static void
explain_rc(struct nvrm_abi abi, const uint64_t *data, json_t *row)
{
    const struct nvrm_const *xid;
    char number[24];

    set_name(row, "engine", constant_name(abi, "NV2080_ENGINE_TYPE_", data[0]));
    snprintf(number, sizeof(number), "%llu", (unsigned long long)data[1]);
    xid = explain_find_xid(abi, number);
    set_name(row, "xid", xid ? nvrm_str(abi.schema, xid->name) : NULL);
}

static void
explain_nocat(struct nvrm_abi abi, const uint64_t *data, json_t *row)
{
    set_name(row, "record", constant_name(abi, "NV2080_NOCAT_JOURNAL_REC_TYPE_", data[0]));
    json_object_set_new(row, "error", cli_hex(data[1]));
}

static void
explain_lockdown(struct nvrm_abi abi, const uint64_t *data, json_t *row)
{
    (void)abi;
    json_object_set_new(row, "engaging", json_boolean(data[0]));
}

static const struct {
    const char *function;
    void (*explain)(struct nvrm_abi abi, const uint64_t *data, json_t *row);
} meanings[] = {
    {"GSP_RM_CONTROL",        explain_control },
    {"GSP_RM_ALLOC",          explain_alloc   },
    {"FREE",                  explain_free    },
    {"POST_EVENT",            explain_event   },
    {"RC_TRIGGERED",          explain_rc      },
    {"GSP_LOCKDOWN_NOTICE",   explain_lockdown},
    {"GSP_POST_NOCAT_RECORD", explain_nocat   },
};

void
explain_rpc_data(struct nvrm_abi abi, const struct gsp_crash_rpc *rpc, json_t *row)
{
    const struct nvrm_rpc *known = nvrm_rpc_by_id(abi, rpc->function);
    const char *name = known ? nvrm_str(abi.schema, known->name) : NULL;

    json_object_set_new(row, "function", json_integer(rpc->function));
    json_object_set_new(row, "name", name ? json_string(name) : explain_span(rpc->name));
    if (rpc->columns == GSP_CRASH_COLUMNS_SEQUENCE)
        json_object_set_new(row, "sequence", json_integer((json_int_t)rpc->sequence));
    json_object_set_new(row, "data0", cli_hex(rpc->data[0]));
    json_object_set_new(row, "data1", cli_hex(rpc->data[1]));
    for (size_t i = 0; name && i < sizeof(meanings) / sizeof(meanings[0]); i++)
        if (!strcmp(name, meanings[i].function))
            meanings[i].explain(abi, rpc->data, row);
}
