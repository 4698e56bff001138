/* SPDX-License-Identifier: MIT */
/*
 * Reading, mapping, hashing and writing of firmware files, and the walk through folders.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sha2.h>

#include "fw_file.h"

enum { CHUNK = 1 << 20, DEEPEST = 8, MOST_PATHS = 20000 };
static const uint64_t most_bytes = 2ull << 30;

static int
no_file(const char *path, const char *what, struct gsp_error *err)
{
    const int code = errno;
    const enum gsp_origin origin =
        code == EACCES || code == EPERM ? GSP_ORIGIN_TRANSPORT : GSP_ORIGIN_INPUT;

    gsp_fail(err, origin, -code, "%s: cannot %s: %s", path, what, strerror(code));
    gsp_hint(err, code == ENOENT && !strcmp(what, "create") ? "the folder above it must exist"
                  : code == ENOENT ? "name a readable file, or - for stdin"
                  : code == EISDIR ? "it is a folder: name a file in it"
                                   : "is it a file of yours?");
    return -code;
}

static int
read_all(int fd, const char *path, struct fw_file *f, struct gsp_error *err)
{
    size_t room = 0, bytes = 0;
    uint8_t *data = NULL;
    ssize_t n;

    do {
        if (room - bytes < CHUNK) {
            uint8_t *more = room < most_bytes ? realloc(data, room ? 2 * room : CHUNK) : NULL;

            if (!more) {
                free(data);
                return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "%s: too large", path);
            }
            data = more;
            room = room ? 2 * room : CHUNK;
        }
        n = read(fd, data + bytes, room - bytes);
        bytes += n > 0 ? (size_t)n : 0;
    } while (n > 0 || (n < 0 && errno == EINTR));
    if (n < 0) {
        free(data);
        return no_file(path, "read", err);
    }
    f->data = data;
    f->src = (struct gsp_fw_source){path, data, bytes, 0};
    return 0;
}

static int
open_path(const char *path, struct gsp_error *err)
{
    struct stat st;
    int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : dup(STDIN_FILENO);

    if (fd < 0)
        return no_file(path, "open", err);
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        close(fd);
        errno = EISDIR;
        return no_file(path, "read", err);
    }
    return fd;
}

int
fw_file_read(const char *path, struct fw_file *f, struct gsp_error *err)
{
    int fd = open_path(path, err);
    int rc;

    memset(f, 0, sizeof(*f));
    if (fd < 0)
        return fd;
    rc = read_all(fd, path, f, err);
    close(fd);
    return rc;
}

int
fw_file_map(const char *path, struct fw_file *f, struct gsp_error *err)
{
    struct stat st;
    void *data = MAP_FAILED;
    int fd = open_path(path, err);

    memset(f, 0, sizeof(*f));
    if (fd < 0)
        return fd;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
        data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (data == MAP_FAILED)
        return fw_file_read(path, f, err);
    f->data = data;
    f->mapped = true;
    f->src = (struct gsp_fw_source){path, data, (uint64_t)st.st_size, 0};
    return 0;
}

int
fw_file_open(const char *path, struct fw_file *f, struct gsp_error *err)
{
    int rc = fw_file_read(path, f, err);

    if (rc < 0)
        return rc;
    rc = gsp_fw_open(&f->src, &f->parsed, err);
    if (rc < 0) {
        gsp_hint(err, "GSP-RM images, nvfw wrappers, FMCs, g_bindata_*.c and .run archives are "
                      "known; a ROM goes to vbios info");
        fw_file_free(f);
    }
    return rc;
}

void
fw_file_free(struct fw_file *f)
{
    if (f->mapped)
        munmap(f->data, f->src.bytes);
    else
        free(f->data);
    f->data = NULL;
}

static int
write_all(int fd, const uint8_t *data, size_t bytes)
{
    while (bytes) {
        const ssize_t n = write(fd, data, bytes);

        if (n < 0 && errno != EINTR)
            return -errno;
        data += n > 0 ? n : 0;
        bytes -= n > 0 ? (size_t)n : 0;
    }
    return 0;
}

int
fw_file_write(const char *path, const void *data, size_t bytes, struct fw_write how,
              struct gsp_error *err)
{
    const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (how.force ? O_TRUNC : O_EXCL);
    int fd, rc;

    if (!strcmp(path, "-"))
        return write_all(STDOUT_FILENO, data, bytes) < 0 ? no_file(path, "write", err) : 0;
    if (how.dry && (how.force || access(path, F_OK) < 0))
        return 0;
    fd = open(path, flags, 0666);
    if (fd < 0) {
        rc = no_file(path, "create", err);
        if (rc == -EEXIST)
            gsp_hint(err, "--force replaces it");
        return rc;
    }
    rc = write_all(fd, data, bytes);
    if (close(fd) < 0 && rc == 0)
        rc = -errno;
    if (rc < 0) {
        errno = -rc;
        no_file(path, "write", err);
        unlink(path);
    }
    return rc;
}

/* ---- hashes ---- */

