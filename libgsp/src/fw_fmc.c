/* SPDX-License-Identifier: MIT */
/*
 * fmc-*.bin: the first mutable code that FSP starts, in an ELF32 of four named sections. Each
 * section header carries the section's CRC-32 where ELF has sh_info.
 */
#include <errno.h>
#include <string.h>

#include "fw_bytes_priv.h"

enum { HASH_BYTES = 48, RSA_BYTES = 384, ECC_SIGNATURE = 96, ECC_KEY = 97, PARTS = 4 };

static const char *const names[PARTS] = {"hash", "signature", "publickey", "image"};

static int
take_section(const struct gsp_fw_elf *elf, unsigned i, struct gsp_fw_fmc *f,
             struct gsp_error *err)
{
    struct gsp_fw_slice *const parts[PARTS] = {&f->hash, &f->signature, &f->public_key,
                                               &f->image};
    struct gsp_fw_section s;
    int rc = gsp_fw_elf_section(elf, i, &s, err);

    for (unsigned k = 0; rc == 0 && k < PARTS; k++) {
        if (strcmp(s.name, names[k]))
            continue;
        if (parts[k]->data)
            return fw_bad(&elf->src, err, s.data.off - elf->src.base, "a second %s", s.name);
        *parts[k] = s.data;
        f->crc[k] = s.info;
    }
    return rc;
}

static int
check_parts(const struct gsp_fw_source *src, const struct gsp_fw_fmc *f, struct gsp_error *err)
{
    const struct gsp_fw_slice *const parts[PARTS] = {&f->hash, &f->signature, &f->public_key,
                                                     &f->image};

    for (unsigned k = 0; k < PARTS; k++) {
        if (!parts[k]->bytes)
            return fw_bad(src, err, 0, "no section '%s', or an empty one", names[k]);
    }
    if (f->hash.bytes != HASH_BYTES)
        return fw_bad(src, err, f->hash.off - src->base, "hash of %llu bytes, not %d",
                      (unsigned long long)f->hash.bytes, HASH_BYTES);
    if ((f->signature.bytes != RSA_BYTES || f->public_key.bytes != RSA_BYTES) &&
        (f->signature.bytes != ECC_SIGNATURE || f->public_key.bytes != ECC_KEY))
        return fw_bad(src, err, f->signature.off - src->base,
                      "signature of %llu and key of %llu bytes are neither RSA-3K nor "
                      "ECC-P384",
                      (unsigned long long)f->signature.bytes,
                      (unsigned long long)f->public_key.bytes);
    return 0;
}

int
gsp_fw_fmc_open(const struct gsp_fw_source *src, struct gsp_fw_fmc *out, struct gsp_error *err)
{
    struct gsp_fw_fmc f = {0};
    struct gsp_fw_elf elf;
    int rc = gsp_fw_elf_open(src, &elf, err);

    memset(out, 0, sizeof(*out));
    if (rc == 0 && elf.is64)
        rc = fw_bad(src, err, 4, "an FMC is a 32-bit ELF");
    for (unsigned i = 0; rc == 0 && i < elf.sections; i++)
        rc = take_section(&elf, i, &f, err);
    if (rc == 0)
        rc = check_parts(src, &f, err);
    if (rc < 0)
        return rc;
    f.crc_known = f.crc[0] && f.crc[1] && f.crc[2] && f.crc[3];
    *out = f;
    return 0;
}
