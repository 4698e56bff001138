/* SPDX-License-Identifier: MIT */
/*
 * Unfinished JSON to the path of the field that is being typed.
 */
#include <string.h>

#include "place.h"

enum { DEEPEST = 16, LONGEST = 128 };

struct level {
    bool array;
    unsigned index;
    char key[LONGEST];
    char given[512]; /* keys so far: " a b " */
};

struct reader {
    struct level levels[DEEPEST];
    unsigned depth;
    char token[LONGEST];
    size_t token_bytes;
    bool quoted, value; /* behind a colon, or in an array */
};

static void
clear_token(struct reader *r)
{
    r->token_bytes = 0;
    r->token[0] = '\0';
}

static bool
open_level(struct reader *r, bool array)
{
    if (r->depth == DEEPEST)
        return false;
    r->levels[r->depth++] = (struct level){.array = array};
    r->value = array;
    clear_token(r);
    return true;
}

static bool
close_level(struct reader *r)
{
    if (!r->depth)
        return false;
    r->depth--;
    r->value = false;
    clear_token(r);
    return true;
}

static void
next_item(struct reader *r)
{
    struct level *l = &r->levels[r->depth - 1];

    l->index += l->array;
    r->value = l->array;
    clear_token(r);
}

static void
end_key(struct reader *r)
{
    struct level *l = &r->levels[r->depth - 1];
    const size_t used = strlen(l->given);

    snprintf(l->key, LONGEST, "%s", r->token);
    snprintf(l->given + used, sizeof(l->given) - used, "%s%s ", used ? "" : " ", r->token);
    r->value = true;
    clear_token(r);
}

static bool
take(struct reader *r, char c)
{
    if (r->quoted || !strchr("{}[]:, \t\r\n", c)) {
        if (r->token_bytes + 1 >= LONGEST)
            return false;
        r->token[r->token_bytes++] = c;
        r->token[r->token_bytes] = '\0';
        return true;
    }
    if (c == '{' || c == '[')
        return open_level(r, c == '[');
    if (!r->depth)
        return c == ' ';
    if (c == '}' || c == ']')
        return close_level(r);
    if (c == ',')
        next_item(r);
    else if (c == ':')
        end_key(r);
    return true;
}

static void
append(char *path, size_t bytes, const char *before, const char *text)
{
    const size_t used = strlen(path);

    snprintf(path + used, bytes - used, "%s%s", before, text);
}

bool
place_of_json(const char *json, char *path, size_t path_bytes, char *given, size_t given_bytes)
{
    struct reader r = {0};

    path[0] = '\0';
    for (; *json; json++) {
        if (*json == '\\' && json[1])
            json++;
        else if (*json == '"')
            r.quoted = !r.quoted;
        else if (!take(&r, *json))
            return false;
    }
    if (!r.depth)
        return false;
    for (unsigned i = 0; i < r.depth; i++) {
        const struct level *l = &r.levels[i];
        char index[16];

        snprintf(index, sizeof(index), "[%u]", l->index);
        if (l->array)
            append(path, path_bytes, "", index);
        else if (i + 1 < r.depth || r.value)
            append(path, path_bytes, *path ? "." : "", l->key);
        else if (*path)
            append(path, path_bytes, ".", "");
    }
    append(path, path_bytes, r.value ? "=" : "", r.token);
    if (given)
        snprintf(given, given_bytes, "%s", r.levels[r.depth - 1].given);
    return true;
}
