/* SPDX-License-Identifier: MIT */
/* Arbitrary text as JSON of any type: one byte of release, two of type, then the text. */
#include <stdlib.h>
#include <string.h>

#include "codec_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct nvrm_abi abi;
    uint16_t row;
    char *text;

    if (size < 3)
        return 0;
    abi = codec_abi(data[0]);
    row = (uint16_t)((data[1] | data[2] << 8) % nvrm_struct_count(abi.schema));
    text = malloc(size - 3 ? size - 3
                           : 1); /* exactly as long, so that reading past the end is seen */
    if (!text)
        return 0;
    memcpy(text, data + 3, size - 3);
    codec_check_text(abi, row, text, size - 3);
    free(text);
    return 0;
}
