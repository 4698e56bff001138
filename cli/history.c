/* SPDX-License-Identifier: MIT */
/*
 * History on disk: append under a lock, trim in place.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "history.h"

/* Every folder of the path. */
static void
make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0700);
        *slash = '/';
    }
}

char *
history_file(void)
{
    const char *own = getenv("NVRM_HISTORY"), *state = getenv("XDG_STATE_HOME"),
               *home = getenv("HOME");
    char *path = NULL;
    int rc = -1;

    if (own && *own)
        return strdup(own);
    if (state && *state == '/')
        rc = asprintf(&path, "%s/nvrm/history", state);
    else if (home && *home)
        rc = asprintf(&path, "%s/.local/state/nvrm/history", home);
    if (rc < 0)
        return NULL;
    make_folders(path);
    return path;
}

static int
read_all(int fd, char **text_out, size_t *bytes_out)
{
    struct stat st;
    char *text;
    ssize_t got;

    if (fstat(fd, &st) < 0)
        return -errno;
    text = malloc((size_t)st.st_size + 1);
    if (!text)
        return -ENOMEM;
    got = pread(fd, text, (size_t)st.st_size, 0);
    if (got < 0) {
        free(text);
        return -EIO;
    }
    text[got] = '\0';
    *text_out = text;
    *bytes_out = (size_t)got;
    return 0;
}

/* Where the last `most` lines start when there are more than twice as many; else 0. */
static size_t
surplus(const char *text, size_t bytes, size_t most)
{
    size_t lines = 0, at = bytes;

    for (size_t i = 0; i < bytes; i++)
        lines += text[i] == '\n';
    if (lines <= 2 * most)
        return 0;
    for (lines = 0; at && lines <= most; at--)
        lines += text[at - 1] == '\n';
    return at + 1;
}

/* Drop what is too old. The lock is held, so nobody else writes. */
static int
trim(int fd, size_t most)
{
    char *text = NULL;
    size_t bytes = 0, from;
    int rc = read_all(fd, &text, &bytes);

    if (rc < 0)
        return rc;
    from = surplus(text, bytes, most);
    if (from && (ftruncate(fd, 0) < 0 || write(fd, text + from, bytes - from) < 0))
        rc = -errno;
    free(text);
    return rc;
}

/* Lock a file of our own; other things (a pipe, /dev/null) stay as they are. */
static int
take_file(int fd)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    if (flock(fd, LOCK_EX) < 0 || (st.st_mode & 077 && fchmod(fd, 0600) < 0))
        return -errno;
    return 0;
}

int
history_append(const char *path, const char *line, size_t most)
{
    const int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    char *copy = NULL;
    int bytes, rc;

    if (fd < 0)
        return -errno;
    rc = take_file(fd);
    bytes = rc == 0 ? asprintf(&copy, "%s\n", line) : -1;
    if (rc == 0 && bytes < 0)
        rc = -ENOMEM;
    /* A line is a line: what was typed over several becomes one. */
    for (int i = 0; rc == 0 && i + 1 < bytes; i++) {
        if (copy[i] == '\n')
            copy[i] = ' ';
    }
    if (rc == 0 && write(fd, copy, (size_t)bytes) != bytes)
        rc = errno ? -errno : -EIO;
    if (rc == 0)
        rc = trim(fd, most);
    if (bytes >= 0)
        free(copy);
    close(fd);
    return rc;
}
