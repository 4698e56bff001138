/* SPDX-License-Identifier: MIT */
/*
 * Arbitrary bytes as any type: one byte of release, two of type, then the wire bytes; and the
 * same bytes as a FINN message.
 */
#include <stdlib.h>
#include <string.h>

#include "codec_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct nvrm_abi abi;
    const struct nvrm_layout *layout;
    uint16_t row;
    uint8_t *wire;
    size_t bytes;

    if (size < 3)
        return 0;
    abi = codec_abi(data[0]);
    row = (uint16_t)((data[1] | data[2] << 8) % nvrm_struct_count(abi.schema));
    layout = nvrm_struct_at(abi, row);
    if (!layout)
        return 0;
    /* Short inputs are repeated up to the struct's size, so that every type can be reached with
     * few bytes. */
    bytes = size - 3 > layout->size ? size - 3 : layout->size;
    wire = malloc(bytes ? bytes : 1);
    if (!wire)
        return 0;
    for (size_t i = 0; i < bytes; i++)
        wire[i] = size > 3 ? data[3 + i % (size - 3)] : 0;
    codec_check_bytes(abi, row, wire, bytes);
    codec_check_finn(abi, row, data + 3, size - 3);
    free(wire);
    return 0;
}
