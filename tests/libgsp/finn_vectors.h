/* SPDX-License-Identifier: MIT */
/*
 * FINN messages as the vendor's own serialiser writes them: releases, type, interface, message,
 * the values as JSON, the bytes in hex. Made by compiling each release's serialiser outside
 * this tree and calling it with these values.
 */
#ifndef FINN_VECTORS_H
#define FINN_VECTORS_H

#include <stdint.h>

struct finn_vector {
    const char *releases[4], *type;
    uint64_t interface_id, message_id;
    const char *json, *hex;
};

/* One value a line reads better than columns. */
/* clang-format off */
static const struct finn_vector finn_vectors[] = {
    {{"535.113.01", "570.144", "595.45.04"},
     "NV0080_CTRL_GPU_GET_CLASSLIST_PARAMS",
     0x8002, 0x1,
     "{\"numClasses\":3,\"classList\":[287454020,50543,4294967295]}",
     "000000000000000038000000000000000280000000000000010000000000000007000000269a1189f856"
     "0c00f0ffffff1f00000000000000"},
    {{"535.113.01", "570.144", "595.45.04"},
     "NV0080_CTRL_GPU_GET_CLASSLIST_PARAMS",
     0x8002, 0x1,
     "{\"numClasses\":7,\"classList\":null}",
     "00000000000000002800000000000000028000000000000001000000000000000f00000000000000"},
    {{"535.113.01", "570.144", "595.45.04"},
     "NV402C_CTRL_I2C_TRANSACTION_PARAMS",
     0x402c01, 0x5,
     "{\"portId\":5,\"flags\":33,\"deviceAddress\":160,\"transType\":\"NV402C_CTRL_I2C_TRA"
     "NSACTION_TYPE_I2C_BLOCK_RW\",\"transData\":{\"i2cBlockData\":{\"bWrite\":true,\"mess"
     "ageLength\":5,\"pMessage\":\"0x010203fe80\"}}}",
     "00000000000000003800000000000000012c40000000000005000000000000000b860000000405280000"
     "00f00b0000000e2870a07f400000"},
    {{"535.113.01", "570.144", "595.45.04"},
     "NV402C_CTRL_I2C_TRANSACTION_PARAMS",
     0x402c01, 0x5,
     "{\"portId\":1,\"deviceAddress\":80,\"transType\":\"NV402C_CTRL_I2C_TRANSACTION_TYPE_"
     "SMBUS_BLOCK_PROCESS_CALL\",\"transData\":{\"smbusBlockProcessData\":{\"registerAddre"
     "ss\":9,\"writeMessageLength\":2,\"readMessageLength\":1,\"writeMessage\":[17,18],\"r"
     "eadMessage\":[255]}}}",
     "00000000000000008000000000000000012c400000000000050000000000000003020000008402880000"
     "00f084020000000300000046940810204080000102040810204080000102040810204080000102040810"
     "2040800001fe070810204080000102040810204080000102040810204080000102040810204080000100"
     "0000"},
    {{"535.113.01", "570.144", "595.45.04"},
     "NV402C_CTRL_I2C_INDEXED_PARAMS",
     0x402c01, 0x2,
     "{\"portId\":2,\"bIsWrite\":1,\"address\":4660,\"flags\":16,\"indexLength\":2,\"index"
     "\":[171,205],\"messageLength\":3,\"pMessage\":\"0x070809\"}",
     "00000000000000004000000000000000012c40000000000002000000000000000506a491080100005000"
     "0000e0000000c0d5cd01027c10610200000000000000"},
    {{"535.113.01", "570.144", "595.45.04"},
     "NVB06F_CTRL_GET_ENGINE_CTX_DATA_PARAMS",
     0xb06f01, 0xc,
     "{\"engineID\":1,\"size\":5,\"pEngineCtxBuff\":\"0xdeadbeef01\"}",
     "00000000000000003000000000000000016fb000000000000c000000000000000300000016000000ecbd"
     "b5eff7010000"},
    {{"535.113.01", "570.144", "595.45.04"},
     "NV0080_CTRL_DMA_UPDATE_PDE_2_PARAMS",
     0x8018, 0xf,
     "{\"pdeIndex\":3,\"flags\":1,\"hVASpace\":3404726273,\"subDeviceId\":1,\"ptParams\":["
     "{\"physAddr\":\"0x123456000\",\"numEntries\":512,\"aperture\":1},{\"physAddr\":\"0x7"
     "89000\",\"aperture\":2}],\"pPdeBuffer\":[\"0x1122334455667788\"]}",
     "0000000000000000600000000000000018800000000000000f0000000000000007000000060000000c00"
     "80571e000000300058d1480000004000010080010000000340e20100000000040000002800000030e29d"
     "5915d18c4804000000000000"},
    {{"595.45.04"},
     "NV2080_CTRL_GPU_RPC_GSP_TEST_PARAMS",
     0x208001, 0xe8,
     "{\"test\":1,\"dataSize\":2,\"startTimestamp\":\"0x123456789abc\",\"stopTimestamp\":"
     "\"0xffffffffffffffff\",\"data\":[2147483649,2]}",
     "000000000000000040000000000000000180200000000000e800000000000000030a000000e4d5c4b3a2"
     "910000f8ffffffffffffff7f00000060010000000000"},
};
/* clang-format on */

#endif
