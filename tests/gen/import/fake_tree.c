/* SPDX-License-Identifier: MIT */
/* The files of the small vendor tree, and helpers to change it and run the importer over it. */
#include "fake_tree.h"

#include "test.h"

#include <unistd.h>

#include "proc.h"

#define SDK "src/common/sdk/nvidia/inc/"
#define NV  "src/nvidia/"

static const struct {
    const char *path, *text;
} files[] = {
    {"version.mk",                                                  "NVIDIA_VERSION = 600.10\n"                        },
    {NV "Makefile",                                                 "CFLAGS += -I inc\n"
                    "CFLAGS += -I inc/kernel\n"
                    "CFLAGS += -I inc/libraries\n"
                    "CFLAGS += -I generated\n"
                    "CFLAGS += -I arch/nvalloc/common/inc\n"
                    "CFLAGS += -I arch/nvalloc/unix/include\n"
                    "CFLAGS += -I $(SRC_COMMON)/sdk/nvidia/inc\n"
                    "CFLAGS += -I $(SRC_COMMON)/uproc/os/common/include\n"
                    "CFLAGS += -DNVRM\n"                                                            },
    {SDK "nvtypes.h",
     "#pragma once\n"
     "typedef unsigned char NvU8;\ntypedef unsigned short NvU16;\n"
     "typedef unsigned int NvU32;\ntypedef int NvS32;\n"
     "typedef unsigned long long NvU64;\ntypedef NvU8 NvBool;\n"
     "typedef NvU32 NvHandle;\ntypedef void *NvP64;\ntypedef NvU32 NV_STATUS;\n"
     "#define NV_DECLARE_ALIGNED(f, a) f __attribute__((aligned(a)))\n"                                                },
    {SDK "nvos.h",                                                  "#pragma once\n#include \"nvtypes.h\"\n"
                   "#define NVOS_STATUS NV_STATUS\n"
                   "#define NVOS04_FLAGS_TYPE 1:0\n"
                   "#define NVOS04_FLAGS_TYPE_FAST (0x00000001)\n"
                   "typedef struct { NvHandle hRoot; NvU32 hClass; } NVOS21_PARAMETERS;\n"           },
    {SDK "rs_access.h",                                             "#define RS_ACCESS_DUP_OBJECT 0U\n#define RS_ACCESS_NICE 1U\n#define "
                        "RS_ACCESS_COUNT 2U\n"                                                  },
    {SDK "nvstatuscodes.h",
     "#ifndef NV_STATUS_CODE\n#define NV_STATUS_CODE(name, code, text)\n#endif\n"
     "NV_STATUS_CODE(NV_OK, 0x00000000, \"fine\")\n"
     "NV_STATUS_CODE(NV_ERR_BROKEN, 0x0000001F, \"not fine\")\n"                                                       },
    {SDK "alloc/alloc_thing.h",                                     "#pragma once\n#include \"nvtypes.h\"\n"
                                "typedef struct THING_ALLOC { NvU32 a; } THING_ALLOC;\n"},
    {SDK "class/cl0080.h",                                          "#pragma once\n#include \"nvtypes.h\"\n"
                           "#define NV01_DEVICE_0 (0x80U)\n"
                           "#define NV0080_MAX_DEVICES 32\n"
                           "typedef struct NV0080_ALLOC_PARAMETERS {\n"
                           "    NvU32 deviceId;\n"
                           "    NvHandle hClientShare;\n"
                           "    NV_DECLARE_ALIGNED(NvU64 vaSize, 8);\n"
                           "    NvBool flags[3];\n"
                           "} NV0080_ALLOC_PARAMETERS;\n"                                    },
    {SDK "ctrl/ctrl0080/ctrl0080gpu.h",
     "#pragma once\n#include \"nvtypes.h\"\n"
     "#define NV0080_CTRL_CMD_GPU_GET_LIST (0x800201) /* finn: Evaluated from "
     "\"(FINN_NV01_DEVICE_0_GPU_INTERFACE_ID << 8) | "
     "NV0080_CTRL_GPU_GET_LIST_PARAMS_MESSAGE_ID\" */\n"
     "#define NV0080_CTRL_GPU_GET_LIST_PARAMS_MESSAGE_ID (0x1U)\n"
     "#define NV0080_CTRL_CMD_GPU_OLD_LIST NV0080_CTRL_CMD_GPU_GET_LIST\n"
     "#define NV0080_CTRL_GPU_MAX (4 * 2)\n"
     "typedef enum NV0080_CTRL_GPU_KIND { NV0080_KIND_A = 0, NV0080_KIND_B, NV0080_KIND_C = "
     "0x1000 } NV0080_CTRL_GPU_KIND;\n"
     "typedef struct NV0080_CTRL_GPU_GET_LIST_PARAMS {\n"
     "    NvU32 count;\n"
     "    NvP64 list;\n"
     "    NV0080_CTRL_GPU_KIND kind;\n"
     "    union { NvU32 a; NvU8 b[NV0080_CTRL_GPU_MAX]; } data[2];\n"
     "} NV0080_CTRL_GPU_GET_LIST_PARAMS;\n"                                                                            },
    {NV "inc/kernel/core/core.h",                                   "#pragma once\n#include \"nvtypes.h\"\n"
                                  "static inline int rm_internal(int x) { struct local { int "
                                  "y; } l = { x }; return l.y; }\n"                   },
    {NV "inc/kernel/gpu/gpu.h",
     "#pragma once\ntypedef struct OBJGPU OBJGPU;\nfloat gpuSpeed(OBJGPU *pGpu);\n"                                    },
    {NV "inc/kernel/gpu/gsp/message_queue.h",                       "#pragma once\n"                                   },
    {NV "inc/kernel/vgpu/rpc_headers.h",
     "#pragma once\n#include \"rpc_global_enums.h\"\n#define MAX_GPC_COUNT 32\n"                                       },
    {NV "inc/kernel/vgpu/rpc_global_enums.h",
     "#pragma once\n"
     "#ifndef X\n"
     "#    define X(UNIT, RPC, VAL) NV_VGPU_MSG_FUNCTION_##RPC = VAL,\n"
     "#endif\n"
     "enum {\n"
     "    X(RM, NOP, 0)\n"
     "    X(RM, GSP_RM_CONTROL, 76)\n"
     "    X(RM, NUM_FUNCTIONS, 77)\n"
     "};\n"
     "#ifndef E\n"
     "#    define E(RPC, VAL) NV_VGPU_MSG_EVENT_##RPC = VAL,\n"
     "#endif\n"
     "enum {\n"
     "    E(FIRST_EVENT, 0x1000)\n"
     "    E(GSP_INIT_DONE, 0x1001)\n"
     "    E(NUM_EVENTS, 0x1002)\n"
     "};\n"                                                                                                            },
    {NV "inc/kernel/rmapi/control.h",
     "#pragma once\n"
     "#define RMCTRL_FLAGS_NONE 0x0\n"
     "#define RMCTRL_FLAGS_PRIVILEGED 0x4\n"
     "#define RMCTRL_FLAGS_NON_PRIVILEGED 0x8\n"
     "#define RMCTRL_FLAGS_ROUTE_TO_PHYSICAL 0x40\n"
     "#define RMCTRL_FLAGS_BOTH (RMCTRL_FLAGS_PRIVILEGED | RMCTRL_FLAGS_ROUTE_TO_PHYSICAL)\n"                          },
    {NV "inc/kernel/gpu/gsp/message_queue_priv.h",
     "#pragma once\n"
     "typedef struct GSP_MSG_QUEUE_ELEMENT { NvU8 tag[20]; "
     "NV_DECLARE_ALIGNED(rpc_message_header_v rpc, 8); } GSP_MSG_QUEUE_ELEMENT;\n"
     "typedef struct { void *pQueue; NvU32 seq; } MESSAGE_QUEUE_INFO;\n"                                               },
    {NV "inc/libraries/msgq/msgq_priv.h",
     "#pragma once\ntypedef struct { NvU32 readPtr; } msgqRxHeader;\n"                                                 },
    {NV "inc/kernel/gpu/gsp/gsp_static_config.h",
     "#pragma once\ntypedef struct GspSystemInfo { NvU64 gpuPhysAddr; NvBool bFlag; } "
     "GspSystemInfo;\n"
     "typedef struct GspStaticConfigInfo_t { NvU32 a; } GspStaticConfigInfo;\n"                                        },
    {NV "inc/kernel/gpu/gsp/gsp_init_args.h",
     "#pragma once\ntypedef struct { NvU64 pa; NvU32 count; } GSP_ARGUMENTS_CACHED;\n"                                 },
    {NV "arch/nvalloc/common/inc/rmRiscvUcode.h",
     "#pragma once\ntypedef struct { NvU32 version; } RM_RISCV_UCODE_DESC;\n"                                          },
    {NV "arch/nvalloc/common/inc/gsp/gsp_fw_wpr_meta.h",
     "#pragma once\ntypedef struct { NvU64 magic; } GspFwWprMeta;\n"                                                   },
    {"src/common/uproc/os/common/include/libos_init_args.h",
     "#pragma once\ntypedef struct { NvU64 id8; NvU8 kind; } LibosMemoryRegionInitArgument;\n"                         },
    {NV "arch/nvalloc/common/inc/fsp/nvdm_payload_cmd_response.h",
     "#pragma once\n#pragma pack(1)\ntypedef struct { NvU8 kind; NvU32 code; } "
     "NVDM_PAYLOAD_COMMAND_RESPONSE;\n#pragma pack()\n"                                                                },
    {NV "arch/nvalloc/unix/include/nv_escape.h",
     "#pragma once\n#define NV_ESC_RM_ALLOC 0x2B\n"                                                                    },
    {NV "arch/nvalloc/unix/include/nv-ioctl.h",
     "#pragma once\ntypedef struct { NvS32 fd; char name[8]; } nv_ioctl_thing_t;\n"                                    },
    {NV "arch/nvalloc/unix/include/nv-ioctl-numbers.h",
     "#pragma once\n#define NV_IOCTL_BASE 200\n#define NV_ESC_THING (NV_IOCTL_BASE + 2)\n"                             },
    {NV "arch/nvalloc/unix/include/nv-unix-nvos-params-wrappers.h", "#pragma once\n"                                   },
    {NV "arch/nvalloc/unix/src/escape.c",
     "switch (cmd) {\ncase NV_ESC_RM_ALLOC: { NVOS21_PARAMETERS *p = data; break; }\ncase "
     "NV_ESC_THING: use(sizeof(nv_ioctl_thing_t));\n}\n"                                                               },
    {NV "generated/g_rpc-structures.h",
     "#ifdef RPC_STRUCTURES\n"
     "typedef struct rpc_gsp_rm_control_v03_00 { NvHandle hClient; NvU32 cmd; NvU8 params[]; } "
     "rpc_gsp_rm_control_v03_00;\n"
     "typedef rpc_gsp_rm_control_v03_00 rpc_gsp_rm_control_v;\n"
     "typedef struct rpc_init_done_v17_00 { NvU32 notUsed; } rpc_init_done_v17_00;\n"
     "#endif\n"
     "#ifdef RPC_GENERIC_UNION\n"
     "typedef union rpc_generic_union { rpc_gsp_rm_control_v control; NvU64 align; } "
     "rpc_generic_union;\n"
     "#endif\n"                                                                                                        },
    {NV "generated/g_rpc-message-header.h",
     "#ifdef RPC_MESSAGE_STRUCTURES\n"
     "typedef struct rpc_message_header_v03_00 { NvU32 length; NvU32 function; "
     "rpc_generic_union rpc_message_data[]; } rpc_message_header_v03_00;\n"
     "typedef rpc_message_header_v03_00 rpc_message_header_v;\n"
     "#endif\n"                                                                                                        },
    {NV "generated/g_allclasses.h",
     "#define NV01_DEVICE_0 (0x00000080)\n#define NV01_ROOT (0x00000000)\n"                                            },
    {NV "generated/g_gpu_class_list.c",
     "const CLASSDESCRIPTOR *\ngpuGetEngClassDescriptorList_TU102(OBJGPU *pGpu)\n{\n"
     "    static const CLASSDESCRIPTOR halTU102ClassDescriptorList[] = {\n        { "
     "NV01_DEVICE_0, ENG_GR(0) },\n    };\n}\n"                                                                        },
    {NV "generated/g_nv_name_released.h",
     "static const CHIPS_RELEASED sChipsReleased[] = {\n    { 0x1E02, 0x0000, 0x0000, \"NVIDIA "
     "TITAN RTX\" },\n"
     "    { 0x1E30, 0x129e, 0x1028, \"Quadro, RTX 8000\" },\n    { 0x0040, 0x0205, 0x10de, "
     "\"(null)\" },\n};\n"                                                                                             },
    {NV "generated/g_device_nvoc.c",
     "static const struct NVOC_EXPORTED_METHOD_DEF __nvoc_exported_method_def_Device[] =\n{\n"
     "    {               /*  [0] */\n"
     "#if NVOC_EXPORTED_METHOD_DISABLED_BY_FLAG(0x48u)\n"
     "        /*pFunc=*/      (void (*)(void)) NULL,\n"
     "#else\n"
     "        /*pFunc=*/      (void (*)(void)) &deviceCtrlCmdGpuGetList_IMPL,\n"
     "#endif\n"
     "        /*flags=*/      0x48u,\n"
     "        /*accessRight=*/0x2u,\n"
     "        /*methodId=*/   0x800201u,\n"
     "        /*paramSize=*/  sizeof(NV0080_CTRL_GPU_GET_LIST_PARAMS),\n"
     "        /*pClassInfo=*/ &(__nvoc_class_def_Device.classInfo),\n"
     "#if NV_PRINTF_STRINGS_ALLOWED\n"
     "        /*func=*/       \"deviceCtrlCmdGpuGetList\"\n"
     "#endif\n"
     "    },\n"
     "    {               /*  [1] */\n"
     "#if NVOC_EXPORTED_METHOD_DISABLED_BY_FLAG(0x4u)\n"
     "        /*pFunc=*/      (void (*)(void)) NULL,\n"
     "#else\n"
     "        /*pFunc=*/      (void (*)(void)) &deviceCtrlCmdSecret_IMPL,\n"
     "#endif\n"
     "        /*flags=*/      0x4u,\n"
     "        /*accessRight=*/0x0u,\n"
     "        /*methodId=*/   0x80ff01u,\n"
     "        /*paramSize=*/  0 /* Singleton parameter list */,\n"
     "        /*pClassInfo=*/ &(__nvoc_class_def_Device.classInfo),\n"
     "#if NV_PRINTF_STRINGS_ALLOWED\n"
     "        /*func=*/       \"deviceCtrlCmdSecret\"\n"
     "#endif\n"
     "    },\n"
     "};\n"                                                                                                            },
    {NV "src/kernel/rmapi/resource_list.h",
     "RS_ENTRY(\n    /* External Class         */ NV01_DEVICE_0,\n    /* Internal Class        "
     " */ Device,\n"
     "    /* Multi-Instance         */ NV_TRUE,\n    /* Parents                */ "
     "RS_LIST(classId(RmClientResource)),\n"
     "    /* Alloc Param Info       */ RS_OPTIONAL(NV0080_ALLOC_PARAMETERS),\n    /* Resource "
     "Free Priority */ RS_FREE_PRIORITY_DEFAULT,\n"
     "    /* Flags                  */ RS_FLAGS_ALLOC_NON_PRIVILEGED | "
     "RS_FLAGS_ACQUIRE_GPUS_LOCK,\n"
     "    /* Required Access Rights */ RS_ACCESS_NONE\n)\n#undef RS_ENTRY\n"                                           },
};

