/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz target over the files and folders named on the command line, so that every
 * committed input is a regression test without a fuzzing engine. Fails when there is no input
 * at all.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
run_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    struct stat st;
    uint8_t *data;
    size_t size;

    if (!f || fstat(fileno(f), &st) < 0) {
        perror(path);
        exit(1);
    }
    data = malloc((size_t)st.st_size + 1);
    size = data ? fread(data, 1, (size_t)st.st_size, f) : 0;
    fclose(f);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    return 1;
}

static int
run_path(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    int inputs = 0;

    if (!dir)
        return run_file(path);
    while ((entry = readdir(dir))) {
        char name[4096];

        if (entry->d_name[0] == '.')
            continue;
        snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
        inputs += run_file(name);
    }
    closedir(dir);
    return inputs;
}

int
main(int argc, char **argv)
{
    int inputs = 0;

    for (int i = 1; i < argc; i++)
        inputs += run_path(argv[i]);
    printf("%d inputs\n", inputs);
    return inputs ? 0 : 1;
}
