/* SPDX-License-Identifier: MIT */
/* The list of class headers to import, parents before children. */
#include "classes_priv.h"

#define DOC  "classes/"
#define SDK  "src/common/sdk/nvidia/inc/class/"
#define HOST "DMA GP_ENTRY0 GP_ENTRY1"

const char *const imp_class_paths[] = {"classes", NULL};

#define HOST_DOC(x, par, num)                                                                  \
    {                                                                                          \
        .path = DOC "host/cl" x ".h", .out = "classes/" x, .parent = (par), .id = (num),       \
        .records = HOST                                                                        \
    }
#define HOST_SDK(x, par, num)                                                                  \
    {                                                                                          \
        .path = SDK "cl" x ".h", .out = "classes/" x, .parent = (par), .id = (num),            \
        .records = HOST, .sdk = true, .partial = true                                          \
    }
#define CLASS(folder, x, par, num)                                                             \
    {                                                                                          \
        .path = DOC folder "/cl" x ".h", .out = "classes/" x, .parent = (par), .id = (num)     \
    }
#define RECORDS(folder, kind, x, par, num)                                                     \
    {                                                                                          \
        .path = DOC folder "/cl" x kind ".h", .out = kind "/" x, .parent = (par), .id = (num)  \
    }

/* clang-format off */
const struct imp_hw_unit imp_hw_units[] = {
    HOST_DOC("c46f", NULL,           0xc46f),
    HOST_DOC("c56f", "classes/c46f", 0xc56f),
    HOST_DOC("c76f", "classes/c56f", 0xc76f),
    HOST_SDK("c86f", "classes/c76f", 0xc86f),
    HOST_SDK("c96f", "classes/c86f", 0xc96f),
    HOST_SDK("ca6f", "classes/c96f", 0xca6f),

    CLASS("dma-copy", "c5b5", NULL,           0xc5b5),
    CLASS("dma-copy", "c6b5", "classes/c5b5", 0xc6b5),
    CLASS("dma-copy", "c7b5", "classes/c6b5", 0xc7b5),
    CLASS("dma-copy", "c8b5", "classes/c7b5", 0xc8b5),
    CLASS("dma-copy", "c9b5", "classes/c8b5", 0xc9b5),
    {.path = DOC "dma-copy/clcab5.h", .out = "classes/cab5", .parent = "classes/c9b5",
     .id = 0xcab5, .also = SDK "clcab5.h"},

    CLASS("compute", "c5c0", NULL,           0xc5c0),
    CLASS("compute", "c6c0", "classes/c5c0", 0xc6c0),
    CLASS("compute", "c7c0", "classes/c6c0", 0xc7c0),
    CLASS("compute", "c9c0", "classes/c7c0", 0xc9c0),
    CLASS("compute", "cbc0", "classes/c9c0", 0xcbc0),
    CLASS("compute", "cdc0", "classes/cbc0", 0xcdc0),
    CLASS("compute", "cec0", "classes/cdc0", 0xcec0),

    CLASS("3d", "c597", NULL,           0xc597),
    CLASS("3d", "c697", "classes/c597", 0xc697),
    CLASS("3d", "c797", "classes/c697", 0xc797),
    CLASS("3d", "c997", "classes/c797", 0xc997),
    CLASS("3d", "cb97", "classes/c997", 0xcb97),
    CLASS("3d", "cd97", "classes/cb97", 0xcd97),
    CLASS("3d", "ce97", "classes/cd97", 0xce97),

    CLASS("inline-to-memory", "a140", NULL, 0xa140),
    CLASS("twod",             "902d", NULL, 0x902d),

    RECORDS("compute", "qmd", "c5c0", NULL,       0xc5c0),
    RECORDS("compute", "qmd", "c6c0", "qmd/c5c0", 0xc6c0),
    RECORDS("compute", "qmd", "c7c0", "qmd/c6c0", 0xc7c0),
    RECORDS("compute", "qmd", "c9c0", "qmd/c7c0", 0xc9c0),
    RECORDS("compute", "qmd", "cbc0", "qmd/c9c0", 0xcbc0),
    RECORDS("compute", "qmd", "cdc0", "qmd/cbc0", 0xcdc0),
    RECORDS("compute", "qmd", "cec0", "qmd/cdc0", 0xcec0),

    RECORDS("3d", "tex", "c597", NULL,       0xc597),
    RECORDS("3d", "tex", "c697", "tex/c597", 0xc697),
    RECORDS("3d", "tex", "c797", "tex/c697", 0xc797),
    RECORDS("3d", "tex", "c997", "tex/c797", 0xc997),
    RECORDS("3d", "tex", "cb97", "tex/c997", 0xcb97),
    RECORDS("3d", "tex", "cd97", "tex/cb97", 0xcd97),
    RECORDS("3d", "tex", "ce97", "tex/cd97", 0xce97),

    RECORDS("3d", "sph", "c797", NULL,       0xc797),
    RECORDS("3d", "sph", "cb97", "sph/c797", 0xcb97),
    {0},
};
/* clang-format on */
