/* SPDX-License-Identifier: MIT */
/* What must hold for any bytes laid under any layout: shared by the fuzz targets and by the
 * sweep over every type. */
#ifndef CODEC_CHECK_H
#define CODEC_CHECK_H

#include <stddef.h>
#include <stdint.h>

#include <nvrm/schema.h>

/** Releases that the codec is fuzzed at: one of each wire generation. */
enum { CODEC_RELEASES = 3 };
struct nvrm_abi codec_abi(unsigned which);

/**
 * Validates, prints, writes as JSON and, where there is a plan, decodes and encodes. JSON that
 * can be read back must be written again word for word. Aborts when something does not hold.
 */
void codec_check_bytes(struct nvrm_abi abi, uint16_t struct_row, const uint8_t *wire,
                       size_t bytes);

/** Text that can be read must be written the same once it has been written. */
void codec_check_text(struct nvrm_abi abi, uint16_t struct_row, const char *text, size_t bytes);

/** A serialised message from outside never gets past its buffers. */
void codec_check_finn(struct nvrm_abi abi, uint16_t struct_row, const uint8_t *message,
                      size_t bytes);

#endif
