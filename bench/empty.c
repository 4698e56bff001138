/* SPDX-License-Identifier: MIT */
/* The peer of bench_startup: a dynamic program that does nothing. */
int
main(void)
{
    return 0;
}
