/* SPDX-License-Identifier: MIT */
#ifndef BENCH_CODEC_PEER_H
#define BENCH_CODEC_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct NV_MEMORY_ALLOCATION_PARAMS;

/** Encodes as a protobuf message with nanopb; false when it does not fit. */
bool bench_codec_nanopb(const struct NV_MEMORY_ALLOCATION_PARAMS *p, uint8_t *out, size_t cap);

#endif
