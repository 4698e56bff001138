/* SPDX-License-Identifier: MIT */
/* What vm verbs are told and say: names of mappings, numbers with units, addresses, rights. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "nearest.h"
#include "vm.h"

struct vm_row *
vm_find(struct vm *vm, const char *name)
{
    for (size_t i = 0; i < vm->count; i++)
        if (!strcmp(vm->rows[i].name, name))
            return &vm->rows[i];
    return NULL;
}

/* The row that a word names, or the nearest as a hint. */
int
vm_need_row(struct cli *cli, struct vm *vm, const char *name, struct vm_row **row_out)
{
    const char *best = NULL;
    unsigned limit = 3;

    *row_out = vm_find(vm, name);
    if (*row_out)
        return CLI_OK;
    for (size_t i = 0; i < vm->count; i++)
        if (cli_distance(name, vm->rows[i].name) < limit) {
            limit = cli_distance(name, vm->rows[i].name);
            best = vm->rows[i].name;
        }
    if (best) {
        char hint[64];

        snprintf(hint, sizeof(hint), "did you mean %s?", best);
        return cli_usage(cli, hint, "no mapping is called '%s'", name);
    }
    return cli_usage(cli, "vm map NAME BYTES makes one; it lives as long as the session",
                     "no mapping is called '%s'", name);
}

bool
vm_number(const char *word, uint64_t *value_out)
{
    static const char units[] = "KMGT";
    const char *unit;
    char *end;
    uint64_t value;

    if (*word < '0' || *word > '9')
        return false;
    errno = 0;
    value = strtoull(word, &end, 0);
    if (errno)
        return false;
    unit = *end ? strchr(units, *end) : NULL;
    if (unit) {
        const unsigned shift = 10 * (unsigned)(unit - units + 1);

        if (value >> (64 - shift))
            return false;
        value <<= shift;
        end++;
    }
    *value_out = value;
    return !*end;
}

int
vm_address(struct cli *cli, struct vm *vm, const char *word, uint64_t *va_out)
{
    const char *plus = strchr(word, '+');
    uint64_t offset = 0;
    struct vm_row *row;
    char name[32];
    int code;

    if (vm_number(word, va_out))
        return CLI_OK;
    if (plus && !vm_number(plus + 1, &offset))
        return cli_usage(cli, "for example buffer+0x1000", "'%s' is no offset", plus + 1);
    snprintf(name, sizeof(name), "%.*s", plus ? (int)(plus - word) : (int)strlen(word), word);
    code = vm_need_row(cli, vm, name, &row);
    if (code == CLI_OK)
        *va_out = row->range.addr + offset;
    return code;
}

int
vm_take_number(struct cli *cli, int *argc, char **argv, const char *option, uint64_t *value,
               bool *given)
{
    char *text = NULL;
    int rc = cli_value(cli, argc, argv, option, &text);

    if (given)
        *given = text;
    if (rc != CLI_OK || !text || vm_number(text, value))
        return rc;
    return cli_usage(cli, "for example 0x10000, 64K, 2M", "%s: '%s' is no number", option,
                     text);
}

const char *
vm_aperture_name(enum nvmem_aperture aperture)
{
    static const char *const names[] = {"vram", "peer", "system", "noncoherent"};

    return names[aperture & 3];
}

const struct vm_flag vm_flags[VM_FLAGS] = {
    {"--read-only",   "read-only",   NVMEM_MAP_READ_ONLY  },
    {"--volatile",    "volatile",    NVMEM_MAP_VOLATILE   },
    {"--privileged",  "privileged",  NVMEM_MAP_PRIVILEGED },
    {"--no-atomics",  "no atomics",  NVMEM_MAP_NO_ATOMICS },
    {"--no-counters", "no counters", NVMEM_MAP_NO_COUNTERS},
    {"--sparse",      "sparse",      NVMEM_MAP_SPARSE     },
};

void
vm_flags_text(uint32_t flags, char *text, size_t bytes)
{
    size_t at = 0;

    *text = '\0';
    for (unsigned i = 0; i < VM_FLAGS && at < bytes; i++)
        if (flags & vm_flags[i].flag)
            at += (size_t)snprintf(text + at, bytes - at, "%s%s", at ? ", " : "",
                                   vm_flags[i].text);
}

void
vm_size_text(uint64_t bytes, char *text, size_t text_bytes)
{
    static const char units[] = " KMGTP";
    unsigned u = 0;

    for (; u < 5 && bytes && bytes % 1024 == 0; u++)
        bytes /= 1024;
    snprintf(text, text_bytes, u ? "%" PRIu64 "%c" : "%" PRIu64, bytes, units[u]);
}
