/* SPDX-License-Identifier: MIT */
/*
 * Arbitrary words as a push buffer, and arbitrary text as one: words come back bit for bit from
 * their text, the linter ends, and text that assembles is not longer than it can be. The first
 * byte says which: words, ring entries or text.
 */
#include <stdlib.h>
#include <string.h>

#include <nvmem/push_text.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
back_again(const struct gsp_text *text, const uint32_t *words, size_t count)
{
    struct gsp_text out = {0};

    if (nvmem_push_assemble(text->data ? text->data : "", text->bytes, "fuzz", &out, NULL) <
            0 ||
        out.bytes != count * 4 || (count && memcmp(out.data, words, count * 4) != 0))
        abort();
    gsp_text_fini(&out);
}

static void
as_words(const uint8_t *data, size_t size, bool ring)
{
    static const uint16_t ids[NVMEM_PUSH_SUBCHANNELS] = {0xc597, 0xc6c0, 0xa140, 0x902d,
                                                         0xc7b5, 0xce97, 0xcec0, 0};
    struct nvmem_push_state s = {0}, again;
    struct gsp_text text = {0};
    const size_t count = size / 4;
    uint32_t *words = malloc(count * 4 + 4);

    if (!words)
        return;
    memcpy(words, data, count * 4);
    for (unsigned i = 0; i < NVMEM_PUSH_SUBCHANNELS; i++)
        s.bound[i] = nvrm_hw_class(ids[i]);
    again = s;
    if ((ring ? nvmem_push_disassemble_ring(words, count, &text)
              : nvmem_push_disassemble(&s, words, count, &text)) < 0)
        abort();
    back_again(&text, words, count);
    (void)nvmem_push_lint(&again, words, count, NULL, NULL);
    (void)nvmem_push_lint_ring(words, count, NULL, NULL);
    gsp_text_fini(&text);
    free(words);
}

static void
as_text(const uint8_t *data, size_t size)
{
    struct gsp_text words = {0};
    struct gsp_error err = {0};
    const int rc = nvmem_push_assemble((const char *)data, size, "fuzz", &words, &err);

    if ((rc < 0 && !err.text[0]) || words.bytes > 8 * size + 8)
        abort();
    gsp_text_fini(&words);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    if (data[0] % 3 == 2)
        as_text(data + 1, size - 1);
    else
        as_words(data + 1, size - 1, data[0] % 3 == 1);
    return 0;
}