static void
checked(bool ok, const struct imp_error *err)
{
    if (!ok)
        fail_msg("%s", err->text);
}

void
fake_tree_put(struct fake_tree *f, const char *path, const char *text)
{
    struct imp_error err = {0};
    char full[512];

    assert_true(snprintf(full, sizeof(full), "%s/%s", f->tree, path) < (int)sizeof(full));
    if (text)
        checked(imp_write_file(full, text, strlen(text), &err), &err);
    else
        assert_int_equal(unlink(full), 0);
}

void
fake_tree_edit(struct fake_tree *f, const char *path, const char *old, const char *new_text)
{
    struct imp_buf text = {0}, out = {0};
    struct imp_error err = {0};
    char full[512];
    char *at;

    assert_true(snprintf(full, sizeof(full), "%s/%s", f->tree, path) < (int)sizeof(full));
    checked(imp_read_file(full, &text, &err), &err);
    at = strstr(text.data, old);
    assert_non_null(at);
    imp_buf_add(&out, text.data, (size_t)(at - text.data));
    imp_buf_str(&out, new_text);
    imp_buf_str(&out, at + strlen(old));
    fake_tree_put(f, path, out.data);
    imp_buf_fini(&text);
    imp_buf_fini(&out);
}

void
fake_tree_release(struct fake_tree *f, const char *release)
{
    char text[64];

    (void)snprintf(text, sizeof(text), "NVIDIA_VERSION = %s\n", release);
    fake_tree_put(f, "version.mk", text);
}

