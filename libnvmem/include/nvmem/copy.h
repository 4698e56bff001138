/* SPDX-License-Identifier: MIT */
/**
 * Copy engines: bytes, rectangles of images in either layout, fills, and components moved
 * about.
 *
 * Each call writes methods into a channel that has the copy class on NVMEM_SUBCH_COPY (all but
 * bare ones) and marks its buffers as used; nothing runs before nvmem_channel_submit(). A
 * transfer starts when the one before it has ended, unless NVMEM_COPY_PIPELINED says that it
 * need not.
 */
#ifndef NVMEM_COPY_H
#define NVMEM_COPY_H

#include <nvmem/channel.h>

#ifdef __cplusplus
extern "C" {
#endif

enum nvmem_copy_flags {
    NVMEM_COPY_PIPELINED = 1 << 0, /* may overlap the transfer before it */
};

/**
 * Bytes from one buffer to another, or to another place of the same; ranges that overlap give
 * neither's bytes.
 *
 * @return 0; -ERANGE (past the end of a buffer), -EINVAL (a buffer without an address or of
 *         another device), or as nvmem_channel_push()
 */
GSP_MUST_CHECK int nvmem_copy(struct nvmem_channel *ch, struct nvmem_buffer *to,
                              uint64_t to_offset, struct nvmem_buffer *from,
                              uint64_t from_offset, uint64_t bytes, uint32_t flags,
                              struct gsp_error *err);

/** Repeat a pattern of 1, 2, 4 or 8 bytes; offset and bytes are multiples of its size. */
GSP_MUST_CHECK int nvmem_fill(struct nvmem_channel *ch, struct nvmem_buffer *to,
                              uint64_t offset, uint64_t bytes, uint64_t pattern,
                              unsigned pattern_bytes, struct gsp_error *err);

enum nvmem_layout {
    NVMEM_LAYOUT_PITCH, /* line after line */
    NVMEM_LAYOUT_BLOCK, /* GOBs of 64 bytes by 8 lines, in blocks: block-linear */
};

/** An image in a buffer. */
struct nvmem_image {
    struct nvmem_buffer *buffer;
    uint64_t offset; /* of its first byte; block-linear: a multiple of 512 */
    enum nvmem_layout layout;
    int32_t pitch_bytes; /* pitch: from line to line; negative: upwards */
    /* Block-linear */
    uint32_t width_bytes, height, depth;         /* depth 0 is 1 */
    uint8_t block_height_log2, block_depth_log2; /* in GOBs: 0 to 5 */
};

/** A corner of an image, in elements of the copy. */
struct nvmem_origin {
    uint32_t x, y, layer;
};

/** Components of an element: what goes where. */
enum nvmem_component {
    NVMEM_FROM_X,
    NVMEM_FROM_Y,
    NVMEM_FROM_Z,
    NVMEM_FROM_W,
    NVMEM_CONST_A,
    NVMEM_CONST_B,
    NVMEM_NO_WRITE,
};
struct nvmem_remap {
    unsigned component_bytes;                /* 1 to 4 */
    unsigned from_components, to_components; /* 1 to 4 */
    enum nvmem_component to[4];
    uint32_t const_a, const_b;
};

struct nvmem_rect_copy {
    struct nvmem_image to, from;
    struct nvmem_origin to_at, from_at; /* in bytes without a remap; pitch images: x and y */
    uint32_t width, height;          /* in bytes, or in elements with a remap; and in lines */
    const struct nvmem_remap *remap; /* NULL: bytes as they are */
    uint32_t flags;                  /* enum nvmem_copy_flags */
};

/** A rectangle between images. As nvmem_copy(); -EINVAL for layouts that make no sense. */
GSP_MUST_CHECK int nvmem_copy_rect(struct nvmem_channel *ch, const struct nvmem_rect_copy *copy,
                                   struct gsp_error *err);

/** Bytes of a block-linear image with its last blocks filled up: what its buffer must hold. */
uint64_t nvmem_image_bytes(const struct nvmem_image *image);

/** The copy engine itself releases the semaphore when its transfers so far are done; host goes
 * on meanwhile. On classes without 64-bit payloads (before c7b5) host does it. */
GSP_MUST_CHECK int nvmem_copy_release(struct nvmem_channel *ch, const struct nvmem_semaphore *s,
                                      uint64_t value, struct gsp_error *err);

#ifdef __cplusplus
}
#endif
#endif
