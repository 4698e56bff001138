/* SPDX-License-Identifier: MIT */
/*
 * Any 128 bits decode or are refused; what decodes encodes to the same bits and comes back from
 * its text; any text assembles or is refused with a line. The first byte says which, and the
 * SM.
 */
#include <stdlib.h>
#include <string.h>

#include <sass/text.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const unsigned sms[] = {75, 80, 86, 89, 90, 100, 120};

static void
one(unsigned sm, const uint64_t code[2])
{
    const struct sass_print print = {.sm = sm};
    const struct sass_parse parse = {.sm = sm, .addr = 64};
    struct nvrm_sass_insn insn, back;
    char ctl[SASS_CTL], text[SASS_LINE];
    struct sass_error err;
    uint64_t again[2];

    if (!nvrm_sass_decode(sm, code, 64, &insn))
        return;
    if (!nvrm_sass_encode(sm, &insn, 64, again, NULL) || memcmp(code, again, sizeof(again)))
        abort();
    sass_print(&print, &insn, text);
    sass_print_ctl(&insn.ctl, ctl);
    if (sass_parse(&parse, text, &back, &err) < 0)
        abort();
    back.ctl = insn.ctl;
    if (!nvrm_sass_encode(sm, &back, 64, again, NULL) || memcmp(code, again, sizeof(again)))
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sass_error err;
    uint64_t code[2], *words;
    size_t count;
    unsigned sm;

    if (!size)
        return 0;
    sm = sms[(data[0] >> 1) % 7];
    if (data[0] & 1) {
        const int rc =
            sass_assemble(sm, (const char *)data + 1, size - 1, &words, &count, &err);

        if (rc == 0)
            free(words);
        else if (!err.text[0])
            abort();
        return 0;
    }
    for (size_t at = 1; at + sizeof(code) <= size; at += sizeof(code)) {
        memcpy(code, data + at, sizeof(code));
        one(sm, code);
    }
    return 0;
}
