/* SPDX-License-Identifier: MIT */
/*
 * From the text left of the cursor to a verb, its words and the struct they fill.
 */
#include <string.h>

#include <rm/name.h>

#include "line.h"
#include "place.h"

/* Words that stand before a whole line of its own. */
static bool
is_prefix_verb(const char *word)
{
    return !strcmp(word, "watch");
}

/* Where the last word starts. */
static const char *
last_word(const char *line)
{
    const char *start = line;
    unsigned depth = 0;
    char quote = '\0';

    for (const char *at = line; *at; at++) {
        if (quote && *at == '\\' && at[1])
            at++;
        else if (quote && *at == quote)
            quote = '\0';
        else if (quote)
            continue;
        else if (*at == '"' || (*at == '\'' && !depth))
            quote = *at;
        else if (strchr("{[", *at) && (depth || at == start || at[-1] == '='))
            depth++;
        else if (strchr("}]", *at) && depth)
            depth--;
        else if (!depth && strchr(" \t\r\n", *at))
            start = at + 1;
    }
    return start;
}

/* "name = LINE": what is typed belongs to the line. */
static void
skip_assignment(struct place *p)
{
    if (p->argc >= 2 && !strcmp(p->argv[1], "=")) {
        p->argv += 2;
        p->argc -= 2;
    }
}

/* Global options before the verb, or those of a verb that another line follows. */
static void
skip_options(struct place *p)
{
    while (p->argc && p->argv[0][0] == '-') {
        const int words = cli_option_words(p->argv[0]);
        const bool release = !strncmp(p->argv[0], "-F", 2) || strstr(p->argv[0], "firmware");

        if (words > p->argc) {
            p->option = p->argv[0];
            p->argc = 0;
            return;
        }
        if (release && words == 2) {
            const nvrm_release named = nvrm_release_find(p->abi.schema, p->argv[1]);

            p->abi.release = named == NVRM_NO_RELEASE ? p->abi.release : named;
        }
        p->argv += words;
        p->argc -= words;
    }
}

static void
skip_prefixes(struct place *p)
{
    for (;;) {
        skip_assignment(p);
        skip_options(p);
        if (p->argc < 2 || !is_prefix_verb(p->argv[0]))
            return;
        if (!strcmp(p->argv[1], "-n") && p->argc < 3)
            return;
        p->argv++;
        p->argc--;
        if (!strcmp(p->argv[0], "-n")) {
            p->argv += 2;
            p->argc -= 2;
        }
    }
}

/* An option in the middle of a line whose value is being typed. */
static void
find_option(struct place *p)
{
    const char *last = p->argc ? p->argv[p->argc - 1] : "";

    if (!p->option && *last == '-' && cli_option_words(last) == 2)
        p->option = last;
}

static bool
take_text(struct place *p, const char *text)
{
    p->json = *text == '{';
    if (p->json)
        return place_of_json(text, p->text, sizeof(p->text), p->given, sizeof(p->given));
    return snprintf(p->text, sizeof(p->text), "%s", text) < (int)sizeof(p->text);
}

bool
place_find(struct cli *cli, const char *line, struct place *p)
{
    const char *text = last_word(line);
    char *before = strndup(line, (size_t)(text - line));
    struct gsp_error err = {0};

    memset(p, 0, sizeof(*p));
    p->cli = cli;
    if (cli_abi(cli, &p->abi, NULL) < 0)
        p->abi = (struct nvrm_abi){cli->schema, nvrm_release_newest(cli->schema)};
    p->argc = before ? line_split(before, &p->words, &err) : -1;
    free(before);
    if (p->argc < 0)
        return false;
    p->argv = p->words;
    if (!take_text(p, text)) {
        place_fini(p);
        return false;
    }
    skip_prefixes(p);
    find_option(p);
    return true;
}

void
place_fini(struct place *p)
{
    line_free(p->words);
    p->words = NULL;
}

const struct nvrm_layout *
place_layout(const struct place *p)
{
    const struct nvrm_control *control;
    const struct nvrm_class *cls;
    const struct nvrm_rpc *rpc;
    uint32_t id;

    if (p->argc < 2)
        return NULL;
    if (!strcmp(p->argv[0], "rpc"))
        return rm_name_rpc(p->abi, p->argv[1], &rpc, &id, NULL) == 0 && rpc
                   ? nvrm_struct_at(p->abi, rpc->params)
                   : NULL;
    if (!strcmp(p->argv[0], "alloc")) {
        cls = nvrm_class_find(p->abi, p->argv[1]);
        if (!cls && (p->argc < 3 || rm_name_class(p->abi, p->argv[2], &cls, &id, NULL) < 0))
            return NULL;
        return cls ? rm_class_layout(p->abi, cls) : NULL;
    }
    if (p->argc < 3)
        return NULL;
    if (strcmp(p->argv[0], "ctl"))
        return NULL;
    return rm_name_control(p->abi, p->argv[2], &control, &id, NULL) == 0 && control
               ? nvrm_struct_at(p->abi, control->params)
               : NULL;
}

const struct nvrm_layout *
place_walk(const struct place *p, const struct nvrm_layout *layout, const char *path,
           const char **rest_out)
{
    const char *dot;

    while (layout && (dot = strpbrk(path, ".=")) && *dot == '.') {
        const struct nvrm_field *f;
        char name[128];

        snprintf(name, sizeof(name), "%.*s", (int)strcspn(path, ".["), path);
        f = nvrm_field_find(p->abi.schema, layout, name);
        layout = f && f->type == NVRM_STRUCT ? nvrm_layout_at(p->abi.schema, f->ref) : NULL;
        path = dot + 1;
    }
    *rest_out = path;
    return layout;
}

const struct nvrm_field *
place_field(const struct place *p, const char *path)
{
    const struct nvrm_layout *layout;
    const char *rest;
    char name[128];

    layout = place_walk(p, place_layout(p), path, &rest);
    if (!layout)
        return NULL;
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(rest, "[=."), rest);
    return nvrm_field_find(p->abi.schema, layout, name);
}
