/* SPDX-License-Identifier: MIT */
/*
 * The BIOS Information Table: found by its signature and checksum, then followed to the BIOS
 * version and the falcon ucode table. A ROM without one still lists its images.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fw_bytes_priv.h"
#include "vbios_priv.h"

enum {
    BIT_BYTES = 12,
    TOKEN_SHORT = 6,
    TOKEN_LONG = 8,
    TOKEN_BIOSDATA = 0x42,
    TOKEN_FALCON = 0x70,
    BIOSDATA_BYTES = 5,
    UCODE_HEADER = 6,
    UCODE_ROW = 6,
};

/* NVIDIA, open-gpu-doc, BIOS Information Table; 'n' and 'R' after rom_nvswitch.h. */
static const struct {
    uint8_t id;
    const char *name;
} token_names[] = {
    {'2', "I2C_PTRS"         },
    {'A', "DAC_PTRS"         },
    {'B', "BIOSDATA"         },
    {'C', "CLOCK_PTRS"       },
    {'D', "DFP_PTRS"         },
    {'I', "NVINIT_PTRS"      },
    {'L', "LVDS_PTRS"        },
    {'M', "MEMORY_PTRS"      },
    {'N', "NOP"              },
    {'P', "PERF_PTRS"        },
    {'R', "BRIDGE_FW_DATA"   },
    {'S', "STRING_PTRS"      },
    {'T', "TMDS_PTRS"        },
    {'U', "DISPLAY_PTRS"     },
    {'V', "VIRTUAL_PTRS"     },
    {'c', "32BIT_PTRS"       },
    {'d', "DP_PTRS"          },
    {'i', "INTERNAL_USE_ONLY"},
    {'n', "DCB_PTRS"         },
    {'p', "FALCON_DATA"      },
    {'u', "UEFI_DATA"        },
    {'x', "MXM_DATA"         },
};

const char *
gsp_vbios_token_name(uint8_t id)
{
    for (unsigned i = 0; i < sizeof(token_names) / sizeof(token_names[0]); i++) {
        if (token_names[i].id == id)
            return token_names[i].name;
    }
    return "";
}

int
vbios_take(const struct gsp_vbios *v, uint64_t off, uint64_t bytes, const char *what,
           struct gsp_fw_slice *out, struct gsp_error *err)
{
    return fw_take_in(&v->src, &v->rom, off, bytes, what, out, err);
}

static bool
is_bit(const struct gsp_fw_slice *rom, uint64_t at)
{
    static const uint8_t magic[] = {0xff, 0xb8, 'B', 'I', 'T', 0};
    unsigned bytes, sum = 0;

    if (memcmp(rom->data + at, magic, sizeof(magic)))
        return false;
    bytes = rom->data[at + 8];
    if (bytes < BIT_BYTES || bytes > rom->bytes - at)
        return false;
    for (unsigned i = 0; i < bytes; i++)
        sum += rom->data[at + i];
    return (sum & 0xff) == 0;
}

static bool
find_bit(struct gsp_vbios *v)
{
    for (uint64_t at = 0; at + BIT_BYTES <= v->rom.bytes; at++) {
        if (v->rom.data[at] == 0xff && is_bit(&v->rom, at)) {
            v->bit_off = (uint32_t)at;
            return true;
        }
    }
    return false;
}

static int
read_tokens(struct gsp_vbios *v, const uint8_t *bit, struct gsp_error *err)
{
    const unsigned row_bytes = bit[9], rows = bit[10];
    struct gsp_fw_slice table;
    int rc;

    v->bit_version = fw_u16(bit + 6);
    if (row_bytes < TOKEN_SHORT)
        return fw_bad(&v->src, err, (uint64_t)(bit - v->src.data) + 9, "BIT rows of %u bytes",
                      row_bytes);
    rc = vbios_take(v, (uint64_t)v->bit_off + bit[8], (uint64_t)row_bytes * rows, "BIT", &table,
                    err);
    for (unsigned i = 0; rc == 0 && i < rows; i++) {
        const uint8_t *row = table.data + (uint64_t)i * row_bytes;

        v->tokens[v->token_count++] = (struct gsp_vbios_token){
            row[0], row[1], fw_u16(row + 2),
            row_bytes >= TOKEN_LONG ? fw_u32(row + 4) : fw_u16(row + 4)};
    }
    return rc;
}

static int
read_version(struct gsp_vbios *v, const struct gsp_vbios_token *t, struct gsp_error *err)
{
    struct gsp_fw_slice s;
    uint32_t version;
    int rc;

    if ((t->version != 1 && t->version != 2) || t->bytes < BIOSDATA_BYTES)
        return 0;
    rc = vbios_take(v, t->ptr, BIOSDATA_BYTES, "BIOS data", &s, err);
    if (rc < 0)
        return rc;
    version = fw_u32(s.data);
    snprintf(v->version, sizeof(v->version), "%02x.%02x.%02x.%02x.%02x", version >> 24,
             version >> 16 & 0xff, version >> 8 & 0xff, version & 0xff, s.data[4]);
    return 0;
}

static int
read_ucode_rows(struct gsp_vbios *v, const struct gsp_fw_slice *header, struct gsp_error *err)
{
    const unsigned header_bytes = header->data[1], row_bytes = header->data[2];
    const unsigned rows = header->data[3];
    struct gsp_fw_slice table;
    int rc;

    if (header->data[0] != 1 || header_bytes < UCODE_HEADER || row_bytes < UCODE_ROW)
        return fw_bad(&v->src, err, header->off - v->src.base,
                      "ucode table version %u, header %u, rows %u bytes", header->data[0],
                      header_bytes, row_bytes);
    rc = vbios_take(v, (uint64_t)v->ucode_table_off + header_bytes, (uint64_t)row_bytes * rows,
                    "ucode table", &table, err);
    for (unsigned i = 0; rc == 0 && i < rows; i++) {
        const uint8_t *row = table.data + (uint64_t)i * row_bytes;

        v->ucodes[v->ucode_count++] = (struct gsp_vbios_ucode){row[0], row[1], fw_u32(row + 2)};
    }
    return rc;
}

/* The table lies in the extension image: a ROM that is cut before it has none. */
static int
read_ucodes(struct gsp_vbios *v, const struct gsp_vbios_token *t, struct gsp_error *err)
{
    struct gsp_fw_slice s;
    uint64_t off;
    int rc;

    if (t->version != 2 || t->bytes < 4 || v->has_ucodes)
        return 0;
    rc = vbios_take(v, t->ptr, 4, "falcon data", &s, err);
    if (rc < 0)
        return rc;
    off = (uint64_t)v->expansion_off + fw_u32(s.data);
    if (v->truncated && off >= v->rom.bytes)
        return 0;
    rc = vbios_take(v, off, UCODE_HEADER, "ucode table header", &s, err);
    if (rc < 0)
        return rc;
    v->has_ucodes = true;
    v->ucode_table_off = (uint32_t)off;
    return read_ucode_rows(v, &s, err);
}

int
vbios_read_bit(struct gsp_vbios *v, struct gsp_error *err)
{
    int rc;

    v->has_bit = find_bit(v);
    if (!v->has_bit)
        return 0;
    rc = read_tokens(v, v->rom.data + v->bit_off, err);
    for (unsigned i = 0; rc == 0 && i < v->token_count; i++) {
        const struct gsp_vbios_token *t = &v->tokens[i];

        if (t->id == TOKEN_BIOSDATA)
            rc = read_version(v, t, err);
        else if (t->id == TOKEN_FALCON)
            rc = read_ucodes(v, t, err);
    }
    return rc;
}