int
fake_tree_setup(void **state)
{
    struct fake_tree *f = calloc(1, sizeof(*f));

    if (!f)
        return -1;
    (void)snprintf(f->root, sizeof(f->root), "/tmp/nvrm-fake-XXXXXX");
    if (!mkdtemp(f->root)) {
        free(f);
        return -1;
    }
    (void)snprintf(f->tree, sizeof(f->tree), "%s/tree", f->root);
    (void)snprintf(f->schemas, sizeof(f->schemas), "%s/schemas", f->root);
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
        fake_tree_put(f, files[i].path, files[i].text);
    *state = f;
    return 0;
}

int
fake_tree_teardown(void **state)
{
    struct fake_tree *f = *state;

    imp_remove_tree(f->root);
    free(f->out);
    free(f->errors);
    free(f);
    return 0;
}

static void
git(struct fake_tree *f, const char *a, const char *b, const char *c)
{
    const char *argv[] = {"git", "-C", f->tree, "-c", "user.name=t", "-c", "user.email=t@t",
                          a,     b,    c,       NULL};

    assert_int_equal(imp_run(argv, NULL, NULL, NULL), 0);
}

void
fake_tree_tag(struct fake_tree *f, const char *tag)
{
    char full[128];

    (void)snprintf(full, sizeof(full), "%s/.git", f->tree);
    if (!imp_exists(full))
        git(f, "init", "-q", NULL);
    git(f, "add", "-A", NULL);
    git(f, "commit", "--allow-empty", "-qmrelease");
    git(f, "tag", tag, NULL);
}

