/* SPDX-License-Identifier: MIT */
/*
 * Long copies.
 *
 * Above 2 KiB glibc's memcpy turns to `rep movsb`, whose microcode on some processors falls to
 * a byte at a time when (dst - src) mod 4096 is small and positive (26 times slower was seen).
 * Rings and stacks make such distances common. Pieces of 2 KiB stay on the vector path, which
 * is as fast while the data fits into the first-level cache.
 */
#include "copy_priv.h"

enum {
    PIECE_BYTES = 2048, /* the longest copy that stays on the vector path */
    WIDE_BYTES =
        64 *
        1024, /* from here on memory bandwidth decides, and only the bad distances are cut up */
    BAD_DISTANCE = 1024 /* generous: the slow distances seen end below 512 */
};

void
gsp_copy_long(void *dst, const void *src, size_t bytes)
{
    const uintptr_t distance = ((uintptr_t)dst - (uintptr_t)src) & 4095;
    unsigned char *to = dst;
    const unsigned char *from = src;

    if (bytes >= WIDE_BYTES && (distance == 0 || distance > BAD_DISTANCE)) {
        gsp_copy_call(to, from, bytes);
        return;
    }
    while (bytes) {
        const size_t piece = bytes < PIECE_BYTES ? bytes : PIECE_BYTES;

        gsp_copy_call(to, from, piece);
        to += piece;
        from += piece;
        bytes -= piece;
    }
}
