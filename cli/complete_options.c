/* SPDX-License-Identifier: MIT */
/*
 * Completion of the values that a verb's own options take.
 */
#include <string.h>

#include <emu/emu.h>
#include <emu/fault.h>
#include <gsp/boot.h>

#include <nvrm/hw.h>

#include "complete_priv.h"
#include "health.h"
#include "schema_verbs.h"

static void
offer_chips(struct wish *p)
{
    for (unsigned i = 0; i < emu_chip_count(); i++)
        wish_offer(p, emu_chip_at(i)->name);
}

static void
offer_releases(struct wish *p)
{
    for (unsigned i = 0; i < nvrm_release_count(p->at.abi.schema); i++)
        wish_offer(p, nvrm_release_name(p->at.abi.schema, (nvrm_release)i));
}

static bool
is_offered(const struct wish *p, const char *word)
{
    for (size_t i = 0; i < p->out->count; i++) {
        if (!strcmp(p->out->words[i], word))
            return true;
    }
    return false;
}

static void
offer_faults(struct wish *p)
{
    struct emu_fault_row row;

    for (unsigned i = 0; emu_fault_row_at(i, &row); i++) {
        if (!is_offered(p, row.name)) /* a row for each range of releases */
            wish_offer(p, row.name);
    }
}

static void
offer_checks(struct wish *p)
{
    for (unsigned i = 0; i < HEALTH_CHECKS; i++)
        wish_offer(p, health_check_name(i));
}

/* Of any family: which card it will be, the line may not say yet. */
static void
offer_states(struct wish *p)
{
    const struct gsp_boot_state *state;

    for (unsigned f = 0; f < GSP_FW_FAMILIES; f++) {
        for (unsigned i = 0; (state = gsp_boot_state_at((enum gsp_fw_family)f, i)); i++) {
            if (!is_offered(p, state->name))
                wish_offer(p, state->name);
        }
    }
}

static void
offer_kinds(struct wish *p)
{
    const struct schema_kind *kind;

    for (unsigned i = 0; (kind = schema_kind_at(i)); i++)
        wish_offer(p, kind->single);
}

static void
offer_hw_classes(struct wish *p)
{
    for (unsigned i = 0; i < nvrm_hw_class_count(); i++) {
        const struct nvrm_hw_class *c = nvrm_hw_class_at(i);

        if (nvrm_hw_record(c, "GP_ENTRY0"))
            wish_offer(p, nvrm_hw_text(c->name));
    }
}

static void
offer_records(struct wish *p)
{
    for (unsigned i = 0; i < nvrm_hw_class_count(); i++)
        for (unsigned k = 0; k < nvrm_hw_class_at(i)->record_count; k++) {
            const char *name = nvrm_hw_text(nvrm_hw_record_at(nvrm_hw_class_at(i), k)->name);

            if (!is_offered(p, name))
                wish_offer(p, name);
        }
}

/* Where a row has no source, the words stand in it. */
static const struct {
    const char *verb, *option;
    void (*source)(struct wish *p);
    const char *words[6];
} values[] = {
    {"boot",   "--until",   offer_states,     {NULL}                         },
    {"emu",    "--chip",    offer_chips,      {NULL}                         },
    {"emu",    "--fault",   offer_faults,     {NULL}                         },
    {"fw",     "--chip",    offer_chips,      {NULL}                         },
    {"fw",     "--release", offer_releases,   {NULL}                         },
    {"health", "--require", offer_checks,     {NULL}                         },
    {"health", "--skip",    offer_checks,     {NULL}                         },
    {"push",   "--host",    offer_hw_classes, {NULL}                         },
    {"push",   "--as",      offer_records,    {NULL}                         },
    {"schema", "--kind",    offer_kinds,      {NULL}                         },
    {"trace",  "--method",  NULL,             {"auto", "preload", "ptrace"}  },
    {"trace",  "--to",      NULL,             {"jsonl", "pcapng", "perfetto"}},
};

bool
complete_own_value(struct wish *p)
{
    const char *last = p->at.argc > 1 ? p->at.argv[p->at.argc - 1] : "";

    for (size_t i = 0; *last == '-' && i < sizeof(values) / sizeof(values[0]); i++) {
        if (strcmp(values[i].verb, p->at.argv[0]) || strcmp(values[i].option, last))
            continue;
        if (values[i].source)
            values[i].source(p);
        for (unsigned k = 0; k < 6 && values[i].words[k]; k++)
            wish_offer(p, values[i].words[k]);
        return true;
    }
    return false;
}
