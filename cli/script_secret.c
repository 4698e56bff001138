/* SPDX-License-Identifier: MIT */
/*
 * Secrets: values that a script works with and that are never shown. They are recognised by
 * value, however they got to where they would be printed: whole values in any notation, and
 * texts of four bytes or more inside of others.
 */
#include <stdlib.h>
#include <string.h>

#include "script.h"

enum { SHORTEST_PART = 4 };

/* Small numbers are everywhere; hiding them hides nothing and makes output useless. */
static bool
is_worth(const json_t *value)
{
    const char *text = json_string_value(value);
    char *end = NULL;
    double number;

    if (text && !*text)
        return false;
    if (!text && !json_is_number(value))
        return false;
    number = text ? strtod(text, &end) : json_number_value(value);
    return (end && *end) || number < 0 || number >= 16;
}

void
script_secret(struct script_env *env, const json_t *value)
{
    const char *key;
    json_t *item;
    size_t i;

    if (!env->secrets)
        env->secrets = json_array();
    if (is_worth(value))
        json_array_append(env->secrets, (json_t *)value);
    json_array_foreach(value, i, item) script_secret(env, item);
    json_object_foreach((json_t *)value, key, item) script_secret(env, item);
}

/* Every occurrence of `part` becomes three stars, so that text never grows. */
static void
blot(char *text, const char *part)
{
    const size_t n = strlen(part);
    char *at = text;

    if (n < SHORTEST_PART)
        return;
    while ((at = strcasestr(at, part))) {
        memset(at, '*', 3);
        memmove(at + 3, at + n, strlen(at + n) + 1);
        at += 3;
    }
}

/* A number may stand in text in decimal, and in hexadecimal with or without zeros in front. */
static void
blot_secret(char *text, const json_t *secret)
{
    const char *word = json_string_value(secret);
    unsigned long long number;
    char *end, form[32];

    if (word)
        blot(text, word);
    number = word ? strtoull(word, &end, 0) : (unsigned long long)json_integer_value(secret);
    if ((word && (*end || !*word)) || json_is_real(secret))
        return;
    snprintf(form, sizeof(form), "0x%016llx", number);
    blot(text, form);
    snprintf(form, sizeof(form), "0x%08llx", number);
    blot(text, form);
    snprintf(form, sizeof(form), "0x%llx", number);
    blot(text, form);
    snprintf(form, sizeof(form), "%llu", number);
    blot(text, form);
}

void
script_mask_text(const struct script_env *env, char *text)
{
    const json_t *secret;
    size_t i;

    json_array_foreach(env->secrets, i, secret) blot_secret(text, secret);
}

static json_t *
masked_text(const struct script_env *env, const char *text)
{
    char *copy = strdup(text);
    json_t *value;

    if (!copy)
        return json_null();
    script_mask_text(env, copy);
    value = json_string(copy);
    free(copy);
    return value ? value : json_string("***"); /* a character was cut in two */
}

static bool
is_secret(const struct script_env *env, const json_t *value)
{
    const json_t *secret;
    size_t i;

    json_array_foreach(env->secrets, i, secret)
    {
        if (is_worth(value) && expr_equal(NULL, secret, value))
            return true;
    }
    return false;
}

json_t *
script_masked(const struct script_env *env, const json_t *value)
{
    json_t *copy, *item;
    const char *key;
    size_t i;

    if (!json_array_size(env->secrets))
        return json_incref((json_t *)value);
    if (is_secret(env, value))
        return json_string("***");
    if (json_is_string(value))
        return masked_text(env, json_string_value(value));
    if (!json_is_object(value) && !json_is_array(value))
        return json_incref((json_t *)value);
    copy = json_is_object(value) ? json_object() : json_array();
    json_array_foreach(value, i, item) json_array_append_new(copy, script_masked(env, item));
    json_object_foreach((json_t *)value, key, item)
        json_object_set_new(copy, key, script_masked(env, item));
    return copy ? copy : json_null();
}

void
script_mask_path(json_t *value, const char *path)
{
    const char *cut = path + strlen(path);
    char outer[256];
    json_t *holder;

    while (cut > path && *cut != '.' && *cut != '[')
        cut--;
    snprintf(outer, sizeof(outer), "%.*s", (int)(cut - path), path);
    holder = *outer ? script_path(value, outer) : value;
    if (json_is_object(holder) && script_path(value, path))
        json_object_set_new(holder, cut + (*cut == '.'), json_string("***"));
    else if (json_is_array(holder))
        json_array_set_new(holder, strtoul(cut + 1, NULL, 10), json_string("***"));
}
