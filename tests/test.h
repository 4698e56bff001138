/* SPDX-License-Identifier: MIT */
/* cmocka needs four headers before its own; every test includes this file instead. */
#ifndef NVRM_TEST_H
#define NVRM_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/** ctest shows a program that exits with this code as skipped. */
#define TEST_SKIPPED 77

#endif
