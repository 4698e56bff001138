/* SPDX-License-Identifier: MIT */
/* Any text as the faults of a card: it is taken whole or refused with a reason. */
#include <stdlib.h>
#include <string.h>

#include <emu/emu.h>
#include <emu/fault.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 4096 };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct nvrm_schema *schema = nvrm_schema_builtin();
    struct emu_config config = {
        .abi = {schema, nvrm_release_newest(schema)}
    };
    char text[MOST + 1], message[64] = "";
    struct emu_gpu *gpu = NULL;

    if (!size || size > MOST)
        return 0;
    config.chip = emu_chip_at(data[0] % emu_chip_count())->name;
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    config.inject = text;
    if (emu_gpu_create(&config, &gpu, message, sizeof(message)) < 0 && !message[0])
        abort();
    emu_gpu_destroy(gpu);
    return 0;
}
