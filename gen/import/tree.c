/* SPDX-License-Identifier: MIT */
/* Finds its way in a vendor tree and runs the C preprocessor over it. What the tokens mean is
 * left to units.c and rows.c. */
#include "tree.h"

#include "counts.h"
#include "proc.h"
#include "rows.h"
#include "units.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

const char *const imp_tree_paths[] = {
    "version.mk",
    "src/common/sdk",
    "src/common/inc",
    "src/common/shared",
    "src/common/uproc",
    "src/common/nvlink",
    "src/common/nvswitch/interface",
    "src/common/nvswitch/kernel/inc",
    "src/common/nvswitch/common/inc",
    "src/nvidia/Makefile",
    "src/nvidia/arch",
    "src/nvidia/generated",
    "src/nvidia/inc",
    "src/nvidia/interface",
    "src/nvidia/kernel",
    "src/nvidia/src/kernel/rmapi",
    "src/nvidia/src/mm",
    "src/nvidia/src/libraries",
    "kernel-open/nvidia/nv.c",
    "kernel-open/nvidia-uvm/uvm_ioctl.h",
    "kernel-open/nvidia-uvm/uvm_linux_ioctl.h",
    "kernel-open/nvidia-uvm/uvm_types.h",
    NULL,
};

char *
imp_tree_path(const struct imp_tree *t, const char *path)
{
    return imp_printf(t->arena, "%s/%s", t->root, path);
}

bool
imp_tree_has(const struct imp_tree *t, const char *path)
{
    return imp_exists(imp_tree_path(t, path));
}

/* version.mk says NVIDIA_VERSION = 570.144. */
static bool
find_release(struct imp_tree *t)
{
    struct imp_buf text = {0};
    const char *path = imp_tree_path(t, "version.mk"), *at;
    size_t n;

    if (!imp_is_dir(t->root))
        return imp_fail(t->err, t->root, 0, "no such folder");
    if (!imp_exists(path) || !imp_tree_has(t, "src/nvidia/Makefile") ||
        !imp_tree_has(t, IMP_SDK))
        return imp_fail(t->err, t->root, 0,
                        "not a tree of open-gpu-kernel-modules (needs version.mk, "
                        "src/nvidia/Makefile and " IMP_SDK ")");
    if (!imp_read_file(path, &text, t->err))
        return false;
    at = strstr(text.data, "NVIDIA_VERSION");
    at = at ? at + strcspn(at, "=\n") : text.data + text.len;
    at += *at == '=';
    at += strspn(at, " \t");
    n = strspn(at, "0123456789.");
    if (n < 3 || !isdigit((unsigned char)*at))
        imp_fail(t->err, path, 1, "no NVIDIA_VERSION = <release>");
    else if (t->release && (strlen(t->release) != n || strncmp(t->release, at, n) != 0))
        imp_fail(t->err, path, 1, "this is release %.*s, not %s", (int)n, at, t->release);
    else
        t->release = imp_strndup(t->arena, at, n);
    imp_buf_fini(&text);
    return !t->err->set;
}

/* The SDK's headers: top level, alloc/, class/, ctrl/ and one level below. */
static bool
list_headers(struct imp_tree *t, const char *folder, size_t *cap)
{
    const char **names;
    size_t n;
    char *dir = imp_printf(t->arena, "%s/" IMP_SDK "%s", t->root, folder);

    if (!imp_list_dir(dir, NULL, t->arena, &names, &n, t->err))
        return false;
    for (size_t i = 0; i < n; i++) {
        char *path = imp_printf(t->arena, "%s%s", folder, names[i]);

        if (imp_has_suffix(path, ".h")) {
            t->sdk_headers =
                imp_grow(t->sdk_headers, t->sdk_count, cap, sizeof(*t->sdk_headers));
            t->sdk_headers[t->sdk_count++] = path;
        } else if (*folder && imp_is_dir(imp_printf(t->arena, "%s%s", dir, names[i]))) {
            if (!list_headers(t, imp_printf(t->arena, "%s/", path), cap))
                return false;
        }
    }
    return true;
}

static bool
find_headers(struct imp_tree *t)
{
    static const char *const folders[] = {"", "alloc/", "class/", "ctrl/"};
    size_t cap = 0;

    for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
        if (!list_headers(t, folders[i], &cap))
            return false;
    return true;
}

static void
add_flag(struct imp_tree *t, const char *flag)
{
    t->flags = imp_grow(t->flags, t->flag_count, &t->flag_cap, sizeof(*t->flags));
    t->flags[t->flag_count++] = flag;
}

/* One `CFLAGS += -I dir`, `-Dname=value` or `-include file` of the Makefile, with paths from
 * the root of the tree. */
static void
makefile_line(struct imp_tree *t, const char *line, size_t len)
{
    static const char common[] = "$(SRC_COMMON)";
    const char *at = line + strlen("CFLAGS +=");
    const char *end = line + len;
    char *value;

    at += strspn(at, " ");
    if (imp_has_prefix(at, "-D") && !memchr(at, '"', (size_t)(end - at)) &&
        !memchr(at, '$', (size_t)(end - at))) {
        value = imp_strndup(t->arena, at, (size_t)(end - at));
        value[strcspn(value, " \t")] = '\0';
        add_flag(t, value);
    } else if (imp_has_prefix(at, "-I") || imp_has_prefix(at, "-include ")) {
        add_flag(t, at[2] == 'n' ? "-include" : "-I");
        at += at[2] == 'n' ? strlen("-include ") : 2;
        at += strspn(at, " ");
        value = imp_strndup(t->arena, at, (size_t)(end - at));
        value[strcspn(value, " \t")] = '\0';
        if (imp_has_prefix(value, common))
            value = imp_printf(t->arena, "src/common%s", value + strlen(common));
        else
            value = imp_printf(t->arena, "src/nvidia/%s", value);
        if (strchr(value, '$')) /* the paths of bundled third-party libraries: not needed */
            t->flag_count--;
        else
            add_flag(t, value);
    }
}

