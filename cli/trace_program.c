/* SPDX-License-Identifier: MIT */
/*
 * The program that `trace exec` runs: what kind it is, how it is started, and whose the signals
 * are meanwhile.
 */
#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trace_exec.h"

/* Where execvp() finds it. */
static bool
find_program(const char *name, char path[PATH_MAX])
{
    const char *dirs = getenv("PATH");

    if (strchr(name, '/'))
        return snprintf(path, PATH_MAX, "%s", name) < PATH_MAX;
    while (dirs && *dirs) {
        const size_t n = strcspn(dirs, ":");

        snprintf(path, PATH_MAX, "%.*s/%s", (int)n, dirs, name);
        if (access(path, X_OK) == 0)
            return true;
        dirs += n + (dirs[n] == ':');
    }
    return false;
}

/* A program that names no loader, or one of Go, which enters the kernel by itself. */
static bool
elf_is_static(FILE *f, const Elf64_Ehdr *h)
{
    bool loader = false, go = false;

    for (unsigned i = 0; i < h->e_phnum; i++) {
        char note[16] = "";
        Elf64_Phdr p;

        if (fseek(f, (long)(h->e_phoff + (uint64_t)i * sizeof(p)), SEEK_SET) < 0 ||
            fread(&p, sizeof(p), 1, f) != 1)
            return false;
        loader |= p.p_type == PT_INTERP;
        if (p.p_type == PT_NOTE && fseek(f, (long)p.p_offset, SEEK_SET) == 0 &&
            fread(note, 1, sizeof(note), f) == sizeof(note))
            go |= !memcmp(note + 12, "Go\0", 3);
    }
    return !loader || go;
}

static bool
is_static(const char *path, unsigned depth)
{
    union {
        Elf64_Ehdr elf;
        char text[256];
    } head;
    FILE *f = fopen(path, "re");
    bool found = false;
    size_t n;

    if (!f)
        return false;
    memset(&head, 0, sizeof(head));
    n = fread(&head, 1, sizeof(head) - 1, f);
    if (n >= sizeof(head.elf) && !memcmp(head.elf.e_ident, ELFMAG, SELFMAG)) {
        found = head.elf.e_ident[EI_CLASS] != ELFCLASS64 || elf_is_static(f, &head.elf);
    } else if (n > 2 && !memcmp(head.text, "#!", 2) && depth < 4) {
        char *name = head.text + 2 + strspn(head.text + 2, " \t");

        name[strcspn(name, " \t\r\n")] = '\0';
        found = is_static(name, depth + 1);
    }
    fclose(f);
    return found;
}

bool
trace_program_is_static(const char *name)
{
    char path[PATH_MAX];

    return find_program(name, path) && is_static(path, 0);
}

void
trace_program_start(char **argv)
{
    execvp(argv[0], argv);
    fprintf(stderr,
            "error: %s: %s\nhint: the words behind -- are a program and its arguments\n",
            argv[0], strerror(errno));
    _exit(errno == ENOENT ? 127 : 126);
}

/* Signals */

static volatile sig_atomic_t child;

static void
pass_on(int number)
{
    if (child > 0)
        kill((pid_t)child, number);
}

static struct sigaction before_int, before_quit, before_term, before_hup;

void
trace_signals_begin(void)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN}, pass = {.sa_handler = pass_on};

    child = 0;
    sigaction(SIGINT, &ignore, &before_int);
    sigaction(SIGQUIT, &ignore, &before_quit);
    sigaction(SIGTERM, &pass, &before_term);
    sigaction(SIGHUP, &pass, &before_hup);
}

void
trace_signals_child(int pid)
{
    child = pid;
}

void
trace_signals_reset(void)
{
    sigaction(SIGINT, &before_int, NULL);
    sigaction(SIGQUIT, &before_quit, NULL);
    sigaction(SIGTERM, &before_term, NULL);
    sigaction(SIGHUP, &before_hup, NULL);
}

void
trace_signals_end(void)
{
    child = 0;
    trace_signals_reset();
}