int
fake_tree_import(struct fake_tree *f, const char *const *args)
{
    const char *argv[32] = {NVRM_IMPORT, "--out", f->schemas};
    struct imp_buf out = {0}, errors = {0};
    size_t n = 3;
    int rc;

    while (*args && n < 31)
        argv[n++] = *args++;
    rc = imp_run(argv, NULL, &out, &errors);
    free(f->out);
    free(f->errors);
    imp_buf_add(&out, "", 0);
    imp_buf_add(&errors, "", 0);
    f->out = out.data;
    f->errors = errors.data;
    return rc;
}

int
fake_tree_import_tree(struct fake_tree *f)
{
    int rc = fake_tree_import(f, (const char *[]){f->tree, NULL});

    if (rc != 0 && rc != 1)
        print_error("%s", f->errors);
    return rc;
}

char *
fake_tree_schema(struct fake_tree *f, const char *path)
{
    struct imp_error err = {0};
    struct imp_buf text = {0};
    char full[512];

    assert_true(snprintf(full, sizeof(full), "%s/%s", f->schemas, path) < (int)sizeof(full));
    checked(imp_read_file(full, &text, &err), &err);
    return text.data;
}

static uint32_t
checksum(const char *dir, uint32_t crc, struct imp_arena *a)
{
    struct imp_error err = {0};
    const char **names;
    size_t n;

    if (!imp_is_dir(dir))
        return crc;
    checked(imp_list_dir(dir, NULL, a, &names, &n, &err), &err);
    for (size_t i = 0; i < n; i++) {
        char *path = imp_printf(a, "%s/%s", dir, names[i]);
        struct imp_buf text = {0};

        crc = imp_crc32(crc, names[i], strlen(names[i]));
        if (imp_is_dir(path)) {
            crc = checksum(path, crc, a);
            continue;
        }
        checked(imp_read_file(path, &text, &err), &err);
        crc = imp_crc32(crc, text.data, text.len);
        imp_buf_fini(&text);
    }
    return crc;
}

uint32_t
fake_tree_checksum(struct fake_tree *f)
{
    struct imp_arena a = {0};
    uint32_t crc = checksum(f->schemas, 0, &a);

    imp_arena_fini(&a);
    return crc;
}
