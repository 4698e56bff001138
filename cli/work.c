/* SPDX-License-Identifier: MIT */
/*
 * Buffers and channels of a session by name, and the sizes and places that verbs take.
 */
#include "work.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct work {
    struct nvmem_device *dev;
    struct work_item *items; /* oldest first */
    struct nvmem_channel *copies;
    unsigned made;
};

/* Channels first: they use buffers. What hangs is ended by force. */
static void
close_work(void *ctx)
{
    struct work *w = ctx;

    for (struct work_item *i = w->items; i; i = i->next)
        if (i->channel && nvmem_channel_destroy(i->channel, NULL) < 0)
            nvmem_channel_kill(i->channel);
    if (w->copies && nvmem_channel_destroy(w->copies, NULL) < 0)
        nvmem_channel_kill(w->copies);
    while (w->items) {
        struct work_item *i = w->items;

        w->items = i->next;
        nvmem_buffer_unref(i->buffer, NULL);
        free(i);
    }
    free(w);
}

/* What a device and what is put on it allocate: RM would take it, but the policy may not. */
static int
check_policy(struct cli *cli, struct cli_session *s, struct gsp_error *err)
{
    static const char *const classes[] = {"FERMI_VASPACE_A", "NV01_MEMORY_LOCAL_USER",
                                          "KEPLER_CHANNEL_GROUP_A"};
    int rc = 0;

    for (size_t i = 0; i < sizeof(classes) / sizeof(*classes) && rc == 0; i++) {
        const struct nvrm_class *cls = nvrm_class_find(session_abi(s), classes[i]);

        rc = cls ? policy_class(cli, session_abi(s), cls, cls->id, err) : 0;
    }
    return rc;
}

int
work_get(struct cli *cli, struct work **work_out, struct gsp_error *err)
{
    struct cli_session *s;
    struct work *w;
    int rc = session_get(cli, &s, err);

    if (rc < 0)
        return rc;
    w = session_kept(s, close_work);
    if (w) {
        *work_out = w;
        return 0;
    }
    rc = check_policy(cli, s, err);
    if (rc < 0)
        return rc;
    w = calloc(1, sizeof(*w));
    if (!w)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    rc = session_nvmem(s, &w->dev, err);
    if (rc == 0)
        rc = session_at_close(s, close_work, w, err);
    if (rc < 0) {
        free(w);
        return rc;
    }
    *work_out = w;
    return 0;
}

struct nvmem_device *
work_device(const struct work *w)
{
    return w->dev;
}

struct work_item *
work_first(const struct work *w)
{
    return w->items;
}

static struct work_item *
find(const struct work *w, const char *name)
{
    for (struct work_item *i = w->items; i; i = i->next)
        if (!strcmp(i->name, name))
            return i;
    return NULL;
}

static void
drop(struct nvmem_buffer *b, struct nvmem_channel *ch)
{
    nvmem_buffer_unref(b, NULL);
    nvmem_channel_kill(ch);
}

static int
check_name(const struct work *w, const char *name, struct gsp_error *err)
{
    uint64_t bytes;

    if (find(w, name))
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EEXIST, "there is a '%s' already", name);
    if (!*name || strlen(name) >= sizeof(w->items->name) || strpbrk(name, "+ $,") ||
        work_size(name, &bytes))
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "'%s' cannot be a name: letters and digits, and no number", name);
    return 0;
}

int
work_add(struct work *w, const char *name, struct nvmem_buffer *b, struct nvmem_channel *ch,
         struct work_item **item_out, struct gsp_error *err)
{
    struct work_item *item = calloc(1, sizeof(*item)), **where = &w->items;
    int rc = item ? 0 : gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");

    if (rc == 0 && name)
        rc = check_name(w, name, err);
    if (rc < 0) {
        free(item);
        drop(b, ch);
        return rc;
    }
    if (name)
        snprintf(item->name, sizeof(item->name), "%s", name);
    else
        snprintf(item->name, sizeof(item->name), "%c%u", b ? 'b' : 'c', ++w->made);
    item->buffer = b;
    item->channel = ch;
    while (*where)
        where = &(*where)->next;
    *where = item;
    *item_out = item;
    return 0;
}

int
work_remove(struct work *w, struct work_item *item, struct gsp_error *err)
{
    struct work_item **where = &w->items;
    int rc = item->channel ? nvmem_channel_destroy(item->channel, err)
                           : nvmem_buffer_unref(item->buffer, err);

    if (rc < 0)
        return rc;
    while (*where != item)
        where = &(*where)->next;
    *where = item->next;
    free(item);
    return 0;
}

