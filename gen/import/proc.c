/* SPDX-License-Identifier: MIT */
/* Files and child processes of nvrm-import: plain POSIX, no shell. */
#include "proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

bool
imp_read_file(const char *path, struct imp_buf *out, struct imp_error *err)
{
    char block[65536];
    size_t n;
    FILE *f = fopen(path, "rb");

    if (!f)
        return err ? imp_fail(err, path, 0, "%s", strerror(errno)) : false;
    imp_buf_add(out, "", 0);
    while ((n = fread(block, 1, sizeof(block), f)) > 0)
        imp_buf_add(out, block, n);
    if (ferror(f)) {
        (void)fclose(f);
        return err ? imp_fail(err, path, 0, "cannot be read") : false;
    }
    (void)fclose(f);
    return true;
}

bool
imp_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool
imp_is_dir(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool
imp_mkdirs(const char *path, struct imp_error *err)
{
    char part[4096];

    if (strlen(path) >= sizeof(part))
        return imp_fail(err, path, 0, "path too long");
    for (size_t i = 0; path[i]; i++) {
        part[i] = path[i];
        part[i + 1] = '\0';
        if ((path[i + 1] == '/' || !path[i + 1]) && mkdir(part, 0777) != 0 && errno != EEXIST)
            return imp_fail(err, part, 0, "%s", strerror(errno));
    }
    return true;
}

static bool
same_content(const char *path, const void *data, size_t len)
{
    struct imp_buf old = {0};
    bool same = imp_read_file(path, &old, NULL) && old.len == len &&
                (len == 0 || memcmp(old.data, data, len) == 0);

    imp_buf_fini(&old);
    return same;
}

bool
imp_write_file(const char *path, const void *data, size_t len, struct imp_error *err)
{
    char tmp[4096];
    const char *slash = strrchr(path, '/');
    bool ok;
    FILE *f;

    if (same_content(path, data, len))
        return true;
    if (snprintf(tmp, sizeof(tmp), "%.*s", slash ? (int)(slash - path) : 1,
                 slash ? path : ".") >= (int)sizeof(tmp))
        return imp_fail(err, path, 0, "path too long");
    if (!imp_mkdirs(tmp, err))
        return false;
    if (snprintf(tmp, sizeof(tmp), "%s.tmp", path) >= (int)sizeof(tmp))
        return imp_fail(err, path, 0, "path too long");
    f = fopen(tmp, "wb");
    if (!f)
        return imp_fail(err, tmp, 0, "%s", strerror(errno));
    ok = fwrite(data, 1, len, f) == len;
    ok = fclose(f) == 0 && ok;
    if (!ok || rename(tmp, path) != 0) {
        (void)remove(tmp);
        return imp_fail(err, path, 0, "cannot be written");
    }
    return true;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    (void)remove(path);
    return 0;
}

void
imp_remove_tree(const char *path)
{
    (void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool
imp_list_dir(const char *path, const char *suffix, struct imp_arena *a, const char ***names_out,
             size_t *count_out, struct imp_error *err)
{
    DIR *dir = opendir(path);
    const char **names = NULL;
    size_t n = 0, cap = 0;

    *names_out = NULL;
    *count_out = 0;
    if (!dir)
        return imp_fail(err, path, 0, "%s", strerror(errno));
    for (struct dirent *d; (d = readdir(dir));) {
        if (d->d_name[0] == '.' || (suffix && !imp_has_suffix(d->d_name, suffix)))
            continue;
        names = imp_grow(names, n, &cap, sizeof(*names));
        names[n++] = imp_strdup(a, d->d_name);
    }
    closedir(dir);
    if (n) {
        qsort(names, n, sizeof(*names), by_name);
        *names_out = imp_alloc(a, n * sizeof(*names));
        memcpy(*names_out, names, n * sizeof(*names));
    }
    free(names);
    *count_out = n;
    return true;
}

static void
child(const char *const *argv, const char *cwd, int out, int errors)
{
    int null = open("/dev/null", O_RDWR);

    if (null < 0 || dup2(null, 0) < 0 || dup2(out >= 0 ? out : null, 1) < 0 ||
        dup2(errors >= 0 ? errors : null, 2) < 0)
        _exit(126);
    if (cwd && chdir(cwd) != 0)
        _exit(126);
    execvp(argv[0], imp_value_of(argv));
    _exit(127);
}

/* Read both pipes until they are closed. */
static void
drain(int fds[2], struct imp_buf *bufs[2])
{
    struct pollfd p[2] = {
        {.fd = fds[0], .events = POLLIN},
        {.fd = fds[1], .events = POLLIN}
    };
    char block[65536];

    while (p[0].fd >= 0 || p[1].fd >= 0) {
        if (poll(p, 2, -1) < 0 && errno != EINTR)
            break;
        for (int i = 0; i < 2; i++) {
            ssize_t n;

            if (p[i].fd < 0 || !p[i].revents)
                continue;
            n = read(p[i].fd, block, sizeof(block));
            if (n > 0 && bufs[i])
                imp_buf_add(bufs[i], block, (size_t)n);
            else if (n == 0 || (n < 0 && errno != EINTR))
                p[i].fd = -1;
        }
    }
}

static int
wait_status(pid_t pid)
{
    int status;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return 126;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int
imp_run(const char *const *argv, const char *cwd, struct imp_buf *out, struct imp_buf *errors)
{
    int o[2], e[2];
    pid_t pid;

    if (pipe2(o, O_CLOEXEC) != 0)
        return 126;
    if (pipe2(e, O_CLOEXEC) != 0) {
        close(o[0]);
        close(o[1]);
        return 126;
    }
    pid = fork();
    if (pid == 0)
        child(argv, cwd, o[1], e[1]);
    close(o[1]);
    close(e[1]);
    if (pid > 0)
        drain((int[2]){o[0], e[0]}, (struct imp_buf *[2]){out, errors});
    close(o[0]);
    close(e[0]);
    return pid > 0 ? wait_status(pid) : 126;
}

/* Which of the paths the tag has: `git ls-tree` prints those that exist. */
static size_t
present_paths(const char *repo, const char *tag, const char *const *paths, const char **argv,
              struct imp_arena *a, struct imp_error *err)
{
    const char *ls[64] = {"git", "-C", repo, "ls-tree", "--name-only", tag, "--"};
    size_t n = 7, found = 0;
    struct imp_buf out = {0}, errors = {0};
    int rc;

    for (size_t i = 0; paths[i] && n < 63; i++)
        ls[n++] = paths[i];
    rc = imp_run(ls, NULL, &out, &errors);
    if (rc != 0)
        imp_fail(err, repo, 0, "no release tag '%s': %.*s", tag,
                 errors.data ? (int)strcspn(errors.data, "\n") : 0,
                 errors.data ? errors.data : "");
    for (char *line = out.data ? strtok(out.data, "\n") : NULL; rc == 0 && line;
         line = strtok(NULL, "\n"))
        argv[found++] = imp_strdup(a, line);
    imp_buf_fini(&out);
    imp_buf_fini(&errors);
    return found;
}

static bool
pipe_archive(const char *const *git, const char *const *tar)
{
    int fds[2];
    pid_t a, b;
    bool ok;

    if (pipe2(fds, O_CLOEXEC) != 0)
        return false;
    a = fork();
    if (a == 0)
        child(git, NULL, fds[1], -1);
    close(fds[1]);
    b = fork();
    if (b == 0) {
        if (dup2(fds[0], 0) < 0)
            _exit(126);
        execvp(tar[0], imp_value_of(tar));
        _exit(127);
    }
    close(fds[0]);
    ok = a > 0 && b > 0;
    if (a > 0)
        ok = wait_status(a) == 0 && ok;
    if (b > 0)
        ok = wait_status(b) == 0 && ok;
    return ok;
}

bool
imp_git_extract(const char *repo, const char *tag, const char *const *paths, const char *dir,
                struct imp_error *err)
{
    const char *git[64] = {"git", "-C", repo, "archive", "--format=tar", tag, "--"};
    const char *tar[] = {"tar", "-x", "-C", dir, NULL};
    struct imp_arena a = {0};
    size_t n = present_paths(repo, tag, paths, git + 7, &a, err);
    bool ok = !err->set;

    if (ok && n == 0)
        ok = imp_fail(err, repo, 0, "tag '%s' has none of the vendor's folders", tag);
    if (ok && !pipe_archive(git, tar))
        ok = imp_fail(err, repo, 0, "git archive %s failed", tag);
    imp_arena_fini(&a);
    return ok;
}
