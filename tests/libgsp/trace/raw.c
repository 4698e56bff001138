/* SPDX-License-Identifier: MIT */
/*
 * A program that enters the kernel by itself: no library can be put between the two. Linked
 * statically; `raw FILE` makes a control on FILE, whatever that is.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static long
enter(long number, long a, long b, long c, long d, long e)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                     : "rcx", "r11", "memory");
    return result;
}

int
main(int argc, char **argv)
{
    uint8_t name[132] = {0};
    struct {
        uint32_t hClient, hObject, cmd, flags;
        uint64_t params;
        uint32_t paramsSize, status;
    } control = {0xc1d00001, 0xc1d00002, 0x20800110, 0, (uintptr_t)name, sizeof(name), 0};
    const long fd = enter(SYS_openat, AT_FDCWD, (long)(argc > 1 ? argv[1] : "/dev/nvidiactl"),
                          O_RDWR, 0, 0);
    const long rc = enter(SYS_ioctl, fd, (long)0xc020462a, (long)&control, 0, 0);

    enter(SYS_close, fd, 0, 0, 0, 0);
    printf("%ld %ld\n", fd, rc);
    return 3;
}