/* The names that there are go into the hint. */
static int
missing(const struct work *w, const char *name, bool channel, struct gsp_error *err)
{
    char names[160] = "";
    size_t n = 0;
    int rc = gsp_fail(err, GSP_ORIGIN_INPUT, -ENOENT, "there is no %s '%s'",
                      channel ? "channel" : "buffer", name);

    for (const struct work_item *i = w->items; i && n + 36 < sizeof(names); i = i->next)
        if (channel == !!i->channel)
            n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s", n ? ", " : "", i->name);
    if (n)
        gsp_hint(err, "there are: %s", names);
    else
        gsp_hint(err, channel ? "chan create makes one, in the same shell or -e lines"
                              : "mem alloc 16M makes one, in the same shell or -e lines");
    return rc;
}

int
work_buffer(struct work *w, const char *name, struct work_item **item_out,
            struct gsp_error *err)
{
    *item_out = find(w, name);
    return *item_out && (*item_out)->buffer ? 0 : missing(w, name, false, err);
}

int
work_channel(struct work *w, const char *name, struct work_item **item_out,
             struct gsp_error *err)
{
    *item_out = find(w, name);
    return *item_out && (*item_out)->channel ? 0 : missing(w, name, true, err);
}

static int
new_buffer(struct work *w, uint64_t bytes, struct work_item **item_out, struct gsp_error *err)
{
    const struct nvmem_buffer_config config = {.bytes = bytes};
    struct nvmem_buffer *b = NULL;
    int rc = nvmem_buffer_create(w->dev, &config, &b, err);

    return rc < 0 ? rc : work_add(w, NULL, b, NULL, item_out, err);
}

int
work_place(struct work *w, const char *word, struct work_place *place_out,
           struct gsp_error *err)
{
    const char *plus = strchr(word, '+');
    char name[64];
    uint64_t bytes;

    place_out->offset = 0;
    if (!plus && work_size(word, &bytes))
        return new_buffer(w, bytes, &place_out->item, err);
    snprintf(name, sizeof(name), "%.*s", (int)(plus ? plus - word : (long)strlen(word)), word);
    if (plus && !work_size(plus + 1, &place_out->offset))
        return gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL,
                        "'%s': '%s' is no offset, for example b1+0x100 or b1+64K", word,
                        plus + 1);
    return work_buffer(w, name, &place_out->item, err);
}

int
work_copies(struct work *w, struct nvmem_channel **channel_out, struct gsp_error *err)
{
    const struct nvmem_channel_config config = {.name = "mem"};
    int rc = 0;

    /* One that an error stopped makes way for another. */
    if (w->copies && nvmem_channel_check(w->copies, NULL) < 0) {
        nvmem_channel_kill(w->copies);
        w->copies = NULL;
    }
    if (!w->copies)
        rc = nvmem_channel_create(w->dev, &config, &w->copies, err);
    *channel_out = w->copies;
    return rc;
}

bool
work_size(const char *text, uint64_t *bytes_out)
{
    static const char units[] = "KMGT";
    unsigned shift = 0;
    const char *unit;
    char *end;

    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    *bytes_out = strtoull(text, &end, 0);
    unit = *end ? strchr(units, *end) : NULL;
    if (unit) {
        shift = 10 * (unsigned)(unit - units + 1);
        end++;
    }
    if (errno || *end || *bytes_out > UINT64_MAX >> shift)
        return false;
    *bytes_out <<= shift;
    return true;
}

int
work_size_option(struct cli *cli, int *argc, char **argv, const char *option,
                 uint64_t *value_out)
{
    char *text = NULL;
    int rc = cli_value(cli, argc, argv, option, &text);

    if (rc != CLI_OK || !text || work_size(text, value_out))
        return rc;
    return cli_usage(cli, "for example 4096, 0x1000, 64K or 16M", "%s: '%s' is no size", option,
                     text);
}

const char *
work_placement_name(enum nvmem_placement p)
{
    static const char *const names[] = {"vram", "system", "coherent"};

    return names[p];
}

json_t *
work_buffer_row(const struct work_item *item)
{
    const struct nvmem_buffer *b = item->buffer;

    return json_pack("{s:s, s:I, s:s, s:o}", "name", item->name, "bytes",
                     (json_int_t)nvmem_buffer_bytes(b), "in",
                     work_placement_name(nvmem_buffer_placement(b)), "gpu_va",
                     cli_hex(nvmem_buffer_gpu_va(b)));
}

int
work_emit_rows(struct cli *cli, json_t *rows)
{
    if (cli->options.format == CLI_TEXT && !json_array_size(rows)) {
        cli_keep_result(cli, rows);
        return CLI_OK;
    }
    return cli_emit(cli, &(struct cli_doc){.json = rows});
}
