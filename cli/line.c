/* SPDX-License-Identifier: MIT */
/*
 * Splitting a line into words. The text of all words lives in one block behind the vector.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "line.h"

enum { DEEPEST = 64 };

struct splitter {
    const char *at;
    char *out;
};

/* JSON from its opening bracket to the matching one, copied as it is. */
static bool
take_json(struct splitter *s)
{
    unsigned depth = 0;
    bool quoted = false;

    for (; *s->at; s->at++) {
        const char c = *s->at;

        *s->out++ = c;
        if (quoted && c == '\\' && s->at[1])
            *s->out++ = *++s->at;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '{' || c == '['))
            depth++;
        else if (!quoted && (c == '}' || c == ']') && --depth == 0) {
            s->at++;
            return true;
        }
    }
    return false;
}

static bool
take_quoted(struct splitter *s)
{
    const char quote = *s->at++;

    for (; *s->at && *s->at != quote; s->at++) {
        if (quote == '"' && *s->at == '\\' && s->at[1])
            s->at++;
        *s->out++ = *s->at;
    }
    return *s->at && *s->at++ == quote;
}

/* ${...}, blanks and all. */
static bool
take_expression(struct splitter *s)
{
    *s->out++ = *s->at++;
    return take_json(s);
}

static bool
take_word(struct splitter *s)
{
    const char *start = s->at;

    while (*s->at && !strchr(" \t\r\n", *s->at)) {
        const bool opens = *s->at == '{' ||
                           (*s->at == '[' && s->at > start && s->at[-1] == '=') ||
                           (*s->at == '[' && s->at == start);

        if (s->at[0] == '$' && s->at[1] == '{') {
            if (!take_expression(s))
                return false;
        } else if (*s->at == '\'' || *s->at == '"') {
            if (!take_quoted(s))
                return false;
        } else if (opens && (s->at == start || s->at[-1] == '=')) {
            if (!take_json(s))
                return false;
        } else if (*s->at == '\\' && s->at[1]) {
            *s->out++ = s->at[1];
            s->at += 2;
        } else {
            *s->out++ = *s->at++;
        }
    }
    *s->out++ = '\0';
    return true;
}

int
line_split(const char *line, char ***argv_out, struct gsp_error *err)
{
    const size_t length = strlen(line), most_words = length / 2 + 2;
    char **argv = calloc(1, most_words * sizeof(*argv) + 2 * length + 2);
    struct splitter s = {.at = line};
    int argc = 0;

    if (!argv)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    s.out = (char *)(argv + most_words);
    for (;;) {
        while (*s.at && strchr(" \t\r\n", *s.at))
            s.at++;
        if (!*s.at || *s.at == '#')
            break;
        argv[argc++] = s.out;
        if (!take_word(&s)) {
            free(argv);
            gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "a quote or bracket is not closed");
            gsp_hint(err, "the line is: %.100s", line);
            return -EINVAL;
        }
    }
    *argv_out = argv;
    return argc;
}

void
line_free(char **argv)
{
    free(argv);
}

/* Brackets count where a word starts, behind '=' and inside each other; braces behind '$'. */
static bool
opens_bracket(const char *word, const char *at, size_t depth)
{
    return strchr("{[", *at) &&
           (depth || at == word || at[-1] == '=' || (*at == '{' && at[-1] == '$'));
}

char
line_open(const char *line)
{
    char open[DEEPEST], quote = '\0';
    size_t depth = 0;
    const char *word = line;

    for (const char *at = line; *at; at++) {
        if (*at == '\\' && quote != '\'') {
            if (!at[1] || !strcmp(at + 1, "\n"))
                return '\\';
            at++;
        } else if (quote && *at == quote) {
            quote = '\0';
        } else if (quote) {
            continue;
        } else if (*at == '"' || (*at == '\'' && !depth)) {
            quote = *at;
        } else if (opens_bracket(word, at, depth)) {
            if (depth == sizeof(open))
                return *at;
            open[depth++] = *at;
        } else if (strchr("}]", *at) && depth) {
            depth--;
        } else if (!depth && strchr(" \t\r\n", *at)) {
            word = at + 1;
        } else if (!depth && *at == '#' && at == word) {
            return '\0';
        }
    }
    if (quote)
        return quote;
    if (depth)
        return open[depth - 1];
    return '\0';
}
