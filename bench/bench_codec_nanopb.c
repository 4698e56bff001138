/* SPDX-License-Identifier: MIT */
/*
 * nanopb over the same C struct. The field list is what its generator would write for a .proto
 * with these fields; all are required, so that zeroes are written as the wire form writes them.
 */
#include <nvrm/types.h>
#include <pb_encode.h>

#include "bench_codec_peer.h"

typedef struct NV_MEMORY_ALLOCATION_PARAMS peer_memory; /* nanopb pastes the name */

#define peer_memory_FIELDLIST(X, a)                                                            \
    X(a, STATIC, REQUIRED, UINT32, owner, 1)                                                   \
    X(a, STATIC, REQUIRED, UINT32, type, 2)                                                    \
    X(a, STATIC, REQUIRED, UINT32, flags, 3)                                                   \
    X(a, STATIC, REQUIRED, UINT32, width, 4)                                                   \
    X(a, STATIC, REQUIRED, UINT32, height, 5)                                                  \
    X(a, STATIC, REQUIRED, INT32, pitch, 6)                                                    \
    X(a, STATIC, REQUIRED, UINT32, attr, 7)                                                    \
    X(a, STATIC, REQUIRED, UINT32, attr2, 8)                                                   \
    X(a, STATIC, REQUIRED, UINT32, format, 9)                                                  \
    X(a, STATIC, REQUIRED, UINT32, comprCovg, 10)                                              \
    X(a, STATIC, REQUIRED, UINT32, zcullCovg, 11)                                              \
    X(a, STATIC, REQUIRED, UINT64, rangeLo, 12)                                                \
    X(a, STATIC, REQUIRED, UINT64, rangeHi, 13)                                                \
    X(a, STATIC, REQUIRED, UINT64, size, 14)                                                   \
    X(a, STATIC, REQUIRED, UINT64, alignment, 15)                                              \
    X(a, STATIC, REQUIRED, UINT64, offset, 16)                                                 \
    X(a, STATIC, REQUIRED, UINT64, limit, 17)                                                  \
    X(a, STATIC, REQUIRED, UINT64, address, 18)                                                \
    X(a, STATIC, REQUIRED, UINT32, ctagOffset, 19)                                             \
    X(a, STATIC, REQUIRED, UINT32, hVASpace, 20)                                               \
    X(a, STATIC, REQUIRED, UINT32, internalflags, 21)                                          \
    X(a, STATIC, REQUIRED, UINT32, tag, 22)                                                    \
    X(a, STATIC, REQUIRED, INT32, numaNode, 23)
#define peer_memory_CALLBACK NULL
#define peer_memory_DEFAULT  NULL
extern const pb_msgdesc_t peer_memory_msg;
PB_BIND(peer_memory, peer_memory, AUTO)

bool
bench_codec_nanopb(const struct NV_MEMORY_ALLOCATION_PARAMS *p, uint8_t *out, size_t cap)
{
    pb_ostream_t stream = pb_ostream_from_buffer(out, cap);

    return pb_encode(&stream, &peer_memory_msg, p);
}
