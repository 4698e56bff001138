/* SPDX-License-Identifier: MIT */
/*
 * The module of this process, as the environment describes it.
 */
#include "preload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool
release_of(struct nvrm_abi *abi, const char *name)
{
    abi->schema = nvrm_schema_builtin();
    abi->release =
        name ? nvrm_release_find(abi->schema, name) : nvrm_release_newest(abi->schema);
    if (abi->release != NVRM_NO_RELEASE)
        return true;
    fprintf(stderr, "nvrm-preload: NVRM_EMU_RELEASE=%s is not a known release\n", name);
    return false;
}

static void
note(void *ctx, const char *text)
{
    (void)ctx;
    fprintf(stderr, "nvrm-preload: %s\n", text);
}

struct emu_kmod *
preload_module(const struct emu_kmod_host *host)
{
    const char *cards = getenv("NVRM_EMU_CARDS");
    struct emu_kmod_config config = {
        .chip = getenv("NVRM_EMU_CHIP"),
        .fault = getenv("NVRM_EMU_FAULT"),
        .cards = cards ? (unsigned)strtoul(cards, NULL, 10) : 1,
        .root = geteuid() == 0,
        .host = *host,
    };
    struct emu_kmod *kmod = NULL;
    char message[200] = "";

    if (getenv("NVRM_EMU_VERBOSE"))
        config.host.note = note;

    if (!release_of(&config.abi, getenv("NVRM_EMU_RELEASE")))
        return NULL;
    if (emu_kmod_create(&config, &kmod, message, sizeof(message)) < 0) {
        fprintf(stderr, "nvrm-preload: the emulated card does not start: %s\n", message);
        return NULL;
    }
    return kmod;
}
