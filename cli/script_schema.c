/* SPDX-License-Identifier: MIT */
/*
 * The JSON Schema of scripts, made from the tables that script_form() checks by. What it prints
 * is docs/script.schema.json.
 */
#include <string.h>

#include "script.h"
#include "script_keys.h"

static json_t *schema_of(const struct script_key *k);

static json_t *
reference(const char *name)
{
    return json_pack("{s:o}", "$ref", json_sprintf("#/$defs/%s", name));
}

static json_t *
object_of(const struct script_key *keys)
{
    json_t *o = json_pack("{s:s, s:b}", "type", "object", "additionalProperties", 0);
    json_t *properties = json_object(), *required = json_array();

    for (; keys->name; keys++) {
        json_object_set_new(properties, keys->name, schema_of(keys));
        if (keys->needed)
            json_array_append_new(required, json_string(keys->name));
    }
    json_object_set_new(o, "properties", properties);
    if (json_array_size(required))
        json_object_set(o, "required", required);
    json_decref(required);
    return o;
}

static json_t *
text_of(const struct script_key *k)
{
    json_t *words = k->words ? json_array() : NULL;

    for (const char *const *w = k->words; w && *w; w++)
        json_array_append_new(words, json_string(*w));
    return words ? json_pack("{s:o}", "enum", words) : json_pack("{s:s}", "type", "string");
}

static json_t *
number_of(const struct script_key *k)
{
    json_t *o = json_pack("{s:s}", "type", "number");

    if (k->max > 0) {
        json_object_set_new(o, "minimum", json_integer((json_int_t)k->min));
        json_object_set_new(o, "maximum", json_integer((json_int_t)k->max));
    }
    return o;
}

/* An object of any keys, whose values have a shape of their own. */
static json_t *
map_of(const struct script_key *k)
{
    json_t *o = json_pack("{s:s}", "type", "object");

    if (k->value)
        json_object_set_new(o, "additionalProperties", reference(k->value->name));
    return o;
}

/* One alternative for each type of the mask. */
static json_t *
alternatives(const struct script_key *k)
{
    json_t *any = json_array();

    if (k->types & SCRIPT_TEXT)
        json_array_append_new(any, text_of(k));
    if (k->types & SCRIPT_NUMBER)
        json_array_append_new(any, number_of(k));
    if (k->types & SCRIPT_OBJECT)
        json_array_append_new(any, k->keys ? object_of(k->keys) : map_of(k));
    if (k->types & SCRIPT_BOOL)
        json_array_append_new(any, json_pack("{s:s}", "type", "boolean"));
    if (k->types & SCRIPT_LIST)
        json_array_append_new(any, json_pack("{s:s}", "type", "array"));
    if (k->types & SCRIPT_TEXTS)
        json_array_append_new(
            any, json_pack("{s:s, s:{s:s}}", "type", "array", "items", "type", "string"));
    if (k->types & SCRIPT_STEPS)
        json_array_append_new(any, reference("steps"));
    return any;
}

static json_t *
schema_of(const struct script_key *k)
{
    json_t *any, *o;

    if (k->types == SCRIPT_ANY) {
        o = json_object();
    } else {
        any = alternatives(k);
        o = json_array_size(any) == 1 ? json_incref(json_array_get(any, 0))
                                      : json_pack("{s:O}", "anyOf", any);
        json_decref(any);
    }
    if (k->doc)
        json_object_set_new(o, "description", json_string(k->doc));
    return o;
}

/* Exactly one kind, with the keys that it needs. */
static json_t *
kinds(void)
{
    json_t *list = json_array();

    for (const struct script_kind_row *row = script_kinds; row->name; row++) {
        json_t *required = json_pack("[s]", row->name);

        for (unsigned i = 0; row->needs[i]; i++)
            json_array_append_new(required, json_string(row->needs[i]));
        json_array_append_new(list, json_pack("{s:o}", "required", required));
    }
    return list;
}

/* A plain value, or an object of the keys: what `expect` and `vars` hold. */
static json_t *
value_or(const struct script_key *keys, const char *doc)
{
    json_t *plain = json_pack("{s:[s,s,s,s,s,s]}", "type", "string", "number", "boolean",
                              "null", "array", "object");

    return json_pack("{s:s, s:[o,o]}", "description", doc, "anyOf", object_of(keys), plain);
}

json_t *
script_schema(void)
{
    json_t *schema = object_of(script_keys), *step = object_of(script_step_keys);
    json_t *defs = json_object();

    json_object_set_new(step, "oneOf", kinds());
    json_object_set_new(defs, "steps",
                        json_pack("{s:s, s:o}", "type", "array", "items", reference("step")));
    json_object_set_new(defs, "step", step);
    json_object_set_new(
        defs, "rule",
        value_or(script_rule_keys, "A value to be equal to, or rules that all hold."));
    json_object_set_new(
        defs, "variable",
        value_or(script_var_keys, "A value (null: --var must give one), or a declaration."));
    json_object_set_new(schema, "$defs", defs);
    json_object_set_new(schema, "$schema",
                        json_string("https://json-schema.org/draft/2020-12/schema"));
    json_object_set_new(schema, "title", json_string("nvrm-cli script"));
    json_object_set_new(
        schema, "description",
        json_string("A script for `nvrm-cli run FILE`; docs/scripts.md explains every key."));
    return schema;
}
