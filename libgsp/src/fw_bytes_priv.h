/* SPDX-License-Identifier: MIT */
/*
 * The bounded reader under the firmware and VBIOS parsers: a range is checked once, when it is
 * taken; little-endian loads then stand on constant offsets inside it.
 */
#ifndef GSP_FW_BYTES_PRIV_H
#define GSP_FW_BYTES_PRIV_H

#include <gsp/fw.h>

/* Does [off, off+bytes) lie inside the source? */
bool fw_has(const struct gsp_fw_source *src, uint64_t off, uint64_t bytes);
/* Take a range, or fail with its offset and `what` it was meant to be. */
int fw_take(const struct gsp_fw_source *src, uint64_t off, uint64_t bytes, const char *what,
            struct gsp_fw_slice *out, struct gsp_error *err);
/* A range of a slice. */
int fw_take_in(const struct gsp_fw_source *src, const struct gsp_fw_slice *in, uint64_t off,
               uint64_t bytes, const char *what, struct gsp_fw_slice *out,
               struct gsp_error *err);
/* "NAME: at 0xOFF: reason"; returns -EBADMSG. `off` counts from the source's first byte. */
int fw_bad(const struct gsp_fw_source *src, struct gsp_error *err, uint64_t off,
           const char *format, ...) __attribute__((format(printf, 4, 5)));
#ifdef __clang_analyzer__
#define fw_bad(src, err, off, ...) (fw_bad(src, err, off, __VA_ARGS__), -EBADMSG)
#endif
const char *fw_name(const struct gsp_fw_source *src);

static inline uint16_t
fw_u16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t
fw_u32(const uint8_t *p)
{
    return (uint32_t)fw_u16(p) | (uint32_t)fw_u16(p + 2) << 16;
}

static inline uint64_t
fw_u64(const uint8_t *p)
{
    return (uint64_t)fw_u32(p) | (uint64_t)fw_u32(p + 4) << 32;
}

static inline void
fw_put_u32(uint8_t *p, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        p[i] = (uint8_t)(value >> (8 * i));
}

#endif