static bool
find_flags(struct imp_tree *t)
{
    struct imp_buf text = {0};

    if (!imp_read_file(imp_tree_path(t, "src/nvidia/Makefile"), &text, t->err))
        return false;
    for (const char *line = text.data; *line;) {
        size_t len = strcspn(line, "\n");

        if (imp_has_prefix(line, "CFLAGS += "))
            makefile_line(t, line, len);
        line += len + (line[len] == '\n');
    }
    add_flag(t, "-I");
    add_flag(t, "kernel-open");
    imp_buf_fini(&text);
    return true;
}

bool
imp_tree_open(struct imp_tree *t)
{
    return find_release(t) && find_headers(t) && find_flags(t);
}

void
imp_tree_fini(struct imp_tree *t)
{
    free(t->sdk_headers);
    free(t->flags);
    t->sdk_headers = NULL;
    t->flags = NULL;
    imp_map_fini(&t->controls);
    imp_map_fini(&t->driver_files);
    imp_map_fini(&t->class_paths);
    imp_map_fini(&t->class_ids);
}

/* The line of the compiler's messages that says "error", without the rest. */
static bool
compiler_error(struct imp_tree *t, const char *what, int rc, const struct imp_buf *errors)
{
    const char *line = errors->data ? strstr(errors->data, "error:") : NULL;

    if (rc == 127)
        return imp_fail(t->err, NULL, 0, "cannot run the C compiler '%s'", t->cc);
    if (!line)
        return imp_fail(t->err, what, 0, "'%s -E' failed with status %d: %.300s", t->cc, rc,
                        errors->data ? errors->data : "");
    while (line > errors->data && line[-1] != '\n')
        line--;
    t->err->set = true;
    memcpy(t->err->text, line, strcspn(line, "\n") < 600 ? strcspn(line, "\n") : 600);
    t->err->text[strcspn(line, "\n") < 600 ? strcspn(line, "\n") : 600] = '\0';
    return false;
}

static void
command_line(struct imp_tree *t, const char *file, bool compile, bool driver, const char **argv)
{
    size_t n = 0;

    argv[n++] = t->cc;
    argv[n++] = compile ? "-fsyntax-only" : "-E";
    argv[n++] = compile ? "-std=gnu11" : "-dD";
    argv[n++] = "-w";
    argv[n++] = "-I";
    argv[n++] = IMP_SDK;
    argv[n++] = "-I";
    argv[n++] = ".";
    for (size_t i = 0; driver && i < t->flag_count && n < 240; i++)
        argv[n++] = t->flags[i];
    argv[n++] = file;
    argv[n] = NULL;
}

static bool
run_compiler(struct imp_tree *t, const char *name, const char *text, bool compile, bool driver,
             struct imp_buf *out)
{
    char *path = imp_printf(t->arena, "%s/%s", t->scratch, name);
    struct imp_buf errors = {0};
    const char *argv[256];
    int rc;

    if (!imp_write_file(path, text, strlen(text), t->err))
        return false;
    command_line(t, path, compile, driver, argv);
    rc = imp_run(argv, t->root, out, &errors);
    if (rc != 0)
        compiler_error(t, name, rc, &errors);
    imp_buf_fini(&errors);
    return rc == 0;
}

bool
imp_tree_preprocess(struct imp_tree *t, const char *name, const char *text, bool driver,
                    struct imp_unit *unit_out)
{
    struct imp_buf out = {0};
    bool ok = run_compiler(t, name, text, false, driver, &out) &&
              imp_lex(unit_out, t->arena,
                      imp_strndup(t->arena, out.data ? out.data : "", out.len), name, t->err);

    imp_buf_fini(&out);
    return ok;
}

bool
imp_tree_compile(struct imp_tree *t, const char *name, const char *text, bool driver)
{
    return run_compiler(t, name, text, true, driver, NULL);
}

/* Blank out comments and # lines, keeping line breaks so that line numbers stay right. */
static void
strip(char *p)
{
    bool bol = true;

    while (*p) {
        if (p[0] == '/' && p[1] == '*') {
            for (; *p && !(p[0] == '*' && p[1] == '/'); p++)
                if (*p != '\n')
                    *p = ' ';
            if (*p)
                p[0] = p[1] = ' ';
        } else if ((p[0] == '/' && p[1] == '/') || (*p == '#' && bol)) {
            while (*p && (*p != '\n' || p[-1] == '\\')) {
                if (*p != '\n')
                    *p = ' ';
                p++;
            }
        } else if (*p == '"') {
            for (p++; *p && *p != '"' && *p != '\n'; p++)
                p += *p == '\\' && p[1] != '\0';
            p += *p == '"';
            bol = false;
        } else {
            bol = *p == '\n' || (bol && isspace((unsigned char)*p));
            p++;
        }
    }
}

bool
imp_tree_tokens(struct imp_tree *t, const char *path, struct imp_unit *unit_out)
{
    struct imp_buf text = {0};
    char *copy;

    if (!imp_read_file(imp_tree_path(t, path), &text, t->err))
        return false;
    copy = imp_strndup(t->arena, text.data, text.len);
    imp_buf_fini(&text);
    strip(copy);
    return imp_lex(unit_out, t->arena, copy, path, t->err);
}

bool
imp_tree_read(struct imp_tree *t)
{
    t->facts->release = t->release;
    return imp_read_sdk(t) && imp_read_driver(t) && imp_device_rows(t) && imp_counts_check(t);
}
