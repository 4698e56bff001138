/* SPDX-License-Identifier: MIT */
/*
 * The card's own firmware set, and what faults make of it: a set of another release, and one
 * that is signed for another family.
 */
#include <string.h>

#include "emu_priv.h"
#include "hw.h"

/* The release that a set of the wrong one says it is. */
static void
other_release(struct emu_synth_key *key)
{
    const char *other = strcmp(key->release, "570.144") != 0 ? "570.144" : "570.133.07";

    memcpy(key->release, other, strlen(other) + 1);
}

static void
other_signature(const struct emu_synth_key *key, struct emu_blob *file)
{
    const enum emu_family other = key->family == EMU_GA10X ? EMU_AD10X : EMU_GA10X;
    uint8_t ours[EMU_GSP_SIGNATURE_BYTES], theirs[EMU_GSP_SIGNATURE_BYTES];
    uint8_t *at;

    emu_gsp_signature(key, emu_family_name(key->family), ours);
    emu_gsp_signature(key, emu_family_name(other), theirs);
    at = memmem(file->p, file->n, ours, sizeof(ours));
    if (at)
        memcpy(at, theirs, sizeof(theirs));
}

int
emu_gpu_synth_file(struct emu_gpu *gpu, enum emu_synth_kind kind, uint8_t **bytes_out,
                   size_t *size_out)
{
    const struct emu_mem libc = {0};
    struct emu_synth_key key = gpu->hw->key;
    struct emu_blob blob = {.mem = &libc};
    int rc;

    if (kind == EMU_SYNTH_GSP && emu_hw_fault(gpu, EMU_BOOT_FW_VERSION))
        other_release(&key);
    rc = emu_synth_make(&key, kind, &blob);
    if (rc < 0)
        return rc;
    if (kind == EMU_SYNTH_GSP && emu_hw_fault(gpu, EMU_BOOT_FW_SIGNATURE))
        other_signature(&key, &blob);
    *bytes_out = blob.p;
    *size_out = blob.n;
    return 0;
}
