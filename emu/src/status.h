/* SPDX-License-Identifier: MIT */
/*
 * The statuses that the emulated GSP-RM gives. A test holds each against every release's own
 * list.
 */
#ifndef EMU_STATUS_H
#define EMU_STATUS_H

#define EMU_STATUS_LIST(X)                                                                     \
    X(NV_OK, 0x00)                                                                             \
    X(NV_ERR_BUFFER_TOO_SMALL, 0x02)                                                           \
    X(NV_ERR_GPU_IS_LOST, 0x0f)                                                                \
    X(NV_ERR_GPU_UUID_NOT_FOUND, 0x12)                                                         \
    X(NV_ERR_ILLEGAL_ACTION, 0x16)                                                             \
    X(NV_ERR_IN_USE, 0x17)                                                                     \
    X(NV_ERR_INSERT_DUPLICATE_NAME, 0x19)                                                      \
    X(NV_ERR_INSUFFICIENT_RESOURCES, 0x1a)                                                     \
    X(NV_ERR_INSUFFICIENT_PERMISSIONS, 0x1b)                                                   \
    X(NV_ERR_INVALID_ADDRESS, 0x1e)                                                            \
    X(NV_ERR_INVALID_ARGUMENT, 0x1f)                                                           \
    X(NV_ERR_INVALID_BASE, 0x20)                                                               \
    X(NV_ERR_INVALID_CHANNEL, 0x21)                                                            \
    X(NV_ERR_INVALID_CLASS, 0x22)                                                              \
    X(NV_ERR_INVALID_CLIENT, 0x23)                                                             \
    X(NV_ERR_INVALID_COMMAND, 0x24)                                                            \
    X(NV_ERR_INVALID_DATA, 0x25)                                                               \
    X(NV_ERR_INVALID_DEVICE, 0x26)                                                             \
    X(NV_ERR_INVALID_EVENT, 0x28)                                                              \
    X(NV_ERR_INVALID_FLAGS, 0x29)                                                              \
    X(NV_ERR_INVALID_FUNCTION, 0x2a)                                                           \
    X(NV_ERR_INVALID_INDEX, 0x2c)                                                              \
    X(NV_ERR_INVALID_LIMIT, 0x2e)                                                              \
    X(NV_ERR_INVALID_OBJECT, 0x31)                                                             \
    X(NV_ERR_INVALID_OBJECT_HANDLE, 0x33)                                                      \
    X(NV_ERR_INVALID_OBJECT_PARENT, 0x36)                                                      \
    X(NV_ERR_INVALID_OFFSET, 0x37)                                                             \
    X(NV_ERR_INVALID_PARAM_STRUCT, 0x3a)                                                       \
    X(NV_ERR_INVALID_PARAMETER, 0x3b)                                                          \
    X(NV_ERR_INVALID_STATE, 0x40)                                                              \
    X(NV_ERR_NO_MEMORY, 0x51)                                                                  \
    X(NV_ERR_NOT_READY, 0x55)                                                                  \
    X(NV_ERR_NOT_SUPPORTED, 0x56)                                                              \
    X(NV_ERR_OBJECT_NOT_FOUND, 0x57)                                                           \
    X(NV_ERR_OPERATING_SYSTEM, 0x59)                                                           \
    X(NV_ERR_OUT_OF_RANGE, 0x5b)                                                               \
    X(NV_ERR_RESET_REQUIRED, 0x62)                                                             \
    X(NV_ERR_STATE_IN_USE, 0x63)                                                               \
    X(NV_ERR_TIMEOUT, 0x65)                                                                    \
    X(NV_ERR_UVM_ADDRESS_IN_USE, 0x68)                                                         \
    X(NV_ERR_LIB_RM_VERSION_MISMATCH, 0x6a)                                                    \
    X(NV_ERR_GENERIC, 0xffff)

#define EMU_STATUS_ENUM(name, value) name = (value),
enum { EMU_STATUS_LIST(EMU_STATUS_ENUM) };
#undef EMU_STATUS_ENUM

#endif
