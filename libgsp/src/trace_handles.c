/* SPDX-License-Identifier: MIT */
/*
 * What is particular to one run: handles, which another run may choose otherwise, and fields
 * that say who called and not what was called.
 */
#include <string.h>

#include "trace_priv.h"
#include "view_priv.h"

struct mapping {
    uint32_t (*map)(void *ctx, uint32_t handle);
    void *ctx;
};

static void map_struct(const struct mapping *m, const struct gsp_view *v);

static void
map_field(const struct mapping *m, const struct gsp_view *v, const struct nvrm_field *f)
{
    struct gsp_elems e;
    struct gsp_view inner;

    if (f->type != NVRM_HANDLE && f->type != NVRM_STRUCT)
        return;
    gsp_view_elems(v, f, &e);
    for (uint32_t i = 0; i < e.used; i++) {
        uint8_t *at = trace_writable(e.at) + (size_t)i * e.bytes;

        if (f->type == NVRM_HANDLE) {
            gsp_store(at, 4, m->map(m->ctx, (uint32_t)gsp_load(at, 4)));
        } else if (!(e.layout->flags & NVRM_LAYOUT_UNION)) {
            gsp_view_enter(v, f, &e, i, &inner);
            map_struct(m, &inner);
        }
    }
}

static void
map_struct(const struct mapping *m, const struct gsp_view *v)
{
    for (uint16_t i = 0; i < v->layout->fields; i++)
        map_field(m, v, &v->fields[i]);
}

void
gsp_trace_map_handles(struct nvrm_abi abi, const struct nvrm_layout *layout, void *wire,
                      size_t wire_bytes, uint32_t (*map)(void *ctx, uint32_t handle), void *ctx)
{
    const struct mapping m = {map, ctx};
    struct gsp_view v;

    if (wire_bytes < layout->size || (layout->flags & NVRM_LAYOUT_UNION))
        return;
    gsp_view_init(&v, abi, layout, wire, wire_bytes);
    map_struct(&m, &v);
}

bool
gsp_trace_is_noise(const char *struct_name, const char *field)
{
    static const char *const noise[][2] = {
        {"NV0000_ALLOC_PARAMETERS", "processID"  },
        {"NV0000_ALLOC_PARAMETERS", "processName"},
        {"NV0000_ALLOC_PARAMETERS", "pOsPidInfo" },
    };

    for (size_t i = 0; i < sizeof(noise) / sizeof(noise[0]); i++)
        if (!strcmp(noise[i][0], struct_name) && !strcmp(noise[i][1], field))
            return true;
    return false;
}
