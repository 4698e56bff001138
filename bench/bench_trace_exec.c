/* SPDX-License-Identifier: MIT */
/*
 * What tracing costs a traced program: the same calls with and without `trace exec`, in turn in
 * one run. A call is a control of 132 bytes on a descriptor that is none, so that the kernel's
 * part is as short as it can be. In bursts the reader keeps up; sustained, a program is as fast
 * as its reader.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { BURST = 200, TURNS = 5, REQUEST = 0xc020462a };

struct control {
    uint32_t hClient, hObject, cmd, flags;
    uint64_t params;
    uint32_t paramsSize, status;
};

static double
now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int
by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The program that is traced: bursts of calls, the median burst's time a call on stdout. */
static int
program(unsigned bursts, unsigned pause_us)
{
    double *ns = calloc(bursts, sizeof(*ns));
    uint8_t params[132] = {0};
    struct control c = {0xc1d00001, 0xc1d00002, 0x20800110, 0, (uintptr_t)params, 132, 0};

    for (unsigned i = 0; ns && i < bursts; i++) {
        const double start = now_ns();

        for (unsigned n = 0; n < BURST; n++)
            (void)ioctl(-1, REQUEST, &c);
        ns[i] = (now_ns() - start) / BURST;
        if (pause_us)
            usleep(pause_us);
    }
    if (!ns)
        return 1;
    qsort(ns, bursts, sizeof(*ns), by_value);
    printf("%.1f\n", ns[bursts / 2]);
    free(ns);
    return 0;
}

/* One run of the program behind `prefix`; ns a call, or 0. */
static double
measure(const char *prefix, const char *self, unsigned bursts, unsigned pause_us)
{
    char command[1024], line[64] = "";
    FILE *f;

    snprintf(command, sizeof(command), "%s '%s' --program %u %u 2>/dev/null", prefix, self,
             bursts, pause_us);
    f = popen(command, "r");
    if (!f || !fgets(line, sizeof(line), f))
        line[0] = '\0';
    if (f)
        pclose(f);
    return strtod(line, NULL);
}

static void
compare(const char *name, const char *prefix, const char *self, unsigned bursts,
        unsigned pause_us)
{
    double plain = 0, traced = 0;

    for (unsigned i = 0; i < TURNS; i++) { /* in turn: the machine is busy with other things */
        const double a = measure("", self, bursts, pause_us);
        const double b = measure(prefix, self, bursts, pause_us);

        plain = !plain || (a && a < plain) ? a : plain;
        traced = !traced || (b && b < traced) ? b : traced;
    }
    printf("{\"bench\":\"trace_exec\",\"case\":\"%s\",\"unit\":\"ns/call\",\"count\":%u,"
           "\"plain\":%.1f,\"traced\":%.1f,\"overhead\":%.1f}\n",
           name, bursts * BURST, plain, traced, traced - plain);
}

int
main(int argc, char **argv)
{
    static const char cli[] = NVRM_CLI " -F 570.144 trace exec";
    const bool quick = argc > 1 && !strcmp(argv[1], "--quick");
    const unsigned bursts = quick ? 5 : 100;
    char prefix[512], file[] = "/tmp/nvrm-bench-XXXXXX";
    int fd;

    if (argc == 4 && !strcmp(argv[1], "--program"))
        return program((unsigned)atoi(argv[2]), (unsigned)atoi(argv[3]));
    fd = mkstemp(file);
    if (fd < 0)
        return 1;
    close(fd);
    unlink(file);
    snprintf(prefix, sizeof(prefix), "%s -o %s --", cli, file);
    compare("burst, to a file", prefix, argv[0], bursts, 5000);
    unlink(file);
    snprintf(prefix, sizeof(prefix), "%s --summary --", cli);
    compare("burst, summary", prefix, argv[0], bursts, 5000);
    snprintf(prefix, sizeof(prefix), "%s -o %s --", cli, file);
    compare("sustained, to a file", prefix, argv[0], quick ? 5 : 5000, 0);
    unlink(file);
    snprintf(prefix, sizeof(prefix), "%s --method ptrace --summary --", cli);
    compare("burst, ptrace", prefix, argv[0], quick ? 2 : 10, 5000);
    return 0;
}
