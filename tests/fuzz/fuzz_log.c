/* SPDX-License-Identifier: MIT */
/*
 * A ring and a logging ELF, both of any bytes: the first four bytes say how many of the rest
 * are the ring. Every record that comes out can be turned into text, and what is saved reads
 * back.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <gsp/log.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXTS = 64, COUNTS = 8 };

static void
save_and_read_back(const struct gsp_log_ring *ring)
{
    const size_t bytes = GSP_LOG_NVLOG_HEADER + ring->bytes;
    uint8_t *saved = malloc(bytes);
    const struct gsp_fw_source file = {"saved", saved, bytes, 0};
    struct gsp_log_ring back;

    if (!saved)
        abort();
    gsp_log_nvlog_write(ring, saved);
    if (gsp_log_ring_open(&file, &back, NULL) == 0 && back.nvlog_version == 2 &&
        (back.bytes != ring->bytes || memcmp(back.words, ring->words, ring->bytes) != 0))
        abort();
    free(saved);
}

static void
decode(const struct gsp_log_ring *ring, const struct gsp_log_elf *elf, struct nvrm_abi abi)
{
    struct gsp_log_count counts[COUNTS];
    struct gsp_log log;
    unsigned others;

    if (gsp_log_decode(ring, elf, NULL, &log, NULL) < 0)
        abort();
    if (log.bad_words > ring->bytes / 8 || log.count > ring->bytes / 16)
        abort();
    gsp_log_histogram(&log, counts, COUNTS, &others);
    for (unsigned i = 0; i < log.count && i < TEXTS; i++) {
        struct gsp_text text = {0};

        gsp_log_record_text(elf, ring, &log.records[i], abi, &text);
        if (text.rc < 0 || text.bytes > 5000)
            abort();
        gsp_text_fini(&text);
    }
    gsp_log_fini(&log);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct nvrm_abi abi = {nvrm_schema_builtin(), 0};
    struct gsp_fw_source ring_file = {"loginit"}, elf_file = {"elf"};
    struct gsp_log_elf *elf = NULL;
    struct gsp_log_ring ring;
    struct gsp_error err = {0};
    uint32_t ring_bytes;

    if (size < 4)
        return 0;
    memcpy(&ring_bytes, data, 4);
    ring_bytes = ring_bytes < size - 4 ? ring_bytes : (uint32_t)(size - 4);
    ring_file.data = data + 4;
    ring_file.bytes = ring_bytes;
    elf_file.data = data + 4 + ring_bytes;
    elf_file.bytes = size - 4 - ring_bytes;
    if (gsp_log_elf_open(&elf_file, NULL, &elf, &err) < 0 && !err.text[0])
        abort();
    if (gsp_log_ring_open(&ring_file, &ring, &err) == 0) {
        save_and_read_back(&ring);
        decode(&ring, elf, abi);
        decode(&ring, NULL, abi);
        ring.form = GSP_LOG_FORM_PACKED;
        decode(&ring, elf, abi);
    }
    gsp_log_elf_close(elf);
    return 0;
}
