/* SPDX-License-Identifier: MIT */
/*
 * The types of trace records: one row each, by number. Readers in other languages copy this
 * table from docs/trace.md.
 */
#include <gsp/trace.h>

#define DEC(name)                                                                              \
    {                                                                                          \
        name, GSP_TRACE_DEC                                                                    \
    }
#define HEX(name)                                                                              \
    {                                                                                          \
        name, GSP_TRACE_HEX                                                                    \
    }
#define HANDLE(name)                                                                           \
    {                                                                                          \
        name, GSP_TRACE_HANDLE                                                                 \
    }
#define FD(name)                                                                               \
    {                                                                                          \
        name, GSP_TRACE_FD                                                                     \
    }
#define CLASS(name)                                                                            \
    {                                                                                          \
        name, GSP_TRACE_CLASS                                                                  \
    }
#define CONTROL(name)                                                                          \
    {                                                                                          \
        name, GSP_TRACE_CONTROL_ID                                                             \
    }
#define FUNCTION(name)                                                                         \
    {                                                                                          \
        name, GSP_TRACE_FUNCTION                                                               \
    }
#define BUS_OP(name)                                                                           \
    {                                                                                          \
        name, GSP_TRACE_BUS_OP                                                                 \
    }
#define NUMBERS(...)                                                                           \
    {                                                                                          \
        __VA_ARGS__                                                                            \
    }
#define STRINGS(...)                                                                           \
    {                                                                                          \
        __VA_ARGS__                                                                            \
    }
#define NOTHING                                                                                \
    {                                                                                          \
        NULL                                                                                   \
    }
#define EXCHANGED     STRINGS("in", "out", "in_memory", "out_memory", "error")
#define IOCTL_STRINGS STRINGS("path", "in", "out", "in_memory", "out_memory")
/* A call with parameters, and any other record. */
#define CALL(type, name, numbers)                                                              \
    {                                                                                          \
        GSP_TRACE_##type, true, name, numbers, EXCHANGED                                       \
    }
#define ROW(type, name, numbers, strings)                                                      \
    {                                                                                          \
        GSP_TRACE_##type, false, name, numbers, strings                                        \
    }

static const struct gsp_trace_type_info types[] = {
    ROW(SECTION, "section",
        NUMBERS(DEC("major"), DEC("minor"), HEX("levels"), DEC("start_unix_ns"),
                DEC("start_ns"), HEX("schema_hash"), DEC("pid")),
        STRINGS("release", "chip", "transport", "program")),
    ROW(END, "end", NUMBERS(DEC("records"), DEC("bytes")), NOTHING),
    ROW(NOTE, "note", NUMBERS({NULL, GSP_TRACE_DEC}), STRINGS("text")),
    CALL(RPC, "rpc", NUMBERS(FUNCTION("function"), DEC("sequence"))),
    CALL(RPC_POST, "rpc_post", NUMBERS(FUNCTION("function"), DEC("sequence"))),
    CALL(RPC_EVENT, "rpc_event", NUMBERS(FUNCTION("function"), DEC("lost"))),
    CALL(ALLOC, "alloc",
         NUMBERS(HANDLE("hClient"), HANDLE("hParent"), HANDLE("hObject"), CLASS("hClass"))),
    CALL(CONTROL, "control", NUMBERS(HANDLE("hClient"), HANDLE("hObject"), CONTROL("cmd"))),
    CALL(FREE, "free", NUMBERS(HANDLE("hClient"), HANDLE("hParent"), HANDLE("hObject"))),
    CALL(DUP, "dup",
         NUMBERS(HANDLE("hClient"), HANDLE("hParent"), HANDLE("hObject"), HANDLE("hClientSrc"),
                 HANDLE("hObjectSrc"), HEX("flags"))),
    CALL(MAP, "map",
         NUMBERS(HANDLE("hClient"), HANDLE("hDevice"), HANDLE("hMemory"), HEX("offset"),
                 HEX("length"), HEX("flags"), HEX("address"))),
    CALL(UNMAP, "unmap", NUMBERS(HEX("address"))),
    CALL(CALL, "call", NUMBERS(FUNCTION("function"), DEC("reply_bytes"))),
    CALL(EVENT, "event", NUMBERS(FUNCTION("function"), DEC("lost"))),
    CALL(OPEN_CLIENT, "open_client", NUMBERS(HANDLE("hClient"))),
    CALL(MAP_DMA, "map_dma",
         NUMBERS(HANDLE("hClient"), HANDLE("hDevice"), HANDLE("hDma"), HANDLE("hMemory"),
                 HEX("offset"), HEX("length"), HEX("flags"), HEX("gpu_va"))),
    CALL(UNMAP_DMA, "unmap_dma",
         NUMBERS(HANDLE("hClient"), HANDLE("hDevice"), HANDLE("hDma"), HANDLE("hMemory"),
                 HEX("offset"), HEX("length"), HEX("flags"), HEX("gpu_va"))),
    CALL(EXPORT, "export",
         NUMBERS(HANDLE("hClient"), HANDLE("hDevice"), HANDLE("hObject"), FD("fd"))),
    CALL(IMPORT, "import",
         NUMBERS(HANDLE("hClient"), HANDLE("hDevice"), HANDLE("hParent"), HANDLE("hObject"),
                 FD("fd"))),
    ROW(BUS, "bus",
        NUMBERS(BUS_OP("operation"), DEC("bar"), DEC("width"), HEX("at"), HEX("value")),
        NOTHING),
    ROW(IOCTL, "ioctl", NUMBERS(FD("fd"), HEX("request"), HEX("argument")), IOCTL_STRINGS),
    ROW(UVM, "uvm", NUMBERS(FD("fd"), HEX("request"), HEX("argument")), IOCTL_STRINGS),
    ROW(MMAP, "mmap",
        NUMBERS(FD("fd"), HEX("address"), HEX("length"), HEX("protection"), HEX("flags"),
                HEX("offset"), HEX("result")),
        STRINGS("path")),
    ROW(MUNMAP, "munmap", NUMBERS(HEX("address"), HEX("length")), NOTHING),
    ROW(OPEN, "open", NUMBERS(FD("directory"), HEX("flags"), FD("fd")), STRINGS("path")),
    ROW(CLOSE, "close", NUMBERS(FD("fd")), STRINGS("path")),
    ROW(WAKE, "wake", NUMBERS(FD("fd"), DEC("how"), HEX("events")), STRINGS("path")),
};

const struct gsp_trace_type_info *
gsp_trace_type_at(unsigned i)
{
    return i < sizeof(types) / sizeof(types[0]) ? &types[i] : NULL;
}

const struct gsp_trace_type_info *
gsp_trace_type_info(unsigned type)
{
    unsigned low = 0, high = sizeof(types) / sizeof(types[0]);

    while (low < high) {
        const unsigned middle = (low + high) / 2;

        if (types[middle].type == type)
            return &types[middle];
        if (types[middle].type < type)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
