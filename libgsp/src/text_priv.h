/* SPDX-License-Identifier: MIT */
/* The text buffer's fast way in: reserve once, write in place, commit with text->bytes. */
#ifndef GSP_TEXT_PRIV_H
#define GSP_TEXT_PRIV_H

#include <gsp/json.h>

/** Room for `more` bytes and a NUL at the end of the text; NULL (and t->rc set) when memory ran
 * out. */
char *gsp_text_grow(struct gsp_text *t, size_t more);

static inline char *
gsp_text_room(struct gsp_text *t, size_t more)
{
    if (t->rc == 0 && more < t->cap - t->bytes)
        return t->data + t->bytes;
    return gsp_text_grow(t, more);
}

/** A character that goes into a JSON string as it is. */
static inline bool
gsp_json_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

#endif
