/* SPDX-License-Identifier: MIT */
/*
 * The synthetic firmware set: growing bytes, the seeded noise that stands where code would, and
 * which chip needs which file.
 *
 * Names and folders are linux-firmware's; which family uses which is in the vendor's
 * nv-firmware-chip-family-select.h.
 */
#include "fw_synth.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Families */

enum emu_family
emu_family_of(const struct emu_card *card)
{
    switch (card->architecture) {
    case 0x16:
        return EMU_TU10X;
    case 0x17:
        return card->implementation ? EMU_GA10X : EMU_GA100;
    case 0x18:
        return EMU_GH100;
    case 0x19:
        return EMU_AD10X;
    case 0x1a:
        return EMU_GB10X;
    default:
        return EMU_GB20X;
    }
}

/* Folders of linux-firmware: families share each other's small ucodes. */
static const struct {
    const char *name, *gsp, *folder;
} families[] = {
    [EMU_TU10X] = {"tu10x", "tu10x", "tu102"},
      [EMU_GA100] = {"ga100", "tu10x", "ga100"},
    [EMU_GA10X] = {"ga10x", "ga10x", "ga102"},
      [EMU_AD10X] = {"ad10x", "ga10x", "ad102"},
    [EMU_GH100] = {"gh100", "ga10x", "gh100"},
      [EMU_GB10X] = {"gb10x", "ga10x", "gb100"},
    [EMU_GB20X] = {"gb20x", "ga10x", "gb202"},
};

const char *
emu_family_name(enum emu_family family)
{
    return families[family].name;
}

bool
emu_family_has_fsp(enum emu_family family)
{
    return family >= EMU_GH100;
}

bool
emu_family_has_brom(enum emu_family family)
{
    return family >= EMU_GA10X;
}

/* Bytes */

void
emu_blob_fini(struct emu_blob *b)
{
    emu_free(b->mem, b->p);
    b->p = NULL;
    b->n = b->cap = 0;
}

size_t
emu_blob_grow(struct emu_blob *b, size_t n)
{
    const size_t at = b->n;
    const size_t cap = at + n > b->cap * 2 ? at + n : b->cap * 2;
    uint8_t *grown;

    if (b->failed)
        return 0;
    if (at + n > b->cap) {
        grown = emu_realloc(b->mem, b->p, cap);
        if (!grown) {
            emu_blob_fini(b);
            b->failed = true;
            return 0;
        }
        b->p = grown;
        b->cap = cap;
    }
    if (n)
        memset(b->p + at, 0, n);
    b->n += n;
    return at;
}

void
emu_blob_add(struct emu_blob *b, const void *bytes, size_t n)
{
    const size_t at = emu_blob_grow(b, n);

    if (!b->failed && n)
        memcpy(b->p + at, bytes, n);
}

void
emu_blob_u32(struct emu_blob *b, uint32_t value)
{
    emu_blob_add(b, &value, sizeof(value));
}

void
emu_blob_align(struct emu_blob *b, size_t alignment)
{
    emu_blob_grow(b, (alignment - b->n % alignment) % alignment);
}

static void
put(struct emu_blob *b, size_t at, const void *value, size_t n)
{
    if (!b->failed && n <= b->n && at <= b->n - n)
        memcpy(b->p + at, value, n);
}

void
emu_blob_put16(struct emu_blob *b, size_t at, uint32_t value)
{
    const uint16_t v = (uint16_t)value;

    put(b, at, &v, sizeof(v));
}

void
emu_blob_put32(struct emu_blob *b, size_t at, uint32_t value)
{
    put(b, at, &value, sizeof(value));
}

void
emu_blob_put64(struct emu_blob *b, size_t at, uint64_t value)
{
    put(b, at, &value, sizeof(value));
}