char *
fw_sha256(const void *data, size_t bytes, char hex[65])
{
    SHA2_CTX ctx;

    SHA256Init(&ctx);
    SHA256Update(&ctx, data, bytes);
    return SHA256End(&ctx, hex);
}

char *
fw_sha384(const void *data, size_t bytes, char hex[97])
{
    SHA2_CTX ctx;

    SHA384Init(&ctx);
    SHA384Update(&ctx, data, bytes);
    return SHA384End(&ctx, hex);
}

json_t *
fw_hex(const struct gsp_fw_slice *s)
{
    char text[256];
    size_t n = 0;

    if (!s->bytes)
        return NULL;
    for (uint64_t i = 0; i < s->bytes && n + 3 < sizeof(text); i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%02x", s->data[i]);
    return json_string(text);
}

/* ---- folders ---- */

static bool
ends_with(const char *text, const char *end)
{
    const size_t a = strlen(text), b = strlen(end);

    return a >= b && !strcmp(text + a - b, end);
}

static bool
looks_like_firmware(const char *name)
{
    if (!strncmp(name, "g_bindata_", 10))
        return ends_with(name, ".c");
    if (!ends_with(name, ".bin"))
        return false;
    for (unsigned r = 0; r < GSP_FW_ROLES; r++) {
        const char *role = gsp_fw_role_name((enum gsp_fw_role)r);
        const size_t bytes = strlen(role);

        if (!strncmp(name, role, bytes) && (name[bytes] == '-' || name[bytes] == '_'))
            return strncmp(name, "gsp_log", 7) != 0;
    }
    return false;
}

static int
add_path(struct fw_paths *paths, const char *path, struct gsp_error *err)
{
    char **more = paths->count < MOST_PATHS
                      ? realloc(paths->path, (paths->count + 1) * sizeof(*more))
                      : NULL;

    if (more)
        paths->path = more;
    if (!more || !(paths->path[paths->count] = strdup(path)))
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "%s: too many files", path);
    paths->count++;
    return 0;
}

static int walk(struct fw_paths *paths, const char *folder, unsigned depth,
                struct gsp_error *err);

/* Folders are followed where they are, not through links: those only name a family twice. */
static int
walk_entry(struct fw_paths *paths, const char *folder, const char *name, unsigned depth,
           struct gsp_error *err)
{
    char path[4096];
    struct stat st;

    if (name[0] == '.' ||
        snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path) ||
        lstat(path, &st) < 0)
        return 0;
    if (S_ISDIR(st.st_mode))
        return depth < DEEPEST ? walk(paths, path, depth + 1, err) : 0;
    if (!looks_like_firmware(name) || stat(path, &st) < 0 || !S_ISREG(st.st_mode))
        return 0;
    return add_path(paths, path, err);
}

static int
walk(struct fw_paths *paths, const char *folder, unsigned depth, struct gsp_error *err)
{
    struct dirent **entries;
    const int count = scandir(folder, &entries, NULL, alphasort);
    int rc = 0;

    if (count < 0)
        return depth ? 0 : no_file(folder, "list", err);
    for (int i = 0; i < count; i++) {
        if (rc == 0)
            rc = walk_entry(paths, folder, entries[i]->d_name, depth, err);
        free(entries[i]);
    }
    free(entries);
    return rc;
}

int
fw_paths_add(struct fw_paths *paths, const char *path, struct gsp_error *err)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return strcmp(path, "-") ? no_file(path, "open", err) : add_path(paths, path, err);
    return S_ISDIR(st.st_mode) ? walk(paths, path, 0, err) : add_path(paths, path, err);
}

int
fw_paths_default(struct fw_paths *paths, struct gsp_error *err)
{
    const char *dirs = getenv("NVRM_FW_DIR");
    char *copy, *at, *folder;
    int rc = 0;

    if (!dirs || !*dirs)
        dirs = "/lib/firmware/nvidia";
    at = copy = strdup(dirs);
    if (!copy)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    while (rc == 0 && (folder = strsep(&at, ":"))) {
        if (*folder)
            rc = fw_paths_add(paths, folder, err);
    }
    if (rc < 0)
        gsp_hint(err, "set NVRM_FW_DIR, or name folders; Debian has firmware-nvidia-gsp and "
                      "firmware-nvidia-graphics (non-free-firmware)");
    free(copy);
    return rc;
}

void
fw_paths_free(struct fw_paths *paths)
{
    for (size_t i = 0; i < paths->count; i++)
        free(paths->path[i]);
    free(paths->path);
    *paths = (struct fw_paths){0};
}
