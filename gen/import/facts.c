/* SPDX-License-Identifier: MIT */
/* The rows of one release, and which YAML file a vendor header's rows go to. */
#include "facts.h"

#include <string.h>

static const struct {
    const char *name;
    bool is_value;
} sections[SEC_COUNT] = {
    [SEC_STRUCTS] = {"structs",   false},
      [SEC_ENUMS] = {"enums",     true },
    [SEC_CONSTANTS] = {"constants", true },
      [SEC_RANGES] = {"ranges",    true },
    [SEC_CLASSES] = {"classes",   false},
      [SEC_CONTROLS] = {"controls",  false},
    [SEC_FUNCTIONS] = {"functions", false},
      [SEC_EVENTS] = {"events",    false},
    [SEC_STATUS] = {"status",    true },
      [SEC_ESCAPES] = {"escapes",   false},
    [SEC_CHIPS] = {"chips",     false},
      [SEC_PCI] = {"pci",       true },
};

const char *
imp_section_name(enum imp_section s)
{
    return sections[s].name;
}

bool
imp_section_is_value(enum imp_section s)
{
    return sections[s].is_value;
}

bool
imp_fact_add(struct imp_facts *f, enum imp_section s, const char *name, const char *path,
             uint32_t line, const char *body, struct imp_error *err)
{
    void **at = imp_map_at(&f->rows[s], name);
    struct imp_fact *row = *at;

    if (!row) {
        row = imp_alloc(f->arena, sizeof(*row));
        *row = (struct imp_fact){
            .name = name,
            .path = path,
            .body = imp_strdup(f->arena, body),
            .line = line,
        };
        *at = row;
        return true;
    }
    return strcmp(row->body, body) == 0 ||
           imp_fail(err, path, line, "%s '%s' was %s at %s:%u and is %s here",
                    imp_section_name(s), name, row->body, row->path, row->line, body);
}

const struct imp_fact *
imp_fact_get(const struct imp_facts *f, enum imp_section s, const char *name)
{
    return imp_map_get(&f->rows[s], name);
}

void
imp_facts_fini(struct imp_facts *f)
{
    for (int s = 0; s < SEC_COUNT; s++)
        imp_map_fini(&f->rows[s]);
}

char *
imp_yaml_key(struct imp_arena *a, const char *path)
{
    static const char sdk[] = "src/common/sdk/nvidia/inc/";
    static const struct {
        const char *part, *folder;
    } rules[] = {
        {"/unix/",        "unix/"},
        {"/nvidia-uvm/",  "uvm/" },
        {"nvCpuUuid",     "uvm/" },
        {"/fsp/",         "fsp/" },
        {"/vgpu/",        "rpc/" },
        {"g_rpc-",        "rpc/" },
        {"g_sdk-",        "rpc/" },
        {"msgq",          "msgq/"},
        {"message_queue", "msgq/"},
        {"",              "gsp/" },
    };
    const char *base = strrchr(path, '/');
    size_t len = strlen(path);

    if (imp_has_suffix(path, ".h") || imp_has_suffix(path, ".c"))
        len -= 2;
    if (imp_has_prefix(path, sdk))
        return imp_strndup(a, path + strlen(sdk), len - strlen(sdk));
    base = base ? base + 1 : path;
    for (size_t i = 0;; i++)
        if (strstr(path, rules[i].part))
            return imp_printf(a, "%s%.*s", rules[i].folder, (int)(len - (size_t)(base - path)),
                              base);
}
