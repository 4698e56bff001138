/* SPDX-License-Identifier: MIT */
/*
 * The kinds of names in the schema as one table, so that listing, searching, showing and
 * comparing are written once.
 */
#include <string.h>

#include "schema_verbs.h"

static const void *
struct_at(struct nvrm_abi abi, unsigned row)
{
    return nvrm_struct_at(abi, (uint16_t)row);
}

static const void *
control_at(struct nvrm_abi abi, unsigned row)
{
    return nvrm_control_at(abi, row);
}

static const void *
class_at(struct nvrm_abi abi, unsigned row)
{
    return nvrm_class_at(abi, row);
}

static const void *
rpc_at(struct nvrm_abi abi, unsigned row)
{
    return nvrm_rpc_at(abi, row);
}

static const void *
status_at(struct nvrm_abi abi, unsigned row)
{
    return nvrm_status_at(abi, row);
}

static const void *
escape_at(struct nvrm_abi abi, unsigned row)
{
    return nvrm_escape_at(abi, row);
}

static const void *
constant_at(struct nvrm_abi abi, unsigned row)
{
    return nvrm_constant_at(abi, row);
}

static const char *
struct_name(const struct nvrm_schema *s, const void *row)
{
    return nvrm_str(s, ((const struct nvrm_layout *)row)->name);
}

static const char *
control_name(const struct nvrm_schema *s, const void *row)
{
    return nvrm_str(s, ((const struct nvrm_control *)row)->name);
}

static const char *
class_name(const struct nvrm_schema *s, const void *row)
{
    return nvrm_str(s, ((const struct nvrm_class *)row)->name);
}

static const char *
rpc_name(const struct nvrm_schema *s, const void *row)
{
    return nvrm_str(s, ((const struct nvrm_rpc *)row)->name);
}

static const char *
const_name(const struct nvrm_schema *s, const void *row)
{
    return nvrm_str(s, ((const struct nvrm_const *)row)->name);
}

static json_t *
struct_json(struct nvrm_abi abi, const void *row)
{
    return describe_layout(abi, row, true);
}

static json_t *
control_json(struct nvrm_abi abi, const void *row)
{
    return describe_control(abi, row);
}

static json_t *
class_json(struct nvrm_abi abi, const void *row)
{
    return describe_class(abi, row);
}

static json_t *
rpc_json(struct nvrm_abi abi, const void *row)
{
    return describe_rpc(abi, row);
}

static json_t *
const_json(struct nvrm_abi abi, const void *row)
{
    return describe_const(abi, row);
}

static json_t *
status_json(struct nvrm_abi abi, const void *row)
{
    json_t *o = describe_const(abi, row);

    json_object_set_new(o, "kind", json_string("status"));
    return o;
}

static json_t *
escape_json(struct nvrm_abi abi, const void *row)
{
    json_t *o = describe_const(abi, row);

    json_object_set_new(o, "kind", json_string("escape"));
    return o;
}

static const struct schema_kind kinds[] = {
    {"controls",  "control",  nvrm_control_count,  control_at,  control_name, control_json},
    {"classes",   "class",    nvrm_class_count,    class_at,    class_name,   class_json  },
    {"structs",   "struct",   nvrm_struct_count,   struct_at,   struct_name,  struct_json },
    {"rpcs",      "rpc",      nvrm_rpc_count,      rpc_at,      rpc_name,     rpc_json    },
    {"statuses",  "status",   nvrm_status_count,   status_at,   const_name,   status_json },
    {"escapes",   "escape",   nvrm_escape_count,   escape_at,   const_name,   escape_json },
    {"constants", "constant", nvrm_constant_count, constant_at, const_name,   const_json  },
};

const struct schema_kind *
schema_kind_at(unsigned i)
{
    return i < sizeof(kinds) / sizeof(kinds[0]) ? &kinds[i] : NULL;
}

const struct schema_kind *
schema_kind_find(const char *name)
{
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (!strcmp(kinds[i].name, name) || !strcmp(kinds[i].single, name))
            return &kinds[i];
    }
    return NULL;
}

const char *
schema_kind_list(void)
{
    return "releases, chips, controls, classes, structs, rpcs, statuses, escapes, constants";
}