static uint64_t
hash(uint64_t h, const char *text)
{
    for (; *text; text++)
        h = (h ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
    return h * UINT64_C(0x100000001b3);
}

/* xorshift64: nothing depends on its quality. */
void
emu_noise(uint8_t *out, size_t n, const char *name, const char *scope)
{
    uint64_t x = hash(hash(UINT64_C(0xcbf29ce484222325), name), scope) | 1;

    while (n) {
        const size_t step = n < sizeof(x) ? n : sizeof(x);

        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        memcpy(out, &x, step);
        out += step;
        n -= step;
    }
}

void
emu_blob_noise(struct emu_blob *b, size_t n, const char *name, const char *scope)
{
    const size_t at = emu_blob_grow(b, n);
    char marker[160];
    int used = snprintf(marker, sizeof(marker),
                        "SYNTHETIC bytes of the nvrm emulator (%s, %s). Not NVIDIA firmware.\n",
                        name, scope);

    if (b->failed)
        return;
    emu_noise(b->p + at, n, name, scope);
    if (used > 0 && (size_t)used < sizeof(marker) && (size_t)used < n)
        memcpy(b->p + at, marker, (size_t)used);
}

/* Files */

static const char *const kind_names[EMU_SYNTH_KINDS] = {
    [EMU_SYNTH_GSP] = "gsp",
    [EMU_SYNTH_BOOTLOADER] = "bootloader",
    [EMU_SYNTH_BOOTER_LOAD] = "booter_load",
    [EMU_SYNTH_BOOTER_UNLOAD] = "booter_unload",
    [EMU_SYNTH_SCRUBBER] = "scrubber",
    [EMU_SYNTH_GENERIC_BL] = "gen_bootloader",
    [EMU_SYNTH_FMC] = "fmc",
};

const char *
emu_synth_kind_name(enum emu_synth_kind kind)
{
    return (unsigned)kind < EMU_SYNTH_KINDS ? kind_names[kind] : NULL;
}

bool
emu_synth_has(const struct emu_synth_key *key, enum emu_synth_kind kind)
{
    const bool fsp = emu_family_has_fsp(key->family);

    switch (kind) {
    case EMU_SYNTH_GSP:
    case EMU_SYNTH_BOOTLOADER:
        return true;
    case EMU_SYNTH_BOOTER_LOAD:
    case EMU_SYNTH_BOOTER_UNLOAD:
        return !fsp;
    case EMU_SYNTH_SCRUBBER:
        return key->family == EMU_AD10X;
    case EMU_SYNTH_GENERIC_BL:
        return !fsp && !emu_family_has_brom(key->family);
    case EMU_SYNTH_FMC:
        return fsp;
    default:
        return false;
    }
}

int
emu_synth_key(const char *chip, const char *release, struct emu_synth_key *key_out)
{
    const size_t n = strlen(release);
    char *end;

    *key_out = (struct emu_synth_key){.card = emu_card_find(chip)};
    if (!key_out->card)
        return -ENOENT;
    key_out->branch = (unsigned)strtoul(release, &end, 10);
    if (!key_out->branch || *end != '.' || n >= sizeof(key_out->release))
        return -EINVAL;
    memcpy(key_out->release, release, n + 1);
    key_out->family = emu_family_of(key_out->card);
    return 0;
}

int
emu_synth_make(const struct emu_synth_key *key, enum emu_synth_kind kind, struct emu_blob *out)
{
    if (!emu_synth_has(key, kind))
        return -ENOENT;
    switch (kind) {
    case EMU_SYNTH_GSP:
        emu_gsp_file(key, out);
        break;
    case EMU_SYNTH_BOOTLOADER:
        emu_bl_file(key, out);
        break;
    case EMU_SYNTH_GENERIC_BL:
        emu_generic_bl_file(key, out);
        break;
    case EMU_SYNTH_FMC:
        emu_fmc_file(key, out);
        break;
    default:
        emu_hs_file(key, kind, out);
        break;
    }
    return out->failed ? -ENOMEM : 0;
}

int
emu_synth_file(const char *chip, const char *release, enum emu_synth_kind kind,
               uint8_t **bytes_out, size_t *size_out)
{
    const struct emu_mem libc = {0};
    struct emu_blob blob = {.mem = &libc};
    struct emu_synth_key key;
    int rc = emu_synth_key(chip, release, &key);

    if (rc == 0)
        rc = emu_synth_make(&key, kind, &blob);
    if (rc < 0)
        return rc;
    *bytes_out = blob.p;
    *size_out = blob.n;
    return 0;
}

size_t
emu_synth_path(const char *chip, const char *release, enum emu_synth_kind kind, char *path,
               size_t path_bytes)
{
    struct emu_synth_key key;
    const char *folder;
    int n;

    if (emu_synth_key(chip, release, &key) < 0 || !emu_synth_has(&key, kind))
        return 0;
    folder = families[key.family].folder;
    if (kind == EMU_SYNTH_GSP)
        n = snprintf(path, path_bytes, "nvidia/%s/gsp_%s.bin", release,
                     families[key.family].gsp);
    else
        n = snprintf(path, path_bytes, "nvidia/%s/gsp/%s-%s.bin", folder, kind_names[kind],
                     release);
    return n > 0 ? (size_t)n : 0;
}
