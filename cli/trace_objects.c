/* SPDX-License-Identifier: MIT */
/*
 * The objects that traced programs made, so that a handle can be shown by what it is.
 */
#include <stdlib.h>
#include <string.h>

#include "trace_exec.h"

enum { DEEPEST = 16 };

struct object {
    uint32_t hClient, hObject, hParent, hClass;
    bool live;
};

struct trace_objects {
    struct object *list;
    size_t count, cap;
    size_t *slots; /* index + 1 by hash; 2 * cap of them */
};

struct trace_objects *
trace_objects_create(void)
{
    return calloc(1, sizeof(struct trace_objects));
}

void
trace_objects_destroy(struct trace_objects *o)
{
    if (!o)
        return;
    free(o->list);
    free(o->slots);
    free(o);
}

static size_t *
slot_of(const struct trace_objects *o, uint32_t hClient, uint32_t hObject)
{
    const size_t mask = 2 * o->cap - 1;
    size_t i =
        ((hClient * UINT64_C(0x9e3779b97f4a7c15)) ^ (hObject * UINT64_C(0x85ebca6b))) >> 7;

    for (i &= mask; o->slots[i]; i = (i + 1) & mask) {
        const struct object *x = &o->list[o->slots[i] - 1];

        if (x->hClient == hClient && x->hObject == hObject)
            break;
    }
    return &o->slots[i];
}

static const struct object *
find(const struct trace_objects *o, uint32_t hClient, uint32_t hObject)
{
    const size_t at = o->cap ? *slot_of(o, hClient, hObject) : 0;

    return at && o->list[at - 1].live ? &o->list[at - 1] : NULL;
}

/* Objects that are gone make room first. */
static bool
grow(struct trace_objects *o)
{
    const size_t cap = o->cap ? 2 * o->cap : 64;
    struct object *list = malloc(cap * sizeof(*list));
    size_t *slots = calloc(2 * cap, sizeof(*slots)), count = 0;

    if (!list || !slots) {
        free(list);
        free(slots);
        return false;
    }
    for (size_t i = 0; i < o->count; i++)
        if (o->list[i].live)
            list[count++] = o->list[i];
    free(o->list);
    free(o->slots);
    *o = (struct trace_objects){list, count, cap, slots};
    for (size_t i = 0; i < count; i++)
        *slot_of(o, list[i].hClient, list[i].hObject) = i + 1;
    return true;
}

static void
add(struct trace_objects *o, uint32_t hClient, uint32_t hObject, uint32_t hParent,
    uint32_t hClass)
{
    size_t *slot;

    if (o->count == o->cap && !grow(o))
        return; /* it is shown as a number then */
    slot = slot_of(o, hClient, hObject);
    if (!*slot)
        *slot = ++o->count;
    o->list[*slot - 1] = (struct object){hClient, hObject, hParent, hClass, true};
}

static bool
is_below(const struct trace_objects *o, const struct object *x, uint32_t hObject)
{
    for (unsigned i = 0; x && i < DEEPEST; i++) {
        if (x->hObject == hObject)
            return true;
        x = x->hParent == x->hObject ? NULL : find(o, x->hClient, x->hParent);
    }
    return false;
}

static void
drop(struct trace_objects *o, uint32_t hClient, uint32_t hObject)
{
    for (size_t i = 0; i < o->count; i++)
        if (o->list[i].live && o->list[i].hClient == hClient && o->list[i].hObject != hObject &&
            (hClient == hObject || is_below(o, &o->list[i], hObject)))
            o->list[i].live = false;
    if (find(o, hClient, hObject))
        o->list[*slot_of(o, hClient, hObject) - 1].live = false;
}

void
trace_objects_note(struct trace_objects *o, const struct gsp_trace_record *call)
{
    const uint64_t *a = call->arg;
    const struct object *source;

    if (call->rc < 0 || call->status)
        return;
    switch (call->type) {
    case GSP_TRACE_OPEN_CLIENT:
        add(o, (uint32_t)a[0], (uint32_t)a[0], (uint32_t)a[0], 0);
        break;
    case GSP_TRACE_ALLOC:
        if (a[3] == 0 || a[3] == 0x41) /* a root, its handle the caller's choice */
            add(o, (uint32_t)a[2], (uint32_t)a[2], (uint32_t)a[2], 0);
        else
            add(o, (uint32_t)a[0], (uint32_t)a[2], (uint32_t)a[1], (uint32_t)a[3]);
        break;
    case GSP_TRACE_DUP:
        source = find(o, (uint32_t)a[3], (uint32_t)a[4]);
        add(o, (uint32_t)a[0], (uint32_t)a[2], (uint32_t)a[1], source ? source->hClass : 0);
        break;
    case GSP_TRACE_FREE:
        drop(o, (uint32_t)a[0], (uint32_t)a[2]);
        break;
    default:
        break;
    }
}

static const char *
class_word(struct nvrm_abi abi, uint32_t hClass, char room[16])
{
    static const struct {
        uint32_t hClass;
        const char *word;
    } words[] = {
        {0x80,   "device"   },
        {0x2080, "subdevice"},
    };
    const struct nvrm_class *c = NULL;

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (words[i].hClass == hClass)
            return words[i].word;
    if (abi.release != NVRM_NO_RELEASE)
        c = nvrm_class_by_id(abi, hClass);
    if (c)
        return nvrm_str(abi.schema, c->name);
    snprintf(room, 16, "class %04x", hClass);
    return room;
}

bool
trace_objects_class(const struct trace_objects *o, uint32_t hClient, uint32_t hObject,
                    uint32_t *hClass_out)
{
    const struct object *x = find(o, hClient, hObject);

    *hClass_out = x ? x->hClass : 0;
    return x != NULL;
}

void
trace_objects_path(const struct trace_objects *o, struct nvrm_abi abi, uint32_t hClient,
                   uint32_t hObject, struct gsp_text *out)
{
    const struct object *chain[DEEPEST], *x = find(o, hClient, hObject);
    unsigned n = 0;
    char room[16];

    if (!x || hClient == hObject) {
        gsp_text_printf(out, "0x%08x", hObject);
        return;
    }
    for (; x && x->hObject != hClient && n < DEEPEST; x = find(o, hClient, x->hParent))
        chain[n++] = x;
    gsp_text_printf(out, "0x%08x", hClient);
    while (n--)
        gsp_text_printf(out, "/%s", class_word(abi, chain[n]->hClass, room));
}
